#include "cores.h"

#include <algorithm>

namespace spiral::sim {
namespace {

using trust::Row;
using trust::Verdict;

template <class T>
void shuffle(std::vector<T>& values, Random& random) {
    for (std::size_t left = values.size(); left > 1; --left) std::swap(values[left - 1], values[random.below(left)]);
}

std::string_view kindOf(Row const& row) {
    return row.record() == nullptr ? std::string_view() : nameWithoutVersion(row.record()->kind);
}

}  // namespace

void Cores::addHeader(FrameFact const& frame) {
    trust::FeedFrame made;
    made.id = frame.id;
    made.prev = frame.prev;
    made.seq = frame.seq;
    made.inc = frame.inc;
    feeds[{frame.device, frame.scope}].add(std::move(made));
}

void Cores::addEntry(EntryFact const& entry) {
    // Signatures are another test's matter; all other rules are checked.
    registry.add(asBytes(entry.bytes), trust::Signature{}, trust::Registry::Signatures::CheckedBefore);
}

Cores::Answers Cores::answers(Facts const& facts, Held const& held, Random& random) const {
    Answers answers;
    auto feedsNow = feeds;
    for (auto& [key, feed] : feedsNow) feed.setCuts(trust::cutsOfFeed(registry, key.first, key.second));
    trust::StandsBelow const below = [&feedsNow](DeviceId const& device, Scope const& scope, FrameId const& frame,
                                                 FrameId const& cut) -> std::optional<bool> {
        auto const feed = feedsNow.find({device, scope});
        return feed == feedsNow.end() ? std::nullopt : feed->second.isAncestorOrSelf(frame, cut);
    };

    std::map<ObjectId, Row> rows;
    std::map<FrameId, trust::Receipt> receipts;
    for (FrameId const& id : held.applied) {
        for (ObjectId const& item : facts.frames.at(id).items)
            rows.try_emplace(item, Row{item, facts.rows.at(item), {}});
    }
    for (FrameId const& id : held.headers) {
        FrameFact const& frame = facts.frames.at(id);
        for (std::size_t item = 0; item < frame.items.size(); ++item) {
            auto const row = rows.find(frame.items[item]);
            if (row == rows.end()) continue;
            trust::Place place;
            place.frame = id;
            place.device = frame.device;
            place.scope = frame.scope;
            place.school = frame.school;
            place.reg = frame.reg;
            place.seq = frame.seq;
            place.item = static_cast<std::uint32_t>(item);
            row->second.places.push_back(std::move(place));
        }
    }
    auto const settle = [&] {
        for (auto& [id, row] : rows) {
            for (trust::Place& place : row.places) {
                place.branch = feedsNow.at({place.device, place.scope}).branchOf(place.frame);
                auto const receipt = receipts.find(place.frame);
                if (receipt != receipts.end()) place.receipt = receipt->second;
            }
        }
    };
    settle();

    std::vector<Row const*> receiptRows, confirmRows;
    for (auto const& [id, row] : rows) {
        if (kindOf(row) == "receipt") receiptRows.push_back(&row);
        if (kindOf(row) == "confirm") confirmRows.push_back(&row);
    }
    auto const takeReceipts = [&] {
        shuffle(receiptRows, random);
        for (Row const* row : receiptRows) {
            auto const body = trust::receiptBodyFrom(row->record()->body);
            for (trust::Place const& place : row->places) {
                Row at = *row;
                at.places = {place};
                if (!trust::stands(trust::judgeAlone(at, registry, below).verdict)) continue;
                for (std::size_t index = 0; index < body->frames.size(); ++index) {
                    auto const frame = facts.frames.find(body->frames[index]);
                    if (frame == facts.frames.end() || frame->second.scope != place.scope) continue;
                    trust::Receipt const receipt{body->time, place.seq, place.item, static_cast<std::uint32_t>(index)};
                    auto const [kept, isNew] = receipts.emplace(frame->first, receipt);
                    if (!isNew && receipt < kept->second) kept->second = receipt;
                    if (held.headers.contains(frame->first))
                        feedsNow.at({frame->second.device, frame->second.scope}).setReceipt(frame->first, receipt);
                }
            }
        }
        settle();
    };
    takeReceipts();
    // A confirm makes a branch stand, on which another confirm may lie.
    std::set<ObjectId> taken;
    for (bool more = true; more;) {
        more = false;
        shuffle(confirmRows, random);
        for (Row const* row : confirmRows) {
            if (taken.contains(row->id) || !trust::stands(trust::judgeAlone(*row, registry, below).verdict)) continue;
            taken.insert(row->id);
            FrameId const tip = *trust::confirmedTip(row->record()->body);
            for (auto& [key, feed] : feedsNow) {
                if (key.second == row->record()->scope) feed.confirm(tip);
            }
            settle();
            more = true;
        }
        if (more) takeReceipts();
    }

    std::map<DocumentKey, std::vector<Row>> documents;
    std::vector<Row> others;
    for (auto& [id, row] : rows) {
        Row const* root = &row;
        while (root != nullptr && root->revision() == nullptr) {
            bool const hasTarget = root->record() != nullptr && root->record()->of;
            auto const next = hasTarget ? rows.find(root->record()->of->id) : rows.end();
            root = next == rows.end() ? nullptr : &next->second;
        }
        if (root == nullptr || (row.record() != nullptr && trust::standsForItself(*row.record())))
            others.push_back(row);
        else
            documents[{root->revision()->scope, root->revision()->doc}].push_back(row);
    }
    for (Row const& row : others) answers.judgements.emplace(row.id, trust::judgeAlone(row, registry, below));
    for (auto& [key, members] : documents) {
        shuffle(members, random);
        auto judgements = trust::judgeDocument(members, registry, below);
        std::vector<model::MergeRevision> revisions;
        for (Row const& row : members) {
            if (Revision const* const text = row.revision())
                revisions.push_back(
                    {row.id, text->parents, &text->fields, trust::stands(judgements.at(row.id).verdict)});
        }
        answers.merged.emplace(key, model::merge(revisions, {}));
        answers.judgements.merge(judgements);
        std::sort(members.begin(), members.end(), [](Row const& a, Row const& b) { return a.id < b.id; });
    }
    answers.documents = std::move(documents);
    for (FrameId const& id : held.headers) {
        FrameFact const& frame = facts.frames.at(id);
        answers.branches.emplace(id, feedsNow.at({frame.device, frame.scope}).branchOf(id));
    }
    for (auto const& [key, feed] : feedsNow) {
        for (std::vector<FrameId> const& fork : feed.forks()) answers.forks.insert({fork.begin(), fork.end()});
    }
    return answers;
}

namespace {

std::string shortId(auto const& id) { return id.hex().substr(0, 8); }

std::string verdictDifference(Facts const& facts, Model& model, Cores::Answers const& answers) {
    for (ObjectId const& id : model.rows()) {
        Opinion const& opinion = model.opinion(id);
        auto const found = answers.judgements.find(id);
        if (found == answers.judgements.end()) return "row " + shortId(id) + " has no verdict";
        trust::Judgement const& judgement = found->second;
        bool const isExplained =
            opinion.stands() ? judgement.reason.empty() : opinion.reasons.contains(judgement.reason);
        if (judgement.verdict == opinion.verdict && isExplained) continue;
        std::string text = "row " + shortId(id) + " (";
        Record const* const record = std::get_if<Record>(&facts.rows.at(id));
        text += record != nullptr ? record->kind : "revision";
        text += "): product says " + std::string(trust::nameOf(judgement.verdict)) + " " + judgement.reason +
                ", model " + std::string(trust::nameOf(opinion.verdict));
        for (std::string const& reason : opinion.reasons) text += " " + reason;
        return text;
    }
    return answers.judgements.size() == model.rows().size() ? std::string()
                                                            : "the product judges rows that are not held";
}

/// The product's answer in one field, in the model's words.
Sides sidesOf(model::Merged const& merged, std::string const& field) {
    Sides sides;
    for (model::Difference const& difference : merged.differences) {
        if (difference.field != field) continue;
        for (model::Side const& side : difference.sides) {
            auto const value = side.value ? std::optional(json::encode(*side.value)) : std::nullopt;
            sides[value].insert(side.writers.begin(), side.writers.end());
        }
    }
    if (!sides.empty()) return sides;
    json::Value const* const value = merged.fields.find(field);
    sides[value == nullptr ? std::nullopt : std::optional(json::encode(*value))];
    return sides;
}

std::string mergeDifference(Model& model, Cores::Answers const& answers) {
    for (auto const& [key, merged] : answers.merged) {
        std::set<ObjectId> const heads = model.heads(key);
        if (heads != std::set<ObjectId>(merged.heads.begin(), merged.heads.end()))
            return "heads of document " + shortId(key.second);
        auto const fields = model.fields(key);
        for (model::Difference const& open : merged.differences) {
            if (!fields.contains(open.field)) return "a difference without two writers in " + shortId(key.second);
        }
        for (auto const& [name, sides] : fields) {
            Sides expected = sides;
            Sides const got = sidesOf(merged, name);
            // Of a closed field the product names its writers only where there are several heads.
            if (sides.size() == 1) expected.begin()->second.clear();
            if (got != expected) return "field " + name + " of document " + shortId(key.second);
        }
    }
    return {};
}

}  // namespace

std::string difference(Facts const& facts, Held const& held, Model& model, Cores::Answers const& answers) {
    if (auto text = verdictDifference(facts, model, answers); !text.empty()) return text;
    for (FrameId const& id : held.headers) {
        if (answers.branches.at(id) != model.branchOf(id)) return "branch of frame " + shortId(id);
    }
    if (answers.forks != model.forks()) return "the branches shown";
    return mergeDifference(model, answers);
}

}  // namespace spiral::sim
