#include "trust/signature.h"

#include "../../store/trust/ed25519.h"
#include "base/random.h"
#include "trust/keys.h"
#include "vectors.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <sys/wait.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

using namespace spiral;
using namespace spiral::trust;

namespace {

constexpr std::string_view kNameSpace = "submit@qa.example.edu.cn";
constexpr std::string_view kMessage = "一个文件 of some kind";

SecretKey someKey(std::uint64_t seed) {
    SeededRandom random(seed);
    return SecretKey::generate(random);
}

Signature signedBy(SecretKey& key, std::string_view nameSpace, std::string_view message) {
    auto const signature = key.sign(nameSpace, asBytes(message));
    REQUIRE(signature);
    return *signature;
}

std::string string(std::string_view content) {
    std::string text;
    for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(content.size() >> shift & 0xff);
    return text + std::string(content);
}

/// The parts of an SSHSIG structure, each open to tampering.
struct Structure {
    std::string magic = "SSHSIG";
    std::string version{"\0\0\0\1", 4};
    std::string keyType = "ssh-ed25519";
    std::string key = std::string(32, 'k');
    std::string nameSpace{kNameSpace};
    std::string reserved{};
    std::string hash = "sha512";
    std::string signatureType = "ssh-ed25519";
    std::string signature = std::string(64, 's');
    std::string keyTail{}, signatureTail{}, tail{};

