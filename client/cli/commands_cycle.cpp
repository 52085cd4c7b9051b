// Cycles of diagnosis: started in one command, followed by counts, closed with what is left over; and the types and
// workflows that a college adds.
#include "office/calendar.h"
#include "office/cycles.h"
#include "registry_words.h"

#include <algorithm>

namespace spiral::cli {

namespace {

constexpr std::size_t kDefinitionBytesMax = 256 * 1024;

Result<engine::Clock> clockFrom(std::string_view text) {
    if (text == "semester") return engine::Clock::Semester;
    if (text == "year") return engine::Clock::Year;
    if (text == "three-years") return engine::Clock::ThreeYears;
    return makeError(ErrorCode::Usage, "cycle.clock", std::string(text));
}

/// The texts between these marks.
std::vector<std::string> parted(std::string_view text, std::string_view marks) {
    std::vector<std::string> parts;
    std::size_t begin = 0;
    while (begin <= text.size()) {
        std::size_t const end = std::min(text.find_first_of(marks, begin), text.size());
        if (end > begin) parts.emplace_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return parts;
}

constexpr std::string_view kLevels[] = {"programme", "course", "staff", "student"};

Text levelText(std::string_view level) {
    if (level == "programme") return {"专业", "programmes"};
    if (level == "course") return {"课程", "courses"};
    if (level == "staff") return {"师资（学院）", "staff (schools)"};
    if (level == "student") return {"学生（班级）", "students (classes)"};
    return {"学校", "college"};
}

Result<std::string> levelFrom(std::string_view text) {
    if (!engine::hasSubjects(text)) return makeError(ErrorCode::Usage, "cycle.level", std::string(text));
    return std::string(text);
}

/// Which levels are answered for their subjects, and which of units.
Result<void> readSubjects(Job& job, office::CycleWanted& wanted) {
    for (auto const& text : job.arguments.values("--subjects")) {
        auto const equals = std::min(text.find('='), text.size());
        SPIRAL_GIVE(level, levelFrom(std::string_view(text).substr(0, equals)));
        auto& codes = wanted.subjects[level];
        for (auto& code : parted(std::string_view(text).substr(equals), "=,")) codes.push_back(std::move(code));
    }
    auto const told = job.arguments.value("--by-unit");
    if (!told) return {};
    if (*told == "all") {
        for (auto const level : kLevels) {
            if (!wanted.subjects.contains(std::string(level))) wanted.byUnit.insert(std::string(level));
        }
        return {};
    }
    for (auto const& text : parted(*told, ",")) {
        SPIRAL_GIVE(level, levelFrom(text));
        wanted.byUnit.insert(level);
    }
    return {};
}

/// What start and adopt have in common: the catalogues, and whom they mean.
Result<office::CycleWanted> wantedFrom(Job& job, office::Office& office) {
    office::CycleWanted wanted;
    for (auto const& text : job.arguments.values("--catalogue")) {
        SPIRAL_GIVE(key, office.resolveId(text));
        wanted.catalogues.push_back(key);
    }
    if (wanted.catalogues.empty()) {
        // All that the college has: the usual case is one set of tables.
        replica::ListFilter filter;
        filter.type = "catalogue";
        for (auto const& listed : office.list(filter)) wanted.catalogues.push_back(listed.key());
    }
    if (auto const units = job.arguments.value("--units")) {
        if (*units == "all") {
            for (auto const& unit : office.registry().units()) {
                if (!unit.closed) wanted.units.push_back(unit.id);
            }
        } else {
            wanted.units = parted(*units, ",");
        }
    }
    for (auto const& text : job.arguments.values("--owner")) {
        auto const equals = text.find('=');
        if (equals == std::string::npos) return makeError(ErrorCode::Usage, "usage.owner", text);
        wanted.owners[text.substr(0, equals)] = parted(std::string_view(text).substr(equals + 1), ",");
    }
    if (auto read = readSubjects(job, wanted); !read) return read.error();
    wanted.asOf = job.today();
    return wanted;
}

Json toJson(office::PartCounts const& counts) {
    Json told = Json::object();
    told.set("all", counts.all)
        .set("answered", counts.answered)
        .set("not_begun", counts.notBegun)
        .set("open", counts.open);
    told.set("closed", counts.closed)
        .set("carried_over", counts.carriedOver)
        .set("taken_back", counts.takenBack)
        .set("overdue", counts.overdue);
    told.set("failed_rounds", counts.failedRounds);
    return told;
}

Json toJson(office::CyclePlan const& plan) {
    Json told = Json::object();
    told.set("elements", plan.elements).set("points", plan.points).set("parts", static_cast<std::int64_t>(plan.parts));
    told.set("carried", static_cast<std::int64_t>(plan.carried));
    Json unowned = Json::array();
    for (auto const& each : plan.unowned) {
        Json one = Json::object();
        one.set("element", each.element).set("title", each.title).set("names", each.names);
        unowned.add(std::move(one));
    }
    told.set("unowned", std::move(unowned));
    Json unknown = Json::array();
    for (auto const& name : plan.unknownNames) unknown.add(name);
    told.set("unknown_names", std::move(unknown));
    Json subjects = Json::array();
    for (auto const& [level, number] : plan.subjects) {
        Json one = Json::object();
        one.set("level", level).set("subjects", number);
        subjects.add(std::move(one));
    }
    told.set("subjects", std::move(subjects)).set("unit_levels", Json::array(plan.unitLevels));
    Json findings = Json::array();
    for (auto const& each : plan.findings) {
        Json one = Json::object();
        one.set("code", each.code).set("subject", engine::subjectId(each.level, each.subject)).set("name", each.name);
        findings.add(std::move(one));
    }
    told.set("findings", std::move(findings));
    return told;
}

void tellPlan(Job& job, office::CyclePlan const& plan) {
    job.tell({"  {e} 个要素，{p} 个诊断点，共需各部门完成 {n} 份；上一周期遗留 {c} 项",
              "  {e} elements, {p} points; {n} parts asked of the units; {c} left over from the cycle before"},
             {{"e", std::to_string(plan.elements)},
              {"p", std::to_string(plan.points)},
              {"n", std::to_string(plan.parts)},
              {"c", std::to_string(plan.carried)}});
    for (auto const& [level, number] : plan.subjects) {
        job.tell({"  {level}：{n} 个对象，每个诊断点对每个对象各答一次",
                  "  {level}: {n} subject(s), and each point is answered once for each"},
                 {{"level", std::string(job.say(levelText(level)))}, {"n", std::to_string(number)}});
    }
    for (auto const& level : plan.unitLevels) {
        job.tell(
            {"  {level}：还没有导入名单，由部门作答（先 spiral import programmes、courses、schools、classes 可按对象）",
             "  {level}: none are told, so units answer (spiral import programmes, courses, schools, classes first "
             "to have it by subject)"},
            {{"level", std::string(job.say(levelText(level)))}});
    }
    for (auto const& each : plan.findings) {
        job.tell({"  {id} {name}：{said}", "  {id} {name}: {said}"},
                 {{"id", clean(engine::subjectId(each.level, each.subject))},
                  {"name", clean(each.name)},
                  {"said", sayReason("note." + each.code, job.language())}});
    }
    for (auto const& each : plan.unowned) {
        job.tell({"  无责任部门：{id} {title}（原文：{names}）", "  nobody answers {id} {title} (printed: {names})"},
                 {{"id", clean(each.element)}, {"title", clean(each.title)}, {"names", clean(each.names)}});
    }
    std::string names;
    for (auto const& name : plan.unknownNames)
        names += (names.empty() ? "" : std::string(listMark(job.language()))) + clean(name);
    if (!names.empty()) {
        job.tell({"  不是部门名称，未计入：{names}（可用 --owner 名称=部门,…）",
                  "  no unit's name, left out: {names} (--owner NAME=UNIT,…)"},
                 {{"names", names}});
    }
}

Result<int> tellStarted(Job& job, office::Office& office, office::CycleStarted const& started, Text said) {
    Json told = toJson(started.plan);
    told.set("id", started.cycle.doc.hex()).set("revision", started.revision.hex()).set("record", started.record.hex());
    job.answer(told);
    job.tell(said, {{"id", office.shortName(started.cycle)}});
    tellPlan(job, started.plan);
    return status::kDone;
}

Result<int> cycleStart(Job& job) {
    bool const dryRun = job.arguments.has("--dry-run");
    SPIRAL_GIVE(office, job.office(dryRun ? replica::Access::Read : replica::Access::Write));
    SPIRAL_GIVE(wanted, wantedFrom(job, *office));
    wanted.title = job.arguments[0];
    SPIRAL_GIVE(clock, clockFrom(job.arguments.value("--clock").value_or("year")));
    wanted.clock = clock;
    SPIRAL_GIVE(start, dayFrom(job.arguments.value("--from").value_or(toText(job.today()))));
    wanted.start = start;
    std::pair<char const*, std::optional<Day> office::CycleWanted::*> const days[] = {
        {"--end", &office::CycleWanted::end},
        {"--due", &office::CycleWanted::due},
        {"--report-due", &office::CycleWanted::reportDue}};
    for (auto const& [option, member] : days) {
        if (auto const told = job.arguments.value(option)) {
            SPIRAL_GIVE(day, dayFrom(*told));
            wanted.*member = day;
        }
    }
    if (auto const told = job.arguments.value("--after")) {
        SPIRAL_GIVE(previous, office->resolveId(*told));
        wanted.previous = previous;
    }
    SPIRAL_GIVE(readings, settings(job.arguments.values("--reading")));
    for (auto const& [k, v] : readings) wanted.readings[k] = v;
    if (dryRun) {
        SPIRAL_GIVE(plan, office::planCycle(*office, wanted));
        job.answer(toJson(plan));
        job.tell({"预演，未写入：", "Nothing written; it would hold:"});
        tellPlan(job, plan);
        return status::kDone;
    }
    SPIRAL_GIVE(started, office::startCycle(*office, wanted));
    return tellStarted(job, *office, started, {"周期已启动并签名：{id}", "Cycle started and signed: {id}"});
}

Result<int> cycleAdopt(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Write));
    SPIRAL_GIVE(cycle, office->resolveId(job.arguments[0]));
    SPIRAL_GIVE(wanted, wantedFrom(job, *office));
    SPIRAL_GIVE(adopted, office::adoptCatalogue(*office, cycle, wanted, job.arguments.value("--comment").value_or("")));
    return tellStarted(job, *office, adopted,
                       {"周期 {id} 已采用新版要素表。", "Cycle {id} goes by the changed catalogue."});
}

Json partJson(office::CyclePart const& part) {
    Json told = Json::object();
    told.set("id", part.line.doc.hex())
        .set("scope", part.line.scope.text())
        .set("rule", part.rule)
        .set("element", part.element);
    told.set("subject", part.subject)
        .set("point", part.point)
        .set("unit", part.unit)
        .set("title", part.line.title)
        .set("state", part.line.state);
    told.set("due", dayJson(part.line.due)).set("days_overdue", part.line.daysOverdue).set("begun", part.line.begun);
    told.set("answered", part.answered).set("round", part.line.round).set("failed_rounds", part.line.failedRounds);
    told.set("closed", part.line.closed).set("left_over", part.leftOver).set("withdrawn", part.withdrawn);
    return told;
}

std::string bar(int done, int of) {
    constexpr int kWidth = 20;
    int const full = of == 0 ? 0 : done * kWidth / of;
    std::string text;
    for (int i = 0; i < kWidth; ++i) text += i < full ? "█" : "░";
    return text + " " + std::to_string(done) + "/" + std::to_string(of);
}

Result<int> cycleShow(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    SPIRAL_GIVE(key, office->resolveId(job.arguments[0]));
    SPIRAL_GIVE(cycle, office::showCycle(*office, key, job.today()));
    auto const unit = job.arguments.value("--unit");
    auto const element = job.arguments.value("--element");
    auto const subject = job.arguments.value("--subject");
    auto const shows = [&](office::CyclePart const& part) {
        return (!unit || part.unit == *unit) && (!element || part.element == *element || part.point == *element) &&
               (!subject || part.subject == *subject);
    };
    if (subject && !cycle.subjectNames.contains(*subject))
        return makeError(ErrorCode::NotFound, "cycle.subject-unknown", *subject);
    std::string const by = job.arguments.value("--by").value_or("unit");
    if (by != "unit" && by != "subject" && by != "element" && by != "level")
        return makeError(ErrorCode::Usage, "cycle.by", by);
    auto const& names = office->names();
    auto const& row = cycle.document.listed.row;
    if (job.json()) {
        Json told = Json::object();
        told.set("id", key.doc.hex()).set("title", row.title).set("state", row.state).set("due", dayJson(row.due));
        told.set("elements", toJson(cycle.elements))
            .set("points", toJson(cycle.points))
            .set("carried", toJson(cycle.carried));
        told.set("rectification", toJson(cycle.rectification));
        std::pair<char const*, std::map<std::string, office::PartCounts> const*> const tables[] = {
            {"by_unit", &cycle.byUnit},
            {"by_element", &cycle.byElement},
            {"by_level", &cycle.byLevel},
            {"by_subject", &cycle.bySubject}};
        for (auto const& [name, counts] : tables) {
            Json array = Json::array();
            for (auto const& [id, each] : *counts) {
                Json one = toJson(each);
                one.set("id", id);
                if (counts == &cycle.bySubject) one.set("title", cycle.subjectNames[id]);
                array.add(std::move(one));
            }
            told.set(name, std::move(array));
        }
        std::pair<char const*, std::vector<office::CyclePart> const*> const lists[] = {
            {"parts", &cycle.parts}, {"rectifications", &cycle.rectifications}, {"withdrawn", &cycle.withdrawn}};
        for (auto const& [name, parts] : lists) {
            Json array = Json::array();
            for (auto const& part : *parts) {
                if (shows(part)) array.add(partJson(part));
            }
            told.set(name, std::move(array));
        }
        job.answer(told);
        return status::kDone;
    }
    job.heading(clean(row.title));
    job.tell({"  状态：{state}   自诊期限：{due}", "  state: {state}   due: {due}"},
             {{"state", stateText(row.type, row.state, job.language())}, {"due", dayText(row.due)}});
    job.tell({"  要素表  {bar} 已填全六项", "  forms   {bar} with all six parts"},
             {{"bar", bar(cycle.elements.answered, cycle.elements.all)}});
    job.tell({"  诊断点  {bar} 已有诊断结果", "  points  {bar} with a result"},
             {{"bar", bar(cycle.points.answered, cycle.points.all)}});
    job.tell({"  八步    {bar} 已完成循环", "  steps   {bar} finished"},
             {{"bar", bar(cycle.points.closed, cycle.points.all)}});
    if (cycle.rectification.all > 0) {
        job.tell({"  整改    {bar} 已通过", "  tasks   {bar} passed"},
                 {{"bar", bar(cycle.rectification.closed, cycle.rectification.all)}});
    }
    if (cycle.carried.all > 0) {
        job.tell({"  遗留    {bar} 已通过", "  carried {bar} passed"},
                 {{"bar", bar(cycle.carried.closed, cycle.carried.all)}});
    }
    for (auto const& [level, counts] : cycle.byLevel) {
        auto const subjects = std::count_if(cycle.bySubject.begin(), cycle.bySubject.end(),
                                            [start = level + ":"](auto const& each) { return each.first.starts_with(start); });
        if (subjects == 0) continue;
        job.tell({"  {level}：{n} 个对象，诊断点 {bar}", "  {level}: {n} subject(s), points {bar}"},
                 {{"level", std::string(job.say(levelText(level)))},
                  {"n", std::to_string(subjects)},
                  {"bar", bar(counts.answered, counts.all)}});
    }
    job.line();
    if (unit || element || subject) {
        Table table({{std::string(job.say({"编号", "id"}))},
                     {std::string(job.say({"部门", "unit"})), Table::Align::Left, true},
                     {std::string(job.say({"要素、诊断点", "element, point"})), Table::Align::Left, true},
                     {std::string(job.say({"期限", "due"}))},
                     {std::string(job.say({"状态", "state"}))}});
        for (auto const* parts : {&cycle.parts, &cycle.rectifications, &cycle.withdrawn}) {
            for (auto const& part : *parts) {
                if (!shows(part)) continue;
                std::string state = stateText(part.line.type, part.line.state, job.language());
                if (part.withdrawn) state += job.say({"（诊断点已撤销）", " (point withdrawn)"});
                table.add({office->shortName(part.line.key()), names.unit(part.unit), part.line.title,
                           dayText(part.line.due), state});
            }
        }
        if (!table.empty()) job.lines(table.text(job.width()));
        return status::kDone;
    }
    Text const heading = by == "subject"   ? Text{"对象", "subject"}
                         : by == "element" ? Text{"要素", "element"}
                         : by == "level"   ? Text{"层面", "level"}
                                           : Text{"部门", "unit"};
    auto const nameOf = [&](std::string const& id) {
        if (by == "subject") return cycle.subjectNames[id] + " " + id;
        if (by == "level") return std::string(job.say(levelText(id)));
        return by == "element" ? id : names.unit(id);
    };
    auto const& rows = by == "subject"   ? cycle.bySubject
                       : by == "element" ? cycle.byElement
                       : by == "level"   ? cycle.byLevel
                                         : cycle.byUnit;
    Table table({{std::string(job.say(heading)), Table::Align::Left, true},
                 {std::string(job.say({"诊断点", "points"})), Table::Align::Right},
                 {std::string(job.say({"已答", "answered"})), Table::Align::Right},
                 {std::string(job.say({"完成", "finished"})), Table::Align::Right},
                 {std::string(job.say({"未开始", "not begun"})), Table::Align::Right},
                 {std::string(job.say({"逾期", "overdue"})), Table::Align::Right},
                 {std::string(job.say({"未通过轮次", "failed rounds"})), Table::Align::Right}});
    for (auto const& [id, counts] : rows) {
        table.add({nameOf(id), std::to_string(counts.all), std::to_string(counts.answered),
                   std::to_string(counts.closed), std::to_string(counts.notBegun), std::to_string(counts.overdue),
                   std::to_string(counts.failedRounds)});
    }
    if (!table.empty()) job.lines(table.text(job.width()));
    if (!cycle.withdrawn.empty()) {
        job.tell({"诊断点或对象已撤销，答案保留：{n} 份（--json 列出）",
                  "Answers kept of withdrawn points and subjects: {n} (listed with --json)"},
                 {{"n", std::to_string(cycle.withdrawn.size())}});
    }
    return status::kDone;
}

Result<int> cycleList(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    replica::ListFilter filter;
    filter.type = "cycle";
    Json told = Json::array();
    Table table({{std::string(job.say({"编号", "id"}))},
                 {std::string(job.say({"周期", "cycle"})), Table::Align::Left, true},
                 {std::string(job.say({"对象", "subjects"})), Table::Align::Right},
                 {std::string(job.say({"期限", "due"}))},
                 {std::string(job.say({"状态", "state"}))}});
    for (auto const& listed : office->list(filter)) {
        auto const shown = office->show(listed.key());
        auto const* subjects = shown ? json::arrayAt(shown->merged.fields, "subjects") : nullptr;
        auto const number = subjects ? subjects->size() : std::size_t{0};
        Json one = Json::object();
        one.set("id", listed.doc.hex()).set("title", listed.row.title).set("due", dayJson(listed.row.due));
        one.set("state", listed.row.state).set("closed", listed.row.closed);
        one.set("subjects", static_cast<std::int64_t>(number));
        told.add(std::move(one));
        table.add({office->shortName(listed.key()), listed.row.title, number == 0 ? "-" : std::to_string(number),
                   dayText(listed.row.due), stateText(listed.row.type, listed.row.state, job.language())});
    }
    job.answer(told);
    if (!table.empty())
        job.lines(table.text(job.width()));
    else
        job.tell({"还没有诊改周期。", "No cycle yet."});
    auto const college = office::collegeCalendar(*office, job.today());
    if (college.standing.state != engine::OnceStanding::State::InTime) {
        job.tell(
            {"学校三年内至少完成一次诊改：最晚 {day}（spiral cycle calendar --college）",
             "The college finishes a diagnosis at least every three years: by {day} (spiral cycle calendar --college)"},
            {{"day", toText(college.standing.lastsUntil)}});
    }
    return status::kDone;
}

Result<int> cycleClose(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Write));
    SPIRAL_GIVE(key, office->resolveId(job.arguments[0]));
    SPIRAL_GIVE(done, office::closeCycle(*office, key, job.arguments.value("--comment").value_or(""),
                                         job.arguments.has("--carry")));
    SPIRAL_GIVE(cycle, office->show(key));
    Json told = Json::object();
    told.set("id", key.doc.hex()).set("record", done.record.hex()).set("state", done.state);
    told.set("left_over", static_cast<std::int64_t>(cycle.standing.left.size()));
    job.answer(told);
    job.tell(
        {"周期已结束并签名；遗留 {n} 项，将随链接进入下一周期（cycle start --after {id}）。",
         "Cycle closed and signed; {n} left over, which enter the next cycle with a link (cycle start --after {id})."},
        {{"n", std::to_string(cycle.standing.left.size())}, {"id", office->shortName(key)}});
    return status::kDone;
}

