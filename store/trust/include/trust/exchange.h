// What travels between replicas, whatever the road: frames with their payloads, tips, and one answer a frame.
#pragma once

#include "base/bytes.h"
#include "base/ids.h"
#include "trust/signature.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace spiral::trust {

/// How a payload's bytes are packed.
enum class Codec : std::uint8_t {
    Raw = 0,
    Zstd = 1,
    ZstdOnParent = 2,   ///< 32 bytes: id of a revision; then zstd with that revision's bytes as prefix
};

struct Payload {
    Codec codec = Codec::Raw;
    Bytes bytes;
    friend bool operator==(Payload const&, Payload const&) = default;
};

/// A frame on its way. Without a payload: header only ("payload wanted").
struct TravellingFrame {
    Bytes header;
    Signature signature;
    std::optional<Payload> payload;
    bool namesNoFiles = false;  ///< known where it comes from: none of its revisions has attachments. Does not travel
    friend bool operator==(TravellingFrame const&, TravellingFrame const&) = default;
};

/// A frame without children: where a feed ends. A feed has one, unless it forked.
struct FeedTip {
    Scope scope;
    DeviceId device;
    FrameId frame;
    std::uint64_t seq = 0;
    friend auto operator<=>(FeedTip const&, FeedTip const&) = default;
};

/// What became of one frame that was offered.
struct Answer {
    enum class What : std::uint8_t {
        Stored,           ///< header and rows are in
        Known,            ///< were in before
        PayloadWanted,    ///< the header is in; its payload was absent or wrong (see reason: the deliverer's fault)
        WaitingForFrame,  ///< its predecessor is not held: kept apart, taken up when that comes; about = prev
        WaitingForGrant,  ///< its device has no grant in the registry held: nothing was stored; offer it again later
        OutsideScopes,    ///< not for this replica: nothing was stored
        Refused,          ///< malformed, badly signed, of another college …: nothing was stored; see reason
        NeedsNewer,       ///< a header of a newer program, whose place and rows cannot be checked here: nothing was stored
    };
    FrameId frame;
    What what = What::Refused;
    std::string reason;
    std::string about;
    friend bool operator==(Answer const&, Answer const&) = default;
};
[[nodiscard]] std::string_view nameOf(Answer::What what) noexcept;

}  // namespace spiral::trust
