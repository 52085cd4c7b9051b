// The document types and workflows of a college: those of the program and those that its registry adds. A policy entry
// may carry `definitions`, a list of types and workflows (the JSON of schemas/, as strict JSON). They add up over all
// policy entries of the common chain and none is ever taken back or changed: a document is read for ever by the rules
// it began with.
#pragma once

#include "engine/workflow.h"
#include "model/type.h"
#include "trust/registry.h"

#include <string>
#include <string_view>
#include <vector>

namespace spiral::office {

/// What one policy entry may add.
inline constexpr std::size_t kDefinitionsMax = 64;

class Definitions {
public:
    /// Those of the program.
    Definitions() : m_types(model::TypeCatalogue::builtIn()), m_workflows(engine::WorkflowCatalogue::builtIn()) {}
    [[nodiscard]] static Definitions const& builtIn();

    [[nodiscard]] model::TypeCatalogue const& types() const { return m_types; }
    [[nodiscard]] engine::WorkflowCatalogue const& workflows() const { return m_workflows; }
    [[nodiscard]] model::DocumentType const* type(std::string_view name) const { return m_types.find(name); }
    [[nodiscard]] engine::Workflow const* workflowOf(std::string_view type) const;

    /// Takes in what the registry has added since the last call; what was given out before stays where it is. What is
    /// malformed, or has the name of something that is there, adds nothing, on every replica alike.
    void follow(trust::Registry const& registry);
    /// How many were added; who follows the registry further has more.
    [[nodiscard]] int added() const { return m_added; }

private:
    void add(json::Value const& definition);
    model::TypeCatalogue m_types;
    engine::WorkflowCatalogue m_workflows;
    std::size_t m_entries = 0;
    int m_added = 0;
};

/// The members of a `policy` act that adds these: the policy as it is now, with the kinds of the workflows' actions as
/// their `roles`, `differ` and `high` say, and the definitions. `texts` are JSON as people write it. Refused naming the
/// file's place and rule if one is malformed; Exists if the name is taken; Refused ("definition.kind-exists") if an
/// action would change who may do what is already done in this college.
[[nodiscard]] Result<json::Object> policyWith(Definitions const& definitions, trust::Policy const& policy,
                                              std::vector<std::string> const& texts);

}  // namespace spiral::office
