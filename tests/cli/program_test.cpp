// The whole program in this process: words in, text and exit status out.
#include "desk.h"

#include <catch2/catch.hpp>

using namespace spiral;
using namespace spiral::cli;

TEST_CASE("the language is that of the option, else the locale, else Chinese", "[cli]") {
    Desk desk;
    CHECK(desk.run({"frobnicate"}).err.find("没有这个命令") == 0);
    CHECK(desk.run({"frobnicate", "--lang", "en"}).err.find("No such command") == 0);
    desk.environment["LANG"] = "en_GB.UTF-8";
    CHECK(desk.run({"frobnicate"}).err.find("No such command") == 0);
    CHECK(desk.run({"--lang=zh", "frobnicate"}).err.find("没有这个命令") == 0);
    desk.environment["LC_ALL"] = "zh_CN.UTF-8";
    CHECK(desk.run({"frobnicate"}).err.find("没有这个命令") == 0);
    CHECK(desk.run({"--lang", "fr", "status"}).status == 3);
}

TEST_CASE("a refusal with --json is one document on standard output, and nothing else", "[cli]") {
    Desk desk;
    auto const ran = desk.run({"doc", "list", "--json", "--lang", "en"});
    CHECK(ran.status == 3);
    CHECK(ran.err.empty());
    CHECK(ran.out.find("{\"error\":{\"code\":\"replica.not-named\"") == 0);
    CHECK(ran.out.find("\"message\":") != std::string::npos);
    CHECK(ran.out.find("\"next\":") != std::string::npos);
    CHECK(std::count(ran.out.begin(), ran.out.end(), '\n') == 1);
    CHECK(desk.run({"doc", "lst", "--json"}).out.find("usage.unknown-command") != std::string::npos);
}

TEST_CASE("without a command the overview is shown and the usage is wrong; help and version are right", "[cli]") {
    Desk desk;
    CHECK(desk.run({}).status == 3);
    CHECK(desk.run({}).out.find("doc new") != std::string::npos);
    CHECK(desk.run({"help"}).status == 0);
    CHECK(desk.run({"--help"}).status == 0);
    CHECK(desk.run({"help", "nothing"}).status == 3);
    CHECK(desk.run({"--version"}).out.find("spiral ") == 0);
    CHECK(desk.run({"doc", "new", "--help"}).out == desk.run({"help", "doc", "new"}).out);
}

TEST_CASE("a new passphrase is asked for twice, and both must be the same", "[cli]") {
    Desk desk;
    std::vector<std::string> const init = {"init",     "r",   "--college", "学院", "--domain", "qa.example.edu.cn",
                                           "--person", "王芳"};
    CHECK(desk.run(init).err.find("--passphrase-file") != std::string::npos);
    desk.typed = {"short", "short"};
    CHECK(desk.run(init).status == 3);
    desk.typed = {"correct horse", "correct house"};
    CHECK(desk.run(init).status == 3);
    CHECK_FALSE(std::filesystem::exists(desk.path("r/store.db")));
    desk.typed = {"correct horse", "correct horse"};
    auto const founded = desk.run(init);
    CHECK(founded.status == 0);
    CHECK(founded.out.find("学院") != std::string::npos);
    CHECK(desk.run(init).status == 1);  // there is one already

    SECTION("and opens the key from then on, only when it is right") {
        desk.environment["SPIRAL_REPLICA"] = "r";
        desk.typed = {"wrong horse"};
        CHECK(desk.run({"unit", "add", "jwc", "教务处", "--campus", "东"}).status == 1);  // wrong
        desk.typed = {"correct horse"};
        CHECK(desk.run({"unit", "add", "jwc", "教务处", "--campus", "东"}).status == 0);
        desk.typed = {};
        auto const none = desk.run({"unit", "add", "xsc", "学生处", "--campus", "东"});
        CHECK(none.status == 3);
        CHECK(none.err.find("--passphrase-file") != std::string::npos);
        REQUIRE(systemFiles().replace(desk.path("pass"), asBytes("correct horse\nsecond line\n"), FileMode::Private));
        CHECK(desk.run({"unit", "add", "xsc", "学生处", "--campus", "东", "--passphrase-file", "pass"}).status == 0);
    }
    SECTION("and enrolling is never agreed to by --yes alone") {
        desk.environment["SPIRAL_REPLICA"] = "r";
        desk.typed = {"correct horse"};
        REQUIRE(desk.run({"unit", "add", "jwc", "教务处", "--campus", "东"}).status == 0);
        REQUIRE(desk.run({"invite", "--person", "李雷", "--unit", "jwc", "--role", "clerk", "-o", "i"}).status == 0);
        desk.typed = {"second horse", "second horse"};
        REQUIRE(desk.run({"join", "s", "i", "-o", "q"}).status == 0);
        desk.typed = {"correct horse"};
        auto const refused = desk.run({"enrol", "q", "-o", "w", "--yes"});
        CHECK(refused.status == 3);
        CHECK(refused.err.find("--digits") != std::string::npos);
        CHECK_FALSE(std::filesystem::exists(desk.path("w")));
    }
}

