#include "model/type.h"

#include "model/data.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

namespace spiral::model {
namespace {

DocumentType const& builtIn(std::string_view name) {
    DocumentType const* const type = TypeCatalogue::builtIn().find(name);
    REQUIRE(type != nullptr);
    return *type;
}

json::Object catalogueFile(std::string const& name) {
    std::ifstream in("schemas/catalogues/" + name, std::ios::binary);
    std::string const text{std::istreambuf_iterator<char>(in), {}};
    auto read = readData(text);
    REQUIRE(read);
    return *read->asObject();
}

json::Value const& at(json::Value const& value, std::string_view key) {
    json::Value const* const found = value.asObject()->find(key);
    REQUIRE(found != nullptr);
    return *found;
}

std::string textAt(json::Value const& value, std::string_view key) { return *at(value, key).asString(); }

/// A small type that is right; each test breaks one thing.
std::string typeText(std::string_view oldText = "", std::string_view newText = "") {
    std::string text = R"({
        "schema": "type/1", "name": "note.v1", "label": {"zh": "记", "en": "note"}, "title_field": "title",
        "due_field": "due", "owner_field": "unit",
        "fields": [
            {"name": "title", "kind": "text", "label": {"zh": "名", "en": "title"}, "required": true, "length_max": 5},
            {"name": "due", "kind": "day", "label": {"zh": "期", "en": "due"}},
            {"name": "unit", "kind": "unit", "label": {"zh": "部", "en": "unit"}},
            {"name": "mood", "kind": "choice", "label": {"zh": "情", "en": "mood"},
             "choices": [{"name": "good", "label": {"zh": "好", "en": "good"}}]},
            {"name": "tags", "kind": "set", "label": {"zh": "签", "en": "tags"}},
            {"name": "lines", "kind": "rows", "label": {"zh": "行", "en": "lines"},
             "columns": [{"name": "text", "kind": "text", "label": {"zh": "文", "en": "text"}, "required": true}]},
            {"name": "why", "kind": "long-text", "label": {"zh": "因", "en": "why"},
             "required_when": {"field": "mood", "value": "good"}}
        ]})";
    if (oldText.empty()) return text;
    std::size_t const place = text.find(oldText);
    REQUIRE(place != std::string::npos);
    return text.replace(place, oldText.size(), newText);
}

TEST_CASE("the built-in types load", "[type]") {
    for (char const* name : {"catalogue.v1", "cycle.v1", "person.v1", "plan.v1", "point.v1", "report.v1", "standard.v1", "task.v1"}) {
        CHECK(TypeCatalogue::builtIn().find(name) != nullptr);
    }
    for (DocumentType const* type : TypeCatalogue::builtIn().all()) {
        CHECK_FALSE(type->label.zh.empty());
        CHECK(type->find(type->titleField) != nullptr);
        for (Field const& field : type->fields) {
            CHECK_FALSE(field.label.zh.empty());
            CHECK(field.choices.size() == field.choiceLabels.size());
        }
    }
    CHECK(builtIn("task").dueField == "due");
    CHECK(builtIn("task").ownerField == "owner");
    CHECK(builtIn("task").workflow == "task.v1");
    CHECK(builtIn("person").workflow.empty());
    CHECK(builtIn("catalogue").mergeRules().at("elements") == MergeRule::Rows);
    CHECK(builtIn("task").mergeRules().at("joint") == MergeRule::Set);
}

TEST_CASE("the built-in types pass what a college's own would have to", "[type]") {
    TypeCatalogue catalogue;
    for (DocumentType const* type : TypeCatalogue::builtIn().all()) {
        std::ifstream in("schemas/types/" + type->name + ".json", std::ios::binary);
        std::string const text{std::istreambuf_iterator<char>(in), {}};
        auto const added = catalogue.add(text);
        INFO(type->name << (added ? "" : ": " + added.error().detail));
        CHECK(added);
    }
}

TEST_CASE("a bare name finds the newest version", "[type]") {
    TypeCatalogue catalogue;
    for (char const* version : {"v2", "v10", "v9"})
        REQUIRE(catalogue.add(typeText("note.v1", "note." + std::string(version))));
    CHECK(catalogue.find("note")->name == "note.v10");
    CHECK(catalogue.find("note.v2")->name == "note.v2");
    CHECK(catalogue.find("note.v1") == nullptr);
    CHECK(catalogue.find("no") == nullptr);
}

