// What accidents and enemies do to exchange files. Each is refused with a reason, and the replica is as it was.
#include "stick.h"

#include <zstd.h>

#include <catch2/catch.hpp>

using namespace spiral;
using namespace spiral::transport;

namespace {

/// Messages as the stream inside a file.
void append(Bytes& stream, ByteView message) {
    for (std::size_t i = 0; i < 4; ++i) stream.push_back(static_cast<std::uint8_t>(message.size() >> (8 * i)));
    stream.insert(stream.end(), message.begin(), message.end());
}
Bytes streamOf(std::vector<protocol::Message> const& messages) {
    Bytes stream;
    for (auto const& message : messages) append(stream, protocol::encode(message));
    return stream;
}
Bytes packed(ByteView stream, int windowLog = 20) {
    std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> const context(ZSTD_createCCtx(), ZSTD_freeCCtx);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_windowLog, windowLog);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_contentSizeFlag, 0);
    Bytes out(ZSTD_compressBound(stream.size()) + 100);
    // In two steps, so that the window is written and not made as small as the content.
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    ZSTD_inBuffer from{stream.data(), stream.size(), 0};
    ZSTD_compressStream2(context.get(), &to, &from, ZSTD_e_continue);
    REQUIRE(ZSTD_compressStream2(context.get(), &to, &from, ZSTD_e_end) == 0);
    out.resize(to.pos);
    return out;
}
/// A whole file around a zstd stream, with the right hash.
Bytes fileOf(ByteView zstd, char kind = 'X', std::string_view magic = "SPIRAL1\n") {
    Bytes file = toBytes(magic);
    file.push_back(static_cast<std::uint8_t>(kind));
    file.insert(file.end(), zstd.begin(), zstd.end());
    auto const hash = sha256(file);
    file.insert(file.end(), hash.raw.begin(), hash.raw.end());
    return file;
}

/// A reader, a file that it would take, and the means to say what happened to a changed one.
struct Bench {
    Town town;
    Machines machines{town.college};
    Machine& li = machines.of(town.li);
    Machine& wang = machines.of(town.wang);
    Stick stick;
    std::int64_t before = wang->logEnd();

    protocol::Hello hello() {
        protocol::Hello made;
        made.school = town.college.registry.school();
        made.device = li.device();
        return made;
    }
    std::string reasonFor(ByteView bytes) {
        stick.put("changed", bytes);
        auto const read = stick.reads(wang, "changed");
        CHECK(wang->logEnd() == before);
        CHECK(wang->inbox().empty());
        return read ? "" : read.error().reason;
    }
};

}  // namespace

TEST_CASE("every proper prefix of a small file is refused as cut, and changes nothing", "[transport][damage]") {
    Bench bench;
    bench.li.write("unit/jwc", {{"title", "甲"}});
    REQUIRE(bench.stick.writes(bench.li, "a", bench.wang->tips()));
    Bytes const whole = bench.stick.bytes("a");
    REQUIRE(whole.size() <= 2048);
    for (std::size_t length = 0; length < whole.size(); ++length) {
        INFO(length << " of " << whole.size());
        CHECK(bench.reasonFor(ByteView(whole).first(length)) == "exchange.truncated");
    }
}

TEST_CASE("a small file with any bit flipped is refused, and changes nothing", "[transport][damage]") {
    Bench bench;
    bench.li.write("unit/jwc", {{"title", "甲"}});
    REQUIRE(bench.stick.writes(bench.li, "a", bench.wang->tips()));
    Bytes const whole = bench.stick.bytes("a");
    std::size_t calledCut = 0;
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
        INFO("bit " << bit);
        Bytes bytes = whole;
        bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ (1U << (bit % 8)));
        std::string const reason = bench.reasonFor(bytes);
        CHECK((reason == "exchange.damaged" || reason == "exchange.truncated" ||
               (bit < 64 && (reason == "exchange.not-a-file" || reason == "exchange.newer"))));
        calledCut += reason == "exchange.truncated" ? 1 : 0;
    }
    CHECK(calledCut < 64);  // a flip in the length of a block looks like a cut
    CHECK(bench.reasonFor(ByteView(whole).first(whole.size() - 1)) == "exchange.truncated");
    Bytes longer = whole;
    longer.push_back(0);
    CHECK(bench.reasonFor(longer) == "exchange.damaged");
    auto const read = bench.stick.reads(bench.wang, "a");
    REQUIRE(read);
    CHECK(read->stored == 1);
}

