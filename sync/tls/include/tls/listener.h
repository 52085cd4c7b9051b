// Accepts connections, within limits, and hands over those whose handshake is done.
#pragma once

#include "base/result.h"
#include "tls/channel.h"
#include "tls/identity.h"
#include "tls/loop.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace spiral::tls {

/// What is beyond a limit is accepted and closed at once, so that the other side knows. An IPv6 address counts by its
/// first 64 bits. Behind a proxy all come from one address, and the limits by address have to be as large as the
/// others.
struct ListenerLimits {
    /// At 16 KB each, 160 MB.
    std::size_t connectionsMax = 10'000;
    /// A campus may stand behind one address.
    std::size_t connectionsPerAddressMax = 2'000;
    /// Handshakes that are not done, each for at most ChannelLimits::handshakeTime. A malicious one may make OpenSSL
    /// take 128 KB, so these 64 MB in all.
    std::size_t handshakesMax = 512;
    std::size_t handshakesPerAddressMax = 128;
};

/// For metrics. All but `open` and `handshaking` only grow.
struct ListenerCounters {
    std::uint64_t accepted = 0;  ///< handshakes done
    std::uint64_t refusedByConnections = 0;
    std::uint64_t refusedByAddress = 0;  ///< either limit by address
    std::uint64_t refusedByHandshakes = 0;
    std::uint64_t handshakesFailed = 0;
    std::uint64_t acceptsFailed = 0;  ///< the system had no descriptor or memory; tried again after a pause
    std::size_t handshaking = 0;
    std::size_t open = 0;  ///< after the handshake, until the socket is closed
};

/// Listens until stop() or destruction. The channels it gave away live on without it.
class Listener {
public:
    using Accepted = std::function<void(std::unique_ptr<Channel>)>;

    /// `host` is a numeric address ("127.0.0.1", "0.0.0.0", "::" for IPv4 as well); Usage "tls.address" otherwise.
    /// `port` 0 takes any free one. Environment "tls.listen" if the system refuses. `accepted` is called on the loop's
    /// thread; it may destroy the listener.
    [[nodiscard]] static Result<std::unique_ptr<Listener>> open(Loop& loop, Identity const& identity,
                                                                std::string const& host, std::uint16_t port,
                                                                ListenerLimits const& limits,
                                                                ChannelLimits const& channelLimits, Accepted accepted);
    ~Listener();
    Listener(Listener const&) = delete;
    Listener& operator=(Listener const&) = delete;

    [[nodiscard]] std::uint16_t port() const noexcept;
    /// For connections to come; those that there are stay.
    void setLimits(ListenerLimits const& limits, ChannelLimits const& channelLimits);
    /// Accepts no more, and ends the handshakes that are not done.
    void stop();
    [[nodiscard]] ListenerCounters counters() const noexcept;

private:
    class State;
    explicit Listener(std::shared_ptr<State> state) noexcept;
    std::shared_ptr<State> m_state;
};

}  // namespace spiral::tls
