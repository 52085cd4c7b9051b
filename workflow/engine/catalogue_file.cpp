#include "engine/catalogue_file.h"

#include "engine/catalogue.h"

#include <algorithm>
#include <set>

namespace spiral::engine {

namespace {

constexpr std::size_t kTablesMax = 1'000;

std::string textAt(json::Object const& object, std::string_view key) {
    auto const* text = json::stringAt(object, key);
    return text ? *text : std::string();
}

/// The text of {en, zh} or of a plain string.
std::string zhOf(json::Value const* value) {
    if (!value) return {};
    if (auto const* text = value->asString()) return *text;
    auto const* object = value->asObject();
    return object ? textAt(*object, "zh") : std::string();
}

void copyText(json::Object const& from, json::Object& to, std::string_view key, std::string_view as = {}) {
    if (auto text = textAt(from, key); !text.empty()) to.set(as.empty() ? key : as, std::move(text));
}

void copyFlag(json::Object const& from, json::Object& to, std::string_view key) {
    auto const* value = from.find(key);
    if (auto const* flag = value ? value->asBool() : nullptr; flag && *flag) to.set(key, true);
}

/// Sorted, each once: the form of a set.
void setTexts(json::Object& to, std::string_view key, std::set<std::string> const& texts) {
    if (texts.empty()) return;
    json::Array array;
    for (auto const& text : texts) array.emplace_back(text);
    to.set(key, std::move(array));
}

void copySet(json::Object const& from, json::Object& to, std::string_view key) {
    std::set<std::string> texts;
    if (auto const* list = json::arrayAt(from, key)) {
        for (auto const& each : *list) {
            if (auto text = zhOf(&each); !text.empty()) texts.insert(std::move(text));
        }
    }
    setTexts(to, key, texts);
}

/// Rows are kept in the order of their ids.
void sortById(json::Array& rows) {
    std::sort(rows.begin(), rows.end(), [](json::Value const& a, json::Value const& b) {
        return *json::stringAt(*a.asObject(), "id") < *json::stringAt(*b.asObject(), "id");
    });
}

class FileReader {
public:
    explicit FileReader(json::Object const& root) : m_root(root) {}

    Result<CatalogueFile> read() {
        auto const* tables = json::arrayAt(m_root, "tables");
        auto const* projects = json::arrayAt(m_root, "projects");
        if ((!tables && !projects) || (tables && tables->size() > kTablesMax) ||
            (projects && projects->size() > kTablesMax)) {
            return makeError(ErrorCode::Malformed, "import.form", "tables, projects");
        }
        if (tables) {
            for (auto const& each : *tables) readTable(each.asObject());
        } else {
            readProjects(*projects);
        }
        return std::move(m_file);
    }

private:
    void note(std::string row, std::string_view field, std::string_view code, std::string text, bool error) {
        m_file.notes.push_back({std::move(row), std::string(field), std::string(code), std::move(text), error});
    }

    json::Object head(std::string const& title, std::string const& titleEn, std::string const& source) {
        json::Object fields;
        fields.set("title", title);
        if (!titleEn.empty()) fields.set("title_en", titleEn);
        copyText(m_root, fields, "id", "catalogue");
        copyText(m_root, fields, "version");
        auto const version = textAt(m_root, "version");
        fields.set("source", version.empty() ? source : source + "@" + version);
        auto const status = textAt(m_root, "status");
        fields.set("status", status == "unconfirmed" ? "draft" : status == "from-seed-partial" ? "partial" : "printed");
        if (auto const layer = textAt(m_root, "layer"); layerNamed(layer)) fields.set("layer", layer);
        if (auto const* declared = json::objectAt(m_root, "declared")) {
            for (std::string_view const what : {"projects", "elements", "points"}) {
                if (auto const* number = json::integerAt(*declared, what); number && *number >= 0) {
                    fields.set("declared_" + std::string(what), *number);
                }
            }
        }
        return fields;
    }

