// Catalogues of diagnosis: elements and their points, by layer, by version, with their owners, and what is answered for
// each of them. Pure: values in, findings out; where days matter they come in as arguments.
//
// A catalogue is one document (`catalogue.v1`), and a version of it is one revision, or another document that names the
// same `catalogue` with another `version`. Ids of elements and points mean the same in all of them; where an id had to
// change, `was` says what it was.
#pragma once

#include "engine/calendar.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace spiral::engine {

/// Who laid an element or point down. A lower layer adds to an upper one and never removes or changes what it has.
enum class Layer { National, Province, College };
[[nodiscard]] std::string_view nameOf(Layer layer) noexcept;  ///< `national`
[[nodiscard]] std::optional<Layer> layerNamed(std::string_view name) noexcept;

struct CataloguePoint {
    std::string id, zh, en;
    Layer layer = Layer::College;
    bool added = false;            ///< printed with （增）
    bool withdrawn = false;        ///< its answers are kept; no new ones are asked for
    std::vector<std::string> was;  ///< ids of earlier versions that this one goes on from
};
struct CatalogueElement {
    std::string id, project, zh, en;
    Layer layer = Layer::College;
    bool withdrawn = false;
    std::vector<std::string> was;
    std::vector<std::string> responsible;  ///< as printed
    std::vector<CataloguePoint> points;
};
struct Catalogue {
    std::string id, version, title, level, status;
    Layer layer = Layer::College;  ///< of the document: who keeps it
    std::optional<std::int64_t> declaredProjects, declaredElements, declaredPoints;
    std::vector<CatalogueElement> elements;
    [[nodiscard]] CatalogueElement const* element(std::string_view id) const;
};
/// From the fields of a catalogue document, which its type has checked.
[[nodiscard]] Catalogue catalogueFrom(json::Object const& fields);

struct CatalogueCount {
    std::int64_t projects = 0, elements = 0, points = 0;
    friend bool operator==(CatalogueCount const&, CatalogueCount const&) = default;
};
/// Of what is not withdrawn.
[[nodiscard]] CatalogueCount countOf(Catalogue const& catalogue);

// --- completeness ---------------------------------------------------------------------------------------------------

/// What a printed table says that it has, and what of that is not here.
struct CatalogueGap {
    std::int64_t projects = 0, elements = 0, points = 0;
    std::vector<std::string> empty;  ///< ids of elements without any point
    [[nodiscard]] bool none() const noexcept { return projects <= 0 && elements <= 0 && points <= 0 && empty.empty(); }
};
[[nodiscard]] CatalogueGap gapOf(Catalogue const& catalogue);
/// Refused ("catalogue.incomplete", with the numbers) while something of the catalogue is missing: what is written on
/// such a base would pass 76 points for 100.
[[nodiscard]] Result<void> mayBaseFinalReport(Catalogue const& catalogue);

// --- layers and thresholds ------------------------------------------------------------------------------------------

struct LayerBreach {
    enum class What { Removed, Changed, FalseLayer };
    What what = What::Removed;
    std::string id, zh;  ///< of the element or point, as the upper layer has it
    friend bool operator==(LayerBreach const&, LayerBreach const&) = default;
};
/// What `lower` did to elements and points of `upper` that are laid down above it: took out, withdrew, worded anew, put
/// elsewhere; and what it calls another layer's without having it from there. In the order of `upper`.
[[nodiscard]] std::vector<LayerBreach> layerBreaches(Catalogue const& upper, Catalogue const& lower);

/// The fields of a lower layer's catalogue on top of an upper one: elements and points that `fields` does not mention
/// are there as the upper layer has them, each with its layer. What it does mention stays as it says; ask
/// layerBreaches().
[[nodiscard]] json::Object builtUpon(json::Object const& upper, json::Object fields);

/// A catalogue's fields written over by a newer copy of it: what the copy mentions, element by element and point by
/// point, is as the copy says; the rest stays. So nothing goes by being left out: a point is withdrawn by saying so.
[[nodiscard]] json::Object writtenOver(json::Object const& before, json::Object const& copy);

/// The verdict's numbers for n elements, as 12 and 10 of 15 in proportion, in exact integers.
struct Thresholds {
    std::int64_t elements = 0;
    std::int64_t effectiveFrom = 0;  ///< least m with 15·m ≥ 12·n
    std::int64_t abnormalTo = 0;     ///< greatest m with 15·m < 10·n
};
[[nodiscard]] Thresholds thresholdsFor(std::int64_t elements) noexcept;

// --- versions -------------------------------------------------------------------------------------------------------

struct CatalogueChanges {
    std::vector<std::pair<std::string, std::string>> mapped;  ///< points, old → new; the same id, or by `was`
    std::vector<std::string> added;                           ///< points that go on from none
    std::vector<std::string> withdrawn;                       ///< points that none goes on from
    std::vector<std::string> reworded;                        ///< new ids of mapped points whose text is another
    std::vector<std::string> elementsAdded, elementsWithdrawn;
};
/// All lists sorted.
[[nodiscard]] CatalogueChanges compare(Catalogue const& before, Catalogue const& after);

