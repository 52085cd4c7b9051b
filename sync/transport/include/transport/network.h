// `spiral sync URL`: one session with a server over TLS, from a replica that is open for writing.
#pragma once

#include "replica/replica.h"
#include "tls/connect.h"
#include "transport/caller.h"

#include <functional>

namespace spiral::transport {

struct NetworkTotals {
    protocol::Session::Totals session;
    std::uint64_t bytesSent = 0, bytesReceived = 0;   ///< inside TLS
    std::uint64_t stored = 0;
    std::uint64_t piecesSent = 0, piecesReceived = 0;   ///< of attachments
    std::vector<protocol::Proposed> proposed;   ///< answers to the proposals, in order
    bool agreed = false;   ///< both hold the same of what both may read
};
using NetworkProgress = std::function<void(std::uint64_t sent, std::uint64_t received)>;   ///< frames

/// Calls the server, gives it the proposals (bodies of registry entries), exchanges all that is new, and leaves. What came until an error is stored; the next call goes on.
/// Errors of tls::connect(), and of the session (docs/protocol.md); a failing disk throws SqliteError.
[[nodiscard]] Result<NetworkTotals> syncOnce(replica::Replica& replica, trust::Signer& signer, tls::Address const& server,
                                             trust::PublicKey const& serverKey, std::vector<Bytes> const& proposals = {},
                                             tls::ChannelLimits const& limits = {},
                                             NetworkProgress const& progress = {});

}  // namespace spiral::transport
