// Attachments that revisions name, by scope.
#include "replica/attachments.h"
#include "store.h"

namespace spiral::replica {

void Store::noteFiles(Scope const& scope, ByteView bytes, bool attached) {
    if (!mayNameFiles(bytes)) return;
    auto const revision = trust::decodeRevision(bytes);
    if (!revision) return;
    std::optional<Attachments> held;
    if (attached) held.emplace(m_folder / "attachments", m_world.files);
    Statement note(m_db,
                   "INSERT INTO local_attachment(scope, file, chunks, told, here) VALUES(?1, ?2, ?3, ?4, ?5) "
                   "ON CONFLICT(scope, file, chunks) DO NOTHING");
    for (auto const& file : revision->files) {
        // Whoever edits a document carries on what others attached, and vouches for nothing by it.
        bool const here = held && held->holds(file.sha256);
        std::string const told = json::encode(trust::toJson(file));
        Use use(note);
        use->bind(1, std::string_view(scope.text())).bind(2, file.sha256).bind(3, file.chunks);
        use->bind(4, asBytes(told)).bind(5, std::int64_t{here}).run();
    }
}

std::vector<Replica::NamedFile> Store::filesWanted(std::size_t max, std::optional<NamedFile> const& after) const {
    std::vector<NamedFile> wanted;
    Statement rows(m_db,
                   "SELECT scope, told FROM local_attachment WHERE here=0 AND (?2 IS NULL OR (scope, file, chunks) > (?2, ?3, ?4)) "
                   "ORDER BY scope, file, chunks LIMIT ?1");
    rows.bind(1, static_cast<std::int64_t>(max));
    std::string const afterScope = after ? after->scope.text() : std::string();
    if (after) rows.bind(2, std::string_view(afterScope)).bind(3, after->file.sha256).bind(4, after->file.chunks);
    while (rows.step()) {
        auto scope = Scope::parse(rows.text(0));
        auto const told = json::parse(asText(rows.blob(1)));
        auto file = told ? trust::attachmentFrom(*told) : std::nullopt;
        if (!scope || !file) throw SqliteError(SQLITE_CORRUPT, "reading attachments", "a row is not of its form");
        wanted.push_back({std::move(*scope), std::move(*file)});
    }
    return wanted;
}

bool Store::fileIsHere(Scope const& scope, trust::Attachment const& file) const {
    Statement row(m_db, "SELECT here FROM local_attachment WHERE scope=?1 AND file=?2 AND chunks=?3");
    row.bind(1, std::string_view(scope.text())).bind(2, file.sha256).bind(3, file.chunks);
    return row.step() && row.integer(0) != 0;
}

void Store::setFileHere(Scope const& scope, trust::Attachment const& file) {
    Statement row(m_db, "UPDATE local_attachment SET here=1 WHERE scope=?1 AND file=?2 AND chunks=?3");
    row.bind(1, std::string_view(scope.text())).bind(2, file.sha256).bind(3, file.chunks);
    row.run();
}

}  // namespace spiral::replica
