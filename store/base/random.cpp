#include "base/random.h"

#include "base/result.h"

#include <algorithm>
#include <array>
#include <bit>

#include <sodium.h>

namespace spiral {
namespace {

// Little-endian on every machine, so that a seed gives the same run everywhere.
constexpr std::array<std::uint8_t, 8> littleEndian(std::uint64_t word) noexcept {
    std::array<std::uint8_t, 8> bytes{};
    for (std::uint8_t& byte : bytes) {
        byte = static_cast<std::uint8_t>(word);
        word >>= 8U;
    }
    return bytes;
}

class SystemRandom final : public Random {
public:
    SystemRandom() { ensure(sodium_init() >= 0, "libsodium cannot start"); }
    void fill(std::span<std::uint8_t> out) override {
        // Nothing may have a null pointer, which libsodium must not be given.
        if (!out.empty()) randombytes_buf(out.data(), out.size());
    }
};

}  // namespace

std::uint64_t Random::below(std::uint64_t bound) {
    ensure(bound > 0, "Random::below: the bound is 0");
    // 2^64 mod bound: words below it are drawn again, so that each remainder has equally many words.
    std::uint64_t const surplus = (0 - bound) % bound;
    for (;;) {
        std::array<std::uint8_t, 8> bytes{};
        fill(bytes);
        std::uint64_t word = 0;
        for (std::size_t i = 0; i < bytes.size(); ++i) word |= std::uint64_t{bytes[i]} << (8 * i);
        if (word >= surplus) return word % bound;
    }
}

Random& systemRandom() {
    static SystemRandom random;
    return random;
}

SeededRandom::SeededRandom(std::uint64_t seed) {
    // splitmix64, as the authors of xoshiro advise: it never gives the all-zero state.
    for (std::uint64_t& word : m_state) {
        seed += 0x9E3779B97F4A7C15U;
        std::uint64_t mixed = seed;
        mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9U;
        mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
        word = mixed ^ (mixed >> 31U);
    }
}

std::uint64_t SeededRandom::next() {
    std::uint64_t const result = std::rotl(m_state[1] * 5, 7) * 9;
    std::uint64_t const shifted = m_state[1] << 17U;
    m_state[2] ^= m_state[0];
    m_state[3] ^= m_state[1];
    m_state[1] ^= m_state[2];
    m_state[0] ^= m_state[3];
    m_state[2] ^= shifted;
    m_state[3] = std::rotl(m_state[3], 45);
    return result;
}

void SeededRandom::fill(std::span<std::uint8_t> out) {
    while (!out.empty()) {
        std::array<std::uint8_t, 8> const bytes = littleEndian(next());
        std::size_t const count = std::min(out.size(), bytes.size());
        std::copy_n(bytes.begin(), count, out.begin());
        out = out.subspan(count);
    }
}

}  // namespace spiral
