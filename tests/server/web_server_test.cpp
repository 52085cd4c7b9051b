// Real sockets on the loopback: what a scraper, a browser and a stranger get.
#include "web/web_server.h"

#include <catch2/catch.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <chrono>
#include <stdexcept>

using namespace spiral;
using namespace spiral::web;

namespace {

class Connection {
public:
    explicit Connection(std::uint16_t port) : m_file(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        timeval const patience{20, 0};
        ::setsockopt(m_file, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        m_open = ::connect(m_file, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    }
    ~Connection() { ::close(m_file); }
    Connection(Connection const&) = delete;
    Connection& operator=(Connection const&) = delete;
    bool open() const { return m_open; }
    void send(std::string_view text) { (void)!::send(m_file, text.data(), text.size(), MSG_NOSIGNAL); }
    /// All until the other side closes.
    std::string rest() {
        std::string all;
        char buffer[4096];
        for (ssize_t got = 0; (got = ::recv(m_file, buffer, sizeof buffer, 0)) > 0;)
            all.append(buffer, static_cast<std::size_t>(got));
        return all;
    }

private:
    int m_file;
    bool m_open = false;
};

std::string ask(std::uint16_t port, std::string const& line, std::string const& headers = {}) {
    Connection connection(port);
    REQUIRE(connection.open());
    connection.send(line + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + headers + "\r\n");
    return connection.rest();
}

bool has(std::string const& text, std::string_view part) { return text.find(part) != std::string::npos; }

struct Served {
    Health health{true, "good"};
    std::unique_ptr<WebServer> server;
    Served() {
        auto started =
            WebServer::start("127.0.0.1", 0, {[this] { return health; }, [] { return std::string("up 1\n"); }});
        REQUIRE(started);
        server = std::move(*started);
    }
    std::uint16_t port() const { return server->port(); }
};

}  // namespace

TEST_CASE("health and metrics are told, with headers that keep browsers out", "[web]") {
    Served served;
    REQUIRE(served.port() != 0);
    auto const health = ask(served.port(), "GET /healthz");
    CHECK(health.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(health.ends_with("\r\n\r\ngood\n"));
    for (char const* header :
         {"Content-Type: text/plain; charset=utf-8\r\n", "Content-Length: 5\r\n", "X-Content-Type-Options: nosniff\r\n",
          "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n", "Cache-Control: no-store\r\n",
          "X-Frame-Options: DENY\r\n", "Referrer-Policy: no-referrer\r\n"}) {
        INFO(health);
        CHECK(has(health, header));
    }
    CHECK_FALSE(has(health, "Server:"));
    auto const metrics = ask(served.port(), "GET /metrics");
    CHECK(has(metrics, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    CHECK(metrics.ends_with("\r\n\r\nup 1\n"));
    served.health = {false, "the disk is full"};
    auto const sick = ask(served.port(), "GET /healthz?verbose=1");
    CHECK(sick.starts_with("HTTP/1.1 503 "));
    CHECK(sick.ends_with("the disk is full\n"));
}

TEST_CASE("HEAD gives the headers alone; other methods and paths are refused", "[web]") {
    Served served;
    auto const head = ask(served.port(), "HEAD /metrics");
    CHECK(head.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(has(head, "Content-Length: 5\r\n"));
    CHECK(head.ends_with("\r\n\r\n"));
    for (char const* path : {"/", "/healthz/", "/../etc/passwd", "/metrics/x", "/HEALTHZ"}) {
        INFO(path);
        CHECK(ask(served.port(), "GET " + std::string(path)).starts_with("HTTP/1.1 404 "));
    }
    for (char const* method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH"}) {
        auto const refused = ask(served.port(), std::string(method) + " /healthz");
        INFO(refused);
        CHECK(refused.starts_with("HTTP/1.1 405 "));
        CHECK(has(refused, "Allow: GET, HEAD\r\n"));
    }
}

TEST_CASE("what is too large or no HTTP ends the connection without an answer from a page", "[web]") {
    Served served;
    auto const never = [&](std::string const& answer) {
        INFO(answer);
        CHECK_FALSE(answer.starts_with("HTTP/1.1 200"));
    };
    never(ask(served.port(), "GET /healthz?" + std::string(kUrlBytesMax + 1, 'a')));
    never(ask(served.port(), "GET /healthz", "X: " + std::string(kHeaderValueBytesMax + 1, 'a') + "\r\n"));
    never(ask(served.port(), "GET /healthz", std::string(kHeaderNameBytesMax + 1, 'a') + ": 1\r\n"));
    std::string many;
    for (std::size_t i = 0; i <= kHeaderFieldsMax; ++i) many += "X" + std::to_string(i) + ": 1\r\n";
    never(ask(served.port(), "GET /healthz", many));
    never(ask(served.port(), "GET /healthz", "Content-Length: 5\r\n\r\nhello"));
    Connection garbage(served.port());
    garbage.send(std::string("\x16\x03\x01\x00\xff", 5) + std::string(2000, '\x01'));
    never(garbage.rest());
    CHECK(ask(served.port(), "GET /healthz").starts_with("HTTP/1.1 200"));
}

TEST_CASE("who sends a request slowly is shut out after a while, and keeps nobody else waiting", "[web]") {
    Served served;
    Connection slow(served.port());
    slow.send("GET /healthz HTTP/1.1\r\nHost: l");
    CHECK(ask(served.port(), "GET /healthz").starts_with("HTTP/1.1 200"));
    auto const began = std::chrono::steady_clock::now();
    CHECK_FALSE(slow.rest().starts_with("HTTP/1.1 200"));
    auto const waited = std::chrono::steady_clock::now() - began;
    CHECK(waited < std::chrono::seconds{kRequestSeconds + 8});
}

TEST_CASE("a handler that throws is a 500, and the server goes on", "[web]") {
    bool fails = true;
    auto started = WebServer::start("127.0.0.1", 0,
                                    {[&]() -> Health {
                                         if (fails) throw std::runtime_error("secret detail");
                                         return {true, "good"};
                                     },
                                     [] { return std::string(); }});
    REQUIRE(started);
    auto const failed = ask((*started)->port(), "GET /healthz");
    CHECK(failed.starts_with("HTTP/1.1 500 "));
    CHECK_FALSE(has(failed, "secret"));
    fails = false;
    CHECK(ask((*started)->port(), "GET /healthz").starts_with("HTTP/1.1 200"));
}

TEST_CASE("an address that is taken or none is an error; a stopped server is gone", "[web]") {
    Served served;
    auto const port = served.port();
    auto const taken = WebServer::start("127.0.0.1", port, {});
    REQUIRE_FALSE(taken);
    CHECK(taken.error().reason == "web.listen");
    CHECK_FALSE(WebServer::start("not an address", 0, {}));
    {
        Connection idle(port);
        served.server->stop();
        CHECK(idle.rest().empty());
    }
    served.server->stop();
    CHECK_FALSE(Connection(port).open());
}