TEST_CASE("a large file cut anywhere is refused as cut, and is taken when it comes whole", "[transport][damage]") {
    Bench bench;
    SeededRandom random(11);
    for (int i = 0; i < 300; ++i)
        bench.li.write("unit/jwc", {{"text", toHex(someBytes(2000, random.below(1U << 30)))}});
    REQUIRE(bench.stick.writes(bench.li, "a", bench.wang->tips()));
    Bytes const whole = bench.stick.bytes("a");
    REQUIRE(whole.size() > 300'000);
    for (int i = 0; i < 40; ++i) {
        CHECK(bench.reasonFor(ByteView(whole).first(random.below(whole.size()))) == "exchange.truncated");
    }
    for (int i = 0; i < 40; ++i) {
        Bytes bytes = whole;
        bytes[9 + random.below(whole.size() - 9)] ^= 0x10;
        CHECK(bench.reasonFor(bytes) != "");
    }
    CHECK(bench.stick.reads(bench.wang, "a")->stored == 300);
}

TEST_CASE("what is no exchange file is refused by name", "[transport][damage]") {
    Bench bench;
    CHECK(bench.reasonFor(asBytes("%PDF-1.7 and so on, for more bytes than a head and a hash")) ==
          "exchange.not-a-file");
    CHECK(bench.reasonFor(asBytes("x")) == "exchange.not-a-file");
    CHECK(bench.reasonFor({}) == "exchange.truncated");  // what a stick pulled too early often holds
    Bytes const stream = packed(streamOf({bench.hello(), protocol::Done{0}}));
    CHECK(bench.reasonFor(fileOf(stream, 'X', "SPIRAL2\n")) == "exchange.newer");
    CHECK(bench.reasonFor(fileOf(stream, 'Q')) == "exchange.kind");
    CHECK(bench.reasonFor(fileOf(stream)) == "");
    CHECK(importFile(*bench.wang, *std::make_unique<Attachments>(attachmentsOf(bench.wang)), bench.stick.path("none"))
              .error()
              .reason == "file.missing");
}

TEST_CASE("a hello of a newer program says so", "[transport][damage]") {
    Bench bench;
    auto hello = bench.hello();
    hello.version = 2;
    CHECK(bench.reasonFor(fileOf(packed(streamOf({hello, protocol::Done{0}})))) == "exchange.newer");
}

TEST_CASE("a file with the right hash and wrong contents changes nothing, however late the fault",
          "[transport][damage]") {
    Bench bench;
    bench.li.write("unit/jwc", {{"title", "甲"}});
    auto const frames = bench.li.framesFor(bench.wang->tips());
    protocol::Batch const batch{frames};
    std::string const damaged = "exchange.damaged";
    auto const with = [&](std::vector<protocol::Message> const& messages) {
        return bench.reasonFor(fileOf(packed(streamOf(messages))));
    };
    CHECK(with({batch}) == damaged);                                    // no hello
    CHECK(with({bench.hello(), batch}) == damaged);                     // no end
    CHECK(with({bench.hello(), batch, protocol::Done{2}}) == damaged);  // wrong count
    CHECK(with({bench.hello(), batch, protocol::Done{1}, protocol::Done{1}}) == damaged);
    CHECK(with({bench.hello(), batch, protocol::Answers{{{}}}, protocol::Done{1}}) == damaged);
    CHECK(with({bench.hello(), batch, protocol::Piece{{}, 0, Bytes(1)}, protocol::Done{1}}) == damaged);  // of no list
    CHECK(with({}) == damaged);

    Bytes stream = streamOf({bench.hello(), batch});
    append(stream, toBytes("no message"));
    CHECK(bench.reasonFor(fileOf(packed(stream))) == damaged);
    stream = streamOf({bench.hello(), batch});
    stream.insert(stream.end(), {0xFF, 0xFF, 0xFF, 0xFF});  // a message of 4 GiB
    CHECK(bench.reasonFor(fileOf(packed(stream))) == damaged);
    stream = streamOf({bench.hello(), batch, protocol::Done{1}});
    stream.pop_back();
    CHECK(bench.reasonFor(fileOf(packed(stream))) == damaged);

    Bytes zstd = packed(streamOf({bench.hello(), batch, protocol::Done{1}}));
    Bytes twice = zstd;
    twice.insert(twice.end(), zstd.begin(), zstd.end());
    CHECK(bench.reasonFor(fileOf(twice)) == damaged);
    Bytes skippable{0x50, 0x2A, 0x4D, 0x18, 4, 0, 0, 0, 1, 2, 3, 4};
    skippable.insert(skippable.end(), zstd.begin(), zstd.end());
    CHECK(bench.reasonFor(fileOf(skippable)) == damaged);
    CHECK(bench.reasonFor(fileOf(ByteView(zstd).first(zstd.size() - 4))) == damaged);
    CHECK(bench.reasonFor(fileOf({})) == damaged);
}

TEST_CASE("a window larger than eight mebibytes is refused, whatever it holds", "[transport][damage]") {
    Bench bench;
    Bytes const stream = streamOf({bench.hello(), protocol::Done{0}});
    CHECK(bench.reasonFor(fileOf(packed(stream, 23))) == "");
    CHECK(bench.reasonFor(fileOf(packed(stream, 24))) == "exchange.damaged");
    CHECK(bench.reasonFor(fileOf(packed(stream, 27))) == "exchange.damaged");
}

TEST_CASE("a small file that unpacks without end is refused before anything of it is taken", "[transport][damage]") {
    Bench bench;
    // One batch, so often that it would be 4 GiB; a few hundred kilobytes packed.
    std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> const context(ZSTD_createCCtx(), ZSTD_freeCCtx);
    Bytes zstd;
    Bytes buffer(1 << 20);
    auto const add = [&](ByteView bytes, ZSTD_EndDirective how) {
        ZSTD_inBuffer from{bytes.data(), bytes.size(), 0};
        std::size_t left = 0;
        do {
            ZSTD_outBuffer to{buffer.data(), buffer.size(), 0};
            left = ZSTD_compressStream2(context.get(), &to, &from, how);
            zstd.insert(zstd.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(to.pos));
        } while (how == ZSTD_e_end ? left != 0 : from.pos < from.size);
    };
    add(streamOf({bench.hello()}), ZSTD_e_continue);
    trust::TravellingFrame frame;
    frame.header = Bytes(100, 'h');
    frame.payload = trust::Payload{trust::Codec::Raw, Bytes(1'000'000, 'p')};
    Bytes const one = streamOf({protocol::Batch{{frame}}});
    std::uint64_t const times = 4000;
    for (std::uint64_t i = 0; i < times; ++i) add(one, ZSTD_e_continue);
    add(streamOf({protocol::Done{times}}), ZSTD_e_end);
    REQUIRE(zstd.size() < 2'000'000);
    CHECK(bench.reasonFor(fileOf(zstd)) == "exchange.too-large");
}

TEST_CASE("a small file that brings one frame without end is refused before a signature of it is verified",
          "[transport][damage]") {
    Bench bench;
    bench.li.write("unit/jwc", {{"title", "甲"}});
    auto const frames = bench.li.framesFor(bench.wang->tips());
    REQUIRE(frames.size() == 1);
    std::vector<protocol::Message> messages{bench.hello()};
    for (int i = 0; i < 100; ++i)
        messages.emplace_back(protocol::Batch{std::vector<trust::TravellingFrame>(500, frames[0])});
    messages.emplace_back(protocol::Done{50'000});
    Bytes const file = fileOf(packed(streamOf(messages), 23));
    REQUIRE(file.size() < 100'000);
    CHECK(bench.reasonFor(file) == "exchange.too-large");
}

TEST_CASE("a hostile tips file is refused like any other", "[transport][damage]") {
    Bench bench;
    auto const reasonOf = [&](ByteView bytes) {
        bench.stick.put("t", bytes);
        auto const read = readTips(bench.stick.path("t"), systemFiles());
        return read ? "" : read.error().reason;
    };
    CHECK(reasonOf(fileOf(packed(streamOf({bench.hello()})), 'T')) == "");
    CHECK(reasonOf(fileOf(packed(streamOf({bench.hello(), bench.hello()})), 'T')) == "exchange.damaged");
    CHECK(reasonOf(fileOf(packed(streamOf({protocol::Done{0}})), 'T')) == "exchange.damaged");
    CHECK(reasonOf(fileOf(packed({}), 'T')) == "exchange.damaged");
}

TEST_CASE("a full disk leaves no half of a file and says what is wrong", "[transport][damage]") {
    Bench bench;
    for (int i = 0; i < 20; ++i) bench.li.write("unit/jwc", {{"text", toHex(someBytes(100'000, 1))}, {"n", i}});

    /// A disk that is full after so many bytes.
    class SmallDisk final : public Files {
    public:
        explicit SmallDisk(std::uint64_t room) : m_room(room) {}
        Result<Bytes> read(Path const& path, std::size_t max) override { return systemFiles().read(path, max); }
        Result<void> replace(Path const& path, ByteView bytes, FileMode mode) override {
            return systemFiles().replace(path, bytes, mode);
        }
        Result<void> writeAt(Path const& path, std::uint64_t offset, ByteView bytes, FileMode mode) override {
            if (bytes.size() > m_room) {
                // As a disk does: what fits is there.
                static_cast<void>(
                    systemFiles().writeAt(path, offset, bytes.first(static_cast<std::size_t>(m_room)), mode));
                return makeError(ErrorCode::Environment, "disk.full", "write: no space left");
            }
            m_room -= bytes.size();
            return systemFiles().writeAt(path, offset, bytes, mode);
        }
        Result<Bytes> readAt(Path const& path, std::uint64_t offset, std::size_t count) override {
            return systemFiles().readAt(path, offset, count);
        }
        Result<void> sync(Path const& path) override { return systemFiles().sync(path); }
        Result<void> rename(Path const& from, Path const& to) override { return systemFiles().rename(from, to); }
        Result<void> remove(Path const& path) override { return systemFiles().remove(path); }
        Result<void> makeFolder(Path const& path, FileMode mode) override {
            return systemFiles().makeFolder(path, mode);
        }
        bool exists(Path const& path) override { return systemFiles().exists(path); }
        Result<std::uint64_t> size(Path const& path) override { return systemFiles().size(path); }
        std::vector<std::string> list(Path const& folder) override { return systemFiles().list(folder); }

    private:
        std::uint64_t m_room;
    };
    REQUIRE(bench.stick.writes(bench.li, "whole"));
    std::uint64_t const size = bench.stick.bytes("whole").size();
    bench.stick.put("a", asBytes("the file of before"));
    bench.li.close();
    for (std::uint64_t room : {std::uint64_t{0}, std::uint64_t{100}, size / 2, size - 33, size - 1}) {
        SmallDisk disk(room);
        auto world = bench.li.world();
        replica::World const small{world.wall, world.monotonic, world.random, disk};
        auto opened = replica::Replica::open(bench.li.folder(), small, replica::Access::Read);
        REQUIRE(opened);
        auto const written = exportFile(**opened, Attachments(bench.li.folder() / "attachments", disk),
                                        bench.stick.path("a"), FileKind::Exchange, {}, everyScope);
        REQUIRE_FALSE(written);
        CHECK(written.error().reason == "disk.full");
        CHECK(bench.stick.names() == std::vector<std::string>{"a", "whole"});
        CHECK(toText(bench.stick.bytes("a")) == "the file of before");
    }
}

TEST_CASE("the example on the page of formats is an exchange file", "[transport][formats]") {
    std::string const page = toText(systemFiles().read("docs/formats.md", 1U << 20).value());
    std::size_t const section = page.find("## Exchange file");
    REQUIRE(section != std::string::npos);
    std::size_t const begin = page.find("```hex\n", section) + 7;
    std::string hex;
    bool comment = false;
    for (char c : page.substr(begin, page.find("```", begin) - begin)) {
        comment = c == '#' || (comment && c != '\n');
        if (!comment && c != ' ' && c != '\n') hex += c;
    }
    auto const bytes = fromHex(hex);
    REQUIRE(bytes);
    Stick stick;
    stick.put("example", *bytes);
    auto const frames = readFrames(stick.path("example"), systemFiles(), FileKind::Exchange);
    REQUIRE(frames);
    CHECK(frames->empty());
}
