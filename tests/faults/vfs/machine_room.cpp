#include "machine_room.h"

#include <catch2/catch.hpp>

namespace spiral::faults {

namespace {

constexpr std::size_t kPaperBytes = trust::kAttachmentPieceBytes + 100;

void copyFolder(Path const& from, Path const& to) {
    std::filesystem::remove_all(to);
    std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
}

Path put(Path const& path, std::size_t size, std::uint64_t seed) {
    Bytes bytes(size);
    SeededRandom random(seed);
    random.fill(bytes);
    REQUIRE(systemFiles().replace(path, bytes, FileMode::Private));
    return path;
}

}  // namespace

// --- a machine -----------------------------------------------------------------------------------------------------------

Seat::Seat(FaultVfs& vfs, Path room, Path const& image, trust::SecretKey& key, PersonId person, std::uint64_t seed)
    : disk((copyFolder(image, room), room)),
      files(disk, systemFiles()),
      m_vfs(vfs),
      m_key(key),
      m_person(std::move(person)),
      m_random(seed) {
    m_vfs.mount(disk);
}

Seat::~Seat() {
    close();
    m_vfs.unmount(disk);
}

Result<void> Seat::open() {
    m_replica.reset();
    replica::Limits limits;
    limits.workers = 1;
    auto opened = Replica::open(folder(), world(), replica::Access::Write, limits, disk.root() / "guard");
    if (!opened) return opened.error();
    m_replica = std::move(*opened);
    return {};
}

std::optional<Error> Seat::runs(std::function<Result<void>()> const& act) {
    std::optional<Error> wrong;
    try {
        if (auto opened = open(); !opened) wrong = opened.error();
        else if (auto done = act(); !done) wrong = done.error();
    } catch (SqliteError const& error) {
        wrong = error.toError();
    }
    close();
    return wrong;
}

std::optional<Error> Seat::writes(std::string_view title, std::optional<Path> const& paper) {
    return runs([&]() -> Result<void> {
        auto& store = **this;
        trust::Revision made;
        made.school = store.registry().school();
        made.scope = trust::scopeOf(kScope);
        made.doc = m_random.token<DocumentId>();
        made.type = "task.v1";
        made.fields.set("title", std::string(title));
        if (paper) {
            auto file = replica::Attachments(folder() / "attachments", files).add(*paper);
            if (!file) return file.error();
            made.files = {*file};
        }
        made.by = {m_person, store.device()};
        made.time = store.clock().next();
        made.nonce = m_random.token<Nonce>();
        std::string bytes = trust::encode(made);
        ObjectId const id = hashAs<ObjectId>(asBytes(bytes));
        auto sealed = store.seal(made.scope, {{{trust::Item::Kind::Revision, id}, std::move(bytes), std::nullopt}}, m_key);
        if (!sealed) return sealed.error();
        said.frames.insert(sealed->frame);
        if (paper) said.files.push_back(made.files[0]);
        return {};
    });
}

// --- a server --------------------------------------------------------------------------------------------------------------

std::optional<Error> ServerSeat::start() {
    stop();
    try {
        if (auto opened = open(); !opened) return opened.error();
    } catch (SqliteError const& error) {
        return error.toError();
    }
    m_core.emplace(**this, key(), server::CoreLimits{}, [](server::Event const&) {});
    guarded([&] { m_core->giveReceipts(); });
    return std::nullopt;
}

void ServerSeat::stop() {
    if (m_core) guarded([&] { m_core->finish(); });
    m_core.reset();
    close();
}

void ServerSeat::guarded(std::function<void()> const& work) {
    try {
        work();
    } catch (SqliteError const& error) {
        m_core->diskFailed(error);
    }
}

// --- a call ------------------------------------------------------------------------------------------------------------------

namespace {

/// One connection: the caller's program and the server's, joined by queues of packed messages. It notes what each side
/// says to hold, when it says so.
class Line {
public:
    Line(Seat& caller, ServerSeat& server, std::uint64_t number) : m_caller(caller), m_server(server) {
        Bytes const secret(32, static_cast<std::uint8_t>(number));
        auto made = transport::Caller::make(
            *caller, caller.key(), server->device(), secret, false,
            {[this](protocol::Message message) { post(m_up, m_given, m_caller.said, std::move(message)); },
             [this](std::optional<Error> why) {
                 m_ended = true;
                 if (why) m_error = std::move(why);
             },
             {}});
        if (!made) {
            m_error = made.error();
            m_ended = true;
            return;
        }
        m_call = std::move(*made);
        m_server.guarded([&] {
            m_peer = m_server.core().opened(
                {[this](protocol::Message message) { post(m_down, m_taken, m_server.said, std::move(message)); },
                 [this] { m_closed = true; }, {}, secret});
        });
        m_call->start();
    }
    ~Line() {
        m_server.guarded([&] {
            if (m_peer) m_server.core().closed(*m_peer);
            m_server.core().finish();
        });
    }
    Line(Line const&) = delete;
    Line& operator=(Line const&) = delete;

