#include "office/calendar.h"

#include "office/catalogues.h"
#include "office/fields.h"
#include "trust/objects.h"

#include <algorithm>
#include <map>
#include <set>

namespace spiral::office {
namespace {

constexpr std::string_view kCollege = "college";

bool isBlank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

/// A cycle that was begun, and what it asks about each subject.
struct HeldCycle {
    engine::Clock clock = engine::Clock::Year;
    CoveringCycle told;
    std::map<std::string, std::pair<int, int>> points;  ///< by subject: asked, finished

    [[nodiscard]] std::optional<CoveringCycle> about(std::string const& subject) const {
        auto const found = points.find(subject);
        if (found == points.end()) return std::nullopt;
        CoveringCycle covering = told;
        std::tie(covering.asked, covering.finished) = found->second;
        return covering;
    }
};

std::vector<HeldCycle> cyclesOf(Office& office, Day today) {
    replica::ListFilter cycles;
    cycles.type = "cycle";
    std::vector<HeldCycle> held;
    std::map<DocumentKey, bool> finished;
    for (auto const& listed : office.list(cycles)) {
        if (listed.row.state != "running" && listed.row.state != "closed") continue;
        auto const shown = office.show(listed.key());
        if (!shown) continue;
        auto const& fields = shown->merged.fields;
        auto const start = parseDay(textOf(fields, "start")), end = parseDay(textOf(fields, "end"));
        if (!start || !end || *end < *start) continue;
        if (finished.empty()) {
            Office::TaskFilter everything;
            everything.allWork = everything.includeClosed = true;
            for (auto const& line : office.tasks(everything, today)) {
                finished[line.key()] = line.closed && line.state != "taken-back" && line.state != "carried-over";
            }
        }
        HeldCycle cycle;
        auto const clock = textOf(fields, "clock");
        cycle.clock = clock == "semester"      ? engine::Clock::Semester
                      : clock == "three-years" ? engine::Clock::ThreeYears
                                               : engine::Clock::Year;
        cycle.told = {listed.key(), listed.row.title, listed.row.state, *start, *end};
        if (listed.row.closed && listed.row.lastAction) {
            Day const closed = collegeDay(*listed.row.lastAction);
            if (closed <= today) cycle.told.closed = closed;
        }
        for (auto const& expected : office.expectedBy(listed.key())) {
            if (expected.rule != "point") continue;
            std::string about = textOf(expected.fields, "subject");
            if (about.empty()) {
                // What departments answer about programmes or courses all together is nobody's own diagnosis.
                auto const level = textOf(expected.fields, "level");
                if (!level.empty() && level != kCollege) continue;
                about = kCollege;
            }
            auto& [asked, done] = cycle.points[about];
            ++asked;
            auto const line = finished.find(expected.document);
            if (line != finished.end() && line->second) ++done;
        }
        held.push_back(std::move(cycle));
    }
    std::sort(held.begin(), held.end(), [](HeldCycle const& a, HeldCycle const& b) {
        return std::pair(a.told.start, a.told.cycle) < std::pair(b.told.start, b.told.cycle);
    });
    return held;
}

int daysShared(HeldCycle const& cycle, engine::Period const& period) {
    return engine::daysBetween(std::max(cycle.told.start, period.begin), std::min(cycle.told.end, period.end)) + 1;
}

/// Of the items of its clock the one that a cycle shares most days with; the earlier of two alike.
CalendarItem* itemOf(std::vector<CalendarItem>& items, HeldCycle const& cycle) {
    CalendarItem* best = nullptr;
    for (auto& each : items) {
        int const days = each.item.clock == cycle.clock ? daysShared(cycle, each.item.period) : 0;
        if (days > 0 && (!best || days > daysShared(cycle, best->item.period))) best = &each;
    }
    return best;
}

/// Programmes or courses, with what their calendar depends on.
struct Subject {
    std::string id, name;
    std::vector<engine::ClockRule> const* rules = nullptr;
    std::optional<Day> opened{}, closed{};
    std::vector<engine::FlagChange> flags{};
};

std::vector<Subject> subjectsOf(engine::Teaching const& teaching) {
    std::vector<Subject> subjects;
    for (auto const& each : teaching.programmes) {
        subjects.push_back({engine::subjectId("programme", each.id), each.name, &engine::clocksOfProgramme(),
                            each.opened, each.closed, each.flags});
    }
    for (auto const& each : teaching.courses) {
        subjects.push_back({engine::subjectId("course", each.id), each.name, &engine::clocksOfCourse()});
    }
    return subjects;
}

/// Flags as they count: one that is taken off without a reason stays.
std::vector<engine::FlagChange> flagsThatCount(std::vector<engine::FlagChange> const& told) {
    std::vector<engine::FlagChange> counting;
    for (auto change : told) {
        if (isBlank(change.reason)) {
            if (!change.brand) continue;
            change.reason = "?";
        }
        counting.push_back(std::move(change));
    }
    return counting;
}

std::vector<engine::Waiver> waiversOf(engine::Teaching const& teaching, std::string const& subject) {
    auto const found = teaching.waivers.find(subject);
    return found == teaching.waivers.end() ? std::vector<engine::Waiver>() : found->second;
}

class Calendars {
public:
    Calendars(Office& office, CalendarWanted const& wanted)
        : m_office(office),
          m_wanted(wanted),
          m_teaching(teachingInForce(office)),
          m_cycles(cyclesOf(office, wanted.today)) {
        m_begin = wanted.begin            ? *wanted.begin
                  : m_teaching.clockStart ? *m_teaching.clockStart
                  : !m_cycles.empty()     ? m_cycles.front().told.start
                  : wanted.from           ? *wanted.from
                                          : engine::academicYear(wanted.today).begin;
    }

