// A college for tests: named people with real keys, real signed registry entries, and rows with the frames that list
// them. Everything comes from a seed. Words are short, so that a test reads as a story:
//
//     College college;
//     auto li = college.person("li");
//     college.grant(li, "clerk@unit/jwc");
//     Row plan = college.write(li, "unit/jwc");
//     CHECK(college.judge({plan}).at(plan.id).verdict == Verdict::NotYetWitnessed);
#pragma once

#include "base/sha256.h"
#include "trust/authority.h"
#include "trust/enrolment.h"
#include "trust/registry.h"

#include <catch2/catch.hpp>

#include <map>
#include <memory>
#include <utility>

namespace spiral::trust {

/// Midnight of the n-th day after 2026-03-01, when the college of the tests is founded.
inline Instant day(int n) {
    using namespace std::chrono;
    return Instant(sys_days(year{2026} / 3 / 1)) + days(n);
}
inline Scope scopeOf(std::string_view text) { return Scope::parse(text).value(); }

/// A device's key, shared by the copies of whoever holds it.
struct Key {
    std::shared_ptr<SecretKey> secret;
    [[nodiscard]] PublicKey const& publicKey() const { return secret->publicKey(); }
    [[nodiscard]] DeviceId id() const { return deviceIdOf(secret->publicKey()); }
};
struct Someone {
    std::string name;
    PersonId id;
    std::vector<Key> keys;
    [[nodiscard]] Key const& key(std::size_t device = 0) const { return keys.at(device); }
};
/// A registry entry as it travels.
struct SignedEntry {
    ObjectId id;
    std::string bytes;
    Signature signature;
};
/// What is unusual about a row. Nothing set: made on day 10 on the first device, relying on the newest head, no
/// receipt.
struct Made {
    Instant time = day(10);
    std::optional<Instant> receipt;
    std::optional<RegistryPoint> reg;       ///< of the record
    std::optional<RegistryPoint> frameReg;  ///< of its frame; the same unless set
    std::size_t device = 0;
    json::Object body;
};

class College {
public:
    explicit College(std::uint64_t seed = 1, Policy policy = firstPolicy(), std::string domain = "qa.example.edu.cn")
        : m_random(seed), m_domain(std::move(domain)) {
        founder = {"founder", newPersonId(), {newKey()}};
        keeper = founder;
        Proposal proposal;
        proposal.act = foundingAct("示例职业学院", m_domain, founder.id, founder.key().publicKey(), policy,
                                   m_random.token<Nonce>());
        proposal.agreed = {agreementOf(founder, proposal.act)};
        entries.push_back(signEntry("root.v1", proposal, std::nullopt));
        REQUIRE(registry.add(asBytes(entries[0].bytes), entries[0].signature).added == Registry::Added::Appended);
    }

    Registry registry;
    std::vector<SignedEntry> entries;  ///< all that were appended or branched, in that order
    Someone founder, keeper;

    // People and keys.
    Key newKey() {
        std::array<std::uint8_t, SecretKey::kSeedBytes> seed{};
        m_random.fill(seed);
        return {std::make_shared<SecretKey>(SecretKey::fromSeed(seed))};
    }
    PersonId newPersonId() { return PersonId::parse(m_random.token<Nonce>().hex()).value(); }
    /// Enrolled with one device.
    Someone person(std::string name) {
        Someone someone{std::move(name), newPersonId(), {}};
        enrol(someone, {founder});
        return someone;
    }
    /// One more device in the same hands.
    void enrol(Someone& someone, std::vector<Someone> const& admins) {
        someone.keys.push_back(newKey());
        append("device", {{"request", requestBytes(someone.keys.back(), someone.id)}}, admins);
    }
    /// The bytes of a join request by this key.
    std::string requestBytes(Key const& key, PersonId const& person) {
        json::Object request{{"v", 1},
                             {"invitation", m_random.token<Sha256>().hex()},
                             {"person", person.text()},
                             {"key", key.publicKey().hex()},
                             {"proof", m_random.token<Sha256>().hex()}};
        auto const signature = key.secret->sign(nameSpaceFor("join", m_domain), asBytes(json::encode(request)));
        request.set("sig", signature.value().hex());
        return json::encode(request);
    }
    Someone server(std::string const& role = "server", std::vector<std::string> const& scopes = {}) {
        Key const key = newKey();
        Someone someone{role, PersonId::fromDevice(key.id()), {key}};
        json::Object members{{"key", key.publicKey().hex()},
                             {"role", role},
                             {"url", "spiral://qa.example.edu.cn:7400"},
                             {"request", requestBytes(key, someone.id)}};
        if (!scopes.empty()) members.set("scopes", json::Array(scopes.begin(), scopes.end()));
        append("server", std::move(members), {founder});
        return someone;
    }

