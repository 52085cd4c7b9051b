#include "store.h"

#include "embedded/schema.h"
#include "replica/attachments.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace spiral::replica {

namespace {

/// A text of two pages of paper is a row of 2 to 3 KB: of those only one fits a page of 4 KiB, and a third of the file is
/// air. At 16 KiB 10,000 such rows take 29 MB instead of 42, and import takes two thirds of the time.
constexpr int kPageBytes = 16384;

/// Of an unpacked payload: below it, packing whole batches of frames gives fewer bytes than packing each.
constexpr std::size_t kPackedRawMin = 16 * 1024;

constexpr std::string_view kNoteDeviceKey = "device-key";
constexpr std::string_view kNoteGuard = "guard";
constexpr std::string_view kNoteRestored = "restored";
constexpr std::string_view kNoteEpoch = "epoch";
/// Begins the guard's file while a replica is opened for writing for the first time: the store has no token then.
constexpr std::string_view kFirstGuard = "first\n";
constexpr std::size_t kGuardBytesMax = 4096;

std::int64_t milliseconds(Instant instant) { return instant.time_since_epoch().count(); }
Instant instantOf(std::int64_t value) { return Instant{std::chrono::milliseconds{value}}; }

/// Where the guard's second half lies: outside the replica's folder, so that a folder copied or put back by itself is
/// noticed. One file a device and folder name would miss a copy beside it, so it is named by the device alone.
Path defaultGuardFile(DeviceId const& device) {
    Path base;
    if (char const* state = std::getenv("XDG_STATE_HOME"); state && *state == '/') {
        base = state;
    } else if (char const* home = std::getenv("HOME"); home && *home == '/') {
        base = Path(home) / ".local" / "state";
    } else {
        base = "/var/tmp";
    }
    return base / "spiral" / ("guard-" + device.hex().substr(0, 32));
}

}  // namespace

Path storeFile(Path const& folder) { return folder / "store.db"; }

// --- the writer's lock -----------------------------------------------------------------------------------------------

Result<WriterLock> WriterLock::take(Path const& folder) {
    Path const file = folder / "writer.lock";
    int const descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0) {
        if (errno == ENOSPC || errno == EDQUOT)
            return makeError(ErrorCode::Environment, "disk.full", "making the lock file");
        return makeError(ErrorCode::Environment, "disk.io", "making the lock file");
    }
    WriterLock lock(descriptor);
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        char text[32] = {};
        auto const count = ::pread(descriptor, text, sizeof text - 1, 0);
        return makeError(ErrorCode::Busy, "store.in-use",
                         count > 0 ? "process " + std::string(text) : "another process");
    }
    std::string const mine = std::to_string(::getpid());
    // The text only helps people; a full disk must not keep anybody from opening.
    if (::ftruncate(descriptor, 0) == 0) [[maybe_unused]]
        auto const written = ::pwrite(descriptor, mine.data(), mine.size(), 0);
    return lock;
}

WriterLock::WriterLock(WriterLock&& other) noexcept : m_descriptor(std::exchange(other.m_descriptor, -1)) {}

WriterLock::~WriterLock() {
    if (m_descriptor >= 0) ::close(m_descriptor);
}

// --- making and opening
// ------------------------------------------------------------------------------------------------

Result<void> Replica::create(Path const& folder, World world, trust::PublicKey const& device) {
    if (world.files.exists(storeFile(folder))) {
        return makeError(ErrorCode::Exists, "replica.exists", "there is a replica in this folder already");
    }
    if (!trust::isAcceptableKey(device)) return makeError(ErrorCode::BadSignature, "key.weak", "a weak public key");
    if (auto made = world.files.makeFolder(folder, FileMode::Private); !made) return made.error();
    Path const unfinished = folder / "store.db.new";
    for (auto const* suffix : {"", "-wal", "-shm", "-journal"}) {
        Path part = unfinished;
        part += suffix;
        if (world.files.exists(part)) {
            if (auto removed = world.files.remove(part); !removed) return removed.error();
        }
    }
    try {
        Database db(unfinished, {.as = OpenAs::Writer, .create = true, .pageBytes = kPageBytes});
        WriteTransaction transaction(db);
        db.execute("PRAGMA application_id=" + std::to_string(kApplicationId));
        db.execute("PRAGMA user_version=" + std::to_string(kStoreFormat));
        db.execute(*schemaFile("store.sql"));
        Statement note(db, "INSERT INTO local_note(key, value) VALUES(?1, ?2)");
        std::string const hex = device.hex();
        note.bind(1, kNoteDeviceKey).bind(2, std::string_view(hex)).run();
        transaction.commit();
        db.execute("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode=DELETE");
    } catch (SqliteError const& error) {
        return error.toError();
    }
    return world.files.rename(unfinished, storeFile(folder));
}

