#include "engine/workflow.h"

#include "model/history.h"

#include <algorithm>
#include <limits>
#include <set>
#include <tuple>

namespace spiral::engine {
namespace {

using model::History;
using Node = History::Node;
using Frontier = History::Frontier;

constexpr Frontier kNone = std::numeric_limits<Frontier>::max();
/// Bytes of an act's reason that stand with each part it is about: it may name thousands.
constexpr std::size_t kToldOfPartMax = 1024;

bool isBlank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

bool contains(std::vector<std::string> const& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

bool takesUntil(Action const& action) {
    return action.guard("until-required") != nullptr || action.guard("until-allowed") != nullptr;
}

bool takesPerson(Action const& action) { return action.guard("person-required") != nullptr; }

/// A decision about what was submitted: what ends a round.
bool isVerdict(Action const& action) { return action.decision && action.guard("same-revision") != nullptr; }

std::optional<Day> dayAt(json::Object const& fields, std::string_view field) {
    std::string const* const text = json::stringAt(fields, field);
    return text == nullptr ? std::nullopt : parseDay(*text);
}

void keepEarliest(std::optional<Day>& earliest, std::optional<Day> const& day) {
    if (day && (!earliest || *day < *earliest)) earliest = day;
}

/// The due dates written where no due date was before: what the task was given out with. Of several the earliest.
std::optional<Day> firstDue(std::vector<model::MergeRevision> const& revisions, std::string_view field) {
    std::map<ObjectId, std::size_t> places;
    for (std::size_t i = 0; i < revisions.size(); ++i) {
        if (revisions[i].fields != nullptr) places.emplace(revisions[i].id, i);
    }
    std::vector<std::vector<std::size_t>> children(revisions.size());
    std::vector<std::size_t> waitsFor(revisions.size(), 0);
    for (auto const& [id, place] : places) {
        for (ObjectId const& parent : revisions[place].parents) {
            auto const found = places.find(parent);
            if (found == places.end()) continue;
            children[found->second].push_back(place);
            ++waitsFor[place];
        }
    }
    std::vector<std::size_t> order;
    for (auto const& [id, place] : places) {
        if (waitsFor[place] == 0) order.push_back(place);
    }
    std::vector<bool> dueBefore(revisions.size(), false);
    std::optional<Day> earliest;
    for (std::size_t done = 0; done < order.size(); ++done) {
        std::size_t const place = order[done];
        bool hasDue = dueBefore[place];
        if (revisions[place].usable) {
            auto const due = dayAt(*revisions[place].fields, field);
            if (due && !hasDue) keepEarliest(earliest, due);
            hasDue = hasDue || due.has_value();
        }
        for (std::size_t child : children[place]) {
            if (hasDue) dueBefore[child] = true;
            if (--waitsFor[child] == 0) order.push_back(child);
        }
    }
    return earliest;
}

void sortUnique(std::vector<Node>& nodes) {
    std::sort(nodes.begin(), nodes.end());
    nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
}

/// What stands after a set of acts.
struct Position {
    State const* state = nullptr;
    std::vector<Node> disputes;  // concurrent decisions that differ, ascending; empty: no dispute
    Act const* by = nullptr;     // the act that led here; null in the initial state
    int round = 1;
};

/// Walks through the acts once, oldest first, and says for each whether it counts. Whether it does depends on the acts
/// that it follows, never on concurrent ones, so nothing that counted stops counting because something else arrived.
class Walk {
public:
    explicit Walk(Facts const& facts) : m_facts(facts), m_workflow(*facts.workflow) {
        order();
        m_history.emplace(m_parents);
        std::size_t const size = m_acts.size();
        m_effects.resize(size, ActEffect::NotInState);
        m_before.resize(size);
        m_stateAt.resize(size, kNone);
        m_submissionAt.resize(size, kNone);
        m_dueAt.resize(size, kNone);
        m_dueBefore.resize(size, kNone);
        m_roundBefore.resize(size, 1);
        m_roundAfter.resize(size, 1);
        m_settled.resize(size, false);
        for (Node node = 0; node < size; ++node) visit(node);
        for (Node node : m_history->heads()) m_last.push_back(node);
        m_state = joined(m_stateAt, m_last);
        m_submission = joined(m_submissionAt, m_last);
        m_due = joined(m_dueAt, m_last);
        m_baseDue = baseDue();
    }

    [[nodiscard]] Position now() { return positionOf(m_state); }
    [[nodiscard]] std::vector<Node> const& last() const { return m_last; }
    [[nodiscard]] Act const& act(Node node) const { return *m_acts[node]; }
    [[nodiscard]] ActEffect effect(Node node) const { return m_effects[node]; }
    [[nodiscard]] std::size_t size() const { return m_acts.size(); }
    [[nodiscard]] std::optional<Day> due() { return dueOf(m_due); }
    [[nodiscard]] std::optional<Day> firstDueDate() const { return m_baseDue; }

    /// What an act signed now, after all others, would come to.
    struct Trial {
        ActEffect effect = ActEffect::Counts;
        Guard const* guard = nullptr;  // the one that failed
        State const* from = nullptr;   // the state it would act from
        bool settles = false;
    };
    [[nodiscard]] Trial tryNow(Act const& act, Action const& action) {
        return judge(act, action, m_state, m_submission);
    }

    /// What the acts about parts come to.
    [[nodiscard]] std::map<DocumentId, PartStanding> parts() {
        std::map<DocumentId, PartStanding> all;
        for (auto const& [part, at] : m_parts) {
            PartStanding& standing = all[part];
            // An act that says nothing of the day or the person leaves what an earlier one said of it.
            if (at.due != kNone) standing.due = dueOf(at.due);
            standing.person = personOf(at.person);
            if (at.wanted != kNone) {
                auto const nodes = m_history->nodes(at.wanted);
                standing.takenBack = std::any_of(nodes.begin(), nodes.end(), [&](Node node) { return takesBack(node); });
            }
            for (Node node : m_history->nodes(at.all)) standing.comment = m_acts[node]->comment.substr(0, kToldOfPartMax);
        }
        return all;
    }
    [[nodiscard]] std::optional<PersonId> person() const { return personOf(m_person); }
    [[nodiscard]] bool isSettled(Node node) const { return m_settled[node]; }

    [[nodiscard]] std::vector<Round> rounds() {
        std::map<int, std::vector<Node>> byRound;
        for (Node node = 0; node < m_acts.size(); ++node) {
            if (m_effects[node] == ActEffect::Counts) byRound[m_roundBefore[node]].push_back(node);
        }
        std::vector<Round> result;
        int const count = now().round;
        for (int number = 1; number <= count; ++number) {
            Round round;
            round.number = number;
            std::vector<Frontier> submissions, verdicts;
            for (Node node : byRound[number]) {
                if (m_actions[node]->submission) submissions.push_back(node);
                if (isVerdict(*m_actions[node]) && !m_settled[node]) verdicts.push_back(node);
            }
            if (!submissions.empty()) round.submitted = m_acts[leading(m_history->join(std::move(submissions)))]->id;
            round.due = due();
            if (!verdicts.empty()) {
                Node const verdict = leading(m_history->join(std::move(verdicts)));
                round.verdict = m_acts[verdict]->id;
                round.verdictAction = m_acts[verdict]->action;
                round.due = dueOf(m_dueBefore[verdict]);  // what it was when it was judged
            }
            result.push_back(std::move(round));
        }
        return result;
    }

private:
    /// All acts given, oldest first: of this workflow or not.
    struct Given {
        std::vector<Act const*> acts;
        std::vector<std::vector<Node>> parents;
        std::vector<bool> unknown;  // follows something that is not here
        std::vector<std::size_t> depth;
    };

    Given oldestFirst() const {
        std::map<ObjectId, Act const*> byId;
        for (Act const& act : m_facts.acts) byId.emplace(act.id, &act);
        // Without recursion: hostile chains are long.
        std::map<ObjectId, std::vector<ObjectId>> children;
        std::map<ObjectId, std::size_t> waitsFor;
        Given given;
        for (auto const& [id, act] : byId) {
            std::size_t& waits = waitsFor[id];
            for (ObjectId const& before : act->after) {
                if (!byId.contains(before)) continue;
                children[before].push_back(id);
                ++waits;
            }
            if (waits == 0) given.acts.push_back(act);
        }
        std::map<ObjectId, Node> nodes;
        for (Node node = 0; node < given.acts.size(); ++node) {
            Act const& act = *given.acts[node];
            std::vector<Node> parents;
            std::size_t depth = 0;
            bool unknown = false;
            for (ObjectId const& before : act.after) {
                auto const found = nodes.find(before);
                unknown = unknown || found == nodes.end();
                if (found == nodes.end()) continue;
                parents.push_back(found->second);
                depth = std::max(depth, given.depth[found->second] + 1);
            }
            given.parents.push_back(std::move(parents));
            given.unknown.push_back(unknown);
            given.depth.push_back(depth);
            nodes.emplace(act.id, node);
            for (ObjectId const& child : children[act.id]) {
                if (--waitsFor[child] == 0) given.acts.push_back(byId.at(child));
            }
        }
        return given;
    }

    /// The acts of this workflow that each given act follows. One that is none of this workflow's is stepped over: who
    /// follows it follows the newest of what it follows itself.
    std::vector<std::vector<Node>> followed(Given const& given) const {
        History history(given.parents);
        std::vector<std::vector<Node>> follows(given.acts.size());
        std::vector<Frontier> newest(given.acts.size(), kNone);
        for (Node node = 0; node < given.acts.size(); ++node) {
            std::vector<Frontier> before;
            for (Node parent : given.parents[node]) {
                if (newest[parent] == kNone) continue;
                before.push_back(newest[parent]);
                auto const some = history.nodes(newest[parent]);
                follows[node].insert(follows[node].end(), some.begin(), some.end());
            }
            sortUnique(follows[node]);
            if (m_workflow.action(given.acts[node]->action) != nullptr)
                newest[node] = node;
            else if (!before.empty())
                newest[node] = history.join(std::move(before));
        }
        return follows;
    }

    /// Nodes: the acts of this workflow, by depth, time and id, so that every replica numbers them alike.
    void order() {
        Given const given = oldestFirst();
        auto const follows = followed(given);
        std::vector<Node> places;
        for (Node node = 0; node < given.acts.size(); ++node) {
            if (m_workflow.action(given.acts[node]->action) != nullptr) places.push_back(node);
        }
        std::sort(places.begin(), places.end(), [&](Node a, Node b) {
            auto const rank = [&](Node node) {
                return std::tuple(given.depth[node], given.acts[node]->time, given.acts[node]->id);
            };
            return rank(a) < rank(b);
        });
        std::vector<Node> numbers(given.acts.size(), kNone);
        for (Node place : places) {
            numbers[place] = static_cast<Node>(m_acts.size());
            m_acts.push_back(given.acts[place]);
            m_actions.push_back(m_workflow.action(given.acts[place]->action));
            m_unknown.push_back(given.unknown[place]);
            std::vector<Node>& parents = m_parents.emplace_back();
            for (Node before : follows[place]) parents.push_back(numbers[before]);
        }
        if (m_facts.revisions != nullptr) {
            for (model::MergeRevision const& revision : *m_facts.revisions) {
                if (revision.usable && revision.fields != nullptr) m_revisions.emplace(revision.id, revision.fields);
            }
        }
    }

    void visit(Node node) {
        std::vector<Node> const& parents = m_history->parents(node);
        Frontier const state = joined(m_stateAt, parents);
        Frontier const submission = joined(m_submissionAt, parents);
        Frontier const due = joined(m_dueAt, parents);
        m_stateAt[node] = state;
        m_submissionAt[node] = submission;
        m_dueAt[node] = due;
        m_dueBefore[node] = due;

        Act const& act = *m_acts[node];
        Action const& action = *m_actions[node];
        Position const position = positionOf(state);
        m_roundBefore[node] = position.round;
        m_roundAfter[node] = position.round;
        if (m_unknown[node]) {
            m_effects[node] = ActEffect::AfterUnknown;
            return;
        }
        Trial const trial = judge(act, action, state, submission);
        m_effects[node] = trial.effect;
        if (trial.effect != ActEffect::Counts) return;

        m_before[node] = trial.from;
        if (trial.settles) {
            // The step is decided anew: what the settled decisions did to rounds and dates is undone.
            int round = 1;
            std::vector<Frontier> dues;
            for (Node settled : position.disputes) {
                m_settled[settled] = true;
                round = std::max(round, m_roundBefore[settled]);
                if (m_dueBefore[settled] != kNone) dues.push_back(m_dueBefore[settled]);
            }
            m_roundBefore[node] = round;
            m_dueBefore[node] = dues.empty() ? kNone : m_history->join(std::move(dues));
            m_dueAt[node] = m_dueBefore[node];
        } else if (action.submission && position.by != nullptr) {
            // Submitted again after a verdict that did not itself open a round, say a plan revised after approval.
            Action const& led = *m_workflow.action(position.by->action);
            if (isVerdict(led) && !led.newRound) ++m_roundBefore[node];
        }
        if (!act.parts.empty()) {
            for (DocumentId const& part : act.parts) {
                PartAt& at = m_parts[part];
                at.all = at.all == kNone ? node : m_history->join({at.all, node});
                if (act.until && takesUntil(action)) at.due = at.due == kNone ? node : m_history->join({at.due, node});
                if (takesBack(node) || (act.until && takesUntil(action))) {
                    at.wanted = at.wanted == kNone ? node : m_history->join({at.wanted, node});
                }
                if (act.person && takesPerson(action)) {
                    at.person = at.person == kNone ? node : m_history->join({at.person, node});
                }
            }
            return;
        }
        m_roundAfter[node] = m_roundBefore[node] + (action.newRound ? 1 : 0);
        if (!action.to.empty()) m_stateAt[node] = node;
        if (action.submission) m_submissionAt[node] = node;
        if (act.until && takesUntil(action)) m_dueAt[node] = node;
        if (act.person && takesPerson(action)) m_person = m_person == kNone ? node : m_history->join({m_person, node});
    }

    /// An act about parts that says that they are not wanted any more.
    bool takesBack(Node node) const {
        return !m_actions[node]->to.empty() && m_workflow.state(m_actions[node]->to)->closed;
    }

    /// To whom the youngest of them, by its own claim, gives it: asked of all at once, or what came between would count.
    std::optional<PersonId> personOf(Frontier frontier) const {
        if (frontier == kNone) return std::nullopt;
        auto const nodes = m_history->nodes(frontier);
        auto const when = [&](Node node) { return std::tuple(m_acts[node]->time, m_acts[node]->id); };
        return m_acts[*std::max_element(nodes.begin(), nodes.end(),
                                        [&](Node a, Node b) { return when(a) < when(b); })]->person;
    }

    Trial judge(Act const& act, Action const& action, Frontier state, Frontier submission) {
        Trial trial;
        Position const position = positionOf(state);
        trial.from = stateFor(position, act.of);
        if (m_facts.revisions != nullptr && !m_revisions.contains(act.of)) {
            trial.effect = ActEffect::AfterUnknown;
            return trial;
        }
        // What is about parts settles nothing of the whole.
        if (action.decision && act.parts.empty() && !position.disputes.empty()) settle(trial, act, action, position);
        if (!trial.settles && !contains(action.from, trial.from->name)) {
            trial.effect = ActEffect::NotInState;
            return trial;
        }
        if ((!act.parts.empty() && !action.parts) || (!act.left.empty() && !action.carries)) {
            trial.effect = ActEffect::GuardFailed;
            return trial;
        }
        for (Guard const& guard : action.guards) {
            trial.effect = ask(guard, act, *trial.from, submission);
            if (trial.effect == ActEffect::Counts) continue;
            trial.guard = &guard;
            return trial;
        }
        return trial;
    }

    /// A decision that names all that are in dispute, about a revision that one of them is about, is taken in their
    /// place.
    void settle(Trial& trial, Act const& act, Action const& action, Position const& position) const {
        std::vector<ObjectId> ids;
        bool sameRevision = false;
        State const* from = nullptr;
        for (Node node : position.disputes) {
            ids.push_back(m_acts[node]->id);
            sameRevision = sameRevision || m_acts[node]->of == act.of;
            if (!contains(action.from, m_before[node]->name)) return;
            if (from == nullptr || m_before[node]->caution > from->caution) from = m_before[node];
        }
        std::sort(ids.begin(), ids.end());
        if (!sameRevision || ids != act.settles) return;
        trial.settles = true;
        trial.from = from;
    }

    /// The guards whose answer lies in the signed bytes; the others were asked when the act was signed.
    ActEffect ask(Guard const& guard, Act const& act, State const& from, Frontier submission) const {
        auto const holds = [](bool good) { return good ? ActEffect::Counts : ActEffect::GuardFailed; };
        if (guard.name == "comment-required") return holds(!isBlank(act.comment));
        if (guard.name == "until-required") return holds(act.until.has_value());
        if (guard.name == "person-required") return holds(act.person.has_value());
        if (guard.name == "same-revision") {
            return isSubmitted(act.of, submission) ? ActEffect::Counts : ActEffect::OtherRevision;
        }
        if (guard.name == "new-revision") {
            if (json::Array const* const states = json::arrayAt(guard.parameters, "states")) {
                if (std::find(states->begin(), states->end(), json::Value(from.name)) == states->end())
                    return ActEffect::Counts;
            }
            return holds(!isSubmitted(act.of, submission));
        }
        if (guard.name == "field-equals") {
            auto const fields = m_revisions.find(act.of);
            if (fields == m_revisions.end()) return ActEffect::Counts;
            json::Value const* const value = fields->second->find(*json::stringAt(guard.parameters, "field"));
            return holds(value != nullptr && *value == *guard.parameters.find("value"));
        }
        return ActEffect::Counts;
    }

    bool isSubmitted(ObjectId const& revision, Frontier submission) const {
        if (submission == kNone) return false;
        auto const nodes = m_history->nodes(submission);
        return std::any_of(nodes.begin(), nodes.end(), [&](Node node) { return m_acts[node]->of == revision; });
    }

    State const* stateFor(Position const& position, ObjectId const& revision) const {
        if (position.state->whenEdited.empty() || position.by == nullptr || position.by->of == revision)
            return position.state;
        return m_workflow.state(position.state->whenEdited);
    }

    Position positionOf(Frontier frontier) {
        Position position;
        if (frontier == kNone) {
            position.state = m_workflow.state(m_workflow.initial);
            return position;
        }
        std::set<std::string_view> decided;
        for (Node node : m_history->nodes(frontier)) {
            position.round = std::max(position.round, m_roundAfter[node]);
            if (!m_actions[node]->decision) continue;
            decided.insert(m_actions[node]->to);
            position.disputes.push_back(node);
        }
        Node const leader = leading(frontier);
        position.state = m_workflow.state(m_actions[leader]->to);
        position.by = m_acts[leader];
        if (decided.size() < 2) position.disputes.clear();
        return position;
    }

    /// Of concurrent acts the one whose state is the most cautious; of equal ones the youngest by its own claim.
    Node leading(Frontier frontier) const {
        auto const nodes = m_history->nodes(frontier);
        auto const rank = [&](Node node) {
            return std::tuple(m_workflow.state(m_actions[node]->to)->caution, m_acts[node]->time, m_acts[node]->id);
        };
        return *std::max_element(nodes.begin(), nodes.end(), [&](Node a, Node b) { return rank(a) < rank(b); });
    }

    Frontier joined(std::vector<Frontier> const& at, std::vector<Node> const& where) {
        std::vector<Frontier> frontiers;
        for (Node node : where) {
            if (at[node] != kNone) frontiers.push_back(at[node]);
        }
        return frontiers.empty() ? kNone : m_history->join(std::move(frontiers));
    }

    std::optional<Day> dueOf(Frontier frontier) const {
        if (frontier == kNone) return m_baseDue;
        std::optional<Day> earliest;
        for (Node node : m_history->nodes(frontier)) keepEarliest(earliest, m_acts[node]->until);
        return earliest;
    }

    std::optional<Day> baseDue() const;

    Facts const& m_facts;
    Workflow const& m_workflow;
    std::vector<Act const*> m_acts;  // by node
    std::vector<Action const*> m_actions;
    std::vector<bool> m_unknown;
    std::vector<std::vector<Node>> m_parents;
    std::optional<History> m_history;
    std::map<ObjectId, json::Object const*> m_revisions;  // usable
    std::vector<ActEffect> m_effects;
    std::vector<State const*> m_before;  // of acts that count: the state they acted from
    std::vector<Frontier> m_stateAt, m_submissionAt, m_dueAt, m_dueBefore;
    std::vector<int> m_roundBefore, m_roundAfter;
    std::vector<bool> m_settled;  // a later decision was taken in its place
    std::vector<Node> m_last;
    /// Where the acts about a part stand: all of them, those that set its day, and those that gave it to somebody.
    struct PartAt {
        Frontier all = kNone, due = kNone, person = kNone;
        Frontier wanted = kNone;  // acts that take it back, or give it a day and so ask again
    };
    std::map<DocumentId, PartAt> m_parts;
    Frontier m_person = kNone;
    Frontier m_state = kNone, m_submission = kNone, m_due = kNone;
    std::optional<Day> m_baseDue;
};

/// The due field as merged; of several open ones the earliest.
std::optional<Day> fieldDue(Facts const& facts) {
    if (facts.type == nullptr || facts.type->dueField.empty() || facts.merged == nullptr) return std::nullopt;
    std::optional<Day> due = dayAt(facts.merged->fields, facts.type->dueField);
    for (model::Difference const& difference : facts.merged->differences) {
        if (difference.field != facts.type->dueField) continue;
        for (model::Side const& side : difference.sides) {
            std::string const* const text = side.value ? side.value->asString() : nullptr;
            if (text != nullptr) keepEarliest(due, parseDay(*text));
        }
    }
    return due;
}

std::optional<Day> Walk::baseDue() const {
    if (m_facts.expected) return m_facts.expectedDue;
    if (!m_workflow.dueFixed || m_facts.revisions == nullptr || m_facts.type == nullptr) return fieldDue(m_facts);
    if (m_facts.type->dueField.empty()) return std::nullopt;
    return firstDue(*m_facts.revisions, m_facts.type->dueField);
}

std::vector<ObjectId> sortedIds(Walk const& walk, std::vector<Node> const& nodes) {
    std::vector<ObjectId> ids;
    for (Node node : nodes) ids.push_back(walk.act(node).id);
    std::sort(ids.begin(), ids.end());
    return ids;
}

template <class Id>
json::Array hexOf(std::vector<Id> const& ids) {
    json::Array array;
    for (Id const& id : ids) array.emplace_back(id.hex());
    return array;
}

/// Sorted, unique ids under `key`; empty if the key is absent; nothing if it is anything else.
template <class Id = ObjectId>
std::optional<std::vector<Id>> idsAt(json::Object const& body, std::string_view key) {
    std::vector<Id> ids;
    json::Value const* const value = body.find(key);
    if (value == nullptr) return ids;
    if (value->asArray() == nullptr) return std::nullopt;
    for (json::Value const& element : *value->asArray()) {
        std::string const* const hex = element.asString();
        auto const id = hex == nullptr ? std::nullopt : Id::fromHex(*hex);
        if (!id || (!ids.empty() && !(ids.back() < *id))) return std::nullopt;
        ids.push_back(*id);
    }
    return ids;
}

Error refused(std::string_view reason, std::string detail) {
    return makeError(ErrorCode::Refused, "step." + std::string(reason), std::move(detail));
}

std::string listed(std::vector<std::string> const& names) {
    std::string text;
    for (std::string const& name : names) text += (text.empty() ? "" : " ") + name;
    return text.empty() ? "nothing" : text;
}

/// Does the workflow, by its states alone, let this action be taken now, about some revision?
bool isPossible(Walk& walk, Facts const& facts, Standing const& standing, Action const& action) {
    Act act;
    act.action = action.name;
    act.settles = standing.disputes;
    std::set<ObjectId> candidates;
    if (facts.merged != nullptr) candidates.insert(facts.merged->heads.begin(), facts.merged->heads.end());
    for (Node node = 0; node < walk.size() && action.guard("single-head") == nullptr; ++node) {
        if (walk.effect(node) == ActEffect::Counts) candidates.insert(walk.act(node).of);
    }
    return std::any_of(candidates.begin(), candidates.end(), [&](ObjectId const& revision) {
        act.of = revision;
        Walk::Trial const trial = walk.tryNow(act, action);
        // What is still to be said (a reason, a date) does not make it impossible.
        if (trial.effect == ActEffect::GuardFailed)
            return trial.guard->name != "field-equals" && trial.guard->name != "new-revision";
        return trial.effect == ActEffect::Counts;
    });
}

/// What the revision says that the act would be about; what is merged if it is not here.
json::Object const* fieldsOf(Facts const& facts, ObjectId const& of) {
    json::Object const* fields = facts.merged == nullptr ? nullptr : &facts.merged->fields;
    if (facts.revisions == nullptr) return fields;
    for (model::MergeRevision const& revision : *facts.revisions) {
        if (revision.id == of && revision.fields != nullptr) fields = revision.fields;
    }
    return fields;
}

Result<void> askBeforeSigning(Guard const& guard, Facts const& facts, Intent const& intent) {
    if (guard.name == "attachments-held" && !intent.attachmentsHeld) {
        return makeError(ErrorCode::Waiting, "step.attachments-missing",
                         "an attachment of the revision is not held and verified");
    }
    if (guard.name == "complete" && facts.type != nullptr) {
        json::Object const* const fields = fieldsOf(facts, intent.of);
        auto const missing =
            fields == nullptr ? std::vector<std::string>{} : model::missingFields(*facts.type, *fields);
        if (!missing.empty()) return refused("incomplete", listed(missing));
    }
    if (guard.name == "expected-closed" && !intent.openParts.empty()) return refused("parts-open", listed(intent.openParts));
    if (guard.name == "fields-there") {
        std::vector<std::string> empty;
        json::Object const* const fields = fieldsOf(facts, intent.of);
        for (json::Value const& name : *json::arrayAt(guard.parameters, "fields")) {
            if (fields == nullptr || model::isMissing(*fields, *name.asString())) empty.push_back(*name.asString());
        }
        if (!empty.empty()) return refused("incomplete", listed(empty));
    }
    if (facts.merged == nullptr) return {};
    if (guard.name == "no-differences" && !facts.merged->differences.empty()) {
        std::vector<std::string> open;
        for (model::Difference const& difference : facts.merged->differences) {
            open.push_back(difference.element.empty() ? difference.field
                                                      : difference.field + "[" + difference.element + "]");
        }
        return refused("differences-open", listed(open));
    }
    if (guard.name == "single-head") {
        if (facts.merged->heads.size() > 1) {
            return refused("several-heads",
                           std::to_string(facts.merged->heads.size()) + " versions; seal one that joins them");
        }
        if (facts.merged->heads.empty() || facts.merged->heads.front() != intent.of) {
            return refused("not-the-head", "a newer version is there");
        }
    }
    return {};
}

}  // namespace

std::optional<Act> actFrom(ObjectId const& id, trust::Record const& record) {
    if (!record.of || !record.kind.ends_with(".v1")) return std::nullopt;
    auto after = idsAt(record.body, "after");
    auto settles = idsAt(record.body, "settles");
    auto parts = idsAt<DocumentId>(record.body, "for");
    auto left = idsAt<DocumentId>(record.body, "left");
    if (!after || !settles || !parts || !left) return std::nullopt;
    Act act;
    act.id = id;
    act.action = nameWithoutVersion(record.kind);
    act.by = record.by;
    act.role = record.role;
    act.time = record.time;
    act.of = record.of->id;
    act.after = *std::move(after);
    act.settles = *std::move(settles);
    act.parts = *std::move(parts);
    act.left = *std::move(left);
    if (record.body.find("person") != nullptr) {
        std::string const* const person = json::stringAt(record.body, "person");
        act.person = person == nullptr ? std::nullopt : PersonId::parse(*person);
        if (!act.person) return std::nullopt;
    }
    if (json::Value const* const comment = record.body.find("comment")) {
        if (comment->asString() == nullptr) return std::nullopt;
        act.comment = *comment->asString();
    }
    if (record.body.find("until") != nullptr) {
        act.until = dayAt(record.body, "until");
        if (!act.until) return std::nullopt;
    }
    return act;
}

Standing stand(Facts const& facts) {
    Standing standing;
    for (Act const& act : facts.acts) standing.effects.emplace(act.id, ActEffect::NotInState);
    if (facts.workflow == nullptr) {
        standing.due = fieldDue(facts);
        standing.rounds.push_back({1, standing.due, {}, {}, {}});
        if (facts.expected) standing.due = standing.rounds.front().due = facts.expectedDue;
        return standing;
    }
    Walk walk(facts);
    Position const position = walk.now();
    if (position.by != nullptr) standing.revision = position.by->of;
    if (facts.merged != nullptr && standing.revision) {
        standing.changedAfter = std::any_of(facts.merged->heads.begin(), facts.merged->heads.end(),
                                            [&](ObjectId const& head) { return head != *standing.revision; });
    }
    State const* state = position.state;
    if (standing.changedAfter && !state->whenEdited.empty()) state = facts.workflow->state(state->whenEdited);
    standing.state = state->name;
    standing.closed = state->closed;
    standing.disputed = !position.disputes.empty();
    standing.disputes = sortedIds(walk, position.disputes);
    standing.last = sortedIds(walk, walk.last());
    standing.due = walk.due();
    std::optional<Day> const field = fieldDue(facts);
    standing.dueEdited = (facts.workflow->dueFixed || facts.expected) && field && field != standing.due && field != walk.firstDueDate();
    standing.rounds = walk.rounds();
    standing.round = position.round;
    standing.parts = walk.parts();
    standing.person = walk.person();
    if (position.by != nullptr) standing.left = position.by->left;
    for (Round const& round : standing.rounds) {
        Action const* const verdict = facts.workflow->action(round.verdictAction);
        if (verdict != nullptr && verdict->newRound) ++standing.failedRounds;
    }
    for (Node node = 0; node < walk.size(); ++node) {
        standing.effects[walk.act(node).id] = walk.effect(node);
        if (walk.isSettled(node)) standing.settled.insert(walk.act(node).id);
        if (walk.effect(node) != ActEffect::Counts) continue;
        if (!standing.lastAction || *standing.lastAction < walk.act(node).time)
            standing.lastAction = walk.act(node).time;
    }
    return standing;
}

int daysOverdue(Standing const& standing, Day today) {
    if (standing.closed || !standing.due) return 0;
    auto const days = (std::chrono::sys_days(today) - std::chrono::sys_days(*standing.due)).count();
    return days > 0 ? static_cast<int>(days) : 0;
}

std::vector<std::string> possible(Facts const& facts, Standing const& standing) {
    std::vector<std::string> names;
    if (facts.workflow == nullptr) return names;
    Walk walk(facts);
    for (Action const& action : facts.workflow->actions) {
        if (isPossible(walk, facts, standing, action)) names.push_back(action.name);
    }
    return names;
}

Result<json::Object> prepare(Facts const& facts, Standing const& standing, Intent const& intent) {
    if (facts.workflow == nullptr) return refused("no-workflow", "this type of document has no steps");
    Action const* const action = facts.workflow->action(intent.action);
    if (action == nullptr) {
        std::vector<std::string> names;
        for (Action const& known : facts.workflow->actions) names.push_back(known.name);
        return makeError(ErrorCode::Usage, "step.unknown-action", "there is " + listed(names));
    }
    Act act;
    act.action = action->name;
    act.of = intent.of;
    if (!isBlank(intent.comment)) act.comment = intent.comment;
    act.until = intent.until;
    act.person = intent.assignee;
    act.parts = intent.parts;
    act.left = intent.left;
    if (!act.parts.empty() && !action->parts) return refused("no-parts", action->name + " is about the document as a whole");
    if (!act.left.empty() && !action->carries) return refused("nothing-left-over", action->name + " leaves nothing over");
    if (action->decision && act.parts.empty()) act.settles = standing.disputes;

    Walk walk(facts);
    Walk::Trial const trial = walk.tryNow(act, *action);
    if (trial.effect == ActEffect::AfterUnknown) {
        return makeError(ErrorCode::Waiting, "step.revision-missing", "the revision is not here, or was set aside");
    }
    if (trial.effect == ActEffect::NotInState) {
        return refused("not-in-state", "it is " + standing.state + "; possible: " + listed(possible(facts, standing)));
    }
    for (Guard const& guard : action->guards) {
        if (&guard == trial.guard) {
            std::string_view const reason = guard.name == "same-revision"  ? "other-revision"
                                            : guard.name == "new-revision" ? "same-revision-again"
                                            : guard.name == "field-equals" ? "field-not-equal"
                                                                           : std::string_view(guard.name);
            std::string detail(action->name + " needs ");
            if (guard.name == "same-revision") detail += "the revision that was last submitted";
            if (guard.name == "new-revision") detail += "another revision than the last submitted";
            if (guard.name == "comment-required") detail += "a comment that says why";
            if (guard.name == "until-required") detail += "a date until when";
            if (guard.name == "person-required") detail += "the person to whom it is given";
            if (guard.name == "field-equals") {
                detail +=
                    *json::stringAt(guard.parameters, "field") + " to be " + *json::stringAt(guard.parameters, "value");
            }
            return refused(reason, std::move(detail));
        }
        if (auto asked = askBeforeSigning(guard, facts, intent); !asked) return asked.error();
    }
    if (act.person && !takesPerson(*action)) return refused("person-not-allowed", action->name + " gives it to nobody");
    if (act.until && !takesUntil(*action)) return refused("until-not-allowed", action->name + " sets no date");

    json::Object body{{"after", hexOf(standing.last)}};
    if (!act.comment.empty()) body.set("comment", act.comment);
    if (trial.settles) body.set("settles", hexOf(act.settles));
    if (act.until) body.set("until", toText(*act.until));
    if (act.person) body.set("person", act.person->text());
    if (!act.parts.empty()) body.set("for", hexOf(act.parts));
    if (!act.left.empty()) body.set("left", hexOf(act.left));
    return body;
}

}  // namespace spiral::engine
