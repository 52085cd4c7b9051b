// What the administrator may set: DIR/spirald.json, and the addresses on the command line.
#pragma once

#include "base/result.h"
#include "server/sync_server.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace spiral::server {

struct Address {
    std::string host;
    std::uint16_t port = 0;
    friend bool operator==(Address const&, Address const&) = default;
};
/// `HOST:PORT` or `[IPv6]:PORT`; nothing otherwise. Port 0 means any free one.
[[nodiscard]] std::optional<Address> addressFrom(std::string_view text);
[[nodiscard]] std::string toText(Address const& address);

struct Settings {
    std::optional<Address> web = Address{"127.0.0.1", 7421};  ///< nothing: no web server
    SyncSettings sync;
    friend bool operator==(Settings const&, Settings const&) = default;
};

inline constexpr std::string_view kSettingsFile = "spirald.json";
inline constexpr std::size_t kSettingsBytesMax = 64 * 1024;

/// Reads the file: {listen?, web?, upstream?, limits? {…}}. Everything else in it is refused, so that a misspelt limit
/// is no limit that silently does not hold. Malformed: "settings.syntax"; "settings.unknown", naming the member;
/// "settings.value", naming the member and what may stand there.
[[nodiscard]] Result<Settings> settingsFrom(std::string_view text);

/// A limit as it stands in the file.
struct Limit {
    std::string_view name;
    std::size_t SyncSettings::*value;
    std::size_t min, max;
};
[[nodiscard]] std::vector<Limit> const& limits();

}  // namespace spiral::server
