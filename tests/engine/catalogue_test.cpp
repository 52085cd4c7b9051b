// Catalogues of diagnosis: the printed ones as they are, and what colleges do with them.
#include "engine/catalogue.h"
#include "engine/catalogue_file.h"
#include "model/data.h"
#include "model/type.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <fstream>

using namespace spiral;
using namespace spiral::engine;

namespace {

json::Object dataFile(std::string const& name) {
    std::ifstream in("schemas/catalogues/" + name + ".json", std::ios::binary);
    REQUIRE(in);
    auto const data = model::readData(std::string((std::istreambuf_iterator<char>(in)), {}));
    REQUIRE(data);
    return *data->asObject();
}
std::vector<json::Object> documentsOf(std::string const& name) {
    auto const file = readCatalogueFile(dataFile(name));
    REQUIRE(file);
    for (auto const& note : file->notes) INFO(note.row + " " + note.code);
    CHECK(file->notes.empty());
    auto const* type = model::TypeCatalogue::builtIn().find("catalogue.v1");
    for (auto const& fields : file->documents) {
        auto const fits = model::checkFields(*type, fields);
        INFO((fits ? "" : fits.error().reason + " " + fits.error().detail));
        CHECK(fits);
    }
    return file->documents;
}
Catalogue tableOf(std::string const& name, std::string const& source) {
    for (auto const& fields : documentsOf(name)) {
        if (*json::stringAt(fields, "source") == source) return catalogueFrom(fields);
    }
    FAIL("no table " + source);
    return {};
}

CataloguePoint point(std::string id, std::string zh, Layer layer = Layer::College) {
    return {std::move(id), std::move(zh), "", layer, false, false, {}};
}
Catalogue small(Layer layer = Layer::College) {
    Catalogue catalogue;
    catalogue.layer = layer;
    catalogue.elements = {{"E1",
                           "架构",
                           "理念",
                           "",
                           layer,
                           false,
                           {},
                           {"教务处"},
                           {point("P1", "目标", layer), point("P2", "规划", layer)}},
                          {"E2", "架构", "制度", "", layer, false, {}, {"质控办"}, {point("P3", "执行", layer)}}};
    return catalogue;
}
/// The same one layer down, as a college takes it over.
Catalogue takenOver(Catalogue catalogue, Layer by) {
    catalogue.layer = by;
    return catalogue;
}

Day day(std::string_view text) { return *parseDay(text); }

std::vector<std::string> codes(Instances const& instances) {
    std::vector<std::string> all;
    for (auto const& finding : instances.findings) all.push_back(finding.code + " " + finding.subject);
    std::sort(all.begin(), all.end());
    return all;
}

std::vector<OwnerUnit> const kUnits = {{"dzb", "党政办"},
                                       {"jwc", "教务处"},
                                       {"zkb", "质控办"},
                                       {"zgb", "诊改办"},
                                       {"xy1", "机电学院", true},
                                       {"xy2", "纺织学院", true},
                                       {"old", "旧部门", false, true}};

}  // namespace

TEST_CASE("Y048 table 7 has 7 elements and 18 points, each with its owners; 各部门 is every unit", "[requirements]") {
    auto const table = tableOf("yancheng-diagnosis-catalogue", "YC-T7");
    CHECK(table.level == "college");
    CHECK(countOf(table) == CatalogueCount{0, 7, 18});
    for (auto const& element : table.elements) CHECK(element.id.starts_with("YC-T7-E"));
    CHECK(table.element("YC-T7-E7")->responsible == std::vector<std::string>{"各部门", "诊改办"});
    auto const owners = ownersOf({"诊改办", "各部门"}, kUnits);
    CHECK(owners.units == std::vector<std::string>{"dzb", "jwc", "xy1", "xy2", "zgb", "zkb"});  // none that is closed
    CHECK(owners.unknown.empty());
    // Bad input: points whose owner is no unit here are told, each of them.
    auto const unowned = unownedPoints(table, kUnits);
    CHECK(unowned == std::vector<std::string>{});
    auto const few = unownedPoints(table, {{"jwc", "教务处"}});
    CHECK(few.size() == 15);  // all but the two of 人才培养 and the one that 各部门 own
    CHECK(unownedPoints(table, {{"jwc", "教务处"}, {"zkb", "质控办"}}, {{"诊改办", "质控办"}}).size() == 6);
}

