// A day of two machines on disks and in memory that fail: Li writes, attaches a file and synchronises, the server is started
// again in between, Li writes and synchronises once more. At each call of the disk, one after the other, something fails.
#include "machine_room.h"
#include "memory.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>

using namespace spiral;
using namespace spiral::faults;

namespace {

struct Kind {
    std::string_view name;
    Fault fault;
};
constexpr std::array kKinds{
    Kind{"a call fails", {}},
    Kind{"every call fails from then on", {.forEver = true}},
    Kind{"there is no room once", {.full = true, .calls = kWhatNeedsRoom}},
    Kind{"there is no room any more", {.forEver = true, .full = true, .calls = kWhatNeedsRoom}},
    Kind{"a sync fails", {.calls = kSync}},
    Kind{"no sync works any more", {.forEver = true, .calls = kSync}},
};
constexpr std::array kLosses{Loss::All, Loss::Later, Loss::Some, Loss::Sectors, Loss::None};

/// All that a fault may be told as. Each has words in both languages that say what to do.
bool saysWhatToDo(Error const& error) {
    static std::set<std::string_view> const reasons{"disk.full",     "disk.io",      "memory.full",
                                                    "server.disk",   "session.cut",  "guard.unwritable"};
    return reasons.contains(error.reason);
}

enum class Side { Li, Server };

/// The rooms are made once: what is broken in a run is a copy.
struct TestRoom {
    FaultMemory memory;
    MachineRoom room;
    FaultVfs vfs;
};
TestRoom& theRoom() {
    static TestRoom made;
    return made;
}

class WorkDay {
public:
    explicit WorkDay(std::string const& name = "run")
        : m_name(name), server(makeServer(theRoom().room.serverImage(), name)), li(makeLi(theRoom().room.liImage(), name)) {}

    void goesBy() {
        told(server->start());
        told(li->writes("丁"));
        told(li->writes("戊", theRoom().room.paper()));
        synchronise();
        server->stop();
        told(server->start());
        told(li->writes("己"));
        synchronise();
    }
    Synced synchronise() {
        if (!server->isUp()) return {};
        auto synced = sync(*li, *server, ++m_number);
        told(synced.error);
        return synced;
    }

    /// The fault stopped: without anybody's doing but another call, all is well in the end.
    void endsWell() {
        if (server->isUp() && server->core().diskError()) server->core().tryDisk();
        if (server->isUp()) {
            CHECK_FALSE(server->core().diskError());
        } else {
            auto const wrong = server->start();
            INFO((wrong ? wrong->reason + ": " + wrong->detail : ""));
            REQUIRE_FALSE(wrong);
        }
        Synced last;
        for (int call = 0; call < 3; ++call) last = synchronise();
        INFO((last.error ? last.error->reason + ": " + last.error->detail : ""));
        REQUIRE_FALSE(last.error);
        CHECK(last.agreed);
        CHECK(last.frames == 0);
        holdsWhatItSaid(*server, server->said);
        REQUIRE(li->open());
        holdsWhatItSaid(*li, li->said);
        CHECK(framesOf(*li) == framesOf(*server));
        CHECK((*li)->filesWanted(10).empty());
        CHECK((*server)->filesWanted(10).empty());
        li->close();
        server->stop();
    }
    /// Whatever was acknowledged is on the disk, and not only on its way there.
    void lastsWithoutPower(Loss loss, std::uint64_t seed) {
        CAPTURE(int(loss));
        for (auto const side : {Side::Li, Side::Server}) {
            Path const image = theRoom().room.place("image");
            seat(side).disk.writeImage(image, loss, seed);
            auto const found = side == Side::Li ? makeLi(image, "found") : makeServer(image, "found");
            CAPTURE(int(side));
            auto const opened = found->open();
            INFO((opened ? "" : opened.error().reason + ": " + opened.error().detail));
            REQUIRE(opened);
            holdsWhatItSaid(*found, seat(side).said);
        }
    }
    /// The power went: one machine is what its disk held then, the other what it is. Both end well.
    void goesOnWithoutPower(Side side, Loss loss, std::uint64_t seed) {
        CAPTURE(int(loss));
        Path const image = theRoom().room.place("image"), other = theRoom().room.place("image-other");
        seat(side).disk.writeImage(image, loss, seed);
        seat(side == Side::Li ? Side::Server : Side::Li).disk.writeImage(other, Loss::None, 0);
        WorkDay after(m_name + "-after", side == Side::Li ? image : other, side == Side::Server ? image : other, *this);
        after.endsWell();
    }

