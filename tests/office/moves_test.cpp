// Units and people that change in mid-cycle: dissolved, moved, gone to another unit. Nothing vanishes by it, and
// nothing is shown as fine that nobody has.
#include "people.h"

#include "office/cycles.h"
#include "office/inbox.h"
#include "office/quality_list.h"
#include "office/units.h"

#include <algorithm>

using namespace spiral;
using namespace spiral::office;

namespace {

Day const kToday = *parseDay("2026-03-02");

/// A founder who is the admin, a quality office, the head and a clerk of one department, the head of another; a running
/// cycle that asks both for two points and a form.
struct MidCycle {
    std::unique_ptr<Workplace> zhao = Workplace::founds("赵");
    std::unique_ptr<Workplace> qian = zhao->hires("钱", "yc-d05", {"quality@college"});
    std::unique_ptr<Workplace> sun = zhao->hires("孙", "yc-d03", {"head"});
    std::unique_ptr<Workplace> li = zhao->hires("李", "yc-d03", {"clerk"});
    std::unique_ptr<Workplace> zhou = zhao->hires("周", "yc-d08", {"head"});
    DocumentKey cycle, catalogue;

    MidCycle() {
        for (auto* each : all()) zhao->carriesTo(**each);
        catalogue =
            qian->creates("catalogue", "college",
                          {{"title", "要素表"},
                           {"level", "college"},
                           {"elements", R"([{"id":"E1","points":[{"id":"P1","zh":"点一"},{"id":"P2","zh":"点二"}],)"
                                        R"("responsible":["学院"],"zh":"目标"}])"}});
        CycleWanted wanted;
        wanted.title = "2026年自我诊改";
        wanted.start = *parseDay("2026-01-01");
        wanted.due = *parseDay("2026-09-30");
        wanted.catalogues = {catalogue};
        wanted.owners["学院"] = {"yc-d03"};
        auto const started = startCycle(**qian, wanted);
        INFO((started ? "" : started.error().reason + " " + started.error().detail));
        REQUIRE(started);
        cycle = started->cycle;
        everybodyMeets();
    }
    std::vector<std::unique_ptr<Workplace>*> all() { return {&qian, &sun, &li, &zhou}; }
    /// Whoever meets another day later: a role that was given stands by every clock.
    void everybodyMeets() {
        Instant latest = zhao->clock.time;
        for (auto* each : all()) latest = std::max(latest, (*each)->clock.time);
        zhao->clock.time = latest;
        for (auto* each : all()) (*each)->clock.time = latest + std::chrono::seconds{1};
        for (auto* each : all()) (*each)->carriesTo(*zhao);
        for (auto* each : all()) zhao->carriesTo(**each);
        for (auto* each : all()) (*each)->carriesTo(*zhao);
        for (auto* each : all()) zhao->carriesTo(**each);
    }
    PersonId person(Workplace& place) { return *place->replica().person(); }
    DocumentKey point(std::string_view id, std::string_view unit) {
        Scope const scope = Scope::unit(unit);
        return {scope, engine::expectedId(cycle, "point", id, unit, scope)};
    }
    QualityList list(Workplace& place, std::optional<std::string> unit = {}) {
        QualityFilter filter;
        filter.tasks.allWork = true;
        filter.tasks.unit = std::move(unit);
        return qualityList(*place, filter, kToday);
    }
};

QualityUnit const& unitOf(QualityList const& list, std::string_view id) {
    auto const found =
        std::find_if(list.units.begin(), list.units.end(), [&](auto const& unit) { return unit.unit.unit == id; });
    REQUIRE(found != list.units.end());
    return *found;
}

std::vector<std::string> codesOf(Workplace& place) {
    auto const shown = inbox(*place, kToday);
    REQUIRE(shown);
    std::vector<std::string> codes;
    for (auto const& entry : shown->entries) {
        if (entry.kind == InboxKind::Warning) codes.push_back(entry.code);
    }
    return codes;
}
bool has(std::vector<std::string> const& all, std::string_view one) {
    return std::find(all.begin(), all.end(), one) != all.end();
}

template <class T>
std::string reasonOf(Result<T> const& result) {
    return result ? "done" : result.error().reason;
}

}  // namespace

