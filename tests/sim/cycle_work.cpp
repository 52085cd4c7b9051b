#include "cycle_work.h"

#include <algorithm>

namespace spiral::sim {
namespace {

std::vector<std::string> const kUnits{"a", "a", "a", "b", "b", "c", "no unit"};
std::vector<std::string> const kTypes{"cycle.v1", "element.v1", "point.v1", "task.v1", "invented.v1"};

template <class Id>
json::Array hexOf(std::set<Id> const& ids) {
    json::Array array;
    for (Id const& id : ids) array.emplace_back(id.hex());
    return array;
}

}  // namespace

/// One person at one machine, once.
class CycleWork::Sitting {
public:
    Sitting(Seat& seat, Random& random) : m_seat(seat), m_random(random), m_view(seat.facts, seat.model) {}

    std::optional<Scope> go() {
        std::vector<DocumentKey> cycles, parts;
        for (auto const& [key, listed] : m_view.listed()) {
            if (!listed.begun || workflowRule(listed.type) == nullptr) continue;
            (listed.type == "cycle.v1" ? cycles : parts).push_back(key);
        }
        bool const steers = has("quality");
        if (cycles.empty() || (steers && cycles.size() < 3 && chance(2))) {
            if (steers || chance(2)) newCycle({}, {});
            return m_scope;
        }
        std::uint64_t const what = below(100);
        if (what < (steers ? 30U : 4U))
            steer(mine(cycles));
        else if (auto const waiting = toJudge(parts); !waiting.empty() && chance(70))
            judgeAt(pick(waiting));
        else if (what < 95 && (parts.empty() || chance(parts.size() < 4 ? 50 : 15)))
            begin();
        else if (what < 95)
            work(mine(parts));
        else
            meddle();
        return m_scope;
    }

private:
    /// Where a document is while somebody works on it.
    struct Desk {
        DocumentKey key;
        std::string type, state;
        std::set<ObjectId> heads, last, disputes;
        std::optional<ObjectId> submitted;
    };

    std::uint64_t below(std::uint64_t bound) { return m_random.below(bound); }
    bool chance(unsigned percent) { return below(100) < percent; }
    template <class T>
    T const& pick(std::vector<T> const& values) {
        return values[below(values.size())];
    }
    template <class T>
    T pick(std::set<T> const& values) {
        return *std::next(values.begin(), static_cast<std::ptrdiff_t>(below(values.size())));
    }
    template <class T>
    std::set<T> some(std::set<T> const& values) {
        std::set<T> chosen;
        for (T const& value : values) {
            if (chance(60)) chosen.insert(value);
        }
        return chosen;
    }
    std::string someDay() {
        return toText(Day(std::chrono::sys_days(std::chrono::year{2026} / 5 / 1) + std::chrono::days{7 * below(30)}));
    }
    Revision const& revision(ObjectId const& id) const { return std::get<Revision>(m_seat.facts.rows.at(id)); }
    ListedModel const& listed(DocumentKey const& key) const { return m_view.listed().at(key); }

    // ------------------------------------------------------------------------------------------------------- rights
    std::vector<GrantModel> grants() const {
        std::vector<GrantModel> hers;
        if (m_seat.model.registry().empty()) return hers;
        for (GrantModel const& grant : m_seat.model.registry().trunk().grants) {
            if (grant.person == m_seat.person) hers.push_back(grant);
        }
        return hers;
    }
    bool has(std::string_view role) const {
        auto const hers = grants();
        return std::any_of(hers.begin(), hers.end(), [&](GrantModel const& grant) { return grant.role.name == role; });
    }
    bool covers(Scope const& scope) const {
        auto const hers = grants();
        return std::any_of(hers.begin(), hers.end(),
                           [&](GrantModel const& grant) { return grant.role.scope.covers(scope); });
    }
    /// Nearly always one that she has and the policy wants.
    Role roleFor(std::string const& kind, Scope const& scope) {
        std::vector<Role> held{*Role::parse("head@unit/a")}, fitting;
        auto const rule = m_seat.facts.policy.kinds.find(kind);
        for (GrantModel const& grant : grants()) {
            held.push_back(grant.role);
            if (rule == m_seat.facts.policy.kinds.end() || !grant.role.scope.covers(scope)) continue;
            auto const& roles = rule->second.roles;
            if (std::find(roles.begin(), roles.end(), grant.role.name) != roles.end()) fitting.push_back(grant.role);
        }
        return fitting.empty() || chance(4) ? pick(held) : pick(fitting);
    }
    /// Mostly what lies where she may write.
    DocumentKey mine(std::vector<DocumentKey> const& keys) {
        std::vector<DocumentKey> hers;
        for (DocumentKey const& key : keys) {
            if (covers(key.first)) hers.push_back(key);
        }
        return hers.empty() || chance(4) ? pick(keys) : pick(hers);
    }