namespace {

Path logFile(Path const& folder) { return folder / "store.db-wal"; }
/// Says that the log may hold bytes which the system takes for written and which are not.
Path doubtFile(Path const& folder) { return folder / "store.db-doubt"; }

// After a failed sync Linux takes the pages for clean: whoever reads the file finds them, no later sync writes them. A
// process that goes on writes its next transaction over the one that failed. If it ends instead, the next one finds that
// one in the log, whole, and goes on above it: a hole on the disk, below what is acknowledged then. So all of the log is
// written once more before anybody reads it. A mark that does not last is enough: what the system remembers lasts no longer.
Result<void> writeLogAgain(Path const& folder, Files& files) {
    constexpr std::size_t kAtOnce = 1024 * 1024;
    if (!files.exists(doubtFile(folder))) return {};
    Path const log = logFile(folder);
    if (files.exists(log)) {
        for (std::uint64_t at = 0;;) {
            auto const bytes = files.readAt(log, at, kAtOnce);
            if (!bytes) return bytes.error();
            if (bytes->empty()) break;
            if (auto written = files.writeAt(log, at, *bytes, FileMode::Private); !written) return written;
            at += bytes->size();
        }
        if (auto synced = files.sync(log); !synced) return synced;
    }
    return files.remove(doubtFile(folder));
}

}  // namespace

Result<std::unique_ptr<Replica>> Replica::open(Path const& folder, World world, Access access, Limits limits,
                                               std::optional<Path> guardFile) {
    if (!world.files.exists(storeFile(folder))) {
        return makeError(ErrorCode::NotFound, "replica.missing", "there is no replica in this folder");
    }
    std::optional<WriterLock> lock;
    if (access == Access::Write) {
        auto taken = WriterLock::take(folder);
        if (!taken) return taken.error();
        lock.emplace(std::move(*taken));
        if (auto sound = writeLogAgain(folder, world.files); !sound) return sound.error();
    }
    try {
        auto store = std::make_unique<Store>(folder, world, access, limits, std::move(lock));
        if (auto loaded = store->load(guardFile); !loaded) return loaded.error();
        return std::unique_ptr<Replica>(std::move(store));
    } catch (SqliteError const& error) {
        return error.toError();
    }
}

Store::Statements::Statements(Database& db)
    : revision(db, "SELECT bytes FROM revision WHERE id=?1"),
      record(db, "SELECT bytes, sig FROM record WHERE id=?1"),
      frame(db, "SELECT rowid, header, sig FROM frame WHERE id=?1"),
      frameByRow(db,
                 "SELECT f.header, f.sig, k.codec, k.bytes, z.bytes FROM frame f "
                 "LEFT JOIN local_payload k ON k.frame=f.id LEFT JOIN local_packed z ON z.frame=f.id WHERE f.rowid=?1"),
      placeOf(db, "SELECT applied FROM local_place WHERE feed=?1 AND seq=?2 AND frame=?3") {}

Store::Inserts::Inserts(Database& db)
    : revision(db, "INSERT INTO revision(id, bytes) VALUES(?1, ?2)"),
      record(db, "INSERT INTO record(id, sig, bytes) VALUES(?1, ?2, ?3)"),
      revisionsIfNew(db, "revision(id, bytes)", 2, "ON CONFLICT(id) DO NOTHING"),
      recordIfNew(db, "INSERT INTO record(id, sig, bytes) VALUES(?1, ?2, ?3) ON CONFLICT(id) DO NOTHING"),
      frame(db, "INSERT INTO frame(id, header, sig) VALUES(?1, ?2, ?3)"),
      place(db,
            "INSERT INTO local_place(feed, seq, frame, applied) VALUES(?1, ?2, ?3, ?4) "
            "ON CONFLICT(feed, seq, frame) DO UPDATE SET applied=?4"),
      tipIn(db, "INSERT INTO local_tip(feed, frame, seq, reg_seq, newest) VALUES(?1, ?2, ?3, ?4, ?5)"),
      tipOn(db, "UPDATE local_tip SET frame=?3, seq=?4, reg_seq=?5, newest=?6 WHERE feed=?1 AND frame=?2"),
      forked(db, "UPDATE local_feed SET forked=1 WHERE feed=?1"),
      log(db, "INSERT INTO local_log(what, id) VALUES(?1, ?2)"),
      registry(db, "INSERT INTO local_registry(record, accepted) VALUES(?1, ?2)"),
      payload(db,
              "INSERT INTO local_payload(frame, codec, bytes) VALUES(?1, ?2, ?3) "
              "ON CONFLICT(frame) DO UPDATE SET codec=?2, bytes=?3"),
      packed(db, "INSERT INTO local_packed(frame, bytes) VALUES(?1, ?2) ON CONFLICT(frame) DO NOTHING") {}

