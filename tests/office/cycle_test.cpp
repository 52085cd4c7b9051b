// Cycles of diagnosis: what they ask for, who may move what, and what nobody can do silently.
#include "hostile.h"

#include "office/cycles.h"

#include <algorithm>
#include <set>

using namespace spiral;
using namespace spiral::office;

namespace {

Day day(std::string_view text) { return *parseDay(text); }

/// A quality office of two, a clerk and a head of one department, a clerk of another; a small catalogue of two
/// elements.
struct College {
    std::unique_ptr<Workplace> zhao = Workplace::founds("赵");
    std::unique_ptr<Workplace> qian = zhao->hires("钱", "yc-d05", {"quality@college"});
    std::unique_ptr<Workplace> li = zhao->hires("李", "yc-d03", {"clerk"});
    std::unique_ptr<Workplace> wang = zhao->hires("王", "yc-d08", {"clerk"});
    DocumentKey catalogue;

    College() {
        for (auto* each : {&qian, &li, &wang}) zhao->carriesTo(**each);
        catalogue = qian->creates("catalogue", "college",
                                  {{"title", "样例要素表"}, {"level", "college"}, {"elements", elements(3)}});
        qian->carriesTo(*zhao);
    }
    static std::string elements(int points) {
        std::string list;
        for (int i = 1; i <= points; ++i) {
            list += std::string(i > 1 ? "," : "") + R"({"id":"E1-P)" + std::to_string(i) + R"(","zh":"点)" +
                    std::to_string(i) + R"("})";
        }
        return R"([{"id":"E1","points":[)" + list +
               R"(],"responsible":["二级学院","教务处"],"zh":"目标任务"},)"
               R"({"id":"E2","points":[{"id":"E2-P1","zh":"质量文化"}],"responsible":["质控办"],"zh":"质量文化"}])";
    }
    CycleWanted wanted() const {
        CycleWanted cycle;
        cycle.title = "2026年自我诊改";
        cycle.start = day("2026-01-01");
        cycle.due = day("2026-09-30");
        cycle.catalogues = {catalogue};
        cycle.owners["二级学院"] = {"yc-d03", "yc-d08"};
        return cycle;
    }
    DocumentKey starts() {
        auto const started = startCycle(**qian, wanted());
        INFO((started ? "" : started.error().reason + " " + started.error().detail));
        REQUIRE(started);
        qian->carriesTo(*zhao);
        qian->carriesTo(*li);
        qian->carriesTo(*wang);
        return started->cycle;
    }
    CyclePart part(Workplace& place, DocumentKey const& cycle, std::string_view rule, std::string_view unit,
                   std::string_view point = {}) {
        auto const shown = showCycle(*place, cycle, day("2026-03-02"));
        REQUIRE(shown);
        for (auto const& part : shown->parts) {
            if (part.rule == rule && part.unit == unit && (point.empty() || part.point == point)) return part;
        }
        FAIL("no such part");
        return {};
    }
    /// Walks a point to the check.
    void walks(Workplace& place, DocumentKey const& point) {
        place.edits(point, {{"result", "not-met"}, {"evidence", "台账"}, {"problem", "少"}});
        place.steps(point, "problems-found");
        place.edits(point, {{"cause", "慢"}});
        place.steps(point, "causes-found");
        place.edits(point, {{"main_cause", "慢"}});
        place.steps(point, "main-cause-found");
        place.edits(point, {{"measures", "快"}});
        place.steps(point, "plan-made");
        place.edits(point, {{"execution", "已做"}});
        place.steps(point, "submit");
    }
};

std::string reasonOf(Result<CycleStarted> const& result) { return result ? "started" : result.error().reason; }

std::vector<TaskLine> work(Workplace& place, std::string_view unit) {
    Office::TaskFilter filter;
    filter.allWork = true;
    filter.unit = std::string(unit);
    return place->tasks(filter, day("2026-03-02"));
}

}  // namespace

TEST_CASE(
    "a cycle is started in one command from catalogue, units and dates, and every part stands in the lists at once",
    "[requirements][cycle]") {
    College college;
    DocumentKey const cycle = college.starts();
    auto const shown = showCycle(**college.li, cycle, day("2026-03-02"));
    REQUIRE(shown);
    CHECK(shown->document.listed.row.state == "running");
    CHECK(shown->elements.all == 3);  // E1 of two units, E2 of one
    CHECK(shown->points.all == 7);    // three points of two units, one of one
    CHECK(shown->points.notBegun == 7);
    CHECK(shown->points.answered == 0);
    auto const lines = work(*college.li, "yc-d03");
    CHECK(lines.size() == 4);
    for (auto const& line : lines) {
        CHECK_FALSE(line.begun);
        CHECK(line.state == "not-begun");
        CHECK(line.due == day("2026-09-30"));
        CHECK(line.owner == "yc-d03");
    }
    // Everybody who holds the same shows the same, also made anew.
    std::string const before = college.li->dump();
    (*college.li)->rebuild();
    CHECK(college.li->dump() == before);
    CHECK(before.find("not-begun") != std::string::npos);
}