    // ----------------------------------------------------------------------------------------------- writing, signing
    /// All of one sitting lies in one scope; what would lie elsewhere is left for another time.
    bool mayWriteIn(Scope const& scope) {
        if (!m_scope) m_scope = scope;
        return *m_scope == scope;
    }
    Desk deskOf(DocumentKey const& key) const {
        ListedModel const& at = listed(key);
        return {key, at.type, at.stand.state, at.heads, at.stand.last, at.stand.disputes, at.stand.submitted};
    }
    void writes(Desk& desk, json::Object fields, std::string const& type = {}) {
        if (!mayWriteIn(desk.key.first)) return;
        std::set<ObjectId> parents = desk.heads;
        if (parents.size() > 1 && chance(25)) parents = {pick(parents)};
        if (chance(4)) parents = {};
        desk.heads = {m_seat.write(desk.key, type.empty() ? desk.type : type, parents, std::move(fields))};
    }
    json::Object fieldsAt(Desk& desk) {
        return desk.heads.empty() ? json::Object{} : revision(pick(desk.heads)).fields;
    }
    void edits(Desk& desk, std::vector<std::string> const& names) {
        json::Object fields = fieldsAt(desk);
        for (std::string const& name : names) fields.set(name, "文" + std::to_string(below(3)));
        if (chance(8)) fields.set("due", chance(10) ? "soon" : someDay());
        if (chance(4)) fields.set("owner", pick(kUnits));
        writes(desk, std::move(fields));
    }
    /// The body of an act, mostly with all that its rule wants.
    json::Object bodyOf(Desk const& desk, StepRule const& rule) {
        std::set<ObjectId> after = desk.last;
        if (chance(4)) after = some(after);
        if (chance(8)) {
            // As if she had not seen one of the acts: it follows what that one follows.
            std::set<ObjectId> const acts = actsOn(desk.key);
            auto const seen = acts.empty() ? std::nullopt : actOf(pick(acts));
            if (seen) after = seen->after;
        }
        if (chance(1)) after.insert(m_random.token<ObjectId>());
        json::Object body{{"after", hexOf(after)}};
        if (rule.is("why") ? chance(98) : chance(20))
            body.set("comment", chance(2) ? " " : "因" + std::to_string(below(4)));
        if (rule.is("until") ? chance(98) : chance(2)) body.set("until", chance(1) ? "soon" : someDay());
        if (rule.is("person") ? chance(98) : chance(1)) body.set("person", pick(m_seat.people).text());
        if (rule.is("decision") && !desk.disputes.empty() && chance(80)) body.set("settles", hexOf(desk.disputes));
        if (chance(3) && !desk.last.empty()) {
            if (auto const& acts = actsOn(desk.key); !acts.empty()) body.set("settles", hexOf(some(acts)));
        }
        return body;
    }
    std::optional<ActFact> actOf(ObjectId const& id) const {
        return actFact(id, std::get<Record>(m_seat.facts.rows.at(id)));
    }
    std::set<ObjectId> actsOn(DocumentKey const& key) const {
        std::set<ObjectId> acts;
        for (ObjectId const& id : m_seat.model.rows()) {
            if (std::holds_alternative<Record>(m_seat.facts.rows.at(id)) && m_seat.model.documentOf(id) == key)
                acts.insert(id);
        }
        return acts;
    }
    void signs(Desk& desk, std::string const& kind, ObjectId const& of, json::Object more = {}) {
        if (!mayWriteIn(desk.key.first)) return;
        StepRule const nothing{};
        StepRule const* const known = workflowRule(desk.type)->step(kind);
        StepRule const& rule = known == nullptr ? nothing : *known;
        json::Object body = bodyOf(desk, rule);
        for (auto const& [name, value] : more) body.set(name, value);
        ObjectId const act = m_seat.sign(kind, roleFor(kind, desk.key.first), desk.key.first, of, std::move(body));
        desk.last = {act};
        if (!rule.to.empty() && more.find("for") == nullptr) desk.state = rule.to;
        if (rule.is("submission")) desk.submitted = of;
    }
    /// The one head, now and then an older revision.
    std::optional<ObjectId> headOf(Desk const& desk) {
        if (desk.heads.empty()) return std::nullopt;
        auto const known = m_view.listed().find(desk.key);
        if (known != m_view.listed().end() && known->second.begun && chance(3)) {
            auto const& older = m_seat.model.ancestors(pick(known->second.heads));
            if (!older.empty()) return pick(older);
        }
        return pick(desk.heads);
    }
    void signsHead(Desk& desk, std::string const& kind, json::Object more = {}) {
        if (auto const head = headOf(desk)) signs(desk, kind, *head, std::move(more));
    }

