#include "base/sha256.h"
#include "embedded/schema.h"
#include "view_impl.h"
#include "view_statements.h"

#include <algorithm>
#include <charconv>

namespace spiral::replica {

namespace {

// One batch is one transaction: large enough that its commit costs little, small enough that stopping loses little and
// that the rows read for it fit in memory.
constexpr std::size_t kBatchLines = 16000;
constexpr std::size_t kBatchItems = 32000;
constexpr std::size_t kBatchBytes = 16 * 1024 * 1024;
// Pages near the root change in each batch; moved out of the log more rarely they are written fewer times.
constexpr int kCheckpointPages = 16384;

Path viewFile(Path const& folder) { return folder / "view.db"; }

/// A view made by anything else is made anew.
std::string madeBy(Projector const& projector) {
    return std::to_string(kViewVersion) + " " + std::to_string(projector.version()) + " " +
           sha256(asBytes(*schemaFile("view.sql"))).hex();
}

void removeFiles(Path const& file) {
    for (auto const* suffix : {"", "-wal", "-shm"}) {
        Path part = file;
        part += suffix;
        std::error_code ignored;
        std::filesystem::remove(part, ignored);
    }
}

}  // namespace

std::string_view nameOf(Count count) noexcept {
    switch (count) {
        case Count::Redacted: return "redacted";
        case Count::Quarantined: return "quarantined";
        case Count::Pending: return "pending";
        case Count::Different: return "different";
        case Count::Superseded: return "superseded";
        case Count::Current: return "current";
    }
    return "pending";
}

std::unique_ptr<View> View::open(Replica& replica, Projector const& projector) {
    return std::make_unique<FollowingView>(replica, projector);
}

FollowingView::FollowingView(Replica& replica, Projector const& projector)
    : m_replica(replica), m_projector(projector) {
    try {
        open();
    } catch (SqliteError const& error) {
        if (!error.damaged()) throw;
        // Nothing is lost with a damaged view: it is made again.
        forget();
        m_sql.reset();
        m_db.reset();
        removeFiles(viewFile(m_replica.folder()));
        open();
    }
}

FollowingView::~FollowingView() = default;

void FollowingView::open() {
    m_db = std::make_unique<Database>(viewFile(m_replica.folder()),
                                      Database::Options{.as = OpenAs::Writer, .create = true, .fullSync = false,
                                                        .checkpointPages = kCheckpointPages});
    bool const hasTables = m_db->integer("SELECT count(*) FROM sqlite_schema WHERE name='meta'") != 0;
    if (!hasTables || m_db->textOf("SELECT value FROM meta WHERE key='made-by'") != madeBy(m_projector))
        makeTables();
    else
        m_sql = std::make_unique<ViewStatements>(*m_db);
    m_someExpected = m_db->integer("SELECT EXISTS(SELECT 1 FROM expected)") != 0;
}

/// Empty tables and a new generation; whatever was there is dropped in the same transaction.
void FollowingView::makeTables() {
    forget();
    auto before = std::move(m_sql);
    try {
        WriteTransaction transaction(*m_db);
        std::vector<std::string> tables;
        {
            Statement statement(*m_db, "SELECT name FROM sqlite_schema WHERE type='table' AND name NOT LIKE 'sqlite_%'");
            while (statement.step()) tables.emplace_back(statement.text(0));
        }
        for (auto const& table : tables) m_db->execute("DROP TABLE \"" + table + "\"");
        m_db->execute(*schemaFile("view.sql"));
        m_sql = std::make_unique<ViewStatements>(*m_db);
        setMeta("made-by", madeBy(m_projector));
        setMeta("generation", m_replica.world().random.token<Nonce>().hex());
        setMeta("cursor", 0);
        setMeta("cursor-frame", "");
        setMeta("registry", "");
        setMeta("total", 0);
        setMeta("changed", 0);
        transaction.commit();
    } catch (...) {
        m_sql = std::move(before);   // the old tables are there again, and are asked by the same statements
        throw;
    }
}

/// What memory knows of view.db: after a failed transaction, or when another process wrote.
void FollowingView::forget() {
    m_names.clear();
    m_texts.clear();
    m_points.clear();
    m_pointTexts.clear();
    m_feeds.clear();
    m_feedsByHandle.clear();
    m_feedsLoaded = false;
    m_trees.clear();
    m_tally.clear();
    m_seen.reset();
    m_dataVersion = -1;
}

// --- following ---

/// False when the store is another one than the view was made from: put back from a backup, or replaced.
bool FollowingView::matchesLog() const {
    std::int64_t const cursor = metaNumber("cursor");
    if (cursor == 0) return true;
    bool same = false;
    m_replica.log(cursor - 1, [&](LogLine const& line) {
        same = line.position == cursor && line.frame.hex() == meta("cursor-frame");
        return false;
    });
    return same;
}

/// Another process may have followed the log, or made the view anew; what we remember of its rows is old then.
void FollowingView::noteOthers() {
    std::int64_t const version = m_db->integer("PRAGMA data_version");
    if (version == m_dataVersion) return;
    forget();
    m_dataVersion = version;
    m_total = metaNumber("total");
    m_changed = metaNumber("changed");
    m_someExpected = m_db->integer("SELECT EXISTS(SELECT 1 FROM expected)") != 0;
    m_nextDocument = m_db->integer("SELECT max(document) FROM document") + 1;
    m_nextItem = m_db->integer("SELECT max(item) FROM item") + 1;
    m_nextFrame = m_db->integer("SELECT max(frame) FROM frame") + 1;
}

void FollowingView::catchUp(std::function<void(std::int64_t, std::int64_t)> const& progress) {
    noteOthers();
    if (!matchesLog()) makeTables();
    std::int64_t cursor = metaNumber("cursor");
    if (cursor == m_replica.logEnd() && meta("registry") == headsText(m_replica.registry())) return;
    try {
        while (batch(cursor)) {
            if (progress) progress(cursor, m_replica.logEnd());
        }
        m_seen.reset();
    } catch (...) {
        forget();
        throw;
    }
}

void FollowingView::rebuild(std::function<void(std::int64_t, std::int64_t)> const& progress) {
    makeTables();
    catchUp(progress);
}

/// Takes the next lines of the log, and the rest of what the registry changes, in one transaction. False when there was
/// nothing to do.
bool FollowingView::batch(std::int64_t& cursor) {
    Work work;
    WriteTransaction transaction(*m_db);
    noteOthers();
    if (m_nextItem == 1) m_seen = std::make_unique<Seen>();
    work.firstNewDocument = m_nextDocument;
    m_someWait = m_db->integer("SELECT EXISTS(SELECT 1 FROM waiting)") != 0;
    cursor = metaNumber("cursor");
    auto const growth = noteRegistry(work);
    if (growth == RegistryGrowth::Outdated) return false;  // another process follows with a newer registry than ours

    std::optional<LogLine> last;
    // Read while the log is: everything in one look at the store, which costs less than many.
    m_replica.log(cursor, [&, lines = std::size_t{0}](LogLine const& line) mutable {
        noteLine(line, work);
        last = line;
        return ++lines < kBatchLines && work.items < kBatchItems && work.bytes < kBatchBytes;
    });
    if (!last && growth == RegistryGrowth::Same) return false;
    for (auto const& [feed, seq] : work.parted) doubtFrames(feed, seq, work);
    settleAlone(work);
    for (Handle const document : work.documents) {
        if (!work.newDocument(document)) judgeDocument(document, work);
    }
    for (std::size_t i = 0; i < work.newDocuments.size(); ++i)
        judgeDocument(work.firstNewDocument + static_cast<Handle>(i), work);
    writeNew(work);
    expect(work);
    writeTally();
    if (last) {
        cursor = last->position;
        setMeta("cursor", cursor);
        setMeta("cursor-frame", last->frame.hex());
    }
    setMeta("total", m_total);
    setMeta("changed", m_changed);
    transaction.commit();
    return true;
}

// --- small tables ---

std::string FollowingView::meta(std::string_view key) const {
    Use use(m_sql->meta);
    use->bind(1, key);
    return use->step() ? std::string(use->text(0)) : std::string();
}

std::int64_t FollowingView::metaNumber(std::string_view key) const {
    std::string const text = meta(key);
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

void FollowingView::setMeta(std::string_view key, std::string_view value) {
    Use use(m_sql->setMeta);
    use->bind(1, key).bind(2, value).run();
}
void FollowingView::setMeta(std::string_view key, std::int64_t value) {
    std::string const text = std::to_string(value);
    setMeta(key, std::string_view(text));
}

Handle FollowingView::nameOf(std::string_view text) {
    auto const [place, isNew] = m_names.try_emplace(std::string(text), 0);
    if (!isNew) return place->second;
    {
        Use use(m_sql->nameByText);
        use->bind(1, text);
        if (use->step()) return place->second = use->integer(0);
    }
    Use use(m_sql->addName);
    use->bind(1, text).run();
    return place->second = m_db->lastRowId();
}

std::string const& FollowingView::text(Handle name) const {
    if (auto const known = m_texts.find(name); known != m_texts.end()) return known->second;
    // Remembered only when it was read: a disk that fails once must not leave an empty name here.
    std::string read;
    if (name != 0) {
        Use use(m_sql->textByName);
        use->bind(1, name);
        if (use->step()) read = use->text(0);
    }
    return m_texts.emplace(name, std::move(read)).first->second;
}

Handle FollowingView::pointOf(trust::RegistryPoint const& point) {
    auto& known = m_points[point.hash];
    for (auto const& [seq, handle] : known) {
        if (seq == point.seq) return handle;
    }
    auto const seq = static_cast<std::int64_t>(point.seq);
    Handle handle = 0;
    {
        Use use(m_sql->point);
        use->bind(1, point.hash).bind(2, seq);
        if (use->step()) handle = use->integer(0);
    }
    if (handle == 0) {
        Use use(m_sql->addPoint);
        use->bind(1, seq).bind(2, point.hash).run();
        handle = m_db->lastRowId();
    }
    known.emplace_back(point.seq, handle);
    return handle;
}

trust::RegistryPoint FollowingView::pointAt(Handle point) const {
    if (auto const known = m_pointTexts.find(point); known != m_pointTexts.end()) return known->second;
    trust::RegistryPoint read;
    {
        Use use(m_sql->pointAt);
        use->bind(1, point);
        if (use->step()) read = {static_cast<std::uint64_t>(use->integer(0)), use->token<ObjectId>(1)};
    }
    return m_pointTexts.emplace(point, read).first->second;
}

FeedLine const* FollowingView::findFeed(DeviceId const& device, Scope const& scope) const {
    if (!m_feedsLoaded) {
        Statement statement(*m_db,
                            "SELECT f.feed, d.text, s.text, f.forked FROM feed f JOIN name d ON d.name=f.device "
                            "JOIN name s ON s.name=f.scope");
        while (statement.step()) {
            FeedLine line{statement.integer(0), DeviceId::fromHex(statement.text(1)).value_or(DeviceId{}),
                          Scope::parse(statement.text(2)).value_or(Scope{}), statement.integer(3) != 0};
            auto const placed = m_feeds.insert_or_assign({line.device, line.scope}, line).first;
            m_feedsByHandle[line.feed] = &placed->second;
        }
        m_feedsLoaded = true;
    }
    auto const found = m_feeds.find({device, scope});
    return found == m_feeds.end() ? nullptr : &found->second;
}

FeedLine& FollowingView::feedOf(DeviceId const& device, Scope const& scope) {
    if (auto const* known = findFeed(device, scope)) return const_cast<FeedLine&>(*known);
    Use use(m_sql->addFeed);
    Handle const deviceName = nameOf(device.hex());
    Handle const scopeName = nameOf(scope.text());
    use->bind(1, deviceName).bind(2, scopeName).run();
    auto const placed =
        m_feeds.insert_or_assign({device, scope}, FeedLine{m_db->lastRowId(), device, scope, false}).first;
    m_feedsByHandle[placed->second.feed] = &placed->second;
    return placed->second;
}

FeedLine const& FollowingView::feedAt(Handle feed) const {
    if (!m_feedsLoaded) (void)findFeed({}, {});
    auto const found = m_feedsByHandle.find(feed);
    if (found == m_feedsByHandle.end()) throw SqliteError(SQLITE_CORRUPT, "reading the view", "a feed is not there");
    return *found->second;
}

void FollowingView::tallyChange(int count, Handle reason, std::int64_t by) {
    if (count < 0) return;
    bool const withReason = count == static_cast<int>(Count::Quarantined) || count == static_cast<int>(Count::Pending);
    m_tally[{count, withReason ? reason : 0}] += by;
}

void FollowingView::writeTally() {
    for (auto const& [key, change] : m_tally) {
        if (change == 0) continue;
        Use use(m_sql->tally);
        use->bind(1, std::int64_t{key.first}).bind(2, key.second).bind(3, change).run();
    }
    m_tally.clear();
}

}  // namespace spiral::replica
