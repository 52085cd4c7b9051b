// Units and people that change in mid-cycle: a unit is dissolved, goes on as part of another, moves to another campus;
// a person moves from one unit to the next. The registry says so; nothing that was asked, begun or signed vanishes by
// it. What a unit wrote stands in its scope, which is named by the unit's id: neither a name nor a campus changes that.
#pragma once

#include "office/office.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace spiral::office {

/// The unit as the registry has it now; nothing if there is none.
[[nodiscard]] std::optional<trust::Unit> unitNow(Office& office, std::string_view id);
/// Of each closed unit for which one is named, the unit that goes on with its work: an open one, found along the chain
/// (A into B, B into C: C). The member `successor` of a `unit` act, which registries that do not know it pass over.
[[nodiscard]] std::map<std::string, std::string> successors(Office& office);

/// What is open in a unit: tasks, points, forms, in the order of the list.
struct UnitWork {
    std::vector<TaskLine> begun, notBegun;
    [[nodiscard]] bool empty() const noexcept { return begun.empty() && notBegun.empty(); }
};
[[nodiscard]] UnitWork openWork(Office& office, std::string_view unit, Day today);

/// Acts of the registry that belong together, in their order; each is in force, or a proposal.
struct RegistryAct {
    std::string act;                 ///< `unit`, `grant`, `revoke`
    std::optional<PersonId> person;  ///< of a grant or revocation
    std::optional<trust::Role> role;
    Office::Appended appended;
};
struct UnitClosing {
    std::optional<std::string> successor{};
    bool leaveOpen = false;  ///< close it though work is open and nobody goes on with it
};
struct UnitClosed {
    UnitWork open;  ///< what goes on in the lists, marked, until somebody has it
    std::vector<RegistryAct> acts;
};
/// Closes a unit, or names the successor of one that is closed. With a successor its heads and clerks get their roles
/// over the closed unit, so that they can go on with what was begun there. Refused ("unit.open-work", naming some of
/// it) if work is open, no successor is named and `leaveOpen` was not said; "unit.unknown", "unit.closed" (nothing
/// would change), "unit.successor-closed", "unit.successor-itself".
[[nodiscard]] Result<UnitClosed> closeUnit(Office& office, std::string_view unit, UnitClosing const& closing,
                                           Day today);

struct UnitMoved {
    Office::Appended appended;
    std::string from;
    /// Hubs that hold the unit's scope; and hubs that hold scopes of units of the new campus, but not this one's: until
    /// they are enrolled with it, its work goes there by the college's server or by stick.
    std::vector<std::string> hubsHolding, hubsLacking;
};
/// The unit's campus is another from now on. Refused: "unit.unknown", "unit.same-campus".
[[nodiscard]] Result<UnitMoved> moveUnit(Office& office, std::string_view unit, std::string_view campus);

struct HandedOver {
    std::string successor;
    std::vector<DocumentKey> takenBack;  ///< not begun; asked of the successor now
    std::vector<DocumentKey> askedAnew;
    std::vector<DocumentKey> cycles;     ///< that were adopted with the successor in place of the unit
    std::vector<DocumentKey> carriedOn;  ///< begun; given to a person of the successor
    struct Left {
        TaskLine line;
        std::string why;  ///< reason of the refusal
    };
    std::vector<Left> left;  ///< open still: it stays in the lists as work of a closed unit
};
/// Gives the open work of a closed unit to its successor, each by a signed act with the reason: what nobody has begun
/// is asked of the successor by the cycle (adopt) and taken back from the unit; what was begun stays the document it
/// is, with its day and its history, and is given to `person` (without one, to the only head of the successor). Done
/// again, it goes on with what is left. Refused: "unit.not-closed", "unit.no-successor", "unit.no-person".
[[nodiscard]] Result<HandedOver> handOver(Office& office, std::string_view unit, std::string_view reason,
                                          std::optional<PersonId> const& person, Day today);

struct PersonMoved {
    std::vector<RegistryAct> acts;       ///< grants in the new unit first, then the revocations in the old one
    std::vector<TaskLine> withoutOwner;  ///< what she had there: the old unit's head has to give it to somebody
};
/// Ends a person's roles in one unit and gives her the same in another, from now on. What this replica holds of hers in
/// the old unit stands, in the role that she had then; what it does not hold yet is quarantined until somebody admits
/// it. Refused: "unit.unknown", "unit.closed" (the new one), "person.not-there" (no role in the old unit).
[[nodiscard]] Result<PersonMoved> movePerson(Office& office, PersonId const& person, std::string_view from,
                                             std::string_view to, Day today);

/// Whether somebody to whom work was given may still write where it lies.
[[nodiscard]] bool mayWorkIn(Office& office, PersonId const& person, Scope const& scope);
/// Drafts of this person on this device in scopes where she may not write any more: kept, and never sealed there.
[[nodiscard]] std::vector<replica::Draft> strandedDrafts(Office& office);

}  // namespace spiral::office
