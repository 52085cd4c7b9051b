// A college for the benchmarks: a keeper, a clerk whose device writes, readers made anew for each turn, and frames made
// in memory, signed and chained as seal would do, without waiting for a disk.
#pragma once

#include "bench.h"
#include "corpus.h"
#include "machines.h"

#include "transport/exchange_file.h"

#include <cstdlib>
#include <memory>

namespace spiral::bench {

using replica::Machine;
using trust::TravellingFrame;

/// Folders made from now on lie here; empty: where the system wants them.
inline void makeFoldersIn(std::string const& folder) {
    if (!folder.empty()) ::setenv("TMPDIR", folder.c_str(), 1);
}

inline constexpr std::string_view kUnit = "unit/jwc";
inline bool everyScope(Scope const&) { return true; }

/// Frames given to the store at once, as the road by file does.
inline constexpr std::size_t kImportBytes = 16 * 1024 * 1024;

class BenchCollege {
public:
    BenchCollege() {
        m_clerk = m_college.person("li");
        m_college.grant(m_clerk, "clerk@unit/jwc");
        m_reader = m_college.person("wang");
        m_college.grant(m_reader, "head@unit/jwc");
        m_machines = std::make_unique<replica::Machines>(m_college);
        m_machines->sealEntries();
    }

    [[nodiscard]] trust::College& college() { return m_college; }
    [[nodiscard]] Corpus const& corpus() const { return m_corpus; }
    [[nodiscard]] SeededRandom& random() { return m_random; }
    [[nodiscard]] trust::Key const& clerkKey() const { return m_clerk.key(); }
    [[nodiscard]] std::string frameNameSpace() const { return trust::nameSpaceFor("frame", m_college.domain()); }

    /// A replica of the reader's that holds the registry and nothing else.
    std::unique_ptr<Machine> newReader() {
        auto machine = std::make_unique<Machine>(m_college, m_reader.key(), m_reader.id, 77, "wang");
        m_machines->keeper().carryTo(*machine);
        return machine;
    }
    /// The clerk's own, to seal with.
    std::unique_ptr<Machine> newClerk() {
        auto machine = std::make_unique<Machine>(m_college, m_clerk.key(), m_clerk.id, 78, "li");
        m_machines->keeper().carryTo(*machine);
        return machine;
    }

    /// A college's server, and its machine, which holds the registry; replicas made later know it.
    std::unique_ptr<Machine> newServer() {
        auto const server = m_college.server();
        m_machines->sealEntries();
        auto machine = std::make_unique<Machine>(m_college, server.key(), server.id, 79, "server");
        m_machines->keeper().carryTo(*machine);
        return machine;
    }

    struct Document {
        DocumentId doc;
        ObjectId head;
        json::Object fields;
    };
    /// A task with so many bytes of text.
    Document newDocument(std::size_t textBytes) {
        Day const due = std::chrono::floor<std::chrono::days>(trust::day(0)) + std::chrono::days(m_random.below(720));
        return {m_random.token<DocumentId>(),
                {},
                {{"cause", m_corpus.text(m_random, textBytes)},
                 {"due", toText(due)},
                 {"owner", "jwc"},
                 {"title", m_corpus.title(m_random)}}};
    }
    replica::NewRow revisionOf(Document& document) {
        trust::Revision made;
        made.school = m_college.registry.school();
        made.scope = trust::scopeOf(kUnit);
        made.doc = document.doc;
        made.type = "task.v1";
        if (document.head != ObjectId{}) made.parents.push_back(document.head);
        made.fields = document.fields;
        made.by = {m_clerk.id, m_clerk.key().id()};
        made.time.wall = m_time += std::chrono::milliseconds{1};
        made.nonce = m_random.token<Nonce>();
        std::string bytes = trust::encode(made);
        document.head = hashAs<ObjectId>(asBytes(bytes));
        return {{trust::Item::Kind::Revision, document.head}, std::move(bytes), std::nullopt};
    }
    /// The next frame of the clerk's feed.
    TravellingFrame frameOf(std::vector<replica::NewRow> const& rows) {
        trust::FrameHeader header;
        header.school = m_college.registry.school();
        header.scope = trust::scopeOf(kUnit);
        header.device = m_clerk.key().id();
        header.inc = m_incarnation;
        header.seq = ++m_sequence;
        header.prev = m_previous;
        header.reg = m_college.registry.head();
        header.time = m_time;
        std::vector<replica::PayloadRow> payload;
        for (auto const& row : rows) {
            header.items.push_back(row.item);
            payload.push_back({row.item, row.signature, asBytes(row.bytes)});
        }
        std::string const bytes = trust::encode(header);
        m_previous = hashAs<FrameId>(asBytes(bytes));
        return {toBytes(bytes), m_clerk.key().secret->sign(frameNameSpace(), asBytes(bytes)).value(),
                trust::Payload{trust::Codec::Raw, replica::writeChangeset(payload)}};
    }
    /// The clerk's feed begins anew, for another set of frames.
    void beginFeed() {
        m_sequence = 0;
        m_previous.reset();
    }
    /// `revisions` new documents in frames of `each`.
    std::vector<TravellingFrame> frames(std::size_t revisions, std::size_t each, std::size_t textBytes) {
        std::vector<TravellingFrame> made;
        for (std::size_t done = 0; done < revisions;) {
            std::vector<replica::NewRow> rows;
            for (; rows.size() < each && done < revisions; ++done) {
                Document document = newDocument(textBytes);
                rows.push_back(revisionOf(document));
            }
            made.push_back(frameOf(rows));
        }
        return made;
    }

    /// Imports as the road by file does: so much at once.
    static void importAll(replica::Replica& into, std::vector<TravellingFrame> frames) {
        std::vector<TravellingFrame> batch;
        std::size_t bytes = 0;
        auto const flush = [&] {
            for (auto const& answer : into.import(std::exchange(batch, {}), "bench")) {
                REQUIRE(answer.what == trust::Answer::What::Stored);
            }
            bytes = 0;
        };
        for (auto& frame : frames) {
            bytes += 1024 + frame.header.size() + (frame.payload ? 2 * frame.payload->bytes.size() : 0);
            batch.push_back(std::move(frame));
            if (bytes >= kImportBytes) flush();
        }
        if (!batch.empty()) flush();
    }

private:
    Corpus m_corpus;
    SeededRandom m_random{1};
    trust::College m_college;
    trust::Someone m_clerk, m_reader;
    std::unique_ptr<replica::Machines> m_machines;
    Incarnation m_incarnation = m_random.token<Incarnation>();
    std::uint64_t m_sequence = 0;
    std::optional<FrameId> m_previous;
    Instant m_time = trust::day(5);
};

}  // namespace spiral::bench
