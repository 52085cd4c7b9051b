#include "model/data.h"

#include <catch2/catch.hpp>

namespace spiral::model {
namespace {

std::string reasonOf(std::string_view text) {
    auto const read = readData(text);
    return read ? "" : read.error().reason;
}

TEST_CASE("a data file may have white space and any order of keys", "[data]") {
    auto const read = readData("{\n  \"b\": [1, true, \"值\"],\n  \"a\": {}\n}\n");
    REQUIRE(read);
    CHECK(json::encode(*read) == R"({"a":{},"b":[1,true,"值"]})");
}

TEST_CASE("a data file holds no more than strict JSON does", "[data]") {
    CHECK(reasonOf("") == "data.syntax");
    CHECK(reasonOf("{\"a\": 1,}") == "data.syntax");
    CHECK(reasonOf("{\"a\": 1} x") == "data.syntax");
    CHECK(reasonOf("{\"a\": null}") == "data.null");
    CHECK(reasonOf("{\"a\": 1.5}") == "data.not-an-integer");
    CHECK(reasonOf("{\"a\": 9007199254740992}") == "data.not-an-integer");
    CHECK(reasonOf("{\"a\": 18446744073709551615}") == "data.not-an-integer");
    CHECK(reasonOf("{\"a\": 1, \"a\": 2}") == "data.key-twice");
    CHECK(reasonOf("\"\\ud800\"") == "data.syntax");
    CHECK(reasonOf("\"\xff\"") == "data.syntax");
    CHECK(reasonOf(std::string(33, '[') + std::string(33, ']')) == "data.too-deep");
    CHECK(reasonOf(std::string(32, '[') + std::string(32, ']')).empty());
    CHECK(reasonOf(std::string(100000, '[')) == "data.too-deep");
    CHECK(reasonOf(std::string(kDataBytesMax + 1, ' ')) == "data.too-large");
}

TEST_CASE("a refusal names the line or the place", "[data]") {
    CHECK(readData("{\n\n\"a\": }").error().detail.starts_with("line 3: "));
    CHECK(readData("{\"a\": [1, {\"b\": null}]}").error().detail.starts_with("/a/1/b: "));
}

TEST_CASE("a schema's refusal names the innermost place", "[data]") {
    DataSchema const schema(R"({"type": "object", "properties": {"list": {"items": {"type": "string"}}}})");
    CHECK(schema.read(R"({"list": ["a"]})"));
    auto const refused = schema.read(R"({"list": ["a", 1]})");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().reason == "data.schema");
    CHECK(refused.error().detail.starts_with("/list/1: "));
}

}  // namespace
}  // namespace spiral::model
