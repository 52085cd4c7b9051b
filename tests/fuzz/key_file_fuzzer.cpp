// A key file that opens holds the key it names. Files that ask for much work are only read, not tried.
#include "base/json.h"
#include "trust/keys.h"

using namespace spiral;
using namespace spiral::trust;

namespace {

constexpr std::string_view kPassphrase = "正确 horse battery";  // of the corpus

bool asksForLittle(ByteView bytes) {
    auto const file = json::parse(bytes);
    std::int64_t const* const memory = json::integerAt(*file->asObject(), "mem");
    std::int64_t const* const passes = json::integerAt(*file->asObject(), "ops");
    return *memory <= 64 * 1024 && *passes <= 2;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ByteView const bytes(data, size);
    auto const name = SecretKey::publicKeyOf(bytes);
    if (!name) {
        auto const refused = SecretKey::unwrap(bytes, kPassphrase);
        ensure(!refused && refused.error() == name.error(), "what is not of the form does not open");
        return 0;
    }
    if (!asksForLittle(bytes)) return 0;
    auto const key = SecretKey::unwrap(bytes, kPassphrase);
    if (key) ensure(key->publicKey() == *name, "a key file holds the key it names");
    return 0;
}
