// By what a client knows its server, and what it does not take for it.
#include "base/sha256.h"
#include "certificate.h"
#include "context.h"
#include "harbour.h"
#include "identity_state.h"

#include <openssl/err.h>

#include <atomic>
#include <thread>

using namespace spiral;
using namespace spiral::tls;

namespace {

Identity identityOf(PrivateKey key, Certificate certificate) {
    return Identity(std::make_shared<Identity::State const>(Identity::State{std::move(key), std::move(certificate)}));
}

/// A listener that shows `identity`, and what a client of `device` in kDomain says to it.
struct Impostor {
    Harbour harbour;
    int strangers = 0;
    std::string reasonFor(Identity const& identity) {
        auto opened =
            Listener::open(harbour.loop, identity, kHost, 0, {}, {}, [this](std::unique_ptr<Channel>) { ++strangers; });
        REQUIRE(opened);
        auto const result = harbour.tryConnect((*opened)->port());
        harbour.until([&] { return (*opened)->counters().handshakesFailed == 1 || strangers > 0; });
        return reasonOf(result);
    }
};

/// The signature that `device` gives for `key`, in a namespace and over a text of choice.
Binding bindingOf(trust::SecretKey& device, std::string const& nameSpace, ByteView text) {
    auto const signature = device.sign(nameSpace, text);
    REQUIRE(signature);
    return {device.publicKey(), *signature};
}

}  // namespace

TEST_CASE("a client connects to the device it knows, in its domain, and to no other", "[tls]") {
    Harbour harbour;
    auto const port = harbour.listener->port();
    auto const stranger = trust::SecretKey::generate(systemRandom());
    CHECK(reasonOf(harbour.tryConnect(harbour.device.publicKey(), kDomain, port)).empty());
    REQUIRE(harbour.until([&] { return harbour.accepted.size() == 1; }));
    auto const otherDevice = harbour.tryConnect(stranger.publicKey(), kDomain, port);
    CHECK(reasonOf(otherDevice) == "tls.other-server");
    CHECK(codeOf(otherDevice) == ErrorCode::Refused);
    CHECK(reasonOf(harbour.tryConnect(harbour.device.publicKey(), "other.example", port)) == "tls.other-server");
    CHECK(reasonOf(harbour.tryConnect(harbour.device.publicKey(), "", port)) == "tls.other-server");
    // The client broke off within the handshake, so it sent nothing.
    REQUIRE(harbour.until([&] { return harbour.listener->counters().handshakesFailed == 3; }));
    CHECK(harbour.accepted.size() == 1);
}

TEST_CASE("a certificate whose binding is not right for its key is refused", "[tls]") {
    Impostor impostor;
    auto& device = impostor.harbour.device;
    std::string const nameSpace = trust::nameSpaceFor("tls", kDomain);
    PrivateKey key = makeKey();
    Binding const right = bindingOf(device, nameSpace, bindingText(*key));
    auto const reasonFor = [&](std::optional<Binding> const& binding) {
        Certificate certificate = makeCertificate(*key, binding);
        EVP_PKEY_up_ref(key.get());
        return impostor.reasonFor(identityOf(PrivateKey(key.get()), std::move(certificate)));
    };
    SECTION("the right one passes, so that the others fail by what is wrong in them") { CHECK(reasonFor(right) == ""); }
    SECTION("none") { CHECK(reasonFor(std::nullopt) == "tls.other-server"); }
    SECTION("copied from the certificate of another TLS key") {
        PrivateKey other = makeKey();
        CHECK(reasonFor(bindingOf(device, nameSpace, bindingText(*other))) == "tls.other-server");
    }
    SECTION("signed for another purpose") {
        CHECK(reasonFor(bindingOf(device, trust::nameSpaceFor("approve", kDomain), bindingText(*key))) ==
              "tls.other-server");
    }
    SECTION("signed by another device that claims this one's key") {
        auto stranger = trust::SecretKey::generate(systemRandom());
        Binding forged = bindingOf(stranger, nameSpace, bindingText(*key));
        forged.device = device.publicKey();
        CHECK(reasonFor(forged) == "tls.other-server");
    }
    SECTION("any bit of it changed") {
        for (std::size_t byte : {0, 31}) {
            Binding changed = right;
            changed.device.raw[byte] ^= 1;
            CHECK(reasonFor(changed) == "tls.other-server");
        }
        for (std::size_t byte : {0, 31, 32, 63}) {
            Binding changed = right;
            changed.signature.raw[byte] ^= 1;
            CHECK(reasonFor(changed) == "tls.other-server");
        }
    }
    if (impostor.strangers > 0) CHECK(impostor.strangers == 1);
}

