// Who is in charge of a document, and what acts on it say. Private to workflow/office.
#pragma once

#include "office/office.h"

namespace spiral::office {

/// The person to whom it was given last, else the one in the document's field `person`. Nothing if nobody is, or that
/// person may not work there any more: then the unit answers.
[[nodiscard]] std::optional<PersonId> personInCharge(Office& office, replica::ListedDocument const& listed);

/// The same, though she may be gone: to whom it was given last, else who stands in the field.
[[nodiscard]] std::optional<PersonId> personNamed(Office& office, replica::ListedDocument const& listed);

/// Neither set aside nor waiting for something.
[[nodiscard]] bool takesPart(replica::ItemRow const& item);
/// The act that a record is; nothing if it is none, or not here.
[[nodiscard]] std::optional<engine::Act> actOf(Office& office, ObjectId const& record);

/// Whether authority would let an act of this kind by this person stand, in one of these roles.
[[nodiscard]] bool wouldStand(Office& office, replica::DocumentFacts const& facts, ObjectId const& revision,
                              std::string_view kind, PersonId const& person, std::vector<trust::Grant> const& grants);

}  // namespace spiral::office
