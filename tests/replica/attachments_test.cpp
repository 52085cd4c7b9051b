// Attachments: copied in and out, moved in pieces, resumed after a crash, never taken on trust.
#include "replica/attachments.h"

#include "base/random.h"
#include "base/sha256.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <fstream>

using namespace spiral;
using namespace spiral::replica;
using trust::Attachment;

namespace {

constexpr std::size_t kPiece = trust::kAttachmentPieceBytes;

Bytes someBytes(std::size_t count, std::uint64_t seed) {
    Bytes bytes(count);
    SeededRandom random(seed);
    random.fill(bytes);
    return bytes;
}

/// Two replicas' attachment folders, and a desk with files.
struct Desk {
    TemporaryFolder folder{"spiral-attachments"};
    Attachments mine{folder.path() / "mine", systemFiles()};

    [[nodiscard]] Path file(std::string const& name, ByteView bytes) const {
        REQUIRE(systemFiles().replace(folder.path() / name, bytes, FileMode::Private));
        return folder.path() / name;
    }
    [[nodiscard]] Attachment add(std::string const& name, ByteView bytes) {
        auto added = mine.add(file(name, bytes));
        REQUIRE(added);
        return *added;
    }
    [[nodiscard]] Attachments theirs() const { return {folder.path() / "theirs", systemFiles()}; }
    [[nodiscard]] Bytes extracted(Attachments const& from, Attachment const& what) const {
        REQUIRE(from.extract(what, folder.path() / "out"));
        return systemFiles().read(folder.path() / "out", 1U << 30).value();
    }
    [[nodiscard]] std::vector<std::string> filesOf(std::string const& who) const {
        std::vector<std::string> names;
        for (auto const& entry : std::filesystem::recursive_directory_iterator(folder.path() / who)) {
            if (entry.is_regular_file()) names.push_back(entry.path().string());
        }
        return names;
    }
};

}  // namespace

TEST_CASE("a file of any size comes in, is described, and comes out the same", "[replica][attachments]") {
    std::size_t const size = GENERATE(std::size_t{0}, std::size_t{1}, kPiece - 1, kPiece, kPiece + 1, 40 * kPiece);
    Desk desk;
    Bytes const bytes = someBytes(size, size);
    std::uint64_t last = 0;
    auto const path = desk.file("报告.PDF", bytes);
    auto const added = desk.mine.add(path, [&](std::uint64_t done) {
        CHECK(done >= last);
        last = done;
    });
    REQUIRE(added);
    CHECK(last == size);
    CHECK(added->sha256 == hashAs<AttachmentId>(bytes));
    CHECK(added->size == size);
    CHECK(added->name == "报告.PDF");
    CHECK(added->type == "application/pdf");
    CHECK(desk.mine.holds(added->sha256));
    CHECK(desk.mine.verify(*added));
    CHECK(desk.mine.missing(*added).empty());
    auto const pieces = desk.mine.pieces(added->sha256);
    REQUIRE(pieces);
    CHECK(pieces->size() == (size + kPiece - 1) / kPiece);
    CHECK(trust::chunksHash(*pieces) == added->chunks);
    CHECK(desk.extracted(desk.mine, *added) == bytes);
    CHECK(*desk.mine.add(path) == *added);  // a second time is no work
}

TEST_CASE("a file moves in pieces, in any order, and is held when the last is in", "[replica][attachments]") {
    std::size_t const size = GENERATE(std::size_t{0}, std::size_t{1}, kPiece, kPiece + 1, 40 * kPiece);
    Desk desk;
    auto const file = desk.add("a.docx", someBytes(size, 5));
    Attachments theirs = desk.theirs();
    CHECK_FALSE(theirs.holds(file.sha256));
    REQUIRE(theirs.begin(file, *desk.mine.pieces(file.sha256)));
    auto missing = theirs.missing(file);
    CHECK(missing.size() == (size + kPiece - 1) / kPiece);
    std::reverse(missing.begin(), missing.end());
    for (auto const index : missing) {
        CHECK_FALSE(theirs.holds(file.sha256));
        REQUIRE(theirs.put(file, index, *desk.mine.piece(file.sha256, index)));
    }
    CHECK(theirs.holds(file.sha256));
    CHECK(theirs.verify(file));
    CHECK(theirs.missing(file).empty());
    CHECK(theirs.pieces(file.sha256) == desk.mine.pieces(file.sha256));
    for (auto const& name : desk.filesOf("theirs")) CHECK(name.find(".part") == std::string::npos);
}

