// A standard that can be measured and has a time, and one that only sounds like it.
#include "engine/smart.h"

#include <catch2/catch.hpp>

using namespace spiral::engine;
using enum SmartLack;

TEST_CASE("Y010 a standard without a number or a time is told which of them it lacks", "[requirements]") {
    using Lacks = std::vector<SmartLack>;
    CHECK(smartLacks("进一步提高质量", "", "") == Lacks{Measurable, Time});
    CHECK(smartLacks("2026年底前完成", "", "") == Lacks{Measurable});
    CHECK(smartLacks("合格率达到95%", "", "") == Lacks{Time});
    CHECK(smartLacks("", "", "") == Lacks{Specific, Measurable, Time});
    CHECK(smartLacks("  ", "合格率", "2026-12-31") == Lacks{Specific});
    CHECK(smartLacks("提高合格率", "合格率", "2026-12-31") == Lacks{});
    for (auto const* good : {"每学期听课不少于8节", "每周检查一次", "3个工作日内答复率100%", "年底前全覆盖",
                             "每月2次，差错率低于１％", "2026.12前建成3门课程"}) {
        INFO(good);
        CHECK(smartLacks(good, "", "") == Lacks{});
    }
}
