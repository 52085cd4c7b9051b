#include "net_world.h"

#include "base/sha256.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <queue>
#include <stdexcept>
#include <utility>

namespace spiral::netsim {

using protocol::Action;
using protocol::Message;
using protocol::Session;
using protocol::SessionLimits;
using trust::Answer;
using trust::FeedTip;
using trust::TravellingFrame;

namespace {

constexpr int kCampuses = 3;
constexpr Time kHour = 60, kDay = 24 * kHour, kYear = 365 * kDay;
constexpr int kRounds = 10;  // within which all must be equal when the faults have stopped

struct Failure : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// One side of a connection.
struct End {
    int node = 0;
    bool caller = false, stays = false;
    std::optional<Session> session;
    std::vector<Action> asks;
    std::deque<std::pair<Number, std::size_t>> unanswered;  ///< frames sent, as this side counts
    std::size_t unansweredBytes = 0, firstFlight = 0;
    std::vector<FeedTip> beyond;
    std::uint64_t beyondPosition = 0;
    int peer = -1;                               ///< the other's device, when it is known
    std::optional<protocol::StateDigest> heard;  ///< the digest that the other said last
    bool over = false, finished = false, agreed = false;
    std::uint64_t sent = 0, messages = 0;
    std::string reason;
};

struct Flight {
    std::optional<Message> message;  ///< none: the end
    Bytes packed;                    ///< instead, of a line that carries bytes
};

struct Line {
    End ends[2];                ///< the caller, the answerer
    std::deque<Flight> way[2];  ///< to the caller, to the answerer
    Time last[2] = {0, 0};
    std::int64_t cutAfter = -1;  ///< messages; below 0: never
    bool silent = false;         ///< nothing arrives any more
    bool asBytes = false;
    bool amongHonest = true;  ///< nobody lied when it was made
    Time slow = 1;
    std::uint64_t compared = 0;  ///< tips, by either side
};

struct Node {
    explicit Node(Store held) : store(std::move(held)) {}
    Store store;
    bool answers = false;  ///< server or hub
    int campus = 0;
    int road = 0;                  ///< the node it calls
    bool up = true, lost = false;  ///< lost: gone for good (a clone that was found)
    SessionLimits limits;
    std::optional<Store> image;
    unsigned lies = 0;
    std::vector<char> acked;  ///< by frame: it said that it holds it, since its store was put back
    struct Pending {
        int line, end;
        std::vector<TravellingFrame> frames;
    };
    std::vector<Pending> pending;
    std::vector<int> lines;
    bool working = false;
    int failures = 0;
    bool mayLie(Lie lie) const { return (lies >> static_cast<unsigned>(lie) & 1U) != 0; }
};

struct Event {
    Time at;
    std::uint64_t order;
    enum class Kind { Deliver, Work, Notice, Call } kind;
    int a, b;
    friend bool operator<(Event const& one, Event const& two) {
        return std::tie(one.at, one.order) > std::tie(two.at, two.order);
    }
};

class World {
public:
    explicit World(Options const& options) : m_options(options), m_random(options.seed * 2654435761U + 17) {}

