// The registry kept by a server: what members decide reaches it with a session, and comes back with the same one.
#include "../transport/stick.h"
#include "wire.h"

#include "office/keeping.h"

#include <catch2/catch.hpp>

using namespace spiral;
using namespace spiral::server;
using replica::Machine;
using replica::Machines;
using transport::Town;

namespace {

Bytes bytesOf(trust::Proposal const& proposal) { return toBytes(json::encode(trust::bodyOf(proposal))); }

}  // namespace

TEST_CASE("a server that keeps the registry appends what members propose, the first of two that exclude each other",
          "[network][registry]") {
    Town town;
    auto owner = town.college.server();
    town.college.append("move", {{"device", owner.key().id().hex()}}, {town.college.founder});
    Machines machines{town.college};
    Machine& server = machines.of(owner);
    Machine& li = machines.of(town.li);
    REQUIRE(server->registry().keeper() == server.device());
    SyncCore core(*server, server.secret(), {}, [](Event const&) {});
    core.onProposal([&](ByteView proposal) { return office::appendProposal(*server, server.secret(), proposal); });

    auto const& founder = town.college.founder;
    auto const unit = town.college.propose("unit", {{"unit", "lab"}, {"name", "实训中心"}, {"campus", "东"}}, {founder});
    auto const alone = town.college.propose("threshold", {}, {town.li});
    auto const propose = [&](std::vector<Bytes> const& proposals) {
        Wire wire(core, li, server.device(), false, 5 + proposals.size(), proposals);
        wire.run();
        REQUIRE(wire.ended);
        REQUIRE_FALSE(wire.error);
        return wire.caller->proposed();
    };
    auto const told = propose({bytesOf(unit), bytesOf(alone), bytesOf(unit), toBytes("{}")});
    REQUIRE(told.size() == 4);
    CHECK(told[0].entry);
    CHECK_FALSE(told[1].entry);
    CHECK(told[2].reason == "registry.act-repeated");
    CHECK_FALSE(told[3].entry);
    // The entry came back in the same session.
    CHECK(li->registry().head() == server->registry().head());
    CHECK(li->registry().head().hash == *told[0].entry);

    // Whoever does not keep the registry appends nothing.
    core.onProposal({});
    CHECK(propose({bytesOf(unit)})[0].reason == "registry.not-keeper");
}

TEST_CASE("a proposal that was refused is appended when it is handed in again and nothing stands against it any more", "[network][registry]") {
    Town town;
    auto owner = town.college.server();
    town.college.append("move", {{"device", owner.key().id().hex()}}, {town.college.founder});
    Machines machines{town.college};
    Machine& server = machines.of(owner);
    Machine& li = machines.of(town.li);
    SyncCore core(*server, server.secret(), {}, [](Event const&) {});
    core.onProposal([&](ByteView proposal) { return office::appendProposal(*server, server.secret(), proposal); });
    auto const unit = bytesOf(town.college.propose("unit", {{"unit", "lab"}, {"name", "实训中心"}, {"campus", "东"}}, {town.li}));
    auto const admins = bytesOf(town.college.propose("admin", trust::College::quorumMembers({town.college.founder, town.li}, 1), {town.college.founder}));

    // Li's program that stays connected hands it in before she is an admin, and the answer is long on its way.
    Wire slow(core, li, server.device(), true, 1, {unit});
    while (!slow.up.empty() || core.work()) {
        if (slow.up.empty()) continue;
        auto message = slow.far.unpack(slow.up.front());
        REQUIRE(message);
        slow.up.pop_front();
        core.received(slow.peer, std::move(*message));
    }
    REQUIRE_FALSE(slow.down.empty());
    // Meanwhile another of hers hands it in once more, and she is an admin by now.
    Wire quick(core, li, server.device(), false, 2, {admins, unit});
    for (bool moved = true; moved;) {
        moved = quick.move();
        moved = core.work() || moved;
    }
    REQUIRE(quick.caller->proposed().size() == 2);
    CHECK(quick.caller->proposed()[0].entry);
    auto const entry = quick.caller->proposed()[1].entry;
    REQUIRE(entry);

    // The first word was true when it was said; the entry itself comes by either connection.
    slow.run();
    REQUIRE(slow.caller->proposed().size() == 1);
    CHECK_FALSE(slow.caller->proposed()[0].entry);
    CHECK(slow.caller->proposed()[0].reason.starts_with("registry."));
    CHECK(li->registry().head().hash == *entry);
    // Once more it is not appended.
    Wire again(core, li, server.device(), false, 3, {unit});
    again.run();
    REQUIRE(again.caller->proposed().size() == 1);
    CHECK(again.caller->proposed()[0].reason == "registry.act-repeated");
    CHECK(server->registry().head().hash == *entry);
}
