// Steps, acts on single rows, and the task list of the quality office.
#include "registry_words.h"

#include <algorithm>
#include <sstream>

namespace spiral::cli {

namespace {

/// Fields that a refusal names, as the form has them beside the names that `--set` takes.
Error withLabels(Job& job, office::Office& office, DocumentKey const& doc, Error error) {
    auto const shown = error.reason == "step.incomplete" ? office.show(doc) : Result<office::DocumentShown>(Error{});
    if (!shown || shown->type == nullptr) return error;
    std::string text;
    std::istringstream names(error.detail);
    for (std::string name; names >> name;) {
        auto const& fields = shown->type->fields;
        auto const field = std::find_if(fields.begin(), fields.end(), [&](auto const& each) { return each.name == name; });
        text += (text.empty() ? "" : ", ") + (field == fields.end() ? name : std::string(job.label(field->label)) + " (" + name + ")");
    }
    error.detail = text;
    return error;
}

Result<int> step(Job& job) {
    std::optional<Day> until;
    if (auto const told = job.arguments.value("--until")) {
        SPIRAL_GIVE(day, dayFrom(*told));
        until = day;
    }
    SPIRAL_GIVE(office, job.office(replica::Access::Write));
    SPIRAL_GIVE(doc, office->resolveId(job.arguments[0]));
    office::StepWanted wanted{.action = job.arguments[1], .comment = job.arguments.value("--comment").value_or(""), .until = until};
    if (auto const told = job.arguments.value("--to")) {
        SPIRAL_GIVE(person, personFrom(*office, *told));
        wanted.person = person;
    }
    auto const signedStep = office->step(doc, wanted);
    if (!signedStep) return withLabels(job, *office, doc, signedStep.error());
    auto const& done = *signedStep;
    auto const listed = office->view().document(doc);
    Json told = Json::object();
    told.set("id", done.document.doc.hex()).set("revision", done.revision.hex()).set("record", done.record.hex());
    told.set("action", job.arguments[1]).set("state", done.state);
    told.set("round", listed ? listed->row.round : 1).set("due", listed ? dayJson(listed->row.due) : Json());
    job.answer(told);
    std::string const type = listed ? listed->row.type : "";
    job.tell(
        {"已签名：{action}，版本 {revision}；现在：{state}", "Signed: {action}, revision {revision}; now: {state}"},
        {{"action", actionText(type, job.arguments[1], job.language())},
         {"revision", shortId(done.revision)},
         {"state", stateText(type, done.state, job.language())}});
    job.tell({"  记录 {record}", "  record {record}"}, {{"record", shortId(done.record)}});
    return status::kDone;
}

Result<int> actOn(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Write));
    SPIRAL_GIVE(target, office->resolveObject(job.arguments[0]));
    SPIRAL_GIVE(record, office->actOn(job.command.name, target, job.arguments.value("--comment").value_or("")));
    auto const item = office->view().item(target);
    Json told = Json::object();
    told.set("id", target.hex()).set("record", record.hex()).set("count", item ? Json(nameOf(item->count)) : Json());
    told.set("reason", item ? item->reason : "");
    job.answer(told);
    job.tell({"已签名：{action} {id}；它现在计为：{count}", "Signed: {action} {id}; it now counts as: {count}"},
             {{"action", actionText("", job.command.name, job.language())},
              {"id", shortId(target)},
              {"count", item ? countText(item->count, job.language()) : "?"}});
    return status::kDone;
}

Result<int> confirm(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Write));
    SPIRAL_GIVE(tip, frameFrom(*office, job.arguments[0]));
    SPIRAL_GIVE(record, office->confirm(tip));
    Json told = Json::object();
    told.set("frame", tip.hex()).set("record", record.hex());
    job.answer(told);
    job.tell({"已确认分支 {frame}（记录 {record}）。", "Branch {frame} confirmed (record {record})."},
             {{"frame", shortId(tip)}, {"record", shortId(record)}});
    return status::kDone;
}

