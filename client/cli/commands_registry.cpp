// Acts of the registry: grants, revocations, thresholds, proposals, the keeper.
#include "registry_words.h"

#include <algorithm>
#include <charconv>

namespace spiral::cli {

namespace {

constexpr std::size_t kProposalBytesMax = 1024 * 1024;

Option fromOption() {
    return {.name = "--from", .value = "DATE", .what = {"起始日，默认即日", "first day, default now"}};
}
Option untilOption() {
    return {
        .name = "--until", .value = "DATE", .what = {"截止日（不含），默认不限", "end, not included; default open"}};
}

Result<void> addInterval(Job& job, json::Object& members) {
    std::string from = toText(job.now());
    if (auto const told = job.arguments.value("--from")) {
        SPIRAL_GIVE(instant, instantFrom(*told));
        from = toText(instant);
    }
    members.set("from", from);
    if (auto const told = job.arguments.value("--until")) {
        SPIRAL_GIVE(instant, instantFrom(*told));
        members.set("until", toText(instant));
    }
    return {};
}

Result<int> grant(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Write));
    SPIRAL_GIVE(person, personFrom(*office, job.arguments[0]));
    SPIRAL_GIVE(role, roleFrom(job, job.arguments[1]));
    json::Object members;
    members.set("person", person.text());
    members.set("role", role.name);
    members.set("scope", role.scope.text());
    if (auto added = addInterval(job, members); !added) return added.error();
    if (job.arguments.has("--delegable")) members.set("delegable", true);
    SPIRAL_GIVE(appended, office->propose("grant", std::move(members)));
    Json told = Json::object();
    told.set("person", person.text()).set("role", role.text());
    return tellAppended(job, appended, "grant", Proposing::ForSomething, std::move(told));
}

Result<int> revoke(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Write));
    SPIRAL_GIVE(target, revocableFrom(*office, job.arguments[0]));
    auto const& registry = office->registry();
    std::vector<DeviceId> devices;
    if (target.device) {
        devices.push_back(*target.device);
    } else {
        // A grant's cut names each device of its holder.
        auto const* revoked = registry.grant(*target.grant);
        for (auto const& device : registry.devices()) {
            if (revoked && device.person == revoked->person) devices.push_back(device.id);
        }
    }
    std::vector<trust::Cut> cuts;
    auto const given = job.arguments.values("--cut");
    if (!given.empty()) {
        SPIRAL_GIVE(told, cutsFrom(*office, given));
        cuts = told;
    } else if (!job.arguments.has("--cut-nothing")) {
        cuts = office->cutsHere(devices);
        if (target.grant) {
            auto const scope = registry.grant(*target.grant)->role.scope;
            std::erase_if(cuts, [&](trust::Cut const& cut) { return !scope.covers(cut.scope); });
        }
    }
    json::Array list;
    Json cutsJson = Json::array();
    for (auto const& cut : cuts) {
        json::Object one;
        one.set("device", cut.device.hex());
        one.set("scope", cut.scope.text());
        one.set("frame", cut.frame.hex());
        cutsJson.add(Json(json::Value(one)));
        list.emplace_back(std::move(one));
    }
    json::Object members;
    if (target.device)
        members.set("device", target.device->hex());
    else
        members.set("grant", target.grant->hex());
    members.set("cuts", std::move(list));
    members.set("reason", *job.arguments.value("--reason"));

    auto const question = job.say({"撤销 {what}，以本机现有的 {n} 个切口为界；此前的工作保留，此后的隔离。继续吗？",
                                   "Revoke {what}, cut at the {n} frame(s) held here; work up to there stands, later "
                                   "work is quarantined. Go on?"},
                                  {{"what", target.name}, {"n", std::to_string(cuts.size())}});
    if (job.surroundings.inputIsTerminal && !job.json()) {
        SPIRAL_GIVE(yes, job.agreed(question));
        if (!yes) return makeError(ErrorCode::Refused, "usage.not-agreed");
    }
    SPIRAL_GIVE(appended, office->propose("revoke", std::move(members)));
    Json told = Json::object();
    told.set(target.device ? "device" : "grant", target.device ? target.device->hex() : target.grant->hex())
        .set("cuts", std::move(cutsJson));
    return tellAppended(job, appended, "revoke", Proposing::ForSomething, std::move(told));
}

