// What a document asks for, by its acts: days and persons where several acted apart, and what a row leaves unsaid.
#include "desk.h"

#include "engine/expectation.h"

#include <catch2/catch.hpp>

#include <set>

using namespace spiral;
using namespace spiral::engine;

namespace {

std::vector<Expectation> asked(Desk& desk, Scope const& scope) {
    Facts const facts = desk.facts();
    return expectations(facts, stand(facts), {scope, DocumentId{}});
}

/// A point that two people failed apart: one until the end of May, the other, who claims to be younger, until
/// September.
Desk failedApart() {
    Desk desk("point.v1");
    desk.writes("r1", {{"title", "点"}, {"result", "met"}, {"evidence", "据"}, {"result_text", "已达"}});
    desk.does("s1", "no-problem", "r1");
    desk.doesAfter("f1", {"s1"}, "recheck-fail", "r1", {"不够", "2026-05-31", {}});
    desk.doesAfter("f2", {"s1"}, "recheck-fail", "r1", {"不够", "2026-09-30", {}});
    return desk;
}

}  // namespace

TEST_CASE("of two fails that fell apart the earlier day counts, and an act that settles nothing moves it no more",
          "[engine][expectation]") {
    // Whoever might remind could name the earlier fail as settled in the bytes of her reminder: it counted as a
    // reminder, settled nothing, and the rectification was due four months later all the same.
    Desk desk = failedApart();
    Scope const unit = Scope::unit("a");
    REQUIRE(asked(desk, unit).size() == 1);
    CHECK(shown(asked(desk, unit)[0].due) == "2026-05-31");
    desk.does("m1", "remind", "r1", {"请尽快", {}, {"f1"}});
    CHECK(desk.effect("m1") == ActEffect::Counts);
    CHECK(shown(asked(desk, unit)[0].due) == "2026-05-31");
}

TEST_CASE("a verdict that differed and was settled by a later one is asked no more for its day",
          "[engine][expectation]") {
    Desk desk = failedApart();
    desk.doesAfter("p1", {"s1"}, "recheck-pass", "r1");
    CHECK(desk.standing().disputed);
    desk.does("f3", "recheck-fail", "r1", {"仍不够", "2026-12-31", {"f1", "f2", "p1"}});
    CHECK(desk.effect("f3") == ActEffect::Counts);
    auto const now = asked(desk, Scope::unit("a"));
    REQUIRE(now.size() == 1);
    CHECK(shown(now[0].due) == "2026-12-31");
}

TEST_CASE("what is carried over and says no day is due with the cycle, whatever an act makes that",
          "[engine][expectation]") {
    // It was due on the day that stands in the form, which no act moves, or, if its own was no day, never.
    Desk desk("cycle.v1");
    auto const row = [](char const* id) { return json::Object{{"id", id}, {"title", "遗留"}, {"unit", "a"}}; };
    json::Object own = row("b"), none = row("c");
    own.set("due", "2026-03-31");
    none.set("due", "soon");
    desk.writes("r1", {{"title", "诊改"}, {"due", "2026-05-31"}, {"carried", json::Array{row("a"), own, none}}});
    desk.does("s1", "start", "r1");
    auto const days = [&] {
        std::multiset<std::string> all;
        for (Expectation const& each : asked(desk, Scope::college())) all.insert(shown(each.due));
        return all;
    };
    CHECK(days() == std::multiset<std::string>{"2026-03-31", "2026-05-31", "2026-05-31"});
    desk.does("e1", "extend", "r1", {"停机", "2026-08-31", {}});
    CHECK(days() == std::multiset<std::string>{"2026-03-31", "2026-08-31", "2026-08-31"});
}

TEST_CASE("of three who gave a part to somebody the youngest counts that no other follows", "[engine][expectation]") {
    // a1 and a2 fell apart; a3 follows a1 on a machine whose clock is behind. Asked two at a time, a1 beat a2 and a3
    // then beat a1, though of a2 and a3, which nobody follows, a2 is the younger.
    PersonId const li = *PersonId::parse("11111111111111111111111111111111");
    PersonId const hu = *PersonId::parse("22222222222222222222222222222222");
    Scope const college = Scope::college();
    Desk desk("cycle.v1");
    json::Object const point{{"id", "P1"}, {"title", "点"}, {"units", json::Array{"a"}}};
    desk.writes("r1", {{"title", "诊改"}, {"due", "2026-05-31"}, {"points", json::Array{point}}});
    desk.does("s1", "start", "r1");
    DocumentId const part = asked(desk, college).at(0).document.doc;
    auto const gives = [&](char const* name, char const* after, PersonId const& to, int hour, bool ofPart) {
        desk.doesAfter(name, {after}, "assign", "r1", {"调岗", {}, {}});
        Act& act = desk.acts().back();
        act.person = to;
        act.time = Instant(std::chrono::hours(500'000 + hour));
        if (ofPart) act.parts = {part};
    };
    bool const ofPart = GENERATE(true, false);
    gives("a1", "s1", li, 3, ofPart);
    gives("a2", "s1", hu, 2, ofPart);
    gives("a3", "a1", li, 1, ofPart);
    auto const given = ofPart ? asked(desk, college).at(0).person : desk.standing().person;
    CHECK(given == hu);
}
