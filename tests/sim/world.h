// One simulated college from one seed: machines that write, meet, fail and are restored, with the model and the
// product's cores asked after every step. Nothing here knows Catch, SQLite or a real clock.
#pragma once

#include "seat.h"

#include <functional>

namespace spiral::sim {

struct Options {
    std::uint64_t seed = 1;
    int steps = 60;
    /// What is played beside random writing, made for each history; nothing if it is empty.
    std::function<std::unique_ptr<Play>(Random&)> play;
    std::function<void(std::string const&)> trace;  ///< each line of the history, if somebody wants to read it
};

struct Outcome {
    std::string failure;  ///< empty: model and product agreed all the way
    std::uint64_t traceHash = 0;
    std::size_t rows = 0, checks = 0;
    std::map<std::string, std::size_t> met;  ///< verdicts, branches, differences seen: what a history exercised
};

/// Runs one history. The same options give the same trace hash.
[[nodiscard]] Outcome run(Options const& options);

}  // namespace spiral::sim
