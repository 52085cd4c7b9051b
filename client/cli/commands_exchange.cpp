// Exchange by file: what one replica writes on a stick and another reads, in any order, any number of times.
#include "format.h"

#include "transport/watch.h"

namespace spiral::cli {

namespace {

Json answerJson(trust::Answer const& answer) {
    Json told = Json::object();
    told.set("frame", answer.frame.hex())
        .set("answer", nameOf(answer.what))
        .set("reason", answer.reason)
        .set("about", answer.about);
    return told;
}

/// What became of a frame that is not in, as a phrase.
std::string answerText(trust::Answer const& answer, Language language) {
    using What = trust::Answer::What;
    std::string const because = sayReason(answer.reason, language);
    switch (answer.what) {
        case What::WaitingForFrame:
            if (answer.reason == "inbox.full") return because;
            return std::string(Text{"在等前面的帧", "wait for a frame before them"}.in(language));
        case What::WaitingForGrant:
            return std::string(Text{"在等授权或更新的注册簿", "wait for a grant or a newer registry"}.in(language));
        case What::PayloadWanted: return std::string(Text{"只有帧头：", "headers only: "}.in(language)) + because;
        case What::Refused: return std::string(Text{"被拒绝：", "refused: "}.in(language)) + because;
        case What::NeedsNewer:
        case What::Stored:
        case What::Known:
        case What::OutsideScopes: break;
    }
    return because;
}

struct Sums {
    std::uint64_t roundTrips = 0;   ///< a file is half of one: nothing comes back on it
    std::uint64_t bytesSent = 0, bytesReceived = 0, framesSent = 0, framesReceived = 0;
};

/// The figures that every kind of exchange reports, by file or over a network.
Json totalsJson(Sums const& sums, double seconds, Json pending, Json quarantined, Json refused) {
    Json told = Json::object();
    told.set("round_trips", sums.roundTrips).set("bytes_sent", sums.bytesSent).set("bytes_received", sums.bytesReceived);
    told.set("frames_sent", sums.framesSent).set("frames_received", sums.framesReceived).set("seconds", seconds);
    told.set("pending", std::move(pending))
        .set("quarantined", std::move(quarantined))
        .set("refused", std::move(refused));
    return told;
}

/// What became of frames that are not simply in, here or at the other side.
struct Told {
    Json pending = Json::array(), refused = Json::array();
    std::uint64_t pendingCount = 0, newerCount = 0, refusedCount = 0, outside = 0;
    std::map<std::string, std::uint64_t> why;

