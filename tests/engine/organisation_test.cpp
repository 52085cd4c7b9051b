// How a college is organised: the claims of its papers, each with what goes wrong in practice.
#include "engine/organisation.h"

#include <catch2/catch.hpp>

namespace spiral::engine {
namespace {

Day day(char const* text) { return *parseDay(text); }
Day const kToday = day("2026-03-02");

Seat seat(char const* id, SeatKind kind, char const* person, char const* from = nullptr, char const* until = nullptr) {
    Seat made{id, kind, person, "", {}};
    if (from) made.term.from = day(from);
    if (until) made.term.until = day(until);
    return made;
}

Body committee(std::vector<Seat> seats) {
    return {"b1", "学校诊改工作领导小组（质量保证委员会）", "leading", {}, "", "", {}, std::move(seats)};
}

UnitPlace unit(char const* id, std::set<std::string> kinds = {"functional"}, char const* parent = "college") {
    return {id, std::string("单位") + id, parent, std::move(kinds), false, false, QualitySystem::Support, {}};
}

std::vector<std::string> codes(Remarks const& remarks) {
    std::vector<std::string> all;
    for (auto const& each : remarks) all.push_back(each.code);
    return all;
}
using Codes = std::vector<std::string>;

TEST_CASE("Y001 a body has exactly one head at any time, and only the head of that day decides", "[requirements][engine]") {
    auto const changing = committee({seat("s1", SeatKind::Head, "chen", "2024-09-01", "2026-02-01"),
                                     seat("s2", SeatKind::Head, "wu", "2026-02-01"),
                                     seat("s3", SeatKind::Deputy, "li", "2024-09-01")});
    CHECK(checkBody(changing, kToday).empty());
    CHECK(headOn(changing, day("2026-01-31")) == "chen");
    CHECK(headOn(changing, day("2026-02-01")) == "wu");
    CHECK(mayDecide(changing, "wu", kToday));
    SECTION("the old head's signature on a new decision does not count, nor a deputy's, nor a stranger's") {
        CHECK(mayDecide(changing, "chen", kToday).error().reason == "organisation.not-seated");
        CHECK(mayDecide(changing, "li", kToday).error().reason == "organisation.not-head");
        CHECK(mayDecide(changing, "zhou", kToday).error().reason == "organisation.not-seated");
        CHECK(mayDecide(changing, "wu", day("2026-01-31")).error().reason == "organisation.not-seated");
    }
    SECTION("two heads at once are told with the days, and neither decides then") {
        auto const two = committee({seat("s1", SeatKind::Head, "chen", "2024-09-01", "2026-03-10"),
                                    seat("s2", SeatKind::Head, "wu", "2026-02-01")});
        auto const told = checkBody(two, kToday);
        REQUIRE(codes(told) == Codes{"organisation.two-heads"});
        CHECK(told[0].place == "b1/s2");
        CHECK(told[0].text == "chen, wu 2026-02-01 – 2026-03-10");
        CHECK_FALSE(headOn(two, kToday));
        CHECK(mayDecide(two, "chen", kToday).error().reason == "organisation.two-heads");
        CHECK(mayDecide(two, "wu", day("2026-03-10")));
    }
    SECTION("days without a head are told, inside and at the end, but not those to come") {
        auto const gap = committee({seat("s1", SeatKind::Head, "chen", "2024-09-01", "2025-07-01"),
                                    seat("s2", SeatKind::Head, "wu", "2025-09-01", "2026-01-01")});
        auto const told = checkBody(gap, kToday);
        REQUIRE(codes(told) == Codes{"organisation.head-gap", "organisation.head-gap"});
        CHECK(told[0].text == "2025-07-01 – 2025-09-01");
        CHECK(told[1].text == "2026-01-01 – …");
        CHECK(checkBody(committee({seat("s1", SeatKind::Head, "chen", "2024-09-01", "2027-07-01")}), kToday).empty());
        CHECK(codes(checkBody(committee({}), kToday)) == Codes{"organisation.no-head"});
    }
    SECTION("a seat without a person, with only a post, or that ends before it begins, is told with its place") {
        Body bad = committee({seat("s1", SeatKind::Head, "chen", "2024-09-01"), seat("s2", SeatKind::Member, ""),
                              seat("s3", SeatKind::Deputy, ""), seat("s4", SeatKind::Member, "li", "2026-02-01", "2026-01-01")});
        bad.seats[2].post = "副校长";
        auto const told = checkBody(bad, kToday);
        CHECK(codes(told) == Codes{"organisation.seat-empty", "organisation.seat-unfilled", "organisation.seat-ends-first"});
        CHECK(told[1].place == "b1/s3");
        CHECK(told[1].text == "副校长");
    }
    SECTION("a post that nobody holds signs nothing") {
        Body post = committee({seat("s1", SeatKind::Head, "")});
        post.seats[0].post = "校长";
        CHECK_FALSE(headOn(post, kToday));
        CHECK_FALSE(mayDecide(post, "", kToday));
    }
}

TEST_CASE("Y002 units and bodies hang in one tree without loops and orphans", "[requirements][engine]") {
    std::vector<UnitPlace> units{unit("a"), unit("b", {"teaching"}, "a"), unit("c", {"teaching"}, "b")};
    CHECK(checkUnitTree(units).empty());
    SECTION("a unit above itself") {
        units[0].parent = "a";
        CHECK(codes(checkUnitTree(units)) == Codes{"organisation.own-parent"});
    }
    SECTION("a loop of three: each is told") {
        units[0].parent = "c";
        CHECK(codes(checkUnitTree(units)) == Codes{"organisation.loop", "organisation.loop", "organisation.loop"});
    }
    SECTION("an orphan: nothing said, a parent that is not there, one that is closed") {
        units[0].parent = "";
        units[1].parent = "nobody";
        CHECK(codes(checkUnitTree(units)) == Codes{"organisation.unit-orphan", "organisation.unit-orphan"});
        units = {unit("a"), unit("b", {"teaching"}, "a")};
        units[0].closed = true;
        CHECK(codes(checkUnitTree(units)) == Codes{"organisation.parent-closed"});
    }
    SECTION("the diagnosis office hangs under the leading group; a body under nothing, or in a loop, is told") {
        Body leading = committee({seat("s1", SeatKind::Head, "chen", "2024-09-01")});
        Body office{"b2", "诊改工作办公室", "office", {}, "b1", "", {}, {}};
        Body group{"b3", "相关工作组", "working-group", {}, "b1", "", {}, {}};
        CHECK(checkBodies({leading, office, group}, kToday).empty());
        office.parent = "";
        group.parent = "b9";
        CHECK(codes(checkBodies({leading, office, group}, kToday)) == Codes{"organisation.body-orphan", "organisation.body-orphan"});
        office.parent = "b3";
        group.parent = "b2";
        CHECK(codes(checkBodies({leading, office, group}, kToday)) == Codes{"organisation.loop", "organisation.loop"});
        CHECK(codes(checkBodies({leading, leading}, kToday)) == Codes{"organisation.leading-group"});
    }
}

TEST_CASE("Y003 every school has exactly one quality group, whose head signs its yearly report", "[requirements][engine]") {
    std::vector<UnitPlace> units{unit("s1", {"teaching"}), unit("s2", {"teaching"}), unit("office")};
    units[0].school = units[1].school = true;
    Body first{"g1", "一院质量保证工作组", "school-group", {}, "b1", "s1", {}, {seat("h", SeatKind::Head, "dean-1", "2024-09-01")}};
    Body second{"g2", "二院质量保证工作组", "school-group", {}, "b1", "s2", {}, {seat("h", SeatKind::Head, "dean-2", "2024-09-01")}};
    CHECK(checkSchoolGroups(units, {first, second}).empty());
    CHECK(mayReport({first, second}, "s1", "dean-1", kToday));
    SECTION("a school without a group, with two, and a group of no school") {
        CHECK(codes(checkSchoolGroups(units, {first})) == Codes{"organisation.no-group"});
        CHECK(codes(checkSchoolGroups(units, {first, first, second})) == Codes{"organisation.two-groups"});
        second.unit = "office";
        CHECK(codes(checkSchoolGroups(units, {first, second})) == Codes{"organisation.no-group", "organisation.group-no-school"});
    }
    SECTION("another school's dean does not report for this one") {
        CHECK(mayReport({first, second}, "s1", "dean-2", kToday).error().reason == "organisation.other-school");
        CHECK(mayReport({second}, "s1", "dean-1", kToday).error().reason == "organisation.no-group");
    }
    SECTION("a missing report shows as overdue once its day is past, and a late one as late") {
        std::vector<YearlyReport> const reports{{"s1", 2025, day("2026-01-20")}};
        CHECK(codes(checkYearlyReports(units, reports, 2025, day("2025-12-31"), kToday)) ==
              Codes{"organisation.report-late", "organisation.report-overdue"});
        CHECK(codes(checkYearlyReports(units, {}, 2025, day("2025-12-31"), day("2025-12-31"))) ==
              Codes{"organisation.report-open", "organisation.report-open"});
    }
}

TEST_CASE("Y004 nobody writes in one of the three powers and approves in another", "[requirements][engine]") {
    std::vector<Power> const powers{{"p1", "教学指导委员会", {"jxw"}}, {"p2", "教务部门", {"jwc"}}, {"p3", "质控部门", {"zkb"}}};
    CHECK_FALSE(separationBreach(powers, {{"chen", "jwc", false}, {"wu", "zkb", true}}));
    SECTION("one account is author in academic affairs and approver in quality control: the rule is named") {
        auto const breach = separationBreach(powers, {{"chen", "jwc", false}, {"wu", "jwc", true}, {"chen", "zkb", true}});
        REQUIRE(breach);
        CHECK(breach->code == "organisation.three-powers");
        CHECK(breach->place == "chen");
        CHECK(breach->text == "教务部门 → 质控部门");
    }
    SECTION("one's own document, inside one power or outside all three") {
        CHECK(separationBreach(powers, {{"chen", "jwc", false}, {"chen", "jwc", true}})->code == "organisation.self-approval");
        CHECK(separationBreach(powers, {{"chen", "xgc", false}, {"chen", "zkb", true}})->code == "organisation.self-approval");
    }
    SECTION("a unit that holds two powers, and a power that nobody holds") {
        CHECK(codes(checkPowers({{"p1", "甲", {"jwc"}}, {"p2", "乙", {"jwc"}}, {"p3", "丙", {}}})) ==
              Codes{"organisation.two-powers", "organisation.power-unheld"});
    }
}

TEST_CASE("Y005 the matrix of five levels and five systems adds up to the list, and 师资 is 教师", "[requirements][engine]") {
    CHECK(levelNamed("师资") == QualityLevel::Staff);
    CHECK(levelNamed("教师") == QualityLevel::Staff);
    CHECK(levelNamed("staff") == QualityLevel::Staff);
    CHECK_FALSE(levelNamed("教室"));
    CHECK(systemNamed("质量成长") == QualitySystem::Generation);
    std::vector<Placed> all;
    for (char const* level : {"学校", "专业", "课程", "教师", "师资", "学生", "第六层", ""}) {
        for (auto const system : {QualitySystem::Decision, QualitySystem::Supervision}) all.push_back({level, level, system});
        all.push_back({level, level, std::nullopt});
    }
    auto const matrix = matrixOf(all);
    std::int64_t byLevel = 0, bySystem = 0;
    for (std::size_t i = 0; i < 5; ++i) byLevel += matrix.ofLevel(static_cast<QualityLevel>(i));
    for (std::size_t i = 0; i < 5; ++i) bySystem += matrix.ofSystem(static_cast<QualitySystem>(i));
    CHECK(byLevel == bySystem);
    CHECK(byLevel + static_cast<std::int64_t>(matrix.withoutLevel.size() + matrix.withoutSystem.size()) == matrix.total);
    CHECK(matrix.total == static_cast<std::int64_t>(all.size()));
    CHECK(matrix.ofLevel(QualityLevel::Staff) == 4);   // two names, one level
    CHECK(matrix.withoutLevel.size() == 6);
    SECTION("a department in no system is told") {
        auto units = std::vector{unit("a"), unit("b")};
        units[1].system.reset();
        auto const told = checkSystems(units);
        REQUIRE(codes(told) == Codes{"organisation.no-system"});
        CHECK(told[0].place == "b");
    }
}

std::vector<DiagnosisLine> const kLines{{"l1", {"kind:functional"}, {"kind:teaching"}, false},
                                        {"l2", {"kind:supervision"}, {"kind:administrative"}, false},
                                        {"l3", {"kind:quality"}, {"kind:functional", "kind:supervision"}, true},
                                        {"l4", {"kind:teaching"}, {"self"}, false}};

TEST_CASE("Y006 each unit diagnoses itself and is diagnosed by its line, never by itself as the outside party", "[requirements][engine]") {
    std::vector<UnitPlace> const units{unit("jwc", {"functional", "administrative"}), unit("jcb", {"supervision"}),
                                       unit("zkb", {"quality", "functional", "administrative"}), unit("xy", {"teaching"})};
    auto const all = assignDiagnoses(units, kLines);
    for (auto const& each : units) {
        CHECK(std::count(all.begin(), all.end(), Diagnosis{each.id, each.id, "", false}) == 1);
        CHECK(std::any_of(all.begin(), all.end(), [&](auto const& line) { return line.object == each.id && line.subject != each.id; }));
        CHECK(std::none_of(all.begin(), all.end(), [&](auto const& line) {
            return line.object == each.id && line.subject == each.id && !line.line.empty();
        }));
    }
    // The quality office, which diagnoses the others, is diagnosed by the supervision office; what it does is the meta-diagnosis.
    CHECK(std::count(all.begin(), all.end(), Diagnosis{"jcb", "zkb", "l2", false}) == 1);
    CHECK(std::count(all.begin(), all.end(), Diagnosis{"zkb", "jwc", "l3", true}) == 1);
    CHECK(std::count(all.begin(), all.end(), Diagnosis{"zkb", "jcb", "l3", true}) == 1);
    CHECK(std::count(all.begin(), all.end(), Diagnosis{"jwc", "xy", "l1", false}) == 1);
    CHECK(checkDiagnoses(units, kLines).empty());
    SECTION("a quality office that nobody diagnoses is told") {
        auto others = units;
        others[2].kinds = {"quality"};
        auto const told = checkDiagnoses(others, kLines);
        REQUIRE(codes(told) == Codes{"organisation.diagnosis-nobody"});
        CHECK(told[0].place == "zkb");
    }
    SECTION("a unit named as its own outside party, and a line whose side nobody is on") {
        std::vector<DiagnosisLine> lines = kLines;
        lines.push_back({"l5", {"unit:jwc"}, {"unit:jwc"}, false});
        lines.push_back({"l6", {"unit:gone"}, {"kind:teaching"}, false});
        CHECK(codes(checkDiagnoses(units, lines)) == Codes{"organisation.diagnosis-self", "organisation.diagnosis-empty"});
    }
}

TEST_CASE("Y008 the six counts of the framework add up to all tagged documents, and untagged ones are listed", "[requirements][engine]") {
    auto const coverage = coverageOf({{"a", "planning"}, {"b", "standards"}, {"c", "planning"}, {"d", ""}, {"e", "sports"}});
    std::int64_t sum = 0;
    for (auto const count : coverage.counts) sum += count;
    CHECK(sum == coverage.tagged);
    CHECK(coverage.tagged == 3);
    CHECK(coverage.counts[0] == 2);
    CHECK(coverage.untagged == std::vector<std::string>{"d"});
    CHECK(coverage.unknown == std::vector<std::string>{"e"});
    CHECK(frameworkLabels()[5].zh == "质量管理信息化应用");
}

TEST_CASE("L001 one group printed with two names is one body", "[requirements][engine]") {
    Body const leading = committee({seat("s1", SeatKind::Head, "chen", "2017-07-20")});
    Body const doing{"b4", "质量组织执行组", "working-group", {"质量组织生成组"}, "b1", "", {}, {}};
    CHECK(checkBodies({leading, doing}, kToday).empty());
    Body const again{"b9", "质量组织生成组", "working-group", {}, "b1", "", {}, {}};
    auto const told = checkBodies({leading, doing, again}, kToday);
    REQUIRE(codes(told) == Codes{"organisation.body-twice"});
    CHECK(told[0].text == "质量组织生成组 = b4");
}

TEST_CASE("L002 a unit writes its own goals, and every data group has an owner", "[requirements][engine]") {
    CHECK(checkGoalAuthors({{"g1", "xy", {"xy"}}, {"g2", "xy", {"xy", "zkb"}}}).empty());
    auto const told = checkGoalAuthors({{"g1", "xy", {"zkb"}}});
    REQUIRE(codes(told) == Codes{"organisation.foreign-goal"});
    CHECK(told[0].text == "xy ← zkb");
    CHECK(codes(checkDataGroups({{"d1", "教师", "hr"}, {"d2", "设备", ""}, {"d3", "学生", "gone"}}, {unit("hr")})) ==
          Codes{"organisation.group-no-owner", "organisation.group-no-owner"});
}

TEST_CASE("L003 a finding goes to every system that it concerns, and what nobody took is listed", "[requirements][engine]") {
    auto units = std::vector{unit("jwc"), unit("cwc"), unit("zkb")};
    units[0].system = QualitySystem::Generation;
    units[1].system = QualitySystem::Resources;
    units[2].system = QualitySystem::Supervision;
    auto const routed = routeFinding("f1", {QualitySystem::Generation, QualitySystem::Resources}, units);
    REQUIRE(routed.to.size() == 2);
    CHECK(routed.remarks.empty());
    CHECK(notReceived(routed.to, {{"f1", "jwc"}}) == std::vector{RoutedFinding{"f1", QualitySystem::Resources, "cwc"}});
    CHECK(notReceived(routed.to, {{"f1", "jwc"}, {"f1", "cwc"}}).empty());
    SECTION("a finding with no receiver") {
        CHECK(codes(routeFinding("f2", {QualitySystem::Decision}, units).remarks) == Codes{"organisation.finding-unreceived"});
        CHECK(codes(routeFinding("f3", {}, units).remarks) == Codes{"organisation.finding-unreceived"});
    }
}

TEST_CASE("L004 a value entered three months late is not counted as in time", "[requirements][engine]") {
    std::vector<DataEntry> const entries{{"v1", "jwc", day("2026-01-10"), day("2026-01-09"), 50, 0, 100},
                                         {"v2", "jwc", day("2025-12-01"), day("2026-03-01"), 50, 0, 100},
                                         {"v3", "cwc", day("2026-01-10"), std::nullopt, std::nullopt, 0, 100},
                                         {"v4", "cwc", day("2026-01-10"), day("2026-01-10"), 130, 0, 100},
                                         {"v5", "cwc", day("2026-04-01"), std::nullopt, std::nullopt, 0, 100}};
    auto const told = checkDataQuality(entries, kToday);
    REQUIRE(codes(told) == Codes{"organisation.data-late", "organisation.data-missing", "organisation.data-range"});
    CHECK(told[0].place == "jwc/v2");
    CHECK(told[1].place == "cwc/v3");
}

TEST_CASE("L005 each level has a lead unit, and changing it moves new tasks only", "[requirements][engine]") {
    std::vector<UnitPlace> const units{unit("xld"), unit("jwk"), unit("rsb"), unit("xgb")};
    std::vector<LevelLead> leads{{"1", "学校", "xld", "学校领导", {}}, {"2", "专业", "jwk", "教务科", {}},
                                 {"3", "课程", "jwk", "教务科", {}},   {"4", "师资", "rsb", "学校人事办公室", {}},
                                 {"5", "学生", "xgb", "学工部", {}}};
    CHECK(checkLevelLeads(leads, units, kToday).empty());
    leads.push_back({"6", "教师", "jwk", "教务科", day("2026-03-01")});
    CHECK(checkLevelLeads(leads, units, kToday).empty());
    CHECK(leadOn(leads, QualityLevel::Staff, day("2026-02-28")) == "rsb");   // a task given out then stays there
    CHECK(leadOn(leads, QualityLevel::Staff, kToday) == "jwk");
    SECTION("a level with no lead unit, a lead that is no unit, a sixth level") {
        leads.erase(leads.begin());
        leads[0].unit = "gone";
        leads.push_back({"7", "班级", "xgb", "", {}});
        CHECK(codes(checkLevelLeads(leads, units, kToday)) ==
              Codes{"organisation.lead-no-unit", "organisation.level-unknown", "organisation.level-no-lead"});
    }
}

TEST_CASE("T5 two printed names are one unit only where the college says so", "[requirements][engine]") {
    std::vector<UnitPlace> const units{unit("zkb"), unit("zgb")};
    std::vector<UnitAlias> aliases{{"督导室", "zkb", false}};
    CHECK(unitNamed(units, aliases, "督导室") == nullptr);
    aliases[0].on = true;
    CHECK(unitNamed(units, aliases, "督导室")->id == "zkb");
    CHECK(unitNamed(units, aliases, "单位zgb")->id == "zgb");
    CHECK(checkAliases(units, aliases).empty());
    aliases = {{"督导室", "zkb", true}, {"督导室", "zgb", true}, {"单位zgb", "zkb", true}, {"x", "gone", true}};
    CHECK(codes(checkAliases(units, aliases)) ==
          Codes{"organisation.alias-twice", "organisation.alias-is-unit", "organisation.alias-no-unit"});
}

}  // namespace
}  // namespace spiral::engine
