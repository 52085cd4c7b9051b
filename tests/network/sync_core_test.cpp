// A server and its callers, with real stores and keys: what travels, how much of it, and to whom.
#include "scene.h"
#include "wire.h"

#include <catch2/catch.hpp>

#include <sys/resource.h>

#include <csignal>

using namespace spiral;
using namespace spiral::server;

namespace {

/// A town with a server that everybody may call.
struct Served : Scene {
    Machine& zhao = machines.of(town.zhao);
    std::vector<std::string> log;
    std::optional<SyncCore> core;

    Served() {
        start();
    }
    void start() {
        core.reset();
        core.emplace(*server, server.secret(), CoreLimits{},
                     [this](Event const& event) {
                         log.emplace_back(event.name);
                         for (auto const& [key, value] : event.fields) log.back() += " " + std::string(key) + "=" + value;
                     });
    }
    struct Outcome {
        protocol::Session::Totals totals;
        std::uint64_t up = 0, down = 0;
        bool agreed = false;
        std::optional<Error> error;
    };
    Outcome sync(Machine& machine) {
        Wire wire(*core, machine, server.device(), false, ++m_wires);
        wire.run();
        REQUIRE(wire.ended);
        return {wire.caller->totals(), wire.bytesUp, wire.bytesDown, wire.caller->agreed(), wire.error};
    }

private:
    std::uint64_t m_wires = 0;
};

std::set<FrameId> framesOf(Machine& machine) {
    std::set<FrameId> frames;
    for (auto const& frame : machine.framesFor({})) frames.insert(hashAs<FrameId>(frame.header));
    return frames;
}
std::set<std::string> scopesOf(Machine& machine) {
    std::set<std::string> scopes;
    for (auto const& scope : machine->scopesHeld()) scopes.insert(scope.text());
    return scopes;
}

/// As long as it lives, no file of this process grows, as on a full disk.
class NoRoom {
public:
    NoRoom() {
        std::signal(SIGXFSZ, SIG_IGN);
        REQUIRE(::getrlimit(RLIMIT_FSIZE, &m_before) == 0);
        rlimit const none{0, m_before.rlim_max};
        REQUIRE(::setrlimit(RLIMIT_FSIZE, &none) == 0);
    }
    ~NoRoom() { ::setrlimit(RLIMIT_FSIZE, &m_before); }
    NoRoom(NoRoom const&) = delete;
    NoRoom& operator=(NoRoom const&) = delete;

private:
    rlimit m_before{};
};

}  // namespace

TEST_CASE("what a server could not write is answered to nobody, and is taken when there is room again", "[network]") {
    Served served;
    auto const id = served.li.write("unit/jwc", {{"title", "甲"}});
    Wire wire(*served.core, served.li, served.server.device(), false, 500);
    bool answered = false;
    {
        NoRoom const full;
        for (bool moved = true; moved;) {
            moved = served.core->work();
            moved = wire.move() || moved;
            for (auto const& bytes : wire.down) {
                auto const message = protocol::unpack(bytes);
                answered = answered || std::holds_alternative<protocol::Answers>(*message);
            }
        }
    }
    CHECK_FALSE(answered);
    REQUIRE(wire.error);
    CHECK(wire.error->reason == "server.disk");
    CHECK(served.core->diskError());
    served.core->tryDisk();
    CHECK_FALSE(served.core->diskError());
    CHECK(served.sync(served.li).agreed);
    CHECK(served.server->revisionBytes(id));
    CHECK(served.sync(served.wang).agreed);
    CHECK(served.wang->revisionBytes(id));
}

