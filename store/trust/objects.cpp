#include "trust/objects.h"

#include "base/sha256.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <span>
#include <utility>

namespace spiral::trust {
namespace {

using json::Object;
using json::Value;

/// One sort of object: the prefix of its reasons, and the top-level keys that this program knows, sorted.
struct Form {
    std::string_view name;
    std::span<std::string_view const> keys;
};

constexpr std::array<std::string_view, 13> kRevisionKeys{"by",      "c",      "crit",  "doc", "fields", "files", "n",
                                                         "parents", "school", "scope", "t",   "type",   "v"};
constexpr std::array<std::string_view, 12> kRecordKeys{"body", "by",   "crit",   "kind",  "n", "of",
                                                       "reg",  "role", "school", "scope", "t", "v"};
constexpr std::array<std::string_view, 12> kHeaderKeys{"crit",   "device", "inc",   "items", "prev", "reg",
                                                       "schema", "school", "scope", "seq",   "t",    "v"};
static_assert(std::ranges::is_sorted(kRevisionKeys) && std::ranges::is_sorted(kRecordKeys) &&
              std::ranges::is_sorted(kHeaderKeys));
constexpr Form kRevision{"revision", kRevisionKeys};
constexpr Form kRecord{"record", kRecordKeys};
constexpr Form kHeader{"header", kHeaderKeys};

/// Each sort of object has one of these and no other, so that no bytes are a revision to one reader and a record or a
/// header to the next; `of` would otherwise not say what it points to.
constexpr std::array<std::string_view, 3> kMarks{"items", "kind", "type"};

/// Kinds whose bodies say what they are about, so that `of` is never there.
constexpr std::array<std::string_view, 2> kKindsWithoutTarget{"confirm.v1", "receipt.v1"};

constexpr std::size_t kRoleNameMax = 32;
constexpr std::size_t kMediaTypeMax = 127;
constexpr std::size_t kFileNameMax = 255;

Error malformed(std::string_view sort, std::string_view field) {
    std::string reason(sort);
    reason += '.';
    reason += field;
    return makeError(ErrorCode::Malformed, reason, "A " + std::string(sort) + " is not of the form: " + reason + ".");
}

Error tooMany(std::string_view sort, std::string_view field, std::size_t count) {
    Error error = malformed(sort, field);
    error.code = ErrorCode::TooLarge;
    error.detail = "A " + std::string(sort) + " passes a limit: " + error.reason + ", " + std::to_string(count) + ".";
    return error;
}

/// What is wrong with `crit`, which names keys that a reader has to understand; fills `critical` if nothing is.
/// Both lists are sorted, so that one walk over both costs the same for hostile lengths.
std::optional<Error> readCritical(Value const& crit, Object const& object, Form const& form,
                                  std::vector<std::string>& critical) {
    auto const* names = crit.asArray();
    // Absent when there is nothing to say: an empty list would be a second spelling of the same.
    if (names == nullptr || names->empty()) return malformed("object", "crit");
    bool known = true;
    auto member = object.begin();
    critical.reserve(names->size());
    for (Value const& value : *names) {
        auto const* name = value.asString();
        if (name == nullptr) return malformed("object", "crit");
        if (!critical.empty() && *name <= critical.back()) return malformed("object", "crit-order");
        while (member != object.end() && member->first < *name) ++member;
        if (member == object.end() || member->first != *name) return malformed("object", "crit-absent");
        known = known && std::ranges::binary_search(form.keys, std::string_view(*name));
        critical.push_back(*name);
    }
    if (!known)
        return makeError(ErrorCode::Unsupported, "newer.critical",
                         "A " + std::string(form.name) + " has a critical key that this program does not know.");
    return std::nullopt;
}

/// The members of an object that passed the rules that all sorts share, taken one by one.
class Members {
public:
    static Result<Members> open(ByteView bytes, std::size_t bytesMax, Form const& form) {
        auto parsed = json::parse(bytes, bytesMax);
        if (!parsed) return std::move(parsed).error();
        Members members(form);
        Object* const object = parsed->asObject();
        if (object == nullptr) return trust::malformed("object", "not-an-object");
        members.m_object = std::move(*object);
        if (auto error = members.checkShared()) return std::move(*error);
        return members;
    }

