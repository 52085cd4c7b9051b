// Packing and unpacking, bombs, and payloads held against their headers.
#include "changeset_helpers.h"
#include "replica/changeset.h"

#include <zstd.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <string>

using namespace spiral;
using namespace spiral::replica;
using namespace spiral::replica::test;

namespace {

/// The reason of a refusal, or "ok".
template <class T>
std::string reasonOf(Result<T> const& result) {
    return result ? "ok" : result.error().reason;
}

struct ZstdSettings {
    bool sizeDeclared = true;
    std::string dictionary;
};
/// A zstd frame as another program could make it.
Bytes zstd(ByteView bytes, ZstdSettings const& settings = {}) {
    std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> const context(ZSTD_createCCtx(), &ZSTD_freeCCtx);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_contentSizeFlag, settings.sizeDeclared ? 1 : 0);
    if (!settings.dictionary.empty()) {
        ZSTD_CCtx_loadDictionary(context.get(), settings.dictionary.data(), settings.dictionary.size());
    }
    Bytes out(ZSTD_compressBound(bytes.size()));
    std::size_t const size = ZSTD_compress2(context.get(), out.data(), out.size(), bytes.data(), bytes.size());
    REQUIRE(!ZSTD_isError(size));
    out.resize(size);
    return out;
}

Bytes joined(Bytes first, Bytes const& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

/// About 2 KB of what a teacher writes into a plan.
std::string const kPlan =
    "本学期课程建设的目标是把校企合作的项目引入课堂，使学生在完成真实任务的过程中掌握数控加工的基本方法。"
    "上一轮诊断发现，实训室的工位利用率只有百分之六十二，主要原因是排课集中在周二和周四，设备检修又安排在同一时段。"
    "为此教研室提出三项改进：一是与教务处协商，把实训课分散到全周；二是建立设备预约台账，每周五公布下周空闲工位；"
    "三是请合作企业的两位技师驻校指导，每月不少于四次，并把指导记录纳入教师业务档案。"
    "预期到学期末，工位利用率达到百分之八十，学生作品合格率由百分之七十八提高到百分之八十五，企业满意度不低于九十分。"
    "质量监控由院系督导组负责，第八周进行中期检查，第十六周进行总结检查，检查结果在系部公告栏和平台同时公开。"
    "如果中期检查发现预约台账没有按时更新，由实训中心主任在三个工作日内说明原因并提出补救办法。"
    "经费方面，设备维护费从专业建设经费列支，技师津贴由校企合作专项承担，合计不超过六万元，超出部分须另行申请。"
    "本计划经教研室讨论通过，报系主任审核后执行；执行中如遇重大调整，应当提交修订稿并注明修订理由。"
    "附件包括工位利用率统计表、企业技师聘任协议、设备预约台账样表以及上一轮诊断报告的整改清单。"
    "各班班主任须在开学第一周向学生说明预约规则，并收集学生对实训安排的意见，汇总后交教研室备查。"
    "学期结束前，课程负责人撰写自我诊断报告，如实写明目标完成情况、存在的差距、产生差距的原因和下一步打算。"
    "报告由两名同行教师交叉审阅，审阅意见与修改记录一并保存，作为下一轮计划制定的依据。"
    "对连续两轮未达到目标的项目，教研室应当专题讨论，必要时调整目标值或者更换负责人。";

std::string revisionText(std::string const& body, std::string const& parents, std::string const& nonce) {
    return R"({"body":")" + body + R"(","n":")" + nonce + R"(","parents":[)" + parents + R"(],"v":1})";
}

/// A frame that inserts these rows.
struct Frame {
    trust::FrameHeader header;
    Payload payload;
};
Frame frameOf(Rows const& rows) {
    Frame frame;
    frame.header.items = rows.items();
    frame.payload = pack(writeChangeset(rows.all()));
    return frame;
}
Result<OpenPayload> open(Frame const& frame) {
    return openPayload(frame.header, frame.payload.codec, frame.payload.bytes, std::nullopt);
}

}  // namespace

