#include "exchange_stream.h"

#include <zstd.h>

#include <algorithm>
#include <new>

namespace spiral::transport {
namespace {

// Compared in README.md: above this level the bytes hardly shrink while the time doubles, and looking for repetitions
// farther than the window finds none.
constexpr int kLevel = 3;
// What is larger than this is a first exchange or a copy, where time counts more than bytes: level 1 takes a fifth less
// of it for a sixth more bytes.
constexpr int kLevelOfLarge = 1;
constexpr std::size_t kLargeBytes = 1024 * 1024;

// What two threads pack at a time, and how much of what was before each job sees: a quarter of the window (2 to the power
// of this less 9), beyond which the bytes hardly shrink.
constexpr int kWorkers = 2;
constexpr int kJobBytes = 4 * 1024 * 1024;
constexpr int kOverlapLog = 7;

constexpr std::array<std::uint8_t, 4> kZstdMagic{0x28, 0xB5, 0x2F, 0xFD};
constexpr std::size_t kTrailerBytes = Sha256::size;

Error malformed(std::string_view reason, std::string detail) {
    return makeError(ErrorCode::Malformed, reason, std::move(detail));
}
Error damaged(std::string detail) { return makeError(ErrorCode::Damaged, "exchange.damaged", std::move(detail)); }
Error truncated(std::string detail) { return makeError(ErrorCode::Damaged, "exchange.truncated", std::move(detail)); }

std::size_t must(std::size_t code) {
    if (ZSTD_isError(code)) throw std::bad_alloc();  // parameters of our own: only memory can be wrong
    return code;
}

std::uint32_t littleEndian(std::uint8_t const* bytes, std::size_t count) {
    std::uint32_t value = 0;
    for (std::size_t i = count; i-- > 0;) value = value << 8 | bytes[i];
    return value;
}

/// Where the zstd stream ends that begins at `start`, found by its block heads alone (RFC 8878, 3.1.1): nothing is
/// unpacked. Nothing if the file ends before; an Error if these are no block heads.
Result<std::optional<std::uint64_t>> endOfStream(Files& files, Path const& file, std::uint64_t start) {
    constexpr std::size_t kFrameHeadMax = 18;
    constexpr std::size_t kBlockHead = 3;
    constexpr std::uint32_t kBlockMax = 128 * 1024;
    auto head = files.readAt(file, start, kFrameHeadMax);
    if (!head) return head.error();
    std::size_t const known = std::min(head->size(), kZstdMagic.size());
    if (!std::equal(kZstdMagic.begin(), kZstdMagic.begin() + static_cast<std::ptrdiff_t>(known), head->begin())) {
        return damaged("no zstd stream");
    }
    if (head->size() < 6) return std::optional<std::uint64_t>{};
    std::uint8_t const descriptor = (*head)[4];
    bool const singleSegment = (descriptor & 0x20U) != 0;
    constexpr std::array<std::size_t, 4> kDictionaryBytes{0, 1, 2, 4};
    constexpr std::array<std::size_t, 4> kSizeBytes{0, 2, 4, 8};
    std::size_t const sizeCode = descriptor >> 6;
    std::size_t const headBytes = 5 + (singleSegment ? 0 : 1) + kDictionaryBytes[descriptor & 3U] +
                                  (sizeCode == 0 && singleSegment ? 1 : kSizeBytes[sizeCode]);
    std::uint64_t at = start + headBytes;
    for (;;) {
        auto const block = files.readAt(file, at, kBlockHead);
        if (!block) return block.error();
        if (block->size() < kBlockHead) return std::optional<std::uint64_t>{};
        std::uint32_t const value = littleEndian(block->data(), kBlockHead);
        std::uint32_t const type = value >> 1 & 3U;
        std::uint32_t const bytes = value >> 3;
        if (type == 3 || bytes > kBlockMax) return damaged("no zstd block");
        at += kBlockHead + (type == 1 ? 1 : bytes);
        if ((value & 1U) != 0) break;
    }
    if ((descriptor & 4U) != 0) at += 4;
    return std::optional<std::uint64_t>(at);
}

/// The hash is wrong: was the file cut short on its way, or was something in it changed?
Error cutOrDamaged(Files& files, Path const& file, std::uint64_t size) {
    auto const end = endOfStream(files, file, kHeadBytes);
    if (!end) return end.error();
    if (!*end || **end + kTrailerBytes > size) return truncated("the file ends before its end mark");
    return damaged("the hash at the end is not that of the file");
}

}  // namespace

std::optional<std::size_t> declaredSize(trust::Payload const& payload) {
    if (payload.codec == trust::Codec::Raw) return payload.bytes.size();
    ByteView frame = payload.bytes;
    if (payload.codec == trust::Codec::ZstdOnParent) frame = frame.subspan(std::min(frame.size(), ObjectId::size));
    unsigned long long const size = ZSTD_getFrameContentSize(frame.data(), frame.size());
    if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR) return std::nullopt;
    return static_cast<std::size_t>(size);
}