    [[nodiscard]] Value* find(std::string_view key) noexcept { return m_object.find(key); }
    [[nodiscard]] std::string const* string(std::string_view key) const noexcept {
        return json::stringAt(m_object, key);
    }
    [[nodiscard]] Error malformed(std::string_view field) const { return trust::malformed(m_form->name, field); }
    [[nodiscard]] Error tooMany(std::string_view field, std::size_t count) const {
        return trust::tooMany(m_form->name, field, count);
    }
    [[nodiscard]] std::vector<std::string> takeCritical() noexcept { return std::move(m_critical); }

    /// The members with keys that this program does not know.
    [[nodiscard]] Object takeUnknown() {
        Object unknown;
        auto key = m_form->keys.begin();
        for (auto const& member : m_object) {
            std::string const& name = member.first;
            while (key != m_form->keys.end() && *key < name) ++key;
            if (key == m_form->keys.end() || *key != name) unknown.set(name, std::move(*m_object.find(name)));
        }
        return unknown;
    }

    /// Each reads one member into `out`; false if it is absent or not of the form.
    template <class Tag, std::size_t Size>
    [[nodiscard]] bool read(std::string_view key, Token<Tag, Size>& out) const noexcept {
        auto const* text = string(key);
        return text != nullptr && text->size() == 2 * Size && hexInto(*text, out.raw);
    }
    [[nodiscard]] bool read(std::string_view key, Scope& out) const {
        auto const* text = string(key);
        return text != nullptr && assign(Scope::parse(*text), out);
    }
    [[nodiscard]] bool read(std::string_view key, Instant& out) const {
        auto const* text = string(key);
        return text != nullptr && assign(parseInstant(*text), out);
    }
    [[nodiscard]] bool read(std::string_view key, Object& out) {
        Value* const value = find(key);
        Object* const object = value != nullptr ? value->asObject() : nullptr;
        if (object != nullptr) out = std::move(*object);
        return object != nullptr;
    }
    [[nodiscard]] bool readVersionedName(std::string_view key, std::string& out) const {
        auto const* text = string(key);
        if (text == nullptr || !isVersionedName(*text)) return false;
        out = *text;
        return true;
    }
    template <class Number>
    [[nodiscard]] bool readNumber(std::string_view key, Number least, Number most, Number& out) const noexcept {
        auto const* number = json::integerAt(m_object, key);
        if (number == nullptr || std::cmp_less(*number, least) || std::cmp_greater(*number, most)) return false;
        out = static_cast<Number>(*number);
        return true;
    }
    /// Reads with `from`, which gives an optional.
    template <class Out, class From>
    [[nodiscard]] bool readWith(std::string_view key, From from, Out& out) {
        Value const* const value = find(key);
        return value != nullptr && assign(from(*value), out);
    }

private:
    explicit Members(Form const& form) : m_form(&form) {}

    template <class From, class Out>
    [[nodiscard]] static bool assign(std::optional<From>&& from, Out& out) {
        if (from) out = std::move(*from);
        return from.has_value();
    }

    /// `v` and `crit` come first: with another version or a critical key that we do not know, nothing else of the
    /// object is ours to judge.
    std::optional<Error> checkShared() {
        auto const* version = json::integerAt(m_object, "v");
        if (version == nullptr || *version < 1) return trust::malformed("object", "v");
        if (*version != 1)
            return makeError(ErrorCode::Unsupported, "newer.version",
                             "A " + std::string(m_form->name) + " of version " + std::to_string(*version) + ".");
        if (Value const* const crit = m_object.find("crit"))
            if (auto error = readCritical(*crit, m_object, *m_form, m_critical)) return error;
        if (m_object.find("enc") != nullptr) return trust::malformed("object", "reserved-enc");
        for (std::string_view const mark : kMarks)
            if (m_object.find(mark) != nullptr && !std::ranges::binary_search(m_form->keys, mark))
                return trust::malformed("object", "sort");
        return std::nullopt;
    }

