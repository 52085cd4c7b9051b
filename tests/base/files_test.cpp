#include "base/files.h"

#include "base/random.h"

#include "helpers.h"

#include <atomic>
#include <thread>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

namespace spiral {
namespace {

using namespace std::chrono_literals;

Files& disk() { return systemFiles(); }

mode_t modeOf(Path const& path) {
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    return status.st_mode & 07777;
}

/// Another mask for new files while it lives.
class Mask {
public:
    explicit Mask(mode_t mask) : m_before(::umask(mask)) {}
    ~Mask() { ::umask(m_before); }
    Mask(Mask const&) = delete;
    Mask& operator=(Mask const&) = delete;

private:
    mode_t m_before;
};

std::string contentOf(Path const& path) {
    auto const bytes = disk().read(path, 1 << 20);
    REQUIRE(bytes.has_value());
    return toText(*bytes);
}

TEST_CASE("a file holds what was put there", "[base][files]") {
    TemporaryFolder const folder;
    Path const path = folder.path() / "文件.json";
    CHECK_FALSE(disk().exists(path));
    REQUIRE(disk().replace(path, asBytes("one"), FileMode::Private));
    CHECK(disk().exists(path));
    CHECK(*disk().size(path) == 3);
    CHECK(contentOf(path) == "one");
    REQUIRE(disk().replace(path, {}, FileMode::Private));
    CHECK(*disk().size(path) == 0);
    CHECK(contentOf(path).empty());
    Bytes large(300000);
    SeededRandom(9).fill(large);
    REQUIRE(disk().replace(path, large, FileMode::Private));
    CHECK(*disk().read(path, large.size()) == large);
    CHECK(disk().list(folder.path()) == std::vector<std::string>{"文件.json"});
}

TEST_CASE("a missing file is not found, whatever is asked of it", "[base][files]") {
    TemporaryFolder const folder;
    Path const path = folder.path() / "absent";
    CHECK(reasonOf(disk().read(path, 10)) == "file.missing");
    CHECK(codeOf(disk().read(path, 10)) == ErrorCode::NotFound);
    CHECK(reasonOf(disk().readAt(path, 0, 10)) == "file.missing");
    CHECK(reasonOf(disk().size(path)) == "file.missing");
    CHECK(reasonOf(disk().sync(path)) == "file.missing");
    CHECK(reasonOf(disk().remove(path)) == "file.missing");
    CHECK(reasonOf(disk().rename(path, folder.path() / "b")) == "file.missing");
    CHECK(reasonOf(disk().replace(path / "inside", asBytes("a"), FileMode::Private)) == "file.missing");
    CHECK(disk().list(path).empty());
    CHECK_FALSE(disk().exists(path));
}

TEST_CASE("a file over the limit is refused without being read", "[base][files]") {
    TemporaryFolder const folder;
    Path const path = folder.path() / "large";
    REQUIRE(disk().replace(path, asBytes("0123456789"), FileMode::Private));
    CHECK(disk().read(path, 10).has_value());
    CHECK(codeOf(disk().read(path, 9)) == ErrorCode::TooLarge);
    CHECK(reasonOf(disk().read(path, 0)) == "file.too-large");
    // One terabyte of holes: nobody could read it here.
    REQUIRE(::truncate(path.c_str(), off_t{1} << 40) == 0);
    CHECK(timeOf([&path] { CHECK(reasonOf(disk().read(path, 1 << 20)) == "file.too-large"); }) < 1s);
}

TEST_CASE("private files are for their owner alone, shared ones for all to read", "[base][files]") {
    TemporaryFolder const folder;
    CHECK(modeOf(folder.path()) == 0700);
    for (mode_t const mask : {0, 022, 077}) {
        Mask const narrowed(mask);
        REQUIRE(disk().replace(folder.path() / "private", asBytes("a"), FileMode::Private));
        REQUIRE(disk().replace(folder.path() / "shared", asBytes("a"), FileMode::Shared));
        CHECK(modeOf(folder.path() / "private") == 0600);
        CHECK(modeOf(folder.path() / "shared") == 0644);
    }
    Mask const none(0);
    REQUIRE(disk().writeAt(folder.path() / "piece", 0, asBytes("a"), FileMode::Private));
    CHECK(modeOf(folder.path() / "piece") == 0600);
    REQUIRE(disk().makeFolder(folder.path() / "a/b", FileMode::Private));
    CHECK(modeOf(folder.path() / "a") == 0700);
    CHECK(modeOf(folder.path() / "a/b") == 0700);
    REQUIRE(disk().makeFolder(folder.path() / "c", FileMode::Shared));
    CHECK(modeOf(folder.path() / "c") == 0755);
}

TEST_CASE("a file that was readable becomes private when it is replaced so", "[base][files]") {
    TemporaryFolder const folder;
    Path const path = folder.path() / "key";
    REQUIRE(disk().replace(path, asBytes("old"), FileMode::Shared));
    REQUIRE(disk().replace(path, asBytes("new"), FileMode::Private));
    CHECK(modeOf(path) == 0600);
}

TEST_CASE("whoever has the old file open keeps the old content", "[base][files]") {
    TemporaryFolder const folder;
    Path const path = folder.path() / "file";
    REQUIRE(disk().replace(path, asBytes("old"), FileMode::Private));
    int const old = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    REQUIRE(old >= 0);
    REQUIRE(disk().replace(path, asBytes("new"), FileMode::Private));
    char content[4] = {};
    CHECK(::read(old, content, 3) == 3);
    ::close(old);
    CHECK(std::string(content) == "old");
    CHECK(contentOf(path) == "new");
}

TEST_CASE("a reader sees the whole old file or the whole new one", "[base][files]") {
    TemporaryFolder const folder;
    Path const path = folder.path() / "file";
    std::string const one(100000, 'a');
    std::string const two(70000, 'b');
    REQUIRE(disk().replace(path, asBytes(one), FileMode::Private));
    std::atomic<bool> done = false;
    std::atomic<int> wrong = 0;
    std::atomic<int> reads = 0;
    std::thread reader([&path, &one, &two, &done, &wrong, &reads] {
        while (!done) {
            auto const bytes = disk().read(path, 1 << 20);
            if (!bytes || (asText(*bytes) != one && asText(*bytes) != two)) ++wrong;
            ++reads;
        }
    });
    int failed = 0;
    for (int round = 0; round < 50; ++round)
        failed += disk().replace(path, asBytes(round % 2 == 0 ? two : one), FileMode::Private) ? 0 : 1;
    while (reads == 0) std::this_thread::yield();
    done = true;
    reader.join();
    CHECK(failed == 0);
    CHECK(wrong == 0);
}

TEST_CASE("a replacement that fails leaves the old content and nothing beside it", "[base][files]") {
    TemporaryFolder const folder;
    Path const path = folder.path() / "taken";
    REQUIRE(disk().makeFolder(path / "inside", FileMode::Private));
    auto const refused = disk().replace(path, asBytes("a"), FileMode::Private);
    CHECK(codeOf(refused) == ErrorCode::Environment);
    CHECK(reasonOf(refused) == "disk.io");
    CHECK(refused.error().detail.find("taken") != std::string::npos);
    CHECK(refused.error().detail.find(folder.path().string()) == std::string::npos);
    CHECK(disk().list(folder.path()) == std::vector<std::string>{"taken"});

    // A limit on the size of files stands for a disk that fails in the middle. In a child: limits cannot be raised again.
    Path const kept = folder.path() / "kept";
    REQUIRE(disk().replace(kept, asBytes("old"), FileMode::Private));
    pid_t const child = ::fork();
    if (child == 0) {
        std::signal(SIGXFSZ, SIG_IGN);
        rlimit const limit{4096, 4096};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        auto const failed = disk().replace(kept, Bytes(10000), FileMode::Private);
        ::_exit(!failed && failed.error().reason == "disk.io" ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    CHECK(status == 0);
    CHECK(contentOf(kept) == "old");
    CHECK(disk().list(folder.path()) == std::vector<std::string>{"kept", "taken"});
}

TEST_CASE("a full disk has a reason of its own", "[base][files]") {
    TemporaryFolder const folder;
    // A small disk of memory, in a child with its own view of the mounts. Not every machine allows that.
    constexpr int kNotAllowed = 77;
    pid_t const child = ::fork();
    if (child == 0) {
        if (::unshare(CLONE_NEWNS) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) ::_exit(kNotAllowed);
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
        if (::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=64k") != 0) ::_exit(kNotAllowed);
        bool good = disk().replace(folder.path() / "file", asBytes("old"), FileMode::Private).has_value();
        auto const full = disk().replace(folder.path() / "file", Bytes(1 << 20), FileMode::Private);
        good = good && !full && full.error().code == ErrorCode::Environment && full.error().reason == "disk.full";
        good = good && disk().read(folder.path() / "file", 3) && disk().list(folder.path()).size() == 1;
        auto const piece = disk().writeAt(folder.path() / "piece", 0, Bytes(1 << 20), FileMode::Private);
        good = good && !piece && piece.error().reason == "disk.full";
        ::_exit(good ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    REQUIRE(WIFEXITED(status));
    if (WEXITSTATUS(status) == kNotAllowed) WARN("no small disk can be mounted on this machine");
    else CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("pieces of a large file go to their places", "[base][files]") {
    TemporaryFolder const folder;
    Path const path = folder.path() / "pieces";
    REQUIRE(disk().writeAt(path, 6, asBytes("world"), FileMode::Private));
    REQUIRE(disk().writeAt(path, 0, asBytes("hello "), FileMode::Private));
    REQUIRE(disk().sync(path));
    CHECK(contentOf(path) == "hello world");
    CHECK(toText(*disk().readAt(path, 6, 3)) == "wor");
    CHECK(toText(*disk().readAt(path, 6, 100)) == "world");
    CHECK(disk().readAt(path, 11, 1)->empty());
    CHECK(disk().readAt(path, ~std::uint64_t{0}, ~std::size_t{0})->empty());
    CHECK(toText(*disk().readAt(path, 0, ~std::size_t{0})) == "hello world");
    CHECK(reasonOf(disk().writeAt(path, ~std::uint64_t{0}, asBytes("a"), FileMode::Private)) == "disk.io");
    CHECK(contentOf(path) == "hello world");
}

TEST_CASE("files move and go", "[base][files]") {
    TemporaryFolder const folder;
    REQUIRE(disk().makeFolder(folder.path() / "to", FileMode::Private));
    REQUIRE(disk().replace(folder.path() / "a", asBytes("a"), FileMode::Private));
    REQUIRE(disk().replace(folder.path() / "to/b", asBytes("b"), FileMode::Private));
    REQUIRE(disk().rename(folder.path() / "a", folder.path() / "to/b"));
    CHECK_FALSE(disk().exists(folder.path() / "a"));
    CHECK(contentOf(folder.path() / "to/b") == "a");
    REQUIRE(disk().remove(folder.path() / "to/b"));
    CHECK_FALSE(disk().exists(folder.path() / "to/b"));
}

TEST_CASE("folders are made with their parents, and again without complaint", "[base][files]") {
    TemporaryFolder const folder;
    REQUIRE(disk().makeFolder(folder.path() / "a/b/c", FileMode::Private));
    REQUIRE(disk().makeFolder(folder.path() / "a/b/c", FileMode::Private));
    REQUIRE(disk().makeFolder(folder.path() / "d/e/", FileMode::Private));
    CHECK(disk().exists(folder.path() / "a/b/c"));
    CHECK(disk().exists(folder.path() / "d/e"));
    REQUIRE(disk().replace(folder.path() / "file", asBytes("a"), FileMode::Private));
    CHECK(reasonOf(disk().makeFolder(folder.path() / "file", FileMode::Private)) == "disk.io");
    CHECK(reasonOf(disk().makeFolder(folder.path() / "file/x", FileMode::Private)) == "disk.io");
    CHECK(disk().list(folder.path()) == std::vector<std::string>{"a", "d", "file"});
}

TEST_CASE("only regular files are opened, and nothing is written through a link", "[base][files]") {
    TemporaryFolder const folder;
    REQUIRE(::mkfifo((folder.path() / "pipe").c_str(), 0600) == 0);
    // A pipe without another end would keep us waiting for ever.
    CHECK(timeOf([&folder] {
              CHECK(codeOf(disk().read(folder.path() / "pipe", 10)) == ErrorCode::Environment);
              CHECK(codeOf(disk().readAt(folder.path() / "pipe", 0, 10)) == ErrorCode::Environment);
              CHECK(codeOf(disk().size(folder.path() / "pipe")) == ErrorCode::Environment);
              CHECK(codeOf(disk().writeAt(folder.path() / "pipe", 0, asBytes("a"), FileMode::Private)) == ErrorCode::Environment);
          }) < 1s);
    CHECK(reasonOf(disk().read("/dev/zero", 10)) == "disk.io");
    CHECK(reasonOf(disk().read(folder.path(), 10)) == "disk.io");

    REQUIRE(disk().replace(folder.path() / "real", asBytes("real"), FileMode::Private));
    REQUIRE(::symlink("real", (folder.path() / "link").c_str()) == 0);
    CHECK(contentOf(folder.path() / "link") == "real");
    CHECK(reasonOf(disk().writeAt(folder.path() / "link", 0, asBytes("X"), FileMode::Private)) == "disk.io");
    CHECK(contentOf(folder.path() / "real") == "real");
    REQUIRE(disk().replace(folder.path() / "link", asBytes("new"), FileMode::Private));
    CHECK(contentOf(folder.path() / "real") == "real");
    CHECK(contentOf(folder.path() / "link") == "new");
}

TEST_CASE("a temporary folder goes with all it holds, and not with what it links to", "[base][files]") {
    TemporaryFolder const outside;
    REQUIRE(disk().replace(outside.path() / "kept", asBytes("a"), FileMode::Private));
    Path path;
    {
        TemporaryFolder const folder("spiral-test");
        path = folder.path();
        CHECK(path.filename().string().starts_with("spiral-test"));
        REQUIRE(disk().makeFolder(path / "a/b", FileMode::Private));
        REQUIRE(disk().replace(path / "a/b/c", asBytes("a"), FileMode::Private));
        REQUIRE(::symlink(outside.path().c_str(), (path / "link").c_str()) == 0);
        CHECK(disk().exists(path));
    }
    CHECK_FALSE(disk().exists(path));
    CHECK(contentOf(outside.path() / "kept") == "a");
}

}  // namespace
}  // namespace spiral
