#include "ledger.h"

namespace spiral::trust {
namespace {

/// Applies one act to the ledger. One overload an act.
struct Applier {
    Ledger& ledger;
    Entry const& entry;

    void enrol(PublicKey const& key, PersonId const& person, Device::Kind kind, std::string url,
               std::vector<Scope> scopes, std::string name) const {
        Device device{deviceIdOf(key), key,          person,         kind, std::move(scopes),
                      std::move(url),  entry.number, std::move(name)};
        auto const [place, isNew] = ledger.devices.try_emplace(device.id, device);
        if (!isNew) {  // a server that moved: its first enrolment is what its rows rely on
            place->second.url = device.url;
            place->second.scopes = device.scopes;
            place->second.name = device.name;
        }
        if (kind == Device::Kind::Person) ledger.persons.try_emplace(person);
    }
    void give(Grant grant) const {
        ledger.persons.try_emplace(grant.person);
        ledger.grantsOf[grant.person].push_back(grant);
        ledger.grants.emplace(grant.id, std::move(grant));
    }

    void operator()(FoundAct const& act) const {
        ledger.college = act.college;
        ledger.domain = act.domain;
        ledger.keepers.set(entry.number, deviceIdOf(act.key));
        ledger.policies.set(entry.number, act.policy);
        ledger.roots.set(entry.number, Quorum{{act.person}, 1});
        ledger.admins.set(entry.number, Quorum{{act.person}, 1});
        enrol(act.key, act.person, Device::Kind::Person, {}, {}, {});
    }
    void operator()(RootAct const& act) const { ledger.roots.set(entry.number, act.quorum); }
    void operator()(AdminAct const& act) const { ledger.admins.set(entry.number, act.quorum); }
    void operator()(PolicyAct const& act) const { ledger.policies.set(entry.number, act.policy); }
    void operator()(MoveAct const& act) const { ledger.keepers.set(entry.number, act.device); }
    void operator()(ServerAct const& act) const {
        enrol(act.key, PersonId::fromDevice(deviceIdOf(act.key)), act.kind, act.url, act.scopes, act.name);
    }
    void operator()(UnitAct const& act) const {
        Unit unit = act.unit;
        unit.since = entry.number;
        ledger.units.insert_or_assign(unit.id, std::move(unit));
    }
    void operator()(PersonAct const& act) const { ledger.persons[act.person] = act.document; }
    void operator()(DeviceAct const& act) const {
        enrol(act.request.key, act.request.person, Device::Kind::Person, {}, {}, {});
    }
    void operator()(GrantAct const& act) const {
        give({entry.id, act.person, act.role, act.from, act.until, act.delegable, {}, {}, entry.number});
    }
    void operator()(DelegateAct const& act) const {
        Grant const& origin = ledger.grants.at(act.grant);
        give({entry.id, act.person, Role{origin.role.name, act.scope}, act.from, act.until, false, origin.id,
              origin.person, entry.number});
    }
    void operator()(RevokeAct const& act) const {
        if (act.device) ledger.revokedDevices.insert(*act.device);
        if (act.grant) ledger.revokedGrants.insert(*act.grant);
    }
    void operator()(RedactAct const& act) const { ledger.redacted.insert(act.ids.begin(), act.ids.end()); }
    void operator()(WitnessAct const&) const {}
};

}  // namespace

Device const* Ledger::device(DeviceId const& id) const {
    auto const found = devices.find(id);
    return found == devices.end() ? nullptr : &found->second;
}

Device const* Ledger::activeDevice(DeviceId const& id) const {
    return revokedDevices.contains(id) ? nullptr : device(id);
}

void Ledger::apply(std::shared_ptr<Entry const> entry) {
    ensure(entry->number == size() + 1, "Ledger::apply: not the next entry");
    numbers.emplace(entry->id, entry->number);
    acts.insert(entry->act.hash);
    std::visit(Applier{*this, *entry}, entry->act.what);
    entries.push_back(std::move(entry));
}

Revocation revocationOf(Entry const& entry, RevokeAct const& act) {
    return {entry.id, act.device, act.grant, act.cuts, act.reason, entry.number};
}

}  // namespace spiral::trust
