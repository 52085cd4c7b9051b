// OpenSSL's way to a socket. Its own socket BIO writes with write(2), which kills a program whose other side has gone
// (SIGPIPE), unless it ignores that signal for all it does. Ours sends with MSG_NOSIGNAL.
#pragma once

#include "openssl.h"

namespace spiral::tls {

/// What a BIO of ours reads and writes. It must outlive the SSL.
struct SocketEnd {
    int descriptor = -1;  ///< non-blocking; never closed here
    bool ended = false;   ///< the other side has closed its half
    int error = 0;        ///< errno of what failed
};

/// Lets `ssl` read from and write to `end`.
void attach(SSL& ssl, SocketEnd& end);

}  // namespace spiral::tls
