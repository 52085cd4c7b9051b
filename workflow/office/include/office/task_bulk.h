// Many tasks at once: reminded of, assigned, given more time. Each is one record, signed by the person, on one task;
// what is refused for one says why and stops none of the others.
#pragma once

#include "office/quality_list.h"

namespace spiral::office {

/// Which tasks are meant. Of several words of one sort one must fit, of each sort that is named one.
struct TaskSelection {
    bool all = false, overdue = false, stale = false, noDue = false;
    std::vector<std::string> units, states, types, ids;
    std::optional<Day> dueBefore;
};
/// `all`, `overdue`, `stale`, `no-due`, `unit=U`, `state=S`, `type=T` (`point`, `element` … ; left out: tasks),
/// `due-before=D`, `id=ID`. Usage ("select.unknown", naming it) for anything else, "select.nothing" for none: nobody
/// signs for every task by forgetting a word.
[[nodiscard]] Result<TaskSelection> taskSelectionFrom(std::vector<std::string> const& words);
/// The open tasks that it means, in the order of the list. NotFound or Usage for an id that names none or several.
[[nodiscard]] Result<std::vector<TaskLine>> selectTasks(Office& office, TaskSelection const& selection, Day today);

struct BulkAct {
    std::string action;  ///< `remind`, `assign`, `extend`
    std::string comment;
    std::optional<Day> until;    ///< of extend
    std::optional<PersonId> to;  ///< of assign
};
struct BulkDone {
    TaskLine task;  ///< as it was before
    std::optional<ObjectId> record;
    std::optional<Error> refused;
};
/// What is asked for and not begun is spoken of in the document that asks for it, once for each. Usage, and nothing is
/// signed, if the act lacks what each of its records needs: a comment, a day, a person
/// ("bulk.comment", "bulk.until", "bulk.person"). A task whose scope the person may not write in is refused
/// ("bulk.person-without-role").
[[nodiscard]] Result<std::vector<BulkDone>> signEach(Office& office, std::vector<TaskLine> const& tasks,
                                                     BulkAct const& act);

}  // namespace spiral::office
