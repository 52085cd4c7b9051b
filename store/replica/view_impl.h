// The one implementation of View: view.db and the code that follows the log. Private to store/replica.
//
//   view.cpp            opening, the cursor, one batch of the log in one transaction
//   view_note.cpp       what a line of the log brings; what becomes doubtful by it
//   view_items.cpp      items, their bytes, and the document each belongs to
//   view_registry.cpp   what a grown registry makes doubtful
//   view_alone.cpp      receipts, confirms, and the branches of forked feeds that rest on them
//   view_document.cpp   a document judged and projected anew
//   view_queries.cpp    questions        view_dump.cpp   the whole content, line by line
#pragma once

#include "replica/view.h"
#include "sqlite.h"

#include <array>
#include <deque>
#include <limits>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

namespace spiral::replica {

/// The number of a row in view.db.
using Handle = std::int64_t;

inline constexpr int kViewVersion = 3;  ///< of this code; the tables' own text counts besides
inline constexpr std::int64_t kNoDue = 9999999;
inline std::int64_t dayNumber(Day day) { return std::chrono::sys_days(day).time_since_epoch().count(); }

/// What became of the bytes of an item.
enum class RowState : int { Missing = 0, Read = 1, Newer = 2, Malformed = 3, Redacted = 4 };

using RowObject = std::variant<trust::Revision, trust::Record, trust::Unread>;

/// A frame as verdicts need it.
struct FrameLine {
    Handle frame = 0, feed = 0, school = 0, point = 0, prev = 0;
    FrameId id;
    std::uint64_t seq = 0;
    trust::Branch branch = trust::Branch::Single;
    std::optional<trust::Receipt> receipt;
    bool isNew = false;  ///< came in this batch with nothing but new documents, which are judged at its end anyway
};

struct FeedLine {
    Handle feed = 0;
    DeviceId device;
    Scope scope;
    bool forked = false;
};

/// A row of `item`, without its id.
struct ItemLine {
    Handle item = 0, frame = 0, document = 0, target = 0, kind = 0, reason = 0;
    std::uint32_t place = 0;
    bool more = false, isRecord = false;
    RowState state = RowState::Missing;
    int verdict = -1, count = -1;
    std::string about;
};

/// An item that came in this batch and has no row yet: it gets one together with its verdict.
struct FreshItem {
    ObjectId id;
    ItemLine line;
    Handle scope = 0, person = 0, device = 0;
    std::optional<std::int64_t> time, counter;
    RowObject object = trust::Unread{};
};

/// A row of `document`, without the document's name.
struct DocumentLine {
    DocumentRow row;  ///< without `text`
    Bytes heads;
    std::int64_t differences = 0, changed = 0, digest = 0;
    Handle lastActor = 0;
};

/// A document of which the first row came in this batch.
struct NewDocument {
    Scope scope;
    DocumentId doc;
    std::vector<FreshItem> fresh;      ///< all its items, or none
    bool itemsHaveRows = false;        ///< none is fresh any more, nor will be
    std::optional<DocumentLine> line;  ///< as judged, not written yet
};

/// Of ids that somebody may have thought of: all of their bytes count.
struct EvenHash {
    std::size_t operator()(DocumentId const& id) const noexcept {
        return std::hash<std::string_view>{}(asText(id.view()));
    }
};

/// What one batch of the log makes doubtful, and what it has read already.
struct Work {
    std::set<Handle> documents;                     ///< to be judged and projected anew
    std::set<Handle> alone;                         ///< items without document, to be judged anew
    std::set<Handle> receiptedFrames;               ///< whose earliest standing receipt may be another now
    std::set<Handle> branching;                     ///< feeds whose branches may stand differently now
    std::map<Handle, std::int64_t> parted;          ///< feeds that forked, and the lowest number at which they did
    std::set<Handle> settled;                       ///< items whose standing was decided together, see settleBranches()
    std::unordered_map<Handle, RowObject> objects;  ///< of items read in this batch
    std::unordered_map<Handle, FrameLine> frames;
    Handle firstNewDocument = std::numeric_limits<Handle>::max();
    std::deque<NewDocument> newDocuments;  ///< by handle, from firstNewDocument on
    std::unordered_map<DocumentId, std::vector<Handle>, EvenHash> newDocumentsById;  ///< one a scope
    std::unordered_map<ObjectId, Handle> freshItems;                                 ///< the new document of each
    std::vector<std::pair<Handle, std::vector<Expected>>> expecting;  ///< what these documents ask for changed to this
    std::size_t items = 0, bytes = 0;

