// A replica: one folder on one device with what its person may read and what she wrote.
//
//   store.db       enduring rows (revision, record, frame: insert-only, replicated) and local tables; synchronous=FULL
//   view.db        derived, disposable (replica/view.h)          search.db   derived, disposable (replica/search.h)
//   attachments/   files by SHA-256, and pieces still on their way
//   keys/          the wrapped device key, the guard's second half
//
// One thread owns a Replica opened for writing; one process at a time may have it open for writing (a lock file says
// who). Readers open their own. Expected ends are in the return types; a failing disk throws SqliteError, which says
// what we were doing and SQLite's extended code, and leaves the store as it was before the call.
#pragma once

#include "base/clock.h"
#include "base/files.h"
#include "base/ids.h"
#include "base/random.h"
#include "base/result.h"
#include "replica/changeset.h"
#include "trust/exchange.h"
#include "trust/feed.h"
#include "trust/keys.h"
#include "trust/objects.h"
#include "trust/registry.h"

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace spiral::replica {

/// What a program's main hands down.
struct World {
    WallClock& wall;
    MonotonicClock& monotonic;
    Random& random;
    Files& files;
};

/// The environment failed under SQLite: disk full, I/O error, corruption, memory.
class SqliteError : public std::runtime_error {
public:
    SqliteError(int extendedCode, std::string const& doing, std::string const& message);
    [[nodiscard]] int code() const noexcept { return m_code; }
    [[nodiscard]] bool damaged() const noexcept;
    /// As an Error for people: `disk.full`, `disk.io`, `disk.is-folder`, `store.damaged`, `store.busy`.
    [[nodiscard]] Error toError() const;

private:
    int m_code;
};

enum class Access { Read, Write };

using trust::Answer;
using trust::FeedTip;
using trust::TravellingFrame;

/// One row to be sealed. The bytes are those of trust::encode; a record brings its signature.
struct NewRow {
    trust::Item item;
    std::string bytes;
    std::optional<trust::Signature> signature;
};

struct Sealed {
    FrameId frame;
    std::uint64_t seq = 0;
};

/// How this opening found its guard: a token in store.db and in a second file elsewhere, renewed at each opening for
/// writing.
enum class GuardFinding {
    Good,
    First,      ///< opened for writing for the first time: there was no token
    Restored,   ///< the store is older or newer than its guard: put back, or copied
};

/// A line of local_log: what happened, in this replica's own order.
struct LogLine {
    enum class What : int { HeaderStored = 1, PayloadApplied = 2, HeaderAndPayload = 3, BodyRedacted = 4 };
    std::int64_t position = 0;
    What what = What::HeaderStored;
    FrameId frame;                 ///< or, of a redaction, the object's id
};

/// A frame that a line of the log names. Its header is read when it is first asked for: most who walk along the log know
/// without it that they do not want the frame.
class LoggedFrame {
public:
    LoggedFrame(std::int64_t position, LogLine::What what, FrameId const& frame, ByteView header)
        : m_position(position), m_what(what), m_frame(frame), m_bytes(header) {}
    [[nodiscard]] std::int64_t position() const { return m_position; }
    [[nodiscard]] LogLine::What what() const { return m_what; }
    [[nodiscard]] FrameId const& frame() const { return m_frame; }
    [[nodiscard]] trust::FrameHeader const& header() const;
    /// The header's text holds this. A device that it does not hold is not the frame's.
    [[nodiscard]] bool holds(std::string_view text) const { return asText(m_bytes).find(text) != std::string_view::npos; }

private:
    std::int64_t m_position;
    LogLine::What m_what;
    FrameId m_frame;
    ByteView m_bytes;   ///< of the line that is being read
    mutable std::optional<trust::FrameHeader> m_header;
};

struct Draft {
    Scope scope;
    DocumentId doc;
    [[nodiscard]] DocumentKey key() const { return {scope, doc}; }
    std::string type;
    std::vector<ObjectId> parents; ///< the heads it was begun from
    json::Object fields;
    std::vector<trust::Attachment> files;
    json::Object choices;          ///< resolutions taken so far (office's own form)
    Instant saved{};
};

struct Limits {
    std::size_t inboxBytesMax = 64 * 1024 * 1024;   ///< frames that wait for their predecessor
    std::size_t inboxDeviceBytesMax = 8 * 1024 * 1024;   ///< of those, the frames of one device
    // Random ids make small transactions dear: every index page is written again and again (docs/decisions/0001-key-form.md).
    std::size_t transactionRowsMax = 100'000;
    std::size_t transactionBytesMax = 64 * 1024 * 1024;
    std::size_t workers = 2;                        ///< threads that verify
    int cacheKib = 262'144;                         ///< of pages of store.db, at most
};

struct ImportProgress {
    std::size_t done = 0, of = 0;
};

class Replica {
public:
    /// Makes the folder and its store for a device. Exists if there is a replica already. Nothing is half made.
    [[nodiscard]] static Result<void> create(Path const& folder, World world, trust::PublicKey const& device);
    /// Busy ("store.in-use") naming the process if another has it open for writing; NotFound if there is none;
    /// Unsupported ("store.newer") if a newer program made it; Damaged ("store.format") if it says that none did.
    /// Opening for writing renews the guard and draws a new incarnation. `guardFile`: the token's second place (default:
    /// $XDG_STATE_HOME or ~/.local/state, one a device); whatever else stands in that file is a guard that does not match.
    [[nodiscard]] static Result<std::unique_ptr<Replica>> open(Path const& folder, World world, Access access,
                                                               Limits limits = {},
                                                               std::optional<Path> guardFile = std::nullopt);
    virtual ~Replica() = default;

    [[nodiscard]] virtual Path const& folder() const = 0;
    [[nodiscard]] virtual trust::PublicKey const& deviceKey() const = 0;
    [[nodiscard]] virtual DeviceId const& device() const = 0;
    /// The person that the registry says owns this device; nothing before it is enrolled.
    [[nodiscard]] virtual std::optional<PersonId> person() const = 0;
    [[nodiscard]] virtual trust::Registry const& registry() const = 0;
    [[nodiscard]] virtual GuardFinding guard() const = 0;
    [[nodiscard]] virtual HybridClock& clock() = 0;
    [[nodiscard]] virtual World const& world() const = 0;
    /// Scopes this replica takes and gives: those its device may read now, and what it has of before.
    [[nodiscard]] virtual bool takes(Scope const& scope) const = 0;

    // --- writing -------------------------------------------------------------------------------------------------
    /// One transaction, one scope, one frame: the rows (1…500 and together at most about 1 MiB, or one row alone; each
    /// `by` this device), captured by a session, and the signed header that lists them. When it returns a frame, rows and
    /// header are on disk, and registry entries among them are in registry(); otherwise nothing changed: Locked
    /// ("key.other", or what the signer says), TooLarge ("seal.too-large"), WrongState ("replica.not-enrolled";
    /// "seal.rows" if a row is held already), Refused with the registry's reason. `inTransaction`, if given, runs inside
    /// (to clear a draft). Whether authority lets the rows stand is not asked here. REQUIRES: opened for writing.
    [[nodiscard]] virtual Result<Sealed> seal(Scope const& scope, std::vector<NewRow> const& rows, trust::Signer& signer,
                                              std::function<void()> const& inTransaction = {}) = 0;

    // --- exchange ------------------------------------------------------------------------------------------------
    /// Takes frames in any order, any number of times. Everything is verified (in `workers` threads) before it is
    /// written: bound → header signature → chain → grant → decompression → bounded reader → hashes → record signatures
    /// → prepared statements, whole batches in one transaction. Registry frames in the batch are folded first. Frames of
    /// the inbox that can follow now are taken up. One answer a frame, in the order given, of what became of it in the
    /// end: a frame that waits is kept (or, with reason `inbox.full`, is not), one that could follow a later frame of
    /// this call was stored or refused. `from` names the deliverer.
    /// Afterwards every readable record that an applied frame of its own device lists has a good signature, whatever
    /// signatures other frames brought for it, and in whatever order.
    [[nodiscard]] virtual std::vector<Answer> import(std::vector<TravellingFrame> frames, std::string_view from,
                                                     std::function<void(ImportProgress)> const& progress = {}) = 0;
    /// Tips of every feed held, sorted by scope, device, frame.
    [[nodiscard]] virtual std::vector<FeedTip> tips() const = 0;
    /// What to tell somebody who will give us what we lack: as tips(), but of a feed in which a payload is wanted only
    /// what lies below it, or nobody would ever bring it.
    [[nodiscard]] std::vector<FeedTip> tipsToAskWith() const;
    /// Frames of which only the header is held, sorted.
    [[nodiscard]] std::vector<FeedTip> payloadsWanted() const;
    /// These, and of each feed some frames that lie 1, 4, 16 … below. Who does not know a tip cannot tell where the other
    /// stands, and would give the feed from its beginning; one of these is known.
    [[nodiscard]] std::vector<FeedTip> withFramesBelow(std::vector<FeedTip> tips) const;
    /// Frames held that somebody with these tips does not hold, in an order in which each can be stored (registry first,
    /// predecessors before successors), only of scopes for which `mayRead` says yes. Calls `take` with each; stops when
    /// it returns false. Memory does not grow with their number. Cost follows what is new.
    virtual void framesBeyond(std::vector<FeedTip> const& known, std::function<bool(Scope const&)> const& mayRead,
                              std::function<bool(TravellingFrame&&)> const& take) const = 0;
    [[nodiscard]] virtual std::optional<TravellingFrame> frame(FrameId const& id) const = 0;
    /// Frames in the order in which this store got their headers or payloads, after a position of the log: an order in
    /// which another can store them. `wants` says which; `take` gets each with its position and stops by false. A frame
    /// whose payload came later than its header comes twice. Cost follows the lines read.
    virtual void framesAfter(std::int64_t position, std::function<bool(LoggedFrame const&)> const& wants,
                             std::function<bool(std::int64_t at, TravellingFrame&&)> const& take) const = 0;
    /// Of this store's log. Drawn when it is made, and anew when it was put back from a copy: a position of one epoch
    /// says nothing of another.
    [[nodiscard]] virtual Epoch epoch() const = 0;
    struct InboxLine {
        FrameId frame, waitsFor;
        DeviceId device;
        Scope scope;
        std::uint64_t seq = 0;
        std::size_t items = 0;
    };
    [[nodiscard]] virtual std::vector<InboxLine> inbox() const = 0;

    // --- reading (for views and people) ----------------------------------------------------------------------------
    [[nodiscard]] virtual std::optional<Bytes> revisionBytes(ObjectId const& id) const = 0;
    struct RecordBytes {
        Bytes bytes;
        trust::Signature signature;
    };
    [[nodiscard]] virtual std::optional<RecordBytes> recordBytes(ObjectId const& id) const = 0;
    struct FrameBytes {
        Bytes header;
        trust::Signature signature;
        bool applied = false;      ///< its rows are in
    };
    [[nodiscard]] virtual std::optional<FrameBytes> frameBytes(FrameId const& id) const = 0;
    [[nodiscard]] virtual std::optional<trust::FrameHeader> headerOf(FrameId const& id) const = 0;
    /// Lines after `position`, oldest first; stops when `take` returns false.
    virtual void log(std::int64_t after, std::function<bool(LogLine const&)> const& take) const = 0;
    [[nodiscard]] virtual std::int64_t logEnd() const = 0;
    /// The feed of a device in a scope, with receipts and confirms left out (the view adds those it found standing).
    [[nodiscard]] virtual trust::Feed const& feed(DeviceId const& device, Scope const& scope) const = 0;
    /// True iff two frames of the feed stand under one predecessor. Costs a look-up, not the feed.
    [[nodiscard]] virtual bool feedForked(DeviceId const& device, Scope const& scope) const = 0;
    /// Whether `frame` is `cut` or an ancestor of it in its feed; nothing while `cut` is not held. A look-up each while
    /// the feed has no fork.
    [[nodiscard]] virtual std::optional<bool> standsBelow(DeviceId const& device, Scope const& scope, FrameId const& frame,
                                                          FrameId const& cut) const = 0;
    /// Scopes of which frames are held, sorted.
    [[nodiscard]] virtual std::vector<Scope> scopesHeld() const = 0;
    /// Names and counts of everything held: for status and check.
    struct Held {
        std::int64_t revisions = 0, records = 0, frames = 0, payloadsKept = 0, inbox = 0, drafts = 0;
        std::int64_t storeBytes = 0;
    };
    [[nodiscard]] virtual Held held() const = 0;

    // --- attachments that revisions name ----------------------------------------------------------------------------
    struct NamedFile {
        Scope scope;
        trust::Attachment file;
        friend bool operator==(NamedFile const&, NamedFile const&) = default;
    };
    /// Those whose bytes have not come for their scope yet, at most `max`, after one of them (in a fixed order).
    [[nodiscard]] virtual std::vector<NamedFile> filesWanted(std::size_t max, std::optional<NamedFile> const& after = {}) const = 0;
    /// Whether bytes with these hashes came for this scope. Attachments says whether they are whole.
    [[nodiscard]] virtual bool fileIsHere(Scope const& scope, trust::Attachment const& file) const = 0;
    /// They did. Nothing happens if no revision of the scope names it.
    virtual void setFileHere(Scope const& scope, trust::Attachment const& file) = 0;

    // --- drafts (local, durable) -----------------------------------------------------------------------------------
    // One a document, by scope and id: a document of another scope with the same id has a draft of its own.
    virtual void saveDraft(Draft const& draft) = 0;
    [[nodiscard]] virtual std::optional<Draft> draft(DocumentKey const& document) const = 0;
    [[nodiscard]] virtual std::vector<Draft> drafts() const = 0;
    virtual void dropDraft(DocumentKey const& document) = 0;

    // --- local notes (small, named; in backups) ----------------------------------------------------------------------
    virtual void setNote(std::string_view key, std::string_view value) = 0;
    [[nodiscard]] virtual std::optional<std::string> note(std::string_view key) const = 0;
    /// Newest claimed time of a frame held, by unit scope: the age of each department's data.
    [[nodiscard]] virtual std::vector<std::pair<Scope, Instant>> newestByScope() const = 0;

    // --- care ------------------------------------------------------------------------------------------------------
    struct Finding {
        std::string reason, about;
    };
    /// Quick: SQLite's own quick_check and counts. Deep: every stored byte re-hashed, every signature verified again,
    /// chains walked, registry folded anew. Empty: nothing wrong. Opened for writing, a damaged packed copy of a payload
    /// ("packed.damaged") is dropped besides: it is made again from its rows.
    [[nodiscard]] virtual std::vector<Finding> check(bool deep, std::function<void(ImportProgress)> const& progress = {}) = 0;
    /// A consistent copy of store.db, keys and attachments in one file, without the guard. Works while in use.
    [[nodiscard]] virtual Result<void> backup(Path const& file) = 0;
    /// Makes a replica from a backup. It has no guard, so its first opening for writing finds Restored.
    [[nodiscard]] static Result<void> restore(Path const& file, Path const& folder, World world);
};

}  // namespace spiral::replica
