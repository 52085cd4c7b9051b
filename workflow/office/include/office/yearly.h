// What comes back every year: the quality report of each school, and the road of the college's own report to the city
// and the province. Facts are documents that somebody signed; what is due, late or out of order is computed from them
// for a day that comes in.
#pragma once

#include "engine/calendar.h"
#include "office/organisation.h"

namespace spiral::office {

// --- reports of schools ---

struct SchoolReport {
    std::string school, name;
    std::optional<DocumentKey> document;  ///< the one that the school signed first, else one that was begun
    std::string title, state;
    std::optional<PersonId> signedBy;  ///< whoever headed the school's group on that day
    std::optional<Instant> signedAt;
    std::optional<Day> signedOn;
    bool overdue = false, late = false;
    int others = 0;            ///< further reports of the same school and year
    engine::Remarks breaches;  ///< on any of them; signed by somebody else, they count as not signed
};
struct SchoolReports {
    int year = 0;
    Day due{};
    std::vector<SchoolReport> schools;  ///< open units that are schools, by id
    engine::Remarks remarks;            ///< of engine::checkYearlyReports
    int written = 0, late = 0, overdue = 0;
};
/// Due is `due`, else what the settings say of that year, else the end of the year.
[[nodiscard]] SchoolReports schoolReports(Office& office, Organisation const& organisation, int year, Day today,
                                          std::optional<Day> due = std::nullopt);

// --- the yearly road ---

/// One fact of the road, as it was signed.
struct RoadFact {
    DocumentKey document;
    ObjectId record;
    std::string step;
    int year = 0;
    bool receipt = false;
    Day on{};  ///< as written
    PersonId by;
    Instant signedAt{};
    std::string number, note;
    std::vector<trust::Attachment> files;
};
struct RoadStep {
    engine::YearlyDate date;
    std::optional<RoadFact> handedIn, received;
    std::vector<std::string>
        findings;  ///< "road.late", "road.before-receipt", …: engine::checkRoad's, and "road.twice"
};
struct Road {
    int year = 0;
    std::vector<RoadStep> steps;
    [[nodiscard]] bool fine() const;
};
/// Of several facts of one step the one signed first counts, and that there are several is told ("road.twice").
[[nodiscard]] Road yearlyRoad(Office& office, int year, Day today);

struct StepGiven {
    std::string step;  ///< `self-diagnosis`, `city`, `province`
    int year = 0;
    bool receipt = false;
    Day on{};
    std::string number{}, note{};
    std::optional<Path> file{};
    std::optional<DocumentKey> report{};  ///< what was handed in
};
/// Writes the fact and signs it. Nothing is written if it would be refused: as engine::mayHandIn and mayReceive say,
/// and "road.future", "road.no-proof" of a receipt of others without number or file, "road.year" of a day before the
/// year. One that was begun and never signed, because the machine went off between the two, is signed now.
[[nodiscard]] Result<StepDone> takeStep(Office& office, StepGiven const& given);
/// The same for a revision of a `yearly-step` that somebody is about to sign.
[[nodiscard]] Result<void> mayTakeStep(Office& office, trust::Revision const& revision, Day today);

/// Steps of this year's road that are to be handed in by a day, or whose day has passed, where the college says that it
/// walks the road.
struct RoadDue {
    std::string step;
    int year = 0;
    std::optional<Day> due;
};
[[nodiscard]] std::vector<RoadDue> roadDue(Office& office, Organisation const& organisation, Day today, int daysBefore);

}  // namespace spiral::office
