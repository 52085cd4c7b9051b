// What each person finds before her, from local data.
#include "office/inbox.h"
#include "office/task_bulk.h"

#include "people.h"

#include <algorithm>

using namespace spiral;
using namespace spiral::office;

namespace {

Day day(std::string_view text) { return *parseDay(text); }

constexpr char const* kToday = "2026-03-20";

std::vector<InboxEntry> entries(Workplace& place, std::optional<InboxKind> kind = {}, char const* today = kToday) {
    auto const all = inbox(*place, day(today));
    REQUIRE(all);
    std::vector<InboxEntry> found;
    for (auto const& entry : all->entries) {
        if (!kind || entry.kind == *kind) found.push_back(entry);
    }
    return found;
}

std::string titles(Workplace& place, InboxKind kind) {
    std::string text;
    for (auto const& entry : entries(place, kind)) text += (text.empty() ? "" : " ") + entry.title;
    return text;
}

std::vector<std::string> codes(Workplace& place) {
    std::vector<std::string> all;
    for (auto const& entry : entries(place, InboxKind::Warning)) all.push_back(entry.code);
    return all;
}

int unread(Workplace& place) { return inbox(*place, day(kToday))->unread; }

struct College {
    std::unique_ptr<Workplace> zhao = Workplace::founds("赵");
    std::unique_ptr<Workplace> quality = zhao->hires("钱", "yc-d05", {"quality"});
    std::unique_ptr<Workplace> li = zhao->hires("李", "yc-d03", {"clerk"});
    std::unique_ptr<Workplace> hu = zhao->hires("胡", "yc-d03", {"clerk"});
    std::unique_ptr<Workplace> sun = zhao->hires("孙", "yc-d03", {"head"});
    College() {
        for (auto* place : {&quality, &li, &hu, &sun}) zhao->carriesTo(**place);
    }
    /// Everybody has what everybody else has.
    void meet() {
        for (auto* from : {&li, &hu, &sun}) (*from)->carriesTo(*quality);
        for (auto* to : {&li, &hu, &sun}) quality->carriesTo(**to);
    }
    static PersonId person(Workplace& place) { return *place->replica().person(); }
    DocumentKey task(Workplace& by, std::string const& title, std::string const& due) {
        return by.creates("task", "unit/yc-d03", {{"title", title}, {"owner", "yc-d03"}, {"due", due}});
    }
};

}  // namespace

TEST_CASE("what is open is before who is in charge of it, or before everybody of the unit", "[office][inbox]") {
    College college;
    auto& [zhao, quality, li, hu, sun] = college;
    auto const whole = college.task(*quality, "全处", "2026-03-31");
    auto const named = quality->creates(
        "task", "unit/yc-d03",
        {{"title", "李的"}, {"owner", "yc-d03"}, {"due", "2026-03-10"}, {"person", College::person(*li).text()}});
    college.meet();
    CHECK(titles(*li, InboxKind::ToDo) == "李的 全处");
    CHECK(titles(*hu, InboxKind::ToDo) == "全处");
    CHECK(titles(*quality, InboxKind::ToDo).empty());
    CHECK(entries(*li, InboxKind::ToDo)[0].daysLeft == -10);

    SECTION("an assignment by record moves it, and tells both who and why") {
        auto const done = signEach(**quality, (*quality)->tasks({}, day(kToday)),
                                   {"assign", "原责任人调岗", {}, College::person(*hu)});
        REQUIRE(done);
        college.meet();
        CHECK(titles(*li, InboxKind::ToDo).empty());
        CHECK(titles(*hu, InboxKind::ToDo) == "李的 全处");
        auto const told = entries(*hu, InboxKind::Message);
        REQUIRE(told.size() == 2);
        CHECK(told[0].code == "assign");
        CHECK(told[0].reason == "原责任人调岗");
        CHECK(told[0].from == College::person(*quality));
        CHECK(entries(*li, InboxKind::Message).empty());
    }
    SECTION("somebody who lost her role there is in charge of nothing: the unit answers") {
        auto const grants = (*zhao)->registry().grantsOf(College::person(*li));
        for (auto const& grant : grants) {
            json::Object members;
            members.set("grant", grant.id.hex());
            json::Array cuts;
            for (auto const& cut : (*zhao)->cutsHere({(*li)->replica().device()})) {
                cuts.emplace_back(json::Object{
                    {"device", cut.device.hex()}, {"frame", cut.frame.hex()}, {"scope", cut.scope.text()}});
            }
            members.set("cuts", std::move(cuts));
            members.set("reason", "调离");
            auto const revoked = (*zhao)->propose("revoke", std::move(members));
            INFO((revoked ? "" : revoked.error().reason + " " + revoked.error().detail));
            REQUIRE(revoked);
        }
        zhao->carriesTo(*hu);
        CHECK(titles(*hu, InboxKind::ToDo) == "李的 全处");
    }
    SECTION("what was submitted waits for others, and what was imported as done for nobody") {
        REQUIRE((*quality)->importTable("schedule", R"({"tasks":[
            {"id":"A","zh":"旧事","owner":{"zh":"教务处"},"due_text":"已完成"}]})",
                                        false));
        li->steps(whole, "submit");
        college.meet();
        CHECK(titles(*hu, InboxKind::ToDo).empty());
        CHECK(titles(*li, InboxKind::ToDo) == "李的");
        CHECK(titles(*sun, InboxKind::ToSign) == "全处");
    }
}

