#include "cli/command.h"

#include <catch2/catch.hpp>

using namespace spiral;
using namespace spiral::cli;

namespace {

Parsed good(std::vector<std::string> const& words) {
    auto parsed = parse(words);
    if (!parsed) FAIL(parsed.error().reason << " " << parsed.error().detail);
    return *parsed;
}

Error bad(std::vector<std::string> const& words) {
    auto parsed = parse(words);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == ErrorCode::Usage);
    return parsed.error();
}

}  // namespace

TEST_CASE("global options stand before or after the command", "[cli]") {
    for (auto const& words : {std::vector<std::string>{"--json", "--replica", "r", "doc", "list", "--type", "task"},
                              {"doc", "list", "--type", "task", "--replica", "r", "--json"},
                              {"--replica=r", "doc", "list", "--json", "--type=task"}}) {
        auto const parsed = good(words);
        CHECK(parsed.command->name == "doc list");
        CHECK(parsed.arguments.value("--replica") == "r");
        CHECK(parsed.arguments.value("--type") == "task");
        CHECK(parsed.arguments.has("--json"));
        CHECK(parsed.arguments.count() == 0);
    }
}

TEST_CASE("a repeated option keeps each value, and takes only one each time", "[cli]") {
    auto const parsed = good({"doc", "edit", "--set", "a=1", "3f2a", "--set", "b=--x", "--draft"});
    CHECK(parsed.arguments.values("--set") == std::vector<std::string>{"a=1", "b=--x"});
    CHECK(parsed.arguments.positionals() == std::vector<std::string>{"3f2a"});
    CHECK(parsed.arguments.has("--draft"));
    CHECK(good({"invite", "--person", "a", "--role", "x", "--role", "y", "-o", "f"}).arguments.value("--output") ==
          "f");
    CHECK(good({"invite", "--person", "a", "-of"}).arguments.value("--output") == "f");
    CHECK(bad({"task", "list", "--unit", "a", "--unit", "b"}).reason == "usage.repeated");
}

TEST_CASE("words of commands are plain words behind the command", "[cli]") {
    auto const parsed = good({"search", "status", "doc", "new"});
    CHECK(parsed.command->name == "search");
    CHECK(parsed.arguments.positionals() == std::vector<std::string>{"status", "doc", "new"});
    CHECK(good({"step", "3f2a", "help"}).arguments[1] == "help");
    CHECK(good({"search", "--", "--json"}).arguments.positionals() == std::vector<std::string>{"--json"});
    CHECK(good({"doc", "edit", "3f2a", "--set", "title="}).arguments.value("--set") == "title=");
    CHECK(good({"doc", "resolve", "3f2a", "content", "--value", ""}).arguments.value("--value") == "");
}

TEST_CASE("wrong words are refused with what is near", "[cli]") {
    CHECK(bad({"doc", "lst"}).detail == "doc lst\ndoc list");
    CHECK(bad({"stauts"}).detail == "stauts\nstatus");
    CHECK(bad({"frobnicate"}).detail == "frobnicate");
    CHECK(bad({"review"}).reason == "usage.later-command");
    CHECK(bad({"doc", "list", "--typ", "task"}).detail == "--typ\n--type");
    CHECK(bad({"doc"}).reason == "usage.group");
    CHECK(bad({"doc", "new"}).reason == "usage.missing");
    CHECK(bad({"invite", "--person", "a"}).detail.starts_with("--output\n"));
    CHECK(bad({"status", "now"}).reason == "usage.extra");
    CHECK(bad({"doc", "list", "--type"}).reason == "usage.value");
}

TEST_CASE("help is asked for in any of the usual ways", "[cli]") {
    CHECK(good({"doc", "new", "--help"}).help);
    CHECK(good({"doc", "new", "-h"}).command->name == "doc new");
    CHECK(good({"--help"}).command == nullptr);
    auto const group = good({"doc", "--help"});
    CHECK(group.help);
    CHECK(group.arguments[0] == "doc");
    CHECK(good({}).command == nullptr);
}

TEST_CASE("what is near is near", "[cli]") {
    std::vector<std::string> const names = {"status", "search", "step", "sync"};
    CHECK(nearest("serach", names) == "search");
    CHECK(nearest("stat", names) == "status");
    CHECK(nearest("xyzzy", names).empty());
}