/// Answers given to `before`, by id of their points, on their way to `after`. Each is in exactly one of `carried` (more
/// than once if its point was parted), `kept` and `unknown`.
struct CarriedAnswers {
    std::vector<std::pair<std::string, std::string>> carried;  ///< old → new
    std::vector<std::string> kept;     ///< of points that were withdrawn: kept and listed, not asked for again
    std::vector<std::string> unknown;  ///< of no point of `before`
    std::vector<std::string> joined;   ///< new points on which several answers meet: a person makes one of them
    std::vector<std::string> open;     ///< new points without an answer
};
[[nodiscard]] CarriedAnswers carryAnswers(Catalogue const& before, Catalogue const& after,
                                          std::set<std::string> const& answered);

// --- owners ---------------------------------------------------------------------------------------------------------

struct OwnerUnit {
    std::string id, name;
    bool school = false;  ///< a teaching unit (二级学院)
    bool closed = false;
};
/// Names that a college uses for one unit: as printed → the unit's name. Without them 诊改办 and 质控办 are two.
using UnitAliases = std::map<std::string, std::string, std::less<>>;

struct Owners {
    std::vector<std::string> units;    ///< ids, sorted
    std::vector<std::string> unknown;  ///< as printed
};
/// 各部门 is every open unit, 二级学院 (where no unit has that name) every school; 等 behind a name adds nothing.
[[nodiscard]] Owners ownersOf(std::vector<std::string> const& printed, std::vector<OwnerUnit> const& units,
                              UnitAliases const& aliases = {});
/// Points, not withdrawn, that no unit owns.
[[nodiscard]] std::vector<std::string> unownedPoints(Catalogue const& catalogue, std::vector<OwnerUnit> const& units,
                                                     UnitAliases const& aliases = {});

// --- what each point is answered for --------------------------------------------------------------------------------

struct Programme {
    std::string id, name;
    std::vector<std::string> schools;  ///< unit ids, the leading one first
    std::optional<Day> opened{}, closed{};
    std::vector<FlagChange> flags{};  ///< of the brand, as the college tells them
};
struct Course {
    std::string id, name;
    std::vector<std::string> programmes;
    std::string school{};  ///< that teaches it; empty: the leading one of its first programme
};
struct School {
    std::string id, name;
    std::int64_t staff = 0;
};
struct SchoolClass {
    std::string id, name, programme, teacher;
};
struct Teaching {
    std::vector<Programme> programmes;
    std::vector<Course> courses;
    std::vector<School> schools;
    std::vector<SchoolClass> classes;
    std::optional<Day> clockStart{};                       ///< from when clocks are counted
    std::map<std::string, std::vector<Waiver>> waivers{};  ///< by subject, `course:C1`
};

/// From the fields of a `teaching.v1` document.
[[nodiscard]] Teaching teachingFrom(json::Object const& fields);

/// One subject that every point of a level's catalogue is answered for.
struct Instance {
    std::string subject, name;
    std::vector<std::string> units;       ///< whose it is; of a joint programme both schools
    std::vector<std::string> programmes;  ///< of a course or class
    std::optional<Day> closes;            ///< a programme that ends within the cycle: what it answered stays
    std::string lead{};                   ///< the unit that answers its points; empty: nobody does
    std::vector<std::string> forms{};  ///< units that each have a part of a form: the lead, of a programme all schools
    std::string teacher{};             ///< of a class
    bool brand = false;                ///< a programme that bore the brand flag when the cycle began
};
struct InstanceFinding {
    /// `programme-closes`, `programme-without-school`, `course-in-no-programme`, `school-without-staff`,
    /// `class-without-teacher`, `class-in-no-programme`, `subject-twice`, `course-of-several-schools` (their programmes
    /// have different ones, and none is said to teach it: the first programme's answers).
    std::string code, subject, name;
};
struct Instances {
    std::vector<Instance> list;  ///< sorted by subject, each once
    std::vector<InstanceFinding> findings;
};
/// Whether a level's points are answered for subjects of its own: of any other than the college's.
[[nodiscard]] bool hasSubjects(std::string_view level) noexcept;
/// How a subject is called among those of all levels: `programme:510201`.
[[nodiscard]] std::string subjectId(std::string_view level, std::string_view code);

/// The subjects of a level (`college`, `programme`, `course`, `staff`, `student`) in a cycle from `begin` to `end`. A
/// programme closed before it begins has none; a course is one however many programmes teach it.
[[nodiscard]] Instances instancesOf(std::string_view level, Teaching const& teaching, Day begin, Day end);

}  // namespace spiral::engine
