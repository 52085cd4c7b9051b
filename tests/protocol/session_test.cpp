// Sessions joined by queues, over stores that are mere sets of chained frames: star, line and ring, cut, restored, hostile.
#include "protocol/session.h"

#include "samples.h"
#include "shelf.h"

#include <catch2/catch.hpp>

#include <deque>
#include <list>

using namespace spiral;
using namespace spiral::protocol;

namespace {

using Role = Session::Role;

SessionLimits tight() {
    SessionLimits limits;
    limits.batchFramesMax = 3;
    limits.batchBytesMax = 500;
    limits.answersMax = 2;
    limits.windowBytesMax = 900;
    limits.windowFramesMax = 5;
    limits.firstFlightBytesMax = 300;
    limits.notAnsweredBytesMax = 400;
    return limits;
}

/// What an end's program speaks.
struct Versions {
    std::uint32_t oldest = kNetworkVersion, newest = kNetworkVersion;
};

/// One end: a session, its store, and the messages on their way out as bytes. What the store is asked is done later, in
/// one of the orders that the session must bear.
struct End {
    Shelf& shelf;
    SessionLimits limits;
    Session session;
    std::deque<Bytes> out;
    std::size_t bytesOut = 0;
    std::deque<Action> asked;
    std::vector<TravellingFrame> beyond;
    std::uint64_t beyondPosition = 0;
    std::optional<Agreement> agreed, hint;
    bool finished = false, unequal = false, letIn = true;
    std::optional<Error> failed;

    End(Shelf& store, Role role, SessionLimits given, std::optional<Agreement> before = {}, bool stays = false,
        Versions versions = {})
        : shelf(store), limits(given), session(selfOf(store, role, before, stays, versions), given) {
        run(session.start());
    }
    static Session::Self selfOf(Shelf const& store, Role role, std::optional<Agreement> before, bool stays, Versions versions) {
        Greeting greeting;
        greeting.school.raw[0] = 9;
        greeting.oldest = versions.oldest;
        greeting.version = versions.newest;
        if (versions.newest > kNetworkVersion) greeting.extension = toBytes("of a version that is yet to come");
        return {role, stays, greeting, store.epoch, store.log.size(), before};
    }
    void run(std::vector<Action> actions) {
        for (auto& action : actions) {
            if (auto* send = std::get_if<Send>(&action)) {
                out.push_back(pack(send->message));
                bytesOut += out.back().size();
            } else if (auto* agreement = std::get_if<Agreed>(&action)) {
                agreed = hint = agreement->agreement;
                unequal = false;
            } else if (auto* differ = std::get_if<Unequal>(&action)) {
                hint = differ->agreement;
                unequal = true;
            } else if (std::holds_alternative<Finished>(action)) {
                finished = true;
            } else if (auto* failure = std::get_if<Failed>(&action)) {
                failed = failure->error;
            } else {
                asked.push_back(std::move(action));
            }
        }
    }
    [[nodiscard]] StoreState state() const {
        return {shelf.epoch, shelf.log.size(), shelf.digest(session.salt()), shelf.entries};
    }
    void give(FetchSince const& fetch) {
        std::vector<TravellingFrame> frames;
        std::size_t bytes = 0;
        std::uint64_t position = fetch.position;
        bool last = true;
        while (position < shelf.log.size()) {
            auto const& frame = shelf.frames.at(shelf.log[position]);
            if (!frames.empty() || fetch.first) {
                last = bytes + bytesOf(frame) <= fetch.bytesMax;
                if (!last) break;
            }
            ++position;
            if (session.skips(hashAs<FrameId>(frame.header))) continue;
            bytes += bytesOf(frame);
            frames.push_back(frame);
        }
        run(session.onFrames(std::move(frames), position, last, state()));
    }
    void give(FetchBeyond const& fetch, SeededRandom& random) {
        if (!fetch.more) {
            beyond = shelf.beyond(fetch.tips);
            std::reverse(beyond.begin(), beyond.end());
            beyondPosition = shelf.log.size();
        }
        std::vector<TravellingFrame> some;
        for (std::uint64_t n = 1 + random.below(5); n > 0 && !beyond.empty(); --n) {
            if (!session.gave(hashAs<FrameId>(beyond.back().header))) some.push_back(std::move(beyond.back()));
            beyond.pop_back();
        }
        bool const last = beyond.empty();
        run(session.onFrames(std::move(some), beyondPosition, last, state()));
    }
    /// Does the oldest thing that is to be done; false if there is none.
    bool step(SeededRandom& random) {
        if (asked.empty()) return false;
        Action const action = std::move(asked.front());
        asked.pop_front();
        if (auto const* apply = std::get_if<ApplyFrames>(&action)) {
            std::vector<Answer> answers;
            for (auto const& frame : apply->frames) answers.push_back(shelf.take(frame));
            if (answers.size() > 1 && random.below(2) == 0) {
                std::vector<Answer> first(answers.begin(), answers.begin() + 1);
                answers.erase(answers.begin());
                run(session.onApplied(std::move(first)));
            }
            run(session.onApplied(std::move(answers)));
        } else if (auto const* since = std::get_if<FetchSince>(&action)) {
            give(*since);
        } else if (auto const* fetch = std::get_if<FetchBeyond>(&action)) {
            give(*fetch, random);
        } else if (std::holds_alternative<DescribeState>(action)) {
            run(session.onState(state()));
        } else if (std::holds_alternative<ListTips>(action)) {
            run(session.onTips(shelf.tips()));
        } else if (std::holds_alternative<Authenticate>(action)) {
            run(session.onAuthenticated(
                letIn ? Result<void>{} : Result<void>(makeError(ErrorCode::Refused, "session.revoked", "x"))));
        }
        return true;
    }
};

/// A line between two ends, which carries messages in their order and may break.
struct Line {
    End& left;
    End& right;
    std::size_t delivered = 0;

