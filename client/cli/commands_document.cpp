// Documents: write, show, list, history, diff, attach, and give attachments out again.
#include "office/signing_rules.h"

#include "format.h"
#include "remarks.h"

#include "base/sha256.h"
#include "office/takeover.h"
#include "replica/attachments.h"

namespace spiral::cli {

namespace {

constexpr std::size_t kFileNameBytesMax = 255;
constexpr std::string_view kTypeWords = "task plan standard report catalogue person";

Option setOption() {
    return {
        .name = "--set",
        .value = "k=v",
        .what = {"字段=值，可多个；空值删去字段", "field=value, several allowed; an empty value takes the field out"},
        .many = true};
}

Result<int> docNew(Job& job) {
    SPIRAL_GIVE(set, settings(job.arguments.values("--set")));
    auto const scopeTold = job.arguments.value("--scope"), unitTold = job.arguments.value("--unit");
    if (scopeTold && unitTold) return makeError(ErrorCode::Usage, "usage.scope", *scopeTold + " --unit " + *unitTold);
    SPIRAL_GIVE(office, job.office(replica::Access::Write));
    Scope scope;
    if (unitTold) {
        if (!isNameToken(*unitTold)) return makeError(ErrorCode::Usage, "usage.scope", *unitTold);
        scope = Scope::unit(*unitTold);
    } else if (scopeTold) {
        SPIRAL_GIVE(given, scopeFrom(*scopeTold));
        scope = given;
    } else {
        SPIRAL_GIVE(usual, office->defaultScope());
        scope = usual;
    }
    SPIRAL_GIVE(made, office->create(job.arguments[0], scope, set));
    tellAssignment(job, *office, made);
    return status::kDone;
}

Result<int> docEdit(Job& job) {
    SPIRAL_GIVE(set, settings(job.arguments.values("--set")));
    SPIRAL_GIVE(office, job.office(replica::Access::Write));
    SPIRAL_GIVE(doc, office->resolveId(job.arguments[0]));
    SPIRAL_GIVE(made, office->edit(doc, set, job.arguments.has("--draft")));
    tellAssignment(job, *office, made);
    return status::kDone;
}

Result<int> docSeal(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Write));
    SPIRAL_GIVE(doc, office->resolveId(job.arguments[0]));
    SPIRAL_GIVE(made, office->seal(doc));
    tellAssignment(job, *office, made);
    return status::kDone;
}

Result<int> docAttach(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Write));
    SPIRAL_GIVE(doc, office->resolveId(job.arguments[0]));
    SPIRAL_GIVE(made, office->attach(doc, job.path(job.arguments[1])));
    tellAssignment(job, *office, made);
    return status::kDone;
}

/// The file there has the very bytes of this attachment.
bool isCopy(Files& files, trust::Attachment const& file, Path const& there) {
    auto const size = files.size(there);
    if (!size || *size != file.size) return false;
    Sha256Stream hash;
    for (std::uint64_t at = 0; at < file.size;) {
        auto const piece = files.readAt(there, at, trust::kAttachmentPieceBytes);
        if (!piece || piece->empty()) return false;
        hash.add(*piece);
        at += piece->size();
    }
    return hash.finish().raw == file.sha256.raw;
}

/// Where an attachment is saved in a folder: under its own name, or, when another file has that, under its hash's first
/// digits and its name. Its name was chosen by whoever attached it: nothing that is there is overwritten, and no hidden file
/// is made.
struct Place {
    Path file;
    bool isThere = false;   ///< this very file, from an earlier run
};
Place placeFor(Files& files, trust::Attachment const& file, Path const& folder) {
    std::string const name = file.name.starts_with('.') ? "_" + file.name : file.name;
    std::string const digits = file.sha256.hex();
    for (std::string const& wanted : {name, shortId(file.sha256) + "-" + name, digits}) {
        if (wanted.size() > kFileNameBytesMax) continue;
        Path const place = folder / wanted;
        if (!files.exists(place)) return {place};
        if (isCopy(files, file, place)) return {place, true};
    }
    return {folder / digits};   // no other file is named like that
}

