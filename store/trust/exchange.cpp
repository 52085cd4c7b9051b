#include "trust/exchange.h"

namespace spiral::trust {

std::string_view nameOf(Answer::What what) noexcept {
    switch (what) {
        case Answer::What::Stored: return "stored";
        case Answer::What::Known: return "known";
        case Answer::What::PayloadWanted: return "payload-wanted";
        case Answer::What::WaitingForFrame: return "waiting-for-frame";
        case Answer::What::WaitingForGrant: return "waiting-for-grant";
        case Answer::What::OutsideScopes: return "outside-scopes";
        case Answer::What::Refused: return "refused";
        case Answer::What::NeedsNewer: return "needs-newer";
    }
    return "refused";
}

}  // namespace spiral::trust
