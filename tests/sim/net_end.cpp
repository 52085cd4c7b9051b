// The faults stop: what must hold then.
#include "net_college.h"

#include <algorithm>
#include <utility>

namespace spiral::netsim {

/// A store that was rolled back so far that it does not know the keeper lets nobody in, for ever, and the design promises
/// nothing else: a registry begins with the welcome (`spirald --finish`), and no backup is older than that. So whoever puts
/// another server in its place gives it the welcome again. All beyond it has to come by the network, as before.
void World::finishAgain(Node& node) {
    if (node.store.rights().enrolled[kKeeper]) return;
    auto const& keeper = at(m_keeper).store;
    std::vector<TravellingFrame> welcome;
    for (std::size_t i = 0; i < node.welcome; ++i) welcome.push_back(keeper.frame(keeper.log()[i]));
    node.store.import(welcome, m_now);
    met("welcomed again");
    note([&] { return "the server in its place is given its welcome, " + std::to_string(node.welcome) + " entries"; });
}

void World::heal() {
    note([] { return std::string("--- the faults stop"); });
    m_faults = false;
    for (auto& node : m_nodes) {
        node.up = true;
        node.oldest = 1;
        node.store.clockWrong = 0;
        if (node.lies != 0 && oneIn(3)) {
            m_bySticks = true;  // it goes on lying; people carry sticks
        } else if (node.lies != 0) {
            node.lies = 0;  // another server in its place, with the same store
            if (oneIn(2)) node.store.epoch = m_random.token<Epoch>();
            finishAgain(node);
        }
    }
    if (oneIn(3)) {
        // A machine that fell into the river: what only it held is gone, what others have of it must go round.
        auto const gone = static_cast<int>(2 + below(m_nodes.size() - 2));
        if (!at(gone).answers) {
            at(gone).lost = true;
            met("lost for good");
            note([&] { return name(gone) + " is lost for good"; });
        }
    }
    m_upgraded = !m_mixed || oneIn(2);
    if (m_upgraded) {
        for (auto& node : m_nodes) node.store.isNewer = true;
    }
    for (std::size_t open = 0; open < m_lines.size(); ++open) silence(static_cast<int>(open));
    drain();
    if (!m_bySticks) m_liar = -1;
    for (auto const& node : m_nodes) require(node.pending.empty() && node.lines.empty(), "work that nobody does");
    // What was said to be stored is held.
    for (std::size_t number = 0; number < m_nodes.size(); ++number) {
        auto const& node = m_nodes[number];
        for (std::size_t frame = 0; frame < node.acked.size(); ++frame) {
            if (node.lies == 0 && node.acked[frame] != 0 &&
                node.store.has(static_cast<Number>(frame)) == Store::Has::Nothing) {
                fail(name(static_cast<int>(number)) + " lost " + nameOf(static_cast<Number>(frame)) +
                     ", which it had said to hold");
            }
        }
    }
    for (int round = 1;; ++round) {
        m_now += kHour;
        note([&] { return "--- round " + std::to_string(round); });
        if (m_bySticks)
            roundOfSticks();
        else
            this->round(oneIn(2), round % 2 == 0);
        auto const lacks = whatLacks();
        if (lacks.empty()) {
            static constexpr std::array<std::string_view, kRounds + 1> words{
                "",           "rounds:  1", "rounds:  2", "rounds:  3", "rounds:  4", "rounds:  5",
                "rounds:  6", "rounds:  7", "rounds:  8", "rounds:  9", "rounds: 10"};
            met(words[static_cast<std::size_t>(round)]);
            break;
        }
        if (round == kRounds) fail("after " + std::to_string(kRounds) + " rounds " + lacks);
    }
}

bool World::mayCall(int number) const {
    if (number < 0) return false;
    auto const& keeper = m_nodes[static_cast<std::size_t>(m_keeper)].store.rights();
    auto const device = static_cast<std::size_t>(m_nodes[static_cast<std::size_t>(number)].store.device());
    return number != kServer && !m_nodes[static_cast<std::size_t>(number)].lost && !keeper.revoked[device];
}

std::vector<int> World::round(bool atOnce, bool toServer) {
    std::vector<int> order, lines;
    for (int number = 1; number < static_cast<int>(m_nodes.size()); ++number) {
        if (mayCall(number)) order.push_back(number);
    }
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[below(i)]);
    for (int number : order) {
        int road = at(number).road;
        // A hub takes only what it may read; the rest goes to the server.
        if (toServer || !mayCall(road) || !at(number).proposals.empty()) road = kServer;
        lines.push_back(connect(number, road, false));
        if (!atOnce) drain();
    }
    drain();
    for (int number : lines) {
        auto const& end = line(number).ends[0];
        require(end.over, "a session that does not end");
        bool const refused = end.reason == "session.unknown-device" || end.reason == "session.revoked";
        require(end.finished || refused, "a session that failed for no reason");
    }
    return lines;
}

