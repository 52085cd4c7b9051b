// A campus that another college takes over: its documents come in as new ones, with what was signed before as history
// that anybody can check and that counts nowhere.
#include "hostile.h"

#include "office/cycles.h"
#include "office/quality_list.h"
#include "office/takeover.h"
#include "office/units.h"

#include <algorithm>

using namespace spiral;
using namespace spiral::office;

namespace {

Day const kToday = *parseDay("2026-03-02");

/// Two colleges. In the old one a department has a standard that was approved, a task that was passed, a rectification
/// that failed twice, and one that nobody has begun; in the new one there is a clerk of a department, and its head.
struct TwoColleges {
    std::unique_ptr<Workplace> zhao = Workplace::founds("赵");
    std::unique_ptr<Workplace> qian = zhao->hires("钱", "yc-d05", {"quality@college"});
    std::unique_ptr<Workplace> li = zhao->hires("李", "yc-d03", {"clerk"});
    std::unique_ptr<Workplace> sun = zhao->hires("孙", "yc-d03", {"head"});
    std::unique_ptr<Workplace> wu = Workplace::founds("吴", true, 7001);
    std::unique_ptr<Workplace> zheng = wu->hires("郑", "yc-d09", {"clerk"});
    DocumentKey standard, passed, open, point, asked;

    TwoColleges() {
        for (auto* each : {&qian, &li, &sun}) zhao->carriesTo(**each);
        wu->carriesTo(*zheng);
        standard = li->creates("standard", "unit/yc-d03",
                               {{"title", "实训标准"}, {"owner", "yc-d03"}, {"content", "每日检查"}});
        li->steps(standard, "submit");
        li->carriesTo(*sun);
        sun->steps(standard, "approve", "同意");
        passed = task("已完成的整改");
        li->steps(passed, "submit");
        open = task("未通过的整改");
        li->steps(open, "submit");
        sun->carriesTo(*qian);
        li->carriesTo(*qian);
        qian->steps(passed, "recheck-pass");
        qian->steps(open, "recheck-fail", "台账不全", parseDay("2026-05-31"));
        asksForARectification();
        for (auto* each : {&li, &sun}) {
            qian->carriesTo(**each);
            (*each)->carriesTo(*zhao);
            (*each)->carriesTo(*qian);
        }
        qian->carriesTo(*zhao);
    }
    DocumentKey task(std::string const& title) {
        auto const doc = li->creates("task", "unit/yc-d03",
                                     {{"title", title},
                                      {"kind", "rectification"},
                                      {"owner", "yc-d03"},
                                      {"due", "2026-04-30"},
                                      {"problem", "少"},
                                      {"source_document", standard.text()}});
        li->edits(doc, {{"cause", "慢"}, {"measures", "快"}, {"effect", "有"}, {"evidence", "台账"}});
        Path const file = li->outside() / "台账.txt";
        std::ofstream(file) << "台账：" << title;
        REQUIRE((*li)->attach(doc, file));
        return doc;
    }
    /// A point whose check failed, and the rectification that it asks for.
    void asksForARectification() {
        point = li->creates(
            "point", "unit/yc-d03",
            {{"title", "诊断点"}, {"owner", "yc-d03"}, {"result", "not-met"}, {"evidence", "台账"}, {"problem", "少"}});
        li->steps(point, "problems-found");
        for (auto const& [field, action] :
             {std::pair{"cause", "causes-found"}, std::pair{"main_cause", "main-cause-found"},
              std::pair{"measures", "plan-made"}, std::pair{"execution", "submit"}}) {
            li->edits(point, {{field, "说明"}});
            li->steps(point, action);
        }
        li->carriesTo(*qian);
        qian->steps(point, "recheck-fail", "没有成效", parseDay("2026-06-30"));
        auto const expected = (*qian)->expectedBy(point);
        REQUIRE(expected.size() == 1);
        asked = expected[0].document;
    }
    [[nodiscard]] Path folder() const { return qian->outside() / "takeover"; }
    TakeoverExported leaves() {
        auto const done = exportTakeover(**qian, {"yc-d03"}, folder());
        INFO((done ? "" : done.error().reason + " " + done.error().detail));
        REQUIRE(done);
        return *done;
    }
    TakeoverWanted wanted() const { return {folder(), {{"yc-d03", "yc-d09"}}, {}, false}; }
    TakenOver comes() {
        auto const done = importTakeover(**zheng, wanted());
        INFO((done ? "" : done.error().reason + " " + done.error().detail));
        REQUIRE(done);
        return *done;
    }
    DocumentKey here(DocumentKey const& old) {
        Scope const scope = Scope::unit("yc-d09");
        return {scope, takenId((*zhao)->registry().school(), old, scope)};
    }
};

OldItem const& itemOf(OldHistory const& history, std::string_view kind) {
    auto const found =
        std::find_if(history.items.begin(), history.items.end(), [&](auto const& item) { return item.kind == kind; });
    REQUIRE(found != history.items.end());
    return *found;
}

void write(Path const& file, std::string const& text) {
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    out << text;
}
std::string textOfFile(Path const& file) {
    std::ifstream in(file, std::ios::binary);
    return std::string((std::istreambuf_iterator<char>(in)), {});
}

}  // namespace

