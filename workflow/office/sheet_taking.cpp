#include "sheet_taking.h"

#include "take_documents.h"

#include "base/sha256.h"
#include "engine/calendar.h"

namespace spiral::office::taking {

namespace {

constexpr std::size_t kHeadingRowsLooked = 10;  // titles and notes that stand above the headings
constexpr std::size_t kTakeAtOnce = 1'000;      // documents a call; see kTakeBytesMax
constexpr std::size_t kIdDigits = 16;           // of an id made of what a row says

/// A heading as people vary it: without what stands in brackets, stars and spaces.
std::string plain(std::string_view heading) {
    std::string text(heading.substr(0, std::min(heading.find("（"), heading.find('('))));
    std::string result;
    for (char const c : text) {
        if (c != '*' && c != ' ' && c != '\n' && c != ':')
            result.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    }
    return result;
}

std::optional<std::size_t> columnFor(std::vector<ColumnSpec> const& specs, std::string_view heading) {
    std::string const wanted = plain(heading);
    if (wanted.empty()) return std::nullopt;
    // A column's own heading comes before names that others may go by.
    for (std::size_t i = 0; i < specs.size(); ++i) {
        if (wanted == plain(specs[i].label.zh) || wanted == plain(specs[i].label.en)) return i;
    }
    for (std::size_t i = 0; i < specs.size(); ++i) {
        bool suits = wanted == specs[i].field;
        for (auto const& other : specs[i].otherNames) suits = suits || wanted == plain(other);
        if (suits) return i;
    }
    return std::nullopt;
}

}  // namespace

Result<Headings> headingsOf(std::vector<ColumnSpec> const& specs, sheets::Table const& table) {
    Headings best;
    for (std::size_t i = 0; i < std::min(kHeadingRowsLooked, table.rows.size()); ++i) {
        Headings here;
        here.place = i;
        for (std::size_t k = 0; k < table.rows[i].cells.size(); ++k) {
            if (table.rows[i].cells[k].empty()) continue;
            auto const spec = columnFor(specs, table.rows[i].cells[k]);
            if (!spec || !here.columns.emplace(specs[*spec].field, k).second) here.unknown.push_back(k);
        }
        if (here.columns.size() > best.columns.size()) best = std::move(here);
    }
    std::string missing;
    for (auto const& spec : specs) {
        if (spec.required && !best.columns.contains(spec.field))
            missing += (missing.empty() ? "" : ", ") + spec.label.zh;
    }
    if (!missing.empty()) return makeError(ErrorCode::Malformed, "import.headings", missing);
    return best;
}

std::string oneLine(std::string text) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
}

Taking::Taking(Office& at, std::vector<ColumnSpec> columns, sheets::Table const& given, Headings found,
               SheetChoices chosen)
    : office(at), specs(std::move(columns)), table(given), headings(std::move(found)), choices(chosen) {
    auto const& head = table.rows[headings.place];
    result.headingRow = head.number;
    for (auto const column : headings.unknown) {
        result.notes.push_back({head.number, "", head.at(column), "heading-unknown", "", false});
    }
    for (std::size_t i = headings.place + 1; i < table.rows.size(); ++i) lines.push_back({&table.rows[i], {}, {}});
    result.rows = lines.size();
    units = office.registry().units();
}

std::string const& Taking::cell(Line const& line, std::string_view field) const {
    auto const column = headings.columns.find(field);
    static std::string const empty;
    return column == headings.columns.end() ? empty : line.row->at(column->second);
}

void Taking::note(Line const& line, std::string_view field, std::string_view code, bool error) {
    auto const column = headings.columns.find(field);
    std::string heading = column == headings.columns.end() ? "" : table.rows[headings.place].at(column->second);
    result.notes.push_back(
        {line.row->number, std::string(field), std::move(heading), std::string(code), cell(line, field), error});
}

void Taking::refuse(Line& line, std::string_view field, std::string_view code) {
    note(line, field, code, true);
    line.bad = true;
}

trust::Unit const* Taking::unitNamed(std::string_view name) const {
    trust::Unit const* closed = nullptr;
    for (auto const& unit : units) {
        if (unit.name != name && unit.id != name) continue;
        if (!unit.closed) return &unit;
        closed = &unit;
    }
    return closed;
}

trust::Unit const* Taking::ownerOf(Line& line, std::string_view field) {
    std::string const& name = cell(line, field);
    if (name.empty()) {
        refuse(line, field, "owner-missing");
        return nullptr;
    }
    auto const* unit = unitNamed(name);
    if (!unit)
        refuse(line, field, "owner-unknown-unit");
    else if (unit->closed)
        refuse(line, field, "owner-closed");
    return unit && !unit->closed ? unit : nullptr;
}

void Taking::read(Line& line, model::DocumentType const& type) {
    for (auto const& spec : specs) {
        if (!spec.as || cell(line, spec.field).empty()) continue;
        std::string typed =
            spec.as->kind == model::FieldKind::LongText ? cell(line, spec.field) : oneLine(cell(line, spec.field));
        if (spec.as->kind == model::FieldKind::Day) {
            if (auto const day = engine::readPrintedDue(typed))
                typed = toText(*day);
            else {
                refuse(line, spec.field, "bad-date");
                continue;
            }
        }
        for (std::size_t i = 0; i < spec.as->choices.size(); ++i) {
            auto const& label = spec.as->choiceLabels[i];
            if (typed == label.zh || typed == label.en) typed = spec.as->choices[i];
        }
        auto value = model::parseFieldValue(type, spec.field, typed);
        json::Object alone;
        if (value) alone.set(spec.field, *value);
        auto const fits = value ? model::checkFields(type, alone) : Result<void>(value.error());
        if (!fits)
            refuse(line, spec.field, fits.error().reason);
        else
            line.fields.set(spec.field, std::move(*value));
    }
}

