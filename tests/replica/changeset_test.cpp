// The reader against real sessions, against damage, and against what a hostile member could make by hand.
#include "replica/changeset.h"
#include "changeset_helpers.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <string>

using namespace spiral;
using namespace spiral::replica;
using namespace spiral::replica::test;
using namespace std::string_literals;
using namespace std::string_view_literals;

namespace {

constexpr std::string_view kRecordTable =
    "T\3\1\0\0"
    "record\0"sv;
constexpr std::string_view kRevisionTable =
    "T\2\1\0"
    "revision\0"sv;
constexpr std::string_view kInsert = "\x12\0"sv;

/// "ok", or the reason of the refusal. A copy of exactly the size on the heap lets AddressSanitizer see one byte too
/// many, and no input of these sizes may take long.
std::string verdict(ByteView changeset) {
    Bytes const exact(changeset.begin(), changeset.end());
    auto const start = std::chrono::steady_clock::now();
    auto const rows = readChangeset(exact);
    bool const quick = std::chrono::steady_clock::now() - start < std::chrono::seconds(2);
    if (!quick) return "slow";
    return rows ? "ok" : rows.error().reason;
}
std::string verdict(std::string const& changeset) { return verdict(asBytes(changeset)); }

std::string verdictOfHex(std::string const& digits) {
    std::string compact;
    std::copy_if(digits.begin(), digits.end(), std::back_inserter(compact), [](char c) { return c != ' '; });
    return verdict(fromHex(compact).value());
}

std::string blob(std::string const& bytes) {
    REQUIRE(bytes.size() < 128);
    return '\4' + std::string(1, static_cast<char>(bytes.size())) + bytes;
}
std::string id(char fill = 'i') { return blob(std::string(32, fill)); }
std::string signature() { return blob(std::string(64, 's')); }
std::string revisionRow() { return std::string(kInsert) + id() + blob("{}"); }
std::string recordRow() { return std::string(kInsert) + id() + signature() + blob("{}"); }
std::string revisions(std::string const& rows) { return std::string(kRevisionTable) + rows; }
std::string records(std::string const& rows) { return std::string(kRecordTable) + rows; }

/// Valid changesets of 1, 2 and 10 rows, each at most 2 KiB, as a session makes them.
std::vector<Bytes> samples() {
    SeededRandom random(7);
    std::vector<Bytes> all;
    for (std::size_t count : {1, 2, 10}) {
        Rows rows;
        for (std::size_t i = 0; i < count; ++i) {
            // Ten rows come to a length of two varint bytes each.
            rows.add(i % 2 == 0 ? Item::Kind::Record : Item::Kind::Revision, randomBytes(40 + 10 * i, random), random);
        }
        Database database;
        all.push_back(database.captureInserts(rows.all()));
        REQUIRE(all.back().size() <= 2048);
    }
    return all;
}

}  // namespace

TEST_CASE("the reader accepts whatever a real session makes, and the writer makes the same bytes", "[replica]") {
    SeededRandom random(20260302);
    // Each number of bytes in a length, on both sides of the border, and the largest object.
    std::vector<std::size_t> const borders{0, 1, 127, 128, 16383, 16384, trust::kObjectBytesMax};
    std::size_t inserted = 0;
    while (inserted < 10000) {
        auto const count = static_cast<std::size_t>(1 + random.below(random.below(4) == 0 ? 500 : 20));
        Rows rows = randomRows(count - 1, 800, random);
        rows.add(random.below(2) == 0 ? Item::Kind::Record : Item::Kind::Revision,
                 randomBytes(borders[static_cast<std::size_t>(random.below(borders.size()))], random), random);
        inserted += count;

        Database database;
        bool const recordFirst = random.below(2) == 0;
        auto const tables = recordFirst ? std::vector<char const*>{"record", "revision"}
                                        : std::vector<char const*>{"revision", "record"};
        // An empty object would have one id for all, so it may come up twice.
        std::vector<PayloadRow> unique;
        for (PayloadRow const& row : rows.all()) {
            auto const same = [&](PayloadRow const& other) { return other.item == row.item; };
            if (std::none_of(unique.begin(), unique.end(), same)) unique.push_back(row);
        }
        Bytes const changeset = database.capture(tables, [&] {
            for (PayloadRow const& row : unique) database.insert(row);
        });

        auto read = readChangeset(changeset);
        REQUIRE(read);
        Bytes const written = writeChangeset(*read);
        if (recordFirst) {
            REQUIRE(written == changeset);
        } else {
            REQUIRE(written.size() == changeset.size());
        }
        auto const byItem = [](PayloadRow const& left, PayloadRow const& right) { return left.item < right.item; };
        std::sort(read->begin(), read->end(), byItem);
        std::sort(unique.begin(), unique.end(), byItem);
        REQUIRE(sameRows(*read, unique));
    }
}

