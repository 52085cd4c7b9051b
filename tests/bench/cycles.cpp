// Three years of a college: how fast is a cycle started, and how fast are the lists that people open every day?
//
//   build/release/bin/bench_cycles [--units 100] [--points 100] [--years 3] [--revisions 3] [--turns 5] [--folder DIR]
//                                  [--programmes 30] [--courses 300]
//
// Every unit answers every point of each year's cycle, and each answer is saved so many times: about 100,000 revisions.
// Past years are closed, the last one is open. Lists are asked warm, in an office that stays open, as a window does.
// Beside it a cycle is started of the tables of programmes (9 elements, 17 points) and courses (5, 15), each point once
// for each programme and course.
#include "bench.h"
#include "people.h"

#include "office/calendar.h"
#include "office/cycles.h"
#include "office/inbox.h"
#include "office/organisation.h"
#include "office/quality_list.h"

#include <fstream>
#include <iterator>

using namespace spiral;
using namespace spiral::bench;
using namespace spiral::office;

namespace {

/// Points in elements of so many; ids begin with `mark`, so that several tables go into one cycle.
std::string elements(std::size_t points, std::size_t ofEach = 10, std::string const& mark = "") {
    std::string text = "[";
    for (std::size_t element = 0; element * ofEach < points; ++element) {
        text += std::string(element ? "," : "") + R"({"id":")" + mark + "E" + std::to_string(100 + element) +
                R"(","zh":"要素","points":[)";
        for (std::size_t i = element * ofEach; i < std::min(points, element * ofEach + ofEach); ++i) {
            text += std::string(i % ofEach ? "," : "") + R"({"id":")" + mark + "P" + std::to_string(1000 + i) +
                    R"(","zh":"第)" + std::to_string(i) + R"(点：目标任务落实状态、分年度落实进程"})";
        }
        text += "]}";
    }
    return text + "]";
}

/// So many programmes, each of one school or two, and courses of up to three programmes.
std::vector<std::pair<std::string, std::string>> teaching(std::size_t programmes, std::size_t courses) {
    std::string first = "[", second = "[";
    for (std::size_t i = 0; i < programmes; ++i) {
        first += std::string(i ? "," : "") + R"({"id":"p)" + std::to_string(1000 + i) + R"(","name":"第)" +
                 std::to_string(i) + R"(个专业","schools":[)" + (i % 5 ? R"("yc-d03"])" : R"("yc-d03","yc-d08"])") +
                 "}";
    }
    for (std::size_t i = 0; i < courses; ++i) {
        second += std::string(i ? "," : "") + R"({"id":"c)" + std::to_string(1000 + i) + R"(","name":"第)" +
                  std::to_string(i) + R"(门课程","programmes":["p)" + std::to_string(1000 + i % programmes) + "\"]}";
    }
    return {{"title", "教学对象"}, {"programmes", first + "]"}, {"courses", second + "]"}};
}

template <class T>
T taken(Result<T> result) {
    if (!result) std::fprintf(stderr, "%s %s\n", result.error().reason.c_str(), result.error().detail.c_str());
    REQUIRE(result);
    return *std::move(result);
}

}  // namespace

