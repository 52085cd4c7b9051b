// A college's week with real stores, keys and sessions, and all that goes wrong in one: three campuses, one server. In
// the end everybody who may read a scope holds the same of it. SPIRAL_WEEK_SEED=N runs that seed alone.
#include "../transport/stick.h"
#include "wire.h"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <set>

using namespace spiral;
using namespace spiral::server;
using replica::Machine;
using replica::Machines;

namespace {

std::string const kCampuses[] = {"unit/a", "unit/b", "unit/c"};

class Week {
public:
    Week(std::uint64_t seed, std::size_t replicas) : m_random(seed), m_college(seed) {
        for (std::size_t i = 0; i < replicas; ++i) {
            auto& one = m_people.emplace_back(m_college.person("p" + std::to_string(i)));
            m_college.grant(one, "clerk@" + kCampuses[i % 3]);
        }
        for (auto const& one : m_people) m_machines.push_back(&m_all.of(one));
        m_machines.push_back(&m_all.keeper());
        m_all.spreadRegistry();
        m_imageOf.resize(m_machines.size());
        start();
    }

    void mess(std::size_t events) {
        for (std::size_t i = 0; i < events; ++i) {
            auto const which = below(m_machines.size());
            Machine& machine = *m_machines[which];
            bool const isKeeper = which + 1 == m_machines.size();
            switch (below(24)) {
                case 0: call(which, true); break;
                case 1:
                case 2:
                case 3: call(which, false); break;
                case 4:
                    if (!m_wires.empty()) hangUp(below(m_wires.size()));
                    break;
                case 5:
                    hangUpAll(which);
                    machine.close();
                    machine.open();
                    break;
                case 6:
                    hangUpAll(which);
                    if (isKeeper) break;
                    m_imageOf[which] = below(2) == 0;
                    machine.saveImage(image(which), *m_imageOf[which]);
                    break;
                case 7:
                    // Put back, with its guard (nobody notices) or without.
                    if (isKeeper || !m_imageOf[which] || below(3) != 0) break;
                    hangUpAll(which);
                    machine.restoreImage(image(which));
                    ++met["rolled back"];
                    break;
                case 8:
                    if (below(3) != 0) break;
                    stop();
                    if (m_serverImage && below(2) == 0) {
                        m_server.restoreImage(serverImage());
                        ++met["server rolled back"];
                    } else {
                        m_serverImage = true;
                        m_server.saveImage(serverImage(), below(2) == 0);
                    }
                    start();
                    break;
                case 9: {
                    Machine& other = *m_machines[below(m_machines.size())];
                    if (&other == &machine) break;
                    machine.carryTo(other);
                    news(other);
                    ++met["sticks"];
                    break;
                }
                case 10: {
                    auto const& someone = m_people[below(m_people.size())];
                    m_grants.push_back(m_college.grant(someone, "clerk@" + kCampuses[below(3)]));
                    m_all.sealEntries();
                    news(m_all.keeper());
                    break;
                }
                case 11: {
                    if (m_grants.empty() || below(2) != 0) break;
                    auto const grant = m_grants[below(m_grants.size())];
                    static_cast<void>(
                        m_college.tryAppend("revoke", trust::College::revokeMembers(grant), {m_college.founder}));
                    m_all.sealEntries();
                    news(m_all.keeper());
                    ++met["grants ended"];
                    break;
                }
                case 12: machine.clock.time += std::chrono::hours(static_cast<int>(below(400)) - 200); break;
                default:
                    if (isKeeper) break;
                    // Mostly for the own campus; sometimes where the grant is still to come.
                    machine.write(below(8) == 0 ? kCampuses[below(3)] : kCampuses[which % 3], {{"title", "甲"}});
                    news(machine);
                    break;
            }
            for (auto left = below(30); left > 0; --left) moveOne();
        }
        while (!m_wires.empty()) hangUp(0);
    }

    /// Rounds of calls until a round moves no frame.
    std::size_t settle() {
        for (Machine* machine : m_machines) machine->clock.time = m_server.clock.time;
        for (std::size_t round = 1; round <= 10; ++round) {
            std::uint64_t moved = 0;
            for (std::size_t which = 0; which < m_machines.size(); ++which) {
                Wire wire(*m_core, *m_machines[which], m_server.device(), false, ++m_calls);
                wire.run();
                REQUIRE(wire.ended);
                INFO((wire.error ? wire.error->reason : ""));
                REQUIRE_FALSE(wire.error);
                // Unequal only for a reason that both know: work in a scope for which nobody gave a grant yet.
                auto const& said = wire.caller->totals().peerAnswers;
                bool const waits =
                    !said.empty() && std::all_of(said.begin(), said.end(), [](trust::Answer const& answer) {
                        return answer.what == trust::Answer::What::WaitingForGrant;
                    });
                if (waits) ++met["waits for a grant"];
                moved += wire.caller->stored() + (wire.caller->agreed() || waits ? 0 : 1);
            }
            if (moved == 0) return round;
        }
        return 99;
    }
    void checkEqual() {
        auto const now = m_server.clock.time;
        for (Machine* machine : m_machines) {
            auto const& registry = (*machine)->registry();
            REQUIRE(registry.head() == m_server->registry().head());
            for (std::string const& scope :
                 {std::string("college"), std::string("registry"), kCampuses[0], kCampuses[1], kCampuses[2]}) {
                if (!registry.mayRead(machine->device(), trust::scopeOf(scope), now)) continue;
                INFO(scope);
                CHECK(framesOf(*machine, scope) == framesOf(m_server, scope));
            }
        }
        CHECK(m_server->check(true).empty());
    }
    std::map<std::string, std::size_t> met;

private:
    std::uint64_t below(std::uint64_t bound) { return m_random.below(bound); }
    [[nodiscard]] Path image(std::size_t which) const { return m_images.path() / ("p" + std::to_string(which)); }
    [[nodiscard]] Path serverImage() const { return m_images.path() / "server"; }

