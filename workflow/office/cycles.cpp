#include "office/cycles.h"

#include "engine/expectation.h"
#include "office/calendar.h"
#include "office/catalogues.h"
#include "office/fields.h"
#include "office/units.h"

#include <algorithm>
#include <set>

namespace spiral::office {
namespace {

constexpr std::size_t kNamedMax = 5;

std::vector<std::string> textsAt(json::Object const& object, std::string_view key) {
    std::vector<std::string> texts;
    if (auto const* array = json::arrayAt(object, key)) {
        for (auto const& each : *array) {
            if (auto const* text = each.asString()) texts.push_back(*text);
        }
    }
    return texts;
}

json::Array arrayOf(std::set<std::string> const& texts) { return {texts.begin(), texts.end()}; }

/// The rows of a field, each with its id.
std::vector<std::pair<std::string, json::Object const*>> rowsAt(json::Object const& fields, std::string_view key) {
    std::vector<std::pair<std::string, json::Object const*>> rows;
    auto const* array = json::arrayAt(fields, key);
    if (!array) return rows;
    for (auto const& each : *array) {
        auto const* row = each.asObject();
        if (row && json::stringAt(*row, "id")) rows.emplace_back(textOf(*row, "id"), row);
    }
    return rows;
}

json::Array sortedRows(std::map<std::string, json::Object> rows) {
    json::Array array;
    for (auto& [id, row] : rows) {
        row.set("id", id);
        array.emplace_back(std::move(row));
    }
    return array;
}

std::string_view nameOf(engine::Clock clock) {
    switch (clock) {
        case engine::Clock::Semester: return "semester";
        case engine::Clock::Year: return "year";
        case engine::Clock::ThreeYears: return "three-years";
    }
    return "year";
}

json::Object reference(DocumentKey const& document, std::optional<ObjectId> const& revision) {
    json::Object object{{"doc", document.doc.hex()}, {"scope", document.scope.text()}};
    if (revision) object.set("revision", revision->hex());
    return object;
}

std::optional<DocumentKey> keyFrom(json::Object const* reference) {
    auto const doc = reference ? DocumentId::fromHex(textOf(*reference, "doc")) : std::nullopt;
    auto const scope = reference ? Scope::parse(textOf(*reference, "scope")) : std::nullopt;
    if (!doc || !scope) return std::nullopt;
    return DocumentKey{*scope, *doc};
}

/// Makes the rows of a cycle from catalogues.
class Planning {
public:
    Planning(Office& office, CycleWanted const& wanted)
        : m_office(office), m_wanted(wanted), m_owners(ownerUnits(office)) {
        for (auto const& unit : office.registry().units()) {
            if (unit.closed) continue;
            m_units.insert(unit.id);
        }
    }

    Result<CyclePlan> plan() {
        auto& fields = m_plan.fields;
        fields.set("title", m_wanted.title);
        fields.set("clock", std::string(nameOf(m_wanted.clock)));
        if (auto dated = setDates(); !dated) return dated.error();
        for (auto const& unit : m_wanted.units) {
            if (!m_units.contains(unit)) return makeError(ErrorCode::NotFound, "cycle.unit-unknown", unit);
        }
        if (auto read = readCatalogues(); !read) return read.error();
        if (m_wanted.previous) {
            if (auto carried = carry(*m_wanted.previous); !carried) return carried.error();
        }
        m_plan.elements = static_cast<int>(m_elements.size());
        m_plan.points = static_cast<int>(m_points.size());
        if (m_points.empty()) return makeError(ErrorCode::Refused, "cycle.no-points", m_wanted.title);
        countParts();
        m_plan.parts += m_plan.carried = m_carried.size();
        if (m_plan.parts > engine::kExpectedMax) {
            return makeError(ErrorCode::TooLarge, "cycle.too-many",
                             std::to_string(m_plan.parts) + " > " + std::to_string(engine::kExpectedMax));
        }
        fields.set("elements", sortedRows(std::move(m_elements)));
        fields.set("points", sortedRows(std::move(m_points)));
        if (!m_subjects.empty()) fields.set("subjects", sortedRows(std::move(m_subjects)));
        if (!m_named.empty()) fields.set("subjects_named", arrayOf(m_named));
        if (!m_carried.empty()) fields.set("carried", sortedRows(std::move(m_carried)));
        setReadings();
        m_plan.unknownNames.assign(m_unknown.begin(), m_unknown.end());
        return std::move(m_plan);
    }

private:
    Result<void> setDates() {
        Day const start = m_wanted.start;
        if (!start.ok()) return makeError(ErrorCode::Usage, "cycle.dates", "start");
        Day const end =
            m_wanted.end.value_or(engine::addDays(engine::addMonths(start, engine::monthsOf(m_wanted.clock)), -1));
        Day const due = m_wanted.due.value_or(end);
        if (end < start || due < start || due > end || (m_wanted.reportDue && *m_wanted.reportDue < due)) {
            return makeError(ErrorCode::Usage, "cycle.dates",
                             toText(start) + " … " + toText(due) + " … " + toText(end));
        }
        if (auto fits = engine::fits({}, start, end); !fits) return fits;
        m_plan.fields.set("start", toText(start));
        m_plan.fields.set("end", toText(end));
        m_plan.fields.set("due", toText(due));
        m_plan.fields.set("period", toText(start) + "/" + toText(end));
        if (m_wanted.reportDue) m_plan.fields.set("report_due", toText(*m_wanted.reportDue));
        return {};
    }

