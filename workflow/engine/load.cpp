// Workflows from data: what the JSON Schema cannot say is checked here, so that the engine need not.
#include "embedded/workflowData.h"
#include "engine/workflow.h"
#include "model/data.h"

#include <algorithm>
#include <set>

namespace spiral::engine {
namespace {

Error broken(std::string_view rule, std::string detail) {
    return makeError(ErrorCode::Malformed, "workflow." + std::string(rule), std::move(detail));
}

// The JSON Schema has been asked: what it requires is there and of its kind.
std::string textAt(json::Object const& object, std::string_view key) {
    std::string const* const text = json::stringAt(object, key);
    return text == nullptr ? std::string() : *text;
}
bool flagAt(json::Object const& object, std::string_view key) {
    json::Value const* const value = object.find(key);
    return value != nullptr && *value->asBool();
}
std::vector<std::string> textsAt(json::Object const& object, std::string_view key) {
    std::vector<std::string> texts;
    if (json::Array const* const array = json::arrayAt(object, key)) {
        for (json::Value const& value : *array) texts.push_back(*value.asString());
    }
    return texts;
}
model::Label labelFrom(json::Object const& object) {
    json::Object const& label = *json::objectAt(object, "label");
    return {textAt(label, "zh"), textAt(label, "en")};
}

Result<Guard> guardFrom(json::Object const& object, Workflow const& workflow, std::string const& place) {
    Guard guard;
    guard.name = textAt(object, "name");
    guard.parameters = object;
    guard.parameters.erase("name");
    std::string const here = place + guard.name;
    auto const takes = [&](std::string_view key) {
        if (guard.name == "field-equals") return key == "field" || key == "value";
        if (guard.name == "fields-there") return key == "fields";
        return guard.name == "new-revision" && key == "states";
    };
    for (auto const& [key, value] : guard.parameters) {
        if (!takes(key)) return broken("guard-parameter", here + " takes no " + key);
    }
    if (guard.name == "field-equals" && guard.parameters.size() != 2) {
        return broken("guard-parameter", here + " needs field and value");
    }
    if (guard.name == "fields-there" && guard.parameters.size() != 1) {
        return broken("guard-parameter", here + " needs fields");
    }
    for (std::string const& state : textsAt(guard.parameters, "states")) {
        if (workflow.state(state) == nullptr) return broken("state-unknown", here + ": " + state);
    }
    return guard;
}

Result<Action> actionFrom(json::Object const& object, Workflow const& workflow) {
    Action action;
    action.name = textAt(object, "name");
    action.label = labelFrom(object);
    action.from = textsAt(object, "from");
    action.to = textAt(object, "to");
    action.submission = flagAt(object, "submission");
    action.decision = flagAt(object, "decision");
    action.newRound = flagAt(object, "new_round");
    action.parts = flagAt(object, "parts");
    action.carries = flagAt(object, "carries");
    action.roles = textsAt(object, "roles");
    action.differ = textsAt(object, "differ");
    action.high = flagAt(object, "high");
    std::string const place = workflow.name + "/" + action.name;
    if (workflow.action(action.name) != nullptr) return broken("action-twice", place);
    for (std::string const& state : action.from) {
        if (workflow.state(state) == nullptr) return broken("state-unknown", place + "/from: " + state);
    }
    if (!action.to.empty() && workflow.state(action.to) == nullptr) {
        return broken("state-unknown", place + "/to: " + action.to);
    }
    if (json::Array const* const guards = json::arrayAt(object, "guards")) {
        for (json::Value const& value : *guards) {
            auto guard = guardFrom(*value.asObject(), workflow, place + "/");
            if (!guard) return guard.error();
            if (guard->name != "field-equals" && action.guard(guard->name) != nullptr) {
                return broken("guard-twice", place + "/" + guard->name);
            }
            action.guards.push_back(*std::move(guard));
        }
    }
    if ((action.submission || action.decision) && action.to.empty()) {
        return broken("leads-nowhere", place + ": a submission or decision leads to a state");
    }
    if (action.submission && action.decision) return broken("submission-decides", place + ": it is one or the other");
    if (action.parts && (action.submission || action.guard("same-revision") != nullptr)) {
        return broken("parts-decided", place + ": what is about parts is neither a submission nor a verdict");
    }
    if (action.newRound && (!action.decision || action.guard("same-revision") == nullptr)) {
        return broken("round-without-verdict", place + ": a round ends with a decision about what was submitted");
    }
    if (action.guard("until-required") != nullptr && action.guard("until-allowed") != nullptr) {
        return broken("guard-twice", place + ": until is required or allowed");
    }
    return action;
}

ExpectRule expectFrom(json::Object const& object) {
    ExpectRule rule;
    rule.name = textAt(object, "name");
    rule.type = textAt(object, "type");
    rule.states = textsAt(object, "states");
    rule.verdicts = textsAt(object, "verdicts");
    rule.rows = textAt(object, "rows");
    rule.each = textAt(object, "each");
    rule.unit = textAt(object, "unit");
    rule.due = textAt(object, "due");
    rule.link = textAt(object, "link");
    if (json::Object const* const per = json::objectAt(object, "per")) {
        rule.per = PerSubject{textAt(*per, "rows"), textAt(*per, "match"), textAt(*per, "when"), textAt(*per, "each"),
                              textAt(*per, "unit")};
    }
    if (json::Array const* const fields = json::arrayAt(object, "fields")) {
        for (json::Value const& value : *fields) {
            json::Object const& from = *value.asObject();
            Prefill& prefill = rule.fields.emplace_back();
            prefill.to = textAt(from, "to");
            prefill.from = textAt(from, "from");
            prefill.before = textAt(from, "before");
            prefill.reason = flagAt(from, "reason");
            if (json::Value const* const fixed = from.find("value")) prefill.value = *fixed;
        }
    }
    return rule;
}

Result<void> checkExpects(Workflow const& workflow) {
    std::set<std::string> names;
    for (ExpectRule const& rule : workflow.expects) {
        std::string const place = workflow.name + "/expects/" + rule.name;
        if (!names.insert(rule.name).second) return broken("expects-twice", place);
        if (rule.states.empty() == rule.verdicts.empty()) return broken("expects-when", place + ": in states, or by verdicts");
        if (!rule.each.empty() && !rule.unit.empty()) return broken("expects-whom", place + ": each of several, or one unit");
        if (rule.per && (rule.rows.empty() || rule.per->each.empty() == rule.per->unit.empty())) {
            return broken("expects-subject", place + ": rows, each of several units or one, of the subject");
        }
        for (std::string const& state : rule.states) {
            if (workflow.state(state) == nullptr) return broken("state-unknown", place + ": " + state);
        }
        for (std::string const& verdict : rule.verdicts) {
            Action const* const action = workflow.action(verdict);
            if (action == nullptr || !action->decision || action->guard("same-revision") == nullptr) {
                return broken("expects-verdict", place + ": " + verdict + " is no verdict");
            }
        }
    }
    return {};
}

Result<Workflow> workflowFrom(json::Object const& object) {
    Workflow workflow;
    workflow.name = textAt(object, "name");
    workflow.label = labelFrom(object);
    workflow.initial = textAt(object, "initial");
    workflow.dueFixed = flagAt(object, "due_fixed");
    for (json::Value const& value : *json::arrayAt(object, "states")) {
        json::Object const& from = *value.asObject();
        State state;
        state.name = textAt(from, "name");
        state.label = labelFrom(from);
        state.caution = static_cast<int>(*json::integerAt(from, "caution"));
        state.closed = flagAt(from, "closed");
        state.whenEdited = textAt(from, "when_edited");
        std::string const place = workflow.name + "/" + state.name;
        if (workflow.state(state.name) != nullptr) return broken("state-twice", place);
        for (State const& other : workflow.states) {
            // Two equally cautious states would leave it to chance which of two decisions counts.
            if (other.caution == state.caution)
                return broken("caution-twice", place + " is as cautious as " + other.name);
        }
        workflow.states.push_back(std::move(state));
    }
    if (workflow.state(workflow.initial) == nullptr) {
        return broken("state-unknown", workflow.name + "/initial: " + workflow.initial);
    }
    bool submits = false;
    for (json::Value const& value : *json::arrayAt(object, "actions")) {
        auto action = actionFrom(*value.asObject(), workflow);
        if (!action) return action.error();
        submits = submits || action->submission;
        workflow.actions.push_back(*std::move(action));
    }

    if (json::Array const* const expects = json::arrayAt(object, "expects")) {
        for (json::Value const& value : *expects) workflow.expects.push_back(expectFrom(*value.asObject()));
    }
    if (auto checked = checkExpects(workflow); !checked) return checked.error();

    std::set<std::string> reached{workflow.initial};
    for (std::size_t before = 0; before != reached.size();) {
        before = reached.size();
        for (Action const& action : workflow.actions) {
            bool const possible = std::any_of(action.from.begin(), action.from.end(),
                                              [&](std::string const& state) { return reached.contains(state); });
            if (possible && !action.to.empty()) reached.insert(action.to);
        }
        for (State const& state : workflow.states) {
            if (reached.contains(state.name) && !state.whenEdited.empty()) reached.insert(state.whenEdited);
        }
    }
    for (State const& state : workflow.states) {
        std::string const place = workflow.name + "/" + state.name;
        if (!state.whenEdited.empty() && workflow.state(state.whenEdited) == nullptr) {
            return broken("state-unknown", place + "/when_edited: " + state.whenEdited);
        }
        if (!reached.contains(state.name)) return broken("state-unreachable", place);
        bool const left = std::any_of(workflow.actions.begin(), workflow.actions.end(), [&](Action const& action) {
            return !action.to.empty() && action.to != state.name &&
                   std::find(action.from.begin(), action.from.end(), state.name) != action.from.end();
        });
        if (!left && !state.closed && state.whenEdited.empty()) {
            return broken("state-without-exit", place + " is open for ever");
        }
    }
    for (Action const& action : workflow.actions) {
        bool const needs = action.guard("same-revision") != nullptr || action.guard("new-revision") != nullptr;
        if (needs && !submits)
            return broken("no-submission", workflow.name + "/" + action.name + ": nothing is ever submitted");
    }
    return workflow;
}

model::DataSchema const& workflowSchema() {
    static model::DataSchema const schema(*workflowDataFile("meta/workflow.schema.json"));
    return schema;
}

}  // namespace

Guard const* Action::guard(std::string_view wanted) const {
    auto const found =
        std::find_if(guards.begin(), guards.end(), [&](Guard const& guard) { return guard.name == wanted; });
    return found == guards.end() ? nullptr : &*found;
}

State const* Workflow::state(std::string_view wanted) const {
    auto const found =
        std::find_if(states.begin(), states.end(), [&](State const& state) { return state.name == wanted; });
    return found == states.end() ? nullptr : &*found;
}

Action const* Workflow::action(std::string_view wanted) const {
    auto const found =
        std::find_if(actions.begin(), actions.end(), [&](Action const& action) { return action.name == wanted; });
    return found == actions.end() ? nullptr : &*found;
}

WorkflowCatalogue const& WorkflowCatalogue::builtIn() {
    static WorkflowCatalogue const catalogue = [] {
        WorkflowCatalogue all;
        for (EmbeddedFile const& file : workflowDataFiles()) {
            if (!file.name.starts_with("workflows/")) continue;
            // As with types: the JSON Schema was asked when the program was built.
            auto const value = model::readData(file.text);
            auto const added = value ? all.addChecked(*value) : Result<void>(value.error());
            ensure(added.has_value(), added ? "" : (std::string(file.name) + ": " + added.error().detail).c_str());
        }
        return all;
    }();
    return catalogue;
}

Result<void> WorkflowCatalogue::add(std::string_view jsonText) {
    auto const value = workflowSchema().read(jsonText);
    if (!value) return value.error();
    return addChecked(*value);
}

Result<void> WorkflowCatalogue::addChecked(json::Value const& value) {
    auto workflow = workflowFrom(*value.asObject());
    if (!workflow) return workflow.error();
    std::string const name = workflow->name;
    if (!m_workflows.emplace(name, *std::move(workflow)).second) {
        return makeError(ErrorCode::Exists, "workflow.exists", name);
    }
    return {};
}

Workflow const* WorkflowCatalogue::find(std::string_view name) const {
    auto const found = m_workflows.find(name);
    return found == m_workflows.end() ? nullptr : &found->second;
}

}  // namespace spiral::engine
