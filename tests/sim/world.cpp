#include "world.h"

#include "world_base.h"

#include "trust/keys.h"

#include <algorithm>
#include <array>
#include <memory>

namespace spiral::sim {
namespace {

using What = EntryFact::What;
using trust::Receipt;
using trust::Verdict;

/// A frame on the road. The payload may be left behind.
struct Sent {
    FrameId frame;
    bool withPayload = true;
};

struct Image {
    Held held;
    std::map<FrameId, bool> inbox;
    Cores cores;
    std::shared_ptr<RegistryModel const> registry;  ///< made when asked for, of the entries held
};
struct Machine {
    std::string name;
    std::size_t who = 0;
    DeviceId device;
    int clockDays = 0;  ///< how far its clock is off
    Incarnation inc;
    Image now;  ///< what its disk holds
    std::optional<Image> image;
};

class World {
public:
    explicit World(Options const& options)
        : m_options(options),
          m_random(options.seed),
          m_facts(base().facts),
          m_people(base().people),
          m_paths(m_facts) {
        if (!options.play) return;
        m_play = options.play(m_random);
        m_scopes.push_back(Scope::college());
    }

    Outcome run() {
        settle();
        for (int step = 0; step < m_options.steps && m_outcome.failure.empty(); ++step) {
            m_today += static_cast<int>(below(4));
            takeStep();
        }
        if (m_outcome.failure.empty()) heal();
        m_outcome.traceHash = m_hash;
        m_outcome.rows = m_facts.rows.size();
        return m_outcome;
    }

private:
    // ------------------------------------------------------------------------------------------------------- chance
    std::uint64_t below(std::uint64_t bound) { return m_random.below(bound); }
    bool chance(unsigned percent) { return below(100) < percent; }
    template <class T>
    T const& pick(std::vector<T> const& values) {
        return values[below(values.size())];
    }
    template <class T>
    void shuffle(std::vector<T>& values) {
        for (std::size_t left = values.size(); left > 1; --left) std::swap(values[left - 1], values[below(left)]);
    }
    template <class Id>
    static std::string brief(Id const& id) {
        return id.hex().substr(0, 8);
    }
    void note(std::string const& line) {
        for (char const c : line) m_hash = (m_hash ^ static_cast<std::uint8_t>(c)) * 1099511628211ULL;
        if (m_options.trace) m_options.trace(line);
    }

    // ----------------------------------------------------------------------------------------------------- machines
    void settle() {
        std::vector<std::size_t> others{kWang, kHu, kZhao};
        add(kFounder, 0);
        add(kLi, 0);
        add(kLi, 1);
        if (chance(60)) add(kServer, 0);
        shuffle(others);
        if (!m_play) others.resize(1 + below(others.size()));
        for (std::size_t const who : others) add(who, 0);
        m_topology = static_cast<int>(below(3));
        if (m_play && chance(60)) m_topology = 2;
        note("topology " + std::to_string(m_topology));
        if (!m_play) return;
        for (auto const& [who, role] : {std::pair{kHu, "leader@college"}, {kLi, "quality@college"}, {kZhao, "clerk@college"}}) {
            if (chance(70)) grantFirst(who, role);
        }
    }
    /// Of a history with a play: those whom it needs in the college itself. The news reaches the others when it does.
    void grantFirst(std::size_t who, char const* role) {
        Machine& keeper = m_machines.front();
        EntryFact entry = newEntry(keeper);
        entry.agreed = {{entry.signerPerson, entry.signer}};
        entry.what = What::Grant;
        entry.person = m_people[who].id;
        entry.role = *Role::parse(role);
        entry.from = day(0);
        finishEntry(m_facts, entry, m_random, grantMembers(entry), "grant", nullptr);
        seal(keeper, Scope::registry(), {entry.id});
    }
    EntryFact newEntry(Machine const& keeper) {
        trust::Registry const& registry = keeper.now.cores.registry;
        EntryFact entry;
        entry.signerPerson = m_people[kFounder].id;
        entry.signer = keeper.device;
        entry.number = registry.head().seq + 1;
        entry.below = entry.seen = registry.head().hash;
        entry.time = clockOf(keeper);
        return entry;
    }
    Machine& add(std::size_t who, std::size_t device) {
        Machine machine;
        machine.who = who;
        machine.device = m_people[who].devices[device];
        machine.name = m_people[who].name + std::to_string(device + 1);
        machine.inc = m_random.token<Incarnation>();
        // Some join with nothing and learn of the college as they go.
        if (who == kFounder || chance(80)) {
            machine.now.held = base().held;
            machine.now.cores = base().cores;
        }
        m_machines.push_back(std::move(machine));
        return m_machines.back();
    }
    [[nodiscard]] std::vector<ObjectId> rowsOf(Machine const& machine) const {
        std::set<ObjectId> rows;
        for (FrameId const& id : machine.now.held.applied) {
            auto const& items = m_facts.frames.at(id).items;
            rows.insert(items.begin(), items.end());
        }
        return {rows.begin(), rows.end()};
    }
    [[nodiscard]] std::vector<FrameId> tipsOf(Machine const& machine, DeviceId const& device,
                                              Scope const& scope) const {
        auto const feed = machine.now.cores.feeds.find({device, scope});
        return feed == machine.now.cores.feeds.end() ? std::vector<FrameId>() : feed->second.tips();
    }
    [[nodiscard]] bool canWrite(Machine const& machine) const {
        auto const& registry = machine.now.cores.registry;
        return !registry.empty() && registry.device(machine.device) != nullptr;
    }

