// Who stays connected: notices a server that is halted, waits for an enrolment that is on its way, and looks at what
// the server has signed.
#include "site.h"

using namespace spiral;
using namespace spiral::server;
using What = transport::WatchEvent::What;

namespace {

/// Lets the server's store thread stand still at a line of its log, as a halted machine does.
class Halt {
public:
    SyncServer::Log log() {
        return [this](Event const& event) {
            std::unique_lock lock(m_mutex);
            if (m_armed && event.name == "session-begin") {
                m_stands = true;
                m_changed.notify_all();
                m_changed.wait(lock, [this] { return !m_armed; });
            }
        };
    }
    void arm() { set(true); }
    void release() { set(false); }
    void awaitStanding() {
        std::unique_lock lock(m_mutex);
        REQUIRE(m_changed.wait_for(lock, std::chrono::seconds(60), [this] { return m_stands; }));
    }

private:
    void set(bool armed) {
        std::lock_guard const lock(m_mutex);
        m_armed = armed;
        m_changed.notify_all();
    }
    std::mutex m_mutex;
    std::condition_variable m_changed;
    bool m_armed = false, m_stands = false;
};

transport::WatchTimes quick() {
    transport::WatchTimes times;
    times.retryFirst = std::chrono::milliseconds(100);
    times.retryLast = std::chrono::milliseconds(400);
    times.silence = std::chrono::milliseconds(300);
    return times;
}

/// What a server would give to somebody new, but for one frame and what follows it in its feed.
std::vector<trust::TravellingFrame> allBut(Machine& server, FrameId const& hidden) {
    std::vector<trust::TravellingFrame> given;
    std::set<FrameId> without{hidden};
    for (auto& frame : server.framesFor({})) {
        auto const header = trust::decodeFrameHeader(frame.header).value();
        auto const id = hashAs<FrameId>(frame.header);
        if (without.contains(id) || (header.prev && without.contains(*header.prev)))
            without.insert(id);
        else
            given.push_back(std::move(frame));
    }
    return given;
}

}  // namespace

