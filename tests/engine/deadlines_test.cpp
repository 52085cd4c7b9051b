// Who is reminded of what, and when.
#include "engine/deadlines.h"

#include "desk.h"

#include <catch2/catch.hpp>

#include <random>
#include <set>

using namespace spiral;
using namespace spiral::engine;

namespace {

DeadlineLine due(std::string id, std::string_view on, std::string unit = "jwc", std::string person = {}) {
    DeadlineLine line;
    line.id = std::move(id);
    line.unit = std::move(unit);
    line.person = std::move(person);
    if (!on.empty()) line.due = day(on);
    return line;
}

char const* nameOf(Audience audience) {
    return audience == Audience::Responsible ? "responsible" : audience == Audience::Head ? "head" : "quality";
}

std::string shown(std::vector<Reminder> const& reminders) {
    std::string text;
    for (auto const& each : reminders) {
        text +=
            (text.empty() ? "" : "; ") + each.line + " " + nameOf(each.audience) + " " + std::to_string(each.daysLeft);
    }
    return text;
}

std::string shown(std::vector<Digest> const& digests) {
    std::string text;
    for (auto const& each : digests) text += (text.empty() ? "" : " | ") + each.person + ": " + shown(each.reminders);
    return text;
}

/// On how many days left a task is reminded of, day by day through a year.
std::vector<int> daysOfReminding(DeadlineRules const& rules, Audience audience) {
    std::vector<int> days;
    Day const dueDay = day("2026-06-30");
    for (Day today = day("2026-01-01"); today < day("2026-07-20"); today = addDays(today, 1)) {
        for (auto const& each : remindersOf({due("a", "2026-06-30")}, today, rules)) {
            if (each.audience == audience) days.push_back(daysBetween(today, dueDay));
        }
    }
    return days;
}

}  // namespace

TEST_CASE(
    "P.2 reminders come at 30, 10, 3, 1 and 0 days and when overdue; first the head, then the quality office hears",
    "[requirements]") {
    DeadlineRules rules;
    CHECK(daysOfReminding(rules, Audience::Responsible) == std::vector<int>{30,  10,  3,   1,   0,   -1,  -2,  -3,
                                                                            -4,  -5,  -6,  -7,  -8,  -9,  -10, -11,
                                                                            -12, -13, -14, -15, -16, -17, -18, -19});
    CHECK(daysOfReminding(rules, Audience::Head).front() == -3);
    CHECK(daysOfReminding(rules, Audience::Quality).front() == -10);
    rules.before = {7};
    rules.overdueEvery = 5;
    rules.headAfter = 4;
    rules.qualityAfter = 12;
    CHECK(daysOfReminding(rules, Audience::Responsible) == std::vector<int>{7, -1, -6, -11, -16});
    CHECK(daysOfReminding(rules, Audience::Head) == std::vector<int>{-4, -9, -14, -19});
    CHECK(daysOfReminding(rules, Audience::Quality) == std::vector<int>{-12, -17});
}

TEST_CASE("what is closed or without a due date reminds of nothing, and a due date that cannot be right is told",
          "[engine][deadlines]") {
    auto closed = due("closed", "2026-03-01"), ongoing = due("ongoing", ""), early = due("early", "2026-02-01");
    closed.closed = true;
    ongoing.ongoing = true;
    early.begun = day("2026-02-02");
    std::vector<DeadlineLine> const lines{closed, ongoing, due("none", ""), early, due("good", "2026-03-02")};
    CHECK(shown(remindersOf(lines, day("2026-03-02"), {})) ==
          "early responsible -29; early head -29; early quality -29; good responsible 0");
    CHECK(doubtsOf(lines) == std::vector<DeadlineDoubt>{{"none", "due-missing"}, {"early", "due-before-begun"}});
    auto sameDay = due("same", "2026-02-02");
    sameDay.begun = day("2026-02-02");
    CHECK(doubtsOf({sameDay}).empty());
}

