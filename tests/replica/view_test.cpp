#include "view_helpers.h"

#include <ctime>

using namespace spiral;
using namespace spiral::replica;
using trust::College;
using trust::day;
using trust::Target;

namespace {

/// Two clerks and a head of one unit, and the quality office.
struct Office {
    College college;
    trust::Someone li = college.person("li"), wang = college.person("wang"), head = college.person("head"),
                   quality = college.person("quality");
    ObjectId liGrant = college.grant(li, "clerk@unit/jwc"), wangGrant = college.grant(wang, "clerk@unit/jwc"),
             headGrant = college.grant(head, "head@unit/jwc"), qualityGrant = college.grant(quality, "quality@college");
    Machines machines{college};
};

json::Object titled(std::string title) { return {{"title", std::move(title)}}; }

}  // namespace

TEST_CASE("a document is shown with its title, head and items as soon as it is sealed", "[view]") {
    Office office;
    Machine& li = office.machines.of(office.li);
    Desk desk(li);
    auto const before = desk->status();
    CHECK(before.items.at(Count::Current) == before.total);  // the registry's entries

    ObjectId const first = li.write("unit/jwc", {{"title", "质量年报"}, {"owner", "jwc"}, {"due", "2026-06-30"}});
    desk->catchUp();
    auto const item = desk->item(first);
    REQUIRE(item);
    CHECK(item->kind == "task.v1");
    CHECK(item->verdict == "valid-not-yet-witnessed");
    CHECK(item->count == Count::Current);
    CHECK(item->person == li.person());
    CHECK(item->device == li.device());
    CHECK(item->scope.text() == "unit/jwc");
    REQUIRE(item->doc);
    auto const shown = desk->document(*item->key());
    REQUIRE(shown);
    CHECK(shown->row.title == "质量年报");
    CHECK(shown->row.heads == std::vector{first});
    CHECK(shown->row.due == parseDay("2026-06-30"));
    CHECK(desk->find(item->doc->hex().substr(0, 6)) == std::vector{*item->key()});
    CHECK(desk->find(item->doc->hex().substr(0, 3)).empty());
    CHECK(desk->find("zzzz").empty());

    ObjectId const second = li.write("unit/jwc", titled("质量年报（修订）"), {first}, item->doc);
    desk->catchUp();
    CHECK(desk->document(*item->key())->row.title == "质量年报（修订）");
    CHECK(desk->item(first)->count == Count::Superseded);
    auto const items = desk->items(*item->key());
    REQUIRE(items.size() == 2);
    CHECK(items[0].item.id == first);
    CHECK(items[1].item.id == second);
    auto const facts = desk->facts(*item->key());
    REQUIRE(facts);
    CHECK(facts->rows.size() == 2);
    checkConserved(desk);
    checkAsRebuilt(desk);
}

TEST_CASE("two edits of one revision are different until somebody merges them", "[view]") {
    Office office;
    Machine& li = office.machines.of(office.li);
    Machine& wang = office.machines.of(office.wang);
    Desk desk(li);
    ObjectId const base = li.write("unit/jwc", titled("甲"));
    li.carryTo(wang);
    desk->catchUp();
    DocumentId const doc = *desk->item(base)->doc;
    ObjectId const mine = li.write("unit/jwc", titled("乙"), {base}, doc);
    ObjectId const theirs = wang.write("unit/jwc", titled("丙"), {base}, doc);
    wang.carryTo(li);
    checkConserved(desk);
    CHECK(desk.counted(Count::Different) == 2);
    REQUIRE(desk->differences({trust::scopeOf("unit/jwc"), doc}).size() == 1);
    CHECK(desk->list({.withDifferences = true}).size() == 1);
    li.write("unit/jwc", titled("丁"), {mine, theirs}, doc);
    checkConserved(desk);
    CHECK(desk.counted(Count::Different) == 0);
    CHECK(desk->differences({trust::scopeOf("unit/jwc"), doc}).empty());
    CHECK(desk->list({.withDifferences = true}).empty());
    checkAsRebuilt(desk);
}

