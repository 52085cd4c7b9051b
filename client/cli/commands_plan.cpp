// Plans, task books, progress, and the same tasks as board, chart and calendar.
#include "office/organisation.h"
#include "office/plans.h"

#include "format.h"
#include "remarks.h"

#include <algorithm>
#include <charconv>

namespace spiral::cli {

namespace {

/// Months that a chart shows at most.
constexpr int kMonthsMax = 72;

Result<std::int64_t> numberFrom(std::string_view text, std::string_view reason) {
    std::int64_t number = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) {
        return makeError(ErrorCode::Usage, reason, std::string(text));
    }
    return number;
}

Json progressJson(std::optional<engine::Progress> const& progress) {
    return progress ? Json(engine::progressText(*progress)) : Json();
}

std::string percentText(std::optional<engine::Progress> const& progress) {
    return progress ? engine::progressText(*progress) + " %" : "-";
}

// --- plans ---------------------------------------------------------------------------------------------------------

Result<int> tree(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    Json told = Json::array();
    Table table({{std::string(job.say({"编号", "id"}))},
                 {std::string(job.say({"规划", "plan"})), Table::Align::Left, true},
                 {std::string(job.say({"部门", "unit"})), Table::Align::Left, true},
                 {std::string(job.say({"规划期", "from – to"}))},
                 {std::string(job.say({"任务", "tasks"})), Table::Align::Right},
                 {std::string(job.say({"进度", "progress"})), Table::Align::Right},
                 {std::string(job.say({"状态", "state"}))}});
    for (auto const& plan : office::planTree(*office)) {
        Json one = Json::object();
        one.set("id", plan.node.id).set("title", plan.node.title).set("kind", plan.node.kind);
        one.set("parent", plan.node.parent.empty() ? Json() : Json(plan.node.parent)).set("depth", plan.depth);
        one.set("owner", plan.owner).set("from", dayJson(plan.node.from)).set("to", dayJson(plan.node.to));
        one.set("tasks", plan.tasks).set("progress", progressJson(plan.progress)).set("state", plan.state);
        told.add(std::move(one));
        std::string const span =
            plan.node.from || plan.node.to ? dayText(plan.node.from) + " – " + dayText(plan.node.to) : std::string();
        table.add({office->shortName(plan.document),
                   std::string(2 * static_cast<std::size_t>(plan.depth), ' ') + plan.node.title,
                   office->names().unit(plan.owner), span, std::to_string(plan.tasks), percentText(plan.progress),
                   stateText("plan.v1", plan.state, job.language())});
    }
    job.answer(told);
    if (table.empty())
        job.tell({"还没有规划：spiral doc new plan，或 spiral import plans 文件",
                  "No plans yet: spiral doc new plan, or spiral import plans FILE"});
    else
        job.lines(table.text(job.width()));
    return status::kDone;
}

Result<int> check(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    auto const yearEnd = office::organisationOf(*office).yearEnd;
    return showRemarks(job, *office, office::checkPlanning(*office, yearEnd));
}

Result<int> blockers(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    return showRemarks(job, *office, office::reviewBlockers(*office));
}

Result<int> book(Job& job) {
    office::BookFilter filter;
    if (auto const year = job.arguments.value("--year")) {
        SPIRAL_GIVE(number, numberFrom(*year, "plan.year"));
        if (number < 1970 || number > 9999) return makeError(ErrorCode::Usage, "plan.year", *year);
        filter.year = static_cast<int>(number);
    }
    filter.unit = job.arguments.value("--unit");
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    if (job.arguments.count() > 0) {
        SPIRAL_GIVE(plan, office->resolveId(job.arguments[0]));
        filter.plan = plan;
    }
    auto const shown = office::taskBook(*office, filter);
    Json lines = Json::array();
    Table table({{std::string(job.say({"部门", "unit"})), Table::Align::Left, true},
                 {std::string(job.say({"任务", "task"})), Table::Align::Left, true},
                 {std::string(job.say({"期限", "due"}))},
                 {std::string(job.say({"权重", "weight"})), Table::Align::Right},
                 {std::string(job.say({"任务编号", "task id"}))},
                 {std::string(job.say({"进度", "progress"})), Table::Align::Right},
                 {std::string(job.say({"不一致", "difference"})), Table::Align::Left, true}});
    for (auto const& line : shown.lines) {
        Json one = Json::object();
        one.set("plan", line.plan.doc.hex()).set("row", line.row.id).set("title", line.row.title);
        one.set("owner", line.row.unit).set("due", dayJson(line.row.due)).set("weight", line.row.weight);
        one.set("joint", Json::array(std::vector<std::string>(line.row.joint.begin(), line.row.joint.end())));
        one.set("attribute", line.row.attribute).set("standard", line.row.standard);
        one.set("task", line.task ? Json(line.task->doc.hex()) : Json()).set("state", line.state);
        lines.add(one.set("progress", progressJson(line.progress)).set("difference", line.difference));
        table.add({office->names().unit(line.row.unit), line.row.title, dayText(line.row.due), line.row.weight,
                   line.task ? office->shortName(*line.task) : "-", percentText(line.progress),
                   line.difference.empty() ? std::string() : sayReason(line.difference, job.language())});
    }
    Json told = Json::object();
    job.answer(told.set("lines", std::move(lines)).set("remarks", toJson(shown.remarks)));
    if (!table.empty()) job.lines(table.text(job.width()));
    job.tell({"任务书 {n} 行，与分解表不一致 {m} 处", "{n} row(s), {m} difference(s) from the breakdown"},
             {{"n", std::to_string(shown.lines.size())}, {"m", std::to_string(shown.remarks.size())}});
    tellRemarks(job, *office, shown.remarks);
    return shown.remarks.empty() ? status::kDone : status::kRefused;
}

// --- tasks -----------------------------------------------------------------------------------------------------------

/// `UNIT` or `UNIT=WEIGHT`; the first one leads.
Result<office::TaskSplit> partsFrom(std::vector<std::string> const& texts) {
    office::TaskSplit split;
    for (auto const& text : texts) {
        auto const equals = text.find('=');
        std::string const unit = text.substr(0, equals);
        if (unit.empty()) return makeError(ErrorCode::Usage, "task.part", text);
        if (split.lead.empty())
            split.lead = unit;
        else
            split.joint.insert(unit);
        if (equals != std::string::npos) split.weights[unit] = text.substr(equals + 1);
    }
    return split;
}

Result<int> split(Job& job) {
    SPIRAL_GIVE(wanted, partsFrom(job.arguments.values("--part")));
    bool const dryRun = job.arguments.has("--dry-run");
    SPIRAL_GIVE(office, job.office(dryRun ? replica::Access::Read : replica::Access::Write));
    SPIRAL_GIVE(document, office->resolveId(job.arguments[0]));
    auto const listed = office->view().document(document);
    bool const isPlan = listed && nameWithoutVersion(listed->row.type) == "plan";
    if (isPlan && !wanted.lead.empty())
        return makeError(ErrorCode::Usage, "task.part", job.arguments.values("--part")[0]);
    auto const made =
        isPlan ? office::splitPlan(*office, document, dryRun) : office::splitTask(*office, document, wanted, dryRun);
    if (!made) return made.error();
    Json told = Json::array();
    std::size_t fresh = 0;
    for (auto const& part : *made) {
        fresh += !part.known && part.task;
        Json one = Json::object();
        one.set("id", part.task ? Json(part.task->doc.hex()) : Json()).set("unit", part.unit).set("lead", part.lead);
        told.add(one.set("title", part.title).set("weight", part.weight).set("known", part.known));
        job.line((part.task ? office->shortName(*part.task) : std::string("-")) + "  " +
                 clean(office->names().unit(part.unit)) + "  " + clean(part.title) +
                 (part.lead ? std::string() : std::string(job.say({"（配合）", " (joint)"}))) +
                 (part.known ? std::string(job.say({"  已有", "  known"})) : std::string()));
    }
    job.answer(told);
    if (dryRun)
        job.tell({"试运行：什么也没有写入。", "Dry run: nothing was written."});
    else
        job.tell({"写入 {n} 项任务", "{n} task(s) written"}, {{"n", std::to_string(fresh)}});
    return status::kDone;
}

Result<int> progress(Job& job) {
    office::ProgressGiven given;
    if (auto const percent = job.arguments.value("--percent")) {
        SPIRAL_GIVE(number, numberFrom(*percent, "progress.percent"));
        given.percent = number;
    }
    given.day = job.today();
    if (auto const told = job.arguments.value("--date")) {
        SPIRAL_GIVE(day, dayFrom(*told));
        given.day = day;
    }
    given.text = job.arguments.value("--text").value_or("");
    given.reason = job.arguments.value("--reason").value_or("");
    if (auto const file = job.arguments.value("--evidence")) given.evidence = job.path(*file);
    SPIRAL_GIVE(office, job.office(replica::Access::Write));
    SPIRAL_GIVE(task, office->resolveId(job.arguments[0]));
    auto const yearEnd = office::organisationOf(*office).yearEnd;
    SPIRAL_GIVE(done, office::enterProgress(*office, task, given, yearEnd));
    Json told = Json::object();
    told.set("id", task.doc.hex()).set("entry", done.entry);
    told.set("revision", done.assignment.revision ? Json(done.assignment.revision->hex()) : Json());
    job.answer(told.set("percent", given.percent).set("date", toText(given.day)).set("remarks", toJson(done.remarks)));
    job.tell({"已记入 {id}：{date}，{percent}", "Entered for {id}: {date}, {percent}"},
             {{"id", office->shortName(task)},
              {"date", toText(given.day)},
              {"percent", given.percent ? std::to_string(*given.percent) + " %" : "-"}});
    for (auto const& remark : done.remarks) {
        job.tell({"  注意：{what}（{text}）", "  Note: {what} ({text})"},
                 {{"what", sayReason(remark.code, job.language())}, {"text", remark.text}});
    }
    return status::kDone;
}

// --- the same tasks, three ways
// ---------------------------------------------------------------------------------------

std::vector<Option> filterOptions() {
    return {{.name = "--overdue", .what = {"只列逾期的", "overdue only"}},
            {.name = "--unit", .value = "U", .what = {"只列此部门", "of this unit"}},
            {.name = "--due-before", .value = "D", .what = {"期限早于此日", "due before this day"}},
            {.name = "--all", .what = {"包括已完结的", "closed ones too"}},
            {.name = "--work", .what = {"不只任务，也列诊断点、表格等", "not only tasks: points and forms too"}}};
}

Result<office::Office::TaskFilter> filterFrom(Job const& job) {
    office::Office::TaskFilter filter;
    filter.overdue = job.arguments.has("--overdue");
    filter.unit = job.arguments.value("--unit");
    filter.includeClosed = job.arguments.has("--all");
    filter.allWork = job.arguments.has("--work");
    if (auto const told = job.arguments.value("--due-before")) {
        SPIRAL_GIVE(day, dayFrom(*told));
        filter.dueBefore = day;
    }
    return filter;
}

Json itemJson(office::WorkItem const& item) {
    Json told = Json::object();
    told.set("id", item.line.doc.hex()).set("scope", item.line.scope.text()).set("title", item.line.title);
    told.set("owner", item.line.owner).set("owner_name", item.line.ownerName).set("state", item.line.state);
    told.set("column", item.column ? Json(engine::slugOf(*item.column)) : Json()).set("start", dayJson(item.start));
    told.set("due", dayJson(item.line.due)).set("days_overdue", item.line.daysOverdue);
    return told.set("progress", progressJson(item.progress));
}

/// The cards of one lane and column, the most urgent first, as the list has them.
using Lane = std::array<std::vector<office::WorkItem const*>, engine::kBoardColumns>;

Result<int> board(Job& job) {
    SPIRAL_GIVE(filter, filterFrom(job));
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    auto const items = office::workItems(*office, filter, job.today());
    std::map<std::string, Lane> lanes;
    for (auto const& item : items) {
        if (item.column) lanes[item.line.owner][static_cast<std::size_t>(*item.column)].push_back(&item);
    }
    Json told = Json::array();
    for (auto const& [unit, lane] : lanes) {
        Json columns = Json::object();
        for (std::size_t i = 0; i < engine::kBoardColumns; ++i) {
            Json cards = Json::array();
            for (auto const* item : lane[i]) cards.add(itemJson(*item));
            columns.set(engine::slugOf(static_cast<engine::BoardColumn>(i)), std::move(cards));
        }
        Json one = Json::object();
        one.set("unit", unit).set("name", office->names().unit(unit));
        told.add(one.set("columns", std::move(columns)));
    }
    job.answer(told);
    if (job.json()) return status::kDone;
    std::vector<Table::Column> columns{{std::string(job.say({"部门", "unit"})), Table::Align::Left, true}};
    for (std::size_t i = 0; i < engine::kBoardColumns; ++i) {
        columns.push_back(
            {std::string(job.label(engine::labelOf(static_cast<engine::BoardColumn>(i)))), Table::Align::Left, true});
    }
    Table table(columns);
    for (auto const& [unit, lane] : lanes) {
        std::vector<std::string> head{office->names().unit(unit)};
        std::size_t deepest = 0;
        for (auto const& cards : lane) {
            head.push_back("(" + std::to_string(cards.size()) + ")");
            deepest = std::max(deepest, cards.size());
        }
        table.add(std::move(head));
        for (std::size_t row = 0; row < deepest; ++row) {
            std::vector<std::string> cells{""};
            for (auto const& cards : lane) {
                std::string cell;
                if (row < cards.size()) {
                    auto const& line = cards[row]->line;
                    cell = office->shortName(line.key()) + " " + line.title;
                    if (line.daysOverdue > 0) {
                        cell += job.say({" 逾期{n}天", " {n} days over"}, {{"n", std::to_string(line.daysOverdue)}});
                    }
                }
                cells.push_back(std::move(cell));
            }
            table.add(std::move(cells));
        }
    }
    if (!table.empty()) job.lines(table.text(job.width()));
    job.tell({"截至 {today}：{n} 项", "As of {today}: {n} card(s)"},
             {{"today", toText(job.today())}, {"n", std::to_string(items.size())}});
    return status::kDone;
}

int monthNumber(Day day) {
    return static_cast<int>(day.year()) * 12 + static_cast<int>(static_cast<unsigned>(day.month())) - 1;
}

/// A line of months: `mark` where the band lies, a point elsewhere.
std::string bar(Day from, Day to, int first, int last, char mark, char end) {
    std::string text;
    for (int month = first; month <= last; ++month) {
        bool const inside = month >= monthNumber(from) && month <= monthNumber(to);
        text.push_back(month == monthNumber(to) ? end : inside ? mark : '.');
    }
    return text;
}

std::string yearsLine(int first, int last) {
    std::string text(static_cast<std::size_t>(last - first + 1), ' ');
    for (int month = first; month <= last; ++month) {
        if (month % 12 != 0 && month != first) continue;
        std::string const year = std::to_string(month / 12);
        auto const at = static_cast<std::size_t>(month - first);
        if (month == first && month % 12 > 7) continue;  // no room before the next year's number
        if (at + year.size() <= text.size()) text.replace(at, year.size(), year);
    }
    return text;
}

Result<int> gantt(Job& job) {
    SPIRAL_GIVE(filter, filterFrom(job));
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    auto const items = office::workItems(*office, filter, job.today());
    std::vector<engine::Band> bands;
    Json bandsTold = Json::array(), itemsTold = Json::array();
    for (auto const& plan : office::planTree(*office)) {
        for (auto const& band : plan.phases) {
            bands.push_back(band);
            Json one = Json::object();
            one.set("plan", plan.node.id).set("id", band.id).set("name", band.name);
            bandsTold.add(one.set("from", toText(band.from)).set("to", toText(band.to)).set("note", band.note));
        }
    }
    std::optional<int> first, last;
    auto const reach = [&](Day day) {
        first = first ? std::min(*first, monthNumber(day)) : monthNumber(day);
        last = last ? std::max(*last, monthNumber(day)) : monthNumber(day);
    };
    for (auto const& band : bands) {
        reach(band.from);
        reach(band.to);
    }
    for (auto const& item : items) {
        itemsTold.add(itemJson(item));
        if (item.start) reach(*item.start);
        if (item.line.due) reach(*item.line.due);
    }
    Json told = Json::object();
    job.answer(told.set("bands", std::move(bandsTold)).set("items", std::move(itemsTold)));
    if (job.json() || !first) return status::kDone;
    if (*last - *first >= kMonthsMax) first = *last - kMonthsMax + 1;
    Table table({{std::string(job.say({"名称", "name"})), Table::Align::Left, true}, {yearsLine(*first, *last)}});
    for (auto const& band : bands) table.add({band.name, bar(band.from, band.to, *first, *last, '=', '=')});
    for (auto const& item : items) {
        if (!item.line.due) continue;
        table.add({item.line.title, bar(item.start.value_or(*item.line.due), *item.line.due, *first, *last, '-', '*')});
    }
    job.lines(table.text(job.width()));
    job.tell({"每列一个月：= 阶段，- 任务，* 期限；没有期限的任务不画",
              "A column a month: = phase, - task, * due; what has no day is not drawn"});
    return status::kDone;
}

Result<int> calendar(Job& job) {
    SPIRAL_GIVE(filter, filterFrom(job));
    std::string const file = job.arguments.value("--output").value_or("");
    if (auto path = job.outputPath(file); !path) return path.error();
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    auto const items = office::workItems(*office, filter, job.today());
    auto const events = office::calendarOf(*office, items, job.now());
    std::string const name(office->registry().empty() ? "Spiral" : office->registry().college());
    if (auto written = job.write(file, engine::calendarFile(name, events), FileMode::Shared); !written) {
        return written.error();
    }
    Json told = Json::object();
    job.answer(told.set("file", file).set("events", events.size()));
    job.tell({"写入 {n} 个日程：{file}", "{n} event(s) written to {file}"},
             {{"n", std::to_string(events.size())}, {"file", file}});
    return status::kDone;
}

}  // namespace

