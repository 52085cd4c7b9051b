#include "net_college.h"

#include <algorithm>
#include <utility>

namespace spiral::netsim {

Outcome World::run() {
    try {
        found();
        chaos();
        heal();
        quiet();
        later();
    } catch (Failure const& failure) {
        m_outcome.failure = failure.what();
        note([&] { return "FAILED: " + m_outcome.failure; });
    }
    m_outcome.events = m_order;
    return std::move(m_outcome);
}

SessionLimits World::someLimits() {
    SessionLimits limits;
    limits.notAnsweredBytesMax = m_notAnsweredBytes;
    limits.notAnsweredFramesMax = m_notAnsweredFrames;
    if (oneIn(2)) return limits;
    met("tight limits");
    limits.batchFramesMax = 1 + below(4);
    limits.batchBytesMax = 200 + below(600);
    limits.answersMax = 1 + below(4);
    // Never below what others gather before they answer, with what each frame counts besides its bytes.
    limits.windowBytesMax = m_notAnsweredBytes + 64 * m_notAnsweredFrames + below(1500);
    limits.windowFramesMax = m_notAnsweredFrames + below(8);
    limits.firstFlightBytesMax = below(3) == 0 ? 1 : below(800);
    limits.maxSkippedReconciles = 1 + below(8);
    return limits;
}

void World::addNode(int device, int campus, bool answers, int road) {
    Node node(Store(m_frames, device));
    node.answers = answers;
    node.campus = campus;
    node.road = road;
    node.limits = someLimits();
    node.store.epoch = m_random.token<Epoch>();
    m_nodes.push_back(std::move(node));
}

void World::found() {
    m_mixed = oneIn(3);
    m_bad = oneIn(20);
    m_receipts = oneIn(2);
    m_notAnsweredBytes = 1 + below(300);
    m_notAnsweredFrames = 1 + below(4);
    bool const lies = oneIn(4);
    if (!lies && oneIn(3)) {
        m_keeper = m_frames.keeper = kServer;
        met("the server keeps the registry");
    }
    std::uint64_t const hubs = below(3);
    std::uint64_t const replicas = 3 + below(oneIn(3) ? 6 : 3);
    addNode(kServer, -1, true, -1);
    addNode(kKeeper, -1, false, kServer);
    std::array<int, kCampuses> hubOf;
    hubOf.fill(kServer);
    for (std::uint64_t hub = 0; hub < hubs; ++hub) {
        auto const number = static_cast<int>(m_nodes.size());
        addNode(number, static_cast<int>(hub), true, kServer);
        hubOf[hub] = number;
    }
    for (std::uint64_t replica = 0; replica < replicas; ++replica) {
        auto const campus = static_cast<int>(below(kCampuses));
        addNode(static_cast<int>(m_nodes.size()), campus, false, hubOf[static_cast<std::size_t>(campus)]);
    }
    // The keeper reads everything; a hub its department, sometimes all; the others what their department is, and
    // more.
    auto& keeper = at(m_keeper).store;
    auto const enter = [&](Entry::Kind kind, int device, int scope = 0, Time until = kYear * 100) {
        keeper.write(kRegistry, 10, {kind, device, scope, until});
    };
    std::vector<int> late;
    enter(Entry::Kind::Enrol, kServer);
    enter(Entry::Kind::Enrol, kKeeper);
    for (int scope = kCollege + 1; scope < kScopes; ++scope) enter(Entry::Kind::Grant, kKeeper, scope);
    std::size_t welcome = keeper.log().size();
    for (int node = 2; node < static_cast<int>(m_nodes.size()); ++node) {
        enter(Entry::Kind::Enrol, node);
        if (at(node).answers && oneIn(2)) {
            for (int scope = kCollege + 1; scope < kScopes; ++scope) enter(Entry::Kind::Grant, node, scope);
        } else {
            enter(Entry::Kind::Grant, node, kCollege + 1 + at(node).campus);
        }
        if (oneIn(3)) enter(Entry::Kind::Grant, node, static_cast<int>(kCollege + 1 + below(kCampuses)));
    }
    for (int node = 0; node < static_cast<int>(m_nodes.size()); ++node) {
        // A new machine knows the registry till its own entry at least.
        std::size_t const knows =
            oneIn(2) ? keeper.log().size() : std::max(welcome, keeper.log().size() - below(3));
        std::vector<TravellingFrame> frames;
        for (std::size_t i = 0; i < knows; ++i) frames.push_back(keeper.frame(keeper.log()[i]));
        if (node != m_keeper) at(node).store.import(frames, m_now);
        at(node).welcome = knows;
        if (!m_mixed) continue;
        at(node).store.isNewer = oneIn(2);
        at(node).newest = static_cast<std::uint32_t>(1 + below(3));
        if (node > kKeeper && oneIn(12)) at(node).oldest = at(node).newest = 2;
    }
    if (lies) {
        m_liar = kServer;
        if (hubs > 0 && oneIn(3)) m_liar = 2;
        for (auto left = 1 + below(3); left > 0; --left) {
            at(m_liar).lies |= 1U << below(static_cast<std::uint64_t>(Lie::Count));
        }
        m_withheldDevice = static_cast<int>(below(m_nodes.size()));
        met("liar");
        note([&] { return name(m_liar) + " lies: " + std::to_string(at(m_liar).lies); });
    }
    for (int node = 1; node < static_cast<int>(m_nodes.size()); ++node) {
        schedule(static_cast<Time>(below(100)), Event::Kind::Call, node);
    }
}

void World::step() {
    Event const event = m_events.top();
    m_events.pop();
    m_now = std::max(m_now, event.at);
    if (++m_steps > 60'000) fail("no end: too many events");
    switch (event.kind) {
        case Event::Kind::Deliver: deliver(event.a, event.b); break;
        case Event::Kind::Work: work(event.a); break;
        case Event::Kind::Notice: {
            auto& end = line(event.a).ends[event.b];
            if (end.over) break;
            carry(event.a, event.b, end.session->onEnd());
            if (!end.over) finish(event.a, event.b, false, "session.cut");
            break;
        }
        case Event::Kind::Call:
            if (m_faults) call(event.a);
            break;
    }
}

void World::drain() {
    while (!m_events.empty()) step();
}

void World::chaos() {
    auto const things = 12 + below(oneIn(8) ? 100 : 34);
    for (std::uint64_t i = 0; i < things; ++i) {
        Time const next = m_now + static_cast<Time>(below(oneIn(3) ? 4 * kHour : 20));
        while (!m_events.empty() && m_events.top().at <= next) step();
        m_now = next;
        if (oneIn(2))
            write(static_cast<int>(below(m_nodes.size())));
        else
            mishap();
        for (int number = 0; number < static_cast<int>(m_nodes.size()); ++number) {
            if (!at(number).up && oneIn(6)) {
                at(number).up = true;
                note([&] { return name(number) + " is up again"; });
                schedule(1, Event::Kind::Call, number);
            }
        }
    }
}

Outcome run(Options const& options) { return World(options).run(); }

}  // namespace spiral::netsim
