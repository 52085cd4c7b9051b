#include "trust/enrolment.h"

#include "base/json.h"
#include "base/sha256.h"
#include "vectors.h"

#include <catch2/catch.hpp>

#include <optional>

using namespace spiral;
using namespace spiral::trust;

namespace {

SecretKey someKey(std::uint64_t seed) {
    SeededRandom random(seed);
    return SecretKey::generate(random);
}

Instant const kExpires = *parseInstant("2026-03-09T14:05:11.123Z");
Instant const kNow = *parseInstant("2026-03-02T14:05:11.123Z");

Invitation someInvitation(std::uint64_t seed = 1) {
    SeededRandom random(seed);
    Invitation invitation;
    invitation.school = random.token<SchoolId>();
    invitation.domain = "qa.example.edu.cn";
    invitation.code = random.token<decltype(Invitation::code)>();
    invitation.expires = kExpires;
    invitation.person = *PersonId::parse(random.token<Nonce>().hex());
    invitation.roles = {Role{"head", Scope::unit("jwc")}, Role{"clerk", Scope::college()}};
    invitation.server = Invitation::Server{"spiral://qa.example.edu.cn:7443", someKey(100).publicKey()};
    return invitation;
}

std::string requestFor(std::string const& invitation, SecretKey& key) {
    auto request = makeJoinRequest(asBytes(invitation), key);
    REQUIRE(request);
    return *std::move(request);
}

std::string with(std::string const& text, std::string_view name, json::Value value) {
    auto parsed = json::parse(text);
    REQUIRE(parsed);
    parsed->asObject()->set(name, std::move(value));
    return json::encode(*parsed);
}
std::string without(std::string const& text, std::string_view name) {
    auto parsed = json::parse(text);
    REQUIRE(parsed);
    parsed->asObject()->erase(name);
    return json::encode(*parsed);
}
/// The request with one member replaced, signed again by `key`: only the signature is in order.
std::string resigned(std::string const& request, std::string_view name, json::Value value, SecretKey& key) {
    std::string const unsignedText = without(with(request, name, std::move(value)), "sig");
    auto const signature = key.sign("join@qa.example.edu.cn", asBytes(unsignedText));
    REQUIRE(signature);
    return with(unsignedText, "sig", signature->hex());
}

std::string refusalOfInvitation(std::string const& text) {
    auto const decoded = decodeInvitation(asBytes(text));
    return decoded ? "accepted" : decoded.error().reason;
}
std::string refusalOf(std::string const& request, std::string const& invitation, Instant now = kNow) {
    auto const checked = checkJoinRequest(asBytes(request), asBytes(invitation), now);
    return checked ? "accepted" : checked.error().reason;
}

}  // namespace

TEST_CASE("an invitation reads back as it was written", "[trust][enrolment]") {
    Invitation invitation = someInvitation();
    auto decoded = decodeInvitation(asBytes(encode(invitation)));
    REQUIRE(decoded);
    CHECK(*decoded == invitation);
    invitation.server.reset();
    invitation.person = PersonId();
    invitation.roles.clear();
    decoded = decodeInvitation(asBytes(encode(invitation)));
    REQUIRE(decoded);
    CHECK(*decoded == invitation);
}

TEST_CASE("an invitation of another form is refused with the field's name", "[trust][enrolment]") {
    std::string const text = encode(someInvitation());
    for (std::string const name : {"v", "school", "domain", "code", "expires", "roles"}) {
        CHECK(refusalOfInvitation(without(text, name)) == "invitation." + name);
    }
    for (std::string const name : {"v", "school", "domain", "code", "expires", "person", "roles", "server"}) {
        INFO(name);
        CHECK(refusalOfInvitation(with(text, name, true)) == "invitation." + name);
        CHECK(refusalOfInvitation(with(text, name, "")) == "invitation." + name);
    }
    CHECK(refusalOfInvitation(with(text, "v", 2)) == "newer.version");
    CHECK(refusalOfInvitation(with(text, "more", 1)) == "invitation.unknown-member");
    CHECK(refusalOfInvitation(with(text, "expires", "2026-02-30T00:00:00.000Z")) == "invitation.expires");
    for (char const* const domain : {"QA.example", "a b", "a@b", ".a", "a.", "学校", "a\"b", "a\nb"}) {
        CHECK(refusalOfInvitation(with(text, "domain", domain)) == "invitation.domain");
    }
    CHECK(refusalOfInvitation(with(text, "domain", std::string(254, 'a'))) == "invitation.domain");
    json::Object const role{{"role", "head"}, {"scope", "unit/jwc"}};
    CHECK(refusalOfInvitation(with(text, "roles", json::Array{role})) == "accepted");
    CHECK(refusalOfInvitation(with(text, "roles", json::Array{role, role})) == "invitation.roles");
    CHECK(refusalOfInvitation(with(text, "roles", json::Array{json::Object{{"role", "head"}}})) == "invitation.roles");
    CHECK(refusalOfInvitation(with(text, "roles", json::Array(65, json::Value(role)))) == "invitation.roles");
    json::Object const smallOrder{{"key", std::string(64, '0')}, {"url", "spiral://a:1"}};
    CHECK(refusalOfInvitation(with(text, "server", smallOrder)) == "invitation.server");
    for (char const* const url : {"https://a:1", "spiral://", "spiral://a b", "spiral://a\n"}) {
        json::Object const server{{"key", someKey(1).publicKey().hex()}, {"url", url}};
        CHECK(refusalOfInvitation(with(text, "server", server)) == "invitation.server");
    }
    CHECK(refusalOfInvitation("[]") == "invitation.v");
    CHECK(refusalOfInvitation(std::string(kInvitationBytesMax + 1, ' ')) == "json.too-large");
}

