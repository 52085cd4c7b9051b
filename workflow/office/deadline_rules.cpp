#include "office/deadline_rules.h"

#include "projector.h"

#include <algorithm>
#include <tuple>

namespace spiral::office {

namespace {

struct Approved {
    DocumentKey document;
    ObjectId revision;
    Instant when{};
};

/// The revision approved last, unless it was returned or withdrawn since.
std::optional<Approved> approvedOf(Office& office, DocumentKey const& document) {
    auto const facts = office.view().facts(document);
    if (!facts) return std::nullopt;
    Reading const reading = read(*facts, office.definitions());
    std::vector<engine::Act const*> decisions;
    for (auto const& act : reading.acts) {
        auto const effect = reading.standing.effects.find(act.id);
        if (effect != reading.standing.effects.end() && effect->second == engine::ActEffect::Counts)
            decisions.push_back(&act);
    }
    std::sort(decisions.begin(), decisions.end(),
              [](auto const* a, auto const* b) { return std::tie(a->time, a->id) < std::tie(b->time, b->id); });
    std::optional<Approved> approved;
    for (auto const* act : decisions) {
        if (act->action == "approve" || act->action == "accept") approved = Approved{document, act->of, act->time};
        bool const takenBack = act->action == "return" || act->action == "withdraw";
        if (takenBack && approved && act->of == approved->revision) approved.reset();
    }
    return approved;
}

}  // namespace

RulesInForce deadlineRules(Office& office) {
    RulesInForce inForce;
    replica::ListFilter filter;
    filter.type = "deadline-rules";
    filter.scope = Scope::college();
    std::optional<Approved> newest;
    for (auto const& listed : office.list(filter)) {
        auto const approved = approvedOf(office, listed.key());
        if (!approved) continue;
        auto const order = [](Approved const& each) { return std::tie(each.when, each.document); };
        if (!newest || order(*newest) < order(*approved)) newest = approved;
    }
    if (!newest) return inForce;
    inForce.from = newest->document;
    inForce.revision = newest->revision;
    auto const bytes = office.replica().revisionBytes(newest->revision);
    auto const revision = bytes ? trust::decodeRevision(*bytes) : Result<trust::Revision>(Error{});
    if (!revision) {
        inForce.problem = makeError(ErrorCode::NotFound, "revision.missing", newest->revision.hex());
        return inForce;
    }
    auto rules = engine::deadlineRulesFrom(revision->fields);
    if (rules)
        inForce.rules = *rules;
    else
        inForce.problem = rules.error();
    return inForce;
}

}  // namespace spiral::office
