// Records that no policy governs: the server's receipts, the confirming of a forked branch, and registry entries.
#include "trust/authority.h"

#include "base/json.h"
#include "registry_acts.h"
#include "row_rules.h"

#include <algorithm>

namespace spiral::trust {
namespace {

/// More frames than one group commit can hold.
constexpr std::size_t kReceiptFramesMax = 16 * 1024;

class AloneJudge {
public:
    AloneJudge(Record const& record, Registry const& registry, RowRules const& rules)
        : m_record(record), m_subject(record), m_registry(registry), m_rules(rules) {}

    [[nodiscard]] Judgement at(Place const& place, ObjectId const& id) const {
        if (m_record.scope.isRegistry() && isRegistryKind(m_subject.kind)) return entryAt(place, id);
        if (isRegistryKind(m_subject.kind)) return judged(Verdict::Invalid, "binding-scope", m_record.scope.text());
        Standing standing;
        if (auto unbound = m_rules.checkBinding(m_subject, place, standing)) return *std::move(unbound);
        if (!isFirstVersion(m_record)) return judged(Verdict::Waiting, "newer-kind", m_record.kind);
        auto refused = m_subject.kind == "receipt" ? checkReceipt(standing) : checkConfirm(standing);
        if (refused && refused->verdict != Verdict::Waiting) return *std::move(refused);
        // What is certain comes before what is waited for.
        if (place.branch == Branch::Forked) return judged(Verdict::Quarantined, "forked", place.frame.hex());
        auto cut = m_rules.checkCuts(m_registry.revocationsOf(place.device), place);
        if (cut && cut->verdict == Verdict::Quarantined) return *std::move(cut);
        if (refused) return *std::move(refused);
        if (cut) return *std::move(cut);
        return m_rules.standingAt(place, *standing.device);
    }

private:
    /// An entry's row says nothing by itself: it is right iff the registry took the entry.
    [[nodiscard]] Judgement entryAt(Place const& place, ObjectId const& id) const {
        std::uint64_t const number = m_record.reg ? m_record.reg->seq + 1 : 1;
        if (place.school != m_registry.school() || (m_record.school && *m_record.school != m_registry.school()))
            return judged(Verdict::Invalid, "binding-school", place.frame.hex());
        if (!place.scope.isRegistry()) return judged(Verdict::Invalid, "binding-scope", place.frame.hex());
        if (place.device != m_record.by.device) return judged(Verdict::Invalid, "binding-device", place.frame.hex());
        if (auto const located = m_registry.locate({number, id})) {
            if (*located != number) return judged(Verdict::Quarantined, "forked", id.hex());
            Judgement valid;
            valid.verdict = Verdict::Valid;
            if (place.receipt) valid.witnessed = place.receipt->time;
            return valid;
        }
        if (m_record.reg && !m_registry.locate(*m_record.reg))
            return judged(Verdict::Waiting, "wait-registry", m_record.reg->hash.hex());
        // Its place in the chain is held and the registry did not take it: too new for this program, or wrong.
        bool const isKnownForm = isFirstVersion(m_record);
        auto const proposal = proposalFrom(m_record.body);
        auto const act = proposal ? parseAct(proposal->act) : Result<Act>(proposal.error());
        if (!isKnownForm || (!act && act.error().code == ErrorCode::Unsupported))
            return judged(Verdict::Waiting, "newer-kind", m_record.kind);
        return judged(Verdict::Invalid, act ? "no-grant" : "form", id.hex());
    }

    [[nodiscard]] std::optional<Judgement> checkReceipt(Standing const& standing) const {
        if (auto body = receiptBodyFrom(m_record.body); !body)
            return judged(Verdict::Invalid, "form", body.error().reason);
        if (standing.device->kind != Device::Kind::Server)
            return judged(Verdict::Quarantined, "role-not-allowed", m_record.by.device.hex());
        return std::nullopt;
    }

    [[nodiscard]] std::optional<Judgement> checkConfirm(Standing const& standing) const {
        auto const tip = confirmedTip(m_record.body);
        if (!tip) return judged(Verdict::Invalid, "form", tip.error().reason);
        if (json::stringAt(m_record.body, "act") != nullptr) return checkConfirmingAdmins(standing);
        return checkOwner(*tip, standing);
    }

    /// Only whoever owns the feed knows which of two branches is hers, and only from a device that was not copied.
    [[nodiscard]] std::optional<Judgement> checkOwner(FrameId const& tip, Standing const& standing) const {
        auto const holds = [&](Device const& device) {
            return m_rules.below()(device.id, m_record.scope, tip, tip).value_or(false);
        };
        for (Device const& device : m_registry.devices()) {
            if (!holds(device)) continue;
            bool const isOwner = device.person == m_record.by.person && device.id != m_record.by.device &&
                                 standing.device->kind == Device::Kind::Person;
            if (isOwner) return std::nullopt;
            return judged(Verdict::Quarantined, "role-not-allowed", m_record.by.person.text());
        }
        return judged(Verdict::Waiting, "wait-target", tip.hex());
    }

