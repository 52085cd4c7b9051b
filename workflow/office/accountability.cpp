#include "office/accountability.h"

#include "grants.h"
#include "office/deadline_rules.h"
#include "office/fields.h"
#include "projector.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace spiral::office {

namespace {

bool isCancelled(std::string_view state) { return state == "cancelled" || state == "withdrawn" || state == kTakenBack; }

/// The document as it was at a moment: without what claims to be younger.
std::optional<replica::DocumentFacts> factsUntil(Office& office, DocumentKey const& document, Instant end) {
    auto facts = office.view().facts(document);
    if (!facts) return std::nullopt;
    std::erase_if(facts->rows, [&](trust::Row const& row) {
        if (auto const* revision = row.revision()) return revision->time.wall >= end;
        auto const* record = row.record();
        return record && record->time >= end;
    });
    bool const there =
        std::any_of(facts->rows.begin(), facts->rows.end(), [](trust::Row const& row) { return row.revision(); });
    return there ? facts : std::nullopt;
}

/// What of a line counts on that day.
struct Then {
    bool there = true, closed = false;
    std::string state;
    std::optional<Day> due;
    int round = 1, failedRounds = 0;
};

Then thenOf(Office& office, TaskLine const& task, Instant end, Day at) {
    Then then{true, task.closed, task.state, task.due, task.round, task.failedRounds};
    if (!task.begun) return then;
    bool const actedSince = task.lastAction && *task.lastAction >= end;
    bool const undoneNow = !task.closed && task.due && *task.due <= at;
    if (!actedSince && !undoneNow) return then;
    auto const facts = factsUntil(office, task.key(), end);
    then.there = facts.has_value();
    if (!facts) return then;
    auto const standing = read(*facts, office.definitions()).standing;
    return {true, standing.closed, standing.state, standing.due, standing.round, standing.failedRounds};
}

/// The fields of the revision that was submitted last; nothing if none was.
std::optional<json::Object> submitted(Office& office, DocumentShown const& shown) {
    auto const bytes =
        shown.standing.revision ? office.replica().revisionBytes(*shown.standing.revision) : std::nullopt;
    auto revision = bytes ? trust::decodeRevision(*bytes) : Result<trust::Revision>(Error{});
    if (!revision) return std::nullopt;
    return std::move(revision->fields);
}

struct Receipt {
    DocumentKey document, finding;
    std::string revision, state, by;
    std::optional<Instant> when;
};

/// Every receipt held, signed or begun.
std::vector<Receipt> receipts(Office& office) {
    std::vector<Receipt> all;
    replica::ListFilter filter;
    filter.type = "finding-receipt";
    for (auto const& listed : office.list(filter)) {
        auto const shown = office.show(listed.key());
        if (!shown || isCancelled(listed.row.state)) continue;
        auto const fields =
            listed.row.state == "received" ? submitted(office, *shown) : std::optional(shown->merged.fields);
        auto const* finding = fields ? json::objectAt(*fields, "finding") : nullptr;
        auto const doc = finding ? DocumentId::fromHex(textOf(*finding, "doc")) : std::nullopt;
        auto const scope = finding ? Scope::parse(textOf(*finding, "scope")) : std::nullopt;
        if (!doc || !scope) continue;
        all.push_back({listed.key(),
                       {*scope, *doc},
                       textOf(*finding, "revision"),
                       listed.row.state,
                       listed.row.lastActor,
                       listed.row.lastAction});
    }
    return all;
}

void note(FindingRoute& route, FindingLine const& line, std::vector<Receipt> const& all) {
    for (auto const& receipt : all) {
        // Only the unit itself receives: what another wrote in its own scope says nothing about this one.
        bool const ofUnit = isNameToken(route.unit) && receipt.document.scope == Scope::unit(route.unit);
        if (!ofUnit || receipt.finding != line.document || receipt.state != "received") continue;
        bool const current = receipt.revision == line.revision.hex();
        route.outdated = route.outdated || !current;
        if (!current || (route.received && route.when <= receipt.when)) continue;
        route.received = true;
        route.receipt = receipt.document;
        route.by = receipt.by;
        route.when = receipt.when;
    }
    if (route.received) route.outdated = false;
}

std::optional<FindingLine> findingOf(Office& office, replica::ListedDocument const& listed,
                                     std::vector<Receipt> const& all) {
    auto const shown = office.show(listed.key());
    if (!shown || listed.row.state != "routed") return std::nullopt;
    auto const fields = submitted(office, *shown);
    if (!fields) return std::nullopt;
    FindingLine line;
    line.document = listed.key();
    line.title = textOf(*fields, "title");
    line.text = textOf(*fields, "text");
    line.source = textOf(*fields, "source");
    line.state = listed.row.state;
    line.due = parseDay(textOf(*fields, "due"));
    line.revision = *shown->standing.revision;
    line.withoutTask = json::objectAt(*fields, "task") == nullptr;
    auto const now = office.replica().world().wall.now();
    auto const* routes = json::arrayAt(*fields, "routes");
    for (auto const& each : routes ? *routes : json::Array()) {
        if (!each.asObject()) continue;
        FindingRoute route;
        route.system = textOf(*each.asObject(), "system");
        route.unit = textOf(*each.asObject(), "unit");
        route.unitName = office.names().unit(route.unit);
        note(route, line, all);
        route.hidden = !route.received && isNameToken(route.unit) &&
                       !office.registry().mayRead(office.replica().device(), Scope::unit(route.unit), now);
        line.routes.push_back(std::move(route));
    }
    return line;
}

}  // namespace

