#include "trust/authority.h"

#include "college_fixture.h"

#include <utility>

using namespace spiral;
using namespace spiral::trust;

namespace {

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
Made receipted(int n) {
    Made made;
    made.time = day(n);
    made.receipt = day(n);
    return made;
}
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
    CHECK(write(10, {}).verdict == Verdict::NotYetWitnessed);   // from is inside
    CHECK(write(9, {}).reason == "outside-interval");
    CHECK(write(9, {}).about == grant.hex());
    CHECK(write(20, {}).reason == "outside-interval");          // until is not
    CHECK(write(19, {}).verdict == Verdict::NotYetWitnessed);
    CHECK(write(15, 19).verdict == Verdict::Valid);
    CHECK(write(15, 20).reason == "outside-interval");          // late
    CHECK(write(15, 20).verdict == Verdict::Quarantined);
    CHECK(write(9, 10).verdict == Verdict::Valid);              // a wrong clock is forgiven by a witness
    CHECK(write(15, 9).reason == "outside-interval");
    // The renewed grant carries what the first does not.
    office.grant(guest, "clerk@unit/jwc", day(20), day(30));
    CHECK(write(15, 20).verdict == Verdict::Valid);
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
    Row const taken = office.row(
        office.record(local, "publish", "quality@unit/cw", "unit/cw", Target{scopeOf("unit/jwc"), plan.id}));
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
    CHECK(office.reason({plan, row}, row) == "newer-kind");   // it relied on the policy before
    Row const again = office.act(office.quality, "seal-year", "quality@college", plan);
    CHECK(office.reason({plan, again}, again).empty());
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
        CHECK(office.reason({plan, acceptance, later, own}, own) == "self-approval");   // still of what she wrote
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
        CHECK(office.reason({later, submit}, submit).empty());   // nobody must differ here
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
    office.append("delegate", College::delegateMembers(office.headGrant, deputy, "unit/jwc", day(5), day(20)), {office.head});
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
    CHECK(office.reason({inCollege}, inCollege) == "above-cut");   // a scope not named is cut at nothing

