#include "trust/authority.h"

#include "college_fixture.h"

using namespace spiral;
using namespace spiral::trust;

namespace {

Record& recordOf(Row& row) { return std::get<Record>(row.object); }
Revision& revisionOf(Row& row) { return std::get<Revision>(row.object); }

}  // namespace

TEST_CASE("what fits all rules is valid once witnessed, and says on which grant", "[authority]") {
    Office office;
    Row const plan = office.plan(receipted(10));
    Row const draft = office.plan();
    Row const approval = office.approve(plan, receipted(11));
    auto const judgements = office.judge({plan, approval});
    CHECK(judgements.at(plan.id).verdict == Verdict::Valid);
    CHECK(judgements.at(plan.id).grant == office.clerkGrant);
    CHECK(judgements.at(plan.id).witnessed == day(10));
    CHECK(judgements.at(approval.id).verdict == Verdict::Valid);
    CHECK(judgements.at(approval.id).grant == office.headGrant);
    CHECK(judgements.at(approval.id).reason.empty());
    CHECK(office.verdict({draft}, draft) == Verdict::NotYetWitnessed);
    CHECK(office.judge({draft}).at(draft.id).witnessed == std::nullopt);
}

TEST_CASE("a row is bound to its frame", "[authority]") {
    Office office;
    Row const plan = office.plan();
    Row approval = office.approve(plan);
    auto const check = [&](std::string_view reason, Verdict verdict = Verdict::Invalid) {
        CHECK(office.reason({plan, approval}, approval) == reason);
        CHECK(office.verdict({plan, approval}, approval) == verdict);
    };
    check("", Verdict::NotYetWitnessed);
    SECTION("the college of the frame") {
        approval.places[0].school.raw[0] ^= 1;
        check("binding-school");
    }
    SECTION("the college of the row") {
        recordOf(approval).school->raw[0] ^= 1;
        check("binding-school");
    }
    SECTION("the scope") {
        approval.places[0].scope = Scope::college();
        check("binding-scope");
    }
    SECTION("the device: by is not the frame's") {
        approval.places[0].device = office.clerk.key().id();
        check("binding-device");
    }
    SECTION("the registry: the row relies on what the frame did not know") {
        approval.places[0].reg = RegistryPoint{1, office.registry.school()};
        check("binding-registry");
    }
    SECTION("the registry: a frame without any") {
        approval.places[0].reg.reset();
        check("binding-registry");
    }
    SECTION("a registry entry that is not held") {
        approval.places[0].reg = RegistryPoint{99, office.random().token<ObjectId>()};
        check("wait-registry", Verdict::Waiting);
    }
    SECTION("a device of somebody else") {
        recordOf(approval).by.person = office.quality.id;
        check("device-not-of-person");
    }
    SECTION("a device that nobody enrolled") {
        Key const key = office.newKey();
        recordOf(approval).by.device = key.id();
        approval.places[0].device = key.id();
        check("device-unknown");
    }
    SECTION("a device that was enrolled later") {
        recordOf(approval).reg = RegistryPoint{1, office.registry.school()};
        check("device-unknown");
    }
    SECTION("no frame at all") {
        approval.places.clear();
        check("wait-frame", Verdict::Waiting);
    }
    SECTION("the best of several frames counts") {
        Place wrong = approval.places[0];
        wrong.scope = Scope::college();
        approval.places.insert(approval.places.begin(), wrong);
        check("", Verdict::NotYetWitnessed);
    }
    SECTION("a revision is bound as well") {
        Row revision = office.plan();
        revisionOf(revision).by.person = office.head.id;
        CHECK(office.reason({revision}, revision) == "device-not-of-person");
        revision = office.plan();
        revision.places[0].scope = Scope::unit("cw");
        CHECK(office.reason({revision}, revision) == "binding-scope");
    }
}

