// `spiral sync --watch`: stays connected to a server, so that what others write is here at once, and what is written here
// by any other command is there at once. The replica stays free for those commands: it is opened for writing only while
// frames are stored.
#pragma once

#include "protocol/messages.h"
#include "replica/replica.h"
#include "tls/connect.h"
#include "transport/server_watch.h"
#include "trust/keys.h"

#include <functional>
#include <string>

namespace spiral::transport {

struct WatchEvent {
    enum class What {
        Connected,  ///< and each knows who the other is
        Agreed,     ///< both hold the same; told when frames moved since the last time
        Unequal,    ///< both said all they could, and something waits or is refused; told likewise
        Lost,       ///< `reason`; tried again after `wait`
        Withheld,   ///< `withheld`, each told once a watch
        TwoViews,   ///< `twoViews`, likewise
        Proposed,   ///< the keeper of the registry decided something that waited here: `proposed`
    } what = What::Connected;
    std::uint64_t framesSent = 0, framesReceived = 0;   ///< since the last event
    std::string reason;
    std::chrono::milliseconds wait{0};
    Withheld withheld{};
    TwoViews twoViews{};
    protocol::Proposed proposed{};
};

struct WatchTimes {
    std::chrono::milliseconds look{20};                ///< how often the store is looked at, where the system does not tell
    std::chrono::milliseconds retryFirst{5'000}, retryLast{300'000};   ///< doubling; at once when an address of this machine changes
    std::chrono::milliseconds writerWait{30'000};      ///< for another command that has the store open for writing
    /// After so long without a byte from the server it is asked for its word, and after as long again the connection is given
    /// up: a server that was halted, or a line that died unseen. The word is also what keeps a quiet connection from being
    /// ended by the server, which does that after 10 s at the least and usually 15 min.
    std::chrono::milliseconds silence{90'000};
};

/// Until `stop` says so, asked after each event and at each look. An Error only when going on is of no use: the folder is no
/// replica, the key is locked, or the server refuses this device ("session.revoked", "session.replaced" …). A server that does
/// not know this device yet ("session.unknown-device") is called again like one that cannot be reached: its enrolment is on
/// its way.
[[nodiscard]] Result<void> watch(Path const& folder, replica::World world, trust::Signer& signer,
                                 tls::Address const& server, trust::PublicKey const& serverKey, WatchTimes const& times,
                                 std::function<bool()> const& stop, std::function<void(WatchEvent const&)> const& tell);

}  // namespace spiral::transport
