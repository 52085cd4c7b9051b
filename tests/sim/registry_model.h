// The registry by its definition: a tree of entries, each right or wrong by the path below it; the common chain is that
// tree up to where it parts. Written from docs/formats.md and docs/authority.md, not from store/trust.
#pragma once

#include "facts.h"

namespace spiral::sim {

struct DeviceModel {
    PersonId person;
    bool isServer = false;
    std::uint64_t since = 0;
};
struct GrantModel {
    ObjectId id;
    PersonId person;
    Role role;
    Instant from{};
    std::optional<Instant> until;
    bool delegable = false;
    std::optional<ObjectId> delegatedFrom;
    std::optional<PersonId> actingFor;
    std::uint64_t since = 0;
};
/// What a path of entries adds up to.
struct PathModel {
    std::vector<ObjectId> path;
    DeviceId keeper;
    std::vector<PersonId> root, admins;
    std::size_t rootThreshold = 1, adminThreshold = 1;
    std::map<DeviceId, DeviceModel> devices;
    std::vector<GrantModel> grants;
    std::set<DeviceId> revokedDevices;
    std::set<ObjectId> revokedGrants;
    [[nodiscard]] GrantModel const* grant(ObjectId const& id) const;
};

/// Which entries are right. Only the path below an entry matters, so the answers are kept for a whole history.
class EntryPaths {
public:
    explicit EntryPaths(Facts const& facts) : m_facts(facts) {}
    /// What stands after this entry; null if it breaks a rule, or one below it does.
    PathModel const* at(ObjectId const& entry);

private:
    [[nodiscard]] bool allowed(PathModel const& below, EntryFact const& entry) const;
    Facts const& m_facts;
    std::map<ObjectId, std::optional<PathModel>> m_paths;
};

class RegistryModel {
public:
    RegistryModel(Facts const& facts, EntryPaths& paths, std::set<ObjectId> const& held);

    [[nodiscard]] bool empty() const { return m_trunk.empty(); }
    [[nodiscard]] PathModel const& trunk() const { return *m_state; }
    [[nodiscard]] RegistryPoint head() const;
    /// Number on the common chain; a point on a branch counts as the place where they part.
    [[nodiscard]] std::optional<std::uint64_t> locate(RegistryPoint const& point) const;
    [[nodiscard]] bool onTrunk(ObjectId const& entry) const;
    [[nodiscard]] bool holds(ObjectId const& entry) const { return m_valid.contains(entry); }
    [[nodiscard]] bool isAncestorOrSelf(RegistryPoint const& a, RegistryPoint const& b) const;
    /// The earliest time of an entry that follows this one.
    [[nodiscard]] std::optional<Instant> endOf(RegistryPoint const& point) const;
    /// Revocations of the common chain and of every branch.
    [[nodiscard]] std::vector<EntryFact const*> revocationsOf(DeviceId const& device) const;
    [[nodiscard]] std::vector<EntryFact const*> revocationsOf(ObjectId const& grant) const;
    /// The device's person has, or once had, a grant covering the scope, on whatever branch: the least for storing.
    [[nodiscard]] bool mayStore(DeviceId const& device, Scope const& scope) const;

private:
    Facts const& m_facts;
    EntryPaths& m_paths;
    std::set<ObjectId> m_valid;
    std::vector<ObjectId> m_trunk;
    PathModel const* m_state = nullptr;
};

}  // namespace spiral::sim