    void add(trust::Answer const& answer, Language language) {
        using What = trust::Answer::What;
        if (answer.what == What::Stored || answer.what == What::Known) return;
        if (answer.what == What::OutsideScopes) {
            ++outside;
            return;
        }
        ++why[answerText(answer, language)];
        if (answer.what == What::Refused) {
            ++refusedCount;
            refused.add(answerJson(answer));
        } else {
            ++pendingCount;
            if (answer.what == What::NeedsNewer) ++newerCount;
            pending.add(answerJson(answer));
        }
    }
    void tell(Job& job) const {
        if (outside > 0)
            job.tell({"  {n} 帧不在本机范围内，未存", "  {n} frame(s) are outside your scopes and were not kept"},
                     {{"n", std::to_string(outside)}});
        if (newerCount > 0) {
            job.tell({"  {n} 帧出自更新的程序，未存：升级本机程序后再读入此文件",
                      "  {n} frame(s) come from a newer program and were not kept: upgrade this one, then take the file "
                      "in again"},
                     {{"n", std::to_string(newerCount)}});
        }
        if (pendingCount > newerCount) {
            job.tell({"  {n} 帧在等别的帧或授权：把缺的那个文件也读入即可",
                      "  {n} frame(s) wait for others or for a grant: take the missing file in too"},
                     {{"n", std::to_string(pendingCount - newerCount)}});
        }
        if (refusedCount > 0) job.tell({"  {n} 帧被拒绝", "  {n} frame(s) refused"}, {{"n", std::to_string(refusedCount)}});
        for (auto const& [reason, count] : why) job.line("    " + std::to_string(count) + "  " + clean(reason));
    }
    [[nodiscard]] int exitStatus() const {
        if (refusedCount > 0) return status::kRefused;
        return pendingCount > 0 ? status::kUndecided : status::kDone;
    }
};

/// What came and does not stand yet, and the exit status of the exchange.
int tellWhatWaits(Job& job, Told const& answers, std::size_t quarantined, std::size_t differing) {
    answers.tell(job);
    if (quarantined > 0)
        job.tell({"  隔离 {n} 行，详见 spiral status", "  {n} row(s) quarantined, see spiral status"},
                 {{"n", std::to_string(quarantined)}});
    if (differing > 0)
        job.tell({"  {n} 份文档有不同版本：spiral doc differences", "  {n} document(s) differ: spiral doc differences"},
                 {{"n", std::to_string(differing)}});
    return answers.exitStatus();
}

Result<int> exportFile(Job& job, std::string const& file, std::chrono::nanoseconds began) {
    SPIRAL_GIVE(place, job.outputPath(file));
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    std::optional<Path> tips;
    if (auto const told = job.arguments.value("--for")) tips = job.path(*told);
    SPIRAL_GIVE(totals, office->exportTo(place, tips));
    double const seconds = std::chrono::duration<double>(job.world.monotonic.now() - began).count();
    Json told = totalsJson({0, totals.bytes, 0, totals.frames, 0}, seconds, Json::array(), Json::array(), Json::array());
    told.set("file", place.string()).set("pieces", totals.pieces);
    job.answer(told);
    job.tell({"已写出 {file}：{frames} 帧，{bytes} 字节，附件块 {pieces}",
              "Written {file}: {frames} frame(s), {bytes} bytes, {pieces} piece(s) of attachments"},
             {{"file", file},
              {"frames", std::to_string(totals.frames)},
              {"bytes", std::to_string(totals.bytes)},
              {"pieces", std::to_string(totals.pieces)}});
    job.tell({"对方执行：spiral sync --import {file}（顺序、次数不限）",
              "The other side runs: spiral sync --import {file} (any order, any number of times)"},
             {{"file", file}});
    return status::kDone;
}

Result<int> importFile(Job& job, std::string const& file, std::chrono::nanoseconds began) {
    SPIRAL_GIVE(office, job.office(replica::Access::Write));
    auto const size = job.world.files.size(job.path(file));
    SPIRAL_GIVE(totals, office->importFrom(job.path(file)));
    double const seconds = std::chrono::duration<double>(job.world.monotonic.now() - began).count();
    Told answers;
    for (auto const& answer : totals.answers) answers.add(answer, job.language());
    Json quarantined = Json::array();
    // Quarantine is a verdict of the view, over everything held, not of this file alone.
    auto const& names = office->names();
    auto const set = office->view().items(replica::Count::Quarantined);
    for (auto const& item : set) quarantined.add(toJson(item, names));
    Json told = totalsJson({0, 0, size ? *size : totals.bytes, 0, totals.frames}, seconds, std::move(answers.pending),
                           std::move(quarantined), std::move(answers.refused));
    told.set("stored", totals.stored + totals.takenUp)
        .set("taken_up", totals.takenUp)
        .set("known", totals.known)
        .set("outside_scopes", answers.outside)
        .set("pieces", totals.pieces);
    told.set("from", totals.writer ? Json(totals.writer->device.hex()) : Json());
    replica::ListFilter different;
    different.withDifferences = true;
    auto const differing = office->list(different).size();
    told.set("differences", differing);
    job.answer(told);
    job.tell({"已读入 {file}：{frames} 帧，新存 {stored}，已有 {known}",
              "Taken in {file}: {frames} frame(s), {stored} new, {known} known"},
             {{"file", file},
              {"frames", std::to_string(totals.frames)},
              {"stored", std::to_string(totals.stored + totals.takenUp)},
              {"known", std::to_string(totals.known)}});
    if (totals.takenUp > 0) {
        job.tell({"  其中 {n} 帧是先前读入、一直在等的", "  {n} of them had come before and waited"},
                 {{"n", std::to_string(totals.takenUp)}});
    }
    if (totals.writer) {
        job.tell({"  来自设备 {device}", "  from device {device}"},
                 {{"device", clean(names.device(totals.writer->device))}});
    }
    return tellWhatWaits(job, answers, set.size(), differing);
}

void alarm(Job& job, transport::Withheld const& withheld) {
    job.tell({"  警报：服务器签收过帧 {frame}，却没有给出。证据：spiral record show {receipt} --raw",
              "  ALARM: the server signed that it has frame {frame} and does not give it. The evidence: spiral record show "
              "{receipt} --raw"},
             {{"frame", shortId(withheld.frame)}, {"receipt", shortId(withheld.receipt)}});
}
void alarm(Job& job, transport::TwoViews const& views) {
    job.tell({"  警报：服务器 {server} 在范围 {scope} 中签了两个互相矛盾的记录：它被回退过，或给不同的人看不同的内容。详见 spiral status",
              "  ALARM: server {server} has signed two views of scope {scope}: it was rolled back, or shows different things to "
              "different people. See spiral status"},
             {{"server", shortId(views.server)}, {"scope", views.scope.text()}});
}

void tellProposed(Job& job, protocol::Proposed const& answer) {
    if (answer.entry) {
        job.tell({"  注册簿：已记入条目 {entry}", "  registry: entry {entry} appended"}, {{"entry", shortId(*answer.entry)}});
    } else {
        job.tell({"  注册簿：保管者拒绝了一项提案：{why}", "  registry: the keeper refused a proposal: {why}"},
                 {{"why", sayReason(answer.reason, job.language())}});
    }
}

/// One session with the server.
Result<int> overNetwork(Job& job, std::optional<std::string> const& url, std::chrono::nanoseconds began) {
    SPIRAL_GIVE(office, job.office(replica::Access::Write));
    SPIRAL_GIVE(done, office->syncOver(url));
    double const seconds = std::chrono::duration<double>(job.world.monotonic.now() - began).count();
    Told answers;
    for (auto const& answer : done.session.answers) answers.add(answer, job.language());
    for (auto const& answer : done.session.peerAnswers) answers.add(answer, job.language());
    Json quarantined = Json::array();
    auto const& names = office->names();
    auto const set = office->view().items(replica::Count::Quarantined);
    for (auto const& item : set) quarantined.add(toJson(item, names));
    Json told = totalsJson({done.session.roundTrips, done.bytesSent, done.bytesReceived, done.session.framesSent,
                            done.session.framesReceived},
                           seconds, std::move(answers.pending), std::move(quarantined), std::move(answers.refused));
    replica::ListFilter different;
    different.withDifferences = true;
    auto const differing = office->list(different).size();
    Json proposed = Json::array();
    for (auto const& each : done.proposed) proposed.add(toJson(each));
    Json withheld = Json::array(), twoViews = Json::array();
    for (auto const& each : done.withheld) withheld.add(toJson(each));
    for (auto const& each : done.twoViews) twoViews.add(toJson(each));
    told.set("proposed", std::move(proposed)).set("withheld", std::move(withheld)).set("two_views", std::move(twoViews));
    told.set("pieces_sent", done.piecesSent).set("pieces_received", done.piecesReceived);
    told.set("server", done.url).set("stored", done.stored).set("agreed", done.agreed).set("differences", differing);
    told.set("view_seconds", done.viewSeconds);
    job.answer(told);
    job.tell({"已与 {url} 同步：送出 {sent} 帧，收到 {received} 帧（{up} + {down} 字节，{trips} 个来回）",
              "Synchronised with {url}: {sent} frame(s) sent, {received} received ({up} + {down} bytes, {trips} round "
              "trip(s))"},
             {{"url", clean(done.url)},
              {"sent", std::to_string(done.session.framesSent)},
              {"received", std::to_string(done.session.framesReceived)},
              {"up", std::to_string(done.bytesSent)},
              {"down", std::to_string(done.bytesReceived)},
              {"trips", std::to_string(done.session.roundTrips)}});
    for (auto const& each : done.proposed) tellProposed(job, each);
    for (auto const& each : done.withheld) alarm(job, each);
    for (auto const& each : done.twoViews) alarm(job, each);
    if (done.piecesSent + done.piecesReceived > 0) {
        job.tell({"  附件块：送出 {sent}，收到 {received}", "  pieces of attachments: {sent} sent, {received} received"},
                 {{"sent", std::to_string(done.piecesSent)}, {"received", std::to_string(done.piecesReceived)}});
    }
    return tellWhatWaits(job, answers, set.size(), differing);
}

std::string_view nameOf(transport::WatchEvent::What what) {
    using What = transport::WatchEvent::What;
    switch (what) {
        case What::Connected: return "connected";
        case What::Agreed: return "agreed";
        case What::Unequal: return "unequal";
        case What::Lost: return "lost";
        case What::Withheld: return "withheld";
        case What::TwoViews: return "two-views";
        case What::Proposed: return "proposed";
    }
    return "";
}

void tellEvent(Job& job, transport::WatchEvent const& event, std::string const& url) {
    using What = transport::WatchEvent::What;
    Json told = Json::object();
    told.set("event", nameOf(event.what)).set("time", toText(job.now())).set("server", url);
    if (event.what == What::Withheld) told.set("withheld", toJson(event.withheld));
    if (event.what == What::TwoViews) told.set("two_views", toJson(event.twoViews));
    if (event.what == What::Proposed) told.set("proposed", toJson(event.proposed));
    told.set("frames_sent", event.framesSent).set("frames_received", event.framesReceived);
    told.set("reason", event.reason).set("retry_seconds", static_cast<double>(event.wait.count()) / 1000);
    job.answer(told);
    std::string const time = localTime(job.now()), sent = std::to_string(event.framesSent),
                      received = std::to_string(event.framesReceived);
    switch (event.what) {
        case What::Connected: job.tell({"{time} 已连上 {url}", "{time} connected to {url}"}, {{"time", time}, {"url", clean(url)}}); break;
        case What::Agreed:
            job.tell({"{time} 已同步：送出 {sent} 帧，收到 {received} 帧", "{time} synchronised: {sent} frame(s) sent, {received} received"},
                     {{"time", time}, {"sent", sent}, {"received", received}});
            break;
        case What::Unequal:
            job.tell({"{time} 送出 {sent} 帧，收到 {received} 帧；还有帧在等待或被拒绝，详见 spiral sync",
                      "{time} {sent} frame(s) sent, {received} received; some wait or are refused: spiral sync says why"},
                     {{"time", time}, {"sent", sent}, {"received", received}});
            break;
        case What::Lost:
            job.tell({"{time} 断开：{why}；{wait} 秒后再试", "{time} lost: {why}; again in {wait} s"},
                     {{"time", time}, {"why", sayReason(event.reason, job.language())}, {"wait", std::to_string(event.wait.count() / 1000)}});
            break;
        case What::Withheld: alarm(job, event.withheld); break;
        case What::TwoViews: alarm(job, event.twoViews); break;
        case What::Proposed: tellProposed(job, event.proposed); break;
    }
}

/// Stays connected until it is interrupted. With --json a line for each event.
Result<int> staying(Job& job, std::optional<std::string> const& url) {
    SPIRAL_GIVE(folder, job.replicaFolder());
    trust::Invitation::Server called;
    {
        // Only to read whom to call: other commands write while this one watches.
        SPIRAL_GIVE(office, job.office(replica::Access::Read));
        SPIRAL_GIVE(known, office->serverToCall(url));
        called = known;
    }
    SPIRAL_GIVE(address, tls::parseAddress(called.url));
    SPIRAL_GIVE(opened, replica::Replica::open(folder, job.world, replica::Access::Read));
    SPIRAL_GIVE(signer, job.unlock()(folder, opened->deviceKey()));
    auto const tell = [&](transport::WatchEvent const& event) {
        tellEvent(job, event, called.url);
        job.surroundings.out << std::flush;
    };
    // Ctrl-C ends the program at any moment: nothing is lost that was stored.
    auto const never = [] { return false; };
    if (auto ended = transport::watch(folder, job.world, *signer, address, called.key, {}, never, tell); !ended)
        return ended.error();
    return status::kDone;
}

Result<int> sync(Job& job) {
    auto const began = job.world.monotonic.now();
    auto const out = job.arguments.value("--export"), in = job.arguments.value("--import"),
               tips = job.arguments.value("--tips");
    int const ways = out.has_value() + in.has_value() + tips.has_value();
    bool const withUrl = job.arguments.count() > 0;
    if (ways > 1 || (ways == 1 && withUrl) || (job.arguments.has("--for") && !out)) {
        return makeError(ErrorCode::Usage, "usage.sync");
    }
    if (ways > 0 && job.arguments.has("--watch")) return makeError(ErrorCode::Usage, "usage.sync");
    if (job.arguments.has("--watch")) {
        return staying(job, withUrl ? std::optional(job.arguments[0]) : std::nullopt);
    }
    if (ways == 0) {
        return overNetwork(job, withUrl ? std::optional(job.arguments[0]) : std::nullopt, began);
    }
    if (out) return exportFile(job, *out, began);
    if (in) return importFile(job, *in, began);
    SPIRAL_GIVE(place, job.outputPath(*tips));
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    if (auto written = office->writeTips(place); !written) return written.error();
    double const seconds = std::chrono::duration<double>(job.world.monotonic.now() - began).count();
    auto const size = job.world.files.size(place);
    Json told = totalsJson({0, size ? *size : 0, 0, 0, 0}, seconds, Json::array(), Json::array(), Json::array());
    told.set("file", place.string()).set("feeds", office->replica().tips().size());
    job.answer(told);
    job.tell({"本机所持已记入 {file}；对方执行：spiral sync --export 文件 --for {file}，就只写你缺的",
              "What this device holds is noted in {file}; the other side runs: spiral sync --export FILE --for {file}, "
              "and writes only what you lack"},
             {{"file", *tips}});
    return status::kDone;
}

}  // namespace

std::vector<Command> exchangeCommands() {
    return {
        {.name = "sync",
         .summary = {"与服务器同步，或用文件（例如 U 盘）与别的副本交换",
                     "synchronise with the server, or exchange with other replicas by file (a USB stick)"},
         .positionals = {{"URL", {"服务器地址 spiral://host:port，默认为学校的服务器",
                                  "the server's address spiral://host:port, by default the college's"}, false, Completes::Words}},
         .options = {{.name = "--watch",
                      .what = {"保持连接：别人写的随即到本机，本机写的随即送出；Ctrl-C 结束",
                               "stay connected: what others write comes at once, what is written here goes at once; "
                               "Ctrl-C ends it"}},
                     {.name = "--export",
                      .value = "FILE",
                      .what = {"写出交换文件", "write an exchange file"},
                      .completes = Completes::File},
                     {.name = "--for",
                      .value = "TIPS",
                      .what = {"只写对方缺的（对方的 --tips 文件）",
                               "only what the other side lacks (their --tips file)"},
                      .completes = Completes::File},
                     {.name = "--import",
                      .value = "FILE",
                      .what = {"读入交换文件", "take an exchange file in"},
                      .completes = Completes::File},
                     {.name = "--tips",
                      .value = "FILE",
                      .what = {"写下本机所持，给将要导出的人", "note what this device holds, for whoever will export"},
                      .completes = Completes::File}},
         .more = {"没有选项时，与学校的服务器（或 URL 处的汇聚点）交换双方缺的。先核对服务器的密钥，再证明本机的密钥。断了就再来一次，从断处接着。\n"
                  "用文件：任何顺序、任何次数，结果相同。没有 --for "
                  "时写出本机所持的全部，各人只取自己能读的。读入后若有帧在等别的帧，退出状态为 "
                  "2：把缺的文件也读入即可。残缺或损坏的文件什么也不改变。",
                  "Without an option: exchange with the college's server (or the hub at URL) what either side lacks, after "
                  "its key is checked and yours is proved. If the line breaks, run it again: it goes on from there.\n"
                  "By file: in any order, any number of times, with the same result. Without --for the file holds all this "
                  "device reads, and each reader takes what is theirs. If frames wait for others after an import, the "
                  "exit status is 2: take the missing file in too. A file cut short or damaged changes nothing."},
         .examples = {{"spiral sync", {"与学校的服务器", "with the college's server"}},
                      {"spiral sync --watch", {"一直连着", "stay connected"}},
                      {"spiral sync --export 增量.spiral --for 我有.tips", {"只写对方缺的，到文件", "what they lack, into a file"}},
                      {"spiral sync --import /media/usb/jwc.spiral", {"从 U 盘读入", "from a stick"}}},
         .run = sync},
    };
}

}  // namespace spiral::cli
