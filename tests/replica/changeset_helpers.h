// Rows made up for tests of payloads, and a database of the real schema that captures them with a real SQLite session.
#pragma once

#include "base/random.h"
#include "base/sha256.h"
#include "replica/changeset.h"

#include <sqlite3.h>

#include <deque>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace spiral::replica::test {

using trust::Item;

/// Rows together with the bytes that they point to.
class Rows {
public:
    Rows() = default;
    Rows(Rows&&) = default;
    Rows& operator=(Rows&&) = default;

    /// A row whose id is right.
    void add(Item::Kind kind, Bytes bytes, SeededRandom& random) {
        m_bytes.push_back(std::move(bytes));
        PayloadRow row;
        row.item = {kind, hashAs<ObjectId>(m_bytes.back())};
        if (kind == Item::Kind::Record) row.signature = random.token<trust::Signature>();
        row.bytes = m_bytes.back();
        m_rows.push_back(row);
    }
    [[nodiscard]] std::vector<PayloadRow> const& all() const { return m_rows; }
    [[nodiscard]] std::vector<Item> items() const {
        std::vector<Item> items;
        for (PayloadRow const& row : m_rows) items.push_back(row.item);
        return items;
    }

private:
    std::deque<Bytes> m_bytes;  // a deque does not move its elements when it grows
    std::vector<PayloadRow> m_rows;
};

inline Bytes randomBytes(std::size_t size, SeededRandom& random) {
    Bytes bytes(size);
    random.fill(bytes);
    return bytes;
}

/// `count` rows of both kinds with bytes of up to `bytesMax`.
inline Rows randomRows(std::size_t count, std::size_t bytesMax, SeededRandom& random) {
    Rows rows;
    for (std::size_t i = 0; i < count; ++i) {
        auto const kind = random.below(2) == 0 ? Item::Kind::Record : Item::Kind::Revision;
        rows.add(kind, randomBytes(static_cast<std::size_t>(random.below(bytesMax + 1)), random), random);
    }
    return rows;
}

inline bool sameRow(PayloadRow const& left, PayloadRow const& right) {
    return left.item == right.item && left.signature == right.signature && asText(left.bytes) == asText(right.bytes);
}
inline bool sameRows(std::vector<PayloadRow> const& left, std::vector<PayloadRow> const& right) {
    return std::equal(left.begin(), left.end(), right.begin(), right.end(), sameRow);
}

/// A database in memory. Nothing but these tests' own bytes ever reaches SQLite's session functions.
class Database {
public:
    static constexpr char const* kSchema =
        "CREATE TABLE revision(id BLOB NOT NULL PRIMARY KEY, bytes BLOB NOT NULL) STRICT;"
        "CREATE TABLE record(id BLOB NOT NULL PRIMARY KEY, sig BLOB NOT NULL, bytes BLOB NOT NULL) STRICT;";

    explicit Database(char const* schema = kSchema) {
        sqlite3* handle = nullptr;
        int const code = sqlite3_open(":memory:", &handle);
        m_handle.reset(handle);
        check(code);
        run(schema);
    }

    void run(std::string const& sql) { check(sqlite3_exec(m_handle.get(), sql.c_str(), nullptr, nullptr, nullptr)); }

    void insert(PayloadRow const& row) {
        bool const isRecord = row.item.kind == Item::Kind::Record;
        sqlite3_stmt* handle = nullptr;
        check(sqlite3_prepare_v2(
            m_handle.get(),
            isRecord ? "INSERT INTO record(id,sig,bytes) VALUES(?,?,?)" : "INSERT INTO revision(id,bytes) VALUES(?,?)",
            -1, &handle, nullptr));
        Statement const statement(handle);
        int column = 0;
        bind(handle, ++column, row.item.id.view());
        if (row.signature) bind(handle, ++column, row.signature->view());
        bind(handle, ++column, row.bytes);
        if (sqlite3_step(handle) != SQLITE_DONE) check(SQLITE_ERROR);
    }

    enum class Form { Changeset, Patchset };

    /// What a session attached to these tables, in this order, gives for all that `act` does.
    template <class Act>
    Bytes capture(std::vector<char const*> const& tables, Act const& act, Form form = Form::Changeset) {
        sqlite3_session* handle = nullptr;
        check(sqlite3session_create(m_handle.get(), "main", &handle));
        std::unique_ptr<sqlite3_session, Call<sqlite3session_delete>> const session(handle);
        for (char const* table : tables) check(sqlite3session_attach(handle, table));
        run("BEGIN IMMEDIATE");
        act();
        run("COMMIT");
        int size = 0;
        void* data = nullptr;
        check(form == Form::Changeset ? sqlite3session_changeset(handle, &size, &data)
                                      : sqlite3session_patchset(handle, &size, &data));
        std::unique_ptr<void, Call<sqlite3_free>> const owner(data);
        auto const* const first = static_cast<std::uint8_t const*>(data);
        return size == 0 ? Bytes{} : Bytes(first, first + size);
    }

    /// The changeset of one transaction that inserts the rows.
    Bytes captureInserts(std::vector<PayloadRow> const& rows) {
        return capture({"record", "revision"}, [&] {
            for (PayloadRow const& row : rows) insert(row);
        });
    }

    /// SQLite's own apply. For bytes that writeChangeset made from rows of the test, never for others.
    int apply(Bytes changeset) {
        return sqlite3changeset_apply(
            m_handle.get(), static_cast<int>(changeset.size()), changeset.data(), nullptr,
            [](void*, int, sqlite3_changeset_iter*) { return SQLITE_CHANGESET_ABORT; }, nullptr);
    }

    /// All rows of both tables as text, by id.
    [[nodiscard]] std::string content() {
        std::string text;
        auto const append = [](void* context, int count, char** values, char**) {
            for (int i = 0; i < count; ++i) *static_cast<std::string*>(context) += std::string(values[i]) + ' ';
            return 0;
        };
        check(sqlite3_exec(m_handle.get(), "SELECT hex(id), hex(bytes) FROM revision ORDER BY id", append, &text,
                           nullptr));
        check(sqlite3_exec(m_handle.get(), "SELECT hex(id), hex(sig), hex(bytes) FROM record ORDER BY id", append,
                           &text, nullptr));
        return text;
    }

private:
    template <auto Function>
    struct Call {
        template <class T>
        void operator()(T* handle) const noexcept {
            Function(handle);
        }
    };
    using Statement = std::unique_ptr<sqlite3_stmt, Call<sqlite3_finalize>>;

    void check(int code) const {
        if (code != SQLITE_OK) throw std::runtime_error(sqlite3_errmsg(m_handle.get()));
    }
    void bind(sqlite3_stmt* statement, int column, ByteView value) const {
        // A null pointer would bind NULL.
        check(value.empty()
                  ? sqlite3_bind_zeroblob(statement, column, 0)
                  : sqlite3_bind_blob(statement, column, value.data(), static_cast<int>(value.size()), SQLITE_STATIC));
    }

    std::unique_ptr<sqlite3, Call<sqlite3_close>> m_handle;
};

}  // namespace spiral::replica::test