TEST_CASE("a broken type is refused with the place and the rule", "[type]") {
    struct Case {
        char const* what;
        char const* oldText;
        char const* newText;
        char const* reason;
        char const* detail;
    };
    Case const cases[] = {
        {"a comma too many", "\"required\": true, ", "\"required\": true,, ", "data.syntax", "line 5"},
        {"a key twice", "\"title_field\": \"title\",", "\"title_field\": \"title\", \"name\": \"x.v1\",",
         "data.key-twice", "name"},
        {"no label", "\"label\": {\"zh\": \"记\", \"en\": \"note\"},", "", "data.schema", "label"},
        {"a label in one language", "{\"zh\": \"名\", \"en\": \"title\"}", "{\"zh\": \"名\"}", "data.schema",
         "/fields/0/label"},
        {"an unknown key", "\"due_field\"", "\"deu_field\"", "data.schema", "deu_field"},
        {"a name without a version", "note.v1", "note", "data.schema", "/name"},
        {"an unknown kind", "\"kind\": \"day\"", "\"kind\": \"date\"", "data.schema", "/fields/1/kind"},
        {"a field name with capitals", "\"name\": \"mood\"", "\"name\": \"Mood\"", "data.schema", "/fields/3/name"},
        {"a field twice", "\"name\": \"due\"", "\"name\": \"title\"", "type.field-twice", "note.v1/title"},
        {"a title that is no field", "\"title_field\": \"title\"", "\"title_field\": \"name\"", "type.field-unknown",
         "title_field: name"},
        {"a due date that is no day", "\"due_field\": \"due\"", "\"due_field\": \"title\"", "type.field-kind",
         "title is no day"},
        {"an owner that is no unit", "\"owner_field\": \"unit\"", "\"owner_field\": \"due\"", "type.field-kind",
         "due is no unit"},
        {"a choice without choices",
         "\"choices\": [{\"name\": \"good\", \"label\": {\"zh\": \"好\", \"en\": \"good\"}}]", "\"note\": \"none\"",
         "type.choices", "note.v1/mood"},
        {"a choice twice", "[{\"name\": \"good\"",
         "[{\"name\": \"good\", \"label\": {\"zh\": \"好\", \"en\": \"g\"}}, {\"name\": \"good\"", "type.choice-twice",
         "good"},
        {"choices of a text", "\"kind\": \"choice\"", "\"kind\": \"text\"", "type.choices", "note.v1/mood"},
        {"columns of a set", "\"kind\": \"rows\"", "\"kind\": \"set\"", "type.columns-of-no-rows", "note.v1/lines"},
        {"a column called id", "[{\"name\": \"text\"", "[{\"name\": \"id\"", "type.column-id", "note.v1/lines"},
        {"a length of a day", "\"kind\": \"day\",", "\"kind\": \"day\", \"length_max\": 3,", "type.length-of-no-text",
         "note.v1/due"},
        {"a condition on a value that cannot be", "\"value\": \"good\"", "\"value\": \"bad\"", "type.required-when",
         "mood can be bad"},
        {"a merge rule that says nothing", "\"kind\": \"unit\",", "\"kind\": \"unit\", \"merge\": \"whole\",",
         "type.merge-needless", "note.v1/unit"},
        {"a broken column", "\"kind\": \"text\", \"label\": {\"zh\": \"文\"",
         "\"kind\": \"words\", \"label\": {\"zh\": \"文\"", "data.schema", "/fields/5/columns/0/kind"},
    };
    for (Case const& broken : cases) {
        INFO(broken.what);
        TypeCatalogue catalogue;
        auto const added = catalogue.add(typeText(broken.oldText, broken.newText));
        REQUIRE_FALSE(added);
        CHECK(added.error().code == ErrorCode::Malformed);
        CHECK(added.error().reason == broken.reason);
        CHECK_THAT(added.error().detail, Catch::Contains(broken.detail));
        CHECK(catalogue.all().empty());
    }
    TypeCatalogue catalogue;
    CHECK(catalogue.add(typeText()));
    CHECK(catalogue.add(typeText()).error().reason == "type.exists");
}

TEST_CASE("a set may say that it merges as a whole", "[type]") {
    TypeCatalogue catalogue;
    REQUIRE(catalogue.add(typeText("\"kind\": \"set\",", "\"kind\": \"set\", \"merge\": \"whole\",")));
    CHECK(catalogue.find("note")->mergeRules() == MergeRules{{"lines", MergeRule::Rows}});
}

