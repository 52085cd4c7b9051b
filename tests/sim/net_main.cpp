// Runs histories on the simulated network and says the seed of each that fails: sim_network [--seed N] [--count N]
// [--trace]
#include "net_world.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>

int main(int argc, char** argv) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);  // a long run tells of a failure when it meets it
    spiral::netsim::Options options;
    std::uint64_t count = 1;
    bool trace = false;
    for (int index = 1; index < argc; ++index) {
        std::string_view const word = argv[index];
        auto const number = [&] { return index + 1 < argc ? std::strtoull(argv[++index], nullptr, 10) : 0; };
        if (word == "--seed") {
            options.seed = number();
        } else if (word == "--count") {
            count = number();
        } else if (word == "--trace") {
            trace = true;
        } else {
            std::fprintf(stderr, "usage: sim_network [--seed N] [--count N] [--trace]\n");
            return 3;
        }
    }
    if (trace) options.trace = [](std::string const& line) { std::printf("%s\n", line.c_str()); };

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
