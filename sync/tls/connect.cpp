#include "tls/connect.h"

#include "connection.h"
#include "context.h"

#include <asio/connect.hpp>
#include <asio/post.hpp>

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include <arpa/inet.h>

namespace spiral::tls {
namespace {

using asio::ip::tcp;
using Clock = std::chrono::steady_clock;

// A name may stand for several addresses, not all of which lead somewhere.
constexpr std::size_t kAddressesMax = 8;
constexpr std::chrono::milliseconds kAddressTime{3'000};

constexpr std::string_view kScheme = "spiral://";
constexpr std::size_t kHostBytesMax = 253;  // of a name in DNS

/// One call of connect(). Held by what it waits for.
class Attempt : public std::enable_shared_from_this<Attempt> {
public:
    Attempt(Loop::Impl& loop, std::unique_ptr<ExpectedServer> expected, ChannelLimits const& limits, Connected done)
        : m_loop(loop),
          m_resolver(loop.context),
          m_socket(loop.context),
          m_expected(std::move(expected)),
          m_limits(std::make_shared<ChannelLimits const>(limits)),
          m_deadline(Clock::now() + limits.handshakeTime),
          m_done(std::move(done)) {}

    void start(std::string const& host, std::uint16_t port) {
        m_where = toText(Address{host, port}).substr(kScheme.size());
        m_phase = m_loop.after(m_limits->handshakeTime, [weak = weak_from_this()] {
            if (auto const self = weak.lock()) self->fail("tls.timeout", "No connection in time.");
        });
        std::error_code notNumeric;
        auto const address = asio::ip::make_address(host, notNumeric);
        if (!notNumeric) {
            m_addresses.emplace_back(address, port);
            asio::post(m_loop.context, [self = shared_from_this()] { self->tryNext(); });
            return;
        }
        m_resolver.async_resolve(
            host, std::to_string(port), tcp::resolver::numeric_service,
            [self = shared_from_this()](std::error_code const& error, tcp::resolver::results_type const& found) {
                if (!self->m_done) return;
                if (error) return self->fail("tls.resolve", error.message() + ".");
                for (auto const& entry : found) {
                    if (self->m_addresses.size() < kAddressesMax) self->m_addresses.push_back(entry.endpoint());
                }
                self->tryNext();
            });
    }

private:
    void tryNext() {
        if (!m_done) return;
        if (m_next == m_addresses.size()) return fail(m_reason, m_detail);
        tcp::endpoint const endpoint = m_addresses[m_next++];
        m_socket = tcp::socket(m_loop.context);
        m_address = m_loop.after(kAddressTime, [weak = weak_from_this()] {
            auto const self = weak.lock();
            if (!self) return;
            self->m_addressTimedOut = true;
            std::error_code ignored;
            self->m_socket.close(ignored);
        });
        m_addressTimedOut = false;
        m_socket.async_connect(endpoint, [self = shared_from_this()](std::error_code const& error) {
            if (!self->m_done) return;
            self->m_address.cancel();
            if (!error && self->m_socket.is_open()) return self->shakeHands();
            self->note(error);
            self->tryNext();
        });
    }

    /// Of several failures the last is told.
    void note(std::error_code const& error) {
        m_detail = error.message() + ".";
        if (m_addressTimedOut || error == asio::error::timed_out) {
            m_reason = "tls.timeout";
            m_detail = "No answer.";
        } else {
            m_reason = error == asio::error::connection_refused ? "tls.refused" : "tls.unreachable";
        }
    }

    void shakeHands() {
        m_phase.cancel();
        if (!m_loop.clientContext) m_loop.clientContext = makeClientContext(&Channel::Connection::checkPeer);
        auto const left = std::chrono::ceil<std::chrono::milliseconds>(m_deadline - Clock::now());
        auto connection = std::make_shared<Channel::Connection>(m_loop, std::move(m_socket), *m_loop.clientContext,
                                                                m_limits, nullptr);
        connection->connect(std::move(m_expected), std::max(left, std::chrono::milliseconds(1)),
                            [self = shared_from_this(), weak = std::weak_ptr(connection)](std::optional<Error> failed) {
                                auto const done = std::exchange(self->m_done, nullptr);
                                if (failed) return done(std::move(*failed));
                                done(std::make_unique<Channel>(weak.lock()));
                            });
    }

    void fail(std::string_view reason, std::string const& detail) {
        auto const done = std::exchange(m_done, nullptr);
        std::error_code ignored;
        m_phase.cancel();
        m_address.cancel();
        m_resolver.cancel();
        m_socket.close(ignored);
        if (done) done(makeError(ErrorCode::Environment, reason, m_where + ": " + detail));
    }

    Loop::Impl& m_loop;
    tcp::resolver m_resolver;
    tcp::socket m_socket;
    std::unique_ptr<ExpectedServer> m_expected;
    std::shared_ptr<ChannelLimits const> m_limits;
    Clock::time_point m_deadline;
    Connected m_done;
    Loop::Timer m_phase;    // of finding and reaching an address
    Loop::Timer m_address;  // of reaching one of them
    std::vector<tcp::endpoint> m_addresses;
    std::size_t m_next = 0;
    bool m_addressTimedOut = false;
    std::string m_where;  // as it was called, for errors
    std::string m_reason = "tls.resolve";
    std::string m_detail = "The name has no address.";
};

bool isName(std::string_view host) {
    if (host.empty() || host.size() > kHostBytesMax || host.front() == '-' || host.front() == '.') return false;
    return std::all_of(host.begin(), host.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    });
}
bool isIpv6(std::string const& host) {
    in6_addr address{};
    return ::inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

}  // namespace

void connect(Loop& loop, std::string const& host, std::uint16_t port, trust::PublicKey const& server,
             std::string domain, ChannelLimits const& limits, Connected done) {
    auto expected = std::make_unique<ExpectedServer>(ExpectedServer{server, std::move(domain), std::nullopt});
    std::make_shared<Attempt>(loop.impl(), std::move(expected), limits, std::move(done))->start(host, port);
}

Result<Address> parseAddress(std::string_view text) {
    Error const refused =
        makeError(ErrorCode::Usage, "tls.address", "An address is spiral://host:port, and nothing else.");
    if (!text.starts_with(kScheme)) return refused;
    text.remove_prefix(kScheme.size());
    Address address;
    std::string_view rest;
    if (text.starts_with('[')) {
        std::size_t const end = text.find(']');
        if (end == std::string_view::npos) return refused;
        address.host = text.substr(1, end - 1);
        if (!isIpv6(address.host)) return refused;
        rest = text.substr(end + 1);
    } else {
        address.host = text.substr(0, text.find(':'));
        if (!isName(address.host)) return refused;
        rest = text.substr(address.host.size());
    }
    if (rest.empty()) return address;
    if (rest.size() < 2 || rest[0] != ':' || rest[1] < '1' || rest[1] > '9') return refused;
    rest.remove_prefix(1);
    auto const [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), address.port);
    if (error != std::errc() || end != rest.data() + rest.size()) return refused;
    return address;
}

std::string toText(Address const& address) {
    bool const ipv6 = address.host.find(':') != std::string::npos;
    return std::string(kScheme) + (ipv6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

}  // namespace spiral::tls