TEST_CASE("a grant covers role, kind and scope at the registry head relied on", "[authority]") {
    Office office;
    Row const plan = office.plan();
    auto const reason = [&](Row const& row) { return office.reason({plan, row}, row); };
    CHECK(reason(office.act(office.clerk, "approve", "clerk@unit/jwc", plan)) == "role-not-allowed");
    CHECK(reason(office.act(office.clerk, "approve", "head@unit/jwc", plan)) == "no-grant");
    CHECK(reason(office.act(office.head, "approve", "head@college", plan)) == "no-grant");
    CHECK(reason(office.act(office.quality, "approve", "quality@college", plan)).empty());
    CHECK(reason(office.act(office.quality, "approve", "quality@unit/jwc", plan)) == "no-grant");

    Row const elsewhere = office.write(office.clerk, "unit/cw");
    CHECK(office.reason({elsewhere}, elsewhere) == "no-grant");
    Row const below = office.write(office.quality, "unit/cw");
    CHECK(office.reason({below}, below).empty());
    Row const review = office.write(office.quality, "review/r1");
    CHECK(office.reason({review}, review) == "no-grant");

    Someone const reviewer = office.person("reviewer");
    RegistryPoint const before = office.registry.head();
    office.grant(reviewer, "reviewer@unit/jwc");
    Row const written = office.write(reviewer, "unit/jwc");
    CHECK(office.reason({written}, written) == "role-not-allowed");
    office.grant(reviewer, "clerk@unit/jwc");
    // A grant of today does not carry what relied on yesterday's registry.
    Made old;
    old.reg = before;
    Row const early = office.write(reviewer, "unit/jwc", {}, old);
    CHECK(office.reason({early}, early) == "no-grant");
    CHECK(office.reason({written}, written) == "role-not-allowed");
    Row const now = office.write(reviewer, "unit/jwc");
    CHECK(office.reason({now}, now).empty());
}

TEST_CASE("time: the receipt lies in the grant's interval, else the claim does", "[authority]") {
    Office office;
    Someone const guest = office.person("guest");
    ObjectId const grant = office.grant(guest, "clerk@unit/jwc", day(10), day(20));
    auto const write = [&](int claimed, std::optional<int> receipt) {
        Made made;
        made.time = day(claimed);
        if (receipt) made.receipt = day(*receipt);
        Row const row = office.write(guest, "unit/jwc", {}, made);
        return office.judge({row}).at(row.id);
    };
    CHECK(write(10, {}).verdict == Verdict::NotYetWitnessed);  // from is inside
    CHECK(write(9, {}).reason == "outside-interval");
    CHECK(write(9, {}).about == grant.hex());
    CHECK(write(20, {}).reason == "outside-interval");  // until is not
    CHECK(write(19, {}).verdict == Verdict::NotYetWitnessed);
    CHECK(write(15, 19).verdict == Verdict::Valid);
    CHECK(write(15, 20).reason == "outside-interval");  // late
    CHECK(write(15, 20).verdict == Verdict::Quarantined);
    CHECK(write(9, 10).verdict == Verdict::Valid);  // a wrong clock is forgiven by a witness
    CHECK(write(15, 9).reason == "outside-interval");
    // The renewed grant carries what the first does not.
    office.grant(guest, "clerk@unit/jwc", day(20), day(30));
    CHECK(write(15, 20).verdict == Verdict::Valid);
}

// A laptop whose battery had died claimed 2019 for everything it wrote, years before its person's first grant.
TEST_CASE("a clock years behind does not put work before the grant that its registry head holds", "[authority]") {
    College college;
    auto const li = college.person("li");
    college.entryTime = day(5);
    college.grant(li, "clerk@unit/jwc", day(4));
    Made made;
    made.time = day(-2500);
    Row const row = college.write(li, "unit/jwc", {}, made);
    CHECK(college.verdict({row}, row) == Verdict::NotYetWitnessed);
    // A grant that begins later than the head is not opened by it.
    auto const wang = college.person("wang");
    college.grant(wang, "clerk@unit/jwc", day(9));
    Row const early = college.write(wang, "unit/jwc", {}, made);
    CHECK(college.reason({early}, early) == "outside-interval");
}

