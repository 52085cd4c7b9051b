#include "format.h"

#include <algorithm>
#include <ctime>

namespace spiral::cli {

namespace {

struct Named {
    std::string_view name;
    Text text;
};

template <std::size_t Size>
std::string lookUp(Named const (&table)[Size], std::string_view name, Language language) {
    for (auto const& row : table) {
        if (row.name == name) return std::string(row.text.in(language));
    }
    return std::string(name);
}

// States that lists make up beside those of the workflows.
constexpr Named kStates[] = {
    {"declared-done", {"原文称已完成", "done, as printed"}},
    {"nothing-stands", {"无有效版本", "nothing stands"}},
    {"not-begun", {"未开始", "not begun"}},
    {"carried-over", {"已转入下一周期", "carried over to the next cycle"}},
    {"taken-back", {"已取消安排", "not wanted any more"}},
    {"", {"", ""}},
};

constexpr Named kRoles[] = {
    {"clerk", {"经办人", "clerk"}},         {"head", {"部门负责人", "head"}}, {"quality", {"质控办", "quality office"}},
    {"leader", {"校领导", "leader"}},       {"admin", {"管理员", "admin"}},   {"reviewer", {"复核专家", "reviewer"}},
    {"keeper", {"注册簿保管者", "keeper"}},
};

constexpr Named kKinds[] = {
    {"affirm", {"本人确认", "affirm"}}, {"admit", {"准予采纳", "admit"}},   {"confirm", {"确认分支", "confirm"}},
    {"receipt", {"回执", "receipt"}},   {"root", {"建立", "root"}},         {"admin", {"管理员门限", "admins"}},
    {"policy", {"规则", "policy"}},     {"move", {"移交保管", "move"}},     {"server", {"服务器", "server"}},
    {"unit", {"部门", "unit"}},         {"person", {"人员", "person"}},     {"device", {"设备", "device"}},
    {"grant", {"授权", "grant"}},       {"delegate", {"委托", "delegate"}}, {"revoke", {"撤销", "revoke"}},
    {"redact", {"遮盖", "redact"}},     {"witness", {"见证", "witness"}},
};

/// A program works for one college at a time.
office::Definitions& shownWith() {
    static office::Definitions definitions;
    return definitions;
}

engine::Workflow const* workflowOf(std::string_view type) { return shownWith().workflowOf(type); }

std::string in(model::Label const& label, Language language) {
    return language == Language::Chinese ? label.zh : label.en;
}

/// The value of one field or column.
std::string cellText(model::Field const* field, json::Value const& value, office::Names const& names,
                     Language language) {
    if (auto const* boolean = value.asBool())
        return std::string(Text{*boolean ? "是" : "否", *boolean ? "yes" : "no"}.in(language));
    if (auto const* integer = value.asInteger()) return std::to_string(*integer);
    if (auto const* text = value.asString()) {
        if (!field) return cleanLines(*text);
        if (field->kind == model::FieldKind::Choice) {
            for (std::size_t i = 0; i < field->choices.size() && i < field->choiceLabels.size(); ++i) {
                if (field->choices[i] == *text) return in(field->choiceLabels[i], language);
            }
        }
        if (field->kind == model::FieldKind::Unit) {
            std::string const name = names.unit(*text);
            return name == *text ? clean(*text) : clean(name) + " (" + clean(*text) + ")";
        }
        if (field->kind == model::FieldKind::Person) {
            if (auto const person = PersonId::parse(*text)) return clean(names.person(*person));
        }
        return cleanLines(*text);
    }
    if (auto const* object = value.asObject()) {
        if (auto const* document = json::stringAt(*object, "doc")) {
            auto const* scope = json::stringAt(*object, "scope");
            auto const* school = json::stringAt(*object, "school");  // of another college
            return (school ? shortId(*school) + " " : "") + (scope ? clean(*scope) + " " : "") + shortId(*document);
        }
        std::string line;
        for (auto const& [key, member] : *object) {
            auto const* column = field ? field->column(key) : nullptr;
            std::string const label = column ? in(column->label, language) : key;
            line += (line.empty() ? "" : "  ") + (key == "id" ? "" : label + ": ") +
                    clean(cellText(column, member, names, language));
        }
        return line;
    }
    std::string joined;
    for (auto const& element : *value.asArray()) {
        bool const plain = element.asString() != nullptr;
        if (!joined.empty()) joined += plain ? listMark(language) : "\n";
        joined += cellText(plain ? nullptr : field, element, names, language);
    }
    return joined;
}

}  // namespace

Positional documentId() {
    return {"ID", {"文档编号，至少前 4 位；或 范围:编号", "id of the document, 4 digits or more; or SCOPE:ID"}};
}

std::string_view listMark(Language language) noexcept { return Text{"、", ", "}.in(language); }

std::string shortId(std::string_view hex) { return std::string(hex.substr(0, kShortDigits)); }

std::string localTime(Instant instant) {
    std::time_t const seconds = std::chrono::floor<std::chrono::seconds>(instant).time_since_epoch().count();
    std::tm local{};
    localtime_r(&seconds, &local);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", &local);
    return text;
}

std::string ageText(Instant then, Instant now, Language language) {
    using namespace std::chrono;
    auto const minutes = floor<std::chrono::minutes>(now - then).count();
    auto const told = [&](std::int64_t number, Text unit) {
        return std::to_string(number) + std::string(unit.in(language));
    };
    if (minutes < -60) return std::string(Text{"在将来（时钟可疑）", "in the future (clock?)"}.in(language));
    if (minutes < 2) return std::string(Text{"刚刚", "just now"}.in(language));
    if (minutes < 120) return told(minutes, {" 分钟前", " min ago"});
    if (minutes < 48 * 60) return told(minutes / 60, {" 小时前", " h ago"});
    return told(minutes / (24 * 60), {" 天前", " days ago"});
}

std::string dayText(std::optional<Day> const& day) { return day ? toText(*day) : "-"; }

void showWith(office::Definitions const& definitions) {
    // Labels are looked up often and change with a college: a copy, which lives as long as they are asked for.
    shownWith() = definitions;
}

std::string typeText(std::string_view type, Language language) {
    auto const* known = shownWith().type(type);
    return known ? in(known->label, language) : std::string(type);
}

std::string stateText(std::string_view type, std::string_view state, Language language) {
    if (auto const* workflow = workflowOf(type)) {
        if (auto const* known = workflow->state(state)) return in(known->label, language);
    }
    return lookUp(kStates, state, language);
}

std::string actionText(std::string_view type, std::string_view action, Language language) {
    if (auto const* workflow = workflowOf(type)) {
        if (auto const* known = workflow->action(action)) return in(known->label, language);
    }
    return lookUp(kKinds, action, language);
}

std::string fieldText(model::DocumentType const* type, std::string_view field, Language language) {
    auto const* known = type ? type->find(field) : nullptr;
    return known ? in(known->label, language) : std::string(field);
}

std::string kindText(std::string_view kind, Language language) {
    if (!isVersionedName(kind)) return clean(kind);
    std::string_view const name = nameWithoutVersion(kind);
    std::string const told = lookUp(kKinds, name, language);
    if (told != name) return told;
    for (auto const* type : shownWith().types().all()) {
        if (type->name == kind) return in(type->label, language);
        std::string const action = actionText(type->name, name, language);
        if (action != name) return action;
    }
    return std::string(name);
}

std::string scopeText(Scope const& scope, office::Names const& names, Language language) {
    if (scope.isCollege()) return std::string(Text{"全校", "college"}.in(language));
    if (scope.isRegistry()) return std::string(Text{"注册簿", "registry"}.in(language));
    if (scope.isUnit()) return clean(names.unit(scope.name()));
    return scope.text();
}

std::string roleText(trust::Role const& role, office::Names const& names, Language language) {
    return lookUp(kRoles, role.name, language) + "@" + scopeText(role.scope, names, language);
}

std::string countText(replica::Count count, Language language) {
    static constexpr Named counts[] = {
        {"current", {"现行", "current"}},         {"superseded", {"已被取代", "superseded"}},
        {"different", {"不同版本", "different"}}, {"pending", {"待定", "pending"}},
        {"quarantined", {"隔离", "quarantined"}}, {"redacted", {"已遮盖", "redacted"}},
    };
    return lookUp(counts, nameOf(count), language);
}

std::string personText(PersonId const& person, office::Names const& names) { return clean(names.person(person)); }

std::string valueText(model::DocumentType const* type, std::string_view field, json::Value const& value,
                      office::Names const& names, Language language) {
    return cellText(type ? type->find(field) : nullptr, value, names, language);
}

Result<std::vector<std::pair<std::string, std::string>>> settings(std::vector<std::string> const& texts) {
    std::vector<std::pair<std::string, std::string>> all;
    for (auto const& text : texts) {
        auto const equals = text.find('=');
        if (equals == std::string::npos || equals == 0) return makeError(ErrorCode::Usage, "usage.set", text);
        all.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    }
    return all;
}

Result<Scope> scopeFrom(std::string_view text) {
    if (auto scope = Scope::parse(text)) return *scope;
    if (isNameToken(text)) return Scope::unit(text);
    return makeError(ErrorCode::Usage, "usage.scope", std::string(text));
}

Result<Day> dayFrom(std::string_view text) {
    if (auto day = parseDay(text)) return *day;
    return makeError(ErrorCode::Usage, "usage.day", std::string(text));
}

Json dayJson(std::optional<Day> const& day) { return day ? Json(toText(*day)) : Json(); }
Json timeJson(std::optional<Instant> const& instant) { return instant ? Json(toText(*instant)) : Json(); }

Json toJson(replica::ListedDocument const& listed, office::Names const& names) {
    auto const& row = listed.row;
    Json heads = Json::array();
    for (auto const& head : row.heads) heads.add(head.hex());
    Json told = Json::object();
    told.set("id", listed.doc.hex()).set("scope", listed.scope.text()).set("type", row.type).set("title", row.title);
    told.set("state", row.state)
        .set("owner", row.owner)
        .set("owner_name", names.unit(row.owner))
        .set("due", dayJson(row.due));
    told.set("closed", row.closed)
        .set("disputed", row.disputed)
        .set("changed_after", row.changedAfter)
        .set("round", row.round);
    told.set("failed_rounds", row.failedRounds).set("differences", row.differences).set("heads", std::move(heads));
    told.set("last_action", timeJson(row.lastAction));
    return told;
}

Json toJson(replica::ItemRow const& item, office::Names const& names) {
    Json told = Json::object();
    told.set("id", item.item.id.hex()).set("sort", item.item.kind == trust::Item::Kind::Record ? "record" : "revision");
    told.set("kind", item.kind)
        .set("scope", item.scope.text())
        .set("document", item.doc ? Json(item.doc->hex()) : Json());
    told.set("of", item.of ? Json(item.of->hex()) : Json()).set("person", item.person.text());
    told.set("person_name", names.person(item.person)).set("device", item.device.hex()).set("time", toText(item.time));
    told.set("frame", item.frame.hex())
        .set("count", nameOf(item.count))
        .set("verdict", item.verdict)
        .set("reason", item.reason);
    told.set("about", item.about);
    return told;
}

Json toJson(transport::Withheld const& withheld) {
    Json told = Json::object();
    told.set("frame", withheld.frame.hex()).set("scope", withheld.scope.text());
    told.set("server", withheld.server.hex()).set("receipt", withheld.receipt.hex());
    return told;
}

Json toJson(transport::TwoViews const& views) {
    Json told = Json::object();
    told.set("server", views.server.hex()).set("scope", views.scope.text());
    return told;
}

Json toJson(protocol::Proposed const& answer) {
    Json told = Json::object();
    told.set("entry", answer.entry ? Json(answer.entry->hex()) : Json()).set("reason", answer.reason).set("about", answer.about);
    return told;
}

Json toJson(replica::DifferenceRow const& difference, office::Names const& names) {
    Json told = Json::object();
    told.set("field", difference.field).set("element", difference.element);
    auto const parsed = json::parse(difference.sides);
    auto const* all = parsed ? parsed->asObject() : nullptr;
    auto const* base = all ? all->find("base") : nullptr;
    told.set("base", base ? Json(*base) : Json());
    Json sides = Json::array();
    if (auto const* list = all ? json::arrayAt(*all, "sides") : nullptr) {
        int number = 0;
        for (auto const& each : *list) {
            auto const& side = *each.asObject();
            Json shown = Json::object();
            shown.set("take", ++number);
            auto const* value = side.find("value");
            shown.set("value", value ? Json(*value) : Json()).set("absent", value == nullptr);
            Json writers = Json::array();
            if (auto const* by = json::arrayAt(side, "writers")) {
                for (auto const& one : *by) {
                    auto const& writer = *one.asObject();
                    auto const text = [&](std::string_view key) {
                        auto const* found = json::stringAt(writer, key);
                        return found ? *found : std::string();
                    };
                    Json told1 = Json::object();
                    auto const person = PersonId::parse(text("person"));
                    told1.set("revision", text("revision")).set("person", text("person"));
                    told1.set("person_name", person ? names.person(*person) : "")
                        .set("device", text("device"))
                        .set("time", text("t"));
                    writers.add(std::move(told1));
                }
            }
            shown.set("writers", std::move(writers));
            sides.add(std::move(shown));
        }
    }
    told.set("sides", std::move(sides));
    return told;
}

namespace {

/// The view keeps a hash in the place of a value that is too long or too deep to be repeated.
bool standsForLong(json::Value const& value) {
    auto const* object = value.asObject();
    return object && object->size() == 1 && json::stringAt(*object, "sha256");
}

}  // namespace

void showDifference(Job& job, model::DocumentType const* type, replica::DifferenceRow const& difference,
                    office::Names const& names) {
    std::string title = fieldText(type, difference.field, job.language()) + " (" + clean(difference.field);
    if (!difference.element.empty()) title += "/" + clean(difference.element);
    job.heading(std::string(job.say({"不同版本：", "Different versions: "})) + title + ")");
    auto const parsed = json::parse(difference.sides);
    auto const* all = parsed ? parsed->asObject() : nullptr;
    if (!all) return;
    auto const show = [&](json::Value const* value, std::string const& indent, std::string const& revision = {}) {
        std::string text = value ? valueText(type, difference.field, *value, names, job.language())
                                 : std::string(job.say({"（没有）", "(absent)"}));
        if (value && standsForLong(*value)) {
            text = job.say({"（太长或太深，不在这里显示）", "(too long or too deep to be shown here)"});
            if (!revision.empty()) text += "  spiral record show " + shortId(revision) + " --raw";
        }
        std::size_t const width = job.width() > indent.size() + 20 ? job.width() - indent.size() : 100;
        for (auto const& part : wrapped(text, width)) job.line(indent + part);
    };
    if (auto const* base = all->find("base")) {
        job.line(job.say({"  共同的前文：", "  before both: "}));
        show(base, "      ");
    }
    auto const* sides = json::arrayAt(*all, "sides");
    if (!sides) return;
    int number = 0;
    for (auto const& each : *sides) {
        auto const& side = *each.asObject();
        std::string by, writer;
        if (auto const* writers = json::arrayAt(side, "writers")) {
            for (auto const& one : *writers) {
                auto const& told = *one.asObject();
                auto const text = [&](std::string_view key) {
                    auto const* found = json::stringAt(told, key);
                    return found ? *found : std::string();
                };
                if (writer.empty()) writer = text("revision");
                auto const person = PersonId::parse(text("person"));
                auto const device = DeviceId::fromHex(text("device"));
                auto const time = parseInstant(text("t"));
                by += (by.empty() ? "" : "; ") + (person ? personText(*person, names) : "?");
                if (device) by += std::string(job.say({"，设备 ", ", device "})) + clean(names.device(*device));
                if (time) by += std::string(job.say({"，", ", "})) + localTime(*time);
            }
        }
        job.line("  " + job.bold(std::to_string(++number)) + "  " + by);
        show(side.find("value"), "      ", writer);
    }
}

void tellAssignment(Job& job, office::Office& office, office::Assignment const& assignment) {
    auto const shown = office.view().document(assignment.document);
    Json told = Json::object();
    told.set("id", assignment.document.doc.hex())
        .set("scope", assignment.document.scope.text())
        .set("revision", assignment.revision ? Json(assignment.revision->hex()) : Json());
    told.set("draft", assignment.draft).set("state", shown ? shown->row.state : std::string());
    told.set("still_open", Json::array(assignment.stillOpen)).set("differences", shown ? shown->row.differences : 0);
    job.answer(told);
    std::string const id = office.shortName(assignment.document);
    if (!assignment.stillOpen.empty()) {
        job.tell({"选择已记在草稿里。还要决定：", "The choice is kept in the draft. Still to decide:"});
        for (auto const& open : assignment.stillOpen)
            job.line("  spiral doc resolve " + id + " " + clean(open) + " --take N");
    } else if (assignment.draft) {
        job.tell({"草稿已保存在本机：{id}。定稿：spiral doc seal {id}",
                  "Draft kept on this device: {id}. To seal it: spiral doc seal {id}"},
                 {{"id", id}});
    } else {
        job.tell({"已保存：{id}（版本 {revision}）", "Saved: {id} (revision {revision})"},
                 {{"id", id}, {"revision", assignment.revision ? shortId(*assignment.revision) : ""}});
        if (shown && shown->row.differences > 0) {
            job.tell({"此文档仍有 {n} 处不同版本：spiral doc differences {id}",
                      "It still has {n} open difference(s): spiral doc differences {id}"},
                     {{"n", std::to_string(shown->row.differences)}, {"id", id}});
        }
    }
}

}  // namespace spiral::cli
