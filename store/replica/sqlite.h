// SQLite's handles as resources with one owner. Failures of the environment throw SqliteError; nothing here is an
// expected outcome. Private to store/replica.
#pragma once

#include "base/bytes.h"
#include "base/files.h"
#include "base/ids.h"
#include "replica/replica.h"

#include <sqlite3.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace spiral::replica {

template <auto Function>
struct Deleter {
    template <class Handle>
    void operator()(Handle* handle) const noexcept {
        Function(handle);
    }
};

class Database;

/// A prepared statement. Parameters are bound by position from 1; columns read from 0. reset() after use is automatic
/// when the statement is taken through Database::use().
class Statement {
public:
    Statement(Database& database, std::string_view sql);

    Statement& bind(int index, std::int64_t value);
    Statement& bind(int index, ByteView bytes);         ///< the bytes must live until step() is done
    Statement& bind(int index, std::string_view text);  ///< the same
    Statement& bindNull(int index);
    template <class Tag, std::size_t Size>
    Statement& bind(int index, Token<Tag, Size> const& token) {
        return bind(index, token.view());
    }

    /// True while there is a row.
    bool step();
    /// For statements without rows: runs once and resets.
    void run();
    void reset() noexcept;

    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] ByteView blob(int column) const;  ///< until the next step or reset
    [[nodiscard]] std::string_view text(int column) const;
    [[nodiscard]] bool isNull(int column) const;
    template <class Id>
    [[nodiscard]] Id token(int column) const {
        auto id = Id::fromBytes(blob(column));
        if (!id) damaged();
        return *id;
    }

private:
    [[noreturn]] void damaged() const;
    Database* m_database;
    std::unique_ptr<sqlite3_stmt, Deleter<sqlite3_finalize>> m_handle;
};

/// Resets a cached statement when it goes out of scope.
class Use {
public:
    explicit Use(Statement& statement) : m_statement(&statement) {}
    ~Use() { m_statement->reset(); }
    Use(Use const&) = delete;
    Use& operator=(Use const&) = delete;
    Statement* operator->() const { return m_statement; }
    Statement& operator*() const { return *m_statement; }

private:
    Statement* m_statement;
};

/// Inserts many rows with few statements: to begin and end one, with a cursor in each index, costs as much as a row.
/// Whatever fails, the transaction must be given up: a statement may have written some of its rows then.
class RowInserter {
public:
    /// `into`: the table with its columns in parentheses, of which there are so many. `ifThere`: an ON CONFLICT clause.
    RowInserter(Database& database, std::string into, int columns, std::string ifThere = {});

    /// The place of one row in a statement of several; columns are bound by position from 1, absent ones are NULL.
    class Row {
    public:
        Row(Statement& statement, int before) : m_statement(statement), m_before(before) {}
        template <class Value>
        Row& bind(int column, Value const& value) {
            m_statement.bind(m_before + column, value);
            return *this;
        }

    private:
        Statement& m_statement;
        int m_before;
    };

    /// Writes `count` rows; `bind(index, row)` binds one. What it binds must live until insert() is done.
    template <class Bind>
    void insert(std::size_t count, Bind bind) {
        for (std::size_t done = 0; done < count;) {
            std::size_t const rows = count - done < kRowsAtOnce ? 1 : kRowsAtOnce;
            Statement& statement = statementFor(rows);
            for (std::size_t i = 0; i < rows; ++i, ++done) {
                Row row(statement, static_cast<int>(i) * m_columns);
                bind(done, row);
            }
            statement.run();
        }
    }

private:
    static constexpr std::size_t kRowsAtOnce = 32;
    Statement& statementFor(std::size_t rows);
    Database& m_database;
    std::string m_into, m_ifThere;
    int m_columns;
    std::optional<Statement> m_one, m_many;  ///< prepared when they are needed: most batches are small
};

enum class OpenAs { Reader, Writer };

class Database {
public:
    /// Opens with everything hardened: DEFENSIVE on, TRUSTED_SCHEMA off, no extensions, mmap 0, bounded lengths.
    /// Writer: WAL, the given synchronous level, checkpoints of its own. Reader: never checkpoints.
    struct Options {
        OpenAs as = OpenAs::Writer;
        bool create = false;
        int pageBytes = 4096;  ///< of a file made anew
        bool fullSync = true;
        int cacheKib = 65536;
        int checkpointPages = 1000;  ///< of 4 KiB, after which a commit moves the log into the file
        std::function<void()> onLostSync{};  ///< called before a failed sync is thrown
    };
    Database(Path const& file, Options const& options);

    [[nodiscard]] sqlite3* handle() const noexcept { return m_handle.get(); }
    void execute(std::string_view sql);
    [[nodiscard]] std::int64_t integer(std::string_view sql);
    [[nodiscard]] std::string textOf(std::string_view sql);
    [[noreturn]] void fail(int code, std::string const& doing) const;
    void check(int code, char const* doing) const;
    [[nodiscard]] std::int64_t changes() const;
    [[nodiscard]] std::int64_t lastRowId() const;

private:
    friend class WriteTransaction;
    using Prepared = std::unique_ptr<sqlite3_stmt, Deleter<sqlite3_finalize>>;
    Prepared prepare(char const* sql);
    void runPrepared(Prepared const& statement, char const* doing);
    void rollBack() noexcept;
    [[noreturn]] void raise(int code, std::string const& doing, std::string const& message) const;

    Path m_folder;
    std::function<void()> m_onLostSync;
    std::unique_ptr<sqlite3, Deleter<sqlite3_close_v2>> m_handle;
    /// Parsed once: a small transaction is short beside the parser, and where there is no memory to parse, one must be
    /// undone all the same.
    Prepared m_begin, m_commit, m_rollback;
    bool m_toUndo = false;  ///< a transaction that could not be undone when it ended: undone before the next
};

/// begin immediate … commit(); rolled back when it goes out of scope uncommitted.
class WriteTransaction {
public:
    explicit WriteTransaction(Database& database);
    ~WriteTransaction();
    WriteTransaction(WriteTransaction const&) = delete;
    WriteTransaction& operator=(WriteTransaction const&) = delete;
    void commit();

private:
    Database& m_database;
    bool m_open = true;
};

}  // namespace spiral::replica
