// A server and its clients on one loop in one thread, over real sockets on 127.0.0.1.
#pragma once

#include "base/random.h"
#include "helpers.h"
#include "tls/channel.h"
#include "tls/connect.h"
#include "tls/identity.h"
#include "tls/listener.h"
#include "tls/loop.h"
#include "trust/keys.h"

#include <catch2/catch.hpp>

#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace spiral::tls {

using namespace std::chrono_literals;

inline constexpr char const* kDomain = "qa.example.edu.cn";
inline constexpr char const* kHost = "127.0.0.1";
// Far beyond what any step needs, on a loaded machine and under a sanitizer.
inline constexpr std::chrono::milliseconds kPatience{60'000};

/// One end of a connection, and what has happened to it.
struct End {
    std::unique_ptr<Channel> channel;
    std::vector<Bytes> messages;
    std::optional<Error> closed;
    int drained = 0;

    explicit End(std::unique_ptr<Channel> made, bool echoes = false) : channel(std::move(made)) {
        channel->handle({[this, echoes](Bytes message) {
                             if (echoes) {
                                 channel->send(std::move(message));
                             } else {
                                 messages.push_back(std::move(message));
                             }
                         },
                         [this] { ++drained; }, [this](Error error) { closed = std::move(error); }});
    }
    [[nodiscard]] std::string reason() const { return closed ? closed->reason : ""; }
};

inline Bytes patterned(std::size_t size, std::uint64_t seed = 1) {
    Bytes bytes(size);
    SeededRandom(seed).fill(bytes);
    return bytes;
}

/// Milliseconds instead of minutes, for tests of what happens when they are over.
inline ChannelLimits hasty() {
    ChannelLimits limits;
    limits.handshakeTime = 600ms;
    limits.firstMessageTime = 600ms;
    limits.progressTime = 300ms;
    limits.bytesPerSecondMin = 1'000;
    limits.stallTime = 600ms;
    limits.closeTime = 600ms;
    return limits;
}

class Harbour {
public:
    Loop loop;
    trust::SecretKey device = trust::SecretKey::generate(systemRandom());
    ChannelLimits clientLimits;
    bool echoes = false;
    bool trusts = true;
    std::vector<std::unique_ptr<End>> accepted;
    std::unique_ptr<Listener> listener;

    explicit Harbour(ChannelLimits const& limits = {}, ListenerLimits const& listenerLimits = {}) {
        auto const identity = Identity::make(device, kDomain);
        REQUIRE(identity);
        auto opened =
            Listener::open(loop, *identity, kHost, 0, listenerLimits, limits, [this](std::unique_ptr<Channel> channel) {
                if (trusts) channel->trusted();
                accepted.push_back(std::make_unique<End>(std::move(channel), echoes));
            });
        REQUIRE(opened);
        listener = std::move(*opened);
    }

    /// Turns the loop until `holds`; false if it never does.
    template <class Condition>
    bool until(Condition holds, std::chrono::milliseconds patience = kPatience) {
        auto const end = std::chrono::steady_clock::now() + patience;
        while (!holds()) {
            if (std::chrono::steady_clock::now() > end) return false;
            loop.turn(20ms);
        }
        return true;
    }
    void turnFor(std::chrono::milliseconds time) {
        auto const end = std::chrono::steady_clock::now() + time;
        while (std::chrono::steady_clock::now() < end) loop.turn(5ms);
    }

    Result<std::unique_ptr<Channel>> tryConnect(trust::PublicKey const& server, std::string const& domain,
                                                std::uint16_t port) {
        std::optional<Result<std::unique_ptr<Channel>>> got;
        connect(loop, kHost, port, server, domain, clientLimits,
                [&got](Result<std::unique_ptr<Channel>> result) { got = std::move(result); });
        REQUIRE(until([&] { return got.has_value(); }));
        return std::move(*got);
    }
    Result<std::unique_ptr<Channel>> tryConnect(std::uint16_t port) {
        return tryConnect(device.publicKey(), kDomain, port);
    }
    std::unique_ptr<End> client(std::uint16_t port = 0) {
        auto result = tryConnect(port == 0 ? listener->port() : port);
        REQUIRE(reasonOf(result).empty());
        return std::make_unique<End>(std::move(*result));
    }
    /// A client and the server's end of its connection.
    std::pair<std::unique_ptr<End>, End*> pair() {
        std::size_t const before = accepted.size();
        auto made = client();
        REQUIRE(until([&] { return accepted.size() > before; }));
        return {std::move(made), accepted.back().get()};
    }
    /// Does this client get back what it says?
    bool answers(End& end) {
        Bytes const question = patterned(1'000);
        std::size_t const before = end.messages.size();
        end.channel->send(question);
        return until([&] { return end.messages.size() > before || end.closed; }) && !end.closed &&
               end.messages.back() == question;
    }
};

/// A TCP connection without any TLS.
class RawSocket {
public:
    explicit RawSocket(std::uint16_t port) : m_descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        REQUIRE(::connect(m_descriptor, reinterpret_cast<sockaddr const*>(&address), sizeof address) == 0);
    }
    ~RawSocket() { ::close(m_descriptor); }
    RawSocket(RawSocket const&) = delete;
    RawSocket& operator=(RawSocket const&) = delete;
    void send(ByteView bytes) { (void)::send(m_descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL); }
    /// True once the other side has closed or reset it.
    [[nodiscard]] bool ended() {
        for (;;) {
            std::uint8_t buffer[4096];
            ssize_t const got = ::recv(m_descriptor, buffer, sizeof buffer, MSG_DONTWAIT);
            if (got > 0) continue;
            return got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
        }
    }
    [[nodiscard]] int descriptor() const noexcept { return m_descriptor; }

private:
    int m_descriptor;
};

/// The resident memory of this process, in bytes.
inline std::size_t residentBytes() {
    std::ifstream statm("/proc/self/statm");
    std::size_t all = 0, resident = 0;
    statm >> all >> resident;
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace spiral::tls