TEST_CASE("a wanted payload is counted pending until it comes", "[view]") {
    Office office;
    Machine& li = office.machines.of(office.li);
    Machine& wang = office.machines.of(office.wang);
    ObjectId const id = li.write("unit/jwc", titled("甲"));
    auto frames = li.framesFor(wang->tips());
    auto bare = frames;
    for (auto& frame : bare) frame.payload.reset();
    deliver(wang, bare);
    Desk desk(wang);
    checkConserved(desk);
    CHECK(desk->status().reasons.at("payload-wanted") == 1);
    CHECK(desk->item(id)->count == Count::Pending);
    CHECK_FALSE(desk->item(id)->doc);
    checkAsRebuilt(desk);
    deliver(wang, frames);
    checkConserved(desk);
    CHECK(desk->status().reasons.empty());
    CHECK(desk->item(id)->count == Count::Current);
    checkAsRebuilt(desk);
}

TEST_CASE("a record that comes before its revision waits and is then taken up, with the records on it", "[view]") {
    Office office;
    Machine& li = office.machines.of(office.li);
    Machine& head = office.machines.of(office.head);
    Machine& wang = office.machines.of(office.wang);
    ObjectId const plan = li.write("unit/jwc", titled("甲"));
    li.carryTo(head);
    ObjectId const approval = head.act("approve", "head@unit/jwc", "unit/jwc", plan);
    ObjectId const comment = head.act("comment", "head@unit/jwc", "unit/jwc", approval);
    auto fromHead = head.framesFor(wang->tips());
    std::vector<trust::TravellingFrame> ofHead;
    for (auto& frame : fromHead) {
        if (trust::decodeFrameHeader(frame.header)->device == head.device()) ofHead.push_back(std::move(frame));
    }
    deliver(wang, ofHead);
    Desk desk(wang);
    checkConserved(desk);
    CHECK(desk->item(approval)->reason == "wait-target");
    CHECK(desk->item(comment)->reason == "wait-target");
    CHECK(desk->records(plan).size() == 1);
    checkAsRebuilt(desk);
    li.carryTo(wang);
    checkConserved(desk);
    CHECK(desk->item(approval)->count == Count::Current);
    CHECK(desk->item(comment)->count == Count::Current);
    CHECK(desk->item(comment)->doc == desk->item(plan)->doc);
    CHECK(desk->items(*desk->item(plan)->key()).size() == 3);
    CHECK(desk->records(plan).size() == 1);
    CHECK(desk->records({}).size() > 2);
    checkAsRebuilt(desk);
}

TEST_CASE("a revocation judges anew what lies above its cut, and nothing else", "[view]") {
    Office office;
    Machine& li = office.machines.of(office.li);
    Machine& wang = office.machines.of(office.wang);
    std::vector<ObjectId> ids;
    std::vector<Sealed> frames;
    for (int i = 0; i < 6; ++i) {
        NewRow const row = li.revision("unit/jwc", titled("文" + std::to_string(i)));
        frames.push_back(li.seal("unit/jwc", {row}));
        ids.push_back(row.item.id);
    }
    for (int i = 0; i < 5; ++i) wang.write("unit/jwc", titled("王" + std::to_string(i)));
    li.carryTo(wang);
    Desk desk(wang);
    desk.projector.projected = 0;
    office.college.append(
        "revoke", College::revokeMembers(li.device(), {{li.device(), trust::scopeOf("unit/jwc"), frames[2].frame}}),
        {office.college.founder});
    office.machines.spreadRegistry();
    desk->catchUp();
    CHECK(desk.projector.projected == 3);
    for (int i = 0; i < 6; ++i) {
        CHECK(desk->item(ids[static_cast<std::size_t>(i)])->count == (i <= 2 ? Count::Current : Count::Quarantined));
    }
    CHECK(desk->item(ids[5])->reason == "above-cut");
    checkConserved(desk);
    checkAsRebuilt(desk);

    // A revoked grant likewise, for the devices of its holder.
    office.college.append("revoke", College::revokeMembers(office.wangGrant, {}), {office.college.founder});
    office.machines.spreadRegistry();
    desk->catchUp();
    CHECK(desk.counted(Count::Quarantined) == 8);
    checkConserved(desk);
    checkAsRebuilt(desk);
}

