// The registry: one linear, signed chain per college that says who exists, which keys they hold and what they may do.
//
// An entry is a record of scope `registry`. Its `reg` is its predecessor; its number is that of its predecessor plus 1.
// The keeper's device signs every entry; who decided it stands in `body.agreed`, signatures over the exact string
// `body.act` in namespace `agree@<domain>`. Registry is a pure fold: the same entries give the same state, whatever
// order they came in. It has no I/O and no clock.
//
// Acts (the strict JSON inside `body.act`; every one but the first also has `school` and `reg` {seq, hash}, the head its
// signers saw, which must be the predecessor or an ancestor of it, and `n`; an act counts once in a chain):
//   root      entry 1: college, domain, person, key, root {persons, threshold}, admin {persons, threshold}, policy
//             later: persons, threshold            by thresholds of the old root and of the new one
//   admin     persons, threshold                   by the root threshold
//   policy    policy                               by the root threshold
//   move      device                               by the root threshold; the next entry is signed by that device
//   server    key, role ("server" | "hub"), name?, url?, scopes?, request   by the root threshold
//   unit      unit, name, campus, closed?          by one admin
//   person    person, document? {scope, id}        by one admin
//   device    request (exact bytes of the join request, as a string)   by one admin; by the admin threshold for a person
//             who sits there or holds a high role, by the root threshold for a person of the root: a device signs for them
//   grant     person, role, scope, from, until?, delegable?   by one admin, or the admin threshold for a high role
//   delegate  grant, person, scope, from, until    by the holder of the grant: delegable, itself no delegation, scope and
//             interval inside it, person not the holder
//   revoke    device | grant, cuts [{device, scope, frame}], reason    as for granting the same, but a device of the root's
//             persons by the admin threshold; a delegation also by its giver; never the keeper's device: move first
//   redact    ids, rule, why                       by two admins        witness   reserved, no effect
#pragma once

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "trust/keys.h"
#include "trust/objects.h"
#include "trust/signature.h"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace spiral::trust {

/// What one kind of act asks for; data of a `policy`, never of the program.
struct KindRule {
    std::vector<std::string> roles;    ///< role names that may do it
    std::vector<std::string> differ;   ///< "author": no author of the target; "submitter": nobody who submitted it
    bool high = false;                 ///< accept, publish, verdicts: a superseded registry head does not carry it
    friend bool operator==(KindRule const&, KindRule const&) = default;
};

/// {kinds [{k, v {differ, high?, roles}}], open [scopes every enrolled person reads], high_roles [role names]}.
struct Policy {
    std::map<std::string, KindRule, std::less<>> kinds;   ///< by name without version; `write` is the kind of a revision
    std::vector<Scope> open;
    std::vector<std::string> highRoles;
    [[nodiscard]] KindRule const* find(std::string_view kind) const;
    friend bool operator==(Policy const&, Policy const&) = default;
};
[[nodiscard]] json::Value toJson(Policy const& policy);
[[nodiscard]] Result<Policy> policyFrom(json::Value const& value);

struct Quorum {
    std::vector<PersonId> persons;   ///< sorted, unique
    std::uint32_t threshold = 1;
    friend bool operator==(Quorum const&, Quorum const&) = default;
};

struct Unit {
    std::string id, name, campus;
    bool closed = false;
    std::uint64_t since = 0;         ///< entry number of the latest word on it
};

struct Device {
    DeviceId id;
    PublicKey key;
    PersonId person;
    enum class Kind { Person, Server, Hub } kind = Kind::Person;
    std::vector<Scope> scopes;       ///< of a hub
    std::string url;                 ///< of a server or hub
    std::uint64_t since = 0;
    std::string name{};              ///< of a server or hub, if it was given one
};

struct Grant {
    ObjectId id;                     ///< of the entry that gives it
    PersonId person;
    Role role;
    Instant from{};
    std::optional<Instant> until;
    bool delegable = false;
    std::optional<ObjectId> delegatedFrom;   ///< the grant of the one who is acted for
    std::optional<PersonId> actingFor;
    std::uint64_t since = 0;
};

