// OpenSSL's handles, each with one owner.
#pragma once

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>

namespace spiral::tls {

template <auto Free>
struct OpensslDeleter {
    template <class T>
    void operator()(T* made) const noexcept {
        Free(made);
    }
};
using SslContext = std::unique_ptr<SSL_CTX, OpensslDeleter<SSL_CTX_free>>;
using Ssl = std::unique_ptr<SSL, OpensslDeleter<SSL_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, OpensslDeleter<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, OpensslDeleter<X509_free>>;

}  // namespace spiral::tls