    [[nodiscard]] Seat& seat(Side side) { return side == Side::Li ? *li : *server; }
    [[nodiscard]] std::vector<Error> const& errors() const { return m_errors; }

private:
    WorkDay(std::string const& name, Path const& lisImage, Path const& serversImage, WorkDay const& before)
        : m_name(name), server(makeServer(serversImage, name)), li(makeLi(lisImage, name)) {
        server->said = before.server->said;
        li->said = before.li->said;
    }
    static std::unique_ptr<Seat> makeLi(Path const& image, std::string const& name) {
        return theRoom().room.li(theRoom().vfs, image, theRoom().room.place(name + "-li"));
    }
    static std::unique_ptr<ServerSeat> makeServer(Path const& image, std::string const& name) {
        return theRoom().room.server(theRoom().vfs, image, theRoom().room.place(name + "-server"));
    }
    void told(std::optional<Error> const& error) {
        if (!error) return;
        INFO(error->reason << ": " << error->detail);
        CHECK(saysWhatToDo(*error));
        m_errors.push_back(*error);
    }
    void holdsWhatItSaid(Seat& seat, Said const& said) const {
        std::vector<trust::Attachment> files = li->said.files;
        files.push_back(theRoom().room.wangsFile());
        CHECK(whatIsWrong(seat, said, files) == "");
    }

    std::string m_name;
    std::uint64_t m_number = 0;
    std::vector<Error> m_errors;

public:
    std::unique_ptr<ServerSeat> server;
    std::unique_ptr<Seat> li;
};

/// How many calls of these kinds a day without faults makes.
std::uint64_t callsOf(Side side, Fault fault) {
    WorkDay day;
    fault.at = 0;
    day.seat(side).disk.fail(fault);
    day.goesBy();
    CHECK(day.errors().empty());
    return day.seat(side).disk.counted();
}

struct Told {
    std::map<std::string, std::uint64_t> reasons;
    std::uint64_t days = 0, struck = 0, silent = 0, images = 0;
    void add(WorkDay const& day, bool wasStruck) {
        ++days;
        struck += wasStruck ? 1 : 0;
        silent += wasStruck && day.errors().empty() ? 1 : 0;
        for (auto const& error : day.errors()) ++reasons[error.reason];
    }
    [[nodiscard]] std::string text() const {
        std::string out = std::to_string(days) + " days, " + std::to_string(struck) + " struck, " + std::to_string(silent) +
                          " without a word, " + std::to_string(images) + " images";
        for (auto const& [reason, times] : reasons) out += "; " + reason + " " + std::to_string(times);
        return out;
    }
};

/// Calls 1 … count, or `points` of them: all in turn, whatever the seed of the day.
std::vector<std::uint64_t> someOf(std::uint64_t count, std::uint64_t points, std::uint64_t shift) {
    std::vector<std::uint64_t> chosen;
    if (points >= count) {
        for (std::uint64_t at = 1; at <= count; ++at) chosen.push_back(at);
    } else {
        for (std::uint64_t i = 0; i < points; ++i) chosen.push_back(1 + (count * i + (shift * 7919) % count) / points % count);
    }
    return chosen;
}

/// Each disk and kind is a section, so that one can be run alone (-c "Li, a sync fails").
void disksFail(std::uint64_t points) {
    for (auto const side : {Side::Li, Side::Server}) {
        for (std::size_t k = 0; k < kKinds.size(); ++k) DYNAMIC_SECTION((side == Side::Li ? "Li, " : "server, ") << kKinds[k].name) {
            Told told;
            Fault fault = kKinds[k].fault;
            std::uint64_t const count = callsOf(side, fault);
            for (std::uint64_t const at : someOf(count, points, k * 2 + (side == Side::Li ? 0 : 1))) {
                INFO((side == Side::Li ? "Li's disk: " : "the server's disk: ") << kKinds[k].name << ", call " << at);
                WorkDay day;
                fault.at = at;
                auto& disk = day.seat(side).disk;
                disk.fail(fault);
                day.goesBy();
                told.add(day, disk.struck() > 0);
                CHECK(disk.struck() > 0);
                if (fault.forEver && fault.calls == kEveryCall) {
                    // A disk that takes nothing any more is one whose power went.
                    for (Loss const loss : kLosses) {
                        day.lastsWithoutPower(loss, at);
                        ++told.images;
                    }
                    day.goesOnWithoutPower(side, kLosses[at % kLosses.size()], at + 1);
                    continue;
                }
                day.lastsWithoutPower(Loss::All, at);
                disk.heal();
                day.endsWell();
                day.lastsWithoutPower(Loss::All, at);
                told.images += 2;
            }
            WARN((side == Side::Li ? "Li, " : "server, ") << kKinds[k].name << ", of " << count << " calls: " << told.text());
        }
    }
}

void memoryFails(std::uint64_t points) {
    for (bool const forEver : {false, true}) {
        Told told;
        auto& memory = theRoom().memory;
        std::uint64_t count = 0;
        {
            WorkDay day;
            memory.fail(0);
            day.goesBy();
            count = memory.counted();
        }
        for (std::uint64_t const at : someOf(count, points, forEver ? 1 : 0)) {
            INFO("memory fails " << (forEver ? "from request " : "at request ") << at);
            WorkDay day;
            memory.fail(at, forEver);
            day.goesBy();
            bool const struck = memory.struck() > 0;
            memory.heal();
            told.add(day, struck);
            for (auto const& error : day.errors()) {
                INFO(error.reason << ": " << error.detail);
                CHECK(error.reason != "disk.io");
            }
            day.lastsWithoutPower(Loss::All, at);
            ++told.images;
            day.endsWell();
        }
        WARN("memory, " << (forEver ? "for ever" : "once") << ", of " << count << " requests: " << told.text());
    }
}

}  // namespace

