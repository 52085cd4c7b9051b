// Two threads. The loop's does TLS, unpacks what arrives and packs what leaves; the store's owns the replica, the core
// and all sessions. They talk by two queues of work.
#include "server/sync_server.h"

#include "tls/connect.h"
#include "tls/identity.h"
#include "tls/loop.h"
#include "transport/caller.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

namespace spiral::server {

namespace {

/// Work for the store thread. Bounded by what each connection may have in it.
class StoreQueue {
public:
    void push(std::function<void()> work) {
        {
            std::lock_guard const lock(m_mutex);
            m_work.push_back(std::move(work));
        }
        m_awake.notify_one();
    }
    /// All there is; waits for some if `wait`.
    std::deque<std::function<void()>> take(bool wait) {
        std::unique_lock lock(m_mutex);
        if (wait) m_awake.wait(lock, [&] { return !m_work.empty(); });
        return std::exchange(m_work, {});
    }

private:
    std::mutex m_mutex;
    std::condition_variable m_awake;
    std::deque<std::function<void()>> m_work;
};

class TheServer final : public SyncServer {
public:
    TheServer(std::unique_ptr<replica::Replica> replica, std::unique_ptr<trust::Signer> signer, SyncSettings settings,
              Log log)
        : m_settings(std::move(settings)),
          m_log(std::move(log)),
          m_replica(std::move(replica)),
          m_signer(std::move(signer)),
          m_core(*m_replica, *m_signer, m_settings.core, m_log) {}

    ~TheServer() override { stop(); }

    Result<void> begin() {
        auto const& registry = m_replica->registry();
        if (registry.empty() || !registry.device(m_replica->device())) {
            return makeError(ErrorCode::WrongState, "replica.not-enrolled");
        }
        auto identity = tls::Identity::make(*m_signer, registry.domain());
        if (!identity) return identity.error();
        auto listener = tls::Listener::open(m_loop, *identity, m_settings.host, m_settings.port, m_settings.listener,
                                            m_settings.channel,
                                            [this](std::unique_ptr<tls::Channel> channel) { accept(std::move(channel)); });
        if (!listener) return listener.error();
        m_listener = std::move(*listener);
        m_port = m_listener->port();
        m_core.giveReceipts();
        publish();
        m_storeThread = std::thread([this] { runStore(); });
        m_loopThread = std::thread([this] { m_loop.run(); });
        if (m_settings.upstream) m_loop.post([this] { callUpstream(); });
        return {};
    }

    std::uint16_t port() const override { return m_port; }

    void reload(SyncSettings const& settings) override {
        m_queue.push([this, limits = settings.core] { m_core.setLimits(limits); });
    }

    SyncSnapshot snapshot() const override {
        std::lock_guard const lock(m_snapshotMutex);
        SyncSnapshot snapshot = m_snapshot;
        snapshot.listener = m_listenerCounters;
        snapshot.upstreamError = m_upstreamError;
        return snapshot;
    }

    void stop() override {
        if (m_stopped || !m_storeThread.joinable()) return;
        m_stopped = true;
        // No new connections and nothing more is read; what was read is stored and answered; then all is closed.
        runOnLoop([this] {
            m_listener->stop();
            m_retry = {};
            for (auto& [id, connection] : m_connections) connection.channel->pauseReading();
        });
        m_queue.push([this] {
            m_core.finish();
            m_stopStore = true;
        });
        m_storeThread.join();
        runOnLoop([this] {
            for (auto& [id, connection] : m_connections) connection.channel->close();
            m_connections.clear();
            m_upstream.reset();
        });
        // Goodbyes leave in the loop's next turns.
        m_loop.post([this] { m_goodbye = m_loop.after(std::chrono::milliseconds(50), [this] { m_loop.stop(); }); });
        m_loopThread.join();
        m_goodbye = {};
        m_listener.reset();
    }

private:
    using PeerId = SyncCore::PeerId;
    using ConnectionId = std::uint64_t;
    struct Connection {
        std::unique_ptr<tls::Channel> channel;
        std::size_t unhandledBytes = 0;
        bool paused = false;
        std::uint64_t generation = 0;
    };

    void runOnLoop(std::function<void()> const& work) {
        std::mutex mutex;
        std::condition_variable done;
        bool isDone = false;
        m_loop.post([&] {
            work();
            std::lock_guard const lock(mutex);
            isDone = true;
            done.notify_one();
        });
        std::unique_lock lock(mutex);
        done.wait(lock, [&] { return isDone; });
    }

    // --- on the loop's thread ------------------------------------------------------------------------------------------

