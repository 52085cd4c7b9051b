// Replica → session → file, and file → session → replica. The session decides what is said; here it is carried.
#include "transport/exchange_file.h"

#include "base/sha256.h"
#include "exchange_stream.h"
#include "replica/changeset.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <unordered_set>

namespace spiral::transport {

using protocol::FileAction;
using protocol::FileSession;
using replica::Attachments;
using replica::Replica;
using trust::Answer;
using trust::Attachment;
using trust::FeedTip;
using trust::TravellingFrame;

namespace {

/// Frames given to the store at once: as much as it writes in a few big transactions.
constexpr std::size_t kImportBytes = 16 * 1024 * 1024;
/// What one frame costs in memory besides its bytes, so that many empty ones are not free.
constexpr std::size_t kFrameOverhead = 1024;
/// A frame that says nothing of its unpacked size may have this one.
constexpr std::size_t kUnpackedUnknown = replica::kPayloadRawMax;
/// A small file may not keep us busy for ever: its frames unpack to at most this much, and so many times its size; and
/// it has at most so many frames, of which each costs a signature to verify. A frame has its own signature and two
/// hashes at the least, bytes that do not compress, so honest files are far below.
constexpr std::uint64_t kUnpackedFree = 1024ULL * 1024 * 1024;
constexpr std::uint64_t kUnpackedPerByte = 1000;
constexpr std::uint64_t kFramesFree = 100;
constexpr std::uint64_t kFrameBytesPackedMin = 100;
/// A welcome is held in memory as a whole.
constexpr std::size_t kFramesInMemoryMax = 256 * 1024 * 1024;

/// Of reading a file: how much of the bar the three passes take (hash, form, import).
constexpr std::uint64_t kHashTenths = 1;
constexpr std::uint64_t kFormTenths = 2;

template <class... Each>
struct Overloaded : Each... {
    using Each::operator()...;
};
template <class... Each>
Overloaded(Each...) -> Overloaded<Each...>;

std::string uniqueName(replica::World const& world) { return world.random.token<Nonce>().hex(); }

bool mayNameFiles(TravellingFrame const& frame) {
    if (!frame.payload || frame.namesNoFiles) return false;
    return frame.payload->codec != trust::Codec::Raw || replica::mayNameFiles(frame.payload->bytes);
}

template <class Take>
void eachFileNamed(Replica const& replica, ByteView header, Take take) {
    auto const decoded = trust::decodeFrameHeader(header);
    if (!decoded) return;
    for (auto const& item : decoded->items) {
        if (item.kind != trust::Item::Kind::Revision) continue;
        auto const bytes = replica.revisionBytes(item.id);
        if (!bytes || !replica::mayNameFiles(*bytes)) continue;
        auto const revision = trust::decodeRevision(*bytes);
        if (!revision) continue;
        for (auto const& file : revision->files) take(item.id, decoded->scope, file);
    }
}

/// How much of an attachment a file may bring: exactly what a revision held here says of it.
using FileKey = std::tuple<AttachmentId, std::uint64_t, Sha256>;
FileKey keyOf(Attachment const& file) { return {file.sha256, file.size, file.chunks}; }

std::size_t costOf(TravellingFrame const& frame) {
    std::size_t cost = kFrameOverhead + protocol::bytesOf(frame);
    if (!frame.payload || frame.payload->codec == trust::Codec::Raw) return cost;
    // Whoever declares more is refused when it is opened.
    return cost + std::min(declaredSize(*frame.payload).value_or(kUnpackedUnknown), kUnpackedUnknown);
}

// --- export
// --------------------------------------------------------------------------------------------------------------

/// Frames that the reader lacks, counted from tips alone: for the progress bar.
std::uint64_t framesBetween(std::vector<FeedTip> const& ours, std::vector<FeedTip> const& known) {
    std::map<std::pair<Scope, DeviceId>, std::uint64_t> highest;
    for (auto const& tip : known) {
        auto& seq = highest[{tip.scope, tip.device}];
        seq = std::max(seq, tip.seq);
    }
    std::uint64_t frames = 0;
    for (auto const& tip : ours) {
        auto const found = highest.find({tip.scope, tip.device});
        std::uint64_t const seq = found == highest.end() ? 0 : found->second;
        if (tip.seq > seq) frames += tip.seq - seq;
    }
    return frames;
}

protocol::Hello helloOf(Replica const& replica, std::vector<FeedTip> tips) {
    protocol::Hello hello;
    hello.school = replica.registry().school();
    hello.device = replica.device();
    hello.registryHead = replica.registry().head();
    hello.tips = protocol::tipsThatFit(std::move(tips));
    return hello;
}

Error notEnrolled() {
    return makeError(ErrorCode::WrongState, "replica.not-enrolled", "this replica belongs to no college yet");
}

class Export {
public:
    Export(Replica const& replica, Attachments const& attachments, ExchangeWriter& writer,
           std::function<bool(Scope const&)> const& mayRead, Progress const& progress)
        : m_replica(replica), m_attachments(attachments), m_writer(writer), m_mayRead(mayRead), m_progress(progress) {}

