#include "base/clock.h"

#include <algorithm>
#include <limits>

namespace spiral {
namespace {

using std::chrono::milliseconds;
using std::chrono::sys_days;

constexpr Instant kEarliest{};
constexpr Day kFirstDay{std::chrono::year(1970), std::chrono::month(1), std::chrono::day(1)};
constexpr Day kLastDay{std::chrono::year(9999), std::chrono::month(12), std::chrono::day(31)};
constexpr Instant kLatest = Instant(sys_days(kLastDay)) + std::chrono::days(1) - milliseconds(1);

/// Writes `value` as `width` digits at `at`.
void putDigits(std::string& text, std::size_t at, std::size_t width, unsigned value) {
    for (std::size_t i = width; i > 0; --i) {
        text[at + i - 1] = static_cast<char>('0' + value % 10);
        value /= 10;
    }
}

/// The number of `width` digits at `at`; nothing if one of them is no digit.
std::optional<unsigned> digitsAt(std::string_view text, std::size_t at, std::size_t width) {
    unsigned value = 0;
    for (char const character : text.substr(at, width)) {
        if (character < '0' || character > '9') return std::nullopt;
        value = value * 10 + static_cast<unsigned>(character - '0');
    }
    return value;
}

constexpr std::string_view kDayForm = "0000-00-00";
constexpr std::string_view kInstantForm = "0000-00-00T00:00:00.000Z";

/// True iff the text has the length of the form, and its punctuation in the same places.
bool hasForm(std::string_view text, std::string_view form) {
    if (text.size() != form.size()) return false;
    for (std::size_t i = 0; i < form.size(); ++i)
        if (form[i] != '0' && text[i] != form[i]) return false;
    return true;
}

void putDay(std::string& text, Day day) {
    putDigits(text, 0, 4, static_cast<unsigned>(static_cast<int>(day.year())));
    putDigits(text, 5, 2, static_cast<unsigned>(day.month()));
    putDigits(text, 8, 2, static_cast<unsigned>(day.day()));
}

std::optional<Day> dayAt(std::string_view text) {
    auto const year = digitsAt(text, 0, 4);
    auto const month = digitsAt(text, 5, 2);
    auto const day = digitsAt(text, 8, 2);
    if (!year || !month || !day) return std::nullopt;
    Day const result{std::chrono::year(static_cast<int>(*year)), std::chrono::month(*month), std::chrono::day(*day)};
    if (!result.ok() || result < kFirstDay) return std::nullopt;
    return result;
}

class SystemWallClock final : public WallClock {
public:
    Instant now() override {
        auto const now = std::chrono::floor<milliseconds>(std::chrono::system_clock::now());
        return std::clamp(now, kEarliest, kLatest);
    }
};

class SystemMonotonicClock final : public MonotonicClock {
public:
    std::chrono::nanoseconds now() override { return std::chrono::steady_clock::now().time_since_epoch(); }
};

}  // namespace

std::string toText(Instant instant) {
    // Sums such as "30 days later" may leave the range, from times that people sent us: never a reason to stop.
    instant = std::clamp(instant, kEarliest, kLatest);
    auto const midnight = std::chrono::floor<std::chrono::days>(instant);
    auto const sinceMidnight = static_cast<unsigned>((instant - midnight).count());
    std::string text(kInstantForm);
    putDay(text, Day(midnight));
    putDigits(text, 11, 2, sinceMidnight / 3'600'000);
    putDigits(text, 14, 2, sinceMidnight / 60'000 % 60);
    putDigits(text, 17, 2, sinceMidnight / 1'000 % 60);
    putDigits(text, 20, 3, sinceMidnight % 1'000);
    return text;
}

std::optional<Instant> parseInstant(std::string_view text) {
    if (!hasForm(text, kInstantForm)) return std::nullopt;
    auto const day = dayAt(text);
    auto const hour = digitsAt(text, 11, 2);
    auto const minute = digitsAt(text, 14, 2);
    auto const second = digitsAt(text, 17, 2);
    auto const millisecond = digitsAt(text, 20, 3);
    if (!day || !hour || !minute || !second || !millisecond) return std::nullopt;
    if (*hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
    return Instant(sys_days(*day)) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
           std::chrono::seconds(*second) + milliseconds(*millisecond);
}

std::string toText(Day day) {
    ensure(day.ok(), "toText: not a day of the calendar");
    day = std::clamp(day, kFirstDay, kLastDay);
    std::string text(kDayForm);
    putDay(text, day);
    return text;
}

std::optional<Day> parseDay(std::string_view text) {
    if (!hasForm(text, kDayForm)) return std::nullopt;
    return dayAt(text);
}

WallClock& systemWallClock() {
    static SystemWallClock clock;
    return clock;
}

MonotonicClock& systemMonotonicClock() {
    static SystemMonotonicClock clock;
    return clock;
}

HybridClock::HybridClock(WallClock& wall, HybridTime last) : m_wall(wall), m_last(last) {}

HybridTime HybridClock::next() {
    Instant const wall = std::clamp(m_wall.now(), kEarliest, kLatest);
    if (wall > m_last.wall) {
        m_last = {wall, 0};
    } else if (m_last.counter < std::numeric_limits<std::uint16_t>::max()) {
        ++m_last.counter;
    } else {
        // 65536 times within one millisecond, or a wall clock that stands: borrow the next millisecond.
        m_last = {m_last.wall + milliseconds(1), 0};
    }
    return m_last;
}

void HybridClock::observe(HybridTime seen) {
    if (!suspect(seen)) m_last = std::max(m_last, seen);
}

bool HybridClock::suspect(HybridTime seen) { return seen.wall > m_wall.now() + kAdvanceMax; }

}  // namespace spiral
