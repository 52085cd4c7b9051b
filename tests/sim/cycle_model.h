// What everybody who holds the same must be shown of cycles: each document with its state, day, person and owner, and
// what it asks for, begun or not. Computed from what the model says stands, by decisions 10 and 12, without the engine.
#pragma once

#include "act_model.h"
#include "model.h"

namespace spiral::sim {

/// What one document asks for.
struct AskedModel {
    DocumentKey asking;
    std::string rule, type;
    json::Object fields;
    std::optional<Day> due;
    std::optional<PersonId> person;
    bool takenBack = false, leftOver = false;
    std::set<std::string> comments;  ///< one of these is told; empty: none
    ObjectId by;                     ///< the revision that asks
    friend bool operator==(AskedModel const&, AskedModel const&) = default;
};

/// A document as lists show it.
struct ListedModel {
    std::string type, title, state, owner;
    std::optional<Day> due;
    bool begun = false, closed = false, disputed = false, changedAfter = false, dueEdited = false;
    int round = 1, failedRounds = 0;
    std::set<ObjectId> heads;
    std::optional<PersonId> person;
    StandModel stand;  ///< by its own acts
    std::map<DocumentKey, AskedModel> asks;
};

class CycleModel {
public:
    /// Tells `model` which revisions are of another type than their document, and which fields are lists.
    CycleModel(Facts const& facts, Model& model);

    [[nodiscard]] std::map<DocumentKey, ListedModel> const& listed() const { return m_listed; }
    /// By what is asked for.
    [[nodiscard]] std::map<DocumentKey, AskedModel> const& asked() const { return m_asked; }
    /// Types that a college knows.
    [[nodiscard]] static std::set<std::string> const& types();

private:
    void look(DocumentKey const& key);
    [[nodiscard]] std::string typeOf(std::vector<ObjectId> const& revisions, std::vector<ObjectId> const& rows);
    [[nodiscard]] ListedModel list(DocumentKey const& key, std::vector<ObjectId> const& rows, AskedModel const* asked);
    void fill(ListedModel& listed, DocumentKey const& key, AskedModel const* asked);
    void readActs(ListedModel& listed, DocumentKey const& key, std::vector<ObjectId> const& rows,
                  AskedModel const* asked);
    [[nodiscard]] std::optional<Day> firstDue(std::map<ObjectId, json::Object const*> const& revisions);
    [[nodiscard]] Revision const& revision(ObjectId const& id) const { return std::get<Revision>(m_facts.rows.at(id)); }

    Facts const& m_facts;
    Model& m_model;
    std::map<DocumentKey, std::vector<ObjectId>> m_documents;
    std::map<DocumentKey, ListedModel> m_listed;
    std::map<DocumentKey, AskedModel> m_asked;
    std::map<DocumentKey, std::set<ObjectId>> m_aside;
};

/// The id of what is asked for, as decision 12 makes it.
[[nodiscard]] DocumentId askedId(DocumentKey const& asking, std::string const& rule, std::string const& row,
                                 std::string const& unit, Scope const& scope);

}  // namespace spiral::sim