    [[nodiscard]] std::optional<Judgement> checkConfirmingAdmins(Standing const& standing) const {
        auto const proposal = proposalFrom(m_record.body);
        if (!proposal) return judged(Verdict::Invalid, "form", proposal.error().reason);
        auto const parsed = json::parse(proposal->act);
        json::Object const& act = *parsed->asObject();  // confirmedTip() has read it
        std::string const* const scope = json::stringAt(act, "scope");
        std::string const* const school = json::stringAt(act, "school");
        if (scope == nullptr || *scope != m_record.scope.text() || school == nullptr ||
            *school != m_registry.school().hex())
            return judged(Verdict::Invalid, "form", "confirm.act");

        std::vector<PersonId> const& admins = m_registry.admins(standing.at).persons;
        std::string const nameSpace = nameSpaceFor("agree", m_registry.domain());
        std::vector<PersonId const*> counted;
        for (Agreement const& agreement : proposal->agreed) {
            if (!std::binary_search(admins.begin(), admins.end(), agreement.person)) continue;
            if (containsPerson(counted, agreement.person)) continue;
            Device const* const device = m_registry.device(agreement.device);
            bool const isHers = device != nullptr && device->since <= standing.at &&
                                device->person == agreement.person && device->kind == Device::Kind::Person &&
                                !isRevoked(*device, standing.at);
            if (isHers && verify(device->key, nameSpace, asBytes(proposal->act), agreement.signature))
                addPerson(counted, agreement.person);
            if (counted.size() == 2) return std::nullopt;
        }
        return judged(Verdict::Quarantined, "role-not-allowed", "two admins");
    }
    [[nodiscard]] bool isRevoked(Device const& device, std::uint64_t at) const {
        auto const& revocations = m_registry.revocationsOf(device.id);
        return std::any_of(revocations.begin(), revocations.end(),
                           [at](Revocation const& revocation) { return revocation.since <= at; });
    }

    Record const& m_record;
    Subject m_subject;
    Registry const& m_registry;
    RowRules const& m_rules;
};

}  // namespace

bool isRegistryKind(std::string_view name) noexcept { return isActName(name); }

bool standsForItself(Record const& record) noexcept {
    std::string_view const kind = nameWithoutVersion(record.kind);
    return kind == "receipt" || kind == "confirm" || isRegistryKind(kind);
}

Judgement judgeAlone(Row const& row, Registry const& registry, StandsBelow const& below) {
    Record const* const record = row.record();
    if (record == nullptr) return judged(Verdict::Waiting, "newer-version", row.id.hex());
    if (registry.empty()) return judged(Verdict::Waiting, "wait-registry");
    RowRules const rules(registry, below);
    if (!standsForItself(*record)) {
        // A record whose target is in no document that is held.
        Ancestry ancestry;
        if (record->of) ancestry.missing = record->of->id;
        std::optional<Judgement> best;
        for (Place const& place : row.places) {
            Judgement judgement = rules.evaluate(Subject(*record), place, {nullptr, &ancestry}, [](Evaluation&) {});
            if (!best || isBetter(judgement, *best)) best = std::move(judgement);
        }
        return best ? *std::move(best) : judged(Verdict::Waiting, "wait-frame", row.id.hex());
    }
    std::optional<Judgement> best;
    AloneJudge const judge(*record, registry, rules);
    for (Place const& place : row.places) {
        Judgement judgement = judge.at(place, row.id);
        if (!best || isBetter(judgement, *best)) best = std::move(judgement);
    }
    return best ? *std::move(best) : judged(Verdict::Waiting, "wait-frame", row.id.hex());
}

Result<ReceiptBody> receiptBodyFrom(json::Object const& body) {
    ReceiptBody receipt;
    json::Array const* const frames = json::arrayAt(body, "frames");
    std::int64_t const* const place = json::integerAt(body, "place");
    std::string const* const time = json::stringAt(body, "time");
    if (frames == nullptr || frames->empty()) return makeError(ErrorCode::Malformed, "receipt.frames");
    if (frames->size() > kReceiptFramesMax) return makeError(ErrorCode::TooLarge, "receipt.frames");
    for (json::Value const& value : *frames) {
        auto const frame = value.asString() == nullptr ? std::nullopt : FrameId::fromHex(*value.asString());
        if (!frame) return makeError(ErrorCode::Malformed, "receipt.frames");
        receipt.frames.push_back(*frame);
    }
    if (place == nullptr || *place < 0) return makeError(ErrorCode::Malformed, "receipt.place");
    auto const instant = time == nullptr ? std::nullopt : parseInstant(*time);
    if (!instant) return makeError(ErrorCode::Malformed, "receipt.time");
    receipt.place = static_cast<std::uint64_t>(*place);
    receipt.time = *instant;
    return receipt;
}

Result<FrameId> confirmedTip(json::Object const& body) {
    std::string const* tip = json::stringAt(body, "tip");
    Result<json::Value> act = json::Value();
    if (tip == nullptr) {
        std::string const* const text = json::stringAt(body, "act");
        if (text == nullptr) return makeError(ErrorCode::Malformed, "confirm.tip");
        act = json::parse(*text);
        if (!act) return act.error();
        json::Object const* const object = act->asObject();
        std::string const* const name = object == nullptr ? nullptr : json::stringAt(*object, "act");
        if (name == nullptr || *name != "confirm") return makeError(ErrorCode::Malformed, "confirm.act");
        tip = json::stringAt(*object, "tip");
    } else if (body.find("act") != nullptr) {
        return makeError(ErrorCode::Malformed, "confirm.tip");  // two words on one matter
    }
    auto const frame = tip == nullptr ? std::nullopt : FrameId::fromHex(*tip);
    if (!frame) return makeError(ErrorCode::Malformed, "confirm.tip");
    return *frame;
}

}  // namespace spiral::trust