Result<int> docFiles(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    SPIRAL_GIVE(doc, office->resolveId(job.arguments[0]));
    SPIRAL_GIVE(shown, office->show(doc));
    auto const folder = job.arguments.value("--save");
    if (folder && !job.world.files.exists(job.path(*folder))) return makeError(ErrorCode::NotFound, "folder.missing", *folder);
    auto& replica = office->replica();
    replica::Attachments const attachments(replica.folder() / "attachments", job.world.files);
    Json told = Json::array();
    Table table({{std::string(job.say({"文件", "file"})), Table::Align::Left, true},
                 {std::string(job.say({"字节", "bytes"})), Table::Align::Right},
                 {"SHA-256"},
                 {std::string(job.say({"在本机", "here"}))}});
    std::uint64_t saved = 0, missing = 0;
    for (auto const& file : shown.files) {
        // Bytes that came for another scope are no evidence of this one.
        bool const here = attachments.holds(file.sha256) && replica.fileIsHere(doc.scope, file);
        if (!here) ++missing;
        Json one{json::Value(trust::toJson(file))};
        one.set("here", here);
        if (folder && here) {
            auto const place = placeFor(job.world.files, file, job.path(*folder));
            if (!place.isThere) {
                if (auto copied = attachments.extract(file, place.file); !copied) return copied.error();
            }
            ++saved;
            one.set("saved", place.file.string());
        }
        told.add(std::move(one));
        table.add({clean(file.name), std::to_string(file.size), shortId(file.sha256),
                   std::string(here ? job.say({"是", "yes"}) : job.say({"否", "no"}))});
    }
    job.answer(told);
    if (!table.empty()) job.lines(table.text(job.width()));
    job.tell({"共 {n} 个附件", "{n} attachment(s)"}, {{"n", std::to_string(shown.files.size())}});
    if (folder) {
        job.tell({"已存到 {folder}：{n} 个，内容与 SHA-256 相符", "{n} saved to {folder}, each as its SHA-256 says"},
                 {{"n", std::to_string(saved)}, {"folder", clean(*folder)}});
    }
    if (missing > 0) {
        job.tell({"{n} 个还不在本机：同步，或读入含附件的文件", "{n} not here yet: synchronise, or take in a file that holds them"},
                 {{"n", std::to_string(missing)}});
    }
    return folder && missing > 0 ? status::kUndecided : status::kDone;
}

/// The commands with which the document goes on from here.
std::vector<std::string> nextCommands(Job& job, office::Office& office, office::DocumentShown const& shown) {
    std::string const id = office.shortName(shown.listed.key());
    std::vector<std::string> commands;
    if (shown.draft) commands.push_back("spiral doc seal " + id);
    for (auto const& difference : shown.differences) {
        std::string const field = difference.field + (difference.element.empty() ? "" : "/" + difference.element);
        commands.push_back("spiral doc resolve " + id + " " + clean(field) + " --take N");
    }
    bool const several = shown.merged.heads.size() > 1;
    if (several && shown.differences.empty()) {
        commands.push_back("spiral doc edit " + id + "    # " +
                           std::string(job.say({"合为一个版本", "join the versions into one"})));
    }
    auto const* workflow = shown.type ? office.definitions().workflowOf(shown.type->name) : nullptr;
    for (auto const& name : shown.possible) {
        std::string line = "spiral step " + id + " " + name;
        bool open = true;
        if (auto const* action = workflow ? workflow->action(name) : nullptr) {
            for (auto const& guard : action->guards) {
                if (guard.name == "comment-required") line += " --comment " + std::string(job.say({"说明", "TEXT"}));
                if (guard.name == "person-required") line += " --to " + std::string(job.say({"人员", "PERSON"}));
                if (guard.name == "until-required") line += " --until " + std::string(job.say({"日期", "DATE"}));
                if (guard.name == "no-differences" && !shown.differences.empty()) open = false;
                if (guard.name == "single-head" && several) open = false;
            }
            line += "    # " + std::string(job.label(action->label));
        }
        if (open) commands.push_back(std::move(line));
    }
    return commands;
}

