// One connection that carries messages: bytes with a length in front, inside TLS 1.3. What they mean is told elsewhere.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace spiral::tls {

/// What one connection may cost. Times are measured from the moment that their comment names.
struct ChannelLimits {
    /// A message either way, without its length. The largest that the protocol knows, see docs/formats.md. Refused when
    /// its length is read, before memory is taken; memory then grows with what really arrives.
    std::size_t messageBytesMax = 2 * 1024 * 1024 + 64 * 1024;
    /// Likewise for a stranger, before trusted().
    std::size_t strangerMessageBytesMax = 512 * 1024;
    /// Bytes waiting to be sent, lengths included. A message that finds the queue not empty and does not fit closes the
    /// channel ("tls.queue-full"): the owner should have waited for onDrained.
    std::size_t queueBytesMax = 8 * 1024 * 1024;
    /// onDrained is called when the queue falls below this after having reached it.
    std::size_t queueBytesLow = 256 * 1024;
    /// From accepting, or from calling connect(), to the end of the handshake.
    std::chrono::milliseconds handshakeTime{10'000};
    /// From the handshake to a stranger's first whole message.
    std::chrono::milliseconds firstMessageTime{20'000};
    /// While a message has begun and reading is not paused, each such span brings `bytesPerSecondMin` on average or
    /// ends the message.
    std::chrono::milliseconds progressTime{10'000};
    std::size_t bytesPerSecondMin = 256;
    /// How long the other side may take nothing of what is queued.
    std::chrono::milliseconds stallTime{300'000};
    /// How long close() tries to deliver what is queued and to hear that it arrived.
    std::chrono::milliseconds closeTime{5'000};
};

/// A connection after its handshake. Its owner destroys it; it belongs to the loop's thread.
///
/// Callbacks come from the loop, never inside a call of the owner's, and never after close(), abort() or destruction.
/// Any of them may destroy the channel. Nothing is read before handle().
class Channel {
public:
    struct Handlers {
        /// A whole message, in the order sent.
        std::function<void(Bytes)> onMessage;
        /// May be empty. See ChannelLimits::queueBytesLow.
        std::function<void()> onDrained;
        /// The connection is over, and nothing more comes. Called once, unless the owner ended it himself. What was
        /// queued is lost. Environment: "tls.closed" if the other side closed it between two messages, "tls.cut" if it
        /// ended anywhere else, "tls.first-message", "tls.too-slow", "tls.stalled" and "tls.idle" for the times,
        /// "tls.memory", "tls.broken" for what the system says; TooLarge: "tls.message-too-large" (either way),
        /// "tls.queue-full"; Malformed: "tls.protocol", if the bytes are not TLS.
        std::function<void(Error)> onClosed;
    };

    ~Channel();  ///< abort(), unless close() is at work
    Channel(Channel const&) = delete;
    Channel& operator=(Channel const&) = delete;

    /// Begins to read. REQUIRES: onMessage and onClosed; called once.
    void handle(Handlers handlers);
    /// Queues a message; it leaves in the loop's next turn. Ignored once the connection is over. Too large a message,
    /// or too full a queue, closes the channel with an error: nothing is left out silently.
    void send(Bytes message);
    /// Bytes of send() that have not yet been handed to the system, lengths included.
    [[nodiscard]] std::size_t queuedBytes() const noexcept;

    /// No message is delivered until resumeReading(); what the other side sends fills the system's buffers and then its
    /// own queue. While paused, its end is not noticed either.
    void pauseReading();
    void resumeReading();

    /// The owner has checked who this is: the limits for strangers end. Channels of connect() begin trusted.
    void trusted();
    /// Ends the connection ("tls.idle") when no byte came or went for so long, at the latest after twice as long; zero,
    /// as at first, for never.
    void setIdleTime(std::chrono::milliseconds time);

    /// Sends what is queued, then says goodbye; at most ChannelLimits::closeTime, in the background: the channel may be
    /// destroyed at once. What still arrives is dropped.
    void close();
    /// Ends the connection at once.
    void abort();

    /// 32 bytes that both ends of this connection have and no other connection has: RFC 8446 exporter with the label
    /// "EXPORTER-spiral-session" and no context. Whoever signs them proves to be at the other end of this connection.
    [[nodiscard]] std::array<std::uint8_t, 32> exporter() const noexcept;
    /// Bytes inside TLS so far, lengths included.
    [[nodiscard]] std::uint64_t bytesSent() const noexcept;
    [[nodiscard]] std::uint64_t bytesReceived() const noexcept;
    /// The numeric address without the port, for logs.
    [[nodiscard]] std::string peerAddress() const;

    class Connection;
    /// For the sources of this folder.
    explicit Channel(std::shared_ptr<Connection> connection) noexcept;

private:
    std::shared_ptr<Connection> m_connection;
};

}  // namespace spiral::tls
