#include "daemon/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cstddef>
#include <cstring>

namespace spiral::server {

bool notify(std::optional<std::string> const& socket, std::string_view state) noexcept {
    sockaddr_un address{};
    if (!socket || socket->size() < 2 || socket->size() >= sizeof address.sun_path) return false;
    if (socket->front() != '/' && socket->front() != '@') return false;
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, socket->data(), socket->size());
    if (socket->front() == '@') address.sun_path[0] = '\0';
    int const file = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (file < 0) return false;
    auto const length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket->size());
    auto const sent =
        ::sendto(file, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&address), length);
    ::close(file);
    return sent == static_cast<ssize_t>(state.size());
}

}  // namespace spiral::server
