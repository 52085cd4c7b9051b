// People who keep cycles: a quality office that writes, starts, changes and closes them, departments that begin what is
// asked of them, walk the steps and judge each other, and some who do what they may not, or what makes no sense.
#pragma once

#include "cycle_model.h"
#include "seat.h"

namespace spiral::sim {

class CycleWork {
public:
    /// REQUIRES: `random` outlives it.
    explicit CycleWork(Random& random) : m_random(random) {}
    /// The scope of what was written; nothing if nothing was.
    std::optional<Scope> sit(Seat& seat);

private:
    class Sitting;
    Random& m_random;
};

}  // namespace spiral::sim
