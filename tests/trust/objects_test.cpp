#include "trust/objects.h"

#include "base/files.h"
#include "base/random.h"
#include "base/sha256.h"
#include "trust/signature.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

using namespace spiral;
using namespace spiral::trust;

namespace {

// The golden files were made by tests/vectors/golden/make.py from the format page, not by the code under test.

Path const kGolden = "tests/vectors/golden";

std::string fileText(std::string const& name) {
    auto bytes = systemFiles().read(kGolden / name, std::size_t{4} << 20);
    if (!bytes) FAIL("cannot read " << (kGolden / name) << ": the tests run in the root of the repository");
    return toText(*bytes);
}

// No lists in braces around these values: that would put them into a JSON array of one.
nlohmann::json const& golden() {
    static nlohmann::json const index = nlohmann::json::parse(fileText("golden.json"));
    return index;
}

/// One line of golden.json with the bytes of its file.
struct GoldenObject {
    std::string file, kind, id, bytes, expect, signer, nameSpace, signature, armour;
};

std::vector<GoldenObject> const& goldenObjects() {
    static std::vector<GoldenObject> const objects = [] {
        std::vector<GoldenObject> list;
        for (auto const& line : golden()["objects"])
            list.push_back({line["file"], line["kind"], line["id"], fileText(line["file"]), line.value("expect", ""),
                            line.value("signer", ""), line.value("namespace", ""), line.value("signature", ""),
                            line.value("armour", "")});
        return list;
    }();
    REQUIRE(objects.size() >= 29);
    return objects;
}

std::string bytesOf(std::string const& file) {
    for (GoldenObject const& object : goldenObjects())
        if (object.file == file) return object.bytes;
    FAIL("no golden object " << file);
    return {};
}

PublicKey keyOf(std::string const& signer) {
    for (auto const& device : golden()["devices"])
        if (device["name"] == signer) return PublicKey::fromHex(device["key"].get<std::string>()).value();
    FAIL("no golden device " << signer);
    return {};
}

Result<Attachment> decodeAttachmentBytes(ByteView bytes) {
    auto value = json::parse(bytes);
    if (!value) return value.error();
    auto file = attachmentFrom(*value);
    if (!file) return makeError(ErrorCode::Malformed, "attachment");
    return *file;
}

template <class Object>
Result<std::string> again(Result<Object> const& object) {
    if (!object) return object.error();
    return encode(*object);
}

/// encode(decode(bytes)) for an object of that kind, or why it was refused.
Result<std::string> decodeAndEncode(std::string const& kind, std::string_view text) {
    ByteView const bytes = asBytes(text);
    if (kind == "revision") return again(decodeRevision(bytes));
    if (kind == "record") return again(decodeRecord(bytes));
    if (kind == "frame-header") return again(decodeFrameHeader(bytes));
    REQUIRE(kind == "attachment");
    auto const file = decodeAttachmentBytes(bytes);
    if (!file) return file.error();
    return json::encode(toJson(*file));
}

/// The golden object with one change, as bytes.
template <class Change>
std::string changed(std::string const& file, Change change) {
    auto value = json::parse(bytesOf(file)).value();
    change(*value.asObject());
    return json::encode(value);
}

Revision goldenRevision(std::string const& file) { return decodeRevision(asBytes(bytesOf(file))).value(); }
Record goldenRecord(std::string const& file) { return decodeRecord(asBytes(bytesOf(file))).value(); }
FrameHeader goldenHeader(std::string const& file) { return decodeFrameHeader(asBytes(bytesOf(file))).value(); }

/// `count` hashes in rising order.
std::vector<ObjectId> sortedIds(std::size_t count) {
    std::vector<ObjectId> ids;
    for (std::size_t i = 0; i < count; ++i) {
        ObjectId id;
        id.raw[0] = static_cast<std::uint8_t>(i >> 8U);
        id.raw[1] = static_cast<std::uint8_t>(i);
        ids.push_back(id);
    }
    return ids;
}

std::vector<Item> items(std::size_t count) {
    std::vector<Item> list;
    for (ObjectId const& id : sortedIds(count)) list.push_back({Item::Kind::Revision, id});
    return list;
}

void requireRefused(Result<std::string> const& result, ErrorCode code, std::string const& reason) {
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().reason == reason);
    CHECK(nameOf(result.error().code) == nameOf(code));
}

