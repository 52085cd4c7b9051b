// From findings to tasks, from measures that work to standards, and the papers of a course.
#include "office/findings.h"
#include "office/plans.h"
#include "office/standards.h"

#include "format.h"
#include "remarks.h"

namespace spiral::cli {

namespace {

Json keyJson(std::optional<DocumentKey> const& key) { return key ? Json(key->text()) : Json(); }

Result<int> findingImport(Job& job) {
    office::FindingsWanted wanted;
    wanted.tasks = job.arguments.has("--tasks");
    wanted.system = job.arguments.value("--system").value_or(wanted.system);
    for (auto const& pair : job.arguments.values("--unit")) {
        auto const equals = pair.find('=');
        if (equals == std::string::npos) return makeError(ErrorCode::Usage, "finding.route-form", pair);
        wanted.units[pair.substr(0, equals)] = pair.substr(equals + 1);
    }
    if (auto const told = job.arguments.value("--due")) {
        SPIRAL_GIVE(day, dayFrom(*told));
        wanted.due = day;
    }
    SPIRAL_GIVE(office, job.office(replica::Access::Write));
    SPIRAL_GIVE(report, office->resolveId(job.arguments[0]));
    SPIRAL_GIVE(done, office::importFindings(*office, report, wanted));
    Json told = Json::array();
    int made = 0, tasks = 0, refused = 0;
    for (auto const& one : done.rows) {
        made += one.why.empty() && !one.known;
        tasks += one.task.has_value();
        refused += !one.why.empty();
        Json row = Json::object();
        row.set("row", one.row).set("title", one.title).set("unit", one.unit).set("known", one.known);
        told.add(row.set("finding", keyJson(one.finding)).set("task", keyJson(one.task)).set("why", one.why));
        if (!one.why.empty())
            job.line("  " + clean(one.row) + " " + clean(one.title) + "  " + sayReason(one.why, job.language()));
    }
    job.answer(told);
    job.tell({"报告中的问题 {all} 项：传递 {made} 项，建任务 {tasks} 项，未采纳 {refused} 项",
              "{all} finding(s) in the report: {made} routed, {tasks} task(s) made, {refused} not taken"},
             {{"all", std::to_string(done.rows.size())},
              {"made", std::to_string(made)},
              {"tasks", std::to_string(tasks)},
              {"refused", std::to_string(refused)}});
    return refused > 0 ? status::kUndecided : status::kDone;
}

Result<int> matrix(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    std::optional<DocumentKey> report;
    if (job.arguments.count() > 0) {
        SPIRAL_GIVE(given, office->resolveId(job.arguments[0]));
        report = given;
    }
    auto const shown = office::findingMatrix(*office, report);
    Json lines = Json::array();
    Table table({{std::string(job.say({"问题", "finding"})), Table::Align::Left, true},
                 {std::string(job.say({"部门", "unit"})), Table::Align::Left, true},
                 {std::string(job.say({"任务", "task"})), Table::Align::Left, true},
                 {std::string(job.say({"期限", "due"}))},
                 {std::string(job.say({"状态", "state"}))}});
    for (auto const& line : shown.lines) {
        Json tasks = Json::array();
        std::string const name = (line.row.empty() ? "" : line.row + " ") + line.title;
        if (line.tasks.empty())
            table.add({name, office->names().unit(line.unit), std::string(job.say({"没有任务", "no task"})), "", ""});
        for (auto const& task : line.tasks) {
            Json one = Json::object();
            one.set("id", task.document.doc.hex()).set("scope", task.document.scope.text()).set("title", task.title);
            one.set("owner", task.owner).set("state", task.state).set("due", dayJson(task.due));
            tasks.add(one.set("passed", task.passed).set("hidden", task.hidden));
            bool const first = &task == &line.tasks.front();
            table.add({first ? name : "", task.ownerName, office->shortName(task.document) + " " + task.title,
                       dayText(task.due), stateText("task.v1", task.state, job.language())});
        }
        Json one = Json::object();
        one.set("finding", keyJson(line.finding)).set("report", keyJson(line.report)).set("row", line.row);
        one.set("title", line.title).set("unit", line.unit).set("tasks", std::move(tasks));
        lines.add(one.set("gap", !line.hasTask()).set("rechecked", line.rechecked()));
    }
    Json told = Json::object();
    job.answer(told.set("findings", std::move(lines)).set("gaps", shown.gaps).set("rechecked", shown.rechecked));
    if (!table.empty()) job.lines(table.text(job.width()));
    job.tell({"{n} 项问题：没有任务 {gaps} 项，全部复核通过 {done} 项",
              "{n} finding(s): {gaps} without a task, {done} re-checked"},
             {{"n", std::to_string(shown.lines.size())},
              {"gaps", std::to_string(shown.gaps)},
              {"done", std::to_string(shown.rechecked)}});
    auto const gaps = shown.without([](office::MatrixLine const& line) { return line.hasTask(); });
    if (!gaps.empty()) job.tell({"没有任务：{names}", "Without a task: {names}"}, {{"names", clean(gaps)}});
    return shown.gaps > 0 ? status::kUndecided : status::kDone;
}

Result<int> propose(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Write));
    SPIRAL_GIVE(point, office->resolveId(job.arguments[0]));
    office::StandardWanted wanted;
    wanted.measure = job.arguments.value("--measure").value_or("");
    wanted.title = job.arguments.value("--title").value_or("");
    wanted.scope = point.scope;
    if (auto const told = job.arguments.value("--standard")) {
        SPIRAL_GIVE(standard, office->resolveId(*told));
        wanted.standard = standard;
    }
    SPIRAL_GIVE(done, office::proposeStandard(*office, point, wanted));
    Json told = Json::object();
    told.set("standard", done.standard.text()).set("revision", done.revision.hex()).set("check", done.check.hex());
    job.answer(told.set("point", point.text()).set("known", done.known));
    job.tell({"标准 {id} 的新版本 {revision} 引用检查记录 {check}；诊断点已指向它。接下来：spiral step {id} submit",
              "Version {revision} of the standard {id} cites the check {check}; the point names it. Next: spiral step "
              "{id} submit"},
             {{"id", office->shortName(done.standard)},
              {"revision", shortId(done.revision)},
              {"check", shortId(done.check)}});
    return status::kDone;
}

