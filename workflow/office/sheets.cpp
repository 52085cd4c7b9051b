#include "office/sheets.h"

#include "take_documents.h"

#include "base/sha256.h"
#include "engine/calendar.h"
#include "engine/catalogue.h"
#include "engine/catalogue_file.h"
#include "engine/smart.h"
#include "model/data.h"

#include <algorithm>
#include <map>
#include <set>

namespace spiral::office {

namespace {

constexpr std::size_t kHeadingRowsLooked = 10;  // titles and notes that stand above the headings
constexpr std::size_t kTakeAtOnce = 1'000;      // documents a call; see kTakeBytesMax
constexpr std::size_t kIdDigits = 16;

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

/// Texts that people broke inside a cell to see more of them.
std::string oneLine(std::string text) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
}

/// What a table's columns are.
struct Headings {
    std::size_t place = 0;                                    ///< in table.rows
    std::map<std::string, std::size_t, std::less<>> columns;  ///< by field
    std::vector<std::size_t> unknown;
};

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

/// Of the first rows the one in which most headings are known.
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
    Taking(Office& at, std::vector<ColumnSpec> columns, sheets::Table const& given, Headings found, SheetChoices chosen)
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

    Office& office;
    std::vector<ColumnSpec> const specs;
    sheets::Table const& table;
    Headings const headings;
    SheetChoices const choices;
    SheetResult result;
    std::vector<Line> lines;
    std::vector<trust::Unit> units;

