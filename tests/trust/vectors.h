// Files of tests/vectors, and the damaged copies that every parser must survive.
#pragma once

#include "base/bytes.h"
#include "base/files.h"

#include <catch2/catch.hpp>

#include <string>
#include <string_view>

namespace spiral::trust {

/// A file of tests/vectors; fails the test if it is not there.
inline Bytes vectorBytes(std::string_view name) {
    INFO("tests/vectors/" << name);
    auto bytes = systemFiles().read(Path("tests/vectors") / name, 16 * 1024 * 1024);
    REQUIRE(bytes);
    return *std::move(bytes);
}
inline std::string vectorText(std::string_view name) { return toText(vectorBytes(name)); }

/// Calls `check` with each proper prefix of `whole`, the empty one first.
template <class Check>
void forEachPrefix(std::string const& whole, Check check) {
    for (std::size_t length = 0; length < whole.size(); ++length) check(whole.substr(0, length));
}

/// Calls `check` with each copy of `whole` in which one bit is another.
template <class Check>
void forEachBitFlip(std::string const& whole, Check check) {
    for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
        std::string flipped = whole;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
        check(flipped);
    }
}

}  // namespace spiral::trust
