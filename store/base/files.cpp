#include "base/files.h"

#include "base/random.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace spiral {
namespace {

/// What the system said when `operation` failed on `path`. Only the file name goes into the log: the folders above it
/// tell who the person is.
Error systemError(char const* operation, Path const& path, int number) {
    std::string detail = std::string(operation) + " " + path.filename().string() + ": " +
                         std::generic_category().message(number) + ".";
    if (number == ENOENT) return makeError(ErrorCode::NotFound, "file.missing", std::move(detail));
    bool const full = number == ENOSPC || number == EDQUOT;
    return makeError(ErrorCode::Environment, full ? "disk.full" : "disk.io", std::move(detail));
}

/// Calls again while a signal interrupts.
template <class Call>
auto uninterrupted(Call call) {
    auto result = call();
    while (result < 0 && errno == EINTR) result = call();
    return result;
}

/// An open file of the system. Closed when it goes out of scope; what must be on the disk is synced before that, so
/// the result of close() has nothing to add.
class Descriptor {
public:
    explicit Descriptor(int number) noexcept : m_number(number) {}
    ~Descriptor() {
        if (m_number >= 0) ::close(m_number);
    }
    Descriptor(Descriptor&& other) noexcept : m_number(std::exchange(other.m_number, -1)) {}
    Descriptor& operator=(Descriptor&&) = delete;
    [[nodiscard]] int number() const noexcept { return m_number; }
    [[nodiscard]] bool isOpen() const noexcept { return m_number >= 0; }

private:
    int m_number;
};

struct OpenFile {
    Descriptor descriptor;
    std::uint64_t size;
};

constexpr mode_t modeBits(FileMode mode) noexcept { return mode == FileMode::Private ? 0600 : 0644; }

/// Opens a regular file and nothing else. O_NONBLOCK, because opening a pipe would wait for its other end; it means
/// nothing to regular files.
Result<OpenFile> openRegular(Path const& path, int flags, FileMode mode = FileMode::Private) {
    Descriptor descriptor(uninterrupted(
        [&] { return ::open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, modeBits(mode)); }));
    if (!descriptor.isOpen()) return systemError("open", path, errno);
    struct stat status {};
    if (::fstat(descriptor.number(), &status) != 0) return systemError("stat", path, errno);
    if (!S_ISREG(status.st_mode)) return systemError("open", path, S_ISDIR(status.st_mode) ? EISDIR : EINVAL);
    return OpenFile{std::move(descriptor), static_cast<std::uint64_t>(status.st_size)};
}

bool offsetFits(std::uint64_t offset, std::uint64_t count) noexcept {
    constexpr auto kOffsetMax = static_cast<std::uint64_t>(std::numeric_limits<off_t>::max());
    return offset <= kOffsetMax && count <= kOffsetMax - offset;
}