TEST_CASE("a unit is not dissolved over open work by accident, and what it leaves open is named and stays in the list",
          "[units][cycle]") {
    MidCycle college;
    college.li->edits(college.point("P1", "yc-d03"), {{"result", "not-met"}, {"evidence", "台账"}});
    college.li->creates("task", "unit/yc-d03", {{"title", "添置设备"}, {"owner", "yc-d03"}, {"due", "2026-06-30"}});
    college.everybodyMeets();
    auto const refused = closeUnit(**college.zhao, "yc-d03", {}, kToday);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().reason == "unit.open-work");
    CHECK(refused.error().detail.starts_with("4: "));  // a task, a begun point, a point and a form not begun
    CHECK(reasonOf(closeUnit(**college.zhao, "yc-d03", {.successor = "yc-d03"}, kToday)) == "unit.successor-itself");
    CHECK(reasonOf(closeUnit(**college.zhao, "yc-d03", {.successor = "yc-d99"}, kToday)) == "unit.unknown");
    CHECK_FALSE(unitNow(**college.zhao, "yc-d03")->closed);

    auto const closed = closeUnit(**college.zhao, "yc-d03", {.leaveOpen = true}, kToday);
    REQUIRE(closed);
    CHECK(closed->open.begun.size() == 2);
    CHECK(closed->open.notBegun.size() == 2);
    CHECK(reasonOf(closeUnit(**college.zhao, "yc-d03", {}, kToday)) == "unit.closed");
    college.everybodyMeets();

    auto const list = college.list(*college.qian, "yc-d03");
    REQUIRE(list.lines.size() == 4);
    for (auto const& line : list.lines) {
        CHECK(line.unitClosed);
        CHECK(line.successor.empty());
        CHECK_FALSE(line.carriedOn);
    }
    CHECK(list.unitClosed == 4);
    CHECK(unitOf(list, "yc-d03").closed);
    CHECK_FALSE(unitOf(list, "yc-d03").fine);
    // The cycle does not close over it either.
    CHECK(reasonOf(closeCycle(**college.qian, college.cycle, "年终", false)) == "step.parts-open");
    CHECK(reasonOf(handOver(**college.qian, "yc-d03", "撤并", {}, kToday)) == "unit.no-successor");
}

