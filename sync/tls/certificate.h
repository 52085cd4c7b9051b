// The certificate that ties a TLS key to a device key. docs/formats.md, "TLS", has its bytes.
#pragma once

#include "base/result.h"
#include "openssl.h"
#include "trust/signature.h"

#include <optional>
#include <string_view>

namespace spiral::tls {

/// A UUID of our own under the arc that needs no registration (ITU-T X.667).
inline constexpr char const* kBindingOid = "2.25.95533369980165446718567832416035292963";

/// What stands in the extension: a device key and its signature over the TLS key.
struct Binding {
    trust::PublicKey device;
    trust::Signature signature;
};

/// A P-256 key from the system's randomness. Throws std::bad_alloc if OpenSSL cannot.
[[nodiscard]] PrivateKey makeKey();
/// What the device signs, in the namespace tls@<domain>: "spiral-tls-v1" and the SHA-256 of the key's
/// SubjectPublicKeyInfo in DER.
[[nodiscard]] Bytes bindingText(EVP_PKEY& key);
/// A certificate for `key`, signed with it, for all time: no device's clock can be relied on. With `binding` in its
/// extension, if there is one. Throws std::bad_alloc if OpenSSL cannot.
[[nodiscard]] Certificate makeCertificate(EVP_PKEY& key, std::optional<Binding> const& binding);

/// Is this a certificate by which `server` vouches, in `domain`, for the key in it? Refused "tls.other-server" with
/// what is wrong. That the other side holds the key is for the handshake to prove.
[[nodiscard]] Result<void> checkCertificate(X509& certificate, trust::PublicKey const& server, std::string_view domain);

}  // namespace spiral::tls