TEST_CASE("what one writes the others of the scope get, with the server's receipt, and nobody else", "[network]") {
    Served served;
    served.li.write("unit/jwc", {{"title", "甲"}});
    served.zhao.write("college", {{"title", "乙"}});
    auto sun = served.town.college.person("sun");
    served.town.college.grant(sun, "clerk@unit/lab");
    Machine& suns = served.machines.of(sun);
    served.machines.spreadRegistry();
    suns.write("unit/lab", {{"title", "丙"}});
    for (int round = 0; round < 2; ++round) {
        for (Machine* machine : {&served.li, &served.zhao, &suns, &served.wang}) {
            auto const outcome = served.sync(*machine);
            REQUIRE_FALSE(outcome.error);
            CHECK(outcome.agreed);
            CHECK(outcome.totals.peerAnswers.empty());
            CHECK(outcome.totals.answers.empty());
        }
    }
    CHECK(framesOf(served.li) == framesOf(served.wang));
    served.sync(served.zhao);
    CHECK(framesOf(served.zhao) == framesOf(served.server));
    // The first policy opens `college` to everybody; of other departments nothing comes.
    CHECK(scopesOf(served.li) == std::set<std::string>{"college", "registry", "unit/jwc"});
    CHECK(scopesOf(suns) == std::set<std::string>{"college", "registry", "unit/lab"});
    CAPTURE(served.log);
    CHECK(served.core->counts().receipts >= 2);
    auto const& feed = served.wang->feed(served.server.device(), trust::scopeOf("unit/jwc"));
    CHECK_FALSE(feed.tips().empty());
}

TEST_CASE("nothing to do costs one round trip and at most 300 bytes each way, with 16 scopes", "[network][bytes]") {
    Served served;
    for (int i = 0; i < 14; ++i) {
        std::string const scope = "unit/d" + std::to_string(i);
        served.town.college.grant(served.town.li, "clerk@" + scope);
        served.machines.spreadRegistry();
        served.li.write(scope, {{"title", "甲"}});
    }
    served.sync(served.li);
    served.sync(served.li);
    auto const outcome = served.sync(served.li);
    CHECK(outcome.agreed);
    CHECK(outcome.totals.roundTrips == 1);
    CHECK(outcome.totals.framesSent + outcome.totals.framesReceived == 0);
    CHECK(outcome.up <= 300);
    CHECK(outcome.down <= 300);
    WARN("nothing to do: " << outcome.up << " bytes up, " << outcome.down << " down");
}

