// What a printed time means, and which days belong together.
#include "engine/calendar.h"

#include "desk.h"

#include <catch2/catch.hpp>

using namespace spiral;
using namespace spiral::engine;

namespace {

std::string shown(Period const& period) {
    return period.name + " " + toText(period.begin) + ".." + toText(period.end) +
           (period.due == period.end ? "" : " due " + toText(period.due));
}

std::vector<std::string> shown(std::vector<Period> const& periods) {
    std::vector<std::string> texts;
    for (auto const& period : periods) texts.push_back(shown(period));
    return texts;
}

std::string printed(std::string_view text) { return engine::shown(readPrintedDue(text)); }

int count(std::vector<ClockItem> const& items, std::string_view rule) {
    return static_cast<int>(
        std::count_if(items.begin(), items.end(), [&](ClockItem const& item) { return item.rule == rule; }));
}

std::vector<std::string> shown(std::vector<RoadFinding> const& findings) {
    std::vector<std::string> texts;
    for (auto const& finding : findings) texts.push_back(finding.step + " " + finding.code);
    return texts;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("a printed time is the last day it allows, and what is no time is none", "[engine][calendar]") {
    CHECK(printed("2019.4") == "2019-04-30");
    CHECK(printed("2019.12") == "2019-12-31");
    CHECK(printed("2019-4") == "2019-04-30");
    CHECK(printed("2019年4月") == "2019-04-30");
    CHECK(printed("2020年2月") == "2020-02-29");
    CHECK(printed("2019年2月") == "2019-02-28");
    CHECK(printed("2021年上半年") == "2021-06-30");
    CHECK(printed("2021年下半年") == "2021-12-31");
    CHECK(printed("2021年底") == "2021-12-31");
    CHECK(printed("2021年") == "2021-12-31");
    CHECK(printed("2019-04-17") == "2019-04-17");
    for (auto const* none : {"2019.13", "2019.0", "2019年13月", "2019-02-30", "2019.4月", "2019.4.", "1969.4", "20194",
                             "201.4", "年上半年", "已完成", "持续", ""}) {
        INFO(none);
        CHECK(printed(none) == "-");
    }
    CHECK(isPrintedAsOngoing("持续"));
    CHECK_FALSE(isPrintedAsOngoing("2019.13"));
}

TEST_CASE("a month later keeps the day where the month has it, and 29 February comes back only in leap years",
          "[engine][calendar]") {
    CHECK(toText(addMonths(day("2026-01-31"), 1)) == "2026-02-28");
    CHECK(toText(addMonths(day("2026-01-31"), 2)) == "2026-03-31");
    CHECK(toText(addMonths(day("2024-02-29"), 12)) == "2025-02-28");
    CHECK(toText(addMonths(day("2024-02-29"), 48)) == "2028-02-29");
    CHECK(toText(addMonths(day("2026-12-31"), 2)) == "2027-02-28");
    CHECK(toText(addMonths(day("2026-03-31"), -1)) == "2026-02-28");
    CHECK(toText(addDays(day("2026-12-31"), 1)) == "2027-01-01");
    CHECK(daysBetween(day("2024-02-28"), day("2024-03-01")) == 2);
    CHECK(daysBetween(day("2026-03-01"), day("2026-02-28")) == -1);
}

TEST_CASE("an instant is the day that it is in the college's zone, not in the computer's", "[engine][calendar]") {
    CHECK(toText(dayAt(*parseInstant("2026-12-31T15:59:59.999Z"), kChinaTime)) == "2026-12-31");
    CHECK(toText(dayAt(*parseInstant("2026-12-31T16:00:00.000Z"), kChinaTime)) == "2027-01-01");
    CHECK(toText(dayAt(*parseInstant("2026-12-31T16:00:00.000Z"), std::chrono::minutes{0})) == "2026-12-31");
    CHECK(toText(dayAt(*parseInstant("2026-01-01T00:30:00.000Z"), std::chrono::hours{-1})) == "2025-12-31");
}

TEST_CASE("each day lies in one semester, one academic year and one calendar year", "[engine][calendar]") {
    CHECK(shown(semester(day("2026-09-01"))) == "2026-2027-1 2026-09-01..2027-01-31");
    CHECK(shown(semester(day("2026-12-31"))) == "2026-2027-1 2026-09-01..2027-01-31");
    CHECK(shown(semester(day("2027-01-31"))) == "2026-2027-1 2026-09-01..2027-01-31");
    CHECK(shown(semester(day("2027-02-01"))) == "2026-2027-2 2027-02-01..2027-08-31");
    CHECK(shown(semester(day("2028-02-29"))) == "2027-2028-2 2028-02-01..2028-08-31");
    CHECK(shown(academicYear(day("2026-08-31"))) == "2025-2026 2025-09-01..2026-08-31");
    CHECK(shown(academicYear(day("2026-09-01"))) == "2026-2027 2026-09-01..2027-08-31");
    CHECK(shown(calendarYear(day("2026-12-31"))) == "2026 2026-01-01..2026-12-31");
    AcademicCalendar late{std::chrono::September / 10, std::chrono::February / 29};
    CHECK(shown(semester(day("2027-02-28"), late)) == "2026-2027-2 2027-02-28..2027-09-09");
    CHECK(shown(semester(day("2028-02-28"), late)) == "2027-2028-1 2027-09-10..2028-02-28");
    // Every day for five years: it lies inside its own semester, and the next begins where one ends.
    for (Day at = day("2023-01-01"); at < day("2028-01-01"); at = addDays(at, 1)) {
        Period const now = semester(at), year = academicYear(at);
        if (at < now.begin || now.end < at || now.begin < year.begin || year.end < now.end) FAIL_CHECK(toText(at));
        if (semester(addDays(now.end, 1)).begin != addDays(now.end, 1)) FAIL_CHECK(toText(at));
    }
}

TEST_CASE("a clock goes on without a gap from any day, and does not drift over short months", "[engine][calendar]") {
    CHECK(shown(periodsOf(Clock::Year, day("2024-02-29"), day("2028-03-01"))) ==
          Texts{"1 2024-02-29..2025-02-27", "2 2025-02-28..2026-02-27", "3 2026-02-28..2027-02-27",
                "4 2027-02-28..2028-02-28", "5 2028-02-29..2029-02-27"});
    CHECK(shown(periodsOf(Clock::Semester, day("2025-08-31"), day("2026-08-31"))) ==
          Texts{"1 2025-08-31..2026-02-27", "2 2026-02-28..2026-08-30"});
    CHECK(shown(periodsOf(Clock::Year, day("2025-12-31"), day("2027-01-01"), 30)) ==
          Texts{"1 2025-12-31..2026-12-30 due 2027-01-29", "2 2026-12-31..2027-12-30 due 2028-01-29"});
    CHECK(shown(periodsOf(Clock::ThreeYears, day("2026-01-01"), day("2026-01-02"))) ==
          Texts{"1 2026-01-01..2028-12-31"});
    CHECK(periodsOf(Clock::Year, day("2026-01-01"), day("2026-01-01")).empty());
}

TEST_CASE("Y057 a programme has both clocks, and its brand flag is not taken off without a reason", "[requirements]") {
    auto const start = day("2026-09-01"), until = day("2029-09-01");
    auto const both = itemsOf(clocksOfProgramme(), start, until);
    REQUIRE(both);
    CHECK(count(*both, "monitoring") == 3);
    CHECK(count(*both, "assessment") == 1);

    FlagChange const on{start, true, "校级品牌专业立项"};
    auto const silent = itemsOf(clocksOfProgramme(), start, until, {}, {on, {day("2027-08-01"), false, " "}});
    REQUIRE_FALSE(silent);
    CHECK(silent.error().reason == "clock.flag-without-reason");
    CHECK_FALSE(itemsOf(clocksOfProgramme(), start, until, {}, {{start, true, ""}}));

    // Taken off with a reason it frees what begins later; what has begun stays in focus to its end.
    auto const told = itemsOf(clocksOfProgramme(), start, until, {}, {{day("2027-10-01"), false, "专业停招"}, on});
    REQUIRE(told);
    std::string focus;
    for (auto const& item : *told) focus += item.rule + (item.focus ? "+ " : "- ");
    CHECK(focus == "assessment+ monitoring+ monitoring+ monitoring- ");
}

TEST_CASE("Y062 a course over three years has one large, three small and six semester items", "[requirements]") {
    auto const start = day("2026-09-01"), until = day("2029-09-01");
    auto const items = itemsOf(clocksOfCourse(), start, until);
    REQUIRE(items);
    CHECK(count(*items, "large") == 1);
    CHECK(count(*items, "small") == 3);
    CHECK(count(*items, "teaching") == 6);
    CHECK(items->size() == 10);
    CHECK(items->front().rule == "large");

    SECTION("the small one in the year of the large one is kept unless it is waived, with a reason") {
        auto const inLarge = [](ClockItem const& item) { return item.rule == "small" && item.inYearOfLarger; };
        REQUIRE(std::count_if(items->begin(), items->end(), inLarge) == 1);
        auto const small = *std::find_if(items->begin(), items->end(), inLarge);
        CHECK(toText(small.period.begin) == "2028-09-01");
        CHECK(small.waived.empty());
        auto const waived = itemsOf(clocksOfCourse(), start, until, {{"small", small.period.begin, "并入大诊改"}});
        REQUIRE(waived);
        CHECK(count(*waived, "small") == 3);  // shown still, as waived
        CHECK(std::find_if(waived->begin(), waived->end(), inLarge)->waived == "并入大诊改");
    }
    SECTION("skipped without a reason, of another year, or of nothing: refused") {
        auto const reason = [&](Waiver const& waiver) {
            auto const made = itemsOf(clocksOfCourse(), start, until, {waiver});
            return made ? "" : made.error().reason;
        };
        CHECK(reason({"small", day("2028-09-01"), ""}) == "clock.waiver-without-reason");
        CHECK(reason({"small", day("2026-09-01"), "忙"}) == "clock.waiver-of-its-own-year");
        CHECK(reason({"small", day("2028-09-02"), "忙"}) == "clock.waiver-of-nothing");
    }
}

TEST_CASE("L013 the yearly road: own diagnosis by 30 September, the city in October, then the province",
          "[requirements]") {
    auto const dates = datesOf(yearlyReportRoad(), 2026);
    REQUIRE(dates.size() == 3);
    CHECK(engine::shown(dates[0].due) == "2026-09-30");
    CHECK(engine::shown(dates[1].from) == "2026-10-01");
    CHECK(engine::shown(dates[1].due) == "2026-10-31");
    CHECK(engine::shown(dates[2].due) == "-");
    auto const check = [](std::vector<StepTaken> const& taken, char const* today) {
        return shown(checkRoad(yearlyReportRoad(), 2026, taken, day(today)));
    };
    StepTaken const own{"self-diagnosis", day("2026-09-30"), day("2026-09-30")};
    StepTaken const city{"city", day("2026-10-08"), day("2026-10-20")};
    StepTaken const province{"province", day("2026-10-20"), {}};
    CHECK(check({}, "2026-09-30").empty());
    CHECK(check({}, "2026-10-01") == Texts{"self-diagnosis missing"});
    CHECK(check({province, city, own}, "2026-12-31").empty());

    // In November it is late; the province before the city has confirmed is out of order, on the very day is not.
    CHECK(check({own, {"city", day("2026-11-01"), {}}}, "2026-11-02") == Texts{"city late"});
    CHECK(check({own, {"city", day("2026-09-30"), {}}}, "2026-11-02") == Texts{"city early"});
    CHECK(check({own, city, {"province", day("2026-10-19"), {}}}, "2026-11-02") == Texts{"province before-receipt"});
    CHECK(check({own, province}, "2026-11-02") == Texts{"city missing", "province before-receipt"});
    CHECK(check({own, {"city", day("2026-10-08"), {}}, province}, "2026-11-02") ==
          Texts{"city no-receipt", "province before-receipt"});
    CHECK(check({own, {"city", day("2026-10-08"), day("2026-10-07")}}, "2026-11-02") == Texts{"city receipt-before"});
    CHECK(check({{"self-diagnosis", day("2026-10-02"), {}}}, "2026-10-02") == Texts{"self-diagnosis late"});
    CHECK(check({{"ministry", day("2026-10-02"), {}}}, "2026-09-01") == Texts{"ministry unknown-step"});
}

TEST_CASE("L013 a step of the yearly road waits for the receipt of the one before, and its receipt for the step",
          "[requirements]") {
    auto const& road = yearlyReportRoad();
    auto const code = [](Result<void> const& may) { return may ? std::string("may") : may.error().reason; };
    std::vector<StepTaken> taken;
    CHECK(code(mayHandIn(road, taken, "city", day("2026-10-08"))) == "road.before-receipt");
    CHECK(code(mayReceive(road, taken, "self-diagnosis", day("2026-09-30"))) == "road.receipt-before");
    CHECK(code(mayHandIn(road, taken, "ministry", day("2026-09-30"))) == "road.unknown-step");
    CHECK(code(mayReceive(road, taken, "", day("2026-09-30"))) == "road.unknown-step");
    CHECK(code(mayHandIn(road, taken, "self-diagnosis", day("2026-12-30"))) == "may");  // late, and it happened
    taken.push_back({"self-diagnosis", day("2026-09-29"), {}});
    CHECK(code(mayHandIn(road, taken, "self-diagnosis", day("2026-09-30"))) == "road.taken");
    CHECK(code(mayHandIn(road, taken, "city", day("2026-10-08"))) == "road.before-receipt");
    CHECK(code(mayReceive(road, taken, "self-diagnosis", day("2026-09-28"))) == "road.receipt-before");
    CHECK(code(mayReceive(road, taken, "self-diagnosis", day("2026-09-29"))) == "may");
    taken[0].receipt = day("2026-10-08");
    CHECK(code(mayReceive(road, taken, "self-diagnosis", day("2026-10-09"))) == "road.taken");
    CHECK(mayHandIn(road, taken, "city", day("2026-10-07")).error().detail == "self-diagnosis");
    CHECK(code(mayHandIn(road, taken, "city", day("2026-10-08"))) == "may");
    CHECK(code(mayHandIn(road, taken, "province", day("2026-10-08"))) == "road.before-receipt");
}

TEST_CASE("N006 at least one diagnosis in three years, with a warning before it runs out", "[requirements]") {
    using State = OnceStanding::State;
    AtLeastOnce const rule;
    auto const since = day("2020-05-10");
    auto const standing = [&](std::vector<Day> const& done, char const* today) {
        return onceIn(rule, done, since, day(today));
    };
    SECTION("three years and a day") {
        CHECK(toText(standing({}, "2020-06-01").lastsUntil) == "2023-05-10");
        CHECK(standing({}, "2023-05-09").state == State::RunsOut);
        CHECK(standing({}, "2023-05-10").state == State::RunsOut);
        CHECK(standing({}, "2023-05-11").state == State::RunOut);
        CHECK(standing({}, "2023-05-11").daysLeft == -1);
        CHECK(standing({}, "2022-11-11").state == State::RunsOut);
        CHECK(standing({}, "2022-11-10").state == State::InTime);
        CHECK(standing({day("2023-05-09")}, "2023-06-01").gaps.empty());
        CHECK(standing({day("2023-05-10")}, "2023-06-01").gaps.empty());
        CHECK(standing({day("2023-05-11")}, "2023-06-01").gaps.size() == 1);
    }
    SECTION("what is done starts the clock anew, in whatever order it is told; what is not done yet does not") {
        CHECK(toText(standing({day("2024-03-01"), day("2022-02-28")}, "2024-04-01").lastsUntil) == "2027-03-01");
        CHECK(toText(standing({day("2024-03-01"), day("2022-02-28")}, "2023-04-01").lastsUntil) == "2025-02-28");
        CHECK(toText(onceIn(rule, {}, day("2024-02-29"), day("2024-03-01")).lastsUntil) == "2027-02-28");
    }
    SECTION("a cycle of 37 months is refused, one of 36 is not") {
        CHECK(fits(rule, day("2026-01-01"), day("2028-12-31")));
        auto const long37 = fits(rule, day("2026-01-01"), day("2029-01-31"));
        REQUIRE_FALSE(long37);
        CHECK(long37.error().reason == "clock.cycle-too-long");
        CHECK_FALSE(fits(rule, day("2026-01-01"), day("2029-01-01")));
    }
}