    static std::set<FrameId> framesOf(Machine& machine, std::string const& scope) {
        std::set<FrameId> frames;
        machine->framesBeyond(
            {}, [&](Scope const& held) { return held.text() == scope; },
            [&](trust::TravellingFrame&& frame) {
                auto const header = trust::decodeFrameHeader(frame.header);
                if (header && header->scope.text() == scope) frames.insert(hashAs<FrameId>(frame.header));
                return true;
            });
        return frames;
    }

    struct Open {
        std::size_t which;
        std::unique_ptr<Wire> wire;
    };
    void start() { m_core.emplace(*m_server, m_server.secret(), CoreLimits{}, nullptr); }
    void stop() {
        m_wires.clear();
        m_core.reset();
    }
    void call(std::size_t which, bool stays) {
        if (std::any_of(m_wires.begin(), m_wires.end(), [&](Open const& open) { return open.which == which; })) return;
        m_wires.push_back(
            {which, std::make_unique<Wire>(*m_core, *m_machines[which], m_server.device(), stays, ++m_calls)});
    }
    void hangUp(std::size_t number) {
        m_wires.erase(m_wires.begin() + static_cast<std::ptrdiff_t>(number));
        ++met["cut"];
    }
    void hangUpAll(std::size_t which) {
        std::erase_if(m_wires, [&](Open const& open) { return open.which == which; });
    }
    void moveOne() {
        if (m_wires.empty()) return;
        auto const number = below(m_wires.size());
        auto& open = m_wires[number];
        auto const before = open.wire->caller->stored();
        open.wire->move();
        m_core->work();
        if (open.wire->ended || open.wire->closed) {
            if (open.wire->ended) CHECK_FALSE(open.wire->error);
            m_wires.erase(m_wires.begin() + static_cast<std::ptrdiff_t>(number));
            ++met["calls"];
        } else if (open.wire->caller->stored() != before) {
            ++met["stored while connected"];
        }
    }
    void news(Machine& machine) {
        for (auto& open : m_wires) {
            if (m_machines[open.which] == &machine) open.wire->caller->onNews();
        }
    }

    SeededRandom m_random;
    TemporaryFolder m_images{"spiral-week"};
    trust::College m_college;
    trust::Someone m_serverOwner = m_college.server();
    Machines m_all{m_college};
    Machine& m_server = m_all.of(m_serverOwner);
    std::vector<trust::Someone> m_people;
    std::vector<Machine*> m_machines;
    std::vector<std::optional<bool>> m_imageOf;
    bool m_serverImage = false;
    std::vector<ObjectId> m_grants;
    std::uint64_t m_calls = 0;
    std::optional<SyncCore> m_core;
    std::vector<Open> m_wires;
};

void live(std::uint64_t seed, std::size_t replicas, std::size_t events, std::map<std::string, std::size_t>& met) {
    INFO("SPIRAL_WEEK_SEED=" << seed);
    Week week(seed, replicas);
    week.mess(events);
    auto const rounds = week.settle();
    CHECK(rounds <= 10);
    week.checkEqual();
    for (auto const& [what, times] : week.met) met[what] += times;
}

void liveMany(std::uint64_t first, std::uint64_t count, std::size_t replicas, std::size_t events) {
    std::map<std::string, std::size_t> met;
    if (char const* const one = std::getenv("SPIRAL_WEEK_SEED")) {
        return live(std::strtoull(one, nullptr, 10), replicas, events, met);
    }
    for (std::uint64_t seed = first; seed < first + count; ++seed) live(seed, replicas, events, met);
    for (char const* what : {"calls", "cut", "sticks", "rolled back", "server rolled back", "grants ended"}) {
        INFO(what);
        CHECK(met[what] > 0);
    }
}

}  // namespace

TEST_CASE("a day of eight machines and their server, with what goes wrong in it, ends equal", "[network][week]") {
    liveMany(1, 3, 8, 250);
}
TEST_CASE("a week of forty machines on three campuses ends equal", "[network][week][long]") {
    liveMany(100, 3, 40, 3'000);
}
TEST_CASE("two hundred days of eight machines end equal", "[network][week][long]") { liveMany(1'000, 200, 8, 250); }