    // -------------------------------------------------------------------------------------------- the quality office
    json::Array someUnits() {
        std::set<std::string> units;
        for (std::uint64_t count = 1 + below(2); count > 0; --count) units.insert(pick(kUnits));
        return {units.begin(), units.end()};
    }
    json::Object row(std::string const& id) {
        json::Object row{{"id", id}, {"title", id + "题" + std::to_string(below(3))}, {"units", someUnits()}};
        if (chance(50)) row.set("level", "course");
        if (chance(10)) row.erase("units");  // then those of the cycle, which has none
        if (id[0] == 'P') row.set("element", "E1");
        if (id[0] == 'P' && chance(4)) row.set("units", json::Array{"a", "a", 7});  // asked once
        if (id[0] == 'P' && chance(30)) row.set("wording", chance(10) ? std::string(5000, 'w') : "原文");
        if (id[0] == 'E' && chance(50)) row.set("lead", "a");
        return row;
    }
    json::Array rows(char kind, std::uint64_t count) {
        std::set<std::string> ids;
        while (ids.size() < count) ids.insert(kind + std::to_string(1 + below(5)));
        json::Array array;
        for (std::string const& id : ids) array.push_back(row(id));
        return array;
    }
    /// A cycle, after another one if `previous` names it, with what that left over.
    void newCycle(json::Object previous, json::Array carried) {
        json::Object fields{{"title", "诊改" + std::to_string(below(3))},
                            {"clock", "year"},
                            {"due", someDay()},
                            {"start", "2026-01-01"},
                            {"end", "2026-12-31"}};
        if (chance(60)) fields.set("elements", rows('E', 1 + below(2)));
        if (chance(90)) fields.set("points", rows('P', 1 + below(3)));
        if (chance(40)) fields.set("period", "2026");
        if (previous.size() > 0) fields.set("previous", std::move(previous));
        if (!carried.empty()) fields.set("carried", std::move(carried));
        if (chance(3)) fields.set("due", "soon");
        Scope const scope = chance(8) ? *Scope::parse("unit/a") : Scope::college();
        Desk desk{{scope, m_random.token<DocumentId>()}, "cycle.v1", "draft", {}, {}, {}, {}};
        writes(desk, std::move(fields));
        if (chance(75) && !desk.heads.empty()) signs(desk, "start", *desk.heads.begin());
    }
    /// Points come, go, change hands; the day changes too, which says nothing until an act does.
    void changes(Desk& desk) {
        json::Object fields = fieldsAt(desk);
        char const* const name = chance(70) ? "points" : "elements";
        json::Array now;
        if (auto const* array = json::arrayAt(fields, name)) now = *array;
        std::map<std::string, json::Value> byId;
        for (json::Value const& each : now) byId.emplace(*json::stringAt(*each.asObject(), "id"), each);
        if (!byId.empty() && chance(50))
            byId.erase(std::next(byId.begin(), static_cast<std::ptrdiff_t>(below(byId.size()))));
        if (chance(60)) {
            std::string const id = (*name == 'p' ? 'P' : 'E') + std::to_string(1 + below(5));
            byId[id] = row(id);
        }
        now.clear();
        for (auto const& [id, each] : byId) now.push_back(each);
        fields.set(name, std::move(now));
        if (chance(30)) fields.set("due", someDay());
        if (chance(20)) fields.set("title", "诊改" + std::to_string(below(3)));
        writes(desk, std::move(fields));
    }
    std::set<DocumentId> partsOf(DocumentKey const& key, std::uint64_t count) {
        std::set<DocumentId> parts;
        std::vector<DocumentKey> asked;
        for (auto const& [part, what] : listed(key).asks) asked.push_back(part);
        while (!asked.empty() && parts.size() < std::min<std::uint64_t>(count, asked.size()))
            parts.insert(pick(asked).second);
        // Of one that others have acted on there is more to disagree about.
        auto const& known = listed(key).stand.parts;
        if (!known.empty() && chance(45)) {
            parts = {std::next(known.begin(), static_cast<std::ptrdiff_t>(below(known.size())))->first};
        }
        if (chance(6)) parts.insert(m_random.token<DocumentId>());  // nobody asked for it
        return parts;
    }
    void aboutParts(Desk& desk, std::string const& kind) {
        auto const parts = partsOf(desk.key, 1 + below(2));
        json::Object more{{"for", hexOf(parts)}};
        if (parts.empty()) more = {};
        signsHead(desk, kind, std::move(more));
    }
    void steer(DocumentKey const& key) {
        Desk desk = deskOf(key);
        std::uint64_t const what = below(100);
        if (desk.state == "draft") {
            if (what < 25) changes(desk);
            if (what < 85) return signsHead(desk, "start");
            return signsHead(desk, what < 93 ? "cancel" : "extend");
        }
        if (desk.state == "closed" && what < 60) return follows(key);
        if (what < 14) return changes(desk);
        if (what < 34) {
            if (what < 28) changes(desk);
            return signsHead(desk, "adopt");
        }
        if (what < 48) return aboutParts(desk, "extend");
        if (what < 58) return aboutParts(desk, "assign");
        if (what < 70) return aboutParts(desk, "cancel");
        if (what < 74) return aboutParts(desk, "remind");
        if (what < 80) return signsHead(desk, "extend");
        if (what < 83) return signsHead(desk, "assign");
        if (what < 85) return signsHead(desk, "cancel");
        if (what < 87) return signsHead(desk, "start");
        std::set<DocumentId> left;
        for (auto const& [part, asked] : listed(key).asks) {
            if (!listed(part).closed && chance(80)) left.insert(part.second);
        }
        json::Object more{{"left", hexOf(left)}};
        if (left.empty()) more = {};
        signsHead(desk, what < 97 ? "close" : "cancel", std::move(more));
    }
    /// The next cycle carries on what this one left over.
    void follows(DocumentKey const& key) {
        json::Array carried;
        for (auto const& [part, asked] : listed(key).asks) {
            if (!asked.leftOver || carried.size() == 4) continue;
            json::Object row{{"id", part.second.hex()}, {"title", "遗留"}, {"unit", part.first.name()}};
            if (chance(50)) row.set("due", chance(10) ? "soon" : someDay());
            if (chance(50)) row.set("problem", "未完");
            row.set("from", json::Object{{"doc", part.second.hex()}, {"scope", part.first.text()}});
            carried.push_back(std::move(row));
        }
        auto const byId = [](json::Value const& a, json::Value const& b) {
            return *json::stringAt(*a.asObject(), "id") < *json::stringAt(*b.asObject(), "id");
        };
        std::sort(carried.begin(), carried.end(), byId);
        newCycle({{"doc", key.second.hex()}, {"scope", key.first.text()}}, std::move(carried));
    }

