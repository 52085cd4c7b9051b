// From findings to tasks, from measures that work to standards, and the six papers of a course.
#include "college.h"
#include "hostile.h"

#include "office/findings.h"
#include "office/plans.h"
#include "office/standards.h"

#include <algorithm>

using namespace spiral;
using namespace spiral::office;

namespace {

Day day(std::string_view text) { return *parseDay(text); }

template <class T>
std::string reasonOf(Result<T> const& result) {
    return result ? "done" : result.error().reason;
}

/// A report of the review with three rows: two name a problem, one of them no unit.
struct Reviewed : Departments {
    DocumentKey report;
    Reviewed() {
        report = quality->creates(
            "report", "college",
            {{"title", "复核报告"},
             {"kind", "other"},
             {"answers",
              R"([{"evidence":"台账","id":"F1","owner":"yc-d03","problem":"实训设备不足","result":"待改进"},)"
              R"({"evidence":"台账","id":"F2","problem":"课程标准缺两门","result":"待改进"},)"
              R"({"evidence":"台账","id":"F3","result":"合格"}])"}});
    }
    DocumentKey plan(std::string const& tasks) {
        return quality->creates(
            "plan", "college",
            {{"title", "整改方案"}, {"kind", "rectification"}, {"answers_report", report.text()}, {"tasks", tasks}});
    }
    void meet() {
        for (auto* place : {&quality, &li, &sun, &hu}) {
            quality->carriesTo(**place);
            (*place)->carriesTo(*quality);
            (*place)->carriesTo(*zhao);
        }
        for (auto* place : {&quality, &li, &sun, &hu}) zhao->carriesTo(**place);
    }
};

/// A point of a unit's own, walked to its check.
DocumentKey pointToCheck(Workplace& place) {
    auto const point = place.creates("point", "unit/yc-d03",
                                     {{"title", "实训设备完好率"},
                                      {"owner", "yc-d03"},
                                      {"result", "not-met"},
                                      {"evidence", "台账"},
                                      {"problem", "完好率低"}});
    place.steps(point, "problems-found");
    for (auto const& [field, action] : {std::pair{"cause", "causes-found"}, std::pair{"main_cause", "main-cause-found"},
                                        std::pair{"measures", "plan-made"}, std::pair{"execution", "submit"}}) {
        place.edits(point, {{field, std::string_view(field) == "measures" ? "每周点检" : "说明"}});
        place.steps(point, action);
    }
    return point;
}

}  // namespace

TEST_CASE(
    "N024 each finding of a review report becomes a task: the matrix names gaps, and a plan with one is not submitted",
    "[requirements][findings]") {
    Reviewed review;
    auto matrix = findingMatrix(**review.quality, review.report);
    REQUIRE(matrix.lines.size() == 2);
    CHECK(matrix.gaps == 2);
    CHECK(matrix.without([](MatrixLine const& line) { return line.hasTask(); }).starts_with("F1 "));

    // The plan answers one of the two: neither submitted nor, once somebody forged that, approved.
    DocumentKey const plan =
        review.plan(R"([{"due":"2026-06-30","findings":["F1"],"id":"t1","owner":"yc-d03","title":"添置设备"}])");
    auto const refused = (*review.quality)->step(plan, "submit", {}, std::nullopt);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().reason == "finding.without-task");
    CHECK(refused.error().detail.find("F2") != std::string::npos);
    CHECK(refused.error().detail.find("F1") == std::string::npos);

    // The rows become findings with tasks; the row without a unit is named, then given one.
    FindingsWanted wanted;
    wanted.tasks = true;
    wanted.due = day("2026-06-30");
    auto first = importFindings(**review.quality, review.report, wanted);
    INFO((first ? "" : first.error().reason + " " + first.error().detail));
    REQUIRE(first);
    REQUIRE(first->rows.size() == 2);
    CHECK(first->rows[0].task);
    CHECK(first->rows[1].why == "finding.no-unit");
    CHECK(review.quality->refused(plan, "submit") == "finding.without-task");
    wanted.units["F2"] = "yc-d04";
    auto second = importFindings(**review.quality, review.report, wanted);
    REQUIRE(second);
    CHECK(second->rows[0].known);
    REQUIRE(second->rows[1].task);
    CHECK(findingMatrix(**review.quality, review.report).gaps == 0);
    std::string const before = review.quality->dump();
    auto const again = importFindings(**review.quality, review.report, wanted);
    REQUIRE(again);
    CHECK(again->rows[1].known);
    CHECK(review.quality->dump() == before);  // nothing twice

    review.quality->steps(plan, "submit");
    review.meet();
    // A task that is cancelled leaves its finding without one again: the plan is not approved over it.
    auto const feng = review.zhao->hires("冯", "yc-d05", {"quality"});
    review.meet();
    review.zhao->carriesTo(*feng);
    feng->steps(*second->rows[1].task, "cancel", "重复");
    matrix = findingMatrix(**feng, review.report);
    CHECK(matrix.gaps == 1);
    CHECK(matrix.without([](MatrixLine const& line) { return line.hasTask(); }).starts_with("F2 "));
    CHECK(feng->refused(plan, "approve") == "finding.without-task");
    feng->creates("task", "unit/yc-d04",
                  {{"title", "补课程标准"},
                   {"kind", "rectification"},
                   {"owner", "yc-d04"},
                   {"due", "2026-07-31"},
                   {"source", "F2"},
                   {"source_document", review.report.text()}});
    feng->steps(plan, "approve");
    // Who does not read the other unit sees that its finding names a task there, and calls it no gap.
    feng->carriesTo(*review.zhao);
    review.zhao->carriesTo(*review.li);
    auto const seen = findingMatrix(**review.li, review.report);
    CHECK(seen.gaps == 0);
    REQUIRE(seen.lines.size() == 2);
    REQUIRE(seen.lines[1].tasks.size() == 1);
    CHECK(seen.lines[1].tasks[0].hidden);
    CHECK_FALSE(seen.lines[1].rechecked());
}

