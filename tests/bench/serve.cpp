// What serving costs: the server's processor for each frame that is pulled, by how many pull at once; its memory with a
// small and a large store; and how long a document takes from one connected replica to another.
//     bench_serve --few 1000 --many 100000 --callers 100 --saves 50
// Each server is a process of its own, begun before any frame is made, and so is the one that pulls: it proves its key,
// sends no tips, answers that all is stored, and stores nothing. TLS is real. Latency is that of two `sync --watch` and a
// server in one process: from the moment the writer's seal has returned (it is on the disk) until another opening of the
// reader's store finds the revision.
#include "college.h"

#include "server/sync_server.h"
#include "tls/connect.h"
#include "tls/loop.h"
#include "transport/watch.h"

#include <atomic>
#include <fstream>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

using namespace spiral;
using namespace spiral::bench;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kTextBytes = 1024;
constexpr std::size_t kMadeAtOnce = 5'000;

double memory(std::string_view name) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with(name)) return std::strtod(line.c_str() + name.size() + 1, nullptr) * 1024;
    }
    return 0;
}

struct Borrowed final : trust::Signer {
    explicit Borrowed(trust::Signer& lender) : signer(lender) {}
    trust::PublicKey const& publicKey() const noexcept override { return signer.publicKey(); }
    Result<trust::Signature> sign(std::string_view nameSpace, ByteView message) override {
        return signer.sign(nameSpace, message);
    }
    trust::Signer& signer;
};

/// A process that does `work` with what it reads and writes, from now on.
class Child {
public:
    template <class Work>
    explicit Child(Work&& work) {
        int down[2], up[2];
        REQUIRE(::pipe(down) == 0 && ::pipe(up) == 0);
        std::fflush(stdout);
        m_process = ::fork();
        REQUIRE(m_process >= 0);
        FILE* const in = ::fdopen(m_process == 0 ? down[0] : up[0], "r");
        FILE* const out = ::fdopen(m_process == 0 ? up[1] : down[1], "w");
        ::close(m_process == 0 ? down[1] : down[0]);
        ::close(m_process == 0 ? up[0] : up[1]);
        if (m_process == 0) {
            work(in, out);
            ::_exit(0);   // the folders are the parent's
        }
        m_in = in;
        m_out = out;
    }
    Child(Child const&) = delete;
    Child& operator=(Child const&) = delete;
    ~Child() {
        // Its pipe does not end when we close it: later children hold it too.
        std::fputs("end\n", m_out);
        std::fclose(m_out);
        int status = 0;
        ::waitpid(m_process, &status, 0);
        std::fclose(m_in);
    }
    /// Asks with two numbers; gives three.
    struct Told {
        double a = 0, b = 0, c = 0;
    };
    Told ask(std::size_t first, std::size_t second = 0) {
        std::fprintf(m_out, "%zu %zu\n", first, second);
        std::fflush(m_out);
        Told told;
        REQUIRE(std::fscanf(m_in, "%lf %lf %lf", &told.a, &told.b, &told.c) == 3);
        return told;
    }
    template <class Answer>
    static void serve(FILE* in, FILE* out, Answer&& answer) {
        std::size_t first = 0, second = 0;
        while (std::fscanf(in, "%zu %zu", &first, &second) == 2) {
            Told const told = answer(first, second);
            std::fprintf(out, "%.9f %.9f %.9f\n", told.a, told.b, told.c);
            std::fflush(out);
        }
    }

private:
    pid_t m_process;
    FILE *m_in = nullptr, *m_out = nullptr;
};

std::unique_ptr<server::SyncServer> startServer(Machine& machine) {
    replica::Limits limits;
    limits.cacheKib = server::SyncServer::kCacheKib;
    auto opened = replica::Replica::open(machine.folder(), machine.world(), replica::Access::Write, limits, machine.guardFile());
    REQUIRE(opened);
    server::SyncSettings settings;
    settings.host = "127.0.0.1";
    settings.port = 0;
    settings.connectionsPerDeviceMax = 1'000;
    auto started = server::SyncServer::serve(std::move(*opened), std::make_unique<Borrowed>(machine.secret()), settings,
                                             [](server::Event const&) {});
    REQUIRE(started);
    return std::move(*started);
}