Json shownJson(Job& job, office::Office& office, office::DocumentShown const& shown) {
    auto const& names = office.names();
    Json told = toJson(shown.listed, names);
    told.set("fields", Json(json::Value(shown.merged.fields)));
    Json differences = Json::array();
    for (auto const& difference : shown.differences) differences.add(toJson(difference, names));
    told.set("open", std::move(differences));
    Json files = Json::array();
    for (auto const& file : shown.files) files.add(Json(trust::toJson(file)));
    told.set("files", std::move(files)).set("possible", Json::array(shown.possible));
    told.set("draft", shown.draft.has_value()).set("next", Json::array(nextCommands(job, office, shown)));
    Json items = Json::array();
    for (auto const& item : shown.items) items.add(toJson(item, names));
    told.set("items", std::move(items));
    told.set("breaches", toJson(office::breachesOf(office, office::organisationOf(office), shown.listed.key())));
    return told;
}

/// Revisions that wait or were set aside: they are in nothing shown above.
void showPending(Job& job, std::vector<replica::ItemRow> const& items, office::Names const& names) {
    constexpr std::size_t shownMax = 5;
    std::vector<replica::ItemRow const*> pending;
    for (auto const& item : items) {
        bool const revision = item.item.kind == trust::Item::Kind::Revision;
        if (revision && item.count == replica::Count::Pending) pending.push_back(&item);
    }
    if (pending.empty()) return;
    job.line();
    job.tell({"另有 {n} 个版本没有采用：", "{n} more revision(s) take no part:"},
             {{"n", std::to_string(pending.size())}});
    for (std::size_t i = 0; i < std::min(pending.size(), shownMax); ++i) {
        auto const& item = *pending[i];
        job.line("  " + shortId(item.item.id) + "  " + personText(item.person, names) + "  " + localTime(item.time) +
                 "  " + sayReason(item.reason, job.language()));
    }
    if (pending.size() > shownMax) job.line("  …");
}

Result<int> docShow(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    SPIRAL_GIVE(doc, office->resolveId(job.arguments[0]));
    SPIRAL_GIVE(shown, office->show(doc));
    auto const& names = office->names();
    if (job.json()) {
        job.answer(shownJson(job, *office, shown));
        return status::kDone;
    }
    auto const language = job.language();
    auto const& row = shown.listed.row;
    job.heading(clean(row.title.empty() ? typeText(row.type, language) : row.title));
    job.tell({"  编号 {id}  类型 {type}  范围 {scope}", "  id {id}  type {type}  scope {scope}"},
             {{"id", doc.doc.hex()},
              {"type", typeText(row.type, language)},
              {"scope", scopeText(shown.listed.scope, names, language)}});
    std::string state = stateText(row.type, row.state, language);
    if (row.disputed) state += job.say({"（有争议：两个决定并存）", " (disputed: two decisions stand side by side)"});
    if (row.changedAfter) state += job.say({"（提交后又有修改）", " (changed after submission)"});
    if (row.round > 1) state += job.say({"，第 {n} 轮", ", round {n}"}, {{"n", std::to_string(row.round)}});
    if (row.due) state += job.say({"，期限 {due}", ", due {due}"}, {{"due", toText(*row.due)}});
    if (!state.empty()) job.line(std::string(job.say({"  状态：", "  state: "})) + state);
    for (auto const& breach : office::breachesOf(*office, office::organisationOf(*office), doc)) {
        job.line(std::string(job.say({"  违规：", "  against the rules: "})) + sayReason(breach.code, language) + "  " +
                 clean(breach.text));
    }
    job.line();
    for (auto const& [field, value] : shown.merged.fields) {
        std::string const label = fieldText(shown.type, field, language) + " (" + field + ")";
        std::string const text = valueText(shown.type, field, value, names, language);
        if (text.find('\n') == std::string::npos && displayWidth(text) < 60) {
            job.line("  " + padded(label, 30) + "  " + text);
        } else {
            job.line("  " + label);
            for (auto const& part : wrapped(text, job.width() > 30 ? job.width() - 6 : 100)) job.line("      " + part);
        }
    }
    for (auto const& file : shown.files) {
        job.tell({"  附件  {name}  {size} 字节  {hash}", "  file  {name}  {size} bytes  {hash}"},
                 {{"name", clean(file.name)}, {"size", std::to_string(file.size)}, {"hash", shortId(file.sha256)}});
    }
    for (auto const& difference : shown.differences) {
        job.line();
        showDifference(job, shown.type, difference, names);
    }
    showPending(job, shown.items, names);
    if (shown.draft) {
        job.line();
        job.tell({"本机有未定稿的草稿（{time}）", "There is an unsealed draft on this device ({time})"},
                 {{"time", localTime(shown.draft->saved)}});
    }
    job.line();
    std::string heads;
    for (auto const& head : shown.merged.heads) {
        heads += (heads.empty() ? "" : "  ") + shortId(head);
        if (auto const item = office->view().item(head)) {
            heads += " (" + personText(item->person, names) + " " + localTime(item->time) + ")";
        }
    }
    if (heads.empty() && shown.expected) {
        job.tell({"还没有人开始；第一次编辑即开始：spiral doc edit {id} --set 字段=值",
                  "Nobody has begun it; the first edit does: spiral doc edit {id} --set k=v"},
                 {{"id", office->shortName(shown.listed.key())}});
    } else {
        job.line(std::string(job.say({"现行版本：", "heads: "})) + heads);
    }
    auto const next = nextCommands(job, *office, shown);
    if (!next.empty()) job.tell({"接下来可以：", "What can be done next:"});
    for (auto const& command : next) job.line("  " + command);
    return status::kDone;
}

