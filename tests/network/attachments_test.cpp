// Attachments in network sessions: by piece, resumed, and only for readers of the scope they came for.
#include "scene.h"
#include "wire.h"

#include <catch2/catch.hpp>

using namespace spiral;
using namespace spiral::server;

namespace {

struct Desk : Scene {
    trust::Someone sunPerson = town.college.person("sun");
    std::optional<SyncCore> core;
    TemporaryFolder papers{"spiral-papers"};
    std::uint64_t wires = 0;

    Desk() {
        town.college.grant(sunPerson, "clerk@unit/lab");
        machines.spreadRegistry();
        core.emplace(*server, server.secret(), CoreLimits{}, [](Event const&) {});
    }
    /// A document with an attachment of so many bytes, attached by this machine's person.
    trust::Attachment attach(Machine& machine, std::string_view scope, std::size_t size, std::uint64_t seed = 1) {
        SeededRandom random(seed);
        Bytes bytes(size);
        random.fill(bytes);
        Path const paper = papers.path() / "报告.pdf";
        REQUIRE(systemFiles().replace(paper, bytes, FileMode::Private));
        auto attachments = transport::attachmentsOf(machine);
        auto const file = attachments.add(paper).value();
        name(machine, scope, file);
        return file;
    }
    static void name(Machine& machine, std::string_view scope, trust::Attachment const& file) {
        auto row = machine.revision(scope, {{"title", "甲"}});
        trust::Revision revision = trust::decodeRevision(asBytes(row.bytes)).value();
        revision.files = {file};
        row.bytes = trust::encode(revision);
        row.item.id = hashAs<ObjectId>(asBytes(row.bytes));
        machine.seal(scope, {row});
    }
    std::uint64_t sync(Machine& machine, std::size_t movesMax = SIZE_MAX) {
        Wire wire(*core, machine, server.device(), false, ++wires);
        std::size_t moves = 0;
        for (bool moved = true; moved && moves < movesMax; ++moves) {
            moved = wire.move();
            moved = core->work() || moved;
        }
        if (movesMax == SIZE_MAX) {
            REQUIRE(wire.ended);
            REQUIRE_FALSE(wire.error);
        }
        return wire.caller->pieces().piecesTaken();
    }
    static bool has(Machine& machine, trust::Attachment const& file) {
        auto const attachments = transport::attachmentsOf(machine);
        return attachments.holds(file.sha256) && attachments.verify(file);
    }
};

}  // namespace

TEST_CASE("an attachment goes to the server and from there to who reads the scope", "[network][attachments]") {
    Desk desk;
    auto const file = desk.attach(desk.li, "unit/jwc", 3 * 1024 * 1024 + 17);
    auto const empty = desk.attach(desk.li, "unit/jwc", 0, 2);
    desk.sync(desk.li);
    CHECK(Desk::has(desk.server, file));
    CHECK(desk.sync(desk.wang) == 4);
    CHECK(Desk::has(desk.wang, file));
    CHECK(Desk::has(desk.wang, empty));
    CHECK(desk.wang->filesWanted(10).empty());
    CHECK(desk.sync(desk.wang) == 0);
}

TEST_CASE("an attachment cut anywhere goes on where it was, by the server or by a stick", "[network][attachments]") {
    for (std::size_t moves = 4; moves < 60; moves += 5) {
        INFO("cut after " << moves);
        Desk desk;
        auto const file = desk.attach(desk.li, "unit/jwc", 9 * 1024 * 1024 + 1);
        desk.sync(desk.li);
        auto const before = desk.sync(desk.wang, moves);
        CHECK(Desk::has(desk.wang, file) == (before == 10));
        auto const after = desk.sync(desk.wang);
        CHECK(before + after <= 10);   // nothing travels again that was taken
        CHECK(Desk::has(desk.wang, file));
    }
    // Begun over the network, ended from a stick.
    Desk desk;
    auto const file = desk.attach(desk.li, "unit/jwc", 9 * 1024 * 1024 + 1);
    desk.sync(desk.li);
    auto const before = desk.sync(desk.wang, 9);
    CHECK(before > 0);
    CHECK(before < 10);
    transport::Stick stick;
    REQUIRE(stick.writes(desk.li, "a"));
    auto const read = stick.reads(desk.wang, "a");
    REQUIRE(read);
    CHECK(read->pieces == 10 - before);
    CHECK(Desk::has(desk.wang, file));
    CHECK(desk.wang->filesWanted(10).empty());
}

