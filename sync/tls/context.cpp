#include "context.h"

#include "base/bytes.h"

#include <openssl/err.h>

#include <new>

namespace spiral::tls {
namespace {

constexpr std::string_view kProtocol = "spiral/1";
// As ALPN writes it: each name with its length in front.
constexpr std::string_view kProtocolList = "\x08spiral/1";

// Ours has about 500 bytes.
constexpr long kCertificateBytesMax = 4 * 1024;

void mustSucceed(bool succeeded) {
    if (!succeeded) throw std::bad_alloc();  // settings of our own: only memory can be wrong
}

int chooseProtocol(SSL*, unsigned char const** chosen, unsigned char* size, unsigned char const* offered,
                   unsigned offeredSize, void*) {
    unsigned char* found = nullptr;
    ByteView const ours = asBytes(kProtocolList);
    if (SSL_select_next_proto(&found, size, ours.data(), static_cast<unsigned>(ours.size()), offered, offeredSize) !=
        OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

SslContext makeContext(SSL_METHOD const* method) {
    SslContext context(SSL_CTX_new(method));
    mustSucceed(context != nullptr);
    SSL_CTX* const made = context.get();
    mustSucceed(SSL_CTX_set_min_proto_version(made, TLS1_3_VERSION) == 1);
    mustSucceed(SSL_CTX_set_max_proto_version(made, TLS1_3_VERSION) == 1);
    mustSucceed(SSL_CTX_set1_sigalgs_list(made, "ECDSA+SHA256") == 1);
    mustSucceed(SSL_CTX_set1_groups_list(made, "X25519:P-256") == 1);
    // Each connection stands for itself: nothing to resume, nothing sent before the other side is known.
    SSL_CTX_set_options(made, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    mustSucceed(SSL_CTX_set_num_tickets(made, 0) == 1);
    SSL_CTX_set_session_cache_mode(made, SSL_SESS_CACHE_OFF);
    mustSucceed(SSL_CTX_set_max_early_data(made, 0) == 1);
    SSL_CTX_set_max_cert_list(made, kCertificateBytesMax);
    // Buffers only while there is something in them. Without AUTO_RETRY a call ends after each record that is no data,
    // so that one connection cannot keep the loop busy with them.
    SSL_CTX_set_mode(made,
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_clear_mode(made, SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_read_ahead(made, 0);
    return context;
}

}  // namespace

SslContext makeServerContext(Identity::State const& identity) {
    SslContext context = makeContext(TLS_server_method());
    mustSucceed(SSL_CTX_use_certificate(context.get(), identity.certificate.get()) == 1);
    mustSucceed(SSL_CTX_use_PrivateKey(context.get(), identity.key.get()) == 1);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
    SSL_CTX_set_alpn_select_cb(context.get(), chooseProtocol, nullptr);
    return context;
}

SslContext makeClientContext(int (*checkPeer)(X509_STORE_CTX*, void*)) {
    SslContext context = makeContext(TLS_client_method());
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_cert_verify_callback(context.get(), checkPeer, nullptr);
    ByteView const ours = asBytes(kProtocolList);
    mustSucceed(SSL_CTX_set_alpn_protos(context.get(), ours.data(), static_cast<unsigned>(ours.size())) == 0);
    return context;
}

bool speaksOurProtocol(SSL const& ssl) noexcept {
    unsigned char const* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(&ssl, &name, &size);
    return asText({name, size}) == kProtocol;
}

std::string takeOpensslError() {
    unsigned long const code = ERR_peek_last_error();
    ERR_clear_error();
    char const* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    return reason == nullptr ? "no further reason" : reason;
}

}  // namespace spiral::tls
