#include "world_base.h"

#include "base/sha256.h"
#include "trust/keys.h"

#include <array>

namespace spiral::sim {

Instant day(int n) {
    using namespace std::chrono;
    return Instant(sys_days(year{2026} / 3 / 1)) + days(n);
}
Scope scopeOf(std::string_view text) { return *Scope::parse(text); }

void finishEntry(Facts& facts, EntryFact& entry, Random& random, json::Object members, std::string_view name,
                 trust::PublicKey const* founderKey) {
    trust::Proposal proposal;
    if (founderKey != nullptr) {
        proposal.act = trust::foundingAct("示例职业学院", "qa.example.edu.cn", entry.person, *founderKey, facts.policy,
                                          random.token<Nonce>());
    } else {
        RegistryPoint const seen{facts.entries.at(entry.seen).number, entry.seen};
        proposal.act = trust::makeAct(name, facts.school, seen, std::move(members), random.token<Nonce>());
    }
    for (auto const& [person, device] : entry.agreed) proposal.agreed.push_back({person, device, {}});
    Record record;
    if (entry.below) {
        record.school = facts.school;
        record.reg = RegistryPoint{entry.number - 1, *entry.below};
    }
    record.scope = Scope::registry();
    record.kind = std::string(name) + ".v1";
    record.by = {entry.signerPerson, entry.signer};
    record.role = Role{"keeper", Scope::registry()};
    record.body = trust::bodyOf(proposal);
    record.time = entry.time;
    record.nonce = random.token<Nonce>();
    entry.bytes = trust::encode(record);
    entry.id = hashAs<ObjectId>(asBytes(entry.bytes));
    if (!entry.below) facts.school = entry.id;
    facts.rows.emplace(entry.id, std::move(record));
    facts.entries.emplace(entry.id, entry);
}

json::Object requestMembers(PersonId const& person, trust::PublicKey const& key, Random& random) {
    json::Object const request{
        {"v", 1},           {"invitation", random.token<Sha256>().hex()}, {"person", person.text()},
        {"key", key.hex()}, {"proof", random.token<Sha256>().hex()},      {"sig", trust::Signature{}.hex()}};
    return {{"request", json::encode(request)}};
}
json::Object grantMembers(EntryFact const& entry) {
    json::Object members{{"person", entry.person.text()},
                         {"role", entry.role.name},
                         {"scope", entry.role.scope.text()},
                         {"from", toText(entry.from)}};
    if (entry.until) members.set("until", toText(*entry.until));
    if (entry.delegable) members.set("delegable", true);
    return members;
}
json::Array cutArray(std::vector<Cut> const& cuts) {
    json::Array array;
    for (Cut const& cut : cuts)
        array.push_back(
            json::Object{{"device", cut.device.hex()}, {"scope", cut.scope.text()}, {"frame", cut.frame.hex()}});
    return array;
}

namespace {

Base makeBase() {
    using What = EntryFact::What;
    Base base;
    SeededRandom random(20260301);
    base.facts.policy = trust::firstPolicy();
    auto const newKey = [&] {
        std::array<std::uint8_t, trust::SecretKey::kSeedBytes> seed{};
        random.fill(seed);
        return trust::SecretKey::fromSeed(seed).publicKey();
    };
    char const* const names[] = {"founder", "wang", "hu", "li", "zhao", "server"};
    for (std::size_t who = 0; who < kPeople; ++who)
        base.people.push_back({names[who], *PersonId::parse(random.token<Nonce>().hex()), {}});

    std::vector<ObjectId> chain;
    trust::PublicKey founderKey = newKey();
    Person& founder = base.people[kFounder];
    founder.devices = {trust::deviceIdOf(founderKey)};
    auto const append = [&](EntryFact entry, std::string_view name, json::Object members) {
        entry.signerPerson = founder.id;
        entry.signer = founder.devices.front();
        entry.agreed = {{founder.id, founder.devices.front()}};
        entry.number = chain.size() + 1;
        entry.time = day(0);
        if (!chain.empty()) entry.below = entry.seen = chain.back();
        finishEntry(base.facts, entry, random, std::move(members), name, chain.empty() ? &founderKey : nullptr);
        base.cores.addEntry(base.facts.entries.at(entry.id));
        chain.push_back(entry.id);
        return entry.id;
    };
    EntryFact first;
    first.what = What::Found;
    first.person = founder.id;
    first.device = founder.devices.front();
    append(first, "root", {});
    auto const enrol = [&](std::size_t who) {
        auto const key = newKey();
        Person& person = base.people[who];
        EntryFact entry;
        entry.what = who == kServer ? What::EnrolServer : What::Enrol;
        entry.device = trust::deviceIdOf(key);
        if (who == kServer) person.id = PersonId::fromDevice(entry.device);
        entry.person = person.id;
        person.devices.push_back(entry.device);
        json::Object members = requestMembers(person.id, key, random);
        if (who != kServer) return append(entry, "device", std::move(members));
        members.set("key", key.hex());
        members.set("role", "server");
        members.set("url", "spiral://qa.example.edu.cn:7400");
        return append(entry, "server", std::move(members));
    };
    for (std::size_t const who : {kWang, kHu, kLi, kLi, kZhao, kServer}) enrol(who);
    auto const give = [&](std::size_t who, std::string_view role, bool delegable = false) {
        EntryFact entry;
        entry.what = What::Grant;
        entry.person = base.people[who].id;
        entry.role = *Role::parse(role);
        entry.from = day(0);
        entry.delegable = delegable;
        append(entry, "grant", grantMembers(entry));
    };
    give(kWang, "quality@college", true);
    give(kHu, "head@unit/a", true);
    give(kLi, "clerk@unit/a");
    give(kLi, "head@unit/a");
    give(kZhao, "clerk@unit/a");
    give(kZhao, "head@unit/b", true);

    // In three frames of the keeper's feed.
    std::optional<FrameId> prev;
    std::size_t next = 0;
    for (std::size_t const count : {std::size_t{1}, std::size_t{6}, chain.size() - 7}) {
        FrameFact frame;
        frame.id = random.token<FrameId>();
        frame.device = founder.devices.front();
        frame.scope = Scope::registry();
        frame.school = base.facts.school;
        frame.prev = prev;
        frame.seq = base.frames.size() + 1;
        if (next > 0) frame.reg = RegistryPoint{next, chain[next - 1]};
        for (std::size_t item = 0; item < count; ++item) frame.items.push_back(chain[next++]);
        prev = frame.id;
        base.frames.push_back(frame.id);
        base.held.headers.insert(frame.id);
        base.held.applied.insert(frame.id);
        base.cores.addHeader(frame);
        base.facts.frames.emplace(frame.id, frame);
    }
    return base;
}

}  // namespace

Base const& base() {
    static Base const made = makeBase();
    return made;
}

}  // namespace spiral::sim
