// Sheets: tables of departments in, with errors by row and field, and empty ones out.
#include "format.h"
#include "office/sheets.h"
#include "sheet_import.h"
#include "sheets/csv.h"
#include "sheets/xlsx.h"

#include <algorithm>

namespace spiral::cli {

namespace {

constexpr Text kErrorHeading{"错误", "errors"};
/// So many notes are shown to people; all of them are in --json and --errors.
constexpr std::size_t kShownMax = 200;

/// Slugs of the office's own, and reasons of the types and of authority.
std::string noteText(std::string_view code, Language language) {
    bool const whole = code.find('.') != std::string_view::npos;
    return sayReason(whole ? std::string(code) : "note." + std::string(code), language);
}

Result<office::OnExisting> onExisting(Job const& job) {
    auto const told = job.arguments.value("--on-existing").value_or("skip");
    if (told == "skip") return office::OnExisting::Skip;
    if (told == "update") return office::OnExisting::Update;
    if (told == "stop") return office::OnExisting::Stop;
    return makeError(ErrorCode::Usage, "usage.value", "--on-existing " + told);
}

Result<sheets::Table> tableFrom(std::string const& file, ByteView bytes) {
    if (sheets::looksLikeXlsx(bytes)) return sheets::readXlsx(bytes);
    if (file.ends_with(".json")) return office::tableFromJson(asText(bytes));
    if (file.ends_with(".xls") || file.ends_with(".et"))
        return makeError(ErrorCode::Unsupported, "import.format", file);
    return sheets::readCsv(bytes);
}

void tellNumbers(Job& job, office::SheetResult const& result, bool dryRun) {
    job.tell({"读到 {rows} 行：新增 {made}，更新 {updated}，未变 {unchanged}，已有而跳过 {skipped}，未采纳 {refused}",
              "{rows} row(s) read: {made} new, {updated} updated, {unchanged} unchanged, {skipped} here already and "
              "skipped, "
              "{refused} not taken"},
             {{"rows", std::to_string(result.rows)},
              {"made", std::to_string(result.made)},
              {"updated", std::to_string(result.updated)},
              {"unchanged", std::to_string(result.unchanged)},
              {"skipped", std::to_string(result.skipped)},
              {"refused", std::to_string(result.refused)}});
    if (dryRun) job.tell({"试运行：什么也没有写入。", "Dry run: nothing was written."});
}

void tellNotes(Job& job, office::SheetResult const& result) {
    if (result.notes.empty()) return;
    Table table({{std::string(job.say({"行", "row"})), Table::Align::Right},
                 {std::string(job.say({"列", "column"}))},
                 {std::string(job.say({"说明", "note"})), Table::Align::Left, true},
                 {std::string(job.say({"原文", "as it stands"})), Table::Align::Left, true}});
    for (std::size_t i = 0; i < std::min(kShownMax, result.notes.size()); ++i) {
        auto const& note = result.notes[i];
        table.add({std::to_string(note.row), note.heading,
                   std::string(note.error ? job.say({"未采纳：", "not taken: "}) : std::string_view()) +
                       noteText(note.code, job.language()),
                   note.text});
    }
    job.line();
    job.lines(table.text(job.width()));
    if (result.notes.size() > kShownMax) {
        job.tell({"还有 {n} 处，全部见 --errors 或 --json", "{n} more; all of them with --errors or --json"},
                 {{"n", std::to_string(result.notes.size() - kShownMax)}});
    }
}

Json numbersJson(std::string_view kind, office::SheetResult const& result, bool dryRun, Language language) {
    Json notes = Json::array(), documents = Json::array();
    for (auto const& note : result.notes) {
        Json one = Json::object();
        one.set("row", note.row).set("field", note.field).set("heading", note.heading).set("code", note.code);
        one.set("message", noteText(note.code, language)).set("text", note.text).set("error", note.error);
        notes.add(std::move(one));
    }
    for (auto const& made : result.documents) documents.add(made.doc.hex());
    Json told = Json::object();
    told.set("kind", kind).set("dry_run", dryRun).set("rows", result.rows).set("made", result.made);
    told.set("updated", result.updated).set("unchanged", result.unchanged).set("skipped", result.skipped);
    told.set("refused", result.refused).set("documents", std::move(documents)).set("notes", std::move(notes));
    return told;
}

Result<int> sheetTemplate(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    SPIRAL_GIVE(sheet, office::sheetTemplate(*office, job.arguments[0], job.language() == Language::Chinese));
    SPIRAL_GIVE(bytes, sheets::writeXlsx({sheet}));
    std::string const file = *job.arguments.value("--output");
    if (auto written = job.write(file, bytes, FileMode::Shared); !written) return written.error();
    Json headings = Json::array();
    for (auto const& column : sheet.columns) headings.add(column.heading);
    Json told = Json::object();
    told.set("kind", job.arguments[0]).set("file", job.path(file).string()).set("headings", std::move(headings));
    job.answer(told);
    job.tell({"已写出 {file}：{n} 列，红字为必填，责任部门等可下拉选择。填好后：spiral import {kind} {file} --dry-run",
              "{file} written: {n} columns, required ones in red, departments and the like as drop-downs. Once filled: "
              "spiral import "
              "{kind} {file} --dry-run"},
             {{"file", file}, {"n", std::to_string(sheet.columns.size())}, {"kind", job.arguments[0]}});
    return status::kDone;
}

}  // namespace

bool isSheetKind(std::string_view kind) {
    auto const kinds = office::sheetKinds();
    return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

Result<int> importSheetFile(Job& job, std::string_view kind, std::string const& file) {
    SPIRAL_GIVE(bytes, job.read(file, sheets::kFileBytesMax));
    SPIRAL_GIVE(table, tableFrom(file, bytes));
    SPIRAL_GIVE(existing, onExisting(job));
    bool const dryRun = job.arguments.has("--dry-run");
    SPIRAL_GIVE(office, job.office(dryRun ? replica::Access::Read : replica::Access::Write));
    SPIRAL_GIVE(result, office::importSheet(*office, kind, table, {existing, dryRun}));
    Json told = numbersJson(kind, result, dryRun, job.language());
    auto const errors = job.arguments.value("--errors");
    if (errors) {
        auto const sheet =
            office::withErrors(table, result, job.say(kErrorHeading), [&](office::SheetNote const& note) {
                std::string const where = note.heading.empty() ? "" : note.heading + std::string(job.say({"：", ": "}));
                return where + noteText(note.code, job.language());
            });
        SPIRAL_GIVE(workbook, sheets::writeXlsx({sheet}));
        if (auto written = job.write(*errors, workbook, FileMode::Shared); !written) return written.error();
        told.set("errors_file", job.path(*errors).string());
    }
    job.answer(told);
    tellNumbers(job, result, dryRun);
    tellNotes(job, result);
    if (errors) {
        job.tell({"附有错误列的表已写出：{file}。改好后再导入一次。",
                  "The table with a column of errors is {file}. Mend it and import again."},
                 {{"file", *errors}});
    }
    return result.refused > 0 ? status::kRefused : status::kDone;
}

std::vector<Command> sheetCommands() {
    return {
        {.name = "template",
         .summary = {"写出一种表的空白模板（XLSX）", "write the empty sheet of a kind (XLSX)"},
         .positionals = {{"KIND",
                          {"units 部门、tasks 任务书、catalogue 诊断目录、duties 职责与标准、schools 学院、programmes "
                           "专业、courses "
                           "课程、classes 班级",
                           "units, tasks, catalogue, duties, schools, programmes, courses or classes"},
                          true,
                          Completes::Words,
                          "units tasks catalogue duties schools programmes courses classes"}},
         .options = {{.name = "--output",
                      .letter = "-o",
                      .value = "FILE",
                      .what = {"写到这个 .xlsx 文件", "the .xlsx file to write"},
                      .required = true,
                      .completes = Completes::File}},
         .more = {"各列都是文本，2019.10 不会变成 2019.1。编号一列留空也可以；写了编号，再次导入就能更新同一行。",
                  "All columns are text, so that 2019.10 does not become 2019.1. The id may be left empty; with it, a "
                  "later "
                  "import updates the same row."},
         .examples = {{"spiral template tasks -o 任务书.xlsx", {"任务书", "the task book"}},
                      {"spiral template duties -o 职责.xlsx", {"职责与标准", "duties and standards"}}},
         .run = sheetTemplate},
    };
}

}  // namespace spiral::cli
