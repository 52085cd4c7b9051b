// A disk that fails on request, under real stores in one process: an SQLite VFS and a Files that both write into one
// folder and tell its Disk of every call.
//
// The Disk counts the calls, lets one of them fail (or that and all later ones), and knows what was synced. So it can
// write, at any moment, what the folder might hold after the power went: what was not synced lost, kept, cut off at some
// call, kept in part, or torn at sectors of 512 bytes.
//
//     FaultVfs vfs;                               // SQLite opens everything through it from now on
//     Disk disk(folder);                          // what lies there now is taken as durable
//     vfs.mount(disk);
//     FaultFiles files(disk, systemFiles());      // for World::files
//     disk.fail({.at = 17, .forEver = true});
//     … disk.writeImage(elsewhere, Loss::Torn, 4711);
//
// One thread at a time is inside a Disk. Files whose bytes never need to be durable (-shm) are left out of images, and so
// is the writer's lock, which no VFS sees.
#pragma once

#include "base/files.h"
#include "base/random.h"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

struct sqlite3_vfs;

namespace spiral::faults {

enum Call : unsigned {
    kWrite = 1,
    kSync = 2,
    kTruncate = 4,
    kOpen = 8,
    kRead = 16,
    kShm = 32,   ///< a piece of the shared index of a log
    kName = 64,  ///< a file is made, renamed or removed
    kEveryCall = 127,
    kWhatNeedsRoom = kWrite | kOpen | kShm | kName,
};

struct Fault {
    std::uint64_t at = 0;           ///< of the calls counted, from 1; 0: none fails
    bool forEver = false;           ///< this and all later ones
    bool full = false;              ///< no room, otherwise an I/O error
    unsigned calls = kEveryCall;    ///< which are counted, and fail
};

/// What becomes of bytes that were not synced when the power goes.
enum class Loss { All, None, Later, Some, Sectors };

class Disk {
public:
    /// `root`: an absolute folder with files that are all durable.
    explicit Disk(Path root);

    [[nodiscard]] Path const& root() const noexcept { return m_root; }
    void fail(Fault fault);
    /// The fault stops.
    void heal() { fail({}); }
    /// Calls of the fault's kinds since fail().
    [[nodiscard]] std::uint64_t counted() const noexcept { return m_counted; }
    [[nodiscard]] std::uint64_t struck() const noexcept { return m_struck; }   ///< times that the fault has shown
    [[nodiscard]] bool full() const noexcept { return m_fault.full; }

    /// Writes into `to` what the folder may hold if the power goes now.
    void writeImage(Path const& to, Loss loss, std::uint64_t seed) const;
    /// How much is not durable now.
    [[nodiscard]] std::size_t changesPending() const;

    // --- for the VFS and the Files -----------------------------------------------------------------------------------

    /// True if this call fails.
    [[nodiscard]] bool strikes(Call call);
    /// To be called before a file is changed for the first time: what it holds then is durable. `name` is below the root.
    void look(std::string const& name) { file(name); }
    /// What a call did.
    void wrote(std::string const& name, std::uint64_t offset, ByteView bytes);
    void truncated(std::string const& name, std::uint64_t size);
    /// Looked at, and made if it was not there; the name is durable with the first sync.
    void made(std::string const& name);
    void removed(std::string const& name, bool durably);
    void synced(std::string const& name);
    /// Linux says so once, and takes the pages for clean: only what is written again can become durable.
    void syncFailed(std::string const& name);
    /// The name stands durably for what `from` is, and `from` is gone. What was not synced is not by this.
    void renamed(std::string const& from, std::string const& to);
    /// The file holds these bytes now; durably, or it may still be what it was.
    void replaced(std::string const& name, ByteView bytes, bool durably);

    /// The name below the root; nothing if it is not below it, or need not be durable.
    [[nodiscard]] std::optional<std::string> nameOf(Path const& path) const;

private:
    struct Change {
        enum class What { Write, Truncate, Make, Remove, Replace } what = What::Write;
        std::uint64_t number = 0;   ///< in the order of the disk
        std::uint64_t offset = 0;   ///< or the size that is left
        Bytes bytes{};
    };
    struct File {
        std::optional<Bytes> durable;   ///< none: no file of that name
        std::vector<Change> pending;
    };
    /// Read from the folder the first time somebody asks.
    File& file(std::string const& name);
    void note(std::string const& name, Change change);
    static void apply(std::optional<Bytes>& content, Change const& change);
    [[nodiscard]] static std::optional<Bytes> afterPower(File const& file, Loss loss, std::uint64_t cut, SeededRandom& random);

    Path m_root;
    Fault m_fault;
    std::uint64_t m_counted = 0, m_struck = 0, m_changes = 0;
    std::map<std::string, File> m_files;
};

/// SQLite's default VFS while it lives: files below a mounted Disk go through it, all others to the one that was the default
/// before. Databases are closed before it goes.
class FaultVfs {
public:
    FaultVfs();
    ~FaultVfs();
    FaultVfs(FaultVfs const&) = delete;
    FaultVfs& operator=(FaultVfs const&) = delete;
    /// The disk outlives every database opened on it.
    void mount(Disk& disk) { m_disks.push_back(&disk); }
    void unmount(Disk& disk) { std::erase(m_disks, &disk); }

    [[nodiscard]] Disk* diskOf(char const* path) const;
    [[nodiscard]] sqlite3_vfs& below() const noexcept { return *m_below; }
    int systemError = 0;   ///< of the last call that a fault ended

private:
    sqlite3_vfs* m_below;
    std::unique_ptr<sqlite3_vfs> m_self;
    std::vector<Disk*> m_disks;
};

/// The same for what a store keeps beside its databases.
class FaultFiles final : public Files {
public:
    FaultFiles(Disk& disk, Files& below) : m_disk(disk), m_below(below) {}

    [[nodiscard]] Result<Bytes> read(Path const& path, std::size_t bytesMax) override;
    [[nodiscard]] Result<void> replace(Path const& path, ByteView bytes, FileMode mode) override;
    [[nodiscard]] Result<void> writeAt(Path const& path, std::uint64_t offset, ByteView bytes, FileMode mode) override;
    [[nodiscard]] Result<Bytes> readAt(Path const& path, std::uint64_t offset, std::size_t count) override;
    [[nodiscard]] Result<void> sync(Path const& path) override;
    [[nodiscard]] Result<void> rename(Path const& from, Path const& to) override;
    [[nodiscard]] Result<void> remove(Path const& path) override;
    [[nodiscard]] Result<void> makeFolder(Path const& path, FileMode mode) override;
    [[nodiscard]] bool exists(Path const& path) override { return m_below.exists(path); }
    [[nodiscard]] Result<std::uint64_t> size(Path const& path) override { return m_below.size(path); }
    [[nodiscard]] std::vector<std::string> list(Path const& folder) override { return m_below.list(folder); }

private:
    [[nodiscard]] Error failure(char const* doing, Path const& path) const;
    Disk& m_disk;
    Files& m_below;
};

}  // namespace spiral::faults