TEST_CASE("Y049 table 8 is answered once for each open programme; one closed in the year keeps what it answered",
          "[requirements]") {
    auto const table = tableOf("yancheng-diagnosis-catalogue", "YC-T8");
    CHECK(countOf(table) == CatalogueCount{0, 9, 17});
    Teaching teaching;
    teaching.programmes = {{"p1", "纺织", {"xy2"}},
                           {"p2", "智能制造", {"xy1", "xy2"}},  // of two schools
                           {"p3", "停办专业", {"xy1"}, {}, day("2025-06-30")},
                           {"p4", "年中停招", {"xy1"}, {}, day("2026-06-30")},
                           {"p5", "明年开办", {"xy1"}, day("2027-09-01")},
                           {"p6", "无归属", {}}};
    auto const of2026 = instancesOf("programme", teaching, day("2026-01-01"), day("2026-12-31"));
    REQUIRE(of2026.list.size() == 4);
    CHECK(of2026.list[1].units == std::vector<std::string>{"xy1", "xy2"});
    CHECK(of2026.list[2].subject == "p4");
    CHECK(of2026.list[2].closes == day("2026-06-30"));
    CHECK(codes(of2026) == std::vector<std::string>{"programme-closes p4", "programme-without-school p6"});
    // In the year when it was open it was there; that is its history.
    CHECK(instancesOf("programme", teaching, day("2025-01-01"), day("2025-12-31")).list[2].subject == "p3");
}

TEST_CASE("Y050 a course that three programmes teach is diagnosed once and names all three", "[requirements]") {
    CHECK(countOf(tableOf("yancheng-diagnosis-catalogue", "YC-T9")) == CatalogueCount{0, 5, 15});
    Teaching teaching;
    teaching.programmes = {{"p1", "甲", {"xy1"}}, {"p2", "乙", {"xy2"}}, {"p3", "丙", {"xy1"}}};
    teaching.courses = {
        {"c1", "机械制图", {"p1", "p2", "p3", "p1"}}, {"c2", "无专业的课", {"p9"}}, {"c1", "重复", {"p1"}}};
    auto const courses = instancesOf("course", teaching, day("2026-01-01"), day("2026-12-31"));
    REQUIRE(courses.list.size() == 1);
    CHECK(courses.list[0].programmes == std::vector<std::string>{"p1", "p2", "p3"});
    CHECK(courses.list[0].units == std::vector<std::string>{"xy1", "xy2"});
    CHECK(codes(courses) ==
          std::vector<std::string>{"course-in-no-programme c2", "course-of-several-schools c1", "subject-twice c1"});
    // Its first programme's school answers; one that is said to teach it, instead.
    CHECK(courses.list[0].lead == "xy1");
    teaching.courses[0].school = "xy2";
    auto const told = instancesOf("course", teaching, day("2026-01-01"), day("2026-12-31"));
    CHECK(told.list[0].lead == "xy2");
    CHECK(told.list[0].forms == std::vector<std::string>{"xy2"});
    CHECK(codes(told) == std::vector<std::string>{"course-in-no-programme c2", "subject-twice c1"});
}

TEST_CASE("Y051 staff quality is asked of schools with teachers, and a school without is told", "[requirements]") {
    CHECK(countOf(tableOf("yancheng-diagnosis-catalogue", "YC-T10")) == CatalogueCount{0, 7, 14});
    CHECK(tableOf("yancheng-diagnosis-catalogue", "YC-T10").level == "staff");  // printed 师资 or 教师
    Teaching teaching;
    teaching.schools = {{"xy1", "机电学院", 42}, {"xy2", "筹建中的学院", 0}};
    auto const schools = instancesOf("staff", teaching, day("2026-01-01"), day("2026-12-31"));
    REQUIRE(schools.list.size() == 1);
    CHECK(schools.list[0].units == std::vector<std::string>{"xy1"});
    CHECK(codes(schools) == std::vector<std::string>{"school-without-staff xy2"});
}