TEST_CASE("Y048 a point that nobody owns is told before a cycle begins", "[requirements][cycle]") {
    College college;
    auto wanted = college.wanted();
    wanted.owners.clear();
    auto const plan = planCycle(**college.qian, wanted);
    REQUIRE(plan);
    CHECK(plan->unknownNames == std::vector<std::string>{});  // the sample college has a unit of that name
    college.qian->edits(
        college.catalogue,
        {{"elements", R"([{"id":"E1","points":[{"id":"P1","zh":"点"}],"responsible":["无此部门"],"zh":"甲"}])"}});
    CHECK(reasonOf(startCycle(**college.qian, wanted)) == "cycle.unowned");
    auto const unowned = planCycle(**college.qian, wanted);
    REQUIRE(unowned);
    REQUIRE(unowned->unowned.size() == 1);
    CHECK(unowned->unowned[0].names == "无此部门");
    wanted.catalogues.clear();
    CHECK(reasonOf(startCycle(**college.qian, wanted)) == "cycle.no-catalogue");
    wanted = college.wanted();
    wanted.due = day("2025-12-31");
    CHECK(reasonOf(startCycle(**college.qian, wanted)) == "cycle.dates");
    wanted = college.wanted();
    wanted.units = {"yc-d99"};
    CHECK(reasonOf(startCycle(**college.qian, wanted)) == "cycle.unit-unknown");
}

TEST_CASE("two people who begin the same part apart have begun one document, with both texts",
          "[requirements][cycle]") {
    College college;
    auto const sun = college.zhao->hires("孙", "yc-d03", {"clerk"});
    college.zhao->carriesTo(*college.qian);
    college.zhao->carriesTo(*college.li);
    DocumentKey const cycle = college.starts();
    college.qian->carriesTo(*sun);
    DocumentKey const point = college.part(*college.li, cycle, "point", "yc-d03", "E1-P1").line.key();
    college.li->edits(point, {{"result", "met"}, {"evidence", "甲"}});
    sun->edits(point, {{"result", "met"}, {"evidence", "乙"}});
    sun->carriesTo(*college.li);
    auto const shown = college.li->shows(point);
    CHECK(shown.merged.heads.size() == 2);
    REQUIRE(shown.differences.size() == 1);
    CHECK(shown.differences[0].field == "evidence");
    CHECK(college.li->field(point, "result") == "met");
    CHECK(shown.listed.row.due == day("2026-09-30"));
}

TEST_CASE("L021 a point walks eight steps in their order, each a signed record, and none is jumped",
          "[requirements][cycle]") {
    College college;
    DocumentKey const cycle = college.starts();
    DocumentKey const point = college.part(*college.li, cycle, "point", "yc-d03", "E1-P1").line.key();
    CHECK(college.li->refused(point, "problems-found") == "document.not-begun");
    college.li->edits(point, {{"result", "not-met"}});
    CHECK(college.li->refused(point, "problems-found") == "step.incomplete");
    CHECK(college.li->refused(point, "plan-made") == "step.not-in-state");
    CHECK(college.li->refused(point, "standardised") == "step.not-in-state");
    CHECK(college.li->refused(point, "finish") == "step.not-in-state");
    CHECK(college.li->refused(point, "no-problem") == "step.field-not-equal");
    college.walks(*college.li, point);
    CHECK(college.li->shows(point).listed.row.state == "check");
    CHECK(college.li->refused(point, "recheck-pass") == "authority.role-not-allowed");
    college.li->carriesTo(*college.qian);
    college.qian->steps(point, "recheck-pass");
    college.qian->carriesTo(*college.li);
    CHECK(college.li->refused(point, "finish") == "step.not-in-state");
    CHECK(college.li->refused(point, "standardised") == "step.incomplete");
    college.li->edits(point, {{"standard", "无"}});
    college.li->steps(point, "standardised");
    college.li->edits(point, {{"left_over", "验收标准未定"}});
    college.li->steps(point, "finish");
    CHECK(college.li->shows(point).listed.row.closed);
    int records = 0;
    for (auto const& item : college.li->shows(point).items) records += item.item.kind == trust::Item::Kind::Record;
    CHECK(records == 8);  // five steps to the check, the check, the standard, the end
}