    [[nodiscard]] std::string armoured() const {
        std::string const blob = magic + version + string(string(keyType) + string(key) + keyTail) + string(nameSpace) +
                                 string(reserved) + string(hash) +
                                 string(string(signatureType) + string(signature) + signatureTail) + tail;
        return "-----BEGIN SSH SIGNATURE-----\n" + toBase64(asBytes(blob)) + "\n-----END SSH SIGNATURE-----\n";
    }
};

std::string reasonOf(Result<DetachedSignature> const& result) { return result ? "accepted" : result.error().reason; }
std::string reasonOf(Structure const& structure) { return reasonOf(parseArmour(structure.armoured())); }

/// Runs a program by the shell and gives its exit status; what it prints is not looked at.
int run(std::string const& command) {
    int const status = std::system((command + " >/dev/null 2>&1").c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void write(Path const& path, std::string_view text) {
    REQUIRE(systemFiles().replace(path, asBytes(text), FileMode::Private));
}

}  // namespace

TEST_CASE("all 151 Ed25519 vectors of Wycheproof get the verdict they name", "[trust][signature]") {
    auto const document = nlohmann::json::parse(vectorText("wycheproof/ed25519_test.json"));
    std::size_t count = 0;
    for (auto const& group : document.at("testGroups")) {
        auto const key = PublicKey::fromHex(group.at("publicKey").at("pk").get<std::string>());
        REQUIRE(key);
        for (auto const& test : group.at("tests")) {
            INFO("test " << test.at("tcId") << ": " << test.at("comment"));
            auto const message = fromHex(test.at("msg").get<std::string>());
            auto const bytes = fromHex(test.at("sig").get<std::string>());
            REQUIRE(message);
            REQUIRE(bytes);
            // Of another length it is no signature of ours at all.
            auto const signature = Signature::fromBytes(*bytes);
            bool const accepted = signature && ed25519::verifyRaw(*key, *message, *signature);
            CHECK(accepted == (test.at("result") == "valid"));
            ++count;
        }
    }
    CHECK(count == 151);
}

TEST_CASE("keys of small order and non-canonical encodings are refused", "[trust][signature]") {
    // The eight points of order 1, 2, 4 and 8, and encodings of y that are not below 2^255 − 19.
    std::vector<std::string> const refused{
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "0200000000000000000000000000000000000000000000000000000000000000",  // no point at all
    };
    for (std::string const& hex : refused) {
        INFO(hex);
        auto const key = PublicKey::fromHex(hex);
        REQUIRE(key);
        CHECK_FALSE(isAcceptableKey(*key));
    }
    for (std::uint64_t seed = 0; seed < 100; ++seed) CHECK(isAcceptableKey(someKey(seed).publicKey()));
}

TEST_CASE("a device is named by the SHA-256 of its raw key", "[trust][signature]") {
    // printf '0123456789abcdef0123456789abcdef' | sha256sum
    auto const key = PublicKey::fromBytes(asBytes("0123456789abcdef0123456789abcdef"));
    REQUIRE(key);
    CHECK(deviceIdOf(*key).hex() == "3eb1bd439947eb762998e566ccc2e099c791118b2f40579cc4f7da2b5061b7f9");
}

TEST_CASE("the signed text is SSHSIG, name space, nothing, sha512 and the hash of the message", "[trust][signature]") {
    // printf abc | sha512sum
    std::string const hash =
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";
    std::string const begin = "SSHSIG" + string("frame@a.b") + string("") + string("sha512");
    CHECK(toHex(signedText("frame@a.b", asBytes("abc"))) ==
          toHex(asBytes(begin)) + toHex(asBytes(std::string_view("\0\0\0\x40", 4))) + hash);
}

TEST_CASE("a name space is the kind without its version, at the domain", "[trust][signature]") {
    CHECK(nameSpaceFor("approve.v1", "qa.example.edu.cn") == "approve@qa.example.edu.cn");
    CHECK(nameSpaceFor("recheck-pass.v12", "a.b") == "recheck-pass@a.b");
    CHECK(nameSpaceFor("join", "qa.example.edu.cn") == "join@qa.example.edu.cn");
}

TEST_CASE("a signature holds for its key, name space and message and for nothing else", "[trust][signature]") {
    SecretKey alice = someKey(1);
    SecretKey const bob = someKey(2);
    Signature const signature = signedBy(alice, kNameSpace, kMessage);
    CHECK(verify(alice.publicKey(), kNameSpace, asBytes(kMessage), signature));
    CHECK_FALSE(verify(bob.publicKey(), kNameSpace, asBytes(kMessage), signature));
    CHECK_FALSE(verify(alice.publicKey(), "approve@qa.example.edu.cn", asBytes(kMessage), signature));
    CHECK_FALSE(verify(alice.publicKey(), "", asBytes(kMessage), signature));
    forEachBitFlip(std::string(kMessage), [&](std::string const& other) {
        CHECK_FALSE(verify(alice.publicKey(), kNameSpace, asBytes(other), signature));
    });
    forEachBitFlip(toText(signature.view()), [&](std::string const& other) {
        CHECK_FALSE(verify(alice.publicKey(), kNameSpace, asBytes(kMessage), *Signature::fromBytes(asBytes(other))));
    });
}

TEST_CASE("an empty name space signs nothing", "[trust][signature]") {
    SecretKey alice = someKey(1);
    auto const signature = alice.sign("", asBytes(kMessage));
    REQUIRE_FALSE(signature);
    CHECK(signature.error().code == ErrorCode::Usage);
}

TEST_CASE("OpenSSH's Ed25519 sample is read and verifies", "[trust][signature]") {
    auto const sample = parseArmour(vectorText("sshsig/ed25519.sig"));
    REQUIRE(sample);
    CHECK(sample->nameSpace == vectorText("sshsig/namespace"));
    auto const key = parseSshPublicKey(vectorText("sshsig/ed25519.pub"));
    REQUIRE(key);
    CHECK(sample->key == *key);
    CHECK(verify(*key, "unittest", vectorBytes("sshsig/signed-data"), sample->signature));
    // We write it as OpenSSH did.
    CHECK(armour(sample->key, sample->nameSpace, sample->signature) == vectorText("sshsig/ed25519.sig"));
}

TEST_CASE("OpenSSH's samples of other algorithms are refused by name", "[trust][signature]") {
    for (std::string const name : {"rsa", "ecdsa", "ed25519_sk", "mldsa44-ed25519"}) {
        INFO(name);
        auto const signature = parseArmour(vectorText("sshsig/" + name + ".sig"));
        REQUIRE_FALSE(signature);
        CHECK(signature.error().code == ErrorCode::Unsupported);
        CHECK(signature.error().reason == "sshsig.algorithm");
        auto const key = parseSshPublicKey(vectorText("sshsig/" + name + ".pub"));
        REQUIRE_FALSE(key);
        CHECK(key.error().reason == "ssh-key.algorithm");
    }
}

TEST_CASE("what differs from the one form of SSHSIG is refused with its reason", "[trust][signature]") {
    CHECK(reasonOf(Structure{}) == "accepted");
    CHECK(reasonOf(Structure{.magic = "SSHSIX"}) == "sshsig.magic");
    CHECK(reasonOf(Structure{.version = std::string("\0\0\0\2", 4)}) == "sshsig.version");
    CHECK(reasonOf(Structure{.version = std::string("\0\0\0\0", 4)}) == "sshsig.version");
    CHECK(reasonOf(Structure{.keyType = "ssh-ed25518"}) == "sshsig.algorithm");
    CHECK(reasonOf(Structure{.keyType = ""}) == "sshsig.algorithm");
    CHECK(reasonOf(Structure{.key = std::string(31, 'k')}) == "sshsig.length");
    CHECK(reasonOf(Structure{.key = std::string(33, 'k')}) == "sshsig.length");
    CHECK(reasonOf(Structure{.nameSpace = ""}) == "sshsig.namespace");
    CHECK(reasonOf(Structure{.nameSpace = std::string("a\0b", 3)}) == "sshsig.namespace");
    CHECK(reasonOf(Structure{.nameSpace = "a\nb"}) == "sshsig.namespace");
    CHECK(reasonOf(Structure{.nameSpace = "\xff"}) == "sshsig.namespace");
    CHECK(reasonOf(Structure{.reserved = "x"}) == "sshsig.reserved");
    CHECK(reasonOf(Structure{.hash = "sha256"}) == "sshsig.hash");
    CHECK(reasonOf(Structure{.hash = "SHA512"}) == "sshsig.hash");
    CHECK(reasonOf(Structure{.signatureType = "ssh-rsa"}) == "sshsig.algorithm");
    CHECK(reasonOf(Structure{.signature = std::string(63, 's')}) == "sshsig.length");
    CHECK(reasonOf(Structure{.keyTail = "x"}) == "sshsig.trailing-bytes");
    CHECK(reasonOf(Structure{.signatureTail = "x"}) == "sshsig.trailing-bytes");
    CHECK(reasonOf(Structure{.tail = "x"}) == "sshsig.trailing-bytes");
    CHECK(reasonOf(Structure{.nameSpace = std::string(16 * 1024, 'n')}) == "sshsig.too-large");
}

TEST_CASE("a hostile algorithm name cannot write into the log", "[trust][signature]") {
    auto const result = parseArmour(Structure{.keyType = "\x1b[31m\nroot" + std::string(200, 'x')}.armoured());
    REQUIRE_FALSE(result);
    CHECK(result.error().detail.find('\x1b') == std::string::npos);
    CHECK(result.error().detail.find('\n') == std::string::npos);
    CHECK(result.error().detail.size() < 150);
}

TEST_CASE("armour survives the line ends of mail and editors and nothing more", "[trust][signature]") {
    SecretKey alice = someKey(1);
    std::string const text = armour(alice.publicKey(), kNameSpace, signedBy(alice, kNameSpace, kMessage));
    std::string windows;
    for (char const c : text) windows += c == '\n' ? std::string("\r\n") : std::string(1, c);
    CHECK(reasonOf(parseArmour(windows)) == "accepted");
    CHECK(reasonOf(parseArmour(text + "\n\n")) == "accepted");
    CHECK(reasonOf(parseArmour(" " + text)) == "sshsig.armour");
    CHECK(reasonOf(parseArmour("\n" + text)) == "sshsig.armour");
    CHECK(reasonOf(parseArmour(text + "x")) == "sshsig.trailing-bytes");
    CHECK(reasonOf(parseArmour(text + text)) == "sshsig.trailing-bytes");
    CHECK(reasonOf(parseArmour("")) == "sshsig.armour");
    // One character of the base64 left out: what remains is of no valid length.
    std::string shorter = text;
    shorter.erase(shorter.find("\n-----END") - 1, 1);
    CHECK(reasonOf(parseArmour(shorter)) == "sshsig.base64");
}

TEST_CASE("every line of an armour has at most 70 characters", "[trust][signature]") {
    SecretKey alice = someKey(1);
    // Name spaces of all lengths, so that the last line is of all lengths too.
    for (std::size_t length = 1; length < 120; ++length) {
        std::string const nameSpace(length, 'n');
        std::string const text = armour(alice.publicKey(), nameSpace, signedBy(alice, nameSpace, kMessage));
        CHECK(text.ends_with("-----END SSH SIGNATURE-----\n"));
        for (std::size_t at = 0, end = 0; at < text.size(); at = end + 1) {
            end = text.find('\n', at);
            REQUIRE(end != std::string::npos);
            CHECK(end - at <= 70);
            CHECK(end > at);
        }
        auto const parsed = parseArmour(text);
        REQUIRE(parsed);
        CHECK(parsed->nameSpace == nameSpace);
        CHECK(verify(parsed->key, nameSpace, asBytes(kMessage), parsed->signature));
    }
}

TEST_CASE("every prefix and every bit flip of an armour is refused or still says the same", "[trust][signature]") {
    SecretKey alice = someKey(1);
    Signature const signature = signedBy(alice, kNameSpace, kMessage);
    std::string const text = armour(alice.publicKey(), kNameSpace, signature);
    auto const refusedOrEqual = [&](std::string const& other) {
        auto const parsed = parseArmour(other);
        if (!parsed) return true;
        if (parsed->key == alice.publicKey() && parsed->nameSpace == kNameSpace && parsed->signature == signature) {
            return true;
        }
        // Read as another signature: then it must not hold, under its own words and for the key we know.
        return !verify(parsed->key, parsed->nameSpace, asBytes(kMessage), parsed->signature) &&
               !(parsed->key == alice.publicKey() && parsed->nameSpace == kNameSpace &&
                 verify(alice.publicKey(), kNameSpace, asBytes(kMessage), parsed->signature));
    };
    forEachPrefix(text, [&](std::string const& other) { CHECK(refusedOrEqual(other)); });
    forEachBitFlip(text, [&](std::string const& other) { CHECK(refusedOrEqual(other)); });
}

TEST_CASE("a public key is written as OpenSSH writes it", "[trust][signature]") {
    auto const key = parseSshPublicKey(vectorText("sshsig/ed25519.pub"));
    REQUIRE(key);
    std::string const line = toSshPublicKey(*key);
    CHECK(vectorText("sshsig/ed25519.pub") == line + " ED25519 test key\n");
    CHECK(parseSshPublicKey(line));
    CHECK(parseSshPublicKey(line + " 张三@办公室\r\n"));
    forEachPrefix(line, [](std::string const& other) { CHECK_FALSE(parseSshPublicKey(other)); });
    forEachBitFlip(line, [&](std::string const& other) {
        auto const parsed = parseSshPublicKey(other);
        CHECK((!parsed || *parsed != *key));
    });
    CHECK_FALSE(parseSshPublicKey(line + "\nssh-ed25519 second"));
    CHECK_FALSE(parseSshPublicKey(line + std::string(10000, ' ')));
}

TEST_CASE("ssh-keygen accepts our armour and refuses it in another name space", "[trust][signature]") {
    if (run("command -v ssh-keygen") != 0) {
        WARN("ssh-keygen is not installed: our signatures had no second opinion");
        return;
    }
    TemporaryFolder const folder("sshsig");
    SecretKey alice = someKey(1);
    std::string const principal = "b460d1bfb341cf23300f47a1421de415";
    write(folder.path() / "message", kMessage);
    write(folder.path() / "other", "another message");
    write(folder.path() / "message.sig", armour(alice.publicKey(), kNameSpace, signedBy(alice, kNameSpace, kMessage)));
    write(folder.path() / "allowed_signers", principal + " namespaces=\"" + std::string(kNameSpace) + ",frame@a.b\" " +
                                                 toSshPublicKey(alice.publicKey()) + "\n");
    auto const keygen = [&](std::string const& nameSpace, std::string const& message) {
        return run("cd '" + folder.path().string() + "' && ssh-keygen -Y verify -f allowed_signers -I " + principal +
                   " -n " + nameSpace + " -s message.sig < " + message);
    };
    CHECK(keygen(std::string(kNameSpace), "message") == 0);
    CHECK(keygen("frame@a.b", "message") != 0);
    CHECK(keygen("approve@qa.example.edu.cn", "message") != 0);
    CHECK(keygen(std::string(kNameSpace), "other") != 0);
}

TEST_CASE("we accept what ssh-keygen signs with one of our keys", "[trust][signature]") {
    if (run("command -v ssh-keygen") != 0) {
        WARN("ssh-keygen is not installed: our signatures had no second opinion");
        return;
    }
    TemporaryFolder const folder("sshsig");
    write(folder.path() / "message", kMessage);
    REQUIRE(run("cd '" + folder.path().string() + "' && ssh-keygen -q -t ed25519 -N '' -C 'a person' -f key && " +
                "ssh-keygen -Y sign -f key -n " + std::string(kNameSpace) + " message") == 0);
    auto const read = [&](char const* name) {
        auto const bytes = systemFiles().read(folder.path() / name, 10000);
        REQUIRE(bytes);
        return toText(*bytes);
    };
    auto const key = parseSshPublicKey(read("key.pub"));
    REQUIRE(key);
    CHECK(isAcceptableKey(*key));
    auto const signature = parseArmour(read("message.sig"));
    REQUIRE(signature);
    CHECK(signature->key == *key);
    CHECK(verify(*key, kNameSpace, asBytes(kMessage), signature->signature));
    // The armour has one form: ours is theirs, byte for byte.
    CHECK(armour(*key, kNameSpace, signature->signature) == read("message.sig"));
}
