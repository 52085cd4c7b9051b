// The session's asks, answered from a replica.
#include "transport/session_driver.h"

#include "base/sha256.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace spiral::transport {

using protocol::Action;
using trust::FeedTip;
using trust::TravellingFrame;

namespace {

/// Who of both may read a scope, asked once a scope.
class BothRead {
public:
    BothRead(replica::Replica const& replica, DeviceId const& peer)
        : m_registry(replica.registry()), m_self(replica.device()), m_peer(peer), m_now(replica.world().wall.now()) {}
    [[nodiscard]] bool self(Scope const& scope) { return reads(m_selfReads, m_self, scope); }
    [[nodiscard]] bool peer(Scope const& scope) { return reads(m_peerReads, m_peer, scope); }
    /// Both should hold this feed: both read its scope, or one wrote it and the other reads it. What somebody wrote before
    /// her grant ended is still hers to bring, and to get back.
    [[nodiscard]] bool share(Scope const& scope, DeviceId const& device) {
        return (self(scope) || device == m_self) && (peer(scope) || device == m_peer) && (self(scope) || peer(scope));
    }

private:
    [[nodiscard]] bool reads(std::map<Scope, bool>& known, DeviceId const& device, Scope const& scope) {
        auto const found = known.find(scope);
        if (found != known.end()) return found->second;
        bool const may = scope.isRegistry() || (!m_registry.empty() && m_registry.mayRead(device, scope, m_now));
        known.emplace(scope, may);
        return may;
    }

    trust::Registry const& m_registry;
    DeviceId m_self, m_peer;
    Instant m_now;
    std::map<Scope, bool> m_selfReads, m_peerReads;
};

}  // namespace

std::vector<FeedTip> StoreSide::tips() const {
    BothRead both(*m_replica, m_peer);
    auto tips = m_replica->tipsToAskWith();
    std::erase_if(tips, [&](FeedTip const& tip) { return !both.share(tip.scope, tip.device); });
    std::sort(tips.begin(), tips.end());
    return tips;
}

std::vector<FeedTip> StoreSide::tipsToSend() const { return m_replica->withFramesBelow(tips()); }

protocol::StoreState StoreSide::state(Epoch const& salt) const {
    Sha256Stream hash;
    hash.add(asBytes("spiral-digest-v1"));
    hash.add(salt.view());
    BothRead both(*m_replica, m_peer);
    for (auto const& tip : m_replica->tips()) {
        if (!both.share(tip.scope, tip.device)) continue;
        std::string const& scope = tip.scope.text();
        auto const length = static_cast<std::uint8_t>(scope.size());
        hash.add(ByteView(&length, 1));
        hash.add(asBytes(scope));
        hash.add(tip.device.view());
        hash.add(tip.frame.view());
    }
    // Frames without their payload, marked by the length that no scope has: who holds it is not equal to who does not.
    for (auto const& wanted : m_replica->payloadsWanted()) {
        if (!both.share(wanted.scope, wanted.device)) continue;
        std::uint8_t const mark = 0;
        hash.add(ByteView(&mark, 1));
        hash.add(wanted.frame.view());
    }
    auto const& registry = m_replica->registry();
    return {m_replica->epoch(), static_cast<std::uint64_t>(m_replica->logEnd()),
            *protocol::StateDigest::fromBytes(hash.finish().view().first(protocol::StateDigest::size)),
            registry.empty() ? 0 : registry.head().seq};
}

bool StoreSide::mayHave(Scope const& scope) const { return BothRead(*m_replica, m_peer).peer(scope); }

StoreSide::Given StoreSide::since(protocol::FetchSince const& fetch, protocol::Session& session) const {
    Given given;
    given.position = fetch.position;
    BothRead both(*m_replica, m_peer);
    std::size_t bytes = 0;
    auto const wants = [&](replica::LoggedFrame const& line) {
        if (!session.skips(line.frame()) && (line.header().device == m_peer || both.peer(line.header().scope))) return true;
        given.position = static_cast<std::uint64_t>(line.position());
        return false;
    };
    auto const take = [&](std::int64_t at, TravellingFrame&& frame) {
        std::size_t const size = protocol::bytesOf(frame);
        if ((fetch.first || !given.frames.empty()) && bytes + size > fetch.bytesMax) {
            given.last = false;
            return false;
        }
        bytes += size;
        given.position = static_cast<std::uint64_t>(at);
        given.frames.push_back(std::move(frame));
        return true;
    };
    m_replica->framesAfter(static_cast<std::int64_t>(fetch.position), wants, take);
    return given;
}

