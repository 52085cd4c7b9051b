#include "trust/registry.h"

#include "college_fixture.h"

#include <cstdlib>
#include <fstream>

using namespace spiral;
using namespace spiral::trust;
using Added = Registry::Added;

namespace {

/// Another registry with these entries, in this order.
Registry folded(std::vector<SignedEntry> const& entries) {
    Registry registry;
    for (SignedEntry const& entry : entries) registry.add(asBytes(entry.bytes), entry.signature);
    return registry;
}
void shuffle(std::vector<SignedEntry>& entries, SeededRandom& random) {
    for (std::size_t i = entries.size(); i > 1; --i) std::swap(entries[i - 1], entries[random.below(i)]);
}
/// The reason of an Invalid entry; fails if it was taken.
std::string refusal(Registry::Outcome const& outcome) {
    CHECK(outcome.added == Added::Invalid);
    return outcome.reason;
}

}  // namespace

TEST_CASE("a college is founded by one signed entry", "[registry]") {
    College college;
    CHECK(college.registry.school() == college.entries[0].id);
    CHECK(college.registry.head() == RegistryPoint{1, college.entries[0].id});
    CHECK(college.registry.domain() == "qa.example.edu.cn");
    CHECK(college.registry.college() == "示例职业学院");
    CHECK(college.registry.keeper() == college.founder.key().id());
    CHECK(college.registry.root(1) == Quorum{{college.founder.id}, 1});
    CHECK(college.registry.admins(1) == Quorum{{college.founder.id}, 1});
    CHECK(college.registry.policy(1) == firstPolicy());
    CHECK(college.registry.persons() == std::vector{college.founder.id});
    CHECK(college.add(college.entries[0]).added == Added::Known);
}

TEST_CASE("a founding entry is checked against itself", "[registry]") {
    College college;
    Someone const other{"other", college.newPersonId(), {college.newKey()}};
    Record const good = decodeRecord(asBytes(college.entries[0].bytes)).value();
    auto const proposal = proposalFrom(good.body).value();
    auto const refused = [&](Record const& record, Key const& key) {
        SignedEntry const entry = college.signRecord(record, key);
        Registry empty;
        auto const outcome = empty.add(asBytes(entry.bytes), entry.signature);
        CHECK(empty.empty());
        return refusal(outcome);
    };

    CHECK(refused(good, other.key()) == "registry.signature");
    SECTION("by somebody else") {
        Record record = good;
        record.by = {other.id, other.key().id()};
        CHECK(refused(record, other.key()) == "registry.founder");
    }
    SECTION("without the founder's agreement") {
        Record record = good;
        record.body = bodyOf({proposal.act, {college.agreementOf(other, proposal.act)}});
        CHECK(refused(record, college.founder.key()) == "registry.threshold");
    }
    SECTION("in another role") {
        Record record = good;
        record.role = Role::parse("admin@registry").value();
        CHECK(refused(record, college.founder.key()) == "registry.role");
    }
    SECTION("with two roots from the start") {
        json::Value act = json::parse(proposal.act).value();
        act.asObject()->set("root", json::Object{{"persons", json::Array{college.founder.id.text()}}, {"threshold", 2}});
        Proposal const changed{json::encode(act), {college.agreementOf(college.founder, json::encode(act))}};
        Record record = good;
        record.body = bodyOf(changed);
        CHECK(refused(record, college.founder.key()) == "act.threshold");
    }
    SECTION("a second college in one registry") {
        College const second(2);
        CHECK(refusal(college.add(second.entries[0])) == "registry.other-college");
    }
    SECTION("a registry that knows its college takes no other first entry") {
        College const second(2);
        Registry anchored(college.registry.school());
        CHECK(refusal(anchored.add(asBytes(second.entries[0].bytes), second.entries[0].signature)) ==
              "registry.other-college");
        CHECK(anchored.add(asBytes(college.entries[0].bytes), college.entries[0].signature).added == Added::Appended);
    }
}