Result<int> docList(Job& job) {
    replica::ListFilter filter;
    filter.type = job.arguments.value("--type");
    filter.owner = job.arguments.value("--unit");
    if (auto const scope = job.arguments.value("--scope")) {
        SPIRAL_GIVE(given, scopeFrom(*scope));
        filter.scope = given;
    }
    filter.openOnly = job.arguments.has("--open");
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    if (filter.type && !office->definitions().type(*filter.type)) {
        return makeError(ErrorCode::Usage, "type.unknown", *filter.type);
    }
    auto const& names = office->names();
    auto const documents = office->list(filter);
    Json told = Json::array();
    Table table({{std::string(job.say({"编号", "id"}))},
                 {std::string(job.say({"类型", "type"})), Table::Align::Left, true},
                 {std::string(job.say({"标题", "title"})), Table::Align::Left, true},
                 {std::string(job.say({"归属", "owner"})), Table::Align::Left, true},
                 {std::string(job.say({"状态", "state"}))},
                 {std::string(job.say({"期限", "due"}))},
                 {std::string(job.say({"不同", "diff"})), Table::Align::Right}});
    for (auto const& each : documents) {
        auto const& row = each.row;
        if (job.json()) {
            told.add(toJson(each, names));
        } else {
            table.add({office->shortName(each.key()), typeText(row.type, job.language()), row.title,
                       names.unit(row.owner), stateText(row.type, row.state, job.language()), dayText(row.due),
                       row.differences > 0 ? std::to_string(row.differences) : ""});
        }
    }
    job.answer(told);
    if (!table.empty()) job.lines(table.text(job.width()));
    job.tell({"共 {n} 份文档", "{n} document(s)"}, {{"n", std::to_string(documents.size())}});
    return status::kDone;
}

/// Why something in another college's evidence is not proven.
std::string doubtText(std::string const& why, Job const& job) { return sayReason("history." + why, job.language()); }

Json oldHistoryJson(office::OldHistory const& history) {
    Json items = Json::array();
    for (auto const& item : history.items) {
        Json one = Json::object();
        one.set("id", item.id.hex()).set("sort", item.isAct ? "record" : "revision").set("kind", item.kind);
        one.set("person", item.person.text()).set("person_name", item.name).set("role", item.role);
        one.set("time", toText(item.time)).set("comment", item.comment).set("proven", item.proven).set("why", item.why);
        items.add(one.set("device_revoked", item.deviceRevoked));
    }
    Json told = Json::object();
    told.set("school", history.school.hex()).set("college", history.college).set("from", history.from.text());
    told.set("revision", history.revision.hex()).set("proven", history.proven).set("why", history.why);
    return told.set("items", std::move(items));
}