std::int64_t Store::Inserts::addFrame(FrameId const& id, ByteView header, trust::Signature const& signature,
                                      Database& db) {
    Use use(frame);
    use->bind(1, id).bind(2, header).bind(3, signature).run();
    return db.lastRowId();
}
void Store::Inserts::addPlace(std::int64_t feed, std::uint64_t seq, std::int64_t frameRow, bool applied) {
    Use use(place);
    use->bind(1, feed).bind(2, static_cast<std::int64_t>(seq)).bind(3, frameRow).bind(4, std::int64_t{applied}).run();
}
void Store::Inserts::addTip(std::int64_t feed, FeedState::Tip const& tip) {
    Use use(tipIn);
    use->bind(1, feed).bind(2, tip.frame).bind(3, static_cast<std::int64_t>(tip.seq));
    use->bind(4, static_cast<std::int64_t>(tip.regSeq)).bind(5, tip.newest).run();
}
void Store::Inserts::moveTip(std::int64_t feed, FrameId const& from, FeedState::Tip const& to) {
    Use use(tipOn);
    use->bind(1, feed).bind(2, from).bind(3, to.frame).bind(4, static_cast<std::int64_t>(to.seq));
    use->bind(5, static_cast<std::int64_t>(to.regSeq)).bind(6, to.newest).run();
}
void Store::Inserts::markForked(std::int64_t feed) {
    Use use(forked);
    use->bind(1, feed).run();
}
void Store::Inserts::addLog(LogLine::What what, ByteView id) {
    Use use(log);
    use->bind(1, static_cast<std::int64_t>(what)).bind(2, id).run();
}
void Store::Inserts::addRegistry(ObjectId const& entry, bool accepted) {
    Use use(registry);
    use->bind(1, entry).bind(2, std::int64_t{accepted}).run();
}
void Store::Inserts::keepPayload(FrameId const& id, Payload const& kept) {
    Use use(payload);
    use->bind(1, id).bind(2, static_cast<std::int64_t>(kept.codec)).bind(3, ByteView(kept.bytes)).run();
}

void Store::Inserts::keepPacked(FrameId const& id, ByteView bytes) {
    Use use(packed);
    use->bind(1, id).bind(2, bytes).run();
}

bool Store::isWorthPacking(ByteView changeset, std::vector<PayloadRow> const& rows) {
    return changeset.size() >= kPackedRawMin && !mayNameFiles(changeset) &&
           std::all_of(rows.begin(), rows.end(),
                       [](PayloadRow const& row) { return row.item.kind == trust::Item::Kind::Revision; });
}

std::int64_t Store::makeFeed(Scope const& scope, DeviceId const& device) {
    Statement statement(m_db, "INSERT INTO local_feed(scope, device) VALUES(?1, ?2)");
    statement.bind(1, std::string_view(scope.text())).bind(2, device).run();
    return m_db.lastRowId();
}

Store::Store(Path folder, World world, Access access, Limits limits, std::optional<WriterLock> lock)
    : m_folder(std::move(folder)),
      m_world(world),
      m_access(access),
      m_limits(limits),
      m_lock(std::move(lock)),
      m_db(storeFile(m_folder), {.as = access == Access::Write ? OpenAs::Writer : OpenAs::Reader,
                                 .cacheKib = limits.cacheKib,
                                 .checkpointPages = 16384,
                                 .onLostSync = [this] {
                                     [[maybe_unused]] auto const marked =
                                         m_world.files.writeAt(doubtFile(m_folder), 0, {}, FileMode::Private);
                                 }}) {
    sqlite3_hard_heap_limit64(kHeapLimitBytes);
}

Result<void> Store::load(std::optional<Path> const& guardFile) {
    if (m_db.integer("PRAGMA application_id") != kApplicationId) {
        return makeError(ErrorCode::Malformed, "store.not-ours", "store.db is no store of Spiral");
    }
    auto const format = m_db.integer("PRAGMA user_version");
    if (format > kStoreFormat) {
        return makeError(ErrorCode::Unsupported, "store.newer", "a newer program made this store");
    }
    if (format < kStoreFormat) {
        return makeError(ErrorCode::Damaged, "store.format", "store.db says format " + std::to_string(format));
    }
    m_statements = std::make_unique<Statements>(m_db);
    if (m_access == Access::Write) m_insert = std::make_unique<Inserts>(m_db);
    auto const key = note(kNoteDeviceKey);
    auto const parsed = key ? trust::PublicKey::fromHex(*key) : std::nullopt;
    if (!parsed) return makeError(ErrorCode::Damaged, "store.no-device", "the store does not name its device");
    m_deviceKey = *parsed;
    m_device = trust::deviceIdOf(m_deviceKey);

    loadFeeds();
    // Times given out before end with those of our own frames. One from a clock that stood far ahead is let go: what
    // follows it is ordered by parents and chains, and should not bear a false year for ever.
    HybridTime last;
    for (auto const& [feedKey, state] : m_feeds) {
        if (feedKey.second == m_device) last = std::max(last, HybridTime{instantOf(state.newest), 65535});
    }
    if (last.wall > m_world.wall.now() + HybridClock::kAdvanceMax) last = {};
    m_clock = std::make_unique<HybridClock>(m_world.wall, last);
    if (auto loaded = loadRegistry(); !loaded) return loaded;
    if (auto const epoch = note(kNoteEpoch)) m_epoch = Epoch::fromHex(*epoch).value_or(Epoch{});
    if (m_access != Access::Write) return {};
    removeUnfinished();
    return renewGuard(guardFile);
}

