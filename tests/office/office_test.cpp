// The college's daily work through the office, with real machines.
#include "people.h"

#include "base/sha256.h"

#include <algorithm>
#include <set>

using namespace spiral;
using namespace spiral::office;

namespace {

Day day(std::string_view text) { return *parseDay(text); }

Office::TaskFilter overdueOnly() {
    Office::TaskFilter filter;
    filter.overdue = true;
    return filter;
}
replica::ListFilter ofType(std::string type) {
    replica::ListFilter filter;
    filter.type = std::move(type);
    return filter;
}

std::int64_t sum(replica::StatusCounts const& counts) {
    std::int64_t all = 0;
    for (auto const& [count, number] : counts.items) all += number;
    return all;
}

}  // namespace

TEST_CASE("the sample college has the plan's sixteen departments on two campuses that say they are invented", "[office][found]") {
    auto zhao = Workplace::founds("赵");
    auto const units = (*zhao)->registry().units();
    CHECK(units.size() == 16);
    std::set<std::string> campuses;
    for (auto const& unit : units) {
        CHECK(unit.id.starts_with("yc-d"));
        CHECK(unit.campus.find("样例") != std::string::npos);
        campuses.insert(unit.campus);
    }
    CHECK(campuses.size() == 2);
    auto const status = (*zhao)->status();
    CHECK(status.personName == "赵");
    CHECK(std::find(status.advice.begin(), status.advice.end(), "threshold-one") != status.advice.end());
    CHECK(sum(status.counts) == status.counts.total);
}

TEST_CASE("the schedule table becomes forty tasks, with what the reading doubts told", "[office][import]") {
    auto zhao = Workplace::founds("赵");
    auto quality = zhao->hires("钱", "yc-d05", {"quality"});
    auto const text = catalogueText("yancheng-schedule.json");
    auto rehearsed = (*quality)->importTable("schedule", text, true);
    REQUIRE(rehearsed);
    CHECK(rehearsed->documents.empty());
    auto result = (*quality)->importTable("schedule", text, false);
    INFO((result ? "" : result.error().reason + " " + result.error().detail));
    REQUIRE(result);
    CHECK(result->rows == 40);
    CHECK(result->documents.size() == 40);
    CHECK(result->dated == 38);
    CHECK(result->done == 1);
    CHECK(result->ongoing == 1);
    std::map<std::string, std::vector<ImportNote>> notes;
    for (auto const& note : result->notes) notes[note.code].push_back(note);
    REQUIRE(notes["order"].size() == 1);
    CHECK(notes["order"][0].row == "YC-SCH-10");
    REQUIRE(notes["duplicate-year"].size() == 1);
    CHECK(notes["duplicate-year"][0].row == "YC-SCH-39");
    REQUIRE(notes["owner-not-a-unit"].size() == 2);
    CHECK(notes["owner-not-a-unit"][0].text == "各教学部门");
    CHECK(std::none_of(result->notes.begin(), result->notes.end(), [](auto const& note) { return note.error; }));

    auto const overdue = (*quality)->tasks(overdueOnly(), day("2019-06-01"));
    CHECK(overdue.size() == 15);
    auto const all = (*quality)->tasks({}, day("2026-03-02"));
    CHECK(all.size() == 40);
    CHECK(std::count_if(all.begin(), all.end(), [](auto const& line) { return line.daysOverdue > 0; }) == 38);
    // Run again: nothing twice.
    auto again = (*quality)->importTable("schedule", text, false);
    REQUIRE(again);
    CHECK(again->known == 40);
    CHECK(again->documents.empty());
}

TEST_CASE("a month that does not exist is reported by row and the other rows are taken", "[office][import]") {
    auto zhao = Workplace::founds("赵");
    auto quality = zhao->hires("钱", "yc-d05", {"quality"});
    auto result = (*quality)->importTable("schedule", R"({"tasks":[
        {"id":"A","zh":"甲","owner":{"zh":"教务处"},"due_text":"2019.13"},
        {"id":"B","zh":"乙","owner":{"zh":"教务处"},"due_text":"2021年上半年"},
        {"id":"C","zh":"丙","owner":{"zh":"教务处"},"due_text":"持续"},
        {"id":"D","zh":"丁","owner":{"zh":"教务处"},"due_date":"2019-02-30"},
        {"id":"E","zh":"","owner":{"zh":"教务处"},"due_text":"2019.4"}]})", false);
    REQUIRE(result);
    CHECK(result->documents.size() == 2);
    std::map<std::string, std::string> errors;
    for (auto const& note : result->notes) errors[note.row] = note.code;
    CHECK(errors["A"] == "bad-date");
    CHECK(errors["D"] == "bad-date");
    CHECK(errors["E"] == "title-missing");
}

