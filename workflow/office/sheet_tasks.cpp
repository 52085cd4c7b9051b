// Task books and duties, by sheet.
#include "sheet_taking.h"

#include "engine/calendar.h"
#include "engine/smart.h"

namespace spiral::office::taking {

namespace {

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

}  // namespace

std::vector<Kind> taskKinds() {
    return {{"tasks", {"任务书", "tasks"}, taskColumns, takeTasks},
            {"duties", {"职责与标准", "duties"}, dutyColumns, takeDuties}};
}

}  // namespace spiral::office::taking
