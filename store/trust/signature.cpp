#include "trust/signature.h"

#include "base/sha256.h"
#include "ed25519.h"

#include <sodium.h>

#include <algorithm>
#include <optional>

namespace spiral::trust {
namespace {

constexpr std::string_view kMagic = "SSHSIG";
constexpr std::uint32_t kVersion = 1;
constexpr std::string_view kKeyType = "ssh-ed25519";
constexpr std::string_view kHashName = "sha512";
constexpr std::string_view kArmourBegin = "-----BEGIN SSH SIGNATURE-----";
constexpr std::string_view kArmourEnd = "-----END SSH SIGNATURE-----";
constexpr std::size_t kArmourLine = 70;  // as ssh-keygen writes it
// A line of an authorized_keys or .pub file; an RSA key of 16384 bits, which we name when we refuse it, is half of
// this.
constexpr std::size_t kPublicKeyTextBytesMax = 8 * 1024;

/// Builds the binary encoding of RFC 4251 section 5: numbers of 4 bytes, strings with their length before them.
class WireWriter {
public:
    explicit WireWriter(std::size_t bytes) { m_bytes.reserve(bytes); }
    void raw(ByteView bytes) { m_bytes.insert(m_bytes.end(), bytes.begin(), bytes.end()); }
    void number(std::uint32_t number) {
        for (int shift = 24; shift >= 0; shift -= 8) m_bytes.push_back(static_cast<std::uint8_t>(number >> shift));
    }
    void string(ByteView bytes) {
        number(static_cast<std::uint32_t>(bytes.size()));
        raw(bytes);
    }
    void string(std::string_view text) { string(asBytes(text)); }
    [[nodiscard]] Bytes take() && { return std::move(m_bytes); }

private:
    Bytes m_bytes;
};

/// Reads the same encoding. What it gives points into the bytes it reads; it never passes their end.
class WireReader {
public:
    explicit WireReader(ByteView bytes) : m_rest(bytes) {}
    [[nodiscard]] bool skip(std::string_view expected) {
        if (!asText(m_rest).starts_with(expected)) return false;
        m_rest = m_rest.subspan(expected.size());
        return true;
    }
    [[nodiscard]] std::optional<std::uint32_t> number() {
        if (m_rest.size() < 4) return std::nullopt;
        std::uint32_t number = 0;
        for (std::uint8_t const byte : m_rest.first(4)) number = (number << 8U) | byte;
        m_rest = m_rest.subspan(4);
        return number;
    }
    [[nodiscard]] std::optional<ByteView> string() {
        auto const size = number();
        if (!size || *size > m_rest.size()) return std::nullopt;
        ByteView const bytes = m_rest.first(*size);
        m_rest = m_rest.subspan(*size);
        return bytes;
    }
    [[nodiscard]] bool atEnd() const noexcept { return m_rest.empty(); }

private:
    ByteView m_rest;
};

/// What an Ed25519 key or signature is wrapped in: the algorithm's name, then its bytes.
Bytes algorithmBlob(ByteView content) {
    WireWriter writer(4 + kKeyType.size() + 4 + content.size());
    writer.string(kKeyType);
    writer.string(content);
    return std::move(writer).take();
}

/// A name that somebody else chose, fit for a log.
std::string printable(ByteView name) {
    std::string text = toText(name.first(std::min<std::size_t>(name.size(), 64)));
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c <= ' ' || c > '~'; }, '?');
    return text;
}

/// Reasons begin with what was read: "sshsig.length", "ssh-key.length".
Error malformed(std::string_view what, std::string_view slug) {
    return makeError(ErrorCode::Malformed, std::string(what) + "." + std::string(slug));
}
Error unsupported(std::string_view what, std::string_view slug, std::string detail) {
    return makeError(ErrorCode::Unsupported, std::string(what) + "." + std::string(slug), std::move(detail));
}