TEST_CASE("the five diagnosis tables become catalogue documents with 36 elements and 80 points", "[office][import]") {
    auto zhao = Workplace::founds("赵");
    auto quality = zhao->hires("钱", "yc-d05", {"quality"});
    auto clerk = zhao->hires("李", "yc-d03", {"clerk"});
    auto result = (*quality)->importTable("catalogue", catalogueText("yancheng-diagnosis-catalogue.json"), false);
    INFO((result ? "" : result.error().reason + " " + result.error().detail));
    REQUIRE(result);
    CHECK(result->documents.size() == 5);
    CHECK(result->elements == 36);
    CHECK(result->points == 80);
    CHECK(result->notes.empty());
    // A clerk reads the catalogue, though she reads no other department.
    Path const tips = quality->outside() / "tips";
    REQUIRE((*clerk)->writeTips(tips));
    auto const early = (*quality)->exportTo(quality->outside() / "stick", tips);
    REQUIRE_FALSE(early);
    CHECK(early.error().reason == "exchange.reader-unknown");   // she was enrolled later
    zhao->carriesTo(*quality);
    quality->carriesTo(*clerk);
    CHECK((*clerk)->list(ofType("catalogue")).size() == 5);
    auto refused = (*clerk)->edit(result->documents.front(), {{"note", "改"}}, false);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::Refused);
}

TEST_CASE("two departments edit one text offline: both see both, with the right person, until one is chosen", "[office][merge]") {
    auto zhao = Workplace::founds("赵");
    auto li = zhao->hires("李", "yc-d03", {"clerk"});
    auto wang = zhao->hires("王", "yc-d08", {"clerk", "clerk@unit/yc-d03"});
    auto head = zhao->hires("孙", "yc-d03", {"head"});
    zhao->carriesTo(*li);
    zhao->carriesTo(*wang);

    auto const doc = li->creates("task", "unit/yc-d03", {{"title", "课程标准"}, {"measures", "原文"}});
    li->carriesTo(*wang);
    li->edits(doc, {{"measures", "东校区的写法"}, {"note", "甲"}});
    wang->edits(doc, {{"measures", "西校区的写法"}, {"evidence", "乙"}});
    wang->carriesTo(*li);
    li->carriesTo(*wang);

    for (auto* place : {li.get(), wang.get()}) {
        auto const shown = place->shows(doc);
        REQUIRE(shown.merged.differences.size() == 1);
        auto const& difference = shown.merged.differences.front();
        CHECK(difference.field == "measures");
        CHECK(difference.base == json::Value("原文"));
        CHECK(difference.sides.size() == 2);
        // Different fields merged without a question.
        CHECK(place->field(doc, "note") == "甲");
        CHECK(place->field(doc, "evidence") == "乙");
        std::set<PersonId> writers;
        for (auto const& item : shown.items) {
            if (item.count == replica::Count::Different) writers.insert(item.person);
        }
        CHECK(writers == std::set<PersonId>{*(*li)->replica().person(), *(*wang)->replica().person()});
        CHECK((*place)->status().counts.items.at(replica::Count::Different) == 2);
    }
    CHECK(li->dump() == wang->dump());
    CHECK(li->refused(doc, "submit") == "step.differences-open");

    auto const sides = li->shows(doc).merged.differences.front().sides;
    int take = 0;
    for (std::size_t i = 0; i < sides.size(); ++i) {
        if (sides[i].value == json::Value("西校区的写法")) take = static_cast<int>(i) + 1;
    }
    auto resolved = (*li)->resolveDifference(doc, "measures", take, std::nullopt);
    INFO((resolved ? "" : resolved.error().reason + " " + resolved.error().detail));
    REQUIRE(resolved);
    CHECK(resolved->revision);
    CHECK(li->field(doc, "measures") == "西校区的写法");
    li->carriesTo(*wang);
    CHECK(wang->shows(doc).merged.differences.empty());

    auto const submitted = li->steps(doc, "submit");
    CHECK(submitted.state == "submitted");
    li->carriesTo(*head);
    CHECK(li->refused(doc, "recheck-pass").starts_with("authority."));
    head->steps(doc, "recheck-fail", "没有证据", day("2026-06-30"));
    CHECK(head->shows(doc).standing.round == 2);
    head->carriesTo(*li);
    CHECK(li->shows(doc).standing.state == "failed");
    CHECK(li->shows(doc).standing.due == day("2026-06-30"));
}

