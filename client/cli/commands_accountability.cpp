// Who answers for what: undone at the end of a day, and findings with their receipts.
#include "office/accountability.h"
#include "registry_words.h"

#include "engine/calendar.h"

namespace spiral::cli {

namespace {

std::string systemText(std::string_view system, Language language) {
    json::Value const value{std::string(system)};
    auto const* type = model::TypeCatalogue::builtIn().find("finding");
    auto const* routes = type ? type->find("routes") : nullptr;
    auto const* column = routes ? routes->column("system") : nullptr;
    for (std::size_t i = 0; column && i < column->choices.size(); ++i) {
        if (column->choices[i] == system)
            return language == Language::Chinese ? column->choiceLabels[i].zh : column->choiceLabels[i].en;
    }
    return clean(system);
}

Json toJson(office::UndoneLine const& line, office::Names const& names) {
    Json told = Json::object();
    told.set("id", line.document.doc.hex()).set("scope", line.document.scope.text()).set("type", line.type);
    told.set("title", line.title).set("owner", line.owner).set("owner_name", line.ownerName);
    told.set("person", line.person ? Json(line.person->text()) : Json());
    told.set("person_name", line.person ? Json(names.person(*line.person)) : Json());
    told.set("state", line.state).set("due", toText(line.due)).set("days_overdue", line.daysOverdue);
    told.set("round", line.round).set("failed_rounds", line.failedRounds).set("begun", line.begun);
    told.set("closed_since", line.closedSince);
    return told;
}

Result<int> accountability(Job& job) {
    Day at = engine::addDays(job.today(), -1);
    if (auto const told = job.arguments.value("--at")) {
        SPIRAL_GIVE(day, dayFrom(*told));
        at = day;
    }
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    auto const undone = office::undoneAt(*office, at, job.arguments.value("--unit"));
    auto const& names = office->names();
    if (job.json()) {
        Json lines = Json::array(), units = Json::object();
        for (auto const& line : undone.lines) lines.add(toJson(line, names));
        for (auto const& [unit, number] : undone.byUnit) units.set(unit, number);
        Json told = Json::object();
        told.set("at", toText(undone.at)).set("undone", std::move(lines)).set("by_unit", std::move(units));
        told.set("done", undone.done).set("cancelled", undone.cancelled).set("not_yet_due", undone.notYetDue);
        told.set("without_due", undone.withoutDue);
        job.answer(told);
        return status::kDone;
    }
    Table table({{std::string(job.say({"编号", "id"}))},
                 {std::string(job.say({"任务", "task"})), Table::Align::Left, true},
                 {std::string(job.say({"部门", "unit"})), Table::Align::Left, true},
                 {std::string(job.say({"责任人", "person"})), Table::Align::Left, true},
                 {std::string(job.say({"期限", "due"}))},
                 {std::string(job.say({"逾期天数", "days over"})), Table::Align::Right},
                 {std::string(job.say({"未通过", "failed"})), Table::Align::Right},
                 {std::string(job.say({"当日状态", "state then"})), Table::Align::Left, true}});
    for (auto const& line : undone.lines) {
        std::string state = stateText(line.type, line.state, job.language());
        if (line.closedSince) state += job.say({" 其后已完结", " closed since"});
        table.add({office->shortName(line.document), line.title, line.ownerName,
                   line.person ? names.person(*line.person) : "", toText(line.due), std::to_string(line.daysOverdue),
                   std::to_string(line.failedRounds), state});
    }
    if (!table.empty()) job.lines(table.text(job.width()));
    for (auto const& [unit, number] : undone.byUnit) {
        job.tell({"  {unit}：{n} 项", "  {unit}: {n}"},
                 {{"unit", clean(names.unit(unit))}, {"n", std::to_string(number)}});
    }
    job.tell(
        {"到 {at} 日终：到期未完成 {n} 项；已完成 {done}，已取消 {cancelled}（不计），未到期 {later}，无期限 {none}",
         "At the end of {at}: {n} due and undone; {done} done, {cancelled} cancelled (not counted), {later} not yet "
         "due, {none} without due date"},
        {{"at", toText(undone.at)},
         {"n", std::to_string(undone.lines.size())},
         {"done", std::to_string(undone.done)},
         {"cancelled", std::to_string(undone.cancelled)},
         {"later", std::to_string(undone.notYetDue)},
         {"none", std::to_string(undone.withoutDue)}});
    return status::kDone;
}

Result<int> findingNew(Job& job) {
    office::FindingWanted wanted;
    wanted.title = job.arguments.value("--title").value_or("");
    wanted.text = job.arguments.value("--text").value_or("");
    wanted.source = job.arguments.value("--source").value_or("");
    for (auto const& to : job.arguments.values("--to")) {
        auto const equals = to.find('=');
        if (equals == std::string::npos) return makeError(ErrorCode::Usage, "finding.route-form", to);
        wanted.routes.emplace_back(to.substr(0, equals), to.substr(equals + 1));
    }
    if (auto const told = job.arguments.value("--due")) {
        SPIRAL_GIVE(day, dayFrom(*told));
        wanted.due = day;
    }
    SPIRAL_GIVE(office, job.office(replica::Access::Write));
    if (auto const told = job.arguments.value("--task")) {
        SPIRAL_GIVE(task, office->resolveId(*told));
        wanted.task = task;
    }
    SPIRAL_GIVE(done, office::routeFinding(*office, wanted));
    Json told = Json::object();
    told.set("id", done.document.doc.hex()).set("record", done.record.hex()).set("state", done.state);
    job.answer(told);
    job.tell({"已传递：{id}，待 {n} 个部门签收（记录 {record}）",
              "Routed: {id}, to be received {n} time(s) (record {record})"},
             {{"id", office->shortName(done.document)},
              {"n", std::to_string(wanted.routes.size())},
              {"record", shortId(done.record)}});
    return status::kDone;
}

std::string routeText(office::FindingRoute const& route, office::Names const& names, Job const& job) {
    if (route.received) {
        auto const person = PersonId::parse(route.by);
        return job.say(
            {"已签收 {who} {when}", "received by {who} {when}"},
            {{"who", person ? clean(names.person(*person)) : ""}, {"when", route.when ? localTime(*route.when) : ""}});
    }
    if (route.hidden) return std::string(job.say({"本机读不到该部门", "of a unit that this device does not read"}));
    return std::string(route.outdated ? job.say({"只签收过旧版，待再签收", "an earlier version was received"})
                                      : job.say({"未签收", "not received"}));
}

Result<int> findingList(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    auto const& names = office->names();
    bool const onlyOpen = job.arguments.has("--unreceived");
    Json all = Json::array();
    std::size_t shown = 0, unreceived = 0;
    for (auto const& line : office::findings(*office)) {
        unreceived += line.unreceived();
        if (onlyOpen && !line.unreceived()) continue;
        ++shown;
        Json routes = Json::array();
        job.line(office->shortName(line.document) + "  " + clean(line.title) +
                 (line.due ? "  " + toText(*line.due) : "") +
                 std::string(line.withoutTask ? job.say({"  无整改任务", "  without a task"}) : ""));
        for (auto const& route : line.routes) {
            job.line("    " + systemText(route.system, job.language()) + " " + clean(route.unitName) + "  " +
                     routeText(route, names, job));
            Json one = Json::object();
            one.set("system", route.system).set("unit", route.unit).set("received", route.received);
            one.set("outdated", route.outdated)
                .set("hidden", route.hidden)
                .set("by", route.by)
                .set("when", timeJson(route.when));
            routes.add(std::move(one));
        }
        Json told = Json::object();
        told.set("id", line.document.doc.hex())
            .set("title", line.title)
            .set("text", line.text)
            .set("source", line.source);
        told.set("due", dayJson(line.due)).set("revision", line.revision.hex()).set("unreceived", line.unreceived());
        told.set("without_task", line.withoutTask).set("routes", std::move(routes));
        all.add(std::move(told));
    }
    job.answer(all);
    job.tell({"{n} 项发现，其中未全部签收 {open} 项", "{n} finding(s), {open} not received by all"},
             {{"n", std::to_string(shown)}, {"open", std::to_string(unreceived)}});
    return status::kDone;
}

Result<int> findingReceive(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Write));
    SPIRAL_GIVE(finding, office->resolveId(job.arguments[0]));
    SPIRAL_GIVE(done, office::receiveFinding(*office, finding, job.arguments.value("--answer").value_or("")));
    Json receipts = Json::array();
    for (auto const& each : done) {
        Json one = Json::object();
        one.set("id", each.document.doc.hex())
            .set("scope", each.document.scope.text())
            .set("record", each.record.hex());
        receipts.add(std::move(one));
        job.tell({"已签收（{scope}，记录 {record}）", "Received ({scope}, record {record})"},
                 {{"scope", scopeText(each.document.scope, office->names(), job.language())},
                  {"record", shortId(each.record)}});
    }
    job.answer(receipts);
    return status::kDone;
}

}  // namespace