void showOldHistory(Job& job, office::OldHistory const& history) {
    job.line();
    std::string const college = history.college.empty() ? shortId(history.school) : clean(history.college);
    if (!history.proven) {
        job.tell({"自称来自 {college} 的 {from}，没有证明：{why}", "Says that it comes from {from} of {college}; not proven: {why}"},
                 {{"college", college}, {"from", history.from.text()}, {"why", doubtText(history.why, job)}});
        if (history.items.empty()) return;
    } else {
        job.tell({"原校 {college}（{school}）的历史，已按其注册簿核验；在本校不生效：",
                  "History in {college} ({school}), checked against its registry; it counts nowhere here:"},
                 {{"college", college}, {"school", shortId(history.school)}});
    }
    Table table({{std::string(job.say({"时间", "time"}))},
                 {std::string(job.say({"何事", "what"}))},
                 {std::string(job.say({"谁", "who"})), Table::Align::Left, true},
                 {std::string(job.say({"当时角色", "role then"})), Table::Align::Left, true},
                 {std::string(job.say({"意见", "comment"})), Table::Align::Left, true},
                 {std::string(job.say({"核验", "checked"})), Table::Align::Left, true}});
    for (auto const& item : history.items) {
        std::string checked = item.proven ? std::string(job.say({"属实", "good"})) : doubtText(item.why, job);
        if (item.deviceRevoked) checked += job.say({"（设备后被撤销）", " (device revoked later)"});
        table.add({localTime(item.time), item.isAct ? kindText(item.kind, job.language()) : std::string(job.say({"版本", "revision"})),
                   item.name.empty() ? shortId(item.person.text()) : item.name, item.role, item.comment, std::move(checked)});
    }
    job.lines(table.text(job.width()));
}

Result<int> docHistory(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    SPIRAL_GIVE(doc, office->resolveId(job.arguments[0]));
    auto const& names = office->names();
    auto const items = office->view().items(doc);
    Json told = Json::array();
    Table table({{std::string(job.say({"编号", "id"}))},
                 {std::string(job.say({"时间", "time"}))},
                 {std::string(job.say({"何事", "what"}))},
                 {std::string(job.say({"谁", "who"})), Table::Align::Left, true},
                 {std::string(job.say({"设备", "device"})), Table::Align::Left, true},
                 {std::string(job.say({"计为", "counted"}))},
                 {std::string(job.say({"原因", "why"})), Table::Align::Left, true}});
    bool unwitnessed = false;
    for (auto const& item : items) {
        told.add(toJson(item, names));
        bool const open = item.verdict == trust::nameOf(trust::Verdict::NotYetWitnessed);
        unwitnessed = unwitnessed || open;
        std::string const what = item.item.kind == trust::Item::Kind::Record
                                     ? kindText(item.kind, job.language())
                                     : std::string(job.say({"版本", "revision"}));
        table.add({shortId(item.item.id), localTime(item.time) + (open ? "*" : ""), what,
                   personText(item.person, names), names.device(item.device), countText(item.count, job.language()),
                   item.reason.empty() ? "" : sayReason(item.reason, job.language())});
    }
    auto const old = office::oldHistory(*office, doc);
    if (old) {
        // Beside the items, in the place of none: scripts find it by its `sort`.
        Json one = oldHistoryJson(*old);
        told.add(one.set("sort", "history"));
    }
    job.answer(told);
    job.lines(table.text(job.width()));
    if (unwitnessed) {
        job.tell({"* 时间是签名人自己的时钟所说，尚无见证。", "* The signer's own clock says so; not yet witnessed."});
    }
    if (old) showOldHistory(job, *old);
    return status::kDone;
}