    /// Null for one that was there before.
    [[nodiscard]] NewDocument* newDocument(Handle document) {
        return document < firstNewDocument ? nullptr
                                           : &newDocuments.at(static_cast<std::size_t>(document - firstNewDocument));
    }
};

/// Answers "never" or "perhaps" to whether an id has come, from a few bits of it: while a view is made from nothing it
/// need not be asked for each id that comes for the first time.
class SeenIds {
public:
    [[nodiscard]] bool perhaps(ByteView id) const {
        auto const [a, b] = bitsOf(id);
        return has(a) && has(b);
    }
    void add(ByteView id) {
        for (std::uint32_t const bit : bitsOf(id)) m_words[bit / 64] |= std::uint64_t{1} << bit % 64;
    }

private:
    static constexpr std::uint32_t kBits = 1U << 22U;  ///< 512 KiB; one in a hundred is asked for at 200,000 ids
    /// Ids are hashes or drawn at random. Whoever thinks of others only makes his own slower.
    static std::array<std::uint32_t, 2> bitsOf(ByteView id) {
        std::array<std::uint32_t, 2> parts{};
        std::memcpy(parts.data(), id.data(), sizeof parts);
        return {parts[0] % kBits, parts[1] % kBits};
    }
    [[nodiscard]] bool has(std::uint32_t bit) const { return (m_words[bit / 64] >> bit % 64 & 1U) != 0; }
    std::vector<std::uint64_t> m_words = std::vector<std::uint64_t>(kBits / 64);
};

struct ViewStatements;

/// The first bytes of an item's id, by which it is found: SQLite compares numbers faster than blobs, and the index is
/// half as large. Whoever asks compares the id, too.
[[nodiscard]] std::int64_t itemKey(ObjectId const& id);

/// Binds the columns of `document` in their order to a row whose columns are all NULL.
template <class Row>
void bindDocument(Row& row, Handle document, Scope const& scope, DocumentId const& doc, DocumentLine const& line) {
    DocumentRow const& shown = line.row;
    row.bind(1, document).bind(2, std::string_view(scope.text())).bind(3, doc);
    row.bind(4, std::string_view(shown.type)).bind(5, std::string_view(shown.title));
    row.bind(6, std::string_view(shown.state)).bind(7, std::string_view(shown.owner));
    row.bind(8, std::string_view(shown.summary));
    row.bind(9, shown.due ? dayNumber(*shown.due) : kNoDue);
    row.bind(10, std::int64_t{shown.closed}).bind(11, std::int64_t{shown.disputed});
    row.bind(12, std::int64_t{shown.changedAfter}).bind(13, std::int64_t{shown.round});
    row.bind(14, std::int64_t{shown.failedRounds}).bind(15, ByteView(line.heads)).bind(16, line.differences);
    if (shown.lastAction) row.bind(17, std::int64_t{shown.lastAction->time_since_epoch().count()});
    if (line.lastActor != 0) row.bind(18, line.lastActor);
    row.bind(19, std::int64_t{shown.watched}).bind(20, line.changed).bind(21, line.digest);
}

/// The next row of one of the statements that read items.
[[nodiscard]] std::optional<std::pair<ObjectId, ItemLine>> readItem(Statement& statement);

class FollowingView final : public View {
public:
    FollowingView(Replica& replica, Projector const& projector);
    ~FollowingView() override;

    void catchUp(std::function<void(std::int64_t, std::int64_t)> const& progress) override;
    void rebuild(std::function<void(std::int64_t, std::int64_t)> const& progress) override;

