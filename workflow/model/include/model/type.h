// Document types are data: schemas/types/*.json, checked by a JSON Schema when the program is built and again when they
// are loaded. A type says which fields a document has, how they merge, what must be there before a step, and which
// workflow it walks.
#pragma once

#include "base/json.h"
#include "base/result.h"
#include "model/merge.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace spiral::model {

enum class FieldKind { Text, LongText, Integer, Decimal, Boolean, Day, Choice, Person, Unit, Reference, Set, Rows, Map, Files };

struct Label {
    std::string zh, en;
};

struct Field {
    std::string name;                  ///< [a-z][a-z0-9_]*
    FieldKind kind = FieldKind::Text;
    Label label;
    bool required = false;             ///< must be there, and not empty, when a step asks for a complete document
    std::vector<std::string> choices;  ///< of a Choice
    std::vector<Label> choiceLabels;   ///< one for each of `choices`
    std::size_t lengthMax = 0;         ///< characters of a text; 0: only the object's own limit
    MergeRule merge = MergeRule::Whole;
    /// Required only while the choice field `first` says `second`; both empty: always, if `required`.
    std::pair<std::string, std::string> requiredWhen;
    std::vector<Field> columns;        ///< of Rows: what a row holds besides its `id`; empty: rows of any shape
    [[nodiscard]] Field const* column(std::string_view name) const;
};

/// Every type has this field, whether or not it names it: the document of another college that this one was taken over
/// from, {doc, revision, school, scope}. Nobody types it; what it claims is shown as proven only by the signed bytes that
/// lie beside it, and nothing counts for it.
inline constexpr std::string_view kMovedFrom = "moved_from";

struct DocumentType {
    std::string name;                  ///< `task.v1`
    Label label;
    std::string workflow;              ///< `task.v1`; empty: no steps
    std::vector<Field> fields;
    std::string titleField;            ///< shown in lists
    std::string dueField;              ///< a Day; empty: never due
    std::string ownerField;            ///< a Unit; empty: the document's scope
    [[nodiscard]] Field const* find(std::string_view field) const;
    [[nodiscard]] MergeRules mergeRules() const;
};

/// All types this program knows, newest version of each name found by the bare name.
class TypeCatalogue {
public:
    /// The types built into the program. REQUIRES: they were checked when it was built.
    [[nodiscard]] static TypeCatalogue const& builtIn();
    /// Adds one type from JSON text; refused with the place and the rule it breaks (JSON Schema, then meaning).
    [[nodiscard]] Result<void> add(std::string_view jsonText);
    /// By full name (`task.v1`) or by bare name (`task`: the newest version).
    [[nodiscard]] DocumentType const* find(std::string_view name) const;
    [[nodiscard]] std::vector<DocumentType const*> all() const;

private:
    [[nodiscard]] Result<void> addChecked(json::Value const& value);  // whose form is right
    std::map<std::string, DocumentType, std::less<>> m_types;
};

/// The name of a kind in type files: `long-text`.
[[nodiscard]] std::string_view nameOf(FieldKind kind) noexcept;

/// Values, by kind:
///   Text (one line), LongText, Decimal ("12.50"), Day, Choice, Person, Unit: a string
///   Integer, Boolean: an integer, a boolean
///   Reference: {doc, scope} and, where the exact revision matters, `revision`
///   Set, Files (SHA-256 in hexadecimal): an array of strings, sorted, unique
///   Rows: an array of objects, each with a string `id`, sorted by it, unique;  Map: an array of {k, v}, v a string
///
/// Reads what a person typed for a field into its value. A set is typed "a,b" or "甲、乙", a map "k=v,k=v", a reference
/// "scope:doc" or "scope:doc@revision", rows and maps also as JSON. Usage, naming the field and what it takes, when it
/// does not fit ("field.not-a-day", "field.not-a-choice", "field.unknown", …).
[[nodiscard]] Result<json::Value> parseFieldValue(DocumentType const& type, std::string_view field, std::string_view typed);
/// Every field known and of its kind. (Rows and maps of hostile shape are refused here before they reach a merge.)
[[nodiscard]] Result<void> checkFields(DocumentType const& type, json::Object const& fields);
/// Names of required fields that are absent or empty; of a row's required column "goals/G1/measure".
/// Absent, or empty.
[[nodiscard]] bool isMissing(json::Object const& fields, std::string_view name);
[[nodiscard]] std::vector<std::string> missingFields(DocumentType const& type, json::Object const& fields);

}  // namespace spiral::model
