// Units and people that change: closed, moved, handed over; a campus that goes to another college.
#include "office/takeover.h"
#include "office/units.h"
#include "registry_words.h"

namespace spiral::cli {

namespace {

Json toJson(office::TaskLine const& line) {
    Json told = Json::object();
    told.set("id", line.doc.hex()).set("scope", line.scope.text()).set("type", line.type).set("title", line.title);
    return told.set("state", line.state).set("due", dayJson(line.due)).set("begun", line.begun);
}

Json toJson(std::vector<office::TaskLine> const& lines) {
    Json told = Json::array();
    for (auto const& line : lines) told.add(toJson(line));
    return told;
}

Json toJson(std::vector<DocumentKey> const& documents) {
    Json told = Json::array();
    for (auto const& document : documents) told.add(document.text());
    return told;
}

void tellLines(Job& job, office::Office& office, std::vector<office::TaskLine> const& lines) {
    for (auto const& line : lines) {
        job.line("  " + office.shortName(line.key()) + "  " + clean(line.title) + "  " + dayText(line.due) + "  " +
                 stateText(line.type, line.state, job.language()));
    }
}

void tellWork(Job& job, office::Office& office, office::UnitWork const& work) {
    if (!work.begun.empty())
        job.tell({"已开始、未完结 {n} 项：", "{n} begun and open:"}, {{"n", std::to_string(work.begun.size())}});
    tellLines(job, office, work.begun);
    if (!work.notBegun.empty())
        job.tell({"还没有人开始 {n} 项：", "{n} not begun:"}, {{"n", std::to_string(work.notBegun.size())}});
    tellLines(job, office, work.notBegun);
}

/// Says which acts are in force and writes the proposals of the others; whether all are.
Result<bool> tellActs(Job& job, std::vector<office::RegistryAct> const& acts, office::Names const& names, Json& told) {
    bool all = true;
    int number = 0;
    for (auto const& act : acts) {
        std::string what = kindText(act.act + ".v1", job.language());
        if (act.role) what += " " + roleText(*act.role, names, job.language());
        if (act.person) what += " " + clean(names.person(*act.person));
        Json one = Json::object();
        one.set("act", act.act).set("entry", act.appended.entry ? Json(act.appended.entry->hex()) : Json());
        if (act.appended.entry) {
            job.tell({"已记入注册簿：{what}", "In the registry: {what}"}, {{"what", what}});
        } else {
            all = false;
            std::string const file =
                job.arguments.value("--output").value_or("proposal") + "-" + std::to_string(++number) + ".json";
            if (auto written = job.write(file, act.appended.proposal, FileMode::Shared); !written)
                return written.error();
            one.set("proposal", job.path(file).string()).set("missing", act.appended.why);
            job.tell({"还不能生效：{what}。提案写在 {file}", "Not yet in force: {what}. The proposal is in {file}"},
                     {{"what", what}, {"file", file}});
        }
        told.add(std::move(one));
    }
    return all;
}

Result<int> unitWork(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    auto const unit = office::unitNow(*office, job.arguments[0]);
    if (!unit) return makeError(ErrorCode::NotFound, "unit.unknown", job.arguments[0]);
    auto const work = office::openWork(*office, unit->id, job.today());
    auto const next = office::successors(*office);
    auto const found = next.find(unit->id);
    Json told = Json::object();
    told.set("unit", unit->id).set("campus", unit->campus).set("closed", unit->closed);
    told.set("successor", found == next.end() ? Json() : Json(found->second));
    job.answer(told.set("begun", toJson(work.begun)).set("not_begun", toJson(work.notBegun)));
    job.tell({"{name}（{campus}）{closed}", "{name} ({campus}){closed}"},
             {{"name", clean(unit->name)},
              {"campus", clean(unit->campus)},
              {"closed", std::string(unit->closed ? job.say({"，已撤销", ", closed"}) : std::string_view())}});
    if (found != next.end())
        job.tell({"接续部门：{unit}", "Goes on as: {unit}"}, {{"unit", clean(office->names().unit(found->second))}});
    tellWork(job, *office, work);
    if (work.empty()) job.tell({"没有未完结的工作", "Nothing is open"});
    return status::kDone;
}

Result<int> unitClose(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Write));
    office::UnitClosing closing;
    closing.successor = job.arguments.value("--successor");
    closing.leaveOpen = job.arguments.has("--leave-open");
    auto const closed = office::closeUnit(*office, job.arguments[0], closing, job.today());
    if (!closed) {
        if (closed.error().reason == "unit.open-work")
            tellWork(job, *office, office::openWork(*office, job.arguments[0], job.today()));
        return closed.error();
    }
    tellWork(job, *office, closed->open);
    Json acts = Json::array();
    SPIRAL_GIVE(all, tellActs(job, closed->acts, office->names(), acts));
    Json told = Json::object();
    told.set("unit", job.arguments[0]).set("successor", closing.successor ? Json(*closing.successor) : Json());
    told.set("begun", toJson(closed->open.begun)).set("not_begun", toJson(closed->open.notBegun));
    job.answer(told.set("acts", std::move(acts)));
    if (!closed->open.empty() && closing.successor) {
        job.tell({"下一步（质控办）：spiral unit hand-over {unit} --reason 理由",
                  "Next (the quality office): spiral unit hand-over {unit} --reason TEXT"},
                 {{"unit", job.arguments[0]}});
    } else if (!closed->open.empty()) {
        job.tell(
            {"这些工作留在清单里，标为“部门已撤销，请指定接续部门”：spiral unit close {unit} --successor 部门",
             "They stay in the lists as work of a closed unit until a successor is named: spiral unit close {unit} "
             "--successor UNIT"},
            {{"unit", job.arguments[0]}});
    }
    return all ? status::kDone : status::kUndecided;
}

