// The quality office's list over all units, and what it does to many tasks at once.
#include "office/quality_list.h"
#include "office/cycles.h"
#include "office/task_bulk.h"

#include "college.h"

#include <algorithm>

using namespace spiral;
using namespace spiral::office;

namespace {

Day day(std::string_view text) { return *parseDay(text); }

struct College : Departments {
    [[nodiscard]] QualityList list(std::string_view today, QualityFilter const& filter = {}) {
        return qualityList(**quality, filter, day(today));
    }
};

QualityUnit const& unitOf(QualityList const& list, std::string_view id) {
    auto const found =
        std::find_if(list.units.begin(), list.units.end(), [&](auto const& unit) { return unit.unit.unit == id; });
    REQUIRE(found != list.units.end());
    return *found;
}

QualityLine const& lineOf(QualityList const& list, std::string_view title) {
    auto const found =
        std::find_if(list.lines.begin(), list.lines.end(), [&](auto const& line) { return line.task.title == title; });
    REQUIRE(found != list.lines.end());
    return *found;
}

std::string reasons(std::vector<BulkDone> const& done) {
    std::string text;
    for (auto const& each : done) {
        text += (text.empty() ? "" : "; ") + each.task.title + " " + (each.refused ? each.refused->reason : "done");
    }
    return text;
}

std::vector<TaskLine> selected(Workplace& place, std::vector<std::string> const& words, std::string_view today) {
    auto selection = taskSelectionFrom(words);
    REQUIRE(selection);
    auto lines = selectTasks(*place, *selection, day(today));
    REQUIRE(lines);
    return *lines;
}

}  // namespace

TEST_CASE("M009 the quality office sees every open task over all units, counted as by hand", "[requirements]") {
    College college;
    auto& [zhao, quality, li, sun, hu] = college;
    // Two hundred tasks of two units from one table, ten of them without a due date.
    std::string rows;
    for (int i = 0; i < 200; ++i) {
        if (i % 20 == 19) continue;
        rows += (rows.empty() ? "" : ",") + std::string(R"({"id":"T)") + std::to_string(i) + R"(","zh":"任务)" +
                std::to_string(i) + R"(","owner":{"zh":")" + (i % 2 == 0 ? "教务处" : "宣传部") + R"("},"due_date":")" +
                toText(engine::addDays(day("2026-03-02"), i % 40)) + R"("})";
    }
    REQUIRE((*quality)->importTable("schedule", R"({"tasks":[)" + rows + "]}", false));
    for (int i = 19; i < 200; i += 20) {
        quality->creates("task", "unit/yc-d04", {{"title", "任务" + std::to_string(i)}, {"owner", "yc-d04"}});
    }
    std::map<int, DocumentKey> tasks;
    for (auto const& task : (*quality)->tasks({}, day("2026-03-20"))) {
        tasks.emplace(std::stoi(task.title.substr(std::string_view("任务").size())), task.key());
    }
    REQUIRE(tasks.size() == 200);
    for (auto* place : {&li, &hu, &sun}) quality->carriesTo(**place);

    // Each tenth is submitted, the next is cancelled, every fortieth of what was submitted fails its re-check.
    std::map<std::string, int> byHand;
    int failed = 0;
    for (auto const& [i, task] : tasks) {
        std::string state = "open";
        if (i % 10 == 0) {
            (i % 2 == 0 ? li : hu)->steps(task, "submit");
            state = "submitted";
        } else if (i % 10 == 1) {
            quality->steps(task, "cancel", "并入其他任务");
            continue;
        }
        if (i % 40 == 0) {
            li->carriesTo(*sun);
            sun->steps(task, "recheck-fail", "佐证不足", day("2026-05-01"));
            state = "failed";
            ++failed;
        }
        ++byHand[state];
    }
    li->carriesTo(*quality);
    sun->carriesTo(*quality);

    auto const list = college.list("2026-03-20");
    CHECK(list.byState == byHand);
    CHECK(list.lines.size() == 180);
    CHECK(std::count_if(list.lines.begin(), list.lines.end(),
                        [](auto const& line) { return line.task.failedRounds > 0; }) == failed);

    int overdue = 0, missing = 0;
    for (int i = 0; i < 200; ++i) {
        if (i % 10 == 1) continue;
        if (i % 20 == 19) ++missing;
        if (i % 20 != 19 && i % 40 != 0 && i % 40 < 18) ++overdue;
    }
    CHECK(list.overdue == overdue);
    CHECK(list.dueMissing == missing);
    CHECK(lineOf(list, "任务2").daysLeft == -16);
    CHECK(lineOf(list, "任务18").daysLeft == 0);
    CHECK(lineOf(list, "任务40").daysLeft == 42);
    CHECK(lineOf(list, "任务40").task.round == 2);
    CHECK_FALSE(lineOf(list, "任务19").daysLeft);

    QualityFilter ofUnit;
    ofUnit.tasks.unit = "yc-d04";
    ofUnit.tasks.overdue = true;
    for (auto const& line : college.list("2026-03-20", ofUnit).lines) {
        CHECK(line.task.owner == "yc-d04");
        CHECK(line.task.daysOverdue > 0);
    }
}

