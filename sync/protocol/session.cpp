// The session's states and what moves them. Everything that a peer can say at the wrong time ends in `Failed`, with a
// reason; everything that our own side can do wrong stops the program.
//
//   Created ──start──▶ Greeting ──peer's Hello──▶ Open ──both Done, all answered──▶ Finished
//                          └───────────anything out of turn──────────┴────────────▶ Failed
//
// A file has no second side: its writer is Open at once and needs no answers; its reader sends nothing.
#include "protocol/session.h"

#include "base/sha256.h"

#include <algorithm>
#include <deque>
#include <utility>

namespace spiral::protocol {

using trust::Answer;
using trust::TravellingFrame;

namespace {

bool isPlain(Answer const& answer) { return answer.what == Answer::What::Stored || answer.what == Answer::What::Known; }

/// What may travel of an answer: its detail may be a sentence of any length.
Answer clipped(Answer answer, Limits const& limits) {
    if (answer.about.size() > limits.answerTextMax) {
        std::size_t end = limits.answerTextMax;
        while (end > 0 && (static_cast<unsigned char>(answer.about[end]) & 0xC0U) == 0x80U) --end;
        answer.about.resize(end);
    }
    for (char& character : answer.about) {
        if (static_cast<unsigned char>(character) < 0x20 || character == 0x7F) character = ' ';
    }
    if (!isUtf8(asBytes(answer.about))) answer.about.clear();
    return answer;
}

}  // namespace

struct Session::State {
    enum class Stage { Created, Greeting, Open, Finished, Failed };

    Road road;
    Hello self;
    std::vector<trust::FeedTip> fileTips;  ///< WriteFile: what the reader is known to hold
    Limits limits;

    Stage stage = Stage::Created;
    std::optional<Hello> peer;
    Totals totals;
    bool doneSent = false;
    bool doneReceived = false;
    std::uint64_t toApply = 0;       ///< frames handed out with ApplyFrames, not answered by onApplied
    std::deque<FrameId> unanswered;  ///< Duplex: frames sent, in order, that the peer has not answered

    using Actions = std::vector<Action>;

    Actions fail(ErrorCode code, std::string_view reason, std::string detail) {
        stage = Stage::Failed;
        Actions actions;
        actions.emplace_back(Failed{makeError(code, reason, std::move(detail))});
        return actions;
    }
    Actions outOfTurn(std::string_view reason, std::string detail) {
        return fail(ErrorCode::Malformed, reason, std::move(detail));
    }

    void finishIfComplete(Actions& actions) {
        if (stage != Stage::Open) return;
        bool const weAreDone = road == Road::ReadFile || (doneSent && unanswered.empty());
        bool const theyAreDone = road == Road::WriteFile || (doneReceived && toApply == 0);
        if (!weAreDone || !theyAreDone) return;
        stage = Stage::Finished;
        actions.emplace_back(Finished{});
    }

    void sendBatch(Actions& actions, std::vector<TravellingFrame>&& frames) {
        if (frames.empty()) return;
        totals.framesSent += frames.size();
        if (road == Road::Duplex) {
            for (auto const& frame : frames) unanswered.push_back(hashAs<FrameId>(frame.header));
        }
        actions.emplace_back(Send{Batch{std::move(frames)}});
    }

    Actions greeted(Hello hello) {
        if (stage != Stage::Greeting) return outOfTurn("session.second-hello", "a second hello");
        if (hello.version != self.version) {
            return fail(ErrorCode::Unsupported, "session.version", "version " + std::to_string(hello.version));
        }
        // Who is not enrolled yet belongs to no college.
        if (self.school != SchoolId{} && hello.school != self.school) {
            return fail(ErrorCode::Refused, "session.other-college", hello.school.hex());
        }
        peer = std::move(hello);
        stage = Stage::Open;
        Actions actions;
        if (road == Road::Duplex) actions.emplace_back(FetchFrames{peer->tips});
        return actions;
    }

    Actions received(Batch batch) {
        if (doneReceived) return outOfTurn("session.after-done", "frames after the end of frames");
        totals.framesReceived += batch.frames.size();
        toApply += batch.frames.size();
        Actions actions;
        actions.emplace_back(ApplyFrames{std::move(batch.frames)});
        return actions;
    }

    template <class Part>
    Actions receivedPiece(Part part) {
        if (doneReceived) return outOfTurn("session.after-done", "a piece after the end of frames");
        Actions actions;
        actions.emplace_back(ApplyPiece{std::move(part)});
        return actions;
    }

    Actions received(Answers answers) {
        if (road != Road::Duplex) return outOfTurn("session.answers", "answers on a road without answers");
        for (auto& answer : answers.answers) {
            if (unanswered.empty() || unanswered.front() != answer.frame) {
                return outOfTurn("session.answers", "an answer to a frame that is not the next");
            }
            unanswered.pop_front();
            if (!isPlain(answer)) totals.peerAnswers.push_back(std::move(answer));
        }
        Actions actions;
        finishIfComplete(actions);
        return actions;
    }

