// The office: everything a person can do with Spiral, as one façade that the command line, the desktop client and the
// server call. It joins a replica, its view, the document types, the workflow engine and the exchange; it holds no rule
// of its own that those could hold. Nothing here prints, asks or reads the environment.
#pragma once

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "engine/expectation.h"
#include "model/type.h"
#include "office/definitions.h"
#include "replica/replica.h"
#include "replica/search.h"
#include "replica/view.h"
#include "transport/exchange_file.h"
#include "transport/network.h"
#include "transport/server_watch.h"
#include "trust/enrolment.h"
#include "trust/registry.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace spiral::office {

using replica::World;

/// How the office gets at the device key when something must be signed. Called at most once an opening.
using Unlock = std::function<Result<std::unique_ptr<trust::Signer>>(Path const& replicaFolder, trust::PublicKey const& key)>;

/// Long work tells how far it is: done, of (0 when unknown), what is being done (a slug such as "import.frames").
using Progress = std::function<void(std::uint64_t done, std::uint64_t of, std::string_view what)>;

struct Assignment {
    DocumentKey document;
    std::optional<ObjectId> revision;   ///< sealed as this
    bool draft = false;
    std::vector<std::string> stillOpen; ///< differences not yet decided (resolve)
};

struct StepDone {
    DocumentKey document;
    ObjectId revision;
    ObjectId record;
    std::string state;                  ///< of the document afterwards
};

/// A name that people know for an id.
struct Names {
    std::string person(PersonId const& id) const;
    std::string device(DeviceId const& id) const;
    std::string unit(std::string_view id) const;
    std::map<std::string, std::string> persons, devices, units;
};

/// What a step says besides its name.
struct StepWanted {
    std::string action, comment{};
    std::optional<Day> until{};
    std::optional<PersonId> person{};             ///< to whom it is given
    std::vector<DocumentId> parts{};              ///< documents that this one asks for; the step is about those alone
    std::vector<DocumentId> left{};               ///< what is left over
};

struct TaskLine {
    DocumentId doc;
    Scope scope;
    std::string type;                   ///< `task.v1`, `point.v1` …
    std::string title, owner, ownerName, state;
    std::optional<Day> due;
    int daysOverdue = 0;
    int round = 1, failedRounds = 0;
    bool closed = false, disputed = false, changedAfter = false;
    /// Somebody wrote that it is done, and nobody signed for it: it stays open and overdue. (A table imported as done
    /// makes the state `declared-done` and is no longer due.)
    bool saysDone = false;
    int differences = 0;
    std::optional<Instant> lastAction;
    /// Asked for and not begun by anybody: it has no revision yet.
    bool begun = true;
    bool dueEdited = false;             ///< somebody wrote another day than counts
    std::optional<PersonId> person;     ///< to whom it was given
    std::string rule;                   ///< by which another document asks for it; empty if none does
    bool answered = false;              ///< of what is asked for: the result is there, or else every required field
    bool leavesOver = false;            ///< it names something that is left over
    std::string source;                 ///< as the document's field says
    [[nodiscard]] DocumentKey key() const { return {scope, doc}; }
};

struct UnitAge {
    std::string unit, name;
    std::optional<Instant> newest;      ///< claimed time of the newest frame held from that unit's scope
    int openTasks = 0, overdueTasks = 0;
};

struct DocumentShown {
    replica::ListedDocument listed;
    model::Merged merged;
    model::DocumentType const* type = nullptr;
    engine::Standing standing;
    std::vector<std::string> possible;  ///< actions the workflow allows now
    std::vector<replica::DifferenceRow> differences;
    std::vector<replica::ItemRow> items;
    std::optional<replica::Draft> draft;
    std::vector<trust::Attachment> files;
    /// What another document asks of this one. Not begun, if there are no heads: `merged.fields` is what it is filled in
    /// with for whoever begins it, with the first edit.
    std::optional<engine::Expectation> expected;
};

struct StatusShown {
    std::string college, domain;
    SchoolId school;
    std::optional<PersonId> person;
    std::string personName;
    DeviceId device;
    std::vector<trust::Grant> grants;             ///< in force now
    std::vector<Scope> scopes;
    std::optional<trust::Invitation::Server> server;   ///< the college's, if this replica knows one
    bool serverKeeps = false;                     ///< it keeps the registry
    trust::RegistryPoint registryHead;
    bool registryForked = false;
    replica::StatusCounts counts;
    std::vector<replica::Fork> forks;
    std::vector<UnitAge> ages;
    replica::GuardFinding guard = replica::GuardFinding::Good;
    std::int64_t withDifferences = 0;
    std::vector<transport::Withheld> withheld;    ///< frames that a server signed for and did not give
    std::vector<transport::TwoViews> twoViews;    ///< servers whose log was rolled back or shown in two views
    std::vector<std::string> advice;              ///< slugs: "threshold-one", "restored", "forked", "clock-suspect" …
    replica::Replica::Held held;
};

