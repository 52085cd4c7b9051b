// Colleges that keep cycles of diagnosis, each from a seed: what the product shows of documents that ask for others is
// compared with the model after every step. `build/dev/bin/sim_model --cycles 1 --seed N --trace` tells a story.
#include "cycle_check.h"
#include "world.h"

#include <catch2/catch.hpp>

namespace {

using spiral::sim::Options;

Options cyclesOf(std::uint64_t seed) {
    Options options;
    options.seed = seed;
    options.steps = 110;
    options.play = spiral::sim::playCycles;
    return options;
}

std::map<std::string, std::size_t> runSeeds(std::uint64_t first, std::uint64_t count) {
    std::map<std::string, std::size_t> met;
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        auto const outcome = spiral::sim::run(cyclesOf(seed));
        INFO("sim_model --cycles 1 --steps 110 --seed " << seed << " --trace");
        REQUIRE(outcome.failure == "");
        for (auto const& [what, times] : outcome.met) met[what] += times;
    }
    return met;
}

}  // namespace

TEST_CASE("cycles are shown as the model says: 60 histories", "[sim][cycle]") {
    auto met = runSeeds(1, 60);
    // A generator that no longer reaches a rule would pass for ever.
    for (char const* what : {"asked for as element, begun",
                             "asked for as element, not begun",
                             "asked for as point, begun",
                             "asked for as point, not begun",
                             "asked for as left-over, not begun",
                             "asked for as rectification, begun",
                             "asked for as rectification, not begun",
                             "a day of its own",
                             "cycle cancelled",
                             "cycle closed",
                             "cycle draft",
                             "cycle running",
                             "cycle with a day that no act set",
                             "element asked for no more",
                             "left over, begun",
                             "left over, not begun",
                             "point asked for no more",
                             "point disputed",
                             "point failed",
                             "point given to somebody",
                             "point in several versions",
                             "point with a day that no act set",
                             "taken back, begun",
                             "taken back, not begun",
                             "task failed"}) {
        INFO(what);
        CHECK(met[what] > 0);
    }
}

TEST_CASE("cycles are shown as the model says: 20000 histories", "[sim][cycle][long]") { runSeeds(1'000'000, 20'000); }

TEST_CASE("a history of cycles is the same each time it is run", "[sim][cycle]") {
    auto const options = cyclesOf(7);
    CHECK(spiral::sim::run(options).traceHash == spiral::sim::run(options).traceHash);
}
