// What was not done, and who has not taken note of what was found.
#include "office/accountability.h"

#include "college.h"

#include <algorithm>

using namespace spiral;
using namespace spiral::office;

namespace {

Day day(std::string_view text) { return *parseDay(text); }

struct College : Departments {
    void itIs(std::string_view day) {
        for (auto* place : {&zhao, &quality, &li, &sun, &hu}) {
            (*place)->clock.time = *parseInstant(std::string(day) + "T02:00:00.000Z");
        }
    }
};

std::string titles(Undone const& undone) {
    std::string text;
    for (auto const& line : undone.lines) text += (text.empty() ? "" : " ") + line.title;
    return text;
}

std::string routes(FindingLine const& line) {
    std::string text;
    for (auto const& route : line.routes) {
        text += (text.empty() ? "" : "; ") + route.unit +
                (route.received   ? " received"
                 : route.outdated ? " outdated"
                 : route.hidden   ? " hidden"
                                  : " open");
    }
    return text;
}

std::string reason(Result<std::vector<StepDone>> const& result) { return result ? "done" : result.error().reason; }

}  // namespace

TEST_CASE("Y073 what was due, not done and not cancelled at the end of the year is listed, equal to a count by hand",
          "[requirements]") {
    College college;
    auto& [zhao, quality, li, sun, hu] = college;
    auto const task = [&](std::string const& title, std::string const& due) {
        Workplace::Set set{{"title", title}, {"owner", "yc-d03"}};
        if (!due.empty()) set.emplace_back("due", due);
        return li->creates("task", "unit/yc-d03", set);
    };
    auto const undone = task("A未做", "2026-06-30");
    task("B当日", "2026-12-31");
    task("C次日", "2027-01-01");
    auto const passed = task("D通过", "2026-06-30"), cancelled = task("E取消", "2026-06-30");
    auto const late = task("F年后通过", "2026-06-30"), moved = task("G年后延期", "2026-06-30");
    auto const dropped = task("H年后取消", "2026-06-30"), failed = task("I未通过", "2026-06-30");
    task("J无期限", "");
    for (auto const& each : {passed, failed}) li->steps(each, "submit");
    li->carriesTo(*sun);
    sun->steps(passed, "recheck-pass");
    sun->steps(cancelled, "cancel", "并入其他任务");
    sun->steps(failed, "recheck-fail", "佐证不足", day("2026-09-30"));
    sun->carriesTo(*li);
    college.itIs("2027-01-05");
    li->steps(late, "submit");
    task("K补记", "2026-11-30");
    li->carriesTo(*sun);
    sun->steps(late, "recheck-pass");
    sun->steps(moved, "extend", "补做", day("2027-03-31"));
    sun->steps(dropped, "cancel", "不再需要");
    sun->carriesTo(*quality);

    auto const list = undoneAt(**quality, day("2026-12-31"));
    CHECK(titles(list) == "A未做 F年后通过 G年后延期 H年后取消 I未通过 B当日");
    CHECK(list.byUnit == std::map<std::string, int>{{"yc-d03", 6}});
    CHECK(list.done == 1);
    CHECK(list.cancelled == 1);  // a task undone because it was cancelled is no failure
    CHECK(list.notYetDue == 1);
    CHECK(list.withoutDue == 1);
    std::map<std::string, UndoneLine> lines;
    for (auto const& line : list.lines) lines[line.title] = line;
    CHECK(lines["F年后通过"].closedSince);
    CHECK(lines["F年后通过"].state == "open");
    CHECK(lines["G年后延期"].due == day("2026-06-30"));
    CHECK(lines["I未通过"].due == day("2026-09-30"));
    CHECK(lines["I未通过"].failedRounds == 1);
    CHECK(lines["A未做"].daysOverdue == 184);
    CHECK(lines["B当日"].daysOverdue == 0);

    CHECK(titles(undoneAt(**quality, day("2026-12-30"))) == "A未做 F年后通过 G年后延期 H年后取消 I未通过");
    CHECK(titles(undoneAt(**quality, day("2027-01-05"))) == "A未做 I未通过 K补记 B当日 C次日");
    CHECK(undoneAt(**quality, day("2026-12-31"), "yc-d04").lines.empty());
    // The same on every replica that holds the same.
    CHECK(titles(undoneAt(**sun, day("2026-12-31"))) == titles(list));
    CHECK(sun->shows(undone).standing.state == "open");
}

TEST_CASE("L003 a finding goes to every system it concerns, and who has not confirmed is listed", "[requirements]") {
    College college;
    auto& [zhao, quality, li, sun, hu] = college;
    FindingWanted wanted{"实训设备不足", "三个专业共用一间实训室", "YC-P-07", {}, day("2026-03-31"), {}};
    SECTION("with no receiver, or one that is not there, it is refused") {
        CHECK(routeFinding(**quality, wanted).error().reason == "finding.no-receiver");
        wanted.routes = {{"resources", "nowhere"}};
        CHECK(routeFinding(**quality, wanted).error().reason == "finding.unit-unknown");
        wanted.routes = {{"weather", "yc-d03"}};
        CHECK_FALSE(routeFinding(**quality, wanted));
        auto const alone = quality->creates("finding", "college", {{"title", "无人接收"}, {"text", "x"}});
        CHECK(quality->refused(alone, "submit") == "step.incomplete");
        CHECK(findings(**quality).empty());
    }
    SECTION("each unit signs for itself, by a person of its own") {
        wanted.routes = {{"resources", "yc-d03"}, {"support", "yc-d04"}};
        auto const routed = routeFinding(**quality, wanted);
        INFO((routed ? "" : routed.error().reason + " " + routed.error().detail));
        REQUIRE(routed);
        auto const finding = routed->document;
        CHECK(routes(findings(**quality)[0]) == "yc-d03 open; yc-d04 open");
        CHECK(findings(**quality)[0].unreceived());
        CHECK(findings(**quality)[0].withoutTask);
        CHECK(reason(receiveFinding(**quality, finding, {})) == "finding.not-for-you");

        quality->carriesTo(*li);
        CHECK(routes(findings(**li)[0]) == "yc-d03 open; yc-d04 hidden");
        CHECK(reason(receiveFinding(**li, finding, "下月采购")) == "done");
        CHECK(reason(receiveFinding(**li, finding, {})) == "finding.received");
        CHECK_FALSE(findings(**li)[0].unreceived());
        li->carriesTo(*quality);
        auto const half = findings(**quality)[0];
        CHECK(routes(half) == "yc-d03 received; yc-d04 open");
        CHECK(half.routes[0].by == (*li)->replica().person()->text());
        CHECK(half.unreceived());

        quality->carriesTo(*hu);
        CHECK(reason(receiveFinding(**hu, finding, {})) == "done");
        hu->carriesTo(*quality);
        CHECK_FALSE(findings(**quality)[0].unreceived());

        SECTION("a correction goes to them anew, and the old receipts do not cover it") {
            quality->edits(finding, {{"text", "四个专业共用一间实训室"}});
            CHECK_FALSE(findings(**quality)[0].unreceived());
            quality->steps(finding, "submit");
            CHECK(routes(findings(**quality)[0]) == "yc-d03 outdated; yc-d04 outdated");
            CHECK(findings(**quality)[0].unreceived());
            quality->carriesTo(*li);
            CHECK(reason(receiveFinding(**li, finding, {})) == "done");
        }
        SECTION("what is withdrawn is nobody's to receive") {
            quality->steps(finding, "withdraw", "重复");
            CHECK(findings(**quality).empty());
            CHECK(reason(receiveFinding(**quality, finding, {})) == "finding.not-routed");
        }
    }
}
