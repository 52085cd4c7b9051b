// Who is in charge of a task by the acts on it. An `assign` names a person and why in what it says, since that is
// signed and every program shows it; the first line of its comment is `@` and the person's id. Pure.
#pragma once

#include "engine/workflow.h"

namespace spiral::engine {

/// What an `assign` says: REQUIRES: a person; a reason is asked by the workflow.
[[nodiscard]] std::string assignComment(PersonId const& person, std::string_view reason);
/// The person that an act names so, and the reason without it.
struct Assigned {
    PersonId person;
    std::string reason;
};
[[nodiscard]] std::optional<Assigned> assignedBy(Act const& act);

/// The person named by the last `assign` that counts. Of concurrent ones the younger by its own claim; one that another
/// followed is out, whatever time either claims. Nothing if there is none.
[[nodiscard]] std::optional<PersonId> assignedPerson(std::vector<Act> const& acts, Standing const& standing);

}  // namespace spiral::engine
