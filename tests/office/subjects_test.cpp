// Programmes, courses, staff of schools and classes as subjects of a cycle, and the calendar of their clocks.
#include "people.h"

#include "engine/expectation.h"
#include "office/calendar.h"
#include "office/catalogues.h"
#include "office/cycles.h"
#include "office/inbox.h"
#include "office/quality_list.h"
#include "office/sheets.h"
#include "office/units.h"
#include "sheets/csv.h"

#include <algorithm>

using namespace spiral;
using namespace spiral::office;

namespace {

Day day(std::string_view text) { return *parseDay(text); }

/// A quality office, and clerks of two units that are schools here; the printed tables 8 to 11, and a list of what is
/// taught: a programme of one school, one of two, one that closes in the year, one that was closed before.
struct College {
    std::unique_ptr<Workplace> zhao = Workplace::founds("赵");
    std::unique_ptr<Workplace> qian = zhao->hires("钱", "yc-d05", {"quality@college"});
    std::unique_ptr<Workplace> li = zhao->hires("李", "yc-d03", {"clerk"});
    std::unique_ptr<Workplace> wang = zhao->hires("王", "yc-d10", {"clerk"});
    std::map<std::string, DocumentKey> tables;  // by level

    College() {
        for (auto* each : {&qian, &li, &wang}) zhao->carriesTo(**each);
        auto const taken = importCatalogue(**qian, catalogueText("yancheng-diagnosis-catalogue.json"), {});
        REQUIRE(taken);
        for (auto const& document : taken->documents) tables[qian->field(document, "level")] = document;
    }
    SheetResult takes(std::string_view kind, std::string const& text, OnExisting existing = OnExisting::Update) {
        auto const table = sheets::readCsv(asBytes(text));
        REQUIRE(table);
        auto result = importSheet(**qian, kind, *table, {existing, false});
        INFO((result ? "" : result.error().reason + " " + result.error().detail));
        REQUIRE(result);
        return *std::move(result);
    }
    void teaches() {
        takes("schools", "学院,教师人数\n教务处,42\n质控办,0\n人事处,7\n");
        takes("programmes",
              "专业代码,专业名称,所属学院,开办日期,停办日期\n"
              "480402,纺织品设计,人事处,,\n"
              "460301,机电一体化,教务处、人事处,,\n"
              "510201,年中停办,教务处,,2026-06-30\n"
              "510202,早已停办,教务处,,2025-06-30\n");
        takes("courses", "代码,课程名称,开设专业\nC1,机械制图,480402、460301、510201\nC2,孤课,990000\n");
        takes("classes", "代码,班级名称,专业,班主任\nB1,纺织2401,480402,周\nB2,机电2401,460301,\n");
    }
    CycleWanted wanted(std::initializer_list<char const*> levels) const {
        CycleWanted cycle;
        cycle.title = "2026年诊断";
        cycle.start = day("2026-01-01");
        cycle.due = day("2026-09-30");
        for (auto const* level : levels) cycle.catalogues.push_back(tables.at(level));
        return cycle;
    }
    CycleStarted starts(CycleWanted const& wanted) {
        auto started = startCycle(**qian, wanted);
        INFO((started ? "" : started.error().reason + " " + started.error().detail));
        REQUIRE(started);
        for (auto* each : {&zhao, &li, &wang}) qian->carriesTo(**each);
        return *std::move(started);
    }
    CycleShown shows(Workplace& place, DocumentKey const& cycle) {
        auto shown = showCycle(*place, cycle, day("2026-03-02"));
        REQUIRE(shown);
        return *std::move(shown);
    }
    std::vector<CyclePart> partsOf(Workplace& place, DocumentKey const& cycle, std::string_view rule,
                                   std::string_view subject) {
        std::vector<CyclePart> found;
        for (auto const& part : shows(place, cycle).parts) {
            if (part.rule == rule && part.subject == subject) found.push_back(part);
        }
        return found;
    }
    /// A point without a problem, from its first step to its end.
    void finishes(Workplace& place, DocumentKey const& point) {
        place.edits(point, {{"result", "met"}, {"result_text", "达成"}, {"evidence", "台账"}});
        place.steps(point, "no-problem");
        place.carriesTo(*qian);
        qian->steps(point, "recheck-pass");
        qian->carriesTo(place);
        place.edits(point, {{"standard", "无"}});
        place.steps(point, "standardised");
        place.edits(point, {{"left_over", "无"}});
        place.steps(point, "finish");
        place.carriesTo(*qian);
    }
};

std::string reasonOf(Result<CycleStarted> const& result) { return result ? "started" : result.error().reason; }

std::vector<std::string> told(CyclePlan const& plan) {
    std::vector<std::string> all;
    for (auto const& each : plan.findings) all.push_back(each.code + " " + each.subject);
    std::sort(all.begin(), all.end());
    return all;
}

std::vector<std::string> errors(SheetResult const& result) {
    std::vector<std::string> all;
    for (auto const& note : result.notes) {
        if (note.error) all.push_back(std::to_string(note.row) + " " + note.field + " " + note.code);
    }
    return all;
}

std::map<std::string, int> states(SubjectCalendar const& calendar) {
    std::map<std::string, int> counts;
    for (auto const& each : calendar.items) ++counts[each.item.rule + " " + each.state];
    return counts;
}

}  // namespace