/// Copies that a cut left half made. Pieces of attachments on their way (.part) stay: they are gone on with.
void Store::removeUnfinished() const {
    removeBackupCopy(m_folder, m_world.files);
    Path const attachments = m_folder / "attachments";
    for (auto const& name : m_world.files.list(attachments)) {
        if (name.ends_with(".new")) [[maybe_unused]] auto const removed = m_world.files.remove(attachments / name);
    }
}

void Store::loadFeeds() {
    m_feeds.clear();
    m_loadedFeeds.clear();
    std::map<std::int64_t, FeedState*> byNumber;
    Statement feeds(m_db, "SELECT feed, scope, device, forked FROM local_feed");
    while (feeds.step()) {
        auto scope = Scope::parse(feeds.text(1));
        if (!scope) throw SqliteError(SQLITE_CORRUPT, "reading feeds", "a scope is not of its form");
        FeedState& state = m_feeds[{*scope, feeds.token<DeviceId>(2)}];
        state.feed = feeds.integer(0);
        state.forked = feeds.integer(3) != 0;
        byNumber[state.feed] = &state;
    }
    Statement tips(m_db, "SELECT feed, frame, seq, reg_seq, newest FROM local_tip ORDER BY feed, frame");
    while (tips.step()) {
        auto const found = byNumber.find(tips.integer(0));
        if (found == byNumber.end()) continue;
        FeedState& state = *found->second;
        state.tips.push_back({tips.token<FrameId>(1), static_cast<std::uint64_t>(tips.integer(2)),
                              static_cast<std::uint64_t>(tips.integer(3)), tips.integer(4)});
        state.newest = std::max(state.newest, state.tips.back().newest);
    }
}

Result<void> Store::loadRegistry() {
    m_registry = {};
    Statement entries(m_db,
                      "SELECT r.bytes, r.sig, l.accepted FROM local_registry l JOIN record r ON r.id=l.record ORDER BY l.pos");
    while (entries.step()) {
        // What the chain took once need not be verified at each opening; `check --deep` does it again.
        m_registry.add(entries.blob(0), entries.token<trust::Signature>(1),
                       entries.integer(2) != 0 ? trust::Registry::Signatures::CheckedBefore
                                               : trust::Registry::Signatures::Check);
    }
    return {};
}

bool isAccepted(trust::Registry const& registry, ObjectId const& id, ByteView bytes) {
    auto const record = trust::decodeRecord(bytes);
    if (!record || registry.empty()) return false;
    return registry.locate({record->reg ? record->reg->seq + 1 : 1, id}).has_value();
}

void Store::reload() {
    m_memoryIsUnsure = true;   // until all of it was read: nothing is written on what half of it says
    loadFeeds();
    [[maybe_unused]] auto const loaded = loadRegistry();
    m_memoryIsUnsure = false;
}

namespace {

/// Without its second file a guard notices nothing, so that a place that cannot be written is told and not passed over.
Error guardError(Error const& error) {
    bool const ofPlace = error.reason == "file.missing" || error.reason == "disk.io";
    return ofPlace ? makeError(ErrorCode::Environment, "guard.unwritable", error.detail) : error;
}

}  // namespace

// The guard is a token in the store and in a second file elsewhere. Each opening for writing replaces both: first the
// file gets {old, new}, then the store new, then the file {new}. A crash between leaves one of the two the file names.
Result<void> Store::renewGuard(std::optional<Path> const& guardFile) {
    Path const file = guardFile ? *guardFile : defaultGuardFile(m_device);
    auto const stored = note(kNoteGuard);
    auto outside = m_world.files.read(file, kGuardBytesMax);
    if (!outside && outside.error().code == ErrorCode::TooLarge) outside = Bytes{};  // no guard of ours
    if (!outside && outside.error().code != ErrorCode::NotFound) return guardError(outside.error());

    bool const written =
        findFeed(Scope::registry(), m_device) ||
        std::any_of(m_feeds.begin(), m_feeds.end(), [&](auto const& entry) { return entry.first.second == m_device; });
    bool const cutInFirst = outside && asText(*outside).starts_with(kFirstGuard);
    if (!stored && (!outside || cutInFirst)) {
        // A store that has written before, and has no guard anywhere, came out of a backup.
        m_guard = written ? GuardFinding::Restored : GuardFinding::First;
    } else if (!stored || !outside) {
        m_guard = GuardFinding::Restored;
    } else {
        std::string_view const text = asText(*outside);
        m_guard = text.find(*stored) != std::string_view::npos ? GuardFinding::Good : GuardFinding::Restored;
    }

    if (m_guard == GuardFinding::Restored || m_epoch == Epoch{}) {
        m_epoch = m_world.random.token<Epoch>();
        setNote(kNoteEpoch, m_epoch.hex());
    }
    std::string const token = m_world.random.token<Nonce>().hex();
    m_incarnation = m_world.random.token<Incarnation>();
    if (auto made = m_world.files.makeFolder(file.parent_path(), FileMode::Private); !made) return guardError(made.error());
    // A cut may come now; what was found must be found again then.
    if (m_guard == GuardFinding::Restored) setNote(kNoteRestored, toText(m_world.wall.now()));
    std::string const before = stored ? *stored + "\n" : std::string(m_guard == GuardFinding::First ? kFirstGuard : "");
    std::string const both = before + token + "\n";
    if (auto kept = m_world.files.replace(file, asBytes(both), FileMode::Private); !kept) return guardError(kept.error());
    setNote(kNoteGuard, token);
    if (auto kept = m_world.files.replace(file, asBytes(token + "\n"), FileMode::Private); !kept) {
        return guardError(kept.error());
    }
    return {};
}

