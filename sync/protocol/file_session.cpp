// The session by file: its writer is open at once and needs no answers; its reader sends nothing. Everything that a file
// can say at the wrong time ends in `Failed`, with a reason; everything that our own side can do wrong stops the program.
//
//   Created ──start──▶ Greeting ──hello read (reader)──▶ Open ──done written, or read and all applied──▶ Finished
//                          └─────────────anything out of turn──────┴────────────▶ Failed
#include "protocol/file_session.h"

#include <utility>

namespace spiral::protocol {

using trust::Answer;
using trust::TravellingFrame;

struct FileSession::State {
    enum class Stage { Created, Greeting, Open, Finished, Failed };

    Road road;
    Hello self;
    std::vector<trust::FeedTip> fileTips;  ///< WriteFile: what the reader is known to hold
    Limits limits;

    Stage stage = Stage::Created;
    std::optional<Hello> peer;
    FileSessionTotals totals;
    bool done = false;          ///< Done was written, or read
    std::uint64_t toApply = 0;  ///< frames handed out with ApplyFrames, not answered by onApplied

    using Actions = std::vector<FileAction>;

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
        if (stage != Stage::Open || !done || toApply != 0) return;
        stage = Stage::Finished;
        actions.emplace_back(Finished{});
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
        return {};
    }

    Actions received(Batch batch) {
        if (done) return outOfTurn("session.after-done", "frames after the end of frames");
        totals.framesReceived += batch.frames.size();
        toApply += batch.frames.size();
        Actions actions;
        actions.emplace_back(ApplyFrames{std::move(batch.frames)});
        return actions;
    }

    template <class Part>
    Actions receivedPiece(Part part) {
        if (done) return outOfTurn("session.after-done", "a piece after the end of frames");
        Actions actions;
        actions.emplace_back(ApplyPiece{std::move(part)});
        return actions;
    }

    Actions received(Done end) {
        if (done) return outOfTurn("session.after-done", "a second end of frames");
        if (end.frames != totals.framesReceived) {
            return outOfTurn("session.count", std::to_string(totals.framesReceived) + " frames came, " +
                                                  std::to_string(end.frames) + " were sent");
        }
        done = true;
        Actions actions;
        finishIfComplete(actions);
        return actions;
    }

    [[nodiscard]] bool isOver() const { return stage == Stage::Finished || stage == Stage::Failed; }
};

FileSession::FileSession(Road road, Hello self, std::optional<std::vector<trust::FeedTip>> peerTips, Limits limits)
    : m_state(std::make_unique<State>()) {
    m_state->road = road;
    m_state->self = std::move(self);
    if (peerTips) m_state->fileTips = std::move(*peerTips);
    m_state->limits = limits;
}
FileSession::~FileSession() = default;
FileSession::FileSession(FileSession&&) noexcept = default;
FileSession& FileSession::operator=(FileSession&&) noexcept = default;

std::vector<FileAction> FileSession::start() {
    auto& state = *m_state;
    ensure(state.stage == State::Stage::Created, "a session starts once");
    std::vector<FileAction> actions;
    state.stage = State::Stage::Greeting;
    if (state.road == Road::ReadFile) return actions;
    state.stage = State::Stage::Open;
    actions.emplace_back(Send{state.self});
    actions.emplace_back(FetchFrames{std::move(state.fileTips)});
    return actions;
}

std::vector<FileAction> FileSession::onMessage(Message message) {
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
    if (auto* end = std::get_if<Done>(&message)) return state.received(*end);
    return state.outOfTurn("session.not-in-a-file", "a message of a network in a file");
}

std::vector<FileAction> FileSession::onFrames(std::vector<TravellingFrame> frames, bool last) {
    auto& state = *m_state;
    if (state.isOver()) return {};
    ensure(state.stage == State::Stage::Open && state.road == Road::WriteFile && !state.done, "frames were asked for");
    std::vector<FileAction> actions;
    state.totals.framesSent += frames.size();
    for (auto& batch : inBatches(std::move(frames), state.limits)) actions.emplace_back(Send{std::move(batch)});
    if (last) {
        state.done = true;
        actions.emplace_back(Send{Done{state.totals.framesSent}});
        state.finishIfComplete(actions);
    }
    return actions;
}

std::vector<FileAction> FileSession::onApplied(std::vector<Answer> answers) {
    auto& state = *m_state;
    if (state.isOver()) return {};
    ensure(answers.size() <= state.toApply, "one answer a frame that was handed out");
    state.toApply -= answers.size();
    std::vector<FileAction> actions;
    for (auto& answer : answers) {
        if (!isPlain(answer)) state.totals.answers.push_back(std::move(answer));
    }
    state.finishIfComplete(actions);
    return actions;
}

std::vector<FileAction> FileSession::onEnd() {
    auto& state = *m_state;
    if (state.isOver()) return {};
    return state.fail(ErrorCode::Environment, "session.cut", "the other side ended early");
}

FileSessionTotals const& FileSession::totals() const { return m_state->totals; }
std::optional<Hello> const& FileSession::peer() const { return m_state->peer; }

}  // namespace spiral::protocol