TEST_CASE("Y049 a cycle asks 9 elements and 17 points of each open programme, of a joint one once",
          "[requirements][cycle]") {
    College college;
    college.teaches();
    auto const started = college.starts(college.wanted({"programme"}));
    CHECK(started.plan.elements == 9);
    CHECK(started.plan.points == 17);
    CHECK(started.plan.subjects.at("programme") == 3);  // the one closed the year before is not asked
    CHECK(told(started.plan) == std::vector<std::string>{"programme-closes 510201"});
    auto const shown = college.shows(*college.li, started.cycle);
    CHECK(shown.points.all == 3 * 17);
    CHECK(shown.bySubject.size() == 3);
    CHECK(shown.bySubject.at("programme:460301").all == 17);
    CHECK(shown.subjectNames.at("programme:460301") == "机电一体化");
    CHECK(shown.parts.size() == started.plan.parts);

    // The school named first leads a joint programme and answers its points; of a form each has its own part.
    auto const points = college.partsOf(*college.li, started.cycle, "point", "programme:460301");
    REQUIRE(points.size() == 17);
    CHECK(std::all_of(points.begin(), points.end(), [](auto const& part) { return part.unit == "yc-d03"; }));
    auto const forms = college.partsOf(*college.li, started.cycle, "element", "programme:460301");
    CHECK(forms.size() == 2 * 9);
    CHECK(college.li->field(forms.front().line.key(), "lead") == "yc-d03");
    auto const parts = beside(**college.li, forms.front().line.key());
    REQUIRE(parts);
    CHECK(parts->jointParts.size() == 2);

    // Lists say which programme is meant.
    auto const title = points.front().line.title;
    CHECK(title.starts_with("机电一体化 · "));
    QualityFilter filter;
    filter.tasks.allWork = true;
    auto const list = qualityList(**college.qian, filter, day("2026-03-02"));
    CHECK(
        std::any_of(list.lines.begin(), list.lines.end(), [&](auto const& line) { return line.task.title == title; }));
    CHECK(college.li->field(points.front().line.key(), "subject") == "programme:460301");

    // Everybody who holds the same shows the same, also made anew.
    std::string const before = college.li->dump();
    (*college.li)->rebuild();
    CHECK(college.li->dump() == before);
}

