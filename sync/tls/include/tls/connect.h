// The way to a server whose device key is known.
#pragma once

#include "base/result.h"
#include "tls/channel.h"
#include "tls/loop.h"
#include "trust/signature.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace spiral::tls {

inline constexpr std::uint16_t kDefaultPort = 7420;

struct Address {
    std::string host;  ///< a name, or a numeric address without brackets
    std::uint16_t port = kDefaultPort;
    friend bool operator==(Address const&, Address const&) = default;
};
/// Reads `spiral://host`, `spiral://host:port` and `spiral://[2001:db8::1]:port`, and nothing else: no user, no path,
/// no slash at the end. Usage "tls.address".
[[nodiscard]] Result<Address> parseAddress(std::string_view text);
/// The form that parseAddress() reads, with its port.
[[nodiscard]] std::string toText(Address const& address);

using Connected = std::function<void(Result<std::unique_ptr<Channel>>)>;

/// Connects to `host` (a name or a numeric address), and makes sure by the certificate that `server` vouches for it in
/// `domain`. Before that is certain, only TLS's own first message is sent. Then calls `done` once, on the loop's
/// thread, never inside this call; not if the loop stops before. Refused: "tls.other-server". Environment:
/// "tls.resolve", "tls.unreachable", "tls.refused" (nobody listens there), "tls.timeout" (ChannelLimits::handshakeTime
/// for all together), "tls.handshake".
void connect(Loop& loop, std::string const& host, std::uint16_t port, trust::PublicKey const& server,
             std::string domain, ChannelLimits const& limits, Connected done);

}  // namespace spiral::tls
