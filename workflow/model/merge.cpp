#include "model/merge.h"

#include "cells.h"
#include "model/history.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <set>
#include <unordered_map>
#include <unordered_set>

namespace spiral::model {
namespace {

using Node = History::Node;
using Frontier = History::Frontier;

/// The usable revisions as a history, oldest first, standing on their usable ancestors.
struct Family {
    std::vector<MergeRevision const*> revisions;  // by node
    std::vector<std::vector<Node>> parents;
    std::vector<bool> incomplete;   // names a parent that is not given, itself or through one set aside
    std::vector<ObjectId> missing;  // sorted, unique
};

template <class T>
void sortUnique(std::vector<T>& values) {
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
}

/// All given revisions, parents before children.
std::vector<std::size_t> ancestorsFirst(std::vector<MergeRevision> const& revisions,
                                        std::unordered_map<ObjectId, std::size_t> const& given) {
    std::vector<std::vector<std::size_t>> children(revisions.size());
    std::vector<std::size_t> waitsFor(revisions.size(), 0);
    for (auto const& [id, place] : given) {
        for (ObjectId const& parent : revisions[place].parents) {
            auto const found = given.find(parent);
            if (found == given.end()) continue;
            children[found->second].push_back(place);
            ++waitsFor[place];
        }
    }
    std::vector<std::size_t> order;
    order.reserve(given.size());
    for (auto const& [id, place] : given) {
        if (waitsFor[place] == 0) order.push_back(place);
    }
    for (std::size_t done = 0; done < order.size(); ++done) {
        for (std::size_t child : children[order[done]]) {
            if (--waitsFor[child] == 0) order.push_back(child);
        }
    }
    ensure(order.size() == given.size(), "merge: revisions are no ancestors of themselves");
    return order;
}

Family familyOf(std::vector<MergeRevision> const& revisions) {
    // A revision without fields (its body is withheld or redacted) tells us no more than one that is not there.
    std::unordered_map<ObjectId, std::size_t> given;
    given.reserve(revisions.size());
    for (std::size_t place = 0; place < revisions.size(); ++place) {
        if (revisions[place].fields == nullptr) continue;
        ensure(given.emplace(revisions[place].id, place).second, "merge: ids are unique");
    }

    Family family;
    struct Standing {
        Node node = 0;              // of a usable revision
        std::vector<Node> parents;  // of one set aside: what its children stand on
        std::vector<ObjectId> missing;
    };
    std::vector<Standing> standings(revisions.size());
    for (std::size_t place : ancestorsFirst(revisions, given)) {
        MergeRevision const& revision = revisions[place];
        Standing& standing = standings[place];
        for (ObjectId const& parent : revision.parents) {
            auto const found = given.find(parent);
            if (found == given.end()) {
                standing.missing.push_back(parent);
            } else if (revisions[found->second].usable) {
                standing.parents.push_back(standings[found->second].node);
            } else {
                Standing const& aside = standings[found->second];
                standing.parents.insert(standing.parents.end(), aside.parents.begin(), aside.parents.end());
                standing.missing.insert(standing.missing.end(), aside.missing.begin(), aside.missing.end());
            }
        }
        sortUnique(standing.parents);
        sortUnique(standing.missing);
        if (!revision.usable) continue;
        standing.node = static_cast<Node>(family.revisions.size());
        family.revisions.push_back(&revision);
        family.parents.push_back(std::move(standing.parents));
        family.incomplete.push_back(!standing.missing.empty());
        family.missing.insert(family.missing.end(), standing.missing.begin(), standing.missing.end());
    }
    sortUnique(family.missing);
    return family;
}

std::size_t hashOf(json::Value const& value) {
    auto const mix = [](std::size_t seed, std::size_t next) {
        return seed ^ (next + 0x9e3779b97f4a7c15U + (seed << 6U) + (seed >> 2U));
    };
    if (std::string const* const text = value.asString()) return std::hash<std::string>{}(*text);
    if (std::int64_t const* const integer = value.asInteger()) return mix(1, std::hash<std::int64_t>{}(*integer));
    if (bool const* const boolean = value.asBool()) return mix(2, *boolean ? 1U : 0U);
    std::size_t hash = 3;
    if (json::Array const* const array = value.asArray()) {
        for (json::Value const& element : *array) hash = mix(hash, hashOf(element));
        return hash;
    }
    for (auto const& [key, member] : *value.asObject()) {
        hash = mix(mix(hash, std::hash<std::string>{}(key)), hashOf(member));
    }
    return hash;
}

/// One cell through all revisions. Values are numbered, so that revisions compare numbers.
struct Column {
    static constexpr std::uint32_t kAbsent = std::numeric_limits<std::uint32_t>::max();

