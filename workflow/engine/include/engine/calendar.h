// Days and clocks of a college: what a printed time means, semesters and years, the clocks of a cycle, dates that come
// back every year, and the longest time that may pass between two diagnoses. Pure: no clock and no zone of its own. A
// day is what people write; where an instant becomes a day, the college's zone comes in as minutes east of UTC.
#pragma once

#include "base/clock.h"
#include "base/result.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spiral::engine {

/// Minutes east of UTC. China has one zone, without summer time.
inline constexpr std::chrono::minutes kChinaTime{8 * 60};

// --- days ---------------------------------------------------------------------------------------------------------

[[nodiscard]] Day addDays(Day day, int days);
/// Months later or earlier. What that month lacks becomes its last day: 31 January and a month is the end of February,
/// 29 February and a year is the 28th. REQUIRES: day.ok().
[[nodiscard]] Day addMonths(Day day, int months);
/// 0 on the same day, negative if `to` comes first.
[[nodiscard]] int daysBetween(Day from, Day to);
[[nodiscard]] Day lastOfMonth(int year, unsigned month);
/// The day that it is at this instant in a zone.
[[nodiscard]] Day dayAt(Instant instant, std::chrono::minutes eastOfUtc);

/// A printed time as the last day it allows: "2019.4" and "2019年4月" the last of April, "2021年上半年" the last of
/// June, "2021年底" the last of December, "2019-04-30" that day. Nothing if it is no time ("2019.13") or names no end
/// ("持续").
[[nodiscard]] std::optional<Day> readPrintedDue(std::string_view text);
/// "持续", "长期", "常态化": it goes on, and nothing is ever due.
[[nodiscard]] bool isPrintedAsOngoing(std::string_view text);

// --- semesters and years ------------------------------------------------------------------------------------------

/// First to last day, and the day by which what belongs to it must be done.
struct Period {
    std::string name;  ///< "2026", "2026-2027", "2026-2027-1"; of a clock "1", "2", …
    Day begin, end, due;
    friend bool operator==(Period const&, Period const&) = default;
};

/// When the semesters of a college begin. The academic year begins with the first.
struct AcademicCalendar {
    std::chrono::month_day first{std::chrono::September / 1};
    std::chrono::month_day second{std::chrono::February / 1};
};
/// The one that a day lies in.
[[nodiscard]] Period calendarYear(Day day);
[[nodiscard]] Period academicYear(Day day, AcademicCalendar const& calendar = {});
[[nodiscard]] Period semester(Day day, AcademicCalendar const& calendar = {});

// --- clocks of a cycle --------------------------------------------------------------------------------------------

enum class Clock { Semester, Year, ThreeYears };
[[nodiscard]] int monthsOf(Clock clock);

/// The periods of a clock that begin on `start` and before `until`, one after the other without a gap. Each is counted
/// from `start`, so that a short month does not drift. Due is the last day, and `graceDays` more.
[[nodiscard]] std::vector<Period> periodsOf(Clock clock, Day start, Day until, int graceDays = 0);

/// Several clocks that run together over one thing: a programme is monitored every year and assessed every third, a
/// course has a large diagnosis in three years, a small one a year and one of its teaching a semester.
struct ClockRule {
    std::string name;  ///< `monitoring`, `assessment`, `large`, `small`, `teaching`
    Clock clock = Clock::Year;
};
[[nodiscard]] std::vector<ClockRule> const& clocksOfProgramme();
[[nodiscard]] std::vector<ClockRule> const& clocksOfCourse();

/// An item that the college lets fall away, and why.
struct Waiver {
    std::string rule;
    Day begin;  ///< of the item
    std::string reason;
};
struct ClockItem {
    std::string rule;
    Clock clock = Clock::Year;
    Period period;
    bool inYearOfLarger = false;  ///< ends together with an item of a longer clock
    bool focus = false;           ///< of a programme that bore the brand flag when it began
    std::string waived;           ///< the reason; empty: it is to be done
};
/// A change of the flag that makes a programme one of the college's brand and the focus of its diagnosis.
struct FlagChange {
    Day on;
    bool brand = false;
    std::string reason;
};
/// Whether the flag is set on that day. `changes` in any order; of two of one day the later in the list counts.
[[nodiscard]] bool flagInForce(std::vector<FlagChange> changes, Day day);

