// Memory that SQLite asks for and does not get.
//
// REQUIRES: made before anything of SQLite is used in the process, and once; every database is closed before it goes.
#pragma once

#include <cstdint>

namespace spiral::faults {

class FaultMemory {
public:
    FaultMemory();
    ~FaultMemory();
    FaultMemory(FaultMemory const&) = delete;
    FaultMemory& operator=(FaultMemory const&) = delete;

    /// Request `at` from now on is refused, and all later ones if `forEver`. 0: none.
    void fail(std::uint64_t at, bool forEver = false);
    void heal() { fail(0); }
    [[nodiscard]] std::uint64_t counted() const;   ///< requests since fail()
    [[nodiscard]] std::uint64_t struck() const;
};

}  // namespace spiral::faults
