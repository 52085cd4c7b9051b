// Two sessions joined by queues, over stores that are mere sets of chained frames.
#include "samples.h"

#include "base/sha256.h"

#include <catch2/catch.hpp>

#include <deque>
#include <map>
#include <set>

using namespace spiral;
using namespace spiral::protocol;
using trust::Answer;
using trust::FeedTip;
using trust::TravellingFrame;

namespace {

/// A store without signatures: a frame's header is "feed number", and it can be stored once its predecessor is.
struct Shelf {
    std::map<std::pair<int, int>, TravellingFrame> frames;  ///< by feed and number

    static TravellingFrame frameOf(int feed, int number, std::size_t payload) {
        TravellingFrame frame;
        frame.header = toBytes(std::to_string(feed) + " " + std::to_string(number));
        frame.payload = trust::Payload{trust::Codec::Raw, Bytes(payload, static_cast<std::uint8_t>(number))};
        return frame;
    }
    static std::pair<int, int> nameOf(TravellingFrame const& frame) {
        std::string const text = toText(frame.header);
        return {std::stoi(text), std::stoi(text.substr(text.find(' ')))};
    }
    static DeviceId deviceOf(int feed) {
        DeviceId device;
        device.raw[0] = static_cast<std::uint8_t>(feed);
        return device;
    }
    std::vector<FeedTip> tips() const {
        std::map<int, int> highest;
        for (auto const& [name, frame] : frames) highest[name.first] = std::max(highest[name.first], name.second);
        std::vector<FeedTip> tips;
        for (auto const& [feed, number] : highest) {
            tips.push_back({Scope::college(), deviceOf(feed), hashAs<FrameId>(frames.at({feed, number}).header),
                            static_cast<std::uint64_t>(number)});
        }
        std::sort(tips.begin(), tips.end());
        return tips;
    }
    std::vector<TravellingFrame> beyond(std::vector<FeedTip> const& known) const {
        std::map<DeviceId, std::uint64_t> theirs;
        for (auto const& tip : known) theirs[tip.device] = tip.seq;
        std::vector<TravellingFrame> out;
        for (auto const& [name, frame] : frames) {
            if (static_cast<std::uint64_t>(name.second) > theirs[deviceOf(name.first)]) out.push_back(frame);
        }
        return out;
    }
    Answer take(TravellingFrame const& frame) {
        auto const name = nameOf(frame);
        Answer answer{hashAs<FrameId>(frame.header), Answer::What::Stored, {}, {}};
        if (frames.contains(name)) {
            answer.what = Answer::What::Known;
        } else if (name.second > 1 && !frames.contains({name.first, name.second - 1})) {
            answer.what = Answer::What::WaitingForFrame;
            answer.reason = "frame.predecessor";
        } else {
            frames.emplace(name, frame);
        }
        return answer;
    }
};

bool consistent(Shelf const& shelf) {
    for (auto const& [name, frame] : shelf.frames) {
        if (name.second > 1 && !shelf.frames.contains({name.first, name.second - 1})) return false;
    }
    return true;
}

Hello helloOf(Shelf const& shelf, int device) {
    Hello hello;
    hello.school.raw[0] = 9;
    hello.device = Shelf::deviceOf(device);
    hello.tips = shelf.tips();
    return hello;
}

/// One end: a session, its store, and the messages on their way out as bytes.
struct End {
    Shelf& shelf;
    Session session;
    std::deque<Bytes> out;
    std::vector<TravellingFrame> toSend;
    bool fetching = false, finished = false;
    std::optional<Error> failed;
    std::deque<std::vector<TravellingFrame>> toApply;
    std::size_t answersGiven = 0;

