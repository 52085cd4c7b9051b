#include "model/merge.h"

#include "story.h"

#include <catch2/catch.hpp>

namespace spiral::model {
namespace {

json::Array words(std::initializer_list<char const*> list) { return json::Array(list.begin(), list.end()); }

json::Object row(char const* id, char const* text) { return {{"id", id}, {"text", text}}; }
json::Object entry(char const* key, char const* value) { return {{"k", key}, {"v", value}}; }

Story jwcAndXgcEditTitle() {
    Story story;
    story.writes("a", {}, {{"title", "draft"}, {"note", "n"}})
        .writes("b", {"a"}, {{"title", "jwc"}, {"note", "n"}})
        .writes("c", {"a"}, {{"title", "xgc"}, {"note", "n"}});
    return story;
}

TEST_CASE("a document without revisions is empty", "[merge]") {
    Merged const merged = merge({}, {});
    CHECK(merged.heads.empty());
    CHECK(merged.fields.empty());
    CHECK(merged.differences.empty());
}

TEST_CASE("with one head the document is that head's snapshot", "[merge]") {
    Story story;
    story.writes("a", {}, {{"title", "one"}, {"gone", "x"}}).writes("b", {"a"}, {{"title", "two"}});
    Merged const merged = story.merged();
    CHECK(namesOf(merged.heads) == "b");
    CHECK(merged.fields == json::Object{{"title", "two"}});
    CHECK(merged.differences.empty());
    CHECK(merged.writers.empty());
}

TEST_CASE("different fields merge without a question", "[merge]") {
    Story story;
    story.writes("a", {}, {{"title", "old"}, {"due", "2026-03-01"}})
        .writes("b", {"a"}, {{"title", "new"}, {"due", "2026-03-01"}})
        .writes("c", {"a"}, {{"title", "old"}, {"due", "2026-04-01"}});
    Merged const merged = story.merged();
    CHECK(namesOf(merged.heads) == "b c");
    CHECK(merged.fields == json::Object{{"title", "new"}, {"due", "2026-04-01"}});
    CHECK(merged.differences.empty());
    CHECK(namesOf(merged.writers.at("title")) == "b");
    CHECK(namesOf(merged.writers.at("due")) == "c");
}

TEST_CASE("the same field keeps both texts with their writers and the text before", "[merge]") {
    Merged const merged = jwcAndXgcEditTitle().merged();
    CHECK(shown(merged.differences) == "title: draft -> jwc by b | xgc by c");
    CHECK(merged.fields == json::Object{{"note", "n"}});
    CHECK(namesOf(merged.writers.at("note")) == "a");
}

TEST_CASE("equal texts never ask", "[merge]") {
    Story story;
    story.writes("a", {}, {{"title", "old"}})
        .writes("b", {"a"}, {{"title", "new"}})
        .writes("c", {"a"}, {{"title", "new"}});
    Merged const merged = story.merged();
    CHECK(merged.differences.empty());
    CHECK(merged.fields == json::Object{{"title", "new"}});
    CHECK(namesOf(merged.writers.at("title")) == "b c");
}

TEST_CASE("three who write one field are three sides, and two who agree are one", "[merge]") {
    Story story;
    story.writes("a", {}, {{"title", "old"}})
        .writes("b", {"a"}, {{"title", "x"}})
        .writes("c", {"a"}, {{"title", "y"}})
        .writes("d", {"a"}, {{"title", "z"}})
        .writes("e", {"a"}, {{"title", "x"}});
    CHECK(shown(story.merged().differences) == "title: old -> x by b e | y by c | z by d");
}

TEST_CASE("whoever writes a field back to what it was has written it", "[merge]") {
    Story story;
    story.writes("a", {}, {{"title", "old"}})
        .writes("b", {"a"}, {{"title", "new"}})
        .writes("c", {"b"}, {{"title", "old"}})
        .writes("d", {"a"}, {{"title", "other"}});
    CHECK(shown(story.merged().differences) == "title: old -> old by c | other by d");
}

TEST_CASE("an edit beside a deletion is asked", "[merge]") {
    Story story;
    story.writes("a", {}, {{"note", "old"}}).writes("b", {"a"}, {}).writes("c", {"a"}, {{"note", "new"}});
    CHECK(shown(story.merged().differences) == "note: old -> - by b | new by c");
}

TEST_CASE("a deletion beside no edit is a deletion", "[merge]") {
    Story story;
    story.writes("a", {}, {{"note", "old"}, {"title", "t"}})
        .writes("b", {"a"}, {{"title", "t"}})
        .writes("c", {"a"}, {{"note", "old"}, {"title", "u"}});
    Merged const merged = story.merged();
    CHECK(merged.differences.empty());
    CHECK(merged.fields == json::Object{{"title", "u"}});
}

TEST_CASE("a criss-cross is settled by who wrote last, not by a chosen ancestor", "[merge]") {
    // Both merge the other's edit of another field, then edit on: x and y are both newest common ancestors.
    Story story;
    story.writes("a", {}, {{"p", "0"}, {"q", "0"}})
        .writes("x", {"a"}, {{"p", "1"}, {"q", "0"}})
        .writes("y", {"a"}, {{"p", "0"}, {"q", "1"}})
        .writes("m", {"x", "y"}, {{"p", "1"}, {"q", "1"}})
        .writes("n", {"x", "y"}, {{"p", "2"}, {"q", "1"}});
    Merged const merged = story.merged();
    CHECK(namesOf(merged.heads) == "m n");
    CHECK(merged.differences.empty());
    CHECK(merged.fields == json::Object{{"p", "2"}, {"q", "1"}});
}

TEST_CASE("two who resolve one difference differently differ once more, without a base", "[merge]") {
    Story story = jwcAndXgcEditTitle();
    story.writes("m", {"b", "c"}, {{"title", "jwc"}, {"note", "n"}})
        .writes("n", {"b", "c"}, {{"title", "xgc"}, {"note", "n"}});
    CHECK(shown(story.merged().differences) == "title: ? -> jwc by m | xgc by n");
}

TEST_CASE("one revision whose parents are all heads closes every difference", "[merge]") {
    Story story = jwcAndXgcEditTitle();
    story.writes("m", {"b", "c"}, {{"title", "xgc"}, {"note", "n"}});
    Merged const merged = story.merged();
    CHECK(namesOf(merged.heads) == "m");
    CHECK(merged.differences.empty());
    CHECK(merged.fields == json::Object{{"title", "xgc"}, {"note", "n"}});
}

TEST_CASE("a resolved difference does not come back when an old revision arrives", "[merge]") {
    Story story = jwcAndXgcEditTitle();
    story.writes("m", {"b", "c"}, {{"title", "xgc"}, {"note", "n"}})
        .writes("z", {"a"}, {{"title", "draft"}, {"note", "late"}});
    Merged const merged = story.merged();
    CHECK(namesOf(merged.heads) == "m z");
    CHECK(merged.differences.empty());
    CHECK(merged.fields == json::Object{{"title", "xgc"}, {"note", "late"}});
}

TEST_CASE("an old revision that arrives with a third text is asked against the resolution alone", "[merge]") {
    Story story = jwcAndXgcEditTitle();
    story.writes("m", {"b", "c"}, {{"title", "xgc"}, {"note", "n"}})
        .writes("z", {"a"}, {{"title", "third"}, {"note", "n"}});
    CHECK(shown(story.merged().differences) == "title: draft -> xgc by m | third by z");
}

TEST_CASE("an edit on one side of an open difference supersedes that side only", "[merge]") {
    Story story = jwcAndXgcEditTitle();
    story.writes("d", {"b"}, {{"title", "jwc, better"}, {"note", "n"}});
    CHECK(shown(story.merged().differences) == "title: draft -> xgc by c | jwc, better by d");
}

TEST_CASE("sets merge by element", "[merge][elements]") {
    MergeRules const rules{{"joint", MergeRule::Set}};
    Story story;
    story.writes("a", {}, {{"joint", words({"jwc", "rsc"})}})
        .writes("b", {"a"}, {{"joint", words({"jwc", "rsc", "xgc"})}})
        .writes("c", {"a"}, {{"joint", words({"rsc"})}});
    Merged const merged = story.merged(rules);
    CHECK(merged.fields == json::Object{{"joint", words({"rsc", "xgc"})}});
    CHECK(merged.differences.empty());
}

TEST_CASE("a value not of its rule's form makes the field one cell", "[merge][elements]") {
    MergeRules const rules{{"joint", MergeRule::Set}};
    Story story;
    story.writes("a", {}, {{"joint", words({"a"})}})
        .writes("b", {"a"}, {{"joint", words({"z", "b"})}})
        .writes("c", {"a"}, {{"joint", words({"a", "c"})}});
    CHECK(shown(story.merged(rules).differences) == R"(joint: ["a"] -> ["z","b"] by b | ["a","c"] by c)");
}

TEST_CASE("rows merge by row, and one row that two edited is asked alone", "[merge][elements]") {
    MergeRules const rules{{"goals", MergeRule::Rows}};
    Story story;
    story.writes("a", {}, {{"goals", json::Array{row("g1", "one"), row("g2", "two")}}})
        .writes("b", {"a"}, {{"goals", json::Array{row("g1", "uno"), row("g2", "two"), row("g3", "three")}}})
        .writes("c", {"a"}, {{"goals", json::Array{row("g1", "eins")}}});
    Merged const merged = story.merged(rules);
    CHECK(merged.fields == json::Object{{"goals", json::Array{row("g3", "three")}}});
    CHECK(shown(merged.differences) ==
          R"(goals[g1]: {"id":"g1","text":"one"} -> {"id":"g1","text":"uno"} by b | {"id":"g1","text":"eins"} by c)");
}

TEST_CASE("a row that one deletes and another edits is asked", "[merge][elements]") {
    MergeRules const rules{{"goals", MergeRule::Rows}};
    Story story;
    story.writes("a", {}, {{"goals", json::Array{row("g1", "one")}}})
        .writes("b", {"a"}, {{"goals", json::Array{}}})
        .writes("c", {"a"}, {{"goals", json::Array{row("g1", "uno")}}});
    Merged const merged = story.merged(rules);
    CHECK(shown(merged.differences) ==
          R"(goals[g1]: {"id":"g1","text":"one"} -> - by b | {"id":"g1","text":"uno"} by c)");
    CHECK(merged.fields == json::Object{{"goals", json::Array{}}});
}

TEST_CASE("maps merge by key", "[merge][elements]") {
    MergeRules const rules{{"marks", MergeRule::Map}};
    Story story;
    story.writes("a", {}, {{"marks", json::Array{entry("p", "1"), entry("q", "1")}}})
        .writes("b", {"a"}, {{"marks", json::Array{entry("p", "2"), entry("q", "1")}}})
        .writes("c", {"a"}, {{"marks", json::Array{entry("p", "1"), entry("q", "3"), entry("r", "4")}}});
    Merged const merged = story.merged(rules);
    CHECK(merged.differences.empty());
    CHECK(merged.fields == json::Object{{"marks", json::Array{entry("p", "2"), entry("q", "3"), entry("r", "4")}}});
}

TEST_CASE("an element added beside a field taken out is kept", "[merge][elements]") {
    MergeRules const rules{{"joint", MergeRule::Set}};
    Story story;
    story.writes("a", {}, {{"joint", words({"jwc"})}})
        .writes("b", {"a"}, {})
        .writes("c", {"a"}, {{"joint", words({"jwc", "xgc"})}});
    Merged const merged = story.merged(rules);
    CHECK(merged.differences.empty());
    CHECK(merged.fields == json::Object{{"joint", words({"xgc"})}});
}

TEST_CASE("an empty list and no list differ, but nobody is asked which", "[merge][elements]") {
    MergeRules const rules{{"joint", MergeRule::Set}};
    Story story;
    story.writes("a", {}, {{"t", "0"}})
        .writes("b", {"a"}, {{"t", "0"}, {"joint", json::Array{}}})
        .writes("c", {"a"}, {{"t", "1"}});
    CHECK(story.merged(rules).fields == json::Object{{"joint", json::Array{}}, {"t", "1"}});
    Story roots;
    roots.writes("a", {}, {{"joint", json::Array{}}}).writes("b", {}, {});
    CHECK(roots.merged(rules).differences.empty());
    CHECK(roots.merged(rules).fields == json::Object{{"joint", json::Array{}}});
}

TEST_CASE("a missing ancestor opens every field that it could decide, and no other", "[merge][missing]") {
    Story story;
    story.writes("a", {}, {{"title", "old"}, {"note", "n"}})
        .writes("b", {"a"}, {{"title", "mid"}, {"note", "n"}})
        .writes("c", {"b"}, {{"title", "new"}, {"note", "n"}})
        .writes("d", {"a"}, {{"title", "old"}, {"note", "other"}});
    CHECK(story.merged().differences.empty());

    Merged const merged = merge(story.without({"b"}), {});
    CHECK(namesOf(merged.missing) == "b");
    CHECK(namesOf(merged.heads) == "c d");
    // c may have written either field, or have found both as they are; and a is not known to lie before c.
    CHECK(shown(merged.differences) == "note: ? -> n by c | other by d\ntitle: ? -> old by a | new by c");
}

TEST_CASE("what is missing below a common ancestor leaves the base known", "[merge][missing]") {
    Story story;
    story.writes("a", {}, {{"title", "0"}})
        .writes("b", {"a"}, {{"title", "1"}})
        .writes("c", {"b"}, {{"title", "2"}})
        .writes("d", {"b"}, {{"title", "3"}});
    Merged const merged = merge(story.without({"a"}), {});
    CHECK(namesOf(merged.missing) == "a");
    CHECK(shown(merged.differences) == "title: 1 -> 2 by c | 3 by d");
}

TEST_CASE("a base that something missing may have changed is not known", "[merge][missing]") {
    Story story;
    story.writes("a", {}, {{"title", "0"}})
        .writes("b", {"a"}, {{"title", "1"}})
        .writes("c", {"a", "b"}, {{"title", "2"}})
        .writes("d", {"a", "b"}, {{"title", "3"}});
    CHECK(shown(story.merged().differences) == "title: 1 -> 2 by c | 3 by d");
    CHECK(shown(merge(story.without({"b"}), {}).differences) == "title: ? -> 2 by c | 3 by d");
}

TEST_CASE("a revision without fields counts as missing", "[merge][missing]") {
    Story story = jwcAndXgcEditTitle();
    auto revisions = story.revisions();
    revisions.front().fields = nullptr;
    Merged const merged = merge(revisions, {});
    CHECK(namesOf(merged.missing) == "a");
    CHECK(namesOf(merged.heads) == "b c");
    CHECK(shown(merged.differences) == "title: ? -> jwc by b | xgc by c");
}

TEST_CASE("a revision set aside decides nothing, and its children stand on its parents", "[merge][aside]") {
    Story story;
    story.writes("a", {}, {{"title", "old"}, {"note", "n"}})
        .writesInVain("b", {"a"}, {{"title", "forged"}, {"note", "n"}})
        .writes("c", {"b"}, {{"title", "forged"}, {"note", "mine"}})
        .writes("d", {"a"}, {{"title", "honest"}, {"note", "n"}});
    Merged const merged = story.merged();
    CHECK(namesOf(merged.heads) == "c d");
    CHECK(merged.missing.empty());
    // c took over the forged title by sealing it, so it is c who wrote it.
    CHECK(shown(merged.differences) == "title: old -> forged by c | honest by d");
    CHECK(merged.fields == json::Object{{"note", "mine"}});
}

TEST_CASE("a head set aside is no head", "[merge][aside]") {
    Story story;
    story.writes("a", {}, {{"title", "old"}}).writesInVain("b", {"a"}, {{"title", "forged"}});
    Merged const merged = story.merged();
    CHECK(namesOf(merged.heads) == "a");
    CHECK(merged.fields == json::Object{{"title", "old"}});
}

TEST_CASE("what a head set aside names but nobody gave is not waited for", "[merge][aside]") {
    Story story;
    story.writes("a", {}, {{"title", "old"}}).writesInVain("b", {"nowhere"}, {{"title", "forged"}});
    CHECK(story.merged().missing.empty());
    story.writes("c", {"b"}, {{"title", "new"}});
    CHECK(namesOf(story.merged().missing) == "nowhere");
}

TEST_CASE("two first revisions of one document differ in all that they say differently", "[merge]") {
    Story story;
    story.writes("a", {}, {{"title", "x"}, {"same", "s"}}).writes("b", {}, {{"title", "y"}, {"same", "s"}});
    Merged const merged = story.merged();
    CHECK(shown(merged.differences) == "title: ? -> x by a | y by b");
    CHECK(merged.fields == json::Object{{"same", "s"}});
}

TEST_CASE("what is there to seal follows the choices", "[merge][resolve]") {
    MergeRules const rules{{"goals", MergeRule::Rows}, {"joint", MergeRule::Set}};
    Story story;
    story.writes("a", {}, {{"title", "old"}, {"goals", json::Array{row("g1", "one"), row("g2", "two")}}})
        .writes("b", {"a"}, {{"title", "jwc"}, {"goals", json::Array{row("g1", "uno"), row("g2", "two")}}})
        .writes("c", {"a"}, {{"title", "xgc"}, {"goals", json::Array{row("g2", "two")}}});
    Merged const merged = story.merged(rules);
    Cell const title{"title", ""};
    Cell const goal{"goals", "g1"};

    auto const open = resolved(merged, rules, {{title, json::Value("jwc")}});
    REQUIRE_FALSE(open);
    CHECK(open.error().code == ErrorCode::Waiting);
    CHECK(open.error().reason == "merge.still-open");
    CHECK(open.error().detail == "goals[g1]");

    auto const kept = resolved(merged, rules, {{title, json::Value("both")}, {goal, json::Value(row("g1", "uno"))}});
    REQUIRE(kept);
    CHECK(*kept == json::Object{{"title", "both"}, {"goals", json::Array{row("g1", "uno"), row("g2", "two")}}});

    auto const taken = resolved(merged, rules, {{title, std::nullopt}, {goal, std::nullopt}});
    REQUIRE(taken);
    CHECK(*taken == json::Object{{"goals", json::Array{row("g2", "two")}}});

    auto const stray =
        resolved(merged, rules, {{title, std::nullopt}, {goal, std::nullopt}, {{"note", ""}, std::nullopt}});
    REQUIRE_FALSE(stray);
    CHECK(stray.error().code == ErrorCode::NotFound);

    auto const renamed = resolved(merged, rules, {{title, std::nullopt}, {goal, json::Value(row("g9", "uno"))}});
    REQUIRE_FALSE(renamed);
    CHECK(renamed.error().reason == "merge.not-that-element");
}

TEST_CASE("more rows than anybody would look through make the list one cell, and nothing of it is lost",
          "[merge][limits]") {
    MergeRules const rules{{"goals", MergeRule::Rows}};
    auto const rowsFrom = [](std::size_t first, std::size_t count) {
        json::Array rows;
        for (std::size_t i = first; i < first + count; ++i)
            rows.emplace_back(row(std::to_string(100'000 + i).c_str(), "text"));
        return rows;
    };
    for (std::size_t const apart : {kMergedElementsMax / 2, kMergedElementsMax / 2 + 1}) {
        Story story;
        story.writes("a", {}, {{"title", "t"}});
        story.writes("b", {"a"}, {{"title", "t"}, {"goals", rowsFrom(0, apart)}});
        story.writes("c", {"a"}, {{"title", "t"}, {"goals", rowsFrom(apart, apart)}});
        Merged const merged = story.merged(rules);
        if (2 * apart <= kMergedElementsMax) {
            CHECK(merged.differences.empty());
            CHECK(merged.fields.find("goals")->asArray()->size() == 2 * apart);
            continue;
        }
        REQUIRE(merged.differences.size() == 1);
        CHECK(merged.differences.front().element.empty());
        CHECK(merged.differences.front().sides.size() == 2);
        auto const taken = resolved(merged, rules, {{{"goals", ""}, merged.differences.front().sides.front().value}});
        REQUIRE(taken);
        CHECK(taken->find("goals")->asArray()->size() == apart);
    }
}

TEST_CASE("choices about many rows are put in, changed and taken out in their places", "[merge][resolve]") {
    MergeRules const rules{{"goals", MergeRule::Rows}};
    json::Array const before{row("b", "1"), row("d", "1"), row("f", "1"), row("h", "1")};
    json::Array const hers{row("a", "2"), row("b", "2"), row("d", "1"), row("h", "2")};
    json::Array const his{row("b", "3"), row("d", "1"), row("f", "3"), row("i", "3")};
    Story story;
    story.writes("r", {}, {{"goals", before}});
    story.writes("s", {"r"}, {{"goals", hers}});
    story.writes("t", {"r"}, {{"goals", his}});
    Merged const merged = story.merged(rules);
    CHECK(shown(merged.differences).find("goals[b]") == 0);
    REQUIRE(merged.differences.size() == 3);  // b changed twice; f and h taken out by one, changed by the other
    auto const both = resolved(merged, rules,
                               {{{"goals", "b"}, json::Value(row("b", "4"))},
                                {{"goals", "f"}, std::nullopt},
                                {{"goals", "h"}, json::Value(row("h", "2"))}});
    REQUIRE(both);
    CHECK(*both->find("goals")->asArray() ==
          json::Array{row("a", "2"), row("b", "4"), row("d", "1"), row("h", "2"), row("i", "3")});
}

TEST_CASE("what a revision may hold for a merge is bounded by name", "[merge][limits]") {
    json::Object fields;
    for (std::size_t i = 0; i < kFieldsMax; ++i) fields.set("f" + std::to_string(i), "x");
    CHECK_FALSE(tooMuchToMerge(fields, {}));
    fields.set("one_more", "x");
    CHECK(tooMuchToMerge(fields, {}) == "too-many-fields");
    json::Array rows(kElementsMax + 1, json::Value(row("a", "x")));
    CHECK(tooMuchToMerge({{"goals", rows}}, {{"goals", MergeRule::Rows}}) == "too-many-rows");
    CHECK_FALSE(tooMuchToMerge({{"goals", rows}}, {}));
    rows.pop_back();
    CHECK_FALSE(tooMuchToMerge({{"goals", rows}}, {{"goals", MergeRule::Rows}}));
}

TEST_CASE("a change is told cell by cell", "[merge][diff]") {
    MergeRules const rules{{"goals", MergeRule::Rows}, {"joint", MergeRule::Set}};
    json::Object const before{{"title", "old"}, {"goals", json::Array{row("g1", "one"), row("g2", "two")}}};
    json::Object const after{
        {"joint", words({"jwc"})}, {"goals", json::Array{row("g2", "zwei"), row("g3", "three")}}, {"title", "old"}};
    std::string told;
    for (Change const& change : diff(before, after, rules)) {
        told += change.field + "[" + change.element + "] " + shown(change.before) + " -> " + shown(change.after) + "\n";
    }
    CHECK(told ==
          "goals[g1] {\"id\":\"g1\",\"text\":\"one\"} -> -\n"
          "goals[g2] {\"id\":\"g2\",\"text\":\"two\"} -> {\"id\":\"g2\",\"text\":\"zwei\"}\n"
          "goals[g3] - -> {\"id\":\"g3\",\"text\":\"three\"}\n"
          "joint[jwc] - -> jwc\n");
    CHECK(diff(before, before, rules).empty());
    auto const emptied = diff({{"joint", json::Array{}}}, {}, rules);
    REQUIRE(emptied.size() == 1);
    CHECK(emptied.front().element.empty());
}

}  // namespace
}  // namespace spiral::model
