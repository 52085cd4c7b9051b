// One exchange between two replicas, as a machine without I/O: it is fed messages and answers, and says what to do next.
// The file on a USB stick drives it today (sync/transport); a connection will drive the same class.
//
// No socket, file, clock, thread or database is inside. Everything a peer sends is bounded before memory is reserved
// for it. Nothing remembered about a peer is ever authoritative: tips are exchanged anew each time, and every frame
// offered gets an answer.
#pragma once

#include "base/bytes.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "trust/exchange.h"
#include "trust/objects.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace spiral::protocol {

/// Limits of one message; all named, all checked before anything is reserved.
struct Limits {
    std::size_t messageBytesMax = 2 * 1024 * 1024 + 64 * 1024;  ///< unpacked
    std::size_t batchFramesMax = 500;
    std::size_t batchBytesMax = 1024 * 1024;  ///< or one frame alone
    std::size_t tipsMax = 100'000;
    std::size_t payloadBytesMax = trust::kObjectBytesMax + 4096;  ///< of one frame, as packed
    std::size_t piecesMax = 65'536;                               ///< of one attachment: 64 GiB
    std::size_t answersMax = 2'000;                               ///< of one message
    std::size_t answerTextMax = 256;                              ///< bytes of `about`; longer ones are cut
};

/// What both sides say first.
struct Hello {
    std::uint32_t version = 1;
    SchoolId school;
    DeviceId device;
    std::optional<trust::RegistryPoint> registryHead;
    std::vector<trust::FeedTip> tips;  ///< sorted; only of scopes the other may read, when that is known
    friend bool operator==(Hello const&, Hello const&) = default;
};

/// Up to batchFramesMax frames, in an order in which each can be stored.
struct Batch {
    std::vector<trust::TravellingFrame> frames;
    friend bool operator==(Batch const&, Batch const&) = default;
};
/// An attachment's description and piece hashes, or one piece of it.
struct PieceList {
    trust::Attachment file;
    std::vector<Sha256> pieces;
    friend bool operator==(PieceList const&, PieceList const&) = default;
};
struct Piece {
    AttachmentId file;
    std::uint32_t index = 0;
    Bytes bytes;
    friend bool operator==(Piece const&, Piece const&) = default;
};
/// One answer a frame of the last batches, in order.
struct Answers {
    std::vector<trust::Answer> answers;
    friend bool operator==(Answers const&, Answers const&) = default;
};
/// No frames and pieces come from this side any more; only answers to what is still under way.
struct Done {
    std::uint64_t frames = 0;  ///< sent in this session
    friend bool operator==(Done const&, Done const&) = default;
};
using Message = std::variant<Hello, Batch, PieceList, Piece, Answers, Done>;

/// A message as bytes (cereal, portable binary) and back. Decoding refuses what is not of the form or beyond a limit,
/// with a reason, in time and memory bounded by the bytes given; trailing bytes are refused.
[[nodiscard]] Bytes encode(Message const& message);
[[nodiscard]] Result<Message> decode(ByteView bytes, Limits const& limits = {});
/// What a frame counts against Limits::batchBytesMax.
[[nodiscard]] std::size_t bytesOf(trust::TravellingFrame const& frame) noexcept;
/// As many of the sorted tips as fit into one Hello. Leaving tips out is never wrong: more is sent than needed.
[[nodiscard]] std::vector<trust::FeedTip> tipsThatFit(std::vector<trust::FeedTip> tips, Limits const& limits = {});

// --- the session ---------------------------------------------------------------------------------------------------

/// Give this to the other side, in order.
struct Send {
    Message message;
};
/// Answer with onFrames, batch by batch.
struct FetchFrames {
    std::vector<trust::FeedTip> known;
};
/// Import them; answer with onApplied.
struct ApplyFrames {
    std::vector<trust::TravellingFrame> frames;
};
/// Give it to the attachments; no answer is asked for.
struct ApplyPiece {
    std::variant<PieceList, Piece> piece;
};
/// Both sides are done.
struct Finished {};
/// The peer broke the protocol; nothing more is to be read.
struct Failed {
    Error error;
};
/// What whoever drives the session does next, in the order given.
using Action = std::variant<Send, FetchFrames, ApplyFrames, ApplyPiece, Finished, Failed>;

struct Totals {
    std::uint64_t framesSent = 0, framesReceived = 0;
    std::vector<trust::Answer> answers;      ///< ours, to frames we received and did not simply store or know
    std::vector<trust::Answer> peerAnswers;  ///< theirs, likewise
};

class Session {
public:
    enum class Road {
        Duplex,     ///< both sides speak (network): frames go both ways, each batch is answered
        WriteFile,  ///< we only write: everything beyond `peerTips` (or everything)
        ReadFile,   ///< we only read: no answer reaches the writer
    };
    Session(Road road, Hello self, std::optional<std::vector<trust::FeedTip>> peerTips = std::nullopt,
            Limits limits = {});
    ~Session();
    Session(Session&&) noexcept;
    Session& operator=(Session&&) noexcept;

    /// Once, before anything else: says hello where the road has a way out.
    [[nodiscard]] std::vector<Action> start();
    /// One message of the other side, as decode() gave it. Out of turn: Failed, with a reason of docs/protocol.md.
    [[nodiscard]] std::vector<Action> onMessage(Message message);
    /// Frames asked for by FetchFrames; `last` when there are no more. At most a batch at a time (more are split).
    /// Whoever drives the session may send PieceList and Piece messages of its own between two batches, and after the
    /// last before Done.
    [[nodiscard]] std::vector<Action> onFrames(std::vector<trust::TravellingFrame> frames, bool last);
    /// One answer a frame of the oldest ApplyFrames not answered yet, in order; of one or of several together.
    [[nodiscard]] std::vector<Action> onApplied(std::vector<trust::Answer> answers);
    /// The other side's bytes ended.
    [[nodiscard]] std::vector<Action> onEnd();
    [[nodiscard]] Totals const& totals() const;
    [[nodiscard]] std::optional<Hello> const& peer() const;

private:
    struct State;
    std::unique_ptr<State> m_state;
};

}  // namespace spiral::protocol
