// `spiral sync --watch`: stays connected to a server, so that what others write is here at once, and what is written here
// by any other command is there at once. The replica stays free for those commands: it is opened for writing only while
// frames are stored.
#pragma once

#include "replica/replica.h"
#include "tls/connect.h"
#include "trust/keys.h"

#include <functional>
#include <string>

namespace spiral::transport {

struct WatchEvent {
    enum class What {
        Connected,
        Agreed,     ///< both hold the same; told when frames moved since the last time
        Lost,       ///< `reason`; tried again after `wait`
    } what = What::Connected;
    std::uint64_t framesSent = 0, framesReceived = 0;   ///< since the last event
    std::string reason;
    std::chrono::milliseconds wait{0};
};

struct WatchTimes {
    std::chrono::milliseconds look{20};                ///< how often the store is looked at for what others wrote
    std::chrono::milliseconds retryFirst{5'000}, retryLast{300'000};   ///< doubling; at once when an address of this machine changes
    std::chrono::milliseconds writerWait{30'000};      ///< for another command that has the store open for writing
};

/// Until `stop` says so, asked after each event and at each look. An Error only when going on is of no use: the folder is no replica, the key
/// is locked, or the server refuses this device ("session.revoked", "session.replaced" …).
[[nodiscard]] Result<void> watch(Path const& folder, replica::World world, trust::Signer& signer,
                                 tls::Address const& server, trust::PublicKey const& serverKey, WatchTimes const& times,
                                 std::function<bool()> const& stop, std::function<void(WatchEvent const&)> const& tell);

}  // namespace spiral::transport
