// The server on a real socket, and those who call it.
#include "site.h"

using namespace spiral;
using namespace spiral::server;

TEST_CASE("two departments meet on a server over TLS", "[network][tls]") {
    Site site;
    auto const mine = site.li.write("unit/jwc", {{"title", "甲"}});
    auto const first = site.call(site.li);
    INFO((first ? "" : first.error().reason + " " + first.error().detail));
    REQUIRE(first);
    CHECK(first->agreed);
    CHECK(first->session.framesSent >= 1);
    auto const theirs = site.wang.write("unit/jwc", {{"title", "乙"}});
    REQUIRE(site.call(site.wang));
    CHECK(site.wang->revisionBytes(mine));
    REQUIRE(site.call(site.li));
    CHECK(site.li->revisionBytes(theirs));
    auto const nothing = site.call(site.li);
    REQUIRE(nothing);
    CHECK(nothing->session.roundTrips == 1);
    CHECK(nothing->bytesSent <= 300);
    CHECK(nothing->bytesReceived <= 300);
    (*site.running)->stop();
    auto const counts = (*site.running)->counts();
    CHECK(counts.framesStored >= 2);
    CHECK(counts.receipts >= 2);
}

TEST_CASE("a server with another key is told nothing", "[network][tls]") {
    Site site;
    site.li.write("unit/jwc", {{"title", "甲"}});
    auto const outcome = site.call(site.li, site.wang.secret().publicKey());
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().reason == "tls.other-server");
    CHECK((*site.running)->counts().sessions == 0);
}

TEST_CASE("a server that stops says nothing it has not stored, and goes on after its next start", "[network][tls]") {
    Site site;
    for (int i = 0; i < 300; ++i) site.li.write("unit/jwc", {{"title", "甲" + std::to_string(i)}});
    std::thread stopping([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(15));
        (*site.running)->stop();
    });
    auto const cut = site.call(site.li);
    stopping.join();
    if (!cut) CHECK(cut.error().code == ErrorCode::Environment);
    site.running.reset();
    site.start();
    auto const again = site.call(site.li);
    REQUIRE(again);
    CHECK(again->agreed);
    REQUIRE(site.call(site.wang));
    CHECK(site.wang->tips() == site.li->tips());
}

TEST_CASE("who watches is told what another process saved, and does not wait for the next look", "[network][tls]") {
    Site site;
    std::vector<replica::NewRow> rows;
    for (auto const* title : {"甲", "乙", "丙"}) rows.push_back(site.li.revision("unit/jwc", {{"title", title}}));
    site.li.close();
    // The guard's second half lies where all openings find it.
    TemporaryFolder const guards("spiral-guards");
    ::setenv("XDG_STATE_HOME", guards.path().c_str(), 1);
    auto const save = [&](replica::NewRow const& row) {
        // Whoever watches has the store open for writing for a moment when something came.
        for (int i = 0; i < 30'000; ++i) {
            auto const opened = replica::Replica::open(site.li.folder(), site.li.world(), replica::Access::Write);
            if (opened) {
                auto const sealed = (*opened)->seal(trust::scopeOf("unit/jwc"), {row}, site.li.secret());
                return sealed ? std::string("saved") : sealed.error().reason;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds{2});
        }
        return std::string("busy");
    };
    auto const first = save(rows[0]);
    replica::TestWallClock wall;
    SeededRandom random(11);
    replica::World const world{wall, systemMonotonicClock(), random, systemFiles()};
    transport::WatchTimes times;
    times.look = std::chrono::hours{1};
    std::atomic<bool> stop = false;
    std::atomic<int> agreed = 0;
    std::thread watching([&] {
        (void)transport::watch(site.li.folder(), world, site.li.secret(), {"127.0.0.1", (*site.running)->port()},
                               site.server.secret().publicKey(), times, [&] { return stop.load(); },
                               [&](transport::WatchEvent const& event) {
                                   if (event.what == transport::WatchEvent::What::Agreed) ++agreed;
                               });
    });
    // Far more than it ever takes, and less than a look.
    auto const comes = [&](int count) {
        for (int i = 0; i < 30'000 && agreed < count; ++i) std::this_thread::sleep_for(std::chrono::milliseconds{2});
        return agreed >= count;
    };
    bool const firstCame = comes(1);
    auto const second = save(rows[1]);
    bool const secondCame = comes(2);
    stop = true;
    auto const third = save(rows[2]);   // which ends its wait
    watching.join();
    CHECK(first == "saved");
    CHECK(firstCame);
    CHECK(second == "saved");
    CHECK(secondCame);
    CHECK(third == "saved");
}
