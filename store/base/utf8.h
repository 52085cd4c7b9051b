// Private to base: one well-formed UTF-8 sequence at a time, shared by bytes.cpp and json.cpp.
#pragma once

#include <cstddef>
#include <cstdint>

namespace spiral::detail {

/// The length (1…4) of the well-formed sequence at `at`, or 0 if there is none. REQUIRES: left > 0.
/// The ranges of the second byte are those of table 3-7 of the Unicode standard: they alone exclude overlong forms,
/// surrogates and code points above U+10FFFF.
[[nodiscard]] inline std::size_t utf8Length(std::uint8_t const* at, std::size_t left) noexcept {
    auto const continues = [at](std::size_t index) { return (at[index] & 0xC0U) == 0x80U; };
    std::uint8_t const lead = at[0];
    if (lead < 0x80) return 1;
    if (lead >= 0xE0 && lead <= 0xEF) {  // first, because Chinese text is nearly all of this length
        if (left < 3 || !continues(1) || !continues(2)) return 0;
        if (lead == 0xE0 && at[1] < 0xA0) return 0;
        if (lead == 0xED && at[1] > 0x9F) return 0;
        return 3;
    }
    if (lead >= 0xC2 && lead <= 0xDF) return left >= 2 && continues(1) ? 2 : 0;
    if (lead >= 0xF0 && lead <= 0xF4) {
        if (left < 4 || !continues(1) || !continues(2) || !continues(3)) return 0;
        if (lead == 0xF0 && at[1] < 0x90) return 0;
        if (lead == 0xF4 && at[1] > 0x8F) return 0;
        return 4;
    }
    return 0;
}

}  // namespace spiral::detail