// --- writing
// -------------------------------------------------------------------------------------------------------------

struct ExchangeWriter::Compressor {
    struct Free {
        void operator()(ZSTD_CCtx* made) const noexcept { ZSTD_freeCCtx(made); }
    };
    std::unique_ptr<ZSTD_CCtx, Free> context{ZSTD_createCCtx()};
    Bytes first;  ///< unpacked, while nothing is packed: until it is known whether all is large
    bool begun = false;
    Bytes buffer = Bytes(ZSTD_CStreamOutSize());
};

ExchangeWriter::ExchangeWriter(Files& files, Path target, std::string_view uniqueName)
    : m_files(files),
      m_target(std::move(target)),
      m_beside(m_target.parent_path() / (".spiral-" + std::string(uniqueName) + ".new")),
      m_compressor(std::make_unique<Compressor>()) {
    if (!m_compressor->context) throw std::bad_alloc();
    auto* const context = m_compressor->context.get();
    must(ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, kWindowLog));
    // Packed beside reading the store. A libzstd without threads refuses this, and packs as it reads.
    if (!ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_nbWorkers, kWorkers))) {
        must(ZSTD_CCtx_setParameter(context, ZSTD_c_jobSize, kJobBytes));
        must(ZSTD_CCtx_setParameter(context, ZSTD_c_overlapLog, kOverlapLog));
    }
    must(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 0));  // the file has a better one
}

ExchangeWriter::~ExchangeWriter() {
    if (!m_made) return;
    [[maybe_unused]] auto const removed = m_files.remove(m_beside);
}

Result<void> ExchangeWriter::begin(FileKind kind) {
    m_out.reserve(kFileChunkBytes + m_compressor->buffer.size());
    m_out.assign(kMagic.begin(), kMagic.end());
    m_out.push_back(static_cast<std::uint8_t>(kind));
    return {};
}

Result<void> ExchangeWriter::write(protocol::Message const& message) {
    Bytes const bytes = protocol::encode(message);
    ensure(bytes.size() <= protocol::Limits{}.messageBytesMax, "a message within its limit");
    std::array<std::uint8_t, kLengthBytes> length{};
    for (std::size_t i = 0; i < kLengthBytes; ++i) length[i] = static_cast<std::uint8_t>(bytes.size() >> (8 * i));
    if (auto done = compress(length, false); !done) return done;
    return compress(bytes, false);
}

Result<void> ExchangeWriter::compress(ByteView bytes, bool end) {
    auto& packing = *m_compressor;
    if (packing.begun) return compressNow(bytes, end);
    packing.first.insert(packing.first.end(), bytes.begin(), bytes.end());
    bool const isLarge = packing.first.size() > kLargeBytes;
    if (!isLarge && !end) return {};
    must(ZSTD_CCtx_setParameter(packing.context.get(), ZSTD_c_compressionLevel, isLarge ? kLevelOfLarge : kLevel));
    packing.begun = true;
    // Not ended in the same step: for a known size zstd chooses otherwise, and here worse.
    if (auto done = compressNow(packing.first, false); !done) return done;
    packing.first = {};
    return end ? compressNow({}, true) : Result<void>{};
}

