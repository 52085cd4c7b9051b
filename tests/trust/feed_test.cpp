#include "trust/feed.h"

#include "base/random.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>

using namespace spiral;
using namespace spiral::trust;

namespace {

/// A feed whose frames are named by numbers.
struct NamedFeed {
    Feed feed;
    std::map<int, std::uint64_t> seqs;
    static FrameId id(int name) {
        FrameId frame;
        for (int byte = 0; byte < 4; ++byte)
            frame.raw[static_cast<std::size_t>(byte)] = static_cast<std::uint8_t>(name >> (24 - 8 * byte));
        return frame;
    }
    void add(int name, std::optional<int> prev, std::optional<Receipt> receipt = {}) {
        seqs[name] = prev ? seqs.at(*prev) + 1 : 1;
        FeedFrame frame{id(name), std::nullopt, seqs[name], {}, receipt};
        if (prev) frame.prev = id(*prev);
        feed.add(frame);
    }
    [[nodiscard]] Branch branch(int name) const { return feed.branchOf(id(name)); }
};
Receipt receiptAt(std::uint64_t feedSeq, std::uint32_t listPlace = 0) { return {{}, feedSeq, 0, listPlace}; }

/// 1 – 2 – 3 – 4, and 2 – 5 – 6: the feed of a machine that was restored to frame 2.
NamedFeed restored() {
    NamedFeed feed;
    feed.add(1, {});
    feed.add(2, 1);
    feed.add(3, 2);
    feed.add(4, 3);
    feed.add(5, 2);
    feed.add(6, 5);
    return feed;
}

}  // namespace

TEST_CASE("an unforked feed has one tip and no branches", "[feed]") {
    NamedFeed feed;
    CHECK_FALSE(feed.feed.highestTip());
    for (int i = 1; i <= 5; ++i) feed.add(i, i == 1 ? std::optional<int>() : i - 1);
    feed.add(3, 2);  // held already
    CHECK(feed.feed.size() == 5);
    CHECK(feed.feed.tips() == std::vector{NamedFeed::id(5)});
    CHECK(feed.feed.highestTip()->seq == 5);
    CHECK(feed.feed.highestTip()->prev == NamedFeed::id(4));
    CHECK_FALSE(feed.feed.forked());
    CHECK(feed.branch(3) == Branch::Single);
    CHECK(feed.feed.isAncestorOrSelf(NamedFeed::id(2), NamedFeed::id(4)) == true);
    CHECK(feed.feed.isAncestorOrSelf(NamedFeed::id(4), NamedFeed::id(4)) == true);
    CHECK(feed.feed.isAncestorOrSelf(NamedFeed::id(4), NamedFeed::id(2)) == false);
    CHECK(feed.feed.isAncestorOrSelf(NamedFeed::id(9), NamedFeed::id(2)) == std::nullopt);
    CHECK(feed.feed.isAncestorOrSelf(NamedFeed::id(2), NamedFeed::id(9)) == std::nullopt);
}

TEST_CASE("without a receipt both branches of a fork are forked, and what is below is untouched", "[feed]") {
    NamedFeed const feed = restored();
    CHECK(feed.feed.forked());
    CHECK(feed.feed.forks() == std::vector<std::vector<FrameId>>{{NamedFeed::id(3), NamedFeed::id(5)}});
    CHECK(feed.feed.tips() == std::vector{NamedFeed::id(4), NamedFeed::id(6)});
    CHECK(feed.feed.highestTip()->id == NamedFeed::id(4));  // of equal seq: the smallest id
    CHECK(feed.branch(1) == Branch::Single);
    CHECK(feed.branch(2) == Branch::Single);
    for (int frame : {3, 4, 5, 6}) CHECK(feed.branch(frame) == Branch::Forked);
    CHECK(feed.feed.isAncestorOrSelf(NamedFeed::id(3), NamedFeed::id(6)) == false);
    CHECK(feed.feed.isAncestorOrSelf(NamedFeed::id(2), NamedFeed::id(6)) == true);
}

