// Figures of writing and reading exchange files; not run unless asked for: transport_exchange_file_test "[.bench]".
#include "stick.h"

#include "../bench/corpus.h"

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <iostream>

using namespace spiral;
using namespace spiral::transport;

namespace {

/// Wall time and the processor's time of all our threads: the machine is shared, so the second tells more.
class Watch {
public:
    [[nodiscard]] double wall() const {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - m_start).count();
    }
    [[nodiscard]] double processor() const { return double(std::clock() - m_processor) / CLOCKS_PER_SEC; }

private:
    std::chrono::steady_clock::time_point m_start = std::chrono::steady_clock::now();
    std::clock_t m_processor = std::clock();
};

}  // namespace

TEST_CASE("speed of exchange files", "[.bench]") {
    char const* const asked = std::getenv("FRAMES");
    std::size_t const frames = asked ? std::stoul(asked) : 20'000;
    char const* const askedRows = std::getenv("ROWS");
    std::size_t const rowsEach = askedRows ? std::stoul(askedRows) : 1;
    Town town;
    Machines machines(town.college);
    Machine& li = machines.of(town.li);
    Machine& wang = machines.of(town.wang);
    bench::Corpus const corpus;
    SeededRandom random(7);
    Watch sealing;
    std::uint64_t rowBytes = 0;
    // Half of the rows are new papers, half are papers of before with one field changed: what a department's week is.
    struct Paper {
        DocumentId doc;
        ObjectId head;
        json::Object fields;
    };
    std::vector<Paper> papers;
    for (std::size_t i = 0; i < frames; ++i) {
        std::vector<replica::NewRow> rows;
        for (std::size_t r = 0; r < rowsEach; ++r) {
            bool const edit = papers.size() > 100 && random.below(2) == 0;
            std::size_t const place = edit ? papers.size() - 1 - random.below(100) : papers.size();
            if (!edit) {
                papers.push_back({random.token<DocumentId>(),
                                  {},
                                  {{"title", corpus.title(random)}, {"text", corpus.text(random, 700)}}});
            }
            auto& paper = papers[place];
            paper.fields.set("note", corpus.text(random, 60));
            std::vector<ObjectId> parents;
            if (edit) parents.push_back(paper.head);
            rows.push_back(li.revision("unit/jwc", paper.fields, parents, paper.doc));
            paper.head = rows.back().item.id;
            rowBytes += rows.back().bytes.size();
        }
        li.seal("unit/jwc", rows);
    }
    std::cout << frames << " frames of " << rowsEach << " rows, " << rowBytes / (frames * rowsEach)
              << " B a row, sealed in " << sealing.wall() << " s\n";
    Stick stick;
    auto const tell = [&](char const* what, Watch const& watch, std::uint64_t count) {
        double const wall = watch.wall(), processor = watch.processor();
        std::cout << what << ": " << wall << " s wall, " << processor
                  << " s processor; a second of processor: " << double(count) / processor << " frames, "
                  << double(rowBytes) / 1e6 / processor << " MB of rows\n";
    };
    Watch writing;
    auto const written = stick.writes(li, "all");
    tell("export", writing, frames);
    REQUIRE(written);
    std::cout << "file " << written->bytes << " B, " << double(rowBytes) / double(written->bytes)
              << " times smaller than the rows\n";
    Watch reading;
    auto const read = stick.reads(wang, "all");
    tell("import", reading, frames);
    REQUIRE(read);
    CHECK(read->stored == frames);
    Watch again;
    REQUIRE(stick.reads(wang, "all"));
    tell("import of what is known", again, frames);
    if (char const* const keep = std::getenv("KEEP")) {
        std::filesystem::copy(stick.path("all"), keep, std::filesystem::copy_options::overwrite_existing);
    }
    CHECK(tipsOf(li) == tipsOf(wang));
}
