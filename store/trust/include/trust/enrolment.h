// How a device joins a college: invitation → request → six groups of five digits read aloud → enrolled.
#pragma once

#include "base/clock.h"
#include "base/ids.h"
#include "base/random.h"
#include "base/result.h"
#include "trust/keys.h"
#include "trust/objects.h"
#include "trust/signature.h"

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace spiral::trust {

inline constexpr std::size_t kInvitationBytesMax = 16 * 1024;
inline constexpr std::size_t kRequestBytesMax = 16 * 1024;
inline constexpr std::chrono::days kInvitationValid{7};

/// Strict JSON {v, school, domain, code (20 hex), expires, person, roles [{role, scope}], server? {url, key}}; nothing
/// else may stand in it. An empty `person` is left out: the invitation of a server or hub, whose person is its device.
struct Invitation {
    SchoolId school;
    std::string domain;
    Token<struct CodeTag, 10> code;  ///< one-time, 80 bits
    Instant expires{};
    PersonId person;
    std::vector<Role> roles;
    struct Server {
        std::string url;
        PublicKey key;
        friend bool operator==(Server const&, Server const&) = default;
    };
    std::optional<Server> server;
    friend bool operator==(Invitation const&, Invitation const&) = default;
};
/// `spiral://` and something printable behind it, at most 255 bytes; whether anybody answers there is not asked.
[[nodiscard]] bool isServerUrl(std::string_view text);
[[nodiscard]] std::string encode(Invitation const& invitation);
[[nodiscard]] Result<Invitation> decodeInvitation(ByteView bytes);

/// Strict JSON {v, invitation (SHA-256 of its bytes), person, key, proof, sig}: `proof` is the HMAC-SHA-256 of the raw
/// key under the raw code; `sig` is in `join@<domain>` over the bytes without `sig`.
struct JoinRequest {
    Sha256 invitation;
    PersonId person;
    PublicKey key;
    Sha256 proof;
    Signature signature;
    friend bool operator==(JoinRequest const&, JoinRequest const&) = default;
};
/// The bytes of a request by the holder of `key` for the invitation with these bytes.
[[nodiscard]] Result<std::string> makeJoinRequest(ByteView invitationBytes, Signer& key);
/// Form only; needs no invitation.
[[nodiscard]] Result<JoinRequest> decodeJoinRequest(ByteView bytes);
/// Form, key, signature, proof of the code, and that it answers this invitation, which has not expired at `now`.
[[nodiscard]] Result<JoinRequest> checkJoinRequest(ByteView bytes, ByteView invitationBytes, Instant now);
/// The signature alone, for those who hold the request inside a `device` entry but no invitation.
[[nodiscard]] bool verifyJoinRequest(ByteView bytes, std::string_view domain);

/// h = SHA-256("spiral-digits" ‖ raw school ‖ SHA-256(request)); group i = big-endian h[5i…5i+4] mod 100000.
[[nodiscard]] std::array<std::string, 6> digitsOf(SchoolId const& school, ByteView requestBytes);
/// "12345 67890 …", the six groups joined by spaces.
[[nodiscard]] std::string digitsText(std::array<std::string, 6> const& groups);
/// Compares what a person typed; spaces and hyphens do not count.
[[nodiscard]] bool digitsMatch(std::array<std::string, 6> const& groups, std::string_view typed);

}  // namespace spiral::trust