TEST_CASE(
    "Y049 a programme closed in mid-year keeps what it answered and is asked nothing anew after the cycle is adopted",
    "[requirements][cycle]") {
    College college;
    college.teaches();
    auto const cycle = college.starts(college.wanted({"programme"})).cycle;
    auto const answered = college.partsOf(*college.li, cycle, "point", "programme:510201").front().line.key();
    auto const kept = college.partsOf(*college.li, cycle, "point", "programme:460301").front().line.key();
    college.li->edits(answered, {{"result", "met"}});
    college.li->edits(kept, {{"result", "not-met"}});
    auto const form = college.partsOf(*college.li, cycle, "element", "programme:510201").front().line.key();
    college.li->edits(form, {{"achievements", "毕业生就业率高"}});
    college.li->carriesTo(*college.qian);
    // Adopted while it is still open, nothing changes; a programme opened in the year is asked from then on.
    auto again = college.wanted({"programme"});
    again.asOf = day("2026-06-30");
    college.takes("programmes", "专业代码,专业名称,所属学院,开办日期\n590101,新专业,人事处,2026-03-01\n");
    CHECK(reasonOf(adoptCatalogue(**college.qian, cycle, again, "增设专业")) == "started");
    CHECK(college.shows(*college.qian, cycle).bySubject.size() == 4);
    CHECK(college.shows(*college.qian, cycle).points.answered == 2);

    again.asOf = day("2026-07-01");
    auto const adopted = adoptCatalogue(**college.qian, cycle, again, "专业停办");
    INFO((adopted ? "" : adopted.error().reason + " " + adopted.error().detail));
    REQUIRE(adopted);
    college.qian->carriesTo(*college.li);
    auto const after = college.shows(*college.li, cycle);
    CHECK(after.bySubject.size() == 3);
    CHECK_FALSE(after.bySubject.contains("programme:510201"));
    CHECK(after.subjectNames.at("programme:510201") == "年中停办");
    REQUIRE(after.withdrawn.size() == 2);
    for (auto const& part : after.withdrawn) {
        CHECK(part.subject == "programme:510201");
        CHECK(part.line.key() == (part.rule == "point" ? answered : form));
        CHECK(part.answered == (part.rule == "point"));
    }
    CHECK(college.li->field(answered, "result") == "met");
    CHECK(college.li->field(form, "achievements") == "毕业生就业率高");
    // The others keep the documents that they have begun.
    CHECK(college.partsOf(*college.li, cycle, "point", "programme:460301").front().line.key() == kept);
    CHECK(college.li->field(kept, "result") == "not-met");
    auto const fields = college.li->shows(cycle).merged.fields;
    auto const* gone = fields.find("withdrawn_subjects");
    REQUIRE(gone);
    CHECK(json::encode(*gone).find("2026-06-30") != std::string::npos);
}

// The units of such parts stand with the programme and not with the point. They were once taken back from the closed
// unit and asked of nobody.
TEST_CASE("what a dissolved school was asked about its programme and had not begun is handed over and not taken back",
          "[cycle][units]") {
    College college;
    college.teaches();
    auto const started = college.starts(college.wanted({"programme"}));
    auto const before = college.partsOf(*college.qian, started.cycle, "point", "programme:480402");
    REQUIRE(before.size() == 17);
    REQUIRE(before.front().unit == "yc-d10");
    REQUIRE(closeUnit(**college.zhao, "yc-d10", {.successor = "yc-d03"}, day("2026-03-02")));
    college.zhao->carriesTo(*college.qian);
    // A role that was given stands by her clock too.
    college.qian->clock.time = std::max(college.qian->clock.time, college.zhao->clock.time) + std::chrono::seconds{1};
    auto const li = *(*college.li)->replica().person();
    auto const done = handOver(**college.qian, "yc-d10", "撤并", li, day("2026-03-02"));
    INFO((done ? "" : done.error().reason));
    REQUIRE(done);
    CHECK(done->takenBack.size() == done->askedAnew.size());
    auto const after = college.partsOf(*college.qian, started.cycle, "point", "programme:480402");
    REQUIRE(after.size() == 17);
    for (auto const& part : after) {
        CHECK(part.line.state != "taken-back");
        CHECK_FALSE(part.line.closed);
        CHECK(part.line.person == li);
    }
    CHECK(college.shows(*college.qian, started.cycle).points.takenBack == 0);
    // Done again, nothing is signed twice.
    auto const again = handOver(**college.qian, "yc-d10", "撤并", li, day("2026-03-02"));
    REQUIRE(again);
    CHECK(again->carriedOn.empty());
    CHECK(again->takenBack.empty());
}

