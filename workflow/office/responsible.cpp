#include "responsible.h"

#include "grants.h"

#include "base/sha256.h"

#include <algorithm>
#include <limits>

namespace spiral::office {

namespace {

std::optional<PersonId> personField(Office& office, replica::ListedDocument const& listed) {
    if (listed.row.heads.empty()) return std::nullopt;
    auto const bytes = office.replica().revisionBytes(listed.row.heads.front());
    auto const revision = bytes ? trust::decodeRevision(*bytes) : Result<trust::Revision>(Error{});
    auto const* text = revision ? json::stringAt(revision->fields, "person") : nullptr;
    return text ? PersonId::parse(*text) : std::nullopt;
}

}  // namespace

bool takesPart(replica::ItemRow const& item) {
    return item.count == replica::Count::Current || item.count == replica::Count::Superseded ||
           item.count == replica::Count::Different;
}

std::optional<engine::Act> actOf(Office& office, ObjectId const& id) {
    auto const bytes = office.replica().recordBytes(id);
    auto const record = bytes ? trust::decodeRecord(bytes->bytes) : Result<trust::Record>(Error{});
    return record ? engine::actFrom(id, *record) : std::nullopt;
}

std::optional<PersonId> personNamed(Office& office, replica::ListedDocument const& listed) {
    auto const summary = json::parse(listed.row.summary);
    auto const* given = summary && summary->asObject() ? json::stringAt(*summary->asObject(), "person") : nullptr;
    auto person = given ? PersonId::parse(*given) : std::nullopt;
    return person ? person : personField(office, listed);
}

std::optional<PersonId> personInCharge(Office& office, replica::ListedDocument const& listed) {
    auto const person = personNamed(office, listed);
    if (person && !rolesAllow(office, grantsInForce(office, *person), "write", listed.scope)) return std::nullopt;
    return person;
}

bool wouldStand(Office& office, replica::DocumentFacts const& facts, ObjectId const& revision, std::string_view kind,
                PersonId const& person, std::vector<trust::Grant> const& grants) {
    auto& replica = office.replica();
    auto const& registry = office.registry();
    for (auto const& grant : grants) {
        if (!grant.role.scope.covers(facts.scope)) continue;
        trust::Record record;
        record.school = registry.school();
        record.scope = facts.scope;
        record.kind = std::string(kind) + ".v1";
        record.by = {person, replica.device()};
        record.role = grant.role;
        record.of = trust::Target{facts.scope, revision};
        record.reg = registry.head();
        record.time = replica.world().wall.now();
        trust::Row fresh;
        fresh.id = hashAs<ObjectId>(asBytes(trust::encode(record)));
        fresh.object = std::move(record);
        trust::Place place;
        place.device = replica.device();
        place.scope = facts.scope;
        place.school = registry.school();
        place.reg = registry.head();
        place.seq = std::numeric_limits<std::uint32_t>::max();
        fresh.places.push_back(place);
        ObjectId const id = fresh.id;
        auto rows = facts.rows;
        rows.insert(std::lower_bound(rows.begin(), rows.end(), id,
                                     [](trust::Row const& row, ObjectId const& wanted) { return row.id < wanted; }),
                    std::move(fresh));
        auto const judged = trust::judgeDocument(
            rows, registry, [&](DeviceId const& device, Scope const& in, FrameId const& frame, FrameId const& cut) {
                return replica.standsBelow(device, in, frame, cut);
            });
        auto const found = judged.find(id);
        if (found != judged.end() && trust::stands(found->second.verdict)) return true;
    }
    return false;
}

}  // namespace spiral::office
