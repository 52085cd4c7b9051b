// Data files: the JSON of schemas/, and what a college adds to it. Unlike signed objects they are written by people, so
// they may have white space and any order of keys; apart from that they hold no more than strict JSON does (no null, no
// fraction, no key twice).
#pragma once

#include "base/json.h"
#include "base/result.h"

#include <memory>
#include <string_view>

namespace spiral::model {

inline constexpr std::size_t kDataBytesMax = 4 * 1024 * 1024;  // a catalogue of a province; ours have 36 KB

/// Reads a data file without asking what it means. Malformed, naming line and rule ("data.syntax", "data.key-twice",
/// "data.null", "data.not-an-integer", "data.too-deep", …).
[[nodiscard]] Result<json::Value> readData(std::string_view text);

/// One JSON Schema (draft 7) of schemas/meta, ready to be asked. Copies share it; asking is thread-safe.
class DataSchema {
public:
    /// REQUIRES: a valid schema. It is part of the program.
    explicit DataSchema(std::string_view schemaText);

    /// Reads a data file of this form. Beyond readData's reasons: "data.schema", with the place and the rule in detail.
    [[nodiscard]] Result<json::Value> read(std::string_view text) const;

private:
    struct Compiled;
    std::shared_ptr<Compiled const> m_compiled;
};

}  // namespace spiral::model
