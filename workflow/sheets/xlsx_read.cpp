// Reading a workbook: ZIP by libzip, XML by expat, both held to the limits of table.h. What matters of the format is
// little: which part is the sheet, the shared strings, which styles show a number as a date.
#include "gather.h"
#include "sheets/xlsx.h"

#include <expat.h>
#include <zip.h>
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <optional>

namespace spiral::sheets {

namespace {

constexpr std::size_t kStylesMax = 70'000;
constexpr std::size_t kMergesMax = 100'000;
constexpr std::size_t kRowNumberMax = 1'048'576;  // of the format itself
constexpr std::size_t kUnpackStep = 64 * 1024;

struct CloseZip {
    void operator()(zip_t* archive) const noexcept { zip_discard(archive); }
};
struct CloseFile {
    void operator()(zip_file_t* file) const noexcept { zip_fclose(file); }
};
struct FreeParser {
    void operator()(XML_ParserStruct* parser) const noexcept { XML_ParserFree(parser); }
};

/// The workbook's parts, unpacked when asked for and never beyond the bound.
class Archive {
public:
    static Result<std::unique_ptr<Archive>> open(ByteView bytes) {
        auto result = std::make_unique<Archive>();
        zip_error_t error;
        zip_error_init(&error);
        zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
        if (source) {
            result->m_zip.reset(zip_open_from_source(source, ZIP_RDONLY, &error));
            if (!result->m_zip) zip_source_free(source);
        }
        zip_error_fini(&error);
        if (!result->m_zip) return makeError(ErrorCode::Malformed, "sheets.not-a-workbook", "no ZIP archive");
        if (zip_get_num_entries(result->m_zip.get(), 0) > static_cast<zip_int64_t>(kPartsMax)) {
            return makeError(ErrorCode::TooLarge, "sheets.too-many-parts", "");
        }
        return result;
    }

    [[nodiscard]] bool has(std::string const& name) const { return find(name) >= 0; }

    Result<std::string> part(std::string const& name) const {
        auto const index = find(name);
        if (index < 0) return makeError(ErrorCode::Malformed, "sheets.not-a-workbook", name + " is missing");
        zip_stat_t stat;
        if (zip_stat_index(m_zip.get(), static_cast<zip_uint64_t>(index), 0, &stat) == 0 &&
            (stat.valid & ZIP_STAT_ENCRYPTION_METHOD) && stat.encryption_method != ZIP_EM_NONE) {
            return makeError(ErrorCode::Unsupported, "sheets.encrypted", name);
        }
        std::unique_ptr<zip_file_t, CloseFile> file(zip_fopen_index(m_zip.get(), static_cast<zip_uint64_t>(index), 0));
        if (!file) return makeError(ErrorCode::Malformed, "sheets.not-a-workbook", name);
        std::string text;
        for (;;) {
            std::size_t const have = text.size();
            text.resize(have + kUnpackStep);
            auto const got = zip_fread(file.get(), text.data() + have, kUnpackStep);
            if (got < 0) return makeError(ErrorCode::Malformed, "sheets.not-a-workbook", name);
            text.resize(have + static_cast<std::size_t>(got));
            if (text.size() > kPartBytesMax) return makeError(ErrorCode::TooLarge, "sheets.part-too-large", name);
            if (got == 0) return text;
        }
    }

private:
    [[nodiscard]] zip_int64_t find(std::string const& name) const {
        return zip_name_locate(m_zip.get(), name.c_str(), ZIP_FL_NOCASE);
    }
    std::unique_ptr<zip_t, CloseZip> m_zip;
};

/// Names are given without their prefix.
struct Handler {
    using Attributes = std::map<std::string_view, std::string_view>;
    std::function<void(std::string_view name, Attributes const&)> open;
    std::function<void(std::string_view name)> close{};
    std::function<void(std::string_view text)> text{};
    std::optional<Error> error{};
};

class Xml {
public:
    static Result<void> walk(std::string const& part, std::string const& text, Handler& handler) {
        Xml xml(handler);
        std::unique_ptr<XML_ParserStruct, FreeParser> parser(XML_ParserCreate(nullptr));
        ensure(parser != nullptr, "an XML parser can be made");
        xml.m_parser = parser.get();
        XML_SetUserData(parser.get(), &xml);
        XML_SetElementHandler(parser.get(), &Xml::opened, &Xml::closed);
        XML_SetCharacterDataHandler(parser.get(), &Xml::wrote);
        XML_SetStartDoctypeDeclHandler(parser.get(), &Xml::declared);
        auto const status = XML_Parse(parser.get(), text.data(), static_cast<int>(text.size()), XML_TRUE);
        if (handler.error) return *handler.error;
        if (status != XML_STATUS_OK) {
            return makeError(ErrorCode::Malformed, "sheets.xml",
                             part + ": " + XML_ErrorString(XML_GetErrorCode(parser.get())));
        }
        return {};
    }

private:
    explicit Xml(Handler& handler) : m_handler(handler) {}

