// Who calls: the proof over the connection's secret, and those who have none.
#include "net_college.h"

#include "base/sha256.h"

#include <algorithm>

namespace spiral::netsim {

/// In place of a signature: what only who holds the key of this device can make of the text.
trust::Signature World::proofBy(int key, ByteView secret, DeviceId const& caller, DeviceId const& answerer) {
    SchoolId school;
    school.raw[0] = 9;
    Bytes text = protocol::proofText(secret, school, caller, answerer);
    text.push_back(static_cast<std::uint8_t>(key));
    trust::Signature proof;
    auto const hash = sha256(text);
    std::copy(hash.raw.begin(), hash.raw.end(), proof.raw.begin());
    return proof;
}

Result<void> World::authenticate(Node const& node, ByteView secret, protocol::Greeting const& greeting) {
    int const device = numberOf(greeting.device);
    auto const d = static_cast<std::size_t>(device);
    if (!node.store.rights().enrolled[d]) return makeError(ErrorCode::Refused, "session.unknown-device");
    if (greeting.proof != proofBy(device, secret, greeting.device, deviceOf(node.store.device())))
        return makeError(ErrorCode::Refused, "session.proof");
    // Only who holds the key learns that it is revoked.
    if (node.store.rights().revoked[d]) return makeError(ErrorCode::Refused, "session.revoked");
    return {};
}

void World::impostor() {
    auto const answerer = static_cast<int>(below(m_nodes.size()));
    auto& node = at(answerer);
    if (!node.answers || !node.up) return;
    Session session(selfOf(node, Session::Role::Answerer), node.limits);
    Bytes secret(32, 2);
    for (std::size_t i = 0; i < 4; ++i) secret[i] = static_cast<std::uint8_t>(m_impostors >> (8 * i));
    ++m_impostors;

    protocol::Greeting greeting = selfOf(node, Session::Role::Caller).greeting;
    greeting.version = greeting.oldest = 1;
    std::string expected = "session.proof";
    int const victim = static_cast<int>(below(m_nodes.size()));
    greeting.device = deviceOf(at(victim).store.device());
    switch (below(4)) {
        case 0:
            greeting.device = deviceOf(kDevicesMax - 1);  // nobody was ever enrolled with it
            greeting.proof = proofBy(kDevicesMax - 1, secret, greeting.device, deviceOf(node.store.device()));
            met("impostor: stranger");
            break;
        case 1:
            greeting.proof = proofBy(kDevicesMax - 1, secret, greeting.device, deviceOf(node.store.device()));
            met("impostor: another key");
            break;
        case 2:
            greeting.proof.reset();
            met("impostor: no proof");
            break;
        default:
            if (!m_overheard) return;
            greeting = *m_overheard;
            greeting.version = greeting.oldest = 1;
            met("impostor: replayed");
    }
    if (!node.store.rights().enrolled[static_cast<std::size_t>(numberOf(greeting.device))])
        expected = "session.unknown-device";

    std::optional<protocol::Greeting> asked;
    std::vector<std::string> told;
    auto const watch = [&](std::vector<Action> actions) {
        for (auto& action : actions) {
            if (auto const* send = std::get_if<protocol::Send>(&action)) {
                auto const* refusal = std::get_if<protocol::Refusal>(&send->message);
                require(refusal != nullptr, "an impostor was told more than that she may not be here");
                told.push_back(refusal->reason);
            } else if (auto const* ask = std::get_if<protocol::Authenticate>(&action)) {
                require(!asked, "a second proof was looked at");
                asked = ask->greeting;
            } else {
                require(std::holds_alternative<protocol::Failed>(action), "an impostor made a store work");
            }
        }
    };
    watch(session.start());
    if (oneIn(4)) {
        watch(session.onMessage(protocol::Tips{}));
        require(session.isOver() && told == std::vector<std::string>{"session.no-hello"}, "spoken to before a greeting");
        return;
    }
    watch(session.onMessage(greeting));
    bool const compatible = node.oldest <= greeting.version;
    require(compatible == asked.has_value(), "a version is spoken that is not spoken here");
    if (!asked) return;
    // All that one may say comes before anybody has looked at the proof.
    for (auto left = below(oneIn(8) ? 80 : 6); left > 0; --left) {
        switch (below(6)) {
            case 0: {
                protocol::Batch batch;
                batch.frames.push_back(m_frames.at(static_cast<Number>(below(static_cast<std::uint64_t>(m_frames.count())))).frame);
                watch(session.onMessage(std::move(batch)));
                break;
            }
            case 1: watch(session.onMessage(protocol::Tips{})); break;
            case 2: watch(session.onMessage(protocol::Holding{})); break;
            case 3: watch(session.onMessage(protocol::Propose{Bytes(4)})); break;
            case 4: watch(session.onMessage(protocol::WantPieces{})); break;
            default: watch(session.onMessage(protocol::Unknown{}));
        }
    }
    if (!session.isOver()) watch(session.onAuthenticated(authenticate(node, secret, *asked)));
    else expected = "session.too-early";
    require(session.isOver() && told == std::vector<std::string>{expected}, "an impostor was let in, or told why by another word");
}

}  // namespace spiral::netsim