TEST_CASE("a move interrupted after any piece asks for none that came, and after a torn write for one",
          "[replica][attachments]") {
    Desk desk;
    std::size_t const count = 5;
    auto const file = desk.add("a.mp4", someBytes(count * kPiece - 100, 6));
    for (std::uint32_t done = 0; done <= count; ++done) {
        for (bool const torn : {false, true}) {
            std::filesystem::remove_all(desk.folder.path() / "theirs");
            {
                Attachments before = desk.theirs();
                REQUIRE(before.begin(file, *desk.mine.pieces(file.sha256)));
                for (std::uint32_t i = 0; i < done; ++i) REQUIRE(before.put(file, i, *desk.mine.piece(file.sha256, i)));
            }
            if (torn && done > 0 && done < count) {
                // The crash came while the last piece was being written: half of it is there, half is old.
                for (auto const& name : desk.filesOf("theirs")) {
                    if (!name.ends_with(".part")) continue;
                    std::fstream part(name, std::ios::in | std::ios::out | std::ios::binary);
                    part.seekp(static_cast<std::streamoff>((done - 1) * kPiece + kPiece / 2));
                    part << "torn";
                }
            }
            Attachments after = desk.theirs();  // a new process
            auto const missing = after.missing(file);
            CHECK(missing.size() == count - done + (torn && done > 0 && done < count ? 1 : 0));
            for (auto const index : missing) REQUIRE(after.put(file, index, *desk.mine.piece(file.sha256, index)));
            CHECK(after.verify(file));
        }
    }
}

TEST_CASE("a crash between the last piece and the name loses nothing", "[replica][attachments]") {
    Desk desk;
    auto const file = desk.add("a.zip", someBytes(2 * kPiece, 7));
    Attachments theirs = desk.theirs();
    REQUIRE(theirs.begin(file, *desk.mine.pieces(file.sha256)));
    REQUIRE(theirs.put(file, 0, *desk.mine.piece(file.sha256, 0)));
    for (auto const& name : desk.filesOf("theirs")) {
        if (name.ends_with(".part"))
            REQUIRE(systemFiles().writeAt(name, kPiece, *desk.mine.piece(file.sha256, 1), FileMode::Private));
    }
    Attachments after = desk.theirs();
    SECTION("found when it is asked what is missing") {
        CHECK(after.missing(file).empty());
        CHECK(after.holds(file.sha256));
    }
    SECTION("found when somebody offers it again") {
        REQUIRE(after.begin(file, *desk.mine.pieces(file.sha256)));
        CHECK(after.holds(file.sha256));
    }
}

TEST_CASE("a wrong piece is refused and only it is asked for again", "[replica][attachments]") {
    Desk desk;
    auto const file = desk.add("a.png", someBytes(3 * kPiece, 8));
    Attachments theirs = desk.theirs();
    REQUIRE(theirs.begin(file, *desk.mine.pieces(file.sha256)));
    Bytes wrong = *desk.mine.piece(file.sha256, 1);
    wrong[12345] ^= 1;
    REQUIRE(theirs.put(file, 0, *desk.mine.piece(file.sha256, 0)));
    CHECK(theirs.put(file, 1, wrong).error().reason == "attachment.piece");
    CHECK(theirs.put(file, 1, ByteView(wrong).first(100)).error().reason == "attachment.piece");
    CHECK(theirs.put(file, 3, wrong).error().reason == "attachment.piece-index");
    REQUIRE(theirs.put(file, 2, *desk.mine.piece(file.sha256, 2)));
    CHECK(theirs.missing(file) == std::vector<std::uint32_t>{1});
    REQUIRE(theirs.put(file, 1, *desk.mine.piece(file.sha256, 1)));
    CHECK(theirs.verify(file));
}

TEST_CASE("a list that is not the file's own is refused", "[replica][attachments]") {
    Desk desk;
    auto const file = desk.add("a", someBytes(2 * kPiece, 9));
    Attachments theirs = desk.theirs();
    auto pieces = *desk.mine.pieces(file.sha256);
    std::swap(pieces[0], pieces[1]);
    CHECK(theirs.begin(file, pieces).error().reason == "attachment.list");
    pieces.pop_back();
    CHECK(theirs.begin(file, pieces).error().reason == "attachment.list");
    CHECK(theirs.put(file, 0, *desk.mine.piece(file.sha256, 0)).error().reason == "attachment.no-list");
    CHECK(theirs.missing(file) == std::vector<std::uint32_t>{0, 1});
}

