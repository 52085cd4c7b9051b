// The oracle: what a replica that holds a certain set must say, computed naively from the rules as docs/authority.md and
// docs/formats.md tell them, without any code of the product beyond its value types. Slow on purpose; explicit reachability everywhere.
#pragma once

#include "registry_model.h"

#include <memory>

namespace spiral::sim {

/// What the model says of a row. Several rules may be broken at once; which of them a program names is its own choice,
/// so all that explain the verdict are given.
struct Opinion {
    trust::Verdict verdict = trust::Verdict::Invalid;
    std::set<std::string> reasons;
    std::optional<PersonId> actingFor;
    [[nodiscard]] bool stands() const { return trust::stands(verdict); }
};

using DocumentKey = std::pair<Scope, DocumentId>;
/// The values that people left in a field (nothing: absent), each with its writers. One: closed. Several: open.
using Sides = std::map<std::optional<std::string>, std::set<ObjectId>>;

enum class ItemCount { Redacted, Quarantined, Pending, Different, Superseded, Current };
[[nodiscard]] char const* nameOf(ItemCount count);

class Model {
public:
    Model(Facts const& facts, EntryPaths& paths, Held const& held);

    [[nodiscard]] RegistryModel const& registry() const { return m_registry; }
    [[nodiscard]] std::set<ObjectId> const& rows() const { return m_rows; }
    [[nodiscard]] Opinion const& opinion(ObjectId const& row);
    [[nodiscard]] trust::Branch branchOf(FrameId const& frame) const;
    /// Groups of frames under one predecessor, and every first frame of a branch.
    [[nodiscard]] std::set<std::set<FrameId>> forks() const;
    /// The document a row belongs to: its own, or that of what it is about; nothing while that is not held.
    [[nodiscard]] std::optional<DocumentKey> documentOf(ObjectId const& row) const;
    [[nodiscard]] std::map<DocumentKey, std::vector<ObjectId>> documents() const;
    [[nodiscard]] std::set<ObjectId> heads(DocumentKey const& document);
    [[nodiscard]] std::map<std::string, Sides> fields(DocumentKey const& document);
    /// Revisions that authority lets stand and that decide nothing where they stand: their children stand on their parents.
    void setAside(std::set<ObjectId> rows);
    /// Fields of a document that hold rows or a set: each element is merged by itself, as `field[element]`.
    void setLists(DocumentKey const& document, std::set<std::string> fields);
    /// It stands, and is not set aside.
    [[nodiscard]] bool isUsable(ObjectId const& revision);
    /// Usable revisions below this one.
    [[nodiscard]] std::set<ObjectId> const& ancestors(ObjectId const& id);
    /// Every item of every held frame, in the first count that fits. What a record does in its workflow is not the
    /// model's matter: a record that stands is Current here. `knownTypes`: types of documents that are projected.
    [[nodiscard]] std::map<ObjectId, ItemCount> counts(std::set<std::string> const& knownTypes);
    [[nodiscard]] std::optional<trust::Receipt> receiptOf(FrameId const& frame) const;

private:
    enum class Weight { Never, Hard, Soft, SoftWait, Wait };
    struct Fault {
        Weight weight;
        std::string reason;
    };
    /// One way for a row to stand: at this place, by this grant.
    struct Candidate {
        FrameId place;
        std::vector<Fault> faults;
        bool witnessed = false;
        std::optional<PersonId> actingFor;
        [[nodiscard]] bool has(Weight weight) const;
        [[nodiscard]] trust::Verdict verdict() const;
    };
    struct Bound {
        std::uint64_t at = 0;
        RegistryPoint reg;
        bool isServer = false;
    };
    struct People {
        std::set<PersonId> authors, submitters;
        bool missing = false;
    };
    void settleBranches();
    void settleReceipts();
    [[nodiscard]] std::vector<FrameId> placesOf(ObjectId const& row) const;
    [[nodiscard]] bool isBelow(FrameId const& frame, FrameId const& of) const;
    [[nodiscard]] Opinion judge(ObjectId const& row);
    [[nodiscard]] Opinion judgeEntry(ObjectId const& row, Record const& record) const;
    [[nodiscard]] Opinion judgeAlone(Record const& record, std::vector<FrameId> const& places) const;
    void candidatesAt(FrameId const& place, ObjectId const& row, std::vector<Candidate>& candidates);
    [[nodiscard]] std::optional<Fault> bind(FrameFact const& frame, RowObject const& row, Bound& bound) const;
    /// Those of several frames under one predecessor between which receipts decide.
    [[nodiscard]] std::set<FrameId> rivals(std::set<FrameId> const& siblings) const;
    void checkCuts(std::vector<EntryFact const*> const& revocations, FrameFact const& frame,
                   std::vector<Fault>& faults) const;
    void checkRescuer(Record const& record, GrantModel const& grant, std::vector<Fault>& faults) const;
    void rescue(ObjectId const& row, std::vector<Candidate>& candidates);
    [[nodiscard]] bool lends(ObjectId const& rescuer, ObjectId const& row, Candidate const& candidate);
    [[nodiscard]] People peopleBehind(ObjectId const& revision, bool withSubmitters = true);
    [[nodiscard]] bool isAccepted(ObjectId const& revision);
    [[nodiscard]] std::optional<ObjectId> rootOf(ObjectId const& row) const;
    [[nodiscard]] std::vector<ObjectId> recordsOn(ObjectId const& row, std::string_view kind) const;

    [[nodiscard]] Revision const* revision(ObjectId const& id) const;
    [[nodiscard]] bool hasParent(Revision const& child, ObjectId const& parent) const;
    [[nodiscard]] Record const* record(ObjectId const& id) const;
    // Merging: usable revisions alone; children of others stand on those below.
    void gatherParents(ObjectId const& id, std::set<ObjectId>& usable, bool& missing);
    [[nodiscard]] bool writes(ObjectId const& id, std::string const& field);
    [[nodiscard]] Sides sidesOf(std::set<ObjectId> const& heads, std::string const& field);
    [[nodiscard]] std::optional<std::string> valueOf(ObjectId const& id, std::string const& field) const;

    Facts const& m_facts;
    Held const& m_held;
    RegistryModel m_registry;
    std::set<ObjectId> m_rows;
    std::map<std::tuple<DeviceId, Scope, std::optional<FrameId>>, std::set<FrameId>> m_siblings;
    std::map<ObjectId, std::vector<FrameId>> m_places;
    std::map<ObjectId, std::vector<ObjectId>> m_about;
    std::map<DocumentKey, std::vector<ObjectId>> m_revisions;
    std::map<FrameId, trust::Receipt> m_receipts;
    std::set<FrameId> m_confirmed;
    std::map<ObjectId, Opinion> m_opinions;
    std::set<ObjectId> m_aside;
    std::map<DocumentKey, std::set<std::string>> m_lists;
    std::map<ObjectId, std::set<ObjectId>> m_ancestors;
    std::map<std::pair<ObjectId, std::string>, bool> m_writes;
};

}  // namespace spiral::sim
