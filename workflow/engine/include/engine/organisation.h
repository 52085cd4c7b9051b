// How a college is organised for quality assurance: bodies with dated seats, the tree of units, five levels and five
// systems, who diagnoses whom, who leads a level, and which hands may not meet on one document. Pure: values in, remarks
// out; days come in as arguments. Nothing is mended here: what does not fit is told with its place.
//
// A term of office runs from its first day to the day before `until`, like a grant. A day that is absent is open.
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

struct Term {
    std::optional<Day> from, until;
    [[nodiscard]] bool covers(Day day) const;
    /// Ends before, or on the day that, it begins.
    [[nodiscard]] bool empty() const;
};

// --- levels and systems ---------------------------------------------------------------------------------------------

enum class QualityLevel { College, Programme, Course, Staff, Student };
enum class QualitySystem { Decision, Generation, Resources, Support, Supervision };
inline constexpr std::size_t kLevels = 5, kSystems = 5;

[[nodiscard]] std::string_view slugOf(QualityLevel level) noexcept;
[[nodiscard]] std::string_view slugOf(QualitySystem system) noexcept;
[[nodiscard]] model::Label labelOf(QualityLevel level);
[[nodiscard]] model::Label labelOf(QualitySystem system);
/// By slug or by what is printed; 师资 is 教师, 质量成长 is 质量生成: one thing that papers call by two names.
[[nodiscard]] std::optional<QualityLevel> levelNamed(std::string_view name);
[[nodiscard]] std::optional<QualitySystem> systemNamed(std::string_view name);

/// Anything that stands at one level and belongs to one system: a goal, a standard, a diagnosis point, a task.
struct Placed {
    std::string id;
    std::string level;                     ///< as written; empty: none
    std::optional<QualitySystem> system;   ///< that of the unit that answers for it
};

/// Levels across, systems down. What has no level or no system is counted apart and named, so that the sums of the
/// matrix and what stands beside it are always the length of the list.
struct Matrix {
    std::array<std::array<std::int64_t, kSystems>, kLevels> cells{};   ///< [level][system]
    std::vector<std::string> withoutLevel, withoutSystem;              ///< ids; without a level counts first
    std::int64_t total = 0;
    [[nodiscard]] std::int64_t ofLevel(QualityLevel level) const;
    [[nodiscard]] std::int64_t ofSystem(QualitySystem system) const;
};
[[nodiscard]] Matrix matrixOf(std::vector<Placed> const& all);

// --- bodies ------------------------------------------------------------------------------------------------------------

enum class SeatKind { Head, Deputy, Member };
struct Seat {
    std::string id;
    SeatKind kind = SeatKind::Member;
    std::string person;                    ///< id; empty: nobody is named
    std::string post;                      ///< 校长
    Term term;
};
struct Body {
    std::string id, name, kind;            ///< kind: leading, office, working-group, school-group, committee
    std::set<std::string> aliases;         ///< other names that papers print for it
    std::string parent;                    ///< id of a body; empty: none
    std::string unit;                      ///< of a school's group: the school
    Term term;                             ///< of the body itself
    std::vector<Seat> seats;
};

/// Seats without a person ("organisation.seat-empty"; "organisation.seat-unfilled" where only a post is named), that end
/// before they begin, two heads at once, days up to `today` without a head (of a body that has any head's seat, or must
/// have one: leading groups and school groups). Two heads are told also when that day is still to come.
[[nodiscard]] Remarks checkBody(Body const& body, Day today);
/// Each body; its parent is there and no loop; exactly one leading group; no name that is another body's name or alias.
[[nodiscard]] Remarks checkBodies(std::vector<Body> const& bodies, Day today);
/// The one head on that day; nothing if there is none, or two.
[[nodiscard]] std::optional<std::string> headOn(Body const& body, Day day);
/// A decision of a body counts only if signed by its head on that day. Refused ("organisation.not-seated",
/// "organisation.not-head", "organisation.two-heads"), naming the body.
[[nodiscard]] Result<void> mayDecide(Body const& body, std::string_view person, Day day);