void Taking::identify(Line& line, std::initializer_list<std::string_view> contents) {
    line.id = cell(line, "id");
    if (line.id.empty()) {
        std::string all;
        for (auto const field : contents) all += cell(line, field) + "\n";
        line.id = "row:" + sha256(asBytes(all)).hex().substr(0, kIdDigits);
    }
    if (!m_ids.insert(line.id).second) refuse(line, "id", "id-twice");
}

SheetResult Taking::finish() {
    std::stable_sort(result.notes.begin(), result.notes.end(),
                     [](auto const& a, auto const& b) { return a.row < b.row; });
    result.refused =
        static_cast<std::size_t>(std::count_if(lines.begin(), lines.end(), [](auto const& line) { return line.bad; }));
    return std::move(result);
}

Result<void> give(Taking& taking, std::string_view type, std::vector<Wanted>& wanted) {
    std::size_t begin = 0;
    while (begin < wanted.size()) {
        json::Array documents;
        std::size_t end = begin, bytes = 0;
        while (end < wanted.size() && documents.size() < kTakeAtOnce) {
            auto const& each = wanted[end];
            json::Object object{{"scope", each.scope.text()}, {"fields", each.fields}};
            if (each.doc) object.set("doc", each.doc->hex());
            bytes += json::encode(object).size() + 1;
            if (!documents.empty() && bytes > kTakeBytesMax / 2) break;
            documents.emplace_back(std::move(object));
            ++end;
        }
        auto const text = json::encode(json::Object{{"type", type}, {"documents", std::move(documents)}});
        auto taken = taking.office.importTable(kTakeDocuments, text, taking.choices.dryRun);
        if (!taken) return taken.error();
        std::map<std::size_t, ImportNote const*> notes;
        for (auto const& note : taken->notes) notes[std::stoul(note.row)] = &note;
        for (std::size_t i = begin; i < end; ++i) {
            auto const note = notes.find(i - begin);
            for (auto* line : wanted[i].lines) {
                if (note == notes.end())
                    ++(line->fresh ? taking.result.made : taking.result.updated);
                else if (note->second->error)
                    taking.refuse(*line, "id", note->second->code);
                else
                    ++taking.result.unchanged;
            }
        }
        taking.result.documents.insert(taking.result.documents.end(), taken->documents.begin(), taken->documents.end());
        begin = end;
    }
    return {};
}

std::map<std::string, DocumentKey> bySource(Office& office, std::string_view type) {
    replica::ListFilter filter;
    filter.type = std::string(type);
    std::map<std::string, DocumentKey> held;
    for (auto const& listed : office.list(filter)) {
        auto const summary = json::parse(listed.row.summary);
        auto const* object = summary ? summary->asObject() : nullptr;
        auto const* source = object ? json::stringAt(*object, "source") : nullptr;
        if (source) held.emplace(*source, listed.key());
    }
    return held;
}

std::size_t putRows(Taking& taking, json::Array& rows, std::vector<Line*> const& lines, Wanted& document) {
    std::size_t existing = 0;
    std::map<std::string, json::Value> byId;
    for (auto& row : rows) {
        auto const* id = row.asObject() ? json::stringAt(*row.asObject(), "id") : nullptr;
        if (id) byId.emplace(*id, std::move(row));
    }
    for (auto* line : lines) {
        auto const [at, fresh] = byId.emplace(line->id, line->fields);
        if (fresh) {
            document.lines.push_back(line);
            continue;
        }
        ++existing;
        if (taking.choices.onExisting != OnExisting::Update) {
            ++taking.result.skipped;
            continue;
        }
        json::Object over = *at->second.asObject();
        for (auto const& [name, value] : line->fields) over.set(name, value);
        if (over == *at->second.asObject()) {
            ++taking.result.unchanged;
            continue;
        }
        at->second = json::Value(std::move(over));
        line->fresh = false;
        document.lines.push_back(line);
    }
    rows.clear();
    for (auto& [id, row] : byId) rows.push_back(std::move(row));
    return existing;
}

Error existsError(std::size_t count) { return makeError(ErrorCode::Refused, "import.exists", std::to_string(count)); }

model::DocumentType const& builtIn(std::string_view name) {
    auto const* type = model::TypeCatalogue::builtIn().find(name);
    ensure(type != nullptr, "imported types are built in");
    return *type;
}

json::Array partsOf(std::string const& typed) {
    auto parsed = model::parseFieldValue(builtIn("task.v1"), "joint", typed);
    return parsed && parsed->asArray() ? *parsed->asArray() : json::Array{};
}

ColumnSpec fieldColumn(model::DocumentType const& type, std::string_view name, std::vector<std::string> others,
                       int width) {
    auto const* field = type.find(name);
    ensure(field != nullptr, "a column's field is there");
    return {field->name, field->label, std::move(others), false, width, field, false};
}

ColumnSpec idColumn(std::vector<std::string> others) {
    others.insert(others.end(), {"序号", "id"});
    return {"id", {"编号", "id"}, std::move(others), false, 18, nullptr, false};
}

}  // namespace spiral::office::taking
