// What files do between replicas: order, repetition, scopes, attachments, tips.
#include "stick.h"

#include <catch2/catch.hpp>

using namespace spiral;
using namespace spiral::transport;

TEST_CASE("what one machine wrote, another has after one file", "[transport]") {
    Town town;
    Machines machines(town.college);
    Machine& li = machines.of(town.li);
    Machine& wang = machines.of(town.wang);
    auto const plan = li.write("unit/jwc", {{"title", "甲"}});
    Stick stick;
    auto const written = stick.writes(li, "a.spiral", wang->tips());
    REQUIRE(written);
    CHECK(written->frames == 1);
    CHECK(written->bytes == stick.bytes("a.spiral").size());
    auto const read = stick.reads(wang, "a.spiral");
    REQUIRE(read);
    CHECK(read->stored == 1);
    CHECK(read->answers.empty());
    CHECK(read->writer->device == li.device());
    CHECK(wang->revisionBytes(plan));
    CHECK(tipsOf(wang) == tipsOf(li));
}

TEST_CASE("an empty machine gets the college from one file, and may give back what it wrote by the tips inside",
          "[transport]") {
    Town town;
    Machines machines(town.college);
    Machine& li = machines.of(town.li);
    for (int i = 0; i < 5; ++i) li.write("unit/jwc", {{"n", i}});
    Stick stick;
    REQUIRE(stick.writes(li, "welcome", {}, FileKind::Welcome));
    Machine& wang = machines.of(town.wang);
    auto const read = stick.reads(wang, "welcome");
    REQUIRE(read);
    CHECK(read->stored == 5);
    wang.write("unit/jwc", {{"title", "乙"}});
    auto const back = stick.writes(wang, "back", read->writer->tips);
    REQUIRE(back);
    CHECK(back->frames == 1);
    REQUIRE(stick.reads(li, "back"));
    CHECK(tipsOf(wang) == tipsOf(li));
}

TEST_CASE("files in any order, some twice, end where one file would", "[transport]") {
    Town town;
    Machines machines(town.college);
    Machine& li = machines.of(town.li);
    Machine& wang = machines.of(town.wang);
    Stick stick;
    std::vector<std::string> const names{"1", "2", "3"};
    for (auto const& name : names) {
        auto const known = li->tips();
        for (int i = 0; i < 4; ++i) li.write("unit/jwc", {{"n", i}, {"part", name}});
        REQUIRE(stick.writes(li, name, known));
    }
    auto const third = stick.reads(wang, "3");
    REQUIRE(third);
    CHECK(third->stored == 0);
    REQUIRE(third->answers.size() == 4);
    for (auto const& answer : third->answers) CHECK(answer.what == Answer::What::WaitingForFrame);
    CHECK(wang->inbox().size() == 4);
    REQUIRE(stick.reads(wang, "1"));
    REQUIRE(stick.reads(wang, "3"));
    REQUIRE(stick.reads(wang, "2"));
    CHECK(wang->inbox().empty());
    CHECK(tipsOf(wang) == tipsOf(li));
    auto const again = stick.reads(wang, "1");
    REQUIRE(again);
    CHECK(again->stored == 0);
    CHECK(again->known == 4);
    CHECK(tipsOf(wang) == tipsOf(li));
}

TEST_CASE("a scope that the reader may not read is not in the file, not even its name", "[transport]") {
    Town town;
    Machines machines(town.college);
    Machine& zhao = machines.of(town.zhao);
    zhao.write("unit/jwc", {{"title", "甲"}});
    zhao.write("unit/rsc", {{"title", "乙"}});
    Stick stick;
    auto const written =
        stick.writes(zhao, "a", {}, FileKind::Exchange, [](Scope const& scope) { return scope.text() != "unit/rsc"; });
    REQUIRE(written);
    for (auto const& tip : written->writer->tips) CHECK(tip.scope.text() != "unit/rsc");
    auto const frames = readFrames(stick.path("a"), systemFiles(), FileKind::Exchange);
    REQUIRE(frames);
    for (auto const& frame : *frames) CHECK(trust::decodeFrameHeader(frame.header)->scope.text() != "unit/rsc");
}

TEST_CASE("frames for others' scopes are answered, and the rest is taken", "[transport]") {
    Town town;
    Machines machines(town.college);
    Machine& zhao = machines.of(town.zhao);
    Machine& li = machines.of(town.li);
    zhao.write("unit/jwc", {{"title", "甲"}});
    zhao.write("unit/rsc", {{"title", "乙"}});
    Stick stick;
    REQUIRE(stick.writes(zhao, "a", li->tips()));
    auto const read = stick.reads(li, "a");
    REQUIRE(read);
    CHECK(read->stored == 1);
    REQUIRE(read->answers.size() == 1);
    CHECK(read->answers[0].what == Answer::What::OutsideScopes);
}

TEST_CASE("a tips file says who wrote it and what they hold", "[transport]") {
    Town town;
    Machines machines(town.college);
    Machine& li = machines.of(town.li);
    Machine& wang = machines.of(town.wang);
    li.write("unit/jwc", {{"title", "甲"}});
    Stick stick;
    REQUIRE(writeTips(*li, stick.path("tips")));
    auto const hello = readTips(stick.path("tips"), systemFiles());
    REQUIRE(hello);
    CHECK(hello->device == li.device());
    CHECK(hello->school == town.college.registry.school());
    CHECK(hello->tips == li->tips());
    auto const nothing = stick.writes(li, "nothing", hello->tips);
    REQUIRE(nothing);
    CHECK(nothing->frames == 0);
    REQUIRE(stick.reads(wang, "nothing"));
}

