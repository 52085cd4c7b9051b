#include "tls/listener.h"

#include "connection.h"
#include "context.h"

#include <asio/ip/v6_only.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <new>
#include <utility>

#include <fcntl.h>

namespace spiral::tls {
namespace {

using asio::ip::tcp;

// After accept() failed for want of descriptors or memory: trying at once would only burn the processor.
constexpr std::chrono::milliseconds kAcceptPause{250};

/// What counts as one address: all four bytes of IPv4, the network's eight of IPv6.
using AddressKey = std::array<std::uint8_t, 9>;
AddressKey keyOf(asio::ip::address const& address) {
    AddressKey key{};
    if (address.is_v6() && !address.to_v6().is_v4_mapped()) {
        auto const bytes = address.to_v6().to_bytes();
        key[0] = 6;
        std::copy_n(bytes.begin(), 8, key.begin() + 1);
    } else {
        auto const bytes =
            (address.is_v4() ? address.to_v4() : asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()))
                .to_bytes();
        key[0] = 4;
        std::copy_n(bytes.begin(), 4, key.begin() + 1);
    }
    return key;
}

struct AddressCounts {
    std::size_t connections = 0;
    std::size_t handshakes = 0;
};

/// Who sits where. Outlives the listener for as long as one of its connections is open.
struct Seats {
    std::map<AddressKey, AddressCounts> addresses;
    ListenerCounters counters;
};

/// One connection's place in the counts, given back with its socket.
class Seat {
public:
    Seat(std::shared_ptr<Seats> seats, AddressKey const& address) : m_seats(std::move(seats)), m_address(address) {
        AddressCounts& counts = m_seats->addresses[m_address];
        ++counts.connections;
        ++counts.handshakes;
        ++m_seats->counters.handshaking;
    }
    ~Seat() {
        auto const counts = m_seats->addresses.find(m_address);
        if (m_handshaking) {
            --counts->second.handshakes;
            --m_seats->counters.handshaking;
        } else {
            --m_seats->counters.open;
        }
        if (--counts->second.connections == 0) m_seats->addresses.erase(counts);
    }
    Seat(Seat const&) = delete;
    Seat& operator=(Seat const&) = delete;

    void handshakeDone() {
        m_handshaking = false;
        --m_seats->addresses[m_address].handshakes;
        --m_seats->counters.handshaking;
        ++m_seats->counters.open;
    }

private:
    std::shared_ptr<Seats> m_seats;
    AddressKey m_address;
    bool m_handshaking = true;
};

}  // namespace

class Listener::State : public std::enable_shared_from_this<Listener::State> {
public:
    State(Loop::Impl& loop, Identity const& identity, ListenerLimits const& limits, ChannelLimits const& channelLimits,
          Accepted accepted)
        : m_loop(loop),
          m_acceptor(loop.context),
          m_context(makeServerContext(identity.state())),
          m_limits(limits),
          m_channelLimits(std::make_shared<ChannelLimits const>(channelLimits)),
          m_accepted(std::make_shared<Accepted const>(std::move(accepted))) {}

    Result<void> open(asio::ip::address const& address, std::uint16_t port) {
        tcp::endpoint const endpoint(address, port);
        std::error_code error;
        m_acceptor.open(endpoint.protocol(), error);
        if (!error) m_acceptor.set_option(tcp::acceptor::reuse_address(true), error);
        if (!error && address.is_v6()) m_acceptor.set_option(asio::ip::v6_only(false), error);
        if (!error) m_acceptor.bind(endpoint, error);
        if (!error) m_acceptor.listen(tcp::acceptor::max_listen_connections, error);
        if (!error) m_port = m_acceptor.local_endpoint(error).port();
        if (error) {
            return makeError(
                ErrorCode::Environment, "tls.listen",
                "listen on " + address.to_string() + " port " + std::to_string(port) + ": " + error.message() + ".");
        }
        ::fcntl(m_acceptor.native_handle(), F_SETFD, FD_CLOEXEC);
        acceptNext();
        return {};
    }

    void stop() {
        std::error_code ignored;
        m_acceptor.close(ignored);
        m_pause.cancel();
        m_accepted.reset();
        for (auto const& connection : std::exchange(m_handshaking, {})) connection.second->abort();
    }

    void setLimits(ListenerLimits const& limits, ChannelLimits const& channelLimits) {
        m_limits = limits;
        m_channelLimits = std::make_shared<ChannelLimits const>(channelLimits);
    }
    [[nodiscard]] std::uint16_t port() const noexcept { return m_port; }
    [[nodiscard]] ListenerCounters const& counters() const noexcept { return m_seats->counters; }

private:
    using Connection = Channel::Connection;