TEST_CASE("Y050 in a cycle a course that three programmes teach is asked once, 5 and 15, and names all three",
          "[requirements][cycle]") {
    College college;
    college.teaches();
    auto const started = college.starts(college.wanted({"course"}));
    CHECK((started.plan.elements == 5 && started.plan.points == 15));
    CHECK(started.plan.parts == 20);
    CHECK(told(started.plan) == std::vector<std::string>{"course-in-no-programme C2", "course-of-several-schools C1"});
    auto const points = college.partsOf(*college.li, started.cycle, "point", "course:C1");
    REQUIRE(points.size() == 15);
    auto const key = points.front().line.key();
    CHECK(json::encode(*college.li->shows(key).merged.fields.find("programmes")) == R"(["460301","480402","510201"])");
    CHECK(college.li->field(key, "programmes_text").find("纺织品设计") != std::string::npos);
    CHECK(points.front().unit == "yc-d03");  // the leading school of the first programme by code
    // The school that is said to teach it answers instead.
    college.takes("courses", "代码,课程名称,开设专业,承担学院\nC1,机械制图,480402、460301、510201,人事处\n");
    auto const again = planCycle(**college.qian, college.wanted({"course"}));
    REQUIRE(again);
    CHECK(told(*again) == std::vector<std::string>{"course-in-no-programme C2"});
    CHECK(json::encode(*again->fields.find("subjects")).find(R"("lead":"yc-d10")") != std::string::npos);
}

TEST_CASE("Y051 in a cycle a school without teachers is asked no staff points, one with them 7 and 14",
          "[requirements][cycle]") {
    College college;
    college.teaches();
    auto const started = college.starts(college.wanted({"staff"}));
    CHECK((started.plan.elements == 7 && started.plan.points == 14));
    CHECK(started.plan.parts == 2 * (7 + 14));
    REQUIRE(told(started.plan).size() == 1);
    CHECK(told(started.plan)[0].starts_with("school-without-staff "));
    auto const shown = college.shows(*college.li, started.cycle);
    CHECK(shown.bySubject.size() == 2);
    CHECK(shown.bySubject.at("staff:yc-d03").all == 14);
}

TEST_CASE("Y052 in a cycle each class is asked 8 and 16, one without a class teacher is told, one of no unit refused",
          "[requirements][cycle]") {
    College college;
    college.teaches();
    auto const plan = planCycle(**college.qian, college.wanted({"student"}));
    REQUIRE(plan);
    CHECK((plan->elements == 8 && plan->points == 16));
    CHECK(plan->parts == 2 * (8 + 16));
    CHECK(told(*plan) == std::vector<std::string>{"class-without-teacher B2"});
    college.takes("classes", "代码,班级名称,专业,班主任\nB3,无专业班,990000,吴\n");
    auto wanted = college.wanted({"student"});
    auto const unowned = startCycle(**college.qian, wanted);
    REQUIRE_FALSE(unowned);
    CHECK(unowned.error().reason == "cycle.subject-unowned");
    CHECK(unowned.error().detail.find("student:B3 无专业班") != std::string::npos);
    wanted.owners["student:B3"] = {"yc-d10"};
    auto const started = college.starts(wanted);
    auto const points = college.partsOf(*college.wang, started.cycle, "point", "student:B3");
    CHECK(points.size() == 16);
    CHECK(points.front().unit == "yc-d10");
}