    /// One move of one side; false if there is nothing to move.
    bool move(SeededRandom& random) {
        bool moved = false;
        for (auto [from, to] : {std::pair(&left, &right), std::pair(&right, &left)}) {
            if (random.below(2) == 0 && from->step(random)) moved = true;
            if (!from->out.empty() && random.below(3) != 0) {
                auto message = unpack(from->out.front());
                REQUIRE(message);
                from->out.pop_front();
                ++delivered;
                to->run(to->session.onMessage(std::move(*message)));
                moved = true;
            }
        }
        return moved || !isQuiet();
    }
    [[nodiscard]] bool isQuiet() const {
        return left.out.empty() && right.out.empty() && left.asked.empty() && right.asked.empty();
    }
    /// Until nothing moves, or `cutAfter` messages went through.
    void talk(SeededRandom& random, std::size_t cutAfter = SIZE_MAX) {
        std::size_t moves = 0;
        while (delivered < cutAfter && move(random)) REQUIRE(++moves < 200'000);
        if (delivered < cutAfter && !left.finished) return;   // stays
        left.run(left.session.onEnd());
        right.run(right.session.onEnd());
        left.asked.clear();
        right.asked.clear();
    }
};

/// A whole session of one who leaves.
std::optional<Agreement> meet(Shelf& caller, Shelf& answerer, SeededRandom& random, std::optional<Agreement> before,
                              SessionLimits limits) {
    End left(caller, Role::Caller, limits, before), right(answerer, Role::Answerer, limits);
    Line line{left, right};
    line.talk(random);
    REQUIRE_FALSE(left.failed);
    REQUIRE(left.finished);
    CHECK((right.finished || (right.failed && right.failed->reason == "session.cut")));
    CHECK(left.session.totals().framesSent == right.session.totals().framesReceived);
    return left.agreed;
}

Epoch epochOf(int number) {
    Epoch epoch;
    epoch.raw[0] = static_cast<std::uint8_t>(number);
    epoch.raw[1] = 1;
    return epoch;
}

std::string failureOf(std::vector<Action> const& actions) {
    for (auto const& action : actions) {
        if (auto const* failed = std::get_if<Failed>(&action)) return failed->error.reason;
    }
    return "";
}

}  // namespace

TEST_CASE("after a session of strangers both hold the same, and agree that they do", "[protocol][session]") {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        INFO("seed " << seed);
        SeededRandom random(seed);
        Shelf one, two;
        two.epoch = epochOf(2);
        fill(one, two, random);
        auto const agreed = meet(one, two, random, {}, seed % 2 == 0 ? tight() : SessionLimits{});
        CHECK(one.frames == two.frames);
        REQUIRE(agreed);
        CHECK(agreed->peerEpoch == two.epoch);
        CHECK(agreed->peerPosition == two.log.size());
        CHECK(agreed->ownPosition == one.log.size());
    }
}

