// What a server has signed, held against what it has given: who withholds a frame, rolls its log back or shows two
// views contradicts its own signed chain sooner or later, and whoever holds both halves has the evidence.
#pragma once

#include "replica/replica.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace spiral::transport {

/// A server signed that it has this frame, and did not give it, though this replica reads the scope.
struct Withheld {
    FrameId frame;
    Scope scope = Scope::college();
    DeviceId server;
    ObjectId receipt;  ///< the server's signed word: the evidence
    friend bool operator==(Withheld const&, Withheld const&) = default;
};
/// Two frames of a server's feed stand under one predecessor: its log was rolled back, or it shows two views.
struct TwoViews {
    DeviceId server;
    Scope scope = Scope::college();
    friend bool operator==(TwoViews const&, TwoViews const&) = default;
    friend auto operator<=>(TwoViews const&, TwoViews const&) = default;
};

/// Receipts that came after a position of the log and name frames that are not held here. To be asked when both sides
/// have said all they had to say; `excused`: frames that this replica refused or could not read itself.
[[nodiscard]] std::vector<Withheld> withheldSince(replica::Replica const& replica, std::int64_t position,
                                                  std::set<FrameId> const& excused);
[[nodiscard]] std::vector<TwoViews> viewsThatDiffer(replica::Replica const& replica);

/// The look at a server's receipts, which goes on where the last one ended: both ends are notes of the replica.
class ReceiptWatch {
public:
    /// As the notes say.
    explicit ReceiptWatch(replica::Replica const& replica);
    /// Holds the receipts that came since the last look against the frames; see withheldSince().
    void look(replica::Replica const& replica, std::set<FrameId> const& excused);
    /// Alarms that stand: found by this look or an earlier one, and the frame has not come since.
    [[nodiscard]] std::vector<Withheld> withheld(replica::Replica const& replica) const;
    /// To be kept in the replica, by name.
    [[nodiscard]] std::map<std::string, std::string> notes() const;

private:
    std::vector<Withheld> m_found;
    std::int64_t m_seen = 0;
};

}  // namespace spiral::transport