    // ---------------------------------------------------------------------------------------------------- deliveries
    void hold(Machine& machine, FrameId const& id) {
        machine.now.held.headers.insert(id);
        machine.now.cores.addHeader(m_facts.frames.at(id));
    }
    void apply(Machine& machine, FrameId const& id) {
        FrameFact const& frame = m_facts.frames.at(id);
        if (frame.newerSchema || !machine.now.held.applied.insert(id).second) return;
        for (ObjectId const& item : frame.items) {
            auto const entry = m_facts.entries.find(item);
            if (entry == m_facts.entries.end()) continue;
            machine.now.cores.addEntry(entry->second);
            machine.now.registry.reset();
        }
    }
    [[nodiscard]] bool mayStore(Machine& machine, FrameFact const& frame) {
        if (frame.scope.isRegistry() && frame.device == m_people[kFounder].devices.front()) return true;
        auto& registry = machine.now.registry;
        if (!registry) registry = std::make_shared<RegistryModel>(Model(m_facts, m_paths, machine.now.held).registry());
        return registry->mayStore(frame.device, frame.scope);
    }
    void deliver(Machine& machine, Sent const& sent) {
        std::vector<Sent> open{sent};
        while (!open.empty()) {
            Sent const next = open.back();
            open.pop_back();
            FrameFact const& frame = m_facts.frames.at(next.frame);
            bool const isHeld = machine.now.held.headers.contains(next.frame);
            if (!isHeld) {
                if (!mayStore(machine, frame)) continue;
                if (frame.prev && !machine.now.held.headers.contains(*frame.prev)) {
                    bool& withPayload = machine.now.inbox[next.frame];
                    withPayload = withPayload || next.withPayload;
                    continue;
                }
                hold(machine, next.frame);
                for (auto const& [waiting, withPayload] : machine.now.inbox) {
                    if (m_facts.frames.at(waiting).prev == next.frame) open.push_back({waiting, withPayload});
                }
                for (Sent const& taken : open) machine.now.inbox.erase(taken.frame);
            }
            if (next.withPayload) apply(machine, next.frame);
        }
    }
    [[nodiscard]] std::vector<Sent> lackedBy(Machine const& to, Machine const& from) const {
        std::vector<Sent> lacked;
        for (FrameId const& id : from.now.held.headers) {
            bool const hasPayload = from.now.held.applied.contains(id) || m_facts.frames.at(id).newerSchema;
            bool const isNews = !to.now.held.headers.contains(id) ||
                                (hasPayload && !to.now.held.applied.contains(id) && !m_facts.frames.at(id).newerSchema);
            if (isNews) lacked.push_back({id, hasPayload});
        }
        return lacked;
    }
    void exchangeSome() {
        std::size_t a = below(m_machines.size());
        std::size_t b = below(m_machines.size());
        if (m_topology == 0) b = 0;  // star
        if (a == b) a = (b + 1) % m_machines.size();
        if (m_topology == 1) b = a > 0 ? a - 1 : a + 1;  // chain
        if (chance(50)) std::swap(a, b);
        Machine& from = m_machines[a];
        Machine& to = m_machines[b];
        std::vector<Sent> sent = lackedBy(to, from);
        std::string how = "all";
        if (chance(30)) {
            shuffle(sent);
            how = "in any order";
        }
        if (chance(25) && !sent.empty()) {
            sent.resize(1 + below(sent.size()));
            how += ", some";
        }
        if (chance(15)) {
            // The registry and what others wrote travel apart: cuts of frames that are not there yet.
            bool const registryOnly = chance(50);
            std::erase_if(sent, [&](Sent const& frame) {
                return m_facts.frames.at(frame.frame).scope.isRegistry() != registryOnly;
            });
            how += registryOnly ? ", registry only" : ", no registry";
        }
        if (chance(15)) {
            for (Sent& frame : sent) frame.withPayload = frame.withPayload && chance(60);
            how += ", payloads withheld";
        }
        if (chance(20)) {
            std::vector<Sent> const once = sent;
            sent.insert(sent.end(), once.begin(), once.end());
            how += ", twice";
        }
        note(from.name + " to " + to.name + ": " + std::to_string(sent.size()) + " frames, " + how);
        for (Sent const& frame : sent) deliver(to, frame);
        check(to);
    }
    /// A stick is filled, lies in a drawer, and is read on some machine later; perhaps again after a newer one.
    void carryStick() {
        if (m_sticks.empty() || (m_sticks.size() < 4 && chance(50))) {
            Machine const& from = pick(m_machines);
            std::vector<Sent> content;
            for (FrameId const& id : from.now.held.headers) {
                if (chance(80)) content.push_back({id, from.now.held.applied.contains(id)});
            }
            note("stick filled on " + from.name + " with " + std::to_string(content.size()));
            m_sticks.push_back(std::move(content));
            return;
        }
        Machine& to = m_machines[below(m_machines.size())];
        std::vector<Sent> content = pick(m_sticks);
        shuffle(content);
        note("stick read on " + to.name);
        for (Sent const& frame : content) deliver(to, frame);
        check(to);
    }

