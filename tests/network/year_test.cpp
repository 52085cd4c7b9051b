// A laptop comes back after a year: 400 edits of four people, while the college wrote on, reorganised its roles twice
// and took a newer program into use. It synchronises once over TLS; nothing is reset or lost, and each edit gets its
// state.
//
// Who wrote what while offline, and what it becomes:
//   li     250  her grant is as it was                     stands
//   li      10  on a plan of Ma's, who is away too         pending until Ma's machine comes
//   sun     70  her clerk's grant ended with a cut, and    quarantined above the cut; she affirms each
//               she was made head instead
//   zhou    60  her grant had an end, which has passed     quarantined as late; the quality office admits each
//   qian    10  re-checks, on a registry long outdated     quarantined as stale; she affirms each
#include "site.h"
#include "wire.h"

#include "office/office.h"

using namespace spiral;
using namespace spiral::server;
using replica::Count;
using trust::day;

namespace {

std::string const kUnit = "unit/jwc";

/// The office over a machine's replica, as programs open it; the machine is closed meanwhile.
class Seat {
public:
    explicit Seat(Machine& machine) : m_machine(machine), m_guard(machine.folder().parent_path() / "spiral") {
        machine.close();
        ::setenv("XDG_STATE_HOME", machine.folder().parent_path().c_str(), 1);
        std::filesystem::create_directories(m_guard);
        m_guard /= "guard-" + machine.device().hex().substr(0, 32);
        std::filesystem::copy_file(machine.guardFile(), m_guard, std::filesystem::copy_options::overwrite_existing);
        auto opened = office::Office::open(
            machine.folder(), machine.world(), replica::Access::Write,
            [&machine](Path const&, trust::PublicKey const&) -> Result<std::unique_ptr<trust::Signer>> {
                return std::unique_ptr<trust::Signer>(std::make_unique<Borrowed>(machine.secret()));
            });
        INFO((opened ? "" : opened.error().reason));
        REQUIRE(opened);
        m_office = std::move(*opened);
    }
    ~Seat() {
        m_office.reset();
        std::filesystem::copy_file(m_guard, m_machine.guardFile(), std::filesystem::copy_options::overwrite_existing);
        m_machine.open();
    }
    Seat(Seat const&) = delete;
    Seat& operator=(Seat const&) = delete;
    office::Office* operator->() { return m_office.get(); }
    std::string dump() {
        std::string all;
        m_office->view().dump([&](std::string_view line) { all.append(line).push_back('\n'); });
        return all;
    }

private:
    Machine& m_machine;
    Path m_guard;
    std::unique_ptr<office::Office> m_office;
};

class Year {
public:
    /// `share`: 1 is all of it, 10 a tenth of the edits. `rows`: of the others.
    Year(int share, std::size_t rows) : m_share(share), m_rows(rows) {
        college.grant(ma, "clerk@unit/jwc");
        sunsGrant = college.grant(sun, "clerk@unit/jwc");
        college.grant(zhou, "clerk@unit/jwc", day(0), day(180));
        college.grant(qian, "quality@college");
        chensGrant = college.grant(chen, "head@unit/jwc");
        wangsGrant = college.grant(wang, "clerk@unit/jwc");
        college.grant(li, "clerk@unit/jwc");
        college.grant(xin, "clerk@unit/jwc");
        college.grant(zhao, "quality@college");
        machines.spreadRegistry();
    }

    void beforeTheyLeave() {
        for (int i = 0; i < 10 / m_share; ++i) {
            auto const task = wangs.write(kUnit, {{"title", "整改任务 " + std::to_string(i)}});
            wangs.act("submit", "clerk@unit/jwc", kUnit, task);
            tasks.push_back(task);
        }
        suns.write(kUnit, {{"title", "孙的初稿"}});
        for (Machine* machine : {&wangs, &suns, &lis, &qians, &zhous, &mas, &zhaos, &wangs}) meets(*machine, 10);
        // Ma leaves too, and only Li saw this plan.
        clock(mas, 15);
        auto const row = mas.revision(kUnit, {{"title", "马的计划"}});
        masDocument = trust::decodeRevision(asBytes(row.bytes))->doc;
        mas.seal(kUnit, {row});
        masPlan = row.item.id;
    }

