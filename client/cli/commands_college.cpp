// Founding a college and joining it.
#include "registry_words.h"

namespace spiral::cli {

namespace {

constexpr std::string_view kRoleWords = "clerk head quality leader admin reviewer";

Result<int> init(Job& job) {
    Path const folder = job.path(job.arguments[0]);
    if (auto const may = office::Office::mayFound(folder, job.world); !may) return may.error();
    SPIRAL_GIVE(passphrase, job.newPassphrase());
    office::Office::Founding founding;
    founding.college = *job.arguments.value("--college");
    founding.domain = *job.arguments.value("--domain");
    founding.person = *job.arguments.value("--person");
    founding.sample = job.arguments.has("--sample");
    founding.passphrase = passphrase.view();
    auto const founded = office::Office::found(folder, job.world, founding);
    Secret::wipe(founding.passphrase);
    if (!founded) {
        // A disk that fills up while founding leaves a college that nobody has heard of yet.
        if (job.world.files.exists(folder / "store.db")) {
            job.aside(job.say({"建立没有完成。请先删除文件夹 {dir}，再重新执行。",
                               "The college is only half founded: remove the folder {dir}, then start again."},
                              {{"dir", job.arguments[0]}}));
        }
        return founded.error();
    }

    SPIRAL_GIVE(opened, office::Office::open(folder, job.world, replica::Access::Read, {}));
    auto const& registry = opened->registry();
    Json told = Json::object();
    told.set("replica", folder.string()).set("school", registry.school().hex()).set("domain", registry.domain());
    told.set("college", registry.college()).set("device", opened->replica().device().hex());
    told.set("person", opened->replica().person() ? Json(opened->replica().person()->text()) : Json());
    told.set("units", registry.units().size());
    job.answer(told);
    job.tell({"学校已建立：{college}（{domain}）", "College founded: {college} ({domain})"},
             {{"college", clean(registry.college())}, {"domain", registry.domain()}});
    job.tell({"  学校编号 {school}，本机设备 {device}，部门 {units} 个",
              "  college id {school}, this device {device}, {units} unit(s)"},
             {{"school", shortId(registry.school())},
              {"device", shortId(opened->replica().device())},
              {"units", std::to_string(registry.units().size())}});
    job.tell({"  目前只有一位管理员（门限 1/1）；另请人加入后提高门限：spiral help registry threshold",
              "  There is one admin only (threshold 1 of 1); raise it once others have joined: spiral help registry "
              "threshold"});
    job.tell({"下一步：cd {dir}，然后 spiral unit add … 和 spiral invite …",
              "Next: cd {dir}, then spiral unit add … and spiral invite …"},
             {{"dir", job.arguments[0]}});
    return status::kDone;
}

Result<int> unitAdd(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Write));
    auto const& id = job.arguments[0];
    if (!isNameToken(id)) return makeError(ErrorCode::Usage, "unit.id", id);
    if (job.arguments[1].empty()) return makeError(ErrorCode::Usage, "unit.name");
    // The latest word on a unit is all of it: said again, a closed one would be open and have no successor.
    for (auto const& unit : office->registry().units()) {
        if (unit.id == id && unit.closed) return makeError(ErrorCode::Refused, "unit.closed", unit.name);
    }
    std::string const campus = job.arguments.value("--campus").value_or("");
    json::Object members;
    members.set("unit", id);
    members.set("name", job.arguments[1]);
    members.set("campus", campus);
    SPIRAL_GIVE(appended, office->propose("unit", std::move(members)));
    Json told = Json::object();
    told.set("unit", id).set("name", job.arguments[1]).set("campus", campus);
    return tellAppended(job, appended, "unit", Proposing::ForSomething, std::move(told));
}

