// Two threads. The loop's does TLS, unpacks what arrives and packs what leaves; the store's owns the replica, the core
// and all sessions. They talk by two queues of work.
#include "server/sync_server.h"

#include "office/keeping.h"
#include "tls/connect.h"
#include "tls/listener.h"
#include "tls/identity.h"
#include "tls/loop.h"
#include "transport/caller.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

namespace spiral::server {

namespace {

constexpr std::chrono::seconds kCountEvery{30};
constexpr std::chrono::seconds kTryDiskEvery{2};
/// What a message costs while it waits, besides its bytes.
constexpr std::size_t kMessageBytes = 512;

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
    /// All there is; waits for some if `wait`, and at most `most` if that is given.
    std::deque<std::function<void()>> take(bool wait, std::optional<std::chrono::seconds> most) {
        std::unique_lock lock(m_mutex);
        auto const some = [&] { return !m_work.empty(); };
        if (wait && most) m_awake.wait_for(lock, *most, some);
        else if (wait) m_awake.wait(lock, some);
        return std::exchange(m_work, {});
    }

private:
    std::mutex m_mutex;
    std::condition_variable m_awake;
    std::deque<std::function<void()>> m_work;
};

CoreLimits coreLimits(SyncSettings const& settings) {
    CoreLimits limits;
    limits.peersOfDeviceMax = settings.connectionsPerDeviceMax;
    return limits;
}

tls::ListenerLimits listenerLimits(SyncSettings const& settings) {
    tls::ListenerLimits limits;
    limits.connectionsMax = settings.connectionsMax;
    return limits;
}

tls::ChannelLimits channelLimits(SyncSettings const& settings) {
    tls::ChannelLimits limits;
    limits.handshakeTime = std::chrono::seconds(settings.handshakeSeconds);
    limits.firstMessageTime = std::chrono::seconds(settings.handshakeSeconds);
    limits.queueBytesMax = settings.connectionBytesMax;
    return limits;
}

/// What is told of the server; written by its own threads, read by any.
struct Snapshot {
    CoreCounts core;
    tls::ListenerCounters listener;
    std::size_t peers = 0;
    std::string diskError, upstreamError;
    replica::Replica::Held held;
};

class TheServer final : public SyncServer {
public:
    TheServer(std::unique_ptr<replica::Replica> replica, std::unique_ptr<trust::Signer> signer, SyncSettings settings,
              Log log)
        : m_settings(std::move(settings)),
          m_log(std::move(log)),
          m_replica(std::move(replica)),
          m_signer(std::move(signer)),
          m_core(*m_replica, *m_signer, coreLimits(m_settings), m_log) {}

    ~TheServer() override { stop(); }

    Result<void> begin() {
        auto const& registry = m_replica->registry();
        if (registry.empty() || !registry.device(m_replica->device())) {
            return makeError(ErrorCode::WrongState, "replica.not-enrolled");
        }
        auto identity = tls::Identity::make(*m_signer, registry.domain());
        if (!identity) return identity.error();
        auto listener = tls::Listener::open(m_loop, *identity, m_settings.host, m_settings.port,
                                            listenerLimits(m_settings), channelLimits(m_settings),
                                            [this](std::unique_ptr<tls::Channel> channel) { accept(std::move(channel)); });
        if (!listener) return listener.error();
        m_listener = std::move(*listener);
        m_port = m_listener->port();
        m_core.onProposal([this](ByteView proposal) { return office::appendProposal(*m_replica, *m_signer, proposal); });
        m_core.giveReceipts();
        publish();
        m_storeThread = std::thread([this] { runStore(); });
        m_loopThread = std::thread([this] { m_loop.run(); });
        if (m_settings.upstream) m_loop.post([this] { callUpstream(); });
        return {};
    }

    std::uint16_t port() const override { return m_port; }

    void reload(SyncSettings const& settings) override {
        m_queue.push([this, limits = coreLimits(settings)] { m_core.setLimits(limits); });
        m_loop.post([this, settings] {
            m_settings.connectionsMax = settings.connectionsMax;
            m_settings.handshakeSeconds = settings.handshakeSeconds;
            m_settings.idleSeconds = settings.idleSeconds;
            m_settings.connectionBytesMax = settings.connectionBytesMax;
            m_settings.retryFirstSeconds = settings.retryFirstSeconds;
            m_settings.retryLastSeconds = settings.retryLastSeconds;
            for (auto& [id, connection] : m_connections) connection.channel->setIdleTime(idleTime());
            m_listener->setLimits(listenerLimits(m_settings), channelLimits(m_settings));
        });
    }

