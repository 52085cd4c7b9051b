// Who answers for what: what was due and not done at the end of a day, as it stood then, and findings that somebody was
// to receive and has not. From local data.
#pragma once

#include "office/office.h"

#include <map>

namespace spiral::office {

struct UndoneLine {
    DocumentKey document;
    std::string type, title, owner, ownerName;
    std::optional<PersonId> person;
    std::string state;  ///< at the end of that day, as are due and round
    Day due;
    int daysOverdue = 0;
    int round = 1, failedRounds = 0;
    bool begun = true;
    bool closedSince = false;  ///< done, or cancelled, after that day
};
/// Of what was there on that day: undone = due, not done, not cancelled.
struct Undone {
    Day at;
    std::vector<UndoneLine> lines;  ///< by unit, due, title
    std::map<std::string, int> byUnit;
    int done = 0, cancelled = 0, notYetDue = 0, withoutDue = 0;
};
/// At the end of the day in the college's zone, by what the revisions and acts of it claim: what was done, cancelled or
/// given more time afterwards was undone then, and stays so in this list for ever. A task due on that very day counts.
[[nodiscard]] Undone undoneAt(Office& office, Day at, std::optional<std::string> const& unit = {});

// --- findings -----------------------------------------------------------------------------------------------------

struct FindingRoute {
    std::string system, unit, unitName;
    bool received = false;  ///< by that unit, of the revision that was routed last
    bool outdated = false;  ///< an earlier revision was received
    bool hidden = false;    ///< this replica does not read that unit: it cannot tell
    std::optional<DocumentKey> receipt;
    std::string by;  ///< person id
    std::optional<Instant> when;
};
struct FindingLine {
    DocumentKey document;
    std::string title, text, source, state;
    std::optional<Day> due;
    ObjectId revision;  ///< the one routed last
    std::vector<FindingRoute> routes;
    bool withoutTask = false;  ///< nothing is to be rectified because of it
    [[nodiscard]] bool unreceived() const;
};
/// Findings that were routed and not withdrawn, by due (none last), title.
[[nodiscard]] std::vector<FindingLine> findings(Office& office);

struct FindingWanted {
    std::string title, text, source{};
    std::vector<std::pair<std::string, std::string>> routes;  ///< system, unit
    std::optional<Day> due{};
    std::optional<DocumentKey> task{};
};
/// Written and routed at once. Usage ("finding.no-receiver") if it goes to nobody, NotFound ("finding.unit-unknown").
[[nodiscard]] Result<StepDone> routeFinding(Office& office, FindingWanted const& wanted);
/// Signs for it in each unit of this person that it was routed to and that has not received it yet. Refused:
/// "finding.not-routed", "finding.not-for-you", "finding.received".
[[nodiscard]] Result<std::vector<StepDone>> receiveFinding(Office& office, DocumentKey const& finding,
                                                           std::string const& answer);

}  // namespace spiral::office