Result<int> inviteServer(Job& job) {
    auto const& arguments = job.arguments;
    for (char const* option : {"--person", "--another-device-of", "--unit", "--role"}) {
        if (arguments.has(option)) return makeError(ErrorCode::Usage, "invite.person");
    }
    office::Office::ServerWanted wanted{.name = *arguments.value("--as-server"), .hub = arguments.has("--hub")};
    wanted.url = arguments.value("--server");
    for (auto const& text : arguments.values("--scope")) {
        SPIRAL_GIVE(scope, scopeFrom(text));
        wanted.scopes.push_back(scope);
    }
    SPIRAL_GIVE(office, job.office(replica::Access::Write));
    SPIRAL_GIVE(invited, office->inviteServer(wanted));
    auto const file = *arguments.value("--output");
    if (auto written = job.write(file, invited.invitation, FileMode::Private); !written) return written.error();
    Json scopes = Json::array();
    for (auto const& scope : wanted.scopes) scopes.add(scope.text());
    Json told = Json::object();
    told.set("file", job.path(file).string()).set("expires", toText(invited.content.expires));
    told.set("role", wanted.hub ? "hub" : "server").set("name", wanted.name).set("scopes", std::move(scopes));
    told.set("server", Json(wanted.url));
    job.answer(told);
    job.tell({"邀请已写入 {file}：{kind} {name}；有效至 {until}",
              "Invitation written to {file}: {kind} {name}; valid until {until}"},
             {{"file", file},
              {"kind", std::string(wanted.hub ? job.say({"汇聚点", "hub"}) : job.say({"服务器", "server"}))},
              {"name", clean(wanted.name)},
              {"until", localTime(invited.content.expires)}});
    if (!wanted.hub && !wanted.url) {
        job.tell({"没有写 --server 地址：以后给人的邀请里不会带上这台服务器。",
                  "No --server address: later invitations will not tell people where this server is."});
    }
    job.tell({"在那台机器上执行：spirald init --data 文件夹 {file} -o 申请.json",
              "On that machine run: spirald init --data FOLDER {file} -o request.json"},
             {{"file", file}});
    return status::kDone;
}

Result<int> invite(Job& job) {
    auto const person = job.arguments.value("--person"), again = job.arguments.value("--another-device-of");
    if (job.arguments.has("--as-server")) return inviteServer(job);
    if (person.has_value() == again.has_value()) return makeError(ErrorCode::Usage, "invite.person");
    if (job.arguments.has("--hub") || job.arguments.has("--scope"))
        return makeError(ErrorCode::Usage, "invite.hub-scope");
    SPIRAL_GIVE(office, job.office(replica::Access::Write));
    office::Office::Invited invited;
    std::string name;
    if (again) {
        SPIRAL_GIVE(known, personFrom(*office, *again));
        SPIRAL_GIVE(made, office->inviteDevice(known, job.arguments.value("--server")));
        invited = made;
        name = personText(known, office->names());
    } else {
        SPIRAL_GIVE(made, office->invite(*person, job.arguments.value("--unit").value_or(""),
                                         job.arguments.values("--role"), job.arguments.value("--server")));
        invited = made;
        name = clean(*person);
    }
    auto const file = *job.arguments.value("--output");
    if (auto written = job.write(file, invited.invitation, FileMode::Private); !written) return written.error();
    Json roles = Json::array();
    std::string list;
    for (auto const& role : invited.content.roles) {
        roles.add(role.text());
        list +=
            std::string(list.empty() ? "" : listMark(job.language())) + roleText(role, office->names(), job.language());
    }
    Json told = Json::object();
    told.set("file", job.path(file).string()).set("person", invited.content.person.text());
    told.set("expires", toText(invited.content.expires)).set("roles", std::move(roles));
    told.set("server", invited.content.server ? Json(invited.content.server->url) : Json());
    job.answer(told);
    job.tell({"邀请已写入 {file}：{person}，{roles}；有效至 {until}",
              "Invitation written to {file}: {person}, {roles}; valid until {until}"},
             {{"file", file}, {"person", name}, {"roles", list}, {"until", localTime(invited.content.expires)}});
    job.tell({"请当面或经可信渠道交给本人；文件里有一次性口令，用一次即作废。",
              "Hand it over in person or by a road you trust: it holds a one-time code, good for one device."});
    job.tell({"对方执行：spiral join 文件夹 {file} -o 申请.json",
              "The other side runs: spiral join FOLDER {file} -o request.json"},
             {{"file", file}});
    return status::kDone;
}

