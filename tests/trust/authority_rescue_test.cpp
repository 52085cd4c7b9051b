// Rows that others bring back (affirm, admit), and records that stand for themselves (receipt, confirm, entries).
#include "college_fixture.h"

using namespace spiral;
using namespace spiral::trust;

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
    CHECK(judgement.verdict == Verdict::Valid);  // the better of the two
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

TEST_CASE("whoever is acted for brings nothing of the kind back either", "[authority][rescue]") {
    Office office;
    Someone const deputy = office.person("deputy");
    Someone const writer = office.person("writer");
    office.append("delegate", College::delegateMembers(office.headGrant, deputy, "unit/jwc", day(0), day(100)),
                  {office.head});
    office.grant(office.head, "quality@unit/jwc");
    // The deputy's late approval is also that of the head, who therefore does not admit it.
    Row const plan = office.plan();
    Made late = receipted(101);
    Row const approval = office.act(deputy, "approve", "head@unit/jwc", plan, late);
    CHECK(office.reason({plan, approval}, approval) == "outside-interval");
    Row const byGiver = office.act(office.head, "admit", "quality@unit/jwc", approval);
    CHECK(office.reason({plan, approval, byGiver}, approval) == "outside-interval");
    Row const byOther = office.act(office.quality, "admit", "quality@college", approval);
    CHECK(office.reason({plan, approval, byOther}, approval).empty());

    // She approves late in her own right what the head wrote, and may not affirm it in the head's.
    office.grant(deputy, "quality@unit/jwc", day(0), day(50));
    Row const heads = office.write(office.head, "unit/jwc");
    Row const own = office.act(deputy, "approve", "quality@unit/jwc", heads, receipted(60));
    CHECK(office.reason({heads, own}, own) == "outside-interval");
    Row const forHead = office.act(deputy, "affirm", "head@unit/jwc", own, receipted(61));
    CHECK(office.reason({heads, own, forHead}, forHead).empty());
    CHECK(office.reason({heads, own, forHead}, own) == "outside-interval");
    Row const clerks = office.plan();
    Row const ofClerks = office.act(deputy, "approve", "quality@unit/jwc", clerks, receipted(60));
    Row const again = office.act(deputy, "affirm", "head@unit/jwc", ofClerks, receipted(61));
    CHECK(office.reason({clerks, ofClerks, again}, ofClerks).empty());
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
    CHECK(reason(confirmBy(office.clerk, "clerk@unit/jwc", 0, named)) == "role-not-allowed");  // the copied one
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
    // A device that was revoked by then agrees to nothing.
    Row const before = decided({office.founder, office.quality});
    office.append("revoke", College::revokeMembers(office.quality.key().id()), {office.founder});
    CHECK(reason(before).empty());
    CHECK(reason(decided({office.founder, office.quality})) == "role-not-allowed");
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
