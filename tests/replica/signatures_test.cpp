// Whoever reads a signed act can list it in a frame of her own, beside a signature of her own making.
#include "view_helpers.h"

using namespace spiral;
using namespace spiral::replica;
using trust::TravellingFrame;

namespace {

json::Object titled(std::string title) { return {{"title", std::move(title)}}; }

/// Wang, the head, comments on Li's plan; Li lists Wang's act in a frame of hers, with 64 zeros for its signature. Zhao
/// and the quality office read.
struct Forgery {
    trust::College college;
    trust::Someone li = college.person("li"), wang = college.person("wang"), zhao = college.person("zhao"),
                   office = college.person("office");
    ObjectId liGrant = college.grant(li, "clerk@unit/jwc"), wangGrant = college.grant(wang, "head@unit/jwc"),
             zhaoGrant = college.grant(zhao, "quality@college"), officeGrant = college.grant(office, "quality@college");
    Machines machines{college};
    Machine &lis = machines.of(li), &wangs = machines.of(wang), &zhaos = machines.of(zhao),
            &offices = machines.of(office);
    ObjectId plan = lis.write("unit/jwc", titled("甲"));

    void carryPlan() {
        for (Machine* machine : {&wangs, &zhaos, &offices}) lis.carryTo(*machine);
    }
    /// The bytes of somebody's act in Li's next frame, as no honest program seals them.
    std::vector<TravellingFrame> list(NewRow row) {
        row.signature = trust::Signature{};
        auto const before = lis->tips();
        lis.seal("unit/jwc", {row});
        return lis.framesFor(before);
    }
    [[nodiscard]] bool isGood(Machine& at, NewRow const& act) const {
        auto const held = at->recordBytes(act.item.id);
        return held && held->signature == *act.signature;
    }
};

}  // namespace

TEST_CASE("a bad signature in another's frame never keeps the honest one out, whichever comes first", "[signatures]") {
    Forgery town;
    town.carryPlan();
    NewRow const act = town.wangs.record("comment", "head@unit/jwc", "unit/jwc",
                                         trust::Target{trust::scopeOf("unit/jwc"), town.plan});
    town.wangs.seal("unit/jwc", {act});
    auto const honest = town.wangs.framesFor(town.zhaos->tips());
    auto const forged = town.list(act);
    REQUIRE(honest.size() == 1);
    REQUIRE(forged.size() == 1);

    SECTION("one after the other") {
        deliver(town.zhaos, forged);
        CHECK_FALSE(town.isGood(town.zhaos, act));
        deliver(town.zhaos, honest);
    }
    SECTION("in one batch") { deliver(town.zhaos, {forged[0], honest[0]}); }
    deliver(town.offices, honest);
    deliver(town.offices, forged);
    deliver(town.lis, honest);
    Desk east(town.zhaos), west(town.offices), own(town.lis);
    for (Desk* desk : {&east, &west, &own}) {
        CHECK(town.isGood(desk->machine, act));
        CHECK(desk->machine->check(true).empty());
        checkConserved(*desk);
        auto const item = (*desk)->item(act.item.id);
        REQUIRE(item);
        CHECK(item->count == Count::Current);
    }
    CHECK(east.dump() == west.dump());
    CHECK(east.dump() == own.dump());

    // Whatever Zhao passes on, others can take.
    auto const sun = town.college.person("sun");
    town.college.grant(sun, "quality@college");
    Machine& newcomer = town.machines.of(sun);
    for (auto const& answer : town.zhaos.carryTo(newcomer)) CHECK(answer.reason.empty());
    CHECK(town.isGood(newcomer, act));
}

TEST_CASE("a forged signature of a registry entry does not stop a revocation on its way", "[signatures]") {
    Forgery town;
    town.carryPlan();
    town.college.append("revoke", trust::College::revokeMembers(town.lis.device()), {town.college.founder});
    auto const entry = town.college.entries.back();
    auto const forged = town.list({{trust::Item::Kind::Record, entry.id}, entry.bytes, entry.signature});
    deliver(town.zhaos, forged);
    town.machines.spreadRegistry();
    town.zhaos.close();
    town.zhaos.open();
    CHECK(town.zhaos->check(true).empty());
    CHECK(town.zhaos->recordBytes(entry.id)->signature == entry.signature);
    CHECK(town.zhaos->registry().revocationsOf(town.lis.device()).size() == 1);
}

TEST_CASE("an act of a newer program finds its signature again, though nobody here can read it", "[signatures]") {
    Forgery town;
    town.carryPlan();
    NewRow act = town.wangs.record("comment", "head@unit/jwc", "unit/jwc",
                                   trust::Target{trust::scopeOf("unit/jwc"), town.plan});
    act.bytes.replace(act.bytes.rfind("\"v\":1"), 5, "\"v\":2");
    act.item.id = hashAs<ObjectId>(asBytes(act.bytes));
    act.signature = town.wangs.secret()
                        .sign(trust::nameSpaceFor("comment.v1", town.college.domain()), asBytes(act.bytes))
                        .value();
    town.wangs.seal("unit/jwc", {act});
    deliver(town.zhaos, town.list(act));
    town.wangs.carryTo(town.zhaos);
    CHECK(town.isGood(town.zhaos, act));
    town.zhaos.carryTo(town.offices);
    CHECK(town.isGood(town.offices, act));
}

TEST_CASE("a frame whose payload is wanted is not passed on with what others say are its rows", "[signatures]") {
    Forgery town;
    town.carryPlan();
    NewRow const act = town.wangs.record("comment", "head@unit/jwc", "unit/jwc",
                                         trust::Target{trust::scopeOf("unit/jwc"), town.plan});
    town.wangs.seal("unit/jwc", {act});
    auto bare = town.wangs.framesFor(town.zhaos->tips());
    auto const forged = town.list(act);
    bare[0].payload.reset();
    deliver(town.zhaos, bare);
    deliver(town.zhaos, forged);
    CHECK(town.zhaos->check(true).empty());
    for (auto const& answer : town.zhaos.carryTo(town.offices)) CHECK(answer.reason.empty());
    town.wangs.carryTo(town.zhaos);
    deliver(town.zhaos, town.wangs.framesFor(town.zhaos->tipsToAskWith()));
    CHECK(town.isGood(town.zhaos, act));
}