TEST_CASE(
    "N024 a plan that answers a review report is accepted only when the tasks of all its findings were re-checked",
    "[requirements][findings]") {
    Reviewed review;
    FindingsWanted wanted;
    wanted.tasks = true;
    wanted.due = day("2026-06-30");
    wanted.units["F2"] = "yc-d03";
    auto const imported = importFindings(**review.quality, review.report, wanted);
    REQUIRE(imported);
    // Written by a clerk, so that the quality office may approve it.
    review.meet();
    DocumentKey const plan = review.li->creates(
        "plan", "unit/yc-d03",
        {{"title", "整改方案"}, {"kind", "rectification"}, {"answers_report", review.report.text()}});
    review.li->steps(plan, "submit");
    review.meet();
    review.sun->steps(plan, "approve");
    review.meet();
    auto const refused = (*review.quality)->step(plan, "accept", {}, std::nullopt);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().reason == "finding.not-rechecked");
    for (auto const& row : imported->rows) {
        review.li->edits(*row.task, {{"cause", "慢"}, {"measures", "快"}, {"effect", "有"}, {"evidence", "台账"}});
        review.li->steps(*row.task, "submit");
    }
    review.meet();
    CHECK(review.quality->refused(plan, "accept") == "finding.not-rechecked");
    // The quality office made the tasks; the head of the unit, who wrote none of it, re-checks.
    for (auto const& row : imported->rows) review.sun->steps(*row.task, "recheck-pass");
    review.meet();
    CHECK(findingMatrix(**review.quality, review.report).rechecked == 2);
    review.quality->steps(plan, "accept");
}

TEST_CASE("L022 a measure enters a standard only after its effect was checked, and point and standard name each other",
          "[requirements][standards]") {
    Departments college;
    DocumentKey const standard =
        college.li->creates("standard", "unit/yc-d03",
                            {{"title", "实训管理标准"}, {"criteria", R"([{"criterion":"每日检查","id":"c1"}])"}});
    college.li->steps(standard, "submit");
    college.li->carriesTo(*college.sun);
    college.sun->steps(standard, "approve");
    college.sun->carriesTo(*college.li);
    DocumentKey const point = pointToCheck(*college.li);
    StandardWanted wanted;
    wanted.standard = standard;
    // No effect, no standard.
    CHECK(reasonOf(proposeStandard(**college.li, point, wanted)) == "standard.unproven");
    CHECK(reasonOf(proposeStandard(**college.li, standard, wanted)) == "standard.not-a-point");
    college.li->carriesTo(*college.sun);
    auto const check = college.sun->steps(point, "recheck-pass");
    college.sun->carriesTo(*college.li);
    auto const proposed = proposeStandard(**college.li, point, wanted);
    INFO((proposed ? "" : proposed.error().reason + " " + proposed.error().detail));
    REQUIRE(proposed);
    CHECK(proposed->check == check.record);
    // A new version of the standard, which walks its own approval; what was there stays.
    auto const shown = college.li->shows(standard);
    CHECK(shown.standing.changedAfter);
    CHECK(json::arrayAt(shown.merged.fields, "criteria")->size() == 2);
    auto const measures = measuresOf(**college.li, standard);
    REQUIRE(measures.size() == 1);
    CHECK(measures[0].point == point);
    CHECK(measures[0].check == check.record);
    CHECK(measures[0].measure == "每周点检");
    CHECK(measures[0].proven);
    auto const linked = college.li->shows(point);
    auto const* back = json::objectAt(linked.merged.fields, "standard_document");
    REQUIRE(back);
    CHECK(*json::stringAt(*back, "doc") == standard.doc.hex());
    CHECK(*json::stringAt(*back, "revision") == proposed->revision.hex());
    CHECK(checkStandards(**college.li).empty());
    // The step goes on from there, and the same proposal again changes nothing.
    college.li->steps(point, "standardised");
    std::string const before = college.li->dump();
    auto const again = proposeStandard(**college.li, point, wanted);
    REQUIRE(again);
    CHECK(again->known);
    CHECK(college.li->dump() == before);
    college.li->steps(standard, "submit");
    college.li->carriesTo(*college.sun);
    college.sun->steps(standard, "approve");
}