// --- who and what
// ------------------------------------------------------------------------------------------------------

std::optional<PersonId> Store::person() const {
    if (m_registry.empty()) return std::nullopt;
    auto const* device = m_registry.device(m_device);
    return device ? std::optional(device->person) : std::nullopt;
}

bool Store::takes(Scope const& scope) const {
    if (scope.isRegistry()) return true;
    if (m_registry.empty()) return false;
    if (m_registry.mayRead(m_device, scope, m_world.wall.now())) return true;
    // What is held already is kept up to date and passed on, also after a grant ended: its cuts must reach us.
    auto const found = m_feeds.lower_bound({scope, DeviceId{}});
    return found != m_feeds.end() && found->first.first == scope;
}

FeedState& Store::feedState(Scope const& scope, DeviceId const& device) { return m_feeds[{scope, device}]; }

FeedState const* Store::findFeed(Scope const& scope, DeviceId const& device) const {
    auto const found = m_feeds.find({scope, device});
    return found == m_feeds.end() ? nullptr : &found->second;
}

// --- reading
// -----------------------------------------------------------------------------------------------------------

std::optional<Bytes> Store::revisionBytes(ObjectId const& id) const {
    Use use(m_statements->revision);
    use->bind(1, id);
    if (!use->step()) return std::nullopt;
    return toBytes(use->blob(0));
}

std::optional<Replica::RecordBytes> Store::recordBytes(ObjectId const& id) const {
    Use use(m_statements->record);
    use->bind(1, id);
    if (!use->step()) return std::nullopt;
    return RecordBytes{toBytes(use->blob(0)), use->token<trust::Signature>(1)};
}

std::optional<trust::FrameHeader> Store::headerOf(FrameId const& id) const {
    Use use(m_statements->frame);
    use->bind(1, id);
    if (!use->step()) return std::nullopt;
    auto header = trust::decodeFrameHeader(use->blob(1));
    if (!header) throw SqliteError(SQLITE_CORRUPT, "reading a frame", header.error().reason);
    return std::move(*header);
}

std::optional<Replica::FrameBytes> Store::frameBytes(FrameId const& id) const {
    FrameBytes found;
    std::int64_t row = 0;
    {
        Use use(m_statements->frame);
        use->bind(1, id);
        if (!use->step()) return std::nullopt;
        row = use->integer(0);
        found.header = toBytes(use->blob(1));
        found.signature = use->token<trust::Signature>(2);
    }
    auto header = trust::decodeFrameHeader(found.header);
    if (!header) throw SqliteError(SQLITE_CORRUPT, "reading a frame", header.error().reason);
    found.applied = isApplied(row, *header);
    return found;
}

bool Store::isApplied(std::int64_t frameRow, trust::FrameHeader const& header) const {
    auto const* state = findFeed(header.scope, header.device);
    if (!state) return false;
    Use place(m_statements->placeOf);
    place->bind(1, state->feed).bind(2, static_cast<std::int64_t>(header.seq)).bind(3, frameRow);
    return place->step() && place->integer(0) != 0;
}

void Store::log(std::int64_t after, std::function<bool(LogLine const&)> const& take) const {
    Statement lines(m_db, "SELECT pos, what, id FROM local_log WHERE pos>?1 ORDER BY pos");
    lines.bind(1, after);
    while (lines.step()) {
        if (!take({lines.integer(0), static_cast<LogLine::What>(lines.integer(1)), lines.token<FrameId>(2)})) return;
    }
}

std::int64_t Store::logEnd() const { return m_db.integer("SELECT max(pos) FROM local_log"); }

trust::Feed const& Store::feed(DeviceId const& device, Scope const& scope) const {
    auto& loaded = m_loadedFeeds[{scope, device}];
    if (loaded) return *loaded;
    auto whole = std::make_unique<trust::Feed>();
    if (auto const* state = findFeed(scope, device)) {
        Statement frames(m_db,
                         "SELECT f.id, f.header FROM local_place p JOIN frame f ON f.rowid=p.frame "
                         "WHERE p.feed=?1 ORDER BY p.seq, p.frame");
        frames.bind(1, state->feed);
        while (frames.step()) {
            auto header = trust::decodeFrameHeader(frames.blob(1));
            if (!header) throw SqliteError(SQLITE_CORRUPT, "reading a feed", header.error().reason);
            whole->add({frames.token<FrameId>(0), header->prev, header->seq, header->inc, std::nullopt});
        }
    }
    loaded = std::move(whole);
    return *loaded;
}

