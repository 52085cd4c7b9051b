#include "engine/assignment.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace spiral::engine {

std::string assignComment(PersonId const& person, std::string_view reason) {
    bool const blank = reason.find_first_not_of(" \t\r\n") == std::string_view::npos;
    // Without a reason there is no comment: the workflow refuses it, which naming a person alone must not get around.
    return blank ? std::string() : "@" + person.text() + "\n" + std::string(reason);
}

std::optional<Assigned> assignedBy(Act const& act) {
    if (act.action != "assign" || !act.comment.starts_with('@')) return std::nullopt;
    auto const line = act.comment.find('\n');
    auto const person =
        PersonId::parse(std::string_view(act.comment).substr(1, line == std::string::npos ? line : line - 1));
    if (!person) return std::nullopt;
    return Assigned{*person, line == std::string::npos ? std::string() : act.comment.substr(line + 1)};
}

std::optional<PersonId> assignedPerson(std::vector<Act> const& acts, Standing const& standing) {
    std::map<ObjectId, Act const*> byId;
    for (auto const& act : acts) byId.emplace(act.id, &act);
    auto const counts = [&](Act const& act) {
        auto const effect = standing.effects.find(act.id);
        return effect != standing.effects.end() && effect->second == ActEffect::Counts && assignedBy(act).has_value();
    };
    // Everything that lies below an assignment, by what acts follow.
    std::set<ObjectId> followed;
    std::vector<ObjectId> open;
    for (auto const& act : acts) {
        if (counts(act)) open.insert(open.end(), act.after.begin(), act.after.end());
    }
    while (!open.empty()) {
        ObjectId const id = open.back();
        open.pop_back();
        if (!followed.insert(id).second) continue;
        if (auto const found = byId.find(id); found != byId.end()) {
            open.insert(open.end(), found->second->after.begin(), found->second->after.end());
        }
    }
    Act const* last = nullptr;
    for (auto const& act : acts) {
        if (!counts(act) || followed.contains(act.id)) continue;
        if (!last || std::tie(last->time, last->id) < std::tie(act.time, act.id)) last = &act;
    }
    return last ? std::optional(assignedBy(*last)->person) : std::nullopt;
}

}  // namespace spiral::engine
