// The one JSON document that --json prints. It is not strict JSON (base/json.h): it may hold fractions, null and any
// key, and keeps the order in which members were set, because people read it too.
#pragma once

#include "base/json.h"

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace spiral::cli {

class Json {
public:
    Json() = default;  // null
    Json(bool value) : m_data(value) {}
    template <std::integral Integer>
    requires(!std::same_as<Integer, bool>) Json(Integer value) : m_data(static_cast<std::int64_t>(value)) {}
    Json(double value) : m_data(value) {}
    Json(std::string value) : m_data(std::move(value)) {}
    Json(std::string_view value) : m_data(std::string(value)) {}
    Json(char const* value) : m_data(std::string(value)) {}
    template <class T>
    Json(std::optional<T> const& value) {
        if (value) *this = Json(*value);
    }
    explicit Json(json::Value const& value);

    [[nodiscard]] static Json array();
    [[nodiscard]] static Json array(std::vector<std::string> const& texts);
    [[nodiscard]] static Json object();

    /// Adds a member; REQUIRES: an object, and the key was not set before.
    Json& set(std::string_view key, Json value);
    /// Adds an element; REQUIRES: an array.
    Json& add(Json value);

    /// In one line. Text that is no UTF-8 is shown with U+FFFD; what would steer a terminal is escaped.
    [[nodiscard]] std::string text() const;

private:
    void write(std::string& out) const;
    using Members = std::vector<std::pair<std::string, Json>>;
    std::variant<std::monostate, bool, std::int64_t, double, std::string, std::vector<Json>, Members> m_data;
};

}  // namespace spiral::cli