/// Serves the machine's store from the first question on; tells port, or processor and memory.
void serveStore(Machine& machine, FILE* in, FILE* out) {
    std::unique_ptr<server::SyncServer> running;
    Child::serve(in, out, [&](std::size_t, std::size_t) -> Child::Told {
        if (!running) {
            running = startServer(machine);
            return {static_cast<double>(running->port()), 0, 0};
        }
        return {processorSeconds(), memory("VmRSS:"), memory("VmHWM:")};
    });
    if (running) running->stop();
}

struct Puller {
    std::unique_ptr<tls::Channel> channel;
    std::size_t frames = 0;
    bool done = false;
};

/// So many pull everything at once: frames, seconds.
Child::Told pull(BenchCollege& bench, trust::SecretKey& key, trust::PublicKey const& server, std::uint16_t port,
                 std::size_t callers) {
    auto const& registry = bench.college().registry;
    auto const device = trust::deviceIdOf(key.publicKey());
    tls::Loop loop;
    std::vector<Puller> pullers(callers);
    std::size_t open = callers;
    auto const began = std::chrono::steady_clock::now();
    for (auto& puller : pullers) {
        tls::connect(loop, "127.0.0.1", port, server, registry.domain(), {}, [&](Result<std::unique_ptr<tls::Channel>> made) {
            REQUIRE(made);
            puller.channel = std::move(*made);
            puller.channel->handle({[&](Bytes bytes) {
                                        auto const message = protocol::unpack(bytes);
                                        REQUIRE(message);
                                        if (auto const* batch = std::get_if<protocol::Batch>(&*message)) {
                                            puller.frames += batch->frames.size();
                                            auto const count = static_cast<std::uint32_t>(batch->frames.size());
                                            puller.channel->send(protocol::pack(
                                                protocol::Answers{{{trust::Answer::What::Stored, count, {}, {}}}}));
                                        } else if (std::holds_alternative<protocol::Holding>(*message) && !puller.done) {
                                            puller.done = true;
                                            --open;
                                        }
                                    },
                                    {},
                                    [&](Error const& error) {
                                        std::fprintf(stderr, "%s\n", error.reason.c_str());
                                        REQUIRE(puller.done);
                                    }});
            protocol::Greeting greeting;
            greeting.school = registry.school();
            greeting.device = device;
            greeting.registryHead = registry.head();
            greeting.proof =
                key.sign(trust::nameSpaceFor("session", registry.domain()),
                         protocol::proofText(puller.channel->exporter(), registry.school(), device, trust::deviceIdOf(server)))
                    .value();
            puller.channel->send(protocol::pack(greeting));
            puller.channel->send(protocol::pack(protocol::Tips{}));
        });
    }
    while (open > 0) loop.turn(100ms);
    double const took = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    double frames = 0;
    for (auto& puller : pullers) {
        frames += static_cast<double>(puller.frames);
        puller.channel->close();
    }
    loop.turn(10ms);
    return {frames, took, 0};
}

void measurePulls(BenchCollege& bench, std::vector<std::size_t> const& sizes, std::size_t callersMax) {
    struct Store {
        std::size_t frames;
        std::unique_ptr<Machine> machine;
        std::unique_ptr<Child> server;
    };
    std::vector<Store> stores;
    for (std::size_t const frames : sizes) {
        Store store{frames, bench.newServer(), nullptr};
        store.machine->close();
        auto& machine = *store.machine;
        store.server = std::make_unique<Child>([&machine](FILE* in, FILE* out) { serveStore(machine, in, out); });
        stores.push_back(std::move(store));
    }
    auto const reader = bench.newReader();
    header({"frames held", "pulling at once", "frames pulled", "server's processor a frame, µs", "s", "server's memory, MB",
            "at most"});
    for (auto& store : stores) {
        store.machine->open();
        bench.beginFeed();
        for (std::size_t done = 0; done < store.frames; done += kMadeAtOnce) {
            BenchCollege::importAll(**store.machine, bench.frames(std::min(kMadeAtOnce, store.frames - done), 1, kTextBytes));
        }
        store.machine->close();
        auto const port = static_cast<std::size_t>(store.server->ask(0).a);
        auto const idle = store.server->ask(0);
        row({shown(static_cast<double>(store.frames)), "0", "0", "–", "–", shown(idle.b / 1e6), shown(idle.c / 1e6)});
        Child onePuller([&](FILE* in, FILE* out) {
            Child::serve(in, out, [&](std::size_t, std::size_t callers) {
                return pull(bench, reader->secret(), store.machine->secret().publicKey(), static_cast<std::uint16_t>(port),
                            callers);
            });
        });
        for (std::size_t callers = 1; callers <= callersMax && callers * store.frames <= 400'000; callers *= 10) {
            double const before = store.server->ask(0).a;
            auto const pulled = onePuller.ask(0, callers);
            auto const after = store.server->ask(0);
            REQUIRE(pulled.a >= static_cast<double>(callers * store.frames));
            row({shown(static_cast<double>(store.frames)), std::to_string(callers), shown(pulled.a),
                 shown((after.a - before) / pulled.a * 1e6), shown(pulled.b), shown(after.b / 1e6), shown(after.c / 1e6)});
        }
        store.server.reset();
    }
}

