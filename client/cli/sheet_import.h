// Tables of workbooks and CSV on the command line, for `spiral import`.
#pragma once

#include "job.h"

namespace spiral::cli {

/// True if KIND is one of the kinds that come as sheets.
[[nodiscard]] bool isSheetKind(std::string_view kind);
/// Reads the file (XLSX by its bytes, JSON rows by its name, else CSV), takes it in, tells what became of it, and
/// writes
/// --errors. Malformed ("import.form") for a JSON file that has no rows.
[[nodiscard]] Result<int> importSheetFile(Job& job, std::string_view kind, std::string const& file);

}  // namespace spiral::cli