    [[nodiscard]] std::string const& cell(Line const& line, std::string_view field) const {
        auto const column = headings.columns.find(field);
        static std::string const empty;
        return column == headings.columns.end() ? empty : line.row->at(column->second);
    }
    void note(Line const& line, std::string_view field, std::string_view code, bool error) {
        auto const column = headings.columns.find(field);
        std::string heading = column == headings.columns.end() ? "" : table.rows[headings.place].at(column->second);
        result.notes.push_back(
            {line.row->number, std::string(field), std::move(heading), std::string(code), cell(line, field), error});
    }
    void refuse(Line& line, std::string_view field, std::string_view code) {
        note(line, field, code, true);
        line.bad = true;
    }
    [[nodiscard]] trust::Unit const* unitNamed(std::string_view name) const {
        trust::Unit const* closed = nullptr;
        for (auto const& unit : units) {
            if (unit.name != name && unit.id != name) continue;
            if (!unit.closed) return &unit;
            closed = &unit;
        }
        return closed;
    }
    /// The unit of a cell, or what is wrong with it.
    trust::Unit const* ownerOf(Line& line, std::string_view field) {
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
    /// Reads cells as the fields they are named after; what does not fit is told.
    void read(Line& line, model::DocumentType const& type) {
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
    /// Its id as told, or one made of what it says; told if another row has it.
    void identify(Line& line, std::initializer_list<std::string_view> contents) {
        line.id = cell(line, "id");
        if (line.id.empty()) {
            std::string all;
            for (auto const field : contents) all += cell(line, field) + "\n";
            line.id = "row:" + sha256(asBytes(all)).hex().substr(0, kIdDigits);
        }
        if (!m_ids.insert(line.id).second) refuse(line, "id", "id-twice");
    }

    SheetResult finish() {
        std::stable_sort(result.notes.begin(), result.notes.end(),
                         [](auto const& a, auto const& b) { return a.row < b.row; });
        result.refused = static_cast<std::size_t>(
            std::count_if(lines.begin(), lines.end(), [](auto const& line) { return line.bad; }));
        return std::move(result);
    }

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

/// Documents of a type by the `source` that they name. Where several have it, the first listed.
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

/// Puts lines among the rows of a document, each under its id, as SheetChoices say, and those that change something
/// among its lines. Gives how many were there before.
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

/// Parts between commas, as every set is typed.
json::Array partsOf(std::string const& typed) {
    auto parsed = model::parseFieldValue(builtIn("task.v1"), "joint", typed);
    return parsed && parsed->asArray() ? *parsed->asArray() : json::Array{};
}

ColumnSpec fieldColumn(model::DocumentType const& type, std::string_view name, std::vector<std::string> others = {},
                       int width = 16) {
    auto const* field = type.find(name);
    ensure(field != nullptr, "a column's field is there");
    return {field->name, field->label, std::move(others), false, width, field, false};
}

ColumnSpec idColumn(std::vector<std::string> others = {}) {
    others.insert(others.end(), {"序号", "id"});
    return {"id", {"编号", "id"}, std::move(others), false, 18, nullptr, false};
}

// --- units ----------------------------------------------------------------------------------------------------------

std::vector<ColumnSpec> unitColumns() {
    return {{"unit", {"部门代号", "unit id"}, {"代号", "编号", "id", "unit"}, true, 16, nullptr, false},
            {"name", {"部门名称", "name"}, {"名称", "部门"}, true, 28, nullptr, false},
            {"campus", {"校区", "campus"}, {}, false, 20, nullptr, false}};
}

Result<void> takeUnits(Taking& taking) {
    std::map<std::string, trust::Unit const*> known;
    for (auto const& unit : taking.units) known.emplace(unit.id, &unit);
    std::set<std::string> ids, names;
    json::Array fresh;
    std::vector<std::pair<Line*, json::Object>> changes;
    std::size_t existing = 0;
    for (auto& line : taking.lines) {
        std::string id = taking.cell(line, "unit");
        for (char& c : id) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        std::string const &name = taking.cell(line, "name"), &campus = taking.cell(line, "campus");
        if (!isNameToken(id))
            taking.refuse(line, "unit", "unit-form");
        else if (!ids.insert(id).second)
            taking.refuse(line, "unit", "id-twice");
        if (name.empty())
            taking.refuse(line, "name", "name-missing");
        else if (!names.insert(name).second)
            taking.note(line, "name", "name-twice", false);
        if (line.bad) continue;
        auto const found = known.find(id);
        json::Object unit{{"unit", id}, {"name", name}};
        // A unit has a campus; a table that names none says so.
        unit.set("campus", campus.empty() ? (found == known.end() ? "未注明" : found->second->campus) : campus);
        if (found == known.end()) {
            fresh.emplace_back(json::Object{{"id", id}, {"zh", name}, {"campus", *json::stringAt(unit, "campus")}});
            ++taking.result.made;
            continue;
        }
        ++existing;
        bool const same = found->second->name == name && found->second->campus == *json::stringAt(unit, "campus");
        if (taking.choices.onExisting != OnExisting::Update)
            ++taking.result.skipped;
        else if (same)
            ++taking.result.unchanged;
        else {
            if (found->second->closed) unit.set("closed", true);
            changes.emplace_back(&line, std::move(unit));
            ++taking.result.updated;
        }
    }
    if (taking.choices.onExisting == OnExisting::Stop && existing > 0) return existsError(existing);
    if (taking.choices.dryRun) return {};
    if (!fresh.empty()) {
        auto const text = json::encode(json::Object{{"departments", std::move(fresh)}});
        if (auto made = taking.office.importTable("organisation", text, false); !made) return made.error();
    }
    for (auto& [line, unit] : changes) {
        if (auto appended = taking.office.propose("unit", std::move(unit)); !appended) return appended.error();
    }
    return {};
}

// --- tasks ----------------------------------------------------------------------------------------------------------

std::vector<ColumnSpec> taskColumns() {
    auto const& type = builtIn("task.v1");
    std::vector<ColumnSpec> specs{idColumn({"任务编号"})};
    specs.push_back(fieldColumn(type, "title", {"任务名称", "工作任务", "任务内容", "工作内容"}, 48));
    specs.push_back(fieldColumn(type, "project", {"任务项目", "工作项目"}));
    specs.push_back(fieldColumn(type, "level"));
    specs.push_back(fieldColumn(type, "attribute", {"属性"}));
    // Units are read by name, and told by row when there is none: these two are no plain fields.
    specs.push_back(
        {"owner", type.find("owner")->label, {"责任部门", "牵头部门", "责任单位", "部门"}, true, 20, nullptr, true});
    specs.push_back({"joint", type.find("joint")->label, {"配合单位", "协作部门"}, false, 24, nullptr, false});
    specs.push_back(fieldColumn(type, "person_text", {"责任人"}));
    specs.push_back(fieldColumn(type, "start"));
    specs.push_back({"due", type.find("due")->label, {"完成时间", "期限", "截止日期"}, true, 16, nullptr, false});
    specs.push_back(fieldColumn(type, "weight"));
    specs.push_back(fieldColumn(type, "standard", {"标准", "工作标准"}, 40));
    specs.push_back(fieldColumn(type, "budget_planned"));
    specs.push_back(fieldColumn(type, "note", {}, 24));
    specs[1].required = true;
    return specs;
}

Result<void> takeTasks(Taking& taking) {
    auto const& type = builtIn("task.v1");
    auto const held = bySource(taking.office, type.name);
    std::vector<Wanted> wanted;
    std::size_t existing = 0;
    for (auto& line : taking.lines) {
        if (taking.cell(line, "title").empty()) taking.refuse(line, "title", "title-missing");
        auto const* owner = taking.ownerOf(line, "owner");
        taking.read(line, type);
        std::string const& due = taking.cell(line, "due");
        if (due.empty()) {
            taking.refuse(line, "due", "due-missing");
        } else if (engine::isPrintedAsOngoing(due)) {
            line.fields.set("progress", "ongoing");
            line.fields.set("due_text", due);
        } else if (auto const day = engine::readPrintedDue(due)) {
            line.fields.set("due", toText(*day));
            if (due != toText(*day)) line.fields.set("due_text", due);
        } else {
            taking.refuse(line, "due", "bad-date");
        }
        auto const *start = json::stringAt(line.fields, "start"), *end = json::stringAt(line.fields, "due");
        if (start && end && *start > *end) taking.refuse(line, "start", "start-after-due");
        taking.identify(line, {"title", "owner", "due", "start", "project"});
        // Joint departments are kept as ids, so that a renamed unit stays the same one.
        if (auto joint = taking.cell(line, "joint"); !joint.empty()) {
            std::set<std::string> ids;
            for (auto const& name : partsOf(joint)) {
                auto const* unit = taking.unitNamed(*name.asString());
                if (!unit) taking.note(line, "joint", "joint-unknown", false);
                ids.insert(unit ? unit->id : *name.asString());
            }
            json::Array array;
            for (auto const& id : ids) array.emplace_back(id);
            line.fields.set("joint", std::move(array));
        }
        if (line.bad || !owner) continue;
        line.fields.set("owner", owner->id);
        auto const found = held.find(line.id);
        existing += found != held.end();
        if (found != held.end() && taking.choices.onExisting != OnExisting::Update) {
            ++taking.result.skipped;
            continue;
        }
        Wanted one{Scope::unit(owner->id), {}, line.fields, {&line}};
        one.fields.set("source", line.id);
        if (found != held.end()) {
            one.scope = found->second.scope;  // a document stays in its scope
            one.doc = found->second.doc;
            line.fresh = false;
        } else {
            one.fields.set("kind", "plan");
            one.fields.set("owner_text", taking.cell(line, "owner"));
        }
        wanted.push_back(std::move(one));
    }
    if (taking.choices.onExisting == OnExisting::Stop && existing > 0) return existsError(existing);
    return give(taking, type.name, wanted);
}

// --- duties ---------------------------------------------------------------------------------------------------------

model::Field const& dutiesField() { return *builtIn("duties.v1").find("duties"); }

std::vector<ColumnSpec> dutyColumns() {
    auto const& rows = dutiesField();
    std::vector<ColumnSpec> specs{idColumn(),
                                  {"owner", {"部门", "department"}, {"责任部门", "单位"}, true, 20, nullptr, true}};
    auto const add = [&](std::string_view name, std::vector<std::string> others, bool required, int width) {
        specs.push_back(
            {std::string(name), rows.column(name)->label, std::move(others), required, width, nullptr, false});
    };
    add("duty", {"部门职责"}, true, 28);
    add("work", {"工作"}, true, 28);
    add("post", {"工作岗位"}, true, 16);
    add("task", {"岗位职责", "岗位任务"}, true, 28);
    add("standard", {"标准"}, true, 40);
    add("measure", {"指标"}, false, 24);
    add("attainable", {}, false, 20);
    add("relevant", {}, false, 20);
    add("time", {"完成时间"}, false, 16);
    add("note", {}, false, 20);
    return specs;
}

Result<void> takeDuties(Taking& taking) {
    auto const& type = builtIn("duties.v1");
    std::map<std::string, DocumentKey> held;  // by unit
    replica::ListFilter filter;
    filter.type = type.name;
    for (auto const& listed : taking.office.list(filter)) held.emplace(listed.row.owner, listed.key());

    std::map<std::string, std::vector<Line*>> byUnit;
    for (auto& line : taking.lines) {
        auto const* owner = taking.ownerOf(line, "owner");
        for (std::string_view const field : {"duty", "work", "post", "task", "standard"}) {
            if (taking.cell(line, field).empty()) taking.refuse(line, field, std::string(field) + "-missing");
        }
        for (auto const lack : engine::smartLacks(taking.cell(line, "standard"), taking.cell(line, "measure"),
                                                  taking.cell(line, "time"))) {
            if (lack == engine::SmartLack::Measurable) taking.refuse(line, "standard", "standard-without-measure");
            if (lack == engine::SmartLack::Time) taking.refuse(line, "standard", "standard-without-time");
        }
        for (auto const& column : dutiesField().columns) {
            auto const& typed = taking.cell(line, column.name);
            if (typed.empty()) continue;
            line.fields.set(column.name, column.kind == model::FieldKind::LongText ? typed : oneLine(typed));
        }
        taking.identify(line, {"owner", "duty", "work", "post", "task", "standard"});
        line.fields.set("id", line.id);
        json::Object alone{{"duties", json::Array{json::Value(line.fields)}}};
        if (auto fits = model::checkFields(type, alone); !fits) taking.refuse(line, "", fits.error().reason);
        if (!line.bad && owner) byUnit[owner->id].push_back(&line);
    }
    std::vector<Wanted> wanted;
    std::size_t existing = 0;
    for (auto& [unitId, lines] : byUnit) {
        auto const* unit = taking.unitNamed(unitId);
        Wanted one{Scope::unit(unitId), {}, {}, {}};
        json::Array rows;
        if (auto const found = held.find(unitId); found != held.end()) {
            auto shown = taking.office.show(found->second);
            if (!shown) return shown.error();
            if (auto const* before = json::arrayAt(shown->merged.fields, "duties")) rows = *before;
            one.scope = found->second.scope;
            one.doc = found->second.doc;
        } else {
            one.fields.set("title", "职责与标准：" + (unit ? unit->name : unitId));
            one.fields.set("owner", unitId);
        }
        existing += putRows(taking, rows, lines, one);
        if (one.lines.empty()) continue;
        one.fields.set("duties", std::move(rows));
        wanted.push_back(std::move(one));
    }
    if (taking.choices.onExisting == OnExisting::Stop && existing > 0) return existsError(existing);
    return give(taking, type.name, wanted);
}

// --- catalogue ------------------------------------------------------------------------------------------------------

std::vector<ColumnSpec> catalogueColumns() {
    auto const& type = builtIn("catalogue.v1");
    auto const text = [](std::string_view field, model::Label label, std::vector<std::string> others, bool required,
                         int width) {
        return ColumnSpec{std::string(field), std::move(label), std::move(others), required, width, nullptr, false};
    };
    auto level = fieldColumn(type, "level");
    auto layer = fieldColumn(type, "layer");
    return {text("catalogue", {"目录编号", "catalogue id"}, {}, true, 18),
            text("title", {"目录名称", "catalogue"}, {"目录"}, false, 28),
            text("version", {"版本", "version"}, {}, false, 12),
            level,
            layer,
            text("project", {"诊断项目", "project"}, {"项目"}, false, 18),
            text("element_id", {"要素编号", "element id"}, {}, true, 14),
            text("element", {"诊断要素", "element"}, {"要素"}, true, 24),
            text("id", {"诊断点编号", "point id"}, {"编号"}, true, 16),
            text("point", {"诊断点", "point"}, {"主要诊断点"}, true, 40),
            text("responsible", {"诊改主体", "responsible"}, {"责任部门"}, false, 24),
            text("added", {"增补", "added"}, {}, false, 8),
            text("withdrawn", {"撤销", "withdrawn"}, {}, false, 8),
            text("was", {"原编号", "former ids"}, {}, false, 16)};
}

bool saysYes(std::string_view text) {
    for (std::string_view const yes : {"是", "√", "✓", "增", "1", "yes", "true", "TRUE", "y", "Y"}) {
        if (text == yes) return true;
    }
    return false;
}

Result<void> takeCatalogue(Taking& taking) {
    auto const& type = builtIn("catalogue.v1");
    struct Element {
        json::Object head;
        json::Array points;
    };
    struct Table {
        json::Object root;
        std::string level;
        std::vector<std::string> order;
        std::map<std::string, Element> elements;
        std::vector<Line*> lines;
    };
    std::map<std::string, Table> tables;
    std::map<std::string, std::string> carried;  // what stood last in columns that people leave empty below
    auto const below = [&](Line const& line, std::string const& field) {
        auto const& here = taking.cell(line, field);
        if (!here.empty()) carried[field] = here;
        return carried[field];
    };
    std::set<std::string> elementOf;  // element id and its catalogue, to tell one element in two projects
    for (auto& line : taking.lines) {
        auto const catalogue = below(line, "catalogue"), title = below(line, "title"), version = below(line, "version");
        auto const level = below(line, "level"), project = below(line, "project");
        auto const elementBefore = carried["element_id"];
        auto const elementId = below(line, "element_id");
        if (elementId != elementBefore)
            carried["element"].clear(), carried["responsible"].clear(), carried["layer"].clear();
        auto const element = below(line, "element"), responsible = below(line, "responsible"),
                   layer = below(line, "layer");
        taking.read(line, type);  // tells levels and layers that are none
        auto const* layerName = json::stringAt(line.fields, "layer");
        std::string const layerKept = layerName ? *layerName : std::string();
        if (catalogue.empty()) taking.refuse(line, "catalogue", "catalogue-missing");
        if (elementId.empty() || element.empty()) taking.refuse(line, "element", "element-form");
        line.id = taking.cell(line, "id");
        if (line.id.empty())
            taking.refuse(line, "id", "id-missing");
        else if (!elementOf.insert(catalogue + "\n" + line.id).second)
            taking.refuse(line, "id", "id-twice");
        if (taking.cell(line, "point").empty()) taking.refuse(line, "point", "point-missing");
        if (line.bad) continue;
        if (responsible.empty()) taking.note(line, "responsible", "point-without-owner", false);
        auto& table = tables[catalogue + (version.empty() ? "" : "@" + version)];
        if (table.root.empty()) {
            table.root =
                json::Object{{"id", catalogue}, {"title_zh", title.empty() ? catalogue : title}, {"status", "printed"}};
            if (!version.empty()) table.root.set("version", version);
        }
        if (auto const* name = json::stringAt(line.fields, "level")) table.level = *name;
        auto [at, fresh] = table.elements.try_emplace(elementId);
        if (fresh) {
            table.order.push_back(elementId);
            at->second.head = json::Object{{"id", elementId}, {"zh", oneLine(element)}};
            if (!project.empty()) at->second.head.set("project", project);
            if (!responsible.empty()) at->second.head.set("responsible", partsOf(responsible));
            if (!layerKept.empty()) at->second.head.set("layer", layerKept);
        } else if (*json::stringAt(at->second.head, "zh") != oneLine(element)) {
            taking.refuse(line, "element", "element-differs");
            continue;
        }
        json::Object point{{"id", line.id}, {"zh", oneLine(taking.cell(line, "point"))}};
        if (!layerKept.empty()) point.set("layer", layerKept);
        if (saysYes(taking.cell(line, "added"))) point.set("added", true);
        if (saysYes(taking.cell(line, "withdrawn"))) point.set("withdrawn", true);
        if (auto const& was = taking.cell(line, "was"); !was.empty()) point.set("was", partsOf(was));
        at->second.points.emplace_back(std::move(point));
        table.lines.push_back(&line);
    }
    auto const held = bySource(taking.office, type.name);
    std::vector<Wanted> wanted;
    std::size_t existing = 0;
    for (auto& [source, table] : tables) {
        // The file form of a catalogue, so that sheets and files are read by one reader.
        json::Object root = std::move(table.root);
        std::map<std::string, json::Array> projects;
        for (auto const& id : table.order) {
            auto& element = table.elements[id];
            element.head.set("points", std::move(element.points));
            auto const* project = json::stringAt(element.head, "project");
            projects[project ? *project : "-"].emplace_back(std::move(element.head));
        }
        json::Array list;
        for (auto& [project, elements] : projects)
            list.emplace_back(json::Object{{"zh", project}, {"elements", std::move(elements)}});
        root.set("projects", std::move(list));
        auto file = engine::readCatalogueFile(root);
        if (!file) return file.error();
        if (file->documents.empty()) continue;
        json::Object fields = std::move(file->documents.front());
        if (!table.level.empty()) fields.set("level", table.level);
        if (projects.size() == 1 && projects.contains("-")) {
            for (auto& row : *fields.find("elements")->asArray()) row.asObject()->erase("project");
        }
        Wanted one{Scope::college(), {}, std::move(fields), table.lines};
        if (auto const found = held.find(source); found != held.end()) {
            existing += table.lines.size();
            if (taking.choices.onExisting != OnExisting::Update) {
                taking.result.skipped += table.lines.size();
                continue;
            }
            auto shown = taking.office.show(found->second);
            if (!shown) return shown.error();
            // What the sheet does not mention stays: points are withdrawn by saying so.
            one.fields = engine::writtenOver(shown->merged.fields, one.fields);
            for (auto* line : one.lines) line->fresh = false;
            one.scope = found->second.scope;
            one.doc = found->second.doc;
        }
        wanted.push_back(std::move(one));
    }
    if (taking.choices.onExisting == OnExisting::Stop && existing > 0) return existsError(existing);
    return give(taking, type.name, wanted);
}

// --- teaching subjects ----------------------------------------------------------------------------------------------

/// `schools`, `programmes`, `courses`, `classes` are the row lists of one document of the college.
std::vector<ColumnSpec> teachingColumns(std::string_view list) {
    auto const& rows = *builtIn("teaching.v1").find(list);
    std::vector<ColumnSpec> specs;
    // A school is a unit; the others have codes of their own.
    if (list != "schools") {
        specs.push_back({"id", {"代码", "code"}, {"编号", "id", rows.label.zh + "代码"}, true, 14, nullptr, false});
    }
    for (auto const& column : rows.columns) {
        bool const units = list == "schools" && column.name == "name";
        specs.push_back({column.name,
                         column.label,
                         {column.name == "name" ? "名称" : column.name},
                         column.required,
                         24,
                         nullptr,
                         units});
    }
    return specs;
}

Result<void> takeTeaching(Taking& taking, std::string_view list) {
    auto const& type = builtIn("teaching.v1");
    Wanted one{Scope::college(), {}, {}, {}};
    json::Array rows;
    std::map<std::string, std::string> programmes;  // by name
    replica::ListFilter filter;
    filter.type = type.name;
    if (auto const held = taking.office.list(filter); !held.empty()) {
        auto shown = taking.office.show(held.front().key());
        if (!shown) return shown.error();
        if (auto const* before = json::arrayAt(shown->merged.fields, list)) rows = *before;
        for (auto const& programme : engine::teachingFrom(shown->merged.fields).programmes)
            programmes.emplace(programme.name, programme.id);
        one.scope = held.front().scope;
        one.doc = held.front().doc;
    } else {
        one.fields.set("title", "教学对象");
    }
    std::vector<Line*> lines;
    std::set<std::string> ids;
    for (auto& line : taking.lines) {
        line.id = oneLine(taking.cell(line, "id"));
        for (auto const& column : type.find(list)->columns) {
            auto const& typed = taking.cell(line, column.name);
            if (typed.empty()) {
                if (column.required) taking.refuse(line, column.name, "name-missing");
                continue;
            }
            json::Value value = oneLine(typed);
            if (column.kind == model::FieldKind::Day) {
                auto const day = engine::readPrintedDue(typed);
                if (!day)
                    taking.refuse(line, column.name, "bad-date");
                else
                    value = toText(*day);
            } else if (column.kind == model::FieldKind::Integer) {
                bool const digits = typed.find_first_not_of("0123456789") == std::string::npos && typed.size() < 10;
                if (!digits)
                    taking.refuse(line, column.name, "not-a-number");
                else
                    value = std::int64_t{std::stol(typed)};
            } else if (column.kind == model::FieldKind::Set) {
                std::set<std::string> parts;
                for (auto const& part : partsOf(typed)) {
                    std::string const& name = *part.asString();
                    auto const* unit = column.name == "schools" ? taking.unitNamed(name) : nullptr;
                    if (column.name == "schools" && !unit) taking.refuse(line, column.name, "owner-unknown-unit");
                    auto const programme = programmes.find(name);
                    parts.insert(unit                                                           ? unit->id
                                 : programme != programmes.end() && column.name == "programmes" ? programme->second
                                                                                                : name);
                }
                value = json::Array(parts.begin(), parts.end());
            } else if (column.name == "programme" && programmes.contains(typed)) {
                value = programmes[typed];
            }
            line.fields.set(column.name, std::move(value));
        }
        if (list == "schools") {
            auto const* unit = taking.unitNamed(taking.cell(line, "name"));
            if (unit)
                line.id = unit->id;
            else if (!line.bad)
                taking.refuse(line, "name", "owner-unknown-unit");
        }
        if (line.id.empty()) {
            if (!line.bad) taking.refuse(line, "id", "id-missing");
        } else if (!ids.insert(line.id).second) {
            taking.refuse(line, list == "schools" ? "name" : "id", "id-twice");
        }
        auto const *opened = json::stringAt(line.fields, "opened"), *closed = json::stringAt(line.fields, "closed");
        if (opened && closed && *closed < *opened) taking.refuse(line, "closed", "closed-before-opened");
        line.fields.set("id", line.id);
        json::Object const alone{{std::string(list), json::Array{json::Value(line.fields)}}};
        if (!line.bad) {
            if (auto fits = model::checkFields(type, alone); !fits) taking.refuse(line, "", fits.error().reason);
        }
        if (!line.bad) lines.push_back(&line);
    }
    std::size_t const existing = putRows(taking, rows, lines, one);
    if (taking.choices.onExisting == OnExisting::Stop && existing > 0) return existsError(existing);
    if (one.lines.empty()) return {};
    one.fields.set(list, std::move(rows));
    std::vector<Wanted> wanted{std::move(one)};
    return give(taking, type.name, wanted);
}

// --- kinds ----------------------------------------------------------------------------------------------------------

struct Kind {
    std::string_view name;
    model::Label label;
    std::vector<ColumnSpec> (*columns)();
    Result<void> (*take)(Taking&);
};

std::vector<Kind> const& kinds() {
    static std::vector<Kind> const all = {{"units", {"部门", "units"}, unitColumns, takeUnits},
                                          {"tasks", {"任务书", "tasks"}, taskColumns, takeTasks},
                                          {"catalogue", {"诊断目录", "catalogue"}, catalogueColumns, takeCatalogue},
                                          {"duties", {"职责与标准", "duties"}, dutyColumns, takeDuties},
                                          {"schools",
                                           {"二级学院", "schools"},
                                           [] { return teachingColumns("schools"); },
                                           [](Taking& taking) { return takeTeaching(taking, "schools"); }},
                                          {"programmes",
                                           {"专业", "programmes"},
                                           [] { return teachingColumns("programmes"); },
                                           [](Taking& taking) { return takeTeaching(taking, "programmes"); }},
                                          {"courses",
                                           {"课程", "courses"},
                                           [] { return teachingColumns("courses"); },
                                           [](Taking& taking) { return takeTeaching(taking, "courses"); }},
                                          {"classes",
                                           {"班级", "classes"},
                                           [] { return teachingColumns("classes"); },
                                           [](Taking& taking) { return takeTeaching(taking, "classes"); }}};
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
    auto headings = headingsOf(specs, table);
    if (!headings) return headings.error();
    Taking taking(office, std::move(specs), table, std::move(*headings), choices);
    if (auto taken = (*kind)->take(taking); !taken) return taken.error();
    return taking.finish();
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
