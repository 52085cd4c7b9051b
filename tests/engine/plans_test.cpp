// Plans, task books, progress, bands and boards: the claims of the colleges' papers, each with what goes wrong in practice.
#include "engine/plans.h"

#include "base/json.h"
#include "model/data.h"

#include <catch2/catch.hpp>

#include <fstream>
#include <iterator>

namespace spiral::engine {
namespace {

Day day(char const* text) { return *parseDay(text); }

std::vector<std::string> codes(Remarks const& remarks) {
    std::vector<std::string> all;
    for (auto const& each : remarks) all.push_back(each.code);
    return all;
}
using Codes = std::vector<std::string>;

json::Object printed(char const* name) {
    std::ifstream in("schemas/catalogues/" + std::string(name), std::ios::binary);
    std::string const text{std::istreambuf_iterator<char>(in), {}};
    auto data = model::readData(text);
    REQUIRE(data);
    return *data->asObject();
}

PlanNode plan(char const* id, char const* kind, char const* parent, char const* from, char const* to) {
    return {id, std::string("规划") + id, kind, parent, day(from), day(to), {}, {}, false};
}

TEST_CASE("Y014 a plan hangs under a plan above it, and a loop is told", "[requirements][engine]") {
    std::vector<PlanNode> plans{plan("m", "master", "", "2026-01-01", "2030-12-31"),
                                plan("s", "special", "m", "2026-01-01", "2030-12-31"),
                                plan("u", "sub", "s", "2026-01-01", "2028-12-31"),
                                plan("x", "school", "m", "2026-09-01", "2029-08-31")};
    CHECK(checkPlans(plans).empty());
    auto const tree = treeOf(plans);
    REQUIRE(tree.size() == 4);
    CHECK(plans[tree[0].plan].id == "m");
    CHECK((plans[tree[1].plan].id == "s" && tree[1].depth == 1));
    CHECK((plans[tree[2].plan].id == "u" && tree[2].depth == 2));
    CHECK((plans[tree[3].plan].id == "x" && tree[3].depth == 1));
    SECTION("a sub-plan without a parent, and one whose parent is not here") {
        plans[2].parent = "";
        plans[3].parent = "gone";
        CHECK(codes(checkPlans(plans)) == Codes{"plan.no-parent", "plan.parent-missing"});
    }
    SECTION("a loop of two is told of both, and the tree still shows every plan once") {
        plans[1].parent = "u";
        CHECK(codes(checkPlans(plans)) == Codes{"plan.loop", "plan.loop"});
        CHECK(treeOf(plans).size() == 4);
    }
    SECTION("a plan that outlasts the one above it") {
        plans[2].to = day("2031-01-01");
        CHECK(codes(checkPlans(plans)) == Codes{"plan.outside-parent"});
        plans[2].to = day("2025-01-01");
        CHECK(tells(checkPlans(plans), "band.ends-first"));
    }
    SECTION("a goal that is due later, asks for less, or hangs nowhere; each mended, the list empties") {
        plans[0].goals = {{"g", "就业率", "≥ 95%", {}, day("2030-12-31")}, {"f", "投诉", "≤5次", {}, day("2030-12-31")}};
        plans[1].goals = {{"a", "就业率", "90.5%", {"g"}, day("2031-06-30")},
                          {"b", "投诉", "≤ 6次", {"f"}, day("2030-01-01")},
                          {"c", "满意度", "90%", {}, day("2030-01-01")},
                          {"d", "满意度", "90%", {"gone"}, day("2030-01-01")}};
        CHECK(codes(checkPlans(plans)) == Codes{"plan.goal-later", "plan.goal-lower", "plan.goal-lower", "plan.goal-orphan", "plan.goal-orphan"});
        plans[1].goals = {{"a", "就业率", "95.5%", {"g"}, day("2030-06-30")}, {"b", "投诉", "≤ 4次", {"f"}, day("2030-01-01")}};
        CHECK(checkPlans(plans).empty());
    }
    SECTION("what cannot be compared is not called less") {
        CHECK_FALSE(asksForLess("全部达标", "95%"));
        CHECK_FALSE(asksForLess("80人", "95%"));
        CHECK(asksForLess("9.99", "10") == true);
        CHECK(asksForLess("10.0", "10") == false);
    }
}

ProgressEntry entry(char const* id, char const* happened, char const* entered, std::int64_t percent, char const* reason = "") {
    return {id, day(happened), day(entered), percent, "进展", reason, ""};
}

TEST_CASE("Y017 progress is entered with its day, never over 100 %, never back without a reason; parents are the weighted sum", "[requirements][engine]") {
    std::vector<ProgressEntry> const entries{entry("1", "2026-03-01", "2026-03-02", 30), entry("2", "2026-05-01", "2026-05-01", 60)};
    CHECK(percentOf(entries) == 60);
    CHECK(checkProgress(entries, day("2026-12-31")).empty());
    SECTION("over 100 %, below nothing, and a day that has not come") {
        CHECK(mayEnter(entries, entry("3", "2026-06-01", "2026-06-01", 101)).error().reason == "progress.over");
        CHECK(mayEnter(entries, entry("3", "2026-06-01", "2026-06-01", -1)).error().reason == "progress.over");
        CHECK(mayEnter(entries, entry("3", "2026-06-02", "2026-06-01", 70)).error().reason == "progress.future");
        CHECK(mayEnter(entries, entry("3", "2026-06-01", "2026-06-01", 100)));
    }
    SECTION("back only with a reason, also for an entry put in between") {
        CHECK(mayEnter(entries, entry("3", "2026-06-01", "2026-06-01", 50)).error().reason == "progress.back");
        CHECK(mayEnter(entries, entry("3", "2026-04-01", "2026-06-01", 80)).error().reason == "progress.back");
        CHECK(mayEnter(entries, entry("3", "2026-06-01", "2026-06-01", 50, "复查发现两项未完成")));
        auto bad = entries;
        bad.push_back(entry("3", "2026-06-01", "2026-06-01", 50));
        CHECK(codes(checkProgress(bad, std::nullopt)) == Codes{"progress.back"});
        CHECK(percentOf(bad) == 50);
        CHECK(mayEnter(bad, entry("4", "2026-07-01", "2026-07-01", 70)));   // an old fault does not stop new work
    }
    SECTION("parent = weighted children by hand") {
        // (2 × 100 + 1.5 × 40 + 0.5 × 0) / 4 = 65
        CHECK(weightedProgress({{*weightFrom("2"), 10'000}, {*weightFrom("1.5"), 4'000}, {*weightFrom("0.50"), 0}}) == 6'500);
        CHECK(weightedProgress({{1, 10'000}, {1, 0}, {1, 0}}) == 3'333);
        CHECK(weightedProgress({{1, 10'000}, {1, 10'000}, {1, 0}}) == 6'667);
        CHECK(progressText(6'667) == "66.67");
        CHECK(progressText(5) == "0.05");
        CHECK_FALSE(weightedProgress({}));
        CHECK_FALSE(weightedProgress({{0, 10'000}}));
        CHECK(weightedProgress(std::vector<Weighted>(kPartsMax, {kWeightMax, kAllDone})) == kAllDone);
    }
    SECTION("weights are exact decimals or none") {
        CHECK(weightFrom("0.0001") == 1);
        CHECK(weightFrom("12.50000") == 125'000);
        for (char const* bad : {"", "-1", "1e3", "0.00001", "1.", ".5", "1,5", "1000000.1", "99999999999999999999"}) {
            INFO(bad);
            CHECK_FALSE(weightFrom(bad));
        }
    }
}

TEST_CASE("C008 what is entered after the year's end, or after the task was due, is marked as late", "[requirements][engine]") {
    std::vector<ProgressEntry> const entries{entry("in-time", "2025-12-30", "2025-12-31", 80), entry("after-year", "2025-12-31", "2026-01-02", 100)};
    auto const told = checkProgress(entries, day("2026-06-30"));
    REQUIRE(codes(told) == Codes{"progress.late-year"});
    CHECK(told[0].place == "after-year");
    CHECK(told[0].text == "2025-12-31 → 2026-01-02");   // when it happened, and when it was written down
    CHECK(codes(checkProgress({entry("1", "2025-11-01", "2025-12-01", 50)}, day("2025-11-15"))) == Codes{"progress.late-due"});
    SECTION("the year may end another day: an academic year") {
        auto const academic = std::chrono::August / 31;
        CHECK(checkProgress({entry("1", "2025-12-30", "2026-03-01", 10)}, std::nullopt, academic).empty());
        CHECK(codes(checkProgress({entry("1", "2025-08-30", "2025-09-01", 10)}, std::nullopt, academic)) == Codes{"progress.late-year"});
        CHECK(checkProgress({entry("1", "2025-09-01", "2026-08-31", 10)}, std::nullopt, academic).empty());
    }
}

BookRow row(char const* id, char const* unit, char const* weight = "10") {
    return {id, std::string("任务") + id, unit, "assigned", {}, day("2026-12-31"), weight, "完成并通过验收"};
}
std::map<std::string, bool, std::less<>> const kUnits{{"jwc", false}, {"xgc", false}, {"old", true}};

TEST_CASE("Y019 each row of the task book has a unit that is open, and is split into the lead's and the joint units' parts", "[requirements][engine]") {
    auto shared = row("1", "jwc");
    shared.joint = {"xgc"};
    CHECK(checkBook({shared}, kUnits).empty());
    auto const parts = partsOf("jwc", {"xgc", "jwc"}, {{"jwc", "2"}}, kUnits);
    REQUIRE(parts);
    CHECK(*parts == std::vector<TaskPart>{{"jwc", true, "2"}, {"xgc", false, ""}});
    SECTION("no unit, a unit that is closed, one that nobody knows, also among the joint ones") {
        auto bad = row("4", "jwc");
        bad.joint = {"old"};
        CHECK(codes(checkBook({row("1", ""), row("2", "old"), row("3", "gone"), bad}, kUnits)) ==
              Codes{"book.no-unit", "book.unit-closed", "book.unit-unknown", "book.unit-closed"});
        CHECK(partsOf("", {"xgc"}, {}, kUnits).error().reason == "task.no-owner");
        CHECK(partsOf("jwc", {"old"}, {}, kUnits).error().reason == "book.unit-closed");
        CHECK(partsOf("jwc", {}, {}, kUnits).error().reason == "task.no-joint");
    }
    SECTION("a weight that is no decimal, or of a unit that takes no part; a row without day or standard") {
        CHECK(partsOf("jwc", {"xgc"}, {{"xgc", "much"}}, kUnits).error().reason == "book.bad-weight");
        CHECK(partsOf("jwc", {"xgc"}, {{"old", "1"}}, kUnits).error().reason == "task.weight-no-part");
        auto bare = row("1", "jwc", "-3");
        bare.due.reset();
        bare.standard.clear();
        CHECK(codes(checkBook({bare}, kUnits)) == Codes{"book.no-due", "book.bad-weight", "book.no-standard"});
    }
}

TEST_CASE("L007 the yearly task book equals its breakdown, and the differences are listed", "[requirements][engine]") {
    std::vector<BookRow> const book{row("1", "jwc"), row("2", "xgc")};
    std::vector<BookTask> tasks{{"t1", "1", row("1", "jwc", "10.0")}, {"t2", "2", row("2", "xgc")}};
    CHECK(compareBook(book, tasks).empty());
    SECTION("a task in the book and not in the breakdown, and the other way round") {
        tasks[1].row = "9";
        CHECK(codes(compareBook(book, tasks)) == Codes{"book.not-in-book", "book.no-task"});
    }
    SECTION("another unit, day or weight; two tasks of one row") {
        tasks[0].is.unit = "xgc";
        tasks[0].is.due = day("2027-01-01");
        tasks[1].row = "1";
        auto const told = compareBook(book, tasks);
        REQUIRE(codes(told) == Codes{"book.differs", "book.twice", "book.no-task"});
        CHECK(told[0].text == "owner due");
    }
}

TEST_CASE("L006 a plan from the list of plans names its contents, and each is there", "[requirements][engine]") {
    auto const file = printed("leshan-organisation.json");
    std::vector<PlanNode> plans;
    for (auto const& each : *json::arrayAt(file, "plans")) {
        PlanNode node;
        node.id = *json::stringAt(*each.asObject(), "id");
        node.title = *json::stringAt(*each.asObject(), "zh");
        node.kind = "master";
        node.mustName = true;
        for (auto const& content : *json::arrayAt(*each.asObject(), "contents")) {
            node.contents.push_back({std::to_string(node.contents.size() + 1), *content.asString(), true});
        }
        plans.push_back(std::move(node));
    }
    REQUIRE(plans.size() == 5);
    CHECK(checkPlans(plans).empty());
    plans[0].contents[1].there = false;
    plans[4].contents.clear();
    auto const told = checkPlans(plans);
    REQUIRE(codes(told) == Codes{"plan.content-missing", "plan.no-contents"});
    CHECK(told[0].text == "专业人才培养方案");
}

std::vector<Band> phases() {
    std::vector<Band> bands;
    auto const file = printed("yancheng-phases.json");
    for (auto const& each : *json::arrayAt(file, "phases")) {
        auto const& phase = *each.asObject();
        bands.push_back({*json::stringAt(phase, "id"), *json::stringAt(phase, "zh"), "", *firstDayOf(*json::stringAt(phase, "from")),
                         *lastDayOf(*json::stringAt(phase, "to"))});
    }
    return bands;
}

TEST_CASE("Y080 eight phases are bands, of which the sixth runs beside the third to the fifth", "[requirements][engine]") {
    auto bands = phases();
    REQUIRE(bands.size() == 8);
    CHECK(checkBands(bands).empty());
    CHECK(bands[0].from == day("2017-09-01"));
    CHECK(bands[7].to == day("2021-12-31"));
    CHECK(bands[1].to == day("2018-05-31"));
    for (std::size_t i = 0; i < bands.size(); ++i) {
        bool const beside = i >= 2 && i <= 4;
        if (i != 5) CHECK(overlap(bands[5], bands[i]) == beside);
    }
    bands[3].to = day("2018-12-31");
    auto const told = checkBands(bands);
    REQUIRE(codes(told) == Codes{"band.ends-first"});
    CHECK(told[0].place == "YC-PH-4");
    CHECK(lastDayOf("2024-02") == day("2024-02-29"));
    CHECK_FALSE(lastDayOf("2019-13"));
}

TEST_CASE("Y082 whoever applies for the review is told what is still open, and an empty list allows it", "[requirements][engine]") {
    std::vector<ReviewTask> tasks{{"1", "整改甲", "rectification", "jwc", "open", false},
                                  {"2", "整改乙", "rectification", "jwc", "passed", true},
                                  {"3", "计划丙", "plan", "jwc", "open", false},
                                  {"4", "计划丁", "plan", "xgc", "failed", false}};
    auto const told = reviewBlockers(tasks);
    REQUIRE(codes(told) == Codes{"review.open-rectification", "review.open-failed"});
    CHECK(told[0].place == "1");
    tasks[0].closed = tasks[3].closed = true;
    CHECK(reviewBlockers(tasks).empty());
}

TEST_CASE("L012 the second cycle opens after the first is closed", "[requirements][engine]") {
    CHECK(checkCycleOrder({{2, day("2020-01-01"), {}}, {1, day("2017-01-01"), day("2019-12-31")}}).empty());
    CHECK(codes(checkCycleOrder({{1, day("2017-01-01"), {}}, {2, day("2019-06-01"), {}}})) == Codes{"cycle.opened-early"});
    CHECK(codes(checkCycleOrder({{1, day("2017-01-01"), day("2019-12-31")}, {2, day("2019-10-01"), {}}})) == Codes{"cycle.opened-early"});
}

TEST_CASE("C002 a course has six papers, and its plan of the year lies inside the three years", "[requirements][engine]") {
    auto const file = printed("course-plan-annexes.json");
    auto const* annexes = json::arrayAt(file, "annexes");
    REQUIRE(annexes->size() == courseAnnexes().size());
    for (std::size_t i = 0; i < annexes->size(); ++i) CHECK(courseAnnexes()[i].number == *json::integerAt(*(*annexes)[i].asObject(), "no"));
    std::vector<PlanNode> plans{plan("three", "course-three-year", "", "2024-01-01", "2026-12-31"),
                                plan("year", "course-year", "three", "2026-01-01", "2026-12-31"),
                                plan("how", "implementation", "year", "2026-01-01", "2026-12-31")};
    plans[0].goals = {{"g", "建成校级优秀", "1门", {}, day("2026-12-31")}};
    plans[1].goals = {{"y", "完成资源建设", "1门", {"g"}, day("2026-12-31")}};
    plans[2].goals = {{"h", "录制微课", "10个", {"y"}, day("2026-11-30")}};
    CHECK(checkPlans(plans).empty());
    plans[1].to = day("2027-06-30");
    plans[1].goals[0].parents.clear();
    CHECK(codes(checkPlans(plans)) == Codes{"plan.outside-parent", "plan.goal-orphan"});
}

TEST_CASE("cards stand in the column of their state, whatever workflow it is of", "[engine]") {
    CHECK(columnOf({"open", false, false}) == BoardColumn::NotBegun);
    CHECK(columnOf({"not-begun", false, false}) == BoardColumn::NotBegun);
    CHECK(columnOf({"open", false, true}) == BoardColumn::UnderWay);
    CHECK(columnOf({"draft", false, true}) == BoardColumn::UnderWay);
    CHECK(columnOf({"step-three", false, true}) == BoardColumn::UnderWay);
    CHECK(columnOf({"main-cause", false, true}) == BoardColumn::UnderWay);
    CHECK(columnOf({"check", false, true}) == BoardColumn::ToRecheck);
    CHECK(columnOf({"submitted", false, true}) == BoardColumn::ToRecheck);
    CHECK(columnOf({"failed", false, true}) == BoardColumn::Failed);
    CHECK(columnOf({"returned", false, true}) == BoardColumn::Failed);
    CHECK(columnOf({"passed", true, true}) == BoardColumn::Passed);
    CHECK(columnOf({"declared-done", false, false}) == BoardColumn::Passed);
    CHECK_FALSE(columnOf({"cancelled", true, false}));
}

}  // namespace
}  // namespace spiral::engine
