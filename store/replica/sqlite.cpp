#include "sqlite.h"

#include <cerrno>

#include <sys/statvfs.h>

namespace spiral::replica {

namespace {

/// SQLite says FULL of a failed write only; a log or an index of it that cannot be made is CANTOPEN or IOERR to it,
/// whatever the system's reason was. People need to hear that the disk is full.
int withSystemReason(sqlite3* handle, Path const& folder, int code) {
    int const primary = code & 0xff;
    if (!handle || (primary != SQLITE_IOERR && primary != SQLITE_CANTOPEN)) return code;
    int const reason = sqlite3_system_errno(handle);
    if (reason == ENOSPC || reason == EDQUOT) return SQLITE_FULL;
    // Where a file could not be made SQLite tries to open it for reading, and that failure is what it remembers.
    struct statvfs room {};
    if (primary != SQLITE_CANTOPEN || ::statvfs(folder.c_str(), &room) != 0) return code;
    return room.f_bavail == 0 || (room.f_files != 0 && room.f_favail == 0) ? SQLITE_FULL : code;
}

}  // namespace

SqliteError::SqliteError(int extendedCode, std::string const& doing, std::string const& message)
    : std::runtime_error(doing + ": " + message + " (SQLite " + std::to_string(extendedCode) + ")"),
      m_code(extendedCode) {}

bool SqliteError::damaged() const noexcept {
    int const code = m_code & 0xff;
    return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

Error SqliteError::toError() const {
    int const code = m_code & 0xff;
    if (code == SQLITE_FULL) return makeError(ErrorCode::Environment, "disk.full", what());
    if (code == SQLITE_NOMEM) return makeError(ErrorCode::Environment, "memory.full", what());
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED) return makeError(ErrorCode::Busy, "store.busy", what());
    if (m_code == SQLITE_CANTOPEN_ISDIR) return makeError(ErrorCode::Environment, "disk.is-folder", what());
    if (damaged()) return makeError(ErrorCode::Damaged, "store.damaged", what());
    return makeError(ErrorCode::Environment, "disk.io", what());
}

// ---------------------------------------------------------------------------------------------------------------------

Statement::Statement(Database& database, std::string_view sql) : m_database(&database) {
    sqlite3_stmt* handle = nullptr;
    int const code = sqlite3_prepare_v3(database.handle(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
    m_handle.reset(handle);
    if (code != SQLITE_OK) database.fail(code, "preparing a statement");
}

Statement& Statement::bind(int index, std::int64_t value) {
    m_database->check(sqlite3_bind_int64(m_handle.get(), index, value), "binding a number");
    return *this;
}

Statement& Statement::bind(int index, ByteView bytes) {
    // A null pointer would bind NULL: an empty blob needs an address.
    void const* data = bytes.empty() ? static_cast<void const*>("") : bytes.data();
    m_database->check(sqlite3_bind_blob64(m_handle.get(), index, data, bytes.size(), SQLITE_STATIC), "binding bytes");
    return *this;
}

Statement& Statement::bind(int index, std::string_view text) {
    char const* data = text.empty() ? "" : text.data();
    m_database->check(sqlite3_bind_text64(m_handle.get(), index, data, text.size(), SQLITE_STATIC, SQLITE_UTF8),
                      "binding text");
    return *this;
}

Statement& Statement::bindNull(int index) {
    m_database->check(sqlite3_bind_null(m_handle.get(), index), "binding nothing");
    return *this;
}

bool Statement::step() {
    int const code = sqlite3_step(m_handle.get());
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    std::string const doing = std::string("running \"") + sqlite3_sql(m_handle.get()) + "\"";
    sqlite3_reset(m_handle.get());
    m_database->fail(code, doing);
}

void Statement::run() {
    while (step()) {
    }
    reset();
}

void Statement::reset() noexcept {
    sqlite3_reset(m_handle.get());
    sqlite3_clear_bindings(m_handle.get());
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(m_handle.get(), column); }

ByteView Statement::blob(int column) const {
    auto const* data = static_cast<std::uint8_t const*>(sqlite3_column_blob(m_handle.get(), column));
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(m_handle.get(), column))};
}

std::string_view Statement::text(int column) const {
    auto const* data = reinterpret_cast<char const*>(sqlite3_column_text(m_handle.get(), column));
    if (!data) return {};
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(m_handle.get(), column))};
}

bool Statement::isNull(int column) const { return sqlite3_column_type(m_handle.get(), column) == SQLITE_NULL; }

void Statement::damaged() const {
    throw SqliteError(SQLITE_CORRUPT, "reading an id", "a stored id has the wrong length");
}

RowInserter::RowInserter(Database& database, std::string into, int columns, std::string ifThere)
    : m_database(database), m_into(std::move(into)), m_ifThere(std::move(ifThere)), m_columns(columns) {}

Statement& RowInserter::statementFor(std::size_t rows) {
    auto& statement = rows == 1 ? m_one : m_many;
    if (statement) return *statement;
    std::string row = "(";
    for (int column = 1; column <= m_columns; ++column) row += column == 1 ? "?" : ",?";
    row += ")";
    // OR FAIL: a failure of one row leaves those before it, so that SQLite need not keep a journal of the statement.
    std::string sql = "INSERT OR FAIL INTO " + m_into + " VALUES";
    for (std::size_t i = 0; i < rows; ++i) sql += i == 0 ? row : "," + row;
    if (!m_ifThere.empty()) sql += " " + m_ifThere;
    return statement.emplace(m_database, sql);
}

