#include "store_news.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace spiral::transport {
namespace {

/// What is committed stands here first (store/replica/sqlite.cpp: WAL).
constexpr std::string_view kWritten = "store.db-wal";

/// True if one of the notices in `bytes` is about the file.
bool isOfStore(char const* bytes, std::size_t size) {
    bool of = false;
    for (std::size_t at = 0; at + sizeof(inotify_event) <= size;) {
        auto const* event = reinterpret_cast<inotify_event const*>(bytes + at);
        of = of || (event->mask & IN_Q_OVERFLOW) != 0 || (event->len > 0 && kWritten == event->name);
        at += sizeof(inotify_event) + event->len;
    }
    return of;
}

}  // namespace

StoreNews::StoreNews(Path const& folder, std::function<void()> tell) : m_tell(std::move(tell)) {
    m_notices = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    m_stop = ::eventfd(0, EFD_CLOEXEC);
    // The folder and not the file, which goes and comes.
    bool const watches = m_notices >= 0 && m_stop >= 0 &&
                         ::inotify_add_watch(m_notices, folder.c_str(), IN_MODIFY | IN_CREATE) >= 0;
    if (watches) m_thread = std::thread([this] { run(); });
}

StoreNews::~StoreNews() {
    if (m_thread.joinable()) {
        std::uint64_t const one = 1;
        [[maybe_unused]] auto const written = ::write(m_stop, &one, sizeof one);
        m_thread.join();
    }
    if (m_notices >= 0) ::close(m_notices);
    if (m_stop >= 0) ::close(m_stop);
}

void StoreNews::run() const {
    alignas(inotify_event) std::array<char, 16 * 1024> notices;
    while (true) {
        std::array<pollfd, 2> both{{{m_notices, POLLIN, 0}, {m_stop, POLLIN, 0}}};
        if (::poll(both.data(), both.size(), -1) < 0) continue;
        if (both[1].revents != 0) return;
        ssize_t const size = ::read(m_notices, notices.data(), notices.size());
        if (size > 0 && isOfStore(notices.data(), static_cast<std::size_t>(size))) m_tell();
    }
}

}  // namespace spiral::transport