    // Acts, proposals, entries.
    Agreement agreementOf(Someone const& someone, std::string const& act, std::size_t device = 0) {
        return agree(act, someone.id, *someone.key(device).secret, m_domain).value();
    }
    Proposal propose(std::string_view act, json::Object members, std::vector<Someone> const& agreed,
                     std::optional<RegistryPoint> seen = {}) {
        Proposal proposal;
        proposal.act = makeAct(act, registry.school(), seen.value_or(registry.head()), std::move(members),
                               m_random.token<Nonce>());
        for (Someone const& someone : agreed) proposal.agreed.push_back(agreementOf(someone, proposal.act));
        return proposal;
    }
    /// The record around a proposal, signed by the keeper.
    SignedEntry signEntry(std::string_view kind, Proposal const& proposal, std::optional<RegistryPoint> predecessor) {
        return signRecord(entryRecord(kind, proposal, predecessor), keeper.key());
    }
    SignedEntry signEntry(std::string_view kind, Proposal const& proposal) {
        return signEntry(kind, proposal, registry.head());
    }
    Record entryRecord(std::string_view kind, Proposal const& proposal, std::optional<RegistryPoint> predecessor) {
        Record record;
        if (predecessor) record.school = registry.school();
        record.scope = Scope::registry();
        record.kind = kind;
        record.by = {keeper.id, keeper.key().id()};
        record.role = Role{"keeper", Scope::registry()};
        record.body = bodyOf(proposal);
        record.reg = predecessor;
        record.time = entryTime;
        record.nonce = m_random.token<Nonce>();
        return record;
    }
    SignedEntry signRecord(Record const& record, Key const& key) {
        SignedEntry entry;
        entry.bytes = encode(record);
        entry.id = hashAs<ObjectId>(asBytes(entry.bytes));
        entry.signature = key.secret->sign(nameSpaceFor(record.kind, m_domain), asBytes(entry.bytes)).value();
        return entry;
    }
    Registry::Outcome add(SignedEntry const& entry) {
        auto outcome = registry.add(asBytes(entry.bytes), entry.signature);
        if (outcome.added == Registry::Added::Appended || outcome.added == Registry::Added::Branched)
            entries.push_back(entry);
        return outcome;
    }
    /// What the keeper's append of this act gives; the slug says why not.
    Registry::Outcome tryAppend(std::string_view act, json::Object members, std::vector<Someone> const& agreed) {
        return add(signEntry(std::string(act) + ".v1", propose(act, std::move(members), agreed)));
    }
    ObjectId append(std::string_view act, json::Object members, std::vector<Someone> const& agreed) {
        auto const outcome = tryAppend(act, std::move(members), agreed);
        INFO(act << ": " << outcome.reason);
        REQUIRE(outcome.added == Registry::Added::Appended);
        return entries.back().id;
    }
    static json::Object grantMembers(Someone const& someone, std::string_view role, Instant from = day(0),
                                     std::optional<Instant> until = {}) {
        Role const parsed = Role::parse(role).value();
        json::Object members{{"person", someone.id.text()},
                             {"role", parsed.name},
                             {"scope", parsed.scope.text()},
                             {"from", toText(from)}};
        if (until) members.set("until", toText(*until));
        return members;
    }
    ObjectId grant(Someone const& someone, std::string_view role, Instant from = day(0),
                   std::optional<Instant> until = {}, bool delegable = false) {
        json::Object members = grantMembers(someone, role, from, until);
        if (delegable) members.set("delegable", true);
        return append("grant", std::move(members), {founder});
    }
    static json::Object delegateMembers(ObjectId const& origin, Someone const& to, std::string_view scope, Instant from,
                                        Instant until) {
        return {{"grant", origin.hex()},
                {"person", to.id.text()},
                {"scope", std::string(scope)},
                {"from", toText(from)},
                {"until", toText(until)}};
    }
    static json::Object revokeMembers(DeviceId const& device, std::vector<Cut> const& cuts = {}) {
        return {{"device", device.hex()}, {"cuts", cutsOf(cuts)}, {"reason", "lost"}};
    }
    static json::Object revokeMembers(ObjectId const& grant, std::vector<Cut> const& cuts = {}) {
        return {{"grant", grant.hex()}, {"cuts", cutsOf(cuts)}, {"reason", "ended"}};
    }
    static json::Object quorumMembers(std::vector<Someone> const& persons, int threshold) {
        std::set<std::string> ids;
        for (Someone const& someone : persons) ids.insert(someone.id.text());
        return {{"persons", json::Array(ids.begin(), ids.end())}, {"threshold", threshold}};
    }