TEST_CASE("what is packed unpacks to the same bytes", "[replica][payload]") {
    SeededRandom random(1);
    for (std::size_t count : {1, 10, 100, 500}) {
        Bytes const changeset = writeChangeset(randomRows(count, 600, random).all());
        for (int level : {1, 3, 19}) {
            Payload const payload = pack(changeset, std::nullopt, level);
            CHECK(payload.bytes.size() <= changeset.size());
            auto const back = unpack(payload.codec, payload.bytes);
            REQUIRE(back);
            CHECK(*back == changeset);
        }
    }
}

TEST_CASE("bytes that do not get smaller stay raw", "[replica][payload]") {
    SeededRandom random(2);
    Bytes const noise = randomBytes(5000, random);
    Payload const payload = pack(noise);
    CHECK(payload.codec == Codec::Raw);
    CHECK(payload.bytes == noise);
    CHECK(pack(noise, PackParent{random.token<ObjectId>(), asBytes(kPlan)}).codec == Codec::Raw);
    CHECK(pack({}) == Payload{Codec::Raw, {}});
    CHECK(*unpack(Codec::Raw, {}) == Bytes{});

    Bytes const text = toBytes(kPlan);
    CHECK(pack(text).codec == Codec::Zstd);
}

TEST_CASE("an edited text packed on its parent is less than a third of it packed alone", "[replica][payload]") {
    SeededRandom random(3);
    std::string const parent = revisionText(kPlan, "", toHex(randomBytes(16, random)));
    REQUIRE(kPlan.size() > 1900);
    REQUIRE(kPlan.size() < 2300);
    auto const parentId = hashAs<ObjectId>(asBytes(parent));

    std::string edited = kPlan;
    edited.replace(edited.find("百分之八十五"), std::string("百分之八十五").size(), "百分之八十八以上");
    edited.replace(edited.find("每月不少于四次"), std::string("每月不少于四次").size(),
                   "每月不少于六次，其中两次为公开示范课");
    Rows rows;
    rows.add(Item::Kind::Revision,
             toBytes(revisionText(edited, '"' + parentId.hex() + '"', toHex(randomBytes(16, random)))), random);
    Bytes const changeset = writeChangeset(rows.all());

    Payload const alone = pack(changeset);
    Payload const onParent = pack(changeset, PackParent{parentId, asBytes(parent)});
    REQUIRE(alone.codec == Codec::Zstd);
    REQUIRE(onParent.codec == Codec::ZstdOnParent);
    CAPTURE(changeset.size(), alone.bytes.size(), onParent.bytes.size());
    CHECK(onParent.bytes.size() * 3 < alone.bytes.size());

    CHECK(parentNeeded(onParent.codec, onParent.bytes) == parentId);
    auto const back = unpack(onParent.codec, onParent.bytes, asBytes(parent));
    REQUIRE(back);
    CHECK(*back == changeset);

    // The same holds for the largest texts, where the parent is as long as the window.
    std::string longParent;
    while (longParent.size() < 900 * 1000) longParent += toHex(randomBytes(64, random));
    std::string longEdited = longParent;
    longEdited.replace(400 * 1000, 9, "an edit here");
    auto const longId = hashAs<ObjectId>(asBytes(longParent));
    Payload const longOnParent = pack(asBytes(longEdited), PackParent{longId, asBytes(longParent)});
    REQUIRE(longOnParent.codec == Codec::ZstdOnParent);
    CHECK(longOnParent.bytes.size() * 20 < pack(asBytes(longEdited)).bytes.size());
    auto const longBack = unpack(longOnParent.codec, longOnParent.bytes, asBytes(longParent));
    REQUIRE(longBack);
    CHECK(asText(*longBack) == longEdited);
}