TEST_CASE("a level without subjects is refused by name, asked of units by choice, and as before where none are told",
          "[cycle]") {
    College college;
    auto wanted = college.wanted({"programme"});
    wanted.units = {"yc-d03", "yc-d10"};
    auto const before = planCycle(**college.qian, wanted);
    REQUIRE(before);
    CHECK(before->parts == 2 * (9 + 17));
    wanted.units.clear();
    wanted.subjects["programme"] = {};
    CHECK(reasonOf(startCycle(**college.qian, wanted)) == "cycle.no-subjects");
    wanted.subjects.clear();
    wanted.owners["二级学院"] = {"yc-d03"};
    auto const none = planCycle(**college.qian, wanted);
    REQUIRE(none);
    CHECK(none->unitLevels == std::vector<std::string>{"programme"});

    college.teaches();
    auto course = college.wanted({"course"});
    course.subjects["course"] = {"C1", "C9"};
    CHECK(reasonOf(startCycle(**college.qian, course)) == "cycle.subject-unknown");
    wanted.byUnit = {"programme"};
    auto const byUnit = planCycle(**college.qian, wanted);
    REQUIRE(byUnit);
    CHECK(byUnit->subjects.empty());
    CHECK(byUnit->unitLevels.empty());
    // A running cycle stays as it was begun: of units, though the programmes are told since.
    auto const cycle = college.starts(wanted).cycle;
    auto again = college.wanted({"programme"});
    again.owners = wanted.owners;
    again.owners["二级学院"] = {"yc-d03", "yc-d10"};
    CHECK(reasonOf(adoptCatalogue(**college.qian, cycle, again, "两个学院")) == "started");
    CHECK(college.shows(*college.qian, cycle).bySubject.empty());
    // And two that were named stay two.
    auto two = college.wanted({"programme"});
    two.subjects["programme"] = {"460301", "510201"};
    auto const named = college.starts(two).cycle;
    CHECK(college.shows(*college.qian, named).bySubject.size() == 2);
    again = college.wanted({"programme"});
    again.asOf = day("2026-07-01");
    REQUIRE(adoptCatalogue(**college.qian, named, again, "停办"));
    CHECK(college.shows(*college.qian, named).bySubject.size() == 1);
}

TEST_CASE("a second document of what is taught, made apart, is told before a cycle goes by the first", "[cycle]") {
    College college;
    college.teaches();
    college.qian->creates("teaching", "college", {{"title", "另一份"}});
    auto const plan = planCycle(**college.qian, college.wanted({"programme", "course"}));
    INFO((plan ? "" : plan.error().reason));
    REQUIRE(plan);
    auto const twice = [](auto const& each) { return each.code == "teaching-twice"; };
    CHECK(std::count_if(plan->findings.begin(), plan->findings.end(), twice) == 1);
}

TEST_CASE("the id of what is asked for is the same without a subject as it ever was, and another for each subject",
          "[cycle]") {
    DocumentKey const cycle{Scope::college(), *DocumentId::fromHex("00112233445566778899aabbccddeeff")};
    auto const id = [&](std::string_view row, std::string_view subject) {
        return engine::expectedId(cycle, "point", row, "yc-d03", Scope::unit("yc-d03"), subject).hex();
    };
    CHECK(id("E1-P1", "") == "bf1eaa4498d7f651ad2555f6b0d6faf1");
    CHECK(id("E1-P1", "course:C1") == "ab33850eb903b91989d2ad3a9c268306");
    // No row is called so that it takes a subject's place.
    CHECK(id("E1-P1@course:C1", "") != id("E1-P1", "course:C1"));
}

