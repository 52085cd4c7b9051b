// Office Open XML workbooks (.xlsx), as Excel, WPS and LibreOffice write them.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "sheets/table.h"

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace spiral::sheets {

/// True if the bytes are a ZIP archive, as every workbook is.
[[nodiscard]] bool looksLikeXlsx(ByteView bytes) noexcept;

/// One sheet: that of the name, or the first that is not hidden. A cell is what a person reads there: the text, a
/// formula's last value, a number without a needless fraction, a date as 2026-03-31 (with 08:30 behind it if it has a
/// time), a merged cell in each row of its first column that has anything else. Malformed ("sheets.not-a-workbook",
/// "sheets.xml" naming the part), Unsupported ("sheets.encrypted", "sheets.doctype"), NotFound ("sheets.no-sheet"), or
/// TooLarge, naming the limit.
[[nodiscard]] Result<Table> readXlsx(ByteView bytes, std::string_view sheet = {});

struct Column {
    std::string heading;
    int width = 16;                      ///< in characters
    std::vector<std::string> choices{};  ///< a drop-down; other values are warned of, not refused
    bool required = false;               ///< the heading is marked
};
struct Sheet {
    std::string name;  ///< REQUIRES: at most 31 characters, none of []:*?/\ and '
    std::vector<Column> columns;
    std::vector<std::vector<std::string>> rows{};
    std::set<std::pair<std::size_t, std::size_t>> marked{};  ///< (row, column) from 0: shown in red
    std::size_t roomFor = 1'000;                             ///< rows below the headings that have the drop-downs
};
/// A workbook whose cells are all text, so that no program turns 2019.10 into 2019.1. The same sheets give the same
/// bytes. TooLarge ("sheets.cell-too-long") for a cell over what spreadsheets hold (32,767 characters).
[[nodiscard]] Result<std::string> writeXlsx(std::vector<Sheet> const& sheets);

}  // namespace spiral::sheets
