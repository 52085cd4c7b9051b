#include "view_helpers.h"

using namespace spiral;
using namespace spiral::replica;
using trust::College;

namespace {

struct Library {
    College college;
    trust::Someone li = college.person("li");
    ObjectId grant = college.grant(li, "clerk@unit/jwc");
    Machines machines{college};
    Machine& machine = machines.of(li);
    Desk desk{machine};
    std::unique_ptr<Search> search = Search::open(*machine, *desk.view);

    DocumentId write(std::string title, std::string body = {}) {
        ObjectId const id = machine.write("unit/jwc", {{"title", std::move(title)}, {"body", std::move(body)}});
        desk->catchUp();
        return *desk->item(id)->doc;
    }
    std::vector<SearchHit> find(std::string_view words, std::size_t limit = 50) {
        desk->catchUp();
        search->catchUp({});
        return search->find(words, limit);
    }
    std::string titles(std::string_view words) {
        std::set<std::string> found;
        for (auto const& hit : find(words)) found.insert(hit.title);
        std::string text;
        for (auto const& title : found) text += (text.empty() ? "" : " ") + title;
        return text;
    }
};

}  // namespace

TEST_CASE("Chinese words of one, two and more characters are found, and words of other scripts whole", "[search]") {
    Library library;
    library.write("质量年报", "2026年度人才培养质量年报，由教务处负责。");
    library.write("课程标准", "《Java程序设计》课程标准 CIPP模型 ＡＢＣ１２３");
    library.write("教学诊断", "教学诊断与改进A1类指标");
    CHECK(library.titles("质量") == "质量年报");
    CHECK(library.titles("年报") == "质量年报");
    CHECK(library.titles("责") == "质量年报");  // the last of its run
    CHECK(library.titles("务处负") == "质量年报");
    CHECK(library.titles("量质").empty());
    CHECK(library.titles("2026") == "质量年报");
    CHECK(library.titles("2026年度") == "质量年报");
    CHECK(library.titles("java") == "课程标准");
    CHECK(library.titles("JAVA程序") == "课程标准");
    CHECK(library.titles("jav").empty());
    CHECK(library.titles("j") == "课程标准");  // one character: as a prefix
    CHECK(library.titles("abc123") == "课程标准");
    CHECK(library.titles("ＣＩＰＰ模型") == "课程标准");
    CHECK(library.titles("改进A1类") == "教学诊断");
    CHECK(library.titles("进A1") == "教学诊断");
    CHECK(library.titles("A1类") == "教学诊断");
    CHECK(library.titles("程序 标准") == "课程标准");
    CHECK(library.titles("程序　质量").empty());
    CHECK(library.titles("年报，由") == "质量年报");
    CHECK(library.titles("").empty());
    CHECK(library.titles("  \n").empty());
    auto const hits = library.find("人才 教务处");
    REQUIRE(hits.size() == 1);
    CHECK(hits[0].excerpt.find("«人才»") != std::string::npos);
    CHECK(hits[0].excerpt.find("«教务处»") != std::string::npos);
    CHECK(hits[0].scope.text() == "unit/jwc");
    CHECK(hits[0].type == "task.v1");
}

TEST_CASE("a long text is cut around the first hit", "[search]") {
    Library library;
    std::string body;
    for (int i = 0; i < 200; ++i) body += "前文";
    body += "整改任务";
    for (int i = 0; i < 200; ++i) body += "后文";
    library.write("甲", body);
    auto const hits = library.find("整改");
    REQUIRE(hits.size() == 1);
    CHECK(hits[0].excerpt.size() < 400);
    CHECK(hits[0].excerpt.starts_with("…"));
    CHECK(hits[0].excerpt.ends_with("…"));
    CHECK(hits[0].excerpt.find("前文«整改»任务后文") != std::string::npos);
}

TEST_CASE("every two-character word is found wherever it stands, and nowhere else", "[search]") {
    Library library;
    SeededRandom random(7);
    // Few characters, so that words recur; letters, digits and punctuation between them.
    std::vector<std::string> const pieces{"教", "学", "质", "量",   "诊", "断", "改", "进", "目",
                                          "标", "标", "准", "课",   "程", "年", "报", "，", "。",
                                          "A1", "x",  " ",  "2026", "\n", "（", "𠀀", "の"};
    std::vector<std::string> texts;
    std::vector<NewRow> rows;
    for (int i = 0; i < 1000; ++i) {
        std::string text;
        for (std::uint64_t n = 1 + random.below(60); n > 0; --n) text += pieces[random.below(pieces.size())];
        texts.push_back(text);
        rows.push_back(library.machine.revision("unit/jwc", {{"title", std::to_string(i) + "号"}, {"body", text}}));
        if (rows.size() == 250) library.machine.seal("unit/jwc", std::exchange(rows, {}));
    }
    auto const bare = [](std::string text) {
        for (std::string_view const separator : {"，", "。", " ", "\n", "（"}) {
            for (auto at = text.find(separator); at != std::string::npos; at = text.find(separator))
                text.erase(at, separator.size());
        }
        return text;
    };
    // Where two scripts meet, what separates words is passed over: 改 A1 is found by 改A1.
    auto const check = [&](std::string const& word, bool mixed = false) {
        std::set<std::string> expected, allowed, found;
        for (std::size_t i = 0; i < texts.size(); ++i) {
            std::string const title = std::to_string(i) + "号";
            if (texts[i].find(word) != std::string::npos) expected.insert(title);
            if ((mixed ? bare(texts[i]) : texts[i]).find(word) != std::string::npos) allowed.insert(title);
        }
        for (auto const& hit : library.find(word, 2000)) found.insert(hit.title);
        INFO(word);
        CHECK(std::includes(found.begin(), found.end(), expected.begin(), expected.end()));
        CHECK(std::includes(allowed.begin(), allowed.end(), found.begin(), found.end()));
    };
    for (std::size_t a = 0; a < 16; ++a) {
        check(pieces[a]);
        for (std::size_t b = 0; b < 16; ++b) check(pieces[a] + pieces[b]);
    }
    for (int i = 0; i < 200; ++i) {
        std::string word;
        for (int n = 0; n < 3; ++n) word += pieces[random.below(16)];
        check(word);
        check(pieces[random.below(16)] + "A1" + pieces[random.below(16)], true);
    }
    check("𠀀");
    check("の教");
}

