// Who is in charge of a task, and what reminding and assigning leave as they were.
#include "desk.h"

#include <catch2/catch.hpp>

using namespace spiral;
using namespace spiral::engine;

namespace {

PersonId const kLi = *PersonId::parse("11111111111111111111111111111111");
PersonId const kHu = *PersonId::parse("22222222222222222222222222222222");

Said because(std::string_view why) { return {std::string(why), {}, {}}; }

/// The act just done is about this person.
void to(Desk& desk, PersonId const& person) { desk.acts().back().person = person; }

std::string inCharge(Desk& desk) {
    auto const person = desk.standing().person;
    return !person ? "-" : *person == kLi ? "li" : "hu";
}

Desk task() {
    Desk desk("task.v1");
    desk.writes("r1", {{"title", "甲"}, {"due", "2026-05-31"}});
    return desk;
}

}  // namespace

TEST_CASE("assigning and reminding leave state, round and deadline as they are, and need a reason",
          "[engine][assign]") {
    Desk desk = task();
    CHECK(desk.refusal("remind", "r1") == "step.comment-required");
    CHECK(desk.refusal("assign", "r1") == "step.comment-required");
    CHECK(desk.refusal("assign", "r1", because("调岗")) == "step.person-required");
    CHECK(desk.refusal("remind", "r1", {"请尽快", "2026-06-30", {}}) == "step.until-not-allowed");
    auto const before = desk.standing();
    desk.does("m1", "remind", "r1", {"请尽快", {}, {}}).does("a1", "assign", "r1", because("调岗"));
    to(desk, kLi);
    auto const after = desk.standing();
    CHECK(after.state == before.state);
    CHECK(after.due == before.due);
    CHECK(after.round == before.round);
    CHECK(inCharge(desk) == "li");
    desk.does("s1", "submit", "r1").does("m2", "remind", "r1", {"待复核", {}, {}});
    CHECK(desk.state() == "submitted");
    desk.does("p1", "recheck-pass", "r1");
    CHECK(desk.refusal("remind", "r1", {"晚了", {}, {}}) == "step.not-in-state");
}

TEST_CASE("the last assignment counts, by what it follows and not by the time it claims", "[engine][assign]") {
    Desk desk = task();
    CHECK(inCharge(desk) == "-");
    desk.does("a1", "assign", "r1", because("调岗"));
    to(desk, kLi);
    desk.does("m1", "remind", "r1", {"请尽快", {}, {}}).does("a2", "assign", "r1", because("调岗"));
    to(desk, kHu);
    CHECK(inCharge(desk) == "hu");
    for (auto& act : desk.acts()) {
        if (act.id == idOf("a1")) act.time += std::chrono::hours(24 * 365);
    }
    CHECK(inCharge(desk) == "hu");
    SECTION("of two that did not know each other the younger, in whatever order they arrive") {
        desk.doesAfter("a3", {"m1"}, "assign", "r1", because("调岗"));
        to(desk, kLi);
        CHECK(inCharge(desk) == "li");
        std::reverse(desk.acts().begin(), desk.acts().end());
        CHECK(inCharge(desk) == "li");
    }
    SECTION("one that names nobody, and one on a task that is closed, change nothing") {
        desk.does("a3", "assign", "r1", because("换人")).does("c", "cancel", "r1", because("合并"));
        desk.does("a4", "assign", "r1", because("调岗"));
        to(desk, kLi);
        CHECK(desk.effect("a3") == ActEffect::GuardFailed);
        CHECK(desk.effect("a4") == ActEffect::NotInState);
        CHECK(inCharge(desk) == "hu");
    }
}