Result<int> checkStandards(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    return showRemarks(job, *office, office::checkStandards(*office));
}

Result<int> annexes(Job& job) {
    office::AnnexesWanted wanted;
    wanted.course = job.arguments[0];
    wanted.dryRun = job.arguments.has("--dry-run");
    if (auto const told = job.arguments.value("--start")) {
        SPIRAL_GIVE(day, dayFrom(*told));
        wanted.start = day;
    }
    SPIRAL_GIVE(office, job.office(wanted.dryRun ? replica::Access::Read : replica::Access::Write));
    if (auto const told = job.arguments.value("--scope")) {
        SPIRAL_GIVE(scope, scopeFrom(*told));
        wanted.scope = scope;
    } else {
        SPIRAL_GIVE(scope, office->defaultScope());
        wanted.scope = scope;
    }
    SPIRAL_GIVE(papers, office::courseAnnexPapers(*office, wanted));
    Json told = Json::array();
    int made = 0, missing = 0;
    for (auto const& paper : papers) {
        made += paper.made;
        missing += !paper.document;
        Json one = Json::object();
        one.set("number", paper.annex.number).set("kind", paper.annex.kind).set("title", paper.title);
        told.add(one.set("document", keyJson(paper.document)).set("made", paper.made).set("state", paper.state));
        std::string_view const what = !paper.document ? job.say({"缺", "missing"})
                                      : paper.made    ? job.say({"新建", "made"})
                                                      : job.say({"已有", "there"});
        job.line("  " + std::to_string(paper.annex.number) + "  " + std::string(what) + "  " +
                 (paper.document ? office->shortName(*paper.document) + "  " : "") + clean(paper.title));
    }
    job.answer(told);
    job.tell({"六份附件：新建 {made}，缺 {missing}", "Six papers: {made} made, {missing} missing"},
             {{"made", std::to_string(made)}, {"missing", std::to_string(missing)}});
    return missing > 0 ? status::kUndecided : status::kDone;
}

}  // namespace

