// What all connections of a listener, or all of connect(), have in common: TLS 1.3 alone, nothing remembered.
#pragma once

#include "identity_state.h"
#include "openssl.h"

namespace spiral::tls {

/// Both throw std::bad_alloc if OpenSSL cannot.
[[nodiscard]] SslContext makeServerContext(Identity::State const& identity);
/// The client's context asks the Connection that is the SSL's app data about the certificate.
[[nodiscard]] SslContext makeClientContext(int (*checkPeer)(X509_STORE_CTX*, void*));

/// True iff both sides have agreed on our protocol's name.
[[nodiscard]] bool speaksOurProtocol(SSL const& ssl) noexcept;
/// What OpenSSL says has gone wrong; empties its queue.
[[nodiscard]] std::string takeOpensslError();

}  // namespace spiral::tls