TEST_CASE("an act stands in the scope of its target", "[authority]") {
    Office office;
    Row const plan = office.plan();
    Scope const college = Scope::college();
    auto const judged = [&](std::string_view kind, std::string_view scope, Target const& of) {
        Row const row = office.row(office.record(office.quality, kind, "quality@college", scope, of));
        return office.judge({plan, row}).at(row.id);
    };
    CHECK(judged("approve", "unit/jwc", {scopeOf("unit/jwc"), plan.id}).reason.empty());
    CHECK(judged("approve", "college", {scopeOf("unit/jwc"), plan.id}).reason == "target-scope");
    CHECK(judged("approve", "college", {scopeOf("unit/jwc"), plan.id}).verdict == Verdict::Invalid);
    CHECK(judged("approve", "college", {college, plan.id}).reason == "target-scope");
    CHECK(judged("publish", "college", {scopeOf("unit/jwc"), plan.id}).reason.empty());
    CHECK(judged("cite", "college", {scopeOf("unit/jwc"), plan.id}).reason.empty());
    CHECK(judged("publish", "college", {college, plan.id}).reason == "target-scope");
    // An office of one unit publishes nothing of another.
    Someone const local = office.person("local");
    office.grant(local, "quality@unit/cw");
    Row const taken =
        office.row(office.record(local, "publish", "quality@unit/cw", "unit/cw", Target{scopeOf("unit/jwc"), plan.id}));
    CHECK(office.reason({plan, taken}, taken) == "no-grant");
    // No target at all.
    Row none = office.approve(plan);
    recordOf(none).of.reset();
    CHECK(office.reason({plan, none}, none) == "target-scope");
    // One that is not held.
    Row const approval = office.approve(plan);
    CHECK(office.reason({approval}, approval) == "wait-target");
    CHECK(office.verdict({approval}, approval) == Verdict::Waiting);
    CHECK(judgeAlone(approval, office.registry, office.below()).reason == "wait-target");
    // One that is held but not read.
    Row unread = plan;
    unread.object = Unread{};
    CHECK(office.reason({unread}, unread) == "newer-version");
    CHECK(office.reason({unread, approval}, approval) == "wait-ancestor");
}

TEST_CASE("kinds that nobody knows wait", "[authority]") {
    Office office;
    Row const plan = office.plan();
    Row const row = office.act(office.quality, "seal-year", "quality@college", plan);
    CHECK(office.reason({plan, row}, row) == "newer-kind");
    CHECK(office.verdict({plan, row}, row) == Verdict::Waiting);
    Policy policy = firstPolicy();
    policy.kinds["seal-year"] = KindRule{{"quality"}, {}, false};
    office.append("policy", {{"policy", toJson(policy)}}, {office.founder});
    CHECK(office.reason({plan, row}, row) == "newer-kind");  // it relied on the policy before
    Row const again = office.act(office.quality, "seal-year", "quality@college", plan);
    CHECK(office.reason({plan, again}, again).empty());
}

TEST_CASE("a newer version of a known kind waits, and does nothing that the old one would", "[authority]") {
    Office office;
    Row const plan = office.plan();
    auto const newer = [&](Someone const& who, std::string_view kind, std::string_view role, Row const& target) {
        Record record = *office.act(who, kind, role, target).record();
        record.kind = std::string(kind) + ".v2";
        return office.row(record);
    };
    for (Row const& row : {newer(office.clerk, "submit", "clerk@unit/jwc", plan),
                           newer(office.head, "approve", "head@unit/jwc", plan),
                           newer(office.quality, "accept", "quality@college", plan)}) {
        CHECK(office.reason({plan, row}, row) == "newer-kind");
        CHECK(office.verdict({plan, row}, row) == Verdict::Waiting);
        CHECK(office.judge({plan, row}).at(row.id).about == row.record()->kind);
    }
    // An accept of a newer version ends no authorship: the next text of the same hands is still theirs.
    office.grant(office.clerk, "head@unit/jwc");
    Row const accepted = newer(office.quality, "accept", "quality@college", plan);
    Row const next = office.write(office.other, "unit/jwc", {plan.id});
    Row const own = office.act(office.clerk, "approve", "head@unit/jwc", next);
    CHECK(office.reason({plan, accepted, next, own}, own) == "self-approval");
    // An affirm of a newer version rescues nothing.
    office.append("revoke", College::revokeMembers(office.headGrant), {office.founder});
    Row const approval = office.approve(plan);
    office.grant(office.head, "head@unit/jwc");
    Row const affirm = newer(office.head, "affirm", "head@unit/jwc", approval);
    CHECK(office.reason({plan, approval, affirm}, approval) == "above-cut");
}