Result<void> ExchangeWriter::compressNow(ByteView bytes, bool end) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    auto& buffer = m_compressor->buffer;
    for (;;) {
        ZSTD_outBuffer out{buffer.data(), buffer.size(), 0};
        std::size_t const left =
            must(ZSTD_compressStream2(m_compressor->context.get(), &out, &in, end ? ZSTD_e_end : ZSTD_e_continue));
        m_out.insert(m_out.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(out.pos));
        if (m_out.size() >= kFileChunkBytes) {
            if (auto flushed = flush(); !flushed) return flushed;
        }
        if (end ? left == 0 : in.pos == in.size) return {};
    }
}

Result<void> ExchangeWriter::flush() {
    m_hash.add(m_out);
    // Removed also when the write fails half way: it has made the file by then.
    m_made = m_made || !m_out.empty();
    if (auto written = m_files.writeAt(m_beside, m_written, m_out, FileMode::Shared); !written) return written;
    m_written += m_out.size();
    m_out.clear();
    return {};
}

Result<std::uint64_t> ExchangeWriter::finish() {
    if (auto ended = compress({}, true); !ended) return ended.error();
    if (auto flushed = flush(); !flushed) return flushed.error();
    Sha256 const hash = m_hash.finish();
    if (auto written = m_files.writeAt(m_beside, m_written, hash.view(), FileMode::Shared); !written)
        return written.error();
    if (auto synced = m_files.sync(m_beside); !synced) return synced.error();
    if (auto renamed = m_files.rename(m_beside, m_target); !renamed) return renamed.error();
    m_made = false;
    return m_written + hash.raw.size();
}

// --- reading
// -------------------------------------------------------------------------------------------------------------

Result<CheckedFile> checkWhole(Files& files, Path const& file, BytesDone const& done) {
    auto const size = files.size(file);
    if (!size) return size.error();
    auto const head = files.readAt(file, 0, kHeadBytes);
    if (!head) return head.error();
    std::size_t const magic = std::min(head->size(), kMagic.size());
    if (!std::equal(kMagic.begin(), kMagic.begin() + static_cast<std::ptrdiff_t>(magic), head->begin())) {
        constexpr std::size_t kNameBytes = 6;
        bool const ours =
            head->size() > kNameBytes && std::equal(kMagic.begin(), kMagic.begin() + kNameBytes, head->begin());
        if (ours && (*head)[kNameBytes] >= '2' && (*head)[kNameBytes] <= '9') {
            return makeError(ErrorCode::Unsupported, "exchange.newer", "a file of a newer program");
        }
        return malformed("exchange.not-a-file", "not an exchange file");
    }
    if (*size < kHeadBytes + kTrailerBytes) return truncated("the file has only " + std::to_string(*size) + " bytes");

    std::uint64_t const hashed = *size - kTrailerBytes;
    Sha256Stream hash;
    for (std::uint64_t at = 0; at < hashed;) {
        auto const chunk =
            files.readAt(file, at, static_cast<std::size_t>(std::min<std::uint64_t>(kFileChunkBytes, hashed - at)));
        if (!chunk) return chunk.error();
        if (chunk->empty()) return truncated("the file became shorter while it was read");
        hash.add(*chunk);
        at += chunk->size();
        if (done) done(at);
    }
    auto const trailer = files.readAt(file, hashed, kTrailerBytes);
    if (!trailer) return trailer.error();
    if (Sha256::fromBytes(*trailer) != hash.finish()) return cutOrDamaged(files, file, *size);

    auto const kind = static_cast<FileKind>(head->back());
    if (kind != FileKind::Exchange && kind != FileKind::Tips && kind != FileKind::Welcome) {
        return makeError(ErrorCode::Unsupported, "exchange.kind", "a kind of file that is not known here");
    }
    return CheckedFile{kind, *size};
}

