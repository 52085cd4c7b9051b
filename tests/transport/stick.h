// A stick that people carry between machines: a folder with exchange files, and the words to write and read them.
#pragma once

#include "../replica/machines.h"

#include "transport/exchange_file.h"

#include <fstream>
#include <string>

namespace spiral::transport {

using replica::Attachments;
using replica::Machine;
using replica::Machines;
using trust::Answer;

/// Two departments and their people.
struct Town {
    trust::College college;
    trust::Someone li = college.person("li");
    trust::Someone wang = college.person("wang");
    trust::Someone zhao = college.person("zhao");
    explicit Town(std::uint64_t seed = 1) : college(seed) {
        college.grant(li, "clerk@unit/jwc");
        college.grant(wang, "head@unit/jwc");
        college.grant(zhao, "quality@college");
    }
};

inline Attachments attachmentsOf(Machine& machine) {
    return Attachments(machine.folder() / "attachments", systemFiles());
}
inline bool everyScope(Scope const&) { return true; }

class Stick {
public:
    [[nodiscard]] Path path(std::string_view name) const { return m_folder.path() / name; }

    Result<FileTotals> writes(Machine& from, std::string_view name, std::vector<trust::FeedTip> const& known = {},
                              FileKind kind = FileKind::Exchange,
                              std::function<bool(Scope const&)> const& mayRead = everyScope) {
        return exportFile(*from, attachmentsOf(from), path(name), kind, known, mayRead);
    }
    Result<FileTotals> reads(Machine& into, std::string_view name) {
        Attachments attachments = attachmentsOf(into);
        return importFile(*into, attachments, path(name));
    }
    [[nodiscard]] Bytes bytes(std::string_view name) const { return systemFiles().read(path(name), 1U << 30).value(); }
    /// Not synced, and removed first: tests put thousands of files here, and a file system may sync one that is cut.
    void put(std::string_view name, ByteView bytes) const {
        std::filesystem::remove(path(name));
        std::ofstream out(path(name), std::ios::binary | std::ios::trunc);
        out << asText(bytes);
        REQUIRE(out.good());
    }
    [[nodiscard]] std::vector<std::string> names() const { return systemFiles().list(m_folder.path()); }

private:
    TemporaryFolder m_folder{"spiral-stick"};
};

/// Equal on replicas that hold the same frames.
inline std::vector<trust::FeedTip> tipsOf(Machine& machine) { return machine->tips(); }

/// A file with some content, the same for the same seed.
inline Bytes someBytes(std::size_t count, std::uint64_t seed) {
    Bytes bytes(count);
    SeededRandom random(seed);
    random.fill(bytes);
    return bytes;
}

/// Seals a revision that names these files.
inline ObjectId writeWithFiles(Machine& machine, std::string_view scope, std::vector<trust::Attachment> files) {
    auto row = machine.revision(scope, {{"title", "附件"}});
    auto revision = trust::decodeRevision(asBytes(row.bytes)).value();
    std::sort(files.begin(), files.end(), [](auto const& a, auto const& b) { return a.sha256 < b.sha256; });
    revision.files = std::move(files);
    row.bytes = trust::encode(revision);
    row.item.id = hashAs<ObjectId>(asBytes(row.bytes));
    machine.seal(scope, {row});
    return row.item.id;
}

}  // namespace spiral::transport
