#include "trust/agent.h"

#include "base/random.h"
#include "vectors.h"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

using namespace spiral;
using namespace spiral::trust;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kNameSpace = "submit@qa.example.edu.cn";

SecretKey someKey(std::uint64_t seed) {
    SeededRandom random(seed);
    return SecretKey::generate(random);
}

/// Makes this process the parent of the agents it starts, so that none outlives a test unseen.
class Agents {
public:
    Agents() { ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }
    ~Agents() {
        for (pid_t const agent : running()) ::kill(agent, SIGKILL);
        while (::waitpid(-1, nullptr, 0) > 0) {
        }
    }
    Agents(Agents const&) = delete;
    Agents& operator=(Agents const&) = delete;

    [[nodiscard]] static std::vector<pid_t> running() {
        std::ifstream in("/proc/self/task/" + std::to_string(::gettid()) + "/children");
        std::vector<pid_t> children;
        for (pid_t child = 0; in >> child;) children.push_back(child);
        return children;
    }
    /// True once every agent has ended by itself with status 0, within ten seconds.
    [[nodiscard]] static bool allEnd() {
        for (int tries = 0; tries < 1000; ++tries) {
            int status = 0;
            pid_t const ended = ::waitpid(-1, &status, WNOHANG);
            if (ended < 0) return errno == ECHILD;
            if (ended > 0 && status != 0) return false;
            if (ended == 0) std::this_thread::sleep_for(10ms);
        }
        return false;
    }
};

/// A raw connection to an agent, for what AgentSigner would never say.
class RawClient {
public:
    explicit RawClient(Path const& socket) : m_socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        REQUIRE(socket.string().size() < sizeof address.sun_path);
        socket.string().copy(address.sun_path, sizeof address.sun_path - 1);
        REQUIRE(::connect(m_socket, reinterpret_cast<sockaddr const*>(&address), sizeof address) == 0);
        timeval const patience{5, 0};
        ::setsockopt(m_socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    }
    ~RawClient() { ::close(m_socket); }
    RawClient(RawClient const&) = delete;
    RawClient& operator=(RawClient const&) = delete;

    void say(std::string const& bytes) const {
        static_cast<void>(::send(m_socket, bytes.data(), bytes.size(), MSG_NOSIGNAL));
    }
    /// What the agent answers next; empty when it has ended the connection.
    [[nodiscard]] std::string hear() const {
        char buffer[1024];
        ssize_t const size = ::recv(m_socket, buffer, sizeof buffer, 0);
        if (size < 0) return errno == ECONNRESET ? "" : "nothing in five seconds";
        return {buffer, static_cast<std::size_t>(size)};
    }

private:
    int m_socket;
};

std::string framed(std::string const& content) {
    std::string text;
    for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(content.size() >> shift & 0xff);
    return text + content;
}

std::unique_ptr<Signer> connected(Path const& socket, PublicKey const& key) {
    auto signer = AgentSigner::connect(socket, key);
    REQUIRE(signer);
    return *std::move(signer);
}

std::string refusalOf(Path const& socket, PublicKey const& key) {
    auto const signer = AgentSigner::connect(socket, key);
    return signer ? "connected" : signer.error().reason;
}

}  // namespace

TEST_CASE("an agent signs as the key would and ends when told to forget", "[trust][agent]") {
    Agents agents;
    TemporaryFolder const folder("agent");
    Path const socket = folder.path() / "keys" / "agent";
    SecretKey key = someKey(1);
    PublicKey const name = key.publicKey();
    auto const expected = key.sign(kNameSpace, asBytes("text"));
    REQUIRE(expected);
    REQUIRE(startAgent(std::move(key), socket));

    auto const signer = connected(socket, name);
    CHECK(signer->publicKey() == name);
    for (int i = 0; i < 3; ++i) {
        auto const signature = signer->sign(kNameSpace, asBytes("text"));
        REQUIRE(signature);
        CHECK(*signature == *expected);
    }
    // Only the hash travels, so a message may have any size.
    std::string const large(5 * 1024 * 1024, 'x');
    auto const signature = signer->sign(kNameSpace, asBytes(large));
    REQUIRE(signature);
    CHECK(verify(name, kNameSpace, asBytes(large), *signature));
    CHECK_FALSE(signer->sign("", asBytes("text")));
    CHECK_FALSE(signer->sign(std::string(2000, 'n'), asBytes("text")));
    CHECK(connected(socket, name)->sign(kNameSpace, asBytes("text")));

    CHECK(forgetAgent(socket));
    CHECK(Agents::allEnd());
    CHECK_FALSE(std::filesystem::exists(socket));
    auto const late = signer->sign(kNameSpace, asBytes("text"));
    REQUIRE_FALSE(late);
    CHECK(late.error().code == ErrorCode::Locked);
    CHECK(late.error().reason == "agent.gone");
    CHECK(refusalOf(socket, name) == "agent.absent");
    CHECK(forgetAgent(socket));
}

