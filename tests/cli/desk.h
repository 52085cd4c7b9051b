// The program in this process, as a person uses it.
#pragma once

#include "cli/program.h"

#include "base/files.h"

#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace spiral::cli {

struct Ran {
    int status = 0;
    std::string out, err;
};

/// A person at a keyboard, with a folder and an environment of her own.
class Desk {
public:
    std::map<std::string, std::string> environment{{"SPIRAL_NO_AGENT", "1"}};
    std::vector<std::string> typed;  // what she types at prompts, in order

    Ran run(std::vector<std::string> words) {
        std::ostringstream out, err;
        std::size_t next = 0;
        auto const answer = [&](std::string const&) -> std::optional<std::string> {
            return next < typed.size() ? std::optional(typed[next++]) : std::nullopt;
        };
        Surroundings surroundings{
            .variable = [this](char const* name) -> std::optional<std::string> {
                auto const found = environment.find(name);
                return found == environment.end() ? std::nullopt : std::optional(found->second);
            },
            .workingFolder = m_folder.path(),
            .inputIsTerminal = !typed.empty(),
            .out = out,
            .err = err,
            .askSecret =
                [&](std::string const& prompt) {
                    auto line = answer(prompt);
                    return line ? std::optional<Secret>(Secret(std::move(*line))) : std::nullopt;
                },
            .askLine = answer,
        };
        replica::World world{systemWallClock(), systemMonotonicClock(), systemRandom(), systemFiles()};
        Program program(std::move(words), world, std::move(surroundings));
        Ran ran;
        ran.status = program.run();
        ran.out = out.str();
        ran.err = err.str();
        return ran;
    }
    Path path(std::string const& name) const { return m_folder.path() / name; }

private:
    TemporaryFolder m_folder{"desk"};
};

}  // namespace spiral::cli
