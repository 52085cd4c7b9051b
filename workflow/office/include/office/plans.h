// Plans, task books, tasks in parts, progress and boards, where the rules of engine/plans.h meet the documents. List,
// board, Gantt chart and calendar are made of the same rows: those of Office::tasks().
#pragma once

#include "engine/due_file.h"
#include "engine/plans.h"
#include "office/office.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace spiral::office {

// --- the tree of plans ------------------------------------------------------------------------------------------------

struct PlanShown {
    DocumentKey document;
    engine::PlanNode node;                 ///< its id is the document's, in hexadecimal
    int depth = 0;
    std::string state, owner;
    std::optional<engine::Progress> progress;   ///< of its tasks and the plans below it, by weight; none where there are none
    std::size_t tasks = 0;                 ///< that were made of it
    std::vector<engine::Band> phases;
};
/// All plans that nobody withdrew, parents before children.
[[nodiscard]] std::vector<PlanShown> planTree(Office& office);
/// What the rules find: in the tree, in phases, in the task books and their breakdown, in the progress of tasks (late, over,
/// back), in the owners of tasks. `yearEnd`: see engine::checkProgress.
[[nodiscard]] engine::Remarks checkPlanning(Office& office, std::chrono::month_day yearEnd = engine::kYearEnd);

// --- task book and parts ------------------------------------------------------------------------------------------------

struct BookLine {
    DocumentKey plan;
    engine::BookRow row;
    std::optional<DocumentKey> task;       ///< made of it
    std::string state;                     ///< of that task
    std::optional<engine::Progress> progress;
    std::string difference;                ///< code of the remark on it, if any
};
struct BookShown {
    std::vector<BookLine> lines;
    engine::Remarks remarks;
};
struct BookFilter {
    std::optional<DocumentKey> plan{};
    std::optional<int> year{};             ///< rows that are due in it
    std::optional<std::string> unit{};     ///< that lead or share
};
[[nodiscard]] BookShown taskBook(Office& office, BookFilter const& filter);

struct SplitPart {
    std::string unit, title, weight;
    bool lead = false;
    std::optional<DocumentKey> task;       ///< made now, or before
    bool known = false;
};
/// A task of each row of a plan's task book, in the scope of its lead unit; rows made before are known. Refused with the
/// first fault of the book (row in detail) before anything is written.
[[nodiscard]] Result<std::vector<SplitPart>> splitPlan(Office& office, DocumentKey const& plan, bool dryRun);
/// A task's parts, one in the scope of each unit that leads or shares it: its `owner` and `joint`, or those given.
struct TaskSplit {
    std::string lead{};                    ///< empty: the task's owner
    std::set<std::string> joint{};         ///< empty: the task's own
    std::map<std::string, std::string> weights{};
};
[[nodiscard]] Result<std::vector<SplitPart>> splitTask(Office& office, DocumentKey const& task, TaskSplit const& split, bool dryRun);

// --- the papers of a course ---------------------------------------------------------------------------------------------

struct AnnexesWanted {
    std::string course;
    Scope scope{};
    std::optional<Day> start{};            ///< of the three years; the plan of the year is that of the first
    bool dryRun = false;                   ///< only say which are missing
};
struct AnnexShown {
    engine::CourseAnnex annex;
    std::optional<DocumentKey> document;
    std::string title, state;
    bool made = false;                     ///< now; else it was there, or is missing
};
/// The six papers of a course's plan, each begun from its form unless it is there: under its title, or of its kind for
/// this course. The plan of the year hangs under that of the three years, how it is carried out and the breakdown under
/// the plan of the year. Usage ("plan.no-course").
[[nodiscard]] Result<std::vector<AnnexShown>> courseAnnexPapers(Office& office, AnnexesWanted const& wanted);

// --- progress -----------------------------------------------------------------------------------------------------------

/// The entries of a task, each with the day on which the revision that brought it was written: that is signed, and nobody
/// types it.
[[nodiscard]] std::vector<engine::ProgressEntry> progressEntries(Office& office, DocumentKey const& task);
struct ProgressGiven {
    std::optional<std::int64_t> percent{};
    Day day{};                             ///< when it happened
    std::string text{}, reason{};
    std::optional<Path> evidence{};        ///< attached first; keeps its own date
};
struct ProgressDone {
    Assignment assignment;
    std::string entry;                     ///< id of the row
    engine::Remarks remarks;               ///< on this entry: late ones are marked, not refused
};
/// Adds an entry to a task. Refused ("task.no-owner", "task.closed", "progress.over", "progress.future", "progress.back").
[[nodiscard]] Result<ProgressDone> enterProgress(Office& office, DocumentKey const& task, ProgressGiven const& given,
                                                 std::chrono::month_day yearEnd = engine::kYearEnd);

// --- one row, shown as list, board, chart and calendar ----------------------------------------------------------------------

struct WorkItem {
    TaskLine line;
    std::optional<engine::BoardColumn> column;
    std::optional<Day> start;
    std::string kind;
    std::optional<engine::Progress> progress;   ///< of tasks: entered, or that of their parts
};
/// The rows of Office::tasks() with what the views of them need. Rows of documents that are not begun have no more than
/// the row says.
[[nodiscard]] std::vector<WorkItem> workItems(Office& office, Office::TaskFilter const& filter, Day today);
/// Days that things are due on, as events: same id each time, changed when the last act was signed (else `now`).
[[nodiscard]] std::vector<engine::CalendarEvent> calendarOf(Office& office, std::vector<WorkItem> const& items, Instant now);
/// What forbids applying for the review.
[[nodiscard]] engine::Remarks reviewBlockers(Office& office);

// --- tables of the colleges -------------------------------------------------------------------------------------------------

/// Phases as a timetable (a plan whose rows are bands); a list of plans with their contents as plans; a road map as tasks
/// of the college, without owner where none is printed. Kinds: `phases`, `plans`, `roadmap`. Rows taken before are not
/// taken again.
[[nodiscard]] Result<ImportResult> importPlanning(Office& office, std::string_view kind, std::string_view jsonText, bool dryRun);

}  // namespace spiral::office