TEST_CASE("equal digests end a session in one round trip and few bytes", "[protocol][session]") {
    SeededRandom random(1);
    Shelf one, two;
    two.epoch = epochOf(2);
    fill(one, two, random);
    auto const before = meet(one, two, random, {}, {});
    End left(one, Role::Caller, {}, before), right(two, Role::Answerer, {});
    Line line{left, right};
    line.talk(random);
    CHECK(left.finished);
    CHECK(left.agreed);
    CHECK(left.session.totals().roundTrips == 1);
    CHECK(left.session.totals().framesSent + left.session.totals().framesReceived == 0);
    CHECK(left.bytesOut + 64 <= 300);   // with the proof, which these do not bring
    CHECK(right.bytesOut <= 300);
}

TEST_CASE("what is new on either side travels in one round trip, and nothing else does", "[protocol][session]") {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        INFO("seed " << seed);
        SeededRandom random(seed);
        Shelf one, two;
        two.epoch = epochOf(2);
        fill(one, two, random);
        auto const before = meet(one, two, random, {}, {});
        auto const mine = random.below(6), theirs = random.below(6);
        for (std::uint64_t i = 0; i < mine; ++i) one.write(11, 40);
        for (std::uint64_t i = 0; i < theirs; ++i) two.write(12, 40);
        End left(one, Role::Caller, {}, before), right(two, Role::Answerer, {});
        Line line{left, right};
        line.talk(random);
        CHECK(one.frames == two.frames);
        CHECK(left.agreed);
        CHECK(left.session.totals().roundTrips == 1);
        CHECK(left.session.totals().framesSent == mine);
        CHECK(left.session.totals().framesReceived == theirs);
    }
}

TEST_CASE("a line cut at any message leaves both stores right, and the next session ends the work", "[protocol][session]") {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        for (std::size_t cut = 0;; ++cut) {
            INFO("seed " << seed << ", cut " << cut);
            SeededRandom random(seed);
            Shelf one, two;
            two.epoch = epochOf(2);
            fill(one, two, random);
            End left(one, Role::Caller, tight()), right(two, Role::Answerer, tight());
            Line line{left, right};
            line.talk(random, cut);
            CHECK(consistent(one));
            CHECK(consistent(two));
            if (line.delivered < cut) break;
            CHECK((left.finished || left.failed->reason == "session.cut"));
            meet(one, two, random, left.agreed, tight());
            CHECK(one.frames == two.frames);
        }
    }
}

TEST_CASE("a hint that is wrong costs bytes and nothing else", "[protocol][session]") {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        INFO("seed " << seed);
        SeededRandom random(seed);
        Shelf one, two;
        two.epoch = epochOf(2);
        fill(one, two, random);
        auto const before = meet(one, two, random, {}, tight());
        for (int i = 0; i < 6; ++i) one.write(static_cast<int>(11 + random.below(2)), 20);
        // Either was put back from an older copy, noticed (a new epoch) or not; the hint is older or newer than it.
        if (random.below(2) == 0) two.rollBack(random.below(8), random.below(2) == 0 ? epochOf(3) : two.epoch);
        if (random.below(2) == 0) one.rollBack(random.below(8), one.epoch);
        for (int i = 0; i < 3; ++i) two.write(13, 20);
        auto hint = before;
        if (random.below(3) == 0 && hint) hint->peerPosition += random.below(10);
        if (random.below(3) == 0 && hint) hint->ownPosition += random.below(10);
        meet(one, two, random, hint, tight());
        CHECK(one.frames == two.frames);
    }
}

TEST_CASE("a restored server is refilled by those who call it", "[protocol][session]") {
    SeededRandom random(7);
    Shelf server, first, second;
    server.epoch = epochOf(1);
    for (int i = 0; i < 20; ++i) first.write(1, 30);
    for (int i = 0; i < 20; ++i) second.write(2, 30);
    auto hintFirst = meet(first, server, random, {}, {});
    auto hintSecond = meet(second, server, random, {}, {});
    hintFirst = meet(first, server, random, hintFirst, {});
    auto const all = server.frames;
    server.rollBack(25, epochOf(9));
    CHECK(server.frames.size() == 15);
    // Nobody wrote anything since; the digest alone says that something is missing.
    hintFirst = meet(first, server, random, hintFirst, {});
    CHECK(server.frames == all);
    CHECK(hintFirst->peerEpoch == epochOf(9));
    CHECK(meet(second, server, random, hintSecond, {}));
}

