// What a side has still to do stands in a plan, a queue of steps; each waits until it can be done, then the next is looked
// at. Messages of the peer and answers of the store move the plan on. Both roles share all of it but the opening.
#include "protocol/session.h"

#include "base/sha256.h"

#include <algorithm>
#include <deque>
#include <unordered_set>
#include <utility>

namespace spiral::protocol {

using trust::Answer;
using trust::TravellingFrame;

namespace {

enum class Step {
    Applied,      ///< wait until all frames received are applied
    Judge,        ///< answerer: where does the caller stand?
    Since,        ///< send what the log holds after the cursor
    Beyond,       ///< send what lies beyond the peer's tips
    OwnTips,      ///< send ours: the peer shall send what lies beyond, and its own
    OwnTipsBack,  ///< answerer: send ours, since the caller sent its own
    Tell,         ///< send our holding: a caller asks with it, an answerer answers
    TellIfSent,   ///< … unasked, if frames went out since the last time
    AskOrCompare, ///< caller, after tips: ask again if frames went out, else compare
    Compare,      ///< caller: send what is left, then compare digests
};

constexpr std::size_t kOverheadBytes = 64;  // of an unanswered frame, so that many small ones count

}  // namespace

struct Session::State {
    using Actions = std::vector<Action>;
    enum class Stage { Created, Greeting, Proving, Open, Finished, Failed };

    Self self;
    SessionLimits limits;
    Stage stage = Stage::Created;
    std::optional<Greeting> peer;
    Totals totals;
    Epoch salt;

    std::deque<Step> plan;
    bool fetching = false, askingState = false, askingTips = false;
    bool fetchIsBeyond = false, beyondGoesOn = false;
    bool waitsForWelcome = false;                ///< caller: the next frame is too large for the first flight
    bool compareDue = false;                     ///< caller: the peer said what it holds
    bool busy = false, finishWanted = false;

    std::optional<std::uint64_t> cursor;         ///< the peer needs nothing of our log till here
    std::vector<trust::FeedTip> peerTips;        ///< for Step::Beyond
    std::optional<Holding> peerHolding;          ///< the last one
    bool framesAfterHolding = false;             ///< frames came after it: another follows, and to compare is too early
    std::optional<StoreState> state;             ///< of our store at the end of the last fetch, till it is used
    bool tipsSent = false;                       ///< since the last agreement
    bool sentSinceTold = false;                  ///< frames went out after our last holding
    std::uint64_t asks = 0;                      ///< without an answer
    std::uint64_t reconcilesFailed = 0, mismatchesToSkip = 0;
    std::optional<std::uint64_t> registryAtTips; ///< when tips were compared last, if that is known

    std::deque<Message> early;                   ///< answerer: said before it was known by whom
    std::uint64_t toApply = 0;
    std::deque<FrameId> applying;                ///< of those, in order
    std::unordered_set<FrameId> received;        ///< frames of the peer that our log will show
    std::deque<std::pair<FrameId, std::size_t>> unanswered;   ///< sent: frame and bytes
    std::size_t unansweredBytes = 0;
    Answers answersKept;                         ///< a leaving caller's, not sent yet
    std::size_t answersKeptBytes = 0, applyingBytes = 0, answersKeptFrames = 0;

    [[nodiscard]] bool isCaller() const { return self.role == Role::Caller; }
    [[nodiscard]] bool isOver() const { return stage == Stage::Finished || stage == Stage::Failed; }
    [[nodiscard]] bool windowIsOpen() const {
        if (stage != Stage::Open) return unanswered.empty() && !waitsForWelcome;
        return unansweredBytes < limits.windowBytesMax && unanswered.size() < limits.windowFramesMax;
    }

    void fail(Actions& actions, ErrorCode code, std::string_view reason, std::string detail, bool tellPeer = true) {
        if (isOver()) return;
        stage = Stage::Failed;
        if (tellPeer) {
            AnswerRun const said = runOf({{}, Answer::What::Refused, std::string(reason), detail}, limits);
            actions.emplace_back(Send{Refusal{said.reason, said.about}});
        }
        actions.emplace_back(Failed{makeError(code, reason, std::move(detail))});
    }
    void outOfTurn(Actions& actions, std::string_view reason, std::string detail) {
        fail(actions, ErrorCode::Malformed, reason, std::move(detail));
    }

