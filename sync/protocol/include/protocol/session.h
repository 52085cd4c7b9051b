// One session between two replicas over a network, as a machine without I/O: it is fed the peer's messages and what the
// store says, and says what to do next. TLS drives it (client, server, hub), and so does the simulation.
//
// No socket, file, clock, thread or database is inside. Nothing remembered about a peer is ever authoritative: what both
// agreed on last time is a hint that saves bytes; a digest over what both hold decides whether it was right, and if not,
// tips are compared and the rest travels. Every frame gets an answer, and none holds up another.
//
//   caller                                    answerer
//   greeting, new frames, holding (ask)  ──▶  proves who it is; stores the frames
//                                        ◀──  greeting, answers, what the caller lacks, holding (answer)
//   equal digests: agreed, one round trip. Otherwise tips both ways, what lies beyond them, and digests again.
//   A caller that stays is told what is new from then on, and tells.
#pragma once

#include "protocol/actions.h"

#include <functional>
#include <memory>

namespace spiral::protocol {

/// What a store is, seen by one peer: the end of its log, and the digest over the scopes that both may read.
struct StoreState {
    Epoch epoch;
    std::uint64_t position = 0;
    StateDigest digest;
    std::uint64_t registry = 0;   ///< entries held: with a new one, what waited for a grant may be taken
    friend bool operator==(StoreState const&, StoreState const&) = default;
};

/// How far both came by the end of an earlier session: a hint, kept by the caller.
struct Agreement {
    Epoch peerEpoch;
    std::uint64_t peerPosition = 0;  ///< all of the peer's log till here is held, or was offered in vain
    std::uint64_t ownPosition = 0;   ///< all of our log till here is held by the peer, or was offered in vain
    friend bool operator==(Agreement const&, Agreement const&) = default;
};

/// Is this who it says, and may it be here? Answer with onAuthenticated.
struct Authenticate {
    Greeting greeting;
};
/// Lines of the own log after `position` that the peer may have. Answer with onFrames: frames of about `bytesMax` at most,
/// without those for which skips() is true. `first`: the peer has not said yet that it knows us, and takes no more than
/// that; a frame that is larger alone is then not given (and `last` is false).
struct FetchSince {
    std::uint64_t position = 0;
    std::size_t bytesMax = 0;
    bool first = false;
};
/// What lies beyond these tips; `more`: go on with the last such fetch. Answer with onFrames, about a batch at a time,
/// without frames for which gave() is true.
struct FetchBeyond {
    std::vector<trust::FeedTip> tips;
    bool more = false;
};
/// Answer with onState.
struct DescribeState {};
/// Answer with onTips: of the scopes that both may read.
struct ListTips {};
/// Both hold the same of what both may read. Worth keeping until the next session.
struct Agreed {
    Agreement agreement;
};
/// Both said all they could and still do not hold the same: something waits, is refused here or there, or is too new.
/// `agreement` is worth keeping all the same: what lies before it need not be said again.
struct Unequal {
    Agreement agreement;
    bool allOffered = true;   ///< tips were compared: whatever either lacks of the other's was on its way since
};
/// Something for the attachments or the keeper of the registry: WantPieces, NoPieces, Propose, Proposed.
struct Deliver {
    Message message;
};

using Action = std::variant<Send, Authenticate, FetchSince, FetchBeyond, ApplyFrames, ApplyPiece, DescribeState, ListTips,
                            Agreed, Unequal, Deliver, Finished, Failed>;

struct SessionLimits : Limits {
    std::size_t windowBytesMax = 4 * 1024 * 1024;   ///< of frames sent and not answered
    std::size_t windowFramesMax = 8'000;
    std::size_t firstFlightBytesMax = 256 * 1024;   ///< of frames that a caller sends before the peer's first word
    std::size_t strangerMessagesMax = 64;           ///< taken before it is known who calls
    std::size_t stepsMax = 256;                     ///< asked for by the peer and not done yet
    // A caller that leaves gathers its answers till then. Less than any peer's window, or both would wait for the other.
    std::size_t notAnsweredBytesMax = 1024 * 1024;
    std::size_t notAnsweredFramesMax = 2'000;
    std::size_t notedAnswersMax = 1'000;            ///< in the totals of a session that stays; of others all
    std::uint64_t maxSkippedReconciles = 1024;      ///< see Session
};

/// Three asks may be under way: a fetch, a state or list of tips, and frames to apply. Each is answered once, by its
/// event; those of ApplyFrames in the order they were given.
class Session {
public:
    enum class Role { Caller, Answerer };
    struct Self {
        Role role = Role::Caller;
        bool stays = false;       ///< a caller that goes on after the first agreement
        Greeting greeting;        ///< its versions are those that this session speaks
        Epoch epoch;              ///< of the own log
        std::uint64_t position = 0;  ///< its end
        std::optional<Agreement> before;  ///< of a caller
    };
    explicit Session(Self self, SessionLimits limits = {});
    ~Session();
    Session(Session&&) noexcept;
    Session& operator=(Session&&) noexcept;

