// Units of the registry, by sheet.
#include "sheet_taking.h"

namespace spiral::office::taking {

namespace {

std::vector<ColumnSpec> unitColumns() {
    return {{"unit", {"部门代号", "unit id"}, {"代号", "编号", "部门编号", "部门代码", "代码", "id", "unit"}, true, 16, nullptr, false},
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

}  // namespace

std::vector<Kind> unitKinds() { return {{"units", {"部门", "units"}, unitColumns, takeUnits}}; }

}  // namespace spiral::office::taking
