// Rows read and decoded by a second thread while the first writes what became of those before. Private to the view.
#pragma once

#include "base/bytes.h"
#include "trust/authority.h"

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <variant>
#include <vector>

namespace spiral::replica {

/// What became of the bytes of an item.
enum class RowState : int { Missing = 0, Read = 1, Newer = 2, Malformed = 3, Redacted = 4 };

using RowObject = std::variant<trust::Revision, trust::Record, trust::Unread>;

/// The bytes of a row and what they say.
struct TakenRow {
    RowState state = RowState::Missing;
    bool isRecord = false;
    Bytes bytes;
    RowObject object = trust::Unread{};
};

/// Reads rows in the given order. While it lives, and until finish(), nobody else may use what `read` uses.
class ReadAhead {
public:
    using Read = std::function<TakenRow(trust::Item const&)>;

    ReadAhead(std::vector<trust::Item> items, Read read);
    /// Stops after the row that is being read.
    ~ReadAhead();
    ReadAhead(ReadAhead const&) = delete;
    ReadAhead& operator=(ReadAhead const&) = delete;

    /// The row at `index`, asked for in rising order; waits for it. Nothing if it was not read before finish(). Throws
    /// what reading it threw.
    std::optional<TakenRow> take(std::size_t index);
    /// After this nothing is read any more.
    void finish();

private:
    void run();

    std::vector<trust::Item> const m_items;
    Read const m_read;
    std::mutex m_mutex;
    std::condition_variable m_changed;
    std::vector<std::optional<TakenRow>> m_rows;
    std::size_t m_done = 0;         ///< rows read
    std::size_t m_taken = 0;        ///< rows before this one are not asked for any more
    std::size_t m_waitingBytes = 0; ///< read and not taken
    bool m_stop = false;
    std::exception_ptr m_failure;
    std::thread m_thread;
};

}  // namespace spiral::replica
