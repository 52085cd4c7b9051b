// Secret keys: made once on a device, kept in locked memory, written only wrapped by a passphrase.
#pragma once

#include "base/files.h"
#include "base/random.h"
#include "base/result.h"
#include "trust/signature.h"

#include <memory>
#include <string_view>

namespace spiral::trust {

/// Whoever can sign for a device: a key in this process, or the unlock agent that holds it in another.
class Signer {
public:
    virtual ~Signer() = default;
    [[nodiscard]] virtual PublicKey const& publicKey() const noexcept = 0;
    /// Signs signedText(nameSpace, message). Locked when the key is no longer available.
    [[nodiscard]] virtual Result<Signature> sign(std::string_view nameSpace, ByteView message) = 0;
};

/// An Ed25519 secret key in sodium_malloc'ed, locked memory, zeroed on destruction. Moved, never copied or printed.
class SecretKey final : public Signer {
public:
    static constexpr std::size_t kSeedBytes = 32;
    [[nodiscard]] static SecretKey generate(Random& random);
    [[nodiscard]] static SecretKey fromSeed(std::span<std::uint8_t const, kSeedBytes> seed);
    SecretKey(SecretKey&&) noexcept;
    SecretKey& operator=(SecretKey&&) noexcept;
    ~SecretKey() override;

    [[nodiscard]] PublicKey const& publicKey() const noexcept override { return m_public; }
    [[nodiscard]] Result<Signature> sign(std::string_view nameSpace, ByteView message) override;

    /// The key file's bytes: strict JSON {v, kdf "argon2id13", ops, mem, salt, nonce, box, key}; `box` is the
    /// crypto_secretbox of the seed under Argon2id(passphrase), `key` the public key. 64 MiB and 2 passes unless told;
    /// REQUIRES: limits that unwrap() takes. Throws std::bad_alloc where the machine has not that much memory.
    [[nodiscard]] Bytes wrap(std::string_view passphrase, Random& random, std::size_t memoryBytes = 64 * 1024 * 1024,
                             unsigned passes = 2) const;
    /// Locked ("key.wrong-passphrase") if it does not open; Malformed if the file is not of the form or asks for more
    /// than 1 GiB or 16 passes, or for no whole KiB; Damaged if the public key beside the box is not that of the seed
    /// inside.
    [[nodiscard]] static Result<SecretKey> unwrap(ByteView file, std::string_view passphrase);
    /// The public key named in a wrapped file, without opening it.
    [[nodiscard]] static Result<PublicKey> publicKeyOf(ByteView file);

private:
    struct Locked;
    friend class KeyHolder;  // the unlock agent's side, see agent.h
    SecretKey(std::unique_ptr<Locked> secret, PublicKey key);
    std::unique_ptr<Locked> m_secret;
    PublicKey m_public;
};

}  // namespace spiral::trust
