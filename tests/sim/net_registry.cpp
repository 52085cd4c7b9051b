// A server that keeps the registry: what members propose reaches it with a session, and is appended by compare-and-swap.
#include "net_college.h"

#include <algorithm>
#include <string>

namespace spiral::netsim {

namespace {

Bytes bytesOf(std::size_t proposal) { return toBytes("proposal " + std::to_string(proposal)); }
std::size_t numberOfProposal(ByteView bytes) { return std::stoul(std::string(asText(bytes)).substr(9)); }
ObjectId idOf(Number entry) {
    ObjectId id;
    for (std::size_t i = 0; i < 4; ++i) id.raw[i] = static_cast<std::uint8_t>(entry >> (8 * i));
    return id;
}

}  // namespace

bool World::suffices(Rights const& rights, Proposal const& proposal) {
    auto const& entry = proposal.entry;
    auto const by = static_cast<std::size_t>(proposal.by), device = static_cast<std::size_t>(entry.device);
    if (!rights.enrolled[by] || rights.revoked[by]) return false;
    Time const until = rights.until[device][static_cast<std::size_t>(entry.scope)];
    switch (entry.kind) {
        case Entry::Kind::Revoke: return !rights.revoked[device];
        case Entry::Kind::End: return until != 0;
        case Entry::Kind::Grant: return until < entry.until;
        default: return false;
    }
}

void World::propose(int number, Entry const& entry) {
    auto& node = at(number);
    if (!node.up || node.lost || number == m_keeper) return;
    node.proposals.push_back(m_proposals.size());
    m_proposals.push_back({node.store.device(), entry, kNone, {}});
    met("proposed");
    note([&] {
        static constexpr std::array<std::string_view, 5> words{"nothing", "enrol", "grant", "end", "revoke"};
        return name(number) + " proposes " + std::to_string(m_proposals.size() - 1) + ": " +
               std::string(words[static_cast<std::size_t>(entry.kind)]) + " device " + std::to_string(entry.device) +
               ", scope " + std::to_string(entry.scope);
    });
}

/// All that the caller wants decided, with each call till it is.
void World::sendProposals(int number) {
    auto& end = line(number).ends[0];
    if (line(number).ends[1].node != m_keeper) return;
    end.proposals = at(end.node).proposals;
    if (end.proposals.empty()) return;
    end.session->setBusy(true);
    for (std::size_t const proposal : end.proposals) post(number, 0, protocol::Propose{bytesOf(proposal)});
}

void World::onDelivered(int number, int side, Message const& message) {
    auto& end = line(number).ends[side];
    auto& node = at(end.node);
    if (auto const* propose = std::get_if<protocol::Propose>(&message)) {
        auto& proposal = m_proposals[numberOfProposal(propose->proposal)];
        protocol::Proposed told;
        if (end.node != m_keeper) {
            told.reason = "registry.not-keeper";
        } else if (proposal.appended != kNone) {
            told.reason = "registry.act-repeated";
            met("proposed again");
        } else if (!suffices(node.store.rights(), proposal)) {
            told.reason = "registry.overtaken";
            proposal.refusals.push_back({number, node.store.entries()});
            met("overtaken");
        } else {
            proposal.appended = node.store.write(kRegistry, 10, proposal.entry);
            told.entry = idOf(proposal.appended);
            met("appended");
        }
        bool const grew = told.entry.has_value();
        post(number, side, std::move(told));
        if (grew) news(end.node);
    } else if (auto const* proposed = std::get_if<protocol::Proposed>(&message)) {
        require(end.told < end.proposals.size(), "an answer to no proposal");
        std::size_t const which = end.proposals[end.told++];
        checkTold(number, m_proposals[which], *proposed);
        std::erase(node.proposals, which);
        noteBusy(number, side);
    } else {
        onPieces(number, side, message);
    }
}

/// A refusal is said of the registry as it was then. Who hands in the same a second time may have it appended, and of two
/// lines the one with the refusal may be the slower: both words are true, each at its place in the chain. On her only line
/// nobody hears a refusal of what is in.
void World::checkTold(int number, Proposal const& proposal, protocol::Proposed const& told) const {
    bool const isIn = proposal.appended != kNone;
    if (told.entry) {
        require(told.entry == idOf(proposal.appended), "another entry than was appended is named");
    } else if (told.reason == "registry.act-repeated") {
        require(isIn, "an entry is called repeated that is not there");
    } else {
        auto const said = std::find_if(proposal.refusals.begin(), proposal.refusals.end(),
                                       [&](Proposal::Refusal const& refusal) { return refusal.line == number; });
        require(said != proposal.refusals.end(), "a refusal that the keeper did not say on this line");
        require(!isIn || !m_lines[static_cast<std::size_t>(number)]->ends[0].alone, "refused, and appended all the same");
        require(!isIn || m_frames.at(proposal.appended).seq > said->entries, "refused, though it was in by then");
    }
}

void World::checkRegistry() const {
    std::vector<Number> chain;
    for (Number number = 0; number < m_frames.count(); ++number) {
        if (m_frames.at(number).scope == kRegistry) chain.push_back(number);
    }
    for (std::size_t place = 0; place < chain.size(); ++place) {
        auto const& fact = m_frames.at(chain[place]);
        require(fact.seq == place + 1 && fact.device == m_keeper, "the registry is no chain of its keeper's");
        require(place == 0 || fact.prev == chain[place - 1], "the registry is forked");
    }
    for (auto const& proposal : m_proposals) {
        for (auto const& refusal : proposal.refusals) {
            Rights then;
            for (std::size_t place = 0; place < refusal.entries; ++place) then.add(m_frames.at(chain[place]).entry);
            require(!suffices(then, proposal), "refused, though nothing stood against it then");
        }
    }
    std::vector<Number> appended;
    for (auto const& proposal : m_proposals) {
        if (proposal.appended == kNone) continue;
        appended.push_back(proposal.appended);
        Rights before;
        for (Number const number : chain) {
            if (number == proposal.appended) break;
            before.add(m_frames.at(number).entry);
        }
        require(suffices(before, proposal), "appended, though it was overtaken");
    }
    std::sort(appended.begin(), appended.end());
    require(std::adjacent_find(appended.begin(), appended.end()) == appended.end(), "two proposals and one entry");
    for (int number = 0; number < static_cast<int>(m_nodes.size()); ++number) {
        if (!mayCall(number)) continue;
        require(m_nodes[static_cast<std::size_t>(number)].proposals.empty(), "somebody waits for the keeper for ever");
    }
}

}  // namespace spiral::netsim