TEST_CASE("a cut that is not held yet makes rows wait, and lets them stand when it comes", "[view]") {
    Office office;
    Machine& li = office.machines.of(office.li);
    Machine& wang = office.machines.of(office.wang);
    NewRow const early = li.revision("unit/jwc", titled("早"));
    li.seal("unit/jwc", {early});
    li.carryTo(wang);
    NewRow const late = li.revision("unit/jwc", titled("晚"));
    auto const cut = li.seal("unit/jwc", {late});
    Desk desk(wang);
    office.college.append("revoke",
                          College::revokeMembers(li.device(), {{li.device(), trust::scopeOf("unit/jwc"), cut.frame}}),
                          {office.college.founder});
    office.machines.spreadRegistry();
    desk->catchUp();
    CHECK(desk->item(early.item.id)->reason == "wait-cut");
    checkAsRebuilt(desk);
    deliver(wang, li.framesFor(wang->tips()));
    checkConserved(desk);
    CHECK(desk->item(early.item.id)->count == Count::Current);
    CHECK(desk->item(late.item.id)->count == Count::Current);
    checkAsRebuilt(desk);
}

TEST_CASE("unknown types and kinds are counted pending", "[view]") {
    Office office;
    Machine& li = office.machines.of(office.li);
    Desk desk(li);
    NewRow const row = li.revision("unit/jwc", titled("甲"), {}, {}, "survey.v1");
    li.seal("unit/jwc", {row});
    ObjectId const act = li.act("juggle", "clerk@unit/jwc", "unit/jwc", row.item.id);
    checkConserved(desk);
    CHECK(desk->item(row.item.id)->reason == "newer-type");
    CHECK(desk->item(act)->reason == "newer-kind");
    checkAsRebuilt(desk);
}

TEST_CASE("an accept of a newer version closes nothing, is counted pending and passed on byte for byte", "[view]") {
    Office office;
    Machine& li = office.machines.of(office.li);
    Machine& quality = office.machines.of(office.quality);
    Machine& head = office.machines.of(office.head);
    ObjectId const plan = li.write("unit/jwc", titled("甲"));
    li.carryTo(quality);
    NewRow accept =
        quality.record("accept", "quality@college", "unit/jwc", Target{trust::scopeOf("unit/jwc"), plan});
    accept.bytes.replace(accept.bytes.find("accept.v1"), 9, "accept.v2");
    accept.item.id = hashAs<ObjectId>(asBytes(accept.bytes));
    accept.signature =
        quality.secret().sign(trust::nameSpaceFor("accept.v2", office.college.domain()), asBytes(accept.bytes)).value();
    quality.seal("unit/jwc", {accept});
    quality.carryTo(head);
    for (Machine* machine : {&quality, &head}) {
        Desk desk(*machine);
        checkConserved(desk);
        CHECK(desk->item(accept.item.id)->count == Count::Pending);
        CHECK(desk->item(accept.item.id)->reason == "newer-kind");
        CHECK(desk->list({}).front().row.state == "open");
        CHECK(asText((*machine)->recordBytes(accept.item.id)->bytes) == accept.bytes);
    }
}

TEST_CASE("rows of a newer version or beyond reading are counted, and stop nothing", "[view]") {
    Office office;
    Machine& li = office.machines.of(office.li);
    Desk desk(li);
    NewRow const known = li.revision("unit/jwc", titled("甲"));
    // The same object of a later version: well formed as far as this program can tell.
    auto bytes = known.bytes;
    bytes.replace(bytes.rfind("\"v\":1"), 5, "\"v\":2");
    NewRow const newer{{trust::Item::Kind::Revision, hashAs<ObjectId>(asBytes(bytes))}, bytes, std::nullopt};
    std::string const garbage = "{\"nothing\":[]}";
    NewRow const malformed{{trust::Item::Kind::Revision, hashAs<ObjectId>(asBytes(garbage))}, garbage, std::nullopt};
    li.seal("unit/jwc", {newer, malformed, known});
    ObjectId const onNewer = li.act("comment", "clerk@unit/jwc", "unit/jwc", newer.item.id);
    checkConserved(desk);
    CHECK(desk->item(newer.item.id)->reason == "newer-version");
    CHECK(desk->item(newer.item.id)->count == Count::Pending);
    CHECK(desk->item(malformed.item.id)->reason == "malformed");
    CHECK(desk->item(malformed.item.id)->verdict == "invalid");
    CHECK(desk->item(malformed.item.id)->count == Count::Quarantined);
    CHECK(desk->item(known.item.id)->count == Count::Current);
    CHECK(desk->item(onNewer)->doc == desk->item(newer.item.id)->doc);
    checkAsRebuilt(desk);
}

