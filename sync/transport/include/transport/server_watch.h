// What a server has signed, held against what it has given: who withholds a frame, rolls its log back or shows two views
// contradicts its own signed chain sooner or later, and whoever holds both halves has the evidence.
#pragma once

#include "replica/replica.h"

#include <optional>
#include <set>
#include <vector>

namespace spiral::transport {

/// A server signed that it has this frame, and did not give it, though this replica reads the scope.
struct Withheld {
    FrameId frame;
    Scope scope = Scope::college();
    DeviceId server;
    ObjectId receipt;   ///< the server's signed word: the evidence
    friend bool operator==(Withheld const&, Withheld const&) = default;
};
/// Two frames of a server's feed stand under one predecessor: its log was rolled back, or it shows two views.
struct TwoViews {
    DeviceId server;
    Scope scope = Scope::college();
    friend bool operator==(TwoViews const&, TwoViews const&) = default;
};

/// Receipts that came after a position of the log and name frames that are not held here. To be asked when both sides agree
/// that they hold the same; `excused`: frames that this replica refused or could not read itself.
[[nodiscard]] std::vector<Withheld> withheldSince(replica::Replica const& replica, std::int64_t position,
                                                  std::set<FrameId> const& excused);
[[nodiscard]] std::vector<TwoViews> viewsThatDiffer(replica::Replica const& replica);

}  // namespace spiral::transport