// A watch waited for ever for a server whose machine had stopped: its line was never closed.
TEST_CASE("who watches notices a server that says nothing any more, and goes on when it speaks", "[network][watch]") {
    Halt halt;
    Site site(halt.log());
    auto const key = site.server.secret().publicKey();
    Watched watch(site.wang, key, (*site.running)->port(), quick());
    watch.awaits(What::Connected);
    // Quiet for longer than the limit, and asked for its word: the line stays.
    std::this_thread::sleep_for(std::chrono::milliseconds(1500));
    CHECK(watch.toldNone(What::Lost));

    site.li.write("unit/jwc", {{"title", "甲"}});
    halt.arm();
    std::thread other([&] { static_cast<void>(site.call(site.li)); });
    halt.awaitStanding();
    auto const lost = watch.awaits(What::Lost);
    CHECK(lost.reason == "tls.idle");
    halt.release();
    other.join();
    watch.awaits(What::Connected);
    REQUIRE(site.call(site.li));
    auto const id = site.li.write("unit/jwc", {{"title", "乙"}});
    REQUIRE(site.call(site.li));
    watch.awaits(What::Agreed);
    for (int i = 0; i < 200 && watch.toldNone(What::Agreed); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    watch.stop();
    site.wang.open();
    CHECK(site.wang->revisionBytes(id));
}

// A person who had joined before the keeper synchronised was told `session.unknown-device`, and the watch ended.
TEST_CASE("a watch of somebody whom the server does not know yet goes on trying, less and less often",
          "[network][watch]") {
    Site site;
    auto const sun = site.town.college.person("sun");
    site.town.college.grant(sun, "clerk@unit/jwc");
    Machine& suns = site.machines.of(sun);
    auto const mine = suns.write("unit/jwc", {{"title", "甲"}});
    Watched watch(suns, site.server.secret().publicKey(), (*site.running)->port(), quick());
    std::vector<std::chrono::milliseconds> waits;
    for (int i = 0; i < 4; ++i) {
        auto const lost = watch.awaits(What::Lost);
        CHECK(lost.reason == "session.unknown-device");
        waits.push_back(lost.wait);
    }
    using std::chrono::milliseconds;
    CHECK(waits == std::vector{milliseconds(100), milliseconds(200), milliseconds(400), milliseconds(400)});
    CHECK(watch.toldNone(What::Connected));
    // The keeper brings the entry.
    REQUIRE(site.call(site.machines.keeper()));
    watch.awaits(What::Connected);
    watch.awaits(What::Agreed);
    watch.stop();
    REQUIRE(site.call(site.li));
    CHECK(site.li->revisionBytes(mine));
}

TEST_CASE("a watch is told of a frame that the server signed for and does not give", "[network][watch][lying]") {
    Scene scene;
    FrameId hidden;
    {
        SyncCore core(*scene.server, scene.server.secret(), {}, [](Event const&) {});
        scene.li.write("unit/jwc", {{"title", "甲"}});
        hidden = scene.li.seal("unit/jwc", {scene.li.revision("unit/jwc", {{"title", "乙"}})}).frame;
        static_cast<void>(scene.server->import(scene.li.framesFor(scene.server->tips()), "test"));
        core.giveReceipts();
    }
    // The same server with another folder: it never had the frame, and shows its own signed word that it has.
    Machine& liar = scene.machines.of(scene.owner);
    static_cast<void>(liar->import(allBut(scene.server, hidden), "test"));
    Running running(liar);
    auto const key = liar.secret().publicKey();
    Watched watch(scene.wang, key, running->port(), quick());
    auto const alarm = watch.awaits(What::Withheld);
    CHECK(alarm.withheld.frame == hidden);
    CHECK(alarm.withheld.server == scene.server.device());
    CHECK(alarm.withheld.scope.text() == "unit/jwc");
    std::this_thread::sleep_for(std::chrono::milliseconds(800));  // looked at again after each silence
    CHECK(watch.toldNone(What::Withheld));
    watch.stop();
    // `spiral status` shows it from now on, until whoever has the frame brings it.
    scene.wang.open();
    CHECK(transport::ReceiptWatch(*scene.wang).withheld(*scene.wang).size() == 1);
    scene.li.carryTo(scene.wang);
    CHECK(transport::ReceiptWatch(*scene.wang).withheld(*scene.wang).empty());
}

TEST_CASE("a watch is told of a server that was rolled back and went on", "[network][watch][lying]") {
    Scene scene;
    TemporaryFolder image("spiral-image");
    auto const receipted = [&](std::string const& title, Machine& who) {
        who.write("unit/jwc", {{"title", title}});
        static_cast<void>(scene.server->import(who.framesFor(scene.server->tips()), "test"));
        SyncCore(*scene.server, scene.server.secret(), {}, [](Event const&) {}).giveReceipts();
    };
    receipted("甲", scene.li);
    scene.server.saveImage(image.path() / "server", true);
    receipted("乙", scene.li);
    scene.server.carryTo(scene.wang);
    // Guard and all: the machine itself cannot know.
    scene.server.restoreImage(image.path() / "server");
    receipted("丙", scene.machines.keeper());
    Running running(scene.server);
    Watched watch(scene.wang, scene.server.secret().publicKey(), running->port(), quick());
    auto const alarm = watch.awaits(What::TwoViews);
    CHECK(alarm.twoViews.server == scene.server.device());
    CHECK(alarm.twoViews.scope.text() == "unit/jwc");
}

TEST_CASE("a hub notices that the server above says nothing any more, and calls it again", "[network][watch]") {
    Halt halt;
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::string> lines;
    auto const log = [&](Event const& event) {
        std::lock_guard const lock(mutex);
        lines.emplace_back(event.name);
        for (auto const& [key, value] : event.fields) lines.back() += " " + std::string(key) + "=" + value;
        changed.notify_all();
    };
    auto const awaitLine = [&](std::string const& line, std::ptrdiff_t times) {
        std::unique_lock lock(mutex);
        REQUIRE(changed.wait_for(lock, std::chrono::seconds(60),
                                 [&] { return std::count(lines.begin(), lines.end(), line) >= times; }));
    };
    Scene scene;
    auto const west = scene.town.college.server("hub", {"unit/jwc"});
    Machine& hub = scene.machines.of(west);
    scene.machines.spreadRegistry();
    Running server(scene.server, {}, halt.log());
    SyncSettings settings;
    settings.upstream = "spiral://127.0.0.1:" + std::to_string(server->port());
    settings.retryFirstSeconds = settings.retryLastSeconds = settings.silenceSeconds = 1;
    Running campus(hub, settings, log);
    awaitLine("upstream-begin", 1);
    std::this_thread::sleep_for(std::chrono::milliseconds(3500));  // quiet, and asked for its word each second
    {
        std::lock_guard const lock(mutex);
        CHECK(std::count(lines.begin(), lines.end(), "upstream-failed reason=tls.idle") == 0);
    }
    halt.arm();
    std::thread other([&] {
        static_cast<void>(transport::syncOnce(*scene.li, scene.li.secret(), {"127.0.0.1", server->port()},
                                              scene.server.secret().publicKey()));
    });
    halt.awaitStanding();
    awaitLine("upstream-failed reason=tls.idle", 1);
    halt.release();
    other.join();
    awaitLine("upstream-begin", 2);
}

// The hub's own session with the server above and those with its campus did not hear of each other's files: who had asked
// before the bytes came was not told, and waited for the next frame or call.
TEST_CASE("a file that comes to a hub from above or from its campus goes on to who asked for it before", "[network][watch]") {
    Scene scene;
    auto const west = scene.town.college.server("hub", {"unit/jwc"});
    Machine& hub = scene.machines.of(west);
    Machine& zhao = scene.machines.of(scene.town.zhao);
    scene.machines.spreadRegistry();
    TemporaryFolder papers{"spiral-papers"};
    auto const attach = [&](std::size_t size, std::uint64_t seed) {
        Path const paper = papers.path() / "paper.pdf";
        REQUIRE(systemFiles().replace(paper, transport::someBytes(size, seed), FileMode::Private));
        auto const file = transport::attachmentsOf(scene.li).add(paper).value();
        transport::writeWithFiles(scene.li, "unit/jwc", {file});
        return file;
    };
    auto const awaitFile = [](Machine& machine, trust::Attachment const& file) {
        auto const until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (!transport::attachmentsOf(machine).holds(file.sha256)) {
            REQUIRE(std::chrono::steady_clock::now() < until);
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
    };
    auto const call = [](Machine& machine, Machine& whom, std::uint16_t port) {
        auto const called =
            transport::syncOnce(*machine, machine.secret(), {"127.0.0.1", port}, whom.secret().publicKey());
        INFO((called ? "" : called.error().reason));
        REQUIRE(called);
    };
    Running server(scene.server);
    SyncSettings settings;
    settings.upstream = "spiral://127.0.0.1:" + std::to_string(server->port());
    Running campus(hub, settings);
    Watched wang(scene.wang, hub.secret().publicKey(), campus->port());
    wang.awaits(What::Connected);

    // Down: Wang asks the hub for it while it is still on its way from the server.
    auto const large = attach(24 * 1024 * 1024, 1);
    call(scene.li, scene.server, server->port());
    awaitFile(scene.wang, large);

    // Up: Zhao brings the server the document without the file, which the server asks the hub for; Li brings it to the hub.
    auto const small = attach(100'000, 2);
    scene.li.carryTo(zhao);
    call(zhao, scene.server, server->port());
    call(scene.li, hub, campus->port());
    awaitFile(scene.server, small);
    awaitFile(scene.wang, small);
}