    // ------------------------------------------------------------------------------------------------------- writing
    FrameId seal(Machine& machine, Scope const& scope, std::vector<ObjectId> items) {
        FrameFact frame;
        frame.id = m_random.token<FrameId>();
        frame.device = machine.device;
        frame.scope = scope;
        frame.school = m_facts.school;
        frame.inc = machine.inc;
        auto const feed = machine.now.cores.feeds.find({machine.device, scope});
        if (feed != machine.now.cores.feeds.end()) {
            auto const tip = feed->second.highestTip();
            frame.prev = tip->id;
            frame.seq = tip->seq + 1;
        }
        frame.reg = machine.now.cores.registry.head();
        if (scope.isRegistry()) {
            auto const entry = m_facts.entries.find(items.front());
            if (entry != m_facts.entries.end()) frame.reg = std::get<Record>(m_facts.rows.at(items.front())).reg;
        }
        frame.items = std::move(items);
        frame.newerSchema = !scope.isRegistry() && chance(1);
        FrameId const id = frame.id;
        note(machine.name + " seals " + brief(id) + " in " + scope.text() +
             (frame.newerSchema ? " (newer schema)" : "") + " holding " + brief(frame.items.front()) + " +" +
             std::to_string(frame.items.size() - 1));
        m_facts.frames.emplace(id, std::move(frame));
        hold(machine, id);
        apply(machine, id);
        return id;
    }
    Instant clockOf(Machine const& machine) {
        return day(m_today + machine.clockDays) + std::chrono::milliseconds{++m_ticks};
    }
    /// A row that somebody tampered with: signed by this machine all the same.
    template <class Object>
    void forge(Object& object, std::string& how) {
        switch (below(4)) {
            case 0:
                object.by.person = m_people[below(kPeople)].id;
                how = " (forged person)";
                break;
            case 1:
                object.by.device = pick(m_people[below(kPeople)].devices);
                how = " (forged device)";
                break;
            case 2:
                object.scope = scopeOf("unit/b");
                how = " (forged scope)";
                break;
            default:
                object.school = m_random.token<ObjectId>();
                how = " (forged school)";
                break;
        }
    }
    std::optional<std::pair<ObjectId, Revision const*>> someRevision(Machine const& machine) {
        std::vector<std::pair<ObjectId, Revision const*>> found;
        for (ObjectId const& id : rowsOf(machine)) {
            if (auto const* revision = std::get_if<Revision>(&m_facts.rows.at(id))) found.emplace_back(id, revision);
        }
        if (found.empty()) return std::nullopt;
        return pick(found);
    }
    std::optional<ObjectId> someAct(Machine const& machine) {
        std::vector<ObjectId> found;
        for (ObjectId const& id : rowsOf(machine)) {
            auto const* record = std::get_if<Record>(&m_facts.rows.at(id));
            if (record != nullptr && record->of) found.push_back(id);
        }
        if (found.empty()) return std::nullopt;
        return pick(found);
    }
    ObjectId write(Machine& machine, Scope& scope) {
        Model model(m_facts, m_paths, machine.now.held);
        Revision revision;
        revision.school = m_facts.school;
        bool const isAtHome = machine.who != kZhao && machine.who != kWang;
        revision.scope = scopeOf(chance(isAtHome ? 97 : 70) ? "unit/a" : "unit/b");
        revision.doc = m_random.token<DocumentId>();
        revision.type = chance(3) ? "frobnication.v1" : "task.v1";
        revision.by = {m_people[machine.who].id, machine.device};
        revision.time.wall = clockOf(machine);
        revision.nonce = m_random.token<Nonce>();
        auto const chosen = someRevision(machine);
        if (chosen && chance(85)) {
            DocumentKey const document{chosen->second->scope, chosen->second->doc};
            std::set<ObjectId> parents = model.heads(document);
            if (parents.empty() || chance(35)) parents = {chosen->first};  // an old head: a concurrent edit
            if (chance(5)) parents.insert(chosen->first);
            revision.scope = document.first;
            revision.doc = document.second;
            revision.parents.assign(parents.begin(), parents.end());
            for (auto const& [name, sides] : model.fields(document)) {
                auto const& value = std::next(sides.begin(), static_cast<std::ptrdiff_t>(below(sides.size())))->first;
                if (value) revision.fields.set(name, *json::parse(*value));
            }
            if (chance(20)) revision.fields = chosen->second->fields;
        }
        for (std::uint64_t edits = below(3); edits > 0; --edits) {
            char const* const names[] = {"a", "b", "c", "d"};
            char const* const name = names[below(4)];
            if (chance(10))
                revision.fields.erase(name);
            else
                revision.fields.set(name, "text " + std::to_string(below(4)));
        }
        std::string how;
        Scope const before = revision.scope;
        if (chance(4)) forge(revision, how);
        scope = before;
        ObjectId const id = m_random.token<ObjectId>();
        note(machine.name + " writes " + brief(id) + " of " + brief(revision.doc) + how);
        m_facts.rows.emplace(id, std::move(revision));
        return id;
    }
    Record newRecord(Machine& machine, std::string kind, Scope const& scope) {
        Record record;
        record.school = m_facts.school;
        record.scope = scope;
        record.kind = std::move(kind);
        record.by = {m_people[machine.who].id, machine.device};
        record.role = Role{"server", scope};
        record.reg = machine.now.cores.registry.head();
        record.time = clockOf(machine);
        record.nonce = m_random.token<Nonce>();
        return record;
    }
    ObjectId keep(Machine const& machine, Record record, std::string const& how = {}) {
        ObjectId const id = m_random.token<ObjectId>();
        note(machine.name + " records " + record.kind + " " + brief(id) +
             (record.of ? " of " + brief(record.of->id) : "") + how);
        m_facts.rows.emplace(id, std::move(record));
        return id;
    }
    /// An act on a revision, or on an act; in a role that the person may or may not have.
    std::optional<ObjectId> act(Machine& machine, Scope& scope) {
        static std::vector<std::string> const kinds{"submit.v1", "submit.v1", "approve.v1", "approve.v1",
                                                    "return.v1", "accept.v1", "comment.v1", "recheck-pass.v1",
                                                    "affirm.v1", "admit.v1",  "affirm.v1",  "invented.v1"};
        static std::vector<std::string> const newer{"submit.v2", "accept.v2", "affirm.v3"};
        auto revision = someRevision(machine);
        if (!revision) return std::nullopt;
        // Mostly work of one's own unit.
        if (revision->second->scope != scopeOf("unit/a") && chance(60)) revision = someRevision(machine);
        std::string const kind = chance(4) ? pick(newer) : pick(kinds);
        ObjectId of = revision->first;
        Scope there = revision->second->scope;
        bool const lends = kind == "affirm.v1" || kind == "admit.v1";
        if (lends && chance(60)) {
            if (auto const other = someAct(machine)) {
                of = *other;
                there = std::get<Record>(m_facts.rows.at(of)).scope;
            }
        }
        scope = there;
        Record record = newRecord(machine, kind, scope);
        record.role = roleFor(machine, nameWithoutVersion(kind), scope);
        record.of = trust::Target{there, of};
        if (chance(2)) record.of->scope = scopeOf("unit/b");
        if (chance(2)) record.of->id = m_random.token<ObjectId>();
        if (chance(10)) {
            // It relied on an older head than its frame does.
            auto const chain = machine.now.cores.registry.chain();
            std::size_t const index = below(chain.size());
            record.reg = RegistryPoint{index + 1, chain[index].first};
        }
        std::string how;
        if (chance(3)) forge(record, how);
        return keep(machine, std::move(record), how);
    }
    /// Nearly always one that the person has and the policy wants; now and then any other.
    Role roleFor(Machine const& machine, std::string_view kind, Scope const& scope) {
        std::vector<Role> held, fitting;
        auto const rule = m_facts.policy.kinds.find(kind);
        for (trust::Grant const& grant : machine.now.cores.registry.grantsOf(m_people[machine.who].id)) {
            held.push_back(grant.role);
            if (rule == m_facts.policy.kinds.end() || !grant.role.scope.covers(scope)) continue;
            auto const& roles = rule->second.roles;
            if (std::find(roles.begin(), roles.end(), grant.role.name) != roles.end()) fitting.push_back(grant.role);
        }
        held.push_back(*Role::parse("head@unit/a"));
        return fitting.empty() || chance(8) ? pick(held) : pick(fitting);
    }
    void writeOrAct(Machine& machine) {
        if (!canWrite(machine) || machine.who == kServer || (machine.who == kFounder && !chance(15))) return;
        Scope scope;
        std::vector<ObjectId> items;
        if (chance(50)) {
            items.push_back(write(machine, scope));
        } else if (auto const row = act(machine, scope)) {
            items.push_back(*row);
        }
        if (items.empty()) return;
        if (chance(4)) {
            // A row that another device made, listed once more as if it came from here.
            auto const rows = rowsOf(machine);
            ObjectId const other = pick(rows);
            if (!m_facts.entries.contains(other) && other != items.front()) items.push_back(other);
        }
        if (chance(1)) {
            ObjectId const unread = m_random.token<ObjectId>();
            m_facts.rows.emplace(unread, Unread{});
            items.push_back(unread);
        }
        seal(machine, scope, std::move(items));
        check(machine);
    }
    /// Somebody plays, and what she wrote is sealed.
    class MachineSeat final : public Seat {
    public:
        MachineSeat(World& world, Machine& machine, Model& reads, std::vector<PersonId> everybody)
            : Seat(world.m_facts, reads, world.m_people[machine.who].id, std::move(everybody)),
              m_world(world),
              m_machine(machine) {}
        ObjectId write(DocumentKey const& document, std::string const& type, std::set<ObjectId> const& parents,
                       json::Object fields) override {
            Revision revision;
            revision.school = facts.school;
            revision.scope = document.first;
            revision.doc = document.second;
            revision.type = type;
            revision.parents.assign(parents.begin(), parents.end());
            revision.fields = std::move(fields);
            revision.by = {person, m_machine.device};
            revision.time.wall = m_world.clockOf(m_machine);
            revision.nonce = m_world.m_random.token<Nonce>();
            std::string how;
            if (m_world.chance(1)) m_world.forge(revision, how);
            ObjectId const id = m_world.m_random.token<ObjectId>();
            m_world.note(m_machine.name + " writes " + brief(id) + " of " + type + " " + document.first.text() + ":" +
                         brief(document.second) + how + " " + json::encode(revision.fields).substr(0, 300));
            m_world.m_facts.rows.emplace(id, std::move(revision));
            items.push_back(id);
            return id;
        }
        ObjectId sign(std::string const& kind, Role const& role, Scope const& scope, ObjectId const& of,
                      json::Object body) override {
            Record record = m_world.newRecord(m_machine, kind + ".v1", scope);
            record.role = role;
            record.of = trust::Target{scope, of};
            record.body = std::move(body);
            std::string how = " as " + role.text() + " " + json::encode(record.body);
            if (m_world.chance(1)) m_world.forge(record, how);
            items.push_back(m_world.keep(m_machine, std::move(record), how));
            return items.back();
        }
        std::vector<ObjectId> items;

