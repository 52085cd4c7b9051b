// What decodes encodes to the same bytes again, costs no more than its size, and may be said to a session at any time.
#include "base/result.h"
#include "protocol/file_session.h"
#include "protocol/session.h"

#include <algorithm>

using namespace spiral;
using namespace spiral::protocol;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ByteView const input(data, size);
    static_cast<void>(unpack(input));
    auto const message = decode(input);
    if (!message) {
        ensure(!message.error().reason.empty(), "a refusal has a reason");
        return 0;
    }
    // Of a message that may be passed over only its kind is known.
    if (!std::holds_alternative<Unknown>(*message)) {
        Bytes const again = encode(*message);
        ensure(std::equal(again.begin(), again.end(), input.begin(), input.end()), "a message has one form");
        for (auto const form : {Form::Long, Form::Short}) {
            auto const back = unpack(pack(*message, form));
            ensure(back && *back == *message, "what was packed unpacks to the same");
        }
    }

    for (auto const road : {FileSession::Road::ReadFile, FileSession::Road::WriteFile}) {
        for (bool const greeted : {false, true}) {
            FileSession session(road, Hello{});
            static_cast<void>(session.start());
            if (greeted) static_cast<void>(session.onMessage(Hello{}));
            for (int twice = 0; twice < 2; ++twice) {
                for (auto const& action : session.onMessage(*message)) {
                    auto const* apply = std::get_if<ApplyFrames>(&action);
                    if (apply == nullptr) continue;
                    static_cast<void>(session.onApplied(std::vector<trust::Answer>(apply->frames.size())));
                }
            }
            static_cast<void>(session.onEnd());
        }
    }
    for (auto const role : {Session::Role::Caller, Session::Role::Answerer}) {
        for (bool const open : {false, true}) {
            Session session({.role = role, .stays = true, .greeting = {}, .epoch = {}, .position = 0, .before = {}});
            std::vector<Action> actions = session.start();
            auto const answer = [&](std::vector<Action> const& asked) {
                // An empty store that takes everything.
                std::vector<Action> later;
                auto const add = [&](std::vector<Action> more) {
                    for (auto& action : more) later.push_back(std::move(action));
                };
                for (auto const& action : asked) {
                    if (std::holds_alternative<Authenticate>(action)) add(session.onAuthenticated({}));
                    if (std::holds_alternative<FetchSince>(action) || std::holds_alternative<FetchBeyond>(action)) {
                        add(session.onFrames({}, 0, true, {}));
                    }
                    if (std::holds_alternative<DescribeState>(action)) add(session.onState({}));
                    if (std::holds_alternative<ListTips>(action)) add(session.onTips({}));
                    if (auto const* apply = std::get_if<ApplyFrames>(&action)) {
                        add(session.onApplied(std::vector<trust::Answer>(apply->frames.size())));
                    }
                }
                return later;
            };
            auto const run = [&](std::vector<Action> asked) {
                for (int rounds = 0; !asked.empty(); ++rounds) {
                    ensure(rounds < 100, "one message is done with in bounded work");
                    asked = answer(asked);
                }
            };
            run(std::move(actions));
            if (open) run(session.onMessage(Greeting{}));
            for (int twice = 0; twice < 2; ++twice) run(session.onMessage(*message));
            run(session.onNews());
            run(session.onEnd());
        }
    }
    return 0;
}
