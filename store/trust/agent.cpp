#include "trust/agent.h"

#include "ed25519.h"
#include "secret_key.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace spiral::trust {
namespace {

enum class Request : std::uint8_t { PublicKey = 1, Sign = 2, Forget = 3 };
enum class Answer : std::uint8_t { Done = 0, Refused = 1 };

constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kHashBytes = std::tuple_size_v<ed25519::Hash512>;
// A person has a few commands open at a time; the rest waits in the queue of the socket.
constexpr std::size_t kConnectionsMax = 16;
// How often the agent looks whether its socket is still there and its time is over.
constexpr int kLookMilliseconds = 500;
// An agent answers in a fraction of a millisecond, so one that needs longer is as good as gone.
constexpr time_t kClientPatienceSeconds = 5;

/// Calls again while a signal interrupts.
template <class Call>
auto uninterrupted(Call call) {
    auto result = call();
    while (result < 0 && errno == EINTR) result = call();
    return result;
}

Error systemError(char const* operation) {
    return makeError(ErrorCode::Environment, "agent.system",
                     std::string(operation) + ": " + std::generic_category().message(errno) + ".");
}
Error gone() { return makeError(ErrorCode::Locked, "agent.gone"); }

class Descriptor {
public:
    explicit Descriptor(int number) noexcept : m_number(number) {}
    ~Descriptor() {
        if (m_number >= 0) ::close(m_number);
    }
    Descriptor(Descriptor&& other) noexcept : m_number(std::exchange(other.m_number, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(m_number, other.m_number);
        return *this;
    }
    [[nodiscard]] int number() const noexcept { return m_number; }
    [[nodiscard]] bool isOpen() const noexcept { return m_number >= 0; }
    /// Gives the number up without closing it.
    void release() noexcept { m_number = -1; }

private:
    int m_number;
};

/// Where a socket lies: its folder, held open so that all we check and do concerns the same one, and its name there.
struct SocketPlace {
    Descriptor folder;
    std::string name;
};

Result<SocketPlace> openPlace(Path const& socket) {
    SocketPlace place{Descriptor(-1), socket.filename().string()};
    if (place.name.empty() || place.name.size() > kSocketNameBytesMax) {
        return makeError(ErrorCode::Usage, "agent.socket-name");
    }
    Path const folder = socket.has_parent_path() ? socket.parent_path() : Path(".");
    place.folder =
        Descriptor(uninterrupted([&folder] { return ::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC); }));
    if (!place.folder.isOpen()) {
        if (errno == ENOENT) return makeError(ErrorCode::NotFound, "agent.no-folder");
        return systemError("open the folder of the socket");
    }
    struct stat status {};
    if (::fstat(place.folder.number(), &status) != 0) return systemError("look at the folder of the socket");
    // Who may write here could put a socket of his own in the agent's place.
    if (status.st_uid != ::geteuid() || (status.st_mode & 0077U) != 0) {
        return makeError(ErrorCode::Refused, "agent.folder", "The folder of the socket is not private to the user.");
    }
    return place;
}

/// The short name of a socket, right for as long as its folder is held open.
sockaddr_un addressOf(SocketPlace const& place, std::string const& name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::string const path = "/proc/self/fd/" + std::to_string(place.folder.number()) + "/" + name;
    ensure(path.size() < sizeof address.sun_path, "the short name of a socket is too long");
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return address;
}

bool isOurUser(int socket) noexcept {
    ucred peer{};
    socklen_t size = sizeof peer;
    return ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == ::geteuid();
}

/// A connection to the agent at `place`; Locked if nobody of ours listens there.
Result<Descriptor> connectTo(SocketPlace const& place) {
    Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket.isOpen()) return systemError("make a socket");
    timeval const patience{kClientPatienceSeconds, 0};
    ::setsockopt(socket.number(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket.number(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    sockaddr_un const address = addressOf(place, place.name);
    if (uninterrupted([&] {
            return ::connect(socket.number(), reinterpret_cast<sockaddr const*>(&address), sizeof address);
        }) != 0) {
        return makeError(ErrorCode::Locked, "agent.absent");
    }
    if (!isOurUser(socket.number())) return makeError(ErrorCode::Refused, "agent.other-user");
    return socket;
}

void appendLength(Bytes& out, std::size_t length) {
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(length >> shift));
}
std::size_t lengthOf(std::span<std::uint8_t const, kLengthBytes> bytes) noexcept {
    std::size_t length = 0;
    for (std::uint8_t const byte : bytes) length = (length << 8U) | byte;
    return length;
}

Bytes frame(std::uint8_t first, ByteView rest) {
    Bytes bytes;
    bytes.reserve(kLengthBytes + 1 + rest.size());
    appendLength(bytes, 1 + rest.size());
    bytes.push_back(first);
    bytes.insert(bytes.end(), rest.begin(), rest.end());
    return bytes;
}

bool sendAll(int socket, ByteView bytes) noexcept {
    while (!bytes.empty()) {
        ssize_t const sent = uninterrupted([&] { return ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL); });
        if (sent <= 0) return false;
        bytes = bytes.subspan(static_cast<std::size_t>(sent));
    }
    return true;
}

bool receiveAll(int socket, std::span<std::uint8_t> out) noexcept {
    while (!out.empty()) {
        ssize_t const received = uninterrupted([&] { return ::recv(socket, out.data(), out.size(), 0); });
        if (received <= 0) return false;
        out = out.subspan(static_cast<std::size_t>(received));
    }
    return true;
}

/// Sends a request and waits for what the agent answers behind its Done.
Result<Bytes> ask(int socket, Request request, ByteView content) {
    if (!sendAll(socket, frame(static_cast<std::uint8_t>(request), content))) return gone();
    std::array<std::uint8_t, kLengthBytes> prefix{};
    if (!receiveAll(socket, prefix)) return gone();
    std::size_t const length = lengthOf(prefix);
    if (length == 0 || length > kAgentMessageBytesMax) return gone();
    Bytes answer(length);
    if (!receiveAll(socket, answer)) return gone();
    if (answer.front() != static_cast<std::uint8_t>(Answer::Done)) {
        return makeError(ErrorCode::Refused, "agent.refused");
    }
    answer.erase(answer.begin());
    return answer;
}

/// The agent's side. Everything below runs in the agent's process alone.
class AgentServer {
public:
    struct FileIdentity {
        dev_t device;
        ino_t number;
        friend bool operator==(FileIdentity const&, FileIdentity const&) = default;
    };