// --- units -----------------------------------------------------------------------------------------------------------

/// Kinds: functional, administrative, teaching, supervision, quality. A unit may be of several.
struct UnitPlace {
    std::string id, name, parent;          ///< parent: id of a unit, or kCollege; empty: nothing said
    std::set<std::string> kinds;
    bool school = false;                   ///< has a quality group of its own and writes a yearly report
    bool closed = false;
    std::optional<QualitySystem> system;   ///< its main one, by which it is counted
    std::set<QualitySystem> also;
    [[nodiscard]] bool is(std::string_view kind) const { return kinds.contains(std::string(kind)); }
};
/// The root of every tree of units.
inline constexpr std::string_view kCollege = "college";

/// Every unit hangs under the college: no unit above itself, no loop, no parent that is not there or is closed.
[[nodiscard]] Remarks checkUnitTree(std::vector<UnitPlace> const& units);
/// Units in no system.
[[nodiscard]] Remarks checkSystems(std::vector<UnitPlace> const& units);
/// Each school has exactly one group, and each group of a school a school.
[[nodiscard]] Remarks checkSchoolGroups(std::vector<UnitPlace> const& units, std::vector<Body> const& bodies);
/// May this person sign the yearly report of that school: as head of its group. Refused ("organisation.other-school" where
/// another school's group is headed; else as mayDecide; "organisation.no-group").
[[nodiscard]] Result<void> mayReport(std::vector<Body> const& bodies, std::string_view school, std::string_view person, Day day);

struct YearlyReport {
    std::string unit;
    int year = 0;
    std::optional<Day> signedOn;
};
/// Schools whose report of that year is not signed, overdue once `today` is past `due`, and those signed late.
[[nodiscard]] Remarks checkYearlyReports(std::vector<UnitPlace> const& units, std::vector<YearlyReport> const& reports,
                                         int year, Day due, Day today);

// --- who diagnoses whom -----------------------------------------------------------------------------------------------

/// Each side names kinds of units (`kind:functional`), single units (`unit:yc-d05`) or, as object, `self`.
struct DiagnosisLine {
    std::string id;
    std::set<std::string> subjects, objects;
    bool meta = false;                     ///< a diagnosis of those who diagnose (元诊改): a kind of document of its own
};
struct Diagnosis {
    std::string subject, object, line;     ///< line: empty for the unit's own
    bool meta = false;
    friend bool operator==(Diagnosis const&, Diagnosis const&) = default;
};
/// Each unit itself, and for each line every subject that is another unit; sorted, each once. Closed units take no part.
[[nodiscard]] std::vector<Diagnosis> assignDiagnoses(std::vector<UnitPlace> const& units, std::vector<DiagnosisLine> const& lines);
/// Units that nobody from outside diagnoses ("organisation.diagnosis-nobody"), lines that name a unit as its own
/// outside party ("organisation.diagnosis-self") or nobody that is there ("organisation.diagnosis-empty").
[[nodiscard]] Remarks checkDiagnoses(std::vector<UnitPlace> const& units, std::vector<DiagnosisLine> const& lines);

// --- who leads a level --------------------------------------------------------------------------------------------------

struct LevelLead {
    std::string id, level, unit;           ///< level as written
    std::string printed;                   ///< the name that the paper has for it
    std::optional<Day> from;               ///< leads from this day on; absent: from ever
};
/// The unit that leads the level for what is given out on that day: a change moves no older task.
[[nodiscard]] std::optional<std::string> leadOn(std::vector<LevelLead> const& leads, QualityLevel level, Day day);
/// Levels without a lead on that day, leads of no level, leads that are no open unit, two that begin on one day.
[[nodiscard]] Remarks checkLevelLeads(std::vector<LevelLead> const& leads, std::vector<UnitPlace> const& units, Day day);

// --- three powers kept apart --------------------------------------------------------------------------------------------