    // --------------------------------------------------------------------------------------------------- departments
    void begin() {
        std::vector<DocumentKey> open, begun;
        for (auto const& [key, asked] : m_view.asked()) (listed(key).begun ? begun : open).push_back(key);
        if (open.empty() || chance(6)) open.insert(open.end(), begun.begin(), begun.end());
        if (open.empty()) return;
        DocumentKey key = mine(open);
        AskedModel const& asked = m_view.asked().at(key);
        std::string const type = chance(6) ? pick(kTypes) : asked.type;
        if (chance(4)) key.first = *Scope::parse(chance(50) ? "unit/b" : "unit/a");  // what it is asked of is another
        Desk desk{key, type, "", {}, {}, {}, {}};
        json::Object fields = asked.fields;
        if (chance(40)) fields.set("evidence", "据" + std::to_string(below(3)));
        if (chance(15)) fields.set("due", someDay());
        if (chance(10)) fields.set("owner", "b");
        writes(desk, std::move(fields));
        if (workflowRule(type) == nullptr || type == "cycle.v1") return;
        desk.state = workflowRule(type)->initial;
        walk(desk);
    }
    void work(DocumentKey const& key) {
        Desk desk = deskOf(key);
        if (chance(10) && judgesBeside(desk)) return;
        if (!desk.disputes.empty() && chance(60)) return judge(desk);
        if (desk.type == "point.v1" && chance(8)) {
            char const* const kinds[] = {"extend", "assign", "remind"};
            return aboutParts(desk, kinds[below(3)]);
        }
        if (chance(10)) {
            char const* const kinds[] = {"extend", "assign", "remind", "cancel"};
            return signsHead(desk, kinds[below(desk.type == "task.v1" ? 4 : 3)]);
        }
        if (desk.state == "check" || desk.state == "submitted") return judge(desk);
        walk(desk);
    }
    /// What waits for a verdict that she may give: not her own work, as a rule.
    std::vector<DocumentKey> toJudge(std::vector<DocumentKey> const& parts) {
        std::vector<DocumentKey> waiting;
        if (!has("head") && !has("quality")) return waiting;
        for (DocumentKey const& key : parts) {
            ListedModel const& at = listed(key);
            bool const waits = at.stand.state == "check" || at.stand.state == "submitted" || at.disputed;
            if (!waits || !at.stand.submitted || !covers(key.first)) continue;
            if (revision(*at.stand.submitted).by.person != m_seat.person || chance(10)) waiting.push_back(key);
        }
        return waiting;
    }
    void judgeAt(DocumentKey const& key) {
        Desk desk = deskOf(key);
        judge(desk);
    }
    /// Another verdict beside one that is there, by somebody who had not seen it.
    bool judgesBeside(Desk& desk) {
        for (ObjectId const& id : actsOn(desk.key)) {
            auto const verdict = actOf(id);
            StepRule const* const rule = verdict ? workflowRule(desk.type)->step(verdict->name) : nullptr;
            if (rule == nullptr || !rule->isVerdict() || !chance(70)) continue;
            desk.last = verdict->after;
            desk.submitted = verdict->of;
            desk.disputes = {};
            judge(desk);
            return true;
        }
        return false;
    }
    void judge(Desk& desk) {
        bool const passes = chance(45);
        std::string const kind =
            desk.type == "element.v1" ? (passes ? "approve" : "return") : (passes ? "recheck-pass" : "recheck-fail");
        if (desk.submitted && chance(96))
            signs(desk, kind, *desk.submitted);
        else
            signsHead(desk, kind);
    }
    /// As many steps as she finds time for.
    void walk(Desk& desk) {
        static std::map<std::string, std::pair<char const*, std::vector<std::string>>> const steps{
            {"find", {"problems-found", {"result", "evidence", "problem"}}},
            {"causes", {"causes-found", {"cause"}}},
            {"main-cause", {"main-cause-found", {"main_cause"}}},
            {"plan", {"plan-made", {"measures"}}},
            {"carry-out", {"submit", {"execution", "evidence"}}},
            {"failed", {"submit", {"effect"}}},
            {"standardise", {"standardised", {"standard"}}},
            {"left-over", {"finish", {"left_over"}}},
            {"open", {"submit", {"effect", "evidence"}}},
            {"returned", {"submit", {"measures"}}}};
        for (int count = 0; count < 6 && chance(88); ++count) {
            auto const next = steps.find(desk.state);
            if (next == steps.end()) return edits(desk, {"note"});
            if (chance(85)) edits(desk, next->second.second);
            if (chance(6)) return;
            if (desk.state == "find" && chance(30)) {
                json::Object fields = fieldsAt(desk);
                fields.set("result", "met");
                writes(desk, std::move(fields));
                signsHead(desk, "no-problem");
            } else {
                signsHead(desk, next->second.first);
            }
        }
    }
    /// What nobody should do: any act on anything, another type's text in somebody's form.
    void meddle() {
        std::vector<DocumentKey> all;
        for (auto const& [key, at] : m_view.listed()) {
            if (at.begun && workflowRule(at.type) != nullptr) all.push_back(key);
        }
        if (all.empty()) return;
        Desk desk = deskOf(chance(50) ? pick(all) : mine(all));
        if (chance(25)) {
            if (chance(50)) desk.heads = {};
            return writes(desk, {{"title", "夺"}, {"due", someDay()}}, pick(kTypes));
        }
        auto const& steps =
            workflowRule(chance(80) ? desk.type : pick(std::vector<std::string>(kTypes.begin(), kTypes.end() - 1)))
                ->steps;
        std::string const kind = pick(steps).name;
        json::Object more;
        if (chance(30)) more.set("for", hexOf(partsOf(desk.key, 2)));
        if (chance(10)) more.set("left", hexOf(partsOf(desk.key, 2)));
        if (chance(2)) more.set("for", "all");
        signsHead(desk, kind, std::move(more));
    }

    Seat& m_seat;
    Random& m_random;
    CycleModel m_view;
    std::optional<Scope> m_scope;
};

std::optional<Scope> CycleWork::sit(Seat& seat) { return Sitting(seat, m_random).go(); }

}  // namespace spiral::sim
