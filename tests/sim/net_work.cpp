// What a machine does: it answers what its sessions ask, stores what came, writes; and lies, if it is one that lies.
#include "net_college.h"

#include "base/sha256.h"

#include <algorithm>
#include <utility>

namespace spiral::netsim {

void World::work(int number) {
    auto& node = at(number);
    node.working = false;
    if (!node.up) return;
    std::vector<int> asking;
    for (int open : node.lines) {
        auto& line = this->line(open);
        for (int side = 0; side < 2; ++side) {
            if (line.ends[side].node == number && !line.ends[side].over && !line.ends[side].asks.empty())
                asking.push_back(open * 2 + side);
        }
    }
    if (!node.pending.empty() && (asking.empty() || oneIn(2))) {
        commit(number);
    } else if (!asking.empty()) {
        int const which = asking[below(asking.size())];
        answer(which / 2, which % 2);
    }
    if (!node.pending.empty() || asking.size() > 1)
        wake(number);
    else if (!asking.empty())
        wake(number);
}

bool World::withheld(Node const& node, Number frame, int peer) const {
    auto const& fact = m_frames.at(frame);
    if (fact.scope == kRegistry) return false;
    if (node.mayLie(Lie::WithholdFrame) && frame % 7 == 3) return true;
    if (node.mayLie(Lie::WithholdFeed) && fact.device == m_withheldDevice) return true;
    return node.mayLie(Lie::TwoViews) && (peer + fact.device) % 2 == 0;
}

void World::bend(Node& node, int peer, std::vector<TravellingFrame>& frames) {
    if (node.lies == 0) return;
    std::erase_if(frames, [&](TravellingFrame const& frame) {
        Number const number = m_frames.find(hashAs<FrameId>(frame.header));
        return number != kNone && withheld(node, number, peer);
    });
    if (node.mayLie(Lie::Replay)) {
        for (auto left = below(4); left > 0 && !node.store.log().empty(); --left) {
            frames.push_back(node.store.frame(node.store.log()[below(node.store.log().size())]));
            met("lie: replay");
        }
    }
    if (node.mayLie(Lie::SendAnything)) {
        for (auto left = below(3); left > 0 && m_frames.count() > 0; --left) {
            auto frame =
                m_frames.at(static_cast<Number>(below(static_cast<std::uint64_t>(m_frames.count())))).frame;
            switch (below(4)) {
                case 0: frame.header.push_back(1); break;  // made up
                case 1: frame.signature.raw[5] = 7; break;
                case 2: frame.payload.reset(); break;
                default: frame.payload->bytes.push_back(7); break;
            }
            frames.push_back(std::move(frame));
            met("lie: anything");
        }
    }
    if (node.mayLie(Lie::Reorder)) {
        for (std::size_t i = frames.size(); i > 1; --i) std::swap(frames[i - 1], frames[below(i)]);
    }
}

protocol::StoreState World::stateOf(Node& node, End const& end) {
    return node.store.state(end.session->salt(), end.peer, clockOf(node));
}

void World::answer(int number, int side) {
    auto& end = line(number).ends[side];
    auto& node = at(end.node);
    auto const which = below(end.asks.size());
    Action const ask = std::move(end.asks[which]);
    end.asks.erase(end.asks.begin() + static_cast<std::ptrdiff_t>(which));
    Time const clock = clockOf(node);
    mix(end.asks.size() * 8 + ask.index());
    if (auto const* since = std::get_if<protocol::FetchSince>(&ask)) {
        std::vector<TravellingFrame> frames;
        std::uint64_t position = since->position;
        bool last = true;
        std::size_t bytes = 0;
        auto const& log = node.store.log();
        while (position < log.size()) {
            Number const next = log[position];
            auto const& fact = m_frames.at(next);
            bool const may = fact.device == end.peer || node.store.peerReads(end.peer, fact.scope, clock);
            if (!may) {
                ++position;
                continue;
            }
            auto frame = node.store.frame(next);
            std::size_t const size = protocol::bytesOf(frame);
            bool const full = (since->first || !frames.empty()) && bytes + size > since->bytesMax;
            if (full && !end.session->gave(fact.id)) {
                last = false;
                break;
            }
            ++position;
            if (end.session->skips(fact.id)) continue;
            bytes += size;
            frames.push_back(std::move(frame));
        }
        bend(node, end.peer, frames);
        carry(number, side,
              end.session->onFrames(std::move(frames), position, last,
                                    last ? stateOf(node, end) : protocol::StoreState{}));
    } else if (auto const* beyond = std::get_if<protocol::FetchBeyond>(&ask)) {
        if (!beyond->more) {
            end.beyond = beyond->tips;
            end.beyondPosition = node.store.log().size();
        }
        std::vector<TravellingFrame> frames;
        std::vector<Number> passed;  // without those that one of them follows
        bool last = true;
        std::size_t bytes = 0;
        for (Number next : node.store.beyond(end.beyond, [&](int scope, int device) {
                 return device == end.peer || node.store.peerReads(end.peer, scope, clock);
             })) {
            auto frame = node.store.frame(next);
            std::size_t const size = protocol::bytesOf(frame);
            if (!frames.empty() &&
                (bytes + size > node.limits.batchBytesMax || frames.size() >= node.limits.batchFramesMax)) {
                last = false;
                break;
            }
            auto const& fact = m_frames.at(next);
            std::erase(passed, fact.prev);
            passed.push_back(next);
            if (end.session->gave(fact.id)) continue;
            bytes += size;
            frames.push_back(std::move(frame));
        }
        for (Number next : passed) {
            auto const& fact = m_frames.at(next);
            end.beyond.push_back({scopeOf(fact.scope), deviceOf(fact.device), fact.id, fact.seq});
        }
        bend(node, end.peer, frames);
        carry(number, side,
              end.session->onFrames(std::move(frames), end.beyondPosition, last,
                                    last ? stateOf(node, end) : protocol::StoreState{}));
    } else if (std::holds_alternative<protocol::DescribeState>(ask)) {
        carry(number, side, end.session->onState(stateOf(node, end)));
    } else if (std::holds_alternative<protocol::ListTips>(ask)) {
        carry(number, side, end.session->onTips(node.store.tipsToSend(end.peer, clock)));
    } else if (auto const* greeting = std::get_if<protocol::Authenticate>(&ask)) {
        int const device = numberOf(greeting->greeting.device);
        auto const outcome = authenticate(node, line(number).secret, greeting->greeting);
        if (outcome) {
            end.peer = device;
            beginPieces(number, side);
        }
        carry(number, side, end.session->onAuthenticated(outcome));
        lookForFiles(number, side);
    }
}

void World::commit(int number) {
    auto& node = at(number);
    auto pending = std::exchange(node.pending, {});
    std::vector<TravellingFrame> frames;
    std::vector<std::vector<char>> thrownAway;  // 1: said to be stored; 2: refused
    for (auto const& part : pending) {
        auto& away = thrownAway.emplace_back(part.frames.size(), char{0});
        int const peer = line(part.line).ends[part.end].peer;
        for (std::size_t i = 0; i < part.frames.size(); ++i) {
            if (node.mayLie(Lie::StoredNot) && oneIn(3)) away[i] = 1;
            if (node.mayLie(Lie::RefuseOthers)) {
                Number const frame = m_frames.find(hashAs<FrameId>(part.frames[i].header));
                if (frame != kNone && m_frames.at(frame).device != peer && m_frames.at(frame).scope != kRegistry)
                    away[i] = 2;
            }
            if (away[i] == 0) frames.push_back(part.frames[i]);
        }
    }
    std::size_t const before = node.store.log().size();
    auto answers = node.store.import(frames, clockOf(node));
    mix(node.store.log().size());
    if (number == kServer && m_receipts && !node.mayLie(Lie::NoReceipts)) receipt(node, before);
    std::size_t next = 0;
    for (std::size_t p = 0; p < pending.size(); ++p) {
        auto& part = pending[p];
        std::vector<Answer> theirs;
        for (std::size_t i = 0; i < part.frames.size(); ++i) {
            if (thrownAway[p][i] != 0) {
                met("lie: answer");
                bool const stored = thrownAway[p][i] == 1;
                theirs.push_back({hashAs<FrameId>(part.frames[i].header),
                                  stored ? Answer::What::Stored : Answer::What::Refused,
                                  stored ? "" : "lie",
                                  {}});
                continue;
            }
            auto& answer = answers[next++];
            met(trust::nameOf(answer.what));
            if (answer.what == Answer::What::Stored || answer.what == Answer::What::Known) {
                Number const frame = m_frames.find(answer.frame);
                require(frame != kNone, "somebody took a frame that nobody wrote");
                if (node.acked.size() <= static_cast<std::size_t>(frame))
                    node.acked.resize(static_cast<std::size_t>(frame) + 8);
                node.acked[static_cast<std::size_t>(frame)] = 1;
            }
            theirs.push_back(std::move(answer));
        }
        auto& end = line(part.line).ends[part.end];
        if (end.over || theirs.empty()) continue;
        lookForFiles(part.line, part.end);
        if (end.over) continue;
        if (theirs.size() > 1 && oneIn(4)) {
            std::vector<Answer> first(theirs.begin(), theirs.begin() + 1);
            theirs.erase(theirs.begin());
            carry(part.line, part.end, end.session->onApplied(std::move(first)));
            if (end.over) continue;
        }
        carry(part.line, part.end, end.session->onApplied(std::move(theirs)));
    }
    if (node.store.log().size() != before) {
        int const alone =
            pending.size() == 1 && line(pending[0].line).ends[pending[0].end].caller ? pending[0].line : -1;
        news(number, alone);
    }
}

void World::receipt(Node& node, std::size_t before) {
    std::array<bool, kScopes> touched{};
    for (std::size_t i = before; i < node.store.log().size(); ++i) {
        auto const& fact = m_frames.at(node.store.log()[i]);
        if (fact.device != kServer && fact.scope != kRegistry) touched[static_cast<std::size_t>(fact.scope)] = true;
    }
    for (int scope = kCollege; scope < kScopes; ++scope) {
        if (touched[static_cast<std::size_t>(scope)]) node.store.write(scope, 20);
    }
}

void World::news(int number, int exceptLine) {
    auto const lines = at(number).lines;
    for (int open : lines) {
        for (int side = 0; side < 2; ++side) {
            auto& end = line(open).ends[side];
            if (end.node == number && !end.over && open != exceptLine && end.peer >= 0) {
                carry(open, side, end.session->onNews());
                if (end.caller) lookForFiles(open, side);
            }
        }
    }
}

void World::write(int number) {
    auto& node = at(number);
    if (!node.up || node.lost) return;
    int scope = static_cast<int>(kCollege + below(kScopes - 1));
    // Mostly where one may; sometimes where the grant is still to come.
    for (int tries = 0; tries < 4 && !node.store.rights().mayRead(node.store.device(), scope, m_now); ++tries) {
        scope = static_cast<int>(kCollege + below(kScopes - 1));
    }
    bool const newer = m_mixed && node.store.isNewer && oneIn(4);
    bool const barred = m_bad && oneIn(8);
    // A new file, or one that another frame names: whether she has its bytes, or they are of a scope that she never saw.
    int paper = -1;
    bool attached = false;
    if (oneIn(6)) {
        attached = m_frames.papers() == 0 || !m_faults || !oneIn(3);
        paper = attached ? m_frames.addPaper(1 + below(4)) : static_cast<int>(below(static_cast<std::uint64_t>(m_frames.papers())));
    }
    Number const frame = node.store.write(scope, 10 + below(oneIn(8) ? 400 : 60), {}, newer, barred, paper);
    if (attached) {
        auto const pieces = m_frames.paper(paper).pieces.size();
        node.store.blobs[paper] = {std::vector<char>(pieces, 1), 0};
        node.store.named[{scope, paper}] = true;
        met("attached");
    } else if (paper >= 0) {
        met("named without its bytes");
    }
    met(newer ? "written: newer" : barred ? "written: barred" : "written");
    note([&] {
        return name(number) + " writes " + nameOf(frame) + (newer ? ", newer" : "") + (barred ? ", barred" : "") +
               (paper < 0 ? "" : (attached ? ", attaches paper " : ", names paper ") + std::to_string(paper));
    });
    news(number);
}

void World::enterEntry(Entry const& entry, std::string_view what) {
    auto& keeper = at(m_keeper);
    if (!keeper.up) return;
    Number const frame = keeper.store.write(kRegistry, 10, entry);
    met(what);
    note([&] {
        return "keeper enters " + nameOf(frame) + ": " + std::string(what) + " device " +
               std::to_string(entry.device) + ", scope " + std::to_string(entry.scope);
    });
    news(m_keeper);
}

}  // namespace spiral::netsim
