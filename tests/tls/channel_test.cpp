// What a connection carries, and how it ends.
#include "harbour.h"

#include <set>

using namespace spiral;
using namespace spiral::tls;

TEST_CASE("messages of every size come back as they were", "[tls]") {
    Harbour harbour;
    harbour.echoes = true;
    auto const client = harbour.client();
    std::vector<Bytes> sent;
    std::uint64_t bytes = 0;
    for (std::size_t const size : {0, 1, 3, 4, 5, 1'000, 16'379, 16'380, 16'381, 16'384, 16'385, 32'768, 100'000, 0, 0,
                                   2 * 1024 * 1024 + 64 * 1024}) {
        sent.push_back(patterned(size, size));
        bytes += 4 + size;
        client->channel->send(sent.back());
    }
    CHECK(client->channel->queuedBytes() == bytes);
    REQUIRE(harbour.until([&] { return client->messages.size() == sent.size() || client->closed; }));
    CHECK(client->messages == sent);
    CHECK(client->channel->queuedBytes() == 0);
    CHECK(client->channel->bytesSent() == bytes);
    CHECK(client->channel->bytesReceived() == bytes);
    CHECK(harbour.accepted[0]->channel->bytesReceived() == bytes);
    CHECK(client->channel->peerAddress() == kHost);
    CHECK(harbour.accepted[0]->channel->peerAddress() == kHost);
}

TEST_CASE("both ends derive the same 32 bytes, other ones for each connection", "[tls]") {
    Harbour harbour;
    std::set<std::array<std::uint8_t, 32>> seen;
    for (int i = 0; i < 5; ++i) {
        auto const [client, server] = harbour.pair();
        CHECK(client->channel->exporter() == server->channel->exporter());
        CHECK(seen.insert(client->channel->exporter()).second);
        CHECK(client->channel->exporter() != std::array<std::uint8_t, 32>{});
    }
}

TEST_CASE("a reader that pauses stops the sender's queue, and nothing is lost", "[tls]") {
    Harbour harbour;
    auto const [client, server] = harbour.pair();
    server->channel->pauseReading();
    // More than the system's own buffers take.
    std::size_t const size = 256 * 1024;
    std::vector<Bytes> sent;
    auto const sendMore = [&, &client = client] {
        while (sent.size() < 128 && client->channel->queuedBytes() < 2 * size) {
            sent.push_back(patterned(size, sent.size()));
            client->channel->send(sent.back());
        }
    };
    for (std::uint64_t before = 1; before != client->channel->bytesSent();) {
        before = client->channel->bytesSent();
        sendMore();
        harbour.turnFor(300ms);
    }
    CHECK(sent.size() < 128);
    CHECK(client->channel->queuedBytes() > 0);
    CHECK(server->messages.empty());
    int const drained = client->drained;

    server->channel->resumeReading();
    REQUIRE(harbour.until([&, server = server] {
        sendMore();
        return server->messages.size() == 128;
    }));
    CHECK(server->messages == sent);
    CHECK(client->drained > drained);
    CHECK_FALSE(client->closed);
}

TEST_CASE("messages that came together are still given one by one to who pauses after each", "[tls]") {
    Harbour harbour;
    harbour.echoes = true;
    auto connected = harbour.tryConnect(harbour.listener->port());
    REQUIRE(connected);
    std::unique_ptr<Channel> const channel = std::move(*connected);
    std::vector<Bytes> got;
    channel->handle({[&](Bytes message) {
                         got.push_back(std::move(message));
                         channel->pauseReading();
                     },
                     {},
                     [](Error) {}});
    for (std::uint8_t i = 0; i < 5; ++i) channel->send({i});
    for (std::size_t i = 1; i <= 5; ++i) {
        REQUIRE(harbour.until([&] { return got.size() == i; }));
        harbour.turnFor(50ms);
        REQUIRE(got.size() == i);
        CHECK(got.back() == Bytes{static_cast<std::uint8_t>(i - 1)});
        channel->resumeReading();
    }
}

