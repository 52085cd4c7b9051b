// A store for tests of sessions: frames without signatures, of which each can be stored once its predecessor is.
#pragma once

#include "base/random.h"
#include "base/sha256.h"
#include "protocol/session.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace spiral::protocol {

using trust::Answer;
using trust::FeedTip;
using trust::TravellingFrame;

/// A frame's header is "feed number".
struct Shelf {
    using Name = std::pair<int, int>;
    std::map<Name, TravellingFrame> frames;  ///< by feed and number
    std::vector<Name> log;                   ///< in the order they came
    Epoch epoch;
    std::set<Name> barred;                   ///< never taken
    std::uint64_t entries = 0;               ///< of the registry

    static TravellingFrame frameOf(int feed, int number, std::size_t payload) {
        TravellingFrame frame;
        frame.header = toBytes(std::to_string(feed) + " " + std::to_string(number));
        frame.payload = trust::Payload{trust::Codec::Raw, Bytes(payload, static_cast<std::uint8_t>(number))};
        return frame;
    }
    static Name nameOf(TravellingFrame const& frame) {
        std::string const text = toText(frame.header);
        return {std::stoi(text), std::stoi(text.substr(text.find(' ')))};
    }
    static DeviceId deviceOf(int feed) {
        DeviceId device;
        device.raw[0] = static_cast<std::uint8_t>(feed);
        return device;
    }
    std::vector<FeedTip> tips() const {
        std::map<int, int> highest;
        for (auto const& [name, frame] : frames) highest[name.first] = std::max(highest[name.first], name.second);
        std::vector<FeedTip> tips;
        for (auto const& [feed, number] : highest) {
            tips.push_back({Scope::college(), deviceOf(feed), hashAs<FrameId>(frames.at({feed, number}).header),
                            static_cast<std::uint64_t>(number)});
        }
        std::sort(tips.begin(), tips.end());
        return tips;
    }
    std::vector<TravellingFrame> beyond(std::vector<FeedTip> const& known) const {
        std::map<DeviceId, std::uint64_t> theirs;
        for (auto const& tip : known) theirs[tip.device] = tip.seq;
        std::vector<TravellingFrame> out;
        for (auto const& [name, frame] : frames) {
            if (static_cast<std::uint64_t>(name.second) > theirs[deviceOf(name.first)]) out.push_back(frame);
        }
        return out;
    }
    Answer take(TravellingFrame const& frame) {
        auto const name = nameOf(frame);
        Answer answer{hashAs<FrameId>(frame.header), Answer::What::Stored, {}, {}};
        if (frames.contains(name)) {
            answer.what = Answer::What::Known;
        } else if (barred.contains(name)) {
            answer.what = Answer::What::Refused;
            answer.reason = "frame.barred";
        } else if (name.second > 1 && !frames.contains({name.first, name.second - 1})) {
            answer.what = Answer::What::WaitingForFrame;
            answer.reason = "frame.predecessor";
        } else {
            put(name, frame);
        }
        return answer;
    }
    void put(Name const& name, TravellingFrame const& frame) {
        frames.emplace(name, frame);
        log.push_back(name);
    }
    /// The next frame of a feed.
    void write(int feed, std::size_t payload) {
        int number = 1;
        while (frames.contains({feed, number})) ++number;
        put({feed, number}, frameOf(feed, number, payload));
    }
    /// An older image of this store is put back: its newest frames are gone, and its log begins anew.
    void rollBack(std::size_t lines, Epoch const& newEpoch) {
        for (; lines > 0 && !log.empty(); --lines) {
            frames.erase(log.back());
            log.pop_back();
        }
        epoch = newEpoch;
    }
    [[nodiscard]] StateDigest digest(Epoch const& salt) const {
        Sha256Stream hash;
        hash.add(salt.view());
        for (auto const& tip : tips()) {
            hash.add(tip.device.view());
            hash.add(tip.frame.view());
        }
        return *StateDigest::fromBytes(hash.finish().view().first(StateDigest::size));
    }
};

inline bool consistent(Shelf const& shelf) {
    for (auto const& [name, frame] : shelf.frames) {
        if (name.second > 1 && !shelf.frames.contains({name.first, name.second - 1})) return false;
    }
    return true;
}

inline void fill(Shelf& one, Shelf& two, SeededRandom& random) {
    // Each holds a beginning of each feed, of a length of its own.
    for (int feed = 1; feed <= 5; ++feed) {
        auto const mine = static_cast<int>(random.below(12)), theirs = static_cast<int>(random.below(12));
        for (int number = 1; number <= std::max(mine, theirs); ++number) {
            auto const frame = Shelf::frameOf(feed, number, random.below(300));
            if (number <= mine) one.put({feed, number}, frame);
            if (number <= theirs) two.put({feed, number}, frame);
        }
    }
}

}  // namespace spiral::protocol
