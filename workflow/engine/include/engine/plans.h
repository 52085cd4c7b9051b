// Plans and tasks: the tree of plans with their goals, the yearly task book and its breakdown, progress and what follows
// from it for parents, phases as bands, and what stands in the way of a review. Pure: values in, decisions and remarks
// out; days come in as arguments. Sums are of integers: no figure here depends on how a machine rounds.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "engine/remark.h"
#include "model/type.h"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace spiral::engine {

// --- weights and progress in exact integers ------------------------------------------------------------------------------

/// A weight in ten-thousandths: "12.5" is 125000. Nothing for what is no decimal of at most four places, negative, or
/// above kWeightMax.
inline constexpr std::int64_t kWeightUnit = 10'000, kWeightMax = 1'000'000 * kWeightUnit;
[[nodiscard]] std::optional<std::int64_t> weightFrom(std::string_view text);
/// Progress in hundredths of a percent: 10000 is all of it.
using Progress = std::int64_t;
inline constexpr Progress kAllDone = 10'000;
[[nodiscard]] std::string progressText(Progress progress);   ///< "37.50"

struct Weighted {
    std::int64_t weight = kWeightUnit;
    Progress progress = 0;
};
/// The mean by weights, rounded half up to a hundredth of a percent: what is shown of the parts is what the whole is
/// reckoned from, so that anybody can do it by hand. Nothing if there are no parts, or all weigh nothing.
/// REQUIRES: weights of weightFrom(), progress in 0…kAllDone, at most kPartsMax parts.
inline constexpr std::size_t kPartsMax = 10'000;
[[nodiscard]] std::optional<Progress> weightedProgress(std::vector<Weighted> const& parts);

struct ProgressEntry {
    std::string id;
    Day day{};                             ///< when it happened, as written
    Day entered{};                         ///< when it was written down: of the revision that brought it
    std::optional<std::int64_t> percent;
    std::string text, reason;              ///< reason: why it went back
    std::string evidence;                  ///< attachment, by SHA-256
};
/// Entries in the order in which they count: by what happened, then by when it was written.
void sortEntries(std::vector<ProgressEntry>& entries);
/// The percentage of the last entry that gives one within 0…100; nothing if none does.
[[nodiscard]] std::optional<std::int64_t> percentOf(std::vector<ProgressEntry> entries);
/// When the year ends in which something must be entered that happened in it: 31 December, unless the college says
/// another day.
inline constexpr std::chrono::month_day kYearEnd{std::chrono::December, std::chrono::day{31}};
/// "progress.late-year" (entered after the end of the year in which it happened), "progress.late-due" (happened or was
/// entered after the task was due), "progress.over" (not in 0…100), "progress.back" (less than before and no reason),
/// "progress.future" (happened after it was entered). The place is the entry's id.
[[nodiscard]] Remarks checkProgress(std::vector<ProgressEntry> entries, std::optional<Day> due,
                                    std::chrono::month_day yearEnd = kYearEnd);
/// May this be added to those? Refused ("progress.over", "progress.future", "progress.back"). Late ones may: they are marked.
[[nodiscard]] Result<void> mayEnter(std::vector<ProgressEntry> const& before, ProgressEntry const& entry);

// --- the tree of plans ----------------------------------------------------------------------------------------------------

struct Goal {
    std::string id, text, target;
    std::set<std::string> parents;         ///< ids of goals of this plan or its parent
    std::optional<Day> due;
};
/// Something that a plan must contain, by name (专业人才培养方案), and whether it does.
struct PlanContent {
    std::string id, name;
    bool there = false;
};
struct PlanNode {
    std::string id, title, kind, parent;   ///< parent: id of a plan; empty: none
    std::optional<Day> from, to;
    std::vector<Goal> goals;
    std::vector<PlanContent> contents;
    bool mustName = false;                 ///< comes from a list of plans that names contents
};
/// Kinds of plans that hang under another one.
[[nodiscard]] bool needsParent(std::string_view kind) noexcept;
/// "plan.no-parent", "plan.parent-missing", "plan.loop", "plan.outside-parent" (begins before or ends after it),
/// "plan.goal-orphan" (its plan has a parent with goals, and it names none; or one that is not there),
/// "plan.goal-later", "plan.goal-lower", "plan.no-contents", "plan.content-missing".
[[nodiscard]] Remarks checkPlans(std::vector<PlanNode> const& plans);
/// Every plan with its depth, parents before children, by id among equals; plans in a loop hang at its lowest id.
struct PlanPlace {
    std::size_t plan = 0;                  ///< index
    int depth = 0;
};
[[nodiscard]] std::vector<PlanPlace> treeOf(std::vector<PlanNode> const& plans);
/// Is `child` less than `parent` asks? Nothing if they cannot be compared: no number, or of another unit. "≤5%" asks for less.
[[nodiscard]] std::optional<bool> asksForLess(std::string_view child, std::string_view parent);

