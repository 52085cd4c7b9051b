// The rules of the registry: may this act be the next entry after these? All checks that look at more than one entry
// stand here; each refusal has a slug of its own.
#pragma once

#include "ledger.h"

namespace spiral::trust {

/// Whether signatures are checked, or were when the same bytes were accepted before.
using Signatures = Registry::Signatures;

/// Scope, role, kind and act fit together.
[[nodiscard]] Result<void> checkEntryForm(Record const& record, Act const& act);

/// Entry 1 against itself: the record, what it founds, the founder's agreement.
[[nodiscard]] Result<void> checkFounding(Record const& record, ByteView bytes, Signature const& signature,
                                         Proposal const& proposal, Act const& act, Signatures signatures);

/// The act after `ledger`: college, head that its signers saw, not counted before, meaning, and enough agreements.
/// Refused, Malformed or, for an embedded request, BadSignature.
[[nodiscard]] Result<void> checkProposal(Ledger const& ledger, Proposal const& proposal, Act const& act,
                                         Signatures signatures);

/// The record around the act: the keeper's device at that place wrote and signed it.
[[nodiscard]] Result<void> checkKeeper(Ledger const& ledger, Record const& record, ByteView bytes,
                                       Signature const& signature, Signatures signatures);

}  // namespace spiral::trust
