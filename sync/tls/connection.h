// The inside of a channel: one socket, one SSL, from the handshake to the last byte.
#pragma once

#include "loop_impl.h"
#include "openssl.h"
#include "socket_bio.h"
#include "tls/channel.h"
#include "trust/signature.h"

#include <asio/ip/tcp.hpp>

#include <chrono>
#include <list>
#include <memory>
#include <optional>

namespace spiral::tls {

/// Whom a client wants to reach, and why it was not who answered.
struct ExpectedServer {
    trust::PublicKey key;
    std::string domain;
    std::optional<Error> refused;
};

/// Held by its Channel and by what it waits for. SSL is used over the bare non-blocking socket and asio only waits, so
/// an idle connection has no buffers. Its state goes one way: Handshaking, Open, Closing, Closed; on every way to
/// Closed finish() is passed, after which nothing is read, written or called.
class Channel::Connection : public std::enable_shared_from_this<Channel::Connection> {
public:
    using Socket = asio::ip::tcp::socket;
    using HandshakeDone = std::function<void(std::optional<Error>)>;

    /// `seat` is let go when the socket is closed; the listener counts by it. Throws std::bad_alloc.
    Connection(Loop::Impl& loop, Socket socket, SSL_CTX& context, std::shared_ptr<ChannelLimits const> limits,
               std::shared_ptr<void> seat);

    /// As server, or as client of `expected`. `done` is called from the loop, once, not inside; never after abort(). It
    /// gets Refused "tls.other-server", Environment "tls.handshake" or "tls.timeout", and the connection is then
    /// closed.
    void accept(HandshakeDone done);
    void connect(std::unique_ptr<ExpectedServer> expected, std::chrono::milliseconds time, HandshakeDone done);

    /// As those of Channel.
    void handle(Handlers handlers);
    void send(Bytes message);
    void pauseReading() noexcept { m_paused = true; }
    void resumeReading();
    void trusted();
    void setIdleTime(std::chrono::milliseconds time);
    void close();
    void abort();
    /// abort(), unless close() is at work.
    void abandon();

    [[nodiscard]] std::size_t queuedBytes() const noexcept { return m_queuedBytes; }
    [[nodiscard]] std::array<std::uint8_t, 32> const& exporter() const noexcept { return m_exporter; }
    [[nodiscard]] std::uint64_t sent() const noexcept { return m_sent; }
    [[nodiscard]] std::uint64_t received() const noexcept { return m_received; }
    [[nodiscard]] asio::ip::address const& peer() const noexcept { return m_peer; }

    /// For the client's SSL_CTX: 1 if the certificate is that of the expected server.
    static int checkPeer(X509_STORE_CTX* store, void*) noexcept;

private:
    enum class State : std::uint8_t { Handshaking, Open, Closing, Closed };
    static constexpr std::size_t kLengthBytes = 4;

    void start(std::chrono::milliseconds time, HandshakeDone done);
    void stepHandshake();
    void endHandshake(std::optional<Error> error);

    void waitReadable();
    void waitWritable();
    /// ready() in a later turn of the loop.
    void postReady();
    /// Does what can be done without waiting, but not more than its share, and sees to it that it is called again.
    void ready();
    void readMessages();
    /// Reads into the length or the message that has begun. False if there is no more to read now; or the connection is
    /// over.
    bool readSome();
    bool takeLength();
    void takeMessage();
    void readFailed(int status);
    void flush();
    std::size_t compose() noexcept;
    void consume(std::size_t bytes);
    void writeFailed(int status);
    void sayGoodbye();
    /// Reads and drops what comes while closing, until the other side's end.
    void drain();

    void watchProgress();
    void checkProgress();
    void watchStall();
    void checkStall();
    void checkIdle();

    /// Calls `check` after `delay`, unless the timer is cancelled or the connection is gone by then.
    [[nodiscard]] Loop::Timer after(std::chrono::milliseconds delay, void (Connection::*check)());
    [[nodiscard]] Error systemError(char const* operation) const;
    /// finish() and, if there are handlers, onClosed.
    void fail(Error error);
    /// fail() in a later turn: for calls of the owner.
    void failLater(Error error);
    void finish();

    Loop::Impl& m_loop;
    Socket m_socket;
    SocketEnd m_end;
    Ssl m_ssl;
    std::shared_ptr<ChannelLimits const> m_limits;
    std::shared_ptr<void> m_seat;
    asio::ip::address m_peer;

    State m_state = State::Handshaking;
    bool m_trusted = false;
    bool m_paused = false;
    bool m_doomed = false;        // failLater() has been called
    bool m_waitingRead = false;   // for the socket
    bool m_waitingWrite = false;  // likewise
    bool m_readyPosted = false;
    bool m_saidGoodbye = false;
    bool m_queueWasFull = false;  // the queue has reached its low-water mark and onDrained has not been called since
    bool m_watchingProgress = false;
    bool m_watchingStall = false;

    std::unique_ptr<ExpectedServer> m_expected;
    HandshakeDone m_handshakeDone;
    // Shared with the call that is under way, so that it may drop them.
    std::shared_ptr<Handlers const> m_handlers;

    // The message that is being read: its length, then its bytes.
    std::array<std::uint8_t, kLengthBytes> m_length{};
    std::size_t m_lengthFilled = 0;
    std::size_t m_messageSize = 0;
    Bytes m_message;

    // A list, because an empty one has no memory.
    std::list<Bytes> m_queue;
    std::size_t m_queuedBytes = 0;
    std::size_t m_frontSent = 0;  // of the first message, its length included

    std::uint64_t m_sent = 0;
    std::uint64_t m_received = 0;
    std::uint64_t m_messagesReceived = 0;
    std::array<std::uint8_t, 32> m_exporter{};

    Loop::Timer m_phase;  // of the handshake, then of the first message, then of closing
    Loop::Timer m_progress;
    std::uint64_t m_progressBytes = 0;     // received when the watch began
    std::uint64_t m_progressMessages = 0;  // likewise
    Loop::Timer m_stall;
    std::uint64_t m_stallBytes = 0;  // sent when the watch began
    Loop::Timer m_idle;
    std::chrono::milliseconds m_idleTime{0};
    std::uint64_t m_idleBytes = 0;  // sent and received when the watch began
};

}  // namespace spiral::tls
