// The organisation of a college as its documents say it: bodies (`body.v1`) and one document of settings
// (`organisation.v1`) in the scope of the college, beside the units of the registry. The rules are the engine's
// (engine/organisation.h); here they meet the documents.
#pragma once

#include "engine/organisation.h"
#include "office/office.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spiral::office {

struct Organisation {
    struct BodyShown {
        engine::Body body;                 ///< its id is the document's, in hexadecimal
        DocumentKey document;
        std::string state;
    };
    std::optional<DocumentKey> settings;   ///< the one that counts
    std::string settingsState;
    std::vector<DocumentKey> otherSettings;
    std::vector<BodyShown> bodies;         ///< by name
    std::vector<engine::UnitPlace> units;  ///< of the registry, closed ones too, by id
    std::vector<engine::LevelLead> leads;
    std::vector<engine::DiagnosisLine> lines;
    std::map<std::string, std::string> linesPrinted;
    std::vector<engine::Power> powers;
    std::vector<engine::UnitAlias> aliases;
    std::vector<engine::DataGroup> dataGroups;
    std::string defaultUnit;               ///< takes what names no unit; empty: none is set
    std::chrono::month_day yearEnd{std::chrono::December, std::chrono::day{31}};
    std::optional<std::chrono::month_day> schoolReportDue;   ///< else the end of the year
    bool yearlyRoad = false;               ///< reports to city and province every year
    /// What is due of a data group; its value is entered by editing the settings.
    struct DataDue {
        engine::DataGroup group;
        std::optional<Day> due;
        std::optional<std::int64_t> value, lowest, highest;
    };
    std::vector<DataDue> dataDue;          ///< of the groups with a due date or a value
    [[nodiscard]] std::vector<engine::Body> bodiesOnly() const;
    [[nodiscard]] engine::UnitPlace const* unit(std::string_view id) const;
};

/// As the documents held here say it. Of several settings an approved one counts before others, then the lowest id. Without any,
/// units have no systems and nothing above them.
[[nodiscard]] Organisation organisationOf(Office& office);

/// Everything that the rules find: bodies, units, systems, schools' groups, level leads, diagnosis, powers, aliases, data
/// groups, goals written for others, and what was signed against the organisation (office/signing_rules.h).
[[nodiscard]] engine::Remarks checkOrganisation(Office& office, Organisation const& organisation, Day today);

/// The unit that a name means, by the college's aliases; without one, the unit that takes what names none; nothing if
/// none is set.
[[nodiscard]] std::optional<std::string> routedUnit(Organisation const& organisation, std::string_view name);

/// What the matrix counts.
enum class Counted { Tasks, Goals, Standards, Points };
/// Each with the level that it names, and the main system of the unit that answers for it. A point of several units
/// counts once, with the first of them, by name, that has a system.
[[nodiscard]] engine::Matrix matrixOf(Office& office, Organisation const& organisation, Counted what);
/// Plans, standards, tasks and reports by their system of the framework.
[[nodiscard]] engine::Coverage coverageOf(Office& office);

/// Bodies as documents of the college, and, unless there are settings already, settings made of what the table says of
/// levels, lines and powers. What is printed stays beside our reading; what the reading takes for granted is told. Bodies
/// taken before (by source id) are not taken again.
[[nodiscard]] Result<ImportResult> importBodies(Office& office, std::string_view jsonText, bool dryRun);

}  // namespace spiral::office
