#include "office/plans.h"

#include "engine/calendar.h"
#include "office/fields.h"

#include "base/sha256.h"

#include <algorithm>
#include <cstring>
#include <functional>

namespace spiral::office {

namespace {

/// Digits of a document's id that a task made of it bears in its source, before the row's.
constexpr std::size_t kSourceDigits = 12;
constexpr int kPartsDeep = 16;

using Units = std::map<std::string, bool, std::less<>>;
Units unitsHere(Office& office) {
    Units units;
    for (auto const& unit : office.registry().units()) units.emplace(unit.id, unit.closed);
    return units;
}

std::string sourceFor(DocumentKey const& from, std::string_view part) {
    return from.doc.hex().substr(0, kSourceDigits) + "/" + std::string(part);
}

engine::BookRow bookRow(json::Object const& row) {
    return {textOf(row, "id"),     textOf(row, "title"), textOf(row, "owner"),  textOf(row, "attribute"),
            setOf(row, "joint"),   dayOf(row, "due"),    textOf(row, "weight"), textOf(row, "standard")};
}

std::vector<engine::BookRow> bookOf(json::Object const& plan) {
    std::vector<engine::BookRow> book;
    for (auto const* row : rowsOf(plan, "tasks")) book.push_back(bookRow(*row));
    return book;
}

std::vector<engine::Band> phasesOf(json::Object const& plan) {
    std::vector<engine::Band> bands;
    for (auto const* row : rowsOf(plan, "phases")) {
        auto const from = dayOf(*row, "from"), to = dayOf(*row, "to");
        if (from && to) bands.push_back({textOf(*row, "id"), textOf(*row, "name"), textOf(*row, "note"), *from, *to});
    }
    return bands;
}

struct TaskFact {
    replica::ListedDocument listed;
    json::Object fields;
    std::optional<DocumentKey> made_of;    ///< plan or task
};

/// All tasks that stand, with what was made of what.
class Tasks {
public:
    explicit Tasks(Office& office) {
        for (auto& listed : documentsOf(office, "task")) {
            TaskFact fact{std::move(listed), {}, {}};
            fact.fields = fieldsOf(office, fact.listed);
            fact.made_of = referenceOf(fact.fields, "source_document");
            m_all.push_back(std::move(fact));
        }
        for (std::size_t i = 0; i < m_all.size(); ++i) {
            if (m_all[i].made_of) m_parts[*m_all[i].made_of].push_back(i);
        }
    }
    [[nodiscard]] std::vector<TaskFact> const& all() const { return m_all; }
    [[nodiscard]] std::vector<TaskFact const*> madeOf(DocumentKey const& key) const {
        std::vector<TaskFact const*> parts;
        if (auto const found = m_parts.find(key); found != m_parts.end()) {
            for (auto const index : found->second) parts.push_back(&m_all[index]);
        }
        return parts;
    }
    /// Of its parts by weight, if it has any; else all of it once it is closed, or what was entered last.
    [[nodiscard]] engine::Progress progress(TaskFact const& task, int deep = 0) const {
        auto const parts = madeOf(task.listed.key());
        if (!parts.empty() && parts.size() <= engine::kPartsMax && deep < kPartsDeep) {
            if (auto const whole = engine::weightedProgress(weighed(parts, deep + 1))) return *whole;
        }
        if (task.listed.row.closed) return engine::kAllDone;
        engine::Progress const entered = 100 * engine::percentOf(entries(task)).value_or(0);
        bool const declared = textOf(task.fields, "progress") == "done" && rowsOf(task.fields, "progress_log").empty();
        return declared && textOf(task.fields, "due_text") == "已完成" ? engine::kAllDone : entered;
    }
    [[nodiscard]] std::vector<engine::Weighted> weighed(std::vector<TaskFact const*> const& parts, int deep = 0) const {
        std::vector<engine::Weighted> weighed;
        for (auto const* part : parts) {
            std::string const weight = textOf(part->fields, "weight");
            weighed.push_back({weight.empty() ? engine::kWeightUnit : engine::weightFrom(weight).value_or(0), progress(*part, deep)});
        }
        return weighed;
    }

private:
    /// As written; the day of writing plays no part in how far a task is.
    static std::vector<engine::ProgressEntry> entries(TaskFact const& task) {
        std::vector<engine::ProgressEntry> all;
        for (auto const* row : rowsOf(task.fields, "progress_log")) {
            auto const day = dayOf(*row, "day");
            auto const* percent = json::integerAt(*row, "percent");
            if (day && percent) all.push_back({textOf(*row, "id"), *day, *day, *percent, {}, {}, {}});
        }
        return all;
    }
    std::vector<TaskFact> m_all;
    std::map<DocumentKey, std::vector<std::size_t>> m_parts;
};

engine::PlanNode nodeOf(replica::ListedDocument const& listed, json::Object const& fields) {
    engine::PlanNode node;
    node.id = listed.doc.hex();
    node.title = listed.row.title;
    node.kind = textOf(fields, "kind");
    if (auto const parent = referenceOf(fields, "parent")) node.parent = parent->doc.hex();
    node.from = dayOf(fields, "start");
    node.to = dayOf(fields, "end");
    for (auto const* row : rowsOf(fields, "goals")) {
        node.goals.push_back({textOf(*row, "id"), textOf(*row, "goal"), textOf(*row, "target"), setOf(*row, "parents"), dayOf(*row, "due")});
    }
    for (auto const* row : rowsOf(fields, "contents")) {
        bool const there = !textOf(*row, "text").empty() || referenceOf(*row, "document").has_value();
        node.contents.push_back({textOf(*row, "id"), textOf(*row, "name"), there});
    }
    node.mustName = fields.find("contents") != nullptr;
    return node;
}

engine::BookTask bookTask(DocumentKey const& plan, TaskFact const& task) {
    std::string const begin = sourceFor(plan, ""), source = textOf(task.fields, "source");
    engine::BookTask made;
    made.id = task.listed.doc.hex();
    made.row = source.starts_with(begin) ? source.substr(begin.size()) : std::string();
    made.is = {made.row,
               task.listed.row.title,
               task.listed.row.owner,
               textOf(task.fields, "attribute"),
               setOf(task.fields, "joint"),
               dayOf(task.fields, "due"),
               textOf(task.fields, "weight"),
               textOf(task.fields, "standard")};
    return made;
}

struct PlanFact {
    replica::ListedDocument listed;
    json::Object fields;
};
std::vector<PlanFact> allPlans(Office& office) {
    std::vector<PlanFact> plans;
    for (auto& listed : documentsOf(office, "plan")) {
        auto fields = fieldsOf(office, listed);
        plans.push_back({std::move(listed), std::move(fields)});
    }
    return plans;
}

engine::Remarks bookRemarks(PlanFact const& plan, Tasks const& tasks, Units const& units) {
    auto const book = bookOf(plan.fields);
    std::vector<engine::BookTask> made;
    for (auto const* task : tasks.madeOf(plan.listed.key())) made.push_back(bookTask(plan.listed.key(), *task));
    if (book.empty() && made.empty()) return {};
    auto remarks = engine::checkBook(book, units);
    auto differences = engine::compareBook(book, made);
    std::move(differences.begin(), differences.end(), std::back_inserter(remarks));
    for (auto& remark : remarks) {
        if (remark.code != "book.not-in-book") remark.place = plan.listed.doc.hex() + "/" + remark.place;
    }
    return remarks;
}

void append(engine::Remarks& all, engine::Remarks more, std::string const& place) {
    for (auto& remark : more) {
        remark.place = place + "/" + remark.place;
        all.push_back(std::move(remark));
    }
}

std::string joined(std::set<std::string> const& names) {
    std::string text;
    for (auto const& name : names) text += (text.empty() ? "" : ",") + name;
    return text;
}

}  // namespace

// --- the tree of plans ------------------------------------------------------------------------------------------------

std::vector<PlanShown> planTree(Office& office) {
    auto const plans = allPlans(office);
    Tasks const tasks(office);
    std::vector<engine::PlanNode> nodes;
    for (auto const& plan : plans) nodes.push_back(nodeOf(plan.listed, plan.fields));
    std::vector<PlanShown> shown;
    for (auto const& place : engine::treeOf(nodes)) {
        auto const& plan = plans[place.plan];
        PlanShown one;
        one.document = plan.listed.key();
        one.node = nodes[place.plan];
        one.depth = place.depth;
        one.state = plan.listed.row.state;
        one.owner = plan.listed.row.owner;
        one.phases = phasesOf(plan.fields);
        one.tasks = tasks.madeOf(one.document).size();
        shown.push_back(std::move(one));
    }
    // Children stand behind their parents: from the end up, each is known before what it counts towards.
    std::vector<std::vector<engine::Weighted>> parts(shown.size());
    for (std::size_t i = shown.size(); i-- > 0;) {
        auto own = tasks.weighed(tasks.madeOf(shown[i].document));
        parts[i].insert(parts[i].end(), own.begin(), own.end());
        if (parts[i].size() <= engine::kPartsMax) shown[i].progress = engine::weightedProgress(parts[i]);
        if (!shown[i].progress || shown[i].depth == 0) continue;
        std::size_t above = i;
        while (above > 0 && shown[above].depth >= shown[i].depth) --above;
        parts[above].push_back({engine::kWeightUnit, *shown[i].progress});
    }
    return shown;
}

engine::Remarks checkPlanning(Office& office, std::chrono::month_day yearEnd) {
    engine::Remarks all;
    auto const plans = allPlans(office);
    Tasks const tasks(office);
    auto const units = unitsHere(office);
    std::vector<engine::PlanNode> nodes;
    for (auto const& plan : plans) nodes.push_back(nodeOf(plan.listed, plan.fields));
    all = engine::checkPlans(nodes);
    for (auto const& plan : plans) {
        append(all, engine::checkBands(phasesOf(plan.fields)), plan.listed.doc.hex());
        auto book = bookRemarks(plan, tasks, units);
        std::move(book.begin(), book.end(), std::back_inserter(all));
    }
    for (auto const& task : tasks.all()) {
        auto const key = task.listed.key();
        if (task.listed.row.owner.empty() && !task.listed.row.closed && tasks.madeOf(key).empty()) {
            all.push_back({"task.no-owner", task.listed.doc.hex(), task.listed.row.title});
        }
        if (rowsOf(task.fields, "progress_log").empty()) continue;
        append(all, engine::checkProgress(progressEntries(office, key), task.listed.row.due, yearEnd), task.listed.doc.hex());
    }
    return all;
}

// --- task book and parts ------------------------------------------------------------------------------------------------

BookShown taskBook(Office& office, BookFilter const& filter) {
    BookShown shown;
    Tasks const tasks(office);
    auto const units = unitsHere(office);
    for (auto const& plan : allPlans(office)) {
        auto const key = plan.listed.key();
        if (filter.plan && *filter.plan != key) continue;
        auto const remarks = bookRemarks(plan, tasks, units);
        std::map<std::string, TaskFact const*> made;
        for (auto const* task : tasks.madeOf(key)) made.emplace(bookTask(key, *task).row, task);
        std::set<std::string> wanted;
        for (auto& row : bookOf(plan.fields)) {
            if (filter.year && (!row.due || static_cast<int>(row.due->year()) != *filter.year)) continue;
            if (filter.unit && row.unit != *filter.unit && !row.joint.contains(*filter.unit)) continue;
            BookLine line;
            line.plan = key;
            std::string const place = plan.listed.doc.hex() + "/" + row.id;
            wanted.insert(place);
            for (auto const& remark : remarks) {
                if (remark.place == place && line.difference.empty()) line.difference = remark.code;
            }
            if (auto const task = made.find(row.id); task != made.end()) {
                line.task = task->second->listed.key();
                line.state = task->second->listed.row.state;
                line.progress = tasks.progress(*task->second);
            }
            line.row = std::move(row);
            shown.lines.push_back(std::move(line));
        }
        bool const whole = !filter.year && !filter.unit;
        for (auto const& remark : remarks) {
            bool const onLine = wanted.contains(remark.place);
            if (onLine || whole || (remark.code == "book.not-in-book" && !shown.lines.empty())) shown.remarks.push_back(remark);
        }
    }
    return shown;
}

namespace {

using Set = std::vector<std::pair<std::string, std::string>>;

void setUnlessEmpty(Set& set, std::string field, std::string value) {
    if (!value.empty()) set.emplace_back(std::move(field), std::move(value));
}

/// Tasks made of this before, by their source.
std::map<std::string, DocumentKey> madeBefore(Tasks const& tasks, DocumentKey const& of) {
    std::map<std::string, DocumentKey> made;
    for (auto const* task : tasks.madeOf(of)) made.emplace(textOf(task->fields, "source"), task->listed.key());
    return made;
}

/// Makes the part as a task of its unit, unless it was made before.
Result<void> makePart(Office& office, SplitPart& part, Set set, std::map<std::string, DocumentKey> const& before,
                      std::string const& source, bool dryRun) {
    if (auto const known = before.find(source); known != before.end()) {
        part.task = known->second;
        part.known = true;
        return {};
    }
    if (dryRun) return {};
    set.emplace_back("title", part.title);
    set.emplace_back("owner", part.unit);
    set.emplace_back("source", source);
    setUnlessEmpty(set, "weight", part.weight);
    auto made = office.create("task", Scope::unit(part.unit), set);
    if (!made) return made.error();
    part.task = made->document;
    return {};
}

}  // namespace

Result<std::vector<SplitPart>> splitPlan(Office& office, DocumentKey const& plan, bool dryRun) {
    auto const listed = office.view().document(plan);
    if (!listed) return makeError(ErrorCode::NotFound, "document.missing", plan.text());
    auto const fields = fieldsOf(office, *listed);
    auto const book = bookOf(fields);
    if (book.empty()) return makeError(ErrorCode::Refused, "plan.no-book", listed->row.title);
    auto const faults = engine::checkBook(book, unitsHere(office));
    if (!faults.empty()) return makeError(ErrorCode::Refused, faults.front().code, faults.front().place + " " + faults.front().text);
    auto const before = madeBefore(Tasks(office), plan);
    std::vector<SplitPart> parts;
    for (auto const& row : book) {
        SplitPart part{row.unit, row.title, row.weight, true, {}, false};
        Set set{{"kind", "plan"}, {"source_document", plan.text()}, {"due", toText(*row.due)}};
        setUnlessEmpty(set, "joint", joined(row.joint));
        setUnlessEmpty(set, "attribute", row.attribute);
        setUnlessEmpty(set, "standard", row.standard);
        setUnlessEmpty(set, "level", textOf(fields, "level"));
        setUnlessEmpty(set, "framework", textOf(fields, "framework"));
        if (auto made = makePart(office, part, std::move(set), before, sourceFor(plan, row.id), dryRun); !made) return made.error();
        parts.push_back(std::move(part));
    }
    return parts;
}

Result<std::vector<SplitPart>> splitTask(Office& office, DocumentKey const& task, TaskSplit const& split, bool dryRun) {
    auto const listed = office.view().document(task);
    if (!listed) return makeError(ErrorCode::NotFound, "document.missing", task.text());
    if (listed->row.closed) return makeError(ErrorCode::Refused, "task.closed", listed->row.title);
    auto const fields = fieldsOf(office, *listed);
    std::string const lead = split.lead.empty() ? listed->row.owner : split.lead;
    auto const units = unitsHere(office);
    bool const given = !split.lead.empty();
    auto const joint = given || !split.joint.empty() ? split.joint : setOf(fields, "joint");
    auto parts = engine::partsOf(lead, joint, split.weights, units);
    // One unit alone may be given a task that stands where it cannot write.
    if (!parts && parts.error().reason == "task.no-joint" && given && task.scope != Scope::unit(lead)) {
        auto const place = units.find(lead);
        if (place == units.end()) return makeError(ErrorCode::Refused, "book.unit-unknown", lead);
        if (place->second) return makeError(ErrorCode::Refused, "book.unit-closed", lead);
        parts = std::vector<engine::TaskPart>{{lead, true, {}}};
    }
    if (!parts) return parts.error();
    auto const before = madeBefore(Tasks(office), task);
    std::vector<SplitPart> made;
    for (auto const& each : *parts) {
        SplitPart part{each.unit, listed->row.title, each.weight, each.lead, {}, false};
        Set set{{"source_document", task.text()}};
        for (char const* field : {"kind", "level", "framework", "attribute", "standard", "stage", "start", "due", "due_text"}) {
            setUnlessEmpty(set, field, textOf(fields, field));
        }
        if (auto done = makePart(office, part, std::move(set), before, sourceFor(task, each.unit), dryRun); !done) return done.error();
        made.push_back(std::move(part));
    }
    return made;
}

// --- the papers of a course ---------------------------------------------------------------------------------------------

Result<std::vector<AnnexShown>> courseAnnexPapers(Office& office, AnnexesWanted const& wanted) {
    if (wanted.course.find_first_not_of(" \t") == std::string::npos) return makeError(ErrorCode::Usage, "plan.no-course");
    // The same for whoever makes them: two people who do it apart have made six papers.
    auto const idFor = [&](int number) {
        Sha256 const hash = sha256(asBytes("spiral-annex\n" + wanted.scope.text() + "\n" + wanted.course + "\n" + std::to_string(number)));
        DocumentId id;
        std::memcpy(id.raw.data(), hash.raw.data(), id.raw.size());
        return id;
    };
    std::map<int, DocumentKey> papers;
    std::vector<AnnexShown> shown;
    for (auto const& annex : engine::courseAnnexes()) {
        AnnexShown one{annex, {}, wanted.course + "：" + std::string(annex.zh), {}, false};
        for (auto const& listed : documentsOf(office, annex.type)) {
            if (listed.scope != wanted.scope) continue;
            bool const sameId = listed.doc == idFor(annex.number);
            bool const named = listed.row.title.starts_with(wanted.course) && textOf(fieldsOf(office, listed), "kind") == annex.kind;
            if (!sameId && (!named || one.document)) continue;
            one.document = listed.key();
            one.title = listed.row.title;
            one.state = listed.row.state;
        }
        if (one.document) papers[annex.number] = *one.document;
        shown.push_back(std::move(one));
    }
    if (wanted.dryRun) return shown;
    constexpr int threeYears = 1, year = 2, carriedOut = 3, breakdown = 6;
    std::map<int, int> const above{{year, threeYears}, {carriedOut, year}, {breakdown, year}};
    for (auto& one : shown) {
        if (one.document) continue;
        int const number = one.annex.number;
        json::Object fields{{"kind", std::string(one.annex.kind)}, {"level", "course"}, {"title", one.title}};
        if (wanted.scope.isUnit()) fields.set("owner", std::string(wanted.scope.name()));
        if (auto const parent = above.find(number); parent != above.end()) {
            DocumentKey const& key = papers.at(parent->second);
            fields.set("parent", json::Object{{"doc", key.doc.hex()}, {"scope", key.scope.text()}});
        }
        if (wanted.start && one.annex.type == "plan") {
            int const months = number == threeYears ? 36 : 12;
            fields.set("start", toText(*wanted.start));
            fields.set("end", toText(engine::addDays(engine::addMonths(*wanted.start, months), -1)));
        }
        one.document = DocumentKey{wanted.scope, idFor(number)};
        auto const* type = office.definitions().type(one.annex.type);
        if (auto made = office.createAll({{wanted.scope, one.document->doc, type->name, std::move(fields)}}); !made) return made.error();
        papers[number] = *one.document;
        one.made = true;
        if (auto const listed = office.view().document(*one.document)) one.state = listed->row.state;
    }
    return shown;
}

// --- progress -----------------------------------------------------------------------------------------------------------

namespace {

engine::ProgressEntry entryOf(json::Object const& row) {
    engine::ProgressEntry entry;
    entry.id = textOf(row, "id");
    entry.day = dayOf(row, "day").value_or(Day{});
    if (auto const* percent = json::integerAt(row, "percent")) entry.percent = *percent;
    entry.text = textOf(row, "text");
    entry.reason = textOf(row, "reason");
    auto const evidence = setOf(row, "evidence");
    if (!evidence.empty()) entry.evidence = *evidence.begin();
    return entry;
}

/// When each row of the log was first written as it stands, by id and bytes.
std::map<std::pair<std::string, std::string>, HybridTime> firstWritten(replica::DocumentFacts const& facts) {
    std::map<std::pair<std::string, std::string>, HybridTime> first;
    for (auto const& row : facts.rows) {
        auto const* revision = row.revision();
        auto const judged = facts.judgements.find(row.id);
        if (!revision || judged == facts.judgements.end() || !trust::stands(judged->second.verdict)) continue;
        for (auto const* each : rowsOf(revision->fields, "progress_log")) {
            std::pair key{textOf(*each, "id"), json::encode(json::Value(*each))};
            auto const [place, isNew] = first.emplace(std::move(key), revision->time);
            if (!isNew) place->second = std::min(place->second, revision->time);
        }
    }
    return first;
}

}  // namespace

std::vector<engine::ProgressEntry> progressEntries(Office& office, DocumentKey const& task) {
    std::vector<engine::ProgressEntry> entries;
    auto const listed = office.view().document(task);
    auto const facts = office.view().facts(task);
    if (!listed || !facts) return entries;
    auto const first = firstWritten(*facts);
    auto const fields = fieldsOf(office, *listed);
    for (auto const* row : rowsOf(fields, "progress_log")) {
        auto entry = entryOf(*row);
        auto const when = first.find({entry.id, json::encode(json::Value(*row))});
        entry.entered = when != first.end() ? collegeDay(when->second.wall) : entry.day;
        if (entry.day.ok()) entries.push_back(std::move(entry));
    }
    engine::sortEntries(entries);
    return entries;
}

namespace {

/// Attaches the file and gives its hash.
Result<std::string> attached(Office& office, DocumentKey const& task, Path const& file) {
    std::set<std::string> before;
    if (auto shown = office.show(task)) {
        for (auto const& each : shown->files) before.insert(each.sha256.hex());
    }
    auto done = office.attach(task, file);
    if (!done) return done.error();
    auto shown = office.show(task);
    if (!shown) return shown.error();
    std::string sameName;
    for (auto const& each : shown->files) {
        if (!before.contains(each.sha256.hex())) return each.sha256.hex();
        if (each.name == file.filename().string()) sameName = each.sha256.hex();
    }
    return sameName;   // it was attached before
}

}  // namespace

Result<ProgressDone> enterProgress(Office& office, DocumentKey const& task, ProgressGiven const& given,
                                   std::chrono::month_day yearEnd) {
    auto const listed = office.view().document(task);
    if (!listed) return makeError(ErrorCode::NotFound, "document.missing", task.text());
    if (nameWithoutVersion(listed->row.type) != "task") return makeError(ErrorCode::Usage, "progress.not-a-task", listed->row.type);
    if (listed->row.closed) return makeError(ErrorCode::Refused, "task.closed", listed->row.title);
    if (listed->row.owner.empty()) return makeError(ErrorCode::Refused, "task.no-owner", listed->row.title);
    auto entries = progressEntries(office, task);
    engine::ProgressEntry entry;
    entry.id = office.replica().world().random.token<DocumentId>().hex().substr(0, kSourceDigits);
    entry.day = given.day;
    entry.entered = collegeDay(office.replica().world().wall.now());
    entry.percent = given.percent;
    entry.text = given.text;
    entry.reason = given.reason;
    if (auto may = engine::mayEnter(entries, entry); !may) return may.error();
    if (given.evidence) {
        auto hash = attached(office, task, *given.evidence);
        if (!hash) return hash.error();
        entry.evidence = *hash;
    }
    auto const now = office.view().document(task);
    auto const fields = fieldsOf(office, now ? *now : *listed);
    json::Array rows;
    if (auto const* held = json::arrayAt(fields, "progress_log")) rows = *held;
    json::Object row{{"id", entry.id}, {"day", toText(entry.day)}, {"text", entry.text}};
    if (entry.percent) row.set("percent", *entry.percent);
    if (!entry.reason.empty()) row.set("reason", entry.reason);
    if (!entry.evidence.empty()) row.set("evidence", json::Array{entry.evidence});
    rows.emplace_back(std::move(row));
    std::sort(rows.begin(), rows.end(), [](json::Value const& a, json::Value const& b) {
        auto const id = [](json::Value const& each) { return each.asObject() ? textOf(*each.asObject(), "id") : std::string(); };
        return id(a) < id(b);
    });
    Set set{{"progress_log", json::encode(json::Value(rows))}};
    entries.push_back(entry);
    set.emplace_back("progress", engine::percentOf(entries) == 100 ? "done" : "ongoing");
    auto assigned = office.edit(task, set, false);
    if (!assigned) return assigned.error();
    ProgressDone done{*assigned, entry.id, {}};
    for (auto& remark : engine::checkProgress(entries, listed->row.due, yearEnd)) {
        if (remark.place == entry.id) done.remarks.push_back(std::move(remark));
    }
    return done;
}

// --- one row, shown as list, board, chart and calendar ----------------------------------------------------------------------

std::vector<WorkItem> workItems(Office& office, Office::TaskFilter const& filter, Day today) {
    std::vector<WorkItem> items;
    for (auto& line : office.tasks(filter, today)) {
        WorkItem item;
        item.line = std::move(line);
        bool const isTask = nameWithoutVersion(item.line.type) == "task";
        engine::BoardCard card{item.line.state, item.line.closed, item.line.saysDone || (!isTask && item.line.begun)};
        if (!item.line.begun) card.state = "not-begun";
        // Points and forms say all by their state; only tasks have a start, a log and parts to look at.
        auto const listed = isTask && item.line.begun ? office.view().document(item.line.key()) : std::nullopt;
        if (listed) {
            auto const fields = fieldsOf(office, *listed);
            item.start = dayOf(fields, "start");
            item.kind = textOf(fields, "kind");
            std::string const progress = textOf(fields, "progress");
            card.begun = card.begun || progress == "ongoing" || progress == "done";
            std::vector<engine::ProgressEntry> entries;
            for (auto const* row : rowsOf(fields, "progress_log")) entries.push_back(entryOf(*row));
            std::erase_if(entries, [](auto const& entry) { return !entry.day.ok(); });
            card.begun = card.begun || !entries.empty();
            if (auto const percent = engine::percentOf(std::move(entries))) item.progress = *percent * 100;
        }
        item.column = engine::columnOf(card);
        items.push_back(std::move(item));
    }
    return items;
}

std::vector<engine::CalendarEvent> calendarOf(Office& office, std::vector<WorkItem> const& items, Instant now) {
    std::vector<engine::CalendarEvent> events;
    std::string const domain(office.registry().empty() ? "spiral" : office.registry().domain());
    for (auto const& item : items) {
        if (!item.line.due) continue;
        std::string scope = item.line.scope.text();
        std::replace(scope.begin(), scope.end(), '/', '-');
        engine::CalendarEvent event;
        event.uid = item.line.doc.hex() + "." + scope + "@" + domain;
        event.day = *item.line.due;
        event.changed = item.line.lastAction.value_or(now);
        event.summary = item.line.title;
        if (item.column) event.description = engine::labelOf(*item.column).zh;
        if (!item.line.ownerName.empty()) event.categories.push_back(item.line.ownerName);
        if (item.kind == "rectification") event.categories.push_back("整改");
        events.push_back(std::move(event));
    }
    return events;
}

engine::Remarks reviewBlockers(Office& office) {
    std::vector<engine::ReviewTask> tasks;
    for (auto const& listed : documentsOf(office, "task")) {
        if (listed.row.closed) continue;
        tasks.push_back({listed.doc.hex(), listed.row.title, textOf(fieldsOf(office, listed), "kind"), listed.row.owner, listed.row.state, false});
    }
    return engine::reviewBlockers(tasks);
}

}  // namespace spiral::office
