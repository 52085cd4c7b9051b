// Small words that the tests of this folder share.
#pragma once

#include "base/result.h"

#include <catch2/catch.hpp>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

namespace spiral {

/// The reason of a refusal, or "" for a success.
template <class T>
std::string reasonOf(Result<T> const& result) {
    return result ? std::string() : result.error().reason;
}

template <class T>
ErrorCode codeOf(Result<T> const& result) {
    REQUIRE_FALSE(result.has_value());
    return result.error().code;
}

/// True iff `work` stops the program by abort(), tried in a child process.
template <class Work>
bool stops(Work work) {
    std::fflush(nullptr);
    pid_t const child = ::fork();
    if (child == 0) {
        // Catch2's own handler would report the stop as a failed test.
        std::signal(SIGABRT, SIG_DFL);
        ::close(STDERR_FILENO);
        work();
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

/// How long `work` takes.
template <class Work>
std::chrono::milliseconds timeOf(Work work) {
    auto const start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
}

}  // namespace spiral