Result<int> docBeside(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    SPIRAL_GIVE(key, office->resolveId(job.arguments[0]));
    SPIRAL_GIVE(shown, office->show(key));
    SPIRAL_GIVE(found, office::beside(*office, key));
    auto const& names = office->names();
    Json told = Json::object();
    Json last = Json::object();
    std::vector<std::string_view> const order{
        "result",   "result_text", "evidence", "problem",        "cause",      "main_cause",   "measures", "execution",
        "standard", "left_over",   "lessons",  "form_and_basis", "attainment", "achievements", "problems", "causes"};
    job.heading(clean(shown.listed.row.title));
    if (auto const* wording = json::stringAt(shown.merged.fields, "wording")) {
        told.set("wording", *wording);
        job.tell({"原文：{text}", "As printed: {text}"}, {{"text", clean(*wording)}});
    }
    if (found.lastAnswer) {
        job.tell({"上一周期（{state}，{id}）：", "The cycle before ({state}, {id}):"},
                 {{"state", stateText(shown.listed.row.type, found.lastState, job.language())},
                  {"id", office->shortName(*found.lastDocument)}});
        for (auto const name : order) {
            auto const* value = found.lastAnswer->find(name);
            if (!value) continue;
            last.set(name, json::encode(*value));
            job.line("  " + fieldText(shown.type, name, job.language()) + "：" +
                     valueText(shown.type, name, *value, names, job.language()));
        }
        told.set("last_document", found.lastDocument->doc.hex()).set("last_state", found.lastState);
    } else {
        job.tell({"上一周期没有答案。", "No answer in the cycle before."});
    }
    told.set("last_answer", std::move(last));
    Json joint = Json::array();
    for (auto const& [unit, part] : found.jointParts) {
        Json one = Json::object();
        auto const listed = office->view().document(part);
        one.set("unit", unit).set("id", part.doc.hex()).set("state", listed ? listed->row.state : std::string());
        joint.add(std::move(one));
        if (found.jointParts.size() > 1) {
            job.line("  " + names.unit(unit) + "  " + office->shortName(part) + "  " +
                     (listed ? stateText(listed->row.type, listed->row.state, job.language()) : std::string("-")));
        }
    }
    told.set("joint_parts", std::move(joint));
    job.answer(told);
    return status::kDone;
}

