#include "office/takeover.h"

#include "evidence_pack.h"
#include "office/fields.h"
#include "office/units.h"
#include "replica/attachments.h"
#include "responsible.h"

#include "base/sha256.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <tuple>

namespace spiral::office {

namespace {

constexpr std::string_view kRegistryFile = "registry.history", kFolder = "documents", kFiles = "files";
constexpr std::string_view kSuffix = ".history";
constexpr int kRoundsMax = 99;
/// What work that was closed over there becomes here: something to be read.
constexpr std::string_view kArchiveType = "report.v1";

std::optional<ObjectId> idAt(json::Object const& object, std::string_view key) {
    auto const* text = json::stringAt(object, key);
    return text ? ObjectId::fromHex(*text) : std::nullopt;
}

json::Object originOf(SchoolId const& school, DocumentKey const& from, ObjectId const& revision) {
    return {
        {"doc", from.doc.hex()}, {"revision", revision.hex()}, {"school", school.hex()}, {"scope", from.scope.text()}};
}

/// What the file is about, as whoever wrote it says.
std::optional<json::Object> headOf(std::vector<PackedBlock> const& blocks) {
    if (blocks.empty() || blocks.front().letter != 'h') return std::nullopt;
    auto head = json::parse(blocks.front().bytes);
    if (!head || !head->asObject()) return std::nullopt;
    return *head->asObject();
}

/// The old college: its registry, and the names that it cites.
struct OldCollege {
    trust::Registry registry;
    std::map<PersonId, std::string> names;
};

Result<OldCollege> collegeFrom(std::string_view text) {
    auto const blocks = unpacked(text);
    if (!blocks) return blocks.error();
    auto const head = headOf(*blocks);
    auto const school = head ? idAt(*head, "school") : std::nullopt;
    if (!school) return makeError(ErrorCode::Malformed, "takeover.registry", "school");
    OldCollege college{trust::Registry(*school), {}};
    std::map<ObjectId, std::string const*> cited;
    for (auto const& block : *blocks) {
        if (block.letter == 'd') cited.emplace(hashAs<ObjectId>(asBytes(block.bytes)), &block.bytes);
        if (block.letter != 'e') continue;
        auto const added = college.registry.add(asBytes(block.bytes), *block.signature);
        bool const in = added.added == trust::Registry::Added::Appended || added.added == trust::Registry::Added::Known;
        if (!in) return makeError(ErrorCode::Refused, "takeover.registry", added.reason);
    }
    if (college.registry.empty()) return makeError(ErrorCode::Refused, "takeover.registry", "empty");
    for (auto const& person : college.registry.persons()) {
        auto const target = college.registry.personDocument(person);
        auto const found = target ? cited.find(target->id) : cited.end();
        if (found == cited.end()) continue;
        auto const revision = trust::decodeRevision(asBytes(*found->second));
        if (revision) college.names[person] = textOf(revision->fields, "name");
    }
    return college;
}

/// Checks what lies in one document's file against the registry of its college.
class Proving {
public:
    Proving(OldCollege const& college, std::vector<PackedBlock> const& blocks) : m_college(college), m_blocks(blocks) {
        for (auto const& block : blocks) {
            if (block.letter == 'f') takeFrame(block);
        }
    }

