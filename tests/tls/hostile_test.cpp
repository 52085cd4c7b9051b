// What strangers do to a listener: each ends by its own limit, while others go on.
#include "harbour.h"

#include <openssl/ssl.h>

#include <array>
#include <csignal>

#include <sys/resource.h>

using namespace spiral;
using namespace spiral::tls;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t kRoom = 1'000'000'000;   // a sanitizer keeps what was freed
#else
constexpr std::size_t kRoom = 64'000'000;
#endif

/// A TLS ClientHello as it leaves a client of ours.
Bytes clientHello(Harbour& harbour) {
    int const catcher = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(catcher, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(catcher, 1) == 0);
    REQUIRE(::getsockname(catcher, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    bool over = false;
    connect(harbour.loop, kHost, ntohs(address.sin_port), harbour.device.publicKey(), kDomain, {},
            [&](Result<std::unique_ptr<Channel>> result) {
                over = true;
                CHECK(reasonOf(result) == "tls.handshake");
            });
    Bytes hello(4096);
    int caught = -1;
    ssize_t got = -1;
    REQUIRE(harbour.until([&] {
        if (caught < 0) caught = ::accept4(catcher, nullptr, nullptr, SOCK_CLOEXEC);
        if (caught >= 0) got = ::recv(caught, hello.data(), hello.size(), MSG_DONTWAIT);
        return got > 0;
    }));
    ::close(caught);
    ::close(catcher);
    REQUIRE(harbour.until([&] { return over; }));
    hello.resize(static_cast<std::size_t>(got));
    return hello;
}

/// A client of ours that does not keep to the framing: its bytes are inside TLS as they are given.
class RudeClient {
public:
    explicit RudeClient(Harbour& harbour) : m_socket(harbour.listener->port()) {
        SSL_CTX_set_verify(m_context, SSL_VERIFY_NONE, nullptr);
        auto const names = asBytes("\x08spiral/1");
        SSL_set_alpn_protos(m_ssl, names.data(), static_cast<unsigned>(names.size()));
        SSL_set_fd(m_ssl, m_socket.descriptor());
        timeval const patience{0, 5'000};
        ::setsockopt(m_socket.descriptor(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        std::size_t const before = harbour.accepted.size();
        REQUIRE(harbour.until([&] { return SSL_connect(m_ssl) == 1; }));
        REQUIRE(harbour.until([&] { return harbour.accepted.size() > before; }));
        m_end = harbour.accepted.back().get();
    }
    ~RudeClient() {
        SSL_free(m_ssl);
        SSL_CTX_free(m_context);
    }
    RudeClient(RudeClient const&) = delete;
    RudeClient& operator=(RudeClient const&) = delete;
    void say(ByteView bytes) { SSL_write(m_ssl, bytes.data(), static_cast<int>(bytes.size())); }
    void goodbye() { SSL_shutdown(m_ssl); }
    void updateKeys() {
        SSL_key_update(m_ssl, SSL_KEY_UPDATE_REQUESTED);
        SSL_do_handshake(m_ssl);
    }
    [[nodiscard]] End& end() { return *m_end; }
    [[nodiscard]] RawSocket& socket() { return m_socket; }

private:
    RawSocket m_socket;
    SSL_CTX* m_context = SSL_CTX_new(TLS_client_method());
    SSL* m_ssl = SSL_new(m_context);
    End* m_end = nullptr;
};

/// A harbour with an honest client in it.
struct Watched {
    Harbour harbour;
    std::unique_ptr<End> honest;
    explicit Watched(ChannelLimits const& limits, ListenerLimits const& listenerLimits = {})
        : harbour(limits, listenerLimits) {
        harbour.echoes = true;
        honest = harbour.client();
        CHECK(harbour.answers(*honest));
    }
    ~Watched() { CHECK(harbour.answers(*honest)); }
    Watched(Watched const&) = delete;
    Watched& operator=(Watched const&) = delete;
    /// The honest client goes on talking until `holds`.
    template <class Condition>
    bool whileTalking(Condition holds) {
        auto const end = std::chrono::steady_clock::now() + kPatience;
        while (!holds() && std::chrono::steady_clock::now() < end) {
            if (!harbour.answers(*honest)) return false;
            harbour.loop.turn(5ms);
        }
        return holds();
    }
    [[nodiscard]] ListenerCounters counters() const { return harbour.listener->counters(); }
};

Bytes lengthOf(std::uint32_t size) {
    Bytes bytes(4);
    for (unsigned i = 0; i < 4; ++i) bytes[i] = static_cast<std::uint8_t>(size >> (8 * i));
    return bytes;
}

}  // namespace

TEST_CASE("garbage instead of TLS is refused", "[tls][hostile]") {
    Watched watched(hasty());
    for (std::string const& text : {std::string("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), std::string(100'000, '\0'),
                                    std::string(100'000, '\x16'), std::string("SSH-2.0-OpenSSH_9.2\r\n")}) {
        auto const before = watched.counters().handshakesFailed;
        RawSocket stranger(watched.harbour.listener->port());
        stranger.send(asBytes(text));
        CHECK(watched.whileTalking([&] { return watched.counters().handshakesFailed > before && stranger.ended(); }));
    }
}

TEST_CASE("a handshake that goes on for too long ends, however it dawdles", "[tls][hostile]") {
    Watched watched(hasty());
    Bytes const hello = clientHello(watched.harbour);
    RawSocket silent(watched.harbour.listener->port());
    RawSocket half(watched.harbour.listener->port());
    half.send(ByteView(hello).first(hello.size() / 2));
    RawSocket waits(watched.harbour.listener->port());
    waits.send(hello);
    RawSocket slow(watched.harbour.listener->port());
    std::size_t said = 0;
    auto const start = std::chrono::steady_clock::now();
    CHECK(watched.whileTalking([&] {
        if (said < hello.size()) slow.send(ByteView(hello).subspan(said++, 1));
        return silent.ended() && half.ended() && waits.ended() && slow.ended();
    }));
    CHECK(std::chrono::steady_clock::now() - start >= 500ms);
    CHECK(watched.counters().handshakesFailed == 4);
    CHECK(watched.counters().handshaking == 0);
}

TEST_CASE("a stranger who says nothing, or a byte at a time, is shown out", "[tls][hostile]") {
    Watched watched(hasty());
    watched.harbour.trusts = false;
    SECTION("nothing") {
        RudeClient rude(watched.harbour);
        CHECK(watched.whileTalking([&] { return rude.end().closed.has_value(); }));
        CHECK(rude.end().reason() == "tls.first-message");
    }
    SECTION("one byte at a time, of a message that would be allowed") {
        RudeClient rude(watched.harbour);
        rude.say(lengthOf(100'000));
        CHECK(watched.whileTalking([&] {
            if (!rude.end().closed) rude.say(Bytes{1});
            return rude.end().closed.has_value();
        }));
        CHECK((rude.end().reason() == "tls.too-slow" || rude.end().reason() == "tls.first-message"));
    }
}

TEST_CASE("a message that hardly grows ends the channel, also of somebody known", "[tls][hostile]") {
    Watched watched(hasty());
    RudeClient rude(watched.harbour);
    Bytes const begun = GENERATE(Bytes{1}, Bytes{232, 3, 0, 0});
    rude.say(begun);
    auto const start = std::chrono::steady_clock::now();
    CHECK(watched.whileTalking([&] { return rude.end().closed.has_value(); }));
    CHECK(rude.end().reason() == "tls.too-slow");
    CHECK(std::chrono::steady_clock::now() - start >= 250ms);
}

TEST_CASE("a slow message that keeps its rate arrives, and a paused reader blames nobody", "[tls][hostile]") {
    Watched watched(hasty());
    watched.harbour.echoes = false;
    RudeClient rude(watched.harbour);
    rude.say(lengthOf(2'000));
    for (int i = 0; i < 20; ++i) {
        rude.say(patterned(100));
        watched.harbour.turnFor(30ms);
    }
    CHECK(rude.end().messages.size() == 1);
    rude.say(lengthOf(2'000));
    watched.harbour.turnFor(50ms);
    rude.end().channel->pauseReading();
    watched.harbour.turnFor(800ms);
    CHECK_FALSE(rude.end().closed);
    rude.say(patterned(2'000));
    rude.end().channel->resumeReading();
    CHECK(watched.harbour.until([&] { return rude.end().messages.size() == 2; }));
}

TEST_CASE("a length beyond the limit is refused before memory is taken", "[tls][hostile]") {
    ChannelLimits limits = hasty();
    limits.messageBytesMax = 2'000'000;
    limits.strangerMessageBytesMax = 1'000;
    Watched watched(limits);
    std::size_t const before = residentBytes();
    bool const known = GENERATE(true, false);
    std::uint32_t const length = known ? GENERATE(0xFFFFFFFFU, 0x80000000U, 2'000'001U) : GENERATE(0xFFFFFFFFU, 1'001U);
    watched.harbour.trusts = known;
    RudeClient rude(watched.harbour);
    rude.say(lengthOf(length));
    CHECK(watched.whileTalking([&] { return rude.end().closed.has_value(); }));
    CHECK(rude.end().reason() == "tls.message-too-large");
    CHECK(rude.end().closed->code == ErrorCode::TooLarge);
    CHECK(residentBytes() < before + kRoom);
}

TEST_CASE("an allowed length takes no memory before its bytes come", "[tls][hostile]") {
    ChannelLimits limits;
    limits.messageBytesMax = 1'000'000'000;
    Watched watched(limits);
    std::vector<std::unique_ptr<RudeClient>> rude;
    std::size_t const before = residentBytes();
    for (int i = 0; i < 10; ++i) {
        rude.push_back(std::make_unique<RudeClient>(watched.harbour));
        rude.back()->say(lengthOf(1'000'000'000));
        rude.back()->say(patterned(10'000));
    }
    CHECK(watched.whileTalking([&] {
        for (auto const& one : rude) {
            if (one->end().channel->bytesReceived() < 10'004) return false;
        }
        return true;
    }));
    CHECK(residentBytes() < before + kRoom);
}

TEST_CASE("connections beyond the limits are refused, and a place that becomes free is given again", "[tls][hostile]") {
    ListenerLimits limits;
    limits.connectionsMax = 5;
    SECTION("in all") { limits.connectionsMax = 3; }
    SECTION("of one address") { limits.connectionsPerAddressMax = 3; }
    Watched watched(ChannelLimits{}, limits);
    std::vector<std::unique_ptr<End>> inside;
    for (int i = 0; i < 2; ++i) inside.push_back(watched.harbour.client());
    for (int i = 0; i < 20; ++i) {
        CHECK(reasonOf(watched.harbour.tryConnect(watched.harbour.listener->port())) == "tls.handshake");
    }
    CHECK(watched.counters().refusedByConnections + watched.counters().refusedByAddress == 20);
    CHECK(watched.counters().open == 3);
    inside.pop_back();
    REQUIRE(watched.harbour.until([&] { return watched.counters().open == 2; }));
    CHECK(watched.harbour.client());
}

TEST_CASE("a flood of half-open handshakes leaves those inside undisturbed, and ends", "[tls][hostile]") {
    ListenerLimits limits;
    limits.handshakesMax = 50;
    SECTION("by all") {}
    SECTION("by one address") { limits.handshakesPerAddressMax = 30; }
    Watched watched(hasty(), limits);
    std::size_t const before = residentBytes();
    std::vector<std::unique_ptr<RawSocket>> flood;
    std::size_t most = 0;
    for (int i = 0; i < 500; ++i) {
        flood.push_back(std::make_unique<RawSocket>(watched.harbour.listener->port()));
        if (i % 20 == 0) CHECK(watched.harbour.answers(*watched.honest));
        most = std::max(most, watched.counters().handshaking);
    }
    CHECK(watched.whileTalking([&] {
        most = std::max(most, watched.counters().handshaking);
        return std::all_of(flood.begin(), flood.end(), [](auto const& one) { return one->ended(); });
    }));
    CHECK(most <= std::min(limits.handshakesMax, limits.handshakesPerAddressMax));
    CHECK(watched.counters().refusedByHandshakes + watched.counters().refusedByAddress > 0);
    CHECK(residentBytes() < before + kRoom);
    CHECK(watched.harbour.client());
}

TEST_CASE("bytes that are not TLS, and a goodbye within a message, are told apart", "[tls][hostile]") {
    Watched watched(ChannelLimits{});
    RudeClient rude(watched.harbour);
    std::string expected;
    SECTION("not TLS") {
        rude.socket().send(patterned(1'000));
        expected = "tls.protocol";
    }
    SECTION("within a length") {
        rude.say(Bytes{5});
        rude.goodbye();
        expected = "tls.cut";
    }
    SECTION("within a message") {
        rude.say(lengthOf(5));
        rude.say(patterned(4));
        rude.goodbye();
        expected = "tls.cut";
    }
    SECTION("between messages") {
        rude.say(lengthOf(0));
        rude.goodbye();
        expected = "tls.closed";
    }
    CHECK(watched.whileTalking([&] { return rude.end().closed.has_value(); }));
    CHECK(rude.end().reason() == expected);
}

TEST_CASE("asking for new keys without end does not stop the others", "[tls][hostile]") {
    Watched watched(ChannelLimits{});
    RudeClient rude(watched.harbour);
    for (int i = 0; i < 300; ++i) {
        rude.updateKeys();
        if (i % 10 == 0) CHECK(watched.harbour.answers(*watched.honest));
    }
    CHECK_FALSE(rude.end().closed);
}

TEST_CASE("who takes nothing of what is sent to him loses his place", "[tls][hostile]") {
    Watched watched(hasty());
    RudeClient rude(watched.harbour);  // never reads
    for (int i = 0; i < 100 && !rude.end().closed; ++i) {
        if (rude.end().channel->queuedBytes() < 1'000'000) rude.end().channel->send(patterned(1'000'000));
        watched.harbour.turnFor(5ms);
    }
    CHECK(watched.whileTalking([&] { return rude.end().closed.has_value(); }));
    CHECK(rude.end().reason() == "tls.stalled");
}

TEST_CASE("writing to who has gone is an error and not a signal", "[tls][hostile]") {
    auto const before = std::signal(SIGPIPE, SIG_DFL);
    {
        Watched watched(ChannelLimits{});
        auto gone = std::make_unique<RudeClient>(watched.harbour);
        End& end = gone->end();
        end.channel->pauseReading();
        linger const reset{1, 0};
        ::setsockopt(gone->socket().descriptor(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        gone.reset();
        for (int i = 0; i < 10; ++i) {
            end.channel->send(patterned(100'000));
            watched.harbour.turnFor(10ms);
        }
        CHECK(watched.whileTalking([&] { return end.closed.has_value(); }));
        CHECK(end.reason() == "tls.broken");
    }
    std::signal(SIGPIPE, before);
}

TEST_CASE("without descriptors the listener waits instead of spinning, and recovers", "[tls][hostile]") {
    Watched watched(ChannelLimits{});
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    RawSocket outside(watched.harbour.listener->port());
    // The next number that would be given out is beyond the limit.
    int const next = ::dup(0);
    ::close(next);
    rlimit const tight{static_cast<rlim_t>(next), before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &tight) == 0);
    std::clock_t const start = std::clock();
    watched.harbour.turnFor(1s);
    double const spent = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    bool const answers = watched.harbour.answers(*watched.honest);
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK(answers);
    CHECK(watched.counters().acceptsFailed >= 1);
    CHECK(watched.counters().acceptsFailed <= 10);
    CHECK(spent < 0.5);
    CHECK(watched.harbour.until([&] { return watched.counters().handshaking == 1; }));
    CHECK(watched.harbour.client());
}

TEST_CASE("a client says how it failed to reach anybody", "[tls][hostile]") {
    Harbour harbour;
    harbour.clientLimits.handshakeTime = 400ms;
    auto const reason = [&](std::string const& host, std::uint16_t port) {
        std::optional<std::string> got;
        connect(harbour.loop, host, port, harbour.device.publicKey(), kDomain, harbour.clientLimits,
                [&](Result<std::unique_ptr<Channel>> result) { got = reasonOf(result); });
        CHECK_FALSE(got);
        REQUIRE(harbour.until([&] { return got.has_value(); }));
        return *got;
    };
    // Somebody who accepts and says nothing.
    int const silent = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(silent, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::getsockname(silent, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    CHECK(reason(kHost, ntohs(address.sin_port)) == "tls.refused");  // bound, but nobody listens
    REQUIRE(::listen(silent, 1) == 0);
    CHECK(reason(kHost, ntohs(address.sin_port)) == "tls.timeout");
    ::close(silent);
    CHECK(reason("localhost", harbour.listener->port()).empty());
    CHECK(reason("255.255.255.255", 1) == "tls.unreachable");
    harbour.clientLimits.handshakeTime = 20s;
    CHECK(reason("no-such-name.invalid", 1) == "tls.resolve");
}