    SECTION("two cuts intersect") {
        office.append("revoke", College::revokeMembers(office.clerk.key().id(), {office.cutAt(below), office.cutAt(inCollege)}),
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
        CHECK(office.reason({above}, above) == "above-cut");   // that much is known already
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
    CHECK(office.reason({plan, early}, early).empty());   // the newest head is never old
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
    CHECK(office.reason({plan, lowLate}, lowLate).empty());   // approving is no high act
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

TEST_CASE("late honest work comes back by the person or by the quality office", "[authority][rescue]") {
    Office office;
    Row const plan = office.plan();
    Row const approval = office.approve(plan);
    office.append("revoke", College::revokeMembers(office.head.key().id()), {office.founder});
    CHECK(office.reason({plan, approval}, approval) == "above-cut");
    office.enrol(office.head, {office.founder});
    Made second;
    second.device = 1;
    Row const affirm = office.act(office.head, "affirm", "head@unit/jwc", approval, second);
    auto judgement = office.judge({plan, approval, affirm}).at(approval.id);
    CHECK(judgement.verdict == Verdict::NotYetWitnessed);
    CHECK(judgement.rescuedBy == affirm.id);
    CHECK(judgement.reason.empty());
    Row const admit = office.act(office.quality, "admit", "quality@college", approval, receipted(12));
    judgement = office.judge({plan, approval, affirm, admit}).at(approval.id);
    CHECK(judgement.verdict == Verdict::Valid);   // the better of the two
    CHECK(judgement.rescuedBy == admit.id);

    SECTION("not from the device that was cut") {
        Row const cut = office.act(office.head, "affirm", "head@unit/jwc", approval);
        CHECK(office.reason({plan, approval, cut}, cut) == "above-cut");
        CHECK(office.reason({plan, approval, cut}, approval) == "above-cut");
        // Nor is the affirm itself rescued by another.
        Row const lifted = office.act(office.quality, "admit", "quality@college", cut);
        CHECK(office.reason({plan, approval, cut, lifted}, cut) == "above-cut");
        CHECK(office.reason({plan, approval, cut, lifted}, approval) == "above-cut");
    }
    SECTION("not by somebody else's affirm, nor in a role that may not do the kind") {
        Row const others = office.act(office.quality, "affirm", "quality@college", approval);
        CHECK(office.reason({plan, approval, others}, others) == "role-not-allowed");
        CHECK(office.reason({plan, approval, others}, approval) == "above-cut");
        office.grant(office.head, "clerk@unit/jwc");
        Row const asClerk = office.act(office.head, "affirm", "clerk@unit/jwc", approval, second);
        CHECK(office.reason({plan, approval, asClerk}, approval) == "above-cut");
    }
    SECTION("not by an admit without the role, or of one's own row") {
        Row const clerks = office.act(office.clerk, "admit", "clerk@unit/jwc", approval);
        CHECK(office.reason({plan, approval, clerks}, approval) == "above-cut");
        office.grant(office.head, "quality@unit/jwc");
        Row const own = office.act(office.head, "admit", "quality@unit/jwc", approval, second);
        CHECK(office.reason({plan, approval, own}, own) == "self-approval");
        CHECK(office.reason({plan, approval, own}, approval) == "above-cut");
    }
    SECTION("a revision comes back as well") {
        Row const late = office.write(office.head, "unit/jwc", {plan.id});
        Row const again = office.act(office.head, "affirm", "head@unit/jwc", late, second);
        CHECK(office.reason({plan, late}, late) == "above-cut");
        CHECK(office.reason({plan, late, again}, late).empty());
    }
    SECTION("nothing else is mended: no authority, self-approval, a fork") {
        Row const wrong = office.act(office.clerk, "approve", "head@unit/jwc", plan);
        Row const admitted = office.act(office.quality, "admit", "quality@college", wrong);
        CHECK(office.reason({plan, wrong, admitted}, wrong) == "no-grant");
        Row const heads = office.write(office.head, "unit/jwc", {}, second);
        Row const own = office.act(office.head, "approve", "head@unit/jwc", heads);
        Row const admitOwn = office.act(office.quality, "admit", "quality@college", own);
        CHECK(office.reason({heads, own, admitOwn}, own) == "self-approval");
        Row forked = office.approve(plan, second);
        forked.places[0].branch = Branch::Forked;
        Row const admitForked = office.act(office.quality, "admit", "quality@college", forked);
        CHECK(office.reason({plan, forked, admitForked}, forked) == "forked");
    }
}

TEST_CASE("a stale high act is affirmed from a fresh registry only", "[authority][rescue]") {
    Office office;
    Row const plan = office.plan();
    Made old;
    old.reg = office.registry.head();
    office.entryTime = day(20);
    office.grant(office.other, "head@unit/jwc");
    old.receipt = day(60);
    Row const stale = office.accept(plan, old);
    Row const staleToo = office.act(office.quality, "affirm", "quality@college", stale, old);
    CHECK(office.reason({plan, stale}, stale) == "stale");
    CHECK(office.reason({plan, stale, staleToo}, staleToo) == "stale");
    CHECK(office.reason({plan, stale, staleToo}, stale) == "stale");
    Row const fresh = office.act(office.quality, "affirm", "quality@college", stale, receipted(61));
    CHECK(office.verdict({plan, stale, fresh}, stale) == Verdict::Valid);
    // What it accepts is accepted, so the author may approve what comes after.
    office.entryTime = day(62);
    office.grant(office.clerk, "head@unit/jwc");
    Row const later = office.write(office.other, "unit/jwc", {plan.id});
    Row const approval = office.act(office.clerk, "approve", "head@unit/jwc", later);
    CHECK(office.reason({plan, stale, later, approval}, approval) == "self-approval");
    CHECK(office.reason({plan, stale, fresh, later, approval}, approval).empty());
}

TEST_CASE("receipts count from the registry's server alone", "[authority][alone]") {
    Office office;
    Row const plan = office.plan();
    Made made;
    made.body = {{"frames", json::Array{plan.places[0].frame.hex()}}, {"place", 7}, {"time", toText(day(11))}};
    auto const receiptBy = [&](Someone const& someone) {
        return office.row(office.record(someone, "receipt", "server@college", "unit/jwc", {}, made), made);
    };
    Row const receipt = receiptBy(office.machine);
    CHECK(judgeAlone(receipt, office.registry, office.below()).verdict == Verdict::Valid);
    ReceiptBody const body = receiptBodyFrom(receipt.record()->body).value();
    CHECK(body.frames == std::vector{plan.places[0].frame});
    CHECK(body.place == 7);
    CHECK(body.time == day(11));
    CHECK(judgeAlone(receiptBy(office.head), office.registry, office.below()).reason == "role-not-allowed");
    Someone const hub = office.server("hub", {"unit/jwc"});
    CHECK(judgeAlone(receiptBy(hub), office.registry, office.below()).reason == "role-not-allowed");
    made.body.set("place", "7");
    CHECK(judgeAlone(receiptBy(office.machine), office.registry, office.below()).reason == "form");
    // A stolen server key makes no receipts above the cut.
    office.append("revoke", College::revokeMembers(office.machine.key().id()), {office.founder});
    CHECK(judgeAlone(receipt, office.registry, office.below()).reason == "above-cut");
}

TEST_CASE("a branch is confirmed by its owner on another device, or by two admins", "[authority][alone]") {
    Office office;
    office.enrol(office.clerk, {office.founder});
    office.append("admin", College::quorumMembers({office.founder, office.quality}, 1), {office.founder});
    Row const plan = office.plan();
    FrameId const tip = plan.places[0].frame;
    auto const reason = [&](Row const& row) { return judgeAlone(row, office.registry, office.below()).reason; };
    auto const confirmBy = [&](Someone const& someone, std::string_view role, std::size_t device, json::Object body) {
        Made made;
        made.device = device;
        made.body = std::move(body);
        return office.row(office.record(someone, "confirm", role, "unit/jwc", {}, made), made);
    };
    json::Object const named{{"tip", tip.hex()}};
    CHECK(reason(confirmBy(office.clerk, "clerk@unit/jwc", 1, named)).empty());
    CHECK(reason(confirmBy(office.clerk, "clerk@unit/jwc", 0, named)) == "role-not-allowed");   // the copied one
    CHECK(reason(confirmBy(office.other, "clerk@unit/jwc", 0, named)) == "role-not-allowed");
    CHECK(reason(confirmBy(office.clerk, "clerk@unit/jwc", 1, {{"tip", office.random().token<FrameId>().hex()}})) ==
          "wait-target");
    CHECK(reason(confirmBy(office.clerk, "clerk@unit/jwc", 1, {{"tip", "x"}})) == "form");

    auto const decided = [&](std::vector<Someone> const& agreed, std::string_view scope = "unit/jwc") {
        Proposal proposal;
        proposal.act = json::encode(json::Object{{"act", "confirm"},
                                                 {"n", office.random().token<Nonce>().hex()},
                                                 {"school", office.registry.school().hex()},
                                                 {"scope", std::string(scope)},
                                                 {"tip", tip.hex()}});
        for (Someone const& someone : agreed) proposal.agreed.push_back(office.agreementOf(someone, proposal.act));
        return confirmBy(office.other, "clerk@unit/jwc", 0, bodyOf(proposal));
    };
    CHECK(reason(decided({office.founder, office.quality})).empty());
    CHECK(reason(decided({office.quality})) == "role-not-allowed");
    CHECK(reason(decided({office.quality, office.quality})) == "role-not-allowed");
    CHECK(reason(decided({office.quality, office.head})) == "role-not-allowed");
    CHECK(reason(decided({office.founder, office.quality}, "college")) == "form");
    CHECK(confirmedTip(decided({office.founder}).record()->body).value() == tip);
}

TEST_CASE("the row of an entry is right when the registry took it", "[authority][alone]") {
    Office office;
    auto const rowOf = [&](SignedEntry const& entry, std::optional<RegistryPoint> frameReg) {
        Record record = decodeRecord(asBytes(entry.bytes)).value();
        Made made;
        Place place = office.place(record.by.device, Scope::registry(), made);
        place.reg = std::move(frameReg);
        return Row{entry.id, std::move(record), {place}};
    };
    RegistryPoint const first{1, office.registry.school()};
    CHECK(judgeAlone(rowOf(office.entries[0], {}), office.registry, office.below()).verdict == Verdict::Valid);
    // Several entries in one frame rely on one another.
    CHECK(judgeAlone(rowOf(office.entries[3], first), office.registry, office.below()).verdict == Verdict::Valid);
    Row moved = rowOf(office.entries[3], first);
    moved.places[0].scope = Scope::college();
    CHECK(judgeAlone(moved, office.registry, office.below()).reason == "binding-scope");

    json::Object const unit{{"unit", "x"}, {"name", "X"}};
    SignedEntry const refused = office.signEntry("unit.v1", office.propose("unit", unit, {office.clerk}));
    CHECK(judgeAlone(rowOf(refused, first), office.registry, office.below()).verdict == Verdict::Invalid);
    SignedEntry const newer = office.signEntry("merge-units.v1", office.propose("merge-units", unit, {office.founder}));
    CHECK(judgeAlone(rowOf(newer, first), office.registry, office.below()).reason == "newer-kind");
    SignedEntry const newerVersion = office.signEntry("unit.v2", office.propose("unit", unit, {office.founder}));
    CHECK(judgeAlone(rowOf(newerVersion, first), office.registry, office.below()).reason == "newer-kind");
    // Another branch of a forked registry.
    SignedEntry const left = office.signEntry("unit.v1", office.propose("unit", unit, {office.founder}));
    SignedEntry const right = office.signEntry("unit.v1", office.propose("unit", unit, {office.founder}));
    office.add(left);
    office.add(right);
    CHECK(judgeAlone(rowOf(left, first), office.registry, office.below()).reason == "forked");
    // In a forked registry nobody is given anything new, and what relies on a branch finds the common chain.
    Row const plan = office.plan();
    CHECK(office.reason({plan}, plan).empty());
}

TEST_CASE("judgements are the same in every order of entries and rows", "[authority][property]") {
    std::set<Verdict> reachedInAll;
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        College college(seed);
        SeededRandom& random = college.random();
        auto const chance = [&](std::uint64_t oneIn) { return random.below(oneIn) == 0; };
        std::vector<Someone> people;
        std::vector<ObjectId> grants;
        std::vector<Row> rows;
        Someone const machine = college.server();
        for (char const* name : {"a", "b", "c", "d"}) {
            people.push_back(college.person(name));
            grants.push_back(college.grant(people.back(), "head@unit/jwc", day(0), day(60), true));
        }
        grants.push_back(college.grant(people[3], "quality@college"));
        std::vector<std::string> const kinds{"submit", "approve", "accept", "recheck-pass", "affirm", "admit", "comment", "odd"};
        bool isForked = false;
        for (int step = 0; step < 30; ++step) {
            Someone const& someone = people[random.below(people.size())];
            Made made;
            made.time = day(static_cast<int>(random.below(80)));
            if (chance(2)) made.receipt = made.time;
            if (rows.empty() || chance(3)) {
                std::vector<ObjectId> parents;
                for (Row const& row : rows) {
                    if (row.revision() != nullptr && chance(3)) parents.push_back(row.id);
                }
                if (chance(8)) parents.push_back(random.token<ObjectId>());
                rows.push_back(college.write(someone, "unit/jwc", parents, made));
            } else {
                Row const target = rows[random.below(rows.size())];
                bool const asQuality = someone.name == "d" && chance(2);
                rows.push_back(college.act(someone, kinds[random.below(kinds.size())],
                                           asQuality ? "quality@college" : "head@unit/jwc", target, made));
            }
            if (chance(6) && !isForked) {
                std::vector<Cut> cuts;
                Someone const& victim = people[random.below(people.size())];
                for (Row const& row : rows) {
                    if (row.places[0].device == victim.key().id() && !chance(3)) cuts = {college.cutAt(row)};
                }
                json::Object members = chance(2) ? College::revokeMembers(victim.key().id(), cuts)
                                                 : College::revokeMembers(grants[random.below(grants.size())], cuts);
                RegistryPoint const before = college.registry.head();
                college.append("revoke", std::move(members), {college.founder});
                if (chance(3)) {
                    isForked = true;
                    Proposal const proposal = college.propose("grant", College::grantMembers(victim, "clerk@unit/jwc"),
                                                              {college.founder}, before);
                    CHECK(college.add(college.signEntry("grant.v1", proposal, before)).added == Registry::Added::Branched);
                }
            }
        }
        auto const expected = college.judge(rows);
        std::string const signers = college.registry.allowedSigners();
        std::set<Verdict> reached;
        for (auto const& [id, judgement] : expected) reached.insert(judgement.verdict);
        CHECK(reached.contains(Verdict::Quarantined));
        reachedInAll.insert(reached.begin(), reached.end());
        std::vector<SignedEntry> entries = college.entries;
        for (int round = 0; round < 200; ++round) {
            for (std::size_t i = entries.size(); i > 1; --i) std::swap(entries[i - 1], entries[random.below(i)]);
            for (std::size_t i = rows.size(); i > 1; --i) std::swap(rows[i - 1], rows[random.below(i)]);
            // Signatures are checked in some rounds only; they cost most of the time.
            auto const signatures = round < 5 ? Registry::Signatures::Check : Registry::Signatures::CheckedBefore;
            Registry registry;
            for (SignedEntry const& entry : entries) registry.add(asBytes(entry.bytes), entry.signature, signatures);
            REQUIRE(registry.head() == college.registry.head());
            REQUIRE(registry.allowedSigners() == signers);
            auto const judgements = judgeDocument(rows, registry, college.below());
            REQUIRE(judgements.size() == expected.size());
            for (auto const& [id, judgement] : expected) REQUIRE(judgements.at(id) == judgement);
        }
    }
    CHECK(reachedInAll.size() >= 4);   // all but Invalid, which no honest device makes
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