/// Fills `out` from `offset` as far as the file goes; the number of bytes read.
Result<std::size_t> readFully(Descriptor const& file, Path const& path, std::uint64_t offset,
                              std::span<std::uint8_t> out) {
    std::size_t done = 0;
    while (done < out.size()) {
        ssize_t const count = uninterrupted([&] {
            return ::pread(file.number(), out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
        });
        if (count < 0) return systemError("read", path, errno);
        if (count == 0) break;
        done += static_cast<std::size_t>(count);
    }
    return done;
}

Result<void> writeFully(Descriptor const& file, Path const& path, std::uint64_t offset, ByteView bytes) {
    std::size_t done = 0;
    while (done < bytes.size()) {
        ssize_t const count = uninterrupted([&] {
            return ::pwrite(file.number(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
        });
        if (count < 0) return systemError("write", path, errno);
        done += static_cast<std::size_t>(count);
    }
    return {};
}

Result<void> syncOpen(Descriptor const& file, Path const& path) {
    if (uninterrupted([&] { return ::fsync(file.number()); }) != 0) return systemError("sync", path, errno);
    return {};
}

bool isFolder(Path const& path) noexcept {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

Path folderOf(Path const& path) { return path.has_parent_path() ? path.parent_path() : Path("."); }

/// Makes the names inside a folder durable.
Result<void> syncFolder(Path const& folder) {
    Descriptor const descriptor(
        uninterrupted([&] { return ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
    if (!descriptor.isOpen()) return systemError("open", folder, errno);
    if (uninterrupted([&] { return ::fsync(descriptor.number()); }) != 0) {
        // Some file systems of USB sticks and network shares cannot sync a folder; there is nothing more to do there.
        if (errno == EINVAL || errno == ENOTSUP) return {};
        return systemError("sync", folder, errno);
    }
    return {};
}

/// A name beside `path` that nobody else has: two processes may replace one file at the same time.
Path nameBeside(Path const& path) {
    std::array<std::uint8_t, 8> random{};
    systemRandom().fill(random);
    return folderOf(path) / ("." + path.filename().string() + "." + toHex(random) + ".new");
}

Result<void> writeNew(Path const& path, ByteView bytes, FileMode mode) {
    auto file = openRegular(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
    if (!file) return file.error();
    // The umask may have taken the readers away. File systems without modes refuse this, and need no mode.
    if (mode == FileMode::Shared) static_cast<void>(::fchmod(file->descriptor.number(), modeBits(mode)));
    if (auto written = writeFully(file->descriptor, path, 0, bytes); !written) return written;
    return syncOpen(file->descriptor, path);
}

class SystemFiles final : public Files {
public:
    Result<Bytes> read(Path const& path, std::size_t bytesMax) override {
        auto file = openRegular(path, O_RDONLY);
        if (!file) return file.error();
        if (file->size > bytesMax) {
            return makeError(ErrorCode::TooLarge, "file.too-large",
                             path.filename().string() + " has " + std::to_string(file->size) + " bytes, the limit is " +
                                 std::to_string(bytesMax) + ".");
        }
        Bytes bytes(static_cast<std::size_t>(file->size));
        auto const count = readFully(file->descriptor, path, 0, bytes);
        if (!count) return count.error();
        bytes.resize(*count);
        return bytes;
    }

    Result<void> replace(Path const& path, ByteView bytes, FileMode mode) override {
        Path const beside = nameBeside(path);
        auto written = writeNew(beside, bytes, mode);
        if (written && ::rename(beside.c_str(), path.c_str()) != 0) written = systemError("rename", path, errno);
        if (!written) {
            ::unlink(beside.c_str());
            return written;
        }
        return syncFolder(folderOf(path));
    }

    Result<void> writeAt(Path const& path, std::uint64_t offset, ByteView bytes, FileMode mode) override {
        if (!offsetFits(offset, bytes.size())) return systemError("write", path, EFBIG);
        auto file = openRegular(path, O_WRONLY | O_CREAT | O_NOFOLLOW, mode);
        if (!file) return file.error();
        return writeFully(file->descriptor, path, offset, bytes);
    }

    Result<Bytes> readAt(Path const& path, std::uint64_t offset, std::size_t count) override {
        auto file = openRegular(path, O_RDONLY);
        if (!file) return file.error();
        if (offset >= file->size) return Bytes{};
        Bytes bytes(static_cast<std::size_t>(std::min<std::uint64_t>(count, file->size - offset)));
        auto const done = readFully(file->descriptor, path, offset, bytes);
        if (!done) return done.error();
        bytes.resize(*done);
        return bytes;
    }

    Result<void> sync(Path const& path) override {
        auto file = openRegular(path, O_RDONLY);
        if (!file) return file.error();
        if (auto synced = syncOpen(file->descriptor, path); !synced) return synced;
        // writeAt may just have made the file: its name must survive too.
        return syncFolder(folderOf(path));
    }

    Result<void> rename(Path const& from, Path const& to) override {
        if (::rename(from.c_str(), to.c_str()) != 0) return systemError("rename", from, errno);
        // The new name first: after a crash in between the file may have both, but never none.
        if (auto synced = syncFolder(folderOf(to)); !synced) return synced;
        if (folderOf(from) == folderOf(to)) return {};
        return syncFolder(folderOf(from));
    }

    Result<void> remove(Path const& path) override {
        if (::unlink(path.c_str()) != 0) return systemError("remove", path, errno);
        return syncFolder(folderOf(path));
    }

    Result<void> makeFolder(Path const& path, FileMode mode) override {
        if (isFolder(path)) return {};
        Path const parent = folderOf(path);
        if (parent != path) {
            if (auto made = makeFolder(parent, mode); !made) return made;
        }
        mode_t const bits = mode == FileMode::Private ? 0700 : 0755;
        if (::mkdir(path.c_str(), bits) != 0) {
            // Somebody else made it meanwhile, or the path ended in a slash and the parent was the folder itself.
            int const number = errno;
            if (number == EEXIST && isFolder(path)) return {};
            return systemError("make folder", path, number);
        }
        return syncFolder(parent);
    }

    bool exists(Path const& path) override {
        struct stat status {};
        return ::stat(path.c_str(), &status) == 0;
    }

    Result<std::uint64_t> size(Path const& path) override {
        struct stat status {};
        if (::stat(path.c_str(), &status) != 0) return systemError("stat", path, errno);
        if (!S_ISREG(status.st_mode)) return systemError("stat", path, S_ISDIR(status.st_mode) ? EISDIR : EINVAL);
        return static_cast<std::uint64_t>(status.st_size);
    }

    std::vector<std::string> list(Path const& folder) override {
        std::vector<std::string> names;
        std::error_code problem;
        for (std::filesystem::directory_iterator at(folder, problem), end; !problem && at != end; at.increment(problem))
            names.push_back(at->path().filename().string());
        std::sort(names.begin(), names.end());
        return names;
    }
};

}  // namespace

Files& systemFiles() {
    static SystemFiles files;
    return files;
}

TemporaryFolder::TemporaryFolder(std::string_view prefix) {
    std::string name = (std::filesystem::temp_directory_path() / prefix).string() + ".XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw std::system_error(errno, std::generic_category(), "temporary folder");
    m_path = name;
}

TemporaryFolder::~TemporaryFolder() {
    // Does not follow links, so nothing outside the folder goes.
    std::error_code ignored;
    std::filesystem::remove_all(m_path, ignored);
}

}  // namespace spiral