TEST_CASE("rows written in any order read back in it, and SQLite applies them to equal tables", "[replica]") {
    SeededRandom random(11);
    for (std::size_t count : {1, 2, 3, 50, 500}) {
        Rows rows;
        for (std::size_t i = 0; i < count; ++i) {
            rows.add(random.below(2) == 0 ? Item::Kind::Record : Item::Kind::Revision,
                     randomBytes(static_cast<std::size_t>(1 + random.below(3000)) + 4, random), random);
        }
        Bytes const written = writeChangeset(rows.all());

        std::vector<PayloadRow> recordsFirst = rows.all();
        std::stable_partition(recordsFirst.begin(), recordsFirst.end(),
                              [](PayloadRow const& row) { return row.item.kind == Item::Kind::Record; });
        auto const read = readChangeset(written);
        REQUIRE(read);
        REQUIRE(sameRows(*read, recordsFirst));

        Database source;
        for (PayloadRow const& row : rows.all()) source.insert(row);
        Database target;
        REQUIRE(target.apply(written) == SQLITE_OK);
        REQUIRE(target.content() == source.content());
    }
}

TEST_CASE("rows point into the changeset they were read from", "[replica]") {
    for (Bytes const& changeset : samples()) {
        auto const rows = readChangeset(changeset);
        REQUIRE(rows);
        for (PayloadRow const& row : *rows) {
            CHECK(row.bytes.data() >= changeset.data());
            CHECK(row.bytes.data() + row.bytes.size() <= changeset.data() + changeset.size());
            CHECK(hashAs<ObjectId>(row.bytes) == row.item.id);
        }
    }
}

// Debian's SQLite 3.40.1 reads the first and the last of these for ever, and the second makes it crash.
TEST_CASE("changesets that hang or crash SQLite 3.40.1 are refused", "[replica]") {
    CHECK(verdictOfHex("54 03 01 00 00 74") == "changeset.truncated");
    CHECK(verdictOfHex("54 03 01 00 00 74 00 17 00 00 03 01 78 00 00 03 01 7a 00") == "changeset.table");
    CHECK(verdictOfHex("54") == "changeset.truncated");
}

// SQLite takes a changeset that is cut between two rows for a whole one; so must this reader, as nothing in the bytes
// tells. The header's items do: openPayload then misses a row.
TEST_CASE("every proper prefix of a changeset is refused, or is whole rows of it", "[replica]") {
    for (Bytes const& changeset : samples()) {
        auto const whole = readChangeset(changeset);
        REQUIRE(whole);
        std::size_t accepted = 0;
        for (std::size_t size = 0; size < changeset.size(); ++size) {
            Bytes const prefix(changeset.begin(), changeset.begin() + static_cast<std::ptrdiff_t>(size));
            auto const rows = readChangeset(prefix);
            if (!rows) {
                std::string const& reason = rows.error().reason;
                CHECK((reason == "changeset.truncated" || reason == "changeset.empty"));
                continue;
            }
            ++accepted;
            REQUIRE(rows->size() < whole->size());
            REQUIRE(sameRows(*rows, {whole->begin(), whole->begin() + static_cast<std::ptrdiff_t>(rows->size())}));
        }
        CHECK(accepted == whole->size() - 1);
    }
}

TEST_CASE("every flipped bit of a changeset is refused, or spoils the hash or the signature of a row", "[replica]") {
    auto const start = std::chrono::steady_clock::now();
    for (Bytes const& changeset : samples()) {
        auto const whole = readChangeset(changeset);
        REQUIRE(whole);
        for (std::size_t bit = 0; bit < changeset.size() * 8; ++bit) {
            Bytes flipped = changeset;
            flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ (1U << (bit % 8)));
            auto const rows = readChangeset(flipped);
            if (!rows) continue;
            REQUIRE(rows->size() == whole->size());
            bool spoiled = false;
            for (std::size_t i = 0; i < rows->size(); ++i) {
                PayloadRow const& row = (*rows)[i];
                spoiled =
                    spoiled || hashAs<ObjectId>(row.bytes) != row.item.id || row.signature != (*whole)[i].signature;
            }
            REQUIRE(spoiled);
        }
    }
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
}

