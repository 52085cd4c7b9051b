// Small words for telling histories: story.writes("b", {"a"}, {{"title", "二"}}).
#pragma once

#include "model/merge.h"

#include <algorithm>
#include <deque>
#include <string>
#include <vector>

namespace spiral::model {

/// An id that begins with the bytes of its name, so that ids sort as their names do.
inline ObjectId idOf(std::string_view name) {
    ObjectId id;
    std::copy(name.begin(), name.end(), id.raw.begin());
    return id;
}

inline std::string nameOf(ObjectId const& id) {
    std::string name;
    for (std::uint8_t byte : id.raw) {
        if (byte != 0) name += static_cast<char>(byte);
    }
    return name;
}

inline std::string namesOf(std::vector<ObjectId> const& ids) {
    std::string names;
    for (ObjectId const& id : ids) names += (names.empty() ? "" : " ") + nameOf(id);
    return names;
}

class Story {
public:
    Story& writes(std::string_view name, std::vector<std::string> const& parents, json::Object fields,
                  bool usable = true) {
        MergeRevision revision;
        revision.id = idOf(name);
        for (std::string const& parent : parents) revision.parents.push_back(idOf(parent));
        m_fields.push_back(std::move(fields));
        revision.fields = &m_fields.back();
        revision.usable = usable;
        m_revisions.push_back(std::move(revision));
        return *this;
    }
    /// Authority sets it aside.
    Story& writesInVain(std::string_view name, std::vector<std::string> const& parents, json::Object fields) {
        return writes(name, parents, std::move(fields), false);
    }
    /// What somebody sees to whom these have not come.
    [[nodiscard]] std::vector<MergeRevision> without(std::vector<std::string> const& names) const {
        std::vector<MergeRevision> result;
        for (MergeRevision const& revision : m_revisions) {
            if (std::find(names.begin(), names.end(), nameOf(revision.id)) == names.end()) result.push_back(revision);
        }
        return result;
    }
    [[nodiscard]] std::vector<MergeRevision> const& revisions() const { return m_revisions; }
    [[nodiscard]] Merged merged(MergeRules const& rules = {}) const { return merge(m_revisions, rules); }

private:
    std::deque<json::Object> m_fields;
    std::vector<MergeRevision> m_revisions;
};

inline std::string shown(std::optional<json::Value> const& value) {
    if (!value) return "-";
    std::string const* const text = value->asString();
    return text != nullptr ? *text : json::encode(*value);
}

/// "title: old -> one by b | two by c"
inline std::string shown(Difference const& difference) {
    std::string text = difference.field;
    if (!difference.element.empty()) text += "[" + difference.element + "]";
    text += ": " + (difference.baseKnown ? shown(difference.base) : "?") + " ->";
    std::string bar = " ";
    for (Side const& side : difference.sides) {
        text += bar + shown(side.value) + " by " + namesOf(side.writers);
        bar = " | ";
    }
    return text;
}

inline std::string shown(std::vector<Difference> const& differences) {
    std::string text;
    for (Difference const& difference : differences) text += (text.empty() ? "" : "\n") + shown(difference);
    return text;
}

}  // namespace spiral::model
