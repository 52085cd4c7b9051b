// Our half of tests/bench/fossil.py: the same texts through replicas and files. Also makes the texts.
//
//   bench_peer --make DIR --documents 10000 --bytes 2000     texts in DIR/<nnnn>/<nnnnnn>.txt
//   bench_peer --texts DIR --changed 10 --rows 200           prints "what seconds seconds-of-processor bytes" a line
//
// A writer seals the texts, `rows` a frame (as a bulk import does); a reader of another device gets them by tips,
// export and import, and his view follows; then some documents change, each in a frame of its own, and all in one; then
// a third device that holds only the registry gets everything.
#include "college.h"

#include "projector.h"

#include <filesystem>
#include <fstream>

using namespace spiral;
using namespace spiral::bench;

namespace {

void makeTexts(Path const& folder, std::size_t documents, std::size_t bytes) {
    Corpus const corpus;
    SeededRandom random(20);
    for (std::size_t i = 0; i < documents; ++i) {
        // Equally long, so that names are in the order of numbers.
        std::string const number = std::to_string(1'000'000 + i).substr(1);
        Path const file = folder / number.substr(0, 4) / (number + ".txt");
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file, std::ios::binary) << corpus.title(random) << "\n" << corpus.text(random, bytes);
    }
}

std::vector<std::string> readTexts(Path const& folder) {
    std::vector<Path> files;
    for (auto const& entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (entry.is_regular_file()) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    std::vector<std::string> texts;
    for (auto const& file : files) {
        auto const bytes = systemFiles().read(file, 16 * 1024 * 1024);
        REQUIRE(bytes);
        texts.push_back(toText(*bytes));
    }
    return texts;
}

void tell(char const* what, Cost cost, double bytes) {
    std::printf("%s %.6f %.6f %.0f\n", what, cost.wall, cost.cpu, bytes);
    std::fflush(stdout);
}

double sizeOf(Path const& file) { return static_cast<double>(systemFiles().size(file).value()); }

/// One way by file: the reader's tips, what he lacks, and his view.
void carry(char const* what, Machine& from, Machine& to, replica::View& view, Path const& stick) {
    replica::Attachments given(from.folder() / "attachments", systemFiles());
    replica::Attachments taken(to.folder() / "attachments", systemFiles());
    Cost const exchange = costOf([&] {
        REQUIRE(transport::writeTips(*to, stick / "tips"));
        auto const tips = transport::readTips(stick / "tips", systemFiles());
        REQUIRE(tips);
        REQUIRE(transport::exportFile(*from, given, stick / "exchange", transport::FileKind::Exchange, tips->tips,
                                      everyScope));
        REQUIRE(transport::importFile(*to, taken, stick / "exchange"));
    });
    double const bytes = sizeOf(stick / "tips") + sizeOf(stick / "exchange");
    Cost const followed = costOf([&] { view.catchUp(); });
    tell(what, exchange + followed, bytes);
    tell((std::string(what) + "-without-view").c_str(), exchange, bytes);
}

}  // namespace

int main(int count, char** values) {
    Arguments const arguments(count, values,
                              {{"make", ""},
                               {"documents", "10000"},
                               {"bytes", "2000"},
                               {"texts", ""},
                               {"changed", "10"},
                               {"rows", "200"},
                               {"folder", ""}});
    makeFoldersIn(arguments.text("folder"));
    if (!arguments.text("make").empty()) {
        makeTexts(arguments.text("make"), arguments.number("documents"), arguments.number("bytes"));
        return 0;
    }
    auto const texts = readTexts(arguments.text("texts"));
    std::size_t const changed = std::min(arguments.number("changed"), texts.size());
    TemporaryFolder const stick("spiral-bench");
    office::DocumentProjector const projector;
    BenchCollege bench;
    auto writer = bench.newClerk();
    auto reader = bench.newReader();
    auto const writersView = replica::View::open(**writer, projector);

    std::vector<BenchCollege::Document> documents;
    for (auto const& text : texts) {
        std::size_t const end = text.find('\n');
        documents.push_back({bench.random().token<DocumentId>(),
                             {},
                             {{"cause", text.substr(end + 1)}, {"title", text.substr(0, end)}}});
    }
    tell("write", costOf([&] {
             for (std::size_t done = 0; done < documents.size();) {
                 std::vector<replica::NewRow> rows;
                 for (; rows.size() < arguments.number("rows") && done < documents.size(); ++done) {
                     rows.push_back(bench.revisionOf(documents[done]));
                 }
                 writer->seal(kUnit, rows);
             }
             writersView->catchUp();
         }),
         0);

    {
        auto const view = replica::View::open(**reader, projector);
        carry("first", *writer, *reader, *view, stick.path());
        // What fossil.py changes in its files is changed here: a sentence more at the end.
        auto const change = [&](std::size_t i) {
            auto& document = documents[i * documents.size() / changed];
            document.fields.set("cause", *json::stringAt(document.fields, "cause") + "已于本月完成整改，待复核" +
                                             std::to_string(i) + "。\n");
            return bench.revisionOf(document);
        };
        for (std::size_t i = 0; i < changed; ++i) writer->seal(kUnit, {change(i)});
        carry("changed", *writer, *reader, *view, stick.path());
        std::vector<replica::NewRow> rows;
        for (std::size_t i = 0; i < changed; ++i) rows.push_back(change(i));
        writer->seal(kUnit, rows);
        carry("changed-in-one", *writer, *reader, *view, stick.path());
        carry("nothing", *writer, *reader, *view, stick.path());
    }
    double signatures = 0, headers = 0;
    (*writer)->framesBeyond((*writer)->tips(), everyScope, [](TravellingFrame&&) { return true; });
    std::size_t frames = 0;
    for (auto const& frame : writer->framesFor()) {
        ++frames;
        signatures += 64;
        headers += static_cast<double>(frame.header.size());
    }
    tell("signatures", {}, signatures);
    tell("headers", {}, headers);
    tell("frames", {}, static_cast<double>(frames));

    reader->close();
    tell("store", {}, sizeOf(reader->folder() / "store.db"));
    tell("view", {}, sizeOf(reader->folder() / "view.db"));
    {
        // A copy made anew is a replica made anew: what the welcome brings is in, nothing else.
        std::unique_ptr<Machine> fresh;
        Cost const made = costOf([&] { fresh = bench.newReader(); });
        tell("make", made, 0);
        auto const view = replica::View::open(**fresh, projector);
        carry("copy", *writer, *fresh, *view, stick.path());
    }
    return 0;
}
