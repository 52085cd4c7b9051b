// The story that `spiral demo cycle` tells, played once more and looked at.
#include "people.h"

#include "demo/cycle_story.h"

using namespace spiral;

TEST_CASE(
    "a cycle of 16 departments and 80 points: three rounds on two campuses offline, a day moved with its reason, "
    "left-overs in the next",
    "[requirements][cycle][story]") {
    TemporaryFolder place("spiral-demo");
    office::SteppingClock clock;
    office::CountingClock monotonic;
    SeededRandom random(7);
    ::setenv("XDG_STATE_HOME", (place.path() / "state").c_str(), 1);
    auto const told =
        demo::playCycle(place.path() / "college", {clock, monotonic, random, systemFiles()}, [](auto, auto) {});
    INFO((told ? "" : told.error().reason + " " + told.error().detail));
    REQUIRE(told);
    CHECK(told->departments == 16);
    CHECK(told->elements == 36);
    CHECK(told->points == 80);
    CHECK(told->rounds == 3);
    CHECK(told->failedRounds == 2);
    CHECK(told->verdicts == std::vector<std::string>{"recheck-fail", "recheck-fail", "recheck-pass"});
    CHECK(told->dueDays == std::vector<std::string>{"2026-05-31", "2026-06-20", "2026-09-15"});
    CHECK(told->refusedClose == "step.parts-open");
    CHECK(told->refusedOwnCheck == "authority.role-not-allowed");
    CHECK(told->leftOver > 200);
    CHECK(told->carried == told->leftOver);
    CHECK(told->sameEverywhere);
}