Result<int> delegate(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Write));
    SPIRAL_GIVE(grantId, grantFrom(*office, job.arguments[0]));
    SPIRAL_GIVE(person, personFrom(*office, job.arguments[1]));
    auto const* given = office->registry().grant(grantId);
    json::Object members;
    members.set("grant", grantId.hex());
    members.set("person", person.text());
    members.set("scope", given ? given->role.scope.text() : "");
    if (auto const scope = job.arguments.value("--scope")) {
        SPIRAL_GIVE(narrower, scopeFrom(*scope));
        members.set("scope", narrower.text());
    }
    if (auto added = addInterval(job, members); !added) return added.error();
    SPIRAL_GIVE(appended, office->propose("delegate", std::move(members)));
    Json told = Json::object();
    told.set("grant", grantId.hex()).set("person", person.text());
    return tellAppended(job, appended, "delegate", Proposing::ForSomething, std::move(told));
}

Result<int> threshold(Job& job) {
    auto const& what = job.arguments[0];
    if (what != "root" && what != "admin") return makeError(ErrorCode::Usage, "usage.threshold", what);
    int number = 0;
    auto const& text = job.arguments[1];
    auto const [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc() || end != text.data() + text.size() || number < 1)
        return makeError(ErrorCode::Usage, "usage.threshold", text);
    SPIRAL_GIVE(office, job.office(replica::Access::Write));
    auto const head = office->registry().head().seq;
    auto const& now = what == "root" ? office->registry().root(head) : office->registry().admins(head);
    std::vector<std::string> persons;
    for (auto const& told : job.arguments.values("--person")) {
        SPIRAL_GIVE(person, personFrom(*office, told));
        persons.push_back(person.text());
    }
    if (persons.empty()) {
        for (auto const& person : now.persons) persons.push_back(person.text());
    }
    std::sort(persons.begin(), persons.end());
    persons.erase(std::unique(persons.begin(), persons.end()), persons.end());
    if (static_cast<std::size_t>(number) > persons.size()) return makeError(ErrorCode::Usage, "usage.threshold", text);
    json::Object members;
    json::Array list;
    for (auto const& person : persons) list.emplace_back(person);
    members.set("persons", std::move(list));
    members.set("threshold", number);
    SPIRAL_GIVE(appended, office->propose(what, std::move(members)));
    Json told = Json::object();
    told.set("persons", Json::array(persons)).set("threshold", number);
    return tellAppended(job, appended, what, Proposing::ForSomething, std::move(told));
}

Result<int> propose(Job& job) {
    SPIRAL_GIVE(bytes, job.read(job.arguments[1], kProposalBytesMax));
    SPIRAL_GIVE(office, job.office(replica::Access::Write));
    auto text = asText(bytes);
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
    SPIRAL_GIVE(value, json::parse(text));
    if (!value.asObject()) return makeError(ErrorCode::Malformed, "proposal.form");
    SPIRAL_GIVE(appended, office->propose(job.arguments[0], *value.asObject()));
    return tellAppended(job, appended, job.arguments[0], Proposing::IsAll, Json::object());
}