TEST_CASE("naming the hash of another department's file gives nobody its bytes", "[network][attachments]") {
    Desk desk;
    Machine& sun = desk.machines.of(desk.sunPerson);
    auto const secret = desk.attach(desk.li, "unit/jwc", 1024 * 1024 + 5);
    desk.sync(desk.li);
    CHECK(Desk::has(desk.server, secret));
    // Sun learned the hash somewhere, and writes a document of her own that names it.
    Desk::name(sun, "unit/lab", secret);
    desk.sync(sun);
    desk.sync(sun);
    CHECK_FALSE(Desk::has(sun, secret));
    CHECK_FALSE(desk.server->fileIsHere(trust::scopeOf("unit/lab"), secret));

    // Nor by a stick of somebody who reads both.
    auto both = desk.town.college.person("zhou");
    desk.town.college.grant(both, "clerk@unit/jwc");
    desk.town.college.grant(both, "clerk@unit/lab");
    Machine& zhou = desk.machines.of(both);
    desk.machines.spreadRegistry();
    desk.sync(zhou);
    CHECK(Desk::has(zhou, secret));
    transport::Stick stick;
    REQUIRE(stick.writes(zhou, "a", sun->tips(), transport::FileKind::Exchange,
                         [&](Scope const& scope) { return scope.text() == "unit/lab"; }));
    REQUIRE(stick.reads(sun, "a"));
    CHECK_FALSE(Desk::has(sun, secret));

    // When somebody of the lab really has the bytes, the lab gets them, though the server held them before.
    auto attachments = transport::attachmentsOf(sun);
    SeededRandom random(1);
    Bytes bytes(1024 * 1024 + 5);
    random.fill(bytes);
    REQUIRE(systemFiles().replace(desk.papers.path() / "报告.pdf", bytes, FileMode::Private));
    REQUIRE(attachments.add(desk.papers.path() / "报告.pdf"));
    Desk::name(sun, "unit/lab", secret);
    sun->setFileHere(trust::scopeOf("unit/lab"), secret);
    desk.sync(sun);
    desk.sync(sun);
    CHECK(desk.server->fileIsHere(trust::scopeOf("unit/lab"), secret));
}

TEST_CASE("who may not read a scope is told of its files what is told of files that are nowhere", "[network][attachments]") {
    Desk desk;
    Machine& sun = desk.machines.of(desk.sunPerson);
    auto const secret = desk.attach(desk.li, "unit/jwc", 1024 * 1024 + 5);
    desk.sync(desk.li);
    Wire suns(*desk.core, sun, desk.server.device(), true, 600);
    suns.run();
    auto const isTold = [&](std::string_view scope, trust::Attachment const& file, std::vector<std::uint32_t> pieces) {
        desk.core->received(suns.peer, protocol::WantPieces{trust::scopeOf(scope), file, std::move(pieces)});
        desk.core->finish();
        REQUIRE(suns.down.size() == 1);
        auto const message = protocol::unpack(suns.down.front()).value();
        suns.down.clear();
        return message;
    };
    auto nowhere = secret;
    nowhere.sha256.raw[0] ^= 1;
    for (trust::Attachment const* file : {&secret, static_cast<trust::Attachment const*>(&nowhere)}) {
        for (std::string_view const scope : {"unit/jwc", "unit/lab"}) {
            protocol::Message const none = protocol::NoPieces{trust::scopeOf(scope), file->sha256};
            CHECK(isTold(scope, *file, {}) == none);
            CHECK(isTold(scope, *file, {0, 1}) == none);
        }
    }
    // Nor is she told when it comes for the others.
    auto const later = desk.attach(desk.li, "unit/jwc", 100, 2);
    CHECK(std::holds_alternative<protocol::NoPieces>(isTold("unit/jwc", later, {})));
    desk.sync(desk.li);
    REQUIRE(Desk::has(desk.server, later));
    for (auto const& bytes : suns.down) {
        CHECK_FALSE(std::holds_alternative<protocol::PieceList>(protocol::unpack(bytes).value()));
    }
}

