// Tables taken from a college's own papers, and search.
#include "format.h"
#include "office/organisation.h"
#include "office/plans.h"
#include "sheet_import.h"

#include <algorithm>

namespace spiral::cli {

namespace {

constexpr std::size_t kTableBytesMax = 4 * 1024 * 1024;

Result<int> importFile(Job& job, std::string_view kind, std::string const& file) {
    SPIRAL_GIVE(bytes, job.read(file, kTableBytesMax));
    bool const dryRun = job.arguments.has("--dry-run");
    SPIRAL_GIVE(office, job.office(dryRun ? replica::Access::Read : replica::Access::Write));
    auto const import = [&]() -> Result<office::ImportResult> {
        if (kind == "bodies") return office::importBodies(*office, asText(bytes), dryRun);
        if (kind == "phases" || kind == "plans" || kind == "roadmap")
            return office::importPlanning(*office, kind, asText(bytes), dryRun);
        return office->importTable(kind, asText(bytes), dryRun);
    };
    SPIRAL_GIVE(result, import());
    Json notes = Json::array();
    Table table({{std::string(job.say({"行", "row"}))},
                 {std::string(job.say({"字段", "field"}))},
                 {std::string(job.say({"说明", "note"})), Table::Align::Left, true},
                 {std::string(job.say({"原文", "as printed"})), Table::Align::Left, true}});
    std::int64_t refused = 0;
    for (auto const& note : result.notes) {
        refused += note.error;
        Json one = Json::object();
        one.set("row", note.row)
            .set("field", note.field)
            .set("code", note.code)
            .set("text", note.text)
            .set("error", note.error);
        notes.add(std::move(one));
        table.add({note.row, note.field,
                   std::string(note.error ? job.say({"未采纳：", "not taken: "}) : std::string_view()) +
                       sayReason("note." + note.code, job.language()),
                   note.text});
    }
    Json documents = Json::array();
    for (auto const& made : result.documents) documents.add(made.doc.hex());
    Json told = Json::object();
    told.set("kind", kind).set("dry_run", dryRun).set("rows", result.rows).set("made", result.documents.size());
    told.set("known", result.known).set("dated", result.dated).set("done", result.done).set("ongoing", result.ongoing);
    told.set("elements", result.elements).set("points", result.points).set("refused", refused);
    told.set("documents", std::move(documents)).set("notes", std::move(notes));
    job.answer(told);
    job.tell({"读到 {rows} 行，其中已有 {known} 行", "{rows} row(s) read, {known} of them known"},
             {{"rows", std::to_string(result.rows)}, {"known", std::to_string(result.known)}});
    if (kind == "schedule") {
        job.tell({"  有期限 {dated}，已完成 {done}，持续 {ongoing}", "  {dated} dated, {done} done, {ongoing} ongoing"},
                 {{"dated", std::to_string(result.dated)},
                  {"done", std::to_string(result.done)},
                  {"ongoing", std::to_string(result.ongoing)}});
    } else if (kind == "catalogue") {
        job.tell({"  诊断要素 {elements}，诊断点 {points}", "  {elements} elements, {points} points"},
                 {{"elements", std::to_string(result.elements)}, {"points", std::to_string(result.points)}});
    }
    if (dryRun)
        job.tell({"试运行：什么也没有写入。", "Dry run: nothing was written."});
    else if (kind != "organisation") {
        job.tell({"写入 {n} 份文档", "{n} document(s) written"}, {{"n", std::to_string(result.documents.size())}});
    } else {
        job.tell({"登记 {n} 个部门", "{n} unit(s) added"},
                 {{"n", std::to_string(result.rows - result.known - refused)}});
    }
    if (!result.notes.empty()) {
        job.line();
        job.tell({"值得一看的 {n} 处：", "{n} note(s):"}, {{"n", std::to_string(result.notes.size())}});
        job.lines(table.text(job.width()));
    }
    return refused > 0 ? status::kRefused : status::kDone;
}

/// Kinds of sheets that also have a printed form as JSON.
std::string_view printedForm(std::string_view kind) {
    if (kind == "units") return "organisation";
    return kind == "tasks" ? "schedule" : kind;
}

Result<int> import(Job& job) {
    auto const &kind = job.arguments[0], &file = job.arguments[1];
    bool const forSheets = job.arguments.has("--errors") || job.arguments.has("--on-existing");
    if (isSheetKind(kind)) {
        auto taken = importSheetFile(job, kind, file);
        bool const otherForm =
            !taken && taken.error().reason == "import.form" && (printedForm(kind) != kind || kind == "catalogue");
        if (!otherForm || forSheets) return taken;
        return importFile(job, printedForm(kind), file);
    }
    static constexpr std::string_view kPrinted[] = {"schedule", "organisation", "bodies", "phases", "plans", "roadmap"};
    if (std::find(std::begin(kPrinted), std::end(kPrinted), kind) == std::end(kPrinted))
        return makeError(ErrorCode::Usage, "import.kind", kind);
    if (forSheets) return makeError(ErrorCode::Usage, "import.no-sheet", kind);
    return importFile(job, kind, file);
}

Result<int> search(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    auto const& names = office->names();
    std::string words;
    for (auto const& word : job.arguments.positionals()) words += (words.empty() ? "" : " ") + word;
    auto const hits = office->search(words);
    Json told = Json::array();
    for (auto const& hit : hits) {
        Json one = Json::object();
        one.set("id", hit.doc.hex())
            .set("scope", hit.scope.text())
            .set("type", hit.type)
            .set("title", hit.title)
            .set("excerpt", hit.excerpt);
        told.add(std::move(one));
        std::string const where = typeText(hit.type, job.language()) + std::string(listMark(job.language())) +
                                  scopeText(hit.scope, names, job.language());
        job.line(job.bold(office->shortName(hit.key())) + "  " + clean(hit.title) + "  (" + where + ")");
        job.line("    " + clean(hit.excerpt));
    }
    job.answer(told);
    job.tell({"找到 {n} 份文档", "{n} document(s) found"}, {{"n", std::to_string(hits.size())}});
    return status::kDone;
}

}  // namespace

std::vector<Command> tableCommands() {
    Option const dryRun{.name = "--dry-run", .what = {"只检查，不写入", "check only, write nothing"}};
    return {
        {.name = "import",
         .summary = {"导入表格：部门、任务书、诊断目录、职责与标准，或印发的进度表",
                     "take a table in: units, tasks, catalogue, duties, or a printed schedule"},
         .positionals = {{"KIND",
                          {"units、tasks、catalogue、duties、schools、programmes、courses、classes；印发的 JSON 另有 schedule 进度表、"
                           "organisation 部门、bodies 机构、phases 阶段、plans 规划、roadmap 路线图",
                           "units, tasks, catalogue, duties, schools, programmes, courses, classes; printed ones as "
                           "JSON also schedule, organisation (units), bodies, phases, plans, roadmap"},
                          true,
                          Completes::Words,
                          "units tasks catalogue duties schools programmes courses classes schedule organisation bodies phases plans roadmap"},
                         {"FILE", {"XLSX、CSV 或 JSON 文件", "an XLSX, CSV or JSON file"}, true, Completes::File}},
         .options = {dryRun,
                     {.name = "--errors",
                      .value = "FILE",
                      .what = {"把附有错误列的表写到这个 .xlsx 文件",
                               "write the table with a column of errors to this .xlsx file"},
                      .completes = Completes::File},
                     {.name = "--on-existing",
                      .value = "WHAT",
                      .what = {"已有的行：stop 全部停下、skip 跳过（默认）、update 更新",
                               "rows that are here already: stop, skip (usual) or update"},
                      .completes = Completes::Words,
                      .words = "stop skip update"}},
         .more = {"有错的行不采纳，逐行逐列报告，其余照常导入；按编号认出已有的行，没有编号的按内容认。空格子不改已有的"
                  "内容。CSV "
                  "可以是 UTF-8 或 GB18030。空白模板：spiral template。\n"
                  "印发的进度表（schedule）原文照录，另附我们的读法；责任部门不在部门表里的任务归质控办。",
                  "Rows with errors are left out and told by row and column, the others are taken; rows that are here "
                  "are known by "
                  "their id, without one by what they say. An empty cell changes nothing. CSV may be UTF-8 or GB18030. "
                  "Empty sheets: "
                  "spiral template.\n"
                  "Of a printed schedule what is printed is kept beside our reading; a task whose owner is no unit "
                  "goes to the "
                  "quality office."},
         .examples = {{"spiral import tasks 任务书.xlsx --dry-run", {"先试", "try first"}},
                      {"spiral import tasks 任务书.xlsx --errors 待改.xlsx",
                       {"有错的给回来", "give back what is wrong"}},
                      {"spiral import units 部门.csv --on-existing update", {"更新部门", "update the units"}},
                      {"spiral import schedule 进度表.json --dry-run", {"印发的进度表", "a printed schedule"}}},
         .run = import},
        {.name = "search",
         .summary = {"全文检索，两个汉字即可", "full-text search; two Chinese characters are enough"},
         .positionals = {{.name = "WORDS", .what = {"要找的词，须全部出现", "words; all must occur"}, .many = true}},
         .more = {"检索现行版本。索引落后时先补上。", "Searches current heads; the index catches up first."},
         .examples = {{"spiral search 课程", {"一个词", "one word"}},
                      {"spiral search 课程 标准", {"两个词都要有", "both words"}}},
         .run = search},
    };
}

}  // namespace spiral::cli