TEST_CASE("a day on good disks", "[faults][vfs]") {
    WorkDay day;
    day.goesBy();
    CHECK(day.errors().empty());
    CHECK(day.li->said.frames.size() >= 3);   // a caller that leaves answers to nothing
    CHECK(day.server->said.frames.size() >= 3);
    day.lastsWithoutPower(Loss::All, 1);
    day.endsWell();
    day.lastsWithoutPower(Loss::All, 1);
}

// The sync of a commit failed, and the process ended. The next one found the transaction whole in the log, because Linux
// shows what it could not write, and went on above it. When the power went the log had a hole there: what had been
// acknowledged above it was lost, and where pages had gone on into the file itself the store was malformed.
TEST_CASE("what is acknowledged after a failed sync and another start stands above no hole", "[faults][vfs]") {
    std::uint64_t failed = 0;
    for (std::uint64_t at = 1;; ++at) {
        INFO("no sync of a command works, from number " << at << " on");
        WorkDay day;
        REQUIRE_FALSE(day.li->writes("丁"));
        auto& disk = day.li->disk;
        disk.fail({.at = at, .forEver = true, .calls = kSync});
        auto const wrong = day.li->writes("戊");
        if (disk.struck() == 0) break;
        failed += wrong ? 1 : 0;
        disk.heal();
        REQUIRE_FALSE(day.li->writes("己"));
        for (Loss const loss : {Loss::All, Loss::Sectors}) day.lastsWithoutPower(loss, at);
    }
    CHECK(failed > 3);
}

// A piece whose sync had failed was found in the part file at the next look, and never written again.
TEST_CASE("a file whose piece could not be synced once is whole on the disk in the end", "[faults][vfs]") {
    for (std::uint64_t at = 1;; ++at) {
        INFO("the server's sync " << at << " fails");
        WorkDay day;
        REQUIRE_FALSE(day.server->start());
        REQUIRE_FALSE(day.li->writes("戊", theRoom().room.paper()));
        auto& disk = day.server->disk;
        disk.fail({.at = at, .calls = kSync});
        day.synchronise();
        if (disk.struck() == 0) break;
        disk.heal();
        day.endsWell();
        day.lastsWithoutPower(Loss::All, at);
    }
}

// It threw before there was a session, and who had called waited for an answer till the line was given up.
TEST_CASE("who calls a server that cannot even look into its store is told so", "[faults][vfs]") {
    WorkDay day;
    REQUIRE_FALSE(day.server->start());
    std::vector<protocol::Message> heard;
    bool closed = false;
    theRoom().memory.fail(1, true);
    day.server->guarded([&] {
        (void)day.server->core().opened({[&](protocol::Message message) { heard.push_back(std::move(message)); },
                                         [&] { closed = true; }, {}, Bytes(32, 1)});
    });
    theRoom().memory.heal();
    REQUIRE(heard.size() == 1);
    CHECK(std::get<protocol::Refusal>(heard[0]).reason == "server.disk");
    CHECK(closed);
    day.endsWell();
}

TEST_CASE("whatever call of a disk fails, it is told, nothing acknowledged is lost, and all goes on when the disk is good",
          "[faults][vfs]") {
    disksFail(2);
}

TEST_CASE("whatever call of a disk fails, it is told, nothing acknowledged is lost, and all goes on when the disk is good, at every call",
          "[faults][vfs][long]") {
    disksFail(UINT64_MAX);
}

// To undo a transaction a statement was parsed, which takes memory. Where there was none the transaction stayed open, and
// a server that had run out of memory once refused everybody until it was started anew.
TEST_CASE("a server that ran out of memory in the middle of a transaction goes on when there is memory", "[faults][vfs]") {
    WorkDay day;
    REQUIRE_FALSE(day.server->start());
    auto& memory = theRoom().memory;
    auto const call = [&](std::uint64_t at) {
        REQUIRE_FALSE(day.li->writes("丁"));
        memory.fail(at, true);
        day.synchronise();
        bool const struck = memory.struck() > 0;
        memory.heal();
        return struck;
    };
    std::uint64_t struck = 0;
    // The requests of the callee's import are the last of a call.
    for (std::uint64_t at = 1;; at += 61) {
        INFO("no memory from request " << at << " on");
        if (!call(at)) break;
        ++struck;
        if (day.server->core().diskError()) day.server->core().tryDisk();
        auto const after = day.synchronise();
        INFO((after.error ? after.error->reason + ": " + after.error->detail : ""));
        REQUIRE_FALSE(after.error);
    }
    CHECK(struck > 20);
    day.endsWell();
}

TEST_CASE("memory that SQLite does not get is told as that, and nothing acknowledged is lost", "[faults][vfs]") {
    memoryFails(6);
}

TEST_CASE("memory that SQLite does not get is told as that, and nothing acknowledged is lost, at each tenth request",
          "[faults][vfs][long]") {
    memoryFails(1700);
}
