// Tells that some process wrote into a store, as soon as it did. A hint: whoever is told looks for himself, and must look
// from time to time without being told, for not every file system gives notice.
#pragma once

#include "base/files.h"

#include <functional>
#include <thread>

namespace spiral::transport {

class StoreNews {
public:
    /// `tell` is called on a thread of this object's own, and not any more when the destructor has returned.
    StoreNews(Path const& folder, std::function<void()> tell);
    ~StoreNews();
    StoreNews(StoreNews const&) = delete;
    StoreNews& operator=(StoreNews const&) = delete;

private:
    void run() const;

    std::function<void()> m_tell;
    int m_notices = -1, m_stop = -1;   ///< -1: this system has none to give
    std::thread m_thread;
};

}  // namespace spiral::transport
