#include "registry_acts.h"

#include "base/json.h"
#include "base/sha256.h"

#include <algorithm>

namespace spiral::trust {
namespace {

constexpr std::size_t kTextBytesMax = 1024;   // a name, a place, a reason
constexpr std::size_t kDomainBytesMax = 253;  // of a DNS name
constexpr std::size_t kPersonsMax = 64;       // of a quorum; more than anybody can gather
constexpr std::size_t kScopesMax = 1024;

Error malformed(std::string_view field) { return makeError(ErrorCode::Malformed, "act." + std::string(field)); }

/// Reads members one by one and remembers the first that is not of the form, so that a reader below is one expression
/// per field.
class Fields {
public:
    explicit Fields(json::Object const& object) : m_object(object) {}
    [[nodiscard]] bool has(std::string_view key) const { return m_object.find(key) != nullptr; }
    [[nodiscard]] bool good() const { return m_wrong.empty(); }
    [[nodiscard]] Error error() const { return malformed(m_wrong); }
    void fail(std::string_view key) {
        if (m_wrong.empty()) m_wrong = key;
    }

    std::string text(std::string_view key, std::size_t bytesMax = kTextBytesMax) {
        std::string const* const value = json::stringAt(m_object, key);
        if (value == nullptr || value->empty() || value->size() > bytesMax) return fail(key), std::string();
        return *value;
    }
    std::string textOrNothing(std::string_view key) { return has(key) ? text(key) : std::string(); }
    template <class Id>
    Id token(std::string_view key) {
        std::string const* const value = json::stringAt(m_object, key);
        auto const id = value == nullptr ? std::nullopt : Id::fromHex(*value);
        return id ? *id : (fail(key), Id{});
    }
    PersonId person(std::string_view key) {
        std::string const* const value = json::stringAt(m_object, key);
        auto id = value == nullptr ? std::nullopt : PersonId::parse(*value);
        return id ? *std::move(id) : (fail(key), PersonId());
    }
    Instant instant(std::string_view key) {
        std::string const* const value = json::stringAt(m_object, key);
        auto const time = value == nullptr ? std::nullopt : parseInstant(*value);
        return time ? *time : (fail(key), Instant{});
    }
    Scope scope(std::string_view key) {
        std::string const* const value = json::stringAt(m_object, key);
        auto scope = value == nullptr ? std::nullopt : Scope::parse(*value);
        return scope ? *std::move(scope) : (fail(key), Scope());
    }
    /// Written only when true.
    bool flag(std::string_view key) {
        if (!has(key)) return false;
        bool const* const value = m_object.find(key)->asBool();
        if (value == nullptr || !*value) fail(key);
        return true;
    }
    json::Object const* object(std::string_view key) {
        json::Object const* const value = json::objectAt(m_object, key);
        if (value == nullptr) fail(key);
        return value;
    }
    json::Array const& array(std::string_view key) {
        static json::Array const none;
        json::Array const* const value = json::arrayAt(m_object, key);
        return value == nullptr ? (fail(key), none) : *value;
    }

private:
    json::Object const& m_object;
    std::string m_wrong;
};

/// {persons, threshold}: people, sorted and unique, and a number that they can reach.
Quorum quorumFrom(json::Object const& object, Fields& outer) {
    Fields fields(object);
    Quorum quorum;
    for (json::Value const& value : fields.array("persons")) {
        auto person = value.asString() == nullptr ? std::nullopt : PersonId::parse(*value.asString());
        // A server signs without anybody looking on; it decides nothing.
        bool const isPerson = person && person->text().size() < 2 * DeviceId::size;
        if (!isPerson || (!quorum.persons.empty() && !(quorum.persons.back() < *person)))
            return outer.fail("persons"), quorum;
        quorum.persons.push_back(*std::move(person));
    }
    std::int64_t const* const threshold = json::integerAt(object, "threshold");
    if (!fields.good() || quorum.persons.size() > kPersonsMax) outer.fail("persons");
    if (threshold == nullptr || *threshold < 1 || *threshold > static_cast<std::int64_t>(quorum.persons.size())) {
        outer.fail("threshold");
    } else {
        quorum.threshold = static_cast<std::uint32_t>(*threshold);
    }
    return quorum;
}

/// What may stand behind the '@' of a name space.
bool isDomain(std::string_view text) {
    auto const isPlain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    return !text.empty() && text.size() <= kDomainBytesMax && isPlain(text.front()) && isPlain(text.back()) &&
           std::all_of(text.begin(), text.end(), [&](char c) { return isPlain(c) || c == '.' || c == '-'; });
}

Result<AnyAct> readRoot(json::Object const& object, Fields& fields) {
    if (fields.has("reg")) return AnyAct(RootAct{quorumFrom(object, fields)});
    FoundAct act;
    act.college = fields.text("college");
    act.domain = fields.text("domain");
    if (!isDomain(act.domain)) fields.fail("domain");
    act.person = fields.person("person");
    if (act.person.text().size() == 2 * DeviceId::size) fields.fail("person");
    act.key = fields.token<PublicKey>("key");
    // A college begins with one person, who then names the others: each of them has agreed to something by then.
    Quorum const alone{{act.person}, 1};
    for (char const* key : {"root", "admin"}) {
        json::Object const* const quorum = fields.object(key);
        if (quorum != nullptr && !(quorumFrom(*quorum, fields) == alone)) fields.fail(key);
    }
    if (json::Object const* const policy = fields.object("policy")) {
        auto read = policyFrom(*policy);
        if (!read) return std::move(read).error();
        act.policy = *std::move(read);
    }
    return AnyAct(std::move(act));
}

Result<AnyAct> readPolicy(Fields& fields) {
    PolicyAct act;
    if (json::Object const* const policy = fields.object("policy")) {
        auto read = policyFrom(*policy);
        if (!read) return std::move(read).error();
        act.policy = *std::move(read);
    }
    return AnyAct(std::move(act));
}

/// The exact bytes of a join request, as a string inside the act.
JoinRequest requestFrom(std::string const& bytes, Fields& fields) {
    auto request = decodeJoinRequest(asBytes(bytes));
    if (!request) return fields.fail("request"), JoinRequest{};
    return *std::move(request);
}

AnyAct readServer(Fields& fields) {
    ServerAct act;
    act.key = fields.token<PublicKey>("key");
    std::string const role = fields.text("role");
    if (role != "server" && role != "hub") fields.fail("role");
    act.kind = role == "hub" ? Device::Kind::Hub : Device::Kind::Server;
    act.name = fields.textOrNothing("name");
    act.url = fields.textOrNothing("url");
    if (fields.has("scopes")) {
        json::Array const& scopes = fields.array("scopes");
        if (scopes.size() > kScopesMax) fields.fail("scopes");
        for (json::Value const& value : scopes) {
            auto scope = value.asString() == nullptr ? std::nullopt : Scope::parse(*value.asString());
            if (scope)
                act.scopes.push_back(*std::move(scope));
            else
                fields.fail("scopes");
        }
    }
    act.requestBytes = fields.text("request", kRequestBytesMax);
    act.request = requestFrom(act.requestBytes, fields);
    return act;
}

AnyAct readUnit(Fields& fields) {
    UnitAct act;
    act.unit.id = fields.text("unit");
    if (!isNameToken(act.unit.id)) fields.fail("unit");
    act.unit.name = fields.text("name");
    act.unit.campus = fields.textOrNothing("campus");
    act.unit.closed = fields.flag("closed");
    return act;
}

AnyAct readPerson(Fields& fields) {
    PersonAct act;
    act.person = fields.person("person");
    if (fields.has("document")) {
        if (json::Object const* const object = fields.object("document")) {
            Fields inner(*object);
            act.document = Target{inner.scope("scope"), inner.token<ObjectId>("id")};
            if (!inner.good()) fields.fail("document");
        }
    }
    return act;
}

AnyAct readGrant(Fields& fields) {
    GrantAct act;
    act.person = fields.person("person");
    auto role = Role::parse(fields.text("role") + "@" + fields.scope("scope").text());
    // Everybody enrolled reads the registry and its keeper alone writes it: there is nothing to grant.
    if (!role || role->scope.isRegistry())
        fields.fail("role");
    else
        act.role = *std::move(role);
    act.from = fields.instant("from");
    if (fields.has("until")) {
        act.until = fields.instant("until");
        if (*act.until <= act.from) fields.fail("until");
    }
    act.delegable = fields.flag("delegable");
    return act;
}

AnyAct readDelegate(Fields& fields) {
    DelegateAct act;
    act.grant = fields.token<ObjectId>("grant");
    act.person = fields.person("person");
    act.scope = fields.scope("scope");
    act.from = fields.instant("from");
    act.until = fields.instant("until");
    if (act.until <= act.from) fields.fail("until");
    return act;
}

AnyAct readRevoke(Fields& fields) {
    RevokeAct act;
    if (fields.has("device")) act.device = fields.token<DeviceId>("device");
    if (fields.has("grant")) act.grant = fields.token<ObjectId>("grant");
    if (act.device.has_value() == act.grant.has_value()) fields.fail("device");
    for (json::Value const& value : fields.array("cuts")) {
        json::Object const* const object = value.asObject();
        if (object == nullptr) return fields.fail("cuts"), AnyAct(act);
        Fields inner(*object);
        Cut cut{inner.token<DeviceId>("device"), inner.scope("scope"), inner.token<FrameId>("frame")};
        // A cut of another device would say nothing about this one, and whoever wrote it meant something else.
        if (!inner.good() || (act.device && cut.device != *act.device)) return fields.fail("cuts"), AnyAct(act);
        act.cuts.push_back(std::move(cut));
    }
    std::sort(act.cuts.begin(), act.cuts.end());
    act.reason = fields.textOrNothing("reason");
    return act;
}

AnyAct readRedact(Fields& fields) {
    RedactAct act;
    for (json::Value const& value : fields.array("ids")) {
        auto const id = value.asString() == nullptr ? std::nullopt : ObjectId::fromHex(*value.asString());
        if (!id) return fields.fail("ids"), AnyAct(act);
        act.ids.push_back(*id);
    }
    if (act.ids.empty()) fields.fail("ids");
    static_cast<void>(fields.text("rule"));
    static_cast<void>(fields.text("why"));
    return act;
}

Result<AnyAct> readWhat(std::string const& name, json::Object const& object, Fields& fields) {
    if (name == "root") return readRoot(object, fields);
    if (name == "admin") return AnyAct(AdminAct{quorumFrom(object, fields)});
    if (name == "policy") return readPolicy(fields);
    if (name == "move") return AnyAct(MoveAct{fields.token<DeviceId>("device")});
    if (name == "server") return readServer(fields);
    if (name == "unit") return readUnit(fields);
    if (name == "person") return readPerson(fields);
    if (name == "device") {
        DeviceAct act;
        act.requestBytes = fields.text("request", kRequestBytesMax);
        act.request = requestFrom(act.requestBytes, fields);
        return AnyAct(std::move(act));
    }
    if (name == "grant") return readGrant(fields);
    if (name == "delegate") return readDelegate(fields);
    if (name == "revoke") return readRevoke(fields);
    if (name == "redact") return readRedact(fields);
    if (name == "witness") return AnyAct(WitnessAct{});
    return makeError(ErrorCode::Unsupported, "newer.act", name);
}

}  // namespace

bool isActName(std::string_view name) noexcept {
    constexpr std::string_view kNames[] = {"root",   "admin", "policy",   "move",   "server", "unit",   "person",
                                           "device", "grant", "delegate", "revoke", "redact", "witness"};
    return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

Result<Act> parseAct(std::string_view text) {
    auto const parsed = json::parse(text);
    if (!parsed) return parsed.error();
    json::Object const* const object = parsed->asObject();
    if (object == nullptr) return malformed("form");
    Fields fields(*object);
    Act act;
    act.hash = sha256(asBytes(text));
    act.name = fields.text("act");
    static_cast<void>(fields.token<Nonce>("n"));
    bool const founds = act.name == "root" && !fields.has("school") && !fields.has("reg");
    if (!founds) {
        act.school = fields.token<SchoolId>("school");
        auto const point = fields.has("reg") ? registryPointFrom(*object->find("reg")) : std::nullopt;
        if (point)
            act.reg = *point;
        else
            fields.fail("reg");
    }
    if (!fields.good()) return fields.error();
    auto what = readWhat(act.name, *object, fields);
    if (!what) return std::move(what).error();
    if (!fields.good()) return fields.error();
    act.what = *std::move(what);
    return act;
}

// The making of acts and agreements.

std::string foundingAct(std::string_view college, std::string_view domain, PersonId const& person, PublicKey const& key,
                        Policy const& policy, Nonce const& nonce) {
    json::Object const alone{{"persons", json::Array{person.text()}}, {"threshold", 1}};
    return json::encode(json::Object{{"act", "root"},
                                     {"college", college},
                                     {"domain", domain},
                                     {"person", person.text()},
                                     {"key", key.hex()},
                                     {"root", alone},
                                     {"admin", alone},
                                     {"policy", toJson(policy)},
                                     {"n", nonce.hex()}});
}

std::string makeAct(std::string_view act, SchoolId const& school, RegistryPoint const& reg, json::Object members,
                    Nonce const& nonce) {
    members.set("act", act);
    members.set("school", school.hex());
    members.set("reg", toJson(reg));
    members.set("n", nonce.hex());
    return json::encode(std::move(members));
}

Result<Agreement> agree(std::string_view act, PersonId const& person, Signer& signer, std::string_view domain) {
    auto signature = signer.sign(nameSpaceFor("agree", domain), asBytes(act));
    if (!signature) return std::move(signature).error();
    return Agreement{person, deviceIdOf(signer.publicKey()), *signature};
}

json::Object bodyOf(Proposal const& proposal) {
    json::Array agreed;
    for (Agreement const& agreement : proposal.agreed) {
        agreed.push_back(json::Object{{"person", agreement.person.text()},
                                      {"device", agreement.device.hex()},
                                      {"sig", agreement.signature.hex()}});
    }
    return json::Object{{"act", proposal.act}, {"agreed", std::move(agreed)}};
}

Result<Proposal> proposalFrom(json::Object const& body) {
    Proposal proposal;
    std::string const* const act = json::stringAt(body, "act");
    if (act == nullptr) return makeError(ErrorCode::Malformed, "proposal.act");
    proposal.act = *act;
    json::Array const* const agreed = json::arrayAt(body, "agreed");
    if (agreed == nullptr || agreed->size() > kAgreementsMax) return makeError(ErrorCode::Malformed, "proposal.agreed");
    for (json::Value const& value : *agreed) {
        json::Object const* const object = value.asObject();
        if (object == nullptr) return makeError(ErrorCode::Malformed, "proposal.agreed");
        Fields fields(*object);
        proposal.agreed.push_back(
            {fields.person("person"), fields.token<DeviceId>("device"), fields.token<Signature>("sig")});
        if (!fields.good()) return makeError(ErrorCode::Malformed, "proposal.agreed");
    }
    return proposal;
}

}  // namespace spiral::trust
