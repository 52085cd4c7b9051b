// Tables that departments fill in: in, with every error by row and field, and back with a column that says them.
#include "office/sheets.h"
#include "office/catalogues.h"
#include "people.h"

#include "sheets/csv.h"

using namespace spiral;
using namespace spiral::office;

namespace {

sheets::Table csv(std::string const& text) {
    auto table = sheets::readCsv(asBytes(text));
    REQUIRE(table);
    return *table;
}

struct Desk {
    Desk() : zhao(Workplace::founds("赵")), quality(zhao->hires("钱", "yc-d05", {"quality"})) {}
    SheetResult takes(std::string_view kind, sheets::Table const& table, SheetChoices choices = {}) {
        auto result = importSheet(**quality, kind, table, choices);
        INFO((result ? "" : result.error().reason + " " + result.error().detail));
        REQUIRE(result);
        auto const& r = *result;
        CHECK(r.rows == r.made + r.updated + r.unchanged + r.skipped + r.refused);
        return r;
    }
    std::vector<replica::ListedDocument> all(std::string type) {
        replica::ListFilter filter;
        filter.type = std::move(type);
        return (*quality)->list(filter);
    }
    std::unique_ptr<Workplace> zhao, quality;
};

std::vector<std::string> errors(SheetResult const& result) {
    std::vector<std::string> told;
    for (auto const& note : result.notes) {
        if (note.error) told.push_back(std::to_string(note.row) + " " + note.field + " " + note.code);
    }
    return told;
}

std::string const kHead = "编号,任务,牵头责任部门,配合部门,任务属性,开始日期,完成期限,权重\n";

}  // namespace

TEST_CASE("Y007 of fifty duties with five bad ones forty-five are in and five are listed with row and reason",
          "[requirements]") {
    Desk desk;
    std::string text = "盐城样例学院 岗位职责与工作标准\n部门,职责,具体工作,岗位,岗位工作,工作标准,衡量指标,时限\n";
    for (int i = 1; i <= 50; ++i) {
        std::string const n = std::to_string(i);
        std::string unit = i % 2 ? "教务处" : "质控办", post = "教学秘书",
                    standard = "每学期检查" + n + "次，完成率100%", measure, time;
        if (i == 7) post = "";
        if (i == 19) standard = "进一步提高质量";
        if (i == 23) unit = "不存在的处";
        if (i == 31) standard = "完成率达到95%";
        if (i == 44) standard = "年底前做好";
        if (i == 45) standard = "年底前做好", measure = "好评率";
        text += unit + ",职责" + n + ",工作" + n + "," + post + ",岗位工作" + n + "," + standard + "," + measure + "," +
                time + "\n";
    }
    auto const table = csv(text);
    auto const tried = desk.takes("duties", table, {OnExisting::Skip, true});
    CHECK((tried.made == 45 && tried.refused == 5));
    CHECK(desk.all("duties.v1").empty());
    auto const result = desk.takes("duties", table);
    CHECK(result.made == 45);
    CHECK(result.refused == 5);
    CHECK(errors(result) == std::vector<std::string>{"9 post post-missing", "21 standard standard-without-measure",
                                                     "21 standard standard-without-time", "25 owner owner-unknown-unit",
                                                     "33 standard standard-without-time",
                                                     "46 standard standard-without-measure"});
    auto const documents = desk.all("duties.v1");
    REQUIRE(documents.size() == 2);  // one a unit
    std::size_t rows = 0;
    for (auto const& each : documents)
        rows += json::arrayAt(desk.quality->shows(each.key()).merged.fields, "duties")->size();
    CHECK(rows == 45);
    // The same again changes nothing.
    auto const again = desk.takes("duties", table);
    CHECK((again.made == 0 && again.skipped == 45 && again.documents.empty()));

    // The sheet given back says it beside each row, marks the cells, and can be mended and read again.
    auto const back = withErrors(table, result, "错误", [](SheetNote const& note) { return note.code; });
    CHECK(back.columns.back().heading == "错误");
    CHECK(back.rows[18].back() == "standard-without-measure\nstandard-without-time");
    CHECK(back.rows[0].back().empty());
    CHECK(back.marked == std::set<std::pair<std::size_t, std::size_t>>{{6, 3}, {18, 5}, {22, 0}, {30, 5}, {43, 5}});
    auto mended = back;
    mended.rows[6][3] = "教学秘书";
    auto const bytes = sheets::writeXlsx({mended});
    REQUIRE(bytes);
    auto const reread = sheets::readXlsx(asBytes(*bytes));
    REQUIRE(reread);
    auto const third = desk.takes("duties", *reread);
    CHECK((third.made == 1 && third.refused == 4 && third.skipped == 45));
}