TEST_CASE("a campus taken over comes as new documents; its old acts are shown with their signers and count nowhere",
          "[takeover]") {
    TwoColleges two;
    auto const out = two.leaves();
    CHECK(out.documents == 4);
    CHECK(out.asked == 1);
    CHECK(out.files == 2);
    auto const in = two.comes();
    CHECK(in.school == (*two.zhao)->registry().school());
    CHECK(in.documents.size() == 5);

    // The approved standard is a draft here, with its text and where it comes from.
    auto const standard = two.zheng->shows(two.here(two.standard));
    CHECK(standard.listed.row.state == "draft");
    CHECK(standard.standing.rounds.empty() == false);
    CHECK(standard.merged.fields.find("content")->asString()->compare("每日检查") == 0);
    auto const* origin = json::objectAt(standard.merged.fields, "moved_from");
    REQUIRE(origin);
    CHECK(*json::stringAt(*origin, "school") == (*two.zhao)->registry().school().hex());
    CHECK(*json::stringAt(*origin, "scope") == "unit/yc-d03");
    CHECK(*json::stringAt(*origin, "doc") == two.standard.doc.hex());
    int records = 0;
    for (auto const& item : standard.items) records += item.item.kind == trust::Item::Kind::Record;
    CHECK(records == 0);

    auto const history = oldHistory(**two.zheng, two.here(two.standard));
    REQUIRE(history);
    CHECK(history->proven);
    CHECK(history->college == (*two.zhao)->registry().college());
    CHECK(itemOf(*history, "submit.v1").name == "李");
    CHECK(itemOf(*history, "submit.v1").role == "clerk@unit/yc-d03");
    CHECK(itemOf(*history, "submit.v1").proven);
    CHECK(itemOf(*history, "approve.v1").name == "孙");
    CHECK(itemOf(*history, "approve.v1").comment == "同意");
    CHECK(itemOf(*history, "approve.v1").proven);
    // Another replica of the new college, with the files, sees the same.
    two.zheng->carriesTo(*two.wu);
    auto const there = oldHistory(**two.wu, two.here(two.standard));
    REQUIRE(there);
    CHECK(there->proven);
    CHECK(there->items.size() == history->items.size());
}

