// Memory for secrets, for the sources of this folder only.
#pragma once

#include "ed25519.h"

#include <sodium.h>
#include <sys/mman.h>

#include <cstdint>
#include <memory>
#include <new>
#include <span>

namespace spiral::trust {

/// Bytes that are kept out of swap and core dumps, lie between guard pages and are zeroed when freed. Where the system
/// allows a process too little locked memory, all but the first of these still holds.
template <std::size_t Size>
class LockedBytes {
public:
    LockedBytes() : m_bytes(allocate()) {}
    [[nodiscard]] std::uint8_t* data() noexcept { return m_bytes.get(); }
    [[nodiscard]] std::uint8_t const* data() const noexcept { return m_bytes.get(); }
    [[nodiscard]] std::span<std::uint8_t, Size> span() noexcept {
        return std::span<std::uint8_t, Size>(m_bytes.get(), Size);
    }
    /// A child process has a copy of the bytes but not the lock on them; this takes it anew.
    void lockAfterFork() noexcept { static_cast<void>(::mlock(m_bytes.get(), Size)); }

private:
    struct Free {
        void operator()(std::uint8_t* memory) const noexcept { sodium_free(memory); }
    };
    static std::uint8_t* allocate() {
        ed25519::prepare();
        void* const memory = sodium_malloc(Size);
        if (memory == nullptr) throw std::bad_alloc();
        return static_cast<std::uint8_t*>(memory);
    }
    std::unique_ptr<std::uint8_t, Free> m_bytes;
};

}  // namespace spiral::trust