/// One line of what an import found worth telling.
struct ImportNote {
    std::string row;                              ///< source id, or the row's number
    std::string field;
    std::string code;                             ///< slug: "owner-not-a-unit", "order", "duplicate-year", "bad-date" …
    std::string text;                             ///< as printed in the source
    bool error = false;                           ///< the row was not taken
};
struct ImportResult {
    std::vector<DocumentKey> documents;           ///< made now; known rows are not made again
    std::int64_t rows = 0, known = 0, dated = 0, done = 0, ongoing = 0, elements = 0, points = 0;
    std::vector<ImportNote> notes;
};

class Office {
public:
    // --- founding and joining ---------------------------------------------------------------------------------------
    struct Founding {
        std::string college, domain, person, passphrase;
        bool sample = false;
    };
    /// Founds a college in an empty folder: device key, entry 1, the founder's person document, first grant.
    [[nodiscard]] static Result<void> found(Path const& folder, World world, Founding const& founding);
    /// Exists, before anybody is asked for a passphrase, if found() would say so. A founding that was cut off may be made
    /// again, with the same college and domain: it goes on where it was.
    [[nodiscard]] static Result<void> mayFound(Path const& folder, World world);
    /// First half of joining: makes the device key in `folder`; the request's bytes to give to the admin. Until the
    /// second half is done it can be made again, by the same or another invitation; the same gives the same bytes.
    /// Refused ("invitation.for-server", "invitation.for-person") if the invitation is for the other sort.
    enum class Joins { Person, Server };
    [[nodiscard]] static Result<std::string> joinRequest(Path const& folder, World world, ByteView invitation,
                                                         std::string_view passphrase, Joins as = Joins::Person);
    /// Second half: takes the welcome in. Refused if it is of another college, or does not enrol this device.
    [[nodiscard]] static Result<void> joinFinish(Path const& folder, World world, Path const& welcome);

    [[nodiscard]] static Result<std::unique_ptr<Office>> open(Path const& folder, World world, replica::Access access,
                                                              Unlock unlock, Progress progress = {});
    virtual ~Office() = default;

    [[nodiscard]] virtual replica::Replica& replica() = 0;
    [[nodiscard]] virtual replica::View& view() = 0;
    [[nodiscard]] virtual trust::Registry const& registry() const = 0;
    [[nodiscard]] virtual Names const& names() = 0;
    /// Types and workflows of this college.
    [[nodiscard]] virtual Definitions const& definitions() const = 0;
    [[nodiscard]] virtual StatusShown status() = 0;

