// Cycles of diagnosis: started from an exact revision of a catalogue, asked of each department, followed by counts over
// everything, closed with what is left over. A cycle is a document of the scope `college`; what it asks for is computed
// from it (engine/expectation.h), so starting one for a hundred departments writes one document and one signature.
#pragma once

#include "engine/calendar.h"
#include "engine/catalogue.h"
#include "office/office.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace spiral::office {

struct CycleWanted {
    std::string title;
    engine::Clock clock = engine::Clock::Year;
    Day start{};
    std::optional<Day> end{};  ///< else by the clock
    std::optional<Day> due{};  ///< of the self-diagnosis; else the end
    std::optional<Day> reportDue{};
    std::vector<DocumentKey> catalogues{};  ///< documents of type catalogue.v1; their only heads are copied
    /// Every one of these units answers every point. Empty: those that the catalogue names as responsible.
    std::vector<std::string> units{};
    /// What a printed name means: units. Others mean what engine::ownersOf says: units by their names, `各部门` every
    /// unit, `二级学院` (where no unit has that name) every school.
    std::map<std::string, std::vector<std::string>> owners{};
    /// Levels whose points are answered for subjects, each with the codes of those that are meant; none: all that are
    /// open. A level that is not here, and not in `byUnit`, is asked of the units if `units` names some or the college
    /// has no `teaching.v1` document, and else for all its open subjects.
    std::map<std::string, std::vector<std::string>> subjects{};
    std::set<std::string> byUnit{};
    std::optional<Day> asOf{};                      ///< subjects closed before are not asked for; else the start
    std::optional<DocumentKey> previous{};          ///< closed; what it left over is asked for again, with a link
    std::map<std::string, std::string> readings{};  ///< kept in the signed revision
};

struct CyclePlan {
    json::Object fields;  ///< of the cycle document
    int elements = 0, points = 0;
    std::size_t parts = 0;    ///< documents that it will ask for
    std::size_t carried = 0;  ///< of the cycle before
    struct Unowned {
        std::string element, title, names;  ///< id and title of the element; the names that mean no unit
    };
    std::vector<Unowned> unowned;         ///< elements that nobody would answer
    std::map<std::string, int> subjects;  ///< by level, of those that are answered for subjects
    std::vector<std::string> unitLevels;  ///< levels that have subjects, asked of units as none are told
    struct SubjectFinding {
        std::string code;  ///< as InstanceFinding, or `subject-without-unit`: nobody would answer for it
        std::string level, subject, name;
    };
    std::vector<SubjectFinding> findings;   ///< about subjects, by level
    std::vector<std::string> unknownNames;  ///< printed names that mean no unit, where others of the element do
};

/// What a cycle would hold, without writing anything. Refused: "cycle.no-catalogue", "cycle.catalogue-differs" (it has
/// several heads), "cycle.no-points", "cycle.point-twice", "cycle.dates", "cycle.unit-unknown", "cycle.previous-open",
/// "cycle.too-many", "cycle.no-subjects" (a level has none that is open), "cycle.subject-unknown" (none of that code is
/// open), "clock.cycle-too-long".
[[nodiscard]] Result<CyclePlan> planCycle(Office& office, CycleWanted const& wanted);

struct CycleStarted {
    DocumentKey cycle;
    ObjectId revision, record;
    CyclePlan plan;
};
/// Writes the cycle and signs its start. Beyond planCycle's reasons "cycle.unowned" and "cycle.subject-unowned", naming
/// elements and subjects that nobody would answer. If the signature is refused, the cycle is there, in preparation, and
/// can be started with `step ID start`.
[[nodiscard]] Result<CycleStarted> startCycle(Office& office, CycleWanted const& wanted);

/// The same cycle after its catalogue changed: points and elements of the catalogues' heads; what is gone is listed as
/// withdrawn, and its answers stay where they are. Each level is asked as it was, of units or for subjects, unless
/// `wanted` says otherwise; those of its subjects that are open `asOf` (else, at the start): one that was closed keeps
/// what it answered and is asked nothing anew. Signed with the reason.
[[nodiscard]] Result<CycleStarted> adoptCatalogue(Office& office, DocumentKey const& cycle, CycleWanted const& wanted,
                                                  std::string_view reason);

/// Counts of one sort of what a cycle asks for.
struct PartCounts {
    int all = 0, notBegun = 0, open = 0, closed = 0, takenBack = 0, carriedOver = 0, overdue = 0, failedRounds = 0;
    int answered = 0;  ///< points with a result, forms with all six parts
};
struct CyclePart {
    TaskLine line;
    std::string rule;  ///< `element`, `point`, `left-over`
    std::string element, point, unit;
    std::string subject;  ///< `programme:510201`; empty: the unit answers for itself
    bool answered = false;
    bool withdrawn = false;  ///< answered before the point was withdrawn; kept
    std::string leftOver, lessons;
};
struct CycleShown {
    DocumentShown document;
    PartCounts elements, points, carried, rectification;
    std::map<std::string, PartCounts> byUnit, byElement, byLevel, bySubject, byCampus;  ///< of points
    std::map<std::string, std::string> subjectNames;  ///< also of subjects that the cycle asks no more
    std::vector<CyclePart> parts;                     ///< by rule, element, point, subject, unit
    std::vector<CyclePart> withdrawn;       ///< 诊断点已撤销: answers and forms that the cycle asks for no more
    std::vector<CyclePart> rectifications;  ///< tasks of failed points, begun or not
};
/// NotFound, or Usage ("cycle.not-a-cycle").
[[nodiscard]] Result<CycleShown> showCycle(Office& office, DocumentKey const& cycle, Day today);

/// Signs the end. Refused ("step.parts-open", naming them) while inner cycles are open, unless `carry`: then they, and
/// what finished points leave over, are named in the signed act and enter the next cycle.
[[nodiscard]] Result<StepDone> closeCycle(Office& office, DocumentKey const& cycle, std::string_view comment,
                                          bool carry);

/// A form or point as whoever fills it in needs it: what is asked, the point's own wording, last year's answer.
struct PartBeside {
    std::optional<json::Object> lastAnswer;  ///< fields of the same point and unit in the cycle before
    std::string lastState;
    std::optional<DocumentKey> lastDocument;
    std::vector<std::pair<std::string, DocumentKey>> jointParts;  ///< of a joint element: unit and its part
};
[[nodiscard]] Result<PartBeside> beside(Office& office, DocumentKey const& part);

}  // namespace spiral::office