TEST_CASE("L022 a standard that changed with no proof of effect is told, and so is one that cites what proves nothing",
          "[requirements][standards]") {
    Departments college;
    auto const codes = [](engine::Remarks const& remarks) {
        std::vector<std::string> all;
        for (auto const& remark : remarks) all.push_back(remark.code);
        return all;
    };
    DocumentKey const standard = college.li->creates("standard", "unit/yc-d03", {{"title", "标准"}, {"content", "一"}});
    college.li->steps(standard, "submit");
    college.li->carriesTo(*college.sun);
    college.sun->steps(standard, "approve");
    college.sun->carriesTo(*college.li);
    CHECK(checkStandards(**college.li).empty());  // a first version is no change
    college.li->edits(standard, {{"note", "错字"}});
    CHECK(checkStandards(**college.li).empty());
    college.li->edits(standard, {{"content", "二"}});
    CHECK(codes(checkStandards(**college.li)) == std::vector<std::string>{"standard.no-proof"});
    // An act that is no passed check, cited by hand.
    DocumentKey const point = pointToCheck(*college.li);
    college.li->carriesTo(*college.sun);
    auto const failed = college.sun->steps(point, "recheck-fail", "没有成效", day("2026-06-30"));
    college.sun->carriesTo(*college.li);
    CHECK(reasonOf(proposeStandard(**college.li, point, {.standard = standard})) == "standard.unproven");
    college.li->edits(standard, {{"improvements", R"([{"check":")" + failed.record.hex() +
                                                      R"(","id":"x","measure":"空","point":{"doc":")" +
                                                      point.doc.hex() + R"(","scope":"unit/yc-d03"}}])"}});
    CHECK(codes(checkStandards(**college.li)) == std::vector<std::string>{"standard.unproven"});
}

TEST_CASE(
    "C002 the six papers of a course's plan are begun at once, the missing ones named, the year's under the three "
    "years'",
    "[requirements][plans]") {
    Departments college;
    AnnexesWanted wanted{"机械制图", Scope::unit("yc-d03"), day("2026-09-01"), true};
    CHECK(reasonOf(courseAnnexPapers(**college.li, {" ", Scope::unit("yc-d03"), {}, false})) == "plan.no-course");
    // One is there already, made by hand.
    DocumentKey const there =
        college.li->creates("standard", "unit/yc-d03", {{"title", "机械制图课程标准"}, {"kind", "course"}});
    auto const looked = courseAnnexPapers(**college.li, wanted);
    REQUIRE(looked);
    REQUIRE(looked->size() == 6);
    CHECK(std::count_if(looked->begin(), looked->end(), [](auto const& paper) { return !paper.document; }) == 5);
    CHECK((*looked)[4].document == there);
    wanted.dryRun = false;
    auto const made = courseAnnexPapers(**college.li, wanted);
    INFO((made ? "" : made.error().reason + " " + made.error().detail));
    REQUIRE(made);
    CHECK(std::count_if(made->begin(), made->end(), [](auto const& paper) { return paper.made; }) == 5);
    CHECK((*made)[4].document == there);
    auto const again = courseAnnexPapers(**college.li, wanted);
    REQUIRE(again);
    CHECK(std::none_of(again->begin(), again->end(), [](auto const& paper) { return paper.made; }));
    // The plan of the year lies inside the three years; moved outside, it is told.
    DocumentKey const year = *(*made)[1].document;
    CHECK(college.li->field(year, "end") == "2027-08-31");
    CHECK(college.li->field(*(*made)[0].document, "end") == "2029-08-31");
    auto const codesAt = [&] {
        std::vector<std::string> codes;
        for (auto const& remark : checkPlanning(**college.li)) {
            if (remark.place.starts_with(year.doc.hex())) codes.push_back(remark.code);
        }
        return codes;
    };
    CHECK(codesAt().empty());
    college.li->edits(year, {{"end", "2030-08-31"}});
    auto const codes = codesAt();
    CHECK(std::find(codes.begin(), codes.end(), "plan.outside-parent") != codes.end());
    // A colleague who does it apart has made the same papers.
    REQUIRE(courseAnnexPapers(**college.sun, {"机械制图", Scope::unit("yc-d03"), day("2026-09-01"), false}));
    college.sun->carriesTo(*college.li);
    auto const joined = courseAnnexPapers(**college.li, wanted);
    REQUIRE(joined);
    CHECK((*joined)[0].document == (*made)[0].document);
}
