// The rules of authority for one row at one place: everything but the rescue by `affirm` and `admit` and the order in
// which the rows of a document are judged. Numbers as in authority.h.
#pragma once

#include "trust/authority.h"

#include <string_view>

namespace spiral::trust {

/// The parts of a revision or record that the rules ask for, without a copy. The row must outlive it.
struct Subject {
    explicit Subject(Revision const& revision);
    explicit Subject(Record const& record);
    SchoolId const* school = nullptr;
    Scope const* scope = nullptr;
    Author const* by = nullptr;
    std::string_view kind;           ///< without version; `write` for a revision
    Record const* record = nullptr;  ///< null for a revision
    Instant claimed{};
};

/// Who stands behind the revision that an act is about. Pointers go into rows and registry.
struct Ancestry {
    std::vector<PersonId const*> authors;     ///< sorted by what they point to, unique
    std::vector<PersonId const*> submitters;  ///< likewise
    std::optional<ObjectId> missing;          ///< the smallest ancestor that is not held or not read
};
void addPerson(std::vector<PersonId const*>& persons, PersonId const& person);
void addPersons(std::vector<PersonId const*>& persons, std::vector<PersonId const*> const& others);
[[nodiscard]] bool containsPerson(std::vector<PersonId const*> const& persons, PersonId const& person);

/// What an act is about.
struct About {
    Row const* target = nullptr;         ///< null if it is not held
    Ancestry const* ancestry = nullptr;  ///< null for a revision, which is about nothing
};

/// Where the registry was when a row was made.
struct Standing {
    std::uint64_t at = 0;  ///< number on the common chain of the row's own `reg`
    Device const* device = nullptr;
    RegistryPoint const* reg = nullptr;  ///< that `reg`: of the record, or of the revision's frame
    KindRule const* rule = nullptr;      ///< of the row's kind; null where nothing was asked
};

struct Evaluation {
    Judgement judgement;
    /// The row fails by cut, interval or age alone: an affirm or admit may bring it back, to this.
    std::optional<Judgement> afterRescue;
    KindRule const* rule = nullptr;
};

class RowRules {
public:
    RowRules(Registry const& registry, StandsBelow const& below) : m_registry(registry), m_below(below) {}

    /// All rules; for a row of a kind that the policy governs. The best under any grant: `rescue` is asked of each that may
    /// be brought back, before they are compared.
    [[nodiscard]] Judgement evaluate(Subject const& subject, Place const& place, About const& about,
                                     std::function<void(Evaluation&)> const& rescue) const;

    /// Rules 0 and 2. Nothing when they hold; `standing` is filled then. An entry's own `reg` may lie past its frame's.
    [[nodiscard]] std::optional<Judgement> checkBinding(Subject const& subject, Place const& place,
                                                        Standing& standing) const;
    /// Rule 4 for one device or grant: nothing, or above-cut, or wait-cut.
    [[nodiscard]] std::optional<Judgement> checkCuts(std::vector<Revocation> const& revocations,
                                                     Place const& place) const;
    /// The verdict of a row that no rule is against.
    [[nodiscard]] Judgement standingAt(Place const& place, Device const& device) const;

    /// Rule 7: self-approval and the like, or wait-ancestor; nothing when all is well.
    [[nodiscard]] std::optional<Judgement> checkDiffer(KindRule const& rule, Ancestry const& ancestry,
                                                       PersonId const& person, PersonId const* actingFor) const;
    [[nodiscard]] Registry const& registry() const noexcept { return m_registry; }
    [[nodiscard]] StandsBelow const& below() const noexcept { return m_below; }

private:
    [[nodiscard]] std::optional<Judgement> checkTarget(Subject const& subject, About const& about) const;
    [[nodiscard]] std::optional<Judgement> checkRescuer(Subject const& subject, About const& about, Grant const& grant,
                                                        std::uint64_t at, bool& high) const;
    [[nodiscard]] bool allows(Subject const& subject, Standing const& standing, Grant const& grant,
                              bool& isRightRole) const;
    [[nodiscard]] Evaluation evaluateGrant(Subject const& subject, Place const& place, About const& about,
                                           Standing const& standing, Grant const& grant,
                                           std::optional<Judgement> const& deviceCut) const;
    Registry const& m_registry;
    StandsBelow const& m_below;
};

/// A judgement with its reason.
[[nodiscard]] Judgement judged(Verdict verdict, std::string_view reason, std::string about = {});
/// The better of two: by verdict.
[[nodiscard]] inline bool isBetter(Judgement const& a, Judgement const& b) noexcept { return a.verdict < b.verdict; }
/// Of the only version of any kind that this program knows.
[[nodiscard]] bool isFirstVersion(Record const& record) noexcept;
/// `affirm` or `admit`.
[[nodiscard]] bool isRescue(std::string_view kind) noexcept;

}  // namespace spiral::trust
