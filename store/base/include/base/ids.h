// The names of things: 32-byte hashes, 16-byte random tokens, scopes and person ids, each its own type.
#pragma once

#include "base/bytes.h"

#include <array>
#include <compare>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace spiral {

/// A fixed number of raw bytes with a meaning. Values copy and compare by bytes; text form is lower-case hexadecimal.
template <class Tag, std::size_t Size>
struct Token {
    static constexpr std::size_t size = Size;
    std::array<std::uint8_t, Size> raw{};

    [[nodiscard]] static std::optional<Token> fromHex(std::string_view hex) noexcept {
        Token token;
        if (hex.size() != 2 * Size || !hexInto(hex, token.raw)) return std::nullopt;
        return token;
    }
    /// REQUIRES: nothing; empty unless exactly Size bytes are given.
    [[nodiscard]] static std::optional<Token> fromBytes(ByteView bytes) noexcept {
        if (bytes.size() != Size) return std::nullopt;
        Token token;
        std::memcpy(token.raw.data(), bytes.data(), Size);
        return token;
    }
    [[nodiscard]] std::string hex() const { return toHex(raw); }
    [[nodiscard]] ByteView view() const noexcept { return raw; }

    friend auto operator<=>(Token const&, Token const&) = default;
    friend bool operator==(Token const&, Token const&) = default;
};

/// SHA-256 of the exact bytes of a revision or record.
using ObjectId = Token<struct ObjectTag, 32>;
/// A store's log from one beginning to the next: a store that was put back from a copy draws another. Zero: none.
using Epoch = Token<struct EpochTag, 16>;
/// SHA-256 of the exact bytes of a frame header.
using FrameId = Token<struct FrameTag, 32>;
/// SHA-256 of a device's raw 32-byte public key.
using DeviceId = Token<struct DeviceTag, 32>;
/// SHA-256 of an attachment's bytes.
using AttachmentId = Token<struct AttachmentTag, 32>;
/// A plain SHA-256 value with no further meaning.
using Sha256 = Token<struct Sha256Tag, 32>;
/// The random 128-bit id of a document inside its scope.
using DocumentId = Token<struct DocumentTag, 16>;
/// The incarnation of a writing process on a device.
using Incarnation = Token<struct IncarnationTag, 16>;
/// Random bytes that keep short contents hidden behind their hash.
using Nonce = Token<struct NonceTag, 16>;
/// The id of the college: that of registry entry 1.
using SchoolId = ObjectId;

/// A person: 32 hexadecimal digits drawn by `invite`, or the 64 of a device id for a server or hub.
class PersonId {
public:
    PersonId() = default;
    [[nodiscard]] static std::optional<PersonId> parse(std::string_view text);
    [[nodiscard]] static PersonId fromDevice(DeviceId const& device);
    [[nodiscard]] std::string const& text() const noexcept { return m_text; }
    [[nodiscard]] bool empty() const noexcept { return m_text.empty(); }
    friend auto operator<=>(PersonId const&, PersonId const&) = default;
    friend bool operator==(PersonId const&, PersonId const&) = default;

private:
    explicit PersonId(std::string text) : m_text(std::move(text)) {}
    std::string m_text;
};

/// What is shared together and read by the same people: `college`, `registry`, `unit/<id>`, `review/<id>`,
/// where <id> is [a-z0-9-]{1,32}.
class Scope {
public:
    Scope() = default;
    [[nodiscard]] static std::optional<Scope> parse(std::string_view text);
    [[nodiscard]] static Scope college();
    [[nodiscard]] static Scope registry();
    /// REQUIRES: isNameToken(id).
    [[nodiscard]] static Scope unit(std::string_view id);
    [[nodiscard]] std::string const& text() const noexcept { return m_text; }
    [[nodiscard]] bool isRegistry() const noexcept { return m_text == "registry"; }
    [[nodiscard]] bool isCollege() const noexcept { return m_text == "college"; }
    [[nodiscard]] bool isUnit() const noexcept { return m_text.starts_with("unit/"); }
    [[nodiscard]] bool isReview() const noexcept { return m_text.starts_with("review/"); }
    /// The part behind the slash; empty for `college` and `registry`.
    [[nodiscard]] std::string_view name() const noexcept;
    /// True iff a grant on this scope reaches `other`: the same scope, or `college` over every `unit/…`.
    [[nodiscard]] bool covers(Scope const& other) const noexcept;
    friend auto operator<=>(Scope const&, Scope const&) = default;
    friend bool operator==(Scope const&, Scope const&) = default;

private:
    explicit Scope(std::string text) : m_text(std::move(text)) {}
    std::string m_text;
};

/// A document's whole name. Its id alone is no name: whoever may write in one scope may use an id of another's there.
struct DocumentKey {
    Scope scope;
    DocumentId doc;
    /// `unit/yc-d03:` and the id in hexadecimal, as a person may type it.
    [[nodiscard]] std::string text() const { return scope.text() + ":" + doc.hex(); }
    friend auto operator<=>(DocumentKey const&, DocumentKey const&) = default;
    friend bool operator==(DocumentKey const&, DocumentKey const&) = default;
};

/// [a-z0-9-]{1,32}: ids of units and reviews.
[[nodiscard]] bool isNameToken(std::string_view text) noexcept;
/// [a-z][a-z0-9-]*\.v[1-9][0-9]*, at most 64 bytes: kinds of records and types of documents.
[[nodiscard]] bool isVersionedName(std::string_view text) noexcept;
/// The part before ".v": `approve` of `approve.v1`. REQUIRES: isVersionedName(text).
[[nodiscard]] std::string_view nameWithoutVersion(std::string_view text) noexcept;

}  // namespace spiral

template <class Tag, std::size_t Size>
struct std::hash<spiral::Token<Tag, Size>> {
    std::size_t operator()(spiral::Token<Tag, Size> const& token) const noexcept {
        std::size_t value = 0;
        std::memcpy(&value, token.raw.data(), sizeof value);
        return value;
    }
};
template <>
struct std::hash<spiral::Scope> {
    std::size_t operator()(spiral::Scope const& scope) const noexcept { return std::hash<std::string>{}(scope.text()); }
};
template <>
struct std::hash<spiral::PersonId> {
    std::size_t operator()(spiral::PersonId const& id) const noexcept { return std::hash<std::string>{}(id.text()); }
};
