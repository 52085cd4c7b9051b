#include "office/fields.h"

#include "engine/calendar.h"

#include <algorithm>
#include <array>

namespace spiral::office {

namespace {

constexpr std::array<std::string_view, 3> kLetGo{"withdrawn", "cancelled", "nothing-stands"};

}  // namespace

json::Object fieldsOf(Office& office, replica::ListedDocument const& listed) {
    if (listed.row.heads.size() == 1) {
        auto const bytes = office.replica().revisionBytes(listed.row.heads.front());
        auto revision = bytes ? trust::decodeRevision(*bytes) : Result<trust::Revision>(Error{});
        if (revision) return std::move(revision->fields);
    }
    auto shown = office.show(listed.key());
    return shown ? std::move(shown->merged.fields) : json::Object();
}

std::vector<replica::ListedDocument> documentsOf(Office& office, std::string_view type) {
    replica::ListFilter filter;
    filter.type = std::string(type);
    auto all = office.list(filter);
    std::erase_if(all, [](replica::ListedDocument const& listed) {
        return std::find(kLetGo.begin(), kLetGo.end(), listed.row.state) != kLetGo.end();
    });
    return all;
}

std::string sourceOf(replica::ListedDocument const& listed) {
    auto const summary = json::parse(listed.row.summary);
    auto const* object = summary ? summary->asObject() : nullptr;
    return object ? textOf(*object, "source") : std::string();
}

std::string textOf(json::Object const& object, std::string_view key) {
    auto const* text = json::stringAt(object, key);
    return text ? *text : std::string();
}

std::optional<Day> dayOf(json::Object const& object, std::string_view key) { return parseDay(textOf(object, key)); }

std::set<std::string> setOf(json::Object const& object, std::string_view key) {
    std::set<std::string> result;
    if (auto const* array = json::arrayAt(object, key)) {
        for (auto const& each : *array) {
            if (auto const* text = each.asString()) result.insert(*text);
        }
    }
    return result;
}

bool flagOf(json::Object const& object, std::string_view key) {
    auto const* value = object.find(key);
    auto const* flag = value ? value->asBool() : nullptr;
    return flag && *flag;
}

std::optional<DocumentKey> referenceOf(json::Object const& object, std::string_view key) {
    auto const* reference = json::objectAt(object, key);
    if (!reference) return std::nullopt;
    auto const scope = Scope::parse(textOf(*reference, "scope"));
    auto const doc = DocumentId::fromHex(textOf(*reference, "doc"));
    return scope && doc ? std::optional(DocumentKey{*scope, *doc}) : std::nullopt;
}

std::optional<std::int64_t> numberOf(json::Object const& object, std::string_view key) {
    auto const* value = object.find(key);
    auto const* number = value ? value->asInteger() : nullptr;
    return number ? std::optional(*number) : std::nullopt;
}

std::optional<ObjectId> revisionOf(json::Object const& object, std::string_view key) {
    auto const* reference = json::objectAt(object, key);
    return reference ? ObjectId::fromHex(textOf(*reference, "revision")) : std::nullopt;
}

std::vector<json::Object const*> rowsOf(json::Object const& object, std::string_view key) {
    std::vector<json::Object const*> rows;
    if (auto const* array = json::arrayAt(object, key)) {
        for (auto const& each : *array) {
            if (auto const* row = each.asObject()) rows.push_back(row);
        }
    }
    return rows;
}

Day collegeDay(Instant instant) { return engine::dayAt(instant, engine::kChinaTime); }

}  // namespace spiral::office