    void offline() {
        auto const writes = [&](Machine& machine, std::vector<ObjectId>& edits, int count, int from, int until) {
            std::optional<DocumentId> doc;
            std::vector<ObjectId> parents;
            for (int i = 0; i < count; ++i) {
                clock(machine, from + i * (until - from) / count);
                if (i % 5 == 0) doc.reset(), parents.clear();  // five edits of each document
                auto const row = machine.revision(kUnit, {{"title", "离线所写 " + std::to_string(i)}}, parents, doc);
                doc = trust::decodeRevision(asBytes(row.bytes))->doc;
                parents = {row.item.id};
                machine.seal(kUnit, {row});
                edits.push_back(row.item.id);
            }
        };
        writes(lis, byLi, 250 / m_share, 20, 350);
        for (int i = 0; i < 10 / m_share; ++i) {
            clock(lis, 351);
            onMas.push_back(lis.write(kUnit, {{"title", "补充马的计划 " + std::to_string(i)}}, {masPlan}, masDocument));
        }
        writes(suns, bySun, 70 / m_share, 20, 350);
        writes(zhous, byZhou, 60 / m_share, 20, 170);
        for (auto const& task : tasks) {
            clock(qians, 30);
            byQian.push_back(qians.act("recheck-pass", "quality@college", kUnit, task));
        }
        // They meet on the way back, and Li's laptop takes the others' work along.
        for (Machine* machine : {&suns, &zhous, &qians}) {
            for (auto const& answer : machine->carryTo(lis)) {
                CHECK((answer.what == trust::Answer::What::Stored || answer.what == trust::Answer::What::Known));
            }
        }
        CHECK(edits().size() == static_cast<std::size_t>(400 / m_share));
    }

    void meanwhile() {
        writesMuch(40, m_rows / 2);
        // The first reorganisation: Sun becomes head in Chen's place.
        college.entryTime = day(100);
        auto const sunsLast = tipOf(*servers, suns.device());
        college.append("revoke",
                       trust::College::revokeMembers(sunsGrant, {{suns.device(), trust::scopeOf(kUnit), sunsLast}}),
                       {college.founder});
        college.append("revoke", trust::College::revokeMembers(chensGrant), {college.founder});
        college.grant(sun, "head@unit/jwc", day(100));
        spread(100);
        writesMuch(110, m_rows / 4);
        // The second: the clerks' grants end and are given anew, and the head is replaced once more.
        college.entryTime = day(250);
        auto const wangsLast = tipOf(*servers, wangs.device());
        college.append("revoke",
                       trust::College::revokeMembers(wangsGrant, {{wangs.device(), trust::scopeOf(kUnit), wangsLast}}),
                       {college.founder});
        college.grant(wang, "clerk@unit/jwc", day(250));
        college.grant(chen, "head@unit/jwc", day(250));
        spread(250);
        writesMuch(260, m_rows / 4);
        newerProgram(300);
    }

    /// Rows of kinds, types and a schema that no program of today knows.
    void newerProgram(int n) {
        clock(xins, n);
        auto const plan = xins.revision(kUnit, {{"goal", "新版本的计划"}}, {}, {}, "plan.v9");
        xins.seal(kUnit, {plan});
        auto const praise =
            xins.record("endorse", "clerk@unit/jwc", kUnit, trust::Target{trust::scopeOf(kUnit), tasks.front()});
        auto newer = trust::decodeRecord(asBytes(praise.bytes)).value();
        newer.kind = "endorse.v7";
        replica::NewRow row = praise;
        row.bytes = trust::encode(newer);
        row.item.id = hashAs<ObjectId>(asBytes(row.bytes));
        row.signature =
            xins.secret().sign(trust::nameSpaceFor(newer.kind, college.domain()), asBytes(row.bytes)).value();
        auto const sealed = xins.seal(kUnit, {row});
        newerRows = {plan.item.id, row.item.id};
        auto header = trust::decodeFrameHeader(xins->frameBytes(sealed.frame)->header).value();
        header.prev = sealed.frame;
        header.seq = sealed.seq + 1;
        header.schema = 2;
        header.items = {{trust::Item::Kind::Revision, hashAs<ObjectId>(asBytes("a row of a form yet to come"))}};
        newerFrame.header = toBytes(trust::encode(header));
        newerFrame.signature =
            xins.secret().sign(trust::nameSpaceFor("frame", college.domain()), newerFrame.header).value();
        newerFrame.payload = trust::Payload{trust::Codec::Raw, toBytes("bytes of a form yet to come")};
        REQUIRE(xins->import({newerFrame}, "her newer program").front().what == trust::Answer::What::Stored);
        meets(xins, n);
    }