std::vector<Command> accountabilityCommands() {
    return {
        {.name = "accountability",
         .summary = {"问责清单：某日日终到期、未完成、未取消的任务",
                     "what was due, not done and not cancelled at the end of a day"},
         .options = {{.name = "--at",
                      .value = "D",
                      .what = {"哪一天的日终；默认昨天", "at the end of which day; default yesterday"}},
                     {.name = "--unit", .value = "U", .what = {"只列此部门", "of this unit"}}},
         .more =
             {"按当日的情形计算：其后才完成、取消或延期的，当日仍算未完成。取消的不算失职。",
              "As things stood then: what was done, cancelled or given more time afterwards was undone on that day. "
              "What was cancelled is nobody's failure."},
         .examples = {{"spiral accountability --at 2026-12-31", {"年底清单", "at the end of the year"}},
                      {"spiral accountability --unit jwc --json", {"一个部门，供程序用", "one unit, for programs"}}},
         .run = accountability},
        {.name = "finding new",
         .summary = {"把诊断发现传递到有关系统的部门", "route a finding to the units of the systems it concerns"},
         .options = {{.name = "--title", .value = "T", .what = {"题目", "title"}, .required = true},
                     {.name = "--text", .value = "T", .what = {"发现的问题", "what was found"}, .required = true},
                     {.name = "--to",
                      .value = "SYSTEM=UNIT",
                      .what = {"系统与部门，可多个：decision 决策指挥，generation 质量生成，resources "
                               "资源建设，support 支持服务，supervision 监督控制",
                               "system and unit, several: decision, generation, resources, support, supervision"},
                      .required = true,
                      .many = true},
                     {.name = "--source",
                      .value = "S",
                      .what = {"来源，如诊断点编号", "where it comes from, such as a point's id"}},
                     {.name = "--due", .value = "D", .what = {"回执期限", "by when it is to be received"}},
                     {.name = "--task", .value = "ID", .what = {"整改任务", "the task to rectify it"}}},
         .more = {"发现写在全校范围，人人可读；每个部门由本部门的人签收。更正后重新传递的，须重新签收。",
                  "A finding stands in the scope of the college, for everybody to read; a person of each unit signs "
                  "for it. "
                  "One that was corrected and routed anew is received anew."},
         .examples =
             {{"spiral finding new --title 实训设备不足 --text 三个专业共用一间 --to resources=zcc --to generation=jwc",
               {"传给两个系统", "to two systems"}},
              {"spiral finding new --title 缺课标 --text 两门课无标准 --to generation=jwc --task 3f2a",
               {"带整改任务", "with its task"}}},
         .run = findingNew},
        {.name = "finding list",
         .summary = {"已传递的发现及各部门签收情况", "findings, and who has received them"},
         .options = {{.name = "--unreceived", .what = {"只列未全部签收的", "only those not received by all"}}},
         .examples = {{"spiral finding list", {"全部", "all"}},
                      {"spiral finding list --unreceived --json", {"谁还没有签收", "who has not"}}},
         .run = findingList},
        {.name = "finding receive",
         .summary = {"代表本部门签收一项发现", "sign for a finding in the name of your unit"},
         .positionals = {documentId()},
         .options = {{.name = "--answer", .value = "T", .what = {"处理意见", "what will be done"}}},
         .examples = {{"spiral finding receive 3f2a", {"签收", "receive"}},
                      {"spiral finding receive 3f2a --answer 下月采购", {"附处理意见", "with what will be done"}}},
         .run = findingReceive},
    };
}

}  // namespace spiral::cli