Result<int> join(Job& job) {
    Path const folder = job.path(job.arguments[0]);
    if (auto const welcome = job.arguments.value("--finish")) {
        if (job.arguments.count() > 1 || job.arguments.has("--output")) {
            return makeError(ErrorCode::Usage, "usage.join");
        }
        if (!job.world.files.exists(folder / "store.db"))
            return makeError(ErrorCode::NotFound, "replica.missing", job.arguments[0]);
        if (auto finished = office::Office::joinFinish(folder, job.world, job.path(*welcome)); !finished)
            return finished.error();
        SPIRAL_GIVE(opened, office::Office::open(folder, job.world, replica::Access::Write, {}));
        auto const status = opened->status();
        Json grants = Json::array();
        for (auto const& grant : status.grants) grants.add(grant.role.text());
        Json told = Json::object();
        told.set("replica", folder.string()).set("school", status.school.hex()).set("college", status.college);
        told.set("person", status.person ? Json(status.person->text()) : Json()).set("person_name", status.personName);
        told.set("device", status.device.hex()).set("roles", std::move(grants));
        told.set("server", status.server ? Json(status.server->url) : Json());
        job.answer(told);
        job.tell({"已加入 {college}，身份：{person}", "Joined {college} as {person}"},
                 {{"college", clean(status.college)}, {"person", clean(status.personName)}});
        for (auto const& grant : status.grants) job.line("  " + roleText(grant.role, opened->names(), job.language()));
        if (status.server) job.tell({"  服务器 {url}", "  server {url}"}, {{"url", clean(status.server->url)}});
        return status::kDone;
    }
    if (job.arguments.count() < 2 || !job.arguments.has("--output")) return makeError(ErrorCode::Usage, "usage.join");
    SPIRAL_GIVE(invitation, job.read(job.arguments[1], trust::kInvitationBytesMax));
    SPIRAL_GIVE(content, trust::decodeInvitation(invitation));
    SPIRAL_GIVE(passphrase, job.newPassphrase());
    SPIRAL_GIVE(request, office::Office::joinRequest(folder, job.world, invitation, passphrase.view()));
    auto const file = *job.arguments.value("--output");
    if (auto written = job.write(file, request, FileMode::Shared); !written) return written.error();
    std::string const digits = trust::digitsText(trust::digitsOf(content.school, asBytes(request)));
    Json told = Json::object();
    told.set("replica", folder.string()).set("request", job.path(file).string()).set("digits", digits);
    told.set("school", content.school.hex()).set("domain", content.domain).set("person", content.person.text());
    job.answer(told);
    job.tell({"申请已写入 {file}，请交给管理员。管理员问起时，当面或电话里念出这六组数字：",
              "Request written to {file}; give it to the admin. When asked, read these six groups aloud:"},
             {{"file", file}});
    job.line();
    job.line("    " + job.bold(digits));
    job.line();
    job.tell({"收到欢迎文件后：spiral join {dir} --finish 文件",
              "When the welcome file has come: spiral join {dir} --finish FILE"},
             {{"dir", job.arguments[0]}});
    return status::kDone;
}

/// The six groups as this replica sees them: the admin's by the registry, the joiner's by the invitation it answered.
Result<std::array<std::string, 6>> digitsHere(office::Office& office, ByteView request) {
    if (!office.registry().empty()) return office.digits(request);
    auto decoded = trust::decodeJoinRequest(request);
    if (!decoded) return decoded.error();
    auto const school = office.replica().note("school");
    auto const id = school ? SchoolId::fromHex(*school) : std::nullopt;
    if (!id) return makeError(ErrorCode::WrongState, "replica.not-enrolled");
    return trust::digitsOf(*id, request);
}

Result<int> digits(Job& job) {
    SPIRAL_GIVE(request, job.read(job.arguments[0], trust::kRequestBytesMax));
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    SPIRAL_GIVE(groups, digitsHere(*office, request));
    Json told = Json::object();
    told.set("digits", trust::digitsText(groups)).set("groups", Json::array({groups.begin(), groups.end()}));
    job.answer(told);
    job.line(trust::digitsText(groups));
    return status::kDone;
}