    Result<FileTotals> run(std::vector<FeedTip> const& known) {
        m_of = framesBetween(told(m_replica.tips()), known);
        protocol::Hello const hello = helloOf(m_replica, told(m_replica.tipsToAskWith()));
        m_totals.writer = hello;
        FileSession session(FileSession::Road::WriteFile, hello, known);
        carry(session, session.start());
        if (m_failure) return *m_failure;
        m_totals.frames = session.totals().framesSent;
        return m_totals;
    }

private:
    /// Of scopes that the reader may know of.
    [[nodiscard]] std::vector<FeedTip> told(std::vector<FeedTip> tips) const {
        std::erase_if(tips, [&](FeedTip const& tip) { return !tip.scope.isRegistry() && !m_mayRead(tip.scope); });
        return tips;
    }
    void carry(FileSession& session, std::vector<FileAction> actions) {
        for (auto& action : actions) {
            if (m_failure) return;
            std::visit(Overloaded{
                           [&](protocol::Send& send) {
                               // The pieces stand between the last frames and the end.
                               if (std::holds_alternative<protocol::Done>(send.message)) writePieces();
                               write(send.message);
                           },
                           [&](protocol::FetchFrames& fetch) { fetchFrames(session, fetch.known); },
                           [&](protocol::Failed& failed) { m_failure = std::move(failed.error); },
                           [](auto&) {},
                       },
                       action);
        }
    }

    void fetchFrames(FileSession& session, std::vector<FeedTip> const& known) {
        protocol::Limits const limits;
        std::vector<TravellingFrame> batch;
        std::size_t batchBytes = 0;
        m_replica.framesBeyond(known, m_mayRead, [&](TravellingFrame&& frame) {
            if (mayNameFiles(frame)) {
                eachFileNamed(m_replica, frame.header, [&](ObjectId const& revision, Scope const& scope, Attachment const& file) {
                    // What came for another scope alone is not for readers of this one.
                    if (!m_replica.fileIsHere(scope, file)) return;
                    if (m_named.insert(file.sha256).second) m_files.emplace_back(file.sha256, revision);
                });
            }
            std::size_t const bytes = protocol::bytesOf(frame);
            if (!batch.empty() &&
                (batch.size() == limits.batchFramesMax || batchBytes + bytes > limits.batchBytesMax)) {
                m_done += batch.size();
                carry(session, session.onFrames(std::exchange(batch, {}), false));
                batchBytes = 0;
                tell();
            }
            batchBytes += bytes;
            batch.push_back(std::move(frame));
            return !m_failure;
        });
        if (!m_failure) carry(session, session.onFrames(std::move(batch), true));
    }

    /// Only the names of files are remembered; what else is to be said of one is read again from its revision.
    void writePieces() {
        m_done = m_of;
        std::vector<Attachment> held;
        for (auto const& [id, revision] : m_files) {
            if (m_failure) return;
            if (!m_attachments.holds(id)) continue;
            auto const bytes = m_replica.revisionBytes(revision);
            auto const decoded =
                bytes ? trust::decodeRevision(*bytes) : makeError(ErrorCode::NotFound, "revision.missing");
            if (!decoded) continue;
            auto const file =
                std::find_if(decoded->files.begin(), decoded->files.end(),
                             [&, wanted = id](Attachment const& candidate) { return candidate.sha256 == wanted; });
            if (file != decoded->files.end()) writeFile(*file);
        }
    }