void measureLatency(BenchCollege& bench, std::size_t saves) {
    auto const server = bench.newServer();
    server->close();
    auto writer = bench.newClerk();
    auto reader = bench.newReader();
    writer->close();
    reader->close();
    TemporaryFolder const guards("spiral-guards");
    ::setenv("XDG_STATE_HOME", guards.path().c_str(), 1);
    replica::World const world{systemWallClock(), systemMonotonicClock(), systemRandom(), systemFiles()};
    auto const running = startServer(*server);
    std::atomic<bool> stop = false;
    std::atomic<int> agreed = 0;
    auto const watching = [&](Machine& machine) {
        return std::thread([&] {
            auto const ended = transport::watch(
                machine.folder(), world, machine.secret(), {"127.0.0.1", running->port()}, server->secret().publicKey(), {},
                [&] { return stop.load(); },
                [&](transport::WatchEvent const& event) {
                    if (event.what == transport::WatchEvent::What::Connected) ++agreed;
                });
            REQUIRE(ended);
        });
    };
    std::thread first = watching(*writer), second = watching(*reader);
    while (agreed < 2) std::this_thread::sleep_for(5ms);
    std::this_thread::sleep_for(300ms);
    auto const looking = replica::Replica::open(reader->folder(), world, replica::Access::Read);
    REQUIRE(looking);
    std::vector<double> times;
    for (std::size_t i = 0; i < saves; ++i) {
        // Not in step with the watchers' looks.
        std::this_thread::sleep_for(std::chrono::milliseconds(150 + bench.random().below(40)));
        auto document = bench.newDocument(kTextBytes);
        auto const made = bench.revisionOf(document);
        {
            std::unique_ptr<replica::Replica> store;
            while (!store) {
                auto opened = replica::Replica::open(writer->folder(), world, replica::Access::Write);
                if (opened) store = std::move(*opened);
                else std::this_thread::sleep_for(1ms);
            }
            REQUIRE(store->seal(trust::scopeOf(kUnit), {made}, writer->secret()));
        }
        auto const began = std::chrono::steady_clock::now();
        while (!(*looking)->revisionBytes(made.item.id)) {
            std::this_thread::sleep_for(500us);
            REQUIRE(std::chrono::steady_clock::now() - began < 60s);
        }
        times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count());
    }
    stop = true;
    first.join();
    second.join();
    running->stop();
    std::sort(times.begin(), times.end());
    header({"saved → held by another that watches, ms", "median", "nine of ten", "slowest"});
    row({std::to_string(saves) + " documents", shown(median(times)), shown(times[times.size() * 9 / 10]), shown(times.back())});
}

}  // namespace

int main(int count, char** values) {
    Arguments const arguments(count, values,
                              {{"few", "1000"}, {"many", "100000"}, {"callers", "100"}, {"saves", "50"}, {"folder", ""}});
    makeFoldersIn(arguments.text("folder"));
    BenchCollege bench;
    measurePulls(bench, {arguments.number("few"), arguments.number("many")}, arguments.number("callers"));
    measureLatency(bench, arguments.number("saves"));
    return 0;
}