TEST_CASE("one frame that lists the same bytes as an act and as a revision is read alike, whether its rows came at once or "
          "after its header",
          "[view]") {
    Office office;
    Machine& li = office.machines.of(office.li);
    ObjectId const plan = li.write("unit/jwc", titled("甲"));
    bool const recordsFirst = GENERATE(true, false);
    NewRow const act = 
        li.record("comment", "clerk@unit/jwc", "unit/jwc", trust::Target{trust::scopeOf("unit/jwc"), plan});
    NewRow const draft = li.revision("unit/jwc", titled("乙"));
    NewRow const actAsRevision{{trust::Item::Kind::Revision, act.item.id}, act.bytes, std::nullopt};
    NewRow const draftAsAct{{trust::Item::Kind::Record, draft.item.id}, draft.bytes, trust::Signature{}};
    li.seal("unit/jwc", recordsFirst ? std::vector{act, actAsRevision, draftAsAct, draft}
                                     : std::vector{actAsRevision, act, draft, draftAsAct});
    auto const frames = li.framesFor({});
    auto bare = frames;
    for (auto& frame : bare) frame.payload.reset();

    Desk atOnce(office.machines.of(office.wang)), later(office.machines.of(office.quality));
    deliver(atOnce.machine, frames);
    deliver(later.machine, bare);
    checkConserved(later);
    CHECK(later->item(act.item.id)->count == Count::Pending);
    deliver(later.machine, frames);
    for (Desk* desk : {&atOnce, &later}) {
        checkConserved(*desk);
        CHECK(desk->view->item(act.item.id)->count == Count::Current);
        CHECK(desk->view->item(draft.item.id)->count == Count::Current);
        checkAsRebuilt(*desk);
    }
    CHECK(atOnce.dump() == later.dump());
}

TEST_CASE("a payload of a newer table form is counted pending, kept and passed on, even if its header came first",
          "[view]") {
    Office office;
    Machine& li = office.machines.of(office.li);
    Machine& wang = office.machines.of(office.wang);
    trust::FrameHeader header;
    header.school = office.college.registry.school();
    header.scope = trust::scopeOf("unit/jwc");
    header.device = li.device();
    header.reg = li->registry().head();
    header.schema = 2;
    header.items = {{trust::Item::Kind::Revision, hashAs<ObjectId>(asBytes("a row of the future"))}};
    std::string const bytes = trust::encode(header);
    trust::TravellingFrame frame;
    frame.header = toBytes(bytes);
    frame.signature = li.secret().sign(trust::nameSpaceFor("frame", office.college.domain()), asBytes(bytes)).value();
    FrameId const id = hashAs<FrameId>(asBytes(bytes));
    deliver(wang, {frame});
    Desk desk(wang);
    checkConserved(desk);
    CHECK(desk->status().reasons.at("newer-schema") == 1);
    frame.payload = trust::Payload{trust::Codec::Raw, toBytes("whatever that will be")};
    deliver(wang, {frame});
    checkConserved(desk);
    CHECK(desk->status().reasons.at("newer-schema") == 1);
    auto const kept = wang->frame(id);
    REQUIRE(kept);
    CHECK(kept->payload == frame.payload);
    auto const end = wang->logEnd();
    deliver(wang, {frame});
    CHECK(wang->logEnd() == end);
    checkAsRebuilt(desk);
}

