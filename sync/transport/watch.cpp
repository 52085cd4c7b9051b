#include "transport/watch.h"

#include "store_news.h"
#include "tls/loop.h"
#include "transport/caller.h"
#include "transport/outbox.h"

#include <ifaddrs.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <thread>
#include <utility>

namespace spiral::transport {

namespace {

using replica::Access;
using replica::Replica;

constexpr std::chrono::seconds kBusy{1};
constexpr std::size_t kExcusedMax = 100'000;   // frames; a server that sends more that nobody can keep has alarms to explain

/// A write is noticed before it is committed. So the store is looked at often after it, and then less and less, till it
/// grew or the waits are as long as ever.
class LookWaits {
public:
    explicit LookWaits(std::chrono::milliseconds usual) : m_usual(usual), m_wait(usual) {}
    void noticed() { m_wait = kSoon, m_looks = 0; }
    void grew() { m_wait = m_usual; }
    [[nodiscard]] std::chrono::milliseconds next() {
        auto const wait = std::min(m_wait, m_usual);
        if (m_wait < m_usual && ++m_looks > kLooksSoon) m_wait *= 2;
        return wait;
    }

private:
    static constexpr std::chrono::milliseconds kSoon{2};
    static constexpr int kLooksSoon = 20;
    std::chrono::milliseconds m_usual, m_wait;
    int m_looks = 0;
};

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

constexpr std::chrono::milliseconds kGoodbye{20};
constexpr std::chrono::milliseconds kWriterLook{5};   ///< while another command has the store

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
        m_receipts.emplace(*m_reader);
        auto wait = m_times.retryFirst;
        while (!m_stop()) {
            Error const why = session();
            if (m_stop()) break;
            if (m_failed) return *m_failed;
            // The server knows this device and will not have it, or another watch of this device took over. One that does not
            // know it will, when somebody has brought it the enrolment.
            if (why.code == ErrorCode::Refused && why.reason != "session.unknown-device") return why;
            if (m_wasOpen) wait = m_times.retryFirst;
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

    /// The store for writing, as soon as no other command has it; null after writerWait, which ends the connection till
    /// another time, or if it cannot be opened.
    std::unique_ptr<Replica> openWriter() {
        auto const began = m_world.monotonic.now();
        while (true) {
            auto opened = Replica::open(m_folder, m_world, Access::Write);
            if (opened) return std::move(*opened);
            bool const inUse = opened.error().reason == "store.in-use";
            if (!inUse || m_world.monotonic.now() - began > m_times.writerWait) {
                (inUse ? m_end : m_failed) = opened.error();
                return nullptr;
            }
            std::this_thread::sleep_for(std::min(m_times.look, kWriterLook));
        }
    }

    std::vector<trust::Answer> import(std::vector<trust::TravellingFrame> frames) {
        auto const count = frames.size();
        std::vector<trust::Answer> answers;
        if (auto const writer = openWriter()) {
            answers = writer->import(std::move(frames), trust::deviceIdOf(m_serverKey).hex());
            saveNotes(*writer);
            for (auto const& answer : answers) {
                bool const isIn = answer.what == trust::Answer::What::Stored || answer.what == trust::Answer::What::Known;
                if (!isIn && m_excused.size() < kExcusedMax) m_excused.insert(answer.frame);
            }
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
    Error session() {
        m_end.reset();
        m_moved = {};
        m_wasOpen = false;
        m_excused.clear();
        m_handedIn.clear();
        m_answered = 0;
        tls::Loop loop;
        std::unique_ptr<tls::Channel> channel;
        tls::connect(loop, m_server.host, m_server.port, m_serverKey, m_reader->registry().domain(), {},
                     [&](Result<std::unique_ptr<tls::Channel>> made) {
                         if (!made) {
                             m_end = made.error();
                             return;
                         }
                         channel = std::move(*made);
                         begin(*channel);
                     });
        std::atomic<bool> told = false;
        StoreNews const written(m_folder, [&told, &loop] {
            if (!told.exchange(true)) loop.post([] {});
        });
        LookWaits waits(m_times.look);
        while (!m_end && !m_failed && !m_stop()) {
            auto const began = m_world.monotonic.now();
            bool worked = m_caller && m_caller->work();
            if (told.exchange(false)) waits.noticed();
            if (m_caller && !worked && m_reader->logEnd() != m_logEnd) {
                reopen();
                waits.grew();
                m_caller->onNews();
                worked = true;   // there is work now
            }
            if (m_caller && !m_end && !m_failed) handsIn();
            if (!m_end) loop.turn(worked ? std::chrono::milliseconds{0} : waits.next());
            // While this program was busy, it heard nothing and it was not the server's silence.
            if (auto const spent = m_world.monotonic.now() - began; spent > kBusy) m_heardAt += spent;
            if (m_caller && !m_end && !m_failed) minds(*channel);
        }
        if (channel && !m_end) {
            channel->close();
            loop.turn(std::min(m_times.look, kGoodbye));
        }
        m_caller.reset();
        return m_end.value_or(makeError(ErrorCode::Environment, "session.cut"));
    }

    void begin(tls::Channel& channel) {
        auto const secret = channel.exporter();
        m_heardBytes = 0;
        m_heardAt = m_world.monotonic.now();
        m_asked = false;
        Caller::Road road;
        m_wire = {};
        road.send = [this, &channel](protocol::Message message) { channel.send(m_wire.pack(message)); };
        road.ended = [this](std::optional<Error> error) {
            if (!m_end) m_end = error.value_or(makeError(ErrorCode::Environment, "session.cut"));
        };
        road.import = [this](std::vector<trust::TravellingFrame> frames) { return import(std::move(frames)); };
        road.keep = [this](std::string_view note, std::string_view value) { m_notes[std::string(note)] = value; };
        road.compared = [this](Caller::Compared compared) {
            tellOpen();
            bool const equal = compared == Caller::Compared::Equal;
            if (moved()) m_tell(news(equal ? WatchEvent::What::Agreed : WatchEvent::What::Unequal));
            // While something may be on its way, a frame that is not here is not withheld.
            if (compared != Caller::Compared::UnequalStill) lookAtServer();
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
                            auto message = m_wire.unpack(bytes);
                            if (message) m_caller->received(std::move(*message));
                            else m_end = message.error();
                        },
                        {},
                        [this](Error const& error) {
                            if (!m_end) m_end = error;
                        }});
        m_caller->start();
    }

    void tellOpen() {
        if (m_caller && m_caller->isOpen() && !std::exchange(m_wasOpen, true)) m_tell({});
    }

    /// Whether the server is still there.
    void minds(tls::Channel& channel) {
        tellOpen();
        auto const now = m_world.monotonic.now();
        if (auto const heard = channel.bytesReceived(); heard != m_heardBytes) {
            m_heardBytes = heard;
            m_heardAt = now;
            m_asked = false;
        } else if (now - m_heardAt > 2 * m_times.silence) {
            m_end = makeError(ErrorCode::Environment, "tls.idle");
        } else if (now - m_heardAt > m_times.silence && !std::exchange(m_asked, true)) {
            m_caller->onSilence();
        }
    }

    /// What was decided here goes to the keeper of the registry; what the keeper has decided goes round no longer.
    void handsIn() {
        auto const& answers = m_caller->proposed();
        std::set<std::string> decided;
        for (; m_answered < answers.size(); ++m_answered) {
            auto const& answer = answers[m_answered];
            if (!isDecided(answer)) continue;
            decided.insert(m_handedIn[m_answered]);
            WatchEvent event;
            event.what = WatchEvent::What::Proposed;
            event.proposed = answer;
            m_tell(event);
        }
        if (!decided.empty()) {
            if (auto const writer = openWriter()) {
                auto waiting = outbox(*writer);
                std::erase_if(waiting, [&](std::string const& each) { return decided.contains(each); });
                setOutbox(*writer, waiting);
            }
        }
        for (auto const& proposal : outbox(*m_reader)) {
            if (std::find(m_handedIn.begin(), m_handedIn.end(), proposal) != m_handedIn.end()) continue;
            m_handedIn.push_back(proposal);
            m_caller->propose(toBytes(proposal));
        }
    }

    /// Both have said what they had to say: does what the server signed contradict what it gave?
    void lookAtServer() {
        m_receipts->look(*m_reader, m_excused);
        bool found = false;
        for (auto const& each : m_receipts->withheld(*m_reader)) {
            if (!m_toldWithheld.insert(each.frame).second) continue;
            WatchEvent event;
            event.what = WatchEvent::What::Withheld;
            event.withheld = each;
            m_tell(event);
            found = true;
        }
        for (auto const& each : viewsThatDiffer(*m_reader)) {
            if (!m_toldViews.insert(each).second) continue;
            WatchEvent event;
            event.what = WatchEvent::What::TwoViews;
            event.twoViews = each;
            m_tell(event);
        }
        for (auto& [note, value] : m_receipts->notes()) m_notes[note] = std::move(value);
        // `spiral status` shows it from now on, whatever becomes of this program.
        if (found) keepNotes();
    }

    [[nodiscard]] bool moved() const {
        return m_caller && (m_caller->totals().framesSent != m_moved.first || m_caller->totals().framesReceived != m_moved.second);
    }
    WatchEvent news(WatchEvent::What what) {
        WatchEvent event;
        event.what = what;
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
    protocol::Wire m_wire;
    std::map<std::string, std::string> m_notes;   ///< to be kept when the store is open for writing
    std::pair<std::uint64_t, std::uint64_t> m_moved;
    bool m_wasOpen = false;
    std::uint64_t m_heardBytes = 0;
    std::chrono::nanoseconds m_heardAt{};
    bool m_asked = false;   ///< after this silence
    std::optional<ReceiptWatch> m_receipts;
    std::set<FrameId> m_excused;   ///< of this connection: what came and could not be kept
    std::vector<std::string> m_handedIn;   ///< of this connection, in order; of so many the answer is known:
    std::size_t m_answered = 0;
    std::set<FrameId> m_toldWithheld;
    std::set<TwoViews> m_toldViews;
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
