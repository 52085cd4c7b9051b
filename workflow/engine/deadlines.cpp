#include "engine/deadlines.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <tuple>

namespace spiral::engine {
namespace {

using std::chrono::minutes;

constexpr int kDaysMax = 3660;
constexpr std::size_t kThresholdsMax = 20;
constexpr minutes kDayLength{24 * 60};
constexpr minutes kZoneMin{-12 * 60}, kZoneMax{14 * 60};

Error form(std::string_view field) {
    return makeError(ErrorCode::Malformed, "deadline-rules.form", std::string(field));
}

std::optional<int> numberFrom(std::string_view text) {
    int number = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

/// Reads the field into `days` if it is there; false if it is there and not between the two.
bool readNumber(json::Object const& fields, std::string_view field, int least, int most, int& number) {
    auto const* value = fields.find(field);
    if (!value) return true;
    auto const* integer = value->asInteger();
    if (!integer || *integer < least || *integer > most) return false;
    number = static_cast<int>(*integer);
    return true;
}

/// "22:00" as minutes of the day.
bool readTimeOfDay(json::Object const& fields, std::string_view field, minutes& time) {
    auto const* value = fields.find(field);
    if (!value) return true;
    auto const* text = value->asString();
    if (!text || text->size() != 5 || (*text)[2] != ':') return false;
    auto const hour = numberFrom(std::string_view(*text).substr(0, 2));
    auto const minute = numberFrom(std::string_view(*text).substr(3, 2));
    if (!hour || !minute || *hour < 0 || *hour > 23 || *minute < 0 || *minute > 59) return false;
    time = minutes(*hour * 60 + *minute);
    return true;
}

bool readThresholds(json::Object const& fields, std::string_view field, std::vector<int>& thresholds) {
    auto const* value = fields.find(field);
    if (!value) return true;
    auto const* texts = value->asArray();
    if (!texts || texts->empty() || texts->size() > kThresholdsMax) return false;
    std::set<int, std::greater<>> sorted;
    for (auto const& each : *texts) {
        auto const* text = each.asString();
        auto const number = text ? numberFrom(*text) : std::nullopt;
        if (!number || *number < 0 || *number > kDaysMax) return false;
        sorted.insert(*number);
    }
    thresholds.assign(sorted.begin(), sorted.end());
    return true;
}

/// Whether one of first, first + every, … lies behind `after` and not behind `today`.
bool falls(Day first, int every, Day after, Day today) {
    int const since = daysBetween(first, today);
    return since >= 0 && addDays(today, -(since % every)) > after;
}

/// Whether a reminder before the due day fell in that time.
bool remindsBefore(DeadlineLine const& line, Day after, Day today, DeadlineRules const& rules) {
    return std::any_of(rules.before.begin(), rules.before.end(), [&](int days) {
        Day const on = addDays(*line.due, -days);
        // Written on that day or before; somebody who gives a task for next week reminds of it by giving it.
        return after < on && on <= today && (!line.begun || *line.begun <= on);
    });
}

bool isQuiet(minutes timeOfDay, DeadlineRules const& rules) {
    if (rules.quietFrom <= rules.quietUntil) return rules.quietFrom <= timeOfDay && timeOfDay < rules.quietUntil;
    return timeOfDay >= rules.quietFrom || timeOfDay < rules.quietUntil;
}

bool isAmong(std::vector<std::string> const& names, std::string const& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

Result<DeadlineRules> deadlineRulesFrom(json::Object const& fields) {
    DeadlineRules rules;
    int zone = static_cast<int>(rules.zone.count());
    if (!readThresholds(fields, "remind_before", rules.before)) return form("remind_before");
    if (!readNumber(fields, "overdue_every", 1, kDaysMax, rules.overdueEvery)) return form("overdue_every");
    if (!readNumber(fields, "head_after", 1, kDaysMax, rules.headAfter)) return form("head_after");
    if (!readNumber(fields, "quality_after", 1, kDaysMax, rules.qualityAfter)) return form("quality_after");
    if (!readNumber(fields, "stale_after", 1, kDaysMax, rules.staleAfter)) return form("stale_after");
    if (!readTimeOfDay(fields, "quiet_from", rules.quietFrom)) return form("quiet_from");
    if (!readTimeOfDay(fields, "quiet_until", rules.quietUntil)) return form("quiet_until");
    if (!readNumber(fields, "utc_offset", static_cast<int>(kZoneMin.count()), static_cast<int>(kZoneMax.count()),
                    zone)) {
        return form("utc_offset");
    }
    rules.zone = minutes(zone);
    if (rules.qualityAfter < rules.headAfter) {
        return makeError(ErrorCode::Malformed, "deadline-rules.order",
                         std::to_string(rules.headAfter) + " " + std::to_string(rules.qualityAfter));
    }
    return rules;
}

std::vector<Reminder> remindersOf(std::vector<DeadlineLine> const& lines, Day today, DeadlineRules const& rules,
                                  std::optional<Day> after) {
    Day const since = after.value_or(addDays(today, -1));
    std::vector<Reminder> reminders;
    for (auto const& line : lines) {
        if (line.closed || !line.due) continue;
        auto const add = [&](Audience audience) {
            reminders.push_back({line.id, line.unit, line.person, audience, *line.due, daysBetween(today, *line.due)});
        };
        if (today <= *line.due) {
            if (remindsBefore(line, since, today, rules)) add(Audience::Responsible);
            continue;
        }
        if (falls(addDays(*line.due, 1), rules.overdueEvery, since, today)) add(Audience::Responsible);
        if (falls(addDays(*line.due, rules.headAfter), rules.overdueEvery, since, today)) add(Audience::Head);
        if (falls(addDays(*line.due, rules.qualityAfter), rules.overdueEvery, since, today)) add(Audience::Quality);
    }
    std::sort(reminders.begin(), reminders.end(), [](Reminder const& a, Reminder const& b) {
        return std::tie(a.due, a.line, a.audience, a.unit, a.person) <
               std::tie(b.due, b.line, b.audience, b.unit, b.person);
    });
    return reminders;
}

std::vector<DeadlineDoubt> doubtsOf(std::vector<DeadlineLine> const& lines) {
    std::vector<DeadlineDoubt> doubts;
    for (auto const& line : lines) {
        if (line.closed) continue;
        if (!line.due) {
            if (!line.ongoing) doubts.push_back({line.id, "due-missing"});
        } else if (line.begun && *line.due < *line.begun) {
            doubts.push_back({line.id, "due-before-begun"});
        }
    }
    return doubts;
}

std::vector<Digest> digestsOf(std::vector<Reminder> const& reminders, std::vector<Listener> const& listeners) {
    std::set<std::string> persons;
    for (auto const& listener : listeners) persons.insert(listener.person);
    auto const hears = [&](Listener const& listener, Reminder const& reminder) {
        if (reminder.audience == Audience::Quality) return listener.quality;
        if (reminder.audience == Audience::Head) return isAmong(listener.heads, reminder.unit);
        if (!reminder.person.empty() && persons.contains(reminder.person)) return listener.person == reminder.person;
        return isAmong(listener.worksIn, reminder.unit) || isAmong(listener.heads, reminder.unit);
    };
    std::map<std::string, std::map<std::tuple<Day, std::string>, Reminder>> heard;
    auto const tell = [&](Listener const& listener, Reminder const& reminder) {
        // What one is responsible for comes before what one hears as a head; the reminders are in that order.
        heard[listener.person].emplace(std::tuple(reminder.due, reminder.line), reminder);
    };
    for (auto const& reminder : reminders) {
        bool anybody = false;
        for (auto const& listener : listeners) {
            if (!hears(listener, reminder)) continue;
            anybody = true;
            tell(listener, reminder);
        }
        for (auto const& listener : listeners) {
            if (!anybody && listener.quality) tell(listener, reminder);
        }
    }
    std::vector<Digest> digests;
    for (auto& [person, lines] : heard) {
        Digest digest{person, {}};
        for (auto& [key, reminder] : lines) digest.reminders.push_back(std::move(reminder));
        digests.push_back(std::move(digest));
    }
    return digests;
}

Instant nextDigest(std::optional<Day> last, Instant now, DeadlineRules const& rules) {
    Instant local = now + rules.zone;
    auto midnight = std::chrono::floor<std::chrono::days>(local);
    if (last && Day(midnight) <= *last) {
        midnight = std::chrono::sys_days(addDays(*last, 1));
        local = midnight;
    }
    auto const timeOfDay = std::chrono::floor<minutes>(local - midnight);
    if (isQuiet(timeOfDay, rules)) {
        local = midnight + rules.quietUntil;
        if (rules.quietUntil <= timeOfDay) local += kDayLength;
    }
    return local - rules.zone;
}

}  // namespace spiral::engine