TEST_CASE("every prefix of an invitation is refused and every bit flip is refused or another", "[trust][enrolment]") {
    Invitation const invitation = someInvitation();
    std::string const text = encode(invitation);
    forEachPrefix(text, [](std::string const& other) { CHECK_FALSE(decodeInvitation(asBytes(other))); });
    forEachBitFlip(text, [&](std::string const& other) {
        auto const decoded = decodeInvitation(asBytes(other));
        CHECK((!decoded || (*decoded != invitation && encode(*decoded) == other)));
    });
}

TEST_CASE("a request made for an invitation is accepted for it", "[trust][enrolment]") {
    SecretKey key = someKey(1);
    std::string const invitation = encode(someInvitation());
    std::string const request = requestFor(invitation, key);
    auto const checked = checkJoinRequest(asBytes(request), asBytes(invitation), kNow);
    REQUIRE(checked);
    CHECK(checked->key == key.publicKey());
    CHECK(checked->person == someInvitation().person);
    CHECK(checked->invitation == sha256(asBytes(invitation)));
    CHECK(decodeJoinRequest(asBytes(request)));
    CHECK(verifyJoinRequest(asBytes(request), "qa.example.edu.cn"));
    CHECK_FALSE(verifyJoinRequest(asBytes(request), "qa.example.edu"));
}

TEST_CASE("an invitation expires at its moment, not before", "[trust][enrolment]") {
    SecretKey key = someKey(1);
    std::string const invitation = encode(someInvitation());
    std::string const request = requestFor(invitation, key);
    CHECK(refusalOf(request, invitation, kExpires - std::chrono::milliseconds(1)) == "accepted");
    CHECK(refusalOf(request, invitation, kExpires) == "enrolment.expired");
}

TEST_CASE("a request for another invitation is refused", "[trust][enrolment]") {
    SecretKey key = someKey(1);
    Invitation other = someInvitation();
    other.expires += std::chrono::hours(1);
    std::string const request = requestFor(encode(other), key);
    CHECK(refusalOf(request, encode(someInvitation())) == "enrolment.other-invitation");
}

TEST_CASE("who does not know the code is refused", "[trust][enrolment]") {
    SecretKey key = someKey(1);
    std::string const invitation = encode(someInvitation());
    // Knows all of the invitation but its code: claims its hash, and proves some other code.
    Invitation guessed = someInvitation();
    guessed.code.raw[9] ^= 1U;
    std::string const guess = requestFor(encode(guessed), key);
    CHECK(refusalOf(resigned(guess, "invitation", sha256(asBytes(invitation)).hex(), key), invitation) ==
          "enrolment.wrong-code");
}

TEST_CASE("a proof made for one key does not serve another", "[trust][enrolment]") {
    SecretKey honest = someKey(1);
    SecretKey thief = someKey(2);
    std::string const invitation = encode(someInvitation());
    std::string const request = requestFor(invitation, honest);
    // The thief saw the request, not the invitation's code.
    CHECK(refusalOf(with(request, "key", thief.publicKey().hex()), invitation) == "enrolment.signature");
    CHECK(refusalOf(resigned(request, "key", thief.publicKey().hex(), thief), invitation) == "enrolment.wrong-code");
    CHECK(refusalOf(resigned(request, "person", std::string(32, 'a'), honest), invitation) == "enrolment.other-person");
    CHECK(refusalOf(with(request, "key", std::string(64, '0')), invitation) == "enrolment.key");
}

TEST_CASE("a request of another form is refused with the field's name", "[trust][enrolment]") {
    SecretKey key = someKey(1);
    std::string const request = requestFor(encode(someInvitation()), key);
    auto const reasonOf = [](std::string const& text) {
        auto const decoded = decodeJoinRequest(asBytes(text));
        return decoded ? std::string("accepted") : decoded.error().reason;
    };
    for (std::string const name : {"v", "invitation", "person", "key", "proof", "sig"}) {
        CHECK(reasonOf(without(request, name)) == "request." + name);
        CHECK(reasonOf(with(request, name, "x")) == "request." + name);
    }
    CHECK(reasonOf(with(request, "more", 1)) == "request.unknown-member");
    CHECK(reasonOf(with(request, "v", 2)) == "newer.version");
    CHECK(reasonOf(std::string(kRequestBytesMax + 1, ' ')) == "json.too-large");
}