    /// A session that stays may last for months, and its peer may send what is refused all the time.
    void note(std::vector<Answer>& answers, Answer const& answer) const {
        if (!self.stays || answers.size() < limits.notedAnswersMax) answers.push_back(answer);
    }

    // --- what we say ---------------------------------------------------------------------------------------------------

    void sendAnswersKept(Actions& actions) {
        if (answersKept.runs.empty()) return;
        answersKeptBytes = answersKeptFrames = 0;
        actions.emplace_back(Send{std::exchange(answersKept, {})});
    }

    void sendFrames(Actions& actions, std::vector<TravellingFrame> frames) {
        if (frames.empty()) return;
        sentSinceTold = true;
        totals.framesSent += frames.size();
        for (auto& batch : inBatches(std::move(frames), limits)) {
            for (auto const& frame : batch.frames) {
                unanswered.emplace_back(hashAs<FrameId>(frame.header), bytesOf(frame) + kOverheadBytes);
                unansweredBytes += unanswered.back().second;
            }
            actions.emplace_back(Send{std::move(batch)});
        }
    }

    void sendHolding(Actions& actions, Holding::Kind kind, StoreState const& ours) {
        Holding holding;
        holding.kind = kind;
        holding.epoch = ours.epoch;
        holding.position = ours.position;
        holding.digest = ours.digest;
        if (isCaller() && self.before) {
            holding.seenEpoch = self.before->peerEpoch;
            holding.seenPosition = self.before->peerPosition;
        }
        sendAnswersKept(actions);
        actions.emplace_back(Send{holding});
        sentSinceTold = false;
        if (kind == Holding::Kind::Ask) {
            ++asks;
            ++totals.roundTrips;
        }
    }

    // --- the plan ------------------------------------------------------------------------------------------------------

    void next() {
        plan.pop_front();
    }

    /// Does what can be done of the plan.
    void advance(Actions& actions) {
        while (!isOver() && !plan.empty() && (stage == Stage::Open || isCaller())) {
            switch (plan.front()) {
                case Step::Applied:
                    if (toApply != 0) return;
                    next();
                    break;
                case Step::Judge:
                    if (!judge(actions)) return;
                    break;
                case Step::Since:
                case Step::Compare:
                    if (fetching || !windowIsOpen()) return;
                    fetching = true;
                    fetchIsBeyond = false;
                    actions.emplace_back(FetchSince{cursor.value_or(0), stage == Stage::Open ? limits.batchBytesMax : limits.firstFlightBytesMax,
                                                    stage != Stage::Open});
                    return;
                case Step::Beyond:
                    if (fetching || !windowIsOpen()) return;
                    fetching = true;
                    fetchIsBeyond = true;
                    if (beyondGoesOn) actions.emplace_back(FetchBeyond{{}, true});
                    else actions.emplace_back(FetchBeyond{std::exchange(peerTips, {}), false});
                    return;
                case Step::OwnTips:
                case Step::OwnTipsBack:
                    if (askingTips) return;
                    askingTips = true;
                    actions.emplace_back(ListTips{});
                    return;
                case Step::Tell:
                case Step::TellIfSent:
                    if (plan.front() == Step::TellIfSent && !sentSinceTold) {
                        state.reset();
                        next();
                        break;
                    }
                    if (!state) {
                        askState(actions);
                        return;
                    }
                    sendHolding(actions, kindOf(plan.front()), *std::exchange(state, std::nullopt));
                    next();
                    break;
                case Step::AskOrCompare:
                    next();
                    if (sentSinceTold) plan.push_front(Step::Tell);
                    else if (asks == 0) plan.push_front(Step::Compare);
                    break;
            }
        }
        if (compareDue && !framesAfterHolding && isCaller() && stage == Stage::Open && plan.empty() && asks == 0) {
            compareDue = false;
            plan = {Step::Applied, Step::Compare};
            return advance(actions);
        }
        finishIfWanted(actions);
    }

