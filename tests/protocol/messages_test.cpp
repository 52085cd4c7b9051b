// Messages as bytes: what is written reads back, and nothing else reads.
#include "samples.h"

#include "base/files.h"
#include "short_form.h"

#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <new>

using namespace spiral;
using namespace spiral::protocol;

namespace {

// Counts what decoding asks for, so that a test can say how much a hostile message costs.
std::atomic<std::size_t> allocated = 0;

std::size_t allocatedBy(auto const& work) {
    std::size_t const before = allocated;
    work();
    return allocated - before;
}

std::string reasonOf(ByteView bytes, Limits const& limits = {}) {
    auto const message = decode(bytes, limits);
    return message ? "" : message.error().reason;
}

void setNumber(Bytes& bytes, std::size_t at, std::uint64_t value, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) bytes[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
}

}  // namespace

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SPIRAL_SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SPIRAL_SANITIZED
#endif
#ifndef SPIRAL_SANITIZED
// The program's own operators, as the language allows: they count, and call malloc. Sanitizers bring theirs; under them
// nothing is counted.
#if defined(__GNUC__) && !defined(__clang__)
// Where g++ inlines one of the two and not the other it takes malloc and free for strangers.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif
void* operator new(std::size_t size) {
    allocated += size;
    if (void* const memory = std::malloc(size != 0 ? size : 1)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
#endif

TEST_CASE("each message reads back as it was written", "[protocol][messages]") {
    for (auto const& message : eachMessage()) {
        auto const read = decode(encode(message));
        REQUIRE(read);
        CHECK(*read == message);
    }
}

// Tips were thought to take 83 bytes at least, those of "college". A department whose id is one letter takes 82: once there
// were more tips of it than of longer names, the message was refused as cut, and nobody there could sync any more.
TEST_CASE("tips of a department with the shortest name are read", "[protocol][messages]") {
    SeededRandom random(3);
    Hello hello = someHello(random, 0);
    for (std::uint64_t i = 0; i < 50; ++i) {
        hello.tips.push_back({Scope::unit("a"), random.token<DeviceId>(), random.token<FrameId>(), i + 1});
    }
    std::sort(hello.tips.begin(), hello.tips.end());
    CHECK(reasonOf(encode(hello)).empty());
    CHECK(reasonOf(encode(Tips{hello.tips})).empty());
}

TEST_CASE("a message has one form", "[protocol][messages]") {
    // The first bytes, by hand: little-endian, kind, then the fields.
    Bytes const done = encode(Done{0x0102});
    CHECK(toHex(done) ==
          "01"
          "06"
          "0201000000000000");
    Bytes const piece = encode(Piece{AttachmentId{}, 5, Bytes{0xAA}});
    CHECK(toHex(piece) == "0104" + std::string(64, '0') +
                              "05000000"
                              "01000000"
                              "aa");
}

TEST_CASE("every proper prefix of a message is refused, and so is one byte more", "[protocol][messages]") {
    for (auto const& message : eachMessage()) {
        Bytes bytes = encode(message);
        for (std::size_t length = 0; length < bytes.size(); ++length) {
            CHECK_FALSE(decode(ByteView(bytes).first(length)));
        }
        bytes.push_back(0);
        CHECK(reasonOf(bytes) == "message.trailing");
    }
}

TEST_CASE("a message with any bit flipped is refused, or is the message that these bytes write",
          "[protocol][messages]") {
    for (auto const& message : eachMessage()) {
        Bytes const whole = encode(message);
        for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
            Bytes bytes = whole;
            bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ (1U << (bit % 8)));
            std::optional<Result<Message>> read;
            std::size_t const cost = allocatedBy([&] { read = decode(bytes); });
            CHECK(cost < 16 * 1024);
            if (*read && !std::holds_alternative<Unknown>(**read)) {
                CHECK(encode(**read) == bytes);
                CHECK_FALSE(**read == message);
            }
        }
    }
}

TEST_CASE("lengths beyond the message are refused before memory is asked for", "[protocol][messages]") {
    // Every place that could be a length, with every size of lie. 2^60 does not fit a length of four bytes, but fits
    // where two of them stand side by side.
    for (auto const& message : eachMessage()) {
        Bytes const whole = encode(message);
        for (std::size_t at = 2; at + 8 <= whole.size(); ++at) {
            for (std::uint64_t const lie :
                 {std::uint64_t{1} << 60, std::uint64_t{0xFFFF'FFFF}, std::uint64_t{1} << 28, std::uint64_t{100'000}}) {
                Bytes bytes = whole;
                setNumber(bytes, at, lie, lie >> 32 != 0 ? 8 : 4);
                CHECK(allocatedBy([&] { static_cast<void>(decode(bytes)); }) < 16 * 1024);
            }
        }
    }
}

