#include "base/sha256.h"

#include "base/result.h"

#include <openssl/evp.h>

namespace spiral {
namespace {

struct ContextDeleter {
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, ContextDeleter>;

/// Looked up once and kept until the program ends: the look-up by name costs more than hashing a small object.
EVP_MD const* algorithm() {
    static EVP_MD const* const kAlgorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    ensure(kAlgorithm != nullptr, "OpenSSL has no SHA-256");
    return kAlgorithm;
}

Context makeContext() {
    Context context(EVP_MD_CTX_new());
    ensure(context && EVP_DigestInit_ex2(context.get(), algorithm(), nullptr) == 1, "SHA-256 cannot start");
    return context;
}

void add(EVP_MD_CTX* context, ByteView bytes) {
    ensure(EVP_DigestUpdate(context, bytes.data(), bytes.size()) == 1, "SHA-256 cannot go on");
}

Sha256 finish(EVP_MD_CTX* context) {
    Sha256 hash;
    unsigned int size = 0;
    ensure(EVP_DigestFinal_ex(context, hash.raw.data(), &size) == 1 && size == Sha256::size, "SHA-256 cannot finish");
    return hash;
}

}  // namespace

Sha256 sha256(ByteView bytes) {
    // One context for each thread. Measured for 1 KiB: 0.82 µs, against 0.88 µs with a new context each time and
    // 1.12 µs with EVP_Q_digest, which looks the algorithm up by name.
    thread_local Context const context = makeContext();
    // Without an algorithm this only starts the one of before anew.
    ensure(EVP_DigestInit_ex2(context.get(), nullptr, nullptr) == 1, "SHA-256 cannot start again");
    add(context.get(), bytes);
    return finish(context.get());
}

struct Sha256Stream::State {
    Context context = makeContext();
};

Sha256Stream::Sha256Stream() : m_state(std::make_unique<State>()) {}
Sha256Stream::~Sha256Stream() = default;
Sha256Stream::Sha256Stream(Sha256Stream&&) noexcept = default;
Sha256Stream& Sha256Stream::operator=(Sha256Stream&&) noexcept = default;

void Sha256Stream::add(ByteView bytes) {
    ensure(m_state != nullptr, "Sha256Stream is used after finish()");
    spiral::add(m_state->context.get(), bytes);
}

Sha256 Sha256Stream::finish() {
    ensure(m_state != nullptr, "Sha256Stream is used after finish()");
    Sha256 const hash = spiral::finish(m_state->context.get());
    m_state.reset();
    return hash;
}

}  // namespace spiral