TEST_CASE(
    "open rectifications of a campus that is taken over go on as open tasks with their day, linked; closed ones do not",
    "[takeover]") {
    TwoColleges two;
    two.leaves();
    auto const in = two.comes();
    auto const open = two.zheng->shows(two.here(two.open));
    CHECK(open.listed.row.state == "open");
    CHECK(open.listed.row.due == parseDay("2026-05-31"));  // as the signed verdict moved it
    CHECK(open.listed.row.owner == "yc-d09");
    CHECK(open.standing.failedRounds == 0);  // what failed over there failed there
    auto const* link = json::objectAt(open.merged.fields, "source_document");
    REQUIRE(link);
    CHECK(*json::stringAt(*link, "doc") == two.here(two.standard).doc.hex());
    CHECK(open.files.size() == 3);  // evidence, registry, its own file
    // Asked for and not begun over there: an open task here, with what was found.
    auto const asked = two.zheng->shows(two.here(two.asked));
    CHECK(asked.listed.row.state == "open");
    CHECK(asked.listed.row.due == parseDay("2026-06-30"));
    CHECK(two.zheng->field(two.here(two.asked), "problem") == "没有成效");
    auto const history = oldHistory(**two.zheng, two.here(two.asked));
    REQUIRE(history);
    CHECK(history->proven);
    CHECK(itemOf(*history, "recheck-fail.v1").name == "钱");
    // What was passed is to be read, not to be done again.
    auto const passed = two.zheng->shows(two.here(two.passed));
    CHECK(passed.listed.row.type == "report.v1");
    auto const old = oldHistory(**two.zheng, two.here(two.passed));
    REQUIRE(old);
    CHECK(itemOf(*old, "recheck-pass.v1").proven);
    QualityFilter filter;
    filter.tasks.unit = "yc-d09";
    auto const list = qualityList(**two.zheng, filter, kToday);
    CHECK(list.lines.size() == 2);
    // The link between the point and the rectification holds as well.
    auto const* point = json::objectAt(asked.merged.fields, "source_document");
    REQUIRE(point);
    CHECK(*json::stringAt(*point, "doc") == two.here(two.point).doc.hex());
    CHECK(std::count_if(in.documents.begin(), in.documents.end(), [](auto const& each) { return each.openTask; }) == 2);
}

TEST_CASE("a campus that is taken in twice, or by two people apart, is there once", "[takeover]") {
    TwoColleges two;
    two.leaves();
    auto dry = two.wanted();
    dry.dryRun = true;
    auto const before = two.zheng->dump();
    auto const looked = importTakeover(**two.zheng, dry);
    REQUIRE(looked);
    CHECK(looked->documents.size() == 5);
    CHECK(two.zheng->dump() == before);
    two.comes();
    auto const once = two.zheng->dump();
    auto const again = two.comes();
    CHECK(std::all_of(again.documents.begin(), again.documents.end(), [](auto const& each) { return each.known; }));
    CHECK(two.zheng->dump() == once);
    // A second person, offline, who takes the same folder in: the same documents, and nothing to decide.
    REQUIRE(importTakeover(**two.wu, two.wanted()));
    two.zheng->carriesTo(*two.wu);
    auto const shown = two.wu->shows(two.here(two.open));
    CHECK(shown.merged.heads.size() == 2);
    CHECK(shown.differences.empty());
}

TEST_CASE("a takeover that was forged, changed or mixed up is left out and named, and nothing is made of it",
          "[takeover]") {
    TwoColleges two;
    two.leaves();
    Path const file = two.folder() / "documents" / (two.open.doc.hex() + ".history");
    std::string const good = textOfFile(file);

    // A word of the signed text is changed: the hash is another one, and no frame names it.
    std::string changed = good;
    auto const at = changed.rfind("未通过的整改");  // in the version that would be taken in
    REQUIRE(at != std::string::npos);
    changed.replace(at, std::string("未通过的整改").size(), "不存在的整改");
    write(file, changed);
    auto const in = importTakeover(**two.zheng, two.wanted());
    REQUIRE(in);
    REQUIRE_FALSE(in->notes.empty());
    bool const named = std::any_of(in->notes.begin(), in->notes.end(), [](TakeoverNote const& note) {
        return note.error && note.code == "takeover.not-proven" && note.document == "未通过的整改";
    });
    CHECK(named);
    CHECK_FALSE((*two.zheng)->view().document(two.here(two.open)));
    // The right file afterwards is taken in as if nothing had been.
    write(file, good);
    two.comes();
    CHECK((*two.zheng)->view().document(two.here(two.open)));

    // A registry of another college, and one with a broken chain.
    TakeoverWanted other = two.wanted();
    other.school = (*two.wu)->registry().school();
    auto const wrong = importTakeover(**two.zheng, other);
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().reason == "takeover.other-school");
    Path const registry = two.folder() / "registry.history";
    std::string broken = textOfFile(registry);
    broken.replace(broken.find("\ne ", broken.find("\ne ") + 1) + 10, 1, "0");
    write(registry, broken);
    CHECK_FALSE(importTakeover(**two.zheng, two.wanted()));
    // Every prefix of the evidence is refused, or proves less; none crashes.
    for (std::size_t length = 0; length < good.size(); length += 97) {
        write(file, good.substr(0, length));
        CHECK_FALSE(importTakeover(**two.zheng, two.wanted()));
    }
}