    End(Shelf& store, int device, Limits limits)
        : shelf(store), session(Session::Road::Duplex, helloOf(store, device), std::nullopt, limits) {
        run(session.start());
    }
    void run(std::vector<Action> actions) {
        for (auto& action : actions) {
            if (auto* send = std::get_if<Send>(&action)) out.push_back(encode(send->message));
            if (auto* fetch = std::get_if<FetchFrames>(&action)) {
                toSend = shelf.beyond(fetch->known);
                std::reverse(toSend.begin(), toSend.end());
                fetching = true;
            }
            if (auto* apply = std::get_if<ApplyFrames>(&action)) toApply.push_back(std::move(apply->frames));
            if (std::holds_alternative<Finished>(action)) finished = true;
            if (auto* failure = std::get_if<Failed>(&action)) failed = failure->error;
        }
    }
    /// Does one thing that is to be done; false if there is none.
    bool step(SeededRandom& random) {
        bool const applyFirst = random.below(2) == 0;
        if (!toApply.empty() && (applyFirst || !fetching)) {
            std::vector<Answer> answers;
            for (auto const& frame : toApply.front()) answers.push_back(shelf.take(frame));
            toApply.pop_front();
            answersGiven += answers.size();
            run(session.onApplied(std::move(answers)));
            return true;
        }
        if (!fetching) return false;
        std::vector<TravellingFrame> some;
        for (std::uint64_t n = random.below(5); n > 0 && !toSend.empty(); --n) {
            some.push_back(std::move(toSend.back()));
            toSend.pop_back();
        }
        bool const last = toSend.empty();
        if (last) fetching = false;
        run(session.onFrames(std::move(some), last));
        return true;
    }
};

/// Lets both ends talk until nothing moves; `cutAfter` messages the line breaks.
std::size_t talk(End& left, End& right, SeededRandom& random, std::size_t cutAfter = SIZE_MAX) {
    std::size_t delivered = 0;
    for (bool moved = true; moved;) {
        moved = false;
        for (auto [from, to] : {std::pair(&left, &right), std::pair(&right, &left)}) {
            while (random.below(3) != 0 && from->step(random)) moved = true;
            while (!from->out.empty() && (random.below(4) != 0)) {
                if (delivered == cutAfter) {
                    left.run(left.session.onEnd());
                    right.run(right.session.onEnd());
                    return delivered;
                }
                auto message = decode(from->out.front());
                REQUIRE(message);
                from->out.pop_front();
                to->run(to->session.onMessage(std::move(*message)));
                ++delivered;
                moved = true;
            }
            moved = moved || !from->out.empty() || from->fetching || !from->toApply.empty();
        }
    }
    return delivered;
}

void fill(Shelf& one, Shelf& two, SeededRandom& random) {
    // Each holds a beginning of each feed, of a length of its own.
    for (int feed = 1; feed <= 5; ++feed) {
        auto const mine = static_cast<int>(random.below(12)), theirs = static_cast<int>(random.below(12));
        for (int number = 1; number <= std::max(mine, theirs); ++number) {
            auto const frame = Shelf::frameOf(feed, number, random.below(300));
            if (number <= mine) one.frames.emplace(std::pair(feed, number), frame);
            if (number <= theirs) two.frames.emplace(std::pair(feed, number), frame);
        }
    }
}

Limits tight() {
    Limits limits;
    limits.batchFramesMax = 3;
    limits.batchBytesMax = 500;
    limits.answersMax = 2;
    return limits;
}

std::string failureOf(std::vector<Action> const& actions) {
    for (auto const& action : actions) {
        if (auto const* failed = std::get_if<Failed>(&action)) return failed->error.reason;
    }
    return "";
}

Session opened(Session::Road road) {
    Shelf const empty;
    Session session(road, helloOf(empty, 1));
    static_cast<void>(session.start());
    static_cast<void>(session.onMessage(helloOf(empty, 2)));
    return session;
}

}  // namespace

TEST_CASE("two sessions end with equal stores, and every frame offered has its answer", "[protocol][session]") {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        INFO("seed " << seed);
        SeededRandom random(seed);
        Shelf one, two;
        fill(one, two, random);
        End left(one, 101, tight()), right(two, 102, tight());
        talk(left, right, random);
        REQUIRE(left.finished);
        REQUIRE(right.finished);
        CHECK(one.frames == two.frames);
        CHECK(left.session.totals().framesSent == right.session.totals().framesReceived);
        CHECK(right.session.totals().framesSent == left.session.totals().framesReceived);
        CHECK(left.answersGiven == right.session.totals().framesSent);
        CHECK(right.answersGiven == left.session.totals().framesSent);
    }
}

TEST_CASE("a line cut at any message leaves both stores right, and the next session ends the work",
          "[protocol][session]") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        for (std::size_t cut = 0;; ++cut) {
            INFO("seed " << seed << ", cut " << cut);
            SeededRandom random(seed);
            Shelf one, two;
            fill(one, two, random);
            auto const before = std::pair(one.frames.size(), two.frames.size());
            End left(one, 101, tight()), right(two, 102, tight());
            bool const whole = talk(left, right, random, cut) < cut;
            CHECK(consistent(one));
            CHECK(consistent(two));
            CHECK(one.frames.size() >= before.first);
            CHECK(two.frames.size() >= before.second);
            if (whole) break;
            // Whoever had everything by then is finished; the other knows that it has not.
            CHECK((left.finished || left.failed->reason == "session.cut"));
            CHECK((right.finished || right.failed->reason == "session.cut"));
            End again(one, 101, tight()), other(two, 102, tight());
            talk(again, other, random);
            CHECK(again.finished);
            CHECK(other.finished);
            CHECK(one.frames == two.frames);
        }
    }
}

TEST_CASE("the answers of the other side are kept when they say more than stored or known", "[protocol][session]") {
    Session session = opened(Session::Road::Duplex);
    SeededRandom random(1);
    auto const frame = someFrame(random, 10, 10), other = someFrame(random, 11, 10);
    static_cast<void>(session.onFrames({frame, other}, true));
    auto const id = hashAs<FrameId>(frame.header);
    static_cast<void>(session.onMessage(Answers{{{id, Answer::What::Refused, "frame.signature", {}}}}));
    static_cast<void>(session.onMessage(Answers{{{hashAs<FrameId>(other.header), Answer::What::Stored, {}, {}}}}));
    REQUIRE(session.totals().peerAnswers.size() == 1);
    CHECK(session.totals().peerAnswers[0].reason == "frame.signature");
}

