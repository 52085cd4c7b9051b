#include "store_world.h"

#include "cycle_check.h"

#include "../../workflow/office/projector.h"
#include "model/type.h"

#include <algorithm>
#include <cstdlib>

namespace spiral::sim {
namespace {

using replica::Count;

office::DocumentProjector const& projector() {
    static office::DocumentProjector const made;
    return made;
}

/// Thousands of histories that wait for a real disk would test the disk.
void useMemoryDisk() {
    if (std::filesystem::exists("/dev/shm")) setenv("TMPDIR", "/dev/shm", 0);
}

std::string textAt(json::Object const& object, std::string_view key) {
    std::string const* const text = json::stringAt(object, key);
    return text == nullptr ? std::string() : *text;
}
template <class Id>
Id idAt(json::Object const& object, std::string_view key) {
    auto const id = Id::fromHex(textAt(object, key));
    return id ? *id : Id{};
}

}  // namespace

StoreWorld::StoreWorld(std::uint64_t seed) : college(seed), m_random(seed) {
    useMemoryDisk();
    facts.policy = trust::firstPolicy();
    facts.school = college.registry.school();
}

StoreWorld::Node& StoreWorld::add(trust::Someone const& who, std::size_t device) {
    auto node = std::make_unique<Node>();
    node->name = who.name + std::to_string(device + 1) + "-" + std::to_string(m_nodes.size());
    node->who = who;
    node->device = device;
    node->machine =
        std::make_unique<replica::Machine>(college, who.key(device), who.id, 7000 + m_nodes.size(), who.name);
    openView(*node);
    m_nodes.push_back(std::move(node));
    return *m_nodes.back();
}
void StoreWorld::openView(Node& node) { node.view = replica::View::open(**node.machine, projector()); }

// ------------------------------------------------------------------------------------------------------------ writing

FrameId StoreWorld::seal(Node& node, std::string_view scope, std::vector<replica::NewRow> const& rows) {
    FrameId const id = node.machine->seal(scope, rows).frame;
    learn(node, id);
    return id;
}
ObjectId StoreWorld::write(Node& node, std::string_view scope, json::Object fields, std::vector<ObjectId> parents,
                           std::optional<DocumentId> doc) {
    auto const row = node.machine->revision(scope, std::move(fields), std::move(parents), doc);
    seal(node, scope, {row});
    return row.item.id;
}
ObjectId StoreWorld::act(Node& node, std::string_view kind, std::string_view role, ObjectId const& of) {
    RowObject const& target = facts.rows.at(of);
    auto const* revision = std::get_if<Revision>(&target);
    Scope const scope = revision != nullptr ? revision->scope : std::get<Record>(target).scope;
    auto const row = node.machine->record(kind, role, scope.text(), trust::Target{scope, of});
    seal(node, scope.text(), {row});
    return row.item.id;
}
/// Whoever plays reads what she has just written: the model knows each row from then on, and its frame once it is sealed.
class StoreWorld::NodeSeat final : public Seat {
public:
    NodeSeat(StoreWorld& world, Node& node, Model& reads, std::vector<PersonId> everybody)
        : Seat(world.facts, reads, node.who.id, std::move(everybody)), m_world(world), m_node(node) {}
    ObjectId write(DocumentKey const& document, std::string const& type, std::set<ObjectId> const& parents,
                   json::Object fields) override {
        rows.push_back(m_node.machine->revision(document.first.text(), std::move(fields),
                                                {parents.begin(), parents.end()}, document.second, type));
        ObjectId const id = rows.back().item.id;
        m_world.facts.rows.emplace(id, trust::decodeRevision(asBytes(rows.back().bytes)).value());
        return id;
    }
    ObjectId sign(std::string const& kind, Role const& role, Scope const& scope, ObjectId const& of,
                  json::Object body) override {
        rows.push_back(m_node.machine->record(kind, role.text(), scope.text(), trust::Target{scope, of}, std::move(body)));
        ObjectId const id = rows.back().item.id;
        m_world.facts.rows.emplace(id, trust::decodeRecord(asBytes(rows.back().bytes)).value());
        return id;
    }
    std::vector<replica::NewRow> rows;

private:
    StoreWorld& m_world;
    Node& m_node;
};
bool StoreWorld::play(Node& node, CycleWork& work) {
    Model reads = model(node);
    std::vector<PersonId> people;
    for (auto const& each : m_nodes) people.push_back(each->who.id);
    NodeSeat seat(*this, node, reads, std::move(people));
    auto const scope = work.sit(seat);
    if (!scope || seat.rows.empty()) return false;
    seal(node, scope->text(), seat.rows);
    return true;
}
ObjectId StoreWorld::confirm(Node& node, std::string_view scope, FrameId const& tip) {
    json::Object body;
    body.set("tip", tip.hex());
    auto const row = node.machine->record("confirm", "clerk@" + std::string(scope), scope, {}, std::move(body));
    seal(node, scope, {row});
    return row.item.id;
}
ObjectId StoreWorld::receipt(Node& server, std::string_view scope, std::vector<FrameId> const& frames) {
    json::Object body;
    json::Array names;
    for (FrameId const& id : frames) names.push_back(id.hex());
    body.set("frames", std::move(names));
    body.set("place", static_cast<std::int64_t>((*server.machine)->logEnd()));
    body.set("time", toText(server.machine->clock.now()));
    auto const row = server.machine->record("receipt", "server@" + std::string(scope), scope, {}, std::move(body));
    seal(server, scope, {row});
    return row.item.id;
}
void StoreWorld::sealEntries(Node& keeper) {
    std::vector<trust::SignedEntry> const made(college.entries.begin() + static_cast<std::ptrdiff_t>(m_sealedEntries),
                                               college.entries.end());
    m_sealedEntries = college.entries.size();
    sealEntries(keeper, made);
}
void StoreWorld::sealEntries(Node& keeper, std::vector<trust::SignedEntry> const& entries) {
    std::vector<replica::NewRow> rows;
    for (auto const& entry : entries)
        rows.push_back({{trust::Item::Kind::Record, entry.id}, entry.bytes, entry.signature});
    if (!rows.empty()) seal(keeper, "registry", rows);
}

/// What a frame says, for the model: from its bytes, as anybody reads them.
void StoreWorld::learn(Node& node, FrameId const& id) {
    auto const bytes = (*node.machine)->frameBytes(id).value();
    auto const header = trust::decodeFrameHeader(bytes.header).value();
    FrameFact frame;
    frame.id = id;
    frame.device = header.device;
    frame.scope = header.scope;
    frame.school = header.school;
    frame.prev = header.prev;
    frame.seq = header.seq;
    frame.inc = header.inc;
    frame.reg = header.reg;
    for (trust::Item const& item : header.items) {
        frame.items.push_back(item.id);
        if (facts.rows.contains(item.id)) continue;
        if (item.kind == trust::Item::Kind::Revision) {
            facts.rows.emplace(item.id, trust::decodeRevision((*node.machine)->revisionBytes(item.id).value()).value());
        } else {
            Bytes const record = (*node.machine)->recordBytes(item.id)->bytes;
            facts.rows.emplace(item.id, trust::decodeRecord(record).value());
            if (header.scope.isRegistry()) learnEntry(item.id, record);
        }
    }
    facts.frames.emplace(id, frame);
    deliver(node, id, true);
}

void StoreWorld::learnEntry(ObjectId const& id, Bytes const& bytes) {
    using What = EntryFact::What;
    Record const record = trust::decodeRecord(bytes).value();
    auto const proposal = trust::proposalFrom(record.body).value();
    json::Value const parsed = json::parse(proposal.act).value();
    json::Object const& act = *parsed.asObject();
    EntryFact entry;
    entry.id = id;
    if (record.reg) {
        entry.below = record.reg->hash;
        entry.number = record.reg->seq + 1;
        entry.seen = trust::registryPointFrom(*act.find("reg"))->hash;
    }
    entry.time = record.time;
    entry.signerPerson = record.by.person;
    entry.signer = record.by.device;
    for (auto const& agreement : proposal.agreed) entry.agreed.emplace_back(agreement.person, agreement.device);
    if (auto person = PersonId::parse(textAt(act, "person"))) entry.person = *person;
    entry.grant = idAt<ObjectId>(act, "grant");
    entry.device = idAt<DeviceId>(act, "device");
    entry.delegable = act.find("delegable") != nullptr;
    if (auto from = parseInstant(textAt(act, "from"))) entry.from = *from;
    if (act.find("until") != nullptr) entry.until = parseInstant(textAt(act, "until"));
    if (auto scope = Scope::parse(textAt(act, "scope"))) entry.role = Role{textAt(act, "role"), *scope};
    if (auto const* cuts = json::arrayAt(act, "cuts")) {
        for (json::Value const& value : *cuts) {
            json::Object const& cut = *value.asObject();
            entry.cuts.push_back(
                {idAt<DeviceId>(cut, "device"), *Scope::parse(textAt(cut, "scope")), idAt<FrameId>(cut, "frame")});
        }
    }
    if (auto const* persons = json::arrayAt(act, "persons")) {
        for (json::Value const& value : *persons) entry.persons.push_back(*PersonId::parse(*value.asString()));
        entry.threshold = static_cast<std::size_t>(*json::integerAt(act, "threshold"));
    }
    std::string const name = textAt(act, "act");
    auto const keyOf = [](json::Object const& object) {
        return trust::deviceIdOf(trust::PublicKey::fromHex(textAt(object, "key")).value());
    };
    if (name == "root" && !record.reg) {
        entry.what = What::Found;
        entry.device = keyOf(act);
    } else if (name == "device") {
        entry.what = What::Enrol;
        json::Value const request = json::parse(textAt(act, "request")).value();
        entry.device = keyOf(*request.asObject());
        entry.person = PersonId::parse(textAt(*request.asObject(), "person")).value();
    } else if (name == "server") {
        entry.what = What::EnrolServer;
        entry.device = keyOf(act);
    } else if (name == "grant") {
        entry.what = What::Grant;
    } else if (name == "delegate") {
        entry.what = What::Delegate;
    } else if (name == "revoke") {
        entry.what = act.find("grant") != nullptr ? What::RevokeGrant : What::RevokeDevice;
    } else if (name == "admin") {
        entry.what = What::Admins;
    }
    facts.entries.emplace(id, std::move(entry));
}

// -------------------------------------------------------------------------------------------------------- the model's

bool StoreWorld::mayStore(Node& node, FrameFact const& frame) {
    if (frame.scope.isRegistry() && frame.seq == 1) return true;
    if (!node.registry) node.registry = std::make_shared<RegistryModel>(Model(facts, paths, node.held).registry());
    return node.registry->mayStore(frame.device, frame.scope);
}
void StoreWorld::apply(Node& node, FrameId const& id) {
    if (!node.held.applied.insert(id).second) return;
    if (facts.frames.at(id).scope.isRegistry()) node.registry.reset();
}
void StoreWorld::deliver(Node& node, FrameId const& first, bool withPayload) {
    std::vector<std::pair<FrameId, bool>> open{{first, withPayload}};
    while (!open.empty()) {
        auto const [id, hasPayload] = open.back();
        open.pop_back();
        FrameFact const& frame = facts.frames.at(id);
        if (!node.held.headers.contains(id)) {
            bool const isOwn = frame.device == node.machine->device();
            if (!isOwn && !mayStore(node, frame)) continue;
            if (frame.prev && !node.held.headers.contains(*frame.prev)) {
                node.inbox.emplace(id, hasPayload);  // the first one that came is kept
                continue;
            }
            node.held.headers.insert(id);
            for (auto const& waiting : node.inbox) {
                if (facts.frames.at(waiting.first).prev == id) open.push_back(waiting);
            }
            for (auto const& taken : open) node.inbox.erase(taken.first);
        }
        if (hasPayload) apply(node, id);
    }
}

// ----------------------------------------------------------------------------------------------------------- the road

void StoreWorld::carry(Node& from, Node& to, Road const& road, bool everything) {
    auto frames = from.machine->framesFor(everything ? std::vector<trust::FeedTip>() : (*to.machine)->tips());
    if (road.shuffled) {
        for (std::size_t left = frames.size(); left > 1; --left) std::swap(frames[left - 1], frames[below(left)]);
    }
    std::erase_if(frames, [&](auto const&) { return chance(road.dropPercent); });
    if (road.twice) {
        auto const once = frames;
        frames.insert(frames.end(), once.begin(), once.end());
    }
    std::size_t const perBatch = frames.size() / std::max<std::size_t>(road.batches, 1) + 1;
    for (std::size_t begin = 0; begin < frames.size(); begin += perBatch) {
        std::vector<trust::TravellingFrame> batch(
            frames.begin() + static_cast<std::ptrdiff_t>(begin),
            frames.begin() + static_cast<std::ptrdiff_t>(std::min(begin + perBatch, frames.size())));
        struct Expected {
            FrameId id;
            bool withPayload;
        };
        std::vector<Expected> registry, others;
        for (auto& frame : batch) {
            FrameId const id = hashAs<FrameId>(frame.header);
            if (frame.payload && chance(road.withholdPercent)) frame.payload.reset();
            bool isUseless = false, hasPayload = frame.payload.has_value();
            if (road.damaged && chance(20)) {
                switch (below(3)) {
                    case 0:
                        frame.header[below(frame.header.size())] ^= 1U;
                        isUseless = true;
                        break;
                    case 1:
                        frame.signature.raw[below(64)] ^= 1U;
                        isUseless = !to.held.headers.contains(id);
                        hasPayload = false;
                        break;
                    default:
                        if (frame.payload) frame.payload->bytes[below(frame.payload->bytes.size())] ^= 1U;
                        hasPayload = false;
                        break;
                }
            }
            if (isUseless) continue;
            (facts.frames.at(id).scope.isRegistry() ? registry : others).push_back({id, hasPayload});
        }
        std::stable_sort(registry.begin(), registry.end(), [&](Expected const& a, Expected const& b) {
            return facts.frames.at(a.id).seq < facts.frames.at(b.id).seq;
        });
        for (Expected const& each : registry) deliver(to, each.id, each.withPayload);
        for (Expected const& each : others) deliver(to, each.id, each.withPayload);
        std::size_t const offered = batch.size();
        auto const answers = (*to.machine)->import(std::move(batch), from.name, {});
        ensure(answers.size() == offered, "each frame gets an answer");
    }
}

void StoreWorld::meet() {
    for (int round = 0; round < 12; ++round) {
        bool moved = false;
        for (auto& from : m_nodes) {
            for (auto& to : m_nodes) {
                if (from == to) continue;
                Held const before = to->held;
                carry(*from, *to, {}, true);
                moved = moved || !(before == to->held);
            }
        }
        if (!moved) return;
    }
}

StoreWorld::Image StoreWorld::image(Node& node, bool withGuard) {
    Image image{std::make_unique<TemporaryFolder>("spiral-image"), node.held, node.inbox};
    node.view.reset();
    node.machine->saveImage(image.folder->path() / "disk", withGuard);
    openView(node);
    return image;
}
void StoreWorld::restore(Node& node, Image const& from) {
    node.view.reset();
    node.machine->restoreImage(from.folder->path() / "disk");
    openView(node);
    node.held = from.held;
    node.inbox = from.inbox;
    node.registry.reset();
}

// --------------------------------------------------------------------------------------------------------- comparing

std::vector<std::string> StoreWorld::dump(Node& node) {
    std::vector<std::string> lines;
    node.view->catchUp();
    node.view->dump([&](std::string_view line) { lines.emplace_back(line); });
    return lines;
}
std::vector<std::string> StoreWorld::dumpRebuilt(Node& node) {
    node.view->rebuild();
    return dump(node);
}

std::string StoreWorld::compare(Node& node) {
    auto const brief = [](auto const& id) { return id.hex().substr(0, 8); };
    std::string const on = "on " + node.name + ": ";
    replica::Replica& store = **node.machine;
    for (auto const& [id, frame] : facts.frames) {
        auto const bytes = store.frameBytes(id);
        bool const isHeld = node.held.headers.contains(id), isApplied = node.held.applied.contains(id);
        if (bytes.has_value() != isHeld)
            return on + "frame " + brief(id) + (isHeld ? " is missing" : " should not be held");
        if (bytes && bytes->applied != isApplied)
            return on + "rows of frame " + brief(id) + (isApplied ? " are missing" : " should not be there");
    }
    node.view->catchUp();
    Model model(facts, paths, node.held);
    CycleModel const cycles(facts, model);
    countCycles(cycles, met);
    std::set<std::string> types;
    for (auto const& [id, object] : facts.rows) {
        auto const* revision = std::get_if<Revision>(&object);
        if (revision != nullptr && model::TypeCatalogue::builtIn().find(revision->type) != nullptr)
            types.insert(revision->type);
    }
    auto const counts = model.counts(types);
    std::map<Count, std::int64_t> sums;
    for (auto const& [id, expected] : counts) {
        auto const item = node.view->item(id);
        if (!item) return on + "item " + brief(id) + " is not shown";
        ++sums[item->count];
        auto const* record = std::get_if<Record>(&facts.rows.at(id));
        std::string const what = on + (record != nullptr ? record->kind : "revision") + " " + brief(id);
        bool const isActThatStands = record != nullptr && expected == ItemCount::Current;
        bool const isStanding =
            item->count == Count::Current || item->count == Count::Superseded || item->count == Count::Different;
        if (isActThatStands ? !isStanding : std::string(nameOf(item->count)) != nameOf(expected))
            return what + ": counted as " + std::string(nameOf(item->count)) + " " + item->verdict + " " +
                   item->reason + ", model " + nameOf(expected);
        if (!model.rows().contains(id)) continue;
        Opinion const& opinion = model.opinion(id);
        bool const explained = opinion.stands() || opinion.reasons.contains(item->reason);
        if (item->verdict != trust::nameOf(opinion.verdict) || !explained) {
            std::string text = what + ": " + item->verdict + " " + item->reason + ", model " +
                               std::string(trust::nameOf(opinion.verdict));
            for (std::string const& reason : opinion.reasons) text += " " + reason;
            return text;
        }
    }
    auto const status = node.view->status();
    std::int64_t sum = 0;
    for (auto const& [count, items] : status.items) {
        sum += items;
        if (items != sums[count]) return on + "the sum of " + std::string(nameOf(count));
    }
    if (status.total != static_cast<std::int64_t>(counts.size()) || sum != status.total)
        return on + "counts sum to " + std::to_string(sum) + " of " + std::to_string(counts.size()) + " items";
    for (auto const& [key, rows] : model.documents()) {
        auto const heads = model.heads(key);
        auto const listed = node.view->document({key.first, key.second});
        if (!listed) return on + "document " + brief(key.second) + " is not shown";
        if (heads != std::set<ObjectId>(listed->row.heads.begin(), listed->row.heads.end()))
            return on + "heads of document " + brief(key.second);
        int open = 0;
        for (auto const& [field, sides] : model.fields(key)) open += sides.size() > 1 ? 1 : 0;
        if (open != listed->row.differences ||
            open != static_cast<int>(node.view->differences({key.first, key.second}).size()))
            return on + "differences of document " + brief(key.second);
    }
    std::set<std::set<FrameId>> forks, branches;
    for (auto const& siblings : model.forks()) forks.insert(siblings);
    for (replica::Fork const& fork : node.view->forks()) branches.insert({fork.branches.begin(), fork.branches.end()});
    if (forks != branches) return on + "the branches shown";
    Shown shown;
    for (replica::ListedDocument const& listed : node.view->list({})) {
        auto const read = node.view->facts(listed.key());
        shown[{listed.scope, listed.doc}] = {listed.row, listed.begun, read ? read->expectedBy : std::vector<replica::Expected>()};
    }
    auto const difference = cycleDifference(facts, cycles, model, shown);
    return difference.empty() ? difference : on + difference;
}

}  // namespace spiral::sim
