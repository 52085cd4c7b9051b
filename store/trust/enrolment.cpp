#include "trust/enrolment.h"

#include "base/json.h"
#include "base/sha256.h"
#include "ed25519.h"

#include <sodium.h>

#include <algorithm>
#include <cstdio>

namespace spiral::trust {
namespace {

using Code = decltype(Invitation::code);

constexpr std::string_view kDigitsPrefix = "spiral-digits";
constexpr std::size_t kDomainBytesMax = 253;  // of a DNS name
constexpr std::size_t kUrlBytesMax = 255;
constexpr std::size_t kRolesMax = 64;
constexpr std::string_view kUrlScheme = "spiral://";

Error invitationError(std::string_view field) {
    return makeError(ErrorCode::Malformed, "invitation." + std::string(field));
}
Error requestError(std::string_view field) { return makeError(ErrorCode::Malformed, "request." + std::string(field)); }

/// The one object of some bytes, of version 1; `what` begins the reasons.
Result<json::Object> parseVersionOne(ByteView bytes, std::size_t bytesMax, std::string_view what) {
    auto parsed = json::parse(bytes, bytesMax);
    if (!parsed) return std::move(parsed).error();
    json::Object* const object = parsed->asObject();
    std::int64_t const* const version = object == nullptr ? nullptr : json::integerAt(*object, "v");
    if (version == nullptr) return makeError(ErrorCode::Malformed, std::string(what) + ".v");
    if (*version != 1) return makeError(ErrorCode::Unsupported, "newer.version");
    return std::move(*object);
}

template <class Id>
std::optional<Id> tokenAt(json::Object const& object, std::string_view name) {
    std::string const* const hex = json::stringAt(object, name);
    return hex == nullptr ? std::nullopt : Id::fromHex(*hex);
}

/// Lower-case letters, digits, dots and hyphens: what may stand behind the '@' of a name space.
bool isDomain(std::string_view text) {
    auto const isPlain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    auto const isInner = [isPlain](char c) { return isPlain(c) || c == '.' || c == '-'; };
    return !text.empty() && text.size() <= kDomainBytesMax && isPlain(text.front()) && isPlain(text.back()) &&
           std::all_of(text.begin(), text.end(), isInner);
}

std::optional<Role> roleFrom(json::Value const& value) {
    json::Object const* const object = value.asObject();
    if (object == nullptr || object->size() != 2) return std::nullopt;
    std::string const* const name = json::stringAt(*object, "role");
    std::string const* const scope = json::stringAt(*object, "scope");
    if (name == nullptr || scope == nullptr) return std::nullopt;
    return Role::parse(*name + "@" + *scope);
}

std::optional<std::vector<Role>> rolesFrom(json::Array const& array) {
    if (array.size() > kRolesMax) return std::nullopt;
    std::vector<Role> roles;
    for (json::Value const& value : array) {
        auto role = roleFrom(value);
        if (!role || std::find(roles.begin(), roles.end(), *role) != roles.end()) return std::nullopt;
        roles.push_back(*std::move(role));
    }
    return roles;
}

std::optional<Invitation::Server> serverFrom(json::Value const& value) {
    json::Object const* const object = value.asObject();
    if (object == nullptr || object->size() != 2) return std::nullopt;
    std::string const* const url = json::stringAt(*object, "url");
    auto const key = tokenAt<PublicKey>(*object, "key");
    if (url == nullptr || !isServerUrl(*url) || !key || !isAcceptableKey(*key)) return std::nullopt;
    return Invitation::Server{*url, *key};
}

/// HMAC-SHA-256 of the raw key under the raw code: only who holds the invitation can make it, and it fits no other key.
Sha256 proofOf(Code const& code, PublicKey const& key) {
    ed25519::prepare();
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, code.raw.data(), code.size);
    crypto_auth_hmacsha256_update(&state, key.raw.data(), key.size);
    Sha256 proof;
    crypto_auth_hmacsha256_final(&state, proof.raw.data());
    return proof;
}

json::Object withoutSignature(JoinRequest const& request) {
    return {{"v", 1},
            {"invitation", request.invitation.hex()},
            {"person", request.person.text()},
            {"key", request.key.hex()},
            {"proof", request.proof.hex()}};
}

/// Who joins: the invited person; or, where none is named, a server or hub, which bears its own device's name.
PersonId joiningPerson(Invitation const& invitation, PublicKey const& key) {
    return invitation.person.empty() ? PersonId::fromDevice(deviceIdOf(key)) : invitation.person;
}

bool isSignedByItsKey(JoinRequest const& request, std::string_view domain) {
    std::string const text = json::encode(withoutSignature(request));
    return isAcceptableKey(request.key) &&
           verify(request.key, nameSpaceFor("join", domain), asBytes(text), request.signature);
}

}  // namespace

