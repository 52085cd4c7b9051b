// What the reader accepts, the writer writes again: the same rows, records first, and from then on the same bytes.
#include "base/result.h"
#include "replica/changeset.h"

#include <algorithm>

using namespace spiral;
using namespace spiral::replica;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ByteView const input(data, size);
    auto rows = readChangeset(input);
    if (!rows) return 0;
    ensure(!rows->empty() && rows->size() <= trust::FrameHeader::kItemsMax, "the number of rows is within its limits");
    for (PayloadRow const& row : *rows) {
        ensure(row.bytes.data() >= data && row.bytes.data() + row.bytes.size() <= data + size,
               "rows point into the input");
        ensure(row.signature.has_value() == (row.item.kind == trust::Item::Kind::Record), "records have signatures");
    }

    Bytes const written = writeChangeset(*rows);
    ensure(written.size() == size, "a changeset has one form, but for the order of its tables");
    auto const again = readChangeset(written);
    ensure(again.has_value(), "what was written reads");
    std::stable_partition(rows->begin(), rows->end(),
                          [](PayloadRow const& row) { return row.item.kind == trust::Item::Kind::Record; });
    bool const same = std::equal(rows->begin(), rows->end(), again->begin(), again->end(),
                                 [](PayloadRow const& left, PayloadRow const& right) {
                                     return left.item == right.item && left.signature == right.signature &&
                                            asText(left.bytes) == asText(right.bytes);
                                 });
    ensure(same, "what was written reads back equal");
    ensure(writeChangeset(*again) == written, "the writer's form is stable");
    return 0;
}
