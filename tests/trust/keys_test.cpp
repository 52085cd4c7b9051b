#include "trust/keys.h"

#include "base/json.h"
#include "base/random.h"
#include "vectors.h"

#include <catch2/catch.hpp>

#include <chrono>
#include <type_traits>
#include <utility>

using namespace spiral;
using namespace spiral::trust;

// A secret in two places is a secret nobody can forget.
static_assert(!std::is_copy_constructible_v<SecretKey>);
static_assert(!std::is_copy_assignable_v<SecretKey>);
static_assert(std::is_nothrow_move_constructible_v<SecretKey>);
static_assert(std::is_nothrow_move_assignable_v<SecretKey>);

namespace {

constexpr std::string_view kPassphrase = "正确 horse battery";
// Little work, where a test is not about the work.
constexpr std::size_t kSmallMemory = 8192;

SecretKey someKey(std::uint64_t seed) {
    SeededRandom random(seed);
    return SecretKey::generate(random);
}

std::string wrapped(SecretKey const& key, std::size_t memory = kSmallMemory, unsigned passes = 1) {
    SeededRandom random(7);
    return toText(key.wrap(kPassphrase, random, memory, passes));
}

/// The key file with one member replaced.
std::string with(std::string const& file, std::string_view name, json::Value value) {
    auto parsed = json::parse(file);
    REQUIRE(parsed);
    parsed->asObject()->set(name, std::move(value));
    return json::encode(*parsed);
}
std::string without(std::string const& file, std::string_view name) {
    auto parsed = json::parse(file);
    REQUIRE(parsed);
    parsed->asObject()->erase(name);
    return json::encode(*parsed);
}

Error refusalOf(std::string const& file, std::string_view passphrase = kPassphrase) {
    auto const key = SecretKey::unwrap(asBytes(file), passphrase);
    REQUIRE_FALSE(key);
    return key.error();
}

}  // namespace

TEST_CASE("the same seed gives the same key and other randomness another", "[trust][keys]") {
    CHECK(someKey(1).publicKey() == someKey(1).publicKey());
    CHECK(someKey(1).publicKey() != someKey(2).publicKey());
    // RFC 8032 section 7.1, test 1.
    auto const seed = fromHex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    REQUIRE(seed);
    SecretKey const key = SecretKey::fromSeed(std::span<std::uint8_t const, 32>(*seed));
    CHECK(key.publicKey().hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
}

TEST_CASE("a key that was moved away signs no more, the one it went to does", "[trust][keys]") {
    SecretKey first = someKey(1);
    PublicKey const name = first.publicKey();
    SecretKey second = std::move(first);
    auto const signature = second.sign("frame@a.b", asBytes("text"));
    REQUIRE(signature);
    CHECK(verify(name, "frame@a.b", asBytes("text"), *signature));
    auto const refused = first.sign("frame@a.b", asBytes("text"));  // NOLINT(bugprone-use-after-move): the point
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::Locked);
    SecretKey third = someKey(3);
    third = std::move(second);
    CHECK(third.publicKey() == name);
    CHECK(third.sign("frame@a.b", asBytes("text")));
}

TEST_CASE("a wrapped key opens with its passphrase and with no other", "[trust][keys]") {
    SecretKey const key = someKey(1);
    std::string const file = wrapped(key);
    auto opened = SecretKey::unwrap(asBytes(file), kPassphrase);
    REQUIRE(opened);
    CHECK(opened->publicKey() == key.publicKey());
    auto const signature = opened->sign("frame@a.b", asBytes("text"));
    REQUIRE(signature);
    CHECK(verify(key.publicKey(), "frame@a.b", asBytes("text"), *signature));

    for (std::string const other : {"", "正确 horse batter", "正确 horse battery ", "正确 Horse battery"}) {
        Error const error = refusalOf(file, other);
        CHECK(error.code == ErrorCode::Locked);
        CHECK(error.reason == "key.wrong-passphrase");
    }
}

TEST_CASE("an empty and a very long passphrase are passphrases like others", "[trust][keys]") {
    SecretKey const key = someKey(1);
    SeededRandom random(1);
    for (std::string const& passphrase : {std::string(), std::string(5000, 'x'), std::string("a\0b", 3)}) {
        Bytes const file = key.wrap(passphrase, random, kSmallMemory, 1);
        CHECK(SecretKey::unwrap(file, passphrase));
        CHECK_FALSE(SecretKey::unwrap(file, passphrase + "x"));
    }
}

TEST_CASE("a key file names its public key without being opened, and not the secret", "[trust][keys]") {
    auto const seed = fromHex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    SecretKey const key = SecretKey::fromSeed(std::span<std::uint8_t const, 32>(*seed));
    std::string const file = wrapped(key);
    auto const name = SecretKey::publicKeyOf(asBytes(file));
    REQUIRE(name);
    CHECK(*name == key.publicKey());
    CHECK(file.find(toHex(*seed)) == std::string::npos);
}