/// Either refused, or exactly the object that was given.
void requireFaithful(std::string const& kind, std::string const& bytes) {
    auto const result = decodeAndEncode(kind, bytes);
    if (result && *result != bytes) FAIL(kind << " is read as something else: " << bytes);
    if (!result && result.error().reason.empty()) FAIL("refused without a reason: " << bytes);
}

}  // namespace

TEST_CASE("golden objects hash to the ids that the generator gave them", "[trust][objects]") {
    for (GoldenObject const& object : goldenObjects()) {
        CAPTURE(object.file);
        CHECK(hashAs<ObjectId>(asBytes(object.bytes)).hex() == object.id);
    }
}

TEST_CASE("golden objects are read, and encoding what was read gives the same bytes", "[trust][objects]") {
    for (GoldenObject const& object : goldenObjects()) {
        CAPTURE(object.file);
        auto const result = decodeAndEncode(object.kind, object.bytes);
        if (object.expect.empty()) {
            REQUIRE(result.has_value());
            CHECK(*result == object.bytes);
        } else {
            requireRefused(result, ErrorCode::Unsupported, object.expect);
        }
    }
}

TEST_CASE("golden signatures verify for their key, namespace and bytes, and for no other", "[trust][objects]") {
    int checked = 0;
    for (GoldenObject const& object : goldenObjects()) {
        if (object.signature.empty()) continue;
        CAPTURE(object.file);
        auto const key = keyOf(object.signer);
        auto const signature = Signature::fromHex(object.signature).value();
        CHECK(verify(key, object.nameSpace, asBytes(object.bytes), signature));
        CHECK_FALSE(verify(keyOf(object.signer == "leader" ? "clerk" : "leader"), object.nameSpace,
                           asBytes(object.bytes), signature));
        CHECK_FALSE(verify(key, "x" + object.nameSpace, asBytes(object.bytes), signature));
        CHECK_FALSE(verify(key, object.nameSpace, asBytes(object.bytes + " "), signature));
        CHECK(armour(key, object.nameSpace, signature) == fileText(object.armour));

        // The signer is the device that the object names, and the namespace comes from its kind.
        std::string const domain = golden()["domain"];
        if (object.kind == "record") {
            Record const record = goldenRecord(object.file);
            CHECK(record.by.device == deviceIdOf(key));
            CHECK(nameSpaceFor(record.kind, domain) == object.nameSpace);
        } else {
            CHECK(goldenHeader(object.file).device == deviceIdOf(key));
            CHECK(nameSpaceFor("frame", domain) == object.nameSpace);
        }
        ++checked;
    }
    CHECK(checked >= 13);
}

TEST_CASE("each broken rule is refused by its name", "[trust][objects]") {
    auto const cases = nlohmann::json::parse(fileText("refused.json"));
    REQUIRE(cases.size() >= 250);
    for (auto const& line : cases) {
        std::string const claim = line["claim"];
        CAPTURE(claim);
        std::string const bytes = line.contains("hex") ? toText(fromHex(line["hex"].get<std::string>()).value())
                                                       : line["text"].get<std::string>();
        auto const result = decodeAndEncode(line["kind"], bytes);
        REQUIRE_FALSE(result.has_value());
        CHECK(result.error().reason == line["reason"].get<std::string>());
        CHECK(std::string(nameOf(result.error().code)) == line["code"].get<std::string>());
    }
}

