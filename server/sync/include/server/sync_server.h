// The server's synchronising part as the daemon sees it: opens the replica, unlocks its key, listens, and serves until
// it is told to stop. Two threads: a loop that speaks TLS, and one that owns the replica.
#pragma once

#include "base/files.h"
#include "base/result.h"
#include "office/office.h"
#include "server/sync_core.h"
#include "web/metrics.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace spiral::server {

/// What the settings file says. Each limit has its bounds in daemon/settings.cpp and its line in docs/operations.md.
struct SyncSettings {
    std::string host = "0.0.0.0";
    std::uint16_t port = 7420;
    std::optional<std::string> upstream;               ///< of a hub: the server; nothing: what Office::server() says
    std::size_t connectionsMax = 12'000;               ///< open at a time; each costs a file descriptor
    std::size_t connectionsPerDeviceMax = 4;           ///< the same device on two programs, and one that died
    std::size_t handshakeSeconds = 10;                 ///< until a device has proved its key
    std::size_t idleSeconds = 900;                     ///< without a word from it
    std::size_t connectionBytesMax = 8 * 1024 * 1024;  ///< held for one connection, each way
    std::size_t retryFirstSeconds = 5, retryLastSeconds = 300;   ///< of a hub: when the server above cannot be reached
    std::size_t silenceSeconds = 90;   ///< of a hub: without a word from above it asks, and after as long again it calls anew
    friend bool operator==(SyncSettings const&, SyncSettings const&) = default;
};

class SyncServer {
public:
    using Log = std::function<void(Event const&)>;
    /// Pages of store.db in memory, at most: a process that never ends should not grow with its store.
    static constexpr int kCacheKib = 48 * 1024;
    /// Opens the replica for writing, unlocks its key, listens. Owns its threads. `log` may be called from any of them
    /// until stop() has returned.
    [[nodiscard]] static Result<std::unique_ptr<SyncServer>> start(Path const& folder, replica::World world,
                                                                   office::Unlock unlock, SyncSettings const& settings,
                                                                   Log log);
    /// The same with a replica that is open for writing, and the signer of its device.
    [[nodiscard]] static Result<std::unique_ptr<SyncServer>> serve(std::unique_ptr<replica::Replica> replica,
                                                                   std::unique_ptr<trust::Signer> signer,
                                                                   SyncSettings const& settings, Log log);
    virtual ~SyncServer() = default;
    [[nodiscard]] virtual std::uint16_t port() const = 0;
    /// New limits, for connections as they are and as they come. The address stays.
    virtual void reload(SyncSettings const& settings) = 0;
    struct Health {
        bool good = false;
        std::string what;
    };
    [[nodiscard]] virtual Health health() const = 0;        // any thread
    virtual void addMetrics(web::Metrics& into) const = 0;  // any thread
    [[nodiscard]] virtual CoreCounts counts() const = 0;    // any thread
    /// Finishes what is being written, then closes. May be called twice.
    virtual void stop() = 0;
};

}  // namespace spiral::server
