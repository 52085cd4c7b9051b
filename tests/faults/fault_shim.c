/* A failing disk in front of a program (LD_PRELOAD): counts the calls that change files below one folder, and at one of
   them does what disks and machines do.

     FAULT_ROOT    the folder (absolute, no link in it)
     FAULT_AT      the number of the call that fails, from 1; 0: none
     FAULT_KIND    crash           ends the process before the call
                   torn            writes half of what was to be written, then ends it
                   power           ends it, and what was not synced by then is lost: see below
                   full            no room: half is written, the next call is refused; once
                   full-for-ever   the same, and every later call that needs room is refused
                   sync            an fsync fails, and what it should have saved is lost at the end
                   sync-for-ever   this one and all later ones
                   read            a read fails; then reads are what is counted
                   read-for-ever   this one and all later ones
     FAULT_SEED    which part of what was not synced is lost
     FAULT_LOG     a file outside the folder that gets one line a call: number, name, file

   Lost power: before each change of a file its old bytes are read, before each change of a folder the old file is kept
   under a second name in FAULT_ROOT.kept; fsync forgets what it made durable. At the end the rest is undone: changes of
   folders from the newest back to a random one (journals keep their order), of files each by the throw of a coin. Files
   whose bytes never need to be durable (-shm) are left out. A failed fsync of a file makes nothing durable, and neither
   does a later one that succeeds: Linux believes those pages clean. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum Kind { KIND_NONE, KIND_CRASH, KIND_TORN, KIND_POWER, KIND_FULL, KIND_FULL_FOR_EVER, KIND_SYNC, KIND_SYNC_FOR_EVER,
            KIND_READ, KIND_READ_FOR_EVER };
enum { STATUS_KILLED = 137, INODES_MAX = 4096 };

/* A change that is not durable yet. */
enum What { DATA, MADE, RENAMED, REMOVED, MADE_FOLDER };
struct Change {
    struct Change* older;
    enum What what;
    int file;              /* DATA: place in inodes */
    off_t offset;          /* DATA: where it was written */
    size_t length;         /* DATA: how much; of it `kept` bytes were there before */
    size_t kept;
    off_t size_before;
    int doomed;            /* its fsync failed */
    unsigned char* bytes;
    char path[PATH_MAX], other[PATH_MAX], stash[PATH_MAX];
};
struct Inode {
    dev_t device;
    ino_t number;
    int descriptor;        /* never closed: closing any descriptor of a file drops the process's locks on it */
};

static pthread_mutex_t mutex = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static char root[PATH_MAX];
static size_t root_length;
static enum Kind kind;
static long at, count;
static int log_file = -1;
static int fired;             /* the fault has happened */
static int no_room;           /* the disk says that it is full */
static uint64_t random_state;
static struct Change* newest;
static struct Inode inodes[INODES_MAX];
static int inodes_used;
static unsigned stashes;

#define REAL(name) ((__typeof__(&name))real_##name)
#define FOR_EACH_REAL(X)                                                                                                  \
    X(read) X(pread) X(pread64) X(write) X(pwrite) X(pwrite64) X(writev) X(ftruncate) X(ftruncate64) X(fallocate) X(fallocate64)                      \
    X(posix_fallocate) X(posix_fallocate64) X(fsync) X(fdatasync) X(rename) X(renameat) X(unlink) X(unlinkat) X(remove)   \
    X(open) X(open64) X(openat) X(openat64) X(link) X(mkdir) X(rmdir) X(statvfs) X(statvfs64)
#define DECLARE(name) static void* real_##name;
FOR_EACH_REAL(DECLARE)