    Form const* m_form;
    Object m_object;
    std::vector<std::string> m_critical;
};

constexpr auto kNumberMax = static_cast<std::uint64_t>(json::kIntegerMax);

template <class Id>
std::optional<Id> idFrom(Value const* value) {
    auto const* text = value != nullptr ? value->asString() : nullptr;
    return text != nullptr ? Id::fromHex(*text) : std::nullopt;
}

std::optional<Scope> scopeFrom(Value const* value) {
    auto const* text = value != nullptr ? value->asString() : nullptr;
    return text != nullptr ? Scope::parse(*text) : std::nullopt;
}

std::optional<Role> roleFrom(Value const& value) {
    auto const* text = value.asString();
    return text != nullptr ? Role::parse(*text) : std::nullopt;
}

/// The members of a small object that has exactly these keys; null otherwise. The objects inside others are closed:
/// what a later version has to add stands at the top, where unknown keys are kept.
Object const* closedObject(Value const& value, std::size_t keys) {
    auto const* object = value.asObject();
    return object != nullptr && object->size() == keys ? object : nullptr;
}

std::optional<Target> targetFrom(Value const& value) {
    auto const* object = closedObject(value, 2);
    if (object == nullptr) return std::nullopt;
    auto scope = scopeFrom(object->find("scope"));
    auto const id = idFrom<ObjectId>(object->find("id"));
    if (!scope || !id) return std::nullopt;
    return Target{std::move(*scope), *id};
}

Value toJson(Target const& target) { return Object{{"id", target.id.hex()}, {"scope", target.scope.text()}}; }

bool isMediaTypePart(std::string_view text) noexcept {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '+' || c == '-';
    });
}

bool isMediaType(std::string_view text) noexcept {
    std::size_t const slash = text.find('/');
    return text.size() <= kMediaTypeMax && slash != std::string_view::npos && isMediaTypePart(text.substr(0, slash)) &&
           isMediaTypePart(text.substr(slash + 1));
}

/// A name that can stand in a folder. `text` is well-formed UTF-8, so U+0080…U+009F are the byte C2 and one of 80…9F.
bool isFileName(std::string_view text) noexcept {
    if (text.empty() || text.size() > kFileNameMax || text == "." || text == "..") return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto const byte = static_cast<std::uint8_t>(text[i]);
        if (byte < 0x20 || byte == '/' || byte == 0x7F) return false;
        if (byte == 0xC2 && i + 1 < text.size() && static_cast<std::uint8_t>(text[i + 1]) < 0xA0) return false;
    }
    return true;
}

Result<Attachment> decodeAttachment(Value const& value) {
    auto const refuse = [](std::string_view field) { return malformed("attachment", field); };
    auto const* object = value.asObject();
    if (object == nullptr) return refuse("not-an-object");
    Attachment file;
    auto const id = idFrom<AttachmentId>(object->find("sha256"));
    if (!id) return refuse("sha256");
    file.sha256 = *id;
    auto const* size = json::integerAt(*object, "size");
    if (size == nullptr || *size < 0) return refuse("size");
    file.size = static_cast<std::uint64_t>(*size);
    auto const* type = json::stringAt(*object, "type");
    if (type == nullptr || !isMediaType(*type)) return refuse("type");
    file.type = *type;
    auto const* name = json::stringAt(*object, "name");
    if (name == nullptr || !isFileName(*name)) return refuse("name");
    file.name = *name;
    if (Value const* const date = object->find("date")) {
        file.date = date->asString() != nullptr ? parseDay(*date->asString()) : std::nullopt;
        if (!file.date) return refuse("date");
    }
    auto const chunks = idFrom<Sha256>(object->find("chunks"));
    if (!chunks) return refuse("chunks");
    file.chunks = *chunks;
    if (object->size() != (file.date ? 6U : 5U)) return refuse("unknown-key");
    return file;
}

std::optional<Error> readParents(Members& members, std::vector<ObjectId>& out) {
    Value const* const value = members.find("parents");
    auto const* parents = value != nullptr ? value->asArray() : nullptr;
    if (parents == nullptr) return members.malformed("parents");
    if (parents->size() > kParentsMax) return members.tooMany("parents-count", parents->size());
    out.reserve(parents->size());
    for (Value const& parent : *parents) {
        auto const id = idFrom<ObjectId>(&parent);
        if (!id) return members.malformed("parents");
        if (!out.empty() && *id <= out.back()) return members.malformed("parents-order");
        out.push_back(*id);
    }
    return std::nullopt;
}