TEST_CASE("what a subject failed and left over names it in the task, and the next cycle shows its last answer",
          "[cycle]") {
    College college;
    college.teaches();
    auto const cycle = college.starts(college.wanted({"course"})).cycle;
    auto const parts = college.partsOf(*college.li, cycle, "point", "course:C1");
    auto const point = parts.front().line.key();
    college.li->edits(point, {{"result", "not-met"}, {"evidence", "台账"}, {"problem", "少"}, {"lessons", "先定口径"}});
    college.li->carriesTo(*college.qian);
    REQUIRE(closeCycle(**college.qian, cycle, "年度结束", true));
    auto wanted = college.wanted({"course"});
    wanted.start = day("2027-01-01");
    wanted.due = day("2027-09-30");
    wanted.previous = cycle;
    auto const next = college.starts(wanted);
    CHECK(next.plan.carried == 20);
    auto const again = college.partsOf(*college.li, next.cycle, "point", "course:C1");
    REQUIRE(again.size() == 15);
    auto const found =
        std::find_if(again.begin(), again.end(), [&](auto const& part) { return part.point == parts.front().point; });
    auto const last = beside(**college.li, found->line.key());
    REQUIRE(last);
    REQUIRE(last->lastAnswer);
    CHECK(*json::stringAt(*last->lastAnswer, "lessons") == "先定口径");
    auto const left = college.partsOf(*college.li, next.cycle, "left-over", "course:C1");
    REQUIRE(left.size() == 20);
    CHECK(college.li->field(left.front().line.key(), "subject") == "course:C1");
    CHECK(left.front().line.title.starts_with("机械制图 · "));
}

TEST_CASE("Y057 the calendar of a programme shows both clocks, each with the cycle that did it",
          "[requirements][calendar]") {
    College college;
    college.teaches();
    auto wanted = college.wanted({"programme"});
    wanted.subjects["programme"] = {"460301"};
    auto const cycle = college.starts(wanted).cycle;
    CalendarWanted asked;
    asked.subject = "programme:460301";
    asked.today = day("2026-03-02");
    auto const running = calendarOf(**college.qian, asked);
    REQUIRE(running);
    REQUIRE(running->subjects.size() == 1);
    CHECK(states(running->subjects[0]) == std::map<std::string, int>{{"assessment due", 1}, {"monitoring due", 3}});
    auto const& first = running->subjects[0].items[1];
    REQUIRE(first.cycles.size() == 1);
    CHECK(first.cycles[0].asked == 17);
    CHECK(first.cycles[0].state == "running");
    // Closed with everything left over it did nothing; with a point finished it did.
    auto const point = college.partsOf(*college.li, cycle, "point", "programme:460301").front().line.key();
    SECTION("everything left over") {
        REQUIRE(closeCycle(**college.qian, cycle, "无", true));
        asked.today = day("2027-01-01");
        CHECK(states(calendarOf(**college.qian, asked)->subjects[0])["monitoring overdue"] == 1);
    }
    SECTION("a point finished") {
        college.finishes(*college.li, point);
        REQUIRE(closeCycle(**college.qian, cycle, "年度结束", true));
        asked.today = day("2027-01-01");
        auto const done = calendarOf(**college.qian, asked);
        CHECK(states(done->subjects[0]) ==
              std::map<std::string, int>{{"assessment due", 1}, {"monitoring done", 1}, {"monitoring due", 2}});
        // The assessment of three years is not done by a cycle of one.
        asked.today = day("2029-01-01");
        asked.from = day("2026-01-01");
        asked.until = day("2029-01-01");
        CHECK(states(calendarOf(**college.qian, asked)->subjects[0]) ==
              std::map<std::string, int>{{"assessment overdue", 1}, {"monitoring done", 1}, {"monitoring overdue", 2}});
    }
    asked.subject = "programme:999999";
    CHECK(calendarOf(**college.qian, asked).error().reason == "cycle.subject-unknown");
}