TEST_CASE("Y078 a failed point opens a task with the verdict's day, and only a signed pass by another person closes it",
          "[requirements][cycle]") {
    College college;
    DocumentKey const cycle = college.starts();
    DocumentKey const point = college.part(*college.li, cycle, "point", "yc-d03", "E1-P1").line.key();
    college.walks(*college.li, point);
    college.li->carriesTo(*college.qian);
    CHECK(college.qian->refused(point, "recheck-fail", "不够") == "step.until-required");
    college.qian->steps(point, "recheck-fail", "没有成效", day("2026-05-31"));
    college.qian->carriesTo(*college.li);
    auto const expected = (*college.li)->expectedBy(point);
    REQUIRE(expected.size() == 1);
    DocumentKey const task = expected[0].document;
    CHECK(college.li->shows(task).listed.row.due == day("2026-05-31"));
    CHECK(college.li->field(task, "problem") == "没有成效");
    // The task stands whether or not the department has begun it; the point cannot go on without it.
    college.li->edits(point, {{"execution", "再做"}});
    CHECK(college.li->refused(point, "submit") == "step.parts-open");
    // Whoever begins it writes no other day into it: the verdict's counts, and the attempt is told.
    college.li->edits(task, {{"due", "2027-12-31"}, {"cause", "慢"}, {"measures", "快"}, {"evidence", "台账"}});
    auto const begun = college.li->shows(task);
    CHECK(begun.listed.row.due == day("2026-05-31"));
    CHECK(begun.standing.dueEdited);
    for (int round = 1; round <= 5; ++round) {
        college.li->edits(task, {{"effect", "第" + std::to_string(round) + "轮"}});
        college.li->steps(task, "submit");
        CHECK(college.li->refused(task, "recheck-pass") == "authority.role-not-allowed");
        college.li->carriesTo(*college.qian);
        if (round < 5)
            college.qian->steps(task, "recheck-fail", "不够", engine::addDays(day("2026-06-01"), round));
        else
            college.qian->steps(task, "recheck-pass");
        college.qian->carriesTo(*college.li);
    }
    auto const done = college.li->shows(task);
    CHECK(done.listed.row.closed);
    CHECK(done.standing.rounds.size() == 5);
    CHECK(done.standing.failedRounds == 4);
    CHECK(college.li->refused(point, "recheck-pass") != "done");
    college.li->steps(point, "submit");
}

TEST_CASE("Y078 a deadline moves by a signed act with a reason, also of what nobody has begun, and by nothing else",
          "[requirements][cycle]") {
    College college;
    DocumentKey const cycle = college.starts();
    CyclePart const part = college.part(*college.li, cycle, "point", "yc-d03", "E1-P1");
    DocumentKey const point = part.line.key();
    CHECK_FALSE((*college.qian)->step(point, "extend", "", day("2026-10-15")));
    CHECK_FALSE((*college.li)->step(point, "extend", "忙", day("2027-10-15")));
    auto const moved = (*college.qian)->step(point, "extend", "系统停机两周", day("2026-10-15"));
    INFO((moved ? "" : moved.error().reason + " " + moved.error().detail));
    REQUIRE(moved);
    college.qian->carriesTo(*college.li);
    CHECK(college.li->shows(point).listed.row.due == day("2026-10-15"));
    // Being reminded of it moves nothing.
    REQUIRE((*college.qian)->step(point, "remind", "请尽快填写", std::nullopt));
    CHECK(college.qian->shows(point).listed.row.due == day("2026-10-15"));
    CHECK(college.qian->shows(point).listed.row.state == "not-begun");
    // Another part of the same cycle keeps its day.
    CHECK(college.part(*college.li, cycle, "point", "yc-d03", "E1-P2").line.due == day("2026-09-30"));
    // Begun with another day written into it, the same day counts.
    college.li->edits(point, {{"due", "2030-01-01"}});
    CHECK(college.li->shows(point).listed.row.due == day("2026-10-15"));
    CHECK(work(*college.li, "yc-d03").front().due == day("2026-09-30"));
    // An edit of the running cycle, by the quality office itself, asks for nothing and moves nothing until it is
    // adopted.
    college.qian->edits(cycle, {{"due", "2026-12-31"}});
    CHECK(college.part(*college.qian, cycle, "point", "yc-d03", "E1-P2").line.due == day("2026-09-30"));
    CHECK(college.qian->shows(cycle).standing.dueEdited);
}