    Actions received(Done done) {
        if (doneReceived) return outOfTurn("session.after-done", "a second end of frames");
        if (done.frames != totals.framesReceived) {
            return outOfTurn("session.count", std::to_string(totals.framesReceived) + " frames came, " +
                                                  std::to_string(done.frames) + " were sent");
        }
        doneReceived = true;
        Actions actions;
        finishIfComplete(actions);
        return actions;
    }

    [[nodiscard]] bool isOver() const { return stage == Stage::Finished || stage == Stage::Failed; }
};

Session::Session(Road road, Hello self, std::optional<std::vector<trust::FeedTip>> peerTips, Limits limits)
    : m_state(std::make_unique<State>()) {
    m_state->road = road;
    m_state->self = std::move(self);
    if (peerTips) m_state->fileTips = std::move(*peerTips);
    m_state->limits = limits;
}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

std::vector<Action> Session::start() {
    auto& state = *m_state;
    ensure(state.stage == State::Stage::Created, "a session starts once");
    std::vector<Action> actions;
    state.stage = State::Stage::Greeting;
    if (state.road == Road::ReadFile) return actions;
    actions.emplace_back(Send{state.self});
    if (state.road == Road::WriteFile) {
        state.stage = State::Stage::Open;
        actions.emplace_back(FetchFrames{std::move(state.fileTips)});
    }
    return actions;
}

std::vector<Action> Session::onMessage(Message message) {
    auto& state = *m_state;
    ensure(state.stage != State::Stage::Created, "a session is started before it is fed");
    if (state.stage == State::Stage::Failed) return {};
    if (state.stage == State::Stage::Finished) return state.outOfTurn("session.after-end", "a message after the end");
    if (state.road == Road::WriteFile) return state.outOfTurn("session.write-only", "nobody answers a file");
    if (auto* hello = std::get_if<Hello>(&message)) return state.greeted(std::move(*hello));
    if (state.stage != State::Stage::Open) return state.outOfTurn("session.no-hello", "a message before the hello");
    if (auto* batch = std::get_if<Batch>(&message)) return state.received(std::move(*batch));
    if (auto* list = std::get_if<PieceList>(&message)) return state.receivedPiece(std::move(*list));
    if (auto* piece = std::get_if<Piece>(&message)) return state.receivedPiece(std::move(*piece));
    if (auto* answers = std::get_if<Answers>(&message)) return state.received(std::move(*answers));
    return state.received(std::get<Done>(message));
}

std::vector<Action> Session::onFrames(std::vector<TravellingFrame> frames, bool last) {
    auto& state = *m_state;
    if (state.isOver()) return {};  // the peer may break off while frames are being read
    ensure(state.stage == State::Stage::Open && state.road != Road::ReadFile && !state.doneSent,
           "frames were asked for");
    std::vector<Action> actions;
    std::vector<TravellingFrame> batch;
    std::size_t batchBytes = 0;
    for (auto& frame : frames) {
        // No store holds such a payload; without it the other side says that it still wants it.
        if (frame.payload && frame.payload->bytes.size() > state.limits.payloadBytesMax) frame.payload.reset();
        std::size_t const bytes = bytesOf(frame);
        if (!batch.empty() &&
            (batch.size() >= state.limits.batchFramesMax || batchBytes + bytes > state.limits.batchBytesMax)) {
            state.sendBatch(actions, std::exchange(batch, {}));
            batchBytes = 0;
        }
        batchBytes += bytes;
        batch.push_back(std::move(frame));
    }
    state.sendBatch(actions, std::move(batch));
    if (last) {
        state.doneSent = true;
        actions.emplace_back(Send{Done{state.totals.framesSent}});
        state.finishIfComplete(actions);
    }
    return actions;
}

std::vector<Action> Session::onApplied(std::vector<Answer> answers) {
    auto& state = *m_state;
    if (state.isOver()) return {};
    ensure(answers.size() <= state.toApply, "one answer a frame that was handed out");
    state.toApply -= answers.size();
    std::vector<Action> actions;
    for (auto const& answer : answers) {
        if (!isPlain(answer)) state.totals.answers.push_back(answer);
    }
    if (state.road == Road::Duplex) {
        Answers message;
        for (auto& answer : answers) {
            message.answers.push_back(clipped(std::move(answer), state.limits));
            if (message.answers.size() == state.limits.answersMax)
                actions.emplace_back(Send{std::exchange(message, {})});
        }
        if (!message.answers.empty()) actions.emplace_back(Send{std::move(message)});
    }
    state.finishIfComplete(actions);
    return actions;
}

std::vector<Action> Session::onEnd() {
    auto& state = *m_state;
    if (state.isOver()) return {};
    return state.fail(ErrorCode::Environment, "session.cut", "the other side ended early");
}

Totals const& Session::totals() const { return m_state->totals; }
std::optional<Hello> const& Session::peer() const { return m_state->peer; }

}  // namespace spiral::protocol
