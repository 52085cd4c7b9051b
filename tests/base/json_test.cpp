#include "base/json.h"

#include "base/files.h"

#include "helpers.h"
#include "json_samples.h"

#include <algorithm>

namespace spiral::json {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

std::string reasonFor(std::string_view text) { return reasonOf(parse(text)); }

/// True iff the text is taken and written again in the same way.
bool isTaken(std::string_view text) {
    auto const value = parse(text);
    return value && encode(*value) == text;
}

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST_CASE("strict JSON takes each kind of value", "[base][json]") {
    CHECK(*parse("true")->asBool());
    CHECK_FALSE(*parse("false")->asBool());
    CHECK(*parse("-12")->asInteger() == -12);
    CHECK(*parse("\"螺旋\"")->asString() == "螺旋");
    CHECK(parse("[]")->asArray()->empty());
    CHECK(parse("{}")->asObject()->empty());
    CHECK(parse("[1,[true],{\"a\":\"\"}]")->asArray()->size() == 3);
    CHECK(*parse("{\"a\":1,\"b\":2}")->asObject()->find("b")->asInteger() == 2);
}

TEST_CASE("a value answers only for its own kind", "[base][json]") {
    Value const value = 1;
    CHECK(value.asBool() == nullptr);
    CHECK(value.asString() == nullptr);
    CHECK(value.asArray() == nullptr);
    CHECK(value.asObject() == nullptr);
    CHECK(Value().asObject()->empty());
    CHECK(Value("true").asBool() == nullptr);
}

TEST_CASE("strict JSON writes keys in the order of their bytes", "[base][json]") {
    Object object{{"b", 1}, {"a_", 2}, {"ab", 3}, {"a1", 4}, {"a", 5}};
    CHECK(encode(object) == R"({"a":5,"a1":4,"a_":2,"ab":3,"b":1})");
    object.set("aa", "x");
    object.set("b", Array{true});
    object.erase("a1");
    object.erase("absent");
    CHECK(encode(object) == R"({"a":5,"a_":2,"aa":"x","ab":3,"b":[true]})");
    CHECK(isTaken(encode(object)));
    CHECK(stops([] { static_cast<void>(Object{{"a", 1}, {"a", 2}}); }));
}

TEST_CASE("an object finds its members, and convenience asks for their kind", "[base][json]") {
    Object object{{"name", "甲"}, {"count", 3}, {"items", Array{1}}, {"inner", Object{{"a", 1}}}};
    CHECK(*stringAt(object, "name") == "甲");
    CHECK(*integerAt(object, "count") == 3);
    CHECK(arrayAt(object, "items")->size() == 1);
    CHECK(objectAt(object, "inner")->size() == 1);
    CHECK(stringAt(object, "count") == nullptr);
    CHECK(integerAt(object, "absent") == nullptr);
    CHECK(arrayAt(object, "inner") == nullptr);
    CHECK(objectAt(object, "items") == nullptr);
    CHECK(object.find("nam") == nullptr);
    CHECK(object.find("names") == nullptr);
    CHECK(object.find("") == nullptr);
    *object.find("count") = 4;
    CHECK(*integerAt(object, "count") == 4);
}

TEST_CASE("strict JSON names the rule that is broken", "[base][json]") {
    std::pair<std::string, char const*> const cases[] = {
        {"", "json.unfinished"},
        {"[", "json.unfinished"},
        {"[1", "json.unfinished"},
        {"[1,", "json.unfinished"},
        {"{", "json.unfinished"},
        {"{\"a", "json.unfinished"},
        {"{\"a\"", "json.unfinished"},
        {"{\"a\":", "json.unfinished"},
        {"{\"a\":1", "json.unfinished"},
        {"\"a", "json.unfinished"},
        {"\"a\\", "json.unfinished"},
        {"\"\\u00", "json.unfinished"},
        {"tru", "json.unfinished"},
        {"nul", "json.unfinished"},
        {"-", "json.unfinished"},
        {"1 ", "json.white-space"},
        {" 1", "json.white-space"},
        {"\n1", "json.white-space"},
        {"[1, 2]", "json.white-space"},
        {"[ ]", "json.white-space"},
        {"{\"a\": 1}", "json.white-space"},
        {"{\"a\" :1}", "json.white-space"},
        {"{ }", "json.white-space"},
        {"1\r\n", "json.white-space"},
        {"\t1", "json.white-space"},
        {"12x", "json.trailing-bytes"},
        {"{}{}", "json.trailing-bytes"},
        {"[]]", "json.trailing-bytes"},
        {"truefalse", "json.trailing-bytes"},
        {"1\0"s, "json.trailing-bytes"},
        {"\xEF\xBB\xBF{}", "json.byte-order-mark"},
        {"null", "json.null"},
        {"[null]", "json.null"},
        {"{\"a\":null}", "json.null"},
        {"1.0", "json.not-an-integer"},
        {"1.", "json.not-an-integer"},
        {"1e3", "json.not-an-integer"},
        {"1E3", "json.not-an-integer"},
        {"-0.5", "json.not-an-integer"},
        {"0e0", "json.not-an-integer"},
        {"-0", "json.integer-form"},
        {"00", "json.integer-form"},
        {"01", "json.integer-form"},
        {"-01", "json.integer-form"},
        {"+1", "json.integer-form"},
        {"9007199254740992", "json.integer-range"},
        {"-9007199254740992", "json.integer-range"},
        {"9223372036854775808", "json.integer-range"},
        {"18446744073709551617", "json.integer-range"},
        {std::string(1000, '9'), "json.integer-range"},
        {"{\"A\":1}", "json.key-form"},
        {"{\"\":1}", "json.key-form"},
        {"{\"1a\":1}", "json.key-form"},
        {"{\"_a\":1}", "json.key-form"},
        {"{\"aB\":1}", "json.key-form"},
        {"{\"a-b\":1}", "json.key-form"},
        {"{\"a b\":1}", "json.key-form"},
        {"{\"键\":1}", "json.key-form"},
        {"{\"\\u0061\":1}", "json.key-form"},
        {"{\"b\":1,\"a\":1}", "json.key-order"},
        {"{\"ab\":1,\"a\":1}", "json.key-order"},
        {"{\"a_\":1,\"a1\":1}", "json.key-order"},
        {"{\"a\":1,\"a\":1}", "json.key-repeated"},
        {"{\"a\":{},\"b\":1,\"b\":2}", "json.key-repeated"},
        {"\"\xFF\"", "json.utf8"},
        {"\"\xC0\x80\"", "json.utf8"},
        {"\"\xED\xA0\x80\"", "json.utf8"},
        {"\"\xF4\x90\x80\x80\"", "json.utf8"},
        {"\"a\xE8\x9E\"", "json.utf8"},
        {"\"\xE8\x9E", "json.utf8"},
        {"\"\\ud800\"", "json.lone-surrogate"},
        {"\"\\udc00\"", "json.lone-surrogate"},
        {"\"\\ud83d\\u0041\"", "json.lone-surrogate"},
        {"\"\\udc00\\ud800\"", "json.lone-surrogate"},
        {"\"\\ud83d\\ude00\"", "json.escape"},
        {"\"\\/\"", "json.escape"},
        {"\"\\u0041\"", "json.escape"},
        {"\"\\u00e9\"", "json.escape"},
        {"\"\\u87ba\"", "json.escape"},
        {"\"\\u0008\"", "json.escape"},
        {"\"\\u000a\"", "json.escape"},
        {"\"\\u0022\"", "json.escape"},
        {"\"\\u005c\"", "json.escape"},
        {"\"\\u001F\"", "json.escape"},
        {"\"\\u007f\"", "json.escape"},
        {"\"\\x41\"", "json.syntax"},
        {"\"\\u00g0\"", "json.syntax"},
        {"\"\\u-001\"", "json.syntax"},
        {"\"\\U0001\"", "json.syntax"},
        {"\"\\'\"", "json.syntax"},
        {"\"a\nb\"", "json.control-character"},
        {"\"\0\""s, "json.control-character"},
        {"\"\x1F\"", "json.control-character"},
        {"[1,]", "json.syntax"},
        {"[,1]", "json.syntax"},
        {"[1 2]", "json.white-space"},
        {"[1;2]", "json.syntax"},
        {"{\"a\":1,}", "json.syntax"},
        {"{a:1}", "json.syntax"},
        {"{'a':1}", "json.syntax"},
        {"{\"a\"=1}", "json.syntax"},
        {"{1:1}", "json.syntax"},
        {"[1}", "json.syntax"},
        {"{\"a\":1]", "json.syntax"},
        {"'a'", "json.syntax"},
        {"True", "json.syntax"},
        {"trUe", "json.syntax"},
        {"NaN", "json.syntax"},
        {"-Infinity", "json.syntax"},
        {"--1", "json.syntax"},
        {".5", "json.syntax"},
        {"// 1", "json.syntax"},
        {"\xFF", "json.syntax"},
        {"螺", "json.syntax"},
        {nested(33), "json.too-deep"},
    };
    for (auto const& [text, reason] : cases) {
        CAPTURE(text);
        CHECK(reasonFor(text) == reason);
    }
}

TEST_CASE("strict JSON tells the place of the fault, and none of the contents", "[base][json]") {
    auto const refused = parse(R"({"name":"秘密","pay":1.5})");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::Malformed);
    CHECK(refused.error().detail == "strict JSON, byte 24: a number with a fraction or an exponent.");
}