TEST_CASE("the successor of a dissolved unit is asked for what was not begun and goes on with what was, by signed acts",
          "[units][cycle]") {
    MidCycle college;
    DocumentKey const begun = college.point("P1", "yc-d03"), notBegun = college.point("P2", "yc-d03");
    college.li->edits(begun, {{"result", "not-met"}, {"evidence", "台账"}, {"problem", "少"}});
    college.li->steps(begun, "problems-found");
    college.everybodyMeets();
    auto const before = college.qian->shows(begun);

    auto const closed = closeUnit(**college.zhao, "yc-d03", {.successor = "yc-d08"}, kToday);
    INFO((closed ? "" : closed.error().reason + " " + closed.error().detail));
    REQUIRE(closed);
    REQUIRE(closed->acts.size() == 2);  // the unit, and the role of the successor's head over it
    CHECK(closed->acts[1].role == trust::Role::parse("head@unit/yc-d03"));
    CHECK(closed->acts[1].person == college.person(*college.zhou));
    CHECK(successors(**college.zhao).at("yc-d03") == "yc-d08");
    college.everybodyMeets();
    CHECK(college.list(*college.qian, "yc-d03").unitClosed == 3);

    auto const done = handOver(**college.qian, "yc-d03", "并入周的部门", {}, kToday);
    INFO((done ? "" : done.error().reason + " " + done.error().detail));
    REQUIRE(done);
    CHECK(done->left.empty());
    CHECK(done->successor == "yc-d08");
    CHECK(done->takenBack.size() == 2);  // the form and the second point
    CHECK(done->cycles == std::vector<DocumentKey>{college.cycle});
    CHECK(done->carriedOn == std::vector<DocumentKey>{begun});
    college.everybodyMeets();

    // Taken back there, asked here, with the day of the cycle; the old part stays, as what became of it.
    CHECK(college.zhou->shows(college.point("P2", "yc-d08")).listed.row.state == "not-begun");
    CHECK(college.zhou->shows(college.point("P2", "yc-d08")).listed.row.due == parseDay("2026-09-30"));
    CHECK(college.qian->shows(notBegun).listed.row.state == "taken-back");
    // Of what was begun neither the day nor the state moved; only who has it.
    auto const after = college.zhou->shows(begun);
    CHECK(after.listed.row.state == before.listed.row.state);
    CHECK(after.listed.row.due == before.listed.row.due);
    CHECK(after.standing.person == college.person(*college.zhou));
    college.zhou->edits(begun, {{"cause", "慢"}});
    college.zhou->steps(begun, "causes-found");
    // The successor has no second copy of what is carried on.
    auto const cycle = showCycle(**college.qian, college.cycle, kToday);
    REQUIRE(cycle);
    CHECK(cycle->byUnit.at("yc-d08").all == 1);
    CHECK(cycle->points.takenBack == 1);

    auto const list = college.list(*college.qian, "yc-d03");
    REQUIRE(list.lines.size() == 1);
    CHECK(list.lines[0].carriedOn);
    CHECK(list.lines[0].successor == "yc-d08");
    CHECK(list.unitClosed == 0);
    // A catalogue that changes afterwards knows neither of them, and takes nothing from them.
    CycleWanted changed;
    changed.catalogues = {college.catalogue};
    changed.owners["学院"] = {"yc-d12"};
    auto const adopted = adoptCatalogue(**college.qian, college.cycle, changed, "要素表改版");
    INFO((adopted ? "" : adopted.error().reason + " " + adopted.error().detail));
    REQUIRE(adopted);
    CHECK(college.qian->shows(begun).listed.row.due == before.listed.row.due);
    CHECK(college.qian->shows(begun).expected);
    CHECK(college.qian->shows(college.point("P2", "yc-d08")).listed.row.state == "not-begun");
    CHECK(college.qian->shows(college.point("P2", "yc-d12")).listed.row.state == "not-begun");
    // Done again it finds nothing to do and makes nothing twice.
    auto const again = handOver(**college.qian, "yc-d03", "并入周的部门", {}, kToday);
    REQUIRE(again);
    CHECK(again->cycles.empty());
    CHECK(again->carriedOn.empty());
    CHECK(again->takenBack.empty());
}

// Once the second call found the successor written there and went straight on to taking back: nobody was asked.
TEST_CASE("a hand-over that was cut off between writing and adopting asks the successor before it takes anything back",
          "[units][cycle]") {
    MidCycle college;
    REQUIRE(closeUnit(**college.zhao, "yc-d03", {.successor = "yc-d08"}, kToday));
    college.everybodyMeets();
    auto const before = college.qian->dump();
    CHECK(reasonOf(handOver(**college.qian, "yc-d03", " ", {}, kToday)) == "step.comment-required");
    bool const nothingNew = college.qian->dump() == before;
    CHECK(nothingNew);
    auto const fields = college.qian->shows(college.cycle).merged.fields;
    for (std::string const name : {"elements", "points"}) {
        std::string rows = json::encode(*fields.find(name));
        std::string const alone = R"(["yc-d03"])";
        for (auto at = rows.find(alone); at != std::string::npos; at = rows.find(alone))
            rows.replace(at, alone.size(), R"(["yc-d03","yc-d08"])");
        college.qian->edits(college.cycle, {{name, rows}});
    }
    auto const done = handOver(**college.qian, "yc-d03", "撤并", {}, kToday);
    INFO((done ? "" : done.error().reason));
    REQUIRE(done);
    CHECK(done->takenBack.size() == 3);
    auto const open = college.list(*college.qian, "yc-d08");
    CHECK(open.lines.size() == 3);
}

TEST_CASE("a hand-over that is refused because nobody of the successor was named has signed nothing",
          "[units][cycle]") {
    MidCycle college;
    college.li->edits(college.point("P1", "yc-d03"), {{"result", "not-met"}, {"evidence", "台账"}});
    college.everybodyMeets();
    REQUIRE(closeUnit(**college.zhao, "yc-d03", {.successor = "yc-d05"}, kToday));
    college.everybodyMeets();
    auto const before = college.qian->dump();
    CHECK(reasonOf(handOver(**college.qian, "yc-d03", "撤并", {}, kToday)) == "unit.no-person");
    bool const nothingNew = college.qian->dump() == before;
    CHECK(nothingNew);
}

