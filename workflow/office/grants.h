// What somebody's grants are good for now. Private to workflow/office.
#pragma once

#include "office/office.h"

#include <algorithm>

namespace spiral::office {

/// Not before their time, not past it, not revoked, as the registry held here says at this moment.
[[nodiscard]] inline std::vector<trust::Grant> grantsInForce(Office& office, PersonId const& person) {
    auto const& registry = office.registry();
    auto const now = office.replica().world().wall.now();
    std::vector<trust::Grant> inForce = registry.grantsOf(person);
    std::erase_if(inForce, [&](trust::Grant const& grant) {
        bool const inTime = grant.from <= now && (!grant.until || now < *grant.until);
        return !inTime || !registry.revocationsOf(grant.id).empty();
    });
    return inForce;
}

/// Whether one of the grants lets its person do acts of this kind in the scope, as far as roles go.
[[nodiscard]] inline bool rolesAllow(Office& office, std::vector<trust::Grant> const& grants, std::string_view kind,
                                     Scope const& scope) {
    auto const& registry = office.registry();
    auto const* rule = registry.policy(registry.head().seq).find(kind);
    return rule && std::any_of(grants.begin(), grants.end(), [&](trust::Grant const& grant) {
               bool const role =
                   std::find(rule->roles.begin(), rule->roles.end(), grant.role.name) != rule->roles.end();
               return role && grant.role.scope.covers(scope);
           });
}

}  // namespace spiral::office
