// Schools, programmes, courses and classes, by sheet.
#include "sheet_taking.h"

#include "engine/calendar.h"
#include "engine/catalogue.h"
#include "office/catalogues.h"

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
        bool const units = (list == "schools" && column.name == "name") || column.kind == model::FieldKind::Unit;
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

std::optional<bool> yesOrNo(std::string const& typed) {
    for (std::string_view const yes : {"是", "√", "✓", "1", "yes", "true", "TRUE", "y", "Y"}) {
        if (typed == yes) return true;
    }
    for (std::string_view const no : {"否", "×", "0", "no", "false", "FALSE", "n", "N"}) {
        if (typed == no) return false;
    }
    return std::nullopt;
}

/// Of several schools the first that is named leads, unless a column of its own says which.
void nameLead(Taking& taking, Line& line, std::string const& typed) {
    if (!taking.cell(line, "lead").empty()) return;
    std::size_t end = typed.size();
    for (std::string_view const comma : {",", "，", "、"}) end = std::min(end, typed.find(comma));
    if (auto const* unit = taking.unitNamed(oneLine(typed.substr(0, end)))) line.fields.set("lead", unit->id);
}

json::Object const* rowOf(json::Array const& rows, std::string_view id) {
    for (auto const& each : rows) {
        auto const* row = each.asObject();
        auto const* known = row ? json::stringAt(*row, "id") : nullptr;
        if (known && *known == id) return row;
    }
    return nullptr;
}

bool isTrue(json::Object const& row, std::string_view key) {
    auto const* value = row.find(key);
    return value && value->asBool() && *value->asBool();
}

/// A brand flag is set otherwise with a day and a reason, after the day on which it was set last, and what it was goes
/// into the history: whether a diagnosis had it in focus is asked of the day when that began.
void takeFlag(Taking& taking, Line& line, json::Object const* before, json::Array& history) {
    bool const told = line.fields.find("brand") != nullptr;
    auto const *since = json::stringAt(line.fields, "brand_since"),
               *reason = json::stringAt(line.fields, "brand_reason");
    bool const was = before && isTrue(*before, "brand");
    auto const* wasSince = before ? json::stringAt(*before, "brand_since") : nullptr;
    if ((!told && !before) || (told ? isTrue(line.fields, "brand") : was) == was) {
        // Moved to a later day, the flag would have been off when something began.
        if (before && since && wasSince && *since != *wasSince) taking.refuse(line, "brand_since", "flag-day-moved");
        if (!before && !told && (since || reason)) taking.refuse(line, "brand", "flag-missing");
        return;
    }
    if (!reason || reason->find_first_not_of(" \t") == std::string::npos)
        return taking.refuse(line, "brand_reason", "flag-without-reason");
    if (!since) return taking.refuse(line, "brand_since", "flag-without-day");
    if (wasSince && *since <= *wasSince) return taking.refuse(line, "brand_since", "flag-day-moved");
    if (!before || line.bad || (!was && !wasSince)) return;
    json::Object past{{"id", line.id + " " + (wasSince ? *wasSince : "-")},
                      {"programme", line.id},
                      {"since", wasSince ? *wasSince : std::string("1970-01-01")},
                      {"brand", was}};
    if (auto const* why = json::stringAt(*before, "brand_reason")) past.set("reason", *why);
    std::erase_if(history, [&](json::Value const& each) {
        return each.asObject() && json::stringAt(*each.asObject(), "id") &&
               *json::stringAt(*each.asObject(), "id") == *json::stringAt(past, "id");
    });
    history.emplace_back(std::move(past));
}

Result<void> takeTeaching(Taking& taking, std::string_view list) {
    auto const& type = builtIn("teaching.v1");
    Wanted one{Scope::college(), {}, {}, {}};
    json::Array rows, history;
    std::map<std::string, std::string> programmes;  // by name
    if (auto const held = teachingDocument(taking.office)) {
        auto shown = taking.office.show(*held);
        if (!shown) return shown.error();
        if (auto const* before = json::arrayAt(shown->merged.fields, list)) rows = *before;
        if (auto const* before = json::arrayAt(shown->merged.fields, "brand_history")) history = *before;
        for (auto const& programme : engine::teachingFrom(shown->merged.fields).programmes)
            programmes.emplace(programme.name, programme.id);
        one.scope = held->scope;
        one.doc = held->doc;
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
            } else if (column.kind == model::FieldKind::Boolean) {
                auto const read = yesOrNo(typed);
                if (!read)
                    taking.refuse(line, column.name, "not-yes-or-no");
                else
                    value = *read;
            } else if (column.kind == model::FieldKind::Unit) {
                auto const* unit = taking.unitNamed(oneLine(typed));
                if (!unit)
                    taking.refuse(line, column.name, "owner-unknown-unit");
                else
                    value = unit->id;
            } else if (column.kind == model::FieldKind::Set) {
                std::set<std::string> parts;
                if (column.name == "schools") nameLead(taking, line, typed);
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
        if (list == "programmes") {
            auto const* before = rowOf(rows, line.id);
            // A row that is not written over changes no flag.
            if (!before || taking.choices.onExisting == OnExisting::Update) takeFlag(taking, line, before, history);
        }
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
    if (!history.empty()) {
        std::sort(history.begin(), history.end(), [](json::Value const& a, json::Value const& b) {
            return *json::stringAt(*a.asObject(), "id") < *json::stringAt(*b.asObject(), "id");
        });
        one.fields.set("brand_history", std::move(history));
    }
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
