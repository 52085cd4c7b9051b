// Rows as they are read, under the limits of table.h. Private to workflow/sheets.
#pragma once

#include "base/result.h"
#include "sheets/table.h"

#include <string_view>

namespace spiral::sheets {

/// Without white space around, ideographic and no-break spaces included; line ends inside are line feeds.
inline std::string tidied(std::string_view text) {
    auto const spaceAt = [&](std::size_t at) -> std::size_t {
        std::string_view const rest = text.substr(at);
        if (!rest.empty() && (rest[0] == ' ' || (rest[0] >= '\t' && rest[0] <= '\r'))) return 1;
        if (rest.starts_with("\xc2\xa0")) return 2;
        if (rest.starts_with("\xe3\x80\x80") || rest.starts_with("\xef\xbb\xbf")) return 3;
        return 0;
    };
    std::size_t begin = 0;
    while (auto const step = spaceAt(begin)) begin += step;
    std::size_t end = text.size();
    for (bool more = true; more && end > begin;) {
        more = false;
        for (std::size_t step = 1; step <= 3 && begin + step <= end; ++step) {
            if (spaceAt(end - step) == step) {
                end -= step;
                more = true;
                break;
            }
        }
    }
    std::string result;
    result.reserve(end - begin);
    for (std::size_t i = begin; i < end; ++i) {
        if (text[i] != '\r')
            result.push_back(text[i]);
        else if (i + 1 >= end || text[i + 1] != '\n')
            result.push_back('\n');
    }
    return result;
}

class Gatherer {
public:
    explicit Gatherer(Table& table) : m_table(table) {}

    [[nodiscard]] Result<void> put(std::size_t row, std::size_t column, std::string_view text) {
        if (text.size() > kCellBytesMax) return tooMuch("sheets.cell-too-long", row);
        std::string cell = tidied(text);
        if (cell.empty()) return {};
        if (column >= kColumnsMax) return tooMuch("sheets.too-many-columns", row);
        m_bytes += cell.size();
        if (m_bytes > kTextBytesMax) return tooMuch("sheets.too-much-text", row);
        auto& rows = m_table.rows;
        if (rows.empty() || rows.back().number != row) {
            if (!rows.empty() && row < rows.back().number)
                return makeError(ErrorCode::Malformed, "sheets.row-order", place(row));
            if (rows.size() >= kRowsMax) return tooMuch("sheets.too-many-rows", row);
            rows.push_back({row, {}});
        }
        auto& cells = rows.back().cells;
        if (column >= cells.size()) {
            m_cells += column + 1 - cells.size();
            if (m_cells > kCellsMax) return tooMuch("sheets.too-many-cells", row);
            cells.resize(column + 1);
        }
        cells[column] = std::move(cell);
        return {};
    }

private:
    static std::string place(std::size_t row) { return "row " + std::to_string(row); }
    static Error tooMuch(std::string_view reason, std::size_t row) {
        return makeError(ErrorCode::TooLarge, reason, place(row));
    }
    Table& m_table;
    std::size_t m_cells = 0, m_bytes = 0;
};

}  // namespace spiral::sheets