TEST_CASE("the author of a revision does not approve it", "[authority][differ]") {
    Office office;
    office.grant(office.clerk, "head@unit/jwc");
    Row const plan = office.plan();
    Row const own = office.act(office.clerk, "approve", "head@unit/jwc", plan);
    CHECK(office.reason({plan, own}, own) == "self-approval");
    CHECK(office.verdict({plan, own}, own) == Verdict::Quarantined);

    SECTION("nor from a second device") {
        office.enrol(office.clerk, {office.founder});
        Made made;
        made.device = 1;
        Row const second = office.act(office.clerk, "approve", "head@unit/jwc", plan, made);
        CHECK(office.reason({plan, second}, second) == "self-approval");
    }
    SECTION("nor when others wrote after her") {
        Row const later = office.write(office.other, "unit/jwc", {plan.id});
        Row const approval = office.act(office.clerk, "approve", "head@unit/jwc", later);
        CHECK(office.reason({plan, later, approval}, approval) == "self-approval");
        Row const good = office.approve(later);
        CHECK(office.reason({plan, later, good}, good).empty());
    }
    SECTION("nor through a submission: the revision below counts") {
        Row const submit = office.act(office.other, "submit", "clerk@unit/jwc", plan);
        Row const approval = office.act(office.clerk, "approve", "head@unit/jwc", submit);
        CHECK(office.reason({plan, submit, approval}, approval) == "self-approval");
    }
    SECTION("nor when her own revision is quarantined") {
        Made late;
        late.time = day(-5);
        late.receipt = day(-5);
        Row const first = office.write(office.clerk, "unit/jwc", {}, late);
        Row const next = office.write(office.other, "unit/jwc", {first.id});
        Row const approval = office.act(office.clerk, "approve", "head@unit/jwc", next);
        CHECK(office.reason({first, next, approval}, first) == "outside-interval");
        CHECK(office.reason({first, next, approval}, approval) == "self-approval");
    }
    SECTION("but after an accepted revision she answers for nothing older") {
        Row const acceptance = office.accept(plan);
        Row const later = office.write(office.other, "unit/jwc", {plan.id});
        Row const approval = office.act(office.clerk, "approve", "head@unit/jwc", later);
        CHECK(office.reason({plan, acceptance, later, approval}, approval).empty());
        CHECK(office.reason({plan, acceptance, later, own}, own) == "self-approval");  // still of what she wrote
        // An accept without authority ends nothing.
        Row const pretended = office.act(office.other, "accept", "clerk@unit/jwc", plan);
        CHECK(office.reason({plan, pretended, later, approval}, approval) == "self-approval");
    }
    SECTION("and a parent that is missing may be hers") {
        Row const later = office.write(office.other, "unit/jwc", {plan.id});
        Row const approval = office.approve(later);
        CHECK(office.reason({later, approval}, approval) == "wait-ancestor");
        CHECK(office.judge({later, approval}).at(approval.id).about == plan.id.hex());
        CHECK(office.reason({plan, later, approval}, approval).empty());
        Row const submit = office.act(office.other, "submit", "clerk@unit/jwc", later);
        CHECK(office.reason({later, submit}, submit).empty());  // nobody must differ here
    }
}

TEST_CASE("an approval names one revision and does not move to another", "[authority]") {
    Office office;
    Row const plan = office.plan();
    Row const later = office.write(office.other, "unit/jwc", {plan.id});
    Row moved = office.approve(plan);
    recordOf(moved).of->id = office.random().token<ObjectId>();
    CHECK(office.reason({plan, later, moved}, moved) == "wait-target");
    // An acceptance of the first says nothing about the second: its authors are asked again.
    Row const acceptance = office.accept(plan);
    office.grant(office.other, "head@unit/jwc");
    Row const own = office.act(office.other, "approve", "head@unit/jwc", later);
    CHECK(office.reason({plan, later, acceptance, own}, own) == "self-approval");
}

TEST_CASE("a re-checker is neither author nor submitter", "[authority][differ]") {
    Office office;
    office.grant(office.other, "head@unit/jwc");
    Row const plan = office.plan();
    Row const submit = office.act(office.other, "submit", "clerk@unit/jwc", plan);
    Row const recheck = office.act(office.other, "recheck-pass", "head@unit/jwc", plan);
    CHECK(office.reason({plan, recheck}, recheck).empty());
    CHECK(office.reason({plan, submit, recheck}, recheck) == "same-submitter");
    Row const good = office.act(office.head, "recheck-pass", "head@unit/jwc", plan);
    CHECK(office.reason({plan, submit, good}, good).empty());
    // A submission that only claims to be hers keeps nobody away.
    Row forged = submit;
    recordOf(forged).by.device = office.clerk.key().id();
    forged.places[0].device = office.clerk.key().id();
    CHECK(office.reason({plan, forged, recheck}, forged) == "device-not-of-person");
    CHECK(office.reason({plan, forged, recheck}, recheck).empty());
}