/// One of 教学指导, 教务, 质控: the units that hold it.
struct Power {
    std::string id, name;
    std::set<std::string> units;
};
struct HandOnDocument {
    std::string person, unit;              ///< the unit in whose name she acted
    bool approves = false;                 ///< else she wrote
};
/// The rule that forbids what these hands did on one document: "organisation.self-approval" (wrote and approved),
/// "organisation.three-powers" (wrote in one of the powers and approved in another), with person and powers; nothing if
/// none does. The narrower rule of the powers is named first.
[[nodiscard]] std::optional<Remark> separationBreach(std::vector<Power> const& powers, std::vector<HandOnDocument> const& hands);
/// Units that hold two powers, powers that nobody holds.
[[nodiscard]] Remarks checkPowers(std::vector<Power> const& powers);

// --- other names ------------------------------------------------------------------------------------------------------

/// Two names for one unit hold only where the college says so: an alias that is not on parts them.
struct UnitAlias {
    std::string name, unit;
    bool on = false;
};
/// A unit by id, name, or an alias that is on; nothing if none, or a closed one.
[[nodiscard]] UnitPlace const* unitNamed(std::vector<UnitPlace> const& units, std::vector<UnitAlias> const& aliases, std::string_view name);
/// Aliases of units that are not there, one name for two units, a name that is a unit of its own.
[[nodiscard]] Remarks checkAliases(std::vector<UnitPlace> const& units, std::vector<UnitAlias> const& aliases);

// --- six systems of the framework, and data groups ----------------------------------------------------------------------

inline constexpr std::size_t kFramework = 6;
[[nodiscard]] std::array<std::string_view, kFramework> frameworkSlugs() noexcept;
[[nodiscard]] std::array<model::Label, kFramework> frameworkLabels();
struct Coverage {
    std::array<std::int64_t, kFramework> counts{};
    std::vector<std::string> untagged, unknown;   ///< ids
    std::int64_t tagged = 0;                      ///< with a tag that is one of the six: the sum of `counts`
};
/// (id, tag) of each document; an empty tag is none.
[[nodiscard]] Coverage coverageOf(std::vector<std::pair<std::string, std::string>> const& documents);

struct DataGroup {
    std::string id, name, unit;
};
/// Data groups that no open unit answers for.
[[nodiscard]] Remarks checkDataGroups(std::vector<DataGroup> const& groups, std::vector<UnitPlace> const& units);

struct GoalAuthors {
    std::string id, unit;                  ///< of the goal
    std::set<std::string> authorUnits;     ///< of those who wrote it
};
/// Goals in the name of a unit to which none of their authors belongs.
[[nodiscard]] Remarks checkGoalAuthors(std::vector<GoalAuthors> const& goals);

// --- findings come round, data come in time -----------------------------------------------------------------------------

struct RoutedFinding {
    std::string finding;
    QualitySystem system = QualitySystem::Decision;
    std::string unit;                      ///< receives it for that system
    friend bool operator==(RoutedFinding const&, RoutedFinding const&) = default;
};
/// A finding goes to every system that it concerns: to the open units whose main system that is. Systems without a unit
/// are told ("organisation.finding-unreceived"), and so is a finding that concerns no system.
struct Routed {
    std::vector<RoutedFinding> to;
    Remarks remarks;
};
[[nodiscard]] Routed routeFinding(std::string_view finding, std::set<QualitySystem> const& concerns, std::vector<UnitPlace> const& units);
struct FindingReceipt {
    std::string finding, unit;
};
[[nodiscard]] std::vector<RoutedFinding> notReceived(std::vector<RoutedFinding> const& routed, std::vector<FindingReceipt> const& receipts);

struct DataEntry {
    std::string id, unit;
    std::optional<Day> due, entered;       ///< entered: absent while missing
    std::optional<std::int64_t> value, lowest, highest;
};
/// "organisation.data-late", "organisation.data-missing" (due before today and not entered), "organisation.data-range";
/// the place is unit/id.
[[nodiscard]] Remarks checkDataQuality(std::vector<DataEntry> const& entries, Day today);

}  // namespace spiral::engine
