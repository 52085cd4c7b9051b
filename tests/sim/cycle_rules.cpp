#include "cycle_rules.h"

#include <sstream>

namespace spiral::sim {
namespace {

std::set<std::string> wordsOf(char const* text) {
    std::istringstream in(text);
    std::set<std::string> words;
    for (std::string word; in >> word;) words.insert(word);
    return words;
}
StepRule step(char const* name, char const* from, char const* to, char const* words) {
    return {name, wordsOf(from), to, wordsOf(words)};
}

WorkflowRule cycle() {
    WorkflowRule rule;
    rule.initial = "draft";
    rule.states = {{"draft", {4}}, {"running", {3}}, {"closed", {1, true}}, {"cancelled", {2, true}}};
    rule.steps = {step("start", "draft", "running", "submission"),
                  step("adopt", "running", "running", "new why submission"),
                  step("extend", "running", "", "why until parts"),
                  step("assign", "running", "", "why person parts"),
                  step("remind", "running", "", "why parts"),
                  step("cancel", "draft running", "cancelled", "why decision parts"),
                  step("close", "running", "closed", "decision left")};
    rule.asks = {{"element",
                  "element.v1",
                  {"running", "closed"},
                  "",
                  "elements",
                  "units",
                  "",
                  "cycle",
                  {{"title", "title"},
                   {"level", "level"},
                   {"element", "@row"},
                   {"owner", "@unit"},
                   {"lead", "lead"},
                   {"joint", "units"},
                   {"period", "period"}}},
                 {"point",
                  "point.v1",
                  {"running", "closed"},
                  "",
                  "points",
                  "units",
                  "",
                  "cycle",
                  {{"title", "title"},
                   {"wording", "wording"},
                   {"level", "level"},
                   {"element", "element"},
                   {"point", "@row"},
                   {"owner", "@unit"},
                   {"period", "period"}}},
                 {"left-over",
                  "task.v1",
                  {"running", "closed"},
                  "",
                  "carried",
                  "unit",
                  "due",
                  "",
                  {{"title", "title"},
                   {"kind", "=rectification"},
                   {"problem", "problem"},
                   {"level", "level"},
                   {"element", "element"},
                   {"point", "point"},
                   {"owner", "@unit"},
                   {"carried_from", "from"}}}};
    rule.lists = {"elements", "points", "withdrawn", "carried", "readings"};
    rule.hasOwner = false;
    return rule;
}

WorkflowRule element() {
    WorkflowRule rule;
    rule.initial = "open";
    rule.states = {{"open", {3}}, {"submitted", {2}}, {"returned", {4}}, {"approved", {1, true}}};
    char const* const before = "open submitted returned";
    rule.steps = {step("submit", before, "submitted", "new-if-submitted submission"),
                  step("approve", "submitted", "approved", "same decision"),
                  step("return", "submitted", "returned", "same why decision"),
                  step("extend", before, "", "why until"),
                  step("assign", before, "", "why person"),
                  step("remind", before, "", "why")};
    rule.lists = {"joint"};
    return rule;
}

WorkflowRule point() {
    WorkflowRule rule;
    rule.initial = "find";
    rule.states = {{"find", {9}},  {"causes", {8}},  {"main-cause", {7}},  {"plan", {6}},      {"carry-out", {5}},
                   {"check", {4}}, {"failed", {10}}, {"standardise", {3}}, {"left-over", {2}}, {"finished", {1, true}}};
    char const* const open = "find causes main-cause plan carry-out check failed standardise left-over";
    rule.steps = {step("problems-found", "find", "causes", ""),
                  step("no-problem", "find", "check", "met submission"),
                  step("causes-found", "causes", "main-cause", ""),
                  step("main-cause-found", "main-cause", "plan", ""),
                  step("plan-made", "plan", "carry-out", ""),
                  step("submit", "carry-out failed", "check", "new-if-failed submission"),
                  step("recheck-pass", "check", "standardise", "same decision"),
                  step("recheck-fail", "check", "failed", "same why until decision round"),
                  step("standardised", "standardise", "left-over", ""),
                  step("finish", "left-over", "finished", ""),
                  step("extend", open, "", "why until parts"),
                  step("assign", open, "", "why person parts"),
                  step("remind", open, "", "why parts")};
    rule.asks = {{"rectification",
                  "task.v1",
                  {},
                  "recheck-fail",
                  "",
                  "",
                  "",
                  "source_document",
                  {{"title", "title"},
                   {"kind", "=rectification"},
                   {"problem", "!reason"},
                   {"level", "level"},
                   {"element", "element"},
                   {"point", "point"},
                   {"owner", "owner"}}}};
    return rule;
}

WorkflowRule task() {
    WorkflowRule rule;
    rule.initial = "open";
    rule.states = {{"open", {3}}, {"submitted", {2}}, {"failed", {4}}, {"passed", {1, true}}, {"cancelled", {5, true}}};
    char const* const before = "open submitted failed";
    rule.steps = {step("submit", before, "submitted", "new-if-submitted submission"),
                  step("recheck-pass", "submitted", "passed", "same decision"),
                  step("recheck-fail", "submitted", "failed", "same why until decision round"),
                  step("extend", before, "", "why until"),
                  step("assign", before, "", "why person"),
                  step("remind", before, "", "why"),
                  step("cancel", before, "cancelled", "why decision")};
    rule.lists = {"joint", "progress_log"};
    return rule;
}

}  // namespace

StepRule const* WorkflowRule::step(std::string_view name) const {
    for (StepRule const& each : steps) {
        if (each.name == name) return &each;
    }
    return nullptr;
}

WorkflowRule const* workflowRule(std::string_view type) {
    static std::map<std::string, WorkflowRule, std::less<>> const rules{
        {"cycle.v1", cycle()}, {"element.v1", element()}, {"point.v1", point()}, {"task.v1", task()}};
    auto const found = rules.find(type);
    return found == rules.end() ? nullptr : &found->second;
}

}  // namespace spiral::sim
