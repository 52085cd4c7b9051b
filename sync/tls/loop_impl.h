// The inside of the loop, for the sources of this folder.
#pragma once

#include "openssl.h"
#include "tls/loop.h"

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>

#include <array>
#include <cstdint>

namespace spiral::tls {

/// The most that fits in one TLS record, and so the most that is encrypted or decrypted at a time.
inline constexpr std::size_t kRecordBytesMax = 16 * 1024;

struct Loop::Impl {
    asio::io_context context{1};
    asio::executor_work_guard<asio::io_context::executor_type> work = asio::make_work_guard(context);
    /// Where records are put together. Shared by all connections: nobody keeps anything in it from one call to the
    /// next.
    std::array<std::uint8_t, kRecordBytesMax> scratch{};
    /// For connect(); made with its first call.
    SslContext clientContext;

    [[nodiscard]] Loop::Timer after(std::chrono::milliseconds delay, std::function<void()> timed);
};

}  // namespace spiral::tls