int main(int count, char** values) {
    Arguments const arguments(count, values,
                              {{"units", "100"},
                               {"points", "100"},
                               {"years", "3"},
                               {"revisions", "3"},
                               {"turns", "5"},
                               {"folder", ""},
                               {"programmes", "30"},
                               {"courses", "300"}});
    if (!arguments.text("folder").empty()) ::setenv("TMPDIR", arguments.text("folder").c_str(), 1);
    auto founder = Workplace::founds("赵");
    for (std::size_t i = founder->operator*().registry().units().size(); i < arguments.number("units"); ++i) {
        auto const number = std::to_string(1000 + i);
        REQUIRE((*founder)->addUnit("u" + number, "部门" + number, "北校区"));
    }
    auto place = founder->hires("钱", "yc-d05", {"quality@college"});
    founder->carriesTo(*place);
    Office& office = **place;
    // A college with bodies and powers: what was signed is held against them in the lists.
    std::ifstream file("schemas/catalogues/yancheng-organisation.json", std::ios::binary);
    std::string const organisation{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    (void)taken(importBodies(office, organisation, false));
    DocumentKey const catalogue = place->creates(
        "catalogue", "college", {{"title", "要素表"}, {"elements", elements(arguments.number("points"))}});

    Series starting{"start a cycle for all units, view included", 1, {}};
    std::optional<DocumentKey> previous;
    std::size_t revisions = 0;
    DocumentKey open;
    for (std::size_t year = 0; year < arguments.number("years"); ++year) {
        CycleWanted wanted;
        wanted.title = std::to_string(2024 + year) + "年自我诊改";
        wanted.start = Day{std::chrono::year{static_cast<int>(2024 + year)} / 1 / 1};
        wanted.due = Day{std::chrono::year{static_cast<int>(2024 + year)} / 9 / 30};
        wanted.catalogues = {catalogue};
        for (auto const& unit : office.registry().units()) wanted.units.push_back(unit.id);
        std::optional<CycleStarted> started;
        starting.add(costOf([&] { started = taken(startCycle(office, wanted)); }));
        open = started->cycle;
        auto const expected = office.expectedBy(open);
        for (std::size_t save = 0; save < arguments.number("revisions"); ++save) {
            // A hundred a call, as they would come from a hundred people.
            for (std::size_t begin = 0; begin < expected.size(); begin += 500) {
                json::Array documents;
                for (std::size_t i = begin; i < std::min(expected.size(), begin + 500); ++i) {
                    if (expected[i].rule != "point") continue;
                    json::Object fields = save == 0 ? expected[i].fields : json::Object();
                    fields.set("result", save + 1 < arguments.number("revisions") ? "partly" : "met");
                    fields.set("problem", "第" + std::to_string(save) + "稿：台账不全，口径不一，需在学期末前统一");
                    json::Object one{{"fields", std::move(fields)}, {"scope", expected[i].document.scope.text()}};
                    one.set("doc", expected[i].document.doc.hex());
                    documents.push_back(std::move(one));
                    ++revisions;
                }
                json::Object const all{{"documents", std::move(documents)}, {"type", "point.v1"}};
                (void)taken(office.importTable("documents", json::encode(json::Value(all)), false));
            }
        }
        if (year + 1 < arguments.number("years")) {
            (void)taken(closeCycle(office, open, "年度结束", true));
            previous = open;
        }
    }

    Day const today{std::chrono::year{static_cast<int>(2023 + arguments.number("years"))} / 10 / 15};
    std::printf("%zu units, %zu points, %zu years: %zu revisions of answers\n", arguments.number("units"),
                arguments.number("points"), arguments.number("years"), revisions);
    header({"", "ms", "ms of processor", "lines"});
    row({starting.name, shown(starting.wall() * 1e3), shown(starting.cpu() * 1e3), ""});
    auto const ask = [&](std::string const& name, auto&& work) {
        Series series{name, 1, {}};
        std::size_t lines = 0;
        for (std::size_t turn = 0; turn <= arguments.number("turns"); ++turn) {
            Cost const cost = costOf([&] { lines = work(); });
            if (turn > 0) series.add(cost);
        }
        row({name, shown(series.wall() * 1e3), shown(series.cpu() * 1e3), std::to_string(lines)});
    };
    Office::TaskFilter everything;
    everything.allWork = true;
    ask("everything open, over all units", [&] { return office.tasks(everything, today).size(); });
    Office::TaskFilter ofUnit = everything;
    ofUnit.unit = "yc-d03";
    ask("everything open of one unit", [&] { return office.tasks(ofUnit, today).size(); });
    Office::TaskFilter due = everything;
    due.dueBefore = today;
    due.limit = 200;
    ask("the due list, its first 200", [&] { return office.tasks(due, today).size(); });
    QualityFilter wide;
    wide.tasks = everything;
    ask("the quality office's list, everything", [&] { return qualityList(office, wide, today).lines.size(); });
    ask("the quality office's list, tasks", [&] { return qualityList(office, {}, today).lines.size(); });
    ask("inbox", [&] { return taken(inbox(office, today)).entries.size(); });
    ask("how the cycle stands", [&] { return taken(showCycle(office, open, today)).parts.size(); });
    auto const first = office.expectedBy(open).front().document;
    ask("one answer saved, view included", [&, n = 0]() mutable {
        (void)taken(office.edit(first, {{"problem", "改" + std::to_string(n++)}}, false));
        return std::size_t{1};
    });

    CycleWanted ofSubjects;
    ofSubjects.title = "专业与课程诊断";
    ofSubjects.start = Day{std::chrono::year{static_cast<int>(2023 + arguments.number("years"))} / 1 / 1};
    place->creates("teaching", "college", teaching(arguments.number("programmes"), arguments.number("courses")));
    for (auto const& [level, mark, points, each] :
         {std::tuple("programme", "Z", 17, 2), std::tuple("course", "K", 15, 3)}) {
        ofSubjects.catalogues.push_back(place->creates(
            "catalogue", "college",
            {{"title", level},
             {"level", level},
             {"elements", elements(static_cast<std::size_t>(points), static_cast<std::size_t>(each), mark)}}));
    }
    std::optional<CycleStarted> started;
    Series startingSubjects{"start a cycle of programmes and courses, view included", 1, {}};
    startingSubjects.add(costOf([&] { started = taken(startCycle(office, ofSubjects)); }));
    row({startingSubjects.name, shown(startingSubjects.wall() * 1e3), shown(startingSubjects.cpu() * 1e3),
         std::to_string(started->plan.parts)});
    ask("how the cycle of programmes and courses stands",
        [&] { return taken(showCycle(office, started->cycle, today)).parts.size(); });
    CalendarWanted calendar;
    calendar.today = today;
    ask("the calendar of all programmes and courses",
        [&] { return taken(calendarOf(office, calendar)).subjects.size(); });
    return 0;
}
