#include "merge_oracle.h"

#include <algorithm>
#include <set>

namespace spiral::model {
namespace {

using Ids = std::set<ObjectId>;
using Content = std::optional<json::Value>;

class Definition {
public:
    Definition(std::vector<MergeRevision> const& revisions, MergeRules const& rules) : m_rules(rules) {
        for (MergeRevision const& revision : revisions) {
            if (revision.fields != nullptr) m_given.emplace(revision.id, &revision);
        }
        for (auto const& [id, revision] : m_given) {
            if (revision->usable) m_usable.insert(id);
        }
    }

    Merged merged() {
        Merged result;
        Ids missing;
        for (ObjectId const& id : m_usable) {
            missing.merge(unknownParents(id));
            if (std::none_of(m_usable.begin(), m_usable.end(),
                             [&](ObjectId const& other) { return isAncestor(id, other); }))
                result.heads.push_back(id);
        }
        result.missing.assign(missing.begin(), missing.end());
        if (result.heads.size() == 1) {
            result.fields = *m_given.at(result.heads.front())->fields;
            return result;
        }
        for (Cell const& cell : allCells()) {
            Ids const writers = maximalWriters(m_usable, cell);
            std::vector<std::pair<Content, Ids>> sides = valuesOf(writers, cell);
            bool const isArray = byElement(cell.first) && cell.second.empty();
            if (isArray) {
                bool const there =
                    std::any_of(sides.begin(), sides.end(), [](auto const& side) { return side.first.has_value(); });
                if (there && result.fields.find(cell.first) == nullptr) result.fields.set(cell.first, json::Array{});
                if (there) note(result, cell, writers);
            } else if (sides.size() > 1) {
                result.differences.push_back(difference(cell, sides, writers));
            } else if (sides.size() == 1 && sides.front().first) {
                put(result.fields, cell, *sides.front().first);
                note(result, cell, writers);
            }
        }
        return result;
    }

private:
    // ------------------------------------------------------------------------------------------------- the graph
    Ids usableParents(ObjectId const& id) const {
        Ids result;
        for (ObjectId const& parent : m_given.at(id)->parents) {
            if (m_usable.contains(parent)) {
                result.insert(parent);
            } else if (m_given.contains(parent)) {
                result.merge(usableParents(parent));
            }
        }
        return result;
    }
    Ids unknownParents(ObjectId const& id) const {
        Ids result;
        for (ObjectId const& parent : m_given.at(id)->parents) {
            if (!m_given.contains(parent)) {
                result.insert(parent);
            } else if (!m_usable.contains(parent)) {
                result.merge(unknownParents(parent));
            }
        }
        return result;
    }
    Ids const& ancestors(ObjectId const& id) {
        auto const [place, isNew] = m_ancestors.try_emplace(id);
        if (isNew) {
            Ids all;
            for (ObjectId const& parent : usableParents(id)) {
                all.insert(parent);
                all.insert(ancestors(parent).begin(), ancestors(parent).end());
            }
            m_ancestors[id] = std::move(all);
        }
        return m_ancestors[id];
    }
    bool isAncestor(ObjectId const& older, ObjectId const& younger) { return ancestors(younger).contains(older); }

    // ------------------------------------------------------------------------------------------------- the cells
    bool byElement(std::string const& field) const {
        auto const rule = m_rules.find(field);
        if (rule == m_rules.end() || rule->second == MergeRule::Whole) return false;
        return std::all_of(m_usable.begin(), m_usable.end(), [&](ObjectId const& id) {
            json::Value const* const value = m_given.at(id)->fields->find(field);
            return value == nullptr || wellFormed(*value, rule->second);
        });
    }
    static std::string elementOf(json::Value const& value, MergeRule rule) {
        std::string const* name = nullptr;
        if (rule == MergeRule::Set) name = value.asString();
        if (rule == MergeRule::Rows && value.asObject() != nullptr) name = json::stringAt(*value.asObject(), "id");
        if (rule == MergeRule::Map && value.asObject() != nullptr && value.asObject()->size() == 2 &&
            value.asObject()->find("v") != nullptr)
            name = json::stringAt(*value.asObject(), "k");
        return name == nullptr ? std::string() : *name;
    }
    static bool wellFormed(json::Value const& value, MergeRule rule) {
        if (value.asArray() == nullptr) return false;
        std::vector<std::string> names;
        for (json::Value const& element : *value.asArray()) names.push_back(elementOf(element, rule));
        return std::find(names.begin(), names.end(), "") == names.end() && std::is_sorted(names.begin(), names.end()) &&
               std::set<std::string>(names.begin(), names.end()).size() == names.size();
    }
    std::set<Cell> allCells() const {
        std::set<Cell> cells;
        for (ObjectId const& id : m_usable) {
            for (auto const& [field, value] : *m_given.at(id)->fields) {
                cells.insert({field, ""});
                if (!byElement(field)) continue;
                for (json::Value const& element : *value.asArray())
                    cells.insert({field, elementOf(element, m_rules.find(field)->second)});
            }
        }
        return cells;
    }
    Content content(ObjectId const& id, Cell const& cell) const {
        json::Value const* const value = m_given.at(id)->fields->find(cell.first);
        if (value == nullptr) return std::nullopt;
        if (!byElement(cell.first)) return *value;
        if (cell.second.empty()) return json::Value(true);
        for (json::Value const& element : *value->asArray()) {
            if (elementOf(element, m_rules.find(cell.first)->second) == cell.second) return element;
        }
        return std::nullopt;
    }