// Whoever shows the bytes of a file for a scope makes them readable there. The server holds them already, and only compares.
TEST_CASE("who says she has the bytes of another department's file must show them", "[network][attachments]") {
    Desk desk;
    Machine& sun = desk.machines.of(desk.sunPerson);
    auto const secret = desk.attach(desk.li, "unit/jwc", 1024 * 1024 + 5);
    desk.sync(desk.li);
    Desk::name(sun, "unit/lab", secret);
    Wire suns(*desk.core, sun, desk.server.device(), true, 600);
    bool asked = false;
    for (bool moved = true; moved && !asked;) {
        moved = desk.core->work();
        if (!suns.down.empty() && std::holds_alternative<protocol::WantPieces>(protocol::unpack(suns.down.front()).value())) {
            asked = true;
            suns.down.clear();
        } else {
            moved = suns.move() || moved;
        }
    }
    REQUIRE(asked);
    for (std::uint32_t const index : {0U, 1U}) {
        desk.core->received(suns.peer, protocol::Piece{secret.sha256, index, Bytes(index == 0 ? 1024 * 1024 : 5)});
    }
    desk.core->finish();
    CHECK_FALSE(desk.server->fileIsHere(trust::scopeOf("unit/lab"), secret));
    suns.run();
    CHECK_FALSE(Desk::has(sun, secret));
}

TEST_CASE("attachments count towards what a device may give in a day", "[network][attachments]") {
    Desk desk;
    CoreLimits limits;
    limits.deviceBytesPerDayMax = 2 * 1024 * 1024;
    desk.core->setLimits(limits);
    auto const file = desk.attach(desk.li, "unit/jwc", 5 * 1024 * 1024);
    Wire wire(*desk.core, desk.li, desk.server.device(), false, 700);
    wire.run();
    REQUIRE(wire.error);
    CHECK(wire.error->reason == "quota.device");
    CHECK_FALSE(Desk::has(desk.server, file));
    // The document itself is there, and others are not kept out.
    desk.wang.write("unit/jwc", {{"title", "丙"}});
    desk.sync(desk.wang);
    CHECK(desk.wang->filesWanted(10).size() == 1);
}

