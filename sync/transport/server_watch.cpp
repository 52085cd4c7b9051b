#include "transport/server_watch.h"

#include "trust/authority.h"

namespace spiral::transport {

namespace {

bool isServer(replica::Replica const& replica, DeviceId const& device) {
    auto const& registry = replica.registry();
    auto const* found = registry.empty() ? nullptr : registry.device(device);
    return found && found->kind == trust::Device::Kind::Server;
}

}  // namespace

std::vector<Withheld> withheldSince(replica::Replica const& replica, std::int64_t position,
                                    std::set<FrameId> const& excused) {
    std::vector<Withheld> withheld;
    replica.framesAfter(
        position,
        [&](std::int64_t, FrameId const&, trust::FrameHeader const& header) {
            if (!isServer(replica, header.device)) return false;
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

}  // namespace spiral::transport
