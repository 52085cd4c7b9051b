// Does the cost of 10 changes follow what is new, or what is there? And how does a large replica feel?
//
//   build/release/bin/bench_scale [--small 1000] [--large 100000] [--changes 10] [--turns 5] [--bytes 1024] [--folder
//   DIR]
//
// Two colleges, one with few and one with many documents, each held by a writer and a reader. In each turn the writer
// of each changes some documents, and the reader gets them by the road by file: tips, export, import; then his view
// follows. The rest is asked of the large one: opening, lists, status, and making the view anew (without search).
#include "college.h"

#include "office/office.h"
#include "projector.h"

using namespace spiral;
using namespace spiral::bench;

namespace {

Day dayOf(int number) { return std::chrono::floor<std::chrono::days>(trust::day(number)); }

struct Place {
    explicit Place(std::size_t count) : documents(count) {}

    void fill(std::size_t textBytes) {
        std::vector<TravellingFrame> frames;
        for (std::size_t done = 0; done < documents; done += 100) {
            std::vector<replica::NewRow> rows;
            for (std::size_t i = done; i < std::min(documents, done + 100); ++i) {
                held.push_back(college.newDocument(textBytes));
                rows.push_back(college.revisionOf(held.back()));
                // Only what is changed later needs its text here.
                if (held.size() > 1000) held.pop_back();
            }
            frames.push_back(college.frameOf(rows));
        }
        writer = college.newClerk();
        reader = college.newReader();
        BenchCollege::importAll(**writer, frames);
        BenchCollege::importAll(**reader, std::move(frames));
        view = replica::View::open(**reader, projector);
        view->catchUp();
    }
    /// Changed documents on the writer's side, each a frame of its own, as a person makes them.
    void change(std::size_t changes) {
        for (std::size_t i = 0; i < changes; ++i) {
            auto& document = held[(next += 37) % held.size()];
            document.fields.set("progress", "doing");
            document.fields.set("due", toText(dayOf(static_cast<int>(next % 365))));
            writer->seal(kUnit, {college.revisionOf(document)});
        }
    }
    /// Bytes that travelled, both ways.
    double exchange(Path const& stick) {
        replica::Attachments writers(writer->folder() / "attachments", systemFiles());
        replica::Attachments readers(reader->folder() / "attachments", systemFiles());
        REQUIRE(transport::writeTips(**reader, stick / "tips"));
        auto const tips = transport::readTips(stick / "tips", systemFiles());
        REQUIRE(tips);
        auto const written = transport::exportFile(**writer, writers, stick / "exchange", transport::FileKind::Exchange,
                                                   tips->tips, everyScope);
        REQUIRE(written);
        auto const read = transport::importFile(**reader, readers, stick / "exchange");
        REQUIRE(read);
        received = read->stored;
        return static_cast<double>(written->bytes) + static_cast<double>(*systemFiles().size(stick / "tips"));
    }

    BenchCollege college;
    office::DocumentProjector projector;
    std::size_t documents;
    std::vector<BenchCollege::Document> held;
    std::unique_ptr<Machine> writer, reader;
    std::unique_ptr<replica::View> view;
    std::size_t next = 0;
    std::uint64_t received = 0;
};

}  // namespace