TEST_CASE("a machine that was off reminds once of what fell meanwhile, with the days as they are now",
          "[engine][deadlines]") {
    std::vector<DeadlineLine> const lines{due("a", "2026-03-10"), due("b", "2026-03-05"), due("c", "2026-05-01")};
    CHECK(shown(remindersOf(lines, day("2026-03-08"), {})) == "b responsible -3; b head -3");
    CHECK(shown(remindersOf(lines, day("2026-03-08"), {}, day("2026-03-01"))) ==
          "b responsible -3; b head -3; a responsible 2");
    CHECK(shown(remindersOf(lines, day("2026-03-08"), {}, day("2026-03-08"))).empty());
    SECTION("but not of days on which the task was not there yet") {
        auto fresh = due("fresh", "2026-03-10");
        fresh.begun = day("2026-03-08");
        CHECK(remindersOf({fresh}, day("2026-03-08"), {}, day("2026-03-01")).empty());
        CHECK(shown(remindersOf({fresh}, day("2026-03-09"), {}, day("2026-03-01"))) == "fresh responsible 1");
    }
}

TEST_CASE("over a leap day and the end of a year a day is a day", "[engine][deadlines]") {
    CHECK(shown(remindersOf({due("leap", "2028-03-01")}, day("2028-02-27"), {})) == "leap responsible 3");
    CHECK(shown(remindersOf({due("year", "2027-01-01")}, day("2026-12-31"), {})) == "year responsible 1");
    CHECK(shown(remindersOf({due("year", "2026-12-31")}, day("2027-01-01"), {})) == "year responsible -1");
}

TEST_CASE("each person has one digest a day with each line once, and what nobody would hear goes to the quality office",
          "[engine][deadlines]") {
    std::vector<Listener> const staff{
        {"clerk", {"jwc"}, {}, false}, {"head", {}, {"jwc"}, false}, {"office", {"zkb"}, {}, true}};
    auto const told = [&](std::vector<DeadlineLine> const& lines, char const* today) {
        return shown(digestsOf(remindersOf(lines, day(today), {}), staff));
    };
    // Of the unit: all who work in it; of a person: that person; the head once, though she hears it twice.
    CHECK(told({due("a", "2026-03-01")}, "2026-03-04") == "clerk: a responsible -3 | head: a responsible -3");
    CHECK(told({due("a", "2026-03-01", "jwc", "clerk")}, "2026-03-04") == "clerk: a responsible -3 | head: a head -3");
    CHECK(told({due("a", "2026-03-01", "jwc", "clerk")}, "2026-03-11") ==
          "clerk: a responsible -10 | head: a head -10 | office: a quality -10");
    // Somebody who left, and a unit in which nobody is.
    CHECK(told({due("a", "2026-03-01", "jwc", "gone")}, "2026-03-02") ==
          "clerk: a responsible -1 | head: a responsible -1");
    CHECK(told({due("a", "2026-03-01", "empty")}, "2026-03-02") == "office: a responsible -1");
    CHECK(told({due("b", "2026-03-02"), due("a", "2026-03-05")}, "2026-03-02") ==
          "clerk: b responsible 0; a responsible 3 | head: b responsible 0; a responsible 3");
}

TEST_CASE("a digest that falls in quiet hours waits for their end, and there is one a day of the college's zone",
          "[engine][deadlines]") {
    auto const next = [](std::optional<Day> last, char const* now, DeadlineRules const& rules = {}) {
        return toText(nextDigest(last, *parseInstant(now), rules));
    };
    // 10:00 in China is 02:00 UTC; quiet from 22:00 (14:00 UTC) to 07:00 (23:00 UTC the day before).
    CHECK(next({}, "2026-03-02T02:00:00.000Z") == "2026-03-02T02:00:00.000Z");
    CHECK(next(day("2026-03-01"), "2026-03-02T02:00:00.000Z") == "2026-03-02T02:00:00.000Z");
    CHECK(next(day("2026-03-02"), "2026-03-02T02:00:00.000Z") == "2026-03-02T23:00:00.000Z");
    CHECK(next(day("2026-03-01"), "2026-03-02T14:00:00.000Z") == "2026-03-02T23:00:00.000Z");
    CHECK(next(day("2026-03-01"), "2026-03-02T13:59:59.999Z") == "2026-03-02T13:59:59.999Z");
    CHECK(next(day("2026-03-01"), "2026-03-01T22:59:00.000Z") == "2026-03-01T23:00:00.000Z");
    CHECK(next(day("2026-03-01"), "2026-03-01T23:00:00.000Z") == "2026-03-01T23:00:00.000Z");
    // A clock that was set back: the day of the last one is not come yet.
    CHECK(next(day("2026-03-09"), "2026-03-02T02:00:00.000Z") == "2026-03-09T23:00:00.000Z");
    DeadlineRules lunch;
    lunch.quietFrom = std::chrono::hours{12};
    lunch.quietUntil = std::chrono::hours{14};
    CHECK(next({}, "2026-03-02T04:30:00.000Z", lunch) == "2026-03-02T06:00:00.000Z");
    CHECK(next(day("2026-03-02"), "2026-03-02T04:30:00.000Z", lunch) == "2026-03-02T16:00:00.000Z");
    DeadlineRules never;
    never.quietFrom = never.quietUntil;
    CHECK(next({}, "2026-03-02T18:00:00.000Z", never) == "2026-03-02T18:00:00.000Z");
}

