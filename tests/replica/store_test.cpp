// The store with real frames: sealing, taking in, forks, guards, backup.
#include "machines.h"

#include <sqlite3.h>

#include <algorithm>
#include <fstream>

using namespace spiral;
using namespace spiral::replica;
using trust::Answer;

namespace {

/// Two departments and their people.
struct Town {
    trust::College college;
    trust::Someone li = college.person("li");
    trust::Someone wang = college.person("wang");
    trust::Someone zhao = college.person("zhao");
    Town() {
        college.grant(li, "clerk@unit/jwc");
        college.grant(wang, "head@unit/jwc");
        college.grant(zhao, "quality@college");
    }
};

std::map<Answer::What, int> tally(std::vector<Answer> const& answers) {
    std::map<Answer::What, int> counts;
    for (auto const& answer : answers) ++counts[answer.what];
    return counts;
}

/// Everything enduring, as text: equal on stores that hold the same.
std::string contents(Machine& machine) {
    std::vector<std::string> lines;
    machine->log(0, [&](LogLine const& line) {
        auto const frame = machine->frameBytes(line.frame);
        REQUIRE(frame);
        auto const header = trust::decodeFrameHeader(frame->header);
        REQUIRE(header);
        std::string text = line.frame.hex() + (frame->applied ? " applied" : " header");
        for (auto const& item : header->items) {
            bool const held = item.kind == trust::Item::Kind::Revision ? machine->revisionBytes(item.id).has_value()
                                                                       : machine->recordBytes(item.id).has_value();
            text += (held ? " +" : " -") + item.id.hex();
        }
        lines.push_back(text);
        return true;
    });
    std::sort(lines.begin(), lines.end());
    lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
    std::string all;
    for (auto const& line : lines) all += line + "\n";
    return all;
}

}  // namespace

TEST_CASE("a sealed row is on disk, in a signed frame that follows the one before", "[replica][seal]") {
    Town town;
    Machines machines(town.college);
    Machine& li = machines.of(town.li);
    auto const first = li.write("unit/jwc", {{"title", "教务处年度计划"}});
    auto const second = li.write("unit/jwc", {{"title", "课程标准"}});
    li.open();   // a new process
    CHECK(li->revisionBytes(first));
    CHECK(li->revisionBytes(second));
    auto const tips = li->tips();
    auto const own = std::find_if(tips.begin(), tips.end(), [&](auto const& tip) { return tip.device == li.device(); });
    REQUIRE(own != tips.end());
    CHECK(own->seq == 2);
    CHECK(li->check(true).empty());
}

TEST_CASE("frames that come in the wrong order wait for their predecessor and are taken up when it comes", "[replica][import]") {
    Town town;
    Machines machines(town.college);
    Machine& li = machines.of(town.li);
    Machine& wang = machines.of(town.wang);
    for (int i = 0; i < 6; ++i) li.write("unit/jwc", {{"title", "第" + std::to_string(i)}});
    auto frames = li.framesFor(wang->tips());
    REQUIRE(frames.size() == 6);

    std::vector<trust::TravellingFrame> late(frames.begin() + 3, frames.end());
    CHECK(tally(wang->import(late, "stick 2", {}))[Answer::What::WaitingForFrame] == 3);
    CHECK(wang->inbox().size() == 3);
    std::vector<trust::TravellingFrame> early(frames.begin(), frames.begin() + 3);
    CHECK(tally(wang->import(early, "stick 1", {}))[Answer::What::Stored] == 3);
    CHECK(wang->inbox().empty());
    CHECK(contents(wang) == contents(li));
    CHECK(tally(wang->import(frames, "again", {}))[Answer::What::Known] == 6);
    CHECK(wang->check(true).empty());
}

