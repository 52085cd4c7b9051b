#include "office/yearly.h"

#include "office/fields.h"
#include "office/signing_rules.h"
#include "projector.h"

#include <algorithm>

namespace spiral::office {

namespace {

constexpr std::string_view kStepType = "yearly-step";

Day inYear(int year, std::chrono::month_day day) {
    std::chrono::year_month_day const whole(std::chrono::year(year), day.month(), day.day());
    return whole.ok() ? Day(whole) : engine::lastOfMonth(year, static_cast<unsigned>(day.month()));
}

}  // namespace

// --- reports of schools ---

SchoolReports schoolReports(Office& office, Organisation const& organisation, int year, Day today,
                            std::optional<Day> due) {
    SchoolReports reports;
    reports.year = year;
    reports.due = due.value_or(inYear(year, organisation.schoolReportDue.value_or(organisation.yearEnd)));
    std::map<std::string, std::size_t> places;
    for (auto const& unit : organisation.units) {
        if (!unit.school || unit.closed) continue;
        places.emplace(unit.id, reports.schools.size());
        SchoolReport school;
        school.school = unit.id;
        school.name = unit.name;
        reports.schools.push_back(std::move(school));
    }
    for (auto const& listed : documentsOf(office, "report")) {
        auto const fields = fieldsOf(office, listed);
        if (textOf(fields, "report_kind") != kSchoolReport || numberOf(fields, "year") != year) continue;
        auto const place = places.find(listed.row.owner);
        if (place == places.end()) continue;
        auto& school = reports.schools[place->second];
        auto const signature = schoolSignature(office, organisation, listed.key());
        auto breaches = breachesOf(office, organisation, listed.key());
        std::move(breaches.begin(), breaches.end(), std::back_inserter(school.breaches));
        school.others += school.document.has_value();
        bool const first = signature && (!school.signedAt || signature->when < *school.signedAt);
        if (school.document && !first) continue;
        school.document = listed.key();
        school.title = listed.row.title;
        school.state = listed.row.state;
        if (!signature) continue;
        school.signedBy = signature->person;
        school.signedAt = signature->when;
        school.signedOn = collegeDay(signature->when);
    }
    std::vector<engine::YearlyReport> written;
    for (auto& school : reports.schools) {
        written.push_back({school.school, year, school.signedOn});
        school.late = school.signedOn && reports.due < *school.signedOn;
        school.overdue = !school.signedOn && reports.due < today;
        reports.written += school.signedOn.has_value();
        reports.late += school.late;
        reports.overdue += school.overdue;
    }
    reports.remarks = engine::checkYearlyReports(organisation.units, written, year, reports.due, today);
    return reports;
}

// --- the yearly road ---

namespace {

/// What a revision of such a document says; nothing if it is no fact of the road.
std::optional<RoadFact> factFrom(json::Object const& fields) {
    auto const year = numberOf(fields, "year");
    auto const on = dayOf(fields, "on");
    if (!year || !on || *year < 1 || *year > 9999) return std::nullopt;
    RoadFact fact;
    fact.year = static_cast<int>(*year);
    fact.on = *on;
    fact.step = textOf(fields, "step");
    fact.receipt = textOf(fields, "act") == "receipt";
    fact.number = textOf(fields, "number");
    fact.note = textOf(fields, "note");
    return fact;
}

/// The signed fact of a document: what stands in the revision that the signature names, and never what was written
/// after it.
std::optional<RoadFact> signedFact(Office& office, replica::ListedDocument const& listed) {
    auto const facts = listed.row.state == "signed" ? office.view().facts(listed.key()) : std::nullopt;
    if (!facts) return std::nullopt;
    Reading const reading = read(*facts, office.definitions());
    engine::Act const* first = nullptr;
    for (auto const& act : reading.acts) {
        auto const effect = reading.standing.effects.find(act.id);
        bool const counts = effect != reading.standing.effects.end() && effect->second == engine::ActEffect::Counts;
        if (!counts || act.action != "submit" || act.of != reading.standing.revision) continue;
        if (!first || std::tie(act.time, act.id) < std::tie(first->time, first->id)) first = &act;
    }
    auto const bytes = first ? office.replica().revisionBytes(first->of) : std::nullopt;
    auto const revision = bytes ? trust::decodeRevision(*bytes) : Result<trust::Revision>(Error{});
    auto fact = revision ? factFrom(revision->fields) : std::nullopt;
    if (!fact) return std::nullopt;
    fact->document = listed.key();
    fact->record = first->id;
    fact->by = first->by.person;
    fact->signedAt = first->time;
    fact->files = revision->files;
    return fact;
}

/// All signed facts of a year, in the order of their signatures.
std::vector<RoadFact> signedFacts(Office& office, int year) {
    std::vector<RoadFact> facts;
    for (auto const& listed : documentsOf(office, kStepType)) {
        if (!listed.scope.isCollege()) continue;
        auto fact = signedFact(office, listed);
        if (fact && fact->year == year) facts.push_back(std::move(*fact));
    }
    std::sort(facts.begin(), facts.end(), [](RoadFact const& a, RoadFact const& b) {
        return std::tie(a.signedAt, a.record) < std::tie(b.signedAt, b.record);
    });
    return facts;
}

RoadFact const* factOf(std::vector<RoadFact> const& facts, std::string_view step, bool receipt) {
    auto const found = std::find_if(facts.begin(), facts.end(),
                                    [&](RoadFact const& fact) { return fact.step == step && fact.receipt == receipt; });
    return found == facts.end() ? nullptr : &*found;
}

/// A receipt of what nobody handed in takes no step: it is told as such.
std::vector<engine::StepTaken> takenOf(std::vector<RoadFact> const& facts) {
    std::vector<engine::StepTaken> taken;
    for (auto const& fact : facts) {
        if (fact.receipt || factOf(facts, fact.step, false) != &fact) continue;
        auto const* receipt = factOf(facts, fact.step, true);
        taken.push_back({fact.step, fact.on, receipt ? std::optional(receipt->on) : std::nullopt});
    }
    return taken;
}

Result<void> mayTake(Office& office, RoadFact const& fact, bool hasFile, Day today) {
    auto const& road = engine::yearlyReportRoad();
    if (static_cast<int>(fact.on.year()) < fact.year) {
        return makeError(ErrorCode::Usage, "road.year", std::to_string(fact.year) + " " + toText(fact.on));
    }
    if (today < fact.on) return makeError(ErrorCode::Refused, "road.future", toText(fact.on));
    auto const taken = takenOf(signedFacts(office, fact.year));
    if (!fact.receipt) return engine::mayHandIn(road, taken, fact.step, fact.on);
    if (auto may = engine::mayReceive(road, taken, fact.step, fact.on); !may) return may;
    // The own diagnosis is received by the college itself, whose signature is this one.
    bool const ofOthers = fact.step != road.front().name;
    if (ofOthers && !hasFile && fact.number.empty()) return makeError(ErrorCode::Refused, "road.no-proof", fact.step);
    return {};
}

std::string choiceText(model::DocumentType const& type, std::string_view field, std::string_view value) {
    auto const* choices = type.find(field);
    for (std::size_t i = 0; choices && i < choices->choices.size(); ++i) {
        if (choices->choices[i] == value) return choices->choiceLabels[i].zh;
    }
    return std::string(value);
}

std::vector<std::pair<std::string, std::string>> fieldsFor(Office& office, StepGiven const& given) {
    std::string const year = std::to_string(given.year), act = given.receipt ? "receipt" : "hand-in";
    auto const* type = office.definitions().type(kStepType);
    std::string const title =
        type ? year + "年 " + choiceText(*type, "step", given.step) + "：" + choiceText(*type, "act", act) : year;
    std::vector<std::pair<std::string, std::string>> set{
        {"title", title}, {"year", year}, {"step", given.step}, {"act", act}, {"on", toText(given.on)}};
    if (!given.number.empty()) set.emplace_back("number", given.number);
    if (!given.note.empty()) set.emplace_back("note", given.note);
    if (given.report) set.emplace_back("report", given.report->text());
    return set;
}

/// One of this person's that says the same and was never signed.
std::optional<DocumentKey> begunBefore(Office& office, StepGiven const& given) {
    for (auto const& listed : documentsOf(office, kStepType)) {
        if (listed.row.state != "draft" || listed.row.heads.size() != 1) continue;
        auto const item = office.view().item(listed.row.heads.front());
        if (!item || item->person != office.replica().person()) continue;
        auto const fields = fieldsOf(office, listed);
        auto const fact = factFrom(fields);
        bool const same = fact && fact->step == given.step && fact->year == given.year && fact->on == given.on &&
                          fact->receipt == given.receipt && fact->number == given.number && fact->note == given.note;
        if (same && referenceOf(fields, "report") == given.report) return listed.key();
    }
    return std::nullopt;
}

}  // namespace

bool Road::fine() const {
    return std::all_of(steps.begin(), steps.end(), [](RoadStep const& step) { return step.findings.empty(); });
}

Road yearlyRoad(Office& office, int year, Day today) {
    Road road;
    road.year = year;
    auto const facts = signedFacts(office, year);
    auto const findings = engine::checkRoad(engine::yearlyReportRoad(), year, takenOf(facts), today);
    for (auto& date : engine::datesOf(engine::yearlyReportRoad(), year)) {
        RoadStep step;
        for (bool const receipt : {false, true}) {
            auto const* fact = factOf(facts, date.name, receipt);
            if (fact) (receipt ? step.received : step.handedIn) = *fact;
            auto const count = std::count_if(facts.begin(), facts.end(), [&](RoadFact const& each) {
                return each.step == date.name && each.receipt == receipt;
            });
            if (count > 1) step.findings.emplace_back("road.twice");
        }
        if (step.received && !step.handedIn) step.findings.emplace_back("road.receipt-before");
        for (auto const& finding : findings) {
            if (finding.step == date.name) step.findings.push_back("road." + finding.code);
        }
        step.date = std::move(date);
        road.steps.push_back(std::move(step));
    }
    return road;
}

Result<StepDone> takeStep(Office& office, StepGiven const& given) {
    RoadFact fact;
    fact.step = given.step;
    fact.year = given.year;
    fact.receipt = given.receipt;
    fact.on = given.on;
    fact.number = given.number;
    auto may = mayTake(office, fact, given.file.has_value(), collegeDay(office.replica().world().wall.now()));
    if (!may) return may.error();
    auto document = begunBefore(office, given);
    bool attached = false;
    if (document) {
        auto const shown = office.show(*document);
        attached = shown && !shown->files.empty();
        if (attached && !given.file) document.reset();
    }
    if (!document) {
        auto made = office.create(kStepType, Scope::college(), fieldsFor(office, given));
        if (!made) return made.error();
        document = made->document;
        attached = false;
    }
    if (given.file && !attached) {
        auto done = office.attach(*document, *given.file);
        if (!done) return done.error();
    }
    return office.step(*document, "submit", {}, std::nullopt);
}

Result<void> mayTakeStep(Office& office, trust::Revision const& revision, Day today) {
    auto const fact = factFrom(revision.fields);
    if (!fact) return {};  // an incomplete one is refused as such
    if (!revision.scope.isCollege()) return makeError(ErrorCode::Refused, "road.scope", revision.scope.text());
    return mayTake(office, *fact, !revision.files.empty(), today);
}

std::vector<RoadDue> roadDue(Office& office, Organisation const& organisation, Day today, int daysBefore) {
    std::vector<RoadDue> due;
    if (!organisation.yearlyRoad) return due;
    auto const road = yearlyRoad(office, static_cast<int>(today.year()), today);
    for (std::size_t i = 0; i < road.steps.size(); ++i) {
        auto const& step = road.steps[i];
        if (step.handedIn) continue;
        bool const dayNear = step.date.due && engine::daysBetween(today, *step.date.due) <= daysBefore;
        // A step without a day of its own is next once the one before was received.
        bool const next = !step.date.due && i > 0 && road.steps[i - 1].received;
        if (dayNear || next) due.push_back({step.date.name, road.year, step.date.due});
    }
    return due;
}

}  // namespace spiral::office