TEST_CASE("a payload packed on a parent opens with that parent only", "[replica][payload]") {
    SeededRandom random(4);
    std::string const parent = revisionText(kPlan, "", "");
    auto const parentId = hashAs<ObjectId>(asBytes(parent));
    Bytes const changeset = toBytes(revisionText(kPlan, parentId.hex(), ""));
    Payload const payload = pack(changeset, PackParent{parentId, asBytes(parent)});
    REQUIRE(payload.codec == Codec::ZstdOnParent);

    auto const without = unpack(payload.codec, payload.bytes);
    REQUIRE(!without);
    CHECK(without.error().code == ErrorCode::WrongState);
    CHECK(without.error().reason == "payload.parent-missing");
    auto const wrong = unpack(payload.codec, payload.bytes, asBytes("another text"));
    REQUIRE(!wrong);
    CHECK(wrong.error().code == ErrorCode::WrongState);
    CHECK(wrong.error().reason == "payload.parent-wrong");

    // Who names another parent than it was packed on harms nobody: what comes out is not the changeset.
    std::string const other = revisionText("另一份计划", "", "");
    Bytes renamed = payload.bytes;
    auto const otherId = hashAs<ObjectId>(asBytes(other));
    std::copy(otherId.raw.begin(), otherId.raw.end(), renamed.begin());
    auto const misled = unpack(payload.codec, renamed, asBytes(other));
    CHECK((!misled || *misled != changeset));

    Bytes const tooShort(31, 0);
    CHECK(!parentNeeded(Codec::ZstdOnParent, tooShort));
    CHECK(reasonOf(unpack(Codec::ZstdOnParent, tooShort, asBytes(parent))) == "payload.truncated");
    CHECK(!parentNeeded(Codec::Zstd, payload.bytes));
    CHECK(!parentNeeded(Codec::Raw, payload.bytes));
}

TEST_CASE("bombs end early", "[replica][payload]") {
    auto const start = std::chrono::steady_clock::now();
    // A frame that says it holds 8 GiB, and goes on with a block of one repeated byte.
    Bytes const declared{0x28, 0xB5, 0x2F, 0xFD, 0xE0, 0, 0, 0, 0, 2, 0, 0, 0, 0x03, 0, 0x10, 0};
    CHECK(reasonOf(unpack(Codec::Zstd, declared)) == "payload.raw-too-large");

    Bytes const tooMuch(kPayloadRawMax + 1, 0);
    Bytes const most(kPayloadRawMax, 0);
    CHECK(reasonOf(unpack(Codec::Zstd, zstd(tooMuch))) == "payload.raw-too-large");
    CHECK(reasonOf(unpack(Codec::Zstd, zstd(tooMuch, {.sizeDeclared = false, .dictionary = {}}))) ==
          "payload.raw-too-large");
    CHECK(reasonOf(unpack(Codec::Zstd, zstd(most))) == "ok");
    CHECK(reasonOf(unpack(Codec::Zstd, zstd(most, {.sizeDeclared = false, .dictionary = {}}))) == "ok");

    // Less, or more, than was declared. The size stands in four bytes behind the descriptor.
    Bytes const right = zstd(most);
    REQUIRE(right[4] == 0x80);
    auto const declaring = [&](std::uint32_t size) {
        Bytes frame = right;
        for (std::size_t i = 0; i < 4; ++i) frame[6 + i] = static_cast<std::uint8_t>(size >> (8 * i));
        return frame;
    };
    REQUIRE(declaring(kPayloadRawMax) == right);
    CHECK(reasonOf(unpack(Codec::Zstd, declaring(kPayloadRawMax + 1))) == "payload.raw-too-large");
    CHECK(reasonOf(unpack(Codec::Zstd, declaring(0xFFFFFFFF))) == "payload.raw-too-large");
    CHECK(reasonOf(unpack(Codec::Zstd, declaring(kPayloadRawMax - 1))) == "payload.zstd");
    CHECK(reasonOf(unpack(Codec::Zstd, declaring(1))) == "payload.zstd");
    CHECK(reasonOf(unpack(Codec::Zstd, declaring(0))) == "payload.zstd");
    CHECK(reasonOf(unpack(Codec::Zstd, zstd(toBytes(kPlan)))) == "ok");

    Bytes const stored(kPayloadStoredMaxAlone + 1, 0);
    for (Codec codec : {Codec::Raw, Codec::Zstd, Codec::ZstdOnParent}) {
        CHECK(reasonOf(unpack(codec, stored, asBytes("parent"))) == "payload.stored-too-large");
    }
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(10));
}

