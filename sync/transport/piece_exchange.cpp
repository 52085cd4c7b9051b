#include "transport/piece_exchange.h"

#include "base/sha256.h"

#include <algorithm>

namespace spiral::transport {

using replica::Replica;
using trust::Attachment;

namespace {

class ReplicaShelf final : public FileShelf {
public:
    explicit ReplicaShelf(Replica& replica)
        : m_replica(&replica), m_attachments(replica.folder() / "attachments", replica.world().files) {}

    std::vector<Named> wanted(std::size_t max, std::optional<Named> const& after) const override {
        return m_replica->filesWanted(max, after);
    }
    bool isHere(Scope const& scope, Attachment const& file) const override { return m_replica->fileIsHere(scope, file); }
    void setHere(Scope const& scope, Attachment const& file) override { m_replica->setFileHere(scope, file); }
    bool holds(AttachmentId const& file) const override { return m_attachments.holds(file); }
    std::optional<std::vector<Sha256>> pieces(AttachmentId const& file) const override { return m_attachments.pieces(file); }
    Result<void> begin(Attachment const& file, std::vector<Sha256> const& pieces) override {
        return m_attachments.begin(file, pieces);
    }
    std::vector<std::uint32_t> missing(Attachment const& file) const override { return m_attachments.missing(file); }
    Result<Bytes> piece(AttachmentId const& file, std::uint32_t index) const override {
        return m_attachments.piece(file, index);
    }
    Result<void> put(Attachment const& file, std::uint32_t index, ByteView bytes) override {
        return m_attachments.put(file, index, bytes);
    }
    void use(Replica& replica) override { m_replica = &replica; }

private:
    Replica* m_replica;
    replica::Attachments m_attachments;
};

}  // namespace

std::unique_ptr<FileShelf> shelfOf(Replica& replica) { return std::make_unique<ReplicaShelf>(replica); }

PieceExchange::PieceExchange(std::unique_ptr<FileShelf> shelf, Ports ports, std::uint64_t fileBytesMax)
    : m_shelf(std::move(shelf)), m_ports(std::move(ports)), m_fileBytesMax(fileBytesMax) {}

void PieceExchange::look() {
    if (m_current) {
        m_lookAgain = true;
        return;
    }
    m_last.reset();
    wantNext();
}

void PieceExchange::want(FileShelf::Named const& named) {
    std::pair const key(named.scope, named.file.sha256);
    if (m_inVain.contains(key) || m_inVain.size() >= kToldNoneMax) return;
    auto const isIt = [&](FileShelf::Named const& other) {
        return other.scope == named.scope && other.file.sha256 == named.file.sha256;
    };
    if ((m_current && isIt(m_current->named)) || std::any_of(m_also.begin(), m_also.end(), isIt)) return;
    if (m_also.size() < kAlsoMax) m_also.push_back(named);
    else m_lookAgain = true;
    if (!m_current) wantNext();
}

void PieceExchange::wantNext() {
    m_current.reset();
    while (true) {
        auto const wanted = m_shelf->wanted(kFilesAtOnce, m_last);
        for (auto const& named : wanted) {
            m_last = named;
            if (begin(named)) return;
        }
        if (wanted.size() < kFilesAtOnce) break;
    }
    while (!m_also.empty()) {
        auto const named = m_also.back();
        m_also.pop_back();
        bool const isAsked = m_inVain.contains({named.scope, named.file.sha256});   // on the walk, meanwhile
        if (!isAsked && !m_shelf->isHere(named.scope, named.file) && begin(named)) return;
    }
    if (std::exchange(m_lookAgain, false)) return look();
    if (std::exchange(m_wanted, false)) m_ports.send(protocol::Enough{});
}

bool PieceExchange::begin(FileShelf::Named const& named) {
    // One that another device could have changed our mind about is looked at again in the next session.
    if (named.file.size > m_fileBytesMax || !m_ports.peerMayRead(named.scope)) return false;
    Wanting wanting{named, {}, {}, {}, m_shelf->holds(named.file.sha256)};
    auto const known = m_shelf->pieces(named.file.sha256);
    if (known && trust::chunksHash(*known) == named.file.chunks) {
        wanting.hashes = *known;
        if (wanting.proving) {
            for (std::uint32_t i = 0; i < known->size(); ++i) wanting.missing.insert(i);
        } else {
            auto const missing = m_shelf->missing(named.file);
            wanting.missing.insert(missing.begin(), missing.end());
        }
    }
    m_current = std::move(wanting);
    m_wanted = true;
    if (m_current->hashes.empty()) m_ports.send(protocol::WantPieces{named.scope, named.file, {}});
    else askForPieces();
    return true;
}

void PieceExchange::giveUp() {
    auto const named = m_current->named;
    if (m_inVain.size() < kToldNoneMax) m_inVain.emplace(named.scope, named.file.sha256);
    wantNext();
    if (m_ports.inVain) m_ports.inVain(named);
}

void PieceExchange::askForPieces() {
    auto& current = *m_current;
    if (!current.asked.empty()) return;
    protocol::WantPieces want{current.named.scope, current.named.file, {}};
    for (std::uint32_t const index : current.missing) {
        if (want.pieces.size() == kPiecesAtOnce) break;
        want.pieces.push_back(index);
        current.asked.insert(index);
    }
    m_ports.send(std::move(want));
}

Result<void> PieceExchange::finishCurrent() {
    auto const named = m_current->named;
    if (m_shelf->holds(named.file.sha256)) {
        if (m_ports.setHere) m_ports.setHere(named.scope, named.file);
        else m_shelf->setHere(named.scope, named.file);
    }
    wantNext();
    return {};
}

Result<void> PieceExchange::received(protocol::Message const& message) {
    if (auto const* want = std::get_if<protocol::WantPieces>(&message)) {
        m_peerWants = true;
        return give(*want);
    }
    if (std::holds_alternative<protocol::Enough>(message)) {
        m_peerWants = false;
        return {};
    }
    if (auto const* none = std::get_if<protocol::NoPieces>(&message)) {
        if (!m_current || m_current->named.file.sha256 != none->file || m_current->named.scope != none->scope) return {};
        // A list names no scope. It may have been told us because the file came for another one, which we asked for before.
        if (m_current->listed && ++m_listedInVain[none->file] <= kLooksAgainMax) m_lookAgain = true;
        giveUp();
        return {};
    }
    if (auto const* list = std::get_if<protocol::PieceList>(&message)) return take(*list);
    if (auto const* piece = std::get_if<protocol::Piece>(&message)) return take(*piece);
    return {};
}

Result<void> PieceExchange::give(protocol::WantPieces const& want) {
    // Whether the scope is not theirs, nobody here names the file, or its bytes are not here: the same answer.
    auto const none = [&] {
        if (m_toldNone.size() < kToldNoneMax) m_toldNone.emplace(want.scope, want.file.sha256);
        m_ports.send(protocol::NoPieces{want.scope, want.file.sha256});
        return Result<void>{};
    };
    bool const may = m_ports.peerMayRead(want.scope) && m_shelf->isHere(want.scope, want.file) &&
                     m_shelf->holds(want.file.sha256);
    if (!may) return none();
    auto const hashes = m_shelf->pieces(want.file.sha256);
    if (!hashes) return none();
    if (want.pieces.empty()) {
        m_ports.send(protocol::PieceList{want.file, *hashes});
        return {};
    }
    if (want.pieces.size() > kPiecesAtOnce) {
        return makeError(ErrorCode::Malformed, "session.pieces", std::to_string(want.pieces.size()));
    }
    for (std::uint32_t const index : want.pieces) {
        if (index >= hashes->size()) return makeError(ErrorCode::Malformed, "session.pieces", std::to_string(index));
        auto bytes = m_shelf->piece(want.file.sha256, index);
        // Damaged here: somebody else will have it.
        if (!bytes || sha256(*bytes) != (*hashes)[index]) return none();
        ++m_given;
        m_ports.send(protocol::Piece{want.file.sha256, index, std::move(*bytes)});
    }
    return {};
}

void PieceExchange::fileCame(Scope const& scope, Attachment const& file) {
    if (m_toldNone.erase({scope, file.sha256}) == 0 || !m_ports.peerMayRead(scope)) return;
    if (auto const hashes = m_shelf->pieces(file.sha256)) m_ports.send(protocol::PieceList{file, *hashes});
}

Result<void> PieceExchange::take(protocol::PieceList const& list) {
    if (!m_current) {
        look();   // the peer has now what it had not
        return {};
    }
    if (!m_current->hashes.empty() || list.file.sha256 != m_current->named.file.sha256) {
        m_lookAgain = true;   // the same, while we are at another one
        return {};
    }
    auto const& file = m_current->named.file;
    bool const right = list.file.size == file.size && trust::chunksHash(list.pieces) == file.chunks;
    if (!right) {
        giveUp();
        return {};
    }
    m_current->hashes = list.pieces;
    m_current->listed = true;
    if (m_current->proving) {
        for (std::uint32_t i = 0; i < list.pieces.size(); ++i) m_current->missing.insert(i);
    } else {
        if (auto begun = m_shelf->begin(file, list.pieces); !begun) {
            if (begun.error().code != ErrorCode::BadHash) return begun;
            giveUp();
            return {};
        }
        auto const missing = m_shelf->missing(file);
        m_current->missing.insert(missing.begin(), missing.end());
    }
    if (m_current->missing.empty()) return finishCurrent();
    askForPieces();
    return {};
}

Result<void> PieceExchange::take(protocol::Piece const& piece) {
    if (!m_current || piece.file != m_current->named.file.sha256 || m_current->asked.erase(piece.index) == 0) return {};
    auto const& file = m_current->named.file;
    bool right = piece.index < m_current->hashes.size() && sha256(piece.bytes) == m_current->hashes[piece.index];
    if (right && !m_current->proving) {
        if (auto put = m_shelf->put(file, piece.index, piece.bytes); !put) {
            if (put.error().code != ErrorCode::BadHash) return put;
            right = false;
        }
    }
    if (!right) {
        // This peer's copy is wrong: another may have a right one.
        giveUp();
        return {};
    }
    ++m_taken;
    m_current->missing.erase(piece.index);
    if (m_current->missing.empty()) return finishCurrent();
    askForPieces();
    return {};
}

}  // namespace spiral::transport