// ---------------------------------------------------------------------------------------------------------------------

Database::Database(Path const& file, Options const& options)
    : m_folder(file.has_parent_path() ? file.parent_path() : Path(".")), m_onLostSync(options.onLostSync) {
    // SQLite would only say that it cannot open it. What is in that folder is somebody's, so it is not removed.
    std::string const doing = "opening " + file.filename().string();
    std::error_code unreadable;  // then opening it says why
    if (std::filesystem::is_directory(file, unreadable))
        throw SqliteError(SQLITE_CANTOPEN_ISDIR, doing, "a folder of that name is in its place");

    sqlite3* handle = nullptr;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    if (options.create) flags |= SQLITE_OPEN_CREATE;
    int const code = sqlite3_open_v2(file.c_str(), &handle, flags, nullptr);
    m_handle.reset(handle);  // even a failed open gives a handle
    if (code != SQLITE_OK) fail(code, doing);

    sqlite3_busy_timeout(handle, 5000);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
    sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, 64 * 1024 * 1024);
    execute("PRAGMA mmap_size=0; PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY");
    execute("PRAGMA cache_size=-" + std::to_string(options.cacheKib));
    if (options.create) execute("PRAGMA page_size=" + std::to_string(options.pageBytes));
    if (options.as == OpenAs::Writer) {
        execute("PRAGMA journal_mode=WAL");
        execute("PRAGMA wal_autocheckpoint=" + std::to_string(options.checkpointPages));
        execute(options.fullSync ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
    } else {
        // Only the writer moves pages from the log into the file (see docs/schema.md).
        sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
        execute("PRAGMA wal_autocheckpoint=0; PRAGMA query_only=ON");
    }
    m_begin = prepare("BEGIN IMMEDIATE");
    m_commit = prepare("COMMIT");
    m_rollback = prepare("ROLLBACK");
}

Database::Prepared Database::prepare(char const* sql) {
    sqlite3_stmt* handle = nullptr;
    int const code = sqlite3_prepare_v3(m_handle.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
    Prepared statement(handle);
    if (code != SQLITE_OK) fail(code, "preparing a statement");
    return statement;
}

void Database::runPrepared(Prepared const& statement, char const* doing) {
    int const code = sqlite3_step(statement.get());
    if (code == SQLITE_DONE) {
        sqlite3_reset(statement.get());
        return;
    }
    int const extended = sqlite3_extended_errcode(m_handle.get());
    std::string const message = sqlite3_errmsg(m_handle.get());
    sqlite3_reset(statement.get());
    raise(extended != SQLITE_OK ? extended : code, doing, message);
}

void Database::execute(std::string_view sql) {
    int const code = sqlite3_exec(m_handle.get(), std::string(sql).c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) fail(code, "running \"" + std::string(sql.substr(0, 60)) + "\"");
}

std::int64_t Database::integer(std::string_view sql) {
    Statement statement(*this, sql);
    return statement.step() ? statement.integer(0) : 0;
}

std::string Database::textOf(std::string_view sql) {
    Statement statement(*this, sql);
    return statement.step() ? std::string(statement.text(0)) : std::string();
}

void Database::fail(int code, std::string const& doing) const {
    int const extended = m_handle ? sqlite3_extended_errcode(m_handle.get()) : code;
    raise(extended != SQLITE_OK ? extended : code, doing, m_handle ? sqlite3_errmsg(m_handle.get()) : sqlite3_errstr(code));
}

void Database::raise(int code, std::string const& doing, std::string const& message) const {
    if (code == SQLITE_IOERR_FSYNC && m_onLostSync) m_onLostSync();
    throw SqliteError(withSystemReason(m_handle.get(), m_folder, code), doing, message);
}

void Database::check(int code, char const* doing) const {
    if (code != SQLITE_OK) fail(code, doing);
}

std::int64_t Database::changes() const { return sqlite3_changes64(m_handle.get()); }
std::int64_t Database::lastRowId() const { return sqlite3_last_insert_rowid(m_handle.get()); }

// ---------------------------------------------------------------------------------------------------------------------

void Database::rollBack() noexcept {
    sqlite3_step(m_rollback.get());
    sqlite3_reset(m_rollback.get());
    m_toUndo = sqlite3_get_autocommit(m_handle.get()) == 0;
}

WriteTransaction::WriteTransaction(Database& database) : m_database(database) {
    if (m_database.m_toUndo) m_database.rollBack();
    m_database.runPrepared(m_database.m_begin, "beginning a transaction");
}

WriteTransaction::~WriteTransaction() {
    // A failed COMMIT may have rolled back by itself; then there is nothing left to undo.
    if (m_open && sqlite3_get_autocommit(m_database.handle()) == 0) {
        m_database.rollBack();
    }
}

void WriteTransaction::commit() {
    m_database.runPrepared(m_database.m_commit, "committing");
    m_open = false;
}

}  // namespace spiral::replica
