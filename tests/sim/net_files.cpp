// Attachments: the product's own exchange of pieces over files of a few words, with what each side may be given.
#include "net_college.h"

#include "base/sha256.h"

#include <algorithm>

namespace spiral::netsim {

namespace {

/// The files of a simulated store. Their hashes are real, and short.
class Shelf final : public transport::FileShelf {
public:
    explicit Shelf(Store& store) : m_store(store) {}

    std::vector<Named> wanted(std::size_t max, std::optional<Named> const& after) const override {
        std::vector<Named> wanted;
        for (auto const& [key, here] : m_store.named) {
            if (here || wanted.size() == max) continue;
            auto const& file = paper(key.second).file;
            if (after && std::pair(key.first, key.second) <= std::pair(numberOf(after->scope), find(after->file.sha256))) continue;
            wanted.push_back({scopeOf(key.first), file});
        }
        return wanted;
    }
    bool isHere(Scope const& scope, trust::Attachment const& file) const override {
        return m_store.isHere(numberOf(scope), find(file.sha256));
    }
    void setHere(Scope const& scope, trust::Attachment const& file) override {
        auto const found = m_store.named.find({numberOf(scope), find(file.sha256)});
        if (found != m_store.named.end()) found->second = true;
    }
    bool holds(AttachmentId const& file) const override {
        auto const found = m_store.blobs.find(find(file));
        return found != m_store.blobs.end() && found->second.whole();
    }
    std::optional<std::vector<Sha256>> pieces(AttachmentId const& file) const override {
        auto const found = m_store.blobs.find(find(file));
        if (found == m_store.blobs.end() || found->second.have.empty()) return std::nullopt;
        return paper(found->first).hashes;
    }
    Result<void> begin(trust::Attachment const& file, std::vector<Sha256> const& pieces) override {
        int const number = find(file.sha256);
        if (number < 0 || trust::chunksHash(pieces) != file.chunks || pieces.size() != paper(number).pieces.size())
            return makeError(ErrorCode::BadHash, "attachment.list");
        auto& blob = m_store.blobs[number];
        if (blob.have.empty()) {
            blob.have.resize(pieces.size());
            blob.lacking = pieces.size();
        }
        return {};
    }
    std::vector<std::uint32_t> missing(trust::Attachment const& file) const override {
        std::vector<std::uint32_t> missing;
        auto const& blob = m_store.blobs[find(file.sha256)];
        for (std::uint32_t i = 0; i < blob.have.size(); ++i) {
            if (blob.have[i] == 0) missing.push_back(i);
        }
        return missing;
    }
    Result<Bytes> piece(AttachmentId const& file, std::uint32_t index) const override {
        auto const& pieces = paper(find(file)).pieces;
        if (index >= pieces.size()) return makeError(ErrorCode::NotFound, "file.missing");
        return pieces[index];
    }
    Result<void> put(trust::Attachment const& file, std::uint32_t index, ByteView bytes) override {
        int const number = find(file.sha256);
        auto& blob = m_store.blobs[number];
        if (index >= blob.have.size() || sha256(bytes) != paper(number).hashes[index])
            return makeError(ErrorCode::BadHash, "attachment.piece");
        if (blob.have[index] == 0) --blob.lacking;
        blob.have[index] = 1;
        return {};
    }

private:
    [[nodiscard]] int find(AttachmentId const& file) const { return m_store.frames().findPaper(file); }
    [[nodiscard]] Paper const& paper(int number) const { return m_store.frames().paper(number); }
    Store& m_store;
};

}  // namespace

void World::beginPieces(int number, int side) {
    auto& end = line(number).ends[side];
    transport::PieceExchange::Ports ports;
    ports.send = [this, number, side](Message message) { post(number, side, std::move(message)); };
    ports.peerMayRead = [this, number, side](Scope const& scope) {
        auto const& self = line(number).ends[side];
        auto const& node = at(self.node);
        return node.store.peerReads(self.peer, numberOf(scope), clockOf(node));
    };
    ports.setHere = [this, number, side](Scope const& scope, trust::Attachment const& file) {
        auto const self = line(number).ends[side].node;
        auto& store = at(self).store;
        Shelf(store).setHere(scope, file);
        met("a file came");
        note([&] { return name(self) + " has paper " + std::to_string(m_frames.findPaper(file.sha256)); });
        auto const lines = at(self).lines;
        for (int open : lines) {
            for (auto& other : line(open).ends) {
                if (other.node == self && !other.over && other.pieces) other.pieces->fileCame(scope, file);
            }
        }
    };
    ports.inVain = [this, number, side](transport::FileShelf::Named const& named) {
        auto const self = line(number).ends[side].node;
        // A server or hub asks all who are connected; two lines of a person's machine are two programs.
        if (!at(self).answers) return;
        auto const lines = at(self).lines;
        for (int open : lines) {
            for (int each = 0; each < 2; ++each) {
                auto& other = line(open).ends[each];
                if (open == number || other.node != self || other.over || !other.pieces) continue;
                other.pieces->want(named);
                noteBusy(open, each);
            }
        }
        met("asked somebody else");
    };
    end.pieces = std::make_unique<transport::PieceExchange>(std::make_unique<Shelf>(at(end.node).store), std::move(ports));
}

void World::lookForFiles(int number, int side) {
    auto& end = line(number).ends[side];
    if (end.over || !end.pieces) return;
    end.pieces->look();
    noteBusy(number, side);
}

void World::noteBusy(int number, int side) {
    auto& end = line(number).ends[side];
    if (!end.caller || end.over) return;
    bool const busy = (end.pieces && end.pieces->isBusy()) || end.told < end.proposals.size();
    end.session->setBusy(busy);
    if (!busy) carry(number, side, end.session->onIdle());
}

void World::onPieces(int number, int side, Message const& message) {
    auto& end = line(number).ends[side];
    if (!end.pieces) return;
    if (std::holds_alternative<protocol::Piece>(message)) {
        if (end.asked > 0) --end.asked;
        auto const before = end.pieces->piecesTaken();
        require(end.pieces->received(message).operator bool(), "a simulated disk failed");
        met(end.pieces->piecesTaken() > before ? "piece taken" : "piece dropped");
    } else {
        if (std::holds_alternative<protocol::NoPieces>(message)) end.asked = 0;
        require(end.pieces->received(message).operator bool(), "somebody asks for pieces that there are not");
    }
    noteBusy(number, side);
}

/// Whoever is given a list or a piece may read a scope for which the bytes came here; at most two are asked for at a time.
void World::checkPieces(int number, int side, Message& message) {
    auto& end = line(number).ends[side];
    auto const& node = at(end.node);
    AttachmentId given;
    if (auto const* want = std::get_if<protocol::WantPieces>(&message)) {
        end.asked += want->pieces.size();
        require(m_liar >= 0 || end.asked <= transport::PieceExchange::kPiecesAtOnce,
                "more pieces asked for than may be on their way");
        auto const blob = node.store.blobs.find(m_frames.findPaper(want->file.sha256));
        for (auto const index : want->pieces) {
            bool const has = blob != node.store.blobs.end() && !blob->second.whole() && blob->second.have[index] != 0;
            require(!has || !end.alone, "a piece is asked for that was taken before");
        }
        // Once it was named, a grant that ends meanwhile hides it no more.
        bool const isNew = end.named.emplace(numberOf(want->scope), m_frames.findPaper(want->file.sha256)).second;
        require(!isNew || node.lies != 0 || node.store.peerReads(end.peer, numberOf(want->scope), clockOf(node)),
                "a file is named to somebody who may not read its scope");
        return;
    }
    if (std::holds_alternative<protocol::NoPieces>(message)) {
        met("no pieces");
        return;
    }
    if (auto const* list = std::get_if<protocol::PieceList>(&message)) given = list->file.sha256;
    else if (auto* piece = std::get_if<protocol::Piece>(&message)) {
        given = piece->file;
        met("piece given");
        if (node.mayLie(Lie::SendAnything) && oneIn(4)) {
            piece->bytes.push_back(7);
            met("lie: piece");
        }
    } else {
        return;
    }
    if (node.lies != 0) return;
    int const paper = m_frames.findPaper(given);
    bool may = false;
    for (int scope = kCollege; scope < kScopes; ++scope) {
        may = may || (node.store.isHere(scope, paper) && node.store.peerReads(end.peer, scope, clockOf(node)));
    }
    require(may, "a piece for somebody who may not read it, or of a scope that it never came for");
}

/// A file that a revision names which everybody gets: whoever reads the scope has it, if an honest machine which is still
/// there and reads it has it.
std::string World::filesLacking(std::vector<Store::Has> const& good) const {
    std::set<std::pair<int, int>> owed;
    for (Number frame = 0; frame < m_frames.count(); ++frame) {
        auto const& fact = m_frames.at(frame);
        if (fact.paper >= 0 && good[static_cast<std::size_t>(frame)] == Store::Has::All) owed.emplace(fact.scope, fact.paper);
    }
    if (owed.empty()) return {};
    auto const& rights = m_nodes[static_cast<std::size_t>(m_keeper)].store.rights();
    auto const takesPart = [&](Node const& node, int scope) {
        return node.lies == 0 && !node.lost && rights.mayRead(node.store.device(), scope, m_now);
    };
    for (int number = 0; number < static_cast<int>(m_nodes.size()); ++number) {
        auto const& node = m_nodes[static_cast<std::size_t>(number)];
        for (auto const& [key, here] : node.store.named) {
            if (here || !owed.contains(key) || !takesPart(node, key.first)) continue;
            for (int giver = 0; giver < static_cast<int>(m_nodes.size()); ++giver) {
                auto const& other = m_nodes[static_cast<std::size_t>(giver)];
                if (takesPart(other, key.first) && other.store.isHere(key.first, key.second))
                    return name(number) + " lacks paper " + std::to_string(key.second) + " for scope " +
                           std::to_string(key.first) + ", which " + name(giver) + " has";
            }
        }
    }
    return {};
}

}  // namespace spiral::netsim
