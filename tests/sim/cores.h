// The product's pure cores, put together as a replica would: registry, feeds, verdicts, merge. What is here is only the
// order in which they are asked; every answer is theirs.
#pragma once

#include "model.h"

#include "model/merge.h"

#include <unordered_map>

namespace spiral::sim {

class Cores {
public:
    /// In the order in which a replica came to hold them.
    void addHeader(FrameFact const& frame);
    void addEntry(EntryFact const& entry);

    struct Answers {
        std::unordered_map<ObjectId, trust::Judgement> judgements;
        std::map<FrameId, trust::Branch> branches;
        std::set<std::set<FrameId>> forks;
        std::map<DocumentKey, model::Merged> merged;
        std::map<DocumentKey, std::vector<trust::Row>> documents;  ///< rows sorted by id
    };
    /// Everything about what is held. `random` decides in which order receipts and confirms are read.
    [[nodiscard]] Answers answers(Facts const& facts, Held const& held, Random& random) const;

    trust::Registry registry;
    std::map<std::pair<DeviceId, Scope>, trust::Feed> feeds;
};

/// An empty text, or the first thing that model and product disagree about.
[[nodiscard]] std::string difference(Facts const& facts, Held const& held, Model& model, Cores::Answers const& answers);

}  // namespace spiral::sim
