// Steps, acts on single rows, tasks and the quality office's list.
#include "office_impl.h"
#include "office/findings.h"

#include "base/sha256.h"
#include "office/fields.h"
#include "office/signing_rules.h"

#include <algorithm>

namespace spiral::office {

namespace {

/// Titles of the expected documents that are not closed, and not among these.
std::vector<std::string> openParts(replica::View const& view, std::vector<engine::Expectation> const& expected,
                                   std::vector<DocumentId> const& left) {
    std::vector<std::string> open;
    for (auto const& each : expected) {
        if (std::binary_search(left.begin(), left.end(), each.document.doc)) continue;
        auto const part = view.document(each.document);
        if (part && !part->row.closed) open.push_back(part->row.title.empty() ? each.document.text() : part->row.title);
    }
    return open;
}

/// Whether a document that answers a report leaves a finding of it without a task, or one whose task was not passed.
Result<void> findingsAnswered(Office& office, json::Object const& fields, engine::Action const& action) {
    bool const tasks = action.guard("findings-answered") != nullptr, rechecked = action.guard("findings-rechecked") != nullptr;
    auto const report = tasks || rechecked ? referenceOf(fields, "answers_report") : std::nullopt;
    if (!report) return {};
    if (!office.view().document(*report)) return makeError(ErrorCode::Waiting, "finding.report-missing", report->text());
    auto const matrix = findingMatrix(office, *report, &fields);
    if (auto const gaps = matrix.without([](MatrixLine const& line) { return line.hasTask(); }); !gaps.empty())
        return makeError(ErrorCode::Refused, "finding.without-task", gaps);
    if (!rechecked) return {};
    if (auto const open = matrix.without([](MatrixLine const& line) { return line.rechecked(); }); !open.empty())
        return makeError(ErrorCode::Refused, "finding.not-rechecked", open);
    return {};
}

}  // namespace

/// Nobody has begun it: what can be done about it is done where it is asked for.
Result<StepDone> TheOffice::stepOnPart(DocumentKey const& part, DocumentKey const& asking, StepWanted const& wanted) {
    auto const listed = view().document(asking);
    auto const* workflow = listed ? m_definitions.workflowOf(listed->row.type) : nullptr;
    auto const* action = workflow ? workflow->action(wanted.action) : nullptr;
    if (!action || !action->parts) return makeError(ErrorCode::Refused, "document.not-begun", shortName(part));
    StepWanted about = wanted;
    about.parts = {part.doc};
    auto done = step(asking, about);
    if (!done) return done;
    auto const after = m_viewIsBehind ? std::nullopt : m_view->document(part);
    return StepDone{part, done->revision, done->record, after ? after->row.state : std::string()};
}

Result<StepDone> TheOffice::step(DocumentKey const& document, StepWanted const& wanted) {
    std::string const& action = wanted.action;
    auto facts = view().facts(document);
    auto const listed = view().document(document);
    if (!facts || !listed) return makeError(ErrorCode::NotFound, "document.missing", document.doc.hex());
    auto person = me();
    if (!person) return person.error();
    Reading const reading = read(*facts, m_definitions);
    if (!reading.shown && reading.expected) return stepOnPart(document, facts->expectedBy.front().document, wanted);
    if (!reading.shown) return makeError(ErrorCode::Refused, "document.nothing-stands", document.text());
    if (!reading.workflow) return makeError(ErrorCode::Refused, "step.no-workflow", listed->row.type);
    auto const* rule = reading.workflow->action(action);
    if (!rule) {
        std::string possible;
        for (auto const& each : reading.workflow->actions) possible += (possible.empty() ? "" : " ") + each.name;
        return makeError(ErrorCode::Usage, "step.unknown-action", possible);
    }

    // A submission, or what asks for a single head, is about that; what decides is about what was submitted; other acts
    // about what stands.
    ObjectId of = reading.merged.heads.front();
    if (!rule->submission && !rule->guard("single-head") && reading.standing.revision) of = *reading.standing.revision;

    engine::Intent intent;
    intent.action = action;
    intent.person = *person;
    intent.of = of;
    intent.comment = wanted.comment;
    intent.until = wanted.until;
    intent.assignee = wanted.person;
    intent.parts = wanted.parts;
    intent.left = wanted.left;
    for (auto* ids : {&intent.parts, &intent.left}) {
        std::sort(ids->begin(), ids->end());
        ids->erase(std::unique(ids->begin(), ids->end()), ids->end());
    }
    if (!intent.parts.empty() || rule->guard("expected-closed")) {
        auto const expected = engine::expectations(reading.facts(), reading.standing, document);
        for (auto const& part : intent.parts) {
            bool const known = std::any_of(expected.begin(), expected.end(), [&](auto const& each) { return each.document.doc == part; });
            if (!known) return makeError(ErrorCode::Refused, "step.part-unknown", part.hex());
        }
        if (rule->guard("expected-closed")) intent.openParts = openParts(view(), expected, intent.left);
    }
    if (auto answered = findingsAnswered(*this, reading.merged.fields, *rule); !answered) return answered.error();
    // Nobody signs for what is not here and verified in full: what the disk gives back today is what was signed.
    auto const bytes = m_replica->revisionBytes(of);
    if (bytes && hashAs<ObjectId>(*bytes) != of) return makeError(ErrorCode::Damaged, "revision.hash", of.hex());
    for (auto const& row : facts->rows) {
        if (row.id != of || !row.revision()) continue;
        for (auto const& file : row.revision()->files) {
            if (!m_attachments.holds(file.sha256) || !m_attachments.verify(file)) intent.attachmentsHeld = false;
        }
    }
    auto body = engine::prepare(reading.facts(), reading.standing, intent);
    if (!body) return body.error();
    // Of one's own work authority speaks first, in its own words; every other rule of the organisation is the narrower one.
    auto const allowed = maySign(*this, document, action, of);
    if (!allowed && allowed.error().reason != "organisation.self-approval") return allowed.error();
    auto row = recordRow(action, facts->scope, trust::Target{facts->scope, of}, *body, document.doc);
    if (!row) return row.error();
    if (!allowed) return allowed.error();
    auto key = signer();
    if (!key) return key.error();
    auto sealed = m_replica->seal(facts->scope, {*row}, **key);
    if (!sealed) return sealed.error();
    followWhatWasWritten();
    // The state is left out while the view is behind: the old one would be wrong.
    auto const after = m_viewIsBehind ? std::nullopt : m_view->document(document);
    return StepDone{document, of, row->item.id, after ? after->row.state : std::string()};
}

Result<ObjectId> TheOffice::actOn(std::string_view kind, ObjectId const& target, std::string_view comment) {
    if (kind != "affirm" && kind != "admit") return makeError(ErrorCode::Usage, "step.unknown-action", std::string(kind));
    auto const item = view().item(target);
    if (!item || item->kind.empty()) return makeError(ErrorCode::NotFound, "item.missing", target.hex());
    if (!item->doc) return makeError(ErrorCode::Refused, "item.no-document", target.hex());
    json::Object body;
    if (!comment.empty()) body.set("comment", comment);
    auto row = recordRow(kind, item->scope, trust::Target{item->scope, target}, body, *item->doc);
    if (!row) return row.error();
    auto key = signer();
    if (!key) return key.error();
    auto sealed = m_replica->seal(item->scope, {*row}, **key);
    if (!sealed) return sealed.error();
    followWhatWasWritten();
    return row->item.id;
}

Result<ObjectId> TheOffice::confirm(FrameId const& tip) {
    auto const bytes = m_replica->frameBytes(tip);
    if (!bytes) return makeError(ErrorCode::NotFound, "frame.missing", tip.hex());
    auto const header = trust::decodeFrameHeader(bytes->header);
    if (!header) return header.error();
    auto person = me();
    if (!person) return person.error();
    auto const* device = registry().device(header->device);
    if (!device || device->person != *person) {
        return makeError(ErrorCode::Refused, "confirm.not-yours", "the person confirms her own machine's branch");
    }
    if (header->device == m_replica->device()) {
        return makeError(ErrorCode::Refused, "confirm.same-device", "a branch is confirmed on another device of the person");
    }
    auto key = signer();
    if (!key) return key.error();
    json::Object body;
    body.set("tip", tip.hex());
    trust::Record record;
    record.school = registry().school();
    record.scope = header->scope;
    record.kind = "confirm.v1";
    record.by = {*person, m_replica->device()};
    record.body = body;
    record.reg = registry().head();
    record.time = m_replica->world().wall.now();
    record.nonce = m_replica->world().random.token<Nonce>();
    for (auto const& grant : registry().grantsOf(*person)) {
        if (grant.role.scope.covers(header->scope)) record.role = grant.role;
    }
    if (record.role.name.empty()) return makeError(ErrorCode::Refused, "authority.no-grant", header->scope.text());
    std::string encoded = trust::encode(record);
    auto signature = (*key)->sign(trust::nameSpaceFor(record.kind, registry().domain()), asBytes(encoded));
    if (!signature) return signature.error();
    ObjectId const id = hashAs<ObjectId>(asBytes(encoded));
    auto sealed = m_replica->seal(header->scope, {{{trust::Item::Kind::Record, id}, std::move(encoded), *signature}}, **key);
    if (!sealed) return sealed.error();
    followWhatWasWritten();
    return id;
}

namespace {

TaskLine lineOf(replica::ListedDocument const& listed, Names const& names, Day today) {
    TaskLine line;
    line.doc = listed.doc;
    line.scope = listed.scope;
    line.type = listed.row.type;
    line.title = listed.row.title;
    line.owner = listed.row.owner;
    line.ownerName = names.unit(listed.row.owner);
    line.state = listed.row.state;
    line.due = listed.row.due;
    line.round = listed.row.round;
    line.failedRounds = listed.row.failedRounds;
    line.closed = listed.row.closed;
    line.disputed = listed.row.disputed;
    line.changedAfter = listed.row.changedAfter;
    line.differences = listed.row.differences;
    line.lastAction = listed.row.lastAction;
    line.begun = listed.begun;
    auto const parsed = json::parse(listed.row.summary);
    json::Object const summary = parsed && parsed->asObject() ? *parsed->asObject() : json::Object();
    line.source = textOf(summary, "source");
    line.person = PersonId::parse(textOf(summary, "person"));
    line.rule = textOf(summary, "rule");
    line.answered = summary.find("answered") != nullptr;
    line.leavesOver = summary.find("leaves_over") != nullptr;
    line.dueEdited = summary.find("due_edited") != nullptr;
    // What a printed table says is done stays shown as done, though nobody has signed for it. What was written later
    // is only told: a field that anybody may change takes no task out of the quality office's list.
    std::string const declared = textOf(summary, "declared_done");
    if (declared == "imported" && !line.closed) {
        line.state = "declared-done";
        return line;
    }
    line.saysDone = !declared.empty() && !line.closed;
    engine::Standing standing;
    standing.due = line.due;
    standing.closed = line.closed;
    line.daysOverdue = engine::daysOverdue(standing, today);
    return line;
}

}  // namespace

namespace {

/// Whoever has it has something to do by a day: it walks a workflow of its own, not only that of every document.
bool isWork(Definitions const& definitions, std::string_view name) {
    auto const* type = definitions.type(name);
    return type && !type->dueField.empty() && !type->workflow.empty() && !type->workflow.starts_with("document.");
}

}  // namespace

std::vector<engine::Expectation> TheOffice::expectedBy(DocumentKey const& document) {
    auto const facts = view().facts(document);
    if (!facts) return {};
    Reading const reading = read(*facts, m_definitions);
    return engine::expectations(reading.facts(), reading.standing, document);
}

std::vector<TaskLine> TheOffice::tasks(TaskFilter const& filter, Day today) {
    replica::ListFilter wanted;
    wanted.withHeads = false;
    wanted.limit = filter.limit;
    if (!filter.allWork) wanted.type = "task";
    wanted.owner = filter.unit;
    wanted.dueBefore = filter.dueBefore;
    wanted.openOnly = !filter.includeClosed;
    if (filter.overdue && (!wanted.dueBefore || today < *wanted.dueBefore)) wanted.dueBefore = today;
    std::vector<TaskLine> lines;
    for (auto const& listed : list(wanted)) {
        if (filter.allWork && !isWork(m_definitions, listed.row.type)) continue;
        TaskLine line = lineOf(listed, names(), today);
        if (filter.overdue && line.daysOverdue == 0) continue;
        lines.push_back(std::move(line));
    }
    return lines;
}

std::vector<UnitAge> TheOffice::heardOf() {
    if (registry().empty()) return {};
    Instant const now = m_replica->world().wall.now();
    std::map<Scope, UnitAge> byScope;
    for (auto const& unit : registry().units()) {
        Scope const scope = Scope::unit(unit.id);
        if (registry().mayRead(m_replica->device(), scope, now)) byScope[scope] = {unit.id, unit.name, std::nullopt, 0, 0};
    }
    // The age of a department's data is that of the newest frame of its own people's devices in its scope: what the
    // quality office itself wrote there says nothing about when the department was last heard of.
    for (auto const& tip : m_replica->tips()) {
        auto const age = byScope.find(tip.scope);
        auto const* device = age == byScope.end() ? nullptr : registry().device(tip.device);
        if (!device) continue;
        auto const& grants = registry().grantsOf(device->person);
        bool const ofUnit = std::any_of(grants.begin(), grants.end(),
                                        [&](trust::Grant const& grant) { return grant.role.scope == tip.scope; });
        auto const bytes = ofUnit ? m_replica->frameBytes(tip.frame) : std::nullopt;
        auto const header = bytes ? trust::decodeFrameHeader(bytes->header) : Result<trust::FrameHeader>(Error{});
        if (!header) continue;
        auto& newest = age->second.newest;
        newest = newest ? std::max(*newest, header->time) : header->time;
    }
    std::vector<UnitAge> ages;
    for (auto& [scope, age] : byScope) ages.push_back(std::move(age));
    return ages;
}

std::vector<UnitAge> TheOffice::ages(Day today) {
    auto ages = heardOf();
    std::map<std::string_view, UnitAge*> byUnit;
    for (auto& age : ages) byUnit[age.unit] = &age;
    for (auto const& line : tasks({}, today)) {
        auto const found = byUnit.find(line.owner);
        if (found == byUnit.end()) continue;
        if (line.state != "declared-done") ++found->second->openTasks;
        if (line.daysOverdue > 0) ++found->second->overdueTasks;
    }
    return ages;
}

}  // namespace spiral::office
