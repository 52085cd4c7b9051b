// The inside of SecretKey, shared by its own source and by the unlock agent.
#pragma once

#include "ed25519.h"
#include "locked_memory.h"
#include "trust/keys.h"

#include <sodium.h>

namespace spiral::trust {

struct SecretKey::Locked {
    LockedBytes<crypto_sign_SECRETKEYBYTES> bytes;  ///< the seed, then the public key, as libsodium wants it
};

/// What the agent may do with the key it holds beyond what everybody may: sign a message that only its client has,
/// known by its hash, and lock the memory again in the process that it was forked into.
class KeyHolder {
public:
    /// REQUIRES: `key` was not moved from.
    [[nodiscard]] static Signature sign(SecretKey const& key, std::string_view nameSpace, ed25519::Hash512 const& hash);
    static void lockAfterFork(SecretKey& key) noexcept { key.m_secret->bytes.lockAfterFork(); }
};

}  // namespace spiral::trust