    Result<Calendar> all() {
        Calendar calendar;
        calendar.college = college();
        calendar.findings = checkTeaching(m_office);
        // The three years of the clock that today lies in.
        Day begin = m_begin;
        while (engine::addMonths(begin, 36) <= m_wanted.today) begin = engine::addMonths(begin, 36);
        m_from = m_wanted.from.value_or(begin);
        m_until = m_wanted.until.value_or(engine::addMonths(std::max(m_from, begin), 36));
        if (m_until <= m_from || engine::addMonths(m_from, 12 * 30) < m_until)
            return makeError(ErrorCode::Usage, "cycle.dates", toText(m_from) + " … " + toText(m_until));
        for (auto const& subject : subjectsOf(m_teaching)) {
            if (m_wanted.subject.empty() || subject.id == m_wanted.subject)
                calendar.subjects.push_back(of(subject, calendar.findings));
        }
        if (!m_wanted.subject.empty() && calendar.subjects.empty())
            return makeError(ErrorCode::NotFound, "cycle.subject-unknown", m_wanted.subject);
        return calendar;
    }

    CollegeCalendar college() const {
        CollegeCalendar college;
        college.begin = m_begin;
        std::vector<Day> done;
        for (auto const& cycle : m_cycles) {
            auto const covering = cycle.about(std::string(kCollege));
            if (!covering) continue;
            if (covering->did()) done.push_back(*covering->closed);
            college.cycles.push_back(*covering);
        }
        college.standing = engine::onceIn({}, std::move(done), m_begin, m_wanted.today);
        return college;
    }

    Result<void> mayWaive(std::string_view id, engine::Waiver const& waiver) {
        for (auto const& subject : subjectsOf(m_teaching)) {
            if (subject.id != id) continue;
            auto const items = itemsUntil(subject, engine::addDays(waiver.begin, 1), {waiver});
            return items ? Result<void>() : Result<void>(items.error());
        }
        return makeError(ErrorCode::NotFound, "cycle.subject-unknown", std::string(id));
    }

private:
    Day beginOf(Subject const& subject) const { return std::max(m_begin, subject.opened.value_or(m_begin)); }

    Result<std::vector<engine::ClockItem>> itemsUntil(Subject const& subject, Day until,
                                                      std::vector<engine::Waiver> const& waivers) const {
        return engine::itemsOf(*subject.rules, beginOf(subject), until, waivers, flagsThatCount(subject.flags));
    }

