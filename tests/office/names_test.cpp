// Names of documents: an id alone names nothing, for whoever writes in one scope may use an id of another's there.
#include "hostile.h"

namespace spiral::office {

namespace {

/// A plan of one unit, and a document that a clerk of another gave the same id; the quality office holds both.
struct Shadowed {
    std::unique_ptr<Workplace> zhao = Workplace::founds("赵");
    std::unique_ptr<Workplace> quality = zhao->hires("钱", "yc-d05", {"quality"});
    std::unique_ptr<Workplace> li = zhao->hires("李", "yc-d03", {"clerk"});
    std::unique_ptr<Workplace> wang = zhao->hires("王", "yc-d02", {"clerk"});
    DocumentKey plan, shadow;

    Shadowed() {
        for (auto* place : {&li, &wang, &quality}) zhao->carriesTo(**place);
        plan =
            li->creates("plan", "unit/yc-d03", {{"title", "教务处计划"}, {"kind", "annual"}, {"content", "每月一次"}});
        shadow = {Scope::unit("yc-d02"), plan.doc};
        forges(*wang, {{shadow, "plan.v1", {{"title", "影子"}, {"content", "假"}}, {}, {}}});
        li->carriesTo(*quality);
        wang->carriesTo(*quality);
    }
    [[nodiscard]] Error refusal(std::string const& typed) {
        auto const found = (*quality)->resolveId(typed);
        REQUIRE_FALSE(found);
        return found.error();
    }
};

}  // namespace

TEST_CASE("a clerk who uses another unit's document id takes nobody to the wrong document",
          "[office][hostile][names]") {
    Shadowed both;
    std::string const id = both.plan.doc.hex();
    for (auto const& typed : {id, id.substr(0, 8)}) {
        CHECK(both.refusal(typed).reason == "id.ambiguous");
        CHECK(both.refusal(typed).detail == both.shadow.text() + " " + both.plan.text());
    }
    for (auto const& typed : {"unit/yc-d03:" + id, "yc-d03:" + id.substr(0, 8), both.plan.text()}) {
        auto const found = (*both.quality)->resolveId(typed);
        REQUIRE(found);
        CHECK(*found == both.plan);
    }
    CHECK(both.refusal("unit/yc-d04:" + id).reason == "document.missing");
    CHECK(both.refusal("nowhere at all:" + id).reason == "id.form");
    // Those who hold only their own unit go on as ever.
    CHECK(*(*both.li)->resolveId(id) == both.plan);
    CHECK((*both.li)->shortName(both.plan) == id.substr(0, 8));
    CHECK((*both.quality)->shortName(both.plan) == "unit/yc-d03:" + id.substr(0, 8));
    CHECK((*both.quality)->list({}).size() >= 2);
    CHECK(both.quality->field(both.plan, "title") == "教务处计划");
    CHECK(both.quality->field(both.shadow, "title") == "影子");
}

TEST_CASE("drafts, edits and steps on one of two documents with one id leave the other as it is",
          "[office][hostile][names]") {
    Shadowed both;
    auto lead = both.zhao->hires("孙", "yc-d03", {"clerk", "clerk@unit/yc-d02"});
    both.zhao->carriesTo(*both.quality);
    both.quality->carriesTo(*lead);
    REQUIRE((*lead)->edit(both.plan, {{"content", "每周一次"}}, true));
    CHECK(lead->shows(both.plan).draft);
    CHECK_FALSE(lead->shows(both.shadow).draft);
    REQUIRE((*lead)->edit(both.shadow, {{"content", "另一份"}}, true));
    CHECK((*lead)->replica().drafts().size() == 2);
    auto const sealed = (*lead)->seal(both.plan);
    REQUIRE(sealed);
    CHECK(sealed->document == both.plan);
    CHECK(lead->field(both.plan, "content") == "每周一次");
    CHECK(lead->field(both.shadow, "content") == "假");
    CHECK(lead->shows(both.shadow).draft);

    Path const file = lead->outside() / "证据.txt";
    REQUIRE(systemFiles().replace(file, asBytes(std::string("证据")), FileMode::Shared));
    REQUIRE((*lead)->attach(both.plan, file));
    CHECK(lead->shows(both.plan).files.size() == 1);
    CHECK(lead->shows(both.shadow).files.empty());
    CHECK(lead->steps(both.plan, "submit").state == "submitted");
    CHECK(lead->shows(both.shadow).standing.state == "draft");
    CHECK((*lead)->view().items(both.shadow).size() == 1);
}

}  // namespace spiral::office
