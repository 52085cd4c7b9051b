// The view: every table that people query, a pure function of the enduring set, kept in view.db and made again at will.
//
// It follows local_log by a cursor; rows and cursor move in one transaction. The unit of work is a document: when a row
// of it, a record on it, or anything its verdicts rest on (registry, cut, receipt, confirm, fork) changes, all of it is
// judged and projected anew, so that following and rebuilding give the same rows. What the rows mean is the projector's.
//
// The conservation law: each item of each held frame is counted in exactly one state, the first that fits of redacted,
// quarantined, pending, different, superseded, current.
#pragma once

#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"
#include "replica/replica.h"
#include "trust/authority.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace spiral::replica {

enum class Count { Redacted, Quarantined, Pending, Different, Superseded, Current };
[[nodiscard]] std::string_view nameOf(Count count) noexcept;

/// That one document asks for another: shown in lists from then on, whether or not anybody has begun to write it.
struct Expected {
    DocumentKey document;                             ///< in a projection: the one asked for; in facts: the one that asks
    std::string what;                                 ///< strict JSON, the projector's
    friend bool operator==(Expected const&, Expected const&) = default;
};

/// All rows of one document with their verdicts: what a projector sees.
struct DocumentFacts {
    Scope scope;
    DocumentId doc;
    std::vector<trust::Row> rows;                                    ///< sorted by id
    std::unordered_map<ObjectId, trust::Judgement> judgements;       ///< one a row
    /// Who asks for it, by document. `rows` is empty while nobody has begun it.
    std::vector<Expected> expectedBy{};
    trust::Registry const* registry = nullptr;
};

/// One row of `document`. Everything is a function of the facts; no date of today, no order of arrival.
struct DocumentRow {
    std::string type, title, state, owner, summary;   ///< summary: strict JSON for whoever wants more than columns
    std::optional<Day> due;
    bool closed = false, disputed = false, changedAfter = false;
    bool watched = false;                             ///< what was signed on it may be against a rule that looks elsewhere, too
    int round = 1, failedRounds = 0;
    std::vector<ObjectId> heads;
    int differences = 0;
    std::optional<Instant> lastAction;
    std::string lastActor;                            ///< person id
    std::string text;                                 ///< what a search should find; not dumped
};
struct DifferenceRow {
    std::string field, element;
    std::string sides;                                ///< strict JSON array, with writer, person, device, time, value
};
struct Projection {
    DocumentRow document;
    std::vector<DifferenceRow> differences;
    /// Of rows that stand: Pending (needs a newer version, waits for a parent), Different, Superseded or Current.
    std::unordered_map<ObjectId, Count> counts;
    /// Why a row is Pending here, by id (slug).
    std::unordered_map<ObjectId, std::string> reasons;
    /// What this document asks for, each document once, in an order that follows from the facts. A chain of such must end: an asked-for id is made
    /// of the asking one's by a hash.
    std::vector<Expected> expected;
};

/// Turns facts into rows. Pure, deterministic, called from the view's thread. `version` is kept in view.db: a view made
/// by another version is made anew.
class Projector {
public:
    virtual ~Projector() = default;
    [[nodiscard]] virtual int version() const = 0;
    [[nodiscard]] virtual Projection project(DocumentFacts const& facts) const = 0;
};

struct StatusCounts {
    std::map<Count, std::int64_t> items;       ///< over all held frames' items, each once
    std::int64_t total = 0;                    ///< distinct items of all held frames; equals the sum of `items`
    std::int64_t inbox = 0;                    ///< items of frames that wait for their predecessor (apart)
    std::int64_t drafts = 0;                   ///< apart
    std::map<std::string, std::int64_t> reasons;   ///< of pending and quarantined
};

struct ItemRow {
    trust::Item item;
    Scope scope;
    std::optional<DocumentId> doc;
    [[nodiscard]] std::optional<DocumentKey> key() const {
        return doc ? std::optional(DocumentKey{scope, *doc}) : std::nullopt;
    }
    FrameId frame;
    Count count = Count::Pending;
    std::string kind;                          ///< kind of a record, type of a revision; empty if the row is missing
    std::string verdict, reason, about;
    PersonId person;
    DeviceId device;
    Instant time{};
    std::uint16_t counter = 0;
    std::optional<ObjectId> of;                ///< of a record
};

