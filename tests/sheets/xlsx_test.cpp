// Workbooks: ours come back as they were, those of other programs are read as people see them, hostile ones end soon.
#include "sheets/xlsx.h"

#include <catch2/catch.hpp>

#include <zip.h>
#include <map>

using namespace spiral;
using namespace spiral::sheets;

namespace {

/// A ZIP of these parts, as somebody else might make it.
std::string archiveOf(std::map<std::string, std::string> const& parts) {
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t* target = zip_source_buffer_create(nullptr, 0, 0, &error);
    zip_source_keep(target);
    zip_t* archive = zip_open_from_source(target, ZIP_TRUNCATE, &error);
    REQUIRE(archive);
    for (auto const& [name, text] : parts) {
        zip_file_add(archive, name.c_str(), zip_source_buffer(archive, text.data(), text.size(), 0), 0);
    }
    REQUIRE(zip_close(archive) == 0);
    REQUIRE(zip_source_open(target) == 0);
    zip_stat_t stat;
    zip_source_stat(target, &stat);
    std::string bytes(stat.size, '\0');
    zip_source_read(target, bytes.data(), bytes.size());
    zip_source_close(target);
    zip_source_free(target);
    return bytes;
}

std::map<std::string, std::string> partsOf(std::string const& rows) {
    return {
        {"xl/workbook.xml",
         R"(<workbook xmlns:r="x"><sheets><sheet name="封面" state="hidden" r:id="a"/><sheet name="任务" r:id="b"/></sheets></workbook>)"},
        {"xl/_rels/workbook.xml.rels",
         R"(<Relationships><Relationship Id="a" Target="worksheets/sheet9.xml"/><Relationship Id="b" Target="/xl/worksheets/sheet1.xml"/></Relationships>)"},
        {"xl/styles.xml",
         R"(<styleSheet><numFmts><numFmt numFmtId="176" formatCode="yyyy&quot;年&quot;m&quot;月&quot;"/><numFmt numFmtId="177" formatCode="0.00&quot;day&quot;"/></numFmts>)"
         R"(<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="176"/><xf numFmtId="177"/><xf numFmtId="58"/></cellXfs></styleSheet>)"},
        {"xl/sharedStrings.xml",
         R"(<sst><si><t>责任部门</t></si><si><r><t>教</t></r><r><t>务处</t></r><rPh><t>jiao</t></rPh></si><si><t>一_x000D_
二</t></si></sst>)"},
        {"xl/worksheets/sheet1.xml", "<worksheet><sheetData>" + rows + "</sheetData></worksheet>"}};
}
std::string workbookOf(std::string const& rows) { return archiveOf(partsOf(rows)); }

std::vector<std::string> firstRow(std::string const& rows) {
    auto const table = readXlsx(asBytes(workbookOf(rows)));
    INFO((table ? "" : table.error().reason + " " + table.error().detail));
    REQUIRE(table);
    REQUIRE(table->rows.size() == 1);
    return table->rows[0].cells;
}
std::string refusal(std::string const& bytes) {
    auto const table = readXlsx(asBytes(bytes));
    return table ? "read" : table.error().reason;
}

Sheet sample() {
    Sheet sheet;
    sheet.name = "任务";
    sheet.columns = {{"编号", 12, {}, true}, {"责任部门", 20, {"教务处", "质控办"}}, {"任务", 40}};
    sheet.rows = {{"T1", "教务处", "=1+1"}, {"T2", "", "第一行\n<第二行> & \"引号\" _x000D_ \x01"}};
    sheet.marked = {{0, 1}};
    return sheet;
}

}  // namespace

