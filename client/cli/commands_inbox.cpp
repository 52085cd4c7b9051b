// What lies before the person of this device, and her digest of the day.
#include "office/inbox.h"

#include "format.h"

namespace spiral::cli {

namespace {

std::string kindText(office::InboxKind kind, Job const& job) {
    switch (kind) {
        case office::InboxKind::Returned: return std::string(job.say({"退回与未通过", "Came back"}));
        case office::InboxKind::ToDo: return std::string(job.say({"待办", "To do"}));
        case office::InboxKind::ToSign: return std::string(job.say({"待我签署", "Waiting for your signature"}));
        case office::InboxKind::Message: return std::string(job.say({"消息", "Messages"}));
        case office::InboxKind::Warning: return std::string(job.say({"预警", "Warnings"}));
    }
    return "";
}

Json toJson(office::InboxEntry const& entry, office::Names const& names) {
    Json told = Json::object();
    told.set("id", entry.id).set("kind", nameOf(entry.kind)).set("read", entry.read);
    told.set("document", entry.document ? Json(entry.document->doc.hex()) : Json());
    told.set("scope", entry.document ? Json(entry.document->scope.text()) : Json());
    told.set("type", entry.type).set("title", entry.title).set("owner", entry.owner).set("state", entry.state);
    told.set("due", dayJson(entry.due)).set("days_left", entry.daysLeft).set("reason", entry.reason);
    told.set("fields", Json::array(entry.fields)).set("code", entry.code).set("about", Json::array(entry.about));
    told.set("from", entry.from ? Json(entry.from->text()) : Json());
    told.set("from_name", entry.from ? Json(names.person(*entry.from)) : Json());
    told.set("at", timeJson(entry.at)).set("actions", Json::array(entry.actions));
    return told;
}

/// What stands behind the title: how it is, or what it says.
std::string wordsOf(office::InboxEntry const& entry, office::Names const& names, Job const& job) {
    auto const& language = job.settings.language;
    std::string const from = entry.from ? clean(names.person(*entry.from)) : "";
    switch (entry.kind) {
        case office::InboxKind::Returned: {
            std::string text = from + (from.empty() ? "" : std::string(job.say({"：", ": "}))) + clean(entry.reason);
            std::string fields;
            auto const* type = model::TypeCatalogue::builtIn().find(entry.type);
            for (auto const& field : entry.fields) {
                fields += (fields.empty() ? "" : std::string(listMark(language))) + fieldText(type, field, language);
            }
            return fields.empty() ? text
                                  : text + job.say({"（字段：{fields}）", " (fields: {fields})"}, {{"fields", fields}});
        }
        case office::InboxKind::ToDo:
            if (!entry.code.empty()) return sayReason(entry.code, language) + " " + clean(entry.title);
            return stateText(entry.type, entry.state, language);
        case office::InboxKind::ToSign: {
            std::string actions;
            for (auto const& action : entry.actions) {
                actions +=
                    (actions.empty() ? "" : std::string(listMark(language))) + actionText(entry.type, action, language);
            }
            return actions;
        }
        case office::InboxKind::Message:
            return from + " " + actionText(entry.type, entry.code, language) + std::string(job.say({"：", ": "})) +
                   clean(entry.reason);
        case office::InboxKind::Warning: break;
    }
    auto const* message = findMessage(entry.code, language);
    std::string about;
    for (auto const& each : entry.about)
        about += (about.empty() ? "" : std::string(listMark(language))) +
                 clean(each.size() > 32 ? shortId(each) : names.unit(each));
    if (entry.document && !entry.reason.empty() && about.empty()) about = clean(entry.reason);
    std::string const text = message ? std::string(message->text) : clean(entry.code);
    return filled(text, {{"detail", about}}) +
           (about.empty() || text.find("{detail}") != std::string::npos ? "" : " " + about);
}

Result<int> showDigest(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Write));
    SPIRAL_GIVE(digest, office::digest(*office, job.now()));
    bool const now = digest.from <= job.now();
    Json lines = Json::array();
    for (auto const& line : digest.lines) {
        Json told = Json::object();
        told.set("id", line.document.doc.hex()).set("scope", line.document.scope.text()).set("title", line.title);
        told.set("owner_name", line.ownerName)
            .set("due", toText(line.reminder.due))
            .set("days_left", line.reminder.daysLeft);
        told.set("audience", line.reminder.audience == engine::Audience::Responsible ? "responsible"
                             : line.reminder.audience == engine::Audience::Head      ? "head"
                                                                                     : "quality");
        lines.add(std::move(told));
        int const left = line.reminder.daysLeft;
        job.line("  " + office->shortName(line.document) + " " + clean(line.title) + "  " + toText(line.reminder.due) +
                 "  " +
                 (left < 0 ? job.say({"逾期 {n} 天", "{n} day(s) overdue"}, {{"n", std::to_string(-left)}})
                           : job.say({"还剩 {n} 天", "{n} day(s) left"}, {{"n", std::to_string(left)}})));
    }
    Json told = Json::object();
    told.set("shown", now)
        .set("from", timeJson(digest.from))
        .set("day", toText(digest.day))
        .set("lines", std::move(lines));
    job.answer(told);
    if (!now) {
        job.tell({"今天的提醒已看过，或正在免打扰时段；下一次：{time}",
                  "Today's was shown, or the hours are quiet; the next: {time}"},
                 {{"time", localTime(digest.from)}});
        return status::kDone;
    }
    job.tell({"{day} 的提醒：{n} 项", "Digest of {day}: {n} line(s)"},
             {{"day", toText(digest.day)}, {"n", std::to_string(digest.lines.size())}});
    office::digestWasShown(*office, digest.day);
    return status::kDone;
}

