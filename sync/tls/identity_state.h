#pragma once

#include "openssl.h"
#include "tls/identity.h"

namespace spiral::tls {

struct Identity::State {
    PrivateKey key;
    Certificate certificate;
};

}  // namespace spiral::tls
