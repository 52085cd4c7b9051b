// Tables as Excel and WPS export them to CSV.
#include "sheets/csv.h"

#include <catch2/catch.hpp>

using namespace spiral;
using namespace spiral::sheets;

namespace {

std::vector<std::vector<std::string>> cellsOf(std::string_view text) {
    auto const table = readCsv(asBytes(text));
    INFO((table ? "" : table.error().reason));
    REQUIRE(table);
    std::vector<std::vector<std::string>> cells;
    for (auto const& row : table->rows) cells.push_back(row.cells);
    return cells;
}
std::string refusal(std::string_view text) {
    auto const table = readCsv(asBytes(text));
    return table ? "read" : table.error().reason;
}

}  // namespace

TEST_CASE("a CSV with commas, quotes and line feeds inside fields is read as it was meant", "[sheets]") {
    CHECK(cellsOf("任务,标准\r\n\"甲,乙\",\"说\"\"好\"\"\r\n第二行\"\r\n") ==
          std::vector<std::vector<std::string>>{{"任务", "标准"}, {"甲,乙", "说\"好\"\n第二行"}});
    CHECK(cellsOf("a;b;c\n1;2,5;3") == std::vector<std::vector<std::string>>{{"a", "b", "c"}, {"1", "2,5", "3"}});
    CHECK(cellsOf("a\tb\r1\t2\r") == std::vector<std::vector<std::string>>{{"a", "b"}, {"1", "2"}});
}

TEST_CASE("the encodings that Excel and WPS write in China give the same text", "[sheets]") {
    std::vector<std::vector<std::string>> const expected{{"责任部门", "教务处"}};
    CHECK(cellsOf("责任部门,教务处") == expected);
    CHECK(cellsOf("\xef\xbb\xbf责任部门,教务处") == expected);
    CHECK(cellsOf("\xd4\xf0\xc8\xce\xb2\xbf\xc3\xc5,\xbd\xcc\xce\xf1\xb4\xa6") == expected);  // GB18030
    CHECK(cellsOf(std::string_view("\xff\xfe\x23\x8d\x09\x00\x84\x76", 8)) ==
          std::vector<std::vector<std::string>>{{"责", "的"}});
    CHECK(refusal("\xd4\xf0\xff\xff") == "sheets.encoding");
}

TEST_CASE("empty rows are left out and the others keep their numbers, white space around cells goes", "[sheets]") {
    auto const table = readCsv(asBytes(std::string_view("a,b\n,\n\n\xe3\x80\x80 x \xc2\xa0,\n")));
    REQUIRE(table);
    REQUIRE(table->rows.size() == 2);
    CHECK(table->rows[1].number == 4);
    CHECK(table->rows[1].cells == std::vector<std::string>{"x"});
    CHECK(table->rows[1].at(1).empty());
    CHECK(cellsOf("").empty());
}

TEST_CASE("a CSV beyond a limit is refused with the limit's name", "[sheets]") {
    CHECK(refusal("a,\"b") == "sheets.quote");
    CHECK(refusal(std::string(kColumnsMax, ',') + "x") == "sheets.too-many-columns");
    CHECK(refusal(std::string(kCellBytesMax + 1, 'x')) == "sheets.cell-too-long");
    std::string rows;
    for (std::size_t i = 0; i <= kRowsMax; ++i) rows += "x\n";
    CHECK(refusal(rows) == "sheets.too-many-rows");
    std::string wide;
    std::string const line = std::string(kColumnsMax - 1, ',') + "x\n";
    for (std::size_t i = 0; i <= kCellsMax / kColumnsMax; ++i) wide += line;
    CHECK(refusal(wide) == "sheets.too-many-cells");
}
