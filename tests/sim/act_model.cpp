#include "act_model.h"

#include <algorithm>

namespace spiral::sim {
namespace {

using Ids = std::set<ObjectId>;

/// A list of ids in a record's body: sorted, each once; empty if it is not there, nothing if it is anything else.
template <class Id>
std::optional<std::set<Id>> idsAt(json::Object const& body, std::string_view key) {
    std::set<Id> ids;
    json::Value const* const value = body.find(key);
    if (value == nullptr) return ids;
    if (value->asArray() == nullptr) return std::nullopt;
    for (json::Value const& element : *value->asArray()) {
        auto const id = element.asString() == nullptr ? std::nullopt : Id::fromHex(*element.asString());
        if (!id || (!ids.empty() && !(*ids.rbegin() < *id))) return std::nullopt;
        ids.insert(*id);
    }
    return ids;
}
bool says(std::string const& comment) { return comment.find_first_not_of(" \t\r\n") != std::string::npos; }
void keepEarlier(std::optional<Day>& day, std::optional<Day> const& other) {
    if (other && (!day || *other < *day)) day = other;
}

class ActGraph {
public:
    ActGraph(WorkflowRule const& rule, std::vector<ActFact> const& acts,
             std::map<ObjectId, json::Object const*> const& revisions)
        : m_rule(rule), m_revisions(revisions) {
        for (ActFact const& act : acts) m_acts.emplace(act.id, act);
        for (auto const& [id, act] : m_acts) {
            if (m_rule.step(act.name) != nullptr) m_steps.insert(id);
        }
    }

    StandModel stand(std::optional<Day> const& firstDue) {
        StandModel stand;
        for (auto const& [id, act] : m_acts) {
            if (!counts(id)) stand.withoutEffect.insert(id);
        }
        stand.last = newest(m_steps);
        Place const now = placeAfter(m_steps);
        stand.state = now.state;
        stand.closed = m_rule.states.at(now.state).closed;
        stand.disputes = now.disputes;
        if (now.by) stand.revision = m_acts.at(*now.by).of;
        if (now.by) stand.left = m_acts.at(*now.by).left;
        stand.due = firstDue;
        Ids const movers = datesAfter(stand.last);
        if (!movers.empty()) stand.due = earliestOf(movers);
        stand.person = personOf(chosen([&](ActFact const& act, StepRule const& step) {
            return act.parts.empty() && act.person && step.is("person");
        }));
        for (int number = 1; number <= now.round; ++number) {
            stand.rounds.push_back(roundOf(number));
            RoundModel const& round = stand.rounds.back();
            if (round.submitted) stand.submitted = round.submitted;
            if (round.verdict && m_rule.step(round.verdict->name)->is("round")) ++stand.failedRounds;
        }
        if (!stand.submitted) stand.submitted = stand.revision;
        for (auto const& [id, act] : m_acts) {
            for (DocumentId const& part : act.parts) {
                if (m_steps.contains(id) && counts(id)) stand.parts[part] = partOf(part);
            }
        }
        return stand;
    }

private:
    struct Place {
        std::string state;
        Ids disputes;
        std::optional<ObjectId> by;
        int round = 1;
    };
    struct Trial {
        bool counts = false;
        bool settles = false;
        std::string from;
    };

    /// Everything that an act follows, near or far.
    Ids const& past(ObjectId const& id) {
        auto const known = m_past.find(id);
        if (known != m_past.end()) return known->second;
        Ids all, open = m_acts.at(id).after;
        while (!open.empty()) {
            ObjectId const next = *open.begin();
            open.erase(open.begin());
            auto const act = m_acts.find(next);
            if (act == m_acts.end() || !all.insert(next).second) continue;
            open.insert(act->second.after.begin(), act->second.after.end());
        }
        return m_past[id] = std::move(all);
    }
    /// Those that no other of them follows.
    Ids newest(Ids const& ids) {
        Ids result;
        for (ObjectId const& id : ids) {
            bool const followed =
                std::any_of(ids.begin(), ids.end(), [&](ObjectId const& other) { return past(other).contains(id); });
            if (!followed) result.insert(id);
        }
        return result;
    }
    StepRule const& step(ObjectId const& id) const { return *m_rule.step(m_acts.at(id).name); }
    bool isStep(ObjectId const& id) const { return m_steps.contains(id); }
    /// Newest acts that count and of which this is true.
    template <class Test>
    Ids chosen(Test const& test) {
        Ids found;
        for (ObjectId const& id : m_steps) {
            if (counts(id) && test(m_acts.at(id), step(id))) found.insert(id);
        }
        return newest(found);
    }

