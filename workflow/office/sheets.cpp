#include "office/sheets.h"

#include "model/data.h"
#include "sheet_taking.h"

namespace spiral::office {

namespace {

using taking::Kind;

std::vector<Kind> const& kinds() {
    static std::vector<Kind> const all = [] {
        std::vector<Kind> joined;
        for (auto const& some :
             {taking::unitKinds(), taking::taskKinds(), taking::catalogueKinds(), taking::teachingKinds()}) {
            joined.insert(joined.end(), some.begin(), some.end());
        }
        return joined;
    }();
    return all;
}

Result<Kind const*> kindNamed(std::string_view name) {
    for (auto const& kind : kinds()) {
        if (kind.name == name) return &kind;
    }
    return makeError(ErrorCode::Usage, "import.kind", std::string(name));
}

}  // namespace

std::vector<std::string> sheetKinds() {
    std::vector<std::string> names;
    for (auto const& kind : kinds()) names.emplace_back(kind.name);
    return names;
}

Result<SheetResult> importSheet(Office& office, std::string_view kindName, sheets::Table const& table,
                                SheetChoices const& choices) {
    auto const kind = kindNamed(kindName);
    if (!kind) return kind.error();
    auto specs = (*kind)->columns();
    if (table.rows.empty()) return makeError(ErrorCode::Malformed, "import.headings", specs.front().label.zh);
    auto headings = taking::headingsOf(specs, table);
    if (!headings) return headings.error();
    taking::Taking rows(office, std::move(specs), table, std::move(*headings), choices);
    if (auto taken = (*kind)->take(rows); !taken) return taken.error();
    return rows.finish();
}

Result<sheets::Table> tableFromJson(std::string_view text) {
    auto const data = model::readData(text);
    if (!data) return data.error();
    auto const* array = data->asArray();
    if (!array && data->asObject()) array = json::arrayAt(*data->asObject(), "rows");
    if (!array) return makeError(ErrorCode::Malformed, "import.form", "rows");
    if (array->size() >= sheets::kRowsMax)
        return makeError(ErrorCode::TooLarge, "sheets.too-many-rows", std::to_string(array->size()));
    std::map<std::string, std::size_t> columns;
    sheets::Table table;
    table.rows.push_back({1, {}});
    for (auto const& each : *array) {
        auto const* object = each.asObject();
        if (!object) return makeError(ErrorCode::Malformed, "import.form", "rows");
        sheets::Row row{table.rows.size() + 1, {}};
        for (auto const& [key, value] : *object) {
            auto const [at, fresh] = columns.emplace(key, columns.size());
            if (fresh) table.rows.front().cells.push_back(key);
            if (columns.size() > sheets::kColumnsMax)
                return makeError(ErrorCode::TooLarge, "sheets.too-many-columns", key);
            std::string cell;
            if (auto const* written = value.asString())
                cell = *written;
            else if (auto const* number = value.asInteger())
                cell = std::to_string(*number);
            else if (auto const* flag = value.asBool())
                cell = *flag ? "true" : "false";
            else if (auto const* list = value.asArray()) {
                for (auto const& one : *list) {
                    if (auto const* name = one.asString()) cell += (cell.empty() ? "" : "、") + *name;
                }
            }
            if (row.cells.size() <= at->second) row.cells.resize(at->second + 1);
            row.cells[at->second] = std::move(cell);
        }
        table.rows.push_back(std::move(row));
    }
    return table;
}

Result<sheets::Sheet> sheetTemplate(Office& office, std::string_view kindName, bool chinese) {
    auto const kind = kindNamed(kindName);
    if (!kind) return kind.error();
    auto const in = [&](model::Label const& label) { return chinese ? label.zh : label.en; };
    sheets::Sheet sheet;
    sheet.name = in((*kind)->label);
    for (auto const& spec : (*kind)->columns()) {
        sheets::Column column{in(spec.label) + (spec.required ? "*" : ""), spec.width, {}, spec.required};
        if (spec.units) {
            for (auto const& unit : office.registry().units()) {
                if (!unit.closed) column.choices.push_back(unit.name);
            }
        } else if (spec.as && spec.as->kind == model::FieldKind::Choice) {
            for (auto const& label : spec.as->choiceLabels) column.choices.push_back(in(label));
        }
        sheet.columns.push_back(std::move(column));
    }
    return sheet;
}

sheets::Sheet withErrors(sheets::Table const& table, SheetResult const& result, std::string_view heading,
                         std::function<std::string(SheetNote const&)> const& say) {
    sheets::Sheet sheet;
    sheet.name = table.name.empty() ? "Sheet1" : table.name;
    auto const head = std::find_if(table.rows.begin(), table.rows.end(),
                                   [&](auto const& row) { return row.number == result.headingRow; });
    std::size_t columns = 0;
    for (auto const& row : table.rows) columns = std::max(columns, row.cells.size());
    for (std::size_t i = 0; i < columns; ++i)
        sheet.columns.push_back({head == table.rows.end() ? "" : head->at(i), 20, {}, false});
    // A sheet given back before is given back again: its column of errors is written anew.
    auto place = columns;
    for (std::size_t i = 0; i < columns; ++i) {
        if (sheet.columns[i].heading == heading) place = i;
    }
    if (place == columns) sheet.columns.push_back({std::string(heading), 60, {}, false});
    std::multimap<std::size_t, SheetNote const*> notes;
    for (auto const& note : result.notes) notes.emplace(note.row, &note);
    for (auto row = head == table.rows.end() ? table.rows.begin() : head + 1; row != table.rows.end(); ++row) {
        auto cells = row->cells;
        cells.resize(std::max(columns, place + 1));
        std::string said;
        auto const [begin, end] = notes.equal_range(row->number);
        for (auto note = begin; note != end; ++note) {
            said += (said.empty() ? "" : "\n") + say(*note->second);
            if (!note->second->error) continue;
            for (std::size_t i = 0; i < columns; ++i) {
                if (!note->second->heading.empty() && sheet.columns[i].heading == note->second->heading)
                    sheet.marked.insert({sheet.rows.size(), i});
            }
        }
        cells[place] = std::move(said);
        sheet.rows.push_back(std::move(cells));
    }
    return sheet;
}

}  // namespace spiral::office
