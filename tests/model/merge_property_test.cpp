#include "merge_oracle.h"
#include "story.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <random>
#include <set>

namespace spiral::model {
namespace {

using Random = std::mt19937_64;

std::size_t below(Random& random, std::size_t bound) { return static_cast<std::size_t>(random() % bound); }

std::string letter(Random& random, std::string_view letters) {
    return std::string(1, letters[below(random, letters.size())]);
}

/// Few values and few elements, so that equal and different edits are both common.
void edit(json::Object& fields, Random& random, bool hostile) {
    switch (below(random, 8)) {
        case 0: fields.set("p", letter(random, "xyz")); break;
        case 1: fields.set("q", letter(random, "xyz")); break;
        case 2: fields.erase(letter(random, "pqsmr")); break;
        case 3:
        case 4: {
            json::Value* const set = fields.find("s");
            std::set<std::string> elements;
            if (set != nullptr && set->asArray() != nullptr) {
                for (json::Value const& element : *set->asArray()) {
                    if (element.asString() != nullptr) elements.insert(*element.asString());
                }
            }
            std::string const element = letter(random, "abc");
            if (elements.erase(element) == 0) elements.insert(element);
            fields.set("s", json::Array(elements.begin(), elements.end()));
            break;
        }
        default: {
            bool const isMap = below(random, 2) == 0;
            std::string const field = isMap ? "m" : "r";
            std::map<std::string, std::string> elements;
            if (json::Value* const array = fields.find(field); array != nullptr && array->asArray() != nullptr) {
                for (json::Value const& element : *array->asArray()) {
                    if (element.asObject() == nullptr) continue;
                    std::string const* const key = json::stringAt(*element.asObject(), isMap ? "k" : "id");
                    std::string const* const value = json::stringAt(*element.asObject(), "v");
                    if (key != nullptr && value != nullptr) elements[*key] = *value;
                }
            }
            std::string const element = letter(random, "abc");
            if (below(random, 3) == 0) {
                elements.erase(element);
            } else {
                elements[element] = letter(random, "xy");
            }
            json::Array array;
            for (auto const& [key, value] : elements)
                array.push_back(json::Object{{isMap ? "k" : "id", key}, {"v", value}});
            fields.set(field, std::move(array));
        }
    }
    if (hostile && below(random, 40) == 0) fields.set("s", json::Array{"z", "a"});
    if (hostile && below(random, 40) == 0) fields.set("r", json::Array{json::Object{{"id", 7}}});
    if (hostile && below(random, 40) == 0) fields.set("m", "none");
}

struct Options {
    std::size_t revisions = 12;
    bool hostile = false;
};

Story randomStory(Random& random, Options const& options) {
    Story story;
    std::vector<std::string> names;
    std::vector<json::Object> fields;
    for (std::size_t i = 0; i < options.revisions; ++i) {
        std::vector<std::string> parents;
        json::Object now;
        // Mostly recent parents, sometimes very old ones; now and then a second first revision.
        std::size_t const count =
            names.empty() || below(random, 25) == 0 ? 0 : 1 + (below(random, 3) == 0 ? 1 + below(random, 2) : 0);
        for (std::size_t k = 0; k < count; ++k) {
            std::size_t const back =
                below(random, below(random, 4) == 0 ? names.size() : std::min<std::size_t>(names.size(), 4));
            std::string const& parent = names[names.size() - 1 - back];
            if (std::find(parents.begin(), parents.end(), parent) != parents.end()) continue;
            parents.push_back(parent);
            now = fields[names.size() - 1 - back];
        }
        for (std::size_t k = below(random, 4); k > 0; --k) edit(now, random, options.hostile);
        if (!parents.empty() && below(random, 20) == 0) parents.push_back("nowhere");
        std::sort(parents.begin(), parents.end());
        // Random names: the order of ids says nothing about the order of time.
        std::string const name = std::to_string(random() % 1000) + "n" + std::to_string(i);
        story.writes(name, parents, now, below(random, 10) != 0);
        names.push_back(name);
        fields.push_back(now);
    }
    return story;
}

MergeRules const kRules{{"s", MergeRule::Set}, {"r", MergeRule::Rows}, {"m", MergeRule::Map}};

void checkEqual(Merged const& a, Merged const& b) {
    CHECK(namesOf(a.heads) == namesOf(b.heads));
    CHECK(namesOf(a.missing) == namesOf(b.missing));
    CHECK(json::encode(a.fields) == json::encode(b.fields));
    CHECK(shown(a.differences) == shown(b.differences));
    CHECK(a.differences == b.differences);
    CHECK(a.writers == b.writers);
}

TEST_CASE("merge is what the definition says, on random histories", "[merge][property]") {
    Random random(20260302);
    std::size_t differences = 0;
    std::size_t severalHeads = 0;
    for (int run = 0; run < 1200; ++run) {
        INFO("run " << run);
        Story const story = randomStory(random, {2 + below(random, 24), run % 3 == 0});
        std::vector<MergeRevision> revisions = story.revisions();
        // Some have not arrived.
        if (run % 2 == 0) std::erase_if(revisions, [&](MergeRevision const&) { return below(random, 8) == 0; });
        Merged const merged = merge(revisions, kRules);
        checkEqual(merged, mergedByDefinition(revisions, kRules));
        differences += merged.differences.size();
        severalHeads += merged.heads.size() > 1 ? 1 : 0;
    }
    // The histories are worth something.
    CHECK(severalHeads > 600);
    CHECK(differences > 1500);
}

TEST_CASE("merge is a function of the set, not of the order of arrival", "[merge][property]") {
    Random random(7);
    for (int run = 0; run < 300; ++run) {
        INFO("run " << run);
        Story const story = randomStory(random, {40, run % 2 == 0});
        std::vector<MergeRevision> revisions = story.revisions();
        Merged const first = merge(revisions, kRules);
        std::shuffle(revisions.begin(), revisions.end(), random);
        checkEqual(merge(revisions, kRules), first);
    }
}

TEST_CASE("sealing all heads with any choice closes every difference, on random histories", "[merge][property]") {
    Random random(11);
    for (int run = 0; run < 300; ++run) {
        INFO("run " << run);
        Story story = randomStory(random, {30, run % 3 == 0});
        Merged const merged = story.merged(kRules);
        if (merged.heads.empty()) continue;
        std::map<Cell, std::optional<json::Value>> choices;
        for (Difference const& difference : merged.differences) {
            choices[{difference.field, difference.element}] =
                difference.sides[below(random, difference.sides.size())].value;
        }
        auto const fields = resolved(merged, kRules, choices);
        REQUIRE(fields);
        std::vector<std::string> parents;
        for (ObjectId const& head : merged.heads) parents.push_back(nameOf(head));
        story.writes("sealed", parents, *fields);
        Merged const after = story.merged(kRules);
        CHECK(namesOf(after.heads) == "sealed");
        CHECK(after.differences.empty());
        CHECK(after.fields == *fields);
        // Nothing that was closed has changed by sealing.
        for (Change const& change : diff(merged.fields, *fields, kRules)) {
            bool const wasOpen =
                std::any_of(merged.differences.begin(), merged.differences.end(), [&](Difference const& d) {
                    return d.field == change.field &&
                           (d.element.empty() || change.element.empty() || d.element == change.element);
                });
            CHECK(wasOpen);
        }
    }
}

double millisecondsFor(std::vector<MergeRevision> const& revisions, MergeRules const& rules, Merged& merged) {
    auto const start = std::chrono::steady_clock::now();
    merged = merge(revisions, rules);
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

json::Object taskFields(std::size_t version) {
    json::Object fields;
    for (int field = 0; field < 30; ++field) fields.set("field_" + std::to_string(field), std::string(100, 'x'));
    fields.set("field_" + std::to_string(version % 30), "version " + std::to_string(version));
    return fields;
}

std::string number(std::size_t value) {
    std::string text = std::to_string(value);
    return std::string(6 - text.size(), '0') + text;
}

// The bounds are some twenty times what a plain build needs, so that they tell a quadratic step and not a busy machine.
TEST_CASE("a hundred heads on a thousand revisions merge well under a second", "[merge][speed]") {
    Story story;
    for (std::size_t i = 0; i < 900; ++i)
        story.writes(number(i), i == 0 ? std::vector<std::string>{} : std::vector{number(i - 1)}, taskFields(i));
    for (std::size_t i = 900; i < 1000; ++i) story.writes(number(i), {number(850 + i % 50)}, taskFields(i));
    Merged merged;
    double const milliseconds = millisecondsFor(story.revisions(), {}, merged);
    WARN("100 heads, 1000 revisions, 30 fields: " << milliseconds << " ms");
    CHECK(merged.heads.size() == 100);
    CHECK(milliseconds < 1000);
}

TEST_CASE("ten thousand revisions in a line cost little more than a look", "[merge][speed]") {
    Story story;
    for (std::size_t i = 0; i < 10000; ++i)
        story.writes(number(i), i == 0 ? std::vector<std::string>{} : std::vector{number(i - 1)}, taskFields(i));
    Merged merged;
    double const oneHead = millisecondsFor(story.revisions(), {}, merged);
    CHECK(merged.heads.size() == 1);
    story.writes("zzzzzz", {number(9990)}, taskFields(3));
    double const twoHeads = millisecondsFor(story.revisions(), {}, merged);
    CHECK(merged.heads.size() == 2);
    WARN("10000 revisions, 30 fields: one head " << oneHead << " ms, two heads " << twoHeads << " ms");
    CHECK(oneHead < 300);
    CHECK(twoHeads < 3000);
}

TEST_CASE("two campuses that merge each other's edits for years stay quick", "[merge][speed]") {
    Story story;
    story.writes(number(0), {}, taskFields(0));
    std::string east = number(0);
    std::string west = number(0);
    for (std::size_t i = 1; i < 4000; ++i) {
        std::string& side = i % 2 == 0 ? east : west;
        std::vector<std::string> parents{side};
        if (i % 10 < 2 && east != west) parents = {std::min(east, west), std::max(east, west)};
        story.writes(number(i), parents, taskFields(i));
        side = number(i);
    }
    Merged merged;
    double const milliseconds = millisecondsFor(story.revisions(), {}, merged);
    WARN("4000 revisions with 800 merges, 30 fields: " << milliseconds << " ms");
    CHECK(merged.heads.size() == 2);
    CHECK(milliseconds < 3000);
}

TEST_CASE("rows of the whole diagnosis catalogue on a hundred heads merge quickly", "[merge][speed]") {
    MergeRules const rules{{"answers", MergeRule::Rows}};
    auto const report = [](std::size_t who) {
        json::Array answers;
        for (std::size_t point = 0; point < 80; ++point) {
            answers.push_back(
                json::Object{{"id", "P" + number(point)}, {"result", point == who % 80 ? number(who) : "-"}});
        }
        return json::Object{{"answers", std::move(answers)}};
    };
    Story story;
    story.writes(number(0), {}, report(1000));
    for (std::size_t i = 1; i <= 100; ++i) story.writes(number(i), {number(0)}, report(i));
    Merged merged;
    double const milliseconds = millisecondsFor(story.revisions(), rules, merged);
    WARN("100 heads, 80 rows: " << milliseconds << " ms");
    CHECK(merged.differences.size() == 20 + 1);  // points 1…20 have two writers each, and point 40 got its own way
    CHECK(milliseconds < 1000);
}

}  // namespace
}  // namespace spiral::model
