#include "desk.h"

#include <fstream>
#include <iterator>

namespace spiral::engine {
namespace {

/// A small workflow that is right; each test breaks one thing.
std::string workflowText(std::string_view oldText = "", std::string_view newText = "") {
    std::string text = R"({
        "schema": "workflow/1", "name": "note.v1", "label": {"zh": "记", "en": "note"}, "initial": "open",
        "states": [
            {"name": "open", "label": {"zh": "开", "en": "open"}, "caution": 2},
            {"name": "sent", "label": {"zh": "送", "en": "sent"}, "caution": 3},
            {"name": "done", "label": {"zh": "完", "en": "done"}, "caution": 1, "closed": true}
        ],
        "actions": [
            {"name": "submit", "label": {"zh": "送", "en": "submit"}, "from": ["open", "sent"], "to": "sent", "submission": true,
             "guards": [{"name": "field-equals", "field": "kind", "value": "annual"}]},
            {"name": "approve", "label": {"zh": "可", "en": "approve"}, "from": ["sent"], "to": "done", "decision": true,
             "guards": [{"name": "same-revision"}]},
            {"name": "return", "label": {"zh": "退", "en": "return"}, "from": ["sent"], "to": "open", "decision": true,
             "new_round": true, "guards": [{"name": "same-revision"}, {"name": "comment-required"}]}
        ]})";
    if (oldText.empty()) return text;
    std::size_t const place = text.find(oldText);
    REQUIRE(place != std::string::npos);
    return text.replace(place, oldText.size(), newText);
}

TEST_CASE("the built-in workflows load, and every type walks one that is there", "[engine][load]") {
    WorkflowCatalogue const& workflows = WorkflowCatalogue::builtIn();
    for (char const* name : {"document.v1", "task.v1"}) {
        REQUIRE(workflows.find(name) != nullptr);
        CHECK_FALSE(workflows.find(name)->label.zh.empty());
        CHECK(workflows.find(name)->state(workflows.find(name)->initial) != nullptr);
    }
    // And they pass what a college's own would have to.
    WorkflowCatalogue catalogue;
    for (char const* name : {"document.v1", "task.v1"}) {
        std::ifstream in("schemas/workflows/" + std::string(name) + ".json", std::ios::binary);
        std::string const text{std::istreambuf_iterator<char>(in), {}};
        CHECK(catalogue.add(text));
    }
    CHECK(workflows.find("task") == nullptr);
    for (model::DocumentType const* type : model::TypeCatalogue::builtIn().all()) {
        INFO(type->name);
        CHECK((type->workflow.empty() || workflows.find(type->workflow) != nullptr));
    }
    CHECK(workflows.find("task.v1")->dueFixed);
    CHECK(workflows.find("task.v1")->action("extend")->to.empty());
    CHECK(workflows.find("task.v1")->action("recheck-fail")->newRound);
}