TEST_CASE("the branch whose first frame was receipted earlier stands", "[feed]") {
    NamedFeed feed = restored();
    feed.feed.setReceipt(NamedFeed::id(4), receiptAt(1));  // not a first frame: says nothing
    CHECK(feed.branch(4) == Branch::Forked);
    feed.feed.setReceipt(NamedFeed::id(5), receiptAt(9, 1));
    CHECK(feed.branch(6) == Branch::Standing);
    CHECK(feed.branch(3) == Branch::Forked);
    feed.feed.setReceipt(NamedFeed::id(3), receiptAt(9, 0));  // earlier in the same list
    CHECK(feed.branch(4) == Branch::Standing);
    CHECK(feed.branch(5) == Branch::Forked);
    CHECK(feed.branch(2) == Branch::Single);
    // The server's clock is not asked.
    feed.feed.setReceipt(NamedFeed::id(5), Receipt{Instant{} - std::chrono::days(1), 10, 0, 0});
    CHECK(feed.branch(4) == Branch::Standing);
}

TEST_CASE("a confirmed tip brings its branch back, from then on and in any order", "[feed]") {
    NamedFeed feed;
    feed.feed.confirm(NamedFeed::id(6));  // comes before the frame, and before the fork is known
    feed.add(1, {});
    feed.add(2, 1);
    feed.add(5, 2);
    feed.add(6, 5);
    CHECK(feed.branch(6) == Branch::Single);
    feed.add(3, 2, receiptAt(1));
    CHECK(feed.branch(5) == Branch::Confirmed);
    CHECK(feed.branch(6) == Branch::Confirmed);
    CHECK(feed.branch(3) == Branch::Standing);
    feed.add(7, 6);
    CHECK(feed.branch(7) == Branch::Confirmed);
    // A fork above the confirmed tip is a new question.
    feed.add(8, 6);
    CHECK(feed.branch(7) == Branch::Forked);
    CHECK(feed.branch(8) == Branch::Forked);
    CHECK(feed.branch(6) == Branch::Confirmed);
    feed.feed.confirm(NamedFeed::id(8));
    CHECK(feed.branch(8) == Branch::Confirmed);
    CHECK(feed.branch(7) == Branch::Forked);
}

TEST_CASE("a fork on one branch says nothing about the other", "[feed]") {
    NamedFeed feed = restored();
    feed.feed.setReceipt(NamedFeed::id(3), receiptAt(1));
    feed.add(7, 5);
    CHECK(feed.feed.forks().size() == 2);
    CHECK(feed.branch(4) == Branch::Standing);
    CHECK(feed.branch(7) == Branch::Forked);
}

TEST_CASE("two first frames are a fork as well", "[feed]") {
    NamedFeed feed;
    feed.add(1, {});
    feed.add(2, 1);
    feed.add(3, {}, receiptAt(4));
    CHECK(feed.feed.forked());
    CHECK(feed.feed.forks() == std::vector<std::vector<FrameId>>{{NamedFeed::id(1), NamedFeed::id(3)}});
    CHECK(feed.branch(2) == Branch::Forked);
    CHECK(feed.branch(3) == Branch::Standing);
    CHECK(feed.feed.isAncestorOrSelf(NamedFeed::id(1), NamedFeed::id(3)) == false);
}

TEST_CASE("a frame above the cuts of a lost device makes no fork for those below", "[feed]") {
    // The cut is frame 4; whoever has the key seals 5 and 6 beside it, and the server even saw them first.
    NamedFeed feed = restored();
    feed.feed.setReceipt(NamedFeed::id(5), receiptAt(1));
    feed.feed.setReceipt(NamedFeed::id(3), receiptAt(2));
    CHECK(feed.branch(4) == Branch::Forked);
    feed.feed.setCuts({{NamedFeed::id(4)}});
    for (int frame : {3, 4}) CHECK(feed.branch(frame) == Branch::Standing);
    for (int frame : {5, 6}) CHECK(feed.branch(frame) == Branch::Forked);
    CHECK(feed.feed.forks().size() == 1);  // shown all the same
    // Somebody entitled may still say that it was hers.
    feed.feed.confirm(NamedFeed::id(6));
    CHECK(feed.branch(6) == Branch::Confirmed);
    CHECK(feed.branch(4) == Branch::Standing);
}

