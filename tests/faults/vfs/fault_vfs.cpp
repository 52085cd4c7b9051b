// The VFS: each file of a mounted disk is a file of the VFS below, with the disk asked before each call and told after it.
// Locks and what does not touch bytes are passed through. Only iVersion 2 of the methods: nothing is mapped.
#include "disk.h"

#include <sqlite3.h>

#include <cerrno>
#include <cstring>
#include <new>

namespace spiral::faults {

namespace {

struct VfsFile {
    sqlite3_file base;
    Disk* disk;            ///< none: not ours to break
    std::string* name;     ///< on the disk; none: its bytes need not be durable
    FaultVfs* vfs;
    [[nodiscard]] sqlite3_file* below() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

VfsFile& of(sqlite3_file* file) { return *reinterpret_cast<VfsFile*>(file); }

/// The fault of this disk as SQLite's code for this call.
int failed(VfsFile& file, int ioError, bool needsRoom) {
    bool const full = needsRoom && file.disk->full();
    file.vfs->systemError = full ? ENOSPC : EIO;
    return full ? SQLITE_FULL : ioError;
}

int closeFile(sqlite3_file* base) {
    VfsFile& file = of(base);
    int const code = file.below()->pMethods->xClose(file.below());
    delete file.name;
    file.name = nullptr;
    return code;
}

int readFile(sqlite3_file* base, void* into, int count, sqlite3_int64 offset) {
    VfsFile& file = of(base);
    if (file.disk && file.disk->strikes(kRead)) return failed(file, SQLITE_IOERR_READ, false);
    return file.below()->pMethods->xRead(file.below(), into, count, offset);
}

int writeFile(sqlite3_file* base, void const* from, int count, sqlite3_int64 offset) {
    VfsFile& file = of(base);
    bool const fails = file.disk && file.disk->strikes(kWrite);
    int const written = fails ? count / 2 : count;   // what was begun is there in part
    int const code = written == 0 ? SQLITE_OK : file.below()->pMethods->xWrite(file.below(), from, written, offset);
    if (code != SQLITE_OK) return code;
    if (file.name) {
        ByteView const bytes(static_cast<std::uint8_t const*>(from), static_cast<std::size_t>(written));
        file.disk->wrote(*file.name, static_cast<std::uint64_t>(offset), bytes);
    }
    return fails ? failed(file, SQLITE_IOERR_WRITE, true) : SQLITE_OK;
}

int truncateFile(sqlite3_file* base, sqlite3_int64 size) {
    VfsFile& file = of(base);
    if (file.disk && file.disk->strikes(kTruncate)) return failed(file, SQLITE_IOERR_TRUNCATE, false);
    int const code = file.below()->pMethods->xTruncate(file.below(), size);
    if (code == SQLITE_OK && file.name) file.disk->truncated(*file.name, static_cast<std::uint64_t>(size));
    return code;
}

/// The real sync is left out: the disk knows what it would have done.
int syncFile(sqlite3_file* base, int flags) {
    VfsFile& file = of(base);
    if (!file.disk) return file.below()->pMethods->xSync(file.below(), flags);
    if (file.disk->strikes(kSync)) {
        if (file.name) file.disk->syncFailed(*file.name);
        return failed(file, SQLITE_IOERR_FSYNC, false);
    }
    if (file.name) file.disk->synced(*file.name);
    return SQLITE_OK;
}

int fileSize(sqlite3_file* base, sqlite3_int64* size) {
    return of(base).below()->pMethods->xFileSize(of(base).below(), size);
}
int lockFile(sqlite3_file* base, int level) { return of(base).below()->pMethods->xLock(of(base).below(), level); }
int unlockFile(sqlite3_file* base, int level) { return of(base).below()->pMethods->xUnlock(of(base).below(), level); }
int checkReserved(sqlite3_file* base, int* is) {
    return of(base).below()->pMethods->xCheckReservedLock(of(base).below(), is);
}
int fileControl(sqlite3_file* base, int what, void* argument) {
    return of(base).below()->pMethods->xFileControl(of(base).below(), what, argument);
}
int sectorSize(sqlite3_file* base) { return of(base).below()->pMethods->xSectorSize(of(base).below()); }
int characteristics(sqlite3_file* base) {
    return of(base).below()->pMethods->xDeviceCharacteristics(of(base).below());
}
int shmMap(sqlite3_file* base, int page, int size, int extend, void volatile** into) {
    VfsFile& file = of(base);
    if (file.disk && file.disk->strikes(kShm)) {
        *into = nullptr;
        return failed(file, SQLITE_IOERR_SHMMAP, false);
    }
    return file.below()->pMethods->xShmMap(file.below(), page, size, extend, into);
}
int shmLock(sqlite3_file* base, int offset, int count, int flags) {
    return of(base).below()->pMethods->xShmLock(of(base).below(), offset, count, flags);
}
void shmBarrier(sqlite3_file* base) { of(base).below()->pMethods->xShmBarrier(of(base).below()); }
int shmUnmap(sqlite3_file* base, int remove) {
    return of(base).below()->pMethods->xShmUnmap(of(base).below(), remove);
}

sqlite3_io_methods const kMethods{
    .iVersion = 2,
    .xClose = closeFile,
    .xRead = readFile,
    .xWrite = writeFile,
    .xTruncate = truncateFile,
    .xSync = syncFile,
    .xFileSize = fileSize,
    .xLock = lockFile,
    .xUnlock = unlockFile,
    .xCheckReservedLock = checkReserved,
    .xFileControl = fileControl,
    .xSectorSize = sectorSize,
    .xDeviceCharacteristics = characteristics,
    .xShmMap = shmMap,
    .xShmLock = shmLock,
    .xShmBarrier = shmBarrier,
    .xShmUnmap = shmUnmap,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

FaultVfs& vfsOf(sqlite3_vfs* vfs) { return *static_cast<FaultVfs*>(vfs->pAppData); }

int openFile(sqlite3_vfs* vfs, char const* path, sqlite3_file* base, int flags, int* outFlags) {
    FaultVfs& self = vfsOf(vfs);
    VfsFile& file = of(base);
    file = {};
    file.vfs = &self;
    file.disk = path ? self.diskOf(path) : nullptr;
    auto const name = file.disk ? file.disk->nameOf(path) : std::nullopt;
    if (file.disk && file.disk->strikes(kOpen)) {
        self.systemError = file.disk->full() ? ENOSPC : EIO;
        return SQLITE_CANTOPEN;   // no methods: SQLite does not close it
    }
    if (name) file.disk->look(*name);
    int const code = self.below().xOpen(&self.below(), path, file.below(), flags, outFlags);
    if (code != SQLITE_OK) return code;
    file.base.pMethods = &kMethods;
    if (!name) return SQLITE_OK;
    file.name = new std::string(*name);
    if ((flags & SQLITE_OPEN_CREATE) != 0) file.disk->made(*name);
    return SQLITE_OK;
}

int deleteFile(sqlite3_vfs* vfs, char const* path, int syncFolder) {
    FaultVfs& self = vfsOf(vfs);
    Disk* disk = self.diskOf(path);
    auto const name = disk ? disk->nameOf(path) : std::nullopt;
    if (!name) return self.below().xDelete(&self.below(), path, syncFolder);
    disk->look(*name);
    if (disk->strikes(kName)) {
        self.systemError = EIO;
        return SQLITE_IOERR_DELETE;
    }
    int const code = self.below().xDelete(&self.below(), path, 0);
    if (code == SQLITE_OK) disk->removed(*name, syncFolder != 0);
    return code;
}

int accessFile(sqlite3_vfs* vfs, char const* path, int flags, int* result) {
    return vfsOf(vfs).below().xAccess(&vfsOf(vfs).below(), path, flags, result);
}
int fullPath(sqlite3_vfs* vfs, char const* path, int count, char* into) {
    return vfsOf(vfs).below().xFullPathname(&vfsOf(vfs).below(), path, count, into);
}
int randomness(sqlite3_vfs* vfs, int count, char* into) {
    return vfsOf(vfs).below().xRandomness(&vfsOf(vfs).below(), count, into);
}
int sleepFor(sqlite3_vfs* vfs, int microseconds) {
    return vfsOf(vfs).below().xSleep(&vfsOf(vfs).below(), microseconds);
}
int currentTime(sqlite3_vfs* vfs, double* time) {
    return vfsOf(vfs).below().xCurrentTime(&vfsOf(vfs).below(), time);
}
int currentTime64(sqlite3_vfs* vfs, sqlite3_int64* time) {
    return vfsOf(vfs).below().xCurrentTimeInt64(&vfsOf(vfs).below(), time);
}
int lastError(sqlite3_vfs* vfs, int count, char* into) {
    int const ours = std::exchange(vfsOf(vfs).systemError, 0);
    return ours != 0 ? ours : vfsOf(vfs).below().xGetLastError(&vfsOf(vfs).below(), count, into);
}

}  // namespace

FaultVfs::FaultVfs() : m_below(sqlite3_vfs_find(nullptr)), m_self(std::make_unique<sqlite3_vfs>()) {
    *m_self = {};
    m_self->iVersion = 2;
    m_self->szOsFile = static_cast<int>(sizeof(VfsFile)) + m_below->szOsFile;
    m_self->mxPathname = m_below->mxPathname;
    m_self->zName = "spiral-faults";
    m_self->pAppData = this;
    m_self->xOpen = openFile;
    m_self->xDelete = deleteFile;
    m_self->xAccess = accessFile;
    m_self->xFullPathname = fullPath;
    m_self->xRandomness = randomness;
    m_self->xSleep = sleepFor;
    m_self->xCurrentTime = currentTime;
    m_self->xGetLastError = lastError;
    m_self->xCurrentTimeInt64 = currentTime64;
    sqlite3_vfs_register(m_self.get(), 1);
}

FaultVfs::~FaultVfs() {
    sqlite3_vfs_unregister(m_self.get());
    sqlite3_vfs_register(m_below, 1);
}

Disk* FaultVfs::diskOf(char const* path) const {
    std::string const whole = path;
    for (Disk* disk : m_disks) {
        if (whole.starts_with(disk->root().string() + "/")) return disk;
    }
    return nullptr;
}

}  // namespace spiral::faults
