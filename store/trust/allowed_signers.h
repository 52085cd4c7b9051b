// What `ssh-keygen -Y verify` is given to check our signatures with.
#pragma once

#include "ledger.h"

namespace spiral::trust {

/// One line a device, sorted: person id, the namespaces in which its signatures mean something, its key. A revoked
/// device stays: what it signed below the cut stands, and a cut is no date that a line could bear.
[[nodiscard]] std::string allowedSignersOf(Ledger const& ledger);

}  // namespace spiral::trust
