#include "daemon/log.h"
#include "daemon/notify.h"

#include <catch2/catch.hpp>

#include "base/files.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cstring>

using namespace spiral;
using namespace spiral::server;

namespace {

class FixedClock final : public WallClock {
public:
    Instant now() override { return *parseInstant("2026-03-02T08:00:00.000Z"); }
};

}  // namespace

TEST_CASE("each event is one line of JSON, whatever its fields hold", "[server][log]") {
    FixedClock clock;
    std::string out;
    Log log(clock, [&](std::string_view line) { out += line; });
    log.tell(Event{"session-closed", {{"device", "ab"}, {"why", "a\n\"b\"\x1b[2J"}}, true});
    CHECK(out ==
          "{\"t\":\"2026-03-02T08:00:00.000Z\",\"level\":\"warning\",\"event\":\"session-closed\",\"device\":\"ab\","
          "\"why\":\"a\\n\\\"b\\\"\\u001b[2J\"}\n");
    out.clear();
    log.tell(Log::Level::Error, What::Failed, {{"event", "forged"}, {"a", "1"}, {"a", "2"}});
    CHECK(out == "{\"t\":\"2026-03-02T08:00:00.000Z\",\"level\":\"error\",\"event\":\"failed\",\"a\":\"1\"}\n");
}

TEST_CASE("the service manager gets one datagram, on a path or an abstract name", "[server][notify]") {
    TemporaryFolder folder("notify");
    bool const abstract = GENERATE(false, true);
    std::string const name = abstract ? "@spiral-test-" + std::to_string(::getpid()) : (folder.path() / "s").string();
    int const file = ::socket(AF_UNIX, SOCK_DGRAM, 0);
    REQUIRE(file >= 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (abstract) address.sun_path[0] = '\0';
    auto const length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    REQUIRE(::bind(file, reinterpret_cast<sockaddr*>(&address), length) == 0);
    CHECK(notify(name, "READY=1"));
    char buffer[64]{};
    CHECK(::recv(file, buffer, sizeof buffer, 0) == 7);
    CHECK(std::string(buffer) == "READY=1");
    ::close(file);
    CHECK_FALSE(notify(std::nullopt, "READY=1"));
    CHECK_FALSE(notify("", "READY=1"));
    CHECK_FALSE(notify("relative", "READY=1"));
    CHECK_FALSE(notify("/" + std::string(200, 'x'), "READY=1"));
    CHECK_FALSE(notify((folder.path() / "nobody").string(), "READY=1"));
}