TEST_CASE("one frame that is refused for ever holds nothing else up", "[protocol][session]") {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        INFO("seed " << seed);
        SeededRandom random(seed);
        Shelf one, two;
        two.epoch = epochOf(2);
        for (int i = 0; i < 10; ++i) one.write(static_cast<int>(1 + random.below(3)), 30);
        two.barred.insert({1, 2});
        auto hint = meet(one, two, random, {}, tight());
        for (int round = 0; round < 5; ++round) {
            one.write(2, 30);
            two.write(3 + round, 30);
            hint = meet(one, two, random, hint, tight());
            for (auto const& [name, frame] : one.frames) {
                bool const held = name.first != 1 || name.second < 2;
                CHECK(two.frames.contains(name) == held);
            }
            for (auto const& [name, frame] : two.frames) CHECK(one.frames.contains(name));
        }
        two.barred.clear();
        CHECK(meet(one, two, random, hint, tight()));
        CHECK(one.frames == two.frames);
    }
}

// How far both came was kept only when they agreed. With one frame that is refused for ever they never did, and each session
// sent once more all that was written since.
TEST_CASE("what was sent beside a frame that is refused for ever is not sent again", "[protocol][session]") {
    SeededRandom random(3);
    Shelf one, two;
    two.epoch = epochOf(2);
    one.write(1, 30);
    auto hint = meet(one, two, random, {}, {});
    REQUIRE(hint);
    one.write(2, 30);
    two.barred.insert({2, 1});
    for (int session = 0; session < 20; ++session) {
        one.write(1, 30);
        End left(one, Role::Caller, {}, hint), right(two, Role::Answerer, {});
        Line line{left, right};
        line.talk(random);
        REQUIRE(left.finished);
        CHECK(left.unequal);
        CHECK(two.frames.contains({1, session + 2}));
        CHECK(left.session.totals().framesSent <= 3);   // the new one, and the other offered again
        CHECK(right.session.totals().framesSent == 0);
        REQUIRE(left.hint);
        hint = left.hint;
    }
    two.barred.clear();
    CHECK(meet(one, two, random, hint, {}));
    CHECK(one.frames == two.frames);
}

// Tips are compared again after 1, 2, 4 … 1024 further mismatches. A frame that waited for a grant was one mismatch after
// the other, and when the grant came it was passed over for hours: nothing but the counter looked at it.
TEST_CASE("a frame that waited for a grant flows when the grant comes, on a line that stays", "[protocol][session]") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        INFO("seed " << seed);
        SeededRandom random(seed);
        Shelf one, two;
        two.epoch = epochOf(2);
        one.write(1, 30);
        two.barred.insert({1, 1});
        End left(one, Role::Caller, {}, std::nullopt, true), right(two, Role::Answerer, {});
        Line line{left, right};
        line.talk(random);
        for (int i = 0; i < 20; ++i) {   // what else is written goes on, and makes the pause longer
            two.write(2, 30);
            right.run(right.session.onNews());
            line.talk(random);
        }
        CHECK(left.unequal);
        CHECK(one.frames.size() == 21);
        auto const sent = left.session.totals().framesSent;
        CHECK(sent <= 8);
        // The grant: an entry that both get, here as a frame like others.
        two.barred.clear();
        two.entries = one.entries = 1;
        two.write(3, 30);
        right.run(right.session.onNews());
        line.talk(random);
        CHECK(one.frames == two.frames);
        CHECK_FALSE(left.unequal);
    }
}

// A caller that leaves gathers its answers to 1 MiB of frames. Were they smaller than 131 bytes, that was more than the 8,000 for
// which the other side waits: each waited for the other. Real headers are longer, so only luck forbade it.
TEST_CASE("answers that are gathered do not hold up a peer whose window counts frames", "[protocol][session]") {
    SeededRandom random(1);
    Shelf one, two;
    two.epoch = epochOf(2);
    for (int i = 0; i < 200; ++i) two.write(1, 1);
    SessionLimits limits;
    limits.batchFramesMax = 5;
    limits.batchBytesMax = 500;
    limits.windowFramesMax = 50;
    limits.notAnsweredFramesMax = 20;
    meet(one, two, random, {}, limits);
    CHECK(one.frames == two.frames);
}