StoreSide::Given StoreSide::beyond(protocol::FetchBeyond const& fetch, protocol::Session const& session) {
    if (!fetch.more) {
        m_beyond = fetch.tips;
        m_beyondPosition = static_cast<std::uint64_t>(m_replica->logEnd());
    }
    Given given;
    given.position = m_beyondPosition;
    BothRead both(*m_replica, m_peer);
    // Of scopes that the peer may not read it gets its own feed, and the others need not be looked at.
    std::set<Scope> onlyOwn;
    for (auto const& tip : m_replica->tips()) {
        if (tip.device == m_peer && !both.peer(tip.scope)) onlyOwn.insert(tip.scope);
    }
    auto known = m_beyond;
    if (!onlyOwn.empty()) {
        for (auto& tip : m_replica->tips()) {
            if (tip.device != m_peer && onlyOwn.contains(tip.scope)) known.push_back(std::move(tip));
        }
    }
    protocol::Limits const limits;
    std::size_t bytes = 0;
    std::map<FrameId, FeedTip> passed;   // without those that one of them follows
    auto const take = [&](TravellingFrame&& frame) {
        auto const header = trust::decodeFrameHeader(frame.header);
        if (!header) throw replica::SqliteError(11, "reading a frame", header.error().reason);
        if (header->device != m_peer && !both.peer(header->scope)) return true;
        std::size_t const size = protocol::bytesOf(frame);
        if (!given.frames.empty() &&
            (bytes + size > limits.batchBytesMax || given.frames.size() >= limits.batchFramesMax)) {
            given.last = false;
            return false;
        }
        FrameId const id = hashAs<FrameId>(frame.header);
        if (header->prev) passed.erase(*header->prev);
        passed.insert_or_assign(id, FeedTip{header->scope, header->device, id, header->seq});
        if (session.gave(id)) return true;
        bytes += size;
        given.frames.push_back(std::move(frame));
        return true;
    };
    m_replica->framesBeyond(known, [&](Scope const& scope) { return both.peer(scope) || onlyOwn.contains(scope); }, take);
    // Tips are added and none is taken away: of a forked feed another branch may still lack frames.
    for (auto& [id, tip] : passed) m_beyond.push_back(std::move(tip));
    if (given.last) m_beyond.clear();
    return given;
}

SessionDriver::SessionDriver(replica::Replica const& replica, protocol::Session session, Ports ports)
    : m_store(replica), m_session(std::move(session)), m_ports(std::move(ports)) {}

void SessionDriver::start() { carry(m_session.start()); }
void SessionDriver::onMessage(protocol::Message message) {
    if (!m_ended) carry(m_session.onMessage(std::move(message)));
}
void SessionDriver::applied(std::vector<trust::Answer> answers) {
    if (!m_ended) carry(m_session.onApplied(std::move(answers)));
}
void SessionDriver::onNews() {
    if (!m_ended) carry(m_session.onNews());
}
void SessionDriver::onSilence() {
    if (!m_ended) carry(m_session.onSilence());
}
void SessionDriver::onEnd() {
    if (!m_ended) carry(m_session.onEnd());
}
void SessionDriver::setBusy(bool busy) {
    m_session.setBusy(busy);
    if (!busy && !m_ended) carry(m_session.onIdle());
}
void SessionDriver::use(replica::Replica const& replica) { m_store.use(replica); }

bool SessionDriver::work() {
    if (m_ended || m_asked.empty()) return false;
    Action const action = std::move(m_asked.front());
    m_asked.pop_front();
    if (auto const* since = std::get_if<protocol::FetchSince>(&action)) {
        auto given = m_store.since(*since, m_session);
        auto const state = given.last ? m_store.state(m_session.salt()) : protocol::StoreState{};
        carry(m_session.onFrames(std::move(given.frames), given.position, given.last, state));
    } else if (auto const* beyond = std::get_if<protocol::FetchBeyond>(&action)) {
        auto given = m_store.beyond(*beyond, m_session);
        auto const state = given.last ? m_store.state(m_session.salt()) : protocol::StoreState{};
        carry(m_session.onFrames(std::move(given.frames), given.position, given.last, state));
    } else if (std::holds_alternative<protocol::DescribeState>(action)) {
        carry(m_session.onState(m_store.state(m_session.salt())));
    } else if (std::holds_alternative<protocol::ListTips>(action)) {
        carry(m_session.onTips(m_store.tipsToSend()));
    } else if (auto const* greeting = std::get_if<protocol::Authenticate>(&action)) {
        carry(m_session.onAuthenticated(m_ports.authenticate(greeting->greeting)));
    }
    return true;
}

void SessionDriver::carry(std::vector<Action> actions) {
    for (auto& action : actions) {
        if (m_ended) return;
        if (auto* send = std::get_if<protocol::Send>(&action)) {
            m_ports.send(std::move(send->message));
        } else if (auto* apply = std::get_if<protocol::ApplyFrames>(&action)) {
            m_ports.apply(std::move(apply->frames));
        } else if (auto* piece = std::get_if<protocol::ApplyPiece>(&action)) {
            std::visit([&](auto& part) { m_ports.deliver(protocol::Message(std::move(part))); }, piece->piece);
        } else if (auto* deliver = std::get_if<protocol::Deliver>(&action)) {
            m_ports.deliver(std::move(deliver->message));
        } else if (auto* agreed = std::get_if<protocol::Agreed>(&action)) {
            m_ports.agreed(agreed->agreement);
        } else if (auto* unequal = std::get_if<protocol::Unequal>(&action)) {
            // The totals say what waits and what was refused.
            if (m_ports.unequal) m_ports.unequal(*unequal);
        } else if (std::holds_alternative<protocol::Finished>(action)) {
            m_ended = true;
            m_ports.ended(std::nullopt);
        } else if (auto* failed = std::get_if<protocol::Failed>(&action)) {
            m_ended = true;
            m_ports.ended(std::move(failed->error));
        } else {
            m_asked.push_back(std::move(action));
        }
    }
}

}  // namespace spiral::transport