Result<int> unitMove(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Write));
    SPIRAL_GIVE(moved, office::moveUnit(*office, job.arguments[0], job.arguments[1]));
    Json told = Json::object();
    told.set("unit", job.arguments[0]).set("from", moved.from).set("campus", job.arguments[1]);
    told.set("hubs_holding", Json::array(moved.hubsHolding)).set("hubs_lacking", Json::array(moved.hubsLacking));
    job.tell({"{unit}：{from} → {to}。文档、任务、期限都不变", "{unit}: {from} → {to}. Documents, tasks and days stay"},
             {{"unit", clean(office->names().unit(job.arguments[0]))},
              {"from", clean(moved.from)},
              {"to", clean(job.arguments[1])}});
    for (auto const& hub : moved.hubsLacking) {
        job.tell(
            {"  新校区的汇聚点 {hub} 还没有这个部门的范围：请为它重新登记，加上 --scope unit/{unit}",
             "  The new campus's hub {hub} does not hold this unit's scope: enrol it anew with --scope unit/{unit}"},
            {{"hub", clean(hub)}, {"unit", job.arguments[0]}});
    }
    for (auto const& hub : moved.hubsHolding)
        job.tell({"  汇聚点 {hub} 仍持有它", "  The hub {hub} goes on holding it"}, {{"hub", clean(hub)}});
    return tellAppended(job, moved.appended, "unit", Proposing::ForSomething, std::move(told));
}

Result<int> unitHandOver(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Write));
    std::optional<PersonId> person;
    if (auto const told = job.arguments.value("--person")) {
        SPIRAL_GIVE(given, personFrom(*office, *told));
        person = given;
    }
    SPIRAL_GIVE(done,
                office::handOver(*office, job.arguments[0], *job.arguments.value("--reason"), person, job.today()));
    Json left = Json::array();
    for (auto const& each : done.left) left.add(toJson(each.line).set("why", each.why));
    Json told = Json::object();
    told.set("unit", job.arguments[0]).set("successor", done.successor).set("cycles", toJson(done.cycles));
    told.set("taken_back", toJson(done.takenBack)).set("asked_anew", toJson(done.askedAnew));
    job.answer(told.set("carried_on", toJson(done.carriedOn)).set("left", std::move(left)));
    job.tell({"交给 {unit}：未开始的 {back} 项改由其承担，已开始的 {on} 项由其接续；每项都有签名记录",
              "To {unit}: {back} not begun are asked of it now, {on} begun go on there; each by a signed act"},
             {{"unit", clean(office->names().unit(done.successor))},
              {"back", std::to_string(done.takenBack.size())},
              {"on", std::to_string(done.carriedOn.size())}});
    for (auto const& each : done.left) {
        job.tell({"  未交接：{id} {title}（{why}）", "  Not handed over: {id} {title} ({why})"},
                 {{"id", office->shortName(each.line.key())},
                  {"title", clean(each.line.title)},
                  {"why", sayReason(each.why, job.language())}});
    }
    return done.left.empty() ? status::kDone : status::kUndecided;
}