Result<int> docDiff(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    SPIRAL_GIVE(a, office->resolveObject(job.arguments[0]));
    SPIRAL_GIVE(b, office->resolveObject(job.arguments[1]));
    SPIRAL_GIVE(changes, office->diff(a, b));
    auto const item = office->view().item(b);
    auto const* type = item ? office->definitions().type(item->kind) : nullptr;
    auto const& names = office->names();
    Json told = Json::array();
    for (auto const& change : changes) {
        Json one = Json::object();
        one.set("field", change.field).set("element", change.element);
        one.set("before", change.before ? Json(*change.before) : Json())
            .set("after", change.after ? Json(*change.after) : Json());
        told.add(std::move(one));
        if (job.json()) continue;
        job.heading(fieldText(type, change.field, job.language()) + " (" + clean(change.field) +
                    (change.element.empty() ? "" : "/" + clean(change.element)) + ")");
        auto const side = [&](std::string_view mark, std::optional<json::Value> const& value) {
            if (!value) return;
            for (auto const& part : wrapped(valueText(type, change.field, *value, names, job.language()),
                                            job.width() > 30 ? job.width() - 4 : 100)) {
                job.line("  " + std::string(mark) + " " + part);
            }
        };
        side("-", change.before);
        side("+", change.after);
    }
    job.answer(told);
    if (changes.empty()) job.tell({"两个版本内容相同。", "Both revisions say the same."});
    return status::kDone;
}

}  // namespace

