// Tables taken from a college's own papers: schedule → tasks, diagnosis tables → catalogue documents, departments → units.
// What a row says is kept as printed beside our reading of it; what the reading doubts is told, not silently mended.
#include "office_impl.h"
#include "take_documents.h"

#include "engine/calendar.h"
#include "model/data.h"
#include "office/catalogues.h"
#include "office/fields.h"

#include <algorithm>
#include <set>

namespace spiral::office {

namespace {

constexpr std::size_t kRowsMax = 20'000;
/// Characters two titles must share at their start to speak of the same matter.
constexpr std::size_t kSharedCharacters = 6;

/// The text of {en, zh} or of a plain string.
std::string zhOf(json::Value const* value) {
    if (!value) return {};
    if (auto const* text = value->asString()) return *text;
    auto const* object = value->asObject();
    return object ? textOf(*object, "zh") : std::string();
}

/// How many whole characters of UTF-8 two texts share at their start.
std::size_t sharedStart(std::string_view a, std::string_view b) {
    std::size_t bytes = 0;
    while (bytes < a.size() && bytes < b.size() && a[bytes] == b[bytes]) ++bytes;
    std::size_t characters = 0;
    for (std::size_t i = 0; i < bytes; ++i) characters += (static_cast<unsigned char>(a[i]) & 0xc0) != 0x80;
    return characters;
}

bool namesAYear(std::string_view title) {
    for (std::size_t i = 0; i + 4 < title.size(); ++i) {
        bool const digits = std::all_of(title.begin() + static_cast<std::ptrdiff_t>(i), title.begin() + static_cast<std::ptrdiff_t>(i + 4),
                                        [](char c) { return c >= '0' && c <= '9'; });
        if (digits && title.substr(i + 4).starts_with("年")) return true;
    }
    return false;
}

std::string lowerCase(std::string text) {
    for (char& c : text) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return text;
}

/// Ids of rows taken before, by the `source` that their documents name.
std::set<std::string> sourcesHeld(replica::View const& view, std::string_view type) {
    replica::ListFilter filter;
    filter.type = std::string(type);
    std::set<std::string> held;
    for (auto const& listed : view.list(filter)) {
        auto const summary = json::parse(listed.row.summary);
        if (!summary || !summary->asObject()) continue;
        if (auto const* source = json::stringAt(*summary->asObject(), "source")) held.insert(*source);
    }
    return held;
}

struct Planned {
    Scope scope;
    json::Object fields;
};

}  // namespace

Result<ImportResult> TheOffice::importTable(std::string_view kind, std::string_view text, bool dryRun) {
    if (kind == kTakeDocuments) return takeDocuments(*this, text, dryRun);
    if (kind == "catalogue") return importCatalogue(*this, text, {.base = {}, .layer = {}, .dryRun = dryRun});
    if (kind != "schedule" && kind != "organisation") {
        return makeError(ErrorCode::Usage, "import.kind", "schedule, catalogue or organisation");
    }
    auto data = model::readData(text);
    if (!data) return data.error();
    auto const* root = data->asObject();
    if (!root) return makeError(ErrorCode::Malformed, "import.form", "not an object");
    ImportResult result;
    std::vector<Planned> planned;
    std::string type;

    if (kind == "organisation") {
        auto const* departments = json::arrayAt(*root, "departments");
        if (!departments || departments->size() > kRowsMax) return makeError(ErrorCode::Malformed, "import.form", "departments");
        std::set<std::string> known;
        for (auto const& unit : registry().units()) known.insert(unit.id);
        std::vector<trust::Proposal> acts;
        for (auto const& each : *departments) {
            ++result.rows;
            auto const* row = each.asObject();
            std::string const id = row ? lowerCase(textOf(*row, "id")) : std::string();
            std::string const name = row ? textOf(*row, "zh") : std::string();
            if (!isNameToken(id) || name.empty()) {
                result.notes.push_back({id.empty() ? std::to_string(result.rows) : id, "id", "unit-form", name, true});
                continue;
            }
            if (known.contains(id)) {
                ++result.known;
                continue;
            }
            if (dryRun) continue;
            json::Object unit;
            unit.set("unit", id);
            unit.set("name", name);
            // A unit has a campus; a table that names none says so.
            std::string const campus = textOf(*row, "campus");
            unit.set("campus", campus.empty() ? std::string("未注明") : campus);
            auto proposal = agreedAct("unit", std::move(unit));
            if (!proposal) return proposal.error();
            acts.push_back(std::move(*proposal));
        }
        if (!acts.empty()) {
            if (auto appended = append(std::move(acts)); !appended) return appended.error();
        }
        return result;
    }

    auto const units = registry().units();
    auto const unitNamed = [&](std::string_view name) -> trust::Unit const* {
        for (auto const& unit : units) {
            if (!unit.closed && (unit.name == name || unit.id == name)) return &unit;
        }
        return nullptr;
    };

    if (kind == "schedule") {
        type = "task.v1";
        auto const* tasks = json::arrayAt(*root, "tasks");
        if (!tasks || tasks->size() > kRowsMax) return makeError(ErrorCode::Malformed, "import.form", "tasks");
        // The quality office answers for what names nobody we know.
        trust::Unit const* office = unitNamed("质控办");
        auto const held = sourcesHeld(view(), type);
        struct Seen {
            std::string id, title, project;
            std::optional<Day> due;
        };
        std::vector<Seen> seen;
        for (auto const& each : *tasks) {
            ++result.rows;
            auto const* row = each.asObject();
            std::string const id = row ? textOf(*row, "id") : std::string();
            std::string const title = row ? textOf(*row, "zh") : std::string();
            std::string const label = id.empty() ? "#" + std::to_string(result.rows) : id;
            if (!row || title.empty()) {
                result.notes.push_back({label, "title", "title-missing", "", true});
                continue;
            }
            Planned plan;
            plan.fields.set("title", title);
            plan.fields.set("kind", "plan");
            if (auto project = textOf(*row, "project_zh"); !project.empty()) plan.fields.set("project", project);
            plan.fields.set("source", id);
            std::string const dueText = textOf(*row, "due_text");
            if (!dueText.empty()) plan.fields.set("due_text", dueText);
            std::string const state = textOf(*row, "state");
            std::optional<Day> due;
            if (auto const printed = textOf(*row, "due_date"); !printed.empty()) {
                due = parseDay(printed);
                if (!due) {
                    result.notes.push_back({label, "due", "bad-date", printed, true});
                    continue;
                }
            } else if (state == "done" || dueText == "已完成") {
                plan.fields.set("progress", "done");
            } else if (state == "ongoing" || engine::isPrintedAsOngoing(dueText)) {
                plan.fields.set("progress", "ongoing");
            } else {
                due = engine::readPrintedDue(dueText);
                if (!due) {
                    result.notes.push_back({label, "due", "bad-date", dueText, true});
                    continue;
                }
            }
            if (due) plan.fields.set("due", toText(*due));
            std::string const owner = zhOf(row->find("owner"));
            if (!owner.empty()) plan.fields.set("owner_text", owner);
            trust::Unit const* unit = unitNamed(owner);
            if (!unit) {
                if (!office) {
                    result.notes.push_back({label, "owner", "owner-unknown", owner, true});
                    continue;
                }
                result.notes.push_back({label, "owner", "owner-not-a-unit", owner, false});
                unit = office;
            }
            plan.fields.set("owner", unit->id);
            plan.scope = Scope::unit(unit->id);
            if (auto note = textOf(*row, "note"); !note.empty()) plan.fields.set("note", note);
            seen.push_back({label, title, textOf(*row, "project_zh"), due});
            if (due) ++result.dated;
            if (auto const* progress = json::stringAt(plan.fields, "progress")) {
                ++(*progress == "done" ? result.done : result.ongoing);
            }
            if (!id.empty() && held.contains(id)) {
                ++result.known;
                continue;
            }
            planned.push_back(std::move(plan));
        }
        // A framework that is due after what is issued under it.
        for (auto const& framework : seen) {
            if (!framework.title.ends_with("框架") || !framework.due) continue;
            for (auto const& issued : seen) {
                if (&issued == &framework || issued.project != framework.project || !issued.due) continue;
                if (sharedStart(issued.title, framework.title) < kSharedCharacters || *issued.due >= *framework.due) continue;
                result.notes.push_back({issued.id, "due", "order", framework.id + " " + toText(*framework.due), false});
            }
        }
        // A report of one year that is due twice.
        std::map<std::string, Seen const*> byTitle;
        for (auto const& each : seen) {
            if (!namesAYear(each.title)) continue;
            auto const [first, fresh] = byTitle.emplace(each.title, &each);
            if (!fresh) result.notes.push_back({each.id, "title", "duplicate-year", first->second->id + " " + each.title, false});
        }
    }

    auto const* documentType = model::TypeCatalogue::builtIn().find(type);
    ensure(documentType != nullptr, "imported types are built in");
    for (auto const& plan : planned) {
        if (auto fits = model::checkFields(*documentType, plan.fields); !fits) return fits.error();
    }
    if (dryRun) return result;

    std::vector<NewDocument> documents;
    for (auto& plan : planned) {
        documents.push_back({plan.scope, m_replica->world().random.token<DocumentId>(), type, std::move(plan.fields)});
        result.documents.push_back({plan.scope, documents.back().doc});
    }
    if (auto created = createAll(documents); !created) return created.error();
    return result;
}

}  // namespace spiral::office