    private:
        World& m_world;
        Machine& m_machine;
    };
    void playOn(Machine& machine) {
        if (!canWrite(machine)) return;
        Model model(m_facts, m_paths, machine.now.held);
        std::vector<PersonId> people;
        for (Person const& person : m_people) people.push_back(person.id);
        MachineSeat seat(*this, machine, model, std::move(people));
        auto const scope = m_play->sit(seat);
        if (!scope || seat.items.empty()) return;
        seal(machine, *scope, std::move(seat.items));
        check(machine);
    }
    void giveReceipts() {
        for (Machine& machine : m_machines) {
            if (machine.who != kServer || !canWrite(machine)) continue;
            std::set<FrameId> done;
            for (ObjectId const& id : rowsOf(machine)) {
                auto const* record = std::get_if<Record>(&m_facts.rows.at(id));
                if (record == nullptr || record->kind != "receipt.v1") continue;
                auto const body = trust::receiptBodyFrom(record->body);
                done.insert(body->frames.begin(), body->frames.end());
            }
            for (Scope const& scope : m_scopes) giveReceipt(machine, scope, done);
            check(machine);
        }
    }
    void giveReceipt(Machine& machine, Scope const& scope, std::set<FrameId> const& done) {
        std::vector<FrameId> frames;
        for (FrameId const& id : machine.now.held.headers) {
            FrameFact const& frame = m_facts.frames.at(id);
            bool const again = done.contains(id) && !chance(5);
            if (frame.scope == scope && frame.device != machine.device && !again) frames.push_back(id);
        }
        if (frames.empty()) return;
        shuffle(frames);
        json::Array names;
        for (FrameId const& id : frames) names.push_back(id.hex());
        Record record = newRecord(machine, "receipt.v1", scope);
        record.body.set("frames", std::move(names));
        record.body.set("place", static_cast<std::int64_t>(++m_ticks));
        record.body.set("time", toText(record.time));
        seal(machine, scope, {keep(machine, std::move(record))});
    }
    /// Somebody says which branch is hers: of her own other device's feed, as a rule. Another's, or this very device's,
    /// decides nothing.
    void confirmFork() {
        std::vector<std::tuple<std::size_t, Scope, FrameId>> choices, others;
        for (std::size_t index = 0; index < m_machines.size(); ++index) {
            Machine const& machine = m_machines[index];
            if (!canWrite(machine) || machine.who == kServer) continue;
            auto const& devices = m_people[machine.who].devices;
            for (auto const& [key, feed] : machine.now.cores.feeds) {
                if (key.second.isRegistry() || !feed.forked()) continue;
                bool const isHers = std::find(devices.begin(), devices.end(), key.first) != devices.end();
                auto& list = isHers && key.first != machine.device ? choices : others;
                for (FrameId const& tip : feed.tips()) list.emplace_back(index, key.second, tip);
            }
        }
        if (choices.empty() || chance(10)) choices.insert(choices.end(), others.begin(), others.end());
        if (choices.empty()) return;
        auto const [index, scope, tip] = pick(choices);
        Machine& machine = m_machines[index];
        Record record = newRecord(machine, "confirm.v1", scope);
        record.body.set("tip", tip.hex());
        seal(machine, scope, {keep(machine, std::move(record), " " + brief(tip))});
        check(machine);
    }

