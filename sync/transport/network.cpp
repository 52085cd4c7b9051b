#include "transport/network.h"

#include "tls/loop.h"

namespace spiral::transport {

namespace {

constexpr std::chrono::milliseconds kTurn{1000};
constexpr int kGatherTurns = 64;   // of the loop, each a read or a message, before what came is stored
/// A server that is there and says nothing, such as one that was halted: between one and two of these. The replica is
/// held for writing all the time.
constexpr std::chrono::milliseconds kSilence{60'000};

/// One thread: the loop takes a turn between two pieces of work on the store.
class Call {
public:
    Call(replica::Replica& replica, trust::Signer& signer, trust::PublicKey const& serverKey,
         std::vector<Bytes> const& proposals, NetworkProgress const& progress)
        : m_replica(replica), m_signer(signer), m_serverKey(serverKey), m_proposals(proposals), m_progress(progress) {}

    Result<NetworkTotals> run(tls::Address const& server, tls::ChannelLimits const& limits) {
        tls::connect(m_loop, server.host, server.port, m_serverKey, m_replica.registry().domain(), limits,
                     [this](Result<std::unique_ptr<tls::Channel>> channel) {
                         if (channel) opened(std::move(*channel));
                         else end(channel.error());
                     });
        while (!m_over) {
            for (int turns = 0; turns < kGatherTurns && m_caller && m_caller->mayGather() && !m_over; ++turns) {
                m_loop.turn(std::chrono::milliseconds{0});
            }
            bool const worked = m_caller && !m_over && m_caller->work();
            if (worked && m_progress) m_progress(m_caller->totals().framesSent, m_caller->totals().framesReceived);
            if (!m_over) m_loop.turn(worked ? std::chrono::milliseconds{0} : kTurn);
        }
        if (m_error) return *m_error;
        NetworkTotals totals;
        totals.session = m_caller->totals();
        totals.bytesSent = m_channel->bytesSent();
        totals.bytesReceived = m_channel->bytesReceived();
        totals.stored = m_caller->stored();
        totals.piecesSent = m_caller->pieces().piecesGiven();
        totals.piecesReceived = m_caller->pieces().piecesTaken();
        totals.proposed = m_caller->proposed();
        totals.agreed = m_caller->agreed();
        // The goodbye is said in the background; nobody waits for it.
        m_channel->close();
        m_loop.turn(std::chrono::milliseconds{0});
        return totals;
    }

private:
    void opened(std::unique_ptr<tls::Channel> channel) {
        m_channel = std::move(channel);
        m_channel->setIdleTime(kSilence);
        auto const secret = m_channel->exporter();
        auto caller = Caller::make(m_replica, m_signer, trust::deviceIdOf(m_serverKey), secret, false,
                                   {[this](protocol::Message message) { m_channel->send(m_wire.pack(message)); },
                                    [this](std::optional<Error> error) { end(std::move(error)); },
                                    {}});
        if (!caller) return end(caller.error());
        m_caller = std::move(*caller);
        m_channel->handle({[this](Bytes bytes) {
                               auto message = m_wire.unpack(bytes);
                               if (message) m_caller->received(std::move(*message));
                               else end(message.error());
                           },
                           {},
                           [this](Error const& error) {
                               // What the session says of an early end is less than what the channel knows.
                               if (!m_over) end(error);
                           }});
        m_caller->start(m_proposals);
    }
    void end(std::optional<Error> error) {
        if (m_over) return;
        m_over = true;
        m_error = std::move(error);
    }

    replica::Replica& m_replica;
    trust::Signer& m_signer;
    trust::PublicKey m_serverKey;
    std::vector<Bytes> const& m_proposals;
    NetworkProgress const& m_progress;
    tls::Loop m_loop;
    std::unique_ptr<tls::Channel> m_channel;
    protocol::Wire m_wire;
    std::unique_ptr<Caller> m_caller;
    bool m_over = false;
    std::optional<Error> m_error;
};

}  // namespace

Result<NetworkTotals> syncOnce(replica::Replica& replica, trust::Signer& signer, tls::Address const& server,
                               trust::PublicKey const& serverKey, std::vector<Bytes> const& proposals,
                               tls::ChannelLimits const& limits, NetworkProgress const& progress) {
    if (replica.registry().empty()) return makeError(ErrorCode::WrongState, "replica.not-enrolled");
    return Call(replica, signer, serverKey, proposals, progress).run(server, limits);
}

}  // namespace spiral::transport