Result<int> personMove(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Write));
    SPIRAL_GIVE(person, personFrom(*office, job.arguments[0]));
    SPIRAL_GIVE(moved, office::movePerson(*office, person, *job.arguments.value("--from"), *job.arguments.value("--to"),
                                          job.today()));
    Json acts = Json::array();
    SPIRAL_GIVE(all, tellActs(job, moved.acts, office->names(), acts));
    Json told = Json::object();
    told.set("person", person.text()).set("acts", std::move(acts));
    job.answer(told.set("without_owner", toJson(moved.withoutOwner)));
    if (!moved.withoutOwner.empty()) {
        job.tell({"原部门有 {n} 项工作没有责任人了，由原部门负责人另行指定：spiral task assign",
                  "{n} piece(s) of work in the old unit are nobody's; its head gives them on: spiral task assign"},
                 {{"n", std::to_string(moved.withoutOwner.size())}});
        tellLines(job, *office, moved.withoutOwner);
    }
    return all ? status::kDone : status::kUndecided;
}

// --- a campus that another college takes over ---

Json toJson(std::vector<office::TakeoverNote> const& notes) {
    Json told = Json::array();
    for (auto const& note : notes) {
        Json one = Json::object();
        one.set("document", note.document).set("field", note.field).set("code", note.code);
        told.add(one.set("error", note.error));
    }
    return told;
}

int tellNotes(Job& job, std::vector<office::TakeoverNote> const& notes) {
    int errors = 0;
    for (auto const& note : notes) {
        errors += note.error;
        job.line("  " + std::string(note.error ? job.say({"未采纳：", "left out: "}) : std::string_view()) +
                 clean(note.document) + (note.field.empty() ? "" : " " + clean(note.field)) + "  " +
                 sayReason(note.code, job.language()));
    }
    return errors;
}

Result<int> takeoverExport(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    SPIRAL_GIVE(done, office::exportTakeover(*office, job.arguments.values("--unit"), job.path(job.arguments[0])));
    Json told = Json::object();
    told.set("folder", job.path(job.arguments[0]).string()).set("school", done.school.hex());
    told.set("documents", done.documents).set("asked", done.asked).set("revisions", done.revisions);
    told.set("acts", done.acts).set("files", done.files).set("files_missing", done.filesMissing);
    job.answer(told.set("notes", toJson(done.notes)));
    job.tell(
        {"已写出 {documents} 份文档（版本 {revisions}，签名记录 {acts}），尚未开始的整改 {asked} 项，附件 {files} 个",
         "{documents} document(s) written ({revisions} revisions, {acts} signed acts), {asked} rectification(s) not "
         "begun, {files} attachment(s)"},
        {{"documents", std::to_string(done.documents)},
         {"revisions", std::to_string(done.revisions)},
         {"acts", std::to_string(done.acts)},
         {"asked", std::to_string(done.asked)},
         {"files", std::to_string(done.files)}});
    job.tell({"请把本校编号口头告诉对方，供其核对：{school}",
              "Tell the other college our id by word of mouth, so that they can compare it: {school}"},
             {{"school", done.school.hex()}});
    return tellNotes(job, done.notes) > 0 ? status::kUndecided : status::kDone;
}

Result<int> takeoverImport(Job& job) {
    office::TakeoverWanted wanted;
    wanted.folder = job.path(job.arguments[0]);
    wanted.dryRun = job.arguments.has("--dry-run");
    for (auto const& pair : job.arguments.values("--unit")) {
        auto const equals = pair.find('=');
        if (equals == std::string::npos) return makeError(ErrorCode::Usage, "takeover.unit-form", pair);
        wanted.units[pair.substr(0, equals)] = pair.substr(equals + 1);
    }
    if (auto const told = job.arguments.value("--school")) {
        wanted.school = SchoolId::fromHex(*told);
        if (!wanted.school) return makeError(ErrorCode::Usage, "takeover.school-form", *told);
    }
    SPIRAL_GIVE(office, job.office(wanted.dryRun ? replica::Access::Read : replica::Access::Write));
    SPIRAL_GIVE(done, office::importTakeover(*office, wanted));
    Json documents = Json::array();
    int fresh = 0, known = 0, open = 0, archived = 0;
    for (auto const& each : done.documents) {
        Json one = Json::object();
        one.set("id", each.document.doc.hex()).set("scope", each.document.scope.text()).set("title", each.title);
        one.set("type", each.type).set("from", each.from.text()).set("known", each.known);
        documents.add(one.set("open_task", each.openTask).set("archived", each.archived));
        ++(each.known ? known : fresh);
        open += !each.known && each.openTask;
        archived += !each.known && each.archived;
    }
    Json told = Json::object();
    told.set("school", done.school.hex()).set("college", done.college).set("dry_run", wanted.dryRun);
    job.answer(told.set("documents", std::move(documents)).set("notes", toJson(done.notes)));
    job.tell({"来自 {college}（学校编号 {school}），已按其注册簿核验",
              "From {college} (college id {school}), checked against its registry"},
             {{"college", clean(done.college)}, {"school", done.school.hex()}});
    job.tell(
        {"新建 {fresh} 份，其中待完成的任务 {open} 项、只供查阅的 {archived} 份；以前已收 {known} "
         "份。原校的签名只作历史，在本校不生效",
         "{fresh} document(s) made, {open} of them open tasks and {archived} only to be read; {known} known. What was "
         "signed there is history and counts nowhere here"},
        {{"fresh", std::to_string(fresh)},
         {"open", std::to_string(open)},
         {"archived", std::to_string(archived)},
         {"known", std::to_string(known)}});
    return tellNotes(job, done.notes) > 0 ? status::kUndecided : status::kDone;
}

