#include "socket_bio.h"

#include <cerrno>
#include <new>

#include <sys/socket.h>

namespace spiral::tls {
namespace {

using Method = std::unique_ptr<BIO_METHOD, OpensslDeleter<BIO_meth_free>>;

SocketEnd& endOf(BIO* bio) noexcept { return *static_cast<SocketEnd*>(BIO_get_data(bio)); }
bool wouldBlock() noexcept { return errno == EAGAIN || errno == EWOULDBLOCK; }

int writeSome(BIO* bio, char const* bytes, std::size_t count, std::size_t* written) noexcept {
    BIO_clear_retry_flags(bio);
    ssize_t sent = 0;
    do sent = ::send(endOf(bio).descriptor, bytes, count, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent >= 0) {
        *written = static_cast<std::size_t>(sent);
        return 1;
    }
    if (wouldBlock()) {
        BIO_set_retry_write(bio);
    } else {
        endOf(bio).error = errno;
    }
    return 0;
}

int readSome(BIO* bio, char* bytes, std::size_t count, std::size_t* read) noexcept {
    BIO_clear_retry_flags(bio);
    ssize_t received = 0;
    do received = ::recv(endOf(bio).descriptor, bytes, count, 0);
    while (received < 0 && errno == EINTR);
    if (received > 0) {
        *read = static_cast<std::size_t>(received);
        return 1;
    }
    if (received == 0) {
        endOf(bio).ended = true;
    } else if (wouldBlock()) {
        BIO_set_retry_read(bio);
    } else {
        endOf(bio).error = errno;
    }
    return 0;
}

long control(BIO* bio, int command, long, void*) noexcept {
    if (command == BIO_CTRL_FLUSH) return 1;
    if (command == BIO_CTRL_EOF) return endOf(bio).ended ? 1 : 0;
    return 0;
}

Method makeMethod() {
    Method method(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "spiral socket"));
    if (!method || BIO_meth_set_write_ex(method.get(), writeSome) != 1 ||
        BIO_meth_set_read_ex(method.get(), readSome) != 1 || BIO_meth_set_ctrl(method.get(), control) != 1) {
        throw std::bad_alloc();
    }
    return method;
}

}  // namespace

void attach(SSL& ssl, SocketEnd& end) {
    static Method const method = makeMethod();
    BIO* const bio = BIO_new(method.get());
    if (bio == nullptr) throw std::bad_alloc();
    BIO_set_data(bio, &end);
    BIO_set_init(bio, 1);
    SSL_set_bio(&ssl, bio, bio);  // which takes it over
}

}  // namespace spiral::tls