TEST_CASE("a delegated act counts as that of both", "[authority][differ]") {
    Office office;
    Someone const deputy = office.person("deputy");
    office.append("delegate", College::delegateMembers(office.headGrant, deputy, "unit/jwc", day(5), day(20)),
                  {office.head});
    Row const plan = office.plan();
    Row const approval = office.act(deputy, "approve", "head@unit/jwc", plan);
    auto const judgement = office.judge({plan, approval}).at(approval.id);
    CHECK(judgement.verdict == Verdict::NotYetWitnessed);
    CHECK(judgement.actingFor == office.head.id);
    Made late;
    late.time = day(20);
    Row const ended = office.act(deputy, "approve", "head@unit/jwc", plan, late);
    CHECK(office.reason({plan, ended}, ended) == "outside-interval");

    Row const heads = office.write(office.head, "unit/jwc");
    Row const forHerself = office.act(deputy, "approve", "head@unit/jwc", heads);
    CHECK(office.reason({heads, forHerself}, forHerself) == "delegated-self-approval");
    Row const deputys = office.write(deputy, "unit/jwc");
    Row const byGiver = office.approve(deputys);
    CHECK(office.reason({deputys, byGiver}, byGiver) == "self-approval");
    CHECK(office.judge({deputys, byGiver}).at(deputys.id).actingFor == office.head.id);

    // With the giver's grant falls what relied on it, unless the cut names the deputy's frames.
    office.append("revoke", College::revokeMembers(office.headGrant, {office.cutAt(approval)}), {office.founder});
    CHECK(office.reason({plan, approval}, approval).empty());
    Row const after = office.act(deputy, "approve", "head@unit/jwc", plan);
    CHECK(office.reason({plan, after}, after) == "above-cut");
}

TEST_CASE("revocation of a device is a cut", "[authority][cut]") {
    Office office;
    Row const below = office.plan();
    Row const at = office.plan();
    Row const above = office.plan();
    Row const elsewhere = office.write(office.clerk, "college");
    office.grant(office.clerk, "clerk@college");
    Row const inCollege = office.write(office.clerk, "college");
    CHECK(office.reason({elsewhere}, elsewhere) == "no-grant");
    office.append("revoke", College::revokeMembers(office.clerk.key().id(), {office.cutAt(at)}), {office.founder});
    CHECK(office.reason({below}, below).empty());
    CHECK(office.reason({at}, at).empty());
    CHECK(office.reason({above}, above) == "above-cut");
    CHECK(office.verdict({above}, above) == Verdict::Quarantined);
    CHECK(office.reason({inCollege}, inCollege) == "above-cut");  // a scope not named is cut at nothing

    SECTION("two cuts intersect") {
        office.append("revoke",
                      College::revokeMembers(office.clerk.key().id(), {office.cutAt(below), office.cutAt(inCollege)}),
                      {office.founder});
        CHECK(office.reason({below}, below).empty());
        CHECK(office.reason({at}, at) == "above-cut");
        CHECK(office.reason({inCollege}, inCollege) == "above-cut");
    }
    SECTION("a cut whose frame is not held yet waits") {
        Cut const unknown{office.clerk.key().id(), scopeOf("unit/jwc"), office.random().token<FrameId>()};
        office.append("revoke", College::revokeMembers(office.clerk.key().id(), {unknown}), {office.founder});
        CHECK(office.reason({below}, below) == "wait-cut");
        CHECK(office.verdict({below}, below) == Verdict::Waiting);
        CHECK(office.reason({above}, above) == "above-cut");  // that much is known already
    }
    SECTION("another device of the same person goes on") {
        office.enrol(office.clerk, {office.founder});
        Made made;
        made.device = 1;
        Row const row = office.plan(made);
        CHECK(office.reason({row}, row).empty());
    }
}

TEST_CASE("a revoked grant touches only what relies on it", "[authority][cut]") {
    Office office;
    ObjectId const second = office.grant(office.head, "clerk@unit/jwc");
    Row const plan = office.plan();
    Row const approval = office.approve(plan);
    office.append("revoke", College::revokeMembers(office.headGrant), {office.founder});
    CHECK(office.reason({plan, approval}, approval) == "above-cut");
    Row const written = office.write(office.head, "unit/jwc");
    CHECK(office.judge({written}).at(written.id).grant == second);
    // The role given again carries what is signed from then on.
    office.grant(office.head, "head@unit/jwc");
    CHECK(office.reason({plan, approval}, approval) == "above-cut");
    Row const again = office.approve(plan);
    CHECK(office.reason({plan, again}, again).empty());
}