TEST_CASE("every entry is the keeper's, in its role, after its predecessor", "[registry]") {
    College college;
    Someone const li = college.person("li");
    Proposal const proposal = college.propose("grant", College::grantMembers(li, "clerk@unit/jwc"), {college.founder});
    Record const good = college.entryRecord("grant.v1", proposal, college.registry.head());
    RegistryPoint const head = college.registry.head();
    auto const refused = [&](auto change, Key const& key) {
        Record record = good;
        change(record);
        std::string const reason = refusal(college.add(college.signRecord(record, key)));
        CHECK(college.registry.head() == head);
        return reason;
    };
    Key const& keeper = college.keeper.key();

    CHECK(refused([](Record&) {}, li.key()) == "registry.signature");
    CHECK(refused([&](Record& record) { record.by = {li.id, li.key().id()}; }, li.key()) == "registry.keeper");
    CHECK(refused([&](Record& record) { record.by.person = li.id; }, keeper) == "registry.keeper-person");
    CHECK(refused([](Record& record) { record.role = Role::parse("admin@registry").value(); }, keeper) == "registry.role");
    CHECK(refused([](Record& record) { record.scope = Scope::college(); }, keeper) == "registry.scope");
    CHECK(refused([](Record& record) { record.kind = "unit.v1"; }, keeper) == "registry.kind");
    CHECK(refused([&](Record& record) { record.of = Target{Scope::registry(), head.hash}; }, keeper) == "registry.target");
    CHECK(refused([](Record& record) { record.school->raw[0] ^= 1; }, keeper) == "registry.school");
    // A number skipped.
    CHECK(refused([](Record& record) { record.reg->seq = 3; }, keeper) == "registry.predecessor");
    // A signature in another name space.
    SignedEntry entry = college.signRecord(good, keeper);
    entry.signature =
        keeper.secret->sign(nameSpaceFor("revoke", college.domain()), asBytes(entry.bytes)).value();
    CHECK(refusal(college.add(entry)) == "registry.signature");

    CHECK(college.add(college.signRecord(good, keeper)).added == Added::Appended);
}

TEST_CASE("an act belongs to its college and to a head that its signers saw", "[registry]") {
    College college;
    Someone const li = college.person("li");
    json::Object const members = College::grantMembers(li, "clerk@unit/jwc");
    auto const addAct = [&](std::string act) {
        Proposal const proposal{act, {college.agreementOf(college.founder, act)}};
        return college.add(college.signEntry("grant.v1", proposal));
    };
    Nonce const nonce = college.random().token<Nonce>();
    SchoolId const other = college.random().token<SchoolId>();
    RegistryPoint const unknown{1, college.random().token<ObjectId>()};
    CHECK(refusal(addAct(makeAct("grant", other, college.registry.head(), members, nonce))) == "registry.school");
    CHECK(refusal(addAct(makeAct("grant", college.registry.school(), unknown, members, nonce))) == "registry.act-head");
    CHECK(refusal(addAct(makeAct("revoke", college.registry.school(), college.registry.head(),
                                 College::revokeMembers(li.key().id()), nonce))) == "registry.kind");
    CHECK(refusal(addAct("{\"act\":\"grant\"}")) == "act.n");
    CHECK(refusal(addAct("{ }")).starts_with("json."));

    // One that was signed against an older head counts still.
    RegistryPoint const older{1, college.registry.school()};
    Proposal const late = college.propose("grant", members, {college.founder}, older);
    CHECK(college.registry.judge(late));
    CHECK(college.add(college.signEntry("grant.v1", late)).added == Added::Appended);
    // The same act again, in a new record, does not.
    CHECK(college.registry.judge(late).error().reason == "registry.act-repeated");
    CHECK(refusal(college.add(college.signEntry("grant.v1", late))) == "registry.act-repeated");
}

TEST_CASE("what this program does not know waits for a newer one", "[registry]") {
    College college;
    Someone const li = college.person("li");
    Proposal const unknownAct = college.propose("merge-units", {}, {college.founder});
    CHECK(college.registry.judge(unknownAct).error().reason == "newer.act");
    auto outcome = college.add(college.signEntry("merge-units.v1", unknownAct));
    CHECK(outcome.added == Added::Waiting);
    CHECK(outcome.reason == "registry.newer-kind");
    outcome = college.add(college.signEntry(
        "grant.v2", college.propose("grant", College::grantMembers(li, "clerk@unit/jwc"), {college.founder})));
    CHECK(outcome.reason == "registry.newer-kind");
    Record record = college.entryRecord(
        "grant.v1", college.propose("grant", College::grantMembers(li, "clerk@unit/jwc"), {college.founder}),
        college.registry.head());
    record.unknown.set("mystery", 1);
    record.critical = {"mystery"};
    outcome = college.add(college.signRecord(record, college.keeper.key()));
    CHECK(outcome.added == Added::Waiting);
    CHECK(outcome.reason == "registry.newer-version");
    // Unless it is not even the keeper's.
    Record const forged = college.entryRecord("merge-units.v1", unknownAct, college.registry.head());
    CHECK(refusal(college.add(college.signRecord(forged, li.key()))) == "registry.signature");
    CHECK(college.registry.head().seq == 2);
}