TEST_CASE("only one plain zstd frame is a payload", "[replica][payload]") {
    Bytes const text = toBytes(kPlan);
    Bytes const frame = zstd(text);
    REQUIRE(*unpack(Codec::Zstd, frame) == text);
    REQUIRE(*unpack(Codec::Zstd, zstd(text, {.sizeDeclared = false, .dictionary = {}})) == text);

    CHECK(reasonOf(unpack(Codec::Zstd, {})) == "payload.zstd");
    for (std::size_t size = 1; size < frame.size(); ++size) {
        CHECK(reasonOf(unpack(Codec::Zstd, ByteView(frame).first(size))) == "payload.zstd");
    }
    CHECK(reasonOf(unpack(Codec::Zstd, joined(frame, {0}))) == "payload.zstd-trailing");
    CHECK(reasonOf(unpack(Codec::Zstd, joined(frame, frame))) == "payload.zstd-trailing");
    Bytes const skippable{0x50, 0x2A, 0x4D, 0x18, 4, 0, 0, 0, 1, 2, 3, 4};
    CHECK(reasonOf(unpack(Codec::Zstd, skippable)) == "payload.zstd");
    CHECK(reasonOf(unpack(Codec::Zstd, joined(skippable, frame))) == "payload.zstd");
    CHECK(reasonOf(unpack(Codec::Zstd, joined(frame, skippable))) == "payload.zstd-trailing");
    CHECK(reasonOf(unpack(Codec::Zstd, text)) == "payload.zstd");
    CHECK(reasonOf(unpack(static_cast<Codec>(3), frame)) == "payload.codec");
    CHECK(reasonOf(unpack(static_cast<Codec>(255), frame)) == "payload.codec");

    // A dictionary's id in the head of the frame: one byte, of any value.
    Bytes withDictionary = frame;
    withDictionary[4] = static_cast<std::uint8_t>(withDictionary[4] | 1U);
    withDictionary.insert(withDictionary.begin() + 5, 7);
    CHECK(reasonOf(unpack(Codec::Zstd, withDictionary)) == "payload.zstd-dictionary");
    // A dictionary without an id leaves no trace in the frame; its bytes are just missing.
    CHECK(reasonOf(unpack(Codec::Zstd, zstd(text, {.dictionary = kPlan}))) == "payload.zstd");

    // A window as large as the largest payload, and one an eighth larger, before a block of two plain bytes.
    CHECK(reasonOf(unpack(Codec::Zstd, Bytes{0x28, 0xB5, 0x2F, 0xFD, 0, 0x68, 0x11, 0, 0, 'o', 'k'})) == "ok");
    CHECK(reasonOf(unpack(Codec::Zstd, Bytes{0x28, 0xB5, 0x2F, 0xFD, 0, 0x69, 0x11, 0, 0, 'o', 'k'})) ==
          "payload.zstd-window");
}

TEST_CASE("a refused payload leaves nothing behind for the next", "[replica][payload]") {
    std::string const parent = revisionText(kPlan, "", "");
    auto const parentId = hashAs<ObjectId>(asBytes(parent));
    Bytes const changeset = toBytes(revisionText(kPlan, parentId.hex(), ""));
    Payload const onParent = pack(changeset, PackParent{parentId, asBytes(parent)});
    Payload const alone = pack(changeset);
    for (std::size_t cut = 33; cut < onParent.bytes.size(); ++cut) {
        CHECK(!unpack(onParent.codec, ByteView(onParent.bytes).first(cut), asBytes(parent)));
        CHECK(*unpack(alone.codec, alone.bytes) == changeset);
    }
    // Without its parent's bytes the frame makes no sense, even right after it was read with them.
    CHECK(*unpack(onParent.codec, onParent.bytes, asBytes(parent)) == changeset);
    CHECK(!unpack(Codec::Zstd, ByteView(onParent.bytes).subspan(32)));
}

