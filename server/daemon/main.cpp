#include "daemon/daemon.h"

#include <pthread.h>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>

namespace {

using namespace spiral;

/// The signals that a server is spoken to with. Blocked in every thread, they are only ever waited for.
sigset_t spokenSignals() {
    sigset_t set;
    ::sigemptyset(&set);
    for (int const signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&set, signal);
    return set;
}

void holdSignals() {
    sigset_t const set = spokenSignals();
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    // A peer that is gone shows as an error of the write, not as the end of the program.
    std::signal(SIGPIPE, SIG_IGN);
}

server::Signal nextSignal() {
    sigset_t const set = spokenSignals();
    int signal = 0;
    while (::sigwait(&set, &signal) != 0) {
    }
    return signal == SIGHUP ? server::Signal::Reload : server::Signal::Stop;
}

std::optional<std::string> variable(char const* name) {
    char const* value = std::getenv(name);
    return value ? std::optional<std::string>(value) : std::nullopt;
}

}  // namespace

int main(int count, char** words) {
    std::error_code ignored;
    server::Surroundings const surroundings{
        .variable = variable,
        .workingFolder = std::filesystem::current_path(ignored),
        .out = std::cout,
        .err = std::cerr,
        .holdSignals = holdSignals,
        .nextSignal = nextSignal,
    };
    replica::World const world{systemWallClock(), systemMonotonicClock(), systemRandom(), systemFiles()};
    return server::run({words + 1, words + count}, world, surroundings);
}