TEST_CASE("what people type becomes the field's value, or a refusal that says what the field takes", "[type][fields]") {
    DocumentType const& task = builtIn("task");
    auto const typed = [&](char const* field, char const* text) -> std::string {
        auto const value = parseFieldValue(task, field, text);
        return value ? json::encode(*value) : value.error().reason;
    };
    CHECK(typed("title", "修订教案") == "\"修订教案\"");
    CHECK(typed("title", "two\nlines") == "field.control-character");
    CHECK(typed("title", std::string(801, 'x').c_str()) == "field.too-long");
    std::string title;
    for (int i = 0; i < 500; ++i) title += "字";
    CHECK(typed("title", title.c_str()).size() == 1502);
    CHECK(typed("measures", "一、\n二、") == "\"一、\\n二、\"");
    CHECK(typed("due", "2026-05-01") == "\"2026-05-01\"");
    CHECK(typed("due", " 2026-05-01 ") == "\"2026-05-01\"");
    CHECK(typed("due", "2026-02-30") == "field.not-a-day");
    CHECK(typed("due", "2019.13") == "field.not-a-day");
    CHECK(typed("due", "持续") == "field.not-a-day");
    CHECK(typed("progress", "ongoing") == "\"ongoing\"");
    CHECK(typed("progress", "well") == "field.not-a-choice");
    CHECK(typed("owner", "jwc") == "\"jwc\"");
    CHECK(typed("owner", "教务处") == "field.not-a-unit");
    CHECK(typed("person", "af89b9e35b2050ab7a07ba03c9c8457f") == "\"af89b9e35b2050ab7a07ba03c9c8457f\"");
    CHECK(typed("person", "王老师") == "field.not-a-person");
    CHECK(typed("weight", "12.50") == "\"12.50\"");
    CHECK(typed("weight", "-0.5") == "\"-0.5\"");
    for (char const* bad : {"", "1.", ".5", "01", "1e3", "1,5", "+1", "--1", "NaN"})
        CHECK(typed("weight", bad) == "field.not-a-decimal");
    CHECK(typed("joint", "xgc, jwc，rsc、jwc") == R"(["jwc","rsc","xgc"])");
    CHECK(typed("joint", "") == "[]");
    CHECK(typed("carried_from", "unit/jwc:e736d20988b4834643625022ef96c8dd") ==
          R"({"doc":"e736d20988b4834643625022ef96c8dd","scope":"unit/jwc"})");
    CHECK(typed("carried_from", "unit/jwc:e736") == "field.not-a-reference");
    CHECK(typed("carried_from", "e736d20988b4834643625022ef96c8dd") == "field.not-a-reference");
    CHECK(typed("progress_log", R"([{"id": "1", "day": "2026-03-01", "text": "开始", "percent": 10}])") ==
          R"([{"day":"2026-03-01","id":"1","percent":10,"text":"开始"}])");
    CHECK(typed("progress_log", R"([{"id": "1", "percent": "10"}])") == "field.not-an-integer");
    CHECK(typed("progress_log", R"([{"id": "1", "mood": "10"}])") == "field.unknown-column");
    CHECK(typed("progress_log", R"([{"id": "2"}, {"id": "1"}])") == "field.not-rows");
    CHECK(typed("progress_log", "started") == "field.not-rows");
    CHECK(typed("colour", "red") == "field.unknown");
    auto const refused = parseFieldValue(task, "progress", "well");
    CHECK(refused.error().code == ErrorCode::Usage);
    CHECK(refused.error().detail == "progress takes one of its choices: planned ongoing done");
}