Positional unitId() { return {"UNIT", {"部门编号", "a unit's id"}}; }
Option proposals() {
    return {
        .name = "--output",
        .letter = "-o",
        .value = "NAME",
        .what = {"尚缺他人同意时，提案写为 NAME-1.json …", "proposals that others must agree to go to NAME-1.json …"},
        .completes = Completes::File};
}

}  // namespace

std::vector<Command> unitCommands() {
    return {
        {.name = "unit work",
         .summary = {"一个部门未完结的工作：任务、诊断点、表格", "what is open in a unit: tasks, points, forms"},
         .positionals = {unitId()},
         .examples = {{"spiral unit work yc-d03", {"撤并之前先看", "look before closing it"}},
                      {"spiral unit work yc-d03 --json", {"给脚本", "for scripts"}}},
         .run = unitWork},
        {.name = "unit close",
         .summary = {"撤销部门，或为已撤销的部门指定接续部门", "close a unit, or name the successor of a closed one"},
         .positionals = {unitId()},
         .options = {{.name = "--successor",
                      .value = "UNIT",
                      .what = {"接续部门", "the unit that goes on with its work"}},
                     {.name = "--leave-open",
                      .what = {"有未完结的工作也撤销；它们留在清单里",
                               "close it though work is open; that stays in the lists"}},
                     proposals()},
         .more =
             {"没有一项工作会因此消失或算作完成：未完结的都留在质控办清单里，标为“部门已撤销”，直到有人接手。指定"
              "接续部门时，其负责人和经办人得到对原部门范围的角色。",
              "No work vanishes or counts as done by it: what is open stays in the quality office's list as work of a "
              "closed unit, until somebody has it. With a successor, its heads and clerks get their roles over the "
              "closed unit's scope."},
         .examples = {{"spiral unit close yc-d03 --successor yc-d08", {"并入另一部门", "into another unit"}},
                      {"spiral unit close yc-d03 --leave-open", {"接续部门以后再定", "the successor comes later"}}},
         .run = unitClose},
        {.name = "unit move",
         .summary = {"部门迁到另一校区", "move a unit to another campus"},
         .positionals = {unitId(), {"CAMPUS", {"新校区", "the new campus"}}},
         .options = {proposalOption()},
         .more =
             {"范围以部门编号为名，与校区无关：文档、周期、期限、数据新旧都随部门走；按校区的统计随之改变。",
              "A scope is named by the unit's id and by no campus: documents, cycles, days and the age of its data go "
              "with the unit; counts by campus follow."},
         .examples = {{"spiral unit move yc-d03 西校区", {"迁到西校区", "to the west campus"}},
                      {"spiral unit move yc-d03 西校区 --json", {"给脚本", "for scripts"}}},
         .run = unitMove},
        {.name = "unit hand-over",
         .summary = {"把已撤销部门的工作交给接续部门", "give the work of a closed unit to its successor"},
         .positionals = {unitId()},
         .options = {{.name = "--reason",
                      .value = "T",
                      .what = {"理由，写进每一份签名记录", "the reason, in each signed act"},
                      .required = true},
                     {.name = "--person",
                      .value = "P",
                      .what = {"接手人；默认接续部门唯一的负责人", "who goes on; default: the successor's only head"}}},
         .more =
             {"没有人开始的，在周期里收回、改由接续部门承担；已经开始的，文档、期限、历史都不变，指定新的责任人。可以"
              "反复执行，不会重复。",
              "What nobody has begun is taken back in its cycle and asked of the successor; what was begun stays the "
              "document it is, with its day and history, and is given to a person. It can be done again and makes "
              "nothing twice."},
         .examples = {{"spiral unit hand-over yc-d03 --reason 机构调整", {"交给接续部门", "to the successor"}},
                      {"spiral unit hand-over yc-d03 --reason 机构调整 --person 周平",
                       {"指定接手人", "to this person"}}},
         .run = unitHandOver},
        {.name = "person move",
         .summary = {"人员调到另一部门：原授权终止，新授权开始", "move a person: the old roles end, new ones begin"},
         .positionals = {{"PERSON", {"人员编号（前 4 位起）或姓名", "id of a person (4 digits or more), or a name"}}},
         .options = {{.name = "--from", .value = "UNIT", .what = {"原部门", "the old unit"}, .required = true},
                     {.name = "--to", .value = "UNIT", .what = {"新部门", "the new unit"}, .required = true},
                     proposals()},
         .more =
             {"先读入其设备最新的交换文件：本机已有的工作按当时的角色有效，没有的会被隔离，可由质控办 admit。她在"
              "原部门的任务告知原部门负责人；她本机的草稿保留并提示。",
              "Take the newest exchange file of her device in first: what is held here stands in the role of then; the "
              "rest is quarantined, and the quality office can admit it. The head of the old unit is told what is "
              "nobody's; drafts on her device are kept and said."},
         .examples = {{"spiral person move 李雷 --from yc-d03 --to yc-d08", {"调动", "a change of post"}},
                      {"spiral person move 3f2a --from jwc --to xgc --json", {"给脚本", "for scripts"}}},
         .run = personMove},
        {.name = "takeover export",
         .summary = {"把部门的文档连同签名写成文件夹，交给接管的学校",
                     "write units' documents with their signatures for another college"},
         .positionals = {{"DIR", {"新文件夹", "a new folder"}, true, Completes::Folder}},
         .options = {{.name = "--unit",
                      .value = "UNIT",
                      .what = {"部门，可多个", "a unit, several allowed"},
                      .required = true,
                      .many = true}},
         .more =
             {"写出原始签名字节、注册簿和附件。有不同版本待定的文档不写出，先定下来；此时退出状态为 2。",
              "Signed bytes as they are, the registry and the attachments. Documents with different versions are left "
              "out and named: decide them first; the exit status is then 2."},
         .examples = {{"spiral takeover export 移交 --unit yc-d03 --unit yc-d04", {"两个部门", "two units"}},
                      {"spiral takeover export out --unit yc-d03 --json", {"给脚本", "for scripts"}}},
         .run = takeoverExport},
        {.name = "takeover import",
         .summary = {"接收另一所学校移交的文档，建为本校的新文档", "take another college's documents in, as new ones"},
         .positionals = {{"DIR", {"移交文件夹", "the folder"}, true, Completes::Folder}},
         .options = {{.name = "--unit",
                      .value = "OLD=UNIT",
                      .what = {"原校部门=本校部门，可多个", "their unit=our unit, several allowed"},
                      .required = true,
                      .many = true},
                     {.name = "--school",
                      .value = "ID",
                      .what = {"口头得到的原校编号", "their college's id, as told by word of mouth"}},
                     {.name = "--dry-run", .what = {"只检查，不写入", "check only, write nothing"}}},
         .more =
             {"原校签名按原校注册簿核验，作为历史附在文档旁（spiral doc history），在本校一律不生效。未完成的整改建为"
              "待完成任务并带期限；已完结的只供查阅。再次接收不会重复。接收人是这些文档的作者，不能再审批或复核它们。",
              "What was signed there is checked against their registry, lies beside the document as history (spiral "
              "doc history) and counts nowhere here. Open rectifications become open tasks with their day; closed work "
              "is only to be read. Taken in again, nothing is made twice. Whoever takes them in is their author, and "
              "approves or re-checks none of them."},
         .examples = {{"spiral takeover import 移交 --unit yc-d03=jwc --dry-run", {"先看", "look first"}},
                      {"spiral takeover import 移交 --unit yc-d03=jwc --school 0f3a…",
                       {"核对学校编号", "with the id compared"}}},
         .run = takeoverImport},
    };
}

}  // namespace spiral::cli