    OldHistory history(DocumentKey const& from, ObjectId const& revision) {
        OldHistory history;
        history.school = m_college.registry.school();
        history.college = m_college.registry.college();
        history.from = from;
        history.revision = revision;
        history.why = "revision";
        for (auto const& block : m_blocks) {
            if (block.letter == 'd') takeRevision(block, history);
            if (block.letter == 'r') takeRecord(block, history);
        }
        std::sort(history.items.begin(), history.items.end(),
                  [](OldItem const& a, OldItem const& b) { return std::tie(a.time, a.id) < std::tie(b.time, b.id); });
        return history;
    }
    /// The fields of a revision that was proven.
    std::map<ObjectId, trust::Revision> revisions;

private:
    void takeFrame(PackedBlock const& block) {
        auto const header = trust::decodeFrameHeader(asBytes(block.bytes));
        if (!header || header->school != m_college.registry.school()) return;
        auto const* key = m_college.registry.keyOf(header->device);
        auto const nameSpace = trust::nameSpaceFor("frame", m_college.registry.domain());
        if (!key || !trust::verify(*key, nameSpace, asBytes(block.bytes), *block.signature)) return;
        for (auto const& item : header->items) m_written[item.id].insert({header->device, header->scope});
    }
    [[nodiscard]] bool isWritten(ObjectId const& id, DeviceId const& device, Scope const& scope) const {
        auto const found = m_written.find(id);
        return found != m_written.end() && found->second.contains({device, scope});
    }
    [[nodiscard]] std::string whoFaults(trust::Author const& by) const {
        auto const* device = m_college.registry.device(by.device);
        return !device || device->person != by.person ? "device-unknown" : "";
    }
    OldItem itemFrom(ObjectId const& id, std::string kind, trust::Author const& by, Instant time) const {
        OldItem item;
        item.id = id;
        item.kind = std::move(kind);
        item.person = by.person;
        item.time = time;
        if (auto const name = m_college.names.find(by.person); name != m_college.names.end()) item.name = name->second;
        item.deviceRevoked = !m_college.registry.revocationsOf(by.device).empty();
        return item;
    }

    void takeRevision(PackedBlock const& block, OldHistory& history) {
        auto decoded = trust::decodeRevision(asBytes(block.bytes));
        if (!decoded) return;
        ObjectId const id = hashAs<ObjectId>(asBytes(block.bytes));
        OldItem item = itemFrom(id, decoded->type, decoded->by, decoded->time.wall);
        item.why = whoFaults(decoded->by);
        bool const ofIt = decoded->school == history.school && decoded->scope == history.from.scope &&
                          (decoded->doc == history.from.doc || asksFor({decoded->scope, decoded->doc}, history.from));
        if (!ofIt)
            item.why = "other-document";
        else if (item.why.empty() && !isWritten(id, decoded->by.device, decoded->scope))
            item.why = "no-frame";
        item.proven = item.why.empty();
        if (item.proven && id == history.revision) {
            history.proven = true;
            history.why.clear();
        }
        if (item.proven) revisions.emplace(id, std::move(*decoded));
        history.items.push_back(std::move(item));
    }

    void takeRecord(PackedBlock const& block, OldHistory& history) const {
        auto const decoded = trust::decodeRecord(asBytes(block.bytes));
        if (!decoded) return;
        OldItem item = itemFrom(hashAs<ObjectId>(asBytes(block.bytes)), decoded->kind, decoded->by, decoded->time);
        item.isAct = true;
        item.role = decoded->role.text();
        item.comment = textOf(decoded->body, "comment");
        item.why = whoFaults(decoded->by);
        auto const* key = m_college.registry.keyOf(decoded->by.device);
        auto const nameSpace = trust::nameSpaceFor(decoded->kind, m_college.registry.domain());
        if (!key || !trust::verify(*key, nameSpace, asBytes(block.bytes), *block.signature)) item.why = "signature";
        bool const ofIt = decoded->school == history.school && decoded->of &&
                          decoded->of->scope == history.from.scope && decoded->scope == history.from.scope;
        if (!ofIt) item.why = "other-document";
        auto const& grants = m_college.registry.grantsOf(decoded->by.person);
        bool const inRole = std::any_of(grants.begin(), grants.end(), [&](trust::Grant const& grant) {
            return grant.role == decoded->role && grant.role.scope.covers(decoded->scope) &&
                   grant.from <= decoded->time && (!grant.until || decoded->time < *grant.until);
        });
        if (item.why.empty() && !inRole) item.why = "not-in-role";
        item.proven = item.why.empty();
        history.items.push_back(std::move(item));
    }

