// The definition of merging, written down once more without any thought of speed: per cell, by explicit reachability.
#pragma once

#include "model/merge.h"

namespace spiral::model {

[[nodiscard]] Merged mergedByDefinition(std::vector<MergeRevision> const& revisions, MergeRules const& rules);

}  // namespace spiral::model