TEST_CASE("Y078 a part is taken back by a signed act with a reason and stays visible", "[requirements][cycle]") {
    College college;
    DocumentKey const cycle = college.starts();
    DocumentKey const point = college.part(*college.qian, cycle, "point", "yc-d08", "E1-P1").line.key();
    CHECK_FALSE((*college.qian)->step(point, "cancel", "", std::nullopt));
    REQUIRE((*college.qian)->step(point, "cancel", "部门年中撤销", std::nullopt));
    auto const shown = college.qian->shows(point);
    CHECK(shown.listed.row.state == "taken-back");
    CHECK(shown.listed.row.closed);
    auto const all = showCycle(**college.qian, cycle, day("2026-03-02"));
    CHECK(all->points.takenBack == 1);
    CHECK(all->points.all == 7);
    CHECK(all->document.listed.row.state == "running");
}

TEST_CASE(
    "Y053 L017 a running cycle keeps its catalogue until it adopts another, and answers to withdrawn points are kept "
    "and listed",
    "[requirements][cycle]") {
    College college;
    DocumentKey const cycle = college.starts();
    DocumentKey const kept = college.part(*college.li, cycle, "point", "yc-d03", "E1-P1").line.key();
    DocumentKey const gone = college.part(*college.li, cycle, "point", "yc-d03", "E1-P3").line.key();
    college.li->edits(kept, {{"result", "met"}});
    // While the department fills a point in offline, the college takes it out of its catalogue.
    college.li->edits(gone, {{"result", "not-met"}, {"problem", "写到一半"}});
    std::string const before = college.qian->field(cycle, "points");
    college.qian->edits(college.catalogue, {{"elements", College::elements(2)}});
    auto const same = showCycle(**college.qian, cycle, day("2026-03-02"));
    CHECK(same->points.all == 7);
    auto wanted = college.wanted();
    CHECK(reasonOf(adoptCatalogue(**college.qian, cycle, wanted, "")) == "step.comment-required");
    auto const adopted = adoptCatalogue(**college.qian, cycle, wanted, "撤销一个诊断点");
    INFO((adopted ? "" : adopted.error().reason + " " + adopted.error().detail));
    REQUIRE(adopted);
    college.qian->carriesTo(*college.li);
    auto const after = showCycle(**college.li, cycle, day("2026-03-02"));
    REQUIRE(after);
    CHECK(after->points.all == 5);
    CHECK(college.li->field(kept, "result") == "met");
    REQUIRE(after->withdrawn.size() == 1);
    CHECK(after->withdrawn[0].line.key() == gone);
    CHECK(after->withdrawn[0].answered);
    CHECK(college.li->field(gone, "problem") == "写到一半");
}

// Adopting wrote an empty text into the list of withdrawn points, which takes rows: a catalogue that had only grown was
// refused with "field.not-rows".
TEST_CASE("a running cycle adopts a catalogue that only grew, and asks for the new point from then on", "[cycle]") {
    College college;
    DocumentKey const cycle = college.starts();
    college.qian->edits(college.catalogue, {{"elements", College::elements(4)}});
    CHECK(reasonOf(adoptCatalogue(**college.qian, cycle, college.wanted(), "增补一个诊断点")) == "started");
    auto const after = showCycle(**college.qian, cycle, day("2026-03-02"));
    REQUIRE(after);
    CHECK(after->points.all == 9);
    CHECK(after->withdrawn.empty());
}

TEST_CASE("L016 each department has its own part of a joint element, and two that write apart collide nowhere",
          "[requirements][cycle]") {
    College college;
    DocumentKey const cycle = college.starts();
    DocumentKey const north = college.part(*college.li, cycle, "element", "yc-d03").line.key();
    DocumentKey const south = college.part(*college.wang, cycle, "element", "yc-d08").line.key();
    CHECK(north.doc != south.doc);
    college.li->edits(north, {{"form_and_basis", "北"}});
    college.wang->edits(south, {{"form_and_basis", "南"}});
    college.li->carriesTo(*college.qian);
    college.wang->carriesTo(*college.qian);
    CHECK(college.qian->field(north, "form_and_basis") == "北");
    CHECK(college.qian->field(south, "form_and_basis") == "南");
    CHECK(college.qian->field(north, "lead") == "yc-d03");
    auto const parts = beside(**college.qian, north);
    REQUIRE(parts);
    CHECK(parts->jointParts.size() == 2);
}

TEST_CASE("L020 a form of six parts is refused while one is empty, by its name", "[requirements][cycle]") {
    College college;
    DocumentKey const cycle = college.starts();
    DocumentKey const form = college.part(*college.li, cycle, "element", "yc-d03").line.key();
    college.li->edits(
        form,
        {{"form_and_basis", "甲"}, {"attainment", "乙"}, {"achievements", "丙"}, {"problems", "丁"}, {"causes", "戊"}});
    auto const refused = (*college.li)->step(form, "submit", "", std::nullopt);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().reason == "step.incomplete");
    CHECK(refused.error().detail == "measures");
    CHECK_FALSE(college.part(*college.li, cycle, "element", "yc-d03").answered);
    college.li->edits(form, {{"measures", "己"}});
    CHECK(college.part(*college.li, cycle, "element", "yc-d03").answered);
    college.li->steps(form, "submit");
}