    void writeFile(Attachment const& file) {
        // What is damaged here is somebody else's to give; the frames must travel all the same.
        auto reader = m_attachments.reader(file);
        if (!reader) return;
        m_of += reader->pieces().size();
        write(protocol::PieceList{file, reader->pieces()});
        for (std::uint32_t index = 0; !m_failure && index < reader->pieces().size(); ++index) {
            auto piece = reader->next();
            if (!piece || !*piece) return;
            write(protocol::Piece{file.sha256, index, std::move(**piece)});
            ++m_totals.pieces;
            ++m_done;
            tell();
        }
    }

    void write(protocol::Message const& message) {
        if (m_failure) return;
        if (auto written = m_writer.write(message); !written) m_failure = written.error();
    }
    void tell() const {
        if (m_progress) m_progress(std::min(m_done, m_of), m_of);
    }

    Replica const& m_replica;
    Attachments const& m_attachments;
    ExchangeWriter& m_writer;
    std::function<bool(Scope const&)> const& m_mayRead;
    Progress const& m_progress;
    FileTotals m_totals;
    std::optional<Error> m_failure;
    std::unordered_set<AttachmentId> m_named;
    std::vector<std::pair<AttachmentId, ObjectId>> m_files;  ///< with a revision that names it
    std::uint64_t m_done = 0, m_of = 0;                      ///< frames and pieces
};

// --- import
// --------------------------------------------------------------------------------------------------------------

/// What a session says of a file, in the words of files.
Error inFileWords(Error const& error) {
    if (error.reason == "session.other-college")
        return makeError(ErrorCode::Refused, "exchange.other-college", error.detail);
    if (error.reason == "session.version") return makeError(ErrorCode::Unsupported, "exchange.newer", error.detail);
    return makeError(ErrorCode::Damaged, "exchange.damaged", error.reason + ": " + error.detail);
}

/// What is done with what a file brings.
class Taker {
public:
    virtual ~Taker() = default;
    /// May keep frames back to do many at once: answers are of the oldest that have none.
    [[nodiscard]] virtual Result<std::vector<Answer>> frames(std::vector<TravellingFrame> frames) = 0;
    /// Answers of all that were kept back.
    [[nodiscard]] virtual Result<std::vector<Answer>> flush() = 0;
    [[nodiscard]] virtual Result<void> list(protocol::PieceList const& list) = 0;
    [[nodiscard]] virtual Result<void> piece(protocol::Piece const& piece) = 0;
};

/// Feeds a file's messages to a reading session, and the taker with what the session lets through.
class Reading {
public:
    Reading(ExchangeReader& reader, protocol::Hello self, Taker& taker, BytesDone const& done)
        : m_reader(reader), m_taker(taker), m_done(done), m_session(FileSession::Road::ReadFile, std::move(self)) {}

    Result<FileSession> run() {
        carry(m_session.start());
        while (!m_failure) {
            auto message = m_reader.next();
            if (!message) return message.error();
            if (!*message) break;
            carry(m_session.onMessage(std::move(**message)));
            if (m_done) m_done(m_reader.position());
        }
        flush();
        if (!m_finished) carry(m_session.onEnd());
        if (m_failure) return *m_failure;
        return std::move(m_session);
    }

private:
    void carry(std::vector<FileAction> actions) {
        for (auto& action : actions) {
            if (m_failure) return;
            std::visit(Overloaded{
                           [&](protocol::ApplyFrames& apply) { answer(m_taker.frames(std::move(apply.frames))); },
                           [&](protocol::ApplyPiece& piece) { take(piece); },
                           [&](protocol::Finished&) { m_finished = true; },
                           [&](protocol::Failed& failed) { m_failure = inFileWords(failed.error); },
                           [](auto&) {},
                       },
                       action);
        }
    }
    void answer(Result<std::vector<Answer>> answers) {
        if (!answers) {
            m_failure = std::move(answers).error();
        } else if (!answers->empty()) {
            carry(m_session.onApplied(std::move(*answers)));
        }
    }
    void flush() {
        if (!m_failure) answer(m_taker.flush());
    }
    void take(protocol::ApplyPiece const& part) {
        // Which files are wanted is known when the frames before are in.
        flush();
        if (m_failure) return;
        auto const* list = std::get_if<protocol::PieceList>(&part.piece);
        auto const taken = list ? m_taker.list(*list) : m_taker.piece(std::get<protocol::Piece>(part.piece));
        if (!taken) m_failure = taken.error();
    }