bool Store::feedForked(DeviceId const& device, Scope const& scope) const {
    auto const* state = findFeed(scope, device);
    return state && state->forked;
}

std::optional<bool> Store::standsBelow(DeviceId const& device, Scope const& scope, FrameId const& frame,
                                       FrameId const& cut) const {
    if (feedForked(device, scope)) {
        auto const& tree = feed(device, scope);
        if (!tree.holds(cut)) return std::nullopt;
        return tree.isAncestorOrSelf(frame, cut).value_or(false);  // a frame still to be made stands above every cut
    }
    auto const cutHeader = headerOf(cut);
    if (!cutHeader || cutHeader->device != device || cutHeader->scope != scope) return std::nullopt;
    if (frame == cut) return true;
    auto const frameHeader = headerOf(frame);
    bool const sameFeed = frameHeader && frameHeader->device == device && frameHeader->scope == scope;
    return sameFeed && frameHeader->seq <= cutHeader->seq;
}

std::vector<Scope> Store::scopesHeld() const {
    std::vector<Scope> scopes;
    for (auto const& [key, state] : m_feeds) {
        if (scopes.empty() || scopes.back() != key.first) scopes.push_back(key.first);
    }
    return scopes;
}

Replica::Held Store::held() const {
    Held held;
    held.revisions = m_db.integer("SELECT count(*) FROM revision");
    held.records = m_db.integer("SELECT count(*) FROM record");
    held.frames = m_db.integer("SELECT count(*) FROM frame");
    held.payloadsKept = m_db.integer("SELECT count(*) FROM local_payload");
    held.inbox = m_db.integer("SELECT count(*) FROM local_inbox");
    held.drafts = m_db.integer("SELECT count(*) FROM local_draft");
    held.storeBytes = m_db.integer("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()");
    return held;
}

// --- notes and drafts
// ----------------------------------------------------------------------------------------------------

void Store::setNote(std::string_view key, std::string_view value) {
    Statement statement(m_db,
                        "INSERT INTO local_note(key, value) VALUES(?1, ?2) ON CONFLICT(key) DO UPDATE SET value=?2");
    statement.bind(1, key).bind(2, value).run();
}

std::optional<std::string> Store::note(std::string_view key) const {
    Statement statement(m_db, "SELECT value FROM local_note WHERE key=?1");
    statement.bind(1, key);
    if (!statement.step()) return std::nullopt;
    return std::string(statement.text(0));
}

std::vector<std::pair<Scope, Instant>> Store::newestByScope() const {
    std::vector<std::pair<Scope, Instant>> newest;
    for (auto const& [key, state] : m_feeds) {
        if (newest.empty() || newest.back().first != key.first) newest.emplace_back(key.first, Instant{});
        newest.back().second = std::max(newest.back().second, instantOf(state.newest));
    }
    return newest;
}

namespace {

/// A draft's key: the document's id, then its scope. Older programs wrote the id alone; `kThatDraft` finds those too.
Bytes draftKey(DocumentKey const& document) {
    Bytes key(document.doc.raw.begin(), document.doc.raw.end());
    key.insert(key.end(), document.scope.text().begin(), document.scope.text().end());
    return key;
}
constexpr std::string_view kThatDraft = "doc=?1 OR (doc=?2 AND json_extract(body, '$.scope')=?3)";
constexpr std::string_view kOlderDraft = "doc=?2 AND doc<>?1 AND json_extract(body, '$.scope')=?3";

void bindDraft(Statement& statement, Bytes const& key, DocumentKey const& document) {
    statement.bind(1, ByteView(key)).bind(2, document.doc).bind(3, std::string_view(document.scope.text()));
}

}  // namespace

void Store::saveDraft(Draft const& draft) {
    json::Array parents, files;
    for (auto const& parent : draft.parents) parents.emplace_back(parent.hex());
    for (auto const& file : draft.files) files.push_back(trust::toJson(file));
    json::Object body;
    body.set("choices", draft.choices);
    body.set("fields", draft.fields);
    body.set("files", files);
    body.set("parents", parents);
    body.set("scope", draft.scope.text());
    body.set("type", draft.type);
    std::string const text = json::encode(body);
    Statement statement(m_db,
                        "INSERT INTO local_draft(doc, saved, body) VALUES(?1, ?2, ?3) "
                        "ON CONFLICT(doc) DO UPDATE SET saved=?2, body=?3");
    DocumentKey const document = draft.key();
    Bytes const key = draftKey(document);
    statement.bind(1, ByteView(key)).bind(2, milliseconds(draft.saved)).bind(3, std::string_view(text)).run();
    Statement older(m_db, "DELETE FROM local_draft WHERE " + std::string(kOlderDraft));
    bindDraft(older, key, document);
    older.run();
}