    // ------------------------------------------------------------------------------------------------- the rule
    bool writes(ObjectId const& id, Cell const& cell) {
        auto const known = m_writes.find({id, cell});
        if (known != m_writes.end()) return known->second;
        bool result = true;
        Ids const parents = usableParents(id);
        if (!parents.empty() && unknownParents(id).empty()) {
            auto const values = valuesOf(maximalWriters(ancestors(id), cell), cell);
            result = values.size() != 1 || values.front().first != content(id, cell);
        }
        m_writes[{id, cell}] = result;
        return result;
    }
    /// Of a set that holds with each revision all its ancestors.
    Ids maximalWriters(Ids const& among, Cell const& cell) {
        Ids writers;
        for (ObjectId const& id : among) {
            if (writes(id, cell)) writers.insert(id);
        }
        Ids result;
        for (ObjectId const& id : writers) {
            if (std::none_of(writers.begin(), writers.end(),
                             [&](ObjectId const& other) { return isAncestor(id, other); }))
                result.insert(id);
        }
        return result;
    }
    std::vector<std::pair<Content, Ids>> valuesOf(Ids const& writers, Cell const& cell) const {
        std::vector<std::pair<Content, Ids>> sides;  // in the order of their first writers
        for (ObjectId const& writer : writers) {
            Content const value = content(writer, cell);
            auto side =
                std::find_if(sides.begin(), sides.end(), [&](auto const& known) { return known.first == value; });
            if (side == sides.end()) side = sides.insert(sides.end(), {value, {}});
            side->second.insert(writer);
        }
        return sides;
    }
    Difference difference(Cell const& cell, std::vector<std::pair<Content, Ids>> const& sides, Ids const& writers) {
        Difference result;
        result.field = cell.first;
        result.element = cell.second;
        for (auto const& [value, ids] : sides)
            result.sides.push_back({shownValue(cell, value), {ids.begin(), ids.end()}});
        Ids common = ancestors(*writers.begin());
        for (ObjectId const& writer : writers) {
            Ids both;
            std::set_intersection(common.begin(), common.end(), ancestors(writer).begin(), ancestors(writer).end(),
                                  std::inserter(both, both.begin()));
            common = both;
        }
        bool known = !common.empty();
        for (ObjectId const& writer : writers) {
            Ids line = ancestors(writer);
            line.insert(writer);
            for (ObjectId const& id : line) known = known && (common.contains(id) || unknownParents(id).empty());
        }
        if (!known) return result;
        auto const values = valuesOf(maximalWriters(common, cell), cell);
        if (values.size() != 1) return result;
        result.baseKnown = true;
        result.base = shownValue(cell, values.front().first);
        return result;
    }

    Content shownValue(Cell const& cell, Content const& value) const {
        bool const isMapEntry = value && !cell.second.empty() && m_rules.find(cell.first)->second == MergeRule::Map;
        return isMapEntry ? Content(*value->asObject()->find("v")) : value;
    }
    static void put(json::Object& fields, Cell const& cell, json::Value const& value) {
        if (cell.second.empty()) {
            fields.set(cell.first, value);
            return;
        }
        if (fields.find(cell.first) == nullptr) fields.set(cell.first, json::Array{});
        fields.find(cell.first)->asArray()->push_back(value);  // cells come sorted
    }
    static void note(Merged& result, Cell const& cell, Ids const& writers) {
        std::vector<ObjectId>& known = result.writers[cell.first];
        Ids all(known.begin(), known.end());
        all.insert(writers.begin(), writers.end());
        known.assign(all.begin(), all.end());
    }

    MergeRules const& m_rules;
    std::map<ObjectId, MergeRevision const*> m_given;
    Ids m_usable;
    std::map<ObjectId, Ids> m_ancestors;
    std::map<std::pair<ObjectId, Cell>, bool> m_writes;
};

}  // namespace

Merged mergedByDefinition(std::vector<MergeRevision> const& revisions, MergeRules const& rules) {
    return Definition(revisions, rules).merged();
}

}  // namespace spiral::model
