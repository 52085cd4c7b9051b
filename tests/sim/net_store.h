// A replica's store in memory, for the simulated network: what store/replica keeps and answers, without SQL, keys or
// rows.
//
// Every frame of a history is written once, in Frames; stores hold their numbers. What is not in Frames nobody wrote:
// that is the signature check. The registry is the chain of frames in its scope, each with one entry.
#pragma once

#include "base/random.h"
#include "protocol/session.h"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <unordered_map>
#include <vector>

namespace spiral::netsim {

using Number = std::int32_t;  ///< of a frame
inline constexpr Number kNone = -1;
using Time = std::int64_t;  ///< minutes

inline constexpr int kRegistry = 0, kCollege = 1, kScopes = 5;  ///< the others are departments
inline constexpr int kDevicesMax = 16;
inline constexpr int kServer = 0, kKeeper = 1;

/// What a frame of the registry says.
struct Entry {
    enum class Kind { None, Enrol, Grant, End, Revoke };
    Kind kind = Kind::None;
    int device = 0, scope = 0;
    Time until = 0;  ///< of a grant
};

/// A file that a frame may name: some short pieces.
struct Paper {
    trust::Attachment file;
    std::vector<Sha256> hashes;
    std::vector<Bytes> pieces;
};

struct Fact {
    int device = 0, scope = 0;
    std::uint64_t seq = 1;
    Number prev = kNone;
    bool newer = false;   ///< written by a program that older ones do not understand
    bool barred = false;  ///< by a program gone wrong: everybody else refuses it, for ever
    Entry entry;
    int paper = -1;  ///< that it names
    FrameId id;
    trust::TravellingFrame frame;
};

class Frames {
public:
    Number add(Fact fact, std::size_t payloadBytes);
    [[nodiscard]] Fact const& at(Number number) const { return m_facts[static_cast<std::size_t>(number)]; }
    [[nodiscard]] Number find(FrameId const& id) const {
        auto const found = m_byId.find(id);
        return found == m_byId.end() ? kNone : found->second;
    }
    [[nodiscard]] Number count() const { return static_cast<Number>(m_facts.size()); }
    int keeper = kKeeper;  ///< the device that writes the registry

    int addPaper(std::size_t pieces);
    [[nodiscard]] Paper const& paper(int number) const { return m_papers[static_cast<std::size_t>(number)]; }
    [[nodiscard]] int findPaper(AttachmentId const& id) const;
    [[nodiscard]] int papers() const { return static_cast<int>(m_papers.size()); }

private:
    std::vector<Paper> m_papers;
    std::vector<Fact> m_facts;
    std::unordered_map<FrameId, Number> m_byId;
};

[[nodiscard]] Scope const& scopeOf(int scope);
[[nodiscard]] int numberOf(Scope const& scope);  ///< kScopes if there is none
[[nodiscard]] DeviceId deviceOf(int device);
[[nodiscard]] int numberOf(DeviceId const& device);

/// Who may what, by the entries held.
struct Rights {
    std::array<bool, kDevicesMax> enrolled{}, revoked{};
    std::array<std::array<Time, kScopes>, kDevicesMax> until{};  ///< of the grant that stands; 0: none
    std::array<std::array<bool, kScopes>, kDevicesMax> ever{};
    void add(Entry const& entry);
    [[nodiscard]] bool mayRead(int device, int scope, Time now) const;
    [[nodiscard]] bool mayEverWrite(int device, int scope) const;
};

class Store {
public:
    enum class Has : std::uint8_t { Nothing, Header, All };

    Store(Frames& frames, int device) : m_frames(&frames), m_device(device) {}

    Epoch epoch;
    bool isNewer = true;                        ///< understands frames that are newer
    Time clockWrong = 0;                        ///< what its clock says, less what it is
    std::map<int, protocol::Agreement> agreed;  ///< by the device called