    void setReadings() {
        if (m_wanted.readings.empty()) return;
        json::Array readings;
        for (auto const& [k, v] : m_wanted.readings) readings.push_back(json::Object{{"k", k}, {"v", v}});
        m_plan.fields.set("readings", std::move(readings));
    }

    Result<void> readCatalogues() {
        if (m_wanted.catalogues.empty()) return makeError(ErrorCode::Usage, "cycle.no-catalogue", "");
        std::string inWords;
        for (auto const& key : m_wanted.catalogues) {
            auto shown = m_office.show(key);
            if (!shown) return shown.error();
            if (!shown->listed.row.type.starts_with("catalogue.")) {
                return makeError(ErrorCode::Usage, "cycle.no-catalogue", shown->listed.row.title);
            }
            if (shown->merged.heads.size() != 1) {
                return makeError(ErrorCode::Refused, "cycle.catalogue-differs", shown->listed.row.title);
            }
            auto const& fields = shown->merged.fields;
            auto const& head = shown->merged.heads.front();
            if (m_wanted.catalogues.size() == 1) m_plan.fields.set("catalogue", reference(key, head));
            inWords += (inWords.empty() ? "" : "\n") + shown->listed.row.title + " " + textOf(fields, "version") + " " +
                       key.text() + "@" + head.hex();
            auto const level = textOf(fields, "level");
            auto const per = bySubject(level);
            if (!per) return per.error();
            for (auto const& [id, element] : rowsAt(fields, "elements")) {
                if (auto taken = takeElement(id, *element, level, *per); !taken) return taken;
            }
        }
        m_plan.fields.set("catalogue_text", inWords);
        return {};
    }