TEST_CASE("returned work says why, at which field, and by whom", "[office][inbox]") {
    College college;
    auto& [zhao, quality, li, hu, sun] = college;
    auto const plan = li->creates("plan", "unit/yc-d03", {{"title", "年度计划"}, {"content", "每月一次"}});
    auto const task = college.task(*li, "整改", "2026-03-31");
    li->steps(plan, "submit");
    li->steps(task, "submit");
    li->carriesTo(*sun);
    CHECK(titles(*sun, InboxKind::ToSign) == "整改 年度计划");
    CHECK(entries(*sun, InboxKind::ToSign)[1].actions == std::vector<std::string>{"approve", "return"});
    sun->steps(plan, "return", "内容：次数不足；规划期: 未写", day("2026-04-01"));
    sun->steps(task, "recheck-fail", "佐证不足", day("2026-04-15"));
    sun->carriesTo(*li);

    auto const back = entries(*li, InboxKind::Returned);
    REQUIRE(back.size() == 2);
    CHECK(back[0].title == "年度计划");
    CHECK(back[0].reason == "内容：次数不足；规划期: 未写");
    CHECK(back[0].fields == std::vector<std::string>{"period", "content"});
    CHECK(back[0].from == College::person(*sun));
    CHECK(back[1].reason == "佐证不足");
    CHECK(back[1].fields.empty());
    CHECK(back[1].due == day("2026-04-15"));
    CHECK(entries(*li, InboxKind::ToDo).empty());

    // Only the last reason counts, and nothing is returned any more once it is handed in again.
    li->edits(task, {{"evidence", "补充材料"}});
    li->steps(task, "submit");
    CHECK(titles(*li, InboxKind::Returned) == "年度计划");
    li->carriesTo(*sun);
    sun->steps(task, "recheck-fail", "材料过期", day("2026-05-15"));
    sun->carriesTo(*li);
    CHECK(entries(*li, InboxKind::Returned)[1].reason == "材料过期");
}

TEST_CASE("what waits for a signature is before who may decide and wrote none of it", "[office][inbox]") {
    College college;
    auto& [zhao, quality, li, hu, sun] = college;
    auto const own = sun->creates("plan", "unit/yc-d03", {{"title", "孙的计划"}});
    auto const others = li->creates("plan", "unit/yc-d03", {{"title", "李的计划"}});
    sun->steps(own, "submit");
    li->steps(others, "submit");
    college.meet();
    CHECK(titles(*sun, InboxKind::ToSign) == "李的计划");
    CHECK(titles(*quality, InboxKind::ToSign) == "孙的计划 李的计划");
    CHECK(titles(*hu, InboxKind::ToSign).empty());

    SECTION("who wrote an accepted version may decide about the next one that another wrote") {
        quality->steps(own, "approve");
        quality->steps(own, "accept");
        quality->carriesTo(*li);
        li->edits(own, {{"content", "新一年"}});
        li->steps(own, "submit");
        li->carriesTo(*sun);
        CHECK(titles(*sun, InboxKind::ToSign) == "孙的计划 李的计划");
    }
}