TEST_CASE("strict JSON takes integers up to 2^53 - 1", "[base][json]") {
    for (char const* text : {"0", "1", "-1", "10", "9007199254740991", "-9007199254740991"}) CHECK(isTaken(text));
    CHECK(*parse("9007199254740991")->asInteger() == kIntegerMax);
    CHECK(*parse("-9007199254740991")->asInteger() == -kIntegerMax);
}

TEST_CASE("strict JSON has one escape for each character that needs one, and none for the others", "[base][json]") {
    for (int character = 0; character < 128; ++character) {
        std::string const text(1, static_cast<char>(character));
        std::string const encoded = encode(text);
        CAPTURE(character, encoded);
        CHECK(isTaken(encoded));
        CHECK(*parse(encoded)->asString() == text);
        bool const escaped = character < 0x20 || character == '"' || character == '\\';
        CHECK((encoded.size() == 3) == !escaped);
    }
    CHECK(encode("\"\\\b\f\n\r\t/") == R"("\"\\\b\f\n\r\t/")");
    CHECK(encode("\x01\x1F\x7F") == "\"\\u0001\\u001f\x7F\"");
    CHECK(encode("\0"s) == R"("\u0000")");
    CHECK(encode("é螺😀\xE2\x80\xA8") == "\"é螺😀\xE2\x80\xA8\"");
}

