// Schools, programmes, courses and classes, by sheet.
#include "sheet_taking.h"

#include "engine/calendar.h"
#include "engine/catalogue.h"

namespace spiral::office::taking {

namespace {

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

}  // namespace

std::vector<Kind> teachingKinds() {
    return {{"schools",
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
}

}  // namespace spiral::office::taking
