#include "office/definitions.h"

#include "model/data.h"

#include <algorithm>

namespace spiral::office {
namespace {

/// "type/1" or "workflow/1".
std::string schemaOf(json::Value const& definition) {
    auto const* object = definition.asObject();
    auto const* schema = object ? json::stringAt(*object, "schema") : nullptr;
    return schema ? *schema : std::string();
}

/// Definitions are pages that people read. Patterns are matched against their texts, which with longer ones takes more
/// room than a program has.
constexpr std::size_t kDefinitionBytesMax = 256 * 1024, kTextBytesMax = 2048;

bool hasShortTexts(json::Value const& value) {
    if (auto const* text = value.asString()) return text->size() <= kTextBytesMax;
    if (auto const* array = value.asArray()) return std::all_of(array->begin(), array->end(), hasShortTexts);
    auto const* object = value.asObject();
    return !object || std::all_of(object->begin(), object->end(), [](auto const& member) {
        return member.first.size() <= kTextBytesMax && hasShortTexts(member.second);
    });
}

bool isPage(json::Value const& definition) {
    return hasShortTexts(definition) && json::encode(definition).size() <= kDefinitionBytesMax;
}

/// The definitions of a registry entry that sets a policy.
json::Array const* definitionsIn(trust::Record const& entry, json::Value& act) {
    auto const* text = json::stringAt(entry.body, "act");
    auto parsed = text ? json::parse(*text) : Result<json::Value>(Error{});
    if (!parsed || !parsed->asObject()) return nullptr;
    act = std::move(*parsed);
    auto const* policy = json::objectAt(*act.asObject(), "policy");
    auto const* definitions = policy ? json::arrayAt(*policy, "definitions") : nullptr;
    return definitions && definitions->size() <= kDefinitionsMax ? definitions : nullptr;
}

}  // namespace

Definitions const& Definitions::builtIn() {
    static Definitions const all;
    return all;
}

engine::Workflow const* Definitions::workflowOf(std::string_view name) const {
    auto const* known = type(name);
    return known && !known->workflow.empty() ? m_workflows.find(known->workflow) : nullptr;
}

void Definitions::add(json::Value const& definition) {
    if (!isPage(definition)) return;
    auto const schema = schemaOf(definition);
    std::string const text = json::encode(definition);
    bool const taken = schema == "type/1"       ? m_types.add(text).has_value()
                       : schema == "workflow/1" ? m_workflows.add(text).has_value()
                                                : false;
    if (taken) ++m_added;
}

void Definitions::follow(trust::Registry const& registry) {
    if (registry.empty()) return;
    auto const chain = registry.chain();
    for (; m_entries < chain.size(); ++m_entries) {
        json::Value act;
        auto const* definitions = definitionsIn(chain[m_entries].second, act);
        if (!definitions) continue;
        for (auto const& definition : *definitions) add(definition);
    }
}

Result<json::Object> policyWith(Definitions const& definitions, trust::Policy const& policy,
                                std::vector<std::string> const& texts) {
    if (texts.empty() || texts.size() > kDefinitionsMax) {
        return makeError(ErrorCode::Usage, "definition.count", std::to_string(kDefinitionsMax));
    }
    Definitions trial = definitions;
    trust::Policy wanted = policy;
    json::Array added;
    std::vector<std::string> types;
    for (auto const& text : texts) {
        auto value = model::readData(text);
        if (!value) return value.error();
        auto const schema = schemaOf(*value);
        if (!isPage(*value))
            return makeError(ErrorCode::TooLarge, "definition.too-large", std::to_string(kTextBytesMax));
        if (schema != "type/1" && schema != "workflow/1")
            return makeError(ErrorCode::Malformed, "definition.schema", schema);
        // A college's own name for what the program has would mean two things on two program versions.
        model::TypeCatalogue typesAfter = trial.types();
        engine::WorkflowCatalogue workflowsAfter = trial.workflows();
        auto const taken = schema == "type/1" ? typesAfter.add(text) : workflowsAfter.add(text);
        if (!taken) return taken.error();
        added.push_back(std::move(*value));
    }
    // Workflows before the types that walk them, whatever the order of the files.
    std::stable_sort(added.begin(), added.end(),
                     [](auto const& a, auto const& b) { return schemaOf(a) > schemaOf(b); });
    engine::WorkflowCatalogue workflows = definitions.workflows();
    for (auto const& definition : added) {
        auto const& object = *definition.asObject();
        std::string const name = *json::stringAt(object, "name");
        if (schemaOf(definition) == "type/1") {
            auto const* walks = json::stringAt(object, "workflow");
            if (walks && !walks->empty() && !workflows.find(*walks)) {
                return makeError(ErrorCode::Refused, "definition.no-workflow", name + ": " + *walks);
            }
            continue;
        }
        if (auto taken = workflows.add(json::encode(definition)); !taken) return taken.error();
        for (auto const& action : workflows.find(name)->actions) {
            auto const* known = policy.find(action.name);
            if (action.roles.empty()) {
                if (!known) return makeError(ErrorCode::Refused, "definition.no-roles", name + ": " + action.name);
                continue;
            }
            trust::KindRule rule{action.roles, action.differ, action.high};
            std::sort(rule.roles.begin(), rule.roles.end());
            std::sort(rule.differ.begin(), rule.differ.end());
            if (known && *known != rule)
                return makeError(ErrorCode::Refused, "definition.kind-exists", name + ": " + action.name);
            wanted.kinds[action.name] = rule;
        }
    }
    json::Value told = trust::toJson(wanted);
    json::Object object = *told.asObject();
    object.set("definitions", std::move(added));
    return json::Object{{"policy", std::move(object)}};
}

}  // namespace spiral::office
