#include "desk.h"

namespace spiral::engine {
namespace {

json::Object task(std::string const& title = "修订教案", std::string const& due = "2026-03-31") {
    json::Object fields{{"title", title}};
    if (!due.empty()) fields.set("due", due);
    return fields;
}

Said because(std::string comment, std::string until = "") { return {std::move(comment), std::move(until), {}}; }

// ------------------------------------------------------------------------------------------------------------
// documents

TEST_CASE("a plan goes from draft through submission and approval to acceptance", "[engine][document]") {
    Desk desk("plan");
    desk.writes("r1", {{"title", "专业建设规划"}});
    CHECK(desk.state() == "draft");
    CHECK(desk.possibleNow() == "submit withdraw");
    desk.does("s1", "submit", "r1");
    CHECK(desk.state() == "submitted");
    CHECK(desk.possibleNow() == "approve return withdraw");
    desk.does("a1", "approve", "r1");
    CHECK(desk.state() == "approved");
    CHECK(desk.possibleNow() == "return accept");
    desk.does("c1", "accept", "r1");
    Standing const standing = desk.standing();
    CHECK(standing.state == "accepted");
    CHECK(standing.closed);
    CHECK(nameOf(*standing.revision) == "r1");
    CHECK(namesOf(standing.last) == "c1");
    CHECK(desk.possibleNow().empty());
}

TEST_CASE("a returned plan says why, and goes on with a new version in the next round", "[engine][document]") {
    Desk desk("plan");
    desk.writes("r1", {{"title", "规划"}}).does("s1", "submit", "r1");
    CHECK(desk.refusal("return", "r1") == "step.comment-required");
    CHECK(desk.refusal("return", "r1", because("  ")) == "step.comment-required");
    desk.does("b1", "return", "r1", because("目标不可测"));
    CHECK(desk.state() == "returned");
    CHECK(desk.possibleNow() == "submit withdraw");
    desk.writes("r2", {{"title", "规划（修订）"}});
    CHECK(desk.standing().changedAfter);
    desk.does("s2", "submit", "r2").does("a2", "approve", "r2");
    Standing const standing = desk.standing();
    CHECK(standing.state == "approved");
    CHECK_FALSE(standing.changedAfter);
    CHECK(shown(standing.rounds) == "1 due - s1 b1 return; 2 due - s2 a2 approve");
    CHECK(standing.failedRounds == 1);
}

TEST_CASE("an act out of order has no effect and changes nothing", "[engine][document]") {
    Desk desk("plan");
    desk.writes("r1", {{"title", "规划"}});
    desk.does("a0", "approve", "r1");
    CHECK(desk.effect("a0") == ActEffect::NotInState);
    CHECK(desk.state() == "draft");
    CHECK_FALSE(desk.standing().lastAction);
    // Who comes after it stands where it found things.
    desk.does("s1", "submit", "r1").does("c1", "accept", "r1");
    CHECK(desk.effect("s1") == ActEffect::Counts);
    CHECK(desk.effect("c1") == ActEffect::NotInState);
    CHECK(desk.state() == "submitted");
    CHECK(namesOf(desk.standing().last) == "c1");
    CHECK(desk.refusal("accept", "r1") == "step.not-in-state");
    CHECK(desk.prepares("accept", "r1").error().detail == "it is submitted; possible: approve return withdraw");
    CHECK(desk.refusal("burn", "r1") == "step.unknown-action");
}

TEST_CASE("a decision about another revision than the last submitted is without effect", "[engine][document]") {
    Desk desk("plan");
    desk.writes("r1", {{"title", "一"}}).does("s1", "submit", "r1");
    desk.writes("r2", {{"title", "二"}}).does("s2", "submit", "r2");
    desk.does("a1", "approve", "r1");
    CHECK(desk.effect("a1") == ActEffect::OtherRevision);
    CHECK(desk.state() == "submitted");
    CHECK(desk.refusal("approve", "r1") == "step.other-revision");
    CHECK(desk.refusal("approve", "r2").empty());
}

TEST_CASE("an edit after the submission shows, and the submission stands", "[engine][document]") {
    Desk desk("plan");
    desk.writes("r1", {{"title", "一"}}).does("s1", "submit", "r1");
    CHECK_FALSE(desk.standing().changedAfter);
    desk.writes("r2", {{"title", "二"}});
    Standing const standing = desk.standing();
    CHECK(standing.changedAfter);
    CHECK(standing.state == "submitted");
    CHECK(nameOf(*standing.revision) == "r1");
    CHECK(desk.refusal("approve", "r1").empty());
    CHECK(desk.refusal("approve", "r2") == "step.other-revision");
    CHECK(desk.refusal("submit", "r1") == "step.same-revision-again");
}

TEST_CASE("a submission is of one complete head without open differences", "[engine][document]") {
    Desk desk("plan");
    desk.writes("r0", {{"title", "旧"}}).writes("r1", {{"content", "无题"}});
    CHECK(desk.refusal("submit", "r0") == "step.not-the-head");
    CHECK(desk.refusal("submit", "r1") == "step.incomplete");
    CHECK(desk.prepares("submit", "r1").error().detail == "title");
    CHECK(desk.refusal("submit", "r9") == "step.revision-missing");
    desk.writes("r2", {"r1"}, {{"title", "教务处的"}}).writes("r3", {"r1"}, {{"title", "学工处的"}});
    CHECK(desk.refusal("submit", "r2") == "step.differences-open");
    CHECK(desk.prepares("submit", "r2").error().detail == "title");
    desk.writes("r4", {"r2", "r3"}, {{"title", "共同的"}}).writes("r5", {"r2", "r3"}, {{"title", "共同的"}});
    CHECK(desk.refusal("submit", "r4") == "step.several-heads");
    desk.writes("r6", {"r4", "r5"}, {{"title", "共同的"}});
    CHECK(desk.refusal("submit", "r6").empty());
}

TEST_CASE("nobody signs for attachments that he does not hold", "[engine][document]") {
    Desk desk("plan");
    desk.writes("r1", {{"title", "一"}});
    Facts const facts = desk.facts();
    Intent intent;
    intent.action = "submit";
    intent.of = idOf("r1");
    intent.attachmentsHeld = false;
    auto const body = prepare(facts, stand(facts), intent);
    REQUIRE_FALSE(body);
    CHECK(body.error().code == ErrorCode::Waiting);
    CHECK(body.error().reason == "step.attachments-missing");
}

TEST_CASE("a withdrawn plan is closed until somebody edits it, and an edit beside the withdrawal beats it",
          "[engine][document]") {
    Desk desk("plan");
    desk.writes("r1", {{"title", "一"}}).does("w1", "withdraw", "r1", because("合并到总规划"));
    CHECK(desk.state() == "withdrawn");
    CHECK(desk.standing().closed);
    CHECK(desk.refusal("submit", "r1") == "step.not-in-state");
    desk.writes("r2", {{"title", "二"}});
    Standing const standing = desk.standing();
    CHECK(standing.state == "draft");
    CHECK(standing.changedAfter);
    CHECK_FALSE(standing.closed);
    CHECK(desk.refusal("submit", "r2").empty());
    desk.does("s2", "submit", "r2");
    CHECK(desk.effect("s2") == ActEffect::Counts);
    CHECK(desk.state() == "submitted");
}

TEST_CASE("an accepted plan is revised by submitting a new version, not the old one again", "[engine][document]") {
    Desk desk("plan");
    desk.writes("r1", {{"title", "一"}})
        .does("s1", "submit", "r1")
        .does("a1", "approve", "r1")
        .does("c1", "accept", "r1");
    CHECK(desk.refusal("submit", "r1") == "step.same-revision-again");
    desk.does("s1b", "submit", "r1");
    CHECK(desk.effect("s1b") == ActEffect::GuardFailed);
    CHECK(desk.state() == "accepted");
    desk.writes("r2", {{"title", "二"}});
    CHECK(desk.possibleNow() == "submit");
    desk.does("s2", "submit", "r2");
    CHECK(desk.state() == "submitted");
    CHECK(shown(desk.standing().rounds) == "1 due - s1 c1 accept; 2 due - s2");
}

// ----------------------------------------------------------------------------------------------------------------
// tasks

TEST_CASE("a rectification goes in rounds until it passes, and every verdict stays", "[engine][task]") {
    Desk desk("task");
    desk.writes("r0", task());
    std::vector<std::string> const deadlines{"2026-03-31", "2026-04-30", "2026-05-31", "2026-06-30", "2026-07-31"};
    for (std::size_t round = 1; round <= 5; ++round) {
        std::string const n = std::to_string(round);
        CHECK(desk.standing().round == static_cast<int>(round));
        CHECK(shown(desk.standing().due) == deadlines[round - 1]);
        desk.writes("r" + n, task("第" + n + "次整改")).does("s" + n, "submit", "r" + n);
        CHECK(desk.possibleNow() == "recheck-pass recheck-fail extend assign remind cancel");
        if (round < 5) desk.does("f" + n, "recheck-fail", "r" + n, because("仍不达标", deadlines[round]));
    }
    CHECK(desk.state() == "submitted");
    CHECK_FALSE(desk.standing().closed);
    desk.does("p5", "recheck-pass", "r5");
    Standing const standing = desk.standing();
    CHECK(standing.state == "passed");
    CHECK(standing.closed);
    CHECK(standing.round == 5);
    CHECK(standing.failedRounds == 4);
    CHECK(shown(standing.rounds) ==
          "1 due 2026-03-31 s1 f1 recheck-fail; 2 due 2026-04-30 s2 f2 recheck-fail; 3 due 2026-05-31 s3 f3 "
          "recheck-fail; "
          "4 due 2026-06-30 s4 f4 recheck-fail; 5 due 2026-07-31 s5 p5 recheck-pass");
    CHECK(desk.possibleNow().empty());
}

TEST_CASE("a failed re-check says why and until when, or it is none", "[engine][task]") {
    Desk desk("task");
    desk.writes("r1", task()).does("s1", "submit", "r1");
    CHECK(desk.refusal("recheck-fail", "r1") == "step.comment-required");
    CHECK(desk.refusal("recheck-fail", "r1", because("不达标")) == "step.until-required");
    CHECK(desk.refusal("recheck-fail", "r1", because("不达标", "2026-04-30")).empty());
    CHECK(desk.refusal("recheck-pass", "r1", because("", "2026-04-30")) == "step.until-not-allowed");
    // A program that signs it all the same convinces nobody.
    desk.does("f1", "recheck-fail", "r1", because("不达标"));
    CHECK(desk.effect("f1") == ActEffect::GuardFailed);
    CHECK(desk.state() == "submitted");
}

TEST_CASE("a deadline moves only with a reason", "[engine][task]") {
    Desk desk("task");
    desk.writes("r1", task());
    CHECK(shown(desk.standing().due) == "2026-03-31");
    // Not by an edit …
    desk.writes("r2", task("修订教案", "2026-12-31"));
    CHECK(shown(desk.standing().due) == "2026-03-31");
    CHECK(desk.standing().dueEdited);
    // … not by dropping it …
    desk.writes("r3", task("修订教案", ""));
    CHECK(shown(desk.standing().due) == "2026-03-31");
    CHECK_FALSE(desk.standing().dueEdited);
    // … and not by an act that does not say why.
    CHECK(desk.refusal("extend", "r3", because("", "2026-06-30")) == "step.comment-required");
    CHECK(desk.refusal("extend", "r3", because("设备未到")) == "step.until-required");
    desk.does("e0", "extend", "r3", because("", "2026-06-30"));
    CHECK(desk.effect("e0") == ActEffect::GuardFailed);
    CHECK(shown(desk.standing().due) == "2026-03-31");
    desk.does("e1", "extend", "r3", because("设备未到", "2026-06-30"));
    CHECK(shown(desk.standing().due) == "2026-06-30");
    CHECK(desk.state() == "open");
    CHECK_FALSE(desk.standing().revision);
    CHECK_FALSE(desk.standing().changedAfter);
    CHECK(shown(desk.standing().rounds) == "1 due 2026-06-30");
}

TEST_CASE("a due date written later than the task is the first one", "[engine][task]") {
    Desk desk("task");
    desk.writes("r1", task("修订教案", ""));
    CHECK(shown(desk.standing().due) == "-");
    desk.writes("r2", {"r1"}, task("修订教案", "2026-05-31")).writes("r3", {"r1"}, task("修订教案", "2026-04-30"));
    CHECK(shown(desk.standing().due) == "2026-04-30");
    desk.writes("r4", {"r2", "r3"}, task("修订教案", "2026-05-31"));
    CHECK(shown(desk.standing().due) == "2026-04-30");
}

TEST_CASE("what somebody without authority wrote sets no due date", "[engine][task]") {
    Desk desk("task");
    desk.writes("r1", {}, task("修订教案", "")).writes("r2", {"r1"}, task("修订教案", "2027-01-01"), false);
    CHECK(shown(desk.standing().due) == "-");
    desk.writes("r3", {"r2"}, task("修订教案", "2026-05-31"));
    CHECK(shown(desk.standing().due) == "2026-05-31");
}

TEST_CASE("a report's due date follows its field", "[engine][document]") {
    Desk desk("report");
    desk.writes("r1", {{"title", "年度报告"}, {"due", "2026-09-30"}})
        .writes("r2", {{"title", "年度报告"}, {"due", "2026-10-31"}});
    CHECK(shown(desk.standing().due) == "2026-10-31");
    desk.writes("r3", {"r1"}, {{"title", "年度报告"}, {"due", "2026-10-15"}});
    CHECK(shown(desk.standing().due) == "2026-10-15");
    desk.writes("r4", {"r2", "r3"}, {{"title", "年度报告"}, {"due", "2026-10-31"}}).does("s1", "submit", "r4");
    desk.does("b1", "return", "r4", because("缺佐证材料", "2026-11-15"));
    CHECK(shown(desk.standing().due) == "2026-11-15");
}

TEST_CASE("a task is overdue from the day after, and never once it is closed", "[engine][task]") {
    Desk desk("task");
    desk.writes("r1", task());
    CHECK(daysOverdue(desk.standing(), day("2026-03-31")) == 0);
    CHECK(daysOverdue(desk.standing(), day("2026-04-01")) == 1);
    CHECK(daysOverdue(desk.standing(), day("2027-03-31")) == 365);
    desk.does("s1", "submit", "r1");
    CHECK(daysOverdue(desk.standing(), day("2026-04-01")) == 1);
    desk.does("p1", "recheck-pass", "r1");
    CHECK(daysOverdue(desk.standing(), day("2026-04-01")) == 0);
    CHECK(daysOverdue(Desk("task").writes("r1", task("t", "")).standing(), day("2026-04-01")) == 0);
}

TEST_CASE("a cancelled task is closed without a pass", "[engine][task]") {
    Desk desk("task");
    desk.writes("r1", task());
    CHECK(desk.refusal("cancel", "r1") == "step.comment-required");
    desk.does("x1", "cancel", "r1", because("专业已撤销"));
    CHECK(desk.state() == "cancelled");
    CHECK(desk.standing().closed);
    CHECK(desk.standing().failedRounds == 0);
}

TEST_CASE("a task cannot be closed before it was submitted and re-checked", "[engine][task]") {
    Desk desk("task");
    desk.writes("r1", task()).does("p1", "recheck-pass", "r1");
    CHECK(desk.effect("p1") == ActEffect::NotInState);
    CHECK(desk.state() == "open");
}

// -------------------------------------------------------------------------------------------------------------
// concurrent

TEST_CASE("two concurrent decisions that differ are disputed, and the more cautious counts until somebody settles",
          "[engine][dispute]") {
    Desk desk("task");
    desk.writes("r1", task()).does("s1", "submit", "r1");
    desk.doesAfter("p1", {"s1"}, "recheck-pass", "r1")
        .doesAfter("f1", {"s1"}, "recheck-fail", "r1", because("不达标", "2026-04-30"));
    Standing const disputed = desk.standing();
    CHECK(disputed.state == "failed");
    CHECK(disputed.disputed);
    CHECK(namesOf(disputed.disputes) == "f1 p1");
    CHECK(shown(disputed.due) == "2026-04-30");
    CHECK(disputed.round == 2);
    CHECK(desk.possibleNow() == "submit recheck-pass recheck-fail extend assign remind cancel");

    auto const body = desk.prepares("recheck-pass", "r1");
    REQUIRE(body);
    CHECK(json::arrayAt(*body, "settles")->size() == 2);
    desk.does("p2", "recheck-pass", "r1", {"", "", {"f1", "p1"}});
    Standing const settled = desk.standing();
    CHECK(settled.state == "passed");
    CHECK(settled.closed);
    CHECK_FALSE(settled.disputed);
    CHECK(settled.round == 1);
    CHECK(settled.failedRounds == 0);
    CHECK(shown(settled.due) == "2026-03-31");
    CHECK(shown(settled.rounds) == "1 due 2026-03-31 s1 p2 recheck-pass");
}

TEST_CASE("settling for failure makes one next round, not two", "[engine][dispute]") {
    Desk desk("task");
    desk.writes("r1", task()).does("s1", "submit", "r1");
    desk.doesAfter("p1", {"s1"}, "recheck-pass", "r1")
        .doesAfter("f1", {"s1"}, "recheck-fail", "r1", because("不达标", "2026-04-30"));
    desk.does("f2", "recheck-fail", "r1", {"确实不达标", "2026-05-15", {"f1", "p1"}});
    CHECK(desk.standing().round == 2);
    CHECK(shown(desk.standing().due) == "2026-05-15");
    CHECK(shown(desk.standing().rounds) == "1 due 2026-03-31 s1 f2 recheck-fail; 2 due 2026-05-15");
}

TEST_CASE("a record that settles must name every decision in dispute", "[engine][dispute]") {
    Desk desk("plan");
    desk.writes("r1", {{"title", "一"}}).does("s1", "submit", "r1");
    desk.doesAfter("a1", {"s1"}, "approve", "r1").doesAfter("b1", {"s1"}, "return", "r1", because("缺指标"));
    desk.does("a2", "approve", "r1", {"", "", {"a1"}});
    CHECK(desk.effect("a2") == ActEffect::NotInState);
    CHECK(desk.standing().disputed);
    desk.does("a3", "approve", "r1", {"", "", {"a1", "b1"}});
    CHECK(desk.effect("a3") == ActEffect::Counts);
    CHECK(desk.state() == "approved");
}

TEST_CASE("acting on the cautious state ends the dispute too", "[engine][dispute]") {
    Desk desk("plan");
    desk.writes("r1", {{"title", "一"}}).does("s1", "submit", "r1");
    desk.doesAfter("a1", {"s1"}, "approve", "r1").doesAfter("b1", {"s1"}, "return", "r1", because("缺指标"));
    // What only an approved plan could do waits for the settlement.
    CHECK(desk.refusal("accept", "r1") == "step.not-in-state");
    desk.writes("r2", {{"title", "二"}}).does("s2", "submit", "r2");
    CHECK(desk.effect("s2") == ActEffect::Counts);
    CHECK_FALSE(desk.standing().disputed);
    CHECK(desk.state() == "submitted");
}

TEST_CASE("two settlements that differ are disputed in turn, and so is a third decision that comes late",
          "[engine][dispute]") {
    Desk desk("plan");
    desk.writes("r1", {{"title", "一"}}).does("s1", "submit", "r1");
    desk.doesAfter("a1", {"s1"}, "approve", "r1").doesAfter("b1", {"s1"}, "return", "r1", because("缺指标"));
    Desk late = desk;
    desk.doesAfter("x1", {"a1", "b1"}, "approve", "r1", {"", "", {"a1", "b1"}});
    desk.doesAfter("y1", {"a1", "b1"}, "return", "r1", {"仍缺", "", {"a1", "b1"}});
    CHECK(namesOf(desk.standing().disputes) == "x1 y1");
    CHECK(desk.state() == "returned");
    desk.does("z1", "approve", "r1", {"", "", {"x1", "y1"}});
    CHECK(desk.state() == "approved");
    CHECK(desk.standing().round == 1);

    late.does("x1", "approve", "r1", {"", "", {"a1", "b1"}}).doesAfter("z9", {"s1"}, "return", "r1", because("第三人"));
    CHECK(namesOf(late.standing().disputes) == "x1 z9");
    CHECK(late.state() == "returned");
}

TEST_CASE("two concurrent decisions that agree are no dispute", "[engine][dispute]") {
    Desk desk("task");
    desk.writes("r1", task()).does("s1", "submit", "r1");
    desk.doesAfter("f1", {"s1"}, "recheck-fail", "r1", because("不达标", "2026-05-31"));
    desk.doesAfter("f2", {"s1"}, "recheck-fail", "r1", because("佐证不足", "2026-04-30"));
    Standing const standing = desk.standing();
    CHECK_FALSE(standing.disputed);
    CHECK(standing.state == "failed");
    CHECK(standing.round == 2);
    CHECK(shown(standing.due) == "2026-04-30");
    CHECK(namesOf(standing.last) == "f1 f2");
}

TEST_CASE("an extension beside a decision moves the date and not the state", "[engine][dispute]") {
    Desk desk("task");
    desk.writes("r1", task()).does("s1", "submit", "r1");
    desk.doesAfter("e1", {"s1"}, "extend", "r1", because("假期", "2026-06-30"))
        .doesAfter("p1", {"s1"}, "recheck-pass", "r1");
    CHECK(desk.state() == "passed");
    CHECK_FALSE(desk.standing().disputed);
}

TEST_CASE("a withdrawal beside an approval is disputed, and the withdrawal counts", "[engine][dispute]") {
    Desk desk("plan");
    desk.writes("r1", {{"title", "一"}}).does("s1", "submit", "r1");
    desk.doesAfter("a1", {"s1"}, "approve", "r1").doesAfter("w1", {"s1"}, "withdraw", "r1", because("重写"));
    CHECK(desk.state() == "withdrawn");
    CHECK(namesOf(desk.standing().disputes) == "a1 w1");
    CHECK(desk.refusal("approve", "r1").empty());
}

TEST_CASE("a submission beside a decision about the earlier one counts, and waits for its own decision",
          "[engine][dispute]") {
    Desk desk("plan");
    desk.writes("r1", {{"title", "一"}}).does("s1", "submit", "r1").writes("r2", {{"title", "二"}});
    desk.doesAfter("a1", {"s1"}, "approve", "r1").doesAfter("s2", {"s1"}, "submit", "r2");
    CHECK(desk.state() == "submitted");
    CHECK(nameOf(*desk.standing().revision) == "r2");
    CHECK(desk.refusal("approve", "r1") == "step.other-revision");
    CHECK(desk.refusal("approve", "r2").empty());
}

TEST_CASE("of two concurrent submissions either may be decided", "[engine][dispute]") {
    Desk desk("plan");
    desk.writes("r0", {}, {{"title", "零"}})
        .writes("r1", {"r0"}, {{"title", "一"}})
        .writes("r2", {"r0"}, {{"title", "二"}});
    desk.doesAfter("s1", {}, "submit", "r1").doesAfter("s2", {}, "submit", "r2");
    CHECK(desk.refusal("approve", "r1").empty());
    CHECK(desk.refusal("approve", "r2").empty());
    CHECK(desk.refusal("approve", "r0") == "step.other-revision");
    desk.does("a1", "approve", "r1");
    CHECK(desk.state() == "approved");
    CHECK(desk.standing().changedAfter);
}

// ---------------------------------------------------------------------------------------------------------------
// missing

TEST_CASE("an act that follows an unknown one waits, and later acts go on from what is known", "[engine][missing]") {
    Desk desk("plan");
    desk.writes("r1", {{"title", "一"}})
        .does("s1", "submit", "r1")
        .does("a1", "approve", "r1")
        .does("c1", "accept", "r1");
    desk.forgets("a1");
    CHECK(desk.effect("c1") == ActEffect::AfterUnknown);
    CHECK(desk.state() == "submitted");
    CHECK(namesOf(desk.standing().last) == "c1 s1");
    desk.does("a2", "approve", "r1");
    CHECK(desk.effect("a2") == ActEffect::Counts);
    CHECK(desk.state() == "approved");
}

TEST_CASE("an act about a revision that is not here, or was set aside, has no effect", "[engine][missing]") {
    Desk desk("plan");
    desk.writes("r1", {}, {{"title", "一"}}).writes("r2", {"r1"}, {{"title", "伪"}}, false);
    desk.does("s1", "submit", "r2").does("s2", "submit", "r9");
    CHECK(desk.effect("s1") == ActEffect::AfterUnknown);
    CHECK(desk.effect("s2") == ActEffect::AfterUnknown);
    CHECK(desk.state() == "draft");
}

// Each act named forty before it, two of three of a kind that no program knows; the lists of what they follow grew with
// the chain, and each look at the document took seconds.
TEST_CASE("a long chain of acts of unknown kinds, each following forty, is walked in a moment", "[engine][hostile]") {
    Desk desk("plan");
    desk.writes("r1", {{"title", "t"}, {"kind", "annual"}, {"content", "c"}});
    constexpr int kActs = 6'000;
    auto const name = [](int i) { return "a" + std::to_string(100'000 + i); };
    for (int i = 0; i < kActs; ++i) {
        std::vector<std::string> after;
        for (int before = std::max(0, i - 40); before < i; ++before) after.push_back(name(before));
        desk.doesAfter(name(i), after, i % 3 == 0 ? "submit" : "remark", "r1");
    }
    auto const began = std::chrono::steady_clock::now();
    auto const standing = desk.standing();
    CHECK(standing.state == "submitted");
    CHECK(standing.effects.at(idOf(name(0))) == ActEffect::Counts);
    CHECK(namesOf(standing.last) == name(kActs - 3));
    CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(10));
}

TEST_CASE("records of other kinds are stepped over", "[engine][missing]") {
    Desk desk("plan");
    desk.writes("r1", {{"title", "一"}})
        .does("s1", "submit", "r1")
        .does("x1", "affirm", "s1")
        .does("a1", "approve", "r1");
    CHECK(desk.effect("x1") == ActEffect::NotInState);
    CHECK(desk.state() == "approved");
    desk.forgets("a1");
    CHECK(namesOf(desk.standing().last) == "s1");
}

TEST_CASE("a document without steps has no state", "[engine]") {
    Desk desk("person");
    desk.writes("r1", {{"name", "王老师"}}).does("s1", "submit", "r1");
    Standing const standing = desk.standing();
    CHECK(standing.state.empty());
    CHECK(standing.effects.at(idOf("s1")) == ActEffect::NotInState);
    CHECK(desk.possibleNow().empty());
    CHECK(desk.refusal("submit", "r1") == "step.no-workflow");
}

// ---------------------------------------------------------------------------------------------------------------
// records

TEST_CASE("the body to sign says what it follows", "[engine][record]") {
    Desk desk("task");
    desk.writes("r1", task()).does("s1", "submit", "r1");
    auto const body = desk.prepares("recheck-fail", "r1", because("不达标", "2026-04-30"));
    REQUIRE(body);
    CHECK(json::encode(*body) ==
          R"({"after":[")" + idOf("s1").hex() + R"("],"comment":"不达标","until":"2026-04-30"})");
    CHECK(json::encode(*Desk("task").writes("r1", task()).prepares("submit", "r1")) == R"({"after":[]})");
}

TEST_CASE("a record becomes an act, or is none that we understand", "[engine][record]") {
    trust::Record record;
    record.kind = "recheck-fail.v1";
    record.of = trust::Target{Scope::college(), idOf("r1")};
    auto const read = [&](std::string_view body) {
        record.body = *json::parse(body)->asObject();
        return actFrom(idOf("x"), record);
    };
    std::string const a = idOf("a").hex();
    std::string const b = idOf("b").hex();
    auto const act = read(R"({"after":[")" + a + R"(",")" + b + R"("],"comment":"c","settles":[")" + a +
                          R"("],"until":"2026-04-30"})");
    REQUIRE(act);
    CHECK(act->action == "recheck-fail");
    CHECK(namesOf(act->after) == "a b");
    CHECK(namesOf(act->settles) == "a");
    CHECK(act->comment == "c");
    CHECK(shown(act->until) == "2026-04-30");
    CHECK(nameOf(act->of) == "r1");
    CHECK(read("{}"));
    record.kind = "recheck-fail.v2";
    CHECK_FALSE(read("{}"));
    record.kind = "recheck-fail.v1";
    for (std::string const& hostile :
         {R"({"after":")" + a + R"("})", R"({"after":[")" + b + R"(",")" + a + R"("]})",
          R"({"after":[")" + a + R"(",")" + a + R"("]})", std::string(R"({"after":["a"]})"),
          std::string(R"({"after":[1]})"), std::string(R"({"settles":{}})"), std::string(R"({"comment":1})"),
          std::string(R"({"until":"2026-02-30"})")}) {
        INFO(hostile);
        CHECK_FALSE(read(hostile));
    }
    record.of.reset();
    CHECK_FALSE(read("{}"));
}

}  // namespace
}  // namespace spiral::engine
