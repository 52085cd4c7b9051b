#include "disk.h"

#include <algorithm>
#include <fstream>
#include <utility>

namespace spiral::faults {

namespace {

constexpr std::size_t kSectorBytes = 512;

bool oneIn(SeededRandom& random, std::uint64_t times) { return random.below(times) == 0; }

}  // namespace

Disk::Disk(Path root) : m_root(std::move(root)) {}

void Disk::fail(Fault fault) {
    m_fault = fault;
    m_counted = m_struck = 0;
}

bool Disk::strikes(Call call) {
    if ((m_fault.calls & call) == 0) return false;
    ++m_counted;
    bool const struck = m_fault.at != 0 && (m_fault.forEver ? m_counted >= m_fault.at : m_counted == m_fault.at);
    if (struck) ++m_struck;
    return struck;
}

std::optional<std::string> Disk::nameOf(Path const& path) const {
    std::string const root = m_root.string() + "/", whole = path.string();
    if (!whole.starts_with(root) || whole.ends_with("-shm")) return std::nullopt;
    return whole.substr(root.size());
}

Disk::File& Disk::file(std::string const& name) {
    auto const [place, isNew] = m_files.try_emplace(name);
    if (isNew) {
        if (auto there = systemFiles().read(m_root / name, SIZE_MAX)) place->second.durable = std::move(*there);
    }
    return place->second;
}

void Disk::note(std::string const& name, Change change) {
    change.number = ++m_changes;
    m_files.at(name).pending.push_back(std::move(change));
}

void Disk::made(std::string const& name) {
    File& held = file(name);
    bool isThere = held.durable.has_value();
    for (auto const& change : held.pending) {
        if (change.what == Change::What::Make) isThere = true;
        if (change.what == Change::What::Remove) isThere = false;
    }
    if (!isThere) note(name, {.what = Change::What::Make});
}

void Disk::wrote(std::string const& name, std::uint64_t offset, ByteView bytes) {
    note(name, {.what = Change::What::Write, .offset = offset, .bytes = toBytes(bytes)});
}

void Disk::truncated(std::string const& name, std::uint64_t size) {
    note(name, {.what = Change::What::Truncate, .offset = size});
}

void Disk::removed(std::string const& name, bool durably) {
    note(name, {.what = Change::What::Remove});
    if (durably) synced(name);
}

void Disk::synced(std::string const& name) {
    File& held = file(name);
    for (auto const& change : held.pending) apply(held.durable, change);
    held.pending.clear();
}

void Disk::syncFailed(std::string const& name) {
    // The name itself may become durable with a later one.
    std::erase_if(file(name).pending, [](Change const& change) {
        return change.what == Change::What::Write || change.what == Change::What::Truncate;
    });
}

void Disk::renamed(std::string const& from, std::string const& to) {
    File source = std::exchange(file(from), File{});
    bool const isMade = std::any_of(source.pending.begin(), source.pending.end(),
                                    [](Change const& change) { return change.what == Change::What::Make; });
    if (!source.durable && isMade) source.durable.emplace();
    std::erase_if(source.pending, [](Change const& change) { return change.what == Change::What::Make; });
    file(to) = std::move(source);
}

void Disk::replaced(std::string const& name, ByteView bytes, bool durably) {
    note(name, {.what = Change::What::Replace, .bytes = toBytes(bytes)});
    if (durably) synced(name);
}

std::size_t Disk::changesPending() const {
    std::size_t count = 0;
    for (auto const& [name, held] : m_files) count += held.pending.size();
    return count;
}

void Disk::apply(std::optional<Bytes>& content, Change const& change) {
    switch (change.what) {
        case Change::What::Make:
            if (!content) content.emplace();
            break;
        case Change::What::Remove: content.reset(); break;
        case Change::What::Replace: content = change.bytes; break;
        case Change::What::Truncate:
            if (content) content->resize(static_cast<std::size_t>(change.offset));
            break;
        case Change::What::Write: {
            if (!content) break;
            auto const end = static_cast<std::size_t>(change.offset) + change.bytes.size();
            if (content->size() < end) content->resize(end);
            std::copy(change.bytes.begin(), change.bytes.end(),
                      content->begin() + static_cast<std::ptrdiff_t>(change.offset));
            break;
        }
    }
}

std::optional<Bytes> Disk::afterPower(File const& file, Loss loss, std::uint64_t cut, SeededRandom& random) {
    auto content = file.durable;
    for (auto const& change : file.pending) {
        bool const ofName = change.what != Change::What::Write && change.what != Change::What::Truncate;
        if (loss == Loss::All || (loss == Loss::Later && change.number > cut)) break;
        if ((loss == Loss::Some || loss == Loss::Sectors) && (ofName || change.what == Change::What::Truncate) &&
            oneIn(random, 2)) {
            // Nothing of a file that has no name, or of one that follows under it, can be seen.
            if (ofName) break;
            continue;
        }
        if (loss == Loss::Some && oneIn(random, 2)) continue;
        if (loss != Loss::Sectors || change.what != Change::What::Write) {
            apply(content, change);
            continue;
        }
        for (std::size_t at = 0; at < change.bytes.size();) {
            // Sectors lie where the file has them, not where the write begins.
            std::size_t const inSector = (static_cast<std::size_t>(change.offset) + at) % kSectorBytes;
            std::size_t const count = std::min(kSectorBytes - inSector, change.bytes.size() - at);
            Change part{.what = Change::What::Write, .number = change.number, .offset = change.offset + at};
            part.bytes.assign(change.bytes.begin() + static_cast<std::ptrdiff_t>(at),
                              change.bytes.begin() + static_cast<std::ptrdiff_t>(at + count));
            if (!oneIn(random, 3)) apply(content, part);
            at += count;
        }
    }
    return content;
}

void Disk::writeImage(Path const& to, Loss loss, std::uint64_t seed) const {
    SeededRandom random(seed);
    std::uint64_t oldest = m_changes;
    for (auto const& [name, held] : m_files) {
        if (!held.pending.empty()) oldest = std::min(oldest, held.pending.front().number);
    }
    std::uint64_t const cut = oldest + random.below(m_changes - oldest + 1);
    std::filesystem::remove_all(to);
    std::filesystem::create_directories(to);
    // What nobody touched lies in the folder as it was.
    for (auto const& entry : std::filesystem::recursive_directory_iterator(m_root)) {
        auto const name = nameOf(entry.path());
        if (!name) continue;
        if (entry.is_directory()) std::filesystem::create_directories(to / *name);
        else if (!m_files.contains(*name)) std::filesystem::copy_file(entry.path(), to / *name);
    }
    for (auto const& [name, held] : m_files) {
        auto const content = afterPower(held, loss, cut, random);
        if (!content) continue;
        std::filesystem::create_directories((to / name).parent_path());
        std::ofstream out(to / name, std::ios::binary | std::ios::trunc);
        out.write(reinterpret_cast<char const*>(content->data()), static_cast<std::streamsize>(content->size()));
    }
}

// --- the Files of a store ----------------------------------------------------------------------------------------------

Error FaultFiles::failure(char const* doing, Path const& path) const {
    return makeError(ErrorCode::Environment, m_disk.full() ? "disk.full" : "disk.io",
                     std::string(doing) + " " + path.filename().string());
}

Result<Bytes> FaultFiles::read(Path const& path, std::size_t bytesMax) {
    if (m_disk.nameOf(path) && m_disk.strikes(kRead)) return failure("read", path);
    return m_below.read(path, bytesMax);
}

Result<Bytes> FaultFiles::readAt(Path const& path, std::uint64_t offset, std::size_t count) {
    if (m_disk.nameOf(path) && m_disk.strikes(kRead)) return failure("read", path);
    return m_below.readAt(path, offset, count);
}

Result<void> FaultFiles::replace(Path const& path, ByteView bytes, FileMode mode) {
    auto const name = m_disk.nameOf(path);
    if (!name) return m_below.replace(path, bytes, mode);
    m_disk.look(*name);
    if (m_disk.strikes(kWrite)) return failure("write", path);
    if (m_disk.strikes(kSync)) return failure("sync", path);
    if (m_disk.strikes(kName)) return failure("rename", path);
    auto const done = m_below.replace(path, bytes, mode);
    if (!done) return done;
    // The last step: the folder's own sync.
    bool const durably = !m_disk.strikes(kSync);
    m_disk.replaced(*name, bytes, durably);
    if (!durably) return failure("sync", path);
    return {};
}

Result<void> FaultFiles::writeAt(Path const& path, std::uint64_t offset, ByteView bytes, FileMode mode) {
    auto const name = m_disk.nameOf(path);
    if (!name) return m_below.writeAt(path, offset, bytes, mode);
    m_disk.made(*name);
    bool const fails = m_disk.strikes(kWrite);
    ByteView const written = fails ? bytes.first(bytes.size() / 2) : bytes;
    auto const done = m_below.writeAt(path, offset, written, mode);
    if (!done) return done;
    m_disk.wrote(*name, offset, written);
    if (fails) return failure("write", path);
    return {};
}

Result<void> FaultFiles::sync(Path const& path) {
    auto const name = m_disk.nameOf(path);
    if (!name) return m_below.sync(path);
    m_disk.look(*name);
    if (m_disk.strikes(kSync)) {
        m_disk.syncFailed(*name);
        return failure("sync", path);
    }
    m_disk.synced(*name);
    return {};
}

Result<void> FaultFiles::rename(Path const& from, Path const& to) {
    auto const before = m_disk.nameOf(from), after = m_disk.nameOf(to);
    if (!before || !after) return m_below.rename(from, to);
    m_disk.look(*before);
    m_disk.look(*after);
    if (m_disk.strikes(kName)) return failure("rename", from);
    auto const done = m_below.rename(from, to);
    if (done) m_disk.renamed(*before, *after);
    return done;
}

Result<void> FaultFiles::remove(Path const& path) {
    auto const name = m_disk.nameOf(path);
    if (!name) return m_below.remove(path);
    m_disk.look(*name);
    if (m_disk.strikes(kName)) return failure("remove", path);
    auto const done = m_below.remove(path);
    if (done) m_disk.removed(*name, false);
    return done;
}

Result<void> FaultFiles::makeFolder(Path const& path, FileMode mode) {
    if (m_disk.nameOf(path) && !m_below.exists(path) && m_disk.strikes(kName)) return failure("make", path);
    return m_below.makeFolder(path, mode);
}

}  // namespace spiral::faults
