// Small readers over Office that what joins rules to documents shares. Nothing here writes.
#pragma once

#include "office/office.h"

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace spiral::office {

/// The fields of a listed document as merged; an open one is left out. Cheap where there is one head.
[[nodiscard]] json::Object fieldsOf(Office& office, replica::ListedDocument const& listed);
/// Documents of a type that nobody withdrew, cancelled or set aside, in the order of the list.
[[nodiscard]] std::vector<replica::ListedDocument> documentsOf(Office& office, std::string_view type);
/// What `source` such a document names; empty if none.
[[nodiscard]] std::string sourceOf(replica::ListedDocument const& listed);

/// A text of the object, or nothing; empty if it is absent.
[[nodiscard]] std::string textOf(json::Object const& object, std::string_view key);
[[nodiscard]] std::optional<Day> dayOf(json::Object const& object, std::string_view key);
[[nodiscard]] std::set<std::string> setOf(json::Object const& object, std::string_view key);
[[nodiscard]] bool flagOf(json::Object const& object, std::string_view key);
[[nodiscard]] std::optional<std::int64_t> numberOf(json::Object const& object, std::string_view key);
/// The document that a reference names; nothing if there is none.
[[nodiscard]] std::optional<DocumentKey> referenceOf(json::Object const& object, std::string_view key);
/// The exact revision that a reference names; nothing if it names none.
[[nodiscard]] std::optional<ObjectId> revisionOf(json::Object const& object, std::string_view key);
/// The rows of a row list that are objects.
[[nodiscard]] std::vector<json::Object const*> rowsOf(json::Object const& object, std::string_view key);

/// The day it is in a Chinese college at an instant: one zone for the whole country, so that every replica says the same.
[[nodiscard]] Day collegeDay(Instant instant);

}  // namespace spiral::office
