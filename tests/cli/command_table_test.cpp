// The table is data: what must hold of every row is checked here once.
#include "cli/command.h"
#include "cli/table.h"

#include <catch2/catch.hpp>

#include <set>

using namespace spiral::cli;

namespace {

std::vector<Command const*> all() {
    std::vector<Command const*> commands;
    for (auto const& group : commandGroups()) {
        for (auto const& command : group.commands) commands.push_back(&command);
    }
    return commands;
}

bool both(Text text) { return !text.zh.empty() && !text.en.empty(); }

/// Splits a line as a shell would, as far as the examples need it; ends at a pipe, redirection or second command.
std::vector<std::string> words(std::string_view line) {
    std::vector<std::string> result;
    std::string word;
    bool quoted = false, begun = false;
    for (char const c : line) {
        if (c == '"') {
            quoted = !quoted;
            begun = true;
        } else if (!quoted && c == ' ') {
            if (begun) result.push_back(std::move(word));
            word.clear();
            begun = false;
        } else if (!quoted && (c == '|' || c == '>' || c == ';' || c == '&')) {
            break;
        } else {
            word.push_back(c);
            begun = true;
        }
    }
    if (begun && !word.empty()) result.push_back(std::move(word));
    return result;
}

}  // namespace

TEST_CASE("every command is described in both languages, with two to four examples", "[cli]") {
    std::set<std::string_view> names;
    for (auto const* command : all()) {
        INFO(command->name);
        CHECK(names.insert(command->name).second);
        CHECK(both(command->summary));
        CHECK(command->more.zh.empty() == command->more.en.empty());
        CHECK(command->run != nullptr);
        CHECK(command->examples.size() >= 2);
        CHECK(command->examples.size() <= 4);
        for (auto const& example : command->examples) CHECK(both(example.what));
        for (auto const& positional : command->positionals) CHECK(both(positional.what));
        for (auto const& option : command->options) CHECK(both(option.what));
    }
}

TEST_CASE("no command is also the first word of others", "[cli]") {
    for (auto const* command : all()) {
        for (auto const* other : all()) {
            INFO(command->name << " / " << other->name);
            CHECK_FALSE(other->name.starts_with(std::string(command->name) + " "));
        }
    }
}

TEST_CASE("options of a command do not clash with each other or the global ones", "[cli]") {
    for (auto const* command : all()) {
        std::set<std::string_view> seen;
        auto const take = [&](Option const& option) {
            INFO(command->name << " " << option.name);
            CHECK(option.name.starts_with("--"));
            CHECK(seen.insert(option.name).second);
            if (!option.letter.empty()) CHECK(seen.insert(option.letter).second);
        };
        for (auto const& option : globalOptions()) take(option);
        for (auto const& option : command->options) take(option);
    }
}

TEST_CASE("the examples of the help are commands that the program takes", "[cli]") {
    for (auto const* command : all()) {
        for (auto const& example : command->examples) {
            INFO(example.line);
            auto line = words(example.line);
            // `source <(spiral …)` and `NAME=value spiral …` are for the shell.
            while (!line.empty() && line.front() != "spiral" && line.front() != "<(spiral") line.erase(line.begin());
            REQUIRE(!line.empty());
            line.erase(line.begin());
            if (!line.empty() && line.back().ends_with(")")) line.back().pop_back();
            if (line == std::vector<std::string>{"--version"}) continue;
            auto const parsed = parse(line);
            if (!parsed) FAIL_CHECK(parsed.error().reason << " " << parsed.error().detail);
        }
    }
}

TEST_CASE("help shows usage, each option and each example, in both languages and within the width", "[cli]") {
    for (auto const* command : all()) {
        for (auto const language : {Language::Chinese, Language::English}) {
            std::string const text = helpFor(*command, language, 80);
            INFO(text);
            CHECK(text.find(usageLine(*command)) == 0);
            for (auto const& option : command->options) CHECK(text.find(std::string(option.name)) != std::string::npos);
            for (auto const& example : command->examples)
                CHECK(text.find(std::string(example.line)) != std::string::npos);
        }
    }
    CHECK(overview(Language::English, 80).find("doc new") != std::string::npos);
    CHECK(helpForGroup("doc", Language::Chinese, 80).find("doc resolve") != std::string::npos);
    CHECK(helpForGroup("nothing", Language::Chinese, 80).empty());
}