    // Rows. Each gets a frame of its own in the feed of its device and scope.
    Row write(Someone const& someone, std::string_view scope, std::vector<ObjectId> parents = {}, Made made = {}) {
        Revision revision;
        revision.school = registry.school();
        revision.scope = scopeOf(scope);
        revision.doc = m_random.token<DocumentId>();
        revision.type = "task.v1";
        std::sort(parents.begin(), parents.end());
        revision.parents = std::move(parents);
        revision.by = {someone.id, someone.key(made.device).id()};
        revision.time.wall = made.time;
        revision.nonce = m_random.token<Nonce>();
        auto const id = hashAs<ObjectId>(asBytes(encode(revision)));
        return {id, std::move(revision), {place(someone.key(made.device).id(), scopeOf(scope), made)}};
    }
    Record record(Someone const& someone, std::string_view kind, std::string_view role, std::string_view scope,
                  std::optional<Target> of, Made const& made = {}) {
        Record record;
        record.school = registry.school();
        record.scope = scopeOf(scope);
        record.kind = std::string(kind) + ".v1";
        record.by = {someone.id, someone.key(made.device).id()};
        record.role = Role::parse(role).value();
        record.of = std::move(of);
        record.body = made.body;
        record.reg = made.reg.value_or(registry.head());
        record.time = made.time;
        record.nonce = m_random.token<Nonce>();
        return record;
    }
    Row row(Record record, Made const& made = {}) {
        auto const id = hashAs<ObjectId>(asBytes(encode(record)));
        Place where = place(record.by.device, record.scope, made);
        return {id, std::move(record), {std::move(where)}};
    }
    /// An act on a row of this scope.
    Row act(Someone const& someone, std::string_view kind, std::string_view role, Row const& target, Made made = {}) {
        Scope const scope = target.revision() != nullptr ? target.revision()->scope : target.record()->scope;
        return row(record(someone, kind, role, scope.text(), Target{scope, target.id}, made), made);
    }
    Place place(DeviceId const& device, Scope const& scope, Made const& made) {
        Feed& feed = m_feeds[{device, scope}];
        auto const tip = feed.highestTip();
        Place where;
        where.frame = m_random.token<FrameId>();
        where.device = device;
        where.scope = scope;
        where.school = registry.school();
        where.reg = made.frameReg ? *made.frameReg : made.reg.value_or(registry.head());
        where.seq = tip ? tip->seq + 1 : 1;
        if (made.receipt) where.receipt = Receipt{*made.receipt, ++m_receipts, 0, 0};
        FeedFrame frame{where.frame, std::nullopt, where.seq, {}, where.receipt};
        if (tip) frame.prev = tip->id;
        feed.add(frame);
        return where;
    }
    Cut cutAt(Row const& row) const {
        Place const& where = row.places.front();
        return {where.device, where.scope, where.frame};
    }
    Feed& feed(DeviceId const& device, std::string_view scope) { return m_feeds[{device, scopeOf(scope)}]; }
    [[nodiscard]] StandsBelow below() const {
        return [this](DeviceId const& device, Scope const& scope, FrameId const& frame,
                      FrameId const& cut) -> std::optional<bool> {
            auto const found = m_feeds.find({device, scope});
            return found == m_feeds.end() ? std::nullopt : found->second.isAncestorOrSelf(frame, cut);
        };
    }
    [[nodiscard]] std::unordered_map<ObjectId, Judgement> judge(std::vector<Row> const& rows) const {
        return judgeDocument(rows, registry, below());
    }
    /// The reason, or "" when the row stands, of one of these rows.
    [[nodiscard]] std::string reason(std::vector<Row> const& rows, Row const& row) const {
        return judge(rows).at(row.id).reason;
    }
    [[nodiscard]] Verdict verdict(std::vector<Row> const& rows, Row const& row) const {
        return judge(rows).at(row.id).verdict;
    }

    SeededRandom& random() { return m_random; }
    [[nodiscard]] std::string const& domain() const { return m_domain; }
    Instant entryTime = day(0);  ///< `t` of the next entries

private:
    static json::Array cutsOf(std::vector<Cut> const& cuts) {
        json::Array array;
        for (Cut const& cut : cuts) {
            array.push_back(
                json::Object{{"device", cut.device.hex()}, {"scope", cut.scope.text()}, {"frame", cut.frame.hex()}});
        }
        return array;
    }

    SeededRandom m_random;
    std::string m_domain;
    std::map<std::pair<DeviceId, Scope>, Feed> m_feeds;
    std::uint64_t m_receipts = 0;
};

/// A college with the usual people, each with the role of the name in unit jwc.
struct Office : College {
    Someone clerk = person("clerk"), other = person("other"), head = person("head"), quality = person("quality");
    ObjectId clerkGrant = grant(clerk, "clerk@unit/jwc"), otherGrant = grant(other, "clerk@unit/jwc");
    ObjectId headGrant = grant(head, "head@unit/jwc", day(0), day(100), true);
    ObjectId qualityGrant = grant(quality, "quality@college");
    Someone machine = server();

    Row plan(Made const& made = {}) { return write(clerk, "unit/jwc", {}, made); }
    Row approve(Row const& row, Made const& made = {}) { return act(head, "approve", "head@unit/jwc", row, made); }
    Row accept(Row const& row, Made const& made = {}) { return act(quality, "accept", "quality@college", row, made); }
};
/// Made and witnessed on that day.
inline Made receipted(int n) {
    Made made;
    made.time = day(n);
    made.receipt = day(n);
    return made;
}

}  // namespace spiral::trust

template <>
struct Catch::StringMaker<spiral::trust::Judgement> {
    static std::string convert(spiral::trust::Judgement const& judgement) {
        return std::string(spiral::trust::nameOf(judgement.verdict)) + " " + judgement.reason + " " + judgement.about;
    }
};
template <>
struct Catch::StringMaker<spiral::trust::Verdict> {
    static std::string convert(spiral::trust::Verdict verdict) { return std::string(spiral::trust::nameOf(verdict)); }
};
