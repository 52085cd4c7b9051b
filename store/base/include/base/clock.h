// Time: the wall clock that people read, the monotonic clock that measures, and a hybrid logical clock that orders.
// Real clocks are made only in a program's main and passed down by reference.
#pragma once

#include "base/result.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace spiral {

/// UTC, in milliseconds, as printed in documents: 2026-03-02T14:05:11.123Z. Years 1970 to 9999.
using Instant = std::chrono::sys_time<std::chrono::milliseconds>;
/// A calendar day without a zone: 2026-03-02. Years 1970 to 9999.
using Day = std::chrono::year_month_day;

/// The printed form. An instant outside the years above, which sums may give, is printed as the nearest inside.
[[nodiscard]] std::string toText(Instant instant);
/// Exactly the printed form above, a real date and time; nothing otherwise (no leap second, no other zone).
[[nodiscard]] std::optional<Instant> parseInstant(std::string_view text);
/// The same for days. REQUIRES: day.ok().
[[nodiscard]] std::string toText(Day day);
[[nodiscard]] std::optional<Day> parseDay(std::string_view text);

class WallClock {
public:
    virtual ~WallClock() = default;
    /// May jump either way by any amount.
    [[nodiscard]] virtual Instant now() = 0;
};

class MonotonicClock {
public:
    virtual ~MonotonicClock() = default;
    /// Never goes back while the program runs; its zero means nothing.
    [[nodiscard]] virtual std::chrono::nanoseconds now() = 0;
};

/// Reads the operating system's clocks. For a program's main only.
[[nodiscard]] WallClock& systemWallClock();
[[nodiscard]] MonotonicClock& systemMonotonicClock();

/// A hybrid logical time: `t` of the signed object and its counter `c` (0…65535).
struct HybridTime {
    Instant wall{};
    std::uint16_t counter = 0;
    friend auto operator<=>(HybridTime const&, HybridTime const&) = default;
};

/// Hybrid logical clock after Kulkarni et al. 2014, with a bounded advance: a time seen from others may pull it at most
/// kAdvanceMax past the local wall clock, so that one machine set to 2038 does not drag the college there. It never
/// refuses: a time further ahead is taken as it is in the object that bears it, and shown as suspect, not adopted.
class HybridClock {
public:
    static constexpr std::chrono::hours kAdvanceMax{24};

    /// `last` is the newest time this device has given out before.
    explicit HybridClock(WallClock& wall, HybridTime last = {});

    /// A time later than every one given before by this clock, and than every observed one within the bound. When the
    /// wall clock jumps back it goes on from the last; a last time more than kAdvanceMax ahead of the wall is kept.
    [[nodiscard]] HybridTime next();
    /// Takes note of a time seen in somebody's object.
    void observe(HybridTime seen);
    [[nodiscard]] HybridTime last() const noexcept { return m_last; }
    /// True iff `seen` lies further ahead of the wall clock than the bound.
    [[nodiscard]] bool suspect(HybridTime seen);

private:
    WallClock& m_wall;
    HybridTime m_last;
};

}  // namespace spiral
