// The unlock agent: a tiny process that holds one unlocked key, so that a passphrase is asked once in a quarter of an
// hour and not for each command.
//
// It listens on a Unix socket (mode 0600) in a folder of mode 0700 that belongs to the user, and serves processes of
// the same user only. It signs SSHSIG texts that it builds itself from a name space and a hash, and never gives the
// secret away. It ends when nobody has signed for the idle time (suspended hours count), when told to forget, and when
// its socket is removed or another agent has taken its place. Linux only.
//
// Sockets are bound and found through /proc/self/fd/<folder>/<name>: the system allows 107 bytes for the path of a
// socket, and a replica may lie deeper than that. Only the file name is limited (kSocketNameBytesMax).
//
// On the wire each message is a 4-byte big-endian length (at most kAgentMessageBytesMax), then that many bytes:
//   request   1 public key | 2 sign: SHA-512 of the message (64 bytes), name space | 3 forget
//   answer    0, then the key (32 bytes), the signature (64), or nothing | 1 refused
// Anything else ends the connection.
#pragma once

#include "base/files.h"
#include "base/result.h"
#include "trust/keys.h"

#include <chrono>
#include <memory>
#include <string_view>

namespace spiral::trust {

inline constexpr std::chrono::minutes kAgentIdle{15};
inline constexpr std::size_t kAgentMessageBytesMax = 512;
inline constexpr std::size_t kSocketNameBytesMax = 64;

/// Signs through the agent behind a socket. Holds one connection; one thread at a time.
class AgentSigner final : public Signer {
public:
    /// Locked if there is no agent ("agent.absent"), it does not answer ("agent.gone") or it holds another key than
    /// `expected` ("agent.other-key"): ask for the passphrase. Refused ("agent.folder") if the folder of the socket
    /// belongs to, or is open to, anybody else. Waits a few seconds at most.
    [[nodiscard]] static Result<std::unique_ptr<Signer>> connect(Path const& socket, PublicKey expected);
    ~AgentSigner() override;

    [[nodiscard]] PublicKey const& publicKey() const noexcept override { return m_key; }
    /// Locked ("agent.gone") once the agent has ended. The signature has been verified.
    [[nodiscard]] Result<Signature> sign(std::string_view nameSpace, ByteView message) override;

private:
    class Connection;
    AgentSigner(std::unique_ptr<Connection> connection, PublicKey key);
    std::unique_ptr<Connection> m_connection;
    PublicKey m_key;
};

/// Starts an agent that holds `key`. Afterwards the socket accepts connections, and the caller's copy of the key is
/// gone. Makes the last folder of the path (0700) if needed. Takes the place of a dead agent's socket; Exists
/// ("agent.running") if a living one is there, whatever its key. The agent is a copy of the calling process, without
/// its open files: zero the passphrase before. REQUIRES: `key` was not moved from.
[[nodiscard]] Result<void> startAgent(SecretKey key, Path const& socket, std::chrono::seconds idle = kAgentIdle);

/// Makes the agent forget its key and end. No error if none is running.
[[nodiscard]] Result<void> forgetAgent(Path const& socket);

}  // namespace spiral::trust