Result<int> enrol(Job& job) {
    SPIRAL_GIVE(request, job.read(job.arguments[0], trust::kRequestBytesMax));
    SPIRAL_GIVE(office, job.office(replica::Access::Write));
    auto typed = job.arguments.value("--digits");
    if (!typed) {
        // Agreeing to everything in advance is no comparison: nobody would have listened.
        if (job.settings.yes || job.json() || !job.surroundings.inputIsTerminal)
            return makeError(ErrorCode::Usage, "enrol.no-digits");
        SPIRAL_GIVE(groups, office->digits(request));
        job.tell({"本机算出的六组数字：", "The six groups as this device sees them:"});
        job.line("    " + job.bold(trust::digitsText(groups)));
        job.tell({"请对方当面或在电话里念出他屏幕上的六组，照所听到的输入；不要看着上面抄。",
                  "Let the other person read theirs aloud, and type what you hear; do not copy the line above."});
        typed = job.surroundings.askLine(std::string(job.say({"听到的数字：", "Digits as heard: "})));
        if (!typed) return makeError(ErrorCode::Usage, "enrol.no-digits");
    }
    auto const file = *job.arguments.value("--output");
    SPIRAL_GIVE(place, job.outputPath(file));
    SPIRAL_GIVE(done, office->enrol(request, *typed, place));
    auto const* device = office->registry().device(done.device);
    Json told = Json::object();
    told.set("device", done.device.hex()).set("person", device ? Json(device->person.text()) : Json());
    told.set("person_name", device ? Json(office->names().person(device->person)) : Json());
    told.set("kind", device ? Json(nameOf(device->kind)) : Json());
    told.set("welcome", done.welcomed ? Json(place.string()) : Json());
    Json proposals = Json::array();
    std::vector<std::string> files;
    for (auto const& proposal : done.proposals) {
        // Beside the welcome, in the order in which the keeper takes them.
        files.push_back(file + ".proposal-" + std::to_string(files.size() + 1) + ".json");
        if (auto written = job.write(files.back(), proposal, FileMode::Shared); !written) return written.error();
        proposals.add(job.path(files.back()).string());
    }
    told.set("proposals", std::move(proposals)).set("missing", done.why);
    job.answer(told);
    if (done.welcomed) {
        job.tell({"设备 {device} 已登记给 {person}；欢迎文件 {file} 请交给对方。",
                  "Device {device} is enrolled for {person}; give them the welcome file {file}."},
                 {{"device", shortId(done.device)},
                  {"person", device ? personText(device->person, office->names()) : ""},
                  {"file", file}});
    }
    if (files.empty()) return status::kDone;
    job.tell({"还不能全部生效：{why}。提案写在：", "Not all of it is in force yet: {why}. The proposals are in:"},
             {{"why", sayReason(done.why, job.language())}});
    for (auto const& each : files) job.line("    " + each);
    job.tell({"有权的人执行 spiral registry cosign 文件，保管者执行 spiral registry append 文件。",
              "Others who must agree run spiral registry cosign FILE, the keeper runs spiral registry append FILE."});
    if (!done.welcomed) {
        job.tell({"注册簿里有了这台设备之后，再执行一次同样的 spiral enrol，写出欢迎文件。",
                  "Once the registry has the device, run the same spiral enrol again: it writes the welcome."});
    }
    return status::kUndecided;
}

}  // namespace

