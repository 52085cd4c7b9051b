#include "memory.h"

#include <sqlite3.h>

#include <atomic>
#include <stdexcept>

namespace spiral::faults {

namespace {

// SQLite's methods carry no argument, so that what they count lies here.
sqlite3_mem_methods theirs;
std::atomic<std::uint64_t> requests{0}, refused{0}, failsAt{0};
std::atomic<bool> goesOn{false};

bool strikes() {
    std::uint64_t const number = ++requests, at = failsAt;
    bool const is = at != 0 && (goesOn ? number >= at : number == at);
    if (is) ++refused;
    return is;
}

void* allocate(int size) { return strikes() ? nullptr : theirs.xMalloc(size); }
void* reallocate(void* old, int size) { return strikes() ? nullptr : theirs.xRealloc(old, size); }

}  // namespace

FaultMemory::FaultMemory() {
    sqlite3_shutdown();
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &theirs);
    sqlite3_mem_methods ours = theirs;
    ours.xMalloc = allocate;
    ours.xRealloc = reallocate;
    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &ours) != SQLITE_OK) throw std::logic_error("SQLite is in use already");
    sqlite3_initialize();
}

FaultMemory::~FaultMemory() {
    heal();
    sqlite3_shutdown();
    sqlite3_config(SQLITE_CONFIG_MALLOC, &theirs);
    sqlite3_initialize();
}

void FaultMemory::fail(std::uint64_t at, bool forEver) {
    failsAt = 0;
    requests = refused = 0;
    goesOn = forEver;
    failsAt = at;
}

std::uint64_t FaultMemory::counted() const { return requests; }
std::uint64_t FaultMemory::struck() const { return refused; }

}  // namespace spiral::faults
