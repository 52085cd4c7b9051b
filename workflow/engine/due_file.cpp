#include "engine/due_file.h"

namespace spiral::engine {

namespace {

/// RFC 5545, 3.3.11: backslash, semicolon, comma and line end are escaped in texts.
std::string escaped(std::string_view text) {
    std::string result;
    for (char const c : text) {
        if (c == '\\' || c == ';' || c == ',') {
            result.push_back('\\');
            result.push_back(c);
        } else if (c == '\n') {
            result += "\\n";
        } else if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) {
            result.push_back(c);
        }
    }
    return result;
}

bool goesOn(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

/// RFC 5545, 3.1: a long line goes on in the next, behind a space that counts as one of its octets.
void addLine(std::string& file, std::string_view line) {
    std::size_t room = kCalendarLineMax;
    while (line.size() > room) {
        std::size_t end = room;
        while (end > 0 && goesOn(line[end])) --end;
        file.append(line.substr(0, end)).append("\r\n ");
        line.remove_prefix(end);
        room = kCalendarLineMax - 1;
    }
    file.append(line).append("\r\n");
}

std::string withoutMarks(std::string_view text) {
    std::string result;
    for (char const c : text) {
        if (c != '-' && c != ':') result.push_back(c);
    }
    return result;
}

/// 20260302T140511Z
std::string stampOf(Instant instant) { return withoutMarks(toText(instant)).substr(0, 15) + "Z"; }

}  // namespace

std::string calendarFile(std::string_view name, std::vector<CalendarEvent> const& events) {
    std::string file;
    addLine(file, "BEGIN:VCALENDAR");
    addLine(file, "VERSION:2.0");
    addLine(file, "PRODID:-//Spiral//spiral calendar//ZH");
    addLine(file, "CALSCALE:GREGORIAN");
    addLine(file, "METHOD:PUBLISH");
    addLine(file, "X-WR-CALNAME:" + escaped(name));
    for (auto const& event : events) {
        addLine(file, "BEGIN:VEVENT");
        addLine(file, "UID:" + escaped(event.uid));
        addLine(file, "DTSTAMP:" + stampOf(event.changed));
        addLine(file, "DTSTART;VALUE=DATE:" + withoutMarks(toText(event.day)));
        addLine(file, "SUMMARY:" + escaped(event.summary));
        if (!event.description.empty()) addLine(file, "DESCRIPTION:" + escaped(event.description));
        std::string categories;
        for (auto const& category : event.categories) categories += (categories.empty() ? "" : ",") + escaped(category);
        if (!categories.empty()) addLine(file, "CATEGORIES:" + categories);
        addLine(file, "TRANSP:TRANSPARENT");
        addLine(file, "END:VEVENT");
    }
    addLine(file, "END:VCALENDAR");
    return file;
}

}  // namespace spiral::engine
