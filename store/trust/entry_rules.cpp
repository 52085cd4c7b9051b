#include "entry_rules.h"

#include <algorithm>

namespace spiral::trust {
namespace {

Error refused(std::string_view slug, std::string detail = {}) {
    return makeError(ErrorCode::Refused, "registry." + std::string(slug), std::move(detail));
}

bool contains(std::vector<PersonId> const& persons, PersonId const& person) {
    return std::binary_search(persons.begin(), persons.end(), person);
}

/// Counts the persons who agree. What does not count (unknown or revoked device, bad signature, the same person again)
/// is passed over: it can only be missing, never harm.
class Agreements {
public:
    Agreements(Ledger const& ledger, Proposal const& proposal, Signatures signatures)
        : m_ledger(ledger),
          m_proposal(proposal),
          m_signatures(signatures),
          m_nameSpace(nameSpaceFor("agree", ledger.domain)) {}

    [[nodiscard]] bool reached(std::vector<PersonId> const& among, std::uint32_t threshold) const {
        std::vector<PersonId const*> counted;
        for (Agreement const& agreement : m_proposal.agreed) {
            if (counted.size() >= threshold) break;
            auto const isSame = [&](PersonId const* person) { return *person == agreement.person; };
            if (!contains(among, agreement.person)) continue;
            if (std::any_of(counted.begin(), counted.end(), isSame)) continue;
            if (counts(agreement)) counted.push_back(&agreement.person);
        }
        return counted.size() >= threshold;
    }

private:
    [[nodiscard]] bool counts(Agreement const& agreement) const {
        Device const* const device = m_ledger.activeDevice(agreement.device);
        if (device == nullptr || device->kind != Device::Kind::Person || device->person != agreement.person)
            return false;
        return m_signatures == Signatures::CheckedBefore ||
               verify(device->key, m_nameSpace, asBytes(m_proposal.act), agreement.signature);
    }

    Ledger const& m_ledger;
    Proposal const& m_proposal;
    Signatures m_signatures;
    std::string m_nameSpace;
};

/// One overload an act: what it means after the ledger, and who must agree.
class Rules {
public:
    Rules(Ledger const& ledger, Proposal const& proposal, Signatures signatures)
        : m_ledger(ledger), m_agreements(ledger, proposal, signatures), m_signatures(signatures) {}

    Result<void> operator()(FoundAct const&) const { return refused("founded"); }

    /// As TUF: the persons of the old root hand over, and those of the new one show that they can sign.
    Result<void> operator()(RootAct const& act) const {
        if (auto able = checkQuorum(act.quorum); !able) return able;
        if (auto old = root(); !old) return old;
        return needs(act.quorum.persons, act.quorum.threshold);
    }
    Result<void> operator()(AdminAct const& act) const {
        if (auto able = checkQuorum(act.quorum); !able) return able;
        return root();
    }
    Result<void> operator()(PolicyAct const&) const { return root(); }
    Result<void> operator()(MoveAct const& act) const {
        Device const* const device = m_ledger.activeDevice(act.device);
        if (device == nullptr) return refused("device-unknown", act.device.hex());
        if (device->kind == Device::Kind::Hub) return refused("keeper-is-hub", act.device.hex());
        return root();
    }
    Result<void> operator()(ServerAct const& act) const {
        DeviceId const id = deviceIdOf(act.key);
        if (act.request.key != act.key || act.request.person != PersonId::fromDevice(id)) return refused("request");
        // The same server under another address is enrolled a second time; anything else would be another device.
        if (Device const* const known = m_ledger.device(id)) {
            if (known->kind != act.kind || m_ledger.activeDevice(id) == nullptr) return refused("enrolled", id.hex());
        }
        if (auto good = checkRequest(act.key, act.requestBytes); !good) return good;
        return root();
    }
    Result<void> operator()(UnitAct const&) const { return oneAdmin(); }
    Result<void> operator()(PersonAct const&) const { return oneAdmin(); }

