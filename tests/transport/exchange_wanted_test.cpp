// A payload that was lost or spoilt on the road: whoever lacks it asks for it again, until somebody brings it.
#include "stick.h"

#include <catch2/catch.hpp>

using namespace spiral;
using namespace spiral::transport;

namespace {

struct Road {
    Town town;
    Machines machines{town.college};
    Machine& li = machines.of(town.li);
    Machine& wang = machines.of(town.wang);
    Stick stick;

    /// Only the headers arrive, as when somebody has changed the stick on its way.
    void carrySpoilt(std::vector<trust::TravellingFrame> frames, std::optional<trust::Payload> const& payload) {
        for (auto& frame : frames) frame.payload = payload;
        for (auto const& answer : wang->import(std::move(frames), "the road", {})) {
            CHECK(answer.what == Answer::What::PayloadWanted);
        }
    }
    /// What the other lacks by its own tips file, as people do it. How many frames that was.
    std::uint64_t carry(Machine& from, Machine& to) {
        REQUIRE(writeTips(*to, stick.path("tips")));
        auto const hello = readTips(stick.path("tips"), systemFiles());
        REQUIRE(hello);
        auto const written = stick.writes(from, "frames", hello->tips);
        REQUIRE(written);
        REQUIRE(stick.reads(to, "frames"));
        return written->frames;
    }
};

}  // namespace

TEST_CASE("a payload that was lost on the road comes with the next exchange by tips", "[transport][wanted]") {
    Road road;
    auto const first = road.li.write("unit/jwc", {{"title", "甲"}});
    REQUIRE(road.carry(road.li, road.wang) == 1);
    auto const second = road.li.write("unit/jwc", {{"title", "乙"}});
    auto const spoilt =
        GENERATE(std::optional<trust::Payload>(),
                 std::optional<trust::Payload>({trust::Codec::Raw, toBytes(std::string_view("rubbish"))}));
    road.carrySpoilt(road.li.framesFor(road.wang->tips()), spoilt);
    auto const third = road.li.write("unit/jwc", {{"title", "丙"}});
    CHECK_FALSE(road.wang->revisionBytes(second));

    // The header is held, so by the highest tip alone nobody would bring what it lacks.
    CHECK(road.carry(road.li, road.wang) == 2);
    for (auto const& id : {first, second, third}) CHECK(road.wang->revisionBytes(id));
    CHECK(road.carry(road.li, road.wang) == 0);
    CHECK(road.wang->tipsToAskWith() == road.wang->tips());
}

TEST_CASE("the first frame of a feed without its payload is asked for from the beginning, on each branch",
          "[transport][wanted]") {
    Road road;
    Path const image = road.stick.path("image");
    road.li.saveImage(image, true);
    auto const here = road.li.write("unit/jwc", {{"title", "一支"}});
    auto frames = road.li.framesFor(road.wang->tips());
    road.li.restoreImage(image);
    auto const there = road.li.write("unit/jwc", {{"title", "另一支"}});
    auto const others = road.li.framesFor(road.wang->tips());
    road.li->import(frames, "test", {});
    road.carrySpoilt(frames, std::nullopt);
    road.wang->import(others, "test", {});
    REQUIRE(road.wang->feedForked(road.li.device(), trust::scopeOf("unit/jwc")));

    CHECK(road.carry(road.li, road.wang) == 2);
    CHECK(road.wang->revisionBytes(here));
    CHECK(road.wang->revisionBytes(there));
}

TEST_CASE("a registry entry that was spoilt on the road does not hold the registry back for ever",
          "[transport][wanted]") {
    Road road;
    auto const before = road.wang->registry().head().seq;
    Machine& keeper = road.machines.keeper();
    road.town.college.grant(road.town.li, "head@unit/jwc");
    road.machines.sealEntries();
    road.carrySpoilt(keeper.framesFor(road.wang->tips()),
                     trust::Payload{trust::Codec::Zstd, toBytes(std::string_view("rubbish"))});
    road.town.college.grant(road.town.wang, "clerk@unit/jwc");
    road.machines.sealEntries();
    CHECK(road.wang->registry().head().seq == before);
    CHECK(road.carry(keeper, road.wang) == 2);
    CHECK(road.wang->registry().head().seq == before + 2);
}

TEST_CASE("what a newer program will read is kept and not asked for again", "[transport][wanted]") {
    Road road;
    road.li.write("unit/jwc", {{"title", "甲"}});
    REQUIRE(road.carry(road.li, road.wang) == 1);
    auto frame = road.li.framesFor({}).back();
    auto header = trust::decodeFrameHeader(frame.header);
    REQUIRE(header);
    header->schema = 2;
    header->prev = hashAs<FrameId>(frame.header);
    ++header->seq;
    frame.header = toBytes(trust::encode(*header));
    frame.signature =
        road.li.secret().sign(trust::nameSpaceFor("frame", road.town.college.domain()), frame.header).value();
    frame.payload = trust::Payload{trust::Codec::Raw, toBytes(std::string_view("of a later form"))};
    auto const answers = road.wang->import({frame}, "test", {});
    REQUIRE(answers.size() == 1);
    CHECK(answers[0].what == Answer::What::Stored);
    CHECK(road.wang->tipsToAskWith() == road.wang->tips());
}
