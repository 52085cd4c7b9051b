// A table as rows of text cells, and the limits of what is read from outside.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace spiral::sheets {

// What a hostile file may cost. A task book of a large college has some thousand rows of thirty columns.
inline constexpr std::size_t kFileBytesMax = 32 * 1024 * 1024;  ///< of the file as it is given
inline constexpr std::size_t kPartBytesMax = 96 * 1024 * 1024;  ///< of one unpacked part of a workbook
inline constexpr std::size_t kPartsMax = 2'000;                 ///< files inside a workbook
inline constexpr std::size_t kRowsMax = 50'000;                 ///< rows with any text
inline constexpr std::size_t kColumnsMax = 200;
inline constexpr std::size_t kCellsMax = 2'000'000;  ///< places in all rows, empty ones before a full one too
inline constexpr std::size_t kCellBytesMax = 128 * 1024;
inline constexpr std::size_t kTextBytesMax = 64 * 1024 * 1024;  ///< of all cells together
inline constexpr std::size_t kXmlDepthMax = 100;

struct Row {
    std::size_t number = 0;          ///< as the spreadsheet shows it, from 1
    std::vector<std::string> cells;  ///< UTF-8, without white space around; as many as are filled from the left
    /// Empty where the row is shorter.
    [[nodiscard]] std::string const& at(std::size_t column) const {
        static std::string const empty;
        return column < cells.size() ? cells[column] : empty;
    }
    friend bool operator==(Row const&, Row const&) = default;
};

/// Rows in order; those without any text are left out.
struct Table {
    std::string name;  ///< of the sheet; empty for CSV
    std::vector<Row> rows;
    friend bool operator==(Table const&, Table const&) = default;
};

}  // namespace spiral::sheets