TEST_CASE("Y052 table 11 is answered for each class, and a class without a class teacher is told", "[requirements]") {
    CHECK(countOf(tableOf("yancheng-diagnosis-catalogue", "YC-T11")) == CatalogueCount{0, 8, 16});
    Teaching teaching;
    teaching.programmes = {{"p1", "甲", {"xy1"}}};
    teaching.classes = {{"b1", "甲2401", "p1", "周"}, {"b2", "甲2402", "p1", ""}, {"b3", "乙2401", "p7", "吴"}};
    auto const classes = instancesOf("student", teaching, day("2026-01-01"), day("2026-12-31"));
    CHECK(classes.list.size() == 3);
    CHECK(classes.list[0].units == std::vector<std::string>{"xy1"});
    CHECK(codes(classes) == std::vector<std::string>{"class-in-no-programme b3", "class-without-teacher b2"});
    // "二级学院等" are the schools, "科技处等" the one office.
    CHECK(ownersOf({"二级学院等"}, kUnits).units == std::vector<std::string>{"xy1", "xy2"});
    CHECK(ownersOf({"二级学院教研室"}, kUnits).units == std::vector<std::string>{"xy1", "xy2"});
    CHECK(ownersOf({"安保处等"}, kUnits).unknown == std::vector<std::string>{"安保处等"});
}

TEST_CASE("Y053 a new version says what became of every point, and a running cycle's version stays what it was",
          "[requirements]") {
    auto const before = small();
    auto after = small();
    after.elements[0].points[0].zh = "目标与定位";
    after.elements[0].points[1].withdrawn = true;
    after.elements[1].points = {point("P3a", "执行"), point("P3b", "改进"), point("P4", "新增")};
    after.elements[1].points[0].was = {"P3"};
    after.elements[1].points[1].was = {"P3", "P99"};
    after.elements[1].points[2].added = true;
    after.elements.push_back({"E3", "架构", "信息", "", Layer::College, false, {}, {}, {point("P5", "采集")}});
    auto const changes = compare(before, after);
    CHECK(changes.mapped ==
          std::vector<std::pair<std::string, std::string>>{{"P1", "P1"}, {"P3", "P3a"}, {"P3", "P3b"}});
    CHECK(changes.added == std::vector<std::string>{"P4", "P5"});
    CHECK(changes.withdrawn == std::vector<std::string>{"P2"});
    CHECK(changes.reworded == std::vector<std::string>{"P1", "P3b"});
    CHECK(changes.elementsAdded == std::vector<std::string>{"E3"});
    CHECK(changes.elementsWithdrawn.empty());
    CHECK(countOf(before) == countOf(small()));
    auto const nothing = compare(before, before);
    CHECK(
        (nothing.mapped.size() == 3 && nothing.added.empty() && nothing.withdrawn.empty() && nothing.reworded.empty()));
}

TEST_CASE(
    "L015 the annex with 76 of its 100 points says what is missing and bears no final report until they are added",
    "[requirements]") {
    auto const fields = documentsOf("leshan-annex3");
    REQUIRE(fields.size() == 1);
    auto annex = catalogueFrom(fields[0]);
    CHECK(annex.status == "partial");
    CHECK(countOf(annex) == CatalogueCount{5, 12, 76});
    auto const gap = gapOf(annex);
    CHECK(gap.projects == 1);
    CHECK(gap.elements == 4);
    CHECK(gap.points == 24);
    CHECK(gap.empty == std::vector<std::string>{"LS-5.2"});
    auto const refused = mayBaseFinalReport(annex);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().reason == "catalogue.incomplete");
    CHECK(refused.error().detail == "24 points, 4 elements, 1 projects; LS-5.2");
    // Goals, present state and owners came along.
    auto const* rows = json::arrayAt(fields[0], "elements");
    CHECK(json::arrayAt(*rows->at(0).asObject(), "goals")->size() == 4);
    CHECK(json::arrayAt(*rows->at(0).asObject(), "status_items")->size() == 4);

    // Bad input: 76 points that call themselves 100. Only points that are there count.
    auto claimed = annex;
    claimed.status = "printed";
    CHECK_FALSE(mayBaseFinalReport(claimed));
    // The college adds what the copy lost.
    for (auto& element : annex.elements) {
        if (element.id != "LS-5.2") continue;
        for (int i = 1; i <= 8; ++i) element.points.push_back(point("LS-5.2-P" + std::to_string(i), "补"));
    }
    for (int e = 1; e <= 4; ++e) {
        annex.elements.push_back({"LS-6." + std::to_string(e), "第六项", "补", "", Layer::College, false, {}, {}, {}});
        CHECK_FALSE(mayBaseFinalReport(annex));
        for (int i = 1; i <= 4; ++i)
            annex.elements.back().points.push_back(point("LS-6." + std::to_string(e) + "-P" + std::to_string(i), "补"));
    }
    CHECK(countOf(annex) == CatalogueCount{6, 16, 100});
    CHECK(gapOf(annex).none());
    CHECK(mayBaseFinalReport(annex));
}

