#include "tls/identity.h"

#include "certificate.h"
#include "identity_state.h"

namespace spiral::tls {

Result<Identity> Identity::make(trust::Signer& device, std::string_view domain) {
    PrivateKey key = makeKey();
    auto const signature = device.sign(trust::nameSpaceFor("tls", domain), bindingText(*key));
    if (!signature) return signature.error();
    Certificate certificate = makeCertificate(*key, Binding{device.publicKey(), *signature});
    return Identity(std::make_shared<State const>(State{std::move(key), std::move(certificate)}));
}

}  // namespace spiral::tls
