#include "base/sha256.h"
#include "replica/changeset.h"

#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>
#include <string>

namespace spiral::replica {
namespace {

using trust::Item;

template <auto Free>
struct Deleter {
    template <class T>
    void operator()(T* handle) const noexcept {
        Free(handle);
    }
};
using Compressor = std::unique_ptr<ZSTD_CCtx, Deleter<ZSTD_freeCCtx>>;
using Decompressor = std::unique_ptr<ZSTD_DCtx, Deleter<ZSTD_freeDCtx>>;

template <class Owner>
Owner own(typename Owner::pointer handle) {
    if (handle == nullptr) throw std::bad_alloc();
    return Owner(handle);
}

// A context costs more to make than a small payload to pack, so each thread keeps one. Nothing of a payload stays in
// it: both are reset before use and, because they may point at a parent's bytes, after use.
ZSTD_CCtx* compressor() {
    thread_local Compressor const context = own<Compressor>(ZSTD_createCCtx());
    return context.get();
}
ZSTD_DCtx* decompressor() {
    thread_local Decompressor const context = own<Decompressor>(ZSTD_createDCtx());
    return context.get();
}

/// Gives a context back clean, however the scope is left.
template <auto Reset, class Context>
class Lease {
public:
    explicit Lease(Context* context) noexcept : m_context(context) { reset(); }
    ~Lease() { reset(); }
    Lease(Lease const&) = delete;
    Lease& operator=(Lease const&) = delete;

private:
    void reset() noexcept { (void)Reset(m_context, ZSTD_reset_session_and_parameters); }
    Context* m_context;
};

/// `head`, then the zstd frame of `bytes`.
Bytes compress(ByteView bytes, std::optional<ByteView> prefix, ByteView head, int level) {
    ZSTD_CCtx* const context = compressor();
    Lease<ZSTD_CCtx_reset, ZSTD_CCtx> const lease(context);
    auto const must = [](std::size_t code) {
        if (ZSTD_isError(code)) throw std::bad_alloc();  // nothing else can go wrong with parameters of our own
        return code;
    };
    must(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level));
    // The rows are checked by their hashes, so a checksum would only cost four bytes.
    must(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 0));
    if (prefix) must(ZSTD_CCtx_refPrefix(context, prefix->data(), prefix->size()));

    std::size_t const bound = ZSTD_compressBound(bytes.size());
    auto const scratch = std::make_unique_for_overwrite<std::uint8_t[]>(bound);
    std::size_t const size = must(ZSTD_compress2(context, scratch.get(), bound, bytes.data(), bytes.size()));

    Bytes out;
    out.reserve(head.size() + size);
    out.insert(out.end(), head.begin(), head.end());
    out.insert(out.end(), scratch.get(), scratch.get() + size);
    return out;
}

Error malformed(std::string_view reason, std::string detail) {
    return makeError(ErrorCode::Malformed, reason, std::move(detail));
}
Error tooLarge() {
    return makeError(ErrorCode::TooLarge, "payload.raw-too-large",
                     "a payload of more than " + std::to_string(kPayloadRawMax) + " bytes");
}

/// Holds the head of a zstd frame (RFC 8878, 3.1.1.1) against what pack() makes. libzstd would also take skippable and
/// legacy frames, and with other settings another program would take or refuse windows that we do not: here all agree.
Result<void> checkFrameHead(ByteView frame) {
    constexpr std::array<std::uint8_t, 4> kMagic{0x28, 0xB5, 0x2F, 0xFD};
    constexpr std::uint8_t kDictionaryBits = 0x03;
    constexpr std::uint8_t kSingleSegmentBit = 0x20;
    if (frame.size() < kMagic.size() + 2) return malformed("payload.zstd", "too short for a zstd frame");
    if (!std::equal(kMagic.begin(), kMagic.end(), frame.begin())) return malformed("payload.zstd", "no zstd frame");
    std::uint8_t const descriptor = frame[4];
    if ((descriptor & kDictionaryBits) != 0) return malformed("payload.zstd-dictionary", "a frame with a dictionary");
    if ((descriptor & kSingleSegmentBit) == 0) {
        std::uint64_t const base = std::uint64_t{1} << (10 + (frame[5] >> 3));
        std::uint64_t const window = base + base / 8 * (frame[5] & 7U);
        if (window > kPayloadRawMax) return malformed("payload.zstd-window", "a window larger than any payload");
    }
    return {};
}