Result<int> cosign(Job& job) {
    SPIRAL_GIVE(bytes, job.read(job.arguments[0], kProposalBytesMax));
    SPIRAL_GIVE(office, job.office(replica::Access::Write));
    std::string act = "?";
    auto const body = json::parse(bytes);
    auto const* actText = body && body->asObject() ? json::stringAt(*body->asObject(), "act") : nullptr;
    auto const inner = actText ? json::parse(*actText) : Result<json::Value>(Error{});
    if (inner && inner->asObject()) {
        if (auto const* name = json::stringAt(*inner->asObject(), "act")) act = *name;
    }
    // People sign what they have seen: the act is shown before it is agreed to.
    if (job.surroundings.inputIsTerminal && !job.json() && actText) {
        job.tell({"提案内容：{act}", "The proposal: {act}"}, {{"act", clean(*actText)}});
        SPIRAL_GIVE(yes, job.agreed(job.say({"同意并签名吗？", "Agree and sign?"})));
        if (!yes) return makeError(ErrorCode::Refused, "usage.not-agreed");
    }
    SPIRAL_GIVE(appended, office->cosign(bytes));
    return tellAppended(job, appended, act, Proposing::IsAll, Json::object());
}

Result<int> append(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Write));
    Json entries = Json::array();
    Json told = Json::object();
    // Each stands for itself: those before one that is refused are in the registry.
    for (auto const& file : job.arguments.positionals()) {
        SPIRAL_GIVE(bytes, job.read(file, kProposalBytesMax));
        SPIRAL_GIVE(entry, office->appendProposal(bytes));
        entries.add(entry.hex());
        job.tell({"已记入注册簿：{file}（条目 {entry}）", "In the registry: {file} (entry {entry})"},
                 {{"file", file}, {"entry", shortId(entry)}});
    }
    told.set("entries", std::move(entries));
    job.answer(told);
    return status::kDone;
}

Result<int> move(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Write));
    SPIRAL_GIVE(device, deviceFrom(*office, job.arguments[0]));
    json::Object members;
    members.set("device", device.hex());
    SPIRAL_GIVE(appended, office->propose("move", std::move(members)));
    Json told = Json::object();
    told.set("device", device.hex());
    return tellAppended(job, appended, "move", Proposing::ForSomething, std::move(told));
}

}  // namespace

Option proposalOption() {
    return {.name = "--output",
            .letter = "-o",
            .value = "FILE",
            .what = {"尚缺他人同意时，提案写到这里", "where the proposal goes when others must agree"},
            .completes = Completes::File};
}

Result<int> tellAppended(Job& job, office::Office::Appended const& appended, std::string_view act, Proposing proposing,
                         Json told) {
    told.set("act", act)
        .set("entry", appended.entry ? Json(appended.entry->hex()) : Json())
        .set("missing", appended.why);
    if (appended.entry) {
        told.set("proposal", Json());
        job.answer(told);
        job.tell({"已记入注册簿：{act}（条目 {entry}）", "In the registry: {act} (entry {entry})"},
                 {{"act", kindText(std::string(act) + ".v1", job.language())}, {"entry", shortId(*appended.entry)}});
        return status::kDone;
    }
    std::string const file = job.arguments.value("--output").value_or("proposal-" + std::string(act) + ".json");
    if (auto written = job.write(file, appended.proposal, FileMode::Shared); !written) return written.error();
    told.set("proposal", job.path(file).string()).set("queued", appended.queued);
    job.answer(told);
    if (appended.queued) {
        job.tell({"注册簿由服务器保管：下次 spiral sync 时送去，生效后随即收到。（提案也写在 {file}）",
                  "The server keeps the registry: the next spiral sync takes it there and brings the entry back. (The "
                  "proposal is in {file}, too.)"},
                 {{"file", file}});
    } else if (appended.why == "registry.not-keeper") {
        job.tell({"还不能生效，要由保管者记入。提案写在 {file}，保管者执行：spiral registry append {file}",
                  "Not yet in force: the keeper has to append it. The proposal is in {file}; the keeper runs: spiral "
                  "registry append {file}"},
                 {{"file", file}});
    } else {
        job.tell({"还不能生效：{why}。提案写在 {file}，请有权的人执行：spiral registry cosign {file} -o 文件",
                  "Not yet in force: {why}. The proposal is in {file}; others run: spiral registry cosign {file} -o "
                  "FILE"},
                 {{"why", sayReason(appended.why, job.language())}, {"file", file}});
    }
    return proposing == Proposing::IsAll ? status::kDone : status::kUndecided;
}