TEST_CASE("only the two tables are known, by their exact names", "[replica]") {
    REQUIRE(verdict(revisions(revisionRow())) == "ok");
    REQUIRE(verdict(records(recordRow())) == "ok");

    auto const named = [](std::string_view name) { return "T\2\1"s + '\0' + std::string(name) + '\0' + revisionRow(); };
    REQUIRE(verdict(named("revision")) == "ok");
    CHECK(verdict(named("REVISION")) == "changeset.table");  // SQLite would take it for revision
    CHECK(verdict(named("Revision")) == "changeset.table");
    CHECK(verdict(named("revisio")) == "changeset.table");
    CHECK(verdict(named("revisions")) == "changeset.table");
    CHECK(verdict(named(" revision")) == "changeset.table");
    CHECK(verdict(named("main.revision")) == "changeset.table");
    CHECK(verdict(named("")) == "changeset.table");
    CHECK(verdict(named("frame")) == "changeset.table");
    CHECK(verdict(named("local_payload")) == "changeset.table");
    CHECK(verdict(named("search_data")) == "changeset.table");
    CHECK(verdict(named("sqlite_stat1")) == "changeset.table");
    CHECK(verdict(named("sqlite_schema")) == "changeset.table");
    CHECK(verdict(named(std::string(100000, 'r'))) == "changeset.table");
    CHECK(verdict("T\2\1"s + '\0' + std::string(100000, 'r')) == "changeset.table");
    CHECK(verdict("T\2\1"s + '\0' + "revisio") == "changeset.truncated");
    CHECK(verdict("revision"s) == "changeset.table");
    CHECK(verdict("\0"s) == "changeset.table");
}

TEST_CASE("a changeset of an FTS index's shadow table is refused", "[replica]") {
    Database database("CREATE VIRTUAL TABLE search USING fts5(body);");
    Bytes const changeset = database.capture({"search_content", "search_data", "search_docsize"}, [&] {
        database.run("INSERT INTO search(body) VALUES('a plan and its review')");
    });
    REQUIRE(!changeset.empty());
    auto const rows = readChangeset(changeset);
    REQUIRE(!rows);
    CHECK(rows.error().code == ErrorCode::Malformed);
    CHECK((rows.error().reason == "changeset.table" || rows.error().reason == "changeset.columns"));
}

TEST_CASE("columns and key flags are exactly those of the schema", "[replica]") {
    auto const header = [](std::string const& countAndFlags, char const* name) {
        return 'T' + countAndFlags + name + '\0';
    };
    std::string const extra = std::string(kInsert) + id() + blob("{}") + blob("more");
    CHECK(verdict(header("\3\1\0\0"s, "revision") + extra) == "changeset.columns");
    CHECK(verdict(header("\1\1"s, "revision") + std::string(kInsert) + id()) == "changeset.columns");
    CHECK(verdict(header("\2\1\0"s, "record") + revisionRow()) == "changeset.columns");
    CHECK(verdict(header("\4\1\0\0\0"s, "record") + recordRow()) == "changeset.columns");
    CHECK(verdict(header("\0"s, "revision") + revisionRow()) == "changeset.columns");
    CHECK(verdict("T\xff\xff\xff\xff\xff\xff\xff\xff\xff"s) == "changeset.columns");
    for (std::string const& flags : {"\0\0"s, "\0\1"s, "\1\1"s, "\2\0"s, "\1\2"s, "\1\xff"s}) {
        CHECK(verdict(header('\2' + flags, "revision") + revisionRow()) == "changeset.columns");
    }
    for (std::string const& flags : {"\1\1\0"s, "\0\1\0"s, "\1\0\1"s, "\2\0\0"s}) {
        CHECK(verdict(header('\3' + flags, "record") + recordRow()) == "changeset.columns");
    }

    // The same from real databases whose schema is another.
    SeededRandom random(3);
    Database wider("CREATE TABLE revision(id BLOB NOT NULL PRIMARY KEY, bytes BLOB NOT NULL, more TEXT) STRICT;");
    CHECK(verdict(wider.capture({"revision"}, [&] {
              wider.run("INSERT INTO revision VALUES(randomblob(32), x'7b7d', 'x')");
          })) == "changeset.columns");
    Database otherKey("CREATE TABLE revision(id BLOB NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY(id, bytes)) STRICT;");
    CHECK(verdict(otherKey.capture({"revision"}, [&] {
              otherKey.run("INSERT INTO revision VALUES(randomblob(32), x'7b7d')");
          })) == "changeset.columns");
}