    [[nodiscard]] std::vector<ObjectId> edits() const {
        std::vector<ObjectId> all;
        for (auto const* some : {&byLi, &onMas, &bySun, &byZhou, &byQian})
            all.insert(all.end(), some->begin(), some->end());
        return all;
    }
    static std::set<FrameId> framesOf(Machine& machine) {
        std::set<FrameId> frames;
        machine->framesBeyond(
            {}, [](Scope const&) { return true; },
            [&](trust::TravellingFrame&& frame) {
                frames.insert(hashAs<FrameId>(frame.header));
                return true;
            });
        return frames;
    }
    static void clock(Machine& machine, int n) { machine.clock.time = std::max(machine.clock.time, day(n)); }

    /// One session on this day, joined without sockets.
    void meets(Machine& machine, int n) {
        clock(machine, n);
        clock(servers, n);
        SyncCore core(*servers, servers.secret(), {}, [](Event const&) {});
        Wire wire(core, machine, servers.device(), false, ++m_wires);
        wire.run();
        REQUIRE(wire.ended);
        INFO((wire.error ? wire.error->reason : ""));
        REQUIRE_FALSE(wire.error);
    }

    trust::College college{7};
    trust::Someone owner = college.server();
    trust::Someone li = college.person("li"), sun = college.person("sun"), zhou = college.person("zhou"),
                   qian = college.person("qian"), ma = college.person("ma"), wang = college.person("wang"),
                   chen = college.person("chen"), xin = college.person("xin"), zhao = college.person("zhao");
    ObjectId sunsGrant, chensGrant, wangsGrant;
    Machines machines{college};
    Machine& servers = machines.of(owner);
    Machine &lis = machines.of(li), &suns = machines.of(sun), &zhous = machines.of(zhou), &qians = machines.of(qian),
            &mas = machines.of(ma), &wangs = machines.of(wang), &xins = machines.of(xin), &zhaos = machines.of(zhao);

    std::vector<ObjectId> tasks, byLi, onMas, bySun, byZhou, byQian, newerRows;
    ObjectId masPlan;
    DocumentId masDocument;
    trust::TravellingFrame newerFrame;

private:
    /// The keeper brings the entries to the server, and who is there gets them.
    void spread(int n) {
        machines.sealEntries();
        for (Machine* machine : {&machines.keeper(), &wangs, &xins, &zhaos}) meets(*machine, n);
    }
    void writesMuch(int n, std::size_t rows) {
        clock(wangs, n);
        for (std::size_t done = 0; done < rows;) {
            std::vector<replica::NewRow> frame;
            for (; frame.size() < 500 && done < rows; ++done) {
                frame.push_back(
                    wangs.revision(kUnit, {{"title", "教务处材料 " + std::to_string(n) + "-" + std::to_string(done)}}));
            }
            wangs.seal(kUnit, frame);
        }
        meets(wangs, n);
        meets(zhaos, n);
    }
    static FrameId tipOf(replica::Replica const& replica, DeviceId const& device) {
        for (auto const& tip : replica.tips()) {
            if (tip.device == device && tip.scope.text() == kUnit) return tip.frame;
        }
        FAIL("no such feed");
        return {};
    }

