// Taking frames in: everything is verified before anything is written, and whole batches are written at once.
//
//   bound → header → (registry frames are folded) → header signature → grant → payload against header → record
//   signatures      [worker threads]
//   chain → rows, frames, places, tips, log in one transaction, in the order of their keys      [the store's thread]
#include "base/json.h"
#include "base/sha256.h"
#include "store.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <unordered_set>

namespace spiral::replica {

namespace {

/// Frames that one worker verifies at a time: some milliseconds of work.
constexpr std::size_t kChunkFrames = 32;
/// So many verified frames are written, within the one transaction, while others are being verified. Frames and not rows:
/// rows cost their index less the more of them are written in its order, and those of large frames little verification.
constexpr std::size_t kPartFrames = 256;

/// Runs `work(i)` for chunks 0…n−1 on threads; the owner waits for each in order and goes on while others run.
/// `work` must not throw for input, and what it throws for other reasons is thrown from waitFor.
class ChunkWorkers {
public:
    ChunkWorkers(std::size_t chunks, std::size_t threads, std::function<void(std::size_t)> work)
        : m_work(std::move(work)), m_done(chunks, false) {
        if (chunks <= 1 || threads <= 1) return;  // then waitFor does it on the owner's thread
        for (std::size_t i = 0; i < std::min(threads, chunks); ++i) m_threads.emplace_back([this] { run(); });
    }
    ~ChunkWorkers() {
        m_next = m_done.size();
        for (auto& thread : m_threads) thread.join();
    }
    ChunkWorkers(ChunkWorkers const&) = delete;
    ChunkWorkers& operator=(ChunkWorkers const&) = delete;

    void waitFor(std::size_t chunk) {
        if (m_threads.empty()) {
            m_work(chunk);
            return;
        }
        std::unique_lock lock(m_mutex);
        m_changed.wait(lock, [&] { return m_done[chunk] || m_failure; });
        if (m_failure) std::rethrow_exception(m_failure);
    }

private:
    void run() {
        for (std::size_t chunk = m_next++; chunk < m_done.size(); chunk = m_next++) {
            std::exception_ptr failure;
            try {
                m_work(chunk);
            } catch (...) {
                failure = std::current_exception();
            }
            std::lock_guard const lock(m_mutex);
            m_done[chunk] = true;
            if (failure && !m_failure) m_failure = failure;
            m_changed.notify_all();
        }
    }
    std::function<void(std::size_t)> m_work;
    std::vector<bool> m_done;
    std::atomic<std::size_t> m_next = 0;
    std::mutex m_mutex;
    std::condition_variable m_changed;
    std::exception_ptr m_failure;
    std::vector<std::thread> m_threads;
};

/// Who a record says has signed it, and as what; also of a newer version, of which more is not understood.
struct Claim {
    DeviceId device;
    std::string kind;
};
std::optional<Claim> claimOf(ByteView record) {
    auto const value = json::parse(record);
    auto const* members = value ? value->asObject() : nullptr;
    auto const* by = members ? json::objectAt(*members, "by") : nullptr;
    auto const* device = by ? json::stringAt(*by, "device") : nullptr;
    auto const* kind = members ? json::stringAt(*members, "kind") : nullptr;
    auto const id = device ? DeviceId::fromHex(*device) : std::nullopt;
    if (!id || !kind || !isVersionedName(*kind)) return std::nullopt;
    return Claim{*id, *kind};
}

}  // namespace

/// One frame on its way in, with what is known of it so far.
struct Store::Offer {
    CheckedFrame frame;
    bool decided = false;   ///< `answer` is final
    bool mayCome = false;   ///< its scope is one that this replica takes
    bool verified = false;  ///< header signature and grant are good
    bool deferred = false;  ///< its payload needs a parent's bytes: opened on the store's thread
    Answer answer;