    /// A rectification that nobody had begun has no revision of its own: the document that asks for it is its origin.
    [[nodiscard]] static bool asksFor(DocumentKey const& asking, DocumentKey const& asked) {
        for (int round = 1; round <= kRoundsMax; ++round) {
            auto const id = engine::expectedId(asking, "rectification", "#" + std::to_string(round), "", asked.scope);
            if (id == asked.doc) return true;
        }
        return false;
    }

    OldCollege const& m_college;
    std::vector<PackedBlock> const& m_blocks;
    std::map<ObjectId, std::set<std::pair<DeviceId, Scope>>> m_written;
};

// --- out ---

class Exporting {
public:
    Exporting(Office& office, Path const& folder)
        : m_office(office),
          m_files(office.replica().world().files),
          m_folder(folder),
          m_attachments(office.replica().folder() / "attachments", m_files) {}

    Result<TakeoverExported> run(std::vector<std::string> const& units) {
        auto const& registry = m_office.registry();
        m_done.school = registry.school();
        for (auto const* each : {&kFolder, &kFiles}) {
            if (auto made = m_files.makeFolder(m_folder / *each, FileMode::Private); !made) return made.error();
        }
        if (auto written = writeRegistry(); !written) return written.error();
        for (auto const& unit : units) {
            replica::ListFilter filter;
            filter.scope = Scope::unit(unit);
            for (auto const& listed : m_office.list(filter)) {
                if (auto written = write(listed); !written) return written.error();
            }
        }
        return std::move(m_done);
    }

private:
    Result<void> put(Path const& file, std::vector<PackedBlock> const& blocks) {
        return m_files.replace(file, asBytes(packed(blocks)), FileMode::Private);
    }

    Result<void> writeRegistry() {
        auto const& registry = m_office.registry();
        auto& replica = m_office.replica();
        json::Object const head{{"college", registry.college()},
                                {"domain", registry.domain()},
                                {"school", registry.school().hex()},
                                {"sort", "registry"}};
        std::vector<PackedBlock> blocks{{'h', json::encode(head), {}}};
        for (auto const& [id, record] : registry.chain()) {
            auto const bytes = replica.recordBytes(id);
            if (!bytes) return makeError(ErrorCode::NotFound, "item.missing", id.hex());
            blocks.push_back({'e', toText(bytes->bytes), bytes->signature});
        }
        for (auto const& person : registry.persons()) {
            auto const target = registry.personDocument(person);
            auto const bytes = target ? replica.revisionBytes(target->id) : std::nullopt;
            if (bytes) blocks.push_back({'d', toText(*bytes), {}});
        }
        return put(m_folder / kRegistryFile, blocks);
    }

    /// Revisions and acts that take part, and the frames in which they were written.
    void addSigned(DocumentKey const& document, std::vector<PackedBlock>& blocks) {
        auto& replica = m_office.replica();
        std::set<FrameId> frames;
        std::vector<PackedBlock> rows;
        for (auto const& item : m_office.view().items(document)) {
            if (!takesPart(item)) continue;
            if (item.item.kind == trust::Item::Kind::Revision) {
                auto const bytes = replica.revisionBytes(item.item.id);
                if (!bytes) continue;
                rows.push_back({'d', toText(*bytes), {}});
                ++m_done.revisions;
            } else {
                auto const bytes = replica.recordBytes(item.item.id);
                if (!bytes) continue;
                rows.push_back({'r', toText(bytes->bytes), bytes->signature});
                ++m_done.acts;
            }
            frames.insert(item.frame);
        }
        for (auto const& frame : frames) {
            auto const bytes = replica.frameBytes(frame);
            if (bytes) blocks.push_back({'f', toText(bytes->header), bytes->signature});
        }
        blocks.insert(blocks.end(), rows.begin(), rows.end());
    }