TEST_CASE("a fork is shown, its acts wait in quarantine, and a confirm brings them back", "[view]") {
    Office office;
    office.college.enrol(office.li, {office.college.founder});  // a second device in the same hands
    Machine& li = office.machines.of(office.li);
    Machine& second = office.machines.of(office.li, 1);
    Machine& wang = office.machines.of(office.wang);
    office.machines.spreadRegistry();
    ObjectId const plan = li.write("unit/jwc", titled("甲"));
    TemporaryFolder images;
    li.saveImage(images.path() / "a", false);
    ObjectId const submitted = li.act("submit", "clerk@unit/jwc", "unit/jwc", plan);
    li.carryTo(wang);
    Desk desk(wang);
    CHECK(desk->forks().empty());
    CHECK(desk->item(submitted)->count == Count::Current);

    li.restoreImage(images.path() / "a");
    ObjectId const again = li.write("unit/jwc", titled("乙"));
    li.carryTo(wang);
    checkConserved(desk);
    auto const forks = desk->forks();
    REQUIRE(forks.size() == 1);
    CHECK(forks[0].device == li.device());
    CHECK(forks[0].scope.text() == "unit/jwc");
    CHECK(forks[0].branches.size() == 2);
    CHECK(forks[0].tips.size() == 2);
    CHECK_FALSE(forks[0].standing);
    CHECK_FALSE(forks[0].sameIncarnation);
    CHECK(desk->item(submitted)->reason == "forked");
    CHECK(desk->item(again)->count == Count::Current);  // revisions are ordinary heads
    CHECK(desk->item(plan)->count == Count::Current);
    checkAsRebuilt(desk);

    second.write("unit/jwc", titled("丙"));
    wang.carryTo(second);
    NewRow const confirm = second.record("confirm", "clerk@unit/jwc", "unit/jwc", std::nullopt,
                                         {{"tip", desk->item(submitted)->frame.hex()}});
    second.seal("unit/jwc", {confirm});
    second.carryTo(wang);
    checkConserved(desk);
    CHECK(desk->item(confirm.item.id)->count == Count::Current);
    CHECK(desk->item(submitted)->count == Count::Current);
    CHECK(desk->forks()[0].standing == desk->item(submitted)->frame);
    checkAsRebuilt(desk);
}

