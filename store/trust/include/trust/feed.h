// A feed: the frames of one device in one scope, chained by `prev`. Two frames under one `prev` are a fork (a restored
// or cloned machine); both branches are kept, and this file says which of them stands.
//
// A device that was lost is revoked with cuts: what lies at or below them stands. Whoever has its key can still seal a
// second frame under an old one, but that frame lies above the cuts, and then it makes no fork for those that do not.
#pragma once

#include "base/clock.h"
#include "base/ids.h"

#include <compare>
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
    friend bool operator==(Receipt const&, Receipt const&) = default;
    /// The server's clock may jump; its feed does not.
    friend std::strong_ordering operator<=>(Receipt const& a, Receipt const& b) noexcept {
        if (auto const order = a.feedSeq <=> b.feedSeq; order != 0) return order;
        if (auto const order = a.itemPlace <=> b.itemPlace; order != 0) return order;
        if (auto const order = a.listPlace <=> b.listPlace; order != 0) return order;
        return a.time <=> b.time;
    }
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
    Standing,    ///< at every fork below it on the branch that was receipted first, or the only one not above a cut
    Confirmed,   ///< on a branch that somebody entitled has confirmed, at every fork where it does not stand by receipt
    Forked,      ///< on another branch: revisions are ordinary heads, acts wait in quarantine for a `confirm`
};

/// The frames of one feed as a tree. Frames whose `prev` is not held are not part of it. Pure.
///
/// Every frame also points to one much further down (skew-binary jump pointers, Myers 1983), so that the ancestor at a
/// depth is found in O(log n) steps, forked or not, and a new frame costs O(1).
class Feed {
public:
    /// REQUIRES: prev is held, or seq is 1 and prev absent. Adding a held frame changes nothing.
    void add(FeedFrame frame);
    void setReceipt(FrameId const& frame, Receipt const& receipt);
    /// A valid `confirm` named this frame. Kept also if the frame is not held yet.
    void confirm(FrameId const& tip);
    /// The frames that each revocation of the device lets stand in this scope; every revocation must let a frame
    /// through. Where some frames under one predecessor are above the cuts and some are not, the former do not compete:
    /// one that is left alone stands, and none of the former does unless it is confirmed. A frame is not above cuts of
    /// which one is not held yet. Takes the place of what was set before.
    void setCuts(std::vector<std::vector<FrameId>> cuts);

    [[nodiscard]] bool holds(FrameId const& frame) const;
    [[nodiscard]] std::size_t size() const noexcept { return m_nodes.size(); }
    /// Frames without children, sorted.
    [[nodiscard]] std::vector<FrameId> tips() const;
    /// The tip of highest seq (smallest id among equals), where a writer goes on.
    [[nodiscard]] std::optional<FeedFrame> highestTip() const;
    [[nodiscard]] bool forked() const noexcept { return !m_forkPoints.empty(); }
    /// For each frame under which the feed forks its children, sorted; several first frames are such children too.
    [[nodiscard]] std::vector<std::vector<FrameId>> forks() const;
    [[nodiscard]] Branch branchOf(FrameId const& frame) const;
    /// Nothing if `ancestor` is not held (the answer may change when it comes).
    [[nodiscard]] std::optional<bool> isAncestorOrSelf(FrameId const& ancestor, FrameId const& of) const;
    /// Every held frame that is neither in `known` nor an ancestor of one in it, parents first.
    [[nodiscard]] std::vector<FrameId> beyond(std::vector<FrameId> const& known) const;

private:
    using Index = std::uint32_t;
    static constexpr Index kNone = 0xffffffff;
    struct Node {
        FrameId id;
        Incarnation inc;
        std::uint64_t seq = 0;
        std::optional<Receipt> receipt;
        Index prev = kNone;
        Index jump = kNone;          ///< an ancestor further down
        Index firstChild = kNone;
        std::uint32_t depth = 1;     ///< counted here; `seq` is only what the header says
    };
    /// Under `kNone` stand the first frames, when there are several.
    struct Fork {
        std::vector<Index> children;
        Index winner = kNone;          ///< the child that was receipted first, or that alone is not above a cut
        std::set<Index> confirmed;     ///< children that are below a confirmed frame, or are it
    };
    [[nodiscard]] std::optional<Index> find(FrameId const& frame) const;
    [[nodiscard]] Index ancestorAt(Index node, std::uint32_t depth) const;
    [[nodiscard]] bool isBelow(Index ancestor, Index of) const;
    [[nodiscard]] FeedFrame frameOf(Index node) const;
    void addChild(Index prev, Index child);
    [[nodiscard]] bool isCut(FrameId const& frame) const;
    [[nodiscard]] bool isAboveCuts(Index node) const;
    void chooseWinner(Fork& fork) const;
    void chooseWinners();
    void markConfirmed(Index tip);

    std::vector<Node> m_nodes;
    std::unordered_map<FrameId, Index> m_frames;
    Index m_firstRoot = kNone;
    std::map<Index, Fork> m_forkPoints;
    std::set<FrameId> m_tips;
    std::set<FrameId> m_confirmed;
    std::vector<std::vector<FrameId>> m_cuts;  ///< one list a revocation
};

}  // namespace spiral::trust