TEST_CASE(
    "a person who moves signs no more in the old unit, what she signed stands, and the head is told what is nobody's",
    "[units][people]") {
    MidCycle college;
    DocumentKey const point = college.point("P1", "yc-d03");
    college.li->edits(point, {{"result", "not-met"}, {"evidence", "台账"}, {"problem", "少"}});
    auto const task = college.li->creates("task", "unit/yc-d03",
                                          {{"title", "待提交"},
                                           {"owner", "yc-d03"},
                                           {"cause", "慢"},
                                           {"measures", "快"},
                                           {"effect", "有"},
                                           {"evidence", "台账"}});
    auto const signedBefore = college.li->steps(point, "problems-found");
    college.everybodyMeets();
    REQUIRE((*college.qian)
                ->step(point,
                       StepWanted{.action = "assign", .comment = "由李负责", .person = college.person(*college.li)}));
    college.everybodyMeets();
    // A draft that she has not sealed yet.
    REQUIRE((*college.li)->edit(point, {{"cause", "人手少"}}, true));

    CHECK(reasonOf(movePerson(**college.zhao, college.person(*college.li), "yc-d08", "yc-d03", kToday)) ==
          "person.not-there");
    auto const moved = movePerson(**college.zhao, college.person(*college.li), "yc-d03", "yc-d08", kToday);
    INFO((moved ? "" : moved.error().reason + " " + moved.error().detail));
    REQUIRE(moved);
    REQUIRE(moved->acts.size() == 2);
    CHECK(moved->acts[0].role == trust::Role::parse("clerk@unit/yc-d08"));
    CHECK(moved->acts[1].act == "revoke");
    REQUIRE(moved->withoutOwner.size() == 1);
    CHECK(moved->withoutOwner[0].key() == point);
    college.everybodyMeets();

    // What she signed stands, in the role that she had.
    auto const record = (*college.qian)->view().item(signedBefore.record);
    REQUIRE(record);
    CHECK((record->count == replica::Count::Current || record->count == replica::Count::Superseded));
    auto const bytes = (*college.qian)->replica().recordBytes(signedBefore.record);
    REQUIRE(bytes);
    CHECK(trust::decodeRecord(bytes->bytes)->role.text() == "clerk@unit/yc-d03");
    // She signs nothing there now, and her draft is kept and said.
    CHECK(college.li->refused(task, "submit") == "authority.above-cut");
    CHECK(reasonOf((*college.li)->seal(point)).starts_with("authority."));
    REQUIRE(strandedDrafts(**college.li).size() == 1);
    CHECK((*college.li)->replica().draft(point));
    CHECK(has((*college.li)->status().advice, "drafts-stranded"));
    CHECK(has(codesOf(*college.li), "inbox.draft-stranded"));
    // The head of the old unit hears that nobody has it, the quality office sees it, the new unit's head does not.
    CHECK(has(codesOf(*college.sun), "inbox.without-owner"));
    CHECK_FALSE(has(codesOf(*college.zhou), "inbox.without-owner"));
    auto const list = college.list(*college.qian, "yc-d03");
    CHECK(list.personGone == 1);
    CHECK_FALSE(unitOf(list, "yc-d03").fine);
    // Given to somebody who is there, it is somebody's again.
    REQUIRE(
        (*college.qian)
            ->step(point, StepWanted{.action = "assign", .comment = "由孙接", .person = college.person(*college.sun)}));
    college.everybodyMeets();
    CHECK_FALSE(has(codesOf(*college.sun), "inbox.without-owner"));
    CHECK(college.list(*college.qian, "yc-d03").personGone == 0);
    // In the new unit she works as before.
    college.li->creates("task", "unit/yc-d08", {{"title", "新任务"}});
}

