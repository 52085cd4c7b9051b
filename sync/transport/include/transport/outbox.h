// Decided acts of the registry on their way to the server that keeps it: they stay in the replica until it has decided.
#pragma once

#include "protocol/messages.h"
#include "replica/replica.h"

#include <string>
#include <vector>

namespace spiral::transport {

/// Proposals (bodies of registry entries, as texts) in the order in which they were queued.
[[nodiscard]] std::vector<std::string> outbox(replica::Replica const& replica);
/// REQUIRES: open for writing.
void setOutbox(replica::Replica& replica, std::vector<std::string> const& waiting);
/// Whoever does not keep the registry decides nothing: what was proposed goes on waiting.
[[nodiscard]] bool isDecided(protocol::Proposed const& answer);

}  // namespace spiral::transport
