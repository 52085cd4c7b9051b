// Whatever the program refuses, people read a sentence about it in their language, and what to do next.
#include "cli/messages.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

using namespace spiral;
using namespace spiral::cli;

namespace {

std::string contents(std::filesystem::path const& path) {
    std::ifstream file(path, std::ios::binary);
    REQUIRE(file);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::vector<std::filesystem::path> sources() {
    std::vector<std::filesystem::path> files;
    for (char const* folder : {"store", "workflow", "sync", "client", "server"}) {
        for (auto const& entry : std::filesystem::recursive_directory_iterator(folder)) {
            auto const suffix = entry.path().extension();
            if (suffix == ".cpp" || suffix == ".h") files.push_back(entry.path());
        }
    }
    REQUIRE(files.size() > 50);
    return files;
}

std::set<std::string> found(std::string const& text, std::regex const& pattern) {
    std::set<std::string> all;
    for (auto at = std::sregex_iterator(text.begin(), text.end(), pattern); at != std::sregex_iterator(); ++at)
        all.insert((*at)[1]);
    return all;
}

void checkHasWords(std::string const& reason) {
    INFO(reason);
    for (auto const language : {Language::Chinese, Language::English}) CHECK(findMessage(reason, language) != nullptr);
}

void checkHasItsOwnWords(std::string const& reason) {
    INFO(reason);
    for (auto const language : {Language::Chinese, Language::English}) {
        auto const* row = findMessage(reason, language);
        CHECK((row != nullptr && row->reason == reason));
    }
}

}  // namespace

TEST_CASE("both languages have the same reasons, sorted, each with a sentence and a next step", "[cli]") {
    auto const zh = messages(Language::Chinese), en = messages(Language::English);
    REQUIRE(zh.size() == en.size());
    for (std::size_t i = 0; i < zh.size(); ++i) {
        INFO(zh[i].reason);
        CHECK(zh[i].reason == en[i].reason);
        if (i > 0) CHECK(zh[i - 1].reason < zh[i].reason);
        CHECK(!zh[i].text.empty());
        CHECK(!en[i].text.empty());
        CHECK(!zh[i].next.empty());
        CHECK(!en[i].next.empty());
        // The Chinese table is Chinese, the English one is not.
        bool const han = std::any_of(en[i].text.begin(), en[i].text.end(),
                                     [](char c) { return static_cast<unsigned char>(c) >= 0xe3; });
        CHECK_FALSE(han);
    }
}

TEST_CASE("every reason that the sources name has words", "[cli]") {
    std::regex const slug(R"re("([a-z][a-z0-9-]*\.[a-z][a-z0-9-]*)")re");
    std::regex const noReason(R"re(.*\.(v[0-9]+|db|h|sql|lock|json|key|sock|new|zst)|import\.(frames|rows))re");
    std::size_t count = 0;
    for (auto const& path : sources()) {
        for (auto const& reason : found(contents(path), slug)) {
            if (std::regex_match(reason, noReason)) continue;
            ++count;
            INFO(path.string());
            checkHasWords(reason);
        }
    }
    CHECK(count > 200);
}

TEST_CASE("reasons that sources put together from a beginning have words", "[cli]") {
    std::regex const beginning(R"re("([a-z][a-z-]*\.)" \+)re");
    std::size_t count = 0;
    for (auto const& path : sources()) {
        if (path.string().starts_with("client")) continue;  // its own tables: tested below
        for (auto const& reason : found(contents(path), beginning)) {
            ++count;
            INFO(path.string());
            checkHasItsOwnWords(reason);
        }
    }
    CHECK(count >= 5);
}

TEST_CASE("what a person meets in daily work has words of its own", "[cli]") {
    for (auto const& step :
         found(contents("workflow/engine/workflow.cpp"), std::regex(R"re(refused\("([a-z-]+)")re"))) {
        checkHasItsOwnWords("step." + step);
    }
    std::size_t verdicts = 0;
    for (char const* path :
         {"store/trust/authority.cpp", "store/trust/authority_alone.cpp", "store/trust/row_rules.cpp"}) {
        for (auto const& reason : found(contents(path), std::regex(R"re(Verdict::\w+, "([a-z-]+)")re"))) {
            ++verdicts;
            checkHasItsOwnWords(reason);
        }
    }
    CHECK(verdicts > 10);
    for (char const* answer : {"frame.predecessor", "inbox.full", "exchange.kind", "exchange.reader-unknown",
                               "draft.unsealed", "folder.missing", "key.missing", "key.damaged", "guard.unwritable",
                               "other-type", "too-many-rows", "too-many-fields"}) {
        checkHasItsOwnWords(answer);
    }
    for (auto const& note : found(contents("workflow/office/import_tables.cpp"),
                                  std::regex(R"re(notes\.push_back\(\{[^;]*?, "[a-z_]+", "([a-z-]+)")re"))) {
        checkHasItsOwnWords("note." + note);
    }
    for (auto const& advice :
         found(contents("workflow/office/exchange.cpp"), std::regex(R"re(advice\.push_back\("([a-z-]+)")re"))) {
        checkHasItsOwnWords("advice." + advice);
    }
}

TEST_CASE("a refusal says what and what next, with what it is about", "[cli]") {
    auto const said = say(makeError(ErrorCode::NotFound, "unit.missing", "jwx"), Language::Chinese);
    CHECK(said.text == "没有这个部门：jwx");
    CHECK(!said.next.empty());
    CHECK(say(makeError(ErrorCode::Usage, "usage.unknown-command", "stauts\nstatus"), Language::English).next ==
          "Did you mean spiral status?");
    CHECK(say(makeError(ErrorCode::NotFound, "file.missing", "open a b.txt: No such file or directory."),
              Language::English)
              .text == "No such file: a b.txt");
    CHECK(say(makeError(ErrorCode::Refused, "step.not-in-state", "it is open; possible: submit, extend"),
              Language::English)
              .text == "Not possible from this state; possible: submit, extend");
    // A reason that nobody has written about is still told, with its name.
    CHECK(say(makeError(ErrorCode::Refused, "brand.new", "why"), Language::English).text == "Refused (brand.new: why)");
    CHECK(sayReason("above-cut", Language::English).find("cut") != std::string::npos);
}

TEST_CASE("exit statuses tell refused, undecided, wrong usage and a failed environment apart", "[cli]") {
    auto const of = [](ErrorCode code, std::string_view reason) { return exitStatus(makeError(code, reason)); };
    CHECK(of(ErrorCode::Refused, "authority.self-approval") == 1);
    CHECK(of(ErrorCode::Malformed, "exchange.truncated") == 1);
    CHECK(of(ErrorCode::Waiting, "exchange.reader-unknown") == 2);
    CHECK(of(ErrorCode::Damaged, "exchange.damaged") == 1);
    CHECK(of(ErrorCode::Locked, "key.wrong-passphrase") == 1);
    CHECK(of(ErrorCode::NotFound, "document.missing") == 2);
    CHECK(of(ErrorCode::Waiting, "authority.wait-registry") == 2);
    CHECK(of(ErrorCode::WrongState, "device.not-enrolled") == 2);
    CHECK(of(ErrorCode::Usage, "usage.missing") == 3);
    CHECK(of(ErrorCode::Environment, "disk.full") == 4);
    CHECK(of(ErrorCode::Busy, "store.in-use") == 4);
    CHECK(of(ErrorCode::Unsupported, "store.newer") == 4);
    CHECK(of(ErrorCode::Damaged, "store.damaged") == 4);
}