TEST_CASE("who was told that a file is not here hears when it came", "[network][attachments]") {
    Desk desk;
    auto const file = desk.attach(desk.li, "unit/jwc", 100'000);
    // The frames come by somebody who has not the bytes.
    desk.li.carryTo(desk.server);
    Wire wangs(*desk.core, desk.wang, desk.server.device(), true, 900);
    wangs.run();
    CHECK(desk.wang->filesWanted(10).size() == 1);
    {
        Wire lis(*desk.core, desk.li, desk.server.device(), true, 901);
        for (bool moved = true; moved;) {
            moved = lis.move();
            moved = wangs.move() || moved;
            moved = desk.core->work() || moved;
        }
    }
    CHECK(Desk::has(desk.server, file));
    CHECK(Desk::has(desk.wang, file));
}

namespace {

/// Everybody who is connected, till nothing moves.
void settle(SyncCore& core, std::initializer_list<Wire*> wires) {
    for (bool moved = true; moved;) {
        moved = false;
        for (Wire* wire : wires) moved = wire->move() || moved;
        moved = core.work() || moved;
    }
}

}  // namespace

// The word that a file had come was dropped when it came while another file was on its way, and nobody asked again.
TEST_CASE("who hears that a file came while another is on its way asks for it then", "[network][attachments]") {
    Desk desk;
    auto const large = desk.attach(desk.li, "unit/jwc", 5 * 1024 * 1024);
    desk.sync(desk.li);
    // Files are asked for in the order of their hashes: the one that is not there yet first.
    trust::Attachment small;
    for (std::uint64_t seed = 2; small.sha256 == AttachmentId{} || large.sha256 < small.sha256; ++seed)
        small = desk.attach(desk.li, "unit/jwc", 1'000, seed);
    desk.li.carryTo(desk.server);
    desk.core->giveReceipts();   // later they would be frames, and make him look again
    Wire wangs(*desk.core, desk.wang, desk.server.device(), true, 910);
    while (wangs.caller->pieces().piecesTaken() == 0) {
        bool const moved = wangs.move();
        REQUIRE((desk.core->work() || moved));
    }
    Wire lis(*desk.core, desk.li, desk.server.device(), true, 911);
    settle(*desk.core, {&lis});
    REQUIRE(Desk::has(desk.server, small));
    REQUIRE_FALSE(Desk::has(desk.wang, large));
    settle(*desk.core, {&wangs});
    CHECK(Desk::has(desk.wang, large));
    CHECK(Desk::has(desk.wang, small));
}

// Only frames of the other side made a caller that stays look for files; what a stick had brought named files in vain.
TEST_CASE("a file that a stick's document names comes by the connection that is open", "[network][attachments]") {
    Desk desk;
    Machine& hub = desk.machines.of(desk.town.zhao);   // gives no receipts, which would be frames
    SyncCore core(*hub, hub.secret(), {}, [](Event const&) {});
    Wire wangs(core, desk.wang, hub.device(), true, 930);
    settle(core, {&wangs});
    auto const file = desk.attach(desk.li, "unit/jwc", 100'000);
    desk.li.carryTo(desk.wang);
    wangs.caller->onNews();
    settle(core, {&wangs});
    Wire lis(core, desk.li, hub.device(), true, 931);
    settle(core, {&wangs, &lis});
    CHECK(Desk::has(hub, file));
    CHECK(Desk::has(desk.wang, file));
}

// Only who brought a document was asked for its file: on a server that all stay connected with, whoever has the bytes was
// not asked till she next wrote or called.
TEST_CASE("if who brings a document has not its file, the others who are connected are asked", "[network][attachments]") {
    Desk desk;
    Machine& zhao = desk.machines.of(desk.town.zhao);
    Wire wangs(*desk.core, desk.wang, desk.server.device(), true, 940);
    Wire suns(*desk.core, desk.machines.of(desk.sunPerson), desk.server.device(), true, 941);
    settle(*desk.core, {&wangs, &suns});
    auto const file = desk.attach(desk.li, "unit/jwc", 1'500'000);
    // Li's stick brings the server the document, and Wang the file too. Zhao, who has the document only, calls.
    desk.li.carryTo(desk.server);
    desk.core->giveReceipts();
    transport::Stick stick;
    REQUIRE(stick.writes(desk.li, "a"));
    REQUIRE(stick.reads(desk.wang, "a"));
    desk.li.carryTo(zhao);
    Wire zhaos(*desk.core, zhao, desk.server.device(), true, 942);
    settle(*desk.core, {&wangs, &suns, &zhaos});
    CHECK(Desk::has(desk.server, file));
    CHECK(desk.server->fileIsHere(Scope::unit("jwc"), file));
    CHECK(Desk::has(zhao, file));
    CHECK(desk.core->counts().piecesTaken == 2);
    // Of the other department nobody was asked, nor told.
    CHECK(suns.caller->pieces().piecesGiven() == 0);
    CHECK_FALSE(Desk::has(desk.machines.of(desk.sunPerson), file));
}

TEST_CASE("a file that nobody has is asked for once of each who is connected, and the server comes to rest", "[network][attachments]") {
    Desk desk;
    Machine& zhao = desk.machines.of(desk.town.zhao);
    Wire wangs(*desk.core, desk.wang, desk.server.device(), true, 950);
    settle(*desk.core, {&wangs});
    auto const file = desk.attach(desk.li, "unit/jwc", 1'000);
    desk.li.carryTo(zhao);
    Wire zhaos(*desk.core, zhao, desk.server.device(), true, 951);
    settle(*desk.core, {&wangs, &zhaos});
    CHECK(desk.server->filesWanted(10).size() == 1);
    // She comes at last: all have it.
    Wire lis(*desk.core, desk.li, desk.server.device(), true, 952);
    settle(*desk.core, {&wangs, &zhaos, &lis});
    for (Machine* machine : {&desk.server, &desk.wang, &zhao}) CHECK(Desk::has(*machine, file));
}

// Of two whose copy is wrong each would be asked because of the other, for ever.
TEST_CASE("copies that are wrong are asked for once a session", "[network][attachments]") {
    Desk desk;
    Machine& zhao = desk.machines.of(desk.town.zhao);
    auto const file = desk.attach(desk.li, "unit/jwc", 100'000);
    transport::Stick stick;
    REQUIRE(stick.writes(desk.li, "a"));
    for (Machine* machine : {&zhao, &desk.wang}) {
        REQUIRE(stick.reads(*machine, "a"));
        for (auto const& entry : std::filesystem::recursive_directory_iterator(machine->folder() / "attachments")) {
            if (!entry.is_regular_file() || entry.file_size() != 100'000) continue;
            std::filesystem::permissions(entry.path(), std::filesystem::perms::owner_write, std::filesystem::perm_options::add);
            std::fstream(entry.path(), std::ios::in | std::ios::out | std::ios::binary).write("damaged", 7);
        }
        REQUIRE_FALSE(transport::attachmentsOf(*machine).verify(file));
    }
    Wire wangs(*desk.core, desk.wang, desk.server.device(), true, 960), zhaos(*desk.core, zhao, desk.server.device(), true, 961);
    settle(*desk.core, {&wangs, &zhaos});
    CHECK_FALSE(Desk::has(desk.server, file));
    Wire lis(*desk.core, desk.li, desk.server.device(), true, 962);
    settle(*desk.core, {&wangs, &zhaos, &lis});
    CHECK(Desk::has(desk.server, file));
}
