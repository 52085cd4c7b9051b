// What the product shows of documents and of what they ask for, held against the model; and laws that must hold
// whatever the model says.
#pragma once

#include "cycle_model.h"
#include "seat.h"

#include "replica/view.h"

namespace spiral::sim {

struct ShownDocument {
    replica::DocumentRow row;
    bool begun = false;
    std::vector<replica::Expected> askedBy;  ///< who asks for it, and what
};
using Shown = std::map<DocumentKey, ShownDocument>;

/// The office's projector over rows and verdicts, again and again until nobody asks for anything else.
[[nodiscard]] Shown project(Cores::Answers const& answers);

/// An empty text, or the first thing that model and product disagree about, or a law that is broken.
[[nodiscard]] std::string cycleDifference(Facts const& facts, CycleModel const& cycles, Model& model,
                                          Shown const& shown);

/// What a history exercised.
void countCycles(CycleModel const& cycles, std::map<std::string, std::size_t>& met);

/// Cycles, for histories in memory.
[[nodiscard]] std::unique_ptr<Play> playCycles(Random& random);

}  // namespace spiral::sim
