// One exchange by file, as a machine without I/O: it is fed messages and answers, and says what to do next. Over a network
// protocol/session.h takes its place, with the same messages.
//
// No socket, file, clock, thread or database is inside.
#pragma once

#include "protocol/actions.h"

#include <memory>

namespace spiral::protocol {

/// Answer with onFrames, batch by batch.
struct FetchFrames {
    std::vector<trust::FeedTip> known;
};
/// What whoever drives the session does next, in the order given.
using FileAction = std::variant<Send, FetchFrames, ApplyFrames, ApplyPiece, Finished, Failed>;

struct FileSessionTotals {
    std::uint64_t framesSent = 0, framesReceived = 0;
    std::vector<trust::Answer> answers;      ///< ours, to frames we received and did not simply store or know
};

class FileSession {
public:
    enum class Road {
        WriteFile,  ///< we only write: everything beyond `peerTips` (or everything)
        ReadFile,   ///< we only read: no answer reaches the writer
    };
    FileSession(Road road, Hello self, std::optional<std::vector<trust::FeedTip>> peerTips = std::nullopt,
            Limits limits = {});
    ~FileSession();
    FileSession(FileSession&&) noexcept;
    FileSession& operator=(FileSession&&) noexcept;

    /// Once, before anything else: says hello where the road has a way out.
    [[nodiscard]] std::vector<FileAction> start();
    /// One message of the other side, as decode() gave it. Out of turn: Failed, with a reason of docs/protocol.md.
    [[nodiscard]] std::vector<FileAction> onMessage(Message message);
    /// Frames asked for by FetchFrames; `last` when there are no more. At most a batch at a time (more are split).
    /// Whoever drives the session may send PieceList and Piece messages of its own between two batches, and after the
    /// last before Done.
    [[nodiscard]] std::vector<FileAction> onFrames(std::vector<trust::TravellingFrame> frames, bool last);
    /// One answer a frame of the oldest ApplyFrames not answered yet, in order; of one or of several together.
    [[nodiscard]] std::vector<FileAction> onApplied(std::vector<trust::Answer> answers);
    /// The other side's bytes ended.
    [[nodiscard]] std::vector<FileAction> onEnd();
    [[nodiscard]] FileSessionTotals const& totals() const;
    [[nodiscard]] std::optional<Hello> const& peer() const;

private:
    struct State;
    std::unique_ptr<State> m_state;
};

}  // namespace spiral::protocol