TEST_CASE("a file whose whole hash is wrong never becomes held, and disturbs nobody who tells the truth",
          "[replica][attachments]") {
    Desk desk;
    auto const honest = desk.add("a", someBytes(2 * kPiece, 10));
    auto const other = desk.add("b", someBytes(2 * kPiece, 11));
    Attachment lie = other;
    lie.sha256 = honest.sha256;  // the pieces of one under the name of the other
    Attachments theirs = desk.theirs();
    REQUIRE(theirs.begin(honest, *desk.mine.pieces(honest.sha256)));
    REQUIRE(theirs.put(honest, 0, *desk.mine.piece(honest.sha256, 0)));
    REQUIRE(theirs.begin(lie, *desk.mine.pieces(other.sha256)));
    REQUIRE(theirs.put(lie, 0, *desk.mine.piece(other.sha256, 0)));
    CHECK(theirs.put(lie, 1, *desk.mine.piece(other.sha256, 1)).error().reason == "attachment.whole");
    CHECK_FALSE(theirs.holds(lie.sha256));
    CHECK(theirs.missing(honest) == std::vector<std::uint32_t>{1});
    REQUIRE(theirs.put(honest, 1, *desk.mine.piece(honest.sha256, 1)));
    CHECK(theirs.verify(honest));
}

TEST_CASE("a replica gives away pieces of a file that is still on its way", "[replica][attachments]") {
    Desk desk;
    auto const file = desk.add("a", someBytes(3 * kPiece, 12));
    Attachments theirs = desk.theirs();
    CHECK_FALSE(theirs.pieces(file.sha256));
    REQUIRE(theirs.begin(file, *desk.mine.pieces(file.sha256)));
    REQUIRE(theirs.put(file, 1, *desk.mine.piece(file.sha256, 1)));
    CHECK(theirs.pieces(file.sha256) == desk.mine.pieces(file.sha256));
    CHECK(theirs.piece(file.sha256, 1)->size() == kPiece);
    CHECK(theirs.piece(file.sha256, 0).error().code == ErrorCode::NotFound);
    CHECK(theirs.piece(file.sha256, 2).error().code == ErrorCode::NotFound);
    CHECK(theirs.extract(file, desk.folder.path() / "out").error().code == ErrorCode::NotFound);
}

TEST_CASE("rot on the disk is noticed by whoever reads", "[replica][attachments]") {
    Desk desk;
    auto const file = desk.add("a", someBytes(3 * kPiece, 13));
    for (auto const& name : desk.filesOf("mine")) {
        if (name.ends_with(".list")) continue;
        REQUIRE(systemFiles().writeAt(name, kPiece + 5, asBytes("rot"), FileMode::Private));
    }
    CHECK_FALSE(desk.mine.verify(file));
    CHECK(desk.mine.extract(file, desk.folder.path() / "out").error().reason == "attachment.damaged");
    CHECK_FALSE(systemFiles().exists(desk.folder.path() / "out"));
    auto reader = desk.mine.reader(file);
    REQUIRE(reader);
    CHECK(reader->next());
    CHECK(reader->next().error().reason == "attachment.damaged");
}

TEST_CASE("a rotten list of a held file is made again", "[replica][attachments]") {
    Desk desk;
    auto const file = desk.add("a", someBytes(3 * kPiece, 14));
    for (auto const& name : desk.filesOf("mine")) {
        if (name.ends_with(".list")) REQUIRE(systemFiles().writeAt(name, 5, asBytes("rot"), FileMode::Private));
    }
    auto const pieces = desk.mine.pieces(file.sha256);
    REQUIRE(pieces);
    CHECK(trust::chunksHash(*pieces) == file.chunks);
}

TEST_CASE("names that no document could bear are refused", "[replica][attachments]") {
    Desk desk;
    CHECK(desk.mine.add(desk.file("a\nb.pdf", asBytes("x"))).error().reason == "attachment.name");
    CHECK(desk.mine.add(desk.file("\xC2\x85.pdf", asBytes("x"))).error().reason == "attachment.name");  // U+0085
    CHECK(desk.mine.add(desk.file("\xC2\xA0.pdf", asBytes("x"))));                                       // U+00A0
    CHECK(desk.mine.add(desk.file("\xB1\xA8.doc", asBytes("x"))).error().reason == "attachment.name");  // not UTF-8
    CHECK(desk.mine.add(desk.folder.path()).error().code == ErrorCode::Environment);                    // a folder
    CHECK(desk.mine.add(desk.folder.path() / "none").error().code == ErrorCode::NotFound);
}

TEST_CASE("the media type is guessed from the extension", "[replica][attachments]") {
    Desk desk;
    CHECK(desk.add("a.XLSX", asBytes("1")).type == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
    CHECK(desk.add("培养方案.wps", asBytes("2")).type == "application/vnd.wps-office.wps");
    CHECK(desk.add("no extension", asBytes("3")).type == "application/octet-stream");
    CHECK(desk.add("archive.tar.unknown", asBytes("4")).type == "application/octet-stream");
    CHECK(desk.add(".jpg", asBytes("5")).type == "image/jpeg");
}
