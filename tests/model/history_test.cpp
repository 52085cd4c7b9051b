#include "model/history.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <random>
#include <set>

namespace spiral::model {
namespace {

using Node = History::Node;

std::vector<Node> listed(History const& history, History::Frontier frontier) {
    auto const nodes = history.nodes(frontier);
    return {nodes.begin(), nodes.end()};
}

TEST_CASE("of nodes on one line only the youngest is left", "[history]") {
    History history({{}, {0}, {1}, {1}});
    CHECK(history.join({0, 2, 1}) == 2);
    CHECK(listed(history, history.join({0, 2, 3})) == std::vector<Node>{2, 3});
    CHECK(history.heads() == std::vector<Node>{2, 3});
}

TEST_CASE("equal sets have one number", "[history]") {
    History history({{}, {0}, {0}, {0}});
    auto const pair = history.join({1, 2});
    CHECK(history.join({2, 1, 0}) == pair);
    CHECK(history.join({pair, 0}) == pair);
    CHECK(history.join({pair, 3}) == history.join({1, 2, 3}));
}

TEST_CASE("what nodes have in common ends at its newest", "[history]") {
    // A criss-cross: 3 and 4 both stand on 1 and 2.
    History history({{}, {0}, {0}, {1, 2}, {1, 2}});
    auto const common = history.common(history.join({3, 4}));
    CHECK(std::set<Node>(common.newest.begin(), common.newest.end()) == std::set<Node>{1, 2});
    CHECK(std::set<Node>(common.besides.begin(), common.besides.end()) == std::set<Node>{3, 4});
}

TEST_CASE("joins on random histories leave exactly the maximal nodes", "[history][property]") {
    std::mt19937_64 random(3);
    for (int run = 0; run < 300; ++run) {
        std::size_t const size = 2 + random() % 40;
        std::vector<std::vector<Node>> parents(size);
        std::vector<std::set<Node>> ancestors(size);
        for (Node node = 1; node < size; ++node) {
            for (std::size_t k = random() % 3; k > 0; --k) {
                auto const parent = static_cast<Node>(random() % node);
                if (std::find(parents[node].begin(), parents[node].end(), parent) != parents[node].end()) continue;
                parents[node].push_back(parent);
                ancestors[node].insert(parent);
                ancestors[node].insert(ancestors[parent].begin(), ancestors[parent].end());
            }
        }
        History history(parents);
        for (int k = 0; k < 20; ++k) {
            std::set<Node> members;
            for (std::size_t count = 1 + random() % 5; count > 0; --count)
                members.insert(static_cast<Node>(random() % size));
            std::vector<Node> maximal;
            for (Node node : members) {
                if (std::none_of(members.begin(), members.end(),
                                 [&](Node other) { return ancestors[other].contains(node); }))
                    maximal.push_back(node);
            }
            CHECK(listed(history, history.join({members.begin(), members.end()})) == maximal);
        }
    }
}

}  // namespace
}  // namespace spiral::model
