// The log: one JSON object a line on standard error, which journald keeps. Ids, sizes, counts and reasons; never
// contents, names of people, or keys.
#pragma once

#include "base/clock.h"
#include "server/sync_server.h"

#include <functional>
#include <mutex>
#include <string_view>

namespace spiral::server {

/// What the daemon itself tells; the synchronising part has events of its own.
enum class What { Starting, Listening, Reloaded, ReloadRefused, NeedsRestart, Stopping, Stopped, Failed };
[[nodiscard]] std::string_view nameOf(What what) noexcept;

class Log {
public:
    /// `write` gets whole lines with their line feed, one at a time.
    Log(WallClock& clock, std::function<void(std::string_view)> write) : m_clock(clock), m_write(std::move(write)) {}

    enum class Level { Info, Warning, Error };
    /// {t, level, event, …}. From any thread.
    void tell(Level level, std::string_view event, std::vector<std::pair<std::string_view, std::string>> const& fields);
    void tell(Event const& event) { tell(event.warning ? Level::Warning : Level::Info, event.name, event.fields); }
    void tell(Level level, What what, std::vector<std::pair<std::string_view, std::string>> const& fields = {}) {
        tell(level, nameOf(what), fields);
    }

private:
    WallClock& m_clock;
    std::function<void(std::string_view)> m_write;
    std::mutex m_mutex;
};

}  // namespace spiral::server
