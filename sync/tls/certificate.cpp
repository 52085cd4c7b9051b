#include "certificate.h"

#include "base/sha256.h"

#include <openssl/asn1.h>
#include <openssl/ec.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <new>

namespace spiral::tls {
namespace {

using Object = std::unique_ptr<ASN1_OBJECT, OpensslDeleter<ASN1_OBJECT_free>>;
using OctetString = std::unique_ptr<ASN1_OCTET_STRING, OpensslDeleter<ASN1_OCTET_STRING_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, OpensslDeleter<X509_EXTENSION_free>>;

constexpr std::string_view kBindingMagic = "spiral-tls-v1";
// The value of the extension is in DER an OCTET STRING of 96 bytes: 04, 60, device key, signature.
constexpr std::array<std::uint8_t, 2> kBindingHead{0x04, 0x60};
constexpr std::size_t kBindingBytes = kBindingHead.size() + trust::PublicKey::size + trust::Signature::size;

constexpr long kVersion3 = 2;

/// All that these calls can lack is memory.
template <class T>
T* must(T* made) {
    if (made == nullptr) throw std::bad_alloc();
    return made;
}
void mustSucceed(int status) {
    if (status <= 0) throw std::bad_alloc();
}

Object bindingObject() { return Object(must(OBJ_txt2obj(kBindingOid, 1))); }

Bytes encode(Binding const& binding) {
    Bytes value(kBindingHead.begin(), kBindingHead.end());
    value.insert(value.end(), binding.device.raw.begin(), binding.device.raw.end());
    value.insert(value.end(), binding.signature.raw.begin(), binding.signature.raw.end());
    return value;
}

std::optional<Binding> decode(ByteView value) {
    if (value.size() != kBindingBytes || !std::equal(kBindingHead.begin(), kBindingHead.end(), value.begin())) {
        return std::nullopt;
    }
    value = value.subspan(kBindingHead.size());
    return Binding{*trust::PublicKey::fromBytes(value.first(trust::PublicKey::size)),
                   *trust::Signature::fromBytes(value.subspan(trust::PublicKey::size))};
}

Bytes textOver(ByteView subjectPublicKeyInfo) {
    Bytes text = toBytes(kBindingMagic);
    auto const hash = sha256(subjectPublicKeyInfo);
    text.insert(text.end(), hash.raw.begin(), hash.raw.end());
    return text;
}

Error otherServer(std::string detail) { return makeError(ErrorCode::Refused, "tls.other-server", std::move(detail)); }

}  // namespace

PrivateKey makeKey() { return PrivateKey(must(EVP_EC_gen("P-256"))); }

Bytes bindingText(EVP_PKEY& key) {
    Bytes info(static_cast<std::size_t>(std::max(0, i2d_PUBKEY(&key, nullptr))));
    std::uint8_t* end = info.data();
    mustSucceed(i2d_PUBKEY(&key, &end));
    return textOver(info);
}

Certificate makeCertificate(EVP_PKEY& key, std::optional<Binding> const& binding) {
    Certificate made(must(X509_new()));
    mustSucceed(X509_set_version(made.get(), kVersion3));
    mustSucceed(ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1));
    mustSucceed(ASN1_TIME_set_string_X509(X509_getm_notBefore(made.get()), "19700101000000Z"));
    mustSucceed(ASN1_TIME_set_string_X509(X509_getm_notAfter(made.get()), "99991231235959Z"));
    X509_NAME* const name = X509_get_subject_name(made.get());
    mustSucceed(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<unsigned char const*>("spiral"),
                                           -1, -1, 0));
    mustSucceed(X509_set_issuer_name(made.get(), name));
    mustSucceed(X509_set_pubkey(made.get(), &key));
    if (binding) {
        Bytes const value = encode(*binding);
        OctetString const octets(must(ASN1_OCTET_STRING_new()));
        mustSucceed(ASN1_OCTET_STRING_set(octets.get(), value.data(), static_cast<int>(value.size())));
        Extension const extension(must(X509_EXTENSION_create_by_OBJ(nullptr, bindingObject().get(), 0, octets.get())));
        mustSucceed(X509_add_ext(made.get(), extension.get(), -1));
    }
    mustSucceed(X509_sign(made.get(), &key, EVP_sha256()));
    return made;
}

Result<void> checkCertificate(X509& certificate, trust::PublicKey const& server, std::string_view domain) {
    Object const object = bindingObject();
    int const index = X509_get_ext_by_OBJ(&certificate, object.get(), -1);
    if (index < 0) return otherServer("The certificate names no device.");
    if (X509_get_ext_by_OBJ(&certificate, object.get(), index) >= 0) {
        return otherServer("The certificate names two devices.");
    }
    ASN1_OCTET_STRING const* const octets = X509_EXTENSION_get_data(X509_get_ext(&certificate, index));
    auto const binding =
        decode({ASN1_STRING_get0_data(octets), static_cast<std::size_t>(std::max(0, ASN1_STRING_length(octets)))});
    if (!binding) return otherServer("The certificate's binding is not of the form.");
    if (binding->device != server) {
        return otherServer("It is device " + trust::deviceIdOf(binding->device).hex() + ".");
    }

    X509_PUBKEY* const key = X509_get_X509_PUBKEY(&certificate);
    int const size = i2d_X509_PUBKEY(key, nullptr);
    if (size <= 0) return otherServer("The certificate has no key.");
    Bytes info(static_cast<std::size_t>(size));
    std::uint8_t* end = info.data();
    i2d_X509_PUBKEY(key, &end);
    if (!trust::verify(server, trust::nameSpaceFor("tls", domain), textOver(info), binding->signature)) {
        return otherServer("The device has not signed this TLS key for this domain.");
    }
    return {};
}

}  // namespace spiral::tls