std::vector<Command> planCommands() {
    Option const dryRun{.name = "--dry-run", .what = {"只检查，不写入", "check only, write nothing"}};
    std::vector<Option> calendarOptions = filterOptions();
    calendarOptions.push_back({.name = "--output",
                               .letter = "-o",
                               .value = "FILE",
                               .what = {"日历文件，如 诊改.ics", "the calendar file, such as due.ics"},
                               .required = true,
                               .completes = Completes::File});
    return {
        {.name = "plan tree",
         .summary = {"规划树：上下级、任务数与加权进度", "the tree of plans, with tasks and weighted progress"},
         .more = {"上级规划由字段 parent 指定。进度是其任务和下级规划的加权平均，四舍五入到百分之一。",
                  "The field parent names the plan above. Progress is the mean of its tasks and the plans below by "
                  "weight, rounded half up to a hundredth of a percent."},
         .examples = {{"spiral plan tree", {"全部规划", "all plans"}},
                      {"spiral plan tree --json", {"给脚本", "for scripts"}}},
         .run = tree},
        {.name = "plan check",
         .summary = {"检查规划、任务书、进度；有问题时退出状态为 1",
                     "check plans, task books and progress; status 1 if any"},
         .more = {"没有上级、成环、超出上级的时间、目标更晚或更低、缺内容、任务书与分解表不一致、任务没有责任部门、迟录"
                  "和倒退"
                  "的进度，逐条列出。",
                  "Plans without a parent, in a loop, outside the time above; goals later or lower; contents missing; "
                  "book and breakdown that differ; tasks without an owner; progress entered late or going back."},
         .examples = {{"spiral plan check", {"检查", "check"}},
                      {"spiral plan check --json", {"给脚本", "for scripts"}}},
         .run = check},
        {.name = "plan book",
         .summary = {"年度任务书，与分解出的任务对照", "the yearly task book beside the tasks made of it"},
         .positionals = {{"PLAN", {"规划编号；不给则全部", "a plan's id; all if none"}, false}},
         .options = {{.name = "--year", .value = "Y", .what = {"期限在此年的", "due in this year"}},
                     {.name = "--unit",
                      .value = "U",
                      .what = {"此部门牵头或配合的", "that this unit leads or shares"}}},
         .more = {"任务书是规划的字段 tasks；用 task split 分解。不一致之处逐条列出，退出状态为 1。",
                  "The book is the field tasks of a plan; task split makes the tasks. Each difference is listed, and "
                  "the exit status is then 1."},
         .examples = {{"spiral plan book --year 2026", {"全校", "of the whole college"}},
                      {"spiral plan book 3f2a --unit yc-d03", {"一个部门的", "of one unit"}}},
         .run = book},
        {.name = "plan blockers",
         .summary = {"申请复核前还差什么；有时退出状态为 1",
                     "what forbids applying for the review; status 1 if anything"},
         .more = {"列出未完成的限期整改和未通过的任务；清单为空才可申请。",
                  "Rectifications that are open and tasks that failed; an empty list allows the application."},
         .examples = {{"spiral plan blockers", {"清单", "the list"}},
                      {"spiral plan blockers --json", {"给脚本", "for scripts"}}},
         .run = blockers},
        {.name = "task split",
         .summary = {"按任务书分解规划，或把任务拆给牵头和配合部门",
                     "split a plan by its book, or a task among its units"},
         .positionals = {{"ID", {"规划或任务编号", "id of a plan or a task"}}},
         .options = {{.name = "--part",
                      .value = "U[=W]",
                      .what = {"部门与权重，第一个牵头；不给则按任务的牵头和配合部门",
                               "a unit and its weight, the first leads; without, the task's own units"},
                      .many = true},
                     dryRun},
         .more = {"每一份是该部门范围内的一项任务，注明来自哪里；再执行一次不会重复。",
                  "Each part is a task in the scope of its unit that names where it comes from; done again, nothing is "
                  "made twice."},
         .examples = {{"spiral task split 3f2a --dry-run", {"先看", "look first"}},
                      {"spiral task split 3f2a --part yc-d03=2 --part yc-d12=1",
                       {"拆给两个部门", "between two units"}}},
         .run = split},
        {.name = "task progress",
         .summary = {"记一条进展：发生日期、百分比、佐证", "enter progress: when, how far, evidence"},
         .positionals = {documentId()},
         .options = {{.name = "--percent", .value = "N", .what = {"完成百分比，0 到 100", "percent done, 0 to 100"}},
                     {.name = "--date",
                      .value = "D",
                      .what = {"发生日期；默认今天", "when it happened; default today"}},
                     {.name = "--text", .value = "T", .what = {"进展说明", "what was done"}, .required = true},
                     {.name = "--reason", .value = "R", .what = {"进度倒退的原因", "why it goes back"}},
                     {.name = "--evidence",
                      .value = "FILE",
                      .what = {"佐证文件", "a file as evidence"},
                      .completes = Completes::File}},
         .more = {"录入日期取自签名的版本，不能填写。跨年度或到期之后录入的会标为迟录；超过 100% "
                  "的、没有原因的倒退都不接受。",
                  "The day of entry is that of the signed revision and is not typed. What is entered after its year or "
                  "after the due day is marked as late; over 100 % and going back without a reason are refused."},
         .examples = {{"spiral task progress 3f2a --percent 60 --text 完成初稿", {"今天", "today"}},
                      {"spiral task progress 3f2a --percent 40 --date 2026-05-10 --text 复查 --reason 两项未完成",
                       {"倒退要说明", "back, with the reason"}}},
         .run = progress},
        {.name = "board",
         .summary = {"看板：未开始、进行中、待复核、未通过、已通过，每部门一行",
                     "the board: five columns, a lane for each unit"},
         .options = filterOptions(),
         .more = {"与 task list 同一组筛选条件、同一批任务。已取消的不在看板上。",
                  "The same filters and the same tasks as task list. What was cancelled stands on no board."},
         .examples = {{"spiral board", {"全校", "the whole college"}},
                      {"spiral board --unit yc-d03 --all", {"一个部门，含已完结", "of one unit, closed ones too"}}},
         .run = board},
        {.name = "gantt",
         .summary = {"甘特图：阶段与任务按月", "phases and tasks by month"},
         .options = filterOptions(),
         .more = {"阶段来自规划的字段 phases（spiral import phases）。文字图最多 72 个月；--json 给出全部日期。",
                  "Phases are the field phases of plans (spiral import phases). The text shows at most 72 months; "
                  "--json has every day."},
         .examples = {{"spiral gantt --all", {"全部", "all"}},
                      {"spiral gantt --unit yc-d05 --json", {"给脚本", "for scripts"}}},
         .run = gantt},
        {.name = "calendar",
         .summary = {"把期限写成日历文件（.ics）", "write what is due as a calendar file (.ics)"},
         .options = calendarOptions,
         .more = {"RFC 5545：每项一个全天日程，编号不变，再导入即更新。没有期限的不写。",
                  "RFC 5545: one all-day event each, with an id that stays, so that importing again updates. What has "
                  "no day is left out."},
         .examples = {{"spiral calendar -o 诊改.ics", {"全部期限", "all that is due"}},
                      {"spiral calendar --unit yc-d03 -o due.ics", {"一个部门的", "of one unit"}}},
         .run = calendar},
    };
}

}  // namespace spiral::cli