TEST_CASE("limits are held, and named", "[protocol][messages]") {
    SeededRandom random(3);
    Limits small;
    small.batchFramesMax = 2;
    Batch batch;
    for (int i = 0; i < 3; ++i) batch.frames.push_back(someFrame(random, 10, 10));
    CHECK(decode(encode(batch)));
    CHECK(reasonOf(encode(batch), small) == "message.too-large");

    small = {};
    small.batchBytesMax = 100;
    CHECK(reasonOf(encode(batch), small) == "message.too-large");
    batch.frames.resize(1);
    batch.frames[0] = someFrame(random, 10, 5000);
    CHECK(decode(encode(batch), small));  // one frame alone
    small.payloadBytesMax = 4999;
    CHECK(reasonOf(encode(batch), small) == "message.too-large");

    small = {};
    small.messageBytesMax = 10;
    CHECK(reasonOf(encode(batch), small) == "message.too-large");
    small = {};
    small.tipsMax = 2;
    CHECK(reasonOf(encode(someHello(random, 3)), small) == "message.too-large");
    small = {};
    small.answersMax = 2;
    CHECK(reasonOf(encode(someAnswers(random)), small) == "message.too-large");
    CHECK(reasonOf(encode(Batch{})) == "message.empty");
    CHECK(reasonOf(encode(Batch{{someFrame(random, trust::FrameHeader::kBytesMax + 1, 1)}})) == "message.too-large");
    CHECK(reasonOf(encode(Piece{{}, 0, Bytes(trust::kAttachmentPieceBytes + 1)})) == "message.too-large");
    CHECK(decode(encode(Piece{{}, 0, Bytes(trust::kAttachmentPieceBytes)})));
}

TEST_CASE("the largest frame that a store makes fits into a message", "[protocol][messages]") {
    SeededRandom random(3);
    Limits const limits;
    Batch const batch{{someFrame(random, trust::FrameHeader::kBytesMax, limits.payloadBytesMax)}};
    CHECK(decode(encode(batch)));
}

TEST_CASE("what is no message of ours is refused by name", "[protocol][messages]") {
    SeededRandom random(4);
    Bytes bytes = encode(Done{1});
    bytes[0] = 0;
    CHECK(reasonOf(bytes) == "message.endianness");
    bytes = encode(Done{1});
    bytes[1] = 16;
    CHECK(reasonOf(bytes) == "message.kind");
    // From 64 on it may be passed over: an older program goes on beside a newer one.
    bytes[1] = 64;
    auto const passed = decode(bytes);
    REQUIRE(passed);
    CHECK(*passed == Message(Unknown{64}));
    bytes[1] = 0;
    CHECK(reasonOf(bytes) == "message.kind");
    CHECK(reasonOf({}) == "message.truncated");

    Hello hello = someHello(random, 2);
    hello.version = 2;
    bytes = encode(hello);
    CHECK(reasonOf(bytes) == "message.newer");
    CHECK(reasonOf(ByteView(bytes).first(6)) == "message.newer");  // whatever follows
    hello.version = 0;
    CHECK(reasonOf(encode(hello)) == "message.version");
    hello.version = 1;
    std::swap(hello.tips[0], hello.tips[1]);
    CHECK(reasonOf(encode(hello)) == "message.order");
    hello.tips[1] = hello.tips[0];
    CHECK(reasonOf(encode(hello)) == "message.order");
    hello.tips.resize(1);
    bytes = encode(hello);
    auto const scope =
        std::search(bytes.begin(), bytes.end(), hello.tips[0].scope.text().begin(), hello.tips[0].scope.text().end());
    REQUIRE(scope != bytes.end());
    *scope = 'U';
    CHECK(reasonOf(bytes) == "message.scope");
    hello.tips[0].seq = 0;
    CHECK(reasonOf(encode(hello)) == "message.seq");

    auto list = someList(random, trust::kAttachmentPieceBytes + 1);
    list.pieces.pop_back();
    CHECK(reasonOf(encode(list)) == "message.pieces");
    for (char const* name : {"", "a/b", "a\nb", "\xff"}) {
        list = someList(random, 1);
        list.file.name = name;
        CHECK(reasonOf(encode(list)) == "message.attachment");
    }
    list = someList(random, 1);
    list.file.type = "PDF";
    CHECK(reasonOf(encode(list)) == "message.attachment");

    auto answers = someAnswers(random);
    answers.runs[1].reason = "Not A Slug";
    CHECK(reasonOf(encode(answers)) == "message.reason");
    answers = someAnswers(random);
    answers.runs[1].about = "line\nbreak";
    CHECK(reasonOf(encode(answers)) == "message.about");
    answers = someAnswers(random);
    answers.runs[0].count = 0;
    CHECK(reasonOf(encode(answers)) == "message.empty");
    Greeting greeting = someGreeting(random, true);
    greeting.oldest = greeting.version + 1;
    CHECK(reasonOf(encode(greeting)) == "message.version");
    WantPieces want{Scope::college(), list.file, {2, 2}};
    CHECK(reasonOf(encode(want)) == "message.attachment");
    want.file = someList(random, 1).file;
    CHECK(reasonOf(encode(want)) == "message.order");
}

