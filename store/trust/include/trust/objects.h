// The signed objects: revision, record, attachment, frame header. Each is strict JSON; its id is the SHA-256 of its
// exact bytes, which are stored and never made again. Decoders take hostile bytes; encoders take checked values.
//
// Two failures matter apart: Malformed (never right) and Unsupported ("newer.version", "newer.critical"): well formed as
// far as we can tell, but of a `v` or with a critical key that this program does not know. Such bytes are stored,
// relayed byte for byte and counted, not read.
#pragma once

#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace spiral::trust {

inline constexpr std::size_t kObjectBytesMax = json::kBytesMax;
inline constexpr std::size_t kParentsMax = 256;
inline constexpr std::size_t kFilesMax = 1024;
inline constexpr std::size_t kAttachmentPieceBytes = 1024 * 1024;

/// `by`: who wrote it, on which device.
struct Author {
    PersonId person;
    DeviceId device;
    friend bool operator==(Author const&, Author const&) = default;
};

/// `reg`: a place in the registry's chain, by number and hash.
struct RegistryPoint {
    std::uint64_t seq = 0;
    ObjectId hash;
    friend bool operator==(RegistryPoint const&, RegistryPoint const&) = default;
};

/// `head@unit/jwc`: a role name [a-z][a-z0-9-]{0,31} and the scope of the grant that gives it.
struct Role {
    std::string name;
    Scope scope;
    [[nodiscard]] std::string text() const { return name + "@" + scope.text(); }
    [[nodiscard]] static std::optional<Role> parse(std::string_view text);
    friend bool operator==(Role const&, Role const&) = default;
};

/// `of`: the one revision or record that an act decides about.
struct Target {
    Scope scope;
    ObjectId id;
    friend bool operator==(Target const&, Target const&) = default;
};

/// A file that a revision refers to; the bytes travel apart, in pieces of 1 MiB.
struct Attachment {
    AttachmentId sha256;
    std::uint64_t size = 0;
    std::string type;           ///< media type, [a-z0-9.+-]+/[a-z0-9.+-]+, at most 127 bytes
    std::string name;           ///< as the person named it, 1…255 bytes, no '/' or control character, not "." or ".."
    std::optional<Day> date;    ///< the file's own date
    Sha256 chunks;              ///< SHA-256 of the concatenated raw hashes of its pieces
    friend bool operator==(Attachment const&, Attachment const&) = default;
};

/// An immutable snapshot of a document.
struct Revision {
    SchoolId school;
    Scope scope;
    DocumentId doc;
    std::string type;                 ///< `task.v1`
    std::vector<ObjectId> parents;    ///< sorted, unique
    json::Object fields;
    std::vector<Attachment> files;    ///< sorted by sha256, unique
    Author by;
    HybridTime time;                  ///< `t`, `c`
    Nonce nonce;
    std::vector<std::string> critical;
    json::Object unknown;             ///< keys this program does not know, kept as they are
    friend bool operator==(Revision const&, Revision const&) = default;
};

/// A signed act of a person, a server or the registry's keeper.
struct Record {
    std::optional<SchoolId> school;   ///< absent in registry entry 1 only
    Scope scope;
    std::string kind;                 ///< `approve.v1`
    Author by;
    Role role;
    std::optional<Target> of;
    json::Object body;
    std::optional<RegistryPoint> reg; ///< the registry head relied on; absent in registry entry 1 only
    Instant time{};                   ///< claimed
    Nonce nonce;
    std::vector<std::string> critical;
    json::Object unknown;
    friend bool operator==(Record const&, Record const&) = default;
};

/// One of the rows that a frame inserts: "r" + id of a record, or "d" + id of a revision.
struct Item {
    enum class Kind : char { Record = 'r', Revision = 'd' };
    Kind kind = Kind::Revision;
    ObjectId id;
    friend auto operator<=>(Item const&, Item const&) = default;
};

/// The signed header of a local transaction. Its hash is the frame's identity; `seq` is only an index.
struct FrameHeader {
    static constexpr std::size_t kBytesMax = 64 * 1024;
    static constexpr std::size_t kItemsMax = 500;
    static constexpr std::uint32_t kSchema = 1;

    SchoolId school;                  ///< of the frame that holds registry entry 1: that entry's id
    Scope scope;
    DeviceId device;
    Incarnation inc;
    std::uint64_t seq = 1;            ///< 1 at the start of a feed, then that of `prev` + 1
    std::optional<FrameId> prev;      ///< absent iff seq is 1
    std::vector<Item> items;          ///< 1…500, in act order, unique
    std::optional<RegistryPoint> reg; ///< absent in the frame of registry entry 1 only
    std::uint32_t schema = kSchema;   ///< number of the enduring table form that the payload is in
    Instant time{};
    std::vector<std::string> critical;
    json::Object unknown;
    friend bool operator==(FrameHeader const&, FrameHeader const&) = default;
};

/// REQUIRES: a value that decode… would accept. The bytes are what is hashed, signed and stored.
[[nodiscard]] std::string encode(Revision const& revision);
[[nodiscard]] std::string encode(Record const& record);
[[nodiscard]] std::string encode(FrameHeader const& header);

/// Each refuses what is not exactly of the form, naming the field ("record.role", "revision.parents-order", …).
[[nodiscard]] Result<Revision> decodeRevision(ByteView bytes);
[[nodiscard]] Result<Record> decodeRecord(ByteView bytes);
[[nodiscard]] Result<FrameHeader> decodeFrameHeader(ByteView bytes);

/// JSON forms used inside other objects and by the command line.
[[nodiscard]] json::Value toJson(Author const& author);
[[nodiscard]] json::Value toJson(RegistryPoint const& point);
[[nodiscard]] json::Value toJson(Attachment const& file);
[[nodiscard]] std::optional<Author> authorFrom(json::Value const& value);
[[nodiscard]] std::optional<RegistryPoint> registryPointFrom(json::Value const& value);
[[nodiscard]] std::optional<Attachment> attachmentFrom(json::Value const& value);

/// The chunk list's hash of an attachment whose pieces hash to `pieces`.
[[nodiscard]] Sha256 chunksHash(std::vector<Sha256> const& pieces);

}  // namespace spiral::trust