struct Cut {
    DeviceId device;
    Scope scope;
    FrameId frame;
    friend auto operator<=>(Cut const&, Cut const&) = default;
};

struct Revocation {
    ObjectId entry;
    std::optional<DeviceId> device;  ///< exactly one of device and grant
    std::optional<ObjectId> grant;
    std::vector<Cut> cuts;
    std::string reason;
    std::uint64_t since = 0;
};

/// A decided act before it is an entry: what people sign, carry and cosign.
struct Agreement {
    PersonId person;
    DeviceId device;
    Signature signature;
    friend bool operator==(Agreement const&, Agreement const&) = default;
};
struct Proposal {
    std::string act;                 ///< exact strict JSON
    std::vector<Agreement> agreed;
    friend bool operator==(Proposal const&, Proposal const&) = default;
};
inline constexpr std::size_t kAgreementsMax = 64;
[[nodiscard]] json::Object bodyOf(Proposal const& proposal);
[[nodiscard]] Result<Proposal> proposalFrom(json::Object const& body);

class Registry {
public:
    /// Of whichever college the first founding entry founds. For those who know which one they mean, the other one.
    Registry();
    /// Of this college alone: another one's founding entry is Invalid here. So the order of adding never matters.
    explicit Registry(SchoolId const& school);
    ~Registry();
    Registry(Registry const&);
    Registry& operator=(Registry const&);
    Registry(Registry&&) noexcept;
    Registry& operator=(Registry&&) noexcept;

    enum class Added {
        Appended,    ///< the head moved to it
        Branched,    ///< valid, but another entry has its number: the registry is forked
        Known,       ///< held already
        Waiting,     ///< its predecessor is not held; kept, and taken up when that comes
        Invalid,     ///< breaks a rule: kept by nobody's chain, for ever
    };
    struct Outcome {
        Added added;
        std::string reason;   ///< slug when Waiting or Invalid, e.g. "registry.threshold"
    };
    enum class Signatures {
        Check,
        /// For opening a store again: this program has added these very bytes before with Appended or Branched, and the
        /// file that says so is trusted. All other rules are checked still.
        CheckedBefore,
    };
    /// Takes one entry's exact bytes and its signature. Checks everything: form, signature of the keeper, agreements,
    /// thresholds, meaning. The same set of entries gives the same state, in whatever order it was added. Nothing
    /// changes when the outcome is Known or Invalid. Waiting has one of the reasons registry.wait-predecessor,
    /// registry.newer-version, registry.newer-kind, registry.newer-act (well formed, but this program is too old).
    Outcome add(ByteView bytes, Signature const& signature, Signatures signatures = Signatures::Check);

    [[nodiscard]] bool empty() const noexcept;
    [[nodiscard]] SchoolId const& school() const;              ///< REQUIRES: !empty(), like all below
    [[nodiscard]] std::string const& domain() const;
    [[nodiscard]] std::string const& college() const;
    /// The last entry of the common chain: the head, or where the branches part.
    [[nodiscard]] RegistryPoint head() const;
    [[nodiscard]] bool forked() const;
    [[nodiscard]] std::vector<RegistryPoint> heads() const;    ///< one, or those of the branches, sorted by hash
    [[nodiscard]] DeviceId const& keeper() const;              ///< who signs the next entry

    /// Where a point that somebody relied on lies. Its number on the common chain (a point on a branch counts as the
    /// place where the branches part), or nothing if we do not hold it.
    [[nodiscard]] std::optional<std::uint64_t> locate(RegistryPoint const& point) const;
    /// True iff both are held and a is b or its ancestor.
    [[nodiscard]] bool isAncestorOrSelf(RegistryPoint const& a, RegistryPoint const& b) const;
    /// Where the registry forks below the point: the branch entry of the earliest time.
    [[nodiscard]] std::optional<RegistryPoint> successor(RegistryPoint const& point) const;
    [[nodiscard]] std::optional<Instant> timeOf(RegistryPoint const& point) const;

