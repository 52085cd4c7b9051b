#include "cli/output_json.h"

#include "base/result.h"
#include "cli/table.h"

#include <cmath>
#include <cstdio>

namespace spiral::cli {

namespace {

void writeText(std::string_view raw, std::string& out) {
    std::string const text = validUtf8(raw);
    out.push_back('"');
    for (char const c : text) {
        if (c == '"' || c == '\\') {
            out.push_back('\\');
            out.push_back(c);
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
            char escaped[8];
            std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(static_cast<unsigned char>(c)));
            out += escaped;
        } else {
            out.push_back(c);
        }
    }
    out.push_back('"');
}

}  // namespace

Json::Json(json::Value const& value) {
    if (auto const* boolean = value.asBool()) {
        m_data = *boolean;
    } else if (auto const* integer = value.asInteger()) {
        m_data = *integer;
    } else if (auto const* text = value.asString()) {
        m_data = *text;
    } else if (auto const* elements = value.asArray()) {
        std::vector<Json> all;
        for (auto const& element : *elements) all.emplace_back(element);
        m_data = std::move(all);
    } else if (auto const* members = value.asObject()) {
        Members all;
        for (auto const& [key, member] : *members) all.emplace_back(key, Json(member));
        m_data = std::move(all);
    }
}

Json Json::array() {
    Json result;
    result.m_data = std::vector<Json>();
    return result;
}

Json Json::array(std::vector<std::string> const& texts) {
    Json result = array();
    for (auto const& text : texts) result.add(text);
    return result;
}

Json Json::object() {
    Json result;
    result.m_data = Members();
    return result;
}

Json& Json::set(std::string_view key, Json value) {
    auto* members = std::get_if<Members>(&m_data);
    ensure(members != nullptr, "set() is called on a JSON object");
    members->emplace_back(std::string(key), std::move(value));
    return *this;
}

Json& Json::add(Json value) {
    auto* elements = std::get_if<std::vector<Json>>(&m_data);
    ensure(elements != nullptr, "add() is called on a JSON array");
    elements->push_back(std::move(value));
    return *this;
}

void Json::write(std::string& out) const {
    if (auto const* boolean = std::get_if<bool>(&m_data)) {
        out += *boolean ? "true" : "false";
    } else if (auto const* integer = std::get_if<std::int64_t>(&m_data)) {
        out += std::to_string(*integer);
    } else if (auto const* number = std::get_if<double>(&m_data)) {
        char printed[32] = "0";
        if (std::isfinite(*number)) std::snprintf(printed, sizeof printed, "%.6g", *number);
        out += printed;
    } else if (auto const* text = std::get_if<std::string>(&m_data)) {
        writeText(*text, out);
    } else if (auto const* elements = std::get_if<std::vector<Json>>(&m_data)) {
        out.push_back('[');
        for (bool first = true; auto const& element : *elements) {
            if (!std::exchange(first, false)) out.push_back(',');
            element.write(out);
        }
        out.push_back(']');
    } else if (auto const* members = std::get_if<Members>(&m_data)) {
        out.push_back('{');
        for (bool first = true; auto const& [key, value] : *members) {
            if (!std::exchange(first, false)) out.push_back(',');
            writeText(key, out);
            out.push_back(':');
            value.write(out);
        }
        out.push_back('}');
    } else {
        out += "null";
    }
}

std::string Json::text() const {
    std::string out;
    write(out);
    return withMarksEscaped(out);
}

}  // namespace spiral::cli