int main(int count, char** values) {
    Arguments const arguments(
        count, values,
        {{"small", "1000"}, {"large", "100000"}, {"changes", "10"}, {"turns", "5"}, {"bytes", "1024"}, {"folder", ""}});
    makeFoldersIn(arguments.text("folder"));
    std::size_t const turns = arguments.number("turns");
    std::size_t const changes = arguments.number("changes");
    std::size_t const text = arguments.number("bytes") - std::min<std::size_t>(arguments.number("bytes"), 620);
    TemporaryFolder const stick("spiral-bench");

    Place small(arguments.number("small")), large(arguments.number("large"));
    struct Side {
        Place* place;
        Series exchange, view;
        std::vector<double> bytes;
    };
    std::vector<Side> sides;
    for (Place* const place : {&small, &large}) {
        place->fill(text);
        std::string const name = shown(static_cast<double>(place->documents)) + " documents: ";
        sides.push_back(
            {place, Series{name + "tips, export, import", 1, {}}, Series{name + "the view follows", 1, {}}, {}});
    }
    // The first turn warms caches and is not counted.
    for (std::size_t turn = 0; turn <= turns; ++turn) {
        for (auto& side : sides) {
            side.place->change(changes);
            double bytes = 0;
            Cost const exchanged = costOf([&] { bytes = side.place->exchange(stick.path()); });
            REQUIRE(side.place->received == changes);
            Cost const followed = costOf([&] { side.place->view->catchUp(); });
            if (turn == 0) continue;
            side.bytes.push_back(bytes);
            side.exchange.add(exchanged);
            side.view.add(followed);
        }
    }
    std::printf("%zu changed documents exchanged, %zu turns\n", changes, turns);
    header({"", "ms", "ms of processor", "bytes both ways", "÷ small", "÷, processor"});
    for (auto const& side : sides) {
        row({side.exchange.name, shown(side.exchange.wall() * 1e3), shown(side.exchange.cpu() * 1e3),
             shown(median(side.bytes)), shown(side.exchange.wallOver(sides[0].exchange)),
             shown(side.exchange.cpuOver(sides[0].exchange))});
        row({side.view.name, shown(side.view.wall() * 1e3), shown(side.view.cpu() * 1e3), "",
             shown(side.view.wallOver(sides[0].view)), shown(side.view.cpuOver(sides[0].view))});
    }

    Day const due = dayOf(30);
    Machine& machine = *large.reader;
    auto const documents = static_cast<double>(large.documents);
    large.view.reset();
    machine.close();
    struct Asked {
        Series series;
        std::string note;
    };
    std::vector<Asked> asked;
    auto const ask = [&](std::string const& name, auto&& work) {
        Asked one{Series{name, 1, {}}, {}};
        for (std::size_t turn = 0; turn <= turns; ++turn) {
            std::size_t lines = 0;
            Cost const cost = costOf([&] { lines = work(); });
            if (turn > 0) one.series.add(cost);
            if (lines != 0) one.note = shown(static_cast<double>(lines)) + " lines";
        }
        asked.push_back(std::move(one));
    };
    auto const openReplica = [&](replica::Access access) {
        auto opened = replica::Replica::open(machine.folder(), machine.world(), access, {}, machine.guardFile());
        REQUIRE(opened);
        return std::move(*opened);
    };
    office::DocumentProjector const projector;
    ask("open the replica for reading, and its view", [&] {
        auto const replica = openReplica(replica::Access::Read);
        return replica::View::open(*replica, projector) ? std::size_t{0} : 1;
    });
    ask("open the replica for writing (guard renewed), and its view", [&] {
        auto const replica = openReplica(replica::Access::Write);
        return replica::View::open(*replica, projector) ? std::size_t{0} : 1;
    });
    ask("open, and list what is due within 30 days", [&] {
        auto const replica = openReplica(replica::Access::Read);
        return replica::View::open(*replica, projector)->list({.dueBefore = due, .openOnly = true}).size();
    });
    ask("open the office, and its overdue tasks", [&] {
        auto const office = office::Office::open(machine.folder(), machine.world(), replica::Access::Read, {});
        REQUIRE(office);
        office::Office::TaskFilter filter;
        filter.overdue = true;
        return (*office)->tasks(filter, due).size();
    });
    {
        auto const replica = openReplica(replica::Access::Write);
        auto const view = replica::View::open(*replica, projector);
        ask("list the first 100 due",
            [&] { return view->list({.dueBefore = due, .openOnly = true, .limit = 100}).size(); });
        ask("list what is due within 30 days", [&] { return view->list({.dueBefore = due, .openOnly = true}).size(); });
        ask("list all", [&] { return view->list({}).size(); });
        ask("status", [&] { return view->status().total > 0 ? std::size_t{0} : 1; });
        ask("make the view anew (one turn)", [&, done = 0]() mutable {
            if (done++ < 2) view->rebuild();
            return std::size_t{0};
        });
        // Turns after the second did nothing.
        asked.back().series.turns.resize(1);
        asked.back().note = shown(documents / asked.back().series.wall()) + " documents/s; " +
                            shown(documents / asked.back().series.cpu()) + " a second of processor";
    }
    std::printf("\n%s documents held\n", shown(documents).c_str());
    header({"", "ms", "ms of processor", ""});
    for (auto const& one : asked)
        row({one.series.name, shown(one.series.wall() * 1e3), shown(one.series.cpu() * 1e3), one.note});
    std::printf("\nstore.db %.1f MB, view.db %.1f MB\n",
                static_cast<double>(*systemFiles().size(machine.folder() / "store.db")) / 1e6,
                static_cast<double>(*systemFiles().size(machine.folder() / "view.db")) / 1e6);
    return 0;
}
