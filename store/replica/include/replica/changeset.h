// The payload of a frame: a SQLite session changeset that inserts rows into `record` and `revision` and does nothing
// else.
//
// SQLite's own reader loops for ever on one byte and crashes on nineteen, and a valid member could send them, so SQLite
// never parses a peer's bytes: this reader does. It accepts only what an honest session on this schema makes: known
// table once, exact columns and key flags, INSERT only, right types, minimal varints, nothing after the last row. The
// writer makes the same bytes from rows, so that a payload need not be kept beside its rows.
//
//   revision(id BLOB key, bytes BLOB)            record(id BLOB key, sig BLOB, bytes BLOB)
#pragma once

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "trust/exchange.h"
#include "trust/objects.h"
#include "trust/signature.h"

#include <optional>
#include <vector>

namespace spiral::replica {

/// Limits of one payload, so that a reader can bound memory before it unpacks (docs/formats.md, "Changeset payload").
inline constexpr std::size_t kPayloadRawMax = 8 * 1024 * 1024;
inline constexpr std::size_t kPayloadStoredMax = 1024 * 1024;
/// One row alone may pass kPayloadStoredMax by what surrounds the largest object.
inline constexpr std::size_t kPayloadStoredMaxAlone = trust::kObjectBytesMax + 4096;

/// One inserted row. `bytes` points into the buffer it was read from, or into the caller's memory when writing.
struct PayloadRow {
    trust::Item item;
    std::optional<trust::Signature> signature;  ///< of a record
    ByteView bytes;
};

/// Reads a changeset. On success every row has an id of 32 bytes, a record a signature of 64, and bytes of at most
/// kObjectBytesMax; at most kItemsMax rows. Hashes are not checked here. Never reads outside `changeset`, takes time
/// linear in its size, allocates only the vector. Reasons: "changeset.table", "changeset.columns",
/// "changeset.operation", "changeset.type", "changeset.varint", "changeset.length", "changeset.truncated",
/// "changeset.table-repeated", "changeset.empty", "changeset.too-many-rows", "changeset.patchset". A changeset cut
/// between two rows reads as fewer rows, and a row may come twice: nothing in the bytes tells; openPayload, which knows
/// the items, refuses both.
[[nodiscard]] Result<std::vector<PayloadRow>> readChangeset(ByteView changeset);

/// The changeset that a session would give for these rows (records first, then revisions, each in the given order).
/// readChangeset gives the same rows back, and SQLite's own apply accepts the bytes. Without rows the bytes are empty.
/// REQUIRES: a record has a signature, a revision has none, bytes are at most kObjectBytesMax.
[[nodiscard]] Bytes writeChangeset(std::vector<PayloadRow> const& rows);

using trust::Codec;
using trust::Payload;

/// Packs a changeset: Zstd when that is smaller, else Raw. With a parent, ZstdOnParent when that is smaller still.
/// REQUIRES: at most kPayloadRawMax bytes, since nobody would unpack more. kPayloadStoredMax is the caller's to check.
/// Our own programs send codec Raw and let the file's one zstd stream find what frames have in common; what others pack
/// is unpacked all the same.
struct PackParent {
    ObjectId id;
    ByteView bytes;
};
[[nodiscard]] Payload pack(ByteView changeset, std::optional<PackParent> parent = std::nullopt, int level = 3);

/// The revision whose bytes are needed to unpack, if the codec is ZstdOnParent and the payload long enough.
[[nodiscard]] std::optional<ObjectId> parentNeeded(Codec codec, ByteView bytes);

/// The changeset again. Bounded before it is decompressed: the declared size, else the growing output, is held against
/// kPayloadRawMax. `parentBytes` must be those of parentNeeded (WrongState "payload.parent-missing" without them,
/// "payload.parent-wrong" when they do not hash to it: not the deliverer's fault). Other reasons: "payload.codec",
/// "payload.stored-too-large", "payload.raw-too-large", "payload.truncated", "payload.zstd", "payload.zstd-dictionary",
/// "payload.zstd-trailing", "payload.zstd-window".
[[nodiscard]] Result<Bytes> unpack(Codec codec, ByteView bytes, std::optional<ByteView> parentBytes = std::nullopt);

/// A payload opened and held against its header: the rows are exactly `header.items`, each id the hash of its bytes.
/// Record signatures are checked by the caller, who knows the keys. Move it; the rows of a copy would point into the
/// original.
struct OpenPayload {
    Bytes changeset;               ///< owns what `rows` point into
    std::vector<PayloadRow> rows;  ///< in the order of header.items
};
/// `redacted` says of an id whether its row may be absent; one that is there all the same is given back like any other.
/// Reasons besides those of unpack and readChangeset: "newer.schema" (Unsupported: to be kept unread),
/// "payload.row-missing", "payload.row-extra", "payload.row-hash".
[[nodiscard]] Result<OpenPayload> openPayload(trust::FrameHeader const& header, Codec codec, ByteView bytes,
                                              std::optional<ByteView> parentBytes,
                                              bool (*redacted)(void* context, ObjectId const& id) = nullptr,
                                              void* context = nullptr);

}  // namespace spiral::replica