namespace {

std::optional<Draft> draftFrom(DocumentId const& doc, std::int64_t saved, std::string_view body) {
    auto value = json::parse(body);
    auto const* object = value ? value->asObject() : nullptr;
    if (!object) return std::nullopt;
    Draft draft;
    draft.doc = doc;
    draft.saved = instantOf(saved);
    if (auto const* scope = json::stringAt(*object, "scope")) draft.scope = Scope::parse(*scope).value_or(Scope{});
    if (auto const* type = json::stringAt(*object, "type")) draft.type = *type;
    if (auto const* fields = json::objectAt(*object, "fields")) draft.fields = *fields;
    if (auto const* choices = json::objectAt(*object, "choices")) draft.choices = *choices;
    if (auto const* parents = json::arrayAt(*object, "parents")) {
        for (auto const& parent : *parents) {
            auto const id = parent.asString() ? ObjectId::fromHex(*parent.asString()) : std::nullopt;
            if (id) draft.parents.push_back(*id);
        }
    }
    if (auto const* files = json::arrayAt(*object, "files")) {
        for (auto const& file : *files) {
            if (auto attachment = trust::attachmentFrom(file)) draft.files.push_back(std::move(*attachment));
        }
    }
    return draft;
}

}  // namespace

std::optional<Draft> Store::draft(DocumentKey const& document) const {
    // The longer key is the newer draft.
    Statement statement(m_db, "SELECT saved, body FROM local_draft WHERE " + std::string(kThatDraft) +
                                  " ORDER BY length(doc) DESC LIMIT 1");
    Bytes const key = draftKey(document);
    bindDraft(statement, key, document);
    if (!statement.step()) return std::nullopt;
    return draftFrom(document.doc, statement.integer(0), statement.text(1));
}

std::vector<Draft> Store::drafts() const {
    std::vector<Draft> drafts;
    Statement statement(m_db, "SELECT doc, saved, body FROM local_draft ORDER BY saved, doc");
    while (statement.step()) {
        DocumentId doc;
        ByteView const key = statement.blob(0);
        if (key.size() < doc.raw.size()) continue;
        std::copy_n(key.begin(), doc.raw.size(), doc.raw.begin());
        if (auto draft = draftFrom(doc, statement.integer(1), statement.text(2))) {
            drafts.push_back(std::move(*draft));
        }
    }
    return drafts;
}

void Store::dropDraft(DocumentKey const& document) {
    Statement statement(m_db, "DELETE FROM local_draft WHERE " + std::string(kThatDraft));
    Bytes const key = draftKey(document);
    bindDraft(statement, key, document);
    statement.run();
}

// --- exchange: giving
// ----------------------------------------------------------------------------------------------------

std::vector<FeedTip> Store::tips() const {
    std::vector<FeedTip> tips;
    for (auto const& [key, state] : m_feeds) {
        for (auto const& tip : state.tips) tips.push_back({key.first, key.second, tip.frame, tip.seq});
    }
    return tips;  // m_feeds and each feed's tips are sorted
}

TravellingFrame Store::travelling(std::int64_t rowId, trust::FrameHeader const* known) const {
    Use use(m_statements->frameByRow);
    use->bind(1, rowId);
    if (!use->step())
        throw SqliteError(SQLITE_CORRUPT, "reading a frame", "a place names a frame that is not there");
    return travelling(*use, rowId, std::nullopt, known);
}

/// `row` has the columns of Statements::frameByRow.
TravellingFrame Store::travelling(Statement const& row, std::int64_t rowId, std::optional<bool> applied,
                                  trust::FrameHeader const* known) const {
    if (row.isNull(0))
        throw SqliteError(SQLITE_CORRUPT, "reading a frame", "a place names a frame that is not there");
    TravellingFrame frame;
    frame.header = toBytes(row.blob(0));
    frame.signature = row.token<trust::Signature>(1);
    if (!row.isNull(2)) {
        frame.payload = Payload{static_cast<Codec>(row.integer(2)), toBytes(row.blob(3))};
        return frame;
    }
    if (!row.isNull(4)) {
        frame.payload = Payload{Codec::Zstd, toBytes(row.blob(4))};
        frame.namesNoFiles = true;
        return frame;
    }
    std::optional<trust::FrameHeader> read;
    if (!known) {
        auto decoded = trust::decodeFrameHeader(frame.header);
        if (!decoded) throw SqliteError(SQLITE_CORRUPT, "reading a frame", decoded.error().reason);
        known = &read.emplace(std::move(*decoded));
    }
    // Rows that only frames of others brought may bear signatures that are not those of this frame's device.
    if (!applied) applied = isApplied(rowId, *known);
    if (!*applied) return frame;
    // Made again from the rows; raw, because whoever sends it packs whole batches better than single frames.
    std::vector<PayloadRow> rows;
    std::vector<Bytes> owned;
    rows.reserve(known->items.size());
    owned.reserve(known->items.size());
    for (auto const& item : known->items) {
        if (item.kind == trust::Item::Kind::Revision) {
            auto bytes = revisionBytes(item.id);
            if (!bytes) return frame;  // payload wanted here, too
            owned.push_back(std::move(*bytes));
            rows.push_back({item, std::nullopt, owned.back()});
        } else {
            auto record = recordBytes(item.id);
            if (!record) return frame;
            owned.push_back(std::move(record->bytes));
            rows.push_back({item, record->signature, owned.back()});
        }
    }
    frame.payload = Payload{Codec::Raw, writeChangeset(rows)};
    return frame;
}

