// What parseArmour takes has one canonical form, which reads back as the same signature; the same text is tried as a
// public key.
#include "trust/signature.h"

using namespace spiral;
using namespace spiral::trust;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text = asText(ByteView(data, size));
    if (auto const parsed = parseArmour(text)) {
        ensure(size <= kArmourBytesMax, "an armour is bounded");
        std::string const again = armour(parsed->key, parsed->nameSpace, parsed->signature);
        auto const twice = parseArmour(again);
        ensure(twice && twice->key == parsed->key && twice->nameSpace == parsed->nameSpace &&
                   twice->signature == parsed->signature,
               "an armour reads back");
        static_cast<void>(verify(parsed->key, parsed->nameSpace, ByteView(data, size), parsed->signature));
    } else {
        ensure(parsed.error().reason.starts_with("sshsig."), "a refusal of an armour has its reason");
    }
    if (auto const key = parseSshPublicKey(text)) {
        ensure(text.starts_with(toSshPublicKey(*key)), "a public key has one form");
        static_cast<void>(isAcceptableKey(*key));
    }
    return 0;
}