    int m_share;
    std::size_t m_rows;
    std::uint64_t m_wires = 0;
};

/// Every row is counted exactly once.
void checkConserved(Seat& seat) {
    auto const counts = seat->view().status();
    std::int64_t sum = 0;
    for (auto const& [count, items] : counts.items) sum += items;
    CHECK(sum == counts.total);
}

struct Expected {
    std::string reason;  ///< of what does not stand
    Count count = Count::Current;
};

/// What each of these rows is counted as; rows that stand may be followed by later ones.
void checkAll(Seat& seat, std::vector<ObjectId> const& rows, Expected const& expected) {
    std::map<std::string, int> found;
    for (auto const& id : rows) {
        auto const item = seat->view().item(id);
        if (!item) {
            ++found["missing"];
            continue;
        }
        bool const stands =
            item->count == Count::Current || item->count == Count::Superseded || item->count == Count::Different;
        if (expected.reason.empty() && stands) continue;
        if (!expected.reason.empty() && item->count == expected.count && item->reason == expected.reason) continue;
        ++found[std::to_string(static_cast<int>(item->count)) + " " + item->reason];
    }
    INFO("expected: " << (expected.reason.empty() ? "stands" : expected.reason));
    for (auto const& [what, times] : found) UNSCOPED_INFO(times << " of " << rows.size() << ": " << what);
    CHECK(found.empty());
}

void comesBack(int share, std::size_t rows) {
    Year year(share, rows);
    year.beforeTheyLeave();
    year.offline();
    year.meanwhile();

    auto const hers = Year::framesOf(year.lis), theirs = Year::framesOf(year.servers);
    std::size_t up = 0, down = 0;
    for (auto const& frame : hers) up += theirs.contains(frame) ? 0U : 1U;
    for (auto const& frame : theirs) down += hers.contains(frame) ? 0U : 1U;
    CHECK(up >= static_cast<std::size_t>(400 / share));
    {
        Year::clock(year.lis, 375);
        Year::clock(year.servers, 375);
        Running running(year.servers);
        auto const done = transport::syncOnce(*year.lis, year.lis.secret(), {"127.0.0.1", running->port()},
                                              year.servers.secret().publicKey());
        INFO((done ? "" : done.error().reason));
        REQUIRE(done);
        CHECK(done->agreed);
        CHECK(done->session.answers.empty());      // nothing was refused or waits, here …
        CHECK(done->session.peerAnswers.empty());  // … or there
        // No reset: what was new travelled, once, and receipts of it came back.
        CHECK(done->session.framesSent == up);
        CHECK(done->session.framesReceived >= down);
        CHECK(done->session.framesReceived <= down + 10);
        auto const again = transport::syncOnce(*year.lis, year.lis.secret(), {"127.0.0.1", running->port()},
                                               year.servers.secret().publicKey());
        REQUIRE(again);
        CHECK(again->session.roundTrips == 1);
        CHECK(again->session.framesSent + again->session.framesReceived == 0);
        running->stop();
    }
    year.servers.open();
    auto const now = Year::framesOf(year.lis);
    CHECK(std::includes(now.begin(), now.end(), hers.begin(), hers.end()));
    CHECK(now == Year::framesOf(year.servers));
    CHECK(year.lis->frame(hashAs<FrameId>(year.newerFrame.header)) == year.newerFrame);  // relayed byte for byte

    auto const judgedAs = [&](Seat& seat, bool masCame, bool rescued) {
        checkConserved(seat);
        checkAll(seat, year.byLi, {});
        checkAll(seat, year.onMas, masCame ? Expected{} : Expected{"wait-parent", Count::Pending});
        checkAll(seat, year.bySun, rescued ? Expected{} : Expected{"above-cut", Count::Quarantined});
        checkAll(seat, year.byZhou, rescued ? Expected{} : Expected{"outside-interval", Count::Quarantined});
        checkAll(seat, year.byQian, rescued ? Expected{} : Expected{"stale", Count::Quarantined});
        for (auto const& id : year.newerRows) CHECK(seat->view().item(id)->count == Count::Pending);
    };
    {
        Seat seat(year.lis);
        judgedAs(seat, false, false);
    }
    year.meets(year.wangs, 375);
    {
        Seat li(year.lis), wang(year.wangs);
        judgedAs(wang, false, false);
        CHECK(li.dump() == wang.dump());
    }

    // Ma's machine comes: what waited for her plan needs nobody's action.
    year.meets(year.mas, 376);
    // Who was cut or came late: Sun and Qian stand by their own work, the quality office admits Zhou's.
    auto const rescues = [&](Machine& machine, char const* kind, std::vector<ObjectId> const& late) {
        year.meets(machine, 377);
        {
            Seat seat(machine);
            for (auto const& id : late) {
                auto const done = seat->actOn(kind, id, "外出一年后补报");
                INFO((done ? "" : done.error().reason + " " + done.error().detail));
                CHECK(done);
            }
        }
        year.meets(machine, 378);
    };
    rescues(year.suns, "affirm", year.bySun);
    rescues(year.qians, "affirm", year.byQian);
    rescues(year.zhaos, "admit", year.byZhou);
    for (Machine* machine : {&year.lis, &year.wangs, &year.zhaos, &year.machines.keeper()}) year.meets(*machine, 379);
    {
        Seat li(year.lis), wang(year.wangs);
        judgedAs(li, true, true);
        judgedAs(wang, true, true);
        CHECK(li.dump() == wang.dump());
    }
    {
        Seat zhao(year.zhaos), server(year.servers);
        judgedAs(zhao, true, true);
        CHECK(zhao.dump() == server.dump());
    }
    CHECK(year.lis->check(true).empty());
    CHECK(year.servers->check(true).empty());
}

}  // namespace

TEST_CASE("a replica that was offline for a year gives and gets what is new, and each edit gets its state",
          "[network][year]") {
    comesBack(10, 2'000);
}
TEST_CASE("a replica comes back after a year with 400 edits to 50,000 rows", "[network][year][long]") {
    comesBack(1, 50'000);
}
