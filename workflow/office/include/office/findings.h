// Findings of a report and the tasks that answer them: none may be left without one, and a plan that answers the report
// is done when all were re-checked. Rows of the report's table of answers that name a problem are its findings.
#pragma once

#include "office/office.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace spiral::office {

struct MatrixTask {
    DocumentKey document;
    std::string title, owner, ownerName, state;
    std::optional<Day> due;
    bool passed = false;  ///< closed by a signed pass; cancelled is not passed
    bool cancelled = false;
    bool hidden =
        false;  ///< the finding names it, in a unit that this device does not read: it cannot tell how it stands
};
struct MatrixLine {
    std::optional<DocumentKey> finding;  ///< the document, if it was imported or written as one
    std::optional<DocumentKey> report;
    std::string row;  ///< of the report
    std::string title, text, unit;
    std::vector<MatrixTask> tasks;
    std::string plannedIn;  ///< row of the plan's task book that will be its task
    [[nodiscard]] bool hasTask() const;
    [[nodiscard]] bool rechecked() const;
};
struct FindingMatrix {
    std::vector<MatrixLine> lines;  ///< by report, row, title
    int gaps = 0, rechecked = 0;
    /// Rows and titles of the lines for which it does not hold; empty if it holds for all.
    [[nodiscard]] std::string without(std::function<bool(MatrixLine const&)> const& holds) const;
};
/// Findings of one report, or all there are. A task answers a finding if it is the finding's `task`, or its source is
/// the finding, the report's row, or a row of a plan's task book that names it. `plan`: fields of a plan that is about
/// to be signed; what its book names counts as planned.
[[nodiscard]] FindingMatrix findingMatrix(Office& office, std::optional<DocumentKey> const& report,
                                          json::Object const* plan = nullptr);

struct FindingsWanted {
    std::map<std::string, std::string> units{};  ///< of rows whose owner the report does not name: row → unit
    std::string system = "generation";
    bool tasks = false;        ///< make a rectification of each, in the scope of its unit
    std::optional<Day> due{};  ///< of those tasks, where the row names none
};
struct FindingsImported {
    struct One {
        std::string row, title, unit;
        std::optional<DocumentKey> finding, task;
        bool known = false;
        std::string why;  ///< not taken: "finding.no-unit", "finding.no-due", "finding.unit-unknown"
    };
    std::vector<One> rows;
};
/// Makes a finding of each row of the report that names a problem, routed to its unit; and its task. Done again, it
/// makes what is still missing and nothing twice. Usage ("finding.not-a-report"), Refused ("finding.none").
[[nodiscard]] Result<FindingsImported> importFindings(Office& office, DocumentKey const& report,
                                                      FindingsWanted const& wanted);

}  // namespace spiral::office
