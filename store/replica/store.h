// The one implementation of Replica: store.db behind it. Private to store/replica.
#pragma once

#include "replica/replica.h"
#include "sqlite.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace spiral::replica {

inline constexpr int kStoreFormat = 1;
inline constexpr std::int64_t kApplicationId = 0x5350524C;  // "SPRL"
inline constexpr std::int64_t kHeapLimitBytes = 1024LL * 1024 * 1024;

/// Keeps other processes from writing to the same replica; the file says who holds it.
class WriterLock {
public:
    [[nodiscard]] static Result<WriterLock> take(Path const& folder);
    WriterLock(WriterLock&& other) noexcept;
    WriterLock& operator=(WriterLock&&) = delete;
    ~WriterLock();

private:
    explicit WriterLock(int descriptor) : m_descriptor(descriptor) {}
    int m_descriptor;
};

/// What is known of one feed without reading its frames.
struct FeedState {
    struct Tip {
        FrameId frame;
        std::uint64_t seq = 0;
        std::uint64_t regSeq = 0;
        std::int64_t newest = 0;  ///< greatest claimed time of the feed when this came, in milliseconds
    };
    std::int64_t feed = 0;  ///< 0: not stored yet
    bool forked = false;
    std::int64_t newest = 0;  ///< greatest claimed time, in milliseconds since 1970
    std::vector<Tip> tips;    ///< sorted by frame id
};

/// A frame that passed every check that does not need the chain.
struct CheckedFrame {
    TravellingFrame travelling;
    FrameId id;
    trust::FrameHeader header;
    std::optional<OpenPayload> open;  ///< absent: header only, or a payload that was wrong (then `wrong` says why)
    bool keepUnread = false;          ///< payload of a newer schema: kept as it is
    std::string wrong;
};

/// What waits for its predecessor, in bytes.
struct InboxUse {
    std::size_t bytes = 0;
    std::unordered_map<DeviceId, std::size_t> ofDevice;
    void add(DeviceId const& device, std::size_t size) {
        bytes += size;
        ofDevice[device] += size;
    }
};

class Store final : public Replica {
public:
    Store(Path folder, World world, Access access, Limits limits, std::optional<WriterLock> lock);

    /// After construction: registry, feeds, guard.
    Result<void> load(std::optional<Path> const& guardFile);

    Path const& folder() const override { return m_folder; }
    trust::PublicKey const& deviceKey() const override { return m_deviceKey; }
    DeviceId const& device() const override { return m_device; }
    std::optional<PersonId> person() const override;
    trust::Registry const& registry() const override { return m_registry; }
    GuardFinding guard() const override { return m_guard; }
    HybridClock& clock() override { return *m_clock; }
    World const& world() const override { return m_world; }
    bool takes(Scope const& scope) const override;

    Result<Sealed> seal(Scope const& scope, std::vector<NewRow> const& rows, trust::Signer& signer,
                        std::function<void()> const& inTransaction) override;

    std::vector<Answer> import(std::vector<TravellingFrame> frames, std::string_view from,
                               std::function<void(ImportProgress)> const& progress) override;
    std::vector<FeedTip> tips() const override;
    void framesBeyond(std::vector<FeedTip> const& known, std::function<bool(Scope const&)> const& mayRead,
                      std::function<bool(TravellingFrame&&)> const& take) const override;
    std::optional<TravellingFrame> frame(FrameId const& id) const override;
    void framesAfter(std::int64_t position, std::function<bool(LoggedFrame const&)> const& wants,
                     std::function<bool(std::int64_t, TravellingFrame&&)> const& take) const override;
    Epoch epoch() const override { return m_epoch; }
    std::vector<InboxLine> inbox() const override;

    std::optional<Bytes> revisionBytes(ObjectId const& id) const override;
    std::optional<RecordBytes> recordBytes(ObjectId const& id) const override;
    std::optional<FrameBytes> frameBytes(FrameId const& id) const override;
    std::optional<trust::FrameHeader> headerOf(FrameId const& id) const override;
    void log(std::int64_t after, std::function<bool(LogLine const&)> const& take) const override;
    std::int64_t logEnd() const override;
    trust::Feed const& feed(DeviceId const& device, Scope const& scope) const override;
    bool feedForked(DeviceId const& device, Scope const& scope) const override;
    std::optional<bool> standsBelow(DeviceId const& device, Scope const& scope, FrameId const& frame,
                                    FrameId const& cut) const override;
    std::vector<Scope> scopesHeld() const override;
    Held held() const override;

    std::vector<NamedFile> filesWanted(std::size_t max, std::optional<NamedFile> const& after) const override;
    bool fileIsHere(Scope const& scope, trust::Attachment const& file) const override;
    void setFileHere(Scope const& scope, trust::Attachment const& file) override;

    void saveDraft(Draft const& draft) override;
    std::optional<Draft> draft(DocumentKey const& document) const override;
    std::vector<Draft> drafts() const override;
    void dropDraft(DocumentKey const& document) override;

    void setNote(std::string_view key, std::string_view value) override;
    std::optional<std::string> note(std::string_view key) const override;
    std::vector<std::pair<Scope, Instant>> newestByScope() const override;

