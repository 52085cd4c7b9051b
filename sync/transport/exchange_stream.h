// The bytes of an exchange file: magic, kind, one zstd stream of messages, SHA-256. Both ends work in a memory that
// does not depend on the file's size.
#pragma once

#include "base/files.h"
#include "base/sha256.h"
#include "protocol/file_session.h"
#include "transport/exchange_file.h"

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace spiral::transport {

inline constexpr std::array<std::uint8_t, 8> kMagic{'S', 'P', 'I', 'R', 'A', 'L', '1', '\n'};
inline constexpr std::size_t kHeadBytes = kMagic.size() + 1;
inline constexpr std::size_t kLengthBytes = 4;
/// 8 MiB: about eight batches, in which the same device's rows come again and again. A reader reserves no more.
inline constexpr int kWindowLog = 23;
inline constexpr std::size_t kFileChunkBytes = 1024 * 1024;

/// Where bytes are, while a file is read or written: for progress.
using BytesDone = std::function<void(std::uint64_t bytes)>;

/// The size that a packed payload says it unpacks to.
[[nodiscard]] std::optional<std::size_t> declaredSize(trust::Payload const& payload);

/// Writes beside `target`; finish() gives the file its name. Without finish() nothing stays.
class ExchangeWriter {
public:
    ExchangeWriter(Files& files, Path target, std::string_view uniqueName);
    ~ExchangeWriter();
    ExchangeWriter(ExchangeWriter const&) = delete;
    ExchangeWriter& operator=(ExchangeWriter const&) = delete;

    [[nodiscard]] Result<void> begin(FileKind kind);
    [[nodiscard]] Result<void> write(protocol::Message const& message);
    /// Ends the stream, adds the hash, makes it durable and renames it. The file's size.
    [[nodiscard]] Result<std::uint64_t> finish();

private:
    struct Compressor;
    [[nodiscard]] Result<void> compress(ByteView bytes, bool end);
    [[nodiscard]] Result<void> compressNow(ByteView bytes, bool end);
    [[nodiscard]] Result<void> flush();

    Files& m_files;
    Path m_target, m_beside;
    std::unique_ptr<Compressor> m_compressor;
    Sha256Stream m_hash;
    Bytes m_out;
    std::uint64_t m_written = 0;
    bool m_made = false;
};

/// What the first bytes and the hash say of a file.
struct CheckedFile {
    FileKind kind = FileKind::Exchange;
    std::uint64_t size = 0;
};
/// Reads the file once from end to end. "exchange.not-a-file", "exchange.newer", "exchange.truncated",
/// "exchange.damaged", "exchange.kind".
[[nodiscard]] Result<CheckedFile> checkWhole(Files& files, Path const& file, BytesDone const& done = {});

/// The messages of a checked file, one after the other. Errors: "exchange.damaged" with the finer reason in the detail,
/// "exchange.newer", "exchange.too-large".
class ExchangeReader {
public:
    ExchangeReader(Files& files, Path file, std::uint64_t size);
    ~ExchangeReader();
    ExchangeReader(ExchangeReader const&) = delete;
    ExchangeReader& operator=(ExchangeReader const&) = delete;

    /// The next message; nothing after the last.
    [[nodiscard]] Result<std::optional<protocol::Message>> next();
    /// Bytes of the file used so far.
    [[nodiscard]] std::uint64_t position() const noexcept { return m_position; }

private:
    struct Decompressor;
    [[nodiscard]] Result<bool> fill(std::size_t wanted);

    Files& m_files;
    Path m_file;
    std::uint64_t m_position, m_end;
    std::unique_ptr<Decompressor> m_decompressor;
    Bytes m_in;  ///< compressed bytes read from the file
    std::size_t m_inUsed = 0;
    Bytes m_out;  ///< unpacked bytes; those before m_outUsed are done with
    std::size_t m_outUsed = 0;
    bool m_moreInside = false;  ///< the decompressor filled all the room it was given
    bool m_streamEnded = false;
};

}  // namespace spiral::transport