Json toJson(office::TaskLine const& line) {
    Json told = Json::object();
    told.set("id", line.doc.hex()).set("scope", line.scope.text()).set("title", line.title).set("owner", line.owner);
    told.set("owner_name", line.ownerName).set("due", dayJson(line.due)).set("days_overdue", line.daysOverdue);
    told.set("overdue", line.daysOverdue > 0).set("round", line.round).set("failed_rounds", line.failedRounds);
    told.set("state", line.state)
        .set("says_done", line.saysDone)
        .set("closed", line.closed)
        .set("disputed", line.disputed);
    told.set("changed_after", line.changedAfter)
        .set("differences", line.differences)
        .set("last_action", timeJson(line.lastAction));
    return told;
}

Result<int> taskList(Job& job) {
    office::Office::TaskFilter filter;
    filter.overdue = job.arguments.has("--overdue");
    filter.unit = job.arguments.value("--unit");
    filter.includeClosed = job.arguments.has("--all");
    if (auto const told = job.arguments.value("--due-before")) {
        SPIRAL_GIVE(day, dayFrom(*told));
        filter.dueBefore = day;
    }
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    Day const today = job.today();
    auto const lines = office->tasks(filter, today);
    if (job.json()) {
        Json told = Json::array();
        for (auto const& line : lines) told.add(toJson(line));
        job.answer(told);
        return status::kDone;
    }
    Table table({{std::string(job.say({"编号", "id"}))},
                 {std::string(job.say({"任务", "task"})), Table::Align::Left, true},
                 {std::string(job.say({"部门", "unit"})), Table::Align::Left, true},
                 {std::string(job.say({"期限", "due"}))},
                 {std::string(job.say({"逾期天数", "days over"})), Table::Align::Right},
                 {std::string(job.say({"轮次", "round"})), Table::Align::Right},
                 {std::string(job.say({"状态", "state"}))}});
    for (auto const& line : lines) {
        std::string state = stateText("task.v1", line.state, job.language());
        if (line.saysDone) state += job.say({" 自称完成，无人签认", " says done, unsigned"});
        if (line.differences > 0) state += job.say({" 不同版本", " different"});
        if (line.disputed) state += job.say({" 有争议", " disputed"});
        if (line.changedAfter) state += job.say({" 提交后有修改", " changed after"});
        table.add({office->shortName(line.key()), line.title, line.ownerName, dayText(line.due),
                   line.daysOverdue > 0 ? std::to_string(line.daysOverdue) : "", std::to_string(line.round), state});
    }
    if (!lines.empty()) job.lines(table.text(job.width()));
    auto const overdue =
        std::count_if(lines.begin(), lines.end(), [](auto const& line) { return line.daysOverdue > 0; });
    job.tell({"截至 {today}：{n} 项，其中逾期 {over} 项", "As of {today}: {n} task(s), {over} overdue"},
             {{"today", toText(today)}, {"n", std::to_string(lines.size())}, {"over", std::to_string(overdue)}});
    job.line();
    // A list is as old as what the departments have sent: each age beside it.
    Table ages({{std::string(job.say({"部门数据", "data of"})), Table::Align::Left, true},
                {std::string(job.say({"最近一次", "newest"}))},
                {std::string(job.say({"多久以前", "age"}))},
                {std::string(job.say({"未完", "open"})), Table::Align::Right},
                {std::string(job.say({"逾期", "overdue"})), Table::Align::Right}});
    for (auto const& age : office->ages(today)) {
        if (filter.unit && age.unit != *filter.unit) continue;
        ages.add({age.name, age.newest ? localTime(*age.newest) : "-",
                  age.newest ? ageText(*age.newest, job.now(), job.language())
                             : std::string(job.say({"尚无数据", "nothing yet"})),
                  std::to_string(age.openTasks), std::to_string(age.overdueTasks)});
    }
    if (!ages.empty()) job.lines(ages.text(job.width()));
    return status::kDone;
}

Option commentOption() { return {.name = "--comment", .value = "T", .what = {"说明", "a comment"}}; }

}  // namespace