    Result<void> operator()(DeviceAct const& act) const {
        DeviceId const id = deviceIdOf(act.request.key);
        if (m_ledger.device(id) != nullptr) return refused("enrolled", id.hex());
        if (act.request.person.text().size() == 2 * DeviceId::size) return refused("request");
        if (auto good = checkRequest(act.request.key, act.requestBytes); !good) return good;
        // Whoever enrols a device in somebody's name can act in it: that must not cost less than what it can decide.
        if (contains(m_ledger.roots.last().persons, act.request.person)) return root();
        return isHigh(act.request.person) ? adminThreshold() : oneAdmin();
    }
    Result<void> operator()(GrantAct const& act) const {
        return isHighRole(act.role.name) ? adminThreshold() : oneAdmin();
    }
    Result<void> operator()(DelegateAct const& act) const {
        auto const found = m_ledger.grants.find(act.grant);
        if (found == m_ledger.grants.end()) return refused("grant-unknown", act.grant.hex());
        Grant const& origin = found->second;
        if (origin.delegatedFrom) return refused("delegation-depth");
        if (!origin.delegable) return refused("not-delegable");
        if (m_ledger.revokedGrants.contains(act.grant)) return refused("grant-revoked");
        if (act.person == origin.person) return refused("delegation-self");
        if (!origin.role.scope.covers(act.scope)) return refused("delegation-scope");
        if (act.from < origin.from || (origin.until && act.until > *origin.until))
            return refused("delegation-interval");
        return needs({origin.person}, 1);
    }
    Result<void> operator()(RevokeAct const& act) const {
        return act.device ? revoke(*act.device) : revoke(*act.grant);
    }

    /// Final and known to all, so two persons look at it, even where one admin decides everything else.
    Result<void> operator()(RedactAct const& act) const {
        for (ObjectId const& id : act.ids) {
            if (m_ledger.numbers.contains(id)) return refused("redact-entry", id.hex());
        }
        return needs(m_ledger.admins.last().persons, 2);
    }
    Result<void> operator()(WitnessAct const&) const { return root(); }

private:
    [[nodiscard]] Result<void> needs(std::vector<PersonId> const& among, std::uint32_t threshold) const {
        if (m_agreements.reached(among, threshold)) return {};
        return refused("threshold", "needs " + std::to_string(threshold) + " of " + std::to_string(among.size()));
    }
    [[nodiscard]] Result<void> needs(Quorum const& quorum) const { return needs(quorum.persons, quorum.threshold); }
    [[nodiscard]] Result<void> root() const { return needs(m_ledger.roots.last()); }
    [[nodiscard]] Result<void> adminThreshold() const { return needs(m_ledger.admins.last()); }
    [[nodiscard]] Result<void> oneAdmin() const { return needs(m_ledger.admins.last().persons, 1); }

    [[nodiscard]] bool isHighRole(std::string const& role) const {
        auto const& high = m_ledger.policies.last().highRoles;
        return std::find(high.begin(), high.end(), role) != high.end();
    }
    /// Sits in a quorum, or has ever held a high role that nobody revoked. An ended term counts too: there is no clock
    /// here, and what was signed inside the term still stands.
    [[nodiscard]] bool isHigh(PersonId const& person) const {
        if (contains(m_ledger.roots.last().persons, person) || contains(m_ledger.admins.last().persons, person))
            return true;
        auto const grants = m_ledger.grantsOf.find(person);
        return grants != m_ledger.grantsOf.end() &&
               std::any_of(grants->second.begin(), grants->second.end(), [this](Grant const& grant) {
                   return isHighRole(grant.role.name) && !m_ledger.revokedGrants.contains(grant.id);
               });
    }

    /// A quorum of people who cannot sign would lock the college out.
    [[nodiscard]] Result<void> checkQuorum(Quorum const& quorum) const {
        std::vector<PersonId> able;
        for (auto const& [id, device] : m_ledger.devices) {
            if (device.kind == Device::Kind::Person && !m_ledger.revokedDevices.contains(id))
                able.push_back(device.person);
        }
        std::sort(able.begin(), able.end());
        for (PersonId const& person : quorum.persons) {
            if (!contains(able, person)) return refused("person-without-device", person.text());
        }
        return {};
    }
    [[nodiscard]] Result<void> checkRequest(PublicKey const& key, std::string const& bytes) const {
        if (m_signatures == Signatures::CheckedBefore) return {};
        if (!isAcceptableKey(key)) return refused("key");
        if (!verifyJoinRequest(asBytes(bytes), m_ledger.domain))
            return makeError(ErrorCode::BadSignature, "registry.request-signature");
        return {};
    }