TEST_CASE("answers with long or odd texts travel cut and clean", "[protocol][session]") {
    Session session = opened(Session::Road::Duplex);
    SeededRandom random(1);
    static_cast<void>(session.onMessage(Batch{{someFrame(random, 10, 10), someFrame(random, 10, 10)}}));
    std::string about;
    for (int i = 0; i < 200; ++i) about += "长";
    auto const actions = session.onApplied({{random.token<FrameId>(), Answer::What::Refused, "a.b", about + "\n"},
                                            {random.token<FrameId>(), Answer::What::Refused, "a.b", "x\ny\xff"}});
    REQUIRE(actions.size() == 1);
    auto const message = decode(encode(std::get<Send>(actions[0]).message));
    REQUIRE(message);
    CHECK(std::get<Answers>(*message).answers[0].about == about.substr(0, 255));
    CHECK(session.totals().answers[0].about == about + "\n");  // ours are whole
}

TEST_CASE("what comes out of turn ends the session by name", "[protocol][session]") {
    SeededRandom random(1);
    Shelf const empty;
    Batch const batch{{someFrame(random, 10, 10)}};
    {
        Session session(Session::Road::Duplex, helloOf(empty, 1));
        static_cast<void>(session.start());
        CHECK(failureOf(session.onMessage(batch)) == "session.no-hello");
        CHECK(session.onMessage(batch).empty());  // nothing more is said
        CHECK(session.onEnd().empty());
    }
    {
        Session session(Session::Road::Duplex, helloOf(empty, 1));
        static_cast<void>(session.start());
        Hello other = helloOf(empty, 2);
        other.school.raw[0] = 8;
        CHECK(failureOf(session.onMessage(other)) == "session.other-college");
    }
    {
        Session session = opened(Session::Road::Duplex);
        CHECK(failureOf(session.onMessage(helloOf(empty, 2))) == "session.second-hello");
    }
    {
        Session session = opened(Session::Road::Duplex);
        CHECK(failureOf(session.onMessage(Done{1})) == "session.count");
    }
    {
        Session session = opened(Session::Road::Duplex);
        CHECK(failureOf(session.onMessage(Done{0})).empty());
        CHECK(failureOf(session.onMessage(batch)) == "session.after-done");
    }
    {
        Session session = opened(Session::Road::Duplex);
        CHECK(failureOf(session.onMessage(someAnswers(random))) == "session.answers");
    }
    {
        Session session = opened(Session::Road::ReadFile);
        CHECK(failureOf(session.onMessage(someAnswers(random))) == "session.answers");
    }
    {
        Session session = opened(Session::Road::ReadFile);
        CHECK(failureOf(session.onEnd()) == "session.cut");
    }
    {
        Session session(Session::Road::WriteFile, helloOf(empty, 1));
        static_cast<void>(session.start());
        CHECK(failureOf(session.onMessage(helloOf(empty, 2))) == "session.write-only");
    }
}

TEST_CASE("a session splits what it is given into batches within their limits", "[protocol][session]") {
    SeededRandom random(1);
    Limits limits;
    limits.batchFramesMax = 10;
    limits.batchBytesMax = 1000;
    Shelf const empty;
    Session session(Session::Road::WriteFile, helloOf(empty, 1), std::vector<FeedTip>{}, limits);
    auto const started = session.start();
    REQUIRE(started.size() == 2);
    CHECK(std::holds_alternative<FetchFrames>(started[1]));
    std::vector<TravellingFrame> frames;
    for (int i = 0; i < 50; ++i) frames.push_back(someFrame(random, 20, i % 10 == 0 ? 2000 : 10));
    auto const actions = session.onFrames(frames, true);
    std::vector<TravellingFrame> sent;
    for (auto const& action : actions) {
        auto const* send = std::get_if<Send>(&action);
        auto const* batch = send ? std::get_if<Batch>(&send->message) : nullptr;
        if (!batch) continue;
        CHECK(decode(encode(*batch), limits));
        sent.insert(sent.end(), batch->frames.begin(), batch->frames.end());
    }
    CHECK(sent == frames);
    CHECK(std::holds_alternative<Finished>(actions.back()));
    CHECK(std::get<Done>(std::get<Send>(actions[actions.size() - 2]).message).frames == 50);
}

TEST_CASE("a file's reader may be given answers of several batches at once", "[protocol][session]") {
    SeededRandom random(1);
    Session session = opened(Session::Road::ReadFile);
    for (int i = 0; i < 3; ++i)
        static_cast<void>(session.onMessage(Batch{{someFrame(random, 10, 10), someFrame(random, 11, 1)}}));
    CHECK(session.onMessage(Done{6}).empty());
    std::vector<Answer> answers(6);
    for (auto& answer : answers) answer.what = Answer::What::Known;
    auto const actions = session.onApplied(answers);
    REQUIRE(actions.size() == 1);
    CHECK(std::holds_alternative<Finished>(actions[0]));
}
