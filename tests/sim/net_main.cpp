// Runs histories on the simulated network and says the seed of each that fails: sim_network [--seed N] [--count N]
// [--trace]
#include "arguments.h"
#include "net_world.h"

#include <chrono>
#include <cstdio>
#include <string_view>

int main(int argc, char** argv) {
    spiral::netsim::Options options;
    spiral::sim::Arguments arguments{options.seed};
    if (!spiral::sim::read(arguments, argc, argv)) return 3;
    options.seed = arguments.seed;
    std::uint64_t const count = arguments.count;
    if (arguments.trace) options.trace = spiral::sim::print;

    auto const start = std::chrono::steady_clock::now();
    std::map<std::string_view, std::uint64_t> met;
    std::uint64_t failures = 0, events = 0, hash = 0, done = 0;
    for (; done < count && failures < 20; ++done, ++options.seed) {
        auto const outcome = spiral::netsim::run(options);
        events += outcome.events;
        hash = hash * 31 + outcome.traceHash;
        for (auto const& [what, times] : outcome.met) met[what] += times;
        if (outcome.failure.empty()) continue;
        ++failures;
        std::printf("seed %llu: %s\n", static_cast<unsigned long long>(options.seed), outcome.failure.c_str());
    }
    std::chrono::duration<double> const seconds = std::chrono::steady_clock::now() - start;
    std::printf("%llu histories, %llu failed, %llu events, trace %016llx, %.1f s\n",
                static_cast<unsigned long long>(done), static_cast<unsigned long long>(failures),
                static_cast<unsigned long long>(events), static_cast<unsigned long long>(hash), seconds.count());
    if (count > 1) {
        for (auto const& [what, times] : met) {
            std::printf("%10llu %.*s\n", static_cast<unsigned long long>(times), static_cast<int>(what.size()),
                        what.data());
        }
    }
    return failures == 0 ? 0 : 1;
}
