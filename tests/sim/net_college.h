// The simulated college from the inside; net_world.h is the outside. World is one history: its machines, the lines between
// them, and the events that are still to come. What it does stands by idea in net_world.cpp (founding, time), net_lines.cpp
// (sessions and what carries them), net_work.cpp (what a machine does), net_strangers.cpp (proofs,
// impostors), net_registry.cpp (proposals), net_files.cpp (attachments), net_faults.cpp and net_end.cpp (what must hold).
#pragma once

#include "net_world.h"

#include "transport/piece_exchange.h"

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <stdexcept>
#include <tuple>

namespace spiral::netsim {

using protocol::Action;
using protocol::Message;
using protocol::Session;
using protocol::SessionLimits;
using trust::Answer;
using trust::FeedTip;
using trust::TravellingFrame;

inline constexpr int kCampuses = 3;
inline constexpr Time kHour = 60, kDay = 24 * kHour, kYear = 365 * kDay;
inline constexpr int kRounds = 10;  // within which all must be equal when the faults have stopped

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
    std::vector<std::size_t> proposals;  ///< sent to the keeper in this session, in order
    std::size_t told = 0;                ///< of these
    std::unique_ptr<transport::PieceExchange> pieces;  ///< when it is known who the other is
    std::size_t asked = 0;                             ///< pieces on their way to this side
    std::set<std::pair<int, int>> named;               ///< (scope, paper) that this side asked for
    bool alone = true;  ///< no other line of this machine was ever open beside it
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
    bool strange = false;        ///< the two programs speak no version in common
    Bytes secret;                ///< equal at both ends, and on no other line
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
    std::uint32_t newest = 1, oldest = 1;  ///< versions that its program speaks
    std::vector<std::size_t> proposals;    ///< to the keeper, not decided as far as it knows
    std::size_t welcome = 0;               ///< entries that it was founded with
    bool mayLie(Lie lie) const { return (lies >> static_cast<unsigned>(lie) & 1U) != 0; }
};

/// Something for the registry that its keeper has to decide.
struct Proposal {
    int by = 0;  ///< a device
    Entry entry;
    Number appended = kNone;
    struct Refusal {
        int line;
        std::size_t entries;  ///< in the registry then
    };
    std::vector<Refusal> refusals;  ///< each time that the keeper said no
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
    Outcome run();

private:
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
    SessionLimits someLimits();
    void addNode(int device, int campus, bool answers, int road);
    void found();

    // --- lines
    [[nodiscard]] bool reach(Node const& from, Node const& to) const;
    int connect(int caller, int answerer, bool stays);
    void carry(int number, int side, std::vector<Action> actions);
    void wake(int node);
    Session::Self selfOf(Node const& node, Session::Role role) const;
    /// This side is through; the other learns of it after what was sent.
    void finish(int number, int side, bool finished, std::string reason);
    void send(int number, int side, Flight flight);
    /// Nothing arrives any more. Each side learns of it when it learns of it: at once, or by silence.
    void silence(int number);
    /// A message of one side on its way: the checks of the design are made here.
    void post(int number, int side, Message message);
    std::string describe(int number, int side, Message const& message);
    void deliver(int number, int side);

    // --- what a machine does
    void work(int number);
    bool withheld(Node const& node, Number frame, int peer) const;
    void bend(Node& node, int peer, std::vector<TravellingFrame>& frames);
    protocol::StoreState stateOf(Node& node, End const& end);
    void answer(int number, int side);
    /// What the peers gave is stored in one transaction, then answered.
    void commit(int number);
    void receipt(Node& node, std::size_t before);
    void news(int number, int exceptLine = -1);
    void write(int number);
    void enterEntry(Entry const& entry, std::string_view what);

    // --- who calls
    [[nodiscard]] static trust::Signature proofBy(int key, ByteView secret, DeviceId const& caller, DeviceId const& answerer);
    [[nodiscard]] static Result<void> authenticate(Node const& node, ByteView secret, protocol::Greeting const& greeting);
    /// Somebody without the key of an enrolled device calls: by another name, with a proof made up, or with one overheard.
    void impostor();

    // --- the registry's keeper
    /// Does this entry change anything, by one who may propose it?
    [[nodiscard]] static bool suffices(Rights const& rights, Proposal const& proposal);
    void propose(int node, Entry const& entry);
    void sendProposals(int number);
    /// Is what a member is told of her proposal what the keeper said to it on this line?
    void checkTold(int number, Proposal const& proposal, protocol::Proposed const& told) const;
    void onDelivered(int number, int side, Message const& message);
    /// The registry is one chain, and each proposal was decided as its place in it says.
    void checkRegistry() const;

    // --- files
    void beginPieces(int number, int side);
    /// New revisions may name files; a caller stays while it wants something.
    void lookForFiles(int number, int side);
    void onPieces(int number, int side, Message const& message);
    void noteBusy(int number, int side);
    void checkPieces(int number, int side, Message& message);
    [[nodiscard]] std::string filesLacking(std::vector<Store::Has> const& good) const;

    // --- faults
    /// All that a process had in memory is gone; the store stays.
    void crash(int number);
    void rollBack(int number, bool noticed);
    void clone(int number);
    struct Stick {
        int reader;
        std::vector<TravellingFrame> frames;
    };
    void writeStick(int from, int to);
    void readStick(std::size_t which, int reader);
    void mishap();
    void call(int number);

    // --- time
    void step();
    void drain();
    void chaos();

    // --- the end
    void heal();
    void finishAgain(Node& node);
    [[nodiscard]] bool mayCall(int number) const;
    /// Everybody calls once.
    std::vector<int> round(bool atOnce, bool toServer = false);
    /// Everybody carries a stick to the keeper, who reads everything, and one back. Nobody needs the server for it.
    void roundOfSticks();
    /// Frames that everybody who may read them must get: an honest machine holds them, or they are its own. Of a header
    /// whose payload nobody has the header.
    [[nodiscard]] std::vector<Store::Has> owed() const;
    [[nodiscard]] std::string whatLacks() const;
    [[nodiscard]] bool holdTheSame(int one, int two) const;
    /// How many frames one may give that the other does not hold whole.
    [[nodiscard]] std::uint64_t lackingOf(int from, int to) const;
    /// All hold what they may: another call is one round trip, and no frame travels.
    void quiet();
    /// All stay connected: what is written and granted now reaches everybody without another call.
    void later();

    Options const& m_options;
    SeededRandom m_random;
    Outcome m_outcome;
    Frames m_frames;
    std::deque<Node> m_nodes;
    std::vector<std::unique_ptr<Line>> m_lines;
    std::priority_queue<Event> m_events;
    std::vector<Stick> m_sticks;
    std::vector<Proposal> m_proposals;
    std::optional<protocol::Greeting> m_overheard;
    std::uint64_t m_impostors = 0;
    int m_keeper = kKeeper;
    std::uint64_t m_order = 0, m_steps = 0;
    Time m_now = 1000;
    std::array<Time, kCampuses> m_campusCut{};
    bool m_faults = true, m_mixed = false, m_bad = false, m_receipts = false, m_upgraded = true, m_bySticks = false;
    int m_liar = -1, m_withheldDevice = 0;
    std::size_t m_notAnsweredBytes = 1, m_notAnsweredFrames = 1;
};

}  // namespace spiral::netsim