    ExchangeReader& m_reader;
    Taker& m_taker;
    BytesDone const& m_done;
    FileSession m_session;
    bool m_finished = false;
    std::optional<Error> m_failure;
};

/// Reads all of a file before anything of it is taken, so that a malformed one changes nothing, and a small one that
/// unpacks without end is refused.
class FormCheck final : public Taker {
public:
    explicit FormCheck(std::uint64_t fileBytes)
        : m_unpackedMax(kUnpackedFree + kUnpackedPerByte * fileBytes),
          m_framesMax(kFramesFree + fileBytes / kFrameBytesPackedMin) {}

    Result<std::vector<Answer>> frames(std::vector<TravellingFrame> frames) override {
        for (auto const& frame : frames) m_unpacked += costOf(frame);
        m_frames += frames.size();
        if (auto within = check(); !within) return within.error();
        std::vector<Answer> answers(frames.size());
        for (auto& each : answers) each.what = Answer::What::Stored;
        return answers;
    }
    Result<std::vector<Answer>> flush() override { return std::vector<Answer>{}; }
    Result<void> list(protocol::PieceList const& list) override {
        m_unpacked += kFrameOverhead + list.pieces.size() * Sha256::size;
        m_current = list.file.sha256;
        m_pieces = list.pieces.size();
        m_next = 0;
        return check();
    }
    // Honest pieces may be all zeros and unpack from next to nothing, so they are counted, not weighed. What a list
    // announces is taken only if a revision held here says the same.
    Result<void> piece(protocol::Piece const& piece) override {
        if (m_current != piece.file || piece.index < m_next || piece.index >= m_pieces) {
            return makeError(ErrorCode::Damaged, "exchange.damaged", "a piece that its list does not announce");
        }
        m_next = piece.index + std::uint64_t{1};
        return {};
    }

private:
    [[nodiscard]] Result<void> check() const {
        if (m_unpacked > m_unpackedMax) {
            return makeError(ErrorCode::TooLarge, "exchange.too-large", "the file unpacks to far more than its size");
        }
        if (m_frames > m_framesMax) {
            return makeError(ErrorCode::TooLarge, "exchange.too-large",
                             "the file brings the same frames again and again");
        }
        return {};
    }
    std::uint64_t m_unpacked = 0, m_unpackedMax;
    std::uint64_t m_frames = 0, m_framesMax;
    std::optional<AttachmentId> m_current;
    std::uint64_t m_pieces = 0, m_next = 0;
};

class Import final : public Taker {
public:
    Import(Replica& replica, Attachments& attachments, std::string from)
        : m_replica(replica), m_attachments(attachments), m_from(std::move(from)) {}

    Result<std::vector<Answer>> frames(std::vector<TravellingFrame> frames) override {
        for (auto& frame : frames) {
            if (mayNameFiles(frame)) m_naming.emplace_back(m_frames.size(), frame.header);
            m_cost += costOf(frame);
            m_frames.push_back(std::move(frame));
        }
        if (m_cost < kImportBytes) return std::vector<Answer>{};
        return flush();
    }

    Result<std::vector<Answer>> flush() override {
        if (m_frames.empty()) return std::vector<Answer>{};
        auto answers = m_replica.import(std::exchange(m_frames, {}), m_from);
        m_cost = 0;
        for (auto const& answer : answers) {
            if (answer.what == Answer::What::Stored) ++m_totals.stored;
            if (answer.what == Answer::What::Known) ++m_totals.known;
        }
        for (auto const& [index, header] : std::exchange(m_naming, {})) {
            auto const what = answers[index].what;
            if (what != Answer::What::Stored && what != Answer::What::Known) continue;
            eachFileNamed(m_replica, header, [&](ObjectId const&, Scope const& scope, Attachment const& file) {
                m_wanted[keyOf(file)].insert(scope);
            });
        }
        return answers;
    }

