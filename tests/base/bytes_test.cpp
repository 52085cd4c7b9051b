#include "base/bytes.h"

#include "base/random.h"

#include "helpers.h"

namespace spiral {
namespace {

TEST_CASE("hexadecimal is lower-case and gives the bytes back", "[base][bytes]") {
    Bytes const bytes{0x00, 0x01, 0x7F, 0x80, 0xAB, 0xFF};
    CHECK(toHex(bytes) == "00017f80abff");
    CHECK(fromHex("00017f80abff") == bytes);
    CHECK(toHex({}).empty());
    CHECK(fromHex("") == Bytes{});
}

TEST_CASE("hexadecimal takes nothing but pairs of lower-case digits", "[base][bytes]") {
    for (std::string_view const wrong : {"0", "000", "AB", "aB", "0g", "g0", "0x", " 00", "00 ", "0\n", "-1", "é", "０"})
        CHECK_FALSE(fromHex(wrong).has_value());
    CHECK_FALSE(fromHex(std::string("0\0", 2)).has_value());
    // Every character in either place: exactly the sixteen digits are taken.
    int taken = 0;
    for (int character = 0; character < 256; ++character) {
        std::string const first{static_cast<char>(character), '0'};
        std::string const second{'0', static_cast<char>(character)};
        CHECK(fromHex(first).has_value() == fromHex(second).has_value());
        taken += fromHex(first).has_value() ? 1 : 0;
    }
    CHECK(taken == 16);
}

TEST_CASE("hexadecimal fills a place of exactly its size", "[base][bytes]") {
    std::array<std::uint8_t, 2> place{};
    CHECK(hexInto("0aff", place));
    CHECK(place == std::array<std::uint8_t, 2>{0x0A, 0xFF});
    CHECK_FALSE(hexInto("0a", place));
    CHECK_FALSE(hexInto("0aff0", place));
    CHECK_FALSE(hexInto("0aff00", place));
    CHECK_FALSE(hexInto("0afg", place));
}

TEST_CASE("base64 agrees with the examples of RFC 4648", "[base][bytes]") {
    std::pair<char const*, char const*> const examples[] = {
        {"", ""},         {"f", "Zg=="},         {"fo", "Zm8="},        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
    for (auto const& [text, encoded] : examples) {
        CHECK(toBase64(asBytes(text)) == encoded);
        CHECK(fromBase64(encoded) == toBytes(std::string_view(text)));
    }
    CHECK(toBase64(Bytes{0xFB, 0xFF, 0xBF}) == "+/+/");
}

TEST_CASE("base64 refuses every second way to write the same bytes", "[base][bytes]") {
    for (std::string_view const wrong :
         {"Zg", "Zg=", "Zg===", "Zg=a", "Z===", "====", "=", "==", "Zh==", "Zm9=", "Zm8", "Zm9v\n", "Zm 9", " Zm9v", "Zm9v====",
          "Zg==Zg==", "Z-==", "Zm_v", "Zm9v=", "Z=g=", "Zé=="})
        CHECK_FALSE(fromBase64(wrong).has_value());
}

TEST_CASE("whatever base64 takes it writes again in the same way", "[base][bytes]") {
    SeededRandom random(1);
    for (int round = 0; round < 20000; ++round) {
        std::string text(random.below(3) * 4, '=');
        constexpr std::string_view kSome = "ABYZabyz0189+/=";
        for (char& character : text) character = kSome[random.below(kSome.size())];
        if (auto const bytes = fromBase64(text)) CHECK(toBase64(*bytes) == text);
        Bytes bytes(random.below(20));
        random.fill(bytes);
        CHECK(fromBase64(toBase64(bytes)) == bytes);
        CHECK(fromHex(toHex(bytes)) == bytes);
    }
}

TEST_CASE("UTF-8 is judged by table 3-7 of the Unicode standard", "[base][bytes]") {
    for (std::string_view const good : {"", "a", "\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                                    "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "螺旋", "质量保障😀"})
        CHECK(isUtf8(asBytes(good)));
    CHECK(isUtf8(asBytes(std::string_view("\0", 1))));
    for (std::string_view const bad :
         {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2\x7F", "\xC2\xC0", "\xE0\x9F\xBF", "\xE0\x80\x80", "\xED\xA0\x80",
          "\xED\xBF\xBF", "\xE8\x9E", "\xE8\x9E\x41", "\xE8\x41\xBA", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF0\x9F\x98", "\xF5\x80\x80\x80",
          "\xFE", "\xFF", "a\xFF", "螺\xE6\x97"})
        CHECK_FALSE(isUtf8(asBytes(bad)));
}

TEST_CASE("UTF-8 of every code point is taken, and of no surrogate", "[base][bytes]") {
    int taken = 0;
    for (std::uint32_t point = 0; point <= 0x10FFFF; ++point) {
        auto const tail = [point](unsigned shift) { return static_cast<std::uint8_t>(0x80U | (point >> shift & 0x3FU)); };
        Bytes bytes;
        if (point < 0x80) bytes = {static_cast<std::uint8_t>(point)};
        else if (point < 0x800) bytes = {static_cast<std::uint8_t>(0xC0U | point >> 6U), tail(0)};
        else if (point < 0x10000) bytes = {static_cast<std::uint8_t>(0xE0U | point >> 12U), tail(6), tail(0)};
        else bytes = {static_cast<std::uint8_t>(0xF0U | point >> 18U), tail(12), tail(6), tail(0)};
        bool const surrogate = point >= 0xD800 && point <= 0xDFFF;
        if (isUtf8(bytes) == surrogate) FAIL_CHECK("code point " << point);
        taken += isUtf8(bytes) ? 1 : 0;
    }
    CHECK(taken == 0x110000 - 0x800);
}

}  // namespace
}  // namespace spiral
