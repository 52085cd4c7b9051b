// Acts of the registry: units, grants, revocations, proposals, cosigning and what the keeper appends.
#include "office_impl.h"
#include "office/keeping.h"

#include "base/sha256.h"
#include "transport/outbox.h"

#include <algorithm>

namespace spiral::office {

bool lacksAgreements(Error const& error) { return error.code == ErrorCode::Waiting || error.reason == "registry.threshold"; }

Result<trust::Proposal> TheOffice::agreedAct(std::string_view act, json::Object members) {
    auto person = me();
    if (!person) return person.error();
    auto key = signer();
    if (!key) return key.error();
    trust::Proposal proposal;
    proposal.act = trust::makeAct(act, registry().school(), registry().head(), std::move(members),
                                  m_replica->world().random.token<Nonce>());
    auto agreement = trust::agree(proposal.act, *person, **key, registry().domain());
    if (!agreement) return agreement.error();
    proposal.agreed.push_back(*agreement);
    return proposal;
}

Result<std::vector<ObjectId>> TheOffice::append(std::vector<trust::Proposal> proposals) {
    auto key = signer();
    if (!key) return key.error();
    auto ids = appendEntries(*m_replica, **key, proposals);
    if (ids) followWhatWasWritten();
    return ids;
}

Result<json::Object> TheOffice::personWithDocument(PersonId const& person, std::string const& name,
                                                   std::optional<std::string> const& unit) {
    std::string const note = "person-document/" + person.text();
    auto const begun = m_replica->note(note);
    auto doc = begun ? DocumentId::fromHex(*begun) : std::nullopt;
    std::optional<ObjectId> revision;
    if (doc) {
        if (auto const items = view().items({Scope::college(), *doc}); !items.empty()) revision = items.front().item.id;
    } else {
        doc = m_replica->world().random.token<DocumentId>();
        m_replica->setNote(note, doc->hex());
    }
    if (!revision) {
        NewRevision document;
        document.doc = *doc;
        document.type = "person.v1";
        document.fields.set("name", name);
        if (unit) document.fields.set("unit", *unit);
        auto sealed = sealRevision(Scope::college(), document);
        if (!sealed) return sealed.error();
        revision = *sealed;
    }
    json::Object target;
    target.set("scope", Scope::college().text());
    target.set("id", revision->hex());
    json::Object members;
    members.set("person", person.text());
    members.set("document", std::move(target));
    return members;
}

Result<Office::Appended> TheOffice::appendOrPass(trust::Proposal const& proposal) {
    auto const judged = registry().judge(proposal);
    if (judged && registry().keeper() == m_replica->device()) {
        auto ids = append({proposal});
        if (!ids) return ids.error();
        return Appended{ids->front(), {}, {}};
    }
    // What can never count is refused now; what only lacks agreements or the keeper goes round.
    if (!judged && !lacksAgreements(judged.error())) return judged.error();
    std::string const bytes = json::encode(trust::bodyOf(proposal));
    return Appended{std::nullopt, bytes, judged ? "registry.not-keeper" : judged.error().reason, judged && queueForServer(bytes)};
}

bool TheOffice::queueForServer(std::string const& proposal) {
    auto const* server = registry().server();
    if (!server || server->id != registry().keeper() || server->id == m_replica->device()) return false;
    auto waiting = transport::outbox(*m_replica);
    if (std::find(waiting.begin(), waiting.end(), proposal) == waiting.end()) waiting.push_back(proposal);
    transport::setOutbox(*m_replica, waiting);
    return true;
}

Result<Office::Appended> TheOffice::propose(std::string_view act, json::Object members) {
    auto proposal = agreedAct(act, std::move(members));
    if (!proposal) return proposal.error();
    return appendOrPass(*proposal);
}

Result<Office::Appended> TheOffice::cosign(ByteView bytes) {
    auto proposal = proposalFromBytes(bytes);
    if (!proposal) return proposal.error();
    auto person = me();
    if (!person) return person.error();
    auto key = signer();
    if (!key) return key.error();
    bool const signedBefore = std::any_of(proposal->agreed.begin(), proposal->agreed.end(),
                                          [&](trust::Agreement const& each) { return each.person == *person; });
    if (!signedBefore) {
        auto agreement = trust::agree(proposal->act, *person, **key, registry().domain());
        if (!agreement) return agreement.error();
        proposal->agreed.push_back(*agreement);
    }
    return appendOrPass(*proposal);
}

Result<ObjectId> TheOffice::appendProposal(ByteView bytes) {
    auto key = signer();
    if (!key) return key.error();
    auto entry = office::appendProposal(*m_replica, **key, bytes);
    if (entry) followWhatWasWritten();
    return entry;
}

std::vector<trust::Cut> TheOffice::cutsHere(std::vector<DeviceId> const& devices) {
    std::vector<trust::Cut> cuts;
    for (auto const& tip : m_replica->tips()) {
        if (std::find(devices.begin(), devices.end(), tip.device) == devices.end()) continue;
        cuts.push_back({tip.device, tip.scope, tip.frame});
    }
    std::sort(cuts.begin(), cuts.end());
    return cuts;
}

Result<void> TheOffice::addUnit(std::string_view id, std::string_view name, std::string_view campus) {
    if (!isNameToken(id)) return makeError(ErrorCode::Usage, "unit.id", std::string(id));
    if (name.empty()) return makeError(ErrorCode::Usage, "unit.name", "");
    json::Object members;
    members.set("unit", id);
    members.set("name", name);
    members.set("campus", campus);
    auto proposal = agreedAct("unit", std::move(members));
    if (!proposal) return proposal.error();
    auto ids = append({*proposal});
    if (!ids) return ids.error();
    return {};
}

}  // namespace spiral::office