TEST_CASE("Y057 a brand flag is neither set nor taken off without a reason, and one taken off in silence is told",
          "[requirements][calendar]") {
    College college;
    auto const refused = college.takes("programmes",
                                       "专业代码,专业名称,所属学院,品牌专业,品牌标记起始日期,品牌标记变更理由\n"
                                       "P1,甲,教务处,是,2026-01-01,校级品牌专业立项\n"
                                       "P2,乙,教务处,是,2026-01-01,\n"
                                       "P3,丙,教务处,是,,立项\n"
                                       "P4,丁,教务处,也许,,\n"
                                       "P5,戊,教务处,,2026-01-01,立项\n");
    CHECK(errors(refused) == std::vector<std::string>{"3 brand_reason flag-without-reason",
                                                      "4 brand_since flag-without-day", "5 brand not-yes-or-no",
                                                      "6 brand flag-missing"});
    auto const heading = "专业代码,专业名称,品牌专业,品牌标记起始日期,品牌标记变更理由\n";
    CHECK(errors(college.takes("programmes", std::string(heading) + "P1,甲,否,2027-06-01,\n")) ==
          std::vector<std::string>{"2 brand_reason flag-without-reason"});
    CHECK(errors(college.takes("programmes", std::string(heading) + "P1,甲,否,2025-12-31,停招\n")) ==
          std::vector<std::string>{"2 brand_since flag-day-moved"});
    CHECK(errors(college.takes("programmes", std::string(heading) + "P1,甲,是,2027-06-01,晚些再算\n")) ==
          std::vector<std::string>{"2 brand_since flag-day-moved"});
    CHECK(checkTeaching(**college.qian).empty());

    CalendarWanted asked;
    asked.subject = "programme:P1";
    asked.begin = day("2026-01-01");
    asked.today = day("2026-03-02");
    auto const focus = [&] {
        std::string text;
        auto const calendar = calendarOf(**college.qian, asked);
        for (auto const& each : calendar->subjects.at(0).items)
            text += each.item.rule + (each.item.focus ? "+ " : "- ");
        return text;
    };
    CHECK(focus() == "assessment+ monitoring+ monitoring+ monitoring+ ");
    SECTION("with a reason it frees what begins later, and what it was before stays known") {
        auto const off = college.takes("programmes", std::string(heading) + "P1,甲,否,2027-06-01,专业停招\n");
        CHECK(errors(off).empty());
        CHECK(off.updated == 1);
        CHECK(focus() == "assessment+ monitoring+ monitoring+ monitoring- ");
        CHECK(checkTeaching(**college.qian).empty());
        CHECK(teachingOf(**college.qian).programmes.at(0).flags.size() == 2);
    }
    SECTION("written over by hand, without a word, it stays in force and whoever did it is named") {
        auto const document = *teachingDocument(**college.qian);
        college.qian->edits(document, {{"programmes", R"([{"id":"P1","name":"甲","schools":["yc-d03"]}])"}});
        auto const findings = checkTeaching(**college.qian);
        REQUIRE(findings.size() == 1);
        CHECK(findings[0].code == "flag-without-reason");
        CHECK(findings[0].subject == "programme:P1");
        CHECK(findings[0].detail == (*college.qian)->status().person->text());
        auto const plan = planCycle(**college.qian, college.wanted({"programme"}));
        REQUIRE(plan);
        CHECK(told(*plan) == std::vector<std::string>{"flag-without-reason P1"});
        CHECK(json::encode(*plan->fields.find("subjects")).find(R"("brand":true)") != std::string::npos);
        CHECK(focus() == "assessment+ monitoring+ monitoring+ monitoring+ ");
    }
    SECTION("the flag of a cycle is the one in force when it began") {
        college.takes("programmes", std::string(heading) + "P1,甲,否,2026-06-01,专业停招\n");
        auto const plan = planCycle(**college.qian, college.wanted({"programme"}));
        CHECK(json::encode(*plan->fields.find("subjects")).find(R"("brand":true)") != std::string::npos);
        auto later = college.wanted({"programme"});
        later.start = day("2026-09-01");
        later.due.reset();
        CHECK(json::encode(*planCycle(**college.qian, later)->fields.find("subjects")).find("brand") ==
              std::string::npos);
    }
}