    CoreCounts counts() const override {
        std::lock_guard const lock(m_snapshotMutex);
        return m_snapshot.core;
    }
    Health health() const override {
        std::lock_guard const lock(m_snapshotMutex);
        if (!m_snapshot.diskError.empty()) return {false, m_snapshot.diskError};
        return {true, "good"};
    }
    void addMetrics(web::Metrics& into) const override {
        Snapshot told;
        {
            std::lock_guard const lock(m_snapshotMutex);
            told = m_snapshot;
        }
        auto const number = [](auto value) { return static_cast<double>(value); };
        auto const counter = [&](char const* name, char const* help, std::uint64_t value) {
            into.counter(name, help, number(value));
        };
        counter("spiral_sessions_total", "Connections that began a session.", told.core.sessions);
        counter("spiral_sessions_refused_total", "Sessions of unknown, revoked or unproven devices.", told.core.refusedSessions);
        counter("spiral_sessions_failed_total", "Sessions of known devices that broke the protocol.", told.core.failedSessions);
        counter("spiral_frames_stored_total", "Frames taken and stored.", told.core.framesStored);
        counter("spiral_frames_known_total", "Frames that were held before.", told.core.framesKnown);
        counter("spiral_frames_refused_total", "Frames refused.", told.core.framesRefused);
        counter("spiral_frames_waiting_total", "Frames that wait for others, or for a grant.", told.core.framesWaiting);
        counter("spiral_frames_sent_total", "Frames sent in sessions that ended.", told.core.framesSent);
        counter("spiral_frame_bytes_total", "Bytes of frames given to the store.", told.core.bytesStored);
        counter("spiral_commits_total", "Transactions with frames of peers.", told.core.commits);
        counter("spiral_receipts_total", "Receipts signed.", told.core.receipts);
        counter("spiral_over_quota_total", "Frames refused because their device sent too much today.", told.core.overQuota);
        into.gauge("spiral_peers", "Sessions open.", number(told.peers));
        into.gauge("spiral_connections", "Connections open.", number(told.listener.open));
        into.gauge("spiral_handshakes", "Handshakes under way.", number(told.listener.handshaking));
        counter("spiral_connections_total", "Connections whose handshake was done.", told.listener.accepted);
        counter("spiral_connections_refused_total", "Connections beyond a limit.",
                told.listener.refusedByConnections + told.listener.refusedByAddress + told.listener.refusedByHandshakes);
        counter("spiral_handshakes_failed_total", "Handshakes that failed.", told.listener.handshakesFailed);
        into.gauge("spiral_store_frames", "Frames held.", number(told.held.frames));
        into.gauge("spiral_store_bytes", "Size of store.db.", number(told.held.storeBytes));
        into.gauge("spiral_disk_good", "1 while transactions are written.", told.diskError.empty() ? 1 : 0);
        if (m_settings.upstream)
            into.gauge("spiral_upstream_good", "1 while the server above is reached.", told.upstreamError.empty() ? 1 : 0);
    }

