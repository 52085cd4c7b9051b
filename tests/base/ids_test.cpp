#include "base/ids.h"

#include "base/random.h"

#include "helpers.h"

#include <unordered_set>

namespace spiral {
namespace {

std::string const kHash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

Scope scope(std::string_view text) {
    auto const parsed = Scope::parse(text);
    REQUIRE(parsed.has_value());
    return *parsed;
}

TEST_CASE("an id is written as it was read", "[base][ids]") {
    auto const id = ObjectId::fromHex(kHash);
    REQUIRE(id.has_value());
    CHECK(id->hex() == kHash);
    CHECK(id->raw[0] == 0x9F);
    CHECK(ObjectId::fromBytes(id->view()) == id);
}

TEST_CASE("an id has exactly its number of lower-case digits", "[base][ids]") {
    CHECK_FALSE(ObjectId::fromHex(kHash.substr(1)).has_value());
    CHECK_FALSE(ObjectId::fromHex(kHash.substr(2)).has_value());
    CHECK_FALSE(ObjectId::fromHex(kHash + "00").has_value());
    CHECK_FALSE(ObjectId::fromHex("").has_value());
    CHECK_FALSE(ObjectId::fromHex("9F" + kHash.substr(2)).has_value());
    CHECK_FALSE(ObjectId::fromBytes(Bytes(31)).has_value());
    CHECK_FALSE(ObjectId::fromBytes(Bytes(33)).has_value());
    CHECK(DocumentId::fromHex(kHash.substr(0, 32)).has_value());
    CHECK_FALSE(DocumentId::fromHex(kHash).has_value());
}

TEST_CASE("ids sort by their bytes, which is the order of their text", "[base][ids]") {
    SeededRandom random(2);
    for (int round = 0; round < 1000; ++round) {
        auto const one = random.token<Nonce>();
        auto const two = random.token<Nonce>();
        CHECK((one < two) == (one.hex() < two.hex()));
    }
    std::unordered_set<ObjectId> const set{ObjectId{}, ObjectId{}, *ObjectId::fromHex(kHash)};
    CHECK(set.size() == 2);
}

TEST_CASE("a person id has 32 digits, or the 64 of a device", "[base][ids]") {
    CHECK(PersonId::parse(kHash.substr(0, 32))->text() == kHash.substr(0, 32));
    CHECK(PersonId::parse(kHash)->text() == kHash);
    CHECK(PersonId::fromDevice(*DeviceId::fromHex(kHash)) == *PersonId::parse(kHash));
    CHECK(PersonId().empty());
    for (std::string_view const wrong : {std::string(), kHash.substr(0, 31), kHash.substr(0, 33), kHash.substr(0, 48), kHash + "0",
                                     "A" + kHash.substr(1, 31), "g" + kHash.substr(1, 31), " " + kHash.substr(1, 31)})
        CHECK_FALSE(PersonId::parse(wrong).has_value());
}

TEST_CASE("a scope is one of four forms", "[base][ids]") {
    CHECK(scope("college").isCollege());
    CHECK(scope("registry").isRegistry());
    CHECK(scope("unit/jwc").isUnit());
    CHECK(scope("unit/jwc").name() == "jwc");
    CHECK(scope("review/2026-spring").isReview());
    CHECK(scope("review/2026-spring").name() == "2026-spring");
    CHECK(scope("college").name().empty());
    CHECK(Scope::unit("jwc") == scope("unit/jwc"));
    CHECK(Scope::college() == scope("college"));
    CHECK(Scope::registry() == scope("registry"));
    CHECK(Scope::parse("unit/" + std::string(32, 'a')).has_value());
    for (std::string_view const wrong :
         {std::string(), std::string("College"), std::string("college/"), std::string("registry/x"), std::string("unit"),
          std::string("unit/"), std::string("unit/a/b"), std::string("unit/A"), std::string("unit/a_b"), std::string("unit/教务处"),
          std::string("unit/ a"), std::string("/unit"), std::string("units/a"), std::string("review/"), std::string(" college"),
          "unit/" + std::string(33, 'a')})
        CHECK_FALSE(Scope::parse(wrong).has_value());
    CHECK(stops([] { static_cast<void>(Scope::unit("a/b")); }));
}

TEST_CASE("college covers every unit, and nothing covers a review but itself", "[base][ids]") {
    CHECK(scope("college").covers(scope("college")));
    CHECK(scope("college").covers(scope("unit/jwc")));
    CHECK_FALSE(scope("college").covers(scope("review/r1")));
    CHECK_FALSE(scope("college").covers(scope("registry")));
    CHECK(scope("unit/jwc").covers(scope("unit/jwc")));
    CHECK_FALSE(scope("unit/jwc").covers(scope("unit/jw")));
    CHECK_FALSE(scope("unit/jwc").covers(scope("college")));
    CHECK(scope("review/r1").covers(scope("review/r1")));
    CHECK_FALSE(scope("review/r1").covers(scope("unit/r1")));
    CHECK_FALSE(scope("registry").covers(scope("college")));
    CHECK(scope("registry").covers(scope("registry")));
}

TEST_CASE("a scope that was never set covers nothing and is covered by nothing", "[base][ids]") {
    CHECK_FALSE(Scope().covers(Scope()));
    CHECK_FALSE(Scope().covers(scope("college")));
    CHECK_FALSE(scope("college").covers(Scope()));
}

TEST_CASE("kinds and types carry a version that starts at one", "[base][ids]") {
    for (std::string_view const good : {"approve.v1", "a.v9", "re-check.v10", "t2-.v123"}) CHECK(isVersionedName(good));
    for (std::string_view const wrong : {"", ".", "v1", ".v1", "approve", "approve.v", "approve.v0", "approve.v01", "approve.V1", "approve.1",
                                     "Approve.v1", "1a.v1", "-a.v1", "a_b.v1", "a.b.v1", "a.v1.v1", "a.v1 ", "a.v-1", "表.v1"})
        CHECK_FALSE(isVersionedName(wrong));
    CHECK(isVersionedName(std::string(61, 'a') + ".v1"));
    CHECK_FALSE(isVersionedName(std::string(62, 'a') + ".v1"));
    CHECK(nameWithoutVersion("re-check.v10") == "re-check");
    CHECK(stops([] { static_cast<void>(nameWithoutVersion("approve")); }));
}

TEST_CASE("the name of a unit is short and plain", "[base][ids]") {
    for (std::string_view const good : {"a", "0", "-", "jwc-2", "abcdefghijklmnopqrstuvwxyz012345"}) CHECK(isNameToken(good));
    for (std::string_view const wrong : {"", "A", "a b", "a_b", "a/b", "a.b", "é", "abcdefghijklmnopqrstuvwxyz0123456"})
        CHECK_FALSE(isNameToken(wrong));
}

}  // namespace
}  // namespace spiral
