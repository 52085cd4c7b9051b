// The college that every history in memory starts from: people, devices, first grants; and how an entry of its registry is
// made. The same for all seeds.
#pragma once

#include "cores.h"

#include "base/random.h"

namespace spiral::sim {

struct Person {
    std::string name;
    PersonId id;
    std::vector<DeviceId> devices;
};
enum Who : std::size_t { kFounder, kWang, kHu, kLi, kZhao, kServer, kPeople };

struct Base {
    Facts facts;
    std::vector<Person> people;
    std::vector<FrameId> frames;
    Cores cores;
    Held held;
};
[[nodiscard]] Base const& base();

/// Days after 1 March 2026.
[[nodiscard]] Instant day(int n);
/// REQUIRES: it is one.
[[nodiscard]] Scope scopeOf(std::string_view text);

/// Fills in an entry's bytes and id. Signatures are all zero: nobody in these histories looks at them.
void finishEntry(Facts& facts, EntryFact& entry, Random& random, json::Object members, std::string_view name,
                 trust::PublicKey const* founderKey);
[[nodiscard]] json::Object requestMembers(PersonId const& person, trust::PublicKey const& key, Random& random);
[[nodiscard]] json::Object grantMembers(EntryFact const& entry);
[[nodiscard]] json::Array cutArray(std::vector<Cut> const& cuts);

}  // namespace spiral::sim
