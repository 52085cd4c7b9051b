#include "transport/caller.h"

#include <charconv>

namespace spiral::transport {

namespace {

/// What both agreed on last time: "<epoch> <position there> <position here>". Of a store that was put back from a copy it
/// is as old as the copy, and so still true of it.
std::string noteKey(DeviceId const& peer) { return "agreed/" + peer.hex(); }

std::string toText(protocol::Agreement const& agreement) {
    return agreement.peerEpoch.hex() + " " + std::to_string(agreement.peerPosition) + " " +
           std::to_string(agreement.ownPosition);
}

std::optional<protocol::Agreement> agreementFrom(std::string_view text) {
    protocol::Agreement agreement;
    constexpr std::size_t digits = 2 * Epoch::size;
    if (text.size() <= digits) return std::nullopt;
    auto const epoch = Epoch::fromHex(text.substr(0, digits));
    if (!epoch) return std::nullopt;
    agreement.peerEpoch = *epoch;
    char const* at = text.data() + digits;
    char const* const end = text.data() + text.size();
    for (std::uint64_t* number : {&agreement.peerPosition, &agreement.ownPosition}) {
        if (at == end || *at != ' ') return std::nullopt;
        auto const read = std::from_chars(at + 1, end, *number);
        if (read.ec != std::errc{}) return std::nullopt;
        at = read.ptr;
    }
    return at == end ? std::optional(agreement) : std::nullopt;
}

}  // namespace

Caller::Caller(replica::Replica& replica, DeviceId const& peer, Road road)
    : m_replica(&replica), m_peer(peer), m_road(std::move(road)) {}

Result<std::unique_ptr<Caller>> Caller::make(replica::Replica& replica, trust::Signer& signer, DeviceId const& peer,
                                             ByteView secret, bool stays, Road road) {
    auto const& registry = replica.registry();
    if (registry.empty()) return makeError(ErrorCode::WrongState, "replica.not-enrolled");
    protocol::Session::Self self;
    self.role = protocol::Session::Role::Caller;
    self.stays = stays;
    self.greeting.school = registry.school();
    self.greeting.device = replica.device();
    self.greeting.registryHead = registry.head();
    auto proof = signer.sign(trust::nameSpaceFor("session", registry.domain()),
                             protocol::proofText(secret, registry.school(), replica.device(), peer));
    if (!proof) return proof.error();
    self.greeting.proof = *proof;
    self.epoch = replica.epoch();
    self.position = static_cast<std::uint64_t>(replica.logEnd());
    if (auto const note = replica.note(noteKey(peer))) self.before = agreementFrom(*note);
    // A position beyond the end is of a store that was put back: what the other side lacks is not known.
    if (self.before && self.before->ownPosition > self.position) self.before.reset();

    std::unique_ptr<Caller> caller(new Caller(replica, peer, std::move(road)));
    Caller* const raw = caller.get();
    SessionDriver::Ports ports;
    ports.send = [raw](protocol::Message message) { raw->m_road.send(std::move(message)); };
    ports.apply = [raw](std::vector<trust::TravellingFrame> frames) {
        for (auto const& frame : frames) raw->m_pendingBytes += protocol::bytesOf(frame);
        std::move(frames.begin(), frames.end(), std::back_inserter(raw->m_pending));
    };
    ports.authenticate = [](protocol::Greeting const&) { return Result<void>{}; };
    auto const keep = [raw](protocol::Agreement const& agreement) {
        std::string const key = noteKey(raw->m_peer), value = toText(agreement);
        if (raw->m_road.keep) raw->m_road.keep(key, value);
        else raw->m_replica->setNote(key, value);
    };
    ports.agreed = [raw, keep](protocol::Agreement const& agreement) {
        raw->m_agreed = true;
        keep(agreement);
        if (raw->m_road.compared) raw->m_road.compared(Compared::Equal);
    };
    ports.unequal = [raw, keep](protocol::Unequal const& unequal) {
        raw->m_agreed = false;
        keep(unequal.agreement);
        if (raw->m_road.compared) raw->m_road.compared(unequal.allOffered ? Compared::Unequal : Compared::UnequalStill);
    };
    ports.deliver = [raw](protocol::Message const& message) { raw->deliver(message); };
    ports.ended = [raw](std::optional<Error> error) { raw->m_road.ended(std::move(error)); };
    caller->m_driver = std::make_unique<SessionDriver>(replica, protocol::Session(std::move(self)), std::move(ports));
    caller->m_driver->setPeer(peer);
    PieceExchange::Ports pieces;
    pieces.send = [raw](protocol::Message message) { raw->m_road.send(std::move(message)); };
    pieces.peerMayRead = [raw](Scope const& scope) { return raw->m_driver->store().mayHave(scope); };
    pieces.setHere = caller->m_road.setHere;
    pieces.inVain = caller->m_road.inVain;
    caller->m_pieces = std::make_unique<PieceExchange>(shelfOf(replica), std::move(pieces));
    return caller;
}

void Caller::start(std::vector<Bytes> const& proposals) {
    m_driver->start();
    for (auto const& proposal : proposals) propose(proposal);
    m_pieces->look();
    noteBusy();
}

void Caller::propose(Bytes const& proposal) {
    ++m_proposals;
    m_road.send(protocol::Propose{proposal});
    noteBusy();
}

void Caller::onNews() {
    m_driver->onNews();
    // What somebody else brought here, from a stick, may name files that the other side has.
    m_pieces->look();
    noteBusy();
}

void Caller::want(FileShelf::Named const& named) {
    m_pieces->want(named);
    noteBusy();
}

void Caller::deliver(protocol::Message const& message) {
    if (auto const* proposed = std::get_if<protocol::Proposed>(&message)) {
        if (m_proposed.size() < m_proposals) m_proposed.push_back(*proposed);
    } else if (auto taken = m_pieces->received(message); !taken) {
        m_road.ended(taken.error());
        return;
    }
    noteBusy();
}

bool Caller::work() {
    if (!m_pending.empty()) {
        store();
        return true;
    }
    return m_driver->work();
}

void Caller::store() {
    auto frames = std::exchange(m_pending, {});
    m_pendingBytes = 0;
    auto answers = m_road.import ? m_road.import(std::move(frames)) : m_replica->import(std::move(frames), m_peer.hex());
    for (auto const& answer : answers) m_stored += answer.what == trust::Answer::What::Stored ? 1U : 0U;
    if (m_road.stored) m_road.stored();
    m_pieces->look();
    noteBusy();
    m_driver->applied(std::move(answers));
}

void Caller::use(replica::Replica& replica) {
    m_replica = &replica;
    m_driver->use(replica);
    m_pieces->use(replica);
}

}  // namespace spiral::transport
