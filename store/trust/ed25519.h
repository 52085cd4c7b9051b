// libsodium's Ed25519 and SHA-512, for the sources of this folder and their tests only: everyone else signs and
// verifies SSHSIG texts, so that no other bytes can be signed by mistake.
#pragma once

#include "base/bytes.h"
#include "trust/signature.h"

#include <array>
#include <string_view>

namespace spiral::trust::ed25519 {

using Hash512 = std::array<std::uint8_t, 64>;

/// Starts libsodium, once; any thread may call it at any time. Every source here that uses libsodium calls it first.
void prepare() noexcept;

/// True iff `signature` is `key`'s over exactly these bytes. Keys and points R of small order, non-canonical encodings
/// and S ≥ L are refused, so a signature has no second form.
[[nodiscard]] bool verifyRaw(PublicKey const& key, ByteView text, Signature const& signature) noexcept;

[[nodiscard]] Hash512 sha512(ByteView message) noexcept;

/// signedText() of a message that is known by its hash alone.
[[nodiscard]] Bytes signedTextOfHash(std::string_view nameSpace, Hash512 const& hash);

}  // namespace spiral::trust::ed25519