TEST_CASE("changed and vanished texts are no longer found by their old words", "[search]") {
    Library library;
    DocumentId const doc = library.write("旧题", "旧文");
    CHECK(library.titles("旧文") == "旧题");
    ObjectId const head = library.desk->document({trust::scopeOf("unit/jwc"), doc})->row.heads.at(0);
    library.machine.write("unit/jwc", {{"title", "新题"}, {"body", "新文"}}, {head}, doc);
    CHECK(library.titles("旧文").empty());
    CHECK(library.titles("旧").empty());
    CHECK(library.titles("新文") == "新题");
    // Made anew, the view counts its changes from the beginning.
    library.desk->rebuild();
    CHECK(library.titles("新文") == "新题");
    CHECK(library.titles("旧文").empty());
    // Cut off, the revision does not stand any more.
    library.college.append("revoke", College::revokeMembers(library.machine.device()), {library.college.founder});
    library.machines.spreadRegistry();
    CHECK(library.titles("新文").empty());
}

TEST_CASE("a search that was deleted, or belongs to another view, is made again", "[search]") {
    Library library;
    library.write("甲乙丙");
    CHECK(library.titles("乙丙") == "甲乙丙");
    library.search.reset();
    std::filesystem::remove(library.machine.folder() / "search.db");
    library.search = Search::open(*library.machine, *library.desk.view);
    CHECK(library.titles("乙丙") == "甲乙丙");
    library.search.reset();
    {
        std::FILE* file = std::fopen((library.machine.folder() / "search.db").c_str(), "wb");
        for (int i = 0; i < 9000; ++i) std::fputc(i % 13, file);
        std::fclose(file);
    }
    library.search = Search::open(*library.machine, *library.desk.view);
    CHECK(library.titles("乙丙") == "甲乙丙");
}

TEST_CASE("a folder in the place of view.db or search.db is named, and left to its owner", "[view][search]") {
    trust::College college;
    Machines machines(college);
    Machine& keeper = machines.keeper();
    char const* const name = GENERATE("view.db", "search.db");
    std::filesystem::create_directories(keeper.folder() / name / "mine");
    SimpleProjector const projector;
    auto const open = [&] {
        auto const view = View::open(*keeper, projector);
        view->catchUp();
        auto const search = Search::open(*keeper, *view);
    };
    try {
        open();
        FAIL("a folder was opened as a database");
    } catch (SqliteError const& error) {
        CHECK(error.toError().reason == "disk.is-folder");
        CHECK(error.toError().detail.find(name) != std::string::npos);
    }
    CHECK(std::filesystem::exists(keeper.folder() / name / "mine"));
    std::filesystem::remove_all(keeper.folder() / name);
    open();
}

TEST_CASE("any text is safe to ask for", "[search]") {
    Library library;
    library.write("质量\"年报", "质量 AND NOT OR NEAR(年报)");
    for (std::string_view const words : {"\"",
                                         "\"\"\"",
                                         "质量\"",
                                         "'质量",
                                         "质量 AND",
                                         "NOT",
                                         "OR OR",
                                         "NEAR(质量 年报)",
                                         "质量*",
                                         "title:质量",
                                         "{title body}: 质量",
                                         "^质量",
                                         "-质量",
                                         "+",
                                         "()",
                                         "((",
                                         ")",
                                         ";--",
                                         "😀",
                                         "质量😀",
                                         "%",
                                         "_",
                                         "\\",
                                         "a'b\"c",
                                         "words MATCH 1",
                                         "\xff\xfe",
                                         "质\xe9",
                                         "\xed\xa0\x80"}) {
        INFO(words);
        CHECK_NOTHROW(library.find(words));
    }
    CHECK_NOTHROW(library.find(std::string_view("质量\0年报", 13)));
    CHECK_NOTHROW(library.find(std::string(100000, '\"')));
    std::string many;
    for (int i = 0; i < 5000; ++i) many += "质量 ";
    CHECK(library.find(many).size() == 1);
    CHECK(library.find("质量\"").size() == 1);
    CHECK(library.find("质量😀").size() == 1);
    CHECK(library.find("NEAR(年报").size() == 1);
    CHECK(library.find("😀").empty());
    SeededRandom random(3);
    for (int i = 0; i < 500; ++i) {
        std::string words(random.below(40), ' ');
        for (auto& byte : words) byte = static_cast<char>(random.below(256));
        CHECK_NOTHROW(library.find(words));
    }
}