struct ExchangeReader::Decompressor {
    struct Free {
        void operator()(ZSTD_DCtx* made) const noexcept { ZSTD_freeDCtx(made); }
    };
    std::unique_ptr<ZSTD_DCtx, Free> context{ZSTD_createDCtx()};
};

ExchangeReader::ExchangeReader(Files& files, Path file, std::uint64_t size)
    : m_files(files),
      m_file(std::move(file)),
      m_position(kHeadBytes),
      m_end(size - kTrailerBytes),
      m_decompressor(std::make_unique<Decompressor>()) {
    if (!m_decompressor->context) throw std::bad_alloc();
    must(ZSTD_DCtx_setParameter(m_decompressor->context.get(), ZSTD_d_windowLogMax, kWindowLog));
}
ExchangeReader::~ExchangeReader() = default;

/// Unpacks until `wanted` bytes are there. False if the stream ends exactly here, with none.
Result<bool> ExchangeReader::fill(std::size_t wanted) {
    while (m_out.size() - m_outUsed < wanted) {
        if (m_streamEnded) {
            if (m_out.size() == m_outUsed) return false;
            return damaged("the last message ends too early");
        }
        if (m_outUsed > 0) {
            m_out.erase(m_out.begin(), m_out.begin() + static_cast<std::ptrdiff_t>(m_outUsed));
            m_outUsed = 0;
        }
        if (m_inUsed == m_in.size() && !m_moreInside) {
            bool const first = m_position == kHeadBytes;
            std::uint64_t const left = m_end - m_position;
            if (left == 0) return damaged("the zstd stream does not end");
            auto chunk = m_files.readAt(m_file, m_position,
                                        static_cast<std::size_t>(std::min<std::uint64_t>(kFileChunkBytes, left)));
            if (!chunk) return chunk.error();
            if (chunk->empty()) return truncated("the file became shorter while it was read");
            // libzstd would skip what is no zstd frame but looks like one.
            if (first && (chunk->size() < kZstdMagic.size() ||
                          !std::equal(kZstdMagic.begin(), kZstdMagic.end(), chunk->begin()))) {
                return damaged("no zstd stream");
            }
            m_position += chunk->size();
            m_in = std::move(*chunk);
            m_inUsed = 0;
        }
        std::size_t const had = m_out.size();
        m_out.resize(std::max(had + ZSTD_DStreamOutSize(), m_outUsed + wanted));
        ZSTD_outBuffer out{m_out.data(), m_out.size(), had};
        ZSTD_inBuffer in{m_in.data(), m_in.size(), m_inUsed};
        std::size_t const left = ZSTD_decompressStream(m_decompressor->context.get(), &out, &in);
        m_moreInside = out.pos == out.size;  // full: it may hold back more without any input
        m_out.resize(out.pos);
        m_inUsed = in.pos;
        if (ZSTD_isError(left)) return damaged(std::string("zstd: ") + ZSTD_getErrorName(left));
        if (left == 0) {
            m_streamEnded = true;
            if (m_inUsed != m_in.size() || m_position != m_end) return damaged("bytes after the zstd stream");
        }
    }
    return true;
}

Result<std::optional<protocol::Message>> ExchangeReader::next() {
    auto const more = fill(kLengthBytes);
    if (!more) return more.error();
    if (!*more) return std::optional<protocol::Message>{};
    std::size_t const length = littleEndian(m_out.data() + m_outUsed, kLengthBytes);
    if (length > protocol::Limits{}.messageBytesMax)
        return damaged("a message of " + std::to_string(length) + " bytes");
    m_outUsed += kLengthBytes;
    if (length > 0) {
        auto const there = fill(length);
        if (!there) return there.error();
        if (!*there) return damaged("the last message ends too early");
    }
    auto message = protocol::decode(ByteView(m_out).subspan(m_outUsed, length));
    m_outUsed += length;
    if (!message) {
        auto const& error = message.error();
        if (error.reason == "message.newer") return makeError(ErrorCode::Unsupported, "exchange.newer", error.detail);
        return damaged(error.reason + ": " + error.detail);
    }
    return std::optional<protocol::Message>(std::move(*message));
}

}  // namespace spiral::transport