    [[nodiscard]] Holding::Kind kindOf(Step step) const {
        if (isCaller()) return Holding::Kind::Ask;
        return step == Step::Tell ? Holding::Kind::Answer : Holding::Kind::Tell;
    }

    void askState(Actions& actions) {
        if (askingState) return;
        askingState = true;
        actions.emplace_back(DescribeState{});
    }

    /// Answerer: the caller said what it holds. True when the step is done.
    bool judge(Actions& actions) {
        Holding const& theirs = *peerHolding;
        bool const hintGood =
            theirs.seenEpoch == self.epoch && theirs.seenEpoch != Epoch{} && theirs.seenPosition <= self.position;
        if (cursor || hintGood) {
            // What the caller has seen bounds what it needs; in a session that goes on we know ourselves.
            if (!cursor) cursor = theirs.seenPosition;
            next();
            plan.push_front(Step::Tell);
            plan.push_front(Step::Since);
            return true;
        }
        if (!state) {
            askState(actions);
            return false;
        }
        cursor = state->position;
        next();
        plan.push_front(Step::Tell);
        if (state->digest != theirs.digest && !tipsSent) plan.push_front(Step::OwnTips);
        return true;
    }

    /// Caller: everything is sent and applied; is it the same on both sides?
    void compare(Actions& actions) {
        StoreState const ours = *std::exchange(state, std::nullopt);
        if (sentSinceTold) {
            sendHolding(actions, Holding::Kind::Ask, ours);
            return;
        }
        if (!peerHolding || framesAfterHolding) return;
        if (ours.digest == peerHolding->digest) {
            tipsSent = false;
            reconcilesFailed = mismatchesToSkip = 0;
            self.before = Agreement{peerHolding->epoch, peerHolding->position, ours.position};
            actions.emplace_back(Agreed{*self.before});
            wantFinish();
            return;
        }
        // A new entry of the registry may let in what was waiting, here or there.
        bool const rightsChanged = registryAtTips.value_or(ours.registry) != ours.registry;
        if (rightsChanged || !registryAtTips) registryAtTips = ours.registry;
        if (rightsChanged) {
            tipsSent = false;
            reconcilesFailed = mismatchesToSkip = 0;
        }
        if (!tipsSent && mismatchesToSkip == 0) {
            plan.push_back(Step::OwnTips);
            return;
        }
        bool const allOffered = tipsSent;
        if (tipsSent) {
            // Nothing that travels will make them equal now. With a caller that stays, tips are compared again after
            // 1, 2, 4 … further mismatches.
            mismatchesToSkip = std::min(limits.maxSkippedReconciles, std::uint64_t{1} << std::min<std::uint64_t>(reconcilesFailed, 20));
            ++reconcilesFailed;
            tipsSent = false;
        } else {
            --mismatchesToSkip;
        }
        self.before = Agreement{peerHolding->epoch, peerHolding->position, ours.position};
        actions.emplace_back(Unequal{*self.before, allOffered});
        wantFinish();
    }

    void wantFinish() {
        if (!self.stays) finishWanted = true;
    }
    void finishIfWanted(Actions& actions) {
        if (!finishWanted || busy || isOver() || !plan.empty() || toApply != 0 || asks != 0) return;
        stage = Stage::Finished;
        actions.emplace_back(Finished{});
    }

    // --- what the peer says ------------------------------------------------------------------------------------------------

    void greeted(Actions& actions, Greeting greeting) {
        if (stage != Stage::Greeting) return outOfTurn(actions, "session.second-hello", "a second greeting");
        if (greeting.oldest > self.greeting.version || greeting.version < self.greeting.oldest) {
            return fail(actions, ErrorCode::Unsupported, "session.version",
                        std::to_string(greeting.oldest) + " to " + std::to_string(greeting.version));
        }
        if (greeting.school != self.greeting.school) {
            return fail(actions, ErrorCode::Refused, "session.other-college", greeting.school.hex());
        }
        peer = std::move(greeting);
        if (isCaller()) {
            stage = Stage::Open;
            waitsForWelcome = false;
        } else {
            stage = Stage::Proving;
            actions.emplace_back(Authenticate{*peer});
        }
    }

