// One local transaction in one scope becomes one frame.
#include "base/sha256.h"
#include "store.h"

#include <sqlite3.h>

#include <algorithm>

namespace spiral::replica {

namespace {

/// What a row costs in a changeset besides its bytes: id, signature, table headers, lengths.
constexpr std::size_t kRowOverhead = 256;

using Session = std::unique_ptr<sqlite3_session, Deleter<sqlite3session_delete>>;

Session captureEnduringRows(Database& db) {
    sqlite3_session* handle = nullptr;
    int code = sqlite3session_create(db.handle(), "main", &handle);
    Session session(handle);
    if (code == SQLITE_OK) code = sqlite3session_attach(session.get(), "record");
    if (code == SQLITE_OK) code = sqlite3session_attach(session.get(), "revision");
    if (code != SQLITE_OK) db.fail(code, "starting a session");
    return session;
}

Bytes changesetOf(Database& db, Session const& session) {
    int size = 0;
    void* data = nullptr;
    int const code = sqlite3session_changeset(session.get(), &size, &data);
    std::unique_ptr<void, Deleter<sqlite3_free>> const owned(data);
    if (code != SQLITE_OK) db.fail(code, "taking a changeset");
    auto const* bytes = static_cast<std::uint8_t const*>(data);
    return Bytes(bytes, bytes + size);
}

}  // namespace

Result<Sealed> Store::seal(Scope const& scope, std::vector<NewRow> const& rows, trust::Signer& signer,
                           std::function<void()> const& inTransaction) {
    ensure(m_access == Access::Write, "sealing needs a replica opened for writing");
    ensure(!rows.empty() && rows.size() <= trust::FrameHeader::kItemsMax, "a frame has 1 to 500 rows");
    makeSure();
    if (signer.publicKey() != m_deviceKey)
        return makeError(ErrorCode::Locked, "key.other", "the key is not this device's");

    std::size_t bytesInAll = 0;
    for (auto const& row : rows) bytesInAll += row.bytes.size() + kRowOverhead;
    if (rows.size() > 1 && bytesInAll > kPayloadStoredMax) {
        // Nobody would take it: a frame of several rows travels in at most 1 MiB.
        return makeError(ErrorCode::TooLarge, "seal.too-large", std::to_string(bytesInAll));
    }
    FeedState& state = feedState(scope, m_device);
    trust::FrameHeader header;
    header.scope = scope;
    header.device = m_device;
    header.inc = m_incarnation;
    header.time = m_world.wall.now();
    // Where a feed forked, the writer goes on from the highest branch it holds.
    auto const tip = std::max_element(state.tips.begin(), state.tips.end(), [](auto const& a, auto const& b) {
        return a.seq != b.seq ? a.seq < b.seq : a.frame > b.frame;
    });
    if (tip != state.tips.end()) {
        header.seq = tip->seq + 1;
        header.prev = tip->frame;
    }
    header.items.reserve(rows.size());
    for (auto const& row : rows) header.items.push_back(row.item);

    std::string domain;
    trust::Registry grown;  // with the entries of this frame, if it is one of the registry
    bool const registryRows = scope.isRegistry();
    if (registryRows) {
        grown = m_registry;
        bool const founding = grown.empty();
        for (auto const& row : rows) {
            if (row.item.kind != trust::Item::Kind::Record)
                return makeError(ErrorCode::Usage, "registry.row", "no record");
            auto const outcome = grown.add(asBytes(row.bytes), *row.signature);
            if (outcome.added == trust::Registry::Added::Invalid) {
                return makeError(ErrorCode::Refused, outcome.reason, "the registry does not take this entry");
            }
        }
        header.school = grown.school();
        domain = grown.domain();
        if (!founding) header.reg = m_registry.head();
    } else {
        if (m_registry.empty()) return makeError(ErrorCode::WrongState, "replica.not-enrolled", "no registry here yet");
        header.school = m_registry.school();
        header.reg = m_registry.head();
        domain = m_registry.domain();
    }
    // `reg` never goes back along a chain, or nobody takes the frame. Our head does: when the registry turns out to be
    // forked below it, and when we were restored and our own frames came back before the registry did.
    if (tip != state.tips.end() && header.reg && header.reg->seq < tip->regSeq) header.reg = headerOf(tip->frame)->reg;

    std::string const bytes = trust::encode(header);
    if (bytes.size() > trust::FrameHeader::kBytesMax)
        return makeError(ErrorCode::TooLarge, "frame.header", "too many rows");
    FrameId const id = hashAs<FrameId>(asBytes(bytes));
    auto const signature = signer.sign(trust::nameSpaceFor("frame", domain), asBytes(bytes));
    if (!signature) return signature.error();

    std::int64_t const newest =
        std::max(state.newest, static_cast<std::int64_t>(header.time.time_since_epoch().count()));
    std::int64_t feed = state.feed;
    std::optional<Payload> packed;
    FeedState::Tip const added{id, header.seq, header.reg ? header.reg->seq : 0, newest};
    try {
        WriteTransaction transaction(m_db);
        {
            Session const session = captureEnduringRows(m_db);
            for (auto const& row : rows) {
                if (row.item.kind == trust::Item::Kind::Revision) {
                    Use use(m_insert->revision);
                    use->bind(1, row.item.id).bind(2, asBytes(row.bytes)).run();
                } else {
                    Use use(m_insert->record);
                    use->bind(1, row.item.id).bind(2, *row.signature).bind(3, asBytes(row.bytes)).run();
                }
            }
            // What the session saw must be what the header lists: nothing enduring is written beside a frame.
            Bytes const changeset = changesetOf(m_db, session);
            auto captured = readChangeset(changeset);
            if (!captured || captured->size() != rows.size()) {
                return makeError(ErrorCode::WrongState, "seal.rows",
                                 "the rows are held already, or were not all captured");
            }
            for (auto const& row : *captured) {
                if (std::find(header.items.begin(), header.items.end(), row.item) == header.items.end()) {
                    return makeError(ErrorCode::WrongState, "seal.rows", "a captured row is not among the items");
                }
            }
            if (isWorthPacking(changeset, *captured)) packed = pack(changeset);
        }
        if (feed == 0) feed = makeFeed(scope, m_device);
        std::int64_t const row = m_insert->addFrame(id, asBytes(bytes), *signature, m_db);
        m_insert->addPlace(feed, header.seq, row, true);
        if (header.prev) {
            m_insert->moveTip(feed, *header.prev, added);
        } else {
            m_insert->addTip(feed, added);
        }
        m_insert->addLog(LogLine::What::HeaderAndPayload, id.view());
        if (packed && packed->codec == Codec::Zstd) m_insert->keepPacked(id, packed->bytes);
        for (auto const& sealed : rows) {
            if (sealed.item.kind == trust::Item::Kind::Revision) noteFiles(scope, asBytes(sealed.bytes), true);
        }
        if (registryRows) {
            for (auto const& entry : rows) {
                m_insert->addRegistry(entry.item.id, isAccepted(grown, entry.item.id, asBytes(entry.bytes)));
            }
        }
        if (inTransaction) inTransaction();
        transaction.commit();
    } catch (...) {
        reload();
        throw;
    }
    state.feed = feed;
    state.newest = newest;
    if (tip != state.tips.end()) state.tips.erase(tip);
    state.tips.insert(std::lower_bound(state.tips.begin(), state.tips.end(), added,
                                       [](auto const& a, auto const& b) { return a.frame < b.frame; }),
                      added);
    m_loadedFeeds.erase({scope, m_device});
    if (registryRows) m_registry = std::move(grown);
    return Sealed{id, header.seq};
}

}  // namespace spiral::replica