TEST_CASE("an agent ends when nobody has signed for the idle time", "[trust][agent]") {
    Agents agents;
    TemporaryFolder const folder("agent");
    Path const socket = folder.path() / "agent";
    SecretKey key = someKey(1);
    PublicKey const name = key.publicKey();
    REQUIRE(startAgent(std::move(key), socket, 2s));
    auto const signer = connected(socket, name);
    // Signing puts the end off; an open connection alone does not.
    for (int i = 0; i < 5; ++i) {
        std::this_thread::sleep_for(500ms);
        CHECK(signer->sign(kNameSpace, asBytes("text")));
    }
    CHECK(Agents::allEnd());
    CHECK_FALSE(std::filesystem::exists(socket));
}

TEST_CASE("an agent ends when its socket is removed", "[trust][agent]") {
    Agents agents;
    TemporaryFolder const folder("agent");
    Path const socket = folder.path() / "agent";
    REQUIRE(startAgent(someKey(1), socket));
    CHECK(std::filesystem::remove(socket));
    CHECK(Agents::allEnd());
}

TEST_CASE("an agent ends when its whole folder is removed", "[trust][agent]") {
    Agents agents;
    Path socket;
    {
        TemporaryFolder const folder("agent");
        socket = folder.path() / "agent";
        REQUIRE(startAgent(someKey(1), socket));
    }
    CHECK(Agents::allEnd());
}

TEST_CASE("a second agent is refused while the first one lives and replaces a dead one", "[trust][agent]") {
    Agents agents;
    TemporaryFolder const folder("agent");
    Path const socket = folder.path() / "agent";
    REQUIRE(startAgent(someKey(1), socket));
    auto const second = startAgent(someKey(2), socket);
    REQUIRE_FALSE(second);
    CHECK(second.error().code == ErrorCode::Exists);
    CHECK(second.error().reason == "agent.running");
    CHECK(Agents::running().size() == 1);
    CHECK(refusalOf(socket, someKey(2).publicKey()) == "agent.other-key");

    for (pid_t const agent : Agents::running()) {
        ::kill(agent, SIGKILL);
        ::waitpid(agent, nullptr, 0);
    }
    CHECK(std::filesystem::exists(socket));
    CHECK(refusalOf(socket, someKey(1).publicKey()) == "agent.absent");
    REQUIRE(startAgent(someKey(2), socket));
    CHECK(refusalOf(socket, someKey(2).publicKey()) == "connected");
    CHECK(forgetAgent(socket));
    CHECK(Agents::allEnd());
}

TEST_CASE("an agent whose place another one took ends and leaves the other's socket", "[trust][agent]") {
    Agents agents;
    TemporaryFolder const folder("agent");
    Path const socket = folder.path() / "agent";
    REQUIRE(startAgent(someKey(1), socket));
    std::filesystem::rename(socket, folder.path() / "aside");
    REQUIRE(startAgent(someKey(2), socket));
    for (int tries = 0; tries < 1000 && ::waitpid(-1, nullptr, WNOHANG) == 0; ++tries) {
        std::this_thread::sleep_for(10ms);
    }
    CHECK(Agents::running().size() == 1);
    CHECK(refusalOf(socket, someKey(2).publicKey()) == "connected");
    CHECK(forgetAgent(socket));
    CHECK(Agents::allEnd());
}

TEST_CASE("the socket of an agent may lie deeper than the system's 107 bytes", "[trust][agent]") {
    Agents agents;
    TemporaryFolder const folder("agent");
    Path deep = folder.path();
    for (int i = 0; i < 6; ++i) deep /= std::string(40, 'd');
    deep /= "质量管理处";
    std::filesystem::create_directories(deep);
    Path const socket = deep / "keys" / "agent";
    SecretKey key = someKey(1);
    PublicKey const name = key.publicKey();
    REQUIRE(startAgent(std::move(key), socket));
    CHECK(connected(socket, name)->sign(kNameSpace, asBytes("text")));
    CHECK(forgetAgent(socket));
    CHECK(Agents::allEnd());
    CHECK_FALSE(startAgent(someKey(1), deep / std::string(kSocketNameBytesMax + 1, 's')));
}