std::optional<Error> readFiles(Members& members, std::vector<Attachment>& out) {
    Value const* const value = members.find("files");
    if (value == nullptr) return std::nullopt;
    auto const* files = value->asArray();
    if (files == nullptr || files->empty()) return members.malformed("files");
    if (files->size() > kFilesMax) return members.tooMany("files-count", files->size());
    out.reserve(files->size());
    for (Value const& entry : *files) {
        auto file = decodeAttachment(entry);
        if (!file) return std::move(file).error();
        if (!out.empty() && file->sha256 <= out.back().sha256) return members.malformed("files-order");
        out.push_back(std::move(*file));
    }
    return std::nullopt;
}

std::optional<Item> itemFrom(Value const& value) {
    auto const* text = value.asString();
    if (text == nullptr || text->size() != 1 + 2 * ObjectId::size) return std::nullopt;
    Item item;
    if (text->front() == 'r')
        item.kind = Item::Kind::Record;
    else if (text->front() != 'd')
        return std::nullopt;
    if (!hexInto(std::string_view(*text).substr(1), item.id.raw)) return std::nullopt;
    return item;
}

/// True iff an item stands there more than once. By sorting, which costs the same whatever ids a sender thinks of, as a
/// hash table would not; mostly on numbers, which is four times as fast as on the ids.
bool hasTwice(std::vector<Item> const& items) {
    struct Key {
        std::uint64_t head;
        Item const* item;
        bool operator<(Key const& other) const noexcept {
            return head != other.head ? head < other.head : *item < *other.item;
        }
    };
    std::vector<Key> keys;
    keys.reserve(items.size());
    for (Item const& item : items) {
        Key key{0, &item};
        std::memcpy(&key.head, item.id.raw.data(), sizeof key.head);
        keys.push_back(key);
    }
    std::sort(keys.begin(), keys.end());
    auto const same = [](Key const& a, Key const& b) { return a.head == b.head && *a.item == *b.item; };
    return std::adjacent_find(keys.begin(), keys.end(), same) != keys.end();
}

std::optional<Error> readItems(Members& members, std::vector<Item>& out) {
    Value const* const value = members.find("items");
    auto const* items = value != nullptr ? value->asArray() : nullptr;
    if (items == nullptr || items->empty()) return members.malformed("items");
    if (items->size() > FrameHeader::kItemsMax) return members.tooMany("items-count", items->size());
    out.reserve(items->size());
    for (Value const& entry : *items) {
        auto const item = itemFrom(entry);
        if (!item) return members.malformed("items");
        out.push_back(*item);
    }
    if (hasTwice(out)) return members.malformed("items-unique");
    return std::nullopt;
}

/// `v`, `crit` and the keys we do not know: what every encoder begins with.
Object begin(std::vector<std::string> const& critical, Object const& unknown) {
    Object object = unknown;
    object.set("v", 1);
    if (!critical.empty()) object.set("crit", json::Array(critical.begin(), critical.end()));
    return object;
}

}  // namespace

std::optional<Role> Role::parse(std::string_view text) {
    std::size_t const at = text.find('@');
    if (at == std::string_view::npos || at == 0 || at > kRoleNameMax) return std::nullopt;
    std::string_view const name = text.substr(0, at);
    // A role's name is a name token that begins with a letter.
    if (!isNameToken(name) || name.front() < 'a') return std::nullopt;
    auto scope = Scope::parse(text.substr(at + 1));
    if (!scope) return std::nullopt;
    return Role{std::string(name), std::move(*scope)};
}

json::Value toJson(Author const& author) {
    return Object{{"device", author.device.hex()}, {"person", author.person.text()}};
}

json::Value toJson(RegistryPoint const& point) {
    return Object{{"hash", point.hash.hex()}, {"seq", static_cast<std::int64_t>(point.seq)}};
}

json::Value toJson(Attachment const& file) {
    Object object{{"chunks", file.chunks.hex()},
                  {"name", file.name},
                  {"sha256", file.sha256.hex()},
                  {"size", static_cast<std::int64_t>(file.size)},
                  {"type", file.type}};
    if (file.date) object.set("date", toText(*file.date));
    return object;
}

