#include "daemon/log.h"

#include "cli/output_json.h"

#include <set>

namespace spiral::server {

std::string_view nameOf(What what) noexcept {
    switch (what) {
        case What::Starting: return "starting";
        case What::Listening: return "listening";
        case What::Reloaded: return "reloaded";
        case What::ReloadRefused: return "reload-refused";
        case What::NeedsRestart: return "needs-restart";
        case What::Stopping: return "stopping";
        case What::Stopped: return "stopped";
        case What::Failed: return "failed";
    }
    return "?";
}

void Log::tell(Level level, std::string_view event,
               std::vector<std::pair<std::string_view, std::string>> const& fields) {
    std::lock_guard const held(m_mutex);
    cli::Json line = cli::Json::object();
    line.set("t", toText(m_clock.now()));
    line.set("level", level == Level::Info ? "info" : level == Level::Warning ? "warning" : "error");
    line.set("event", event);
    std::set<std::string_view> seen{"t", "level", "event"};
    for (auto const& [name, value] : fields) {
        // Twice the same name would be no JSON that readers agree on.
        if (seen.insert(name).second) line.set(name, value);
    }
    m_write(line.text() + "\n");
}

}  // namespace spiral::server