    Outcome run() {
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

private:
    // --- small words
    // -----------------------------------------------------------------------------------------------------

    std::uint64_t below(std::uint64_t bound) { return m_random.below(bound); }
    bool oneIn(std::uint64_t times) { return below(times) == 0; }
    template <class Make>
    void note(Make const& make) {
        if (m_options.trace) m_options.trace(std::to_string(m_now) + "  " + make());
    }
    void mix(std::uint64_t what) { m_outcome.traceHash = (m_outcome.traceHash ^ what) * 1099511628211ULL; }
    void met(std::string_view what) { ++m_outcome.met[what]; }
    [[noreturn]] void fail(std::string const& why) const { throw Failure(why); }
    void require(bool good, char const* why) const {
        if (!good) fail(why);
    }
    std::string name(int node) const {
        auto const& n = m_nodes[static_cast<std::size_t>(node)];
        std::string text = node == kServer   ? "server"
                           : node == kKeeper ? "keeper"
                                             : (n.answers ? "hub" : "n") + std::to_string(node);
        if (n.store.device() != node) text += "(as " + std::to_string(n.store.device()) + ")";
        return text;
    }
    std::string nameOf(Number frame) const {
        auto const& fact = m_frames.at(frame);
        return "#" + std::to_string(frame) + " (device " + std::to_string(fact.device) + ", scope " +
               std::to_string(fact.scope) + ", seq " + std::to_string(fact.seq) + ")";
    }
    Node& at(int node) { return m_nodes[static_cast<std::size_t>(node)]; }
    Line& line(int number) { return *m_lines[static_cast<std::size_t>(number)]; }
    [[nodiscard]] Time clockOf(Node const& node) const { return m_now + node.store.clockWrong; }
    void schedule(Time after, Event::Kind kind, int a, int b = 0) {
        m_events.push({m_now + after, m_order++, kind, a, b});
    }

    // --- the college
    // -------------------------------------------------------------------------------------------------------

    SessionLimits someLimits() {
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

    void addNode(int device, int campus, bool answers, int road) {
        Node node(Store(m_frames, device));
        node.answers = answers;
        node.campus = campus;
        node.road = road;
        node.limits = someLimits();
        node.store.epoch = m_random.token<Epoch>();
        m_nodes.push_back(std::move(node));
    }

    void found() {
        m_mixed = oneIn(3);
        m_bad = oneIn(20);
        m_receipts = oneIn(2);
        m_notAnsweredBytes = 1 + below(300);
        m_notAnsweredFrames = 1 + below(4);
        bool const lies = oneIn(4);
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
        auto& keeper = at(kKeeper).store;
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
            if (node != kKeeper) at(node).store.import(frames, m_now);
            if (m_mixed) at(node).store.isNewer = oneIn(2);
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

    // --- lines
    // -------------------------------------------------------------------------------------------------------------

    [[nodiscard]] bool reach(Node const& from, Node const& to) const {
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

    int connect(int caller, int answerer, bool stays) {
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
        for (int side = 0; side < 2; ++side) {
            auto& end = line.ends[side];
            auto& node = side == 0 ? from : to;
            end.node = side == 0 ? caller : answerer;
            end.caller = side == 0;
            end.stays = stays || side == 1;
            Session::Self self;
            self.role = side == 0 ? Session::Role::Caller : Session::Role::Answerer;
            self.stays = end.stays;
            self.greeting.school.raw[0] = 9;
            self.greeting.device = deviceOf(node.store.device());
            self.epoch = node.store.epoch;
            self.position = node.store.log().size();
            if (side == 0) {
                end.peer = to.store.device();
                if (auto const before = node.store.agreed.find(end.peer);
                    before != node.store.agreed.end() && before->second.ownPosition <= self.position) {
                    self.before = before->second;
                }
            }
            end.session.emplace(std::move(self), node.limits);
            node.lines.push_back(number);
        }
        note([&] {
            return name(caller) + " calls " + name(answerer) + (stays ? " and stays" : "") + ", line " +
                   std::to_string(number) + (line.cutAfter >= 0 ? ", cut after " + std::to_string(line.cutAfter) : "");
        });
        carry(number, 0, line.ends[0].session->start());
        carry(number, 1, line.ends[1].session->start());
        return number;
    }

    void carry(int number, int side, std::vector<Action> actions) {
        auto& end = line(number).ends[side];
        auto& node = at(end.node);
        for (auto& action : actions) {
            if (end.over) return;
            if (auto* send = std::get_if<protocol::Send>(&action)) {
                post(number, side, std::move(send->message));
            } else if (auto* apply = std::get_if<protocol::ApplyFrames>(&action)) {
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
            } else if (std::holds_alternative<protocol::Deliver>(action) ||
                       std::holds_alternative<protocol::ApplyPiece>(action)) {
                continue;
            } else {
                end.asks.push_back(std::move(action));
                require(end.asks.size() <= 3, "more than three asks at once");
                wake(end.node);
            }
        }
    }

    void wake(int node) {
        if (std::exchange(at(node).working, true)) return;
        schedule(static_cast<Time>(below(2)), Event::Kind::Work, node);
    }

    /// This side is through; the other learns of it after what was sent.
    void finish(int number, int side, bool finished, std::string reason) {
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
            bool const known = end.reason == "session.revoked" || end.reason == "session.unknown-device";
            if (!known && m_liar < 0) fail(name(end.node) + ": a session of honest machines failed: " + end.reason);
            met(known ? "not let in" : "failed");
        }
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

    void send(int number, int side, Flight flight) {
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

    /// Nothing arrives any more. Each side learns of it when it learns of it: at once, or by silence.
    void silence(int number) {
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

    /// A message of one side on its way: the checks of the design are made here.
    void post(int number, int side, Message message) {
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
        note([&] { return describe(number, side, message); });
        if (line.asBytes) {
            send(number, side, Flight{std::nullopt, protocol::pack(message)});
        } else {
            send(number, side, Flight{std::move(message), {}});
        }
    }

    std::string describe(int number, int side, Message const& message) {
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
        } else {
            text += "greeting";
        }
        return text;
    }

    void deliver(int number, int side) {
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

    // --- what a machine does
    // -----------------------------------------------------------------------------------------------

    void work(int number) {
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

    bool withheld(Node const& node, Number frame, int peer) const {
        auto const& fact = m_frames.at(frame);
        if (fact.scope == kRegistry) return false;
        if (node.mayLie(Lie::WithholdFrame) && frame % 7 == 3) return true;
        if (node.mayLie(Lie::WithholdFeed) && fact.device == m_withheldDevice) return true;
        return node.mayLie(Lie::TwoViews) && (peer + fact.device) % 2 == 0;
    }

    void bend(Node& node, int peer, std::vector<TravellingFrame>& frames) {
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

    protocol::StoreState stateOf(Node& node, End const& end) {
        return node.store.state(end.session->salt(), end.peer, clockOf(node));
    }

    void answer(int number, int side) {
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
            Result<void> outcome;
            auto const d = static_cast<std::size_t>(device);
            if (!node.store.rights().enrolled[d])
                outcome = makeError(ErrorCode::Refused, "session.unknown-device");
            else if (node.store.rights().revoked[d])
                outcome = makeError(ErrorCode::Refused, "session.revoked");
            else
                end.peer = device;
            carry(number, side, end.session->onAuthenticated(outcome));
        }
    }

    /// What the peers gave is stored in one transaction, then answered.
    void commit(int number) {
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

    void receipt(Node& node, std::size_t before) {
        std::array<bool, kScopes> touched{};
        for (std::size_t i = before; i < node.store.log().size(); ++i) {
            auto const& fact = m_frames.at(node.store.log()[i]);
            if (fact.device != kServer && fact.scope != kRegistry) touched[static_cast<std::size_t>(fact.scope)] = true;
        }
        for (int scope = kCollege; scope < kScopes; ++scope) {
            if (touched[static_cast<std::size_t>(scope)]) node.store.write(scope, 20);
        }
    }

    void news(int number, int exceptLine = -1) {
        auto const lines = at(number).lines;
        for (int open : lines) {
            for (int side = 0; side < 2; ++side) {
                auto& end = line(open).ends[side];
                if (end.node == number && !end.over && open != exceptLine && end.peer >= 0)
                    carry(open, side, end.session->onNews());
            }
        }
    }

    void write(int number) {
        auto& node = at(number);
        if (!node.up || node.lost) return;
        int scope = static_cast<int>(kCollege + below(kScopes - 1));
        // Mostly where one may; sometimes where the grant is still to come.
        for (int tries = 0; tries < 4 && !node.store.rights().mayRead(node.store.device(), scope, m_now); ++tries) {
            scope = static_cast<int>(kCollege + below(kScopes - 1));
        }
        bool const newer = m_mixed && node.store.isNewer && oneIn(4);
        bool const barred = m_bad && oneIn(8);
        Number const frame = node.store.write(scope, 10 + below(oneIn(8) ? 400 : 60), {}, newer, barred);
        met(newer ? "written: newer" : barred ? "written: barred" : "written");
        note([&] {
            return name(number) + " writes " + nameOf(frame) + (newer ? ", newer" : "") + (barred ? ", barred" : "");
        });
        news(number);
    }

    void enterEntry(Entry const& entry, std::string_view what) {
        auto& keeper = at(kKeeper);
        if (!keeper.up) return;
        Number const frame = keeper.store.write(kRegistry, 10, entry);
        met(what);
        note([&] {
            return "keeper enters " + nameOf(frame) + ": " + std::string(what) + " device " +
                   std::to_string(entry.device) + ", scope " + std::to_string(entry.scope);
        });
        news(kKeeper);
    }

    // --- faults
    // ------------------------------------------------------------------------------------------------------------

    /// All that a process had in memory is gone; the store stays.
    void crash(int number) {
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

    void rollBack(int number, bool noticed) {
        auto& node = at(number);
        if (!node.image || number == kKeeper) return;
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

    void clone(int number) {
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

    struct Stick {
        int reader;
        std::vector<TravellingFrame> frames;
    };
    void writeStick(int from, int to) {
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
    void readStick(std::size_t which, int reader) {
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

    void mishap() {
        auto const number = static_cast<int>(below(m_nodes.size()));
        auto& node = at(number);
        switch (below(16)) {
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
            default: {
                int const device = static_cast<int>(2 + below(m_nodes.size() - 2));
                if (device >= kDevicesMax || at(device).store.device() != device) break;
                int const scope = static_cast<int>(kCollege + 1 + below(kCampuses));
                if (oneIn(12))
                    enterEntry({Entry::Kind::Revoke, device, 0, 0}, "revoked");
                else if (oneIn(3))
                    enterEntry({Entry::Kind::End, device, scope, 0}, "grant ended");
                else
                    enterEntry({Entry::Kind::Grant, device, scope, oneIn(4) ? m_now + kYear : 100 * kYear}, "granted");
                break;
            }
        }
    }

    void call(int number) {
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

    // --- time
    // --------------------------------------------------------------------------------------------------------------

    void step() {
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
    void drain() {
        while (!m_events.empty()) step();
    }

    void chaos() {
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

    // --- the end
    // -----------------------------------------------------------------------------------------------------------

    void heal() {
        note([] { return std::string("--- the faults stop"); });
        m_faults = false;
        for (auto& node : m_nodes) {
            node.up = true;
            node.store.clockWrong = 0;
            if (node.lies != 0 && oneIn(3)) {
                m_bySticks = true;  // it goes on lying; people carry sticks
            } else if (node.lies != 0) {
                node.lies = 0;  // another server in its place, with the same store
                if (oneIn(2)) node.store.epoch = m_random.token<Epoch>();
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

    [[nodiscard]] bool mayCall(int number) const {
        if (number < 0) return false;
        auto const& keeper = m_nodes[kKeeper].store.rights();
        auto const device = static_cast<std::size_t>(m_nodes[static_cast<std::size_t>(number)].store.device());
        return number != kServer && !m_nodes[static_cast<std::size_t>(number)].lost && !keeper.revoked[device];
    }

    /// Everybody calls once.
    std::vector<int> round(bool atOnce, bool toServer = false) {
        std::vector<int> order, lines;
        for (int number = 1; number < static_cast<int>(m_nodes.size()); ++number) {
            if (mayCall(number)) order.push_back(number);
        }
        for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[below(i)]);
        for (int number : order) {
            int road = at(number).road;
            // A hub takes only what it may read; the rest goes to the server.
            if (toServer || !mayCall(road)) road = kServer;
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

    /// Everybody carries a stick to the keeper, who reads everything, and one back. Nobody needs the server for it.
    void roundOfSticks() {
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

    /// Frames that everybody who may read them must get: an honest machine holds them, or they are its own. Of a header
    /// whose payload nobody has the header.
    [[nodiscard]] std::vector<Store::Has> owed() const {
        auto const& rights = m_nodes[kKeeper].store.rights();
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

    [[nodiscard]] std::string whatLacks() const {
        auto const good = owed();
        auto const& rights = m_nodes[kKeeper].store.rights();
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
        return {};
    }

    [[nodiscard]] bool holdTheSame(int one, int two) const {
        auto const& a = m_nodes[static_cast<std::size_t>(one)].store;
        auto const& b = m_nodes[static_cast<std::size_t>(two)].store;
        for (Number frame = 0; frame < m_frames.count(); ++frame) {
            if (!a.shares(b.device(), m_frames.at(frame).scope, m_frames.at(frame).device, m_now)) continue;
            if (a.has(frame) != b.has(frame)) return false;
        }
        return true;
    }

    /// How many frames one may give that the other does not hold whole.
    [[nodiscard]] std::uint64_t lackingOf(int from, int to) const {
        auto const& a = m_nodes[static_cast<std::size_t>(from)].store;
        auto const& b = m_nodes[static_cast<std::size_t>(to)].store;
        std::uint64_t count = 0;
        for (Number frame = 0; frame < m_frames.count(); ++frame) {
            if (a.has(frame) == Store::Has::Nothing) continue;
            bool const both = a.shares(b.device(), m_frames.at(frame).scope, m_frames.at(frame).device, m_now);
            if (b.has(frame) != Store::Has::All || (!both && a.peerReads(b.device(), m_frames.at(frame).scope, m_now)))
                ++count;
        }
        return count;
    }

    /// All hold what they may: another call is one round trip, and no frame travels.
    void quiet() {
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
    }

    /// All stay connected: what is written and granted now reaches everybody without another call.
    void later() {
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
        auto const rights = at(kKeeper).store.rights();
        for (Number frame = 0; frame < m_frames.count(); ++frame) {
            auto const fact = m_frames.at(frame);
            if (fact.scope == kRegistry || rights.mayEverWrite(fact.device, fact.scope) ||
                !rights.enrolled[static_cast<std::size_t>(fact.device)])
                continue;
            if (at(kKeeper).store.rights().mayEverWrite(fact.device, fact.scope)) continue;
            enterEntry({Entry::Kind::Grant, fact.device, fact.scope, 100 * kYear}, "granted late");
            if (oneIn(2)) drain();
        }
        check("with the grant there");
        met("stayed");
    }

    Options const& m_options;
    SeededRandom m_random;
    Outcome m_outcome;
    Frames m_frames;
    std::deque<Node> m_nodes;
    std::vector<std::unique_ptr<Line>> m_lines;
    std::priority_queue<Event> m_events;
    std::vector<Stick> m_sticks;
    std::uint64_t m_order = 0, m_steps = 0;
    Time m_now = 1000;
    std::array<Time, kCampuses> m_campusCut{};
    bool m_faults = true, m_mixed = false, m_bad = false, m_receipts = false, m_upgraded = true, m_bySticks = false;
    int m_liar = -1, m_withheldDevice = 0;
    std::size_t m_notAnsweredBytes = 1, m_notAnsweredFrames = 1;
};

}  // namespace

Outcome run(Options const& options) { return World(options).run(); }

}  // namespace spiral::netsim
