#include "model.h"

#include <algorithm>

namespace spiral::sim {
namespace {

using trust::Branch;
using trust::Verdict;

constexpr std::chrono::days kHeadAgeMax{30};

std::set<ObjectId> entriesIn(Facts const& facts, Held const& held) {
    std::set<ObjectId> entries;
    for (FrameId const& id : held.applied) {
        for (ObjectId const& item : facts.frames.at(id).items) {
            if (facts.entries.contains(item)) entries.insert(item);
        }
    }
    return entries;
}
std::string_view kindOf(Record const& record) { return nameWithoutVersion(record.kind); }
bool contains(std::vector<std::string> const& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}
std::string elementName(json::Value const& element) {
    if (std::string const* const name = element.asString()) return *name;
    std::string const* const id = element.asObject() == nullptr ? nullptr : json::stringAt(*element.asObject(), "id");
    return id == nullptr ? std::string() : *id;
}
bool lendsAuthority(std::string_view kind) { return kind == "affirm" || kind == "admit"; }

}  // namespace

char const* nameOf(ItemCount count) {
    switch (count) {
        case ItemCount::Redacted: return "redacted";
        case ItemCount::Quarantined: return "quarantined";
        case ItemCount::Pending: return "pending";
        case ItemCount::Different: return "different";
        case ItemCount::Superseded: return "superseded";
        case ItemCount::Current: return "current";
    }
    return "";
}

bool Model::Candidate::has(Weight weight) const {
    return std::any_of(faults.begin(), faults.end(), [&](Fault const& fault) { return fault.weight == weight; });
}
Verdict Model::Candidate::verdict() const {
    if (has(Weight::Never)) return Verdict::Invalid;
    if (has(Weight::Hard) || has(Weight::Soft)) return Verdict::Quarantined;
    if (has(Weight::Wait) || has(Weight::SoftWait)) return Verdict::Waiting;
    return witnessed ? Verdict::Valid : Verdict::NotYetWitnessed;
}

Model::Model(Facts const& facts, EntryPaths& paths, Held const& held)
    : m_facts(facts), m_held(held), m_registry(facts, paths, entriesIn(facts, held)) {
    for (FrameId const& id : held.headers) {
        FrameFact const& frame = facts.frames.at(id);
        m_siblings[{frame.device, frame.scope, frame.prev}].insert(id);
        for (ObjectId const& item : frame.items) {
            m_places[item].push_back(id);
            if (held.applied.contains(id)) m_rows.insert(item);
        }
    }
    for (ObjectId const& id : m_rows) {
        if (Record const* const act = record(id); act != nullptr && act->of) m_about[act->of->id].push_back(id);
        if (Revision const* const text = revision(id)) m_revisions[{text->scope, text->doc}].push_back(id);
    }
    settleBranches();
}

Revision const* Model::revision(ObjectId const& id) const {
    return m_rows.contains(id) ? std::get_if<Revision>(&m_facts.rows.at(id)) : nullptr;
}
/// A document's graph is its own: a parent in another document is none.
bool Model::hasParent(Revision const& child, ObjectId const& parent) const {
    Revision const* const older = revision(parent);
    return older != nullptr && older->scope == child.scope && older->doc == child.doc;
}
Record const* Model::record(ObjectId const& id) const {
    return m_rows.contains(id) ? std::get_if<Record>(&m_facts.rows.at(id)) : nullptr;
}
std::vector<FrameId> Model::placesOf(ObjectId const& row) const {
    auto const found = m_places.find(row);
    return found == m_places.end() ? std::vector<FrameId>() : found->second;
}

// ------------------------------------------------------------------------------------------------ feeds and branches

bool Model::isBelow(FrameId const& frame, FrameId const& of) const {
    for (std::optional<FrameId> at = of; at; at = m_facts.frames.at(*at).prev) {
        if (*at == frame) return true;
    }
    return false;
}

std::set<std::set<FrameId>> Model::forks() const {
    std::set<std::set<FrameId>> forks;
    for (auto const& [prev, children] : m_siblings) {
        if (children.size() > 1) forks.insert(children);
    }
    return forks;
}

/// What a revocation lets stand is not forked by what it does not: only where all are above the cuts do all compete.
std::set<FrameId> Model::rivals(std::set<FrameId> const& siblings) const {
    std::set<FrameId> below = siblings;
    std::erase_if(below, [&](FrameId const& id) {
        FrameFact const& frame = m_facts.frames.at(id);
        std::vector<Fault> faults;
        checkCuts(m_registry.revocationsOf(frame.device), frame, faults);
        return std::any_of(faults.begin(), faults.end(), [](Fault const& fault) { return fault.weight == Weight::Soft; });
    });
    return below.empty() ? siblings : below;
}

Branch Model::branchOf(FrameId const& frame) const {
    Branch branch = Branch::Single;
    for (std::optional<FrameId> at = frame; at; at = m_facts.frames.at(*at).prev) {
        FrameFact const& self = m_facts.frames.at(*at);
        std::set<FrameId> const& siblings = m_siblings.at({self.device, self.scope, self.prev});
        if (siblings.size() == 1) continue;
        std::set<FrameId> const competing = rivals(siblings);
        std::optional<FrameId> first;
        for (FrameId const& id : competing) {
            auto const receipt = receiptOf(id);
            if (receipt && (!first || *receipt < *receiptOf(*first))) first = id;
        }
        if (competing.size() == 1) first = *competing.begin();
        if (first == *at) {
            if (branch == Branch::Single) branch = Branch::Standing;
            continue;
        }
        bool const isConfirmed = std::any_of(m_confirmed.begin(), m_confirmed.end(), [&](FrameId const& tip) {
            return m_held.headers.contains(tip) && isBelow(*at, tip);
        });
        if (!isConfirmed) return Branch::Forked;
        branch = Branch::Confirmed;
    }
    return branch;
}

std::optional<trust::Receipt> Model::receiptOf(FrameId const& frame) const {
    auto const found = m_receipts.find(frame);
    return found == m_receipts.end() ? std::nullopt : std::optional(found->second);
}

void Model::settleReceipts() {
    std::map<FrameId, trust::Receipt> receipts;
    for (ObjectId const& id : m_rows) {
        Record const* const receipt = record(id);
        if (receipt == nullptr || kindOf(*receipt) != "receipt") continue;
        if (!judgeAlone(*receipt, placesOf(id)).stands()) continue;
        auto const body = trust::receiptBodyFrom(receipt->body);
        for (FrameId const& place : placesOf(id)) {
            FrameFact const& frame = m_facts.frames.at(place);
            if (!judgeAlone(*receipt, {place}).stands()) continue;
            auto const item = std::find(frame.items.begin(), frame.items.end(), id) - frame.items.begin();
            for (std::size_t index = 0; index < body->frames.size(); ++index) {
                auto const named = m_facts.frames.find(body->frames[index]);
                if (named == m_facts.frames.end() || named->second.scope != frame.scope) continue;
                trust::Receipt const made{body->time, frame.seq, static_cast<std::uint32_t>(item),
                                          static_cast<std::uint32_t>(index)};
                auto const [held, isNew] = receipts.emplace(body->frames[index], made);
                if (!isNew && made < held->second) held->second = made;
            }
        }
    }
    m_receipts = std::move(receipts);
}

/// Confirms make branches stand, on which other confirms may lie: again and again until nothing is added.
void Model::settleBranches() {
    settleReceipts();
    for (;;) {
        std::set<FrameId> confirmed;
        for (ObjectId const& id : m_rows) {
            Record const* const confirm = record(id);
            if (confirm == nullptr || kindOf(*confirm) != "confirm") continue;
            if (!judgeAlone(*confirm, placesOf(id)).stands()) continue;
            confirmed.insert(*trust::confirmedTip(confirm->body));
        }
        if (confirmed == m_confirmed) return;
        m_confirmed = std::move(confirmed);
        settleReceipts();
    }
}

// ---------------------------------------------------------------------------------------------------------- verdicts

Opinion const& Model::opinion(ObjectId const& row) {
    auto const known = m_opinions.find(row);
    if (known != m_opinions.end()) return known->second;
    Opinion made = judge(row);
    return m_opinions.emplace(row, std::move(made)).first->second;
}

Opinion Model::judge(ObjectId const& row) {
    RowObject const& object = m_facts.rows.at(row);
    if (std::holds_alternative<Unread>(object)) return {Verdict::Waiting, {"newer-version"}, {}};
    if (m_registry.empty()) return {Verdict::Waiting, {"wait-registry"}, {}};
    if (Record const* const act = std::get_if<Record>(&object)) {
        if (m_facts.entries.contains(row)) return judgeEntry(row, *act);
        if (kindOf(*act) == "receipt" || kindOf(*act) == "confirm") return judgeAlone(*act, placesOf(row));
    }
    std::vector<Candidate> candidates;
    for (FrameId const& place : placesOf(row)) candidatesAt(place, row, candidates);
    rescue(row, candidates);

    Opinion opinion;
    Candidate const* best = nullptr;
    auto const rank = [](Candidate const& candidate) {
        // Of two that fail alike, the one that an affirm or admit could mend; then an own grant before a lent one.
        bool const isHopeless = candidate.has(Weight::Hard) || candidate.has(Weight::Never);
        return std::tuple(candidate.verdict(), isHopeless, candidate.actingFor.has_value());
    };
    for (Candidate const& candidate : candidates) {
        if (best == nullptr || rank(candidate) < rank(*best)) best = &candidate;
    }
    opinion.verdict = best->verdict();
    opinion.actingFor = best->actingFor;
    for (Candidate const& candidate : candidates) {
        if (candidate.verdict() != opinion.verdict) continue;
        for (Fault const& fault : candidate.faults) opinion.reasons.insert(fault.reason);
    }
    return opinion;
}

/// An entry's row says nothing by itself: it is right iff the chain took it.
Opinion Model::judgeEntry(ObjectId const& row, Record const& entry) const {
    if (m_registry.onTrunk(row)) return {Verdict::Valid, {}, {}};
    if (m_registry.holds(row)) return {Verdict::Quarantined, {"forked"}, {}};
    if (entry.reg && !m_registry.holds(entry.reg->hash)) return {Verdict::Waiting, {"wait-registry"}, {}};
    return {Verdict::Invalid, {"no-grant"}, {}};
}

std::optional<Model::Fault> Model::bind(FrameFact const& frame, RowObject const& row, Bound& bound) const {
    Revision const* const revision = std::get_if<Revision>(&row);
    Record const* const record = std::get_if<Record>(&row);
    trust::Author const& by = revision != nullptr ? revision->by : record->by;
    Scope const& scope = revision != nullptr ? revision->scope : record->scope;
    std::optional<ObjectId> const school = revision != nullptr ? revision->school : record->school;
    if (frame.school != m_facts.school || school != m_facts.school) return Fault{Weight::Never, "binding-school"};
    if (frame.scope != scope) return Fault{Weight::Never, "binding-scope"};
    if (frame.device != by.device) return Fault{Weight::Never, "binding-device"};
    if (!frame.reg || (record != nullptr && !record->reg)) return Fault{Weight::Never, "binding-registry"};
    bound.reg = record != nullptr ? *record->reg : *frame.reg;
    auto const at = m_registry.locate(bound.reg);
    if (!m_registry.locate(*frame.reg) || !at) return Fault{Weight::Wait, "wait-registry"};
    if (!m_registry.isAncestorOrSelf(bound.reg, *frame.reg)) return Fault{Weight::Never, "binding-registry"};
    bound.at = *at;
    auto const& devices = m_registry.trunk().devices;
    auto const device = devices.find(by.device);
    if (device == devices.end() || device->second.since > bound.at) {
        // Enrolled on a branch alone: nobody vouches for it now, but it is not wrong for ever.
        return Fault{m_registry.onTrunk(bound.reg.hash) ? Weight::Never : Weight::Hard, "device-unknown"};
    }
    if (device->second.person != by.person) return Fault{Weight::Never, "device-not-of-person"};
    bound.isServer = device->second.isServer;
    return std::nullopt;
}

/// All revocations must let the frame through; of one, the cuts it lists for this device and scope add up.
void Model::checkCuts(std::vector<EntryFact const*> const& revocations, FrameFact const& frame,
                      std::vector<Fault>& faults) const {
    for (EntryFact const* revocation : revocations) {
        bool stands = false, unknown = false;
        for (Cut const& cut : revocation->cuts) {
            if (cut.device != frame.device || cut.scope != frame.scope) continue;
            if (!m_held.headers.contains(cut.frame)) {
                unknown = true;
                continue;
            }
            FrameFact const& last = m_facts.frames.at(cut.frame);
            stands =
                stands || (last.device == frame.device && last.scope == frame.scope && isBelow(frame.id, cut.frame));
        }
        if (stands) continue;
        faults.push_back(unknown ? Fault{Weight::SoftWait, "wait-cut"} : Fault{Weight::Soft, "above-cut"});
    }
}

/// A receipt or confirm: nobody's policy says what it means.
Opinion Model::judgeAlone(Record const& record, std::vector<FrameId> const& places) const {
    Opinion best;
    for (FrameId const& place : places) {
        FrameFact const& frame = m_facts.frames.at(place);
        std::vector<Fault> faults;
        Bound bound;
        if (m_registry.empty()) {
            faults.push_back({Weight::Wait, "wait-registry"});
        } else if (auto unbound = bind(frame, record, bound)) {
            faults.push_back(*unbound);
        } else {
            if (kindOf(record) == "receipt") {
                if (!bound.isServer) faults.push_back({Weight::Hard, "role-not-allowed"});
            } else {
                auto const tip = trust::confirmedTip(record.body);
                DeviceId const confirmed = m_held.headers.contains(*tip) ? m_facts.frames.at(*tip).device : DeviceId{};
                bool const isHeld = m_held.headers.contains(*tip) && m_facts.frames.at(*tip).scope == record.scope &&
                                    m_registry.trunk().devices.contains(confirmed);
                if (!isHeld)
                    faults.push_back({Weight::Wait, "wait-target"});
                else if (m_registry.trunk().devices.at(confirmed).person != record.by.person ||
                         confirmed == record.by.device || bound.isServer)
                    faults.push_back({Weight::Hard, "role-not-allowed"});
            }
            if (branchOf(place) == Branch::Forked) faults.push_back({Weight::Hard, "forked"});
            checkCuts(m_registry.revocationsOf(frame.device), frame, faults);
        }
        Candidate const candidate{place, std::move(faults), bound.isServer || receiptOf(place).has_value(), {}};
        if (candidate.verdict() > best.verdict) continue;
        if (candidate.verdict() < best.verdict) best = {candidate.verdict(), {}, {}};
        for (Fault const& fault : candidate.faults) best.reasons.insert(fault.reason);
    }
    return best;
}

void Model::candidatesAt(FrameId const& place, ObjectId const& row, std::vector<Candidate>& candidates) {
    RowObject const& object = m_facts.rows.at(row);
    Record const* const act = std::get_if<Record>(&object);
    Revision const* const text = std::get_if<Revision>(&object);
    FrameFact const& frame = m_facts.frames.at(place);
    auto const receipt = receiptOf(place);
    Bound bound;
    auto const only = [&](Fault fault) { candidates.push_back({place, {std::move(fault)}, false, {}}); };
    if (auto unbound = bind(frame, object, bound)) return only(*unbound);

    std::string_view const kind = act != nullptr ? kindOf(*act) : "write";
    Scope const& scope = act != nullptr ? act->scope : text->scope;
    PersonId const& person = act != nullptr ? act->by.person : text->by.person;
    auto const rule = m_facts.policy.kinds.find(kind);
    bool const isNewer = act != nullptr && act->kind != std::string(kind) + ".v1";
    if (rule == m_facts.policy.kinds.end() || isNewer) return only({Weight::Wait, "newer-kind"});
    bool const crosses = kind == "publish" || kind == "cite" || kind == "affirm";
    if (act != nullptr && (!act->of || (act->of->scope != scope && !crosses)))
        return only({Weight::Never, "target-scope"});
    // What an act is about must lie in a document that is held: until then nobody can say who stands behind it.
    bool const hasTarget = act != nullptr && rootOf(act->of->id).has_value();
    if (hasTarget) {
        Revision const* const revisionThere = revision(act->of->id);
        Record const* const recordThere = record(act->of->id);
        bool const isElsewhere = (revisionThere != nullptr && revisionThere->scope != act->of->scope) ||
                                 (recordThere != nullptr && recordThere->scope != act->of->scope);
        if (isElsewhere) return only({Weight::Never, "target-scope"});
    }

    std::vector<Fault> shared;
    bool isHigh = rule->second.high;
    checkCuts(m_registry.revocationsOf(frame.device), frame, shared);
    if (act != nullptr) {
        if (!hasTarget) shared.push_back({Weight::Wait, "wait-target"});
        if (branchOf(place) == Branch::Forked) shared.push_back({Weight::Hard, "forked"});
    }
    if (hasTarget && lendsAuthority(kind)) {
        Record const* const lent = record(act->of->id);
        auto const lentRule = m_facts.policy.kinds.find(lent != nullptr ? kindOf(*lent) : "write");
        isHigh = isHigh || (lentRule != m_facts.policy.kinds.end() && lentRule->second.high);
    }
    bool hasRole = false, hasGrant = false;
    for (GrantModel const& grant : m_registry.trunk().grants) {
        if (grant.person != person || grant.since > bound.at || !grant.role.scope.covers(scope)) continue;
        if (act != nullptr && grant.role != act->role) continue;
        hasRole = true;
        if (!contains(rule->second.roles, grant.role.name)) continue;
        hasGrant = true;

        Candidate candidate{place, shared, bound.isServer || receipt.has_value(), grant.actingFor};
        auto& faults = candidate.faults;
        if (hasTarget && lendsAuthority(kind)) checkRescuer(*act, grant, faults);
        if (act != nullptr && !rule->second.differ.empty()) {
            auto const root = rootOf(row);
            People const people = root ? peopleBehind(*root) : People{{}, {}, true};
            auto const check = [&](char const* whom, std::set<PersonId> const& others, char const* slug) {
                if (!contains(rule->second.differ, whom)) return;
                if (others.contains(person)) faults.push_back({Weight::Hard, slug});
                if (grant.actingFor && others.contains(*grant.actingFor))
                    faults.push_back({Weight::Hard, "delegated-self-approval"});
            };
            check("author", people.authors, "self-approval");
            check("submitter", people.submitters, "same-submitter");
            if (people.missing) faults.push_back({Weight::Wait, "wait-ancestor"});
        }
        checkCuts(m_registry.revocationsOf(grant.id), frame, faults);
        if (grant.delegatedFrom) checkCuts(m_registry.revocationsOf(*grant.delegatedFrom), frame, faults);
        Instant const time = receipt ? receipt->time : act != nullptr ? act->time : text->time.wall;
        // A row cannot be older than the entry it relies on, whatever its clock said.
        Instant const beginning = receipt ? time : std::max(time, m_facts.entries.at(bound.reg.hash).time);
        if (beginning < grant.from || (grant.until && time >= *grant.until))
            faults.push_back({Weight::Soft, "outside-interval"});
        if (isHigh && candidate.witnessed) {
            auto const end = m_registry.endOf(bound.reg);
            if (end && *end + kHeadAgeMax < time) faults.push_back({Weight::Soft, "stale"});
        }
        candidates.push_back(std::move(candidate));
    }
    if (!hasGrant) only({Weight::Hard, hasRole ? "role-not-allowed" : "no-grant"});
}

/// `affirm`: the same person again, who may do today what the row did. `admit`: the quality office, never oneself.
void Model::checkRescuer(Record const& act, GrantModel const& grant, std::vector<Fault>& faults) const {
    RowObject const& target = m_facts.rows.at(act.of->id);
    if (std::holds_alternative<Unread>(target)) return faults.push_back({Weight::Wait, "newer-version"});
    Record const* const lent = std::get_if<Record>(&target);
    trust::Author const& author = lent != nullptr ? lent->by : std::get<Revision>(target).by;
    if (kindOf(act) == "admit") {
        if (author.person == act.by.person) faults.push_back({Weight::Hard, "self-approval"});
        if (grant.actingFor == author.person) faults.push_back({Weight::Hard, "delegated-self-approval"});
        return;
    }
    auto const rule = m_facts.policy.kinds.find(lent != nullptr ? kindOf(*lent) : "write");
    bool const may = author.person == act.by.person && rule != m_facts.policy.kinds.end() &&
                     contains(rule->second.roles, grant.role.name) && grant.role.scope.covers(act.of->scope);
    if (!may) faults.push_back({Weight::Hard, "role-not-allowed"});
}

void Model::rescue(ObjectId const& row, std::vector<Candidate>& candidates) {
    Record const* const self = record(row);
    if (self != nullptr && lendsAuthority(kindOf(*self))) return;
    // What stands by itself needs no help: a second grant that was revoked must not make it better than it is.
    std::set<FrameId> standing;
    for (Candidate const& candidate : candidates) {
        if (trust::stands(candidate.verdict())) standing.insert(candidate.place);
    }
    for (char const* kind : {"affirm", "admit"}) {
        for (ObjectId const& rescuer : recordsOn(row, kind)) {
            if (!opinion(rescuer).stands()) continue;
            for (Candidate& candidate : candidates) {
                bool const isSoft = candidate.has(Weight::Soft) || candidate.has(Weight::SoftWait);
                if (standing.contains(candidate.place)) continue;
                if (!isSoft || candidate.has(Weight::Never) || candidate.has(Weight::Hard)) continue;
                if (!lends(rescuer, row, candidate)) continue;
                // The mended twin stands beside the original; the better one counts.
                Candidate mended = candidate;
                std::erase_if(mended.faults, [](Fault const& fault) {
                    return fault.weight == Weight::Soft || fault.weight == Weight::SoftWait;
                });
                mended.witnessed = opinion(rescuer).verdict == Verdict::Valid;
                if (mended.verdict() < candidate.verdict() || mended.witnessed) candidate = std::move(mended);
            }
        }
    }
}

/// Who must differ from somebody must do so for the giver of the lent authority too.
bool Model::lends(ObjectId const& rescuer, ObjectId const& row, Candidate const& candidate) {
    Record const& helper = *record(rescuer);
    auto const actingFor = opinion(rescuer).actingFor;
    if (kindOf(helper) == "admit") {
        return !candidate.actingFor || (*candidate.actingFor != helper.by.person && actingFor != candidate.actingFor);
    }
    Record const* const self = record(row);
    if (!actingFor || self == nullptr) return true;
    auto const& differ = m_facts.policy.kinds.find(kindOf(*self))->second.differ;
    auto const root = rootOf(row);
    if (!root || differ.empty()) return true;
    // Who may not be a submitter is asked of the submissions, one of which may be this row.
    People const people = peopleBehind(*root, contains(differ, "submitter"));
    return !(contains(differ, "author") && people.authors.contains(*actingFor)) &&
           !(contains(differ, "submitter") && people.submitters.contains(*actingFor));
}

/// The revision that a record is about, through the records between.
std::optional<ObjectId> Model::rootOf(ObjectId const& row) const {
    ObjectId at = row;
    for (;;) {
        if (!m_rows.contains(at)) return std::nullopt;
        if (revision(at) != nullptr) return at;
        Record const* const act = record(at);
        if (act == nullptr || !act->of) return std::nullopt;
        at = act->of->id;
    }
}

std::vector<ObjectId> Model::recordsOn(ObjectId const& row, std::string_view kind) const {
    std::vector<ObjectId> found;
    auto const about = m_about.find(row);
    if (about == m_about.end()) return found;
    for (ObjectId const& id : about->second) {
        if (kindOf(*record(id)) == kind) found.push_back(id);
    }
    return found;
}

bool Model::isAccepted(ObjectId const& row) {
    auto const accepts = recordsOn(row, "accept");
    return std::any_of(accepts.begin(), accepts.end(), [&](ObjectId const& id) { return opinion(id).stands(); });
}

/// Authors: every person of a revision in the ancestry back to the last accepted one. A row that is not bound to its
/// frame counts for nothing, so it says nothing about the person it names.
Model::People Model::peopleBehind(ObjectId const& root, bool withSubmitters) {
    People people;
    std::set<ObjectId> seen;
    std::vector<ObjectId> open{root};
    while (!open.empty()) {
        ObjectId const id = open.back();
        open.pop_back();
        if (!seen.insert(id).second) continue;
        Revision const* const text = revision(id);
        auto const add = [&](ObjectId const& row, PersonId const& person, std::set<PersonId>& to) {
            Opinion const& judged = opinion(row);
            if (judged.verdict == Verdict::Invalid) return;
            to.insert(person);
            if (judged.actingFor) to.insert(*judged.actingFor);
        };
        add(id, text->by.person, people.authors);
        for (ObjectId const& submit : withSubmitters ? recordsOn(id, "submit") : std::vector<ObjectId>{})
            add(submit, record(submit)->by.person, people.submitters);
        for (ObjectId const& parent : text->parents) {
            if (!hasParent(*text, parent))
                people.missing = true;
            else if (!isAccepted(parent))
                open.push_back(parent);
        }
    }
    return people;
}

// ------------------------------------------------------------------------------------------------ documents and merge

std::optional<DocumentKey> Model::documentOf(ObjectId const& row) const {
    auto const root = rootOf(row);
    if (!root) return std::nullopt;
    return DocumentKey{revision(*root)->scope, revision(*root)->doc};
}
std::map<DocumentKey, std::vector<ObjectId>> Model::documents() const {
    std::map<DocumentKey, std::vector<ObjectId>> documents;
    for (ObjectId const& id : m_rows) {
        if (auto const key = documentOf(id)) documents[*key].push_back(id);
    }
    return documents;
}

void Model::gatherParents(ObjectId const& id, std::set<ObjectId>& usable, bool& missing) {
    for (ObjectId const& parent : revision(id)->parents) {
        if (!hasParent(*revision(id), parent))
            missing = true;
        else if (isUsable(parent))
            usable.insert(parent);
        else
            gatherParents(parent, usable, missing);
    }
}

std::set<ObjectId> const& Model::ancestors(ObjectId const& id) {
    auto const known = m_ancestors.find(id);
    if (known != m_ancestors.end()) return known->second;
    std::set<ObjectId> parents, all;
    bool missing = false;
    gatherParents(id, parents, missing);
    for (ObjectId const& parent : parents) {
        all.insert(parent);
        auto const& further = ancestors(parent);
        all.insert(further.begin(), further.end());
    }
    return m_ancestors[id] = std::move(all);
}

/// Of a field, or of one element of a list: a row by its id, a name in a set.
std::optional<std::string> Model::valueOf(ObjectId const& id, std::string const& field) const {
    std::size_t const bracket = field.find('[');
    json::Value const* const value = revision(id)->fields.find(field.substr(0, bracket));
    if (value == nullptr) return std::nullopt;
    if (bracket == std::string::npos) return json::encode(*value);
    if (value->asArray() == nullptr) return std::nullopt;
    std::string const wanted = field.substr(bracket + 1, field.size() - bracket - 2);
    for (json::Value const& element : *value->asArray()) {
        if (elementName(element) == wanted) return json::encode(element);
    }
    return std::nullopt;
}

bool Model::isUsable(ObjectId const& id) { return opinion(id).stands() && !m_aside.contains(id); }
void Model::setAside(std::set<ObjectId> rows) {
    if (rows == m_aside) return;
    m_aside = std::move(rows);
    m_ancestors.clear();
    m_writes.clear();
}
void Model::setLists(DocumentKey const& document, std::set<std::string> fields) {
    m_lists[document] = std::move(fields);
}

bool Model::writes(ObjectId const& id, std::string const& field) {
    auto const known = m_writes.find({id, field});
    if (known != m_writes.end()) return known->second;
    std::set<ObjectId> parents;
    bool missing = false;
    gatherParents(id, parents, missing);
    bool result = true;
    if (!parents.empty() && !missing) {
        Sides const below = sidesOf(parents, field);
        result = below.size() != 1 || below.begin()->first != valueOf(id, field);
    }
    m_writes[{id, field}] = result;
    return result;
}

/// The values of the maximal writers among the heads and what lies below them.
Sides Model::sidesOf(std::set<ObjectId> const& heads, std::string const& field) {
    std::set<ObjectId> writers;
    for (ObjectId const& head : heads) {
        if (writes(head, field)) writers.insert(head);
        for (ObjectId const& older : ancestors(head)) {
            if (writes(older, field)) writers.insert(older);
        }
    }
    Sides sides;
    for (ObjectId const& writer : writers) {
        bool const isLast = std::none_of(writers.begin(), writers.end(),
                                         [&](ObjectId const& other) { return ancestors(other).contains(writer); });
        if (isLast) sides[valueOf(writer, field)].insert(writer);
    }
    return sides;
}

std::set<ObjectId> Model::heads(DocumentKey const& document) {
    std::set<ObjectId> usable, older;
    auto const revisions = m_revisions.find(document);
    if (revisions == m_revisions.end()) return usable;
    for (ObjectId const& id : revisions->second) {
        if (!isUsable(id)) continue;
        usable.insert(id);
        older.insert(ancestors(id).begin(), ancestors(id).end());
    }
    std::erase_if(usable, [&](ObjectId const& id) { return older.contains(id); });
    return usable;
}

std::map<std::string, Sides> Model::fields(DocumentKey const& document) {
    std::set<ObjectId> const tops = heads(document);
    std::set<std::string> names;
    auto const lists = m_lists.find(document);
    auto const gather = [&](ObjectId const& id) {
        for (auto const& [name, value] : revision(id)->fields) {
            bool const isList = lists != m_lists.end() && lists->second.contains(name) && value.asArray() != nullptr;
            if (!isList) names.insert(name);
            for (json::Value const& element : isList ? *value.asArray() : json::Array())
                names.insert(name + "[" + elementName(element) + "]");
        }
    };
    for (ObjectId const& head : tops) {
        gather(head);
        for (ObjectId const& older : ancestors(head)) gather(older);
    }
    std::map<std::string, Sides> fields;
    for (std::string const& name : names) fields[name] = sidesOf(tops, name);
    return fields;
}

std::map<ObjectId, ItemCount> Model::counts(std::set<std::string> const& knownTypes) {
    std::map<ObjectId, ItemCount> counts;
    std::map<DocumentKey, std::pair<std::set<ObjectId>, std::set<ObjectId>>>
        standing;  // heads, and sides of differences
    for (auto const& [item, places] : m_places) {
        ItemCount& count = counts[item];
        if (!m_rows.contains(item)) {
            count = ItemCount::Pending;  // payload wanted, or in a form that this program cannot read
            continue;
        }
        Opinion const& judged = opinion(item);
        if (!judged.stands()) {
            count = judged.verdict == Verdict::Waiting ? ItemCount::Pending : ItemCount::Quarantined;
            continue;
        }
        count = ItemCount::Current;
        Revision const* const text = revision(item);
        if (text == nullptr) continue;
        bool const waits = std::any_of(text->parents.begin(), text->parents.end(),
                                       [&](ObjectId const& parent) { return !hasParent(*text, parent); });
        if (waits || m_aside.contains(item) || !knownTypes.contains(text->type)) {
            count = ItemCount::Pending;
            continue;
        }
        DocumentKey const document{text->scope, text->doc};
        auto const [known, isNew] = standing.try_emplace(document);
        auto& [tops, different] = known->second;
        if (isNew) {
            tops = heads(document);
            for (auto const& [field, sides] : fields(document)) {
                for (auto const& [value, writers] : sides) {
                    if (sides.size() > 1) different.insert(writers.begin(), writers.end());
                }
            }
        }
        if (!tops.contains(item)) count = ItemCount::Superseded;
        if (different.contains(item)) count = ItemCount::Different;
    }
    return counts;
}

}  // namespace spiral::sim
