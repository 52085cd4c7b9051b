// Rules of the organisation are asked before a signature; and what was signed past them is never shown as fine.
#include "office/signing_rules.h"

#include "office/catalogues.h"
#include "office/cycles.h"
#include "office/inbox.h"
#include "office/quality_list.h"

#include "hostile.h"

namespace spiral::office {
namespace {

std::set<std::string> codes(engine::Remarks const& remarks) {
    std::set<std::string> all;
    for (auto const& each : remarks) all.insert(each.code);
    return all;
}

PersonId personCalled(Workplace& place, std::string_view name) {
    for (auto const& [id, called] : place->names().persons) {
        if (called == name) return *PersonId::parse(id);
    }
    FAIL("nobody is called " << name);
    return {};
}

std::string seat(std::string_view id, std::string_view kind, std::string_view person, std::string_view from,
                 std::string_view until) {
    json::Object row{{"id", id}, {"kind", kind}};
    if (!person.empty()) row.set("person", person);
    if (!from.empty()) row.set("from", from);
    if (!until.empty()) row.set("until", until);
    return json::encode(json::Value(row));
}

/// What stands of a document, as an act that follows it must name it.
json::Object after(Workplace& place, DocumentKey const& document) {
    json::Array ids;
    for (auto const& id : place.shows(document).standing.last) ids.emplace_back(id.hex());
    return {{"after", ids}};
}

void crafts(Workplace& place, std::string_view action, DocumentKey const& document, trust::Role const& role) {
    auto const of = place.shows(document).merged.heads.front();
    forges(place, ForgedAct{std::string(action) + ".v1", document, of, role, after(place, document)});
}

bool warnedOf(Workplace& place, std::string_view code, DocumentKey const& document) {
    auto const shown = inbox(*place, *parseDay("2026-03-02"));
    REQUIRE(shown);
    return std::any_of(shown->entries.begin(), shown->entries.end(), [&](InboxEntry const& entry) {
        return entry.kind == InboxKind::Warning && entry.code == code && entry.document == document;
    });
}

/// Whether it stands before this person to be approved.
bool waitsFor(Workplace& place, DocumentKey const& document) {
    auto const shown = inbox(*place, *parseDay("2026-03-02"));
    REQUIRE(shown);
    return std::any_of(shown->entries.begin(), shown->entries.end(), [&](InboxEntry const& entry) {
        return entry.kind == InboxKind::ToSign && entry.document == document &&
               std::find(entry.actions.begin(), entry.actions.end(), "approve") != entry.actions.end();
    });
}

trust::Role const kQuality{"quality", Scope::college()};

TEST_CASE("Y004 who writes or submits for academic affairs is refused, before signing, to approve as quality control",
          "[requirements][office]") {
    auto wang = Workplace::founds("王芳");
    auto const bodies = importBodies(**wang, catalogueText("yancheng-organisation.json"), false);
    REQUIRE(bodies);
    auto li = wang->hires("李", "yc-d03", {"clerk"});
    auto chen = wang->hires("陈静", "yc-d03", {"clerk", "quality@college"});
    auto zhou = wang->hires("周宁", "yc-d05", {"quality@college"});
    wang->carriesTo(*li);

    // Bad input: one account writes for 教务 and approves as 质控.
    wang->carriesTo(*chen);
    auto const own = chen->creates("standard", "unit/yc-d03", {{"title", "自己的"}, {"content", "标准"}});
    chen->steps(own, "submit");
    auto const refused = (*chen)->step(own, "approve", {}, std::nullopt);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().reason == "organisation.three-powers");
    CHECK(refused.error().detail == "陈静 教务部门 → 质控部门");
    CHECK(chen->shows(own).listed.row.state == "submitted");

    // Authority lets a submitter approve what another wrote; the three powers do not.
    auto const standard = li->creates("standard", "unit/yc-d03", {{"title", "课程标准"}, {"content", "标准"}});
    li->carriesTo(*chen);
    chen->steps(standard, "submit");
    CHECK(chen->refused(standard, "approve") == "organisation.three-powers");
    auto const before = organisationOf(**chen);
    CHECK(breachesOf(**chen, before, standard).empty());