TEST_CASE("a revision is read field by field", "[trust][objects]") {
    Revision const merge = goldenRevision("revision-merge.json");
    CHECK(merge.school.hex() == golden()["school"].get<std::string>());
    CHECK(merge.scope == Scope::unit("jwc"));
    CHECK(merge.type == "task.v1");
    CHECK(merge.parents.size() == 2);
    CHECK(std::ranges::is_sorted(merge.parents));
    CHECK(merge.time.wall == parseInstant("2026-03-02T14:08:30.999Z"));
    CHECK(merge.time.counter == 1);
    CHECK(*json::stringAt(merge.fields, "title") == "甲、乙");
    CHECK(merge.files.empty());
    CHECK(merge.unknown.empty());

    Revision const first = goldenRevision("revision-first.json");
    CHECK(first.parents.empty());
    CHECK(first.fields.empty());
    CHECK(first.doc == merge.doc);
    CHECK(first.by == merge.by);
    CHECK(first.nonce != merge.nonce);

    Revision const attached = goldenRevision("revision-attachment.json");
    REQUIRE(attached.files.size() == 4);
    auto const report = std::ranges::find(attached.files, "2026年春季学期教学检查报告.pdf", &Attachment::name);
    REQUIRE(report != attached.files.end());
    CHECK(report->size == kAttachmentPieceBytes);
    CHECK(report->type == "application/pdf");
    CHECK(report->date == parseDay("2026-03-01"));

    Revision const later = goldenRevision("revision-unknown-keys.json");
    CHECK(later.unknown.size() == 2);
    CHECK(*json::stringAt(later.unknown, "zone") == "Asia/Shanghai");
    CHECK(goldenRevision("revision-critical-known.json").critical == std::vector<std::string>{"parents", "type"});
    CHECK(*json::integerAt(goldenRevision("revision-limits.json").fields, "smallest") == -json::kIntegerMax);
}

TEST_CASE("a record is read field by field", "[trust][objects]") {
    Record const submit = goldenRecord("record-submit.json");
    CHECK(submit.kind == "submit.v1");
    CHECK(submit.role == Role{"clerk", Scope::unit("jwc")});
    REQUIRE(submit.of);
    CHECK(submit.of->scope == Scope::unit("jwc"));
    CHECK(submit.of->id == hashAs<ObjectId>(asBytes(bytesOf("revision-attachment.json"))));
    REQUIRE(submit.reg);
    CHECK(submit.reg->seq == 4);
    CHECK(submit.reg->hash == hashAs<ObjectId>(asBytes(bytesOf("record-grant.json"))));
    CHECK(submit.body.empty());
    CHECK(submit.time == parseInstant("2026-03-02T14:12:00.000Z"));

    Record const founding = goldenRecord("record-entry-1.json");
    CHECK_FALSE(founding.school);
    CHECK_FALSE(founding.reg);
    CHECK(founding.scope.isRegistry());
    CHECK_FALSE(goldenRecord("record-receipt.json").of);
    CHECK(goldenRecord("record-receipt.json").by.person ==
          PersonId::fromDevice(goldenRecord("record-receipt.json").by.device));
}

TEST_CASE("a frame header is read field by field", "[trust][objects]") {
    FrameHeader const second = goldenHeader("header-unit-2.json");
    CHECK(second.seq == 2);
    CHECK(second.prev == hashAs<FrameId>(asBytes(bytesOf("header-unit-1.json"))));
    REQUIRE(second.items.size() == 2);
    CHECK(second.items[0] ==
          Item{Item::Kind::Revision, hashAs<ObjectId>(asBytes(bytesOf("revision-unknown-keys.json")))});
    CHECK(second.schema == FrameHeader::kSchema);

    FrameHeader const founding = goldenHeader("header-registry-1.json");
    CHECK_FALSE(founding.reg);
    CHECK_FALSE(founding.prev);
    CHECK(founding.items == std::vector{Item{Item::Kind::Record, founding.school}});
    CHECK(goldenHeader("header-500-items.json").unknown.size() == 1);
}

