// Documents made or changed many at a time, for tables: what Office::importTable takes as kind `documents`. Private to
// workflow/office.
#pragma once

#include "office/office.h"

namespace spiral::office {

class TheOffice;

inline constexpr std::string_view kTakeDocuments = "documents";
/// Bytes of one call; a larger table is several calls.
inline constexpr std::size_t kTakeBytesMax = 4 * 1024 * 1024;

/// `text` is strict JSON: {type, documents: [{scope, fields, doc?}]}. With `doc` (32 hexadecimal digits) a document
/// that is there gets a revision, on top of all its heads, whose fields are its merged ones with `fields` put over
/// them; a note says where that cannot be (`differences-open`, `draft-unsealed`), or that nothing changed
/// (`unchanged`). Without, it is a new document. Notes name the place in the array, from 0. Up to 500 rows go into a
/// frame; what is sealed before an error stays.
[[nodiscard]] Result<ImportResult> takeDocuments(TheOffice& office, std::string_view text, bool dryRun);

}  // namespace spiral::office