TEST_CASE("a device is enrolled by its own signed request", "[registry]") {
    College college;
    Someone li = college.person("li");
    CHECK(college.registry.device(li.key().id())->person == li.id);
    CHECK(college.registry.device(li.key().id())->since == 2);
    Key const key = college.newKey();
    std::string const request = college.requestBytes(key, college.newPersonId());
    auto const tryRequest = [&](std::string const& bytes) {
        return refusal(college.tryAppend("device", {{"request", bytes}}, {college.founder}));
    };
    std::string changed = request;
    auto const digit = changed.find("\"invitation\":\"") + 14;
    changed[digit] = changed[digit] == '0' ? '1' : '0';
    CHECK(tryRequest(changed) == "registry.request-signature");
    CHECK(tryRequest(request + " ") == "act.request");
    CHECK(tryRequest(college.requestBytes(li.key(), li.id)) == "registry.enrolled");
    CHECK(tryRequest(college.requestBytes(key, PersonId::fromDevice(key.id()))) == "registry.request");
    // A server is enrolled under its own name only.
    json::Object const server{{"key", key.publicKey().hex()}, {"role", "server"}, {"request", request}};
    CHECK(refusal(college.tryAppend("server", server, {college.founder})) == "registry.request");
}

TEST_CASE("thresholds count persons, not devices or signatures", "[registry]") {
    College college;
    Someone li = college.person("li");
    Someone const wang = college.person("wang");
    college.append("admin", College::quorumMembers({college.founder, li, wang}, 2), {college.founder});
    json::Object const high = College::grantMembers(wang, "quality@college");

    CHECK(refusal(college.tryAppend("grant", high, {li})) == "registry.threshold");
    CHECK(refusal(college.tryAppend("grant", high, {li, li})) == "registry.threshold");
    // Her second device is enrolled by two, and makes her no second person.
    CHECK(refusal(college.tryAppend("device", {{"request", college.requestBytes(college.newKey(), li.id)}}, {wang})) ==
          "registry.threshold");
    college.enrol(li, {wang, college.founder});
    Proposal proposal = college.propose("grant", high, {li});
    proposal.agreed.push_back(college.agreementOf(li, proposal.act, 1));
    CHECK(college.registry.judge(proposal).error().reason == "registry.threshold");
    // A signature that is not hers, one over other bytes, and one of somebody who is no admin count for nothing.
    Someone const zhao = college.person("zhao");
    proposal.agreed.push_back({wang.id, wang.key().id(), college.random().token<Signature>()});
    proposal.agreed.push_back({wang.id, li.key().id(), proposal.agreed[0].signature});
    proposal.agreed.push_back(college.agreementOf(zhao, proposal.act));
    CHECK(college.registry.judge(proposal).error().reason == "registry.threshold");
    CHECK(refusal(college.add(college.signEntry("grant.v1", proposal))) == "registry.threshold");
    proposal.agreed.push_back(college.agreementOf(wang, proposal.act));
    CHECK(college.registry.judge(proposal));
    CHECK(college.add(college.signEntry("grant.v1", proposal)).added == Added::Appended);
    // A role that is not high takes one admin.
    CHECK(college.tryAppend("grant", College::grantMembers(zhao, "clerk@unit/jwc"), {li}).added == Added::Appended);
    CHECK(refusal(college.tryAppend("grant", College::grantMembers(zhao, "clerk@unit/jwc"), {zhao})) ==
          "registry.threshold");
}

