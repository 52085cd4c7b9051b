// Files by hash. For the attachment abcdef…:
//
//   ab/cdef…                      the whole file: it appears by a rename, after its hash was checked
//   ab/cdef….list                 the hashes of its pieces, and the hash of those hashes: a torn or rotten list shows
//   ab/cdef….<chunks>.part        pieces that came so far, each at its offset
//   ab/cdef….<chunks>.list        what they must hash to
//   abcdef….new                   a copy still being made; removed at the next opening of the replica for writing
//
// Parts are named by the piece list too: whoever lies about the pieces of a file disturbs nobody who does not.
// What has come is not written down anywhere. A piece is synced before put() returns, and after a restart the part file
// is hashed piece by piece against its list, so nothing that a crash tore is ever believed.
#include "replica/attachments.h"

#include "base/sha256.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <mutex>
#include <utility>

namespace spiral::replica {

using trust::Attachment;

namespace {

constexpr std::size_t kPieceBytes = trust::kAttachmentPieceBytes;
constexpr std::uint64_t kPiecesMax = 65'536;  // 64 GiB, as in the messages that carry the lists
constexpr std::size_t kListBytesMax = (kPiecesMax + 1) * Sha256::size;
constexpr std::size_t kNameBytesMax = 255;
constexpr std::string_view kUnknownType = "application/octet-stream";

struct MediaType {
    std::string_view extension, type;
};
// What colleges hand in. The guess only chooses an icon and a program; nothing depends on it.
constexpr std::array kMediaTypes{
    MediaType{"7z", "application/x-7z-compressed"},
    MediaType{"avi", "video/x-msvideo"},
    MediaType{"bmp", "image/bmp"},
    MediaType{"csv", "text/csv"},
    MediaType{"doc", "application/msword"},
    MediaType{"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    MediaType{"dps", "application/vnd.wps-office.dps"},
    MediaType{"et", "application/vnd.wps-office.et"},
    MediaType{"gif", "image/gif"},
    MediaType{"htm", "text/html"},
    MediaType{"html", "text/html"},
    MediaType{"jpeg", "image/jpeg"},
    MediaType{"jpg", "image/jpeg"},
    MediaType{"json", "application/json"},
    MediaType{"md", "text/markdown"},
    MediaType{"mov", "video/quicktime"},
    MediaType{"mp3", "audio/mpeg"},
    MediaType{"mp4", "video/mp4"},
    MediaType{"odt", "application/vnd.oasis.opendocument.text"},
    MediaType{"ods", "application/vnd.oasis.opendocument.spreadsheet"},
    MediaType{"ofd", "application/ofd"},
    MediaType{"pdf", "application/pdf"},
    MediaType{"png", "image/png"},
    MediaType{"ppt", "application/vnd.ms-powerpoint"},
    MediaType{"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    MediaType{"rar", "application/vnd.rar"},
    MediaType{"rtf", "application/rtf"},
    MediaType{"svg", "image/svg+xml"},
    MediaType{"tif", "image/tiff"},
    MediaType{"tiff", "image/tiff"},
    MediaType{"txt", "text/plain"},
    MediaType{"wav", "audio/wav"},
    MediaType{"webp", "image/webp"},
    MediaType{"wps", "application/vnd.wps-office.wps"},
    MediaType{"xls", "application/vnd.ms-excel"},
    MediaType{"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    MediaType{"xml", "application/xml"},
    MediaType{"zip", "application/zip"},
};

std::string_view mediaTypeOf(std::string_view name) {
    auto const dot = name.rfind('.');
    if (dot == std::string_view::npos) return kUnknownType;
    std::string extension(name.substr(dot + 1));
    for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    auto const found = std::find_if(kMediaTypes.begin(), kMediaTypes.end(),
                                    [&](MediaType const& entry) { return entry.extension == extension; });
    return found == kMediaTypes.end() ? kUnknownType : found->type;
}

/// As the form of a revision asks: control characters are U+0000 to U+001F and U+007F to U+009F. In UTF-8 those from
/// U+0080 are the byte C2 and one below A0.
bool isGoodName(std::string_view name) {
    if (name.empty() || name.size() > kNameBytesMax || !isUtf8(asBytes(name))) return false;
    for (std::size_t i = 0; i < name.size(); ++i) {
        auto const byte = static_cast<unsigned char>(name[i]);
        if (byte == '/' || byte < 0x20 || byte == 0x7F) return false;
        if (byte == 0xC2 && static_cast<unsigned char>(name[i + 1]) < 0xA0) return false;
    }
    return true;
}

std::uint64_t pieceCount(std::uint64_t size) { return size / kPieceBytes + (size % kPieceBytes != 0 ? 1 : 0); }

std::size_t pieceBytes(std::uint64_t size, std::uint64_t index) {
    return static_cast<std::size_t>(std::min<std::uint64_t>(kPieceBytes, size - index * kPieceBytes));
}

Error damaged(std::string_view reason, AttachmentId const& id) {
    return makeError(ErrorCode::Damaged, reason, "attachment " + id.hex());
}
Error notHeld(AttachmentId const& id) {
    return makeError(ErrorCode::NotFound, "attachment.missing", "attachment " + id.hex());
}

Bytes listBytes(std::vector<Sha256> const& pieces) {
    Bytes bytes;
    bytes.reserve((pieces.size() + 1) * Sha256::size);
    for (auto const& piece : pieces) bytes.insert(bytes.end(), piece.raw.begin(), piece.raw.end());
    auto const whole = sha256(bytes);
    bytes.insert(bytes.end(), whole.raw.begin(), whole.raw.end());
    return bytes;
}

std::optional<std::vector<Sha256>> listFrom(ByteView bytes) {
    if (bytes.empty() || bytes.size() % Sha256::size != 0) return std::nullopt;
    ByteView const hashes = bytes.first(bytes.size() - Sha256::size);
    if (sha256(hashes) != *Sha256::fromBytes(bytes.last(Sha256::size))) return std::nullopt;
    std::vector<Sha256> pieces;
    pieces.reserve(hashes.size() / Sha256::size);
    for (std::size_t at = 0; at < hashes.size(); at += Sha256::size) {
        pieces.push_back(*Sha256::fromBytes(hashes.subspan(at, Sha256::size)));
    }
    return pieces;
}

/// Hashes of a file read piece by piece. `each` sees every piece; an Error of its ends the reading.
struct FileHashes {
    std::uint64_t size = 0;
    AttachmentId whole;
    std::vector<Sha256> pieces;
};
Result<FileHashes> hashFile(Files& files, Path const& path,
                            std::function<Result<void>(std::uint64_t offset, ByteView piece)> const& each = {}) {
    FileHashes hashes;
    Sha256Stream whole;
    for (;;) {
        auto piece = files.readAt(path, hashes.size, kPieceBytes);
        if (!piece) return piece.error();
        if (piece->empty()) break;
        if (hashes.pieces.size() == kPiecesMax) {
            return makeError(ErrorCode::TooLarge, "attachment.too-large", "more than 64 GiB");
        }
        whole.add(*piece);
        hashes.pieces.push_back(sha256(*piece));
        if (each) {
            if (auto taken = each(hashes.size, *piece); !taken) return taken.error();
        }
        hashes.size += piece->size();
        if (piece->size() < kPieceBytes) break;
    }
    hashes.whole.raw = whole.finish().raw;
    return hashes;
}

/// Removes a file unless told that it may stay.
class Unfinished {
public:
    Unfinished(Files& files, Path path) : m_files(files), m_path(std::move(path)) {}
    ~Unfinished() {
        if (m_keep || !m_files.exists(m_path)) return;
        [[maybe_unused]] auto const removed = m_files.remove(m_path);
    }
    Unfinished(Unfinished const&) = delete;
    Unfinished& operator=(Unfinished const&) = delete;
    [[nodiscard]] Path const& path() const { return m_path; }
    void keep() { m_keep = true; }

private:
    Files& m_files;
    Path m_path;
    bool m_keep = false;
};

Path withSuffix(Path path, std::string_view suffix) {
    path += suffix;
    return path;
}

}  // namespace

/// What is known of files on their way. Only a cache: all of it can be read from the disk again.
struct Attachments::Part {
    std::vector<Sha256> pieces;
    std::vector<bool> have;
    std::size_t lacking = 0;
};
struct Attachments::Progress {
    std::mutex mutex;
    std::map<std::pair<AttachmentId, Sha256>, Part> parts;
};

Attachments::Attachments(Path folder, Files& files)
    : m_folder(std::move(folder)), m_files(files), m_progress(std::make_shared<Progress>()) {}

Path Attachments::wholeFile(AttachmentId const& id) const {
    std::string const hex = id.hex();
    return m_folder / hex.substr(0, 2) / hex.substr(2);
}
Path Attachments::partFile(Attachment const& file, std::string_view suffix) const {
    return withSuffix(wholeFile(file.sha256), "." + file.chunks.hex().substr(0, 16) + std::string(suffix));
}

Result<Attachment> Attachments::add(Path const& file, std::function<void(std::uint64_t)> const& progress) {
    Attachment added;
    added.name = file.filename().string();
    if (!isGoodName(added.name)) {
        return makeError(ErrorCode::Malformed, "attachment.name",
                         "a file name of more than 255 bytes, not UTF-8, or with control characters");
    }
    added.type = mediaTypeOf(added.name);

    // Once to learn its name, once to copy it. The second reading comes from memory for all but the largest files.
    auto const halfDone = [&](std::uint64_t done) {
        if (progress) progress(done);
    };
    auto const hashes = hashFile(m_files, file, [&](std::uint64_t offset, ByteView piece) -> Result<void> {
        halfDone((offset + piece.size()) / 2);
        return {};
    });
    if (!hashes) return hashes.error();
    added.sha256 = hashes->whole;
    added.size = hashes->size;
    added.chunks = trust::chunksHash(hashes->pieces);
    if (holds(added.sha256)) {
        halfDone(added.size);
        return added;
    }

    Path const whole = wholeFile(added.sha256);
    if (auto made = m_files.makeFolder(whole.parent_path(), FileMode::Private); !made) return made.error();
    // Beside the folders of whole files, where the next opening finds it if we are cut off.
    Unfinished copy(m_files, m_folder / (added.sha256.hex().substr(0, 32) + ".new"));
    if (auto made = m_files.replace(copy.path(), {}, FileMode::Private); !made) return made.error();
    auto const copied = hashFile(m_files, file, [&](std::uint64_t offset, ByteView piece) {
        halfDone((added.size + offset + piece.size()) / 2);
        return m_files.writeAt(copy.path(), offset, piece, FileMode::Private);
    });
    if (!copied) return copied.error();
    if (copied->whole != added.sha256) {
        return makeError(ErrorCode::WrongState, "attachment.changed", "the file changed while it was being copied");
    }
    if (auto synced = m_files.sync(copy.path()); !synced) return synced.error();
    if (hashes->pieces.size() > 1) {
        if (auto kept = m_files.replace(withSuffix(whole, ".list"), listBytes(hashes->pieces), FileMode::Private);
            !kept) {
            return kept.error();
        }
    }
    if (auto renamed = m_files.rename(copy.path(), whole); !renamed) return renamed.error();
    copy.keep();
    return added;
}

bool Attachments::holds(AttachmentId const& id) const { return m_files.exists(wholeFile(id)); }

bool Attachments::verify(Attachment const& file) const {
    auto const hashes = hashFile(m_files, wholeFile(file.sha256));
    return hashes && hashes->size == file.size && hashes->whole == file.sha256 &&
           trust::chunksHash(hashes->pieces) == file.chunks;
}

Result<void> Attachments::extract(Attachment const& file, Path const& to) const {
    if (!holds(file.sha256)) return notHeld(file.sha256);
    // Not made from the caller's name, which may be as long as names can be.
    Unfinished copy(m_files, to.parent_path() / (".spiral-" + file.sha256.hex().substr(0, 32) + ".new"));
    if (auto made = m_files.replace(copy.path(), {}, FileMode::Shared); !made) return made.error();
    auto const hashes = hashFile(m_files, wholeFile(file.sha256), [&](std::uint64_t offset, ByteView piece) {
        return m_files.writeAt(copy.path(), offset, piece, FileMode::Shared);
    });
    if (!hashes) return hashes.error();
    if (hashes->whole != file.sha256) return damaged("attachment.damaged", file.sha256);
    if (auto synced = m_files.sync(copy.path()); !synced) return synced.error();
    if (auto renamed = m_files.rename(copy.path(), to); !renamed) return renamed.error();
    copy.keep();
    return {};
}

std::optional<std::vector<Sha256>> Attachments::pieces(AttachmentId const& id) const {
    Path const whole = wholeFile(id);
    if (auto const size = m_files.size(whole)) {
        if (auto const kept = m_files.read(withSuffix(whole, ".list"), kListBytesMax)) {
            auto list = listFrom(*kept);
            if (list && list->size() == pieceCount(*size)) return list;
        }
        auto hashes = hashFile(m_files, whole);
        if (!hashes || hashes->whole != id) return std::nullopt;
        return std::move(hashes->pieces);
    }
    std::string const start = whole.filename().string() + ".";
    for (auto const& name : m_files.list(whole.parent_path())) {
        if (!name.starts_with(start) || !name.ends_with(".list")) continue;
        auto const kept = m_files.read(whole.parent_path() / name, kListBytesMax);
        if (!kept) continue;
        if (auto list = listFrom(*kept)) return list;
    }
    return std::nullopt;
}

Result<void> Attachments::begin(Attachment const& file, std::vector<Sha256> const& pieces) {
    if (holds(file.sha256)) return {};
    if (pieceCount(file.size) > kPiecesMax) {
        return makeError(ErrorCode::TooLarge, "attachment.too-large", "more than 64 GiB");
    }
    if (pieces.size() != pieceCount(file.size) || trust::chunksHash(pieces) != file.chunks) {
        return makeError(ErrorCode::BadHash, "attachment.list", "not the piece list of " + file.sha256.hex());
    }
    if (auto made = m_files.makeFolder(wholeFile(file.sha256).parent_path(), FileMode::Private); !made) return made;
    Path const list = partFile(file, ".list");
    if (!m_files.exists(list)) {
        if (auto kept = m_files.replace(list, listBytes(pieces), FileMode::Private); !kept) return kept;
    }
    std::lock_guard const lock(m_progress->mutex);
    auto* const part = partOf(file);
    if (part == nullptr) {
        // A list that a failing disk spoilt: the new one replaces it.
        if (auto kept = m_files.replace(list, listBytes(pieces), FileMode::Private); !kept) return kept;
        if (partOf(file) == nullptr) return damaged("attachment.list-damaged", file.sha256);
        return {};
    }
    return part->lacking == 0 ? finish(file) : Result<void>{};
}

/// The state of a file on its way: from memory, else its list and what of its part file is right. Null without a list.
Attachments::Part* Attachments::partOf(Attachment const& file) const {
    auto const key = std::pair(file.sha256, file.chunks);
    if (auto const found = m_progress->parts.find(key); found != m_progress->parts.end()) return &found->second;
    auto const kept = m_files.read(partFile(file, ".list"), kListBytesMax);
    if (!kept) return nullptr;
    auto list = listFrom(*kept);
    if (!list || list->size() != pieceCount(file.size) || trust::chunksHash(*list) != file.chunks) return nullptr;

    Part part;
    part.have.assign(list->size(), false);
    part.pieces = std::move(*list);
    Path const path = partFile(file, ".part");
    auto const written = m_files.size(path);
    for (std::size_t i = 0; i < part.pieces.size(); ++i) {
        std::size_t const expected = pieceBytes(file.size, i);
        if (written && i * std::uint64_t{kPieceBytes} + expected <= *written) {
            auto const bytes = m_files.readAt(path, i * std::uint64_t{kPieceBytes}, expected);
            part.have[i] = bytes && sha256(*bytes) == part.pieces[i];
        }
        if (!part.have[i]) ++part.lacking;
    }
    return &m_progress->parts.emplace(key, std::move(part)).first->second;
}

std::vector<std::uint32_t> Attachments::missing(Attachment const& file) const {
    std::vector<std::uint32_t> indexes;
    if (holds(file.sha256)) return indexes;
    std::lock_guard const lock(m_progress->mutex);
    auto const* const part = partOf(file);
    if (part != nullptr && part->lacking == 0) {
        // The last run ended between the last piece and the name. If this fails, begin() will say why.
        [[maybe_unused]] auto const finished = finish(file);
        if (holds(file.sha256)) return indexes;
        return missingOf(file, partOf(file));
    }
    return missingOf(file, part);
}

std::vector<std::uint32_t> Attachments::missingOf(Attachment const& file, Part const* part) {
    std::vector<std::uint32_t> indexes;
    std::uint64_t const count = std::min(pieceCount(file.size), kPiecesMax);
    for (std::uint64_t i = 0; i < count; ++i) {
        if (part == nullptr || !part->have[i]) indexes.push_back(static_cast<std::uint32_t>(i));
    }
    return indexes;
}

Result<Bytes> Attachments::piece(AttachmentId const& id, std::uint32_t index) const {
    Path const whole = wholeFile(id);
    if (auto const size = m_files.size(whole)) {
        if (index >= pieceCount(*size)) return notHeld(id);
        return m_files.readAt(whole, index * std::uint64_t{kPieceBytes}, kPieceBytes);
    }
    // Of a file on its way: whoever else waits for it can have what is here.
    auto const list = pieces(id);
    if (!list || index >= list->size()) return notHeld(id);
    std::string const suffix = "." + trust::chunksHash(*list).hex().substr(0, 16) + ".part";
    auto bytes = m_files.readAt(withSuffix(whole, suffix), index * std::uint64_t{kPieceBytes}, kPieceBytes);
    if (!bytes) return bytes.error().code == ErrorCode::NotFound ? notHeld(id) : bytes.error();
    if (sha256(*bytes) != (*list)[index]) return notHeld(id);
    return bytes;
}

Result<void> Attachments::put(Attachment const& file, std::uint32_t index, ByteView bytes) {
    if (holds(file.sha256)) return {};
    std::lock_guard const lock(m_progress->mutex);
    auto* const part = partOf(file);
    if (part == nullptr) return makeError(ErrorCode::WrongState, "attachment.no-list", "the piece list comes first");
    if (index >= part->pieces.size()) {
        return makeError(ErrorCode::Malformed, "attachment.piece-index", "piece " + std::to_string(index));
    }
    if (bytes.size() != pieceBytes(file.size, index) || sha256(bytes) != part->pieces[index]) {
        return makeError(ErrorCode::BadHash, "attachment.piece",
                         "piece " + std::to_string(index) + " of " + file.sha256.hex());
    }
    if (!part->have[index]) {
        Path const path = partFile(file, ".part");
        if (auto written = m_files.writeAt(path, index * std::uint64_t{kPieceBytes}, bytes, FileMode::Private);
            !written) {
            return written;
        }
        if (auto synced = m_files.sync(path); !synced) {
            // Whoever reads the file finds the piece, and no later sync writes it: the part is begun anew.
            m_progress->parts.erase({file.sha256, file.chunks});
            [[maybe_unused]] auto const removed = m_files.remove(path);
            return synced;
        }
        part->have[index] = true;
        --part->lacking;
    }
    return part->lacking == 0 ? finish(file) : Result<void>{};
}

/// All pieces are in: the whole is hashed once more, from the disk, before it gets its name.
Result<void> Attachments::finish(Attachment const& file) const {
    Path const part = partFile(file, ".part");
    Path const list = partFile(file, ".list");
    Path const whole = wholeFile(file.sha256);
    if (file.size == 0 && !m_files.exists(part)) {
        if (auto made = m_files.replace(part, {}, FileMode::Private); !made) return made;
    }
    auto const hashes = hashFile(m_files, part);
    if (!hashes) return hashes.error();
    m_progress->parts.erase({file.sha256, file.chunks});
    if (hashes->whole != file.sha256 || hashes->size != file.size) {
        // Every piece is what its list says, so the description itself is wrong, or the part is longer than it: nothing
        // of it can become this file.
        for (auto const& path : {part, list}) {
            if (auto removed = m_files.remove(path); !removed) return removed;
        }
        return makeError(ErrorCode::BadHash, "attachment.whole", "the pieces do not make " + file.sha256.hex());
    }
    if (auto renamed = m_files.rename(part, whole); !renamed) return renamed;
    // From here on it is held. The list only saves hashing it again.
    [[maybe_unused]] auto const kept =
        hashes->pieces.size() > 1 ? m_files.rename(list, withSuffix(whole, ".list")) : m_files.remove(list);
    return {};
}

Result<std::optional<Bytes>> Attachments::Reader::next() {
    if (m_next == m_pieces.size()) return std::optional<Bytes>{};
    auto bytes = m_attachments->piece(m_file.sha256, static_cast<std::uint32_t>(m_next));
    if (!bytes) return bytes.error();
    if (sha256(*bytes) != m_pieces[m_next]) return damaged("attachment.damaged", m_file.sha256);
    ++m_next;
    return std::optional<Bytes>(std::move(*bytes));
}

Result<Attachments::Reader> Attachments::reader(Attachment const& file) const {
    if (!holds(file.sha256)) return notHeld(file.sha256);
    auto list = pieces(file.sha256);
    if (!list || trust::chunksHash(*list) != file.chunks) return damaged("attachment.damaged", file.sha256);
    Reader reader;
    reader.m_attachments = this;
    reader.m_file = file;
    reader.m_pieces = std::move(*list);
    return reader;
}

bool mayNameFiles(ByteView revisions) {
    constexpr std::string_view kKey = "\"files\":[";
    return asText(revisions).find(kKey) != std::string_view::npos;
}

}  // namespace spiral::replica
