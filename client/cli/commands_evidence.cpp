// Evidence that others can check with stock tools: exact bytes, signatures, and every row of the view.
#include "registry_words.h"

namespace spiral::cli {

namespace {

Result<int> recordList(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    auto const& names = office->names();
    std::vector<replica::ItemRow> rows;
    if (auto const of = job.arguments.value("--of")) {
        // A document stands for all records on it; a revision or record for those that name it.
        auto const doc = office->resolveId(*of);
        if (doc) {
            rows = office->view().items(*doc);
            std::erase_if(rows, [](replica::ItemRow const& row) { return row.item.kind != trust::Item::Kind::Record; });
        } else if (doc.error().reason == "id.ambiguous") {
            return doc.error();
        } else {
            SPIRAL_GIVE(target, office->resolveObject(*of));
            rows = office->view().records(target);
        }
    } else {
        rows = office->view().records(std::nullopt);
    }
    Json told = Json::array();
    Table table({{std::string(job.say({"记录", "record"}))},
                 {std::string(job.say({"时间", "time"}))},
                 {std::string(job.say({"何事", "what"}))},
                 {std::string(job.say({"谁", "who"})), Table::Align::Left, true},
                 {std::string(job.say({"针对", "about"}))},
                 {std::string(job.say({"计为", "counted"}))},
                 {std::string(job.say({"原因", "why"})), Table::Align::Left, true}});
    for (auto const& row : rows) {
        told.add(toJson(row, names));
        if (job.json()) continue;
        table.add({shortId(row.item.id), localTime(row.time), kindText(row.kind, job.language()),
                   personText(row.person, names), row.of ? shortId(*row.of) : "", countText(row.count, job.language()),
                   row.reason.empty() ? "" : sayReason(row.reason, job.language())});
    }
    job.answer(told);
    if (!table.empty()) job.lines(table.text(job.width()));
    job.tell({"共 {n} 条记录", "{n} record(s)"}, {{"n", std::to_string(rows.size())}});
    return status::kDone;
}

/// Exact bytes and signature of a record. A revision has no signature of its own: its frame's covers it.
Result<replica::Replica::RecordBytes> recordHeld(office::Office& office, ObjectId const& id) {
    if (auto bytes = office.replica().recordBytes(id)) return std::move(*bytes);
    if (office.replica().revisionBytes(id)) return makeError(ErrorCode::WrongState, "record.is-revision", id.hex());
    return makeError(ErrorCode::NotFound, "record.missing", id.hex());
}

Result<int> recordShow(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    SPIRAL_GIVE(id, office->resolveObject(job.arguments[0]));
    Bytes bytes;
    if (auto record = office->replica().recordBytes(id))
        bytes = record->bytes;
    else if (auto revision = office->replica().revisionBytes(id))
        bytes = *revision;
    else
        return makeError(ErrorCode::NotFound, "record.missing", id.hex());
    if (job.arguments.has("--raw")) {
        job.raw(asText(bytes));
        return status::kDone;
    }
    SPIRAL_GIVE(value, json::parse(bytes));
    auto const item = office->view().item(id);
    auto const& names = office->names();
    Json told = item ? toJson(*item, names) : Json::object();
    told.set("object", Json(value));
    if (auto const record = trust::decodeRecord(bytes)) {
        told.set("name_space", trust::nameSpaceFor(record->kind, office->registry().domain()));
    }
    job.answer(told);
    job.line(std::string(job.say({"编号 ", "id "})) + id.hex());
    if (item) {
        job.line("  " + kindText(item->kind, job.language()) + "  " + personText(item->person, names) + "  " +
                 localTime(item->time) + "  " + countText(item->count, job.language()) +
                 (item->reason.empty() ? "" : "：" + sayReason(item->reason, job.language())));
    }
    for (auto const& [key, member] : *value.asObject())
        job.line("  " + padded(key, 8) + "  " + clean(json::encode(member)));
    return status::kDone;
}

Result<int> recordSignature(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    SPIRAL_GIVE(id, office->resolveObject(job.arguments[0]));
    SPIRAL_GIVE(held, recordHeld(*office, id));
    SPIRAL_GIVE(record, trust::decodeRecord(held.bytes));
    auto const* device = office->registry().device(record.by.device);
    if (!device) return makeError(ErrorCode::NotFound, "device.unknown", record.by.device.hex());
    std::string const nameSpace = trust::nameSpaceFor(record.kind, office->registry().domain());
    std::string const text = trust::armour(device->key, nameSpace, held.signature);
    Json told = Json::object();
    told.set("id", id.hex()).set("person", record.by.person.text()).set("name_space", nameSpace).set("signature", text);
    job.answer(told);
    job.lines(text);
    return status::kDone;
}

struct FrameHeld {
    FrameId id;
    replica::Replica::FrameBytes bytes;
    trust::FrameHeader header;
};

Result<FrameHeld> frameHeld(office::Office& office, std::string_view text) {
    SPIRAL_GIVE(id, frameFrom(office, text));
    auto bytes = office.replica().frameBytes(id);
    if (!bytes) return makeError(ErrorCode::NotFound, "frame.missing", std::string(text));
    SPIRAL_GIVE(header, trust::decodeFrameHeader(bytes->header));
    return FrameHeld{id, std::move(*bytes), std::move(header)};
}

Result<int> frameShow(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    SPIRAL_GIVE(held, frameHeld(*office, job.arguments[0]));
    if (job.arguments.has("--raw")) {
        job.raw(asText(held.bytes.header));
        return status::kDone;
    }
    auto const& header = held.header;
    Json items = Json::array();
    for (auto const& item : header.items) items.add(std::string(1, static_cast<char>(item.kind)) + item.id.hex());
    Json told = Json::object();
    told.set("id", held.id.hex())
        .set("device", header.device.hex())
        .set("scope", header.scope.text())
        .set("seq", header.seq);
    told.set("prev", header.prev ? Json(header.prev->hex()) : Json()).set("time", toText(header.time));
    told.set("applied", held.bytes.applied).set("items", std::move(items));
    job.answer(told);
    job.line(std::string(job.say({"帧 ", "frame "})) + held.id.hex());
    job.tell({"  设备 {device}，范围 {scope}，第 {seq} 帧，{time}",
              "  device {device}, scope {scope}, number {seq}, {time}"},
             {{"device", clean(office->names().device(header.device))},
              {"scope", header.scope.text()},
              {"seq", std::to_string(header.seq)},
              {"time", localTime(header.time)}});
    if (!held.bytes.applied) job.tell({"  内容尚缺", "  its content is wanted"});
    for (auto const& item : header.items)
        job.line("  " + std::string(1, static_cast<char>(item.kind)) + " " + item.id.hex());
    return status::kDone;
}

Result<int> frameSignature(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    SPIRAL_GIVE(held, frameHeld(*office, job.arguments[0]));
    auto const* device = office->registry().device(held.header.device);
    if (!device) return makeError(ErrorCode::NotFound, "device.unknown", held.header.device.hex());
    std::string const nameSpace = trust::nameSpaceFor("frame", office->registry().domain());
    std::string const text = trust::armour(device->key, nameSpace, held.bytes.signature);
    Json told = Json::object();
    told.set("id", held.id.hex())
        .set("person", device->person.text())
        .set("name_space", nameSpace)
        .set("signature", text);
    job.answer(told);
    job.lines(text);
    return status::kDone;
}

Result<int> dump(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    // With --json the lines become the elements of one array: still one document, and nothing is held in memory.
    bool first = true;
    if (job.json()) job.raw("[");
    office->view().dump([&](std::string_view line) {
        if (job.json() && !first) job.raw(",");
        job.raw(job.json() ? withMarksEscaped(line) : std::string(line));
        if (!job.json()) job.raw("\n");
        first = false;
    });
    if (job.json()) job.raw("]\n");
    return status::kDone;
}

}  // namespace

std::vector<Command> evidenceCommands() {
    Positional const record{"ID", {"记录编号（前 4 位起）", "id of the record, 4 digits or more"}};
    Positional const frame{"HASH", {"帧编号（前 4 位起）", "id of the frame, 4 digits or more"}};
    Option const raw{.name = "--raw", .what = {"原样输出所存字节", "the exact stored bytes"}};
    return {
        {.name = "record list",
         .summary = {"列出签名记录", "list signed records"},
         .options = {{.name = "--of",
                      .value = "ID",
                      .what = {"只列关于这份文档、版本或记录的", "about this document, revision or record"}}},
         .more = {"包括隔离和待定的，并说明原因。", "Quarantined and pending ones too, with the reason."},
         .examples = {{"spiral record list --of 3f2a", {"一份文档的全部签名", "all signatures on a document"}},
                      {"spiral record list --json", {"一个数组", "one array"}}},
         .run = recordList},
        {.name = "record show",
         .summary = {"显示记录或版本；--raw 为所签的原字节", "show a record or revision; --raw is what was signed"},
         .positionals = {record},
         .options = {raw},
         .more = {"原字节的 SHA-256 就是编号：spiral record show ID --raw | sha256sum",
                  "The SHA-256 of the raw bytes is the id: spiral record show ID --raw | sha256sum"},
         .examples = {{"spiral record show 81c0aa17", {"给人看", "for people"}},
                      {"spiral record show 81c0 --raw | sha256sum", {"核对编号", "check the id"}}},
         .run = recordShow},
        {.name = "record signature",
         .summary = {"导出记录的 SSH 签名", "a record's signature in SSH armour"},
         .positionals = {record},
         .more = {"ssh-keygen -Y verify 可直接核对；-n 的名字空间为 种类@域名，-I 为人员编号。",
                  "ssh-keygen -Y verify reads it; -n is KIND@DOMAIN, -I the person's id."},
         .examples = {{"spiral record signature 81c0 > 81c0.sig", {"导出", "export it"}},
                      {"spiral record show 81c0 --raw | ssh-keygen -Y verify -f allowed -I PERSON -n "
                       "approve@qa.example.edu.cn -s 81c0.sig",
                       {"核对", "check it"}}},
         .run = recordSignature},
        {.name = "frame show",
         .summary = {"显示帧头；--raw 为所签的原字节", "show a frame header; --raw is what was signed"},
         .positionals = {frame},
         .options = {raw},
         .more = {"帧由设备签名，列出它写下的每一行。",
                  "A frame is signed by its device and lists every row it wrote."},
         .examples = {{"spiral frame show 9a8b7c6d", {"给人看", "for people"}},
                      {"spiral frame show 9a8b --raw | sha256sum", {"核对编号", "check the id"}}},
         .run = frameShow},
        {.name = "frame signature",
         .summary = {"导出帧头的 SSH 签名", "a frame header's signature in SSH armour"},
         .positionals = {frame},
         .more = {"名字空间为 frame@域名。", "Its name space is frame@DOMAIN."},
         .examples = {{"spiral frame signature 9a8b > 9a8b.sig", {"导出", "export it"}},
                      {"spiral frame show 9a8b --raw | ssh-keygen -Y verify -f allowed -I PERSON -n "
                       "frame@qa.example.edu.cn -s 9a8b.sig",
                       {"核对", "check it"}}},
         .run = frameSignature},
        {.name = "dump",
         .summary = {"输出视图的每一行（严格 JSON，已排序）", "every row of the view, strict JSON, sorted"},
         .more = {"范围相同、所持相同、程序版本相同的副本，输出逐字节相等；与今天是哪天、先后顺序、经谁传来无关。",
                  "Byte-equal on replicas of the same scopes that hold the same frames and run the same version; no "
                  "date, no order, no peer enters it."},
         .examples = {{"spiral dump | sha256sum", {"比较两台设备", "compare two devices"}},
                      {"spiral dump > 甲.txt", {"存下来比较", "keep it to compare"}}},
         .run = dump},
    };
}

}  // namespace spiral::cli
