// Attachments: files named by their SHA-256, kept per replica, moved in pieces of 1 MiB that are checked one by one.
#pragma once

#include "base/files.h"
#include "base/result.h"
#include "trust/objects.h"

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace spiral::replica {

/// False only if no revision in these bytes has attachments: strict JSON has one way to write it, which is searched for
/// before anything is parsed.
[[nodiscard]] bool mayNameFiles(ByteView revisions);

class Attachments {
public:
    /// `folder` is a replica's attachments/.
    Attachments(Path folder, Files& files);

    /// Copies a file in and describes it. Durable when it returns. The media type is guessed from the name.
    [[nodiscard]] Result<trust::Attachment> add(Path const& file,
                                                std::function<void(std::uint64_t)> const& progress = {});
    [[nodiscard]] bool holds(AttachmentId const& id) const;
    /// Re-hashes the file; true iff it is whole and right.
    [[nodiscard]] bool verify(trust::Attachment const& file) const;
    /// Copies it out under a name of the caller's choice; NotFound if it is not whole here.
    [[nodiscard]] Result<void> extract(trust::Attachment const& file, Path const& to) const;

    /// Hashes of the pieces of a whole file, or of one on its way whose list is known.
    [[nodiscard]] std::optional<std::vector<Sha256>> pieces(AttachmentId const& id) const;
    /// Takes the list of piece hashes of an attachment; refused unless it hashes to `file.chunks` and has the right
    /// length.
    [[nodiscard]] Result<void> begin(trust::Attachment const& file, std::vector<Sha256> const& pieces);
    /// Indexes still missing; empty when whole. After a crash at most one piece is asked for again.
    [[nodiscard]] std::vector<std::uint32_t> missing(trust::Attachment const& file) const;
    [[nodiscard]] Result<Bytes> piece(AttachmentId const& id, std::uint32_t index) const;
    /// Takes one piece if its hash is that of the list; when the last is in, the whole is hashed and becomes held.
    [[nodiscard]] Result<void> put(trust::Attachment const& file, std::uint32_t index, ByteView bytes);

    /// Reads a whole file piece by piece, each held against its hash; memory does not grow with the file.
    class Reader {
    public:
        [[nodiscard]] std::vector<Sha256> const& pieces() const noexcept { return m_pieces; }
        /// The next piece, nothing after the last; Damaged if it is not what its hash says.
        [[nodiscard]] Result<std::optional<Bytes>> next();

    private:
        friend class Attachments;
        Attachments const* m_attachments = nullptr;
        trust::Attachment m_file;
        std::vector<Sha256> m_pieces;
        std::size_t m_next = 0;
    };
    /// NotFound if it is not whole here; Damaged if its pieces are not those that `file` names. The reader is used
    /// before this object goes.
    [[nodiscard]] Result<Reader> reader(trust::Attachment const& file) const;

private:
    struct Progress;
    struct Part;
    [[nodiscard]] Path wholeFile(AttachmentId const& id) const;
    [[nodiscard]] Path partFile(trust::Attachment const& file, std::string_view suffix) const;
    [[nodiscard]] Part* partOf(trust::Attachment const& file) const;
    [[nodiscard]] Result<void> finish(trust::Attachment const& file) const;
    [[nodiscard]] static std::vector<std::uint32_t> missingOf(trust::Attachment const& file, Part const* part);

    Path m_folder;
    Files& m_files;
    std::shared_ptr<Progress> m_progress;  ///< of files on their way; copies share it
};

}  // namespace spiral::replica
