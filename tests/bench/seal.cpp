// What does sealing a revision of 2 KiB cost beside a bare insert of the same bytes into SQLite, equally durable?
//
//   build/release/bin/bench_seal [--seals 2000] [--turns 7] [--bytes 2048] [--folder DIR]
//
// A ladder of databases in one folder, which take turns: each rung does what the one before does and one thing more,
// so that the differences say what each thing costs. All are WAL, synchronous=FULL, one transaction a row, with the
// store's cache and checkpoints, and through prepared statements.
#include "bench.h"
#include "corpus.h"
#include "machines.h"

#include <sqlite3.h>

#include <functional>

using namespace spiral;
using namespace spiral::bench;

namespace {

/// A database that a rung writes to, without the product's classes.
class Bare {
public:
    Bare(Path const& file, std::string const& schema, bool durable = true) {
        REQUIRE(sqlite3_open(file.c_str(), &m_db) == SQLITE_OK);
        run("PRAGMA cache_size=-262144; PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=16384");
        run(durable ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=OFF");
        run(schema);
        m_begin = prepare("BEGIN IMMEDIATE");
        m_commit = prepare("COMMIT");
    }
    ~Bare() {
        for (auto* statement : m_statements) sqlite3_finalize(statement);
        sqlite3_close(m_db);
    }
    Bare(Bare const&) = delete;
    Bare& operator=(Bare const&) = delete;

    void run(std::string const& sql) {
        REQUIRE(sqlite3_exec(m_db, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
    }
    sqlite3_stmt* prepare(char const* sql) {
        sqlite3_stmt* statement = nullptr;
        REQUIRE(sqlite3_prepare_v3(m_db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) == SQLITE_OK);
        m_statements.push_back(statement);
        return statement;
    }
    static void step(sqlite3_stmt* statement) {
        REQUIRE(sqlite3_step(statement) == SQLITE_DONE);
        sqlite3_reset(statement);
    }
    static void bind(sqlite3_stmt* statement, int index, ByteView bytes) {
        sqlite3_bind_blob64(statement, index, bytes.data(), bytes.size(), SQLITE_STATIC);
    }
    void begin() { step(m_begin); }
    void commit() { step(m_commit); }
    [[nodiscard]] sqlite3* handle() const { return m_db; }

private:
    sqlite3* m_db = nullptr;
    std::vector<sqlite3_stmt*> m_statements;
    sqlite3_stmt* m_begin = nullptr;
    sqlite3_stmt* m_commit = nullptr;
};

constexpr char const* kKeyed = "CREATE TABLE revision(id BLOB NOT NULL PRIMARY KEY, bytes BLOB NOT NULL) STRICT;";
constexpr char const* kFrame =
    "CREATE TABLE frame(id BLOB NOT NULL PRIMARY KEY, header BLOB NOT NULL, sig BLOB NOT NULL) STRICT;";

}  // namespace

int main(int count, char** values) {
    Arguments const arguments(count, values, {{"seals", "2000"}, {"turns", "7"}, {"bytes", "2048"}, {"folder", ""}});
    std::size_t const seals = arguments.number("seals");
    if (!arguments.text("folder").empty()) ::setenv("TMPDIR", arguments.text("folder").c_str(), 1);

    Corpus const corpus;
    SeededRandom random(1);
    trust::College college;
    auto const li = college.person("li");
    college.grant(li, "clerk@unit/jwc");
    replica::Machines machines(college);
    replica::Machine& machine = machines.of(li);
    TemporaryFolder const folder("spiral-bench");

    // All rows are made beforehand; what is measured is their way to the disk.
    std::vector<replica::NewRow> rows;
    auto const makeRows = [&] {
        rows.clear();
        for (std::size_t i = 0; i < seals; ++i) {
            std::size_t const text = arguments.number("bytes") - std::min<std::size_t>(arguments.number("bytes"), 700);
            json::Object fields{{"title", corpus.title(random)}, {"text", corpus.text(random, text)}};
            auto row = machine.revision("unit/jwc", std::move(fields));
            rows.push_back(std::move(row));
        }
    };
    makeRows();
    double bytes = 0;
    for (auto const& row : rows) bytes += static_cast<double>(row.bytes.size());
    // The header and signature of a frame like those that will be made.
    machine.seal("unit/jwc", {machine.revision("unit/jwc", {{"title", "甲"}})});
    auto const sample = machine.framesFor().back();

    std::vector<std::pair<Series, std::function<void(replica::NewRow const&)>>> rungs;
    auto const rung = [&](std::string name, std::function<void(replica::NewRow const&)> work) {
        rungs.push_back({Series{std::move(name), static_cast<double>(seals), {}}, std::move(work)});
    };

    Bare plain(folder.path() / "plain.db", "CREATE TABLE t(bytes BLOB NOT NULL) STRICT;");
    auto* const plainInsert = plain.prepare("INSERT INTO t(bytes) VALUES(?1)");
    rung("insert of the bytes", [&](replica::NewRow const& row) {
        Bare::bind(plainInsert, 1, asBytes(row.bytes));
        Bare::step(plainInsert);
    });
    Bare unsafe(folder.path() / "unsafe.db", "CREATE TABLE t(bytes BLOB NOT NULL) STRICT;", false);
    auto* const unsafeInsert = unsafe.prepare("INSERT INTO t(bytes) VALUES(?1)");
    rung("(the same without waiting for the disk)", [&](replica::NewRow const& row) {
        Bare::bind(unsafeInsert, 1, asBytes(row.bytes));
        Bare::step(unsafeInsert);
    });
    Bare keyed(folder.path() / "keyed.db", kKeyed);
    auto* const keyedInsert = keyed.prepare("INSERT INTO revision VALUES(?1, ?2)");
    rung("… with its hash as key", [&](replica::NewRow const& row) {
        Bare::bind(keyedInsert, 1, row.item.id.view());
        Bare::bind(keyedInsert, 2, asBytes(row.bytes));
        Bare::step(keyedInsert);
    });
    Bare framed(folder.path() / "framed.db", std::string(kKeyed) + kFrame);
    auto* const framedRevision = framed.prepare("INSERT INTO revision VALUES(?1, ?2)");
    auto* const framedFrame = framed.prepare("INSERT INTO frame VALUES(?1, ?2, ?3)");
    auto const insertFramed = [&](Bare& db, sqlite3_stmt* revision, sqlite3_stmt* frame, replica::NewRow const& row,
                                  std::function<void()> const& between) {
        db.begin();
        Bare::bind(revision, 1, row.item.id.view());
        Bare::bind(revision, 2, asBytes(row.bytes));
        Bare::step(revision);
        if (between) between();
        auto const id = hashAs<FrameId>(row.item.id.view());
        Bare::bind(frame, 1, id.view());
        Bare::bind(frame, 2, sample.header);
        Bare::bind(frame, 3, sample.signature.view());
        Bare::step(frame);
        db.commit();
    };
    rung("… and a frame's header and signature",
         [&](replica::NewRow const& row) { insertFramed(framed, framedRevision, framedFrame, row, {}); });
    Bare captured(folder.path() / "captured.db", std::string(kKeyed) + kFrame);
    auto* const capturedRevision = captured.prepare("INSERT INTO revision VALUES(?1, ?2)");
    auto* const capturedFrame = captured.prepare("INSERT INTO frame VALUES(?1, ?2, ?3)");
    rung("… and a session's changeset, read back", [&](replica::NewRow const& row) {
        sqlite3_session* session = nullptr;
        REQUIRE(sqlite3session_create(captured.handle(), "main", &session) == SQLITE_OK);
        REQUIRE(sqlite3session_attach(session, "revision") == SQLITE_OK);
        insertFramed(captured, capturedRevision, capturedFrame, row, [&] {
            int size = 0;
            void* data = nullptr;
            REQUIRE(sqlite3session_changeset(session, &size, &data) == SQLITE_OK);
            REQUIRE(replica::readChangeset({static_cast<std::uint8_t const*>(data), static_cast<std::size_t>(size)}));
            sqlite3_free(data);
            sqlite3session_delete(session);
        });
    });
    std::string const nameSpace = trust::nameSpaceFor("frame", college.domain());
    rung("(an Ed25519 signature of a header alone)",
         [&](replica::NewRow const&) { REQUIRE(machine.secret().sign(nameSpace, sample.header)); });
    rung("(reading, writing and hashing a header alone)", [&](replica::NewRow const&) {
        auto const header = trust::decodeFrameHeader(sample.header);
        REQUIRE(hashAs<FrameId>(asBytes(trust::encode(*header))) != FrameId{});
    });
    auto const unit = trust::scopeOf("unit/jwc");
    rung("**seal**", [&](replica::NewRow const& row) { REQUIRE(machine->seal(unit, {row}, machine.secret())); });

    for (std::size_t turn = 0; turn < arguments.number("turns"); ++turn) {
        makeRows();
        for (auto& [series, work] : rungs) {
            series.add(costOf([&, &step = work] {
                for (auto const& row : rows) step(row);
            }));
        }
    }

    std::printf("%zu seals a turn, %zu turns, %.0f bytes a revision\n", seals, arguments.number("turns"),
                bytes / static_cast<double>(seals));
    header({"durable, one transaction each", "µs", "µs of processor", "÷ insert of the bytes", "÷, processor",
            "÷ insert with its key"});
    for (auto const& [series, work] : rungs) {
        row({series.name, shown(series.wallMicroseconds()), shown(series.cpuMicroseconds()),
             shown(series.wallOver(rungs[0].first)), shown(series.cpuOver(rungs[0].first)),
             shown(series.wallOver(rungs[2].first))});
    }
    return 0;
}