    [[nodiscard]] Result<void> revoke(DeviceId const& id) const {
        Device const* const device = m_ledger.device(id);
        if (device == nullptr) return refused("device-unknown", id.hex());
        // The next entry would have to be signed by a revoked device: move the registry first.
        if (id == m_ledger.keepers.last()) return refused("device-is-keeper", id.hex());
        if (device->kind != Device::Kind::Person) return root();
        return isHigh(device->person) ? adminThreshold() : oneAdmin();
    }
    [[nodiscard]] Result<void> revoke(ObjectId const& id) const {
        auto const found = m_ledger.grants.find(id);
        if (found == m_ledger.grants.end()) return refused("grant-unknown", id.hex());
        Grant const& grant = found->second;
        // Who delegated takes back alone; the admins can as well, since taking away is the safe direction.
        if (grant.actingFor && m_agreements.reached({*grant.actingFor}, 1)) return {};
        return isHighRole(grant.role.name) ? adminThreshold() : oneAdmin();
    }

    Ledger const& m_ledger;
    Agreements m_agreements;
    Signatures m_signatures;
};

}  // namespace

Result<void> checkEntryForm(Record const& record, Act const& act) {
    if (!record.scope.isRegistry()) return refused("scope");
    if (record.of) return refused("target");
    if (record.role.text() != "keeper@registry") return refused("role");
    if (nameWithoutVersion(record.kind) != act.name) return refused("kind", record.kind);
    return {};
}

Result<void> checkFounding(Record const& record, ByteView bytes, Signature const& signature, Proposal const& proposal,
                           Act const& act, Signatures signatures) {
    FoundAct const* const founding = std::get_if<FoundAct>(&act.what);
    if (founding == nullptr) return refused("not-founding");
    if (auto form = checkEntryForm(record, act); !form) return form;
    if (record.by.person != founding->person || record.by.device != deviceIdOf(founding->key))
        return refused("founder");
    if (!isAcceptableKey(founding->key)) return refused("key");
    if (signatures == Signatures::Check &&
        !verify(founding->key, nameSpaceFor(record.kind, founding->domain), bytes, signature))
        return makeError(ErrorCode::BadSignature, "registry.signature");
    std::string const nameSpace = nameSpaceFor("agree", founding->domain);
    for (Agreement const& agreement : proposal.agreed) {
        if (agreement.person != record.by.person || agreement.device != record.by.device) continue;
        if (signatures == Signatures::CheckedBefore ||
            verify(founding->key, nameSpace, asBytes(proposal.act), agreement.signature))
            return {};
    }
    return refused("threshold", "the founder has not agreed");
}

Result<void> checkProposal(Ledger const& ledger, Proposal const& proposal, Act const& act, Signatures signatures) {
    if (!act.school || !act.reg) return refused("founded");
    if (*act.school != ledger.entries.front()->id) return refused("school");
    if (!ledger.holds(*act.reg)) return refused("act-head", act.reg->hash.hex());
    if (ledger.acts.contains(act.hash)) return refused("act-repeated", act.hash.hex());
    return std::visit(Rules(ledger, proposal, signatures), act.what);
}

Result<void> checkKeeper(Ledger const& ledger, Record const& record, ByteView bytes, Signature const& signature,
                         Signatures signatures) {
    Device const& keeper = ledger.devices.at(ledger.keepers.last());
    if (record.by.device != keeper.id) return refused("keeper", record.by.device.hex());
    if (record.by.person != keeper.person) return refused("keeper-person", record.by.person.text());
    if (signatures == Signatures::Check &&
        !verify(keeper.key, nameSpaceFor(record.kind, ledger.domain), bytes, signature))
        return makeError(ErrorCode::BadSignature, "registry.signature");
    return {};
}

}  // namespace spiral::trust
