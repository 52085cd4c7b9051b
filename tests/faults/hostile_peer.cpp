// An enrolled device whose program means harm: it proves its key to a server and then does one thing as fast as it can,
// on some connections at once, calling again when it is thrown out.
//
//   hostile_peer REPLICA PASSPHRASE-FILE PORT KIND SECONDS
//       asks       says all the time what it holds
//       tips       100,000 tips of feeds that do not exist, in one message after the other
//       everything empty tips: "send all you have", 200 times, reads nothing and calls anew
//       small      messages of three bytes, of a kind that newer programs may have
//       bomb       a frame of 1 MiB of zeros, packed into some hundred bytes
//       garbage    messages of random bytes
//       frames     batches of frames that are none
//       early      512 KiB messages before it says who it is
//       mute       proves its key and says nothing more
//   Ends with one line: how many connections were made and messages sent.
#include "base/files.h"
#include "protocol/messages.h"
#include "replica/replica.h"
#include "tls/connect.h"
#include "tls/loop.h"
#include "trust/keys.h"

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <list>

using namespace spiral;

namespace {

constexpr std::size_t kConnections = 4;
constexpr std::size_t kQueueBytes = 4 * 1024 * 1024;
constexpr std::size_t kUnreadMax = 200;   // asks for everything of one connection

struct Self {
    replica::World world{systemWallClock(), systemMonotonicClock(), systemRandom(), systemFiles()};
    std::unique_ptr<replica::Replica> replica;
    std::optional<trust::SecretKey> key;
    trust::PublicKey server;
    std::uint64_t sent = 0, calls = 0;

    Self(Path const& folder, char const* passphraseFile) {
        auto opened = replica::Replica::open(folder, world, replica::Access::Read);
        if (!opened) throw std::runtime_error(opened.error().reason);
        replica = std::move(*opened);
        std::string passphrase;
        std::getline(std::ifstream(passphraseFile) >> std::ws, passphrase);
        auto const wrapped = world.files.read(folder / "keys" / "device.key", 65536);
        if (!wrapped) throw std::runtime_error(wrapped.error().reason);
        auto unwrapped = trust::SecretKey::unwrap(*wrapped, passphrase);
        if (!unwrapped) throw std::runtime_error(unwrapped.error().reason);
        key.emplace(std::move(*unwrapped));
        server = replica->registry().server()->key;
    }
    Bytes random(std::size_t count) {
        Bytes bytes(count);
        for (std::size_t at = 0; at < count; at += 16) {
            auto const some = world.random.token<Epoch>();
            std::copy_n(some.view().begin(), std::min<std::size_t>(16, count - at), bytes.begin() + static_cast<std::ptrdiff_t>(at));
        }
        return bytes;
    }
    protocol::Message greeting(tls::Channel& channel) {
        auto const& registry = replica->registry();
        protocol::Greeting greeting;
        greeting.school = registry.school();
        greeting.device = replica->device();
        auto const proof = key->sign(trust::nameSpaceFor("session", registry.domain()),
                                     protocol::proofText(channel.exporter(), registry.school(), replica->device(), trust::deviceIdOf(server)));
        if (!proof) throw std::runtime_error(proof.error().reason);
        greeting.proof = *proof;
        return greeting;
    }
};

/// What one kind says again and again; made once, so that the server has more to do than we.
Bytes said(Self& self, std::string_view kind) {
    if (kind == "asks") return protocol::pack(protocol::Holding{});
    if (kind == "everything") return protocol::pack(protocol::Tips{});
    if (kind == "small") return protocol::pack(protocol::Unknown{200});
    if (kind == "bomb") return protocol::pack(protocol::Batch{{{Bytes(1), {}, trust::Payload{{}, Bytes(1024 * 1024 - 128)}}}});
    if (kind == "garbage") return self.random(1024 * 1024);
    if (kind == "early") return self.random(512 * 1024 - 1);
    if (kind == "tips") {
        protocol::Tips tips;
        for (std::size_t i = 0; i < 20'000; ++i) {
            tips.tips.push_back({Scope::college(), self.world.random.token<DeviceId>(), self.world.random.token<FrameId>(), i});
        }
        std::sort(tips.tips.begin(), tips.tips.end());
        return protocol::pack(tips);
    }
    protocol::Batch batch;
    for (std::size_t i = 0; i < 400; ++i) batch.frames.push_back({self.random(300), {}, std::nullopt});
    return protocol::pack(batch);
}

struct Call {
    std::unique_ptr<tls::Channel> channel;
    bool calling = false, over = false;
    std::size_t said = 0;
    std::chrono::steady_clock::time_point began{};
};

}  // namespace

int main(int count, char** words) try {
    if (count != 6) return 3;
    Self self(words[1], words[2]);
    auto const port = static_cast<std::uint16_t>(std::atoi(words[3]));
    std::string const kind = words[4];
    auto const until = std::chrono::steady_clock::now() + std::chrono::seconds(std::atoi(words[5]));
    Bytes const message = said(self, kind);
    tls::ChannelLimits limits;
    limits.messageBytesMax = 5ULL << 30;
    tls::Loop loop;
    std::list<Call> calls(kConnections);
    while (std::chrono::steady_clock::now() < until) {
        for (auto& call : calls) {
            if (call.over) {
                if (call.channel) call.channel->abort();
                call = {};
            }
            if (!call.channel && !call.calling) {
                call.calling = true;
                tls::connect(loop, "127.0.0.1", port, self.server, self.replica->registry().domain(), limits,
                             [&self, &call, &kind](Result<std::unique_ptr<tls::Channel>> channel) {
                                 call.calling = false;
                                 if (!channel) return;
                                 ++self.calls;
                                 call.began = std::chrono::steady_clock::now();
                                 call.channel = std::move(*channel);
                                 call.channel->handle({[](Bytes const&) {}, {}, [&call](Error const&) { call.over = true; }});
                                 if (kind != "early" && kind != "garbage") call.channel->send(protocol::pack(self.greeting(*call.channel)));
                                 if (kind == "everything") call.channel->pauseReading();
                             });
            }
            for (int i = 0; i < 64 && call.channel && !call.over && kind != "mute" && call.channel->queuedBytes() < kQueueBytes; ++i) {
                if (kind == "everything" && call.said == kUnreadMax) break;
                call.channel->send(message);
                ++call.said;
                ++self.sent;
            }
            // Its end is not noticed by who does not read.
            call.over = call.over || (kind == "everything" && call.said == kUnreadMax &&
                                      std::chrono::steady_clock::now() - call.began > std::chrono::milliseconds{500});
        }
        loop.turn(std::chrono::milliseconds{20});
    }
    std::cout << self.calls << " connections, " << self.sent << " messages\n";
    return 0;
} catch (std::exception const& failure) {
    std::cerr << "hostile_peer: " << failure.what() << '\n';
    return 1;
}