    // --- registry -----------------------------------------------------------------------------------------------------
    struct Invited {
        std::string invitation;                   ///< bytes for the file
        trust::Invitation content;
    };
    /// Carries the address and key of the registry's server, if there is one; `serverUrl` is another address of it.
    [[nodiscard]] virtual Result<Invited> invite(std::string_view personName, std::string_view unit,
                                                 std::vector<std::string> const& roles,
                                                 std::optional<std::string> const& serverUrl) = 0;
    /// The same for another device of somebody who is in the registry already: no new person, no new grants.
    [[nodiscard]] virtual Result<Invited> inviteDevice(PersonId const& person,
                                                       std::optional<std::string> const& serverUrl) = 0;
    /// For the college's server, or a hub that holds some scopes of it. What it is for stays on this replica: the
    /// invitation names no person, and only the enrolment here says what its device becomes.
    struct ServerWanted {
        std::string name;
        bool hub = false;
        std::vector<Scope> scopes{};              ///< of a hub, at least one; a server has all
        std::optional<std::string> url{};         ///< where it will be reached
    };
    [[nodiscard]] virtual Result<Invited> inviteServer(ServerWanted const& wanted) = 0;
    /// Address and key of the college's server as this replica knows them: the registry's, at the address that this
    /// device's invitation gave if that was another; before the registry is held, the invitation's.
    [[nodiscard]] virtual std::optional<trust::Invitation::Server> server() = 0;
    /// The six groups for a request whose invitation this replica made.
    [[nodiscard]] virtual Result<std::array<std::string, 6>> digits(ByteView request) = 0;
    /// Compares the digits; appends person, device and grants, or server or hub; writes the welcome file. Acts that this
    /// replica may not append, because others must agree or because it is not the keeper, become proposals; the welcome
    /// is written once the registry held here has the device, by calling this again. The proposals are the same each time.
    struct Enrolled {
        DeviceId device;
        bool welcomed = false;                    ///< the registry has the device, and the welcome is written
        std::vector<std::string> proposals;       ///< bytes, in the order in which they are to be appended
        std::string why;                          ///< what the first of them lacks
    };
    [[nodiscard]] virtual Result<Enrolled> enrol(ByteView request, std::string_view digits, Path const& welcome) = 0;
    [[nodiscard]] virtual Result<void> addUnit(std::string_view id, std::string_view name, std::string_view campus) = 0;
    /// Makes an act, agrees to it as this person, and appends it if this replica is the keeper and the agreements
    /// suffice; else gives the proposal for others to cosign.
    struct Appended {
        std::optional<ObjectId> entry;            ///< when appended
        std::string proposal;                     ///< bytes, when it needs others
        std::string why;                          ///< what is missing
        bool queued = false;                      ///< it goes to the server, which keeps the registry, with the next sync
    };
    [[nodiscard]] virtual Result<Appended> propose(std::string_view act, json::Object members) = 0;
    [[nodiscard]] virtual Result<Appended> cosign(ByteView proposal) = 0;
    /// What the keeper does with a proposal that somebody brings: judges it against the head as it is now, appends it and
    /// gives the entry. Refused ("registry.overtaken", with the rule in detail) if the head is no longer the one that
    /// its signers saw and does not allow it; with the rule's own reason if it never did. Then nothing is written.
    [[nodiscard]] virtual Result<ObjectId> appendProposal(ByteView proposal) = 0;
    /// The cut that revoking needs: the tips this replica holds of a device's feeds (or, for a grant, of its holder's devices).
    [[nodiscard]] virtual std::vector<trust::Cut> cutsHere(std::vector<DeviceId> const& devices) = 0;

    // --- documents ------------------------------------------------------------------------------------------------------
    /// A document by its id or 4 and more first digits of it, or SCOPE:ID (`unit/yc-d03:3f2a`, also `yc-d03:3f2a`).
    /// NotFound; or Usage ("id.ambiguous", naming them as SCOPE:ID) when several begin so, or the id stands in several
    /// scopes: anybody may use another document's id in a scope of her own, so nobody's is guessed.
    [[nodiscard]] virtual Result<DocumentKey> resolveId(std::string_view text) = 0;
    /// The shortest that a person can type for a document: eight digits, with its scope where several have the id.
    [[nodiscard]] virtual std::string shortName(DocumentKey const& document) = 0;
    [[nodiscard]] virtual Result<Scope> defaultScope() = 0;
    [[nodiscard]] virtual Result<Assignment> create(std::string_view type, Scope const& scope,
                                                    std::vector<std::pair<std::string, std::string>> const& set) = 0;
    /// Parents are all heads. With `draft` the change is kept, durably, but not sealed. Open differences stay open
    /// unless every one of them is set here.
    [[nodiscard]] virtual Result<Assignment> edit(DocumentKey const& document,
                                                  std::vector<std::pair<std::string, std::string>> const& set, bool draft) = 0;
    [[nodiscard]] virtual Result<Assignment> seal(DocumentKey const& document) = 0;
    [[nodiscard]] virtual Result<Assignment> attach(DocumentKey const& document, Path const& file) = 0;
    /// Decides one difference; seals when it was the last open one, else keeps the choice in the draft.
    [[nodiscard]] virtual Result<Assignment> resolveDifference(DocumentKey const& document, std::string_view field,
                                                               std::optional<int> take,
                                                               std::optional<std::string> const& value) = 0;
    [[nodiscard]] virtual Result<DocumentShown> show(DocumentKey const& document) = 0;
    [[nodiscard]] virtual std::vector<replica::ListedDocument> list(replica::ListFilter const& filter) = 0;
    [[nodiscard]] virtual Result<std::vector<model::Change>> diff(ObjectId const& a, ObjectId const& b) = 0;
    /// A revision or record by its id or 4 and more first digits of it.
    [[nodiscard]] virtual Result<ObjectId> resolveObject(std::string_view text) = 0;