    Result<void> write(replica::ListedDocument const& listed) {
        auto const shown = m_office.show(listed.key());
        if (!shown) {
            m_done.notes.push_back({listed.row.title, {}, shown.error().reason, true});
            return {};
        }
        json::Object head{{"doc", listed.doc.hex()}, {"school", m_done.school.hex()}, {"scope", listed.scope.text()},
                          {"sort", "document"},      {"state", listed.row.state},     {"title", listed.row.title},
                          {"type", listed.row.type}};
        if (listed.row.closed) head.set("closed", true);
        if (listed.row.due) head.set("due", toText(*listed.row.due));
        std::vector<PackedBlock> blocks{{'h', {}, {}}};
        if (!listed.begun) return writeAsked(listed, *shown, std::move(head), std::move(blocks));
        if (shown->merged.heads.size() != 1 || !shown->differences.empty()) {
            m_done.notes.push_back({listed.row.title, {}, "takeover.differences", true});
            return {};
        }
        if (shown->draft) m_done.notes.push_back({listed.row.title, {}, "takeover.draft", false});
        head.set("revision", shown->merged.heads.front().hex());
        json::Array files;
        for (auto const& file : shown->files) {
            if (auto kept = keep(listed, file); !kept) return kept.error();
            files.push_back(trust::toJson(file));
        }
        if (!files.empty()) head.set("files", std::move(files));
        blocks.front().bytes = json::encode(head);
        addSigned(listed.key(), blocks);
        ++m_done.documents;
        return put(m_folder / kFolder / (listed.doc.hex() + std::string(kSuffix)), blocks);
    }

    Result<void> writeAsked(replica::ListedDocument const& listed, DocumentShown const& shown, json::Object head,
                            std::vector<PackedBlock> blocks) {
        bool const isTask = nameWithoutVersion(listed.row.type) == "task";
        auto const facts = m_office.view().facts(listed.key());
        bool const ofUnit =
            facts && !facts->expectedBy.empty() && facts->expectedBy.front().document.scope == listed.scope;
        if (listed.row.closed) return {};
        if (!isTask || !ofUnit || !shown.expected) {
            // A cycle of the old college asks for it: there is nothing of it yet, and the cycle stays there.
            m_done.notes.push_back({listed.row.title, {}, "takeover.asked-by-cycle", false});
            return {};
        }
        head.set("asked", true);
        head.set("fields", shown.merged.fields);
        head.set("revision", shown.expected->by.hex());
        blocks.front().bytes = json::encode(head);
        addSigned(facts->expectedBy.front().document, blocks);
        ++m_done.asked;
        return put(m_folder / kFolder / (listed.doc.hex() + std::string(kSuffix)), blocks);
    }

    Result<void> keep(replica::ListedDocument const& listed, trust::Attachment const& file) {
        if (!m_attachments.holds(file.sha256) || !m_office.replica().fileIsHere(listed.scope, file)) {
            ++m_done.filesMissing;
            m_done.notes.push_back({listed.row.title, file.name, "takeover.file-missing", false});
            return {};
        }
        Path const place = m_folder / kFiles / file.sha256.hex();
        if (m_files.exists(place)) return {};
        if (auto made = m_files.makeFolder(place, FileMode::Private); !made) return made;
        std::string const name = file.name.starts_with('.') ? "_" + file.name : file.name;
        ++m_done.files;
        return m_attachments.extract(file, place / name);
    }

    Office& m_office;
    Files& m_files;
    Path m_folder;
    replica::Attachments m_attachments;
    TakeoverExported m_done;
};

// --- in ---

class Importing {
public:
    Importing(Office& office, TakeoverWanted const& wanted)
        : m_office(office), m_files(office.replica().world().files), m_wanted(wanted) {}