    /// Once, before anything else.
    [[nodiscard]] std::vector<Action> start();
    /// One message of the peer. Out of turn: Send{Refusal} and Failed, with a reason of docs/protocol.md.
    [[nodiscard]] std::vector<Action> onMessage(Message message);
    [[nodiscard]] std::vector<Action> onAuthenticated(Result<void> const& outcome);
    /// Answers a fetch. `position`: the log is read till here, or (of FetchBeyond) its end when the fetch began. With
    /// `last`, `state` is that of the same moment.
    [[nodiscard]] std::vector<Action> onFrames(std::vector<trust::TravellingFrame> frames, std::uint64_t position,
                                               bool last, StoreState const& state);
    [[nodiscard]] std::vector<Action> onState(StoreState const& state);
    [[nodiscard]] std::vector<Action> onTips(std::vector<trust::FeedTip> tips);
    /// One answer a frame of the oldest ApplyFrames not answered yet, in order; of one or of several together.
    [[nodiscard]] std::vector<Action> onApplied(std::vector<trust::Answer> answers);
    /// The own log grew by somebody else's doing.
    [[nodiscard]] std::vector<Action> onNews();
    /// Nothing came for long. A caller that stays asks what the peer holds, which is answered at once: whether the peer is
    /// still there, and whether both still hold the same. Nothing if an answer is due anyway.
    [[nodiscard]] std::vector<Action> onSilence();
    /// Messages for the peer that the session only carries (pieces, proposals). While `busy`, a caller does not finish.
    void setBusy(bool busy);
    [[nodiscard]] std::vector<Action> onIdle();   ///< after setBusy(false): finishes what waited for it
    /// The connection ended. Finished if nothing was under way, else Failed.
    [[nodiscard]] std::vector<Action> onEnd();

    /// True for a frame that the peer itself gave in this session. To be asked once a log line, of FetchSince.
    [[nodiscard]] bool skips(FrameId const& frame);
    /// The same for FetchBeyond; some that were given long ago are forgotten.
    [[nodiscard]] bool gave(FrameId const& frame) const;

    struct Totals {
        std::uint64_t framesSent = 0, framesReceived = 0;
        std::uint64_t roundTrips = 0;          ///< times that a caller waited for the peer's word
        std::vector<trust::Answer> answers;      ///< ours, to frames we received and did not simply store or know
        std::vector<trust::Answer> peerAnswers;  ///< theirs, likewise
    };
    [[nodiscard]] Totals const& totals() const;
    [[nodiscard]] std::optional<Greeting> const& peer() const;
    /// The newest that both speak: what a newer one does not know is said by neither. 0 until both have greeted.
    [[nodiscard]] std::uint32_t version() const;
    /// The epoch of the answerer's log, which salts the digest of both: none while a caller does not know it.
    [[nodiscard]] Epoch const& salt() const;
    [[nodiscard]] bool isOpen() const;   ///< it is known who the peer is
    [[nodiscard]] bool isOver() const;

private:
    struct State;
    std::unique_ptr<State> m_state;
};

}  // namespace spiral::protocol
