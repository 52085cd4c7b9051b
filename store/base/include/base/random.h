// Randomness comes in from main: the system's for people, a seeded one for tests and simulation.
#pragma once

#include "base/ids.h"

#include <cstdint>
#include <span>

namespace spiral {

class Random {
public:
    virtual ~Random() = default;
    virtual void fill(std::span<std::uint8_t> out) = 0;

    template <class Id>
    [[nodiscard]] Id token() {
        Id id;
        fill(id.raw);
        return id;
    }
    /// Uniform in [0, bound). REQUIRES: bound > 0.
    [[nodiscard]] std::uint64_t below(std::uint64_t bound);
};

/// The operating system's generator (libsodium). For a program's main only. Safe to call from any thread.
[[nodiscard]] Random& systemRandom();

/// xoshiro256** from a seed: the same seed gives the same bytes on every machine. Never for keys of people.
class SeededRandom final : public Random {
public:
    explicit SeededRandom(std::uint64_t seed);
    void fill(std::span<std::uint8_t> out) override;
    [[nodiscard]] std::uint64_t next();

private:
    std::uint64_t m_state[4];
};

}  // namespace spiral
