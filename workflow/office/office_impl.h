// The one implementation of Office. Its parts lie in files by subject: founding, registry_acts, documents, steps,
// import_tables, exchange, status. Private to workflow/office.
#pragma once

#include "office/office.h"
#include "projector.h"
#include "replica/attachments.h"

#include <array>

namespace spiral::office {

/// When this replica was found to be restored or copied; empty once others have been asked.
inline constexpr std::string_view kRestoredNote = "restored";
/// The invitation that this device answered, its bytes.
inline constexpr std::string_view kJoiningNote = "joining";
/// The server's address as the invitation gave it, where the registry says another.
inline constexpr std::string_view kServerUrlNote = "server-url";
inline constexpr std::string_view kKeyFile = "device.key";
inline constexpr std::size_t kKeyFileBytesMax = 64 * 1024;
[[nodiscard]] Path keyFile(Path const& replicaFolder);

class TheOffice final : public Office {
public:
    TheOffice(std::unique_ptr<replica::Replica> replica, Unlock unlock, Progress progress);

    replica::Replica& replica() override { return *m_replica; }
    /// Reads what the view has reached, which is all that was written here: what it could not follow then, it follows now.
    replica::View& view() override {
        if (m_viewIsBehind) catchUp();
        return *m_view;
    }
    trust::Registry const& registry() const override { return m_replica->registry(); }
    Names const& names() override;
    Definitions const& definitions() const override { return m_definitions; }
    StatusShown status() override;

    Result<Invited> invite(std::string_view personName, std::string_view unit, std::vector<std::string> const& roles,
                           std::optional<std::string> const& serverUrl) override;
    Result<Invited> inviteDevice(PersonId const& person, std::optional<std::string> const& serverUrl) override;
    Result<Invited> inviteServer(ServerWanted const& wanted) override;
    std::optional<trust::Invitation::Server> server() override;
    Result<std::array<std::string, 6>> digits(ByteView request) override;
    Result<Enrolled> enrol(ByteView request, std::string_view digits, Path const& welcome) override;
    Result<void> addUnit(std::string_view id, std::string_view name, std::string_view campus) override;
    Result<Appended> propose(std::string_view act, json::Object members) override;
    Result<Appended> cosign(ByteView proposal) override;
    Result<ObjectId> appendProposal(ByteView proposal) override;
    std::vector<trust::Cut> cutsHere(std::vector<DeviceId> const& devices) override;

    Result<DocumentKey> resolveId(std::string_view text) override;
    std::string shortName(DocumentKey const& document) override;
    Result<Scope> defaultScope() override;
    Result<Assignment> create(std::string_view type, Scope const& scope,
                              std::vector<std::pair<std::string, std::string>> const& set) override;
    Result<Assignment> edit(DocumentKey const& document, std::vector<std::pair<std::string, std::string>> const& set,
                            bool draft) override;
    Result<Assignment> seal(DocumentKey const& document) override;
    Result<Assignment> attach(DocumentKey const& document, Path const& file) override;
    Result<Assignment> resolveDifference(DocumentKey const& document, std::string_view field, std::optional<int> take,
                                         std::optional<std::string> const& value) override;
    Result<DocumentShown> show(DocumentKey const& document) override;
    std::vector<replica::ListedDocument> list(replica::ListFilter const& filter) override;
    Result<std::vector<model::Change>> diff(ObjectId const& a, ObjectId const& b) override;
    Result<ObjectId> resolveObject(std::string_view text) override;

    using Office::step;
    Result<StepDone> step(DocumentKey const& document, StepWanted const& wanted) override;
    std::vector<engine::Expectation> expectedBy(DocumentKey const& document) override;
    Result<trust::Attachment> keepFile(Path const& file) override;
    Result<void> createAll(std::vector<NewDocument> const& documents) override;
    Result<ObjectId> actOn(std::string_view kind, ObjectId const& target, std::string_view comment) override;
    Result<ObjectId> confirm(FrameId const& tip) override;
    std::vector<TaskLine> tasks(TaskFilter const& filter, Day today) override;
    std::vector<UnitAge> ages(Day today) override;
    std::vector<UnitAge> heardOf() override;

    Result<ImportResult> importTable(std::string_view kind, std::string_view jsonText, bool dryRun) override;

    Result<transport::FileTotals> exportTo(Path const& file, std::optional<Path> const& forTips) override;
    Result<Imported> importFrom(Path const& file) override;
    Result<void> writeTips(Path const& file) override;
    Result<Synchronised> syncOver(std::optional<std::string> const& url) override;
    Result<trust::Invitation::Server> serverToCall(std::optional<std::string> const& url) override;

