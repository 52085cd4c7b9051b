// SHA-256 (FIPS 180-4) by OpenSSL, which uses the processor's instructions: about 1 GB/s where libsodium gives a seventh.
#pragma once

#include "base/bytes.h"
#include "base/ids.h"

#include <memory>

namespace spiral {

[[nodiscard]] Sha256 sha256(ByteView bytes);
/// The same hash under the name it will be known by: `hashAs<ObjectId>(bytes)`.
template <class Id>
[[nodiscard]] Id hashAs(ByteView bytes) {
    Id id;
    id.raw = sha256(bytes).raw;
    return id;
}

/// A hash over pieces; used for files that do not fit in memory. Not copied; after finish() only destruction is allowed.
class Sha256Stream {
public:
    Sha256Stream();
    ~Sha256Stream();
    Sha256Stream(Sha256Stream&&) noexcept;
    Sha256Stream& operator=(Sha256Stream&&) noexcept;
    void add(ByteView bytes);
    [[nodiscard]] Sha256 finish();

private:
    struct State;
    std::unique_ptr<State> m_state;
};

}  // namespace spiral
