#include "model/history.h"

#include "base/result.h"

#include <algorithm>
#include <numeric>

namespace spiral::model {

History::History(std::vector<std::vector<Node>> parents)
    : m_parents(std::move(parents)), m_single(m_parents.size()), m_mark(m_parents.size(), 0) {
    std::iota(m_single.begin(), m_single.end(), Node{0});
    for (Node node = 0; node < m_parents.size(); ++node) {
        for (Node parent : m_parents[node]) ensure(parent < node, "history: a parent comes before its children");
    }
}

std::vector<History::Node> History::heads() const {
    std::vector<bool> hasChild(size(), false);
    for (auto const& parents : m_parents) {
        for (Node parent : parents) hasChild[parent] = true;
    }
    std::vector<Node> result;
    for (Node node = 0; node < size(); ++node) {
        if (!hasChild[node]) result.push_back(node);
    }
    return result;
}

std::span<History::Node const> History::nodes(Frontier frontier) const {
    if (frontier < size()) return {&m_single[frontier], 1};
    return m_sets[frontier - size()];
}

History::Frontier History::join(std::vector<Frontier> frontiers) {
    ensure(!frontiers.empty(), "history: join of nothing");
    std::sort(frontiers.begin(), frontiers.end());
    frontiers.erase(std::unique(frontiers.begin(), frontiers.end()), frontiers.end());
    if (frontiers.size() == 1) return frontiers.front();
    if (auto const found = m_joined.find(frontiers); found != m_joined.end()) return found->second;

    std::vector<Node> members;
    for (Frontier frontier : frontiers) {
        auto const some = nodes(frontier);
        members.insert(members.end(), some.begin(), some.end());
    }
    std::sort(members.begin(), members.end());
    members.erase(std::unique(members.begin(), members.end()), members.end());
    members = maximal(members);

    Frontier number = members.front();
    if (members.size() > 1) {
        auto const [entry, isNew] = m_numbers.try_emplace(members, static_cast<Frontier>(size() + m_sets.size()));
        if (isNew) m_sets.push_back(std::move(members));
        number = entry->second;
    }
    m_joined.emplace(std::move(frontiers), number);
    return number;
}

std::vector<History::Node> History::maximal(std::vector<Node> const& ascending) {
    ++m_stamp;
    Node const oldest = ascending.front();
    auto next = ascending.rbegin();
    std::vector<Node> result;
    // From the youngest down: whatever is marked when we come to it lies above a member seen before.
    for (Node node = ascending.back() + 1; node-- > oldest;) {
        bool const marked = m_mark[node] == m_stamp;
        bool const member = next != ascending.rend() && *next == node;
        if (member) {
            ++next;
            if (!marked) result.push_back(node);
        }
        if (!marked && !member) continue;
        for (Node parent : m_parents[node]) m_mark[parent] = m_stamp;
    }
    std::reverse(result.begin(), result.end());
    return result;
}

History::Common History::common(Frontier frontier) {
    auto const span = nodes(frontier);
    std::vector<Node> const members(span.begin(), span.end());
    std::vector<std::uint32_t> reachedBy(members.back() + std::size_t{1}, 0);
    for (Node member : members) {
        ++m_stamp;
        m_mark[member] = m_stamp;
        for (Node node = member + 1; node-- > 0;) {
            if (m_mark[node] != m_stamp) continue;
            ++reachedBy[node];
            for (Node parent : m_parents[node]) m_mark[parent] = m_stamp;
        }
    }
    Common result;
    ++m_stamp;
    for (Node node = members.back() + 1; node-- > 0;) {
        if (reachedBy[node] == members.size()) {
            // A child among the common ones would have been met before.
            if (m_mark[node] != m_stamp) result.newest.push_back(node);
            for (Node parent : m_parents[node]) m_mark[parent] = m_stamp;
        } else if (reachedBy[node] > 0) {
            result.besides.push_back(node);
        }
    }
    return result;
}

}  // namespace spiral::model