TEST_CASE("a plan is submitted, returned with a reason, mended, approved by its head, never by its author", "[office][steps]") {
    auto zhao = Workplace::founds("赵");
    auto li = zhao->hires("李", "yc-d03", {"clerk"});
    auto head = zhao->hires("孙", "yc-d03", {"head"});
    zhao->carriesTo(*li);
    auto const doc = li->creates("plan", "unit/yc-d03", {{"title", "教务处 2026 年度计划"}});
    li->steps(doc, "submit");
    CHECK(li->refused(doc, "approve").starts_with("authority."));
    li->carriesTo(*head);
    CHECK(head->refused(doc, "return") == "step.comment-required");
    head->steps(doc, "return", "缺少时间表");
    head->carriesTo(*li);
    li->edits(doc, {{"content", "时间表：三月至六月"}});
    CHECK(li->shows(doc).standing.changedAfter);
    li->steps(doc, "submit");
    li->carriesTo(*head);
    auto const approved = head->steps(doc, "approve");
    CHECK(approved.state == "approved");
    head->carriesTo(*li);
    CHECK(li->shows(doc).standing.state == "approved");
    // A head does not approve what she wrote, not even through somebody who acts for her.
    auto const own = head->creates("plan", "unit/yc-d03", {{"title", "处长自己的计划"}});
    head->steps(own, "submit");
    CHECK(head->refused(own, "approve") == "authority.self-approval");
    CHECK(li->dump() != head->dump());
    head->carriesTo(*li);
    li->carriesTo(*head);
    CHECK(li->dump() == head->dump());
}

TEST_CASE("the quality office sees what is overdue over all departments and how old each one's data is", "[office][tasks]") {
    auto zhao = Workplace::founds("赵");
    auto quality = zhao->hires("钱", "yc-d05", {"quality"});
    auto li = zhao->hires("李", "yc-d03", {"clerk"});
    zhao->carriesTo(*li);
    auto const doc = li->creates("task", "unit/yc-d03", {{"title", "课程诊断"}, {"due", "2026-02-28"}});
    CHECK((*quality)->tasks(overdueOnly(), day("2026-03-02")).empty());
    li->carriesTo(*quality);
    auto const overdue = (*quality)->tasks(overdueOnly(), day("2026-03-02"));
    REQUIRE(overdue.size() == 1);
    CHECK(overdue[0].key() == doc);
    CHECK(overdue[0].daysOverdue == 2);
    auto const ages = (*quality)->ages(day("2026-03-02"));
    CHECK(ages.size() == 16);
    for (auto const& age : ages) {
        CHECK(age.newest.has_value() == (age.unit == "yc-d03"));
        CHECK(age.overdueTasks == (age.unit == "yc-d03" ? 1 : 0));
    }
}