Undone undoneAt(Office& office, Day at, std::optional<std::string> const& unit) {
    Undone undone;
    undone.at = at;
    auto const zone = deadlineRules(office).rules.zone;
    Instant const end = Instant(std::chrono::sys_days(engine::addDays(at, 1))) - zone;
    Office::TaskFilter all;
    all.includeClosed = true;
    all.allWork = true;
    all.unit = unit;
    for (auto const& task : office.tasks(all, at)) {
        Then const then = thenOf(office, task, end, at);
        if (!then.there) continue;
        if (then.closed || task.state == "declared-done") {
            ++(isCancelled(then.state) ? undone.cancelled : undone.done);
        } else if (!then.due) {
            ++undone.withoutDue;
        } else if (at < *then.due) {
            ++undone.notYetDue;
        } else {
            ++undone.byUnit[task.owner];
            undone.lines.push_back({task.key(), task.type, task.title, task.owner, task.ownerName, task.person,
                                    then.state, *then.due, engine::daysBetween(*then.due, at), then.round,
                                    then.failedRounds, task.begun, task.closed});
        }
    }
    std::sort(undone.lines.begin(), undone.lines.end(), [](UndoneLine const& a, UndoneLine const& b) {
        return std::tie(a.owner, a.due, a.title, a.document) < std::tie(b.owner, b.due, b.title, b.document);
    });
    return undone;
}

bool FindingLine::unreceived() const {
    return std::any_of(routes.begin(), routes.end(),
                       [](FindingRoute const& route) { return !route.received && !route.hidden; });
}

std::vector<FindingLine> findings(Office& office) {
    std::vector<FindingLine> lines;
    auto const all = receipts(office);
    replica::ListFilter filter;
    filter.type = "finding";
    for (auto const& listed : office.list(filter)) {
        if (auto line = findingOf(office, listed, all)) lines.push_back(std::move(*line));
    }
    std::sort(lines.begin(), lines.end(), [](FindingLine const& a, FindingLine const& b) {
        Day const never = *parseDay("9999-12-31"), dueA = a.due.value_or(never), dueB = b.due.value_or(never);
        if (dueA != dueB) return dueA < dueB;
        return std::tie(a.title, a.document) < std::tie(b.title, b.document);
    });
    return lines;
}

