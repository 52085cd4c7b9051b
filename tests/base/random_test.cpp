#include "base/random.h"

#include "base/bytes.h"

#include "helpers.h"

#include <set>

namespace spiral {
namespace {

TEST_CASE("a seed gives the bytes of xoshiro256** on every machine", "[base][random]") {
    // Known answers: state by splitmix64 from seed 0.
    SeededRandom random(0);
    CHECK(random.next() == 0x99EC5F36CB75F2B4U);
    CHECK(random.next() == 0xBF6E1F784956452AU);
    CHECK(random.next() == 0x1A5F849D4933E6E0U);
    SeededRandom same(0);
    Bytes bytes(20);
    same.fill(bytes);
    CHECK(toHex(bytes) == "b4f275cb365fec992a455649781f6ebfe0e63349");
}

TEST_CASE("seeds differ and repeat", "[base][random]") {
    CHECK(SeededRandom(1).token<Nonce>() == SeededRandom(1).token<Nonce>());
    CHECK(SeededRandom(1).token<Nonce>() != SeededRandom(2).token<Nonce>());
}

TEST_CASE("numbers below a bound come all and equally often", "[base][random]") {
    SeededRandom random(5);
    int counts[7] = {};
    for (int round = 0; round < 70000; ++round) ++counts[random.below(7)];
    for (int const count : counts) CHECK(std::abs(count - 10000) < 500);
    for (int round = 0; round < 100; ++round) CHECK(random.below(1) == 0);
    // A bound just above half of all words would be badly lopsided without drawing again.
    std::uint64_t const large = (std::uint64_t{1} << 63U) + 1;
    int low = 0;
    for (int round = 0; round < 10000; ++round) low += random.below(large) < large / 2 ? 1 : 0;
    CHECK(std::abs(low - 5000) < 300);
    CHECK(stops([] { static_cast<void>(SeededRandom(1).below(0)); }));
}

TEST_CASE("the system's generator never repeats itself", "[base][random]") {
    std::set<Nonce> seen;
    for (int round = 0; round < 1000; ++round) seen.insert(systemRandom().token<Nonce>());
    CHECK(seen.size() == 1000);
    systemRandom().fill({});
}

}  // namespace
}  // namespace spiral