Result<int> typeAdd(Job& job) {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < job.arguments.count(); ++i) {
        SPIRAL_GIVE(bytes, job.read(job.arguments[i], kDefinitionBytesMax));
        texts.emplace_back(asText(bytes));
    }
    SPIRAL_GIVE(office, job.office(replica::Access::Write));
    auto const& registry = office->registry();
    SPIRAL_GIVE(members, office::policyWith(office->definitions(), registry.policy(registry.head().seq), texts));
    SPIRAL_GIVE(appended, office->propose("policy", std::move(members)));
    Json told = Json::object();
    told.set("definitions", static_cast<std::int64_t>(texts.size()));
    return tellAppended(job, appended, "policy", Proposing::ForSomething, std::move(told));
}

Result<int> typeList(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    Json told = Json::array();
    Table table({{std::string(job.say({"类型", "type"}))},
                 {std::string(job.say({"名称", "name"})), Table::Align::Left, true},
                 {std::string(job.say({"流程", "workflow"}))},
                 {std::string(job.say({"字段", "fields"})), Table::Align::Right},
                 {std::string(job.say({"来源", "from"}))}});
    for (auto const* type : office->definitions().types().all()) {
        bool const own = !model::TypeCatalogue::builtIn().find(type->name);
        Json one = Json::object();
        one.set("name", type->name).set("zh", type->label.zh).set("en", type->label.en).set("workflow", type->workflow);
        one.set("fields", static_cast<std::int64_t>(type->fields.size())).set("own", own);
        told.add(std::move(one));
        table.add({type->name, std::string(job.label(type->label)), type->workflow, std::to_string(type->fields.size()),
                   std::string(own ? job.say({"本校", "this college"}) : job.say({"内置", "built in"}))});
    }
    job.answer(told);
    job.lines(table.text(job.width()));
    return status::kDone;
}