TEST_CASE("high acts rely on a registry head that is not long superseded", "[authority]") {
    Office office;
    Row const plan = office.plan();
    Made old;
    old.reg = office.registry.head();
    old.receipt = day(90);
    old.time = day(40);
    Row const early = office.accept(plan, old);
    CHECK(office.reason({plan, early}, early).empty());  // the newest head is never old
    office.entryTime = day(50);
    office.grant(office.other, "head@unit/jwc");
    old.receipt = day(80);
    Row const inTime = office.accept(plan, old);
    CHECK(office.reason({plan, inTime}, inTime).empty());
    CHECK(office.reason({plan, early}, early) == "stale");
    CHECK(office.verdict({plan, early}, early) == Verdict::Quarantined);
    Row const low = office.approve(plan, old);
    old.receipt = day(90);
    Row const lowLate = office.approve(plan, old);
    CHECK(office.reason({plan, low}, low).empty());
    CHECK(office.reason({plan, lowLate}, lowLate).empty());  // approving is no high act
    old.receipt.reset();
    Row const unwitnessed = office.accept(plan, old);
    CHECK(office.verdict({plan, unwitnessed}, unwitnessed) == Verdict::NotYetWitnessed);
}

TEST_CASE("acts on a forked branch wait for a confirm, revisions are ordinary heads", "[authority]") {
    Office office;
    Row plan = office.plan();
    Row approval = office.approve(plan);
    plan.places[0].branch = Branch::Forked;
    approval.places[0].branch = Branch::Forked;
    CHECK(office.reason({plan, approval}, plan).empty());
    CHECK(office.reason({plan, approval}, approval) == "forked");
    for (Branch const branch : {Branch::Standing, Branch::Confirmed}) {
        approval.places[0].branch = branch;
        CHECK(office.reason({plan, approval}, approval).empty());
    }
}

// The simulation found it: a clerk forged a revision in the head's name and went on from it, and the head could approve
// nothing that came after, because she was taken for an author of it.
TEST_CASE("a row that is not bound to its frame makes nobody an author", "[authority]") {
    Office office;
    Row forged = office.plan();
    revisionOf(forged).by.person = office.head.id;
    Row const next = office.write(office.clerk, "unit/jwc", {forged.id});
    Row const approval = office.approve(next);
    CHECK(office.reason({forged, next, approval}, forged) == "device-not-of-person");
    CHECK(office.reason({forged, next, approval}, approval).empty());
    office.grant(office.clerk, "head@unit/jwc");
    Row const own = office.act(office.clerk, "approve", "head@unit/jwc", next);
    CHECK(office.reason({forged, next, own}, own) == "self-approval");
}

TEST_CASE("a row may have any of the five verdicts", "[authority]") {
    Office office;
    std::set<Verdict> reached;
    Row const good = office.plan(receipted(10));
    Row const unwitnessed = office.plan();
    Row waiting = office.plan();
    waiting.object = Unread{};
    Row const quarantined = office.write(office.clerk, "unit/cw");
    Row invalid = office.plan();
    revisionOf(invalid).by.person = office.head.id;
    for (auto const& [id, judgement] : office.judge({good, unwitnessed, waiting, quarantined, invalid}))
        reached.insert(judgement.verdict);
    CHECK(reached.size() == 5);
    CHECK(judgeDocument({good}, Registry(), office.below()).at(good.id).reason == "wait-registry");
}

TEST_CASE("a long document is judged without recursion", "[authority]") {
    Office office;
    std::vector<Row> rows{office.plan()};
    for (int i = 0; i < 3000; ++i) rows.push_back(office.write(office.other, "unit/jwc", {rows.back().id}));
    office.grant(office.clerk, "head@unit/jwc");
    Row const own = office.act(office.clerk, "approve", "head@unit/jwc", rows.back());
    Row const good = office.approve(rows.back());
    rows.push_back(own);
    rows.push_back(good);
    CHECK(office.reason(rows, own) == "self-approval");
    CHECK(office.reason(rows, good).empty());
}
