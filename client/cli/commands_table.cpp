// Tables taken from a college's own papers, and search.
#include "format.h"

namespace spiral::cli {

namespace {

constexpr std::size_t kTableBytesMax = 4 * 1024 * 1024;

Result<int> importFile(Job& job, std::string_view kind, std::string const& file) {
    if (file.ends_with(".xlsx") || file.ends_with(".csv"))
        return makeError(ErrorCode::Unsupported, "import.format", file);
    SPIRAL_GIVE(bytes, job.read(file, kTableBytesMax));
    bool const dryRun = job.arguments.has("--dry-run");
    SPIRAL_GIVE(office, job.office(dryRun ? replica::Access::Read : replica::Access::Write));
    SPIRAL_GIVE(result, office->importTable(kind, asText(bytes), dryRun));
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

Result<int> import(Job& job) {
    auto const& kind = job.arguments[0];
    if (kind != "schedule" && kind != "organisation" && kind != "catalogue")
        return makeError(ErrorCode::Usage, "import.kind", kind);
    return importFile(job, kind, job.arguments[1]);
}

Result<int> catalogueImport(Job& job) { return importFile(job, "catalogue", job.arguments[0]); }

Result<int> catalogueList(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    replica::ListFilter filter;
    filter.type = "catalogue";
    auto const& names = office->names();
    Json told = Json::array();
    Table table({{std::string(job.say({"编号", "id"}))},
                 {std::string(job.say({"目录", "catalogue"})), Table::Align::Left, true},
                 {std::string(job.say({"层面", "level"}))},
                 {std::string(job.say({"要素", "elements"})), Table::Align::Right},
                 {std::string(job.say({"诊断点", "points"})), Table::Align::Right}});
    for (auto const& each : office->list(filter)) {
        SPIRAL_GIVE(shown, office->show(each.key()));
        std::size_t elements = 0, points = 0;
        if (auto const* rows = json::arrayAt(shown.merged.fields, "elements")) {
            elements = rows->size();
            for (auto const& row : *rows) {
                auto const* list = row.asObject() ? json::arrayAt(*row.asObject(), "points") : nullptr;
                points += list ? list->size() : 0;
            }
        }
        auto const* level = shown.merged.fields.find("level");
        std::string const levelText = level ? valueText(shown.type, "level", *level, names, job.language()) : "";
        Json one = toJson(each, names);
        one.set("level", level ? Json(*level) : Json()).set("elements", elements).set("points", points);
        told.add(std::move(one));
        table.add({office->shortName(each.key()), each.row.title, levelText, std::to_string(elements),
                   std::to_string(points)});
    }
    job.answer(told);
    if (table.empty())
        job.tell({"还没有目录。导入：spiral catalogue import 文件", "No catalogues yet: spiral catalogue import FILE"});
    else
        job.lines(table.text(job.width()));
    return status::kDone;
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
         .summary = {"导入表格：schedule 进度表、organisation 部门、catalogue 诊断表",
                     "take a table in: schedule, organisation, catalogue"},
         .positionals = {{"KIND",
                          {"schedule、organisation 或 catalogue", "schedule, organisation or catalogue"},
                          true,
                          Completes::Words,
                          "schedule organisation catalogue"},
                         {"FILE", {"JSON 文件", "a JSON file"}, true, Completes::File}},
         .options = {dryRun},
         .more = {"原文照录，另附我们的读法；读不准的逐条报告，不悄悄改正。已导入过的行（按来源编号）不会再建。责任部门"
                  "不在部门表里的任务归质控办。",
                  "What is printed is kept beside our reading; doubts are reported, not silently mended. Rows taken "
                  "before, by their source id, are not made again. A task whose owner is no unit goes to the quality "
                  "office."},
         .examples = {{"spiral import schedule 进度表.json --dry-run", {"先试", "try first"}},
                      {"spiral import organisation 部门.json", {"登记部门", "add the units"}}},
         .run = import},
        {.name = "catalogue import",
         .summary = {"导入诊断表为目录文档", "take diagnosis tables in as catalogue documents"},
         .positionals = {{"FILE", {"JSON 文件", "a JSON file"}, true, Completes::File}},
         .options = {dryRun},
         .more = {"每张表一份文档，放在全校范围；要素为行，诊断点在行内。",
                  "One document a table, in the scope of the college; elements are its rows."},
         .examples = {{"spiral catalogue import 诊断表.json", {"导入", "take it in"}},
                      {"spiral catalogue import 诊断表.json --dry-run --json", {"试运行", "a dry run"}}},
         .run = catalogueImport},
        {.name = "catalogue list",
         .summary = {"列出诊断目录及要素、诊断点数", "list catalogues with their elements and points"},
         .more = {"", ""},
         .examples = {{"spiral catalogue list", {"列表", "the list"}},
                      {"spiral catalogue list --json", {"给脚本", "for scripts"}}},
         .run = catalogueList},
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
