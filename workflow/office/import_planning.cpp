// Phases, lists of plans and road maps, taken from a college's papers. What is printed is kept beside our reading of it.
#include "office/fields.h"
#include "office/plans.h"

#include "model/data.h"

#include <algorithm>

namespace spiral::office {

namespace {

constexpr std::size_t kRowsMax = 20'000;

using Set = std::vector<std::pair<std::string, std::string>>;

std::string numbered(std::string_view letter, std::size_t number) {
    std::string const digits = std::to_string(number);
    return std::string(letter) + (digits.size() < 2 ? "0" : "") + digits;
}

class PlanningImport {
public:
    PlanningImport(Office& office, json::Object const& root, bool dryRun) : m_office(office), m_root(root), m_dryRun(dryRun) {
        for (auto const* type : {"plan", "task"}) {
            for (auto const& listed : documentsOf(office, type)) {
                if (auto source = sourceOf(listed); !source.empty()) m_held.insert(std::move(source));
            }
        }
    }

    Result<ImportResult> phases() {
        auto const* rows = list("phases");
        if (!rows) return makeError(ErrorCode::Malformed, "import.form", "phases");
        std::vector<engine::Band> bands;
        json::Array kept;
        for (auto const& each : *rows) {
            auto const* row = next(each);
            if (!row) continue;
            auto const from = engine::firstDayOf(textOf(*row, "from")), to = engine::lastDayOf(textOf(*row, "to"));
            std::string const printed = textOf(*row, "period_text"), id = textOf(*row, "id");
            if (!from || !to) {
                note(id, "period", "bad-date", printed, true);
            } else if (*to < *from) {
                note(id, "period", "ends-first", printed, true);
            } else {
                bands.push_back({id, textOf(*row, "zh"), "", *from, *to});
                kept.emplace_back(bandRow(bands.back(), printed));
            }
        }
        for (std::size_t i = 0; i < bands.size(); ++i) {
            for (std::size_t j = 0; j < i; ++j) {
                if (engine::overlap(bands[i], bands[j])) note(bands[i].id, "period", "overlap", bands[j].id, false);
            }
        }
        return timetable(std::move(kept), textOf(m_root, "id"), "");
    }

    Result<ImportResult> plans() {
        auto const* rows = list("plans");
        if (!rows) return makeError(ErrorCode::Malformed, "import.form", "plans");
        for (auto const& each : *rows) {
            auto const* row = next(each);
            if (!row) continue;
            json::Array contents;
            if (auto const* names = json::arrayAt(*row, "contents")) {
                for (auto const& name : *names) {
                    if (!name.asString()) continue;
                    contents.emplace_back(json::Object{{"id", numbered("c", contents.size() + 1)}, {"name", *name.asString()}});
                }
            }
            if (contents.empty()) note(textOf(*row, "id"), "contents", "no-contents", textOf(*row, "zh"), false);
            Set set{{"title", textOf(*row, "zh")}, {"kind", "special"}, {"source", textOf(*row, "id")}, {"contents", json::encode(json::Value(contents))}};
            std::string responsible;
            for (auto const& name : setOf(*row, "responsible")) responsible += (responsible.empty() ? "" : "、") + name;
            if (!responsible.empty()) set.emplace_back("owner_text", responsible);
            if (auto const unit = unitNamed(responsible); !unit.empty()) set.emplace_back("owner", unit);
            else note(textOf(*row, "id"), "owner", "owner-open", responsible, false);
            if (auto made = make("plan", std::move(set)); !made) return made.error();
        }
        return std::move(m_result);
    }

