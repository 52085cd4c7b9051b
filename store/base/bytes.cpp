#include "base/bytes.h"

#include "utf8.h"

#include <array>

namespace spiral {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNoDigit = 0xFF;

/// The value of each character as a digit of the alphabet, kNoDigit for all others.
constexpr std::array<std::uint8_t, 256> digitValues(std::string_view alphabet) {
    std::array<std::uint8_t, 256> values{};
    values.fill(kNoDigit);
    for (std::size_t i = 0; i < alphabet.size(); ++i)
        values[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::uint8_t>(i);
    return values;
}
constexpr auto kHexValues = digitValues(kHexDigits);
constexpr auto kBase64Values = digitValues(kBase64Digits);

}  // namespace

std::string toHex(ByteView bytes) {
    std::string hex(2 * bytes.size(), '\0');
    char* out = hex.data();
    for (std::uint8_t const byte : bytes) {
        *out++ = kHexDigits[byte >> 4U];
        *out++ = kHexDigits[byte & 0x0FU];
    }
    return hex;
}

std::optional<Bytes> fromHex(std::string_view hex) {
    if (hex.size() % 2 != 0) return std::nullopt;
    Bytes bytes(hex.size() / 2);
    if (!hexInto(hex, bytes)) return std::nullopt;
    return bytes;
}

bool hexInto(std::string_view hex, std::span<std::uint8_t> out) noexcept {
    if (hex.size() % 2 != 0 || hex.size() / 2 != out.size()) return false;
    // The high bits of wrong digits are collected and looked at once, which keeps the loop free of branches.
    unsigned seen = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
        unsigned const high = kHexValues[static_cast<std::uint8_t>(hex[2 * i])];
        unsigned const low = kHexValues[static_cast<std::uint8_t>(hex[2 * i + 1])];
        seen |= high | low;
        out[i] = static_cast<std::uint8_t>((high << 4U) | (low & 0x0FU));
    }
    return (seen & 0xF0U) == 0;
}

std::string toBase64(ByteView bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    std::size_t at = 0;
    for (; bytes.size() - at >= 3; at += 3) {
        std::uint32_t const group = std::uint32_t{bytes[at]} << 16U | std::uint32_t{bytes[at + 1]} << 8U | bytes[at + 2];
        text += kBase64Digits[group >> 18U];
        text += kBase64Digits[group >> 12U & 63U];
        text += kBase64Digits[group >> 6U & 63U];
        text += kBase64Digits[group & 63U];
    }
    if (bytes.size() - at == 2) {
        std::uint32_t const group = std::uint32_t{bytes[at]} << 16U | std::uint32_t{bytes[at + 1]} << 8U;
        text += kBase64Digits[group >> 18U];
        text += kBase64Digits[group >> 12U & 63U];
        text += kBase64Digits[group >> 6U & 63U];
        text += '=';
    } else if (bytes.size() - at == 1) {
        std::uint32_t const group = std::uint32_t{bytes[at]} << 16U;
        text += kBase64Digits[group >> 18U];
        text += kBase64Digits[group >> 12U & 63U];
        text += "==";
    }
    return text;
}

std::optional<Bytes> fromBase64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    if (text.empty()) return Bytes{};
    std::size_t const padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    text.remove_suffix(padding);
    Bytes bytes;
    bytes.reserve((text.size() * 3) / 4);
    std::uint32_t group = 0;
    unsigned bits = 0;
    for (char const character : text) {
        std::uint8_t const value = kBase64Values[static_cast<std::uint8_t>(character)];
        if (value == kNoDigit) return std::nullopt;
        group = (group << 6U) | value;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes.push_back(static_cast<std::uint8_t>(group >> bits));
            group &= (1U << bits) - 1;
        }
    }
    // Bits of the last character that belong to no byte: were they free, one value would have several texts.
    if (group != 0) return std::nullopt;
    return bytes;
}

bool isUtf8(ByteView bytes) noexcept {
    std::size_t at = 0;
    while (at < bytes.size()) {
        std::size_t const length = detail::utf8Length(bytes.data() + at, bytes.size() - at);
        if (length == 0) return false;
        at += length;
    }
    return true;
}

}  // namespace spiral
