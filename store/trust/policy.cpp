// Policies: which role may do which kind of act. Data of the registry; this file only reads and writes its JSON, and
// holds the policy that a new college begins with.
#include "trust/registry.h"

#include <algorithm>
#include <array>

namespace spiral::trust {
namespace {

// A policy is a page that people agree on; the limits keep a hostile one from being slow to ask.
constexpr std::size_t kKindsMax = 512;
constexpr std::size_t kNamesMax = 64;
constexpr std::array<std::string_view, 2> kDifferences{"author", "submitter"};

Error malformed(std::string_view field) { return makeError(ErrorCode::Malformed, "policy." + std::string(field)); }

/// [a-z][a-z0-9-]{0,58}: a kind without its version, or a role's name.
bool isPlainName(std::string_view text) { return isVersionedName(std::string(text) + ".v1"); }

/// The strings under `key`, sorted and unique as every set in our JSON is; nothing otherwise.
std::optional<std::vector<std::string>> namesAt(json::Object const& object, std::string_view key) {
    json::Array const* const array = json::arrayAt(object, key);
    if (array == nullptr || array->size() > kNamesMax) return std::nullopt;
    std::vector<std::string> names;
    for (json::Value const& value : *array) {
        std::string const* const name = value.asString();
        if (name == nullptr || (!names.empty() && !(names.back() < *name))) return std::nullopt;
        names.push_back(*name);
    }
    return names;
}

json::Array sortedArray(std::vector<std::string> names) {
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return {names.begin(), names.end()};
}

Result<KindRule> kindRuleFrom(json::Object const& object) {
    KindRule rule;
    auto roles = namesAt(object, "roles");
    if (!roles || !std::all_of(roles->begin(), roles->end(), isPlainName)) return malformed("roles");
    auto differ = namesAt(object, "differ");
    if (!differ) return malformed("differ");
    for (std::string const& name : *differ) {
        // Passing over a condition that we do not know would let through what the college forbids.
        if (std::find(kDifferences.begin(), kDifferences.end(), name) == kDifferences.end())
            return makeError(ErrorCode::Unsupported, "newer.policy", "differ: " + name);
    }
    rule.roles = *std::move(roles);
    rule.differ = *std::move(differ);
    if (json::Value const* const high = object.find("high")) {
        // Written only when true: what is absent has one form.
        if (high->asBool() == nullptr || !*high->asBool()) return malformed("high");
        rule.high = true;
    }
    return rule;
}

}  // namespace

KindRule const* Policy::find(std::string_view kind) const {
    auto const found = kinds.find(kind);
    return found == kinds.end() ? nullptr : &found->second;
}

json::Value toJson(Policy const& policy) {
    json::Array kinds;
    for (auto const& [kind, rule] : policy.kinds) {
        json::Object value{{"differ", sortedArray(rule.differ)}, {"roles", sortedArray(rule.roles)}};
        if (rule.high) value.set("high", true);
        kinds.push_back(json::Object{{"k", kind}, {"v", std::move(value)}});
    }
    std::vector<std::string> open;
    for (Scope const& scope : policy.open) open.push_back(scope.text());
    return json::Object{{"high_roles", sortedArray(policy.highRoles)},
                        {"kinds", std::move(kinds)},
                        {"open", sortedArray(std::move(open))}};
}

Result<Policy> policyFrom(json::Value const& value) {
    json::Object const* const object = value.asObject();
    if (object == nullptr) return malformed("form");
    Policy policy;
    json::Array const* const kinds = json::arrayAt(*object, "kinds");
    if (kinds == nullptr || kinds->size() > kKindsMax) return malformed("kinds");
    for (json::Value const& entry : *kinds) {
        json::Object const* const pair = entry.asObject();
        std::string const* const kind = pair == nullptr ? nullptr : json::stringAt(*pair, "k");
        json::Object const* const rule = pair == nullptr ? nullptr : json::objectAt(*pair, "v");
        if (kind == nullptr || rule == nullptr || !isPlainName(*kind)) return malformed("kinds");
        if (!policy.kinds.empty() && !(policy.kinds.rbegin()->first < *kind)) return malformed("kinds-order");
        auto decoded = kindRuleFrom(*rule);
        if (!decoded) return std::move(decoded).error();
        policy.kinds.emplace_hint(policy.kinds.end(), *kind, *std::move(decoded));
    }
    auto const open = namesAt(*object, "open");
    if (!open) return malformed("open");
    for (std::string const& text : *open) {
        auto scope = Scope::parse(text);
        if (!scope || scope->isRegistry()) return malformed("open");
        policy.open.push_back(*std::move(scope));
    }
    auto highRoles = namesAt(*object, "high_roles");
    if (!highRoles || !std::all_of(highRoles->begin(), highRoles->end(), isPlainName)) return malformed("high_roles");
    policy.highRoles = *std::move(highRoles);
    return policy;
}

Policy firstPolicy() {
    // `reviewer` stands nowhere: a grant of it opens a scope for reading and nothing else.
    std::vector<std::string> const writers{"admin", "clerk", "head", "leader", "quality"};
    std::vector<std::string> const headAndQuality{"head", "quality"};
    std::vector<std::string> const leaderAndQuality{"leader", "quality"};
    std::vector<std::string> const quality{"quality"};
    KindRule const everyWriter{writers, {}, false};
    KindRule const steering{headAndQuality, {}, false};
    KindRule const decision{headAndQuality, {"author"}, false};
    KindRule const recheck{headAndQuality, {"author", "submitter"}, true};

    Policy policy;
    for (char const* kind : {"write", "submit", "withdraw", "comment", "cite", "affirm", "confirm"})
        policy.kinds.emplace(kind, everyWriter);
    for (char const* kind : {"approve", "return"}) policy.kinds.emplace(kind, decision);
    for (char const* kind : {"recheck-pass", "recheck-fail"}) policy.kinds.emplace(kind, recheck);
    for (char const* kind : {"assign", "cancel", "extend", "remind"}) policy.kinds.emplace(kind, steering);
    // The eight steps of a diagnosis point.
    for (char const* kind : {"causes-found", "finish", "main-cause-found", "no-problem", "plan-made", "problems-found",
                             "standardised"})
        policy.kinds.emplace(kind, everyWriter);
    for (char const* kind : {"adopt", "start"}) policy.kinds.emplace(kind, KindRule{quality, {}, false});
    policy.kinds.emplace("close", KindRule{leaderAndQuality, {}, false});
    policy.kinds.emplace("accept", KindRule{leaderAndQuality, {"author"}, true});
    policy.kinds.emplace("admit", KindRule{quality, {}, false});
    policy.kinds.emplace("publish", KindRule{quality, {}, true});
    policy.open = {Scope::college()};
    policy.highRoles = {"admin", "head", "leader", "quality"};
    return policy;
}

}  // namespace spiral::trust