TEST_CASE("one changed document of 2 KB costs one round trip and at most 2,200 bytes besides its own", "[network][bytes]") {
    Served served;
    served.li.write("unit/jwc", {{"title", "甲"}});
    served.sync(served.li);
    std::string text;
    SeededRandom random(5);
    // Random letters: as many bytes as a text has that does not pack.
    while (text.size() < 2048) text.push_back(static_cast<char>('a' + random.below(26)));
    auto const row = served.li.revision("unit/jwc", {{"text", text}});
    served.li.seal("unit/jwc", {row});
    auto const outcome = served.sync(served.li);
    CHECK(outcome.agreed);
    CHECK(outcome.totals.roundTrips == 1);
    CHECK(outcome.totals.framesSent == 1);
    CHECK(outcome.totals.framesReceived == 1);   // the receipt
    WARN("one changed document of " << row.bytes.size() << " bytes: " << outcome.up << " up, " << outcome.down << " down");
    CHECK(outcome.up + outcome.down <= row.bytes.size() + 2'200);
}

TEST_CASE("a fresh replica gets all that it may read, and then there is nothing to do", "[network]") {
    Served served;
    for (int i = 0; i < 700; ++i) served.li.write("unit/jwc", {{"title", "甲" + std::to_string(i)}});
    auto const pushed = served.sync(served.li);
    REQUIRE(pushed.agreed);
    CHECK(pushed.totals.framesSent == 700);
    auto const pulled = served.sync(served.wang);
    CHECK(pulled.agreed);
    CHECK(pulled.totals.framesReceived >= 700);
    CHECK(framesOf(served.wang) == framesOf(served.li));
    CHECK(served.sync(served.wang).totals.framesReceived == 0);
    CHECK(served.core->counts().commits < 100);
}

TEST_CASE("who is unknown, revoked or cannot prove its key learns nothing", "[network]") {
    Served served;
    served.li.write("unit/jwc", {{"title", "甲"}});
    served.sync(served.li);
    served.wang.write("unit/jwc", {{"title", "乙"}});
    {
        // A signature made for another connection is worth nothing here.
        Wire honest(*served.core, served.wang, served.server.device(), false, 77);
        REQUIRE_FALSE(honest.up.empty());
        Bytes const greeting = honest.up.front();
        std::deque<protocol::Message> heard;
        auto const peer = served.core->opened({[&](protocol::Message message) { heard.push_back(std::move(message)); },
                                               [] {}, {}, Bytes(32, 78)});
        served.core->received(peer, *protocol::unpack(greeting));
        served.core->finish();
        REQUIRE(heard.size() == 1);
        CHECK(std::get<protocol::Refusal>(heard[0]).reason == "session.proof");
    }
    auto stranger = served.town.college.person("sun");
    Machine& suns = served.machines.of(stranger);   // the server does not know her yet
    auto const outcome = served.sync(suns);
    REQUIRE(outcome.error);
    CHECK(outcome.error->reason == "session.unknown-device");
    CHECK(outcome.totals.framesReceived == 0);

    served.machines.spreadRegistry();
    served.sync(served.wang);
    CHECK_FALSE(served.sync(served.wang).error);
}

TEST_CASE("no message names a feed of a scope that the peer may not read", "[network]") {
    Served served;
    auto const sun = served.town.college.person("sun");
    served.town.college.grant(sun, "clerk@unit/lab");
    Machine& suns = served.machines.of(sun);
    served.machines.spreadRegistry();
    served.li.write("unit/jwc", {{"title", "甲"}});
    served.sync(served.li);
    suns.write("unit/lab", {{"title", "乙"}});
    std::size_t tips = 0, frames = 0;
    auto const look = [&](Wire& wire) {
        for (auto const& bytes : wire.down) {
            auto const message = protocol::unpack(bytes).value();
            if (auto const* told = std::get_if<protocol::Tips>(&message)) {
                for (auto const& tip : told->tips) CHECK(tip.scope.text() != "unit/jwc");
                tips += told->tips.size();
            } else if (auto const* batch = std::get_if<protocol::Batch>(&message)) {
                for (auto const& frame : batch->frames) {
                    CHECK(trust::decodeFrameHeader(frame.header)->scope.text() != "unit/jwc");
                    ++frames;
                }
            }
        }
    };
    for (std::uint64_t number = 1; number <= 2; ++number) {   // neither knows of the other; then both do
        Wire wire(*served.core, suns, served.server.device(), true, 600 + number);
        for (int news = 0; news < 2; ++news) {
            for (bool moved = true; moved;) {
                moved = served.core->work();
                look(wire);
                moved = wire.move() || moved;
            }
            served.li.write("unit/jwc", {{"title", "丙"}});
            served.sync(served.li);
        }
        CHECK(wire.caller->agreed());
    }
    CHECK(tips > 0);
    CHECK(frames > 0);
}

TEST_CASE("a server gives no receipt for a header alone, and gives it when the payload has come", "[network]") {
    Served served;
    served.li.write("unit/jwc", {{"title", "甲"}});
    std::vector<trust::TravellingFrame> whole;
    for (auto& frame : served.li.framesFor()) {
        if (trust::decodeFrameHeader(frame.header)->device == served.li.device()) whole.push_back(std::move(frame));
    }
    REQUIRE(whole.size() == 1);
    auto headerAlone = whole;
    headerAlone[0].payload.reset();
    REQUIRE(served.server->import(headerAlone, "stick").front().what == trust::Answer::What::PayloadWanted);
    served.core->giveReceipts();
    CHECK(served.core->counts().receipts == 0);
    // What a department lacks is no matter of another: they agree all the same.
    auto const sun = served.town.college.person("sun");
    served.town.college.grant(sun, "clerk@unit/lab");
    Machine& suns = served.machines.of(sun);
    served.machines.spreadRegistry();
    CHECK(served.sync(suns).agreed);
    CHECK(scopesOf(served.server).contains("unit/jwc"));
    REQUIRE(served.server->import(whole, "stick").front().what == trust::Answer::What::Stored);
    served.core->giveReceipts();
    CHECK(served.core->counts().receipts == 1);
    served.core->giveReceipts();
    CHECK(served.core->counts().receipts == 1);
}

TEST_CASE("that a device is revoked is told to who holds its key, and to nobody who only says its name", "[network]") {
    Served served;
    served.town.college.append("revoke", trust::College::revokeMembers(served.wang.device()), {served.town.college.founder});
    served.machines.sealEntries();
    served.machines.keeper().carryTo(served.server);
    auto const toldTo = [&](Bytes const& greeting, Bytes const& secret) {
        std::deque<protocol::Message> heard;
        auto const peer = served.core->opened(
            {[&](protocol::Message message) { heard.push_back(std::move(message)); }, [] {}, {}, secret});
        served.core->received(peer, *protocol::unpack(greeting));
        served.core->finish();
        REQUIRE(heard.size() == 1);
        return std::get<protocol::Refusal>(heard[0]).reason;
    };
    Wire hers(*served.core, served.wang, served.server.device(), false, 77);
    REQUIRE_FALSE(hers.up.empty());
    CHECK(toldTo(hers.up.front(), Bytes(32, 77)) == "session.revoked");
    CHECK(toldTo(hers.up.front(), Bytes(32, 78)) == "session.proof");   // overheard on another connection
    auto unsaid = std::get<protocol::Greeting>(protocol::unpack(hers.up.front()).value());
    unsaid.proof.reset();
    CHECK(toldTo(protocol::pack(unsaid), Bytes(32, 77)) == "session.proof");
}

TEST_CASE("callers that stay see each other's work at once", "[network]") {
    Served served;
    Wire lis(*served.core, served.li, served.server.device(), true, 1), wangs(*served.core, served.wang, served.server.device(), true, 2);
    auto const settle = [&] {
        for (bool moved = true; moved;) {
            moved = lis.move();
            moved = wangs.move() || moved;
            moved = served.core->work() || moved;
        }
    };
    settle();
    for (int i = 0; i < 5; ++i) {
        auto const id = served.li.write("unit/jwc", {{"title", "甲" + std::to_string(i)}});
        lis.caller->onNews();
        settle();
        CHECK(served.wang->revisionBytes(id));
    }
    CHECK(lis.caller->agreed());
    CHECK(wangs.caller->agreed());
    CHECK(framesOf(served.li) == framesOf(served.wang));
    CHECK(wangs.caller->totals().framesReceived <= 5 * 2 + 1);
}

TEST_CASE("frames that a crash left without a receipt get one at the next start", "[network]") {
    Served served;
    served.li.write("unit/jwc", {{"title", "甲"}});
    served.li.carryTo(served.server);
    CHECK(served.core->counts().receipts == 0);
    served.core->giveReceipts();
    CHECK(served.core->counts().receipts >= 1);
    auto const given = served.core->counts().receipts;
    served.core->giveReceipts();
    CHECK(served.core->counts().receipts == given);
}

// The digest spoke of scopes that both may read. Sun's grant ended, and the server was put back from an older copy: both
// agreed, and what she had written was nowhere but with her, for ever.
TEST_CASE("what somebody wrote before her grant ended comes back to a server that lost it, and to her", "[network]") {
    Served served;
    TemporaryFolder images("spiral-images");
    auto sun = served.town.college.person("sun");
    auto const grant = served.town.college.grant(sun, "clerk@unit/jwc");
    Machine& suns = served.machines.of(sun);
    served.machines.spreadRegistry();
    CHECK(served.sync(suns).agreed);
    served.core.reset();
    served.server.saveImage(images.path() / "server", false);
    served.start();
    suns.saveImage(images.path() / "suns", false);
    auto const id = suns.write("unit/jwc", {{"title", "甲"}});
    CHECK(served.sync(suns).agreed);
    REQUIRE(served.server->revisionBytes(id));
    served.core.reset();
    served.server.restoreImage(images.path() / "server");
    served.start();
    REQUIRE_FALSE(served.server->revisionBytes(id));
    served.town.college.append("revoke", trust::College::revokeMembers(grant), {served.town.college.founder});
    served.machines.spreadRegistry();
    CHECK(served.sync(suns).agreed);
    CHECK(served.server->revisionBytes(id));
    // Her own machine is put back: she gets what she wrote, and nothing that others did since.
    auto const lis = served.li.write("unit/jwc", {{"title", "乙"}});
    served.sync(served.li);
    suns.restoreImage(images.path() / "suns");
    REQUIRE_FALSE(suns->revisionBytes(id));
    served.sync(suns);
    CHECK(served.sync(suns).agreed);
    CHECK(suns->revisionBytes(id));
    CHECK_FALSE(suns->revisionBytes(lis));
}

// Of a feed with a lost payload the digest named what lies below it, as the tips do. Two who lacked the same payload were equal
// whatever followed it, and if its writer's machine was gone the rest of her feed stayed where it was.
TEST_CASE("what follows a payload that nobody has any more goes round all the same", "[network]") {
    Served served;
    served.sync(served.wang);
    served.li.write("unit/jwc", {{"title", "甲"}});
    served.li.write("unit/jwc", {{"title", "乙"}});
    std::vector<trust::TravellingFrame> lis;
    for (auto& frame : served.li.framesFor()) {
        if (trust::decodeFrameHeader(frame.header)->device == served.li.device()) lis.push_back(std::move(frame));
    }
    REQUIRE(lis.size() == 2);
    lis[0].payload.reset();
    for (Machine* machine : {&served.wang, &served.server}) {
        CHECK((*machine)->import({lis[0]}, "stick")[0].what == trust::Answer::What::PayloadWanted);
    }
    CHECK(served.wang->import({lis[1]}, "stick")[0].what == trust::Answer::What::Stored);
    // Wang's note says that the server held it once. It was put back since, and nobody noticed.
    std::string const key = "agreed/" + served.server.device().hex();
    std::string note = served.wang->note(key).value();
    note = note.substr(0, note.rfind(' ') + 1) + std::to_string(served.wang->logEnd());
    served.wang->setNote(key, note);
    auto const id = hashAs<FrameId>(lis[1].header);
    REQUIRE_FALSE(served.server->frame(id));
    CHECK(served.sync(served.wang).agreed);
    CHECK(served.server->frame(id));
}

// A tip that the server does not know told it nothing, and so it gave a feed from its beginning, to the one who wrote it.
TEST_CASE("who has written one frame more is not sent all that she wrote before", "[network]") {
    Served served;
    for (int i = 0; i < 60; ++i) served.li.write("unit/jwc", {{"title", "甲"}});
    served.li.carryTo(served.server);
    for (int i = 0; i < 3; ++i) served.li.write("unit/jwc", {{"title", "乙"}});
    auto const outcome = served.sync(served.li);   // the first call: neither knows how far the other is
    CHECK(outcome.agreed);
    CHECK(outcome.totals.framesSent == 3);
    CHECK(outcome.totals.framesReceived <= 8);   // a receipt, and what lies between a frame that was named and the tip
}

TEST_CASE("one peer that floods is refused by its quota, and the others go on", "[network]") {
    Served served;
    CoreLimits limits;
    limits.deviceFramesPerDayMax = 10;
    served.core->setLimits(limits);
    for (int i = 0; i < 30; ++i) served.li.write("unit/jwc", {{"title", "甲"}});
    auto const outcome = served.sync(served.li);
    REQUIRE_FALSE(outcome.totals.peerAnswers.empty());
    CHECK(outcome.totals.peerAnswers[0].reason == "quota.device");
    served.wang.write("unit/jwc", {{"title", "乙"}});
    CHECK(served.sync(served.wang).agreed);
}
