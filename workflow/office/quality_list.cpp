#include "office/quality_list.h"

#include "grants.h"
#include "office/signing_rules.h"
#include "office/units.h"

#include <algorithm>

namespace spiral::office {

namespace {

/// A day ahead is another zone or a clock a little off; more is a wrong clock.
constexpr int kDaysAheadMax = 1;

bool isOfThisPerson(Office& office, std::string const& unit) {
    auto const person = office.replica().person();
    if (!person || !isNameToken(unit)) return false;
    auto const grants = grantsInForce(office, *person);
    Scope const scope = Scope::unit(unit);
    return std::any_of(grants.begin(), grants.end(),
                       [&](trust::Grant const& grant) { return grant.role.scope == scope; });
}

/// Whether the task was overdue on the day it was first written. A row of a printed table brings its date along.
bool wasDueBeforeBegun(Office& office, TaskLine const& task, engine::DeadlineRules const& rules) {
    // What is asked for has the day of whoever asks.
    if (!task.source.empty() || !task.rule.empty() || !task.begun) return false;
    std::optional<Instant> first;
    for (auto const& item : office.view().items(task.key())) {
        if (item.item.kind == trust::Item::Kind::Revision) first = first ? std::min(*first, item.time) : item.time;
    }
    return first && *task.due < engine::dayAt(*first, rules.zone);
}

/// Whether it goes on by its nature, so that no due date is missing.
bool goesOn(Office& office, TaskLine const& task) {
    auto const listed = office.view().document(task.key());
    auto const summary = listed ? json::parse(listed->row.summary) : Result<json::Value>(Error{});
    auto const* progress = summary && summary->asObject() ? json::stringAt(*summary->asObject(), "progress") : nullptr;
    return progress && *progress == "ongoing";
}

QualityLine lineOf(Office& office, TaskLine task, Day today, engine::DeadlineRules const& rules) {
    QualityLine line;
    bool const isDue = !task.closed && task.state != "declared-done";
    if (isDue && task.due) {
        line.daysLeft = engine::daysBetween(today, *task.due);
        line.dueBeforeBegun = task.daysOverdue > 0 && wasDueBeforeBegun(office, task, rules);
    }
    line.dueMissing = isDue && !task.due && !goesOn(office, task);
    line.task = std::move(task);
    return line;
}

bool passes(QualityLine const& line, QualityFilter const& filter) {
    if (filter.staleOnly && !line.data.stale) return false;
    if (filter.tasks.overdue && line.task.daysOverdue == 0) return false;
    if (filter.tasks.unit && line.task.owner != *filter.tasks.unit) return false;
    if (filter.tasks.dueBefore && (!line.task.due || *line.task.due >= *filter.tasks.dueBefore)) return false;
    return filter.tasks.includeClosed || !line.task.closed;
}

}  // namespace

DataAge dataAge(Office& office, UnitAge const& unit, Day today, engine::DeadlineRules const& rules) {
    DataAge age;
    if (unit.newest) {
        age.days = engine::daysBetween(engine::dayAt(*unit.newest, rules.zone), today);
        age.fromTheFuture = *age.days < -kDaysAheadMax;
        age.days = std::max(*age.days, 0);
    }
    // Nothing of this person's own unit is missing on her own machine because she was quiet.
    bool const own = isOfThisPerson(office, unit.unit);
    age.stale = age.fromTheFuture || (!own && (!age.days || *age.days > rules.staleAfter));
    return age;
}

QualityList qualityList(Office& office, QualityFilter const& filter, Day today) {
    QualityList list;
    list.today = today;
    list.rules = deadlineRules(office);
    auto const& rules = list.rules.rules;

    std::map<std::string, trust::Unit> registered;
    for (auto& unit : office.registry().empty() ? std::vector<trust::Unit>() : office.registry().units())
        registered.emplace(unit.id, std::move(unit));
    auto const next = office.registry().empty() ? std::map<std::string, std::string>() : successors(office);
    std::map<std::pair<PersonId, Scope>, bool> works;  // thousands of lines, few people
    std::map<std::string, std::size_t> places;
    for (auto& age : office.heardOf()) {
        places.emplace(age.unit, list.units.size());
        QualityUnit unit;
        if (auto const found = registered.find(age.unit); found != registered.end()) {
            unit.campus = found->second.campus;
            unit.closed = found->second.closed;
        }
        if (auto const found = next.find(age.unit); found != next.end()) unit.successor = found->second;
        unit.data = dataAge(office, age, today, rules);
        unit.fine = !unit.data.stale;
        unit.unit = std::move(age);
        list.units.push_back(std::move(unit));
    }

    list.breaches = breachesOf(office, organisationOf(office));
    std::map<std::string_view, std::string_view> breached;
    for (auto const& remark : list.breaches) breached.emplace(remark.place, remark.code);
    // Also of what is closed, or no task at all: nobody's unit is fine while it stands.
    for (auto const& [document, code] : breached) {
        for (auto const& key : office.view().find(document)) {
            auto const listed = office.view().document(key);
            auto const place = listed ? places.find(listed->row.owner) : places.end();
            if (place != places.end()) list.units[place->second].fine = false;
        }
    }

    Office::TaskFilter all;
    all.includeClosed = filter.tasks.includeClosed;
    all.allWork = filter.tasks.allWork;
    for (auto& task : office.tasks(all, today)) {
        QualityLine line = lineOf(office, std::move(task), today, rules);
        if (!breached.empty()) {
            auto const breach = breached.find(line.task.doc.hex());
            if (breach != breached.end()) line.breach = breach->second;
        }
        bool const isOpen = !line.task.closed && line.task.state != "declared-done";
        auto const place = places.find(line.task.owner);
        if (auto const unit = registered.find(line.task.owner); isOpen && unit != registered.end()) {
            line.unitClosed = unit->second.closed;
            if (auto const found = next.find(unit->first); found != next.end()) line.successor = found->second;
        }
        if (isOpen && line.task.person) {
            auto const [known, isNew] = works.try_emplace(std::pair(*line.task.person, line.task.scope));
            if (isNew) known->second = mayWorkIn(office, *line.task.person, line.task.scope);
            line.personGone = !known->second;
        }
        line.carriedOn = line.unitClosed && line.task.person && !line.personGone;
        // Of a unit that is not in the registry nothing was ever heard.
        line.data.stale = true;
        if (place != places.end()) {
            auto& unit = list.units[place->second];
            line.data = unit.data;
            unit.unit.openTasks += !line.task.closed && line.task.state != "declared-done";
            unit.unit.overdueTasks += line.task.daysOverdue > 0;
            if (!line.task.closed) ++unit.byState[line.task.state];
            if (line.task.daysOverdue > 0 || line.task.failedRounds > 0 || line.dueMissing) {
                unit.fine = unit.fine && line.task.closed;
            }
            if (line.personGone || (line.unitClosed && !line.carriedOn)) unit.fine = false;
        }
        if (!passes(line, filter)) continue;
        ++list.byState[line.task.state];
        list.overdue += line.task.daysOverdue > 0;
        list.stale += line.data.stale;
        list.dueMissing += line.dueMissing;
        list.unitClosed += line.unitClosed && !line.carriedOn;
        list.personGone += line.personGone;
        list.lines.push_back(std::move(line));
    }
    for (auto const& unit : list.units) {
        bool const isOver = unit.closed && unit.unit.openTasks == 0;
        list.fineUnits += unit.fine && !isOver;
        list.staleUnits += unit.data.stale && !isOver;
        if (isOver) continue;
        auto& campus = list.byCampus[unit.campus];
        ++campus.units;
        campus.open += unit.unit.openTasks;
        campus.overdue += unit.unit.overdueTasks;
        campus.staleUnits += unit.data.stale;
    }
    return list;
}

}  // namespace spiral::office
