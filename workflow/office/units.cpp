#include "office/units.h"

#include "grants.h"
#include "office/fields.h"

#include <algorithm>
#include <set>

namespace spiral::office {

namespace {

constexpr std::size_t kNamedMax = 5;

std::string namesOf(UnitWork const& work) {
    std::string names;
    std::size_t number = 0;
    for (auto const* lines : {&work.begun, &work.notBegun}) {
        for (auto const& line : *lines) {
            if (++number <= kNamedMax) names += (names.empty() ? "" : "; ") + line.title;
        }
    }
    return std::to_string(number) + ": " + names + (number > kNamedMax ? " …" : "");
}

json::Object membersOf(trust::Unit const& unit) {
    json::Object members{{"unit", unit.id}, {"name", unit.name}, {"campus", unit.campus}};
    if (unit.closed) members.set("closed", true);
    return members;
}

/// Grants in force whose scope is this very unit.
std::vector<trust::Grant> grantsAt(Office& office, PersonId const& person, Scope const& scope) {
    auto grants = grantsInForce(office, person);
    std::erase_if(grants, [&](trust::Grant const& grant) { return grant.role.scope != scope; });
    return grants;
}

Result<RegistryAct> give(Office& office, PersonId const& person, trust::Role const& role) {
    json::Object members{{"person", person.text()},
                         {"role", role.name},
                         {"scope", role.scope.text()},
                         {"from", toText(office.replica().world().wall.now())}};
    auto appended = office.propose("grant", std::move(members));
    if (!appended) return appended.error();
    return RegistryAct{"grant", person, role, std::move(*appended)};
}

/// Ends a grant at what is held here of its holder's work in that scope.
Result<RegistryAct> end(Office& office, trust::Grant const& grant, std::string const& reason) {
    std::vector<DeviceId> devices;
    for (auto const& device : office.registry().devices()) {
        if (device.person == grant.person) devices.push_back(device.id);
    }
    json::Array cuts;
    for (auto const& cut : office.cutsHere(devices)) {
        if (!grant.role.scope.covers(cut.scope)) continue;
        cuts.push_back(
            json::Object{{"device", cut.device.hex()}, {"frame", cut.frame.hex()}, {"scope", cut.scope.text()}});
    }
    json::Object members{{"grant", grant.id.hex()}, {"cuts", std::move(cuts)}, {"reason", reason}};
    auto appended = office.propose("revoke", std::move(members));
    if (!appended) return appended.error();
    return RegistryAct{"revoke", grant.person, grant.role, std::move(*appended)};
}

/// Documents that ask for this one.
std::vector<DocumentKey> askingFor(Office& office, DocumentKey const& part) {
    std::vector<DocumentKey> asking;
    auto const facts = office.view().facts(part);
    for (auto const& each : facts ? facts->expectedBy : std::vector<replica::Expected>())
        asking.push_back(each.document);
    return asking;
}

bool contains(json::Array const& texts, std::string_view text) {
    return std::any_of(texts.begin(), texts.end(),
                       [&](json::Value const& each) { return each.asString() && *each.asString() == text; });
}

json::Array sortedTexts(std::set<std::string> const& texts) { return {texts.begin(), texts.end()}; }

/// Rows of a cycle in which the successor is asked for what the closed unit has not begun.
class Rehoming {
public:
    Rehoming(Office& office, DocumentKey const& cycle, std::string unit, std::string successor)
        : m_office(office), m_cycle(cycle), m_unit(std::move(unit)), m_successor(std::move(successor)) {}