    Result<TakenOver> run() {
        if (!m_files.exists(m_wanted.folder / kRegistryFile))
            return makeError(ErrorCode::NotFound, "takeover.folder-missing", m_wanted.folder.string());
        auto const text = m_files.read(m_wanted.folder / kRegistryFile, kPackBytesMax);
        if (!text) return text.error();
        auto college = collegeFrom(asText(*text));
        if (!college) return college.error();
        m_done.school = college->registry.school();
        m_done.college = college->registry.college();
        if (m_wanted.school && *m_wanted.school != m_done.school)
            return makeError(ErrorCode::Refused, "takeover.other-school", m_done.school.hex());
        if (m_done.school == m_office.registry().school())
            return makeError(ErrorCode::Refused, "takeover.own-school", m_done.school.hex());
        for (auto const& [old, unit] : m_wanted.units) {
            auto const now = unitNow(m_office, unit);
            if (!now) return makeError(ErrorCode::NotFound, "unit.unknown", unit);
            if (now->closed) return makeError(ErrorCode::Refused, "unit.closed", unit);
        }
        for (auto const& name : m_files.list(m_wanted.folder / kFolder)) {
            if (!name.ends_with(kSuffix)) continue;
            if (auto read = readOne(*college, m_wanted.folder / kFolder / name); !read) return read.error();
        }
        std::vector<Office::NewDocument> fresh;
        for (auto& each : m_read) {
            if (auto made = make(each, fresh); !made) return made.error();
        }
        if (!m_wanted.dryRun && !fresh.empty()) {
            if (auto made = m_office.createAll(fresh); !made) return made.error();
        }
        return std::move(m_done);
    }

private:
    struct Read {
        json::Object head;
        DocumentKey from;
        ObjectId revision;
        trust::Revision signedRevision;
        Path file;
        std::string title, type;
        bool mayBeClosed = false;  ///< somebody over there signed an act that closes such a document
    };

    /// Whoever writes the folder says what is closed. Nothing is, unless an act that closes it was signed.
    [[nodiscard]] bool isClosedBy(std::string_view type, OldHistory const& history) const {
        auto const* workflow = m_office.definitions().workflowOf(type);
        return workflow && std::any_of(history.items.begin(), history.items.end(), [&](OldItem const& item) {
                   auto const* action =
                       item.isAct && item.proven ? workflow->action(nameWithoutVersion(item.kind)) : nullptr;
                   auto const* state = action ? workflow->state(action->to) : nullptr;
                   return state && state->closed;
               });
    }

    Result<void> readOne(OldCollege const& college, Path const& file) {
        auto const text = m_files.read(file, kPackBytesMax);
        if (!text) return text.error();
        auto const blocks = unpacked(asText(*text));
        auto const head = blocks ? headOf(*blocks) : std::nullopt;
        auto const doc = head ? DocumentId::fromHex(textOf(*head, "doc")) : std::nullopt;
        auto const scope = head ? Scope::parse(textOf(*head, "scope")) : std::nullopt;
        auto const revision = head ? idAt(*head, "revision") : std::nullopt;
        if (!doc || !scope || !scope->isUnit() || !revision) {
            leaveOut(file.filename().string(), "takeover.form");
            return {};
        }
        Read read{*head, {*scope, *doc}, *revision, {}, file, textOf(*head, "title"), textOf(*head, "type")};
        Proving proving(college, *blocks);
        auto const history = proving.history(read.from, read.revision);
        if (!history.proven) {
            leaveOut(read.title, "takeover.not-proven");
            return {};
        }
        if (!m_wanted.units.contains(std::string(scope->name())))
            return makeError(ErrorCode::Usage, "takeover.unit-not-named", std::string(scope->name()));
        read.signedRevision = proving.revisions.at(read.revision);
        bool const asked = flagOf(read.head, "asked");
        // Nobody has signed the fields of what is asked for: they stand for nothing that somebody did sign.
        if (asked && (nameWithoutVersion(read.type) != "task" || read.signedRevision.doc == read.from.doc)) {
            leaveOut(read.title, "takeover.form");
            return {};
        }
        if (!asked) read.type = read.signedRevision.type;
        read.mayBeClosed = isClosedBy(read.type, history);
        if (!m_coming.insert(read.from).second) {
            leaveOut(read.title, "takeover.twice");
            return {};
        }
        m_read.push_back(std::move(read));
        return {};
    }