    // State. `at` is an entry number on the common chain; what came later is not seen.
    [[nodiscard]] Policy const& policy(std::uint64_t at) const;
    [[nodiscard]] Quorum const& root(std::uint64_t at) const;
    [[nodiscard]] Quorum const& admins(std::uint64_t at) const;
    [[nodiscard]] Device const* device(DeviceId const& id) const;       ///< whenever added; compare `since`
    [[nodiscard]] std::vector<Device> devices() const;
    [[nodiscard]] std::vector<PersonId> persons() const;
    [[nodiscard]] std::optional<Target> personDocument(PersonId const& person) const;
    [[nodiscard]] std::vector<Grant> const& grantsOf(PersonId const& person) const;   ///< all ever, by `since`
    [[nodiscard]] Grant const* grant(ObjectId const& id) const;
    [[nodiscard]] std::vector<Unit> units() const;                      ///< latest word on each, by id
    /// Revocations that touch a device or a grant: of the common chain and of every branch.
    [[nodiscard]] std::vector<Revocation> const& revocationsOf(DeviceId const& device) const;
    [[nodiscard]] std::vector<Revocation> const& revocationsOf(ObjectId const& grant) const;
    [[nodiscard]] bool isRedacted(ObjectId const& id) const;

    /// Scopes the device may read at `now`: `registry`, the open ones, those its person's unexpired, unrevoked grants
    /// cover (a grant on `college` is listed as `college` and covers every unit), a hub's own; the server everything.
    /// A revoked device reads nothing.
    [[nodiscard]] bool mayRead(DeviceId const& device, Scope const& scope, Instant now) const;
    /// The college's server that people connect to: not revoked and with an address; of several the keeper, else the one
    /// enrolled last. Null if there is none.
    [[nodiscard]] Device const* server() const;
    /// The key of a device that any entry enrolled, also one of a branch; null if none did.
    [[nodiscard]] PublicKey const* keyOf(DeviceId const& device) const;
    /// The device's person has, or once had, a grant covering the scope (or it is the registry's keeper, a server, or a
    /// hub of that scope): the least that is asked before one of its frames is stored. That a scope is open lets
    /// everybody read there and nobody write. Entries of every branch count, so what is true stays true: in whatever
    /// order a forked registry came, the same frames are taken.
    [[nodiscard]] bool mayEverWrite(DeviceId const& device, Scope const& scope) const;

    /// What `add` would say of this act if the keeper appended it now, before anything is signed by the keeper:
    /// which agreements count, and whether they suffice.
    [[nodiscard]] Result<void> judge(Proposal const& proposal) const;
    /// The entries of the common chain, oldest first, as (id, record).
    [[nodiscard]] std::vector<std::pair<ObjectId, Record>> chain() const;

    /// `allowed_signers` for `ssh-keygen -Y verify`: one line a person and device with the namespaces it may use; the
    /// principal is the person id. Sorted, so that equal registries give equal text.
    [[nodiscard]] std::string allowedSigners() const;

private:
    struct State;
    std::unique_ptr<State> m_state;
};

/// The policy that a new college starts with (roles clerk, head, quality, leader, admin, reviewer).
[[nodiscard]] Policy firstPolicy();

/// The act of entry 1 and the ones that the command line makes. `n` comes from the caller.
[[nodiscard]] std::string foundingAct(std::string_view college, std::string_view domain, PersonId const& person,
                                      PublicKey const& key, Policy const& policy, Nonce const& nonce);
/// Any other act: adds `act`, `school`, `reg` and `n` to `members` and encodes.
[[nodiscard]] std::string makeAct(std::string_view act, SchoolId const& school, RegistryPoint const& reg,
                                  json::Object members, Nonce const& nonce);
/// Signs an act as one who agrees to it.
[[nodiscard]] Result<Agreement> agree(std::string_view act, PersonId const& person, Signer& signer, std::string_view domain);

}  // namespace spiral::trust
