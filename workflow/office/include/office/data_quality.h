// The quality of the source data, unit by unit: what came late, what is missing, what is out of range. Data are what
// units enter: answers to diagnosis points, progress of tasks with its evidence, values of data groups. When something
// was entered is read from the revisions that hold it, never from a field that anybody may write.
#pragma once

#include "office/organisation.h"

namespace spiral::office {

enum class DataSort { Answers, TaskProgress, Evidence, Groups };
[[nodiscard]] std::string_view nameOf(DataSort sort) noexcept;  ///< `answer`

struct DataFinding {
    std::string code;  ///< "organisation.data-late", "organisation.data-missing", "organisation.data-range"
    std::string unit;
    DataSort sort = DataSort::Answers;
    std::optional<DocumentKey> document;  ///< a task or form; of a data group the settings
    std::string title;
    std::string text;  ///< due day, days or value
};
struct UnitData {
    std::string unit, name;
    int entries = 0;  ///< looked at
    int late = 0, missing = 0, outOfRange = 0;
};
struct DataQuality {
    std::vector<UnitData> units;        ///< those with anything to enter, by id
    std::vector<DataFinding> findings;  ///< by unit, in the order of the lists
};
/// As of a day. Work that was cancelled, taken back or carried over is not looked at.
///  - An answer is due with its point or form, and entered when it first had its result (a form: all it must have).
///  - Progress is due with the task, and each entry by the end of the year in which it happened; a percentage beyond
///    0…100 is out of range. Evidence is missing of a task that is past due or done, has entries and shows none.
///  - A data group's value is entered when the settings first had one for that due day.
[[nodiscard]] DataQuality dataQuality(Office& office, Organisation const& organisation, Day today);

}  // namespace spiral::office