// A field that every clerk may write once took a task out of the list of overdue ones, with nobody's signature.
TEST_CASE("a task that somebody only calls done stays overdue; one imported as done does not come back", "[office][tasks][hostile]") {
    auto zhao = Workplace::founds("赵");
    auto quality = zhao->hires("钱", "yc-d05", {"quality"});
    auto li = zhao->hires("李", "yc-d03", {"clerk"});
    for (auto* place : {&quality, &li}) zhao->carriesTo(**place);
    REQUIRE((*quality)->importTable("schedule", R"({"tasks":[
        {"id":"A","zh":"已完成的","owner":{"zh":"教务处"},"due_text":"已完成"},
        {"id":"B","zh":"未完成的","owner":{"zh":"教务处"},"due_text":"2026.1"}]})", false));
    auto const own = li->creates("task", "unit/yc-d03", {{"title", "自己的"}, {"due", "2026-01-31"}, {"progress", "done"}});
    quality->carriesTo(*li);
    auto const today = day("2026-03-02");
    std::map<std::string, TaskLine> before;
    for (auto const& line : (*li)->tasks({}, today)) before[line.title] = line;
    REQUIRE(before.size() == 3);
    CHECK(before["已完成的"].state == "declared-done");
    CHECK(before["已完成的"].daysOverdue == 0);
    CHECK(before["自己的"].saysDone);   // made by hand, from no table

    li->edits(before["未完成的"].key(), {{"progress", "done"}});
    li->edits(before["已完成的"].key(), {{"note", "补充"}});
    li->carriesTo(*quality);
    std::map<std::string, TaskLine> overdue;
    for (auto const& line : (*quality)->tasks(overdueOnly(), today)) overdue[line.title] = line;
    CHECK(overdue.size() == 2);
    for (auto const* title : {"未完成的", "自己的"}) {
        CHECK(overdue[title].saysDone);
        CHECK(overdue[title].daysOverdue > 0);
        CHECK(overdue[title].state == "open");
    }
    for (auto const& age : (*quality)->ages(today)) CHECK(age.overdueTasks == (age.unit == "yc-d03" ? 2 : 0));
    li->steps(own, "submit");
    CHECK(li->shows(own).standing.state == "submitted");
}

TEST_CASE("frames that came too early are counted when the file that they waited for is taken in", "[office][exchange]") {
    auto zhao = Workplace::founds("赵");
    auto li = zhao->hires("李", "yc-d03", {"clerk"});
    auto quality = zhao->hires("钱", "yc-d05", {"quality"});
    zhao->carriesTo(*li);
    zhao->carriesTo(*quality);
    Path const first = li->outside() / "first", second = li->outside() / "second", tips = li->outside() / "tips";
    auto const doc = li->creates("task", "unit/yc-d03", {{"title", "甲"}});
    REQUIRE((*li)->exportTo(first, std::nullopt));
    REQUIRE((*li)->writeTips(tips));
    li->edits(doc, {{"title", "乙"}});
    li->edits(doc, {{"title", "丙"}});
    REQUIRE((*li)->exportTo(second, tips));

    auto const early = (*quality)->importFrom(second);
    REQUIRE(early);
    CHECK(early->stored == 0);
    CHECK(early->takenUp == 0);
    auto const late = (*quality)->importFrom(first);
    REQUIRE(late);
    CHECK(late->stored == 1);
    CHECK(late->takenUp == 2);
    CHECK((*quality)->importFrom(second)->takenUp == 0);
    CHECK(quality->field(doc, "title") == "丙");
}

TEST_CASE("a lost laptop is cut off: what it signed before stands, what it signs later is quarantined everywhere", "[office][revoke]") {
    auto zhao = Workplace::founds("赵");
    auto li = zhao->hires("李", "yc-d03", {"clerk"});
    auto quality = zhao->hires("钱", "yc-d05", {"quality"});
    zhao->carriesTo(*li);
    auto const before = li->creates("task", "unit/yc-d03", {{"title", "以前"}});
    li->carriesTo(*zhao);
    li->carriesTo(*quality);

    json::Object members;
    members.set("device", (*li)->replica().device().hex());
    json::Array cuts;
    for (auto const& cut : (*zhao)->cutsHere({(*li)->replica().device()})) {
        cuts.push_back(json::Object{{"device", cut.device.hex()}, {"scope", cut.scope.text()}, {"frame", cut.frame.hex()}});
    }
    members.set("cuts", std::move(cuts));
    members.set("reason", "lost");
    auto revoked = (*zhao)->propose("revoke", std::move(members));
    INFO((revoked ? revoked->why : revoked.error().reason + " " + revoked.error().detail));
    REQUIRE(revoked);
    REQUIRE(revoked->entry);

    // The thief has no network: she writes on, and her stick reaches the quality office before the revocation does.
    auto const after = li->creates("task", "unit/yc-d03", {{"title", "以后"}});
    li->carriesTo(*quality);
    CHECK(quality->shows(after).listed.row.title == "以后");
    zhao->carriesTo(*quality);
    CHECK(quality->shows(before).listed.row.title == "以前");
    CHECK_FALSE((*quality)->show(after));
    auto const quarantined = (*quality)->view().items(replica::Count::Quarantined);
    REQUIRE(quarantined.size() == 1);
    CHECK(quarantined[0].reason == "above-cut");
    // The other way round on the admin's machine: the same.
    quality->carriesTo(*zhao);
    CHECK((*zhao)->view().items(replica::Count::Quarantined).size() == 1);
    CHECK(zhao->dump() == quality->dump());
    auto const status = (*quality)->status();
    CHECK(sum(status.counts) == status.counts.total);
}

