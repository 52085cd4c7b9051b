// Documents for tests/bench/network.py: made from a seed, the same at every call, as text for the others to take in, and
// sealed into a replica that exists, as saving them one by one (--rows 1) or a bulk import (--rows 100) would.
//
//   bench_network_seed --documents 10000 --bytes 1024 --texts FILE          a JSON array of {"id", "title", "cause"}
//   bench_network_seed --documents 10000 --bytes 1024 --rows 1 --replica DIR --passphrase FILE --scope unit/jwc
//   … --change 2000 --of ID [--parent REVISION]     one document of so many bytes; --of names it, --parent what it follows
//   bench_network_seed --verify 10000 --threads 2   prints the seconds that so many signatures of headers take to verify
//
// Prints "revisions BYTES LAST-REVISION". The guard lies where the environment says, as it does for spiral itself.
#include "bench.h"
#include "corpus.h"

#include "base/sha256.h"
#include "replica/replica.h"

#include <atomic>
#include <fstream>
#include <thread>

using namespace spiral;
using namespace spiral::bench;

namespace {

[[noreturn]] void stop(Error const& error) {
    std::fprintf(stderr, "%s %s\n", error.reason.c_str(), error.detail.c_str());
    std::exit(1);
}
template <class Value>
Value must(Result<Value> result) {
    if (!result) stop(result.error());
    return std::move(*result);
}

struct Text {
    DocumentId id;
    std::string title, cause;
};

std::vector<Text> texts(std::size_t documents, std::size_t bytes, std::uint64_t seed) {
    Corpus const corpus;
    SeededRandom random(seed);
    std::vector<Text> made;
    for (std::size_t i = 0; i < documents; ++i) {
        auto const id = random.token<DocumentId>();
        auto title = corpus.title(random);
        // The title counts; no character is cut.
        made.push_back({id, title, corpus.text(random, bytes > title.size() ? bytes - title.size() : 1)});
    }
    return made;
}

/// What must be done for single frames before any of them may be stored, and nothing else.
double verifying(std::size_t signatures, std::size_t threads) {
    auto secret = trust::SecretKey::generate(systemRandom());
    std::string const nameSpace = trust::nameSpaceFor("frame", "qa.example.edu.cn");
    std::vector<std::pair<Bytes, trust::Signature>> headers;
    for (std::size_t i = 0; i < 100; ++i) {
        Bytes const header(450, static_cast<std::uint8_t>(i));   // as long as one of a single frame
        headers.emplace_back(header, must(secret.sign(nameSpace, header)));
    }
    std::atomic<std::size_t> next = 0;
    std::atomic<bool> good = true;
    return costOf([&] {
               std::vector<std::jthread> workers;
               for (std::size_t i = 0; i < threads; ++i) {
                   workers.emplace_back([&] {
                       for (std::size_t at = next++; at < signatures; at = next++) {
                           auto const& [header, signature] = headers[at % headers.size()];
                           if (!trust::verify(secret.publicKey(), nameSpace, header, signature)) good = false;
                       }
                   });
               }
           }).wall *
           (good ? 1 : -1);
}

}  // namespace

int main(int count, char** values) {
    Arguments const arguments(count, values,
                              {{"documents", "10"},
                               {"bytes", "1024"},
                               {"rows", "100"},
                               {"seed", "7"},
                               {"texts", ""},
                               {"replica", ""},
                               {"passphrase", ""},
                               {"scope", "unit/jwc"},
                               {"of", ""},
                               {"parent", ""},
                               {"verify", "0"},
                               {"threads", "2"}});
    if (auto const signatures = arguments.number("verify"); signatures > 0) {
        std::printf("verified %.6f\n", verifying(signatures, arguments.number("threads")));
        return 0;
    }
    auto made = texts(arguments.number("documents"), arguments.number("bytes"), arguments.number("seed"));
    if (!arguments.text("of").empty()) {
        auto const id = DocumentId::fromHex(arguments.text("of"));
        if (!id || made.size() != 1) stop(makeError(ErrorCode::Usage, "--of names one document"));
        made[0].id = *id;
    }
    if (!arguments.text("texts").empty()) {
        std::ofstream out(arguments.text("texts"), std::ios::binary);
        out << "[";
        for (auto const& text : made) {
            json::Object const document{{"id", text.id.hex()}, {"title", text.title}, {"cause", text.cause}};
            out << (&text == made.data() ? "\n" : ",\n") << json::encode(document);
        }
        out << "\n]\n";
    }
    if (arguments.text("replica").empty()) return 0;

    replica::World const world{systemWallClock(), systemMonotonicClock(), systemRandom(), systemFiles()};
    auto const replica = must(replica::Replica::open(arguments.text("replica"), world, replica::Access::Write));
    auto const file = must(systemFiles().read(Path(arguments.text("replica")) / "keys" / "device.key", 64 * 1024));
    std::string passphrase = toText(must(systemFiles().read(arguments.text("passphrase"), 4096)));
    passphrase.resize(std::min(passphrase.find('\n'), passphrase.size()));
    auto secret = must(trust::SecretKey::unwrap(file, passphrase));
    auto const scope = Scope::parse(arguments.text("scope"));
    if (!scope || !replica->person()) stop(makeError(ErrorCode::Usage, "no such scope, or not enrolled"));
    std::size_t bytes = 0;
    ObjectId last;
    for (std::size_t done = 0; done < made.size();) {
        std::vector<replica::NewRow> rows;
        for (; rows.size() < arguments.number("rows") && done < made.size(); ++done) {
            trust::Revision revision;
            revision.school = replica->registry().school();
            revision.scope = *scope;
            revision.doc = made[done].id;
            revision.type = "task.v1";
            if (auto const parent = ObjectId::fromHex(arguments.text("parent"))) revision.parents.push_back(*parent);
            revision.fields = {{"cause", made[done].cause}, {"title", made[done].title}};
            revision.by = {*replica->person(), replica->device()};
            revision.time = replica->clock().next();
            revision.nonce = world.random.token<Nonce>();
            std::string text = trust::encode(revision);
            bytes += text.size();
            last = hashAs<ObjectId>(asBytes(text));
            rows.push_back({{trust::Item::Kind::Revision, last}, std::move(text), std::nullopt});
        }
        must(replica->seal(*scope, rows, secret));
    }
    std::printf("revisions %zu %s\n", bytes, last.hex().c_str());
    return 0;
}
