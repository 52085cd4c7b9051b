#include "cycle_check.h"

#include "cycle_work.h"

#include "../../workflow/office/projector.h"

#include <algorithm>

namespace spiral::sim {
namespace {

std::string nameOf(DocumentKey const& key) { return key.first.text() + ":" + key.second.hex().substr(0, 8); }
std::string text(std::optional<Day> const& day) { return day ? toText(*day) : "none"; }
std::string text(std::optional<PersonId> const& person) { return person ? person->text().substr(0, 8) : "nobody"; }
std::string text(bool value) { return value ? "yes" : "no"; }
std::string text(int value) { return std::to_string(value); }
std::string text(std::string const& value) { return value; }

/// One thing after another, until two differ.
class Comparing {
public:
    explicit Comparing(std::string about) : m_about(std::move(about)) {}
    template <class Value>
    Comparing& same(char const* what, Value const& product, Value const& model) {
        if (m_difference.empty() && !(product == model))
            m_difference = m_about + ": " + what + " is " + text(product) + ", model " + text(model);
        return *this;
    }
    Comparing& holds(std::string const& what, bool holds) {
        if (m_difference.empty() && !holds) m_difference = m_about + ": " + what;
        return *this;
    }
    [[nodiscard]] std::string const& difference() const { return m_difference; }

private:
    std::string m_about, m_difference;
};

json::Object objectOf(std::string_view text) {
    auto const value = json::parse(text);
    return value && value->asObject() != nullptr ? *value->asObject() : json::Object{};
}
std::string textAt(json::Object const& object, std::string_view name) {
    std::string const* const value = json::stringAt(object, name);
    return value == nullptr ? std::string() : *value;
}

std::string askedDifference(DocumentKey const& key, AskedModel const& asked, ShownDocument const& shown) {
    Comparing compare("what is asked as " + nameOf(key));
    if (shown.askedBy.size() != 1)
        return nameOf(key) + " is asked for " + std::to_string(shown.askedBy.size()) + " times";
    spiral::DocumentKey const& by = shown.askedBy.front().document;
    json::Object const what = objectOf(shown.askedBy.front().what);
    json::Object const* const fields = json::objectAt(what, "fields");
    compare.holds("asked for by " + by.text(), DocumentKey(by.scope, by.doc) == asked.asking)
        .same("the rule", textAt(what, "rule"), asked.rule)
        .same("the type", textAt(what, "type"), asked.type)
        .same("the revision", textAt(what, "by").substr(0, 8), asked.by.hex().substr(0, 8))
        .same("the day", parseDay(textAt(what, "due")), asked.due)
        .same("the person", PersonId::parse(textAt(what, "person")), asked.person)
        .same("taken back", what.find("taken_back") != nullptr, asked.takenBack)
        .same("left over", what.find("left_over") != nullptr, asked.leftOver)
        .same("filled in", fields == nullptr ? "" : json::encode(*fields), json::encode(asked.fields));
    std::string const comment = textAt(what, "comment");
    return compare
        .holds("the reason is " + comment, asked.comments.empty() ? comment.empty() : asked.comments.contains(comment))
        .difference();
}

std::string listedDifference(DocumentKey const& key, ListedModel const& listed, ShownDocument const& shown,
                             bool isAsked) {
    replica::DocumentRow const& row = shown.row;
    json::Object const summary = objectOf(row.summary);
    Comparing compare(nameOf(key) + " (" + listed.type + ", " + listed.state + ")");
    compare.same("the type", row.type, listed.type)
        .same("the state", row.state, listed.state)
        .same("begun", shown.begun, listed.begun)
        .same("the day", row.due, listed.due)
        .same("closed", row.closed, listed.closed)
        .same("disputed", row.disputed, listed.disputed)
        .same("changed after", row.changedAfter, listed.changedAfter)
        .same("the round", row.round, listed.round)
        .same("failed rounds", row.failedRounds, listed.failedRounds)
        .same("the title", row.title, listed.title)
        .same("the owner", row.owner, listed.owner)
        .holds("the heads", std::set<ObjectId>(row.heads.begin(), row.heads.end()) == listed.heads)
        .same("asked for", !shown.askedBy.empty(), isAsked);
    // Where nothing stands no summary is told.
    if (row.state == "nothing-stands") return compare.difference();
    compare.same("the person", PersonId::parse(textAt(summary, "person")), listed.person);
    if (!listed.begun) return compare.difference();
    compare.same("a day that no act set", summary.find("due_edited") != nullptr, listed.dueEdited);
    std::set<ObjectId> without;
    if (json::Array const* const effects = json::arrayAt(summary, "without_effect")) {
        for (json::Value const& each : *effects) without.insert(*ObjectId::fromHex(textAt(*each.asObject(), "act")));
    }
    for (ObjectId const& act : without)
        compare.holds("act " + act.hex().substr(0, 8) + " has no effect, in the model it has",
                      listed.stand.withoutEffect.contains(act));
    for (ObjectId const& act : listed.stand.withoutEffect)
        compare.holds("act " + act.hex().substr(0, 8) + " counts, not in the model", without.contains(act));
    return compare.difference();
}

/// A document is closed by a signed act on it, or, if it is a part, by one that names it on the document that asks.
bool hasClosingAct(Facts const& facts, Model& model, DocumentKey const& key, ShownDocument const& shown) {
    static std::set<std::string> const closing{"close.v1", "cancel.v1", "approve.v1", "recheck-pass.v1", "finish.v1"};
    for (ObjectId const& id : model.rows()) {
        auto const* act = std::get_if<Record>(&facts.rows.at(id));
        if (act == nullptr || !closing.contains(act->kind) || !model.opinion(id).stands()) continue;
        auto const about = model.documentOf(id);
        if (about == key) return true;
        for (replica::Expected const& by : shown.askedBy) {
            if (about != DocumentKey(by.document.scope, by.document.doc)) continue;
            for (char const* list : {"for", "left"}) {
                json::Array const* const named = json::arrayAt(act->body, list);
                if (named == nullptr) continue;
                for (json::Value const& each : *named) {
                    if (each == json::Value(key.second.hex())) return true;
                }
            }
        }
    }
    return false;
}

std::string brokenLaw(Facts const& facts, Model& model, Shown const& shown) {
    for (ObjectId const& id : model.rows()) {
        auto const* text = std::get_if<Revision>(&facts.rows.at(id));
        if (text != nullptr && model.opinion(id).stands() && !shown.contains({text->scope, text->doc}))
            return "what somebody began has disappeared: " + nameOf({text->scope, text->doc});
    }
    std::set<std::string> asked;
    for (auto const& [key, each] : shown) {
        if (each.row.closed && !hasClosingAct(facts, model, key, each))
            return nameOf(key) + " is closed and nobody signed for it";
        if (each.askedBy.size() > 1) return nameOf(key) + " is asked for twice";
        if (each.askedBy.empty()) continue;
        json::Object const what = objectOf(each.askedBy.front().what);
        json::Object const* const fields = json::objectAt(what, "fields");
        std::string const rule = textAt(what, "rule");
        if (fields == nullptr || (rule != "point" && rule != "element")) continue;
        std::string const part = each.askedBy.front().document.text() + " " + rule + " " + textAt(*fields, rule) + " " +
                                 textAt(*fields, "owner");
        if (!asked.insert(part).second) return "asked for twice: " + part;
    }
    return {};
}

class CyclesInMemory final : public Play {
public:
    explicit CyclesInMemory(Random& random) : m_work(random) {}
    std::optional<Scope> sit(Seat& seat) override { return m_work.sit(seat); }
    std::string difference(Facts const& facts, Model& model, Cores::Answers const& answers,
                           std::map<std::string, std::size_t>& met) override {
        CycleModel const cycles(facts, model);
        countCycles(cycles, met);
        return cycleDifference(facts, cycles, model, project(answers));
    }

private:
    CycleWork m_work;
};

}  // namespace

Shown project(Cores::Answers const& answers) {
    office::DocumentProjector const projector;
    Shown shown;
    std::map<DocumentKey, std::map<DocumentKey, std::string>> asks, askedBy;
    std::set<DocumentKey> open;
    for (auto const& [key, rows] : answers.documents) open.insert(key);
    while (!open.empty()) {
        DocumentKey const key = *open.begin();
        open.erase(open.begin());
        replica::DocumentFacts facts;
        facts.scope = key.first;
        facts.doc = key.second;
        if (auto const rows = answers.documents.find(key); rows != answers.documents.end()) facts.rows = rows->second;
        for (trust::Row const& row : facts.rows) facts.judgements.emplace(row.id, answers.judgements.at(row.id));
        for (auto const& [by, what] : askedBy[key]) facts.expectedBy.push_back({{by.first, by.second}, what});
        std::map<DocumentKey, std::string> now;
        if (facts.rows.empty() && facts.expectedBy.empty()) {
            shown.erase(key);
        } else {
            auto projection = projector.project(facts);
            for (replica::Expected const& each : projection.expected)
                now.emplace(DocumentKey(each.document.scope, each.document.doc), each.what);
            bool const begun = !projection.document.heads.empty();
            shown[key] = {std::move(projection.document), begun, facts.expectedBy};
        }
        std::map<DocumentKey, std::string>& before = asks[key];
        for (auto const& [part, what] : before) {
            if (now.contains(part)) continue;
            askedBy[part].erase(key);
            open.insert(part);
        }
        for (auto const& [part, what] : now) {
            if (auto const known = before.find(part); known != before.end() && known->second == what) continue;
            askedBy[part][key] = what;
            open.insert(part);
        }
        before = std::move(now);
    }
    return shown;
}

std::string cycleDifference(Facts const& facts, CycleModel const& cycles, Model& model, Shown const& shown) {
    for (auto const& [key, listed] : cycles.listed()) {
        auto const found = shown.find(key);
        if (found == shown.end()) return nameOf(key) + " (" + listed.type + ", " + listed.state + ") is not listed";
        auto const asked = cycles.asked().find(key);
        bool const isAsked = asked != cycles.asked().end();
        if (isAsked) {
            if (auto difference = askedDifference(key, asked->second, found->second); !difference.empty())
                return difference;
        }
        if (auto difference = listedDifference(key, listed, found->second, isAsked); !difference.empty())
            return difference;
    }
    for (auto const& [key, each] : shown) {
        if (!cycles.listed().contains(key))
            return nameOf(key) + " (" + each.row.type + ", " + each.row.state + ") is listed, not in the model";
    }
    return brokenLaw(facts, model, shown);
}

void countCycles(CycleModel const& cycles, std::map<std::string, std::size_t>& met) {
    for (auto const& [key, listed] : cycles.listed()) {
        if (workflowRule(listed.type) == nullptr) continue;
        auto const asked = cycles.asked().find(key);
        bool const isAsked = asked != cycles.asked().end();
        std::string const name = listed.type.substr(0, listed.type.find('.'));
        ++met[name + " " + listed.state];
        if (listed.disputed) ++met[name + " disputed"];
        if (listed.begun && listed.heads.size() > 1) ++met[name + " in several versions"];
        if (listed.failedRounds > 1) ++met[name + " failed twice"];
        if (listed.dueEdited) ++met[name + " with a day that no act set"];
        if (listed.person) ++met[name + " given to somebody"];
        if (!isAsked && listed.begun && name != "cycle" && name != "task") ++met[name + " asked for no more"];
        if (!isAsked) continue;
        AskedModel const& what = asked->second;
        ++met["asked for as " + what.rule + (listed.begun ? ", begun" : ", not begun")];
        if (what.takenBack) ++met[listed.begun ? "taken back, begun" : "taken back, not begun"];
        if (what.leftOver) ++met[listed.begun ? "left over, begun" : "left over, not begun"];
        auto const& asking = cycles.listed().at(what.asking);
        if (what.due != asking.due && what.rule != "rectification") ++met["a day of its own"];
    }
}

std::unique_ptr<Play> playCycles(Random& random) { return std::make_unique<CyclesInMemory>(random); }

}  // namespace spiral::sim