    /// The most cautious, of equal ones the youngest by its own claim.
    ObjectId leader(Ids const& ids) const {
        auto const rank = [&](ObjectId const& id) {
            return std::tuple(m_rule.states.at(step(id).to).caution, m_acts.at(id).time, id);
        };
        return *std::max_element(ids.begin(), ids.end(),
                                 [&](ObjectId const& a, ObjectId const& b) { return rank(a) < rank(b); });
    }
    std::optional<PersonId> personOf(Ids const& ids) const {
        std::optional<std::pair<Instant, ObjectId>> youngest;
        for (ObjectId const& id : ids) {
            std::pair const when(m_acts.at(id).time, id);
            if (!youngest || *youngest < when) youngest = when;
        }
        return youngest ? m_acts.at(youngest->second).person : std::nullopt;
    }
    std::optional<Day> earliestOf(Ids const& ids) const {
        std::optional<Day> day;
        for (ObjectId const& id : ids) keepEarlier(day, m_acts.at(id).until);
        return day;
    }

    /// Where the document stands after a set of acts with everything that they follow.
    Place placeAfter(Ids const& acts) {
        Ids moved;
        for (ObjectId const& id : acts) {
            if (isStep(id) && !step(id).to.empty() && m_acts.at(id).parts.empty() && counts(id)) moved.insert(id);
        }
        moved = newest(moved);
        Place place;
        place.state = m_rule.initial;
        if (moved.empty()) return place;
        place.by = leader(moved);
        place.state = step(*place.by).to;
        std::set<std::string> outcomes;
        for (ObjectId const& id : moved) {
            place.round = std::max(place.round, roundAfter(id));
            if (!step(id).is("decision")) continue;
            place.disputes.insert(id);
            outcomes.insert(step(id).to);
        }
        if (outcomes.size() < 2) place.disputes.clear();
        return place;
    }
    Place const& placeBefore(ObjectId const& id) {
        auto const known = m_places.find(id);
        if (known != m_places.end()) return known->second;
        Place made = placeAfter(past(id));
        return m_places[id] = std::move(made);
    }
    bool counts(ObjectId const& id) { return isStep(id) && trial(id).counts; }
    Trial const& trial(ObjectId const& id) {
        auto const known = m_trials.find(id);
        if (known != m_trials.end()) return known->second;
        Trial made = judge(id);
        return m_trials[id] = std::move(made);
    }
    Trial judge(ObjectId const& id) {
        ActFact const& act = m_acts.at(id);
        Trial trial;
        bool const knows = std::all_of(act.after.begin(), act.after.end(),
                                       [&](ObjectId const& before) { return m_acts.contains(before); });
        if (!knows || !m_revisions.contains(act.of)) return trial;
        Place const& place = placeBefore(id);
        trial.from = place.state;
        trial.settles = settles(act, place, trial.from);
        if (!trial.settles && !step(id).from.contains(trial.from)) return trial;
        if (!act.parts.empty() && !step(id).is("parts")) return trial;
        if (!act.left.empty() && !step(id).is("left")) return trial;
        trial.counts = saysEnough(act, step(id), trial.from);
        return trial;
    }
    /// A decision that names all that are in dispute, about a revision that one of them is about.
    bool settles(ActFact const& act, Place const& place, std::string& from) {
        StepRule const& rule = *m_rule.step(act.name);
        if (!rule.is("decision") || !act.parts.empty() || place.disputes.empty()) return false;
        if (act.settles != place.disputes) return false;
        bool sameRevision = false;
        std::optional<std::string> before;
        for (ObjectId const& id : place.disputes) {
            sameRevision = sameRevision || m_acts.at(id).of == act.of;
            std::string const& there = trial(id).from;
            if (!rule.from.contains(there)) return false;
            if (!before || m_rule.states.at(there).caution > m_rule.states.at(*before).caution) before = there;
        }
        if (sameRevision) from = *before;
        return sameRevision;
    }
    bool saysEnough(ActFact const& act, StepRule const& rule, std::string const& from) {
        bool submitted = false;
        Ids submissions;
        for (ObjectId const& before : past(act.id)) {
            if (isStep(before) && step(before).is("submission") && counts(before)) submissions.insert(before);
        }
        for (ObjectId const& before : newest(submissions)) submitted = submitted || m_acts.at(before).of == act.of;
        if (rule.is("why") && !says(act.comment)) return false;
        if (rule.is("until") && !act.until) return false;
        if (rule.is("person") && !act.person) return false;
        if (rule.is("same") && !submitted) return false;
        bool const wantsNew = rule.is("new") || (rule.is("new-if-submitted") && from == "submitted") ||
                              (rule.is("new-if-failed") && from == "failed");
        if (wantsNew && submitted) return false;
        if (rule.is("met")) {
            json::Object const& fields = *m_revisions.at(act.of);
            std::string const* const result = json::stringAt(fields, "result");
            if (result == nullptr || *result != "met") return false;
        }
        return true;
    }