TEST_CASE("L016 an element of several departments belongs to each of them", "[requirements]") {
    auto const annex = catalogueFrom(documentsOf("leshan-annex3")[0]);
    auto const* element = annex.element("LS-2.3");
    REQUIRE(element);
    CHECK(element->responsible.size() == 3);
    auto const owners =
        ownersOf(element->responsible, {{"a", "教务科"}, {"b", "督导科"}, {"c", "党政办"}, {"d", "总务科"}});
    CHECK(owners.units == std::vector<std::string>{"a", "b", "c"});
}

TEST_CASE("L017 three points are marked as added, and an answer to a point withdrawn meanwhile is kept and listed",
          "[requirements]") {
    auto const annex = catalogueFrom(documentsOf("leshan-annex3")[0]);
    std::size_t added = 0;
    for (auto const& element : annex.elements) {
        added += static_cast<std::size_t>(
            std::count_if(element.points.begin(), element.points.end(), [](auto const& each) { return each.added; }));
    }
    CHECK(added == 3);

    auto const before = small();
    auto after = small();
    after.elements[0].points.erase(after.elements[0].points.begin());  // taken out while a department fills it offline
    after.elements[0].points[0].was = {"P3"};                          // P2 now covers P3 too
    after.elements[1].points[0] = point("P6", "新点");
    auto const carried = carryAnswers(before, after, {"P1", "P2", "P3", "X"});
    CHECK(carried.kept == std::vector<std::string>{"P1"});
    CHECK(carried.carried == std::vector<std::pair<std::string, std::string>>{{"P2", "P2"}, {"P3", "P2"}});
    CHECK(carried.joined == std::vector<std::string>{"P2"});
    CHECK(carried.unknown == std::vector<std::string>{"X"});
    CHECK(carried.open == std::vector<std::string>{"P6"});
}

TEST_CASE("N004 a lower layer adds to the catalogue above it, and removing or changing what is there is told by name",
          "[requirements]") {
    auto const national = small(Layer::National);
    auto college = takenOver(national, Layer::College);
    CHECK(layerBreaches(national, college).empty());
    college.elements.push_back({"C1", "特色", "校企合作", "", Layer::College, false, {}, {}, {point("C1P1", "合作")}});
    college.elements[0].points.push_back(point("C2", "自加"));
    CHECK(layerBreaches(national, college).empty());
    CHECK(thresholdsFor(countOf(college).elements).elements == 3);

    using What = LayerBreach::What;
    auto const breaches = [&](auto const& change) {
        auto lower = takenOver(national, Layer::College);
        change(lower);
        std::vector<std::pair<What, std::string>> told;
        for (auto const& breach : layerBreaches(national, lower))
            told.emplace_back(breach.what, breach.id + " " + breach.zh);
        return told;
    };
    using Told = std::vector<std::pair<What, std::string>>;
    CHECK(breaches([](auto& lower) { lower.elements.erase(lower.elements.begin() + 1); }) ==
          Told{{What::Removed, "E2 制度"}, {What::Removed, "P3 执行"}});
    CHECK(breaches([](auto& lower) { lower.elements[0].points[1].withdrawn = true; }) ==
          Told{{What::Removed, "P2 规划"}});
    CHECK(breaches([](auto& lower) { lower.elements[1].points[0].zh = "不执行"; }) == Told{{What::Changed, "P3 执行"}});
    CHECK(breaches([](auto& lower) { std::swap(lower.elements[0].points[0], lower.elements[1].points[0]); }) ==
          Told{{What::Changed, "P1 目标"}, {What::Changed, "P3 执行"}});
    CHECK(breaches([](auto& lower) { lower.elements[0].layer = Layer::College; }) ==
          Told{{What::FalseLayer, "E1 理念"}});
    CHECK(breaches([](auto& lower) { lower.elements[0].points.push_back(point("Z", "冒充", Layer::National)); }) ==
          Told{{What::FalseLayer, "Z 冒充"}});
    // A province's addition binds the college as well.
    auto province = takenOver(national, Layer::Province);
    province.elements.push_back({"S1", "省", "省级要素", "", Layer::Province, false, {}, {}, {}});
    CHECK(layerBreaches(province, takenOver(national, Layer::College)).size() == 1);
}

