// What a cycle found to work becomes a standard: a measure whose effect was checked and passed by a signed act goes
// into the next version of a standard, which names point and act; the point names the version. What was not checked
// does not.
#pragma once

#include "engine/remark.h"
#include "office/office.h"

#include <optional>
#include <string>
#include <vector>

namespace spiral::office {

struct StandardWanted {
    std::optional<DocumentKey> standard{};  ///< which gets a next version; without one a new standard is begun
    Scope scope{};                          ///< of a new one
    std::string title{};                    ///< of a new one; without it the point's
    std::string measure{};                  ///< how it reads in the standard; without it the point's measures
};
struct StandardProposed {
    DocumentKey standard;
    ObjectId revision;   ///< the version that takes the measure in: it walks the standard's own approval
    ObjectId check;      ///< the signed check that it cites
    bool known = false;  ///< it cited that check already
};
/// Refused: "standard.not-a-point", "standard.unproven" (its last check was not passed, or it has none),
/// "standard.no-measure", "standard.not-a-standard".
[[nodiscard]] Result<StandardProposed> proposeStandard(Office& office, DocumentKey const& point,
                                                       StandardWanted const& wanted);

/// What a standard takes in, with its proof.
struct TakenMeasure {
    std::string row, measure;
    DocumentKey point;
    std::optional<ObjectId> check;
    bool proven = false;
    bool hidden = false;  ///< this device does not read the point: it cannot tell
};
[[nodiscard]] std::vector<TakenMeasure> measuresOf(Office& office, DocumentKey const& standard);
/// Of every standard: "standard.no-proof" (content or criteria differ from the version approved before, and no measure
/// was taken in with it), "standard.unproven" (it cites a check that does not stand or did not pass),
/// "standard.one-way" (the point does not name the standard). Places are "DOC" or "DOC/ROW".
[[nodiscard]] engine::Remarks checkStandards(Office& office);

}  // namespace spiral::office
