#include "row_rules.h"

#include <algorithm>

namespace spiral::trust {
namespace {

/// How much older than the receipt the end of a registry head may be, for acts that a superseded head does not carry.
constexpr std::chrono::days kHeadAgeMax{30};

bool isLess(PersonId const* a, PersonId const* b) { return *a < *b; }
bool isSame(PersonId const* a, PersonId const* b) { return *a == *b; }

bool contains(std::vector<std::string> const& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}
/// These may name a target of another scope.
bool pointsAcross(std::string_view kind) noexcept { return kind == "publish" || kind == "cite" || kind == "affirm"; }

}  // namespace

Subject::Subject(Revision const& revision)
    : school(&revision.school), scope(&revision.scope), by(&revision.by), kind("write"), claimed(revision.time.wall) {}
Subject::Subject(Record const& act)
    : school(act.school ? &*act.school : nullptr),
      scope(&act.scope),
      by(&act.by),
      kind(nameWithoutVersion(act.kind)),
      record(&act),
      claimed(act.time) {}

void addPerson(std::vector<PersonId const*>& persons, PersonId const& person) {
    auto const place = std::lower_bound(persons.begin(), persons.end(), &person, isLess);
    if (place == persons.end() || **place != person) persons.insert(place, &person);
}
void addPersons(std::vector<PersonId const*>& persons, std::vector<PersonId const*> const& others) {
    if (others.empty()) return;
    std::vector<PersonId const*> all;
    all.reserve(persons.size() + others.size());
    std::merge(persons.begin(), persons.end(), others.begin(), others.end(), std::back_inserter(all), isLess);
    all.erase(std::unique(all.begin(), all.end(), isSame), all.end());
    persons = std::move(all);
}
bool containsPerson(std::vector<PersonId const*> const& persons, PersonId const& person) {
    return std::binary_search(persons.begin(), persons.end(), &person, isLess);
}

Judgement judged(Verdict verdict, std::string_view reason, std::string about) {
    Judgement judgement;
    judgement.verdict = verdict;
    judgement.reason = reason;
    judgement.about = std::move(about);
    return judgement;
}
bool isFirstVersion(Record const& record) noexcept { return record.kind.ends_with(".v1"); }
bool isRescue(std::string_view kind) noexcept { return kind == "affirm" || kind == "admit"; }

std::optional<Judgement> RowRules::checkBinding(Subject const& subject, Place const& place, Standing& standing) const {
    SchoolId const& school = m_registry.school();
    if (place.school != school || subject.school == nullptr || *subject.school != school)
        return judged(Verdict::Invalid, "binding-school", place.frame.hex());
    if (place.scope != *subject.scope) return judged(Verdict::Invalid, "binding-scope", place.frame.hex());
    if (place.device != subject.by->device) return judged(Verdict::Invalid, "binding-device", place.frame.hex());
    if (!place.reg) return judged(Verdict::Invalid, "binding-registry", place.frame.hex());

    auto const frameAt = m_registry.locate(*place.reg);
    if (!frameAt) return judged(Verdict::Waiting, "wait-registry", place.reg->hash.hex());
    RegistryPoint const* own = &*place.reg;
    standing.at = *frameAt;
    if (subject.record != nullptr) {
        if (!subject.record->reg) return judged(Verdict::Invalid, "binding-registry", place.frame.hex());
        own = &*subject.record->reg;
        auto const at = m_registry.locate(*own);
        if (!at) return judged(Verdict::Waiting, "wait-registry", own->hash.hex());
        standing.at = *at;
        // The entries of one frame follow one another, so they alone (and kinds of entries that we do not know) may
        // rely on what is younger than the frame's head.
        bool const mayFollow = subject.scope->isRegistry() && subject.kind != "receipt" && subject.kind != "confirm";
        bool const inOrder = m_registry.isAncestorOrSelf(*own, *place.reg) ||
                             (mayFollow && m_registry.isAncestorOrSelf(*place.reg, *own));
        if (!inOrder) return judged(Verdict::Invalid, "binding-registry", place.frame.hex());
    }
    standing.reg = own;
    standing.device = m_registry.device(subject.by->device);
    if (standing.device == nullptr || standing.device->since > standing.at) {
        // A device that only a branch of the registry enrolled is not wrong, but nobody vouches for it now.
        Verdict const verdict = standing.at == own->seq ? Verdict::Invalid : Verdict::Quarantined;
        return judged(verdict, "device-unknown", subject.by->device.hex());
    }
    if (standing.device->person != subject.by->person)
        return judged(Verdict::Invalid, "device-not-of-person", subject.by->person.text());
    return std::nullopt;
}

std::optional<Judgement> RowRules::checkCuts(std::vector<Revocation> const& revocations, Place const& place) const {
    std::optional<Judgement> waiting;
    for (Revocation const& revocation : revocations) {  // all of them must let the frame through
        bool stands = false;
        Cut const* notHeld = nullptr;
        for (Cut const& cut : revocation.cuts) {
            if (cut.device != place.device || cut.scope != place.scope) continue;
            auto const isBelow = m_below(place.device, place.scope, place.frame, cut.frame);
            stands = stands || (isBelow && *isBelow);
            if (!isBelow) notHeld = &cut;
        }
        if (stands) continue;
        if (notHeld == nullptr) return judged(Verdict::Quarantined, "above-cut", revocation.entry.hex());
        if (!waiting) waiting = judged(Verdict::Waiting, "wait-cut", notHeld->frame.hex());
    }
    return waiting;
}

std::vector<std::vector<FrameId>> cutsOfFeed(Registry const& registry, DeviceId const& device, Scope const& scope) {
    std::vector<std::vector<FrameId>> cuts;
    for (Revocation const& revocation : registry.revocationsOf(device)) {
        auto& named = cuts.emplace_back();
        for (Cut const& cut : revocation.cuts) {
            if (cut.device == device && cut.scope == scope) named.push_back(cut.frame);
        }
    }
    return cuts;
}

Judgement RowRules::standingAt(Place const& place, Device const& device) const {
    Judgement judgement;
    // The server's own frames need no receipt: it would give it to itself.
    bool const isWitnessed = place.receipt || device.kind == Device::Kind::Server;
    judgement.verdict = isWitnessed ? Verdict::Valid : Verdict::NotYetWitnessed;
    if (place.receipt) judgement.witnessed = place.receipt->time;
    return judgement;
}

std::optional<Judgement> RowRules::checkTarget(Subject const& subject, About const& about) const {
    auto const& of = subject.record->of;
    if (!of || (of->scope != *subject.scope && !pointsAcross(subject.kind)))
        return judged(Verdict::Invalid, "target-scope", of ? of->scope.text() : std::string());
    if (about.target == nullptr) return std::nullopt;
    Scope const* scope = nullptr;
    if (auto const* revision = about.target->revision()) scope = &revision->scope;
    if (auto const* record = about.target->record()) scope = &record->scope;
    if (scope != nullptr && *scope != of->scope) return judged(Verdict::Invalid, "target-scope", scope->text());
    return std::nullopt;
}

std::optional<Judgement> RowRules::checkDiffer(KindRule const& rule, Ancestry const& ancestry, PersonId const& person,
                                               PersonId const* actingFor) const {
    auto const check = [&](std::vector<PersonId const*> const& others,
                           std::string_view slug) -> std::optional<Judgement> {
        if (containsPerson(others, person)) return judged(Verdict::Quarantined, slug, person.text());
        if (actingFor != nullptr && containsPerson(others, *actingFor))
            return judged(Verdict::Quarantined, "delegated-self-approval", actingFor->text());
        return std::nullopt;
    };
    if (contains(rule.differ, "author")) {
        if (auto same = check(ancestry.authors, "self-approval")) return same;
    }
    if (contains(rule.differ, "submitter")) {
        if (auto same = check(ancestry.submitters, "same-submitter")) return same;
    }
    // Whoever wrote what we do not hold may be the very person.
    if (!rule.differ.empty() && ancestry.missing)
        return judged(Verdict::Waiting, "wait-ancestor", ancestry.missing->hex());
    return std::nullopt;
}

/// What `affirm` and `admit` ask beyond their own rule: they lend their authority to another row.
std::optional<Judgement> RowRules::checkRescuer(Subject const& subject, About const& about, Grant const& grant,
                                                std::uint64_t at, bool& high) const {
    Row const& target = *about.target;
    if (std::holds_alternative<Unread>(target.object))
        return judged(Verdict::Waiting, "newer-version", target.id.hex());
    Subject const rescued = target.revision() != nullptr ? Subject(*target.revision()) : Subject(*target.record());
    KindRule const* const rule = m_registry.policy(at).find(rescued.kind);
    high = high || (rule != nullptr && rule->high);
    if (subject.kind == "affirm") {
        // The same person again, who may do today what the row did.
        if (rescued.by->person != subject.by->person)
            return judged(Verdict::Quarantined, "role-not-allowed", subject.by->person.text());
        if (rule == nullptr || !contains(rule->roles, grant.role.name) || !grant.role.scope.covers(*rescued.scope))
            return judged(Verdict::Quarantined, "role-not-allowed", grant.role.text());
        return std::nullopt;
    }
    if (rescued.by->person == subject.by->person)
        return judged(Verdict::Quarantined, "self-approval", subject.by->person.text());
    if (grant.actingFor && *grant.actingFor == rescued.by->person)
        return judged(Verdict::Quarantined, "delegated-self-approval", grant.actingFor->text());
    return std::nullopt;
}

/// Rule 3 for one grant. `isRightRole` becomes true when the grant is of the role and reaches the scope, so that the
/// refusal can say which half was missing.
bool RowRules::allows(Subject const& subject, Standing const& standing, Grant const& grant, bool& isRightRole) const {
    if (grant.since > standing.at || !grant.role.scope.covers(*subject.scope)) return false;
    if (subject.record != nullptr && grant.role != subject.record->role) return false;
    // Publishing takes something out of its scope, so the office must reach there too.
    if (subject.kind == "publish" && !grant.role.scope.covers(subject.record->of->scope)) return false;
    isRightRole = true;
    return contains(standing.rule->roles, grant.role.name);
}

Evaluation RowRules::evaluateGrant(Subject const& subject, Place const& place, About const& about,
                                   Standing const& standing, Grant const& grant,
                                   std::optional<Judgement> const& deviceCut) const {
    std::optional<Judgement> hard;  // what no affirm or admit can mend
    bool high = standing.rule->high;
    if (subject.record != nullptr) {
        PersonId const* const actingFor = grant.actingFor ? &*grant.actingFor : nullptr;
        if (about.target == nullptr) {
            hard = judged(Verdict::Waiting, "wait-target", subject.record->of->id.hex());
        } else if (isRescue(subject.kind)) {
            hard = checkRescuer(subject, about, grant, standing.at, high);
        }
        if (!hard || hard->verdict == Verdict::Waiting) {
            auto differ = checkDiffer(*standing.rule, *about.ancestry, subject.by->person, actingFor);
            if (differ && (!hard || differ->verdict != Verdict::Waiting)) hard = std::move(differ);
        }
        // A branch that nobody stands by: its revisions are ordinary heads, its acts decide nothing.
        if (place.branch == Branch::Forked) hard = judged(Verdict::Quarantined, "forked", place.frame.hex());
    }

    std::optional<Judgement> soft = deviceCut;  // what concerns time and cuts alone
    auto const consider = [&soft](std::optional<Judgement> judgement) {
        if (judgement && (!soft || soft->verdict < judgement->verdict)) soft = std::move(judgement);
    };
    if (auto const& revocations = m_registry.revocationsOf(grant.id); !revocations.empty())
        consider(checkCuts(revocations, place));
    if (grant.delegatedFrom) consider(checkCuts(m_registry.revocationsOf(*grant.delegatedFrom), place));
    bool const isServer = standing.device->kind == Device::Kind::Server;
    Instant const time = place.receipt ? place.receipt->time : subject.claimed;
    // A row cannot be older than the registry entry it relies on. So a clock that stands years behind does not put a row
    // before its own grant; one that runs ahead is believed until a receipt says better.
    Instant beginning = time;
    if (auto const relied = place.receipt ? std::nullopt : m_registry.timeOf(*standing.reg); relied) {
        beginning = std::max(beginning, *relied);
    }
    if (beginning < grant.from || (grant.until && time >= *grant.until))
        consider(judged(Verdict::Quarantined, "outside-interval", grant.id.hex()));
    if (high && (place.receipt || isServer)) {
        auto const next = m_registry.successor(*standing.reg);
        auto const ended = next ? m_registry.timeOf(*next) : std::nullopt;
        if (ended && *ended + kHeadAgeMax < time) consider(judged(Verdict::Quarantined, "stale", next->hash.hex()));
    }

    Evaluation evaluation;
    evaluation.rule = standing.rule;
    auto const complete = [&](Judgement judgement) {
        judgement.grant = grant.id;
        judgement.actingFor = grant.actingFor;
        if (place.receipt) judgement.witnessed = place.receipt->time;
        return judgement;
    };
    if (hard && hard->verdict != Verdict::Waiting) {
        evaluation.judgement = complete(*std::move(hard));
    } else if (soft) {
        // Also while a cut is not held yet: whatever it turns out to be, the rescued row stands.
        evaluation.afterRescue = complete(hard ? *hard : Judgement{Verdict::Valid, {}, {}, {}, {}, {}, {}});
        bool const softSays = !hard || soft->verdict == Verdict::Quarantined;
        evaluation.judgement = complete(softSays ? *std::move(soft) : *std::move(hard));
    } else if (hard) {
        evaluation.judgement = complete(*std::move(hard));
    } else {
        evaluation.judgement = complete(standingAt(place, *standing.device));
    }
    return evaluation;
}

Judgement RowRules::evaluate(Subject const& subject, Place const& place, About const& about,
                             std::function<void(Evaluation&)> const& rescue) const {
    Judgement best;
    Standing standing;
    auto const fail = [&](Judgement judgement) {
        if (place.receipt) judgement.witnessed = place.receipt->time;
        return judgement;
    };
    if (auto unbound = checkBinding(subject, place, standing)) return fail(*std::move(unbound));
    standing.rule = m_registry.policy(standing.at).find(subject.kind);
    if (subject.record != nullptr) {
        // Of a newer version only the name is known: what it asks for and what it does may be anything.
        if (standing.rule == nullptr || !isFirstVersion(*subject.record))
            return fail(judged(Verdict::Waiting, "newer-kind", subject.record->kind));
        if (auto wrong = checkTarget(subject, about)) return fail(*std::move(wrong));
    } else if (standing.rule == nullptr) {
        return fail(judged(Verdict::Quarantined, "role-not-allowed", "write"));
    }

    std::optional<Judgement> deviceCut;
    if (auto const& revocations = m_registry.revocationsOf(place.device); !revocations.empty())
        deviceCut = checkCuts(revocations, place);
    bool isFirst = true;
    bool isRightRole = false;
    for (Grant const& grant : m_registry.grantsOf(subject.by->person)) {
        if (!allows(subject, standing, grant, isRightRole)) continue;
        Evaluation evaluation = evaluateGrant(subject, place, about, standing, grant, deviceCut);
        if (evaluation.afterRescue) rescue(evaluation);
        // Of equal ones an own grant before a delegated one, then the older: the list is in that order of time.
        Judgement& found = evaluation.judgement;
        bool const isNewBest =
            isFirst || isBetter(found, best) || (found.verdict == best.verdict && best.actingFor && !found.actingFor);
        if (isNewBest) best = std::move(found);
        isFirst = false;
    }
    if (!isFirst) return best;
    std::string role = subject.record != nullptr ? subject.record->role.text() : subject.scope->text();
    return fail(judged(Verdict::Quarantined, isRightRole ? "role-not-allowed" : "no-grant", std::move(role)));
}

}  // namespace spiral::trust