TEST_CASE("typing is kept as a draft and nobody else sees it until it is sealed", "[office][draft]") {
    auto zhao = Workplace::founds("赵");
    auto li = zhao->hires("李", "yc-d03", {"clerk"});
    auto const doc = li->creates("task", "unit/yc-d03", {{"title", "甲"}});
    REQUIRE((*li)->edit(doc, {{"note", "还没想好"}}, true));
    li->open();
    CHECK(li->shows(doc).draft);
    CHECK(li->field(doc, "note") == "(open or absent)");
    REQUIRE((*li)->seal(doc));
    CHECK(li->field(doc, "note") == "还没想好");
    CHECK_FALSE(li->shows(doc).draft);
}

TEST_CASE("rebuild gives what following gave", "[office][view]") {
    auto zhao = Workplace::founds("赵");
    auto quality = zhao->hires("钱", "yc-d05", {"quality"});
    REQUIRE((*quality)->importTable("schedule", catalogueText("yancheng-schedule.json"), false));
    auto const before = quality->dump();
    (*quality)->rebuild();
    CHECK(quality->dump() == before);
    quality->close();
    std::filesystem::remove(quality->folder() / "view.db");
    quality->open();
    CHECK(quality->dump() == before);
}

TEST_CASE("the welcome of another college does not finish a join", "[office][join]") {
    auto zhao = Workplace::founds("赵", false);
    auto other = Workplace::founds("别", false);
    auto const invited = (*zhao)->invite("李", "", {"clerk@unit/none"}, std::nullopt);
    REQUIRE(invited);
    TemporaryFolder place;
    ::setenv("XDG_STATE_HOME", place.path().c_str(), 1);
    REQUIRE(Office::joinRequest(place.path() / "r", zhao->world(), asBytes(invited->invitation), kPassphrase));
    Path const file = place.path() / "x";
    REQUIRE((*other)->exportTo(file, std::nullopt));
    auto finished = Office::joinFinish(place.path() / "r", zhao->world(), file);
    REQUIRE_FALSE(finished);
    CHECK_FALSE((*zhao)->enrol(asBytes("{}"), "0", place.path() / "w"));
}

TEST_CASE("a clock in 2019 or 2038, or one that jumps, never blocks work and never loses it", "[office][clock]") {
    auto zhao = Workplace::founds("赵");
    auto li = zhao->hires("李", "yc-d03", {"clerk"});
    auto head = zhao->hires("孙", "yc-d03", {"head"});
    zhao->carriesTo(*li);
    std::vector<DocumentKey> made;
    for (auto const* time : {"2019-01-01T00:00:00.000Z", "2038-01-19T03:14:07.000Z", "2026-03-02T09:00:00.000Z", "2001-01-01T00:00:00.000Z"}) {
        li->clock.time = *parseInstant(time);
        auto const doc = li->creates("task", "unit/yc-d03", {{"title", time}});
        li->edits(doc, {{"note", "改"}});
        CHECK(li->steps(doc, "submit").state == "submitted");
        made.push_back(doc);
        li->open();
    }
    // A new edit from a right clock follows the one that claimed 2038, by its parent and not by its time.
    li->clock.time = *parseInstant("2026-03-02T10:00:00.000Z");
    li->edits(made[1], {{"note", "再改"}});
    CHECK(li->field(made[1], "note") == "再改");
    li->carriesTo(*head);
    CHECK(head->dump() == li->dump());
    for (auto const& doc : made) CHECK(head->shows(doc).listed.row.state != "nothing-stands");
    CHECK(head->field(made[1], "note") == "再改");
    // The head's clock was not dragged to 2038.
    auto const own = head->creates("task", "unit/yc-d03", {{"title", "负责人的"}});
    for (auto const& item : head->shows(own).items) CHECK(item.time < *parseInstant("2026-04-01T00:00:00.000Z"));
    auto const status = (*head)->status();
    CHECK(std::find(status.advice.begin(), status.advice.end(), "clock-suspect") != status.advice.end());
}