    Result<void> list(protocol::PieceList const& list) override {
        m_current.reset();
        m_missing.clear();
        if (!m_wanted.contains(keyOf(list.file)) || trust::chunksHash(list.pieces) != list.file.chunks) return {};
        m_current = list;
        m_shown = 0;
        if (!m_attachments.holds(list.file.sha256)) {
            if (auto begun = m_attachments.begin(list.file, list.pieces); !begun) {
                m_current.reset();
                return unlessDisk(begun);
            }
            auto const missing = m_attachments.missing(list.file);
            m_missing.insert(missing.begin(), missing.end());
        }
        noteIfAllShown();
        return {};
    }

    Result<void> piece(protocol::Piece const& piece) override {
        if (!m_current || m_current->file.sha256 != piece.file) return {};
        // The file shows that its writer has the bytes, also where they are held here already: for another scope.
        bool const right = piece.index == m_shown && sha256(piece.bytes) == m_current->pieces[piece.index];
        if (right) ++m_shown;
        if (m_missing.contains(piece.index)) {
            if (auto taken = m_attachments.put(m_current->file, piece.index, piece.bytes); !taken) return unlessDisk(taken);
            m_missing.erase(piece.index);
            ++m_totals.pieces;
        }
        noteIfAllShown();
        return {};
    }

    [[nodiscard]] FileTotals& totals() { return m_totals; }

private:
    void noteIfAllShown() {
        if (m_shown != m_current->pieces.size() || !m_attachments.holds(m_current->file.sha256)) return;
        for (Scope const& scope : m_wanted.at(keyOf(m_current->file))) m_replica.setFileHere(scope, m_current->file);
    }
    /// A wrong piece is like a missing one: somebody else will bring it. A failing disk ends the import.
    static Result<void> unlessDisk(Result<void> const& outcome) {
        if (outcome.error().code == ErrorCode::BadHash) return {};
        return outcome;
    }

    Replica& m_replica;
    Attachments& m_attachments;
    std::string m_from;
    FileTotals m_totals;
    std::vector<TravellingFrame> m_frames;  ///< kept back
    std::size_t m_cost = 0;
    std::vector<std::pair<std::size_t, Bytes>> m_naming;  ///< of those: place and header, if they may name files
    std::map<FileKey, std::set<Scope>> m_wanted;     ///< by revisions of these scopes
    std::optional<protocol::PieceList> m_current;  ///< whose pieces come now
    std::size_t m_shown = 0;                       ///< of them, from the first on
    std::unordered_set<std::uint32_t> m_missing;
};

/// Gathers all frames in memory.
class Gathering final : public Taker {
public:
    Result<std::vector<Answer>> frames(std::vector<TravellingFrame> frames) override {
        std::vector<Answer> answers(frames.size());
        for (auto& each : answers) each.what = Answer::What::Stored;
        for (auto& frame : frames) {
            m_bytes += kFrameOverhead + protocol::bytesOf(frame);
            all.push_back(std::move(frame));
        }
        if (m_bytes > kFramesInMemoryMax)
            return makeError(ErrorCode::TooLarge, "exchange.too-large", "too many frames for a welcome");
        return answers;
    }
    Result<std::vector<Answer>> flush() override { return std::vector<Answer>{}; }
    Result<void> list(protocol::PieceList const&) override { return {}; }
    Result<void> piece(protocol::Piece const&) override { return {}; }