TEST_CASE("replicas that stay connected to one server are told what is new, each once", "[protocol][session]") {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        INFO("seed " << seed);
        SeededRandom random(seed);
        auto const limits = seed % 2 == 0 ? tight() : SessionLimits{};
        Shelf server;
        server.epoch = epochOf(1);
        std::list<Shelf> shelves(5);
        std::list<End> ends;
        std::list<Line> lines;
        for (auto& shelf : shelves) {
            for (std::uint64_t i = random.below(5); i > 0; --i) shelf.write(static_cast<int>(100 + ends.size() / 2), 30);
            End& client = ends.emplace_back(shelf, Role::Caller, limits, std::nullopt, true);
            End& served = ends.emplace_back(server, Role::Answerer, limits);
            lines.push_back({client, served});
        }
        std::size_t known = 0;
        std::vector<std::size_t> clientKnown(shelves.size(), 0);
        auto const tellNews = [&] {
            // Whoever drives sessions tells each of them that the log grew.
            if (server.log.size() != std::exchange(known, server.log.size())) {
                for (auto& line : lines) line.right.run(line.right.session.onNews());
            }
            std::size_t at = 0;
            for (auto& line : lines) {
                if (line.left.shelf.log.size() != std::exchange(clientKnown[at], line.left.shelf.log.size())) {
                    line.left.run(line.left.session.onNews());
                }
                ++at;
            }
        };
        for (int round = 0; round < 200; ++round) {
            if (random.below(4) == 0) {
                auto writer = shelves.begin();
                std::advance(writer, static_cast<long>(random.below(shelves.size())));
                writer->write(static_cast<int>(200 + std::distance(shelves.begin(), writer)), random.below(400));
            }
            if (random.below(9) == 0) server.write(300, 10);
            if (random.below(9) == 0) lines.front().left.run(lines.front().left.session.onSilence());
            for (auto& line : lines) line.move(random);
            tellNews();
        }
        for (bool moved = true; moved;) {
            moved = false;
            for (auto& line : lines) moved = line.move(random) || moved;
            auto const before = known;
            tellNews();
            moved = moved || before != known;
        }
        for (auto& line : lines) {
            REQUIRE_FALSE(line.left.failed);
            REQUIRE_FALSE(line.right.failed);
            CHECK(line.left.shelf.frames == server.frames);
            CHECK(line.left.agreed);
            CHECK_FALSE(line.left.unequal);
            CHECK(line.left.agreed->peerPosition == server.log.size());
            // Nobody was sent what he gave or had, but for frames that crossed while tips were compared at the beginning.
            CHECK(line.right.session.totals().framesSent + line.right.session.totals().framesReceived <=
                  server.frames.size() + server.frames.size() / 5 + 10);
        }
    }
}

/// A message of a newer program, with contents that nobody here can read.
Bytes ofNewerKind(SeededRandom& random) {
    Bytes message{0, 1, static_cast<std::uint8_t>(64 + random.below(192))};
    Bytes body(random.below(500));
    random.fill(body);
    message.insert(message.end(), body.begin(), body.end());
    return message;
}

TEST_CASE("programs of two versions exchange all that both know, whoever calls", "[protocol][session][version]") {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        INFO("seed " << seed);
        SeededRandom random(seed);
        auto const limits = seed % 2 == 0 ? tight() : SessionLimits{};
        Shelf older, newer;
        older.epoch = epochOf(1);
        newer.epoch = epochOf(2);
        for (int i = 0; i < 15; ++i) (i % 2 == 0 ? older : newer).write(i % 2 + 1, random.below(300));
        Versions const next{1, 3};
        bool const newerCalls = random.below(2) == 0;
        End left(newerCalls ? newer : older, Role::Caller, limits, {}, false, newerCalls ? next : Versions{});
        End right(newerCalls ? older : newer, Role::Answerer, limits, {}, false, newerCalls ? Versions{} : next);
        End& talkative = newerCalls ? left : right;
        Line line{left, right};
        std::size_t said = 0;
        while (line.move(random)) {
            // Never the first: a greeting is.
            bool const greeted = newerCalls ? line.delivered > 0 : right.session.isOpen();
            bool const mayTalk = greeted && !left.finished && talkative.out.empty();
            if (mayTalk && said < 30 && random.below(4) == 0) {
                talkative.out.push_back(ofNewerKind(random));
                ++said;
            }
        }
        left.run(left.session.onEnd());
        REQUIRE_FALSE(left.failed);
        CHECK(left.finished);
        CHECK(older.frames == newer.frames);
        CHECK(left.session.version() == kNetworkVersion);
        CHECK(right.session.version() == kNetworkVersion);
        CHECK(left.agreed);
    }
}