    /// Whoever has stolen a device seals a frame beside one of its old ones, mostly after it was revoked.
    void stealKey() {
        Machine& reader = m_machines[below(m_machines.size())];
        auto const& registry = reader.now.cores.registry;
        std::vector<FrameId> revoked, others;
        for (FrameId const& id : reader.now.held.headers) {
            FrameFact const& frame = m_facts.frames.at(id);
            if (frame.scope.isRegistry() || frame.device == m_people[kServer].devices.front()) continue;
            (registry.revocationsOf(frame.device).empty() ? others : revoked).push_back(id);
        }
        if (revoked.empty() && !chance(10)) return;
        if (revoked.empty() || chance(5)) revoked.insert(revoked.end(), others.begin(), others.end());
        if (revoked.empty()) return;
        FrameFact frame = m_facts.frames.at(pick(revoked));
        note("a thief seals beside " + brief(frame.id));
        frame.id = m_random.token<FrameId>();
        frame.inc = m_random.token<Incarnation>();
        frame.items = {stolenWork(frame)};
        frame.newerSchema = false;
        FrameId const id = frame.id;
        m_facts.frames.emplace(id, std::move(frame));
        deliver(reader, {id});
        check(reader);
    }
    ObjectId stolenWork(FrameFact const& frame) {
        Revision revision;
        revision.school = m_facts.school;
        revision.scope = frame.scope;
        revision.doc = m_random.token<DocumentId>();
        revision.type = "task.v1";
        for (Person const& person : m_people) {
            auto const& devices = person.devices;
            if (std::find(devices.begin(), devices.end(), frame.device) != devices.end()) revision.by.person = person.id;
        }
        revision.by.device = frame.device;
        revision.time.wall = day(m_today) + std::chrono::milliseconds{++m_ticks};
        revision.nonce = m_random.token<Nonce>();
        ObjectId const id = m_random.token<ObjectId>();
        m_facts.rows.emplace(id, std::move(revision));
        return id;
    }