TEST_CASE("every prefix and every bit flip of a request is refused", "[trust][enrolment]") {
    SecretKey key = someKey(1);
    std::string const invitation = encode(someInvitation());
    std::string const request = requestFor(invitation, key);
    forEachPrefix(request, [&](std::string const& other) { CHECK(refusalOf(other, invitation) != "accepted"); });
    forEachBitFlip(request, [&](std::string const& other) {
        CHECK(refusalOf(other, invitation) != "accepted");
        CHECK_FALSE(verifyJoinRequest(asBytes(other), "qa.example.edu.cn"));
    });
}

TEST_CASE("a hub invited without a person joins under its device's name", "[trust][enrolment]") {
    SecretKey key = someKey(1);
    Invitation hub = someInvitation();
    hub.person = PersonId();
    std::string const invitation = encode(hub);
    std::string const request = requestFor(invitation, key);
    auto const checked = checkJoinRequest(asBytes(request), asBytes(invitation), kNow);
    REQUIRE(checked);
    CHECK(checked->person == PersonId::fromDevice(deviceIdOf(key.publicKey())));
    CHECK(refusalOf(resigned(request, "person", std::string(32, 'a'), key), invitation) == "enrolment.other-person");
}

TEST_CASE("a request for a broken invitation is not made", "[trust][enrolment]") {
    SecretKey key = someKey(1);
    CHECK_FALSE(makeJoinRequest(asBytes("{}"), key));
    SecretKey const taken = std::move(key);
    auto const refused =
        makeJoinRequest(asBytes(encode(someInvitation())), key);  // NOLINT(bugprone-use-after-move): the point
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::Locked);
}

TEST_CASE("digits have six groups of five and depend on school and request", "[trust][enrolment]") {
    SchoolId const school = someInvitation().school;
    auto const groups = digitsOf(school, asBytes("request"));
    for (std::string const& group : groups) {
        CHECK(group.size() == 5);
        CHECK(group.find_first_not_of("0123456789") == std::string::npos);
    }
    CHECK(digitsOf(school, asBytes("request")) == groups);
    CHECK(digitsOf(school, asBytes("request.")) != groups);
    CHECK(digitsOf(someInvitation(2).school, asBytes("request")) != groups);
}

TEST_CASE("typed digits match whatever spaces and hyphens stand between, and nothing else", "[trust][enrolment]") {
    std::array<std::string, 6> const groups{"12345", "00000", "67890", "00001", "99999", "54321"};
    CHECK(digitsText(groups) == "12345 00000 67890 00001 99999 54321");
    CHECK(digitsMatch(groups, digitsText(groups)));
    CHECK(digitsMatch(groups, "123450000067890000019999954321"));
    CHECK(digitsMatch(groups, " 12345-00000-67890 - 00001 99999 5-4-3-2-1 "));
    CHECK_FALSE(digitsMatch(groups, ""));
    CHECK_FALSE(digitsMatch(groups, "12345 00000 67890 00001 99999 5432"));
    CHECK_FALSE(digitsMatch(groups, "12345 00000 67890 00001 99999 543211"));
    CHECK_FALSE(digitsMatch(groups, "12345 0 67890 1 99999 54321"));
    CHECK_FALSE(digitsMatch(groups, "12345\t00000 67890 00001 99999 54321"));
    CHECK_FALSE(digitsMatch(groups, "12345,00000,67890,00001,99999,54321"));
    CHECK_FALSE(digitsMatch(groups, "12345 00000 67890 00001 99999 54322"));
    CHECK_FALSE(digitsMatch(groups, "00000 12345 67890 00001 99999 54321"));
}

TEST_CASE("the golden enrolment is read, and is what we would write", "[trust][enrolment][golden]") {
    Bytes const seed = vectorBytes("golden/enrolment/seed.bin");
    SecretKey key = SecretKey::fromSeed(std::span<std::uint8_t const, 32>(seed));
    for (std::string const prefix : {"", "hub-"}) {
        INFO(prefix);
        std::string const text = vectorText("golden/enrolment/" + prefix + "invitation.json");
        auto const invitation = decodeInvitation(asBytes(text));
        REQUIRE(invitation);
        CHECK(encode(*invitation) == text);
        CHECK(invitation->expires == kExpires);
        CHECK(invitation->person.empty() == (prefix == "hub-"));
        std::string const request = vectorText("golden/enrolment/" + prefix + "request.json");
        CHECK(requestFor(text, key) == request);
        CHECK(refusalOf(request, text) == "accepted");
    }
    auto const invitation = decodeInvitation(vectorBytes("golden/enrolment/invitation.json"));
    auto const groups = digitsOf(invitation->school, vectorBytes("golden/enrolment/request.json"));
    CHECK(digitsText(groups) + "\n" == vectorText("golden/enrolment/digits.txt"));
    // Nor do they change by changing both the program and that file.
    CHECK(digitsText(groups) == "34158 09286 16690 21777 51746 44930");
}