TEST_CASE(
    "Y019 a task without unit, of a closed unit or without a date is told by row, and the others become the task book",
    "[requirements]") {
    Desk desk;
    json::Object closed{{"unit", "yc-d16"}, {"name", "信息技术中心"}, {"campus", "东"}, {"closed", true}};
    REQUIRE((*desk.zhao)->propose("unit", closed));
    desk.zhao->carriesTo(*desk.quality);
    auto const table = csv(kHead +
                           "T1,修订人才培养方案,教务处,质控办、不认识的部门,指定,2026-03-01,2026年6月,0.5\n"
                           "T2,没有部门,,,,,2026-06-30,\n"
                           "T3,部门已撤销,信息技术中心,,,,2026-06-30,\n"
                           "T4,日期错,教务处,,,,2026.13,\n"
                           "T5,持续的,教务处,,自主申报,,持续,\n"
                           "T6,,教务处,,随便,2026-07-01,2026-06-30,abc\n"
                           "T1,编号重复,教务处,,,,2026-06-30,\n"
                           ",没有编号,yc-d05,,,,2026.9,\n");
    auto const result = desk.takes("tasks", table);
    CHECK(result.made == 3);
    CHECK(errors(result) == std::vector<std::string>{"3 owner owner-missing", "4 owner owner-closed", "5 due bad-date",
                                                     "7 title title-missing", "7 attribute field.not-a-choice",
                                                     "7 weight field.not-a-decimal", "7 start start-after-due",
                                                     "8 id id-twice"});
    auto const doubts = std::count_if(result.notes.begin(), result.notes.end(),
                                      [](auto const& note) { return note.code == "joint-unknown"; });
    CHECK(doubts == 1);
    auto const tasks = (*desk.quality)->tasks({}, *parseDay("2026-10-01"));
    REQUIRE(tasks.size() == 3);
    CHECK(tasks[0].title == "修订人才培养方案");
    CHECK(tasks[0].due == parseDay("2026-06-30"));
    CHECK(desk.quality->field(tasks[0].key(), "due_text") == "2026年6月");
    CHECK(desk.quality->field(tasks[0].key(), "attribute") == "assigned");
    CHECK(tasks[0].scope.text() == "unit/yc-d03");
    CHECK(tasks[1].owner == "yc-d05");
    CHECK_FALSE(tasks[2].due);
}

