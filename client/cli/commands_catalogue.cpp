// Catalogues of diagnosis: in, looked at, checked, compared.
#include "format.h"
#include "office/catalogues.h"
#include "sheet_import.h"

#include <algorithm>

namespace spiral::cli {

namespace {

constexpr std::size_t kFileBytesMax = 4 * 1024 * 1024;

std::string_view layerText(engine::Layer layer, Language language) {
    switch (layer) {
        case engine::Layer::National: return Text{"国家", "national"}.in(language);
        case engine::Layer::Province: return Text{"省级", "province"}.in(language);
        case engine::Layer::College: break;
    }
    return Text{"学校", "college"}.in(language);
}

Json countJson(engine::CatalogueCount const& count) {
    Json told = Json::object();
    told.set("projects", count.projects).set("elements", count.elements).set("points", count.points);
    return told;
}

Json gapJson(engine::CatalogueGap const& gap) {
    Json told = Json::object();
    told.set("projects", gap.projects)
        .set("elements", gap.elements)
        .set("points", gap.points)
        .set("empty", Json::array(gap.empty));
    return told;
}

/// What stands above a catalogue that is not whole, or not confirmed.
void tellBanner(Job& job, engine::Catalogue const& catalogue) {
    auto const gap = engine::gapOf(catalogue);
    if (!gap.none()) {
        job.tell({"！缺 {points} 个诊断点、{elements} 个要素、{projects} 个项目：补齐前不能作最终报告的依据。",
                  "! {points} points missing, {elements} elements, {projects} projects: no base of a final report "
                  "until they are filled in."},
                 {{"points", std::to_string(gap.points)},
                  {"elements", std::to_string(gap.elements)},
                  {"projects", std::to_string(gap.projects)}});
    }
    if (catalogue.status == "draft") {
        job.tell({"！待核对的草稿，不是正式文本。", "! A draft to be checked, not the official text."});
    }
}

Result<int> import(Job& job) {
    auto const& file = job.arguments[0];
    // What is said of the one form must not be passed over in silence with the other.
    bool const forFiles = job.arguments.has("--base") || job.arguments.has("--layer");
    bool const forSheets = job.arguments.has("--errors") || job.arguments.has("--on-existing");
    if (!file.ends_with(".json")) {
        if (forFiles) return makeError(ErrorCode::Usage, "catalogue.base-needs-json", file);
        return importSheetFile(job, "catalogue", file);
    }
    if (forSheets) return makeError(ErrorCode::Usage, "import.no-sheet", file);
    SPIRAL_GIVE(bytes, job.read(file, kFileBytesMax));
    bool const dryRun = job.arguments.has("--dry-run");
    SPIRAL_GIVE(office, job.office(dryRun ? replica::Access::Read : replica::Access::Write));
    office::CatalogueImport choices;
    choices.dryRun = dryRun;
    if (auto const layer = job.arguments.value("--layer")) {
        choices.layer = engine::layerNamed(*layer);
        if (!choices.layer) return makeError(ErrorCode::Usage, "usage.value", "--layer " + *layer);
    }
    if (auto const base = job.arguments.value("--base")) {
        SPIRAL_GIVE(document, office->resolveId(*base));
        choices.base = document;
    }
    SPIRAL_GIVE(result, office::importCatalogue(*office, asText(bytes), choices));
    Json documents = Json::array(), notes = Json::array();
    for (auto const& made : result.documents) documents.add(made.doc.hex());
    Table table(
        {{std::string(job.say({"处", "place"}))}, {std::string(job.say({"说明", "note"})), Table::Align::Left, true}});
    std::size_t refused = 0;
    for (auto const& note : result.notes) {
        refused += note.error;
        Json one = Json::object();
        one.set("row", note.row)
            .set("field", note.field)
            .set("code", note.code)
            .set("text", note.text)
            .set("error", note.error);
        notes.add(std::move(one));
        table.add({note.row, std::string(note.error ? job.say({"未采纳：", "not taken: "}) : std::string_view()) +
                                 sayReason("note." + note.code, job.language())});
    }
    Json told = Json::object();
    told.set("kind", "catalogue").set("dry_run", dryRun).set("rows", result.rows).set("made", result.documents.size());
    told.set("known", result.known)
        .set("elements", result.elements)
        .set("points", result.points)
        .set("refused", refused);
    told.set("documents", std::move(documents)).set("notes", std::move(notes));
    job.answer(told);
    job.tell({"读到 {rows} 张表，其中已有 {known} 张；诊断要素 {elements}，诊断点 {points}",
              "{rows} table(s) read, {known} of them known; {elements} elements, {points} points"},
             {{"rows", std::to_string(result.rows)},
              {"known", std::to_string(result.known)},
              {"elements", std::to_string(result.elements)},
              {"points", std::to_string(result.points)}});
    if (dryRun)
        job.tell({"试运行：什么也没有写入。", "Dry run: nothing was written."});
    else
        job.tell({"写入 {n} 份目录", "{n} catalogue(s) written"}, {{"n", std::to_string(result.documents.size())}});
    for (auto const& made : result.documents) {
        SPIRAL_GIVE(held, office::catalogueAt(*office, made));
        tellBanner(job, held.catalogue);
    }
    if (!table.empty()) job.lines(table.text(job.width()));
    return refused > 0 ? status::kRefused : status::kDone;
}

Result<int> list(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    replica::ListFilter filter;
    filter.type = "catalogue";
    auto const& names = office->names();
    Json told = Json::array();
    Table table({{std::string(job.say({"编号", "id"}))},
                 {std::string(job.say({"目录", "catalogue"})), Table::Align::Left, true},
                 {std::string(job.say({"版本", "version"}))},
                 {std::string(job.say({"层级", "layer"}))},
                 {std::string(job.say({"层面", "level"}))},
                 {std::string(job.say({"要素", "elements"})), Table::Align::Right},
                 {std::string(job.say({"诊断点", "points"})), Table::Align::Right},
                 {std::string(job.say({"缺", "missing"})), Table::Align::Right}});
    auto const* type = model::TypeCatalogue::builtIn().find("catalogue");
    for (auto const& each : office->list(filter)) {
        SPIRAL_GIVE(held, office::catalogueAt(*office, each.key()));
        auto const count = engine::countOf(held.catalogue);
        auto const gap = engine::gapOf(held.catalogue);
        auto const* level = held.fields.find("level");
        Json one = toJson(each, names);
        one.set("level", level ? Json(*level) : Json()).set("elements", count.elements).set("points", count.points);
        one.set("version", held.catalogue.version)
            .set("layer", engine::nameOf(held.catalogue.layer))
            .set("status", held.catalogue.status);
        one.set("missing_points", gap.points);
        told.add(std::move(one));
        table.add({office->shortName(each.key()), each.row.title, held.catalogue.version,
                   std::string(layerText(held.catalogue.layer, job.language())),
                   level ? valueText(type, "level", *level, names, job.language()) : "", std::to_string(count.elements),
                   std::to_string(count.points), gap.points > 0 ? std::to_string(gap.points) : ""});
    }
    job.answer(told);
    if (table.empty())
        job.tell({"还没有目录。导入：spiral catalogue import 文件", "No catalogues yet: spiral catalogue import FILE"});
    else
        job.lines(table.text(job.width()));
    return status::kDone;
}

Result<int> show(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    SPIRAL_GIVE(held, office::catalogueNamed(*office, job.arguments[0]));
    auto const& catalogue = held.catalogue;
    auto const& names = office->names();
    auto const units = office::ownerUnits(*office);
    auto const count = engine::countOf(catalogue);
    auto const thresholds = engine::thresholdsFor(count.elements);
    Json elements = Json::array();
    Table table({{std::string(job.say({"编号", "id"}))},
                 {std::string(job.say({"项目", "project"})), Table::Align::Left, true},
                 {std::string(job.say({"诊断要素", "element"})), Table::Align::Left, true},
                 {std::string(job.say({"层级", "layer"}))},
                 {std::string(job.say({"诊断点", "points"})), Table::Align::Right},
                 {std::string(job.say({"责任部门", "departments"})), Table::Align::Left, true}});
    for (auto const& element : catalogue.elements) {
        auto const owners = engine::ownersOf(element.responsible, units);
        Json points = Json::array();
        std::size_t standing = 0;
        for (auto const& point : element.points) {
            standing += !point.withdrawn && !element.withdrawn;
            Json one = Json::object();
            one.set("id", point.id).set("zh", point.zh).set("en", point.en).set("layer", engine::nameOf(point.layer));
            one.set("added", point.added).set("withdrawn", point.withdrawn).set("was", Json::array(point.was));
            points.add(std::move(one));
        }
        Json one = Json::object();
        one.set("id", element.id).set("project", element.project).set("zh", element.zh).set("en", element.en);
        one.set("layer", engine::nameOf(element.layer))
            .set("withdrawn", element.withdrawn)
            .set("responsible", Json::array(element.responsible));
        one.set("units", Json::array(owners.units))
            .set("unknown_owners", Json::array(owners.unknown))
            .set("points", std::move(points));
        elements.add(std::move(one));
        std::string who;
        for (auto const& unit : owners.units)
            who += (who.empty() ? "" : std::string(listMark(job.language()))) + names.unit(unit);
        for (auto const& name : owners.unknown)
            who += (who.empty() ? "" : std::string(listMark(job.language()))) + name + "？";
        table.add({element.id, element.project,
                   element.withdrawn ? element.zh + std::string(job.say({"（已撤销）", " (withdrawn)"})) : element.zh,
                   std::string(layerText(element.layer, job.language())), std::to_string(standing), who});
    }
    Json told = Json::object(), limits = Json::object();
    limits.set("elements", thresholds.elements)
        .set("effective_from", thresholds.effectiveFrom)
        .set("abnormal_to", thresholds.abnormalTo);
    told.set("id", held.document.doc.hex())
        .set("title", catalogue.title)
        .set("catalogue", catalogue.id)
        .set("version", catalogue.version);
    told.set("revision", held.heads.size() == 1 ? Json(held.heads.front().hex()) : Json());
    told.set("layer", engine::nameOf(catalogue.layer)).set("status", catalogue.status).set("counts", countJson(count));
    told.set("missing", gapJson(engine::gapOf(catalogue)))
        .set("thresholds", std::move(limits))
        .set("rows", std::move(elements));
    job.answer(told);
    job.heading(clean(catalogue.title) + (catalogue.version.empty() ? "" : "  " + clean(catalogue.version)));
    tellBanner(job, catalogue);
    job.tell({"诊断项目 {projects}，要素 {elements}，诊断点 {points}；相符 {effective} 个及以上可为有效，{abnormal} "
              "个及以下为异常",
              "{projects} projects, {elements} elements, {points} points; {effective} matches and more may be "
              "effective, {abnormal} and fewer are abnormal"},
             {{"projects", std::to_string(count.projects)},
              {"elements", std::to_string(count.elements)},
              {"points", std::to_string(count.points)},
              {"effective", std::to_string(thresholds.effectiveFrom)},
              {"abnormal", std::to_string(thresholds.abnormalTo)}});
    job.lines(table.text(job.width()));
    return status::kDone;
}

Result<int> check(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    std::vector<office::HeldCatalogue> all;
    if (job.arguments.count() > 0) {
        SPIRAL_GIVE(held, office::catalogueNamed(*office, job.arguments[0]));
        all.push_back(held);
    } else {
        replica::ListFilter filter;
        filter.type = "catalogue";
        for (auto const& each : office->list(filter)) {
            SPIRAL_GIVE(held, office::catalogueAt(*office, each.key()));
            all.push_back(held);
        }
    }
    Json told = Json::array();
    Table table({{std::string(job.say({"目录", "catalogue"}))},
                 {std::string(job.say({"编号", "id"}))},
                 {std::string(job.say({"说明", "finding"})), Table::Align::Left, true},
                 {std::string(job.say({"所指", "about"})), Table::Align::Left, true}});
    for (auto const& held : all) {
        for (auto const& finding : office::checkCatalogue(*office, held)) {
            Json one = Json::object();
            one.set("document", held.document.doc.hex())
                .set("code", finding.code)
                .set("about", finding.about)
                .set("text", finding.text);
            told.add(std::move(one));
            table.add({office->shortName(held.document), finding.about,
                       sayReason("note." + finding.code, job.language()), finding.text});
        }
    }
    job.answer(told);
    if (table.empty()) {
        job.tell({"{n} 份目录没有问题", "{n} catalogue(s), nothing to say"}, {{"n", std::to_string(all.size())}});
        return status::kDone;
    }
    job.lines(table.text(job.width()));
    return status::kRefused;
}

Result<int> compare(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    SPIRAL_GIVE(before, office::catalogueNamed(*office, job.arguments[0]));
    SPIRAL_GIVE(after, office::catalogueNamed(*office, job.arguments[1]));
    auto const changes = engine::compare(before.catalogue, after.catalogue);
    Json mapped = Json::array();
    for (auto const& [from, to] : changes.mapped) {
        Json one = Json::object();
        one.set("from", from).set("to", to);
        mapped.add(std::move(one));
    }
    Json told = Json::object();
    told.set("mapped", std::move(mapped))
        .set("added", Json::array(changes.added))
        .set("withdrawn", Json::array(changes.withdrawn));
    told.set("reworded", Json::array(changes.reworded)).set("elements_added", Json::array(changes.elementsAdded));
    told.set("elements_withdrawn", Json::array(changes.elementsWithdrawn));
    told.set("before", countJson(engine::countOf(before.catalogue)))
        .set("after", countJson(engine::countOf(after.catalogue)));
    job.answer(told);
    auto const line = [&](Text text, std::vector<std::string> const& ids) {
        if (ids.empty()) return;
        std::string joined;
        for (auto const& id : ids) joined += (joined.empty() ? "" : std::string(listMark(job.language()))) + clean(id);
        job.tell(text, {{"n", std::to_string(ids.size())}, {"ids", joined}});
    };
    std::vector<std::string> renamed;
    for (auto const& [from, to] : changes.mapped) {
        if (from != to) renamed.push_back(from + " → " + to);
    }
    job.tell({"延续的诊断点 {n}", "{n} point(s) go on"}, {{"n", std::to_string(changes.mapped.size())}});
    line({"  换了编号 {n}：{ids}", "  {n} under another id: {ids}"}, renamed);
    line({"  改了文字 {n}：{ids}", "  {n} worded anew: {ids}"}, changes.reworded);
    line({"新增诊断点 {n}：{ids}", "{n} point(s) added: {ids}"}, changes.added);
    line({"撤销诊断点 {n}（已填的答复留存）：{ids}", "{n} point(s) withdrawn, answers kept: {ids}"}, changes.withdrawn);
    line({"新增要素 {n}：{ids}", "{n} element(s) added: {ids}"}, changes.elementsAdded);
    line({"撤销要素 {n}：{ids}", "{n} element(s) withdrawn: {ids}"}, changes.elementsWithdrawn);
    return status::kDone;
}

Result<int> instances(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    SPIRAL_GIVE(held, office::catalogueNamed(*office, job.arguments[0]));
    auto const year = job.today().year();
    Day begin{year / std::chrono::January / 1}, end{year / std::chrono::December / 31};
    for (auto const& [option, day] : {std::pair("--from", &begin), std::pair("--to", &end)}) {
        if (auto const text = job.arguments.value(option)) {
            SPIRAL_GIVE(read, dayFrom(*text));
            *day = read;
        }
    }
    auto const& level = held.catalogue.level;
    auto const subjects = engine::instancesOf(level, office::teachingOf(*office), begin, end);
    auto const count = engine::countOf(held.catalogue);
    auto const& names = office->names();
    Json list = Json::array(), findings = Json::array();
    Table table({{std::string(job.say({"代码", "code"}))},
                 {std::string(job.say({"对象", "subject"})), Table::Align::Left, true},
                 {std::string(job.say({"部门", "departments"})), Table::Align::Left, true},
                 {std::string(job.say({"专业", "programmes"})), Table::Align::Left, true},
                 {std::string(job.say({"停办", "closes"}))}});
    for (auto const& each : subjects.list) {
        Json one = Json::object();
        one.set("subject", each.subject).set("name", each.name).set("units", Json::array(each.units));
        one.set("programmes", Json::array(each.programmes)).set("closes", dayJson(each.closes));
        list.add(std::move(one));
        auto const joined = [&](std::vector<std::string> const& ids, bool units) {
            std::string text;
            for (auto const& id : ids)
                text += (text.empty() ? "" : std::string(listMark(job.language()))) + (units ? names.unit(id) : id);
            return text;
        };
        table.add(
            {each.subject, each.name, joined(each.units, true), joined(each.programmes, false), dayText(each.closes)});
    }
    Table told({{std::string(job.say({"代码", "code"}))},
                {std::string(job.say({"对象", "subject"}))},
                {std::string(job.say({"说明", "finding"}))}});
    for (auto const& finding : subjects.findings) {
        Json one = Json::object();
        one.set("code", finding.code).set("subject", finding.subject).set("name", finding.name);
        findings.add(std::move(one));
        told.add({finding.subject, finding.name, sayReason("note." + finding.code, job.language())});
    }
    auto const number = static_cast<std::int64_t>(subjects.list.size());
    Json answer = Json::object();
    answer.set("level", level).set("from", toText(begin)).set("to", toText(end)).set("subjects", std::move(list));
    answer.set("elements", count.elements * number)
        .set("points", count.points * number)
        .set("findings", std::move(findings));
    job.answer(answer);
    job.tell({"{from} 至 {to}：{n} 个对象，要素 {elements}，诊断点 {points}",
              "{from} to {to}: {n} subject(s), {elements} elements, {points} points"},
             {{"from", toText(begin)},
              {"to", toText(end)},
              {"n", std::to_string(number)},
              {"elements", std::to_string(count.elements * number)},
              {"points", std::to_string(count.points * number)}});
    if (!table.empty()) job.lines(table.text(job.width()));
    if (!told.empty()) {
        job.line();
        job.lines(told.text(job.width()));
    }
    return status::kDone;
}

}  // namespace

std::vector<Command> catalogueCommands() {
    return {
        {.name = "catalogue import",
         .summary = {"导入诊断表为目录文档", "take diagnosis tables in as catalogue documents"},
         .positionals = {{"FILE",
                          {"JSON 文件，或 XLSX、CSV 表", "a JSON file, or a table as XLSX or CSV"},
                          true,
                          Completes::File}},
         .options = {{.name = "--dry-run", .what = {"只检查，不写入", "check only, write nothing"}},
                     {.name = "--base",
                      .value = "ID",
                      .what = {"上层目录：文件里没提到的照搬；删改上层内容会被拒绝",
                               "the catalogue of the layer above: what the file does not mention is taken over; "
                               "removing or changing "
                               "what it laid down is refused"}},
                     {.name = "--layer",
                      .value = "LAYER",
                      .what = {"本目录的层级", "the layer of this catalogue"},
                      .completes = Completes::Words,
                      .words = "national province college"},
                     {.name = "--errors",
                      .value = "FILE",
                      .what = {"表格导入时，把附有错误列的表写到这里",
                               "of a table: write it here with a column of errors"},
                      .completes = Completes::File},
                     {.name = "--on-existing",
                      .value = "WHAT",
                      .what = {"表格导入时，已有的行：stop 全部停下、skip 跳过（默认）、update 更新",
                               "of a table: rows that are here already: stop, skip (usual) or update"},
                      .completes = Completes::Words,
                      .words = "stop skip update"}},
         .more = {"每张表一份文档，放在全校范围；要素为行，诊断点在行内。换版本：文件里写 "
                  "\"version\"，旧版原样留着，正在进行的周期"
                  "用它开始时的版本。",
                  "One document a table, in the scope of the college; elements are its rows. For a new version the "
                  "file says "
                  "\"version\": the old one stays as it is, and a running cycle keeps the version it began with."},
         .examples = {{"spiral catalogue import 诊断表.json", {"导入", "take it in"}},
                      {"spiral catalogue import 我校补充.json --base 3f2a9c01 --layer college",
                       {"在国家目录上补充", "add to the national one"}},
                      {"spiral catalogue import 诊断表.json --dry-run --json", {"试运行", "a dry run"}}},
         .run = import},
        {.name = "catalogue list",
         .summary = {"列出诊断目录及要素、诊断点数", "list catalogues with their elements and points"},
         .more = {"", ""},
         .examples = {{"spiral catalogue list", {"列表", "the list"}},
                      {"spiral catalogue list --json", {"给脚本", "for scripts"}}},
         .run = list},
        {.name = "catalogue show",
         .summary = {"看一份目录：要素、责任部门、缺漏、复核标准",
                     "show a catalogue: elements, departments, gaps, thresholds"},
         .positionals = {{"ID", {"文档编号，或其一个版本的编号", "a document's id, or that of one of its revisions"}}},
         .more = {"“各部门”指全部部门，“二级学院”指每个学院；名称后带？的不在部门表里。",
                  "各部门 is every unit and 二级学院 every school; a name with ？ is no unit."},
         .examples = {{"spiral catalogue show 3f2a9c01", {"现行版本", "as it stands"}},
                      {"spiral catalogue show 3f2a9c01 --json", {"给脚本", "for scripts"}}},
         .run = show},
        {.name = "catalogue check",
         .summary = {"检查目录：缺漏、没有责任部门的诊断点、对上层的删改",
                     "check catalogues: gaps, points without owner, breaches of the layer above"},
         .positionals = {{.name = "ID",
                          .what = {"文档编号；不写则全部", "a document's id; all without it"},
                          .required = false}},
         .more = {"有问题时退出状态为 1。", "With findings the exit status is 1."},
         .examples = {{"spiral catalogue check", {"全部目录", "all catalogues"}},
                      {"spiral catalogue check 3f2a9c01", {"一份", "one"}}},
         .run = check},
        {.name = "catalogue instances",
         .summary = {"一份目录的诊断点要由哪些专业、课程、学院、班级各答一次",
                     "for which programmes, courses, schools or classes each point of a catalogue is answered"},
         .positionals = {{"ID", {"文档编号", "a document's id"}}},
         .options = {{.name = "--from",
                      .value = "DATE",
                      .what = {"从这一天（默认本年 1 月 1 日）", "from this day (usual: 1 January)"}},
                     {.name = "--to",
                      .value = "DATE",
                      .what = {"到这一天（默认本年 12 月 31 日）", "to this day (usual: 31 December)"}}},
         .more = {"一门课只算一次，不论几个专业开设；停办的专业留着停办前的答复。对象由 spiral import "
                  "schools、programmes、courses、classes 导入。",
                  "A course counts once however many programmes teach it; a programme that was closed keeps what it "
                  "answered. The "
                  "subjects come in by spiral import schools, programmes, courses, classes."},
         .examples = {{"spiral catalogue instances 3f2a9c01", {"本年", "this year"}},
                      {"spiral catalogue instances 3f2a9c01 --from 2025-09-01 --to 2026-08-31",
                       {"一学年", "an academic year"}}},
         .run = instances},
        {.name = "catalogue compare",
         .summary = {"比较两份目录或两个版本：延续、新增、撤销的诊断点",
                     "compare two catalogues or versions: points that go on, are added, withdrawn"},
         .positionals = {{"A", {"旧的：文档或版本的编号", "the old one: id of a document or revision"}},
                         {"B", {"新的", "the new one"}}},
         .more = {"编号相同，或新点的“原编号”指到旧点，就是延续。",
                  "A point goes on if its id is the same, or if the new one names it as a former id."},
         .examples = {{"spiral catalogue compare 3f2a9c01 77ab01cd", {"两个版本", "two versions"}},
                      {"spiral catalogue compare 3f2a9c01 77ab01cd --json", {"给脚本", "for scripts"}}},
         .run = compare},
    };
}

}  // namespace spiral::cli