Result<Bytes> decompress(ByteView frame, std::optional<ByteView> prefix) {
    if (auto head = checkFrameHead(frame); !head) return head.error();
    std::size_t const frameBytes = ZSTD_findFrameCompressedSize(frame.data(), frame.size());
    if (ZSTD_isError(frameBytes)) return malformed("payload.zstd", ZSTD_getErrorName(frameBytes));
    if (frameBytes != frame.size()) return malformed("payload.zstd-trailing", "bytes after the zstd frame");

    unsigned long long const declared = ZSTD_getFrameContentSize(frame.data(), frame.size());
    if (declared == ZSTD_CONTENTSIZE_ERROR) return malformed("payload.zstd", "no content size");
    bool const isDeclared = declared != ZSTD_CONTENTSIZE_UNKNOWN;
    if (isDeclared && declared > kPayloadRawMax) return tooLarge();

    ZSTD_DCtx* const context = decompressor();
    Lease<ZSTD_DCtx_reset, ZSTD_DCtx> const lease(context);
    if (prefix) {
        std::size_t const code = ZSTD_DCtx_refPrefix(context, prefix->data(), prefix->size());
        if (ZSTD_isError(code)) throw std::bad_alloc();
    }
    // Not filled before it is decompressed into, so what was declared and never comes costs no memory.
    std::size_t const capacity = isDeclared ? static_cast<std::size_t>(declared) : kPayloadRawMax;
    auto const scratch = std::make_unique_for_overwrite<std::uint8_t[]>(capacity);
    std::size_t const size = ZSTD_decompressDCtx(context, scratch.get(), capacity, frame.data(), frame.size());
    if (ZSTD_isError(size)) {
        ZSTD_ErrorCode const code = ZSTD_getErrorCode(size);
        if (code == ZSTD_error_memory_allocation) throw std::bad_alloc();
        if (code == ZSTD_error_dstSize_tooSmall && !isDeclared) return tooLarge();
        return malformed("payload.zstd", ZSTD_getErrorName(size));
    }
    return Bytes(scratch.get(), scratch.get() + size);
}

/// The rows in the order of the items, if they are exactly the items, but for those that may be absent.
Result<std::vector<PayloadRow>> inOrderOfItems(std::vector<Item> const& items, std::vector<PayloadRow> const& rows,
                                               bool (*redacted)(void* context, ObjectId const& id), void* context) {
    std::vector<PayloadRow const*> sorted;
    sorted.reserve(rows.size());
    for (PayloadRow const& row : rows) sorted.push_back(&row);
    std::sort(sorted.begin(), sorted.end(),
              [](PayloadRow const* left, PayloadRow const* right) { return left->item < right->item; });
    auto const twice =
        std::adjacent_find(sorted.begin(), sorted.end(),
                           [](PayloadRow const* left, PayloadRow const* right) { return left->item == right->item; });
    if (twice != sorted.end()) return malformed("payload.row-extra", "a row twice: " + (*twice)->item.id.hex());

    std::vector<PayloadRow> ordered;
    ordered.reserve(rows.size());
    for (Item const& item : items) {
        auto const found =
            std::lower_bound(sorted.begin(), sorted.end(), item,
                             [](PayloadRow const* row, Item const& wanted) { return row->item < wanted; });
        if (found != sorted.end() && (*found)->item == item) {
            ordered.push_back(**found);
        } else if (redacted == nullptr || !redacted(context, item.id)) {
            return malformed("payload.row-missing", "no row for item " + item.id.hex());
        }
    }
    // Items are unique and so are the rows, hence equal numbers mean that every row is an item.
    if (ordered.size() != rows.size()) return malformed("payload.row-extra", "a row that the header does not name");
    return ordered;
}

}  // namespace