    StatusCounts status() const override;
    std::vector<ListedDocument> list(ListFilter const& filter) const override;
    std::optional<ListedDocument> document(DocumentKey const& document) const override;
    std::vector<DocumentKey> find(std::string_view prefix) const override;
    std::vector<DocumentId> sharedIds() const override;
    std::vector<DifferenceRow> differences(DocumentKey const& document) const override;
    std::vector<ItemRow> items(DocumentKey const& document) const override;
    std::vector<ItemRow> items(Count count) const override;
    std::optional<ItemRow> item(ObjectId const& id) const override;
    std::vector<ItemRow> records(std::optional<ObjectId> of) const override;
    std::vector<Fork> forks() const override;
    std::optional<DocumentFacts> facts(DocumentKey const& document) const override;
    void dump(std::function<void(std::string_view)> const& take) const override;
    std::string generation() const override;
    void changedSince(std::int64_t after, std::function<bool(ChangedDocument const&)> const& take) const override;
    std::optional<Projection> projection(Scope const& scope, DocumentId const& doc) const override;

private:
    // view.cpp
    void open();
    void makeTables();
    void forget();
    void noteOthers();
    [[nodiscard]] bool matchesLog() const;
    bool batch(std::int64_t& done);
    [[nodiscard]] std::string meta(std::string_view key) const;
    [[nodiscard]] std::int64_t metaNumber(std::string_view key) const;
    void setMeta(std::string_view key, std::string_view value);
    void setMeta(std::string_view key, std::int64_t value);
    Handle nameOf(std::string_view text);
    [[nodiscard]] std::string const& text(Handle name) const;
    Handle pointOf(trust::RegistryPoint const& point);
    [[nodiscard]] trust::RegistryPoint pointAt(Handle point) const;
    [[nodiscard]] FeedLine const& feedAt(Handle feed) const;
    FeedLine& feedOf(DeviceId const& device, Scope const& scope);
    [[nodiscard]] FeedLine const* findFeed(DeviceId const& device, Scope const& scope) const;
    void tallyChange(int count, Handle reason, std::int64_t by);
    void writeTally();

    // view_note.cpp
    void noteLine(LogLine const& line, Work& work);
    Handle noteFrame(FrameId const& id, trust::FrameHeader const& header, Work& work);
    Handle namedFrame(FrameId const& id);
    void wait(Handle awaited, Handle subject);
    void waitNoMore(Handle subject);
    void wake(Handle awaited, Work& work);
    void doubt(Handle item, Handle document, RowState state, Work& work);
    [[nodiscard]] FrameLine const& frameAt(Handle frame, Work& work) const;

    // view_items.cpp
    void noteItem(FrameLine const& frame, std::uint32_t place, trust::Item const& item, Work& work);
    /// The bytes of a row and what they say.
    struct Taken {
        RowState state = RowState::Missing;
        bool isRecord = false;
        Bytes bytes;
        RowObject object = trust::Unread{};
    };
    enum class Known { Not, ByName /* a record's target */, Listed };
    [[nodiscard]] Taken readRow(ObjectId const& id, bool isRecord) const;
    void placeUnread(Taken const& taken, ItemLine& line, Handle& scope, Work& work);
    void takeRow(ObjectId const& id, ItemLine line, Known known, Work& work);
    void choosePlace(Handle item, Work& work);
    void redact(ObjectId const& id, Work& work);
    void detach(Handle item, Work& work);
    void belongTo(Handle item, Handle document, Work& work);
    std::pair<Handle, Handle> targetItem(ObjectId const& id, Work& work);
    Handle documentOf(Scope const& scope, DocumentId const& doc, Work& work);
    void setMissing(ObjectId const& id, ItemLine const& line);
    Handle newItem(ObjectId const& id);
    [[nodiscard]] std::optional<std::pair<ObjectId, ItemLine>> findItem(ObjectId const& id) const;
    void writeFresh(Work& work);
    void writeFreshWith(ObjectId const& id, Work& work);
    void writeFreshOf(Handle document, Work& work);
    void writeItem(FreshItem const& item);
    void writeNew(Work& work);
    [[nodiscard]] std::pair<ObjectId, ItemLine> itemAt(Handle item) const;
    [[nodiscard]] std::optional<RowObject> readObject(ObjectId const& id, bool isRecord) const;

    // view_registry.cpp
    enum class RegistryGrowth { Same, Grown, Outdated };
    [[nodiscard]] static std::string headsText(trust::Registry const& registry);
    RegistryGrowth noteRegistry(Work& work);
    void doubtEverything(Work& work);
    void doubtAbove(trust::Revocation const& revocation, DeviceId const& device, Work& work);
    void doubtFrames(Handle feed, std::int64_t fromSeq, Work& work);
    void doubtItemsOf(Handle frame, Work& work);

