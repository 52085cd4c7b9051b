// What is to be diagnosed by which day: the clocks of programmes, courses and the college, beside the cycles that did.
#include "office/calendar.h"

#include "registry_words.h"

#include <algorithm>

namespace spiral::cli {

namespace {

/// Of many subjects so many are shown one by one; JSON has them all.
constexpr std::size_t kShownMax = 200;

Text itemText(std::string_view rule) {
    if (rule == "monitoring") return {"年度监测", "yearly monitoring"};
    if (rule == "assessment") return {"三年考核性诊断", "three-year assessment"};
    if (rule == "large") return {"大诊改（三年建设）", "large (three years)"};
    if (rule == "small") return {"小诊改（一年建设）", "small (a year)"};
    if (rule == "teaching") return {"教学诊改（学期）", "teaching (a semester)"};
    return {"?", "?"};
}

Text itemStateText(std::string_view state) {
    if (state == "done") return {"已完成", "done"};
    if (state == "waived") return {"免做", "waived"};
    if (state == "overdue") return {"逾期", "overdue"};
    return {"应做", "due"};
}

std::string_view nameOf(engine::OnceStanding::State state) {
    switch (state) {
        case engine::OnceStanding::State::InTime: return "in-time";
        case engine::OnceStanding::State::RunsOut: return "runs-out";
        case engine::OnceStanding::State::RunOut: return "run-out";
    }
    return "in-time";
}

Json cyclesJson(std::vector<office::CoveringCycle> const& cycles) {
    Json told = Json::array();
    for (auto const& each : cycles) {
        Json one = Json::object();
        one.set("id", each.cycle.doc.hex()).set("title", each.title).set("state", each.state);
        one.set("start", toText(each.start)).set("end", toText(each.end)).set("asked", each.asked);
        one.set("finished", each.finished).set("closed", dayJson(each.closed));
        told.add(std::move(one));
    }
    return told;
}

Json collegeJson(office::CollegeCalendar const& college) {
    Json told = Json::object();
    told.set("begin", toText(college.begin)).set("state", std::string(nameOf(college.standing.state)));
    told.set("lasts_until", toText(college.standing.lastsUntil)).set("days_left", college.standing.daysLeft);
    Json gaps = Json::array();
    for (auto const& [from, to] : college.standing.gaps) {
        Json gap = Json::object();
        gap.set("from", toText(from)).set("to", toText(to));
        gaps.add(std::move(gap));
    }
    told.set("gaps", std::move(gaps)).set("cycles", cyclesJson(college.cycles));
    return told;
}

Json subjectJson(office::SubjectCalendar const& subject) {
    Json told = Json::object();
    told.set("subject", subject.subject).set("name", subject.name).set("begin", toText(subject.begin));
    told.set("brand", subject.brand);
    Json items = Json::array();
    for (auto const& each : subject.items) {
        auto const& item = each.item;
        Json one = Json::object();
        one.set("item", item.rule).set("begin", toText(item.period.begin)).set("end", toText(item.period.end));
        one.set("due", toText(item.period.due)).set("state", each.state).set("late", each.late);
        one.set("focus", item.focus).set("waived", item.waived).set("cycles", cyclesJson(each.cycles));
        items.add(std::move(one));
    }
    return std::move(told.set("items", std::move(items)));
}

void tellCollege(Job& job, office::CollegeCalendar const& college) {
    auto const& standing = college.standing;
    Text said{"学校：三年内至少完成一次诊改，下一次最晚 {day}（还有 {n} 天）",
              "college: at least one diagnosis in three years, the next by {day} ({n} days left)"};
    if (standing.state == engine::OnceStanding::State::RunsOut) {
        said = {"学校：注意，下一次诊改最晚 {day} 完成，只剩 {n} 天",
                "college: take care, the next diagnosis is to be finished by {day}, {n} days are left"};
    } else if (standing.state == engine::OnceStanding::State::RunOut) {
        said = {"学校：逾期，三年内没有完成诊改，{day} 到期，已过 {n} 天",
                "college: overdue, no diagnosis was finished in three years; it ran out on {day}, {n} days ago"};
    }
    job.tell(said, {{"day", toText(standing.lastsUntil)},
                    {"n", std::to_string(std::max(standing.daysLeft, -standing.daysLeft))}});
    for (auto const& [from, to] : standing.gaps) {
        job.tell({"  间隔超过三年：{from} 至 {to}", "  more than three years between {from} and {to}"},
                 {{"from", toText(from)}, {"to", toText(to)}});
    }
}

void tellCycles(Job& job, office::Office& office, std::vector<office::CoveringCycle> const& cycles) {
    for (auto const& each : cycles) {
        job.tell({"  {id} {title}  {from} 至 {to}  {state}，完成 {n}/{of}",
                  "  {id} {title}  {from} to {to}  {state}, {n}/{of} finished"},
                 {{"id", office.shortName(each.cycle)},
                  {"title", clean(each.title)},
                  {"from", toText(each.start)},
                  {"to", toText(each.end)},
                  {"state", stateText("cycle.v1", each.state, job.language())},
                  {"n", std::to_string(each.finished)},
                  {"of", std::to_string(each.asked)}});
    }
}

Result<int> cycleCalendar(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    office::CalendarWanted wanted;
    wanted.today = job.today();
    auto const programme = job.arguments.value("--programme"), course = job.arguments.value("--course");
    bool const college = job.arguments.has("--college");
    if ((programme ? 1 : 0) + (course ? 1 : 0) + (college ? 1 : 0) > 1)
        return makeError(ErrorCode::Usage, "cycle.calendar-of-one", "");
    if (programme) wanted.subject = engine::subjectId("programme", *programme);
    if (course) wanted.subject = engine::subjectId("course", *course);
    std::pair<char const*, std::optional<Day> office::CalendarWanted::*> const days[] = {
        {"--from", &office::CalendarWanted::from},
        {"--until", &office::CalendarWanted::until},
        {"--begin", &office::CalendarWanted::begin}};
    for (auto const& [option, member] : days) {
        if (auto const told = job.arguments.value(option)) {
            SPIRAL_GIVE(day, dayFrom(*told));
            wanted.*member = day;
        }
    }
    SPIRAL_GIVE(calendar, office::calendarOf(*office, wanted));
    if (college) calendar.subjects.clear();

    Json told = Json::object(), subjects = Json::array(), findings = Json::array();
    told.set("college", collegeJson(calendar.college));
    for (auto const& each : calendar.subjects) subjects.add(subjectJson(each));
    for (auto const& each : calendar.findings) {
        Json one = Json::object();
        one.set("code", each.code).set("subject", each.subject).set("name", each.name).set("detail", each.detail);
        findings.add(std::move(one));
    }
    job.answer(std::move(told.set("subjects", std::move(subjects)).set("findings", std::move(findings))));

    if (wanted.subject.empty()) {
        tellCollege(job, calendar.college);
        tellCycles(job, *office, calendar.college.cycles);
    }
    std::map<std::string, int> states;
    Table table({{std::string(job.say({"对象", "subject"})), Table::Align::Left, true},
                 {std::string(job.say({"项目", "item"})), Table::Align::Left, true},
                 {std::string(job.say({"开始", "begin"}))},
                 {std::string(job.say({"期限", "due"}))},
                 {std::string(job.say({"状态", "state"}))},
                 {std::string(job.say({"周期", "cycle"})), Table::Align::Left, true}});
    std::size_t shown = 0;
    for (auto const& subject : calendar.subjects) {
        for (auto const& each : subject.items) {
            ++states[each.state];
            // Of all subjects together what is to come is counted, not listed.
            if (wanted.subject.empty() && each.state != "overdue") continue;
            if (++shown > kShownMax) continue;
            std::string state(job.say(itemStateText(each.state)));
            if (each.late) state += job.say({"（迟）", " (late)"});
            std::string cycles = each.item.waived;
            for (auto const& cycle : each.cycles)
                cycles += (cycles.empty() ? "" : " ") + office->shortName(cycle.cycle);
            std::string name = subject.name + " " + subject.subject;
            if (each.item.focus) name += job.say({"（重点）", " (focus)"});
            table.add({name, std::string(job.say(itemText(each.item.rule))), toText(each.item.period.begin),
                       toText(each.item.period.due), state, cycles});
        }
    }
    if (!states.empty()) {
        job.tell({"项目：应做 {due}，逾期 {overdue}，已完成 {done}，免做 {waived}",
                  "items: {due} due, {overdue} overdue, {done} done, {waived} waived"},
                 {{"due", std::to_string(states["due"])},
                  {"overdue", std::to_string(states["overdue"])},
                  {"done", std::to_string(states["done"])},
                  {"waived", std::to_string(states["waived"])}});
    }
    if (!table.empty()) job.lines(table.text(job.width()));
    if (shown > kShownMax) {
        job.tell({"另有 {n} 项（--json 全部列出）", "{n} more (--json lists all)"},
                 {{"n", std::to_string(shown - kShownMax)}});
    }
    for (auto const& each : calendar.findings) {
        job.tell({"  {id} {name}：{said}（{detail}）", "  {id} {name}: {said} ({detail})"},
                 {{"id", clean(each.subject)},
                  {"name", clean(each.name)},
                  {"said", sayReason("note." + each.code, job.language())},
                  {"detail", clean(each.detail)}});
    }
    return status::kDone;
}

Result<int> cycleWaive(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Write));
    SPIRAL_GIVE(begin, dayFrom(job.arguments[2]));
    engine::Waiver const waiver{job.arguments[1], begin, job.arguments.value("--comment").value_or("")};
    SPIRAL_GIVE(done, office::waive(*office, job.arguments[0], waiver, job.today()));
    Json told = Json::object();
    told.set("id", done.document.doc.hex()).set("subject", job.arguments[0]).set("item", waiver.rule);
    told.set("begin", toText(begin)).set("reason", waiver.reason);
    job.answer(told);
    job.tell(
        {"已免做：{subject} {item} {begin}，理由：{reason}", "Waived: {subject} {item} {begin}, because: {reason}"},
        {{"subject", clean(job.arguments[0])},
         {"item", std::string(job.say(itemText(waiver.rule)))},
         {"begin", toText(begin)},
         {"reason", clean(waiver.reason)}});
    return status::kDone;
}

}  // namespace

