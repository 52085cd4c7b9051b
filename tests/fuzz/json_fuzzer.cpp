// Whatever strict JSON takes, it writes again byte for byte; whatever it refuses has a reason.
#include "base/json.h"

using namespace spiral;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ByteView const bytes(data, size);
    auto const value = json::parse(bytes);
    if (!value) {
        ensure(value.error().reason.starts_with("json."), "a refusal of strict JSON has its reason");
        return 0;
    }
    ensure(json::check(*value).has_value(), "what was taken has an encoding");
    ensure(json::encode(*value) == asText(bytes), "encode(parse(x)) == x");
    return 0;
}