TEST_CASE("M009 a unit that has not been heard of for weeks is marked and never counted as fine", "[requirements]") {
    College college;
    auto& [zhao, quality, li, sun, hu] = college;
    li->creates("task", "unit/yc-d03", {{"title", "甲"}, {"owner", "yc-d03"}, {"due", "2026-12-31"}});
    li->carriesTo(*quality);
    hu->clock.time = *parseInstant("2026-03-20T08:00:00.000Z");
    hu->creates("task", "unit/yc-d04", {{"title", "乙"}, {"owner", "yc-d04"}, {"due", "2026-12-31"}});
    hu->carriesTo(*quality);

    auto const soon = college.list("2026-03-16");
    CHECK(unitOf(soon, "yc-d03").fine);
    CHECK_FALSE(unitOf(soon, "yc-d06").fine);  // nothing ever came from there
    CHECK(unitOf(soon, "yc-d06").data.stale);
    CHECK_FALSE(unitOf(soon, "yc-d06").data.days);

    auto const later = college.list("2026-03-25");
    CHECK(unitOf(later, "yc-d03").data.days == 23);
    CHECK(unitOf(later, "yc-d03").data.stale);
    CHECK_FALSE(unitOf(later, "yc-d03").fine);
    CHECK(lineOf(later, "甲").data.stale);
    CHECK(lineOf(later, "甲").data.days == 23);
    CHECK(unitOf(later, "yc-d04").fine);
    CHECK_FALSE(lineOf(later, "乙").data.stale);
    CHECK(soon.fineUnits == 2);  // that unit, and her own
    CHECK(later.fineUnits == 2);
    CHECK(later.staleUnits == 14);
    QualityFilter stale;
    stale.staleOnly = true;
    CHECK(college.list("2026-03-25", stale).lines.size() == 1);

    SECTION("nor is one whose clock runs ahead, however fresh it looks") {
        hu->clock.time = *parseInstant("2031-01-01T08:00:00.000Z");
        hu->creates("task", "unit/yc-d04", {{"title", "丙"}, {"owner", "yc-d04"}, {"due", "2031-12-31"}});
        hu->carriesTo(*quality);
        auto const list = college.list("2026-03-25");
        CHECK(unitOf(list, "yc-d04").data.fromTheFuture);
        CHECK(unitOf(list, "yc-d04").data.stale);
        CHECK_FALSE(unitOf(list, "yc-d04").fine);
    }
}

TEST_CASE("M009 a due date before the task was written, and a missing one, are told", "[requirements]") {
    College college;
    auto& [zhao, quality, li, sun, hu] = college;
    quality->creates("task", "unit/yc-d03", {{"title", "倒填"}, {"owner", "yc-d03"}, {"due", "2026-03-01"}});
    quality->creates("task", "unit/yc-d03", {{"title", "当天"}, {"owner", "yc-d03"}, {"due", "2026-03-02"}});
    quality->creates("task", "unit/yc-d03", {{"title", "无期限"}, {"owner", "yc-d03"}});
    quality->creates("task", "unit/yc-d03", {{"title", "持续"}, {"owner", "yc-d03"}, {"progress", "ongoing"}});
    REQUIRE((*quality)->importTable("schedule", R"({"tasks":[
        {"id":"A","zh":"印就","owner":{"zh":"教务处"},"due_text":"2019.4"}]})",
                                    false));
    auto const list = college.list("2026-03-20");
    CHECK(lineOf(list, "倒填").dueBeforeBegun);
    CHECK_FALSE(lineOf(list, "当天").dueBeforeBegun);
    CHECK_FALSE(lineOf(list, "印就").dueBeforeBegun);
    CHECK(lineOf(list, "无期限").dueMissing);
    CHECK_FALSE(lineOf(list, "持续").dueMissing);
    CHECK(list.dueMissing == 1);
}

