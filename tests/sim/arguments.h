// The words of the two programs that run histories: --seed N, --count N, --trace, and whatever else takes a number.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace spiral::sim {

struct Arguments {
    std::uint64_t seed, count = 1;
    bool trace = false;
};

/// False, after a line of usage, if a word is none of these. `more`: further words and what is done with their number.
inline bool read(Arguments& into, int argc, char** argv,
                 std::map<std::string_view, std::function<void(std::uint64_t)>> const& more = {}) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);  // a long run tells of a failure when it meets it
    for (int index = 1; index < argc; ++index) {
        std::string_view const word = argv[index];
        auto const number = [&]() -> std::uint64_t {
            return index + 1 < argc ? std::strtoull(argv[++index], nullptr, 10) : 0;
        };
        if (word == "--seed") {
            into.seed = number();
        } else if (word == "--count") {
            into.count = number();
        } else if (word == "--trace") {
            into.trace = true;
        } else if (auto const found = more.find(word); found != more.end()) {
            found->second(number());
        } else {
            std::string usage = "usage: " + std::string(argv[0]) + " [--seed N] [--count N] [--trace]";
            for (auto const& [name, act] : more) usage += " [" + std::string(name) + " N]";
            std::fprintf(stderr, "%s\n", usage.c_str());
            return false;
        }
    }
    return true;
}

inline void print(std::string const& line) { std::printf("%s\n", line.c_str()); }

}  // namespace spiral::sim