TEST_CASE("what a program wrote itself is what it reads", "[trust][objects]") {
    SeededRandom random(20260302);
    Revision revision = goldenRevision("revision-attachment.json");
    revision.nonce = random.token<Nonce>();
    revision.critical = {"zeal"};
    revision.unknown.set("zeal", json::Array{1, "二", true});
    auto const newer = decodeRevision(asBytes(encode(revision)));
    REQUIRE_FALSE(newer.has_value());
    CHECK(newer.error().reason == "newer.critical");
    revision.critical = {"by", "v"};
    CHECK(decodeRevision(asBytes(encode(revision))).value() == revision);

    Record record = goldenRecord("record-approve.json");
    record.role = {"quality", Scope::college()};
    record.of = Target{Scope::parse("review/2026").value(), random.token<ObjectId>()};
    CHECK(decodeRecord(asBytes(encode(record))).value() == record);

    FrameHeader header = goldenHeader("header-unit-2.json");
    header.seq = static_cast<std::uint64_t>(json::kIntegerMax);
    header.schema = 0xFFFFFFFF;
    header.items = items(FrameHeader::kItemsMax);
    CHECK(decodeFrameHeader(asBytes(encode(header))).value() == header);
}

TEST_CASE("no prefix of an object is an object", "[trust][objects]") {
    SeededRandom random(3);
    for (GoldenObject const& object : goldenObjects()) {
        std::size_t const size = object.bytes.size();
        bool const all = size <= 2048;
        for (std::size_t i = 0; i < (all ? size : 500); ++i) {
            std::size_t const length = all ? i : random.below(size);
            auto const result = decodeAndEncode(object.kind, std::string_view(object.bytes).substr(0, length));
            if (result) FAIL(object.file << " is accepted when cut to " << length << " bytes");
            if (result.error().code == ErrorCode::Unsupported) FAIL(object.file << " is 'newer' at " << length);
        }
    }
}

TEST_CASE("a flipped bit ends in a refusal or in another object with exactly those bytes", "[trust][objects]") {
    SeededRandom random(7);
    for (GoldenObject const& object : goldenObjects()) {
        std::uint64_t const bits = object.bytes.size() * 8;
        bool const all = object.bytes.size() <= 2048;
        std::uint64_t const count = all ? bits : 1000;
        std::string bytes = object.bytes;
        for (std::uint64_t i = 0; i < count; ++i) {
            std::uint64_t const bit = all ? i : random.below(bits);
            auto const flip = static_cast<char>(1U << (bit % 8));
            bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ flip);
            requireFaithful(object.kind, bytes);
            bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ flip);
        }
    }
}

TEST_CASE("bytes put in, taken out or moved end in a refusal or in another object with exactly those bytes",
          "[trust][objects]") {
    SeededRandom random(11);
    for (GoldenObject const& object : goldenObjects()) {
        if (object.bytes.size() > 2048) continue;
        for (int i = 0; i < 400; ++i) {
            std::string bytes = object.bytes;
            std::size_t const at = random.below(bytes.size());
            std::size_t const length = std::min<std::size_t>(1 + random.below(80), bytes.size() - at);
            switch (random.below(3)) {
                case 0: bytes.erase(at, length); break;
                case 1: bytes.insert(random.below(bytes.size()), bytes.substr(at, length)); break;
                default: bytes.insert(at, 1, "\"\\{}[],:0 \x00\xff"[random.below(12)]);
            }
            requireFaithful(object.kind, bytes);
        }
    }
}

TEST_CASE("an object of one sort is refused as any other sort", "[trust][objects]") {
    for (GoldenObject const& object : goldenObjects()) {
        if (!object.expect.empty()) continue;
        for (std::string const kind : {"revision", "record", "frame-header", "attachment"}) {
            if (kind == object.kind) continue;
            CAPTURE(object.file, kind);
            CHECK_FALSE(decodeAndEncode(kind, object.bytes).has_value());
        }
    }
}