    static std::string_view local(char const* name) {
        std::string_view const whole(name);
        auto const colon = whole.rfind(':');
        return colon == std::string_view::npos ? whole : whole.substr(colon + 1);
    }
    void stop(Error error) noexcept {
        if (!m_handler.error) m_handler.error = std::move(error);
        XML_StopParser(m_parser, XML_FALSE);
    }
    /// Memory alone throws here, and no exception may pass expat's frames.
    template <class Act>
    void guarded(Act&& act) noexcept {
        if (m_handler.error) return;
        try {
            act();
        } catch (...) {
            stop(makeError(ErrorCode::Environment, "sheets.memory", ""));
        }
        if (m_handler.error) XML_StopParser(m_parser, XML_FALSE);
    }
    static void opened(void* self, char const* name, char const** attributes) noexcept {
        auto& xml = *static_cast<Xml*>(self);
        if (++xml.m_depth > kXmlDepthMax) return xml.stop(makeError(ErrorCode::TooLarge, "sheets.too-deep", ""));
        xml.guarded([&] {
            Handler::Attributes given;
            for (; attributes[0]; attributes += 2) given[local(attributes[0])] = attributes[1];
            if (xml.m_handler.open) xml.m_handler.open(local(name), given);
        });
    }
    static void closed(void* self, char const* name) noexcept {
        auto& xml = *static_cast<Xml*>(self);
        --xml.m_depth;
        xml.guarded([&] {
            if (xml.m_handler.close) xml.m_handler.close(local(name));
        });
    }
    static void wrote(void* self, char const* text, int size) noexcept {
        auto& xml = *static_cast<Xml*>(self);
        xml.guarded([&] {
            if (xml.m_handler.text) xml.m_handler.text({text, static_cast<std::size_t>(size)});
        });
    }
    /// Entities are declared inside a DOCTYPE, and no workbook has one.
    static void declared(void* self, char const*, char const*, char const*, int) noexcept {
        static_cast<Xml*>(self)->stop(makeError(ErrorCode::Unsupported, "sheets.doctype", ""));
    }

