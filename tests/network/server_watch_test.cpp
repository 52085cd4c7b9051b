// A server that withholds a frame or shows two views signs the evidence itself.
#include "scene.h"
#include "wire.h"

#include "transport/server_watch.h"

#include <catch2/catch.hpp>

using namespace spiral;
using namespace spiral::server;

namespace {

struct Lying : Scene {
    void sync(Machine& machine) {
        SyncCore core(*server, server.secret(), {}, [](Event const&) {});
        Wire wire(core, machine, server.device(), false, 3);
        wire.run();
        REQUIRE(wire.ended);
    }
};

}  // namespace

TEST_CASE("a receipt for a frame that never came is an alarm, until the frame comes", "[network][lying]") {
    Lying scene;
    scene.li.write("unit/jwc", {{"title", "甲"}});
    auto const hidden = scene.li.seal("unit/jwc", {scene.li.revision("unit/jwc", {{"title", "乙"}})}).frame;
    scene.sync(scene.li);
    scene.sync(scene.wang);
    CHECK(transport::withheldSince(*scene.wang, 0, {}).empty());

    // A third of the department gets everything from the server but one frame.
    Machine& third = scene.machines.of(scene.town.zhao);
    std::vector<trust::TravellingFrame> given;
    for (auto& frame : scene.server.framesFor(third->tips())) {
        if (hashAs<FrameId>(frame.header) != hidden) given.push_back(std::move(frame));
    }
    static_cast<void>(third->import(given, "server", {}));
    auto const found = transport::withheldSince(*third, 0, {});
    REQUIRE(found.size() == 1);
    CHECK(found[0].frame == hidden);
    CHECK(found[0].server == scene.server.device());
    // The evidence is signed by the server itself.
    auto const receipt = third->recordBytes(found[0].receipt);
    REQUIRE(receipt);
    CHECK(trust::verify(scene.server.secret().publicKey(),
                        trust::nameSpaceFor("receipt", third->registry().domain()), receipt->bytes, receipt->signature));
    CHECK(transport::withheldSince(*third, 0, {hidden}).empty());
    // Whoever has it gives it, and all is well.
    scene.li.carryTo(third);
    CHECK(transport::withheldSince(*third, 0, {}).empty());
}

TEST_CASE("a server that is rolled back and goes on shows two views to whoever saw the first", "[network][lying]") {
    Lying scene;
    TemporaryFolder image("spiral-image");
    scene.li.write("unit/jwc", {{"title", "甲"}});
    scene.sync(scene.li);
    scene.server.saveImage(image.path() / "server", true);
    scene.li.write("unit/jwc", {{"title", "乙"}});
    scene.sync(scene.li);
    CHECK(transport::viewsThatDiffer(*scene.li).empty());
    // Guard and all: the machine itself cannot know.
    scene.server.restoreImage(image.path() / "server");
    scene.wang.write("unit/jwc", {{"title", "丙"}});
    scene.sync(scene.wang);
    CHECK(transport::viewsThatDiffer(*scene.wang).empty());
    // The first two that meet, by a stick: the server has signed two frames under one.
    scene.li.carryTo(scene.wang);
    auto const views = transport::viewsThatDiffer(*scene.wang);
    REQUIRE(views.size() == 1);
    CHECK(views[0].server == scene.server.device());
    CHECK(views[0].scope.text() == "unit/jwc");
}