TEST_CASE("whoever stole a revoked device cannot take back what was signed on it below the cut", "[view]") {
    Office office;
    Machine& li = office.machines.of(office.li);
    Machine& wang = office.machines.of(office.wang);
    Machine& head = office.machines.of(office.head);
    Machine& quality = office.machines.of(office.quality);
    ObjectId const plan = li.write("unit/jwc", titled("甲"));
    TemporaryFolder images;
    li.saveImage(images.path() / "a", false);
    NewRow const submit = li.record("submit", "clerk@unit/jwc", "unit/jwc", Target{trust::scopeOf("unit/jwc"), plan});
    auto const cut = li.seal("unit/jwc", {submit});
    auto const honest = li.framesFor(wang->tips());
    // The thief goes on from an old frame, as if the act had never been.
    li.restoreImage(images.path() / "a");
    ObjectId const stolen = li.write("unit/jwc", titled("乙"));
    auto const thief = li.framesFor(wang->tips());
    office.college.append("revoke",
                          College::revokeMembers(li.device(), {{li.device(), trust::scopeOf("unit/jwc"), cut.frame}}),
                          {office.college.founder});
    office.machines.sealEntries();
    auto const revocation = office.machines.keeper().framesFor(wang->tips());

    auto const orders = GENERATE(0, 1, 2, 3, 4, 5);
    std::vector<std::vector<trust::TravellingFrame>> parts{honest, thief, revocation};
    int const order[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    Desk desk(wang);
    for (int const part : order[orders]) {
        deliver(wang, parts[static_cast<std::size_t>(part)]);
        checkConserved(desk);
        checkAsRebuilt(desk);
    }
    CHECK(desk->item(submit.item.id)->count == Count::Current);
    CHECK(desk->item(plan)->count == Count::Current);
    CHECK(desk->item(stolen)->reason == "above-cut");
    REQUIRE(desk->forks().size() == 1);
    CHECK(desk->forks()[0].standing == cut.frame);

    // Another replica gets all of it at once, and one from there.
    wang.carryTo(head);
    head.carryTo(quality);
    Desk second(head), third(quality);
    CHECK(second.dump() == desk.dump());
    CHECK(third.dump() == desk.dump());
}

TEST_CASE("a receipt gives its frames a witnessed time, whichever comes first, and decides a fork", "[view]") {
    Office office;
    auto const server = office.college.server();
    Machine& li = office.machines.of(office.li);
    Machine& wang = office.machines.of(office.wang);
    Machine& spirald = office.machines.of(server);
    office.machines.spreadRegistry();
    NewRow const plan = li.revision("unit/jwc", titled("甲"));
    auto const planFrame = li.seal("unit/jwc", {plan});
    TemporaryFolder images;
    li.saveImage(images.path() / "a", false);
    NewRow const submit =
        li.record("submit", "clerk@unit/jwc", "unit/jwc", trust::Target{trust::scopeOf("unit/jwc"), plan.item.id});
    auto const submitFrame = li.seal("unit/jwc", {submit});
    li.carryTo(spirald);
    auto const receipt = [&](std::vector<FrameId> const& frames) {
        json::Array list;
        for (auto const& frame : frames) list.emplace_back(frame.hex());
        NewRow const row = spirald.record("receipt", "server@college", "unit/jwc", std::nullopt,
                                          {{"frames", std::move(list)}, {"place", 1}, {"time", toText(day(11))}});
        spirald.seal("unit/jwc", {row});
        return row.item.id;
    };
    ObjectId const receipted = receipt({planFrame.frame, submitFrame.frame});

    // The receipt alone first.
    std::vector<trust::TravellingFrame> ofServer;
    for (auto& frame : spirald.framesFor(wang->tips())) {
        if (trust::decodeFrameHeader(frame.header)->device == spirald.device()) ofServer.push_back(std::move(frame));
    }
    deliver(wang, ofServer);
    Desk desk(wang);
    CHECK(desk->item(receipted)->count == Count::Current);
    spirald.carryTo(wang);
    checkConserved(desk);
    CHECK(desk->item(plan.item.id)->verdict == "valid");
    checkAsRebuilt(desk);

    Desk first(spirald);
    CHECK(first->item(plan.item.id)->verdict == "valid");
    CHECK(first.dump() == desk.dump());

    // The branch that the server saw first stands; the other one's acts do not.
    li.restoreImage(images.path() / "a");
    ObjectId const other = li.act("comment", "clerk@unit/jwc", "unit/jwc", plan.item.id);
    li.carryTo(wang);
    checkConserved(desk);
    CHECK(desk->item(submit.item.id)->count == Count::Current);
    CHECK(desk->item(other)->reason == "forked");
    CHECK(desk->forks()[0].standing == submitFrame.frame);
    checkAsRebuilt(desk);
    wang.carryTo(spirald);
    CHECK(first.dump() == desk.dump());
}

TEST_CASE("a high act goes stale when its registry head has long had a successor at its receipt", "[view]") {
    Office office;
    auto const server = office.college.server();
    Machine& li = office.machines.of(office.li);
    Machine& quality = office.machines.of(office.quality);
    Machine& spirald = office.machines.of(server);
    office.machines.spreadRegistry();
    ObjectId const plan = li.write("unit/jwc", titled("甲"));
    li.carryTo(quality);
    ObjectId const accepted = quality.act("accept", "quality@college", "unit/jwc", plan);
    quality.carryTo(spirald);
    Desk desk(spirald);
    CHECK(desk->item(accepted)->count == Count::Current);
    json::Array list;
    list.emplace_back(desk->item(accepted)->frame.hex());
    spirald.seal("unit/jwc", {spirald.record("receipt", "server@college", "unit/jwc", std::nullopt,
                                             {{"frames", std::move(list)}, {"place", 1}, {"time", toText(day(60))}})});
    checkConserved(desk);
    CHECK(desk->item(accepted)->count == Count::Current);
    CHECK(desk->item(accepted)->verdict == "valid");
    desk.projector.projected = 0;
    office.college.entryTime = day(12);
    office.college.grant(office.wang, "clerk@unit/tyb");
    office.machines.spreadRegistry();
    desk->catchUp();
    CHECK(desk.projector.projected == 1);
    CHECK(desk->item(accepted)->reason == "stale");
    checkConserved(desk);
    checkAsRebuilt(desk);
}

TEST_CASE("a view of another projector, of a store that was put back, or damaged is made anew", "[view]") {
    Office office;
    Machine& li = office.machines.of(office.li);
    ObjectId const plan = li.write("unit/jwc", titled("甲"));
    TemporaryFolder images;
    {
        Desk desk(li);
        CHECK(desk->item(plan));
    }
    SimpleProjector const newer(2);
    {
        auto const view = View::open(*li, newer);
        CHECK_FALSE(view->item(plan));
        view->catchUp();
        CHECK(view->item(plan));
        CHECK(newer.projected == 1);
    }
    {
        auto const view = View::open(*li, newer);
        CHECK(view->item(plan));  // kept
        view->catchUp();
        CHECK(newer.projected == 1);
    }
    li.saveImage(images.path() / "a", true);
    ObjectId const lost = li.write("unit/jwc", titled("乙"));
    {
        Desk desk(li);
        CHECK(desk->item(lost));
    }
    // Only store.db comes back; the view is the one that has seen more.
    std::filesystem::remove(images.path() / "a" / "replica" / "view.db");
    auto const view = li.folder() / "view.db";
    auto const aside = images.path() / "view.db";
    std::filesystem::copy_file(view, aside);
    li.restoreImage(images.path() / "a");
    std::filesystem::copy_file(aside, view);
    {
        Desk desk(li);
        CHECK_FALSE(desk->item(lost));
        CHECK(desk->item(plan));
        checkConserved(desk);
        li.write("unit/jwc", titled("丙"));  // the log is as long as before, and another one
        checkConserved(desk);
    }
    std::filesystem::copy_file(aside, view, std::filesystem::copy_options::overwrite_existing);
    {
        Desk desk(li);
        CHECK_FALSE(desk->item(lost));
        checkConserved(desk);
    }
    std::filesystem::remove(view);
    {
        std::FILE* file = std::fopen(view.c_str(), "wb");
        for (int i = 0; i < 5000; ++i) std::fputc(i % 251, file);
        std::fclose(file);
    }
    Desk desk(li);
    CHECK(desk->item(plan));
}

TEST_CASE("lists take filters, order and limits", "[view]") {
    Office office;
    Machine& li = office.machines.of(office.li);
    Machine& quality = office.machines.of(office.quality);
    auto const add = [&](Machine& by, std::string_view scope, std::string title, std::string owner, std::string due) {
        json::Object fields{{"title", std::move(title)}, {"owner", std::move(owner)}};
        if (!due.empty()) fields.set("due", std::move(due));
        return by.write(scope, std::move(fields));
    };
    add(li, "unit/jwc", "b", "jwc", "2026-05-01");
    add(li, "unit/jwc", "a", "jwc", "2026-05-01");
    ObjectId const closed = add(li, "unit/jwc", "c", "xsc", "2026-04-01");
    add(quality, "college", "z", "zljk", "2026-05-01");
    add(quality, "college", "none", "jwc", "");
    li.carryTo(quality);
    quality.act("accept", "quality@college", "unit/jwc", closed);
    Desk desk(quality);
    auto const titles = [&](ListFilter const& filter) {
        std::string text;
        for (auto const& listed : desk->list(filter)) text += (text.empty() ? "" : " ") + listed.row.title;
        return text;
    };
    CHECK(titles({}) == "c z a b none");
    CHECK(titles({.limit = 2}) == "c z");
    CHECK(titles({.owner = "jwc"}) == "a b none");
    CHECK(titles({.openOnly = true}) == "z a b none");
    CHECK(titles({.scope = trust::scopeOf("unit/jwc")}) == "c a b");
    CHECK(titles({.type = "task.v1", .dueBefore = parseDay("2026-05-01")}) == "c");
    CHECK(titles({.dueBefore = parseDay("2026-05-02"), .openOnly = true}) == "z a b");
    CHECK(titles({.type = "plan.v1"}).empty());
    checkAsRebuilt(desk);
}

TEST_CASE("two openings of one view follow in turns", "[view]") {
    Office office;
    Machine& li = office.machines.of(office.li);
    Desk one(li), two(li);
    ObjectId const first = li.write("unit/jwc", titled("甲"));
    one->catchUp();
    CHECK(two->item(first));
    DocumentId const doc = *two->item(first)->doc;
    ObjectId const second = li.write("unit/jwc", titled("乙"), {first}, doc);
    li.write("unit/jwc", {{"title", "丙"}, {"owner", "new"}});
    two->catchUp();
    CHECK(one->document({trust::scopeOf("unit/jwc"), doc})->row.heads == std::vector{second});
    li.write("unit/jwc", titled("丁"), {second}, doc);
    one->catchUp();
    checkConserved(two);
    CHECK(one.dump() == two.dump());
    one->rebuild();
    li.write("unit/jwc", titled("戊"));
    checkConserved(two);
    CHECK(one.dump() == two.dump());
    checkConserved(one);
    two.view.reset();
    checkAsRebuilt(one);
}

TEST_CASE("hundreds of rows taken in at once give what they give frame by frame, whatever named them before they came",
          "[view]") {
    Office office;
    Machine& li = office.machines.of(office.li);
    Machine& head = office.machines.of(office.head);
    struct Plan {
        DocumentId doc;
        ObjectId newest;
    };
    std::vector<Plan> plans;
    for (int frame = 0; frame < 4; ++frame) {
        std::vector<NewRow> rows;
        for (int i = 0; i < 150; ++i) {
            // A third goes on with a document of before, so that one batch has documents of several revisions.
            bool const goesOn = i % 3 == 0 && !plans.empty();
            Plan& plan = goesOn ? plans[static_cast<std::size_t>(i * 7 + frame) % plans.size()] : plans.emplace_back();
            if (!goesOn) plan.doc = li->world().random.token<DocumentId>();
            rows.push_back(li.revision("unit/jwc", titled(std::to_string(frame) + "." + std::to_string(i)),
                                       goesOn ? std::vector{plan.newest} : std::vector<ObjectId>{}, plan.doc));
            plan.newest = rows.back().item.id;
        }
        li.seal("unit/jwc", rows);
    }
    li.carryTo(head);
    for (std::size_t i = 0; i < 20; ++i) head.act("approve", "head@unit/jwc", "unit/jwc", plans[i * 9].newest);

    // One takes all in at once: the acts before what they are about, and some headers before their payload.
    Machine& wang = office.machines.of(office.wang);
    auto frames = head.framesFor(wang->tips());
    std::stable_partition(frames.begin(), frames.end(), [&](auto const& frame) {
        return trust::decodeFrameHeader(frame.header)->device == head.device();
    });
    auto bare = frames;
    for (std::size_t i = 0; i < bare.size(); ++i) {
        if (i % 3 == 0) bare[i].payload.reset();
    }
    deliver(wang, bare);
    deliver(wang, frames);
    Desk atOnce(wang);
    checkConserved(atOnce);
    CHECK(atOnce.counted(Count::Pending) == 0);

    // The other takes one frame at a time and follows each.
    Machine& quality = office.machines.of(office.quality);
    Desk oneByOne(quality);
    for (auto& frame : head.framesFor(quality->tips())) {
        deliver(quality, {std::move(frame)});
        oneByOne->catchUp();
    }
    CHECK(atOnce->list({}).size() == plans.size());
    CHECK(atOnce.dump() == oneByOne.dump());
    checkAsRebuilt(atOnce);
}

TEST_CASE("status and lists do not grow with the documents", "[view]") {
    Office office;
    Machine& li = office.machines.of(office.li);
    Desk desk(li);
    auto const statusTime = [&] {
        auto const begin = std::clock();
        for (int i = 0; i < 50; ++i) {
            (void)desk->status();
            (void)desk->list({.limit = 10});
            (void)desk->items(Count::Pending);
        }
        return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    };
    double const before = statusTime();
    for (int frame = 0; frame < 10; ++frame) {
        std::vector<NewRow> rows;
        for (int i = 0; i < 500; ++i) rows.push_back(li.revision("unit/jwc", titled(std::to_string(i))));
        li.seal("unit/jwc", rows);
    }
    desk->catchUp();
    CHECK(desk->list({}).size() == 5000);
    // A scan would cost a hundred times as much.
    CHECK(statusTime() < 10 * before + 0.05);
    checkConserved(desk);
}
