// The sync server on real sockets: a loop thread that speaks TLS, and a store thread that owns the replica.
#pragma once

#include "base/result.h"
#include "replica/replica.h"
#include "server/sync_core.h"
#include "tls/channel.h"
#include "tls/listener.h"
#include "trust/keys.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace spiral::server {

struct SyncSettings {
    std::string host = "0.0.0.0";
    std::uint16_t port = 7420;
    std::optional<std::string> upstream;   ///< of a hub: spiral://host:port of the server above
    CoreLimits core;
    tls::ListenerLimits listener;
    tls::ChannelLimits channel;
    std::size_t unhandledBytesMax = 4 * 1024 * 1024;   ///< of one connection's messages that the store has not seen
    std::chrono::milliseconds retryFirst{5'000}, retryLast{300'000};   ///< to the server above
};

/// How it stands; made on any thread.
struct SyncSnapshot {
    CoreCounts core;
    tls::ListenerCounters listener;
    std::size_t peers = 0;
    std::int64_t storeBytes = 0, frames = 0;
    std::string diskError;          ///< reason; empty when the last transaction was written
    std::string upstreamError;      ///< of a hub: why it does not reach the server above; empty when it does
    std::uint64_t secondsSinceCommit = 0;
};

class SyncServer {
public:
    using Log = std::function<void(Event const&)>;   ///< called on any thread
    /// Listens on an opened replica (Access::Write), which it owns from now on, with the signer of its device.
    /// WrongState ("replica.not-enrolled"), Environment ("tls.listen" …).
    [[nodiscard]] static Result<std::unique_ptr<SyncServer>> start(std::unique_ptr<replica::Replica> replica,
                                                                   std::unique_ptr<trust::Signer> signer,
                                                                   SyncSettings const& settings, Log log);
    virtual ~SyncServer() = default;
    [[nodiscard]] virtual std::uint16_t port() const = 0;
    /// Limits of what comes from now on; address and port stay.
    virtual void reload(SyncSettings const& settings) = 0;
    [[nodiscard]] virtual SyncSnapshot snapshot() const = 0;
    /// No new connections; what was received is stored and answered; then everything is closed. Called once.
    virtual void stop() = 0;
};

}  // namespace spiral::server
