#include "connection.h"

#include "certificate.h"
#include "context.h"

#include <openssl/err.h>
#include <asio/post.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace spiral::tls {
namespace {

// What one connection may read, and write, before the others have their turn.
constexpr std::size_t kTurnBytes = 256 * 1024;

// A machine that vanished without a word is noticed three minutes after its last sign of life.
constexpr int kKeepAliveIdleSeconds = 120;
constexpr int kKeepAliveIntervalSeconds = 20;
constexpr int kKeepAliveProbes = 3;

constexpr std::string_view kExporterLabel = "EXPORTER-spiral-session";

void setOption(int descriptor, int level, int option, int value) noexcept {
    // None of these can fail on a TCP socket, and none is worth losing the connection.
    ::setsockopt(descriptor, level, option, &value, sizeof value);
}

void prepare(int descriptor) noexcept {
    ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    setOption(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
    setOption(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
    setOption(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdleSeconds);
    setOption(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveIntervalSeconds);
    setOption(descriptor, IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveProbes);
}

Error environment(std::string_view reason, std::string detail = {}) {
    return makeError(ErrorCode::Environment, reason, std::move(detail));
}

}  // namespace

Channel::Connection::Connection(Loop::Impl& loop, Socket socket, SSL_CTX& context,
                                std::shared_ptr<ChannelLimits const> limits, std::shared_ptr<void> seat)
    : m_loop(loop),
      m_socket(std::move(socket)),
      m_ssl(SSL_new(&context)),
      m_limits(std::move(limits)),
      m_seat(std::move(seat)) {
    if (!m_ssl) throw std::bad_alloc();
    std::error_code ignored;
    m_peer = m_socket.remote_endpoint(ignored).address();
    m_socket.native_non_blocking(true, ignored);
    m_end.descriptor = m_socket.native_handle();
    prepare(m_end.descriptor);
    attach(*m_ssl, m_end);
    SSL_set_app_data(m_ssl.get(), this);
}

// --- handshake
// -------------------------------------------------------------------------------------------------------------------

void Channel::Connection::accept(HandshakeDone done) {
    SSL_set_accept_state(m_ssl.get());
    start(m_limits->handshakeTime, std::move(done));
}

void Channel::Connection::connect(std::unique_ptr<ExpectedServer> expected, std::chrono::milliseconds time,
                                  HandshakeDone done) {
    m_expected = std::move(expected);
    m_trusted = true;  // after a handshake that checkPeer() let pass
    SSL_set_connect_state(m_ssl.get());
    start(time, std::move(done));
}

void Channel::Connection::start(std::chrono::milliseconds time, HandshakeDone done) {
    m_handshakeDone = std::move(done);
    m_phase = m_loop.after(time, [weak = weak_from_this()] {
        if (auto const self = weak.lock()) {
            self->endHandshake(environment("tls.timeout", "The handshake took too long."));
        }
    });
    postReady();
}

int Channel::Connection::checkPeer(X509_STORE_CTX* store, void*) noexcept {
    auto* const ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto& connection = *static_cast<Connection*>(SSL_get_app_data(ssl));
    X509* const certificate = X509_STORE_CTX_get0_cert(store);
    ensure(connection.m_expected != nullptr, "a client's connection knows whom it expects");
    ExpectedServer& expected = *connection.m_expected;
    Result<void> checked = makeError(ErrorCode::Refused, "tls.other-server", "There is no certificate.");
    if (certificate != nullptr) checked = checkCertificate(*certificate, expected.key, expected.domain);
    X509_STORE_CTX_set_error(store, checked ? X509_V_OK : X509_V_ERR_APPLICATION_VERIFICATION);
    if (!checked) expected.refused = checked.error();
    return checked ? 1 : 0;
}

void Channel::Connection::stepHandshake() {
    ERR_clear_error();
    int const status = SSL_do_handshake(m_ssl.get());
    if (status == 1) {
        bool const agreed =
            speaksOurProtocol(*m_ssl) &&
            SSL_export_keying_material(m_ssl.get(), m_exporter.data(), m_exporter.size(), kExporterLabel.data(),
                                       kExporterLabel.size(), nullptr, 0, 0) == 1;
        if (agreed) return endHandshake(std::nullopt);
        return endHandshake(environment("tls.handshake", "The other side does not speak spiral/1."));
    }
    int const why = SSL_get_error(m_ssl.get(), status);
    if (why == SSL_ERROR_WANT_READ) return waitReadable();
    if (why == SSL_ERROR_WANT_WRITE) return waitWritable();
    std::string const reason = takeOpensslError();
    if (m_expected && m_expected->refused) return endHandshake(*m_expected->refused);
    if (m_end.error != 0) return endHandshake(environment("tls.handshake", systemError("handshake").detail));
    if (m_end.ended) return endHandshake(environment("tls.handshake", "The other side ended the connection."));
    endHandshake(environment("tls.handshake", "TLS: " + reason + "."));
}

void Channel::Connection::endHandshake(std::optional<Error> error) {
    if (m_state != State::Handshaking) return;
    m_phase.cancel();
    m_expected.reset();
    auto const done = std::exchange(m_handshakeDone, nullptr);
    if (error) {
        finish();
    } else {
        m_state = State::Open;
        if (!m_trusted) {
            m_phase = m_loop.after(m_limits->firstMessageTime, [weak = weak_from_this()] {
                if (auto const self = weak.lock()) {
                    self->fail(environment("tls.first-message", "The first message took too long."));
                }
            });
        }
    }
    if (done) done(std::move(error));
}

// --- waiting
// -------------------------------------------------------------------------------------------------------------------

void Channel::Connection::waitReadable() {
    if (m_waitingRead || m_state == State::Closed) return;
    m_waitingRead = true;
    m_socket.async_wait(Socket::wait_read, [self = shared_from_this()](std::error_code const&) {
        self->m_waitingRead = false;
        self->ready();  // an error, too, is told by the read that follows
    });
}

void Channel::Connection::waitWritable() {
    if (m_waitingWrite || m_state == State::Closed) return;
    m_waitingWrite = true;
    m_socket.async_wait(Socket::wait_write, [self = shared_from_this()](std::error_code const&) {
        self->m_waitingWrite = false;
        self->ready();
    });
}

void Channel::Connection::postReady() {
    if (m_readyPosted || m_state == State::Closed) return;
    m_readyPosted = true;
    asio::post(m_loop.context, [self = shared_from_this()] {
        self->m_readyPosted = false;
        self->ready();
    });
}

void Channel::Connection::ready() {
    if (m_state == State::Handshaking) stepHandshake();
    if (m_state == State::Open) readMessages();
    if (m_state == State::Closing) drain();
    if (m_state == State::Open || m_state == State::Closing) flush();
}

// --- reading
// -------------------------------------------------------------------------------------------------------------------

void Channel::Connection::readMessages() {
    std::uint64_t const start = m_received;
    while (m_state == State::Open && !m_doomed && !m_paused && m_handlers) {
        if (m_received - start >= kTurnBytes) return postReady();
        if (!readSome()) break;
    }
    if (m_state == State::Open && m_lengthFilled > 0) watchProgress();
}

bool Channel::Connection::readSome() {
    std::uint8_t* to = m_length.data() + m_lengthFilled;
    std::size_t count = kLengthBytes - m_lengthFilled;
    std::size_t const filled = m_message.size();
    bool const inMessage = count == 0;
    if (inMessage) {
        count = std::min(m_messageSize - filled, kRecordBytesMax);
        try {
            // Twice what has come, not what is said to come.
            if (m_message.capacity() < filled + count) {
                m_message.reserve(std::min(m_messageSize, std::max(filled + count, 2 * filled)));
            }
            m_message.resize(filled + count);
        } catch (std::bad_alloc const&) {
            fail(environment("tls.memory", "No memory for a message of " + std::to_string(m_messageSize) + " bytes."));
            return false;
        }
        to = m_message.data() + filled;
    }
    ERR_clear_error();
    std::size_t got = 0;
    int const status = SSL_read_ex(m_ssl.get(), to, count, &got);
    m_received += got;
    if (inMessage) m_message.resize(filled + got);
    if (status != 1) {
        readFailed(status);
        return false;
    }
    if (!inMessage) {
        m_lengthFilled += got;
        if (m_lengthFilled == kLengthBytes && !takeLength()) return false;
    }
    if (m_lengthFilled == kLengthBytes && m_message.size() == m_messageSize) takeMessage();
    return true;
}

bool Channel::Connection::takeLength() {
    std::size_t size = 0;
    for (std::size_t i = kLengthBytes; i-- > 0;) size = size << 8 | m_length[i];
    std::size_t const most = m_trusted ? m_limits->messageBytesMax : m_limits->strangerMessageBytesMax;
    if (size > most) {
        fail(makeError(
            ErrorCode::TooLarge, "tls.message-too-large",
            "A message of " + std::to_string(size) + " bytes, where " + std::to_string(most) + " are the most."));
        return false;
    }
    m_messageSize = size;
    return true;
}

void Channel::Connection::takeMessage() {
    m_lengthFilled = 0;
    ++m_messagesReceived;
    m_phase.cancel();  // of the first message
    Bytes message = std::exchange(m_message, {});
    auto const handlers = m_handlers;
    handlers->onMessage(std::move(message));
}

void Channel::Connection::readFailed(int status) {
    switch (SSL_get_error(m_ssl.get(), status)) {
        case SSL_ERROR_WANT_READ: return waitReadable();
        case SSL_ERROR_WANT_WRITE: return waitWritable();
        case SSL_ERROR_ZERO_RETURN:
            if (m_lengthFilled == 0) return fail(environment("tls.closed", "The other side closed the connection."));
            return fail(environment("tls.cut", "The other side closed the connection within a message."));
        default: break;
    }
    std::string const reason = takeOpensslError();
    if (m_end.error != 0) return fail(systemError("read"));
    if (m_end.ended) return fail(environment("tls.cut", "The connection ended without a goodbye."));
    fail(makeError(ErrorCode::Malformed, "tls.protocol", "TLS: " + reason + "."));
}

void Channel::Connection::handle(Handlers handlers) {
    ensure(handlers.onMessage && handlers.onClosed && !m_handlers, "handlers are given whole, and once");
    if (m_state != State::Open && m_state != State::Closed) return;
    m_handlers = std::make_shared<Handlers const>(std::move(handlers));
    if (m_state == State::Closed) {
        // It ended, by a limit of time, between the handshake and now.
        asio::post(m_loop.context, [self = shared_from_this()] {
            if (auto const waiting = std::exchange(self->m_handlers, nullptr)) {
                waiting->onClosed(environment("tls.first-message", "The connection had ended before it was used."));
            }
        });
        return;
    }
    postReady();
}

void Channel::Connection::resumeReading() {
    m_paused = false;
    postReady();
}

void Channel::Connection::trusted() {
    m_trusted = true;
    if (m_state == State::Open) m_phase.cancel();
}

// --- writing
// -------------------------------------------------------------------------------------------------------------------

void Channel::Connection::send(Bytes message) {
    if (m_state != State::Open || m_doomed) return;
    if (message.size() > m_limits->messageBytesMax) {
        return failLater(makeError(ErrorCode::TooLarge, "tls.message-too-large",
                                   "A message of " + std::to_string(message.size()) + " bytes was to be sent."));
    }
    std::size_t const bytes = kLengthBytes + message.size();
    if (!m_queue.empty() && m_queuedBytes + bytes > m_limits->queueBytesMax) {
        return failLater(makeError(ErrorCode::TooLarge, "tls.queue-full",
                                   std::to_string(m_queuedBytes) + " bytes wait to be sent."));
    }
    m_queue.push_back(std::move(message));
    m_queuedBytes += bytes;
    if (m_queuedBytes >= m_limits->queueBytesLow) m_queueWasFull = true;
    if (!m_waitingWrite) postReady();
}

void Channel::Connection::flush() {
    std::uint64_t const start = m_sent;
    while (!m_queue.empty()) {
        if (m_sent - start >= kTurnBytes) {
            postReady();
            break;
        }
        // After a write that could not be finished this gives the same bytes again, and perhaps more, as OpenSSL asks.
        std::size_t const count = compose();
        ERR_clear_error();
        std::size_t written = 0;
        int const status = SSL_write_ex(m_ssl.get(), m_loop.scratch.data(), count, &written);
        if (status != 1) {
            writeFailed(status);
            break;
        }
        m_sent += written;
        consume(written);
    }
    if (m_state == State::Closing && m_queue.empty()) return sayGoodbye();
    if (m_state == State::Open && m_queueWasFull && m_queuedBytes < m_limits->queueBytesLow) {
        m_queueWasFull = false;
        if (auto const handlers = m_handlers; handlers && handlers->onDrained) handlers->onDrained();
    }
}

std::size_t Channel::Connection::compose() noexcept {
    auto& scratch = m_loop.scratch;
    std::size_t filled = 0;
    std::size_t skip = m_frontSent;
    for (Bytes const& message : m_queue) {
        std::size_t const size = message.size();
        for (; skip < kLengthBytes && filled < scratch.size(); ++skip) {
            scratch[filled++] = static_cast<std::uint8_t>(size >> (8 * skip));
        }
        if (skip < kLengthBytes) break;
        std::size_t const offset = skip - kLengthBytes;
        std::size_t const count = std::min(size - offset, scratch.size() - filled);
        if (count > 0) std::memcpy(scratch.data() + filled, message.data() + offset, count);
        filled += count;
        if (filled == scratch.size()) break;
        skip = 0;
    }
    return filled;
}

void Channel::Connection::consume(std::size_t bytes) {
    m_queuedBytes -= bytes;
    m_frontSent += bytes;
    while (!m_queue.empty() && m_frontSent >= kLengthBytes + m_queue.front().size()) {
        m_frontSent -= kLengthBytes + m_queue.front().size();
        m_queue.pop_front();
    }
}

void Channel::Connection::writeFailed(int status) {
    switch (SSL_get_error(m_ssl.get(), status)) {
        case SSL_ERROR_WANT_WRITE: watchStall(); return waitWritable();
        case SSL_ERROR_WANT_READ: return waitReadable();
        default: break;
    }
    std::string const reason = takeOpensslError();
    Error error = m_end.error != 0 ? systemError("write")
                                   : makeError(ErrorCode::Malformed, "tls.protocol", "TLS: " + reason + ".");
    // The other side may have said why before it went.
    if (m_state == State::Open) readMessages();
    if (m_state == State::Open || m_state == State::Closing) fail(std::move(error));
}

// --- ending
// -------------------------------------------------------------------------------------------------------------------

void Channel::Connection::close() {
    if (m_state == State::Handshaking) return abort();
    if (m_state != State::Open) return;
    if (m_doomed) return abort();
    m_state = State::Closing;
    m_handlers.reset();
    m_message = {};
    for (Loop::Timer* timer : {&m_progress, &m_stall, &m_idle}) timer->cancel();
    m_phase = after(m_limits->closeTime, &Connection::abort);
    postReady();
}

void Channel::Connection::sayGoodbye() {
    if (m_saidGoodbye) return;
    ERR_clear_error();
    int const status = SSL_shutdown(m_ssl.get());
    if (status < 0 && SSL_get_error(m_ssl.get(), status) == SSL_ERROR_WANT_WRITE) return waitWritable();
    ERR_clear_error();
    m_saidGoodbye = true;
    ::shutdown(m_end.descriptor, SHUT_WR);
    // To close now would be to reset the connection if something unread lies here, and with it what is on its way.
    postReady();
}

void Channel::Connection::drain() {
    for (std::size_t dropped = 0; dropped < kTurnBytes;) {
        std::size_t got = 0;
        if (m_saidGoodbye) {
            ssize_t const received = ::recv(m_end.descriptor, m_loop.scratch.data(), m_loop.scratch.size(), 0);
            if (received < 0 && errno == EINTR) continue;
            if (received < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return waitReadable();
            if (received <= 0) return finish();
            got = static_cast<std::size_t>(received);
        } else {
            ERR_clear_error();
            int const status = SSL_read_ex(m_ssl.get(), m_loop.scratch.data(), m_loop.scratch.size(), &got);
            if (status != 1) {
                int const why = SSL_get_error(m_ssl.get(), status);
                if (why == SSL_ERROR_WANT_READ) return waitReadable();
                if (why == SSL_ERROR_WANT_WRITE) return waitWritable();
                ERR_clear_error();
                return finish();
            }
        }
        dropped += got;
    }
    postReady();
}

void Channel::Connection::abort() {
    m_handlers.reset();
    m_handshakeDone = nullptr;
    finish();
}

void Channel::Connection::abandon() {
    if (m_state != State::Closing) abort();
}

void Channel::Connection::fail(Error error) {
    if (m_state == State::Closed) return;
    if (m_state == State::Open) {
        // Whatever of a goodbye can be sent without waiting.
        SSL_shutdown(m_ssl.get());
        ERR_clear_error();
    }
    finish();
    if (auto const handlers = std::exchange(m_handlers, nullptr)) handlers->onClosed(std::move(error));
}

void Channel::Connection::failLater(Error error) {
    m_doomed = true;
    asio::post(m_loop.context,
               [self = shared_from_this(), error = std::move(error)]() mutable { self->fail(std::move(error)); });
}

void Channel::Connection::finish() {
    if (m_state == State::Closed) return;
    m_state = State::Closed;
    for (Loop::Timer* timer : {&m_phase, &m_progress, &m_stall, &m_idle}) timer->cancel();
    m_ssl.reset();
    std::error_code ignored;
    m_socket.close(ignored);
    m_message = {};
    m_queue.clear();
    m_queuedBytes = 0;
    m_seat.reset();
}

Error Channel::Connection::systemError(char const* operation) const {
    return environment("tls.broken",
                       std::string(operation) + ": " + std::generic_category().message(m_end.error) + ".");
}

// --- times
// -------------------------------------------------------------------------------------------------------------------

Loop::Timer Channel::Connection::after(std::chrono::milliseconds delay, void (Connection::*check)()) {
    return m_loop.after(delay, [weak = weak_from_this(), check] {
        if (auto const self = weak.lock()) ((*self).*check)();
    });
}

void Channel::Connection::watchProgress() {
    if (m_watchingProgress) return;
    m_watchingProgress = true;
    m_progressBytes = m_received;
    m_progressMessages = m_messagesReceived;
    m_progress = after(m_limits->progressTime, &Connection::checkProgress);
}

void Channel::Connection::checkProgress() {
    m_watchingProgress = false;
    if (m_lengthFilled == 0) return;
    auto const least = m_limits->bytesPerSecondMin * static_cast<std::uint64_t>(m_limits->progressTime.count()) / 1000;
    bool const same = m_progressMessages == m_messagesReceived;
    if (same && !m_paused && m_received - m_progressBytes < least) {
        return fail(environment("tls.too-slow", std::to_string(m_received - m_progressBytes) +
                                                    " bytes of a message in " +
                                                    std::to_string(m_limits->progressTime.count()) + " ms."));
    }
    watchProgress();
}

void Channel::Connection::watchStall() {
    if (m_watchingStall || m_state != State::Open) return;
    m_watchingStall = true;
    m_stallBytes = m_sent;
    m_stall = after(m_limits->stallTime, &Connection::checkStall);
}

void Channel::Connection::checkStall() {
    m_watchingStall = false;
    if (m_queue.empty()) return;
    if (m_sent == m_stallBytes) return fail(environment("tls.stalled", "The other side takes nothing."));
    watchStall();
}

void Channel::Connection::setIdleTime(std::chrono::milliseconds time) {
    if (m_state != State::Open) return;
    m_idleTime = time;
    m_idle.cancel();
    if (time.count() == 0) return;
    m_idleBytes = m_sent + m_received;
    m_idle = after(time, &Connection::checkIdle);
}

void Channel::Connection::checkIdle() {
    if (m_sent + m_received == m_idleBytes) return fail(environment("tls.idle", "Nothing was said for a long time."));
    setIdleTime(m_idleTime);
}

// --- the channel
// -------------------------------------------------------------------------------------------------------------------

Channel::Channel(std::shared_ptr<Connection> connection) noexcept : m_connection(std::move(connection)) {}
Channel::~Channel() { m_connection->abandon(); }

void Channel::handle(Handlers handlers) { m_connection->handle(std::move(handlers)); }
void Channel::send(Bytes message) { m_connection->send(std::move(message)); }
std::size_t Channel::queuedBytes() const noexcept { return m_connection->queuedBytes(); }
void Channel::pauseReading() { m_connection->pauseReading(); }
void Channel::resumeReading() { m_connection->resumeReading(); }
void Channel::trusted() { m_connection->trusted(); }
void Channel::setIdleTime(std::chrono::milliseconds time) { m_connection->setIdleTime(time); }
void Channel::close() { m_connection->close(); }
void Channel::abort() { m_connection->abort(); }
std::array<std::uint8_t, 32> Channel::exporter() const noexcept { return m_connection->exporter(); }
std::uint64_t Channel::bytesSent() const noexcept { return m_connection->sent(); }
std::uint64_t Channel::bytesReceived() const noexcept { return m_connection->received(); }
std::string Channel::peerAddress() const { return m_connection->peer().to_string(); }

}  // namespace spiral::tls