TEST_CASE("every flipped bit of a packed payload is refused, unpacks to the same, or fails the header",
          "[replica][payload]") {
    SeededRandom random(5);
    Rows rows;
    rows.add(Item::Kind::Revision, toBytes(kPlan), random);
    rows.add(Item::Kind::Revision, toBytes(kPlan + kPlan.substr(0, 300)), random);
    Frame const frame = frameOf(rows);
    REQUIRE(frame.payload.codec == Codec::Zstd);
    Bytes const changeset = writeChangeset(rows.all());
    for (std::size_t bit = 0; bit < frame.payload.bytes.size() * 8; ++bit) {
        Frame flipped = frame;
        flipped.payload.bytes[bit / 8] = static_cast<std::uint8_t>(flipped.payload.bytes[bit / 8] ^ (1U << (bit % 8)));
        auto const opened = open(flipped);
        if (opened) REQUIRE(opened->changeset == changeset);
    }
}

TEST_CASE("a payload opens to its rows in the order of the header's items", "[replica][payload]") {
    SeededRandom random(6);
    for (std::size_t count : {1, 2, 10, 100, 500}) {
        Rows rows;
        for (std::size_t i = 0; i < count; ++i) {
            rows.add(random.below(2) == 0 ? Item::Kind::Record : Item::Kind::Revision, randomBytes(50, random), random);
        }
        Frame const frame = frameOf(rows);
        auto const opened = open(frame);
        REQUIRE(opened);
        CHECK(sameRows(opened->rows, rows.all()));

        Frame reversed = frame;
        std::reverse(reversed.header.items.begin(), reversed.header.items.end());
        auto const reopened = open(reversed);
        REQUIRE(reopened);
        auto backwards = rows.all();
        std::reverse(backwards.begin(), backwards.end());
        CHECK(sameRows(reopened->rows, backwards));

        // What a session made opens just the same.
        Database database;
        Payload const captured = pack(database.captureInserts(rows.all()));
        auto const fromSession = openPayload(frame.header, captured.codec, captured.bytes, std::nullopt);
        REQUIRE(fromSession);
        CHECK(sameRows(fromSession->rows, rows.all()));
    }
}

TEST_CASE("rows are exactly the header's items", "[replica][payload]") {
    SeededRandom random(7);
    Rows rows;
    for (int i = 0; i < 4; ++i) {
        rows.add(i % 2 == 0 ? Item::Kind::Record : Item::Kind::Revision, randomBytes(50, random), random);
    }
    Frame const good = frameOf(rows);
    REQUIRE(open(good));

    Frame frame = good;
    frame.header.items.push_back({Item::Kind::Revision, random.token<ObjectId>()});
    CHECK(reasonOf(open(frame)) == "payload.row-missing");

    frame = good;
    frame.header.items.pop_back();
    CHECK(reasonOf(open(frame)) == "payload.row-extra");

    frame = good;
    frame.header.items[0].kind = Item::Kind::Revision;  // the id is there, but as a record
    CHECK(reasonOf(open(frame)) == "payload.row-missing");

    frame = good;
    std::vector<PayloadRow> twice = rows.all();
    twice[1] = twice[3];
    frame.payload = pack(writeChangeset(twice));
    CHECK(reasonOf(open(frame)) == "payload.row-extra");
    frame.header.items.erase(frame.header.items.begin() + 1);
    CHECK(reasonOf(open(frame)) == "payload.row-extra");

    frame = good;
    frame.payload = {Codec::Raw, {}};
    CHECK(reasonOf(open(frame)) == "payload.row-missing");
    frame.payload = {Codec::Raw, toBytes(std::string_view("T"))};
    CHECK(reasonOf(open(frame)) == "changeset.truncated");
}