    std::vector<replica::SearchHit> search(std::string_view words) override;
    void rebuild() override;

    // --- shared by the parts ---------------------------------------------------------------------------------------
    /// The unlocked key; asked for at most once.
    Result<trust::Signer*> signer();
    Result<PersonId> me() const;
    void catchUp();
    /// What is sealed is done, even where the view cannot be written at the moment (a full disk): an error would make
    /// people do it again. The view follows before it is read next.
    void followWhatWasWritten();
    void tell(std::uint64_t done, std::uint64_t of, std::string_view what) const;

    struct NewRevision {
        DocumentId doc;
        std::string type;
        std::vector<ObjectId> parents;
        json::Object fields;
        std::vector<trust::Attachment> files;
    };
    /// Bytes and id of a revision by this person and device, now.
    Result<replica::NewRow> revisionRow(Scope const& scope, NewRevision const& revision);
    /// What authority would say of a row of ours on this document, were it sealed now.
    trust::Judgement foresee(Scope const& scope, DocumentId const& doc, replica::NewRow const& row);
    /// Seals one revision, after asking authority; drops the document's draft in the same transaction.
    Result<ObjectId> sealRevision(Scope const& scope, NewRevision const& revision);
    /// Seals rows that authority has been asked about, many in a frame of one scope: each frame is right by itself, and
    /// what is sealed before an error stays.
    Result<void> sealAll(std::map<Scope, std::vector<replica::NewRow>> byScope);
    /// A signed record in whichever of this person's roles authority accepts. Refused with the first reason otherwise.
    Result<replica::NewRow> recordRow(std::string_view kind, Scope const& scope, std::optional<trust::Target> const& of,
                                      json::Object const& body, DocumentId const& doc);
    /// Appends acts to the registry, one frame. REQUIRES: this replica is the keeper and each proposal suffices.
    Result<std::vector<ObjectId>> append(std::vector<trust::Proposal> proposals);
    /// Members of a `person` act: her name as a document of the college, which can be redacted; the registry holds its
    /// hash. The document is sealed once, however often this is cut off before the act is appended.
    Result<json::Object> personWithDocument(PersonId const& person, std::string const& name, std::optional<std::string> const& unit);
    Result<StepDone> stepOnPart(DocumentKey const& part, DocumentKey const& asking, StepWanted const& wanted);
    /// An act with this person's agreement.
    Result<trust::Proposal> agreedAct(std::string_view act, json::Object members);
    /// Appends the act, if this replica is the keeper and the agreements suffice; else gives the proposal for others to
    /// cosign. What can never count is refused.
    Result<Appended> appendOrPass(trust::Proposal const& proposal);
    Result<DocumentShown> shown(DocumentKey const& document, bool withItems);
    /// True if a server keeps the registry: the proposal goes to it with the next sync.
    bool queueForServer(std::string const& proposal);

    // --- inviting and enrolling (enrolment.cpp) --------------------------------------------------------------------
    /// A fresh invitation into this college, for nobody yet.
    trust::Invitation blankInvitation();
    /// The server that an invitation names: the registry's, at its own address unless another is given.
    Result<std::optional<trust::Invitation::Server>> serverToName(std::optional<std::string> const& url);
    /// Keeps the invitation until it is used.
    Invited issue(trust::Invitation invitation);
    /// Those that an earlier call made for this very request; none if there was none.
    std::vector<trust::Proposal> keptEnrolment(ByteView request);
    /// The acts that enrol the device of this request.
    Result<std::vector<trust::Proposal>> enrolmentOf(ByteView request, trust::JoinRequest const& form,
                                                     trust::Invitation const& invitation);

private:
    std::unique_ptr<replica::Replica> m_replica;
    Unlock m_unlock;
    Progress m_progress;
    Definitions m_definitions;
    DocumentProjector m_projector{m_definitions};
    std::unique_ptr<replica::View> m_view;
    int m_viewMadeFor = 0;   ///< Definitions::added() then
    bool m_viewIsBehind = false;
    std::unique_ptr<replica::Search> m_search;
    replica::Attachments m_attachments;
    std::unique_ptr<trust::Signer> m_signer;
    std::optional<Names> m_names;
    std::optional<std::vector<DocumentId>> m_sharedIds;   // of the view as it is
};

/// More people may still agree: nothing else is wrong with the act.
[[nodiscard]] bool lacksAgreements(Error const& error);
[[nodiscard]] Result<trust::Proposal> proposalFromBytes(ByteView bytes);
/// Words for people when a row would not stand.
[[nodiscard]] Error refusal(trust::Judgement const& judgement);

}  // namespace spiral::office