struct ListFilter {
    std::optional<std::string> type{};         ///< full name
    std::optional<Scope> scope{};
    std::optional<std::string> owner{};
    std::optional<Day> dueBefore{};            ///< due < this
    bool openOnly = false;                     ///< not closed
    bool withDifferences = false;
    bool watchedOnly = false;
    bool withHeads = true;                     ///< else `row.heads` is left empty: lists of thousands need no ids
    std::size_t limit = 0;                     ///< 0: all
};
struct ListedDocument {
    Scope scope;
    DocumentId doc;
    DocumentRow row;                           ///< without `text`
    bool begun = true;                         ///< false: only asked for, without any revision that stands
    [[nodiscard]] DocumentKey key() const { return {scope, doc}; }
};

struct Fork {
    Scope scope;
    DeviceId device;
    std::vector<FrameId> branches;             ///< first frames of the branches
    std::vector<FrameId> tips;
    std::optional<FrameId> standing;           ///< first frame of the branch that stands
    bool sameIncarnation = false;              ///< copied, or rolled back whole
};

/// A document whose row changed, or of which nothing is left.
struct ChangedDocument {
    std::int64_t change = 0;                          ///< counts the changes of this view
    Scope scope;
    DocumentId doc;
    bool gone = false;
};

class View {
public:
    /// Opens or makes view.db in the replica's folder. A view of another schema or projector version is made anew.
    [[nodiscard]] static std::unique_ptr<View> open(Replica& replica, Projector const& projector);
    virtual ~View() = default;

    /// Follows the log to its end. Safe to stop at any moment. `progress`: (done, of) log lines.
    virtual void catchUp(std::function<void(std::int64_t, std::int64_t)> const& progress = {}) = 0;
    /// Throws everything away and follows the log from its start; the same rows come out.
    virtual void rebuild(std::function<void(std::int64_t, std::int64_t)> const& progress = {}) = 0;

    // Queries read what catchUp() has reached.
    [[nodiscard]] virtual StatusCounts status() const = 0;
    /// Documents in order: due (none last), scope, title, doc.
    [[nodiscard]] virtual std::vector<ListedDocument> list(ListFilter const& filter) const = 0;
    [[nodiscard]] virtual std::optional<ListedDocument> document(DocumentKey const& document) const = 0;
    /// Documents whose id begins with these hexadecimal digits (4 or more), in all scopes; by id, then scope.
    [[nodiscard]] virtual std::vector<DocumentKey> find(std::string_view prefix) const = 0;
    /// Ids that stand in several scopes, sorted: alone they name no document.
    [[nodiscard]] virtual std::vector<DocumentId> sharedIds() const = 0;
    [[nodiscard]] virtual std::vector<DifferenceRow> differences(DocumentKey const& document) const = 0;
    /// Items of a document, or all in a count, in order of time, counter, id.
    [[nodiscard]] virtual std::vector<ItemRow> items(DocumentKey const& document) const = 0;
    [[nodiscard]] virtual std::vector<ItemRow> items(Count count) const = 0;
    [[nodiscard]] virtual std::optional<ItemRow> item(ObjectId const& id) const = 0;
    [[nodiscard]] virtual std::vector<ItemRow> records(std::optional<ObjectId> of) const = 0;
    [[nodiscard]] virtual std::vector<Fork> forks() const = 0;
    /// The facts of one document, as the projector saw them.
    [[nodiscard]] virtual std::optional<DocumentFacts> facts(DocumentKey const& document) const = 0;
    /// Every row of every table, one line of strict JSON each, sorted: equal on replicas that hold the same.
    virtual void dump(std::function<void(std::string_view line)> const& take) const = 0;

    // For whoever follows the view (search): changes since a number, in order; stops when `take` returns false. The
    // numbers begin anew with each making of the view, which `generation` names.
    [[nodiscard]] virtual std::string generation() const = 0;
    virtual void changedSince(std::int64_t after, std::function<bool(ChangedDocument const&)> const& take) const = 0;
    /// A document projected once more, for what the view does not keep (`text`).
    [[nodiscard]] virtual std::optional<Projection> projection(Scope const& scope, DocumentId const& doc) const = 0;
};

}  // namespace spiral::replica
