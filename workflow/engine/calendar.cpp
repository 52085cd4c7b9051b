#include "engine/calendar.h"

#include <algorithm>
#include <array>

namespace spiral::engine {
namespace {

using std::chrono::month_day;
using std::chrono::months;
using std::chrono::sys_days;

bool isBlank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

/// The day of that name in a year; 29 February is the 28th where there is none.
Day inYear(int year, month_day const& day) {
    Day const exact{std::chrono::year(year), day.month(), day.day()};
    return exact.ok() ? exact : lastOfMonth(year, static_cast<unsigned>(day.month()));
}

int yearOf(Day day) { return static_cast<int>(day.year()); }

/// Takes up to `most` digits from the front.
std::optional<int> takeNumber(std::string_view& text, std::size_t most) {
    int number = 0;
    std::size_t digits = 0;
    while (digits < text.size() && digits < most && text[digits] >= '0' && text[digits] <= '9') {
        number = number * 10 + (text[digits++] - '0');
    }
    text.remove_prefix(digits);
    return digits == 0 ? std::nullopt : std::optional(number);
}

/// A period that another follows on `next`.
Period until(std::string name, Day begin, Day next) {
    Day const end = addDays(next, -1);
    return {std::move(name), begin, end, end};
}

void sortByDay(std::vector<FlagChange>& changes) {
    std::stable_sort(changes.begin(), changes.end(), [](auto const& a, auto const& b) { return a.on < b.on; });
}

bool inForce(std::vector<FlagChange> const& sorted, Day day) {
    bool brand = false;
    for (auto const& change : sorted) {
        if (change.on <= day) brand = change.brand;
    }
    return brand;
}

}  // namespace

Day addDays(Day day, int days) { return Day(sys_days(day) + std::chrono::days(days)); }

Day addMonths(Day day, int count) {
    Day const moved = day + months(count);
    return moved.ok() ? moved : Day(moved.year() / moved.month() / std::chrono::last);
}

int daysBetween(Day from, Day to) { return static_cast<int>((sys_days(to) - sys_days(from)).count()); }

Day lastOfMonth(int year, unsigned month) {
    return Day{std::chrono::year{year} / std::chrono::month{month} / std::chrono::last};
}

Day dayAt(Instant instant, std::chrono::minutes eastOfUtc) {
    return Day(std::chrono::floor<std::chrono::days>(instant + eastOfUtc));
}

std::optional<Day> readPrintedDue(std::string_view text) {
    if (auto const day = parseDay(text)) return day;
    if (text.size() < 4) return std::nullopt;
    auto const year = takeNumber(text, 4);
    if (!year || *year < 1970) return std::nullopt;
    if (text == "年上半年") return lastOfMonth(*year, 6);
    if (text == "年下半年" || text == "年底" || text == "年") return lastOfMonth(*year, 12);
    bool const han = text.starts_with("年");
    if (han) {
        text.remove_prefix(std::string_view("年").size());
    } else if (text.starts_with(".") || text.starts_with("-")) {
        text.remove_prefix(1);
    } else {
        return std::nullopt;
    }
    auto const month = takeNumber(text, 2);
    if (!month || *month < 1 || *month > 12) return std::nullopt;
    if (!text.empty() && !(han && text == "月")) return std::nullopt;
    return lastOfMonth(*year, static_cast<unsigned>(*month));
}

bool isPrintedAsOngoing(std::string_view text) { return text == "持续" || text == "长期" || text == "常态化"; }

// --- semesters and years ------------------------------------------------------------------------------------------

Period calendarYear(Day day) {
    int const year = yearOf(day);
    Day const end = lastOfMonth(year, 12);
    return {std::to_string(year), inYear(year, std::chrono::January / 1), end, end};
}

Period academicYear(Day day, AcademicCalendar const& calendar) {
    int const year = day < inYear(yearOf(day), calendar.first) ? yearOf(day) - 1 : yearOf(day);
    return until(std::to_string(year) + "-" + std::to_string(year + 1), inYear(year, calendar.first),
                 inYear(year + 1, calendar.first));
}

Period semester(Day day, AcademicCalendar const& calendar) {
    Period const whole = academicYear(day, calendar);
    // The second semester may begin in the same calendar year as the first, where the year begins in spring.
    Day second = inYear(yearOf(whole.begin), calendar.second);
    if (second < whole.begin) second = inYear(yearOf(whole.begin) + 1, calendar.second);
    return day < second ? until(whole.name + "-1", whole.begin, second)
                        : until(whole.name + "-2", second, addDays(whole.end, 1));
}

// --- clocks of a cycle --------------------------------------------------------------------------------------------

int monthsOf(Clock clock) {
    switch (clock) {
        case Clock::Semester: return 6;
        case Clock::Year: return 12;
        case Clock::ThreeYears: return 36;
    }
    return 12;
}

std::vector<Period> periodsOf(Clock clock, Day start, Day end, int graceDays) {
    std::vector<Period> periods;
    for (int number = 0;; ++number) {
        Day const begin = addMonths(start, number * monthsOf(clock));
        if (begin >= end || yearOf(begin) > 9996) return periods;
        Period period = until(std::to_string(number + 1), begin, addMonths(start, (number + 1) * monthsOf(clock)));
        period.due = addDays(period.end, graceDays);
        periods.push_back(std::move(period));
    }
}

std::vector<ClockRule> const& clocksOfProgramme() {
    static std::vector<ClockRule> const rules{{"monitoring", Clock::Year}, {"assessment", Clock::ThreeYears}};
    return rules;
}

std::vector<ClockRule> const& clocksOfCourse() {
    static std::vector<ClockRule> const rules{
        {"large", Clock::ThreeYears}, {"small", Clock::Year}, {"teaching", Clock::Semester}};
    return rules;
}

bool flagInForce(std::vector<FlagChange> changes, Day day) {
    sortByDay(changes);
    return inForce(changes, day);
}

Result<std::vector<ClockItem>> itemsOf(std::vector<ClockRule> const& rules, Day start, Day end,
                                       std::vector<Waiver> const& waivers, std::vector<FlagChange> const& flags) {
    std::vector<FlagChange> changes = flags;
    sortByDay(changes);
    bool brand = false;
    for (auto const& change : changes) {
        if (change.brand != brand && isBlank(change.reason)) {
            return makeError(ErrorCode::Refused, "clock.flag-without-reason", toText(change.on));
        }
        brand = change.brand;
    }
    std::vector<ClockItem> items;
    for (auto const& rule : rules) {
        for (auto& period : periodsOf(rule.clock, start, end)) {
            bool const focus = inForce(changes, period.begin);
            items.push_back({rule.name, rule.clock, std::move(period), false, focus, {}});
        }
    }
    for (auto& item : items) {
        item.inYearOfLarger = std::any_of(items.begin(), items.end(), [&](ClockItem const& other) {
            return monthsOf(other.clock) > monthsOf(item.clock) && other.period.end == item.period.end;
        });
    }
    for (auto const& waiver : waivers) {
        std::string const which = waiver.rule + " " + toText(waiver.begin);
        if (isBlank(waiver.reason)) return makeError(ErrorCode::Refused, "clock.waiver-without-reason", which);
        auto const found = std::find_if(items.begin(), items.end(), [&](ClockItem const& item) {
            return item.rule == waiver.rule && item.period.begin == waiver.begin;
        });
        if (found == items.end()) return makeError(ErrorCode::NotFound, "clock.waiver-of-nothing", which);
        if (!found->inYearOfLarger) return makeError(ErrorCode::Refused, "clock.waiver-of-its-own-year", which);
        found->waived = waiver.reason;
    }
    std::stable_sort(items.begin(), items.end(), [](auto const& a, auto const& b) {
        return std::pair(a.period.begin, -monthsOf(a.clock)) < std::pair(b.period.begin, -monthsOf(b.clock));
    });
    return items;
}

// --- dates of every year ------------------------------------------------------------------------------------------

std::vector<YearlyStep> const& yearlyReportRoad() {
    using namespace std::chrono;
    // "9月30日前" is meant with that day, as such words are in notices of the authorities.
    static std::vector<YearlyStep> const road{{"self-diagnosis", std::nullopt, September / 30},
                                              {"city", October / 1, October / 31},
                                              {"province", October / 1, std::nullopt}};
    return road;
}

std::vector<YearlyDate> datesOf(std::vector<YearlyStep> const& road, int year) {
    std::vector<YearlyDate> dates;
    for (auto const& step : road) {
        YearlyDate date{step.name, {}, {}};
        if (step.from) date.from = inYear(year, *step.from);
        if (step.until) date.due = inYear(year, *step.until);
        dates.push_back(std::move(date));
    }
    return dates;
}

std::vector<RoadFinding> checkRoad(std::vector<YearlyStep> const& road, int year, std::vector<StepTaken> const& taken,
                                   Day today) {
    std::vector<RoadFinding> findings;
    auto const dates = datesOf(road, year);
    auto const takenOf = [&](std::string_view name) -> StepTaken const* {
        auto const found =
            std::find_if(taken.begin(), taken.end(), [&](StepTaken const& step) { return step.name == name; });
        return found == taken.end() ? nullptr : &*found;
    };
    for (std::size_t i = 0; i < dates.size(); ++i) {
        auto const& date = dates[i];
        auto const* step = takenOf(date.name);
        bool const othersWentOn = std::any_of(dates.begin() + static_cast<std::ptrdiff_t>(i) + 1, dates.end(),
                                              [&](YearlyDate const& later) { return takenOf(later.name) != nullptr; });
        if (!step) {
            if (date.due && *date.due < today) findings.push_back({date.name, "missing", date.due});
            continue;
        }
        if (date.from && step->on < *date.from) findings.push_back({date.name, "early", step->on});
        if (date.due && *date.due < step->on) findings.push_back({date.name, "late", step->on});
        if (step->receipt && *step->receipt < step->on)
            findings.push_back({date.name, "receipt-before", step->receipt});
        if (i > 0) {
            auto const* before = takenOf(dates[i - 1].name);
            if (!before || !before->receipt || step->on < *before->receipt) {
                findings.push_back({date.name, "before-receipt", step->on});
            }
        }
        if (!step->receipt && othersWentOn) findings.push_back({date.name, "no-receipt", step->on});
    }
    for (auto const& step : taken) {
        bool const known =
            std::any_of(dates.begin(), dates.end(), [&](YearlyDate const& date) { return date.name == step.name; });
        if (!known) findings.push_back({step.name, "unknown-step", step.on});
    }
    return findings;
}

namespace {

StepTaken const* stepTaken(std::vector<StepTaken> const& taken, std::string_view name) {
    auto const found =
        std::find_if(taken.begin(), taken.end(), [&](StepTaken const& step) { return step.name == name; });
    return found == taken.end() ? nullptr : &*found;
}

std::vector<YearlyStep>::const_iterator placeOn(std::vector<YearlyStep> const& road, std::string_view name) {
    return std::find_if(road.begin(), road.end(), [&](YearlyStep const& step) { return step.name == name; });
}

}  // namespace

Result<void> mayHandIn(std::vector<YearlyStep> const& road, std::vector<StepTaken> const& taken, std::string_view step,
                       Day on) {
    auto const place = placeOn(road, step);
    if (place == road.end()) return makeError(ErrorCode::Usage, "road.unknown-step", std::string(step));
    if (auto const* before = stepTaken(taken, step)) {
        return makeError(ErrorCode::Refused, "road.taken", std::string(step) + " " + toText(before->on));
    }
    if (place == road.begin()) return {};
    auto const& earlier = std::prev(place)->name;
    auto const* before = stepTaken(taken, earlier);
    if (before && before->receipt && *before->receipt <= on) return {};
    return makeError(ErrorCode::Refused, "road.before-receipt", earlier);
}

Result<void> mayReceive(std::vector<YearlyStep> const& road, std::vector<StepTaken> const& taken, std::string_view step,
                        Day on) {
    if (placeOn(road, step) == road.end()) {
        return makeError(ErrorCode::Usage, "road.unknown-step", std::string(step));
    }
    auto const* handedIn = stepTaken(taken, step);
    if (!handedIn || on < handedIn->on) {
        return makeError(ErrorCode::Refused, "road.receipt-before",
                         std::string(step) + (handedIn ? " " + toText(handedIn->on) : ""));
    }
    if (!handedIn->receipt) return {};
    return makeError(ErrorCode::Refused, "road.taken", std::string(step) + " " + toText(*handedIn->receipt));
}

// --- at least once in so many months ------------------------------------------------------------------------------

OnceStanding onceIn(AtLeastOnce const& rule, std::vector<Day> done, Day since, Day today) {
    std::sort(done.begin(), done.end());
    OnceStanding standing;
    Day last = since;
    for (Day const day : done) {
        if (day <= last || today < day) continue;
        if (addMonths(last, rule.months) < day) standing.gaps.emplace_back(last, day);
        last = day;
    }
    standing.lastsUntil = addMonths(last, rule.months);
    standing.daysLeft = daysBetween(today, standing.lastsUntil);
    using State = OnceStanding::State;
    standing.state = standing.daysLeft < 0                ? State::RunOut
                     : standing.daysLeft <= rule.warnDays ? State::RunsOut
                                                          : State::InTime;
    return standing;
}

Result<void> fits(AtLeastOnce const& rule, Day begin, Day end) {
    // The cycle lasts through its last day: one from 1 January to 31 December is a year, not a day less.
    if (addDays(end, 1) <= addMonths(begin, rule.months)) return {};
    return makeError(ErrorCode::Refused, "clock.cycle-too-long", toText(begin) + " " + toText(end));
}

}  // namespace spiral::engine
