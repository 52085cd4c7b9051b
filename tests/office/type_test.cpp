// A document's type, and what it may hold: decided by what it began with, whatever one member adds to it.
#include "hostile.h"

namespace spiral::office {

namespace {

Instant const kFarFuture = *parseInstant("9998-01-01T00:00:00.000Z");
Instant const kLongAgo = *parseInstant("2026-03-02T00:00:00.000Z");  // before anything here was written

/// A plan that was submitted and approved, held by four people; li's own program writes what it likes.
struct Approved {
    std::unique_ptr<Workplace> zhao = Workplace::founds("赵");
    std::unique_ptr<Workplace> quality = zhao->hires("钱", "yc-d05", {"quality"});
    std::unique_ptr<Workplace> li = zhao->hires("李", "yc-d03", {"clerk"});
    std::unique_ptr<Workplace> hu = zhao->hires("胡", "yc-d03", {"clerk"});
    std::unique_ptr<Workplace> head = zhao->hires("孙", "yc-d03", {"head"});
    DocumentKey plan;

    Approved() {
        for (auto* place : {&quality, &li, &hu, &head}) zhao->carriesTo(**place);
        plan = hu->creates("plan", "unit/yc-d03", {{"title", "计划"}, {"kind", "annual"}, {"content", "每月一次"}});
        hu->steps(plan, "submit");
        hu->carriesTo(*head);
        head->steps(plan, "approve");
        head->carriesTo(*li);
        head->carriesTo(*hu);
    }
    [[nodiscard]] ObjectId standingRevision() { return *li->shows(plan).standing.revision; }
    /// Whatever li forged, others read the plan as it was and go on with it.
    void checkUnharmed(std::size_t aside, std::string const& reason) {
        li->carriesTo(*head);
        head->carriesTo(*quality);
        CHECK(head->dump() != "");
        for (auto* place : {&li, &head}) {
            auto const shown = (*place)->shows(plan);
            CHECK(shown.listed.row.type == "plan.v1");
            CHECK(shown.listed.row.title == "计划");
            CHECK(shown.standing.state == "approved");
            std::size_t pending = 0;
            for (auto const& item : shown.items) {
                if (item.count != replica::Count::Pending) continue;
                ++pending;
                CHECK(item.reason == reason);
            }
            CHECK(pending == aside);
            auto const before = (*place)->dump();
            (**place)->rebuild();
            CHECK((*place)->dump() == before);
        }
        hu->edits(plan, {{"content", "每周一次"}});
        CHECK(hu->field(plan, "content") == "每周一次");
    }
};

}  // namespace

TEST_CASE("a revision of another type, from the far future, changes no document's type and is counted and shown",
          "[office][hostile][type]") {
    for (auto const* type : {"nothing.v9", "person.v1", "task.v1"}) {
        INFO(type);
        Approved college;
        forges(*college.li, {{college.plan, type, {{"title", "劫持"}}, {}, kFarFuture},
                             {college.plan, type, {{"title", "劫持"}}, {college.standingRevision()}, kFarFuture}});
        college.checkUnharmed(2, "other-type");
    }
}

TEST_CASE("a version of the type that no program knows is set aside, and the document goes on without it",
          "[office][hostile][type][newer]") {
    Approved college;
    forges(*college.li, {{college.plan, "plan.v9", {{"title", "新版"}}, {college.standingRevision()}, kFarFuture}});
    college.checkUnharmed(1, "newer-type");
}

TEST_CASE(
    "who begins a document a second time, long ago by her own claim, does not take it from those who worked on it",
    "[office][hostile][type]") {
    Approved college;
    forges(*college.li, {{college.plan, "standard.v1", {{"title", "早就有了"}}, {}, kLongAgo}});
    college.checkUnharmed(1, "other-type");
}

TEST_CASE("two replicas that got a document's first revisions in another order agree on its type",
          "[office][hostile][type]") {
    auto zhao = Workplace::founds("赵");
    auto li = zhao->hires("李", "yc-d03", {"clerk"});
    auto hu = zhao->hires("胡", "yc-d03", {"clerk"});
    for (auto* place : {&li, &hu}) zhao->carriesTo(**place);
    SeededRandom random(77);
    DocumentKey const document{Scope::unit("yc-d03"), random.token<DocumentId>()};
    forges(*li, {{document, "plan.v1", {{"title", "计划"}}, {}, {}}});
    forges(*hu, {{document, "standard.v1", {{"title", "标准"}}, {}, {}}});
    li->carriesTo(*hu);
    hu->carriesTo(*li);
    CHECK(li->dump() == hu->dump());
    CHECK(li->shows(document).listed.row.type == hu->shows(document).listed.row.type);
    CHECK((*li)->status().counts.reasons.at("other-type") == 1);
}

TEST_CASE("versions with more rows or fields than a document may have are set aside and counted, and the rest goes on",
          "[office][hostile][limits]") {
    auto zhao = Workplace::founds("赵");
    auto li = zhao->hires("李", "yc-d03", {"clerk"});
    zhao->carriesTo(*li);
    auto const document = li->creates("report", "unit/yc-d03", {{"title", "年报"}, {"kind", "annual"}});
    auto const* type = model::TypeCatalogue::builtIn().find("report");
    auto const rows = std::find_if(type->fields.begin(), type->fields.end(),
                                   [](auto const& field) { return field.kind == model::FieldKind::Rows; });
    REQUIRE(rows != type->fields.end());
    std::vector<Forged> forged;
    for (int version = 0; version < 3; ++version) {
        json::Array many;
        for (int i = 0; i < 30'000; ++i)
            many.emplace_back(json::Object{{"id", std::to_string(version) + "-" + std::to_string(1'000'000 + i)}});
        forged.push_back({document, "report.v1", {{"title", "年报"}, {rows->name, std::move(many)}}, {}, {}});
        json::Object fields{{"title", "年报"}};
        for (int i = 0; i < 2'000; ++i) fields.set("f" + std::to_string(i), std::to_string(version));
        forged.push_back({document, "report.v1", std::move(fields), {}, {}});
    }
    forges(*li, forged);
    auto const shown = li->shows(document);
    CHECK(shown.merged.heads.size() == 1);
    CHECK(shown.merged.differences.empty());
    auto const reasons = (*li)->status().counts.reasons;
    CHECK(reasons.at("too-many-rows") == 3);
    CHECK(reasons.at("too-many-fields") == 3);
    li->edits(document, {{"title", "年报（修订）"}});
    li->carriesTo(*zhao);
    CHECK(zhao->field(document, "title") == "年报（修订）");
}

}  // namespace spiral::office