TEST_CASE("strict JSON does not normalise Unicode", "[base][json]") {
    std::string const composed = "\"\xC3\x85\"";
    std::string const decomposed = "\"A\xCC\x8A\"";
    CHECK(isTaken(composed));
    CHECK(isTaken(decomposed));
    CHECK_FALSE(*parse(composed) == *parse(decomposed));
}

TEST_CASE("strict JSON goes 32 arrays and objects deep", "[base][json]") {
    CHECK(isTaken(nested(32)));
    CHECK(codeOf(parse(nested(33))) == ErrorCode::TooLarge);
    std::string objects = "1";
    for (int depth = 0; depth < 32; ++depth) objects = "{\"a\":" + objects + "}";
    CHECK(isTaken(objects));
    CHECK(reasonFor("[" + objects + "]") == "json.too-deep");

    Value value = Array{};
    for (int depth = 1; depth < 32; ++depth) value = Array{std::move(value)};
    CHECK(check(value).has_value());
    value = Object{{"a", std::move(value)}};
    CHECK(reasonOf(check(value)) == "json.too-deep");
    CHECK(stops([&value] { static_cast<void>(encode(value)); }));
}

TEST_CASE("a million opening brackets end at once", "[base][json]") {
    std::string const text(1000000, '[');
    CHECK(timeOf([&text] { CHECK(reasonFor(text) == "json.too-deep"); }) < 100ms);
    std::string objects;
    while (objects.size() < 1000000) objects += "{\"a\":";
    CHECK(timeOf([&objects] { CHECK(reasonFor(objects) == "json.too-deep"); }) < 100ms);
}