Payload pack(ByteView changeset, std::optional<PackParent> parent, int level) {
    ensure(changeset.size() <= kPayloadRawMax, "a payload is within its limit");
    Payload best{Codec::Raw, {}};
    std::size_t bestBytes = changeset.size();
    auto const offer = [&](Codec codec, Bytes bytes) {
        if (bytes.size() >= bestBytes) return;
        bestBytes = bytes.size();
        best = Payload{codec, std::move(bytes)};
    };
    offer(Codec::Zstd, compress(changeset, std::nullopt, {}, level));
    if (parent) offer(Codec::ZstdOnParent, compress(changeset, parent->bytes, parent->id.view(), level));
    if (best.codec == Codec::Raw) best.bytes.assign(changeset.begin(), changeset.end());
    return best;
}

std::optional<ObjectId> parentNeeded(Codec codec, ByteView bytes) {
    if (codec != Codec::ZstdOnParent || bytes.size() < ObjectId::size) return std::nullopt;
    return ObjectId::fromBytes(bytes.first(ObjectId::size));
}

Result<Bytes> unpack(Codec codec, ByteView bytes, std::optional<ByteView> parentBytes) {
    if (bytes.size() > kPayloadStoredMaxAlone) {
        return makeError(ErrorCode::TooLarge, "payload.stored-too-large",
                         "a packed payload of " + std::to_string(bytes.size()) + " bytes");
    }
    switch (codec) {
        case Codec::Raw: return toBytes(bytes);
        case Codec::Zstd: return decompress(bytes, std::nullopt);
        case Codec::ZstdOnParent: {
            std::optional<ObjectId> const parent = parentNeeded(codec, bytes);
            if (!parent) return malformed("payload.truncated", "too short to name its parent");
            if (!parentBytes) {
                return makeError(ErrorCode::WrongState, "payload.parent-missing", "packed on " + parent->hex());
            }
            // Otherwise our own mistake, or damage here, would look like a fault of who delivered the payload.
            if (hashAs<ObjectId>(*parentBytes) != *parent) {
                return makeError(ErrorCode::WrongState, "payload.parent-wrong",
                                 "these are not the bytes of " + parent->hex());
            }
            return decompress(bytes.subspan(ObjectId::size), *parentBytes);
        }
    }
    // The codec is a number from outside.
    return makeError(ErrorCode::Unsupported, "payload.codec",
                     "codec " + std::to_string(static_cast<unsigned>(codec)) + " is not known here");
}

Result<OpenPayload> openPayload(trust::FrameHeader const& header, Codec codec, ByteView bytes,
                                std::optional<ByteView> parentBytes,
                                bool (*redacted)(void* context, ObjectId const& id), void* context) {
    if (header.schema != trust::FrameHeader::kSchema) {
        return makeError(ErrorCode::Unsupported, "newer.schema",
                         "a payload of table form " + std::to_string(header.schema) + " is kept unread");
    }
    if (header.items.size() > 1 && bytes.size() > kPayloadStoredMax) {
        return makeError(ErrorCode::TooLarge, "payload.stored-too-large",
                         "a packed payload of " + std::to_string(bytes.size()) + " bytes for several rows");
    }
    auto changeset = unpack(codec, bytes, parentBytes);
    if (!changeset) return changeset.error();

    // Nothing at all is what is left of a frame when all its rows are redacted.
    std::vector<PayloadRow> rows;
    if (!changeset->empty()) {
        auto read = readChangeset(*changeset);
        if (!read) return read.error();
        rows = std::move(*read);
    }
    auto ordered = inOrderOfItems(header.items, rows, redacted, context);
    if (!ordered) return ordered.error();
    for (PayloadRow const& row : *ordered) {
        if (hashAs<ObjectId>(row.bytes) != row.item.id) {
            return makeError(ErrorCode::BadHash, "payload.row-hash", "wrong bytes under id " + row.item.id.hex());
        }
    }
    // Moving the vector leaves its bytes where the rows point.
    return OpenPayload{std::move(*changeset), std::move(*ordered)};
}

}  // namespace spiral::replica
