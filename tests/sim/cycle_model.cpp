#include "cycle_model.h"

#include "base/sha256.h"

#include <algorithm>

namespace spiral::sim {
namespace {

constexpr std::size_t kFilledMax = 4096;  // longer texts are read where they stand

std::string textAt(json::Object const& fields, std::string const& name) {
    std::string const* const text = json::stringAt(fields, name);
    return text == nullptr ? std::string() : *text;
}
std::optional<Day> dayAt(json::Object const& fields, std::string const& name) { return parseDay(textAt(fields, name)); }
std::string bareName(std::string const& type) { return type.substr(0, type.rfind(".v")); }

/// One document's asking, rule by rule.
class Asks {
public:
    Asks(DocumentKey const& key, StandModel const& stand, std::map<ObjectId, json::Object const*> const& revisions)
        : m_key(key), m_stand(stand), m_revisions(revisions) {}

    std::map<DocumentKey, AskedModel> all(WorkflowRule const& workflow) {
        for (AskRule const& rule : workflow.asks) {
            if (rule.states.contains(m_stand.state) && m_stand.submitted) ask(rule, *m_stand.submitted, nullptr, 0);
            int number = 0;
            for (RoundModel const& round : m_stand.rounds) {
                ++number;
                if (round.verdict && round.verdict->name == rule.verdict) ask(rule, round.verdict->of, &round, number);
            }
        }
        return std::move(m_asked);
    }

private:
    struct Place {
        json::Object const* row = nullptr;
        std::string id, unit;
    };
    json::Value const* valueAt(json::Object const& fields, Place const& place, std::string const& name) const {
        json::Value const* const column = place.row == nullptr ? nullptr : place.row->find(name);
        return column != nullptr ? column : fields.find(name);
    }
    void ask(AskRule const& rule, ObjectId const& by, RoundModel const* round, int number) {
        auto const found = m_revisions.find(by);
        if (found == m_revisions.end()) return;
        json::Object const& fields = *found->second;
        if (rule.rows.empty()) return askAt(rule, by, fields, {}, round, number);
        json::Array const* const rows = json::arrayAt(fields, rule.rows);
        if (rows == nullptr) return;
        for (json::Value const& row : *rows) {
            if (row.asObject() == nullptr || json::stringAt(*row.asObject(), "id") == nullptr) continue;
            askAt(rule, by, fields, {row.asObject(), textAt(*row.asObject(), "id"), {}}, round, number);
        }
    }
    void askAt(AskRule const& rule, ObjectId const& by, json::Object const& fields, Place place,
               RoundModel const* round, int number) {
        if (rule.units.empty()) return add(rule, by, fields, place, m_key.first, round, number);
        json::Value const* const units = valueAt(fields, place, rule.units);
        if (units == nullptr) return;
        json::Array const list = units->asArray() != nullptr ? *units->asArray() : json::Array{*units};
        for (json::Value const& unit : list) {
            auto const scope = unit.asString() == nullptr ? std::nullopt : Scope::parse("unit/" + *unit.asString());
            // Whoever can see what is asked of a unit must be able to see who asks.
            if (!scope || (*scope != m_key.first && m_key.first != Scope::college())) continue;
            place.unit = *unit.asString();
            add(rule, by, fields, place, *scope, round, number);
        }
    }
    void add(AskRule const& rule, ObjectId const& by, json::Object const& fields, Place const& place,
             Scope const& scope, RoundModel const* round, int number) {
        AskedModel asked;
        asked.asking = m_key;
        asked.rule = rule.name;
        asked.type = rule.type;
        asked.by = by;
        asked.due = round != nullptr ? round->until : m_stand.due;
        if (!rule.due.empty() && place.row != nullptr) {
            if (auto const own = dayAt(*place.row, rule.due)) asked.due = own;
        }
        if (round != nullptr && !round->verdict->comment.empty()) asked.comments = {round->verdict->comment};
        asked.fields = filled(rule, by, fields, place, round);
        std::string const row = round != nullptr ? place.id + "#" + std::to_string(number) : place.id;
        DocumentId const doc = askedId(m_key, rule.name, row, place.unit, scope);
        if (auto const part = m_stand.parts.find(doc); part != m_stand.parts.end()) {
            if (part->second.due) asked.due = part->second.due;
            asked.person = part->second.person;
            asked.takenBack = part->second.takenBack;
            asked.comments.merge(std::set(part->second.comments));
        }
        asked.leftOver = m_stand.left.contains(doc);
        m_asked.emplace(DocumentKey(scope, doc), std::move(asked));
    }
    json::Object filled(AskRule const& rule, ObjectId const& by, json::Object const& fields, Place const& place,
                        RoundModel const* round) const {
        json::Object made;
        for (FillRule const& fill : rule.fields) {
            if (fill.from.starts_with("=")) {
                made.set(fill.to, fill.from.substr(1));
            } else if (fill.from == "!reason") {
                if (!round->verdict->comment.empty()) made.set(fill.to, round->verdict->comment);
            } else if (fill.from == "@unit") {
                if (!place.unit.empty()) made.set(fill.to, place.unit);
            } else if (fill.from == "@row") {
                if (!place.id.empty()) made.set(fill.to, place.id);
            } else if (json::Value const* const value = valueAt(fields, place, fill.from)) {
                bool const isLong = value->asString() != nullptr && value->asString()->size() > kFilledMax;
                if (!isLong) made.set(fill.to, *value);
            }
        }
        if (!rule.link.empty()) {
            made.set(rule.link,
                     json::Object{{"doc", m_key.second.hex()}, {"revision", by.hex()}, {"scope", m_key.first.text()}});
        }
        return made;
    }