    /// Asks the successor, then takes back from the unit: whoever is cut off between the two has asked twice, never
    /// none. Gives what it could not ask the successor for, such as parts of a programme or a course, whose units stand
    /// with the subject: those are not taken back.
    Result<std::vector<TaskLine>> rehome(std::vector<TaskLine> const& parts, std::string const& reason,
                                         HandedOver& done) {
        auto shown = m_office.show(m_cycle);
        if (!shown) return shown.error();
        std::set<DocumentId> wanted;
        for (auto const& line : parts) wanted.insert(line.doc);
        std::vector<std::pair<std::string, std::string>> set;
        for (auto const* name : {"elements", "points"}) {
            if (auto rows = withSuccessor(shown->merged.fields, name, wanted)) set.emplace_back(name, *rows);
        }
        if (auto rows = carriedAnew(shown->merged.fields, wanted)) set.emplace_back("carried", *rows);
        if (!set.empty()) {
            if (auto edited = m_office.edit(m_cycle, set, false); !edited) return edited.error();
        }
        // Written is not asked: whoever was cut off before adopting it goes on here.
        if (!set.empty() || !areAsked()) {
            auto adopted = m_office.step(m_cycle, StepWanted{.action = "adopt", .comment = reason});
            if (!adopted) return adopted.error();
            done.cycles.push_back(m_cycle);
        }
        done.askedAnew.insert(done.askedAnew.end(), m_asked.begin(), m_asked.end());
        if (!areAsked()) return makeError(ErrorCode::Refused, "unit.not-asked", m_successor);
        std::vector<TaskLine> kept;
        for (auto const& line : parts) {
            if (!m_rehomed.contains(line.doc)) kept.push_back(line);
        }
        if (m_rehomed.empty()) return kept;
        StepWanted back{.action = "cancel", .comment = reason};
        back.parts.assign(m_rehomed.begin(), m_rehomed.end());
        if (auto taken = m_office.step(m_cycle, back); !taken) return taken.error();
        for (auto const& line : parts) {
            if (m_rehomed.contains(line.doc)) done.takenBack.push_back(line.key());
        }
        return kept;
    }

private:
    [[nodiscard]] DocumentId partOf(std::string_view rule, std::string_view row, std::string const& unit) const {
        return engine::expectedId(m_cycle, rule, row, unit, Scope::unit(unit));
    }

    /// Whether the cycle, as it was begun or adopted last, asks the successor for all that is rehomed.
    [[nodiscard]] bool areAsked() const {
        std::set<DocumentKey> asked;
        for (auto const& expected : m_office.expectedBy(m_cycle)) asked.insert(expected.document);
        return std::all_of(m_asked.begin(), m_asked.end(),
                           [&](DocumentKey const& each) { return asked.contains(each); });
    }

    std::optional<std::string> withSuccessor(json::Object const& fields, std::string const& name,
                                             std::set<DocumentId> const& wanted) {
        auto const* rows = json::arrayAt(fields, name);
        if (!rows) return std::nullopt;
        std::string const rule = name == "points" ? "point" : "element";
        json::Array changed;
        bool differs = false;
        for (auto const& value : *rows) {
            auto row = value.asObject() ? *value.asObject() : json::Object();
            auto const* units = json::arrayAt(row, "units");
            std::string const id = textOf(row, "id");
            if (units && contains(*units, m_unit) && wanted.contains(partOf(rule, id, m_unit))) {
                m_asked.push_back({Scope::unit(m_successor), partOf(rule, id, m_successor)});
                m_rehomed.insert(partOf(rule, id, m_unit));
                auto all = setOf(row, "units");
                if (all.insert(m_successor).second) {
                    row.set("units", sortedTexts(all));
                    differs = true;
                }
                if (textOf(row, "lead") == m_unit) {
                    row.set("lead", m_successor);
                    differs = true;
                }
            }
            changed.emplace_back(std::move(row));
        }
        if (!differs) return std::nullopt;
        return json::encode(json::Value(std::move(changed)));
    }

