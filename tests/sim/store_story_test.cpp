// What may befall a college, told one by one on real machines. After each story every replica holds the same, shows the
// same in the same bytes, and agrees with the model row by row.
#include "store_world.h"

#include <catch2/catch.hpp>

namespace spiral::sim {
namespace {

using trust::day;
using trust::Someone;
using Node = StoreWorld::Node;

/// A document of the unit in which these stories play.
spiral::DocumentKey inUnit(DocumentId const& doc) { return {trust::scopeOf("unit/jwc"), doc}; }

struct Office : StoreWorld {
    explicit Office(std::uint64_t seed = 1) : StoreWorld(seed) {
        reads(college.founder);
        li = person("li");
        college.enrol(li, {college.founder});
        hu = person("hu");
        college.grant(li, "clerk@unit/jwc");
        college.grant(hu, "head@unit/jwc", day(0), {}, true);
    }
    /// Everybody here reads all units, so that all come to hold the same; what they may do is another matter.
    void reads(Someone const& who) { college.grant(who, "reviewer@college"); }
    Someone person(std::string name) {
        Someone someone = college.person(std::move(name));
        reads(someone);
        return someone;
    }
    /// A machine that has the registry as it is now.
    Node& machine(Someone const& who, std::size_t device = 0) {
        if (nodes().empty()) sealEntries(add(college.founder));
        Node& node = add(who, device);
        sealEntries(keeper());
        carry(keeper(), node);
        return node;
    }
    Node& keeper() { return *nodes().front(); }
    /// All meet; all hold and show the same, and what the model says.
    void checkAllEqual() {
        meet();
        auto const first = dump(keeper());
        for (auto& node : nodes()) {
            INFO(node->name);
            CHECK(compare(*node) == "");
            CHECK(node->held == keeper().held);
            bool const showsTheSame = dump(*node) == first, isAsRebuilt = dumpRebuilt(*node) == first;
            CHECK(showsTheSame);
            CHECK(isAsRebuilt);
        }
    }
    std::string verdict(Node& node, ObjectId const& row) {
        node.view->catchUp();
        auto const item = node.view->item(row);
        return !item ? "not shown" : item->reason.empty() ? item->verdict : item->reason;
    }
    /// The same everywhere.
    void checkVerdict(ObjectId const& row, std::string const& expected) {
        for (auto& node : nodes()) {
            INFO(node->name);
            CHECK(verdict(*node, row) == expected);
        }
    }
    DocumentId documentOf(ObjectId const& row) { return std::get<Revision>(facts.rows.at(row)).doc; }
    Someone li, hu;
};

json::Object titled(std::string_view title) { return {{"title", std::string(title)}}; }

}  // namespace

TEST_CASE("two admins revoke each other: the first appended counts, on every replica in every order", "[sim][story]") {
    Office office;
    Someone wang = office.person("wang"), friendOfWang = office.person("friend");
    office.college.append("admin", trust::College::quorumMembers({office.college.founder, wang, office.hu}, 1),
                          {office.college.founder});
    Node& wangs = office.machine(wang);
    Node& hus = office.machine(office.hu);
    Node& friends = office.machine(friendOfWang);
    auto const seen = office.college.registry.head();
    auto const against = [&](Someone const& by, Someone const& whom) {
        return office.college.propose("revoke", trust::College::revokeMembers(whom.key().id()), {by}, seen);
    };
    auto const first = against(wang, office.hu), second = against(office.hu, wang);
    auto const favour = office.college.propose("grant", trust::College::grantMembers(friendOfWang, "clerk@unit/jwc"),
                                               {office.hu}, seen);
    CHECK(office.college.add(office.college.signEntry("revoke.v1", first)).added == trust::Registry::Added::Appended);
    CHECK(office.college.add(office.college.signEntry("revoke.v1", second)).reason == "registry.threshold");
    CHECK(office.college.add(office.college.signEntry("grant.v1", favour)).reason == "registry.threshold");
    // Written in good faith before anybody heard of it: above a cut at nothing.
    ObjectId const late = office.write(hus, "unit/jwc", titled("晚"));
    ObjectId const byFriend = office.write(friends, "unit/jwc", titled("友"));
    office.sealEntries(office.keeper());
    office.carry(hus, wangs);
    office.checkAllEqual();
    office.checkVerdict(late, "above-cut");
    office.checkVerdict(byFriend, "role-not-allowed");
}

// The simulation found both halves: a machine that had relied on a lost branch sealed its next frame on the older
// common head, which goes back along its chain and is refused by everybody; and who had met the other branch first
// never took the frames of a device enrolled on this one.
TEST_CASE("the keeper is cloned: both heads are shown, no frame is refused, work goes on", "[sim][story]") {
    Office office;
    Node& lis = office.machine(office.li);
    Node& hus = office.machine(office.hu);
    Node& twin = office.add(office.college.founder);
    auto const image = office.image(office.keeper(), true);
    office.restore(twin, image);
    auto const head = office.college.registry.head();
    trust::College& college = office.college;

    // One keeper enrols Zhao, the other revokes Li's second device; both follow the same entry.
    Someone zhao{"zhao", college.newPersonId(), {college.newKey()}};
    auto const enrol = college.signEntry(
        "device.v1",
        college.propose("device", {{"request", college.requestBytes(zhao.key(), zhao.id)}}, {college.founder}), head);
    auto const revoke = college.signEntry(
        "revoke.v1", college.propose("revoke", trust::College::revokeMembers(office.li.key(1).id()), {college.founder}),
        head);
    REQUIRE(college.add(enrol).added == trust::Registry::Added::Appended);
    auto const give = college.signEntry(
        "grant.v1", college.propose("grant", trust::College::grantMembers(zhao, "clerk@unit/jwc"), {college.founder}));
    REQUIRE(college.add(give).added == trust::Registry::Added::Appended);
    office.sealEntries(office.keeper(), {enrol, give});
    office.sealEntries(twin, {revoke});
    Node& zhaos = office.add(zhao);
    office.carry(office.keeper(), zhaos);
    ObjectId const byZhao = office.write(zhaos, "unit/jwc", titled("赵"));
    // Hu hears of Zhao first and relies on that head; then of the other branch; and works on.
    office.carry(office.keeper(), hus);
    ObjectId const before = office.write(hus, "unit/jwc", titled("前"));
    office.carry(twin, hus);
    REQUIRE((*hus.machine)->registry().forked());
    ObjectId const after = office.write(hus, "unit/jwc", titled("后"));
    // Li hears of the other branch first, and of Zhao's frames before that of the entry.
    office.carry(twin, lis);
    office.carry(zhaos, lis);
    office.carry(hus, lis);
    office.checkAllEqual();
    office.checkVerdict(before, "valid-not-yet-witnessed");
    office.checkVerdict(after, "valid-not-yet-witnessed");
    office.checkVerdict(byZhao, "device-unknown");
    for (auto& node : office.nodes()) {
        CHECK((*node->machine)->registry().heads().size() == 2);
        CHECK(node->view->forks().size() == 1);
        CHECK((*node->machine)->registry().revocationsOf(office.li.key(1).id()).size() == 1);
    }
}

TEST_CASE("a laptop is restored from last week's image, with and without a peer to ask", "[sim][story]") {
    bool const hasGuard = GENERATE(true, false);
    bool const asksFirst = GENERATE(true, false);
    Office office;
    Node& laptop = office.machine(office.li);
    Node& peer = office.machine(office.hu);
    ObjectId const old = office.write(laptop, "unit/jwc", titled("周一"));
    auto const image = office.image(laptop, hasGuard);
    ObjectId const carried = office.write(laptop, "unit/jwc", titled("周二"), {old}, office.documentOf(old));
    office.carry(laptop, peer);
    office.restore(laptop, image);
    // An image without the guard meets the one outside it, which is newer.
    CHECK((*laptop.machine)->guard() == (hasGuard ? replica::GuardFinding::Good : replica::GuardFinding::Restored));
    if (asksFirst) office.carry(peer, laptop);
    ObjectId const next = office.write(laptop, "unit/jwc", titled("周三"));
    office.checkAllEqual();
    CHECK(laptop.view->forks().empty() == asksFirst);
    office.checkVerdict(carried, "valid-not-yet-witnessed");
    office.checkVerdict(next, "valid-not-yet-witnessed");
    CHECK(laptop.view->document(inUnit(office.documentOf(old)))->row.heads == std::vector<ObjectId>{carried});
}

TEST_CASE("thirty clones of one image: every branch is kept and shown, acts wait for a confirm", "[sim][story]") {
    Office office;
    Node& original = office.machine(office.li);
    Node& second = office.machine(office.li, 1);
    ObjectId const plan = office.write(original, "unit/jwc", titled("原"));
    auto const image = office.image(original, false);
    std::vector<ObjectId> edits, submits;
    std::vector<FrameId> tips;
    for (int clone = 0; clone < 30; ++clone) {
        Node& machine = office.add(office.li);
        office.restore(machine, image);
        edits.push_back(office.write(machine, "unit/jwc", titled("第" + std::to_string(clone) + "台"), {plan},
                                     office.documentOf(plan)));
        submits.push_back(office.act(machine, "submit", "clerk@unit/jwc", edits.back()));
        tips.push_back((*machine.machine)->tips().back().frame);
        office.carry(machine, second);
    }
    CHECK(office.compare(second) == "");
    auto const forks = second.view->forks();
    REQUIRE(forks.size() == 1);
    CHECK(forks.front().branches.size() == 30);
    CHECK(forks.front().tips.size() == 30);
    CHECK(second.view->document(inUnit(office.documentOf(plan)))->row.heads.size() == 30);
    CHECK(office.verdict(second, submits[7]) == "forked");
    office.confirm(second, "unit/jwc", tips[7]);
    CHECK(office.verdict(second, submits[7]) == "valid-not-yet-witnessed");
    CHECK(office.verdict(second, submits[8]) == "forked");
    for (std::size_t index : {0, 1, 5, 20}) office.carry(second, *office.nodes()[index], {}, true);
    for (std::size_t index : {0, 1, 5, 20}) {
        CHECK(office.compare(*office.nodes()[index]) == "");
        bool const showsTheSame = office.dump(*office.nodes()[index]) == office.dump(second);
        CHECK(showsTheSame);
    }
}

TEST_CASE("a machine is rolled back every night for five nights: what was synced at noon survives", "[sim][story]") {
    bool const hasGuard = GENERATE(true, false);
    Office office;
    Node& machine = office.machine(office.li);
    Node& peer = office.machine(office.hu);
    auto const clean = office.image(machine, hasGuard);
    std::vector<ObjectId> noon;
    for (int night = 0; night < 5; ++night) {
        noon.push_back(office.write(machine, "unit/jwc", titled("第" + std::to_string(night) + "天")));
        office.carry(machine, peer);
        office.write(machine, "unit/jwc", titled("下午"));  // never left the machine
        office.restore(machine, clean);
        CHECK(office.compare(peer) == "");
    }
    office.checkAllEqual();
    for (ObjectId const& edit : noon) office.checkVerdict(edit, "valid-not-yet-witnessed");
    REQUIRE(peer.view->forks().size() == 1);
    CHECK(peer.view->forks().front().branches.size() == 5);
    CHECK(peer.view->status().total == static_cast<std::int64_t>(office.facts.entries.size() + noon.size()));
}

TEST_CASE("wrong clocks never block and never lose work: 2019, 2038, jumps", "[sim][story]") {
    Office office;
    Someone const server = office.college.server();
    Node& lis = office.machine(office.li);
    Node& hus = office.machine(office.hu);
    Node& servers = office.machine(server);
    std::vector<ObjectId> rows;
    DocumentId doc;
    for (int days : {-2500, 4300, 0, 4300, -40}) {
        lis.machine->clock.time = day(10 + days);
        auto const parents = rows.empty() ? std::vector<ObjectId>() : std::vector<ObjectId>{rows.back()};
        rows.push_back(office.write(lis, "unit/jwc", titled(std::to_string(days)), parents,
                                    rows.empty() ? std::optional<DocumentId>() : doc));
        doc = office.documentOf(rows.front());
        office.carry(lis, hus);
        office.carry(hus, servers);
    }
    CHECK(office.compare(hus) == "");
    std::vector<FrameId> frames;
    for (auto const& [id, frame] : office.facts.frames) {
        if (frame.device == office.li.key().id()) frames.push_back(id);
    }
    office.receipt(servers, "unit/jwc", frames);
    ObjectId const answer = office.write(hus, "unit/jwc", titled("好"), {rows.back()}, doc);
    office.checkAllEqual();
    for (ObjectId const& row : rows) office.checkVerdict(row, "valid");
    office.checkVerdict(answer, "valid-not-yet-witnessed");
    CHECK(hus.view->document(inUnit(doc))->row.heads == std::vector<ObjectId>{answer});
    // A clock of 2038 drags nobody along.
    CHECK(std::get<Revision>(office.facts.rows.at(answer)).time.wall < day(60));
}

TEST_CASE("self-approval in every form is quarantined on every replica in every order", "[sim][story]") {
    std::uint64_t const order = GENERATE(1, 2, 3, 4, 5, 6);
    Office office(order);
    office.college.grant(office.li, "head@unit/jwc");
    Someone zhao = office.person("zhao");
    ObjectId const hers = office.college.grant(office.hu, "head@unit/jwc", day(0), {}, true);
    office.college.append("delegate", trust::College::delegateMembers(hers, zhao, "unit/jwc", day(1), day(90)),
                          {office.hu});
    Node& lis = office.machine(office.li);
    Node& second = office.machine(office.li, 1);
    Node& hus = office.machine(office.hu);
    Node& zhaos = office.machine(zhao);

    ObjectId const plan = office.write(lis, "unit/jwc", titled("李"));
    office.carry(lis, second);
    ObjectId const own = office.act(lis, "approve", "head@unit/jwc", plan);
    ObjectId const bySecond = office.act(second, "approve", "head@unit/jwc", plan);
    ObjectId const husPlan = office.write(hus, "unit/jwc", titled("胡"));
    office.carry(hus, zhaos);
    ObjectId const lent = office.act(zhaos, "approve", "head@unit/jwc", husPlan);
    office.carry(hus, lis);
    ObjectId const later = office.write(hus, "unit/jwc", titled("再"), {husPlan}, office.documentOf(husPlan));
    ObjectId const good = office.act(lis, "approve", "head@unit/jwc", husPlan);
    office.carry(lis, hus, {.shuffled = true});
    ObjectId const overOwn = office.act(hus, "approve", "head@unit/jwc", later);
    // The paper is moved to another unit, and a row names another person.
    auto moved =
        lis.machine->record("approve", "head@unit/jwc", "unit/jwc", trust::Target{trust::scopeOf("unit/cw"), husPlan});
    office.seal(lis, "unit/jwc", {moved});

    for (int round = 0; round < 12; ++round) {
        auto& from = *office.nodes()[office.below(office.nodes().size())];
        auto& to = *office.nodes()[office.below(office.nodes().size())];
        if (&from != &to)
            office.carry(from, to, {.shuffled = true, .twice = true, .dropPercent = 30, .batches = 3}, true);
        CHECK(office.compare(to) == "");
    }
    office.checkAllEqual();
    office.checkVerdict(own, "self-approval");
    office.checkVerdict(bySecond, "self-approval");
    office.checkVerdict(lent, "delegated-self-approval");
    office.checkVerdict(overOwn, "self-approval");
    office.checkVerdict(good, "valid-not-yet-witnessed");
    office.checkVerdict(moved.item.id, "target-scope");
}

TEST_CASE("a revoked device: below the cut stands, above is quarantined whatever it claims, affirmed returns",
          "[sim][story]") {
    Office office;
    Node& lost = office.machine(office.li);
    Node& fresh = office.machine(office.li, 1);
    Node& hus = office.machine(office.hu);
    ObjectId const below = office.write(lost, "unit/jwc", titled("截止前"));
    FrameId const cut = (*lost.machine)->tips().back().frame;
    office.carry(lost, office.keeper());
    ObjectId const honest = office.write(lost, "unit/jwc", titled("截止后"));
    lost.machine->clock.time = day(2);  // claims to be older than the cut
    ObjectId const backdated = office.write(lost, "unit/jwc", titled("倒签"));
    office.college.append(
        "revoke",
        trust::College::revokeMembers(office.li.key().id(), {{office.li.key().id(), trust::scopeOf("unit/jwc"), cut}}),
        {office.college.founder});
    office.sealEntries(office.keeper());
    office.carry(lost, fresh);
    office.carry(office.keeper(), fresh);
    CHECK(office.verdict(fresh, honest) == "above-cut");
    office.act(fresh, "affirm", "clerk@unit/jwc", honest);
    // Hu hears of the revocation before she holds the frame it cuts at.
    office.carry(office.keeper(), hus);
    CHECK(office.compare(hus) == "");
    office.checkAllEqual();
    office.checkVerdict(below, "valid-not-yet-witnessed");
    office.checkVerdict(honest, "valid-not-yet-witnessed");
    office.checkVerdict(backdated, "above-cut");
}

TEST_CASE("what two wrote offline: different fields merge, the same field shows both, equal texts never ask",
          "[sim][story]") {
    Office office;
    Node& lis = office.machine(office.li);
    Node& hus = office.machine(office.hu);
    ObjectId const plan = office.write(lis, "unit/jwc", {{"title", "计划"}, {"project", "甲"}, {"stage", "一"}});
    DocumentId const doc = office.documentOf(plan);
    office.carry(lis, hus);
    auto const edit = [&](Node& node, json::Object fields, std::vector<ObjectId> parents) {
        return office.write(node, "unit/jwc", std::move(fields), std::move(parents), doc);
    };
    auto const exchange = [&] {
        office.carry(lis, hus);
        office.carry(hus, lis);
        for (Node* node : {&lis, &hus}) CHECK(office.compare(*node) == "");
    };
    SECTION("different fields") {
        edit(lis, {{"title", "计划"}, {"project", "乙"}, {"stage", "一"}}, {plan});
        edit(hus, {{"title", "计划"}, {"project", "甲"}, {"stage", "二"}}, {plan});
        exchange();
        CHECK(lis.view->differences(inUnit(doc)).empty());
        CHECK(office.model(hus).fields({trust::scopeOf("unit/jwc"), doc}).at("project").begin()->first == "\"乙\"");
        CHECK(office.model(hus).fields({trust::scopeOf("unit/jwc"), doc}).at("stage").begin()->first == "\"二\"");
    }
    SECTION("the same field: both texts, with person, device and time") {
        ObjectId const hers = edit(lis, {{"title", "李的"}, {"project", "甲"}, {"stage", "一"}}, {plan});
        ObjectId const his = edit(hus, {{"title", "胡的"}, {"project", "甲"}, {"stage", "一"}}, {plan});
        exchange();
        for (Node* node : {&lis, &hus}) {
            auto const differences = node->view->differences(inUnit(doc));
            REQUIRE(differences.size() == 1);
            CHECK(differences.front().field == "title");
            for (ObjectId const& writer : {hers, his}) {
                Revision const& revision = std::get<Revision>(office.facts.rows.at(writer));
                for (std::string const& word : {writer.hex(), revision.by.person.text(), revision.by.device.hex(),
                                                toText(revision.time.wall), *json::stringAt(revision.fields, "title")})
                    CHECK(differences.front().sides.find(word) != std::string::npos);
            }
        }
        // One revision over all heads resolves it.
        edit(lis, {{"title", "合并"}, {"project", "甲"}, {"stage", "一"}}, {hers, his});
        exchange();
        CHECK(hus.view->differences(inUnit(doc)).empty());
    }
    SECTION("equal texts") {
        edit(lis, {{"title", "同"}, {"project", "甲"}, {"stage", "一"}}, {plan});
        edit(hus, {{"title", "同"}, {"project", "甲"}, {"stage", "一"}}, {plan});
        exchange();
        CHECK(lis.view->differences(inUnit(doc)).empty());
    }
    SECTION("three ways, in any order of meeting") {
        Node& keepers = office.keeper();
        office.college.grant(office.college.founder, "clerk@unit/jwc");
        office.sealEntries(keepers);
        office.carry(lis, keepers);
        edit(lis, {{"title", "一"}, {"project", "甲"}, {"stage", "一"}}, {plan});
        edit(hus, {{"title", "二"}, {"project", "甲"}, {"stage", "一"}}, {plan});
        edit(keepers, {{"title", "三"}, {"project", "丙"}, {"stage", "一"}}, {plan});
        office.carry(hus, keepers);
        office.carry(keepers, lis);
        office.carry(lis, hus);
        for (auto& node : office.nodes()) CHECK(office.compare(*node) == "");
        CHECK(lis.view->differences(inUnit(doc)).size() == 1);
    }
    SECTION("criss-cross") {
        ObjectId const a = edit(lis, {{"title", "甲方"}, {"project", "甲"}, {"stage", "一"}}, {plan});
        ObjectId const b = edit(hus, {{"title", "乙方"}, {"project", "甲"}, {"stage", "一"}}, {plan});
        exchange();
        // Each resolves the same question in another way, without having heard of the other.
        edit(lis, {{"title", "甲方"}, {"project", "甲"}, {"stage", "一"}}, {a, b});
        edit(hus, {{"title", "乙方"}, {"project", "甲"}, {"stage", "一"}}, {a, b});
        exchange();
        CHECK(lis.view->differences(inUnit(doc)).size() == 1);
    }
    office.checkAllEqual();
    // A merge is never written by a machine: every revision is one that a person typed here.
    std::size_t typed = 0;
    for (auto const& [id, object] : office.facts.rows) typed += std::holds_alternative<Revision>(object) ? 1 : 0;
    for (auto& node : office.nodes()) CHECK((*node->machine)->held().revisions == static_cast<std::int64_t>(typed));
}

}  // namespace spiral::sim