TEST_CASE("what is missing or damaged is named: a folder, the key, the place of the guard, the kind of a file",
          "[cli]") {
    Desk desk;
    REQUIRE(systemFiles().replace(desk.path("pass"), asBytes(std::string("correct horse\n")), FileMode::Private));
    desk.environment["SPIRAL_PASSPHRASE_FILE"] = desk.path("pass").string();
    REQUIRE(desk.run({"init", "r", "--college", "学院", "--domain", "qa.example.edu.cn", "--person", "王芳"}).status ==
            0);
    desk.environment["SPIRAL_REPLICA"] = "r";
    desk.environment["LANG"] = "en_GB.UTF-8";
    auto const write = [&] { return desk.run({"unit", "add", "jwc", "教务处", "--campus", "东"}); };

    std::string const there = desk.path("nowhere").string();
    for (std::vector<std::string> const& command : {std::vector<std::string>{"sync", "--export", "nowhere/x"},
                                                    {"sync", "--tips", "nowhere/x"},
                                                    {"backup", "nowhere/x"},
                                                    {"registry", "allowed-signers", "-o", "nowhere/x"}}) {
        auto const ran = desk.run(command);
        INFO(command[0] << " " << command[1]);
        CHECK(ran.status == 2);
        CHECK(ran.err.find("No such folder: " + there + "\n") == 0);
    }
    REQUIRE(desk.run({"sync", "--tips", "mine"}).status == 0);
    auto const tips = desk.run({"sync", "--import", "mine"});
    CHECK(tips.status == 1);
    CHECK(tips.err.find("A sound file, but not of the kind") == 0);

    Path const key = desk.path("r") / "keys" / "device.key";
    auto const sound = systemFiles().read(key, 1 << 16);
    REQUIRE(sound);
    REQUIRE(systemFiles().replace(key, asBytes(std::string("{garbage")), FileMode::Private));
    auto const damaged = write();
    CHECK(damaged.status == 4);
    CHECK(damaged.err.find("key file is damaged") != std::string::npos);
    std::filesystem::remove(key);
    auto const missing = write();
    CHECK(missing.status == 2);
    CHECK(missing.err.find("There is no key file keys/device.key") == 0);
    REQUIRE(systemFiles().replace(key, *sound, FileMode::Private));

    char const* const before = std::getenv("XDG_STATE_HOME");
    std::string const kept = before ? before : "";
    // Below a file no folder can be made, not even by root.
    ::setenv("XDG_STATE_HOME", (desk.path("pass") / "state").c_str(), 1);
    auto const unguarded = write();
    if (before)
        ::setenv("XDG_STATE_HOME", kept.c_str(), 1);
    else
        ::unsetenv("XDG_STATE_HOME");
    CHECK(unguarded.status == 4);
    CHECK(unguarded.err.find("XDG_STATE_HOME") != std::string::npos);
    CHECK(write().status == 0);
}

// Every branch above a fork is a branch of each fork below it. Told at each of them, the branches of a machine that was
// rolled back a thousand times filled a million lines.
TEST_CASE("a machine that was rolled back twice shows each branch once", "[cli]") {
    Desk desk;
    REQUIRE(systemFiles().replace(desk.path("pass"), asBytes(std::string("correct horse\n")), FileMode::Private));
    desk.environment["SPIRAL_PASSPHRASE_FILE"] = desk.path("pass").string();
    desk.environment["SPIRAL_REPLICA"] = "r";
    desk.environment["LANG"] = "en_GB.UTF-8";
    REQUIRE(desk.run({"init", "r", "--college", "学院", "--domain", "qa.example.edu.cn", "--person", "王芳"}).status ==
            0);
    auto const image = [&](std::string const& from, std::string const& to) {
        std::filesystem::remove_all(desk.path(to));
        std::filesystem::copy(desk.path(from), desk.path(to), std::filesystem::copy_options::recursive);
    };
    auto const writes = [&](std::string const& title) {
        REQUIRE(desk.run({"doc", "new", "task", "--scope", "college", "--set", "title=" + title}).status == 0);
    };
    writes("before");
    image("r", "first");
    writes("lost the first night");
    REQUIRE(desk.run({"sync", "--export", "a"}).status == 0);
    image("first", "r");
    writes("kept");
    image("r", "second");
    writes("lost the second night");
    REQUIRE(desk.run({"sync", "--export", "b"}).status == 0);
    image("second", "r");
    writes("now");
    REQUIRE(desk.run({"sync", "--import", "a"}).status == 0);
    REQUIRE(desk.run({"sync", "--import", "b"}).status == 0);

    auto const told = desk.run({"status"});
    auto const times = [&](std::string_view words) {
        int found = 0;
        for (auto at = told.out.find(words); at != std::string::npos; at = told.out.find(words, at + 1)) ++found;
        return found;
    };
    INFO(told.out);
    CHECK(times("fork: device") == 1);
    CHECK(times("    tip ") == 3);
    auto const list = desk.run({"doc", "list"});
    for (auto const* title : {"before", "lost the first night", "kept", "lost the second night", "now"}) {
        INFO(title);
        CHECK(list.out.find(title) != std::string::npos);
    }
}

TEST_CASE("a failing disk becomes words and status 4, never a crash", "[cli]") {
    Desk desk;
    std::ostringstream out, err;
    Surroundings surroundings{.variable = [](char const*) { return std::optional<std::string>(); },
                              .workingFolder = desk.path(""),
                              .out = out,
                              .err = err,
                              .askSecret = [](std::string const&) { return std::optional<Secret>(); },
                              .askLine = [](std::string const&) { return std::optional<std::string>(); }};
    replica::World world{systemWallClock(), systemMonotonicClock(), systemRandom(), systemFiles()};
    Program program({"status", "--lang", "en"}, world, std::move(surroundings));
    constexpr int full = 13;  // SQLITE_FULL
    CHECK(program.fail(replica::SqliteError(full, "sealing", "database or disk is full")) == 4);
    CHECK(err.str().find("Disk full; nothing you saved before is lost") == 0);
    CHECK(program.fail(std::bad_alloc()) == 4);
    CHECK(program.fail(std::runtime_error("x")) == 4);
}
