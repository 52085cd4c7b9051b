// How a field's value falls into cells. Shared by merge, resolve and diff; private to this folder.
#pragma once

#include "model/merge.h"

#include <string_view>
#include <utility>
#include <vector>

namespace spiral::model {

/// An element and its value, inside the array that holds it.
using Element = std::pair<std::string_view, json::Value const*>;

[[nodiscard]] MergeRule ruleOf(MergeRules const& rules, std::string_view field);

/// True iff the value is of its rule's form: an array of the right things, sorted, unique, no element named "".
/// Whole is of every form.
[[nodiscard]] bool hasForm(json::Value const& value, MergeRule rule);

/// The name of one element of a set, row list or map. REQUIRES: the array it stands in has the rule's form.
[[nodiscard]] std::string_view elementName(json::Value const& element, MergeRule rule);

/// Its value: the string itself, the row, or the map's `v`.
[[nodiscard]] json::Value const& elementValue(json::Value const& element, MergeRule rule);

/// What stands in the array for an element: the other way round.
[[nodiscard]] json::Value elementFrom(std::string_view name, json::Value const& value, MergeRule rule);

}  // namespace spiral::model