    void readTable(json::Object const* table) {
        ++m_file.tables;
        std::string const id = table ? textAt(*table, "id") : std::string();
        std::string const label = id.empty() ? "#" + std::to_string(m_file.tables) : id;
        auto const* elements = table ? json::arrayAt(*table, "elements") : nullptr;
        if (!elements || textAt(*table, "zh").empty()) return note(label, "elements", "table-form", "", true);
        json::Object fields = head(textAt(*table, "zh"), textAt(*table, "en"), id);
        if (auto const* number = json::integerAt(*table, "table_no")) fields.set("table_no", *number);
        std::string const printed = zhOf(table->find("level"));
        if (auto const level = levelOf(printed); !level.empty())
            fields.set("level", level);
        else
            note(label, "level", "level-unknown", printed, false);
        json::Array rows;
        takeElements(*elements, {}, label, rows);
        finish(std::move(fields), std::move(rows));
    }

    void readProjects(json::Array const& projects) {
        ++m_file.tables;
        std::string const id = textAt(m_root, "id");
        if (textAt(m_root, "title_zh").empty() || id.empty()) return note(id, "title", "table-form", "", true);
        json::Object fields = head(textAt(m_root, "title_zh"), textAt(m_root, "title_en"), id);
        if (auto const level = levelOf(zhOf(m_root.find("level"))); !level.empty()) fields.set("level", level);
        json::Array rows;
        for (auto const& each : projects) {
            auto const* project = each.asObject();
            auto const* elements = project ? json::arrayAt(*project, "elements") : nullptr;
            if (!elements || textAt(*project, "zh").empty()) {
                note(project ? textAt(*project, "id") : id, "projects", "table-form", "", true);
                continue;
            }
            takeElements(*elements, textAt(*project, "zh"), id, rows);
        }
        finish(std::move(fields), std::move(rows));
    }

    void takeElements(json::Array const& elements, std::string const& project, std::string const& label,
                      json::Array& rows) {
        for (auto const& element : elements) {
            auto const* from = element.asObject();
            if (!from || textAt(*from, "id").empty() || textAt(*from, "zh").empty()) {
                note(label, "elements", "element-form", "", true);
                continue;
            }
            if (!m_ids.insert(textAt(*from, "id")).second) {
                note(textAt(*from, "id"), "elements", "id-twice", "", true);
                continue;
            }
            json::Object row;
            if (!project.empty()) row.set("project", project);
            for (std::string_view const key : {"id", "zh", "en", "note"}) copyText(*from, row, key);
            if (layerNamed(textAt(*from, "layer"))) copyText(*from, row, "layer");
            copyText(*from, row, "points_text_zh", "points_text");
            copyFlag(*from, row, "withdrawn");
            for (std::string_view const key : {"points", "goals", "status_items"}) takeItems(*from, key, row);
            copySet(*from, row, "responsible");
            copySet(*from, row, "was");
            rows.emplace_back(std::move(row));
        }
    }

    void takeItems(json::Object const& element, std::string_view key, json::Object& row) {
        auto const* list = json::arrayAt(element, key);
        if (!list) return;
        json::Array kept;
        for (auto const& item : *list) {
            auto const* from = item.asObject();
            if (!from || textAt(*from, "id").empty() || textAt(*from, "zh").empty()) {
                note(textAt(element, "id"), key, "element-form", "", true);
                continue;
            }
            if (!m_ids.insert(textAt(*from, "id")).second) {
                note(textAt(*from, "id"), key, "id-twice", "", true);
                continue;
            }
            json::Object to;
            for (std::string_view const name : {"id", "zh", "en"}) copyText(*from, to, name);
            copyFlag(*from, to, "added");
            if (key == "points") {
                if (layerNamed(textAt(*from, "layer"))) copyText(*from, to, "layer");
                copyFlag(*from, to, "withdrawn");
                copySet(*from, to, "was");
            }
            kept.emplace_back(std::move(to));
        }
        sortById(kept);
        if (!kept.empty()) row.set(key, std::move(kept));
    }

    void finish(json::Object fields, json::Array rows) {
        sortById(rows);
        fields.set("elements", std::move(rows));
        m_file.documents.push_back(std::move(fields));
    }

    static std::string_view levelOf(std::string_view zh) {
        if (zh == "学校") return "college";
        if (zh == "专业") return "programme";
        if (zh == "课程") return "course";
        if (zh == "教师" || zh == "师资") return "staff";  // one level, printed with two names
        if (zh == "学生") return "student";
        return {};
    }

    json::Object const& m_root;
    CatalogueFile m_file;
    std::set<std::string> m_ids;  // of all tables: an id means one thing
};

}  // namespace

Result<CatalogueFile> readCatalogueFile(json::Object const& root) { return FileReader(root).read(); }

}  // namespace spiral::engine