TEST_CASE("the certificate's extension has the bytes that formats.md tells", "[tls]") {
    auto device = trust::SecretKey::generate(systemRandom());
    auto const identity = Identity::make(device, kDomain);
    REQUIRE(identity);
    X509& certificate = *identity->state().certificate;
    ASN1_OBJECT* const object = OBJ_txt2obj(kBindingOid, 1);
    unsigned char* name = nullptr;
    int const nameSize = i2d_ASN1_OBJECT(object, &name);
    REQUIRE(nameSize == 22);
    CHECK(toHex({name, 22}) == "061469818fdf87b2f1abc29ea1a290c0dcd69fd18e23");
    OPENSSL_free(name);
    int const index = X509_get_ext_by_OBJ(&certificate, object, -1);
    ASN1_OBJECT_free(object);
    REQUIRE(index >= 0);
    ASN1_OCTET_STRING const* const octets = X509_EXTENSION_get_data(X509_get_ext(&certificate, index));
    ByteView const value{ASN1_STRING_get0_data(octets), static_cast<std::size_t>(ASN1_STRING_length(octets))};
    REQUIRE(value.size() == 98);
    CHECK(toHex(value.first(2)) == "0460");
    CHECK(toHex(value.subspan(2, 32)) == device.publicKey().hex());
    auto const signature = trust::Signature::fromBytes(value.subspan(34));
    REQUIRE(signature);

    unsigned char* info = nullptr;
    int const size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(&certificate), &info);
    REQUIRE(size > 0);
    Bytes text = toBytes(std::string_view("spiral-tls-v1"));
    auto const hash = sha256({info, static_cast<std::size_t>(size)});
    OPENSSL_free(info);
    text.insert(text.end(), hash.raw.begin(), hash.raw.end());
    CHECK(trust::verify(device.publicKey(), "tls@qa.example.edu.cn", text, *signature));
    CHECK(checkCertificate(certificate, device.publicKey(), kDomain).has_value());
    CHECK(X509_verify(&certificate, identity->state().key.get()) == 1);
}

TEST_CASE("a signer that does not sign makes no identity", "[tls]") {
    struct LockedSigner final : trust::Signer {
        trust::PublicKey key;
        [[nodiscard]] trust::PublicKey const& publicKey() const noexcept override { return key; }
        [[nodiscard]] Result<trust::Signature> sign(std::string_view, ByteView) override {
            return makeError(ErrorCode::Locked, "key.locked");
        }
    } signer;
    CHECK(reasonOf(Identity::make(signer, kDomain)) == "key.locked");
}

namespace {

/// A foreign client in a thread of its own: did its handshake succeed, and with what?
template <class Prepare>
bool foreignClient(Harbour& harbour, Prepare prepare) {
    bool succeeded = false;
    std::atomic<bool> done = false;
    RawSocket socket(harbour.listener->port());
    std::thread client([&] {
        SslContext const context(SSL_CTX_new(TLS_client_method()));
        SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
        Ssl const ssl(SSL_new(context.get()));
        prepare(*ssl);
        SSL_set_fd(ssl.get(), socket.descriptor());
        succeeded = SSL_connect(ssl.get()) == 1;
        // The server judges after the client has finished: wait for its verdict.
        if (succeeded) {
            char byte = 0;
            timeval const patience{1, 0};
            ::setsockopt(socket.descriptor(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
            int const got = SSL_read(ssl.get(), &byte, 1);
            succeeded = SSL_get_error(ssl.get(), got) == SSL_ERROR_WANT_READ || errno == EAGAIN;
        }
        ERR_clear_error();
        done = true;
    });
    harbour.until([&] { return done.load(); });
    client.join();
    return succeeded;
}

void offerOurs(SSL& ssl) {
    auto const names = asBytes("\x08spiral/1");
    SSL_set_alpn_protos(&ssl, names.data(), static_cast<unsigned>(names.size()));
}

}  // namespace

TEST_CASE("only TLS 1.3 with our protocol's name is spoken", "[tls]") {
    Harbour harbour;
    CHECK(foreignClient(harbour, [](SSL& ssl) { offerOurs(ssl); }));
    REQUIRE(harbour.accepted.size() == 1);
    CHECK_FALSE(foreignClient(harbour, [](SSL& ssl) {
        offerOurs(ssl);
        SSL_set_max_proto_version(&ssl, TLS1_2_VERSION);
    }));
    CHECK_FALSE(foreignClient(harbour, [](SSL&) {}));
    CHECK_FALSE(foreignClient(harbour, [](SSL& ssl) {
        auto const names = asBytes("\x02h2\x08http/1.1");
        SSL_set_alpn_protos(&ssl, names.data(), static_cast<unsigned>(names.size()));
    }));
    CHECK(harbour.until([&] { return harbour.listener->counters().handshakesFailed == 3; }));
    CHECK(harbour.accepted.size() == 1);
}
