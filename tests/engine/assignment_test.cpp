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

TEST_CASE("moving the date of what is asked for, and giving it to somebody, do not undo each other",
          "[engine][assign]") {
    // Only the last act about a part was looked at: who gave it to somebody after an extension took the extension back.
    DocumentId part;
    part.raw[0] = 7;
    Desk desk("cycle.v1");
    desk.writes("r1", {{"title", "2026年自我诊改"}}).does("s", "start", "r1");
    auto const about = [&](std::optional<PersonId> const& person) {
        desk.acts().back().parts = {part};
        desk.acts().back().person = person;
    };
    auto const shownPart = [&] {
        auto const standing = desk.standing().parts[part];
        return engine::shown(standing.due) + (!standing.person ? " -" : *standing.person == kLi ? " li" : " hu");
    };
    desk.does("e1", "extend", "r1", {"放假", "2026-10-31", {}});
    about({});
    CHECK(shownPart() == "2026-10-31 -");
    desk.does("a1", "assign", "r1", because("专人负责"));
    about(kLi);
    CHECK(shownPart() == "2026-10-31 li");
    desk.does("e2", "extend", "r1", {"停电", "2026-11-30", {}});
    about({});
    CHECK(shownPart() == "2026-11-30 li");
    // A day that came with an act which sets none, as no program of ours signs it, moves nothing.
    desk.does("a2", "assign", "r1", {"换人", "2027-12-31", {}});
    about(kHu);
    CHECK(shownPart() == "2026-11-30 hu");
    // Two who did not know each other: the earlier day.
    desk.doesAfter("e3", {"a1"}, "extend", "r1", {"检修", "2026-11-15", {}});
    about({});
    CHECK(shownPart() == "2026-11-15 hu");
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