    Handler& m_handler;
    XML_ParserStruct* m_parser = nullptr;
    std::size_t m_depth = 0;
};

std::string attribute(Handler::Attributes const& given, std::string_view name) {
    auto const found = given.find(name);
    return found == given.end() ? std::string() : std::string(found->second);
}

std::optional<std::size_t> number(std::string_view text) {
    std::size_t value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// "AB12" is column 27.
std::optional<std::size_t> columnOf(std::string_view reference) {
    std::size_t column = 0, letters = 0;
    while (letters < reference.size() && reference[letters] >= 'A' && reference[letters] <= 'Z') {
        if (letters == 3) return std::nullopt;
        column = column * 26 + static_cast<std::size_t>(reference[letters++] - 'A' + 1);
    }
    if (letters == 0) return std::nullopt;
    return column - 1;
}

/// Characters that XML cannot hold stand as _x000D_.
std::string withoutEscapes(std::string_view text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text.substr(i).starts_with("_x") && i + 7 <= text.size() && text[i + 6] == '_') {
            unsigned value = 0;
            auto const [end, error] = std::from_chars(text.data() + i + 2, text.data() + i + 6, value, 16);
            if (error == std::errc() && end == text.data() + i + 6 && value < 0x80 && value != 0) {
                result.push_back(static_cast<char>(value));
                i += 6;
                continue;
            }
        }
        result.push_back(text[i]);
    }
    return result;
}

// --- what the workbook says of itself ---------------------------------------------------------------------------

struct Workbook {
    struct Sheet {
        std::string name, relation;
        bool hidden = false;
    };
    std::vector<Sheet> sheets;
    bool from1904 = false;
};

Result<Workbook> readWorkbook(Archive const& archive) {
    auto text = archive.part("xl/workbook.xml");
    if (!text) return text.error();
    Workbook workbook;
    Handler handler{.open = [&](std::string_view name, Handler::Attributes const& given) {
        if (name == "sheet" && workbook.sheets.size() < kPartsMax) {
            auto const state = attribute(given, "state");
            workbook.sheets.push_back(
                {attribute(given, "name"), attribute(given, "id"), !state.empty() && state != "visible"});
        } else if (name == "workbookPr") {
            auto const base = attribute(given, "date1904");
            workbook.from1904 = base == "1" || base == "true";
        }
    }};
    if (auto walked = Xml::walk("xl/workbook.xml", *text, handler); !walked) return walked.error();
    return workbook;
}

Result<std::string> partOf(Archive const& archive, std::string const& relation) {
    auto text = archive.part("xl/_rels/workbook.xml.rels");
    if (!text) return text.error();
    std::string target;
    Handler handler{.open = [&](std::string_view name, Handler::Attributes const& given) {
        if (name == "Relationship" && attribute(given, "Id") == relation) target = attribute(given, "Target");
    }};
    if (auto walked = Xml::walk("xl/_rels/workbook.xml.rels", *text, handler); !walked) return walked.error();
    if (target.empty()) return makeError(ErrorCode::Malformed, "sheets.not-a-workbook", "a sheet without a part");
    return target.front() == '/' ? target.substr(1) : "xl/" + target;
}

Result<std::vector<std::string>> readSharedStrings(Archive const& archive) {
    std::vector<std::string> strings;
    if (!archive.has("xl/sharedStrings.xml")) return strings;
    auto text = archive.part("xl/sharedStrings.xml");
    if (!text) return text.error();
    bool inText = false;
    int phonetic = 0;
    Handler handler;
    handler.open = [&](std::string_view name, Handler::Attributes const&) {
        if (name == "si") {
            if (strings.size() >= kCellsMax)
                handler.error = makeError(ErrorCode::TooLarge, "sheets.too-many-cells", "");
            else
                strings.emplace_back();
        } else if (name == "rPh") {
            ++phonetic;
        } else if (name == "t") {
            inText = phonetic == 0;
        }
    };
    handler.close = [&](std::string_view name) {
        if (name == "rPh") --phonetic;
        if (name == "t") inText = false;
        if (name == "si" && strings.back().find("_x") != std::string::npos)
            strings.back() = withoutEscapes(strings.back());
    };
    handler.text = [&](std::string_view piece) {
        if (inText && !strings.empty()) strings.back() += piece;
    };
    if (auto walked = Xml::walk("xl/sharedStrings.xml", *text, handler); !walked) return walked.error();
    return strings;
}

/// True for a number format that shows a day: it has a year or a day outside quotes and brackets.
bool showsDay(std::string_view format) {
    for (std::size_t i = 0; i < format.size(); ++i) {
        char const c = format[i];
        if (c == '"') {
            auto const end = format.find('"', i + 1);
            if (end == std::string_view::npos) return false;
            i = end;
        } else if (c == '[') {
            auto const end = format.find(']', i + 1);
            if (end == std::string_view::npos) return false;
            i = end;
        } else if (c == '\\' || c == '_' || c == '*') {
            ++i;
        } else if (c == 'y' || c == 'Y' || c == 'd' || c == 'D' || c == 'e') {
            return true;
        } else if (c == '0' || c == '#' || c == 'G' || c == '@') {
            return false;
        }
    }
    return false;
}

/// The format's own numbers for dates, the Chinese ones included.
bool isDayFormat(std::size_t id) {
    return (id >= 14 && id <= 17) || id == 22 || (id >= 27 && id <= 31) || id == 36 || (id >= 50 && id <= 54) ||
           id == 57 || id == 58;
}

/// Of each cell style, whether it shows a day.
Result<std::vector<bool>> readStyles(Archive const& archive) {
    std::vector<bool> days;
    if (!archive.has("xl/styles.xml")) return days;
    auto text = archive.part("xl/styles.xml");
    if (!text) return text.error();
    std::map<std::size_t, bool> own;
    bool inCells = false;
    Handler handler;
    handler.open = [&](std::string_view name, Handler::Attributes const& given) {
        if (name == "numFmt" && own.size() < kStylesMax) {
            if (auto id = number(attribute(given, "numFmtId"))) own[*id] = showsDay(attribute(given, "formatCode"));
        } else if (name == "cellXfs") {
            inCells = true;
        } else if (name == "xf" && inCells && days.size() < kStylesMax) {
            auto const id = number(attribute(given, "numFmtId")).value_or(0);
            auto const found = own.find(id);
            days.push_back(found == own.end() ? isDayFormat(id) : found->second);
        }
    };
    handler.close = [&](std::string_view name) {
        if (name == "cellXfs") inCells = false;
    };
    if (auto walked = Xml::walk("xl/styles.xml", *text, handler); !walked) return walked.error();
    return days;
}

// --- numbers as people read them ----------------------------------------------------------------------------------

std::optional<std::string> dayText(double serial, bool from1904) {
    constexpr double serialMax = 2'958'465;  // 9999-12-31
    constexpr int minutesOfDay = 24 * 60;
    if (!(serial >= 1) || serial > serialMax) return std::nullopt;
    auto days = static_cast<int>(std::floor(serial));
    auto minutes = static_cast<int>(std::lround((serial - std::floor(serial)) * minutesOfDay));
    if (minutes == minutesOfDay) {
        ++days;
        minutes = 0;
    }
    using namespace std::chrono;
    // Day 60 of the older count is 29 February 1900, which never was; what comes before it is one day off.
    sys_days const origin = from1904    ? sys_days{year{1904} / 1 / 1}
                            : days < 60 ? sys_days{year{1899} / 12 / 31}
                                        : sys_days{year{1899} / 12 / 30};
    year_month_day const day{origin + std::chrono::days{days}};
    char text[40];
    int size =
        std::snprintf(text, sizeof text, "%04d-%02u-%02u", int{day.year()}, unsigned{day.month()}, unsigned{day.day()});
    if (minutes > 0) {
        size += std::snprintf(text + size, sizeof text - static_cast<std::size_t>(size), " %02d:%02d", minutes / 60,
                              minutes % 60);
    }
    return std::string(text, static_cast<std::size_t>(size));
}

std::string numberText(std::string_view stored, bool asDay, bool from1904) {
    double value = 0;
    auto const [end, error] = std::from_chars(stored.data(), stored.data() + stored.size(), value);
    if (stored.empty() || error != std::errc() || end != stored.data() + stored.size()) return std::string(stored);
    if (asDay) {
        if (auto text = dayText(value, from1904)) return *text;
    }
    char text[40];
    // Fifteen digits are what a spreadsheet itself shows: 0.1 + 0.2 is 0.3 there.
    int const size = std::snprintf(text, sizeof text, "%.15g", value);
    return std::string(text, static_cast<std::size_t>(size));
}

}  // namespace

