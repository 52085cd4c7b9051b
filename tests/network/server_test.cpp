// The server on a real socket, and those who call it.
#include "scene.h"

#include "server/sync_server.h"
#include "transport/network.h"

#include <catch2/catch.hpp>

#include <thread>

using namespace spiral;
using namespace spiral::server;

namespace {

struct Site : Scene {
    std::unique_ptr<SyncServer> running;

    Site() {
        server.close();
        start();
    }
    void start(SyncSettings settings = {}) {
        auto opened = replica::Replica::open(server.folder(), server.world(), replica::Access::Write, {}, server.guardFile());
        REQUIRE(opened);
        settings.host = "127.0.0.1";
        settings.port = 0;
        auto signer = std::make_unique<Borrowed>(server.secret());
        auto started = SyncServer::serve(std::move(*opened), std::move(signer), settings, [](Event const&) {});
        INFO((started ? "" : started.error().reason + " " + started.error().detail));
        REQUIRE(started);
        running = std::move(*started);
    }
    Result<transport::NetworkTotals> call(Machine& machine, std::optional<trust::PublicKey> key = {}) {
        return transport::syncOnce(*machine, machine.secret(), {"127.0.0.1", running->port()},
                                   key.value_or(server.secret().publicKey()));
    }

private:
    struct Borrowed final : trust::Signer {
        explicit Borrowed(trust::Signer& lender) : signer(lender) {}
        trust::PublicKey const& publicKey() const noexcept override { return signer.publicKey(); }
        Result<trust::Signature> sign(std::string_view nameSpace, ByteView message) override {
            return signer.sign(nameSpace, message);
        }
        trust::Signer& signer;
    };
};

}  // namespace

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
    site.running->stop();
    auto const counts = site.running->counts();
    CHECK(counts.framesStored >= 2);
    CHECK(counts.receipts >= 2);
}

TEST_CASE("a server with another key is told nothing", "[network][tls]") {
    Site site;
    site.li.write("unit/jwc", {{"title", "甲"}});
    auto const outcome = site.call(site.li, site.wang.secret().publicKey());
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().reason == "tls.other-server");
    CHECK(site.running->counts().sessions == 0);
}

TEST_CASE("a server that stops says nothing it has not stored, and goes on after its next start", "[network][tls]") {
    Site site;
    for (int i = 0; i < 300; ++i) site.li.write("unit/jwc", {{"title", "甲" + std::to_string(i)}});
    std::thread stopping([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(15));
        site.running->stop();
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
