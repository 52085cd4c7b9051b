// The registry as a tree of accepted entries. Whether an entry is accepted depends on the path below it alone, so the
// tree is the same in whatever order entries come; the common chain, and all that counts, is read off the tree.
#include "trust/registry.h"

#include "allowed_signers.h"
#include "base/sha256.h"
#include "entry_rules.h"

#include <algorithm>

namespace spiral::trust {

struct Registry::State {
    std::optional<SchoolId> anchor;  ///< the college that we were told to expect
    Ledger trunk;                    ///< the common chain: from entry 1 to the head, or to where the branches part
    struct Node {
        std::shared_ptr<Entry const> entry;
        std::vector<ObjectId> children;
    };
    std::unordered_map<ObjectId, Node> nodes;
    /// The ledger of the branch that grew last, so that a long branch is not replayed for each of its entries.
    std::shared_ptr<Ledger> branch;

    struct Held {
        Bytes bytes;
        Signature signature;
        Signatures signatures;
    };
    /// Entries by the predecessor that they wait for. Several signatures of one entry may wait: the first may be bad.
    std::unordered_map<ObjectId, std::vector<Held>> waiting;

    /// Whose frames may be taken in, by the entries of every branch: it only grows, so that replicas which heard of the
    /// branches in another order come to hold the same frames.
    struct Ever {
        struct Enrolled {
            PublicKey key;
            std::set<PersonId> persons;
            std::vector<Scope> scopes;  ///< of a hub
            bool isServer = false, isKeeper = false;
        };
        std::unordered_map<DeviceId, Enrolled> devices;
        std::unordered_map<PersonId, std::set<Scope>> granted;
    };
    Ever ever;
    std::unordered_map<DeviceId, std::vector<Revocation>> deviceRevocations;
    std::unordered_map<ObjectId, std::vector<Revocation>> grantRevocations;

    [[nodiscard]] bool empty() const noexcept { return trunk.entries.empty(); }
    [[nodiscard]] bool forked() const { return !empty() && nodes.at(trunk.head().hash).children.size() > 1; }
    [[nodiscard]] Node const* find(RegistryPoint const& point) const;
    [[nodiscard]] bool onTrunk(Entry const& entry) const { return trunk.holds(entry.point()); }
    [[nodiscard]] std::vector<std::shared_ptr<Entry const>> pathTo(ObjectId const& id) const;