    // --- steps and tasks --------------------------------------------------------------------------------------------------
    /// Signs an act: refused unless workflow and authority allow it and this replica holds and has verified the whole
    /// revision and its attachments. Settles a dispute when the document is disputed and the action is a decision.
    [[nodiscard]] virtual Result<StepDone> step(DocumentKey const& document, StepWanted const& wanted) = 0;
    [[nodiscard]] Result<StepDone> step(DocumentKey const& document, std::string_view action, std::string_view comment,
                                        std::optional<Day> until) {
        return step(document, StepWanted{.action = std::string(action), .comment = std::string(comment), .until = until});
    }
    /// What a document asks for, as it stands.
    [[nodiscard]] virtual std::vector<engine::Expectation> expectedBy(DocumentKey const& document) = 0;
    /// Makes documents of one type, one revision each, many in a frame: what is made before an error stays.
    struct NewDocument {
        Scope scope;
        DocumentId doc;
        std::string type;
        json::Object fields;
        std::vector<trust::Attachment> files{};   ///< of attachments that are here: see keepFile()
    };
    /// Copies a file among this replica's attachments and describes it; no document has it yet.
    [[nodiscard]] virtual Result<trust::Attachment> keepFile(Path const& file) = 0;
    [[nodiscard]] virtual Result<void> createAll(std::vector<NewDocument> const& documents) = 0;
    /// affirm, admit: acts on one revision or record by its id. confirm: on the tip of a forked feed.
    [[nodiscard]] virtual Result<ObjectId> actOn(std::string_view kind, ObjectId const& target, std::string_view comment) = 0;
    [[nodiscard]] virtual Result<ObjectId> confirm(FrameId const& tip) = 0;
    struct TaskFilter {
        bool overdue = false;
        std::optional<std::string> unit;
        std::optional<Day> dueBefore;
        bool includeClosed = false;
        /// Tasks; with `allWork` everything that somebody is to do by a day: also points, forms, a college's own types.
        bool allWork = false;
        std::size_t limit = 0;                    ///< of rows looked at; 0: all
    };
    /// In order: due (none last), scope, title, id. Work that is asked for and not begun is among it.
    [[nodiscard]] virtual std::vector<TaskLine> tasks(TaskFilter const& filter, Day today) = 0;
    [[nodiscard]] virtual std::vector<UnitAge> ages(Day today) = 0;
    /// The same without the counts of tasks, by unit.
    [[nodiscard]] virtual std::vector<UnitAge> heardOf() = 0;

    // --- import ---------------------------------------------------------------------------------------------------------
    /// KIND `schedule`: a schedule table; `organisation`: its departments as units; `catalogue`: diagnosis tables. Rows
    /// taken before (by source id) are not taken again.
    [[nodiscard]] virtual Result<ImportResult> importTable(std::string_view kind, std::string_view jsonText, bool dryRun) = 0;

    // --- exchange -------------------------------------------------------------------------------------------------------
    [[nodiscard]] virtual Result<transport::FileTotals> exportTo(Path const& file, std::optional<Path> const& forTips) = 0;
    struct Imported : transport::FileTotals {
        std::uint64_t takenUp = 0;                ///< frames that had come before, waited, and are in now
    };
    [[nodiscard]] virtual Result<Imported> importFrom(Path const& file) = 0;
    [[nodiscard]] virtual Result<void> writeTips(Path const& file) = 0;
    /// One session with a server or hub: of this address, which the registry must know or else is taken for another way to
    /// the college's server; without one, server(). NotFound ("server.none") if there is none. What came until an error is
    /// kept, and the next call goes on from there.
    struct Synchronised : transport::NetworkTotals {
        std::string url;
        std::vector<protocol::Proposed> proposed;   ///< what the keeper said to acts that waited for it, in order
        std::vector<transport::Withheld> withheld;  ///< as in StatusShown
        std::vector<transport::TwoViews> twoViews;
        double viewSeconds = 0;   ///< what the view took to follow, after all that came was on the disk
    };
    [[nodiscard]] virtual Result<Synchronised> syncOver(std::optional<std::string> const& url) = 0;
    /// The server or hub that syncOver() would call, and its key.
    [[nodiscard]] virtual Result<trust::Invitation::Server> serverToCall(std::optional<std::string> const& url) = 0;

    // --- search and care ------------------------------------------------------------------------------------------------
    [[nodiscard]] virtual std::vector<replica::SearchHit> search(std::string_view words) = 0;
    virtual void rebuild() = 0;
};

}  // namespace spiral::office
