// Comma-separated values as Excel and WPS write them in China.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "sheets/table.h"

namespace spiral::sheets {

/// UTF-8 with or without its mark, UTF-16 with its mark, or else GB18030; parted by commas, or by tabs or semicolons
/// where the first line has more of them; fields may stand in double quotes; lines end in CR, LF or both. Malformed
/// ("sheets.encoding", "sheets.quote" naming the row) or TooLarge, naming the limit ("sheets.too-many-rows", …).
[[nodiscard]] Result<Table> readCsv(ByteView bytes);

}  // namespace spiral::sheets
