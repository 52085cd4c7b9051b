#include "transport/server_watch.h"

#include "base/json.h"
#include "trust/authority.h"

#include <algorithm>
#include <cstdlib>

namespace spiral::transport {

namespace {

constexpr std::string_view kWithheldNote = "withheld", kReceiptsSeenNote = "receipts-seen";

bool isServer(replica::Replica const& replica, DeviceId const& device) {
    auto const& registry = replica.registry();
    auto const* found = registry.empty() ? nullptr : registry.device(device);
    return found && found->kind == trust::Device::Kind::Server;
}

}  // namespace

std::vector<Withheld> withheldSince(replica::Replica const& replica, std::int64_t position,
                                    std::set<FrameId> const& excused) {
    std::vector<Withheld> withheld;
    std::vector<std::string> servers;
    if (!replica.registry().empty()) {
        for (auto const& device : replica.registry().devices()) {
            if (device.kind == trust::Device::Kind::Server) servers.push_back(device.id.hex());
        }
    }
    replica.framesAfter(
        position,
        [&](replica::LoggedFrame const& line) {
            bool const named = std::any_of(servers.begin(), servers.end(), [&](auto const& server) { return line.holds(server); });
            if (!named || !isServer(replica, line.header().device)) return false;
            auto const& header = line.header();
            for (auto const& item : header.items) {
                if (item.kind != trust::Item::Kind::Record) continue;
                auto const bytes = replica.recordBytes(item.id);
                auto const record = bytes ? trust::decodeRecord(bytes->bytes) : makeError(ErrorCode::NotFound, "record");
                if (!record || record->kind != "receipt.v1") continue;
                auto const receipt = trust::receiptBodyFrom(record->body);
                if (!receipt) continue;
                for (auto const& frame : receipt->frames) {
                    if (excused.contains(frame) || replica.frameBytes(frame)) continue;
                    withheld.push_back({frame, header.scope, header.device, item.id});
                }
            }
            return false;
        },
        [](std::int64_t, trust::TravellingFrame&&) { return false; });
    return withheld;
}

std::vector<TwoViews> viewsThatDiffer(replica::Replica const& replica) {
    std::vector<TwoViews> views;
    std::set<std::pair<Scope, DeviceId>> seen;
    for (auto const& tip : replica.tips()) {
        if (!isServer(replica, tip.device) || !seen.insert({tip.scope, tip.device}).second) continue;
        if (replica.feedForked(tip.device, tip.scope)) views.push_back({tip.device, tip.scope});
    }
    return views;
}

ReceiptWatch::ReceiptWatch(replica::Replica const& replica) {
    if (auto const seen = replica.note(kReceiptsSeenNote)) m_seen = std::strtoll(seen->c_str(), nullptr, 10);
    auto const note = replica.note(kWithheldNote);
    auto const parsed = note && !note->empty() ? json::parse(*note) : Result<json::Value>(json::Value());
    auto const* list = parsed ? parsed->asArray() : nullptr;
    for (std::size_t i = 0; list && i < list->size(); ++i) {
        auto const* object = (*list)[i].asObject();
        if (!object) continue;
        auto const text = [&](std::string_view key) {
            auto const* found = json::stringAt(*object, key);
            return found ? std::string_view(*found) : std::string_view();
        };
        auto const frame = FrameId::fromHex(text("frame"));
        auto const server = DeviceId::fromHex(text("server"));
        auto const receipt = ObjectId::fromHex(text("receipt"));
        auto const scope = Scope::parse(text("scope"));
        if (frame && server && receipt && scope) m_found.push_back({*frame, *scope, *server, *receipt});
    }
}

void ReceiptWatch::look(replica::Replica const& replica, std::set<FrameId> const& excused) {
    auto found = withheldSince(replica, m_seen, excused);
    if (!found.empty()) {
        // What came and waits for its predecessor was not withheld.
        std::set<FrameId> waiting;
        for (auto const& line : replica.inbox()) waiting.insert(line.frame);
        std::erase_if(found, [&](Withheld const& each) { return waiting.contains(each.frame); });
    }
    m_found = withheld(replica);
    std::move(found.begin(), found.end(), std::back_inserter(m_found));
    m_seen = replica.logEnd();
}

std::vector<Withheld> ReceiptWatch::withheld(replica::Replica const& replica) const {
    auto standing = m_found;
    std::erase_if(standing, [&](Withheld const& each) { return replica.frameBytes(each.frame).has_value(); });
    return standing;
}

std::map<std::string, std::string> ReceiptWatch::notes() const {
    json::Array list;
    for (auto const& each : m_found) {
        json::Object one;
        one.set("frame", each.frame.hex());
        one.set("receipt", each.receipt.hex());
        one.set("scope", each.scope.text());
        one.set("server", each.server.hex());
        list.emplace_back(std::move(one));
    }
    return {{std::string(kWithheldNote), json::encode(json::Value(std::move(list)))},
            {std::string(kReceiptsSeenNote), std::to_string(m_seen)}};
}

}  // namespace spiral::transport
