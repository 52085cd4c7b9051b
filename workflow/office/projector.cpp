#include "projector.h"

#include "base/sha256.h"

#include <algorithm>
#include <array>
#include <set>
#include <unordered_map>

namespace spiral::office {

namespace {

/// Bytes of values that one difference repeats, shared out among its sides, and the sides that it names one by one.
constexpr std::size_t kToldBytesMax = 512 * 1024;
constexpr std::size_t kToldSidesMax = 500;
constexpr std::size_t kToldWritersMax = 2;

/// What can be searched of one document. The database takes no text of any length, and versions side by side have many.
constexpr std::size_t kSearchedBytesMax = 4 * 1024 * 1024;

/// The first bytes of a text, without half a character at the end.
void cut(std::string& text, std::size_t bytesMax) {
    if (text.size() <= bytesMax) return;
    std::size_t end = bytesMax;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    text.resize(end);
}

void gatherText(json::Value const& value, std::string& text) {
    if (auto const* words = value.asString()) {
        if (!words->empty()) text.append(text.empty() ? "" : "\n").append(*words);
    } else if (auto const* array = value.asArray()) {
        for (auto const& element : *array) gatherText(element, text);
    } else if (auto const* object = value.asObject()) {
        for (auto const& [key, member] : *object) {
            if (key != "id") gatherText(member, text);
        }
    }
}

trust::Row const* rowOf(replica::DocumentFacts const& facts, ObjectId const& id) {
    auto const found = std::lower_bound(facts.rows.begin(), facts.rows.end(), id,
                                        [](trust::Row const& row, ObjectId const& wanted) { return row.id < wanted; });
    return found != facts.rows.end() && found->id == id ? &*found : nullptr;
}

bool standing(replica::DocumentFacts const& facts, ObjectId const& id) {
    auto const found = facts.judgements.find(id);
    return found != facts.judgements.end() && trust::stands(found->second.verdict);
}

std::string textAt(json::Object const& fields, std::string_view name) {
    if (name.empty()) return {};
    auto const* text = json::stringAt(fields, name);
    return text ? *text : std::string();
}

using Revisions = std::vector<std::pair<ObjectId, trust::Revision const*>>;

Revisions standingRevisions(replica::DocumentFacts const& facts) {
    Revisions all;
    for (auto const& row : facts.rows) {
        if (auto const* revision = row.revision(); revision && standing(facts, row.id)) all.emplace_back(row.id, revision);
    }
    return all;
}

/// What the document began with: the standing revisions without parents; if none is here, those without a parent that
/// stands and is here.
Revisions rootsOf(Revisions const& revisions) {
    Revisions roots;
    std::copy_if(revisions.begin(), revisions.end(), std::back_inserter(roots),
                 [](auto const& each) { return each.second->parents.empty(); });
    if (!roots.empty()) return roots;
    std::set<ObjectId> ids;
    for (auto const& [id, revision] : revisions) ids.insert(id);
    std::copy_if(revisions.begin(), revisions.end(), std::back_inserter(roots), [&](auto const& each) {
        auto const& parents = each.second->parents;
        return std::none_of(parents.begin(), parents.end(), [&](ObjectId const& parent) { return ids.contains(parent); });
    });
    return roots;
}

/// Where somebody began the same document a second time as another type: that of most persons who wrote it or acted on
/// it, then the one that claims to be older. One person alone never takes a document from two.
std::string typeNameOf(replica::DocumentFacts const& facts, Revisions const& revisions) {
    Revisions const roots = rootsOf(revisions);
    std::map<std::string, std::pair<HybridTime, ObjectId>> begun;
    for (auto const& [id, root] : roots) {
        std::pair const when(root->time, id);
        auto const [place, isNew] = begun.try_emplace(std::string(nameWithoutVersion(root->type)), when);
        if (!isNew) place->second = std::min(place->second, when);
    }
    if (begun.size() == 1) return begun.begin()->first;
    std::map<std::string, std::set<PersonId>> behind;
    for (auto const& [id, revision] : revisions) behind[std::string(nameWithoutVersion(revision->type))].insert(revision->by.person);
    for (auto const& row : facts.rows) {
        auto const* record = row.record();
        auto const* target = record && record->of && standing(facts, row.id) ? rowOf(facts, record->of->id) : nullptr;
        auto const* revision = target ? target->revision() : nullptr;
        if (revision) behind[std::string(nameWithoutVersion(revision->type))].insert(record->by.person);
    }
    auto const first = std::min_element(begun.begin(), begun.end(), [&](auto const& a, auto const& b) {
        auto const persons = [&](auto const& each) { return behind[each.first].size(); };
        return persons(a) != persons(b) ? persons(a) > persons(b) : a.second < b.second;
    });
    return first->first;
}

/// The newest version of that name that is written in the document and known to this program; null if none is.
model::DocumentType const* typeOf(Revisions const& revisions, std::string_view name, Definitions const& definitions) {
    model::DocumentType const* newest = nullptr;
    model::DocumentType const* begun = nullptr;   // the oldest version among the roots
    for (auto const& [id, root] : rootsOf(revisions)) {
        auto const* type = nameWithoutVersion(root->type) == name ? definitions.type(root->type) : nullptr;
        auto const version = [](std::string const& full) { return std::pair(full.size(), full); };
        if (type && (!begun || version(type->name) < version(begun->name))) begun = type;
    }
    auto const version = [](std::string_view type) { return std::pair(type.size(), type); };   // of one name
    for (auto const& [id, revision] : revisions) {
        if (nameWithoutVersion(revision->type) != name) continue;
        auto const* type = definitions.type(revision->type);
        // A version that walks another workflow is no newer form of this document: its acts would mean something else.
        if (type && begun && type->workflow != begun->workflow) continue;
        if (type && (!newest || version(newest->name) < version(type->name))) newest = type;
    }
    return newest;
}

bool saysDone(json::Object const& fields) { return textAt(fields, "progress") == "done"; }

/// Whether it was imported as done: everything the document began with names the row it was taken from and says so.
bool importedAsDone(Reading const& reading, Revisions const& revisions) {
    Revisions usable;
    std::copy_if(revisions.begin(), revisions.end(), std::back_inserter(usable),
                 [&](auto const& each) { return !reading.aside.contains(each.first); });
    Revisions const roots = rootsOf(usable);
    return !roots.empty() && std::all_of(roots.begin(), roots.end(), [](auto const& root) {
        return saysDone(root.second->fields) && !textAt(root.second->fields, "source").empty();
    });
}

/// Who says that a task is done, though nobody has signed for it: "imported" if the printed table did from the start and
/// every version still does, "later" if somebody wrote it since; empty if nobody does.
std::string_view declaredDone(replica::DocumentFacts const& facts, Reading const& reading) {
    std::size_t done = 0;
    for (auto const& head : reading.merged.heads) {
        auto const* row = rowOf(facts, head);
        if (row && row->revision() && saysDone(row->revision()->fields)) ++done;
    }
    if (done == 0) return {};
    bool const all = done == reading.merged.heads.size();
    return all && importedAsDone(reading, standingRevisions(facts)) ? "imported" : "later";
}

std::map<ObjectId, std::string_view> setAside(Revisions const& revisions, std::string_view name, model::DocumentType const* type,
                                              model::MergeRules const& rules, Definitions const& definitions) {
    std::map<ObjectId, std::string_view> aside;
    for (auto const& [id, revision] : revisions) {
        if (nameWithoutVersion(revision->type) != name) aside[id] = "other-type";
        else if (type && !definitions.type(revision->type)) aside[id] = "newer-type";
        else if (auto const why = model::tooMuchToMerge(revision->fields, rules)) aside[id] = *why;
    }
    return aside;
}

}  // namespace

engine::Facts Reading::facts() const {
    engine::Facts facts;
    facts.type = type;
    facts.workflow = workflow;
    facts.merged = &merged;
    facts.revisions = &revisions;
    facts.acts = acts;
    facts.expected = expected.has_value();
    if (expected) facts.expectedDue = expected->due;
    return facts;
}

Reading read(replica::DocumentFacts const& facts, Definitions const& definitions) {
    Reading reading;
    for (auto const& each : facts.expectedBy) {
        if (!reading.expected) reading.expected = engine::expectationFrom(each.what);
    }
    if (reading.expected) reading.expected->document = {facts.scope, facts.doc};
    Revisions const revisions = standingRevisions(facts);
    model::MergeRules rules;
    if (!revisions.empty()) {
        // What is asked for is of the type that is asked for: whoever begins it as another has written beside it.
        std::string const name = reading.expected ? std::string(nameWithoutVersion(reading.expected->type))
                                                  : typeNameOf(facts, revisions);
        reading.type = typeOf(revisions, name, definitions);
        if (!reading.type && reading.expected) reading.type = definitions.type(reading.expected->type);
        if (reading.type) rules = reading.type->mergeRules();
        reading.aside = setAside(revisions, name, reading.type, rules, definitions);
    }
    for (auto const& row : facts.rows) {
        auto const* revision = row.revision();
        if (!revision) continue;
        bool const usable = standing(facts, row.id) && !reading.aside.contains(row.id);
        reading.revisions.push_back({row.id, revision->parents, &revision->fields, usable});
    }
    if (revisions.empty()) {
        if (reading.expected) reading.type = definitions.type(reading.expected->type);
        if (reading.type && !reading.type->workflow.empty()) {
            reading.workflow = definitions.workflows().find(reading.type->workflow);
        }
        return reading;
    }
    reading.merged = model::merge(reading.revisions, rules);
    if (!reading.merged.heads.empty()) {
        if (auto const* row = rowOf(facts, reading.merged.heads.front())) reading.shown = row->revision();
    }
    if (reading.type && !reading.type->workflow.empty()) {
        reading.workflow = definitions.workflows().find(reading.type->workflow);
    }
    for (auto const& row : facts.rows) {
        auto const* record = row.record();
        if (!record || !standing(facts, row.id)) continue;
        if (auto act = engine::actFrom(row.id, *record)) {
            auto const& judgement = facts.judgements.at(row.id);
            act->actingFor = judgement.actingFor;
            act->witnessed = judgement.verdict == trust::Verdict::Valid;
            reading.acts.push_back(std::move(*act));
        }
    }
    reading.standing = engine::stand(reading.facts());
    return reading;
}

std::string sidesText(model::Difference const& difference, replica::DocumentFacts const& facts) {
    // A value may be nested, or long, almost as far as a revision may: told inside something else it can be too much.
    // Then its hash stands for it; the revision itself is there to be looked at.
    std::size_t const shares = std::min(difference.sides.size(), kToldSidesMax) + 1;
    auto const tell = [shares](json::Value const& value) -> json::Value {
        json::Array const around{json::Value(json::Object{{"value", json::Array{json::Value(json::Array{value})}}})};
        if (json::check(json::Value(around)) && json::encode(value).size() <= kToldBytesMax / shares) return value;
        return json::Object{{"sha256", sha256(asBytes(json::encode(value))).hex()}};
    };
    json::Array sides;
    for (auto const& side : difference.sides) {
        if (sides.size() == kToldSidesMax) break;
        json::Object told;
        if (side.value) told.set("value", tell(*side.value));
        else told.set("absent", true);
        json::Array writers;
        for (auto const& id : side.writers) {
            if (writers.size() == kToldWritersMax && side.writers.size() > kToldWritersMax + 1) {
                told.set("more_writers", static_cast<std::int64_t>(side.writers.size() - writers.size()));
                break;
            }
            json::Object writer;
            writer.set("revision", id.hex());
            if (auto const* row = rowOf(facts, id); row && row->revision()) {
                writer.set("person", row->revision()->by.person.text());
                writer.set("device", row->revision()->by.device.hex());
                writer.set("t", toText(row->revision()->time.wall));
            }
            writers.emplace_back(std::move(writer));
        }
        told.set("writers", std::move(writers));
        sides.emplace_back(std::move(told));
    }
    json::Object all;
    if (difference.base) all.set("base", tell(*difference.base));
    all.set("base_known", difference.baseKnown);
    if (difference.sides.size() > sides.size()) {
        all.set("more_sides", static_cast<std::int64_t>(difference.sides.size() - sides.size()));
    }
    all.set("sides", std::move(sides));
    return json::encode(all);
}

namespace {

/// What people write where there is nothing to tell.
constexpr std::string_view kNothing = "无";

/// A point says its result; of other forms every required field is there.
bool isAnswered(model::DocumentType const& type, json::Object const& fields) {
    if (type.find("result")) return !model::isMissing(fields, "result");
    return model::missingFields(type, fields).empty();
}

/// What lists show of a document that is asked for and that nobody has begun.
replica::DocumentRow notBegun(Reading const& reading, Scope const& scope) {
    auto const& expected = *reading.expected;
    replica::DocumentRow row;
    row.type = expected.type;
    row.title = textAt(expected.fields, reading.type ? reading.type->titleField : "title");
    row.owner = textAt(expected.fields, reading.type ? reading.type->ownerField : "owner");
    if (scope.isUnit()) row.owner = scope.name();
    row.state = expected.takenBack ? kTakenBack : expected.leftOver ? kCarriedOver : kNotBegun;
    row.closed = row.state != kNotBegun;
    row.due = expected.due;
    json::Object summary{{"rule", expected.rule}};
    if (expected.person) summary.set("person", expected.person->text());
    row.summary = json::encode(summary);
    for (auto const& [name, value] : expected.fields) gatherText(value, row.text);
    cut(row.text, kSearchedBytesMax);
    return row;
}

}  // namespace

bool isDecision(std::string_view action) {
    static constexpr std::array<std::string_view, 4> kDecisions{"accept", "approve", "recheck-fail", "recheck-pass"};
    return std::find(kDecisions.begin(), kDecisions.end(), action) != kDecisions.end();
}

namespace {

/// Whether office/signing_rules.h has anything to look at: somebody decided on what she had a hand in, something was
/// approved that names a body, or it is a report, which may be the wrong person's or rest on too little. What may be
/// asked of thousands of documents at once is found by this alone.
bool isWatched(replica::DocumentFacts const& facts) {
    std::set<PersonId> hands, deciders;
    bool approved = false, namesABody = false, reports = false;
    for (auto const& row : facts.rows) {
        if (auto const* revision = row.revision()) {
            hands.insert(revision->by.person);
            namesABody = namesABody || revision->fields.find("body") != nullptr;
            reports = reports || nameWithoutVersion(revision->type) == "report";
        } else if (auto const* record = row.record()) {
            auto const action = nameWithoutVersion(record->kind);
            if (action == "submit") hands.insert(record->by.person);
            if (isDecision(action)) deciders.insert(record->by.person);
            approved = approved || action == "approve";
        }
    }
    if (reports || (approved && namesABody)) return true;
    return std::any_of(deciders.begin(), deciders.end(), [&](PersonId const& person) { return hands.contains(person); });
}

}  // namespace

replica::Projection DocumentProjector::project(replica::DocumentFacts const& facts) const {
    replica::Projection projection;
    Reading const reading = read(facts, m_definitions);
    auto const& merged = reading.merged;
    auto& row = projection.document;

    std::set<ObjectId> differing, parentsOfUsable;
    for (auto const& difference : merged.differences) {
        for (auto const& side : difference.sides) differing.insert(side.writers.begin(), side.writers.end());
        projection.differences.push_back({difference.field, difference.element, sidesText(difference, facts)});
    }
    std::set<ObjectId> const heads(merged.heads.begin(), merged.heads.end());
    std::set<ObjectId> const missing(merged.missing.begin(), merged.missing.end());
    std::set<ObjectId> followed(reading.standing.disputes.begin(), reading.standing.disputes.end());
    std::set<ObjectId> const disputes = followed;
    followed.clear();
    for (auto const& act : reading.acts) {
        followed.insert(act.after.begin(), act.after.end());
        followed.insert(act.settles.begin(), act.settles.end());
    }

    for (auto const& each : facts.rows) {
        if (!standing(facts, each.id)) continue;
        if (auto const* revision = each.revision()) {
            bool const waits = std::any_of(revision->parents.begin(), revision->parents.end(),
                                           [&](ObjectId const& parent) { return missing.contains(parent); });
            auto& count = projection.counts[each.id];
            if (auto const aside = reading.aside.find(each.id); aside != reading.aside.end()) {
                count = replica::Count::Pending;
                projection.reasons[each.id] = aside->second;
            } else if (!reading.type) {
                count = replica::Count::Pending;
                projection.reasons[each.id] = "newer-type";
            } else if (waits) {
                count = replica::Count::Pending;
                projection.reasons[each.id] = "wait-parent";
            } else if (differing.contains(each.id)) {
                count = replica::Count::Different;
            } else if (!heads.contains(each.id)) {
                count = replica::Count::Superseded;
            } else {
                count = replica::Count::Current;
            }
        } else if (each.record()) {
            auto& count = projection.counts[each.id];
            if (disputes.contains(each.id)) count = replica::Count::Different;
            else if (followed.contains(each.id)) count = replica::Count::Superseded;
            else count = replica::Count::Current;
        }
    }

    auto const* shown = reading.shown;
    if (!shown && reading.expected) {
        row = notBegun(reading, facts.scope);
        return projection;
    }
    if (!shown) {
        // Every revision is set aside: the document is there, with nothing that stands in it.
        auto const first = std::find_if(facts.rows.begin(), facts.rows.end(), [](auto const& each) { return each.revision(); });
        if (reading.type) row.type = reading.type->name;
        else if (first != facts.rows.end()) row.type = first->revision()->type;
        row.state = "nothing-stands";
        row.summary = "{}";
        return projection;
    }
    row.type = reading.type ? reading.type->name : shown->type;
    row.heads = merged.heads;
    row.differences = static_cast<int>(merged.differences.size());
    json::Object const& fields = merged.heads.size() == 1 ? shown->fields : merged.fields;
    auto const field = [&](std::string const& name) {
        std::string text = textAt(fields, name);
        return text.empty() ? textAt(shown->fields, name) : text;   // an open one shows its first side
    };
    if (reading.type) {
        row.title = field(reading.type->titleField);
        row.owner = field(reading.type->ownerField);
    }
    // What is asked of a unit is that unit's, whatever somebody writes into it.
    if ((row.owner.empty() || reading.expected) && facts.scope.isUnit()) row.owner = facts.scope.name();
    row.state = reading.standing.state;
    if (reading.expected && !reading.standing.closed) {
        if (reading.expected->takenBack) row.state = kTakenBack;
        else if (reading.expected->leftOver) row.state = kCarriedOver;
    }
    row.closed = reading.standing.closed || row.state == kTakenBack || row.state == kCarriedOver;
    row.disputed = reading.standing.disputed;
    row.changedAfter = reading.standing.changedAfter;
    row.round = reading.standing.round;
    row.failedRounds = reading.standing.failedRounds;
    row.due = reading.standing.due;
    row.lastAction = reading.standing.lastAction;
    trust::Author const* lastActor = nullptr;
    for (auto const& act : reading.acts) {
        if (row.lastAction && act.time == *row.lastAction && (!lastActor || act.by.person < lastActor->person)) lastActor = &act.by;
    }
    if (lastActor) row.lastActor = lastActor->person.text();

    row.watched = isWatched(facts);

    json::Object summary;
    // A single head says by its id what stands in the document; what several merge to is said here.
    if (merged.heads.size() > 1) summary.set("fields", sha256(asBytes(json::encode(fields))).hex());
    if (auto source = textAt(shown->fields, "source"); !source.empty()) summary.set("source", source);
    if (auto progress = textAt(shown->fields, "progress"); !progress.empty()) summary.set("progress", progress);
    if (auto const declared = declaredDone(facts, reading); !declared.empty()) summary.set("declared_done", declared);
    if (reading.expected) summary.set("rule", reading.expected->rule);
    if (reading.expected && reading.type && isAnswered(*reading.type, fields)) summary.set("answered", true);
    if (auto const left = field("left_over"); !left.empty() && left != kNothing) summary.set("leaves_over", true);
    auto const person = reading.standing.person ? reading.standing.person
                        : reading.expected      ? reading.expected->person
                                                : std::nullopt;
    if (person) summary.set("person", person->text());
    if (reading.standing.dueEdited) summary.set("due_edited", true);
    json::Array effects;
    for (auto const& [id, effect] : reading.standing.effects) {
        if (effect == engine::ActEffect::Counts) continue;
        json::Object told;
        told.set("act", id.hex());
        told.set("effect", effect == engine::ActEffect::NotInState      ? "not-in-state"
                           : effect == engine::ActEffect::OtherRevision ? "other-revision"
                           : effect == engine::ActEffect::GuardFailed   ? "guard-failed"
                                                                        : "after-unknown");
        effects.emplace_back(std::move(told));
    }
    if (!effects.empty()) summary.set("without_effect", std::move(effects));
    row.summary = json::encode(summary);
    for (auto& expectation : engine::expectations(reading.facts(), reading.standing, {facts.scope, facts.doc})) {
        projection.expected.push_back({expectation.document, engine::toText(expectation)});
    }

    for (auto const& [name, value] : fields) gatherText(value, row.text);
    for (auto const& difference : merged.differences) {
        for (auto const& side : difference.sides) {
            if (side.value && row.text.size() < kSearchedBytesMax) gatherText(*side.value, row.text);
        }
    }
    cut(row.text, kSearchedBytesMax);
    return projection;
}

}  // namespace spiral::office
