// What two replicas say to each other, over a file and over a network, and its bytes. docs/protocol.md says when.
//
// Everything a peer sends is bounded before memory is reserved for it; nothing signed is encoded here, only carried.
#pragma once

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "trust/exchange.h"
#include "trust/objects.h"

#include <cstdint>
#include <optional>
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
    std::size_t answersMax = 2'000;                               ///< runs of one message
    std::size_t answerTextMax = 256;                              ///< bytes of `about`; longer ones are cut
};

/// What the writer of a file says first.
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
/// The same became of `count` frames, of those that have no answer yet the oldest.
struct AnswerRun {
    trust::Answer::What what = trust::Answer::What::Stored;
    std::uint32_t count = 1;
    std::string reason, about;
    friend bool operator==(AnswerRun const&, AnswerRun const&) = default;
};
/// What became of frames of the last batches, in order.
struct Answers {
    std::vector<AnswerRun> runs;
    friend bool operator==(Answers const&, Answers const&) = default;
};
/// The end of a file.
struct Done {
    std::uint64_t frames = 0;  ///< written in this file
    friend bool operator==(Done const&, Done const&) = default;
};

// --- over a network only ---------------------------------------------------------------------------------------------

/// First 16 bytes of the SHA-256 that stands in docs/protocol.md, "Digest".
using StateDigest = Token<struct StateDigestTag, 16>;

// From version 2 on a side reads the short form, see Wire.
inline constexpr std::uint32_t kNetworkVersion = 2, kOldestNetworkVersion = 1, kShortFormVersion = 2;

/// What both sides say first.
struct Greeting {
    std::uint32_t version = kNetworkVersion;       ///< the newest that the sender speaks
    std::uint32_t oldest = kOldestNetworkVersion;  ///< and the oldest
    SchoolId school;
    DeviceId device;
    std::optional<trust::Signature> proof;  ///< of who called: over the connection's secret, proofText()
    std::optional<trust::RegistryPoint> registryHead;
    Bytes extension;  ///< of newer versions; carried, not understood
    friend bool operator==(Greeting const&, Greeting const&) = default;
};
/// This side ends the session, and why.
struct Refusal {
    std::string reason, about;
    friend bool operator==(Refusal const&, Refusal const&) = default;
};
/// What the sender holds, of scopes that the other may read: asks for everything beyond it.
struct Tips {
    std::vector<trust::FeedTip> tips;  ///< sorted
    friend bool operator==(Tips const&, Tips const&) = default;
};
/// "You have now everything that I know you lack; and this is what I hold."
struct Holding {
    enum class Kind : std::uint8_t {
        Ask,     ///< of the caller: say the same when you are as far
        Answer,  ///< to the oldest ask, or to the caller's tips
        Tell,    ///< after news, unasked
    };
    Kind kind = Kind::Ask;
    Epoch epoch;                 ///< of the sender's log
    std::uint64_t position = 0;  ///< its end
    Epoch seenEpoch;             ///< of the other's log, as far as the sender knows to hold all of it: a hint
    std::uint64_t seenPosition = 0;
    StateDigest digest;
    friend bool operator==(Holding const&, Holding const&) = default;
};
/// The sender lacks these pieces of an attachment that a revision of this scope names.
struct WantPieces {
    Scope scope = Scope::college();
    trust::Attachment file;
    std::vector<std::uint32_t> pieces;  ///< sorted; empty: the list of their hashes first
    friend bool operator==(WantPieces const&, WantPieces const&) = default;
};
/// The attachment is not held here, or is not for the other: it is not said which.
struct NoPieces {
    Scope scope = Scope::college();
    AttachmentId file;
    friend bool operator==(NoPieces const&, NoPieces const&) = default;
};
/// The sender wants no more pieces for now: a caller may leave.
struct Enough {
    friend bool operator==(Enough const&, Enough const&) = default;
};
/// For the keeper of the registry: append this, trust::bodyOf of a proposal as strict JSON.
struct Propose {
    Bytes proposal;
    friend bool operator==(Propose const&, Propose const&) = default;
};
/// What became of the oldest proposal without an answer. The entry itself comes as a frame.
struct Proposed {
    std::optional<ObjectId> entry;
    std::string reason, about;
    friend bool operator==(Proposed const&, Proposed const&) = default;
};
/// A message of a newer version that one may pass over (kinds from 64 on).
struct Unknown {
    std::uint8_t kind = 64;
    friend bool operator==(Unknown const&, Unknown const&) = default;
};
using Message = std::variant<Hello, Batch, PieceList, Piece, Answers, Done, Greeting, Refusal, Tips, Holding, WantPieces,
                             NoPieces, Propose, Proposed, Enough, Unknown>;

/// A message as bytes (cereal, portable binary) and back. Decoding refuses what is not of the form or beyond a limit,
/// with a reason, in time and memory bounded by the bytes given; trailing bytes are refused.
[[nodiscard]] Bytes encode(Message const& message);
[[nodiscard]] Result<Message> decode(ByteView bytes, Limits const& limits = {});
/// What a frame counts against Limits::batchBytesMax.
[[nodiscard]] std::size_t bytesOf(trust::TravellingFrame const& frame) noexcept;
/// As many of the sorted tips as fit into one Hello. Leaving tips out is never wrong: more is sent than needed.
[[nodiscard]] std::vector<trust::FeedTip> tipsThatFit(std::vector<trust::FeedTip> tips, Limits const& limits = {});

/// A message as it travels: encoded, and packed where that makes it smaller (a byte before it says how). In the short form
/// ids are written as bytes before it is packed. unpack() reads all forms, and is bounded by Limits::messageBytesMax before
/// anything is reserved; reasons besides those of decode(): "message.codec", "message.unpack".
enum class Form { Long, Short };
[[nodiscard]] Bytes pack(Message const& message, Form form = Form::Long);
/// How many bytes unpack() will make of it, in memory that it takes for them: a packed message may grow a thousandfold.
[[nodiscard]] std::size_t unpackedBytes(ByteView bytes, Limits const& limits = {});
[[nodiscard]] Result<Message> unpack(ByteView bytes, Limits const& limits = {});

/// The packing of one connection: the other side's greeting says which form it reads.
class Wire {
public:
    [[nodiscard]] Bytes pack(Message const& message) const { return protocol::pack(message, m_form); }
    [[nodiscard]] Result<Message> unpack(ByteView bytes, Limits const& limits = {}) {
        auto message = protocol::unpack(bytes, limits);
        auto const* greeting = message ? std::get_if<Greeting>(&*message) : nullptr;
        if (greeting && greeting->version >= kShortFormVersion) m_form = Form::Short;
        return message;
    }

private:
    Form m_form = Form::Long;
};

/// What may travel of an answer: its detail may be a sentence of any length.
[[nodiscard]] AnswerRun runOf(trust::Answer answer, Limits const& limits = {});
/// What the caller signs with its device key in namespace `session@<domain>`: the connection's secret, equal on both ends
/// and on no other connection, the college and both devices.
[[nodiscard]] Bytes proofText(ByteView connectionSecret, SchoolId const& school, DeviceId const& caller,
                              DeviceId const& answerer);

}  // namespace spiral::protocol
