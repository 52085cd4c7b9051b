// Plans, task books, parts, progress and the views of tasks, on documents that people really wrote.
#include "office/fields.h"
#include "office/organisation.h"
#include "office/plans.h"

#include "people.h"

namespace spiral::office {
namespace {

Day const kToday = *parseDay("2026-03-02");

std::set<std::string> codes(engine::Remarks const& remarks) {
    std::set<std::string> all;
    for (auto const& each : remarks) all.insert(each.code);
    return all;
}

ImportResult taken(Workplace& quality, std::string_view kind, std::string_view text) {
    auto result = importPlanning(*quality, kind, text, false);
    INFO((result ? "" : result.error().reason + " " + result.error().detail));
    REQUIRE(result);
    return *result;
}

std::string goal(std::string const& id, std::string const& target, std::string const& due, std::string const& parent = {}) {
    json::Object row{{"id", id}, {"goal", "就业率"}, {"measure", "比例"}, {"target", target}, {"due", due}};
    if (!parent.empty()) row.set("parents", json::Array{parent});
    return json::encode(json::Value(json::Array{row}));
}

std::string bookRows(std::vector<json::Object> const& rows) {
    json::Array all;
    for (auto const& row : rows) all.emplace_back(row);
    return json::encode(json::Value(all));
}

json::Object bookRow(std::string const& id, std::string const& title, std::string const& owner, std::string const& weight = "10") {
    return {{"id", id}, {"title", title}, {"owner", owner}, {"due", "2026-12-31"}, {"weight", weight}, {"standard", "通过验收"}, {"attribute", "assigned"}};
}

PlanShown const& planCalled(std::vector<PlanShown> const& plans, std::string_view title) {
    auto const found = std::find_if(plans.begin(), plans.end(), [&](auto const& each) { return each.node.title == title; });
    REQUIRE(found != plans.end());
    return *found;
}

TEST_CASE("Y014 plans hang from the master plan down, and a loop that somebody wrote is told", "[requirements][office]") {
    auto quality = Workplace::founds("王芳");
    auto const master = quality->creates("plan", "college", {{"title", "总体规划"}, {"kind", "master"}, {"swot", "优势：…"},
                                                             {"start", "2026-01-01"}, {"end", "2030-12-31"}, {"goals", goal("g", "≥95%", "2030-12-31")}});
    auto const special = quality->creates("plan", "college", {{"title", "专项规划"}, {"kind", "special"}, {"parent", master.text()},
                                                              {"start", "2026-01-01"}, {"end", "2030-12-31"}, {"goals", goal("s", "95%", "2029-12-31", "g")}});
    auto const school = quality->creates("plan", "unit/yc-d08", {{"title", "学院规划"}, {"kind", "school"}, {"parent", special.text()},
                                                                 {"start", "2026-09-01"}, {"end", "2029-08-31"}, {"goals", goal("x", "96%", "2029-06-30", "s")}});
    auto const plans = planTree(**quality);
    REQUIRE(plans.size() == 3);
    CHECK((plans[0].node.title == "总体规划" && plans[0].depth == 0));
    CHECK((plans[1].node.title == "专项规划" && plans[1].depth == 1));
    CHECK((plans[2].node.title == "学院规划" && plans[2].depth == 2));
    CHECK(checkPlanning(**quality).empty());
    SECTION("a sub-plan without a parent, and one that points at nothing here") {
        quality->creates("plan", "college", {{"title", "子规划"}, {"kind", "sub"}});
        quality->creates("plan", "college", {{"title", "迷路"}, {"kind", "sub"}, {"parent", "college:" + std::string(32, 'a')}});
        CHECK(codes(checkPlanning(**quality)) == std::set<std::string>{"plan.no-parent", "plan.parent-missing"});
    }
    SECTION("a loop") {
        quality->edits(master, {{"parent", school.text()}});
        auto const told = checkPlanning(**quality);
        CHECK(std::count_if(told.begin(), told.end(), [](auto const& each) { return each.code == "plan.loop"; }) == 3);
        CHECK(planTree(**quality).size() == 3);
    }
    SECTION("a goal due later, or lower, than the one above; mended, the list empties") {
        quality->edits(school, {{"goals", goal("x", "90%", "2030-06-30", "s")}});
        CHECK(codes(checkPlanning(**quality)) == std::set<std::string>{"plan.goal-later", "plan.goal-lower"});
        quality->edits(school, {{"goals", goal("x", "95.0%", "2029-12-31", "s")}});
        CHECK(checkPlanning(**quality).empty());
    }
}

TEST_CASE("Y017 entries carry their own day and that of signing; parents are the weighted sum of their tasks", "[requirements][office]") {
    auto quality = Workplace::founds("王芳");
    auto const plan = quality->creates("plan", "college", {{"title", "年度计划"}, {"kind", "master"}, {"start", "2026-01-01"}, {"end", "2026-12-31"},
                                                           {"tasks", bookRows({bookRow("1", "甲", "yc-d03", "2"), bookRow("2", "乙", "yc-d12", "1.5"), bookRow("3", "丙", "yc-d10", "0.5")})}});
    auto const parts = splitPlan(**quality, plan, false);
    REQUIRE(parts);
    REQUIRE(parts->size() == 3);
    auto const enter = [&](std::size_t part, std::int64_t percent, char const* day, char const* reason = "") {
        return enterProgress(**quality, *(*parts)[part].task, {percent, *parseDay(day), "进展", reason, {}});
    };
    REQUIRE(enter(0, 100, "2026-03-01"));
    REQUIRE(enter(1, 40, "2026-02-20"));
    // (2 × 100 + 1.5 × 40 + 0.5 × 0) / 4 = 65
    CHECK(planCalled(planTree(**quality), "年度计划").progress == 6'500);
    auto const entries = progressEntries(**quality, *(*parts)[1].task);
    REQUIRE(entries.size() == 1);
    CHECK(entries[0].day == *parseDay("2026-02-20"));
    CHECK(entries[0].entered == kToday);
    SECTION("over 100 %, a day to come, and back without a reason are refused; with one it is kept") {
        CHECK(enter(1, 101, "2026-03-01").error().reason == "progress.over");
        CHECK(enter(1, 50, "2026-03-03").error().reason == "progress.future");
        CHECK(enter(1, 30, "2026-03-01").error().reason == "progress.back");
        CHECK(enter(1, 30, "2026-03-01", "复查发现未完成"));
        CHECK(planCalled(planTree(**quality), "年度计划").progress == 6'125);
    }
    SECTION("evidence keeps its own date and is bound to the entry") {
        std::ofstream(quality->outside() / "佐证.txt") << "会议纪要";
        auto done = enterProgress(**quality, *(*parts)[1].task, {60, kToday, "完成", "", quality->outside() / "佐证.txt"});
        REQUIRE(done);
        auto const shown = quality->shows(*(*parts)[1].task);
        REQUIRE(shown.files.size() == 1);
        CHECK(progressEntries(**quality, *(*parts)[1].task).back().evidence == shown.files[0].sha256.hex());
    }
    SECTION("what somebody wrote past the command is told: over, and back") {
        quality->edits(*(*parts)[2].task, {{"progress_log", R"([{"id":"a","day":"2026-01-05","percent":140,"text":"x"},
            {"id":"b","day":"2026-01-06","percent":50,"text":"x"},{"id":"c","day":"2026-01-07","percent":20,"text":"x"}])"}});
        CHECK(codes(checkPlanning(**quality)) == std::set<std::string>{"progress.over", "progress.back"});
        CHECK(planCalled(planTree(**quality), "年度计划").progress == 6'750);   // the last that is a percentage
    }
}

TEST_CASE("C008 what is entered after the year's end is marked as late on every replica, with both days", "[requirements][office]") {
    auto quality = Workplace::founds("王芳");
    auto const task = quality->creates("task", "unit/yc-d03", {{"title", "甲"}, {"due", "2026-06-30"}});
    auto done = enterProgress(**quality, task, {80, *parseDay("2025-12-30"), "年底完成", "", {}});
    REQUIRE(done);
    REQUIRE(done->remarks.size() == 1);
    CHECK(done->remarks[0].code == "progress.late-year");
    CHECK(done->remarks[0].text == "2025-12-30 → 2026-03-02");
    auto zhou = quality->hires("周宁", "yc-d03", {"clerk"});
    quality->carriesTo(*zhou);
    auto const told = checkPlanning(**zhou);
    REQUIRE(codes(told) == std::set<std::string>{"progress.late-year"});
    // Typing the same row anew does not make it younger or older: the first writing counts.
    quality->edits(task, {{"note", "补充"}});
    CHECK(progressEntries(**quality, task)[0].entered == kToday);
}

TEST_CASE("Y019 each row of the book becomes a task of its unit; a row without a unit, or of a closed one, stops it", "[requirements][office]") {
    auto quality = Workplace::founds("王芳");
    auto shared = bookRow("1", "甲", "yc-d03");
    shared.set("joint", json::Array{"yc-d12"});
    auto const plan = quality->creates("plan", "college", {{"title", "年度计划"}, {"kind", "annual"}, {"parent", "college:" + std::string(32, 'a')},
                                                           {"tasks", bookRows({shared, bookRow("2", "乙", "yc-d12")})}});
    CHECK(splitPlan(**quality, plan, true)->at(0).task == std::nullopt);
    auto const made = splitPlan(**quality, plan, false);
    REQUIRE(made);
    auto const first = *made->at(0).task;
    CHECK(first.scope == Scope::unit("yc-d03"));
    CHECK(quality->field(first, "attribute") == "assigned");
    CHECK(quality->field(first, "weight") == "10");
    CHECK(quality->field(first, "standard") == "通过验收");
    auto const again = splitPlan(**quality, plan, false);
    CHECK((again->at(0).known && again->at(1).known));
    // The task book per unit is what the list of tasks has.
    Office::TaskFilter filter;
    filter.unit = "yc-d12";
    CHECK((*quality)->tasks(filter, kToday).size() == 1);
    BookFilter byUnit;
    byUnit.unit = "yc-d12";
    CHECK(taskBook(**quality, byUnit).lines.size() == 2);   // one to lead, one to share
    SECTION("a task is split between its lead and joint units, by weight, and done again nothing is made twice") {
        auto const parts = splitTask(**quality, first, {.weights = {{"yc-d03", "3"}}}, false);
        REQUIRE(parts);
        REQUIRE(parts->size() == 2);
        CHECK((parts->at(0).lead && parts->at(0).weight == "3" && parts->at(0).task->scope == Scope::unit("yc-d03")));
        CHECK((!parts->at(1).lead && parts->at(1).task->scope == Scope::unit("yc-d12")));
        CHECK(splitTask(**quality, first, {}, false)->at(1).known);
        REQUIRE(enterProgress(**quality, *parts->at(0).task, {100, kToday, "完成", "", {}}));
        // The parts say how far the task is: 3 of 4; and the plan: half of that.
        CHECK(planCalled(planTree(**quality), "年度计划").progress == 3'750);
    }
    SECTION("no unit; a unit that is closed or unknown: nothing is written") {
        auto none = bookRow("3", "丙", "yc-d03");
        none.erase("owner");
        for (auto const& [row, why] : std::vector<std::pair<json::Object, std::string>>{
                 {none, "book.no-unit"}, {bookRow("3", "丙", "nobody"), "book.unit-unknown"}}) {
            auto const bad = quality->creates("plan", "college", {{"title", "坏"}, {"kind", "annual"}, {"tasks", bookRows({bookRow("1", "甲", "yc-d03"), row})}});
            auto const before = (*quality)->tasks({}, kToday).size();
            CHECK(splitPlan(**quality, bad, false).error().reason == why);
            CHECK((*quality)->tasks({}, kToday).size() == before);
        }
        json::Object unit{{"unit", "yc-d12"}, {"name", "学工处"}, {"campus", "东"}, {"closed", true}};
        if ((*quality)->propose("unit", unit)) CHECK(splitTask(**quality, first, {.lead = "yc-d03", .joint = {"yc-d12"}}, false).error().reason == "book.unit-closed");
    }
}

TEST_CASE("L007 book and breakdown are compared, and the differences are listed", "[requirements][office]") {
    auto quality = Workplace::founds("王芳");
    auto const plan = quality->creates("plan", "college", {{"title", "年度计划"}, {"kind", "master"}, {"tasks", bookRows({bookRow("1", "甲", "yc-d03"), bookRow("2", "乙", "yc-d12")})}});
    BookFilter filter;
    filter.plan = plan;
    CHECK(codes(taskBook(**quality, filter).remarks) == std::set<std::string>{"book.no-task"});
    auto const made = splitPlan(**quality, plan, false);
    REQUIRE(made);
    CHECK(taskBook(**quality, filter).remarks.empty());
    quality->edits(*made->at(0).task, {{"weight", "20"}});
    quality->creates("task", "unit/yc-d10", {{"title", "书外"}, {"owner", "yc-d10"}, {"source_document", plan.text()}});
    auto const shown = taskBook(**quality, filter);
    CHECK(codes(shown.remarks) == std::set<std::string>{"book.differs", "book.not-in-book"});
    REQUIRE(shown.lines.size() == 2);
    CHECK(shown.lines[0].difference == "book.differs");
    filter.year = 2025;
    CHECK(taskBook(**quality, filter).lines.empty());
}

TEST_CASE("L006 the five plans of the list come with their contents, and what is missing is named", "[requirements][office]") {
    auto quality = Workplace::founds("王芳");
    auto const result = taken(*quality, "plans", catalogueText("leshan-organisation.json"));
    CHECK(result.rows == 5);
    CHECK(result.documents.size() == 5);
    CHECK(taken(*quality, "plans", catalogueText("leshan-organisation.json")).known == 5);
    auto told = checkPlanning(**quality);
    auto const missing = [&] { return std::count_if(told.begin(), told.end(), [](auto const& each) { return each.code == "plan.content-missing"; }); };
    CHECK(missing() == 8);   // none of the printed contents is written yet
    auto const course = planCalled(planTree(**quality), "课程建设规划").document;
    quality->edits(course, {{"contents", R"([{"id":"c01","name":"课程设置方案、课程建设标准","text":"见附件"},{"id":"c02","name":"校企合作方案","text":"见附件"}])"}});
    told = checkPlanning(**quality);
    CHECK(missing() == 6);
    quality->edits(course, {{"contents", "[]"}});
    CHECK(codes(checkPlanning(**quality)).contains("plan.no-contents"));
}

TEST_CASE("Y080 the eight phases are taken in as bands; one that ends before it begins is refused by row", "[requirements][office]") {
    auto quality = Workplace::founds("王芳");
    auto const result = taken(*quality, "phases", catalogueText("yancheng-phases.json"));
    CHECK(result.rows == 8);
    auto const plans = planTree(**quality);
    REQUIRE(plans.size() == 1);
    REQUIRE(plans[0].phases.size() == 8);
    std::vector<std::string> beside;
    for (auto const& note : result.notes) {
        CHECK(note.code == "overlap");
        beside.push_back(note.row + " " + note.text);
    }
    CHECK(beside == std::vector<std::string>{"YC-PH-6 YC-PH-3", "YC-PH-6 YC-PH-4", "YC-PH-6 YC-PH-5"});
    auto const bad = taken(*quality, "phases", R"({"id":"x","title_zh":"坏","phases":[
        {"id":"P1","zh":"甲","from":"2019-12","to":"2019-01"},{"id":"P2","zh":"乙","from":"2019-13","to":"2020-01"},
        {"id":"P3","zh":"丙","from":"2019-01","to":"2019-02"}]})");
    REQUIRE(bad.notes.size() == 2);
    CHECK((bad.notes[0].row == "P1" && bad.notes[0].code == "ends-first" && bad.notes[0].error));
    CHECK((bad.notes[1].row == "P2" && bad.notes[1].code == "bad-date" && bad.notes[1].error));
    CHECK(bad.documents.size() == 1);
}

TEST_CASE("Y081 the schedule gives forty tasks and two warnings, and each date that cannot be read is reported", "[requirements][office]") {
    auto quality = Workplace::founds("王芳");
    auto const result = (*quality)->importTable("schedule", catalogueText("yancheng-schedule.json"), false);
    REQUIRE(result);
    CHECK(result->documents.size() == 40);
    CHECK((result->dated == 38 && result->done == 1 && result->ongoing == 1));
    std::vector<std::string> warned;
    for (auto const& note : result->notes) {
        if (note.code == "order" || note.code == "duplicate-year") warned.push_back(note.code);
    }
    CHECK(warned == std::vector<std::string>{"order", "duplicate-year"});
    auto const bad = (*quality)->importTable("schedule", R"({"tasks":[
        {"id":"B1","zh":"甲","owner":"质控办","due_text":"2019.13"},
        {"id":"B2","zh":"乙","owner":"质控办","due_text":"持续"},
        {"id":"B3","zh":"丙","owner":"质控办","due_text":"2021年上半年"},
        {"id":"B4","zh":"丁","owner":"质控办","due_text":"明年"}]})", false);
    REQUIRE(bad);
    CHECK((bad->ongoing == 1 && bad->dated == 1));
    std::vector<std::string> rows;
    for (auto const& note : bad->notes) rows.push_back(note.row + " " + note.code);
    CHECK(rows == std::vector<std::string>{"B1 bad-date", "B4 bad-date"});
    Office::TaskFilter all;
    all.includeClosed = true;
    bool seen = false;
    for (auto const& line : (*quality)->tasks(all, kToday)) {
        if (line.title == "乙") CHECK_FALSE(line.due);
        if (line.title == "丙") CHECK(line.due == *parseDay("2021-06-30"));
        seen = seen || line.title == "丙";
    }
    CHECK(seen);
}

TEST_CASE("Y082 open rectifications stand in the way of the review, and an empty list allows it", "[requirements][office]") {
    auto quality = Workplace::founds("王芳");
    quality->creates("task", "unit/yc-d03", {{"title", "计划"}, {"kind", "plan"}, {"owner", "yc-d03"}});
    CHECK(reviewBlockers(**quality).empty());
    auto const open = quality->creates("task", "unit/yc-d03", {{"title", "限期整改"}, {"kind", "rectification"}});
    auto const told = reviewBlockers(**quality);
    REQUIRE(told.size() == 1);
    CHECK((told[0].code == "review.open-rectification" && told[0].place == open.doc.hex()));
    auto zhou = quality->hires("周宁", "yc-d05", {"quality@college"});
    quality->carriesTo(*zhou);
    CHECK(reviewBlockers(**zhou).size() == 1);
    zhou->steps(open, "cancel", "重复");
    CHECK(reviewBlockers(**zhou).empty());
}

TEST_CASE("L012 the stages of the road map are bands, and the two dates of the third are noted", "[requirements][office]") {
    auto quality = Workplace::founds("王芳");
    auto const result = taken(*quality, "roadmap", catalogueText("leshan-roadmap.json"));
    auto const plans = planTree(**quality);
    REQUIRE(plans.size() == 1);
    REQUIRE(plans[0].phases.size() == 3);
    CHECK(plans[0].phases[0].from == *parseDay("2017-01-01"));
    CHECK(plans[0].phases[1].to == *parseDay("2019-06-30"));
    CHECK(plans[0].phases[2].from == *parseDay("2019-07-01"));
    CHECK(plans[0].phases[2].to == *parseDay("2019-12-31"));
    CHECK(quality->field(plans[0].document, "note").find("2019年6月") != std::string::npos);
    CHECK(std::any_of(result.notes.begin(), result.notes.end(), [](auto const& note) { return note.code == "stage-conflict"; }));
}

TEST_CASE("L014 the road map gives 25 tasks without owner, and none of them begins before it has one", "[requirements][office]") {
    auto quality = Workplace::founds("王芳");
    auto const result = taken(*quality, "roadmap", catalogueText("leshan-roadmap.json"));
    CHECK(result.rows == 25);
    CHECK(result.dated == 25);
    CHECK(std::count_if(result.notes.begin(), result.notes.end(), [](auto const& note) { return note.code == "owner-needed"; }) == 25);
    auto const gaps = [&] {
        auto const told = checkPlanning(**quality);
        return std::count_if(told.begin(), told.end(), [](auto const& each) { return each.code == "task.no-owner"; });
    };
    CHECK(gaps() == 25);
    auto const task = (*quality)->tasks({}, kToday).front().key();
    CHECK(enterProgress(**quality, task, {10, kToday, "开始", "", {}}).error().reason == "task.no-owner");
    CHECK(quality->refused(task, "submit") == "step.incomplete");
    SECTION("given to a unit it becomes a task there, which can begin") {
        auto const parts = splitTask(**quality, task, {.lead = "yc-d03"}, false);
        REQUIRE(parts);
        REQUIRE(parts->size() == 1);
        CHECK(gaps() == 24);
        CHECK(enterProgress(**quality, *parts->at(0).task, {10, kToday, "开始", "", {}}));
        CHECK(splitTask(**quality, task, {.lead = "nobody"}, false).error().reason == "book.unit-unknown");
    }
    CHECK(taken(*quality, "roadmap", catalogueText("leshan-roadmap.json")).known == 25);
}

TEST_CASE("list, board and calendar have the same rows, whatever the filter", "[office][tasks]") {
    auto quality = Workplace::founds("王芳");
    REQUIRE((*quality)->importTable("schedule", catalogueText("yancheng-schedule.json"), false));
    auto const begun = quality->creates("task", "unit/yc-d03", {{"title", "进行"}, {"owner", "yc-d03"}, {"due", "2026-05-01"}});
    REQUIRE(enterProgress(**quality, begun, {30, kToday, "开始", "", {}}));
    std::vector<Office::TaskFilter> filters(4);
    filters[1].overdue = true;
    filters[2].unit = "yc-d03";
    filters[3].includeClosed = true;
    for (auto const& filter : filters) {
        std::vector<std::string> list, items, events;
        std::size_t dated = 0;
        for (auto const& line : (*quality)->tasks(filter, kToday)) {
            list.push_back(line.doc.hex());
            dated += line.due.has_value();
        }
        auto const work = workItems(**quality, filter, kToday);
        for (auto const& item : work) items.push_back(item.line.doc.hex());
        CHECK(items == list);
        auto const calendar = calendarOf(**quality, work, quality->clock.time);
        CHECK(calendar.size() == dated);
        std::set<std::string> uids;
        for (auto const& event : calendar) uids.insert(event.uid);
        CHECK(uids.size() == calendar.size());
    }
    auto const work = workItems(**quality, filters[2], kToday);
    auto const card = std::find_if(work.begin(), work.end(), [&](auto const& item) { return item.line.doc == begun.doc; });
    REQUIRE(card != work.end());
    CHECK(card->column == engine::BoardColumn::UnderWay);
    CHECK(card->progress == 3'000);
}

}  // namespace
}  // namespace spiral::office