Result<StepDone> routeFinding(Office& office, FindingWanted const& wanted) {
    if (wanted.routes.empty()) return makeError(ErrorCode::Usage, "finding.no-receiver");
    auto const units = office.registry().units();
    json::Array rows;
    std::set<std::string> once;
    for (auto const& [system, unit] : wanted.routes) {
        bool const known = std::any_of(units.begin(), units.end(), [&, id = unit](trust::Unit const& each) {
            return each.id == id && !each.closed;
        });
        if (!known) return makeError(ErrorCode::NotFound, "finding.unit-unknown", unit);
        if (!once.insert(system + "-" + unit).second) continue;
        rows.emplace_back(json::Object{{"id", system + "-" + unit}, {"system", system}, {"unit", unit}});
    }
    std::sort(rows.begin(), rows.end(), [](json::Value const& a, json::Value const& b) {
        return *json::stringAt(*a.asObject(), "id") < *json::stringAt(*b.asObject(), "id");
    });
    std::vector<std::pair<std::string, std::string>> set{
        {"title", wanted.title}, {"text", wanted.text}, {"routes", json::encode(json::Value(std::move(rows)))}};
    if (!wanted.source.empty()) set.emplace_back("source", wanted.source);
    if (wanted.due) set.emplace_back("due", toText(*wanted.due));
    if (wanted.task) set.emplace_back("task", wanted.task->text());
    auto made = office.create("finding", Scope::college(), set);
    if (!made) return made.error();
    return office.step(made->document, "submit", {}, std::nullopt);
}

Result<std::vector<StepDone>> receiveFinding(Office& office, DocumentKey const& finding, std::string const& answer) {
    auto const me = office.replica().person();
    if (!me) return makeError(ErrorCode::WrongState, "device.not-enrolled");
    auto const grants = grantsInForce(office, *me);
    auto const all = findings(office);
    auto const line =
        std::find_if(all.begin(), all.end(), [&](FindingLine const& each) { return each.document == finding; });
    if (line == all.end()) return makeError(ErrorCode::Refused, "finding.not-routed", finding.text());
    std::vector<StepDone> done;
    std::set<std::string> mine, open;
    for (auto const& route : line->routes) {
        // Somebody of the unit itself: a role over the whole college does not make the quality office everybody.
        bool const ofUnit =
            isNameToken(route.unit) && std::any_of(grants.begin(), grants.end(), [&](trust::Grant const& grant) {
                return grant.role.scope == Scope::unit(route.unit);
            });
        if (ofUnit) mine.insert(route.unit);
        if (ofUnit && !route.received) open.insert(route.unit);
    }
    if (mine.empty()) return makeError(ErrorCode::Refused, "finding.not-for-you", finding.text());
    if (open.empty()) return makeError(ErrorCode::Refused, "finding.received", finding.text());
    for (auto const& unit : open) {
        std::vector<std::pair<std::string, std::string>> set{{"title", line->title},
                                                             {"finding", finding.text() + "@" + line->revision.hex()}};
        if (!answer.empty()) set.emplace_back("answer", answer);
        // One that was begun and never signed, because the machine went off between the two, is signed now.
        std::optional<DocumentKey> document;
        for (auto const& receipt : receipts(office)) {
            bool const same = receipt.document.scope == Scope::unit(unit) && receipt.finding == finding;
            if (same && receipt.state == "draft" && receipt.revision == line->revision.hex())
                document = receipt.document;
        }
        if (!document) {
            auto made = office.create("finding-receipt", Scope::unit(unit), set);
            if (!made) return made.error();
            document = made->document;
        }
        auto step = office.step(*document, "submit", {}, std::nullopt);
        if (!step) return step.error();
        done.push_back(*step);
    }
    return done;
}

}  // namespace spiral::office
