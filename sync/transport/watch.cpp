#include "transport/watch.h"

#include "tls/loop.h"
#include "transport/caller.h"

#include <ifaddrs.h>
#include <sys/socket.h>

#include <map>
#include <memory>
#include <thread>

namespace spiral::transport {

namespace {

using replica::Access;
using replica::Replica;

/// Which addresses this machine has: when they change, a network came or went.
std::size_t addressesOfThisMachine() {
    ifaddrs* first = nullptr;
    if (::getifaddrs(&first) != 0) return 0;
    std::size_t hash = 0;
    for (auto const* at = first; at != nullptr; at = at->ifa_next) {
        if (!at->ifa_addr) continue;
        std::size_t const length = at->ifa_addr->sa_family == AF_INET    ? 16
                                   : at->ifa_addr->sa_family == AF_INET6 ? 28
                                                                         : 0;
        std::string_view const bytes(reinterpret_cast<char const*>(at->ifa_addr), length);
        hash = hash * 31 + std::hash<std::string_view>{}(bytes) + at->ifa_flags;
    }
    ::freeifaddrs(first);
    return hash;
}

class Watch {
public:
    Watch(Path const& folder, replica::World world, trust::Signer& signer, tls::Address const& server,
          trust::PublicKey const& serverKey, WatchTimes const& times, std::function<bool()> const& stop,
          std::function<void(WatchEvent const&)> const& tell)
        : m_folder(folder), m_world(world), m_signer(signer), m_server(server), m_serverKey(serverKey), m_times(times),
          m_stop(stop), m_tell(tell) {}

    Result<void> run() {
        if (auto opened = openReader(); !opened) return opened;
        if (m_reader->registry().empty()) return makeError(ErrorCode::WrongState, "replica.not-enrolled");
        auto wait = m_times.retryFirst;
        while (!m_stop()) {
            bool reached = false;
            Error const why = session(reached);
            if (m_stop()) break;
            // The server knows this device and will not have it, or another watch of this device took over.
            if (why.code == ErrorCode::Refused) return why;
            if (m_failed) return *m_failed;
            if (reached) wait = m_times.retryFirst;
            WatchEvent event = news(WatchEvent::What::Lost);
            event.reason = why.reason;
            event.wait = wait;
            m_tell(event);
            sleep(wait);
            wait = std::min(wait * 2, m_times.retryLast);
        }
        keepNotes();
        return {};
    }

private:
    Result<void> openReader() {
        auto opened = Replica::open(m_folder, m_world, Access::Read);
        if (!opened) return opened.error();
        m_reader = std::move(*opened);
        m_logEnd = m_reader->logEnd();
        return {};
    }

    /// The store for writing, as soon as no other command has it; null after writerWait, or if it cannot be opened.
    std::unique_ptr<Replica> openWriter() {
        auto const began = m_world.monotonic.now();
        while (true) {
            auto opened = Replica::open(m_folder, m_world, Access::Write);
            if (opened) return std::move(*opened);
            if (opened.error().reason != "store.in-use" || m_world.monotonic.now() - began > m_times.writerWait) {
                m_failed = opened.error();
                return nullptr;
            }
            std::this_thread::sleep_for(m_times.look);
        }
    }

    std::vector<trust::Answer> import(std::vector<trust::TravellingFrame> frames) {
        auto const count = frames.size();
        std::vector<trust::Answer> answers;
        if (auto const writer = openWriter()) {
            answers = writer->import(std::move(frames), trust::deviceIdOf(m_serverKey).hex());
            saveNotes(*writer);
        } else {
            answers.assign(count, {{}, trust::Answer::What::WaitingForFrame, "store.in-use", {}});
        }
        reopen();
        return answers;
    }
    void saveNotes(Replica& writer) {
        for (auto const& [note, value] : m_notes) writer.setNote(note, value);
        m_notes.clear();
    }
    void keepNotes() {
        if (m_notes.empty()) return;
        if (auto const writer = openWriter()) saveNotes(*writer);
    }
    void reopen() {
        auto old = std::move(m_reader);   // the session uses it until it has the new one
        if (auto opened = openReader(); !opened) {
            m_failed = opened.error();
            m_reader = std::move(old);
            return;
        }
        if (m_caller) m_caller->use(*m_reader);
    }

