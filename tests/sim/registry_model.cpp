#include "registry_model.h"

#include <algorithm>

namespace spiral::sim {
namespace {

bool contains(std::vector<PersonId> const& persons, PersonId const& person) {
    return std::find(persons.begin(), persons.end(), person) != persons.end();
}

}  // namespace

GrantModel const* PathModel::grant(ObjectId const& id) const {
    for (GrantModel const& grant : grants) {
        if (grant.id == id) return &grant;
    }
    return nullptr;
}

bool EntryPaths::allowed(PathModel const& below, EntryFact const& entry) const {
    using What = EntryFact::What;
    if (entry.signer != below.keeper || entry.signerPerson != below.devices.at(below.keeper).person) return false;
    if (std::find(below.path.begin(), below.path.end(), entry.seen) == below.path.end()) return false;

    // Persons count once, on a device of theirs that is enrolled and not revoked.
    std::set<PersonId> agreed;
    for (auto const& [person, device] : entry.agreed) {
        auto const known = below.devices.find(device);
        bool const counts = known != below.devices.end() && known->second.person == person && !known->second.isServer &&
                            !below.revokedDevices.contains(device);
        if (counts) agreed.insert(person);
    }
    auto const needs = [&](std::vector<PersonId> const& among, std::size_t threshold) {
        std::size_t count = 0;
        for (PersonId const& person : among) count += agreed.contains(person) ? 1 : 0;
        return count >= threshold;
    };
    auto const byRoot = [&] { return needs(below.root, below.rootThreshold); };
    auto const byAdmins = [&] { return needs(below.admins, below.adminThreshold); };
    auto const byOneAdmin = [&] { return needs(below.admins, 1); };
    auto const isHighRole = [&](Role const& role) {
        auto const& high = m_facts.policy.highRoles;
        return std::find(high.begin(), high.end(), role.name) != high.end();
    };
    auto const isHigh = [&](PersonId const& person) {
        if (contains(below.root, person) || contains(below.admins, person)) return true;
        return std::any_of(below.grants.begin(), below.grants.end(), [&](GrantModel const& grant) {
            return grant.person == person && isHighRole(grant.role) && !below.revokedGrants.contains(grant.id);
        });
    };

    switch (entry.what) {
        case What::Found: return false;
        case What::Enrol:
            if (below.devices.contains(entry.device)) return false;
            if (contains(below.root, entry.person)) return byRoot();
            return isHigh(entry.person) ? byAdmins() : byOneAdmin();
        case What::EnrolServer: return !below.devices.contains(entry.device) && byRoot();
        case What::Grant: return isHighRole(entry.role) ? byAdmins() : byOneAdmin();
        case What::Delegate: {
            GrantModel const* const origin = below.grant(entry.grant);
            if (origin == nullptr || origin->delegatedFrom || !origin->delegable) return false;
            if (below.revokedGrants.contains(origin->id) || entry.person == origin->person) return false;
            if (!origin->role.scope.covers(entry.role.scope) || entry.from < origin->from) return false;
            if (origin->until && *entry.until > *origin->until) return false;
            return needs({origin->person}, 1);
        }
        case What::RevokeDevice: {
            auto const device = below.devices.find(entry.device);
            if (device == below.devices.end() || entry.device == below.keeper) return false;
            if (device->second.isServer) return byRoot();
            return isHigh(device->second.person) ? byAdmins() : byOneAdmin();
        }
        case What::RevokeGrant: {
            GrantModel const* const grant = below.grant(entry.grant);
            if (grant == nullptr) return false;
            if (grant->actingFor && needs({*grant->actingFor}, 1)) return true;
            return isHighRole(grant->role) ? byAdmins() : byOneAdmin();
        }
        case What::Admins:
            for (PersonId const& person : entry.persons) {
                bool const able = std::any_of(below.devices.begin(), below.devices.end(), [&](auto const& device) {
                    return device.second.person == person && !device.second.isServer &&
                           !below.revokedDevices.contains(device.first);
                });
                if (!able) return false;
            }
            return byRoot();
        case What::Other: return byOneAdmin();
    }
    return false;
}

PathModel const* EntryPaths::at(ObjectId const& id) {
    using What = EntryFact::What;
    auto const known = m_paths.find(id);
    if (known != m_paths.end()) return known->second ? &*known->second : nullptr;
    std::optional<PathModel>& result = m_paths[id];
    EntryFact const& entry = m_facts.entries.at(id);
    PathModel state;
    if (entry.below) {
        PathModel const* const below = at(*entry.below);
        if (below == nullptr || !allowed(*below, entry)) return nullptr;
        state = *below;
    }
    state.path.push_back(id);
    std::uint64_t const number = state.path.size();
    switch (entry.what) {
        case What::Found:
            state.keeper = entry.device;
            state.root = state.admins = {entry.person};
            state.devices[entry.device] = {entry.person, false, number};
            break;
        case What::Enrol: state.devices[entry.device] = {entry.person, false, number}; break;
        case What::EnrolServer: state.devices[entry.device] = {PersonId::fromDevice(entry.device), true, number}; break;
        case What::Grant:
            state.grants.push_back(
                {id, entry.person, entry.role, entry.from, entry.until, entry.delegable, {}, {}, number});
            break;
        case What::Delegate: {
            GrantModel const origin = *state.grant(entry.grant);
            state.grants.push_back({id, entry.person, Role{origin.role.name, entry.role.scope}, entry.from, entry.until,
                                    false, origin.id, origin.person, number});
            break;
        }
        case What::RevokeDevice: state.revokedDevices.insert(entry.device); break;
        case What::RevokeGrant: state.revokedGrants.insert(entry.grant); break;
        case What::Admins:
            state.admins = entry.persons;
            state.adminThreshold = entry.threshold;
            break;
        case What::Other: break;
    }
    result = std::move(state);
    return &*result;
}

RegistryModel::RegistryModel(Facts const& facts, EntryPaths& paths, std::set<ObjectId> const& held)
    : m_facts(facts), m_paths(paths) {
    std::vector<EntryFact const*> byNumber;
    for (ObjectId const& id : held) byNumber.push_back(&facts.entries.at(id));
    std::sort(byNumber.begin(), byNumber.end(), [](auto const* a, auto const* b) { return a->number < b->number; });
    std::map<ObjectId, std::vector<ObjectId>> children;
    for (EntryFact const* entry : byNumber) {
        if (entry->below && !m_valid.contains(*entry->below)) continue;
        if (paths.at(entry->id) == nullptr) continue;
        m_valid.insert(entry->id);
        if (entry->below)
            children[*entry->below].push_back(entry->id);
        else
            m_trunk.push_back(entry->id);
    }
    while (!m_trunk.empty() && children[m_trunk.back()].size() == 1)
        m_trunk.push_back(children[m_trunk.back()].front());
    if (!m_trunk.empty()) m_state = paths.at(m_trunk.back());
}

RegistryPoint RegistryModel::head() const { return {m_trunk.size(), m_trunk.back()}; }

bool RegistryModel::onTrunk(ObjectId const& entry) const {
    return std::find(m_trunk.begin(), m_trunk.end(), entry) != m_trunk.end();
}

std::optional<std::uint64_t> RegistryModel::locate(RegistryPoint const& point) const {
    if (!m_valid.contains(point.hash) || m_facts.entries.at(point.hash).number != point.seq) return std::nullopt;
    return onTrunk(point.hash) ? point.seq : m_trunk.size();
}

bool RegistryModel::isAncestorOrSelf(RegistryPoint const& a, RegistryPoint const& b) const {
    if (!locate(a) || !locate(b)) return false;
    for (std::optional<ObjectId> at = b.hash; at; at = m_facts.entries.at(*at).below) {
        if (*at == a.hash) return true;
    }
    return false;
}

std::optional<Instant> RegistryModel::endOf(RegistryPoint const& point) const {
    std::optional<Instant> earliest;
    for (ObjectId const& id : m_valid) {
        EntryFact const& entry = m_facts.entries.at(id);
        if (entry.below == point.hash && (!earliest || entry.time < *earliest)) earliest = entry.time;
    }
    return earliest;
}

std::vector<EntryFact const*> RegistryModel::revocationsOf(DeviceId const& device) const {
    std::vector<EntryFact const*> found;
    for (ObjectId const& id : m_valid) {
        EntryFact const& entry = m_facts.entries.at(id);
        if (entry.what == EntryFact::What::RevokeDevice && entry.device == device) found.push_back(&entry);
    }
    return found;
}
std::vector<EntryFact const*> RegistryModel::revocationsOf(ObjectId const& grant) const {
    std::vector<EntryFact const*> found;
    for (ObjectId const& id : m_valid) {
        EntryFact const& entry = m_facts.entries.at(id);
        if (entry.what == EntryFact::What::RevokeGrant && entry.grant == grant) found.push_back(&entry);
    }
    return found;
}

bool RegistryModel::mayStore(DeviceId const& device, Scope const& scope) const {
    for (ObjectId const& id : m_valid) {
        PathModel const& path = *m_paths.at(id);
        auto const known = path.devices.find(device);
        if (known == path.devices.end()) continue;
        if (known->second.isServer || path.keeper == device) return true;
        for (GrantModel const& grant : path.grants) {
            if (grant.person == known->second.person && grant.role.scope.covers(scope)) return true;
        }
    }
    return false;
}

}  // namespace spiral::sim