std::optional<Author> authorFrom(json::Value const& value) {
    auto const* object = closedObject(value, 2);
    if (object == nullptr) return std::nullopt;
    auto const device = idFrom<DeviceId>(object->find("device"));
    auto const* text = json::stringAt(*object, "person");
    if (!device || text == nullptr) return std::nullopt;
    auto person = PersonId::parse(*text);
    if (!person) return std::nullopt;
    return Author{std::move(*person), *device};
}

std::optional<RegistryPoint> registryPointFrom(json::Value const& value) {
    auto const* object = closedObject(value, 2);
    if (object == nullptr) return std::nullopt;
    auto const hash = idFrom<ObjectId>(object->find("hash"));
    auto const* seq = json::integerAt(*object, "seq");
    if (!hash || seq == nullptr || *seq < 1) return std::nullopt;
    return RegistryPoint{static_cast<std::uint64_t>(*seq), *hash};
}

std::optional<Attachment> attachmentFrom(json::Value const& value) {
    auto file = decodeAttachment(value);
    if (!file) return std::nullopt;
    return std::move(*file);
}

Sha256 chunksHash(std::vector<Sha256> const& pieces) {
    Sha256Stream stream;
    for (Sha256 const& piece : pieces) stream.add(piece.view());
    return stream.finish();
}

std::string encode(Revision const& revision) {
    Object object = begin(revision.critical, revision.unknown);
    json::Array parents;
    for (ObjectId const& parent : revision.parents) parents.emplace_back(parent.hex());
    object.set("by", toJson(revision.by));
    object.set("c", revision.time.counter);
    object.set("doc", revision.doc.hex());
    object.set("fields", revision.fields);
    if (!revision.files.empty()) {
        json::Array files;
        for (Attachment const& file : revision.files) files.push_back(toJson(file));
        object.set("files", std::move(files));
    }
    object.set("n", revision.nonce.hex());
    object.set("parents", std::move(parents));
    object.set("school", revision.school.hex());
    object.set("scope", revision.scope.text());
    object.set("t", toText(revision.time.wall));
    object.set("type", revision.type);
    return json::encode(std::move(object));
}

std::string encode(Record const& record) {
    Object object = begin(record.critical, record.unknown);
    object.set("body", record.body);
    object.set("by", toJson(record.by));
    object.set("kind", record.kind);
    object.set("n", record.nonce.hex());
    if (record.of) object.set("of", toJson(*record.of));
    if (record.reg) object.set("reg", toJson(*record.reg));
    object.set("role", record.role.text());
    if (record.school) object.set("school", record.school->hex());
    object.set("scope", record.scope.text());
    object.set("t", toText(record.time));
    return json::encode(std::move(object));
}

std::string encode(FrameHeader const& header) {
    Object object = begin(header.critical, header.unknown);
    json::Array items;
    items.reserve(header.items.size());
    for (Item const& item : header.items) items.emplace_back(static_cast<char>(item.kind) + item.id.hex());
    object.set("device", header.device.hex());
    object.set("inc", header.inc.hex());
    object.set("items", std::move(items));
    if (header.prev) object.set("prev", header.prev->hex());
    if (header.reg) object.set("reg", toJson(*header.reg));
    object.set("schema", static_cast<std::int64_t>(header.schema));
    object.set("school", header.school.hex());
    object.set("scope", header.scope.text());
    object.set("seq", static_cast<std::int64_t>(header.seq));
    object.set("t", toText(header.time));
    return json::encode(std::move(object));
}

