// Stands in for Catch2, so that plain programs can use the fixtures of the tests: what must hold stops the program.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

namespace Catch {
template <class T>
struct StringMaker;
}  // namespace Catch

#define REQUIRE(...)                                                                       \
    do {                                                                                   \
        if (!(__VA_ARGS__)) {                                                              \
            std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #__VA_ARGS__); \
            std::abort();                                                                  \
        }                                                                                  \
    } while (false)
#define CHECK(...) REQUIRE(__VA_ARGS__)
#define REQUIRE_FALSE(...) REQUIRE(!(__VA_ARGS__))
#define INFO(...) static_cast<void>(0)
