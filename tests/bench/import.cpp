// How fast are frames taken in, everything verified, beside the rate at which one thread checks Ed25519 signatures?
//
//   build/release/bin/bench_import [--revisions 10000] [--turns 5] [--bytes 1024] [--workers 2] [--view 1] [--folder
//   DIR]
//
// Each turn checks the signatures of the single-revision frames in a loop, and lets new replicas take the same frames
// in: single ones, and of 100 revisions, each without and with the view. Export writes the file that a stick would
// carry (framesBeyond, messages, zstd); import of the file reads it back, with its hash and the check of its form.
#include "college.h"

#include "projector.h"

using namespace spiral;
using namespace spiral::bench;

int main(int count, char** values) {
    Arguments const arguments(
        count, values,
        {{"revisions", "10000"}, {"turns", "5"}, {"bytes", "1024"}, {"workers", "2"}, {"view", "1"}, {"folder", ""}});
    makeFoldersIn(arguments.text("folder"));
    std::size_t const revisions = arguments.number("revisions");
    auto const operations = static_cast<double>(revisions);
    replica::Limits limits;
    limits.workers = arguments.number("workers");
    BenchCollege bench;
    // What a revision has besides its text: ids, person, times.
    std::size_t const text = arguments.number("bytes") - std::min<std::size_t>(arguments.number("bytes"), 620);
    auto singles = bench.frames(revisions, 1, text);
    bench.beginFeed();
    auto hundreds = bench.frames(revisions, 100, text);
    double bytes = 0;
    for (auto& frame : hundreds) {
        bytes += static_cast<double>(frame.payload->bytes.size());
        frame.payload = replica::pack(frame.payload->bytes);  // as they leave the replica that sealed them
    }

    Series verify{"Ed25519 verify of single frames' headers, one thread", operations, {}};
    struct Set {
        char const* name;
        std::vector<TravellingFrame> const* frames;
        Series import, withView, exportFile, importFile;
    };
    auto const seriesOf = [&](std::string const& name) { return Series{name, operations, {}}; };
    std::vector<Set> sets;
    for (auto const& [name, frames] : {std::pair{"frames of 1", &singles}, std::pair{"frames of 100", &hundreds}}) {
        std::string const prefix = name;
        sets.push_back({name, frames, seriesOf(prefix + ": import"), seriesOf(prefix + ": import and view"),
                        seriesOf(prefix + ": export to a file"), seriesOf(prefix + ": import of the file")});
    }
    office::DocumentProjector const projector;
    TemporaryFolder const stick("spiral-bench");
    double fileBytes[2] = {0, 0};

    for (std::size_t turn = 0; turn < arguments.number("turns"); ++turn) {
        std::string const nameSpace = bench.frameNameSpace();
        verify.add(costOf([&] {
            for (auto const& frame : singles) {
                REQUIRE(trust::verify(bench.clerkKey().publicKey(), nameSpace, frame.header, frame.signature));
            }
        }));
        for (auto& set : sets) {
            auto reader = bench.newReader();
            reader->open(limits);
            auto frames = *set.frames;
            Cost const plain = costOf([&] { BenchCollege::importAll(**reader, std::move(frames)); });
            set.import.add(plain);
            if (arguments.number("view") != 0) {
                auto const view = replica::View::open(**reader, projector);
                Cost const caughtUp = costOf([&] { view->catchUp(); });
                set.withView.add(plain + caughtUp);
                REQUIRE(view->status().items[replica::Count::Current] >= static_cast<std::int64_t>(revisions));
            }
            replica::Attachments attachments(reader->folder() / "attachments", systemFiles());
            Path const file = stick.path() / "exchange";
            set.exportFile.add(costOf([&] {
                auto const written =
                    transport::exportFile(**reader, attachments, file, transport::FileKind::Exchange, {}, everyScope);
                REQUIRE(written);
                fileBytes[&set - sets.data()] = static_cast<double>(written->bytes);
            }));
            reader = bench.newReader();
            reader->open(limits);
            replica::Attachments readers(reader->folder() / "attachments", systemFiles());
            set.importFile.add(costOf([&] {
                auto const read = transport::importFile(**reader, readers, file);
                REQUIRE(read);
                REQUIRE(read->stored >= set.frames->size());
            }));
        }
    }

    std::printf(
        "%zu revisions of %.0f bytes, %zu turns, %zu workers, ids in random order; file of single frames %.2f MB, of "
        "hundreds %.2f MB\n",
        revisions, bytes / operations, arguments.number("turns"), limits.workers, fileBytes[0] / 1e6,
        fileBytes[1] / 1e6);
    header({"", "revisions/s", "a second of processor", "× verify rate", "×, by processor"});
    auto const print = [&](Series const& series) {
        if (series.turns.empty()) return;
        row({series.name, shown(1e6 / series.wallMicroseconds()), shown(1e6 / series.cpuMicroseconds()),
             shown(verify.wallOver(series)), shown(verify.cpuOver(series))});
    };
    print(verify);
    for (auto const& set : sets) {
        for (auto const* series : {&set.import, &set.withView, &set.importFile, &set.exportFile}) print(*series);
        std::printf("| %s: export to ÷ import of the file | | | %s | %s |\n", set.name,
                    shown(set.importFile.wallOver(set.exportFile)).c_str(),
                    shown(set.importFile.cpuOver(set.exportFile)).c_str());
    }
    return 0;
}
