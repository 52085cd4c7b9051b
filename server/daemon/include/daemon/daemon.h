// spirald without its main: words in, exit status out. It reads the outside world only through what it is given.
#pragma once

#include "cli/language.h"
#include "replica/replica.h"

#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace spiral::server {

enum class Signal { Stop, Reload };

struct Surroundings {
    std::function<std::optional<std::string>(char const* name)> variable;  ///< of the environment
    Path workingFolder;
    std::ostream& out;
    std::ostream& err;
    std::function<void()> holdSignals;   ///< from now on they are waited for; called once, before any thread is made
    std::function<Signal()> nextSignal;  ///< waits for one
};

/// Runs one command, or serves until told to stop. The exit status is that of `spiral`: 0 done, 1 refused, 2 something
/// named is missing, 3 wrong usage, 4 the environment failed.
[[nodiscard]] int run(std::vector<std::string> const& words, replica::World world, Surroundings const& surroundings);

}  // namespace spiral::server