void World::roundOfSticks() {
    met("round of sticks");
    for (int way = 0; way < 2; ++way) {
        for (int number = 0; number < static_cast<int>(m_nodes.size()); ++number) {
            if (number == kKeeper || at(number).lies != 0 || at(number).lost) continue;
            m_sticks.clear();
            writeStick(way == 0 ? number : kKeeper, way == 0 ? kKeeper : number);
            readStick(0, m_sticks[0].reader);
        }
    }
}

std::vector<Store::Has> World::owed() const {
    auto const& rights = m_nodes[static_cast<std::size_t>(m_keeper)].store.rights();
    std::vector<Store::Has> good(static_cast<std::size_t>(m_frames.count()), Store::Has::Nothing);
    for (Number number = 0; number < m_frames.count(); ++number) {
        auto const& fact = m_frames.at(number);
        if (fact.barred || (fact.newer && !m_upgraded)) continue;
        if (fact.prev != kNone && good[static_cast<std::size_t>(fact.prev)] == Store::Has::Nothing) continue;
        if (fact.scope != kRegistry && !rights.mayEverWrite(fact.device, fact.scope)) continue;
        for (std::size_t node = 0; node < m_nodes.size(); ++node) {
            if (m_nodes[node].lies != 0 || m_nodes[node].lost) continue;
            auto const device = m_nodes[node].store.device();
            if (rights.revoked[static_cast<std::size_t>(device)]) continue;
            if (!rights.mayRead(device, fact.scope, m_now) && fact.device != device) continue;
            auto& most = good[static_cast<std::size_t>(number)];
            most = std::max(most, m_nodes[node].store.has(number));
        }
    }
    return good;
}

std::string World::whatLacks() const {
    auto const good = owed();
    auto const& rights = m_nodes[static_cast<std::size_t>(m_keeper)].store.rights();
    for (int number = 0; number < static_cast<int>(m_nodes.size()); ++number) {
        auto const& store = m_nodes[static_cast<std::size_t>(number)].store;
        if (m_nodes[static_cast<std::size_t>(number)].lies != 0 || m_nodes[static_cast<std::size_t>(number)].lost)
            continue;
        if (rights.revoked[static_cast<std::size_t>(store.device())]) continue;
        for (Number frame = 0; frame < m_frames.count(); ++frame) {
            auto const& fact = m_frames.at(frame);
            if (!rights.mayRead(store.device(), fact.scope, m_now)) continue;
            if (store.has(frame) < good[static_cast<std::size_t>(frame)])
                return name(number) + " lacks " + nameOf(frame);
        }
    }
    return m_bySticks ? std::string() : filesLacking(good);
}

bool World::holdTheSame(int one, int two) const {
    auto const& a = m_nodes[static_cast<std::size_t>(one)].store;
    auto const& b = m_nodes[static_cast<std::size_t>(two)].store;
    for (Number frame = 0; frame < m_frames.count(); ++frame) {
        if (!a.shares(b.device(), m_frames.at(frame).scope, m_frames.at(frame).device, m_now)) continue;
        if (a.has(frame) != b.has(frame)) return false;
    }
    return true;
}