std::vector<Command> calendarCommands() {
    return {
        {.name = "cycle calendar",
         .summary = {"诊改日历：学校、专业、课程各项诊断的期限与完成情况",
                     "when the college, programmes and courses are to be diagnosed, and what was done"},
         .options = {{.name = "--programme", .value = "C", .what = {"一个专业（代码）", "one programme, by its code"}},
                     {.name = "--course", .value = "C", .what = {"一门课程（代码）", "one course, by its code"}},
                     {.name = "--college", .what = {"只看学校", "the college alone"}},
                     {.name = "--from",
                      .value = "DATE",
                      .what = {"从这一天，默认今天所在的三年", "from this day; usual: the three years of today"}},
                     {.name = "--until",
                      .value = "DATE",
                      .what = {"只列此日之前开始的项目", "items that begin before this day"}},
                     {.name = "--begin",
                      .value = "DATE",
                      .what = {"周期从哪天起算；默认名单文档所写，或首个周期的开始",
                               "from when clocks are counted; usual: as the document of programmes says, or the start "
                               "of the first cycle"}}},
         .more =
             {"学校三年至少完成一次诊改，临期 180 "
              "天内提醒。专业每年监测、每三年考核性诊断，品牌专业为重点（以项目开始那天的"
              "标记为准）。课程三年建设一次大诊改、每年一次小诊改、每学期一次教学诊改；与大诊改同年的小诊改照做，除非写"
              "明理由"
              "免做（spiral cycle "
              "waive）。一个周期算作与它同类、重叠最久的那一项；周期结束且该对象有诊断点走完，才算完成："
              "全部遗留或撤回的不算。",
              "The college finishes a diagnosis at least every three years, with a warning 180 days before. A "
              "programme "
              "is monitored every year and assessed every third; the brand ones are the focus, by the flag on the day "
              "when an item begins. A course has a large diagnosis in three years, a small one a year and one of its "
              "teaching a semester; the small one in the year of the large one stays unless it is waived with a reason "
              "(spiral cycle waive). A cycle counts for the item of its clock that it shares most days with, and does "
              "it once it is closed with points of that subject finished, not all left over or taken back."},
         .examples = {{"spiral cycle calendar", {"学校，及所有逾期的项目", "the college, and all that is overdue"}},
                      {"spiral cycle calendar --course C1 --from 2026-09-01 --until 2029-09-01",
                       {"一门课程的三年：1 大、3 小、6 学期",
                        "three years of a course: 1 large, 3 small, 6 semesters"}},
                      {"spiral cycle calendar --programme 510201 --json", {"供脚本", "for scripts"}}},
         .run = cycleCalendar},
        {.name = "cycle waive",
         .summary = {"写明理由，免做日历中的一项", "let an item of the calendar fall away, saying why"},
         .positionals = {{"SUBJECT", {"对象，如 course:C1", "the subject, such as course:C1"}},
                         {"ITEM", {"项目，如 small", "the item, such as small"}},
                         {"BEGIN", {"该项开始的日期", "the day on which it begins"}}},
         .options = {{.name = "--comment", .value = "T", .what = {"理由", "why"}, .required = true}},
         .more = {"只有与更长的一项同时结束的可以免做，如与大诊改同年的小诊改；它留在日历里，标为免做。理由写入名单文档"
                  "的签名"
                  "版本。",
                  "Only an item that ends together with a longer one, such as the small one in the year of the large "
                  "one; it stays in the calendar as waived. The reason is kept in the document of courses."},
         .examples = {{"spiral cycle waive course:C1 small 2028-09-01 --comment 并入大诊改",
                       {"当年小诊改并入大诊改", "the small one goes into the large one"}},
                      {"spiral cycle waive programme:510201 monitoring 2028-09-01 --comment 并入考核性诊断",
                       {"专业", "a programme"}}},
         .run = cycleWaive},
    };
}

}  // namespace spiral::cli
