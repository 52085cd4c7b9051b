// Writing a workbook: the few parts that every program asks for, all cells as text inside the sheet, the lists of the
// drop-downs on a hidden sheet (a list inside the rule itself may have 255 characters).
#include "sheets/xlsx.h"

#include <zip.h>
#include <algorithm>
#include <cstdlib>

namespace spiral::sheets {

namespace {

constexpr std::size_t kCellUnitsMax = 32'767;                  // UTF-16 units, of the format
constexpr std::string_view kCodes = "代码";                    // the hidden sheet
constexpr zip_uint16_t kDosTime = 0, kDosDate = (1 << 5) | 1;  // 1980-01-01: the same bytes each time
constexpr std::string_view kHead = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
constexpr std::string_view kMain = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
constexpr std::string_view kRelations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
constexpr std::string_view kPackage = "http://schemas.openxmlformats.org/package/2006/";

enum Style { kPlain, kHeading, kHeadingRequired, kMarked };

std::size_t utf16Units(std::string_view text) {
    std::size_t units = 0;
    for (char const c : text) {
        auto const byte = static_cast<unsigned char>(c);
        units += (byte & 0xc0) != 0x80;
        units += byte >= 0xf0;
    }
    return units;
}

/// Text inside XML. What XML cannot hold, and what would be read as such an escape, is escaped in the format's own way.
std::string escaped(std::string_view text) {
    std::string result;
    result.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        char const c = text[i];
        bool const control = static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t';
        if (c == '&')
            result += "&amp;";
        else if (c == '<')
            result += "&lt;";
        else if (c == '>')
            result += "&gt;";
        else if (c == '"')
            result += "&quot;";
        else if (c == '_' && text.substr(i).starts_with("_x") && i + 6 < text.size() && text[i + 6] == '_')
            result += "_x005F_";
        else if (control) {
            constexpr char digits[] = "0123456789ABCDEF";
            result += std::string("_x00") + digits[(c >> 4) & 0xf] + digits[c & 0xf] + "_";
        } else if (text.substr(i).starts_with("\xef\xbf\xbe") || text.substr(i).starts_with("\xef\xbf\xbf")) {
            result += "\xef\xbf\xbd";
            i += 2;
        } else {
            result.push_back(c);
        }
    }
    return result;
}

std::string letters(std::size_t column) {
    std::string result;
    for (++column; column > 0; column = (column - 1) / 26)
        result.insert(result.begin(), static_cast<char>('A' + (column - 1) % 26));
    return result;
}

void cell(std::string& out, std::size_t row, std::size_t column, std::string_view text, Style style) {
    if (text.empty() && style == kPlain) return;
    out += "<c r=\"" + letters(column) + std::to_string(row) + "\" s=\"" + std::to_string(style) +
           "\" t=\"inlineStr\"><is><t xml:space=\"preserve\">";
    out += escaped(text);
    out += "</t></is></c>";
}

/// Where the list of a column stands on the hidden sheet.
using Lists = std::vector<std::vector<std::string> const*>;

std::string sheetPart(Sheet const& sheet, Lists const& lists) {
    std::string out(kHead);
    out += "<worksheet xmlns=\"" + std::string(kMain) +
           "\"><sheetViews><sheetView workbookViewId=\"0\"><pane ySplit=\"1\" topLeftCell=\"A2\" "
           "activePane=\"bottomLeft\" state=\"frozen\"/></sheetView></sheetViews><cols>";
    for (std::size_t i = 0; i < sheet.columns.size(); ++i) {
        std::string const at = std::to_string(i + 1);
        // Cells typed later are text too: style 0 is the text format.
        out += "<col min=\"" + at + "\" max=\"" + at + "\" width=\"" + std::to_string(sheet.columns[i].width) +
               "\" style=\"0\" customWidth=\"1\"/>";
    }
    out += "</cols><sheetData><row r=\"1\">";
    for (std::size_t i = 0; i < sheet.columns.size(); ++i) {
        cell(out, 1, i, sheet.columns[i].heading, sheet.columns[i].required ? kHeadingRequired : kHeading);
    }
    out += "</row>";
    for (std::size_t i = 0; i < sheet.rows.size(); ++i) {
        out += "<row r=\"" + std::to_string(i + 2) + "\">";
        for (std::size_t k = 0; k < sheet.rows[i].size(); ++k) {
            cell(out, i + 2, k, sheet.rows[i][k], sheet.marked.contains({i, k}) ? kMarked : kPlain);
        }
        out += "</row>";
    }
    out += "</sheetData>";
    std::string rules;
    std::size_t count = 0;
    std::size_t const last = sheet.rows.size() + sheet.roomFor + 1;
    for (std::size_t i = 0; i < sheet.columns.size(); ++i) {
        auto const& choices = sheet.columns[i].choices;
        auto const list = std::find(lists.begin(), lists.end(), &choices);
        if (choices.empty() || list == lists.end()) continue;
        std::string const from = letters(static_cast<std::size_t>(list - lists.begin())), to = letters(i);
        ++count;
        rules +=
            "<dataValidation type=\"list\" errorStyle=\"warning\" allowBlank=\"1\" showErrorMessage=\"1\" sqref=\"" +
            to + "2:" + to + std::to_string(last) + "\"><formula1>'" + std::string(kCodes) + "'!$" + from + "$1:$" +
            from + "$" + std::to_string(choices.size()) + "</formula1></dataValidation>";
    }
    if (count > 0) out += "<dataValidations count=\"" + std::to_string(count) + "\">" + rules + "</dataValidations>";
    return out + "</worksheet>";
}

std::string codesPart(Lists const& lists) {
    std::string out(kHead);
    out += "<worksheet xmlns=\"" + std::string(kMain) + "\"><sheetData>";
    std::size_t rows = 0;
    for (auto const* list : lists) rows = std::max(rows, list->size());
    for (std::size_t i = 0; i < rows; ++i) {
        out += "<row r=\"" + std::to_string(i + 1) + "\">";
        for (std::size_t k = 0; k < lists.size(); ++k) {
            if (i < lists[k]->size()) cell(out, i + 1, k, (*lists[k])[i], kPlain);
        }
        out += "</row>";
    }
    return out + "</sheetData></worksheet>";
}

std::string stylesPart() {
    std::string out(kHead);
    out += "<styleSheet xmlns=\"" + std::string(kMain) + "\"><fonts count=\"3\">";
    for (char const* font : {"", "<b/>", "<b/><color rgb=\"FFC00000\"/>"}) {
        std::string const text(font);
        bool const bold = text.starts_with("<b/>");
        out += std::string("<font>") + (bold ? "<b/>" : "") + "<sz val=\"11\"/>" + (bold ? text.substr(4) : text) +
               "<name val=\"宋体\"/></font>";
    }
    out +=
        "</fonts><fills count=\"4\"><fill><patternFill patternType=\"none\"/></fill><fill><patternFill "
        "patternType=\"gray125\"/></fill>";
    for (char const* colour : {"FFDDEBF7", "FFFFC7CE"}) {
        out += std::string("<fill><patternFill patternType=\"solid\"><fgColor rgb=\"") + colour +
               "\"/></patternFill></fill>";
    }
    out +=
        "</fills><borders count=\"1\"><border/></borders><cellStyleXfs count=\"1\"><xf numFmtId=\"0\" fontId=\"0\" "
        "fillId=\"0\" borderId=\"0\"/></cellStyleXfs>"
        "<cellXfs count=\"4\">";
    constexpr int kText = 49;  // the format's number for "@"
    for (auto const& [font, fill] : {std::pair(0, 0), std::pair(1, 2), std::pair(2, 2), std::pair(0, 3)}) {
        out +=
            "<xf numFmtId=\"" + std::to_string(kText) + "\" fontId=\"" + std::to_string(font) + "\" fillId=\"" +
            std::to_string(fill) +
            "\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\" applyFont=\"1\" applyFill=\"1\" applyAlignment=\"1\">"
            "<alignment vertical=\"top\" wrapText=\"1\"/></xf>";
    }
    return out +
           "</cellXfs><cellStyles count=\"1\"><cellStyle name=\"Normal\" xfId=\"0\" "
           "builtinId=\"0\"/></cellStyles></styleSheet>";
}

struct Part {
    std::string name, text;
};

Result<std::string> packed(std::vector<Part> const& parts) {
    auto const failed = [] { return makeError(ErrorCode::Environment, "sheets.memory", ""); };
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t* target = zip_source_buffer_create(nullptr, 0, 0, &error);
    if (!target) return failed();
    zip_source_keep(target);  // outlives the archive, which closes into it
    zip_t* archive = zip_open_from_source(target, ZIP_TRUNCATE, &error);
    bool fine = archive != nullptr;
    for (auto const& part : parts) {
        if (!fine) break;
        zip_source_t* source = zip_source_buffer(archive, part.text.data(), part.text.size(), 0);
        auto const index = source ? zip_file_add(archive, part.name.c_str(), source, ZIP_FL_ENC_UTF_8) : -1;
        if (source && index < 0) zip_source_free(source);
        fine =
            index >= 0 && zip_file_set_dostime(archive, static_cast<zip_uint64_t>(index), kDosTime, kDosDate, 0) == 0;
    }
    if (fine) {
        fine = zip_close(archive) == 0;
        if (!fine) zip_discard(archive);
    } else if (archive) {
        zip_discard(archive);
    }
    std::string bytes;
    if (fine && zip_source_open(target) == 0) {
        zip_stat_t stat;
        if (zip_source_stat(target, &stat) == 0 && (stat.valid & ZIP_STAT_SIZE)) {
            bytes.resize(stat.size);
            fine = zip_source_read(target, bytes.data(), bytes.size()) == static_cast<zip_int64_t>(bytes.size());
        }
        zip_source_close(target);
    }
    zip_source_free(target);
    zip_error_fini(&error);
    if (!fine || bytes.empty()) return failed();
    return bytes;
}

}  // namespace