    /// Whether a level's points are answered for its subjects, and then those.
    Result<bool> bySubject(std::string const& level) {
        if (!engine::hasSubjects(level) || m_wanted.byUnit.contains(level)) return false;
        if (m_plan.subjects.contains(level)) return true;
        auto const named = m_wanted.subjects.find(level);
        if (named == m_wanted.subjects.end()) {
            if (!m_wanted.units.empty()) return false;
            if (!teachingDocument(m_office)) {
                if (std::find(m_plan.unitLevels.begin(), m_plan.unitLevels.end(), level) == m_plan.unitLevels.end())
                    m_plan.unitLevels.push_back(level);
                return false;
            }
        }
        if (!m_teaching) m_teaching = teachingInForce(m_office);
        Day const end = parseDay(textOf(m_plan.fields, "end")).value_or(m_wanted.start);
        Day const asOf = std::clamp(m_wanted.asOf.value_or(m_wanted.start), m_wanted.start, end);
        auto instances = engine::instancesOf(level, *m_teaching, asOf, end);
        std::set<std::string> codes;
        if (named != m_wanted.subjects.end() && !named->second.empty()) {
            codes.insert(named->second.begin(), named->second.end());
            m_named.insert(level);
            for (auto const& code : codes) {
                if (std::none_of(instances.list.begin(), instances.list.end(),
                                 [&](engine::Instance const& each) { return each.subject == code; }))
                    return makeError(ErrorCode::NotFound, "cycle.subject-unknown", engine::subjectId(level, code));
            }
            std::erase_if(instances.list, [&](engine::Instance const& each) { return !codes.contains(each.subject); });
        }
        if (instances.list.empty()) return makeError(ErrorCode::Refused, "cycle.no-subjects", level);
        for (auto const& finding : instances.findings) {
            if (codes.empty() || codes.contains(finding.subject))
                m_plan.findings.push_back({finding.code, level, finding.subject, finding.name});
        }
        // A flag that was taken off in silence is told before anybody relies on it.
        for (auto const& finding : checkTeaching(m_office)) {
            bool const ofLevel = finding.subject.starts_with(level + ":");
            bool const ofAll = finding.subject.empty() && m_plan.subjects.empty();
            if (ofLevel || ofAll)
                m_plan.findings.push_back({finding.code, level,
                                           ofLevel ? finding.subject.substr(level.size() + 1) : finding.detail,
                                           finding.name});
        }
        for (auto const& each : instances.list) takeSubject(level, each);
        m_plan.subjects[level] = static_cast<int>(instances.list.size());
        return true;
    }

    void takeSubject(std::string const& level, engine::Instance const& from) {
        std::string const id = engine::subjectId(level, from.subject);
        std::string lead = from.lead;
        std::vector<std::string> units = from.forms;
        if (auto const told = m_wanted.owners.find(id); told != m_wanted.owners.end() && !told->second.empty()) {
            units = told->second;
            lead = units.front();
        }
        std::erase_if(units, [&](std::string const& unit) { return !m_units.contains(unit); });
        if (!units.empty() && !m_units.contains(lead)) lead = units.front();
        json::Object row{{"title", from.name.empty() ? from.subject : from.name}, {"level", level}};
        if (units.empty()) {
            m_plan.findings.push_back({"subject-without-unit", level, from.subject, from.name});
        } else {
            row.set("lead", lead);
            row.set("units", arrayOf({units.begin(), units.end()}));
        }
        if (!from.programmes.empty()) {
            row.set("programmes", arrayOf({from.programmes.begin(), from.programmes.end()}));
            row.set("programmes_text", programmeNames(from.programmes));
        }
        if (!from.teacher.empty()) row.set("teacher", from.teacher);
        if (from.closes) row.set("closes", toText(*from.closes));
        if (from.brand) row.set("brand", true);
        m_subjects.emplace(id, std::move(row));
    }

    std::string programmeNames(std::vector<std::string> const& codes) const {
        std::string names;
        for (auto const& programme : m_teaching->programmes) {
            if (std::find(codes.begin(), codes.end(), programme.id) != codes.end())
                names += (names.empty() ? "" : "、") + programme.name;
        }
        return names;
    }

    /// What will be asked for: of a row by subject the units of each subject, of a point its lead alone.
    void countParts() {
        std::map<std::string, std::size_t> forms, points;
        for (auto const& [id, subject] : m_subjects) {
            forms[textOf(subject, "level")] += textsAt(subject, "units").size();
            if (!textOf(subject, "lead").empty()) ++points[textOf(subject, "level")];
        }
        auto const partsOf = [](json::Object const& row, std::map<std::string, std::size_t> const& ofSubjects) {
            if (!row.find("by_subject")) return textsAt(row, "units").size();
            auto const found = ofSubjects.find(textOf(row, "level"));
            return found == ofSubjects.end() ? std::size_t{0} : found->second;
        };
        for (auto const& [id, row] : m_elements) m_plan.parts += partsOf(row, forms);
        for (auto const& [id, row] : m_points) m_plan.parts += partsOf(row, points);
    }

