// What a listener shows in the handshake, and how it hangs on the server's device key.
#pragma once

#include "base/result.h"
#include "trust/keys.h"

#include <memory>
#include <string_view>

namespace spiral::tls {

/// A fresh P-256 key, which never leaves this process, and a certificate for it that nobody needs to have issued. In an
/// extension of the certificate (docs/formats.md, "TLS") stand the device's public key and its signature over this TLS
/// key, as SSHSIG in the namespace `tls@<domain>`. So the device key signs nothing that is not an SSHSIG, stays with
/// its agent, and whoever knows it by invitation or registry knows by it whom he has reached. Copies share one key.
/// Immutable, so any thread may use it.
class Identity {
public:
    /// Makes key and certificate and asks `device` for one signature; it is not used afterwards. The signer's own error
    /// if it does not sign (Locked, …).
    [[nodiscard]] static Result<Identity> make(trust::Signer& device, std::string_view domain);

    struct State;
    /// For the sources of this folder.
    [[nodiscard]] State const& state() const noexcept { return *m_state; }
    explicit Identity(std::shared_ptr<State const> state) noexcept : m_state(std::move(state)) {}

private:
    std::shared_ptr<State const> m_state;
};

}  // namespace spiral::tls
