// What reaches the terminal: nothing that others wrote may steer it, by whatever road it comes.
#include "../../client/cli/format.h"

#include "base/files.h"

#include <catch2/catch.hpp>

#include <sstream>

using namespace spiral;
using namespace spiral::cli;

namespace {

/// A command while it runs, with what it printed.
struct Screen {
    explicit Screen(bool terminal, bool json = false)
        : surroundings{.variable = [](char const*) { return std::optional<std::string>(); },
                       .workingFolder = "/",
                       .outputIsTerminal = terminal,
                       .out = out,
                       .err = err,
                       .askSecret = {},
                       .askLine = {}},
          job(*findCommand("status"), {}, settings(json),
              {systemWallClock(), systemMonotonicClock(), systemRandom(), systemFiles()}, surroundings) {}
    static Settings settings(bool json) {
        Settings settings;
        settings.language = Language::English;
        settings.json = json;
        return settings;
    }
    std::ostringstream out, err;
    Surroundings surroundings;
    Job job;
};

constexpr std::string_view kTitleOfWindow = "evil\x1b]0;pwned\x07";

bool steers(std::string const& text) {
    for (std::string_view const mark :
         {"\x1b", "\x07", "\xc2\x9b", "\xe2\x80\xae", "\xe2\x80\x8b", "\xef\xbb\xbf", "\xe2\x80\xa8"}) {
        if (text.find(mark) != std::string::npos) return true;
    }
    return false;
}

}  // namespace

// A clerk's own program once wrote a task whose unit was no unit but escape sequences; showing it set the window's
// title.
TEST_CASE("a field that should name a unit, a person or a choice and does not is shown without its escape sequences",
          "[cli][hostile]") {
    auto const* type = model::TypeCatalogue::builtIn().find("task");
    REQUIRE(type);
    json::Value const evil{std::string(kTitleOfWindow)};
    for (auto const& field : type->fields) {
        INFO(field.name);
        CHECK_FALSE(steers(valueText(type, field.name, evil, {}, Language::English)));
    }
    CHECK_FALSE(steers(valueText(nullptr, "anything", evil, {}, Language::English)));
}

TEST_CASE("a line that nobody cleaned is made safe where it is printed", "[cli][hostile]") {
    for (bool const terminal : {false, true}) {
        Screen screen(terminal);
        screen.job.line(std::string("a") + std::string(kTitleOfWindow));
        screen.job.lines("\xc2\x9b\x33\x31m\nb\n");
        screen.job.tell({"{x}", "{x}"}, {{"x", "\xe2\x80\xae"}});
        screen.job.aside(kTitleOfWindow);
        CHECK_FALSE(steers(screen.out.str()));
        CHECK_FALSE(steers(screen.err.str()));
        CHECK(screen.out.str().find("aevil") == 0);
        CHECK(screen.out.str().find("m\nb\n") != std::string::npos);
    }
    Screen screen(true);
    screen.job.heading(kTitleOfWindow);
    CHECK(screen.out.str() == "\x1b[1mevil\xef\xbf\xbd]0;pwned\xef\xbf\xbd\x1b[0m\n");
}

TEST_CASE("exact bytes go into a pipe as they are, and to a terminal made safe", "[cli][hostile]") {
    Screen pipe(false), terminal(true);
    for (auto* screen : {&pipe, &terminal}) screen->job.raw("x\xc2\x9by");
    CHECK(pipe.out.str() == "x\xc2\x9by");
    CHECK(terminal.out.str() == "x\xef\xbf\xbdy");
}

TEST_CASE("what cannot be seen is shown as something, and with --json as an escape", "[cli][hostile]") {
    CHECK(clean("教务\xe2\x80\x8b处") == "教务\xef\xbf\xbd处");
    CHECK(clean("\xef\xbb\xbfname") == "\xef\xbf\xbdname");
    CHECK(clean("\xe2\x80\x8d") == "\xe2\x80\x8d");  // the joiner of emoji and Persian stays
    CHECK(Json("\xc2\x9b \xe2\x80\xae \xe2\x80\xa8 \xef\xbb\xbf \xf3\xa0\x81\x81 教").text() ==
          "\"\\u009b \\u202e \\u2028 \\ufeff \\udb40\\udc41 教\"");
    CHECK(withMarksEscaped("{\"title\":\"a\x7f\xc2\x9b教\"}") == "{\"title\":\"a\\u007f\\u009b教\"}");
}

TEST_CASE("a value that is too long to be repeated is told in words, with the command that shows it", "[cli]") {
    std::string const revision(64, 'a'), hash(64, 'b');
    replica::DifferenceRow difference{"note", "",
                                      R"({"base_known":false,"sides":[{"value":{"sha256":")" + hash +
                                          R"("},"writers":[{"revision":")" + revision +
                                          R"("}]},{"value":"short","writers":[]}]})"};
    Screen screen(false);
    showDifference(screen.job, model::TypeCatalogue::builtIn().find("task"), difference, {});
    CHECK(screen.out.str().find(hash) == std::string::npos);
    CHECK(screen.out.str().find("too long or too deep") != std::string::npos);
    CHECK(screen.out.str().find("spiral record show aaaaaaaa --raw") != std::string::npos);
    CHECK(screen.out.str().find("short") != std::string::npos);
}
