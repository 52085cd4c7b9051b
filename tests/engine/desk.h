// Small words for telling what happens to one document: desk.writes("r1"), desk.does("s1", "submit", "r1").
#pragma once

#include "engine/workflow.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <deque>
#include <string>
#include <vector>

namespace spiral::engine {

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

inline Day day(std::string_view text) { return *parseDay(text); }

/// What is said with an act.
struct Said {
    std::string comment;
    std::string until;
    std::vector<std::string> settles;
    std::optional<PersonId> person{};
};

class Desk {
public:
    explicit Desk(std::string_view type) : m_type(model::TypeCatalogue::builtIn().find(type)) {
        REQUIRE(m_type != nullptr);
        m_workflow = WorkflowCatalogue::builtIn().find(m_type->workflow);
    }
    Desk(Workflow const& workflow, std::string_view type) : Desk(type) { m_workflow = &workflow; }

    /// A revision on the newest one.
    Desk& writes(std::string_view name, json::Object fields) {
        std::vector<std::string> parents;
        if (!m_revisions.empty()) parents.push_back(nameOf(m_revisions.back().id));
        return writes(name, parents, std::move(fields));
    }
    Desk& writes(std::string_view name, std::vector<std::string> const& parents, json::Object fields,
                 bool usable = true) {
        model::MergeRevision revision;
        revision.id = idOf(name);
        for (std::string const& parent : parents) revision.parents.push_back(idOf(parent));
        m_fields.push_back(std::move(fields));
        revision.fields = &m_fields.back();
        revision.usable = usable;
        m_revisions.push_back(std::move(revision));
        return *this;
    }
    /// An act after all acts so far.
    Desk& does(std::string_view name, std::string_view action, std::string_view of, Said const& said = {}) {
        return doesAfter(name, namesWithoutLater(), action, of, said);
    }
    Desk& doesAfter(std::string_view name, std::vector<std::string> const& after, std::string_view action,
                    std::string_view of, Said const& said = {}) {
        Act act;
        act.id = idOf(name);
        act.action = action;
        act.of = idOf(of);
        act.time = Instant(std::chrono::hours(24 * (20000 + static_cast<int>(m_acts.size()))));
        for (std::string const& earlier : after) act.after.push_back(idOf(earlier));
        for (std::string const& settled : said.settles) act.settles.push_back(idOf(settled));
        std::sort(act.after.begin(), act.after.end());
        std::sort(act.settles.begin(), act.settles.end());
        act.comment = said.comment;
        act.person = said.person;
        if (!said.until.empty()) act.until = day(said.until);
        m_acts.push_back(std::move(act));
        return *this;
    }
    Desk& forgets(std::string_view name) {
        std::erase_if(m_acts, [&](Act const& act) { return act.id == idOf(name); });
        return *this;
    }

    [[nodiscard]] Facts facts() {
        m_merged = model::merge(m_revisions, m_type->mergeRules());
        Facts facts;
        facts.type = m_type;
        facts.workflow = m_workflow;
        facts.merged = &m_merged;
        facts.revisions = &m_revisions;
        facts.acts = m_acts;
        return facts;
    }
    [[nodiscard]] Standing standing() { return stand(facts()); }
    [[nodiscard]] std::string state() { return standing().state; }
    [[nodiscard]] ActEffect effect(std::string_view name) { return standing().effects.at(idOf(name)); }
    [[nodiscard]] Result<json::Object> prepares(std::string_view action, std::string_view of, Said const& said = {}) {
        Intent intent;
        intent.action = action;
        intent.of = idOf(of);
        intent.comment = said.comment;
        intent.assignee = said.person;
        if (!said.until.empty()) intent.until = day(said.until);
        Facts const all = facts();
        return prepare(all, stand(all), intent);
    }
    /// The reason why not, or "" if it may be done.
    [[nodiscard]] std::string refusal(std::string_view action, std::string_view of, Said const& said = {}) {
        auto const body = prepares(action, of, said);
        return body ? "" : body.error().reason;
    }
    [[nodiscard]] std::string possibleNow() {
        Facts const all = facts();
        std::string names;
        for (std::string const& name : possible(all, stand(all))) names += (names.empty() ? "" : " ") + name;
        return names;
    }
    std::vector<Act>& acts() { return m_acts; }

private:
    std::vector<std::string> namesWithoutLater() const {
        std::vector<std::string> names;
        for (Act const& act : m_acts) {
            bool const followed = std::any_of(m_acts.begin(), m_acts.end(), [&](Act const& other) {
                return std::find(other.after.begin(), other.after.end(), act.id) != other.after.end();
            });
            if (!followed) names.push_back(nameOf(act.id));
        }
        return names;
    }

    model::DocumentType const* m_type = nullptr;
    Workflow const* m_workflow = nullptr;
    std::deque<json::Object> m_fields;
    std::vector<model::MergeRevision> m_revisions;
    model::Merged m_merged;
    std::vector<Act> m_acts;
};

inline std::string shown(std::optional<Day> const& day) { return day ? toText(*day) : "-"; }

/// "1 due 2026-03-01 s1 f1 recheck-fail; 2 …"
inline std::string shown(std::vector<Round> const& rounds) {
    std::string text;
    for (Round const& round : rounds) {
        text += (text.empty() ? "" : "; ") + std::to_string(round.number) + " due " + shown(round.due);
        if (round.submitted) text += " " + nameOf(*round.submitted);
        if (round.verdict) text += " " + nameOf(*round.verdict) + " " + round.verdictAction;
    }
    return text;
}

inline std::string shown(Standing const& standing) {
    std::string text = standing.state + (standing.closed ? " closed" : "") + (standing.disputed ? " disputed" : "") +
                       (standing.changedAfter ? " changed" : "") + (standing.dueEdited ? " due-edited" : "");
    text +=
        " disputes:" + namesOf(standing.disputes) + " last:" + namesOf(standing.last) + " due:" + shown(standing.due);
    text += " revision:" + (standing.revision ? nameOf(*standing.revision) : "-");
    text += " round:" + std::to_string(standing.round) + " failed:" + std::to_string(standing.failedRounds);
    text += " rounds:" + shown(standing.rounds) + " effects:";
    for (auto const& [id, effect] : standing.effects)
        text += " " + nameOf(id) + "=" + std::to_string(static_cast<int>(effect));
    if (standing.lastAction) text += " at " + toText(*standing.lastAction);
    return text;
}

}  // namespace spiral::engine