TEST_CASE(
    "rows that are here already are skipped, stop the import, or are written over, and empty cells change nothing",
    "[office][import]") {
    Desk desk;
    auto const first = csv(kHead + "T1,甲,教务处,,指定,,2026-06-30,0.5\nT2,乙,教务处,,,,2026-06-30,\n");
    CHECK(desk.takes("tasks", first).made == 2);
    auto const second =
        csv(kHead + "T1,甲改,质控办,,,,2026-07-31,\nT2,乙,教务处,,,,2026-06-30,\nT3,丙,教务处,,,,2026-06-30,\n");
    CHECK(desk.takes("tasks", second, {OnExisting::Skip, true}).skipped == 2);
    auto const stopped = importSheet(**desk.quality, "tasks", second, {OnExisting::Stop, false});
    REQUIRE_FALSE(stopped);
    CHECK(stopped.error().reason == "import.exists");
    CHECK(stopped.error().detail == "2");
    CHECK(desk.all("task.v1").size() == 2);
    auto const updated = desk.takes("tasks", second, {OnExisting::Update, false});
    CHECK((updated.updated == 1 && updated.unchanged == 1 && updated.made == 1));
    auto const tasks = (*desk.quality)->tasks({}, *parseDay("2026-03-02"));
    REQUIRE(tasks.size() == 3);
    auto const changed =
        std::find_if(tasks.begin(), tasks.end(), [](auto const& each) { return each.title == "甲改"; });
    REQUIRE(changed != tasks.end());
    CHECK(changed->owner == "yc-d05");
    CHECK(changed->scope.text() == "unit/yc-d03");  // it stays where it was
    CHECK(desk.quality->field(changed->key(), "attribute") == "assigned");
    CHECK(desk.quality->field(changed->key(), "weight") == "0.5");

    // Somebody has typed in one of them, unsealed: it is told, and nothing of hers is lost.
    REQUIRE((*desk.quality)->edit(changed->key(), {{"note", "草稿"}}, true));
    auto const third = csv(kHead + "T1,甲再改,教务处,,,,2026-07-31,\nT2,乙改,教务处,,,,2026-06-30,\n");
    auto const result = desk.takes("tasks", third, {OnExisting::Update, false});
    CHECK((result.updated == 1 && result.refused == 1));
    CHECK(errors(result) == std::vector<std::string>{"2 id draft-unsealed"});
}

TEST_CASE("a clerk takes in the rows of her own department, and those of another are told by row, in a rehearsal too",
          "[office][import]") {
    Desk desk;
    auto clerk = desk.zhao->hires("李", "yc-d03", {"clerk"});
    auto const table = csv(kHead + "T1,甲,教务处,,,,2026-06-30,\nT2,乙,质控办,,,,2026-06-30,\n");
    for (bool const dryRun : {true, false}) {
        auto const result = importSheet(**clerk, "tasks", table, {OnExisting::Skip, dryRun});
        REQUIRE(result);
        CHECK((result->made == 1 && result->refused == 1));
        REQUIRE(errors(*result).size() == 1);
        CHECK(result->notes[0].row == 3);
        CHECK(result->notes[0].code.starts_with("authority."));
    }
    CHECK((*clerk)->tasks({}, *parseDay("2026-03-02")).size() == 1);
    auto const refused = (*clerk)->importTable("catalogue", catalogueText("national-elements.json"), false);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::Refused);
}

TEST_CASE("units come in by sheet, and a new name or campus is an act of the registry when asked for",
          "[office][import]") {
    auto zhao = Workplace::founds("赵", false);
    auto const table = csv("部门代号,部门名称,校区\nJWC,教务处,东校区\nzkb,质控办,\n坏代号,甲,东\njwc,重复,东\n");
    auto const result = importSheet(**zhao, "units", table, {});
    REQUIRE(result);
    CHECK((result->made == 2 && result->refused == 2));
    CHECK(errors(*result) == std::vector<std::string>{"4 unit unit-form", "5 unit id-twice"});
    auto const renamed = csv("代号,名称,校区\njwc,教务部,西校区\nzkb,质控办,\n");
    auto const skipped = importSheet(**zhao, "units", renamed, {});
    REQUIRE(skipped);
    CHECK(skipped->skipped == 2);
    auto const updated = importSheet(**zhao, "units", renamed, {OnExisting::Update, false});
    REQUIRE(updated);
    CHECK((updated->updated == 1 && updated->unchanged == 1));
    for (auto const& unit : (*zhao)->registry().units()) {
        if (unit.id == "jwc") CHECK((unit.name == "教务部" && unit.campus == "西校区"));
    }
    CHECK(importSheet(**zhao, "units", renamed, {OnExisting::Stop, true}).error().reason == "import.exists");
}