    Result<void> takeElement(std::string const& id, json::Object const& from, std::string const& level,
                             bool forSubjects) {
        std::string lead;
        std::set<std::string> const units = unitsOf(id, from, lead, forSubjects);
        json::Object row{{"title", textOf(from, "zh")}};
        if (!level.empty()) row.set("level", level);
        if (forSubjects) row.set("by_subject", true);
        if (!units.empty()) row.set("units", arrayOf(units));
        if (!lead.empty()) row.set("lead", lead);
        if (!m_elements.emplace(id, std::move(row)).second)
            return makeError(ErrorCode::Refused, "cycle.point-twice", id);
        for (auto const& [pointId, point] : rowsAt(from, "points")) {
            if (auto const* withdrawn = point->find("withdrawn");
                withdrawn && withdrawn->asBool() && *withdrawn->asBool())
                continue;
            // A point that goes on under another number goes on as the same row, so that its answers stay with it.
            auto const was = textsAt(*point, "was");
            std::string const& rowId = was.size() == 1 ? was.front() : pointId;
            json::Object told{{"element", id}, {"title", textOf(*point, "zh")}};
            if (auto const printed = textOf(from, "points_text"); !printed.empty()) told.set("wording", printed);
            if (!level.empty()) told.set("level", level);
            if (!units.empty()) told.set("units", arrayOf(units));
            if (forSubjects) told.set("by_subject", true);
            if (auto const* added = point->find("added"); added && added->asBool() && *added->asBool())
                told.set("added", true);
            if (!m_points.emplace(rowId, std::move(told)).second)
                return makeError(ErrorCode::Refused, "cycle.point-twice", rowId);
        }
        return {};
    }

    std::set<std::string> unitsOf(std::string const& id, json::Object const& element, std::string& lead,
                                  bool forSubjects) {
        if (!m_wanted.units.empty()) {
            lead = m_wanted.units.front();
            return {m_wanted.units.begin(), m_wanted.units.end()};
        }
        std::set<std::string> units;
        std::string names;
        std::vector<std::string> unknown;
        for (auto const& name : textsAt(element, "responsible")) {
            names += (names.empty() ? "" : "、") + name;
            auto const meant = meaning(name);
            if (meant.empty()) unknown.push_back(name);
            if (lead.empty() && !meant.empty()) lead = meant.front();
            units.insert(meant.begin(), meant.end());
        }
        // What subjects answer waits for nobody whom the printed table names.
        if (forSubjects) return units;
        if (units.empty())
            m_plan.unowned.push_back({id, textOf(element, "zh"), names});
        else
            m_unknown.insert(unknown.begin(), unknown.end());
        return units;
    }

    std::vector<std::string> meaning(std::string const& name) const {
        if (auto const told = m_wanted.owners.find(name); told != m_wanted.owners.end()) return told->second;
        if (m_units.contains(name)) return {name};
        return engine::ownersOf({name}, m_owners).units;
    }

    /// What the cycle before left over: what its closing act names, and what finished points say.
    Result<void> carry(DocumentKey const& previous) {
        auto const before = showCycle(m_office, previous, m_wanted.start);
        if (!before) return before.error();
        if (!before->document.listed.row.closed) {
            return makeError(ErrorCode::Refused, "cycle.previous-open", before->document.listed.row.title);
        }
        m_plan.fields.set("previous", reference(previous, before->document.standing.revision));
        auto const& left = before->document.standing.left;
        auto const take = [&](std::vector<CyclePart> const& parts) {
            for (auto const& part : parts) {
                bool const named = std::binary_search(left.begin(), left.end(), part.line.doc);
                bool const saysSo = part.line.closed && part.line.leavesOver;
                if (!named && !saysSo) continue;
                json::Object row{
                    {"title", part.line.title}, {"unit", part.unit}, {"from", reference(part.line.key(), {})}};
                if (!part.element.empty()) row.set("element", part.element);
                if (!part.point.empty()) row.set("point", part.point);
                if (!part.subject.empty()) row.set("subject", part.subject);
                if (!part.leftOver.empty()) row.set("problem", part.leftOver);
                row.set("due", *m_plan.fields.find("due"));
                m_carried.emplace(part.line.doc.hex(), std::move(row));
            }
        };
        // Rectification goes on by itself until a signed pass: it is not asked for twice.
        take(before->parts);
        return {};
    }