std::vector<Command> registryActCommands() {
    Positional const person{"PERSON", {"人员编号（前 4 位起）或姓名", "id of a person (4 digits or more), or a name"}};
    return {
        {.name = "registry grant",
         .summary = {"授予角色", "grant a role"},
         .positionals = {person,
                         {"ROLE",
                          {"角色@范围，如 head@unit/jwc、quality@college",
                           "role@scope, such as head@unit/jwc or quality@college"}}},
         .options = {{.name = "--unit",
                      .value = "ID",
                      .what = {"角色只写名称时的部门", "the unit when ROLE is a bare name"}},
                     fromOption(),
                     untilOption(),
                     {.name = "--delegable", .what = {"可委托一层", "may be delegated, one level"}},
                     proposalOption()},
         .more = {"授权有起止时间；管理员一人即可，高级角色按门限。门限未够时写出提案，退出状态 2。",
                  "A grant has a time; one admin suffices, high roles need the threshold. If others must agree, a "
                  "proposal is written and the exit status is 2."},
         .examples = {{"spiral registry grant 李雷 head@unit/jwc --delegable",
                       {"部门负责人，可委托", "head of unit jwc, may delegate"}},
                      {"spiral registry grant 3f2a quality@college --until 2027-01-01", {"限期", "until a day"}}},
         .run = grant},
        {.name = "registry revoke",
         .summary = {"撤销设备或授权；以本机所持为切口", "revoke a device or a grant, cut at what is held here"},
         .positionals = {{"ID", {"设备或授权的编号（前 4 位起）", "id of a device or grant, 4 digits or more"}}},
         .options = {{.name = "--reason", .value = "T", .what = {"理由", "the reason"}, .required = true},
                     {.name = "--cut",
                      .value = "FRAME",
                      .what = {"改用这些帧为切口，可多个", "cut at these frames instead, several allowed"},
                      .many = true},
                     {.name = "--cut-nothing", .what = {"不保留任何帧", "let no frame stand"}},
                     proposalOption()},
         .more = {"切口是一组帧，从不是日期：切口及其以前的工作有效，以后的无论声称何时都被隔离。先读入该设备最新的交换"
                  "文件，再撤销。",
                  "A cut is a list of frames, never a date: they and what came before stand, whatever came after is "
                  "quarantined whatever time it claims. Take the device's newest exchange file in first."},
         .examples = {{"spiral registry revoke 9a8b7c6d --reason 电脑遗失", {"撤销设备", "a lost device"}},
                      {"spiral registry revoke 5e6f --reason 调岗", {"撤销授权", "a grant, after a change of post"}}},
         .run = revoke},
        {.name = "registry delegate",
         .summary = {"把自己可委托的授权委托给别人", "delegate your own grant"},
         .positionals = {{"GRANT", {"授权编号", "id of the grant"}}, person},
         .options =
             {{.name = "--scope", .value = "S", .what = {"更窄的范围", "a narrower scope"}},
              fromOption(),
              {.name = "--until", .value = "DATE", .what = {"截止日（不含）", "end, not included"}, .required = true},
              proposalOption()},
         .more = {"只有一层；期限和范围须在原授权之内；受托人不能用它审批自己的文档。",
                  "One level only, inside the time and scope of the grant; nobody approves their own work with it."},
         .examples = {{"spiral registry delegate 5e6f7a8b 韩梅 --until 2026-09-01", {"暑期代理", "for the summer"}},
                      {"spiral registry show", {"先看授权编号", "ids of grants"}}},
         .run = delegate},
        {.name = "registry threshold",
         .summary = {"改变 root 或 admin 的人选与门限", "change persons and threshold of root or admin"},
         .positionals = {{"WHICH", {"root 或 admin", "root or admin"}, true, Completes::Words, "root admin"},
                         {"N", {"需要几人同意", "how many must agree"}}},
         .options = {{.name = "--person",
                      .value = "P",
                      .what = {"人选，可多个；默认不变", "its persons, several allowed; default as they are"},
                      .many = true},
                     proposalOption()},
         .more = {"门限 1/1 时一人失陷即全盘失陷；root 的改变须新旧两个门限都同意。",
                  "With 1 of 1, one stolen key is everything. A change of root needs the old and the new threshold."},
         .examples = {{"spiral registry threshold admin 2 --person 王芳 --person 韩梅",
                       {"两人共管", "two admins, both must agree"}},
                      {"spiral registry threshold root 2 --person 王芳 --person 韩梅 --person 李雷",
                       {"三人中两人", "two of three"}}},
         .run = threshold},
        {.name = "registry propose",
         .summary = {"由文件提出任一注册簿条目", "propose any act of the registry from a file"},
         .positionals = {{"ACT", {"条目种类：policy server unit redact …", "the act: policy server unit redact …"}},
                         {"FILE", {"JSON：该条目的各项", "JSON: the members of the act"}, true, Completes::File}},
         .options = {proposalOption()},
         .more = {"同意够了且本机是保管者时直接记入，否则写出提案。",
                  "Appended when the agreements suffice and this device is the keeper; else a proposal is written."},
         .examples = {{"spiral registry propose policy 规则.json -o 提案.json", {"改规则", "a new policy"}},
                      {"spiral registry propose unit 部门.json", {"登记部门", "a unit"}}},
         .run = propose},
        {.name = "registry cosign",
         .summary = {"同意一份提案并签名", "agree to a proposal"},
         .positionals = {{"PROPOSAL", {"提案文件", "the proposal file"}, true, Completes::File}},
         .options = {proposalOption()},
         .more = {"签前显示提案内容。保管者读到同意已够的提案时，记入注册簿。",
                  "The act is shown first. The keeper appends it when the agreements suffice."},
         .examples = {{"spiral registry cosign 提案.json -o 提案2.json", {"签后转交", "sign and pass on"}},
                      {"spiral registry cosign 提案2.json", {"保管者记入", "the keeper appends"}}},
         .run = cosign},
        {.name = "registry append",
         .summary = {"保管者把同意已够的提案记入", "the keeper appends proposals that enough have agreed to"},
         .positionals = {{.name = "PROPOSAL",
                          .what = {"提案文件，可多个", "proposal files"},
                          .required = true,
                          .completes = Completes::File,
                          .many = true}},
         .more =
             {"只在保管者的副本上执行；不加自己的签名。按现在的注册簿判断：提案签好以后别的条目先记入，使它不再允许的，"
              "明白拒绝，什么也不写。",
              "On the keeper's replica only; adds no signature of its own. It is judged by the registry as it is "
              "now: if another entry came first and does not allow it any more, it is refused and nothing is "
              "written."},
         .examples = {{"spiral registry append 提案.json", {"一份", "one"}},
                      {"spiral registry append 李雷.welcome.proposal-1.json 李雷.welcome.proposal-2.json",
                       {"登记一人的几份，依次", "those of an enrolment, in order"}}},
         .run = append},
        {.name = "registry move",
         .summary = {"把注册簿的保管移交另一台设备", "hand the keeping of the registry to another device"},
         .positionals = {{"DEVICE", {"设备编号（前 4 位起）", "id of the device, 4 digits or more"}}},
         .options = {proposalOption()},
         .more = {"此后只有那台设备能记入新条目；须 root 门限同意。移交给服务器以后，别的设备写出提案，由服务器记入。",
                  "From then on only that device appends entries. Needs the root threshold. Once the server keeps the "
                  "registry, other devices write proposals, which the server appends."},
         .examples = {{"spiral registry move 9a8b7c6d", {"移交", "hand over"}},
                      {"spiral registry move 数据中心", {"移交给服务器，用名称", "to the server, by its name"}},
                      {"spiral registry show", {"查看设备编号", "ids of devices"}}},
         .run = move},
    };
}

}  // namespace spiral::cli
