#include "engine/due_file.h"

#include <catch2/catch.hpp>

namespace spiral::engine {
namespace {

std::vector<std::string> linesOf(std::string const& file) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < file.size();) {
        auto const end = file.find("\r\n", at);
        REQUIRE(end != std::string::npos);
        lines.push_back(file.substr(at, end - at));
        at = end + 2;
    }
    return lines;
}

TEST_CASE("a calendar file has lines of at most 75 octets, cut between characters, and gives its texts back", "[engine][calendar]") {
    std::string longTitle;
    for (int i = 0; i < 40; ++i) longTitle += "整改任务，";
    CalendarEvent const event{"3f2a@qa.example.edu.cn", *parseDay("2026-06-30"), *parseInstant("2026-03-02T14:05:11.123Z"),
                              longTitle + "a;b,c\\d", "第一行\n第二行\x01", {"教务处", "a,b"}};
    auto const lines = linesOf(calendarFile("诊改", {event}));
    std::string whole;
    for (auto const& line : lines) {
        CHECK(line.size() <= kCalendarLineMax);
        bool const goesOn = line.starts_with(' ');
        REQUIRE(line.size() > (goesOn ? 1U : 0U));
        // No line begins in the middle of a character.
        CHECK((static_cast<unsigned char>(line[goesOn ? 1 : 0]) & 0xC0U) != 0x80U);
        whole += goesOn ? line.substr(1) : "\n" + line;
    }
    CHECK(whole.find("\nUID:3f2a@qa.example.edu.cn\n") != std::string::npos);
    CHECK(whole.find("\nDTSTAMP:20260302T140511Z\n") != std::string::npos);
    CHECK(whole.find("\nDTSTART;VALUE=DATE:20260630\n") != std::string::npos);
    CHECK(whole.find("\nSUMMARY:" + longTitle + "a\\;b\\,c\\\\d\n") != std::string::npos);
    CHECK(whole.find("\nDESCRIPTION:第一行\\n第二行\n") != std::string::npos);
    CHECK(whole.find("\nCATEGORIES:教务处,a\\,b\n") != std::string::npos);
    CHECK(lines.back() == "END:VCALENDAR");
}

TEST_CASE("the same events give the same file", "[engine][calendar]") {
    CalendarEvent const event{"u", *parseDay("9999-12-31"), {}, "t", "", {}};
    CHECK(calendarFile("x", {event}) == calendarFile("x", {event}));
    CHECK(calendarFile("x", {}).find("VEVENT") == std::string::npos);
}

}  // namespace
}  // namespace spiral::engine