TEST_CASE("a catalogue comes in as a sheet of points, and what a later sheet leaves out stays until it is withdrawn",
          "[office][import]") {
    Desk desk;
    std::string const head = "目录编号,目录名称,层面,诊断项目,要素编号,诊断要素,编号,诊断点,诊改主体,层级,撤销\n";
    auto const table = csv(head +
                           "XX,我校诊断目录,学校,理念,E1,办学定位,P1,类型定位,教务处、质控办,国家,\n"
                           ",,,,,,P2,规模定位,,,\n"
                           ",,,,E2,培养目标,P3,目标,,,\n"
                           ",,宇宙,,E2,培养目标,P4,规格,教务处,,\n"
                           ",,,,E2,别的名字,P5,多出,教务处,,\n"
                           ",,,,E3,,P6,无要素,教务处,,\n"
                           ",,,,E3,丙,P1,重复,教务处,,\n");
    auto const result = desk.takes("catalogue", table);
    CHECK(errors(result) == std::vector<std::string>{"5 level field.not-a-choice", "6 element element-differs",
                                                     "7 element element-form", "8 id id-twice"});
    CHECK(result.made == 3);
    auto const documents = desk.all("catalogue.v1");
    REQUIRE(documents.size() == 1);
    auto const shown = desk.quality->shows(documents[0].key());
    auto const* elements = json::arrayAt(shown.merged.fields, "elements");
    REQUIRE(elements->size() == 2);
    CHECK(json::arrayAt(*elements->at(0).asObject(), "points")->size() == 2);
    CHECK(*json::stringAt(*elements->at(0).asObject(), "layer") == "national");
    CHECK(json::arrayAt(*elements->at(0).asObject(), "responsible")->size() == 2);
    auto const next = csv(head + "XX,,,理念,E1,办学定位,P2,规模定位,,,是\n,,,,E1,办学定位,P7,新增,,,\n");
    CHECK(desk.takes("catalogue", next).skipped == 2);
    CHECK(desk.takes("catalogue", next, {OnExisting::Update, false}).updated == 2);
    auto const after = desk.quality->shows(documents[0].key());
    auto const* points = json::arrayAt(*json::arrayAt(after.merged.fields, "elements")->at(0).asObject(), "points");
    REQUIRE(points->size() == 3);
    CHECK(*points->at(1).asObject()->find("withdrawn") == json::Value(true));
    CHECK(json::arrayAt(after.merged.fields, "elements")->size() == 2);
}

TEST_CASE("the empty sheet of each kind has headings that are read again, drop-downs and an id", "[office][import]") {
    Desk desk;
    for (auto const& kind : sheetKinds()) {
        for (bool const chinese : {true, false}) {
            auto const sheet = sheetTemplate(**desk.quality, kind, chinese);
            REQUIRE(sheet);
            auto const bytes = sheets::writeXlsx({*sheet});
            REQUIRE(bytes);
            auto const table = sheets::readXlsx(asBytes(*bytes));
            REQUIRE(table);
            auto const result = desk.takes(kind, *table);
            CHECK(result.rows == 0);
            CHECK(result.notes.empty());
        }
    }
    auto const tasks = sheetTemplate(**desk.quality, "tasks", true);
    auto const owner = std::find_if(tasks->columns.begin(), tasks->columns.end(),
                                    [](auto const& column) { return column.heading == "牵头责任部门*"; });
    REQUIRE(owner != tasks->columns.end());
    CHECK(owner->choices.size() == 16);
    CHECK_FALSE(sheetTemplate(**desk.quality, "frogs", true));
    auto const wrong = importSheet(**desk.quality, "tasks", csv("任务,甲\n一,二\n"), {});
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().reason == "import.headings");
    CHECK(wrong.error().detail == "牵头责任部门, 完成期限");
    CHECK(importSheet(**desk.quality, "tasks", {}, {}).error().reason == "import.headings");
}

