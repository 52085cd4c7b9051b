// A printed catalogue as a data file (schemas/catalogues/*.json) or a college's own of the same form, read into the
// fields of catalogue documents. Pure.
#pragma once

#include "base/json.h"
#include "base/result.h"

#include <cstdint>
#include <string>
#include <vector>

namespace spiral::engine {

/// Something worth telling about one place of the file.
struct CatalogueNote {
    std::string row, field, code, text;
    bool error = false;  ///< that place was not taken
};
struct CatalogueFile {
    std::vector<json::Object> documents;  ///< each with `source`: the table's or the file's id, `@version` behind it
    std::vector<CatalogueNote> notes;
    std::int64_t tables = 0;  ///< also those that were not taken
};

/// Two forms: `tables`, a document each, with elements in them; or `projects`, one document, whose elements name their
/// project. Points keep the words they are printed in; owners, goals, present state, layers, `was` and `withdrawn` are
/// taken where they stand. Malformed ("import.form") if it is neither.
[[nodiscard]] Result<CatalogueFile> readCatalogueFile(json::Object const& root);

}  // namespace spiral::engine