__attribute__((constructor)) static void begin(void) {
#define FIND(name) real_##name = dlsym(RTLD_NEXT, #name);
    FOR_EACH_REAL(FIND)
    char const* text = getenv("FAULT_ROOT");
    if (text == NULL || text[0] != '/') return;
    char const* wanted = getenv("FAULT_KIND");
    static char const* const names[] = {"", "crash", "torn", "power", "full", "full-for-ever", "sync", "sync-for-ever",
                                        "read", "read-for-ever"};
    for (int i = 1; wanted != NULL && i <= KIND_READ_FOR_EVER; ++i) {
        if (strcmp(wanted, names[i]) == 0) kind = (enum Kind)i;
    }
    if ((wanted = getenv("FAULT_AT")) != NULL) at = strtol(wanted, NULL, 10);
    if ((wanted = getenv("FAULT_SEED")) != NULL) random_state = strtoull(wanted, NULL, 10);
    if ((wanted = getenv("FAULT_LOG")) != NULL) {
        log_file = REAL(open)(wanted, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    }
    snprintf(root, sizeof root, "%s", text);
    root_length = strlen(root);
}

static uint64_t random_next(void) {
    /* splitmix64 */
    uint64_t z = (random_state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static int below_root(char const* path) {
    return root_length > 0 && strncmp(path, root, root_length) == 0 && (path[root_length] == '/' || path[root_length] == 0);
}
static int path_of(int descriptor, char out[PATH_MAX]) {
    char link_name[64];
    snprintf(link_name, sizeof link_name, "/proc/self/fd/%d", descriptor);
    ssize_t const length = readlink(link_name, out, PATH_MAX - 1);
    if (length <= 0) return 0;
    out[length] = 0;
    return below_root(out);
}
static int ends_with(char const* text, char const* end) {
    size_t const a = strlen(text), b = strlen(end);
    return a >= b && strcmp(text + a - b, end) == 0;
}
static int remembers(void) { return kind == KIND_POWER || kind == KIND_SYNC || kind == KIND_SYNC_FOR_EVER; }

/* --- what is not durable yet ------------------------------------------------------------------------------------------ */

static int inode_of(int descriptor, struct stat* status) {
    if (fstat(descriptor, status) != 0 || !S_ISREG(status->st_mode)) return -1;
    for (int i = 0; i < inodes_used; ++i) {
        if (inodes[i].device == status->st_dev && inodes[i].number == status->st_ino) return i;
    }
    if (inodes_used == INODES_MAX) abort();
    char link_name[64];
    snprintf(link_name, sizeof link_name, "/proc/self/fd/%d", descriptor);
    int const own = REAL(open)(link_name, O_RDWR | O_CLOEXEC);
    if (own < 0) return -1;
    inodes[inodes_used].device = status->st_dev;
    inodes[inodes_used].number = status->st_ino;
    inodes[inodes_used].descriptor = own;
    return inodes_used++;
}

static struct Change* remember(enum What what) {
    struct Change* const change = calloc(1, sizeof *change);
    if (change == NULL) abort();
    change->what = what;
    change->older = newest;
    newest = change;
    return change;
}

static void remember_data(int descriptor, off_t offset, size_t length) {
    struct stat status;
    int const file = inode_of(descriptor, &status);
    if (file < 0 || length == 0) return;
    struct Change* const change = remember(DATA);
    change->file = file;
    change->offset = offset;
    change->length = length;
    change->size_before = status.st_size;
    if (offset < status.st_size) {
        size_t const there = (size_t)(status.st_size - offset);
        change->kept = there < length ? there : length;
        change->bytes = malloc(change->kept);
        if (change->bytes == NULL) abort();
        if (REAL(pread)(inodes[file].descriptor, change->bytes, change->kept, offset) != (ssize_t)change->kept) abort();
    }
    /* What is written anew over bytes whose fsync had failed is in memory again, and dirty. */
    for (struct Change** place = &newest->older; *place != NULL;) {
        struct Change* const old = *place;
        if (old->what == DATA && old->doomed && old->file == file && old->offset >= offset &&
            old->offset + (off_t)old->length <= offset + (off_t)length) {
            *place = old->older;
            free(old->bytes);
            free(old);
        } else {
            place = &old->older;
        }
    }
}

static void stash(char const* path, char out[PATH_MAX]) {
    char folder[PATH_MAX];
    if ((size_t)snprintf(folder, sizeof folder, "%s.kept", root) >= sizeof folder) abort();
    REAL(mkdir)(folder, 0700);
    if ((size_t)snprintf(out, PATH_MAX, "%s.kept/%ld-%u", root, (long)getpid(), ++stashes) >= PATH_MAX) abort();
    if (REAL(link)(path, out) != 0) out[0] = 0;
}

static struct Change* remember_path(enum What what, char const* path) {
    struct Change* const change = remember(what);
    snprintf(change->path, sizeof change->path, "%s", path);
    return change;
}

static int in_folder(char const* path, char const* folder) {
    size_t const length = strlen(folder);
    return strncmp(path, folder, length) == 0 && path[length] == '/' && strchr(path + length + 1, '/') == NULL;
}

static void made_durable(int descriptor, char const* path, int failed) {
    struct stat status;
    if (fstat(descriptor, &status) != 0) return;
    int const folder = S_ISDIR(status.st_mode);
    int const file = folder ? -1 : inode_of(descriptor, &status);
    for (struct Change** place = &newest; *place != NULL;) {
        struct Change* const change = *place;
        int const hit = change->what == DATA
                            ? !folder && change->file == file
                            : folder && (in_folder(change->path, path) || (change->what == RENAMED && in_folder(change->other, path)));
        if (!hit || change->doomed || (failed && change->what != DATA)) {
            place = &change->older;
        } else if (failed) {
            change->doomed = 1;
            place = &change->older;
        } else {
            *place = change->older;
            if (change->stash[0] != 0) REAL(unlink)(change->stash);
            free(change->bytes);
            free(change);
        }
    }
}

static void undo_data(struct Change const* change) {
    int const descriptor = inodes[change->file].descriptor;
    struct stat status;
    if (fstat(descriptor, &status) != 0) return;
    off_t const end = change->offset + (off_t)change->length;
    if (change->kept > 0 && REAL(pwrite)(descriptor, change->bytes, change->kept, change->offset) < 0) return;
    if (end <= change->size_before) return;
    if (status.st_size <= end) {
        if (REAL(ftruncate)(descriptor, change->size_before) != 0) return;
        return;
    }
    /* Something after it is kept: what was lost in front of that reads as zeros. */
    static unsigned char const zeros[4096];
    off_t from = change->offset > change->size_before ? change->offset : change->size_before;
    while (from < end) {
        size_t const part = (size_t)(end - from) < sizeof zeros ? (size_t)(end - from) : sizeof zeros;
        if (REAL(pwrite)(descriptor, zeros, part, from) <= 0) return;
        from += (off_t)part;
    }
}

static void undo_path(struct Change const* change) {
    switch (change->what) {
        case MADE: REAL(unlink)(change->path); break;
        case MADE_FOLDER: REAL(rmdir)(change->path); break;
        case RENAMED:
            REAL(rename)(change->other, change->path);
            if (change->stash[0] != 0) REAL(rename)(change->stash, change->other);
            break;
        case REMOVED:
            if (change->stash[0] != 0) REAL(rename)(change->stash, change->path);
            break;
        case DATA: break;
    }
}

static void lose_power(void) {
    int const all = random_next() % 4 == 0;
    unsigned paths = 0;
    for (struct Change* change = newest; change != NULL; change = change->older) paths += change->what != DATA;
    unsigned lost = all ? paths : (unsigned)(random_next() % (paths + 1));
    for (struct Change* change = newest; change != NULL; change = change->older) {
        if (change->what == DATA) {
            if (all || change->doomed || random_next() % 2 == 0) undo_data(change);
        } else if (lost > 0) {
            undo_path(change);
            --lost;
        }
    }
    newest = NULL;
}

__attribute__((destructor)) static void end(void) {
    if ((kind == KIND_SYNC || kind == KIND_SYNC_FOR_EVER) && fired) lose_power();
}

/* --- the fault ---------------------------------------------------------------------------------------------------------- */

enum Need { NEEDS_NOTHING, NEEDS_ROOM, IS_SYNC, IS_READ };
enum Verdict { GO_ON, HALF, REFUSE };

static void stop(void) {
    if (kind == KIND_POWER) lose_power();
    _exit(STATUS_KILLED);
}

/* Called with the mutex held, before each call that counts. */
static enum Verdict next_call(char const* name, char const* path, enum Need need, size_t bytes) {
    if ((need == IS_READ) != (kind == KIND_READ || kind == KIND_READ_FOR_EVER)) return GO_ON;
    ++count;
    if (log_file >= 0) {
        char line[PATH_MAX + 64];
        int const length = snprintf(line, sizeof line, "%ld %s %s\n", count, name, path + root_length);
        if (length > 0 && REAL(write)(log_file, line, (size_t)length) < 0) abort();
    }
    switch (kind) {
        case KIND_NONE: break;
        case KIND_CRASH:
        case KIND_POWER:
            if (count == at) stop();
            break;
        case KIND_TORN:
            if (count == at && bytes > 1) return HALF;
            if (count == at) stop();
            break;
        case KIND_FULL:
        case KIND_FULL_FOR_EVER:
            if (need != NEEDS_ROOM || count < at || at == 0) break;
            if (!fired && bytes > 1) {
                fired = 1;
                ++at;   /* the rest of it is refused */
                return HALF;
            }
            if (fired > 1 && kind == KIND_FULL) {
                no_room = 0;
                break;
            }
            fired = 2;
            no_room = 1;
            errno = ENOSPC;
            return REFUSE;
        case KIND_SYNC:
        case KIND_SYNC_FOR_EVER:
            if (need != IS_SYNC || count < at || at == 0) break;
            if (fired && kind == KIND_SYNC) break;
            fired = 1;
            errno = EIO;
            return REFUSE;
        case KIND_READ:
        case KIND_READ_FOR_EVER:
            if (count < at || at == 0 || (count > at && kind == KIND_READ)) break;
            errno = EIO;
            return REFUSE;
    }
    return GO_ON;
}

#define LOCKED(body)                     \
    do {                                 \
        pthread_mutex_lock(&mutex);      \
        body;                            \
        int const saved = errno;         \
        pthread_mutex_unlock(&mutex);    \
        errno = saved;                   \
    } while (0)

static ssize_t written(char const* name, int descriptor, void const* bytes, size_t length, off_t offset, int at_offset) {
    char path[PATH_MAX];
    ssize_t result = -1;
    if (root_length == 0 || !path_of(descriptor, path)) {
        return at_offset ? REAL(pwrite)(descriptor, bytes, length, offset) : REAL(write)(descriptor, bytes, length);
    }
    LOCKED({
        enum Verdict const verdict = next_call(name, path, NEEDS_ROOM, length);
        if (verdict != REFUSE) {
            size_t const part = verdict == HALF ? length / 2 : length;
            if (remembers() && !ends_with(path, "-shm")) {
                remember_data(descriptor, at_offset ? offset : lseek(descriptor, 0, SEEK_CUR), part);
            }
            result = at_offset ? REAL(pwrite)(descriptor, bytes, part, offset) : REAL(write)(descriptor, bytes, part);
            if (verdict == HALF && kind == KIND_TORN) stop();
        }
    });
    return result;
}

ssize_t write(int descriptor, void const* bytes, size_t length) { return written("write", descriptor, bytes, length, 0, 0); }
ssize_t pwrite(int descriptor, void const* bytes, size_t length, off_t offset) {
    return written("pwrite", descriptor, bytes, length, offset, 1);
}
ssize_t pwrite64(int descriptor, void const* bytes, size_t length, off64_t offset) {
    return written("pwrite", descriptor, bytes, length, (off_t)offset, 1);
}
ssize_t writev(int descriptor, struct iovec const* parts, int number) {
    char path[PATH_MAX];
    if (root_length == 0 || !path_of(descriptor, path)) return REAL(writev)(descriptor, parts, number);
    ssize_t done = 0;
    for (int i = 0; i < number; ++i) {
        if (parts[i].iov_len == 0) continue;
        ssize_t const each = written("writev", descriptor, parts[i].iov_base, parts[i].iov_len, 0, 0);
        if (each < 0) return done > 0 ? done : each;
        done += each;
        if ((size_t)each < parts[i].iov_len) break;
    }
    return done;
}

static ssize_t did_read(char const* name, int descriptor, void* bytes, size_t length, off_t offset, int at_offset) {
    char path[PATH_MAX];
    int const counts = kind == KIND_READ || kind == KIND_READ_FOR_EVER;
    ssize_t result = -1;
    if (!counts || !path_of(descriptor, path)) {
        return at_offset ? REAL(pread)(descriptor, bytes, length, offset) : REAL(read)(descriptor, bytes, length);
    }
    LOCKED({
        if (next_call(name, path, IS_READ, 0) != REFUSE) {
            result = at_offset ? REAL(pread)(descriptor, bytes, length, offset) : REAL(read)(descriptor, bytes, length);
        }
    });
    return result;
}
ssize_t read(int descriptor, void* bytes, size_t length) { return did_read("read", descriptor, bytes, length, 0, 0); }
ssize_t pread(int descriptor, void* bytes, size_t length, off_t offset) {
    return did_read("pread", descriptor, bytes, length, offset, 1);
}
ssize_t pread64(int descriptor, void* bytes, size_t length, off64_t offset) {
    return did_read("pread", descriptor, bytes, length, (off_t)offset, 1);
}

static int truncated(int descriptor, off_t size) {
    char path[PATH_MAX];
    if (root_length == 0 || !path_of(descriptor, path)) return REAL(ftruncate)(descriptor, size);
    int result = -1;
    LOCKED({
        struct stat status;
        int const grows = fstat(descriptor, &status) == 0 && status.st_size < size;
        if (next_call("ftruncate", path, grows ? NEEDS_ROOM : NEEDS_NOTHING, 0) != REFUSE) {
            if (remembers() && !ends_with(path, "-shm")) {
                if (grows) remember_data(descriptor, status.st_size, (size_t)(size - status.st_size));
                else remember_data(descriptor, size, (size_t)(status.st_size - size));
            }
            result = REAL(ftruncate)(descriptor, size);
        }
    });
    return result;
}
int ftruncate(int descriptor, off_t size) { return truncated(descriptor, size); }
int ftruncate64(int descriptor, off64_t size) { return truncated(descriptor, (off_t)size); }

static int allocated(int descriptor, int mode, off_t offset, off_t length) {
    char path[PATH_MAX];
    if (root_length == 0 || !path_of(descriptor, path)) return REAL(fallocate)(descriptor, mode, offset, length);
    int result = -1;
    LOCKED({
        if (next_call("fallocate", path, NEEDS_ROOM, 0) != REFUSE) result = REAL(fallocate)(descriptor, mode, offset, length);
    });
    return result;
}
int fallocate(int descriptor, int mode, off_t offset, off_t length) { return allocated(descriptor, mode, offset, length); }
int fallocate64(int descriptor, int mode, off64_t offset, off64_t length) {
    return allocated(descriptor, mode, (off_t)offset, (off_t)length);
}
int posix_fallocate(int descriptor, off_t offset, off_t length) {
    return allocated(descriptor, 0, offset, length) == 0 ? 0 : errno;
}
int posix_fallocate64(int descriptor, off64_t offset, off64_t length) {
    return allocated(descriptor, 0, (off_t)offset, (off_t)length) == 0 ? 0 : errno;
}

static int synced(char const* name, int descriptor, int data_only) {
    char path[PATH_MAX];
    if (root_length == 0 || !path_of(descriptor, path)) return data_only ? REAL(fdatasync)(descriptor) : REAL(fsync)(descriptor);
    int result = -1;
    LOCKED({
        enum Verdict const verdict = next_call(name, path, IS_SYNC, 0);
        if (verdict != REFUSE) result = data_only ? REAL(fdatasync)(descriptor) : REAL(fsync)(descriptor);
        if (remembers()) {
            int const why = errno;
            made_durable(descriptor, path, result != 0);
            errno = why;
        }
    });
    return result;
}
int fsync(int descriptor) { return synced("fsync", descriptor, 0); }
int fdatasync(int descriptor) { return synced("fdatasync", descriptor, 1); }

int rename(char const* from, char const* to) {
    if (!below_root(from) && !below_root(to)) return REAL(rename)(from, to);
    int result = -1;
    LOCKED({
        if (next_call("rename", to, NEEDS_ROOM, 0) != REFUSE) {
            char kept[PATH_MAX] = "";
            if (remembers()) stash(to, kept);
            result = REAL(rename)(from, to);
            if (result == 0 && remembers()) {
                struct Change* const change = remember_path(RENAMED, from);
                snprintf(change->other, sizeof change->other, "%s", to);
                memcpy(change->stash, kept, sizeof kept);
            }
        }
    });
    return result;
}
int renameat(int from_folder, char const* from, int to_folder, char const* to) {
    if (from[0] == '/' && to[0] == '/') return rename(from, to);
    return REAL(renameat)(from_folder, from, to_folder, to);
}

int unlink(char const* path) {
    if (!below_root(path)) return REAL(unlink)(path);
    int result = -1;
    LOCKED({
        if (next_call("unlink", path, NEEDS_NOTHING, 0) != REFUSE) {
            char kept[PATH_MAX] = "";
            if (remembers()) stash(path, kept);
            result = REAL(unlink)(path);
            if (result == 0 && remembers()) memcpy(remember_path(REMOVED, path)->stash, kept, sizeof kept);
        }
    });
    return result;
}
int unlinkat(int folder, char const* path, int flags) {
    if (path[0] == '/' && flags == 0) return unlink(path);
    return REAL(unlinkat)(folder, path, flags);
}
int remove(char const* path) {
    struct stat status;
    if (below_root(path) && lstat(path, &status) == 0 && !S_ISDIR(status.st_mode)) return unlink(path);
    return REAL(remove)(path);
}

int link(char const* from, char const* to) {
    if (!below_root(to)) return REAL(link)(from, to);
    int result = -1;
    LOCKED({
        if (next_call("link", to, NEEDS_ROOM, 0) != REFUSE) {
            result = REAL(link)(from, to);
            if (result == 0 && remembers()) remember_path(MADE, to);
        }
    });
    return result;
}

int mkdir(char const* path, mode_t mode) {
    if (!below_root(path)) return REAL(mkdir)(path, mode);
    int result = -1;
    LOCKED({
        if (next_call("mkdir", path, NEEDS_ROOM, 0) != REFUSE) {
            result = REAL(mkdir)(path, mode);
            if (result == 0 && remembers()) remember_path(MADE_FOLDER, path);
        }
    });
    return result;
}

int statvfs(char const* path, struct statvfs* room) {
    int const result = REAL(statvfs)(path, room);
    if (result == 0 && no_room && below_root(path)) room->f_bfree = room->f_bavail = 0;
    return result;
}
int statvfs64(char const* path, struct statvfs64* room) {
    int const result = REAL(statvfs64)(path, room);
    if (result == 0 && no_room && below_root(path)) room->f_bfree = room->f_bavail = 0;
    return result;
}

/* Only making a file counts: opening one that is there needs nothing of the disk. */
static int opened(int folder, char const* path, int flags, mode_t mode) {
    struct stat status;
    int const makes = (flags & O_CREAT) != 0 && path[0] == '/' && below_root(path) && lstat(path, &status) != 0;
    int const shortens = (flags & O_TRUNC) != 0 && path[0] == '/' && below_root(path) && !makes;
    if (!makes && !shortens) return REAL(openat)(folder, path, flags, mode);
    int result = -1;
    LOCKED({
        if (next_call("open", path, NEEDS_ROOM, 0) != REFUSE) {
            result = REAL(openat)(folder, path, flags, mode);
            if (result >= 0 && makes && remembers()) remember_path(MADE, path);
        }
    });
    return result;
}
#define MODE_OF(flags)                                        \
    mode_t mode = 0;                                          \
    if (((flags) & (O_CREAT | __O_TMPFILE)) != 0) {           \
        va_list arguments;                                    \
        va_start(arguments, flags);                           \
        mode = (mode_t)va_arg(arguments, unsigned);           \
        va_end(arguments);                                    \
    }
int open(char const* path, int flags, ...) {
    MODE_OF(flags)
    return opened(AT_FDCWD, path, flags, mode);
}
int open64(char const* path, int flags, ...) {
    MODE_OF(flags)
    return opened(AT_FDCWD, path, flags, mode);
}
int openat(int folder, char const* path, int flags, ...) {
    MODE_OF(flags)
    return opened(folder, path, flags, mode);
}
int openat64(int folder, char const* path, int flags, ...) {
    MODE_OF(flags)
    return opened(folder, path, flags, mode);
}