/// All items, by begin, then the longest clock first. A small one in the year of a large one is kept unless it is
/// waived. Refused: a waiver without a reason, of nothing, or of an item that no larger one ends with
/// ("clock.waiver-without-reason", "clock.waiver-of-nothing", "clock.waiver-of-its-own-year"); a flag set otherwise
/// without a reason ("clock.flag-without-reason"). The flag in force on the day that an item begins decides its focus,
/// so taking the flag off later changes nothing that has begun.
[[nodiscard]] Result<std::vector<ClockItem>> itemsOf(std::vector<ClockRule> const& rules, Day start, Day until,
                                                     std::vector<Waiver> const& waivers = {},
                                                     std::vector<FlagChange> const& flags = {});

// --- dates of every year, in an order -----------------------------------------------------------------------------

/// One step of a yearly road: done or handed in from one day of the year to another, after the step before was
/// received.
struct YearlyStep {
    std::string name;
    std::optional<std::chrono::month_day> from;   ///< not before; absent: any day of the year
    std::optional<std::chrono::month_day> until;  ///< the last day that is in time; absent: no day is set
};
/// 乐山: own diagnosis by 30 September; in October the report goes to the city, and with its receipt to the province.
[[nodiscard]] std::vector<YearlyStep> const& yearlyReportRoad();

struct YearlyDate {
    std::string name;
    std::optional<Day> from, due;
};
[[nodiscard]] std::vector<YearlyDate> datesOf(std::vector<YearlyStep> const& road, int year);

/// What was done of a step: handed in, and received.
struct StepTaken {
    std::string name;
    Day on;
    std::optional<Day> receipt;
};
/// What is wrong on the road in a year as of `today`: `unknown-step`; `missing` (past its day and not done), `late`,
/// `early`, `before-receipt` (handed in before the step before was received), `receipt-before` (received before it was
/// handed in), `no-receipt` (others went on, and this one was never received). In the order of the road.
struct RoadFinding {
    std::string step, code;
    std::optional<Day> day;
    friend bool operator==(RoadFinding const&, RoadFinding const&) = default;
};
[[nodiscard]] std::vector<RoadFinding> checkRoad(std::vector<YearlyStep> const& road, int year,
                                                 std::vector<StepTaken> const& taken, Day today);

/// May a step be handed in, or its receipt be noted, on that day, after what was taken so far? Refused
/// ("road.unknown-step"; "road.taken"; "road.before-receipt", naming the step before that nobody has received by that
/// day; "road.receipt-before" of what is not handed in by then). Late and early ones are told by checkRoad() and refused
/// by nobody: they happened.
[[nodiscard]] Result<void> mayHandIn(std::vector<YearlyStep> const& road, std::vector<StepTaken> const& taken,
                                     std::string_view step, Day on);
[[nodiscard]] Result<void> mayReceive(std::vector<YearlyStep> const& road, std::vector<StepTaken> const& taken,
                                      std::string_view step, Day on);

// --- at least once in so many months ------------------------------------------------------------------------------

struct AtLeastOnce {
    int months = 36;
    int warnDays = 180;
};
struct OnceStanding {
    enum class State { InTime, RunsOut, RunOut } state = State::InTime;
    Day lastsUntil;    ///< the last day on which the next one is in time
    int daysLeft = 0;  ///< negative once it has run out
    /// From one diagnosis (or the beginning) to the next that came too late.
    std::vector<std::pair<Day, Day>> gaps;
};
/// `done`: days on which a diagnosis was finished, in any order; those after `today` do not count. `since`: when the
/// clock began, for a college that has none yet.
[[nodiscard]] OnceStanding onceIn(AtLeastOnce const& rule, std::vector<Day> done, Day since, Day today);
/// Whether one cycle can meet the rule: one of 36 months does, one of 37 does not ("clock.cycle-too-long").
[[nodiscard]] Result<void> fits(AtLeastOnce const& rule, Day begin, Day end);

}  // namespace spiral::engine