    std::vector<json::Value const*> values;               // by number
    std::vector<std::size_t> hashes;                      // of them; few, so that they are looked through
    std::vector<std::pair<Node, std::uint32_t>> entries;  // where it is not absent, oldest first

    void add(Node node, json::Value const& value) {
        // Most revisions leave most cells as they were.
        if (!entries.empty() && *values[entries.back().second] == value) {
            entries.emplace_back(node, entries.back().second);
            return;
        }
        std::size_t const hash = hashOf(value);
        std::uint32_t number = 0;
        while (number < values.size() && !(hashes[number] == hash && *values[number] == value)) ++number;
        if (number == values.size()) {
            values.push_back(&value);
            hashes.push_back(hash);
        }
        entries.emplace_back(node, number);
    }
};

/// (field, element); views into the revisions. In a field that merges by element, the element "" stands for the array
/// being there at all, so that an empty one differs from none.
using ColumnName = std::pair<std::string_view, std::string_view>;

std::map<ColumnName, Column> columnsOf(Family const& family, MergeRules const& rules,
                                       std::set<std::string_view, std::less<>> const& wholeFields) {
    static json::Value const kThere = true;
    struct Hash {
        std::size_t operator()(ColumnName const& name) const noexcept {
            return std::hash<std::string_view>{}(name.first) * 31 + std::hash<std::string_view>{}(name.second);
        }
    };
    std::unordered_map<ColumnName, Column, Hash> columns;
    for (Node node = 0; node < family.revisions.size(); ++node) {
        for (auto const& [field, value] : *family.revisions[node]->fields) {
            MergeRule const rule = wholeFields.contains(field) ? MergeRule::Whole : ruleOf(rules, field);
            if (rule == MergeRule::Whole) {
                columns[{field, {}}].add(node, value);
                continue;
            }
            columns[{field, {}}].add(node, kThere);
            for (json::Value const& element : *value.asArray()) {
                columns[{field, elementName(element, rule)}].add(node, elementValue(element, rule));
            }
        }
    }
    return {std::make_move_iterator(columns.begin()), std::make_move_iterator(columns.end())};
}

/// Computes maximal writers, one cell after the other.
class Merger {
public:
    explicit Merger(Family const& family)
        : m_family(family),
          m_history(family.parents),
          m_heads(m_history.heads()),
          m_value(family.revisions.size(), Column::kAbsent),
          m_writers(family.revisions.size()) {}

    [[nodiscard]] std::vector<Node> const& heads() const { return m_heads; }

    /// The maximal writers of the cell over the whole document. The others speak of this cell until the next run.
    Frontier run(Column const& column) {
        std::fill(m_value.begin(), m_value.end(), Column::kAbsent);
        for (auto const& [node, number] : column.entries) m_value[node] = number;
        for (Node node = 0; node < m_history.size(); ++node) {
            std::vector<Node> const& parents = m_history.parents(node);
            if (m_family.incomplete[node] || parents.empty()) {
                m_writers[node] = node;
                continue;
            }
            Frontier const before = joined(parents);
            bool const writes = !agree(before) || m_value[node] != agreed(before);
            m_writers[node] = writes ? node : before;
        }
        return joined(m_heads);
    }