    void take(Actions& actions, Batch batch) {
        framesAfterHolding = true;
        totals.framesReceived += batch.frames.size();
        toApply += batch.frames.size();
        for (auto const& frame : batch.frames) {
            FrameId const id = hashAs<FrameId>(frame.header);
            applying.push_back(id);
            applyingBytes += bytesOf(frame);
            // A header alone is not all there is: when the rest comes from elsewhere, the peer should have it.
            if (frame.payload) received.insert(id);
        }
        actions.emplace_back(ApplyFrames{std::move(batch.frames)});
    }

    void take(Actions& actions, Answers answers) {
        for (auto& run : answers.runs) {
            if (run.count > unanswered.size()) {
                return outOfTurn(actions, "session.answers", "more answers than frames");
            }
            for (std::uint32_t i = 0; i < run.count; ++i) {
                auto const [frame, bytes] = unanswered.front();
                unanswered.pop_front();
                unansweredBytes -= bytes;
                Answer answer{frame, run.what, run.reason, run.about};
                if (!isPlain(answer)) note(totals.peerAnswers, answer);
            }
        }
    }

    void take(Actions& actions, Holding holding) {
        if (isCaller() == (holding.kind == Holding::Kind::Ask)) {
            return outOfTurn(actions, "session.holding", "a holding of the wrong side");
        }
        peerHolding = holding;
        framesAfterHolding = false;
        if (isCaller()) {
            salt = holding.epoch;
            if (holding.kind == Holding::Kind::Answer) {
                if (asks == 0) return outOfTurn(actions, "session.holding", "an answer to nothing");
                --asks;
            }
            compareDue = true;
            return;
        }
        plan.push_back(Step::Applied);
        plan.push_back(Step::Judge);
    }

    void take(Actions&, Tips tips) {
        peerTips = std::move(tips.tips);
        beyondGoesOn = false;
        plan.push_back(Step::Applied);
        plan.push_back(Step::Beyond);
        if (isCaller()) {
            // Our own tips ask for an answer themselves.
            plan.push_back(tipsSent ? Step::AskOrCompare : Step::OwnTips);
        } else {
            // After our own tips these are the caller's answer, else the other way round.
            if (!std::exchange(tipsSent, false)) plan.push_back(Step::OwnTipsBack);
            plan.push_back(Step::Tell);
        }
    }

