// sd_notify by hand: one datagram to the socket that the service manager named.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace spiral::server {

/// Sends `state` ("READY=1") to $NOTIFY_SOCKET as it was found: a path, or `@` and a name of the abstract kind. Whether
/// it arrived; nothing depends on it.
bool notify(std::optional<std::string> const& socket, std::string_view state) noexcept;

}  // namespace spiral::server