TEST_CASE("a newer version is told from garbage", "[trust][objects]") {
    for (std::string const kind : {"revision", "record", "frame-header"}) {
        CAPTURE(kind);
        requireRefused(decodeAndEncode(kind, R"({"v":2})"), ErrorCode::Unsupported, "newer.version");
        requireRefused(decodeAndEncode(kind, R"({"v":9007199254740991})"), ErrorCode::Unsupported, "newer.version");
        requireRefused(decodeAndEncode(kind, R"({"crit":["a"],"v":1})"), ErrorCode::Malformed, "object.crit-absent");
        requireRefused(decodeAndEncode(kind, R"({"a":1,"crit":["a"],"v":1})"), ErrorCode::Unsupported,
                       "newer.critical");
        // Not strict JSON, so nobody's version.
        requireRefused(decodeAndEncode(kind, R"({"v": 2})"), ErrorCode::Malformed, "json.white-space");
        requireRefused(decodeAndEncode(kind, R"({"v":9007199254740992})"), ErrorCode::Malformed, "json.integer-range");
        requireRefused(decodeAndEncode(kind, R"({"v":-2})"), ErrorCode::Malformed, "object.v");
        requireRefused(decodeAndEncode(kind, R"({"v":[2]})"), ErrorCode::Malformed, "object.v");
        requireRefused(decodeAndEncode(kind, "[]"), ErrorCode::Malformed, "object.not-an-object");
        requireRefused(decodeAndEncode(kind, "2"), ErrorCode::Malformed, "object.not-an-object");
    }
}

TEST_CASE("a header has at most 500 items and 64 KiB", "[trust][objects]") {
    FrameHeader header = goldenHeader("header-unit-2.json");
    header.items = items(500);
    CHECK(decodeFrameHeader(asBytes(encode(header))).has_value());
    header.items = items(501);
    requireRefused(decodeAndEncode("frame-header", encode(header)), ErrorCode::TooLarge, "header.items-count");

    header.items = items(500);
    header.unknown.set("zeal", "");
    std::size_t const room = FrameHeader::kBytesMax - encode(header).size();
    header.unknown.set("zeal", std::string(room, 'x'));
    CHECK(decodeFrameHeader(asBytes(encode(header))).has_value());
    header.unknown.set("zeal", std::string(room + 1, 'x'));
    requireRefused(decodeAndEncode("frame-header", encode(header)), ErrorCode::TooLarge, "json.too-large");
}

TEST_CASE("a revision has at most 256 parents, 1024 files and 1 MiB", "[trust][objects]") {
    Revision revision = goldenRevision("revision-first.json");
    revision.parents = sortedIds(kParentsMax);
    CHECK(decodeRevision(asBytes(encode(revision))).has_value());
    revision.parents = sortedIds(kParentsMax + 1);
    requireRefused(decodeAndEncode("revision", encode(revision)), ErrorCode::TooLarge, "revision.parents-count");

    revision.parents.clear();
    Attachment file = goldenRevision("revision-attachment.json").files.front();
    for (ObjectId const& id : sortedIds(kFilesMax + 1)) {
        file.sha256.raw = id.raw;
        revision.files.push_back(file);
    }
    requireRefused(decodeAndEncode("revision", encode(revision)), ErrorCode::TooLarge, "revision.files-count");
    revision.files.pop_back();
    CHECK(decodeRevision(asBytes(encode(revision))).value() == revision);

    revision.files.clear();
    revision.fields.set("text", "");
    std::size_t const room = kObjectBytesMax - encode(revision).size();
    revision.fields.set("text", std::string(room, 'x'));
    CHECK(decodeRevision(asBytes(encode(revision))).has_value());
    revision.fields.set("text", std::string(room + 1, 'x'));
    requireRefused(decodeAndEncode("revision", encode(revision)), ErrorCode::TooLarge, "json.too-large");
}

