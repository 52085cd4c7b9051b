// The calling side of a network session over a replica: proves who it is, stores what comes at once, and remembers what
// both agreed on. Whatever carries the messages drives it. One thread.
#pragma once

#include "transport/piece_exchange.h"
#include "transport/session_driver.h"
#include "trust/keys.h"

#include <functional>
#include <optional>

namespace spiral::transport {

class Caller {
public:
    enum class Compared { Equal, Unequal, UnequalStill };
    struct Road {
        std::function<void(protocol::Message)> send;
        std::function<void(std::optional<Error>)> ended;   ///< once; the caller may not be destroyed inside
        std::function<void()> stored;                      ///< frames of the other side are in
        /// Of a replica that is only read: somebody else stores, and keeps what both agreed on. Otherwise empty.
        std::function<std::vector<trust::Answer>(std::vector<trust::TravellingFrame>)> import{};
        std::function<void(std::string_view note, std::string_view value)> keep{};
        std::function<void(Scope const&, trust::Attachment const&)> setHere{};
        std::function<void(FileShelf::Named const&)> inVain{};   ///< the other side was asked for this file
        /// Both have said what they had to say: they hold the same, or do not though all was offered, or it was not tried.
        std::function<void(Compared)> compared{};
    };
    /// REQUIRES: the replica is enrolled; it is open for writing, or the road can store. `secret`: of the connection, equal at both ends. Locked if the signer is.
    [[nodiscard]] static Result<std::unique_ptr<Caller>> make(replica::Replica& replica, trust::Signer& signer,
                                                              DeviceId const& peer, ByteView secret, bool stays, Road road);
    /// `proposals`: for the keeper of the registry, if the other side is it.
    void start(std::vector<Bytes> const& proposals = {});
    /// One more, after the start.
    void propose(Bytes const& proposal);
    void received(protocol::Message message) { m_driver->onMessage(std::move(message)); }
    void closed() { m_driver->onEnd(); }
    void onNews();
    /// As of PieceExchange: for a hub, whose other connections learn of files too.
    void fileCame(Scope const& scope, trust::Attachment const& file) { m_pieces->fileCame(scope, file); }
    void want(FileShelf::Named const& named);
    /// Nothing came for long: asks the other side for its word.
    void onSilence() { m_driver->onSilence(); }
    /// The other side has said who it is, and took us for who we are.
    [[nodiscard]] bool isOpen() const { return m_driver->session().isOpen(); }
    /// Does one thing of what is to be done; false if there is nothing.
    bool work();
    /// Frames came and more may be on their way: to store several batches at once is cheaper.
    [[nodiscard]] bool mayGather() const { return !m_pending.empty() && m_pendingBytes < kGatherBytes; }
    /// The replica's store was closed and opened again by the same name.
    void use(replica::Replica& replica);

    [[nodiscard]] protocol::Session::Totals const& totals() const { return m_driver->session().totals(); }
    [[nodiscard]] PieceExchange const& pieces() const { return *m_pieces; }
    /// Answers to the proposals so far, in order.
    [[nodiscard]] std::vector<protocol::Proposed> const& proposed() const { return m_proposed; }
    [[nodiscard]] std::uint64_t stored() const { return m_stored; }
    [[nodiscard]] bool agreed() const { return m_agreed; }

private:
    Caller(replica::Replica& replica, DeviceId const& peer, Road road);
    void store();
    void deliver(protocol::Message const& message);
    void noteBusy() { m_driver->setBusy(m_pieces->isBusy() || m_proposed.size() < m_proposals); }

    replica::Replica* m_replica;
    DeviceId m_peer;
    Road m_road;
    std::unique_ptr<SessionDriver> m_driver;
    std::unique_ptr<PieceExchange> m_pieces;
    static constexpr std::size_t kGatherBytes = 3 * 1024 * 1024;   ///< less than the peer's window
    std::vector<trust::TravellingFrame> m_pending;
    std::size_t m_pendingBytes = 0;
    std::vector<protocol::Proposed> m_proposed;
    std::size_t m_proposals = 0;
    std::uint64_t m_stored = 0;
    bool m_agreed = false;
};

}  // namespace spiral::transport
