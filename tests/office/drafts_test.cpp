// Drafts and choices: what a person typed or chose is neither lost nor taken for more than it says.
#include "people.h"

#include <sqlite3.h>

namespace spiral::office {

namespace {

/// Two people have written two fields of one document apart from each other.
struct TwoTexts {
    std::unique_ptr<Workplace> zhao = Workplace::founds("赵");
    std::unique_ptr<Workplace> li = zhao->hires("李", "yc-d03", {"clerk"});
    std::unique_ptr<Workplace> wang = zhao->hires("王", "yc-d08", {"clerk", "clerk@unit/yc-d03"});
    DocumentKey doc;

    TwoTexts() {
        zhao->carriesTo(*li);
        zhao->carriesTo(*wang);
        doc = li->creates("task", "unit/yc-d03", {{"title", "课程标准"}, {"measures", "原文"}, {"note", "原注"}});
        li->carriesTo(*wang);
    }
    void writeApart() {
        li->edits(doc, {{"measures", "东校区的写法"}, {"note", "东校区的注"}});
        wang->edits(doc, {{"measures", "西校区的写法"}, {"note", "西校区的注"}});
        wang->carriesTo(*li);
        REQUIRE(li->shows(doc).merged.differences.size() == 2);
    }
    [[nodiscard]] std::string takes(std::string_view field) {
        auto const done = (*li)->resolveDifference(doc, field, 1, std::nullopt);
        return done ? (done->draft ? "kept" : "sealed") : done.error().reason;
    }
    [[nodiscard]] std::string edited(bool draft) {
        auto const done = (*li)->edit(doc, {{"evidence", "新证据"}}, draft);
        return done ? "done" : done.error().reason;
    }
    [[nodiscard]] std::string sealed() {
        auto const done = (*li)->seal(doc);
        return done ? "done" : done.error().reason;
    }
};

}  // namespace

TEST_CASE("a choice that is half made decides nothing else, whatever is edited or sealed meanwhile", "[office][draft][merge]") {
    TwoTexts two;
    two.writeApart();
    REQUIRE(two.takes("measures") == "kept");

    // Each of these once sealed a revision over both versions in which the open field was simply not there.
    CHECK(two.sealed() == "step.differences-open");
    CHECK(two.edited(false) == "step.differences-open");
    CHECK(two.edited(true) == "step.differences-open");
    CHECK(two.li->shows(two.doc).merged.differences.size() == 2);

    CHECK(two.takes("note") == "sealed");
    CHECK(two.li->shows(two.doc).merged.differences.empty());
    CHECK(two.li->field(two.doc, "measures").ends_with("校区的写法"));
    CHECK(two.li->field(two.doc, "note").ends_with("校区的注"));
    CHECK(two.edited(false) == "done");
}

TEST_CASE("choices about versions that have moved on are let go, and what is open stays open", "[office][draft][merge]") {
    TwoTexts two;
    two.writeApart();
    REQUIRE(two.takes("measures") == "kept");
    two.wang->edits(two.doc, {{"stage", "三月"}});
    two.wang->carriesTo(*two.li);

    CHECK(two.sealed() == "step.differences-open");
    CHECK(two.edited(false) == "done");
    auto const shown = two.li->shows(two.doc);
    CHECK(shown.merged.differences.size() == 2);
    CHECK_FALSE(shown.draft);
    CHECK(two.li->field(two.doc, "evidence") == "新证据");
}

TEST_CASE("a file is not attached to what a stale choice left out", "[office][draft][attachments]") {
    TwoTexts two;
    two.writeApart();
    REQUIRE(two.takes("measures") == "kept");
    // Wang decides both, so nothing is open any more when his resolution comes.
    two.li->carriesTo(*two.wang);
    REQUIRE((*two.wang)->resolveDifference(two.doc, "measures", 1, std::nullopt));
    REQUIRE((*two.wang)->resolveDifference(two.doc, "note", 1, std::nullopt));
    two.wang->carriesTo(*two.li);

    Path const file = two.li->outside() / "佐证.txt";
    std::ofstream(file) << "佐证";
    REQUIRE((*two.li)->attach(two.doc, file));
    CHECK(two.li->shows(two.doc).merged.differences.empty());
    CHECK(two.li->field(two.doc, "measures").ends_with("校区的写法"));
    CHECK(two.li->field(two.doc, "note").ends_with("校区的注"));
}

TEST_CASE("what was typed into a draft outlives a resolution", "[office][draft][merge]") {
    TwoTexts two;
    REQUIRE(two.edited(true) == "done");
    two.wang->edits(two.doc, {{"measures", "西校区的写法"}});
    two.wang->carriesTo(*two.li);
    REQUIRE((*two.li)->edit(two.doc, {{"measures", "东校区的写法"}}, true));

    // The draft is based on the older version; sealed, it differs from Wang's.
    REQUIRE(two.sealed() == "done");
    REQUIRE(two.li->shows(two.doc).merged.differences.size() == 1);
    CHECK(two.li->field(two.doc, "evidence") == "新证据");

    // A resolution would take the draft's place: it waits for the draft.
    REQUIRE((*two.li)->edit(two.doc, {{"note", "还没想好"}}, true));
    CHECK(two.takes("measures") == "draft.unsealed");
    CHECK(two.li->shows(two.doc).draft);
    REQUIRE(two.sealed() == "done");
    CHECK(two.takes("measures") == "sealed");
    CHECK(two.li->field(two.doc, "note") == "还没想好");
}

TEST_CASE("a draft that an older program kept under its document's id alone is found, changed and sealed", "[office][draft]") {
    TwoTexts two;
    REQUIRE((*two.li)->edit(two.doc, {{"note", "还没想好"}}, true));
    two.li->close();
    sqlite3* store = nullptr;
    REQUIRE(sqlite3_open((two.li->folder() / "store.db").c_str(), &store) == SQLITE_OK);
    REQUIRE(sqlite3_exec(store, "UPDATE local_draft SET doc=substr(doc, 1, 16)", nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(store);
    two.li->open();
    CHECK(two.li->shows(two.doc).draft);
    REQUIRE((*two.li)->edit(two.doc, {{"evidence", "新证据"}}, true));
    CHECK((*two.li)->replica().drafts().size() == 1);
    REQUIRE((*two.li)->seal(two.doc));
    CHECK(two.li->field(two.doc, "note") == "还没想好");
    CHECK(two.li->field(two.doc, "evidence") == "新证据");
    CHECK((*two.li)->replica().drafts().empty());
}

}  // namespace spiral::office
