// Two machines and a server of one college as their disks' images, to begin many runs with; and the programs that people
// run on them, each an open, an act and a close, on disks that may fail.
#pragma once

#include "disk.h"

#include "../../network/scene.h"
#include "../../network/wire.h"

#include "replica/attachments.h"
#include "server/sync_core.h"
#include "transport/caller.h"

#include <deque>
#include <set>

namespace spiral::faults {

using replica::Replica;
using replica::SqliteError;

inline constexpr std::string_view kScope = "unit/jwc";   ///< everybody writes here

/// What one machine said that it holds.
struct Said {
    std::set<FrameId> frames;                 ///< sealed here, or answered to as stored
    std::vector<trust::Attachment> files;     ///< attached here
};

/// A machine: its folder (replica and guard together), its disk, and what it promised to anybody.
class Seat {
public:
    Seat(FaultVfs& vfs, Path room, Path const& image, trust::SecretKey& key, PersonId person, std::uint64_t seed);
    virtual ~Seat();
    Seat(Seat const&) = delete;
    Seat& operator=(Seat const&) = delete;

    [[nodiscard]] Result<void> open();
    void close() { m_replica.reset(); }
    [[nodiscard]] bool isOpen() const { return m_replica != nullptr; }
    Replica& operator*() { return *m_replica; }
    Replica* operator->() { return m_replica.get(); }
    [[nodiscard]] Path folder() const { return disk.root() / "replica"; }
    [[nodiscard]] replica::World world() { return {clock, m_monotonic, m_random, files}; }
    [[nodiscard]] trust::SecretKey& key() { return m_key; }
    [[nodiscard]] Random& random() { return m_random; }
    [[nodiscard]] PersonId const& person() const { return m_person; }

    /// Like a command: opens, does it, closes. What went wrong, if anything.
    std::optional<Error> runs(std::function<Result<void>()> const& act);
    /// Seals a revision; with a file, if one is named.
    std::optional<Error> writes(std::string_view title, std::optional<Path> const& paper = {});

    replica::TestWallClock clock;
    Disk disk;
    FaultFiles files;
    Said said;

private:
    FaultVfs& m_vfs;
    trust::SecretKey& m_key;
    PersonId m_person;
    replica::TestMonotonicClock m_monotonic;
    SeededRandom m_random;
    std::unique_ptr<Replica> m_replica;
};

/// A server on its seat: the process that serves, which is started again when it could not start.
class ServerSeat : public Seat {
public:
    using Seat::Seat;
    ~ServerSeat() override { stop(); }
    std::optional<Error> start();
    void stop();
    [[nodiscard]] server::SyncCore& core() { return *m_core; }
    [[nodiscard]] bool isUp() const { return m_core.has_value(); }
    /// As SyncServer does with what a disk throws.
    void guarded(std::function<void()> const& work);

private:
    std::optional<server::SyncCore> m_core;
};

/// `spiral sync`: the machine's seat is opened and closed.
struct Synced {
    std::optional<Error> error;
    bool agreed = false;
    std::uint64_t frames = 0, pieces = 0;
};
[[nodiscard]] Synced sync(Seat& caller, ServerSeat& server, std::uint64_t number);

/// What everybody's disks hold before a run: Wang's work and file are with the server, and Li has synchronised once.
class MachineRoom {
public:
    MachineRoom();
    [[nodiscard]] Path const& path() const { return m_folder.path(); }
    /// Li's paper, larger than one piece.
    [[nodiscard]] Path paper() const { return path() / "报告.pdf"; }
    std::unique_ptr<Seat> li(FaultVfs& vfs, Path const& from, Path const& at);
    std::unique_ptr<ServerSeat> server(FaultVfs& vfs, Path const& from, Path const& at);
    [[nodiscard]] Path liImage() const { return path() / "image-li"; }
    [[nodiscard]] Path serverImage() const { return path() / "image-server"; }
    /// A place for a run's machines.
    [[nodiscard]] Path place(std::string const& name) const { return path() / name; }
    /// What Wang gave the server: Li gets it.
    [[nodiscard]] trust::Attachment const& wangsFile() const { return m_wangsFile; }

private:
    TemporaryFolder m_folder{"spiral-room"};
    server::Scene m_scene;
    trust::Attachment m_wangsFile;
};

/// The first thing that is wrong with this machine: its check, something it said to hold and does not, one of these files that
/// it calls whole and that is not. Empty if nothing is. REQUIRES: open.
[[nodiscard]] std::string whatIsWrong(Seat& seat, Said const& said, std::vector<trust::Attachment> const& files);
[[nodiscard]] std::set<FrameId> framesOf(Seat& seat);

}  // namespace spiral::faults
