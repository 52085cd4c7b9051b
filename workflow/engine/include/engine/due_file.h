// What is due, as a calendar file that any calendar program reads (RFC 5545). Pure: the time of writing comes in.
#pragma once

#include "base/clock.h"

#include <string>
#include <string_view>
#include <vector>

namespace spiral::engine {

struct CalendarEvent {
    std::string uid;                       ///< the same each time, whatever else changes
    Day day{};                             ///< all day
    Instant changed{};                     ///< when what it tells was last changed, as far as is known
    std::string summary, description;
    std::vector<std::string> categories;
};

/// Octets of a line of the file, without its line end; longer ones are folded, never inside a character.
inline constexpr std::size_t kCalendarLineMax = 75;

/// The file: lines end with CR LF, text values are escaped, events stand in the order given. Control characters in texts
/// are left out. REQUIRES: valid UTF-8.
[[nodiscard]] std::string calendarFile(std::string_view name, std::vector<CalendarEvent> const& events);

}  // namespace spiral::engine
