#include "key.h"

#include <algorithm>

namespace spiral::server {

namespace {

constexpr std::size_t kPassphraseFileBytesMax = 4096;
constexpr std::size_t kKeyFileBytesMax = 64 * 1024;

/// What is wrong with the key file, in its own words: whoever reads "no such file" does not know which.
Error keyError(Error const& error) {
    if (error.code == ErrorCode::NotFound) return makeError(ErrorCode::NotFound, "key.missing", error.detail);
    bool const readable = error.code != ErrorCode::Malformed && error.code != ErrorCode::TooLarge;
    return readable ? error : makeError(ErrorCode::Damaged, "key.damaged", error.reason);
}

}  // namespace

Result<cli::Secret> passphrase(std::optional<std::string> const& file, replica::World world,
                               Surroundings const& surroundings) {
    auto named = file ? file : surroundings.variable("SPIRAL_PASSPHRASE_FILE");
    if (!named) {
        auto const credentials = surroundings.variable("CREDENTIALS_DIRECTORY");
        if (!credentials) return makeError(ErrorCode::Usage, "passphrase.no-file");
        named = (Path(*credentials) / "passphrase").string();
    }
    auto bytes = world.files.read(surroundings.workingFolder / *named, kPassphraseFileBytesMax);
    if (!bytes) return bytes.error();
    std::string text(asText(*bytes));
    explicit_bzero(bytes->data(), bytes->size());
    auto const end = std::min(text.find('\n'), text.size());
    explicit_bzero(text.data() + end, text.size() - end);
    text.resize(end > 0 && text[end - 1] == '\r' ? end - 1 : end);
    return cli::Secret(std::move(text));
}

office::Unlock unlockWith(std::optional<std::string> file, replica::World world, Surroundings const& surroundings) {
    return [file = std::move(file), world, &surroundings](
               Path const& folder, trust::PublicKey const& key) -> Result<std::unique_ptr<trust::Signer>> {
        auto bytes = world.files.read(folder / "keys" / "device.key", kKeyFileBytesMax);
        if (!bytes) return keyError(bytes.error());
        auto secret = passphrase(file, world, surroundings);
        if (!secret) return secret.error();
        auto opened = trust::SecretKey::unwrap(*bytes, secret->view());
        if (!opened) return keyError(opened.error());
        if (opened->publicKey() != key) return makeError(ErrorCode::Damaged, "key.other-public-key");
        return std::unique_ptr<trust::Signer>(std::make_unique<trust::SecretKey>(std::move(*opened)));
    };
}

}  // namespace spiral::server
