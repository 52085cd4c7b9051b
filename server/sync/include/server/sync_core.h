// What a server or hub does with its replica and those who are connected, without a socket or thread: whoever drives it
// (SyncServer over TLS, the simulation) says what arrived, and lets it work.
//
// One thread. Frames of several peers are stored in one transaction and receipted by one record a scope: group commit.
// Nothing is answered before it is on the disk.
#pragma once

#include "base/result.h"
#include "protocol/session.h"
#include "replica/replica.h"
#include "transport/session_driver.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace spiral::server {

/// One line of the log. Fields are ids, sizes, counts and reasons; never contents, names of people, or keys.
struct Event {
    std::string_view name;
    std::vector<std::pair<std::string_view, std::string>> fields{};
    bool warning = false;
};

struct CoreLimits {
    std::size_t commitBytesMax = 16 * 1024 * 1024;       ///< of frames in one transaction, more or less
    std::size_t receiptFramesMax = 1'000;                ///< one receipt names
    std::size_t peersOfDeviceMax = 4;                    ///< connections of one device; the oldest gives way
    std::uint64_t deviceBytesPerDayMax = 4ULL << 30;     ///< of frames and attachments taken from one device
    std::uint64_t deviceFramesPerDayMax = 1'000'000;
    std::uint64_t attachmentBytesMax = 4ULL << 30;       ///< larger ones are not wanted
};

/// Counts since the start; for metrics.
struct CoreCounts {
    std::uint64_t sessions = 0, refusedSessions = 0, failedSessions = 0;
    std::uint64_t framesStored = 0, framesKnown = 0, framesRefused = 0, framesWaiting = 0;
    std::uint64_t framesSent = 0, bytesStored = 0;
    std::uint64_t commits = 0, receipts = 0, overQuota = 0;
    std::uint64_t piecesTaken = 0, piecesGiven = 0;
};

class SyncCore {
public:
    using PeerId = std::uint64_t;
    struct Road {
        std::function<void(protocol::Message)> send;
        std::function<void()> close;       ///< after what was sent
        std::function<void()> trusted;     ///< it is known who this is
        Bytes secret;                      ///< of the connection, equal at both ends (the TLS exporter)
    };
    /// `signer`: of the replica's own device. A replica that the registry calls a server gives receipts; a hub gives none.
    SyncCore(replica::Replica& replica, trust::Signer& signer, CoreLimits limits, std::function<void(Event const&)> log);
    ~SyncCore();
    SyncCore(SyncCore const&) = delete;
    SyncCore& operator=(SyncCore const&) = delete;

    [[nodiscard]] PeerId opened(Road road);
    void received(PeerId peer, protocol::Message message);
    void closed(PeerId peer);
    /// Does one thing that is to be done: answers a peer's ask, or stores what has gathered. False if there is nothing.
    /// A failing disk ends the sessions whose frames it was about, with `server.disk`, and is told by diskError().
    bool work();
    /// Everything received till now is stored and answered before this returns.
    void finish();
    /// Somebody else wrote into the replica (a hub's own session with the server above).
    void onNews(std::vector<Scope> const& touched);
    /// The bytes of a file came from elsewhere (from the server above): noted, and told those who asked for it in vain.
    void fileCame(Scope const& scope, trust::Attachment const& file);
    /// Somebody else (the server above) was asked for a file in vain: the others are asked.
    void wantFile(replica::Replica::NamedFile const& named);
    /// What the session with the server above learns of the peers' files: one came; a peer was asked for one in vain.
    struct Files {
        std::function<void(Scope const&, trust::Attachment const&)> came;
        std::function<void(replica::Replica::NamedFile const&)> inVain;
    };
    void onFiles(Files files) { m_files = std::move(files); }
    /// Called after frames of peers were stored: for a hub's session with the server above.
    void onCommitted(std::function<void()> tell) { m_committed = std::move(tell); }
    /// What the keeper of the registry does with a proposal; without it, every one is refused.
    void onProposal(std::function<Result<ObjectId>(ByteView)> append) { m_append = std::move(append); }
    void setLimits(CoreLimits limits) { m_limits = limits; }

    [[nodiscard]] CoreCounts const& counts() const { return m_counts; }
    [[nodiscard]] std::size_t peers() const { return m_peers.size(); }
    [[nodiscard]] std::optional<Error> const& diskError() const { return m_diskError; }

    /// Frames that others gave to this replica get their receipts, also those that a crash left without.
    void giveReceipts();
    /// While diskError(): writes something, to see whether the disk takes it again.
    void tryDisk();
    /// Reading or writing failed at what is nobody's turn.
    void diskFailed(replica::SqliteError const& error);

private:
    struct Peer;
    struct Quota {
        std::int64_t day = 0;
        std::uint64_t bytes = 0, frames = 0;
    };
    Result<void> authenticate(PeerId id, protocol::Greeting const& greeting);
    void commit();
    void deliver(PeerId id, protocol::Message const& message);
    void proposed(Peer& peer, protocol::Propose const& propose);
    [[nodiscard]] bool isServer() const;   ///< and so gives receipts: a hub does not
    /// What the log holds after a position, by one walk along it.
    struct Arrived {
        std::int64_t till = 0;
        std::set<Scope> scopes;                            ///< of what is news
        std::map<Scope, std::vector<FrameId>> toReceipt;   ///< frames of others with their rows
    };
    [[nodiscard]] Arrived arrivedSince(std::int64_t position, std::int64_t newsSince) const;
    [[nodiscard]] std::int64_t receiptedTill() const;
    void giveReceipts(Arrived const& arrived);
    void endPeer(PeerId id, std::optional<Error> error);
    void endFor(PeerId id);   ///< of the disk
    void drop();
    /// Counts what a device gave today, and says whether it is too much.
    bool overQuota(DeviceId const& device, std::uint64_t bytes, std::uint64_t frames);
    void tell(std::string_view name, std::vector<std::pair<std::string_view, std::string>> fields, bool warning = false);

    replica::Replica& m_replica;
    trust::Signer& m_signer;
    CoreLimits m_limits;
    std::function<void(Event const&)> m_log;
    std::map<PeerId, std::unique_ptr<Peer>> m_peers;
    std::vector<PeerId> m_ended;             ///< to be dropped when nobody is inside them
    PeerId m_next = 1, m_turn = 0;
    struct Pending {
        PeerId peer = 0;
        std::vector<trust::TravellingFrame> frames;
    };
    std::vector<Pending> m_pending;
    std::size_t m_pendingBytes = 0;
    std::map<DeviceId, Quota> m_quotas;
    CoreCounts m_counts;
    std::optional<Error> m_diskError;
    std::function<void()> m_committed;
    Files m_files;
    std::function<Result<ObjectId>(ByteView)> m_append;
};

}  // namespace spiral::server
