#include "cells.h"

namespace spiral::model {
namespace {

/// The element's name, or null if it is none of that rule.
std::string const* nameOf(json::Value const& element, MergeRule rule) {
    if (rule == MergeRule::Set) return element.asString();
    json::Object const* const object = element.asObject();
    if (object == nullptr) return nullptr;
    if (rule == MergeRule::Rows) return json::stringAt(*object, "id");
    if (object->size() != 2 || object->find("v") == nullptr) return nullptr;
    return json::stringAt(*object, "k");
}

}  // namespace

MergeRule ruleOf(MergeRules const& rules, std::string_view field) {
    auto const found = rules.find(field);
    return found == rules.end() ? MergeRule::Whole : found->second;
}

bool hasForm(json::Value const& value, MergeRule rule) {
    if (rule == MergeRule::Whole) return true;
    json::Array const* const array = value.asArray();
    if (array == nullptr) return false;
    std::string_view last;  // "" is no name, so that "" can mean the whole field elsewhere
    for (json::Value const& element : *array) {
        std::string const* const name = nameOf(element, rule);
        if (name == nullptr || !(last < std::string_view(*name))) return false;
        last = *name;
    }
    return true;
}

std::string_view elementName(json::Value const& element, MergeRule rule) { return *nameOf(element, rule); }

json::Value const& elementValue(json::Value const& element, MergeRule rule) {
    return rule == MergeRule::Map ? *element.asObject()->find("v") : element;
}

json::Value elementFrom(std::string_view name, json::Value const& value, MergeRule rule) {
    if (rule == MergeRule::Map) return json::Object{{"k", std::string(name)}, {"v", value}};
    return value;
}

}  // namespace spiral::model