    // ------------------------------------------------------------------------------------------------------ registry
    void decide() {
        std::vector<Machine*> keepers;
        for (Machine& machine : m_machines) {
            if (machine.who == kFounder) keepers.push_back(&machine);
        }
        Machine& keeper = *pick(keepers);
        trust::Registry const& registry = keeper.now.cores.registry;
        if (registry.forked()) return;  // the keeper cannot tell which head to follow
        EntryFact entry = newEntry(keeper);
        auto const chain = registry.chain();
        if (!chance(80)) entry.seen = pick(chain).first;
        std::size_t const admin = chance(80) ? kFounder : below(kPeople);
        entry.agreed = {{m_people[admin].id, m_people[admin].devices.front()}};
        if (chance(40)) entry.agreed.emplace_back(m_people[kWang].id, m_people[kWang].devices.front());
        json::Object members;
        std::string name;
        fillAct(keeper, entry, name, members);
        if (name.empty()) return;
        finishEntry(m_facts, entry, m_random, std::move(members), name, nullptr);
        note("entry " + std::to_string(entry.number) + " " + brief(entry.id) + " " + name);
        seal(keeper, Scope::registry(), {entry.id});
        check(keeper);
        if (entry.what == What::RevokeDevice && chance(60)) hurry(keeper);
        if (entry.what != What::Enrol || m_machines.size() > 8) return;
        for (std::size_t who = 0; who < kPeople; ++who) {
            if (m_people[who].id == entry.person) add(who, m_people[who].devices.size() - 1);
        }
    }
    /// A revocation goes ahead of everything else, also of the frames that its cuts name.
    void hurry(Machine const& keeper) {
        for (Machine& to : m_machines) {
            if (&to == &keeper || chance(50)) continue;
            note("the registry hurries to " + to.name);
            for (Sent const& sent : lackedBy(to, keeper)) {
                if (m_facts.frames.at(sent.frame).scope.isRegistry()) deliver(to, sent);
            }
            check(to);
        }
    }
    void fillAct(Machine const& keeper, EntryFact& entry, std::string& name, json::Object& members) {
        trust::Registry const& registry = keeper.now.cores.registry;
        std::size_t const who = 1 + below(kServer - 1);
        entry.person = m_people[who].id;
        entry.from = day(static_cast<int>(below(30)));
        std::vector<trust::Grant> grants;
        for (Person const& person : m_people) {
            auto const& hers = registry.grantsOf(person.id);
            grants.insert(grants.end(), hers.begin(), hers.end());
        }
        switch (below(8)) {
            case 0:
            case 1: {
                char const* const roles[] = {"clerk@unit/a", "head@unit/a", "clerk@college", "leader@unit/a",
                                             "quality@college"};
                name = "grant";
                entry.what = What::Grant;
                entry.role = *Role::parse(roles[below(5)]);
                entry.delegable = chance(40);
                if (chance(30)) entry.until = entry.from + std::chrono::days{1 + below(90)};
                members = grantMembers(entry);
                break;
            }
            case 2: {
                std::vector<trust::Grant> lendable;
                for (trust::Grant const& grant : grants) {
                    if (grant.delegable && !grant.until) lendable.push_back(grant);
                }
                trust::Grant const& origin = lendable.empty() || chance(15) ? pick(grants) : pick(lendable);
                name = "delegate";
                entry.what = What::Delegate;
                entry.grant = origin.id;
                entry.role = Role{origin.role.name, chance(80) ? origin.role.scope : scopeOf("unit/a")};
                entry.from = std::max(entry.from, origin.from);
                entry.until = entry.from + std::chrono::days{1 + below(90)};
                if (chance(15)) entry.person = origin.person;
                for (Person const& person : m_people) {
                    if (person.id == origin.person && chance(90)) entry.agreed = {{person.id, person.devices.front()}};
                }
                members = {{"grant", entry.grant.hex()},
                           {"person", entry.person.text()},
                           {"scope", entry.role.scope.text()},
                           {"from", toText(entry.from)},
                           {"until", toText(*entry.until)}};
                break;
            }
            case 3:
            case 4: {
                name = "revoke";
                entry.what = What::RevokeDevice;
                std::size_t const victim = chance(90) ? who : kServer;
                entry.device = pick(m_people[victim].devices);
                entry.cuts = cutsOf(keeper, {entry.device});
                members = {{"device", entry.device.hex()}, {"cuts", cutArray(entry.cuts)}, {"reason", "lost"}};
                break;
            }
            case 5: {
                trust::Grant const& grant = pick(grants);
                name = "revoke";
                entry.what = What::RevokeGrant;
                entry.grant = grant.id;
                for (Person const& person : m_people) {
                    if (person.id == grant.person) entry.cuts = cutsOf(keeper, person.devices);
                }
                members = {{"grant", entry.grant.hex()}, {"cuts", cutArray(entry.cuts)}, {"reason", "ended"}};
                break;
            }
            case 6: {
                name = "admin";
                entry.what = What::Admins;
                std::set<PersonId> persons{m_people[kFounder].id};
                if (chance(80)) persons.insert(m_people[kWang].id);
                if (chance(30)) persons.insert(m_people[kHu].id);
                entry.persons.assign(persons.begin(), persons.end());
                entry.threshold = 1 + below(entry.persons.size());
                json::Array array;
                for (PersonId const& person : entry.persons) array.push_back(person.text());
                members = {{"persons", std::move(array)}, {"threshold", static_cast<std::int64_t>(entry.threshold)}};
                break;
            }
            default: {
                std::array<std::uint8_t, trust::PublicKey::size> raw{};
                m_random.fill(raw);
                trust::PublicKey const key = *trust::PublicKey::fromBytes(raw);
                name = "device";
                entry.what = What::Enrol;
                entry.device = trust::deviceIdOf(key);
                members = requestMembers(entry.person, key, m_random);
                m_people[who].devices.push_back(entry.device);
                break;
            }
        }
    }
    /// What the keeper knows of these devices now; sometimes an older frame, sometimes not every scope.
    std::vector<Cut> cutsOf(Machine const& keeper, std::vector<DeviceId> const& devices) {
        std::vector<Cut> cuts;
        for (DeviceId const& device : devices) {
            for (Scope const& scope : m_scopes) {
                for (FrameId frame : tipsOf(keeper, device, scope)) {
                    while (chance(25) && m_facts.frames.at(frame).prev) frame = *m_facts.frames.at(frame).prev;
                    if (chance(90)) cuts.push_back({device, scope, frame});
                }
            }
        }
        std::sort(cuts.begin(), cuts.end());
        cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
        return cuts;
    }

