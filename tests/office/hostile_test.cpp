// Revisions that a member's own program wrote, which no office would: sealed with a good key, and read by everybody.
#include "hostile.h"

#include <sqlite3.h>

namespace spiral::office {

namespace {

/// Versions of one task side by side, each with its own value of the field `measures`.
DocumentKey writesApart(Workplace& place, std::vector<json::Value> const& values) {
    SeededRandom random(901);
    DocumentKey const document{Scope::unit("yc-d03"), random.token<DocumentId>()};
    std::vector<Forged> versions;
    for (auto const& value : values)
        versions.push_back({document, "task.v1", {{"title", "敌意"}, {"measures", value}}, {}, {}});
    forges(place, versions);
    return document;
}

}  // namespace

TEST_CASE("seventy texts of a mebibyte, written apart, stop no replica", "[office][hostile][long]") {
    auto zhao = Workplace::founds("赵");
    auto li = zhao->hires("李", "yc-d03", {"clerk"});
    std::vector<json::Value> texts;
    for (int i = 0; i < 70; ++i) texts.emplace_back(std::to_string(i) + std::string(1'040'000, 'x'));
    auto const doc = writesApart(*li, texts);
    CHECK(li->shows(doc).merged.differences.front().sides.size() == 70);
    CHECK((*li)->status().counts.items.at(replica::Count::Different) == 70);
    li->carriesTo(*zhao);
    CHECK((*zhao)->search("敌意").size() == 1);
}

TEST_CASE("nobody signs for a text that the disk has changed since it was written", "[office][steps][hostile]") {
    auto zhao = Workplace::founds("赵");
    auto li = zhao->hires("李", "yc-d03", {"clerk"});
    auto head = zhao->hires("孙", "yc-d03", {"head"});
    zhao->carriesTo(*li);
    auto const doc =
        li->creates("plan", "unit/yc-d03", {{"title", "计划"}, {"kind", "annual"}, {"content", "每月一次"}});
    li->steps(doc, "submit");
    li->carriesTo(*head);

    head->close();
    sqlite3* store = nullptr;
    REQUIRE(sqlite3_open((head->folder() / "store.db").c_str(), &store) == SQLITE_OK);
    REQUIRE(sqlite3_exec(store,
                         "DROP TRIGGER revision_is_insert_only_u;"
                         "UPDATE revision SET bytes=CAST(replace(CAST(bytes AS TEXT), '每月一次', '每年一次') AS BLOB)",
                         nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(store);
    head->open();
    (*head)->rebuild();
    CHECK(head->refused(doc, "approve") == "revision.hash");
}

}  // namespace spiral::office
