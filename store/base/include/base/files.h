// The disk as the few operations we need besides SQLite's own: whole small files, replaced atomically, and pieces of
// large ones. The real disk is made only in a program's main.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

namespace spiral {

using Path = std::filesystem::path;

/// Who may read a file that we make.
enum class FileMode { Private, Shared };  // 0600, 0644

/// Failures: NotFound `file.missing`; Environment `disk.full`, or `disk.io` for all others. The detail names the
/// operation and the file's own name, not its folders. Only regular files are opened, so that no pipe makes us wait.
/// Reading follows a symbolic link; writing does not: replace() takes the link's place, writeAt() refuses it.
class Files {
public:
    virtual ~Files() = default;

    /// The whole file. TooLarge, without reading it, if it has more than `bytesMax`; NotFound if it is not there.
    [[nodiscard]] virtual Result<Bytes> read(Path const& path, std::size_t bytesMax) = 0;
    /// Afterwards the file holds exactly `bytes`, durably, or is what it was before: written beside, synced, renamed,
    /// and the folder synced. Environment with the system's words on failure ("disk full" has reason `disk.full`); if
    /// the last step alone failed, the new content is there, but may not survive a power cut. A crash may leave
    /// `.NAME.<hex>.new` beside it.
    [[nodiscard]] virtual Result<void> replace(Path const& path, ByteView bytes, FileMode mode) = 0;
    /// Writes `bytes` at `offset`, making the file if needed. Not durable before sync().
    [[nodiscard]] virtual Result<void> writeAt(Path const& path, std::uint64_t offset, ByteView bytes, FileMode mode) = 0;
    /// Up to `count` bytes from `offset`; fewer only at the end of the file.
    [[nodiscard]] virtual Result<Bytes> readAt(Path const& path, std::uint64_t offset, std::size_t count) = 0;
    [[nodiscard]] virtual Result<void> sync(Path const& path) = 0;
    /// Moves within one disk, replacing what is there; both folders are synced.
    [[nodiscard]] virtual Result<void> rename(Path const& from, Path const& to) = 0;
    [[nodiscard]] virtual Result<void> remove(Path const& path) = 0;
    /// Makes the folder and its parents (0700 for Private). No error if it is there.
    [[nodiscard]] virtual Result<void> makeFolder(Path const& path, FileMode mode) = 0;
    [[nodiscard]] virtual bool exists(Path const& path) = 0;
    [[nodiscard]] virtual Result<std::uint64_t> size(Path const& path) = 0;
    /// Names inside a folder, sorted; empty if it is not there.
    [[nodiscard]] virtual std::vector<std::string> list(Path const& folder) = 0;
};

/// The operating system's disk. For a program's main, and for tests that use real folders.
[[nodiscard]] Files& systemFiles();

/// A folder that removes itself with all it holds when it goes out of scope. For tests and temporary work.
class TemporaryFolder {
public:
    explicit TemporaryFolder(std::string_view prefix = "spiral");
    ~TemporaryFolder();
    TemporaryFolder(TemporaryFolder const&) = delete;
    TemporaryFolder& operator=(TemporaryFolder const&) = delete;
    [[nodiscard]] Path const& path() const noexcept { return m_path; }

private:
    Path m_path;
};

}  // namespace spiral