    /// What a cycle before left over names one unit: the successor gets a row of its own, the unit's is taken back.
    std::optional<std::string> carriedAnew(json::Object const& fields, std::set<DocumentId> const& wanted) {
        std::map<std::string, json::Object> rows;
        for (auto const* row : rowsOf(fields, "carried")) rows.emplace(textOf(*row, "id"), *row);
        std::map<std::string, json::Object> fresh;
        for (auto const& [id, row] : rows) {
            if (textOf(row, "unit") != m_unit || !wanted.contains(partOf("left-over", id, m_unit))) continue;
            std::string const anew = id + "-" + m_successor;
            m_asked.push_back({Scope::unit(m_successor), partOf("left-over", anew, m_successor)});
            m_rehomed.insert(partOf("left-over", id, m_unit));
            if (rows.contains(anew)) continue;
            auto copy = row;
            copy.set("id", anew);
            copy.set("unit", m_successor);
            fresh.emplace(anew, std::move(copy));
        }
        if (fresh.empty()) return std::nullopt;
        rows.merge(fresh);
        json::Array all;
        for (auto& [id, row] : rows) all.emplace_back(std::move(row));
        return json::encode(json::Value(std::move(all)));
    }

    Office& m_office;
    DocumentKey m_cycle;
    std::string m_unit, m_successor;
    std::vector<DocumentKey> m_asked;
    std::set<DocumentId> m_rehomed;  ///< of the unit; the successor is asked for the same
};

/// The only head of a unit; nothing if there is none, or several.
std::optional<PersonId> onlyHead(Office& office, std::string const& unit) {
    std::optional<PersonId> head;
    for (auto const& person : office.registry().persons()) {
        auto const grants = grantsAt(office, person, Scope::unit(unit));
        bool const isHead = std::any_of(grants.begin(), grants.end(),
                                        [](trust::Grant const& grant) { return grant.role.name == "head"; });
        if (!isHead) continue;
        if (head) return std::nullopt;
        head = person;
    }
    return head;
}

}  // namespace

std::optional<trust::Unit> unitNow(Office& office, std::string_view id) {
    for (auto const& unit : office.registry().units()) {
        if (unit.id == id) return unit;
    }
    return std::nullopt;
}

std::map<std::string, std::string> successors(Office& office) {
    std::map<std::string, std::string> named, found;
    std::set<std::string> open;
    bool anyClosed = false;
    for (auto const& unit : office.registry().units()) {
        if (!unit.closed) open.insert(unit.id);
        anyClosed = anyClosed || unit.closed;
    }
    if (!anyClosed) return found;  // lists ask often, and the chain may be long
    for (auto const& [id, record] : office.registry().chain()) {
        if (nameWithoutVersion(record.kind) != "unit") continue;
        auto const* text = json::stringAt(record.body, "act");
        auto const act = text ? json::parse(*text) : Result<json::Value>(Error{});
        if (!act || !act->asObject()) continue;
        std::string const unit = textOf(*act->asObject(), "unit"), successor = textOf(*act->asObject(), "successor");
        // The latest word on a unit is all of it.
        if (isNameToken(successor))
            named[unit] = successor;
        else
            named.erase(unit);
    }
    for (auto const& [unit, next] : named) {
        if (open.contains(unit)) continue;
        std::string at = next;
        std::set<std::string> seen{unit};
        while (!open.contains(at) && seen.insert(at).second && named.contains(at)) at = named[at];
        if (open.contains(at)) found.emplace(unit, at);
    }
    return found;
}

UnitWork openWork(Office& office, std::string_view unit, Day today) {
    Office::TaskFilter filter;
    filter.allWork = true;
    filter.unit = std::string(unit);
    UnitWork work;
    for (auto& line : office.tasks(filter, today)) {
        if (line.closed || line.state == "declared-done") continue;
        (line.begun ? work.begun : work.notBegun).push_back(std::move(line));
    }
    return work;
}

Result<UnitClosed> closeUnit(Office& office, std::string_view id, UnitClosing const& closing, Day today) {
    auto unit = unitNow(office, id);
    if (!unit) return makeError(ErrorCode::NotFound, "unit.unknown", std::string(id));
    UnitClosed closed;
    closed.open = openWork(office, id, today);
    if (closing.successor) {
        auto const next = unitNow(office, *closing.successor);
        if (!next) return makeError(ErrorCode::NotFound, "unit.unknown", *closing.successor);
        if (next->id == unit->id) return makeError(ErrorCode::Usage, "unit.successor-itself", next->id);
        if (next->closed) return makeError(ErrorCode::Refused, "unit.successor-closed", next->id);
    } else if (unit->closed) {
        return makeError(ErrorCode::Refused, "unit.closed", unit->id);
    } else if (!closed.open.empty() && !closing.leaveOpen) {
        return makeError(ErrorCode::Refused, "unit.open-work", namesOf(closed.open));
    }
    unit->closed = true;
    json::Object members = membersOf(*unit);
    if (closing.successor) members.set("successor", *closing.successor);
    auto appended = office.propose("unit", std::move(members));
    if (!appended) return appended.error();
    closed.acts.push_back({"unit", {}, {}, std::move(*appended)});
    if (!closing.successor) return closed;
    Scope const from = Scope::unit(*closing.successor), to = Scope::unit(id);
    for (auto const& person : office.registry().persons()) {
        auto const there = grantsAt(office, person, to);
        std::set<std::string> given;
        for (auto const& grant : grantsAt(office, person, from)) {
            bool const works = grant.role.name == "head" || grant.role.name == "clerk";
            bool const has = std::any_of(there.begin(), there.end(),
                                         [&](trust::Grant const& each) { return each.role.name == grant.role.name; });
            if (!works || has || grant.actingFor || !given.insert(grant.role.name).second) continue;
            auto act = give(office, person, {grant.role.name, to});
            if (!act) return act.error();
            closed.acts.push_back(std::move(*act));
        }
    }
    return closed;
}

Result<UnitMoved> moveUnit(Office& office, std::string_view id, std::string_view campus) {
    auto unit = unitNow(office, id);
    if (!unit) return makeError(ErrorCode::NotFound, "unit.unknown", std::string(id));
    if (unit->campus == campus) return makeError(ErrorCode::Refused, "unit.same-campus", unit->campus);
    UnitMoved moved;
    moved.from = unit->campus;
    std::set<Scope> ofCampus;
    for (auto const& each : office.registry().units()) {
        if (each.campus == campus && !each.closed) ofCampus.insert(Scope::unit(each.id));
    }
    for (auto const& device : office.registry().devices()) {
        if (device.kind != trust::Device::Kind::Hub || !office.registry().revocationsOf(device.id).empty()) continue;
        auto const holds = [&](Scope const& scope) {
            return std::any_of(device.scopes.begin(), device.scopes.end(),
                               [&](Scope const& each) { return each.covers(scope); });
        };
        std::string const name = device.name.empty() ? device.id.hex() : device.name;
        if (holds(Scope::unit(id)))
            moved.hubsHolding.push_back(name);
        else if (std::any_of(ofCampus.begin(), ofCampus.end(), holds))
            moved.hubsLacking.push_back(name);
    }
    // Who goes on with a closed unit's work stays said: the latest word on a unit is all of it.
    auto const next = successors(office);
    unit->campus = campus;
    json::Object members = membersOf(*unit);
    if (auto const found = next.find(unit->id); found != next.end()) members.set("successor", found->second);
    auto appended = office.propose("unit", std::move(members));
    if (!appended) return appended.error();
    moved.appended = std::move(*appended);
    return moved;
}

Result<HandedOver> handOver(Office& office, std::string_view id, std::string_view reason,
                            std::optional<PersonId> const& person, Day today) {
    auto const unit = unitNow(office, id);
    if (!unit) return makeError(ErrorCode::NotFound, "unit.unknown", std::string(id));
    if (!unit->closed) return makeError(ErrorCode::Refused, "unit.not-closed", unit->id);
    if (reason.find_first_not_of(" \t\r\n") == std::string_view::npos)
        return makeError(ErrorCode::Usage, "step.comment-required", "");
    auto const all = successors(office);
    auto const found = all.find(unit->id);
    if (found == all.end()) return makeError(ErrorCode::Refused, "unit.no-successor", unit->id);
    HandedOver done;
    done.successor = found->second;
    auto const work = openWork(office, id, today);

    std::map<DocumentKey, std::vector<TaskLine>> byCycle;
    std::vector<TaskLine> toGive = work.begun;
    for (auto const& line : work.notBegun) {
        auto const asking = askingFor(office, line.key());
        auto const listed = asking.empty() ? std::nullopt : office.view().document(asking.front());
        // What a point of the unit itself asks for, a rectification, goes where that point goes.
        if (listed && listed->row.type.starts_with("cycle."))
            byCycle[asking.front()].push_back(line);
        else
            toGive.push_back(line);
    }
    // Asked before anything is signed: a call that is refused has done nothing.
    auto const next = person ? person : onlyHead(office, done.successor);
    if (!toGive.empty() && !next) return makeError(ErrorCode::Refused, "unit.no-person", done.successor);
    for (auto const& [cycle, parts] : byCycle) {
        auto rehomed = Rehoming(office, cycle, unit->id, done.successor).rehome(parts, std::string(reason), done);
        if (rehomed) {
            toGive.insert(toGive.end(), rehomed->begin(), rehomed->end());
            continue;
        }
        for (auto const& line : parts) done.left.push_back({line, rehomed.error().reason});
    }
    for (auto const& line : toGive) {
        if (!next) {
            done.left.push_back({line, "unit.no-person"});
            continue;
        }
        if (line.person == next) continue;
        if (!mayWorkIn(office, *next, line.scope)) {
            done.left.push_back({line, "bulk.person-without-role"});
            continue;
        }
        StepWanted wanted{.action = "assign", .comment = std::string(reason), .person = next};
        // What is not begun has nothing of its own to sign: it is given by an act on the document that asks for it.
        auto const asking = line.begun ? std::vector<DocumentKey>() : askingFor(office, line.key());
        if (!asking.empty()) wanted.parts = {line.doc};
        auto given = office.step(asking.empty() ? line.key() : asking.front(), wanted);
        if (given)
            done.carriedOn.push_back(line.key());
        else
            done.left.push_back({line, given.error().reason});
    }
    return done;
}

Result<PersonMoved> movePerson(Office& office, PersonId const& person, std::string_view from, std::string_view to,
                               Day today) {
    for (auto const unit : {from, to}) {
        if (!unitNow(office, unit)) return makeError(ErrorCode::NotFound, "unit.unknown", std::string(unit));
    }
    if (unitNow(office, to)->closed) return makeError(ErrorCode::Refused, "unit.closed", std::string(to));
    auto const before = grantsAt(office, person, Scope::unit(from));
    if (before.empty() || from == to) return makeError(ErrorCode::Refused, "person.not-there", std::string(from));
    PersonMoved moved;
    auto const there = grantsAt(office, person, Scope::unit(to));
    std::set<std::string> given;
    for (auto const& grant : there) given.insert(grant.role.name);
    for (auto const& grant : before) {
        if (grant.actingFor || !given.insert(grant.role.name).second) continue;
        auto act = give(office, person, {grant.role.name, Scope::unit(to)});
        if (!act) return act.error();
        moved.acts.push_back(std::move(*act));
    }
    for (auto const& grant : before) {
        auto act = end(office, grant, std::string(from) + " → " + std::string(to));
        if (!act) return act.error();
        moved.acts.push_back(std::move(*act));
    }
    Office::TaskFilter filter;
    filter.allWork = true;
    filter.unit = std::string(from);
    for (auto& line : office.tasks(filter, today)) {
        if (!line.closed && line.person == person) moved.withoutOwner.push_back(std::move(line));
    }
    return moved;
}

bool mayWorkIn(Office& office, PersonId const& person, Scope const& scope) {
    return rolesAllow(office, grantsInForce(office, person), "write", scope);
}

std::vector<replica::Draft> strandedDrafts(Office& office) {
    auto const me = office.replica().person();
    if (!me) return {};
    auto drafts = office.replica().drafts();
    std::erase_if(drafts, [&](replica::Draft const& draft) { return mayWorkIn(office, *me, draft.scope); });
    return drafts;
}

}  // namespace spiral::office
