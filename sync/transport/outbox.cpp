#include "transport/outbox.h"

#include "base/json.h"

namespace spiral::transport {

namespace {
/// Strict JSON, an array of texts.
constexpr std::string_view kOutboxNote = "outbox";
}  // namespace

std::vector<std::string> outbox(replica::Replica const& replica) {
    std::vector<std::string> waiting;
    auto const note = replica.note(kOutboxNote);
    auto const parsed = note && !note->empty() ? json::parse(*note) : Result<json::Value>(json::Value());
    auto const* list = parsed ? parsed->asArray() : nullptr;
    for (std::size_t i = 0; list && i < list->size(); ++i) {
        if (auto const* text = (*list)[i].asString()) waiting.push_back(*text);
    }
    return waiting;
}

void setOutbox(replica::Replica& replica, std::vector<std::string> const& waiting) {
    json::Array list;
    for (auto const& proposal : waiting) list.emplace_back(proposal);
    replica.setNote(kOutboxNote, json::encode(json::Value(std::move(list))));
}

bool isDecided(protocol::Proposed const& answer) { return answer.entry || answer.reason != "registry.not-keeper"; }

}  // namespace spiral::transport