    void leaveOut(std::string title, std::string_view code) {
        m_done.notes.push_back({std::move(title), {}, std::string(code), true});
    }
    void letGo(std::string const& title, std::string const& field, std::string_view code) {
        m_done.notes.push_back({title, field, std::string(code), false});
    }
    [[nodiscard]] DocumentKey newKey(DocumentKey const& from) const {
        Scope const scope = Scope::unit(m_wanted.units.at(std::string(from.scope.name())));
        return {scope, takenId(m_done.school, from, scope)};
    }

    /// A value as it can stand here; nothing if it means something only over there.
    std::optional<json::Value> here(model::Field const& field, json::Value const& value, Read const& read,
                                    std::string const& place) {
        switch (field.kind) {
            case model::FieldKind::Unit: {
                auto const* unit = value.asString();
                auto const found = unit ? m_wanted.units.find(*unit) : m_wanted.units.end();
                if (found != m_wanted.units.end()) return json::Value(found->second);
                letGo(read.title, place, "takeover.unit-let-go");
                return std::nullopt;
            }
            case model::FieldKind::Person: letGo(read.title, place, "takeover.person-let-go"); return std::nullopt;
            case model::FieldKind::Reference: {
                auto const to = referenceOf(json::Object{{"r", value}}, "r");
                if (to && m_coming.contains(*to)) {
                    DocumentKey const key = newKey(*to);
                    return json::Value(json::Object{{"doc", key.doc.hex()}, {"scope", key.scope.text()}});
                }
                letGo(read.title, place, "takeover.reference-let-go");
                return std::nullopt;
            }
            case model::FieldKind::Rows: return rowsHere(field, value, read, place);
            case model::FieldKind::Set:
                // The units that share a task; ids of others over there may be other units here.
                if (field.name != "joint") return value;
                letGo(read.title, place, "takeover.unit-let-go");
                return std::nullopt;
            default: return value;
        }
    }
    json::Value rowsHere(model::Field const& field, json::Value const& value, Read const& read,
                         std::string const& place) {
        json::Array rows;
        for (auto const& each : value.asArray() ? *value.asArray() : json::Array()) {
            json::Object row;
            for (auto const& [name, cell] : each.asObject() ? *each.asObject() : json::Object()) {
                auto const* column = field.column(name);
                auto kept = column ? here(*column, cell, read, place + "/" + name) : std::optional(cell);
                if (kept) row.set(name, std::move(*kept));
            }
            rows.emplace_back(std::move(row));
        }
        return json::Value(std::move(rows));
    }

    json::Object fieldsHere(model::DocumentType const& type, Read const& read, DocumentKey const& key) {
        json::Object fields;
        auto const* asked = flagOf(read.head, "asked") ? json::objectAt(read.head, "fields") : nullptr;
        for (auto const& [name, value] : asked ? *asked : read.signedRevision.fields) {
            auto const* field = type.find(name);
            // An origin further back stands in the evidence; this document comes from the one before it.
            if (name == model::kMovedFrom || name == type.ownerField) continue;
            if (!field) {
                letGo(read.title, name, "takeover.field-let-go");
                continue;
            }
            if (auto kept = here(*field, value, read, name)) fields.set(name, std::move(*kept));
        }
        // The day that counted over there, moved by signed acts that count nowhere here.
        if (auto const due = parseDay(textOf(read.head, "due")); due && !type.dueField.empty())
            fields.set(type.dueField, toText(*due));
        if (!type.ownerField.empty()) fields.set(type.ownerField, std::string(key.scope.name()));
        // Of a table imported as done nobody says so here: its source is another college's.
        if (fields.find("source")) fields.erase("source");
        return fields;
    }