    std::vector<TravellingFrame> all;

private:
    std::size_t m_bytes = 0;
};

/// Who we are to a file's reader: only the college matters, if we know it.
protocol::Hello readerOf(Replica const& replica) {
    protocol::Hello self;
    self.device = replica.device();
    if (!replica.registry().empty()) {
        self.school = replica.registry().school();
    } else if (auto const expected = replica.note("school")) {
        self.school = SchoolId::fromHex(*expected).value_or(SchoolId{});
    }
    return self;
}

Error otherKind() { return makeError(ErrorCode::Unsupported, "exchange.kind", "another kind of file"); }

}  // namespace

Result<FileTotals> exportFile(Replica const& replica, Attachments const& attachments, Path const& file, FileKind kind,
                              std::vector<FeedTip> const& known, std::function<bool(Scope const&)> const& mayRead,
                              Progress const& progress) {
    ensure(kind != FileKind::Tips, "tips are written by writeTips");
    if (replica.registry().empty()) return notEnrolled();
    try {
        ExchangeWriter writer(replica.world().files, file, uniqueName(replica.world()));
        if (auto begun = writer.begin(kind); !begun) return begun.error();
        auto totals = Export(replica, attachments, writer, mayRead, progress).run(known);
        if (!totals) return totals;
        auto const bytes = writer.finish();
        if (!bytes) return bytes.error();
        totals->bytes = *bytes;
        return totals;
    } catch (replica::SqliteError const& error) {
        return error.toError();
    }
}

Result<FileTotals> importFile(Replica& replica, Attachments& attachments, Path const& file, Progress const& progress) {
    Files& files = replica.world().files;
    // The passes differ in cost, so they have unequal parts of the bar; its end is the file's size.
    std::uint64_t size = 0;
    auto const part = [&](std::uint64_t from, std::uint64_t tenths) -> BytesDone {
        if (!progress) return {};
        return [&, from, tenths](std::uint64_t bytes) {
            if (size != 0) progress((size / 10) * from + bytes / 10 * tenths, size);
        };
    };
    if (auto const known = files.size(file)) size = *known;
    auto const checked = checkWhole(files, file, part(0, kHashTenths));
    if (!checked) return checked.error();
    if (checked->kind == FileKind::Tips) return otherKind();
    size = checked->size;
    protocol::Hello const self = readerOf(replica);

    std::string from;
    {
        ExchangeReader reader(files, file, checked->size);
        FormCheck form(checked->size);
        BytesDone const done = part(kHashTenths, kFormTenths);
        auto const session = Reading(reader, self, form, done).run();
        if (!session) return session.error();
        from = session->peer()->device.hex();
    }
    try {
        ExchangeReader reader(files, file, checked->size);
        Import import(replica, attachments, from);
        BytesDone const done = part(kHashTenths + kFormTenths, 10 - kHashTenths - kFormTenths);
        auto const session = Reading(reader, self, import, done).run();
        if (!session) return session.error();
        FileTotals totals = std::move(import.totals());
        totals.frames = session->totals().framesReceived;
        totals.bytes = checked->size;
        totals.answers = session->totals().answers;
        totals.writer = session->peer();
        if (progress) progress(size, size);
        return totals;
    } catch (replica::SqliteError const& error) {
        return error.toError();
    }
}

Result<void> writeTips(Replica const& replica, Path const& file) {
    if (replica.registry().empty()) return notEnrolled();
    ExchangeWriter writer(replica.world().files, file, uniqueName(replica.world()));
    if (auto begun = writer.begin(FileKind::Tips); !begun) return begun;
    if (auto written = writer.write(helloOf(replica, replica.tipsToAskWith())); !written) return written;
    auto const bytes = writer.finish();
    if (!bytes) return bytes.error();
    return {};
}

Result<protocol::Hello> readTips(Path const& file, Files& files) {
    auto const checked = checkWhole(files, file);
    if (!checked) return checked.error();
    if (checked->kind != FileKind::Tips) return otherKind();
    ExchangeReader reader(files, file, checked->size);
    auto message = reader.next();
    if (!message) return message.error();
    auto* const hello = *message ? std::get_if<protocol::Hello>(&**message) : nullptr;
    if (hello == nullptr) return makeError(ErrorCode::Damaged, "exchange.damaged", "a tips file without a hello");
    auto const more = reader.next();
    if (!more) return more.error();
    if (*more) return makeError(ErrorCode::Damaged, "exchange.damaged", "more than a hello in a tips file");
    return std::move(*hello);
}

Result<std::vector<TravellingFrame>> readFrames(Path const& file, Files& files, FileKind kind) {
    auto const checked = checkWhole(files, file);
    if (!checked) return checked.error();
    if (checked->kind != kind) return otherKind();
    ExchangeReader reader(files, file, checked->size);
    Gathering gathering;
    BytesDone const done;
    auto const session = Reading(reader, {}, gathering, done).run();
    if (!session) return session.error();
    return std::move(gathering.all);
}

}  // namespace spiral::transport
