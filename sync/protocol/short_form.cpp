#include "short_form.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace spiral::protocol {
namespace {

// Text never holds this byte; where a signature or hash does, a zero follows it.
constexpr std::uint8_t kMark = 0xFF;
constexpr std::size_t kDigitsMin = 32;   // of the shortest id
constexpr std::size_t kBytesMax = 64;    // after one mark

constexpr std::array<std::int8_t, 256> kValues = [] {
    std::array<std::int8_t, 256> values{};
    values.fill(-1);
    for (int i = 0; i < 10; ++i) values[static_cast<std::size_t>('0' + i)] = static_cast<std::int8_t>(i);
    for (int i = 0; i < 6; ++i) values[static_cast<std::size_t>('a' + i)] = static_cast<std::int8_t>(10 + i);
    return values;
}();
constexpr std::array<char, 16> kDigits{'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'};

bool isDigit(std::uint8_t byte) noexcept { return kValues[byte] >= 0; }

/// The first mark, or null.
std::uint8_t const* markIn(ByteView bytes) noexcept {
    if (bytes.empty()) return nullptr;
    return static_cast<std::uint8_t const*>(std::memchr(bytes.data(), kMark, bytes.size()));
}

void appendPlain(Bytes& out, ByteView bytes) {
    while (auto const* const mark = markIn(bytes)) {
        auto const plain = bytes.first(static_cast<std::size_t>(mark - bytes.data()) + 1);
        out.insert(out.end(), plain.data(), plain.data() + plain.size());
        out.push_back(0);
        bytes = bytes.subspan(plain.size());
    }
    out.insert(out.end(), bytes.data(), bytes.data() + bytes.size());
}

void appendDigits(Bytes& out, ByteView digits) {
    while (!digits.empty()) {
        std::size_t const count = std::min(digits.size() / 2, kBytesMax);
        std::array<std::uint8_t, 2 + kBytesMax> marked{kMark, static_cast<std::uint8_t>(count)};
        for (std::size_t i = 0; i < count; ++i) {
            marked[2 + i] = static_cast<std::uint8_t>(kValues[digits[2 * i]] << 4 | kValues[digits[2 * i + 1]]);
        }
        out.insert(out.end(), marked.data(), marked.data() + 2 + count);
        digits = digits.subspan(2 * count);
    }
}

}  // namespace

Bytes shorten(ByteView bytes) {
    Bytes out;
    out.reserve(bytes.size() + bytes.size() / 64);
    std::size_t done = 0;
    // A run that is long enough holds a place whose number divides evenly: others are not looked at.
    for (std::size_t look = 0; look < bytes.size();) {
        if (!isDigit(bytes[look])) {
            look += kDigitsMin;
            continue;
        }
        std::size_t begin = look, end = look + 1;
        while (begin > done && isDigit(bytes[begin - 1])) --begin;
        while (end < bytes.size() && isDigit(bytes[end])) ++end;
        if (end - begin >= kDigitsMin) {
            // Of an odd run the first is left: the letter before an id may be a digit too.
            begin += (end - begin) % 2;
            appendPlain(out, bytes.subspan(done, begin - done));
            appendDigits(out, bytes.subspan(begin, end - begin));
            done = end;
        }
        look = (end / kDigitsMin + 1) * kDigitsMin;
    }
    appendPlain(out, bytes.subspan(done));
    return out;
}

std::optional<Bytes> lengthen(ByteView shortened, std::size_t size) {
    if (size / 2 > shortened.size()) return std::nullopt;   // nothing becomes more than twice as long
    Bytes out(size);
    std::size_t filled = 0;
    while (!shortened.empty()) {
        auto const* const mark = markIn(shortened);
        std::size_t const plain = mark ? static_cast<std::size_t>(mark - shortened.data()) : shortened.size();
        if (plain > size - filled) return std::nullopt;
        std::copy_n(shortened.data(), plain, out.data() + filled);
        filled += plain;
        shortened = shortened.subspan(plain);
        if (shortened.empty()) break;
        if (shortened.size() < 2) return std::nullopt;
        std::size_t const count = shortened[1];
        shortened = shortened.subspan(2);
        if (count == 0) {
            if (filled == size) return std::nullopt;
            out[filled++] = kMark;
            continue;
        }
        if (count > kBytesMax || count > shortened.size() || 2 * count > size - filled) return std::nullopt;
        for (std::size_t i = 0; i < count; ++i) {
            out[filled++] = static_cast<std::uint8_t>(kDigits[shortened[i] >> 4U]);
            out[filled++] = static_cast<std::uint8_t>(kDigits[shortened[i] & 0x0FU]);
        }
        shortened = shortened.subspan(count);
    }
    if (filled != size) return std::nullopt;
    return out;
}

}  // namespace spiral::protocol