    DocumentKey const& m_key;
    StandModel const& m_stand;
    std::map<ObjectId, json::Object const*> const& m_revisions;
    std::map<DocumentKey, AskedModel> m_asked;
};

}  // namespace

std::set<std::string> const& CycleModel::types() {
    static std::set<std::string> const known{"cycle.v1", "element.v1", "point.v1", "task.v1"};
    return known;
}

DocumentId askedId(DocumentKey const& asking, std::string const& rule, std::string const& row, std::string const& unit,
                   Scope const& scope) {
    std::string text = "spiral-expects\n";
    for (std::string const& part : {asking.first.text(), asking.second.hex(), rule, row, unit, scope.text()})
        text += std::to_string(part.size()) + ":" + part + "\n";
    return *DocumentId::fromHex(sha256(asBytes(text)).hex().substr(0, 2 * DocumentId::size));
}

CycleModel::CycleModel(Facts const& facts, Model& model)
    : m_facts(facts), m_model(model), m_documents(model.documents()) {
    std::set<DocumentKey> open;
    for (auto const& [key, rows] : m_documents) open.insert(key);
    // Who is asked is known once those who ask are read. No chain of asking goes in a circle.
    while (!open.empty()) {
        DocumentKey const key = *open.begin();
        open.erase(open.begin());
        std::map<DocumentKey, AskedModel> before;
        if (auto const known = m_listed.find(key); known != m_listed.end()) before = known->second.asks;
        look(key);
        std::map<DocumentKey, AskedModel> now;
        if (auto const known = m_listed.find(key); known != m_listed.end()) now = known->second.asks;
        for (auto const& [asked, what] : before) {
            if (now.contains(asked)) continue;
            m_asked.erase(asked);
            open.insert(asked);
        }
        for (auto const& [asked, what] : now) {
            if (auto const known = before.find(asked); known != before.end() && known->second == what) continue;
            m_asked[asked] = what;
            open.insert(asked);
        }
    }
}

void CycleModel::look(DocumentKey const& key) {
    auto const rows = m_documents.find(key);
    auto const asked = m_asked.find(key);
    if (rows == m_documents.end() && asked == m_asked.end()) {
        m_listed.erase(key);
        return;
    }
    m_listed[key] = list(key, rows == m_documents.end() ? std::vector<ObjectId>() : rows->second,
                         asked == m_asked.end() ? nullptr : &asked->second);
}

/// The type's name is that of what the document began with; where it began as several, that of most persons, then of
/// the one that claims to be older.
std::string CycleModel::typeOf(std::vector<ObjectId> const& revisions, std::vector<ObjectId> const& rows) {
    std::vector<ObjectId> roots;
    for (ObjectId const& id : revisions) {
        if (revision(id).parents.empty()) roots.push_back(id);
    }
    for (ObjectId const& id : roots.empty() ? revisions : std::vector<ObjectId>()) {
        auto const& parents = revision(id).parents;
        bool const isFirst = std::none_of(parents.begin(), parents.end(), [&](ObjectId const& parent) {
            return std::find(revisions.begin(), revisions.end(), parent) != revisions.end();
        });
        if (isFirst) roots.push_back(id);
    }
    std::map<std::string, std::set<PersonId>> behind;
    for (ObjectId const& row : rows) {
        if (!m_model.opinion(row).stands()) continue;
        RowObject const& object = m_facts.rows.at(row);
        if (auto const* text = std::get_if<Revision>(&object)) behind[text->type].insert(text->by.person);
        auto const* act = std::get_if<Record>(&object);
        if (act == nullptr || !act->of || std::find(rows.begin(), rows.end(), act->of->id) == rows.end()) continue;
        if (auto const* text = std::get_if<Revision>(&m_facts.rows.at(act->of->id)))
            behind[text->type].insert(act->by.person);
    }
    ObjectId const* first = nullptr;
    auto const rank = [&](ObjectId const& id) {
        Revision const& text = revision(id);
        return std::tuple(-static_cast<int>(behind[text.type].size()), text.time, id);
    };
    for (ObjectId const& id : roots) {
        if (first == nullptr || rank(id) < rank(*first)) first = &id;
    }
    return revision(*first).type;
}

ListedModel CycleModel::list(DocumentKey const& key, std::vector<ObjectId> const& rows, AskedModel const* asked) {
    std::vector<ObjectId> standing;
    std::optional<ObjectId> any;
    for (ObjectId const& id : rows) {
        if (!std::holds_alternative<Revision>(m_facts.rows.at(id))) continue;
        if (!any || id < *any) any = id;
        if (m_model.opinion(id).stands()) standing.push_back(id);
    }
    ListedModel listed;
    listed.type = asked != nullptr ? asked->type : standing.empty() ? revision(*any).type : typeOf(standing, rows);
    std::set<ObjectId> aside;
    for (ObjectId const& id : standing) {
        if (bareName(revision(id).type) != bareName(listed.type)) aside.insert(id);
    }
    m_aside[key] = std::move(aside);
    std::set<ObjectId> all;
    for (auto const& [document, ids] : m_aside) all.insert(ids.begin(), ids.end());
    m_model.setAside(std::move(all));
    if (WorkflowRule const* const workflow = workflowRule(listed.type)) m_model.setLists(key, workflow->lists);

    if (!standing.empty()) readActs(listed, key, rows, asked);
    listed.heads = m_model.heads(key);
    listed.begun = !listed.heads.empty();
    if (listed.begun) {
        fill(listed, key, asked);
        return listed;
    }
    ListedModel none;
    none.type = listed.type;
    none.stand = listed.stand;
    if (asked == nullptr) {
        none.state = "nothing-stands";
        return none;
    }
    none.title = textAt(asked->fields, "title");
    none.owner = key.first.isUnit() ? std::string(key.first.name()) : textAt(asked->fields, "owner");
    none.state = asked->takenBack ? "taken-back" : asked->leftOver ? "carried-over" : "not-begun";
    none.closed = none.state != "not-begun";
    none.due = asked->due;
    none.person = asked->person;
    return none;
}

/// What was written first: the days that stand where none stood before, of several the earliest.
std::optional<Day> CycleModel::firstDue(std::map<ObjectId, json::Object const*> const& revisions) {
    std::optional<Day> first;
    for (auto const& [id, fields] : revisions) {
        auto const due = dayAt(*fields, "due");
        std::set<ObjectId> const& below = m_model.ancestors(id);
        bool const isNew = std::none_of(below.begin(), below.end(), [&](ObjectId const& older) {
            return dayAt(revision(older).fields, "due").has_value();
        });
        if (due && isNew && (!first || *due < *first)) first = due;
    }
    return first;
}

void CycleModel::readActs(ListedModel& listed, DocumentKey const& key, std::vector<ObjectId> const& rows,
                          AskedModel const* asked) {
    WorkflowRule const* const workflow = workflowRule(listed.type);
    std::vector<ActFact> acts;
    std::map<ObjectId, json::Object const*> revisions;
    for (ObjectId const& id : rows) {
        if (!m_model.opinion(id).stands()) continue;
        RowObject const& object = m_facts.rows.at(id);
        if (auto const* text = std::get_if<Revision>(&object)) {
            if (m_model.isUsable(id)) revisions.emplace(id, &text->fields);
        } else if (auto const* record = std::get_if<Record>(&object)) {
            if (auto act = actFact(id, *record)) acts.push_back(std::move(*act));
        }
    }
    if (workflow == nullptr) {
        for (ActFact const& act : acts) listed.stand.withoutEffect.insert(act.id);
        return;
    }
    auto const first = asked != nullptr ? asked->due : firstDue(revisions);
    listed.stand = standOf(*workflow, acts, revisions, first);
    listed.asks = Asks(key, listed.stand, revisions).all(*workflow);

    // The due field as merged, of several the earliest: a day that no act set is shown as an attempt.
    std::optional<Day> written;
    Sides const days = m_model.fields(key)["due"];
    for (auto const& [value, writers] : days) {
        auto const text = value ? json::parse(*value) : Result<json::Value>(json::Value());
        auto const day = text && text->asString() != nullptr ? parseDay(*text->asString()) : std::nullopt;
        if (day && (!written || *day < *written)) written = day;
    }
    listed.dueEdited = written && written != listed.stand.due && written != first;
}

void CycleModel::fill(ListedModel& listed, DocumentKey const& key, AskedModel const* asked) {
    StandModel const& stand = listed.stand;
    WorkflowRule const* const workflow = workflowRule(listed.type);
    auto const fields = m_model.fields(key);
    json::Object const& shown = revision(*listed.heads.begin()).fields;
    auto const told = [&](std::string const& name) {
        auto const sides = fields.find(name);
        if (sides != fields.end() && sides->second.size() == 1 && sides->second.begin()->first) {
            auto const value = json::parse(*sides->second.begin()->first);
            if (value->asString() != nullptr && !value->asString()->empty()) return *value->asString();
        }
        return textAt(shown, name);
    };
    if (workflow != nullptr) {
        listed.title = told("title");
        if (workflow->hasOwner) listed.owner = told("owner");
    }
    if ((listed.owner.empty() || asked != nullptr) && key.first.isUnit()) listed.owner = key.first.name();
    listed.state = stand.state;
    listed.due = stand.due;
    if (workflow == nullptr) return;
    if (asked != nullptr && !stand.closed) {
        if (asked->takenBack)
            listed.state = "taken-back";
        else if (asked->leftOver)
            listed.state = "carried-over";
    }
    listed.closed = stand.closed || listed.state == "taken-back" || listed.state == "carried-over";
    listed.disputed = !stand.disputes.empty();
    listed.changedAfter = stand.revision && listed.heads != std::set<ObjectId>{*stand.revision};
    listed.round = static_cast<int>(stand.rounds.size());
    listed.failedRounds = stand.failedRounds;
    listed.person = stand.person ? stand.person : asked != nullptr ? asked->person : std::nullopt;
}

}  // namespace spiral::sim