TEST_CASE("nothing but plain inserts is accepted", "[replica]") {
    for (int operation = 0; operation < 256; ++operation) {
        std::string const row = std::string(1, static_cast<char>(operation)) + '\0' + id() + blob("{}");
        std::string const expected = operation == 18                        ? "ok"
                                     : operation == 'T' || operation == 'P' ? "changeset.empty"
                                                                            : "changeset.operation";
        CHECK(verdict(revisions(row)) == expected);
    }
    // A row that a trigger inserted. No trigger of the schema inserts, so an honest session never says so.
    CHECK(verdict(revisions("\x12\1"s + id() + blob("{}"))) == "changeset.operation");
    CHECK(verdict(revisions("\x12\xff"s + id() + blob("{}"))) == "changeset.operation");

    SeededRandom random(5);
    Rows rows = randomRows(3, 100, random);
    Database database;
    for (PayloadRow const& row : rows.all()) database.insert(row);
    std::vector<char const*> const tables{"record", "revision"};
    CHECK(verdict(database.capture(tables, [&] {
              database.run("UPDATE revision SET bytes = x'00'; UPDATE record SET bytes = x'00'");
          })) == "changeset.operation");
    CHECK(verdict(database.capture(tables, [&] { database.run("DELETE FROM revision; DELETE FROM record"); })) ==
          "changeset.operation");
}

TEST_CASE("a patchset is refused", "[replica]") {
    SeededRandom random(6);
    Rows const rows = randomRows(3, 100, random);
    Database database;
    Bytes const patchset = database.capture(
        {"record", "revision"},
        [&] {
            for (PayloadRow const& row : rows.all()) database.insert(row);
        },
        Database::Form::Patchset);
    REQUIRE(patchset.front() == 'P');
    CHECK(verdict(patchset) == "changeset.patchset");
    CHECK(verdict(records(recordRow()) + 'P' + std::string(kRevisionTable.substr(1)) + revisionRow()) ==
          "changeset.patchset");
}

TEST_CASE("values of other types than blob are refused", "[replica]") {
    std::string const integer = "\1"s + std::string(8, '\1');
    std::string const real = "\2"s + std::string(8, '\1');
    std::string const text = "\3\2{}"s;
    for (std::string const& value : {"\0"s, integer, real, text, "\5"s, "\6"s, "\x84\2{}"s}) {
        CHECK(verdict(revisions(std::string(kInsert) + id() + value)) == "changeset.type");
        CHECK(verdict(revisions(std::string(kInsert) + value + blob("{}"))) == "changeset.type");
        CHECK(verdict(records(std::string(kInsert) + id() + value + blob("{}"))) == "changeset.type");
    }
}

TEST_CASE("ids have 32 bytes, signatures 64, objects at most a mebibyte", "[replica]") {
    auto const withId = [](std::size_t size) {
        return revisions(std::string(kInsert) + blob(std::string(size, 'i')) + blob("{}"));
    };
    auto const withSignature = [](std::size_t size) {
        return records(std::string(kInsert) + id() + blob(std::string(size, 's')) + blob("{}"));
    };
    for (std::size_t size : {0, 1, 31, 33, 64, 127}) CHECK(verdict(withId(size)) == "changeset.length");
    for (std::size_t size : {0, 1, 32, 63, 65, 127}) CHECK(verdict(withSignature(size)) == "changeset.length");
    CHECK(verdict(withId(32)) == "ok");
    CHECK(verdict(withSignature(64)) == "ok");

    std::string const row = std::string(kInsert) + id() + '\4';
    CHECK(verdict(revisions(row + "\0"s)) == "ok");
    std::string const largest(trust::kObjectBytesMax, 'x');
    CHECK(verdict(revisions(row + "\xc0\x80\0"s + largest)) == "ok");
    CHECK(verdict(revisions(row + "\xc0\x80\1"s + largest + 'x')) == "changeset.length");
    CHECK(verdict(revisions(row + "\xc0\x80\0"s + largest.substr(1))) == "changeset.truncated");
}

TEST_CASE("lengths near the end of the number range are refused", "[replica]") {
    std::string const row = std::string(kInsert) + id() + '\4';
    for (std::string const& length : {"\xbf\xff\xff\xff\xff\xff\xff\xff\xff"s,  // 2^63 - 1
                                      "\xc0\x80\x80\x80\x80\x80\x80\x80\0"s,    // 2^63
                                      "\xff\xff\xff\xff\xff\xff\xff\xff\xff"s,  // 2^64 - 1
                                      "\x80\xc0\x80\x80\x80\x80\x80\x80\0"s,    // 2^56: the first byte may be 0x80 here
                                      "\x88\x80\x80\x80\0"s,                    // 2^31
                                      "\x8f\xff\xff\xff\x7f"s,                  // 2^32 - 1
                                      "\x90\x80\x80\x80\0"s}) {                 // 2^32
        CHECK(verdict(revisions(row + length + "{}")) == "changeset.length");
        CHECK(verdict(revisions(std::string(kInsert) + '\4' + length + std::string(32, 'i') + blob("{}"))) ==
              "changeset.length");
    }
}

