// The road by file: what one replica writes on a stick and another reads, in any order, any number of times.
//
// File: "SPIRAL1\n", a kind byte, then one zstd stream (window ≤ 8 MiB) of messages, each a 4-byte little-endian length
// and the bytes of protocol/file_session.h, then the 32-byte SHA-256 of everything before. The hash is checked over the whole
// file before the first message is read, so that a file cut short or damaged on the way changes nothing and says so.
#pragma once

#include "base/files.h"
#include "base/result.h"
#include "protocol/file_session.h"
#include "replica/attachments.h"
#include "replica/replica.h"

#include <functional>
#include <optional>

namespace spiral::transport {

enum class FileKind : std::uint8_t { Exchange = 'X', Tips = 'T', Welcome = 'W' };

struct FileTotals {
    std::uint64_t frames = 0, bytes = 0;
    std::vector<trust::Answer> answers;     ///< of import: one a frame that was not simply stored or known
    std::uint64_t stored = 0, known = 0;
    std::uint64_t pieces = 0;
    std::optional<protocol::Hello> writer;
};
using Progress = std::function<void(std::uint64_t done, std::uint64_t of)>;

/// Writes what a reader with `known` tips lacks (everything without), only of scopes `mayRead` allows, and pieces of
/// attachments that those revisions name. The file appears whole or not at all.
[[nodiscard]] Result<FileTotals> exportFile(replica::Replica const& replica, replica::Attachments const& attachments,
                                            Path const& file, FileKind kind,
                                            std::vector<trust::FeedTip> const& known,
                                            std::function<bool(Scope const&)> const& mayRead, Progress const& progress = {});
/// Takes a file in. Malformed or Damaged ("exchange.truncated", "exchange.damaged", "exchange.not-a-file",
/// "exchange.newer", "exchange.other-college") leave the replica as it was; otherwise each frame got an answer.
[[nodiscard]] Result<FileTotals> importFile(replica::Replica& replica, replica::Attachments& attachments, Path const& file,
                                            Progress const& progress = {});
/// Our tips, for somebody who will export to us.
[[nodiscard]] Result<void> writeTips(replica::Replica const& replica, Path const& file);
/// Reads a tips file: who wrote it and what they hold.
[[nodiscard]] Result<protocol::Hello> readTips(Path const& file, Files& files);
/// The frames of a file, unverified and without a replica to put them in. For tests and tools; programs use importFile().
[[nodiscard]] Result<std::vector<trust::TravellingFrame>> readFrames(Path const& file, Files& files, FileKind kind);

}  // namespace spiral::transport