template <class Content>
Result<Content> readAlgorithmBlob(ByteView blob, std::string_view what) {
    WireReader reader(blob);
    auto const algorithm = reader.string();
    if (!algorithm) return malformed(what, "truncated");
    if (asText(*algorithm) != kKeyType) {
        return unsupported(what, "algorithm", "The algorithm is " + printable(*algorithm) + ", not ssh-ed25519.");
    }
    auto const bytes = reader.string();
    if (!bytes) return malformed(what, "truncated");
    auto const content = Content::fromBytes(*bytes);
    if (!content) return malformed(what, "length");
    if (!reader.atEnd()) return malformed(what, "trailing-bytes");
    return *content;
}

/// A name space that ssh-keygen and a log can print: never empty, UTF-8 without control characters.
bool isNameSpace(std::string_view text) {
    auto const isControl = [](char c) { return (static_cast<unsigned char>(c) < 0x20) || c == 0x7f; };
    return !text.empty() && std::none_of(text.begin(), text.end(), isControl) && isUtf8(asBytes(text));
}

/// The binary signature inside the armour. Line ends of Windows and lines of another length are taken, since mail and
/// editors make them; nothing else may stand between, before or behind.
Result<Bytes> removeArmour(std::string_view text) {
    if (text.size() > kArmourBytesMax) return makeError(ErrorCode::TooLarge, "sshsig.too-large");
    if (!text.starts_with(kArmourBegin)) return malformed("sshsig", "armour");
    text.remove_prefix(kArmourBegin.size());
    std::size_t const end = text.find(kArmourEnd);
    if (end == std::string_view::npos) return malformed("sshsig", "armour");
    std::string_view const body = text.substr(0, end);
    bool const linesApart = (body.starts_with("\n") || body.starts_with("\r\n")) && body.ends_with('\n');
    if (!linesApart) return malformed("sshsig", "armour");
    if (text.find_first_not_of("\r\n", end + kArmourEnd.size()) != std::string_view::npos) {
        return malformed("sshsig", "trailing-bytes");
    }
    std::string base64;
    base64.reserve(body.size());
    std::copy_if(body.begin(), body.end(), std::back_inserter(base64), [](char c) { return c != '\n' && c != '\r'; });
    auto blob = fromBase64(base64);
    if (!blob) return malformed("sshsig", "base64");
    return *std::move(blob);
}

/// The parts of the SSHSIG structure, before their meaning is looked at.
struct Parts {
    std::uint32_t version;
    ByteView key, nameSpace, reserved, hash, signature;
};

Result<Parts> readParts(ByteView blob) {
    WireReader reader(blob);
    if (!reader.skip(kMagic)) return malformed("sshsig", "magic");
    auto const version = reader.number();
    if (!version) return malformed("sshsig", "truncated");
    // The rest of another version need not have this form, so it is refused by its name first.
    if (*version != kVersion) {
        return unsupported("sshsig", "version", "The version is " + std::to_string(*version) + ", not 1.");
    }
    auto const key = reader.string();
    auto const nameSpace = key ? reader.string() : std::nullopt;
    auto const reserved = nameSpace ? reader.string() : std::nullopt;
    auto const hash = reserved ? reader.string() : std::nullopt;
    auto const signature = hash ? reader.string() : std::nullopt;
    if (!signature) return malformed("sshsig", "truncated");
    if (!reader.atEnd()) return malformed("sshsig", "trailing-bytes");
    return Parts{*version, *key, *nameSpace, *reserved, *hash, *signature};
}

}  // namespace

namespace ed25519 {

void prepare() noexcept {
    // A local static is initialised once however many threads arrive.
    static bool const started = [] {
        ensure(sodium_init() >= 0, "libsodium cannot start");
        return true;
    }();
    static_cast<void>(started);
}

bool verifyRaw(PublicKey const& key, ByteView text, Signature const& signature) noexcept {
    prepare();
    return crypto_sign_verify_detached(signature.raw.data(), text.data(), text.size(), key.raw.data()) == 0;
}

Hash512 sha512(ByteView message) noexcept {
    prepare();
    Hash512 hash;
    crypto_hash_sha512(hash.data(), message.data(), message.size());
    return hash;
}

Bytes signedTextOfHash(std::string_view nameSpace, Hash512 const& hash) {
    WireWriter writer(kMagic.size() + 4 * 4 + nameSpace.size() + kHashName.size() + hash.size());
    writer.raw(asBytes(kMagic));
    writer.string(nameSpace);
    writer.string(std::string_view{});
    writer.string(kHashName);
    writer.string(hash);
    return std::move(writer).take();
}

}  // namespace ed25519

