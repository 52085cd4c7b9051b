#include "office_impl.h"

#include "base/sha256.h"

#include <algorithm>

namespace spiral::office {

Path keyFile(Path const& replicaFolder) { return replicaFolder / "keys" / kKeyFile; }

Result<std::unique_ptr<Office>> Office::open(Path const& folder, World world, replica::Access access, Unlock unlock,
                                             Progress progress) {
    auto replica = replica::Replica::open(folder, world, access);
    if (!replica) return replica.error();
    try {
        // Said until other replicas have told what may be missing, not only by the one opening that found it.
        if (access == replica::Access::Write && (*replica)->guard() == replica::GuardFinding::Restored) {
            (*replica)->setNote(kRestoredNote, toText(world.wall.now()));
        }
        auto office = std::make_unique<TheOffice>(std::move(*replica), std::move(unlock), std::move(progress));
        office->catchUp();
        return std::unique_ptr<Office>(std::move(office));
    } catch (replica::SqliteError const& error) {
        return error.toError();
    }
}

TheOffice::TheOffice(std::unique_ptr<replica::Replica> replica, Unlock unlock, Progress progress)
    : m_replica(std::move(replica)),
      m_unlock(std::move(unlock)),
      m_progress(std::move(progress)),
      m_attachments(m_replica->folder() / "attachments", m_replica->world().files) {
    m_definitions.follow(m_replica->registry());
    m_view = replica::View::open(*m_replica, m_projector);
    m_viewMadeFor = m_definitions.added();
}

void TheOffice::tell(std::uint64_t done, std::uint64_t of, std::string_view what) const {
    if (m_progress) m_progress(done, of, what);
}

void TheOffice::catchUp() {
    m_definitions.follow(m_replica->registry());
    if (m_definitions.added() != m_viewMadeFor) {
        // Documents that nobody could read are read now: the view is another one.
        m_search.reset();
        m_view = replica::View::open(*m_replica, m_projector);
        m_viewMadeFor = m_definitions.added();
    }
    m_view->catchUp([this](std::int64_t done, std::int64_t of) {
        tell(static_cast<std::uint64_t>(done), static_cast<std::uint64_t>(of), "view");
    });
    m_names.reset();
    m_sharedIds.reset();
    m_viewIsBehind = false;
}

void TheOffice::followWhatWasWritten() {
    m_viewIsBehind = true;
    try {
        catchUp();
    } catch (replica::SqliteError const&) {
    }
}

void TheOffice::rebuild() {
    m_view->rebuild([this](std::int64_t done, std::int64_t of) {
        tell(static_cast<std::uint64_t>(done), static_cast<std::uint64_t>(of), "view");
    });
}

std::vector<replica::SearchHit> TheOffice::search(std::string_view words) {
    if (!m_search) m_search = replica::Search::open(*m_replica, view());
    m_search->catchUp([this](std::int64_t done, std::int64_t of) {
        tell(static_cast<std::uint64_t>(done), static_cast<std::uint64_t>(of), "search");
    });
    return m_search->find(words);
}

Result<trust::Signer*> TheOffice::signer() {
    if (!m_signer) {
        auto unlocked = m_unlock(m_replica->folder(), m_replica->deviceKey());
        if (!unlocked) return unlocked.error();
        m_signer = std::move(*unlocked);
    }
    return m_signer.get();
}

Result<PersonId> TheOffice::me() const {
    auto person = m_replica->person();
    if (!person) {
        return makeError(ErrorCode::WrongState, "device.not-enrolled", "this device is not enrolled in a college yet");
    }
    return *person;
}

// --- names -------------------------------------------------------------------------------------------------------------

std::string Names::person(PersonId const& id) const {
    auto const found = persons.find(id.text());
    return found != persons.end() ? found->second : id.text().substr(0, 8);
}

std::string Names::device(DeviceId const& id) const {
    auto const found = devices.find(id.hex());
    return found != devices.end() ? found->second : id.hex().substr(0, 8);
}

std::string Names::unit(std::string_view id) const {
    auto const found = units.find(std::string(id));
    return found != units.end() ? found->second : std::string(id);
}

Names const& TheOffice::names() {
    if (m_names) return *m_names;
    Names names;
    auto const& registry = m_replica->registry();
    if (!registry.empty()) {
        for (auto const& person : registry.persons()) {
            auto const target = registry.personDocument(person);
            auto const bytes = target ? m_replica->revisionBytes(target->id) : std::nullopt;
            auto const revision = bytes ? trust::decodeRevision(*bytes) : Result<trust::Revision>(Error{});
            if (!revision) continue;
            if (auto const* name = json::stringAt(revision->fields, "name")) names.persons[person.text()] = *name;
        }
        // Numbered in the order in which they were enrolled.
        auto devices = registry.devices();
        std::stable_sort(devices.begin(), devices.end(), [](auto const& a, auto const& b) { return a.since < b.since; });
        std::map<std::string, int> devicesOf;
        for (auto const& device : devices) {
            if (device.kind != trust::Device::Kind::Person) {
                // Nobody sits behind it: the machine has the name.
                std::string const name = device.name.empty() ? device.id.hex().substr(0, 8) : device.name;
                names.persons[device.person.text()] = name;
                names.devices[device.id.hex()] = name;
                continue;
            }
            int const number = ++devicesOf[device.person.text()];
            names.devices[device.id.hex()] = names.person(device.person) + " #" + std::to_string(number);
        }
        for (auto const& unit : registry.units()) names.units[unit.id] = unit.name;
    }
    m_names = std::move(names);
    return *m_names;
}

// --- writing -----------------------------------------------------------------------------------------------------------

Result<replica::NewRow> TheOffice::revisionRow(Scope const& scope, NewRevision const& draft) {
    auto person = me();
    if (!person) return person.error();
    trust::Revision revision;
    revision.school = registry().school();
    revision.scope = scope;
    revision.doc = draft.doc;
    revision.type = draft.type;
    revision.parents = draft.parents;
    std::sort(revision.parents.begin(), revision.parents.end());
    revision.parents.erase(std::unique(revision.parents.begin(), revision.parents.end()), revision.parents.end());
    // More versions stand side by side than one revision may follow: it follows as many as it may, and says the same as
    // the others where it agrees with them. Each save or choice leaves fewer, so that nobody can block a document.
    if (revision.parents.size() > trust::kParentsMax) revision.parents.resize(trust::kParentsMax);
    revision.fields = draft.fields;
    revision.files = draft.files;
    std::sort(revision.files.begin(), revision.files.end(), [](auto const& a, auto const& b) { return a.sha256 < b.sha256; });
    revision.files.erase(std::unique(revision.files.begin(), revision.files.end(),
                                     [](auto const& a, auto const& b) { return a.sha256 == b.sha256; }),
                         revision.files.end());
    revision.by = {*person, m_replica->device()};
    // What was built upon came before, whatever our clock says.
    for (auto const& parent : revision.parents) {
        if (auto const item = view().item(parent)) m_replica->clock().observe({item->time, item->counter});
    }
    revision.time = m_replica->clock().next();
    revision.nonce = m_replica->world().random.token<Nonce>();
    if (auto fits = json::check(revision.fields); !fits) return fits.error();
    auto const* type = m_definitions.type(draft.type);
    if (auto const why = model::tooMuchToMerge(revision.fields, type ? type->mergeRules() : model::MergeRules{})) {
        return makeError(ErrorCode::TooLarge, "revision." + std::string(*why), "");
    }
    std::string bytes = trust::encode(revision);
    if (bytes.size() > trust::kObjectBytesMax) {
        return makeError(ErrorCode::TooLarge, "revision.too-large", "a document has at most 1 MiB of text");
    }
    if (auto const readable = trust::decodeRevision(asBytes(bytes)); !readable) return readable.error();
    ObjectId const id = hashAs<ObjectId>(asBytes(bytes));
    return replica::NewRow{{trust::Item::Kind::Revision, id}, std::move(bytes), std::nullopt};
}

trust::Judgement TheOffice::foresee(Scope const& scope, DocumentId const& doc, replica::NewRow const& row) {
    std::vector<trust::Row> rows;
    if (auto facts = view().facts({scope, doc})) rows = std::move(facts->rows);
    trust::Row fresh;
    fresh.id = row.item.id;
    if (row.item.kind == trust::Item::Kind::Revision) {
        auto revision = trust::decodeRevision(asBytes(row.bytes));
        if (revision) fresh.object = std::move(*revision);
        else fresh.object = trust::Unread{};
    } else {
        auto record = trust::decodeRecord(asBytes(row.bytes));
        if (record) fresh.object = std::move(*record);
        else fresh.object = trust::Unread{};
    }
    trust::Place place;
    place.device = m_replica->device();
    place.scope = scope;
    place.school = registry().school();
    place.reg = registry().head();
    place.seq = UINT32_MAX;
    fresh.places.push_back(place);
    ObjectId const id = fresh.id;
    rows.insert(std::lower_bound(rows.begin(), rows.end(), id, [](trust::Row const& a, ObjectId const& b) { return a.id < b; }),
                std::move(fresh));
    auto const judged = trust::judgeDocument(rows, registry(), [this](DeviceId const& device, Scope const& in,
                                                                      FrameId const& frame, FrameId const& cut) {
        return m_replica->standsBelow(device, in, frame, cut);
    });
    auto const found = judged.find(id);
    return found == judged.end() ? trust::Judgement{} : found->second;
}

Error refusal(trust::Judgement const& judgement) {
    auto const code = judgement.verdict == trust::Verdict::Waiting ? ErrorCode::Waiting : ErrorCode::Refused;
    return makeError(code, "authority." + judgement.reason, judgement.about);
}

Result<ObjectId> TheOffice::sealRevision(Scope const& scope, NewRevision const& draft) {
    auto row = revisionRow(scope, draft);
    if (!row) return row.error();
    auto const judgement = foresee(scope, draft.doc, *row);
    // A clock that runs ahead may put the text past the end of a grant. Nothing typed is refused for that: it is kept,
    // counted as quarantined with the reason, and can be admitted.
    bool const onlyTheClock = judgement.verdict == trust::Verdict::Quarantined && judgement.reason == "outside-interval";
    if (!trust::stands(judgement.verdict) && !onlyTheClock) return refusal(judgement);
    auto key = signer();
    if (!key) return key.error();
    auto sealed = m_replica->seal(scope, {*row}, **key, [&] { m_replica->dropDraft({scope, draft.doc}); });
    if (!sealed) return sealed.error();
    followWhatWasWritten();
    return row->item.id;
}

Result<replica::NewRow> TheOffice::recordRow(std::string_view kind, Scope const& scope, std::optional<trust::Target> const& of,
                                             json::Object const& body, DocumentId const& doc) {
    auto person = me();
    if (!person) return person.error();
    auto key = signer();
    if (!key) return key.error();
    trust::Record record;
    record.school = registry().school();
    record.scope = scope;
    record.kind = std::string(kind) + ".v1";
    record.by = {*person, m_replica->device()};
    record.of = of;
    record.body = body;
    record.reg = registry().head();
    record.time = m_replica->world().wall.now();
    record.nonce = m_replica->world().random.token<Nonce>();
    if (auto fits = json::check(record.body); !fits) return fits.error();

    // The narrowest role that authority accepts: a unit's before the whole college's.
    std::vector<trust::Grant> grants = registry().grantsOf(*person);
    std::erase_if(grants, [&](trust::Grant const& grant) { return !grant.role.scope.covers(scope); });
    std::stable_sort(grants.begin(), grants.end(), [](auto const& a, auto const& b) {
        return a.role.scope.isUnit() > b.role.scope.isUnit();
    });
    std::optional<Error> why;
    for (auto const& grant : grants) {
        record.role = grant.role;
        std::string bytes = trust::encode(record);
        if (bytes.size() > trust::kObjectBytesMax) return makeError(ErrorCode::TooLarge, "record.too-large", "");
        ObjectId const id = hashAs<ObjectId>(asBytes(bytes));
        replica::NewRow row{{trust::Item::Kind::Record, id}, std::move(bytes), trust::Signature{}};
        auto const judgement = foresee(scope, doc, row);
        if (!trust::stands(judgement.verdict)) {
            // Of several reasons the one that says most: that the role may do it, but not this person here.
            if (!why || why->reason == "authority.role-not-allowed") why = refusal(judgement);
            continue;
        }
        auto signature = (*key)->sign(trust::nameSpaceFor(record.kind, registry().domain()), asBytes(row.bytes));
        if (!signature) return signature.error();
        row.signature = *signature;
        return row;
    }
    if (why) return *why;
    return makeError(ErrorCode::Refused, "authority.no-grant", scope.text());
}

}  // namespace spiral::office