    void take(Actions& actions, Message message) {
        if (auto* batch = std::get_if<Batch>(&message)) take(actions, std::move(*batch));
        else if (auto* answers = std::get_if<Answers>(&message)) take(actions, std::move(*answers));
        else if (auto* holding = std::get_if<Holding>(&message)) take(actions, *holding);
        else if (auto* tips = std::get_if<Tips>(&message)) take(actions, std::move(*tips));
        else if (auto* list = std::get_if<PieceList>(&message)) actions.emplace_back(ApplyPiece{std::move(*list)});
        else if (auto* piece = std::get_if<Piece>(&message)) actions.emplace_back(ApplyPiece{std::move(*piece)});
        else if (std::holds_alternative<Unknown>(message)) return;
        else if (std::holds_alternative<Hello>(message) || std::holds_alternative<Done>(message))
            outOfTurn(actions, "session.of-a-file", "a message of a file");
        else actions.emplace_back(Deliver{std::move(message)});
    }
};

Session::Session(Self self, SessionLimits limits) : m_state(std::make_unique<State>()) {
    m_state->self = std::move(self);
    m_state->limits = limits;
    if (m_state->isCaller()) {
        if (m_state->self.before) m_state->salt = m_state->self.before->peerEpoch;
    } else {
        m_state->salt = m_state->self.epoch;
    }
}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

std::vector<Action> Session::start() {
    auto& state = *m_state;
    ensure(state.stage == State::Stage::Created, "a session starts once");
    state.stage = State::Stage::Greeting;
    std::vector<Action> actions;
    if (!state.isCaller()) return actions;
    actions.emplace_back(Send{state.self.greeting});
    if (state.self.before) {
        state.cursor = state.self.before->ownPosition;
        state.plan = {Step::Since, Step::Tell};
    } else {
        state.plan = {Step::OwnTips};
    }
    state.advance(actions);
    return actions;
}

std::vector<Action> Session::onMessage(Message message) {
    auto& state = *m_state;
    ensure(state.stage != State::Stage::Created, "a session is started before it is fed");
    std::vector<Action> actions;
    if (state.isOver()) return actions;
    if (auto* refusal = std::get_if<Refusal>(&message)) {
        // What the other side's machine lacks may be there the next time; everything else is about us.
        bool const passes = refusal->reason.starts_with("server.");
        state.fail(actions, passes ? ErrorCode::Environment : ErrorCode::Refused,
                   refusal->reason.empty() ? "session.refused" : refusal->reason, std::move(refusal->about), false);
        return actions;
    }
    if (auto* greeting = std::get_if<Greeting>(&message)) {
        state.greeted(actions, std::move(*greeting));
    } else if (state.stage == State::Stage::Greeting) {
        state.outOfTurn(actions, "session.no-hello", "a message before the greeting");
    } else if (state.stage == State::Stage::Proving) {
        if (state.early.size() >= state.limits.strangerMessagesMax) {
            state.outOfTurn(actions, "session.too-early", "too many messages before an answer");
        } else {
            state.early.push_back(std::move(message));
        }
    } else {
        state.take(actions, std::move(message));
        if (state.plan.size() > state.limits.stepsMax) {
            state.outOfTurn(actions, "session.flood", "asked for more than is being done");
        }
    }
    state.advance(actions);
    return actions;
}

std::vector<Action> Session::onAuthenticated(Result<void> const& outcome) {
    auto& state = *m_state;
    std::vector<Action> actions;
    if (state.isOver()) return actions;
    ensure(state.stage == State::Stage::Proving, "it was asked who calls");
    if (!outcome) {
        state.fail(actions, outcome.error().code, outcome.error().reason, outcome.error().detail);
        return actions;
    }
    state.stage = State::Stage::Open;
    actions.emplace_back(Send{state.self.greeting});
    while (!state.early.empty() && !state.isOver()) {
        state.take(actions, std::move(state.early.front()));
        state.early.pop_front();
    }
    state.advance(actions);
    return actions;
}

std::vector<Action> Session::onFrames(std::vector<TravellingFrame> frames, std::uint64_t position, bool last,
                                      StoreState const& ours) {
    auto& state = *m_state;
    std::vector<Action> actions;
    ensure(state.fetching, "frames were asked for");
    state.fetching = false;
    if (state.isOver()) return actions;
    bool const none = frames.empty();
    state.sendFrames(actions, std::move(frames));
    if (state.fetchIsBeyond) {
        state.beyondGoesOn = !last;
        // The cursor may stand further already: news went out meanwhile.
        if (last) {
            state.cursor = std::max(state.cursor.value_or(0), position);
            state.state.reset();
        }
    } else {
        state.waitsForWelcome = none && !last && state.stage != State::Stage::Open;
        state.cursor = position;
    }
    if (last) {
        state.self.position = std::max(state.self.position, ours.position);
        ensure(!state.plan.empty(), "a fetch belongs to a step");
        Step const step = state.plan.front();
        state.next();
        // The state of this moment fits what was sent only if the log was read till its end.
        if (!state.fetchIsBeyond) state.state = ours;
        if (step == Step::Compare) state.compare(actions);
    }
    state.advance(actions);
    return actions;
}

std::vector<Action> Session::onState(StoreState const& ours) {
    auto& state = *m_state;
    std::vector<Action> actions;
    ensure(state.askingState, "the state was asked for");
    state.askingState = false;
    if (state.isOver()) return actions;
    state.state = ours;
    state.self.position = std::max(state.self.position, ours.position);
    state.advance(actions);
    return actions;
}

std::vector<Action> Session::onTips(std::vector<trust::FeedTip> tips) {
    auto& state = *m_state;
    std::vector<Action> actions;
    ensure(state.askingTips, "tips were asked for");
    state.askingTips = false;
    if (state.isOver()) return actions;
    bool const back = state.plan.front() == Step::OwnTipsBack;
    state.next();
    state.sendAnswersKept(actions);
    actions.emplace_back(Send{Tips{tipsThatFit(std::move(tips), state.limits)}});
    if (!back) state.tipsSent = true;
    if (state.isCaller()) {
        state.sentSinceTold = false;
        ++state.asks;
        ++state.totals.roundTrips;
    }
    state.advance(actions);
    return actions;
}

std::vector<Action> Session::onApplied(std::vector<Answer> answers) {
    auto& state = *m_state;
    std::vector<Action> actions;
    ensure(answers.size() <= state.toApply, "one answer a frame that was handed out");
    state.toApply -= answers.size();
    for (auto& answer : answers) {
        FrameId const id = state.applying.front();
        state.applying.pop_front();
        if (!isPlain(answer)) {
            state.received.erase(id);
            state.note(state.totals.answers, answer);
        } else if (answer.what == Answer::What::Known) {
            state.received.erase(id);   // no line of the log comes of it
        }
        AnswerRun run = runOf(std::move(answer), state.limits);
        auto& runs = state.answersKept.runs;
        if (!runs.empty() && runs.back().what == run.what && runs.back().reason == run.reason &&
            runs.back().about == run.about) {
            ++runs.back().count;
        } else {
            if (runs.size() == state.limits.answersMax) state.sendAnswersKept(actions);
            runs.push_back(std::move(run));
        }
        ++state.answersKeptFrames;
    }
    if (state.toApply == 0) {
        state.answersKeptBytes += state.applyingBytes;
        state.applyingBytes = 0;
    }
    if (state.isOver()) return {};
    bool const leaves = state.isCaller() && !state.self.stays;
    if (!leaves || state.applyingBytes + state.answersKeptBytes >= state.limits.notAnsweredBytesMax ||
        state.answersKeptFrames >= state.limits.notAnsweredFramesMax) {
        state.sendAnswersKept(actions);
    }
    state.advance(actions);
    return actions;
}

std::vector<Action> Session::onNews() {
    auto& state = *m_state;
    std::vector<Action> actions;
    bool const canTell = state.stage == State::Stage::Open && state.cursor && !state.finishWanted;
    if (!canTell || std::find(state.plan.begin(), state.plan.end(), Step::Since) != state.plan.end()) return actions;
    // A fetch under way may have passed the news already, or not: look again after it.
    state.plan.push_back(Step::Since);
    state.plan.push_back(Step::TellIfSent);
    state.advance(actions);
    return actions;
}

std::vector<Action> Session::onSilence() {
    auto& state = *m_state;
    std::vector<Action> actions;
    bool const answerIsDue = state.asks != 0 || !state.plan.empty() || state.fetching;
    if (state.stage != State::Stage::Open || !state.isCaller() || state.finishWanted || answerIsDue) return actions;
    state.plan.push_back(Step::Tell);
    state.advance(actions);
    return actions;
}

void Session::setBusy(bool busy) { m_state->busy = busy; }

std::vector<Action> Session::onIdle() {
    std::vector<Action> actions;
    m_state->finishIfWanted(actions);
    return actions;
}

std::vector<Action> Session::onEnd() {
    auto& state = *m_state;
    std::vector<Action> actions;
    if (state.isOver()) return actions;
    bool const quiet = state.stage == State::Stage::Open && state.plan.empty() && state.asks == 0 && state.toApply == 0;
    if (quiet && !state.isCaller()) {
        state.stage = State::Stage::Finished;
        actions.emplace_back(Finished{});
    } else {
        state.fail(actions, ErrorCode::Environment, "session.cut", "the other side ended early", false);
    }
    return actions;
}

bool Session::skips(FrameId const& frame) { return m_state->received.erase(frame) != 0; }
bool Session::gave(FrameId const& frame) const { return m_state->received.contains(frame); }

Session::Totals const& Session::totals() const { return m_state->totals; }
std::optional<Greeting> const& Session::peer() const { return m_state->peer; }
std::uint32_t Session::version() const {
    auto const& state = *m_state;
    return state.peer ? std::min(state.peer->version, state.self.greeting.version) : 0;
}
Epoch const& Session::salt() const { return m_state->salt; }
bool Session::isOpen() const { return m_state->stage == State::Stage::Open; }
bool Session::isOver() const { return m_state->isOver(); }

}  // namespace spiral::protocol
