// The organisation: bodies and their heads, units in levels and systems, who diagnoses whom, and what does not fit.
#include "office/organisation.h"

#include "format.h"
#include "remarks.h"

#include <algorithm>
#include <utility>

namespace spiral::cli {

namespace {

std::string nameOfUnit(office::Office& office, std::string_view id, Language language) {
    if (id == engine::kCollege) return std::string(Text{"学校", "college"}.in(language));
    return clean(office.names().unit(id));
}

Result<office::Organisation> organisationOf(Job& job, office::Office& office) {
    auto organisation = office::organisationOf(office);
    if (!organisation.settings && organisation.bodies.empty())
        return makeError(ErrorCode::NotFound, "organisation.none");
    (void)job;
    return organisation;
}

std::string kindsText(std::set<std::string> const& kinds, Language language) {
    static constexpr std::pair<std::string_view, Text> kNames[] = {{"administrative", {"行政部门", "administrative"}},
                                                                   {"functional", {"职能部门", "functional"}},
                                                                   {"quality", {"质量控制", "quality control"}},
                                                                   {"supervision", {"监察", "supervision"}},
                                                                   {"teaching", {"教学单位", "teaching"}}};
    std::string text;
    for (auto const& kind : kinds) {
        auto const* name =
            std::find_if(std::begin(kNames), std::end(kNames), [&](auto const& each) { return each.first == kind; });
        text += text.empty() ? "" : std::string(listMark(language));
        text += name == std::end(kNames) ? clean(kind) : std::string(name->second.in(language));
    }
    return text;
}

std::string_view seatText(engine::SeatKind kind, Language language) {
    if (kind == engine::SeatKind::Head) return Text{"负责人", "head"}.in(language);
    return (kind == engine::SeatKind::Deputy ? Text{"副职", "deputy"} : Text{"成员", "member"}).in(language);
}

std::string_view seatSlug(engine::SeatKind kind) {
    return kind == engine::SeatKind::Head ? "head" : kind == engine::SeatKind::Deputy ? "deputy" : "member";
}

std::string termText(engine::Term const& term) {
    if (!term.from && !term.until) return "";
    return dayText(term.from) + " – " + dayText(term.until);
}

Json bodyJson(office::Organisation::BodyShown const& shown, Day today) {
    Json seats = Json::array();
    for (auto const& seat : shown.body.seats) {
        Json one = Json::object();
        one.set("id", seat.id).set("kind", seatSlug(seat.kind)).set("person", seat.person).set("post", seat.post);
        one.set("from", dayJson(seat.term.from)).set("until", dayJson(seat.term.until));
        one.set("now", seat.term.covers(today));
        seats.add(std::move(one));
    }
    Json told = Json::object();
    told.set("id", shown.body.id).set("name", shown.body.name).set("kind", shown.body.kind).set("state", shown.state);
    told.set("parent", shown.body.parent).set("unit", shown.body.unit).set("head", engine::headOn(shown.body, today));
    told.set("aliases", Json::array(std::vector<std::string>(shown.body.aliases.begin(), shown.body.aliases.end())));
    return told.set("seats", std::move(seats));
}

Json unitJson(engine::UnitPlace const& unit) {
    Json also = Json::array();
    for (auto const system : unit.also) also.add(engine::slugOf(system));
    Json told = Json::object();
    told.set("id", unit.id).set("name", unit.name).set("parent", unit.parent).set("closed", unit.closed);
    told.set("kinds", Json::array(std::vector<std::string>(unit.kinds.begin(), unit.kinds.end())));
    told.set("school", unit.school).set("system", unit.system ? Json(engine::slugOf(*unit.system)) : Json());
    return told.set("also", std::move(also));
}

void showBodies(Job& job, office::Office& office, office::Organisation const& organisation) {
    Day const today = job.today();
    job.heading(job.say({"机构", "Bodies"}));
    for (auto const& shown : organisation.bodies) {
        job.line(clean(office.shortName(shown.document) + "  " + shown.body.name) + "  (" +
                 stateText("body.v1", shown.state, job.language()) + ")");
        for (auto const& seat : shown.body.seats) {
            auto const person = PersonId::parse(seat.person);
            std::string who = person ? personText(*person, office.names()) : std::string();
            if (!seat.post.empty()) who += (who.empty() ? "" : "  ") + clean(seat.post);
            if (!person) who += job.say({"（未定人）", " (nobody named)"});
            std::string const term = termText(seat.term);
            job.line("    " + std::string(seatText(seat.kind, job.language())) + "  " + who +
                     (term.empty() ? "" : "  " + term) +
                     (seat.term.covers(today) ? std::string() : std::string(job.say({"  不在任", "  not now"}))));
        }
    }
}

void showUnits(Job& job, office::Office& office, office::Organisation const& organisation) {
    job.line();
    Table table({{std::string(job.say({"部门", "unit"})), Table::Align::Left, true},
                 {std::string(job.say({"上级", "under"})), Table::Align::Left, true},
                 {std::string(job.say({"主要系统", "main system"}))},
                 {std::string(job.say({"类别", "kinds"})), Table::Align::Left, true}});
    for (auto const& unit : organisation.units) {
        if (unit.closed) continue;
        table.add({unit.name + " (" + unit.id + ")", nameOfUnit(office, unit.parent, job.language()),
                   unit.system ? std::string(job.label(engine::labelOf(*unit.system))) : "-",
                   kindsText(unit.kinds, job.language())});
    }
    if (!table.empty()) job.lines(table.text(job.width()));
    job.line();
    Table leads({{std::string(job.say({"层面", "level"}))},
                 {std::string(job.say({"牵头部门", "lead unit"})), Table::Align::Left, true}});
    for (std::size_t i = 0; i < engine::kLevels; ++i) {
        auto const level = static_cast<engine::QualityLevel>(i);
        auto const lead = engine::leadOn(organisation.leads, level, job.today());
        leads.add(
            {std::string(job.label(engine::labelOf(level))), lead ? nameOfUnit(office, *lead, job.language()) : "-"});
    }
    job.lines(leads.text(job.width()));
}

Result<int> show(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    SPIRAL_GIVE(organisation, organisationOf(job, *office));
    Day const today = job.today();
    Json bodies = Json::array(), units = Json::array(), leads = Json::object(), aliases = Json::array();
    for (auto const& body : organisation.bodies) bodies.add(bodyJson(body, today));
    for (auto const& unit : organisation.units) units.add(unitJson(unit));
    for (std::size_t i = 0; i < engine::kLevels; ++i) {
        auto const level = static_cast<engine::QualityLevel>(i);
        leads.set(engine::slugOf(level), engine::leadOn(organisation.leads, level, today));
    }
    for (auto const& alias : organisation.aliases) {
        Json one = Json::object();
        aliases.add(one.set("name", alias.name).set("unit", alias.unit).set("on", alias.on));
    }
    Json told = Json::object();
    told.set("settings", organisation.settings ? Json(organisation.settings->doc.hex()) : Json());
    told.set("settings_state", organisation.settingsState).set("default_unit", organisation.defaultUnit);
    told.set("bodies", std::move(bodies)).set("units", std::move(units)).set("level_leads", std::move(leads));
    job.answer(told.set("aliases", std::move(aliases)));
    showBodies(job, *office, organisation);
    showUnits(job, *office, organisation);
    if (organisation.settings) {
        job.tell({"设置在文档 {id}（{state}）；改：spiral doc edit {id} --set …",
                  "The settings are document {id} ({state}); change them with spiral doc edit {id} --set …"},
                 {{"id", office->shortName(*organisation.settings)},
                  {"state", stateText("organisation.v1", organisation.settingsState, job.language())}});
    }
    return status::kDone;
}

struct CountedName {
    std::string_view name;
    office::Counted what;
};
constexpr CountedName kCounted[] = {{"tasks", office::Counted::Tasks},
                                    {"goals", office::Counted::Goals},
                                    {"standards", office::Counted::Standards},
                                    {"points", office::Counted::Points}};

Json matrixJson(std::string_view of, engine::Matrix const& matrix) {
    Json cells = Json::object(), levels = Json::object(), systems = Json::object();
    for (std::size_t l = 0; l < engine::kLevels; ++l) {
        auto const level = static_cast<engine::QualityLevel>(l);
        Json row = Json::object();
        for (std::size_t s = 0; s < engine::kSystems; ++s) {
            row.set(engine::slugOf(static_cast<engine::QualitySystem>(s)), matrix.cells[l][s]);
        }
        cells.set(engine::slugOf(level), std::move(row));
        levels.set(engine::slugOf(level), matrix.ofLevel(level));
    }
    for (std::size_t s = 0; s < engine::kSystems; ++s) {
        auto const system = static_cast<engine::QualitySystem>(s);
        systems.set(engine::slugOf(system), matrix.ofSystem(system));
    }
    Json told = Json::object();
    told.set("of", of).set("total", matrix.total).set("cells", std::move(cells));
    told.set("levels", std::move(levels)).set("systems", std::move(systems));
    told.set("without_level", Json::array(matrix.withoutLevel));
    return told.set("without_system", Json::array(matrix.withoutSystem));
}

Result<int> matrix(Job& job) {
    std::string const of = job.arguments.value("--of").value_or("tasks");
    auto const* found = std::find_if(std::begin(kCounted), std::end(kCounted),
                                     [&](CountedName const& each) { return each.name == of; });
    if (found == std::end(kCounted)) return makeError(ErrorCode::Usage, "organisation.matrix-of", of);
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    SPIRAL_GIVE(organisation, organisationOf(job, *office));
    auto const counted = office::matrixOf(*office, organisation, found->what);
    job.answer(matrixJson(of, counted));
    std::vector<Table::Column> columns{{""}};
    for (std::size_t s = 0; s < engine::kSystems; ++s) {
        columns.push_back(
            {std::string(job.label(engine::labelOf(static_cast<engine::QualitySystem>(s)))), Table::Align::Right});
    }
    columns.push_back({std::string(job.say({"合计", "sum"})), Table::Align::Right});
    Table table(columns);
    std::vector<std::string> sums{std::string(job.say({"合计", "sum"}))};
    std::int64_t placed = 0;
    for (std::size_t l = 0; l < engine::kLevels; ++l) {
        auto const level = static_cast<engine::QualityLevel>(l);
        std::vector<std::string> row{std::string(job.label(engine::labelOf(level)))};
        for (auto const count : counted.cells[l]) row.push_back(std::to_string(count));
        row.push_back(std::to_string(counted.ofLevel(level)));
        placed += counted.ofLevel(level);
        table.add(std::move(row));
    }
    for (std::size_t s = 0; s < engine::kSystems; ++s) {
        sums.push_back(std::to_string(counted.ofSystem(static_cast<engine::QualitySystem>(s))));
    }
    sums.push_back(std::to_string(placed));
    table.add(std::move(sums));
    job.lines(table.text(job.width()));
    job.tell({"共 {n} 项：在格内 {in}，没有层面 {level}，责任部门没有系统 {system}",
              "{n} in all: {in} in the cells, {level} without a level, {system} whose unit is in no system"},
             {{"n", std::to_string(counted.total)},
              {"in", std::to_string(placed)},
              {"level", std::to_string(counted.withoutLevel.size())},
              {"system", std::to_string(counted.withoutSystem.size())}});
    return status::kDone;
}

Result<int> check(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    SPIRAL_GIVE(organisation, organisationOf(job, *office));
    return showRemarks(job, *office, office::checkOrganisation(*office, organisation, job.today()));
}

Result<int> diagnosis(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    SPIRAL_GIVE(organisation, organisationOf(job, *office));
    auto const only = job.arguments.value("--unit");
    if (only && !organisation.unit(*only)) return makeError(ErrorCode::NotFound, "unit.missing", *only);
    Json told = Json::array();
    Table table({{std::string(job.say({"被诊断", "of"})), Table::Align::Left, true},
                 {std::string(job.say({"诊断方", "by"})), Table::Align::Left, true},
                 {std::string(job.say({"依据", "line"})), Table::Align::Left, true}});
    for (auto const& each : engine::assignDiagnoses(organisation.units, organisation.lines)) {
        if (only && each.object != *only) continue;
        Json one = Json::object();
        one.set("object", each.object).set("subject", each.subject).set("line", each.line).set("meta", each.meta);
        told.add(one.set("self", each.subject == each.object));
        auto const printed = organisation.linesPrinted.find(each.line);
        std::string line = each.line.empty() ? std::string(job.say({"自我诊改", "self-diagnosis"}))
                           : printed == organisation.linesPrinted.end() ? each.line
                                                                        : printed->second;
        if (each.meta) line += job.say({"（元诊改）", " (meta-diagnosis)"});
        table.add({nameOfUnit(*office, each.object, job.language()), nameOfUnit(*office, each.subject, job.language()),
                   line});
    }
    job.answer(told);
    if (!table.empty()) job.lines(table.text(job.width()));
    return status::kDone;
}

Result<int> coverage(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    auto const counted = office::coverageOf(*office);
    auto const slugs = engine::frameworkSlugs();
    auto const labels = engine::frameworkLabels();
    Json counts = Json::object();
    Table table({{std::string(job.say({"体系", "system"}))},
                 {std::string(job.say({"文档", "documents"})), Table::Align::Right}});
    for (std::size_t i = 0; i < engine::kFramework; ++i) {
        counts.set(slugs[i], counted.counts[i]);
        table.add({std::string(job.label(labels[i])), std::to_string(counted.counts[i])});
    }
    Json told = Json::object();
    told.set("counts", std::move(counts)).set("tagged", counted.tagged);
    told.set("untagged", Json::array(counted.untagged)).set("unknown", Json::array(counted.unknown));
    job.answer(told);
    job.lines(table.text(job.width()));
    job.tell({"已归类 {n}，未归类 {m}，归类不明 {k}", "{n} tagged, {m} untagged, {k} with an unknown tag"},
             {{"n", std::to_string(counted.tagged)},
              {"m", std::to_string(counted.untagged.size())},
              {"k", std::to_string(counted.unknown.size())}});
    for (auto const& id : counted.untagged) job.line("  " + shortId(id));
    return status::kDone;
}

}  // namespace

std::vector<Command> organisationCommands() {
    return {
        {.name = "organisation show",
         .summary = {"机构与席位、部门、层面牵头部门", "bodies with their seats, units, leads of the levels"},
         .more = {"机构是文档（body），机构设置是一份文档（organisation），都可用 doc edit "
                  "修改。任期到“免职日期”的前一天为止。",
                  "Bodies are documents (body), the settings are one (organisation); doc edit changes them. A term "
                  "runs to the day before its `until`."},
         .examples = {{"spiral organisation show", {"全部", "all of it"}},
                      {"spiral organisation show --today 2025-09-01", {"那一天的任职", "who sat on that day"}}},
         .run = show},
        {.name = "organisation matrix",
         .summary = {"五层面×五系统的矩阵", "the matrix of five levels and five systems"},
         .options = {{.name = "--of",
                      .value = "WHAT",
                      .what = {"数什么：tasks 任务、goals 目标、standards 标准、points 诊断点；默认 tasks",
                               "what is counted: tasks, goals, standards or points; default tasks"},
                      .completes = Completes::Words,
                      .words = "tasks goals standards points"}},
         .more = {"每一项只数一次：按它的层面和责任部门的主要系统。没有层面或系统的另列，合计等于清单的条数。",
                  "Each is counted once: by its level and the main system of its unit. What has no level or system "
                  "stands apart, so that the sums are the length of the list."},
         .examples = {{"spiral organisation matrix", {"任务", "the tasks"}},
                      {"spiral organisation matrix --of points --json", {"诊断点", "the points"}}},
         .run = matrix},
        {.name = "organisation check",
         .summary = {"检查机构设置；有问题时退出状态为 1",
                     "check the organisation; exit status 1 if anything is found"},
         .more =
             {"席位空缺、两个负责人、任期中断、上下级成环、部门没有系统、无人诊断、层面无人牵头、三权混同、别名重复、"
              "代写目标，逐条列出。",
              "Empty seats, two heads, gaps, loops, units in no system or that nobody diagnoses, levels without a "
              "lead, powers in one hand, other names used twice, goals written for others: one line each."},
         .examples = {{"spiral organisation check", {"检查", "check"}},
                      {"spiral organisation check --json --today 2026-09-01", {"按那一天", "as of that day"}}},
         .run = check},
        {.name = "organisation diagnosis",
         .summary = {"谁诊断谁：自我诊改与外部诊断", "who diagnoses whom: oneself, and from outside"},
         .options = {{.name = "--unit", .value = "U", .what = {"只列此部门的", "of this unit"}}},
         .more = {"没有部门是自己的外部诊断方；质控办也被诊断，对诊断者的诊断是元诊改。",
                  "No unit is its own outside party; the quality office is diagnosed too, and diagnosing those who "
                  "diagnose is the meta-diagnosis."},
         .examples = {{"spiral organisation diagnosis", {"全部", "all"}},
                      {"spiral organisation diagnosis --unit yc-d05", {"谁诊断质控办", "who diagnoses this unit"}}},
         .run = diagnosis},
        {.name = "organisation coverage",
         .summary = {"六大体系的文档数与未归类的文档", "documents by the six systems of the framework"},
         .more = {"规划、标准、任务、报告的 framework 字段。六个数之和等于已归类的文档数。",
                  "By the field framework of plans, standards, tasks and reports. The six counts add up to the tagged "
                  "ones."},
         .examples = {{"spiral organisation coverage", {"列表", "the list"}},
                      {"spiral organisation coverage --json", {"给脚本", "for scripts"}}},
         .run = coverage},
    };
}

}  // namespace spiral::cli
