// What the sessions, by file and over a network, ask of whoever drives them.
#pragma once

#include "protocol/messages.h"

#include <vector>

namespace spiral::protocol {

/// Give this to the other side, in order.
struct Send {
    Message message;
};
/// Import them; answer with onApplied.
struct ApplyFrames {
    std::vector<trust::TravellingFrame> frames;
};
/// Give it to the attachments; no answer is asked for.
struct ApplyPiece {
    std::variant<PieceList, Piece> piece;
};
/// Nothing more is to be done.
struct Finished {};
/// The session cannot go on; nothing more is to be read.
struct Failed {
    Error error;
};

/// The frame is in; nothing more need be said of it.
[[nodiscard]] inline bool isPlain(trust::Answer const& answer) noexcept {
    return answer.what == trust::Answer::What::Stored || answer.what == trust::Answer::What::Known;
}
/// The frames as batches within the limits, in their order. A payload larger than any store keeps is left out: the other
/// side says then that it still wants it.
[[nodiscard]] std::vector<Batch> inBatches(std::vector<trust::TravellingFrame> frames, Limits const& limits);

}  // namespace spiral::protocol
