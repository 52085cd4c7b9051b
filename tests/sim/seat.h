// What a history may be given to play beside its own random writing: somebody sits down at a machine, reads what is
// there and writes; the world seals it, carries it, loses it and asks what must come out.
#pragma once

#include "cores.h"

#include "base/random.h"

namespace spiral::sim {

/// Somebody at a machine: what she can read there, and a pen. All that she writes in one sitting lies in one scope and
/// goes into one frame.
class Seat {
public:
    Seat(Facts const& all, Model& reads, PersonId who, std::vector<PersonId> everybody)
        : facts(all), model(reads), person(std::move(who)), people(std::move(everybody)) {}
    virtual ~Seat() = default;
    Seat(Seat const&) = delete;
    Seat& operator=(Seat const&) = delete;

    virtual ObjectId write(DocumentKey const& document, std::string const& type, std::set<ObjectId> const& parents,
                           json::Object fields) = 0;
    virtual ObjectId sign(std::string const& kind, Role const& role, Scope const& scope, ObjectId const& of,
                          json::Object body) = 0;

    Facts const& facts;
    Model& model;
    PersonId person;
    std::vector<PersonId> people;
};

/// What is played in a history.
class Play {
public:
    virtual ~Play() = default;
    /// The scope in which to seal what she wrote; nothing if she did nothing.
    virtual std::optional<Scope> sit(Seat& seat) = 0;
    /// An empty text, or the first thing that model and product disagree about. `met`: what was seen.
    virtual std::string difference(Facts const& facts, Model& model, Cores::Answers const& answers,
                                   std::map<std::string, std::size_t>& met) = 0;
};

}  // namespace spiral::sim