    /// One connection from its beginning to its end, and why it ended.
    Error session(bool& reached) {
        m_end.reset();
        m_moved = {};
        tls::Loop loop;
        std::unique_ptr<tls::Channel> channel;
        tls::connect(loop, m_server.host, m_server.port, m_serverKey, m_reader->registry().domain(), {},
                     [&](Result<std::unique_ptr<tls::Channel>> made) {
                         if (!made) {
                             m_end = made.error();
                             return;
                         }
                         channel = std::move(*made);
                         reached = true;
                         begin(*channel);
                     });
        while (!m_end && !m_failed && !m_stop()) {
            bool const worked = m_caller && m_caller->work();
            if (m_caller && !worked && m_reader->logEnd() != m_logEnd) {
                reopen();
                m_caller->onNews();
            }
            if (!m_end) loop.turn(worked ? std::chrono::milliseconds{0} : m_times.look);
        }
        if (channel && !m_end) {
            channel->close();
            loop.turn(m_times.look);
        }
        m_caller.reset();
        return m_end.value_or(makeError(ErrorCode::Environment, "session.cut"));
    }

    void begin(tls::Channel& channel) {
        auto const secret = channel.exporter();
        Caller::Road road;
        road.send = [&channel](protocol::Message message) { channel.send(protocol::pack(message)); };
        road.ended = [this](std::optional<Error> error) {
            if (!m_end) m_end = error.value_or(makeError(ErrorCode::Environment, "session.cut"));
        };
        road.import = [this](std::vector<trust::TravellingFrame> frames) { return import(std::move(frames)); };
        road.keep = [this](std::string_view note, std::string_view value) {
            m_notes[std::string(note)] = value;
            if (moved()) m_tell(news(WatchEvent::What::Agreed));
        };
        road.setHere = [this](Scope const& scope, trust::Attachment const& file) {
            if (auto const writer = openWriter()) writer->setFileHere(scope, file);
        };
        auto caller = Caller::make(*m_reader, m_signer, trust::deviceIdOf(m_serverKey), secret, true, std::move(road));
        if (!caller) {
            m_failed = caller.error();
            return;
        }
        m_caller = std::move(*caller);
        channel.handle({[this](Bytes bytes) {
                            auto message = protocol::unpack(bytes);
                            if (message) m_caller->received(std::move(*message));
                            else m_end = message.error();
                        },
                        {},
                        [this](Error const& error) {
                            if (!m_end) m_end = error;
                        }});
        m_tell({WatchEvent::What::Connected, 0, 0, {}, {}});
        m_caller->start();
    }

    [[nodiscard]] bool moved() const {
        return m_caller && (m_caller->totals().framesSent != m_moved.first || m_caller->totals().framesReceived != m_moved.second);
    }
    WatchEvent news(WatchEvent::What what) {
        WatchEvent event{what, 0, 0, {}, {}};
        if (!m_caller) return event;
        auto const& totals = m_caller->totals();
        event.framesSent = totals.framesSent - m_moved.first;
        event.framesReceived = totals.framesReceived - m_moved.second;
        m_moved = {totals.framesSent, totals.framesReceived};
        return event;
    }

    /// Waits, but not longer than until the network changes.
    void sleep(std::chrono::milliseconds time) {
        auto const before = addressesOfThisMachine();
        auto const until = std::chrono::steady_clock::now() + time;
        while (!m_stop() && std::chrono::steady_clock::now() < until && addressesOfThisMachine() == before) {
            std::this_thread::sleep_for(std::min(time, std::chrono::milliseconds{200}));
        }
    }

    Path m_folder;
    replica::World m_world;
    trust::Signer& m_signer;
    tls::Address m_server;
    trust::PublicKey m_serverKey;
    WatchTimes m_times;
    std::function<bool()> const& m_stop;
    std::function<void(WatchEvent const&)> const& m_tell;

    std::unique_ptr<Replica> m_reader;
    std::int64_t m_logEnd = 0;
    std::unique_ptr<Caller> m_caller;
    std::map<std::string, std::string> m_notes;   ///< agreed on, to be kept when the store is open for writing
    std::pair<std::uint64_t, std::uint64_t> m_moved;
    std::optional<Error> m_end, m_failed;
};

}  // namespace

Result<void> watch(Path const& folder, replica::World world, trust::Signer& signer, tls::Address const& server,
                   trust::PublicKey const& serverKey, WatchTimes const& times, std::function<bool()> const& stop,
                   std::function<void(WatchEvent const&)> const& tell) {
    try {
        return Watch(folder, world, signer, server, serverKey, times, stop, tell).run();
    } catch (replica::SqliteError const& error) {
        return error.toError();
    }
}

}  // namespace spiral::transport