Option catalogueOption() {
    return {.name = "--catalogue",
            .value = "DOC",
            .what = {"依据的要素表；默认全部", "the catalogue; default all there are"},
            .many = true};
}
Option unitsOption() {
    return {.name = "--units",
            .value = "U,…|all",
            .what = {"每个诊断点由这些部门各做一份；默认按要素表的责任部门",
                     "each of these units answers every point; default those the catalogue names"}};
}
Option ownerOption() {
    return {.name = "--owner",
            .value = "NAME=U,…",
            .what = {"原文名称指哪些部门，如 二级学院=yc-d03,yc-d08", "which units a printed name means"},
            .many = true};
}
Option subjectsOption() {
    return {.name = "--subjects",
            .value = "LEVEL[=CODE,…]",
            .what = {"此层面（programme、course、staff、student）对这些对象逐一诊断；不写代码为全部在办的",
                     "this level (programme, course, staff, student) is answered for these subjects; without codes all "
                     "that are open"},
            .many = true};
}
Option byUnitOption() {
    return {.name = "--by-unit",
            .value = "LEVEL,…|all",
            .what = {"这些层面由责任部门各答一次，不分专业、课程、班级",
                     "these levels are answered by units, not for each programme, course or class"}};
}
Option commentOption() { return {.name = "--comment", .value = "T", .what = {"说明", "a comment"}}; }

}  // namespace