TEST_CASE("N004 a college's file that names only its additions is built upon the catalogue above", "[requirements]") {
    auto const national = documentsOf("national-elements")[0];
    json::Object own{{"layer", "college"}, {"title", "我校诊断目录"}};
    own.set("elements",
            json::Array{json::Value(json::Object{
                            {"id", "N-1.1"},
                            {"zh", "质量保证理念"},
                            {"points", json::Array{json::Value(json::Object{{"id", "X1"}, {"zh", "校训"}})}}}),
                        json::Value(json::Object{
                            {"id", "X-1"},
                            {"zh", "校企合作"},
                            {"points", json::Array{json::Value(json::Object{{"id", "X2"}, {"zh", "订单班"}})}}})});
    auto const fields = builtUpon(national, own);
    CHECK(model::checkFields(*model::TypeCatalogue::builtIn().find("catalogue.v1"), fields));
    auto const catalogue = catalogueFrom(fields);
    CHECK(countOf(catalogue).elements == 16);
    CHECK(countOf(catalogue).points == 39);
    CHECK(catalogue.element("X-1")->layer == Layer::College);
    CHECK(catalogue.element("N-1.2")->layer == Layer::National);
    CHECK(layerBreaches(catalogueFrom(national), catalogue).empty());
    auto const thresholds = thresholdsFor(countOf(catalogue).elements);
    CHECK(thresholds.effectiveFrom == 13);
    CHECK(thresholds.abnormalTo == 10);
}

TEST_CASE("N004 the national table is a draft marked unconfirmed, of 15 elements in 5 projects", "[requirements]") {
    auto const national = catalogueFrom(documentsOf("national-elements")[0]);
    CHECK(national.status == "draft");
    CHECK(national.layer == Layer::National);
    CHECK(countOf(national) == CatalogueCount{5, 15, 37});
    CHECK(gapOf(national).none());
}

TEST_CASE("N020 the thresholds follow the number of elements, 12 and 10 of 15, in exact integers", "[requirements]") {
    auto const rules = dataFile("national-review-rules");
    auto const* worked = json::arrayAt(*json::objectAt(*json::objectAt(rules, "conclusion"), "proportional"), "worked");
    REQUIRE(worked);
    CHECK(worked->size() == 10);
    for (auto const& each : *worked) {
        auto const thresholds = thresholdsFor(*json::integerAt(*each.asObject(), "n"));
        CHECK(thresholds.effectiveFrom == *json::integerAt(*each.asObject(), "effective_min"));
        CHECK(thresholds.abnormalTo == *json::integerAt(*each.asObject(), "abnormal_max"));
    }
    for (std::int64_t n = 1; n <= 200; ++n) {
        auto const thresholds = thresholdsFor(n);
        CHECK((15 * thresholds.effectiveFrom >= 12 * n && 15 * (thresholds.effectiveFrom - 1) < 12 * n));
        CHECK((15 * thresholds.abnormalTo < 10 * n && 15 * (thresholds.abnormalTo + 1) >= 10 * n));
    }
}

TEST_CASE("a catalogue file with an id twice, a nameless element or no table is told place by place", "[engine]") {
    auto const read = [](std::string_view text) {
        auto const data = model::readData(text);
        REQUIRE(data);
        return readCatalogueFile(*data->asObject());
    };
    CHECK_FALSE(read(R"({"id":"x"})"));
    auto const file = read(R"({"id":"x","tables":[{"id":"T","zh":"表","level":"学校","elements":[
        {"id":"E1","zh":"甲","points":[{"id":"P1","zh":"一"},{"id":"P1","zh":"二"},{"id":"P2"}]},{"id":"E2"},{"id":"E1","zh":"乙"}]},{"id":"U"}]})");
    REQUIRE(file);
    std::vector<std::string> told;
    for (auto const& note : file->notes) told.push_back(note.row + " " + note.code);
    CHECK(told ==
          std::vector<std::string>{"P1 id-twice", "E1 element-form", "T element-form", "E1 id-twice", "U table-form"});
    CHECK(countOf(catalogueFrom(file->documents.at(0))) == CatalogueCount{0, 1, 1});
}