    // -------------------------------------------------------------------------------------------------------- faults
    void fail() {
        std::size_t const index = below(m_machines.size());
        Machine& machine = m_machines[index];
        switch (below(6)) {
            case 0:
                machine.image = machine.now;
                note(machine.name + " is imaged");
                break;
            case 1:
            case 2:
                if (!machine.image || machine.who == kServer) return;
                machine.now = *machine.image;
                note(machine.name + " is rolled back");
                // With a guard it knows, takes a new incarnation and asks whoever is near before it writes.
                if (chance(60)) {
                    machine.inc = m_random.token<Incarnation>();
                    Machine const& peer = pick(m_machines);
                    for (Sent const& sent : lackedBy(machine, peer)) deliver(machine, sent);
                    note(machine.name + " asks " + peer.name);
                }
                check(machine);
                break;
            case 3: {
                if (m_machines.size() > 8 || machine.who == kServer) return;
                Machine clone = machine;
                clone.name += "'";
                if (chance(50)) clone.inc = m_random.token<Incarnation>();
                note(machine.name + " is cloned");
                m_machines.push_back(std::move(clone));
                break;
            }
            default: {
                int const jumps[] = {0, 0, -2500, 4300, 400, -40, 40};
                machine.clockDays = jumps[below(7)];
                note(machine.name + " has its clock off by " + std::to_string(machine.clockDays));
                break;
            }
        }
    }

    /// More is written and carried than decided and broken, so that what is played gets somewhere.
    void takeStepOfPlay(std::uint64_t what) {
        std::vector<Machine*> peoples;
        for (Machine& machine : m_machines) {
            if (machine.who != kServer && machine.who != kFounder) peoples.push_back(&machine);
        }
        if (what < 47) return playOn(*pick(peoples));
        if (what < 50) return writeOrAct(*pick(peoples));
        if (what < 79) return exchangeSome();
        if (what < 82) return carryStick();
        if (what < 87) return giveReceipts();
        if (what < 92) return decide();
        if (what < 95) return confirmFork();
        if (what < 96) return stealKey();
        fail();
    }
    void takeStep() {
        std::uint64_t const what = below(100);
        if (m_play) return takeStepOfPlay(what);
        if (what < 45) return writeOrAct(m_machines[below(m_machines.size())]);
        if (what < 65) return exchangeSome();
        if (what < 71) return carryStick();
        if (what < 77) return giveReceipts();
        if (what < 86) return decide();
        if (what < 90) return confirmFork();
        if (what < 93) return stealKey();
        fail();
    }