TEST_CASE("Y062 the calendar of one course over three years has one large, three small and six semester items",
          "[requirements][calendar]") {
    College college;
    college.teaches();
    CalendarWanted asked;
    asked.subject = "course:C1";
    asked.from = day("2026-09-01");
    asked.until = day("2029-09-01");
    asked.today = day("2026-10-01");
    auto const calendar = [&] { return calendarOf(**college.qian, asked)->subjects.at(0); };
    CHECK(states(calendar()) == std::map<std::string, int>{{"large due", 1}, {"small due", 3}, {"teaching due", 6}});
    // The small one in the year of the large one stays unless it is waived, with a reason.
    auto const reason = [&](engine::Waiver const& waiver) {
        auto const waived = waive(**college.qian, "course:C1", waiver, asked.today);
        return waived ? "" : waived.error().reason;
    };
    auto const document = *teachingDocument(**college.qian);
    college.qian->edits(document, {{"clock_start", "2026-09-01"}});
    CHECK(reason({"small", day("2028-09-01"), " "}) == "clock.waiver-without-reason");
    CHECK(reason({"small", day("2027-09-01"), "忙"}) == "clock.waiver-of-its-own-year");
    CHECK(reason({"small", day("2028-09-02"), "忙"}) == "clock.waiver-of-nothing");
    CHECK(waive(**college.qian, "course:C9", {"small", day("2028-09-01"), "忙"}, asked.today).error().reason ==
          "cycle.subject-unknown");
    CHECK(reason({"small", day("2028-09-01"), "并入大诊改"}) == "");
    CHECK(states(calendar()) ==
          std::map<std::string, int>{{"large due", 1}, {"small due", 2}, {"small waived", 1}, {"teaching due", 6}});
    asked.today = day("2029-09-01");
    CHECK(states(calendar()) ==
          std::map<std::string, int>{
              {"large overdue", 1}, {"small overdue", 2}, {"small waived", 1}, {"teaching overdue", 6}});
    // A waiver written by hand of an item that nothing waives is told and waives nothing.
    college.qian->edits(
        document,
        {{"waivers", R"([{"id":"x","subject":"course:C1","item":"small","begin":"2027-09-01","reason":"忙"}])"}});
    CHECK(states(calendar())["small overdue"] == 3);
    auto const findings = calendarOf(**college.qian, asked)->findings;
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].code == "waiver-of-its-own-year");
}

TEST_CASE("N006 the college's clock of three years is warned of before it runs out, and no cycle is longer",
          "[requirements][calendar]") {
    College college;
    auto wanted = college.wanted({"college"});
    wanted.units = {"yc-d03"};
    wanted.clock = engine::Clock::ThreeYears;
    wanted.end = day("2029-01-31");  // 37 months
    CHECK(reasonOf(startCycle(**college.qian, wanted)) == "clock.cycle-too-long");
    wanted.end = day("2028-12-31");
    CHECK(planCycle(**college.qian, wanted));
    wanted.clock = engine::Clock::Year;
    wanted.end.reset();
    auto const cycle = college.starts(wanted).cycle;
    using State = engine::OnceStanding::State;
    auto const state = [&](char const* today) { return collegeCalendar(**college.qian, day(today)).standing.state; };
    CHECK(state("2028-07-04") == State::InTime);
    CHECK(state("2028-07-05") == State::RunsOut);
    CHECK(state("2029-01-01") == State::RunsOut);
    CHECK(state("2029-01-02") == State::RunOut);
    auto const point = college.partsOf(*college.li, cycle, "point", "").front().line.key();
    SECTION("closed with everything left over it is no diagnosis") {
        REQUIRE(closeCycle(**college.qian, cycle, "无", true));
        CHECK(state("2029-01-02") == State::RunOut);
    }
    SECTION("finished, it starts the clock anew on that day") {
        college.finishes(*college.li, point);
        REQUIRE(closeCycle(**college.qian, cycle, "年度结束", true));
        auto const shown = collegeCalendar(**college.qian, day("2029-01-02"));
        CHECK(shown.standing.state == State::RunsOut);
        REQUIRE(shown.cycles.size() == 1);
        CHECK(shown.standing.lastsUntil == engine::addMonths(*shown.cycles[0].closed, 36));
    }
}