TEST_CASE("programs without a version in common part with that reason, and nothing was taken", "[protocol][session][version]") {
    Versions const now{}, next{kNetworkVersion + 1, kNetworkVersion + 2};
    for (auto const& [caller, answerer] : {std::pair(now, next), std::pair(next, now)}) {
        SeededRandom random(1);
        Shelf one, two;
        two.epoch = epochOf(2);
        one.write(1, 30);
        two.write(2, 30);
        End left(one, Role::Caller, {}, {}, false, caller), right(two, Role::Answerer, {}, {}, false, answerer);
        Line line{left, right};
        line.talk(random);
        REQUIRE(left.failed);
        REQUIRE(right.failed);
        CHECK(left.failed->reason == "session.version");
        CHECK(right.failed->reason == "session.version");
        CHECK(one.frames.size() == 1);
        CHECK(two.frames.size() == 1);
    }
    // Two of the next version go on with the newest of both.
    SeededRandom random(1);
    Shelf one, two;
    two.epoch = epochOf(2);
    one.write(1, 30);
    End left(one, Role::Caller, {}, {}, false, {2, 5}), right(two, Role::Answerer, {}, {}, false, {1, 4});
    Line line{left, right};
    line.talk(random);
    CHECK(left.finished);
    CHECK(left.session.version() == 4);
    CHECK(one.frames == two.frames);
}

// A connection that stays may be quiet for hours. Whether the other side still lives was told by nobody.
TEST_CASE("after a silence a caller that stays asks once, and hears what the other side holds", "[protocol][session]") {
    SeededRandom random(5);
    Shelf one, two;
    two.epoch = epochOf(2);
    one.write(1, 30);
    End left(one, Role::Caller, {}, std::nullopt, true), right(two, Role::Answerer, {});
    Line line{left, right};
    left.run(left.session.onSilence());   // before the greeting nothing may be asked
    line.talk(random);
    REQUIRE(left.agreed);
    auto const trips = left.session.totals().roundTrips;
    // The answerer lost a frame unseen; nothing was written since.
    two.rollBack(1, two.epoch);
    REQUIRE(two.frames.empty());
    left.run(left.session.onSilence());
    left.run(left.session.onSilence());   // the answer to the first is still due
    line.talk(random);
    CHECK(left.session.totals().roundTrips >= trips + 1);
    CHECK(two.frames == one.frames);
    CHECK_FALSE(left.failed);
    // An answerer asks nobody.
    right.run(right.session.onSilence());
    CHECK(right.asked.empty());
    CHECK(right.out.empty());
}

TEST_CASE("who calls is let in before anything is taken from them", "[protocol][session]") {
    SeededRandom random(1);
    Shelf one, two;
    two.epoch = epochOf(2);
    for (int i = 0; i < 5; ++i) one.write(1, 30);
    for (int i = 0; i < 5; ++i) two.write(2, 30);
    for (auto const& before : {std::optional<Agreement>{}, std::optional(Agreement{epochOf(2), 0, 0})}) {
        End left(one, Role::Caller, {}, before), right(two, Role::Answerer, {});
        right.letIn = false;
        Line line{left, right};
        while (line.move(random)) {}
        CHECK(one.frames.size() == 5);
        CHECK(two.frames.size() == 5);
        REQUIRE(left.failed);
        CHECK(left.failed->reason == "session.revoked");
        CHECK(right.failed);
        CHECK(right.session.totals().framesReceived == 0);
    }
}