bool isServerUrl(std::string_view text) {
    auto const isVisible = [](char c) { return c > ' ' && c <= '~'; };
    return text.starts_with(kUrlScheme) && text.size() > kUrlScheme.size() && text.size() <= kUrlBytesMax &&
           std::all_of(text.begin(), text.end(), isVisible);
}

std::string encode(Invitation const& invitation) {
    json::Array roles;
    for (Role const& role : invitation.roles) {
        roles.emplace_back(json::Object{{"role", role.name}, {"scope", role.scope.text()}});
    }
    json::Object object{{"v", 1},
                        {"school", invitation.school.hex()},
                        {"domain", invitation.domain},
                        {"code", invitation.code.hex()},
                        {"expires", toText(invitation.expires)},
                        {"roles", std::move(roles)}};
    if (!invitation.person.empty()) object.set("person", invitation.person.text());
    if (invitation.server) {
        object.set("server", json::Object{{"url", invitation.server->url}, {"key", invitation.server->key.hex()}});
    }
    return json::encode(object);
}

Result<Invitation> decodeInvitation(ByteView bytes) {
    auto const object = parseVersionOne(bytes, kInvitationBytesMax, "invitation");
    if (!object) return object.error();

    Invitation invitation;
    std::size_t members = 6;
    auto const school = tokenAt<SchoolId>(*object, "school");
    if (!school) return invitationError("school");
    invitation.school = *school;

    std::string const* const domain = json::stringAt(*object, "domain");
    if (domain == nullptr || !isDomain(*domain)) return invitationError("domain");
    invitation.domain = *domain;

    auto const code = tokenAt<Code>(*object, "code");
    if (!code) return invitationError("code");
    invitation.code = *code;

    std::string const* const expires = json::stringAt(*object, "expires");
    auto const instant = expires == nullptr ? std::nullopt : parseInstant(*expires);
    if (!instant) return invitationError("expires");
    invitation.expires = *instant;

    if (json::Value const* const value = object->find("person")) {
        auto const person = value->asString() == nullptr ? std::nullopt : PersonId::parse(*value->asString());
        if (!person) return invitationError("person");
        invitation.person = *person;
        ++members;
    }

    json::Array const* const array = json::arrayAt(*object, "roles");
    auto roles = array == nullptr ? std::nullopt : rolesFrom(*array);
    if (!roles) return invitationError("roles");
    invitation.roles = *std::move(roles);

    if (json::Value const* const value = object->find("server")) {
        invitation.server = serverFrom(*value);
        if (!invitation.server) return invitationError("server");
        ++members;
    }
    if (object->size() != members) return invitationError("unknown-member");
    return invitation;
}

Result<std::string> makeJoinRequest(ByteView invitationBytes, Signer& key) {
    auto const invitation = decodeInvitation(invitationBytes);
    if (!invitation) return invitation.error();
    JoinRequest request;
    request.invitation = sha256(invitationBytes);
    request.key = key.publicKey();
    request.person = joiningPerson(*invitation, request.key);
    request.proof = proofOf(invitation->code, request.key);
    json::Object object = withoutSignature(request);
    auto const signature = key.sign(nameSpaceFor("join", invitation->domain), asBytes(json::encode(object)));
    if (!signature) return signature.error();
    object.set("sig", signature->hex());
    return json::encode(object);
}

