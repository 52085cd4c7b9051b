// Acts of the registry: units, invitations, enrolment, grants, revocations, proposals and cosigning.
#include "office_impl.h"

#include "base/sha256.h"

#include <algorithm>

namespace spiral::office {

namespace {

/// Notes keep the invitations this replica made, until they are used: "invitation/<sha256 of its bytes>".
std::string invitationNote(Sha256 const& hash) { return "invitation/" + hash.hex(); }
std::string invitedNameNote(PersonId const& person) { return "invited/" + person.text(); }

/// More people may still agree: nothing else is wrong with the act.
bool lacksAgreements(Error const& error) { return error.code == ErrorCode::Waiting || error.reason == "registry.threshold"; }

}  // namespace

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
    auto value = json::parse(bytes);
    if (!value) return value.error();
    auto const* object = value->asObject();
    if (!object) return makeError(ErrorCode::Malformed, "proposal.form", "no proposal");
    auto proposal = trust::proposalFrom(*object);
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

// --- inviting and enrolling ----------------------------------------------------------------------------------------------

Result<Office::Invited> TheOffice::invite(std::string_view personName, std::string_view unit,
                                          std::vector<std::string> const& roles, std::optional<std::string> const& serverUrl) {
    if (personName.empty()) return makeError(ErrorCode::Usage, "invite.person", "");
    if (roles.empty()) return makeError(ErrorCode::Usage, "invite.role", "");
    auto const units = registry().units();
    bool const known = std::any_of(units.begin(), units.end(), [&](auto const& each) { return each.id == unit; });
    if (!unit.empty() && !known) return makeError(ErrorCode::NotFound, "unit.missing", std::string(unit));
    trust::Invitation invitation;
    invitation.school = registry().school();
    invitation.domain = registry().domain();
    m_replica->world().random.fill(invitation.code.raw);
    invitation.expires = m_replica->world().wall.now() + trust::kInvitationValid;
    auto const person = PersonId::parse(m_replica->world().random.token<Nonce>().hex());
    invitation.person = *person;
    for (auto const& role : roles) {
        // A bare `quality`, `leader` or `admin` is for the whole college, every other bare name for the person's unit.
        if (role.find('@') != std::string::npos) {
            auto parsed = trust::Role::parse(role);
            if (!parsed) return makeError(ErrorCode::Usage, "invite.role", role);
            invitation.roles.push_back(*parsed);
        } else {
            bool const wide = role == "quality" || role == "leader" || role == "admin";
            if (!wide && unit.empty()) return makeError(ErrorCode::Usage, "invite.unit", role);
            auto parsed = trust::Role::parse(role + "@" + (wide ? "college" : "unit/" + std::string(unit)));
            if (!parsed) return makeError(ErrorCode::Usage, "invite.role", role);
            invitation.roles.push_back(*parsed);
            // Somebody of the quality office also belongs to it.
            if (wide && !unit.empty()) {
                if (auto own = trust::Role::parse(role + "@unit/" + std::string(unit))) invitation.roles.push_back(*own);
            }
        }
    }
    if (serverUrl) {
        for (auto const& device : registry().devices()) {
            if (device.kind == trust::Device::Kind::Server) invitation.server = {*serverUrl, device.key};
        }
        if (!invitation.server) return makeError(ErrorCode::NotFound, "server.missing", *serverUrl);
    }
    std::string bytes = trust::encode(invitation);
    m_replica->setNote(invitationNote(sha256(asBytes(bytes))), bytes);
    m_replica->setNote(invitedNameNote(invitation.person), personName);
    if (!unit.empty()) m_replica->setNote("invited-unit/" + invitation.person.text(), unit);
    return Invited{std::move(bytes), std::move(invitation)};
}

Result<Office::Invited> TheOffice::inviteDevice(PersonId const& person) {
    auto const persons = registry().persons();
    if (std::find(persons.begin(), persons.end(), person) == persons.end()) {
        return makeError(ErrorCode::NotFound, "person.missing", person.text());
    }
    trust::Invitation invitation;
    invitation.school = registry().school();
    invitation.domain = registry().domain();
    m_replica->world().random.fill(invitation.code.raw);
    invitation.expires = m_replica->world().wall.now() + trust::kInvitationValid;
    invitation.person = person;
    std::string bytes = trust::encode(invitation);
    m_replica->setNote(invitationNote(sha256(asBytes(bytes))), bytes);
    return Invited{std::move(bytes), std::move(invitation)};
}

Result<std::array<std::string, 6>> TheOffice::digits(ByteView request) {
    auto decoded = trust::decodeJoinRequest(request);
    if (!decoded) return decoded.error();
    return trust::digitsOf(registry().school(), request);
}

Result<DeviceId> TheOffice::enrol(ByteView requestBytes, std::string_view typed, Path const& welcome) {
    auto form = trust::decodeJoinRequest(requestBytes);
    if (!form) return form.error();
    auto const invitationBytes = m_replica->note(invitationNote(form->invitation));
    if (!invitationBytes) {
        return makeError(ErrorCode::NotFound, "invitation.missing", "the request answers no invitation that was made here");
    }
    auto request = trust::checkJoinRequest(requestBytes, asBytes(*invitationBytes), m_replica->world().wall.now());
    if (!request) return request.error();
    if (!trust::digitsMatch(trust::digitsOf(registry().school(), requestBytes), typed)) {
        return makeError(ErrorCode::Refused, "enrol.digits", "the digits are not those of this request");
    }
    auto invitation = trust::decodeInvitation(asBytes(*invitationBytes));
    if (!invitation) return invitation.error();
    DeviceId const device = trust::deviceIdOf(request->key);

    if (!registry().device(device)) {
        // Noted before the device is appended: what a cut leaves must not let a second device in.
        std::string const usedNote = "used/" + form->invitation.hex();
        if (auto const used = m_replica->note(usedNote); used && *used != device.hex()) {
            return makeError(ErrorCode::Refused, "invitation.used", "an invitation is good for one device");
        }
        std::vector<trust::Proposal> acts;
        auto const add = [&](std::string_view act, json::Object members) -> Result<void> {
            auto proposal = agreedAct(act, std::move(members));
            if (!proposal) return proposal.error();
            acts.push_back(std::move(*proposal));
            return {};
        };
        auto const persons = registry().persons();
        if (std::find(persons.begin(), persons.end(), invitation->person) == persons.end()) {
            auto members = personWithDocument(invitation->person, m_replica->note(invitedNameNote(invitation->person)).value_or(""),
                                              m_replica->note("invited-unit/" + invitation->person.text()));
            if (!members) return members.error();
            if (auto added = add("person", std::move(*members)); !added) return added.error();
        }
        json::Object members;
        members.set("request", asText(requestBytes));
        if (auto added = add("device", std::move(members)); !added) return added.error();
        for (auto const& role : invitation->roles) {
            json::Object grant;
            grant.set("person", invitation->person.text());
            grant.set("role", role.name);
            grant.set("scope", role.scope.text());
            grant.set("from", toText(m_replica->world().wall.now() - std::chrono::days{1}));
            if (role.name == "head") grant.set("delegable", true);
            if (auto added = add("grant", std::move(grant)); !added) return added.error();
        }
        m_replica->setNote(usedNote, device.hex());
        auto appended = append(std::move(acts));
        if (!appended) return appended.error();
    }
    // A welcome can be written again as often as it is lost on the way.
    Instant const now = m_replica->world().wall.now();
    auto written = transport::exportFile(*m_replica, m_attachments, welcome, transport::FileKind::Welcome, {},
                                         [&](Scope const& scope) { return registry().mayRead(device, scope, now); });
    if (!written) return written.error();
    return device;
}

}  // namespace spiral::office
