// What an idle connection costs a server: its resident memory with so many TLS connections that say nothing, and the
// processor's time of their handshakes.
//     bench_idle_connections --connections 10000
// The clients live in a child process, so the memory is the server's alone. Both sides need a descriptor for each.
#include "bench.h"

#include "base/random.h"
#include "tls/connect.h"
#include "tls/listener.h"

#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace spiral;
using namespace spiral::tls;
using namespace std::chrono_literals;

namespace {

constexpr char const* kDomain = "qa.example.edu.cn";
constexpr std::size_t kSpareDescriptors = 64;
constexpr std::size_t kAtOnce = 32;

double residentBytes() {
    std::ifstream statm("/proc/self/statm");
    double all = 0, resident = 0;
    statm >> all >> resident;
    return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

bool allowDescriptors(std::size_t count) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
    if (limit.rlim_cur >= count) return true;
    limit.rlim_cur = count;
    limit.rlim_max = std::max<rlim_t>(limit.rlim_max, count);  // for root
    return ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

/// The child: connects them all, a few at a time, each with one message there and back, and then only holds them until
/// the pipe ends.
int holdConnections(std::uint16_t port, trust::PublicKey const& server, std::size_t count, int pipe) {
    Loop loop;
    ChannelLimits limits;
    limits.handshakeTime = 60s;
    std::vector<std::unique_ptr<Channel>> channels;
    std::size_t begun = 0, answered = 0, failed = 0;
    std::function<void()> const next = [&] {
        if (begun == count) return;
        ++begun;
        connect(loop, "127.0.0.1", port, server, kDomain, limits, [&](Result<std::unique_ptr<Channel>> result) {
            if (!result) {
                ++failed;
                std::fprintf(stderr, "%s: %s\n", result.error().reason.c_str(), result.error().detail.c_str());
                return next();
            }
            channels.push_back(std::move(*result));
            channels.back()->handle({[&](Bytes) {
                                         ++answered;
                                         next();
                                     },
                                     {},
                                     [&](Error) { ++failed; }});
            channels.back()->send(toBytes(std::string_view("a short question")));
        });
    };
    for (std::size_t i = 0; i < kAtOnce; ++i) next();
    while (answered + failed < count) loop.turn(100ms);
    char end = 0;
    (void)!::read(pipe, &end, 1);
    return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int count, char** values) {
    bench::Arguments const arguments(count, values, {{"connections", "10000"}});
    std::size_t const connections = arguments.number("connections");
    if (!allowDescriptors(connections + kSpareDescriptors)) {
        std::fprintf(stderr, "not so many descriptors allowed: %zu\n", connections + kSpareDescriptors);
        return 1;
    }
    Loop loop;
    auto device = trust::SecretKey::generate(systemRandom());
    auto const identity = Identity::make(device, kDomain);
    ListenerLimits limits;
    limits.connectionsMax = limits.connectionsPerAddressMax = connections;
    std::vector<std::unique_ptr<Channel>> channels;
    std::size_t answered = 0;
    auto const listener =
        Listener::open(loop, *identity, "127.0.0.1", 0, limits, {}, [&](std::unique_ptr<Channel> channel) {
            Channel* const one = channel.get();
            one->trusted();
            one->handle({[&answered, one](Bytes message) {
                             one->send(std::move(message));
                             ++answered;
                         },
                         {},
                         [](Error) {}});
            channels.push_back(std::move(channel));
        });
    if (!listener) {
        std::fprintf(stderr, "%s\n", listener.error().detail.c_str());
        return 1;
    }

    int pipe[2];
    if (::pipe(pipe) != 0) return 1;
    // Forked before any connection is there; the child leaves the listener to its parent.
    pid_t const child = ::fork();
    if (child == 0) {
        ::close(pipe[1]);
        ::_exit(holdConnections((*listener)->port(), device.publicKey(), connections, pipe[0]));
    }
    ::close(pipe[0]);
    double const before = residentBytes();
    int status = 0;
    auto const cost = bench::costOf([&] {
        while (answered < connections && ::waitpid(child, &status, WNOHANG) == 0) loop.turn(100ms);
    });
    auto const quiet = std::chrono::steady_clock::now() + 500ms;
    while (std::chrono::steady_clock::now() < quiet) loop.turn(100ms);
    double const after = residentBytes();
    std::size_t const open = (*listener)->counters().open;
    std::printf(
        "%s idle connections: %s MB, %s KB each (before: %s MB); %s ms of the processor for each to come and say a "
        "word\n",
        bench::shown(static_cast<double>(open)).c_str(), bench::shown(after / 1e6).c_str(),
        bench::shown((after - before) / static_cast<double>(open) / 1e3).c_str(), bench::shown(before / 1e6).c_str(),
        bench::shown(cost.cpu / static_cast<double>(connections) * 1e3).c_str());
    ::close(pipe[1]);
    channels.clear();
    ::waitpid(child, &status, 0);
    return open == connections && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : 1;
}