Result<JoinRequest> decodeJoinRequest(ByteView bytes) {
    auto const object = parseVersionOne(bytes, kRequestBytesMax, "request");
    if (!object) return object.error();
    auto const invitation = tokenAt<Sha256>(*object, "invitation");
    if (!invitation) return requestError("invitation");
    std::string const* const text = json::stringAt(*object, "person");
    auto const person = text == nullptr ? std::nullopt : PersonId::parse(*text);
    if (!person) return requestError("person");
    auto const key = tokenAt<PublicKey>(*object, "key");
    if (!key) return requestError("key");
    auto const proof = tokenAt<Sha256>(*object, "proof");
    if (!proof) return requestError("proof");
    auto const signature = tokenAt<Signature>(*object, "sig");
    if (!signature) return requestError("sig");
    // Its signature covers exactly the members above, so nothing unsigned may travel beside them.
    if (object->size() != 6) return requestError("unknown-member");
    return JoinRequest{*invitation, *person, *key, *proof, *signature};
}

Result<JoinRequest> checkJoinRequest(ByteView bytes, ByteView invitationBytes, Instant now) {
    auto const invitation = decodeInvitation(invitationBytes);
    if (!invitation) return invitation.error();
    auto request = decodeJoinRequest(bytes);
    if (!request) return request;
    if (now >= invitation->expires) {
        return makeError(ErrorCode::Refused, "enrolment.expired",
                         "The invitation expired at " + toText(invitation->expires) + ".");
    }
    if (request->invitation != sha256(invitationBytes)) {
        return makeError(ErrorCode::Refused, "enrolment.other-invitation",
                         "The request answers the invitation " + request->invitation.hex() + ".");
    }
    if (!isAcceptableKey(request->key)) return makeError(ErrorCode::Refused, "enrolment.key");
    if (request->person != joiningPerson(*invitation, request->key)) {
        return makeError(ErrorCode::Refused, "enrolment.other-person");
    }
    if (!isSignedByItsKey(*request, invitation->domain)) {
        return makeError(ErrorCode::BadSignature, "enrolment.signature");
    }
    Sha256 const proof = proofOf(invitation->code, request->key);
    if (sodium_memcmp(proof.raw.data(), request->proof.raw.data(), proof.size) != 0) {
        return makeError(ErrorCode::Refused, "enrolment.wrong-code");
    }
    return request;
}

bool verifyJoinRequest(ByteView bytes, std::string_view domain) {
    auto const request = decodeJoinRequest(bytes);
    return request && isSignedByItsKey(*request, domain);
}

std::array<std::string, 6> digitsOf(SchoolId const& school, ByteView requestBytes) {
    Sha256Stream stream;
    stream.add(asBytes(kDigitsPrefix));
    stream.add(school.view());
    stream.add(sha256(requestBytes).view());
    Sha256 const hash = stream.finish();

    std::array<std::string, 6> groups;
    for (std::size_t group = 0; group < groups.size(); ++group) {
        std::uint64_t number = 0;
        for (std::size_t byte = 0; byte < 5; ++byte) number = (number << 8U) | hash.raw[5 * group + byte];
        std::string const digits = std::to_string(number % 100000);
        groups[group] = std::string(5 - digits.size(), '0') + digits;
    }
    return groups;
}

std::string digitsText(std::array<std::string, 6> const& groups) {
    std::string text;
    for (std::string const& group : groups) {
        if (!text.empty()) text += ' ';
        text += group;
    }
    return text;
}

bool digitsMatch(std::array<std::string, 6> const& groups, std::string_view typed) {
    std::string expected;
    for (std::string const& group : groups) expected += group;
    std::string digits;
    std::copy_if(typed.begin(), typed.end(), std::back_inserter(digits), [](char c) { return c != ' ' && c != '-'; });
    return digits == expected;
}

}  // namespace spiral::trust