TEST_CASE("a device in the name of somebody high costs what she can decide", "[registry]") {
    College college;
    Someone const admin = college.person("admin");
    Someone const head = college.person("head");
    Someone const clerk = college.person("clerk");
    college.grant(head, "head@unit/jwc");
    college.grant(clerk, "clerk@unit/jwc");
    college.append("admin", College::quorumMembers({college.founder, admin}, 2), {college.founder});
    auto const enrolBy = [&](Someone const& someone, std::vector<Someone> const& agreed) {
        json::Object const members{{"request", college.requestBytes(college.newKey(), someone.id)}};
        return college.registry.judge(college.propose("device", members, agreed)).has_value();
    };
    CHECK(enrolBy(clerk, {admin}));
    CHECK_FALSE(enrolBy(head, {admin}));
    CHECK(enrolBy(head, {admin, college.founder}));
    CHECK_FALSE(enrolBy(admin, {admin}));
    CHECK(enrolBy(college.founder, {college.founder}));        // the root threshold is still 1
    CHECK_FALSE(enrolBy(college.founder, {admin}));
    // Taking away: by the admin threshold as well, but one admin for a clerk.
    auto const revokeBy = [&](DeviceId const& device, std::vector<Someone> const& agreed) {
        return college.registry.judge(college.propose("revoke", College::revokeMembers(device), agreed)).has_value();
    };
    CHECK(revokeBy(clerk.key().id(), {admin}));
    CHECK_FALSE(revokeBy(head.key().id(), {admin}));
    CHECK(revokeBy(head.key().id(), {admin, college.founder}));
}

TEST_CASE("the root changes hands by the thresholds of old and new, version by version", "[registry]") {
    College college;
    Someone const a = college.person("a");
    Someone const b = college.person("b");
    Someone const c = college.person("c");
    Someone const& founder = college.founder;
    std::vector<SignedEntry> const before = college.entries;

    // N → N+1: both.
    CHECK(refusal(college.tryAppend("root", College::quorumMembers({a, b}, 2), {founder})) == "registry.threshold");
    CHECK(refusal(college.tryAppend("root", College::quorumMembers({a, b}, 2), {founder, a})) == "registry.threshold");
    CHECK(refusal(college.tryAppend("root", College::quorumMembers({a, b}, 2), {a, b})) == "registry.threshold");
    college.append("root", College::quorumMembers({a, b}, 2), {founder, a, b});
    SignedEntry const second = college.entries.back();
    // The old root is out.
    CHECK(refusal(college.tryAppend("root", College::quorumMembers({founder}, 1), {founder})) == "registry.threshold");
    CHECK(refusal(college.tryAppend("admin", College::quorumMembers({a}, 1), {founder})) == "registry.threshold");
    college.append("root", College::quorumMembers({b, c}, 2), {a, b, c});
    SignedEntry const third = college.entries.back();
    college.append("admin", College::quorumMembers({c}, 1), {b, c});
    CHECK(college.registry.root(4).threshold == 1);
    CHECK(college.registry.root(5).persons.size() == 2);
    CHECK(college.registry.admins(7) == Quorum{{c.id}, 1});

    // The versions are checked one by one: the third without the second waits, and is taken up with it.
    Registry registry = folded(before);
    CHECK(registry.add(asBytes(third.bytes), third.signature).added == Added::Waiting);
    CHECK(registry.head().seq == 4);
    CHECK(registry.add(asBytes(second.bytes), second.signature).added == Added::Appended);
    CHECK(registry.head() == RegistryPoint{6, third.id});
    // Nobody can be named who could not sign, and no number that nobody reaches.
    Someone const stranger{"stranger", college.newPersonId(), {college.newKey()}};
    CHECK(refusal(college.tryAppend("admin", College::quorumMembers({stranger}, 1), {b, c})) ==
          "registry.person-without-device");
    CHECK(refusal(college.tryAppend("admin", College::quorumMembers({c}, 2), {b, c})) == "act.threshold");
    CHECK(refusal(college.tryAppend("admin", College::quorumMembers({c}, 0), {b, c})) == "act.threshold");
}

