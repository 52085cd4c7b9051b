// Check, backup and restore.
//
// Backup file: "SPIRALB1\n", one zstd stream of entries (4-byte little-endian name length, name, 8-byte size, bytes),
// then the SHA-256 of everything before. Names are relative, of [A-Za-z0-9._/-], without "..".
#include "base/sha256.h"
#include "store.h"

#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <unordered_map>

namespace spiral::replica {

namespace {

constexpr std::string_view kBackupMagic = "SPIRALB1\n";
constexpr std::size_t kPieceBytes = 1024 * 1024;
constexpr std::uint64_t kBackupFileMax = 1ULL << 40;   // 1 TiB
constexpr std::size_t kNameMax = 200;

using Compressor = std::unique_ptr<ZSTD_CCtx, Deleter<ZSTD_freeCCtx>>;
using Decompressor = std::unique_ptr<ZSTD_DCtx, Deleter<ZSTD_freeDCtx>>;

/// Writes compressed bytes to a file and hashes them on the way.
class BackupWriter {
public:
    BackupWriter(Files& files, Path file) : m_files(files), m_file(std::move(file)), m_context(ZSTD_createCCtx()) {}

    Result<void> begin() {
        return raw(asBytes(kBackupMagic));
    }
    Result<void> add(ByteView bytes) { return push(bytes, ZSTD_e_continue); }
    Result<void> finish() {
        if (auto done = push({}, ZSTD_e_end); !done) return done;
        Sha256 const hash = m_hash.finish();
        if (auto done = m_files.writeAt(m_file, m_size, hash.view(), FileMode::Private); !done) return done;
        return m_files.sync(m_file);
    }

private:
    Result<void> push(ByteView bytes, ZSTD_EndDirective end) {
        ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
        while (true) {
            Bytes out(ZSTD_CStreamOutSize());
            ZSTD_outBuffer output{out.data(), out.size(), 0};
            std::size_t const left = ZSTD_compressStream2(m_context.get(), &output, &input, end);
            if (ZSTD_isError(left)) return makeError(ErrorCode::Environment, "backup.pack", ZSTD_getErrorName(left));
            out.resize(output.pos);
            if (auto done = raw(out); !done) return done;
            if (end == ZSTD_e_end ? left == 0 : input.pos == input.size) return {};
        }
    }
    Result<void> raw(ByteView bytes) {
        if (bytes.empty()) return {};
        m_hash.add(bytes);
        auto done = m_files.writeAt(m_file, m_size, bytes, FileMode::Private);
        m_size += bytes.size();
        return done;
    }
    Files& m_files;
    Path m_file;
    Compressor m_context;
    Sha256Stream m_hash;
    std::uint64_t m_size = 0;
};

/// Gives the unpacked bytes of a backup piece by piece.
class BackupReader {
public:
    BackupReader(Files& files, Path file, std::uint64_t begin, std::uint64_t end)
        : m_files(files), m_file(std::move(file)), m_at(begin), m_end(end), m_context(ZSTD_createDCtx()) {
        ZSTD_DCtx_setParameter(m_context.get(), ZSTD_d_windowLogMax, 23);
    }
    Result<Bytes> take(std::size_t count) {
        while (m_open.size() < count) {
            if (m_input.size() == m_consumed) {
                if (m_at == m_end) return makeError(ErrorCode::Damaged, "backup.truncated", "an entry is cut");
                auto read = m_files.readAt(m_file, m_at, static_cast<std::size_t>(std::min<std::uint64_t>(kPieceBytes, m_end - m_at)));
                if (!read) return read.error();
                m_at += read->size();
                m_input = std::move(*read);
                m_consumed = 0;
            }
            Bytes out(ZSTD_DStreamOutSize());
            ZSTD_inBuffer input{m_input.data(), m_input.size(), m_consumed};
            ZSTD_outBuffer output{out.data(), out.size(), 0};
            std::size_t const code = ZSTD_decompressStream(m_context.get(), &output, &input);
            if (ZSTD_isError(code)) return makeError(ErrorCode::Damaged, "backup.damaged", ZSTD_getErrorName(code));
            m_consumed = input.pos;
            m_open.insert(m_open.end(), out.begin(), out.begin() + static_cast<std::ptrdiff_t>(output.pos));
        }
        Bytes taken(m_open.begin(), m_open.begin() + static_cast<std::ptrdiff_t>(count));
        m_open.erase(m_open.begin(), m_open.begin() + static_cast<std::ptrdiff_t>(count));
        return taken;
    }

private:
    Files& m_files;
    Path m_file;
    std::uint64_t m_at, m_end;
    Decompressor m_context;
    Bytes m_input, m_open;
    std::size_t m_consumed = 0;
};

Bytes littleEndian(std::uint64_t value, std::size_t bytes) {
    Bytes out(bytes);
    for (std::size_t i = 0; i < bytes; ++i) out[i] = static_cast<std::uint8_t>(value >> (8 * i));
    return out;
}

std::uint64_t fromLittleEndian(ByteView bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | bytes[i];
    return value;
}

bool isPlainName(std::string_view name) {
    if (name.empty() || name.size() > kNameMax || name.front() == '/' || name.find("..") != std::string_view::npos) return false;
    return std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-' || c == '/';
    });
}