    Outcome addOne(Held const& held);
    Outcome addFounding(ObjectId const& id, Record record, Proposal const& proposal, Act act, Held const& held);
    Outcome addAfter(Node const& predecessor, ObjectId const& id, Record record, Held const& held);
    void insert(std::shared_ptr<Entry const> entry);
    void note(Entry const& entry);
    void noteEver(Entry const& entry);
    void wait(ObjectId const& predecessor, Held held);
};

namespace {

Registry::Outcome invalid(Error const& error) { return {Registry::Added::Invalid, error.reason}; }
Registry::Outcome waitingFor(std::string_view reason) {
    return {Registry::Added::Waiting, "registry." + std::string(reason)};
}

/// By number, then id: the same on every replica, whichever branch came first.
void insertSorted(std::vector<Revocation>& list, Revocation revocation) {
    auto const before = [](Revocation const& a, Revocation const& b) {
        return a.since != b.since ? a.since < b.since : a.entry < b.entry;
    };
    list.insert(std::upper_bound(list.begin(), list.end(), revocation, before), std::move(revocation));
}

}  // namespace

Registry::State::Node const* Registry::State::find(RegistryPoint const& point) const {
    auto const found = nodes.find(point.hash);
    return found == nodes.end() || found->second.entry->number != point.seq ? nullptr : &found->second;
}

std::vector<std::shared_ptr<Entry const>> Registry::State::pathTo(ObjectId const& id) const {
    std::vector<std::shared_ptr<Entry const>> path;
    for (Node const* node = &nodes.at(id);;) {
        path.push_back(node->entry);
        if (!node->entry->record.reg) break;
        node = &nodes.at(node->entry->record.reg->hash);
    }
    std::reverse(path.begin(), path.end());
    return path;
}

void Registry::State::wait(ObjectId const& predecessor, Held held) {
    std::vector<Held>& list = waiting[predecessor];
    bool const isKnown = std::any_of(list.begin(), list.end(), [&](Held const& other) {
        return other.signature == held.signature && other.bytes == held.bytes;
    });
    if (!isKnown) list.push_back(std::move(held));
}

Registry::Outcome Registry::State::addOne(Held const& held) {
    auto const id = hashAs<ObjectId>(held.bytes);
    if (nodes.contains(id)) return {Added::Known, {}};
    auto record = decodeRecord(held.bytes);
    if (!record) {
        if (record.error().code == ErrorCode::Unsupported) return waitingFor("newer-version");
        return invalid(record.error());
    }
    if (!record->scope.isRegistry()) return {Added::Invalid, "registry.scope"};
    if (!record->reg) {
        auto proposal = proposalFrom(record->body);
        if (!proposal) return invalid(proposal.error());
        auto act = parseAct(proposal->act);
        if (!act)
            return act.error().code == ErrorCode::Unsupported ? waitingFor(act.error().reason) : invalid(act.error());
        return addFounding(id, *std::move(record), *proposal, *std::move(act), held);
    }
    SchoolId const* const school = !empty() ? &trunk.entries.front()->id : anchor ? &*anchor : nullptr;
    if (school != nullptr && *record->school != *school) return {Added::Invalid, "registry.school"};
    auto const predecessor = nodes.find(record->reg->hash);
    if (predecessor == nodes.end()) {
        wait(record->reg->hash, held);
        return waitingFor("wait-predecessor");
    }
    return addAfter(predecessor->second, id, *std::move(record), held);
}

Registry::Outcome Registry::State::addFounding(ObjectId const& id, Record record, Proposal const& proposal, Act act,
                                               Held const& held) {
    if (!empty() || (anchor && *anchor != id)) return {Added::Invalid, "registry.other-college"};
    auto const good = checkFounding(record, held.bytes, held.signature, proposal, act, held.signatures);
    if (!good) return invalid(good.error());
    insert(std::make_shared<Entry const>(Entry{id, std::move(record), std::move(act), 1}));
    // What waits under the name of another college will never be taken up.
    std::erase_if(waiting, [&](auto const& item) {
        auto const waitingRecord = decodeRecord(item.second.front().bytes);
        return !waitingRecord || waitingRecord->school != id;
    });
    return {Added::Appended, {}};
}

Registry::Outcome Registry::State::addAfter(Node const& predecessor, ObjectId const& id, Record record,
                                            Held const& held) {
    RegistryPoint const below = predecessor.entry->point();
    if (record.reg->seq != below.seq) return {Added::Invalid, "registry.predecessor"};

    // The ledger of the path below: that of the common chain nearly always.
    Ledger const* ledger = &trunk;
    if (trunk.head() != below) {
        if (!branch || branch->head() != below) {
            branch = std::make_shared<Ledger>();
            for (auto& entry : pathTo(below.hash)) branch->apply(std::move(entry));
        }
        ledger = branch.get();
    }
    if (auto good = checkKeeper(*ledger, record, held.bytes, held.signature, held.signatures); !good)
        return invalid(good.error());

    // Signed by the keeper, so what we cannot read is likely to be right: it waits for a newer program, and so does all
    // that comes after it.
    if (!isActName(nameWithoutVersion(record.kind)) || !record.kind.ends_with(".v1")) return waitingFor("newer-kind");
    auto const proposal = proposalFrom(record.body);
    if (!proposal) return invalid(proposal.error());
    auto act = parseAct(proposal->act);
    if (!act) return act.error().code == ErrorCode::Unsupported ? waitingFor("newer-act") : invalid(act.error());
    if (auto form = checkEntryForm(record, *act); !form) return invalid(form.error());
    if (auto good = checkProposal(*ledger, *proposal, *act, held.signatures); !good) return invalid(good.error());

    insert(std::make_shared<Entry const>(Entry{id, std::move(record), *std::move(act), below.seq + 1}));
    return {trunk.head().hash == id ? Added::Appended : Added::Branched, {}};
}

/// Puts an accepted entry into the tree and brings trunk, branch and revocations up to date.
void Registry::State::insert(std::shared_ptr<Entry const> entry) {
    nodes.emplace(entry->id, Node{entry, {}});
    note(*entry);
    if (!entry->record.reg) return trunk.apply(std::move(entry));

    std::vector<ObjectId>& siblings = nodes.at(entry->record.reg->hash).children;
    siblings.push_back(entry->id);
    RegistryPoint const below = *entry->record.reg;
    if (trunk.head() == below && siblings.size() == 1) return trunk.apply(std::move(entry));

    // A branch. If it parts from the common chain below its end, the chain is shorter from now on: its later entries
    // are a branch as well, and what they gave counts no more.
    if (trunk.holds(below) && trunk.head() != below) {
        Ledger shorter;
        for (auto& common : pathTo(below.hash)) shorter.apply(std::move(common));
        trunk = std::move(shorter);
    }
    if (branch && branch->head() == below) {
        if (branch.use_count() > 1) branch = std::make_shared<Ledger>(*branch);  // shared with a copy of the registry
        branch->apply(std::move(entry));
    }
}

void Registry::State::note(Entry const& entry) {
    noteEver(entry);
    // Revocations count from every branch: taking away is the safe direction.
    RevokeAct const* const act = std::get_if<RevokeAct>(&entry.act.what);
    if (act == nullptr) return;
    if (act->device) insertSorted(deviceRevocations[*act->device], revocationOf(entry, *act));
    if (act->grant) insertSorted(grantRevocations[*act->grant], revocationOf(entry, *act));
}

void Registry::State::noteEver(Entry const& entry) {
    auto const enrol = [this](PublicKey const& key, PersonId const& person) -> Ever::Enrolled& {
        Ever::Enrolled& enrolled = ever.devices[deviceIdOf(key)];
        enrolled.key = key;
        enrolled.persons.insert(person);
        return enrolled;
    };
    auto const& what = entry.act.what;
    if (auto const* found = std::get_if<FoundAct>(&what)) {
        enrol(found->key, found->person).isKeeper = true;
    } else if (auto const* move = std::get_if<MoveAct>(&what)) {
        ever.devices[move->device].isKeeper = true;
    } else if (auto const* device = std::get_if<DeviceAct>(&what)) {
        enrol(device->request.key, device->request.person);
    } else if (auto const* server = std::get_if<ServerAct>(&what)) {
        Ever::Enrolled& enrolled = enrol(server->key, PersonId::fromDevice(deviceIdOf(server->key)));
        enrolled.isServer = enrolled.isServer || server->kind == Device::Kind::Server;
        enrolled.scopes.insert(enrolled.scopes.end(), server->scopes.begin(), server->scopes.end());
    } else if (auto const* grant = std::get_if<GrantAct>(&what)) {
        ever.granted[grant->person].insert(grant->role.scope);
    } else if (auto const* lent = std::get_if<DelegateAct>(&what)) {
        ever.granted[lent->person].insert(lent->scope);
    }
}

Registry::Registry() : m_state(std::make_unique<State>()) {}
Registry::Registry(SchoolId const& school) : Registry() { m_state->anchor = school; }
Registry::~Registry() = default;
Registry::Registry(Registry const& other) : m_state(std::make_unique<State>(*other.m_state)) {}
Registry& Registry::operator=(Registry const& other) {
    if (this != &other) m_state = std::make_unique<State>(*other.m_state);
    return *this;
}
Registry::Registry(Registry&&) noexcept = default;
Registry& Registry::operator=(Registry&&) noexcept = default;

Registry::Outcome Registry::add(ByteView bytes, Signature const& signature, Signatures signatures) {
    State::Held const held{toBytes(bytes), signature, signatures};
    Outcome outcome = m_state->addOne(held);
    if (outcome.added != Added::Appended && outcome.added != Added::Branched) return outcome;

    // Those that waited for it, and those that waited for them: a loop, because such a chain may be long.
    std::vector<ObjectId> arrived{hashAs<ObjectId>(bytes)};
    while (!arrived.empty()) {
        auto const found = m_state->waiting.find(arrived.back());
        arrived.pop_back();
        if (found == m_state->waiting.end()) continue;
        std::vector<State::Held> const next = std::move(found->second);
        m_state->waiting.erase(found);
        for (State::Held const& waiting : next) {
            Added const added = m_state->addOne(waiting).added;
            if (added == Added::Appended || added == Added::Branched)
                arrived.push_back(hashAs<ObjectId>(waiting.bytes));
        }
    }
    // What was taken up may have parted the chain below the entry itself.
    auto const& entry = m_state->nodes.at(hashAs<ObjectId>(bytes)).entry;
    outcome.added = m_state->onTrunk(*entry) ? Added::Appended : Added::Branched;
    return outcome;
}

bool Registry::empty() const noexcept { return m_state->empty(); }
SchoolId const& Registry::school() const {
    ensure(!empty(), "Registry::school: empty");
    return m_state->trunk.entries.front()->id;
}
std::string const& Registry::domain() const { return m_state->trunk.domain; }
std::string const& Registry::college() const { return m_state->trunk.college; }
RegistryPoint Registry::head() const {
    ensure(!empty(), "Registry::head: empty");
    return m_state->trunk.head();
}
bool Registry::forked() const { return m_state->forked(); }

std::vector<RegistryPoint> Registry::heads() const {
    if (!forked()) return {head()};
    std::vector<RegistryPoint> heads;
    for (auto const& [id, node] : m_state->nodes) {
        if (node.children.empty()) heads.push_back(node.entry->point());
    }
    std::sort(heads.begin(), heads.end(), [](auto const& a, auto const& b) { return a.hash < b.hash; });
    return heads;
}
DeviceId const& Registry::keeper() const { return m_state->trunk.keepers.last(); }

std::optional<std::uint64_t> Registry::locate(RegistryPoint const& point) const {
    if (m_state->trunk.holds(point)) return point.seq;
    if (m_state->find(point) == nullptr) return std::nullopt;
    return m_state->trunk.size();
}

bool Registry::isAncestorOrSelf(RegistryPoint const& a, RegistryPoint const& b) const {
    State const& state = *m_state;
    if (a.seq > b.seq) return false;
    if (state.trunk.holds(b)) return state.trunk.holds(a);
    State::Node const* node = state.find(b);
    if (node == nullptr) return false;
    // Down the branch, at most to the common chain.
    while (node->entry->number > a.seq && !state.onTrunk(*node->entry))
        node = &state.nodes.at(node->entry->record.reg->hash);
    return state.onTrunk(*node->entry) ? state.trunk.holds(a) : node->entry->id == a.hash;
}

std::optional<RegistryPoint> Registry::successor(RegistryPoint const& point) const {
    State::Node const* const node = m_state->find(point);
    if (node == nullptr || node->children.empty()) return std::nullopt;
    Entry const* first = nullptr;
    for (ObjectId const& id : node->children) {
        Entry const& child = *m_state->nodes.at(id).entry;
        bool const isEarlier = first == nullptr || child.record.time < first->record.time ||
                               (child.record.time == first->record.time && child.id < first->id);
        if (isEarlier) first = &child;
    }
    return first->point();
}

std::optional<Instant> Registry::timeOf(RegistryPoint const& point) const {
    State::Node const* const node = m_state->find(point);
    if (node == nullptr) return std::nullopt;
    return node->entry->record.time;
}

Policy const& Registry::policy(std::uint64_t at) const { return m_state->trunk.policies.at(at); }
Quorum const& Registry::root(std::uint64_t at) const { return m_state->trunk.roots.at(at); }
Quorum const& Registry::admins(std::uint64_t at) const { return m_state->trunk.admins.at(at); }
Device const* Registry::device(DeviceId const& id) const { return m_state->trunk.device(id); }

std::vector<Device> Registry::devices() const {
    std::vector<Device> devices;
    for (auto const& [id, device] : m_state->trunk.devices) devices.push_back(device);
    std::sort(devices.begin(), devices.end(), [](Device const& a, Device const& b) { return a.id < b.id; });
    return devices;
}
std::vector<PersonId> Registry::persons() const {
    std::vector<PersonId> persons;
    for (auto const& [person, document] : m_state->trunk.persons) persons.push_back(person);
    return persons;
}
std::optional<Target> Registry::personDocument(PersonId const& person) const {
    auto const found = m_state->trunk.persons.find(person);
    return found == m_state->trunk.persons.end() ? std::nullopt : found->second;
}
std::vector<Grant> const& Registry::grantsOf(PersonId const& person) const {
    static std::vector<Grant> const none;
    auto const found = m_state->trunk.grantsOf.find(person);
    return found == m_state->trunk.grantsOf.end() ? none : found->second;
}
Grant const* Registry::grant(ObjectId const& id) const {
    auto const found = m_state->trunk.grants.find(id);
    return found == m_state->trunk.grants.end() ? nullptr : &found->second;
}
std::vector<Unit> Registry::units() const {
    std::vector<Unit> units;
    for (auto const& [id, unit] : m_state->trunk.units) units.push_back(unit);
    return units;
}
std::vector<Revocation> const& Registry::revocationsOf(DeviceId const& device) const {
    static std::vector<Revocation> const none;
    auto const found = m_state->deviceRevocations.find(device);
    return found == m_state->deviceRevocations.end() ? none : found->second;
}
std::vector<Revocation> const& Registry::revocationsOf(ObjectId const& grant) const {
    static std::vector<Revocation> const none;
    auto const found = m_state->grantRevocations.find(grant);
    return found == m_state->grantRevocations.end() ? none : found->second;
}
bool Registry::isRedacted(ObjectId const& id) const { return m_state->trunk.redacted.contains(id); }

bool Registry::mayRead(DeviceId const& id, Scope const& scope, Instant now) const {
    Device const* const known = device(id);
    if (known == nullptr || !revocationsOf(id).empty()) return false;
    if (known->kind == Device::Kind::Server || scope.isRegistry()) return true;
    auto const covers = [&](Scope const& granted) { return granted.covers(scope); };
    if (known->kind == Device::Kind::Hub) return std::any_of(known->scopes.begin(), known->scopes.end(), covers);
    auto const& open = m_state->trunk.policies.last().open;
    // An open scope is that scope alone; only a grant on the college reaches into the units.
    if (std::find(open.begin(), open.end(), scope) != open.end()) return true;
    auto const& grants = grantsOf(known->person);
    return std::any_of(grants.begin(), grants.end(), [&](Grant const& grant) {
        return covers(grant.role.scope) && grant.from <= now && (!grant.until || now < *grant.until) &&
               revocationsOf(grant.id).empty() && (!grant.delegatedFrom || revocationsOf(*grant.delegatedFrom).empty());
    });
}

Device const* Registry::server() const {
    Device const* found = nullptr;
    for (auto const& [id, device] : m_state->trunk.devices) {
        if (device.kind != Device::Kind::Server || device.url.empty() || !revocationsOf(id).empty()) continue;
        if (id == keeper()) return &device;
        if (found == nullptr || found->since < device.since) found = &device;
    }
    return found;
}

PublicKey const* Registry::keyOf(DeviceId const& id) const {
    auto const found = m_state->ever.devices.find(id);
    return found == m_state->ever.devices.end() ? nullptr : &found->second.key;
}

bool Registry::mayEverWrite(DeviceId const& id, Scope const& scope) const {
    State::Ever const& ever = m_state->ever;
    auto const found = ever.devices.find(id);
    if (found == ever.devices.end()) return false;
    State::Ever::Enrolled const& device = found->second;
    auto const covers = [&](Scope const& granted) { return granted.covers(scope); };
    if (device.isServer || device.isKeeper) return true;
    if (std::any_of(device.scopes.begin(), device.scopes.end(), covers)) return true;
    return std::any_of(device.persons.begin(), device.persons.end(), [&](PersonId const& person) {
        if (person.text().size() == 2 * DeviceId::size) return false;  // a hub writes where it serves, nowhere else
        auto const granted = ever.granted.find(person);
        return granted != ever.granted.end() && std::any_of(granted->second.begin(), granted->second.end(), covers);
    });
}

Result<void> Registry::judge(Proposal const& proposal) const {
    ensure(!empty(), "Registry::judge: empty");
    if (forked()) return makeError(ErrorCode::Refused, "registry.forked");
    if (proposal.agreed.size() > kAgreementsMax) return makeError(ErrorCode::TooLarge, "proposal.agreed");
    auto const act = parseAct(proposal.act);
    if (!act) return act.error();
    return checkProposal(m_state->trunk, proposal, *act, Signatures::Check);
}

std::vector<std::pair<ObjectId, Record>> Registry::chain() const {
    std::vector<std::pair<ObjectId, Record>> chain;
    for (auto const& entry : m_state->trunk.entries) chain.emplace_back(entry->id, entry->record);
    return chain;
}

std::string Registry::allowedSigners() const { return allowedSignersOf(m_state->trunk); }

}  // namespace spiral::trust