std::optional<TravellingFrame> Store::frame(FrameId const& id) const {
    std::int64_t row = 0;
    {
        Use use(m_statements->frame);
        use->bind(1, id);
        if (!use->step()) return std::nullopt;
        row = use->integer(0);
    }
    return travelling(row);
}

trust::FrameHeader const& LoggedFrame::header() const {
    if (!m_header) {
        auto read = trust::decodeFrameHeader(m_bytes);
        if (!read) throw SqliteError(SQLITE_CORRUPT, "reading a frame", read.error().reason);
        m_header = std::move(*read);
    }
    return *m_header;
}

void Store::framesAfter(std::int64_t position, std::function<bool(LoggedFrame const&)> const& wants,
                        std::function<bool(std::int64_t, TravellingFrame&&)> const& take) const {
    Statement lines(m_db,
                    "SELECT l.pos, f.rowid, l.id, f.header, l.what FROM local_log l JOIN frame f ON f.id=l.id "
                    "WHERE l.pos>?1 AND l.what<>?2 ORDER BY l.pos");
    lines.bind(1, position).bind(2, static_cast<std::int64_t>(LogLine::What::BodyRedacted));
    while (lines.step()) {
        LoggedFrame const line(lines.integer(0), static_cast<LogLine::What>(lines.integer(4)), lines.token<FrameId>(2),
                               lines.blob(3));
        if (!wants(line)) continue;
        if (!take(line.position(), travelling(lines.integer(1), &line.header()))) return;
    }
}

void Store::framesBeyond(std::vector<FeedTip> const& known, std::function<bool(Scope const&)> const& mayRead,
                         std::function<bool(TravellingFrame&&)> const& take) const {
    std::map<FeedKey, std::vector<FeedTip>> theirs;
    for (auto const& tip : known) theirs[{tip.scope, tip.device}].push_back(tip);

    // Registry first: nobody can take a frame of a device that is not enrolled yet.
    std::vector<FeedKey> order;
    for (auto const& [key, state] : m_feeds) {
        if (key.first.isRegistry()) order.push_back(key);
    }
    for (auto const& [key, state] : m_feeds) {
        if (!key.first.isRegistry() && mayRead(key.first)) order.push_back(key);
    }
    // All that is known of each frame in one walk: a statement a frame would cost as much as reading it.
    Statement linear(m_db,
                     "SELECT f.header, f.sig, k.codec, k.bytes, z.bytes, p.frame, p.applied FROM local_place p "
                     "LEFT JOIN frame f ON f.rowid=p.frame LEFT JOIN local_payload k ON k.frame=f.id "
                     "LEFT JOIN local_packed z ON z.frame=f.id WHERE p.feed=?1 AND p.seq>?2 ORDER BY p.seq, p.frame");
    for (auto const& key : order) {
        FeedState const& state = m_feeds.at(key);
        auto const found = theirs.find(key);
        if (state.forked) {
            std::vector<FrameId> frames;
            if (found != theirs.end()) {
                for (auto const& tip : found->second) frames.push_back(tip.frame);
            }
            for (auto const& id : feed(key.second, key.first).beyond(frames)) {
                auto travellingFrame = frame(id);
                if (travellingFrame && !take(std::move(*travellingFrame))) return;
            }
            continue;
        }
        // A chain without forks: everything above the highest of their tips that we hold.
        std::int64_t above = 0;
        if (found != theirs.end()) {
            for (auto const& tip : found->second) {
                if (auto const header = headerOf(tip.frame);
                    header && header->device == key.second && header->scope == key.first) {
                    above = std::max(above, static_cast<std::int64_t>(header->seq));
                }
            }
        }
        Use use(linear);
        use->bind(1, state.feed).bind(2, above);
        while (use->step()) {
            if (!take(travelling(*use, use->integer(5), use->integer(6) != 0, nullptr))) return;
        }
    }
}

std::vector<Replica::InboxLine> Store::inbox() const {
    std::vector<InboxLine> lines;
    Statement statement(m_db, "SELECT frame, prev, header FROM local_inbox ORDER BY frame");
    while (statement.step()) {
        auto header = trust::decodeFrameHeader(statement.blob(2));
        if (!header) continue;
        lines.push_back({statement.token<FrameId>(0), statement.token<FrameId>(1), header->device, header->scope,
                         header->seq, header->items.size()});
    }
    return lines;
}

}  // namespace spiral::replica