    SECTION("somebody whose hands are clean may") {
        wang->carriesTo(*zhou);
        chen->carriesTo(*zhou);
        zhou->steps(standard, "approve");
        CHECK(breachesOf(**zhou, organisationOf(**zhou)).empty());
    }
    SECTION("an act crafted past the program keeps its effect, and the document is marked on every replica") {
        crafts(*chen, "approve", standard, kQuality);
        CHECK(chen->shows(standard).listed.row.state == "approved");
        chen->carriesTo(*wang);
        wang->carriesTo(*zhou);
        for (auto* place : {&chen, &zhou}) {
            auto const organisation = organisationOf(***place);
            auto const breaches = breachesOf(***place, organisation, standard);
            REQUIRE(breaches.size() == 1);
            CHECK(breaches[0] ==
                  engine::Remark{"organisation.three-powers", standard.doc.hex(), "陈静 教务部门 → 质控部门"});
            auto const checked = checkOrganisation(***place, organisation, *parseDay("2026-03-02"));
            CHECK(std::count(checked.begin(), checked.end(), breaches[0]) == 1);
            auto const list = qualityList(***place, {}, *parseDay("2026-03-02"));
            CHECK(list.breaches == breaches);
            auto const unit = std::find_if(list.units.begin(), list.units.end(),
                                           [](QualityUnit const& each) { return each.unit.unit == "yc-d03"; });
            REQUIRE(unit != list.units.end());
            CHECK_FALSE(unit->fine);
            CHECK(warnedOf(**place, "organisation.three-powers", standard));
        }
        (*zhou)->rebuild();
        CHECK(codes(breachesOf(**zhou, organisationOf(**zhou))) == std::set<std::string>{"organisation.three-powers"});
    }
}

TEST_CASE("Y004 a re-check across the powers is refused for tasks too, and without powers nothing is asked",
          "[requirements][office]") {
    auto wang = Workplace::founds("王芳");
    auto li = wang->hires("李", "yc-d03", {"clerk"});
    auto chen = wang->hires("陈静", "yc-d03", {"clerk", "quality@college"});
    wang->carriesTo(*li);
    auto const draft = li->creates("standard", "unit/yc-d03", {{"title", "标准"}, {"content", "标准"}});
    auto const task = li->creates("task", "unit/yc-d03", {{"title", "整改"}, {"due", "2026-06-30"}});
    li->carriesTo(*chen);
    // A college that has laid down no powers goes by its registry alone.
    chen->steps(draft, "submit");
    chen->steps(draft, "approve");
    REQUIRE(importBodies(**wang, catalogueText("yancheng-organisation.json"), false));
    wang->carriesTo(*chen);
    chen->edits(task, {{"effect", "见效"}});
    chen->carriesTo(*li);
    li->steps(task, "submit");
    li->carriesTo(*chen);
    CHECK(chen->refused(task, "recheck-pass") == "organisation.three-powers");
    // What was approved before the powers were laid down crosses them all the same: it is told, and not undone.
    CHECK(codes(breachesOf(**chen, organisationOf(**chen), draft)) ==
          std::set<std::string>{"organisation.three-powers"});
}

TEST_CASE("Y001 a decision of a body is signed by its head of that day alone", "[requirements][office]") {
    auto wang = Workplace::founds("王芳");
    auto old = wang->hires("前任", "yc-d01", {"clerk", "head@college"});
    auto now = wang->hires("现任", "yc-d01", {"head@college"});
    auto zhou = wang->hires("周宁", "yc-d05", {"quality@college"});
    wang->carriesTo(*old);
    auto const first = personCalled(*wang, "前任").text(), second = personCalled(*wang, "现任").text();
    std::string const term = seat("s1", "head", first, "2024-09-01", "2026-02-01");
    auto const body = wang->creates("body", "college",
                                    {{"title", "质量保证委员会"},
                                     {"kind", "leading"},
                                     {"seats", "[" + term + "," + seat("s2", "head", second, "2026-02-01", "") + "]"}});
    auto const plan = wang->creates(
        "plan", "college", {{"title", "年度计划"}, {"kind", "annual"}, {"content", "…"}, {"body", body.text()}});
    wang->steps(plan, "submit");
    for (auto* place : {&old, &now, &zhou}) wang->carriesTo(**place);

    // Bad input: the old head's signature on a new decision, by whoever still has the role; and one who never sat
    // there.
    CHECK(old->refused(plan, "approve") == "organisation.not-seated");
    CHECK(zhou->refused(plan, "approve") == "organisation.not-seated");
    SECTION("the head of the day signs") {
        // It waits for nobody else.
        CHECK(waitsFor(*now, plan));
        CHECK_FALSE(waitsFor(*old, plan));
        CHECK_FALSE(waitsFor(*zhou, plan));
        now->steps(plan, "approve");
        CHECK(breachesOf(**now, organisationOf(**now)).empty());
        SECTION("and a second signature crafted beside it takes nothing away") {
            crafts(*old, "approve", plan, {"head", Scope::college()});
            old->carriesTo(*now);
            CHECK(breachesOf(**now, organisationOf(**now), plan).empty());
        }
    }
    SECTION("two heads at once decide nothing") {
        wang->edits(body, {{"seats", "[" + seat("s1", "head", first, "2024-09-01", "") + "," +
                                         seat("s2", "head", second, "2026-02-01", "") + "]"}});
        wang->carriesTo(*now);
        CHECK(now->refused(plan, "approve") == "organisation.two-heads");
    }
    SECTION("a seat without a person signs nothing") {
        wang->edits(body, {{"seats", "[" + seat("s1", "head", "", "2024-09-01", "") + "]"}});
        wang->carriesTo(*now);
        CHECK(now->refused(plan, "approve") == "organisation.not-seated");
    }
    SECTION("a body that is none of the college's decides nothing") {
        auto const other = wang->creates(
            "plan", "college", {{"title", "乙"}, {"kind", "annual"}, {"content", "…"}, {"body", plan.text()}});
        wang->steps(other, "submit");
        wang->carriesTo(*now);
        CHECK(now->refused(other, "approve") == "organisation.no-such-body");
    }
    SECTION("the old head's crafted approval is there, and told with his name") {
        crafts(*old, "approve", plan, {"head", Scope::college()});
        old->carriesTo(*zhou);
        CHECK(zhou->shows(plan).listed.row.state == "approved");
        auto const breaches = breachesOf(**zhou, organisationOf(**zhou), plan);
        REQUIRE(breaches.size() == 1);
        CHECK(breaches[0].code == "organisation.decided-outside-seat");
        CHECK(breaches[0].text == "前任 质量保证委员会 2026-03-02");
        CHECK(warnedOf(*zhou, "organisation.decided-outside-seat", plan));
        CHECK(tells(qualityList(**zhou, {}, *parseDay("2026-03-02")).breaches, "organisation.decided-outside-seat"));
    }
}

TEST_CASE("L015 a final report on 76 of 100 points is refused until the catalogue is filled",
          "[requirements][office]") {
    auto wang = Workplace::founds("王芳");
    auto zhou = wang->hires("周宁", "yc-d05", {"quality@college"});
    wang->carriesTo(*zhou);
    auto const taken = importCatalogue(**wang, catalogueText("leshan-annex3.json"), {});
    REQUIRE(taken);
    REQUIRE(taken->documents.size() == 1);
    auto const annex = taken->documents[0];
    auto const cycle = wang->creates(
        "cycle", "college",
        {{"title", "2026年诊改"}, {"catalogue", annex.text() + "@" + wang->shows(annex).merged.heads.front().hex()}});
    auto const report = [&](std::string_view title, Workplace::Set more) {
        Workplace::Set set{{"title", std::string(title)}, {"kind", "final"}};
        set.insert(set.end(), more.begin(), more.end());
        return wang->creates("report", "college", set);
    };
    auto const bare = report("空的", {});
    CHECK(wang->refused(bare, "submit") == "report.no-catalogue");
    auto const final = report("最终", {{"catalogue", annex.text()}});
    auto const refused = (*wang)->step(final, "submit", {}, std::nullopt);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().reason == "catalogue.incomplete");
    CHECK(refused.error().detail == "24 points, 4 elements, 1 projects; LS-5.2");
    auto const byCycle = report("按周期", {{"cycle", cycle.text()}});
    CHECK(wang->refused(byCycle, "submit") == "catalogue.incomplete");
    // A report that is not final may say how far it has come.
    auto const semester = wang->creates("report", "college",
                                        {{"title", "学期"}, {"kind", "self-diagnosis"}, {"catalogue", annex.text()}});
    wang->steps(semester, "submit");