TEST_CASE("delegation goes one step, inside the grant", "[registry]") {
    College college;
    Someone const head = college.person("head");
    Someone const deputy = college.person("deputy");
    ObjectId const origin = college.grant(head, "head@college", day(0), day(100), true);
    ObjectId const fixed = college.grant(head, "head@unit/jwc");
    auto const tried = [&](ObjectId const& grant, Someone const& to, std::string_view scope, int from, int until,
                           Someone const& by) {
        return college.tryAppend("delegate", College::delegateMembers(grant, to, scope, day(from), day(until)), {by});
    };
    CHECK(refusal(tried(origin, deputy, "unit/jwc", 5, 20, college.founder)) == "registry.threshold");
    CHECK(refusal(tried(origin, head, "unit/jwc", 5, 20, head)) == "registry.delegation-self");
    CHECK(refusal(tried(origin, deputy, "unit/jwc", 5, 101, head)) == "registry.delegation-interval");
    CHECK(refusal(tried(origin, deputy, "unit/jwc", -1, 20, head)) == "registry.delegation-interval");
    CHECK(refusal(tried(origin, deputy, "unit/jwc", 20, 20, head)) == "act.until");
    CHECK(refusal(tried(origin, deputy, "review/r1", 5, 20, head)) == "registry.delegation-scope");
    CHECK(refusal(tried(fixed, deputy, "unit/jwc", 5, 20, head)) == "registry.not-delegable");
    CHECK(refusal(tried(college.random().token<ObjectId>(), deputy, "unit/jwc", 5, 20, head)) == "registry.grant-unknown");
    CHECK(tried(origin, deputy, "unit/jwc", 5, 20, head).added == Added::Appended);
    ObjectId const delegated = college.entries.back().id;
    Grant const* const grant = college.registry.grant(delegated);
    CHECK(grant->actingFor == head.id);
    CHECK(grant->role.text() == "head@unit/jwc");
    Someone const third = college.person("third");
    CHECK(refusal(tried(delegated, third, "unit/jwc", 6, 10, deputy)) == "registry.delegation-depth");
    // The giver takes back alone; a revoked grant gives nothing more.
    CHECK(college.tryAppend("revoke", College::revokeMembers(delegated), {head}).added == Added::Appended);
    CHECK(college.tryAppend("revoke", College::revokeMembers(origin), {college.founder}).added == Added::Appended);
    CHECK(refusal(tried(origin, deputy, "unit/jwc", 5, 20, head)) == "registry.grant-revoked");
}

TEST_CASE("of two admins who revoke each other the first appended wins", "[registry]") {
    College college;
    Someone const a = college.person("a");
    Someone const b = college.person("b");
    college.append("admin", College::quorumMembers({a, b}, 1), {college.founder});
    Proposal const againstB = college.propose("revoke", College::revokeMembers(b.key().id()), {a});
    Proposal const againstA = college.propose("revoke", College::revokeMembers(a.key().id()), {b});
    auto const [first, second] = GENERATE(std::pair{0, 1}, std::pair{1, 0});
    std::array<Proposal, 2> const proposals{againstB, againstA};
    CHECK(college.registry.judge(proposals[static_cast<std::size_t>(second)]));
    CHECK(college.add(college.signEntry("revoke.v1", proposals[static_cast<std::size_t>(first)])).added == Added::Appended);
    CHECK(college.registry.judge(proposals[static_cast<std::size_t>(second)]).error().reason == "registry.threshold");
    SignedEntry const late = college.signEntry("revoke.v1", proposals[static_cast<std::size_t>(second)]);
    CHECK(refusal(college.add(late)) == "registry.threshold");
    // Whoever hears of the late one first waits, and ends the same.
    std::vector<SignedEntry> reversed = college.entries;
    reversed.push_back(late);
    std::reverse(reversed.begin(), reversed.end());
    Registry const other = folded(reversed);
    CHECK(other.head() == college.registry.head());
    CHECK(other.allowedSigners() == college.registry.allowedSigners());
}

TEST_CASE("a revoked device agrees to nothing more", "[registry]") {
    College college;
    Someone a = college.person("a");
    college.append("admin", College::quorumMembers({a, college.founder}, 1), {college.founder});
    college.enrol(a, {college.founder});
    college.append("revoke", College::revokeMembers(a.key(0).id()), {college.founder});
    Proposal proposal = college.propose("unit", {{"unit", "jwc"}, {"name", "教务处"}, {"campus", "main"}}, {a});
    CHECK(college.registry.judge(proposal).error().reason == "registry.threshold");
    proposal.agreed = {college.agreementOf(a, proposal.act, 1)};
    CHECK(college.registry.judge(proposal));
    CHECK(refusal(college.tryAppend("revoke", College::revokeMembers(college.founder.key().id()), {college.founder})) ==
          "registry.device-is-keeper");
}

TEST_CASE("the keeper moves by the root threshold, and the old one signs nothing more", "[registry]") {
    College college;
    Someone const server = college.server();
    Someone const admin = college.person("admin");
    college.append("admin", College::quorumMembers({admin, college.founder}, 1), {college.founder});
    json::Object const members{{"device", server.key().id().hex()}};
    CHECK(refusal(college.tryAppend("move", members, {admin})) == "registry.threshold");
    json::Object const unknown{{"device", college.newKey().id().hex()}};
    CHECK(refusal(college.tryAppend("move", unknown, {college.founder})) == "registry.device-unknown");
    college.append("move", members, {college.founder});
    CHECK(college.registry.keeper() == server.key().id());
    json::Object const unit{{"unit", "jwc"}, {"name", "教务处"}, {"campus", "main"}};
    CHECK(refusal(college.tryAppend("unit", unit, {admin})) == "registry.keeper");
    college.keeper = server;
    CHECK(college.tryAppend("unit", unit, {admin}).added == Added::Appended);
    CHECK(college.registry.units().at(0).name == "教务处");
    // A closed unit stays on the list.
    json::Object closed = unit;
    closed.set("closed", true);
    college.append("unit", closed, {admin});
    CHECK(college.registry.units().at(0).closed);
}

