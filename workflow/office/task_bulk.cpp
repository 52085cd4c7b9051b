#include "office/task_bulk.h"

#include "grants.h"

#include <algorithm>

namespace spiral::office {

namespace {

bool isBlank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

bool isAmong(std::vector<std::string> const& names, std::string const& name) {
    return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
}

/// The documents that ask for one that nobody has begun: acts about it are signed there.
std::vector<DocumentKey> askingFor(Office& office, TaskLine const& task) {
    std::vector<DocumentKey> asking;
    auto const facts = task.begun ? std::nullopt : office.view().facts(task.key());
    for (auto const& each : facts ? facts->expectedBy : std::vector<replica::Expected>())
        asking.push_back(each.document);
    return asking;
}

Result<void> isWhole(BulkAct const& act) {
    if (isBlank(act.comment)) return makeError(ErrorCode::Usage, "bulk.comment", act.action);
    if (act.action == "extend" && !act.until) return makeError(ErrorCode::Usage, "bulk.until", act.action);
    if (act.action == "assign" && !act.to) return makeError(ErrorCode::Usage, "bulk.person", act.action);
    return {};
}

}  // namespace

Result<TaskSelection> taskSelectionFrom(std::vector<std::string> const& words) {
    TaskSelection selection;
    for (auto const& word : words) {
        auto const equals = word.find('=');
        std::string const name = word.substr(0, equals);
        std::string const value = equals == std::string::npos ? std::string() : word.substr(equals + 1);
        bool const plain = equals == std::string::npos;
        if (plain && name == "all")
            selection.all = true;
        else if (plain && name == "overdue")
            selection.overdue = true;
        else if (plain && name == "stale")
            selection.stale = true;
        else if (plain && name == "no-due")
            selection.noDue = true;
        else if (!value.empty() && name == "unit")
            selection.units.push_back(value);
        else if (!value.empty() && name == "state")
            selection.states.push_back(value);
        else if (!value.empty() && name == "type")
            selection.types.push_back(value);
        else if (!value.empty() && name == "id")
            selection.ids.push_back(value);
        else if (name == "due-before" && parseDay(value))
            selection.dueBefore = parseDay(value);
        else
            return makeError(ErrorCode::Usage, "select.unknown", word);
    }
    if (words.empty()) return makeError(ErrorCode::Usage, "select.nothing");
    return selection;
}

Result<std::vector<TaskLine>> selectTasks(Office& office, TaskSelection const& selection, Day today) {
    std::vector<DocumentKey> named;
    for (auto const& id : selection.ids) {
        auto document = office.resolveId(id);
        if (!document) return document.error();
        named.push_back(*document);
    }
    QualityFilter filter;
    filter.tasks.overdue = selection.overdue;
    filter.tasks.allWork = !selection.types.empty() || !named.empty();
    filter.tasks.dueBefore = selection.dueBefore;
    filter.staleOnly = selection.stale;
    std::vector<TaskLine> selected;
    for (auto& line : qualityList(office, filter, today).lines) {
        if (selection.noDue && line.task.due) continue;
        bool const typed = isAmong(selection.types, line.task.type) ||
                           isAmong(selection.types, std::string(nameWithoutVersion(line.task.type)));
        if (!typed || !isAmong(selection.units, line.task.owner) || !isAmong(selection.states, line.task.state))
            continue;
        if (!named.empty() && std::find(named.begin(), named.end(), line.task.key()) == named.end()) continue;
        selected.push_back(std::move(line.task));
    }
    return selected;
}

Result<std::vector<BulkDone>> signEach(Office& office, std::vector<TaskLine> const& tasks, BulkAct const& act) {
    if (auto whole = isWhole(act); !whole) return whole.error();
    auto const grants = act.to ? grantsInForce(office, *act.to) : std::vector<trust::Grant>();
    std::vector<BulkDone> done;
    for (auto const& task : tasks) {
        BulkDone& each = done.emplace_back();
        each.task = task;
        if (act.to && !rolesAllow(office, grants, "write", task.scope)) {
            each.refused = makeError(ErrorCode::Refused, "bulk.person-without-role", task.scope.text());
            continue;
        }
        StepWanted wanted{.action = act.action, .comment = act.comment, .until = act.until, .person = act.to};
        DocumentKey document = task.key();
        if (auto const asking = askingFor(office, task); !asking.empty()) {
            document = asking.front();
            wanted.parts = {task.doc};
        }
        auto const step = office.step(document, wanted);
        if (step)
            each.record = step->record;
        else
            each.refused = step.error();
    }
    return done;
}

}  // namespace spiral::office
