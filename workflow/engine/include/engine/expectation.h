// What a document asks for: nobody's machine signs for a person, so a cycle does not make the departments' forms and a
// failed re-check does not make a task. It says that they are wanted, by whom and until when, and everybody's lists
// show them from then on; whoever begins one finds it filled in. Pure: a function of the asking document's facts.
#pragma once

#include "engine/workflow.h"

namespace spiral::engine {

/// What one document may ask for; beyond, the rest is not asked for. (100 departments with 100 points each are 10,000.)
inline constexpr std::size_t kExpectedMax = 20'000;

struct Expectation {
    std::string rule;  ///< name of the ExpectRule
    std::string type;  ///< of the expected document
    DocumentKey document;
    json::Object fields;  ///< for whoever begins it
    std::optional<Day> due;
    std::optional<PersonId> person;
    bool takenBack = false;  ///< an act says that it is not wanted any more; `comment` why
    bool leftOver = false;   ///< the act that closed the asking document leaves it over to the next
    std::string comment;
    ObjectId by;  ///< the revision that asks
};

/// What the document asks for, sorted by document, each once. It asks in its own scope; one of the scope `college` also
/// in the scopes of units. Only what signed acts name counts: an edit after them asks for nothing.
[[nodiscard]] std::vector<Expectation> expectations(Facts const& facts, Standing const& standing,
                                                    DocumentKey const& asking);

/// The id of what `asking` expects by a rule, for a row and unit (either may be empty) in `scope`, and for a subject if
/// there is one. The same on every replica, so that two people who begin it apart begin one document.
[[nodiscard]] DocumentId expectedId(DocumentKey const& asking, std::string_view rule, std::string_view row,
                                    std::string_view unit, Scope const& scope, std::string_view subject = {});

/// Without `document`, which stands beside it where this is kept.
[[nodiscard]] std::string toText(Expectation const& expectation);
/// Nothing if it is not of that form.
[[nodiscard]] std::optional<Expectation> expectationFrom(std::string_view text);

}  // namespace spiral::engine