std::vector<Command> cycleCommands() {
    return {
        {.name = "cycle start",
         .summary = {"启动一个诊改周期：要素表、部门、日期，一条命令",
                     "start a cycle: catalogue, units and dates in one command"},
         .positionals = {{"TITLE", {"名称", "title"}}},
         .options = {catalogueOption(),
                     unitsOption(),
                     ownerOption(),
                     subjectsOption(),
                     byUnitOption(),
                     {.name = "--clock",
                      .value = "C",
                      .what = {"周期：semester、year、three-years", "semester, year or three-years"},
                      .completes = Completes::Words,
                      .words = "semester year three-years"},
                     {.name = "--from", .value = "DATE", .what = {"开始日期，默认今天", "first day, default today"}},
                     {.name = "--end",
                      .value = "DATE",
                      .what = {"结束日期，默认按周期", "last day, default by the clock"}},
                     {.name = "--due",
                      .value = "DATE",
                      .what = {"自诊期限，默认结束日期", "when answers are due, default the last day"}},
                     {.name = "--report-due", .value = "DATE", .what = {"上报期限", "when the report is due"}},
                     {.name = "--after",
                      .value = "CYCLE",
                      .what = {"上一周期：其遗留事项随链接进入", "the cycle before: what it left over enters"}},
                     {.name = "--reading",
                      .value = "K=V",
                      .what = {"所取的解释，写入签名版本", "a reading taken, kept in what is signed"},
                      .many = true},
                     {.name = "--dry-run", .what = {"只预演，不写入", "write nothing"}}},
         .more =
             {"诊断点从要素表的确切版本复制，运行中的周期不随目录改变。各部门的表不由本机代签：从此在所有清单中列为"
              "“未开始”，由部门自己开始。专业、课程、师资、学生层面对名单中每个在办的专业、课程、有教师的学院、班级各答"
              "一次："
              "诊断点由牵头学院答，联办专业的表各学院各填一份；几个专业共开的课只诊断一次。没有导入名单时由部门作答。"
              "给了 --units 的周期全部由部门作答，除非另写 --subjects。没有部门可答的对象用 --owner 代码=部门，"
              "如 --owner programme:510201=yc-d03。",
              "Points are copied from exact revisions, so a running cycle keeps its version. No form is signed for "
              "a unit: from now on each stands in every list as not begun. Levels of programmes, courses, staff and "
              "students are answered once for each programme, course, school with teachers and class that is open: "
              "points by the leading school, forms of a joint programme by each school; a course that several "
              "programmes share is diagnosed once. Without such lists units answer. With --units everything is "
              "answered by those, unless --subjects says otherwise. A subject that no unit answers is given to one "
              "by --owner CODE=UNIT, such as --owner programme:510201=yc-d03."},
         .examples =
             {{"spiral cycle start 2026年自我诊改 --from 2026-01-01 --due 2026-09-30 --owner 二级学院=yc-d03,yc-d08",
               {"按责任部门", "by responsible units"}},
              {"spiral cycle start 2026学年专业诊断 --catalogue 3f2a --subjects programme=510201,460301",
               {"只诊断两个专业", "two programmes alone"}},
              {"spiral cycle start 试点 --units yc-d03,yc-d08 --dry-run", {"先看看", "look first"}}},
         .run = cycleStart},
        {.name = "cycle show",
         .summary = {"周期进度：完成度、各部门、逾期、未通过轮次",
                     "how a cycle stands: answered, by unit, overdue, failed rounds"},
         .positionals = {{"CYCLE", {"周期编号", "the cycle"}}},
         .options = {{.name = "--unit", .value = "U", .what = {"列出此部门的各份", "the parts of this unit"}},
                     {.name = "--element",
                      .value = "E",
                      .what = {"列出此要素或诊断点的各份", "the parts of this element or point"}},
                     {.name = "--subject",
                      .value = "S",
                      .what = {"列出此对象的各份，如 course:C1", "the parts of this subject, such as course:C1"}},
                     {.name = "--by",
                      .value = "WHAT",
                      .what = {"表格按什么列：unit（默认）、subject、element、level",
                               "what the table is by: unit (usual), subject, element, level"},
                      .completes = Completes::Words,
                      .words = "unit subject element level"}},
         .more = {"完成度 = 已有结果的份数 / 全部份数；数字由本机已有的数据计算。",
                  "Answered over all, counted from what this device holds."},
         .examples = {{"spiral cycle show 3f2a", {"全校", "all"}},
                      {"spiral cycle show 3f2a --unit yc-d03", {"一个部门", "one unit"}},
                      {"spiral cycle show 3f2a --by subject", {"各专业、课程、班级", "by programme, course, class"}}},
         .run = cycleShow},
        {.name = "cycle list",
         .summary = {"全部周期", "all cycles"},
         .more = {"各周期的期限与状态。", "Each with its due date and state."},
         .examples = {{"spiral cycle list", {"列出", "list"}}, {"spiral cycle list --json", {"供脚本", "for scripts"}}},
         .run = cycleList},
        {.name = "cycle adopt",
         .summary = {"让运行中的周期采用改过的要素表", "let a running cycle go by a changed catalogue"},
         .positionals = {{"CYCLE", {"周期编号", "the cycle"}}},
         .options = {catalogueOption(),
                     unitsOption(),
                     ownerOption(),
                     subjectsOption(),
                     byUnitOption(),
                     {.name = "--comment", .value = "T", .what = {"理由", "why"}, .required = true}},
         .more = {"编号相同（或注明 "
                  "was）的诊断点保留答案；撤销的诊断点，答案保留并列出。各层面照旧按对象或按部门；年中停办的专业"
                  "已答的保留，不再要求，新开的从此要求。",
                  "Answers stay with points of the same id, or of that `was`; answers to withdrawn points are kept and "
                  "listed. Each level stays by subject or by unit as it was; a programme closed in the year keeps what "
                  "it answered and is asked no more, one that was opened is asked from now on."},
         .examples = {{"spiral cycle adopt 3f2a --comment 增补三个诊断点", {"增补", "points added"}},
                      {"spiral cycle adopt 3f2a --catalogue 77aa --comment 改用新表", {"换表", "another table"}}},
         .run = cycleAdopt},
        {.name = "cycle close",
         .summary = {"结束周期；遗留事项进入下一周期", "close a cycle; what is left over enters the next"},
         .positionals = {{"CYCLE", {"周期编号", "the cycle"}}},
         .options = {{.name = "--carry", .what = {"未完成的列为遗留，一并结束", "what is open is left over"}},
                     commentOption()},
         .more = {"还有未完成的份时拒绝并列名；--carry 则把它们逐一写入签名的结束记录。",
                  "Refused naming what is open; with --carry each of it is named in the signed act."},
         .examples = {{"spiral cycle close 3f2a", {"全部完成后", "when all is done"}},
                      {"spiral cycle close 3f2a --carry --comment 两项延至明年", {"有遗留", "with left-overs"}}},
         .run = cycleClose},
        {.name = "doc beside",
         .summary = {"填写时参考：诊断点原文、上一周期的答案、共同责任部门的部分",
                     "what helps to fill a form in: wording, last answer, the joint parts"},
         .positionals = {documentId()},
         .more = {"按周期的“上一周期”链接找到同一诊断点、同一部门的答案。",
                  "The answer of the same point and unit, by the cycle's link to the one before."},
         .examples = {{"spiral doc beside 3f2a", {"查看", "look"}},
                      {"spiral doc beside 3f2a --json", {"供脚本", "for scripts"}}},
         .run = docBeside},
    };
}