    // ------------------------------------------------------------------------------------------------------ checking
    void failed(std::string text) {
        if (m_outcome.failure.empty()) m_outcome.failure = std::move(text);
        note("FAILED: " + m_outcome.failure);
    }
    void check(Machine const& machine) {
        if (!m_outcome.failure.empty()) return;
        ++m_outcome.checks;
        Model model(m_facts, m_paths, machine.now.held);
        checkRegistry(machine, model);
        auto const answers = machine.now.cores.answers(m_facts, machine.now.held, m_random);
        if (auto text = difference(m_facts, machine.now.held, model, answers); !text.empty())
            return failed("on " + machine.name + ": " + text);
        checkLaws(machine, model, answers);
        if (m_play) {
            if (auto text = m_play->difference(m_facts, model, answers, m_outcome.met); !text.empty())
                return failed("on " + machine.name + ": " + text);
        }
        count(machine, answers);
    }
    void count(Machine const& machine, Cores::Answers const& answers) {
        auto const met = [this](std::string const& what) { ++m_outcome.met[what]; };
        for (auto const& [id, judgement] : answers.judgements) {
            met("verdict " + std::string(trust::nameOf(judgement.verdict)) + " " + judgement.reason);
            if (judgement.rescuedBy) met("rescued");
            if (judgement.actingFor) met("acting for another");
        }
        for (auto const& [id, branch] : answers.branches) {
            if (branch == trust::Branch::Standing) met("branch standing");
            if (branch == trust::Branch::Confirmed) met("branch confirmed");
            if (branch == trust::Branch::Forked) met("branch forked");
            bool const isCut = !machine.now.cores.registry.revocationsOf(m_facts.frames.at(id).device).empty();
            if (branch == trust::Branch::Standing && isCut) met("branch of a revoked device standing");
            if (branch == trust::Branch::Forked && isCut) met("branch of a revoked device forked");
        }
        for (auto const& [key, merged] : answers.merged) {
            if (merged.heads.size() > 1) met("several heads");
            if (!merged.differences.empty()) met("open differences");
            if (!merged.missing.empty()) met("missing parents");
        }
        if (!machine.now.cores.registry.empty() && machine.now.cores.registry.forked()) met("registry forked");
    }
    void checkRegistry(Machine const& machine, Model const& model) {
        trust::Registry const& registry = machine.now.cores.registry;
        if (registry.empty() != model.registry().empty()) return failed("registry of " + machine.name);
        if (!registry.empty() && !(registry.head() == model.registry().head()))
            failed("registry head of " + machine.name + ": product " + std::to_string(registry.head().seq) +
                   ", model " + std::to_string(model.registry().head().seq));
    }
    /// What must hold whatever the model says.
    void checkLaws(Machine const& machine, Model& model, Cores::Answers const& answers) {
        std::set<ObjectId> items;
        for (FrameId const& id : machine.now.held.headers) {
            auto const& listed = m_facts.frames.at(id).items;
            items.insert(listed.begin(), listed.end());
        }
        auto const counts = model.counts({"task.v1"});
        if (counts.size() != items.size()) failed("an item is counted twice or not at all");
        for (auto const& [id, judgement] : answers.judgements) {
            if (!trust::stands(judgement.verdict)) continue;
            Record const* const record = std::get_if<Record>(&m_facts.rows.at(id));
            bool const needsGrant = record == nullptr || !trust::standsForItself(*record);
            trust::Grant const* const grant =
                judgement.grant ? machine.now.cores.registry.grant(*judgement.grant) : nullptr;
            PersonId const& person =
                record != nullptr ? record->by.person : std::get<Revision>(m_facts.rows.at(id)).by.person;
            if (needsGrant && (grant == nullptr || grant->person != person))
                failed("row " + brief(id) + " stands without a grant of its person");
        }
    }
    /// The faults stop, everybody meets everybody: all must hold the same, and say the same in whatever order it came.
    void heal() {
        bool areEqual = false;
        for (int round = 0; round < 12 && !areEqual; ++round) {
            areEqual = true;
            for (Machine& from : m_machines) {
                for (Machine& to : m_machines) {
                    for (Sent const& sent : lackedBy(to, from)) {
                        areEqual = false;
                        deliver(to, sent);
                    }
                }
            }
        }
        Held const all = storable(m_machines.front());
        for (Machine const& machine : m_machines) {
            if (!(storable(machine) == all))
                return failed("after all have met, " + machine.name + " does not hold what the others hold");
            check(machine);
        }
        Machine fresh;
        fresh.name = "a newcomer";
        std::vector<Sent> sent;
        for (FrameId const& id : all.headers) sent.push_back({id, all.applied.contains(id)});
        for (int round = 0; round < 60 && !(fresh.now.held == all); ++round) {
            shuffle(sent);
            for (Sent const& frame : sent) deliver(fresh, frame);
        }
        if (!(fresh.now.held == all)) return failed("a newcomer cannot take what the others hold");
        check(fresh);
        note("healed with " + std::to_string(all.headers.size()) + " frames");
    }

    /// What a machine holds without frames that nobody else may store: those of a device whose person never had a grant
    /// there, and what lies above them. They stay where they were written.
    [[nodiscard]] Held storable(Machine const& machine) {
        Model const model(m_facts, m_paths, machine.now.held);
        Held held = machine.now.held;
        auto const isOutside = [&](FrameId const& id) {
            FrameFact const& frame = m_facts.frames.at(id);
            return !model.registry().mayStore(frame.device, frame.scope);
        };
        std::erase_if(held.headers, isOutside);
        std::erase_if(held.applied, isOutside);
        return held;
    }

    Options const& m_options;
    SeededRandom m_random;
    Facts m_facts;
    std::vector<Person> m_people;
    EntryPaths m_paths;
    std::unique_ptr<Play> m_play;
    std::vector<Scope> m_scopes{scopeOf("unit/a"), scopeOf("unit/b")};
    std::vector<Machine> m_machines;
    std::vector<std::vector<Sent>> m_sticks;
    int m_topology = 0;
    int m_today = 10;
    std::int64_t m_ticks = 0;
    std::uint64_t m_hash = 14695981039346656037ULL;
    Outcome m_outcome;
};

}  // namespace

Outcome run(Options const& options) { return World(options).run(); }

}  // namespace spiral::sim
