// Enrolling servers and hubs from the keyboard.
#include "desk.h"

#include "office/office.h"
#include "trust/enrolment.h"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>

using namespace spiral;
using namespace spiral::cli;

namespace {

constexpr char const* kPassphrase = "correct horse";

/// A college whose founder sits at a desk, and a machine on which nobody sits.
class College : public Desk {
public:
    College() {
        ::setenv("XDG_STATE_HOME", path("state").c_str(), 1);
        write("passphrase", kPassphrase);
        environment["SPIRAL_PASSPHRASE_FILE"] = path("passphrase").string();
        environment["LANG"] = "en";
        said({"init", "r", "--college", "学院", "--domain", "qa.example.edu.cn", "--person", "王芳"});
        environment["SPIRAL_REPLICA"] = "r";
        said({"unit", "add", "jwc", "教务处", "--campus", "东"});
    }
    std::string said(std::vector<std::string> const& words, int status = 0) {
        auto const ran = run(words);
        INFO(ran.out << ran.err);
        REQUIRE(ran.status == status);
        return ran.out + ran.err;
    }
    void write(std::string const& name, std::string_view text) { std::ofstream(path(name), std::ios::binary) << text; }
    std::string read(std::string const& name) {
        std::ifstream in(path(name), std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    /// What `spirald init` does; gives the digits.
    std::string initialises(std::string const& folder, std::string const& invitation, std::string const& request) {
        auto const bytes = read(invitation);
        auto made = office::Office::joinRequest(path(folder), world, asBytes(bytes), kPassphrase,
                                                office::Office::Joins::Server);
        REQUIRE(made);
        write(request, *made);
        return trust::digitsText(trust::digitsOf(trust::decodeInvitation(asBytes(bytes))->school, asBytes(*made)));
    }
    replica::World world{systemWallClock(), systemMonotonicClock(), systemRandom(), systemFiles()};
};

bool has(std::string const& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a server and a hub are invited, enrolled and shown", "[cli][server]") {
    College college;
    CHECK(has(college.said({"status"}), "server") == false);
    auto const told = college.said(
        {"invite", "--as-server", "centre", "--server", "spiral://qa.example.edu.cn:7420", "-o", "s.invite"});
    CHECK(has(told, "spirald init --data"));
    auto const digits = college.initialises("server", "s.invite", "s.request");
    CHECK(has(college.said({"digits", "s.request"}), digits));
    CHECK(has(
        college.said({"enrol", "s.request", "--digits", "00000 11111 22222 33333 44444 55555", "-o", "s.welcome"}, 1),
        "digits"));
    CHECK_FALSE(std::filesystem::exists(college.path("s.welcome")));
    CHECK(has(college.said({"enrol", "s.request", "--digits", digits, "-o", "s.welcome"}), "enrolled for centre"));
    CHECK(office::Office::joinFinish(college.path("server"), college.world, college.path("s.welcome")));

    college.said({"invite", "--as-server", "west", "--hub", "--scope", "jwc", "-o", "h.invite"});
    auto const hubDigits = college.initialises("hub", "h.invite", "h.request");
    college.said({"enrol", "h.request", "--digits", hubDigits, "-o", "h.welcome"});
    CHECK(office::Office::joinFinish(college.path("hub"), college.world, college.path("h.welcome")));

    auto shown = college.said({"registry", "show"});
    CHECK(has(shown, "centre"));
    CHECK(has(shown, "spiral://qa.example.edu.cn:7420"));
    CHECK(has(shown, "west"));
    CHECK(has(shown, "hub"));
    auto const json = college.said({"registry", "show", "--json"});
    CHECK(has(json, R"("kind":"server","url":"spiral://qa.example.edu.cn:7420","scopes":[],"keeper":false)"));
    CHECK(has(json, R"("kind":"hub","url":null,"scopes":["unit/jwc"],"keeper":false)"));
    CHECK(has(json, R"("kind":"person")"));
    CHECK(has(college.said({"status"}), "server spiral://qa.example.edu.cn:7420"));

    // People are told where it is, and a second machine cannot use what the first has used.
    CHECK(has(
        college.said({"invite", "--person", "李雷", "--unit", "jwc", "--role", "clerk", "-o", "p.invite", "--json"}),
        R"("server":"spiral://qa.example.edu.cn:7420")"));
    CHECK(has(college.said({"invite", "--person", "李雷", "--unit", "jwc", "--role", "clerk", "--server",
                            "spiral://10.0.0.1:1", "-o", "p.invite", "--json"}),
              R"("server":"spiral://10.0.0.1:1")"));
    auto const again = college.initialises("server2", "s.invite", "s2.request");
    CHECK(has(college.said({"enrol", "s2.request", "--digits", again, "-o", "w"}, 1), "has been used"));
    // A person's join refuses it, and says what to do.
    CHECK(has(college.said({"join", "mine", "h.invite", "-o", "x"}, 1), "spirald init"));

    // Once the server keeps the registry, acts become proposals for it; the registry of this replica is as before.
    college.said({"registry", "move", "centre"});
    CHECK(has(college.said({"registry", "show", "--json"}), R"("scopes":[],"keeper":true)"));
    CHECK(has(college.said({"status"}), "keeps the registry"));
    CHECK(has(college.said({"unit", "add", "new", "新", "--campus", "东", "-o", "unit.json"}, 2),
              "spiral sync"));
    CHECK(has(college.said({"registry", "append", "unit.json"}, 1), "does not keep the registry"));
    auto const request = college.path("p");
    auto made = office::Office::joinRequest(request, college.world, asBytes(college.read("p.invite")), kPassphrase);
    REQUIRE(made);
    college.write("p.request", *made);
    auto const theirs = trust::digitsText(
        trust::digitsOf(trust::decodeInvitation(asBytes(college.read("p.invite")))->school, asBytes(*made)));
    auto const waits = college.said({"enrol", "p.request", "--digits", theirs, "-o", "p.welcome"}, 2);
    CHECK(has(waits, "p.welcome.proposal-3.json"));
    CHECK_FALSE(std::filesystem::exists(college.path("p.welcome")));
    REQUIRE(std::filesystem::exists(college.path("p.welcome.proposal-1.json")));
}

TEST_CASE("an invitation is for one thing: a person, a device, a server or a hub", "[cli][server]") {
    College college;
    auto const refused = [&](std::vector<std::string> words) {
        words.insert(words.begin(), "invite");
        words.insert(words.end(), {"-o", "x", "--json"});
        return college.said(words, 3);
    };
    CHECK(has(refused({}), "invite.person"));
    CHECK(has(refused({"--person", "a", "--as-server", "b"}), "invite.person"));
    CHECK(has(refused({"--as-server", "b", "--role", "clerk"}), "invite.person"));
    CHECK(has(refused({"--as-server", "b", "--hub"}), "invite.hub-scope"));
    CHECK(has(refused({"--as-server", "b", "--scope", "jwc"}), "invite.hub-scope"));
    CHECK(has(refused({"--person", "a", "--role", "admin", "--hub"}), "invite.hub-scope"));
    CHECK(has(refused({"--as-server", "b", "--server", "http://x"}), "invite.url"));
    CHECK(has(college.said({"invite", "--as-server", "b", "--hub", "--scope", "none", "-o", "x"}, 2), "none"));
    CHECK_FALSE(std::filesystem::exists(college.path("x")));
}
