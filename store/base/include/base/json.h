// Strict JSON: the one form of everything signed or hashed, a profile of RFC 8785 output.
//
// UTF-8 without BOM; object keys [a-z][a-z0-9_]*, sorted by bytes, unique; integers only, within ±(2^53−1); valid
// Unicode without lone surrogates, not normalised; no null; at most 32 arrays and objects inside each other; ≤ 1 MiB; no
// white space. Escaped are only " \ and control characters, in their shortest lower-case form. A value has exactly one
// encoding, so hash and signature are checked on the stored bytes before they are parsed.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace spiral::json {

inline constexpr std::size_t kBytesMax = 1024 * 1024;
inline constexpr int kDepthMax = 32;
inline constexpr std::int64_t kIntegerMax = 9007199254740991;  // 2^53 − 1

class Value;
using Array = std::vector<Value>;
/// Members in the order of the bytes of their keys, each key once. `set` keeps it so.
class Object {
public:
    using Member = std::pair<std::string, Value>;
    Object() = default;
    /// REQUIRES: keys unique. They may come in any order.
    Object(std::initializer_list<Member> members);

    /// The member of that name, or null.
    [[nodiscard]] Value const* find(std::string_view key) const noexcept;
    [[nodiscard]] Value* find(std::string_view key) noexcept;
    /// Adds the member, or replaces its value.
    Value& set(std::string_view key, Value value);
    void erase(std::string_view key);
    // Defined behind Value: clang needs it complete for them.
    [[nodiscard]] bool empty() const noexcept;
    [[nodiscard]] std::size_t size() const noexcept;
    [[nodiscard]] std::vector<Member>::const_iterator begin() const noexcept;
    [[nodiscard]] std::vector<Member>::const_iterator end() const noexcept;
    friend bool operator==(Object const&, Object const&);

private:
    friend class Parser;
    std::vector<Member> m_members;
};

class Value {
public:
    Value() : m_data(Object{}) {}
    Value(bool value) : m_data(value) {}
    Value(int value) : m_data(std::int64_t{value}) {}
    Value(std::int64_t value) : m_data(value) {}
    Value(std::string value) : m_data(std::move(value)) {}
    Value(std::string_view value) : m_data(std::string(value)) {}
    Value(char const* value) : m_data(std::string(value)) {}
    Value(Array value) : m_data(std::move(value)) {}
    Value(Object value) : m_data(std::move(value)) {}

    /// Each gives null if the value is of another kind.
    [[nodiscard]] bool const* asBool() const noexcept { return std::get_if<bool>(&m_data); }
    [[nodiscard]] std::int64_t const* asInteger() const noexcept { return std::get_if<std::int64_t>(&m_data); }
    [[nodiscard]] std::string const* asString() const noexcept { return std::get_if<std::string>(&m_data); }
    [[nodiscard]] Array const* asArray() const noexcept { return std::get_if<Array>(&m_data); }
    [[nodiscard]] Object const* asObject() const noexcept { return std::get_if<Object>(&m_data); }
    [[nodiscard]] Array* asArray() noexcept { return std::get_if<Array>(&m_data); }
    [[nodiscard]] Object* asObject() noexcept { return std::get_if<Object>(&m_data); }

    friend bool operator==(Value const&, Value const&) = default;

private:
    std::variant<bool, std::int64_t, std::string, Array, Object> m_data;
};

inline bool Object::empty() const noexcept { return m_members.empty(); }
inline std::size_t Object::size() const noexcept { return m_members.size(); }
inline std::vector<Object::Member>::const_iterator Object::begin() const noexcept { return m_members.begin(); }
inline std::vector<Object::Member>::const_iterator Object::end() const noexcept { return m_members.end(); }
inline bool operator==(Object const& a, Object const& b) { return a.m_members == b.m_members; }

/// Decodes strict JSON. Refuses anything that encode() would not give back byte for byte; the reason names the rule
/// ("json.key-order", "json.not-an-integer", "json.null", "json.too-deep", "json.too-large", "json.utf8", …).
/// Time and memory are linear in the bytes.
[[nodiscard]] Result<Value> parse(ByteView bytes, std::size_t bytesMax = kBytesMax);
[[nodiscard]] inline Result<Value> parse(std::string_view text, std::size_t bytesMax = kBytesMax) {
    return parse(asBytes(text), bytesMax);
}

/// The one encoding of a value. REQUIRES (else stops the program): keys of the profile, valid UTF-8, integers in
/// range, depth ≤ 32. Use check() first on values that come from people.
[[nodiscard]] std::string encode(Value const& value);

/// Says why a value has no strict encoding, or nothing is wrong. Size is counted too.
[[nodiscard]] Result<void> check(Value const& value);

/// Convenience for decoders of known objects: each looks up `key` and gives null when it is absent or of another kind.
[[nodiscard]] std::string const* stringAt(Object const& object, std::string_view key) noexcept;
[[nodiscard]] std::int64_t const* integerAt(Object const& object, std::string_view key) noexcept;
[[nodiscard]] Array const* arrayAt(Object const& object, std::string_view key) noexcept;
[[nodiscard]] Object const* objectAt(Object const& object, std::string_view key) noexcept;

}  // namespace spiral::json
