// Ed25519 signatures in OpenSSH's SSHSIG structure (openssh PROTOCOL.sshsig): what `ssh-keygen -Y verify` accepts.
//
// Only one form exists here: version 1, SHA-512, Ed25519, empty `reserved`. The namespace says what a signature is for
// (`approve@qa.example.edu.cn`), so that one kind never serves as another, and the signed text always begins with
// "SSHSIG", so that nothing else can be signed by mistake. We store the 64 raw bytes; the armour is rebuilt on export.
#pragma once

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"

#include <string>
#include <string_view>

namespace spiral::trust {

using PublicKey = Token<struct PublicKeyTag, 32>;
using Signature = Token<struct SignatureTag, 64>;

/// SHA-256 of the raw key: the device's name.
[[nodiscard]] DeviceId deviceIdOf(PublicKey const& key);

/// False for points of small order and non-canonical encodings (crypto_core_ed25519_is_valid_point). A key that fails
/// is refused at enrolment and never reaches verify().
[[nodiscard]] bool isAcceptableKey(PublicKey const& key) noexcept;

/// The bytes that Ed25519 signs: "SSHSIG" ‖ str(namespace) ‖ str("") ‖ str("sha512") ‖ str(SHA-512(message)), where str
/// is a 4-byte big-endian length and the bytes.
[[nodiscard]] Bytes signedText(std::string_view nameSpace, ByteView message);

/// True iff `signature` is `key`'s over `message` in `nameSpace`. False, quickly, for anything else.
[[nodiscard]] bool verify(PublicKey const& key, std::string_view nameSpace, ByteView message, Signature const& signature);

/// `approve@qa.example.edu.cn` from a kind (with or without its version) and the college's domain.
[[nodiscard]] std::string nameSpaceFor(std::string_view kind, std::string_view domain);

/// The "-----BEGIN SSH SIGNATURE-----" text that ssh-keygen reads, lines of 70 characters, ending in a newline.
[[nodiscard]] std::string armour(PublicKey const& key, std::string_view nameSpace, Signature const& signature);

struct DetachedSignature {
    PublicKey key;
    std::string nameSpace;
    Signature signature;
};
inline constexpr std::size_t kArmourBytesMax = 16 * 1024;
/// Reads an armoured signature. Refused by name: other algorithms ("sshsig.algorithm"), hashes ("sshsig.hash"),
/// versions ("sshsig.version"), non-empty reserved field, empty namespace, wrong lengths, trailing bytes.
[[nodiscard]] Result<DetachedSignature> parseArmour(std::string_view text);

/// `ssh-ed25519 AAAA…`, the form of public keys in files of OpenSSH.
[[nodiscard]] std::string toSshPublicKey(PublicKey const& key);
[[nodiscard]] Result<PublicKey> parseSshPublicKey(std::string_view text);

}  // namespace spiral::trust
