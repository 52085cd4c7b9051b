// The four workflows of a cycle as the design tells them, written down a second time: who goes from where to where,
// what an act must say, and what a document asks for. The model walks by these; the product by schemas/workflows.
#pragma once

#include "base/json.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace spiral::sim {

struct StateRule {
    int caution = 0;
    bool closed = false;
};

struct StepRule {
    std::string name;
    std::set<std::string> from;
    std::string to;               ///< empty: the state stays
    std::set<std::string> words;  ///< why, until, person; same, new; submission, decision, round; parts, left
    [[nodiscard]] bool is(char const* word) const { return words.contains(word); }
    /// What ends a round: a decision about what was submitted.
    [[nodiscard]] bool isVerdict() const { return is("decision") && is("same"); }
};

/// Where a field of what is asked for comes from: a column of the row or else a field of the document, `@unit`, `@row`,
/// `!reason` of the verdict, or a fixed text after `=`.
struct FillRule {
    std::string to, from;
};
struct AskRule {
    std::string name, type;
    std::set<std::string> states;
    std::string verdict;           ///< once for each round that ended so
    std::string rows, units, due;  ///< field of rows; column of units, in whose scopes; column of a day
    std::string link;
    std::vector<FillRule> fields;
};

struct WorkflowRule {
    std::string initial;
    std::map<std::string, StateRule> states;
    std::vector<StepRule> steps;
    std::vector<AskRule> asks;
    std::set<std::string> lists;  ///< fields that merge element by element
    bool hasOwner = true;
    [[nodiscard]] StepRule const* step(std::string_view name) const;
};

/// Of a type of document with its version; null: this college knows no such type.
[[nodiscard]] WorkflowRule const* workflowRule(std::string_view type);

}  // namespace spiral::sim
