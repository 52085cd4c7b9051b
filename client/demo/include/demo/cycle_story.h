// One cycle of diagnosis from its start to the next one: 16 departments, the 80 points of a college's own tables, a
// point that fails and goes through three rounds between two campuses without a network, a joint element that both fill
// in, a deadline moved with a reason, and a close whose left-overs stand in the cycle after it.
#pragma once

#include "office/office.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace spiral::demo {

/// A line of the story in both languages.
using Tell = std::function<void(std::string_view zh, std::string_view en)>;

struct CycleTold {
    DocumentKey cycle, next, point, task;  ///< the failing point, and the task that rectifies it
    int departments = 0, elements = 0, points = 0;
    std::size_t parts = 0;
    int rounds = 0, failedRounds = 0;       ///< of the task
    std::vector<std::string> verdicts;      ///< of the task, in order
    std::vector<std::string> dueDays;       ///< of the task, as they were in force
    std::string refusedClose;               ///< reason of the close that was refused while parts were open
    std::string refusedOwnCheck;            ///< reason when the department tried to pass its own work
    std::size_t leftOver = 0, carried = 0;  ///< named by the closing act; asked for by the next cycle
    bool sameEverywhere = false;            ///< both quality office replicas show the same
    std::vector<Path> replicas;             ///< quality, checker, north, south
};

/// Plays it in an empty folder. Everything that is written stays there. Fails with the first error of a step that the
/// story does not expect to be refused.
[[nodiscard]] Result<CycleTold> playCycle(Path const& folder, replica::World world, Tell const& tell);

}  // namespace spiral::demo
