// The acts of the registry as values: what stands as strict JSON in `body.act` of an entry. Only form is checked here;
// whether the college's rules allow an act is for entry_rules.h.
#pragma once

#include "trust/enrolment.h"
#include "trust/registry.h"

#include <variant>

namespace spiral::trust {

struct FoundAct {
    std::string college, domain;
    PersonId person;
    PublicKey key;
    Policy policy;
};
struct RootAct {
    Quorum quorum;
};
struct AdminAct {
    Quorum quorum;
};
struct PolicyAct {
    Policy policy;
};
struct MoveAct {
    DeviceId device;
};
struct ServerAct {
    PublicKey key;
    Device::Kind kind = Device::Kind::Server;
    std::string name, url;
    std::vector<Scope> scopes;
    std::string requestBytes;
    JoinRequest request;
};
struct UnitAct {
    Unit unit;
};
struct PersonAct {
    PersonId person;
    std::optional<Target> document;
};
struct DeviceAct {
    std::string requestBytes;
    JoinRequest request;
};
struct GrantAct {
    PersonId person;
    Role role;
    Instant from{};
    std::optional<Instant> until;
    bool delegable = false;
};
struct DelegateAct {
    ObjectId grant;
    PersonId person;
    Scope scope;
    Instant from{};
    Instant until{};
};
struct RevokeAct {
    std::optional<DeviceId> device;
    std::optional<ObjectId> grant;
    std::vector<Cut> cuts;
    std::string reason;
};
struct RedactAct {
    std::vector<ObjectId> ids;
};
struct WitnessAct {};

using AnyAct = std::variant<FoundAct, RootAct, AdminAct, PolicyAct, MoveAct, ServerAct, UnitAct, PersonAct, DeviceAct,
                            GrantAct, DelegateAct, RevokeAct, RedactAct, WitnessAct>;

struct Act {
    std::string name;                  ///< "grant"
    Sha256 hash;                       ///< of its exact bytes: an act counts once in a chain
    std::optional<SchoolId> school;    ///< absent in the founding act only, like `reg`
    std::optional<RegistryPoint> reg;  ///< the head its signers saw
    AnyAct what;
};

/// True for the names above, which are the kinds of registry entries without their version.
[[nodiscard]] bool isActName(std::string_view name) noexcept;

/// Malformed when it is not of the form; Unsupported ("newer.act", "newer.policy") for an act, or a condition of a
/// policy, that this program does not know.
[[nodiscard]] Result<Act> parseAct(std::string_view text);

}  // namespace spiral::trust
