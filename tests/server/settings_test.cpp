#include "daemon/settings.h"

#include <catch2/catch.hpp>

#include <fstream>
#include <sstream>

using namespace spiral;
using namespace spiral::server;

namespace {

std::string reasonFor(std::string_view text) {
    auto const read = settingsFrom(text);
    return read ? "good" : read.error().reason + " " + read.error().detail;
}

}  // namespace

TEST_CASE("an address is a host and a port, in brackets if it is IPv6", "[server][settings]") {
    CHECK(addressFrom("0.0.0.0:7420") == Address{"0.0.0.0", 7420});
    CHECK(addressFrom("[::1]:0") == Address{"::1", 0});
    CHECK(addressFrom("qa.example.edu.cn:65535") == Address{"qa.example.edu.cn", 65535});
    for (auto const* bad :
         {"", ":", ":1", "a", "a:", "a:65536", "a:-1", "a:1x", "::1:7420", "a b:1", "a/b:1", "[]:1"}) {
        INFO(bad);
        CHECK_FALSE(addressFrom(bad));
    }
    CHECK(toText({"::1", 5}) == "[::1]:5");
    CHECK(addressFrom(toText({"a", 5})) == Address{"a", 5});
}

TEST_CASE("without settings the defaults hold; what is set holds instead", "[server][settings]") {
    CHECK(*settingsFrom("{}") == Settings{});
    CHECK(Settings{}.sync.port == 7420);
    auto const read = settingsFrom(R"({
        "listen": "[::]:7000", "web": "127.0.0.1:7001", "upstream": "spiral://qa.example.edu.cn:7420",
        "limits": {"connections_max": 100, "idle_seconds": 60}
    })");
    REQUIRE(read);
    CHECK(read->sync.host == "::");
    CHECK(read->sync.port == 7000);
    CHECK(read->web == Address{"127.0.0.1", 7001});
    CHECK(read->sync.upstream == "spiral://qa.example.edu.cn:7420");
    CHECK(read->sync.connectionsMax == 100);
    CHECK(read->sync.idleSeconds == 60);
    CHECK(read->sync.handshakeSeconds == SyncSettings{}.handshakeSeconds);
    CHECK_FALSE(settingsFrom(R"({"web": false})")->web);
}

TEST_CASE("a misspelt or impossible setting is refused by its name", "[server][settings]") {
    CHECK(reasonFor(R"({"lsten": "a:1"})") == "settings.unknown lsten");
    CHECK(reasonFor(R"({"limits": {"connections": 5}})") == "settings.unknown limits.connections");
    CHECK(reasonFor(R"({"listen": 7420})") == "settings.value listen: HOST:PORT");
    CHECK(reasonFor(R"({"web": true})") == "settings.value web: HOST:PORT, or false");
    CHECK(reasonFor(R"({"upstream": "https://a"})") == "settings.value upstream: spiral://HOST:PORT");
    CHECK(reasonFor(R"({"limits": 5})") == "settings.value limits: {…}");
    CHECK(reasonFor(R"({"limits": {"idle_seconds": "60"}})") == "settings.value limits.idle_seconds: 10 … 86400");
    for (auto const* bad : {"", "[]", "{", "{\"web\": null}", "{\"web\":false,\"web\":false}"}) {
        INFO(bad);
        CHECK(reasonFor(bad).starts_with("settings.syntax"));
    }
}

TEST_CASE("each limit takes its ends and nothing beyond, and its default lies between", "[server][settings]") {
    SyncSettings const defaults;
    for (auto const& limit : limits()) {
        INFO(limit.name);
        auto const set = [&](std::size_t value) {
            return settingsFrom("{\"limits\":{\"" + std::string(limit.name) + "\":" + std::to_string(value) + "}}");
        };
        CHECK(defaults.*limit.value >= limit.min);
        CHECK(defaults.*limit.value <= limit.max);
        REQUIRE(set(limit.min));
        CHECK(set(limit.min)->sync.*limit.value == limit.min);
        CHECK(set(limit.max));
        CHECK_FALSE(set(limit.min - 1));
        CHECK_FALSE(set(limit.max + 1));
    }
}

TEST_CASE("the operations page names each limit with its default and bounds", "[server][settings]") {
    std::ifstream in("docs/operations.md", std::ios::binary);
    std::string const page{std::istreambuf_iterator<char>(in), {}};
    SyncSettings const defaults;
    for (auto const& limit : limits()) {
        auto const row = "| `" + std::string(limit.name) + "` | " + std::to_string(defaults.*limit.value) + " | " +
                         std::to_string(limit.min) + " … " + std::to_string(limit.max) + " |";
        INFO(row);
        CHECK(page.find(row) != std::string::npos);
    }
}