std::vector<Command> collegeCommands() {
    return {
        {.name = "init",
         .summary = {"建立一所学校：第一条注册、第一位管理员、本机副本",
                     "found a college: entry 1, first admin, replica"},
         .positionals = {{"DIR", {"新副本的文件夹", "folder of the new replica"}, true, Completes::Folder}},
         .options =
             {{.name = "--college", .value = "NAME", .what = {"学校名称", "name of the college"}, .required = true},
              {.name = "--domain",
               .value = "D",
               .what = {"签名用的域名，如 qa.example.edu.cn", "domain for signatures, such as qa.example.edu.cn"},
               .required = true},
              {.name = "--person",
               .value = "NAME",
               .what = {"建立者姓名，第一位管理员", "name of the founder, the first admin"},
               .required = true},
              {.name = "--sample",
               .what = {"同时登记样例学校的 16 个部门（两个校区为虚构）",
                        "also add the 16 departments of the sample college (its two campuses are invented)"}}},
         .more = {"每所学校只做一次。口令保护本机私钥；忘记口令就只能重新登记一台设备。建立者起初是唯一的管理员。",
                  "Done once for a college. The passphrase protects this device's key; who forgets it has to enrol a "
                  "new device. The founder is the only admin at first."},
         .examples = {{"spiral init zhikong --college 示范学院 --domain qa.example.edu.cn --person 王芳",
                       {"口令在终端询问两次", "asks for the passphrase twice"}},
                      {"spiral init demo --college 样例 --domain qa.example.edu.cn --person 王芳 --sample "
                       "--passphrase-file 口令.txt",
                       {"样例学校，口令取自文件", "the sample college, passphrase from a file"}}},
         .run = init},
        {.name = "unit add",
         .summary = {"登记一个部门", "add a unit (department)"},
         .positionals = {{"ID", {"部门代号，[a-z0-9-]，至多 32 字符", "id of the unit, [a-z0-9-], at most 32"}},
                         {"NAME", {"名称", "name"}}},
         .options = {{.name = "--campus", .value = "C", .what = {"所在校区", "its campus"}, .required = true},
                     proposalOption()},
         .more = {"部门的文档放在范围 unit/代号 里，只有持该范围或全校授权的人能读。",
                  "A unit's documents stand in the scope unit/ID, read only by people with a grant on it or on the "
                  "college."},
         .examples = {{"spiral unit add jwc 教务处 --campus 东校区", {"教务处", "the academic affairs office"}},
                      {"spiral unit add zkb 质控办 --campus 东校区",
                       {"质控办：没有归属的任务归它", "the quality office: tasks of nobody go there"}}},
         .run = unitAdd},
        {.name = "invite",
         .summary = {"为一人的一台设备、服务器或汇聚点写邀请",
                     "write an invitation for one device of a person, a server or a hub"},
         .options = {{.name = "--person", .value = "NAME", .what = {"姓名", "name of the person"}},
                     {.name = "--another-device-of",
                      .value = "P",
                      .what = {"已登记的人的另一台设备，不再授角色",
                               "another device of somebody enrolled; no new roles"}},
                     {.name = "--unit", .value = "ID", .what = {"所属部门", "their unit"}},
                     {.name = "--role",
                      .value = "ROLE",
                      .what = {"角色，可多个；带范围如 quality@college",
                               "role, several allowed; with a scope: quality@college"},
                      .many = true,
                      .completes = Completes::Words,
                      .words = kRoleWords},
                     {.name = "--as-server",
                      .value = "NAME",
                      .what = {"不为人，而为服务器（名称）", "for a server of this name, not for a person"}},
                     {.name = "--hub", .what = {"是汇聚点，只存 --scope 的范围", "a hub, which holds only --scope"}},
                     {.name = "--scope",
                      .value = "S",
                      .what = {"汇聚点的范围，可多个", "a scope of the hub, several allowed"},
                      .many = true},
                     {.name = "--server",
                      .value = "URL",
                      .what = {"服务器地址 spiral://host:port；默认取注册簿里的。与 --as-server 同用：它自己的地址",
                               "the server's address spiral://host:port, by default the registry's; with --as-server, "
                               "its own"}},
                     {.name = "--output",
                      .letter = "-o",
                      .value = "FILE",
                      .what = {"邀请文件", "the invitation file"},
                      .required = true,
                      .completes = Completes::File}},
         .more =
             {"角色：clerk 经办人、head 部门负责人、quality 质控办、leader 校领导、admin 管理员、reviewer "
              "复核专家。quality、leader、admin 管全校，其余只管 --unit 的部门；另写范围如 head@unit/jwc。"
              "邀请七天有效，只能用一次。\n"
              "服务器存全部范围；汇聚点只转一个校区的范围。登记与人一样核对数字："
              "spirald init、spiral enrol、spirald --finish。",
              "Roles: clerk, head, quality, leader, admin, reviewer. quality, leader and admin hold for the whole "
              "college, the others for the unit of --unit; or name the scope: head@unit/jwc. An invitation is valid "
              "for seven days and for one device.\n"
              "A server holds everything; a hub passes on the scopes of one campus. Either is enrolled like a person, "
              "with digits: spirald init, spiral enrol, spirald --finish."},
         .examples = {{"spiral invite --person 李雷 --unit jwc --role clerk -o 李雷.invite",
                       {"教务处经办人", "a clerk of unit jwc"}},
                      {"spiral invite --person 韩梅 --unit zkb --role quality -o 韩梅.invite",
                       {"质控办，读全校", "the quality office, which reads every unit"}},
                      {"spiral invite --as-server 数据中心 --server spiral://qa.example.edu.cn:7420 -o server.invite",
                       {"学校的服务器", "the college's server"}},
                      {"spiral invite --as-server 西校区 --hub --scope unit/jwc --scope college -o hub.invite",
                       {"一个校区的汇聚点", "the hub of one campus"}}},
         .run = invite},
        {.name = "join",
         .summary = {"加入学校：先写申请，收到欢迎文件后完成",
                     "join a college: first a request, then finish with the welcome"},
         .positionals = {{"DIR", {"本机副本的文件夹", "folder of this device's replica"}, true, Completes::Folder},
                         {"INVITATION", {"邀请文件", "the invitation file"}, false, Completes::File}},
         .options = {{.name = "--output",
                      .letter = "-o",
                      .value = "REQUEST",
                      .what = {"申请写到哪里", "where the request goes"},
                      .completes = Completes::File},
                     {.name = "--finish",
                      .value = "WELCOME",
                      .what = {"读入欢迎文件，完成加入", "take the welcome in and finish"},
                      .completes = Completes::File}},
         .more = {"第一步在本机造密钥、写申请并显示六组数字，念给管理员听；第二步读入管理员给的欢迎文件。私钥从不离开本"
                  "机。",
                  "The first step makes the key on this device, writes the request and shows six groups of digits to "
                  "read to the admin; the second takes the admin's welcome file. The key never leaves the device."},
         .examples = {{"spiral join 我的副本 李雷.invite -o 李雷.request", {"第一步", "first step"}},
                      {"spiral join 我的副本 --finish 李雷.welcome", {"第二步", "second step"}}},
         .run = join},
        {.name = "digits",
         .summary = {"显示一份申请的六组数字", "show the six groups of digits of a request"},
         .positionals = {{"REQUEST", {"申请文件", "the request file"}, true, Completes::File}},
         .more = {"管理员与申请人各自算出，应完全一致；不一致说明申请在途中被换过。",
                  "Admin and joiner each compute them; they must be equal. If not, somebody put another request in its "
                  "place."},
         .examples = {{"spiral digits 李雷.request", {"管理员一侧", "on the admin's side"}},
                      {"spiral --replica 我的副本 digits 李雷.request", {"申请人再看一遍", "the joiner looks again"}}},
         .run = digits},
        {.name = "enrol",
         .summary = {"核对数字后登记设备，写欢迎文件", "compare the digits, enrol the device, write the welcome"},
         .positionals = {{"REQUEST", {"申请文件", "the request file"}, true, Completes::File}},
         .options = {{.name = "--digits",
                      .value = "D",
                      .what = {"对方念出的六组数字，空格可省", "the six groups as read aloud, spaces do not count"}},
                     {.name = "--output",
                      .letter = "-o",
                      .value = "WELCOME",
                      .what = {"欢迎文件", "the welcome file"},
                      .required = true,
                      .completes = Completes::File}},
         .more = {"没有 --digits 时在终端询问。只给 --yes 会被拒绝：这一步必须有人听过。欢迎文件丢了可以再写一次。\n"
                  "还须别人同意或本机不是保管者时，写出提案（WELCOME.proposal-1.json …），退出状态 2。",
                  "Without --digits the terminal asks. --yes alone is refused: somebody must have listened. A lost "
                  "welcome can be written again.\nWhere others must agree, or this device is not the keeper, proposals "
                  "are written (WELCOME.proposal-1.json …) and the exit status is 2."},
         .examples = {{"spiral enrol 李雷.request --digits \"12345 67890 11111 22222 33333 44444\" -o 李雷.welcome",
                       {"数字照所听到的填", "digits as heard"}},
                      {"spiral enrol 李雷.request -o 李雷.welcome",
                       {"在终端输入听到的数字", "type the digits at the terminal"}}},
         .run = enrol},
    };
}

}  // namespace spiral::cli