TEST_CASE("a message travels packed where that is smaller, and unpacks bounded", "[protocol][messages]") {
    for (auto const& message : eachMessage()) {
        auto const read = unpack(pack(message));
        REQUIRE(read);
        CHECK(*read == message);
    }
    Batch repeated;
    SeededRandom random(6);
    for (int i = 0; i < 100; ++i) repeated.frames.push_back(someFrame(random, 10, std::nullopt));
    for (auto& frame : repeated.frames) frame.header = Bytes(400, 'x');
    Bytes const packed = pack(repeated);
    CHECK(packed.size() * 3 < encode(repeated).size());
    CHECK(*unpack(packed) == Message(repeated));
    CHECK(unpackedBytes(packed) == packed.size() + encode(repeated).size());
    CHECK(unpackedBytes(Bytes{0, 1}) == 2);
    Limits small;
    small.messageBytesMax = 1000;
    auto const large = unpack(packed, small);
    REQUIRE_FALSE(large);
    CHECK(large.error().reason == "message.too-large");
    for (std::size_t length = 0; length < packed.size(); length += 7) CHECK_FALSE(unpack(ByteView(packed).first(length)));
    CHECK(unpack(Bytes{9, 1}).error().reason == "message.codec");
    // What travels of an answer is short and clean, whatever was to be said.
    std::string about;
    for (int i = 0; i < 200; ++i) about += "长";
    AnswerRun const run = runOf({{}, trust::Answer::What::Refused, "a.b", about + "\n"});
    CHECK(run.about == about.substr(0, 255));
    CHECK(runOf({{}, trust::Answer::What::Refused, "a.b", "x\ny"}).about == "x y");
    CHECK(runOf({{}, trust::Answer::What::Refused, "a.b", "x\xff"}).about.empty());
}

namespace {

/// A batch whose headers and payloads name the same ids, once in hexadecimal and once as bytes, as real ones do.
Batch batchOfSingleFrames(SeededRandom& random, std::size_t frames) {
    Batch batch;
    ObjectId const school = random.token<ObjectId>();
    for (std::size_t i = 0; i < frames; ++i) {
        auto const id = random.token<ObjectId>();
        auto frame = someFrame(random, 10, std::nullopt);
        frame.header = toBytes("{\"items\":[\"d" + id.hex() + "\"],\"prev\":\"" + random.token<FrameId>().hex() +
                               "\",\"school\":\"" + school.hex() + "\"}");
        Bytes payload(id.raw.begin(), id.raw.end());
        Bytes const body = toBytes("{\"n\":\"" + random.token<Nonce>().hex() + "\",\"school\":\"" + school.hex() + "\"}");
        payload.insert(payload.end(), body.begin(), body.end());
        frame.payload = trust::Payload{trust::Codec::Raw, payload};
        batch.frames.push_back(std::move(frame));
    }
    return batch;
}

}  // namespace

TEST_CASE("ids that are written out twice travel once, to whoever reads the short form", "[protocol][messages]") {
    SeededRandom random(7);
    Message const batch = batchOfSingleFrames(random, 100);
    Bytes const longer = pack(batch), shorter = pack(batch, Form::Short);
    // Signature, item, predecessor and nonce do not pack: 144 bytes a frame.
    CHECK(shorter.size() < 100 * 170);
    CHECK(longer.size() > shorter.size() + 100 * 32);
    CHECK(*unpack(shorter) == batch);
    CHECK(unpackedBytes(shorter) == shorter.size() + encode(batch).size());

    Wire wire;
    CHECK(wire.pack(batch) == longer);
    Greeting greeting;
    greeting.version = 1;
    REQUIRE(wire.unpack(pack(greeting)));
    CHECK(wire.pack(batch) == longer);
    greeting.version = kShortFormVersion;
    REQUIRE(wire.unpack(pack(greeting)));
    CHECK(wire.pack(batch) == shorter);
    REQUIRE(wire.unpack(shorter));
}

