// Addresses that people type.
#include "helpers.h"
#include "tls/connect.h"

#include <catch2/catch.hpp>

using namespace spiral;
using namespace spiral::tls;

TEST_CASE("an address is a host and perhaps a port", "[tls]") {
    auto const [text, host, port] = GENERATE(table<std::string, std::string, int>({
        {"spiral://qa.example.edu.cn", "qa.example.edu.cn", 7420},
        {"spiral://qa.example.edu.cn:1", "qa.example.edu.cn", 1},
        {"spiral://LOCALHOST:65535", "LOCALHOST", 65535},
        {"spiral://127.0.0.1:7420", "127.0.0.1", 7420},
        {"spiral://[::1]", "::1", 7420},
        {"spiral://[2001:db8::1]:80", "2001:db8::1", 80},
    }));
    auto const address = parseAddress(text);
    REQUIRE(address);
    CHECK(address->host == host);
    CHECK(address->port == port);
    auto const again = parseAddress(toText(*address));
    REQUIRE(again);
    CHECK(*again == *address);
}

TEST_CASE("what is no address is refused", "[tls]") {
    for (std::string const& text : {
             std::string(),
             std::string("spiral://"),
             std::string("spiral:/host"),
             std::string("https://host"),
             std::string("host:7420"),
             std::string("SPIRAL://host"),
             std::string("spiral://host/"),
             std::string("spiral://host:"),
             std::string("spiral://host:0"),
             std::string("spiral://host:00"),
             std::string("spiral://host:07420"),
             std::string("spiral://host:65536"),
             std::string("spiral://host:-1"),
             std::string("spiral://host:+1"),
             std::string("spiral://host:1x"),
             std::string("spiral://host:99999999999"),
             std::string("spiral://user@host"),
             std::string("spiral://host:1:2"),
             std::string("spiral://::1"),
             std::string("spiral://[::1"),
             std::string("spiral://[]:1"),
             std::string("spiral://[host]:1"),
             std::string("spiral://[::1]7420"),
             std::string("spiral://[fe80::1%eth0]:1"),
             std::string("spiral://ho st"),
             std::string("spiral://h\0st", 13),
             std::string("spiral://-host"),
             std::string("spiral://大学"),
             "spiral://" + std::string(254, 'a'),
             std::string(" spiral://host"),
             std::string("spiral://host "),
         }) {
        CAPTURE(text);
        CHECK(reasonOf(parseAddress(text)) == "tls.address");
    }
}