TEST_CASE("numbers in a longer form than needed are refused", "[replica]") {
    std::string const row = std::string(kInsert) + id() + '\4';
    CHECK(verdict(revisions(row + "\x80\2{}"s)) == "changeset.varint");
    CHECK(verdict(revisions(row + "\x80\x80\x80\x80\x80\x80\x80\2{}"s)) == "changeset.varint");
    CHECK(verdict(revisions(row + "\x80\x80\x80\x80\x80\x80\x80\x80\2{}"s)) == "changeset.varint");
    CHECK(verdict(revisions(row + "\x80\x81\x80\x80\x80\x80\x80\x80\2{}"s)) == "changeset.varint");
    CHECK(verdict(revisions(row + "\x80"s)) == "changeset.truncated");
    CHECK(verdict("T\x80\2\1\0revision\0"s + revisionRow()) == "changeset.varint");
}

TEST_CASE("bytes after the last row are refused", "[replica]") {
    for (Bytes const& changeset : samples()) {
        for (int byte = 0; byte < 256; ++byte) {
            Bytes longer = changeset;
            longer.push_back(static_cast<std::uint8_t>(byte));
            CHECK(verdict(longer) != "ok");
        }
    }
}

TEST_CASE("each table comes once, with at least one row", "[replica]") {
    std::string const revision = revisions(revisionRow());
    std::string const record = records(recordRow());
    CHECK(verdict(record + revision) == "ok");
    CHECK(verdict(revision + record) == "ok");
    CHECK(verdict(revision + revision) == "changeset.table-repeated");
    CHECK(verdict(record + revision + record) == "changeset.table-repeated");
    CHECK(verdict(""s) == "changeset.empty");
    CHECK(verdict(revisions("")) == "changeset.empty");
    CHECK(verdict(revisions("") + record) == "changeset.empty");
    CHECK(verdict(record + revisions("")) == "changeset.empty");
}

TEST_CASE("500 rows are accepted and 501 are refused", "[replica]") {
    std::string rows;
    for (int i = 0; i < 500; ++i) rows += revisionRow();
    CHECK(verdict(revisions(rows)) == "ok");
    CHECK(verdict(revisions(rows + revisionRow())) == "changeset.too-many-rows");
    CHECK(verdict(revisions(rows) + records(recordRow())) == "changeset.too-many-rows");
}

TEST_CASE("a refusal says where the changeset is wrong", "[replica]") {
    std::string const good = revisions(revisionRow());
    auto const rows = readChangeset(asBytes(good + "\x17"));
    REQUIRE(!rows);
    CHECK(rows.error().detail.find("at byte " + std::to_string(good.size()) + " ") != std::string::npos);
}

TEST_CASE("the changeset shown in docs/formats.md reads as it says there", "[replica]") {
    std::ifstream file("docs/formats.md");
    std::string const page{std::istreambuf_iterator<char>(file), {}};
    std::size_t const section = page.find("## Changeset payload");
    REQUIRE(section != std::string::npos);
    std::size_t const begin = page.find("```hex\n", section);
    REQUIRE(begin != std::string::npos);
    std::size_t const end = page.find("```", begin + 7);
    REQUIRE(end != std::string::npos);
    std::string digits;
    bool isComment = false;
    for (char character : page.substr(begin + 7, end - begin - 7)) {
        if (character == '#') isComment = true;
        if (character == '\n') isComment = false;
        if (!isComment && character != ' ' && character != '\n') digits += character;
    }
    auto const bytes = fromHex(digits);
    REQUIRE(bytes);
    auto const rows = readChangeset(*bytes);
    REQUIRE(rows);
    REQUIRE(rows->size() == 2);
    CHECK((*rows)[0].item.kind == Item::Kind::Record);
    CHECK((*rows)[1].item.kind == Item::Kind::Revision);
    for (PayloadRow const& row : *rows) CHECK(hashAs<ObjectId>(row.bytes) == row.item.id);
    CHECK(asText((*rows)[0].bytes) == R"({"example":"record"})");
    CHECK(asText((*rows)[1].bytes) == R"({"example":"revision"})");
    CHECK(writeChangeset(*rows) == *bytes);
}