namespace {

struct Merge {
    std::size_t firstRow = 0, lastRow = 0, column = 0;
};

/// "A2:A9" and "A2:C9" alike: what stands in its first cell is read in each row of its first column.
std::optional<Merge> mergeFrom(std::string_view range) {
    auto const colon = range.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    auto const rowOf = [](std::string_view reference) {
        auto const digits = reference.find_first_of("0123456789");
        return digits == std::string_view::npos ? std::nullopt : number(reference.substr(digits));
    };
    auto const first = range.substr(0, colon), last = range.substr(colon + 1);
    auto const column = columnOf(first), from = rowOf(first), to = rowOf(last);
    if (!column || !from || !to || *from > *to || *column >= kColumnsMax) return std::nullopt;
    return Merge{*from, *to, *column};
}

/// People see a merged cell's text beside every row that it spans. False if that is too much text.
bool spread(Table& table, std::vector<Merge> const& merges) {
    std::size_t bytes = 0;
    for (auto const& merge : merges) {
        auto row = std::lower_bound(table.rows.begin(), table.rows.end(), merge.firstRow,
                                    [](Row const& each, std::size_t number) { return each.number < number; });
        if (row == table.rows.end() || row->number != merge.firstRow) continue;
        std::string const text = row->at(merge.column);
        if (text.empty()) continue;
        for (++row; row != table.rows.end() && row->number <= merge.lastRow; ++row) {
            bytes += text.size() + sizeof text;
            if (bytes > kTextBytesMax) return false;
            if (row->cells.size() <= merge.column) row->cells.resize(merge.column + 1);
            if (row->cells[merge.column].empty()) row->cells[merge.column] = text;
        }
    }
    return true;
}

}  // namespace