TEST_CASE(
    "L023 a cycle with open inner cycles is not closed unless they are left over by name, and its numbers are counts",
    "[requirements][cycle]") {
    College college;
    DocumentKey const cycle = college.starts();
    auto const refused = closeCycle(**college.qian, cycle, "", false);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().reason == "step.parts-open");
    CHECK(refused.error().detail.find("质量文化") != std::string::npos);
    REQUIRE(closeCycle(**college.qian, cycle, "年度结束", true));
    auto const shown = showCycle(**college.qian, cycle, day("2026-12-31"));
    CHECK(shown->document.listed.row.closed);
    CHECK(shown->document.standing.left.size() == 10);
    // What the next cycle will ask for again is no longer due in this one.
    CHECK(shown->points.carriedOver == 7);
    CHECK(work(*college.qian, "yc-d03").empty());
    int points = 0;
    for (auto const& [unit, counts] : shown->byUnit) points += counts.all;
    CHECK(points == shown->points.all);
}

TEST_CASE("L012 a second cycle is refused before the first is closed, and begins with what that left over",
          "[requirements][cycle]") {
    College college;
    DocumentKey const cycle = college.starts();
    DocumentKey const point = college.part(*college.li, cycle, "point", "yc-d03", "E1-P1").line.key();
    college.walks(*college.li, point);
    college.li->carriesTo(*college.qian);
    college.qian->steps(point, "recheck-pass");
    college.qian->carriesTo(*college.li);
    college.li->edits(point, {{"standard", "第五条"}, {"lessons", "先定口径"}});
    college.li->steps(point, "standardised");
    college.li->edits(point, {{"left_over", "验收标准未定"}});
    college.li->steps(point, "finish");
    college.li->carriesTo(*college.qian);
    auto wanted = college.wanted();
    wanted.start = day("2027-01-01");
    wanted.due = day("2027-09-30");
    wanted.previous = cycle;
    CHECK(reasonOf(startCycle(**college.qian, wanted)) == "cycle.previous-open");
    REQUIRE(closeCycle(**college.qian, cycle, "", true));
    auto const next = startCycle(**college.qian, wanted);
    INFO((next ? "" : next.error().reason + " " + next.error().detail));
    REQUIRE(next);
    CHECK(next->plan.carried == 10);
    college.qian->carriesTo(*college.li);
    auto const shown = showCycle(**college.li, next->cycle, day("2027-01-02"));
    CHECK(shown->carried.all == 10);
    auto const left = std::find_if(shown->parts.begin(), shown->parts.end(), [](auto const& part) {
        return part.rule == "left-over" && part.point == "E1-P1" && part.unit == "yc-d03";
    });
    REQUIRE(left != shown->parts.end());
    CHECK(college.li->field(left->line.key(), "problem") == "验收标准未定");
    // Y079: last year's answer and lesson stand beside the new form.
    DocumentKey const again = college.part(*college.li, next->cycle, "point", "yc-d03", "E1-P1").line.key();
    auto const found = beside(**college.li, again);
    REQUIRE(found);
    REQUIRE(found->lastAnswer);
    CHECK(*json::stringAt(*found->lastAnswer, "lessons") == "先定口径");
}

TEST_CASE("a cycle is begun, adopted, moved and closed by nobody but the quality office, whatever a department signs",
          "[cycle]") {
    College college;
    DocumentKey const cycle = college.starts();
    for (auto const* action : {"adopt", "extend", "cancel", "close"}) {
        CHECK_FALSE((*college.li)->step(cycle, action, "无", day("2027-01-01")));
    }
    // A cycle of her own, in her own scope, reaches no other department.
    auto const made = (*college.li)
                          ->create("cycle", *Scope::parse("unit/yc-d03"),
                                   {{"title", "假"},
                                    {"clock", "year"},
                                    {"start", "2026-01-01"},
                                    {"end", "2026-12-31"},
                                    {"due", "2026-09-30"},
                                    {"points", R"([{"id":"P","title":"假","units":["yc-d03","yc-d08"]}])"}});
    REQUIRE(made);
    CHECK(college.li->refused(made->document, "start") == "authority.role-not-allowed");
    CHECK((*college.li)->expectedBy(made->document).empty());
}

