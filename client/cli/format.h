// How things are named and shown to people: ids, times, people, states, values. The JSON forms that several commands
// share stand here too.
#pragma once

#include "job.h"

namespace spiral::cli {

inline constexpr std::size_t kShortDigits = 8;

[[nodiscard]] std::string shortId(std::string_view hex);
template <class Tag, std::size_t Size>
[[nodiscard]] std::string shortId(Token<Tag, Size> const& id) {
    return shortId(id.hex());
}

/// `2026-03-02 14:05` in the zone of this computer.
[[nodiscard]] std::string localTime(Instant instant);
/// `3 天前`.
[[nodiscard]] std::string ageText(Instant then, Instant now, Language language);
[[nodiscard]] std::string dayText(std::optional<Day> const& day);
/// What stands between the elements of a list in a line: `、` or `, `.
[[nodiscard]] std::string_view listMark(Language language) noexcept;

/// Types and workflows whose labels are shown from now on: those of the college at work, once its office is open.
void showWith(office::Definitions const& definitions);
[[nodiscard]] std::string typeText(std::string_view type, Language language);
[[nodiscard]] std::string stateText(std::string_view type, std::string_view state, Language language);
[[nodiscard]] std::string actionText(std::string_view type, std::string_view action, Language language);
[[nodiscard]] std::string fieldText(model::DocumentType const* type, std::string_view field, Language language);
[[nodiscard]] std::string kindText(std::string_view kind, Language language);
[[nodiscard]] std::string roleText(trust::Role const& role, office::Names const& names, Language language);
[[nodiscard]] std::string scopeText(Scope const& scope, office::Names const& names, Language language);
[[nodiscard]] std::string countText(replica::Count count, Language language);
/// `王芳（王芳 #1）`-like: the device is named only where the person has several.
[[nodiscard]] std::string personText(PersonId const& person, office::Names const& names);

/// A field's value as lines for people: labels for choices, names for persons and units, one line a row.
[[nodiscard]] std::string valueText(model::DocumentType const* type, std::string_view field, json::Value const& value,
                                    office::Names const& names, Language language);

/// The argument ID of commands on one document.
[[nodiscard]] Positional documentId();
/// `field=value` of --set; Usage otherwise.
[[nodiscard]] Result<std::vector<std::pair<std::string, std::string>>> settings(std::vector<std::string> const& texts);
/// A scope from `unit/jwc`, `college` or a bare unit id.
[[nodiscard]] Result<Scope> scopeFrom(std::string_view text);
[[nodiscard]] Result<Day> dayFrom(std::string_view text);

[[nodiscard]] Json toJson(replica::ListedDocument const& listed, office::Names const& names);
[[nodiscard]] Json toJson(replica::ItemRow const& item, office::Names const& names);
[[nodiscard]] Json toJson(replica::DifferenceRow const& difference, office::Names const& names);
[[nodiscard]] Json toJson(transport::Withheld const& withheld);
[[nodiscard]] Json toJson(transport::TwoViews const& views);
[[nodiscard]] Json toJson(protocol::Proposed const& answer);
[[nodiscard]] Json dayJson(std::optional<Day> const& day);
[[nodiscard]] Json timeJson(std::optional<Instant> const& instant);

/// Shows one difference: both texts under each other, with person, device and time.
void showDifference(Job& job, model::DocumentType const* type, replica::DifferenceRow const& difference,
                    office::Names const& names);
/// Says what became of a document that was written to, for people and as JSON.
void tellAssignment(Job& job, office::Office& office, office::Assignment const& assignment);

}  // namespace spiral::cli
