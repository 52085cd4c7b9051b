#include "model/type.h"

#include "base/clock.h"
#include "base/ids.h"
#include "cells.h"
#include "embedded/modelData.h"
#include "model/data.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

namespace spiral::model {
namespace {

constexpr std::size_t kDecimalLengthMax = 40;

struct KindName {
    FieldKind kind;
    std::string_view name;
    std::string_view takes;   // for people who typed something else
    std::string_view reason;  // of a refusal
};
constexpr std::array<KindName, 14> kKinds{{
    {FieldKind::Text, "text", "one line of text", "field.not-a-text"},
    {FieldKind::LongText, "long-text", "text", "field.not-a-text"},
    {FieldKind::Integer, "integer", "a whole number", "field.not-an-integer"},
    {FieldKind::Decimal, "decimal", "a decimal number such as 12.50", "field.not-a-decimal"},
    {FieldKind::Boolean, "boolean", "true or false", "field.not-a-boolean"},
    {FieldKind::Day, "day", "a day such as 2026-05-01", "field.not-a-day"},
    {FieldKind::Choice, "choice", "one of its choices", "field.not-a-choice"},
    {FieldKind::Person, "person", "the id of a person", "field.not-a-person"},
    {FieldKind::Unit, "unit", "the id of a unit: a-z, 0-9 and -", "field.not-a-unit"},
    {FieldKind::Reference, "reference", "scope:document or scope:document@revision", "field.not-a-reference"},
    {FieldKind::Set, "set", "words, each once, with commas between", "field.not-a-set"},
    {FieldKind::Rows, "rows", "JSON rows, each with an id of its own, sorted by it", "field.not-rows"},
    {FieldKind::Map, "map", "key=value pairs, each key once", "field.not-a-map"},
    {FieldKind::Files, "files", "SHA-256 hashes of attachments", "field.not-files"},
}};

KindName const& kindName(FieldKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

MergeRule usualRule(FieldKind kind) {
    switch (kind) {
        case FieldKind::Set:
        case FieldKind::Files: return MergeRule::Set;
        case FieldKind::Rows: return MergeRule::Rows;
        case FieldKind::Map: return MergeRule::Map;
        default: return MergeRule::Whole;
    }
}

// ------------------------------------------------------------------------------------------------ reading type files

Error broken(std::string_view rule, std::string detail) {
    return makeError(ErrorCode::Malformed, "type." + std::string(rule), std::move(detail));
}

std::string textAt(json::Object const& object, std::string_view key) {
    std::string const* const text = json::stringAt(object, key);
    return text == nullptr ? std::string() : *text;
}

// The JSON Schema has been asked: what it requires is there.
Label labelFrom(json::Object const& object) {
    json::Object const& label = *json::objectAt(object, "label");
    return {textAt(label, "zh"), textAt(label, "en")};
}

Result<std::vector<Field>> fieldsFrom(json::Array const& array, std::string const& place, bool isRow);

Result<Field> fieldFrom(json::Object const& object, std::string const& place, bool isRow) {
    Field field;
    field.name = textAt(object, "name");
    std::string const here = place + field.name;
    std::string const kind = textAt(object, "kind");
    field.kind =
        std::find_if(kKinds.begin(), kKinds.end(), [&](KindName const& known) { return known.name == kind; })->kind;
    field.label = labelFrom(object);
    field.merge = usualRule(field.kind);
    if (json::Value const* const required = object.find("required")) field.required = *required->asBool();
    if (json::Object const* const when = json::objectAt(object, "required_when")) {
        if (isRow) return broken("required-when-in-row", here + ": a column is required or not");
        if (field.required)
            return broken("required-twice", here + ": `required` and `required_when` exclude each other");
        field.requiredWhen = {textAt(*when, "field"), textAt(*when, "value")};
    }
    if (object.find("merge") != nullptr) {
        if (field.merge == MergeRule::Whole) return broken("merge-needless", here + ": merges as a whole anyway");
        if (isRow) return broken("merge-in-row", here + ": a row merges as a whole");
        field.merge = MergeRule::Whole;
    }
    if (std::int64_t const* const length = json::integerAt(object, "length_max")) {
        if (field.kind != FieldKind::Text && field.kind != FieldKind::LongText) {
            return broken("length-of-no-text", here + ": only a text has length_max");
        }
        field.lengthMax = static_cast<std::size_t>(*length);
    }
    json::Array const* const choices = json::arrayAt(object, "choices");
    if ((choices != nullptr) != (field.kind == FieldKind::Choice)) {
        return broken("choices", here + ": a choice has choices, and nothing else has");
    }
    if (choices != nullptr) {
        for (json::Value const& choice : *choices) {
            std::string name = textAt(*choice.asObject(), "name");
            if (std::find(field.choices.begin(), field.choices.end(), name) != field.choices.end()) {
                return broken("choice-twice", here + ": " + name);
            }
            field.choices.push_back(std::move(name));
            field.choiceLabels.push_back(labelFrom(*choice.asObject()));
        }
    }
    if (json::Array const* const columns = json::arrayAt(object, "columns")) {
        if (field.kind != FieldKind::Rows) return broken("columns-of-no-rows", here + ": only rows have columns");
        auto read = fieldsFrom(*columns, here + "/", true);
        if (!read) return read.error();
        field.columns = *std::move(read);
        if (field.column("id") != nullptr) return broken("column-id", here + ": every row has an `id` already");
    }
    return field;
}

Result<std::vector<Field>> fieldsFrom(json::Array const& array, std::string const& place, bool isRow) {
    std::vector<Field> fields;
    for (json::Value const& value : array) {
        auto field = fieldFrom(*value.asObject(), place, isRow);
        if (!field) return field.error();
        for (Field const& other : fields) {
            if (other.name == field->name) return broken("field-twice", place + field->name);
        }
        fields.push_back(*std::move(field));
    }
    return fields;
}

Result<DocumentType> typeFrom(json::Object const& object) {
    DocumentType type;
    type.name = textAt(object, "name");
    type.label = labelFrom(object);
    type.workflow = textAt(object, "workflow");
    type.titleField = textAt(object, "title_field");
    type.dueField = textAt(object, "due_field");
    type.ownerField = textAt(object, "owner_field");
    auto fields = fieldsFrom(*json::arrayAt(object, "fields"), type.name + "/", false);
    if (!fields) return fields.error();
    type.fields = *std::move(fields);
    if (type.find(kMovedFrom) == nullptr) {
        Field origin;
        origin.name = kMovedFrom;
        origin.kind = FieldKind::Reference;
        origin.label = {"原校文档", "moved from"};
        type.fields.push_back(std::move(origin));
    }

    struct Pointer {
        std::string_view key;
        std::string const& field;
        FieldKind kind;
    };
    for (Pointer const& pointer :
         {Pointer{"title_field", type.titleField, FieldKind::Text}, Pointer{"due_field", type.dueField, FieldKind::Day},
          Pointer{"owner_field", type.ownerField, FieldKind::Unit}}) {
        if (pointer.field.empty()) continue;
        std::string const where = type.name + "/" + std::string(pointer.key) + ": ";
        Field const* const field = type.find(pointer.field);
        if (field == nullptr) return broken("field-unknown", where + pointer.field);
        if (field->kind != pointer.kind) {
            return broken("field-kind", where + pointer.field + " is no " + std::string(nameOf(pointer.kind)));
        }
    }
    for (Field const& field : type.fields) {
        auto const& [other, value] = field.requiredWhen;
        if (other.empty()) continue;
        Field const* const choice = type.find(other);
        if (choice == nullptr ||
            std::find(choice->choices.begin(), choice->choices.end(), value) == choice->choices.end()) {
            return broken("required-when", type.name + "/" + field.name + ": no field " + other + " can be " + value);
        }
    }
    return type;
}

DataSchema const& typeSchema() {
    static DataSchema const schema(*modelDataFile("meta/type.schema.json"));
    return schema;
}

// ---------------------------------------------------------------------------------------------------- checking values

bool isControl(char character) { return static_cast<unsigned char>(character) < 0x20 || character == 0x7f; }

std::size_t characterCount(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

bool isDecimal(std::string_view text) {
    if (text.size() > kDecimalLengthMax) return false;
    if (text.starts_with('-')) text.remove_prefix(1);
    auto const digits = [](std::string_view part) {
        return !part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos;
    };
    std::size_t const point = text.find('.');
    std::string_view const whole = text.substr(0, point);
    if (!digits(whole) || (whole.size() > 1 && whole.front() == '0')) return false;
    return point == std::string_view::npos || digits(text.substr(point + 1));
}

bool isReference(json::Value const& value) {
    json::Object const* const object = value.asObject();
    if (object == nullptr) return false;
    std::string const* const doc = json::stringAt(*object, "doc");
    std::string const* const scope = json::stringAt(*object, "scope");
    if (doc == nullptr || scope == nullptr || !DocumentId::fromHex(*doc) || !Scope::parse(*scope)) return false;
    if (object->size() == 2) return true;
    std::string const* const revision = json::stringAt(*object, "revision");
    return object->size() == 3 && revision != nullptr && ObjectId::fromHex(*revision);
}

/// Like a reference, of another college: its school stands beside it, and the exact revision.
bool isOrigin(json::Value const& value) {
    json::Object const* const object = value.asObject();
    if (object == nullptr || object->size() != 4) return false;
    std::string const* const school = json::stringAt(*object, "school");
    if (school == nullptr || !SchoolId::fromHex(*school)) return false;
    json::Object without = *object;
    without.erase("school");
    return isReference(json::Value(std::move(without)));
}

Error misfit(Field const& field, std::string const& place) {
    std::string detail = place + " takes " + std::string(kindName(field.kind).takes);
    if (field.kind == FieldKind::Choice) {
        detail += ":";
        for (std::string const& choice : field.choices) detail += " " + choice;
    }
    return makeError(ErrorCode::Usage, kindName(field.kind).reason, std::move(detail));
}

Result<void> checkRows(Field const& field, json::Value const& value, std::string const& place);

Result<void> checkValue(Field const& field, json::Value const& value, std::string const& place) {
    std::string const* const text = value.asString();
    auto const fits = [&](bool good) -> Result<void> {
        if (good) return {};
        return misfit(field, place);
    };
    switch (field.kind) {
        case FieldKind::Text:
        case FieldKind::LongText: {
            if (text == nullptr) return misfit(field, place);
            bool const isLong = field.kind == FieldKind::LongText;
            if (std::any_of(text->begin(), text->end(), [&](char c) {
                    return isControl(c) && !(isLong && (c == '\n' || c == '\t' || c == '\r'));
                })) {
                return makeError(ErrorCode::Usage, "field.control-character",
                                 place + " takes " + std::string(kindName(field.kind).takes));
            }
            if (field.lengthMax != 0 && characterCount(*text) > field.lengthMax) {
                return makeError(ErrorCode::Usage, "field.too-long",
                                 place + " takes at most " + std::to_string(field.lengthMax) + " characters");
            }
            return {};
        }
        case FieldKind::Integer: return fits(value.asInteger() != nullptr);
        case FieldKind::Boolean: return fits(value.asBool() != nullptr);
        case FieldKind::Decimal: return fits(text != nullptr && isDecimal(*text));
        case FieldKind::Day: return fits(text != nullptr && parseDay(*text).has_value());
        case FieldKind::Choice:
            return fits(text != nullptr &&
                        std::find(field.choices.begin(), field.choices.end(), *text) != field.choices.end());
        case FieldKind::Person: return fits(text != nullptr && PersonId::parse(*text).has_value());
        case FieldKind::Unit: return fits(text != nullptr && isNameToken(*text));
        case FieldKind::Reference: return fits(field.name == kMovedFrom ? isOrigin(value) : isReference(value));
        case FieldKind::Set: return fits(hasForm(value, MergeRule::Set));
        case FieldKind::Files:
            return fits(hasForm(value, MergeRule::Set) &&
                        std::all_of(value.asArray()->begin(), value.asArray()->end(), [](json::Value const& file) {
                            return AttachmentId::fromHex(*file.asString()).has_value();
                        }));
        case FieldKind::Map:
            return fits(hasForm(value, MergeRule::Map) &&
                        std::all_of(value.asArray()->begin(), value.asArray()->end(), [](json::Value const& entry) {
                            return json::stringAt(*entry.asObject(), "v") != nullptr;
                        }));
        case FieldKind::Rows: return checkRows(field, value, place);
    }
    return misfit(field, place);
}

Result<void> checkRows(Field const& field, json::Value const& value, std::string const& place) {
    if (!hasForm(value, MergeRule::Rows)) return misfit(field, place);
    for (json::Value const& row : *value.asArray()) {
        std::string const here = place + "/" + *json::stringAt(*row.asObject(), "id");
        for (auto const& [name, cell] : *row.asObject()) {
            if (name == "id" || field.columns.empty()) continue;
            Field const* const column = field.column(name);
            if (column == nullptr) {
                return makeError(ErrorCode::Usage, "field.unknown-column", here + " has no column " + name);
            }
            if (auto checked = checkValue(*column, cell, here + "/" + name); !checked) return checked;
        }
    }
    return {};
}

bool isEmpty(json::Value const& value) {
    if (std::string const* const text = value.asString())
        return text->find_first_not_of(" \t\r\n") == std::string::npos;
    if (json::Array const* const array = value.asArray()) return array->empty();
    return false;
}

}  // namespace

bool isMissing(json::Object const& fields, std::string_view name) {
    json::Value const* const value = fields.find(name);
    return value == nullptr || isEmpty(*value);
}

namespace {

void addMissingColumns(Field const& field, json::Value const& rows, std::string const& place,
                       std::vector<std::string>& missing) {
    if (!hasForm(rows, MergeRule::Rows)) return;
    for (json::Value const& row : *rows.asArray()) {
        json::Object const& object = *row.asObject();
        std::string const here = place + "/" + *json::stringAt(object, "id") + "/";
        for (Field const& column : field.columns) {
            if (column.required && isMissing(object, column.name)) missing.push_back(here + column.name);
            json::Value const* const nested = object.find(column.name);
            if (nested != nullptr && column.kind == FieldKind::Rows) {
                addMissingColumns(column, *nested, here + column.name, missing);
            }
        }
    }
}

// ------------------------------------------------------------------------------------------------------------- typing

std::string_view trimmed(std::string_view text) {
    std::size_t const first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

/// Parts between commas; the Chinese comma and enumeration comma are commas too.
std::vector<std::string> partsOf(std::string_view text) {
    std::vector<std::string> parts;
    auto const add = [&](std::string_view part) {
        part = trimmed(part);
        if (!part.empty()) parts.emplace_back(part);
    };
    std::size_t start = 0;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t width = 0;
        for (std::string_view comma : {std::string_view(","), std::string_view("，"), std::string_view("、")}) {
            if (text.substr(at).starts_with(comma)) width = comma.size();
        }
        if (width == 0) {
            ++at;
            continue;
        }
        add(text.substr(start, at - start));
        at += width;
        start = at;
    }
    add(text.substr(start));
    return parts;
}

json::Value referenceFrom(std::string_view typed) {
    json::Object object;
    std::size_t const at = typed.find('@');
    if (at != std::string_view::npos) object.set("revision", typed.substr(at + 1));
    typed = typed.substr(0, at);
    std::size_t const colon = typed.find(':');
    if (colon == std::string_view::npos) return object;
    object.set("scope", typed.substr(0, colon));
    object.set("doc", typed.substr(colon + 1));
    return object;
}

json::Value valueFrom(FieldKind kind, std::string_view typed) {
    switch (kind) {
        case FieldKind::Text:
        case FieldKind::LongText: return typed;
        case FieldKind::Integer: {
            std::int64_t number = 0;
            std::string_view const digits = trimmed(typed);
            auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
            bool const good = error == std::errc() && end == digits.data() + digits.size() &&
                              number <= json::kIntegerMax && number >= -json::kIntegerMax;
            return good ? json::Value(number) : json::Value(typed);
        }
        case FieldKind::Boolean:
            if (trimmed(typed) == "true" || trimmed(typed) == "是") return true;
            if (trimmed(typed) == "false" || trimmed(typed) == "否") return false;
            return typed;
        case FieldKind::Reference: return referenceFrom(trimmed(typed));
        case FieldKind::Set:
        case FieldKind::Files: {
            std::vector<std::string> parts = partsOf(typed);
            std::sort(parts.begin(), parts.end());
            parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
            return json::Array(parts.begin(), parts.end());
        }
        case FieldKind::Map: {
            if (trimmed(typed).starts_with('[')) break;
            std::map<std::string, std::string> entries;
            for (std::string const& part : partsOf(typed)) {
                std::size_t const equals = part.find('=');
                // A key twice, or none: no map, so that the caller refuses it.
                if (equals == std::string::npos) return typed;
                bool const isNew = entries
                                       .emplace(trimmed(std::string_view(part).substr(0, equals)),
                                                trimmed(std::string_view(part).substr(equals + 1)))
                                       .second;
                if (!isNew) return typed;
            }
            json::Array array;
            for (auto const& [key, value] : entries) array.push_back(json::Object{{"k", key}, {"v", value}});
            return array;
        }
        case FieldKind::Rows: break;
        default: return trimmed(typed);
    }
    auto read = readData(typed);
    return read ? *std::move(read) : json::Value(typed);
}

}  // namespace

std::string_view nameOf(FieldKind kind) noexcept { return kindName(kind).name; }

Field const* Field::column(std::string_view wanted) const {
    auto const found =
        std::find_if(columns.begin(), columns.end(), [&](Field const& field) { return field.name == wanted; });
    return found == columns.end() ? nullptr : &*found;
}

Field const* DocumentType::find(std::string_view wanted) const {
    auto const found =
        std::find_if(fields.begin(), fields.end(), [&](Field const& field) { return field.name == wanted; });
    return found == fields.end() ? nullptr : &*found;
}

MergeRules DocumentType::mergeRules() const {
    MergeRules rules;
    for (Field const& field : fields) {
        if (field.merge != MergeRule::Whole) rules.emplace(field.name, field.merge);
    }
    return rules;
}

TypeCatalogue const& TypeCatalogue::builtIn() {
    static TypeCatalogue const catalogue = [] {
        TypeCatalogue all;
        for (EmbeddedFile const& file : modelDataFiles()) {
            if (!file.name.starts_with("types/")) continue;
            // The JSON Schema was asked of these when the program was built; asking at each start takes longer than
            // most commands do.
            auto const value = readData(file.text);
            auto const added = value ? all.addChecked(*value) : Result<void>(value.error());
            ensure(added.has_value(), added ? "" : (std::string(file.name) + ": " + added.error().detail).c_str());
        }
        return all;
    }();
    return catalogue;
}

Result<void> TypeCatalogue::add(std::string_view jsonText) {
    auto const value = typeSchema().read(jsonText);
    if (!value) return value.error();
    return addChecked(*value);
}

Result<void> TypeCatalogue::addChecked(json::Value const& value) {
    auto type = typeFrom(*value.asObject());
    if (!type) return type.error();
    std::string const name = type->name;
    if (!m_types.emplace(name, *std::move(type)).second) return makeError(ErrorCode::Exists, "type.exists", name);
    return {};
}

DocumentType const* TypeCatalogue::find(std::string_view name) const {
    if (auto const found = m_types.find(name); found != m_types.end()) return &found->second;
    DocumentType const* newest = nullptr;
    for (auto const& [full, type] : m_types) {
        if (nameWithoutVersion(full) != name) continue;
        // v10 is newer than v9: of two numbers without leading zeros the longer is the greater.
        if (newest == nullptr || full.size() > newest->name.size() ||
            (full.size() == newest->name.size() && full > newest->name)) {
            newest = &type;
        }
    }
    return newest;
}

std::vector<DocumentType const*> TypeCatalogue::all() const {
    std::vector<DocumentType const*> types;
    for (auto const& [name, type] : m_types) types.push_back(&type);
    return types;
}

namespace {

/// Names the fields that there are: whoever mistyped one has no other list of them.
Error unknownField(DocumentType const& type, std::string_view name) {
    std::string known;
    for (Field const& field : type.fields) known += (known.empty() ? "" : ", ") + field.name;
    return makeError(ErrorCode::Usage, "field.unknown", std::string(name) + "; " + type.name + ": " + known);
}

}  // namespace

Result<json::Value> parseFieldValue(DocumentType const& type, std::string_view field, std::string_view typed) {
    Field const* const known = type.find(field);
    if (known == nullptr) return unknownField(type, field);
    json::Value value = valueFrom(known->kind, typed);
    if (auto const checked = checkValue(*known, value, known->name); !checked) return checked.error();
    return value;
}

Result<void> checkFields(DocumentType const& type, json::Object const& fields) {
    for (auto const& [name, value] : fields) {
        Field const* const field = type.find(name);
        if (field == nullptr) return unknownField(type, name);
        if (auto checked = checkValue(*field, value, name); !checked) return checked;
    }
    return {};
}

std::vector<std::string> missingFields(DocumentType const& type, json::Object const& fields) {
    std::vector<std::string> missing;
    for (Field const& field : type.fields) {
        bool required = field.required;
        if (!field.requiredWhen.first.empty()) {
            std::string const* const choice = json::stringAt(fields, field.requiredWhen.first);
            required = choice != nullptr && *choice == field.requiredWhen.second;
        }
        if (required && isMissing(fields, field.name)) missing.push_back(field.name);
        json::Value const* const value = fields.find(field.name);
        if (value != nullptr && field.kind == FieldKind::Rows) addMissingColumns(field, *value, field.name, missing);
    }
    return missing;
}

}  // namespace spiral::model
