// A feed: the frames of one device in one scope, chained by `prev`. Two frames under one `prev` are a fork (a restored
// or cloned machine); both branches are kept, and this file says which of them stands.
#pragma once

#include "base/clock.h"
#include "base/ids.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

namespace spiral::trust {

/// When and where the college's server first saw a frame. Order: by the place of the receipt in the server's own feed
/// of the scope, then the place in its list.
struct Receipt {
    Instant time{};
    std::uint64_t feedSeq = 0;     ///< `seq` of the server's frame that holds the receipt
    std::uint32_t itemPlace = 0;   ///< place of the receipt among the frame's items
    std::uint32_t listPlace = 0;   ///< place of the frame in the receipt's list
    friend auto operator<=>(Receipt const&, Receipt const&) = default;
};

struct FeedFrame {
    FrameId id;
    std::optional<FrameId> prev;
    std::uint64_t seq = 0;
    Incarnation inc;
    std::optional<Receipt> receipt;
};

enum class Branch {
    Single,      ///< no fork below it
    Standing,    ///< on the branch that was receipted first, at every fork below it
    Confirmed,   ///< on a branch whose tip somebody entitled has confirmed
    Forked,      ///< on another branch: revisions are ordinary heads, acts wait in quarantine for a `confirm`
};

/// The frames of one feed as a tree. Frames whose `prev` is not held are not part of it. Pure.
class Feed {
public:
    /// REQUIRES: prev is held, or seq is 1 and prev absent. Adding a held frame changes nothing.
    void add(FeedFrame frame);
    void setReceipt(FrameId const& frame, Receipt const& receipt);
    /// A valid `confirm` named this frame. Kept also if the frame is not held yet.
    void confirm(FrameId const& tip);

    [[nodiscard]] bool holds(FrameId const& frame) const;
    [[nodiscard]] std::size_t size() const noexcept { return m_frames.size(); }
    /// Frames without children, sorted.
    [[nodiscard]] std::vector<FrameId> tips() const;
    /// The tip of highest seq (smallest id among equals), where a writer goes on.
    [[nodiscard]] std::optional<FeedFrame> highestTip() const;
    [[nodiscard]] bool forked() const noexcept { return !m_forkPoints.empty(); }
    /// The frames under which the feed forks: for each the children, sorted. The root's children stand under nullopt.
    [[nodiscard]] std::vector<std::vector<FrameId>> forks() const;
    [[nodiscard]] Branch branchOf(FrameId const& frame) const;
    /// Nothing if `ancestor` is not held (the answer may change when it comes).
    [[nodiscard]] std::optional<bool> isAncestorOrSelf(FrameId const& ancestor, FrameId const& of) const;
    /// Every held frame that is neither in `known` nor an ancestor of one in it, parents first.
    [[nodiscard]] std::vector<FrameId> beyond(std::vector<FrameId> const& known) const;

private:
    struct Node {
        FeedFrame frame;
        std::vector<FrameId> children;
    };
    std::unordered_map<FrameId, Node> m_frames;
    std::vector<FrameId> m_roots;
    std::set<std::optional<FrameId>> m_forkPoints;
    std::set<FrameId> m_confirmed;
};

}  // namespace spiral::trust
