// What to tell somebody who will give us what we lack. Frames whose header is held and whose payload is not are lacking too:
// it was lost or spoilt by whoever brought it.
#include "store.h"

#include "base/sha256.h"

#include <algorithm>
#include <string_view>

namespace spiral::replica {

namespace {

// What a newer program will read is kept unread, and is not wanted again.
constexpr std::string_view kWanted =
    "SELECT p.feed, f.header FROM local_place p JOIN frame f ON f.rowid=p.frame WHERE p.applied=0 "
    "AND NOT EXISTS(SELECT 1 FROM local_payload k WHERE k.frame=f.id) ORDER BY p.feed, p.seq, f.id";

}  // namespace

std::vector<FeedTip> Replica::payloadsWanted() const {
    auto const& store = static_cast<Store const&>(*this);
    Statement wanted(store.m_db, kWanted);
    std::vector<FeedTip> frames;
    while (wanted.step()) {
        auto const header = trust::decodeFrameHeader(wanted.blob(1));
        if (!header) throw SqliteError(SQLITE_CORRUPT, "reading a frame", header.error().reason);
        frames.push_back({header->scope, header->device, hashAs<FrameId>(wanted.blob(1)), header->seq});
    }
    std::sort(frames.begin(), frames.end());
    return frames;
}

std::vector<FeedTip> Replica::tipsToAskWith() const {
    auto const& store = static_cast<Store const&>(*this);
    struct Below {
        std::uint64_t seq = 0;
        std::optional<FrameId> frame;
    };
    std::map<std::int64_t, Below> belowWanted;
    {
        Statement wanted(store.m_db, kWanted);
        while (wanted.step()) {
            auto const header = trust::decodeFrameHeader(wanted.blob(1));
            if (!header) throw SqliteError(SQLITE_CORRUPT, "reading a frame", header.error().reason);
            belowWanted.try_emplace(wanted.integer(0), Below{header->seq - 1, header->prev});
        }
    }
    if (belowWanted.empty()) return tips();
    std::vector<FeedTip> tips;
    for (auto const& [key, state] : store.m_feeds) {
        if (auto const below = belowWanted.find(state.feed); below != belowWanted.end()) {
            if (below->second.frame) tips.push_back({key.first, key.second, *below->second.frame, below->second.seq});
            continue;
        }
        for (auto const& tip : state.tips) tips.push_back({key.first, key.second, tip.frame, tip.seq});
    }
    return tips;
}

std::vector<FeedTip> Replica::withFramesBelow(std::vector<FeedTip> tips) const {
    constexpr std::size_t kTipsMax = 10'000;   // as many as are told; under 1 MB
    auto const& store = static_cast<Store const&>(*this);
    Statement place(store.m_db,
                    "SELECT f.id FROM local_place p JOIN frame f ON f.rowid=p.frame WHERE p.feed=?1 AND p.seq=?2");
    std::size_t const feeds = tips.size();
    bool more = true;
    for (std::uint64_t step = 1; more && tips.size() < kTipsMax; step *= 4) {
        more = false;
        for (std::size_t i = 0; i < feeds && tips.size() < kTipsMax; ++i) {
            FeedTip const tip = tips[i];
            auto const* feed = store.findFeed(tip.scope, tip.device);
            if (feed == nullptr || tip.seq <= step) continue;
            more = true;
            place.bind(1, feed->feed).bind(2, static_cast<std::int64_t>(tip.seq - step));
            while (place.step()) tips.push_back({tip.scope, tip.device, place.token<FrameId>(0), tip.seq - step});
            place.reset();
        }
    }
    std::sort(tips.begin(), tips.end());
    tips.erase(std::unique(tips.begin(), tips.end()), tips.end());
    return tips;
}

}  // namespace spiral::replica