Result<void> addFile(BackupWriter& writer, Files& files, Path const& from, std::string const& name) {
    auto size = files.size(from);
    if (!size) return size.error();
    Bytes head = littleEndian(name.size(), 4);
    head.insert(head.end(), name.begin(), name.end());
    Bytes const length = littleEndian(*size, 8);
    head.insert(head.end(), length.begin(), length.end());
    if (auto done = writer.add(head); !done) return done;
    for (std::uint64_t at = 0; at < *size;) {
        auto piece = files.readAt(from, at, static_cast<std::size_t>(std::min<std::uint64_t>(kPieceBytes, *size - at)));
        if (!piece) return piece.error();
        if (piece->empty()) return makeError(ErrorCode::Environment, "backup.changed", name + " became shorter");
        if (auto done = writer.add(*piece); !done) return done;
        at += piece->size();
    }
    return {};
}

/// Every file below a folder, as names relative to `root`; hidden ones and unfinished ones are left out.
void gather(Files& files, Path const& root, std::string const& below, std::vector<std::string>& names) {
    for (auto const& entry : files.list(root / below)) {
        if (entry.empty() || entry.front() == '.' || entry.ends_with(".part") || entry.ends_with(".new")) continue;
        std::string const name = below + "/" + entry;
        std::error_code unreadable;   // then it is tried as a file, which says why
        if (std::filesystem::is_directory(root / name, unreadable)) gather(files, root, name, names);
        else names.push_back(name);
    }
}

Result<void> removeIfThere(Files& files, Path const& path) {
    return files.exists(path) ? files.remove(path) : Result<void>{};
}

/// What SQLite keeps beside a database. Left over from another one of that name it would be taken for this one's.
Result<void> removeBeside(Files& files, Path const& database) {
    for (auto const* suffix : {"-wal", "-shm", "-journal"}) {
        Path part = database;
        part += suffix;
        if (auto removed = removeIfThere(files, part); !removed) return removed;
    }
    return {};
}

}  // namespace

/// The copy of the store that a backup makes first; an interrupted one leaves it, as large as the store.
Path backupCopy(Path const& folder) { return folder / "backup.db.new"; }

void removeBackupCopy(Path const& folder, Files& files) {
    [[maybe_unused]] auto const one = removeIfThere(files, backupCopy(folder));
    [[maybe_unused]] auto const rest = removeBeside(files, backupCopy(folder));
}

