// The registry as people read it, and what they type for somebody in it.
#include "registry_words.h"

#include <algorithm>

namespace spiral::cli {

namespace {

constexpr std::size_t kPrefixMin = 4;

bool isPrefix(std::string_view text) {
    return text.size() >= kPrefixMin && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// The one candidate that the text names; `matches` says whether it does.
template <class T, class Matches>
Result<T> only(std::vector<T> const& candidates, std::string_view text, std::string_view missing,
               Matches const& matches) {
    std::optional<T> found;
    for (auto const& candidate : candidates) {
        if (!matches(candidate)) continue;
        if (found && *found != candidate) return makeError(ErrorCode::Usage, "id.ambiguous", std::string(text));
        found = candidate;
    }
    if (!found) return makeError(ErrorCode::NotFound, missing, std::string(text));
    return *found;
}

std::vector<trust::Grant> allGrants(trust::Registry const& registry) {
    std::vector<trust::Grant> all;
    for (auto const& person : registry.persons()) {
        auto const& grants = registry.grantsOf(person);
        all.insert(all.end(), grants.begin(), grants.end());
    }
    std::sort(all.begin(), all.end(),
              [](auto const& a, auto const& b) { return std::pair(a.since, a.id) < std::pair(b.since, b.id); });
    return all;
}

Json quorumJson(trust::Quorum const& quorum, office::Names const& names) {
    Json persons = Json::array();
    for (auto const& person : quorum.persons) {
        Json one = Json::object();
        one.set("id", person.text()).set("name", names.person(person));
        persons.add(std::move(one));
    }
    Json told = Json::object();
    told.set("threshold", quorum.threshold).set("persons", std::move(persons));
    return told;
}

std::string quorumText(trust::Quorum const& quorum, office::Names const& names) {
    std::string text = std::to_string(quorum.threshold) + "/" + std::to_string(quorum.persons.size()) + " ";
    for (auto const& person : quorum.persons) text += " " + personText(person, names);
    return text;
}

std::string grantState(trust::Registry const& registry, trust::Grant const& grant, Instant now, Job& job) {
    if (!registry.revocationsOf(grant.id).empty()) return std::string(job.say({"已撤销", "revoked"}));
    if (now < grant.from) return std::string(job.say({"未开始", "not yet"}));
    if (grant.until && *grant.until <= now) return std::string(job.say({"已到期", "ended"}));
    return std::string(job.say({"有效", "in force"}));
}

Json registryJson(office::Office& office, Instant now, Job& job) {
    auto const& registry = office.registry();
    auto const& names = office.names();
    auto const at = registry.head().seq;
    Json told = Json::object();
    told.set("school", registry.school().hex()).set("college", registry.college()).set("domain", registry.domain());
    told.set("head", Json(trust::toJson(registry.head())))
        .set("forked", registry.forked())
        .set("keeper", registry.keeper().hex());
    told.set("keeper_here", registry.keeper() == office.replica().device());
    told.set("root", quorumJson(registry.root(at), names)).set("admin", quorumJson(registry.admins(at), names));
    Json units = Json::array();
    for (auto const& unit : registry.units()) {
        Json one = Json::object();
        one.set("id", unit.id).set("name", unit.name).set("campus", unit.campus).set("closed", unit.closed);
        units.add(std::move(one));
    }
    told.set("units", std::move(units));
    Json persons = Json::array();
    for (auto const& person : registry.persons()) {
        Json one = Json::object();
        one.set("id", person.text()).set("name", names.person(person));
        persons.add(std::move(one));
    }
    told.set("persons", std::move(persons));
    Json devices = Json::array();
    for (auto const& device : registry.devices()) {
        Json one = Json::object();
        one.set("id", device.id.hex()).set("name", names.device(device.id)).set("person", device.person.text());
        one.set("person_name", names.person(device.person))
            .set("since", device.since)
            .set("key", trust::toSshPublicKey(device.key));
        Json scopes = Json::array();
        for (auto const& scope : device.scopes) scopes.add(scope.text());
        one.set("kind", nameOf(device.kind)).set("url", device.url.empty() ? Json() : Json(device.url));
        one.set("scopes", std::move(scopes)).set("keeper", device.id == registry.keeper());
        one.set("revoked", !registry.revocationsOf(device.id).empty());
        devices.add(std::move(one));
    }
    told.set("devices", std::move(devices));
    Json grants = Json::array();
    for (auto const& grant : allGrants(registry)) {
        Json one = Json::object();
        one.set("id", grant.id.hex()).set("person", grant.person.text()).set("person_name", names.person(grant.person));
        one.set("role", grant.role.text()).set("from", toText(grant.from)).set("until", timeJson(grant.until));
        one.set("delegable", grant.delegable)
            .set("delegated_from", grant.delegatedFrom ? Json(grant.delegatedFrom->hex()) : Json());
        one.set("revoked", !registry.revocationsOf(grant.id).empty());
        one.set("in_force",
                registry.revocationsOf(grant.id).empty() && grant.from <= now && (!grant.until || now < *grant.until));
        grants.add(std::move(one));
    }
    (void)job;
    told.set("grants", std::move(grants));
    return told;
}

std::string stateOf(trust::Registry const& registry, DeviceId const& device, Job& job) {
    bool const revoked = !registry.revocationsOf(device).empty();
    return std::string(revoked ? job.say({"已撤销", "revoked"}) : job.say({"有效", "good"}));
}

/// Servers and hubs: what they are, where they are reached, which of them keeps the registry.
void showServers(Job& job, trust::Registry const& registry, office::Names const& names) {
    Table servers({{std::string(job.say({"服务器", "server"}))},
                   {std::string(job.say({"名称", "name"})), Table::Align::Left, true},
                   {std::string(job.say({"类别", "role"}))},
                   {std::string(job.say({"地址", "address"})), Table::Align::Left, true},
                   {std::string(job.say({"范围", "scopes"})), Table::Align::Left, true},
                   {std::string(job.say({"保管者", "keeper"}))},
                   {std::string(job.say({"状态", "state"}))}});
    for (auto const& device : registry.devices()) {
        if (device.kind == trust::Device::Kind::Person) continue;
        bool const hub = device.kind == trust::Device::Kind::Hub;
        std::string scopes;
        for (auto const& scope : device.scopes)
            scopes +=
                std::string(scopes.empty() ? "" : listMark(job.language())) + scopeText(scope, names, job.language());
        servers.add({shortId(device.id), names.device(device.id),
                     std::string(hub ? job.say({"汇聚点", "hub"}) : job.say({"服务器", "server"})),
                     device.url.empty() ? "-" : device.url, hub ? scopes : std::string(job.say({"全部", "all"})),
                     device.id == registry.keeper() ? std::string(job.say({"是", "yes"})) : "-",
                     stateOf(registry, device.id, job)});
    }
    if (servers.empty()) return;
    job.lines(servers.text(job.width()));
    job.line();
}

Result<int> show(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    auto const& registry = office->registry();
    if (registry.empty()) return makeError(ErrorCode::WrongState, "replica.not-enrolled");
    Instant const now = job.now();
    if (job.json()) {
        job.answer(registryJson(*office, now, job));
        return status::kDone;
    }
    auto const& names = office->names();
    auto const at = registry.head().seq;
    auto const& root = registry.root(at);
    auto const& admins = registry.admins(at);
    job.heading(clean(registry.college()) + "  " + registry.domain());
    job.tell({"  学校编号 {school}", "  college id {school}"}, {{"school", registry.school().hex()}});
    job.tell({"  条目 {n}，末条 {hash}", "  {n} entries, head {hash}"},
             {{"n", std::to_string(at)}, {"hash", shortId(registry.head().hash)}});
    bool const here = registry.keeper() == office->replica().device();
    job.tell({"  保管者 {keeper}{here}", "  keeper {keeper}{here}"},
             {{"keeper", clean(names.device(registry.keeper()))},
              {"here", std::string(here ? job.say({"（本机）", " (this device)"}) : "")}});
    job.line("  root   " + quorumText(root, names));
    job.line("  admin  " + quorumText(admins, names));
    if (root.threshold < 2 || admins.threshold < 2) {
        job.tell({"  注意：门限为 1，一把钥匙失陷就等于全校失陷。提高：spiral registry threshold …",
                  "  Mind: a threshold is 1, so one stolen key is the whole college. Raise it: spiral registry "
                  "threshold …"});
    }
    if (registry.forked()) job.tell({"  注意：注册簿已分叉。", "  Mind: the registry has forked."});
    job.line();
    Table units({{std::string(job.say({"部门", "unit"}))},
                 {std::string(job.say({"名称", "name"})), Table::Align::Left, true},
                 {std::string(job.say({"校区", "campus"})), Table::Align::Left, true}});
    for (auto const& unit : registry.units()) {
        units.add(
            {unit.id, unit.name + (unit.closed ? std::string(job.say({"（已撤并）", " (closed)"})) : ""), unit.campus});
    }
    if (!units.empty()) job.lines(units.text(job.width()));
    job.line();
    Table devices({{std::string(job.say({"设备", "device"}))},
                   {std::string(job.say({"人", "person"})), Table::Align::Left, true},
                   {std::string(job.say({"人员编号", "person id"}))},
                   {std::string(job.say({"名称", "name"})), Table::Align::Left, true},
                   {std::string(job.say({"状态", "state"}))}});
    for (auto const& device : registry.devices()) {
        if (device.kind != trust::Device::Kind::Person) continue;
        devices.add({shortId(device.id), personText(device.person, names), shortId(device.person.text()),
                     names.device(device.id), stateOf(registry, device.id, job)});
    }
    job.lines(devices.text(job.width()));
    job.line();
    showServers(job, registry, names);
    Table grants({{std::string(job.say({"授权", "grant"}))},
                  {std::string(job.say({"人", "person"})), Table::Align::Left, true},
                  {std::string(job.say({"角色", "role"})), Table::Align::Left, true},
                  {std::string(job.say({"起", "from"}))},
                  {std::string(job.say({"止", "until"}))},
                  {std::string(job.say({"状态", "state"}))}});
    for (auto const& grant : allGrants(registry)) {
        std::string role = roleText(grant.role, names, job.language());
        if (grant.actingFor)
            role += job.say({"（代 {who}）", " (for {who})"}, {{"who", personText(*grant.actingFor, names)}});
        grants.add({shortId(grant.id), personText(grant.person, names), role, localTime(grant.from).substr(0, 10),
                    grant.until ? localTime(*grant.until).substr(0, 10) : "-", grantState(registry, grant, now, job)});
    }
    job.lines(grants.text(job.width()));
    return status::kDone;
}

Result<int> allowedSigners(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    if (office->registry().empty()) return makeError(ErrorCode::WrongState, "replica.not-enrolled");
    std::string const text = office->registry().allowedSigners();
    Json told = Json::object();
    if (auto const file = job.arguments.value("--output")) {
        if (auto written = job.write(*file, text, FileMode::Shared); !written) return written.error();
        told.set("file", job.path(*file).string());
        job.tell({"已写入 {file}", "Written to {file}"}, {{"file", *file}});
    } else {
        told.set("allowed_signers", text);
        job.lines(text);
    }
    job.answer(told);
    return status::kDone;
}

}  // namespace

std::string_view nameOf(trust::Device::Kind kind) noexcept {
    switch (kind) {
        case trust::Device::Kind::Person: return "person";
        case trust::Device::Kind::Server: return "server";
        case trust::Device::Kind::Hub: return "hub";
    }
    return "?";
}

Result<PersonId> personFrom(office::Office& office, std::string_view text) {
    auto const& names = office.names();
    return only(office.registry().persons(), text, "person.missing", [&](PersonId const& person) {
        return (isPrefix(text) && person.text().starts_with(text)) || names.person(person) == text;
    });
}

Result<DeviceId> deviceFrom(office::Office& office, std::string_view text) {
    auto const& names = office.names();
    std::vector<DeviceId> all;
    for (auto const& device : office.registry().devices()) all.push_back(device.id);
    return only(all, text, "device.missing", [&](DeviceId const& device) {
        return (isPrefix(text) && device.hex().starts_with(text)) || names.device(device) == text;
    });
}

Result<ObjectId> grantFrom(office::Office& office, std::string_view text) {
    std::vector<ObjectId> all;
    for (auto const& grant : allGrants(office.registry())) all.push_back(grant.id);
    return only(all, text, "grant.missing",
                [&](ObjectId const& id) { return isPrefix(text) && id.hex().starts_with(text); });
}

Result<trust::Role> roleFrom(Job& job, std::string_view text) {
    std::string whole(text);
    if (text.find('@') == std::string_view::npos) {
        auto const unit = job.arguments.value("--unit");
        if (!unit) return makeError(ErrorCode::Usage, "usage.role", whole);
        whole += "@unit/" + *unit;
    }
    if (auto role = trust::Role::parse(whole)) return *role;
    return makeError(ErrorCode::Usage, "usage.role", whole);
}

Result<Instant> instantFrom(std::string_view text) {
    if (auto day = parseDay(text)) return Instant(std::chrono::sys_days(*day));
    if (auto instant = parseInstant(text)) return *instant;
    return makeError(ErrorCode::Usage, "usage.day", std::string(text));
}

Result<FrameId> frameFrom(office::Office& office, std::string_view text) {
    if (auto whole = FrameId::fromHex(text)) return *whole;
    if (!isPrefix(text)) return makeError(ErrorCode::Usage, "id.form", std::string(text));
    std::vector<FrameId> found;
    office.replica().log(0, [&](replica::LogLine const& line) {
        bool const redaction = line.what == replica::LogLine::What::BodyRedacted;
        if (!redaction && line.frame.hex().starts_with(text)) found.push_back(line.frame);
        return true;
    });
    return only(found, text, "frame.missing", [](FrameId const&) { return true; });
}

Result<std::vector<trust::Cut>> cutsFrom(office::Office& office, std::vector<std::string> const& frames) {
    std::vector<trust::Cut> cuts;
    for (auto const& text : frames) {
        SPIRAL_GIVE(frame, frameFrom(office, text));
        auto const bytes = office.replica().frameBytes(frame);
        if (!bytes) return makeError(ErrorCode::NotFound, "frame.missing", text);
        SPIRAL_GIVE(header, trust::decodeFrameHeader(bytes->header));
        cuts.push_back({header.device, header.scope, frame});
    }
    std::sort(cuts.begin(), cuts.end());
    cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
    return cuts;
}

Result<Revocable> revocableFrom(office::Office& office, std::string_view text) {
    auto const device = deviceFrom(office, text);
    auto const grant = grantFrom(office, text);
    if (device && grant) return makeError(ErrorCode::Usage, "id.ambiguous", std::string(text));
    for (auto const* each : {device ? nullptr : &device.error(), grant ? nullptr : &grant.error()}) {
        if (each && each->reason == "id.ambiguous") return *each;
    }
    if (device) return Revocable{*device, std::nullopt, clean(office.names().device(*device))};
    if (grant) {
        auto const* found = office.registry().grant(*grant);
        return Revocable{
            std::nullopt, *grant,
            found ? personText(found->person, office.names()) + " " + found->role.text() : shortId(*grant)};
    }
    return makeError(ErrorCode::NotFound, "revoke.missing", std::string(text));
}

std::vector<Command> registryCommands() {
    std::vector<Command> commands = {
        {.name = "registry show",
         .summary = {"人员、设备、服务器、角色、部门、门限、保管者",
                     "people, devices, servers, roles, units, thresholds, keeper"},
         .more = {"编号都取前 8 位，输入时前 4 位即可。", "Ids are cut to 8 digits; 4 are enough when you type them."},
         .examples = {{"spiral registry show", {"全部", "everything"}},
                      {"spiral registry show --json", {"给脚本", "for scripts"}}},
         .run = show},
        {.name = "registry allowed-signers",
         .summary = {"导出 ssh-keygen 用的 allowed_signers", "the allowed_signers file for ssh-keygen"},
         .options = {{.name = "--output",
                      .letter = "-o",
                      .value = "FILE",
                      .what = {"写入文件；默认写到标准输出", "into a file; default standard output"},
                      .completes = Completes::File}},
         .more = {"任何人都能用它和 spiral record show --raw、spiral record signature 核对签名，不需要本程序。",
                  "With it and spiral record show --raw and spiral record signature, anybody can check signatures "
                  "without this program."},
         .examples = {{"spiral registry allowed-signers -o allowed", {"写入文件", "into a file"}},
                      {"spiral record show 81c0 --raw | ssh-keygen -Y verify -f allowed -I PERSON -n "
                       "approve@qa.example.edu.cn -s 81c0.sig",
                       {"核对一条记录", "check a record"}}},
         .run = allowedSigners},
    };
    for (auto& command : registryActCommands()) commands.push_back(std::move(command));
    return commands;
}

}  // namespace spiral::cli
