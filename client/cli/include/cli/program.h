// The command line program without its main: words in, exit status out. It reads the outside world only through what it
// is given, so tests drive it inside one process.
#pragma once

#include "cli/command.h"
#include "cli/secret.h"
#include "replica/replica.h"

#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace spiral::cli {

/// Where the program runs, as main found it.
struct Surroundings {
    std::function<std::optional<std::string>(char const* name)> variable;  ///< of the environment
    Path workingFolder;
    bool inputIsTerminal = false, outputIsTerminal = false, errorIsTerminal = false;
    std::size_t columns = 0;  ///< of the terminal; 0 unknown
    std::ostream& out;
    std::ostream& err;
    /// Asks on the terminal, the first without echo. Nothing when there is no terminal or it was closed.
    std::function<std::optional<Secret>(std::string const& prompt)> askSecret;
    std::function<std::optional<std::string>(std::string const& prompt)> askLine;
};

class Program {
public:
    Program(std::vector<std::string> words, replica::World world, Surroundings surroundings);
    /// Runs the command. Throws what a failing disk or memory throws: main catches that and calls fail().
    [[nodiscard]] int run();
    /// Says what went wrong, in the user's language or as JSON, and gives the exit status.
    [[nodiscard]] int fail(Error const& error);
    /// The same for an exception that main caught.
    [[nodiscard]] int fail(std::exception const& exception);

private:
    std::vector<std::string> m_words;
    replica::World m_world;
    Surroundings m_surroundings;
    Language m_language = Language::Chinese;
    bool m_json = false;
    std::string m_where;  // the replica as it was named, or the working folder
};

}  // namespace spiral::cli