DeviceId deviceIdOf(PublicKey const& key) { return hashAs<DeviceId>(key.view()); }

bool isAcceptableKey(PublicKey const& key) noexcept {
    ed25519::prepare();
    return crypto_core_ed25519_is_valid_point(key.raw.data()) == 1;
}

Bytes signedText(std::string_view nameSpace, ByteView message) {
    return ed25519::signedTextOfHash(nameSpace, ed25519::sha512(message));
}

bool verify(PublicKey const& key, std::string_view nameSpace, ByteView message, Signature const& signature) {
    if (nameSpace.empty()) return false;
    return ed25519::verifyRaw(key, signedText(nameSpace, message), signature);
}

std::string nameSpaceFor(std::string_view kind, std::string_view domain) {
    std::string name(isVersionedName(kind) ? nameWithoutVersion(kind) : kind);
    name += '@';
    name += domain;
    return name;
}

std::string armour(PublicKey const& key, std::string_view nameSpace, Signature const& signature) {
    Bytes const keyBlob = algorithmBlob(key.view());
    Bytes const signatureBlob = algorithmBlob(signature.view());
    WireWriter writer(kMagic.size() + 6 * 4 + keyBlob.size() + nameSpace.size() + kHashName.size() +
                      signatureBlob.size());
    writer.raw(asBytes(kMagic));
    writer.number(kVersion);
    writer.string(keyBlob);
    writer.string(nameSpace);
    writer.string(std::string_view{});
    writer.string(kHashName);
    writer.string(signatureBlob);
    std::string const base64 = toBase64(std::move(writer).take());

    std::string text(kArmourBegin);
    text += '\n';
    for (std::size_t at = 0; at < base64.size(); at += kArmourLine) {
        text.append(base64, at, kArmourLine);
        text += '\n';
    }
    text += kArmourEnd;
    text += '\n';
    return text;
}

Result<DetachedSignature> parseArmour(std::string_view text) {
    auto const blob = removeArmour(text);
    if (!blob) return blob.error();
    auto const parts = readParts(*blob);
    if (!parts) return parts.error();

    auto const key = readAlgorithmBlob<PublicKey>(parts->key, "sshsig");
    if (!key) return key.error();
    if (!isNameSpace(asText(parts->nameSpace))) return malformed("sshsig", "namespace");
    if (!parts->reserved.empty()) return malformed("sshsig", "reserved");
    if (asText(parts->hash) != kHashName) {
        return unsupported("sshsig", "hash", "The hash is " + printable(parts->hash) + ", not sha512.");
    }
    auto const signature = readAlgorithmBlob<Signature>(parts->signature, "sshsig");
    if (!signature) return signature.error();
    return DetachedSignature{*key, toText(parts->nameSpace), *signature};
}

std::string toSshPublicKey(PublicKey const& key) {
    return std::string(kKeyType) + " " + toBase64(algorithmBlob(key.view()));
}

Result<PublicKey> parseSshPublicKey(std::string_view text) {
    if (text.size() > kPublicKeyTextBytesMax) return makeError(ErrorCode::TooLarge, "ssh-key.too-large");
    while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
    if (text.find_first_of("\r\n") != std::string_view::npos) return malformed("ssh-key", "trailing-bytes");

    // Type, key and whatever comment the person put behind.
    std::size_t const typeEnd = std::min(text.find(' '), text.size());
    std::string_view const type = text.substr(0, typeEnd);
    if (type != kKeyType) {
        return unsupported("ssh-key", "algorithm",
                           "The algorithm is " + printable(asBytes(type)) + ", not ssh-ed25519.");
    }
    std::string_view rest = text.substr(typeEnd);
    if (!rest.empty()) rest.remove_prefix(1);
    auto const blob = fromBase64(rest.substr(0, rest.find(' ')));
    if (!blob) return malformed("ssh-key", "base64");
    return readAlgorithmBlob<PublicKey>(*blob, "ssh-key");
}

}  // namespace spiral::trust