Result<std::string> writeXlsx(std::vector<Sheet> const& sheets) {
    Lists lists;
    for (auto const& sheet : sheets) {
        for (auto const& row : sheet.rows) {
            for (auto const& text : row) {
                if (utf16Units(text) > kCellUnitsMax)
                    return makeError(ErrorCode::TooLarge, "sheets.cell-too-long", sheet.name);
            }
        }
        for (auto const& column : sheet.columns) {
            if (!column.choices.empty()) lists.push_back(&column.choices);
        }
    }
    std::string types(kHead), relations(kHead), workbook(kHead);
    types += "<Types xmlns=\"" + std::string(kPackage) +
             "content-types\"><Default Extension=\"rels\" "
             "ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>"
             "<Default Extension=\"xml\" ContentType=\"application/xml\"/>"
             "<Override PartName=\"/xl/workbook.xml\" "
             "ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/>"
             "<Override PartName=\"/xl/styles.xml\" "
             "ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml\"/>";
    relations += "<Relationships xmlns=\"" + std::string(kPackage) + "relationships\">";
    workbook += "<workbook xmlns=\"" + std::string(kMain) + "\" xmlns:r=\"" + std::string(kRelations) + "\"><sheets>";
    std::vector<Part> parts;
    auto const add = [&](std::string_view name, std::string text, bool hidden) {
        std::string const number = std::to_string(parts.size() + 1), file = "worksheets/sheet" + number + ".xml";
        types += "<Override PartName=\"/xl/" + file +
                 "\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml\"/>";
        relations += "<Relationship Id=\"rId" + number + "\" Type=\"" + std::string(kRelations) +
                     "/worksheet\" Target=\"" + file + "\"/>";
        workbook += "<sheet name=\"" + escaped(name) + "\" sheetId=\"" + number + "\"" +
                    (hidden ? " state=\"hidden\"" : "") + " r:id=\"rId" + number + "\"/>";
        parts.push_back({"xl/" + file, std::move(text)});
    };
    for (auto const& sheet : sheets) add(sheet.name, sheetPart(sheet, lists), false);
    if (!lists.empty()) add(kCodes, codesPart(lists), true);
    types += "</Types>";
    relations += "<Relationship Id=\"rIdStyles\" Type=\"" + std::string(kRelations) +
                 "/styles\" Target=\"styles.xml\"/></Relationships>";
    workbook += "</sheets></workbook>";
    std::string root(kHead);
    root += "<Relationships xmlns=\"" + std::string(kPackage) + "relationships\"><Relationship Id=\"rId1\" Type=\"" +
            std::string(kRelations) + "/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>";
    // The order that other programs write.
    std::vector<Part> all{{"[Content_Types].xml", std::move(types)},
                          {"_rels/.rels", std::move(root)},
                          {"xl/workbook.xml", std::move(workbook)},
                          {"xl/_rels/workbook.xml.rels", std::move(relations)},
                          {"xl/styles.xml", stylesPart()}};
    for (auto& part : parts) all.push_back(std::move(part));
    return packed(all);
}

}  // namespace spiral::sheets