TEST_CASE("a cloned keeper forks the registry: grants stop, revocations of every branch count", "[registry]") {
    College college;
    Someone const li = college.person("li");
    Someone const wang = college.person("wang");
    ObjectId const kept = college.grant(li, "clerk@unit/jwc");
    RegistryPoint const parting = college.registry.head();
    // The clone appends something else under the same head.
    SignedEntry const left = college.signEntry(
        "grant.v1", college.propose("grant", College::grantMembers(wang, "clerk@unit/jwc"), {college.founder}));
    SignedEntry const right =
        college.signEntry("revoke.v1", college.propose("revoke", College::revokeMembers(kept), {college.founder}));
    CHECK(college.add(left).added == Added::Appended);
    RegistryPoint const onLeft = college.registry.head();
    college.append("unit", {{"unit", "cw"}, {"name", "财务处"}}, {college.founder});
    RegistryPoint const higherOnLeft = college.registry.head();
    CHECK(college.registry.grantsOf(wang.id).size() == 1);

    CHECK(college.add(right).added == Added::Branched);
    RegistryPoint const onRight{parting.seq + 1, right.id};
    CHECK(college.registry.forked());
    CHECK(college.registry.head() == parting);
    CHECK(college.registry.heads().size() == 2);
    CHECK(college.registry.grantsOf(wang.id).empty());
    CHECK(college.registry.units().empty());
    CHECK(college.registry.revocationsOf(kept).size() == 1);
    CHECK_FALSE(college.registry.mayRead(li.key().id(), scopeOf("unit/jwc"), day(10)));
    CHECK(college.registry.locate(onLeft) == parting.seq);
    CHECK(college.registry.locate(higherOnLeft) == parting.seq);
    CHECK(college.registry.isAncestorOrSelf(onLeft, higherOnLeft));
    CHECK(college.registry.isAncestorOrSelf(parting, higherOnLeft));
    CHECK_FALSE(college.registry.isAncestorOrSelf(onRight, higherOnLeft));
    CHECK_FALSE(college.registry.isAncestorOrSelf(higherOnLeft, onLeft));
    CHECK(college.registry.judge(college.propose("unit", {{"unit", "x"}, {"name", "X"}}, {college.founder})).error().reason ==
          "registry.forked");
    // A third entry there is a third branch; the branches may go on, and what they take away counts.
    SignedEntry const third = college.signEntry(
        "unit.v1", college.propose("unit", {{"unit", "x"}, {"name", "X"}}, {college.founder}), parting);
    CHECK(college.add(third).added == Added::Branched);
    SignedEntry const further = college.signEntry(
        "revoke.v1", college.propose("revoke", College::revokeMembers(wang.key().id()), {college.founder}), higherOnLeft);
    CHECK(college.add(further).added == Added::Branched);
    CHECK(college.registry.revocationsOf(wang.key().id()).size() == 1);
    CHECK(college.registry.head() == parting);

    SeededRandom random(7);
    for (int round = 0; round < 30; ++round) {
        std::vector<SignedEntry> entries = college.entries;
        shuffle(entries, random);
        Registry const other = folded(entries);
        CHECK(other.head() == parting);
        CHECK(other.heads() == college.registry.heads());
        CHECK(other.allowedSigners() == college.registry.allowedSigners());
        CHECK(other.revocationsOf(kept).size() == 1);
        CHECK(other.revocationsOf(wang.key().id()).size() == 1);
    }
}

TEST_CASE("a copy of a registry goes its own way", "[registry]") {
    College college;
    Someone const li = college.person("li");
    Registry const before = college.registry;
    college.grant(li, "clerk@unit/jwc");
    CHECK(before.head().seq == 2);
    CHECK(before.grantsOf(li.id).empty());
    CHECK(college.registry.grantsOf(li.id).size() == 1);
}

