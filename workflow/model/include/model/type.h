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
    std::size_t lengthMax = 0;         ///< characters of a text; 0: only the object's own limit
    MergeRule merge = MergeRule::Whole;
};

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
    std::map<std::string, DocumentType, std::less<>> m_types;
};

/// Reads what a person typed for a field ("2026-05-01", "12", "true", "a,b") into its value. Usage, naming the field
/// and what it takes, when it does not fit ("field.not-a-day", "field.not-a-choice", "field.unknown", …).
[[nodiscard]] Result<json::Value> parseFieldValue(DocumentType const& type, std::string_view field, std::string_view typed);
/// Every field known and of its kind. (Rows and maps of hostile shape are refused here before they reach a merge.)
[[nodiscard]] Result<void> checkFields(DocumentType const& type, json::Object const& fields);
/// Names of required fields that are absent or empty.
[[nodiscard]] std::vector<std::string> missingFields(DocumentType const& type, json::Object const& fields);

}  // namespace spiral::model
