// The words of spirald, with the program in this process.
#include "daemon/daemon.h"

#include "base/files.h"
#include "office/office.h"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <deque>
#include <fstream>
#include <sstream>

using namespace spiral;
using namespace spiral::server;

namespace {

struct Ran {
    int status = 0;
    std::string out, err;
};

class Rack {
public:
    Rack() { ::setenv("XDG_STATE_HOME", path("state").c_str(), 1); }
    std::map<std::string, std::string> environment{{"LANG", "en"}};
    std::deque<Signal> signals;  // what comes, in order; then Stop

    Ran run(std::vector<std::string> const& words) {
        std::ostringstream out, err;
        Surroundings const surroundings{
            .variable = [this](char const* name) -> std::optional<std::string> {
                auto const found = environment.find(name);
                return found == environment.end() ? std::nullopt : std::optional(found->second);
            },
            .workingFolder = m_folder.path(),
            .out = out,
            .err = err,
            .holdSignals = [] {},
            .nextSignal =
                [this] {
                    if (signals.empty()) return Signal::Stop;
                    auto const next = signals.front();
                    signals.pop_front();
                    if (onSignal) onSignal();
                    return next;
                },
        };
        replica::World const world{systemWallClock(), systemMonotonicClock(), systemRandom(), systemFiles()};
        int const status = server::run(words, world, surroundings);
        return {status, out.str(), err.str()};
    }
    std::function<void()> onSignal;
    Path path(std::string const& name) const { return m_folder.path() / name; }
    void write(std::string const& name, std::string_view text) { std::ofstream(path(name), std::ios::binary) << text; }

