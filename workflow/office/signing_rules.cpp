#include "office/signing_rules.h"

#include "grants.h"
#include "office/catalogues.h"
#include "office/fields.h"
#include "office/yearly.h"
#include "projector.h"
#include "responsible.h"

#include <algorithm>
#include <array>

namespace spiral::office {

namespace {

constexpr std::string_view kThreePowers = "organisation.three-powers";
/// What can be in breach of a rule: everything that is approved or re-checked.
constexpr std::array<std::string_view, 10> kDecided{"body", "catalogue", "deadline-rules", "element",  "organisation",
                                                    "plan", "point",     "report",         "standard", "task"};

std::optional<trust::Revision> revisionAt(Office& office, ObjectId const& id) {
    auto const bytes = office.replica().revisionBytes(id);
    auto revision = bytes ? trust::decodeRevision(*bytes) : Result<trust::Revision>(Error{});
    return revision ? std::optional(std::move(*revision)) : std::nullopt;
}

// --- hands ---

/// Units in whose name these grants let their person act; one nameless unit for whoever has none.
std::set<std::string> unitsOf(Organisation const& organisation, std::vector<trust::Grant> const& grants) {
    std::set<std::string> units;
    for (auto const& grant : grants) {
        if (grant.role.scope.isUnit()) units.emplace(grant.role.scope.name());
        if (!grant.role.scope.isCollege() || grant.role.name != "quality") continue;
        for (auto const& unit : organisation.units) {
            if (unit.is("quality")) units.insert(unit.id);
        }
    }
    if (units.empty()) units.emplace();
    return units;
}

std::vector<trust::Grant> grantsAt(Office& office, PersonId const& person, Instant then) {
    auto grants = office.registry().grantsOf(person);
    std::erase_if(
        grants, [&](trust::Grant const& grant) { return then < grant.from || (grant.until && *grant.until <= then); });
    return grants;
}

/// Who wrote, submitted and decided. Submitting what others wrote is an act of one's power, and no writing.
struct Hands {
    std::vector<engine::HandOnDocument> writing, submitting, deciding;
};

void add(std::vector<engine::HandOnDocument>& hands, PersonId const& person, std::set<std::string> const& units,
         bool approves) {
    for (auto const& unit : units) hands.push_back({person.text(), unit, approves});
}

Hands handsOn(Office& office, Organisation const& organisation, DocumentKey const& document) {
    Hands hands;
    for (auto const& item : office.view().items(document)) {
        if (!takesPart(item)) continue;
        bool const writes = item.item.kind == trust::Item::Kind::Revision;
        auto const action = nameWithoutVersion(item.kind);
        if (!writes && action != "submit" && !isDecision(action)) continue;
        auto const units = unitsOf(organisation, grantsAt(office, item.person, item.time));
        bool const approves = !writes && action != "submit";
        add(writes ? hands.writing : approves ? hands.deciding : hands.submitting, item.person, units, approves);
    }
    return hands;
}

std::optional<engine::Remark> breachAmong(Organisation const& organisation, Hands const& hands) {
    auto together = hands.writing;
    together.insert(together.end(), hands.deciding.begin(), hands.deciding.end());
    auto plain = engine::separationBreach(organisation.powers, together);
    if (plain && plain->code == kThreePowers) return plain;
    together.insert(together.end(), hands.submitting.begin(), hands.submitting.end());
    auto powers = engine::separationBreach(organisation.powers, together);
    return powers && powers->code == kThreePowers ? powers : plain;
}

Result<void> mayDecideAlone(Office& office, Organisation const& organisation, DocumentKey const& document,
                            PersonId const& person) {
    if (organisation.powers.empty()) return {};
    Hands hands = handsOn(office, organisation, document);
    for (auto* each : {&hands.writing, &hands.submitting}) {
        std::erase_if(*each, [&](engine::HandOnDocument const& hand) { return hand.person != person.text(); });
    }
    // What others did, and what this person decided before, is told elsewhere: here only the new hand is asked about.
    hands.deciding.clear();
    add(hands.deciding, person, unitsOf(organisation, grantsInForce(office, person)), true);
    auto const breach = breachAmong(organisation, hands);
    if (!breach) return {};
    std::string who = office.names().person(person);
    if (breach->code == kThreePowers) who += " " + breach->text;
    return makeError(ErrorCode::Refused, breach->code, who);
}

// --- bodies and schools ---

Result<void> mayDecideFor(Organisation const& organisation, json::Object const& fields, PersonId const& person,
                          Day day) {
    auto const key = referenceOf(fields, "body");
    if (!key) return {};
    for (auto const& shown : organisation.bodies) {
        if (shown.document == *key) return engine::mayDecide(shown.body, person.text(), day);
    }
    return makeError(ErrorCode::Refused, "organisation.no-such-body", key->text());
}

bool isSchoolReport(std::string_view type, json::Object const& fields) {
    return nameWithoutVersion(type) == "report" && textOf(fields, "report_kind") == kSchoolReport;
}

Result<void> mayReportFor(Organisation const& organisation, Scope const& scope, json::Object const& fields,
                          PersonId const& person, Day day) {
    std::string school = textOf(fields, "owner");
    if (school.empty() && scope.isUnit()) school = scope.name();
    auto const* unit = organisation.unit(school);
    if (!unit || !unit->school || !numberOf(fields, "year")) {
        return makeError(ErrorCode::Refused, "report.no-school", school);
    }
    return engine::mayReport(organisation.bodiesOnly(), school, person.text(), day);
}

// --- the base of a final report ---

bool isFinalReport(std::string_view type, json::Object const& fields) {
    std::string const kind = textOf(fields, "kind");
    return nameWithoutVersion(type) == "report" && (kind == "final" || kind == "review");
}

/// Exact revisions of the catalogues that a cycle was begun or goes on with; a text names them where they are several.
std::vector<std::string> cataloguesOf(Office& office, DocumentKey const& cycle, std::optional<ObjectId> revision) {
    auto const shown = office.show(cycle);
    if (!shown) return {};
    if (!revision) revision = shown->standing.revision;
    auto const at = revision ? revisionAt(office, *revision) : std::nullopt;
    json::Object const& fields = at ? at->fields : shown->merged.fields;
    std::vector<std::string> named;
    if (auto const one = revisionOf(fields, "catalogue")) return {one->hex()};
    std::string const text = textOf(fields, "catalogue_text");
    for (std::size_t from = 0; from < text.size();) {
        auto const end = std::min(text.size(), text.find('\n', from));
        std::string const line = text.substr(from, end - from);
        if (auto const mark = line.rfind('@'); mark != std::string::npos) {
            if (auto const id = ObjectId::fromHex(line.substr(mark + 1))) named.push_back(id->hex());
        }
        from = end + 1;
    }
    return named;
}

/// NotFound if a catalogue is not here: nobody knows then.
Result<void> mayRestOn(Office& office, json::Object const& fields) {
    auto const holds = [](Result<HeldCatalogue> const& held) -> Result<void> {
        if (!held) return makeError(ErrorCode::NotFound, "report.no-catalogue", held.error().detail);
        return engine::mayBaseFinalReport(held->catalogue);
    };
    std::size_t named = 0;
    if (auto const key = referenceOf(fields, "catalogue")) {
        ++named;
        auto const revision = revisionOf(fields, "catalogue");
        auto rests = holds(revision ? catalogueNamed(office, revision->hex()) : catalogueAt(office, *key));
        if (!rests) return rests;
    }
    if (auto const cycle = referenceOf(fields, "cycle")) {
        for (auto const& id : cataloguesOf(office, *cycle, revisionOf(fields, "cycle"))) {
            ++named;
            if (auto rests = holds(catalogueNamed(office, id)); !rests) return rests;
        }
    }
    if (named == 0) return makeError(ErrorCode::Refused, "report.no-catalogue", textOf(fields, "title"));
    return {};
}

// --- what was signed ---

/// Acts of one sort on one document that stand and have an effect, each with the revision that it names.
struct SignedAct {
    engine::Act act;
    trust::Revision revision;
};

class Signed {
public:
    Signed(Office& office, DocumentKey const& document) {
        auto const facts = office.view().facts(document);
        if (!facts) return;
        Reading const reading = read(*facts, office.definitions());
        m_standing = reading.standing;
        for (auto const& act : reading.acts) {
            auto const effect = reading.standing.effects.find(act.id);
            bool const counts = effect != reading.standing.effects.end() && effect->second == engine::ActEffect::Counts;
            auto revision = counts ? revisionAt(office, act.of) : std::nullopt;
            if (revision) m_acts.push_back({act, std::move(*revision)});
        }
        std::sort(m_acts.begin(), m_acts.end(), [](SignedAct const& a, SignedAct const& b) {
            return std::tie(a.act.time, a.act.id) < std::tie(b.act.time, b.act.id);
        });
    }
    [[nodiscard]] engine::Standing const& standing() const { return m_standing; }
    /// By their claimed times.
    [[nodiscard]] std::vector<SignedAct const*> acts(std::string_view action) const {
        std::vector<SignedAct const*> found;
        for (auto const& each : m_acts) {
            if (each.act.action == action) found.push_back(&each);
        }
        return found;
    }

private:
    engine::Standing m_standing;
    std::vector<SignedAct> m_acts;
};

/// Tells each act that the rule refuses, unless one that it allows is about the same revision.
template <class Rule>
void tellUnbacked(Office& office, DocumentKey const& document, std::vector<SignedAct const*> const& acts,
                  std::string_view code, Rule const& rule, engine::Remarks& remarks) {
    std::set<ObjectId> backed;
    for (auto const* each : acts) {
        if (rule(*each)) backed.insert(each->act.of);
    }
    for (auto const* each : acts) {
        if (backed.contains(each->act.of)) continue;
        auto const verdict = rule(*each);
        remarks.push_back({std::string(code), document.doc.hex(),
                           office.names().person(each->act.by.person) + " " + verdict.error().detail});
    }
}

/// Whether somebody has decided something about it, as far as its row tells: lists of thousands look no further.
bool isDecided(Office& office, replica::ListedDocument const& listed) {
    auto const& row = listed.row;
    if (row.closed || row.round > 1 || row.failedRounds > 0) return true;
    auto const* workflow = office.definitions().workflowOf(row.type);
    return workflow &&
           std::any_of(workflow->actions.begin(), workflow->actions.end(),
                       [&](engine::Action const& action) { return action.decision && action.to == row.state; });
}

bool namesABody(trust::Revision const& revision) { return revision.fields.find("body") != nullptr; }

}  // namespace

namespace {

/// `organised` gives the organisation where it matters: most steps ask nothing of it.
template <class Organised>
Result<void> askBeforeSigning(Office& office, Organised const& organised, DocumentKey const& document,
                              std::string_view action, ObjectId const& of) {
    auto const person = office.replica().person();
    auto const revision = revisionAt(office, of);
    if (!person || !revision) return {};  // what is not here is refused by who asks for it
    auto const& fields = revision->fields;
    Day const today = collegeDay(office.replica().world().wall.now());
    bool const deciding = isDecision(action);
    bool const reports = action == "submit" && isSchoolReport(revision->type, fields);
    if (action == "submit" && nameWithoutVersion(revision->type) == "yearly-step") {
        return mayTakeStep(office, *revision, today);
    }
    if ((deciding || action == "submit") && action != "recheck-fail" && isFinalReport(revision->type, fields)) {
        if (auto rests = mayRestOn(office, fields); !rests) return rests;
    }
    if (!deciding && !reports) return {};
    Organisation const& organisation = organised();
    if (reports) return mayReportFor(organisation, document.scope, fields, *person, today);
    if (action == "approve") {
        if (auto may = mayDecideFor(organisation, fields, *person, today); !may) return may;
    }
    return mayDecideAlone(office, organisation, document, *person);
}

}  // namespace

Result<void> maySign(Office& office, DocumentKey const& document, std::string_view action, ObjectId const& of) {
    std::optional<Organisation> organisation;
    auto const read = [&]() -> Organisation const& { return organisation.emplace(organisationOf(office)); };
    return askBeforeSigning(office, read, document, action, of);
}

Result<void> maySign(Office& office, Organisation const& organisation, DocumentKey const& document,
                     std::string_view action, ObjectId const& of) {
    auto const known = [&]() -> Organisation const& { return organisation; };
    return askBeforeSigning(office, known, document, action, of);
}

std::optional<engine::Remark> separationOf(Office& office, Organisation const& organisation,
                                           DocumentKey const& document) {
    if (organisation.powers.empty()) return std::nullopt;
    return breachAmong(organisation, handsOn(office, organisation, document));
}

engine::Remarks breachesOf(Office& office, Organisation const& organisation, DocumentKey const& document) {
    engine::Remarks remarks;
    auto const listed = office.view().document(document);
    if (!listed || !listed->row.lastAction) return remarks;  // nobody has signed anything
    if (auto breach = separationOf(office, organisation, document)) {
        breach->text = office.names().person(*PersonId::parse(breach->place)) + " " + breach->text;
        breach->place = document.doc.hex();
        remarks.push_back(std::move(*breach));
    }
    auto const type = nameWithoutVersion(listed->row.type);
    auto const* definition = office.definitions().type(listed->row.type);
    bool const mayNameABody = definition && definition->find("body");
    if (!mayNameABody && type != "report") return remarks;
    Signed const signedActs(office, document);
    auto const dayOf = [](SignedAct const& each) { return collegeDay(each.act.time); };
    auto approvals = signedActs.acts("approve"), submissions = signedActs.acts("submit");
    auto const finals = submissions;
    std::erase_if(approvals, [](SignedAct const* each) { return !namesABody(each->revision); });
    tellUnbacked(
        office, document, approvals, "organisation.decided-outside-seat",
        [&](SignedAct const& each) {
            return mayDecideFor(organisation, each.revision.fields, each.act.by.person, dayOf(each));
        },
        remarks);
    std::erase_if(submissions,
                  [](SignedAct const* each) { return !isSchoolReport(each->revision.type, each->revision.fields); });
    tellUnbacked(
        office, document, submissions, "organisation.reported-outside-school",
        [&](SignedAct const& each) {
            return mayReportFor(organisation, document.scope, each.revision.fields, each.act.by.person, dayOf(each));
        },
        remarks);
    // The revision that counts: what was submitted before and came back rests on nothing.
    for (auto const* each : finals) {
        if (each->act.of != signedActs.standing().revision) continue;
        if (!isFinalReport(each->revision.type, each->revision.fields)) continue;
        auto const rests = mayRestOn(office, each->revision.fields);
        if (rests || rests.error().code == ErrorCode::NotFound) continue;
        remarks.push_back({rests.error().reason, document.doc.hex(), rests.error().detail});
        break;
    }
    return remarks;
}

engine::Remarks breachesOf(Office& office, Organisation const& organisation) {
    engine::Remarks all;
    bool const organised = !organisation.powers.empty() || !organisation.bodies.empty();
    replica::ListFilter filter;
    filter.withHeads = false;
    filter.watchedOnly = true;
    for (auto const& listed : office.list(filter)) {
        auto const type = nameWithoutVersion(listed.row.type);
        bool const isReport = type == "report";
        if (!isReport && (!organised || std::find(kDecided.begin(), kDecided.end(), type) == kDecided.end())) continue;
        if (!listed.row.lastAction || (!isReport && !isDecided(office, listed))) continue;
        auto found = breachesOf(office, organisation, listed.key());
        std::move(found.begin(), found.end(), std::back_inserter(all));
    }
    return all;
}

std::optional<SchoolSignature> schoolSignature(Office& office, Organisation const& organisation,
                                               DocumentKey const& report) {
    Signed const signedActs(office, report);
    auto const& standing = signedActs.standing();
    if (standing.state == "withdrawn" || standing.state == "returned" || standing.state == "draft") return std::nullopt;
    for (auto const* each : signedActs.acts("submit")) {
        if (each->act.of != standing.revision || !isSchoolReport(each->revision.type, each->revision.fields)) continue;
        Day const day = collegeDay(each->act.time);
        if (!mayReportFor(organisation, report.scope, each->revision.fields, each->act.by.person, day)) continue;
        return SchoolSignature{each->act.id, each->act.by.person, each->act.time};
    }
    return std::nullopt;
}

}  // namespace spiral::office
