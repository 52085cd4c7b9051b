// Bytes, hexadecimal and base64. Nothing here knows what the bytes mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace spiral {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<std::uint8_t const>;

/// The bytes of a text, not copied. The text must outlive the view.
[[nodiscard]] inline ByteView asBytes(std::string_view text) noexcept {
    return {reinterpret_cast<std::uint8_t const*>(text.data()), text.size()};
}
/// The bytes read as characters, not copied and not checked to be UTF-8.
[[nodiscard]] inline std::string_view asText(ByteView bytes) noexcept {
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}
[[nodiscard]] inline Bytes toBytes(std::string_view text) { return {text.begin(), text.end()}; }
[[nodiscard]] inline Bytes toBytes(ByteView bytes) { return {bytes.begin(), bytes.end()}; }
[[nodiscard]] inline std::string toText(ByteView bytes) { return std::string(asText(bytes)); }

/// Lower-case hexadecimal, two digits a byte.
[[nodiscard]] std::string toHex(ByteView bytes);
/// The bytes of lower-case hexadecimal; nothing if a character is not [0-9a-f] or their number is odd.
[[nodiscard]] std::optional<Bytes> fromHex(std::string_view hex);
/// Fills `out` from exactly 2·out.size() lower-case digits; false, with `out` unspecified, otherwise.
[[nodiscard]] bool hexInto(std::string_view hex, std::span<std::uint8_t> out) noexcept;

/// Base64 with padding and without line ends (RFC 4648 section 4).
[[nodiscard]] std::string toBase64(ByteView bytes);
/// Strict: no white space, right padding, no stray bits in the last character.
[[nodiscard]] std::optional<Bytes> fromBase64(std::string_view text);

/// True iff the bytes are well-formed UTF-8 (no overlong form, no surrogate, at most U+10FFFF).
[[nodiscard]] bool isUtf8(ByteView bytes) noexcept;

}  // namespace spiral