    void run() {
        while (moves()) {
        }
        // The server's side is silent: the program gives up after a while.
        if (!m_ended) m_call->closed();
    }
    [[nodiscard]] Synced outcome() const {
        Synced synced{m_error, false, 0, 0};
        if (m_call) {
            synced.agreed = m_call->agreed();
            synced.frames = m_call->totals().framesReceived;
            synced.pieces = m_call->pieces().piecesTaken() + m_call->pieces().piecesGiven();
        }
        return synced;
    }

private:
    bool moves() {
        if (m_ended) return false;
        bool moved = m_call->work();
        if (!m_ended && !m_up.empty() && !m_closed && m_peer) {
            auto message = take(m_up, m_taken);
            m_server.guarded([&] { m_server.core().received(*m_peer, std::move(message)); });
            moved = true;
        }
        bool worked = false;
        m_server.guarded([&] { worked = m_server.core().work(); });
        if (!m_ended && !m_down.empty()) {
            m_call->received(take(m_down, m_given));
            moved = true;
        } else if (!m_ended && m_closed) {
            m_call->closed();
            moved = true;
        }
        return moved || worked;
    }
    /// `arrived`: frames that whoever speaks has got and not answered to.
    static void post(std::deque<Bytes>& queue, std::deque<FrameId>& arrived, Said& said, protocol::Message message) {
        if (auto const* answers = std::get_if<protocol::Answers>(&message)) {
            for (auto const& run : answers->runs) {
                for (std::uint32_t i = 0; i < run.count; ++i) {
                    REQUIRE_FALSE(arrived.empty());
                    if (run.what == trust::Answer::What::Stored || run.what == trust::Answer::What::Known)
                        said.frames.insert(arrived.front());
                    arrived.pop_front();
                }
            }
        }
        queue.push_back(protocol::pack(message));
    }
    static protocol::Message take(std::deque<Bytes>& queue, std::deque<FrameId>& arrived) {
        auto message = protocol::unpack(queue.front());
        REQUIRE(message);
        queue.pop_front();
        if (auto const* batch = std::get_if<protocol::Batch>(&*message)) {
            for (auto const& frame : batch->frames) arrived.push_back(hashAs<FrameId>(frame.header));
        }
        return std::move(*message);
    }

