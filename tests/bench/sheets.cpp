// How long does a task book of 10,000 rows take: from the workbook's bytes to documents sealed and in the view?
//
//   build/release/bin/bench_sheets [--rows 10000] [--turns 3] [--folder DIR]
//
// A college with its sixteen units; the quality office takes a workbook in. Told apart: reading the workbook, a dry
// run, the import itself (frames of up to 500 rows, each durable, the view behind them), the same file once more (all
// rows known), and a file that changes every hundredth row, written over.
#include "bench.h"
#include "people.h"

#include "office/sheets.h"

using namespace spiral;
using namespace spiral::bench;
using namespace spiral::office;

namespace {

std::string workbook(std::size_t rows, std::size_t changedEvery) {
    sheets::Sheet sheet;
    sheet.name = "任务书";
    for (char const* heading : {"编号", "任务", "牵头责任部门", "任务属性", "完成期限", "完成标准", "备注"}) {
        sheet.columns.push_back({heading});
    }
    constexpr char const* kOwners[] = {"教务处", "质控办", "党政办", "人事处", "学工处", "科技处"};
    for (std::size_t i = 0; i < rows; ++i) {
        std::string const number = std::to_string(i);
        bool const changed = changedEvery > 0 && i % changedEvery == 0;
        sheet.rows.push_back(
            {"T" + number, "第" + number + "项：完善专业建设标准与课程标准" + (changed ? "（修订）" : ""),
             kOwners[i % 6], i % 3 ? "指定" : "自主申报",
             "2026-" + std::to_string(10 + i % 3) + "-2" + std::to_string(i % 10),
             "年底前完成" + std::to_string(1 + i % 9) + "门课程标准的修订，合格率不低于95%，并提交佐证材料",
             "由年度工作要点分解"});
    }
    auto bytes = sheets::writeXlsx({sheet});
    REQUIRE(bytes);
    return *bytes;
}

SheetResult taken(Workplace& place, sheets::Table const& table, SheetChoices const& choices) {
    auto result = importSheet(*place, "tasks", table, choices);
    if (!result) std::fprintf(stderr, "%s %s\n", result.error().reason.c_str(), result.error().detail.c_str());
    REQUIRE(result);
    REQUIRE(result->refused == 0);
    return *result;
}

}  // namespace

int main(int count, char** values) {
    Arguments const arguments(count, values, {{"rows", "10000"}, {"turns", "3"}, {"folder", ""}});
    auto const rows = arguments.number("rows");
    if (!arguments.text("folder").empty()) ::setenv("TMPDIR", arguments.text("folder").c_str(), 1);
    std::string const bytes = workbook(rows, 0), changed = workbook(rows, 100);
    Series reading{"read the workbook", static_cast<double>(rows), {}},
        trying{"dry run", static_cast<double>(rows), {}};
    Series import{"import", static_cast<double>(rows), {}}, again{"the same file again", static_cast<double>(rows), {}};
    Series update{"every hundredth row changed, written over", static_cast<double>(rows), {}};
    for (std::size_t turn = 0; turn < arguments.number("turns"); ++turn) {
        auto founder = Workplace::founds("赵");
        auto place = founder->hires("钱", "yc-d05", {"quality"});
        sheets::Table table, next;
        reading.add(costOf([&] { table = *sheets::readXlsx(asBytes(bytes)); }));
        next = *sheets::readXlsx(asBytes(changed));
        trying.add(costOf([&] { REQUIRE(taken(*place, table, {OnExisting::Skip, true}).made == rows); }));
        import.add(costOf([&] { REQUIRE(taken(*place, table, {}).made == rows);
    }));
    again.add(costOf([&] { REQUIRE(taken(*place, table, {}).skipped == rows); }));
    update.add(costOf([&] { REQUIRE(taken(*place, next, {OnExisting::Update, false}).updated == (rows + 99) / 100); }));
}
std::printf("%s rows, a workbook of %.2f MB\n", shown(static_cast<double>(rows)).c_str(),
            static_cast<double>(bytes.size()) / 1e6);
header({"", "s", "s of processor", "rows/s"});
for (auto const* series : {&reading, &trying, &import, &again, &update}) {
    row({series->name, shown(series->wall()), shown(series->cpu()), shown(series->operations / series->wall())});
}
return 0;
}
