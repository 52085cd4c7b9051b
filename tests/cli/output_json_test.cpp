#include "cli/output_json.h"

#include <catch2/catch.hpp>

using namespace spiral;
using cli::Json;

TEST_CASE("one JSON document keeps its order and escapes what it must", "[cli]") {
    Json document = Json::object();
    document.set("z", 1).set("a", "引\"号\\ \n\t\x01\x7f").set("n", Json()).set("b", true).set("f", 0.25);
    document.set("list", Json::array({"x", "y"})).set("empty", Json::array()).set("none", Json::object());
    CHECK(document.text() ==
          "{\"z\":1,\"a\":\"引\\\"号\\\\ \\n\\t\\u0001\\u007f\",\"n\":null,\"b\":true,\"f\":0.25,"
          "\"list\":[\"x\",\"y\"],\"empty\":[],\"none\":{}}");
}

TEST_CASE("bytes that are no UTF-8 do not break the document", "[cli]") {
    CHECK(Json("a\xff"
               "b")
              .text() ==
          "\"a\xef\xbf\xbd"
          "b\"");
    CHECK(Json(0.0 / 1.0).text() == "0");
}

TEST_CASE("numbers and absent values have their own forms", "[cli]") {
    CHECK(Json(std::uint64_t{9007199254740993}).text() == "9007199254740993");
    CHECK(Json(-1).text() == "-1");
    CHECK(Json(std::optional<std::string>()).text() == "null");
    CHECK(Json(std::optional<std::string>("x")).text() == "\"x\"");
}

TEST_CASE("strict JSON values are taken over as they are", "[cli]") {
    auto const value = json::parse(std::string_view(R"({"a":[1,true,"二"],"b":{}})"));
    REQUIRE(value);
    CHECK(Json(*value).text() == R"({"a":[1,true,"二"],"b":{}})");
}
