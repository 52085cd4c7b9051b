// The session by file: its order, and what comes out of turn.
#include "protocol/file_session.h"

#include "samples.h"
#include "shelf.h"

#include <catch2/catch.hpp>

using namespace spiral;
using namespace spiral::protocol;

namespace {

Hello helloOf(Shelf const& shelf, int device) {
    Hello hello;
    hello.school.raw[0] = 9;
    hello.device = Shelf::deviceOf(device);
    hello.tips = shelf.tips();
    return hello;
}

std::string failureOf(std::vector<FileAction> const& actions) {
    for (auto const& action : actions) {
        if (auto const* failed = std::get_if<Failed>(&action)) return failed->error.reason;
    }
    return "";
}

FileSession reading() {
    Shelf const empty;
    FileSession session(FileSession::Road::ReadFile, helloOf(empty, 1));
    static_cast<void>(session.start());
    static_cast<void>(session.onMessage(helloOf(empty, 2)));
    return session;
}

}  // namespace

TEST_CASE("what a file says out of turn ends the session by name", "[protocol][file-session]") {
    SeededRandom random(1);
    Shelf const empty;
    Batch const batch{{someFrame(random, 10, 10)}};
    {
        FileSession session(FileSession::Road::ReadFile, helloOf(empty, 1));
        static_cast<void>(session.start());
        CHECK(failureOf(session.onMessage(batch)) == "session.no-hello");
        CHECK(session.onMessage(batch).empty());  // nothing more is said
        CHECK(session.onEnd().empty());
    }
    {
        FileSession session(FileSession::Road::ReadFile, helloOf(empty, 1));
        static_cast<void>(session.start());
        Hello other = helloOf(empty, 2);
        other.school.raw[0] = 8;
        CHECK(failureOf(session.onMessage(other)) == "session.other-college");
    }
    auto const reason = [](Message message) { return failureOf(reading().onMessage(std::move(message))); };
    CHECK(reason(helloOf(empty, 2)) == "session.second-hello");
    CHECK(reason(Done{1}) == "session.count");
    CHECK(reason(someAnswers(random)) == "session.not-in-a-file");
    CHECK(reason(Tips{}) == "session.not-in-a-file");
    CHECK(failureOf(reading().onEnd()) == "session.cut");
    {
        FileSession session = reading();
        CHECK(session.onMessage(batch).size() == 1);
        static_cast<void>(session.onMessage(Done{1}));
        CHECK(failureOf(session.onMessage(batch)) == "session.after-done");
    }
    {
        FileSession session(FileSession::Road::WriteFile, helloOf(empty, 1));
        static_cast<void>(session.start());
        CHECK(failureOf(session.onMessage(helloOf(empty, 2))) == "session.write-only");
    }
}

TEST_CASE("a file's writer splits what it is given into batches within their limits", "[protocol][file-session]") {
    SeededRandom random(1);
    Limits limits;
    limits.batchFramesMax = 10;
    limits.batchBytesMax = 1000;
    Shelf const empty;
    FileSession session(FileSession::Road::WriteFile, helloOf(empty, 1), std::vector<FeedTip>{}, limits);
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

TEST_CASE("a file's reader may be given answers of several batches at once", "[protocol][file-session]") {
    SeededRandom random(1);
    FileSession session = reading();
    for (int i = 0; i < 3; ++i)
        static_cast<void>(session.onMessage(Batch{{someFrame(random, 10, 10), someFrame(random, 11, 1)}}));
    CHECK(session.onMessage(Done{6}).empty());
    std::vector<Answer> answers(6);
    for (auto& answer : answers) answer.what = Answer::What::Known;
    auto const actions = session.onApplied(answers);
    REQUIRE(actions.size() == 1);
    CHECK(std::holds_alternative<Finished>(actions[0]));
}
