// Through a proxy as people put it before their servers: nginx, passing TCP on without looking into it.
#include "base/files.h"
#include "harbour.h"

#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

using namespace spiral;
using namespace spiral::tls;

namespace {

constexpr char const* kNginx = "/usr/sbin/nginx";
constexpr char const* kStreamModule = "/usr/lib/nginx/modules/ngx_stream_module.so";

/// A port that was free a moment ago.
std::uint16_t freePort() {
    int const probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(probe, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    ::close(probe);
    return ntohs(address.sin_port);
}

/// nginx with one worker, as one process of ours, with all its files in a folder of its own.
class Nginx {
public:
    explicit Nginx(std::uint16_t target) : m_port(freePort()) {
        std::string const folder = m_folder.path().string();
        std::string const configuration = "load_module " + std::string(kStreamModule) + ";\n" +
                                          "daemon off;\nmaster_process off;\npid " + folder + "/pid;\nerror_log " +
                                          folder + "/log;\nevents { worker_connections 64; }\n" +
                                          "stream { server { listen 127.0.0.1:" + std::to_string(m_port) +
                                          "; proxy_pass 127.0.0.1:" + std::to_string(target) + "; } }\n";
        REQUIRE(systemFiles().replace(m_folder.path() / "nginx.conf", asBytes(configuration), FileMode::Private));
        std::string const file = folder + "/nginx.conf", log = folder + "/log";
        char const* const arguments[] = {kNginx, "-p", folder.c_str(), "-c", file.c_str(), "-e", log.c_str(), nullptr};
        REQUIRE(::posix_spawn(&m_process, kNginx, nullptr, nullptr, const_cast<char* const*>(arguments), environ) == 0);
    }
    ~Nginx() {
        ::kill(m_process, SIGTERM);
        ::waitpid(m_process, nullptr, 0);
    }
    Nginx(Nginx const&) = delete;
    Nginx& operator=(Nginx const&) = delete;
    [[nodiscard]] std::uint16_t port() const noexcept { return m_port; }
    [[nodiscard]] bool ended() { return ::waitpid(m_process, nullptr, WNOHANG) != 0; }

private:
    TemporaryFolder m_folder;
    std::uint16_t m_port;
    pid_t m_process = 0;
};

}  // namespace

TEST_CASE("through an nginx that passes TCP on, messages, exporter and goodbye are as without", "[tls][nginx]") {
    if (::access(kNginx, X_OK) != 0 || ::access(kStreamModule, R_OK) != 0) {
        WARN("nginx or its stream module is not installed: tools/packages.sh");
        return;
    }
    Harbour harbour;
    Nginx nginx(harbour.listener->port());
    // It listens when it is ready, not before.
    std::optional<Result<std::unique_ptr<Channel>>> connected;
    REQUIRE(harbour.until([&] {
        connected = harbour.tryConnect(nginx.port());
        return connected->has_value();
    }));
    End client(std::move(**connected));
    REQUIRE(harbour.until([&] { return harbour.accepted.size() == 1; }));
    End& server = *harbour.accepted[0];
    CHECK(client.channel->exporter() == server.channel->exporter());

    std::vector<Bytes> sent;
    for (std::size_t const size : {0, 1, 1'000, 100'000, 2'000'000}) {
        sent.push_back(patterned(size, size));
        client.channel->send(sent.back());
        server.channel->send(sent.back());
    }
    REQUIRE(
        harbour.until([&] { return client.messages.size() == sent.size() && server.messages.size() == sent.size(); }));
    CHECK(client.messages == sent);
    CHECK(server.messages == sent);

    client.channel->send(sent.back());
    client.channel->close();
    REQUIRE(harbour.until([&] { return server.closed.has_value(); }));
    CHECK(server.messages.size() == sent.size() + 1);
    CHECK(server.reason() == "tls.closed");
    CHECK(harbour.until([&] { return harbour.listener->counters().open == 0; }));
}
