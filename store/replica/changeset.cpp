#include "replica/changeset.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <utility>

namespace spiral::replica {
namespace {

using namespace std::string_view_literals;
using trust::Item;

constexpr std::uint8_t kTableMark = 'T';
constexpr std::uint8_t kPatchsetMark = 'P';
constexpr std::uint8_t kInsert = 18;  // SQLITE_INSERT
constexpr std::uint8_t kDirect = 0;   // 1 would be a trigger's row, and no trigger of ours inserts
constexpr std::uint8_t kBlob = 4;     // SQLITE_BLOB
constexpr std::size_t kIdBytes = ObjectId::size;
constexpr std::size_t kSignatureBytes = trust::Signature::size;

/// A table as a session announces it: 'T', the number of columns, a flag for each (1: key), the name, a zero.
struct Table {
    Item::Kind kind;
    std::string_view name;
    std::string_view header;
};
constexpr std::array<Table, 2> kTables{{
    {Item::Kind::Record, "record"sv,
     "T\3\1\0\0"
     "record\0"sv},
    {Item::Kind::Revision, "revision"sv,
     "T\2\1\0"
     "revision\0"sv},
}};
constexpr std::size_t kColumnsMax = 3;
constexpr std::size_t kNameBytesMax = 8;

// operation, indirect flag; type, length and bytes of an id; type and length of the bytes, of which there may be none
constexpr std::size_t kRowBytesMin = 2 + 2 + kIdBytes + 2;

/// What is wrong. An enum, because a refusal is made of strings and a row should not pay for them.
enum class Fault {
    None,
    Columns,
    Empty,
    Length,
    Operation,
    Patchset,
    Table,
    TableRepeated,
    TooLong,
    TooManyRows,
    Truncated,
    Type,
    Varint,
};

Error refusal(Fault fault, std::size_t position) {
    std::string const at = "at byte " + std::to_string(position) + " of the changeset";
    switch (fault) {
        case Fault::None: break;
        case Fault::Columns:
            return makeError(ErrorCode::Malformed, "changeset.columns", "wrong columns or key flags " + at);
        case Fault::Empty: return makeError(ErrorCode::Malformed, "changeset.empty", "no row " + at);
        case Fault::Length: return makeError(ErrorCode::Malformed, "changeset.length", "wrong length " + at);
        case Fault::Operation:
            return makeError(ErrorCode::Malformed, "changeset.operation", "not a plain insert " + at);
        case Fault::Patchset: return makeError(ErrorCode::Malformed, "changeset.patchset", "a patchset " + at);
        case Fault::Table: return makeError(ErrorCode::Malformed, "changeset.table", "not a table we know " + at);
        case Fault::TableRepeated:
            return makeError(ErrorCode::Malformed, "changeset.table-repeated", "a table for the second time " + at);
        case Fault::TooLong: return makeError(ErrorCode::TooLarge, "changeset.length", "too long a value " + at);
        case Fault::TooManyRows:
            return makeError(ErrorCode::TooLarge, "changeset.too-many-rows", "too many rows " + at);
        case Fault::Truncated:
            return makeError(ErrorCode::Malformed, "changeset.truncated", "the end is missing " + at);
        case Fault::Type: return makeError(ErrorCode::Malformed, "changeset.type", "not a blob " + at);
        case Fault::Varint:
            return makeError(ErrorCode::Malformed, "changeset.varint", "a number in a longer form than needed " + at);
    }
    ensure(false, "a refusal has a fault");
    return {};
}

/// Bytes that SQLite's varint takes: seven bits a byte, most significant first; a ninth byte would carry eight.
std::size_t varintBytes(std::uint64_t value) noexcept {
    std::size_t count = 1;
    while (count < 9 && value >> (7 * count) != 0) ++count;
    return count;
}

/// The bytes not yet read. Each function advances only when it succeeds.
class Cursor {
public:
    explicit Cursor(ByteView bytes) noexcept : m_rest(bytes) {}