    [[nodiscard]] std::span<Node const> nodes(Frontier writers) const { return m_history.nodes(writers); }
    [[nodiscard]] ObjectId const& id(Node node) const { return m_family.revisions[node]->id; }
    [[nodiscard]] std::uint32_t valueAt(Node node) const { return m_value[node]; }

    /// One value, or several equal.
    [[nodiscard]] bool agree(Frontier writers) const {
        auto const some = m_history.nodes(writers);
        return std::all_of(some.begin(), some.end(), [&](Node node) { return m_value[node] == m_value[some.front()]; });
    }
    /// REQUIRES: agree(writers).
    [[nodiscard]] std::uint32_t agreed(Frontier writers) const { return m_value[m_history.nodes(writers).front()]; }

    /// What the writers' common ancestors agree on: a value's number, kAbsent, or nothing if that is not known.
    std::optional<std::uint32_t> base(Frontier writers) {
        auto found = m_common.find(writers);
        if (found == m_common.end()) {
            History::Common common = m_history.common(writers);
            // What is missing below all of them lies below the common ones that we have. What is missing below some
            // might be common too, and newer.
            if (std::any_of(common.besides.begin(), common.besides.end(),
                            [&](Node node) { return m_family.incomplete[node]; })) {
                common.newest.clear();
            }
            found = m_common.emplace(writers, std::move(common.newest)).first;
        }
        if (found->second.empty()) return std::nullopt;
        Frontier const before = joined(found->second);
        if (!agree(before)) return std::nullopt;
        return agreed(before);
    }

private:
    Frontier joined(std::vector<Node> const& where) {
        Frontier const first = m_writers[where.front()];
        if (std::all_of(where.begin(), where.end(), [&](Node node) { return m_writers[node] == first; })) return first;
        std::vector<Frontier> frontiers;
        frontiers.reserve(where.size());
        for (Node node : where) frontiers.push_back(m_writers[node]);
        return m_history.join(std::move(frontiers));
    }

