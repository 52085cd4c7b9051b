// Where a document stands by its acts, computed naively: explicit sets of what each act follows, no numbering, no
// frontiers. Written from engine/workflow.h and decisions 7 and 12, without the engine.
#pragma once

#include "cycle_rules.h"
#include "facts.h"

namespace spiral::sim {

/// A step as its signed bytes say it.
struct ActFact {
    ObjectId id, of;
    std::string name;
    Instant time{};
    std::set<ObjectId> after, settles;
    std::string comment;
    std::optional<Day> until;
    std::optional<PersonId> person;
    std::set<DocumentId> parts, left;
};
/// Nothing if it is no step on a revision, malformed, or of a newer version.
[[nodiscard]] std::optional<ActFact> actFact(ObjectId const& id, Record const& record);

struct RoundModel {
    std::optional<ObjectId> submitted;  ///< revision
    std::optional<ActFact> verdict;
    std::optional<Day> until;  ///< of the verdict; of several apart about one revision the earliest
};
/// What acts say of a document that this one asks for.
struct PartModel {
    std::optional<Day> due;
    std::optional<PersonId> person;
    bool takenBack = false;
    std::set<std::string> comments;  ///< one of these is told
};
struct StandModel {
    std::string state;
    bool closed = false;
    std::set<ObjectId> disputes, last, withoutEffect;
    std::optional<ObjectId> revision;   ///< that the state is about
    std::optional<ObjectId> submitted;  ///< revision that was submitted last, in whatever round
    std::optional<Day> due;
    std::optional<PersonId> person;
    std::vector<RoundModel> rounds;
    int failedRounds = 0;
    std::map<DocumentId, PartModel> parts;
    std::set<DocumentId> left;
};

/// `revisions`: the usable ones, with what they say. `firstDue`: until an act moves it.
[[nodiscard]] StandModel standOf(WorkflowRule const& rule, std::vector<ActFact> const& acts,
                                 std::map<ObjectId, json::Object const*> const& revisions,
                                 std::optional<Day> const& firstDue);

}  // namespace spiral::sim
