#include "allowed_signers.h"

#include <algorithm>

namespace spiral::trust {
namespace {

/// The kinds that every enrolled person may sign, whatever their roles. `confirm` and `agree` are judged by who it is.
constexpr std::string_view kOfEverybody[] = {"agree", "bundle", "confirm", "frame", "join", "session"};
constexpr std::string_view kOfServers[] = {"bundle", "frame", "join", "receipt", "session"};
constexpr std::string_view kOfHubs[] = {"frame", "join", "session"};
constexpr std::string_view kOfKeepers[] = {"admin",  "delegate", "device", "grant",  "move", "person", "policy",
                                           "redact", "revoke",   "root",   "server", "unit", "witness"};

/// What the roles that somebody ever held could do under any policy: a signature of a former term is checked too.
std::set<std::string> kindsOf(std::vector<Grant> const& grants, Ledger const& ledger) {
    std::set<std::string> roles;
    for (Grant const& grant : grants) roles.insert(grant.role.name);
    std::set<std::string> kinds;
    for (auto const& [since, policy] : ledger.policies.all()) {
        for (auto const& [kind, rule] : policy.kinds) {
            // A revision is no record: it is signed by its frame.
            if (kind == "write") continue;
            if (std::any_of(rule.roles.begin(), rule.roles.end(),
                            [&](auto const& role) { return roles.contains(role); }))
                kinds.insert(kind);
        }
    }
    return kinds;
}

template <class Names>
void addAll(std::set<std::string>& kinds, Names const& names) {
    for (std::string_view const name : names) kinds.emplace(name);
}

}  // namespace

std::string allowedSignersOf(Ledger const& ledger) {
    std::set<std::string> lines;
    for (auto const& [id, device] : ledger.devices) {
        std::set<std::string> kinds;
        if (device.kind == Device::Kind::Person) {
            auto const grants = ledger.grantsOf.find(device.person);
            if (grants != ledger.grantsOf.end()) kinds = kindsOf(grants->second, ledger);
            addAll(kinds, kOfEverybody);
        } else if (device.kind == Device::Kind::Server) {
            addAll(kinds, kOfServers);
        } else {
            addAll(kinds, kOfHubs);
        }
        auto const& keepers = ledger.keepers.all();
        auto const isThis = [self = id](auto const& keeper) { return keeper.second == self; };
        if (std::any_of(keepers.begin(), keepers.end(), isThis)) addAll(kinds, kOfKeepers);

        std::string line = device.person.text() + " namespaces=\"";
        for (std::string const& kind : kinds) {
            if (line.back() != '"') line += ',';
            line += nameSpaceFor(kind, ledger.domain);
        }
        lines.insert(line + "\" " + toSshPublicKey(device.key) + "\n");
    }
    std::string text;
    for (std::string const& line : lines) text += line;
    return text;
}

}  // namespace spiral::trust
