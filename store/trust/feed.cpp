#include "trust/feed.h"

#include "base/result.h"

#include <algorithm>

namespace spiral::trust {

std::optional<Feed::Index> Feed::find(FrameId const& frame) const {
    auto const found = m_frames.find(frame);
    return found == m_frames.end() ? std::nullopt : std::optional(found->second);
}

FeedFrame Feed::frameOf(Index node) const {
    Node const& at = m_nodes[node];
    FeedFrame frame{at.id, std::nullopt, at.seq, at.inc, at.receipt};
    if (at.prev != kNone) frame.prev = m_nodes[at.prev].id;
    return frame;
}

/// The ancestor at that depth, or the frame itself. REQUIRES: depth is at least 1 and at most the frame's own.
Feed::Index Feed::ancestorAt(Index node, std::uint32_t depth) const {
    while (m_nodes[node].depth > depth) {
        Index const jump = m_nodes[node].jump;
        node = jump != kNone && m_nodes[jump].depth >= depth ? jump : m_nodes[node].prev;
    }
    return node;
}

bool Feed::isBelow(Index ancestor, Index of) const {
    std::uint32_t const depth = m_nodes[ancestor].depth;
    if (depth > m_nodes[of].depth) return false;
    // Where nothing forks, two frames of one feed are always comparable.
    return m_forkPoints.empty() || ancestorAt(of, depth) == ancestor;
}

void Feed::add(FeedFrame frame) {
    if (m_frames.contains(frame.id)) return;
    ensure(m_nodes.size() < kNone, "Feed::add: too many frames");
    auto const index = static_cast<Index>(m_nodes.size());
    Node node;
    node.id = frame.id;
    node.inc = frame.inc;
    node.seq = frame.seq;
    node.receipt = frame.receipt;
    if (frame.prev) {
        auto const prev = find(*frame.prev);
        ensure(prev.has_value(), "Feed::add: prev is not held");
        node.prev = *prev;
        Node const& below = m_nodes[*prev];
        node.depth = below.depth + 1;
        // Two jumps of one length in a row become one of double the length.
        Index const jump = below.jump;
        Index const further = jump == kNone ? kNone : m_nodes[jump].jump;
        bool const joins =
            further != kNone && below.depth - m_nodes[jump].depth == m_nodes[jump].depth - m_nodes[further].depth;
        node.jump = joins ? further : *prev;
    }
    Index const prev = node.prev;
    m_nodes.push_back(std::move(node));
    m_frames.emplace(frame.id, index);
    m_tips.insert(frame.id);
    addChild(prev, index);
    if (isCut(frame.id)) chooseWinners();
    if (m_confirmed.contains(frame.id)) markConfirmed(index);
}

void Feed::addChild(Index prev, Index child) {
    if (prev != kNone) m_tips.erase(m_nodes[prev].id);
    Index& first = prev == kNone ? m_firstRoot : m_nodes[prev].firstChild;
    if (first == kNone) {
        first = child;
        return;
    }
    auto const [place, isNew] = m_forkPoints.try_emplace(prev);
    Fork& fork = place->second;
    if (isNew) fork.children.push_back(first);
    fork.children.push_back(child);
    chooseWinner(fork);
    if (!isNew) return;
    // The older child may carry confirmed frames, from when nothing parted here.
    for (FrameId const& id : m_confirmed) {
        auto const tip = find(id);
        if (tip && isBelow(first, *tip)) fork.confirmed.insert(first);
    }
}

bool Feed::isCut(FrameId const& frame) const {
    return std::any_of(m_cuts.begin(), m_cuts.end(), [&](auto const& revocation) {
        return std::find(revocation.begin(), revocation.end(), frame) != revocation.end();
    });
}

bool Feed::isAboveCuts(Index node) const {
    return std::any_of(m_cuts.begin(), m_cuts.end(), [&](auto const& revocation) {
        return std::all_of(revocation.begin(), revocation.end(), [&](FrameId const& id) {
            auto const cut = find(id);
            return cut && !isBelow(node, *cut);
        });
    });
}

void Feed::chooseWinner(Fork& fork) const {
    std::vector<Index> competing;
    std::copy_if(fork.children.begin(), fork.children.end(), std::back_inserter(competing),
                 [&](Index child) { return !isAboveCuts(child); });
    bool const isDecided = competing.size() == 1;
    if (competing.empty()) competing = fork.children;  // none of them is let through: they part like any others
    fork.winner = isDecided ? competing.front() : kNone;
    if (isDecided) return;
    for (Index const child : competing) {
        auto const& receipt = m_nodes[child].receipt;
        if (receipt && (fork.winner == kNone || *receipt < *m_nodes[fork.winner].receipt)) fork.winner = child;
    }
}

void Feed::chooseWinners() {
    for (auto& [point, fork] : m_forkPoints) chooseWinner(fork);
}

void Feed::setCuts(std::vector<std::vector<FrameId>> cuts) {
    m_cuts = std::move(cuts);
    chooseWinners();
}

void Feed::setReceipt(FrameId const& frame, Receipt const& receipt) {
    auto const index = find(frame);
    if (!index) return;
    // Receipted twice, as after a restored server: the first one counts, in whatever order they are read.
    auto& held = m_nodes[*index].receipt;
    if (held && *held <= receipt) return;
    held = receipt;
    auto const fork = m_forkPoints.find(m_nodes[*index].prev);
    if (fork != m_forkPoints.end()) chooseWinner(fork->second);
}

void Feed::confirm(FrameId const& tip) {
    m_confirmed.insert(tip);
    if (auto const index = find(tip)) markConfirmed(*index);
}

void Feed::markConfirmed(Index tip) {
    for (auto& [point, fork] : m_forkPoints) {
        std::uint32_t const depth = point == kNone ? 0 : m_nodes[point].depth;
        if (depth >= m_nodes[tip].depth) continue;
        Index const child = ancestorAt(tip, depth + 1);
        if (m_nodes[child].prev == point) fork.confirmed.insert(child);
    }
}

bool Feed::holds(FrameId const& frame) const { return m_frames.contains(frame); }

std::vector<FrameId> Feed::tips() const { return {m_tips.begin(), m_tips.end()}; }

std::optional<FeedFrame> Feed::highestTip() const {
    std::optional<Index> highest;
    for (FrameId const& id : m_tips) {  // in the order of ids, so the first of equals is the smallest
        Index const index = m_frames.at(id);
        if (!highest || m_nodes[index].seq > m_nodes[*highest].seq) highest = index;
    }
    return highest ? std::optional(frameOf(*highest)) : std::nullopt;
}

std::vector<std::vector<FrameId>> Feed::forks() const {
    std::vector<std::vector<FrameId>> forks;
    for (auto const& [point, fork] : m_forkPoints) {
        std::vector<FrameId>& children = forks.emplace_back();
        for (Index const child : fork.children) children.push_back(m_nodes[child].id);
        std::sort(children.begin(), children.end());
    }
    std::sort(forks.begin(), forks.end());
    return forks;
}

Branch Feed::branchOf(FrameId const& frame) const {
    if (m_forkPoints.empty()) return Branch::Single;
    auto const index = find(frame);
    if (!index) return Branch::Single;
    Branch branch = Branch::Single;
    for (auto const& [point, fork] : m_forkPoints) {
        std::uint32_t const depth = point == kNone ? 0 : m_nodes[point].depth;
        if (depth >= m_nodes[*index].depth) continue;
        Index const child = ancestorAt(*index, depth + 1);
        if (m_nodes[child].prev != point) continue;  // a fork elsewhere in the tree
        if (child == fork.winner) {
            if (branch == Branch::Single) branch = Branch::Standing;
        } else if (fork.confirmed.contains(child)) {
            branch = Branch::Confirmed;
        } else {
            return Branch::Forked;
        }
    }
    return branch;
}

std::optional<bool> Feed::isAncestorOrSelf(FrameId const& ancestor, FrameId const& of) const {
    auto const below = find(ancestor);
    auto const above = find(of);
    if (!below || !above) return std::nullopt;
    return isBelow(*below, *above);
}

std::vector<FrameId> Feed::beyond(std::vector<FrameId> const& known) const {
    std::vector<Index> held;
    for (FrameId const& id : known) {
        if (auto const index = find(id)) held.push_back(*index);
    }
    std::vector<Index> found;
    std::set<Index> seen;  // only needed where branches meet
    for (FrameId const& tip : m_tips) {
        for (Index node = m_frames.at(tip); node != kNone; node = m_nodes[node].prev) {
            auto const covers = [&](Index other) { return isBelow(node, other); };
            if (std::any_of(held.begin(), held.end(), covers)) break;
            if (m_tips.size() > 1 && !seen.insert(node).second) break;
            found.push_back(node);
        }
    }
    std::sort(found.begin(), found.end(), [&](Index a, Index b) {
        return m_nodes[a].depth != m_nodes[b].depth ? m_nodes[a].depth < m_nodes[b].depth
                                                    : m_nodes[a].id < m_nodes[b].id;
    });
    std::vector<FrameId> ids;
    ids.reserve(found.size());
    for (Index const node : found) ids.push_back(m_nodes[node].id);
    return ids;
}

}  // namespace spiral::trust