Result<void> Store::backup(Path const& file) {
    Path const copy = backupCopy(m_folder);
    // Hidden, and by the same name at each attempt: what a cut leaves is overwritten, and nobody's file is called so.
    Path const unfinished = file.parent_path() / ("." + file.filename().string() + ".new");
    auto const discard = [&](Error error) -> Error {
        removeBackupCopy(m_folder, m_world.files);
        [[maybe_unused]] auto const removed = removeIfThere(m_world.files, unfinished);
        return error;
    };
    removeBackupCopy(m_folder, m_world.files);
    if (auto removed = removeIfThere(m_world.files, unfinished); !removed) return removed;
    try {
        auto const pageBytes = static_cast<int>(m_db.integer("PRAGMA page_size"));
        Database db(copy, {.as = OpenAs::Writer, .create = true, .pageBytes = pageBytes});
        using Copying = std::unique_ptr<sqlite3_backup, Deleter<sqlite3_backup_finish>>;
        Copying copying(sqlite3_backup_init(db.handle(), "main", m_db.handle(), "main"));
        if (!copying) db.fail(sqlite3_errcode(db.handle()), "beginning a backup");
        int const code = sqlite3_backup_step(copying.get(), -1);
        copying.reset();   // tells the connection what went wrong
        if (code != SQLITE_DONE) db.fail(code, "copying the store");
        db.execute("DELETE FROM local_note WHERE key='guard'");
        db.execute("PRAGMA journal_mode=DELETE");
    } catch (SqliteError const& error) {
        return discard(error.toError());
    }
    BackupWriter writer(m_world.files, unfinished);
    if (auto done = writer.begin(); !done) return discard(done.error());
    if (auto done = addFile(writer, m_world.files, copy, "store.db"); !done) return discard(done.error());
    std::vector<std::string> names;
    gather(m_world.files, m_folder, "keys", names);
    gather(m_world.files, m_folder, "attachments", names);
    for (auto const& name : names) {
        if (!isPlainName(name)) continue;
        if (auto done = addFile(writer, m_world.files, m_folder / name, name); !done) return discard(done.error());
    }
    if (auto done = writer.finish(); !done) return discard(done.error());
    if (auto done = m_world.files.remove(copy); !done) return discard(done.error());
    if (auto done = m_world.files.rename(unfinished, file); !done) return discard(done.error());
    return {};
}

Result<void> Replica::restore(Path const& file, Path const& folder, World world) {
    auto& files = world.files;
    if (files.exists(storeFile(folder))) {
        return makeError(ErrorCode::Exists, "replica.exists", "a backup is restored into an empty folder");
    }
    auto size = files.size(file);
    if (!size) return size.error();
    if (*size < kBackupMagic.size() + Sha256::size || *size > kBackupFileMax) {
        return makeError(ErrorCode::Malformed, "backup.not-a-file", "this is no backup");
    }
    auto magic = files.readAt(file, 0, kBackupMagic.size());
    if (!magic) return magic.error();
    if (asText(*magic) != kBackupMagic) return makeError(ErrorCode::Malformed, "backup.not-a-file", "this is no backup");
    std::uint64_t const end = *size - Sha256::size;
    Sha256Stream hash;
    for (std::uint64_t at = 0; at < end;) {
        auto piece = files.readAt(file, at, static_cast<std::size_t>(std::min<std::uint64_t>(kPieceBytes, end - at)));
        if (!piece) return piece.error();
        if (piece->empty()) return makeError(ErrorCode::Damaged, "backup.truncated", "the file became shorter");
        hash.add(*piece);
        at += piece->size();
    }
    auto trailer = files.readAt(file, end, Sha256::size);
    if (!trailer) return trailer.error();
    if (toBytes(hash.finish().view()) != *trailer) {
        return makeError(ErrorCode::Damaged, "backup.damaged", "the file is cut short or damaged");
    }

    if (auto made = files.makeFolder(folder, FileMode::Private); !made) return made;
    BackupReader reader(files, file, kBackupMagic.size(), end);
    bool haveStore = false;
    Path const unfinished = folder / "store.db.new";
    while (true) {
        auto nameLength = reader.take(4);
        if (!nameLength) {
            if (nameLength.error().reason == "backup.truncated") break;   // the stream's end, whole by its hash
            return nameLength.error();
        }
        std::uint64_t const length = fromLittleEndian(*nameLength);
        if (length == 0 || length > kNameMax) return makeError(ErrorCode::Malformed, "backup.name", "");
        auto name = reader.take(static_cast<std::size_t>(length));
        if (!name) return name.error();
        std::string const text = toText(*name);
        if (!isPlainName(text)) return makeError(ErrorCode::Malformed, "backup.name", text);
        auto count = reader.take(8);
        if (!count) return count.error();
        std::uint64_t const bytes = fromLittleEndian(*count);
        if (bytes > kBackupFileMax) return makeError(ErrorCode::TooLarge, "backup.size", text);
        bool const isStore = text == "store.db";
        haveStore = haveStore || isStore;
        Path const to = isStore ? unfinished : folder / text;
        if (auto made = files.makeFolder(to.parent_path(), FileMode::Private); !made) return made;
        // What an attempt that was cut off left may be longer.
        if (auto removed = removeIfThere(files, to); !removed) return removed;
        if (bytes == 0) {
            if (auto made = files.writeAt(to, 0, {}, FileMode::Private); !made) return made;
        }
        for (std::uint64_t at = 0; at < bytes;) {
            auto piece = reader.take(static_cast<std::size_t>(std::min<std::uint64_t>(kPieceBytes, bytes - at)));
            if (!piece) return piece.error();
            if (auto written = files.writeAt(to, at, *piece, FileMode::Private); !written) return written;
            at += piece->size();
        }
        if (auto synced = files.sync(to); !synced) return synced;
    }
    if (!haveStore) return makeError(ErrorCode::Malformed, "backup.no-store", "the backup holds no store");
    if (auto removed = removeBeside(files, storeFile(folder)); !removed) return removed;
    return files.rename(unfinished, storeFile(folder));
}

