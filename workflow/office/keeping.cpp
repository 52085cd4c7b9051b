#include "office/keeping.h"

#include "base/json.h"
#include "base/sha256.h"
#include "office_impl.h"

#include <algorithm>

namespace spiral::office {

Result<trust::Proposal> proposalFromBytes(ByteView bytes) {
    auto value = json::parse(bytes);
    if (!value) return value.error();
    auto const* object = value->asObject();
    if (!object) return makeError(ErrorCode::Malformed, "proposal.form", "no proposal");
    return trust::proposalFrom(*object);
}

namespace {

/// Whether the act was signed before the registry's present head.
bool sawAnotherHead(std::string_view actText, trust::RegistryPoint const& head) {
    auto const act = json::parse(actText);
    auto const* object = act ? act->asObject() : nullptr;
    auto const* reg = object ? json::objectAt(*object, "reg") : nullptr;
    auto const* hash = reg ? json::stringAt(*reg, "hash") : nullptr;
    return hash && *hash != head.hash.hex();
}

}  // namespace

Result<std::vector<ObjectId>> appendEntries(replica::Replica& replica, trust::Signer& signer,
                                            std::vector<trust::Proposal> const& proposals) {
    auto const person = replica.person();
    if (!person) return makeError(ErrorCode::WrongState, "replica.not-enrolled");
    if (replica.registry().keeper() != replica.device()) {
        return makeError(ErrorCode::Refused, "registry.not-keeper", replica.registry().keeper().hex());
    }
    trust::Registry grown = replica.registry();
    std::vector<replica::NewRow> rows;
    std::vector<ObjectId> ids;
    for (auto const& proposal : proposals) {
        trust::Record record;
        record.school = grown.school();
        record.scope = Scope::registry();
        auto const act = json::parse(proposal.act);
        auto const* object = act ? act->asObject() : nullptr;
        auto const* name = object ? json::stringAt(*object, "act") : nullptr;
        if (!name) return makeError(ErrorCode::Malformed, "registry.act", "the act names no kind");
        record.kind = *name + ".v1";
        record.by = {*person, replica.device()};
        record.role = {"keeper", Scope::registry()};
        record.body = trust::bodyOf(proposal);
        record.reg = grown.head();
        record.time = replica.world().wall.now();
        record.nonce = replica.world().random.token<Nonce>();
        std::string bytes = trust::encode(record);
        auto signature = signer.sign(trust::nameSpaceFor(record.kind, grown.domain()), asBytes(bytes));
        if (!signature) return signature.error();
        auto const outcome = grown.add(asBytes(bytes), *signature);
        if (outcome.added != trust::Registry::Added::Appended) {
            return makeError(ErrorCode::Refused, outcome.reason.empty() ? "registry.not-appended" : outcome.reason, record.kind);
        }
        ids.push_back(hashAs<ObjectId>(asBytes(bytes)));
        rows.push_back({{trust::Item::Kind::Record, ids.back()}, std::move(bytes), *signature});
    }
    for (std::size_t at = 0; at < rows.size(); at += trust::FrameHeader::kItemsMax) {
        auto const end = std::min(rows.size(), at + trust::FrameHeader::kItemsMax);
        auto sealed = replica.seal(Scope::registry(),
                                      {rows.begin() + static_cast<std::ptrdiff_t>(at), rows.begin() + static_cast<std::ptrdiff_t>(end)},
                                      signer);
        if (!sealed) return sealed.error();
    }
    return ids;
}

Result<ObjectId> appendProposal(replica::Replica& replica, trust::Signer& signer, ByteView bytes) {
    auto const& registry = replica.registry();
    auto const proposal = proposalFromBytes(bytes);
    if (!proposal) return proposal.error();
    if (registry.empty()) return makeError(ErrorCode::WrongState, "replica.not-enrolled");
    if (registry.keeper() != replica.device()) {
        return makeError(ErrorCode::Refused, "registry.not-keeper", registry.keeper().hex());
    }
    // One thread owns this replica and one process writes it, so the head judged here is the one appended to.
    if (auto const judged = registry.judge(*proposal); !judged) {
        auto const& error = judged.error();
        bool const isRepeated = error.reason == "registry.act-repeated";
        bool const overtaken = error.code == ErrorCode::Refused && !isRepeated && sawAnotherHead(proposal->act, registry.head());
        return overtaken ? makeError(ErrorCode::Refused, "registry.overtaken", error.reason) : error;
    }
    auto ids = appendEntries(replica, signer, {*proposal});
    if (!ids) return ids.error();
    return ids->front();
}

}  // namespace spiral::office
