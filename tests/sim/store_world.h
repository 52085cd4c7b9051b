// Real machines beside the model: real keys and signatures, SQLite stores, views with the office's projector. Whatever
// happens to a machine happens to its model too, by rules written a second time; compare() holds them against each
// other.
#pragma once

#include "../replica/machines.h"
#include "cycle_work.h"
#include "model.h"

#include "replica/view.h"

#include <functional>

namespace spiral::sim {

/// What befalls frames on the road.
struct Road {
    bool shuffled = false, twice = false, damaged = false;
    unsigned dropPercent = 0, withholdPercent = 0;
    std::size_t batches = 1;
};

class StoreWorld {
public:
    explicit StoreWorld(std::uint64_t seed);

    struct Node {
        std::string name;
        trust::Someone who;
        std::size_t device = 0;
        std::unique_ptr<replica::Machine> machine;
        std::unique_ptr<replica::View> view;
        Held held;
        std::map<FrameId, bool> inbox;
        std::shared_ptr<RegistryModel const> registry;
    };
    /// The disk of a machine as it was, and what its model knew.
    struct Image {
        std::unique_ptr<TemporaryFolder> folder;
        Held held;
        std::map<FrameId, bool> inbox;
    };

    trust::College college;

    /// A machine with an empty store; it learns of the college by what is carried to it.
    Node& add(trust::Someone const& who, std::size_t device = 0);
    [[nodiscard]] std::vector<std::unique_ptr<Node>>& nodes() { return m_nodes; }

    /// Seals rows and tells the model what the header says.
    FrameId seal(Node& node, std::string_view scope, std::vector<replica::NewRow> const& rows);
    ObjectId write(Node& node, std::string_view scope, json::Object fields, std::vector<ObjectId> parents = {},
                   std::optional<DocumentId> doc = {});
    ObjectId act(Node& node, std::string_view kind, std::string_view role, ObjectId const& of);
    /// Somebody keeps cycles for a while. False if there was nothing for her to do.
    bool play(Node& node, CycleWork& work);
    ObjectId confirm(Node& node, std::string_view scope, FrameId const& tip);
    /// The server's word that it has seen these frames of a scope.
    ObjectId receipt(Node& server, std::string_view scope, std::vector<FrameId> const& frames);
    /// Entries of the college into the keeper's feed: those made since the last call, or these.
    void sealEntries(Node& keeper);
    void sealEntries(Node& keeper, std::vector<trust::SignedEntry> const& entries);

    /// All that the other lacks, or all there is.
    void carry(Node& from, Node& to, Road const& road = {}, bool everything = false);
    /// Everybody gives everybody everything until nothing moves.
    void meet();
    Image image(Node& node, bool withGuard);
    void restore(Node& node, Image const& from);

    /// An empty text, or the first thing that store, view and model disagree about.
    std::string compare(Node& node);
    [[nodiscard]] Model model(Node const& node) { return Model(facts, paths, node.held); }
    [[nodiscard]] std::vector<std::string> dump(Node& node);
    [[nodiscard]] std::vector<std::string> dumpRebuilt(Node& node);
    [[nodiscard]] Random& random() { return m_random; }
    [[nodiscard]] std::uint64_t below(std::uint64_t bound) { return m_random.below(bound); }
    [[nodiscard]] bool chance(unsigned percent) { return below(100) < percent; }

    Facts facts;
    EntryPaths paths{facts};
    /// What was seen of cycles.
    std::map<std::string, std::size_t> met;

private:
    class NodeSeat;
    void openView(Node& node);
    void learn(Node& node, FrameId const& id);
    void learnEntry(ObjectId const& id, Bytes const& bytes);
    void deliver(Node& node, FrameId const& frame, bool withPayload);
    [[nodiscard]] bool mayStore(Node& node, FrameFact const& frame);
    void apply(Node& node, FrameId const& frame);

    SeededRandom m_random;
    std::size_t m_sealedEntries = 0;
    std::vector<std::unique_ptr<Node>> m_nodes;
};

}  // namespace spiral::sim