/// The six papers of a course (three-year plan, plan of the year, how it is carried out, two standards, breakdown).
struct CourseAnnex {
    int number = 0;
    std::string_view type, kind, zh, en;
};
[[nodiscard]] std::array<CourseAnnex, 6> const& courseAnnexes() noexcept;

// --- task book and breakdown ------------------------------------------------------------------------------------------------

struct BookRow {
    std::string id, title, unit, attribute;
    std::set<std::string> joint;
    std::optional<Day> due;
    std::string weight, standard;
};
struct BookTask {
    std::string id, row;                   ///< row: the book's row that it came from; empty: none
    BookRow is;                            ///< as the task stands
};
/// Units: id → closed. "book.no-title", "book.no-unit", "book.unit-unknown", "book.unit-closed", "book.no-due",
/// "book.bad-weight", "book.no-standard"; joint units too. The place is the row.
[[nodiscard]] Remarks checkBook(std::vector<BookRow> const& book, std::map<std::string, bool, std::less<>> const& units);
/// Where book and breakdown part: "book.no-task" (row without a task), "book.not-in-book" (task without a row), "book.twice" (two
/// tasks of a row) and "book.differs" with the fields that do.
[[nodiscard]] Remarks compareBook(std::vector<BookRow> const& book, std::vector<BookTask> const& tasks);

struct TaskPart {
    std::string unit;
    bool lead = false;
    std::string weight;                    ///< empty: one, like all others without
    friend bool operator==(TaskPart const&, TaskPart const&) = default;
};
/// A task's parts: the lead unit first, then each joint unit once. Refused ("task.no-owner", "book.unit-unknown",
/// "book.unit-closed", "book.bad-weight", "task.no-joint" if nobody shares it, "task.weight-no-part").
[[nodiscard]] Result<std::vector<TaskPart>> partsOf(std::string_view lead, std::set<std::string> const& joint,
                                                    std::map<std::string, std::string> const& weights,
                                                    std::map<std::string, bool, std::less<>> const& units);

// --- bands of time --------------------------------------------------------------------------------------------------------

struct Band {
    std::string id, name, note;
    Day from{}, to{};                      ///< both days belong to it
};
/// The first day of a month "2017-09" (or a day as it is), and its last.
[[nodiscard]] std::optional<Day> firstDayOf(std::string_view month);
[[nodiscard]] std::optional<Day> lastDayOf(std::string_view month);
[[nodiscard]] bool overlap(Band const& a, Band const& b);
/// "band.ends-first".
[[nodiscard]] Remarks checkBands(std::vector<Band> const& bands);

struct CycleSpan {
    int number = 0;
    std::optional<Day> opened, closed;
};
/// "cycle.opened-early": opened before the one before was closed.
[[nodiscard]] Remarks checkCycleOrder(std::vector<CycleSpan> cycles);

// --- board and review ---------------------------------------------------------------------------------------------------------

enum class BoardColumn { NotBegun, UnderWay, ToRecheck, Failed, Passed };
inline constexpr std::size_t kBoardColumns = 5;
struct BoardCard {
    std::string state;
    bool closed = false;
    bool begun = false;                    ///< somebody has entered progress, or begun the document
};
/// Nothing for what was cancelled or withdrawn: it stands on no board. States of workflows that a college adds are under way
/// until they are closed.
[[nodiscard]] std::optional<BoardColumn> columnOf(BoardCard const& card);
[[nodiscard]] std::string_view slugOf(BoardColumn column) noexcept;
[[nodiscard]] model::Label labelOf(BoardColumn column);

struct ReviewTask {
    std::string id, title, kind, owner, state;
    bool closed = false;
};
/// What forbids applying for the review: rectification tasks that are not closed ("review.open-rectification"), and failed
/// ones of any kind ("review.open-failed"). An empty list allows it.
[[nodiscard]] Remarks reviewBlockers(std::vector<ReviewTask> const& tasks);

}  // namespace spiral::engine
