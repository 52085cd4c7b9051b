// The quality office over all units: its list, the rules by which it reminds, and acts on many tasks at once.
#include "office/data_quality.h"
#include "office/quality_list.h"
#include "office/task_bulk.h"
#include "registry_words.h"
#include "remarks.h"

namespace spiral::cli {

namespace {

std::string daysLeftText(office::QualityLine const& line, Job const& job) {
    if (line.dueMissing) return std::string(job.say({"无期限", "no due date"}));
    if (!line.daysLeft) return "";
    if (*line.daysLeft < 0) return job.say({"逾期 {n}", "{n} over"}, {{"n", std::to_string(-*line.daysLeft)}});
    return std::to_string(*line.daysLeft);
}

std::string ageText(office::DataAge const& age, Job const& job) {
    if (age.fromTheFuture) return std::string(job.say({"时钟可疑", "clock?"}));
    if (!age.days) return std::string(job.say({"尚无数据", "nothing yet"}));
    std::string text = job.say({"{n} 天前", "{n} days old"}, {{"n", std::to_string(*age.days)}});
    return age.stale ? std::string(job.say({"陈旧：", "old: "})) + text : text;
}

std::string stateWords(office::QualityLine const& line, Job const& job) {
    auto const& task = line.task;
    std::string text = stateText(task.type, task.state, job.language());
    if (task.saysDone) text += job.say({" 自称完成，无人签认", " says done, unsigned"});
    if (task.differences > 0) text += job.say({" 不同版本", " different"});
    if (task.disputed) text += job.say({" 有争议", " disputed"});
    if (task.changedAfter) text += job.say({" 提交后有修改", " changed after"});
    if (!line.breach.empty()) text += " " + sayReason(line.breach, job.language());
    if (line.unitClosed && line.carriedOn)
        text += job.say({" 部门已撤销，已接续", " unit closed, carried on"});
    else if (line.unitClosed && line.successor.empty())
        text += job.say({" 部门已撤销：请指定接续部门", " unit closed: name a successor"});
    else if (line.unitClosed)
        text += job.say({" 部门已撤销：待接续部门接手", " unit closed: its successor has to take it"});
    if (line.personGone) text += job.say({" 责任人已调离", " whoever had it is gone"});
    if (line.dueBeforeBegun) text += job.say({" 期限早于建立", " due before it began"});
    return text;
}

Json toJson(office::DataAge const& age) {
    Json told = Json::object();
    told.set("days", age.days).set("stale", age.stale).set("clock_suspect", age.fromTheFuture);
    return told;
}

Json toJson(std::map<std::string, int> const& counts) {
    Json told = Json::object();
    for (auto const& [state, number] : counts) told.set(state, number);
    return told;
}

Json toJson(office::QualityLine const& line) {
    auto const& task = line.task;
    Json told = Json::object();
    told.set("id", task.doc.hex()).set("scope", task.scope.text()).set("type", task.type).set("title", task.title);
    told.set("owner", task.owner)
        .set("begun", task.begun)
        .set("person", task.person ? Json(task.person->text()) : Json());
    told.set("owner_name", task.ownerName).set("due", dayJson(task.due)).set("days_left", line.daysLeft);
    told.set("days_overdue", task.daysOverdue).set("state", task.state).set("round", task.round);
    told.set("failed_rounds", task.failedRounds).set("last_action", timeJson(task.lastAction));
    told.set("says_done", task.saysDone).set("disputed", task.disputed).set("changed_after", task.changedAfter);
    told.set("differences", task.differences).set("due_missing", line.dueMissing);
    told.set("due_before_begun", line.dueBeforeBegun).set("data", toJson(line.data));
    told.set("breach", line.breach.empty() ? Json() : Json(line.breach));
    told.set("unit_closed", line.unitClosed).set("successor", line.successor).set("carried_on", line.carriedOn);
    told.set("person_gone", line.personGone);
    return told;
}

Json toJson(office::QualityUnit const& unit) {
    Json told = Json::object();
    told.set("unit", unit.unit.unit).set("name", unit.unit.name).set("newest", timeJson(unit.unit.newest));
    told.set("data", toJson(unit.data)).set("by_state", toJson(unit.byState)).set("open", unit.unit.openTasks);
    told.set("overdue", unit.unit.overdueTasks).set("fine", unit.fine);
    told.set("campus", unit.campus).set("closed", unit.closed).set("successor", unit.successor);
    return told;
}

std::string rulesText(office::Office& office, office::RulesInForce const& rules, Job const& job) {
    if (!rules.from) return std::string(job.say({"程序自带", "the program's own"}));
    std::string const id = office.shortName(*rules.from);
    if (!rules.problem) return id;
    return job.say({"程序自带（{id} 无法采用）", "the program's own ({id} cannot be used)"}, {{"id", id}});
}

Json toJson(office::RulesInForce const& inForce) {
    auto const& rules = inForce.rules;
    auto const timeOfDay = [](std::chrono::minutes minutes) {
        auto const two = [](std::int64_t number) { return (number < 10 ? "0" : "") + std::to_string(number); };
        return two(minutes.count() / 60) + ":" + two(minutes.count() % 60);
    };
    Json before = Json::array();
    for (int days : rules.before) before.add(days);
    Json told = Json::object();
    told.set("document", inForce.from ? Json(inForce.from->doc.hex()) : Json());
    told.set("revision", inForce.revision ? Json(inForce.revision->hex()) : Json());
    told.set("problem", inForce.problem ? Json(inForce.problem->reason) : Json());
    told.set("remind_before", std::move(before)).set("overdue_every", rules.overdueEvery);
    told.set("head_after", rules.headAfter).set("quality_after", rules.qualityAfter);
    told.set("stale_after", rules.staleAfter).set("quiet_from", timeOfDay(rules.quietFrom));
    told.set("quiet_until", timeOfDay(rules.quietUntil)).set("utc_offset", rules.zone.count());
    return told;
}

void showLines(Job& job, office::Office& office, office::QualityList const& list) {
    Table table({{std::string(job.say({"编号", "id"}))},
                 {std::string(job.say({"任务", "task"})), Table::Align::Left, true},
                 {std::string(job.say({"部门", "unit"})), Table::Align::Left, true},
                 {std::string(job.say({"期限", "due"}))},
                 {std::string(job.say({"剩余天数", "days left"})), Table::Align::Right},
                 {std::string(job.say({"状态", "state"})), Table::Align::Left, true},
                 {std::string(job.say({"轮次", "round"})), Table::Align::Right},
                 {std::string(job.say({"未通过", "failed"})), Table::Align::Right},
                 {std::string(job.say({"最近动作", "last action"}))},
                 {std::string(job.say({"部门数据", "unit's data"}))}});
    for (auto const& line : list.lines) {
        auto const& task = line.task;
        table.add({office.shortName(task.key()), task.title, task.ownerName, dayText(task.due), daysLeftText(line, job),
                   stateWords(line, job), std::to_string(task.round), std::to_string(task.failedRounds),
                   task.lastAction ? localTime(*task.lastAction) : "-", ageText(line.data, job)});
    }
    if (!table.empty()) job.lines(table.text(job.width()));
}

void showUnits(Job& job, office::QualityList const& list, std::optional<std::string> const& only) {
    Table table({{std::string(job.say({"部门", "unit"})), Table::Align::Left, true},
                 {std::string(job.say({"数据", "data"}))},
                 {std::string(job.say({"未完", "open"})), Table::Align::Right},
                 {std::string(job.say({"逾期", "overdue"})), Table::Align::Right},
                 {std::string(job.say({"正常", "fine"}))}});
    for (auto const& unit : list.units) {
        if (only && unit.unit.unit != *only) continue;
        // What is old says nothing about today: neither yes nor no.
        std::string_view const fine = unit.data.stale ? "?"
                                      : unit.fine     ? job.say({"是", "yes"})
                                                      : job.say({"否", "no"});
        table.add({unit.unit.name, ageText(unit.data, job), std::to_string(unit.unit.openTasks),
                   std::to_string(unit.unit.overdueTasks), std::string(fine)});
    }
    if (!table.empty()) job.lines(table.text(job.width()));
}

Result<int> list(Job& job) {
    office::QualityFilter filter;
    filter.tasks.overdue = job.arguments.has("--overdue");
    filter.tasks.unit = job.arguments.value("--unit");
    filter.tasks.includeClosed = job.arguments.has("--all");
    filter.staleOnly = job.arguments.has("--stale");
    filter.tasks.allWork = !job.arguments.has("--tasks");
    if (auto const told = job.arguments.value("--due-before")) {
        SPIRAL_GIVE(day, dayFrom(*told));
        filter.tasks.dueBefore = day;
    }
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    auto const list = office::qualityList(*office, filter, job.today());
    if (job.json()) {
        Json lines = Json::array(), units = Json::array();
        for (auto const& line : list.lines) lines.add(toJson(line));
        for (auto const& unit : list.units) units.add(toJson(unit));
        Json told = Json::object();
        told.set("today", toText(list.today)).set("rules", toJson(list.rules)).set("tasks", std::move(lines));
        told.set("units", std::move(units)).set("by_state", toJson(list.byState)).set("overdue", list.overdue);
        told.set("stale", list.stale).set("due_missing", list.dueMissing);
        told.set("fine_units", list.fineUnits).set("stale_units", list.staleUnits);
        told.set("breaches", cli::toJson(list.breaches));
        Json campuses = Json::object();
        for (auto const& [campus, counts] : list.byCampus) {
            Json one = Json::object();
            one.set("units", counts.units).set("open", counts.open).set("overdue", counts.overdue);
            campuses.set(campus, one.set("stale_units", counts.staleUnits));
        }
        told.set("unit_closed", list.unitClosed)
            .set("person_gone", list.personGone)
            .set("by_campus", std::move(campuses));
        job.answer(told);
        return status::kDone;
    }
    showLines(job, *office, list);
    std::string states;
    for (auto const& [state, number] : list.byState) {
        states += std::string(listMark(job.language())) + stateText("task.v1", state, job.language()) + " " +
                  std::to_string(number);
    }
    job.tell({"截至 {today}：{n} 项{states}；逾期 {over}，无期限 {none}，数据陈旧 {stale}",
              "As of {today}: {n} task(s){states}; {over} overdue, {none} without due date, {stale} on old data"},
             {{"today", toText(list.today)},
              {"n", std::to_string(list.lines.size())},
              {"states", states},
              {"over", std::to_string(list.overdue)},
              {"none", std::to_string(list.dueMissing)},
              {"stale", std::to_string(list.stale)}});
    if (!list.breaches.empty()) {
        job.line();
        job.heading(job.say({"签署违反机构规定的", "Signed against the organisation's rules"}));
        tellRemarks(job, *office, list.breaches);
    }
    if (list.unitClosed + list.personGone > 0) {
        job.tell({"无人负责：部门已撤销 {closed} 项，责任人已调离 {gone} 项",
                  "Nobody has: {closed} of closed units, {gone} whose person is gone"},
                 {{"closed", std::to_string(list.unitClosed)}, {"gone", std::to_string(list.personGone)}});
    }
    job.line();
    showUnits(job, list, filter.tasks.unit);
    job.tell({"正常部门 {fine} 个；数据陈旧 {stale} 个，不计为正常（超过 {days} 天；规则：{rules}）",
              "{fine} unit(s) fine; {stale} on old data and not counted as fine (over {days} days; rules: {rules})"},
             {{"fine", std::to_string(list.fineUnits)},
              {"stale", std::to_string(list.staleUnits)},
              {"days", std::to_string(list.rules.rules.staleAfter)},
              {"rules", rulesText(*office, list.rules, job)}});
    return status::kDone;
}

std::string sortText(office::DataSort sort, Job const& job) {
    switch (sort) {
        case office::DataSort::Answers: return std::string(job.say({"诊断结论", "answer"}));
        case office::DataSort::TaskProgress: return std::string(job.say({"任务进展", "progress"}));
        case office::DataSort::Evidence: return std::string(job.say({"佐证材料", "evidence"}));
        case office::DataSort::Groups: return std::string(job.say({"基础数据", "data group"}));
    }
    return "";
}

Result<int> data(Job& job) {
    auto const only = job.arguments.value("--unit");
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    auto const quality = office::dataQuality(*office, office::organisationOf(*office), job.today());
    Json units = Json::array(), findings = Json::array();
    Table counts({{std::string(job.say({"部门", "unit"})), Table::Align::Left, true},
                  {std::string(job.say({"应报", "looked at"})), Table::Align::Right},
                  {std::string(job.say({"迟报", "late"})), Table::Align::Right},
                  {std::string(job.say({"缺报", "missing"})), Table::Align::Right},
                  {std::string(job.say({"超范围", "out of range"})), Table::Align::Right}});
    Table lines({{std::string(job.say({"部门", "unit"})), Table::Align::Left, true},
                 {std::string(job.say({"种类", "what"}))},
                 {std::string(job.say({"数据", "of"})), Table::Align::Left, true},
                 {std::string(job.say({"问题", "how"})), Table::Align::Left, true},
                 {std::string(job.say({"内容", "as it stands"})), Table::Align::Left, true}});
    int late = 0, missing = 0, outOfRange = 0;
    for (auto const& unit : quality.units) {
        if (only && unit.unit != *only) continue;
        late += unit.late;
        missing += unit.missing;
        outOfRange += unit.outOfRange;
        counts.add({unit.name, std::to_string(unit.entries), std::to_string(unit.late), std::to_string(unit.missing),
                    std::to_string(unit.outOfRange)});
        Json one = Json::object();
        one.set("unit", unit.unit).set("name", unit.name).set("entries", unit.entries).set("late", unit.late);
        units.add(one.set("missing", unit.missing).set("out_of_range", unit.outOfRange));
    }
    for (auto const& finding : quality.findings) {
        if (only && finding.unit != *only) continue;
        lines.add({office->names().unit(finding.unit), sortText(finding.sort, job),
                   (finding.document ? office->shortName(*finding.document) + " " : "") + finding.title,
                   sayReason(finding.code, job.language()), finding.text});
        Json one = Json::object();
        one.set("code", finding.code).set("unit", finding.unit).set("sort", nameOf(finding.sort));
        one.set("document", finding.document ? Json(finding.document->doc.hex()) : Json());
        findings.add(one.set("title", finding.title).set("text", finding.text));
    }
    Json told = Json::object();
    told.set("today", toText(job.today())).set("units", std::move(units)).set("findings", std::move(findings));
    job.answer(told.set("late", late).set("missing", missing).set("out_of_range", outOfRange));
    if (!lines.empty()) job.lines(lines.text(job.width()));
    if (!counts.empty()) {
        job.line();
        job.lines(counts.text(job.width()));
    }
    job.tell({"截至 {today}：迟报 {late}，缺报 {missing}，超范围 {range}",
              "As of {today}: {late} late, {missing} missing, {range} out of range"},
             {{"today", toText(job.today())},
              {"late", std::to_string(late)},
              {"missing", std::to_string(missing)},
              {"range", std::to_string(outOfRange)}});
    return status::kDone;
}

Result<int> rules(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    auto const inForce = office::deadlineRules(*office);
    job.answer(toJson(inForce));
    auto const& rules = inForce.rules;
    std::string before;
    for (int days : rules.before)
        before += (before.empty() ? "" : std::string(listMark(job.language()))) + std::to_string(days);
    job.tell({"现行规则：{rules}", "Rules in force: {rules}"}, {{"rules", rulesText(*office, inForce, job)}});
    if (inForce.problem) {
        auto const said = say(*inForce.problem, job.language(), "");
        job.tell({"  {text}", "  {text}"}, {{"text", said.text}});
        job.tell({"→ {next}", "→ {next}"}, {{"next", said.next}});
    }
    job.tell({"  到期前 {before} 天提醒；逾期后每 {every} 天提醒",
              "  Reminders {before} days before; once overdue every {every} day(s)"},
             {{"before", before}, {"every", std::to_string(rules.overdueEvery)}});
    job.tell({"  逾期 {head} 天告知部门负责人，{quality} 天告知质控办",
              "  After {head} days overdue the head hears of it, after {quality} the quality office"},
             {{"head", std::to_string(rules.headAfter)}, {"quality", std::to_string(rules.qualityAfter)}});
    job.tell({"  部门数据超过 {stale} 天算陈旧", "  A unit's data is old after {stale} days"},
             {{"stale", std::to_string(rules.staleAfter)}});
    return status::kDone;
}

/// remind, assign, extend: the last word of the command's name.
Result<int> bulk(Job& job) {
    office::BulkAct act;
    act.action = job.command.name.substr(job.command.name.rfind(' ') + 1);
    act.comment = job.arguments.value("--comment").value_or("");
    if (auto const told = job.arguments.value("--until")) {
        SPIRAL_GIVE(day, dayFrom(*told));
        act.until = day;
    }
    SPIRAL_GIVE(selection, office::taskSelectionFrom(job.arguments.values("--select")));
    bool const rehearsal = job.arguments.has("--dry-run");
    SPIRAL_GIVE(office, job.office(rehearsal ? replica::Access::Read : replica::Access::Write));
    if (auto const told = job.arguments.value("--to")) {
        SPIRAL_GIVE(person, personFrom(*office, *told));
        act.to = person;
    }
    SPIRAL_GIVE(tasks, office::selectTasks(*office, selection, job.today()));
    std::string const action = actionText("task.v1", act.action, job.language());
    if (!rehearsal && !tasks.empty() && job.surroundings.inputIsTerminal && !job.json()) {
        SPIRAL_GIVE(yes, job.agreed(job.say({"对 {n} 项任务签署“{action}”，每项一条记录？",
                                             "Sign “{action}” for {n} task(s), a record each?"},
                                            {{"n", std::to_string(tasks.size())}, {"action", action}})));
        if (!yes) return makeError(ErrorCode::Refused, "usage.not-agreed");
    }
    std::vector<office::BulkDone> done;
    if (rehearsal) {
        for (auto& task : tasks) done.push_back({std::move(task), {}, {}});
    } else {
        SPIRAL_GIVE(signed_, office::signEach(*office, tasks, act));
        done = std::move(signed_);
    }
    Json lines = Json::array();
    int refused = 0, records = 0;
    for (auto const& each : done) {
        refused += each.refused.has_value();
        records += each.record.has_value();
        std::string const id = office->shortName(each.task.key());
        Json line = Json::object();
        line.set("id", each.task.doc.hex()).set("scope", each.task.scope.text()).set("title", each.task.title);
        line.set("record", each.record ? Json(each.record->hex()) : Json());
        if (each.refused) {
            auto const said = say(*each.refused, job.language(), "");
            line.set("refused", each.refused->reason).set("message", said.text);
            job.line("  " + id + " " + clean(each.task.title) + "  " + std::string(job.say({"未签：", "refused: "})) +
                     said.text);
        } else {
            job.line("  " + id + " " + clean(each.task.title) + "  " + dayText(each.task.due) +
                     (act.until ? " → " + toText(*act.until) : ""));
        }
        lines.add(std::move(line));
    }
    Json told = Json::object();
    told.set("action", act.action).set("selected", done.size()).set("signed", records).set("refused", refused);
    told.set("tasks", std::move(lines));
    job.answer(told);
    if (rehearsal) {
        job.tell({"将对 {n} 项签署“{action}”；没有签名。",
                  "“{action}” would be signed for {n} task(s); nothing was signed."},
                 {{"n", std::to_string(done.size())}, {"action", action}});
    } else {
        job.tell(
            {"已签名：{action}，{n} 条记录；未签 {refused} 项", "Signed: {action}, {n} record(s); {refused} refused"},
            {{"action", action}, {"n", std::to_string(records)}, {"refused", std::to_string(refused)}});
    }
    return refused > 0 ? status::kRefused : status::kDone;
}

std::vector<Option> bulkOptions(std::vector<Option> more) {
    std::vector<Option> options{{.name = "--select",
                                 .value = "FILTER",
                                 .what = {"哪些任务：all overdue stale no-due unit=U state=S type=T due-before=D "
                                          "id=ID；可多个，同类任一、异类同时满足",
                                          "which tasks: all overdue stale no-due unit=U state=S type=T due-before=D "
                                          "id=ID; several: any of a sort, all "
                                          "sorts"},
                                 .required = true,
                                 .many = true,
                                 .completes = Completes::Words,
                                 .words = "all overdue stale no-due unit= state= type= due-before= id="},
                                {.name = "--comment",
                                 .value = "T",
                                 .what = {"说明理由，写入每条记录", "why; it stands in each record"},
                                 .required = true}};
    options.insert(options.end(), more.begin(), more.end());
    options.push_back({.name = "--dry-run", .what = {"只列出会签署哪些任务", "only list the tasks that are meant"}});
    return options;
}

}  // namespace

std::vector<Command> qualityCommands() {
    Text const bulkMore{
        "每项任务各签一条记录，写明理由，永久可见；其中一项不能签不影响其他各项。须有部门负责人或质控办角色。",
        "Each task gets a signed record of its own with the reason, visible for ever; one that is refused "
        "stops none of the others. Needs the role of a head or of the quality office."};
    return {
        {.name = "quality list",
         .summary = {"质控办清单：全部部门未完任务、剩余天数、轮次、最近动作，及数据新旧",
                     "every open task of all units: days left, rounds, last action, age of the unit's data"},
         .options = {{.name = "--overdue", .what = {"只列逾期的", "overdue only"}},
                     {.name = "--stale", .what = {"只列数据陈旧的部门的", "of units whose data is old"}},
                     {.name = "--unit", .value = "U", .what = {"只列此部门", "of this unit"}},
                     {.name = "--due-before", .value = "D", .what = {"期限早于此日", "due before this day"}},
                     {.name = "--all", .what = {"包括已完结的", "closed ones too"}}},
         .more =
             {"数据陈旧、时钟可疑或从未送来数据的部门不会显示为正常。多少天算陈旧由质控办的期限提醒规则规定。",
              "A unit whose data is old, whose clock is wrong or of which nothing ever came is never shown as fine. "
              "How many days are old is for the college's deadline rules to say."},
         .examples = {{"spiral quality list --overdue", {"全校逾期任务", "everything overdue"}},
                      {"spiral quality list --stale --json", {"哪些行靠不住", "lines that rest on old data"}}},
         .run = list},
        {.name = "quality data",
         .summary = {"各部门源头数据的质量：迟报、缺报、超范围",
                     "the quality of source data, unit by unit: late, missing, out of range"},
         .options = {{.name = "--unit", .value = "U", .what = {"只列此部门", "of this unit"}}},
         .more =
             {"数据指诊断结论、任务进展与佐证、机构设置中有期限的基础数据分组。何时录入按写入它的版本算，不按人填的日期"
              "；迟报三个月的"
              "不会算作按时。",
              "Data are answers to diagnosis points, progress of tasks with its evidence, and the groups of base data "
              "that the settings give a due date. When something was entered is read from the revision that holds it, "
              "never from a day that somebody typed: what came three months late does not count as in time."},
         .examples = {{"spiral quality data", {"全部部门", "all units"}},
                      {"spiral quality data --unit jwc --json", {"一个部门，供程序用", "one unit, for programs"}}},
         .run = data},
        {.name = "quality rules",
         .summary = {"现行的期限提醒规则", "the deadline rules in force"},
         .more = {"规则是全校范围内的一份文档（deadline-rules），由另一人审批后生效；没有时用程序自带的。",
                  "The rules are a document of the college (deadline-rules) and hold once another person has approved "
                  "them; without one the program's own do."},
         .examples =
             {{"spiral quality rules", {"查看", "show them"}},
              {"spiral doc new deadline-rules --scope college --set title=2026年规则 --set remind_before=30,7,1",
               {"起草新规则，再提交、由他人审批", "draft new ones; then submit, and another approves"}}},
         .run = rules},
        {.name = "task remind",
         .summary = {"催办多项任务，每项一条签名记录", "remind of many tasks, a signed record each"},
         .options = bulkOptions({}),
         .more = bulkMore,
         .examples = {{"spiral task remind --select overdue --comment 请于本周内完成",
                       {"催办全部逾期的", "of all that is overdue"}},
                      {"spiral task remind --select unit=jwc --select due-before=2026-07-01 --comment 临近期限",
                       {"催办一个部门近期的", "of what one unit has due soon"}}},
         .run = bulk},
        {.name = "task assign",
         .summary = {"把多项任务指派给一人", "put one person in charge of many tasks"},
         .options = bulkOptions({{.name = "--to",
                                  .value = "PERSON",
                                  .what = {"责任人：姓名或编号", "the person, by name or id"},
                                  .required = true}}),
         .more = bulkMore,
         .examples = {{"spiral task assign --select id=3f2a --to 李 --comment 原责任人调岗",
                       {"换人", "another person"}},
                      {"spiral task assign --select unit=jwc --select state=failed --to 李 --comment 专人整改",
                       {"未通过的交专人", "what failed goes to one person"}}},
         .run = bulk},
        {.name = "task extend",
         .summary = {"调整多项任务的期限", "move the deadline of many tasks"},
         .options =
             bulkOptions({{.name = "--until", .value = "D", .what = {"新期限", "the new deadline"}, .required = true}}),
         .more = bulkMore,
         .examples = {{"spiral task extend --select unit=jwc --until 2026-07-31 --comment 机房改造",
                       {"一个部门整体顺延", "all of one unit"}},
                      {"spiral task extend --select overdue --until 2026-07-31 --comment 停电 --dry-run",
                       {"先看会涉及哪些", "first see which"}}},
         .run = bulk},
    };
}

}  // namespace spiral::cli