TEST_CASE("strict JSON is at most 1 MiB, or what the caller allows", "[base][json]") {
    std::string const largest = "\"" + std::string(kBytesMax - 2, 'a') + "\"";
    CHECK(parse(largest).has_value());
    CHECK(reasonFor(largest.substr(0, 1) + largest) == "json.too-large");
    CHECK(codeOf(parse("\"" + largest)) == ErrorCode::TooLarge);
    CHECK(parse("[1]", 3).has_value());
    CHECK(reasonOf(parse("[1]", 2)) == "json.too-large");
    // A larger wish does not lift the limit of the form.
    CHECK(reasonOf(parse(largest + "a", 2 * kBytesMax)) == "json.too-large");

    CHECK(check(std::string(kBytesMax - 2, 'a')).has_value());
    CHECK(reasonOf(check(std::string(kBytesMax - 1, 'a'))) == "json.too-large");
    CHECK(reasonOf(check(std::string(kBytesMax / 5, '\0'))) == "json.too-large");
}

TEST_CASE("check finds what has no encoding, and encode stops the program there", "[base][json]") {
    std::pair<Value, char const*> const cases[] = {
        {kIntegerMax + 1, "json.integer-range"},
        {-kIntegerMax - 1, "json.integer-range"},
        {std::numeric_limits<std::int64_t>::min(), "json.integer-range"},
        {"\xFF", "json.utf8"},
        {"ok\xE8\x9E", "json.utf8"},
        {"\xED\xA0\x80", "json.utf8"},
        {Object{{"A", 1}}, "json.key-form"},
        {Object{{"", 1}}, "json.key-form"},
        {Object{{"a b", 1}}, "json.key-form"},
        {Array{1, Object{{"a", Array{"\x80"}}}}, "json.utf8"},
    };
    for (auto const& [value, reason] : cases) {
        CHECK(reasonOf(check(value)) == reason);
        Value const& broken = value;
        CHECK(stops([&broken] { static_cast<void>(encode(broken)); }));
    }
    CHECK(check(*parse(sampleText())).has_value());
}

TEST_CASE("random values come back equal from their encoding", "[base][json]") {
    SeededRandom random(7);
    for (int round = 0; round < 20000; ++round) {
        Value const value = randomValue(random, 5);
        REQUIRE(check(value).has_value());
        std::string const text = encode(value);
        auto const parsed = parse(text);
        REQUIRE(parsed.has_value());
        REQUIRE(*parsed == value);
        REQUIRE(encode(*parsed) == text);
    }
}

TEST_CASE("every proper prefix of a sample is refused as unfinished", "[base][json]") {
    std::string const& text = sampleText();
    REQUIRE(isTaken(text));
    auto const time = timeOf([&text] {
        for (std::size_t length = 0; length < text.size(); ++length) {
            std::string const reason = reasonFor(text.substr(0, length));
            // Cut inside a Chinese character, the text is also no UTF-8.
            if (reason != "json.unfinished" && reason != "json.utf8") FAIL_CHECK("length " << length << ": " << reason);
        }
    });
    CHECK(time < 2s);
}

TEST_CASE("every flipped bit of a sample ends in a refusal or in another strict text", "[base][json]") {
    std::string const& text = sampleText();
    int taken = 0;
    auto const time = timeOf([&text, &taken] {
        for (std::size_t bit = 0; bit < 8 * text.size(); ++bit) {
            std::string flipped = text;
            flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
            auto const value = parse(flipped);
            if (!value) continue;
            ++taken;
            if (encode(*value) != flipped) FAIL_CHECK("bit " << bit);
        }
    });
    CHECK(taken > 0);
    CHECK(time < 5s);
}