    Family const& m_family;
    History m_history;
    std::vector<Node> m_heads;
    std::vector<std::uint32_t> m_value;              // of this cell, by node
    std::vector<Frontier> m_writers;                 // of this cell: the maximal writers at each node
    std::map<Frontier, std::vector<Node>> m_common;  // newest common ancestors; empty: not known
};

Difference differenceOf(Merger& merger, ColumnName const& name, Column const& column, Frontier writers) {
    auto const valueOf = [&](std::uint32_t number) -> std::optional<json::Value> {
        if (number == Column::kAbsent) return std::nullopt;
        return *column.values[number];
    };
    Difference difference;
    difference.field = name.first;
    difference.element = name.second;
    if (auto const base = merger.base(writers)) {
        difference.baseKnown = true;
        difference.base = valueOf(*base);
    }
    std::map<std::uint32_t, Side> sides;
    for (Node writer : merger.nodes(writers)) {
        auto const [side, isNew] = sides.try_emplace(merger.valueAt(writer));
        if (isNew) side->second.value = valueOf(side->first);
        side->second.writers.push_back(merger.id(writer));
    }
    for (auto& [number, side] : sides) {
        std::sort(side.writers.begin(), side.writers.end());
        difference.sides.push_back(std::move(side));
    }
    std::sort(difference.sides.begin(), difference.sides.end(),
              [](Side const& a, Side const& b) { return a.writers.front() < b.writers.front(); });
    return difference;
}

std::string cellText(Cell const& cell) {
    return cell.second.empty() ? cell.first : cell.first + "[" + cell.second + "]";
}

/// The elements that were chosen for one field, by name; null: absent.
using ChosenElements = std::map<std::string_view, json::Value const*>;

/// A sorted array with what was chosen put in, changed and taken out: one pass over both.
json::Array withElements(json::Array&& array, ChosenElements const& chosen, MergeRule rule) {
    json::Array result;
    result.reserve(array.size() + chosen.size());
    auto next = chosen.begin();
    auto const take = [&] {
        if (next->second != nullptr) result.push_back(elementFrom(next->first, *next->second, rule));
        ++next;
    };
    for (json::Value& element : array) {
        std::string_view const name = elementName(element, rule);
        while (next != chosen.end() && next->first < name) take();
        if (next != chosen.end() && next->first == name)
            take();
        else
            result.push_back(std::move(element));
    }
    while (next != chosen.end()) take();
    return result;
}

/// One value that is not of its rule's form, anywhere, makes the field one cell: elements of some revisions cannot be
/// compared with a whole of others. So do more elements than anybody would look through one by one.
bool mergesWhole(Family const& family, std::string_view field, MergeRule rule) {
    std::unordered_set<std::string_view> names;
    for (MergeRevision const* revision : family.revisions) {
        json::Value const* const value = revision->fields->find(field);
        if (value == nullptr) continue;
        if (!hasForm(*value, rule)) return true;
        if (rule == MergeRule::Whole) continue;
        for (json::Value const& element : *value->asArray()) names.insert(elementName(element, rule));
        if (names.size() > kMergedElementsMax) return true;
    }
    return false;
}

}  // namespace

Merged merge(std::vector<MergeRevision> const& revisions, MergeRules const& rules) {
    if (revisions.size() == 1 && revisions.front().usable && revisions.front().fields != nullptr) {
        // Most documents have one version, which is then all there is to say.
        MergeRevision const& only = revisions.front();
        Merged merged;
        merged.heads = {only.id};
        merged.fields = *only.fields;
        merged.missing = only.parents;
        sortUnique(merged.missing);
        return merged;
    }
    Family const family = familyOf(revisions);
    Merger merger(family);
    Merged merged;
    merged.missing = family.missing;
    for (Node head : merger.heads()) merged.heads.push_back(merger.id(head));
    std::sort(merged.heads.begin(), merged.heads.end());
    if (merged.heads.empty()) return merged;
    if (merged.heads.size() == 1) {
        // Every cell's maximal writers lie at or below the one head, which either wrote it or agrees with them.
        merged.fields = *family.revisions[merger.heads().front()]->fields;
        return merged;
    }

    std::set<std::string_view, std::less<>> wholeFields;
    for (auto const& [field, rule] : rules) {
        if (mergesWhole(family, field, rule)) wholeFields.insert(field);
    }

    std::map<std::string, json::Array> arrays;
    for (auto const& [name, column] : columnsOf(family, rules, wholeFields)) {
        std::string const field(name.first);
        MergeRule const rule = wholeFields.contains(name.first) ? MergeRule::Whole : ruleOf(rules, name.first);
        bool const isArrayItself = rule != MergeRule::Whole && name.second.empty();
        Frontier const writers = merger.run(column);
        auto const who = merger.nodes(writers);
        bool present = false;
        if (isArrayItself) {
            // Nobody is asked whether an empty list or none is meant: one who wants it there is enough.
            present =
                std::any_of(who.begin(), who.end(), [&](Node node) { return merger.valueAt(node) != Column::kAbsent; });
            if (present) arrays[field];
        } else if (!merger.agree(writers)) {
            merged.differences.push_back(differenceOf(merger, name, column, writers));
        } else if (std::uint32_t const number = merger.agreed(writers); number != Column::kAbsent) {
            present = true;
            if (rule == MergeRule::Whole) {
                merged.fields.set(field, *column.values[number]);
            } else {
                arrays[field].push_back(elementFrom(name.second, *column.values[number], rule));
            }
        }
        if (!present) continue;
        std::vector<ObjectId>& ids = merged.writers[field];
        for (Node node : who) ids.push_back(merger.id(node));
    }
    for (auto& [field, array] : arrays) merged.fields.set(field, std::move(array));
    for (auto& [field, ids] : merged.writers) sortUnique(ids);
    return merged;
}

std::optional<std::string_view> tooMuchToMerge(json::Object const& fields, MergeRules const& rules) {
    if (fields.size() > kFieldsMax) return "too-many-fields";
    std::size_t elements = 0;
    for (auto const& [field, rule] : rules) {
        json::Value const* const value = fields.find(field);
        json::Array const* const array = value == nullptr ? nullptr : value->asArray();
        if (array != nullptr && rule != MergeRule::Whole) elements += array->size();
    }
    if (elements > kElementsMax) return "too-many-rows";
    return std::nullopt;
}

Result<json::Object> resolved(Merged const& merged, MergeRules const& rules,
                              std::map<Cell, std::optional<json::Value>> const& choices) {
    json::Object fields = merged.fields;
    std::set<Cell> open;
    std::map<std::string_view, ChosenElements> elements;
    std::string stillOpen;
    for (Difference const& difference : merged.differences) {
        Cell const cell(difference.field, difference.element);
        open.insert(cell);
        auto const choice = choices.find(cell);
        if (choice == choices.end()) {
            stillOpen += (stillOpen.empty() ? "" : ", ") + cellText(cell);
            continue;
        }
        std::optional<json::Value> const& value = choice->second;
        if (cell.second.empty()) {
            if (value) {
                fields.set(cell.first, *value);
            } else {
                fields.erase(cell.first);
            }
            continue;
        }
        MergeRule const rule = ruleOf(rules, cell.first);
        if (value) {
            json::Value const element = elementFrom(cell.second, *value, rule);
            if (!hasForm(json::Array{element}, rule) || elementName(element, rule) != cell.second) {
                return makeError(ErrorCode::Usage, "merge.not-that-element",
                                 cellText(cell) + " takes an element of that name, or nothing");
            }
        }
        if (fields.find(cell.first) == nullptr) {
            if (!value) continue;
            fields.set(cell.first, json::Array{});
        }
        elements[difference.field][difference.element] = value ? &*value : nullptr;
    }
    for (auto const& [field, chosen] : elements) {
        json::Array* const array = fields.find(field)->asArray();
        ensure(array != nullptr, "resolve: a field that differs by element is an array");
        *array = withElements(std::move(*array), chosen, ruleOf(rules, field));
    }
    for (auto const& [cell, value] : choices) {
        if (!open.contains(cell)) {
            return makeError(ErrorCode::NotFound, "merge.no-difference", cellText(cell) + " is not open");
        }
    }
    if (!stillOpen.empty()) return makeError(ErrorCode::Waiting, "merge.still-open", std::move(stillOpen));
    return fields;
}

std::vector<Change> diff(json::Object const& a, json::Object const& b, MergeRules const& rules) {
    using Both = std::pair<json::Value const*, json::Value const*>;
    std::map<std::string_view, Both> fields;
    for (auto const& [field, value] : a) fields[field].first = &value;
    for (auto const& [field, value] : b) fields[field].second = &value;

    auto const copy = [](json::Value const* value) -> std::optional<json::Value> {
        if (value == nullptr) return std::nullopt;
        return *value;
    };
    std::vector<Change> changes;
    for (auto const& [field, both] : fields) {
        auto const& [before, after] = both;
        if (before != nullptr && after != nullptr && *before == *after) continue;
        MergeRule const rule = ruleOf(rules, field);
        bool const byElement = rule != MergeRule::Whole && (before == nullptr || hasForm(*before, rule)) &&
                               (after == nullptr || hasForm(*after, rule));
        std::map<std::string_view, Both> elements;
        if (byElement) {
            if (before != nullptr) {
                for (json::Value const& element : *before->asArray())
                    elements[elementName(element, rule)].first = &elementValue(element, rule);
            }
            if (after != nullptr) {
                for (json::Value const& element : *after->asArray())
                    elements[elementName(element, rule)].second = &elementValue(element, rule);
            }
        }
        if (elements.empty()) {
            changes.push_back({std::string(field), {}, copy(before), copy(after)});
            continue;
        }
        for (auto const& [name, values] : elements) {
            if (values.first != nullptr && values.second != nullptr && *values.first == *values.second) continue;
            changes.push_back({std::string(field), std::string(name), copy(values.first), copy(values.second)});
        }
    }
    return changes;
}

}  // namespace spiral::model