    [[nodiscard]] int device() const { return m_device; }
    [[nodiscard]] Has has(Number frame) const {
        return static_cast<std::size_t>(frame) < m_held.size() ? m_held[static_cast<std::size_t>(frame)] : Has::Nothing;
    }
    [[nodiscard]] Rights const& rights() const { return m_rights; }
    [[nodiscard]] std::vector<Number> const& log() const { return m_log; }
    [[nodiscard]] std::size_t entries() const { return m_entries; }
    [[nodiscard]] std::size_t waiting() const { return m_inbox.size(); }
    [[nodiscard]] bool takes(int scope, Time now) const;
    [[nodiscard]] bool bothRead(int peer, int scope, Time now) const {
        return scope == kRegistry || (m_rights.mayRead(m_device, scope, now) && m_rights.mayRead(peer, scope, now));
    }
    [[nodiscard]] bool peerReads(int peer, int scope, Time now) const {
        return scope == kRegistry || m_rights.mayRead(peer, scope, now);
    }
    /// Both hold, or should hold, this feed: both read its scope, or one wrote it and the other reads it.
    [[nodiscard]] bool shares(int peer, int scope, int device, Time now) const {
        return bothRead(peer, scope, now) || (device == m_device && peerReads(peer, scope, now)) ||
               (device == peer && m_rights.mayRead(m_device, scope, now));
    }
    /// Writes the next frame of the own feed, on a tip of it.
    Number write(int scope, std::size_t payloadBytes, Entry const& entry = {}, bool newer = false, bool barred = false,
                 int paper = -1);
    /// In this order; what waited for one of them is taken up.
    std::vector<trust::Answer> import(std::vector<trust::TravellingFrame> const& frames, Time now);
    /// A frame as this store would give it: without a payload that it lacks.
    [[nodiscard]] trust::TravellingFrame frame(Number number) const;
    /// Frames above these, in an order in which each can be stored.
    [[nodiscard]] std::vector<Number> beyond(std::vector<trust::FeedTip> const& known,
                                             std::function<bool(int scope, int device)> const& mayHave) const;
    /// Of feeds that both share. To ask with: of a feed in which a payload is wanted only what lies below it.
    [[nodiscard]] std::vector<trust::FeedTip> tips(int peer, Time now, bool toAskWith = true) const;
    /// These, and below each some that lie 1, 4, 16 … further down: who does not know the tip may know one of them.
    [[nodiscard]] std::vector<trust::FeedTip> tipsToSend(int peer, Time now) const;
    [[nodiscard]] protocol::StoreState state(Epoch const& salt, int peer, Time now) const;
    /// For a server that lies: the newest lines of the log are forgotten, as if they had never been.
    void forget(std::size_t lines);

    /// Files: whether the bytes came for a scope that names them, and which pieces are held, whatever they came for.
    struct Blob {
        std::vector<char> have;  ///< empty: the list of pieces is not known
        std::size_t lacking = 0;
        [[nodiscard]] bool whole() const { return !have.empty() && lacking == 0; }
    };
    std::map<std::pair<int, int>, bool> named;  ///< (scope, paper): are its bytes here for this scope
    std::map<int, Blob> blobs;
    [[nodiscard]] bool isHere(int scope, int paper) const {
        auto const found = named.find({scope, paper});
        return found != named.end() && found->second;
    }
    [[nodiscard]] Frames const& frames() const { return *m_frames; }

private:
    void put(Number frame, Has what);
    void foldRegistry();
    trust::Answer take(trust::TravellingFrame const& travelling, Time now);

    Frames* m_frames;
    int m_device;
    std::vector<Has> m_held;
    std::vector<Number> m_log;
    std::array<bool, kScopes> m_holdsScope{};
    struct Waiting {
        Number frame;
        bool payload;
    };
    std::vector<Waiting> m_inbox;
    Rights m_rights;
    std::uint64_t m_entries = 0;  ///< of the registry, in their chain
};

}  // namespace spiral::netsim