    /// Founds a college beside it, and enrols the folder `server` as its server.
    void enrols() {
        replica::World const world{systemWallClock(), systemMonotonicClock(), systemRandom(), systemFiles()};
        REQUIRE(office::Office::found(path("founder"), world,
                                      {"学院", "qa.example.edu.cn", "王芳", "correct horse", false}));
        auto founder = office::Office::open(
            path("founder"), world, replica::Access::Write,
            [](Path const& at, trust::PublicKey const&) -> Result<std::unique_ptr<trust::Signer>> {
                auto bytes = systemFiles().read(at / "keys" / "device.key", 1 << 16);
                auto key = trust::SecretKey::unwrap(*bytes, "correct horse");
                return std::unique_ptr<trust::Signer>(std::make_unique<trust::SecretKey>(std::move(*key)));
            });
        REQUIRE(founder);
        auto const invited = (*founder)->inviteServer({.name = "centre", .url = "spiral://a:7420"});
        REQUIRE(invited);
        write("invitation", invited->invitation);
        write("passphrase", "battery staple\nsecond line");
        environment["SPIRAL_PASSPHRASE_FILE"] = path("passphrase").string();
        auto const asked = run({"init", "--data", "server", "invitation", "-o", "request", "--json"});
        INFO(asked.out << asked.err);
        REQUIRE(asked.status == 0);
        auto const request = systemFiles().read(path("request"), 1 << 16);
        REQUIRE(request);
        auto const digits = (*founder)->digits(*request);
        CHECK(asked.out.find(trust::digitsText(*digits)) != std::string::npos);
        CHECK(run({"--data", "server", "--web", "none"}).status == 2);  // asked, and not enrolled yet
        REQUIRE((*founder)->enrol(*request, trust::digitsText(*digits), path("welcome")));
        auto const finished = run({"--data", "server", "--finish", "welcome"});
        INFO(finished.out << finished.err);
        REQUIRE(finished.status == 0);
        CHECK(finished.out.find("server centre") != std::string::npos);
    }

private:
    TemporaryFolder m_folder{"rack"};
};

bool has(std::string const& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("help teaches in both languages, and the version is told", "[server]") {
    Rack rack;
    auto const english = rack.run({"--help"});
    CHECK(english.status == 0);
    rack.environment.clear();
    auto const chinese = rack.run({"-h"});
    for (auto const& text : {english.out, chinese.out}) {
        for (char const* part : {"spirald init", "--finish", "--listen", "--web", "--passphrase-file",
                                 "spiral invite --as-server", "spiral enrol", "systemctl", "SIGHUP", "spirald.json"}) {
            INFO(part);
            CHECK(has(text, part));
        }
    }
    CHECK(has(chinese.out, "服务器"));
    CHECK(has(rack.run({"--version"}).out, "spirald 0."));
    CHECK(rack.run({"--data", "x", "--lang=en", "--help"}).out == english.out);
}

TEST_CASE("wrong words are told by name, with status 3", "[server]") {
    Rack rack;
    for (std::vector<std::string> const& words : {std::vector<std::string>{},
                                                  {"init"},
                                                  {"--data"},
                                                  {"--data", ""},
                                                  {"--data", "d", "extra"},
                                                  {"--data", "d", "--listen", "7420"},
                                                  {"--data", "d", "--web", "x"},
                                                  {"--data", "d", "--frobnicate"},
                                                  {"init", "--data", "d", "i"},
                                                  {"init", "--data", "d", "-o", "r"},
                                                  {"init", "--data", "d", "i", "-o", "r", "more"},
                                                  {"init", "--data", "d", "i", "-o", "r", "--listen", "a:1"},
                                                  {"--data", "d", "-o", "r"},
                                                  {"--data", "d", "--json"},
                                                  {"--data", "d", "--finish", "w", "--web", "none"},
                                                  {"--data", "d", "--lang", "fr"},
                                                  {"init", "--data", "d", "--finish", "w", "i"}}) {
        auto const ran = rack.run(words);
        INFO(ran.out << ran.err);
        CHECK(ran.status == 3);
        CHECK(has(ran.err, "spirald --help"));
    }
    CHECK(has(rack.run({"--data", "d", "--frobnicate"}).err, "--frobnicate"));
}

TEST_CASE("a server is set up, serves, reads its settings again and stops", "[server]") {
    Rack rack;
    rack.enrols();
    std::vector<std::string> const serve{"--data", "server", "--listen", "127.0.0.1:0", "--web", "127.0.0.1:0"};
    auto const ran = rack.run(serve);
    INFO(ran.err);
    CHECK(ran.status == 0);
    CHECK(ran.out.empty());
    for (char const* event : {"starting", "listening", "stopping", "stopped"})
        CHECK(has(ran.err, "\"event\":\"" + std::string(event) + "\""));

    SECTION("settings that do not fit stop the start, but not a server that runs") {
        rack.write("server/spirald.json", R"({"limits": {"conections_max": 5}})");
        auto const refused = rack.run(serve);
        CHECK(refused.status == 1);
        CHECK(has(refused.err, "limits.conections_max"));
        rack.write("server/spirald.json", R"({"limits": {"connections_max": 5}})");
        rack.signals = {Signal::Reload, Signal::Reload, Signal::Reload};
        int seen = 0;
        rack.onSignal = [&] {
            ++seen;
            if (seen == 1) rack.write("server/spirald.json", R"({"limits": {"connections_max": 0}})");
            if (seen == 2) rack.write("server/spirald.json", R"({"limits": {"connections_max": 6}})");
            if (seen == 3) rack.write("server/spirald.json", R"({"upstream": "spiral://b:1"})");
        };
        auto const reloaded = rack.run(serve);
        INFO(reloaded.err);
        CHECK(reloaded.status == 0);
        CHECK(has(reloaded.err, "\"event\":\"reload-refused\",\"code\":\"settings.value\""));
        auto const first = reloaded.err.find("\"event\":\"reloaded\"");
        REQUIRE(first != std::string::npos);
        CHECK(has(reloaded.err.substr(first + 1), "\"event\":\"reloaded\""));
        CHECK_FALSE(has(reloaded.err, "needs-restart"));  // the words given at the start go before the file
    }
    SECTION("an address in the file that changes waits for a restart") {
        rack.write("server/spirald.json", R"({"listen": "127.0.0.1:0", "web": false})");
        rack.signals = {Signal::Reload};
        rack.onSignal = [&] { rack.write("server/spirald.json", R"({"listen": "127.0.0.2:0", "web": false})"); };
        auto const reloaded = rack.run({"--data", "server"});
        CHECK(has(reloaded.err, "needs-restart"));
        CHECK(reloaded.status == 0);
    }
    SECTION("without its passphrase it does not start, and says which ways there are to give it") {
        rack.environment.erase("SPIRAL_PASSPHRASE_FILE");
        auto const silent = rack.run(serve);
        CHECK(silent.status == 3);
        CHECK(has(silent.err, "LoadCredential"));
        std::filesystem::create_directory(rack.path("credentials"));
        rack.write("credentials/passphrase", "wrong horse battery");
        rack.environment["CREDENTIALS_DIRECTORY"] = rack.path("credentials").string();
        CHECK(has(rack.run(serve).err, "key.wrong-passphrase"));
        rack.write("credentials/passphrase", "battery staple\r\n");
        CHECK(rack.run(serve).status == 0);
        CHECK(rack.run({"--data", "server", "--listen", "127.0.0.1:0", "--web", "none", "--passphrase-file", "passphrase"}).status == 0);
    }
    SECTION("a folder that another process writes is left alone, and so is a person's") {
        {
            replica::World const world{systemWallClock(), systemMonotonicClock(), systemRandom(), systemFiles()};
            auto const held = replica::Replica::open(rack.path("server"), world, replica::Access::Write);
            REQUIRE(held);
            auto const busy = rack.run(serve);
            CHECK(busy.status == 4);
            CHECK(has(busy.err, "store.in-use"));
        }
        auto const persons = rack.run({"--data", "founder", "--web", "none"});
        CHECK(persons.status == 1);
        CHECK(has(persons.err, "server.of-a-person"));
        CHECK(has(rack.run({"--data", "nowhere"}).err, "server.no-replica"));
        CHECK(rack.run({"--data", "nowhere"}).status == 2);
    }
}