// What stands before the signed bytes is the word of whoever wrote the folder.
TEST_CASE("a takeover closes no task that nobody signed as closed, and its head stands in for no signed text",
          "[takeover]") {
    TwoColleges two;
    two.leaves();
    auto const fileOf = [&](DocumentKey const& document) {
        return two.folder() / "documents" / (document.doc.hex() + ".history");
    };
    auto const says = [&](DocumentKey const& document, json::Object const& more, std::string_view name = {}) {
        Path const file = fileOf(document);
        std::string const text = textOfFile(file);
        auto const begin = text.find("\nh ") + 1, end = text.find('\n', begin);
        auto const size = static_cast<std::size_t>(std::stoul(text.substr(begin + 2, end - begin - 2)));
        auto const parsed = json::parse(text.substr(end + 1, size));
        REQUIRE(parsed);
        auto head = *parsed->asObject();
        for (auto const& [key, value] : more) head.set(key, value);
        std::string const encoded = json::encode(head);
        write(name.empty() ? file : two.folder() / "documents" / name, text.substr(0, begin) + "h " +
                                                                           std::to_string(encoded.size()) + "\n" +
                                                                           encoded + text.substr(end + 1 + size));
    };
    auto const told = [](TakenOver const& taken, std::string_view code) {
        return std::any_of(taken.notes.begin(), taken.notes.end(),
                           [&](TakeoverNote const& note) { return note.code == code; });
    };
    says(two.open, {{"closed", true}});
    // The same document a second time, with another day.
    says(two.open, {{"due", "2099-12-31"}}, "second.history");
    // What was signed, with a text that was not.
    says(two.standard, {{"asked", true}, {"fields", json::Object{{"title", "冒充"}}}, {"type", "task.v1"}});
    // What was asked for, as something else.
    says(two.asked, {{"type", "cycle.v1"}});
    // An attachment that is larger than it was when it was signed is not kept, not even to look at it.
    Path larger;
    for (auto const& each : std::filesystem::recursive_directory_iterator(two.folder() / "files")) {
        if (each.is_regular_file()) larger = each.path();
    }
    std::ofstream(larger, std::ios::app) << std::string(100'000, 'x');
    auto const sizeOf = [](Path const& folder) {
        std::uintmax_t all = 0;
        for (auto const& each : std::filesystem::recursive_directory_iterator(folder))
            all += each.is_regular_file() ? each.file_size() : 0;
        return all;
    };
    Path const attachments = (*two.zheng)->replica().folder() / "attachments";
    std::filesystem::create_directories(attachments);
    auto const before = sizeOf(attachments);

    auto const in = two.comes();
    CHECK(told(in, "takeover.closed-by-nobody"));
    CHECK(told(in, "takeover.twice"));
    CHECK(told(in, "takeover.form"));
    CHECK(told(in, "takeover.file-damaged"));
    CHECK(sizeOf(attachments) < before + 100'000);
    auto const open = two.zheng->shows(two.here(two.open));
    CHECK(open.listed.row.type == "task.v1");
    CHECK(open.listed.row.state == "open");
    CHECK(open.merged.heads.size() == 1);
    CHECK(two.zheng->shows(two.here(two.passed)).listed.row.type == "report.v1");
    CHECK_FALSE((*two.zheng)->view().document(two.here(two.standard)));
    CHECK_FALSE((*two.zheng)->view().document(two.here(two.asked)));
}

TEST_CASE("a forged moved_from counts for nothing: it is shown as a claim without evidence", "[takeover]") {
    TwoColleges two;
    two.leaves();
    two.comes();
    // Nobody types it.
    auto const typed =
        (*two.zheng)->create("task", Scope::unit("yc-d09"), {{"title", "冒充"}, {"moved_from", two.standard.text()}});
    REQUIRE_FALSE(typed);
    CHECK(typed.error().reason == "field.not-a-reference");
    // A program of one's own writes it.
    DocumentKey const fake{Scope::unit("yc-d09"), *DocumentId::fromHex("0123456789abcdef0123456789abcdef")};
    json::Object const origin{{"doc", two.passed.doc.hex()},
                              {"revision", two.qian->shows(two.passed).merged.heads.front().hex()},
                              {"school", (*two.zhao)->registry().school().hex()},
                              {"scope", "unit/yc-d03"}};
    forges(*two.zheng, {{fake, "task.v1", {{"moved_from", origin}, {"owner", "yc-d09"}, {"title", "冒充"}}, {}, {}}});
    auto const history = oldHistory(**two.zheng, fake);
    REQUIRE(history);
    CHECK_FALSE(history->proven);
    CHECK(history->why == "no-evidence");
    CHECK(history->items.empty());
    CHECK(two.zheng->shows(fake).listed.row.state == "open");
    // With the evidence of another document beside it, it is no better: the claimed revision is not in it.
    REQUIRE((*two.zheng)->attach(fake, two.folder() / "documents" / (two.open.doc.hex() + ".history")));
    REQUIRE((*two.zheng)->attach(fake, two.folder() / "registry.history"));
    auto const mixed = oldHistory(**two.zheng, fake);
    REQUIRE(mixed);
    CHECK_FALSE(mixed->proven);
    CHECK(mixed->why == "revision");
    CHECK(std::none_of(mixed->items.begin(), mixed->items.end(),
                       [](OldItem const& item) { return !item.isAct && item.proven; }));
    // Somebody who wrote under the id that a document will have does not pass for it.
    DocumentKey const next = two.li->creates("task", "unit/yc-d03", {{"title", "后来的"}, {"owner", "yc-d03"}});
    two.li->carriesTo(*two.qian);
    forges(*two.zheng, {{two.here(next), "task.v1", {{"owner", "yc-d09"}, {"title", "抢占"}}, {}, {}}});
    auto const out = exportTakeover(**two.qian, {"yc-d03"}, two.qian->outside() / "second");
    REQUIRE(out);
    auto const in = importTakeover(**two.zheng, {two.qian->outside() / "second", {{"yc-d03", "yc-d09"}}, {}, false});
    REQUIRE(in);
    CHECK(std::any_of(in->notes.begin(), in->notes.end(),
                      [](TakeoverNote const& note) { return note.error && note.code == "takeover.id-taken"; }));
}

TEST_CASE("a takeover is refused where it could be mistaken: not read, not named, one's own college, a closed unit",
          "[takeover]") {
    TwoColleges two;
    auto const reason = [](auto const& result) { return result ? std::string("done") : result.error().reason; };
    CHECK(reason(exportTakeover(**two.li, {"yc-d05"}, two.folder())) == "takeover.not-read");
    CHECK(reason(exportTakeover(**two.qian, {"yc-d99"}, two.folder())) == "unit.unknown");
    two.leaves();
    CHECK(reason(exportTakeover(**two.qian, {"yc-d03"}, two.folder())) == "takeover.folder");
    CHECK(reason(importTakeover(**two.sun, two.wanted())) == "takeover.own-school");
    auto wanted = two.wanted();
    wanted.units = {};
    CHECK(reason(importTakeover(**two.zheng, wanted)) == "takeover.unit-not-named");
    wanted.units = {{"yc-d03", "yc-d99"}};
    CHECK(reason(importTakeover(**two.zheng, wanted)) == "unit.unknown");
    wanted = two.wanted();
    wanted.folder = two.folder() / "nowhere";
    CHECK(reason(importTakeover(**two.zheng, wanted)) == "takeover.folder-missing");
    REQUIRE(closeUnit(**two.wu, "yc-d09", {.leaveOpen = true}, kToday));
    two.wu->carriesTo(*two.zheng);
    CHECK(reason(importTakeover(**two.zheng, two.wanted())) == "unit.closed");
}
