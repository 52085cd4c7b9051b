// What one path of registry entries adds up to. A ledger is advanced entry by entry from the first; it keeps every
// former word on a matter with its number, so that it also answers what stood at an earlier entry. It checks nothing:
// entry_rules.h decides what may be applied.
#pragma once

#include "registry_acts.h"

#include <unordered_map>
#include <unordered_set>

namespace spiral::trust {

/// An accepted entry. Immutable, so that copies of a registry share it.
struct Entry {
    ObjectId id;
    Record record;
    Act act;
    std::uint64_t number = 1;
    [[nodiscard]] RegistryPoint point() const { return {number, id}; }
};

/// A value that entries replace now and then.
template <class T>
class Versions {
public:
    void set(std::uint64_t since, T value) { m_versions.emplace_back(since, std::move(value)); }
    /// The value at entry `number`. REQUIRES: something was set by then.
    [[nodiscard]] T const& at(std::uint64_t number) const {
        std::size_t index = m_versions.size();
        while (index > 1 && m_versions[index - 1].first > number) --index;  // nearly always the last one is meant
        return m_versions[index - 1].second;
    }
    [[nodiscard]] T const& last() const { return m_versions.back().second; }
    [[nodiscard]] std::vector<std::pair<std::uint64_t, T>> const& all() const noexcept { return m_versions; }

private:
    std::vector<std::pair<std::uint64_t, T>> m_versions;
};

struct Ledger {
    std::vector<std::shared_ptr<Entry const>> entries;  ///< number n stands at n − 1
    std::unordered_map<ObjectId, std::uint64_t> numbers;
    std::unordered_set<Sha256> acts;

    std::string college, domain;
    Versions<DeviceId> keepers;
    Versions<Policy> policies;
    Versions<Quorum> roots, admins;
    std::map<std::string, Unit, std::less<>> units;
    std::unordered_map<DeviceId, Device> devices;
    std::map<PersonId, std::optional<Target>> persons;  ///< everybody named, with the document about them
    std::unordered_map<ObjectId, Grant> grants;
    std::unordered_map<PersonId, std::vector<Grant>> grantsOf;
    std::unordered_set<DeviceId> revokedDevices;
    std::unordered_set<ObjectId> revokedGrants;
    std::unordered_set<ObjectId> redacted;

    [[nodiscard]] std::uint64_t size() const noexcept { return entries.size(); }
    [[nodiscard]] RegistryPoint head() const { return entries.back()->point(); }
    [[nodiscard]] bool holds(RegistryPoint const& point) const {
        return point.seq >= 1 && point.seq <= entries.size() && entries[point.seq - 1]->id == point.hash;
    }
    [[nodiscard]] Device const* device(DeviceId const& id) const;
    /// Enrolled and not revoked.
    [[nodiscard]] Device const* activeDevice(DeviceId const& id) const;
    /// Appends. REQUIRES: the entry's number is size() + 1 and the rules allow it.
    void apply(std::shared_ptr<Entry const> entry);
};

/// The revocation that a `revoke` entry makes.
[[nodiscard]] Revocation revocationOf(Entry const& entry, RevokeAct const& act);

}  // namespace spiral::trust