    Result<ImportResult> roadmap() {
        auto const* rows = list("tasks");
        if (!rows) return makeError(ErrorCode::Malformed, "import.form", "tasks");
        std::map<std::int64_t, engine::Band> stages;
        for (auto const& each : *rows) {
            auto const* row = next(each);
            if (!row) continue;
            auto const from = engine::firstDayOf(textOf(*row, "from")), to = engine::lastDayOf(textOf(*row, "to"));
            std::string const id = textOf(*row, "id"), printed = textOf(*row, "period_text");
            if (!from || !to || *to < *from) {
                note(id, "period", "bad-date", printed, true);
                continue;
            }
            ++m_result.dated;
            auto const* stage = json::integerAt(*row, "stage");
            if (stage) widen(stages, *stage, *from, *to);
            if (auto made = make("task", taskOf(*row, stage, *from, *to)); !made) return made.error();
        }
        json::Array kept;
        std::string const conflict = textOf(m_root, "conflict");
        for (auto& [number, band] : stages) {
            band.id = numbered("s", static_cast<std::size_t>(number));
            band.name = stageName(number);
            kept.emplace_back(bandRow(band, ""));
        }
        if (!conflict.empty()) note(textOf(m_root, "id"), "stages", "stage-conflict", conflict, false);
        return timetable(std::move(kept), textOf(m_root, "id"), conflict);
    }

private:
    json::Array const* list(std::string_view name) const {
        auto const* rows = json::arrayAt(m_root, name);
        return rows && rows->size() <= kRowsMax ? rows : nullptr;
    }
    void note(std::string row, std::string field, std::string code, std::string text, bool error) {
        m_result.notes.push_back({std::move(row), std::move(field), std::move(code), std::move(text), error});
    }
    /// The row, counted; nothing where it has no id or title, which is told.
    json::Object const* next(json::Value const& each) {
        ++m_result.rows;
        auto const* row = each.asObject();
        if (row && !textOf(*row, "id").empty() && !textOf(*row, "zh").empty()) return row;
        std::string id = row ? textOf(*row, "id") : std::string();
        note(id.empty() ? "#" + std::to_string(m_result.rows) : id, "title", "title-missing", "", true);
        return nullptr;
    }
    static json::Object bandRow(engine::Band const& band, std::string const& printed) {
        json::Object row{{"id", band.id}, {"name", band.name}, {"from", toText(band.from)}, {"to", toText(band.to)}};
        if (!printed.empty()) row.set("printed", printed);
        return row;
    }
    static void widen(std::map<std::int64_t, engine::Band>& stages, std::int64_t number, Day from, Day to) {
        auto const [place, isNew] = stages.emplace(number, engine::Band{"", "", "", from, to});
        if (isNew) return;
        place->second.from = std::min(place->second.from, from);
        place->second.to = std::max(place->second.to, to);
    }
    std::string stageName(std::int64_t number) const {
        if (auto const* stages = json::arrayAt(m_root, "stages")) {
            for (auto const& each : *stages) {
                auto const* stage = each.asObject();
                auto const* is = stage ? json::integerAt(*stage, "stage") : nullptr;
                if (is && *is == number) return textOf(*stage, "zh");
            }
        }
        return std::to_string(number);
    }
    std::string unitNamed(std::string_view name) const {
        for (auto const& unit : m_office.registry().units()) {
            if (!unit.closed && (unit.name == name || unit.id == name)) return unit.id;
        }
        return {};
    }
    Set taskOf(json::Object const& row, std::int64_t const* stage, Day from, Day to) {
        std::string const id = textOf(row, "id"), owner = textOf(row, "owner");
        Set set{{"title", textOf(row, "zh")}, {"kind", "plan"},      {"source", id},
                {"start", toText(from)},      {"due", toText(to)},   {"due_text", textOf(row, "period_text")},
                {"project", textOf(m_root, "title_zh")}};
        if (stage) set.emplace_back("stage", stageName(*stage));
        if (auto const unit = unitNamed(owner); !owner.empty() && !unit.empty()) set.emplace_back("owner", unit);
        else note(id, "owner", "owner-needed", owner, false);
        std::string more;
        for (auto const* each : {"sub_items_zh"}) {
            if (auto const* items = json::arrayAt(row, each)) {
                for (auto const& item : *items) more += (more.empty() ? "" : "\n") + (item.asString() ? *item.asString() : std::string());
            }
        }
        if (!more.empty()) set.emplace_back("note", more);
        return set;
    }
    Result<void> make(std::string_view type, Set set) {
        auto const source = std::find_if(set.begin(), set.end(), [](auto const& each) { return each.first == "source"; });
        if (source != set.end() && m_held.contains(source->second)) {
            ++m_result.known;
            return {};
        }
        if (m_dryRun) return {};
        auto made = m_office.create(type, Scope::college(), set);
        if (!made) return made.error();
        m_result.documents.push_back(made->document);
        return {};
    }
    Result<ImportResult> timetable(json::Array rows, std::string const& source, std::string const& told) {
        std::sort(rows.begin(), rows.end(), [](json::Value const& a, json::Value const& b) {
            return textOf(*a.asObject(), "id") < textOf(*b.asObject(), "id");
        });
        if (!rows.empty()) {
            std::int64_t const known = m_result.known;
            Set set{{"title", textOf(m_root, "title_zh")}, {"kind", "timetable"}, {"source", source}, {"phases", json::encode(json::Value(rows))}};
            if (!told.empty()) set.emplace_back("note", told);
            if (auto made = make("plan", std::move(set)); !made) return made.error();
            m_result.known = known;   // rows are counted, and the timetable is none
        }
        return std::move(m_result);
    }

    Office& m_office;
    json::Object const& m_root;
    bool m_dryRun;
    std::set<std::string> m_held;
    ImportResult m_result;
};

}  // namespace

Result<ImportResult> importPlanning(Office& office, std::string_view kind, std::string_view jsonText, bool dryRun) {
    auto data = model::readData(jsonText);
    if (!data) return data.error();
    auto const* root = data->asObject();
    if (!root) return makeError(ErrorCode::Malformed, "import.form", "not an object");
    PlanningImport import(office, *root, dryRun);
    if (kind == "phases") return import.phases();
    if (kind == "plans") return import.plans();
    return import.roadmap();
}

}  // namespace spiral::office
