// What decodes encodes to the same bytes again, costs no more than its size, and may be said to a session at any time.
#include "base/result.h"
#include "protocol/session.h"

#include <algorithm>

using namespace spiral;
using namespace spiral::protocol;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ByteView const input(data, size);
    auto const message = decode(input);
    if (!message) {
        ensure(!message.error().reason.empty(), "a refusal has a reason");
        return 0;
    }
    Bytes const again = encode(*message);
    ensure(std::equal(again.begin(), again.end(), input.begin(), input.end()), "a message has one form");

    for (auto const road : {Session::Road::Duplex, Session::Road::ReadFile, Session::Road::WriteFile}) {
        for (bool const greeted : {false, true}) {
            Session session(road, Hello{});
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
    return 0;
}
