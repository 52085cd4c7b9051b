// What comes back every year: reports of schools, and the road of the college's own report to city and province.
#include "office/yearly.h"

#include "format.h"
#include "remarks.h"

namespace spiral::cli {

namespace {

constexpr std::string_view kStepType = "yearly-step.v1";

Result<int> yearOf(Job& job) {
    auto const told = job.arguments.value("--year");
    if (!told) return static_cast<int>(job.today().year());
    auto const first = parseDay(*told + "-01-01");
    if (!first) return makeError(ErrorCode::Usage, "report.year", *told);
    return static_cast<int>(first->year());
}

std::string stepText(office::Office& office, std::string_view step, Language language) {
    return valueText(office.definitions().type(kStepType), "step", json::Value(std::string(step)), office.names(),
                     language);
}

// --- reports of schools
// -----------------------------------------------------------------------------------------------

/// `signed`, `late`, `overdue`, `begun`, `open`.
std::string_view stateOf(office::SchoolReport const& school) {
    if (school.late) return "late";
    if (school.signedOn) return "signed";
    if (school.overdue) return "overdue";
    return school.document ? "begun" : "open";
}

std::string stateWords(office::SchoolReport const& school, Language language) {
    auto const state = stateOf(school);
    if (state == "late") return std::string(Text{"迟交", "late"}.in(language));
    if (state == "signed") return std::string(Text{"已交", "handed in"}.in(language));
    if (state == "begun") return std::string(Text{"起草中", "begun"}.in(language));
    if (state == "open") return std::string(Text{"未交，未到期", "open, not yet due"}.in(language));
    std::string words(Text{"逾期未交", "overdue"}.in(language));
    if (school.document) words += Text{"（在起草）", " (begun)"}.in(language);
    return words;
}

Json toJson(office::SchoolReport const& school, office::Names const& names) {
    Json told = Json::object();
    told.set("school", school.school).set("name", school.name).set("status", stateOf(school));
    told.set("document", school.document ? Json(school.document->doc.hex()) : Json());
    told.set("title", school.title).set("state", school.state).set("others", school.others);
    told.set("signed_by", school.signedBy ? Json(school.signedBy->text()) : Json());
    told.set("signed_by_name", school.signedBy ? Json(names.person(*school.signedBy)) : Json());
    told.set("signed_at", timeJson(school.signedAt)).set("signed_on", dayJson(school.signedOn));
    told.set("overdue", school.overdue).set("late", school.late);
    return told.set("breaches", cli::toJson(school.breaches));
}

/// status: every school; due: those whose report is not signed.
Result<int> reports(Job& job) {
    SPIRAL_GIVE(year, yearOf(job));
    std::optional<Day> due;
    if (auto const told = job.arguments.value("--due")) {
        SPIRAL_GIVE(day, dayFrom(*told));
        due = day;
    }
    bool const onlyOpen = job.command.name == "report due";
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    auto const reports = office::schoolReports(*office, office::organisationOf(*office), year, job.today(), due);
    auto const& names = office->names();
    Json schools = Json::array();
    Table table({{std::string(job.say({"二级学院", "school"})), Table::Align::Left, true},
                 {std::string(job.say({"报告", "report"})), Table::Align::Left, true},
                 {std::string(job.say({"情况", "how it stands"})), Table::Align::Left, true},
                 {std::string(job.say({"签署人", "signed by"})), Table::Align::Left, true},
                 {std::string(job.say({"签署日期", "on"}))}});
    engine::Remarks breaches;
    for (auto const& school : reports.schools) {
        if (onlyOpen && school.signedOn) continue;
        schools.add(toJson(school, names));
        table.add({school.name + " (" + school.school + ")",
                   school.document ? office->shortName(*school.document) + " " + school.title : "-",
                   stateWords(school, job.language()), school.signedBy ? names.person(*school.signedBy) : "",
                   dayText(school.signedOn)});
        breaches.insert(breaches.end(), school.breaches.begin(), school.breaches.end());
    }
    Json told = Json::object();
    told.set("year", year).set("due", toText(reports.due)).set("schools", std::move(schools));
    told.set("written", reports.written).set("late", reports.late).set("overdue", reports.overdue);
    job.answer(told);
    if (!table.empty()) job.lines(table.text(job.width()));
    tellRemarks(job, *office, breaches);
    job.tell(
        {"{year} 年度报告，{due} 到期：{all} 个二级学院，已签 {written}（迟交 {late}），逾期未交 {overdue}",
         "Yearly reports of {year}, due {due}: {all} school(s), {written} signed ({late} late), {overdue} overdue"},
        {{"year", std::to_string(year)},
         {"due", toText(reports.due)},
         {"all", std::to_string(reports.schools.size())},
         {"written", std::to_string(reports.written)},
         {"late", std::to_string(reports.late)},
         {"overdue", std::to_string(reports.overdue)}});
    return status::kDone;
}

// --- the yearly road
// --------------------------------------------------------------------------------------------------

Json toJson(std::optional<office::RoadFact> const& fact, office::Names const& names) {
    if (!fact) return {};
    Json files = Json::array();
    for (auto const& file : fact->files) files.add(Json(trust::toJson(file)));
    Json told = Json::object();
    told.set("document", fact->document.doc.hex()).set("record", fact->record.hex()).set("on", toText(fact->on));
    told.set("by", fact->by.text()).set("by_name", names.person(fact->by)).set("signed_at", timeJson(fact->signedAt));
    return told.set("number", fact->number).set("note", fact->note).set("files", std::move(files));
}

std::string factText(std::optional<office::RoadFact> const& fact, office::Names const& names) {
    if (!fact) return "-";
    return toText(fact->on) + "  " + names.person(fact->by) + (fact->number.empty() ? "" : "  " + fact->number);
}

std::string windowText(engine::YearlyDate const& date) {
    return (date.from ? toText(*date.from) + " – " : std::string()) + dayText(date.due);
}

Result<int> road(Job& job) {
    SPIRAL_GIVE(year, yearOf(job));
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    auto const& names = office->names();
    auto const road = office::yearlyRoad(*office, year, job.today());
    Json steps = Json::array();
    Table table({{std::string(job.say({"环节", "step"})), Table::Align::Left, true},
                 {std::string(job.say({"时间", "when"}))},
                 {std::string(job.say({"提交", "handed in"})), Table::Align::Left, true},
                 {std::string(job.say({"回执", "received"})), Table::Align::Left, true},
                 {std::string(job.say({"问题", "what is wrong"})), Table::Align::Left, true}});
    for (auto const& step : road.steps) {
        std::string findings;
        for (auto const& code : step.findings) {
            findings +=
                (findings.empty() ? "" : std::string(listMark(job.language()))) + sayReason(code, job.language());
        }
        table.add({stepText(*office, step.date.name, job.language()), windowText(step.date),
                   factText(step.handedIn, names), factText(step.received, names), findings});
        Json one = Json::object();
        one.set("step", step.date.name).set("from", dayJson(step.date.from)).set("due", dayJson(step.date.due));
        one.set("handed_in", toJson(step.handedIn, names)).set("received", toJson(step.received, names));
        steps.add(one.set("findings", Json::array(step.findings)));
    }
    Json told = Json::object();
    job.answer(told.set("year", year).set("steps", std::move(steps)).set("fine", road.fine()));
    job.lines(table.text(job.width()));
    return road.fine() ? status::kDone : status::kRefused;
}

/// hand-in and receipt: the last word of the command's name.
Result<int> take(Job& job) {
    office::StepGiven given;
    given.receipt = job.command.name == "report receipt";
    given.step = job.arguments[0];
    SPIRAL_GIVE(year, yearOf(job));
    given.year = year;
    SPIRAL_GIVE(on, dayFrom(job.arguments.value("--on").value_or("")));
    given.on = on;
    given.number = job.arguments.value("--number").value_or("");
    given.note = job.arguments.value("--note").value_or("");
    if (auto const file = job.arguments.value("--file")) given.file = job.path(*file);
    SPIRAL_GIVE(office, job.office(replica::Access::Write));
    if (auto const told = job.arguments.value("--report")) {
        SPIRAL_GIVE(report, office->resolveId(*told));
        given.report = report;
    }
    SPIRAL_GIVE(done, office::takeStep(*office, given));
    auto const road = office::yearlyRoad(*office, year, job.today());
    std::vector<std::string> findings;
    for (auto const& step : road.steps) {
        if (step.date.name == given.step) findings = step.findings;
    }
    Json told = Json::object();
    told.set("document", done.document.doc.hex()).set("record", done.record.hex()).set("step", given.step);
    job.answer(told.set("on", toText(on)).set("findings", Json::array(findings)));
    job.tell(given.receipt ? Text{"已签署：{step} 的回执，{on}（{id}，记录 {record}）",
                                  "Signed: {step} received on {on} ({id}, record {record})"}
                           : Text{"已签署：{step} 提交，{on}（{id}，记录 {record}）",
                                  "Signed: {step} handed in on {on} ({id}, record {record})"},
             {{"step", stepText(*office, given.step, job.language())},
              {"on", toText(on)},
              {"id", office->shortName(done.document)},
              {"record", shortId(done.record)}});
    for (auto const& code : findings) job.line("  " + sayReason(code, job.language()));
    return status::kDone;
}

Option yearOption() {
    return {.name = "--year", .value = "Y", .what = {"年度；默认今年", "the year; default: this year"}};
}

Positional stepPositional() {
    return {"STEP",
            {"环节：self-diagnosis 自我诊改、city 报市、province 报省", "the step: self-diagnosis, city or province"},
            true,
            Completes::Words,
            "self-diagnosis city province"};
}

std::vector<Option> takeOptions(std::vector<Option> more) {
    std::vector<Option> options{yearOption(),
                                {.name = "--on", .value = "D", .what = {"哪一天", "on which day"}, .required = true},
                                {.name = "--file",
                                 .value = "FILE",
                                 .what = {"附件，如回执扫描件", "a file, such as the scanned receipt"},
                                 .completes = Completes::File},
                                {.name = "--note", .value = "T", .what = {"说明", "a note"}}};
    options.insert(options.end(), more.begin(), more.end());
    return options;
}

Option dueOption() {
    return {.name = "--due",
            .value = "D",
            .what = {"按这个期限算，不按机构设置", "due on this day, whatever the settings say"}};
}

}  // namespace

std::vector<Command> yearlyCommands() {
    Text const reportsMore{
        "各二级学院每年一份质量年度报告（report，report_kind=RK-06，year，owner "
        "为学院），由学院质量保证工作组当日的负责人提交，"
        "即为学院签署；别人提交的，签署前拒绝，绕过程序签的标明并不计。期限见机构设置 "
        "school_report_due，没有设的为年末。",
        "Each school writes one quality report a year (a report with report_kind=RK-06, a year, and the school as "
        "owner). "
        "Whoever heads the school's quality group on that day submits it, which is the school's signature; anybody "
        "else "
        "is refused before signing, and what was signed past the program is marked and not counted. It is due as the "
        "settings say (school_report_due), else at the end of the year."};
    return {
        {.name = "report status",
         .summary = {"各二级学院的质量年度报告：谁在何时签署，逾期、迟交",
                     "yearly quality reports of the schools: signed by whom and when, overdue, late"},
         .options = {yearOption(), dueOption()},
         .more = reportsMore,
         .examples = {{"spiral report status --year 2026", {"全部二级学院", "every school"}},
                      {"spiral doc new report --unit jdx --set title=2026年度质量报告 --set kind=annual --set "
                       "report_kind=RK-06 --set year=2026 --set owner=jdx",
                       {"起草一份，再由学院负责人提交", "begin one; then the head of the school's group submits it"}}},
         .run = reports},
        {.name = "report due",
         .summary = {"还没有交质量年度报告的二级学院", "schools whose yearly report is not signed"},
         .options = {yearOption(), dueOption()},
         .more = reportsMore,
         .examples = {{"spiral report due", {"今年还没交的", "those of this year"}},
                      {"spiral report due --year 2025 --json --today 2026-01-15", {"按那一天", "as of that day"}}},
         .run = reports},
        {.name = "report road",
         .summary = {"年度上报路线：自我诊改、报市、报省的提交与回执；有问题时退出状态为 1",
                     "the yearly road: own diagnosis, city, province, what was handed in and received; exit status 1 "
                     "if anything is wrong"},
         .options = {yearOption()},
         .more =
             {"自我诊改 9 月 30 日前完成；10 "
              "月报市教育局；有市的回执后报省教育厅。迟交、越级、没有回执逐条指出。机构设置 yearly_road "
              "为真的，到期事项出现在质控办的待办里。",
              "The own diagnosis is done by 30 September; the city has its report in October; the province after the "
              "city's receipt. What is late, out of order or without a receipt is told. With yearly_road in the "
              "settings, what is due stands in the quality office's inbox."},
         .examples = {{"spiral report road --year 2026", {"今年走到哪一步", "how far this year has come"}},
                      {"spiral report road --json", {"给脚本", "for scripts"}}},
         .run = road},
        {.name = "report hand-in",
         .summary = {"签署：年度上报的一个环节已提交", "sign that a step of the yearly road was handed in"},
         .positionals = {stepPositional()},
         .options = takeOptions(
             {{.name = "--report", .value = "ID", .what = {"所交的报告", "the report that was handed in"}}}),
         .more = {"签了就不能改；写错的撤回（step 编号 "
                  "withdraw）再签。上一环节没有回执的，不能提交下一环节。迟于期限的照签，并标明迟交。",
                  "What is signed is not changed; a wrong one is withdrawn (step ID withdraw) and signed anew. A step "
                  "waits for "
                  "the receipt of the one before. What is late is signed all the same, and told as late."},
         .examples = {{"spiral report hand-in self-diagnosis --on 2026-09-28",
                       {"自我诊改完成", "the own diagnosis is done"}},
                      {"spiral report hand-in city --on 2026-10-12 --report 3f2a --note 专人送达",
                       {"报市", "to the city"}}},
         .run = take},
        {.name = "report receipt",
         .summary = {"签署：收到年度上报一个环节的回执", "sign that a step of the yearly road was received"},
         .positionals = {stepPositional()},
         .options = takeOptions({{.name = "--number", .value = "N", .what = {"回执文号", "number of the receipt"}}}),
         .more = {"市、省的回执须有文号或附件。自我诊改的回执是学校自己的认定。",
                  "A receipt of city or province has its number or a file. That of the own diagnosis is the college's "
                  "own word."},
         .examples = {{"spiral report receipt self-diagnosis --on 2026-09-30", {"学校认定", "the college confirms it"}},
                      {"spiral report receipt city --on 2026-10-20 --number 市教函〔2026〕12号 --file 回执.pdf",
                       {"市的回执", "the city's receipt"}}},
         .run = take},
    };
}

}  // namespace spiral::cli