TEST_CASE("entries wait for their predecessor, and a bad signature does not shut out the good one", "[registry]") {
    College college;
    college.person("a");
    college.person("b");
    SignedEntry const& last = college.entries[2];
    Registry registry;
    CHECK(registry.add(asBytes(last.bytes), college.random().token<Signature>()).added == Added::Waiting);
    CHECK(registry.add(asBytes(last.bytes), last.signature).added == Added::Waiting);
    CHECK(registry.empty());
    CHECK(registry.add(asBytes(college.entries[0].bytes), college.entries[0].signature).added == Added::Appended);
    CHECK(registry.head().seq == 1);
    CHECK(registry.add(asBytes(college.entries[1].bytes), college.entries[1].signature).added == Added::Appended);
    CHECK(registry.head() == college.registry.head());
    CHECK(registry.chain().size() == 3);
    CHECK(registry.chain()[2].first == last.id);
}

TEST_CASE("an older entry offered again changes nothing", "[registry]") {
    College college;
    college.person("a");
    college.person("b");
    RegistryPoint const head = college.registry.head();
    for (SignedEntry const& entry : std::vector(college.entries)) CHECK(college.add(entry).added == Added::Known);
    CHECK(college.registry.head() == head);
    CHECK_FALSE(college.registry.forked());
}

TEST_CASE("redaction takes two admins and never an entry", "[registry]") {
    College college;
    Someone const a = college.person("a");
    college.append("admin", College::quorumMembers({college.founder, a}, 1), {college.founder});
    ObjectId const id = college.random().token<ObjectId>();
    json::Object members{{"ids", json::Array{id.hex()}}, {"rule", "privacy"}, {"why", "a person's number"}};
    CHECK(refusal(college.tryAppend("redact", members, {a})) == "registry.threshold");
    college.append("redact", members, {a, college.founder});
    CHECK(college.registry.isRedacted(id));
    members.set("ids", json::Array{college.entries[1].id.hex()});
    CHECK(refusal(college.tryAppend("redact", members, {a, college.founder})) == "registry.redact-entry");
}

TEST_CASE("a device reads what its person's grants cover now", "[registry]") {
    College college;
    Someone const li = college.person("li");
    Someone const stranger = college.person("stranger");
    Someone const server = college.server();
    Someone const hub = college.server("hub", {"unit/jwc"});
    ObjectId const grant = college.grant(li, "clerk@unit/jwc", day(0), day(20));
    DeviceId const device = li.key().id();
    Scope const unit = scopeOf("unit/jwc");
    auto const reads = [&](DeviceId const& id, std::string_view scope, int now = 10) {
        return college.registry.mayRead(id, scopeOf(scope), day(now));
    };
    CHECK(reads(device, "unit/jwc"));
    CHECK(reads(device, "registry"));
    CHECK(reads(device, "college"));
    CHECK_FALSE(reads(device, "unit/cw"));
    CHECK_FALSE(reads(device, "review/r1"));
    CHECK_FALSE(reads(device, "unit/jwc", 20));
    CHECK_FALSE(reads(device, "unit/jwc", -1));
    CHECK_FALSE(reads(stranger.key().id(), "unit/jwc"));
    CHECK_FALSE(reads(college.newKey().id(), "registry"));
    CHECK(reads(server.key().id(), "review/r1"));
    CHECK(reads(hub.key().id(), "unit/jwc"));
    CHECK_FALSE(reads(hub.key().id(), "unit/cw"));
    CHECK(college.registry.mayEverWrite(device, unit));
    CHECK(college.registry.mayEverWrite(stranger.key().id(), Scope::college()));
    CHECK_FALSE(college.registry.mayEverWrite(stranger.key().id(), unit));
    CHECK_FALSE(college.registry.mayEverWrite(college.newKey().id(), unit));
    CHECK_FALSE(college.registry.mayEverWrite(device, Scope::registry()));
    CHECK(college.registry.mayEverWrite(college.founder.key().id(), Scope::registry()));

    Someone const wide = college.person("wide");
    college.grant(wide, "quality@college");
    CHECK(reads(wide.key().id(), "unit/cw"));
    CHECK_FALSE(reads(wide.key().id(), "review/r1"));
    college.append("revoke", College::revokeMembers(grant), {college.founder});
    CHECK_FALSE(reads(device, "unit/jwc"));
    CHECK(reads(device, "college"));
    college.append("revoke", College::revokeMembers(device), {college.founder});
    CHECK_FALSE(reads(device, "registry"));
    CHECK(college.registry.mayEverWrite(device, unit));   // what it wrote before is still asked for
}