TEST_CASE(
    "a deadline, a verdict or a round changes by no crafted record, carried in by stick, of a clerk or of the quality "
    "office",
    "[cycle][hostile]") {
    College college;
    DocumentKey const cycle = college.starts();
    DocumentKey const point = college.part(*college.li, cycle, "point", "yc-d03", "E1-P1").line.key();
    DocumentKey const other = college.part(*college.li, cycle, "point", "yc-d08", "E1-P1").line.key();
    college.walks(*college.li, point);
    college.li->carriesTo(*college.qian);
    college.qian->steps(point, "recheck-fail", "没有成效", day("2026-05-31"));
    college.qian->carriesTo(*college.li);
    DocumentKey const task = (*college.li)->expectedBy(point)[0].document;
    college.li->edits(task, {{"cause", "慢"}, {"measures", "快"}, {"evidence", "台账"}});
    college.li->steps(task, "submit");
    college.li->carriesTo(*college.qian);

    trust::Role const clerk{"clerk", *Scope::parse("unit/yc-d03")}, quality{"quality", Scope::college()};
    auto const after = [&](DocumentKey const& document) {
        json::Array ids;
        for (auto const& id : college.qian->shows(document).standing.last) ids.emplace_back(id.hex());
        return ids;
    };
    auto const head = [&](DocumentKey const& document) { return college.qian->shows(document).merged.heads.front(); };
    std::string const before = [&] {
        std::string all;
        for (auto const& document : {cycle, point, other, task}) {
            auto const row = college.qian->shows(document).listed.row;
            all += row.state + " " + (row.due ? toText(*row.due) : "-") + " " + std::to_string(row.round) + "\n";
        }
        return all;
    }();
    auto const asBefore = [&](Workplace& place) {
        std::string all;
        for (auto const& document : {cycle, point, other, task}) {
            auto const row = place.shows(document).listed.row;
            all += row.state + " " + (row.due ? toText(*row.due) : "-") + " " + std::to_string(row.round) + "\n";
        }
        return all == before;
    };
    json::Object const until{{"until", "2029-12-31"}};
    auto const body = [&](DocumentKey const& document, json::Object more) {
        more.set("after", after(document));
        return more;
    };

    SECTION("by the department: it may not, whatever role it writes down") {
        forges(*college.li, ForgedAct{"extend.v1", task, head(task), clerk,
                                      body(task, {{"comment", "忙"}, {"until", "2029-12-31"}})});
        forges(*college.li, ForgedAct{"extend.v1", task, head(task), quality,
                                      body(task, {{"comment", "忙"}, {"until", "2029-12-31"}})});
        forges(*college.li, ForgedAct{"recheck-pass.v1", task, head(task), clerk, body(task, {})});
        forges(*college.li, ForgedAct{"recheck-pass.v1", task, head(task), quality, body(task, {})});
        forges(*college.li, ForgedAct{"recheck-pass.v2", task, head(task), clerk, body(task, {})});
        forges(*college.li, ForgedAct{"extend.v1", cycle, head(cycle), quality,
                                      body(cycle, {{"comment", "忙"}, {"until", "2029-12-31"}})});
        forges(*college.li, ForgedAct{"cancel.v1", cycle, head(cycle), clerk,
                                      body(cycle, {{"comment", "忙"}, {"for", json::Array{point.doc.hex()}}})});
        // A revision of the cycle itself, in the college's scope, where a clerk may not write.
        auto fields = college.li->shows(cycle).merged.fields;
        fields.set("due", "2029-12-31");
        forges(*college.li, {Forged{cycle, "cycle.v1", fields, {head(cycle)}, {}}});
        college.li->carriesTo(*college.qian);
    }
    SECTION("by the quality office: not without the reason, not in a state that does not have it, not by an edit") {
        forges(*college.qian, ForgedAct{"extend.v1", task, head(task), quality, body(task, {{"until", "2029-12-31"}})});
        forges(*college.qian, ForgedAct{"extend.v1", task, head(task), quality,
                                        body(task, {{"comment", "  "}, {"until", "2029-12-31"}})});
        forges(*college.qian, ForgedAct{"extend.v1", cycle, head(cycle), quality,
                                        body(cycle, {{"until", "2029-12-31"}, {"for", json::Array{other.doc.hex()}}})});
        forges(*college.qian, ForgedAct{"recheck-fail.v1", task, head(task), quality,
                                        body(task, {{"comment", "不够"}})});  // no new day
        forges(*college.qian, ForgedAct{"recheck-fail.v1", task, head(task), quality, body(task, until)});  // no reason
        forges(*college.qian,
               ForgedAct{"recheck-pass.v1", point, head(point), quality, body(point, {})});           // it has failed
        forges(*college.qian, ForgedAct{"finish.v1", point, head(point), quality, body(point, {})});  // steps jumped
        forges(*college.qian, ForgedAct{"standardised.v1", point, head(point), quality, body(point, {})});
        // A verdict that leaves its place open, as if nothing had come before.
        forges(*college.qian, ForgedAct{"recheck-pass.v1", task, head(task), quality, {{"after", json::Array{}}}});
        // A verdict about parts, a part that nobody asked for.
        forges(*college.qian, ForgedAct{"recheck-pass.v1", task, head(task), quality,
                                        body(task, {{"for", json::Array{other.doc.hex()}}})});
        auto fields = college.qian->shows(cycle).merged.fields;
        fields.set("due", "2029-12-31");
        forges(*college.qian, {Forged{cycle, "cycle.v1", fields, {head(cycle)}, {}}});
    }
    SECTION("by a document that claims to be what is asked for, written before it was") {
        auto fields = json::Object{{"title", "冒名"}, {"due", "2029-12-31"}, {"kind", "rectification"}};
        forges(*college.li, {Forged{other, "point.v1", fields, {}, {}}});  // another unit's scope
        college.li->carriesTo(*college.qian);
    }
    CHECK(asBefore(*college.qian));
    // The same when everything came by stick, and when the view is made anew.
    college.qian->carriesTo(*college.zhao);
    CHECK(asBefore(*college.zhao));
    (*college.zhao)->rebuild();
    CHECK(asBefore(*college.zhao));
}

