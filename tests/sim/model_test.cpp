// Thousands of small colleges, each from a seed: what the product's pure cores say is compared with the model after
// every step. A failure prints its seed; `build/dev/bin/sim_model --seed N --trace` tells its story.
#include "world.h"

#include <catch2/catch.hpp>

namespace {

using spiral::sim::Options;
using spiral::sim::Outcome;

void runSeeds(std::uint64_t first, std::uint64_t count) {
    std::map<std::string, std::size_t> met;
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        Options options;
        options.seed = seed;
        Outcome const outcome = spiral::sim::run(options);
        INFO("sim_model --seed " << seed << " --trace");
        REQUIRE(outcome.failure == "");
        for (auto const& [what, times] : outcome.met) met[what] += times;
    }
    // A generator that no longer reaches a rule would pass for ever.
    for (char const* what :
         {"branch standing", "branch confirmed", "branch forked", "branch of a revoked device standing",
          "branch of a revoked device forked", "rescued", "acting for another", "registry forked",
          "several heads", "open differences", "missing parents", "verdict invalid binding-device",
          "verdict invalid device-not-of-person", "verdict quarantined above-cut", "verdict quarantined forked",
          "verdict quarantined self-approval", "verdict quarantined outside-interval", "verdict waiting wait-cut",
          "verdict waiting wait-target", "verdict waiting wait-ancestor", "verdict waiting newer-kind"}) {
        INFO(what);
        CHECK(met[what] > 0);
    }
}

}  // namespace

TEST_CASE("the pure cores agree with the model: 1500 histories", "[sim]") { runSeeds(1, 1500); }

TEST_CASE("histories that once found something agree", "[sim]") {
    for (std::uint64_t const seed : {1002863, 1007010, 1068759}) {
        Options options;
        options.seed = seed;
        INFO("sim_model --seed " << seed << " --trace");
        CHECK(spiral::sim::run(options).failure == "");
    }
}

TEST_CASE("the pure cores agree with the model: 100000 histories", "[sim][long]") { runSeeds(1'000'000, 100'000); }

TEST_CASE("a history is the same each time it is run", "[sim]") {
    for (std::uint64_t seed = 500; seed < 520; ++seed) {
        Options options;
        options.seed = seed;
        std::string first, second;
        options.trace = [&](std::string const& line) { first += line + "\n"; };
        auto const hash = spiral::sim::run(options).traceHash;
        options.trace = [&](std::string const& line) { second += line + "\n"; };
        CHECK(spiral::sim::run(options).traceHash == hash);
        CHECK(first == second);
        options.seed = seed + 1000;
        CHECK(spiral::sim::run(options).traceHash != hash);
    }
}
