// What the rows of a document mean: merge, workflow and the count each row falls under. Pure. Private to workflow/office.
#pragma once

#include "engine/expectation.h"
#include "model/merge.h"
#include "model/type.h"
#include "office/definitions.h"
#include "replica/view.h"

#include <map>
#include <vector>

namespace spiral::office {

/// Everything computed about one document; the projector keeps the part that lists need, `show` all of it.
struct Reading {
    model::DocumentType const* type = nullptr;      ///< null: of a type this program does not know
    engine::Workflow const* workflow = nullptr;
    std::vector<model::MergeRevision> revisions;
    /// Standing revisions that take no part, and why: "other-type" (not the document's type), "newer-type" (a version of
    /// its type that this program does not know), "too-many-fields", "too-many-rows".
    std::map<ObjectId, std::string_view> aside;
    model::Merged merged;
    std::vector<engine::Act> acts;
    engine::Standing standing;
    /// What another document asks of this one.
    std::optional<engine::Expectation> expected;
    /// The revision that lists show: the only head, or the first of several; null while nobody has begun.
    trust::Revision const* shown = nullptr;
    [[nodiscard]] engine::Facts facts() const;
};
/// The type's name is that of the revision the document began with, never of a later one, whatever time that claims: else
/// one member could turn everybody's document into something that no program reads. REQUIRES: `facts` outlives the reading.
[[nodiscard]] Reading read(replica::DocumentFacts const& facts, Definitions const& definitions);

class DocumentProjector final : public replica::Projector {
public:
    DocumentProjector() = default;
    /// REQUIRES: `definitions` outlives it.
    explicit DocumentProjector(Definitions const& definitions) : m_definitions(definitions) {}
    /// A college that adds definitions reads its documents anew.
    [[nodiscard]] int version() const override { return kVersion + kVersionsMax * m_definitions.added(); }
    [[nodiscard]] replica::Projection project(replica::DocumentFacts const& facts) const override;

private:
    static constexpr int kVersion = 8, kVersionsMax = 1000;
    Definitions const& m_definitions = Definitions::builtIn();
};
/// State of a document that is asked for and that nobody has begun, of one that is not wanted any more, and of one that
/// a closed cycle leaves over to the next, which asks for something in its place.
inline constexpr std::string_view kNotBegun = "not-begun", kTakenBack = "taken-back", kCarriedOver = "carried-over";

/// accept, approve, recheck-fail, recheck-pass: one of the hands that may not have written what it decides on.
[[nodiscard]] bool isDecision(std::string_view action);

/// One side of a difference as shown: {absent | value, writers [{device, person, revision, t}]}, and `base` beside them.
[[nodiscard]] std::string sidesText(model::Difference const& difference, replica::DocumentFacts const& facts);

}  // namespace spiral::office
