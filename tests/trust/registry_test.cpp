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
    CHECK(college.add(college.signEntry("revoke.v1", proposals[static_cast<std::size_t>(first)])).added ==
          Added::Appended);
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
    CHECK(college.registry.judge(college.propose("unit", {{"unit", "x"}, {"name", "X"}}, {college.founder}))
              .error()
              .reason == "registry.forked");
    // A third entry there is a third branch; the branches may go on, and what they take away counts.
    SignedEntry const third = college.signEntry(
        "unit.v1", college.propose("unit", {{"unit", "x"}, {"name", "X"}}, {college.founder}), parting);
    CHECK(college.add(third).added == Added::Branched);
    SignedEntry const further = college.signEntry(
        "revoke.v1", college.propose("revoke", College::revokeMembers(wang.key().id()), {college.founder}),
        higherOnLeft);
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
    CHECK_FALSE(college.registry.mayEverWrite(stranger.key().id(), Scope::college()));  // open to read, no more
    CHECK_FALSE(college.registry.mayEverWrite(device, Scope::college()));
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
    CHECK(college.registry.mayEverWrite(device, unit));  // what it wrote before is still asked for
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
    CHECK(changed([](json::Object& object) {
              object.set("high_roles", json::Array{"head", "admin"});
          }).reason == "policy.high_roles");
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
    Record const submit =
        college.record(li, "submit", "clerk@unit/jwc", "unit/jwc", Target{scopeOf("unit/jwc"), plan.id});
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
    CHECK_FALSE(verifies(good, li.key(), wang, "submit", "submit"));      // not hers
    CHECK_FALSE(verifies(forged, wang.key(), wang, "submit", "submit"));  // a reviewer submits nothing
    CHECK_FALSE(verifies(good, li.key(), li, "submit", "comment"));       // another purpose
    SignedEntry const approval =
        college.signRecord(college.record(li, "approve", "clerk@unit/jwc", "unit/jwc", submit.of), li.key());
    write("record", approval.bytes);
    CHECK_FALSE(verifies(approval, li.key(), li, "approve", "approve"));  // a clerk approves nothing
}

// The simulation found it: whoever met the branches of a forked registry in another order took other frames, for ever.
TEST_CASE("whose frames are taken in only grows, also when the registry forks", "[registry]") {
    College college;
    auto const head = college.registry.head();
    Someone li{"li", college.newPersonId(), {college.newKey()}};
    auto const enrol = college.signEntry(
        "device.v1", college.propose("device", {{"request", college.requestBytes(li.key(), li.id)}}, {college.founder}));
    REQUIRE(college.add(enrol).added == Registry::Added::Appended);
    auto const give = college.signEntry(
        "grant.v1", college.propose("grant", College::grantMembers(li, "clerk@unit/jwc"), {college.founder}));
    REQUIRE(college.add(give).added == Registry::Added::Appended);
    auto const other = college.signEntry(
        "unit.v1", college.propose("unit", {{"unit", "cw"}, {"name", "财务"}}, {college.founder}, head), head);

    CHECK(college.registry.mayEverWrite(li.key().id(), scopeOf("unit/jwc")));
    REQUIRE(college.add(other).added == Registry::Added::Branched);
    CHECK(college.registry.device(li.key().id()) == nullptr);  // nobody vouches for her now
    CHECK(college.registry.mayEverWrite(li.key().id(), scopeOf("unit/jwc")));
    CHECK_FALSE(college.registry.mayEverWrite(li.key().id(), scopeOf("unit/cw")));
    REQUIRE(college.registry.keyOf(li.key().id()) != nullptr);
    CHECK(*college.registry.keyOf(li.key().id()) == li.key().publicKey());

    Registry late(college.registry.school());
    for (SignedEntry const* entry : std::vector<SignedEntry const*>{&college.entries.front(), &other, &enrol, &give})
        late.add(asBytes(entry->bytes), entry->signature);
    CHECK(late.forked());
    CHECK(late.mayEverWrite(li.key().id(), scopeOf("unit/jwc")));
}
