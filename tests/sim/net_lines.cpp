// Sessions between two machines, and the lines that carry their messages, break, and fall silent.
#include "net_college.h"

#include "base/sha256.h"

#include <algorithm>
#include <utility>

namespace spiral::netsim {

bool World::reach(Node const& from, Node const& to) const {
    if (!from.up || !to.up || from.lost || to.lost) return false;
    if (!m_faults) return true;
    // A campus that is cut off still has its hub.
    for (auto const* node : {&from, &to}) {
        auto const* other = node == &from ? &to : &from;
        if (node->campus >= 0 && m_campusCut[static_cast<std::size_t>(node->campus)] > m_now &&
            other->campus != node->campus) {
            return false;
        }
    }
    return true;
}

int World::connect(int caller, int answerer, bool stays) {
    auto const number = static_cast<int>(m_lines.size());
    auto& from = at(caller);
    auto& to = at(answerer);
    auto made = std::make_unique<Line>();
    auto& line = *made;
    m_lines.push_back(std::move(made));
    if (m_faults) {
        if (oneIn(4)) line.cutAfter = static_cast<std::int64_t>(below(12));
        line.slow = oneIn(10) ? 200 : 2;
    }
    line.asBytes = oneIn(64);
    line.amongHonest = m_liar < 0;
    line.strange = from.oldest > to.newest || to.oldest > from.newest;
    line.secret.resize(32, 1);
    for (std::size_t i = 0; i < 4; ++i) line.secret[i] = static_cast<std::uint8_t>(number >> (8 * i));
    for (int side = 0; side < 2; ++side) {
        auto& end = line.ends[side];
        auto& node = side == 0 ? from : to;
        end.node = side == 0 ? caller : answerer;
        end.caller = side == 0;
        end.stays = stays || side == 1;
        Session::Self self = selfOf(node, side == 0 ? Session::Role::Caller : Session::Role::Answerer);
        self.stays = end.stays;
        if (side == 0) {
            self.greeting.proof = proofBy(node.store.device(), line.secret, self.greeting.device, deviceOf(to.store.device()));
            if (oneIn(8)) m_overheard = self.greeting;
            end.peer = to.store.device();
            if (auto const before = node.store.agreed.find(end.peer);
                before != node.store.agreed.end() && before->second.ownPosition <= self.position) {
                self.before = before->second;
            }
        }
        end.session.emplace(std::move(self), node.limits);
        node.lines.push_back(number);
        if (node.lines.size() == 1) continue;
        for (int open : node.lines) {
            for (auto& beside : this->line(open).ends) beside.alone = beside.alone && beside.node != end.node;
        }
    }
    note([&] {
        return name(caller) + " calls " + name(answerer) + (stays ? " and stays" : "") + ", line " +
               std::to_string(number) + (line.cutAfter >= 0 ? ", cut after " + std::to_string(line.cutAfter) : "");
    });
    carry(number, 0, line.ends[0].session->start());
    sendProposals(number);
    beginPieces(number, 0);
    lookForFiles(number, 0);
    carry(number, 1, line.ends[1].session->start());
    return number;
}

Session::Self World::selfOf(Node const& node, Session::Role role) const {
    Session::Self self;
    self.role = role;
    self.greeting.version = node.newest;
    self.greeting.oldest = node.oldest;
    self.greeting.school.raw[0] = 9;
    self.greeting.device = deviceOf(node.store.device());
    if (node.newest > 1) self.greeting.extension = toBytes("of a newer version");
    self.epoch = node.store.epoch;
    self.position = node.store.log().size();
    return self;
}

void World::carry(int number, int side, std::vector<Action> actions) {
    auto& end = line(number).ends[side];
    auto& node = at(end.node);
    for (auto& action : actions) {
        if (end.over) return;
        if (auto* send = std::get_if<protocol::Send>(&action)) {
            post(number, side, std::move(send->message));
        } else if (auto* apply = std::get_if<protocol::ApplyFrames>(&action)) {
            require(!line(number).strange, "frames from one who speaks another version");
            node.pending.push_back({number, side, std::move(apply->frames)});
            wake(end.node);
        } else if (auto* agreed = std::get_if<protocol::Agreed>(&action)) {
            end.agreed = true;
            note([&] { return name(end.node) + " agrees, line " + std::to_string(number); });
            if (end.caller) node.store.agreed[end.peer] = agreed->agreement;
            met("agreed");
        } else if (auto* unequal = std::get_if<protocol::Unequal>(&action)) {
            end.agreed = false;
            if (end.caller) node.store.agreed[end.peer] = unequal->agreement;
            met("unequal");
            note([&] { return name(end.node) + " is unequal, line " + std::to_string(number); });
        } else if (std::holds_alternative<protocol::Finished>(action)) {
            finish(number, side, true, {});
        } else if (auto* failed = std::get_if<protocol::Failed>(&action)) {
            finish(number, side, false, failed->error.reason);
        } else if (auto const* deliver = std::get_if<protocol::Deliver>(&action)) {
            onDelivered(number, side, deliver->message);
        } else if (auto* piece = std::get_if<protocol::ApplyPiece>(&action)) {
            if (auto* list = std::get_if<protocol::PieceList>(&piece->piece)) onPieces(number, side, std::move(*list));
            else onPieces(number, side, std::get<protocol::Piece>(std::move(piece->piece)));
        } else {
            end.asks.push_back(std::move(action));
            require(end.asks.size() <= 3, "more than three asks at once");
            wake(end.node);
        }
    }
}

void World::wake(int node) {
    if (std::exchange(at(node).working, true)) return;
    schedule(static_cast<Time>(below(2)), Event::Kind::Work, node);
}

void World::finish(int number, int side, bool finished, std::string reason) {
    auto& line = this->line(number);
    auto& end = line.ends[side];
    if (std::exchange(end.over, true)) return;
    end.finished = finished;
    end.reason = std::move(reason);
    end.asks.clear();
    auto& node = at(end.node);
    std::erase(node.lines, number);
    note([&] {
        return name(end.node) + (finished ? " finishes" : " fails: " + end.reason) + ", line " +
               std::to_string(number) + ", sent " + std::to_string(end.sent);
    });
    mix(static_cast<std::uint64_t>(number) * 4 + static_cast<std::uint64_t>(side) * 2 + (finished ? 1 : 0));
    if (!finished && end.reason != "session.cut") {
        bool const known = end.reason == "session.revoked" || end.reason == "session.unknown-device" ||
                           (end.reason == "session.version" && line.strange);
        if (!known && m_liar < 0) fail(name(end.node) + ": a session of honest machines failed: " + end.reason);
        met(end.reason == "session.version" ? "other version" : known ? "not let in" : "failed");
    }
    require(!finished || !line.strange, "two that speak no version in common came to an end");
    require(!finished || end.told == end.proposals.size(), "a caller left before its proposals were answered");
    // However it went: each frame once, and once more whenever tips were compared.
    if (line.amongHonest) {
        auto const most = (2 + line.compared) * static_cast<std::uint64_t>(m_frames.count()) + 50;
        require(end.sent <= most, "a session sent the same again and again");
        require(end.messages <= 60 + 12 * most, "a session with messages without end");
    }
    send(number, side, Flight{});
    if (end.caller && m_faults) {
        node.failures = finished ? 0 : std::min(node.failures + 1, 6);
        Time const pause = finished ? 30 + static_cast<Time>(below(6 * kHour))
                                    : (Time{1} << node.failures) + static_cast<Time>(below(20));
        schedule(pause, Event::Kind::Call, end.node);
    }
}

void World::send(int number, int side, Flight flight) {
    auto& line = this->line(number);
    int const to = 1 - side;
    if (line.silent) return;
    auto& node = at(line.ends[side].node);
    auto& other = at(line.ends[to].node);
    if (line.cutAfter == 0 || !reach(node, other)) {
        met(line.cutAfter == 0 ? "cut" : "partition");
        silence(number);
        return;
    }
    if (line.cutAfter > 0) --line.cutAfter;
    line.way[to].push_back(std::move(flight));
    Time const due =
        std::max(line.last[to], m_now + 1 + static_cast<Time>(below(static_cast<std::uint64_t>(line.slow))));
    line.last[to] = due;
    schedule(due - m_now, Event::Kind::Deliver, number, to);
}

void World::silence(int number) {
    auto& line = this->line(number);
    if (std::exchange(line.silent, true)) return;
    note([&] { return "line " + std::to_string(number) + " breaks"; });
    bool const halfOpen = oneIn(4);
    if (halfOpen) met("half-open");
    for (int side = 0; side < 2; ++side) {
        schedule(1 + static_cast<Time>(below(halfOpen ? 600 : 5)), Event::Kind::Notice, number, side);
    }
    // What is on its way may still come, or not; the last of it in part, which is nothing.
    for (auto& way : line.way) {
        if (!way.empty() && oneIn(2)) {
            way.resize(below(way.size()));
            met("damaged");
        }
    }
}

void World::post(int number, int side, Message message) {
    auto& line = this->line(number);
    auto& end = line.ends[side];
    auto& node = at(end.node);
    bool const honest = node.lies == 0;
    ++end.messages;
    if (auto* batch = std::get_if<protocol::Batch>(&message)) {
        require(!batch->frames.empty(), "an empty batch");
        std::size_t bytes = 0;
        for (auto const& frame : batch->frames) {
            std::size_t const size = protocol::bytesOf(frame);
            bytes += size;
            Number const known = m_frames.find(hashAs<FrameId>(frame.header));
            end.unanswered.emplace_back(known, size);
            end.unansweredBytes += size;
            ++end.sent;
            ++m_outcome.met["frames sent"];
            if (!honest) continue;
            auto const& fact = m_frames.at(known);
            require(end.peer >= 0, "frames for somebody who is not known");
            require(fact.device == end.peer || node.store.peerReads(end.peer, fact.scope, clockOf(node)),
                    "a frame for somebody who may not read it");
        }
        if (honest) {
            require(batch->frames.size() <= node.limits.batchFramesMax, "a batch of too many frames");
            require(bytes <= node.limits.batchBytesMax || batch->frames.size() == 1, "a batch of too many bytes");
            std::size_t const most = node.limits.windowBytesMax +
                                     std::max(node.limits.batchBytesMax, node.limits.firstFlightBytesMax) + 1000;
            require(end.unansweredBytes <= most, "more on its way than the window allows");
            if (end.caller && !end.session->isOpen()) {
                end.firstFlight += bytes;
                require(end.firstFlight <= node.limits.firstFlightBytesMax, "a first flight that is too large");
            }
        }
    } else if (auto* tips = std::get_if<protocol::Tips>(&message)) {
        met("tips");
        ++line.compared;
        for (auto const& tip : tips->tips) {
            require(
                !honest || node.store.shares(end.peer, numberOf(tip.scope), numberOf(tip.device), clockOf(node)),
                "a tip of a feed that is not for both");
        }
    } else if (auto* holding = std::get_if<protocol::Holding>(&message)) {
        if (node.mayLie(Lie::FalseDigest)) {
            if (oneIn(2) && end.heard)
                holding->digest = *end.heard;
            else
                m_random.fill(holding->digest.raw);
            met("lie: digest");
        }
        if (node.mayLie(Lie::FalsePosition)) {
            if (oneIn(2))
                holding->position += below(20);
            else if (oneIn(2))
                holding->position = below(5);
            else
                m_random.fill(holding->epoch.raw);
            met("lie: position");
        }
    }
    checkPieces(number, side, message);
    note([&] { return describe(number, side, message); });
    bool const last = std::holds_alternative<protocol::Refusal>(message);
    if (line.asBytes) {
        send(number, side, Flight{std::nullopt, protocol::pack(message)});
    } else {
        send(number, side, Flight{std::move(message), {}});
    }
    if (node.newest == 1 || last || !oneIn(16)) return;
    // Whoever does not know it passes it over.
    met("a message of a newer version");
    protocol::Unknown const newer{static_cast<std::uint8_t>(64 + below(190))};
    if (line.asBytes) send(number, side, Flight{std::nullopt, protocol::pack(newer)});
    else send(number, side, Flight{newer, {}});
}

std::string World::describe(int number, int side, Message const& message) {
    auto const& line = this->line(number);
    std::string text = "    line " + std::to_string(number) + " " + name(line.ends[side].node) + " > " +
                       name(line.ends[1 - side].node) + ": ";
    if (auto const* batch = std::get_if<protocol::Batch>(&message)) {
        text += "batch";
        for (auto const& frame : batch->frames) {
            text += " " + std::to_string(m_frames.find(hashAs<FrameId>(frame.header))) + (frame.payload ? "" : "!");
        }
    } else if (auto const* tips = std::get_if<protocol::Tips>(&message)) {
        text += "tips";
        for (auto const& tip : tips->tips) text += " " + std::to_string(m_frames.find(tip.frame));
    } else if (auto const* holding = std::get_if<protocol::Holding>(&message)) {
        text += holding->kind == protocol::Holding::Kind::Ask      ? "ask"
                : holding->kind == protocol::Holding::Kind::Answer ? "answer"
                                                                   : "tell";
        text += " at " + std::to_string(holding->position) + ", seen " + std::to_string(holding->seenPosition) +
                ", digest " + holding->digest.hex().substr(0, 6);
    } else if (auto const* answers = std::get_if<protocol::Answers>(&message)) {
        text += "answers";
        for (auto const& run : answers->runs)
            text += " " + std::to_string(run.count) + "x" + std::string(trust::nameOf(run.what));
    } else if (auto const* refusal = std::get_if<protocol::Refusal>(&message)) {
        text += "refusal " + refusal->reason;
    } else if (auto const* proposed = std::get_if<protocol::Proposed>(&message)) {
        text += proposed->entry ? "appended" : "not appended: " + proposed->reason;
    } else if (std::holds_alternative<protocol::Propose>(message)) {
        text += "a proposal";
    } else if (auto const* want = std::get_if<protocol::WantPieces>(&message)) {
        text += "wants of paper " + std::to_string(m_frames.findPaper(want->file.sha256)) + " for scope " +
                std::to_string(numberOf(want->scope)) + ":";
        for (auto const index : want->pieces) text += " " + std::to_string(index);
    } else if (auto const* piece = std::get_if<protocol::Piece>(&message)) {
        text += "piece " + std::to_string(piece->index) + " of paper " + std::to_string(m_frames.findPaper(piece->file));
    } else if (std::holds_alternative<protocol::PieceList>(message)) {
        text += "list of pieces";
    } else if (std::holds_alternative<protocol::NoPieces>(message)) {
        text += "no pieces";
    } else if (std::holds_alternative<protocol::Enough>(message)) {
        text += "enough";
    } else {
        text += "greeting";
    }
    return text;
}

void World::deliver(int number, int side) {
    auto& line = this->line(number);
    auto& end = line.ends[side];
    if (line.way[side].empty()) return;  // lost when the line broke
    Flight flight = std::move(line.way[side].front());
    line.way[side].pop_front();
    if (end.over) return;
    if (!flight.packed.empty()) {
        auto message = protocol::unpack(flight.packed);
        if (!message)
            fail("a message that cannot be read again: " + message.error().reason + " " + message.error().detail);
        flight.message = std::move(*message);
    }
    if (!flight.message) {
        carry(number, side, end.session->onEnd());
        if (!end.over) finish(number, side, false, "session.cut");
        return;
    }
    mix(static_cast<std::uint64_t>(number) * 64 + flight.message->index() * 2 + static_cast<std::uint64_t>(side));
    if (auto const* answers = std::get_if<protocol::Answers>(&*flight.message)) {
        for (auto const& run : answers->runs) {
            for (std::uint32_t i = 0; i < run.count && !end.unanswered.empty(); ++i) {
                end.unansweredBytes -= end.unanswered.front().second;
                end.unanswered.pop_front();
            }
        }
    } else if (auto const* holding = std::get_if<protocol::Holding>(&*flight.message)) {
        end.heard = holding->digest;
    }
    carry(number, side, end.session->onMessage(std::move(*flight.message)));
}

}  // namespace spiral::netsim
