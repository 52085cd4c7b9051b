// The deadline rules of the college: the newest approved document of type deadline-rules.v1 in scope college.
#pragma once

#include "engine/deadlines.h"
#include "office/office.h"

namespace spiral::office {

struct RulesInForce {
    engine::DeadlineRules rules;
    std::optional<DocumentKey> from;   ///< absent: nobody approved any, and the program's own hold
    std::optional<ObjectId> revision;  ///< the very one that was approved; later edits count once they are, too
    /// Why the approved one cannot be read, and the program's own hold instead.
    std::optional<Error> problem;
};
[[nodiscard]] RulesInForce deadlineRules(Office& office);

}  // namespace spiral::office