    void accept(std::unique_ptr<tls::Channel> channel) {
        ConnectionId const id = m_nextConnection++;
        auto const secret = channel->exporter();
        auto& connection = m_connections[id];
        connection.channel = std::move(channel);
        connection.channel->handle({[this, id](Bytes bytes) { onMessage(id, std::move(bytes)); },
                                    {},
                                    [this, id](Error const&) { onClosed(id); }});
        noteCounters();
        m_queue.push([this, id, secret = Bytes(secret.begin(), secret.end())]() mutable { open(id, std::move(secret)); });
    }

    void onMessage(ConnectionId id, Bytes bytes) {
        auto const found = m_connections.find(id);
        if (found == m_connections.end()) return;
        auto message = protocol::unpack(bytes);
        if (!message) {
            tell("message-refused", {{"from", found->second.channel->peerAddress()}, {"reason", message.error().reason}}, true);
            found->second.channel->send(protocol::pack(protocol::Refusal{message.error().reason, {}}));
            found->second.channel->close();
            onClosed(id);
            return;
        }
        std::size_t const size = bytes.size();
        auto& connection = found->second;
        connection.unhandledBytes += size;
        if (connection.unhandledBytes >= m_settings.unhandledBytesMax && !connection.paused) {
            connection.paused = true;
            connection.channel->pauseReading();
        }
        m_queue.push([this, id, size, message = std::make_shared<protocol::Message>(std::move(*message))] {
            auto const peer = m_peers.find(id);
            if (peer != m_peers.end()) m_core.received(peer->second, std::move(*message));
            m_handled.emplace_back(id, size);
        });
    }

    void handled(ConnectionId id, std::size_t size) {
        auto const found = m_connections.find(id);
        if (found == m_connections.end()) return;
        auto& connection = found->second;
        connection.unhandledBytes -= size;
        if (connection.paused && connection.unhandledBytes < m_settings.unhandledBytesMax / 2) {
            connection.paused = false;
            connection.channel->resumeReading();
        }
    }

    void onClosed(ConnectionId id) {
        if (m_connections.erase(id) == 0) return;
        noteCounters();
        m_queue.push([this, id] {
            auto const peer = m_peers.find(id);
            if (peer == m_peers.end()) return;
            m_core.closed(peer->second);
            m_peers.erase(peer);
        });
    }

    void noteCounters() {
        std::lock_guard const lock(m_snapshotMutex);
        m_listenerCounters = m_listener->counters();
    }

    void tell(std::string_view name, std::vector<std::pair<std::string_view, std::string>> fields, bool warning) {
        if (m_log) m_log({name, std::move(fields), warning});
    }

    // --- on the store's thread -----------------------------------------------------------------------------------------

    void open(ConnectionId id, Bytes secret) {
        SyncCore::Road road;
        road.secret = std::move(secret);
        road.send = [this, id](protocol::Message message) {
            m_loop.post([this, id, message = std::make_shared<protocol::Message>(std::move(message))] {
                auto const found = m_connections.find(id);
                if (found != m_connections.end()) found->second.channel->send(protocol::pack(*message));
            });
        };
        road.close = [this, id] {
            m_loop.post([this, id] {
                auto const found = m_connections.find(id);
                if (found == m_connections.end()) return;
                found->second.channel->close();
                onClosed(id);
            });
        };
        road.trusted = [this, id] {
            m_loop.post([this, id] {
                auto const found = m_connections.find(id);
                if (found != m_connections.end()) found->second.channel->trusted();
            });
        };
        m_peers[id] = m_core.opened(std::move(road));
    }

    void runStore() {
        bool idle = false;
        while (!m_stopStore) {
            // All that arrived first, so that frames of several peers come into one transaction.
            for (auto& work : m_queue.take(idle)) work();
            idle = !doOne();
            if (!m_handled.empty()) {
                m_loop.post([this, handled = std::exchange(m_handled, {})] {
                    for (auto const& [id, size] : handled) this->handled(id, size);
                });
            }
            if (idle) publish();
        }
    }

    bool doOne() {
        try {
            bool const core = m_core.work();
            bool const above = m_caller && m_caller->work();
            return core || above;
        } catch (replica::SqliteError const& error) {
            tell("store-failed", {{"reason", error.toError().reason}}, true);
            return true;
        }
    }

    void publish() {
        SyncSnapshot snapshot;
        snapshot.core = m_core.counts();
        snapshot.peers = m_core.peers();
        if (auto const& error = m_core.diskError()) snapshot.diskError = error->reason;
        std::lock_guard const lock(m_snapshotMutex);
        m_snapshot = std::move(snapshot);
    }

    // --- a hub's own session with the server above -----------------------------------------------------------------------

