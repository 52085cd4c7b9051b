// A catalogue of diagnosis as a sheet of points.
#include "sheet_taking.h"

#include "engine/catalogue.h"
#include "engine/catalogue_file.h"

namespace spiral::office::taking {

namespace {

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

}  // namespace

std::vector<Kind> catalogueKinds() {
    return {{"catalogue", {"诊断目录", "catalogue"}, catalogueColumns, takeCatalogue}};
}

}  // namespace spiral::office::taking