    std::vector<Finding> check(bool deep, std::function<void(ImportProgress)> const& progress) override;
    Result<void> backup(Path const& file) override;

private:
    using FeedKey = std::pair<Scope, DeviceId>;
    struct Statements;
    struct Inserts;

    [[nodiscard]] std::int64_t makeFeed(Scope const& scope, DeviceId const& device);
    void loadFeeds();
    Result<void> loadRegistry();
    Result<void> renewGuard(std::optional<Path> const& guardFile);
    void removeUnfinished() const;
    void dropPacked(std::vector<FrameId> const& frames);
    /// Within a transaction: what a revision of this scope names. `attached`: its bytes are here, by this person's hand.
    void noteFiles(Scope const& scope, ByteView revision, bool attached);
    /// Forgets what memory holds and reads it again: after a transaction failed. Where that fails too, the next write
    /// begins with it.
    void reload();
    void makeSure() {
        if (m_memoryIsUnsure) reload();
    }

    FeedState& feedState(Scope const& scope, DeviceId const& device);
    FeedState const* findFeed(Scope const& scope, DeviceId const& device) const;
    /// `known`: its header, and `applied`: whether its rows are in, if the caller knows.
    [[nodiscard]] TravellingFrame travelling(std::int64_t rowId, trust::FrameHeader const* known = nullptr) const;
    [[nodiscard]] TravellingFrame travelling(Statement const& row, std::int64_t rowId, std::optional<bool> applied,
                                             trust::FrameHeader const* known) const;
    /// The frame's rows are in, from its own payload.
    [[nodiscard]] bool isApplied(std::int64_t frameRow, trust::FrameHeader const& header) const;

    // Import, in its stages (import.cpp).
    struct Offer;
    class Batch;
    void readHeader(Offer& offer) const;
    void checkFrame(Offer& offer) const;
    void foldRegistryFrames(std::vector<Offer>& offers);
    [[nodiscard]] std::string checkRows(trust::FrameHeader const& header, OpenPayload const& open) const;
    void openOffered(CheckedFrame& frame) const;
    void place(Offer& offer, Batch& batch, std::string_view from);
    [[nodiscard]] bool takesIntoInbox(CheckedFrame const& frame);
    void takeUpInbox(FrameId const& arrived, Batch& batch, std::vector<FrameId>& follow,
                     std::unordered_map<FrameId, Answer>& outcomes);
    void settleSignature(PayloadRow const& row);
    /// Whether a payload of these rows is worth keeping packed: packing them again would cost more than the room.
    [[nodiscard]] static bool isWorthPacking(ByteView changeset, std::vector<PayloadRow> const& rows);
    [[nodiscard]] bool hasRedacted(std::vector<PayloadRow> const& rows) const;
    void write(Batch const& batch);

    Path m_folder;
    World m_world;
    Access m_access;
    Limits m_limits;
    std::optional<WriterLock> m_lock;
    mutable Database m_db;
    std::unique_ptr<Statements> m_statements;
    std::unique_ptr<Inserts> m_insert;  ///< only when open for writing

    trust::PublicKey m_deviceKey;
    DeviceId m_device;
    Epoch m_epoch{};
    Incarnation m_incarnation;
    GuardFinding m_guard = GuardFinding::Good;
    std::unique_ptr<HybridClock> m_clock;
    trust::Registry m_registry;
    std::map<FeedKey, FeedState> m_feeds;
    std::optional<InboxUse> m_inboxUse;  ///< of one import, counted when first asked for
    bool m_memoryIsUnsure = false;
    mutable std::map<FeedKey, std::unique_ptr<trust::Feed>> m_loadedFeeds;

    friend class Replica;
};

/// Prepared once, used through Use.
struct Store::Statements {
    explicit Statements(Database& db);
    Statement revision, record, frame, frameByRow, placeOf;
};

/// What is written when a frame is stored.
struct Store::Inserts {
    explicit Inserts(Database& db);
    Statement revision, record;
    RowInserter revisionsIfNew;
    Statement recordIfNew, frame, place, tipIn, tipOn, forked, log, registry, payload, packed;

    std::int64_t addFrame(FrameId const& id, ByteView header, trust::Signature const& signature, Database& db);
    void addPlace(std::int64_t feed, std::uint64_t seq, std::int64_t frameRow, bool applied);
    void addTip(std::int64_t feed, FeedState::Tip const& tip);
    /// The tip goes on by one frame.
    void moveTip(std::int64_t feed, FrameId const& from, FeedState::Tip const& to);
    void markForked(std::int64_t feed);
    void addLog(LogLine::What what, ByteView id);
    void addRegistry(ObjectId const& entry, bool accepted);
    void keepPayload(FrameId const& id, Payload const& payload);
    void keepPacked(FrameId const& id, ByteView bytes);
};

/// True iff the registry's chain, or a branch of it, holds this entry.
[[nodiscard]] bool isAccepted(trust::Registry const& registry, ObjectId const& id, ByteView bytes);

[[nodiscard]] Path storeFile(Path const& folder);
/// What a backup that was cut off left in the folder (care.cpp).
void removeBackupCopy(Path const& folder, Files& files);

}  // namespace spiral::replica
