// The loop: order, timers, threads.
#include "harbour.h"

#include <thread>

using namespace spiral;
using namespace spiral::tls;

TEST_CASE("what other threads post is done in order on the loop's thread, until stop", "[tls]") {
    Loop loop;
    std::vector<int> done;
    std::thread::id where;
    std::thread runner([&] { loop.run(); });
    for (int i = 0; i < 1'000; ++i) {
        loop.post([&, i] {
            done.push_back(i);
            where = std::this_thread::get_id();
        });
    }
    std::thread::id const expected = runner.get_id();
    loop.post([&] { loop.stop(); });
    runner.join();
    REQUIRE(done.size() == 1'000);
    CHECK(std::is_sorted(done.begin(), done.end()));
    CHECK(where == expected);
    loop.post([&] { done.clear(); });
    loop.run();  // returns: it has been stopped
    CHECK(done.size() == 1'000);
}

TEST_CASE("timers come in the order of their times, and not when they are gone", "[tls]") {
    Loop loop;
    std::vector<int> done;
    auto const late = loop.after(60ms, [&] { done.push_back(3); });
    auto const early = loop.after(20ms, [&] { done.push_back(1); });
    auto overwritten = loop.after(30ms, [&] { done.push_back(-1); });
    overwritten = loop.after(40ms, [&] { done.push_back(2); });
    {
        auto const destroyed = loop.after(10ms, [&] { done.push_back(-2); });
    }
    auto cancelled = loop.after(10ms, [&] { done.push_back(-3); });
    cancelled.cancel();
    auto const end = loop.after(100ms, [&] { loop.stop(); });
    loop.run();
    CHECK(done == std::vector{1, 2, 3});
}

TEST_CASE("a timer that has run out and waits for its turn can still be cancelled, and may destroy itself", "[tls]") {
    Loop loop;
    bool second = false;
    Loop::Timer b;
    auto const a = loop.after(10ms, [&] { b.cancel(); });
    b = loop.after(11ms, [&] { second = true; });
    std::this_thread::sleep_for(50ms);  // both have run out
    std::string const witness(100, 'w');
    Loop::Timer self;
    self = loop.after(20ms, [&, witness] {
        self = Loop::Timer();
        CHECK(witness.size() == 100);
        loop.stop();
    });
    loop.run();
    CHECK_FALSE(second);
}

TEST_CASE("a server on a thread of its own serves clients on another", "[tls]") {
    auto device = trust::SecretKey::generate(systemRandom());
    auto const identity = Identity::make(device, kDomain);
    REQUIRE(identity);
    Loop serverLoop;
    std::vector<std::unique_ptr<End>> ends;
    auto opened = Listener::open(serverLoop, *identity, kHost, 0, {}, {}, [&](std::unique_ptr<Channel> channel) {
        ends.push_back(std::make_unique<End>(std::move(channel), true));
    });
    REQUIRE(opened);
    std::uint16_t const port = (*opened)->port();
    std::thread server([&] { serverLoop.run(); });
    {
        Harbour clients;
        for (int i = 0; i < 5; ++i) {
            auto connected = clients.tryConnect(device.publicKey(), kDomain, port);
            REQUIRE(connected);
            End end(std::move(*connected));
            CHECK(clients.answers(end));
        }
    }
    serverLoop.stop();
    server.join();
}

TEST_CASE("a loop may go while connections, handshakes and timers are under way", "[tls]") {
    auto device = trust::SecretKey::generate(systemRandom());
    auto const identity = Identity::make(device, kDomain);
    REQUIRE(identity);
    Loop loop;
    auto opened = Listener::open(loop, *identity, kHost, 0, {}, {}, [](std::unique_ptr<Channel> channel) {
        channel->send({1, 2, 3});
        channel->close();  // goes on in the background
    });
    REQUIRE(opened);
    int const turns = GENERATE(0, 1, 2, 5, 10, 20);
    for (int i = 0; i < 3; ++i) {
        connect(loop, kHost, (*opened)->port(), device.publicKey(), kDomain, {},
                [](Result<std::unique_ptr<Channel>>) {});
        connect(loop, "localhost", (*opened)->port(), device.publicKey(), kDomain, {},
                [](Result<std::unique_ptr<Channel>>) {});
    }
    for (int i = 0; i < turns; ++i) loop.turn(5ms);
    opened->reset();
}
