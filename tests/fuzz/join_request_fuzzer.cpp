// A request that passes for an invitation also has the form and a signature of its own, and names that invitation.
#include "base/sha256.h"
#include "trust/enrolment.h"

using namespace spiral;
using namespace spiral::trust;

namespace {

// tests/vectors/golden/enrolment/invitation.json: the request beside it is in the corpus.
constexpr std::string_view kInvitation =
    R"({"code":"e258ff24c9ddcb71b534","domain":"qa.example.edu.cn","expires":"2026-03-09T14:05:11.123Z",)"
    R"("person":"b460d1bfb341cf23300f47a1421de415",)"
    R"("roles":[{"role":"head","scope":"unit/jwc"},{"role":"clerk","scope":"college"}],)"
    R"("school":"cdd57a0c0b99a4ccba1300f43442100c5ca344edadce8146e439d9f5a91e346c",)"
    R"("server":{"key":"9267f9ccd1dc5a8599e76e68ef2b7c7cf9e2d4614805f939325a2952b6650d7f",)"
    R"("url":"spiral://qa.example.edu.cn:7443"},"v":1})";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ByteView const bytes(data, size);
    auto const form = decodeJoinRequest(bytes);
    bool const signedByItself = verifyJoinRequest(bytes, "qa.example.edu.cn");
    auto const checked = checkJoinRequest(bytes, asBytes(kInvitation), Instant{});
    ensure(form.has_value() || !signedByItself, "what has not the form has no signature");
    ensure(signedByItself || !checked, "what has no signature is not accepted");
    if (checked) ensure(checked->invitation == sha256(asBytes(kInvitation)), "the request names its invitation");
    if (!checked) ensure(!checked.error().reason.empty(), "a refusal has a reason");
    ensure(digitsMatch(digitsOf(SchoolId{}, bytes), digitsText(digitsOf(SchoolId{}, bytes))),
           "digits match themselves");
    return 0;
}
