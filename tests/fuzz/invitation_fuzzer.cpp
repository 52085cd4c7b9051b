// Whatever is taken as an invitation is written again byte for byte.
#include "trust/enrolment.h"

using namespace spiral;
using namespace spiral::trust;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ByteView const bytes(data, size);
    auto const invitation = decodeInvitation(bytes);
    if (!invitation) {
        ensure(!invitation.error().reason.empty(), "a refusal has a reason");
        return 0;
    }
    ensure(size <= kInvitationBytesMax, "an invitation is bounded");
    ensure(encode(*invitation) == asText(bytes), "an invitation has one form");
    return 0;
}
