// The organisation as documents, taken from the colleges' own papers.
#include "office/organisation.h"
#include "office/signing_rules.h"

#include "people.h"

namespace spiral::office {
namespace {

Day const kToday = *parseDay("2026-03-02");

ImportResult taken(Workplace& quality, std::string_view file, bool dryRun = false) {
    auto result = importBodies(*quality, catalogueText(file), dryRun);
    INFO((result ? "" : result.error().reason + " " + result.error().detail));
    REQUIRE(result);
    return *result;
}

Organisation::BodyShown const& bodyNamed(Organisation const& organisation, std::string_view name) {
    auto const found = std::find_if(organisation.bodies.begin(), organisation.bodies.end(),
                                    [&](auto const& each) { return each.body.name.find(name) != std::string::npos; });
    REQUIRE(found != organisation.bodies.end());
    return *found;
}

std::set<std::string> codes(engine::Remarks const& remarks) {
    std::set<std::string> all;
    for (auto const& each : remarks) all.insert(each.code);
    return all;
}

std::string seats(std::vector<std::array<std::string, 5>> const& rows) {
    json::Array all;
    for (auto const& [id, kind, person, from, until] : rows) {
        json::Object row;
        row.set("id", id);
        row.set("kind", kind);
        if (!person.empty()) row.set("person", person);
        if (!from.empty()) row.set("from", from);
        if (!until.empty()) row.set("until", until);
        all.emplace_back(std::move(row));
    }
    return json::encode(json::Value(all));
}

PersonId personCalled(Workplace& office, std::string_view name) {
    for (auto const& [id, called] : office->names().persons) {
        if (called == name) return *PersonId::parse(id);
    }
    FAIL("nobody is called " << name);
    return {};
}

TEST_CASE("Y001 the printed committee is taken in, and only the head of the day decides for it", "[requirements][office]") {
    auto quality = Workplace::founds("王芳");
    auto const rehearsed = taken(*quality, "yancheng-organisation.json", true);
    CHECK(rehearsed.rows == 4);
    CHECK(rehearsed.documents.empty());
    CHECK(organisationOf(**quality).bodies.empty());
    auto const result = taken(*quality, "yancheng-organisation.json");
    CHECK(result.documents.size() == 5);   // four bodies and the settings
    auto const again = taken(*quality, "yancheng-organisation.json");
    CHECK(again.known == 4);
    CHECK(again.documents.empty());

    auto organisation = organisationOf(**quality);
    REQUIRE(organisation.bodies.size() == 4);
    auto const committee = bodyNamed(organisation, "质量保证委员会");
    CHECK(committee.body.kind == "leading");
    REQUIRE(committee.body.seats.size() == 3);
    CHECK(committee.body.seats[0].post == "校长");
    // Posts sign nothing: nobody is named yet, and that is told.
    CHECK(codes(checkOrganisation(**quality, organisation, kToday)).contains("organisation.seat-unfilled"));

    auto wu = quality->hires("吴敏", "yc-d01", {"leader"});
    std::string const old = personCalled(*quality, "王芳").text(), now = personCalled(*quality, "吴敏").text();
    quality->edits(committee.document, {{"seats", seats({{"s1", "head", old, "2024-09-01", "2026-02-01"},
                                                         {"s2", "head", now, "2026-02-01", ""}})}});
    organisation = organisationOf(**quality);
    auto const& body = bodyNamed(organisation, "质量保证委员会").body;
    CHECK(engine::mayDecide(body, now, kToday));
    CHECK(engine::mayDecide(body, old, kToday).error().reason == "organisation.not-seated");
    CHECK(engine::mayDecide(body, old, *parseDay("2026-01-31")));
    SECTION("a second head at once is told, wherever the list is read") {
        quality->edits(committee.document, {{"seats", seats({{"s1", "head", old, "2024-09-01", ""}, {"s2", "head", now, "2026-02-01", ""}})}});
        quality->carriesTo(*wu);
        auto const there = organisationOf(**wu);
        CHECK(codes(checkOrganisation(**wu, there, kToday)).contains("organisation.two-heads"));
        CHECK(engine::mayDecide(bodyNamed(there, "质量保证委员会").body, now, kToday).error().reason == "organisation.two-heads");
    }
}

TEST_CASE("Y002 the diagnosis office hangs under the leading group and takes what names nobody", "[requirements][office]") {
    auto quality = Workplace::founds("王芳");
    taken(*quality, "yancheng-organisation.json");
    auto const organisation = organisationOf(**quality);
    auto const& leading = bodyNamed(organisation, "质量保证委员会");
    CHECK(bodyNamed(organisation, "诊改工作办公室").body.parent == leading.body.id);
    CHECK(bodyNamed(organisation, "二级学院").body.parent == leading.body.id);   // not printed: told at the import
    CHECK(routedUnit(organisation, "教务处") == "yc-d03");
    CHECK(routedUnit(organisation, "从来没有的处") == "yc-d06");
    auto const found = codes(checkOrganisation(**quality, organisation, kToday));
    CHECK_FALSE(found.contains("organisation.loop"));
    CHECK_FALSE(found.contains("organisation.unit-orphan"));
    SECTION("a unit above itself and an orphan, written by hand, are told") {
        json::Array rows;
        rows.emplace_back(json::Object{{"id", "yc-d01"}, {"parent", "yc-d01"}});
        rows.emplace_back(json::Object{{"id", "yc-d02"}, {"parent", "yc-d99"}});
        quality->edits(*organisation.settings, {{"units", json::encode(json::Value(rows))}});
        auto const told = codes(checkOrganisation(**quality, organisationOf(**quality), kToday));
        CHECK(told.contains("organisation.own-parent"));
        CHECK(told.contains("organisation.unit-orphan"));
    }
}

TEST_CASE("Y003 a school without a quality group is told until it has one", "[requirements][office]") {
    auto quality = Workplace::founds("王芳");
    taken(*quality, "yancheng-organisation.json");
    auto organisation = organisationOf(**quality);
    CHECK(organisation.unit("yc-d08")->school);
    CHECK_FALSE(organisation.unit("yc-d09")->school);
    auto const found = codes(checkOrganisation(**quality, organisation, kToday));
    CHECK(found.contains("organisation.no-group"));
    CHECK(found.contains("organisation.group-no-school"));
    quality->edits(bodyNamed(organisation, "二级学院").document, {{"unit", "yc-d08"}});
    auto const after = codes(checkOrganisation(**quality, organisationOf(**quality), kToday));
    CHECK_FALSE(after.contains("organisation.no-group"));
    CHECK_FALSE(after.contains("organisation.group-no-school"));
}

TEST_CASE("Y004 who writes in academic affairs and approves as quality control is told with the rule's name", "[requirements][office]") {
    auto quality = Workplace::founds("王芳");
    taken(*quality, "yancheng-organisation.json");
    auto chen = quality->hires("陈静", "yc-d03", {"clerk"});
    auto const plan = chen->creates("standard", "unit/yc-d03", {{"title", "课程标准"}, {"content", "标准"}});
    auto const organisation = organisationOf(**chen);
    REQUIRE(organisation.powers.size() == 3);
    CHECK(organisation.powers[1].units == std::set<std::string>{"yc-d03"});
    CHECK(organisation.powers[2].units == std::set<std::string>{"yc-d05"});
    CHECK_FALSE(separationOf(**chen, organisation, plan));
    // By the registry alone she may not approve what she wrote; that hands meet across powers is found beside it.
    std::string const her = personCalled(*chen, "陈静").text();
    auto const breach = engine::separationBreach(organisation.powers, {{her, "yc-d03", false}, {her, "yc-d05", true}});
    REQUIRE(breach);
    CHECK(breach->code == "organisation.three-powers");
    CHECK(breach->text == "教务部门 → 质控部门");
}

TEST_CASE("Y005 the matrix adds up to the list, whatever has no level or system", "[requirements][office]") {
    auto quality = Workplace::founds("王芳");
    taken(*quality, "yancheng-organisation.json");
    REQUIRE((*quality)->importTable("catalogue", catalogueText("yancheng-diagnosis-catalogue.json"), false));
    auto organisation = organisationOf(**quality);
    // The papers put no department into a system: all are told, and no point has one.
    CHECK(codes(checkOrganisation(**quality, organisation, kToday)).contains("organisation.no-system"));
    auto matrix = matrixOf(**quality, organisation, Counted::Points);
    CHECK(matrix.total == 80);
    CHECK(matrix.withoutSystem.size() == 80);
    json::Array rows;
    std::int64_t number = 0;
    for (auto const& unit : organisation.units) {
        static constexpr std::string_view kSystems[] = {"decision", "generation", "resources", "support", "supervision"};
        rows.emplace_back(json::Object{{"id", unit.id}, {"parent", "college"}, {"system", kSystems[number++ % 5]}});
    }
    quality->edits(*organisation.settings, {{"units", json::encode(json::Value(rows))}});
    organisation = organisationOf(**quality);
    matrix = matrixOf(**quality, organisation, Counted::Points);
    CHECK(matrix.total == 80);
    std::int64_t inCells = 0;
    for (auto const& level : matrix.cells) {
        for (auto const count : level) inCells += count;
    }
    CHECK(inCells + static_cast<std::int64_t>(matrix.withoutLevel.size() + matrix.withoutSystem.size()) == 80);
    CHECK(matrix.withoutLevel.empty());   // 师资 in the table is the level 教师
    CHECK(matrix.ofLevel(engine::QualityLevel::Staff) > 0);
    CHECK_FALSE(codes(checkOrganisation(**quality, organisation, kToday)).contains("organisation.no-system"));
}

TEST_CASE("Y006 the four printed lines are read, and a quality office that nobody diagnoses is told", "[requirements][office]") {
    auto quality = Workplace::founds("王芳");
    taken(*quality, "yancheng-organisation.json");
    auto organisation = organisationOf(**quality);
    REQUIRE(organisation.lines.size() == 4);
    auto const all = engine::assignDiagnoses(organisation.units, organisation.lines);
    auto const has = [&](engine::Diagnosis const& wanted) { return std::find(all.begin(), all.end(), wanted) != all.end(); };
    CHECK(has({"yc-d03", "yc-d08", "YC-DL-1", false}));
    CHECK(has({"yc-d05", "yc-d03", "YC-DL-3", true}));
    CHECK_FALSE(has({"yc-d05", "yc-d05", "YC-DL-3", true}));
    // The table has no supervision office: nobody diagnoses the quality office, and the line that should is empty.
    auto const remarks = engine::checkDiagnoses(organisation.units, organisation.lines);
    CHECK(engine::tells(remarks, "organisation.diagnosis-empty"));
    CHECK(std::count(remarks.begin(), remarks.end(), engine::Remark{"organisation.diagnosis-nobody", "yc-d05", "质控办"}) == 1);
    REQUIRE((*quality)->addUnit("jcb", "监察办", "东校区"));
    json::Array rows;
    for (auto const& unit : organisation.units) {
        json::Array kinds;
        for (auto const& kind : unit.kinds) kinds.emplace_back(kind);
        rows.emplace_back(json::Object{{"id", unit.id}, {"parent", "college"}, {"kinds", kinds}});
    }
    rows.insert(rows.begin(), json::Value(json::Object{{"id", "jcb"}, {"parent", "college"}, {"kinds", json::Array{"supervision"}}}));
    quality->edits(*organisation.settings, {{"units", json::encode(json::Value(rows))}});
    organisation = organisationOf(**quality);
    CHECK(engine::checkDiagnoses(organisation.units, organisation.lines).empty());
}

TEST_CASE("Y008 documents are counted by the six systems, and untagged ones are listed", "[requirements][office]") {
    auto quality = Workplace::founds("王芳");
    quality->creates("plan", "college", {{"title", "总体规划"}, {"framework", "planning"}});
    quality->creates("standard", "college", {{"title", "课程标准"}, {"framework", "standards"}});
    auto const none = quality->creates("task", "college", {{"title", "无归类"}});
    auto const coverage = coverageOf(**quality);
    CHECK(coverage.tagged == 2);
    CHECK(coverage.counts[0] + coverage.counts[1] == 2);
    CHECK(coverage.untagged == std::vector<std::string>{none.doc.hex()});
    auto made = (*quality)->create("plan", Scope::college(), {{"title", "x"}, {"framework", "sports"}});
    CHECK_FALSE(made);   // an unknown system is refused when it is written
}

TEST_CASE("L001 the eight bodies of the second college, one of them printed with two names", "[requirements][office]") {
    auto quality = Workplace::founds("王芳");
    auto const result = taken(*quality, "leshan-organisation.json");
    CHECK(result.rows == 8);
    auto const organisation = organisationOf(**quality);
    REQUIRE(organisation.bodies.size() == 8);
    auto const& doing = bodyNamed(organisation, "质量组织执行组").body;
    CHECK(doing.aliases == std::set<std::string>{"质量组织生成组"});
    // Printed "校长、书记" on the head's seat: that is one head too many, and told.
    auto const found = codes(checkOrganisation(**quality, organisation, kToday));
    CHECK(found.contains("organisation.two-heads"));
    CHECK_FALSE(found.contains("organisation.body-twice"));
    CHECK_FALSE(found.contains("organisation.body-orphan"));
    quality->creates("body", "college", {{"title", "质量组织生成组"}, {"kind", "working-group"}});
    CHECK(codes(checkOrganisation(**quality, organisationOf(**quality), kToday)).contains("organisation.body-twice"));
}

TEST_CASE("L002 a goal that the quality office wrote in a unit's name is told", "[requirements][office]") {
    auto quality = Workplace::founds("王芳");
    auto zhou = quality->hires("周宁", "yc-d05", {"clerk", "quality@college"});
    auto chen = quality->hires("陈静", "yc-d03", {"clerk"});
    std::string const goals = R"([{"id":"g","goal":"就业率","measure":"比例","target":"95%","due":"2026-12-31"}])";
    chen->creates("plan", "unit/yc-d03", {{"title", "自己的"}, {"goals", goals}});
    chen->carriesTo(*zhou);
    CHECK_FALSE(codes(checkOrganisation(**zhou, organisationOf(**zhou), kToday)).contains("organisation.foreign-goal"));
    auto const foreign = (*zhou)->create("plan", *Scope::parse("unit/yc-d03"), {{"title", "代写的"}, {"goals", goals}});
    if (foreign) CHECK(codes(checkOrganisation(**zhou, organisationOf(**zhou), kToday)).contains("organisation.foreign-goal"));
    else CHECK(foreign.error().reason.starts_with("authority."));
}

TEST_CASE("L005 the printed leads of the five levels are kept, and one that is no unit is told", "[requirements][office]") {
    auto quality = Workplace::founds("王芳");
    REQUIRE((*quality)->addUnit("jwk", "教务科", "东校区"));
    auto const result = taken(*quality, "leshan-organisation.json");
    auto organisation = organisationOf(**quality);
    CHECK(organisation.leads.size() == 5);
    CHECK(engine::leadOn(organisation.leads, engine::QualityLevel::Course, kToday) == "jwk");
    auto const remarks = engine::checkLevelLeads(organisation.leads, organisation.units, kToday);
    CHECK(engine::tells(remarks, "organisation.level-no-lead"));
    CHECK(engine::tells(remarks, "organisation.lead-no-unit"));
    CHECK(std::any_of(result.notes.begin(), result.notes.end(), [](auto const& note) { return note.code == "lead-not-a-unit"; }));
}

TEST_CASE("what is no table of bodies is refused, and a row without id or name is told", "[office][import]") {
    auto quality = Workplace::founds("王芳");
    CHECK(importBodies(**quality, "[]", false).error().reason == "import.form");
    CHECK_FALSE(importBodies(**quality, "{", false));
    auto const result = importBodies(**quality, R"({"id":"x","bodies":[{"id":"B1","zh":"领导小组"},{"id":"B2"},7]})", false);
    REQUIRE(result);
    CHECK(result->documents.size() == 2);
    CHECK(std::count_if(result->notes.begin(), result->notes.end(), [](auto const& note) { return note.error; }) == 2);
}

}  // namespace
}  // namespace spiral::office
