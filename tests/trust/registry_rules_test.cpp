// What the registry refuses: each rule with an entry that breaks it alone.
#include "college_fixture.h"

using namespace spiral;
using namespace spiral::trust;
using Added = Registry::Added;

namespace {

/// The reason of an Invalid entry; fails if it was taken.
std::string refusal(Registry::Outcome const& outcome) {
    CHECK(outcome.added == Added::Invalid);
    return outcome.reason;
}

}  // namespace

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
        act.asObject()->set("root",
                            json::Object{{"persons", json::Array{college.founder.id.text()}}, {"threshold", 2}});
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
    CHECK(refused([](Record& record) { record.role = Role::parse("admin@registry").value(); }, keeper) ==
          "registry.role");
    CHECK(refused([](Record& record) { record.scope = Scope::college(); }, keeper) == "registry.scope");
    CHECK(refused([](Record& record) { record.kind = "unit.v1"; }, keeper) == "registry.kind");
    CHECK(refused(
              [&](Record& record) {
                  record.of = Target{Scope::registry(), head.hash};
              },
              keeper) == "registry.target");
    CHECK(refused([](Record& record) { record.school->raw[0] ^= 1; }, keeper) == "registry.school");
    // A number skipped.
    CHECK(refused([](Record& record) { record.reg->seq = 3; }, keeper) == "registry.predecessor");
    // A signature in another name space.
    SignedEntry entry = college.signRecord(good, keeper);
    entry.signature = keeper.secret->sign(nameSpaceFor("revoke", college.domain()), asBytes(entry.bytes)).value();
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
    CHECK(enrolBy(college.founder, {college.founder}));  // the root threshold is still 1
    CHECK_FALSE(enrolBy(college.founder, {admin}));
    // Taking away: by the admin threshold as well, but one admin for a clerk.
    auto const revokeBy = [&](DeviceId const& device, std::vector<Someone> const& agreed) {
        return college.registry.judge(college.propose("revoke", College::revokeMembers(device), agreed)).has_value();
    };
    CHECK(revokeBy(clerk.key().id(), {admin}));
    CHECK_FALSE(revokeBy(head.key().id(), {admin}));
    CHECK(revokeBy(head.key().id(), {admin, college.founder}));
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
    CHECK(refusal(tried(college.random().token<ObjectId>(), deputy, "unit/jwc", 5, 20, head)) ==
          "registry.grant-unknown");
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