TEST_CASE("what a peer says out of turn ends the session by name, and the peer is told", "[protocol][session]") {
    SeededRandom random(1);
    Batch const batch{{someFrame(random, 10, 10)}};
    auto const opened = [](Role role) {
        Session session({.role = role, .stays = true, .greeting = {}, .epoch = epochOf(1), .position = 0, .before = {}});
        static_cast<void>(session.start());
        static_cast<void>(session.onMessage(Greeting{}));
        if (role == Role::Answerer) static_cast<void>(session.onAuthenticated({}));
        return session;
    };
    {
        Session session({.role = Role::Answerer, .stays = false, .greeting = {}, .epoch = {}, .position = 0, .before = {}});
        static_cast<void>(session.start());
        auto const actions = session.onMessage(batch);
        CHECK(failureOf(actions) == "session.no-hello");
        REQUIRE(actions.size() == 2);
        CHECK(std::get<Refusal>(std::get<Send>(actions[0]).message).reason == "session.no-hello");
        CHECK(session.onMessage(batch).empty());
        CHECK(session.onEnd().empty());
    }
    {
        Session session({.role = Role::Answerer, .stays = false, .greeting = {}, .epoch = {}, .position = 0, .before = {}});
        static_cast<void>(session.start());
        Greeting other;
        other.school.raw[0] = 8;
        CHECK(failureOf(session.onMessage(other)) == "session.other-college");
    }
    {
        Session session({.role = Role::Answerer, .stays = false, .greeting = {}, .epoch = {}, .position = 0, .before = {}});
        static_cast<void>(session.start());
        Greeting newer;
        newer.version = 9;
        newer.oldest = 5;
        CHECK(failureOf(session.onMessage(newer)) == "session.version");
    }
    {
        Session session({.role = Role::Answerer, .stays = false, .greeting = {}, .epoch = {}, .position = 0, .before = {}});
        static_cast<void>(session.start());
        Greeting newer;
        newer.version = 9;   // speaks ours too
        CHECK(failureOf(session.onMessage(newer)).empty());
        std::string reason;
        for (int i = 0; i < 100 && reason.empty(); ++i) reason = failureOf(session.onMessage(batch));
        CHECK(reason == "session.too-early");
    }
    for (auto const role : {Role::Caller, Role::Answerer}) {
        auto const reason = [&](Message message) { return failureOf(opened(role).onMessage(std::move(message))); };
        CHECK(reason(Greeting{}) == "session.second-hello");
        CHECK(reason(someAnswers(random)) == "session.answers");
        CHECK(reason(Hello{}) == "session.of-a-file");
        CHECK(reason(Done{}) == "session.of-a-file");
        CHECK(reason(Unknown{70}).empty());
        CHECK(reason(Refusal{"server.full", {}}) == "server.full");
        Holding wrong;
        wrong.kind = role == Role::Caller ? Holding::Kind::Ask : Holding::Kind::Tell;
        CHECK(reason(wrong) == "session.holding");
        CHECK(reason(Propose{Bytes(1, 1)}).empty());
    }
    {
        // Another server's full disk is no verdict on us: who watches calls again.
        auto const codeOf = [&](std::string const& reason) {
            auto const actions = opened(Role::Caller).onMessage(Refusal{reason, {}});
            REQUIRE(actions.size() == 1);
            return std::get<Failed>(actions[0]).error.code;
        };
        CHECK(codeOf("server.disk") == ErrorCode::Environment);
        CHECK(codeOf("session.revoked") == ErrorCode::Refused);
    }
    {
        // A peer that stays for months and sends what is refused all the time.
        Session session = opened(Role::Answerer);
        for (int i = 0; i < 3'000; ++i) {
            REQUIRE(failureOf(session.onMessage(batch)).empty());
            static_cast<void>(session.onApplied({{{}, Answer::What::Refused, "frame.signature", {}}}));
        }
        CHECK(session.totals().framesReceived == 3'000);
        CHECK(session.totals().answers.size() == SessionLimits{}.notedAnswersMax);
    }
    {
        Session session = opened(Role::Answerer);
        std::string reason;
        for (int i = 0; i < 500 && reason.empty(); ++i) reason = failureOf(session.onMessage(Tips{}));
        CHECK(reason == "session.flood");
    }
    CHECK(failureOf(opened(Role::Caller).onEnd()) == "session.cut");
}