    void decide(Answer::What what, std::string_view reason = {}, std::string about = {}) {
        decided = true;
        answer.what = what;
        answer.reason = reason;
        answer.about = std::move(about);
    }
};

/// What one transaction will write.
class Store::Batch {
public:
    struct Entry {
        CheckedFrame* frame = nullptr;
        FeedState* feed = nullptr;
        FeedKey key;
        bool headerKnown = false;  ///< only the payload is new
        bool applied = false;
    };
    std::vector<Entry> entries;
    std::unordered_map<FrameId, std::size_t> byId;
    std::vector<std::unique_ptr<Offer>> owned;  ///< frames taken out of the inbox
    std::vector<FrameId> inboxOut;
    struct InboxIn {
        CheckedFrame const* frame;
        std::string from;
    };
    std::vector<InboxIn> inboxIn;
    std::unordered_map<FrameId, std::size_t> inboxInById;
    std::size_t rows = 0, bytes = 0;

    [[nodiscard]] bool empty() const { return entries.empty() && inboxIn.empty() && inboxOut.empty(); }
    void clear() { *this = Batch(); }
};

void Store::readHeader(Offer& offer) const {
    auto& frame = offer.frame;
    if (frame.travelling.header.size() > trust::FrameHeader::kBytesMax) {
        offer.decide(Answer::What::Refused, "frame.too-large");
        return;
    }
    frame.id = hashAs<FrameId>(frame.travelling.header);
    offer.answer.frame = frame.id;
    auto header = trust::decodeFrameHeader(frame.travelling.header);
    if (!header) {
        bool const isNewer = header.error().code == ErrorCode::Unsupported;
        offer.decide(isNewer ? Answer::What::NeedsNewer : Answer::What::Refused, header.error().reason,
                     header.error().detail);
        return;
    }
    frame.header = std::move(*header);
}

/// Everything about a frame but its place in the chain. Reads the registry, never the database.
void Store::checkFrame(Offer& offer) const {
    auto& frame = offer.frame;
    auto const& header = frame.header;
    if (m_registry.empty()) {
        offer.decide(Answer::What::WaitingForGrant, "registry.empty");
        return;
    }
    if (header.school != m_registry.school()) {
        offer.decide(Answer::What::Refused, "frame.other-college", header.school.hex());
        return;
    }
    if (!offer.mayCome && !header.scope.isRegistry() && header.device != m_device) {   // what was written here comes back
        offer.decide(Answer::What::OutsideScopes, "scope.not-readable", header.scope.text());
        return;
    }
    auto const* key = m_registry.keyOf(header.device);
    if (!key) {
        offer.decide(Answer::What::WaitingForGrant, "device.unknown", header.device.hex());
        return;
    }
    if (!m_registry.mayEverWrite(header.device, header.scope)) {
        offer.decide(Answer::What::WaitingForGrant, "grant.missing", header.scope.text());
        return;
    }
    if (!trust::verify(*key, trust::nameSpaceFor("frame", m_registry.domain()), frame.travelling.header,
                       frame.travelling.signature)) {
        offer.decide(Answer::What::Refused, "frame.signature", header.device.hex());
        return;
    }
    offer.verified = true;
    if (!frame.travelling.payload) return;
    if (parentNeeded(frame.travelling.payload->codec, frame.travelling.payload->bytes)) {
        offer.deferred = true;
        return;
    }
    openOffered(frame);
}

/// Opens the payload and holds it against the header; what is wrong with it goes to `wrong`.
void Store::openOffered(CheckedFrame& frame) const {
    auto const& payload = *frame.travelling.payload;
    if (frame.header.schema != trust::FrameHeader::kSchema) {
        frame.keepUnread = payload.bytes.size() <= kPayloadStoredMaxAlone;
        if (!frame.keepUnread) frame.wrong = "payload.too-large";
        return;
    }
    std::optional<Bytes> parent;
    if (auto const needed = parentNeeded(payload.codec, payload.bytes)) {
        parent = revisionBytes(*needed);
        if (!parent) {
            frame.wrong = "payload.parent-missing";
            return;
        }
    }
    auto open = openPayload(
        frame.header, payload.codec, payload.bytes, parent ? std::optional<ByteView>(*parent) : std::nullopt,
        [](void* registry, ObjectId const& id) {
            return static_cast<trust::Registry const*>(registry)->isRedacted(id);
        },
        const_cast<trust::Registry*>(&m_registry));
    if (!open) {
        frame.wrong = open.error().reason;
        return;
    }
    frame.wrong = checkRows(frame.header, *open);
    if (frame.wrong.empty()) frame.open = std::move(*open);
}

/// Each record's signature under the key of the frame's device. A record that claims another device is bound to nothing
/// and stays invalid by its verdict; one that cannot be read is counted, not judged. Both are kept as they are, their
/// signatures until a good one comes (settleSignature).
std::string Store::checkRows(trust::FrameHeader const& header, OpenPayload const& open) const {
    auto const* key = m_registry.keyOf(header.device);
    if (!key) return "record.device";
    for (auto const& row : open.rows) {
        if (row.item.kind != trust::Item::Kind::Record) continue;
        auto const record = trust::decodeRecord(row.bytes);
        if (!record || record->by.device != header.device) continue;
        if (!trust::verify(*key, trust::nameSpaceFor(record->kind, m_registry.domain()), row.bytes,
                           *row.signature)) {
            return "record.signature";
        }
    }
    return {};
}

/// Registry frames come first, whatever their place in the batch: they say whose other frames may be taken. A frame of
/// a new keeper can be checked only when the entry that names it is folded, so this goes round until nothing moves.
void Store::foldRegistryFrames(std::vector<Offer>& offers) {
    std::vector<Offer*> open;
    for (auto& offer : offers) {
        if (!offer.decided && offer.frame.header.scope.isRegistry()) open.push_back(&offer);
    }
    if (open.empty()) return;
    std::stable_sort(open.begin(), open.end(),
                     [](Offer const* a, Offer const* b) { return a->frame.header.seq < b->frame.header.seq; });
    auto const fold = [](trust::Registry& registry, OpenPayload const& payload) {
        for (auto const& row : payload.rows) {
            if (row.item.kind == trust::Item::Kind::Record) registry.add(row.bytes, *row.signature);
        }
    };
    bool moved = true;
    while (moved) {
        moved = false;
        for (auto*& offer : open) {
            if (!offer) continue;
            auto& frame = offer->frame;
            if (m_registry.empty()) {
                // The first frame proves itself: its first item is entry 1, whose id the college bears.
                auto const expected = note("school");
                bool const ours = frame.header.seq == 1 && !frame.header.reg &&
                                  frame.header.items.front().id == frame.header.school &&
                                  (!expected || *expected == frame.header.school.hex());
                if (!ours || !frame.travelling.payload) continue;
                auto const& payload = *frame.travelling.payload;
                auto opened = openPayload(frame.header, payload.codec, payload.bytes, std::nullopt);
                if (!opened || !opened->rows.front().signature) continue;
                trust::Registry trial;
                auto const outcome = trial.add(opened->rows.front().bytes, *opened->rows.front().signature);
                if (outcome.added != trust::Registry::Added::Appended) continue;
                m_registry = std::move(trial);
                checkFrame(*offer);
                if (!offer->verified || !frame.open) {
                    m_registry = {};
                    continue;
                }
            } else {
                if (m_registry.keyOf(frame.header.device) == nullptr) continue;
                checkFrame(*offer);
            }
            if (offer->verified && frame.open) fold(m_registry, *frame.open);
            offer = nullptr;
            moved = true;
        }
    }
    for (auto* offer : open) {
        if (offer) offer->decide(Answer::What::WaitingForGrant, "device.unknown", offer->frame.header.device.hex());
    }
}

/// Finds the frame's place in its chain and puts it into the batch, or says why it has none yet.
void Store::place(Offer& offer, Batch& batch, std::string_view from) {
    auto& frame = offer.frame;
    auto const& header = frame.header;
    FeedKey const key{header.scope, header.device};

    if (auto const known = batch.byId.find(frame.id); known != batch.byId.end()) {
        auto& entry = batch.entries[known->second];
        if (!entry.applied && !entry.headerKnown && frame.open && !entry.frame->open) {
            // The same frame twice in one batch, first without its payload.
            entry.frame = &frame;
            entry.applied = true;
            offer.decide(Answer::What::Stored);
            return;
        }
        offer.decide(Answer::What::Known);
        return;
    }
    FeedState& state = feedState(header.scope, header.device);
    auto const tip = std::find_if(state.tips.begin(), state.tips.end(), [&](auto const& candidate) {
        return header.prev && candidate.frame == *header.prev;
    });
    bool const extends = tip != state.tips.end();
    std::uint64_t previousReg = 0;
    std::uint64_t previousSeq = 0;
    bool forks = false;
    if (extends) {
        previousSeq = tip->seq;
        previousReg = tip->regSeq;
    } else {
        // Not a new tip on a tip: known, the first of a feed, a fork, or out of order.
        {
            Use use(m_statements->frame);
            use->bind(1, frame.id);
            if (use->step()) {
                std::int64_t const row = use->integer(0);
                Use placed(m_statements->placeOf);
                placed->bind(1, state.feed).bind(2, static_cast<std::int64_t>(header.seq)).bind(3, row);
                bool const applied = placed->step() && placed->integer(0) != 0;
                if (applied || (!frame.open && !frame.keepUnread)) {
                    if (applied || frame.wrong.empty()) {
                        offer.decide(applied ? Answer::What::Known : Answer::What::PayloadWanted);
                    } else {
                        offer.decide(Answer::What::PayloadWanted, frame.wrong);
                    }
                    return;
                }
                if (frame.keepUnread) {
                    Statement kept(m_db, "SELECT 1 FROM local_payload WHERE frame=?1");
                    kept.bind(1, frame.id);
                    if (kept.step()) {
                        offer.decide(Answer::What::Known);
                        return;
                    }
                    // Only the header came before. Others may be able to read what we merely keep.
                    batch.byId.emplace(frame.id, batch.entries.size());
                    batch.entries.push_back({&frame, &state, key, true, false});
                    batch.bytes += frame.travelling.payload->bytes.size();
                    offer.decide(Answer::What::Stored);
                    return;
                }
                batch.byId.emplace(frame.id, batch.entries.size());
                batch.entries.push_back({&frame, &state, key, true, true});
                batch.rows += frame.open->rows.size();
                batch.bytes += frame.open->changeset.size();
                offer.decide(Answer::What::Stored);
                return;
            }
        }
        if (header.prev) {
            auto const inBatch = batch.byId.find(*header.prev);
            std::optional<trust::FrameHeader> previous;
            if (inBatch != batch.byId.end()) {
                previous = batch.entries[inBatch->second].frame->header;
            } else {
                previous = headerOf(*header.prev);
            }
            if (!previous) {
                offer.decide(Answer::What::WaitingForFrame, "frame.predecessor", header.prev->hex());
                // Somebody may have carried it before with a payload that is missing or wrong: a right one replaces that.
                auto const waiting = batch.inboxInById.find(frame.id);
                bool const isNew = waiting == batch.inboxInById.end();
                if (!isNew) {
                    CheckedFrame const& other = *batch.inboxIn[waiting->second].frame;
                    bool const brings = frame.travelling.payload && !other.travelling.payload;
                    if (!brings && (!frame.open || other.open)) return;
                }
                if (!takesIntoInbox(frame)) {
                    offer.answer.reason = "inbox.full";
                    return;
                }
                if (isNew) {
                    batch.inboxInById.emplace(frame.id, batch.inboxIn.size());
                    batch.inboxIn.push_back({&frame, std::string(from)});
                } else {
                    batch.inboxIn[waiting->second] = {&frame, std::string(from)};
                }
                return;
            }
            if (previous->device != header.device || previous->scope != header.scope) {
                offer.decide(Answer::What::Refused, "frame.prev-other-feed", header.prev->hex());
                return;
            }
            previousSeq = previous->seq;
            previousReg = previous->reg ? previous->reg->seq : 0;
            forks = true;
        } else {
            forks = !state.tips.empty();  // a second first frame
        }
    }
    if (header.seq != previousSeq + 1) {
        offer.decide(Answer::What::Refused, "frame.seq", std::to_string(header.seq));
        return;
    }
    if (header.reg && header.reg->seq < previousReg) {
        offer.decide(Answer::What::Refused, "frame.registry-goes-back", std::to_string(header.reg->seq));
        return;
    }

    state.newest = std::max(state.newest, static_cast<std::int64_t>(header.time.time_since_epoch().count()));
    FeedState::Tip const added{frame.id, header.seq, header.reg ? header.reg->seq : 0, state.newest};
    if (extends) state.tips.erase(tip);
    state.tips.insert(std::lower_bound(state.tips.begin(), state.tips.end(), added,
                                       [](auto const& a, auto const& b) { return a.frame < b.frame; }),
                      added);
    if (forks) state.forked = true;
    batch.byId.emplace(frame.id, batch.entries.size());
    batch.entries.push_back({&frame, &state, key, false, frame.open.has_value()});
    batch.rows += frame.open ? frame.open->rows.size() : 0;
    batch.bytes += frame.travelling.header.size() + (frame.open ? frame.open->changeset.size() : 0);
    if (frame.open || frame.keepUnread) {
        offer.decide(Answer::What::Stored);
    } else {
        offer.decide(Answer::What::PayloadWanted, frame.wrong);
    }
}

/// Whether one more frame may wait, which is then counted. What waits may wait for ever, so no device has more than its
/// share: else one member could keep everybody else's frames from waiting.
bool Store::takesIntoInbox(CheckedFrame const& frame) {
    if (!m_inboxUse) {
        m_inboxUse.emplace();
        Statement held(m_db, "SELECT header, length(header) + coalesce(length(bytes), 0) FROM local_inbox");
        while (held.step()) {
            auto const header = trust::decodeFrameHeader(held.blob(0));
            if (header) m_inboxUse->add(header->device, static_cast<std::size_t>(held.integer(1)));
        }
    }
    auto const& travelling = frame.travelling;
    std::size_t size = travelling.header.size() + (travelling.payload ? travelling.payload->bytes.size() : 0);
    {
        Statement known(m_db, "SELECT length(header), length(bytes) FROM local_inbox WHERE frame=?1");
        known.bind(1, frame.id);
        if (known.step()) {
            bool const brings = travelling.payload && known.isNull(1);
            if (!brings && !frame.open) return true;  // it waits already, and this is nothing better
            size -= std::min(size, static_cast<std::size_t>(known.integer(0) + known.integer(1)));
        }
    }
    if (m_inboxUse->bytes + size > m_limits.inboxBytesMax) return false;
    if (m_inboxUse->ofDevice[frame.header.device] + size > m_limits.inboxDeviceBytesMax) return false;
    m_inboxUse->add(frame.header.device, size);
    return true;
}

/// Frames of the inbox that waited for `arrived`, with fresh eyes: what was known when they came may have changed.
/// What becomes of each is noted in `outcomes`.
void Store::takeUpInbox(FrameId const& arrived, Batch& batch, std::vector<FrameId>& follow,
                        std::unordered_map<FrameId, Answer>& outcomes) {
    std::vector<std::unique_ptr<Offer>> waiting;
    {
        Statement statement(m_db, "SELECT header, sig, codec, bytes FROM local_inbox WHERE prev=?1 ORDER BY frame");
        statement.bind(1, arrived);
        while (statement.step()) {
            auto& travelling = waiting.emplace_back(std::make_unique<Offer>())->frame.travelling;
            travelling.header = toBytes(statement.blob(0));
            travelling.signature = statement.token<trust::Signature>(1);
            if (!statement.isNull(2)) {
                travelling.payload = Payload{static_cast<Codec>(statement.integer(2)), toBytes(statement.blob(3))};
            }
        }
    }
    for (auto& waitingOffer : waiting) {
        Offer& offer = *batch.owned.emplace_back(std::move(waitingOffer));
        readHeader(offer);
        offer.mayCome = !offer.decided && takes(offer.frame.header.scope);
        if (!offer.decided) checkFrame(offer);
        if (offer.deferred) openOffered(offer.frame);
        batch.inboxOut.push_back(offer.frame.id);
        if (offer.decided) {  // mayEverWrite only grows, so this is a frame that another program let in
            outcomes[offer.frame.id] = offer.answer;
            continue;
        }
        if (offer.frame.header.scope.isRegistry() && offer.frame.open) {
            for (auto const& row : offer.frame.open->rows) {
                if (row.signature) m_registry.add(row.bytes, *row.signature);
            }
        }
        place(offer, batch, "inbox");
        outcomes[offer.frame.id] = offer.answer;
        if (batch.byId.contains(offer.frame.id)) follow.push_back(offer.frame.id);
    }
}

/// A record that is held came again. Whoever reads a record can list it in a frame of her own beside a signature of her
/// own making, and that frame may come first. So of two signatures the one stays that is good under the key of the
/// device which the record names. A frame of that very device is taken only with a good one, and not before its key is
/// known: then at the latest it is settled, in whatever order frames come.
void Store::settleSignature(PayloadRow const& row) {
    auto const held = recordBytes(row.item.id);
    if (!held || held->signature == *row.signature) return;
    auto const claim = claimOf(row.bytes);
    auto const* key = claim ? m_registry.keyOf(claim->device) : nullptr;
    if (!key) return;
    auto const nameSpace = trust::nameSpaceFor(claim->kind, m_registry.domain());
    if (trust::verify(*key, nameSpace, row.bytes, held->signature)) return;
    if (!trust::verify(*key, nameSpace, row.bytes, *row.signature)) return;
    // The trigger that forbids updates guards id and bytes, and those stay what they are.
    Statement replace(m_db, "REPLACE INTO record(id, sig, bytes) VALUES(?1, ?2, ?3)");
    replace.bind(1, row.item.id).bind(2, *row.signature).bind(3, row.bytes).run();
}

bool Store::hasRedacted(std::vector<PayloadRow> const& rows) const {
    return std::any_of(rows.begin(), rows.end(),
                       [&](PayloadRow const& row) { return m_registry.isRedacted(row.item.id); });
}

/// Writes the batch, within the caller's transaction: rows in the order of their ids, which is far cheaper for their index.
void Store::write(Batch const& batch) {
    if (batch.empty()) return;
    std::vector<PayloadRow const*> revisions, records;
    revisions.reserve(batch.rows);
    for (auto const& entry : batch.entries) {
        if (!entry.applied) continue;
        for (auto const& row : entry.frame->open->rows) {
            if (m_registry.isRedacted(row.item.id)) continue;  // refused from everywhere
            (row.item.kind == trust::Item::Kind::Revision ? revisions : records).push_back(&row);
        }
    }
    auto const byRowId = [](PayloadRow const* a, PayloadRow const* b) { return a->item.id < b->item.id; };
    std::sort(revisions.begin(), revisions.end(), byRowId);
    std::sort(records.begin(), records.end(), byRowId);

    m_insert->revisionsIfNew.insert(revisions.size(), [&](std::size_t i, RowInserter::Row& row) {
        row.bind(1, revisions[i]->item.id).bind(2, revisions[i]->bytes);
    });
    for (PayloadRow const* record : records) {
        {
            Use use(m_insert->recordIfNew);
            use->bind(1, record->item.id).bind(2, *record->signature).bind(3, record->bytes).run();
        }
        if (m_db.changes() == 0) settleSignature(*record);
    }
    std::vector<Batch::Entry const*> byId;
    byId.reserve(batch.entries.size());
    for (auto const& entry : batch.entries) byId.push_back(&entry);
    std::sort(byId.begin(), byId.end(), [](auto const* a, auto const* b) { return a->frame->id < b->frame->id; });
    std::unordered_map<FrameId, std::int64_t> rowOf;
    for (auto const* entry : byId) {
        if (entry->headerKnown) {
            Use use(m_statements->frame);
            use->bind(1, entry->frame->id);
            if (use->step()) rowOf[entry->frame->id] = use->integer(0);
        } else {
            rowOf[entry->frame->id] = m_insert->addFrame(entry->frame->id, entry->frame->travelling.header,
                                                         entry->frame->travelling.signature, m_db);
        }
    }
    std::unordered_set<FeedState*> touched;
    for (auto const& entry : batch.entries) {
        auto const& frame = *entry.frame;
        if (entry.feed->feed == 0) entry.feed->feed = makeFeed(entry.key.first, entry.key.second);
        m_insert->addPlace(entry.feed->feed, frame.header.seq, rowOf.at(frame.id), entry.applied);
        if (entry.applied) {
            for (auto const& row : frame.open->rows) {
                if (row.item.kind == trust::Item::Kind::Revision && !m_registry.isRedacted(row.item.id))
                    noteFiles(entry.key.first, row.bytes, false);
            }
        }
        if (frame.keepUnread) m_insert->keepPayload(frame.id, *frame.travelling.payload);
        if (entry.applied && frame.travelling.payload->codec == Codec::Zstd && frame.open &&
            isWorthPacking(frame.open->changeset, frame.open->rows) && !hasRedacted(frame.open->rows)) {
            m_insert->keepPacked(frame.id, frame.travelling.payload->bytes);
        }
        auto const what = entry.headerKnown ? LogLine::What::PayloadApplied
                          : entry.applied   ? LogLine::What::HeaderAndPayload
                                            : LogLine::What::HeaderStored;
        m_insert->addLog(what, frame.id.view());
        if (entry.applied && frame.header.scope.isRegistry()) {
            for (auto const& row : frame.open->rows) {
                if (row.item.kind != trust::Item::Kind::Record) continue;
                m_insert->addRegistry(row.item.id, isAccepted(m_registry, row.item.id, row.bytes));
            }
        }
        touched.insert(entry.feed);
        m_loadedFeeds.erase(entry.key);
    }
    Statement clearTips(m_db, "DELETE FROM local_tip WHERE feed=?1");
    for (auto* feed : touched) {
        clearTips.bind(1, feed->feed).run();
        for (auto const& tip : feed->tips) m_insert->addTip(feed->feed, tip);
        if (feed->forked) m_insert->markForked(feed->feed);
    }
    Statement inboxIn(m_db,
                      "INSERT INTO local_inbox(frame, prev, header, sig, codec, bytes, came) "
                      "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT(frame) DO UPDATE SET sig=excluded.sig, "
                      "codec=excluded.codec, bytes=excluded.bytes, came=excluded.came WHERE ?8 OR local_inbox.bytes IS NULL");
    for (auto const& waiting : batch.inboxIn) {
        if (batch.byId.contains(waiting.frame->id)) continue;  // its predecessor came later in the same batch
        auto const& travelling = waiting.frame->travelling;
        inboxIn.bind(1, waiting.frame->id).bind(2, *waiting.frame->header.prev).bind(3, ByteView(travelling.header));
        inboxIn.bind(4, travelling.signature).bind(7, std::string_view(waiting.from));
        inboxIn.bind(8, std::int64_t{waiting.frame->open.has_value()});
        if (travelling.payload) {
            inboxIn.bind(5, static_cast<std::int64_t>(travelling.payload->codec))
                .bind(6, ByteView(travelling.payload->bytes));
        } else {
            inboxIn.bindNull(5).bindNull(6);
        }
        inboxIn.run();
    }
    Statement inboxOut(m_db, "DELETE FROM local_inbox WHERE frame=?1");
    for (auto const& id : batch.inboxOut) inboxOut.bind(1, id).run();
}

std::vector<Answer> Store::import(std::vector<TravellingFrame> frames, std::string_view from,
                                  std::function<void(ImportProgress)> const& progress) {
    ensure(m_access == Access::Write, "importing needs a replica opened for writing");
    makeSure();
    std::vector<Offer> offers(frames.size());
    for (std::size_t i = 0; i < frames.size(); ++i) offers[i].frame.travelling = std::move(frames[i]);

    std::size_t const chunks = (offers.size() + kChunkFrames - 1) / kChunkFrames;
    auto const eachOf = [&](std::size_t chunk, auto const& work) {
        std::size_t const end = std::min(offers.size(), (chunk + 1) * kChunkFrames);
        for (std::size_t i = chunk * kChunkFrames; i < end; ++i) work(offers[i]);
    };
    {
        ChunkWorkers workers(chunks, m_limits.workers,
                             [&](std::size_t chunk) { eachOf(chunk, [&](Offer& offer) { readHeader(offer); }); });
        for (std::size_t chunk = 0; chunk < chunks; ++chunk) workers.waitFor(chunk);
    }

    Batch batch;
    std::unordered_map<FrameId, Answer> takenUp;
    try {
        m_inboxUse.reset();  // others may have written since
        std::vector<FrameId> arrived;
        // Files come again and again. What is in needs no second look: its header hashes to a name that is held. Only
        // frames at or below a tip can be, so new ones cost no look-up.
        for (auto& offer : offers) {
            if (offer.decided) continue;
            auto const& header = offer.frame.header;
            auto const* feed = findFeed(header.scope, header.device);
            if (feed == nullptr || std::none_of(feed->tips.begin(), feed->tips.end(),
                                                [&](auto const& tip) { return header.seq <= tip.seq; })) {
                continue;
            }
            Use use(m_statements->frame);
            use->bind(1, offer.frame.id);
            if (!use->step()) continue;
            Use placed(m_statements->placeOf);
            placed->bind(1, feed->feed).bind(2, static_cast<std::int64_t>(header.seq)).bind(3, use->integer(0));
            if (placed->step() && placed->integer(0) != 0) offer.decide(Answer::What::Known);
        }
        foldRegistryFrames(offers);
        std::map<Scope, bool> taken;   // asked here: a worker must not read what placing a frame changes
        for (auto& offer : offers) {
            if (offer.decided || offer.verified) continue;
            auto const [place, isNew] = taken.try_emplace(offer.frame.header.scope, false);
            if (isNew) place->second = takes(place->first);
            offer.mayCome = place->second;
        }
        bool const inboxUsed = m_db.integer("SELECT EXISTS(SELECT 1 FROM local_inbox)") != 0;
        bool someWait = false;
        std::optional<WriteTransaction> transaction;
        std::size_t rows = 0, bytes = 0;   // of the open transaction
        auto const writePart = [&] {
            if (batch.empty()) return;
            if (!transaction) transaction.emplace(m_db);
            write(batch);
            rows += batch.rows;
            bytes += batch.bytes;
            someWait = someWait || !batch.inboxIn.empty();
            batch.clear();
        };
        auto const flush = [&] {
            writePart();
            if (transaction) transaction->commit();
            transaction.reset();
            rows = bytes = 0;
        };
        auto const flushIfLarge = [&] {
            if (rows + batch.rows >= m_limits.transactionRowsMax || bytes + batch.bytes >= m_limits.transactionBytesMax) flush();
        };

        ChunkWorkers workers(chunks, m_limits.workers, [&](std::size_t chunk) {
            eachOf(chunk, [&](Offer& offer) {
                if (!offer.decided && !offer.verified) checkFrame(offer);
            });
        });
        auto const settle = [&](Offer& offer) {
            if (offer.decided) return;
            if (offer.deferred) {
                writePart();   // the parent may be in it
                openOffered(offer.frame);
            }
            place(offer, batch, from);
            if (batch.byId.contains(offer.frame.id)) arrived.push_back(offer.frame.id);
        };
        for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
            workers.waitFor(chunk);
            eachOf(chunk, settle);
            if (batch.entries.size() >= kPartFrames) writePart();
            flushIfLarge();
            if (progress) progress({std::min(offers.size(), (chunk + 1) * kChunkFrames), offers.size()});
        }
        writePart();
        // Frames that waited for one that came, and those that wait for them in turn. An earlier frame of this very call
        // may have been kept for a later one.
        if (inboxUsed || someWait) {
            for (std::size_t i = 0; i < arrived.size(); ++i) {
                takeUpInbox(arrived[i], batch, arrived, takenUp);
                if (batch.entries.size() >= kPartFrames) writePart();
                flushIfLarge();
            }
        }
        flush();
    } catch (...) {
        // Nothing of the open transaction is on disk: memory must not remember it either.
        reload();
        throw;
    }

    std::vector<Answer> answers;
    answers.reserve(offers.size());
    for (auto& offer : offers) answers.push_back(std::move(offer.answer));
    // Frames of this call that waited for each other did arrive, and were stored or refused then.
    for (auto& answer : answers) {
        if (answer.what != Answer::What::WaitingForFrame) continue;
        if (auto const outcome = takenUp.find(answer.frame); outcome != takenUp.end()) {
            answer = outcome->second;
            continue;
        }
        Use use(m_statements->frame);
        use->bind(1, answer.frame);
        if (use->step()) answer = {answer.frame, Answer::What::Stored, {}, {}};  // it came a second time, after that
    }
    return answers;
}

}  // namespace spiral::replica
