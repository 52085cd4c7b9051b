// The workflow engine: facts in (merged document, acts with their verdicts, a date), decisions out (state, what is due,
// who may do what next, why not). Pure and deterministic; workflows are data in schemas/workflows/*.json.
//
// A step is a record whose kind names the action (`submit.v1`), `of` the one revision it is about, and `body.after`
// (sorted ids) the acts on the document it follows: those without a later act in the signer's replica. So the acts of a
// document form a graph like its revisions, and "concurrent" has one meaning on every replica. Acts that authority does
// not let stand are not there; an act that does not fit the state it follows has no effect and is shown as such.
#pragma once

#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/result.h"
#include "model/merge.h"
#include "model/type.h"
#include "trust/objects.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace spiral::engine {

/// A named predicate with parameters; the names are a fixed list, checked on loading: `complete` (required fields are
/// there), `no-differences`, `single-head`, `attachments-held`, `comment-required`, `until-required`, `until-allowed`,
/// `same-revision` (the act is about the revision that was last submitted), `new-revision` {states?} (it is not),
/// `field-equals` {field, value}, `fields-there` {fields} (these are not empty), `expected-closed` (so are all documents
/// that this one asked for), `person-required`, `findings-answered` (each finding of the report that this document answers
/// has a task), `findings-rechecked` (and all those tasks were passed).
///
/// `complete`, `fields-there`, `expected-closed`, `findings-answered`, `findings-rechecked`, `no-differences`, `single-head` and `attachments-held` speak of what
/// the signer has before him and are asked when he signs. The others are in the signed bytes, so they are asked again by everyone who reads.
struct Guard {
    std::string name;
    json::Object parameters;
};

struct Action {
    std::string name;                     ///< `recheck-fail`; kind of the record without its version
    model::Label label;
    std::vector<std::string> from;
    std::string to;                       ///< empty: the state stays
    std::vector<Guard> guards;
    bool newRound = false;                ///< a failed re-check opens the next round
    bool submission = false;              ///< the revision that deciders must name
    bool decision = false;                ///< concurrent different decisions are disputed
    /// An act of it may name documents that this one asks for (`body.for`). Then it is about those alone: it moves their
    /// dates, or, if it leads to a closed state, takes them back; this document stays as it is.
    bool parts = false;
    bool carries = false;                 ///< names what is left over (`body.left`)
    /// Who may do it, and from whom she must differ, as the policy of a new college says. What counts is the policy that
    /// a college has.
    std::vector<std::string> roles, differ;
    bool high = false;
    [[nodiscard]] Guard const* guard(std::string_view name) const;
};

struct State {
    std::string name;
    model::Label label;
    int caution = 0;                      ///< of two concurrent states the higher counts until somebody settles
    bool closed = false;                  ///< nothing is due any more
    std::string whenEdited;               ///< counts instead once a head is not the revision that led here; often empty
};

/// A field of an expected document, filled in for whoever begins it: from a column of the row, else from a field of the
/// asking document; or a fixed value; or the reason that the verdict gave. Of several for one field the last that has
/// something to fill in counts.
struct Prefill {
    std::string to, from;
    std::string before;  ///< a text that goes before it: "机电一体化 · 课程体系"
    std::optional<json::Value> value;
    bool reason = false;
};

/// A row of the rule's `rows` in which the boolean `when` is true is asked for once for each row of another field, its
/// subjects, that says the same in `match`; and of the units that the subject names, no longer of the row's own. Such a
/// row is asked for of nobody while it has no subject.
struct PerSubject {
    std::string rows, match, when;
    std::string each, unit;  ///< columns of the subject: one a unit in this set, or the one unit named there
};

/// What a document asks for once it is in one of these states, or for each round that ended with one of these verdicts.
/// One document; with `rows` one a row of that field; with `each` one a unit in that set (of the row, else of the
/// document), in the unit's scope; with `unit` in the scope of the one unit named there. Else in the document's own scope.
struct ExpectRule {
    std::string name;                     ///< part of the id of what is expected: never changed
    std::string type;                     ///< `point.v1`
    std::vector<std::string> states, verdicts;
    std::string rows, each, unit, due, link;
    std::optional<PerSubject> per;
    std::vector<Prefill> fields;
};

struct Workflow {
    std::string name;                     ///< `task.v1`
    model::Label label;
    std::string initial;
    bool dueFixed = false;                ///< the first due date stands, whatever later edits say; only acts move it
    std::vector<State> states;
    std::vector<Action> actions;
    std::vector<ExpectRule> expects;
    [[nodiscard]] State const* state(std::string_view name) const;
    [[nodiscard]] Action const* action(std::string_view name) const;
};

class WorkflowCatalogue {
public:
    /// The workflows built into the program. REQUIRES: they were checked when it was built.
    [[nodiscard]] static WorkflowCatalogue const& builtIn();
    /// Adds one workflow from JSON text; refused with the place and the rule it breaks (JSON Schema, then meaning).
    [[nodiscard]] Result<void> add(std::string_view jsonText);
    [[nodiscard]] Workflow const* find(std::string_view name) const;

private:
    [[nodiscard]] Result<void> addChecked(json::Value const& value);  // whose form is right
    std::map<std::string, Workflow, std::less<>> m_workflows;
};

