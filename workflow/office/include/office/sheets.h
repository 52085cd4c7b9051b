// Tables of a college as sheets: which columns a kind has, what each row becomes, what is wrong with it by row and
// field, and the sheet given back. Functions over the office; the bytes of files are read and written by sheets/.
#pragma once

#include "office/office.h"
#include "sheets/table.h"
#include "sheets/xlsx.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace spiral::office {

/// `units`, `tasks`, `catalogue`, `duties`; `schools`, `programmes`, `courses`, `classes`.
[[nodiscard]] std::vector<std::string> sheetKinds();

/// What becomes of rows whose id is here already: the whole table is refused before anything is written, or they are
/// left as they are, or they are written over what is here (a cell left empty changes nothing).
enum class OnExisting { Stop, Skip, Update };

struct SheetNote {
    std::size_t row = 0;  ///< as the spreadsheet counts; 0: of the whole table
    std::string field;    ///< of the kind's columns; empty: of the row
    std::string heading;  ///< the column's, as it stands in the sheet
    std::string code;     ///< slug: "title-missing", "field.not-a-choice" …
    std::string text;     ///< as it stands in the cell
    bool error = false;   ///< the row was not taken
};
struct SheetResult {
    std::size_t headingRow = 0;
    /// Rows below the headings; each is in exactly one of the others.
    std::size_t rows = 0, made = 0, updated = 0, unchanged = 0, skipped = 0, refused = 0;
    std::vector<DocumentKey> documents;  ///< made or changed
    std::vector<SheetNote> notes;        ///< by row
};

struct SheetChoices {
    OnExisting onExisting = OnExisting::Skip;
    bool dryRun = false;
};
/// Takes a table in. Rows with an error are left out and told, each of its errors; the others are taken. With `dryRun`
/// the numbers say what would be. Malformed ("import.headings", naming what is missing) if it has not the kind's
/// columns; Refused ("import.exists", with the number) as OnExisting says. A row without an id gets one by its
/// contents, so that the same file read again changes nothing.
[[nodiscard]] Result<SheetResult> importSheet(Office& office, std::string_view kind, sheets::Table const& table,
                                              SheetChoices const& choices);

/// A table from JSON: an array of objects, or {rows: […]}, whose keys are names of fields or headings.
[[nodiscard]] Result<sheets::Table> tableFromJson(std::string_view text);

/// The empty sheet of a kind: headings, drop-downs, an id column. Usage ("import.kind") if there is no such kind.
[[nodiscard]] Result<sheets::Sheet> sheetTemplate(Office& office, std::string_view kind, bool chinese);
/// The table as it came, with a last column that says what is wrong with each row, and the cells marked.
[[nodiscard]] sheets::Sheet withErrors(sheets::Table const& table, SheetResult const& result, std::string_view heading,
                                       std::function<std::string(SheetNote const&)> const& say);

}  // namespace spiral::office
