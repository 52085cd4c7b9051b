// Attachments between two replicas in a network session: what a revision names and is not here is wanted from the peer,
// piece by piece; what the peer wants is given, if it may read the scope and the bytes are here for that scope.
//
// At most kPiecesAtOnce pieces are under way each way, so that frames come between them. What was taken stays: after a cut
// at most those pieces travel again. One thread, that of the replica.
#pragma once

#include "protocol/messages.h"
#include "replica/attachments.h"
#include "replica/replica.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace spiral::transport {

/// The attachments of one side as an exchange needs them: a replica's, or the simulation's. What each says stands at
/// replica::Replica (wanted, isHere, setHere) and replica::Attachments (the others).
class FileShelf {
public:
    virtual ~FileShelf() = default;
    using Named = replica::Replica::NamedFile;
    [[nodiscard]] virtual std::vector<Named> wanted(std::size_t max, std::optional<Named> const& after) const = 0;
    [[nodiscard]] virtual bool isHere(Scope const& scope, trust::Attachment const& file) const = 0;
    virtual void setHere(Scope const& scope, trust::Attachment const& file) = 0;
    [[nodiscard]] virtual bool holds(AttachmentId const& file) const = 0;
    [[nodiscard]] virtual std::optional<std::vector<Sha256>> pieces(AttachmentId const& file) const = 0;
    [[nodiscard]] virtual Result<void> begin(trust::Attachment const& file, std::vector<Sha256> const& pieces) = 0;
    [[nodiscard]] virtual std::vector<std::uint32_t> missing(trust::Attachment const& file) const = 0;
    [[nodiscard]] virtual Result<Bytes> piece(AttachmentId const& file, std::uint32_t index) const = 0;
    [[nodiscard]] virtual Result<void> put(trust::Attachment const& file, std::uint32_t index, ByteView bytes) = 0;
    /// The store was closed and opened again; what is known of parts stays known.
    virtual void use(replica::Replica&) {}
};
/// A replica's.
[[nodiscard]] std::unique_ptr<FileShelf> shelfOf(replica::Replica& replica);

class PieceExchange {
public:
    static constexpr std::size_t kPiecesAtOnce = 2;   ///< of 1 MiB: with the frames' window within a channel's queue
    static constexpr std::size_t kToldNoneMax = 1'000;
    static constexpr std::size_t kFilesAtOnce = 64;   ///< looked for in the store at a time
    static constexpr int kLooksAgainMax = 4;          ///< for one file, if its list comes and then no piece
    static constexpr std::size_t kAlsoMax = 64;       ///< asked for in vain elsewhere, till this peer's turn comes

    struct Ports {
        std::function<void(protocol::Message)> send;
        std::function<bool(Scope const&)> peerMayRead;
        /// Notes that the bytes of this file came for this scope. Empty: the shelf does it itself.
        std::function<void(Scope const&, trust::Attachment const&)> setHere{};
        /// The peer has it not, or not right: whoever else is connected can be asked (want). May be empty.
        std::function<void(FileShelf::Named const&)> inVain{};
    };
    PieceExchange(std::unique_ptr<FileShelf> shelf, Ports ports, std::uint64_t fileBytesMax = UINT64_MAX);

    /// New revisions are here, or the session is open: begins to want what is not here, unless it is at it already.
    void look();
    /// Somebody else was asked for this one in vain: asks this peer too, unless it was asked in vain before (who has it not
    /// says when it came).
    void want(FileShelf::Named const& named);
    /// The bytes of a file are here now: a peer that was told that they were not hears of it.
    void fileCame(Scope const& scope, trust::Attachment const& file);
    /// WantPieces, NoPieces, PieceList, Piece or Enough of the peer. An Error of the disk ends the session.
    [[nodiscard]] Result<void> received(protocol::Message const& message);
    /// Something is wanted here or by the peer: a caller does not leave yet.
    [[nodiscard]] bool isBusy() const { return m_current || m_peerWants; }
    [[nodiscard]] std::uint64_t piecesTaken() const { return m_taken; }
    [[nodiscard]] std::uint64_t piecesGiven() const { return m_given; }
    void use(replica::Replica& replica) { m_shelf->use(replica); }

private:
    struct Wanting {
        FileShelf::Named named;
        std::vector<Sha256> hashes;                ///< of the pieces, when the list is known
        std::set<std::uint32_t> missing, asked;
        bool proving = false;   ///< held already, for another scope: the bytes are compared and not written
        bool listed = false;    ///< the hashes came from this peer
    };
    void wantNext();
    /// False: it is too large, or the peer may not read its scope.
    [[nodiscard]] bool begin(FileShelf::Named const& named);
    void askForPieces();
    /// This peer does not bring what is wanted now.
    void giveUp();
    [[nodiscard]] Result<void> finishCurrent();
    [[nodiscard]] Result<void> give(protocol::WantPieces const& want);
    [[nodiscard]] Result<void> take(protocol::PieceList const& list);
    [[nodiscard]] Result<void> take(protocol::Piece const& piece);

    std::unique_ptr<FileShelf> m_shelf;
    Ports m_ports;
    std::uint64_t m_fileBytesMax;
    std::optional<Wanting> m_current;
    std::optional<FileShelf::Named> m_last;   ///< where the walk over wanted files is
    bool m_lookAgain = false, m_wanted = false;
    bool m_peerWants = false;
    std::map<AttachmentId, int> m_listedInVain;
    std::set<std::pair<Scope, AttachmentId>> m_toldNone, m_inVain;   ///< at most kToldNoneMax of each
    std::vector<FileShelf::Named> m_also;                               ///< at most kAlsoMax
    std::uint64_t m_taken = 0, m_given = 0;
};

}  // namespace spiral::transport