    Office& m_office;
    CycleWanted const& m_wanted;
    std::vector<engine::OwnerUnit> const m_owners;
    CyclePlan m_plan;
    std::optional<engine::Teaching> m_teaching;
    std::set<std::string> m_units, m_unknown, m_named;
    std::map<std::string, json::Object> m_elements, m_points, m_subjects, m_carried;
};

Result<CyclePlan> ownedPlan(Office& office, CycleWanted const& wanted) {
    auto plan = planCycle(office, wanted);
    if (!plan) return plan;
    std::string subjects;
    std::size_t without = 0;
    for (auto const& each : plan->findings) {
        if (each.code != "subject-without-unit" || ++without > kNamedMax) continue;
        subjects += (subjects.empty() ? "" : "; ") + engine::subjectId(each.level, each.subject) + " " + each.name;
    }
    if (without > 0)
        return makeError(ErrorCode::Refused, "cycle.subject-unowned", subjects + (without > kNamedMax ? " …" : ""));
    if (plan->unowned.empty()) return plan;
    std::string names;
    for (std::size_t i = 0; i < std::min(plan->unowned.size(), kNamedMax); ++i) {
        auto const& each = plan->unowned[i];
        names += (i == 0 ? "" : "; ") + each.element + " " + each.title +
                 (each.names.empty() ? "" : " (" + each.names + ")");
    }
    return makeError(ErrorCode::Refused, "cycle.unowned", names + (plan->unowned.size() > kNamedMax ? " …" : ""));
}

/// A unit that was closed since is asked for what it was asked for: what it began stays expected, and its successor
/// stays beside it, though a catalogue knows neither.
void keepClosedUnits(Office& office, json::Object const& before, json::Object& fields) {
    std::set<std::string> closed;
    for (auto const& unit : office.registry().units()) {
        if (unit.closed) closed.insert(unit.id);
    }
    auto const next = successors(office);
    for (auto const* key : {"elements", "points"}) {
        std::map<std::string, std::set<std::string>> kept;
        for (auto const& [id, row] : rowsAt(before, key)) {
            auto const units = textsAt(*row, "units");
            for (auto const& unit : units) {
                if (!closed.contains(unit)) continue;
                kept[id].insert(unit);
                auto const successor = next.find(unit);
                bool const beside =
                    successor != next.end() && std::find(units.begin(), units.end(), successor->second) != units.end();
                if (beside) kept[id].insert(successor->second);
            }
        }
        std::map<std::string, json::Object> rows;
        for (auto const& [id, row] : rowsAt(fields, key)) {
            auto& copy = rows.emplace(id, *row).first->second;
            auto const found = kept.find(id);
            if (found == kept.end()) continue;
            for (auto const& unit : textsAt(copy, "units")) found->second.insert(unit);
            copy.set("units", arrayOf(found->second));
        }
        fields.set(key, sortedRows(std::move(rows)));
    }
}

void count(PartCounts& counts, CyclePart const& part) {
    auto const& line = part.line;
    ++counts.all;
    if (line.state == "taken-back")
        ++counts.takenBack;
    else if (line.state == "carried-over")
        ++counts.carriedOver;
    else if (line.closed)
        ++counts.closed;
    else if (!line.begun)
        ++counts.notBegun;
    else
        ++counts.open;
    if (line.daysOverdue > 0) ++counts.overdue;
    if (part.answered) ++counts.answered;
    counts.failedRounds += line.failedRounds;
}

std::string fieldOf(Office& office, DocumentKey const& document, std::string_view field) {
    auto const shown = office.show(document);
    return shown ? textOf(shown->merged.fields, field) : std::string();
}

/// What nobody said otherwise stays as the running cycle has it: of units or for subjects, and which.
Result<void> keepLevels(Office& office, json::Object const& fields, CycleWanted& wanted) {
    std::map<std::string, bool> levels;
    for (auto const& [id, row] : rowsAt(fields, "points")) {
        levels[textOf(*row, "level")] = row->find("by_subject") != nullptr;
    }
    auto const named = textsAt(fields, "subjects_named");
    Day const end = wanted.end.value_or(wanted.start);
    for (auto const& [level, forSubjects] : levels) {
        if (!engine::hasSubjects(level) || wanted.byUnit.contains(level) || wanted.subjects.contains(level)) continue;
        if (!forSubjects) {
            wanted.byUnit.insert(level);
            continue;
        }
        auto& codes = wanted.subjects[level];
        if (std::find(named.begin(), named.end(), level) == named.end()) continue;
        std::set<std::string> open;
        Day const asOf = std::clamp(wanted.asOf.value_or(wanted.start), wanted.start, end);
        for (auto const& each : engine::instancesOf(level, teachingOf(office), asOf, end).list)
            open.insert(engine::subjectId(level, each.subject));
        for (auto const& [id, row] : rowsAt(fields, "subjects")) {
            if (textOf(*row, "level") == level && open.contains(id)) codes.push_back(id.substr(level.size() + 1));
        }
        // Of those that were named none is open any more: that does not mean all others.
        if (codes.empty()) return makeError(ErrorCode::Refused, "cycle.no-subjects", level);
    }
    return {};
}

}  // namespace

Result<CyclePlan> planCycle(Office& office, CycleWanted const& wanted) { return Planning(office, wanted).plan(); }

Result<CycleStarted> startCycle(Office& office, CycleWanted const& wanted) {
    auto plan = ownedPlan(office, wanted);
    if (!plan) return plan.error();
    CycleStarted started;
    started.cycle = {Scope::college(), office.replica().world().random.token<DocumentId>()};
    if (auto made = office.createAll({{started.cycle.scope, started.cycle.doc, "cycle.v1", plan->fields}}); !made)
        return made.error();
    auto const done = office.step(started.cycle, StepWanted{.action = "start"});
    if (!done) return done.error();
    started.revision = done->revision;
    started.record = done->record;
    started.plan = std::move(*plan);
    return started;
}

Result<CycleStarted> adoptCatalogue(Office& office, DocumentKey const& cycle, CycleWanted const& wanted,
                                    std::string_view reason) {
    auto shown = office.show(cycle);
    if (!shown) return shown.error();
    if (!shown->listed.row.type.starts_with("cycle."))
        return makeError(ErrorCode::Usage, "cycle.not-a-cycle", cycle.text());
    auto const& fields = shown->merged.fields;
    CycleWanted again = wanted;
    again.title = textOf(fields, "title");
    again.start = parseDay(textOf(fields, "start")).value_or(Day{});
    again.end = parseDay(textOf(fields, "end"));
    again.due = parseDay(textOf(fields, "due"));
    again.reportDue = parseDay(textOf(fields, "report_due"));
    again.previous.reset();
    auto const before = rowsAt(fields, "subjects");
    if (auto kept = keepLevels(office, fields, again); !kept) return kept.error();
    auto plan = ownedPlan(office, again);
    if (!plan) return plan.error();
    keepClosedUnits(office, fields, plan->fields);
    std::set<std::string> kept;
    for (auto const& [id, row] : rowsAt(plan->fields, "points")) kept.insert(id);
    std::map<std::string, json::Object> withdrawn;
    for (auto const* key : {"withdrawn", "points"}) {
        for (auto const& [id, row] : rowsAt(fields, key)) {
            if (kept.contains(id)) continue;
            json::Object told{{"title", textOf(*row, "title")}};
            if (auto const element = textOf(*row, "element"); !element.empty()) told.set("element", element);
            withdrawn[id] = std::move(told);
        }
    }
    std::set<std::string> asked;
    for (auto const& [id, row] : rowsAt(plan->fields, "subjects")) asked.insert(id);
    std::map<std::string, json::Object> gone;
    engine::Teaching const teaching = before.empty() ? engine::Teaching{} : teachingOf(office);
    for (auto const* key : {"withdrawn_subjects", "subjects"}) {
        for (auto const& [id, row] : rowsAt(fields, key)) {
            if (asked.contains(id)) continue;
            json::Object told{{"title", textOf(*row, "title")}, {"level", textOf(*row, "level")}};
            for (auto const& programme : teaching.programmes) {
                if (programme.closed && engine::subjectId("programme", programme.id) == id)
                    told.set("closes", toText(*programme.closed));
            }
            gone[id] = std::move(told);
        }
    }
    std::vector<std::pair<std::string, std::string>> set;
    auto const rewrite = [&](std::string const& key, json::Value const* value) {
        if (value || fields.find(key)) set.emplace_back(key, value ? json::encode(*value) : std::string("[]"));
    };
    rewrite("subjects", plan->fields.find("subjects"));
    json::Value const withdrawnSubjects{sortedRows(std::move(gone))};
    rewrite("withdrawn_subjects", withdrawnSubjects.asArray()->empty() ? nullptr : &withdrawnSubjects);
    std::string named;
    for (auto const& level : textsAt(plan->fields, "subjects_named")) named += (named.empty() ? "" : ",") + level;
    if (!named.empty() || fields.find("subjects_named")) set.emplace_back("subjects_named", named);
    for (auto const* key : {"elements", "points"}) set.emplace_back(key, json::encode(*plan->fields.find(key)));
    json::Value const withdrawnPoints{sortedRows(std::move(withdrawn))};
    rewrite("withdrawn", withdrawnPoints.asArray()->empty() ? nullptr : &withdrawnPoints);
    set.emplace_back("catalogue_text", textOf(plan->fields, "catalogue_text"));
    auto edited = office.edit(cycle, set, false);
    if (!edited) return edited.error();
    auto done = office.step(cycle, StepWanted{.action = "adopt", .comment = std::string(reason)});
    if (!done) return done.error();
    return CycleStarted{cycle, done->revision, done->record, std::move(*plan)};
}

Result<CycleShown> showCycle(Office& office, DocumentKey const& cycle, Day today) {
    auto shown = office.show(cycle);
    if (!shown) return shown.error();
    if (!shown->listed.row.type.starts_with("cycle."))
        return makeError(ErrorCode::Usage, "cycle.not-a-cycle", cycle.text());
    CycleShown result;
    result.document = std::move(*shown);

    std::map<DocumentKey, TaskLine> lines;
    Office::TaskFilter filter;
    filter.allWork = filter.includeClosed = true;
    for (auto& line : office.tasks(filter, today)) lines.emplace(line.key(), std::move(line));

    std::map<std::string, std::string> levels;
    for (auto const* key : {"elements", "points"}) {
        for (auto const& [id, row] : rowsAt(result.document.merged.fields, key)) levels[id] = textOf(*row, "level");
    }
    for (auto const* key : {"withdrawn_subjects", "subjects"}) {
        for (auto const& [id, row] : rowsAt(result.document.merged.fields, key))
            result.subjectNames[id] = textOf(*row, "title");
    }
    std::map<std::string, std::string> campuses;
    for (auto const& unit : office.registry().units()) campuses[unit.id] = unit.campus;
    std::set<DocumentKey> asked;
    auto const partOf = [&](engine::Expectation const& expected) {
        CyclePart part;
        part.line.doc = expected.document.doc;
        part.line.scope = expected.document.scope;
        if (auto const line = lines.find(expected.document); line != lines.end()) part.line = line->second;
        part.rule = expected.rule;
        part.element = textOf(expected.fields, "element");
        part.point = textOf(expected.fields, "point");
        part.subject = textOf(expected.fields, "subject");
        part.unit = expected.document.scope.isUnit() ? std::string(expected.document.scope.name())
                                                     : textOf(expected.fields, "owner");
        part.answered = part.line.answered;
        asked.insert(expected.document);
        return part;
    };
    for (auto const& expected : office.expectedBy(cycle)) {
        CyclePart part = partOf(expected);
        if (part.line.leavesOver) part.leftOver = fieldOf(office, part.line.key(), "left_over");
        if (expected.rule == "point" && part.line.failedRounds > 0) {
            for (auto const& task : office.expectedBy(expected.document)) {
                CyclePart rectification = partOf(task);
                rectification.leftOver = textOf(task.fields, "problem");
                count(result.rectification, rectification);
                result.rectifications.push_back(std::move(rectification));
            }
        }
        auto& counts = part.rule == "element" ? result.elements : part.rule == "point" ? result.points : result.carried;
        count(counts, part);
        if (part.rule == "point") {
            count(result.byUnit[part.unit], part);
            count(result.byElement[part.element], part);
            count(result.byLevel[levels[part.point]], part);
            if (!part.subject.empty()) count(result.bySubject[part.subject], part);
            count(result.byCampus[campuses[part.unit]], part);
        }
        result.parts.push_back(std::move(part));
    }
    std::sort(result.parts.begin(), result.parts.end(), [](auto const& a, auto const& b) {
        return std::tie(a.rule, a.element, a.point, a.subject, a.unit) <
               std::tie(b.rule, b.element, b.point, b.subject, b.unit);
    });
    for (auto const& [key, line] : lines) {
        bool const isPoint = line.type.starts_with("point.");
        if (asked.contains(key) || !line.rule.empty() || (!isPoint && !line.type.starts_with("element."))) continue;
        auto const point = office.show(key);
        if (!point || keyFrom(json::objectAt(point->merged.fields, "cycle")) != cycle) continue;
        CyclePart part;
        part.line = line;
        part.rule = isPoint ? "point" : "element";
        part.element = textOf(point->merged.fields, "element");
        part.point = textOf(point->merged.fields, "point");
        part.subject = textOf(point->merged.fields, "subject");
        part.unit = line.owner;
        part.withdrawn = true;
        part.answered = isPoint ? !model::isMissing(point->merged.fields, "result")
                                : point->type && model::missingFields(*point->type, point->merged.fields).empty();
        result.withdrawn.push_back(std::move(part));
    }
    return result;
}

Result<StepDone> closeCycle(Office& office, DocumentKey const& cycle, std::string_view comment, bool carry) {
    auto shown = showCycle(office, cycle, Day{});
    if (!shown) return shown.error();
    StepWanted wanted{.action = "close", .comment = std::string(comment)};
    auto const leave = [&](std::vector<CyclePart> const& parts) {
        for (auto const& part : parts) {
            bool const open = !part.line.closed;
            if ((open && carry) || (part.line.closed && part.line.leavesOver)) wanted.left.push_back(part.line.doc);
        }
    };
    leave(shown->parts);
    return office.step(cycle, wanted);
}

Result<PartBeside> beside(Office& office, DocumentKey const& part) {
    auto shown = office.show(part);
    if (!shown) return shown.error();
    PartBeside result;
    auto const& fields = shown->merged.fields;
    auto const cycle = keyFrom(json::objectAt(fields, "cycle"));
    auto const around = cycle ? office.show(*cycle) : Result<DocumentShown>(Error{});
    if (!around) return result;
    bool const isPoint = shown->listed.row.type.starts_with("point.");
    std::string const row = textOf(fields, isPoint ? "point" : "element");
    std::string const unit = part.scope.isUnit() ? std::string(part.scope.name()) : std::string();
    // As the cycle asked, not as somebody wrote into the form.
    std::string const subject = textOf(shown->expected ? shown->expected->fields : fields, "subject");
    if (auto const previous = keyFrom(json::objectAt(around->merged.fields, "previous"))) {
        DocumentKey const last{
            part.scope, engine::expectedId(*previous, isPoint ? "point" : "element", row, unit, part.scope, subject)};
        if (auto answer = office.show(last); answer && !answer->merged.heads.empty()) {
            result.lastAnswer = answer->merged.fields;
            result.lastState = answer->listed.row.state;
            result.lastDocument = last;
        }
    }
    std::string const element = textOf(fields, "element");
    for (auto const& [id, asking] : rowsAt(around->merged.fields, subject.empty() ? "elements" : "subjects")) {
        if (id != (subject.empty() ? element : subject)) continue;
        for (auto const& other : textsAt(*asking, "units")) {
            Scope const scope = Scope::unit(other);
            result.jointParts.emplace_back(
                other, DocumentKey{scope, engine::expectedId(*cycle, "element", element, other, scope, subject)});
        }
    }
    return result;
}

}  // namespace spiral::office
