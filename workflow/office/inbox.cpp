#include "office/inbox.h"

#include "base/sha256.h"
#include "grants.h"
#include "office/fields.h"
#include "office/quality_list.h"
#include "office/signing_rules.h"
#include "office/yearly.h"
#include "office/units.h"
#include "projector.h"
#include "responsible.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace spiral::office {

namespace {

constexpr std::string_view kReadNote = "inbox-read", kDigestNote = "digest-last";
constexpr std::size_t kIdDigits = 16;
constexpr std::size_t kPrefixMin = 4;

bool contains(std::vector<std::string> const& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

std::string idOf(InboxKind kind, std::vector<std::string> const& parts) {
    std::string text(nameOf(kind));
    for (auto const& part : parts) text += "\n" + part;
    return sha256(asBytes(text)).hex().substr(0, kIdDigits);
}

/// Decisions about what was submitted that are possible from this state.
std::vector<std::string> verdictsFrom(engine::Workflow const& workflow, std::string_view state) {
    std::vector<std::string> names;
    for (auto const& action : workflow.actions) {
        if (action.decision && action.guard("same-revision") && contains(action.from, state))
            names.push_back(action.name);
    }
    return names;
}

/// Whether a verdict that opens the next round leads to this state.
bool isCameBack(engine::Workflow const& workflow, std::string_view state) {
    return std::any_of(workflow.actions.begin(), workflow.actions.end(),
                       [&](engine::Action const& action) { return action.newRound && action.to == state; });
}

/// The fields that a reason names, each at the start of a line or clause and followed by a colon: by label or by name.
std::vector<std::string> fieldsNamedIn(model::DocumentType const& type, std::string_view reason) {
    std::vector<std::string> named;
    for (auto const& field : type.fields) {
        for (std::string_view const name :
             {std::string_view(field.label.zh), std::string_view(field.label.en), std::string_view(field.name)}) {
            for (std::string_view const colon : {"：", ":"}) {
                std::string const wanted = std::string(name) + std::string(colon);
                auto const at = reason.find(wanted);
                if (at == std::string_view::npos) continue;
                std::string_view const before = reason.substr(0, at);
                bool const begins = before.empty() || before.ends_with("\n") || before.ends_with("；") ||
                                    before.ends_with("。") || before.ends_with("; ") || before.ends_with(";");
                if (begins && !contains(named, field.name)) named.push_back(field.name);
            }
        }
    }
    return named;
}

bool isDeclaredDone(replica::ListedDocument const& listed) {
    auto const summary = json::parse(listed.row.summary);
    auto const* object = summary ? summary->asObject() : nullptr;
    auto const* declared = object ? json::stringAt(*object, "declared_done") : nullptr;
    return declared && *declared == "imported";
}

/// Gathers the entries of one person.
class Gathering {
public:
    Gathering(Office& office, PersonId const& me, Day today)
        : m_office(office),
          m_me(me),
          m_today(today),
          m_grants(grantsInForce(office, me)),
          m_organisation(organisationOf(office)) {
        for (auto const& grant : m_grants) {
            if (grant.role.scope.isUnit()) m_units.insert(std::string(grant.role.scope.name()));
            if (grant.role.scope.isUnit() && grant.role.name == "head") m_heads.emplace(grant.role.scope.name());
            if (grant.actingFor) m_actingFor.insert(*grant.actingFor);
            m_quality = m_quality || (grant.role.name == "quality" && grant.role.scope.isCollege());
        }
        m_actingFor.insert(me);
    }

    std::vector<InboxEntry> entries() {
        for (auto const& unit : m_units) ofUnit(unit);
        ownOfCollege();
        toSign();
        warnings();
        std::sort(m_entries.begin(), m_entries.end(), [](InboxEntry const& a, InboxEntry const& b) {
            Day const never = *parseDay("9999-12-31"), dueA = a.due.value_or(never), dueB = b.due.value_or(never);
            if (a.kind != b.kind) return a.kind < b.kind;
            if (dueA != dueB) return dueA < dueB;
            return std::tie(a.title, a.id) < std::tie(b.title, b.id);
        });
        return std::move(m_entries);
    }

private:
    InboxEntry entryFor(InboxKind kind, replica::ListedDocument const& listed) const {
        InboxEntry entry;
        entry.kind = kind;
        entry.document = listed.key();
        entry.type = listed.row.type;
        entry.title = listed.row.title;
        entry.owner = listed.row.owner;
        entry.state = listed.row.state;
        entry.due = listed.row.due;
        if (entry.due) entry.daysLeft = engine::daysBetween(m_today, *entry.due);
        entry.id = idOf(kind, {listed.key().text(), entry.state, std::to_string(listed.row.round),
                               entry.due ? toText(*entry.due) : "-"});
        return entry;
    }

    void ofUnit(std::string const& unit) {
        replica::ListFilter filter;
        filter.owner = unit;
        filter.openOnly = true;
        for (auto const& listed : m_office.list(filter)) one(listed, true);
    }

    /// Documents of the whole college that answer to no unit: they are their authors'.
    void ownOfCollege() {
        replica::ListFilter filter;
        filter.scope = Scope::college();
        filter.openOnly = true;
        for (auto const& listed : m_office.list(filter)) {
            if (listed.row.owner.empty()) one(listed, false);
        }
    }

    void one(replica::ListedDocument const& listed, bool ofMyUnit) {
        auto const* workflow = m_office.definitions().workflowOf(listed.row.type);
        if (!workflow) return;
        auto const items = m_office.view().items(listed.key());
        bool const wroteIt = std::any_of(items.begin(), items.end(), [&](replica::ItemRow const& item) {
            return item.person == m_me && (item.item.kind == trust::Item::Kind::Revision || item.kind == "submit.v1");
        });
        auto const inCharge = personInCharge(m_office, listed);
        bool const mine = inCharge ? *inCharge == m_me : ofMyUnit || wroteIt;
        if (listed.row.differences > 0 && (mine || wroteIt)) {
            InboxEntry entry = entryFor(InboxKind::Warning, listed);
            entry.code = "inbox.differences";
            m_entries.push_back(std::move(entry));
        }
        if (mine) messages(listed, items);
        if (!inCharge && m_heads.contains(listed.row.owner)) withoutOwner(listed);
        if (isDeclaredDone(listed)) return;
        if (listed.row.round > 1 && isCameBack(*workflow, listed.row.state)) {
            if (mine || wroteIt) returned(listed, *workflow, items);
            return;
        }
        // What was submitted waits for others, though it could be submitted anew.
        bool const waits = !verdictsFrom(*workflow, listed.row.state).empty();
        bool const asked = listed.row.due || wroteIt || workflow->dueFixed;
        if (mine && asked && !waits) m_entries.push_back(entryFor(InboxKind::ToDo, listed));
    }

    /// Given to somebody who may not work there any more: the head is told, until it is somebody's again.
    void withoutOwner(replica::ListedDocument const& listed) {
        auto const gone = personNamed(m_office, listed);
        if (!gone) return;
        InboxEntry entry = entryFor(InboxKind::Warning, listed);
        entry.code = "inbox.without-owner";
        entry.id = idOf(entry.kind, {entry.code, listed.key().text(), gone->text()});
        entry.about = {gone->text()};
        entry.from = gone;
        m_entries.push_back(std::move(entry));
    }

    void returned(replica::ListedDocument const& listed, engine::Workflow const& workflow,
                  std::vector<replica::ItemRow> const& items) {
        InboxEntry entry = entryFor(InboxKind::Returned, listed);
        std::optional<engine::Act> last;
        for (auto const& item : items) {
            auto const* action = item.kind.ends_with(".v1") ? workflow.action(nameWithoutVersion(item.kind)) : nullptr;
            if (!action || !action->newRound || action->to != listed.row.state || !takesPart(item)) continue;
            auto act = actOf(m_office, item.item.id);
            if (act && (!last || std::tie(last->time, last->id) < std::tie(act->time, act->id))) last = std::move(act);
        }
        if (last) {
            entry.reason = last->comment;
            entry.from = last->by.person;
            entry.at = last->time;
            if (auto const* type = m_office.definitions().type(listed.row.type)) {
                entry.fields = fieldsNamedIn(*type, entry.reason);
            }
        }
        m_entries.push_back(std::move(entry));
    }

    void messages(replica::ListedDocument const& listed, std::vector<replica::ItemRow> const& items) {
        for (auto const& item : items) {
            bool const told = item.kind == "remind.v1" || item.kind == "assign.v1" || item.kind == "extend.v1";
            if (!told || item.person == m_me || !takesPart(item)) continue;
            auto const act = actOf(m_office, item.item.id);
            if (!act) continue;
            InboxEntry entry = entryFor(InboxKind::Message, listed);
            entry.id = idOf(InboxKind::Message, {item.item.id.hex()});
            entry.code = act->action;
            entry.reason = act->comment;
            entry.due = act->until ? act->until : entry.due;
            if (entry.due) entry.daysLeft = engine::daysBetween(m_today, *entry.due);
            entry.from = act->by.person;
            entry.at = act->time;
            m_entries.push_back(std::move(entry));
        }
    }

    void toSign() {
        std::set<std::string> kinds;
        for (auto const* type : m_office.definitions().types().all()) {
            auto const* workflow = m_office.definitions().workflowOf(type->name);
            if (!workflow) continue;
            for (auto const& action : workflow->actions) {
                if (action.decision && action.guard("same-revision")) kinds.insert(action.name);
            }
        }
        auto const& registry = m_office.registry();
        auto const& policy = registry.policy(registry.head().seq);
        bool const decides = std::any_of(kinds.begin(), kinds.end(), [&](std::string const& kind) {
            auto const* rule = policy.find(kind);
            return rule && std::any_of(m_grants.begin(), m_grants.end(), [&](trust::Grant const& grant) {
                       return contains(rule->roles, grant.role.name);
                   });
        });
        if (!decides) return;
        replica::ListFilter filter;
        filter.openOnly = true;
        filter.withHeads = false;
        // Thousands of documents stand in a few states.
        std::map<std::pair<std::string, std::string>, std::vector<std::string>> verdicts;
        for (auto const& listed : m_office.list(filter)) {
            auto const [known, isNew] = verdicts.try_emplace({listed.row.type, listed.row.state});
            if (isNew) {
                auto const* workflow = m_office.definitions().workflowOf(listed.row.type);
                if (workflow) known->second = verdictsFrom(*workflow, listed.row.state);
            }
            if (known->second.empty()) continue;
            auto actions = known->second;
            std::erase_if(actions,
                          [&](auto const& kind) { return !rolesAllow(m_office, m_grants, kind, listed.scope); });
            if (actions.empty()) continue;
            bool const author = isAuthor(listed);
            if (author) eraseWhatWouldNotStand(listed, actions);
            if (!actions.empty()) eraseWhatIsRefused(listed, author, actions);
            if (actions.empty()) continue;
            InboxEntry entry = entryFor(InboxKind::ToSign, listed);
            entry.actions = std::move(actions);
            if (!listed.row.lastActor.empty()) entry.from = PersonId::parse(listed.row.lastActor);
            entry.at = listed.row.lastAction;
            m_entries.push_back(std::move(entry));
        }
    }

    /// Whether this person, or somebody she acts for, wrote or submitted any of it: then authority is asked.
    bool isAuthor(replica::ListedDocument const& listed) const {
        auto const items = m_office.view().items(listed.key());
        return std::any_of(items.begin(), items.end(), [&](replica::ItemRow const& item) {
            bool const work = item.item.kind == trust::Item::Kind::Revision || item.kind == "submit.v1";
            return work && m_actingFor.contains(item.person);
        });
    }

    void eraseWhatWouldNotStand(replica::ListedDocument const& listed, std::vector<std::string>& actions) const {
        auto const facts = m_office.view().facts(listed.key());
        auto const standing = facts ? read(*facts, m_office.definitions()).standing : engine::Standing();
        std::erase_if(actions, [&](std::string const& kind) {
            return !standing.revision || !wouldStand(m_office, *facts, *standing.revision, kind, m_me, m_grants);
        });
    }

    /// What the organisation would refuse before the signature: of a body's decision all but its head, of her own
    /// power's work its author or submitter.
    void eraseWhatIsRefused(replica::ListedDocument const& listed, bool author,
                            std::vector<std::string>& actions) const {
        bool const organised = !m_organisation.powers.empty() || !m_organisation.bodies.empty();
        auto const* type = organised ? m_office.definitions().type(listed.row.type) : nullptr;
        if (!type || !(author || type->find("body"))) return;
        auto const facts = m_office.view().facts(listed.key());
        auto const standing = facts ? read(*facts, m_office.definitions()).standing : engine::Standing();
        if (!standing.revision) return;
        std::erase_if(actions, [&](std::string const& action) {
            return !maySign(m_office, m_organisation, listed.key(), action, *standing.revision);
        });
    }

    void warn(std::string code, std::vector<std::string> about) {
        InboxEntry entry;
        entry.kind = InboxKind::Warning;
        entry.code = std::move(code);
        std::vector<std::string> parts{entry.code};
        parts.insert(parts.end(), about.begin(), about.end());
        entry.id = idOf(entry.kind, parts);
        entry.about = std::move(about);
        m_entries.push_back(std::move(entry));
    }

    void warnings() {
        auto const status = m_office.status();
        for (auto const& advice : status.advice) {
            // These stand here one by one, where they concern this person.
            bool const each = advice == "differences" || advice == "quarantined" || advice == "drafts-stranded";
            if (!each) warn("advice." + advice, {});
        }
        for (auto const& draft : strandedDrafts(m_office)) {
            InboxEntry entry;
            entry.kind = InboxKind::Warning;
            entry.code = "inbox.draft-stranded";
            entry.id = idOf(entry.kind, {entry.code, draft.key().text()});
            entry.document = draft.key();
            entry.type = draft.type;
            entry.title = textOf(draft.fields, "title");
            entry.at = draft.saved;
            m_entries.push_back(std::move(entry));
        }
        for (auto const& item : m_office.view().items(replica::Count::Quarantined)) {
            if (item.person != m_me) continue;
            InboxEntry entry;
            entry.kind = InboxKind::Warning;
            entry.id = idOf(entry.kind, {"quarantined", item.item.id.hex(), item.reason});
            entry.code = item.reason;
            entry.about = {item.item.id.hex()};
            entry.document = item.key();
            entry.at = item.time;
            m_entries.push_back(std::move(entry));
        }
        auto const rules = deadlineRules(m_office);
        if (rules.problem) warn(rules.problem->reason, {rules.problem->detail});
        if (!m_quality) return;
        std::vector<std::string> stale;
        for (auto const& unit : status.ages) {
            if (dataAge(m_office, unit, m_today, rules.rules).stale) stale.push_back(unit.unit);
        }
        if (!stale.empty()) warn("inbox.stale-units", std::move(stale));
        breaches();
        road(rules.rules);
    }

    /// What was signed against the organisation, past the question that is asked before.
    void breaches() {
        for (auto const& remark : breachesOf(m_office, m_organisation)) {
            for (auto const& document : m_office.view().find(remark.place)) {
                auto const listed = m_office.view().document(document);
                if (!listed) continue;
                InboxEntry entry = entryFor(InboxKind::Warning, *listed);
                entry.id = idOf(entry.kind, {remark.code, document.text(), remark.text});
                entry.code = remark.code;
                entry.reason = remark.text;
                m_entries.push_back(std::move(entry));
            }
        }
    }

    /// Steps of the yearly road: nobody has begun a document of theirs.
    void road(engine::DeadlineRules const& rules) {
        int const before = rules.before.empty() ? 0 : *std::max_element(rules.before.begin(), rules.before.end());
        for (auto const& step : roadDue(m_office, m_organisation, m_today, before)) {
            InboxEntry entry;
            entry.kind = InboxKind::ToDo;
            entry.type = "yearly-step.v1";
            entry.title = std::to_string(step.year) + " " + step.step;
            entry.code = "road.due";
            entry.about = {step.step};
            entry.due = step.due;
            if (entry.due) entry.daysLeft = engine::daysBetween(m_today, *entry.due);
            entry.id = idOf(entry.kind, {entry.code, entry.title});
            m_entries.push_back(std::move(entry));
        }
    }

    Office& m_office;
    PersonId m_me;
    Day m_today;
    std::vector<trust::Grant> m_grants;
    Organisation m_organisation;
    std::set<std::string> m_units, m_heads;
    std::set<PersonId> m_actingFor;
    bool m_quality = false;
    std::vector<InboxEntry> m_entries;
};

std::set<std::string> readIds(Office& office) {
    std::set<std::string> ids;
    auto const list = json::parse(office.replica().note(kReadNote).value_or("[]"));
    if (!list || !list->asArray()) return ids;
    for (auto const& each : *list->asArray()) {
        if (auto const* id = each.asString()) ids.insert(*id);
    }
    return ids;
}

/// Marks these of the entries that are there; what was marked and is gone is let go.
int mark(Office& office, Inbox const& inbox, std::set<std::string> const& fresh) {
    json::Array kept;
    int marked = 0;
    std::set<std::string> once;
    for (auto const& entry : inbox.entries) {
        bool const now = fresh.contains(entry.id);
        if (!(now || entry.read) || !once.insert(entry.id).second) continue;
        marked += !entry.read;
        kept.emplace_back(entry.id);
    }
    office.replica().setNote(kReadNote, json::encode(json::Value(std::move(kept))));
    return marked;
}

/// Everybody who may hear of a deadline, with the roles in force.
std::vector<engine::Listener> listenersOf(Office& office) {
    std::vector<engine::Listener> listeners;
    for (auto const& person : office.registry().persons()) {
        auto const grants = grantsInForce(office, person);
        if (grants.empty()) continue;  // who left hears nothing, and her unit does
        engine::Listener listener;
        listener.person = person.text();
        for (auto const& grant : grants) {
            auto const& role = grant.role;
            if (role.name == "quality" && role.scope.isCollege()) listener.quality = true;
            if (!role.scope.isUnit()) continue;
            (role.name == "head" ? listener.heads : listener.worksIn).emplace_back(role.scope.name());
        }
        listeners.push_back(std::move(listener));
    }
    return listeners;
}

}  // namespace

std::string_view nameOf(InboxKind kind) noexcept {
    switch (kind) {
        case InboxKind::Returned: return "returned";
        case InboxKind::ToDo: return "to-do";
        case InboxKind::ToSign: return "to-sign";
        case InboxKind::Message: return "message";
        case InboxKind::Warning: return "warning";
    }
    return "";
}

Result<Inbox> inbox(Office& office, Day today) {
    auto const me = office.replica().person();
    if (!me) return makeError(ErrorCode::WrongState, "device.not-enrolled");
    Inbox inbox;
    inbox.today = today;
    inbox.entries = Gathering(office, *me, today).entries();
    auto const read = readIds(office);
    for (auto& entry : inbox.entries) {
        entry.read = read.contains(entry.id);
        inbox.unread += !entry.read;
    }
    return inbox;
}

Result<int> markRead(Office& office, std::vector<std::string> const& ids, Day today) {
    auto const now = inbox(office, today);
    if (!now) return now.error();
    std::set<std::string> wanted;
    for (auto const& text : ids) {
        std::set<std::string> found;
        for (auto const& entry : now->entries) {
            if (text.size() >= kPrefixMin && entry.id.starts_with(text)) found.insert(entry.id);
        }
        if (found.empty()) return makeError(ErrorCode::NotFound, "inbox.missing", text);
        if (found.size() > 1) return makeError(ErrorCode::Usage, "id.ambiguous", text);
        wanted.insert(*found.begin());
    }
    return mark(office, *now, wanted);
}

Result<int> markAllRead(Office& office, Day today) {
    auto const now = inbox(office, today);
    if (!now) return now.error();
    std::set<std::string> all;
    for (auto const& entry : now->entries) all.insert(entry.id);
    return mark(office, *now, all);
}

Result<DigestShown> digest(Office& office, Instant now) {
    auto const me = office.replica().person();
    if (!me) return makeError(ErrorCode::WrongState, "device.not-enrolled");
    auto const rules = deadlineRules(office).rules;
    auto const last = parseDay(office.replica().note(kDigestNote).value_or(""));
    DigestShown shown;
    shown.from = engine::nextDigest(last, now, rules);
    shown.day = engine::dayAt(shown.from, rules.zone);
    if (shown.from > now) return shown;

    std::map<std::string, TaskLine> tasks;
    std::vector<engine::DeadlineLine> lines;
    Office::TaskFilter everything;
    everything.allWork = true;
    for (auto& task : office.tasks(everything, shown.day)) {
        engine::DeadlineLine line;
        line.id = task.key().text();
        line.unit = task.owner;
        line.due = task.due;
        line.closed = task.closed || task.state == "declared-done";
        lines.push_back(line);
        tasks.emplace(line.id, std::move(task));
    }
    auto const listeners = listenersOf(office);
    std::set<std::string> inhabited, mine;
    for (auto const& listener : listeners) {
        for (auto const* units : {&listener.worksIn, &listener.heads}) {
            inhabited.insert(units->begin(), units->end());
            if (listener.person == me->text()) mine.insert(units->begin(), units->end());
        }
    }
    auto reminders = engine::remindersOf(lines, shown.day, rules, last);
    for (auto& reminder : reminders) {
        auto const& task = tasks.at(reminder.line);
        if (task.person) reminder.person = task.person->text();
        // Who stands in the field alone is looked up where it decides whether this person hears of it.
        bool const matters = mine.contains(reminder.unit) || !inhabited.contains(reminder.unit);
        if (reminder.audience != engine::Audience::Responsible || !matters) continue;
        auto const listed = office.view().document(task.key());
        auto const person = listed ? personInCharge(office, *listed) : std::nullopt;
        reminder.person = person ? person->text() : std::string();
    }
    for (auto& digest : engine::digestsOf(reminders, listeners)) {
        if (digest.person != me->text()) continue;
        for (auto& reminder : digest.reminders) {
            auto const& task = tasks.at(reminder.line);
            shown.lines.push_back({std::move(reminder), task.key(), task.title, task.ownerName});
        }
    }
    return shown;
}

void digestWasShown(Office& office, Day day) { office.replica().setNote(kDigestNote, toText(day)); }

}  // namespace spiral::office