Result<int> show(Job& job) {
    if (job.arguments.has("--digest")) return showDigest(job);
    auto const marks = job.arguments.values("--mark-read");
    bool const all = job.arguments.has("--all"), onlyUnread = job.arguments.has("--unread");
    bool const writes = all || !marks.empty();
    SPIRAL_GIVE(office, job.office(writes ? replica::Access::Write : replica::Access::Read));
    if (writes) {
        SPIRAL_GIVE(marked,
                    all ? office::markAllRead(*office, job.today()) : office::markRead(*office, marks, job.today()));
        Json told = Json::object();
        told.set("marked", marked);
        job.answer(told);
        job.tell({"已标为已读：{n} 条（只在本机）", "Marked as read: {n} (on this machine only)"},
                 {{"n", std::to_string(marked)}});
        return status::kDone;
    }
    SPIRAL_GIVE(inbox, office::inbox(*office, job.today()));
    auto const& names = office->names();
    if (job.json()) {
        Json entries = Json::array();
        for (auto const& entry : inbox.entries) {
            if (!onlyUnread || !entry.read) entries.add(toJson(entry, names));
        }
        Json told = Json::object();
        told.set("today", toText(inbox.today)).set("unread", inbox.unread).set("entries", std::move(entries));
        job.answer(told);
        return status::kDone;
    }
    std::optional<office::InboxKind> heading;
    for (auto const& entry : inbox.entries) {
        if (onlyUnread && entry.read) continue;
        if (heading != entry.kind) job.heading(kindText(entry.kind, job));
        heading = entry.kind;
        std::string const document =
            entry.document ? office->shortName(*entry.document) + " " + clean(entry.title) + "  " : "";
        std::string due;
        if (entry.due && entry.kind != office::InboxKind::Warning) {
            due = toText(*entry.due);
            if (entry.daysLeft && *entry.daysLeft < 0)
                due += job.say({" 逾期 {n} 天", " {n} day(s) over"}, {{"n", std::to_string(-*entry.daysLeft)}});
            due += "  ";
        }
        job.line(std::string(entry.read ? "   " : " * ") + entry.id.substr(0, kShortDigits) + "  " + document + due +
                 wordsOf(entry, names, job));
    }
    job.tell({"截至 {today}：{n} 条，未读 {unread}", "As of {today}: {n}, unread {unread}"},
             {{"today", toText(inbox.today)},
              {"n", std::to_string(inbox.entries.size())},
              {"unread", std::to_string(inbox.unread)}});
    return status::kDone;
}

}  // namespace

std::vector<Command> inboxCommands() {
    return {
        {.name = "inbox",
         .summary = {"我的收件箱：退回、待办、待签署、消息、预警，全部出自本机数据",
                     "what lies before you: what came back, to do, to sign, messages, warnings; from local data"},
         .options = {{.name = "--unread", .what = {"只列未读的", "unread only"}},
                     {.name = "--mark-read",
                      .value = "ID",
                      .what = {"标为已读：行首编号，至少前 4 位；可多个",
                               "mark as read: the id at the line's start, 4 digits or more; several"},
                      .many = true},
                     {.name = "--all", .what = {"全部标为已读", "mark all as read"}},
                     {.name = "--digest",
                      .what = {"今天的到期提醒，每天一次，免打扰时段顺延",
                               "the deadlines of the day, once a day, not in quiet hours"}}},
         .more =
             {"已读标记只在本机，不随同步传出；状态、轮次或期限一变，又成为未读。提醒按质控办的期限提醒规则（quality "
              "rules）。",
              "Marks stay on this machine. What changes its state, round or deadline is unread again. Reminders follow "
              "the college's deadline rules (quality rules)."},
         .examples = {{"spiral inbox", {"全部", "everything"}},
                      {"spiral inbox --unread --json", {"未读，供程序用", "unread, for programs"}},
                      {"spiral inbox --mark-read 3f2a81c0", {"标为已读", "mark one as read"}},
                      {"spiral inbox --digest", {"今天的提醒", "the digest of the day"}}},
         .run = show},
    };
}

}  // namespace spiral::cli
