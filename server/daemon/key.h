// The device key of a server: nobody sits at it, so its passphrase comes from a file. Private to server/daemon.
#pragma once

#include "cli/secret.h"
#include "daemon/daemon.h"
#include "office/office.h"

namespace spiral::server {

/// --passphrase-file, else SPIRAL_PASSPHRASE_FILE, else $CREDENTIALS_DIRECTORY/passphrase: the first line of the file.
/// Usage ("passphrase.no-file") if none is named.
[[nodiscard]] Result<cli::Secret> passphrase(std::optional<std::string> const& file, replica::World world,
                                             Surroundings const& surroundings);
/// Opens the key of a replica with it.
[[nodiscard]] office::Unlock unlockWith(std::optional<std::string> file, replica::World world,
                                        Surroundings const& surroundings);

}  // namespace spiral::server
