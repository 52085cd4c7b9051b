// What the keeper of the registry does: appends decided acts. The office does it for a person who keeps it, the server for
// proposals that members send it.
#pragma once

#include "base/result.h"
#include "replica/replica.h"
#include "trust/keys.h"
#include "trust/registry.h"

#include <vector>

namespace spiral::office {

/// Appends acts, a frame for up to 500. Nothing is written unless each suffices: Refused with the registry's reason,
/// "registry.not-keeper" if this replica does not keep it. REQUIRES: open for writing, the signer of its device.
[[nodiscard]] Result<std::vector<ObjectId>> appendEntries(replica::Replica& replica, trust::Signer& signer,
                                                          std::vector<trust::Proposal> const& proposals);
/// One proposal as its bytes; see Office::appendProposal.
[[nodiscard]] Result<ObjectId> appendProposal(replica::Replica& replica, trust::Signer& signer, ByteView proposal);

}  // namespace spiral::office