    SubjectCalendar of(Subject const& subject, std::vector<TeachingFinding>& findings) {
        SubjectCalendar calendar;
        calendar.subject = subject.id;
        calendar.name = subject.name;
        calendar.begin = beginOf(subject);
        calendar.brand = engine::flagInForce(flagsThatCount(subject.flags), m_wanted.today);
        std::vector<engine::Waiver> waivers;
        for (auto const& waiver : waiversOf(m_teaching, subject.id)) {
            if (auto const may = itemsUntil(subject, engine::addDays(waiver.begin, 1), {waiver}); !may) {
                // "clock.waiver-of-nothing" is told as a finding of that name.
                findings.push_back({may.error().reason.substr(std::string_view("clock.").size()), subject.id,
                                    subject.name, waiver.rule + " " + toText(waiver.begin)});
            } else if (waiver.begin < m_until) {
                waivers.push_back(waiver);
            }
        }
        auto const items = itemsUntil(subject, m_until, waivers);
        if (!items) return calendar;
        for (auto const& item : *items) {
            if (!subject.closed || item.period.begin <= *subject.closed)
                calendar.items.push_back({item, {}, false, {}});
        }
        for (auto const& cycle : m_cycles) {
            auto covering = cycle.about(subject.id);
            auto* const item = covering ? itemOf(calendar.items, cycle) : nullptr;
            if (item) item->cycles.push_back(*std::move(covering));
        }
        std::erase_if(calendar.items, [&](CalendarItem const& each) { return each.item.period.end < m_from; });
        for (auto& each : calendar.items) settle(each);
        return calendar;
    }

    void settle(CalendarItem& item) const {
        auto const did = std::find_if(item.cycles.begin(), item.cycles.end(),
                                      [](CoveringCycle const& cycle) { return cycle.did(); });
        bool const past = item.item.period.due < m_wanted.today;
        if (did != item.cycles.end()) {
            item.state = "done";
            item.late = item.item.period.due < *did->closed;
        } else {
            item.state = !item.item.waived.empty() ? "waived" : past ? "overdue" : "due";
        }
    }