TEST_CASE("a row whose bytes do not hash to its id is refused", "[replica][payload]") {
    SeededRandom random(8);
    Rows rows;
    for (int i = 0; i < 4; ++i) rows.add(Item::Kind::Record, randomBytes(50, random), random);
    Frame frame = frameOf(rows);
    auto wrong = rows.all();
    Bytes changed = toBytes(wrong[2].bytes);
    changed[49] = static_cast<std::uint8_t>(changed[49] ^ 1U);
    wrong[2].bytes = changed;
    frame.payload = pack(writeChangeset(wrong));
    auto const opened = open(frame);
    REQUIRE(!opened);
    CHECK(opened.error().code == ErrorCode::BadHash);
    CHECK(opened.error().reason == "payload.row-hash");
    CHECK(opened.error().detail.find(wrong[2].item.id.hex()) != std::string::npos);
}

TEST_CASE("a redacted row may be absent, and no other", "[replica][payload]") {
    SeededRandom random(9);
    Rows rows;
    for (int i = 0; i < 4; ++i) rows.add(Item::Kind::Revision, randomBytes(50, random), random);
    Frame frame = frameOf(rows);
    std::vector<PayloadRow> left = rows.all();
    std::vector<ObjectId> redactedIds{left[1].item.id};
    auto const redacted = [](void* context, ObjectId const& id) {
        auto const& ids = *static_cast<std::vector<ObjectId> const*>(context);
        return std::find(ids.begin(), ids.end(), id) != ids.end();
    };
    auto const openRedacted = [&] {
        return openPayload(frame.header, frame.payload.codec, frame.payload.bytes, std::nullopt, redacted,
                           &redactedIds);
    };

    // Who has not heard of the redaction still delivers the row; the frame is right either way.
    auto opened = openRedacted();
    REQUIRE(opened);
    CHECK(sameRows(opened->rows, rows.all()));

    left.erase(left.begin() + 1);
    frame.payload = pack(writeChangeset(left));
    CHECK(reasonOf(open(frame)) == "payload.row-missing");
    opened = openRedacted();
    REQUIRE(opened);
    CHECK(sameRows(opened->rows, left));

    left.erase(left.begin());
    frame.payload = pack(writeChangeset(left));
    CHECK(reasonOf(openRedacted()) == "payload.row-missing");

    // Nothing is left of a frame whose rows are all redacted.
    for (PayloadRow const& row : rows.all()) redactedIds.push_back(row.item.id);
    frame.payload = pack(writeChangeset({}));
    opened = openRedacted();
    REQUIRE(opened);
    CHECK(opened->rows.empty());
}

TEST_CASE("a payload of a newer table form is not read", "[replica][payload]") {
    SeededRandom random(10);
    Rows rows;
    rows.add(Item::Kind::Revision, randomBytes(50, random), random);
    Frame frame = frameOf(rows);
    frame.header.schema = 2;
    auto const opened = open(frame);
    REQUIRE(!opened);
    CHECK(opened.error().code == ErrorCode::Unsupported);
    CHECK(opened.error().reason == "newer.schema");
}

TEST_CASE("one row alone may pass the limit of a stored payload, several may not", "[replica][payload]") {
    SeededRandom random(11);
    Rows one;
    one.add(Item::Kind::Record, randomBytes(trust::kObjectBytesMax, random), random);
    Frame const alone = frameOf(one);
    REQUIRE(alone.payload.bytes.size() > kPayloadStoredMax);
    CHECK(reasonOf(open(alone)) == "ok");

    one.add(Item::Kind::Revision, randomBytes(1, random), random);
    CHECK(reasonOf(open(frameOf(one))) == "payload.stored-too-large");
}