    [[nodiscard]] ByteView rest() const noexcept { return m_rest; }
    [[nodiscard]] bool atEnd() const noexcept { return m_rest.empty(); }
    void skip(std::size_t count) noexcept { m_rest = m_rest.subspan(count); }

    [[nodiscard]] Fault varint(std::uint64_t& value) noexcept {
        std::uint64_t sum = 0;
        std::size_t count = 0;
        for (bool more = true; more; ++count) {
            if (count == m_rest.size()) return Fault::Truncated;
            std::uint8_t const byte = m_rest[count];
            if (count == 8) {
                sum = sum << 8 | byte;
                more = false;
            } else {
                sum = sum << 7 | (byte & 0x7FU);
                more = (byte & 0x80U) != 0;
            }
        }
        if (count != varintBytes(sum)) return Fault::Varint;
        value = sum;
        skip(count);
        return Fault::None;
    }

    /// A value of type blob.
    [[nodiscard]] Fault blob(std::size_t bytesMax, ByteView& value) noexcept {
        if (m_rest.empty()) return Fault::Truncated;
        if (m_rest[0] != kBlob) return Fault::Type;
        Cursor next(m_rest.subspan(1));
        std::uint64_t length = 0;
        if (Fault const fault = next.varint(length); fault != Fault::None) return fault;
        if (length > bytesMax) return Fault::TooLong;
        if (length > next.m_rest.size()) return Fault::Truncated;
        value = next.m_rest.first(static_cast<std::size_t>(length));
        m_rest = next.m_rest.subspan(static_cast<std::size_t>(length));
        return Fault::None;
    }

    template <class Id>
    [[nodiscard]] Fault token(Id& id) noexcept {
        ByteView value;
        if (Fault const fault = blob(Id::size, value); fault != Fault::None) return fault;
        if (value.size() != Id::size) return Fault::Length;
        std::memcpy(id.raw.data(), value.data(), Id::size);
        return Fault::None;
    }

private:
    ByteView m_rest;
};

/// Which rule the bytes break that should announce a table. Only the words of the refusal depend on it: a table is
/// accepted if and only if its header is one of kTables, byte for byte.
Fault whyNoTable(ByteView bytes) noexcept {
    if (bytes[0] == kPatchsetMark) return Fault::Patchset;
    if (bytes[0] != kTableMark) return Fault::Table;
    Cursor cursor(bytes.subspan(1));
    std::uint64_t columns = 0;
    if (Fault const fault = cursor.varint(columns); fault != Fault::None) return fault;
    if (columns == 0 || columns > kColumnsMax) return Fault::Columns;
    if (cursor.rest().size() < columns) return Fault::Truncated;
    cursor.skip(static_cast<std::size_t>(columns));

    std::string_view const text = asText(cursor.rest()).substr(0, kNameBytesMax + 1);
    std::size_t const end = text.find('\0');
    if (end == std::string_view::npos) return text.size() <= kNameBytesMax ? Fault::Truncated : Fault::Table;
    bool const known = std::any_of(kTables.begin(), kTables.end(),
                                   [&](Table const& table) { return table.name == text.substr(0, end); });
    return known ? Fault::Columns : Fault::Table;
}

Fault readRow(Cursor& cursor, Item::Kind kind, PayloadRow& row) noexcept {
    if (cursor.rest()[0] != kInsert) return Fault::Operation;
    if (cursor.rest().size() < 2) return Fault::Truncated;
    if (cursor.rest()[1] != kDirect) return Fault::Operation;
    cursor.skip(2);

    row.item.kind = kind;
    if (Fault const fault = cursor.token(row.item.id); fault != Fault::None) return fault;
    if (kind == Item::Kind::Record) {
        if (Fault const fault = cursor.token(row.signature.emplace()); fault != Fault::None) return fault;
    }
    return cursor.blob(trust::kObjectBytesMax, row.bytes);
}

Fault readTables(Cursor& cursor, std::vector<PayloadRow>& rows) {
    auto const announcesTable = [](ByteView bytes) { return bytes[0] == kTableMark || bytes[0] == kPatchsetMark; };
    std::array<bool, kTables.size()> seen{};

    if (cursor.atEnd()) return Fault::Empty;
    while (!cursor.atEnd()) {
        auto const table = std::find_if(kTables.begin(), kTables.end(), [&](Table const& candidate) {
            return asText(cursor.rest()).starts_with(candidate.header);
        });
        if (table == kTables.end()) return whyNoTable(cursor.rest());
        bool& seenBefore = seen[static_cast<std::size_t>(table - kTables.begin())];
        if (std::exchange(seenBefore, true)) return Fault::TableRepeated;
        cursor.skip(table->header.size());

        // A session announces no table in which nothing changed.
        if (cursor.atEnd() || announcesTable(cursor.rest())) return Fault::Empty;
        do {
            if (rows.size() == trust::FrameHeader::kItemsMax) return Fault::TooManyRows;
            if (Fault const fault = readRow(cursor, table->kind, rows.emplace_back()); fault != Fault::None)
                return fault;
        } while (!cursor.atEnd() && !announcesTable(cursor.rest()));
    }
    return Fault::None;
}

/// Writes into memory that is known to be large enough.
class Writer {
public:
    explicit Writer(Bytes& out) noexcept : m_next(out.data()) {}

