// Ids as the bytes they are. What is signed writes them as hexadecimal digits, and a changeset holds some of the same ids
// as bytes: written one way, a packer finds them again, and those that come once cost half. docs/formats.md, "Short form".
#pragma once

#include "base/bytes.h"

#include <cstddef>
#include <optional>

namespace spiral::protocol {

/// Any bytes, with every run of hexadecimal digits that is long enough for an id as bytes.
[[nodiscard]] Bytes shorten(ByteView bytes);
/// What was shortened. Nothing if it is not of the form or would not give exactly `size` bytes; takes no more memory than
/// those, and does not read beyond either end.
[[nodiscard]] std::optional<Bytes> lengthen(ByteView shortened, std::size_t size);

}  // namespace spiral::protocol