std::vector<Command> stepCommands() {
    return {
        {.name = "step",
         .summary = {"签署一个步骤：提交、审批、退回、验收、复核…",
                     "sign a step: submit, approve, return, accept, re-check …"},
         .positionals = {documentId(),
                         {"ACTION",
                          {"步骤；可用的见 doc show", "the action; doc show lists those possible"},
                          true,
                          Completes::Words,
                          "submit approve return accept withdraw recheck-pass recheck-fail extend assign remind cancel"}},
         .options = {commentOption(),
                     {.name = "--until",
                      .value = "DATE",
                      .what = {"期限，如 2026-06-30", "the deadline, such as 2026-06-30"}},
                     {.name = "--to", .value = "PERSON", .what = {"交给谁（assign）", "to whom it is given (assign)"}}},
         .more = {"步骤只针对一个确切的版本，由本人密钥签名。起草人不能审批自己的文档；有不同版本未定时不能提交。本机必"
                  "须持有并核对过整个版本及其附件。",
                  "A step is about exactly one revision and is signed with your key. An author cannot approve their "
                  "own; open differences cannot be submitted. This device must hold and have verified the whole "
                  "revision and its files."},
         .examples = {{"spiral step 3f2a submit", {"提交", "submit"}},
                      {"spiral step 3f2a approve --comment 同意", {"审批", "approve"}},
                      {"spiral step 3f2a recheck-fail --comment 佐证不足 --until 2026-07-31",
                       {"复核不通过，另定期限", "failed re-check with a new deadline"}}},
         .run = step},
        {.name = "task list",
         .summary = {"任务清单：部门、期限、逾期、轮次，及各部门数据的新旧",
                     "tasks: unit, due, overdue, round, and the age of each unit's data"},
         .options = {{.name = "--overdue", .what = {"只列逾期的", "overdue only"}},
                     {.name = "--unit", .value = "U", .what = {"只列此部门", "of this unit"}},
                     {.name = "--due-before", .value = "D", .what = {"期限早于此日", "due before this day"}},
                     {.name = "--all", .what = {"包括已完结的", "closed ones too"}}},
         .more = {"下方列出各部门数据的新旧：没有送来新数据的部门，清单也就停在那一天。--today 可指定按哪天计算。",
                  "Below stands how old each unit's data is: the list is no newer than what they sent. --today counts "
                  "as of another day."},
         .examples = {{"spiral task list --overdue", {"质控办看全校逾期", "everything overdue"}},
                      {"spiral task list --unit jwc --due-before 2026-07-01",
                       {"教务处近期任务", "what unit jwc has due soon"}}},
         .run = taskList},
        {.name = "affirm",
         .summary = {"本人重新确认被隔离的自己的工作", "affirm your own work that was quarantined"},
         .positionals = {{"ID", {"版本或记录编号", "id of the revision or record"}}},
         .options = {commentOption()},
         .more =
             {"例如设备被撤销前已写、切口之上的内容：本人用有效设备确认后即恢复。编号见 spiral status 或 doc history。",
              "Such as work above the cut of a revoked device: it returns when its author affirms it on a good one. "
              "Ids: spiral status, doc history."},
         .examples = {{"spiral affirm 81c0aa17", {"确认一行", "affirm one row"}},
                      {"spiral affirm 81c0 --comment 确为本人所写", {"附说明", "with a comment"}}},
         .run = actOn},
        {.name = "admit",
         .summary = {"质控办准予采纳迟到的诚实工作", "the quality office admits late honest work"},
         .positionals = {{"ID", {"版本或记录编号", "id of the revision or record"}}},
         .options = {commentOption()},
         .more = {"用于授权期外签名、迟到等情形；须有质控办角色。",
                  "For rows signed outside a grant's time, or late. Needs the role of the quality office."},
         .examples = {{"spiral admit 81c0aa17", {"采纳一行", "admit one row"}},
                      {"spiral admit 81c0 --comment 停电迟交", {"附说明", "with a comment"}}},
         .run = actOn},
        {.name = "confirm",
         .summary = {"确认自己另一台设备分叉后的一支", "confirm one branch of your other device's forked feed"},
         .positionals = {{"FRAME", {"分支末端的帧编号，见 status", "id of the branch's tip, see status"}}},
         .more = {"设备被还原或克隆后会分叉，两支都保留；本人在另一台设备上确认属实的一支，其步骤随即有效。",
                  "A restored or cloned device forks; both branches are kept. On another device its owner confirms the "
                  "true one, whose acts then count."},
         .examples = {{"spiral status", {"先看分叉", "look at the forks first"}},
                      {"spiral confirm 9a8b7c6d", {"确认", "confirm"}}},
         .run = confirm},
    };
}

}  // namespace spiral::cli