TEST_CASE("hostile bytes of the greatest length are refused at once", "[trust][objects]") {
    auto const repeated = [](std::string_view piece) {
        std::string text;
        while (text.size() + piece.size() <= kObjectBytesMax) text += piece;
        return text;
    };
    // Names in order, each a key of the object as well: what would be quadratic if each were searched from the start.
    json::Object many;
    json::Array names;
    for (int i = 0; i < 55'000; ++i) {
        std::string const name = "x" + std::to_string(100'000 + i);
        many.set(name, 0);
        if (i < 25'000) names.emplace_back(name);
    }
    many.set("v", 1);
    std::string const unknown = json::encode(many);
    many.set("crit", names);
    std::string const critical = json::encode(many);
    std::string const wide = changed("revision-first.json", [](json::Object& revision) {
        for (int i = 0; i < 85'000; ++i) revision.set("x" + std::to_string(100'000 + i), 0);
    });
    REQUIRE(std::max({unknown.size(), critical.size(), wide.size()}) <= kObjectBytesMax);

    std::vector<std::string> hostile{unknown, critical, std::string(kObjectBytesMax, '\0'),
                                     std::string(kObjectBytesMax + 1, '['),
                                     "[" + repeated("[],").substr(0, kObjectBytesMax - 4) + "0]"};
    for (char const* piece :
         {"[", "{\"a\":", "\"", "{", "[[],", "9", "-", "\xff", "\\", "\"\\u0000", " ", "[0,", "null"})
        hostile.push_back(repeated(piece));

    auto const start = std::chrono::steady_clock::now();
    for (std::string const kind : {"revision", "record", "frame-header", "attachment"})
        for (std::string const& bytes : hostile) CHECK_FALSE(decodeAndEncode(kind, bytes).has_value());
    requireRefused(decodeAndEncode("revision", critical), ErrorCode::Unsupported, "newer.critical");
    CHECK(decodeAndEncode("revision", wide).value() == wide);
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(30));  // sanitizers; 0.3 s without
}

TEST_CASE("the chunk list of an attachment is hashed over raw piece hashes", "[trust][objects]") {
    for (GoldenObject const& object : goldenObjects()) {
        if (object.kind != "attachment") continue;
        CAPTURE(object.file);
        Attachment const file = decodeAttachmentBytes(asBytes(object.bytes)).value();
        Bytes content(file.size);
        for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<std::uint8_t>(i % 251);
        CHECK(hashAs<AttachmentId>(content) == file.sha256);
        std::vector<Sha256> pieces;
        for (std::size_t at = 0; at < content.size(); at += kAttachmentPieceBytes)
            pieces.push_back(
                sha256(ByteView(content).subspan(at, std::min(kAttachmentPieceBytes, content.size() - at))));
        CHECK(chunksHash(pieces) == file.chunks);
    }
    CHECK(chunksHash({}) == sha256({}));
}

TEST_CASE("roles are a name and a scope", "[trust][objects]") {
    auto const role = Role::parse("head@unit/jwc");
    REQUIRE(role);
    CHECK(role->name == "head");
    CHECK(role->scope == Scope::unit("jwc"));
    CHECK(role->text() == "head@unit/jwc");
    CHECK(Role::parse(std::string(32, 'a') + "@college"));
    for (char const* text : {"", "@", "head", "head@", "@college", "head@unit", "Head@college", "9@college",
                             "-@college", "he ad@college", "head@college ", "head@@college"}) {
        CAPTURE(text);
        CHECK_FALSE(Role::parse(text));
    }
    CHECK_FALSE(Role::parse(std::string(33, 'a') + "@college"));
}

TEST_CASE("authors and registry points are closed objects that come back from their JSON", "[trust][objects]") {
    Author const author = goldenRecord("record-submit.json").by;
    CHECK(authorFrom(toJson(author)) == author);
    RegistryPoint const point = goldenRecord("record-submit.json").reg.value();
    CHECK(registryPointFrom(toJson(point)) == point);

    auto value = toJson(author);
    value.asObject()->set("name", "x");
    CHECK_FALSE(authorFrom(value));
    value = toJson(point);
    value.asObject()->set("seq", 0);
    CHECK_FALSE(registryPointFrom(value));
    CHECK_FALSE(registryPointFrom("2"));
    CHECK_FALSE(authorFrom(json::Array{}));
    CHECK_FALSE(attachmentFrom(json::Object{}));
}
