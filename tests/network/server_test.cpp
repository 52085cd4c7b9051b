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