    /// The server of the registry; on the loop's thread it may only be asked through the store's.
    void callUpstream() {
        m_queue.push([this] {
            auto const address = tls::parseAddress(*m_settings.upstream);
            std::optional<trust::PublicKey> key;
            for (auto const& device : m_replica->registry().devices()) {
                bool const isServer = device.kind == trust::Device::Kind::Server && device.id != m_replica->device();
                if (isServer && (device.url == *m_settings.upstream || !key)) key = device.key;
            }
            if (!address || !key) {
                upstreamFailed(address ? "registry.no-server" : address.error().reason);
                return;
            }
            std::string const domain = m_replica->registry().domain();
            m_loop.post([this, address = *address, key = *key, domain] {
                tls::connect(m_loop, address.host, address.port, key, domain, m_settings.channel,
                             [this, key](Result<std::unique_ptr<tls::Channel>> channel) {
                                 if (!channel) return upstreamFailed(channel.error().reason);
                                 upstreamOpened(std::move(*channel), key);
                             });
            });
        });
    }

    void upstreamOpened(std::unique_ptr<tls::Channel> channel, trust::PublicKey const& key) {
        auto const secret = channel->exporter();
        m_upstream = std::move(channel);
        std::uint64_t const generation = ++m_upstreamGeneration;
        m_upstream->handle({[this](Bytes bytes) {
                                auto message = protocol::unpack(bytes);
                                if (!message) return m_upstream->abort();
                                m_queue.push([this, message = std::make_shared<protocol::Message>(std::move(*message))] {
                                    if (m_caller) m_caller->received(std::move(*message));
                                });
                            },
                            {},
                            [this](Error const& error) { upstreamFailed(error.reason); }});
        m_queue.push([this, generation, key, secret = Bytes(secret.begin(), secret.end())] {
            auto caller = transport::Caller::make(
                *m_replica, *m_signer, trust::deviceIdOf(key), secret, true,
                {[this, generation](protocol::Message message) {
                     m_loop.post([this, generation, message = std::make_shared<protocol::Message>(std::move(message))] {
                         if (m_upstream && generation == m_upstreamGeneration) m_upstream->send(protocol::pack(*message));
                     });
                 },
                 [this](std::optional<Error> error) { upstreamFailed(error ? error->reason : "session.cut"); },
                 [this] { m_core.onNews(m_replica->scopesHeld()); }});
            if (!caller) return upstreamFailed(caller.error().reason);
            m_caller = std::move(*caller);
            m_core.onCommitted([this] {
                if (m_caller) m_caller->onNews();
            });
            m_caller->start();
            {
                std::lock_guard const lock(m_snapshotMutex);
                m_upstreamError.clear();
            }
            tell("upstream-begin", {}, false);
        });
    }

    /// From either thread. Tries again later: 5 s, doubling to 5 min.
    void upstreamFailed(std::string const& reason) {
        {
            std::lock_guard const lock(m_snapshotMutex);
            m_upstreamError = reason;
        }
        tell("upstream-failed", {{"reason", reason}}, true);
        m_queue.push([this] { m_caller.reset(); });
        m_loop.post([this] {
            m_upstream.reset();
            if (m_stopped) return;
            m_wait = m_wait.count() == 0 ? m_settings.retryFirst : std::min(m_wait * 2, m_settings.retryLast);
            m_retry = m_loop.after(m_wait, [this] { callUpstream(); });
        });
    }

    SyncSettings m_settings;
    Log m_log;
    std::unique_ptr<replica::Replica> m_replica;
    std::unique_ptr<trust::Signer> m_signer;
    SyncCore m_core;                                        // store's thread, with the four above and the two below
    std::map<ConnectionId, PeerId> m_peers;
    std::unique_ptr<transport::Caller> m_caller;
    std::vector<std::pair<ConnectionId, std::size_t>> m_handled;
    bool m_stopStore = false;

    StoreQueue m_queue;

    tls::Loop m_loop;                                       // the loop's thread
    std::unique_ptr<tls::Listener> m_listener;
    std::map<ConnectionId, Connection> m_connections;
    ConnectionId m_nextConnection = 1;
    std::unique_ptr<tls::Channel> m_upstream;
    std::uint64_t m_upstreamGeneration = 0;
    tls::Loop::Timer m_retry, m_goodbye;
    std::chrono::milliseconds m_wait{0};

    mutable std::mutex m_snapshotMutex;
    SyncSnapshot m_snapshot;
    tls::ListenerCounters m_listenerCounters;
    std::string m_upstreamError;

    std::uint16_t m_port = 0;
    std::atomic<bool> m_stopped = false;
    std::thread m_storeThread, m_loopThread;
};

}  // namespace

Result<std::unique_ptr<SyncServer>> SyncServer::start(std::unique_ptr<replica::Replica> replica,
                                                      std::unique_ptr<trust::Signer> signer,
                                                      SyncSettings const& settings, Log log) {
    auto server = std::make_unique<TheServer>(std::move(replica), std::move(signer), settings, std::move(log));
    if (auto begun = server->begin(); !begun) return begun.error();
    return std::unique_ptr<SyncServer>(std::move(server));
}

}  // namespace spiral::server
