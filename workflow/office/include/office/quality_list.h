// The quality office's list: every open task over all units that this replica reads, with what is left of its time, and
// how old the data of its unit is. What is old is never shown as fine. From local data alone; a day comes in.
#pragma once

#include "engine/remark.h"
#include "office/deadline_rules.h"
#include "office/office.h"

#include <map>

namespace spiral::office {

/// How old the data of a unit is.
struct DataAge {
    std::optional<int> days;     ///< since its newest frame; absent: never heard of
    bool fromTheFuture = false;  ///< its clock is wrong: the age is not known, however fresh it looks
    bool stale = false;          ///< older than the rules allow, not known, or never heard of
};

[[nodiscard]] DataAge dataAge(Office& office, UnitAge const& unit, Day today, engine::DeadlineRules const& rules);

struct QualityLine {
    TaskLine task;
    std::optional<int> daysLeft;  ///< negative: overdue; absent: nothing is due
    DataAge data;                 ///< of the unit that answers for it
    bool dueMissing = false;      ///< it does not go on by its nature, and has no due date
    bool dueBeforeBegun = false;  ///< was overdue on the day it was first written
    std::string breach{};         ///< code of what was signed on it against the organisation; empty: nothing
    /// Its unit is closed: somebody else has to have it. It is never fine, whatever else it says.
    bool unitClosed = false;
    std::string successor;        ///< of the closed unit, if one is named
    bool carriedOn = false;       ///< it was given to somebody who still works there: to her it is work like any other
    bool personGone = false;      ///< given to somebody who may not work there any more: nobody has it
};

struct QualityUnit {
    UnitAge unit;
    DataAge data;
    std::map<std::string, int> byState;
    /// Nothing overdue, nothing failed, nothing without a due date, nothing signed against the organisation, nothing that
    /// nobody has, and heard of lately.
    bool fine = false;
    std::string campus;
    bool closed = false;          ///< with nothing open it is neither fine nor old: nothing is asked of it
    std::string successor;
};

struct CampusCounts {
    int units = 0, open = 0, overdue = 0, staleUnits = 0;
};

struct QualityList {
    Day today;
    RulesInForce rules;
    std::vector<QualityLine> lines;              ///< by due (none last), scope, title
    std::vector<QualityUnit> units;              ///< every unit that this replica reads, by id
    std::map<std::string, int> byState;          ///< of the lines
    int overdue = 0, stale = 0, dueMissing = 0;  ///< lines
    int unitClosed = 0, personGone = 0;          ///< lines that nobody has
    std::map<std::string, CampusCounts> byCampus;  ///< of the units, by the campus where each is now
    int fineUnits = 0, staleUnits = 0;
    /// What was signed against the organisation, on documents of any type (office/signing_rules.h).
    engine::Remarks breaches;
};

struct QualityFilter {
    Office::TaskFilter tasks;                   ///< with `allWork` points, forms and the rest too
    bool staleOnly = false;  ///< lines of units whose data is old
};
/// `lines` and the counts over lines follow the filter; the units are always all of them, from all their tasks.
[[nodiscard]] QualityList qualityList(Office& office, QualityFilter const& filter, Day today);

}  // namespace spiral::office
