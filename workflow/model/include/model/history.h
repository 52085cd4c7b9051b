// A history is a directed acyclic graph given by parents: the revisions of a document, or the acts on it. This is the
// one question that merging asks of it, answered exactly: of these nodes, which have no other of them below?
//
// No table of who descends from whom is kept: its size grows with the square of the history. Sets of nodes are interned
// instead, and the few that occur are reduced once, by one walk between the oldest and the youngest member.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace spiral::model {

class History {
public:
    /// Nodes are 0, 1, 2 … in an order in which parents come before children.
    using Node = std::uint32_t;
    /// The number of an interned set of nodes of which none descends from another. Equal sets have equal numbers; a
    /// single node is its own number.
    using Frontier = std::uint32_t;

    /// REQUIRES: each parent of i is less than i.
    explicit History(std::vector<std::vector<Node>> parents);

    [[nodiscard]] std::size_t size() const noexcept { return m_parents.size(); }
    [[nodiscard]] std::vector<Node> const& parents(Node node) const { return m_parents[node]; }
    /// Nodes that are nobody's parent.
    [[nodiscard]] std::vector<Node> heads() const;

    /// The members of all these sets, without those that another member descends from. REQUIRES: not empty.
    [[nodiscard]] Frontier join(std::vector<Frontier> frontiers);
    /// Ascending.
    [[nodiscard]] std::span<Node const> nodes(Frontier frontier) const;

    struct Common {
        std::vector<Node> newest;   ///< of the nodes that all members descend from, those without a child among them
        std::vector<Node> besides;  ///< ancestors-or-self of a member that are no ancestors of all
    };
    /// What the members of a set of two or more have in common.
    [[nodiscard]] Common common(Frontier frontier);

private:
    std::vector<Node> maximal(std::vector<Node> const& ascending);

    std::vector<std::vector<Node>> m_parents;
    std::vector<Node> m_single;                       // m_single[i] = i: what nodes() of a single node points at
    std::vector<std::vector<Node>> m_sets;            // frontier size() + k
    std::map<std::vector<Node>, Frontier> m_numbers;  // of m_sets
    std::map<std::vector<Frontier>, Frontier> m_joined;
    std::vector<std::uint32_t> m_mark;  // scratch: m_mark[i] == m_stamp means marked
    std::uint32_t m_stamp = 0;
};

}  // namespace spiral::model