    Result<void> make(Read const& read, std::vector<Office::NewDocument>& fresh) {
        auto const* type = m_office.definitions().type(read.type);
        if (!type) {
            leaveOut(read.title, "type.unknown");
            return {};
        }
        DocumentKey const key = newKey(read.from);
        auto const* workflow = m_office.definitions().workflowOf(type->name);
        bool const isWork = workflow && !type->dueField.empty() && !workflow->name.starts_with("document.");
        bool const saysClosed = isWork && flagOf(read.head, "closed");
        if (saysClosed && !read.mayBeClosed) letGo(read.title, {}, "takeover.closed-by-nobody");
        TakenDocument taken{key, read.title, type->name, read.from, false, false, saysClosed && read.mayBeClosed};
        taken.openTask = nameWithoutVersion(type->name) == "task" && !taken.archived;
        auto const origin = json::Value(originOf(m_done.school, read.from, read.revision));
        if (auto const there = m_office.show(key); there && !there->merged.heads.empty()) {
            auto const* says = there->merged.fields.find(model::kMovedFrom);
            auto const* object = says ? says->asObject() : nullptr;
            bool const same = object && textOf(*object, "doc") == read.from.doc.hex() &&
                              textOf(*object, "school") == m_done.school.hex();
            if (!same) {
                // Somebody wrote under this id something that does not come from there.
                leaveOut(read.title, "takeover.id-taken");
                return {};
            }
            taken.known = true;
            m_done.documents.push_back(std::move(taken));
            return {};
        }
        Office::NewDocument document{key.scope, key.doc, type->name, {}, {}};
        if (taken.archived) {
            auto const* archive = m_office.definitions().type(kArchiveType);
            document.type = taken.type = archive->name;
            document.fields = {{"kind", "other"}, {"owner", std::string(key.scope.name())}, {"title", read.title}};
        } else {
            document.fields = fieldsHere(*type, read, key);
        }
        document.fields.set(model::kMovedFrom, origin);
        auto const* fits = m_office.definitions().type(document.type);
        if (auto checked = model::checkFields(*fits, document.fields); !checked) {
            leaveOut(read.title, checked.error().reason);
            return {};
        }
        if (!m_wanted.dryRun) {
            if (auto attached = attach(read, document.files); !attached) return attached.error();
        }
        fresh.push_back(std::move(document));
        m_done.documents.push_back(std::move(taken));
        return {};
    }

    Result<void> attach(Read const& read, std::vector<trust::Attachment>& files) {
        if (!m_registryFile) {
            auto kept = m_office.keepFile(m_wanted.folder / kRegistryFile);
            if (!kept) return kept.error();
            m_registryFile = std::move(*kept);
        }
        files.push_back(*m_registryFile);
        auto evidence = m_office.keepFile(read.file);
        if (!evidence) return evidence.error();
        files.push_back(std::move(*evidence));
        auto const* wanted = json::arrayAt(read.head, "files");
        for (auto const& each : wanted ? *wanted : json::Array()) {
            auto const file = trust::attachmentFrom(each);
            if (!file) continue;
            Path const place = m_wanted.folder / kFiles / file->sha256.hex();
            auto const names = m_files.list(place);
            auto const size = names.size() == 1 ? m_files.size(place / names.front()) : Result<std::uint64_t>(Error{});
            if (size && *size != file->size) {
                // Not kept first: it may be as large as the stick.
                letGo(read.title, file->name, "takeover.file-damaged");
                continue;
            }
            auto kept = names.size() == 1 ? m_office.keepFile(place / names.front())
                                          : Result<trust::Attachment>(makeError(ErrorCode::NotFound, "file.missing"));
            if (!kept)
                letGo(read.title, file->name, "takeover.file-missing");
            else if (kept->sha256 != file->sha256)
                letGo(read.title, file->name, "takeover.file-damaged");
            else
                files.push_back(std::move(*kept));
        }
        return {};
    }

