// A payload from a peer: one byte for the codec, two for the length of the parent's bytes, these, then the payload.
// For ZstdOnParent the id of the parent is put in front, so that the frame behind it is reached.
#include "base/result.h"
#include "base/sha256.h"
#include "replica/changeset.h"

#include <algorithm>
#include <optional>

using namespace spiral;
using namespace spiral::replica;

namespace {

void packsAndUnpacks(ByteView changeset, std::optional<PackParent> const& parent) {
    Payload const payload = pack(changeset, parent, 1);
    ensure(payload.bytes.size() <= changeset.size(), "packing does not make larger");
    auto const back = unpack(payload.codec, payload.bytes, parent ? std::optional(parent->bytes) : std::nullopt);
    ensure(back.has_value() && asText(*back) == asText(changeset), "what was packed unpacks");
}

void opens(ByteView changeset) {
    auto const rows = readChangeset(changeset);
    if (!rows) return;
    trust::FrameHeader header;
    for (PayloadRow const& row : *rows) header.items.push_back(row.item);
    auto const opened = openPayload(header, Codec::Raw, changeset, std::nullopt);
    if (!opened) return;
    ensure(opened->rows.size() == rows->size(), "every row is there");
    for (std::size_t i = 0; i < rows->size(); ++i) {
        ensure(opened->rows[i].item == header.items[i], "rows come in the order of the items");
        ensure(hashAs<ObjectId>(opened->rows[i].bytes) == header.items[i].id, "each id is the hash of its bytes");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ByteView input(data, size);
    if (input.size() < 3) return 0;
    auto const codec = static_cast<Codec>(input[0]);
    std::size_t const parentSize = std::min(std::size_t{input[1]} << 8 | input[2], input.size() - 3);
    ByteView const parentBytes = input.subspan(3, parentSize);
    input = input.subspan(3 + parentSize);
    auto const parentId = hashAs<ObjectId>(parentBytes);

    Bytes stored;
    if (codec == Codec::ZstdOnParent) stored.assign(parentId.raw.begin(), parentId.raw.end());
    stored.insert(stored.end(), input.begin(), input.end());
    auto const changeset = unpack(codec, stored, parentBytes);
    if (changeset) {
        ensure(changeset->size() <= kPayloadRawMax, "nothing unpacks to more than the limit");
        opens(*changeset);
    }
    // Large ones would only slow the search for short bad ones down.
    if (changeset && changeset->size() <= 65536) packsAndUnpacks(*changeset, PackParent{parentId, parentBytes});
    packsAndUnpacks(input, std::nullopt);
    packsAndUnpacks(input, PackParent{parentId, parentBytes});
    return 0;
}
