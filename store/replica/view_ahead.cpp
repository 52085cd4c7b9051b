#include "view_ahead.h"

#include <utility>

namespace spiral::replica {

namespace {

/// One row more may be read beyond these bytes.
constexpr std::size_t kAheadBytes = 8 * 1024 * 1024;
/// The threads tell each other once in so many rows: to be woken costs as much as to read ten.
constexpr std::size_t kRowsAtOnce = 32;

}  // namespace

ReadAhead::ReadAhead(std::vector<trust::Item> items, Read read)
    : m_items(std::move(items)), m_read(std::move(read)), m_rows(m_items.size()), m_thread([this] { run(); }) {}

ReadAhead::~ReadAhead() { finish(); }

void ReadAhead::finish() {
    {
        std::lock_guard const lock(m_mutex);
        m_stop = true;
    }
    m_changed.notify_all();
    if (m_thread.joinable()) m_thread.join();
}

std::optional<TakenRow> ReadAhead::take(std::size_t index) {
    std::unique_lock lock(m_mutex);
    m_changed.wait(lock, [&] { return m_done > index || m_stop || m_failure; });
    if (m_done <= index && m_failure) std::rethrow_exception(m_failure);
    bool const wasFull = m_waitingBytes > kAheadBytes;
    for (; m_taken < index && m_taken < m_done; ++m_taken) {  // not asked for
        if (auto const passed = std::exchange(m_rows[m_taken], std::nullopt)) m_waitingBytes -= passed->bytes.size();
    }
    auto row = std::exchange(m_rows[index], std::nullopt);
    if (row) m_waitingBytes -= row->bytes.size();
    lock.unlock();
    if (wasFull) m_changed.notify_all();
    return row;
}

void ReadAhead::run() {
    std::vector<TakenRow> rows;
    try {
        for (std::size_t next = 0; next < m_items.size();) {
            rows.clear();
            std::size_t bytes = 0;
            while (next < m_items.size() && rows.size() < kRowsAtOnce && bytes <= kAheadBytes) {
                rows.push_back(m_read(m_items[next++]));
                bytes += rows.back().bytes.size();
            }
            std::unique_lock lock(m_mutex);
            for (auto& row : rows) m_rows[m_done++] = std::move(row);
            m_waitingBytes += bytes;
            m_changed.notify_all();
            m_changed.wait(lock, [&] { return m_stop || m_waitingBytes <= kAheadBytes; });
            if (m_stop) return;
        }
    } catch (...) {
        std::lock_guard const lock(m_mutex);
        m_failure = std::current_exception();
        m_changed.notify_all();
    }
}

}  // namespace spiral::replica