TEST_CASE("what is written to a workbook is read back, whatever stands in the cells, and is the same bytes each time",
          "[sheets]") {
    auto const bytes = writeXlsx({sample()});
    REQUIRE(bytes);
    CHECK(looksLikeXlsx(asBytes(*bytes)));
    auto const table = readXlsx(asBytes(*bytes));
    INFO((table ? "" : table.error().reason + " " + table.error().detail));
    REQUIRE(table);
    CHECK(table->name == "任务");
    REQUIRE(table->rows.size() == 3);
    CHECK(table->rows[0].cells == std::vector<std::string>{"编号", "责任部门", "任务"});
    CHECK(table->rows[1].cells == sample().rows[0]);
    CHECK(table->rows[2].cells == sample().rows[1]);
    // The lists of the drop-downs are a sheet of their own, which people do not see.
    auto const codes = readXlsx(asBytes(*bytes), "代码");
    REQUIRE(codes);
    CHECK(codes->rows[1].cells == std::vector<std::string>{"质控办"});
    CHECK(*writeXlsx({sample()}) == *bytes);
    auto tooLong = sample();
    tooLong.rows[0][0] = std::string(32'768, 'x');
    CHECK_FALSE(writeXlsx({tooLong}));
}

TEST_CASE("a cell is read as a person sees it: shared and rich text, formulas by their value, dates as days",
          "[sheets]") {
    CHECK(
        firstRow(
            R"(<row r="3"><c r="A3" t="s"><v>0</v></c><c r="B3" t="s"><v>1</v></c><c r="D3" t="s"><v>2</v></c></row>)") ==
        std::vector<std::string>{"责任部门", "教务处", "", "一\n二"});
    CHECK(
        firstRow(
            R"(<row><c><f>A1+1</f><v>0.30000000000000004</v></c><c><v>2019</v></c><c t="b"><v>1</v></c><c t="str"><v>甲</v></c><c t="e"><v>#REF!</v></c></row>)") ==
        std::vector<std::string>{"0.3", "2019", "TRUE", "甲", "#REF!"});
    CHECK(
        firstRow(
            R"(<row><c s="1"><v>46112</v></c><c s="2"><v>43585</v></c><c s="3"><v>46112.5</v></c><c s="1"><v>46112.354166666664</v></c><c s="4"><v>59</v></c><c s="1"><v>61</v></c></row>)") ==
        std::vector<std::string>{"2026-03-31", "2019-04-30", "46112.5", "2026-03-31 08:30", "1900-02-28",
                                 "1900-03-01"});
    CHECK(firstRow(R"(<row><c s="1"><v>-5</v></c><c s="1"><v>1e300</v></c><c s="1"><v>x</v></c></row>)") ==
          std::vector<std::string>{"-5", "1e+300", "x"});
}

TEST_CASE("a merged cell is read in each of its rows that has something else, and never makes rows", "[sheets]") {
    auto parts = partsOf("");
    parts["xl/worksheets/sheet1.xml"] =
        R"(<worksheet><sheetData><row r="2"><c r="A2" t="str"><v>教务处</v></c><c r="B2" t="str"><v>一</v></c></row>)"
        R"(<row r="3"><c r="B3" t="str"><v>二</v></c></row><row r="5"><c r="A5" t="str"><v>自有</v></c><c r="B5"><v>5</v></c></row></sheetData>)"
        R"(<mergeCells><mergeCell ref="A2:A5"/><mergeCell ref="A9:A1"/><mergeCell ref="B2"/><mergeCell ref="A9:C1048576"/></mergeCells></worksheet>)";
    auto const table = readXlsx(asBytes(archiveOf(parts)));
    REQUIRE(table);
    REQUIRE(table->rows.size() == 3);
    CHECK(table->rows[1].cells == std::vector<std::string>{"教务处", "二"});
    CHECK(table->rows[2].cells == std::vector<std::string>{"自有", "5"});
}

TEST_CASE("a workbook without its parts, with entities, or with cells that lie is refused with the reason",
          "[sheets]") {
    CHECK(refusal("") == "sheets.not-a-workbook");
    CHECK(refusal("PK\x03\x04 is no archive") == "sheets.not-a-workbook");
    CHECK(refusal(archiveOf({{"a", "b"}})) == "sheets.not-a-workbook");
    auto parts = partsOf("<row/>");
    parts["xl/workbook.xml"] =
        R"(<!DOCTYPE w [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><workbook>&b;</workbook>)";
    CHECK(refusal(archiveOf(parts)) == "sheets.doctype");
    parts["xl/workbook.xml"] = "<workbook><sheets><sheet state=\"hidden\" name=\"x\"/></sheets></workbook>";
    CHECK(refusal(archiveOf(parts)) == "sheets.no-sheet");
    CHECK(refusal(workbookOf("<row><c>")) == "sheets.xml");
    CHECK(refusal(workbookOf(R"(<row r="2"/><row r="1"/>)")) == "sheets.xml");
    CHECK(refusal(workbookOf(R"(<row><c t="s"><v>99</v></c></row>)")) == "sheets.xml");
    CHECK(refusal(workbookOf(R"(<row><c r="ZZZZ1"><v>1</v></c></row>)")) == "sheets.xml");
    CHECK(refusal(workbookOf(R"(<row><c r="XFD1"><v>1</v></c></row>)")) == "sheets.too-many-columns");
    CHECK(refusal(workbookOf(R"(<row r="1048577"/>)")) == "sheets.xml");
    std::string deep;
    for (std::size_t i = 0; i < kXmlDepthMax; ++i) deep += "<x>";
    CHECK(refusal(workbookOf(deep)) == "sheets.too-deep");
}

TEST_CASE("a small archive that unpacks to much stops at the bound", "[sheets]") {
    std::string const spaces(kPartBytesMax + 1, ' ');
    auto const bomb = workbookOf(spaces);
    CHECK(bomb.size() < kPartBytesMax / 100);
    CHECK(refusal(bomb) == "sheets.part-too-large");
    // One long shared string, named by many cells.
    auto parts = partsOf("");
    parts["xl/sharedStrings.xml"] = "<sst><si><t>" + std::string(kCellBytesMax, 'x') + "</t></si></sst>";
    std::string rows;
    for (std::size_t i = 0; i <= kTextBytesMax / kCellBytesMax; ++i) rows += R"(<row><c t="s"><v>0</v></c></row>)";
    parts["xl/worksheets/sheet1.xml"] = "<worksheet>" + rows + "</worksheet>";
    CHECK(refusal(archiveOf(parts)) == "sheets.too-much-text");
    std::map<std::string, std::string> many;
    for (std::size_t i = 0; i <= kPartsMax; ++i) many["part" + std::to_string(i)] = "";
    CHECK(refusal(archiveOf(many)) == "sheets.too-many-parts");
}

TEST_CASE("each beginning and each changed bit of a workbook ends soon, read or refused with a reason", "[sheets]") {
    auto small = sample();
    small.roomFor = 1;
    auto const bytes = writeXlsx({small});
    REQUIRE(bytes);
    for (std::size_t size = 0; size < bytes->size(); size += 7) {
        CHECK(refusal(bytes->substr(0, size)).starts_with("sheets."));
    }
    std::size_t refused = 0;
    for (std::size_t i = 0; i < bytes->size(); i += 3) {
        std::string changed = *bytes;
        changed[i] = static_cast<char>(changed[i] ^ (1 << (i % 8)));
        auto const said = refusal(changed);
        refused += said != "read";
        CHECK((said == "read" || said.starts_with("sheets.")));
    }
    CHECK(refused > 100);
}
