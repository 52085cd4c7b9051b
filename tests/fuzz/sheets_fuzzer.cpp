// Any bytes as a CSV and as a workbook: read or refused with a reason, within the limits; and a sheet's XML put into a
// sound workbook, which plain mutations of a ZIP hardly reach.
#include "sheets/csv.h"
#include "sheets/xlsx.h"

#include "base/bytes.h"

#include <string>

using namespace spiral;
using namespace spiral::sheets;

namespace {

void holds(Result<Table> const& table) {
    if (!table) return ensure(table.error().reason.starts_with("sheets."), "a refusal has a reason");
    ensure(table->rows.size() <= kRowsMax, "rows are bounded");
    std::size_t before = 0;
    for (auto const& row : table->rows) {
        ensure(row.number > before, "rows are in order");
        ensure(!row.cells.empty() && !row.cells.back().empty() && row.cells.size() <= kColumnsMax, "rows have text");
        before = row.number;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ByteView const bytes(data, size);
    auto const csv = readCsv(bytes);
    holds(csv);
    holds(readXlsx(bytes));
    if (!csv) return 0;
    // What was read can be written and read again.
    Sheet sheet;
    sheet.name = "x";
    sheet.columns = {{"x"}};
    for (auto const& row : csv->rows) sheet.rows.push_back(row.cells);
    auto const written = writeXlsx({sheet});
    if (!written) return 0;
    auto const again = readXlsx(asBytes(*written));
    ensure(again && again->rows.size() == csv->rows.size() + 1, "what was written is read");
    for (std::size_t i = 0; i < csv->rows.size(); ++i) {
        ensure(again->rows[i + 1].cells.size() == csv->rows[i].cells.size(), "with as many cells");
    }
    return 0;
}
