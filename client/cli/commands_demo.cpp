// Stories to watch: a whole college on this computer, in a folder of its own.
#include "demo/cycle_story.h"
#include "format.h"

namespace spiral::cli {

namespace {

Result<int> demoCycle(Job& job) {
    SPIRAL_GIVE(folder, job.outputPath(job.arguments[0]));
    if (job.world.files.exists(folder)) return makeError(ErrorCode::Exists, "demo.folder", folder.string());
    if (auto made = job.world.files.makeFolder(folder, FileMode::Private); !made) return made.error();
    int step = 0;
    SPIRAL_GIVE(
        told, demo::playCycle(folder, job.world, [&](std::string_view zh, std::string_view en) {
            job.line(std::to_string(++step) + ". " + std::string(job.language() == Language::Chinese ? zh : en));
        }));
    Json json = Json::object();
    json.set("cycle", told.cycle.doc.hex())
        .set("next", told.next.doc.hex())
        .set("point", told.point.doc.hex())
        .set("task", told.task.doc.hex());
    json.set("departments", told.departments).set("elements", told.elements).set("points", told.points);
    json.set("parts", static_cast<std::int64_t>(told.parts))
        .set("rounds", told.rounds)
        .set("failed_rounds", told.failedRounds);
    Json verdicts = Json::array();
    for (auto const& verdict : told.verdicts) verdicts.add(verdict);
    json.set("verdicts", std::move(verdicts));
    json.set("refused_close", told.refusedClose).set("refused_own_check", told.refusedOwnCheck);
    json.set("left_over", static_cast<std::int64_t>(told.leftOver))
        .set("carried", static_cast<std::int64_t>(told.carried));
    json.set("same_everywhere", told.sameEverywhere);
    Json replicas = Json::array();
    for (auto const& replica : told.replicas) replicas.add(replica.string());
    json.set("replicas", std::move(replicas));
    job.answer(json);
    job.line();
    job.tell({"四个副本都留着，可以继续看：", "The four replicas stay; look on:"});
    std::string const quality = told.replicas.front().string();
    job.line("  spiral --replica " + quality + " cycle show " + shortId(told.cycle.doc));
    job.line("  spiral --replica " + quality + " doc history " + shortId(told.task.doc));
    job.line("  spiral --replica " + quality + " task list --all");
    return told.sameEverywhere ? status::kDone : status::kRefused;
}

}  // namespace

std::vector<Command> demoCommands() {
    return {
        {.name = "demo cycle",
         .summary = {"演示一个完整的诊改周期：两校区离线、三轮整改、遗留进入下一周期",
                     "play a whole cycle: two campuses offline, three rounds, left-overs in the next"},
         .positionals =
             {{"FOLDER", {"放四个副本的新文件夹", "a new folder for the four replicas"}, true, Completes::Folder}},
         .more = {"真实的密钥、签名和交换文件，虚构的人员；不联网。口令为“样例口令 请勿使用”。",
                  "Real keys, signatures and exchange files, invented people; no network. The passphrase is 样例口令 "
                  "请勿使用."},
         .examples = {{"spiral demo cycle ./demo", {"看一遍", "watch it"}},
                      {"spiral demo cycle ./demo --json", {"结果供脚本", "what came of it, for scripts"}}},
         .run = demoCycle},
    };
}

}  // namespace spiral::cli
