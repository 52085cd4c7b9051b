// What a college, its programmes and its courses are to diagnose by which day, and which cycle did: the clocks of
// engine/calendar.h beside the cycles that this replica holds. Nothing of it is written but waivers.
#pragma once

#include "engine/calendar.h"
#include "engine/catalogue.h"
#include "office/office.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spiral::office {

/// A cycle that asks about something.
struct CoveringCycle {
    DocumentKey cycle;
    std::string title, state;
    Day start{}, end{};
    int asked = 0, finished = 0;  ///< points about it; finished: not those that were taken back or left over
    std::optional<Day> closed{};  ///< the day of the act that closed it
    [[nodiscard]] bool did() const noexcept { return closed && finished > 0; }
};

struct CalendarItem {
    engine::ClockItem item;
    std::string state;  ///< `done`, `waived`, `overdue`, `due`
    bool late = false;  ///< done after its day
    std::vector<CoveringCycle> cycles;
};
struct SubjectCalendar {
    std::string subject, name;  ///< `programme:510201`
    Day begin{};                ///< from when its clocks are counted
    bool brand = false;         ///< it bears the flag today
    std::vector<CalendarItem> items;
};
struct CollegeCalendar {
    Day begin{};
    engine::OnceStanding standing;
    std::vector<CoveringCycle> cycles;  ///< that ask about the college itself, by start
};

/// What is wrong in the college's document of programmes and courses.
struct TeachingFinding {
    /// `flag-without-reason`, `flag-day-moved`, `waiver-of-nothing`, `waiver-without-reason`, `waiver-of-its-own-year`;
    /// `teaching-twice`: a second document of what is taught, which nothing reads.
    std::string code;
    std::string subject, name;  ///< of the programme or course; of a document its title
    std::string detail;         ///< a day; of a flag the person who changed it; of a document its id
};

struct CalendarWanted {
    std::string subject{};       ///< `programme:510201`, `course:C1`; empty: every programme and course
    std::optional<Day> from{};   ///< items that end before are left out; else from the three years that `today` lies in
    std::optional<Day> until{};  ///< items that begin on it or later are left out; else those three years
    /// From when clocks are counted: else as the document of programmes says, the first day of the first cycle, `from`,
    /// or the academic year.
    std::optional<Day> begin{};
    Day today{};
};
struct Calendar {
    CollegeCalendar college;
    std::vector<SubjectCalendar> subjects;
    std::vector<TeachingFinding> findings;
};
/// A cycle belongs to the item of its clock that it shares most days with, and does it once it is closed with points of
/// that subject finished. Refused: "cycle.subject-unknown", "cycle.dates".
[[nodiscard]] Result<Calendar> calendarOf(Office& office, CalendarWanted const& wanted);
/// The college alone: at least one diagnosis in three years.
[[nodiscard]] CollegeCalendar collegeCalendar(Office& office, Day today, std::optional<Day> begin = {});

/// Writes into the document of programmes and courses that an item is not done, and why. Refused as engine::itemsOf()
/// refuses a waiver, or "cycle.subject-unknown".
[[nodiscard]] Result<Assignment> waive(Office& office, std::string_view subject, engine::Waiver const& waiver,
                                       Day today);

/// Brand flags that some revision of the document set otherwise without a day and a reason, or took out of its history.
[[nodiscard]] std::vector<TeachingFinding> checkTeaching(Office& office);
/// What is taught, with the brand flags that count: of a programme whose flag was changed in such a way every one that
/// some revision told, except those taken off without a reason.
[[nodiscard]] engine::Teaching teachingInForce(Office& office);

}  // namespace spiral::office
