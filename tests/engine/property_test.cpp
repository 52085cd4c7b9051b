#include "desk.h"

#include <chrono>
#include <random>
#include <set>

namespace spiral::engine {
namespace {

PersonId const kSomebody = *PersonId::parse("11111111111111111111111111111111");

using Random = std::mt19937_64;
std::size_t below(Random& random, std::size_t bound) { return static_cast<std::size_t>(random() % bound); }

/// Three versions of a task or plan, and acts of every kind, mostly in no order that makes sense.
Desk randomDesk(Random& random, std::string_view type, std::size_t acts) {
    Desk desk(type);
    desk.writes("r1", {}, {{"title", "一"}, {"due", "2026-03-31"}});
    desk.writes("r2", {"r1"}, {{"title", "二"}, {"due", "2026-04-30"}});
    desk.writes("r3", {"r1"}, {{"title", "三"}, {"due", "2026-03-31"}}, below(random, 4) != 0);
    Workflow const& workflow =
        *WorkflowCatalogue::builtIn().find(std::string(type == "task" ? "task" : "document") + ".v1");
    std::vector<std::string> names;
    for (std::size_t i = 0; i < acts; ++i) {
        std::string const name = std::to_string(random() % 1000) + "n" + std::to_string(i);
        Said said;
        if (below(random, 4) != 0) said.comment = "因为";
        if (below(random, 2) != 0) said.person = kSomebody;
        if (below(random, 3) != 0) said.until = "2026-0" + std::to_string(4 + below(random, 5)) + "-15";
        std::string const action =
            below(random, 20) == 0 ? "affirm" : workflow.actions[below(random, workflow.actions.size())].name;
        std::string const of = std::vector<std::string>{"r1", "r1", "r1", "r2", "r3", "r9"}[below(random, 6)];
        std::vector<ObjectId> const disputes =
            below(random, 2) == 0 ? desk.standing().disputes : std::vector<ObjectId>{};
        for (ObjectId const& dispute : disputes) said.settles.push_back(nameOf(dispute));
        if (below(random, 3) != 0) {
            desk.does(name, action, of, said);
        } else {
            std::set<std::string> after;
            for (std::size_t k = below(random, 3); k > 0 && !names.empty(); --k)
                after.insert(names[names.size() - 1 - below(random, std::min<std::size_t>(names.size(), 5))]);
            if (below(random, 15) == 0) after.insert("gone");
            desk.doesAfter(name, {after.begin(), after.end()}, action, of, said);
        }
        names.push_back(name);
    }
    return desk;
}

TEST_CASE("where a document stands is a function of the set of acts, not of their order", "[engine][property]") {
    Random random(5);
    std::set<std::string> states;
    int disputed = 0;
    for (int run = 0; run < 400; ++run) {
        INFO("run " << run);
        Desk desk = randomDesk(random, run % 2 == 0 ? "task" : "plan", 2 + below(random, 16));
        Standing const first = desk.standing();
        std::shuffle(desk.acts().begin(), desk.acts().end(), random);
        CHECK(shown(desk.standing()) == shown(first));
        states.insert(first.state);
        disputed += first.disputed ? 1 : 0;
    }
    // The runs are worth something: every state of both workflows was reached.
    CHECK(states.size() == 10);
    CHECK(disputed > 3);
}

TEST_CASE("an act without effect could as well not be there", "[engine][property]") {
    Random random(6);
    std::size_t tried = 0;
    for (int run = 0; run < 300; ++run) {
        INFO("run " << run);
        Desk desk = randomDesk(random, run % 2 == 0 ? "task" : "plan", 14);
        Standing const with = desk.standing();
        Standing without = with;
        for (std::size_t i = 0; i < desk.acts().size(); ++i) {
            Act const act = desk.acts()[i];
            if (with.effects.at(act.id) == ActEffect::Counts) continue;
            // Taking it out, its followers follow what it followed; if that is not here, they would wait.
            if (with.effects.at(act.id) == ActEffect::AfterUnknown) continue;
            if (std::find(act.after.begin(), act.after.end(), idOf("gone")) != act.after.end()) continue;
            Desk other = desk;
            other.forgets(nameOf(act.id));
            for (Act& follower : other.acts()) {
                if (std::erase(follower.after, act.id) == 0) continue;
                std::set<ObjectId> after(follower.after.begin(), follower.after.end());
                after.insert(act.after.begin(), act.after.end());
                follower.after.assign(after.begin(), after.end());
            }
            without = other.standing();
            INFO("without " << nameOf(act.id));
            CHECK(without.state == with.state);
            CHECK(without.due == with.due);
            CHECK(without.disputes == with.disputes);
            CHECK(without.revision == with.revision);
            CHECK(shown(without.rounds) == shown(with.rounds));
            for (auto const& [id, effect] : without.effects) CHECK(effect == with.effects.at(id));
            ++tried;
        }
    }
    CHECK(tried > 500);
}

TEST_CASE("an act that counts goes on counting whatever arrives beside it", "[engine][property]") {
    Random random(8);
    for (int run = 0; run < 300; ++run) {
        INFO("run " << run);
        Desk const desk = randomDesk(random, run % 2 == 0 ? "task" : "plan", 14);
        Standing const all = Desk(desk).standing();
        // A replica that holds, of some acts, everything they follow.
        Desk part = desk;
        std::set<ObjectId> wanted;
        for (std::size_t k = 0; k < 3; ++k) wanted.insert(part.acts()[below(random, part.acts().size())].id);
        for (std::size_t i = part.acts().size(); i-- > 0;) {
            Act const& act = part.acts()[i];
            if (wanted.contains(act.id)) wanted.insert(act.after.begin(), act.after.end());
        }
        std::erase_if(part.acts(), [&](Act const& act) { return !wanted.contains(act.id); });
        for (auto const& [id, effect] : part.standing().effects) CHECK(effect == all.effects.at(id));
    }
}

TEST_CASE("what may be prepared counts once it is signed, and what is possible may be prepared with the right words",
          "[engine][property]") {
    Random random(9);
    std::size_t prepared = 0;
    for (int run = 0; run < 400; ++run) {
        INFO("run " << run);
        Desk desk = randomDesk(random, run % 2 == 0 ? "task" : "plan", below(random, 12));
        Workflow const& workflow = *desk.facts().workflow;
        std::string const possibleNow = " " + desk.possibleNow() + " ";
        std::set<std::string> revisions;
        Facts const facts = desk.facts();
        for (ObjectId const& head : facts.merged->heads) revisions.insert(nameOf(head));
        auto const effects = desk.standing().effects;
        for (Act const& act : desk.acts()) {
            if (effects.at(act.id) == ActEffect::Counts) revisions.insert(nameOf(act.of));
        }
        for (Action const& action : workflow.actions) {
            INFO(action.name);
            bool anyBody = false;
            for (std::string const& of : revisions) {
                Said said{"因为", action.guard("until-required") != nullptr ? "2026-08-31" : "", {}};
                if (action.guard("person-required") != nullptr) said.person = kSomebody;
                auto const body = desk.prepares(action.name, of, said);
                // These two speak of the heads and not of the state.
                bool const isHead = std::find(facts.merged->heads.begin(), facts.merged->heads.end(), idOf(of)) !=
                                    facts.merged->heads.end();
                bool const otherwise =
                    !body && isHead &&
                    (body.error().reason == "step.differences-open" || body.error().reason == "step.several-heads");
                anyBody = anyBody || body || otherwise;
                if (!body) continue;
                trust::Record record;
                record.kind = action.name + ".v1";
                record.of = trust::Target{Scope::college(), idOf(of)};
                record.body = *body;
                record.time = Instant(std::chrono::hours(24 * 30000));
                Desk after = desk;
                after.acts().push_back(*actFrom(idOf("new"), record));
                CHECK(after.effect("new") == ActEffect::Counts);
                CHECK(namesOf(after.standing().last) == "new");
                ++prepared;
            }
            CHECK(anyBody == (possibleNow.find(" " + action.name + " ") != std::string::npos));
        }
    }
    CHECK(prepared > 400);
}

TEST_CASE("a line of acts walks the table of the workflow", "[engine][property]") {
    Random random(10);
    for (int run = 0; run < 200; ++run) {
        Workflow const& workflow = *WorkflowCatalogue::builtIn().find(run % 2 == 0 ? "task.v1" : "document.v1");
        Desk desk(run % 2 == 0 ? "task" : "plan");
        desk.writes("r1", {{"title", "一"}});
        std::string state = workflow.initial;
        bool submitted = false;
        for (int i = 0; i < 20; ++i) {
            Action const& action = workflow.actions[below(random, workflow.actions.size())];
            desk.does("n" + std::to_string(i), action.name, "r1", {"因为", "2026-05-01", {}, kSomebody});
            bool const legal = std::find(action.from.begin(), action.from.end(), state) != action.from.end() &&
                               (action.guard("same-revision") == nullptr || submitted) &&
                               !(action.guard("new-revision") != nullptr &&
                                 (state == "submitted" || state == "approved" || state == "accepted"));
            if (legal && !action.to.empty()) state = action.to;
            submitted = submitted || (legal && action.submission);
            INFO("run " << run << " step " << i << " " << action.name);
            REQUIRE(desk.state() == state);
            REQUIRE((desk.effect("n" + std::to_string(i)) == ActEffect::Counts) == legal);
        }
    }
}

TEST_CASE("a thousand acts on one document are no burden", "[engine][speed]") {
    Desk desk("task");
    desk.writes("r1", {{"title", "一"}, {"due", "2026-03-31"}});
    std::string last;
    for (int i = 0; i < 1000; ++i) {
        std::string const name = "n" + std::to_string(i);
        std::vector<std::string> after;
        if (!last.empty()) after.push_back(last);
        std::string const action = i % 2 == 0 ? "submit" : "recheck-fail";
        desk.doesAfter(name, after, action, "r1", {"因为", "2026-05-01", {}});
        if (i % 10 == 5) desk.doesAfter("e" + std::to_string(i), after, "extend", "r1", {"因为", "2026-06-01", {}});
        last = name;
    }
    Facts const facts = desk.facts();
    auto const start = std::chrono::steady_clock::now();
    Standing const standing = stand(facts);
    double const milliseconds =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    WARN("1100 acts, 501 rounds: " << milliseconds << " ms");
    CHECK(standing.failedRounds == 500);
    CHECK(milliseconds < 2000);
}

}  // namespace
}  // namespace spiral::engine