std::vector<Command> documentCommands() {
    return {
        {.name = "doc new",
         .summary = {"新建文档并定稿为第一个版本", "make a document and seal its first revision"},
         .positionals = {{"TYPE",
                          {"类型：task plan standard report catalogue person",
                           "type: task plan standard report catalogue person"},
                          true,
                          Completes::Words,
                          kTypeWords}},
         .options = {{.name = "--scope", .value = "S", .what = {"范围：college、unit/代号", "scope: college, unit/ID"}},
                     {.name = "--unit", .value = "ID", .what = {"部门范围的简写", "short for a unit's scope"}},
                     setOption()},
         .more = {"不写范围时用本人所在部门。字段名写错时会列出该类型的全部字段；日期写 2026-03-02，集合写 甲、乙。",
                  "Without a scope it stands in your own unit. A field that is not there is refused with the list of "
                  "those that are. Days are written 2026-03-02, sets as a,b."},
         .examples = {{"spiral doc new task --set title=完善课程标准 --set due=2026-06-30",
                       {"本部门的任务", "a task of your unit"}},
                      {"spiral doc new plan --unit jwc --set title=2026年工作计划", {"指定部门", "of a named unit"}}},
         .run = docNew},
        {.name = "doc edit",
         .summary = {"修改文档；--draft 只存草稿", "change a document; --draft keeps it as a draft"},
         .positionals = {documentId()},
         .options = {setOption(),
                     {.name = "--draft", .what = {"只保存在本机，不定稿", "keep it on this device, unsealed"}}},
         .more = {"新版本接在所有现行版本之后。有不同版本未定时，只改其他字段，不同处仍保留，直到有人选定。",
                  "The new revision follows all heads. Where versions differ, other fields may be changed; the "
                  "difference stays open until somebody decides."},
         .examples = {{"spiral doc edit 3f2a9c10 --set content=修订稿", {"改一个字段", "change a field"}},
                      {"spiral doc edit 3f2a --set note= --draft",
                       {"删去备注，先存草稿", "take the note out, as a draft"}}},
         .run = docEdit},
        {.name = "doc seal",
         .summary = {"把草稿定稿为版本", "seal the draft into a revision"},
         .positionals = {documentId()},
         .more = {"定稿由本机密钥签名，此后不再改变；交换从不替人定稿。",
                  "Sealing signs it with this device's key, for good. Exchange never seals."},
         .examples = {{"spiral doc seal 3f2a9c10", {"定稿", "seal"}},
                      {"spiral doc show 3f2a && spiral doc seal 3f2a", {"先看再定", "look first"}}},
         .run = docSeal},
        {.name = "doc show",
         .summary = {"显示文档：字段、不同版本、状态、下一步",
                     "show a document: fields, differences, state, what next"},
         .positionals = {documentId()},
         .more = {"末尾列出接下来可用的命令，可直接复制。",
                  "It ends with the commands that can be used next, to copy as they are."},
         .examples = {{"spiral doc show 3f2a", {"编号写前四位即可", "four digits are enough"}},
                      {"spiral doc show 3f2a --json", {"给脚本", "for scripts"}}},
         .run = docShow},
        {.name = "doc list",
         .summary = {"列出文档", "list documents"},
         .options = {{.name = "--type",
                      .value = "T",
                      .what = {"只列此类型", "of this type"},
                      .completes = Completes::Words,
                      .words = kTypeWords},
                     {.name = "--unit", .value = "U", .what = {"只列此部门负责的", "owned by this unit"}},
                     {.name = "--scope", .value = "S", .what = {"只列此范围", "of this scope"}},
                     {.name = "--open", .what = {"只列未完结的", "not closed"}}},
         .more = {"按期限、范围、标题排序。", "Ordered by due day, scope, title."},
         .examples = {{"spiral doc list --type task --unit jwc", {"教务处的任务", "tasks of unit jwc"}},
                      {"spiral doc list --json", {"一个数组", "one array"}}},
         .run = docList},
        {.name = "doc history",
         .summary = {"版本与步骤的经过：谁、何时、在哪台设备", "revisions and acts: who, when, on which device"},
         .positionals = {documentId()},
         .more = {"隔离和待定的也列出，并说明原因。", "What is quarantined or pending is listed too, with the reason."},
         .examples = {{"spiral doc history 3f2a", {"全部经过", "the whole story"}},
                      {"spiral doc history 3f2a --json", {"给脚本", "for scripts"}}},
         .run = docHistory},
        {.name = "doc diff",
         .summary = {"比较两个版本", "compare two revisions"},
         .positionals = {{"A", {"较早的版本编号", "id of the earlier revision"}},
                         {"B", {"较晚的版本编号", "id of the later one"}}},
         .more = {"版本编号见 doc history。逐字段比较，集合与行表逐项比较。",
                  "Ids of revisions: doc history. Field by field; sets and rows element by element."},
         .examples = {{"spiral doc diff 81c0aa17 f00d1234", {"两个版本之间改了什么", "what changed between the two"}},
                      {"spiral doc diff 81c0 f00d --json", {"给脚本", "for scripts"}}},
         .run = docDiff},
        {.name = "doc attach",
         .summary = {"附上文件，并定稿为新版本", "attach a file and seal a revision that names it"},
         .positionals = {documentId(), {"FILE", {"文件", "the file"}, true, Completes::File}},
         .more = {"文件按内容的 SHA-256 存放，随文档交换。",
                  "The file is kept under the SHA-256 of its content and travels with the document."},
         .examples = {{"spiral doc attach 3f2a 佐证/会议纪要.pdf", {"附上佐证材料", "attach evidence"}},
                      {"spiral doc attach 3f2a photo.jpg --progress", {"显示进度", "with progress"}}},
         .run = docAttach},
        {.name = "doc files",
         .summary = {"列出附件，或存为文件", "list the attachments, or save them as files"},
         .positionals = {documentId()},
         .options = {{.name = "--save",
                      .value = "DIR",
                      .what = {"存到这个文件夹；已有的文件不覆盖", "into this folder; no file that is there is overwritten"},
                      .completes = Completes::File}},
         .more = {"每个文件都按其 SHA-256 核对。还不在本机的会列出，退出状态为 2。名字相同而内容不同的，在名字前加上 SHA-256 的头几位。",
                  "Each file is held against its SHA-256. What is not here yet is told, and the exit status is 2. A name that "
                  "another file has gets the first digits of the SHA-256 in front."},
         .examples = {{"spiral doc files 3f2a", {"有哪些附件", "which there are"}},
                      {"spiral doc files 3f2a --save 下载", {"存到文件夹 下载", "into the folder 下载"}}},
         .run = docFiles},
    };
}

}  // namespace spiral::cli