bool looksLikeXlsx(ByteView bytes) noexcept { return asText(bytes).starts_with("PK\x03\x04"); }

Result<Table> readXlsx(ByteView bytes, std::string_view wanted) {
    if (bytes.size() > kFileBytesMax)
        return makeError(ErrorCode::TooLarge, "sheets.file-too-large", std::to_string(bytes.size()));
    auto opened = Archive::open(bytes);
    if (!opened) return opened.error();
    Archive const& archive = **opened;
    auto workbook = readWorkbook(archive);
    if (!workbook) return workbook.error();
    auto const& sheets = workbook->sheets;
    auto const sheet = std::find_if(sheets.begin(), sheets.end(), [&](auto const& each) {
        return wanted.empty() ? !each.hidden : each.name == wanted;
    });
    if (sheet == sheets.end()) return makeError(ErrorCode::NotFound, "sheets.no-sheet", std::string(wanted));
    auto const part = partOf(archive, sheet->relation);
    if (!part) return part.error();
    auto const shared = readSharedStrings(archive);
    if (!shared) return shared.error();
    auto const days = readStyles(archive);
    if (!days) return days.error();
    auto const text = archive.part(*part);
    if (!text) return text.error();

    Table table;
    table.name = sheet->name;
    Gatherer gather(table);
    std::size_t row = 0, column = 0, style = 0;
    std::string kind, value;
    bool inRow = false, inCell = false, inValue = false, cellSeen = false;
    int phonetic = 0;
    std::vector<Merge> merges;
    Handler handler;
    auto const malformed = [&](std::string detail) {
        handler.error = makeError(ErrorCode::Malformed, "sheets.xml", *part + ": " + std::move(detail));
    };
    handler.open = [&](std::string_view name, Handler::Attributes const& given) {
        if (name == "row") {
            auto const told = attribute(given, "r");
            auto const at = told.empty() ? row + 1 : number(told).value_or(0);
            if (at <= row || at > kRowNumberMax) return malformed("row " + told);
            row = at;
            inRow = true;
            cellSeen = false;
        } else if (name == "c" && inRow) {
            auto const told = attribute(given, "r");
            auto const at = told.empty() ? std::optional(cellSeen ? column + 1 : 0) : columnOf(told);
            if (!at) return malformed("cell " + told);
            column = *at;
            kind = attribute(given, "t");
            style = number(attribute(given, "s")).value_or(0);
            value.clear();
            inCell = cellSeen = true;
        } else if (name == "mergeCell" && merges.size() < kMergesMax) {
            if (auto const merge = mergeFrom(attribute(given, "ref"))) merges.push_back(*merge);
        } else if (name == "rPh") {
            ++phonetic;
        } else if (inCell && (name == "v" || (name == "t" && phonetic == 0))) {
            inValue = true;
        }
    };
    handler.text = [&](std::string_view piece) {
        if (!inValue) return;
        if (value.size() + piece.size() > kCellBytesMax) {
            handler.error = makeError(ErrorCode::TooLarge, "sheets.cell-too-long", "row " + std::to_string(row));
            return;
        }
        value += piece;
    };
    handler.close = [&](std::string_view name) {
        if (name == "rPh") --phonetic;
        if (name == "v" || name == "t") inValue = false;
        if (name == "row") inRow = false;
        if (name != "c" || !inCell) return;
        inCell = false;
        std::string_view shown = value;
        std::string made;
        if (kind == "s") {
            auto const index = number(value);
            if (!index || *index >= shared->size()) return malformed("string " + value);
            shown = (*shared)[*index];
        } else if (kind == "b") {
            shown = value == "1" ? "TRUE" : "FALSE";
        } else if (kind.empty() || kind == "n") {
            made = numberText(value, style < days->size() && (*days)[style], workbook->from1904);
            shown = made;
        } else if (value.find("_x") != std::string::npos) {
            made = withoutEscapes(value);
            shown = made;
        }
        if (auto kept = gather.put(row, column, shown); !kept) handler.error = kept.error();
    };
    if (auto walked = Xml::walk(*part, *text, handler); !walked) return walked.error();
    if (!spread(table, merges)) return makeError(ErrorCode::TooLarge, "sheets.too-much-text", "merged cells");
    return table;
}

}  // namespace spiral::sheets