TEST_CASE("integers, booleans, maps and files are typed too", "[type][fields]") {
    TypeCatalogue catalogue;
    REQUIRE(catalogue.add(
        R"({"schema": "type/1", "name": "all.v1", "label": {"zh": "全", "en": "all"}, "title_field": "t", "fields": [
        {"name": "t", "kind": "text", "label": {"zh": "t", "en": "t"}},
        {"name": "i", "kind": "integer", "label": {"zh": "i", "en": "i"}},
        {"name": "b", "kind": "boolean", "label": {"zh": "b", "en": "b"}},
        {"name": "m", "kind": "map", "label": {"zh": "m", "en": "m"}},
        {"name": "f", "kind": "files", "label": {"zh": "f", "en": "f"}}]})"));
    auto const typed = [&](char const* field, std::string const& text) -> std::string {
        auto const value = parseFieldValue(*catalogue.find("all"), field, text);
        return value ? json::encode(*value) : value.error().reason;
    };
    CHECK(typed("i", "-12") == "-12");
    for (char const* bad : {"", "1.5", "12a", "9007199254740992", "99999999999999999999"})
        CHECK(typed("i", bad) == "field.not-an-integer");
    CHECK(typed("b", "true") == "true");
    CHECK(typed("b", "否") == "false");
    CHECK(typed("b", "yes") == "field.not-a-boolean");
    CHECK(typed("m", "q=2,p=1") == R"([{"k":"p","v":"1"},{"k":"q","v":"2"}])");
    CHECK(typed("m", R"([{"k":"p","v":"1"}])") == R"([{"k":"p","v":"1"}])");
    CHECK(typed("m", R"([{"k":"p","v":1}])") == "field.not-a-map");
    CHECK(typed("m", "p=1,p=2") == "field.not-a-map");
    CHECK(typed("m", "p") == "field.not-a-map");
    CHECK(typed("f", std::string(64, 'a')) == "[\"" + std::string(64, 'a') + "\"]");
    CHECK(typed("f", "a.pdf") == "field.not-files");
}

TEST_CASE("a document is checked field by field", "[type][fields]") {
    DocumentType const& task = builtIn("task");
    CHECK(checkFields(task, {}));
    CHECK(checkFields(task, {{"title", "修订教案"}, {"due", "2026-05-01"}, {"joint", json::Array{"jwc", "xgc"}}}));
    CHECK(checkFields(task, {{"colour", "red"}}).error().reason == "field.unknown");
    CHECK(checkFields(task, {{"title", 7}}).error().reason == "field.not-a-text");
    CHECK(checkFields(task, {{"joint", json::Array{"xgc", "jwc"}}}).error().reason == "field.not-a-set");
    CHECK(checkFields(task, {{"joint", json::Array{"jwc", "jwc"}}}).error().reason == "field.not-a-set");
    CHECK(checkFields(task, {{"joint", json::Array{""}}}).error().reason == "field.not-a-set");
    CHECK(checkFields(task, {{"progress_log", json::Array{json::Object{{"day", "2026-01-01"}}}}}).error().reason ==
          "field.not-rows");
    auto const nested = checkFields(
        builtIn("catalogue"),
        {{"elements",
          json::Array{json::Object{
              {"id", "E1"}, {"zh", "目标"}, {"points", json::Array{json::Object{{"id", "P1"}, {"zh", 3}}}}}}}});
    REQUIRE_FALSE(nested);
    CHECK(nested.error().detail == "elements/E1/points/P1/zh takes one line of text");
}

TEST_CASE("a complete document has what its kind asks for", "[type][fields]") {
    auto const missing = [](std::string_view type, json::Object const& fields) {
        std::string names;
        for (std::string const& name : missingFields(builtIn(type), fields)) names += (names.empty() ? "" : " ") + name;
        return names;
    };
    CHECK(missing("task", {}) == "title");
    CHECK(missing("task", {{"title", "  "}}) == "title");
    CHECK(missing("task", {{"title", "修订教案"}}).empty());
    // A rectification without cause, measures or evidence cannot be re-checked.
    CHECK(missing("task", {{"title", "修订教案"}, {"kind", "rectification"}}) == "cause measures evidence");
    CHECK(missing(
              "task",
              {{"title", "修订教案"}, {"kind", "rectification"}, {"cause", "c"}, {"measures", "m"}, {"evidence", "e"}})
              .empty());
    // The semester report has three fixed sections.
    CHECK(missing("report", {{"title", "2025-2026-1"}, {"kind", "semester"}, {"achievements", "a"}}) ==
          "problems suggestions");
    // Goals are SMART: what is measured, how much, by when.
    CHECK(missing("plan", {{"title", "十四五"},
                           {"goals", json::Array{json::Object{{"id", "G1"}, {"goal", "进一步提高质量"}}}}}) ==
          "goals/G1/measure goals/G1/target goals/G1/due");
    CHECK(missing("catalogue", {{"title", "表7"}, {"elements", json::Array{}}}) == "elements");
}