TEST_CASE("messages and warnings come from what was signed and from this replica", "[office][inbox]") {
    College college;
    auto& [zhao, quality, li, hu, sun] = college;
    auto const task = college.task(*li, "甲", "2026-03-10");
    college.meet();
    quality->steps(task, "remind", "请于本周内完成");
    quality->steps(task, "extend", "设备未到", day("2026-04-30"));
    college.meet();
    auto const told = entries(*li, InboxKind::Message);
    REQUIRE(told.size() == 2);
    std::map<std::string, InboxEntry> byCode;
    for (auto const& entry : told) byCode[entry.code] = entry;
    CHECK(byCode["remind"].reason == "请于本周内完成");
    CHECK(byCode["extend"].due == day("2026-04-30"));
    CHECK(entries(*quality, InboxKind::Message).empty());

    SECTION("two versions of one document") {
        li->edits(task, {{"problem", "没有教室"}});
        hu->edits(task, {{"problem", "没有设备"}});
        college.meet();
        auto const all = codes(*li);
        CHECK(std::count(all.begin(), all.end(), "inbox.differences") == 1);
        CHECK(std::count(all.begin(), all.end(), "advice.differences") == 0);
    }
    SECTION("the quality office hears of units whose data is old, a clerk does not") {
        auto const warned = entries(*quality, InboxKind::Warning, "2026-06-01");
        auto const stale = std::find_if(warned.begin(), warned.end(),
                                        [](auto const& entry) { return entry.code == "inbox.stale-units"; });
        REQUIRE(stale != warned.end());
        CHECK(std::count(stale->about.begin(), stale->about.end(), "yc-d03") == 1);
        auto const all = codes(*li);
        CHECK(std::count(all.begin(), all.end(), "inbox.stale-units") == 0);
    }
}

TEST_CASE("a mark of having read stays on this machine, and what changes is unread again", "[office][inbox]") {
    College college;
    auto& [zhao, quality, li, hu, sun] = college;
    auto const task = college.task(*quality, "甲", "2026-03-31");
    college.task(*quality, "乙", "2026-04-30");
    college.meet();
    li->open();  // at home: her machine's guard lies there
    int const before = unread(*li);
    int const ofHu = unread(*hu);
    auto const first = entries(*li, InboxKind::ToDo)[0];
    auto const frames = (*li)->replica().held().frames;
    CHECK(*markRead(**li, {first.id.substr(0, 8)}, day(kToday)) == 1);
    CHECK(*markRead(**li, {first.id}, day(kToday)) == 0);
    CHECK(unread(*li) == before - 1);
    CHECK((*li)->replica().held().frames == frames);
    CHECK(unread(*hu) == ofHu);
    li->open();
    CHECK(unread(*li) == before - 1);
    CHECK(markRead(**li, {first.id, "ffff"}, day(kToday)).error().reason == "inbox.missing");
    CHECK(markRead(**li, {""}, day(kToday)).error().reason == "inbox.missing");

    quality->steps(task, "extend", "放假", day("2026-04-15"));
    quality->carriesTo(*li);
    CHECK(unread(*li) == before + 1);  // the new deadline, and the message that says why
    CHECK(*markAllRead(**li, day(kToday)) == before + 1);
    CHECK(unread(*li) == 0);
}

TEST_CASE("P.2 each person has one digest a day, not in quiet hours, with what fell since the last", "[requirements]") {
    College college;
    auto& [zhao, quality, li, hu, sun] = college;
    quality->creates(
        "task", "unit/yc-d03",
        {{"title", "李的"}, {"owner", "yc-d03"}, {"due", "2026-03-23"}, {"person", College::person(*li).text()}});
    college.task(*quality, "全处", "2026-03-17");
    college.meet();
    auto const shown = [&](Workplace& place, char const* at) {
        auto const now = digest(*place, *parseInstant(at));
        REQUIRE(now);
        if (now->from > *parseInstant(at)) return "waits until " + toText(now->from);
        std::string text;
        for (auto const& line : now->lines) {
            text += (text.empty() ? "" : "; ") + line.title + " " + std::to_string(line.reminder.daysLeft);
        }
        return text;
    };
    CHECK(shown(*li, "2026-03-20T02:00:00.000Z") == "全处 -3; 李的 3");
    CHECK(shown(*hu, "2026-03-20T02:00:00.000Z") == "全处 -3");
    CHECK(shown(*sun, "2026-03-20T02:00:00.000Z") == "全处 -3");
    CHECK(shown(*quality, "2026-03-20T02:00:00.000Z").empty());
    CHECK(shown(*quality, "2026-03-27T02:00:00.000Z") == "全处 -10");
    CHECK(shown(*li, "2026-03-20T16:00:00.000Z") == "waits until 2026-03-20T23:00:00.000Z");
    digestWasShown(**li, day("2026-03-20"));
    CHECK(shown(*li, "2026-03-20T02:00:00.000Z") == "waits until 2026-03-20T23:00:00.000Z");
    CHECK(shown(*li, "2026-03-24T02:00:00.000Z") == "全处 -7; 李的 -1");
}