    AgentServer(SecretKey key, Descriptor listener, SocketPlace place, FileIdentity socketFile,
                std::chrono::seconds idle)
        : m_key(std::move(key)),
          m_listener(std::move(listener)),
          m_place(std::move(place)),
          m_socketFile(socketFile),
          m_idle(idle),
          m_lastUse(now()) {}

    void run() {
        while (!m_forget && now() - m_lastUse < m_idle && socketIsOurs()) serveOnce();
        if (socketIsOurs()) ::unlinkat(m_place.folder.number(), m_place.name.c_str(), 0);
    }

    static std::optional<FileIdentity> identify(SocketPlace const& place, std::string const& name) noexcept {
        struct stat status {};
        if (::fstatat(place.folder.number(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
        return FileIdentity{status.st_dev, status.st_ino};
    }

private:
    struct Client {
        Descriptor socket;
        std::array<std::uint8_t, kLengthBytes + kAgentMessageBytesMax> received{};
        std::size_t filled = 0;
        bool ended = false;
    };

    /// Seconds that the machine was suspended count too: whoever opens the lid may be another.
    static std::chrono::nanoseconds now() noexcept {
        timespec time{};
        ::clock_gettime(CLOCK_BOOTTIME, &time);
        return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
    }

    bool socketIsOurs() const noexcept { return identify(m_place, m_place.name) == m_socketFile; }

    void serveOnce() {
        std::vector<pollfd> waiting;
        bool const room = m_clients.size() < kConnectionsMax;
        waiting.push_back({room ? m_listener.number() : -1, POLLIN, 0});
        for (Client const& client : m_clients) waiting.push_back({client.socket.number(), POLLIN, 0});
        if (::poll(waiting.data(), waiting.size(), kLookMilliseconds) <= 0) return;

        for (std::size_t i = 0; i < m_clients.size(); ++i) {
            if (waiting[i + 1].revents != 0) receiveFrom(m_clients[i]);
        }
        std::erase_if(m_clients, [](Client const& client) { return client.ended; });
        if (waiting[0].revents != 0) acceptOne();
    }

    void acceptOne() {
        Descriptor socket(::accept4(m_listener.number(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (!socket.isOpen() || !isOurUser(socket.number())) return;
        m_clients.push_back(Client{std::move(socket)});
    }

    void receiveFrom(Client& client) {
        ssize_t const received = ::recv(client.socket.number(), client.received.data() + client.filled,
                                        client.received.size() - client.filled, 0);
        if (received < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (received <= 0) {
            client.ended = true;
            return;
        }
        client.filled += static_cast<std::size_t>(received);
        while (!client.ended && answerOne(client)) {
        }
    }

    /// Answers the first request in the buffer, if it is there whole, and removes it.
    bool answerOne(Client& client) {
        if (client.filled < kLengthBytes) return false;
        std::span<std::uint8_t const> const buffer = client.received;
        std::size_t const length = lengthOf(buffer.first<kLengthBytes>());
        if (length == 0 || length > kAgentMessageBytesMax) {
            client.ended = true;
            return false;
        }
        if (client.filled < kLengthBytes + length) return false;
        Bytes const answer = answerTo(buffer.subspan(kLengthBytes, length));
        // The socket does not block: who asks without reading the answers is cut off.
        client.ended = answer.empty() || !sendAll(client.socket.number(), answer);
        std::size_t const used = kLengthBytes + length;
        std::copy(client.received.begin() + static_cast<std::ptrdiff_t>(used),
                  client.received.begin() + static_cast<std::ptrdiff_t>(client.filled), client.received.begin());
        client.filled -= used;
        return true;
    }

    /// Nothing for what is no request: the connection ends.
    Bytes answerTo(ByteView request) {
        ByteView const content = request.subspan(1);
        switch (static_cast<Request>(request.front())) {
            case Request::PublicKey: return frame(static_cast<std::uint8_t>(Answer::Done), m_key.publicKey().view());
            case Request::Sign: return sign(content);
            case Request::Forget: m_forget = true; return frame(static_cast<std::uint8_t>(Answer::Done), {});
        }
        return {};
    }

    Bytes sign(ByteView content) {
        if (content.size() <= kHashBytes) return frame(static_cast<std::uint8_t>(Answer::Refused), {});
        ed25519::Hash512 hash;
        std::copy_n(content.begin(), kHashBytes, hash.begin());
        Signature const signature = KeyHolder::sign(m_key, asText(content.subspan(kHashBytes)), hash);
        m_lastUse = now();
        return frame(static_cast<std::uint8_t>(Answer::Done), signature.view());
    }

    SecretKey m_key;
    Descriptor m_listener;
    SocketPlace m_place;
    FileIdentity m_socketFile;
    std::chrono::nanoseconds m_idle;
    std::chrono::nanoseconds m_lastUse;
    std::vector<Client> m_clients;
    bool m_forget = false;
};

struct Listener {
    Descriptor socket;
    AgentServer::FileIdentity file;
};

/// A listening socket at `place`. It is made under another name and moved there whole: nobody ever finds a socket on
/// which nobody listens yet, and of two agents started at once the later one stays.
Result<Listener> listenAt(SocketPlace const& place) {
    Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket.isOpen()) return systemError("make a socket");
    // The mode of the file is that of the socket at the moment of bind(), less the umask.
    if (::fchmod(socket.number(), 0600) != 0) return systemError("set the mode of a socket");
    std::string const name = place.name + "." + std::to_string(::getpid());
    ::unlinkat(place.folder.number(), name.c_str(), 0);
    sockaddr_un const address = addressOf(place, name);
    if (::bind(socket.number(), reinterpret_cast<sockaddr const*>(&address), sizeof address) != 0) {
        return systemError("bind a socket");
    }
    auto const file = AgentServer::identify(place, name);
    if (!file || ::listen(socket.number(), SOMAXCONN) != 0 ||
        ::renameat(place.folder.number(), name.c_str(), place.folder.number(), place.name.c_str()) != 0) {
        Error const error = systemError("listen on a socket");
        ::unlinkat(place.folder.number(), name.c_str(), 0);
        return error;
    }
    return Listener{std::move(socket), *file};
}

/// Moves what the agent needs to 3 and 4 and closes everything else: locks, databases and the terminal are the
/// caller's.
bool keepOnly(int listener, int folder) noexcept {
    int const null = ::open("/dev/null", O_RDWR);
    // Out of the way first, since either may be where the other is to go.
    int const first = ::fcntl(listener, F_DUPFD, 10);
    int const second = ::fcntl(folder, F_DUPFD, 10);
    if (null < 0 || first < 0 || second < 0) return false;
    for (int const standard : {0, 1, 2}) {
        if (::dup2(null, standard) < 0) return false;
    }
    if (::dup2(first, 3) != 3 || ::dup2(second, 4) != 4) return false;
    ::closefrom(5);
    return true;
}

void forgetTheCaller() noexcept {
    for (int number = 1; number < NSIG; ++number) std::signal(number, SIG_DFL);
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGHUP, SIG_IGN);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::umask(0077);
    // Where it stands does not matter; only that no folder is kept from being unmounted.
    [[maybe_unused]] int const moved = ::chdir("/");
    // No debugger of the same user and no core file may read the key.
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    rlimit const nothing{0, 0};
    ::setrlimit(RLIMIT_CORE, &nothing);
    ::prctl(PR_SET_NAME, "spiral-agent", 0, 0, 0);
}

/// The first of the two children: leaves the terminal, makes the second, which becomes nobody's child, and ends.
[[noreturn]] void becomeAgent(SecretKey key, Listener listener, SocketPlace place, std::chrono::seconds idle) noexcept {
    if (::setsid() < 0) ::_exit(1);
    pid_t const agent = ::fork();
    if (agent != 0) ::_exit(agent < 0 ? 1 : 0);
    forgetTheCaller();
    if (!keepOnly(listener.socket.number(), place.folder.number())) ::_exit(1);
    KeyHolder::lockAfterFork(key);
    // These numbers were closed with all others.
    listener.socket.release();
    place.folder.release();
    {
        AgentServer server(std::move(key), Descriptor(3), SocketPlace{Descriptor(4), std::move(place.name)},
                           listener.file, idle);
        server.run();
    }
    // Past the caller's exit handlers, which are not ours to run. The key is zeroed by now.
    ::_exit(0);
}

}  // namespace

class AgentSigner::Connection {
public:
    explicit Connection(Descriptor socket) : m_socket(std::move(socket)) {}
    [[nodiscard]] int number() const noexcept { return m_socket.number(); }

private:
    Descriptor m_socket;
};

AgentSigner::AgentSigner(std::unique_ptr<Connection> connection, PublicKey key)
    : m_connection(std::move(connection)), m_key(key) {}
AgentSigner::~AgentSigner() = default;

Result<std::unique_ptr<Signer>> AgentSigner::connect(Path const& socket, PublicKey expected) {
    auto const place = openPlace(socket);
    if (!place && place.error().code == ErrorCode::NotFound) return makeError(ErrorCode::Locked, "agent.absent");
    if (!place) return place.error();
    auto connected = connectTo(*place);
    if (!connected) return connected.error();
    auto const key = ask(connected->number(), Request::PublicKey, {});
    if (!key) return gone();
    if (!std::ranges::equal(*key, expected.view())) return makeError(ErrorCode::Locked, "agent.other-key");
    auto connection = std::make_unique<Connection>(*std::move(connected));
    return std::unique_ptr<Signer>(new AgentSigner(std::move(connection), expected));
}

Result<Signature> AgentSigner::sign(std::string_view nameSpace, ByteView message) {
    if (nameSpace.empty() || nameSpace.size() > kAgentMessageBytesMax - 1 - kHashBytes) {
        return makeError(ErrorCode::Usage, "sign.namespace");
    }
    ed25519::Hash512 const hash = ed25519::sha512(message);
    Bytes content(hash.begin(), hash.end());
    content.insert(content.end(), nameSpace.begin(), nameSpace.end());
    auto const answer = ask(m_connection->number(), Request::Sign, content);
    if (!answer) return answer.error();
    auto const signature = Signature::fromBytes(*answer);
    if (!signature || !ed25519::verifyRaw(m_key, ed25519::signedTextOfHash(nameSpace, hash), *signature)) {
        return makeError(ErrorCode::BadSignature, "agent.signature");
    }
    return *signature;
}

Result<void> startAgent(SecretKey key, Path const& socket, std::chrono::seconds idle) {
    if (socket.has_parent_path() && ::mkdir(socket.parent_path().c_str(), 0700) != 0 && errno != EEXIST) {
        return systemError("make the folder of the socket");
    }
    auto place = openPlace(socket);
    if (!place) return place.error();
    if (connectTo(*place)) return makeError(ErrorCode::Exists, "agent.running");
    auto listener = listenAt(*place);
    if (!listener) return listener.error();

    pid_t const child = ::fork();
    if (child == 0) becomeAgent(std::move(key), *std::move(listener), *std::move(place), idle);
    int status = 0;
    bool const waited = child > 0 && (uninterrupted([&] { return ::waitpid(child, &status, 0); }) == child ||
                                      errno == ECHILD);  // the caller lets the system collect its children
    if (waited && status == 0) return {};
    ::unlinkat(place->folder.number(), place->name.c_str(), 0);
    return makeError(ErrorCode::Environment, "agent.system", "No process could be made for the agent.");
}

Result<void> forgetAgent(Path const& socket) {
    auto const place = openPlace(socket);
    if (!place) return place.error().code == ErrorCode::NotFound ? Result<void>() : Result<void>(place.error());
    auto const connected = connectTo(*place);
    if (!connected)
        return connected.error().reason == "agent.absent" ? Result<void>() : Result<void>(connected.error());
    auto const answer = ask(connected->number(), Request::Forget, {});
    // An agent that ended before it could answer has forgotten too.
    if (!answer && answer.error().code != ErrorCode::Locked) return answer.error();
    return {};
}

}  // namespace spiral::trust