    /// The round in which an act falls: a dispute that is decided anew belongs to the round of what was disputed.
    int roundOf(ObjectId const& id) {
        auto const known = m_rounds.find(id);
        if (known != m_rounds.end()) return known->second;
        int const round = findRoundOf(id);
        return m_rounds[id] = round;
    }
    int findRoundOf(ObjectId const& id) {
        Place const& place = placeBefore(id);
        if (trial(id).settles) {
            int round = 1;
            for (ObjectId const& disputed : place.disputes) round = std::max(round, roundOf(disputed));
            return round;
        }
        bool const again =
            step(id).is("submission") && place.by && step(*place.by).isVerdict() && !step(*place.by).is("round");
        return place.round + (again ? 1 : 0);
    }
    int roundAfter(ObjectId const& id) { return roundOf(id) + (step(id).is("round") ? 1 : 0); }

    bool isSettled(ObjectId const& id) {
        return std::any_of(m_steps.begin(), m_steps.end(), [&](ObjectId const& other) {
            return counts(other) && trial(other).settles && m_acts.at(other).settles.contains(id);
        });
    }
    RoundModel roundOf(int number) {
        RoundModel round;
        auto const isHere = [&](ActFact const& act) { return roundOf(act.id) == number; };
        Ids const submissions =
            chosen([&](ActFact const& act, StepRule const& rule) { return rule.is("submission") && isHere(act); });
        if (!submissions.empty()) round.submitted = m_acts.at(leader(submissions)).of;
        Ids const verdicts = chosen([&](ActFact const& act, StepRule const& rule) {
            return rule.isVerdict() && isHere(act) && !isSettled(act.id);
        });
        if (verdicts.empty()) return round;
        round.verdict = m_acts.at(leader(verdicts));
        for (ObjectId const& id : m_steps) {
            ActFact const& act = m_acts.at(id);
            bool const apart = act.name == round.verdict->name && act.of == round.verdict->of;
            if (apart && counts(id) && !isSettled(id)) keepEarlier(round.until, act.until);
        }
        return round;
    }

