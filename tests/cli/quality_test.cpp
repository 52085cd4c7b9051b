// The quality office at the keyboard.
#include "desk.h"

#include <catch2/catch.hpp>

using namespace spiral;
using namespace spiral::cli;

namespace {

/// A college of one person, who is its quality office too.
struct QualityDesk : Desk {
    QualityDesk() {
        typed = {"correct horse", "correct horse"};
        REQUIRE(
            run({"init", "r", "--college", "样例学院", "--domain", "qa.example.edu.cn", "--person", "王芳", "--sample"})
                .status == 0);
        typed = {};
        REQUIRE(systemFiles().replace(path("pass"), asBytes("correct horse\n"), FileMode::Private));
        environment["SPIRAL_REPLICA"] = "r";
        environment["SPIRAL_PASSPHRASE_FILE"] = "pass";
        REQUIRE(run({"registry", "grant", "王芳", "quality@college"}).status == 0);
    }
    Ran task(std::string const& title, std::string const& due) {
        return run({"doc", "new", "task", "--unit", "yc-d03", "--set", "title=" + title, "--set", "owner=yc-d03",
                    "--set", "due=" + due});
    }
};

bool holds(Ran const& ran, std::string_view text) { return ran.out.find(text) != std::string::npos; }

}  // namespace

TEST_CASE("the quality office's list, and many tasks reminded of and given more time from the command line", "[cli]") {
    QualityDesk desk;
    REQUIRE(desk.task("甲任务", "2026-03-01").status == 0);
    REQUIRE(desk.task("乙任务", "2026-09-30").status == 0);

    auto const list = desk.run({"quality", "list", "--today", "2026-03-20"});
    INFO(list.out << list.err);
    CHECK(list.status == 0);
    CHECK(holds(list, "逾期 19"));
    CHECK(holds(list, "194"));
    CHECK(holds(list, "尚无数据"));
    CHECK(holds(list, "不计为正常"));
    auto const json = desk.run({"quality", "list", "--overdue", "--json", "--today", "2026-03-20"});
    CHECK(holds(json, "\"days_left\":-19"));
    CHECK_FALSE(holds(json, "乙任务"));
    CHECK(holds(json, "\"fine_units\":0"));
    CHECK(std::count(json.out.begin(), json.out.end(), '\n') == 1);
    CHECK(holds(desk.run({"quality", "list", "--today", "2026-03-20", "--lang", "en"}), "19 over"));
    CHECK(holds(desk.run({"quality", "rules"}), "30、10、3、1、0"));
    CHECK(holds(desk.run({"quality", "rules", "--json"}), "\"quiet_from\":\"22:00\""));

    auto const rehearsed = desk.run({"task", "extend", "--select", "overdue", "--until", "2026-04-30", "--comment",
                                     "停电", "--dry-run", "--json", "--today", "2026-03-20"});
    CHECK(holds(rehearsed, "\"selected\":1,\"signed\":0"));
    CHECK(holds(desk.run({"task", "remind", "--select", "all", "--comment", "请抓紧", "--json"}),
                "\"signed\":2,\"refused\":0"));
    CHECK(desk.run({"task", "extend", "--select", "overdue", "--until", "2026-04-30", "--comment", "停电", "--today",
                    "2026-03-20"})
              .status == 0);
    CHECK_FALSE(holds(desk.run({"quality", "list", "--today", "2026-03-20"}), "逾期 19"));
    CHECK(holds(desk.run({"task", "assign", "--select", "all", "--to", "王芳", "--comment", "专人负责"}), "2 条记录"));

    // What would mean too much, or nothing, signs nothing.
    CHECK(desk.run({"task", "remind", "--comment", "请抓紧"}).status == 3);
    CHECK(holds(desk.run({"task", "remind", "--select", "overdu", "--comment", "请抓紧", "--json"}), "select.unknown"));
    CHECK(holds(desk.run({"task", "remind", "--select", "all", "--comment", " ", "--json"}), "bulk.comment"));
    CHECK(desk.run({"task", "extend", "--select", "all", "--comment", "停电"}).status == 3);
}

TEST_CASE("the inbox from the command line: to do, messages, marks of this machine, one digest a day", "[cli]") {
    QualityDesk desk;
    REQUIRE(desk.run({"registry", "grant", "王芳", "clerk@unit/yc-d03"}).status == 0);
    REQUIRE(desk.task("甲任务", "2026-03-01").status == 0);
    auto const shown = desk.run({"inbox", "--today", "2026-03-20"});
    INFO(shown.out << shown.err);
    CHECK(shown.status == 0);
    CHECK(holds(shown, "待办"));
    CHECK(holds(shown, "逾期 19 天"));
    CHECK(holds(shown, "预警"));
    CHECK(holds(desk.run({"inbox", "--json", "--today", "2026-03-20"}), "\"kind\":\"to-do\",\"read\":false"));
    CHECK(desk.run({"inbox", "--mark-read", "zzzz"}).status == 2);
    CHECK(holds(desk.run({"inbox", "--all", "--json", "--today", "2026-03-20"}), "\"marked\":"));
    CHECK(holds(desk.run({"inbox", "--unread", "--json", "--today", "2026-03-20"}), "\"unread\":0,\"entries\":[]"));
    // Whatever hour it is: once a day at most, and it says when the next one is.
    auto const digest = desk.run({"inbox", "--digest", "--json"});
    CHECK(digest.status == 0);
    CHECK(holds(digest, "\"from\":\"20"));
}

TEST_CASE("what was undone at the end of a day, and findings with their receipts, from the command line", "[cli]") {
    QualityDesk desk;
    REQUIRE(desk.run({"registry", "grant", "王芳", "clerk@unit/yc-d03"}).status == 0);
    REQUIRE(desk.task("甲任务", "2099-06-30").status == 0);
    auto const undone = desk.run({"accountability", "--at", "2099-12-31"});
    INFO(undone.out << undone.err);
    CHECK(undone.status == 0);
    CHECK(holds(undone, "甲任务"));
    CHECK(holds(undone, "184"));
    CHECK(holds(undone, "到期未完成 1 项"));
    CHECK(holds(desk.run({"accountability", "--at", "2099-06-29", "--json"}), "\"undone\":[]"));

    CHECK(holds(desk.run({"finding", "new", "--title", "设备", "--text", "不足", "--to", "resources", "--json"}),
                "finding.route-form"));
    auto const routed = desk.run({"finding", "new", "--title", "设备", "--text", "不足", "--to", "resources=yc-d03",
                                  "--to", "support=yc-d04", "--json"});
    INFO(routed.out << routed.err);
    REQUIRE(routed.status == 0);
    std::string const id = routed.out.substr(routed.out.find("\"id\":\"") + 6, 8);
    CHECK(holds(desk.run({"finding", "list"}), "资源建设"));
    CHECK(holds(desk.run({"finding", "list", "--unreceived", "--json"}), "\"unreceived\":true"));
    CHECK(holds(desk.run({"finding", "receive", id, "--answer", "下月采购"}), "已签收"));
    CHECK(holds(desk.run({"finding", "list", "--lang", "en"}), "received by"));
    CHECK(holds(desk.run({"finding", "receive", id, "--json"}), "finding.received"));
}
