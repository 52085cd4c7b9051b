// What comes back every year, and the quality of source data: documents that people signed, and what is told of them.
#include "office/yearly.h"

#include "office/data_quality.h"
#include "office/inbox.h"
#include "office/plans.h"
#include "office/signing_rules.h"

#include "hostile.h"

namespace spiral::office {
namespace {

Day day(std::string_view text) { return *parseDay(text); }

PersonId personCalled(Workplace& place, std::string_view name) {
    for (auto const& [id, called] : place->names().persons) {
        if (called == name) return *PersonId::parse(id);
    }
    FAIL("nobody is called " << name);
    return {};
}

/// Two schools, a group and a dean each; a quality office.
struct Schools {
    std::unique_ptr<Workplace> wang = Workplace::founds("王芳", false);
    std::unique_ptr<Workplace> quality, first, second, clerk;
    Schools() {
        for (auto const& [id, name] :
             {std::pair("zkb", "质控办"), std::pair("jdx", "机电学院"), std::pair("fzx", "纺织学院")})
            REQUIRE((*wang)->addUnit(id, name, "东校区"));
        quality = wang->hires("周宁", "zkb", {"quality@college"});
        first = wang->hires("甲院长", "jdx", {"head"});
        second = wang->hires("乙院长", "fzx", {"head", "head@college"});
        clerk = wang->hires("李", "jdx", {"clerk"});
        wang->creates(
            "organisation", "college",
            {{"title", "机构设置"},
             {"school_report_due", "12-20"},
             {"units",
              R"([{"id":"fzx","parent":"college","school":true},{"id":"jdx","parent":"college","school":true}])"}});
        group("jdx", "甲院长");
        group("fzx", "乙院长");
        for (auto* place : {&quality, &first, &second, &clerk}) wang->carriesTo(**place);
    }
    void group(std::string const& school, std::string_view head) {
        std::string const person = personCalled(*wang, head).text();
        wang->creates("body", "college",
                      {{"title", school + "质量保证工作组"},
                       {"kind", "school-group"},
                       {"unit", school},
                       {"seats", R"([{"id":"s1","kind":"head","person":")" + person + R"("}])"}});
    }
    DocumentKey writes(Workplace& place, std::string const& school, int year) {
        return place.creates("report", "unit/" + school,
                             {{"title", "质量年度报告"},
                              {"kind", "annual"},
                              {"report_kind", "RK-06"},
                              {"owner", school},
                              {"year", std::to_string(year)}});
    }
    static SchoolReport of(Workplace& place, std::string_view school, std::string_view today) {
        auto const reports = schoolReports(*place, organisationOf(*place), 2026, day(today));
        CHECK(reports.schools.size() == 2);
        for (auto const& each : reports.schools) {
            if (each.school == school) return each;
        }
        FAIL("no such school");
        return {};
    }
};

TEST_CASE("Y003 each school's yearly report is signed by the head of its group, and a missing one is overdue",
          "[requirements][office]") {
    Schools college;
    auto const report = college.writes(*college.clerk, "jdx", 2026);
    // The clerk drafts; the signature is the dean's.
    CHECK(college.clerk->refused(report, "submit") == "organisation.not-seated");
    // Bad input: another school's dean, whose role covers the whole college.
    college.clerk->carriesTo(*college.second);
    CHECK(college.second->refused(report, "submit") == "organisation.other-school");
    auto const none = college.clerk->creates("report", "unit/jdx", {{"title", "无年度"}, {"report_kind", "RK-06"}});
    CHECK(college.clerk->refused(none, "submit") == "report.no-school");

    auto before = Schools::of(*college.clerk, "jdx", "2026-12-20");
    CHECK(before.document == report);
    CHECK_FALSE(before.signedOn);
    CHECK_FALSE(before.overdue);
    CHECK(Schools::of(*college.clerk, "jdx", "2026-12-21").overdue);
    CHECK(Schools::of(*college.clerk, "fzx", "2026-12-21").overdue);

    SECTION("in time") {
        college.clerk->carriesTo(*college.first);
        college.first->steps(report, "submit");
        college.first->carriesTo(*college.quality);
        auto const shown = Schools::of(*college.quality, "jdx", "2027-01-10");
        CHECK(shown.signedBy == personCalled(*college.wang, "甲院长"));
        CHECK(shown.signedOn == day("2026-03-02"));
        CHECK_FALSE(shown.late);
        CHECK_FALSE(shown.overdue);
        auto const all = schoolReports(**college.quality, organisationOf(**college.quality), 2026, day("2027-01-10"));
        CHECK(all.written == 1);
        CHECK(all.overdue == 1);
        CHECK(engine::tells(all.remarks, "organisation.report-overdue"));
        // Another year's report is another report.
        CHECK(schoolReports(**college.quality, organisationOf(**college.quality), 2025, day("2026-12-31")).written ==
              0);
        // What the quality office gives back is not handed in any more.
        college.quality->steps(report, "return", "缺数据");
        CHECK(Schools::of(*college.quality, "jdx", "2027-01-10").overdue);
    }
    SECTION("late") {
        college.first->clock.time = *parseInstant("2027-01-05T08:00:00.000Z");
        college.clerk->carriesTo(*college.first);
        college.first->steps(report, "submit");
        auto const shown = Schools::of(*college.first, "jdx", "2027-01-10");
        CHECK(shown.late);
        CHECK_FALSE(shown.overdue);
    }
    SECTION("signed past the program by another school's dean it is marked and does not count") {
        forges(*college.second, ForgedAct{"submit.v1",
                                          report,
                                          college.second->shows(report).merged.heads.front(),
                                          {"head", Scope::college()},
                                          {{"after", json::Array{}}}});
        college.second->carriesTo(*college.quality);
        CHECK(college.quality->shows(report).listed.row.state == "submitted");
        auto const shown = Schools::of(*college.quality, "jdx", "2026-12-21");
        CHECK_FALSE(shown.signedOn);
        CHECK(shown.overdue);
        CHECK(engine::tells(shown.breaches, "organisation.reported-outside-school"));
        CHECK(engine::tells(breachesOf(**college.quality, organisationOf(**college.quality)),
                            "organisation.reported-outside-school"));
    }
}

StepGiven given(std::string_view step, std::string_view on, bool receipt = false) {
    StepGiven wanted;
    wanted.step = step;
    wanted.year = 2026;
    wanted.on = day(on);
    wanted.receipt = receipt;
    return wanted;
}

std::string refusedStep(Workplace& place, StepGiven const& wanted) {
    auto const done = takeStep(*place, wanted);
    return done ? "done" : done.error().reason;
}

using Texts = std::vector<std::string>;

TEST_CASE("L013 the yearly road is walked by signed facts: late is told, out of order is refused",
          "[requirements][office]") {
    auto wang = Workplace::founds("王芳");
    auto zhou = wang->hires("周宁", "yc-d05", {"quality@college"});
    wang->carriesTo(*zhou);
    zhou->clock.time = *parseInstant("2026-11-20T08:00:00.000Z");
    Day const today = day("2026-11-20");
    auto const findings = [&](std::size_t step) { return yearlyRoad(**zhou, 2026, today).steps.at(step).findings; };
    CHECK(findings(0) == Texts{"road.missing"});

    // Bad input: the province first, the city first, a receipt of what was not handed in, a day to come, no such step.
    CHECK(refusedStep(*zhou, given("province", "2026-10-08")) == "road.before-receipt");
    CHECK(refusedStep(*zhou, given("city", "2026-10-08")) == "road.before-receipt");
    CHECK(refusedStep(*zhou, given("city", "2026-10-20", true)) == "road.receipt-before");
    CHECK(refusedStep(*zhou, given("self-diagnosis", "2026-11-21")) == "road.future");
    CHECK(refusedStep(*zhou, given("self-diagnosis", "2025-11-21")) == "road.year");
    CHECK(refusedStep(*zhou, given("ministry", "2026-10-08")) == "road.unknown-step");
    replica::ListFilter facts;
    facts.type = "yearly-step";
    CHECK((*zhou)->list(facts).empty());  // nothing was written for what was refused

    CHECK(refusedStep(*zhou, given("self-diagnosis", "2026-09-28")) == "done");
    CHECK(findings(0).empty());
    CHECK(refusedStep(*zhou, given("self-diagnosis", "2026-09-29")) == "road.taken");
    CHECK(refusedStep(*zhou, given("self-diagnosis", "2026-09-30", true)) == "done");
    // In November it is late: that happened, and is told.
    auto city = given("city", "2026-11-12");
    city.note = "专人送达";
    CHECK(refusedStep(*zhou, city) == "done");
    CHECK(findings(1) == Texts{"road.late"});
    CHECK(refusedStep(*zhou, given("province", "2026-11-13")) == "road.before-receipt");
    CHECK(refusedStep(*zhou, given("city", "2026-11-11", true)) == "road.receipt-before");
    CHECK(refusedStep(*zhou, given("city", "2026-11-15", true)) == "road.no-proof");
    auto receipt = given("city", "2026-11-15", true);
    receipt.file = zhou->outside() / "回执.pdf";
    REQUIRE(systemFiles().replace(*receipt.file, asBytes("收讫"), FileMode::Private));
    CHECK(refusedStep(*zhou, receipt) == "done");
    CHECK(refusedStep(*zhou, given("province", "2026-11-14")) == "road.before-receipt");
    CHECK(refusedStep(*zhou, given("province", "2026-11-15")) == "done");

    auto const road = yearlyRoad(**zhou, 2026, today);
    REQUIRE(road.steps.size() == 3);
    REQUIRE(road.steps[1].received);
    CHECK(road.steps[1].handedIn->note == "专人送达");
    CHECK(road.steps[1].received->files.size() == 1);
    CHECK(road.steps[1].handedIn->by == personCalled(*zhou, "周宁"));
    CHECK(road.steps[2].findings.empty());
    CHECK_FALSE(road.fine());

    SECTION("what was signed is not changed by writing over it") {
        auto const document = road.steps[1].handedIn->document;
        zhou->edits(document, {{"on", "2026-10-12"}});
        CHECK(findings(1) == Texts{"road.late"});
        CHECK(zhou->refused(document, "submit") == "step.not-in-state");
        CHECK(zhou->shows(document).listed.row.changedAfter);
    }
    SECTION("a wrong one is withdrawn with its reason, and what came after it is out of order then") {
        zhou->steps(road.steps[1].received->document, "withdraw", "扫描件有误");
        CHECK(findings(1) == Texts{"road.late", "road.no-receipt"});
        CHECK(findings(2) == Texts{"road.before-receipt"});
    }
    SECTION("facts crafted past the program are told") {
        SeededRandom random(77);
        DocumentKey const document{Scope::college(), random.token<DocumentId>()};
        auto const ids = forges(
            *zhou,
            {Forged{document,
                    "yearly-step.v1",
                    {{"act", "hand-in"}, {"on", "2026-11-14"}, {"step", "province"}, {"title", "抢先"}, {"year", 2025}},
                    {},
                    {}}});
        forges(*zhou,
               ForgedAct{"submit.v1", document, ids[0], {"quality", Scope::college()}, {{"after", json::Array{}}}});
        auto const last = yearlyRoad(**zhou, 2025, today);
        CHECK(last.steps[2].findings == Texts{"road.before-receipt"});
        CHECK(last.steps[0].findings == Texts{"road.missing"});
        // The same through the ordinary door is refused.
        auto const own = zhou->creates(
            "yearly-step", "college",
            {{"title", "报省"}, {"year", "2025"}, {"step", "city"}, {"act", "hand-in"}, {"on", "2025-10-12"}});
        CHECK(zhou->refused(own, "submit") == "road.before-receipt");
    }
    SECTION("everybody sees the same road, also from a view made anew") {
        zhou->carriesTo(*wang);
        (*wang)->rebuild();
        auto const there = yearlyRoad(**wang, 2026, today);
        CHECK(there.steps[1].findings == Texts{"road.late"});
        CHECK(there.steps[2].handedIn->record == road.steps[2].handedIn->record);
    }
}

TEST_CASE("L013 a college that walks the yearly road has what is due in the quality office's inbox",
          "[requirements][office]") {
    auto wang = Workplace::founds("王芳");
    auto zhou = wang->hires("周宁", "yc-d05", {"quality@college"});
    wang->carriesTo(*zhou);
    auto const due = [&](std::string_view today) {
        Texts found;
        auto const shown = inbox(**zhou, day(today));
        REQUIRE(shown);
        for (auto const& entry : shown->entries) {
            if (entry.code == "road.due") found.push_back(entry.about.front());
        }
        return found;
    };
    CHECK(due("2026-09-15").empty());  // it has not said that it does
    zhou->creates("organisation", "college", {{"title", "机构设置"}, {"yearly_road", "true"}});
    CHECK(due("2026-08-01").empty());
    CHECK(due("2026-09-15") == Texts{"self-diagnosis"});
    CHECK(due("2026-10-15") == Texts{"self-diagnosis", "city"});
    zhou->clock.time = *parseInstant("2026-10-20T08:00:00.000Z");
    for (auto const* step : {"self-diagnosis", "city"}) {
        std::string const on = step == std::string_view("city") ? "2026-10-12" : "2026-09-30";
        REQUIRE(refusedStep(*zhou, given(step, on)) == "done");
        auto receipt = given(step, on, true);
        receipt.number = "12";
        REQUIRE(refusedStep(*zhou, receipt) == "done");
    }
    CHECK(due("2026-10-20") == Texts{"province"});
}

TEST_CASE("L004 data that came late, are missing or out of range are counted unit by unit", "[requirements][office]") {
    auto wang = Workplace::founds("王芳");
    auto li = wang->hires("李", "yc-d03", {"clerk"});
    auto hu = wang->hires("胡", "yc-d04", {"clerk"});
    wang->carriesTo(*li);
    // 教务处: no progress at all on one task; on another it was entered in the next year, and shows no evidence.
    li->creates("task", "unit/yc-d03", {{"title", "没有进展"}, {"owner", "yc-d03"}, {"due", "2026-02-01"}});
    auto const late =
        li->creates("task", "unit/yc-d03", {{"title", "补录"}, {"owner", "yc-d03"}, {"due", "2025-12-31"}});
    REQUIRE(enterProgress(**li, late, {.percent = 50, .day = day("2025-12-01"), .text = "补"}));
    // Out of range, past the program's question.
    auto const odd =
        hu->creates("task", "unit/yc-d04", {{"title", "超额"}, {"owner", "yc-d04"}, {"due", "2026-12-31"}});
    hu->edits(odd, {{"progress_log", R"([{"id":"p1","day":"2026-02-20","percent":140,"text":"x"}])"}});
    // A data group: due in November, entered in March, three months late.
    auto const settings = wang->creates(
        "organisation", "college",
        {{"title", "机构设置"},
         {"data_groups",
          R"([{"due":"2025-11-30","id":"g1","name":"师资","unit":"yc-d03"},{"due":"2026-06-30","id":"g2","name":"就业","unit":"yc-d04"}])"}});
    auto const group = [&](Day today) {
        auto const quality = dataQuality(**wang, organisationOf(**wang), today);
        Texts found;
        for (auto const& each : quality.findings) {
            if (each.sort == DataSort::Groups) found.push_back(each.unit + " " + each.code);
        }
        return found;
    };
    CHECK(group(day("2026-03-02")) == Texts{"yc-d03 organisation.data-missing"});
    wang->edits(
        settings,
        {{"data_groups",
          R"([{"due":"2025-11-30","highest":500,"id":"g1","lowest":1,"name":"师资","unit":"yc-d03","value":320},)"
          R"({"due":"2026-06-30","highest":100,"id":"g2","lowest":0,"name":"就业","unit":"yc-d04","value":101}])"}});
    // Bad input: a value three months late never counts as in time, whatever is edited afterwards.
    CHECK(group(day("2026-03-02")) == Texts{"yc-d03 organisation.data-late", "yc-d04 organisation.data-range"});

    li->carriesTo(*wang);
    hu->carriesTo(*wang);
    auto const quality = dataQuality(**wang, organisationOf(**wang), day("2026-03-02"));
    std::map<std::string, std::array<int, 4>> counts;
    for (auto const& unit : quality.units) counts[unit.unit] = {unit.entries, unit.late, unit.missing, unit.outOfRange};
    CHECK(counts["yc-d03"] == std::array<int, 4>{4, 2, 2, 0});
    CHECK(counts["yc-d04"] == std::array<int, 4>{2, 0, 0, 2});
    std::size_t told = 0;
    for (auto const& [unit, each] : counts) told += static_cast<std::size_t>(each[1] + each[2] + each[3]);
    CHECK(quality.findings.size() == told);
    auto const missing = std::find_if(quality.findings.begin(), quality.findings.end(),
                                      [](DataFinding const& each) { return each.sort == DataSort::Evidence; });
    REQUIRE(missing != quality.findings.end());
    CHECK(missing->document == late);
}

}  // namespace
}  // namespace spiral::office
