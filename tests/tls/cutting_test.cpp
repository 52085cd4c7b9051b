// Connections that end anywhere: a proxy passes so many bytes one way and then cuts. Never a hang, never half a
// message.
#include "harbour.h"

#include <atomic>
#include <thread>

#include <netinet/tcp.h>

using namespace spiral;
using namespace spiral::tls;

namespace {

enum class Direction { ToServer, ToClient };

/// Accepts one connection after the other, in a thread of its own, and passes each on to `target` until it has passed
/// as many bytes in one direction as it was told to.
class CuttingProxy {
public:
    explicit CuttingProxy(std::uint16_t target) : m_target(target) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        REQUIRE(::bind(m_listening, reinterpret_cast<sockaddr*>(&address), size) == 0);
        REQUIRE(::listen(m_listening, 16) == 0);
        REQUIRE(::getsockname(m_listening, reinterpret_cast<sockaddr*>(&address), &size) == 0);
        m_port = ntohs(address.sin_port);
        m_thread = std::thread([this] { work(); });
    }
    ~CuttingProxy() {
        ::shutdown(m_listening, SHUT_RDWR);
        m_thread.join();
        ::close(m_listening);
    }
    CuttingProxy(CuttingProxy const&) = delete;
    CuttingProxy& operator=(CuttingProxy const&) = delete;

    [[nodiscard]] std::uint16_t port() const noexcept { return m_port; }
    /// For the next connection.
    void cutAfter(Direction direction, std::size_t bytes) {
        m_direction = direction;
        m_bytes = bytes;
    }
    /// What has been passed of the connection that ended last.
    [[nodiscard]] std::size_t passed(Direction direction) const { return m_passed[direction == Direction::ToClient]; }

private:
    void work() {
        for (;;) {
            int const client = ::accept4(m_listening, nullptr, nullptr, SOCK_CLOEXEC);
            if (client < 0) return;
            int const server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
            int const yes = 1;
            for (int end : {client, server}) ::setsockopt(end, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
            sockaddr_in address{};
            address.sin_family = AF_INET;
            address.sin_port = htons(m_target);
            address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            if (::connect(server, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) pass(client, server);
            ::close(client);
            ::close(server);
        }
    }

    void pass(int client, int server) {
        int const from[2]{client, server};
        int const to[2]{server, client};
        std::size_t left[2]{SIZE_MAX, SIZE_MAX};
        left[m_direction == Direction::ToClient] = m_bytes;
        m_passed[0] = m_passed[1] = 0;
        while (left[0] > 0 && left[1] > 0) {
            pollfd ready[2]{{client, POLLIN, 0}, {server, POLLIN, 0}};
            ::poll(ready, 2, -1);
            for (int side = 0; side < 2; ++side) {
                if (ready[side].revents == 0) continue;
                std::uint8_t buffer[4096];
                ssize_t const got = ::recv(from[side], buffer, std::min(sizeof buffer, left[side]), 0);
                if (got <= 0) return;
                (void)::send(to[side], buffer, static_cast<std::size_t>(got), MSG_NOSIGNAL);
                left[side] -= static_cast<std::size_t>(got);
                m_passed[side] += static_cast<std::size_t>(got);
            }
        }
    }

    std::uint16_t m_target;
    int m_listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    std::uint16_t m_port = 0;
    std::atomic<Direction> m_direction = Direction::ToServer;
    std::atomic<std::size_t> m_bytes = SIZE_MAX;
    std::atomic<std::size_t> m_passed[2]{0, 0};
    std::thread m_thread;
};

/// A whole conversation through the proxy: connect, two questions with their answers, close. How far it came.
struct Conversation {
    std::string connected;  // the reason, if it failed
    std::size_t answers = 0;
    std::string closed;
};

Conversation converse(Harbour& harbour, std::uint16_t port) {
    Conversation told;
    std::vector<Bytes> const questions{patterned(100), patterned(300)};
    auto connected = harbour.tryConnect(port);
    told.connected = reasonOf(connected);
    if (!connected) return told;
    End client(std::move(*connected));
    for (auto const& question : questions) client.channel->send(question);
    REQUIRE(harbour.until([&] { return client.messages.size() == 2 || client.closed; }));
    told.answers = client.messages.size();
    for (std::size_t i = 0; i < told.answers; ++i) CHECK(client.messages[i] == questions[i]);
    if (!client.closed) client.channel->close();
    told.closed = client.reason();
    return told;
}

}  // namespace

TEST_CASE("a connection cut at any byte ends with an error on both sides, and whole messages alone arrive",
          "[tls][cutting]") {
    Harbour harbour;
    harbour.echoes = true;
    CuttingProxy proxy(harbour.listener->port());
    Direction const direction = GENERATE(Direction::ToServer, Direction::ToClient);

    Conversation const whole = converse(harbour, proxy.port());
    REQUIRE(whole.answers == 2);
    REQUIRE(harbour.until([&] { return harbour.accepted[0]->closed.has_value(); }));
    harbour.turnFor(50ms);
    std::size_t const length = proxy.passed(direction);
    REQUIRE(length > 500);
    harbour.accepted.clear();

    std::size_t unconnected = 0, unanswered = 0, cutLater = 0;
    for (std::size_t cut = 1; cut < length; ++cut) {
        CAPTURE(cut, length);
        proxy.cutAfter(direction, cut);
        Conversation const told = converse(harbour, proxy.port());
        if (!told.connected.empty()) {
            CHECK(told.connected == "tls.handshake");
            ++unconnected;
        } else if (told.answers < 2) {
            // Cut is what it is, unless the system tells of the reset first.
            CHECK((told.closed == "tls.cut" || told.closed == "tls.broken"));
            ++unanswered;
        } else {
            ++cutLater;
        }
        // The server is done with it as well.
        REQUIRE(harbour.until([&] {
            auto const counters = harbour.listener->counters();
            return counters.open == 0 && counters.handshaking == 0;
        }));
        for (auto const& end : harbour.accepted) {
            CHECK((end->reason() == "tls.cut" || end->reason() == "tls.broken" || end->reason() == "tls.closed"));
        }
        harbour.accepted.clear();
    }
    CHECK(unconnected > 100);
    CHECK(unanswered > 100);
    CHECK(cutLater < 100);
}