TEST_CASE("a file of one kind is not taken for another", "[transport]") {
    Town town;
    Machines machines(town.college);
    Machine& li = machines.of(town.li);
    Stick stick;
    REQUIRE(writeTips(*li, stick.path("tips")));
    REQUIRE(stick.writes(li, "exchange"));
    CHECK(stick.reads(li, "tips").error().reason == "exchange.kind");
    CHECK(readTips(stick.path("exchange"), systemFiles()).error().reason == "exchange.kind");
    CHECK(readFrames(stick.path("exchange"), systemFiles(), FileKind::Welcome).error().reason == "exchange.kind");
    CHECK(readFrames(stick.path("exchange"), systemFiles(), FileKind::Exchange)->size() == li.framesFor().size());
}

TEST_CASE("another college's file is refused before anything of it is taken", "[transport]") {
    Town ours(1), theirs(2);
    Machines machines(ours.college), others(theirs.college);
    Machine& li = machines.of(ours.li);
    Machine& stranger = others.of(theirs.li);
    stranger.write("unit/jwc", {{"title", "甲"}});
    Stick stick;
    REQUIRE(stick.writes(stranger, "a"));
    auto const before = li->logEnd();
    CHECK(stick.reads(li, "a").error().reason == "exchange.other-college");
    CHECK(li->logEnd() == before);
    CHECK(li->inbox().empty());
}

TEST_CASE("who belongs to no college yet writes no file", "[transport]") {
    Town town;
    Machines machines(town.college);
    Machine& li = machines.of(town.li);
    TemporaryFolder folder;
    REQUIRE(replica::Replica::create(folder.path() / "r", li.world(), li.secret().publicKey()));
    auto fresh =
        replica::Replica::open(folder.path() / "r", li.world(), replica::Access::Write, {}, folder.path() / "guard");
    REQUIRE(fresh);
    Stick stick;
    CHECK(writeTips(**fresh, stick.path("a")).error().reason == "replica.not-enrolled");
    CHECK(stick.names().empty());
}

TEST_CASE("attachments travel with the revisions that name them", "[transport][attachments]") {
    Town town;
    Machines machines(town.college);
    Machine& li = machines.of(town.li);
    Machine& wang = machines.of(town.wang);
    Stick stick;
    Attachments const mine = attachmentsOf(li);
    std::vector<trust::Attachment> files;
    for (std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{1} << 20, (std::size_t{5} << 20) + 7}) {
        std::string const name = "文件" + std::to_string(size) + ".pdf";
        stick.put(name, someBytes(size, size));
        auto added = Attachments(li.folder() / "attachments", systemFiles()).add(stick.path(name));
        REQUIRE(added);
        files.push_back(*added);
    }
    writeWithFiles(li, "unit/jwc", {files[0], files[1]});
    writeWithFiles(li, "unit/jwc", {files[1], files[2], files[3]});
    auto const written = stick.writes(li, "a", wang->tips());
    REQUIRE(written);
    CHECK(written->pieces == 0 + 1 + 1 + 6);
    auto const read = stick.reads(wang, "a");
    REQUIRE(read);
    CHECK(read->pieces == written->pieces);
    for (auto const& file : files) CHECK(attachmentsOf(wang).verify(file));
    auto const again = stick.reads(wang, "a");
    REQUIRE(again);
    CHECK(again->pieces == 0);
}

TEST_CASE("attachments that no revision taken here names are left in the file", "[transport][attachments]") {
    Town town;
    Machines machines(town.college);
    Machine& zhao = machines.of(town.zhao);
    Machine& li = machines.of(town.li);
    Stick stick;
    stick.put("secret.pdf", someBytes(3000, 1));
    auto const file = attachmentsOf(zhao).add(stick.path("secret.pdf"));
    REQUIRE(file);
    writeWithFiles(zhao, "unit/rsc", {*file});
    auto const written = stick.writes(zhao, "a", li->tips());
    REQUIRE(written);
    CHECK(written->pieces == 1);
    REQUIRE(stick.reads(li, "a"));
    CHECK_FALSE(attachmentsOf(li).holds(file->sha256));
}

TEST_CASE("nothing but the file itself stays on the stick", "[transport]") {
    Town town;
    Machines machines(town.college);
    Machine& li = machines.of(town.li);
    Stick stick;
    REQUIRE(stick.writes(li, "a"));
    REQUIRE(stick.writes(li, "a"));
    CHECK(stick.names() == std::vector<std::string>{"a"});
    CHECK(exportFile(*li, attachmentsOf(li), stick.path("no/such/folder"), FileKind::Exchange, {}, everyScope)
              .error()
              .code == ErrorCode::NotFound);
}

TEST_CASE("progress of a long way ends at its end and never goes back", "[transport]") {
    Town town;
    Machines machines(town.college);
    Machine& li = machines.of(town.li);
    Machine& wang = machines.of(town.wang);
    for (int i = 0; i < 30; ++i) li.write("unit/jwc", {{"n", i}, {"text", toHex(someBytes(100'000, 3))}});
    Stick stick;
    std::uint64_t last = 0, whole = 0;
    auto const watch = [&](std::uint64_t done, std::uint64_t of) {
        CHECK(done >= last);
        CHECK(done <= of);
        last = done;
        whole = of;
    };
    REQUIRE(exportFile(*li, attachmentsOf(li), stick.path("a"), FileKind::Exchange, {}, everyScope, watch));
    CHECK(last > 0);
    last = 0;
    Attachments attachments = attachmentsOf(wang);
    REQUIRE(importFile(*wang, attachments, stick.path("a"), watch));
    CHECK(last == whole);
}