    Seat& m_caller;
    ServerSeat& m_server;
    std::unique_ptr<transport::Caller> m_call;
    std::optional<server::SyncCore::PeerId> m_peer;
    std::deque<Bytes> m_up, m_down;
    std::deque<FrameId> m_given, m_taken;   ///< to the caller, to the server
    bool m_ended = false, m_closed = false;
    std::optional<Error> m_error;
};

}  // namespace

Synced sync(Seat& caller, ServerSeat& server, std::uint64_t number) {
    Synced synced;
    auto const wrong = caller.runs([&]() -> Result<void> {
        Line line(caller, server, number);
        try {
            line.run();
        } catch (SqliteError const& error) {
            synced = line.outcome();
            return error.toError();
        }
        synced = line.outcome();
        return {};
    });
    if (wrong) synced.error = wrong;
    return synced;
}

// --- the room ------------------------------------------------------------------------------------------------------------------

MachineRoom::MachineRoom() {
    put(paper(), kPaperBytes, 1);
    auto& wang = m_scene.wang;
    server::SyncCore core(*m_scene.server, m_scene.server.secret(), {}, [](server::Event const&) {});
    std::uint64_t number = 0;
    auto const calls = [&](replica::Machine& machine) {
        server::Wire wire(core, machine, m_scene.server.device(), false, ++number);
        wire.run();
        REQUIRE(wire.ended);
        REQUIRE_FALSE(wire.error);
    };
    m_scene.li.write(kScope, {{"title", "甲"}});
    calls(m_scene.li);
    calls(m_scene.li);
    wang.write(kScope, {{"title", "乙"}});
    auto attachments = transport::attachmentsOf(wang);
    m_wangsFile = attachments.add(put(path() / "表.xlsx", 3000, 2)).value();
    auto row = wang.revision(kScope, {{"title", "丙"}});
    trust::Revision revision = trust::decodeRevision(asBytes(row.bytes)).value();
    revision.files = {m_wangsFile};
    row.bytes = trust::encode(revision);
    row.item.id = hashAs<ObjectId>(asBytes(row.bytes));
    wang.seal(kScope, {row});
    calls(wang);
    for (auto const& [machine, image] : {std::pair(&m_scene.li, liImage()), std::pair(&m_scene.server, serverImage())})
        machine->saveImage(image, true);
    // Opening it again renewed the guards of these; those of the images are their own.
    for (auto* machine : {&m_scene.li, &m_scene.server, &m_scene.wang}) machine->close();
}

std::unique_ptr<Seat> MachineRoom::li(FaultVfs& vfs, Path const& from, Path const& at) {
    return std::make_unique<Seat>(vfs, at, from, m_scene.li.secret(), m_scene.li.person(), 11);
}
std::unique_ptr<ServerSeat> MachineRoom::server(FaultVfs& vfs, Path const& from, Path const& at) {
    return std::make_unique<ServerSeat>(vfs, at, from, m_scene.server.secret(), m_scene.server.person(), 12);
}

// --- what must hold ------------------------------------------------------------------------------------------------------------

std::string whatIsWrong(Seat& seat, Said const& said, std::vector<trust::Attachment> const& files) {
    if (seat->guard() != replica::GuardFinding::Good) return "the machine is taken for one that was put back";
    if (auto const findings = seat->check(true); !findings.empty()) return findings[0].reason + " " + findings[0].about;
    for (auto const& frame : said.frames) {
        auto const held = seat->frameBytes(frame);
        if (!held || !held->applied) return "lost frame " + frame.hex() + ", which it had said to hold";
    }
    replica::Attachments const attachments(seat.folder() / "attachments", seat.files);
    for (auto const& file : said.files) {
        if (!attachments.verify(file)) return "lost a file that was attached";
    }
    for (auto const& file : files) {
        bool const isCalledWhole = attachments.holds(file.sha256) || seat->fileIsHere(trust::scopeOf(kScope), file);
        if (isCalledWhole && !attachments.verify(file)) return "a file is called whole and is not";
    }
    return {};
}

std::set<FrameId> framesOf(Seat& seat) {
    std::set<FrameId> frames;
    seat->framesBeyond({}, [](Scope const&) { return true; }, [&](trust::TravellingFrame&& frame) {
        frames.insert(hashAs<FrameId>(frame.header));
        return true;
    });
    return frames;
}

}  // namespace spiral::faults