// A rectification's id can be foretold. Begun as a finding, it was closed by its writer's own submission, and the point
// went on without a signed pass.
TEST_CASE("what is asked for is of the type that is asked for, whatever its unit begins it as", "[cycle][hostile]") {
    College college;
    DocumentKey const cycle = college.starts();
    DocumentKey const point = college.part(*college.li, cycle, "point", "yc-d03", "E1-P1").line.key();
    college.walks(*college.li, point);
    college.li->carriesTo(*college.qian);
    college.qian->steps(point, "recheck-fail", "没有成效", day("2026-05-31"));
    college.qian->carriesTo(*college.li);
    DocumentKey const task = (*college.li)->expectedBy(point)[0].document;
    trust::Role const clerk{"clerk", *Scope::parse("unit/yc-d03")};
    for (auto const* type : {"finding.v1", "plan.v1", "zzz.v1"}) {
        auto const ids = forges(*college.li, {Forged{task, type, {{"title", "冒名"}, {"owner", "yc-d08"}}, {}, {}}});
        forges(*college.li, ForgedAct{"submit.v1", task, ids[0], clerk, {{"after", json::Array{}}}});
        forges(*college.li, ForgedAct{"withdraw.v1", task, ids[0], clerk, {{"after", json::Array{}}}});
    }
    auto const row = college.li->shows(task).listed.row;
    CHECK(row.state == "not-begun");
    CHECK_FALSE(row.closed);
    CHECK(row.due == day("2026-05-31"));
    CHECK(row.owner == "yc-d03");
    college.li->edits(point, {{"execution", "再做"}});
    CHECK(college.li->refused(point, "submit") == "step.parts-open");
    // Begun as what it is, it still belongs to the unit that is asked.
    college.li->edits(task, {{"cause", "慢"}, {"owner", "yc-d08"}});
    CHECK(college.li->shows(task).listed.row.owner == "yc-d03");
    CHECK(college.li->shows(task).listed.row.state == "open");
}

TEST_CASE("a cycle closed about an edit that nobody adopted asks for what it asked for", "[cycle][hostile]") {
    College college;
    DocumentKey const cycle = college.starts();
    auto const shown = college.qian->shows(cycle);
    auto const before = (*college.qian)->expectedBy(cycle).size();
    json::Array last;
    for (auto const& id : shown.standing.last) last.emplace_back(id.hex());
    json::Object fields = shown.merged.fields;
    fields.erase("points");
    auto const ids = forges(*college.qian, {Forged{cycle, "cycle.v1", fields, {shown.merged.heads[0]}, {}}});
    forges(*college.qian, ForgedAct{"close.v1", cycle, ids[0], {"quality", Scope::college()}, {{"after", last}}});
    CHECK(college.qian->shows(cycle).listed.row.closed);
    CHECK((*college.qian)->expectedBy(cycle).size() == before);
}

TEST_CASE("of two who fail a point apart the earlier day is asked for, whoever claims to be younger", "[cycle]") {
    College college;
    auto const sun = college.zhao->hires("孙", "yc-d03", {"head"});
    college.zhao->carriesTo(*college.qian);
    college.zhao->carriesTo(*college.li);
    DocumentKey const cycle = college.starts();
    DocumentKey const point = college.part(*college.li, cycle, "point", "yc-d03", "E1-P1").line.key();
    college.walks(*college.li, point);
    college.li->carriesTo(*college.qian);
    college.qian->carriesTo(*sun);
    college.qian->steps(point, "recheck-fail", "没有成效", day("2026-05-31"));
    sun->clock.time += std::chrono::hours{5};
    sun->steps(point, "recheck-fail", "再看看", day("2026-12-31"));
    sun->carriesTo(*college.qian);
    auto const expected = (*college.qian)->expectedBy(point);
    REQUIRE(expected.size() == 1);
    CHECK(expected[0].due == day("2026-05-31"));
}