TEST_CASE("L028 columns are found by their headings in any order, and an unknown one is named", "[requirements]") {
    Desk desk;
    auto const result = desk.takes(
        "tasks", csv("某某学院2026年任务书\n完成时间,责任部门（牵头）,心情,任务名称*\n2026.6,教务处,好,甲\n"));
    CHECK(result.made == 1);
    CHECK(result.headingRow == 2);
    REQUIRE(result.notes.size() == 1);
    CHECK(result.notes[0].code == "heading-unknown");
    CHECK(result.notes[0].heading == "心情");
    auto const json = tableFromJson(
        R"({"rows":[{"title":"乙","owner":"教务处","due":"2026-06-30","joint":["质控办"]},{"due":"2026-06-30","owner":"教务处"}]})");
    REQUIRE(json);
    auto const second = desk.takes("tasks", *json);
    CHECK((second.made == 1 && second.refused == 1));
    CHECK_FALSE(tableFromJson("{}"));
}

TEST_CASE(
    "Y049 Y050 Y051 Y052 programmes, courses, schools and classes come in by sheet, and each point is answered for "
    "each of them once",
    "[requirements]") {
    Desk desk;
    auto const schools = desk.takes("schools", csv("学院,教师人数\n教务处,42\n人事处,0\n没有的学院,3\n质控办,几个\n"));
    CHECK(errors(schools) == std::vector<std::string>{"4 name owner-unknown-unit", "5 staff not-a-number"});
    auto const programmes = desk.takes("programmes", csv("专业代码,专业名称,所属学院,开办日期,停办日期\n"
                                                         "480402,纺织品设计,教务处,2015.9,\n"
                                                         "460301,机电一体化,教务处、人事处,,2026-06-30\n"
                                                         "510201,倒着开,教务处,2020-09-01,2019-09-01\n"
                                                         "480402,重复,教务处,,\n"
                                                         ",没有代码,教务处,,\n"));
    CHECK(programmes.made == 2);
    CHECK(errors(programmes) ==
          std::vector<std::string>{"4 closed closed-before-opened", "5 id id-twice", "6 id id-missing"});
    CHECK(desk.takes("courses", csv("代码,课程名称,开设专业\nC1,机械制图,纺织品设计、460301\nC2,孤课,990000\n")).made ==
          2);
    CHECK(desk.takes("classes", csv("代码,班级名称,专业,班主任\nB1,纺织2401,纺织品设计,周\nB2,机电2401,460301,\n"))
              .made == 2);
    CHECK(desk.all("teaching.v1").size() == 1);  // one document of the college holds them all

    auto const teaching = teachingOf(**desk.quality);
    auto const of = [&](std::string_view level) {
        return engine::instancesOf(level, teaching, *parseDay("2026-01-01"), *parseDay("2026-12-31"));
    };
    CHECK(of("programme").list.size() == 2);
    CHECK(of("programme").list[0].units == std::vector<std::string>{"yc-d03", "yc-d10"});
    CHECK(of("programme").findings.at(0).code == "programme-closes");
    REQUIRE(of("course").list.size() == 1);
    CHECK(of("course").list[0].programmes == std::vector<std::string>{"460301", "480402"});
    CHECK(of("course").findings.at(0).subject == "C2");
    CHECK(of("staff").list.size() == 1);
    CHECK(of("staff").findings.at(0).code == "school-without-staff");
    CHECK(of("student").list.size() == 2);
    CHECK(of("student").findings.at(0).code == "class-without-teacher");
    // A programme closed by a later sheet keeps what the earlier one said of it.
    auto const closed = desk.takes("programmes", csv("代码,专业名称,停办日期\n480402,纺织品设计,2025-12-31\n"),
                                   {OnExisting::Update, false});
    CHECK(closed.updated == 1);
    auto const after = teachingOf(**desk.quality);
    CHECK(engine::instancesOf("programme", after, *parseDay("2026-01-01"), *parseDay("2026-12-31")).list.size() == 1);
    auto const before = engine::instancesOf("programme", after, *parseDay("2025-01-01"), *parseDay("2025-12-31"));
    CHECK(before.list.size() == 2);
    CHECK(after.programmes[1].opened == parseDay("2015-09-30"));
}
