#include "model/data.h"

// The only place that knows these libraries.
#define VALIJSON_USE_EXCEPTIONS 1
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include <algorithm>
#include <exception>
#include <string>
#include <vector>

namespace spiral::model {
namespace {

std::string lineOf(std::string_view text, std::size_t position) {
    auto const end = text.begin() + static_cast<std::ptrdiff_t>(std::min(position, text.size()));
    return "line " + std::to_string(1 + std::count(text.begin(), end, '\n'));
}

/// Builds our value from nlohmann's events, which are what tells us of a key that comes twice.
class Reader final : public nlohmann::json_sax<nlohmann::json> {
public:
    bool null() override { return refuse("data.null", "null has no place in our JSON: leave the key out"); }
    bool boolean(bool value) override { return put(value); }
    bool number_integer(number_integer_t value) override { return putInteger(value); }
    bool number_unsigned(number_unsigned_t value) override {
        if (value > static_cast<number_unsigned_t>(json::kIntegerMax)) return putInteger(json::kIntegerMax + 1);
        return putInteger(static_cast<number_integer_t>(value));
    }
    bool number_float(number_float_t, string_t const& text) override {
        return refuse("data.not-an-integer", text + " is no integer; write a decimal as a string");
    }
    bool string(string_t& value) override { return put(std::move(value)); }
    bool binary(binary_t&) override { return refuse("data.syntax", "binary"); }
    bool start_object(std::size_t) override { return open(json::Object{}); }
    bool end_object() override { return close(); }
    bool start_array(std::size_t) override { return open(json::Array{}); }
    bool end_array() override { return close(); }
    bool key(string_t& value) override {
        Level& level = m_levels.back();
        if (level.value.asObject()->find(value) != nullptr) return refuse("data.key-twice", value);
        level.key = std::move(value);
        return true;
    }
    bool parse_error(std::size_t position, std::string const&, nlohmann::detail::exception const& error) override {
        if (!m_error) m_error = makeError(ErrorCode::Malformed, "data.syntax", error.what());
        m_position = position;
        return false;
    }

    std::optional<Error> m_error;
    std::optional<std::size_t> m_position;
    json::Value m_value;

private:
    struct Level {
        json::Value value;
        std::string key;  // of the member to come
    };

    bool refuse(std::string_view reason, std::string detail) {
        m_error = makeError(ErrorCode::Malformed, reason, where() + ": " + std::move(detail));
        return false;
    }
    std::string where() const {
        std::string path;
        for (Level const& level : m_levels) {
            json::Array const* const array = level.value.asArray();
            path += "/" + (array != nullptr ? std::to_string(array->size()) : level.key);
        }
        return path.empty() ? "/" : path;
    }
    bool putInteger(std::int64_t value) {
        if (value > json::kIntegerMax || value < -json::kIntegerMax) {
            return refuse("data.not-an-integer", "an integer lies within ±(2^53−1)");
        }
        return put(value);
    }
    bool put(json::Value value) {
        if (m_levels.empty()) {
            m_value = std::move(value);
        } else if (json::Array* const array = m_levels.back().value.asArray()) {
            array->push_back(std::move(value));
        } else {
            m_levels.back().value.asObject()->set(m_levels.back().key, std::move(value));
        }
        return true;
    }
    bool open(json::Value value) {
        if (m_levels.size() >= static_cast<std::size_t>(json::kDepthMax))
            return refuse("data.too-deep", "32 levels are enough");
        m_levels.push_back({std::move(value), {}});
        return true;
    }
    bool close() {
        json::Value value = std::move(m_levels.back().value);
        m_levels.pop_back();
        return put(std::move(value));
    }

    std::vector<Level> m_levels;
};

/// "<root>", "[fields]", "[2]", "[kind]" → /fields/2/kind
std::string placeOf(std::vector<std::string> const& context) {
    std::string place;
    for (std::size_t i = 1; i < context.size(); ++i) {
        std::string_view part = context[i];
        if (part.starts_with('[') && part.ends_with(']')) part = part.substr(1, part.size() - 2);
        place += "/" + std::string(part);
    }
    return place.empty() ? "/" : place;
}

}  // namespace

Result<json::Value> readData(std::string_view text) {
    if (text.size() > kDataBytesMax) return makeError(ErrorCode::TooLarge, "data.too-large", "more than 4 MiB");
    Reader reader;
    bool const good = nlohmann::json::sax_parse(text.begin(), text.end(), &reader);
    if (reader.m_error) {
        if (reader.m_position)
            reader.m_error->detail = lineOf(text, *reader.m_position) + ": " + reader.m_error->detail;
        return *std::move(reader.m_error);
    }
    if (!good) return makeError(ErrorCode::Malformed, "data.syntax", "not JSON");
    return std::move(reader.m_value);
}

struct DataSchema::Compiled {
    valijson::Schema schema;
};

DataSchema::DataSchema(std::string_view schemaText) {
    auto compiled = std::make_shared<Compiled>();
    try {
        nlohmann::json const document = nlohmann::json::parse(schemaText);
        valijson::adapters::NlohmannJsonAdapter const adapter(document);
        valijson::SchemaParser(valijson::SchemaParser::kDraft7).populateSchema(adapter, compiled->schema);
    } catch (std::exception const& error) {
        ensure(false, error.what());
    }
    m_compiled = std::move(compiled);
}

Result<json::Value> DataSchema::read(std::string_view text) const {
    auto value = readData(text);
    if (!value) return value;
    try {
        nlohmann::json const document = nlohmann::json::parse(text);
        valijson::adapters::NlohmannJsonAdapter const adapter(document);
        valijson::ValidationResults results;
        if (valijson::Validator().validate(m_compiled->schema, adapter, &results)) return value;
        // valijson reports the innermost failure and then all that contain it; the innermost is what helps.
        valijson::ValidationResults::Error deepest;
        for (auto const& error : results) {
            if (deepest.description.empty() || error.context.size() > deepest.context.size()) deepest = error;
        }
        return makeError(ErrorCode::Malformed, "data.schema", placeOf(deepest.context) + ": " + deepest.description);
    } catch (std::exception const& error) {
        return makeError(ErrorCode::Malformed, "data.schema", error.what());
    }
}

}  // namespace spiral::model
