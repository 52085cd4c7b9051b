// Acts of the registry: units, grants, revocations, proposals, cosigning and what the keeper appends.
#include "office_impl.h"

#include "base/sha256.h"

#include <algorithm>

namespace spiral::office {

namespace {

Result<trust::Proposal> readProposal(ByteView bytes) {
    auto value = json::parse(bytes);
    if (!value) return value.error();
    auto const* object = value->asObject();
    if (!object) return makeError(ErrorCode::Malformed, "proposal.form", "no proposal");
    return trust::proposalFrom(*object);
}

/// Whether the act was signed before the registry's present head.
bool sawAnotherHead(std::string_view actText, trust::RegistryPoint const& head) {
    auto const act = json::parse(actText);
    auto const* object = act ? act->asObject() : nullptr;
    auto const* reg = object ? json::objectAt(*object, "reg") : nullptr;
    auto const* hash = reg ? json::stringAt(*reg, "hash") : nullptr;
    return hash && *hash != head.hash.hex();
}

}  // namespace

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
    auto person = me();
    if (!person) return person.error();
    if (registry().keeper() != m_replica->device()) {
        return makeError(ErrorCode::Refused, "registry.not-keeper", registry().keeper().hex());
    }
    auto key = signer();
    if (!key) return key.error();
    trust::Registry grown = registry();
    std::vector<replica::NewRow> rows;
    std::vector<ObjectId> ids;
    for (auto const& proposal : proposals) {
        trust::Record record;
        record.school = grown.school();
        record.scope = Scope::registry();
        auto const act = json::parse(proposal.act);
        auto const* object = act ? act->asObject() : nullptr;
        auto const* name = object ? json::stringAt(*object, "act") : nullptr;
        if (!name) return makeError(ErrorCode::Malformed, "registry.act", "the act names no kind");
        record.kind = *name + ".v1";
        record.by = {*person, m_replica->device()};
        record.role = {"keeper", Scope::registry()};
        record.body = trust::bodyOf(proposal);
        record.reg = grown.head();
        record.time = m_replica->world().wall.now();
        record.nonce = m_replica->world().random.token<Nonce>();
        std::string bytes = trust::encode(record);
        auto signature = (*key)->sign(trust::nameSpaceFor(record.kind, grown.domain()), asBytes(bytes));
        if (!signature) return signature.error();
        auto const outcome = grown.add(asBytes(bytes), *signature);
        if (outcome.added != trust::Registry::Added::Appended) {
            return makeError(ErrorCode::Refused, outcome.reason.empty() ? "registry.not-appended" : outcome.reason, record.kind);
        }
        ids.push_back(hashAs<ObjectId>(asBytes(bytes)));
        rows.push_back({{trust::Item::Kind::Record, ids.back()}, std::move(bytes), *signature});
    }
    for (std::size_t at = 0; at < rows.size(); at += trust::FrameHeader::kItemsMax) {
        auto const end = std::min(rows.size(), at + trust::FrameHeader::kItemsMax);
        auto sealed = m_replica->seal(Scope::registry(),
                                      {rows.begin() + static_cast<std::ptrdiff_t>(at), rows.begin() + static_cast<std::ptrdiff_t>(end)},
                                      **key);
        if (!sealed) return sealed.error();
    }
    followWhatWasWritten();
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
    return Appended{std::nullopt, json::encode(trust::bodyOf(proposal)), judged ? "registry.not-keeper" : judged.error().reason};
}

Result<Office::Appended> TheOffice::propose(std::string_view act, json::Object members) {
    auto proposal = agreedAct(act, std::move(members));
    if (!proposal) return proposal.error();
    return appendOrPass(*proposal);
}

Result<Office::Appended> TheOffice::cosign(ByteView bytes) {
    auto proposal = readProposal(bytes);
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
    auto const proposal = readProposal(bytes);
    if (!proposal) return proposal.error();
    if (registry().empty()) return makeError(ErrorCode::WrongState, "replica.not-enrolled");
    if (registry().keeper() != m_replica->device()) {
        return makeError(ErrorCode::Refused, "registry.not-keeper", registry().keeper().hex());
    }
    // One thread owns this replica and one process writes it, so the head judged here is the one appended to.
    if (auto const judged = registry().judge(*proposal); !judged) {
        auto const& error = judged.error();
        bool const isRepeated = error.reason == "registry.act-repeated";
        bool const overtaken = error.code == ErrorCode::Refused && !isRepeated && sawAnotherHead(proposal->act, registry().head());
        return overtaken ? makeError(ErrorCode::Refused, "registry.overtaken", error.reason) : error;
    }
    auto ids = append({*proposal});
    if (!ids) return ids.error();
    return ids->front();
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
