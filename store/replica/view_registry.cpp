// What a grown registry makes doubtful. A row is judged by the registry as it was at the row's own entry number, so
// later grants, devices and policies change nothing about it. Four things do: an entry that a row waits for; a
// revocation, which counts for ever back; the successor of the head on which a high act relies; a redaction. And a fork
// of the registry, which may change the place of every point.
#include "view_impl.h"
#include "view_statements.h"

#include "base/json.h"

#include <algorithm>

namespace spiral::replica {

std::string FollowingView::headsText(trust::Registry const& registry) {
    if (registry.empty()) return {};
    std::string text;
    for (auto const& head : registry.heads()) text += std::to_string(head.seq) + ":" + head.hash.hex() + " ";
    return text;
}

namespace {

/// The only head of a text that headsText() made, if it has just one.
std::optional<trust::RegistryPoint> onlyHead(std::string_view text) {
    auto const colon = text.find(':');
    if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos) return std::nullopt;
    auto const hash = ObjectId::fromHex(text.substr(colon + 1, 2 * ObjectId::size));
    if (!hash) return std::nullopt;
    return trust::RegistryPoint{std::stoull(std::string(text.substr(0, colon))), *hash};
}

std::vector<ObjectId> redactedBy(trust::Record const& entry) {
    std::vector<ObjectId> ids;
    if (nameWithoutVersion(entry.kind) != "redact") return ids;
    auto const* text = json::stringAt(entry.body, "act");
    auto const act = text ? json::parse(*text) : Result<json::Value>(Error{});
    auto const* members = act ? act->asObject() : nullptr;
    auto const* list = members ? json::arrayAt(*members, "ids") : nullptr;
    if (!list) return ids;
    for (auto const& value : *list) {
        if (auto const id = value.asString() ? ObjectId::fromHex(*value.asString()) : std::nullopt) ids.push_back(*id);
    }
    return ids;
}

}  // namespace

FollowingView::RegistryGrowth FollowingView::noteRegistry(Work& work) {
    auto const& registry = m_replica.registry();
    std::string const before = meta("registry");
    std::string const after = headsText(registry);
    if (before == after) return RegistryGrowth::Same;
    if (after.empty())
        return RegistryGrowth::Outdated;  // a store never loses its registry; this reader opened too early
    if (!before.empty()) {
        auto const head = onlyHead(before);
        bool const grew = head && !registry.forked() && registry.isAncestorOrSelf(*head, registry.head());
        if (head && !grew && !registry.locate(*head) && registry.head().seq < head->seq)
            return RegistryGrowth::Outdated;
        if (!grew) {
            doubtEverything(work);
        } else {
            Statement statement(*m_db, "SELECT document FROM on_head");
            while (statement.step()) work.documents.insert(statement.integer(0));
            m_db->execute("DELETE FROM on_head");
            std::map<PersonId, std::vector<DeviceId>> devicesOf;
            auto const devices = registry.devices();
            for (auto const& device : devices) {
                devicesOf[device.person].push_back(device.id);
                for (auto const& revocation : registry.revocationsOf(device.id)) {
                    if (revocation.since > head->seq) doubtAbove(revocation, device.id, work);
                }
            }
            // A revoked grant takes with it what relied on it, also through a delegation.
            for (auto const& [person, theirs] : devicesOf) {
                for (auto const& grant : registry.grantsOf(person)) {
                    auto revocations = registry.revocationsOf(grant.id);
                    if (grant.delegatedFrom) {
                        auto const& origin = registry.revocationsOf(*grant.delegatedFrom);
                        revocations.insert(revocations.end(), origin.begin(), origin.end());
                    }
                    for (auto const& revocation : revocations) {
                        if (revocation.since <= head->seq) continue;
                        for (auto const& device : theirs) doubtAbove(revocation, device, work);
                    }
                }
            }
            auto const chain = registry.chain();
            for (std::size_t i = head->seq; i < chain.size(); ++i) {
                for (auto const& id : redactedBy(chain[i].second)) redact(id, work);
            }
        }
    } else {
        // Nothing could be judged without a registry. Entries that came before it was taken in name redactions, too.
        for (auto const& [id, entry] : registry.chain()) {
            for (auto const& redacted : redactedBy(entry)) redact(redacted, work);
        }
    }
    wake(0, work);
    setMeta("registry", after);
    return RegistryGrowth::Grown;
}

void FollowingView::doubtEverything(Work& work) {
    m_db->execute("DELETE FROM on_head");
    Statement documents(*m_db, "SELECT document FROM document");
    while (documents.step()) work.documents.insert(documents.integer(0));
    Statement alone(*m_db, "SELECT item FROM item WHERE document IS NULL AND frame IS NOT NULL AND state IN (1, 2)");
    while (alone.step()) work.alone.insert(alone.integer(0));
    if (!m_feedsLoaded) (void)findFeed({}, {});
    for (auto const& [key, feed] : m_feeds) {
        if (feed.forked) work.branching.insert(feed.feed);
    }
}

/// Frames below a cut that is held stand as before; what lies above, or beside a cut that is not held, is judged again.
/// A cut may also decide which branch of a forked feed stands.
void FollowingView::doubtAbove(trust::Revocation const& revocation, DeviceId const& device, Work& work) {
    if (!m_feedsLoaded) (void)findFeed(device, {});
    std::vector<FeedLine const*> feeds;
    for (auto found = m_feeds.lower_bound({device, Scope{}}); found != m_feeds.end() && found->first.first == device;
         ++found) {
        feeds.push_back(&found->second);
    }
    for (auto const* feed : feeds) {
        if (feed->forked) work.branching.insert(feed->feed);
        std::int64_t from = 0;
        for (auto const& cut : revocation.cuts) {
            if (cut.device != device || cut.scope != feed->scope || feed->forked) continue;
            Use use(m_sql->frameById);
            use->bind(1, cut.frame);
            bool const isHeld = use->step() && !use->isNull(1) && use->integer(1) == feed->feed;
            if (isHeld) from = std::max(from, use->integer(2) + 1);
        }
        doubtFrames(feed->feed, from, work);
    }
}

}  // namespace spiral::replica
