// Signed bytes of another college in one file, as they were signed. Private to workflow/office.
//
//     spiral-history 1\n
//     h 231\n<strict JSON: what the file is about; signed by nobody>\n
//     e 1532 <64 bytes in hexadecimal>\n<registry entry>\n      r: record      f: frame header
//     d 804\n<revision>\n
#pragma once

#include "base/result.h"
#include "trust/signature.h"

#include <optional>
#include <string>
#include <vector>

namespace spiral::office {

inline constexpr std::size_t kPackBytesMax = 64 * 1024 * 1024;

struct PackedBlock {
    char letter = 'h';
    std::string bytes;
    std::optional<trust::Signature> signature;
};
[[nodiscard]] std::string packed(std::vector<PackedBlock> const& blocks);
/// Malformed ("takeover.form") unless it is exactly of that form. Nothing is checked beyond it.
[[nodiscard]] Result<std::vector<PackedBlock>> unpacked(std::string_view text);

}  // namespace spiral::office
