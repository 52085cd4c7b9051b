// Real replicas for the people of a college: each machine is a folder with a store, a key and a clock of its own.
//
//     Machines machines(college);
//     Machine& li = machines.of(liPerson);
//     ObjectId plan = li.write("unit/jwc", {{"title", "甲"}});
//     li.carryTo(wang);
#pragma once

#include "../trust/college_fixture.h"

#include "replica/replica.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace spiral::replica {

/// Moves on by a millisecond at each look; set it to any time.
class TestWallClock final : public WallClock {
public:
    Instant time = trust::day(10);
    Instant now() override { return time += std::chrono::milliseconds{1}; }
};
class TestMonotonicClock final : public MonotonicClock {
public:
    std::chrono::nanoseconds now() override { return std::chrono::nanoseconds{++m_ticks}; }

private:
    std::int64_t m_ticks = 0;
};

class Machine {
public:
    Machine(trust::College& college, trust::Key key, PersonId person, std::uint64_t seed, std::string_view name)
        : m_college(college), m_folder(std::string("spiral-") + std::string(name)), m_key(std::move(key)),
          m_person(std::move(person)), m_random(seed) {
        REQUIRE(Replica::create(folder(), world(), m_key.publicKey()));
        open();
    }

    [[nodiscard]] Path folder() const { return m_folder.path() / "replica"; }
    [[nodiscard]] Path guardFile() const { return m_folder.path() / "guard"; }
    [[nodiscard]] World world() { return {clock, m_monotonic, m_random, systemFiles()}; }
    Replica& operator*() { return *m_replica; }
    Replica* operator->() { return m_replica.get(); }
    [[nodiscard]] trust::SecretKey& secret() { return *m_key.secret; }
    [[nodiscard]] DeviceId device() const { return m_key.id(); }
    [[nodiscard]] PersonId const& person() const { return m_person; }

    void close() { m_replica.reset(); }
    void open(Limits limits = {}) {
        m_replica.reset();
        auto opened = Replica::open(folder(), world(), Access::Write, limits, guardFile());
        INFO((opened ? "" : opened.error().reason));
        REQUIRE(opened);
        m_replica = std::move(*opened);
    }
    /// An image of the whole disk of this machine, guard included, and back.
    void saveImage(Path const& to, bool withGuard) {
        close();
        std::filesystem::remove_all(to);
        std::filesystem::create_directories(to);
        std::filesystem::copy(folder(), to / "replica", std::filesystem::copy_options::recursive);
        if (withGuard) std::filesystem::copy(guardFile(), to / "guard");
        open();
    }
    void restoreImage(Path const& from) {
        close();
        std::filesystem::remove_all(folder());
        std::filesystem::copy(from / "replica", folder(), std::filesystem::copy_options::recursive);
        if (std::filesystem::exists(from / "guard")) {
            std::filesystem::copy(from / "guard", guardFile(), std::filesystem::copy_options::overwrite_existing);
        }
        open();
    }

