// A server that listens on loopback, in the process of the test, and machines that call it or watch it over TLS.
#pragma once

#include "scene.h"

#include "server/sync_server.h"
#include "transport/network.h"
#include "transport/watch.h"

#include <catch2/catch.hpp>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

namespace spiral::server {

/// A signer that somebody else owns.
struct Borrowed final : trust::Signer {
    explicit Borrowed(trust::Signer& lender) : signer(lender) {}
    trust::PublicKey const& publicKey() const noexcept override { return signer.publicKey(); }
    Result<trust::Signature> sign(std::string_view nameSpace, ByteView message) override {
        return signer.sign(nameSpace, message);
    }
    trust::Signer& signer;
};

/// The server at work on a machine's folder, which is closed meanwhile.
class Running {
public:
    explicit Running(
        Machine& machine, SyncSettings settings = {}, SyncServer::Log log = [](Event const&) {}) {
        machine.close();
        auto opened =
            replica::Replica::open(machine.folder(), machine.world(), replica::Access::Write, {}, machine.guardFile());
        REQUIRE(opened);
        settings.host = "127.0.0.1";
        settings.port = 0;
        auto started = SyncServer::serve(std::move(*opened), std::make_unique<Borrowed>(machine.secret()), settings,
                                         std::move(log));
        INFO((started ? "" : started.error().reason + " " + started.error().detail));
        REQUIRE(started);
        m_server = std::move(*started);
    }
    SyncServer* operator->() { return m_server.get(); }

private:
    std::unique_ptr<SyncServer> m_server;
};

struct Site : Scene {
    std::unique_ptr<Running> running;

    explicit Site(SyncServer::Log log = [](Event const&) {}) {
        running = std::make_unique<Running>(server, SyncSettings{}, std::move(log));
    }
    void start() { running = std::make_unique<Running>(server); }
    Result<transport::NetworkTotals> call(Machine& machine, std::optional<trust::PublicKey> key = {}) {
        return transport::syncOnce(*machine, machine.secret(), {"127.0.0.1", (*running)->port()},
                                   key.value_or(server.secret().publicKey()));
    }
};

/// `spiral sync --watch` on a machine whose folder is closed meanwhile, with what it tells.
class Watched {
public:
    using Event = transport::WatchEvent;

    Watched(Machine& machine, trust::PublicKey const& server, std::uint16_t port,
            transport::WatchTimes const& times = {}) {
        machine.close();
        ::setenv("XDG_STATE_HOME", machine.folder().parent_path().c_str(), 1);
        replica::World world = machine.world();
        m_thread = std::thread([this, &machine, world, server, port, times] {
            replica::World const real{world.wall, systemMonotonicClock(), world.random, world.files};
            auto const ended = transport::watch(
                machine.folder(), real, machine.secret(), {"127.0.0.1", port}, server, times,
                [this] { return m_stop.load(); }, [this](Event const& event) { note(event); });
            std::lock_guard const lock(m_mutex);
            m_ended = ended ? "stopped" : ended.error().reason;
            m_news.notify_all();
        });
    }
    ~Watched() { stop(); }
    Watched(Watched const&) = delete;
    Watched& operator=(Watched const&) = delete;
    void stop() {
        m_stop = true;
        if (m_thread.joinable()) m_thread.join();
    }
    /// The next event of this kind; what came before it is passed over.
    Event awaits(Event::What what) {
        std::unique_lock lock(m_mutex);
        auto const until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (true) {
            while (!m_events.empty()) {
                Event event = std::move(m_events.front());
                m_events.pop_front();
                if (event.what == what) return event;
            }
            INFO("the watch ended: " << m_ended);
            REQUIRE(m_ended.empty());
            REQUIRE(m_news.wait_until(lock, until) == std::cv_status::no_timeout);
        }
    }
    /// True if none of this kind was told and not passed over yet.
    bool toldNone(Event::What what) {
        std::lock_guard const lock(m_mutex);
        return std::none_of(m_events.begin(), m_events.end(), [&](Event const& event) { return event.what == what; });
    }

private:
    void note(Event const& event) {
        std::lock_guard const lock(m_mutex);
        m_events.push_back(event);
        m_news.notify_all();
    }
    std::atomic<bool> m_stop = false;
    std::mutex m_mutex;
    std::condition_variable m_news;
    std::deque<Event> m_events;
    std::string m_ended;
    std::thread m_thread;
};

}  // namespace spiral::server