TEST_CASE("many tasks are reminded of, assigned and given more time at once, each by a record of its own",
          "[office][bulk]") {
    College college;
    auto& [zhao, quality, li, sun, hu] = college;
    std::vector<DocumentKey> tasks;
    for (auto const* title : {"甲", "乙", "丙"}) {
        tasks.push_back(
            li->creates("task", "unit/yc-d03", {{"title", title}, {"owner", "yc-d03"}, {"due", "2026-03-10"}}));
    }
    auto const other =
        hu->creates("task", "unit/yc-d04", {{"title", "丁"}, {"owner", "yc-d04"}, {"due", "2026-03-31"}});
    li->carriesTo(*quality);
    hu->carriesTo(*quality);

    auto const overdue = selected(*quality, {"overdue"}, "2026-03-20");
    REQUIRE(overdue.size() == 3);
    auto const reminded = signEach(**quality, overdue, {"remind", "请于本周内完成", {}, {}});
    REQUIRE(reminded);
    CHECK(reasons(*reminded) == "丙 done; 乙 done; 甲 done");
    std::set<ObjectId> records;
    for (auto const& each : *reminded) records.insert(*each.record);
    CHECK(records.size() == 3);

    SECTION("what each sort of act needs is asked before anything is signed") {
        auto const refusal = [&](BulkAct const& act) {
            auto const done = signEach(**quality, overdue, act);
            return done ? "" : done.error().reason;
        };
        CHECK(refusal({"remind", "  ", {}, {}}) == "bulk.comment");
        CHECK(refusal({"extend", "设备未到", {}, {}}) == "bulk.until");
        CHECK(refusal({"assign", "换人", {}, {}}) == "bulk.person");
        CHECK((*quality)->tasks({}, day("2026-03-20")).front().due == day("2026-03-10"));
    }
    SECTION("a new deadline stands in the record with its reason") {
        auto const extended = signEach(**quality, selected(*quality, {"unit=yc-d03"}, "2026-03-20"),
                                       {"extend", "设备未到", day("2026-04-30"), {}});
        REQUIRE(extended);
        CHECK(reasons(*extended) == "丙 done; 乙 done; 甲 done");
        CHECK(quality->shows(tasks[0]).standing.due == day("2026-04-30"));
        CHECK(selected(*quality, {"overdue"}, "2026-03-20").empty());
    }
    SECTION("a person who has no role there is refused for those tasks, and gets the others") {
        auto const person = *(*li)->replica().person();
        auto const done =
            signEach(**quality, selected(*quality, {"all"}, "2026-03-20"), {"assign", "负责到底", {}, person});
        REQUIRE(done);
        CHECK(reasons(*done) == "丙 done; 乙 done; 甲 done; 丁 bulk.person-without-role");
    }
    SECTION("a clerk may do none of it, and each refusal says why") {
        quality->carriesTo(*li);
        auto const done = signEach(**li, selected(*li, {"all"}, "2026-03-20"), {"remind", "自己催自己", {}, {}});
        REQUIRE(done);
        CHECK(reasons(*done) ==
              "丙 authority.role-not-allowed; 乙 authority.role-not-allowed; 甲 authority.role-not-allowed");
    }
    SECTION("a selection says what it means, or nothing is selected") {
        CHECK(selected(*quality, {"unit=yc-d04", "unit=yc-d03"}, "2026-03-20").size() == 4);
        CHECK(selected(*quality, {"state=submitted"}, "2026-03-20").empty());
        CHECK(selected(*quality, {"due-before=2026-03-11"}, "2026-03-20").size() == 3);
        CHECK(selected(*quality, {"id=" + other.doc.hex().substr(0, 8)}, "2026-03-20").size() == 1);
        CHECK(selected(*quality, {"no-due"}, "2026-03-20").empty());
        CHECK(taskSelectionFrom({}).error().reason == "select.nothing");
        for (auto const* wrong : {"overdu", "unit=", "due-before=2026-02-30", "all=yes", ""}) {
            CHECK(taskSelectionFrom({wrong}).error().reason == "select.unknown");
        }
    }
}