TEST_CASE("a broken workflow is refused with the place and the rule", "[engine][load]") {
    struct Case {
        char const* what;
        char const* oldText;
        char const* newText;
        char const* reason;
        char const* detail;
    };
    Case const cases[] = {
        {"not JSON", "\"states\": [", "\"states\": ", "data.syntax", "line"},
        {"a key twice", "\"initial\": \"open\",", "\"initial\": \"open\", \"initial\": \"sent\",", "data.key-twice",
         "initial"},
        {"a fraction", "\"caution\": 2", "\"caution\": 2.5", "data.not-an-integer", "/states/0/caution"},
        {"no initial state", "\"initial\": \"open\",", "", "data.schema", "initial"},
        {"an unknown key", "\"closed\": true", "\"close\": true", "data.schema", "/states/2"},
        {"a guard outside the program's list", "{\"name\": \"same-revision\"}", "{\"name\": \"full-moon\"}",
         "data.schema", "/actions/1/guards/0"},
        {"caution as a word", "\"caution\": 2", "\"caution\": \"2\"", "data.schema", "/states/0/caution"},
        {"an initial state that is none", "\"initial\": \"open\"", "\"initial\": \"closed\"", "workflow.state-unknown",
         "note.v1/initial"},
        {"from a state that is none", "[\"open\", \"sent\"]", "[\"open\", \"lost\"]", "workflow.state-unknown",
         "note.v1/submit/from: lost"},
        {"to a state that is none", "\"to\": \"done\"", "\"to\": \"over\"", "workflow.state-unknown",
         "note.v1/approve/to: over"},
        {"a state twice", "\"name\": \"sent\"", "\"name\": \"open\"", "workflow.state-twice", "note.v1/open"},
        {"an action twice", "\"name\": \"return\"", "\"name\": \"approve\"", "workflow.action-twice",
         "note.v1/approve"},
        {"two states equally cautious", "\"caution\": 3", "\"caution\": 2", "workflow.caution-twice",
         "sent is as cautious as open"},
        {"a state that nothing leads to", "\"to\": \"done\"", "\"to\": \"sent\"", "workflow.state-unreachable",
         "note.v1/done"},
        {"an open state that nothing leaves", ", \"closed\": true", "", "workflow.state-without-exit", "note.v1/done"},
        {"a guard without its parameters", ", \"value\": \"annual\"", "", "workflow.guard-parameter",
         "note.v1/submit/field-equals"},
        {"a parameter that the guard does not take", "{\"name\": \"comment-required\"}",
         "{\"name\": \"comment-required\", \"value\": \"x\"}", "workflow.guard-parameter",
         "comment-required takes no value"},
        {"a guard twice", "{\"name\": \"comment-required\"}", "{\"name\": \"same-revision\"}", "workflow.guard-twice",
         "note.v1/return/same-revision"},
        {"a round without a verdict", "\"to\": \"open\", \"decision\": true", "\"to\": \"open\"",
         "workflow.round-without-verdict", "note.v1/return"},
        {"a decision that leads nowhere", "\"to\": \"done\", ", "", "workflow.leads-nowhere", "note.v1/approve"},
        {"decisions about submissions that there are none of", "\"submission\": true,", "", "workflow.no-submission",
         "note.v1/approve"},
        {"what submits and decides at once", "\"submission\": true,", "\"submission\": true, \"decision\": true,",
         "workflow.submission-decides", "note.v1/submit"},
        {"subjects of no rows", "\"initial\": \"open\",",
         "\"initial\": \"open\", \"expects\": [{\"name\": \"a\", \"type\": \"task.v1\", \"states\": [\"open\"], "
         "\"per\": "
         "{\"rows\": \"s\", \"match\": \"level\", \"when\": \"by\", \"unit\": \"lead\"}}],",
         "workflow.expects-subject", "note.v1/expects/a"},
        {"subjects that name no unit", "\"initial\": \"open\",",
         "\"initial\": \"open\", \"expects\": [{\"name\": \"a\", \"type\": \"task.v1\", \"states\": [\"open\"], "
         "\"rows\": "
         "\"points\", \"per\": {\"rows\": \"s\", \"match\": \"level\", \"when\": \"by\"}}],",
         "workflow.expects-subject", "note.v1/expects/a"},
    };
    for (Case const& broken : cases) {
        INFO(broken.what);
        WorkflowCatalogue catalogue;
        auto const added = catalogue.add(workflowText(broken.oldText, broken.newText));
        REQUIRE_FALSE(added);
        CHECK(added.error().code == ErrorCode::Malformed);
        CHECK(added.error().reason == broken.reason);
        CHECK_THAT(added.error().detail, Catch::Contains(broken.detail));
    }
    WorkflowCatalogue catalogue;
    auto const good = catalogue.add(workflowText());
    INFO((good ? "" : good.error().detail));
    CHECK(good);
    CHECK(catalogue.add(workflowText()).error().reason == "workflow.exists");
}

TEST_CASE("the eight-step cycle sketched in decision 5 loads and walks", "[engine][load]") {
    std::ifstream in("docs/decisions/0005-workflow-data.md", std::ios::binary);
    std::string const page{std::istreambuf_iterator<char>(in), {}};
    std::size_t const start = page.find("```json\n");
    REQUIRE(start != std::string::npos);
    std::size_t const end = page.find("```", start + 8);
    WorkflowCatalogue catalogue;
    auto const added = catalogue.add(page.substr(start + 8, end - start - 8));
    INFO((added ? "" : added.error().detail));
    REQUIRE(added);
    Desk desk(*catalogue.find("point.v1"), "task");
    desk.writes("r1", {{"title", "学生诉求与回应机制"}});
    std::string name = "a";
    for (char const* action : {"problems-found", "causes-found", "main-cause-found", "plan-made", "submit",
                               "recheck-pass", "standardised", "finish"}) {
        CHECK(desk.refusal(action, "r1").empty());
        desk.does(name, action, "r1");
        name += "a";
    }
    CHECK(desk.state() == "finished");
}

TEST_CASE("a guard on a field's value is asked before signing and by every reader", "[engine][load]") {
    WorkflowCatalogue catalogue;
    REQUIRE(catalogue.add(workflowText()));
    Desk desk(*catalogue.find("note.v1"), "report");
    desk.writes("r1", {{"title", "一"}, {"kind", "semester"}});
    CHECK(desk.refusal("submit", "r1") == "step.field-not-equal");
    CHECK(desk.possibleNow().empty());
    desk.does("s1", "submit", "r1");
    CHECK(desk.effect("s1") == ActEffect::GuardFailed);
    desk.writes("r2", {{"title", "一"}, {"kind", "annual"}}).does("s2", "submit", "r2");
    CHECK(desk.effect("s2") == ActEffect::Counts);
}

}  // namespace
}  // namespace spiral::engine