    void byte(std::uint8_t value) noexcept { *m_next++ = value; }
    void bytes(ByteView value) noexcept {
        if (!value.empty()) std::memcpy(m_next, value.data(), value.size());
        m_next += value.size();
    }
    void blob(ByteView value) noexcept {
        byte(kBlob);
        // At most kObjectBytesMax, so the ninth byte with its eight bits never comes up.
        for (std::size_t left = varintBytes(value.size()); left > 0; --left) {
            std::size_t const bits = value.size() >> (7 * (left - 1)) & 0x7FU;
            byte(static_cast<std::uint8_t>(left > 1 ? bits | 0x80U : bits));
        }
        bytes(value);
    }
    [[nodiscard]] std::uint8_t const* position() const noexcept { return m_next; }

private:
    std::uint8_t* m_next;
};

std::size_t blobBytes(std::size_t size) noexcept { return 1 + varintBytes(size) + size; }

}  // namespace

Result<std::vector<PayloadRow>> readChangeset(ByteView changeset) {
    std::vector<PayloadRow> rows;
    rows.reserve(std::min(trust::FrameHeader::kItemsMax, changeset.size() / kRowBytesMin));
    Cursor cursor(changeset);
    if (Fault const fault = readTables(cursor, rows); fault != Fault::None) {
        return refusal(fault, changeset.size() - cursor.rest().size());
    }
    return rows;
}

Bytes writeChangeset(std::vector<PayloadRow> const& rows) {
    std::size_t size = 0;
    std::array<bool, kTables.size()> used{};
    for (PayloadRow const& row : rows) {
        bool const isRecord = row.item.kind == Item::Kind::Record;
        ensure(row.signature.has_value() == isRecord, "a record has a signature, a revision has none");
        ensure(row.bytes.size() <= trust::kObjectBytesMax, "an object is within its limit");
        size += 2 + blobBytes(kIdBytes) + (isRecord ? blobBytes(kSignatureBytes) : 0) + blobBytes(row.bytes.size());
        used[isRecord ? 0 : 1] = true;
    }
    for (std::size_t i = 0; i < kTables.size(); ++i) size += used[i] ? kTables[i].header.size() : 0;

    Bytes out(size);
    Writer writer(out);
    for (std::size_t i = 0; i < kTables.size(); ++i) {
        if (!used[i]) continue;
        writer.bytes(asBytes(kTables[i].header));
        for (PayloadRow const& row : rows) {
            if (row.item.kind != kTables[i].kind) continue;
            writer.byte(kInsert);
            writer.byte(kDirect);
            writer.blob(row.item.id.view());
            if (row.signature) writer.blob(row.signature->view());
            writer.blob(row.bytes);
        }
    }
    ensure(writer.position() == out.data() + out.size(), "a changeset has the size that was counted");
    return out;
}

}  // namespace spiral::replica
