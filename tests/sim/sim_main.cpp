// Runs simulated histories and says the seed of each that fails: sim_model [--seed N] [--count N] [--steps M] [--cycles 1] [--trace]
#include "arguments.h"
#include "cycle_check.h"
#include "world.h"

#include <chrono>
#include <cstdio>
#include <string_view>

int main(int argc, char** argv) {
    spiral::sim::Options options;
    spiral::sim::Arguments arguments{options.seed};
    auto const steps = [&](std::uint64_t number) { options.steps = static_cast<int>(number); };
    auto const cycles = [&](std::uint64_t wanted) {
        if (wanted != 0) options.play = spiral::sim::playCycles;
    };
    if (!spiral::sim::read(arguments, argc, argv, {{"--cycles", cycles}, {"--steps", steps}})) return 3;
    options.seed = arguments.seed;
    std::uint64_t const count = arguments.count;
    if (arguments.trace) options.trace = spiral::sim::print;

    auto const start = std::chrono::steady_clock::now();
    std::map<std::string, std::size_t> met;
    std::uint64_t failures = 0, rows = 0, checks = 0, hash = 0;
    for (std::uint64_t run = 0; run < count; ++run, ++options.seed) {
        auto const outcome = spiral::sim::run(options);
        rows += outcome.rows;
        checks += outcome.checks;
        hash = hash * 31 + outcome.traceHash;
        for (auto const& [what, times] : outcome.met) met[what] += times;
        if (outcome.failure.empty()) continue;
        ++failures;
        std::printf("seed %llu, %d steps: %s\n", static_cast<unsigned long long>(options.seed), options.steps,
                    outcome.failure.c_str());
        if (failures == 20) break;
    }
    std::chrono::duration<double> const seconds = std::chrono::steady_clock::now() - start;
    std::printf("%llu histories, %llu failed, %llu rows, %llu checks, trace %016llx, %.1f s\n",
                static_cast<unsigned long long>(count), static_cast<unsigned long long>(failures),
                static_cast<unsigned long long>(rows), static_cast<unsigned long long>(checks),
                static_cast<unsigned long long>(hash), seconds.count());
    if (count > 1) {
        for (auto const& [what, times] : met) std::printf("%10zu %s\n", times, what.c_str());
    }
    return failures == 0 ? 0 : 1;
}