TEST_CASE("two wrappings of a key share neither salt nor nonce nor box", "[trust][keys]") {
    SecretKey const key = someKey(1);
    auto const first = json::parse(asBytes(asText(key.wrap(kPassphrase, systemRandom(), kSmallMemory, 1))));
    auto const second = json::parse(asBytes(asText(key.wrap(kPassphrase, systemRandom(), kSmallMemory, 1))));
    REQUIRE(first);
    REQUIRE(second);
    for (std::string_view const name : {"salt", "nonce", "box"}) {
        CHECK(*json::stringAt(*first->asObject(), name) != *json::stringAt(*second->asObject(), name));
    }
}

// Argon2 counts memory in KiB: files that differed in the bytes below one used to open all the same.
TEST_CASE("every prefix and every bit flip of a key file is refused", "[trust][keys]") {
    std::string const file = wrapped(someKey(1));
    forEachPrefix(file, [](std::string const& other) { CHECK_FALSE(SecretKey::unwrap(asBytes(other), kPassphrase)); });
    forEachBitFlip(file, [](std::string const& other) { CHECK_FALSE(SecretKey::unwrap(asBytes(other), kPassphrase)); });
}

TEST_CASE("a key file that asks for absurd work is refused before any work", "[trust][keys]") {
    std::string const file = wrapped(someKey(1));
    auto const start = std::chrono::steady_clock::now();
    std::int64_t const gibibyte = std::int64_t{1024} * 1024 * 1024;
    for (std::int64_t const memory : {4 * gibibyte, gibibyte + 1, std::int64_t{8191}, std::int64_t{8193},
                                      std::int64_t{0}, std::int64_t{-1}, json::kIntegerMax, -json::kIntegerMax}) {
        CHECK(refusalOf(with(file, "mem", memory)).reason == "key.kdf-limits");
    }
    for (std::int64_t const passes : {std::int64_t{1'000'000'000}, std::int64_t{17}, std::int64_t{0}, std::int64_t{-1},
                                      json::kIntegerMax, -json::kIntegerMax}) {
        CHECK(refusalOf(with(file, "ops", passes)).reason == "key.kdf-limits");
        CHECK(refusalOf(with(file, "ops", passes)).code == ErrorCode::Malformed);
    }
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(1));
}

TEST_CASE("a key file of another form is refused with a reason", "[trust][keys]") {
    SecretKey const key = someKey(1);
    std::string const file = wrapped(key);
    for (std::string_view const name : {"v", "kdf", "ops", "mem", "salt", "nonce", "box", "key"}) {
        INFO(name);
        CHECK(refusalOf(without(file, name)).reason == "key.form");
        CHECK(refusalOf(with(file, name, json::Array{})).reason == "key.form");
    }
    CHECK(refusalOf(with(file, "more", 1)).reason == "key.form");
    CHECK(refusalOf(with(file, "v", 2)).code == ErrorCode::Unsupported);
    CHECK(refusalOf(with(file, "kdf", "scrypt")).code == ErrorCode::Unsupported);
    CHECK(refusalOf(with(file, "salt", "00")).reason == "key.form");
    CHECK(refusalOf("[]").reason == "key.form");
    CHECK(refusalOf(std::string(5000, ' ')).code == ErrorCode::TooLarge);
    // The box opens, but the file says that somebody else's key is inside.
    Error const other = refusalOf(with(file, "key", someKey(2).publicKey().hex()));
    CHECK(other.code == ErrorCode::Damaged);
    CHECK(other.reason == "key.other-public-key");
}

TEST_CASE("the golden key file opens, and is what we would write", "[trust][keys][golden]") {
    Bytes const file = vectorBytes("golden/enrolment/key.json");
    std::string const passphrase = vectorText("golden/enrolment/passphrase.txt");
    Bytes const seed = vectorBytes("golden/enrolment/seed.bin");
    SecretKey const key = SecretKey::fromSeed(std::span<std::uint8_t const, 32>(seed));
    auto const opened = SecretKey::unwrap(file, passphrase);
    REQUIRE(opened);
    CHECK(opened->publicKey() == key.publicKey());
    CHECK_FALSE(SecretKey::unwrap(file, passphrase + " "));

    // Gives the golden file's salt, then its nonce.
    class Replayed final : public Random {
    public:
        explicit Replayed(Bytes bytes) : m_bytes(std::move(bytes)) {}
        void fill(std::span<std::uint8_t> out) override {
            REQUIRE(out.size() <= m_bytes.size());
            std::copy_n(m_bytes.begin(), out.size(), out.begin());
            m_bytes.erase(m_bytes.begin(), m_bytes.begin() + static_cast<std::ptrdiff_t>(out.size()));
        }

    private:
        Bytes m_bytes;
    };
    auto const parsed = json::parse(file);
    REQUIRE(parsed);
    auto const drawn =
        fromHex(*json::stringAt(*parsed->asObject(), "salt") + *json::stringAt(*parsed->asObject(), "nonce"));
    REQUIRE(drawn);
    Replayed random(*drawn);
    CHECK(asText(key.wrap(passphrase, random)) == asText(file));
}
