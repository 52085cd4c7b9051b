#include "trust/keys.h"

#include "base/json.h"
#include "secret_key.h"

#include <algorithm>
#include <limits>
#include <new>
#include <optional>

namespace spiral::trust {
namespace {

// A key file has some 430 bytes; the limit leaves room and keeps a wrong file from being read at all.
constexpr std::size_t kKeyFileBytesMax = 4 * 1024;
constexpr std::string_view kDerivation = "argon2id13";
// More than this is an attack on the machine, not a careful person: a minute and most of the memory of an old computer.
constexpr std::int64_t kMemoryBytesMax = std::int64_t{1024} * 1024 * 1024;
constexpr std::int64_t kPassesMax = 16;
constexpr std::int64_t kMemoryBytesMin = crypto_pwhash_argon2id_MEMLIMIT_MIN;
// Argon2 counts in KiB. A number between would be another file that opens to the same key.
constexpr std::int64_t kMemoryUnit = 1024;
constexpr std::int64_t kPassesMin = crypto_pwhash_argon2id_OPSLIMIT_MIN;

using Salt = Token<struct SaltTag, crypto_pwhash_argon2id_SALTBYTES>;
using BoxNonce = Token<struct BoxNonceTag, crypto_secretbox_NONCEBYTES>;
using SeedBox = Token<struct SeedBoxTag, SecretKey::kSeedBytes + crypto_secretbox_MACBYTES>;
using LockedSeed = LockedBytes<SecretKey::kSeedBytes>;

struct KeyFile {
    std::int64_t passes = 0;
    std::int64_t memoryBytes = 0;
    Salt salt;
    BoxNonce nonce;
    SeedBox box;
    PublicKey key;
};

/// The seed, sealed or to be opened by the passphrase: false if the machine has not the memory for it.
bool derive(LockedBytes<crypto_secretbox_KEYBYTES>& out, std::string_view passphrase, KeyFile const& file) noexcept {
    return crypto_pwhash_argon2id(out.data(), crypto_secretbox_KEYBYTES, passphrase.data(), passphrase.size(),
                                  file.salt.raw.data(), static_cast<unsigned long long>(file.passes),
                                  static_cast<std::size_t>(file.memoryBytes),
                                  crypto_pwhash_argon2id_ALG_ARGON2ID13) == 0;
}

std::string encode(KeyFile const& file) {
    return json::encode(json::Object{{"v", 1},
                                     {"kdf", kDerivation},
                                     {"ops", file.passes},
                                     {"mem", file.memoryBytes},
                                     {"salt", file.salt.hex()},
                                     {"nonce", file.nonce.hex()},
                                     {"box", file.box.hex()},
                                     {"key", file.key.hex()}});
}

/// Sets `out` from the hexadecimal member `name`.
template <class Id>
bool tokenInto(Id& out, json::Object const& object, std::string_view name) {
    std::string const* const hex = json::stringAt(object, name);
    auto const token = hex ? Id::fromHex(*hex) : std::nullopt;
    if (token) out = *token;
    return token.has_value();
}

Error malformed(std::string_view reason) { return makeError(ErrorCode::Malformed, reason); }

Result<KeyFile> decode(ByteView bytes) {
    auto const parsed = json::parse(bytes, kKeyFileBytesMax);
    if (!parsed) return parsed.error();
    json::Object const* const object = parsed->asObject();
    if (object == nullptr) return malformed("key.form");
    std::int64_t const* const version = json::integerAt(*object, "v");
    if (version == nullptr) return malformed("key.form");
    if (*version != 1) return makeError(ErrorCode::Unsupported, "newer.version");
    std::string const* const derivation = json::stringAt(*object, "kdf");
    if (derivation == nullptr) return malformed("key.form");
    if (*derivation != kDerivation) return makeError(ErrorCode::Unsupported, "key.kdf");

    KeyFile file;
    std::int64_t const* const passes = json::integerAt(*object, "ops");
    std::int64_t const* const memoryBytes = json::integerAt(*object, "mem");
    bool const whole = passes != nullptr && memoryBytes != nullptr && tokenInto(file.salt, *object, "salt") &&
                       tokenInto(file.nonce, *object, "nonce") && tokenInto(file.box, *object, "box") &&
                       tokenInto(file.key, *object, "key") && object->size() == 8;
    if (!whole) return malformed("key.form");
    // Checked before any work: a file that somebody planted must not stop the machine.
    if (*passes < kPassesMin || *passes > kPassesMax || *memoryBytes < kMemoryBytesMin ||
        *memoryBytes > kMemoryBytesMax || *memoryBytes % kMemoryUnit != 0) {
        return malformed("key.kdf-limits");
    }
    file.passes = *passes;
    file.memoryBytes = *memoryBytes;
    return file;
}

}  // namespace

Signature KeyHolder::sign(SecretKey const& key, std::string_view nameSpace, ed25519::Hash512 const& hash) {
    Bytes const text = ed25519::signedTextOfHash(nameSpace, hash);
    Signature signature;
    crypto_sign_detached(signature.raw.data(), nullptr, text.data(), text.size(), key.m_secret->bytes.data());
    return signature;
}

SecretKey::SecretKey(std::unique_ptr<Locked> secret, PublicKey key) : m_secret(std::move(secret)), m_public(key) {}
SecretKey::SecretKey(SecretKey&&) noexcept = default;
SecretKey& SecretKey::operator=(SecretKey&&) noexcept = default;
SecretKey::~SecretKey() = default;

SecretKey SecretKey::generate(Random& random) {
    LockedSeed seed;
    random.fill(seed.span());
    return fromSeed(seed.span());
}

SecretKey SecretKey::fromSeed(std::span<std::uint8_t const, kSeedBytes> seed) {
    auto secret = std::make_unique<Locked>();
    PublicKey key;
    crypto_sign_seed_keypair(key.raw.data(), secret->bytes.data(), seed.data());
    return {std::move(secret), key};
}

Result<Signature> SecretKey::sign(std::string_view nameSpace, ByteView message) {
    if (!m_secret) return makeError(ErrorCode::Locked, "key.gone");
    if (nameSpace.empty()) return makeError(ErrorCode::Usage, "sign.namespace");
    return KeyHolder::sign(*this, nameSpace, ed25519::sha512(message));
}

Bytes SecretKey::wrap(std::string_view passphrase, Random& random, std::size_t memoryBytes, unsigned passes) const {
    ensure(m_secret != nullptr, "SecretKey::wrap: the key was moved away");
    ensure(std::cmp_greater_equal(memoryBytes, kMemoryBytesMin) && std::cmp_less_equal(memoryBytes, kMemoryBytesMax) &&
               memoryBytes % kMemoryUnit == 0,
           "SecretKey::wrap: no such amount of memory");
    ensure(passes >= kPassesMin && passes <= kPassesMax, "SecretKey::wrap: no such number of passes");
    KeyFile file;
    file.passes = passes;
    file.memoryBytes = static_cast<std::int64_t>(memoryBytes);
    file.salt = random.token<Salt>();
    file.nonce = random.token<BoxNonce>();
    file.key = m_public;
    LockedBytes<crypto_secretbox_KEYBYTES> boxKey;
    if (!derive(boxKey, passphrase, file)) throw std::bad_alloc();
    // The secret key's first half is the seed.
    crypto_secretbox_easy(file.box.raw.data(), m_secret->bytes.data(), kSeedBytes, file.nonce.raw.data(),
                          boxKey.data());
    return toBytes(encode(file));
}

Result<SecretKey> SecretKey::unwrap(ByteView bytes, std::string_view passphrase) {
    auto const file = decode(bytes);
    if (!file) return file.error();
    LockedBytes<crypto_secretbox_KEYBYTES> boxKey;
    if (!derive(boxKey, passphrase, *file)) {
        return makeError(ErrorCode::Environment, "memory.full",
                         "Opening the key needs " + std::to_string(file->memoryBytes) + " bytes of memory.");
    }
    LockedSeed seed;
    if (crypto_secretbox_open_easy(seed.data(), file->box.raw.data(), file->box.size, file->nonce.raw.data(),
                                   boxKey.data()) != 0) {
        return makeError(ErrorCode::Locked, "key.wrong-passphrase");
    }
    SecretKey key = fromSeed(seed.span());
    // The box says nothing about the name beside it: another one there would make us sign as somebody else.
    if (key.publicKey() != file->key) return makeError(ErrorCode::Damaged, "key.other-public-key");
    return key;
}

Result<PublicKey> SecretKey::publicKeyOf(ByteView bytes) {
    auto const file = decode(bytes);
    if (!file) return file.error();
    return file->key;
}

}  // namespace spiral::trust
