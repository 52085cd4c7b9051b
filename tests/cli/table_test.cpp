#include "cli/table.h"

#include "cli/language.h"

#include <catch2/catch.hpp>

using namespace spiral::cli;

TEST_CASE("a Chinese character takes two columns", "[cli]") {
    CHECK(displayWidth("") == 0);
    CHECK(displayWidth("jwc") == 3);
    CHECK(displayWidth("教务处") == 6);
    CHECK(displayWidth("2026年") == 6);
    CHECK(displayWidth("，。《》") == 8);
    CHECK(displayWidth("ｆｕｌｌ") == 8);
    CHECK(displayWidth("é") == 1);
    CHECK(displayWidth("e\xcc\x81") == 1);  // a combining accent
    CHECK(displayWidth("𠮷") == 2);
    CHECK(displayWidth("🙂") == 2);
}

TEST_CASE("cutting never splits a character and fits the width", "[cli]") {
    std::string const text = "完善课程标准 (2026)";
    for (std::size_t width = 0; width <= 25; ++width) {
        std::string const cut = fitted(text, width);
        INFO(width << " " << cut);
        CHECK(displayWidth(cut) <= width);
        CHECK(validUtf8(cut) == cut);
    }
    CHECK(fitted(text, 20) == text);
    CHECK(fitted("教务处", 5) == "教务…");
    CHECK(fitted("教务处", 4) == "教…");
}

TEST_CASE("lines are broken at spaces and between Chinese characters, and nothing is lost", "[cli]") {
    CHECK(wrapped("one two three", 8) == std::vector<std::string>{"one two", "three"});
    CHECK(wrapped("教务处质控办", 6) == std::vector<std::string>{"教务处", "质控办"});
    CHECK(wrapped("abcdefghij", 4) == std::vector<std::string>{"abcd", "efgh", "ij"});
    CHECK(wrapped("甲\n\n乙", 10) == std::vector<std::string>{"甲", "", "乙"});
    CHECK(wrapped("", 10) == std::vector<std::string>{""});
    for (auto const& line : wrapped("由 SHA-256 命名，按 1 MiB 分块 stored in pieces of one MiB", 12))
        CHECK(displayWidth(line) <= 12);
}

TEST_CASE("what others wrote cannot steer the terminal", "[cli]") {
    CHECK(clean("a\x1b[31mred") == "a\xef\xbf\xbd[31mred");
    CHECK(clean("a\nb\tc") == "a b c");
    CHECK(cleanLines("a\nb\rc") ==
          "a\nb\xef\xbf\xbd"
          "c");
    CHECK(clean("abc\xe2\x80\xae"
                "def") ==
          "abc\xef\xbf\xbd"
          "def");  // right-to-left override
    CHECK(clean("\x9b") == "\xef\xbf\xbd");
    CHECK(clean("\xc2\x9b"
                "31m") ==
          "\xef\xbf\xbd"
          "31m");  // C1: a CSI of its own
    CHECK(clean("教\xe6\x95") == "教\xef\xbf\xbd\xef\xbf\xbd");
    CHECK(clean("\xed\xa0\x80") == "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");  // a surrogate
}

TEST_CASE("columns of Chinese and Latin text stand under each other", "[cli]") {
    Table table({{"编号"}, {"任务", Table::Align::Left, true}, {"天数", Table::Align::Right}});
    table.add({"99348a0c", "完善课程标准", "7"});
    table.add({"1a", "x", "236"});
    CHECK(table.text(0) ==
          "编号      任务          天数\n"
          "99348a0c  完善课程标准     7\n"
          "1a        x              236\n");
}

TEST_CASE("a table wider than the terminal gives way in the column that may", "[cli]") {
    Table table({{"id"}, {"title", Table::Align::Left, true}, {"due"}});
    table.add({"99348a0c", "建立健全学校内部质量保证体系诊断与改进工作制度", "2026-03-31"});
    std::string const text = table.text(40);
    CHECK(text.find("99348a0c") != std::string::npos);
    CHECK(text.find("2026-03-31") != std::string::npos);
    CHECK(text.find("…") != std::string::npos);
    for (std::size_t at = 0; at < text.size();) {
        auto const end = text.find('\n', at);
        CHECK(displayWidth(std::string_view(text).substr(at, end - at)) <= 40);
        at = end + 1;
    }
}

TEST_CASE("names in braces are filled in, others stay", "[cli]") {
    CHECK(filled("{a} and {b}", {{"a", "1"}, {"b", "{a}"}}) == "1 and {a}");
    CHECK(filled("{x} {", {{"a", "1"}}) == "{x} {");
}
