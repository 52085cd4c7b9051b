// What befalls machines: crashes, copies put back, clones, sticks, clocks, and the entries of a busy keeper.
#include "net_college.h"

#include <algorithm>
#include <utility>

namespace spiral::netsim {

void World::crash(int number) {
    auto& node = at(number);
    node.pending.clear();
    auto const lines = node.lines;
    for (int open : lines) {
        auto& line = this->line(open);
        for (auto& end : line.ends) {
            if (end.node != number || end.over) continue;
            end.over = true;
            end.reason = "crash";
            end.asks.clear();
        }
        silence(open);
    }
    node.lines.clear();
}

void World::rollBack(int number, bool noticed) {
    auto& node = at(number);
    if (!node.image || number == m_keeper) return;
    crash(number);
    bool const newer = node.store.isNewer;
    node.store = *node.image;
    node.store.isNewer = newer;
    if (noticed) node.store.epoch = m_random.token<Epoch>();
    node.acked.clear();
    met(noticed ? "rolled back, noticed" : "rolled back, unnoticed");
    note([&] {
        return name(number) + " is rolled back to " + std::to_string(node.store.log().size()) +
               (noticed ? " lines, noticed" : " lines");
    });
    schedule(5, Event::Kind::Call, number);
}

void World::clone(int number) {
    if (number < 2 || at(number).answers || m_nodes.size() + 1 >= kDevicesMax) return;
    Node copy(at(number).store);
    copy.campus = at(number).campus;
    copy.road = at(number).road;
    copy.limits = at(number).limits;
    m_nodes.push_back(std::move(copy));
    auto const made = static_cast<int>(m_nodes.size()) - 1;
    met("cloned");
    note([&] { return name(number) + " is copied: " + name(made); });
    schedule(5, Event::Kind::Call, made);
}

void World::writeStick(int from, int to) {
    auto& giver = at(from);
    if (giver.lies != 0 || from == to) return;
    int const reader = at(to).store.device();
    Stick stick{to, {}};
    auto const known = oneIn(2) ? at(to).store.tips(giver.store.device(), clockOf(at(to))) : std::vector<FeedTip>{};
    for (Number number : giver.store.beyond(
             known, [&](int scope, int) { return giver.store.peerReads(reader, scope, clockOf(giver)); })) {
        if (m_faults && oneIn(8)) continue;
        stick.frames.push_back(giver.store.frame(number));
        if (m_faults && oneIn(12)) stick.frames.back().payload.reset();  // too large for it, or spoilt
    }
    if (m_faults && oneIn(3)) {
        for (std::size_t i = stick.frames.size(); i > 1; --i)
            std::swap(stick.frames[i - 1], stick.frames[below(i)]);
    }
    met("stick");
    m_sticks.push_back(std::move(stick));
}

void World::readStick(std::size_t which, int reader) {
    auto const& stick = m_sticks[which];
    auto& node = at(reader);
    if (!node.up || node.lost) return;
    std::size_t const before = node.store.log().size();
    node.store.import(stick.frames, clockOf(node));
    note([&] {
        return name(reader) + " reads a stick of " + std::to_string(stick.frames.size()) + ", stores " +
               std::to_string(node.store.log().size() - before);
    });
    if (node.store.log().size() != before) news(reader);
}

void World::mishap() {
    auto const number = static_cast<int>(below(m_nodes.size()));
    auto& node = at(number);
    switch (below(17)) {
        case 0:
        case 1:
            if (!node.lines.empty()) silence(node.lines[below(node.lines.size())]);
            break;
        case 2:
            m_campusCut[below(kCampuses)] = m_now + static_cast<Time>(below(kDay));
            met("campus cut off");
            break;
        case 3:
            if (!node.up) break;
            node.up = false;
            crash(number);
            met("crash");
            note([&] { return name(number) + " crashes"; });
            break;
        case 4: node.image = node.store; break;
        case 5:
            if (oneIn(2)) rollBack(number, oneIn(2));
            break;
        case 6:
            if (oneIn(4)) clone(number);
            break;
        case 7:
        case 8: writeStick(number, static_cast<int>(below(m_nodes.size()))); break;
        case 9:
            if (!m_sticks.empty()) {
                auto const which = static_cast<std::size_t>(below(m_sticks.size()));
                readStick(which, m_sticks[which].reader);
            }
            break;
        case 10:
            node.store.clockWrong = oneIn(3) ? 0 : (static_cast<Time>(below(4)) - 2) * kYear;
            met("clock jumps");
            break;
        case 11:
            if (!node.store.isNewer && oneIn(2)) {
                node.store.isNewer = true;
                met("upgraded");
            }
            break;
        case 12:
            if (node.mayLie(Lie::RollBack)) {
                node.store.forget(below(10));
                node.acked.clear();
                met("lie: roll back");
            }
            break;
        case 13:
            // A second connection of the same machine, while another may be open.
            if (number != kServer && node.up && reach(node, at(kServer))) {
                connect(number, kServer, oneIn(2));
                met("another connection");
            }
            break;
        case 14: impostor(); break;
        default: {
            int const device = static_cast<int>(2 + below(m_nodes.size() - 2));
            if (device >= kDevicesMax || at(device).store.device() != device) break;
            int const scope = static_cast<int>(kCollege + 1 + below(kCampuses));
            Entry entry{Entry::Kind::Grant, device, scope, 0};
            std::string_view what = "granted";
            if (oneIn(12)) {
                entry = {Entry::Kind::Revoke, device, 0, 0};
                what = "revoked";
            } else if (oneIn(3)) {
                entry.kind = Entry::Kind::End;
                what = "grant ended";
            } else {
                entry.until = oneIn(4) ? m_now + kYear : 100 * kYear;
            }
            if (m_keeper == kKeeper || oneIn(8)) {
                enterEntry(entry, what);
                break;
            }
            // One or two others want the same of the server.
            for (auto left = 1 + below(2); left > 0; --left) propose(static_cast<int>(1 + below(m_nodes.size() - 1)), entry);
            break;
        }
    }
}

void World::call(int number) {
    auto& node = at(number);
    if (node.lost || !node.up || number == kServer) return;
    for (int open : node.lines) {
        if (line(open).ends[0].node == number) return;  // one is open
    }
    int road = node.road;
    if (oneIn(8)) road = kServer;
    if (!reach(node, at(road))) {
        node.failures = std::min(node.failures + 1, 6);
        schedule((Time{1} << node.failures) * 8, Event::Kind::Call, number);
        return;
    }
    connect(number, road, oneIn(3));
}

}  // namespace spiral::netsim