/// What an import makes of one printed table.
json::Object catalogueDocument(json::Value const& table) {
    std::map<std::string, std::string> const levels{{"学校", "college"}, {"专业", "programme"}, {"课程", "course"},
                                                    {"教师", "staff"},   {"师资", "staff"},     {"学生", "student"}};
    json::Array elements;
    for (json::Value const& element : *at(table, "elements").asArray()) {
        std::map<std::string, json::Value> points;
        for (json::Value const& point : *at(element, "points").asArray()) {
            points[textAt(point, "id")] =
                json::Object{{"id", textAt(point, "id")}, {"zh", textAt(point, "zh")}, {"en", textAt(point, "en")}};
        }
        json::Array rows;
        for (auto const& [id, point] : points) rows.push_back(point);
        std::set<std::string> responsible;
        for (json::Value const& body : *at(element, "responsible").asArray()) responsible.insert(textAt(body, "zh"));
        elements.push_back(json::Object{{"id", textAt(element, "id")},
                                        {"zh", textAt(element, "zh")},
                                        {"en", textAt(element, "en")},
                                        {"points_text", textAt(element, "points_text_zh")},
                                        {"points", std::move(rows)},
                                        {"responsible", json::Array(responsible.begin(), responsible.end())}});
    }
    return {{"title", textAt(table, "zh")},
            {"level", levels.at(textAt(at(table, "level"), "zh"))},
            {"table_no", at(table, "table_no")},
            {"elements", std::move(elements)}};
}

TEST_CASE("tables 7 to 11 fit the catalogue type, and 36 elements and 80 points can be counted in it twice",
          "[type][catalogue]") {
    DocumentType const& type = builtIn("catalogue");
    std::size_t elements = 0;
    std::size_t points = 0;
    std::size_t printed = 0;
    json::Object const file = catalogueFile("yancheng-diagnosis-catalogue.json");
    for (json::Value const& table : *json::arrayAt(file, "tables")) {
        json::Object const document = catalogueDocument(table);
        auto const checked = checkFields(type, document);
        INFO((checked ? "" : checked.error().detail));
        REQUIRE(checked);
        CHECK(missingFields(type, document).empty());
        CHECK(json::check(document));
        for (json::Value const& element : *document.find("elements")->asArray()) {
            ++elements;
            points += at(element, "points").asArray()->size();
            // The cell as printed, cut at ；。， only.
            std::string cell = textAt(element, "points_text");
            for (std::string_view mark : {std::string_view("；"), std::string_view("，")}) {
                for (std::size_t place = cell.find(mark); place != std::string::npos; place = cell.find(mark))
                    cell.replace(place, mark.size(), "。");
            }
            std::size_t start = 0;
            while (start < cell.size()) {
                std::size_t const end = std::min(cell.find("。", start), cell.size());
                if (end > start) ++printed;
                start = end + std::string_view("。").size();
            }
        }
    }
    CHECK(elements == 36);
    CHECK(points == 80);
    CHECK(printed == 80);
}

TEST_CASE("the forty tasks of the printed schedule fit the task type with their words as printed",
          "[type][catalogue]") {
    DocumentType const& type = builtIn("task");
    std::size_t dated = 0;
    json::Object const file = catalogueFile("yancheng-schedule.json");
    json::Array const& tasks = *json::arrayAt(file, "tasks");
    CHECK(tasks.size() == 40);
    for (json::Value const& task : tasks) {
        json::Object document{{"title", textAt(task, "zh")},
                              {"project", textAt(task, "project_zh")},
                              {"owner_text", textAt(at(task, "owner"), "zh")},
                              {"due_text", textAt(task, "due_text")},
                              {"source", textAt(task, "id")}};
        if (json::Value const* const due = task.asObject()->find("due_date")) {
            document.set("due", *due);
            ++dated;
        }
        auto const checked = checkFields(type, document);
        INFO((checked ? "" : checked.error().detail));
        CHECK(checked);
        CHECK(missingFields(type, document).empty());
    }
    CHECK(dated == 38);
}

TEST_CASE("every catalogue can be read as a data file", "[type][catalogue]") {
    for (char const* name :
         {"national-elements", "leshan-annex3", "leshan-roadmap", "cycles", "glossary", "report-kinds"}) {
        CHECK_FALSE(catalogueFile(std::string(name) + ".json").empty());
    }
}

}  // namespace
}  // namespace spiral::model