    /// Of these acts, and those before them, the ones that say until when. Deciding a dispute anew undoes what the
    /// disputed decisions said of it.
    Ids datesAfter(Ids const& ids) {
        Ids all;
        for (ObjectId const& id : ids) {
            Ids const said = datesAfter(id);
            all.insert(said.begin(), said.end());
        }
        return newest(all);
    }
    Ids datesBefore(ObjectId const& id) {
        if (isStep(id) && trial(id).settles && counts(id)) {
            Ids all;
            for (ObjectId const& disputed : m_acts.at(id).settles) {
                Ids const said = datesBefore(disputed);
                all.insert(said.begin(), said.end());
            }
            return newest(all);
        }
        Ids before;
        for (ObjectId const& earlier : m_acts.at(id).after) {
            if (m_acts.contains(earlier)) before.insert(earlier);
        }
        return datesAfter(before);
    }
    Ids datesAfter(ObjectId const& id) {
        auto const known = m_dates.find(id);
        if (known != m_dates.end()) return known->second;
        ActFact const& act = m_acts.at(id);
        bool const sets = counts(id) && act.parts.empty() && act.until && step(id).is("until");
        Ids dates = sets ? Ids{id} : datesBefore(id);
        return m_dates[id] = std::move(dates);
    }

    PartModel partOf(DocumentId const& part) {
        auto const about = [&](ActFact const& act) { return act.parts.contains(part); };
        auto const dates = [&](ActFact const& act, StepRule const& rule) {
            return about(act) && act.until && rule.is("until");
        };
        auto const takesBack = [&](StepRule const& rule) {
            return !rule.to.empty() && m_rule.states.at(rule.to).closed;
        };
        PartModel model;
        model.due = earliestOf(chosen(dates));
        model.person = personOf(chosen(
            [&](ActFact const& act, StepRule const& rule) { return about(act) && act.person && rule.is("person"); }));
        for (ObjectId const &id : chosen([&](ActFact const&act, StepRule const&rule) {
                 return dates(act, rule) || (about(act) && takesBack(rule));
             }))
            model.takenBack = model.takenBack || takesBack(step(id));
        for (ObjectId const &id : chosen([&](ActFact const&act, StepRule const&) { return about(act); }))
            model.comments.insert(m_acts.at(id).comment);
        return model;
    }

    WorkflowRule const& m_rule;
    std::map<ObjectId, json::Object const*> const& m_revisions;
    std::map<ObjectId, ActFact> m_acts;
    Ids m_steps;
    std::map<ObjectId, Ids> m_past, m_dates;
    std::map<ObjectId, Trial> m_trials;
    std::map<ObjectId, Place> m_places;
    std::map<ObjectId, int> m_rounds;
};

}  // namespace

std::optional<ActFact> actFact(ObjectId const& id, Record const& record) {
    if (!record.of || !record.kind.ends_with(".v1")) return std::nullopt;
    auto after = idsAt<ObjectId>(record.body, "after"), settles = idsAt<ObjectId>(record.body, "settles");
    auto parts = idsAt<DocumentId>(record.body, "for"), left = idsAt<DocumentId>(record.body, "left");
    if (!after || !settles || !parts || !left) return std::nullopt;
    ActFact act;
    act.id = id;
    act.of = record.of->id;
    act.name = record.kind.substr(0, record.kind.size() - 3);
    act.time = record.time;
    act.after = *after;
    act.settles = *settles;
    act.parts = *parts;
    act.left = *left;
    auto const text = [&](char const* key) { return json::stringAt(record.body, key); };
    if (record.body.find("comment") != nullptr) {
        if (text("comment") == nullptr) return std::nullopt;
        act.comment = *text("comment");
    }
    if (record.body.find("until") != nullptr) {
        act.until = text("until") == nullptr ? std::nullopt : parseDay(*text("until"));
        if (!act.until) return std::nullopt;
    }
    if (record.body.find("person") != nullptr) {
        act.person = text("person") == nullptr ? std::nullopt : PersonId::parse(*text("person"));
        if (!act.person) return std::nullopt;
    }
    return act;
}

StandModel standOf(WorkflowRule const& rule, std::vector<ActFact> const& acts,
                   std::map<ObjectId, json::Object const*> const& revisions, std::optional<Day> const& firstDue) {
    return ActGraph(rule, acts, revisions).stand(firstDue);
}

}  // namespace spiral::sim
