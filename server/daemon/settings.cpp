#include "daemon/settings.h"

#include "model/data.h"
#include "trust/enrolment.h"

#include <algorithm>
#include <charconv>

namespace spiral::server {

namespace {

constexpr std::size_t kHostBytesMax = 255;
constexpr std::string_view kInLimits = "limits.";

Error wrong(std::string_view member, std::string_view wanted) {
    return makeError(ErrorCode::Malformed, "settings.value", std::string(member) + ": " + std::string(wanted));
}

Result<Address> addressAt(json::Value const& value, std::string_view member) {
    auto const* text = value.asString();
    auto const address = text ? addressFrom(*text) : std::nullopt;
    if (!address) return wrong(member, "HOST:PORT");
    return *address;
}

Result<void> readLimits(json::Value const& value, SyncSettings& into) {
    auto const* object = value.asObject();
    if (!object) return wrong("limits", "{…}");
    for (auto const& [name, number] : *object) {
        auto const place = std::string(kInLimits) + name;
        auto const found = std::find_if(limits().begin(), limits().end(),
                                        [name = name](Limit const& each) { return each.name == name; });
        if (found == limits().end()) return makeError(ErrorCode::Malformed, "settings.unknown", place);
        auto const* integer = number.asInteger();
        if (!integer || *integer < static_cast<std::int64_t>(found->min) ||
            *integer > static_cast<std::int64_t>(found->max)) {
            return wrong(place, std::to_string(found->min) + " … " + std::to_string(found->max));
        }
        into.*found->value = static_cast<std::size_t>(*integer);
    }
    return {};
}

}  // namespace

std::vector<Limit> const& limits() {
    static std::vector<Limit> const all = {
        {"connection_bytes_max", &SyncSettings::connectionBytesMax, 4 * 1024 * 1024, 256 * 1024 * 1024},
        {"connections_max", &SyncSettings::connectionsMax, 1, 1'000'000},
        {"connections_per_device_max", &SyncSettings::connectionsPerDeviceMax, 1, 64},
        {"handshake_seconds", &SyncSettings::handshakeSeconds, 1, 120},
        {"idle_seconds", &SyncSettings::idleSeconds, 10, 86'400},
    };
    return all;
}

std::optional<Address> addressFrom(std::string_view text) {
    auto const colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    auto host = text.substr(0, colon);
    auto const digits = text.substr(colon + 1);
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string_view::npos) {
        return std::nullopt;  // an IPv6 address without brackets: where it ends is a guess
    }
    bool const visible = std::all_of(host.begin(), host.end(), [](char c) { return c > ' ' && c <= '~' && c != '/'; });
    if (host.empty() || host.size() > kHostBytesMax || !visible) return std::nullopt;
    Address address{std::string(host), 0};
    auto const [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), address.port);
    if (digits.empty() || failure != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return address;
}

std::string toText(Address const& address) {
    bool const brackets = address.host.find(':') != std::string::npos;
    return (brackets ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

Result<Settings> settingsFrom(std::string_view text) {
    auto const data = model::readData(text);
    if (!data)
        return makeError(ErrorCode::Malformed, "settings.syntax", data.error().reason + " " + data.error().detail);
    auto const* object = data->asObject();
    if (!object) return makeError(ErrorCode::Malformed, "settings.syntax", "{…}");
    Settings settings;
    for (auto const& [name, value] : *object) {
        if (name == "listen") {
            auto const address = addressAt(value, name);
            if (!address) return address.error();
            settings.sync.host = address->host;
            settings.sync.port = address->port;
        } else if (name == "web") {
            if (auto const* flag = value.asBool(); flag && !*flag) {
                settings.web.reset();
                continue;
            }
            auto address = addressAt(value, name);
            if (!address) return wrong(name, "HOST:PORT, or false");
            settings.web = std::move(*address);
        } else if (name == "upstream") {
            auto const* url = value.asString();
            if (!url || !trust::isServerUrl(*url)) return wrong(name, "spiral://HOST:PORT");
            settings.sync.upstream = *url;
        } else if (name == "limits") {
            if (auto read = readLimits(value, settings.sync); !read) return read.error();
        } else {
            return makeError(ErrorCode::Malformed, "settings.unknown", name);
        }
    }
    return settings;
}

}  // namespace spiral::server