TEST_CASE("a frame that waited is answered by what became of it in the end", "[replica][import]") {
    Town town;
    Machines machines(town.college);
    Machine& li = machines.of(town.li);
    Machine& wang = machines.of(town.wang);
    li.write("unit/jwc", {{"title", "一"}});
    li.write("unit/jwc", {{"title", "二"}});
    li.write("unit/jwc", {{"title", "三"}});
    auto const frames = li.framesFor(wang->tips());
    REQUIRE(frames.size() == 3);
    // A fourth one that leaves out a number; nobody can know before its predecessor is there.
    auto header = trust::decodeFrameHeader(frames[2].header).value();
    header.prev = hashAs<FrameId>(frames[2].header);
    header.seq = 9;
    trust::TravellingFrame wrong;
    wrong.header = toBytes(trust::encode(header));
    wrong.signature = li.secret().sign(trust::nameSpaceFor("frame", town.college.domain()), wrong.header).value();
    auto spoilt = frames[1];
    spoilt.payload->bytes.resize(3);

    auto const answers = wang->import({wrong, frames[2], spoilt, frames[0]}, "x", {});
    CHECK(answers[0].what == Answer::What::Refused);
    CHECK(answers[0].reason == "frame.seq");
    CHECK(answers[1].what == Answer::What::Stored);
    CHECK(answers[2].what == Answer::What::PayloadWanted);
    CHECK(answers[3].what == Answer::What::Stored);
    CHECK(wang->inbox().empty());
}

