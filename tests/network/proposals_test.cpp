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
