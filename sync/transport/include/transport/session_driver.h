// A network session over a real replica, whatever carries its messages: TLS on a client or server, the simulated network.
//
// One thread. What the session asks of the store waits in a queue, and work() does one thing of it, so that whoever drives
// many peers over one replica can serve them in turn; frames to store go to `apply`, so that those of several peers come
// into one transaction.
#pragma once

#include "protocol/session.h"
#include "replica/attachments.h"
#include "replica/replica.h"

#include <deque>
#include <functional>
#include <memory>
#include <optional>

namespace spiral::transport {

/// What a peer is to this replica: which scopes both may read, and so what may be said to it.
class StoreSide {
public:
    explicit StoreSide(replica::Replica const& replica) : m_replica(&replica) {}
    /// Until it is told who the peer is, it may have nothing but the registry.
    void setPeer(DeviceId const& peer) { m_peer = peer; }

    [[nodiscard]] protocol::StoreState state(Epoch const& salt) const;
    /// Of the feeds that both should hold, sorted.
    [[nodiscard]] std::vector<trust::FeedTip> tips() const;
    /// The same, and frames below, so that who does not know a tip may know one of them.
    [[nodiscard]] std::vector<trust::FeedTip> tipsToSend() const;
    struct Given {
        std::vector<trust::TravellingFrame> frames;
        std::uint64_t position = 0;
        bool last = true;
    };
    [[nodiscard]] Given since(protocol::FetchSince const& fetch, protocol::Session& session) const;
    [[nodiscard]] Given beyond(protocol::FetchBeyond const& fetch, protocol::Session const& session);
    /// The peer may be given rows of this scope: it may read it, or wrote them.
    [[nodiscard]] bool mayHave(Scope const& scope) const;
    void use(replica::Replica const& replica) { m_replica = &replica; }

private:
    replica::Replica const* m_replica;
    DeviceId m_peer;
    std::vector<trust::FeedTip> m_beyond;   ///< what the peer holds, and what it was given since
    std::uint64_t m_beyondPosition = 0;
};

class SessionDriver {
public:
    struct Ports {
        std::function<void(protocol::Message)> send;
        /// Store them; say so by applied(), of one or several calls together.
        std::function<void(std::vector<trust::TravellingFrame>)> apply;
        std::function<Result<void>(protocol::Greeting const&)> authenticate;
        std::function<void(protocol::Agreement const&)> agreed;
        std::function<void(protocol::Unequal const&)> unequal;   ///< may be empty
        std::function<void(protocol::Message)> deliver;   ///< WantPieces, NoPieces, Propose, Proposed, PieceList, Piece
        /// Once; nothing is called after. The driver is still inside and must not be destroyed before it has returned.
        std::function<void(std::optional<Error>)> ended;
    };
    SessionDriver(replica::Replica const& replica, protocol::Session session, Ports ports);

    /// A caller knows whom it called; an answerer when it has authenticated.
    void setPeer(DeviceId const& peer) { m_store.setPeer(peer); }
    void start();
    void onMessage(protocol::Message message);
    void applied(std::vector<trust::Answer> answers);
    void onNews();
    void onSilence();
    void onEnd();
    void setBusy(bool busy);
    /// Does the oldest thing that the session asked of the store; false if there is none.
    bool work();
    [[nodiscard]] bool hasWork() const { return !m_asked.empty(); }
    /// The replica was opened again (registry and feeds may be newer).
    void use(replica::Replica const& replica);

    [[nodiscard]] protocol::Session const& session() const { return m_session; }
    [[nodiscard]] StoreSide const& store() const { return m_store; }

private:
    void carry(std::vector<protocol::Action> actions);

    StoreSide m_store;
    protocol::Session m_session;
    Ports m_ports;
    std::deque<protocol::Action> m_asked;
    bool m_ended = false;
};

}  // namespace spiral::transport
