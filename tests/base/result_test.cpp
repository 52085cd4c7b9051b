#include "base/result.h"

#include "helpers.h"

#include <memory>
#include <set>

namespace spiral {
namespace {

Result<int> half(int number) {
    if (number % 2 != 0) return makeError(ErrorCode::Malformed, "test.odd", "the number is odd");
    return number / 2;
}

TEST_CASE("a result holds a value or says why not", "[base][result]") {
    CHECK(*half(4) == 2);
    CHECK(half(4).has_value());
    auto const refused = half(3);
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == Error{ErrorCode::Malformed, "test.odd", "the number is odd"});
}

TEST_CASE("a result without value is not read by mistake", "[base][result]") {
    CHECK(stops([] { static_cast<void>(half(3).value()); }));
    CHECK(stops([] { static_cast<void>(half(2).error()); }));
    CHECK(stops([] { static_cast<void>(Result<void>().error()); }));
    CHECK_FALSE(stops([] { static_cast<void>(half(2).value()); }));
}

TEST_CASE("a result of nothing is a success until it gets an error", "[base][result]") {
    Result<void> result;
    CHECK(result.has_value());
    result = makeError(ErrorCode::Busy, "test.busy");
    CHECK(codeOf(result) == ErrorCode::Busy);
}

TEST_CASE("a result passes on a value that cannot be copied", "[base][result]") {
    Result<std::unique_ptr<int>> result(std::make_unique<int>(7));
    std::unique_ptr<int> const taken = std::move(result).value();
    CHECK(*taken == 7);
}

TEST_CASE("each error code has its own lower-case name", "[base][result]") {
    std::set<std::string_view> names;
    for (int code = 0; code <= static_cast<int>(ErrorCode::Damaged); ++code) {
        std::string_view const name = nameOf(static_cast<ErrorCode>(code));
        CHECK(name != "unknown");
        CHECK(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") == std::string_view::npos);
        names.insert(name);
    }
    CHECK(names.size() == 15);
    CHECK(nameOf(ErrorCode::BadSignature) == "bad-signature");
    CHECK(nameOf(ErrorCode::TooLarge) == "too-large");
}

TEST_CASE("ensure stops the program when its condition does not hold", "[base][result]") {
    CHECK(stops([] { ensure(false, "a test"); }));
    CHECK_FALSE(stops([] { ensure(true, "a test"); }));
}

}  // namespace
}  // namespace spiral
