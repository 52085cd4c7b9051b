#include "base/result.h"

#include <cstdio>

namespace spiral {

std::string_view nameOf(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::Malformed: return "malformed";
        case ErrorCode::TooLarge: return "too-large";
        case ErrorCode::Unsupported: return "unsupported";
        case ErrorCode::BadSignature: return "bad-signature";
        case ErrorCode::BadHash: return "bad-hash";
        case ErrorCode::NotFound: return "not-found";
        case ErrorCode::Exists: return "exists";
        case ErrorCode::Refused: return "refused";
        case ErrorCode::Waiting: return "waiting";
        case ErrorCode::WrongState: return "wrong-state";
        case ErrorCode::Usage: return "usage";
        case ErrorCode::Locked: return "locked";
        case ErrorCode::Busy: return "busy";
        case ErrorCode::Environment: return "environment";
        case ErrorCode::Damaged: return "damaged";
    }
    // No default above, so that the compiler names a code that was forgotten.
    return "unknown";
}

void ensure(bool condition, char const* what) noexcept {
    if (condition) [[likely]] return;
    // stdio and not a stream: nothing may throw or allocate on the way down.
    std::fprintf(stderr, "spiral: internal error: %s\n", what);
    std::abort();
}

}  // namespace spiral