TEST_CASE("only a step that gives a task to somebody takes a person", "[cycle]") {
    College college;
    DocumentKey const cycle = college.starts();
    DocumentKey const form = college.part(*college.li, cycle, "element", "yc-d03").line.key();
    college.li->edits(form, {{"form_and_basis", "甲"},
                             {"attainment", "乙"},
                             {"achievements", "丙"},
                             {"problems", "丁"},
                             {"causes", "戊"},
                             {"measures", "己"}});
    StepWanted submit{.action = "submit"};
    submit.person = (*college.li)->status().person;
    CHECK((*college.li)->step(form, submit).error().reason == "step.person-not-allowed");
}

TEST_CASE(
    "one JSON file adds a type with a workflow of three steps without a new program, and replicas that never saw it "
    "read it",
    "[requirements][definitions]") {
    College college;
    std::string const workflow =
        R"({"schema":"workflow/1","name":"visit.v1","label":{"zh":"巡查","en":"visit"},"initial":"planned",
        "states":[{"name":"planned","label":{"zh":"已计划","en":"planned"},"caution":3},{"name":"visited","label":{"zh":"已巡查","en":"visited"},"caution":2},
                  {"name":"answered","label":{"zh":"已答复","en":"answered"},"caution":1},{"name":"archived","label":{"zh":"已归档","en":"archived"},"caution":0,"closed":true}],
        "actions":[{"name":"visit","label":{"zh":"巡查","en":"visit"},"from":["planned"],"to":"visited","roles":["clerk","quality"]},
                   {"name":"answer","label":{"zh":"答复","en":"answer"},"from":["visited"],"to":"answered","roles":["clerk"],"guards":[{"name":"comment-required"}]},
                   {"name":"archive","label":{"zh":"归档","en":"archive"},"from":["answered"],"to":"archived","roles":["quality"],"differ":["author"]}]})";
    std::string const type =
        R"({"schema":"type/1","name":"visit.v1","label":{"zh":"巡查记录","en":"visit"},"workflow":"visit.v1","title_field":"title","due_field":"due",
        "fields":[{"name":"title","kind":"text","label":{"zh":"名称","en":"title"},"required":true},{"name":"due","kind":"day","label":{"zh":"期限","en":"due"}}]})";
    auto& zhao = **college.zhao;
    auto const policy = [&](std::vector<std::string> const& texts) {
        return policyWith(zhao.definitions(), zhao.registry().policy(zhao.registry().head().seq), texts);
    };
    // Bad ones, each with its reason.
    CHECK(policy({type}).error().reason == "definition.no-workflow");
    CHECK(policy({R"({"schema":"type/9"})"}).error().reason == "definition.schema");
    CHECK(policy({"{"}).error().reason.starts_with("data."));
    std::string other = workflow;
    other.replace(other.find("\"roles\":[\"clerk\"]"), 17, "\"roles\":[\"head\"]");
    auto members = policy({type, workflow});
    INFO((members ? "" : members.error().reason + " " + members.error().detail));
    REQUIRE(members);
    auto const appended = zhao.propose("policy", *members);
    INFO((appended ? "" : appended.error().reason + " " + appended.error().detail));
    REQUIRE(appended);
    REQUIRE(appended->entry);
    REQUIRE(zhao.definitions().type("visit"));
    CHECK(policy({workflow}).error().reason == "workflow.exists");
    // A clerk's replica hears of it with the next stick, and works with it.
    college.zhao->carriesTo(*college.li);
    DocumentKey const visit =
        college.li->creates("visit", "unit/yc-d03", {{"title", "实训室巡查"}, {"due", "2026-04-01"}});
    college.li->steps(visit, "visit");
    CHECK(college.li->refused(visit, "archive") == "step.not-in-state");
    college.li->steps(visit, "answer", "已整改");
    CHECK(college.li->refused(visit, "archive") == "authority.role-not-allowed");
    // Somebody whose replica gets the document before the registry shows it once the registry has come.
    college.li->carriesTo(*college.qian);
    CHECK(college.qian->shows(visit).listed.row.state == "answered");
    college.qian->steps(visit, "archive");
    CHECK(college.qian->shows(visit).listed.row.closed);
    CHECK(work(*college.qian, "yc-d03").empty());
}
