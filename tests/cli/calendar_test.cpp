// Subjects of a cycle and the calendar of their clocks, at the keyboard.
#include "desk.h"

#include <catch2/catch.hpp>

using namespace spiral;
using namespace spiral::cli;

namespace {

/// A college of one person with what it teaches, and one table of two points for each of two levels.
struct CalendarDesk : Desk {
    CalendarDesk() {
        typed = {"correct horse", "correct horse"};
        REQUIRE(
            run({"init", "r", "--college", "样例学院", "--domain", "qa.example.edu.cn", "--person", "王芳", "--sample"})
                .status == 0);
        typed = {};
        REQUIRE(systemFiles().replace(path("pass"), asBytes("correct horse\n"), FileMode::Private));
        environment["SPIRAL_REPLICA"] = "r";
        environment["SPIRAL_PASSPHRASE_FILE"] = "pass";
        REQUIRE(run({"registry", "grant", "王芳", "quality@college"}).status == 0);
        table("专业", "programme");
        table("课程", "course");
    }
    void table(std::string const& title, std::string const& level) {
        REQUIRE(run({"doc", "new", "catalogue", "--scope", "college", "--set", "title=" + title, "--set",
                     "level=" + level, "--set",
                     R"(elements=[{"id":")" + level + R"(","zh":"要素","responsible":["教务处"],"points":[{"id":")" +
                         level + R"(-1","zh":"目标"},{"id":")" + level + R"(-2","zh":"标准"}]}])"})
                    .status == 0);
    }
    void takes(std::string const& kind, std::string const& csv) {
        REQUIRE(systemFiles().replace(path(kind + ".csv"), asBytes(csv), FileMode::Private));
        auto const taken = run({"import", kind, kind + ".csv", "--json"});
        INFO(taken.out << taken.err);
        REQUIRE(taken.status == 0);
    }
};

bool holds(Ran const& ran, std::string_view text) { return ran.out.find(text) != std::string::npos; }

}  // namespace

TEST_CASE("a cycle of programmes and courses, and the calendar of their clocks, from the command line", "[cli]") {
    CalendarDesk desk;
    // Before the college says what it teaches units answer, and that is said.
    auto const before = desk.run({"cycle", "start", "试", "--dry-run", "--from", "2026-09-01"});
    INFO(before.out << before.err);
    CHECK(holds(before, "还没有导入名单"));
    desk.takes("programmes",
               "专业代码,专业名称,所属学院,品牌专业,品牌标记起始日期,品牌标记变更理由\n"
               "510201,计算机应用,教务处,是,2026-01-01,校级立项\n460301,机电一体化,教务处、人事处,,,\n");
    auto const none = desk.run({"cycle", "start", "试", "--dry-run", "--from", "2026-09-01", "--json"});
    CHECK(holds(none, "cycle.no-subjects"));
    desk.takes("courses", "代码,课程名称,开设专业\nC1,机械制图,510201、460301\n");
    auto const started =
        desk.run({"cycle", "start", "2026学年", "--from", "2026-09-01", "--due", "2027-06-30", "--json"});
    INFO(started.out << started.err);
    REQUIRE(started.status == 0);
    CHECK(holds(started, R"("level":"course","subjects":1)"));
    CHECK(holds(started, R"("level":"programme","subjects":2)"));
    // Two programmes answer two points each and fill in a form, one of them in two schools; a course once.
    CHECK(holds(started, R"("parts":10)"));
    auto const id = started.out.substr(started.out.find(R"("id":")") + 6, 32);
    auto const shown = desk.run({"cycle", "show", id, "--by", "subject", "--today", "2026-10-01"});
    CHECK(holds(shown, "机电一体化 programme:460301"));
    CHECK(holds(desk.run({"cycle", "show", id, "--subject", "course:C1"}), "机械制图 · 目标"));
    CHECK(holds(desk.run({"cycle", "show", id, "--subject", "course:C7", "--json"}), "cycle.subject-unknown"));
    CHECK(holds(desk.run({"cycle", "show", id, "--json"}), R"("by_subject":[)"));
    CHECK(desk.run({"cycle", "show", id, "--by", "moon"}).status == 3);
    CHECK(holds(desk.run({"cycle", "list", "--json"}), R"("subjects":3)"));

    auto const programme = desk.run({"cycle", "calendar", "--programme", "510201", "--today", "2026-10-01"});
    INFO(programme.out << programme.err);
    CHECK(holds(programme, "应做 4，逾期 0"));
    CHECK(holds(programme, "三年考核性诊断"));
    CHECK(holds(programme, "（重点）"));
    auto const course = desk.run({"cycle", "calendar", "--course", "C1", "--from", "2026-09-01", "--until",
                                  "2029-09-01", "--today", "2029-09-01", "--json"});
    CHECK(holds(course,
                R"("item":"large","begin":"2026-09-01","end":"2029-08-31","due":"2029-08-31","state":"overdue")"));
    CHECK(desk.run({"cycle", "calendar", "--course", "C1", "--college"}).status == 3);

    CHECK(holds(desk.run({"cycle", "waive", "course:C1", "small", "2027-09-01", "--comment", "忙", "--json"}),
                "clock.waiver-of-its-own-year"));
    CHECK(desk.run({"cycle", "waive", "course:C1", "small", "2028-09-01", "--comment", "并入大诊改"}).status == 0);
    CHECK(holds(desk.run({"cycle", "calendar", "--course", "C1", "--today", "2026-10-01"}), "免做 1"));

    // Three years without a diagnosis of the college: warned of before, and told after, also beside the list.
    CHECK(holds(desk.run({"cycle", "calendar", "--college", "--today", "2029-08-01"}), "只剩 31 天"));
    CHECK(holds(desk.run({"cycle", "list", "--today", "2029-09-02"}), "2029-09-01"));
    CHECK(holds(desk.run({"cycle", "calendar", "--college", "--today", "2029-09-02", "--lang", "en"}), "1 days ago"));
    CHECK_FALSE(holds(desk.run({"cycle", "list", "--today", "2026-10-01"}), "calendar --college"));
    auto const all = desk.run({"cycle", "calendar", "--today", "2027-10-01"});
    CHECK(holds(all, "年度监测"));  // both programmes' first year went by
    CHECK(holds(all, "教学诊改"));
}
