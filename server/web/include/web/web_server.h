// A small HTTP server for the administrators of the machine: GET and HEAD of /healthz and /metrics, nothing else. What
// it tells is counts and states, never contents. It owns one thread, on which the handlers are called.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace spiral::web {

// Small on purpose: whoever asks for two short pages needs no more, and slow or endless requests cost nothing.
inline constexpr std::size_t kUrlBytesMax = 1024;
inline constexpr std::size_t kHeaderFieldsMax = 64;
inline constexpr std::size_t kHeaderNameBytesMax = 256;
inline constexpr std::size_t kHeaderValueBytesMax = 4096;
inline constexpr std::size_t kConnectionsMax = 64;
inline constexpr int kRequestSeconds = 5;    ///< from the first byte to the last of a request, and between two requests
inline constexpr int kResponseSeconds = 10;  ///< to write an answer

struct Health {
    bool good = false;
    std::string what;  ///< a line for the administrator: `good`, or what is wrong
};

/// Called on the server's thread, one at a time. What they throw becomes a 500.
struct Handlers {
    std::function<Health()> health;
    std::function<std::string()> metrics;
};

class WebServer {
public:
    /// Listens. Port 0: any free one, see port(). Environment ("web.listen", naming address and cause) if it cannot.
    [[nodiscard]] static Result<std::unique_ptr<WebServer>> start(std::string const& host, std::uint16_t port,
                                                                  Handlers handlers);
    /// Stops.
    virtual ~WebServer() = default;
    [[nodiscard]] virtual std::uint16_t port() const noexcept = 0;
    /// Closes all connections and ends the thread. May be called twice.
    virtual void stop() = 0;
};

}  // namespace spiral::web
