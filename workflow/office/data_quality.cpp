#include "office/data_quality.h"

#include "engine/calendar.h"
#include "office/fields.h"
#include "office/plans.h"
#include "projector.h"

#include <algorithm>

namespace spiral::office {

namespace {

/// The day of the first revision that stands and of which this holds; by the time that its device claims.
template <class Holds>
std::optional<Day> firstDay(Office& office, DocumentKey const& document, Holds const& holds) {
    auto const facts = office.view().facts(document);
    if (!facts) return std::nullopt;
    std::optional<Instant> first;
    for (auto const& row : facts->rows) {
        auto const* revision = row.revision();
        auto const judged = facts->judgements.find(row.id);
        if (!revision || judged == facts->judgements.end() || !trust::stands(judged->second.verdict)) continue;
        if (holds(revision->fields)) first = first ? std::min(*first, revision->time.wall) : revision->time.wall;
    }
    return first ? std::optional(collegeDay(*first)) : std::nullopt;
}

std::optional<std::int64_t> bounded(std::optional<std::int64_t> value, std::int64_t bound) {
    return value ? std::optional(bound) : std::nullopt;
}

class Gathering {
public:
    Gathering(Office& office, Organisation const& organisation, Day today)
        : m_office(office), m_organisation(organisation), m_today(today) {}

    DataQuality gather() {
        Office::TaskFilter all;
        all.allWork = true;
        all.includeClosed = true;
        for (auto const& line : m_office.tasks(all, m_today)) {
            bool const letGo = line.state == "cancelled" || line.state == "withdrawn" || line.state == kTakenBack ||
                               line.state == kCarriedOver || line.state == "declared-done";
            if (letGo) continue;
            if (line.type.starts_with("task.")) progressOf(line);
            if (line.type.starts_with("point.") || line.type.starts_with("element.")) answerOf(line);
        }
        for (auto const& data : m_organisation.dataDue) groupOf(data);
        judge();
        return std::move(m_quality);
    }

private:
    struct About {
        DataSort sort;
        std::optional<DocumentKey> document;
        std::string title;
    };

    void add(engine::DataEntry entry, About about) {
        entry.id = std::to_string(m_entries.size());
        m_entries.push_back(std::move(entry));
        m_about.push_back(std::move(about));
    }

    /// The last day of the college's year in which something happened.
    Day yearEndAfter(Day day) const {
        auto const end = m_organisation.yearEnd;
        auto const in = [&](int year) {
            std::chrono::year_month_day const whole(std::chrono::year(year), end.month(), end.day());
            return whole.ok() ? Day(whole) : engine::lastOfMonth(year, static_cast<unsigned>(end.month()));
        };
        int const year = static_cast<int>(day.year());
        return in(year) < day ? in(year + 1) : in(year);
    }

    engine::DataEntry entryOf(std::string const& unit, std::optional<Day> due, std::optional<Day> entered) const {
        engine::DataEntry entry;
        entry.unit = unit;
        entry.due = due;
        entry.entered = entered;
        return entry;
    }

    void answerOf(TaskLine const& line) {
        if (!line.due) return;
        std::optional<Day> entered;
        auto const* type = m_office.definitions().type(line.type);
        if (line.answered && type) {
            entered = firstDay(m_office, line.key(), [&](json::Object const& fields) {
                return type->find("result") ? !model::isMissing(fields, "result")
                                            : model::missingFields(*type, fields).empty();
            });
        }
        add(entryOf(line.owner, line.due, entered), {DataSort::Answers, line.key(), line.title});
    }

    void progressOf(TaskLine const& line) {
        if (!line.begun) return;  // a rectification that nobody began is overdue in the list of tasks
        auto const entries = progressEntries(m_office, line.key());
        bool const pastDue = line.due && *line.due < m_today;
        if (entries.empty()) {
            if (line.due && !line.closed) {
                add(entryOf(line.owner, line.due, std::nullopt), {DataSort::TaskProgress, line.key(), line.title});
            }
            return;
        }
        for (auto const& each : entries) {
            Day const yearEnd = yearEndAfter(each.day);
            auto entry = entryOf(line.owner, line.due ? std::max(yearEnd, *line.due) : yearEnd, each.entered);
            entry.value = each.percent;
            entry.lowest = bounded(each.percent, 0);
            entry.highest = bounded(each.percent, 100);
            add(std::move(entry), {DataSort::TaskProgress, line.key(), line.title});
        }
        bool const shows = std::any_of(entries.begin(), entries.end(),
                                       [](engine::ProgressEntry const& each) { return !each.evidence.empty(); });
        if (shows || !(line.closed || pastDue)) return;
        auto const listed = m_office.view().document(line.key());
        auto const shown = m_office.show(line.key());
        bool const other =
            listed && (!textOf(fieldsOf(m_office, *listed), "evidence").empty() || (shown && !shown->files.empty()));
        // Missing from the day of the last entry on, even where the task itself has no due date.
        Day const due = line.due && *line.due < m_today ? *line.due : entries.back().day;
        if (!other) add(entryOf(line.owner, due, std::nullopt), {DataSort::Evidence, line.key(), line.title});
    }

    void groupOf(Organisation::DataDue const& data) {
        std::optional<Day> entered;
        if (data.value && m_organisation.settings) {
            entered = firstDay(m_office, *m_organisation.settings, [&](json::Object const& fields) {
                for (auto const* row : rowsOf(fields, "data_groups")) {
                    bool const same = textOf(*row, "id") == data.group.id && dayOf(*row, "due") == data.due;
                    if (same && numberOf(*row, "value")) return true;
                }
                return false;
            });
        }
        auto entry = entryOf(data.group.unit, data.due, entered);
        entry.value = data.value;
        entry.lowest = data.lowest;
        entry.highest = data.highest;
        add(std::move(entry), {DataSort::Groups, m_organisation.settings, data.group.name});
    }

    void judge() {
        std::map<std::string, UnitData> units;
        for (auto const& entry : m_entries) {
            auto& unit = units[entry.unit];
            unit.unit = entry.unit;
            ++unit.entries;
        }
        for (auto const& remark : engine::checkDataQuality(m_entries, m_today)) {
            auto const number = std::stoul(remark.place.substr(remark.place.rfind('/') + 1));
            auto const& about = m_about[number];
            auto const& unit = m_entries[number].unit;
            auto& counts = units[unit];
            counts.late += remark.code == "organisation.data-late";
            counts.missing += remark.code == "organisation.data-missing";
            counts.outOfRange += remark.code == "organisation.data-range";
            m_quality.findings.push_back({remark.code, unit, about.sort, about.document, about.title, remark.text});
        }
        std::stable_sort(m_quality.findings.begin(), m_quality.findings.end(),
                         [](DataFinding const& a, DataFinding const& b) { return a.unit < b.unit; });
        for (auto& [id, unit] : units) {
            unit.name = m_office.names().unit(id);
            m_quality.units.push_back(std::move(unit));
        }
    }

    Office& m_office;
    Organisation const& m_organisation;
    Day m_today;
    std::vector<engine::DataEntry> m_entries;
    std::vector<About> m_about;
    DataQuality m_quality;
};

}  // namespace

std::string_view nameOf(DataSort sort) noexcept {
    switch (sort) {
        case DataSort::Answers: return "answer";
        case DataSort::TaskProgress: return "progress";
        case DataSort::Evidence: return "evidence";
        case DataSort::Groups: return "group";
    }
    return "";
}

DataQuality dataQuality(Office& office, Organisation const& organisation, Day today) {
    return Gathering(office, organisation, today).gather();
}

}  // namespace spiral::office
