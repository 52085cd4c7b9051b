// Inviting and enrolling: persons, their further devices, the server, hubs.
#include "office_impl.h"

#include "base/sha256.h"

#include <algorithm>

namespace spiral::office {

namespace {

constexpr std::size_t kServerNameBytesMax = 1024;  // as every text of the registry

/// Notes keep the invitations this replica made, until they are used: "invitation/<sha256 of its bytes>".
std::string invitationNote(Sha256 const& hash) { return "invitation/" + hash.hex(); }
std::string invitedNameNote(PersonId const& person) { return "invited/" + person.text(); }
std::string invitedUnitNote(PersonId const& person) { return "invited-unit/" + person.text(); }
/// What the device that answers an invitation without a person becomes: members of the `server` act.
std::string invitedServerNote(Sha256 const& hash) { return "invited-server/" + hash.hex(); }
/// The device that answered.
std::string usedNote(Sha256 const& hash) { return "used/" + hash.hex(); }

/// The acts that enrol the device of this request, once made: asked for again they are the same, so that none of them
/// is appended twice, however often they went round.
std::string enrolmentNote(ByteView request) { return "enrolment/" + sha256(request).hex(); }

/// A bare `quality`, `leader` or `admin` is for the whole college, every other bare name for the person's unit.
bool isWide(std::string_view role) { return role == "quality" || role == "leader" || role == "admin"; }

Result<std::vector<trust::Role>> rolesFrom(std::vector<std::string> const& texts, std::string_view unit) {
    std::vector<trust::Role> roles;
    auto const add = [&](std::string const& text) {
        auto role = trust::Role::parse(text);
        if (role) roles.push_back(*std::move(role));
        return role.has_value();
    };
    for (auto const& text : texts) {
        bool good = false;
        if (text.find('@') != std::string::npos) {
            good = add(text);
        } else if (isWide(text)) {
            good = add(text + "@college");
            // Somebody of the quality office also belongs to it.
            if (good && !unit.empty()) good = add(text + "@unit/" + std::string(unit));
        } else {
            if (unit.empty()) return makeError(ErrorCode::Usage, "invite.unit", text);
            good = add(text + "@unit/" + std::string(unit));
        }
        if (!good) return makeError(ErrorCode::Usage, "invite.role", text);
    }
    return roles;
}

bool knowsUnit(trust::Registry const& registry, std::string_view unit) {
    auto const units = registry.units();
    return std::any_of(units.begin(), units.end(), [&](trust::Unit const& each) { return each.id == unit; });
}

}  // namespace

// --- invitations -----------------------------------------------------------------------------------------------------

trust::Invitation TheOffice::blankInvitation() {
    trust::Invitation invitation;
    invitation.school = registry().school();
    invitation.domain = registry().domain();
    m_replica->world().random.fill(invitation.code.raw);
    invitation.expires = m_replica->world().wall.now() + trust::kInvitationValid;
    return invitation;
}

Result<std::optional<trust::Invitation::Server>> TheOffice::serverToName(std::optional<std::string> const& url) {
    using Named = std::optional<trust::Invitation::Server>;
    if (url && !trust::isServerUrl(*url)) return makeError(ErrorCode::Usage, "invite.url", *url);
    if (auto const* server = registry().server()) {
        // Whoever proposed the entry may have written any text there.
        if (url || trust::isServerUrl(server->url))
            return Named(trust::Invitation::Server{url.value_or(server->url), server->key});
    }
    if (!url) return Named();
    for (auto const& device : registry().devices()) {
        bool const serves = device.kind == trust::Device::Kind::Server && registry().revocationsOf(device.id).empty();
        if (serves) return Named(trust::Invitation::Server{*url, device.key});
    }
    return makeError(ErrorCode::NotFound, "server.missing", *url);
}

Office::Invited TheOffice::issue(trust::Invitation invitation) {
    std::string bytes = trust::encode(invitation);
    m_replica->setNote(invitationNote(sha256(asBytes(bytes))), bytes);
    return {std::move(bytes), std::move(invitation)};
}

Result<Office::Invited> TheOffice::invite(std::string_view personName, std::string_view unit,
                                          std::vector<std::string> const& roles,
                                          std::optional<std::string> const& serverUrl) {
    if (personName.empty()) return makeError(ErrorCode::Usage, "invite.person", "");
    if (roles.empty()) return makeError(ErrorCode::Usage, "invite.role", "");
    if (!unit.empty() && !knowsUnit(registry(), unit))
        return makeError(ErrorCode::NotFound, "unit.missing", std::string(unit));
    auto granted = rolesFrom(roles, unit);
    if (!granted) return granted.error();
    auto server = serverToName(serverUrl);
    if (!server) return server.error();
    trust::Invitation invitation = blankInvitation();
    invitation.person = *PersonId::parse(m_replica->world().random.token<Nonce>().hex());
    invitation.roles = std::move(*granted);
    invitation.server = std::move(*server);
    m_replica->setNote(invitedNameNote(invitation.person), personName);
    if (!unit.empty()) m_replica->setNote(invitedUnitNote(invitation.person), unit);
    return issue(std::move(invitation));
}

Result<Office::Invited> TheOffice::inviteDevice(PersonId const& person, std::optional<std::string> const& serverUrl) {
    auto const persons = registry().persons();
    if (std::find(persons.begin(), persons.end(), person) == persons.end()) {
        return makeError(ErrorCode::NotFound, "person.missing", person.text());
    }
    auto server = serverToName(serverUrl);
    if (!server) return server.error();
    trust::Invitation invitation = blankInvitation();
    invitation.person = person;
    invitation.server = std::move(*server);
    return issue(std::move(invitation));
}

Result<Office::Invited> TheOffice::inviteServer(ServerWanted const& wanted) {
    if (wanted.name.empty() || wanted.name.size() > kServerNameBytesMax)
        return makeError(ErrorCode::Usage, "invite.server-name");
    if (wanted.url && !trust::isServerUrl(*wanted.url)) return makeError(ErrorCode::Usage, "invite.url", *wanted.url);
    if (wanted.hub == wanted.scopes.empty()) return makeError(ErrorCode::Usage, "invite.hub-scope");
    json::Array scopes;
    for (auto const& scope : wanted.scopes) {
        if (scope.isRegistry()) return makeError(ErrorCode::Usage, "invite.hub-scope", scope.text());
        auto const text = scope.text();
        if (scope.isUnit() && !knowsUnit(registry(), std::string_view(text).substr(text.find('/') + 1))) {
            return makeError(ErrorCode::NotFound, "unit.missing", text);
        }
        scopes.emplace_back(text);
    }
    trust::Invitation invitation = blankInvitation();
    if (wanted.hub) {
        // What a hub passes on, it passes on to the server.
        auto server = serverToName(std::nullopt);
        if (!server) return server.error();
        invitation.server = std::move(*server);
    }
    json::Object purpose;
    purpose.set("role", wanted.hub ? "hub" : "server");
    purpose.set("name", wanted.name);
    if (wanted.url) purpose.set("url", *wanted.url);
    if (!scopes.empty()) purpose.set("scopes", std::move(scopes));
    if (auto fits = json::check(purpose); !fits) return makeError(ErrorCode::Usage, "invite.server-name");
    m_replica->setNote(invitedServerNote(sha256(asBytes(trust::encode(invitation)))), json::encode(purpose));
    return issue(std::move(invitation));
}

std::optional<trust::Invitation::Server> TheOffice::server() {
    auto const joined = m_replica->note(kJoiningNote);
    auto const invitation = joined ? trust::decodeInvitation(asBytes(*joined)) : Result<trust::Invitation>(Error{});
    auto const told = invitation ? invitation->server : std::nullopt;
    if (registry().empty()) return told;
    auto const url = m_replica->note(kServerUrlNote).value_or("");
    if (auto const* server = registry().server())
        return trust::Invitation::Server{url.empty() ? server->url : url, server->key};
    // The registry knows it without an address; a key that the registry does not know, or has revoked, is no server's.
    if (!told) return std::nullopt;
    auto const* device = registry().device(trust::deviceIdOf(told->key));
    bool const serves =
        device && device->kind == trust::Device::Kind::Server && registry().revocationsOf(device->id).empty();
    return serves ? told : std::nullopt;
}

// --- enrolling
// ---------------------------------------------------------------------------------------------------------

Result<std::array<std::string, 6>> TheOffice::digits(ByteView request) {
    auto decoded = trust::decodeJoinRequest(request);
    if (!decoded) return decoded.error();
    return trust::digitsOf(registry().school(), request);
}

Result<std::vector<trust::Proposal>> TheOffice::enrolmentOf(ByteView requestBytes, trust::JoinRequest const& request,
                                                            trust::Invitation const& invitation) {
    std::vector<trust::Proposal> acts;
    auto const add = [&](std::string_view act, json::Object members) -> Result<void> {
        auto proposal = agreedAct(act, std::move(members));
        if (!proposal) return proposal.error();
        acts.push_back(std::move(*proposal));
        return {};
    };
    if (invitation.person.empty()) {
        auto const purpose = m_replica->note(invitedServerNote(request.invitation));
        auto const members = purpose ? json::parse(*purpose) : Result<json::Value>(Error{});
        if (!members || !members->asObject())
            return makeError(ErrorCode::NotFound, "invitation.missing", request.invitation.hex());
        json::Object server = *members->asObject();
        server.set("key", request.key.hex());
        server.set("request", asText(requestBytes));
        if (auto added = add("server", std::move(server)); !added) return added.error();
        return acts;
    }
    auto const persons = registry().persons();
    if (std::find(persons.begin(), persons.end(), invitation.person) == persons.end()) {
        auto members =
            personWithDocument(invitation.person, m_replica->note(invitedNameNote(invitation.person)).value_or(""),
                               m_replica->note(invitedUnitNote(invitation.person)));
        if (!members) return members.error();
        if (auto added = add("person", std::move(*members)); !added) return added.error();
    }
    json::Object members;
    members.set("request", asText(requestBytes));
    if (auto added = add("device", std::move(members)); !added) return added.error();
    for (auto const& role : invitation.roles) {
        json::Object grant;
        grant.set("person", invitation.person.text());
        grant.set("role", role.name);
        grant.set("scope", role.scope.text());
        grant.set("from", toText(m_replica->world().wall.now() - std::chrono::days{1}));
        if (role.name == "head") grant.set("delegable", true);
        if (auto added = add("grant", std::move(grant)); !added) return added.error();
    }
    return acts;
}

std::vector<trust::Proposal> TheOffice::keptEnrolment(ByteView request) {
    auto const note = m_replica->note(enrolmentNote(request));
    auto const value = note ? json::parse(*note) : Result<json::Value>(Error{});
    std::vector<trust::Proposal> acts;
    if (!value || !value->asArray()) return acts;
    for (auto const& each : *value->asArray()) {
        auto const body = each.asString() ? json::parse(*each.asString()) : Result<json::Value>(Error{});
        auto act = body && body->asObject() ? trust::proposalFrom(*body->asObject()) : Result<trust::Proposal>(Error{});
        if (act) acts.push_back(std::move(*act));
    }
    return acts;
}

Result<Office::Enrolled> TheOffice::enrol(ByteView requestBytes, std::string_view typed, Path const& welcome) {
    auto form = trust::decodeJoinRequest(requestBytes);
    if (!form) return form.error();
    auto const invitationBytes = m_replica->note(invitationNote(form->invitation));
    if (!invitationBytes) {
        return makeError(ErrorCode::NotFound, "invitation.missing",
                         "the request answers no invitation that was made here");
    }
    auto request = trust::checkJoinRequest(requestBytes, asBytes(*invitationBytes), m_replica->world().wall.now());
    if (!request) return request.error();
    if (!trust::digitsMatch(trust::digitsOf(registry().school(), requestBytes), typed)) {
        return makeError(ErrorCode::Refused, "enrol.digits", "the digits are not those of this request");
    }
    auto invitation = trust::decodeInvitation(asBytes(*invitationBytes));
    if (!invitation) return invitation.error();
    Enrolled enrolled;
    enrolled.device = trust::deviceIdOf(request->key);

    // Noted before the device is appended: what a cut leaves must not let a second device in.
    bool const known = registry().device(enrolled.device) != nullptr;
    if (auto const used = m_replica->note(usedNote(form->invitation));
        !known && used && *used != enrolled.device.hex()) {
        return makeError(ErrorCode::Refused, "invitation.used", "an invitation is good for one device");
    }
    auto acts = keptEnrolment(requestBytes);
    if (acts.empty() && !known) {
        auto made = enrolmentOf(requestBytes, *request, *invitation);
        if (!made) return made.error();
        acts = std::move(*made);
    }
    bool const keeps = registry().keeper() == m_replica->device();
    std::vector<trust::Proposal> now;
    json::Array kept;
    for (auto& act : acts) {
        auto const judged = registry().judge(act);
        std::string bytes = json::encode(trust::bodyOf(act));
        kept.emplace_back(bytes);
        if (!judged && judged.error().reason == "registry.act-repeated") continue;
        if (!judged && !lacksAgreements(judged.error())) {
            if (known) continue;
            return judged.error();
        }
        if (judged && keeps) {
            now.push_back(std::move(act));
            continue;
        }
        if (enrolled.why.empty()) enrolled.why = judged ? "registry.not-keeper" : judged.error().reason;
        if (judged) queueForServer(bytes);
        enrolled.proposals.push_back(std::move(bytes));
    }
    if (!known) {
        m_replica->setNote(usedNote(form->invitation), enrolled.device.hex());
        m_replica->setNote(enrolmentNote(requestBytes), json::encode(kept));
    }
    if (!now.empty()) {
        if (auto appended = append(std::move(now)); !appended) return appended.error();
    }
    if (!registry().device(enrolled.device)) return enrolled;

    // A welcome can be written again as often as it is lost on the way.
    Instant const at = m_replica->world().wall.now();
    auto written =
        transport::exportFile(*m_replica, m_attachments, welcome, transport::FileKind::Welcome, {},
                              [&](Scope const& scope) { return registry().mayRead(enrolled.device, scope, at); });
    if (!written) return written.error();
    enrolled.welcomed = true;
    return enrolled;
}

}  // namespace spiral::office