    Office& m_office;
    CalendarWanted const& m_wanted;
    engine::Teaching const m_teaching;
    std::vector<HeldCycle> const m_cycles;
    Day m_begin{}, m_from{}, m_until{};
};

// --- brand flags over the revisions of a document -------------------------------------------------------------------

struct ReadRevision {
    std::vector<ObjectId> parents;
    PersonId person;
    std::map<std::string, engine::Programme> programmes;
};

bool holds(std::vector<engine::FlagChange> const& flags, engine::FlagChange const& wanted) {
    return std::any_of(flags.begin(), flags.end(), [&](engine::FlagChange const& each) {
        return each.on == wanted.on && each.brand == wanted.brand && (isBlank(wanted.reason) || !isBlank(each.reason));
    });
}

/// What became of a programme's flag from one revision to the next.
std::string_view flagBreach(engine::Programme const& before, engine::Programme const* after) {
    if (before.flags.empty()) return {};
    auto const latest = [](engine::FlagChange const& a, engine::FlagChange const& b) { return a.on < b.on; };
    auto const was = *std::max_element(before.flags.begin(), before.flags.end(), latest);
    if (!after || after->flags.empty()) return was.brand ? "flag-without-reason" : "flag-day-moved";
    auto const is = *std::max_element(after->flags.begin(), after->flags.end(), latest);
    if (is.brand != was.brand && (is.on <= was.on || isBlank(is.reason))) return "flag-without-reason";
    for (auto const& each : before.flags) {
        if (!holds(after->flags, each)) return "flag-day-moved";
    }
    return {};
}

std::map<ObjectId, ReadRevision> revisionsOfTeaching(Office& office) {
    std::map<ObjectId, ReadRevision> revisions;
    auto const document = teachingDocument(office);
    auto const shown = document ? office.show(*document) : Result<DocumentShown>(Error{});
    if (!shown) return revisions;
    for (auto const& item : shown->items) {
        if (item.item.kind != trust::Item::Kind::Revision) continue;
        auto const bytes = office.replica().revisionBytes(item.item.id);
        auto const revision = bytes ? trust::decodeRevision(*bytes) : Result<trust::Revision>(Error{});
        if (!revision) continue;
        auto& read = revisions[item.item.id];
        read.parents = revision->parents;
        read.person = revision->by.person;
        for (auto& programme : engine::teachingFrom(revision->fields).programmes)
            read.programmes.emplace(programme.id, std::move(programme));
    }
    return revisions;
}

}  // namespace

std::vector<TeachingFinding> checkTeaching(Office& office) {
    std::vector<TeachingFinding> findings;
    replica::ListFilter filter;
    filter.type = "teaching.v1";
    auto const read = teachingDocument(office);
    for (auto const& each : office.list(filter)) {
        if (each.key() != read)
            findings.push_back({"teaching-twice", "", each.row.title, office.shortName(each.key())});
    }
    auto const revisions = revisionsOfTeaching(office);
    std::set<std::pair<std::string, std::string>> told;
    for (auto const& [id, revision] : revisions) {
        // A flag that was set at once, with the programme, needs its reason as well.
        for (auto const& [code, programme] : revision.programmes) {
            for (auto const& flag : programme.flags) {
                if (isBlank(flag.reason) && told.emplace(code, "flag-without-reason").second)
                    findings.push_back({"flag-without-reason", engine::subjectId("programme", code), programme.name,
                                        toText(flag.on) + " " + revision.person.text()});
            }
        }
        for (auto const& parent : revision.parents) {
            auto const before = revisions.find(parent);
            if (before == revisions.end()) continue;
            for (auto const& [code, programme] : before->second.programmes) {
                auto const after = revision.programmes.find(code);
                auto const breach =
                    flagBreach(programme, after == revision.programmes.end() ? nullptr : &after->second);
                if (!breach.empty() && told.emplace(code, breach).second)
                    findings.push_back({std::string(breach), engine::subjectId("programme", code), programme.name,
                                        revision.person.text()});
            }
        }
    }
    std::sort(findings.begin(), findings.end(), [](TeachingFinding const& a, TeachingFinding const& b) {
        return std::tie(a.subject, a.code) < std::tie(b.subject, b.code);
    });
    return findings;
}

engine::Teaching teachingInForce(Office& office) {
    auto teaching = teachingOf(office);
    std::set<std::string> breached;
    for (auto const& finding : checkTeaching(office)) breached.insert(finding.subject);
    if (breached.empty()) return teaching;
    auto const revisions = revisionsOfTeaching(office);
    for (auto& programme : teaching.programmes) {
        if (!breached.contains(engine::subjectId("programme", programme.id))) continue;
        for (auto const& [id, revision] : revisions) {
            auto const then = revision.programmes.find(programme.id);
            if (then == revision.programmes.end()) continue;
            programme.flags.insert(programme.flags.end(), then->second.flags.begin(), then->second.flags.end());
        }
        programme.flags = flagsThatCount(programme.flags);
        // Of two told for one day the one that sets the flag comes last, and counts.
        std::sort(programme.flags.begin(), programme.flags.end(), [](auto const& a, auto const& b) {
            return std::tie(a.on, a.brand, a.reason) < std::tie(b.on, b.brand, b.reason);
        });
    }
    return teaching;
}

Result<Calendar> calendarOf(Office& office, CalendarWanted const& wanted) { return Calendars(office, wanted).all(); }

CollegeCalendar collegeCalendar(Office& office, Day today, std::optional<Day> begin) {
    CalendarWanted wanted;
    wanted.begin = begin;
    wanted.today = today;
    return Calendars(office, wanted).college();
}

Result<Assignment> waive(Office& office, std::string_view subject, engine::Waiver const& waiver, Day today) {
    CalendarWanted wanted;
    wanted.today = today;
    if (auto may = Calendars(office, wanted).mayWaive(subject, waiver); !may) return may.error();
    auto const document = teachingDocument(office);
    if (!document) return makeError(ErrorCode::NotFound, "cycle.subject-unknown", std::string(subject));
    auto const shown = office.show(*document);
    if (!shown) return shown.error();
    std::map<std::string, json::Value> rows;
    if (auto const* held = json::arrayAt(shown->merged.fields, "waivers")) {
        for (auto const& row : *held) {
            if (row.asObject()) rows[textOf(*row.asObject(), "id")] = row;
        }
    }
    std::string const id = std::string(subject) + " " + waiver.rule + " " + toText(waiver.begin);
    rows[id] = json::Object{{"id", id},
                            {"subject", std::string(subject)},
                            {"item", waiver.rule},
                            {"begin", toText(waiver.begin)},
                            {"reason", waiver.reason}};
    json::Array waivers;
    for (auto& [key, row] : rows) waivers.push_back(std::move(row));
    return office.edit(*document, {{"waivers", json::encode(json::Value(std::move(waivers)))}}, false);
}

}  // namespace spiral::office
