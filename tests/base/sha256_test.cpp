#include "base/sha256.h"

#include "base/random.h"

#include "helpers.h"

#include <thread>

namespace spiral {
namespace {

std::string hashOf(std::string_view text) { return sha256(asBytes(text)).hex(); }

TEST_CASE("SHA-256 gives the known answers of FIPS 180", "[base][sha256]") {
    CHECK(hashOf("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(hashOf("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(hashOf("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(hashOf(std::string(1000000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    CHECK(hashAs<ObjectId>(asBytes("abc")).hex() == hashOf("abc"));
}

TEST_CASE("SHA-256 over pieces equals SHA-256 at once", "[base][sha256]") {
    SeededRandom random(6);
    for (std::size_t const size : {0, 1, 55, 56, 63, 64, 65, 127, 128, 1000, 10000}) {
        Bytes bytes(size);
        random.fill(bytes);
        for (int round = 0; round < 20; ++round) {
            Sha256Stream stream;
            ByteView rest(bytes);
            while (!rest.empty()) {
                std::size_t const count = random.below(rest.size()) + 1;
                stream.add(rest.first(count));
                rest = rest.subspan(count);
                stream.add({});
            }
            CHECK(stream.finish() == sha256(bytes));
        }
    }
}

TEST_CASE("a hash stream can be moved in the middle", "[base][sha256]") {
    Sha256Stream first;
    first.add(asBytes("ab"));
    Sha256Stream second(std::move(first));
    second.add(asBytes("c"));
    CHECK(second.finish() == sha256(asBytes("abc")));
}

TEST_CASE("a finished hash stream is not used again", "[base][sha256]") {
    CHECK(stops([] {
        Sha256Stream stream;
        static_cast<void>(stream.finish());
        stream.add(asBytes("a"));
    }));
}

TEST_CASE("threads hash without disturbing each other", "[base][sha256]") {
    Sha256 const expected = sha256(asBytes("abc"));
    std::vector<std::thread> threads;
    std::vector<int> wrong(4);
    for (int& count : wrong) {
        threads.emplace_back([&count, &expected] {
            for (int round = 0; round < 2000; ++round) count += sha256(asBytes("abc")) == expected ? 0 : 1;
        });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == std::vector<int>(4));
}

}  // namespace
}  // namespace spiral