TEST_CASE("socket and folder are the user's alone, and a folder open to others is refused", "[trust][agent]") {
    Agents agents;
    TemporaryFolder const folder("agent");
    Path const keys = folder.path() / "keys";
    Path const socket = keys / "agent";
    mode_t const before = ::umask(0);
    REQUIRE(startAgent(someKey(1), socket));
    ::umask(before);
    struct stat status {};
    REQUIRE(::stat(keys.c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0700);
    REQUIRE(::stat(socket.c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0600);
    CHECK(S_ISSOCK(status.st_mode));

    for (mode_t const mode : {0701, 0710, 0720, 0777}) {
        REQUIRE(::chmod(keys.c_str(), mode) == 0);
        CHECK(refusalOf(socket, someKey(1).publicKey()) == "agent.folder");
        CHECK_FALSE(startAgent(someKey(1), keys / "other"));
        CHECK_FALSE(forgetAgent(socket));
    }
    REQUIRE(::chmod(keys.c_str(), 0700) == 0);
    CHECK(forgetAgent(socket));
    CHECK(Agents::allEnd());
}

TEST_CASE("an agent keeps nothing of its caller open and leaves its terminal", "[trust][agent]") {
    Agents agents;
    TemporaryFolder const folder("agent");
    Path const socket = folder.path() / "agent";
    int const mine = ::open("/proc/self/maps", O_RDONLY);  // without O_CLOEXEC: a careless caller's
    REQUIRE(mine >= 0);
    REQUIRE(startAgent(someKey(1), socket));
    ::close(mine);
    // Its answer proves that it has come past its beginning.
    CHECK(refusalOf(socket, someKey(1).publicKey()) == "connected");
    auto const running = Agents::running();
    REQUIRE(running.size() == 1);
    CHECK(::getsid(running.front()) != ::getsid(0));
    Path const process = "/proc/" + std::to_string(running.front());
    // Not even its own user may look inside; only the superuser's run of this test can go on.
    bool const mayLook = ::access((process / "fd").c_str(), R_OK) == 0;
    CHECK(mayLook == (::geteuid() == 0));
    std::error_code unreadable;
    for (auto const& entry : std::filesystem::directory_iterator(process / "fd", unreadable)) {
        std::error_code error;
        std::string const target = std::filesystem::read_symlink(entry.path(), error).string();
        bool const known =
            error || target == "/dev/null" || target.starts_with("socket:") || target == folder.path().string();
        INFO(target);
        CHECK(known);
    }
    if (mayLook) CHECK(std::filesystem::read_symlink(process / "cwd") == "/");
    CHECK(forgetAgent(socket));
    CHECK(Agents::allEnd());
}

TEST_CASE("what is no request ends that connection and no other", "[trust][agent]") {
    Agents agents;
    TemporaryFolder const folder("agent");
    Path const socket = folder.path() / "agent";
    SecretKey key = someKey(1);
    PublicKey const name = key.publicKey();
    REQUIRE(startAgent(std::move(key), socket));
    auto const honest = connected(socket, name);

    for (std::string const& bytes :
         {std::string("\xff\xff\xff\xff", 4), framed(""), framed(std::string(kAgentMessageBytesMax + 1, '\1')),
          framed(std::string(1, '\0')), framed("\4"), framed("\xff"), std::string("GET / HTTP/1.1\r\n\r\n")}) {
        RawClient const hostile(socket);
        hostile.say(bytes);
        CHECK(hostile.hear().empty());
    }
    // To sign nothing in particular is refused; the connection goes on.
    RawClient const careless(socket);
    for (std::size_t const size : {0U, 1U, 63U, 64U}) {
        careless.say(framed("\2" + std::string(size, 'h')));
        CHECK(careless.hear() == framed("\1"));
    }
    CHECK(honest->sign(kNameSpace, asBytes("text")));

    // Requests may come in pieces and several at once.
    RawClient const slow(socket);
    for (char const c : framed("\1")) slow.say(std::string(1, c));
    CHECK(slow.hear() == framed(std::string(1, '\0') + toText(name.view())));
    slow.say(framed("\1") + framed("\1"));
    std::string both = slow.hear();
    while (both.size() < 2 * 37) {
        std::string const more = slow.hear();
        REQUIRE_FALSE(more.empty());
        both += more;
    }
    CHECK(both.size() == 2 * 37);

    CHECK(forgetAgent(socket));
    CHECK(Agents::allEnd());
}

TEST_CASE("clients that connect and say nothing do not keep the others from signing", "[trust][agent]") {
    Agents agents;
    TemporaryFolder const folder("agent");
    Path const socket = folder.path() / "agent";
    REQUIRE(startAgent(someKey(1), socket));
    std::vector<std::unique_ptr<RawClient>> silent;
    for (int i = 0; i < 10; ++i) silent.push_back(std::make_unique<RawClient>(socket));
    CHECK(connected(socket, someKey(1).publicKey())->sign(kNameSpace, asBytes("text")));
    // Beyond what it serves at once, new ones wait until others have gone.
    for (int i = 0; i < 10; ++i) silent.push_back(std::make_unique<RawClient>(socket));
    silent.clear();
    CHECK(connected(socket, someKey(1).publicKey())->sign(kNameSpace, asBytes("text")));
    CHECK(forgetAgent(socket));
    CHECK(Agents::allEnd());
}