// A member sealed two revisions of one document, each with a value nested as deep as a revision allows. Told inside the
// list of differences it was deeper than strict JSON may be, and everybody's view stopped the program.
TEST_CASE("a hostile member's deep, long or many values stop nobody's view", "[office][hostile]") {
    auto zhao = Workplace::founds("赵", false);
    auto& replica = (*zhao)->replica();
    auto bytes = systemFiles().read(zhao->folder() / "keys" / "device.key", 1 << 16);
    auto key = trust::SecretKey::unwrap(*bytes, kPassphrase);
    REQUIRE(key);
    SeededRandom random(5);
    auto const doc = random.token<DocumentId>();
    auto const seal = [&](json::Value value) {
        trust::Revision revision;
        revision.school = replica.registry().school();
        revision.scope = Scope::college();
        revision.doc = doc;
        revision.type = "task.v1";
        revision.fields = {{"title", "深"}, {"note", std::move(value)}};
        revision.by = {*replica.person(), replica.device()};
        revision.time = replica.clock().next();
        revision.nonce = random.token<Nonce>();
        std::string text = trust::encode(revision);
        ObjectId const id = hashAs<ObjectId>(asBytes(text));
        REQUIRE(replica.seal(Scope::college(), {{{trust::Item::Kind::Revision, id}, std::move(text), std::nullopt}}, *key));
    };
    for (auto const* leaf : {"甲", "乙"}) {
        json::Value deep = leaf;
        for (int i = 0; i < 29; ++i) deep = json::Array{deep};
        seal(std::move(deep));
    }
    seal(std::string(900'000, 'x'));
    seal(std::string(900'000, 'y'));
    for (int i = 0; i < 40; ++i) seal("并列 " + std::to_string(i));
    (*zhao)->rebuild();
    DocumentKey const document{Scope::college(), doc};
    auto const shown = zhao->shows(document);
    CHECK(shown.merged.heads.size() == 44);
    CHECK_FALSE(zhao->dump().empty());
    auto const resolved = (*zhao)->resolveDifference(document, "note", std::nullopt, "一致的写法");
    REQUIRE(resolved);
    CHECK(zhao->field(document, "note") == "一致的写法");
}

// A revision follows at most 256 others. Where more stood side by side, every save and every choice was refused, so one
// member could stop everybody's work on a document for good.
TEST_CASE("more versions side by side than one revision may follow are brought together step by step", "[office][hostile]") {
    auto zhao = Workplace::founds("赵", false);
    auto& replica = (*zhao)->replica();
    auto bytes = systemFiles().read(zhao->folder() / "keys" / "device.key", 1 << 16);
    auto key = trust::SecretKey::unwrap(*bytes, kPassphrase);
    REQUIRE(key);
    SeededRandom random(6);
    auto const doc = random.token<DocumentId>();
    bool const differ = GENERATE(false, true);
    std::vector<replica::NewRow> rows;
    for (int i = 0; i < 400; ++i) {
        trust::Revision revision;
        revision.school = replica.registry().school();
        revision.scope = Scope::college();
        revision.doc = doc;
        revision.type = "task.v1";
        revision.fields = {{"title", "并列"}, {"note", differ ? "第 " + std::to_string(i) + " 种写法" : "同一种写法"}};
        revision.by = {*replica.person(), replica.device()};
        revision.time = replica.clock().next();
        revision.nonce = random.token<Nonce>();
        std::string text = trust::encode(revision);
        ObjectId const id = hashAs<ObjectId>(asBytes(text));
        rows.push_back({{trust::Item::Kind::Revision, id}, std::move(text), std::nullopt});
    }
    REQUIRE(replica.seal(Scope::college(), rows, *key));
    (*zhao)->view().catchUp();
    DocumentKey const document{Scope::college(), doc};
    REQUIRE(zhao->shows(document).merged.heads.size() == 400);
    for (std::size_t const left : {std::size_t{145}, std::size_t{1}}) {
        if (differ) REQUIRE((*zhao)->resolveDifference(document, "note", std::nullopt, "一致的写法"));
        else zhao->edits(document, {{"note", "一致的写法"}});
        CHECK(zhao->shows(document).merged.heads.size() == left);
    }
    CHECK(zhao->field(document, "note") == "一致的写法");
    CHECK(zhao->steps(document, "submit").state == "submitted");
}