Result<Revision> decodeRevision(ByteView bytes) {
    auto members = Members::open(bytes, kObjectBytesMax, kRevision);
    if (!members) return std::move(members).error();
    Revision revision;
    revision.unknown = members->takeUnknown();
    revision.critical = members->takeCritical();
    if (!members->read("school", revision.school)) return members->malformed("school");
    if (!members->read("scope", revision.scope)) return members->malformed("scope");
    if (!members->read("doc", revision.doc)) return members->malformed("doc");
    if (!members->readVersionedName("type", revision.type)) return members->malformed("type");
    if (auto error = readParents(*members, revision.parents)) return std::move(*error);
    if (!members->read("fields", revision.fields)) return members->malformed("fields");
    if (auto error = readFiles(*members, revision.files)) return std::move(*error);
    if (!members->readWith("by", authorFrom, revision.by)) return members->malformed("by");
    if (!members->read("t", revision.time.wall)) return members->malformed("t");
    constexpr std::uint16_t kCounterMax = std::numeric_limits<std::uint16_t>::max();
    if (!members->readNumber<std::uint16_t>("c", 0, kCounterMax, revision.time.counter)) return members->malformed("c");
    if (!members->read("n", revision.nonce)) return members->malformed("n");
    return revision;
}

Result<Record> decodeRecord(ByteView bytes) {
    auto members = Members::open(bytes, kObjectBytesMax, kRecord);
    if (!members) return std::move(members).error();
    Record record;
    record.unknown = members->takeUnknown();
    record.critical = members->takeCritical();
    if (members->find("school") != nullptr && !members->read("school", record.school.emplace()))
        return members->malformed("school");
    if (!members->read("scope", record.scope)) return members->malformed("scope");
    if (!members->readVersionedName("kind", record.kind)) return members->malformed("kind");
    if (!members->readWith("by", authorFrom, record.by)) return members->malformed("by");
    if (!members->readWith("role", roleFrom, record.role)) return members->malformed("role");
    if (members->find("of") != nullptr && !members->readWith("of", targetFrom, record.of))
        return members->malformed("of");
    if (!members->read("body", record.body)) return members->malformed("body");
    if (members->find("reg") != nullptr && !members->readWith("reg", registryPointFrom, record.reg))
        return members->malformed("reg");
    if (!members->read("t", record.time)) return members->malformed("t");
    if (!members->read("n", record.nonce)) return members->malformed("n");
    // Only the first entry of the registry has no college and no registry before it.
    if (record.reg && !record.school) return members->malformed("school");
    if (!record.school && !record.scope.isRegistry()) return members->malformed("school");
    if (!record.reg && record.school) return members->malformed("reg");
    bool const hasNoTarget =
        !record.school || std::ranges::find(kKindsWithoutTarget, record.kind) != kKindsWithoutTarget.end();
    if (hasNoTarget && record.of) return members->malformed("of");
    return record;
}

Result<FrameHeader> decodeFrameHeader(ByteView bytes) {
    auto members = Members::open(bytes, FrameHeader::kBytesMax, kHeader);
    if (!members) return std::move(members).error();
    FrameHeader header;
    header.unknown = members->takeUnknown();
    header.critical = members->takeCritical();
    if (!members->read("school", header.school)) return members->malformed("school");
    if (!members->read("scope", header.scope)) return members->malformed("scope");
    if (!members->read("device", header.device)) return members->malformed("device");
    if (!members->read("inc", header.inc)) return members->malformed("inc");
    if (!members->readNumber<std::uint64_t>("seq", 1, kNumberMax, header.seq)) return members->malformed("seq");
    if (members->find("prev") != nullptr && !members->read("prev", header.prev.emplace()))
        return members->malformed("prev");
    if (header.prev.has_value() != (header.seq > 1)) return members->malformed("prev");
    if (auto error = readItems(*members, header.items)) return std::move(*error);
    if (members->find("reg") != nullptr && !members->readWith("reg", registryPointFrom, header.reg))
        return members->malformed("reg");
    constexpr std::uint32_t kSchemaMax = std::numeric_limits<std::uint32_t>::max();
    if (!members->readNumber<std::uint32_t>("schema", 1, kSchemaMax, header.schema))
        return members->malformed("schema");
    if (!members->read("t", header.time)) return members->malformed("t");
    if (!header.reg) {
        // The frame that founds the registry relies on nothing before it, and brings the entry that names the college.
        Item const founding{Item::Kind::Record, header.school};
        bool const founds = header.scope.isRegistry() && header.seq == 1 &&
                            std::ranges::find(header.items, founding) != header.items.end();
        if (!founds) return members->malformed("reg");
    }
    return header;
}

}  // namespace spiral::trust
