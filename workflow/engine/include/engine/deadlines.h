// Deadlines: who is reminded of what and when, when the head and then the quality office are told, what a list doubts.
// Pure: lines, days and rules in, reminders out; the same in gives the same out, in one order, on every replica.
#pragma once

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "engine/calendar.h"

#include <optional>
#include <string>
#include <vector>

namespace spiral::engine {

/// A college may set each of these (`deadline-rules.v1`).
struct DeadlineRules {
    std::vector<int> before{30, 10, 3, 1, 0};  ///< days before the due day, falling
    int overdueEvery = 1;                      ///< once overdue, a reminder every so many days
    int headAfter = 3;                         ///< days overdue from which the head of the unit hears of it
    int qualityAfter = 10;                     ///< and from which the quality office does
    int staleAfter = 14;                       ///< days after which a unit's data is old
    std::chrono::minutes quietFrom{22 * 60};   ///< of the day; equal to quietUntil: no hour is quiet
    std::chrono::minutes quietUntil{7 * 60};
    std::chrono::minutes zone = kChinaTime;  ///< the college's, east of UTC
    friend bool operator==(DeadlineRules const&, DeadlineRules const&) = default;
};
/// From the fields of a `deadline-rules.v1`; what is absent stays as above. Malformed, naming the field
/// ("deadline-rules.form"; "deadline-rules.order": the quality office would hear of it before the head).
[[nodiscard]] Result<DeadlineRules> deadlineRulesFrom(json::Object const& fields);

/// One line of a list, as far as its deadline goes.
struct DeadlineLine {
    std::string id;
    std::string unit;    ///< answers for it
    std::string person;  ///< in charge of it; empty: the unit
    std::optional<Day> due;
    std::optional<Day> begun;  ///< when it was written first
    bool closed = false;
    bool ongoing = false;  ///< goes on by its nature: no due date is missing
};

enum class Audience { Responsible, Head, Quality };
struct Reminder {
    std::string line, unit, person;
    Audience audience = Audience::Responsible;
    Day due;
    int daysLeft = 0;  ///< on the day of the reminder; negative: overdue
    friend bool operator==(Reminder const&, Reminder const&) = default;
};
/// What falls after one day (default: the day before `today`) up to `today`. A machine that was off on the day itself
/// still reminds: what fell meanwhile comes once, with the days as they are now. By due, line, audience.
[[nodiscard]] std::vector<Reminder> remindersOf(std::vector<DeadlineLine> const& lines, Day today,
                                                DeadlineRules const& rules, std::optional<Day> after = {});

/// A line whose deadline cannot be right: `due-missing`, or `due-before-begun`. In the order of the lines.
struct DeadlineDoubt {
    std::string line, code;
    friend bool operator==(DeadlineDoubt const&, DeadlineDoubt const&) = default;
};
[[nodiscard]] std::vector<DeadlineDoubt> doubtsOf(std::vector<DeadlineLine> const& lines);

/// Who hears what: somebody with roles in force.
struct Listener {
    std::string person;
    std::vector<std::string> worksIn, heads;  ///< units
    bool quality = false;
};
/// What one person is told of on one day, each line once.
struct Digest {
    std::string person;
    std::vector<Reminder> reminders;
    friend bool operator==(Digest const&, Digest const&) = default;
};
/// One a person who has something to hear, by person. A line of somebody who is no listener any more goes to the unit;
/// what nobody of the unit would hear goes to the quality office.
[[nodiscard]] std::vector<Digest> digestsOf(std::vector<Reminder> const& reminders,
                                            std::vector<Listener> const& listeners);

/// When the next digest may be shown: not twice on a day of the college's zone, and not in quiet hours, in which it
/// waits. Not before `now`; equal to `now` if it may be shown at once. `last`: the day of the last one.
[[nodiscard]] Instant nextDigest(std::optional<Day> last, Instant now, DeadlineRules const& rules);

}  // namespace spiral::engine