/// One act that stands, as the engine needs it.
struct Act {
    ObjectId id;
    std::string action;                   ///< kind without version
    trust::Author by;
    trust::Role role;
    std::optional<PersonId> actingFor;
    Instant time{};
    ObjectId of;                          ///< revision
    std::vector<ObjectId> after;          ///< `body.after`
    std::vector<ObjectId> settles;        ///< `body.settles`
    std::string comment;                  ///< `body.comment`
    std::optional<Day> until;             ///< `body.until`
    std::optional<PersonId> person;       ///< `body.person`: to whom it is given
    std::vector<DocumentId> parts;        ///< `body.for`
    std::vector<DocumentId> left;         ///< `body.left`
    bool witnessed = false;
};
/// Reads `after`, `settles`, `comment`, `until`, `person`, `for`, `left` from a record's body; nothing if it is no step on a revision, or one of
/// a newer version, which may mean anything.
[[nodiscard]] std::optional<Act> actFrom(ObjectId const& id, trust::Record const& record);

struct Facts {
    model::DocumentType const* type = nullptr;
    Workflow const* workflow = nullptr;   ///< null: the type has no steps, or we do not know them
    model::Merged const* merged = nullptr;
    /// The revisions that were merged; which of them descends from which is read from their parents.
    std::vector<model::MergeRevision> const* revisions = nullptr;
    std::vector<Act> acts;                ///< in any order
    /// Asked for by another document, which says until when: that day counts, whatever is written here.
    bool expected = false;
    std::optional<Day> expectedDue;
};

enum class ActEffect {
    Counts,
    NotInState,     ///< the workflow has no such action from the state that the act follows
    OtherRevision,  ///< it decides about a revision that is not the one last submitted
    AfterUnknown,   ///< it names an act or a revision that is not here, or was set aside
    GuardFailed,    ///< what it must say is not there: a reason, a new date, …
};

struct Round {
    int number = 1;
    std::optional<Day> due;
    std::optional<ObjectId> submitted;    ///< act
    std::optional<ObjectId> verdict;      ///< act
    std::string verdictAction;            ///< `recheck-pass`, `recheck-fail`, empty while open
};

/// What acts say of a document that this one asks for. Of concurrent acts the earliest day counts, and taking back.
struct PartStanding {
    std::optional<Day> due;
    std::optional<PersonId> person;
    bool takenBack = false;
    std::string comment;                  ///< of the newest of those acts
};

struct Standing {
    std::string state;                    ///< name; empty without a workflow
    bool closed = false;
    bool disputed = false;                ///< two concurrent decisions differ; the more cautious state counts
    std::vector<ObjectId> disputes;       ///< the decisions, sorted
    bool changedAfter = false;            ///< a head is not the revision that the state is about
    std::optional<ObjectId> revision;     ///< the revision the last counting act is about
    std::vector<ObjectId> last;           ///< acts without a later act, sorted: `after` of the next one
    /// From the last `until` that counts (of concurrent ones the earliest), else the type's due field: as first written
    /// where the workflow says `dueFixed`, as merged otherwise (of several the earliest).
    std::optional<Day> due;
    bool dueEdited = false;               ///< the due field says another day than counts, and no act says why
    int round = 1;
    int failedRounds = 0;
    std::vector<Round> rounds;
    std::map<ObjectId, ActEffect> effects;
    std::set<ObjectId> settled;           ///< disputed decisions in whose place a later one was taken
    std::optional<Instant> lastAction;    ///< claimed time of the newest counting act
    std::optional<PersonId> person;       ///< to whom it was given last; of concurrent acts the youngest by its claim
    std::map<DocumentId, PartStanding> parts;
    std::vector<DocumentId> left;         ///< what the act that closed it leaves over, sorted
};

/// The state of a document; a pure function of the facts (no date).
[[nodiscard]] Standing stand(Facts const& facts);

/// Days past due on `today`, 0 if not due or closed.
[[nodiscard]] int daysOverdue(Standing const& standing, Day today);

struct Intent {
    std::string action;
    PersonId person;
    ObjectId of;                          ///< the one head, or the submitted revision
    std::string comment;
    std::optional<Day> until;
    bool attachmentsHeld = true;
    std::optional<PersonId> assignee{};
    std::vector<DocumentId> parts{};      ///< sorted, unique
    std::vector<DocumentId> left{};       ///< sorted, unique
    std::vector<std::string> openParts{}; ///< names of expected documents that are not closed
};
/// May this be done now, as far as the workflow goes (authority is asked apart)? The body of the record to sign:
/// {after, comment?, settles?, until?}. Refused with a reason ("step.not-in-state", "step.incomplete" naming fields,
/// "step.differences-open", "step.comment-required", "step.until-required", "step.other-revision", …) and, in `detail`,
/// what would be possible.
[[nodiscard]] Result<json::Object> prepare(Facts const& facts, Standing const& standing, Intent const& intent);
/// Actions that the workflow allows from where the document stands.
[[nodiscard]] std::vector<std::string> possible(Facts const& facts, Standing const& standing);

}  // namespace spiral::engine