std::uint64_t World::lackingOf(int from, int to) const {
    auto const& a = m_nodes[static_cast<std::size_t>(from)].store;
    auto const& b = m_nodes[static_cast<std::size_t>(to)].store;
    std::uint64_t count = 0;
    for (Number frame = 0; frame < m_frames.count(); ++frame) {
        if (a.has(frame) == Store::Has::Nothing) continue;
        bool const both = a.shares(b.device(), m_frames.at(frame).scope, m_frames.at(frame).device, m_now);
        // What it wrote where the other may no longer read it cannot tell us that it has.
        bool const untold = !both && m_frames.at(frame).device == b.device();
        if (untold || b.has(frame) != Store::Has::All || (!both && a.peerReads(b.device(), m_frames.at(frame).scope, m_now)))
            ++count;
    }
    return count;
}

void World::quiet() {
    if (m_bySticks) return;
    note([] { return std::string("--- once more, till nothing moves"); });
    // Frames of which nobody is owed anything, and receipts for them, may still be on their way.
    std::size_t lines = 0;
    for (int rounds = 0; rounds < kRounds; ++rounds) {
        round(false);
        std::size_t now = 0;
        for (auto const& node : m_nodes) now += node.store.log().size();
        if (rounds > 0 && std::exchange(lines, now) == now) break;
        lines = now;
        require(rounds + 1 < kRounds, "something still moves after ten rounds of calls");
    }
    for (int number : round(false)) {
        auto const& line = this->line(number);
        auto const& caller = line.ends[0];
        int const answerer = line.ends[1].node;
        if (!caller.finished) continue;
        if (!holdTheSame(caller.node, answerer)) {
            // Only what the other lacks is offered once more, and some more where tips are not known.
            auto const most = [&](int from, int to) { return lackingOf(from, to) + 3 * lackingOf(to, from); };
            if (caller.sent > most(caller.node, answerer))
                fail(name(caller.node) + ": more frames are sent than are lacking");
            if (line.ends[1].sent > most(answerer, caller.node))
                fail(name(answerer) + ": more frames are sent than are lacking");
            met("not the same");
            continue;
        }
        require(caller.agreed, "both hold the same and do not agree");
        if (caller.sent + line.ends[1].sent != 0)
            fail(name(caller.node) + ": frames travel between two that hold the same");
        require(caller.session->totals().roundTrips == 1,
                "more than one round trip between two that hold the same");
        met("one round trip");
    }
    checkRegistry();
}

void World::later() {
    note([] { return std::string("--- all stay connected"); });
    if (m_bySticks || !oneIn(2)) return;
    for (int number = 1; number < static_cast<int>(m_nodes.size()); ++number) {
        if (!mayCall(number)) continue;
        int road = at(number).road;
        if (road != kServer && mayCall(road)) connect(number, road, true);
        connect(number, kServer, true);
    }
    drain();
    auto check = [&](char const* when) {
        drain();
        if (auto const lacks = whatLacks(); !lacks.empty()) fail(std::string(when) + " " + lacks);
    };
    check("connected, and");
    for (auto left = below(12); left > 0; --left) {
        int const writer = static_cast<int>(below(m_nodes.size()));
        if (writer != kServer && !mayCall(writer)) continue;
        write(writer);
        if (oneIn(2)) drain();
    }
    check("after writing");
    // Grants that somebody waits for.
    auto const rights = at(m_keeper).store.rights();
    for (Number frame = 0; frame < m_frames.count(); ++frame) {
        auto const fact = m_frames.at(frame);
        if (fact.scope == kRegistry || rights.mayEverWrite(fact.device, fact.scope) ||
            !rights.enrolled[static_cast<std::size_t>(fact.device)])
            continue;
        if (at(m_keeper).store.rights().mayEverWrite(fact.device, fact.scope)) continue;
        enterEntry({Entry::Kind::Grant, fact.device, fact.scope, 100 * kYear}, "granted late");
        if (oneIn(2)) drain();
    }
    check("with the grant there");
    met("stayed");
}

}  // namespace spiral::netsim
