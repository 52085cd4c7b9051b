// Care of a replica: check, rebuild, backup, restore, lock.
#include "format.h"

#include "trust/agent.h"

#include <cmath>

namespace spiral::cli {

namespace {

Result<int> check(Job& job) {
    SPIRAL_GIVE(folder, job.replicaFolder());
    bool const mend = job.arguments.has("--mend");
    SPIRAL_GIVE(opened,
                replica::Replica::open(folder, job.world, mend ? replica::Access::Write : replica::Access::Read));
    bool const deep = mend || job.arguments.has("--deep");
    auto const tell = job.progress();
    auto const findings =
        opened->check(deep, [&](replica::ImportProgress progress) { tell(progress.done, progress.of, "check"); });
    auto const held = opened->held();
    Json list = Json::array();
    for (auto const& finding : findings) {
        Json one = Json::object();
        one.set("reason", finding.reason).set("about", finding.about);
        list.add(std::move(one));
        job.line("  " + sayReason(finding.reason, job.language()) + "  " + clean(finding.about));
    }
    Json told = Json::object();
    told.set("good", findings.empty()).set("deep", deep).set("findings", std::move(list));
    told.set("revisions", held.revisions).set("records", held.records).set("frames", held.frames);
    job.answer(told);
    job.tell({"检查{how}：版本 {revisions}，记录 {records}，帧 {frames}；发现问题 {n} 处",
              "Checked{how}: {revisions} revision(s), {records} record(s), {frames} frame(s); {n} problem(s)"},
             {{"how", std::string(deep ? job.say({"（每个字节重新核对）", " (every byte again)"}) : "")},
              {"revisions", std::to_string(held.revisions)},
              {"records", std::to_string(held.records)},
              {"frames", std::to_string(held.frames)},
              {"n", std::to_string(findings.size())}});
    if (!findings.empty()) {
        job.tell({"→ 从备份恢复到新文件夹，再从别的副本读入：spiral help restore",
                  "→ Restore a backup into a new folder, then take in what others hold: spiral help restore"});
    }
    return findings.empty() ? status::kDone : status::kRefused;
}

Result<int> rebuild(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    auto const began = job.world.monotonic.now();
    office->rebuild();
    double const seconds = std::chrono::duration<double>(job.world.monotonic.now() - began).count();
    auto const counts = office->view().status();
    Json told = Json::object();
    told.set("items", counts.total).set("seconds", seconds);
    job.answer(told);
    job.tell({"视图已重建：{n} 行，{seconds} 秒", "View made anew: {n} row(s), {seconds} s"},
             {{"n", std::to_string(counts.total)}, {"seconds", Json(std::round(seconds * 100) / 100).text()}});
    return status::kDone;
}

Result<int> backup(Job& job) {
    auto const& file = job.arguments[0];
    SPIRAL_GIVE(place, job.outputPath(file));
    SPIRAL_GIVE(folder, job.replicaFolder());
    SPIRAL_GIVE(opened, replica::Replica::open(folder, job.world, replica::Access::Read));
    if (job.world.files.exists(place)) {
        SPIRAL_GIVE(yes, job.agreed(job.say({"{file} 已存在，覆盖吗？", "{file} is there already. Overwrite it?"},
                                            {{"file", file}})));
        if (!yes) return makeError(ErrorCode::Refused, "usage.not-agreed");
    }
    if (auto made = opened->backup(place); !made) return made.error();
    auto const size = job.world.files.size(place);
    Json told = Json::object();
    told.set("file", place.string()).set("bytes", size ? Json(*size) : Json());
    job.answer(told);
    job.tell({"备份已写入 {file}（{bytes} 字节）。内含加密的本机密钥：请像密钥一样保管。",
              "Backup written to {file} ({bytes} bytes). It holds this device's wrapped key: keep it like one."},
             {{"file", file}, {"bytes", size ? std::to_string(*size) : "?"}});
    return status::kDone;
}

Result<int> restore(Job& job) {
    Path const folder = job.path(job.arguments[1]);
    if (auto restored = replica::Replica::restore(job.path(job.arguments[0]), folder, job.world); !restored)
        return restored.error();
    Json told = Json::object();
    told.set("replica", folder.string());
    job.answer(told);
    job.tell({"已恢复到 {dir}。备份之后写下的可能不在其中：先从别的副本读入，再开始写。",
              "Restored into {dir}. What was written after the backup may be missing: take in what others hold before "
              "you write."},
             {{"dir", job.arguments[1]}});
    job.tell({"  spiral --replica {dir} sync --import 文件", "  spiral --replica {dir} sync --import FILE"},
             {{"dir", job.arguments[1]}});
    return status::kDone;
}

Result<int> lock(Job& job) {
    SPIRAL_GIVE(folder, job.replicaFolder());
    SPIRAL_GIVE(opened, replica::Replica::open(folder, job.world, replica::Access::Read));
    if (auto forgotten = trust::forgetAgent(job.agentSocket(folder, opened->deviceKey())); !forgotten)
        return forgotten.error();
    Json told = Json::object();
    told.set("locked", true);
    job.answer(told);
    job.tell({"已上锁：下次签名要再输入口令。", "Locked: the next signature asks for the passphrase."});
    return status::kDone;
}

}  // namespace

std::vector<Command> careCommands() {
    return {
        {.name = "check",
         .summary = {"检查副本；--deep 重新核对每个字节和签名",
                     "check the replica; --deep hashes and verifies everything again"},
         .options = {{.name = "--deep", .what = {"每个字节、每个签名、每条链", "every byte, signature and chain"}},
                     {.name = "--mend",
                      .what = {"同 --deep，并丢掉坏了、可由原行重做的打包副本",
                               "as --deep, and drop damaged packed copies, which are made again from their rows"}}},
         .more = {"有问题时退出状态为 1。", "Exit status 1 if something is wrong."},
         .examples = {{"spiral check", {"快速", "quick"}}, {"spiral check --deep --progress", {"彻底", "thorough"}}},
         .run = check},
        {.name = "rebuild",
         .summary = {"从所持原始数据重建视图，结果相同", "make the view anew from what is held; the same comes out"},
         .more = {"视图只是推导出来的表，丢了也不要紧。", "The view is only derived; nothing is lost with it."},
         .examples = {{"spiral rebuild", {"重建", "do it"}},
                      {"spiral dump | sha256sum; spiral rebuild; spiral dump | sha256sum",
                       {"前后相等", "equal before and after"}}},
         .run = rebuild},
        {.name = "backup",
         .summary = {"备份到一个文件", "write a backup into one file"},
         .positionals = {{"FILE", {"备份文件", "the backup file"}, true, Completes::File}},
         .more = {"使用中也可备份。含原始数据、附件和加密的密钥。",
                  "Works while in use. Holds the store, attachments and the wrapped key."},
         .examples = {{"spiral backup /media/usb/螺旋-2026-03.backup", {"到 U 盘", "onto a stick"}},
                      {"spiral backup b.backup --yes", {"覆盖旧的", "over an old one"}}},
         .run = backup},
        {.name = "restore",
         .summary = {"从备份恢复到新文件夹", "restore a backup into a new folder"},
         .positionals = {{"FILE", {"备份文件", "the backup file"}, true, Completes::File},
                         {"DIR", {"新文件夹", "the new folder"}, true, Completes::Folder}},
         .more = {"恢复后本机从新的化身继续写，不会重用链上别人可能见过的位置。先读入别人所持的，再写。",
                  "A restored replica goes on with a new incarnation and never reuses a place in its chain unseen. "
                  "Take in what others hold before you write."},
         .examples = {{"spiral restore 螺旋-2026-03.backup 新副本", {"恢复", "restore"}},
                      {"spiral --replica 新副本 status", {"看看缺什么", "see what may be missing"}}},
         .run = restore},
        {.name = "lock",
         .summary = {"让代理忘掉已解锁的密钥", "make the agent forget the unlocked key"},
         .more =
             {"解锁后代理保留密钥 15 分钟，免得每条命令都问口令。离开电脑时上锁。SPIRAL_NO_AGENT=1 则从不使用代理。",
              "After unlocking, an agent keeps the key for 15 minutes. Lock when you leave. With SPIRAL_NO_AGENT=1 "
              "there is never an agent."},
         .examples = {{"spiral lock", {"上锁", "lock"}},
                      {"SPIRAL_NO_AGENT=1 spiral step 3f2a approve", {"这一次不用代理", "without an agent"}}},
         .run = lock},
    };
}

}  // namespace spiral::cli