TEST_CASE("the short form gives every message back byte for byte", "[protocol][messages]") {
    for (auto const& message : eachMessage()) CHECK(*unpack(pack(message, Form::Short)) == message);
    // Runs of digits of every length, at every place, beside digits that are part of no id, and the byte that marks.
    SeededRandom random(8);
    constexpr std::string_view pieces = "0123456789abcdef\xff\xff\xffgG\"";
    for (int round = 0; round < 3'000; ++round) {
        auto frame = someFrame(random, 10, std::nullopt);
        std::string text;
        while (text.size() < 300) {
            std::size_t const run = random.below(150);
            std::size_t const kinds = random.below(4) == 0 ? pieces.size() : 16;
            for (std::size_t i = 0; i < run; ++i) text += pieces[random.below(kinds)];
            text += pieces[random.below(pieces.size())];
        }
        frame.header = toBytes(text);
        Message const message = Batch{{frame}};
        REQUIRE(*unpack(pack(message, Form::Short)) == message);
    }
    Message const marks = Batch{{{Bytes(60'000, 0xFF), {}, std::nullopt}}};
    CHECK(*unpack(pack(marks, Form::Short)) == marks);
}

TEST_CASE("the short form on the page of formats is what it says there", "[protocol][messages][formats]") {
    std::string const page = toText(systemFiles().read("docs/formats.md", 1U << 20).value());
    std::size_t const section = page.find("**Short form.**");
    REQUIRE(section != std::string::npos);
    std::size_t const begin = page.find("```hex\n", section) + 7;
    std::string hex = page.substr(begin, page.find("```", begin) - begin);
    std::erase_if(hex, [](char c) { return c == ' ' || c == '\n'; });
    auto const bytes = fromHex(hex);
    REQUIRE(bytes);
    Bytes const text = toBytes("{\"n\":\"00112233445566778899aabbccddeeff\"}\xff");
    CHECK(shorten(text) == *bytes);
    CHECK(lengthen(*bytes, text.size()) == text);
    CHECK_FALSE(lengthen(*bytes, text.size() + 1));
    CHECK_FALSE(lengthen(*bytes, text.size() - 1));
    for (std::size_t length = 0; length < bytes->size(); ++length) CHECK_FALSE(lengthen(ByteView(*bytes).first(length), text.size()));
    CHECK_FALSE(lengthen(Bytes{0xFF, 65}, 130));
    CHECK_FALSE(lengthen({}, std::size_t{1} << 40));   // and no memory is taken
}

TEST_CASE("a short form that is damaged or says a wrong size is refused, within its bounds", "[protocol][messages]") {
    SeededRandom random(9);
    Bytes const packed = pack(batchOfSingleFrames(random, 4), Form::Short);
    REQUIRE(packed.front() == 2);
    for (std::size_t length = 0; length < packed.size(); ++length) CHECK_FALSE(unpack(ByteView(packed).first(length)));
    for (int delta : {-1, 1}) {
        Bytes other = packed;
        other[1] = static_cast<std::uint8_t>(other[1] + delta);
        CHECK(unpack(other).error().reason == "message.unpack");
    }
    Bytes huge = packed;
    huge[4] = 0x7F;
    CHECK(unpack(huge).error().reason == "message.too-large");
    CHECK(unpackedBytes(huge) == huge.size());
    // No bit flip makes it anything but refused, or a message of its size.
    for (std::size_t bit = 0; bit < packed.size() * 8; ++bit) {
        Bytes flipped = packed;
        flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ (1U << bit % 8));
        if (auto const read = unpack(flipped); !read) CHECK_FALSE(read.error().reason.empty());
    }
}

TEST_CASE("tips that do not fit into a hello are left out from the end", "[protocol][messages]") {
    SeededRandom random(5);
    auto const tips = someHello(random, 30'000).tips;
    Hello hello;
    hello.tips = tipsThatFit(tips);
    CHECK(hello.tips.size() > 20'000);
    CHECK(hello.tips.size() < tips.size());
    CHECK(std::equal(hello.tips.begin(), hello.tips.end(), tips.begin()));
    auto const read = decode(encode(hello));
    REQUIRE(read);
    CHECK(std::get<Hello>(*read) == hello);
}
