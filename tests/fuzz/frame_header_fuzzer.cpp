// Any bytes: decodeFrameHeader refuses them, or gives a value that encodes to exactly those bytes.
#include "trust/objects.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    spiral::ByteView const bytes(data, size);
    auto const object = spiral::trust::decodeFrameHeader(bytes);
    if (object && spiral::trust::encode(*object) != spiral::asText(bytes)) std::abort();
    if (!object && object.error().reason.empty()) std::abort();
    return 0;
}