    SECTION("a submission crafted past the program is marked, and nobody approves it") {
        crafts(*wang, "submit", final, {"admin", Scope::college()});
        wang->carriesTo(*zhou);
        CHECK(zhou->shows(final).listed.row.state == "submitted");
        CHECK(zhou->refused(final, "approve") == "catalogue.incomplete");
        CHECK(codes(breachesOf(**zhou, organisationOf(**zhou))) == std::set<std::string>{"catalogue.incomplete"});
        CHECK(warnedOf(*zhou, "catalogue.incomplete", final));
    }
    SECTION("filled, it bears the report; the cycle that began with 76 points does not") {
        auto const held = catalogueAt(**wang, annex);
        REQUIRE(held);
        json::Array elements = *json::arrayAt(held->fields, "elements");
        auto const points = [](std::string const& id, int count) {
            json::Array rows;
            for (int i = 1; i <= count; ++i) {
                rows.emplace_back(json::Object{{"id", id + "-P" + std::to_string(i)}, {"zh", "补"}});
            }
            return rows;
        };
        for (auto& each : elements) {
            if (*json::stringAt(*each.asObject(), "id") != "LS-5.2") continue;
            json::Object filled = *each.asObject();
            filled.set("points", points("LS-5.2", 8));
            each = json::Value(std::move(filled));
        }
        for (int i = 1; i <= 4; ++i) {
            std::string const id = "LS-6." + std::to_string(i);
            elements.emplace_back(
                json::Object{{"id", id}, {"points", points(id, 4)}, {"project", "第六项"}, {"zh", "补"}});
        }
        wang->edits(annex, {{"elements", json::encode(json::Value(elements))}});
        wang->steps(final, "submit");
        CHECK(breachesOf(**wang, organisationOf(**wang), final).empty());
        CHECK(wang->refused(byCycle, "submit") == "catalogue.incomplete");
        wang->carriesTo(*zhou);
        zhou->steps(final, "approve");
    }
}

}  // namespace
}  // namespace spiral::office