    Office& m_office;
    Files& m_files;
    TakeoverWanted const& m_wanted;
    std::vector<Read> m_read;
    std::set<DocumentKey> m_coming;
    std::optional<trust::Attachment> m_registryFile;
    TakenOver m_done;
};

/// The whole of an attachment that is here.
std::optional<std::string> textOfFile(Office& office, Scope const& scope, trust::Attachment const& file) {
    if (file.size > kPackBytesMax || !office.replica().fileIsHere(scope, file)) return std::nullopt;
    replica::Attachments const attachments(office.replica().folder() / "attachments", office.replica().world().files);
    auto reader = attachments.reader(file);
    if (!reader) return std::nullopt;
    std::string text;
    while (true) {
        auto piece = reader->next();
        if (!piece) return std::nullopt;
        if (!*piece) return text;
        text.append(asText(**piece));
    }
}

}  // namespace

DocumentId takenId(SchoolId const& school, DocumentKey const& from, Scope const& scope) {
    std::string text("spiral-takeover\n");
    for (std::string const& part : {school.hex(), from.scope.text(), from.doc.hex(), scope.text()}) {
        text.append(std::to_string(part.size())).append(":").append(part).append("\n");
    }
    Sha256 const hash = sha256(asBytes(text));
    DocumentId id;
    std::memcpy(id.raw.data(), hash.raw.data(), id.raw.size());
    return id;
}

Result<TakeoverExported> exportTakeover(Office& office, std::vector<std::string> const& units, Path const& folder) {
    auto const now = office.replica().world().wall.now();
    for (auto const& unit : units) {
        if (!unitNow(office, unit)) return makeError(ErrorCode::NotFound, "unit.unknown", unit);
        if (!office.registry().mayRead(office.replica().device(), Scope::unit(unit), now))
            return makeError(ErrorCode::Refused, "takeover.not-read", unit);
    }
    if (units.empty()) return makeError(ErrorCode::Usage, "takeover.unit-not-named", "");
    if (office.replica().world().files.exists(folder))
        return makeError(ErrorCode::Exists, "takeover.folder", folder.string());
    return Exporting(office, folder).run(units);
}

Result<TakenOver> importTakeover(Office& office, TakeoverWanted const& wanted) {
    return Importing(office, wanted).run();
}

std::optional<OldHistory> oldHistory(Office& office, DocumentKey const& document) {
    auto const shown = office.show(document);
    auto const* origin = shown ? json::objectAt(shown->merged.fields, model::kMovedFrom) : nullptr;
    auto const from = origin ? referenceOf(shown->merged.fields, model::kMovedFrom) : std::nullopt;
    auto const school = origin ? idAt(*origin, "school") : std::nullopt;
    auto const revision = origin ? idAt(*origin, "revision") : std::nullopt;
    if (!from || !school || !revision) return std::nullopt;
    OldHistory history;
    history.school = *school;
    history.from = *from;
    history.revision = *revision;
    history.why = "no-evidence";
    std::optional<OldCollege> college;
    std::vector<std::vector<PackedBlock>> evidence;
    for (auto const& file : shown->files) {
        if (!file.name.ends_with(kSuffix)) continue;
        auto const text = textOfFile(office, document.scope, file);
        auto blocks = text ? unpacked(*text) : Result<std::vector<PackedBlock>>(Error{});
        auto const head = blocks ? headOf(*blocks) : std::nullopt;
        if (!head) {
            history.why = "not-whole";
            continue;
        }
        if (textOf(*head, "sort") == "document") {
            evidence.push_back(std::move(*blocks));
        } else if (auto read = collegeFrom(*text); read && read->registry.school() == *school) {
            college = std::move(*read);
        } else {
            history.why = "registry";
        }
    }
    if (!college || evidence.empty()) return history;
    for (auto const& blocks : evidence) {
        history = Proving(*college, blocks).history(*from, *revision);
        if (history.proven) break;
    }
    return history;
}

}  // namespace spiral::office
