// What a member's own program may write with a good key and no office would: any document id, type, fields and times.
#pragma once

#include "people.h"

#include "base/sha256.h"

namespace spiral::office {

struct Forged {
    DocumentKey document;
    std::string type = "task.v1";
    json::Object fields;
    std::vector<ObjectId> parents;
    std::optional<Instant> time;  ///< claimed; else what the clock says
};

/// Seals revisions on this place's device, whatever an office would say of them; their ids. The place is opened anew.
inline std::vector<ObjectId> forges(Workplace& place, std::vector<Forged> const& all) {
    auto const bytes = systemFiles().read(place.folder() / "keys" / "device.key", 1 << 16);
    REQUIRE(bytes);
    auto key = trust::SecretKey::unwrap(*bytes, kPassphrase);
    REQUIRE(key);
    auto& replica = place->replica();
    static std::uint64_t seed = 900;
    SeededRandom random(++seed);
    std::vector<ObjectId> ids;
    for (auto const& forged : all) {
        trust::Revision revision;
        revision.school = place->registry().school();
        revision.scope = forged.document.scope;
        revision.doc = forged.document.doc;
        revision.type = forged.type;
        revision.parents = forged.parents;
        revision.fields = forged.fields;
        revision.by = {*replica.person(), replica.device()};
        revision.time = replica.clock().next();
        if (forged.time) revision.time = {*forged.time, 0};
        revision.nonce = random.token<Nonce>();
        std::string text = trust::encode(revision);
        ids.push_back(hashAs<ObjectId>(asBytes(text)));
        auto const sealed =
            replica.seal(revision.scope, {{{trust::Item::Kind::Revision, ids.back()}, std::move(text), {}}}, *key);
        INFO((sealed ? "" : sealed.error().reason));
        REQUIRE(sealed);
    }
    place.open();
    return ids;
}

/// An act as no office would sign it.
struct ForgedAct {
    std::string kind;  ///< `extend.v1`
    DocumentKey document;
    ObjectId of;
    trust::Role role;
    json::Object body;
};

/// Signs and seals an act on this place's device, whatever workflow and authority say of it; its id.
inline ObjectId forges(Workplace& place, ForgedAct const& forged) {
    auto const bytes = systemFiles().read(place.folder() / "keys" / "device.key", 1 << 16);
    REQUIRE(bytes);
    auto key = trust::SecretKey::unwrap(*bytes, kPassphrase);
    REQUIRE(key);
    auto& replica = place->replica();
    static std::uint64_t seed = 1900;
    SeededRandom random(++seed);
    trust::Record record;
    record.school = place->registry().school();
    record.scope = forged.document.scope;
    record.kind = forged.kind;
    record.by = {*replica.person(), replica.device()};
    record.role = forged.role;
    record.of = trust::Target{forged.document.scope, forged.of};
    record.body = forged.body;
    record.reg = place->registry().head();
    record.time = place.clock.now();
    record.nonce = random.token<Nonce>();
    std::string text = trust::encode(record);
    ObjectId const id = hashAs<ObjectId>(asBytes(text));
    auto const signature = key->sign(trust::nameSpaceFor(record.kind, place->registry().domain()), asBytes(text));
    REQUIRE(signature);
    auto const sealed =
        replica.seal(record.scope, {{{trust::Item::Kind::Record, id}, std::move(text), *signature}}, *key);
    INFO((sealed ? "" : sealed.error().reason));
    REQUIRE(sealed);
    place.open();
    return id;
}

}  // namespace spiral::office
