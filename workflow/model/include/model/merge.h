// Merge by maximal writers: computed on reading, the same everywhere, never written by a machine.
//
// A document is its revisions. Revision r *writes* cell f iff it has no parents, or its parents' merged value of f is
// open, or its value differs from theirs in bytes; absence is a value of its own. The merged value of f is by the
// *maximal writers*, those that no descendant has written after: one value or several equal ones are taken, several
// different ones are an open difference that a person decides.
//
// A cell is a field, or one element of a field that the type calls a set, a row list or a map. Pure; no I/O.
#pragma once

#include "base/ids.h"
#include "base/json.h"
#include "base/result.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spiral::model {

/// How a field takes part in a merge.
enum class MergeRule {
    Whole,   ///< the field is one cell
    Set,     ///< array of unique strings, sorted; one cell an element (present or absent)
    Rows,    ///< array of objects, each with a string `id`, sorted by it; one cell a row
    Map,     ///< array of {k, v} sorted by k, unique; one cell a key
};
/// Rules by field name; a field without one is Whole. A value that is not of its rule's form is taken as Whole.
using MergeRules = std::map<std::string, MergeRule, std::less<>>;

/// What one revision may hold for a merge. People's own documents stay far below; each field and row of a hostile one
/// would be a cell that is compared through all revisions.
inline constexpr std::size_t kFieldsMax = 200;
inline constexpr std::size_t kElementsMax = 5'000;
/// Elements of one field over all revisions, each name once. Beyond, the field is one cell: its rule counts as Whole.
inline constexpr std::size_t kMergedElementsMax = 10'000;

struct MergeRevision {
    ObjectId id;
    std::vector<ObjectId> parents;
    json::Object const* fields = nullptr;
    /// False for a revision that authority sets aside: it decides nothing, and its children stand on its parents.
    bool usable = true;
};

/// One value that people left standing in a cell, and who wrote it. Absent: the cell was taken out, or never put in.
struct Side {
    std::optional<json::Value> value;
    std::vector<ObjectId> writers;   ///< sorted
    friend bool operator==(Side const&, Side const&) = default;
};

struct Difference {
    std::string field;
    std::string element;             ///< of a set, row list or map; empty for a whole field
    std::optional<json::Value> base; ///< what the writers' common ancestors agree on, if they do
    bool baseKnown = false;          ///< false also when an ancestor is missing, redacted or itself different
    std::vector<Side> sides;         ///< two or more, sorted by their first writer's id
    friend bool operator==(Difference const&, Difference const&) = default;
};

struct Merged {
    std::vector<ObjectId> heads;             ///< usable revisions without usable descendants, sorted
    json::Object fields;                     ///< closed cells; an open whole field is left out, an open element too
    std::vector<Difference> differences;     ///< open cells, sorted by field, then element
    std::vector<ObjectId> missing;           ///< parents named but not given, sorted, unique
    /// Who wrote what is there: the maximal writers of each closed cell of `fields`, only filled when there are
    /// several heads (with one head, every value is that revision's own snapshot).
    std::map<std::string, std::vector<ObjectId>> writers;
};

/// Why a revision with these fields takes no part in a merge: "too-many-fields" or "too-many-rows" (elements of all sets,
/// row lists and maps together); nothing if it may.
[[nodiscard]] std::optional<std::string_view> tooMuchToMerge(json::Object const& fields, MergeRules const& rules);

/// Merges the revisions of one document. A parent that is not given is missing: what it could decide counts as open.
/// REQUIRES: ids unique; no cycles (ids are hashes). With one head this costs little more than copying its fields.
[[nodiscard]] Merged merge(std::vector<MergeRevision> const& revisions, MergeRules const& rules);

/// The fields a person would seal to resolve: closed cells as merged, and for each difference the chosen side.
/// `choices` maps (field, element) to the value, or to nothing for "absent". NotFound if a choice names no difference;
/// Waiting ("merge.still-open") naming the cells for which there is no choice.
using Cell = std::pair<std::string, std::string>;
[[nodiscard]] Result<json::Object> resolved(Merged const& merged, MergeRules const& rules,
                                            std::map<Cell, std::optional<json::Value>> const& choices);

/// What changed from a to b, cell by cell, for showing: (field, element, before, after), sorted.
struct Change {
    std::string field, element;
    std::optional<json::Value> before, after;
};
[[nodiscard]] std::vector<Change> diff(json::Object const& a, json::Object const& b, MergeRules const& rules);

}  // namespace spiral::model