    // view_alone.cpp
    void settleAlone(Work& work);
    void judgeItem(Handle item, Work& work);
    void noteReceipt(Handle item, trust::Record const& record, Work& work);
    void noteConfirm(Handle item, trust::Record const& record, Work& work);
    void setStanding(Handle item, bool stands, Work& work);
    void chooseReceipt(Handle frame, Work& work);
    void settleBranches(Work& work);
    void branch(Handle feed, Work& work);
    [[nodiscard]] trust::Feed feedTree(Handle feed) const;
    [[nodiscard]] trust::StandsBelow standsBelow(std::function<void(FrameId const&)> notHeld) const;

    // view_document.cpp
    struct Gathered {
        DocumentFacts facts;
        std::vector<std::pair<ObjectId, ItemLine>> items;  ///< in the order of facts.rows
    };
    /// Takes what the batch has read already out of `work`: a document is judged once a batch.
    Gathered gather(Handle document, Scope const& scope, DocumentId const& doc, Work& work) const;
    [[nodiscard]] trust::Row rowOf(ObjectId const& id, ItemLine const& line, Work& work) const;
    [[nodiscard]] trust::Row rowOf(ObjectId const& id, ItemLine const& line, RowObject object, Work& work) const;
    void judgeDocument(Handle document, Work& work);
    /// What an item is counted as, and why.
    struct Standing {
        int verdict = -1;
        Count count = Count::Pending;
        std::string_view reason, about;
    };
    [[nodiscard]] static Standing standingOf(trust::Judgement const& judgement, Count count, std::string_view reason);
    void classify(ItemLine const& before, Standing const& standing);
    void classifyFresh(FreshItem& item, Standing const& standing);
    void writeDocument(Handle document, Gathered const& gathered, Projection&& projection, Work& work);
    void removeDocument(Handle document, Scope const& scope, DocumentId const& doc, Work& work);
    void expect(Work& work);
    void expect(Handle by, std::vector<Expected> expected, Work& next);
    [[nodiscard]] bool waitsForRegistry(trust::Row const& row) const;
    void noteOnHead(Handle document, std::vector<trust::Row> const& rows);
    [[nodiscard]] std::optional<std::pair<Scope, DocumentId>> documentName(Handle document, Work& work) const;

    // view_queries.cpp
    ItemRow itemRow(Statement& statement) const;
    ListedDocument listed(Statement& statement, bool withHeads = true) const;
    [[nodiscard]] Handle documentHandle(DocumentKey const& document) const;

    Replica& m_replica;
    Projector const& m_projector;
    std::unique_ptr<Database> m_db;
    std::unique_ptr<ViewStatements> m_sql;

    std::unordered_map<std::string, Handle> m_names;
    mutable std::unordered_map<Handle, std::string> m_texts;
    std::unordered_map<ObjectId, std::vector<std::pair<std::uint64_t, Handle>>> m_points;
    mutable std::unordered_map<Handle, trust::RegistryPoint> m_pointTexts;
    mutable std::map<std::pair<DeviceId, Scope>, FeedLine> m_feeds;
    mutable std::unordered_map<Handle, FeedLine const*> m_feedsByHandle;
    mutable bool m_feedsLoaded = false;
    mutable std::unordered_map<Handle, std::unique_ptr<trust::Feed>> m_trees;  ///< of forked feeds
    std::map<std::pair<int, Handle>, std::int64_t> m_tally;                    ///< changes not written yet
    struct Seen {
        SeenIds items, documents;
    };
    std::unique_ptr<Seen> m_seen;  ///< all that are there, if the view began empty; null: the tables are asked
    std::int64_t m_nextDocument = 0, m_nextItem = 0, m_nextFrame = 0;
    std::int64_t m_total = 0, m_changed = 0;
    bool m_someWait = false;      ///< table `waiting` may have rows
    bool m_someExpected = false;  ///< table `expected` may have rows
    std::int64_t m_dataVersion = -1;
};

}  // namespace spiral::replica