TEST_CASE("parsing takes time in proportion to the text", "[base][json]") {
    auto const fill = [](std::string_view piece) {
        std::string text = "[";
        while (text.size() + piece.size() + 1 < kBytesMax) text += piece;
        text.back() = ']';
        return text;
    };
    // The worst known for values, strings, escapes and keys; a quadratic step would take minutes.
    for (std::string const& text : {fill("1,"), fill("[],"), fill("\"\","), fill("\"\\n\","), fill("{\"a\":{}},"), fill("\"质\",")}) {
        CHECK(timeOf([&text] { CHECK(isTaken(text)); }) < 3s);
    }
    std::string members;
    for (int number = 0; number < 50000; ++number) members += ",\"k" + std::to_string(100000 + number) + "\":1";
    members[0] = '{';
    CHECK(timeOf([&members] { CHECK(isTaken(members + "}")); }) < 3s);
}

// ---- vectors of RFC 8785 ------------------------------------------------------------------------------------------

std::string vectorFile(std::string const& name) {
    auto const bytes = systemFiles().read("tests/vectors/jcs/" + name, 1 << 16);
    REQUIRE(bytes.has_value());
    return toText(*bytes);
}

/// The string literals of a JSON text, each with its quotation marks.
std::vector<std::string> stringsOf(std::string const& text) {
    std::vector<std::string> strings;
    for (std::size_t at = text.find('"'); at != std::string::npos; at = text.find('"', at)) {
        std::size_t end = at + 1;
        while (text[end] != '"') end += text[end] == '\\' ? 2 : 1;
        strings.push_back(text.substr(at, end + 1 - at));
        at = end + 1;
    }
    return strings;
}

TEST_CASE("the vectors of RFC 8785 are refused for what the profile leaves out", "[base][json][vectors]") {
    // None of them is of the profile as a whole: each has a free key or a null. Reasons of input and output.
    struct {
        char const* name;
        char const* input;
        char const* output;
    } const vectors[] = {
        {"arrays", "json.white-space", "json.key-form"},     {"french", "json.white-space", "json.key-form"},
        {"structures", "json.white-space", "json.key-form"}, {"unicode", "json.white-space", "json.key-form"},
        {"values", "json.white-space", "json.null"},         {"weird", "json.white-space", "json.key-form"},
    };
    for (auto const& vector : vectors) {
        CAPTURE(vector.name);
        CHECK(reasonFor(vectorFile("input/"s + vector.name + ".json")) == vector.input);
        CHECK(reasonFor(vectorFile("output/"s + vector.name + ".json")) == vector.output);
    }
}

TEST_CASE("the outputs of RFC 8785 are the bytes that its vectors list", "[base][json][vectors]") {
    for (std::string const name : {"arrays", "french", "structures", "unicode", "values", "weird"}) {
        std::string hex = vectorFile("outhex/" + name + ".txt");
        std::erase_if(hex, [](char c) { return c == ' ' || c == '\n' || c == '\r'; });
        CHECK(hex == toHex(asBytes(vectorFile("output/" + name + ".json"))));
    }
}

TEST_CASE("every part of the RFC 8785 outputs that the profile can say is taken and written in equal bytes",
          "[base][json][vectors]") {
    std::size_t count = 0;
    for (std::string const name : {"arrays", "french", "structures", "unicode", "values", "weird"}) {
        // As a value each string can be said, also those that cannot be keys.
        for (std::string const& text : stringsOf(vectorFile("output/" + name + ".json"))) {
            CAPTURE(text);
            CHECK(isTaken(text));
            ++count;
        }
    }
    CHECK(count == 51);
    std::pair<char const*, char const*> const parts[] = {
        {"arrays", "56"}, {"arrays", "[]"}, {"arrays", "true"}, {"structures", "{}"}, {"structures", "56"}, {"values", "false"}};
    for (auto const& [name, part] : parts) {
        CHECK(vectorFile("output/"s + name + ".json").find(part) != std::string::npos);
        CHECK(isTaken(part));
    }
    for (char const* number : {"333333333.3333333", "1e+30", "4.5", "0.002", "1e-27"}) {
        CHECK(vectorFile("output/values.json").find(number) != std::string::npos);
        CHECK(reasonFor(number) == "json.not-an-integer");
    }
}

}  // namespace
}  // namespace spiral::json
