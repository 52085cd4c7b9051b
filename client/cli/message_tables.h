// The two tables behind messages.h, one source file each.
#pragma once

#include "cli/messages.h"

#include <cstddef>

namespace spiral::cli {

extern Message const kChineseMessages[];
extern std::size_t const kChineseMessagesCount;
extern Message const kEnglishMessages[];
extern std::size_t const kEnglishMessagesCount;

}  // namespace spiral::cli