TEST_CASE("a college's own rules are read from its document, and what cannot be is named", "[engine][deadlines]") {
    CHECK(*deadlineRulesFrom({}) == DeadlineRules{});
    auto const rules = deadlineRulesFrom(json::Object{{"remind_before", json::Array{"1", "14", "7"}},
                                                      {"overdue_every", 2},
                                                      {"head_after", 5},
                                                      {"quality_after", 5},
                                                      {"stale_after", 30},
                                                      {"quiet_from", "20:30"},
                                                      {"quiet_until", "08:00"},
                                                      {"utc_offset", 0}});
    REQUIRE(rules);
    CHECK(rules->before == std::vector<int>{14, 7, 1});
    CHECK(rules->staleAfter == 30);
    CHECK(rules->quietFrom == std::chrono::minutes{1230});
    CHECK(rules->zone == std::chrono::minutes{0});
    auto const wrong = [](json::Object const& fields) {
        auto const read = deadlineRulesFrom(fields);
        return read ? "" : read.error().reason + " " + read.error().detail;
    };
    CHECK(wrong({{"head_after", 11}}) == "deadline-rules.order 11 10");
    CHECK(wrong({{"head_after", 0}}) == "deadline-rules.form head_after");
    CHECK(wrong({{"overdue_every", 0}}) == "deadline-rules.form overdue_every");
    CHECK(wrong({{"remind_before", json::Array{}}}) == "deadline-rules.form remind_before");
    CHECK(wrong({{"remind_before", json::Array{"soon"}}}) == "deadline-rules.form remind_before");
    CHECK(wrong({{"quiet_from", "24:00"}}) == "deadline-rules.form quiet_from");
    CHECK(wrong({{"quiet_until", "7:00"}}) == "deadline-rules.form quiet_until");
    CHECK(wrong({{"utc_offset", "8"}}) == "deadline-rules.form utc_offset");
}

TEST_CASE("the same lines in any order give the same reminders, and none twice", "[engine][deadlines]") {
    std::mt19937 random(7);
    std::vector<DeadlineLine> lines;
    for (int i = 0; i < 300; ++i) {
        auto line = due(std::to_string(i), "2026-03-01", i % 3 == 0 ? "jwc" : "xsc", i % 5 == 0 ? "li" : "");
        line.due = addDays(*line.due, static_cast<int>(random() % 60));
        line.closed = i % 7 == 0;
        lines.push_back(std::move(line));
    }
    for (Day today = day("2026-02-01"); today < day("2026-05-01"); today = addDays(today, 3)) {
        auto const first = remindersOf(lines, today, {}, addDays(today, -3));
        std::shuffle(lines.begin(), lines.end(), random);
        CHECK(remindersOf(lines, today, {}, addDays(today, -3)) == first);
        for (std::size_t i = 1; i < first.size(); ++i) {
            bool const twice = first[i].line == first[i - 1].line && first[i].audience == first[i - 1].audience;
            if (twice) FAIL_CHECK(first[i].line);
        }
        // Day by day or three days at once: nobody who would hear of a line misses it.
        std::set<std::string> daily, atOnce;
        for (int back = 2; back >= 0; --back) {
            for (auto const& each : remindersOf(lines, addDays(today, -back), {})) daily.insert(each.line);
        }
        for (auto const& each : first) atOnce.insert(each.line);
        CHECK(daily == atOnce);
    }
}