std::vector<Command> improvementCommands() {
    return {
        {.name = "finding import",
         .summary = {"把报告表格里的问题逐项建为发现并传递", "route each problem in a report's table as a finding"},
         .positionals = {{"REPORT", {"报告编号", "a report's id"}}},
         .options = {{.name = "--tasks", .what = {"同时为每项建整改任务", "also make a rectification of each"}},
                     {.name = "--due",
                      .value = "D",
                      .what = {"任务期限；行里写了期限的按行", "due day of the tasks, where the row names none"}},
                     {.name = "--unit",
                      .value = "ROW=UNIT",
                      .what = {"报告没写责任部门的行，可多个", "the unit of a row that names none, several allowed"},
                      .many = true},
                     {.name = "--system",
                      .value = "S",
                      .what = {"系统，默认 generation", "the system, default generation"}}},
         .more = {"报告的字段 answers 中写了存在问题的每一行是一项发现。再执行一次只补缺的，不会重复。",
                  "Each row of the report's answers that names a problem is a finding. Done again, it makes what is "
                  "missing "
                  "and nothing twice."},
         .examples = {{"spiral finding import 3f2a --tasks --due 2026-12-31", {"逐项建任务", "with a task of each"}},
                      {"spiral finding import 3f2a --unit r7=jwc", {"补责任部门", "with a unit for a row"}}},
         .run = findingImport},
        {.name = "finding matrix",
         .summary = {"发现与任务对照；有缺口时退出状态为 2", "findings beside their tasks; status 2 if there is a gap"},
         .positionals = {{"REPORT", {"报告编号；不给则全部", "a report's id; all if none"}, false}},
         .more = {"答复报告的整改方案（plan，字段 "
                  "answers_report）在每项发现都有任务之前不能提交和审批；验收要等全部复核通过。",
                  "A plan that answers a report (field answers_report) is neither submitted nor approved before each "
                  "finding has a task, nor accepted before all were re-checked."},
         .examples = {{"spiral finding matrix 3f2a", {"一份报告", "of one report"}},
                      {"spiral finding matrix --json", {"全部，给脚本", "all, for scripts"}}},
         .run = matrix},
        {.name = "standard propose",
         .summary = {"把检查通过的措施写进标准的新版本",
                     "take a measure that was checked into a standard's next version"},
         .positionals = {{"POINT", {"诊断点编号", "a point's id"}}},
         .options = {{.name = "--standard",
                      .value = "DOC",
                      .what = {"标准；不给则新建一份", "the standard; without it a new one"}},
                     {.name = "--measure",
                      .value = "T",
                      .what = {"写进标准的文字；默认取诊断点的措施",
                               "how it reads there; default: the point's measures"}},
                     {.name = "--title", .value = "T", .what = {"新标准的名称", "title of a new standard"}}},
         .more = {"新版本引用诊断点和签名的检查记录，诊断点也指向新版本；新版本仍按标准自己的流程审批。效果没有检查通过"
                  "的不能写入。",
                  "The version cites the point and the signed check, and the point names the version, which walks the "
                  "standard's own approval. What was not checked and passed is refused."},
         .examples = {{"spiral standard propose 3f2a --standard 7b1c", {"写进已有标准", "into a standard"}},
                      {"spiral standard propose 3f2a --title 实训管理标准", {"新建标准", "a new one"}}},
         .run = propose},
        {.name = "standard check",
         .summary = {"检查标准的修改有没有效果证明；有问题时退出状态为 1",
                     "whether changes of standards have a proof of effect; status 1 if not"},
         .more =
             {"逐条列出：改了内容却没有引用任何检查、引用的检查不成立、只有单向链接。",
              "Listed one by one: changed and citing no check, citing one that does not stand, linked one way only."},
         .examples = {{"spiral standard check", {"全部标准", "all standards"}},
                      {"spiral standard check --json", {"给脚本", "for scripts"}}},
         .run = checkStandards},
        {.name = "plan annexes",
         .summary = {"一次建好课程建设的六份附件", "begin the six papers of a course's plan at once"},
         .positionals = {{"COURSE", {"课程名称", "the course"}}},
         .options = {{.name = "--scope", .value = "S", .what = {"范围；默认本部门", "scope; default: your unit"}},
                     {.name = "--start", .value = "D", .what = {"三年规划的第一天", "first day of the three years"}},
                     {.name = "--dry-run", .what = {"只列出缺哪几份", "only list which are missing"}}},
         .more =
             {"已有的不再建；年度计划挂在三年规划下，实施方案和任务分解表挂在年度计划下。缺的逐份列出，退出状态为 2。",
              "What is there is not made again. The plan of the year hangs under that of three years, how it is "
              "carried "
              "out and the breakdown under the plan of the year. With --dry-run what is missing is listed, status 2."},
         .examples = {{"spiral plan annexes 机械制图 --start 2026-09-01", {"建好六份", "make the six"}},
                      {"spiral plan annexes 机械制图 --dry-run", {"看缺哪几份", "see which are missing"}}},
         .run = annexes},
    };
}

}  // namespace spiral::cli