TEST_CASE("what a person wrote after her move, offline and in her old role, is set aside with its reason and not lost",
          "[units][people]") {
    MidCycle college;
    DocumentKey const point = college.point("P1", "yc-d03");
    REQUIRE(movePerson(**college.zhao, college.person(*college.li), "yc-d03", "yc-d08", kToday));
    college.li->edits(point, {{"result", "met"}, {"evidence", "离线写的"}});  // she has not heard of it
    college.everybodyMeets();
    auto const quarantined = (*college.qian)->view().items(replica::Count::Quarantined);
    REQUIRE(quarantined.size() == 1);
    CHECK(quarantined[0].person == college.person(*college.li));
    auto const codes = codesOf(*college.li);
    INFO(Catch::Detail::stringify(codes) + " " + quarantined[0].reason);
    CHECK(has(codes, quarantined[0].reason));
    REQUIRE((*college.qian)->actOn("admit", quarantined[0].item.id, "确为调动前所写"));
    CHECK(college.qian->field(point, "evidence") == "离线写的");
}

TEST_CASE("a unit that moves to another campus while both campuses are offline keeps its work, its days and its cycle",
          "[units][campus]") {
    MidCycle college;
    DocumentKey const point = college.point("P1", "yc-d03");
    auto const campus = [&](Workplace& place) { return unitNow(*place, "yc-d03")->campus; };
    std::string const east = campus(*college.zhao), west = unitNow(**college.zhao, "yc-d16")->campus;
    REQUIRE(east != west);
    CHECK(reasonOf(moveUnit(**college.zhao, "yc-d03", east)) == "unit.same-campus");

    // The admin moves it; the department and the quality office, each at a campus of its own, go on without knowing.
    auto const moved = moveUnit(**college.zhao, "yc-d03", west);
    REQUIRE(moved);
    CHECK(moved->from == east);
    college.li->edits(point, {{"result", "not-met"}, {"evidence", "东校区台账"}, {"problem", "少"}});
    college.li->steps(point, "problems-found");
    college.qian->steps(point, "extend", "校区搬迁", parseDay("2026-10-31"));
    CHECK(campus(*college.li) == east);
    auto const eastBefore = college.list(*college.qian).byCampus;
    college.everybodyMeets();

    for (auto* place : {&college.qian, &college.li, &college.zhao}) {
        CHECK(campus(**place) == west);
        auto const shown = (*place)->shows(point);
        CHECK(shown.listed.row.state == "causes");
        CHECK(shown.listed.row.due == parseDay("2026-10-31"));
    }
    // The same documents in the same scope, counted where the unit is now; how old its data is has not changed hands.
    auto const list = college.list(*college.qian);
    CHECK(unitOf(list, "yc-d03").campus == west);
    CHECK(list.byCampus.at(east).units == eastBefore.at(east).units - 1);
    CHECK(list.byCampus.at(west).open == eastBefore.at(west).open + 3);
    CHECK_FALSE(unitOf(list, "yc-d03").data.stale);
    auto const cycle = showCycle(**college.qian, college.cycle, kToday);
    REQUIRE(cycle);
    CHECK(cycle->byCampus.at(west).all == 2);
    CHECK_FALSE(cycle->byCampus.contains(east));
    // Two replicas that hold the same say the same, also made anew.
    std::string const dump = college.qian->dump();
    (*college.qian)->rebuild();
    CHECK(college.qian->dump() == dump);
}

TEST_CASE(
    "a hub that reads by scopes goes on holding a unit that moved, and the new campus's hub is named as lacking it",
    "[units][campus]") {
    MidCycle college;
    auto const east = unitNow(**college.zhao, "yc-d03")->campus;
    std::string other;
    for (auto const& unit : (*college.zhao)->registry().units()) {
        if (unit.campus != east) other = unit.id;
    }
    auto const hubEast = college.zhao->installs({.name = "东汇聚点", .hub = true, .scopes = {Scope::unit("yc-d03")}});
    auto const hubWest = college.zhao->installs({.name = "西汇聚点", .hub = true, .scopes = {Scope::unit(other)}});
    auto const moved = moveUnit(**college.zhao, "yc-d03", unitNow(**college.zhao, other)->campus);
    REQUIRE(moved);
    CHECK(moved->hubsHolding == std::vector<std::string>{"东汇聚点"});
    CHECK(moved->hubsLacking == std::vector<std::string>{"西汇聚点"});
    // Held all the same: a scope is a unit's id, and no campus stands in it.
    college.everybodyMeets();
    college.li->edits(college.point("P1", "yc-d03"), {{"result", "met"}});
    college.li->carriesTo(*hubEast);
    CHECK((*hubEast)->view().document(college.point("P1", "yc-d03")));
}