    void stop() override {
        if (m_stopped || !m_storeThread.joinable()) return;
        m_stopped = true;
        // No new connections and nothing more is read; what was read is stored and answered; then all is closed.
        runOnLoop([this] {
            m_listener->stop();
            m_retry = {};
            m_silence = {};
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
        protocol::Wire wire;
        std::size_t unhandledBytes = 0;
        bool paused = false;
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
        connection.channel->setIdleTime(idleTime());
        connection.channel->handle({[this, id](Bytes bytes) { onMessage(id, std::move(bytes)); },
                                    {},
                                    [this, id](Error const&) { onClosed(id); }});
        noteCounters();
        m_queue.push([this, id, secret = Bytes(secret.begin(), secret.end())]() mutable { open(id, std::move(secret)); });
    }

    void onMessage(ConnectionId id, Bytes bytes) {
        auto const found = m_connections.find(id);
        if (found == m_connections.end()) return;
        std::size_t const size = protocol::unpackedBytes(bytes) + kMessageBytes;
        auto message = found->second.wire.unpack(bytes);
        if (!message) {
            tell("message-refused", {{"from", found->second.channel->peerAddress()}, {"reason", message.error().reason}}, true);
            found->second.channel->send(protocol::pack(protocol::Refusal{message.error().reason, {}}));
            found->second.channel->close();
            onClosed(id);
            return;
        }
        auto& connection = found->second;
        connection.unhandledBytes += size;
        if (connection.unhandledBytes >= m_settings.connectionBytesMax && !connection.paused) {
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
        if (connection.paused && connection.unhandledBytes < m_settings.connectionBytesMax / 2) {
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
        m_snapshot.listener = m_listener->counters();
    }
    [[nodiscard]] std::chrono::milliseconds idleTime() const { return std::chrono::seconds(m_settings.idleSeconds); }

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
                if (found != m_connections.end()) found->second.channel->send(found->second.wire.pack(*message));
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
            bool const bad = m_core.diskError().has_value();
            for (auto& work : m_queue.take(idle, bad ? std::optional(kTryDiskEvery) : std::nullopt)) {
                guarded(work);
            }
            if (bad && std::chrono::steady_clock::now() - m_triedDisk > kTryDiskEvery) {
                m_core.tryDisk();
                m_triedDisk = std::chrono::steady_clock::now();
            }
            idle = !doOne();
            if (!m_handled.empty()) {
                m_loop.post([this, handled = std::exchange(m_handled, {})] {
                    for (auto const& [id, size] : handled) this->handled(id, size);
                });
            }
            if (idle) guarded([this] { publish(); });
        }
    }

    /// A disk that fails ends no thread.
    bool guarded(std::function<void()> const& work) {
        try {
            work();
            return true;
        } catch (replica::SqliteError const& error) {
            m_core.diskFailed(error);
            return false;
        }
    }

    bool doOne() {
        bool core = true, above = false;
        (void)guarded([&] { core = m_core.work(); });
        // What came from above and could not be stored is asked for again by the next session.
        if (!guarded([&] { above = m_caller && m_caller->work(); })) upstreamFailed("server.disk");
        return core || above;
    }

    void publish() {
        // To count what is held reads all of it.
        auto const now = std::chrono::steady_clock::now();
        std::optional<replica::Replica::Held> held;
        if (m_counted == decltype(m_counted){} || now - m_counted > kCountEvery) {
            held = m_replica->held();
            m_counted = now;
        }
        std::lock_guard const lock(m_snapshotMutex);
        m_snapshot.core = m_core.counts();
        m_snapshot.peers = m_core.peers();
        m_snapshot.diskError = m_core.diskError() ? m_core.diskError()->reason : "";
        if (held) m_snapshot.held = *held;
    }

    // --- a hub's own session with the server above -----------------------------------------------------------------------

    /// The server of the registry; on the loop's thread it may only be asked through the store's.
    void callUpstream() {
        m_queue.push([this] {
            auto const address = tls::parseAddress(*m_settings.upstream);
            std::optional<trust::PublicKey> key;
            for (auto const& device : m_replica->registry().devices()) {
                bool const isServer = device.kind == trust::Device::Kind::Server && device.id != m_replica->device() &&
                                      m_replica->registry().revocationsOf(device.id).empty();
                if (isServer && (device.url == *m_settings.upstream || !key)) key = device.key;
            }
            if (!address || !key) {
                upstreamFailed(address ? "registry.no-server" : address.error().reason);
                return;
            }
            std::string const domain = m_replica->registry().domain();
            m_loop.post([this, address = *address, key = *key, domain] {
                tls::connect(m_loop, address.host, address.port, key, domain, channelLimits(m_settings),
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
        m_upstreamWire = {};
        m_upstreamSince = std::chrono::steady_clock::now();
        std::uint64_t const generation = ++m_upstreamGeneration;
        m_heardBytes = 0;
        m_silentTurns = 0;
        mindUpstream();
        m_upstream->handle({[this](Bytes bytes) {
                                auto message = m_upstreamWire.unpack(bytes);
                                if (!message) return m_upstream->abort();
                                m_queue.push([this, message = std::make_shared<protocol::Message>(std::move(*message))] {
                                    if (m_caller) m_caller->received(std::move(*message));
                                });
                            },
                            {},
                            [this](Error const& error) { upstreamFailed(error.reason); }});
        m_queue.push([this, generation, key, secret = Bytes(secret.begin(), secret.end())] {
            transport::Caller::Road road;
            road.send = [this, generation](protocol::Message message) {
                m_loop.post([this, generation, message = std::make_shared<protocol::Message>(std::move(message))] {
                    if (m_upstream && generation == m_upstreamGeneration) m_upstream->send(m_upstreamWire.pack(*message));
                });
            };
            road.ended = [this](std::optional<Error> error) { upstreamFailed(error ? error->reason : "session.cut"); };
            road.stored = [this] { m_core.onNews(m_replica->scopesHeld()); };
            road.setHere = [this](Scope const& scope, trust::Attachment const& file) { m_core.fileCame(scope, file); };
            road.inVain = [this](transport::FileShelf::Named const& named) { m_core.wantFile(named); };
            auto caller =
                transport::Caller::make(*m_replica, *m_signer, trust::deviceIdOf(key), secret, true, std::move(road));
            if (!caller) return upstreamFailed(caller.error().reason);
            m_caller = std::move(*caller);
            m_core.onCommitted([this] {
                if (m_caller) m_caller->onNews();
            });
            m_core.onFiles({[this](Scope const& scope, trust::Attachment const& file) {
                                if (m_caller) m_caller->fileCame(scope, file);
                            },
                            [this](transport::FileShelf::Named const& named) {
                                if (m_caller) m_caller->want(named);
                            }});
            m_caller->start();
            {
                std::lock_guard const lock(m_snapshotMutex);
                m_snapshot.upstreamError.clear();
            }
            tell("upstream-begin", {}, false);
        });
    }

    /// A server above that was halted, or a line that died unseen: it is asked for its word, and then given up.
    void mindUpstream() {
        m_silence = m_loop.after(std::chrono::seconds(m_settings.silenceSeconds), [this] {
            if (!m_upstream) return;
            auto const heard = m_upstream->bytesReceived();
            m_silentTurns = heard == m_heardBytes ? m_silentTurns + 1 : 0;
            m_heardBytes = heard;
            if (m_silentTurns > 1) return upstreamFailed("tls.idle");
            if (m_silentTurns == 1) {
                m_queue.push([this] {
                    if (m_caller) m_caller->onSilence();
                });
            }
            mindUpstream();
        });
    }

    /// From either thread. Tries again later: 5 s, doubling to 5 min.
    void upstreamFailed(std::string const& reason) {
        {
            std::lock_guard const lock(m_snapshotMutex);
            m_snapshot.upstreamError = reason;
        }
        tell("upstream-failed", {{"reason", reason}}, true);
        m_queue.push([this] { m_caller.reset(); });
        m_loop.post([this] {
            // After a session that had lasted, it begins with the short wait again.
            if (m_upstream && std::chrono::steady_clock::now() - m_upstreamSince > m_wait) m_wait = {};
            m_upstream.reset();
            // The session and its connection may both tell of one end.
            if (m_stopped || std::exchange(m_retrying, true)) return;
            m_wait = m_wait.count() == 0 ? std::chrono::seconds(m_settings.retryFirstSeconds)
                                         : std::min(m_wait * 2, std::chrono::milliseconds(std::chrono::seconds(m_settings.retryLastSeconds)));
            m_retry = m_loop.after(m_wait, [this] {
                m_retrying = false;
                callUpstream();
            });
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
    std::chrono::steady_clock::time_point m_counted{}, m_triedDisk{};

    StoreQueue m_queue;

    tls::Loop m_loop;                                       // the loop's thread
    std::unique_ptr<tls::Listener> m_listener;
    std::map<ConnectionId, Connection> m_connections;
    ConnectionId m_nextConnection = 1;
    std::unique_ptr<tls::Channel> m_upstream;
    protocol::Wire m_upstreamWire;
    std::uint64_t m_upstreamGeneration = 0;
    tls::Loop::Timer m_retry, m_silence, m_goodbye;
    std::uint64_t m_heardBytes = 0;
    int m_silentTurns = 0;
    std::chrono::milliseconds m_wait{0};
    std::chrono::steady_clock::time_point m_upstreamSince{};
    bool m_retrying = false;

    mutable std::mutex m_snapshotMutex;
    Snapshot m_snapshot;

    std::uint16_t m_port = 0;
    std::atomic<bool> m_stopped = false;
    std::thread m_storeThread, m_loopThread;
};

}  // namespace

Result<std::unique_ptr<SyncServer>> SyncServer::serve(std::unique_ptr<replica::Replica> replica,
                                                      std::unique_ptr<trust::Signer> signer,
                                                      SyncSettings const& settings, Log log) {
    auto server = std::make_unique<TheServer>(std::move(replica), std::move(signer), settings, std::move(log));
    if (auto begun = server->begin(); !begun) return begun.error();
    return std::unique_ptr<SyncServer>(std::move(server));
}

Result<std::unique_ptr<SyncServer>> SyncServer::start(Path const& folder, replica::World world, office::Unlock unlock,
                                                      SyncSettings const& settings, Log log) {
    replica::Limits limits;
    limits.cacheKib = kCacheKib;
    auto opened = replica::Replica::open(folder, world, replica::Access::Write, limits);
    if (!opened) return opened.error();
    auto& replica = **opened;
    // The key is opened now and not at the first signature: a wrong passphrase is found while somebody looks.
    auto unlocked = unlock(folder, replica.deviceKey());
    if (!unlocked) return unlocked.error();
    if (replica.guard() == replica::GuardFinding::Restored) {
        log({"restored",
             {{"device", replica.device().hex()}, {"frames", std::to_string(replica.held().frames)}},
             true});
    }
    return serve(std::move(*opened), std::move(*unlocked), settings, std::move(log));
}

}  // namespace spiral::server
