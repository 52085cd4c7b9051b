#include "net_store.h"

#include "base/sha256.h"

#include <algorithm>
#include <limits>

namespace spiral::netsim {

using trust::Answer;
using trust::FeedTip;
using trust::TravellingFrame;

Number Frames::add(Fact fact, std::size_t payloadBytes) {
    auto const number = count();
    fact.frame.header = toBytes("frame " + std::to_string(number));
    fact.frame.signature.raw[0] = 1;
    fact.frame.payload = trust::Payload{trust::Codec::Raw, Bytes(payloadBytes, static_cast<std::uint8_t>(number))};
    fact.id = hashAs<FrameId>(fact.frame.header);
    m_byId.emplace(fact.id, number);
    m_facts.push_back(std::move(fact));
    return number;
}

int Frames::addPaper(std::size_t pieces) {
    Paper paper;
    Bytes whole;
    for (std::size_t i = 0; i < pieces; ++i) {
        paper.pieces.push_back(toBytes("paper " + std::to_string(m_papers.size()) + " piece " + std::to_string(i)));
        paper.hashes.push_back(sha256(paper.pieces.back()));
        whole.insert(whole.end(), paper.pieces.back().begin(), paper.pieces.back().end());
    }
    // The size says how many pieces there are: of 1 MiB, if they were real.
    paper.file = {hashAs<AttachmentId>(whole), (pieces - 1) * trust::kAttachmentPieceBytes + 1, "text/plain", "paper", {}, trust::chunksHash(paper.hashes)};
    m_papers.push_back(std::move(paper));
    return papers() - 1;
}
int Frames::findPaper(AttachmentId const& id) const {
    int number = papers() - 1;
    while (number >= 0 && paper(number).file.sha256 != id) --number;
    return number;
}

Scope const& scopeOf(int scope) {
    static std::array<Scope, kScopes> const scopes{Scope::registry(), Scope::college(), Scope::unit("a"),
                                                   Scope::unit("b"), Scope::unit("c")};
    return scopes[static_cast<std::size_t>(scope)];
}
int numberOf(Scope const& scope) {
    int number = 0;
    while (number < kScopes && scopeOf(number) != scope) ++number;
    return number;
}
DeviceId deviceOf(int device) {
    DeviceId id;
    // Ids are in no order that means anything.
    id.raw[0] = static_cast<std::uint8_t>((device * 7 + 3) % kDevicesMax);
    id.raw[1] = static_cast<std::uint8_t>(device);
    return id;
}
int numberOf(DeviceId const& device) { return device.raw[1]; }

void Rights::add(Entry const& entry) {
    auto const device = static_cast<std::size_t>(entry.device), scope = static_cast<std::size_t>(entry.scope);
    switch (entry.kind) {
        case Entry::Kind::None: break;
        case Entry::Kind::Enrol: enrolled[device] = true; break;
        case Entry::Kind::Grant:
            until[device][scope] = std::max(until[device][scope], entry.until);
            ever[device][scope] = true;
            break;
        case Entry::Kind::End: until[device][scope] = 0; break;
        case Entry::Kind::Revoke: revoked[device] = true; break;
    }
}
bool Rights::mayRead(int device, int scope, Time now) const {
    auto const d = static_cast<std::size_t>(device);
    if (device >= kDevicesMax || scope >= kScopes || !enrolled[d] || revoked[d]) return false;
    if (device == kServer || scope == kRegistry || scope == kCollege) return true;
    return now < until[d][static_cast<std::size_t>(scope)];
}
bool Rights::mayEverWrite(int device, int scope) const {
    auto const d = static_cast<std::size_t>(device);
    if (!enrolled[d]) return false;
    if (device == kServer || device == kKeeper || scope == kCollege) return true;
    return ever[d][static_cast<std::size_t>(scope)];
}

bool Store::takes(int scope, Time now) const {
    if (scope == kRegistry) return true;
    return m_rights.mayRead(m_device, scope, now) || m_holdsScope[static_cast<std::size_t>(scope)];
}

void Store::put(Number number, Has what) {
    if (m_held.size() <= static_cast<std::size_t>(number))
        m_held.resize(static_cast<std::size_t>(number) + 8, Has::Nothing);
    m_held[static_cast<std::size_t>(number)] = what;
    m_log.push_back(number);
    auto const& fact = m_frames->at(number);
    m_holdsScope[static_cast<std::size_t>(fact.scope)] = true;
    if (what == Has::All && fact.scope == kRegistry) foldRegistry();
    if (what == Has::All && fact.paper >= 0) named.try_emplace({fact.scope, fact.paper}, false);
}

/// Entries count in the order of their chain, and none without those before it.
void Store::foldRegistry() {
    std::map<std::uint64_t, Number> chain;
    for (Number number : m_log) {
        if (m_frames->at(number).scope == kRegistry && has(number) == Has::All)
            chain[m_frames->at(number).seq] = number;
    }
    m_rights = {};
    m_entries = 0;
    for (auto const& [seq, number] : chain) {
        if (seq != m_entries + 1) break;
        ++m_entries;
        m_rights.add(m_frames->at(number).entry);
    }
}

Number Store::write(int scope, std::size_t payloadBytes, Entry const& entry, bool newer, bool barred, int paper) {
    Fact fact;
    fact.device = m_device;
    fact.scope = scope;
    fact.newer = newer;
    fact.barred = barred;
    fact.entry = entry;
    fact.paper = paper;
    for (Number number : m_log) {
        auto const& held = m_frames->at(number);
        if (held.device != m_device || held.scope != scope || held.seq < fact.seq) continue;
        fact.seq = held.seq + 1;
        fact.prev = number;
    }
    Number const number = m_frames->add(std::move(fact), payloadBytes);
    put(number, Has::All);
    return number;
}

Answer Store::take(TravellingFrame const& travelling, Time now) {
    Answer answer{hashAs<FrameId>(travelling.header), Answer::What::Stored, {}, {}};
    auto const end = [&](Answer::What what, std::string_view reason) {
        answer.what = what;
        answer.reason = reason;
        return answer;
    };
    Number const number = m_frames->find(answer.frame);
    if (number == kNone) return end(Answer::What::Refused, "frame.form");
    auto const& fact = m_frames->at(number);
    if (fact.newer && !isNewer) return end(Answer::What::NeedsNewer, "frame.newer");
    if (has(number) == Has::All) return end(Answer::What::Known, {});
    if (!takes(fact.scope, now) && fact.device != m_device)
        return end(Answer::What::OutsideScopes, "scope.not-readable");
    bool const ofKeeper = fact.scope == kRegistry && fact.device == m_frames->keeper;
    if (!ofKeeper && !m_rights.mayEverWrite(fact.device, fact.scope)) {
        return end(Answer::What::WaitingForGrant, "grant.missing");
    }
    if (travelling.signature != fact.frame.signature) return end(Answer::What::Refused, "frame.signature");
    if (fact.barred) return end(Answer::What::Refused, "frame.barred");
    bool const whole = travelling.payload && *travelling.payload == *fact.frame.payload;
    if (has(number) == Has::Header) {
        if (!whole) return end(Answer::What::PayloadWanted, {});
        put(number, Has::All);
        return answer;
    }
    if (fact.prev != kNone && has(fact.prev) == Has::Nothing) {
        auto const waits =
            std::find_if(m_inbox.begin(), m_inbox.end(), [&](Waiting const& w) { return w.frame == number; });
        if (waits == m_inbox.end())
            m_inbox.push_back({number, whole});
        else
            waits->payload = waits->payload || whole;
        return end(Answer::What::WaitingForFrame, "frame.predecessor");
    }
    put(number, whole ? Has::All : Has::Header);
    return whole ? answer : end(Answer::What::PayloadWanted, {});
}

std::vector<Answer> Store::import(std::vector<TravellingFrame> const& frames, Time now) {
    std::vector<Answer> answers(frames.size());
    // Entries of the registry first: they say whose other frames may be taken.
    std::vector<std::size_t> order, others;
    for (std::size_t i = 0; i < frames.size(); ++i) {
        Number const number = m_frames->find(hashAs<FrameId>(frames[i].header));
        bool const isEntry = number != kNone && m_frames->at(number).scope == kRegistry;
        (isEntry ? order : others).push_back(i);
    }
    order.insert(order.end(), others.begin(), others.end());
    for (std::size_t i : order) {
        answers[i] = take(frames[i], now);
        // What waited for it, and in turn what waited for that.
        for (bool moved = !m_inbox.empty(); moved;) {
            moved = false;
            for (std::size_t at = 0; at < m_inbox.size(); ++at) {
                Waiting const waits = m_inbox[at];
                if (has(m_frames->at(waits.frame).prev) == Has::Nothing) continue;
                m_inbox.erase(m_inbox.begin() + static_cast<std::ptrdiff_t>(at));
                TravellingFrame again = m_frames->at(waits.frame).frame;
                if (!waits.payload) again.payload.reset();
                take(again, now);
                moved = true;
                break;
            }
        }
    }
    for (std::size_t i = 0; i < frames.size(); ++i) {
        if (answers[i].what != Answer::What::WaitingForFrame) continue;
        Number const number = m_frames->find(answers[i].frame);
        if (has(number) == Has::All) answers[i] = {answers[i].frame, Answer::What::Stored, {}, {}};
        if (has(number) == Has::Header) answers[i] = {answers[i].frame, Answer::What::PayloadWanted, {}, {}};
    }
    return answers;
}

TravellingFrame Store::frame(Number number) const {
    TravellingFrame frame = m_frames->at(number).frame;
    if (has(number) != Has::All) frame.payload.reset();
    return frame;
}

std::vector<Number> Store::beyond(std::vector<FeedTip> const& known,
                                  std::function<bool(int, int)> const& mayHave) const {
    // What they hold: the tips that are held here, and all below. A tip that is not held says nothing.
    std::vector<char> theirs(m_held.size(), 0);
    for (auto const& tip : known) {
        Number number = m_frames->find(tip.frame);
        if (number == kNone || has(number) == Has::Nothing) continue;
        auto const& fact = m_frames->at(number);
        if (deviceOf(fact.device) != tip.device || scopeOf(fact.scope) != tip.scope) continue;
        for (; number != kNone && theirs[static_cast<std::size_t>(number)] == 0; number = m_frames->at(number).prev) {
            theirs[static_cast<std::size_t>(number)] = 1;
        }
    }
    std::vector<Number> out;
    for (std::size_t i = 0; i < m_held.size(); ++i) {
        auto const number = static_cast<Number>(i);
        if (m_held[i] == Has::Nothing || theirs[i] != 0) continue;
        if (mayHave(m_frames->at(number).scope, m_frames->at(number).device)) out.push_back(number);
    }
    std::sort(out.begin(), out.end(), [&](Number a, Number b) {
        auto const& one = m_frames->at(a);
        auto const& two = m_frames->at(b);
        return std::tuple((one.scope != kRegistry), one.scope, one.device, one.seq, a) <
               std::tuple((two.scope != kRegistry), two.scope, two.device, two.seq, b);
    });
    return out;
}

std::vector<FeedTip> Store::tips(int peer, Time now, bool toAskWith) const {
    std::vector<char> hasChild(m_held.size(), 0);
    std::array<std::array<Number, kDevicesMax>, kScopes> wanted;
    for (auto& row : wanted) row.fill(kNone);
    std::array<bool, kScopes> both{}, mine{}, theirs{};
    for (int scope = 0; scope < kScopes; ++scope) {
        auto const s = static_cast<std::size_t>(scope);
        both[s] = bothRead(peer, scope, now);
        mine[s] = shares(peer, scope, m_device, now);
        theirs[s] = shares(peer, scope, peer, now);
    }
    auto const isShared = [&](Fact const& fact) {
        auto const s = static_cast<std::size_t>(fact.scope);
        return both[s] || (fact.device == m_device && mine[s]) || (fact.device == peer && theirs[s]);
    };
    for (std::size_t i = 0; i < m_held.size(); ++i) {
        if (m_held[i] == Has::Nothing) continue;
        auto const& fact = m_frames->at(static_cast<Number>(i));
        if (fact.prev != kNone) hasChild[static_cast<std::size_t>(fact.prev)] = 1;
        if (toAskWith && m_held[i] == Has::Header) {
            Number& lowest = wanted[static_cast<std::size_t>(fact.scope)][static_cast<std::size_t>(fact.device)];
            if (lowest == kNone || fact.seq < m_frames->at(lowest).seq) lowest = static_cast<Number>(i);
        }
    }
    std::vector<FeedTip> tips;
    auto const name = [&](Number number) {
        auto const& fact = m_frames->at(number);
        tips.push_back({scopeOf(fact.scope), deviceOf(fact.device), fact.id, fact.seq});
    };
    for (std::size_t i = 0; i < m_held.size(); ++i) {
        if (m_held[i] == Has::Nothing || hasChild[i] != 0) continue;
        auto const& fact = m_frames->at(static_cast<Number>(i));
        if (!isShared(fact)) continue;
        if (wanted[static_cast<std::size_t>(fact.scope)][static_cast<std::size_t>(fact.device)] == kNone) {
            name(static_cast<Number>(i));
        }
    }
    for (auto const& row : wanted) {
        for (Number lowest : row) {
            if (lowest == kNone || !isShared(m_frames->at(lowest))) continue;
            if (m_frames->at(lowest).prev != kNone) name(m_frames->at(lowest).prev);
        }
    }
    std::sort(tips.begin(), tips.end());
    return tips;
}

std::vector<FeedTip> Store::tipsToSend(int peer, Time now) const {
    auto tips = this->tips(peer, now);
    for (std::size_t i = tips.size(); i-- > 0;) {
        Number number = m_frames->at(m_frames->find(tips[i].frame)).prev;
        std::uint64_t next = 1;
        for (std::uint64_t below = 1; number != kNone; ++below, number = m_frames->at(number).prev) {
            if (below != next) continue;
            next *= 4;
            tips.push_back({tips[i].scope, tips[i].device, m_frames->at(number).id, m_frames->at(number).seq});
        }
    }
    std::sort(tips.begin(), tips.end());
    tips.erase(std::unique(tips.begin(), tips.end()), tips.end());
    return tips;
}

protocol::StoreState Store::state(Epoch const& salt, int peer, Time now) const {
    Bytes text = toBytes("digest");
    text.insert(text.end(), salt.raw.begin(), salt.raw.end());
    for (auto const& tip : tips(peer, now, false)) {
        text.push_back(static_cast<std::uint8_t>(numberOf(tip.scope)));
        text.insert(text.end(), tip.frame.raw.begin(), tip.frame.raw.end());
    }
    for (std::size_t i = 0; i < m_held.size(); ++i) {
        if (m_held[i] != Has::Header) continue;
        auto const& fact = m_frames->at(static_cast<Number>(i));
        if (!shares(peer, fact.scope, fact.device, now)) continue;
        text.push_back(255);
        text.insert(text.end(), fact.id.raw.begin(), fact.id.raw.end());
    }
    return {epoch, m_log.size(),
            *protocol::StateDigest::fromBytes(sha256(text).view().first(protocol::StateDigest::size)), m_entries};
}

void Store::forget(std::size_t lines) {
    std::vector<Number> const log(m_log.begin(),
                                  m_log.end() - static_cast<std::ptrdiff_t>(std::min(lines, m_log.size())));
    std::vector<Has> const held = std::exchange(m_held, {});
    m_log.clear();
    m_rights = {};
    m_entries = 0;
    m_holdsScope = {};
    for (Number number : log) put(number, held[static_cast<std::size_t>(number)]);
}

}  // namespace spiral::netsim