void Store::dropPacked(std::vector<FrameId> const& frames) {
    WriteTransaction transaction(m_db);
    Statement drop(m_db, "DELETE FROM local_packed WHERE frame=?1");
    for (auto const& frame : frames) {
        Use use(drop);
        use->bind(1, frame).run();
    }
    transaction.commit();
}

std::vector<Replica::Finding> Store::check(bool deep, std::function<void(ImportProgress)> const& progress) {
    std::vector<Finding> findings;
    {
        Statement quick(m_db, deep ? "PRAGMA integrity_check(20)" : "PRAGMA quick_check(20)");
        while (quick.step()) {
            if (quick.text(0) != "ok") findings.push_back({"store.sqlite", std::string(quick.text(0))});
        }
    }
    // Tips and places must agree with the frames, whatever a crash or a hand did.
    if (m_db.integer("SELECT (SELECT count(*) FROM frame) - (SELECT count(*) FROM local_place)") != 0) {
        findings.push_back({"store.places", "frames and their places differ in number"});
    }
    if (!deep) return findings;

    std::size_t const total = static_cast<std::size_t>(m_db.integer(
        "SELECT (SELECT count(*) FROM revision) + (SELECT count(*) FROM record) + (SELECT count(*) FROM frame)"));
    std::size_t done = 0;
    auto const step = [&] {
        if (++done % 1000 == 0 && progress) progress({done, total});
    };
    {
        Statement rows(m_db, "SELECT id, bytes FROM revision");
        while (rows.step()) {
            auto const id = rows.token<ObjectId>(0);
            if (hashAs<ObjectId>(rows.blob(1)) != id) findings.push_back({"revision.hash", id.hex()});
            step();
        }
    }
    // Records that the device they name has not signed. That is damage where one of its own frames brought them; elsewhere
    // the row claims another device and is invalid by its verdict, but kept as it came.
    std::unordered_map<ObjectId, DeviceId> unsignedBy;
    {
        Statement rows(m_db, "SELECT id, bytes, sig FROM record");
        while (rows.step()) {
            auto const id = rows.token<ObjectId>(0);
            if (hashAs<ObjectId>(rows.blob(1)) != id) findings.push_back({"record.hash", id.hex()});
            else if (auto record = trust::decodeRecord(rows.blob(1)); record && !m_registry.empty()) {
                auto const* key = m_registry.keyOf(record->by.device);
                if (key && !trust::verify(*key, trust::nameSpaceFor(record->kind, m_registry.domain()), rows.blob(1),
                                          rows.token<trust::Signature>(2))) {
                    unsignedBy.emplace(id, record->by.device);
                }
            }
            step();
        }
    }
    {
        Statement rows(m_db, "SELECT f.id, f.header, f.sig, p.applied, p.seq FROM frame f LEFT JOIN local_place p ON p.frame=f.rowid");
        Statement revision(m_db, "SELECT 1 FROM revision WHERE id=?1");
        Statement record(m_db, "SELECT 1 FROM record WHERE id=?1");
        Statement frame(m_db, "SELECT 1 FROM frame WHERE id=?1");
        while (rows.step()) {
            auto const id = rows.token<FrameId>(0);
            step();
            if (hashAs<FrameId>(rows.blob(1)) != id) {
                findings.push_back({"frame.hash", id.hex()});
                continue;
            }
            auto header = trust::decodeFrameHeader(rows.blob(1));
            if (!header) {
                findings.push_back({"frame.form", id.hex()});
                continue;
            }
            auto const* key = m_registry.empty() ? nullptr : m_registry.keyOf(header->device);
            if (!key || !trust::verify(*key, trust::nameSpaceFor("frame", m_registry.domain()), rows.blob(1),
                                       rows.token<trust::Signature>(2))) {
                findings.push_back({"frame.signature", id.hex()});
            }
            if (rows.isNull(3) || static_cast<std::uint64_t>(rows.integer(4)) != header->seq) {
                findings.push_back({"frame.place", id.hex()});
                continue;
            }
            if (header->prev) {
                Use use(frame);
                use->bind(1, *header->prev);
                if (!use->step()) findings.push_back({"frame.chain", id.hex()});
            }
            if (rows.integer(3) == 0) continue;
            for (auto const& item : header->items) {
                auto const found = unsignedBy.find(item.id);
                if (found != unsignedBy.end() && found->second == header->device)
                    findings.push_back({"record.signature", item.id.hex()});
                Use use(item.kind == trust::Item::Kind::Revision ? revision : record);
                use->bind(1, item.id);
                if (!use->step() && !m_registry.isRedacted(item.id)) findings.push_back({"frame.row-missing", item.id.hex()});
            }
        }
    }
    {
        // What is kept packed goes out as it stands; damaged, every reader would refuse it.
        Statement rows(m_db, "SELECT f.id, f.header, k.bytes FROM local_packed k LEFT JOIN frame f ON f.id=k.frame");
        std::vector<FrameId> damaged;
        while (rows.step()) {
            if (rows.isNull(0)) continue;
            auto const header = trust::decodeFrameHeader(rows.blob(1));
            if (!header || openPayload(*header, trust::Codec::Zstd, rows.blob(2), std::nullopt)) continue;
            damaged.push_back(rows.token<FrameId>(0));
            findings.push_back({"packed.damaged", damaged.back().hex()});
        }
        if (m_access == Access::Write && !damaged.empty()) dropPacked(damaged);
    }
    {
        // The registry folded anew, every signature verified: the same head must come out.
        trust::Registry anew;
        Statement entries(m_db, "SELECT r.bytes, r.sig FROM local_registry l JOIN record r ON r.id=l.record ORDER BY l.pos");
        while (entries.step()) anew.add(entries.blob(0), entries.token<trust::Signature>(1));
        bool const same = anew.empty() == m_registry.empty() && (anew.empty() || anew.heads() == m_registry.heads());
        if (!same) findings.push_back({"registry.fold", "the registry comes out differently when it is folded anew"});
    }
    if (progress) progress({total, total});
    return findings;
}

}  // namespace spiral::replica