    void acceptNext() {
        m_acceptor.async_accept(m_loop.context,
                                [self = shared_from_this()](std::error_code const& error, tcp::socket socket) {
                                    if (!self->m_acceptor.is_open()) return;
                                    if (!error) {
                                        self->take(std::move(socket));
                                    } else if (error != asio::error::connection_aborted) {
                                        return self->pause();
                                    }
                                    if (self->m_acceptor.is_open()) self->acceptNext();
                                });
    }

    void pause() {
        ++m_seats->counters.acceptsFailed;
        m_pause = m_loop.after(kAcceptPause, [weak = weak_from_this()] {
            if (auto const self = weak.lock()) self->acceptNext();
        });
    }

    void take(tcp::socket socket) {
        ListenerCounters& counters = m_seats->counters;
        std::error_code error;
        auto const peer = socket.remote_endpoint(error);
        if (error) {  // it has gone already
            ++counters.handshakesFailed;
            return;
        }
        AddressKey const address = keyOf(peer.address());
        auto const known = m_seats->addresses.find(address);
        AddressCounts const counts = known == m_seats->addresses.end() ? AddressCounts{} : known->second;
        if (counters.open + counters.handshaking >= m_limits.connectionsMax) {
            ++counters.refusedByConnections;
            return;
        }
        if (counts.connections >= m_limits.connectionsPerAddressMax ||
            counts.handshakes >= m_limits.handshakesPerAddressMax) {
            ++counters.refusedByAddress;
            return;
        }
        if (counters.handshaking >= m_limits.handshakesMax) {
            ++counters.refusedByHandshakes;
            return;
        }
        auto seat = std::make_shared<Seat>(m_seats, address);
        std::weak_ptr<Seat> const weakSeat = seat;
        std::shared_ptr<Connection> connection;
        try {
            connection =
                std::make_shared<Connection>(m_loop, std::move(socket), *m_context, m_channelLimits, std::move(seat));
        } catch (std::bad_alloc const&) {
            ++counters.acceptsFailed;
            return;
        }
        m_handshaking.emplace(connection.get(), connection);
        connection->accept([weak = weak_from_this(), weakSeat, key = connection.get()](std::optional<Error> failed) {
            if (auto const self = weak.lock()) self->shake(key, weakSeat, failed.has_value());
        });
    }

    /// The handshake of `key` has ended.
    void shake(Connection* key, std::weak_ptr<Seat> const& weakSeat, bool failed) {
        auto const node = m_handshaking.extract(key);
        if (node.empty()) return;
        if (failed) {
            ++m_seats->counters.handshakesFailed;
            return;
        }
        if (auto const seat = weakSeat.lock()) seat->handshakeDone();
        ++m_seats->counters.accepted;
        // Held here, since the callback may destroy the listener.
        if (auto const accepted = m_accepted) (*accepted)(std::make_unique<Channel>(node.mapped()));
    }

    Loop::Impl& m_loop;
    tcp::acceptor m_acceptor;
    SslContext m_context;
    ListenerLimits m_limits;
    std::shared_ptr<ChannelLimits const> m_channelLimits;
    std::shared_ptr<Accepted const> m_accepted;
    std::shared_ptr<Seats> m_seats = std::make_shared<Seats>();
    std::map<Connection*, std::shared_ptr<Connection>> m_handshaking;
    Loop::Timer m_pause;
    std::uint16_t m_port = 0;
};

Result<std::unique_ptr<Listener>> Listener::open(Loop& loop, Identity const& identity, std::string const& host,
                                                 std::uint16_t port, ListenerLimits const& limits,
                                                 ChannelLimits const& channelLimits, Accepted accepted) {
    std::error_code error;
    auto const address = asio::ip::make_address(host, error);
    if (error) return makeError(ErrorCode::Usage, "tls.address", "'" + host + "' is no numeric address.");
    auto state = std::make_shared<State>(loop.impl(), identity, limits, channelLimits, std::move(accepted));
    if (auto const opened = state->open(address, port); !opened) return opened.error();
    return std::unique_ptr<Listener>(new Listener(std::move(state)));
}

Listener::Listener(std::shared_ptr<State> state) noexcept : m_state(std::move(state)) {}
Listener::~Listener() { m_state->stop(); }
std::uint16_t Listener::port() const noexcept { return m_state->port(); }
void Listener::setLimits(ListenerLimits const& limits, ChannelLimits const& channelLimits) {
    m_state->setLimits(limits, channelLimits);
}
void Listener::stop() { m_state->stop(); }
ListenerCounters Listener::counters() const noexcept { return m_state->counters(); }

}  // namespace spiral::tls