TEST_CASE("policies are read back as they were written", "[registry][policy]") {
    Policy const policy = firstPolicy();
    CHECK(policyFrom(toJson(policy)).value() == policy);
    CHECK(policy.find("accept")->high);
    CHECK(policy.find("recheck-pass")->differ == std::vector<std::string>{"author", "submitter"});
    for (auto const& [kind, rule] : policy.kinds)
        CHECK(std::find(rule.roles.begin(), rule.roles.end(), "reviewer") == rule.roles.end());

    auto const changed = [&](auto change) {
        json::Value value = toJson(policy);
        change(*value.asObject());
        return policyFrom(value).error();
    };
    CHECK(changed([](json::Object& object) { object.erase("open"); }).reason == "policy.open");
    CHECK(changed([](json::Object& object) { object.set("high_roles", json::Array{"head", "admin"}); }).reason ==
          "policy.high_roles");
    CHECK(changed([](json::Object& object) { object.set("open", json::Array{"registry"}); }).reason == "policy.open");
    CHECK(changed([](json::Object& object) {
              std::swap(object.find("kinds")->asArray()->at(0), object.find("kinds")->asArray()->at(1));
          }).reason == "policy.kinds-order");
    // A condition that we do not know is not passed over.
    Error const newer = changed([](json::Object& object) {
        object.find("kinds")->asArray()->at(0).asObject()->find("v")->asObject()->set("differ", json::Array{"cousin"});
    });
    CHECK(newer.code == ErrorCode::Unsupported);
}

TEST_CASE("the policy changes by the root threshold and keeps its past", "[registry][policy]") {
    College college;
    Someone const admin = college.person("admin");
    college.append("admin", College::quorumMembers({admin}, 1), {college.founder});
    Policy policy = firstPolicy();
    policy.kinds["seal-year"] = KindRule{{"quality"}, {}, true};
    CHECK(refusal(college.tryAppend("policy", {{"policy", toJson(policy)}}, {admin})) == "registry.threshold");
    college.append("policy", {{"policy", toJson(policy)}}, {college.founder});
    CHECK(college.registry.policy(3).find("seal-year") == nullptr);
    CHECK(college.registry.policy(4).find("seal-year") != nullptr);
}

TEST_CASE("ssh-keygen checks our signatures with the derived allowed_signers", "[registry]") {
    College college;
    Someone const li = college.person("li");
    Someone const wang = college.person("wang");
    college.grant(li, "clerk@unit/jwc");
    college.grant(wang, "reviewer@unit/jwc");
    Row const plan = college.write(li, "unit/jwc");
    Record const submit = college.record(li, "submit", "clerk@unit/jwc", "unit/jwc", Target{scopeOf("unit/jwc"), plan.id});
    SignedEntry const good = college.signRecord(submit, li.key());
    SignedEntry const forged = college.signRecord(submit, wang.key());

    TemporaryFolder const folder;
    auto const write = [&](std::string const& name, std::string const& text) {
        std::ofstream(folder.path() / name, std::ios::binary) << text;
    };
    write("signers", college.registry.allowedSigners());
    write("record", good.bytes);
    auto const verifies = [&](SignedEntry const& entry, Key const& key, Someone const& who, std::string const& kind,
                              std::string const& asked) {
        write("record.sig", armour(key.publicKey(), nameSpaceFor(kind, college.domain()), entry.signature));
        std::string const at = folder.path().string();
        std::string const command = "ssh-keygen -Y verify -f " + at + "/signers -I " + who.id.text() + " -n " +
                                    nameSpaceFor(asked, college.domain()) + " -s " + at + "/record.sig < " + at +
                                    "/record > /dev/null 2>&1";
        return std::system(command.c_str()) == 0;
    };
    CHECK(verifies(good, li.key(), li, "submit", "submit"));
    CHECK_FALSE(verifies(good, li.key(), wang, "submit", "submit"));       // not hers
    CHECK_FALSE(verifies(forged, wang.key(), wang, "submit", "submit"));   // a reviewer submits nothing
    CHECK_FALSE(verifies(good, li.key(), li, "submit", "comment"));        // another purpose
    SignedEntry const approval =
        college.signRecord(college.record(li, "approve", "clerk@unit/jwc", "unit/jwc", submit.of), li.key());
    write("record", approval.bytes);
    CHECK_FALSE(verifies(approval, li.key(), li, "approve", "approve"));   // a clerk approves nothing
}