// A frame that came before its predecessor waited for ever where a transaction ended between the two: after the last
// transaction of a call only what had waited in that one was looked at.
TEST_CASE("a frame that waits is taken up in whatever part of a call its predecessor comes", "[replica][import]") {
    Town town;
    Machines machines(town.college);
    Machine& li = machines.of(town.li);
    Machine& wang = machines.of(town.wang);
    for (int i = 0; i < 300; ++i) li.write("unit/jwc", {{"title", std::to_string(i)}});
    auto frames = li.framesFor(wang->tips());
    REQUIRE(frames.size() == 300);
    Limits limits;
    limits.transactionRowsMax = GENERATE(std::size_t{1}, std::size_t{100'000});
    wang.open(limits);
    std::rotate(frames.begin(), frames.end() - 1, frames.end());   // the last comes first …
    std::swap(frames[1], frames[280]);                             // … and one of the first late
    for (auto const& answer : wang->import(frames, "x", {})) CHECK(answer.what == Answer::What::Stored);
    CHECK(wang->inbox().empty());
    CHECK(wang->tips() == li->tips());
    CHECK(wang->check(true, {}).empty());
    for (auto const& answer : wang->import(frames, "x", {})) CHECK(answer.what == Answer::What::Known);
}

TEST_CASE("a right payload replaces a wrong or missing one that waits, in one file or in several", "[replica][import]") {
    Town town;
    Machines machines(town.college);
    Machine& li = machines.of(town.li);
    Machine& wang = machines.of(town.wang);
    for (auto const* title : {"一", "二", "三"}) li.write("unit/jwc", {{"title", title}});
    auto const frames = li.framesFor(wang->tips());
    REQUIRE(frames.size() == 3);
    std::vector<trust::TravellingFrame> const first(frames.begin(), frames.begin() + 1), right(frames.begin() + 1, frames.end());
    auto poor = right;
    bool const spoilt = GENERATE(true, false);
    for (auto& frame : poor) {
        if (spoilt) frame.payload->bytes.resize(3);
        else frame.payload.reset();
    }
    if (GENERATE(true, false)) {
        auto all = poor;
        all.insert(all.end(), right.begin(), right.end());
        all.insert(all.end(), poor.begin(), poor.end());
        all.insert(all.end(), first.begin(), first.end());
        (void)wang->import(all, "x", {});
    } else {
        (void)wang->import(poor, "x", {});
        (void)wang->import(right, "y", {});
        (void)wang->import(poor, "x", {});
        CHECK(wang->inbox().size() == 2);
        CHECK(tally(wang->import(first, "z", {}))[Answer::What::Stored] == 1);
    }
    CHECK(wang->inbox().empty());
    CHECK(contents(wang) == contents(li));
}

TEST_CASE("whose frames wait for ever takes nobody else's room to wait", "[replica][import]") {
    Town town;
    Machines machines(town.college);
    Machine& li = machines.of(town.li);
    Machine& wang = machines.of(town.wang);
    Machine& zhao = machines.of(town.zhao);
    Limits limits;
    limits.inboxDeviceBytesMax = 20'000;
    wang.open(limits);
    // The first of Li's frames never comes.
    for (int i = 0; i < 40; ++i) li.write("unit/jwc", {{"title", std::string(1000, 'x')}});
    auto flood = li.framesFor(wang->tips());
    flood.erase(flood.begin());
    std::size_t kept = 0;
    for (auto const& answer : wang->import(flood, "x", {})) {
        CHECK(answer.what == Answer::What::WaitingForFrame);
        kept += answer.reason != "inbox.full";
    }
    CHECK(kept > 0);
    CHECK(kept < flood.size());
    CHECK(wang->inbox().size() == kept);
    std::size_t stillKept = 0;
    for (auto const& answer : wang->import(flood, "x", {})) stillKept += answer.reason != "inbox.full";
    CHECK(stillKept == kept);
    CHECK(wang->inbox().size() == kept);

    zhao.write("unit/jwc", {{"title", "一"}});
    zhao.write("unit/jwc", {{"title", "二"}});
    auto const honest = zhao.framesFor(wang->tips());
    REQUIRE(honest.size() == 2);
    CHECK(wang->import({honest[1]}, "x", {}).front().reason == "frame.predecessor");
    CHECK(wang->import({honest[0]}, "x", {}).front().what == Answer::What::Stored);
    CHECK(wang->frame(hashAs<FrameId>(honest[1].header)));
}

TEST_CASE("every order and splitting of the same frames gives the same store", "[replica][import]") {
    Town town;
    Machines machines(town.college);
    Machine& li = machines.of(town.li);
    for (int i = 0; i < 12; ++i) li.write("unit/jwc", {{"title", "第" + std::to_string(i)}});
    auto const frames = li.framesFor({});
    SeededRandom random(7);
    for (int round = 0; round < 10; ++round) {
        Machine& wang = machines.of(town.wang);
        auto shuffled = frames;
        for (std::size_t i = shuffled.size(); i > 1; --i) std::swap(shuffled[i - 1], shuffled[random.below(i)]);
        std::size_t at = 0;
        while (at < shuffled.size()) {
            std::size_t const count = 1 + random.below(5);
            std::size_t const end = std::min(shuffled.size(), at + count);
            wang->import({shuffled.begin() + static_cast<std::ptrdiff_t>(at), shuffled.begin() + static_cast<std::ptrdiff_t>(end)}, "x", {});
            at = end;
        }
        CHECK(wang->inbox().empty());
        CHECK(contents(wang) == contents(li));
    }
}

TEST_CASE("a frame of many rows is packed once and passed on as it is, from replica to replica", "[replica][packed]") {
    Town town;
    Machines machines(town.college);
    Machine& li = machines.of(town.li);
    auto const many = [&] {
        std::vector<NewRow> rows;
        for (int i = 0; i < 60; ++i) rows.push_back(li.revision("unit/jwc", {{"title", std::string(300, static_cast<char>('a' + i % 26))}}));
        return rows;
    };
    FrameId const plain = li.seal("unit/jwc", many()).frame;
    auto withFile = many();
    trust::Revision told = trust::decodeRevision(asBytes(withFile[7].bytes)).value();
    told.files = {{AttachmentId{}, 0, "application/pdf", "一.pdf", *parseDay("2026-03-01"), Sha256{}}};
    withFile[7].bytes = trust::encode(told);
    withFile[7].item.id = hashAs<ObjectId>(asBytes(withFile[7].bytes));
    FrameId const files = li.seal("unit/jwc", withFile).frame;
    FrameId const small = li.seal("unit/jwc", {li.revision("unit/jwc", {{"title", "甲"}})}).frame;

    auto const packed = li->frame(plain);
    REQUIRE(packed);
    REQUIRE(packed->payload);
    CHECK(packed->payload->codec == trust::Codec::Zstd);
    CHECK(packed->namesNoFiles);
    // Whoever passes these on looks for attachments, or packs them with others.
    for (FrameId const& id : {files, small}) {
        CHECK(li->frame(id)->payload->codec == trust::Codec::Raw);
        CHECK_FALSE(li->frame(id)->namesNoFiles);
    }

    // First the headers alone, then the payloads; from there to a third.
    Machine& wang = machines.of(town.wang);
    auto bare = li.framesFor({});
    for (auto& frame : bare) {
        if (!trust::decodeFrameHeader(frame.header)->scope.isRegistry()) frame.payload.reset();
    }
    wang->import(bare, "x", {});
    CHECK_FALSE(wang->frame(plain)->payload);
    wang->import(li.framesFor({}), "x", {});
    CHECK(wang->frame(plain) == packed);
    CHECK(contents(wang) == contents(li));
    Machine& other = machines.of(town.wang);
    for (auto& frame : wang.framesFor({})) other->import({std::move(frame)}, "x", {});
    CHECK(other->frame(plain) == packed);
    CHECK(contents(other) == contents(li));
    CHECK(other->check(true).empty());
}

TEST_CASE("a damaged packed copy is found, dropped and made again from its rows", "[replica][packed][check]") {
    Town town;
    Machines machines(town.college);
    Machine& li = machines.of(town.li);
    std::vector<NewRow> rows;
    for (int i = 0; i < 60; ++i) rows.push_back(li.revision("unit/jwc", {{"title", std::string(300, static_cast<char>('a' + i % 26))}}));
    FrameId const frame = li.seal("unit/jwc", rows).frame;
    auto const before = contents(li);
    Path const folder = li->folder();
    li.close();
    {
        sqlite3* handle = nullptr;
        REQUIRE(sqlite3_open((folder / "store.db").c_str(), &handle) == SQLITE_OK);
        CHECK(sqlite3_exec(handle, "UPDATE local_packed SET bytes = zeroblob(length(bytes))", nullptr, nullptr, nullptr) == SQLITE_OK);
        CHECK(sqlite3_changes(handle) == 1);
        sqlite3_close(handle);
    }
    li.open();
    auto const found = li->check(true);
    REQUIRE(found.size() == 1);
    CHECK(found[0].reason == "packed.damaged");
    CHECK(found[0].about == frame.hex());
    CHECK(li->check(true).empty());

    Machine& wang = machines.of(town.wang);
    wang->import(li.framesFor({}), "x", {});
    CHECK(contents(wang) == before);
}

TEST_CASE("a replica that is not enrolled in a scope takes none of its frames", "[replica][scope]") {
    Town town;
    auto other = town.college.person("sun");
    town.college.grant(other, "clerk@unit/xsc");
    Machines machines(town.college);
    Machine& li = machines.of(town.li);
    Machine& sun = machines.of(other);
    li.write("unit/jwc", {{"title", "机密甲乙丙丁"}});
    auto const answers = li.carryTo(sun);
    CHECK(tally(answers)[Answer::What::OutsideScopes] == 1);
    sun.close();
    for (auto const& file : std::filesystem::recursive_directory_iterator(sun.folder())) {
        if (!file.is_regular_file()) continue;
        std::ifstream in(file.path(), std::ios::binary);
        std::string const bytes((std::istreambuf_iterator<char>(in)), {});
        CHECK(bytes.find("机密甲乙丙丁") == std::string::npos);
    }
    sun.open();
}

TEST_CASE("a scope that everybody reads is not one in which everybody's frames are stored", "[replica][scope]") {
    Town town;
    Machines machines(town.college);
    Machine& li = machines.of(town.li);
    Machine& wang = machines.of(town.wang);
    Machine& zhao = machines.of(town.zhao);
    REQUIRE(wang->takes(Scope::college()));
    // A clerk of one unit fills the college's own scope; the quality office may write there.
    auto const before = wang->tips();
    li.write("college", {{"title", "满"}});
    auto const answers = wang->import(li.framesFor(before), "x", {});
    REQUIRE(answers.size() == 1);
    CHECK(answers[0].what == Answer::What::WaitingForGrant);
    CHECK(answers[0].reason == "grant.missing");
    CHECK(wang->tips() == before);
    zhao.write("college", {{"title", "目录"}});
    CHECK(tally(zhao.carryTo(wang))[Answer::What::Stored] == 1);
}

TEST_CASE("a frame of a device that no registry entry names is not stored and is offered again", "[replica][import]") {
    Town town;
    Machines machines(town.college);
    Machine& wang = machines.of(town.wang);
    auto late = town.college.person("qian");
    town.college.grant(late, "clerk@unit/jwc");
    Machine& qian = machines.of(late);
    qian.write("unit/jwc", {{"title", "早"}});
    auto frames = qian.framesFor({});
    std::erase_if(frames, [&](auto const& frame) { return trust::decodeFrameHeader(frame.header)->scope.isRegistry(); });
    CHECK(tally(wang->import(frames, "x", {}))[Answer::What::WaitingForGrant] == 1);
    CHECK(wang->held().inbox == 0);
    machines.spreadRegistry();
    CHECK(tally(wang->import(frames, "x", {}))[Answer::What::Stored] == 1);
}

TEST_CASE("a header without its payload goes on the chain, and the payload may come later from another", "[replica][import]") {
    Town town;
    Machines machines(town.college);
    Machine& li = machines.of(town.li);
    Machine& wang = machines.of(town.wang);
    li.write("unit/jwc", {{"title", "甲"}});
    li.write("unit/jwc", {{"title", "乙"}});
    auto frames = li.framesFor(wang->tips());
    REQUIRE(frames.size() == 2);
    auto bare = frames;
    bare[0].payload.reset();
    bare[1].payload->bytes[bare[1].payload->bytes.size() / 2] ^= 1;
    auto const answers = wang->import(bare, "careless", {});
    CHECK(answers[0].what == Answer::What::PayloadWanted);
    CHECK(answers[1].what == Answer::What::PayloadWanted);
    CHECK_FALSE(answers[1].reason.empty());
    CHECK(wang->held().frames == li->held().frames);
    CHECK(tally(wang->import(frames, "careful", {}))[Answer::What::Stored] == 2);
    CHECK(contents(wang) == contents(li));
}

TEST_CASE("a damaged header, signature or chain is refused and changes nothing", "[replica][import]") {
    Town town;
    Machines machines(town.college);
    Machine& li = machines.of(town.li);
    Machine& wang = machines.of(town.wang);
    li.write("unit/jwc", {{"title", "甲"}});
    auto const frames = li.framesFor(wang->tips());
    REQUIRE(frames.size() == 1);
    auto const before = contents(wang);
    for (std::size_t bit = 0; bit < frames[0].header.size() * 8; bit += 5) {
        auto flipped = frames;
        flipped[0].header[bit / 8] ^= static_cast<std::uint8_t>(1 << (bit % 8));
        auto const answer = wang->import(flipped, "x", {}).front();
        INFO(bit << " " << nameOf(answer.what) << " " << answer.reason);
        bool const kept = answer.what == Answer::What::Stored || answer.what == Answer::What::PayloadWanted;
        CHECK_FALSE(kept);
    }
    for (std::size_t bit = 0; bit < 512; bit += 3) {
        auto flipped = frames;
        flipped[0].signature.raw[bit / 8] ^= static_cast<std::uint8_t>(1 << (bit % 8));
        CHECK(wang->import(flipped, "x", {}).front().what == Answer::What::Refused);
    }
    CHECK(contents(wang) == before);
    CHECK(wang->held().inbox == 0);
}

TEST_CASE("a folder put back to an older state is noticed, and its other branch is kept and shown", "[replica][guard]") {
    Town town;
    Machines machines(town.college);
    Machine& li = machines.of(town.li);
    Machine& wang = machines.of(town.wang);
    li.write("unit/jwc", {{"title", "一"}});
    TemporaryFolder image;
    li.saveImage(image.path() / "image", false);
    CHECK(li->guard() == GuardFinding::Good);
    li.write("unit/jwc", {{"title", "二"}});
    li.carryTo(wang);

    li.restoreImage(image.path() / "image");
    CHECK(li->guard() == GuardFinding::Restored);
    // Nobody to ask: it goes on from what is there, and the fork is found later.
    li.write("unit/jwc", {{"title", "三"}});
    li.carryTo(wang);
    CHECK(wang->feedForked(li.device(), trust::scopeOf("unit/jwc")));
    CHECK(wang->feed(li.device(), trust::scopeOf("unit/jwc")).tips().size() == 2);
    wang.carryTo(li);
    CHECK(contents(li) == contents(wang));
    CHECK(li->check(true).empty());
}

TEST_CASE("a restored machine that can ask a peer first re-adopts its own frames and forks nothing", "[replica][guard]") {
    Town town;
    Machines machines(town.college);
    Machine& li = machines.of(town.li);
    Machine& wang = machines.of(town.wang);
    li.write("unit/jwc", {{"title", "一"}});
    TemporaryFolder image;
    li.saveImage(image.path() / "image", false);
    li.write("unit/jwc", {{"title", "二"}});
    li.carryTo(wang);
    li.restoreImage(image.path() / "image");
    wang.carryTo(li);
    li.write("unit/jwc", {{"title", "三"}});
    li.carryTo(wang);
    CHECK_FALSE(wang->feedForked(li.device(), trust::scopeOf("unit/jwc")));
    CHECK(wang->tips() == li->tips());
}

TEST_CASE("a guard file full of something else is a guard that does not match", "[replica][guard]") {
    Town town;
    Machines machines(town.college);
    Machine& li = machines.of(town.li);
    auto const first = li.write("unit/jwc", {{"title", "一"}});
    li.close();
    std::ofstream(li.guardFile()) << std::string(5000, 'x');
    li.open();
    CHECK(li->guard() == GuardFinding::Restored);
    CHECK(li->revisionBytes(first));
    li.write("unit/jwc", {{"title", "二"}});
    li.open();
    CHECK(li->guard() == GuardFinding::Good);
}

TEST_CASE("a store that does not say its format is not written to", "[replica][format]") {
    Town town;
    Machines machines(town.college);
    Machine& li = machines.of(town.li);
    li.close();
    {
        // SQLite keeps `user_version` at place 60 of the file.
        std::fstream store(li.folder() / "store.db", std::ios::in | std::ios::out | std::ios::binary);
        store.seekp(60);
        store.write("\0\0\0\0", 4);
    }
    auto const opened = Replica::open(li.folder(), li.world(), Access::Write, {}, li.guardFile());
    REQUIRE_FALSE(opened);
    CHECK(opened.error().reason == "store.format");
    CHECK(opened.error().code == ErrorCode::Damaged);
}

TEST_CASE("a backup restores to a replica that knows it was restored", "[replica][backup]") {
    Town town;
    Machines machines(town.college);
    Machine& li = machines.of(town.li);
    auto const id = li.write("unit/jwc", {{"title", "一"}});
    TemporaryFolder place;
    Path const file = place.path() / "li.backup";
    REQUIRE(li->backup(file));
    auto const before = contents(li);

    Path const folder = place.path() / "again";
    REQUIRE(Replica::restore(file, folder, li.world()));
    {
        auto opened = Replica::open(folder, li.world(), Access::Write, {}, place.path() / "guard-of-another-machine");
        REQUIRE(opened);
        CHECK((*opened)->guard() == GuardFinding::Restored);
        CHECK((*opened)->revisionBytes(id));
        CHECK((*opened)->check(true).empty());
    }
    // Every prefix and some flips of the file are refused before anything is made.
    auto const bytes = systemFiles().read(file, 100'000'000);
    REQUIRE(bytes);
    SeededRandom random(3);
    for (int i = 0; i < 60; ++i) {
        Bytes damaged = *bytes;
        if (i % 2) damaged.resize(random.below(damaged.size()));
        else damaged[random.below(damaged.size())] ^= static_cast<std::uint8_t>(1 + random.below(255));
        Path const wrong = place.path() / "wrong.backup";
        REQUIRE(systemFiles().replace(wrong, damaged, FileMode::Private));
        Path const target = place.path() / "never";
        CHECK_FALSE(Replica::restore(wrong, target, li.world()));
        CHECK_FALSE(std::filesystem::exists(target / "store.db"));
    }
}

TEST_CASE("a second process is told who has the replica open", "[replica][lock]") {
    Town town;
    Machines machines(town.college);
    Machine& li = machines.of(town.li);
    auto second = Replica::open(li.folder(), li.world(), Access::Write, {}, li.guardFile());
    REQUIRE_FALSE(second);
    CHECK(second.error().reason == "store.in-use");
    CHECK(Replica::open(li.folder(), li.world(), Access::Read));
}

TEST_CASE("drafts are durable and apart from what is sealed", "[replica][draft]") {
    Town town;
    Machines machines(town.college);
    Machine& li = machines.of(town.li);
    Draft draft;
    draft.scope = trust::scopeOf("unit/jwc");
    draft.doc = DocumentId::fromHex("00112233445566778899aabbccddeeff").value();
    draft.type = "task.v1";
    draft.fields = {{"title", "还没写完"}};
    draft.saved = trust::day(11);
    li->saveDraft(draft);
    li.open();
    auto const kept = li->draft(draft.key());
    REQUIRE(kept);
    CHECK(kept->fields == draft.fields);
    CHECK(kept->saved == draft.saved);
    CHECK(li->held().drafts == 1);
    li->dropDraft(draft.key());
    CHECK_FALSE(li->draft(draft.key()));
}

TEST_CASE("a frame header of a newer program is told as such, and holds up its own feed alone", "[replica][newer]") {
    Town town;
    Machines machines(town.college);
    Machine& li = machines.of(town.li);
    Machine& wang = machines.of(town.wang);
    Machine& zhao = machines.of(town.zhao);
    li.write("unit/jwc", {{"title", "甲"}});
    li.write("unit/jwc", {{"title", "乙"}});
    zhao.write("unit/jwc", {{"title", "丙"}});
    auto frames = li.framesFor(wang->tips());
    REQUIRE(frames.size() == 2);
    auto newer = frames[0];
    std::string text(asText(newer.header));
    SECTION("of another version") { text.replace(text.rfind("\"v\":1"), 5, "\"v\":2"); }
    SECTION("with a critical key that nobody here knows") {
        text.insert(1, R"("crit":["lock"],)");
        text.insert(text.find(",\"reg\":"), ",\"lock\":1");
    }
    newer.header = toBytes(text);
    newer.signature = li.secret().sign(trust::nameSpaceFor("frame", town.college.domain()), newer.header).value();
    auto all = zhao.framesFor(wang->tips());
    all.insert(all.begin(), {newer, frames[1]});
    auto const answers = wang->import(all, "x", {});
    CHECK(answers[0].what == Answer::What::NeedsNewer);
    CHECK((answers[0].reason == "newer.version" || answers[0].reason == "newer.critical"));
    CHECK(answers[1].what == Answer::What::WaitingForFrame);
    CHECK(answers[2].what == Answer::What::Stored);
}

TEST_CASE("a frame of a newer schema is kept as it is and passed on byte for byte", "[replica][newer]") {
    Town town;
    Machines machines(town.college);
    Machine& li = machines.of(town.li);
    Machine& wang = machines.of(town.wang);
    Machine& zhao = machines.of(town.zhao);
    li.write("unit/jwc", {{"title", "甲"}});
    auto frames = li.framesFor(wang->tips());
    auto header = trust::decodeFrameHeader(frames[0].header).value();
    header.schema = 2;
    frames[0].header = toBytes(trust::encode(header));
    frames[0].signature = li.secret().sign(trust::nameSpaceFor("frame", town.college.domain()), frames[0].header).value();
    frames[0].payload = trust::Payload{trust::Codec::Raw, toBytes("bytes of a form yet to come")};
    CHECK(wang->import(frames, "x", {}).front().what == Answer::What::Stored);
    CHECK(wang->held().payloadsKept == 1);
    wang.carryTo(zhao);
    auto const relayed = zhao->frame(hashAs<FrameId>(frames[0].header));
    REQUIRE(relayed);
    CHECK(*relayed == frames[0]);
}
