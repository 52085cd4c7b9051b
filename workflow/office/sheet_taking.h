// What the kinds of sheets share while a table is taken in: columns, rows on their way, what is wrong with them, and
// the documents that come of them. Private to workflow/office; the kinds themselves are in sheet_*.cpp.
#pragma once

#include "office/sheets.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

namespace spiral::office::taking {

/// One column of a kind. Its name is that of a field where it becomes one.
struct ColumnSpec {
    std::string field;
    model::Label label;
    std::vector<std::string> otherNames{};
    bool required = false;
    int width = 16;
    model::Field const* as = nullptr;  ///< whose values it takes
    bool units = false;                ///< a drop-down of the units
};

/// What a table's columns are.
struct Headings {
    std::size_t place = 0;                                    ///< in table.rows
    std::map<std::string, std::size_t, std::less<>> columns;  ///< by field
    std::vector<std::size_t> unknown;
};

/// Of the first rows the one in which most headings are known. Malformed ("import.headings") if one that is required is
/// missing.
[[nodiscard]] Result<Headings> headingsOf(std::vector<ColumnSpec> const& specs, sheets::Table const& table);

/// Texts that people broke inside a cell to see more of them.
[[nodiscard]] std::string oneLine(std::string text);
/// Parts between commas, as every set is typed.
[[nodiscard]] json::Array partsOf(std::string const& typed);
/// REQUIRES: a type of this program.
[[nodiscard]] model::DocumentType const& builtIn(std::string_view name);
/// A column that is a field of the type. REQUIRES: the field.
[[nodiscard]] ColumnSpec fieldColumn(model::DocumentType const& type, std::string_view name,
                                     std::vector<std::string> others = {}, int width = 16);
[[nodiscard]] ColumnSpec idColumn(std::vector<std::string> others = {});

/// One row on its way in.
struct Line {
    sheets::Row const* row = nullptr;
    json::Object fields;
    std::string id;  ///< as told or made
    bool bad = false;
    bool fresh = true;  ///< it was not here before, though its document may be
};

/// What all kinds share while a table is read.
class Taking {
public:
    /// REQUIRES: the table outlives it.
    Taking(Office& at, std::vector<ColumnSpec> columns, sheets::Table const& given, Headings found,
           SheetChoices chosen);

    Office& office;
    std::vector<ColumnSpec> const specs;
    sheets::Table const& table;
    Headings const headings;
    SheetChoices const choices;
    SheetResult result;
    std::vector<Line> lines;
    std::vector<trust::Unit> units;

    /// Empty where the sheet has no such column.
    [[nodiscard]] std::string const& cell(Line const& line, std::string_view field) const;
    void note(Line const& line, std::string_view field, std::string_view code, bool error);
    void refuse(Line& line, std::string_view field, std::string_view code);
    /// By name or id; a closed one only if no other has the name.
    [[nodiscard]] trust::Unit const* unitNamed(std::string_view name) const;
    /// The open unit of a cell; null where it was told what is wrong with it.
    [[nodiscard]] trust::Unit const* ownerOf(Line& line, std::string_view field);
    /// Reads cells as the fields they are named after; what does not fit is told.
    void read(Line& line, model::DocumentType const& type);
    /// Its id as told, or one made of what it says; told if another row has it.
    void identify(Line& line, std::initializer_list<std::string_view> contents);
    /// Notes by row, rows counted. Called once, at the end.
    [[nodiscard]] SheetResult finish();

private:
    std::set<std::string> m_ids;
};

/// A document to make or change, and the rows it is made of.
struct Wanted {
    Scope scope;
    std::optional<DocumentId> doc;
    json::Object fields;
    std::vector<Line*> lines;
};

/// Gives documents to the office, as many at once as a call takes, and counts their rows.
[[nodiscard]] Result<void> give(Taking& taking, std::string_view type, std::vector<Wanted>& wanted);
/// Documents of a type by the `source` that they name. Where several have it, the first listed.
[[nodiscard]] std::map<std::string, DocumentKey> bySource(Office& office, std::string_view type);
/// Puts lines among the rows of a document, each under its id, as SheetChoices say, and those that change something
/// among its lines. Gives how many were there before.
[[nodiscard]] std::size_t putRows(Taking& taking, json::Array& rows, std::vector<Line*> const& lines, Wanted& document);
[[nodiscard]] Error existsError(std::size_t count);

// --- the kinds ------------------------------------------------------------------------------------------------------

struct Kind {
    std::string_view name;
    model::Label label;
    std::vector<ColumnSpec> (*columns)();
    Result<void> (*take)(Taking&);
};
[[nodiscard]] std::vector<Kind> unitKinds();       // sheet_units.cpp
[[nodiscard]] std::vector<Kind> taskKinds();       // sheet_tasks.cpp
[[nodiscard]] std::vector<Kind> catalogueKinds();  // sheet_catalogue.cpp
[[nodiscard]] std::vector<Kind> teachingKinds();   // sheet_teaching.cpp

}  // namespace spiral::office::taking
