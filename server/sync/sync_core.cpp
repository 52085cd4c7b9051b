#include "server/sync_core.h"

#include "base/json.h"
#include "base/sha256.h"
#include "transport/piece_exchange.h"
#include "trust/objects.h"

#include <algorithm>
#include <set>
#include <utility>

namespace spiral::server {

using replica::SqliteError;
using trust::Answer;
using trust::TravellingFrame;

namespace {

constexpr std::string_view kNoteReceipted = "receipted";   // position of the log till which frames have receipts
constexpr std::string_view kNoteDisk = "disk-tried";
constexpr std::size_t kTriedBytes = 256 * 1024;

}  // namespace

struct SyncCore::Peer {
    Road road;
    std::optional<transport::SessionDriver> driver;
    std::optional<DeviceId> device;   ///< when proven
    std::optional<transport::PieceExchange> pieces;
    bool ended = false;
    bool isNew = true;
};

SyncCore::SyncCore(replica::Replica& replica, trust::Signer& signer, CoreLimits limits,
                   std::function<void(Event const&)> log)
    : m_replica(replica), m_signer(signer), m_limits(limits), m_log(std::move(log)) {}
SyncCore::~SyncCore() = default;

void SyncCore::tell(std::string_view name, std::vector<std::pair<std::string_view, std::string>> fields, bool warning) {
    if (m_log) m_log({name, std::move(fields), warning});
}

SyncCore::PeerId SyncCore::opened(Road road) {
    PeerId const id = m_next++;
    std::int64_t end = 0;
    try {
        end = m_replica.logEnd();
    } catch (SqliteError const& error) {
        // Who hears nothing would wait.
        diskFailed(error);
        road.send(protocol::Refusal{"server.disk", {}});
        road.close();
        return id;
    }
    auto peer = std::make_unique<Peer>();
    peer->road = std::move(road);
    auto const& registry = m_replica.registry();
    protocol::Session::Self self;
    self.role = protocol::Session::Role::Answerer;
    self.stays = true;
    self.greeting.device = m_replica.device();
    if (!registry.empty()) {
        self.greeting.school = registry.school();
        self.greeting.registryHead = registry.head();
    }
    self.epoch = m_replica.epoch();
    self.position = static_cast<std::uint64_t>(end);
    transport::SessionDriver::Ports ports;
    Peer* const raw = peer.get();
    ports.send = [raw](protocol::Message message) { raw->road.send(std::move(message)); };
    ports.apply = [this, id](std::vector<TravellingFrame> frames) {
        for (auto const& frame : frames) m_pendingBytes += protocol::bytesOf(frame);
        m_pending.push_back({id, std::move(frames)});
    };
    ports.authenticate = [this, id](protocol::Greeting const& greeting) { return authenticate(id, greeting); };
    ports.agreed = [](protocol::Agreement const&) {};
    ports.deliver = [this, id](protocol::Message const& message) { deliver(id, message); };
    ports.ended = [this, id](std::optional<Error> error) { endPeer(id, std::move(error)); };
    peer->driver.emplace(m_replica, protocol::Session(std::move(self)), std::move(ports));
    auto& placed = *m_peers.emplace(id, std::move(peer)).first->second;
    ++m_counts.sessions;
    placed.driver->start();
    return id;
}

void SyncCore::received(PeerId id, protocol::Message message) {
    auto const found = m_peers.find(id);
    if (found == m_peers.end() || found->second->ended) return;
    try {
        found->second->driver->onMessage(std::move(message));
    } catch (SqliteError const& error) {
        // Half of what it asked may be noted: it calls again.
        diskFailed(error);
        endFor(id);
    }
}

void SyncCore::closed(PeerId id) {
    auto const found = m_peers.find(id);
    if (found == m_peers.end()) return;
    if (!found->second->ended) found->second->driver->onEnd();
    m_ended.push_back(id);
}

void SyncCore::endPeer(PeerId id, std::optional<Error> error) {
    auto& peer = *m_peers.at(id);
    peer.ended = true;
    auto const& totals = peer.driver->session().totals();
    m_counts.framesSent += totals.framesSent;
    if (error && error->reason != "session.cut") {
        ++(peer.device ? m_counts.failedSessions : m_counts.refusedSessions);
        tell("session-failed", {{"peer", peer.device ? peer.device->hex() : ""}, {"reason", error->reason}}, true);
    } else {
        tell("session-end", {{"peer", peer.device ? peer.device->hex() : ""},
                             {"sent", std::to_string(totals.framesSent)},
                             {"received", std::to_string(totals.framesReceived)},
                             {"cut", error ? "1" : "0"}});
    }
    peer.road.close();
    m_ended.push_back(id);
}

void SyncCore::drop() {
    for (PeerId const id : std::exchange(m_ended, {})) m_peers.erase(id);
}

Result<void> SyncCore::authenticate(PeerId id, protocol::Greeting const& greeting) {
    auto const& registry = m_replica.registry();
    auto const refused = [&](std::string_view reason) {
        return makeError(ErrorCode::Refused, reason, greeting.device.hex());
    };
    if (registry.empty()) return refused("session.not-enrolled");
    auto const* device = registry.device(greeting.device);
    auto const* key = registry.keyOf(greeting.device);
    if (!device || !key) return refused("session.unknown-device");
    Peer& peer = *m_peers.at(id);
    Bytes const text =
        protocol::proofText(peer.road.secret, registry.school(), greeting.device, m_replica.device());
    if (!greeting.proof ||
        !trust::verify(*key, trust::nameSpaceFor("session", registry.domain()), text, *greeting.proof)) {
        return refused("session.proof");
    }
    // Only who holds the key learns that it is revoked.
    if (!registry.mayRead(greeting.device, Scope::registry(), m_replica.world().wall.now())) {
        return refused("session.revoked");
    }
    peer.device = greeting.device;
    peer.driver->setPeer(greeting.device);
    std::vector<PeerId> same;
    for (auto const& [other, held] : m_peers) {
        if (other != id && !held->ended && held->device == greeting.device) same.push_back(other);
    }
    if (same.size() >= m_limits.peersOfDeviceMax) {
        m_peers.at(same.front())->road.send(protocol::Refusal{"session.replaced", {}});
        m_peers.at(same.front())->driver->onEnd();
    }
    transport::PieceExchange::Ports pieces;
    pieces.send = [&peer](protocol::Message message) { peer.road.send(std::move(message)); };
    pieces.peerMayRead = [&peer](Scope const& scope) { return peer.driver->store().mayHave(scope); };
    pieces.setHere = [this](Scope const& scope, trust::Attachment const& file) {
        fileCame(scope, file);
        if (m_files.came) m_files.came(scope, file);
    };
    pieces.inVain = [this](transport::FileShelf::Named const& named) {
        wantFile(named);
        if (m_files.inVain) m_files.inVain(named);
    };
    peer.pieces.emplace(transport::shelfOf(m_replica), std::move(pieces), m_limits.attachmentBytesMax);
    if (peer.road.trusted) peer.road.trusted();
    tell("session-begin", {{"peer", greeting.device.hex()}});
    return {};
}

void SyncCore::deliver(PeerId id, protocol::Message const& message) {
    Peer& peer = *m_peers.at(id);
    if (!peer.pieces) return;
    if (auto const* propose = std::get_if<protocol::Propose>(&message)) return proposed(peer, *propose);
    auto const before = std::pair(peer.pieces->piecesTaken(), peer.pieces->piecesGiven());
    auto const* piece = std::get_if<protocol::Piece>(&message);
    bool const over = piece && overQuota(*peer.device, piece->bytes.size(), 0);
    if (over) ++m_counts.overQuota;
    auto const taken = over ? Result<void>(makeError(ErrorCode::Refused, "quota.device")) : peer.pieces->received(message);
    m_counts.piecesTaken += peer.pieces->piecesTaken() - before.first;
    m_counts.piecesGiven += peer.pieces->piecesGiven() - before.second;
    if (taken) return;
    if (taken.error().code == ErrorCode::Environment) m_diskError = taken.error();
    tell("pieces-failed", {{"peer", peer.device->hex()}, {"reason", taken.error().reason}}, true);
    peer.road.send(protocol::Refusal{taken.error().code == ErrorCode::Environment ? "server.disk" : taken.error().reason, {}});
    peer.driver->onEnd();
}

void SyncCore::proposed(Peer& peer, protocol::Propose const& propose) {
    auto const entry = m_append ? m_append(propose.proposal) : makeError(ErrorCode::Refused, "registry.not-keeper");
    protocol::Proposed told;
    if (entry) {
        told.entry = *entry;
        tell("registry-appended", {{"entry", entry->hex()}, {"peer", peer.device->hex()}});
    } else {
        auto const said = protocol::runOf({{}, Answer::What::Refused, entry.error().reason, entry.error().detail});
        told.reason = said.reason;
        told.about = said.about;
    }
    peer.road.send(std::move(told));
    if (entry) onNews({Scope::registry()});
}

void SyncCore::fileCame(Scope const& scope, trust::Attachment const& file) {
    m_replica.setFileHere(scope, file);
    for (auto& [id, peer] : m_peers) {
        if (!peer->ended && peer->pieces) peer->pieces->fileCame(scope, file);
    }
}

void SyncCore::wantFile(replica::Replica::NamedFile const& named) {
    for (auto& [id, peer] : m_peers) {
        // Who is new is asked for everything when it was greeted.
        if (!peer->ended && peer->pieces && !peer->isNew) peer->pieces->want(named);
    }
}

bool SyncCore::overQuota(DeviceId const& device, std::uint64_t bytes, std::uint64_t frames) {
    auto const today = std::chrono::floor<std::chrono::days>(m_replica.world().wall.now()).time_since_epoch().count();
    auto& quota = m_quotas[device];
    if (quota.day != today) quota = {today, 0, 0};
    quota.bytes += bytes;
    quota.frames += frames;
    return quota.bytes > m_limits.deviceBytesPerDayMax || quota.frames > m_limits.deviceFramesPerDayMax;
}

bool SyncCore::work() {
    drop();
    if (m_pendingBytes >= m_limits.commitBytesMax) {
        commit();
        return true;
    }
    // One ask of the next peer that has any.
    auto next = m_peers.upper_bound(m_turn);
    for (std::size_t looked = 0; looked < m_peers.size(); ++looked, ++next) {
        if (next == m_peers.end()) next = m_peers.begin();
        if (!next->second->driver->hasWork()) continue;
        m_turn = next->first;
        try {
            Peer& peer = *next->second;
            peer.driver->work();
            if (!peer.ended && peer.pieces && std::exchange(peer.isNew, false)) peer.pieces->look();   // greeted by now
        } catch (SqliteError const& error) {
            diskFailed(error);
            endFor(m_turn);
        }
        return true;
    }
    if (!m_pending.empty()) {
        commit();
        return true;
    }
    return false;
}

void SyncCore::diskFailed(SqliteError const& error) {
    m_diskError = error.toError();
    tell("store-failed", {{"reason", m_diskError->reason}}, true);
}

void SyncCore::endFor(PeerId id) {
    auto const found = m_peers.find(id);
    if (found == m_peers.end() || found->second->ended) return;
    found->second->road.send(protocol::Refusal{"server.disk", {}});
    found->second->driver->onEnd();
}

void SyncCore::tryDisk() {
    if (!m_diskError) return;
    try {
        m_replica.setNote(kNoteDisk, std::string(kTriedBytes, '.'));
        m_replica.setNote(kNoteDisk, "");
        giveReceipts();
        m_diskError.reset();
        tell("store-good", {});
    } catch (SqliteError const& error) {
        m_diskError = error.toError();
    }
}

void SyncCore::finish() {
    while (work()) {
    }
}

void SyncCore::commit() {
    auto pending = std::exchange(m_pending, {});
    m_pendingBytes = 0;
    std::vector<TravellingFrame> frames;
    std::vector<std::vector<bool>> refused;   // by quota: not given to the store
    for (auto& part : pending) {
        auto const found = m_peers.find(part.peer);
        std::uint64_t bytes = 0;
        for (auto const& frame : part.frames) bytes += protocol::bytesOf(frame);
        bool const over = found != m_peers.end() && found->second->device &&
                          overQuota(*found->second->device, bytes, part.frames.size());
        if (over) m_counts.overQuota += part.frames.size();
        refused.emplace_back(part.frames.size(), over);
        if (over) continue;
        m_counts.bytesStored += bytes;
        std::move(part.frames.begin(), part.frames.end(), std::back_inserter(frames));
    }
    auto const before = m_replica.logEnd();
    std::vector<Answer> answers;
    Arrived arrived;
    try {
        if (!frames.empty()) answers = m_replica.import(std::move(frames), "network");
        arrived = arrivedSince(isServer() ? std::min(before, receiptedTill()) : before, before);
        giveReceipts(arrived);
        m_diskError.reset();
    } catch (SqliteError const& error) {
        diskFailed(error);
        for (auto const& part : pending) endFor(part.peer);
        return;
    }
    ++m_counts.commits;
    std::size_t at = 0;
    for (std::size_t i = 0; i < pending.size(); ++i) {
        std::vector<Answer> theirs;
        for (bool const over : refused[i]) {
            if (over) theirs.push_back({{}, Answer::What::Refused, "quota.device", {}});
            else theirs.push_back(std::move(answers[at++]));
        }
        for (auto const& answer : theirs) {
            switch (answer.what) {
                case Answer::What::Stored: ++m_counts.framesStored; break;
                case Answer::What::Known: ++m_counts.framesKnown; break;
                case Answer::What::Refused:
                case Answer::What::OutsideScopes: ++m_counts.framesRefused; break;
                default: ++m_counts.framesWaiting; break;
            }
        }
        auto const found = m_peers.find(pending[i].peer);
        if (found == m_peers.end() || found->second->ended) continue;
        // Before the answers: a caller that would leave knows then that something is wanted of it.
        if (found->second->pieces) found->second->pieces->look();
        found->second->driver->applied(std::move(theirs));
    }
    if (m_replica.logEnd() == before) return;
    onNews({arrived.scopes.begin(), arrived.scopes.end()});
    if (m_committed) m_committed();
}

void SyncCore::onNews(std::vector<Scope> const& touched) {
    for (auto& [id, peer] : m_peers) {
        if (peer->ended || !peer->device) continue;
        auto const& store = peer->driver->store();
        if (std::any_of(touched.begin(), touched.end(), [&](Scope const& scope) { return store.mayHave(scope); })) {
            peer->driver->onNews();
        }
    }
}

bool SyncCore::isServer() const {
    auto const& registry = m_replica.registry();
    auto const* self = registry.empty() ? nullptr : registry.device(m_replica.device());
    return self && self->kind == trust::Device::Kind::Server;
}

SyncCore::Arrived SyncCore::arrivedSince(std::int64_t position, std::int64_t newsSince) const {
    Arrived arrived;
    arrived.till = m_replica.logEnd();
    m_replica.framesAfter(
        position,
        [&](replica::LoggedFrame const& line) {
            auto const& header = line.header();
            if (line.position() > newsSince) arrived.scopes.insert(header.scope);
            // Entries of the registry have an order of their own, and its feed holds nothing else. A header alone is no
            // content that we could vouch for.
            bool const hasRows = line.what() != replica::LogLine::What::HeaderStored;
            if (hasRows && header.device != m_replica.device() && !header.scope.isRegistry()) {
                arrived.toReceipt[header.scope].push_back(line.frame());
            }
            return false;
        },
        [](std::int64_t, TravellingFrame&&) { return false; });
    return arrived;
}

std::int64_t SyncCore::receiptedTill() const {
    auto const note = m_replica.note(kNoteReceipted);
    return note ? std::strtoll(note->c_str(), nullptr, 10) : 0;
}

void SyncCore::giveReceipts() {
    if (!isServer()) return;
    auto const done = receiptedTill();
    if (auto const end = m_replica.logEnd(); done < end) giveReceipts(arrivedSince(done, end));
}

void SyncCore::giveReceipts(Arrived const& arrived) {
    if (!isServer() || arrived.till <= receiptedTill()) return;
    auto const& registry = m_replica.registry();
    auto const* self = registry.device(m_replica.device());
    std::string const till = std::to_string(arrived.till);
    auto const noteTill = [&] { m_replica.setNote(kNoteReceipted, till); };
    if (arrived.toReceipt.empty()) return noteTill();
    auto const& last = *arrived.toReceipt.rbegin();
    for (auto const& [scope, frames] : arrived.toReceipt) {
        for (std::size_t at = 0; at < frames.size(); at += m_limits.receiptFramesMax) {
            auto const count = std::min(m_limits.receiptFramesMax, frames.size() - at);
            json::Array names;
            for (std::size_t i = at; i < at + count; ++i) names.push_back(frames[i].hex());
            trust::Record record;
            record.school = registry.school();
            record.scope = scope;
            record.kind = "receipt.v1";
            record.by = {self->person, self->id};
            record.role = trust::Role::parse("server@" + scope.text()).value();
            record.body.set("frames", std::move(names));
            record.body.set("place", m_replica.logEnd());
            record.body.set("time", toText(m_replica.world().wall.now()));
            record.reg = registry.head();
            record.time = m_replica.world().wall.now();
            record.nonce = m_replica.world().random.token<Nonce>();
            std::string bytes = trust::encode(record);
            auto const signature = m_signer.sign(trust::nameSpaceFor(record.kind, registry.domain()), asBytes(bytes));
            if (!signature) {
                tell("receipt-failed", {{"reason", signature.error().reason}}, true);
                return;
            }
            trust::Item const item{trust::Item::Kind::Record, hashAs<ObjectId>(asBytes(bytes))};
            // A crash before the last of them gives some frames a second receipt, which changes nothing: the first counts.
            bool const isLast = &frames == &last.second && at + count == frames.size();
            auto const sealed = m_replica.seal(scope, {{item, std::move(bytes), *signature}}, m_signer,
                                               isLast ? std::function<void()>(noteTill) : nullptr);
            if (!sealed) {
                tell("receipt-failed", {{"reason", sealed.error().reason}}, true);
                return;
            }
            ++m_counts.receipts;
        }
    }
}

}  // namespace spiral::server
