// A whole college on a simulated network, from one seed: replicas of three campuses, hubs and a server, each with a
// store in memory, joined by the product's own protocol::Session over lines that delay, break and fall silent. One
// thread, no clock but the virtual one.
//
// First everything happens at once: people write, rights change, machines crash, are rolled back and copied, sticks are
// carried, the server may lie. Then the faults stop, and within ten rounds everybody must hold what they may read.
#pragma once

#include "net_store.h"

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace spiral::netsim {

/// What a server gone bad does. Each is one bit of Node::lies.
enum class Lie {
    WithholdFrame,
    WithholdFeed,
    Reorder,
    Replay,
    RollBack,       ///< its log, from time to time, keeping its epoch
    TwoViews,       ///< some devices are shown less, consistently
    FalseDigest,    ///< random, or what the other just said
    FalsePosition,  ///< or epoch
    StoredNot,      ///< says "stored" and throws away
    RefuseOthers,
    NoReceipts,
    SendAnything,  ///< of scopes that the other may not read, made up, or without payload
    Count,
};

struct Options {
    std::uint64_t seed = 1;
    std::function<void(std::string const&)> trace;  ///< each line of the history, if somebody wants to read it
};

struct Outcome {
    std::string failure;  ///< empty: all went well
    std::uint64_t traceHash = 0;
    std::uint64_t events = 0;
    std::map<std::string_view, std::uint64_t> met;  ///< what the history exercised
};

/// Runs one history. The same options give the same trace hash.
[[nodiscard]] Outcome run(Options const& options);

}  // namespace spiral::netsim
