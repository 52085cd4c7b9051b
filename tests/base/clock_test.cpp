#include "base/clock.h"

#include "base/random.h"

#include "helpers.h"

#include <limits>

namespace spiral {
namespace {

using namespace std::chrono_literals;

/// A wall clock that shows what the test sets.
class SetClock final : public WallClock {
public:
    explicit SetClock(std::string_view text) { set(text); }
    void set(std::string_view text) {
        auto const parsed = parseInstant(text);
        REQUIRE(parsed.has_value());
        m_now = *parsed;
    }
    void set(Instant instant) { m_now = instant; }
    Instant now() override { return m_now; }

private:
    Instant m_now;
};

Instant at(std::string_view text) {
    auto const parsed = parseInstant(text);
    REQUIRE(parsed.has_value());
    return *parsed;
}

TEST_CASE("an instant is printed in one form and read back", "[base][clock]") {
    for (std::string_view const text :
         {"1970-01-01T00:00:00.000Z", "2026-03-02T14:05:11.123Z", "2024-02-29T23:59:59.999Z", "2000-02-29T00:00:00.000Z",
          "2038-01-19T03:14:08.000Z", "9999-12-31T23:59:59.999Z"})
        CHECK(toText(at(text)) == text);
    CHECK(at("1970-01-01T00:00:00.001Z").time_since_epoch() == 1ms);
    CHECK(at("2026-03-02T14:05:11.123Z").time_since_epoch() == 1772460311123ms);
}

TEST_CASE("an instant of any other form is refused", "[base][clock]") {
    for (std::string_view const wrong :
         {"", "2026-03-02", "2026-03-02T14:05:11Z", "2026-03-02T14:05:11.12Z", "2026-03-02T14:05:11.1234Z", "2026-03-02T14:05:11.123",
          "2026-03-02T14:05:11.123z", "2026-03-02t14:05:11.123Z", "2026-03-02 14:05:11.123Z", "2026-03-02T14:05:11,123Z",
          "2026-03-02T14:05:11.123+", "2026-03-02T24:00:00.000Z", "2026-03-02T14:60:00.000Z", "2016-12-31T23:59:60.000Z",
          "2026-02-29T00:00:00.000Z", "2026-00-01T00:00:00.000Z", "2026-13-01T00:00:00.000Z", "2026-04-31T00:00:00.000Z",
          "2026-01-00T00:00:00.000Z", "2026-01-32T00:00:00.000Z", "1969-12-31T23:59:59.999Z", "0000-01-01T00:00:00.000Z",
          "+026-03-02T14:05:11.123Z", " 026-03-02T14:05:11.123Z", "2026-03-02T-4:05:11.123Z", "2026-3-02T14:05:11.123ZZ",
          "２026-03-02T14:05:11.1Z", "10000-01-01T00:00:00.000Z"})
        CHECK_FALSE(parseInstant(wrong).has_value());
}

TEST_CASE("an instant outside the years that can be written is printed as the nearest that can", "[base][clock]") {
    CHECK(toText(at("9999-12-31T23:59:59.999Z") + std::chrono::days(30)) == "9999-12-31T23:59:59.999Z");
    CHECK(toText(Instant(-1ms)) == "1970-01-01T00:00:00.000Z");
    CHECK(toText(Instant::max()) == "9999-12-31T23:59:59.999Z");
    CHECK(toText(Instant::min()) == "1970-01-01T00:00:00.000Z");
}

TEST_CASE("every instant drawn at random comes back from its text, and texts sort as time does", "[base][clock]") {
    SeededRandom random(3);
    auto const range = static_cast<std::uint64_t>(at("9999-12-31T23:59:59.999Z").time_since_epoch().count()) + 1;
    for (int round = 0; round < 20000; ++round) {
        Instant const one{std::chrono::milliseconds(random.below(range))};
        Instant const two{std::chrono::milliseconds(random.below(range))};
        CHECK(parseInstant(toText(one)) == one);
        CHECK((one < two) == (toText(one) < toText(two)));
    }
}

TEST_CASE("a day is one of the calendar", "[base][clock]") {
    for (std::string_view const text : {"1970-01-01", "2026-03-02", "2024-02-29", "2000-02-29", "9999-12-31"}) {
        auto const day = parseDay(text);
        REQUIRE(day.has_value());
        CHECK(toText(*day) == text);
    }
    for (std::string_view const wrong : {"", "2019-13-01", "2019-00-10", "2019-02-29", "2100-02-29", "1900-02-29", "2019-04-31", "2019-01-00",
                                     "2019-01-32", "1969-12-31", "2019-1-01", "2019-01-1", "2019/01/01", "2019-01-01T", " 2019-01-01",
                                     "20190101", "-019-01-01", "2019-01-0a", "10000-01-01"})
        CHECK_FALSE(parseDay(wrong).has_value());
}

TEST_CASE("every day from 1970 to 9999 comes back from its text", "[base][clock]") {
    auto const first = std::chrono::sys_days(*parseDay("1970-01-01"));
    auto const last = std::chrono::sys_days(*parseDay("9999-12-31"));
    int wrong = 0;
    for (auto day = first; day <= last; day += std::chrono::days(1))
        wrong += parseDay(toText(Day(day))) == Day(day) ? 0 : 1;
    CHECK(wrong == 0);
}

TEST_CASE("the system's clocks move forwards and show a time that can be written", "[base][clock]") {
    Instant const now = systemWallClock().now();
    CHECK(parseInstant(toText(now)) == now);
    CHECK(now > at("2024-01-01T00:00:00.000Z"));
    auto before = systemMonotonicClock().now();
    for (int round = 0; round < 1000; ++round) {
        auto const later = systemMonotonicClock().now();
        CHECK(later >= before);
        before = later;
    }
}

TEST_CASE("a hybrid clock follows the wall clock and counts within a millisecond", "[base][clock]") {
    SetClock wall("2026-03-02T14:05:11.123Z");
    HybridClock clock(wall);
    CHECK(clock.next() == HybridTime{wall.now(), 0});
    CHECK(clock.next() == HybridTime{wall.now(), 1});
    CHECK(clock.next() == HybridTime{wall.now(), 2});
    wall.set(wall.now() + 1ms);
    CHECK(clock.next() == HybridTime{wall.now(), 0});
    CHECK(clock.last() == HybridTime{wall.now(), 0});
}

TEST_CASE("a hybrid clock goes on from the last time when the wall clock jumps back", "[base][clock]") {
    SetClock wall("2026-03-02T14:05:11.123Z");
    HybridClock clock(wall);
    HybridTime const before = clock.next();
    wall.set("2019-01-01T00:00:00.000Z");
    CHECK(clock.next() == HybridTime{before.wall, 1});
}

TEST_CASE("a hybrid clock survives a wall clock that was at 2038 and at 2019", "[base][clock]") {
    SetClock wall("2026-03-02T14:05:11.123Z");
    HybridClock clock(wall);
    HybridTime before = clock.next();
    for (char const* time : {"2038-01-19T03:14:08.000Z", "2019-01-01T00:00:00.000Z", "2026-03-02T14:05:12.000Z"}) {
        wall.set(time);
        for (int round = 0; round < 10; ++round) {
            HybridTime const time2 = clock.next();
            CHECK(time2 > before);
            before = time2;
        }
    }
    // What this clock has once given out it never goes below, even now that it is known to be wrong.
    CHECK(before.wall == at("2038-01-19T03:14:08.000Z"));
    CHECK(clock.suspect(before));
}

TEST_CASE("a hybrid clock started from a last time far ahead keeps it", "[base][clock]") {
    SetClock wall("2026-03-02T14:05:11.123Z");
    HybridTime const last{at("2038-01-19T03:14:08.000Z"), 7};
    HybridClock clock(wall, last);
    CHECK(clock.next() == HybridTime{last.wall, 8});
}

TEST_CASE("a full counter of a hybrid clock rolls into the next millisecond", "[base][clock]") {
    SetClock wall("2026-03-02T14:05:11.123Z");
    HybridClock clock(wall, HybridTime{wall.now(), 65534});
    CHECK(clock.next() == HybridTime{wall.now(), 65535});
    CHECK(clock.next() == HybridTime{wall.now() + 1ms, 0});
    HybridClock fresh(wall);
    HybridTime before = fresh.next();
    int wrong = 0;
    for (int round = 0; round < 200000; ++round) {
        HybridTime const time = fresh.next();
        wrong += time > before ? 0 : 1;
        before = time;
    }
    CHECK(wrong == 0);
    CHECK(before.wall == wall.now() + 3ms);
}

TEST_CASE("a hybrid clock is pulled ahead by others, at most by its bound", "[base][clock]") {
    SetClock wall("2026-03-02T14:05:11.123Z");
    HybridClock clock(wall);
    HybridTime const hourAhead{wall.now() + 1h, 5};
    clock.observe(hourAhead);
    CHECK(clock.next() == HybridTime{hourAhead.wall, 6});

    HybridTime const atBound{wall.now() + HybridClock::kAdvanceMax, 0};
    CHECK_FALSE(clock.suspect(atBound));
    clock.observe(atBound);
    CHECK(clock.next() == HybridTime{atBound.wall, 1});

    HybridTime const beyond{atBound.wall + 1ms, 0};
    CHECK(clock.suspect(beyond));
    clock.observe(beyond);
    clock.observe(HybridTime{at("2038-01-19T03:14:08.000Z"), 0});
    CHECK(clock.next() == HybridTime{atBound.wall, 2});
}

TEST_CASE("a hybrid clock is not pulled back by an older time", "[base][clock]") {
    SetClock wall("2026-03-02T14:05:11.123Z");
    HybridClock clock(wall);
    HybridTime const before = clock.next();
    clock.observe(HybridTime{at("2019-01-01T00:00:00.000Z"), 65535});
    clock.observe(HybridTime{before.wall, 0});
    CHECK(clock.next() == HybridTime{before.wall, 1});
}

TEST_CASE("a hybrid clock never refuses and never goes back, whatever it sees", "[base][clock]") {
    SeededRandom random(4);
    SetClock wall("2026-03-02T14:05:11.123Z");
    HybridClock clock(wall);
    HybridTime before = clock.next();
    auto const range = static_cast<std::uint64_t>(at("9999-12-31T00:00:00.000Z").time_since_epoch().count());
    int wrong = 0;
    for (int round = 0; round < 100000; ++round) {
        if (random.below(4) == 0) wall.set(Instant(std::chrono::milliseconds(random.below(range))));
        HybridTime const seen{wall.now() + std::chrono::milliseconds(random.below(200'000'000)),
                              static_cast<std::uint16_t>(random.below(65536))};
        bool const within = !clock.suspect(seen);
        clock.observe(seen);
        HybridTime const time = clock.next();
        wrong += time > before && (!within || time > seen) ? 0 : 1;
        before = time;
    }
    CHECK(wrong == 0);
}

}  // namespace
}  // namespace spiral