TEST_CASE("what a cycle asks for and nobody has begun is in the list, and gets more time and a person too",
          "[office][bulk]") {
    College college;
    auto& [zhao, quality, li, sun, hu] = college;
    auto const catalogue = quality->creates(
        "catalogue", "college",
        {{"title", "要素表"},
         {"level", "college"},
         {"elements", R"([{"id":"E1","points":[{"id":"E1-P1","zh":"点一"}],"responsible":["教务处"],"zh":"目标"}])"}});
    CycleWanted wanted;
    wanted.title = "2026年自我诊改";
    wanted.start = day("2026-01-01");
    wanted.due = day("2026-09-30");
    wanted.catalogues = {catalogue};
    auto const started = startCycle(**quality, wanted);
    INFO((started ? "" : started.error().reason + " " + started.error().detail));
    REQUIRE(started);
    QualityFilter everything;
    everything.tasks.allWork = true;
    auto const list = college.list("2026-10-10", everything);
    CHECK(std::count_if(list.lines.begin(), list.lines.end(),
                        [](auto const& line) { return !line.task.begun && line.daysLeft == -10; }) == 2);
    auto const points = selected(*quality, {"type=point", "overdue"}, "2026-10-10");
    REQUIRE(points.size() == 1);
    auto const person = *(*li)->replica().person();
    CHECK(reasons(*signEach(**quality, points, {"assign", "专人负责", {}, person})).ends_with(" done"));
    CHECK(reasons(*signEach(**quality, points, {"extend", "放假", day("2026-10-31"), {}})).ends_with(" done"));
    auto const after = selected(*quality, {"type=point"}, "2026-10-10");
    REQUIRE(after.size() == 1);
    CHECK(after[0].due == day("2026-10-31"));
    CHECK(after[0].person == person);
    CHECK_FALSE(after[0].begun);
}

TEST_CASE("the college's own deadline rules hold once somebody else has approved them, and only that version",
          "[office][deadlines]") {
    College college;
    auto& [zhao, quality, li, sun, hu] = college;
    auto wu = zhao->hires("吴", "yc-d05", {"quality"});
    zhao->carriesTo(*quality);
    auto const rules = quality->creates("deadline-rules", "college", {{"title", "2026 年规则"}, {"stale_after", "3"}});
    CHECK_FALSE(deadlineRules(**quality).from);
    quality->steps(rules, "submit");
    CHECK(quality->refused(rules, "approve") == "authority.self-approval");
    CHECK(deadlineRules(**quality).rules.staleAfter == 14);
    quality->carriesTo(*wu);
    wu->steps(rules, "approve");
    CHECK(deadlineRules(**wu).rules.staleAfter == 3);
    CHECK(deadlineRules(**wu).from == rules);

    SECTION("a later edit waits for its own approval") {
        wu->edits(rules, {{"stale_after", "300"}});
        CHECK(deadlineRules(**wu).rules.staleAfter == 3);
        wu->steps(rules, "submit");
        CHECK(deadlineRules(**wu).rules.staleAfter == 3);
        wu->carriesTo(*quality);
        CHECK(deadlineRules(**quality).rules.staleAfter == 3);
    }
    SECTION("of two documents the one approved last, and one that cannot be read says so") {
        auto const second = wu->creates("deadline-rules", "college", {{"title", "新规则"}, {"head_after", "20"}});
        wu->steps(second, "submit");
        wu->carriesTo(*quality);
        quality->steps(second, "approve");
        auto const inForce = deadlineRules(**quality);
        CHECK(inForce.from == second);
        REQUIRE(inForce.problem);
        CHECK(inForce.problem->reason == "deadline-rules.order");
        CHECK(inForce.rules == engine::DeadlineRules{});
    }
}
