// What happened in a simulated college, as decoded values: who enrolled whom, what was written, in which frame. Both
// the model and the product's cores are asked about these; neither makes them.
#pragma once

#include "trust/authority.h"
#include "trust/feed.h"
#include "trust/objects.h"
#include "trust/registry.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace spiral::sim {

using trust::Cut;
using trust::Record;
using trust::RegistryPoint;
using trust::Revision;
using trust::Role;
using trust::Unread;

/// A registry entry: its place in the tree, who agreed, and what was decided.
struct EntryFact {
    enum class What { Found, Enrol, EnrolServer, Grant, Delegate, RevokeDevice, RevokeGrant, Admins, Other };
    ObjectId id;
    std::optional<ObjectId> below;  ///< its predecessor; absent for entry 1
    std::uint64_t number = 1;
    Instant time{};
    PersonId signerPerson;
    DeviceId signer;
    ObjectId seen;  ///< the head its signers saw
    std::vector<std::pair<PersonId, DeviceId>> agreed;
    What what = What::Other;
    PersonId person;  ///< enrolled, granted or delegated to
    DeviceId device;  ///< enrolled or revoked
    ObjectId grant;   ///< delegated from or revoked
    Role role;
    Instant from{};
    std::optional<Instant> until;
    bool delegable = false;
    std::vector<Cut> cuts;
    std::vector<PersonId> persons;  ///< of a quorum
    std::size_t threshold = 1;
    std::string bytes;  ///< as the product reads it
};

struct FrameFact {
    FrameId id;
    DeviceId device;
    Scope scope;
    ObjectId school;
    std::optional<FrameId> prev;
    std::uint64_t seq = 1;
    Incarnation inc;
    std::optional<RegistryPoint> reg;
    std::vector<ObjectId> items;
    bool newerSchema = false;  ///< its payload is kept unread
};

using RowObject = std::variant<Revision, Record, Unread>;

struct Facts {
    ObjectId school;
    trust::Policy policy;  ///< the college keeps its first one
    std::map<ObjectId, EntryFact> entries;
    std::map<FrameId, FrameFact> frames;
    std::map<ObjectId, RowObject> rows;
};

/// What one replica holds: headers, and the frames whose rows are in.
struct Held {
    std::set<FrameId> headers;
    std::set<FrameId> applied;
    friend bool operator==(Held const&, Held const&) = default;
};

}  // namespace spiral::sim
