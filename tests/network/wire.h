// A server and its callers in one process, joined by queues of packed messages in place of sockets. Everything else is
// real: stores, keys, sessions.
#pragma once

#include "../replica/machines.h"

#include "server/sync_core.h"
#include "transport/caller.h"

#include <deque>
#include <list>

namespace spiral::server {

using replica::Machine;
using replica::Machines;

/// One connection. Messages wait in it until move() carries one.
struct Wire {
    SyncCore* core;
    SyncCore::PeerId peer = 0;
    protocol::Wire near, far;           ///< how the caller packs, and the server
    std::unique_ptr<transport::Caller> caller;
    std::deque<Bytes> up, down;
    std::uint64_t bytesUp = 0, bytesDown = 0;
    bool closed = false;                ///< by the server
    bool ended = false;                 ///< the caller's session
    std::optional<Error> error;

    Wire(SyncCore& server, Machine& machine, DeviceId const& serverDevice, bool stays, std::uint64_t number = 1,
         std::vector<Bytes> const& proposals = {})
        : core(&server) {
        Bytes const secret(32, static_cast<std::uint8_t>(number));
        auto made = transport::Caller::make(
            *machine, machine.secret(), serverDevice, secret, stays,
            {[this](protocol::Message message) { push(up, bytesUp, near.pack(message)); },
             [this](std::optional<Error> why) {
                 ended = true;
                 error = std::move(why);
             },
             {}});
        REQUIRE(made);
        caller = std::move(*made);
        peer = core->opened({[this](protocol::Message message) { push(down, bytesDown, far.pack(message)); },
                             [this] { closed = true; }, {}, secret});
        caller->start(proposals);
    }
    Wire(Wire const&) = delete;
    Wire& operator=(Wire const&) = delete;
    ~Wire() {
        if (!closed) core->closed(peer);
        core->finish();
    }

    static void push(std::deque<Bytes>& queue, std::uint64_t& bytes, Bytes packed) {
        queue.push_back(std::move(packed));
        bytes += queue.back().size() + 4;
    }
    /// Carries one message each way and lets the caller work; false if there was nothing to do.
    bool move() {
        bool moved = caller->work();
        if (!up.empty() && !closed) {
            auto message = far.unpack(up.front());
            REQUIRE(message);
            up.pop_front();
            core->received(peer, std::move(*message));
            moved = true;
        }
        if (!down.empty() && !ended) {
            auto message = near.unpack(down.front());
            REQUIRE(message);
            down.pop_front();
            caller->received(std::move(*message));
            moved = true;
        }
        return moved;
    }
    /// Until nothing moves any more.
    void run() {
        for (bool moved = true; moved;) {
            moved = move();
            moved = core->work() || moved;
        }
    }
};

}  // namespace spiral::server