TEST_CASE("close delivers what was queued, though the channel is destroyed at once", "[tls]") {
    Harbour harbour;
    auto [client, server] = harbour.pair();
    std::vector<Bytes> sent;
    for (std::size_t i = 0; i < 20; ++i) {
        sent.push_back(patterned(200'000, i));
        client->channel->send(sent.back());
    }
    // What the other side says meanwhile is not waited for, and disturbs nothing.
    for (int i = 0; i < 10; ++i) server->channel->send(patterned(200'000));
    client->channel->close();
    client.reset();
    REQUIRE(harbour.until([&, server = server] { return server->closed.has_value(); }));
    CHECK(server->messages == sent);
    CHECK(server->reason() == "tls.closed");
    CHECK(harbour.until([&] { return harbour.listener->counters().open == 0; }));
}

TEST_CASE("close gives up when the other side does not read", "[tls]") {
    Harbour harbour;
    harbour.clientLimits.closeTime = 300ms;
    harbour.clientLimits.queueBytesMax = 64 * 1024 * 1024;
    auto [client, server] = harbour.pair();
    server->channel->pauseReading();
    for (int i = 0; i < 20; ++i) client->channel->send(patterned(2'000'000));
    client->channel->close();
    harbour.turnFor(600ms);
    server->channel->resumeReading();
    REQUIRE(harbour.until([&, server = server] { return server->closed.has_value(); }));
    CHECK(server->reason() == "tls.cut");
    CHECK(server->messages.size() < 20);
}

TEST_CASE("destroying a channel ends the connection at once, and is told as a cut", "[tls]") {
    Harbour harbour;
    auto [client, server] = harbour.pair();
    client.reset();
    REQUIRE(harbour.until([&, server = server] { return server->closed.has_value(); }));
    CHECK(server->reason() == "tls.cut");
    CHECK(server->closed->code == ErrorCode::Environment);
}

TEST_CASE("a callback may destroy its channel, or close it, and is not called again", "[tls]") {
    Harbour harbour;
    harbour.echoes = true;
    enum class Way { Destroy, Close, Abort };
    auto const way = GENERATE(Way::Destroy, Way::Close, Way::Abort);
    auto connected = harbour.tryConnect(harbour.listener->port());
    REQUIRE(connected);
    std::unique_ptr<Channel> channel = std::move(*connected);
    int messages = 0, ends = 0;
    // A capture that is read after the channel has gone shows, under AddressSanitizer, that the callback still lives.
    std::string const witness(100, 'w');
    channel->handle({[&, witness](Bytes) {
                         ++messages;
                         if (way == Way::Destroy) channel.reset();
                         if (way == Way::Close) channel->close();
                         if (way == Way::Abort) channel->abort();
                         CHECK(witness == std::string(100, 'w'));
                     },
                     {},
                     [&](Error) { ++ends; }});
    for (int i = 0; i < 3; ++i) channel->send({1, 2, 3});
    REQUIRE(harbour.until([&] { return harbour.accepted.size() == 1 && harbour.accepted[0]->closed; }));
    CHECK(messages == 1);
    CHECK(ends == 0);
}

TEST_CASE("onDrained and onClosed may destroy the channel", "[tls]") {
    Harbour harbour;
    auto connected = harbour.tryConnect(harbour.listener->port());
    REQUIRE(connected);
    std::unique_ptr<Channel> channel = std::move(*connected);
    bool drained = false;
    SECTION("onDrained") {
        channel->handle({[](Bytes) {},
                         [&] {
                             channel.reset();
                             drained = true;
                         },
                         [](Error) {}});
        channel->send(patterned(1'000'000));
        REQUIRE(harbour.until([&] { return drained; }));
        REQUIRE(harbour.until([&] { return harbour.accepted.size() == 1 && harbour.accepted[0]->closed; }));
    }
    SECTION("onClosed") {
        channel->handle({[](Bytes) {}, {}, [&](Error) { channel.reset(); }});
        REQUIRE(harbour.until([&] { return harbour.accepted.size() == 1; }));
        harbour.accepted[0]->channel->close();
        REQUIRE(harbour.until([&] { return !channel; }));
    }
}

TEST_CASE("a queue that is too full ends the channel instead of leaving something out", "[tls]") {
    Harbour harbour;
    harbour.clientLimits.queueBytesMax = 100'000;
    auto const [client, server] = harbour.pair();
    // One message fits always.
    client->channel->send(patterned(200'000));
    REQUIRE(harbour.until([&, server = server] { return server->messages.size() == 1; }));
    client->channel->send(patterned(60'000));
    client->channel->send(patterned(60'000));
    CHECK_FALSE(client->closed);  // never inside send()
    REQUIRE(harbour.until([&, &client = client] { return client->closed.has_value(); }));
    CHECK(client->reason() == "tls.queue-full");
    CHECK(client->closed->code == ErrorCode::TooLarge);
}

TEST_CASE("a message beyond the limit is not sent", "[tls]") {
    Harbour harbour;
    harbour.clientLimits.messageBytesMax = 1'000;
    auto const [client, server] = harbour.pair();
    client->channel->send(patterned(1'000));
    REQUIRE(harbour.until([&, server = server] { return server->messages.size() == 1; }));
    client->channel->send(patterned(1'001));
    REQUIRE(harbour.until([&, server = server] { return server->closed.has_value(); }));
    CHECK(client->reason() == "tls.message-too-large");
    CHECK(server->messages.size() == 1);
}

TEST_CASE("silence ends a channel only if its owner asks for it", "[tls]") {
    Harbour harbour;
    auto const [quiet, quietServer] = harbour.pair();
    auto const [busy, busyServer] = harbour.pair();
    quietServer->channel->setIdleTime(300ms);
    busyServer->channel->setIdleTime(300ms);
    REQUIRE(harbour.until([&, &busy = busy, server = quietServer] {
        busy->channel->send({1});
        harbour.loop.turn(20ms);
        return server->closed.has_value();
    }));
    CHECK(quietServer->reason() == "tls.idle");
    CHECK_FALSE(busyServer->closed);
    busyServer->channel->setIdleTime(0ms);
    harbour.turnFor(700ms);
    CHECK_FALSE(busyServer->closed);
}

TEST_CASE("the counters say how many are open", "[tls]") {
    Harbour harbour;
    {
        auto const [a, aServer] = harbour.pair();
        auto const [b, bServer] = harbour.pair();
        CHECK(harbour.listener->counters().open == 2);
        CHECK(harbour.listener->counters().accepted == 2);
        CHECK(harbour.listener->counters().handshaking == 0);
        bServer->channel->abort();
        CHECK(harbour.listener->counters().open == 1);
    }
    CHECK(harbour.until([&] { return harbour.listener->counters().open == 0; }));
    CHECK(harbour.listener->counters().accepted == 2);
}

TEST_CASE("channels outlive their listener, and a listener may be destroyed by what it calls", "[tls]") {
    Harbour harbour;
    harbour.echoes = true;
    auto const client = harbour.client();
    REQUIRE(harbour.answers(*client));
    std::uint16_t const port = harbour.listener->port();
    harbour.listener.reset();
    CHECK(harbour.answers(*client));
    CHECK(reasonOf(harbour.tryConnect(port)) == "tls.refused");

    auto const identity = Identity::make(harbour.device, kDomain);
    REQUIRE(identity);
    std::unique_ptr<Listener> once;
    std::unique_ptr<End> end;
    auto opened = Listener::open(harbour.loop, *identity, kHost, 0, {}, {}, [&](std::unique_ptr<Channel> channel) {
        once.reset();
        end = std::make_unique<End>(std::move(channel), true);
    });
    REQUIRE(opened);
    once = std::move(*opened);
    auto const other = harbour.client(once->port());
    CHECK(harbour.answers(*other));
}

TEST_CASE("a listener says why it cannot listen", "[tls]") {
    Harbour harbour;
    auto const identity = Identity::make(harbour.device, kDomain);
    REQUIRE(identity);
    auto const open = [&](std::string const& host, std::uint16_t port) {
        return reasonOf(Listener::open(harbour.loop, *identity, host, port, {}, {}, [](std::unique_ptr<Channel>) {}));
    };
    CHECK(open(kHost, harbour.listener->port()) == "tls.listen");
    CHECK(open("localhost", 0) == "tls.address");
    CHECK(open("", 0) == "tls.address");
    CHECK(open("192.0.2.1", 0) == "tls.listen");
}