std::vector<Command> typeCommands() {
    return {
        {.name = "type add",
         .summary = {"学校自定文档类型与流程（JSON），无需新程序",
                     "add the college's own types and workflows (JSON); no new program"},
         .positionals = {{"FILE", {"类型或流程文件", "a type or workflow"}, true, Completes::File, {}, true}},
         .options = {proposalOption()},
         .more =
             {"写入注册簿的规则，随同步到达所有副本；只增不改：旧文档永远按当时的规则读取。流程中每个动作注明 roles。",
              "They become part of the registry's policy and reach every replica. None is ever changed or taken back. "
              "Each action of a workflow says its roles."},
         .examples = {{"spiral type add visit.v1.workflow.json visit.v1.type.json", {"一起加入", "both at once"}},
                      {"spiral type add visit.v2.type.json -o policy.proposal", {"须他人会签", "others must agree"}}},
         .run = typeAdd},
        {.name = "type list",
         .summary = {"文档类型：内置的和本校自定的", "document types, built in and the college's own"},
         .more = {"“字段”为字段数。", "With the number of fields."},
         .examples = {{"spiral type list", {"列出", "list"}}, {"spiral type list --json", {"供脚本", "for scripts"}}},
         .run = typeList},
    };
}

}  // namespace spiral::cli