TEST_CASE("cuts that let several branches through, or none, decide nothing between them", "[feed]") {
    NamedFeed feed = restored();
    feed.feed.setCuts({{NamedFeed::id(3), NamedFeed::id(6)}});
    for (int frame : {3, 4, 5, 6}) CHECK(feed.branch(frame) == Branch::Forked);
    feed.feed.setCuts({{NamedFeed::id(2)}});
    for (int frame : {3, 4, 5, 6}) CHECK(feed.branch(frame) == Branch::Forked);
    // A second revocation takes one of them away: all of them must let a frame through.
    feed.feed.setCuts({{NamedFeed::id(3), NamedFeed::id(6)}, {NamedFeed::id(5)}});
    CHECK(feed.branch(3) == Branch::Forked);
    CHECK(feed.branch(6) == Branch::Standing);
    feed.feed.setCuts({{}});
    for (int frame : {3, 4, 5, 6}) CHECK(feed.branch(frame) == Branch::Forked);
}

TEST_CASE("a cut that is not held yet lets its branch compete, and decides when it comes", "[feed]") {
    NamedFeed feed;
    feed.feed.setCuts({{NamedFeed::id(4)}});
    feed.add(1, {});
    feed.add(3, 1);
    feed.add(5, 1);
    for (int frame : {3, 5}) CHECK(feed.branch(frame) == Branch::Forked);
    feed.add(4, 3);
    for (int frame : {3, 4}) CHECK(feed.branch(frame) == Branch::Standing);
    CHECK(feed.branch(5) == Branch::Forked);
}

TEST_CASE("beyond gives what a peer lacks, parents first", "[feed]") {
    NamedFeed const feed = restored();
    auto const beyond = [&](std::vector<int> const& known) {
        std::vector<FrameId> ids;
        for (int name : known) ids.push_back(NamedFeed::id(name));
        std::vector<int> names;
        for (FrameId const& id : feed.feed.beyond(ids)) names.push_back(id.raw[3]);
        return names;
    };
    CHECK(beyond({}) == std::vector{1, 2, 3, 5, 4, 6});
    CHECK(beyond({2}) == std::vector{3, 5, 4, 6});
    CHECK(beyond({4}) == std::vector{5, 6});
    CHECK(beyond({4, 6}).empty());
    CHECK(beyond({3, 99}) == std::vector{5, 4, 6});
}

TEST_CASE("ancestors and branches agree with a plain walk on random trees", "[feed]") {
    SeededRandom random(11);
    for (int round = 0; round < 40; ++round) {
        NamedFeed feed;
        std::map<int, std::optional<int>> prevs;
        int const count = 2 + static_cast<int>(random.below(80));
        for (int name = 1; name <= count; ++name) {
            std::optional<int> prev;
            if (name > 1)
                prev = random.below(8) == 0 ? 1 + static_cast<int>(random.below(static_cast<std::uint64_t>(name - 1)))
                                            : name - 1;
            prevs[name] = prev;
            feed.add(name, prev);
        }
        Feed const copy = feed.feed;
        for (int a = 1; a <= count; ++a) {
            for (int b = 1; b <= count; ++b) {
                bool expected = false;
                for (std::optional<int> at = b; at; at = prevs[*at]) expected = expected || *at == a;
                REQUIRE(copy.isAncestorOrSelf(NamedFeed::id(a), NamedFeed::id(b)) == expected);
            }
            std::vector<FrameId> const rest = copy.beyond({NamedFeed::id(a)});
            for (int b = 1; b <= count; ++b) {
                bool const isListed = std::find(rest.begin(), rest.end(), NamedFeed::id(b)) != rest.end();
                REQUIRE(isListed != *copy.isAncestorOrSelf(NamedFeed::id(b), NamedFeed::id(a)));
            }
        }
    }
}

TEST_CASE("a feed of a million frames answers at once, forked or not", "[feed][long]") {
    NamedFeed feed;
    constexpr int kFrames = 1'000'000;
    feed.feed.add({NamedFeed::id(1), {}, 1, {}, {}});
    for (int name = 2; name <= kFrames; ++name)
        feed.feed.add({NamedFeed::id(name), NamedFeed::id(name - 1), static_cast<std::uint64_t>(name), {}, {}});
    for (bool const isForked : {false, true}) {
        if (isForked) feed.feed.add({NamedFeed::id(kFrames + 1), NamedFeed::id(3), 4, {}, {}});
        auto const start = std::chrono::steady_clock::now();
        SeededRandom random(3);
        for (int i = 0; i < 100'000; ++i) {
            int const a = 1 + static_cast<int>(random.below(kFrames));
            int const b = 1 + static_cast<int>(random.below(kFrames));
            REQUIRE(feed.feed.isAncestorOrSelf(NamedFeed::id(a), NamedFeed::id(b)) == (a <= b));
        }
        CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(10));
    }
}