    /// A revision of this machine's person as a row to seal.
    NewRow revision(std::string_view scope, json::Object fields, std::vector<ObjectId> parents = {},
                    std::optional<DocumentId> doc = {}, std::string_view type = "task.v1") {
        trust::Revision made;
        made.school = m_college.registry.school();
        made.scope = trust::scopeOf(scope);
        made.doc = doc.value_or(m_random.token<DocumentId>());
        made.type = std::string(type);
        std::sort(parents.begin(), parents.end());
        made.parents = std::move(parents);
        made.fields = std::move(fields);
        made.by = {m_person, device()};
        made.time = m_replica->clock().next();
        made.nonce = m_random.token<Nonce>();
        std::string bytes = trust::encode(made);
        ObjectId const id = hashAs<ObjectId>(asBytes(bytes));
        return {{trust::Item::Kind::Revision, id}, std::move(bytes), std::nullopt};
    }
    NewRow record(std::string_view kind, std::string_view role, std::string_view scope, std::optional<trust::Target> of,
                  json::Object body = {}) {
        trust::Record made;
        made.school = m_college.registry.school();
        made.scope = trust::scopeOf(scope);
        made.kind = std::string(kind) + ".v1";
        made.by = {m_person, device()};
        made.role = trust::Role::parse(role).value();
        made.of = std::move(of);
        made.body = std::move(body);
        made.reg = m_replica->registry().head();
        made.time = clock.now();
        made.nonce = m_random.token<Nonce>();
        std::string bytes = trust::encode(made);
        ObjectId const id = hashAs<ObjectId>(asBytes(bytes));
        auto const signature = secret().sign(trust::nameSpaceFor(made.kind, m_college.domain()), asBytes(bytes));
        return {{trust::Item::Kind::Record, id}, std::move(bytes), signature.value()};
    }
    Sealed seal(std::string_view scope, std::vector<NewRow> const& rows) {
        auto sealed = m_replica->seal(trust::scopeOf(scope), rows, secret());
        INFO((sealed ? "" : sealed.error().reason));
        REQUIRE(sealed);
        return *sealed;
    }
    ObjectId write(std::string_view scope, json::Object fields, std::vector<ObjectId> parents = {},
                   std::optional<DocumentId> doc = {}) {
        NewRow const row = revision(scope, std::move(fields), std::move(parents), doc);
        seal(scope, {row});
        return row.item.id;
    }
    ObjectId act(std::string_view kind, std::string_view role, std::string_view scope, ObjectId const& of,
                 json::Object body = {}) {
        NewRow const row = record(kind, role, scope, trust::Target{trust::scopeOf(scope), of}, std::move(body));
        seal(scope, {row});
        return row.item.id;
    }

    /// Everything this machine would send to one with these tips.
    std::vector<trust::TravellingFrame> framesFor(std::vector<trust::FeedTip> const& known = {}) {
        std::vector<trust::TravellingFrame> frames;
        m_replica->framesBeyond(known, [](Scope const&) { return true; }, [&](trust::TravellingFrame&& frame) {
            frames.push_back(std::move(frame));
            return true;
        });
        return frames;
    }
    /// All that the other lacks, in one import.
    std::vector<trust::Answer> carryTo(Machine& other) { return other->import(framesFor(other->tips()), "test", {}); }

    TestWallClock clock;

private:
    trust::College& m_college;
    TemporaryFolder m_folder;
    trust::Key m_key;
    PersonId m_person;
    TestMonotonicClock m_monotonic;
    SeededRandom m_random;
    std::unique_ptr<Replica> m_replica;
};

/// The machines of a college. The founder's holds the registry; each new one is given it.
class Machines {
public:
    explicit Machines(trust::College& college) : m_college(college) { m_keeper = &make(college.founder, 0); sealEntries(); }

    Machine& keeper() { return *m_keeper; }
    /// A machine for somebody's device, with the registry as it is now.
    Machine& of(trust::Someone const& someone, std::size_t device = 0) {
        Machine& machine = make(someone, device);
        sealEntries();
        m_keeper->carryTo(machine);
        return machine;
    }
    /// Seals the entries that the college made since the last call into the keeper's feed.
    void sealEntries() {
        std::vector<NewRow> rows;
        for (; m_sealed < m_college.entries.size(); ++m_sealed) {
            auto const& entry = m_college.entries[m_sealed];
            rows.push_back({{trust::Item::Kind::Record, entry.id}, entry.bytes, entry.signature});
        }
        if (!rows.empty()) m_keeper->seal("registry", rows);
    }
    /// The keeper's registry frames to every machine.
    void spreadRegistry() {
        sealEntries();
        for (auto& machine : m_machines) {
            if (machine.get() != m_keeper) m_keeper->carryTo(*machine);
        }
    }

private:
    Machine& make(trust::Someone const& someone, std::size_t device) {
        m_machines.push_back(std::make_unique<Machine>(m_college, someone.key(device), someone.id,
                                                       1000 + m_machines.size(), someone.name));
        return *m_machines.back();
    }
    trust::College& m_college;
    std::vector<std::unique_ptr<Machine>> m_machines;
    Machine* m_keeper = nullptr;
    std::size_t m_sealed = 0;
};

}  // namespace spiral::replica
