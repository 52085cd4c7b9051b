// Where things stand: who I am, what is held, what waits, what to do.
#include "format.h"

#include <algorithm>
#include <map>

namespace spiral::cli {

namespace {

constexpr replica::Count kCounts[] = {replica::Count::Current, replica::Count::Superseded,  replica::Count::Different,
                                      replica::Count::Pending, replica::Count::Quarantined, replica::Count::Redacted};

std::int64_t countOf(replica::StatusCounts const& counts, replica::Count count) {
    auto const found = counts.items.find(count);
    return found == counts.items.end() ? 0 : found->second;
}

Json statusJson(office::StatusShown const& shown, office::Office& office, Instant now) {
    auto const& names = office.names();
    Json told = Json::object();
    told.set("college", shown.college).set("domain", shown.domain).set("school", shown.school.hex());
    told.set("person", shown.person ? Json(shown.person->text()) : Json()).set("person_name", shown.personName);
    told.set("device", shown.device.hex()).set("device_name", names.device(shown.device));
    Json roles = Json::array();
    for (auto const& grant : shown.grants) roles.add(grant.role.text());
    Json scopes = Json::array();
    for (auto const& scope : shown.scopes) scopes.add(scope.text());
    told.set("roles", std::move(roles)).set("scopes", std::move(scopes));
    Json server;
    if (shown.server) {
        server = Json::object();
        server.set("url", shown.server->url).set("device", trust::deviceIdOf(shown.server->key).hex());
        server.set("keeper", shown.serverKeeps);
    }
    told.set("server", std::move(server));
    Json registry = Json::object();
    registry.set("seq", shown.registryHead.seq)
        .set("hash", shown.registryHead.hash.hex())
        .set("forked", shown.registryForked);
    told.set("registry", std::move(registry));
    Json counts = Json::object();
    for (auto const count : kCounts) counts.set(nameOf(count), countOf(shown.counts, count));
    counts.set("total", shown.counts.total).set("drafts", shown.counts.drafts).set("inbox", shown.counts.inbox);
    told.set("counts", std::move(counts))
        .set("total", shown.counts.total)
        .set("drafts", shown.counts.drafts)
        .set("inbox", shown.counts.inbox);
    Json reasons = Json::object();
    for (auto const& [reason, number] : shown.counts.reasons) reasons.set(reason, number);
    told.set("reasons", std::move(reasons)).set("differences", shown.withDifferences);
    Json forks = Json::array();
    for (auto const& fork : shown.forks) {
        Json tips = Json::array(), branches = Json::array();
        for (auto const& tip : fork.tips) tips.add(tip.hex());
        for (auto const& branch : fork.branches) branches.add(branch.hex());
        Json one = Json::object();
        one.set("scope", fork.scope.text())
            .set("device", fork.device.hex())
            .set("branches", std::move(branches))
            .set("tips", std::move(tips));
        one.set("standing", fork.standing ? Json(fork.standing->hex()) : Json())
            .set("same_incarnation", fork.sameIncarnation);
        forks.add(std::move(one));
    }
    told.set("forks", std::move(forks));
    Json withheld = Json::array(), twoViews = Json::array();
    for (auto const& each : shown.withheld) withheld.add(toJson(each));
    for (auto const& each : shown.twoViews) twoViews.add(toJson(each));
    told.set("withheld", std::move(withheld)).set("two_views", std::move(twoViews));
    Json ages = Json::array();
    for (auto const& age : shown.ages) {
        Json one = Json::object();
        one.set("unit", age.unit).set("name", age.name).set("newest", timeJson(age.newest));
        one.set("age_seconds", age.newest
                                   ? Json(std::chrono::duration_cast<std::chrono::seconds>(now - *age.newest).count())
                                   : Json());
        one.set("open_tasks", age.openTasks).set("overdue_tasks", age.overdueTasks);
        ages.add(std::move(one));
    }
    told.set("units", std::move(ages));
    told.set("guard", shown.guard == replica::GuardFinding::Restored ? "restored"
                      : shown.guard == replica::GuardFinding::First  ? "first"
                                                                     : "good");
    Json held = Json::object();
    held.set("revisions", shown.held.revisions).set("records", shown.held.records).set("frames", shown.held.frames);
    held.set("store_bytes", shown.held.storeBytes);
    told.set("held", std::move(held)).set("advice", Json::array(shown.advice));
    return told;
}

/// Each branch once, however often its device forked: a machine that is rolled back every night forks every night, and
/// every branch above is a branch of each fork below. It stands if it does at each of them.
void showForks(Job& job, office::StatusShown const& shown, office::Office& office) {
    auto const& names = office.names();
    auto const& forks = shown.forks;  // those of one feed lie together
    for (auto first = forks.begin(); first != forks.end();) {
        auto const last = std::find_if(first, forks.end(), [&](auto const& fork) {
            return fork.device != first->device || fork.scope != first->scope;
        });
        bool const copied = std::any_of(first, last, [](auto const& fork) { return fork.sameIncarnation; });
        std::map<FrameId, bool> tips;
        for (auto fork = first; fork != last; ++fork) {
            for (auto const& tip : fork->tips) {
                bool& stands = tips.try_emplace(tip, true).first->second;
                stands = stands && fork->standing &&
                         office.replica().standsBelow(fork->device, fork->scope, *fork->standing, tip).value_or(false);
            }
        }
        job.tell({"  分叉：设备 {device}，范围 {scope}{kind}", "  fork: device {device}, scope {scope}{kind}"},
                 {{"device", clean(names.device(first->device))},
                  {"scope", scopeText(first->scope, names, job.language())},
                  {"kind",
                   std::string(copied ? job.say({"（被复制或整机回退）", " (copied, or rolled back whole)"}) : "")}});
        for (auto const& [tip, stands] : tips) {
            if (stands) {
                job.tell({"    分支末端 {tip}    已成立", "    tip {tip}    stands"}, {{"tip", shortId(tip)}});
            } else {
                job.tell({"    分支末端 {tip}    其主人在另一台设备上可确认：spiral confirm {tip}",
                          "    tip {tip}    its owner may, on another device: spiral confirm {tip}"},
                         {{"tip", shortId(tip)}});
            }
        }
        first = last;
    }
}

void showItems(Job& job, office::Office& office, replica::Count count) {
    constexpr std::size_t shownMax = 20;
    auto const items = office.view().items(count);
    if (items.empty()) return;
    auto const& names = office.names();
    job.line();
    job.heading(countText(count, job.language()) + " " + std::to_string(items.size()));
    Table table({{std::string(job.say({"编号", "id"}))},
                 {std::string(job.say({"时间", "time"}))},
                 {std::string(job.say({"谁", "who"})), Table::Align::Left, true},
                 {std::string(job.say({"何事", "what"}))},
                 {std::string(job.say({"原因", "why"})), Table::Align::Left, true}});
    for (std::size_t i = 0; i < items.size() && i < shownMax; ++i) {
        auto const& item = items[i];
        table.add({shortId(item.item.id), item.kind.empty() ? "-" : localTime(item.time),
                   personText(item.person, names),
                   item.kind.empty() ? std::string(job.say({"内容未到", "content wanted"}))
                                     : kindText(item.kind, job.language()),
                   sayReason(item.reason, job.language())});
    }
    job.lines(table.text(job.width()));
    if (items.size() > shownMax)
        job.tell({"  另有 {n} 行", "  and {n} more"}, {{"n", std::to_string(items.size() - shownMax)}});
}

Result<int> showStatus(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    office::StatusShown shown = office->status();
    if (job.settings.today) shown.ages = office->ages(*job.settings.today);
    if (job.json()) {
        job.answer(statusJson(shown, *office, job.now()));
        return status::kDone;
    }
    auto const& names = office->names();
    auto const language = job.language();
    job.heading(shown.college.empty() ? std::string(job.say({"尚未加入学校", "No college yet"}))
                                      : clean(shown.college) + "  " + shown.domain);
    if (shown.person) {
        std::string roles;
        for (auto const& grant : shown.grants)
            roles += std::string(roles.empty() ? "" : listMark(language)) + roleText(grant.role, names, language);
        job.tell({"  我是 {person}，设备 {device}（{id}）", "  I am {person}, device {device} ({id})"},
                 {{"person", clean(shown.personName)},
                  {"device", clean(names.device(shown.device))},
                  {"id", shortId(shown.device)}});
        job.line(std::string(job.say({"  角色：", "  roles: "})) +
                 (roles.empty() ? std::string(job.say({"无", "none"})) : roles));
    }
    if (shown.registryHead.seq > 0) {
        job.tell({"  注册簿 {n} 条，末条 {hash}", "  registry: {n} entries, head {hash}"},
                 {{"n", std::to_string(shown.registryHead.seq)}, {"hash", shortId(shown.registryHead.hash)}});
    }
    if (shown.server) {
        bool const self = trust::deviceIdOf(shown.server->key) == shown.device;
        job.tell({"  服务器 {url}{self}{keeper}", "  server {url}{self}{keeper}"},
                 {{"url", clean(shown.server->url)},
                  {"self", std::string(self ? job.say({"（本机）", " (this device)"}) : "")},
                  {"keeper", std::string(shown.serverKeeps ? job.say({"，保管注册簿", ", keeps the registry"}) : "")}});
    }
    std::string scopes;
    for (auto const& scope : shown.scopes)
        scopes += std::string(scopes.empty() ? "" : listMark(language)) + scopeText(scope, names, language);
    job.line(std::string(job.say({"  所持范围：", "  scopes held: "})) + scopes);
    job.line();
    job.heading(job.say({"每一行都计在且只计在一处", "Every row is counted once"}));
    std::int64_t sum = 0;
    for (auto const count : kCounts) {
        std::int64_t const number = countOf(shown.counts, count);
        sum += number;
        job.line("  " + padded(countText(count, language), 12) + " " +
                 std::string(8 - std::min<std::size_t>(8, std::to_string(number).size()), ' ') +
                 std::to_string(number));
    }
    job.tell({"  合计 {sum} = 所持总数 {total}；另有草稿 {drafts}，等前一帧的 {inbox}",
              "  sum {sum} = total held {total}; apart: {drafts} draft(s), {inbox} waiting for an earlier frame"},
             {{"sum", std::to_string(sum)},
              {"total", std::to_string(shown.counts.total)},
              {"drafts", std::to_string(shown.counts.drafts)},
              {"inbox", std::to_string(shown.counts.inbox)}});
    for (auto const& [reason, number] : shown.counts.reasons) {
        job.line("    " + std::to_string(number) + "  " + sayReason(reason, language));
    }
    if (!shown.ages.empty()) {
        job.line();
        Table ages({{std::string(job.say({"部门数据", "data of"})), Table::Align::Left, true},
                    {std::string(job.say({"最近一次", "newest"}))},
                    {std::string(job.say({"多久以前", "age"}))},
                    {std::string(job.say({"未完任务", "open tasks"})), Table::Align::Right},
                    {std::string(job.say({"逾期", "overdue"})), Table::Align::Right}});
        for (auto const& age : shown.ages) {
            ages.add({age.name, age.newest ? localTime(*age.newest) : "-",
                      age.newest ? ageText(*age.newest, job.now(), language)
                                 : std::string(job.say({"尚无数据", "nothing yet"})),
                      std::to_string(age.openTasks), std::to_string(age.overdueTasks)});
        }
        job.lines(ages.text(job.width()));
    }
    if (!shown.forks.empty()) job.line();
    showForks(job, shown, *office);
    showItems(job, *office, replica::Count::Quarantined);
    showItems(job, *office, replica::Count::Pending);
    if (!shown.advice.empty()) {
        job.line();
        job.heading(job.say({"请留意", "Mind"}));
        for (auto const& slug : shown.advice) {
            auto const* message = findMessage("advice." + slug, language);
            job.line("  " + (message ? std::string(message->text) : slug));
            if (message && !message->next.empty()) job.line("    → " + std::string(message->next));
        }
    }
    return status::kDone;
}

}  // namespace

std::vector<Command> statusCommands() {
    return {
        {.name = "status",
         .summary = {"身份、范围、各状态计数、数据新旧、不同版本、分叉、建议",
                     "identity, scopes, counts by state, ages, differences, forks, advice"},
         .more = {"计数守恒：凡是向人确认过已保存的，任何时候都恰好计在 现行、已被取代、不同版本、待定、隔离、已遮盖 "
                  "之一，合计等于总数。",
                  "Counts are conserved: whatever was once acknowledged is at all times counted in exactly one of "
                  "current, superseded, different, pending, quarantined, redacted, and the sum is the total."},
         .examples = {{"spiral status", {"给人看", "for people"}}, {"spiral status --json", {"给脚本", "for scripts"}}},
         .run = showStatus},
    };
}

}  // namespace spiral::cli
