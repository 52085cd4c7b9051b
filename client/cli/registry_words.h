// What a person types for somebody or something in the registry: ids by their first digits, names where they are
// unique.
#pragma once

#include "format.h"

namespace spiral::cli {

[[nodiscard]] Result<PersonId> personFrom(office::Office& office, std::string_view text);
[[nodiscard]] Result<DeviceId> deviceFrom(office::Office& office, std::string_view text);
[[nodiscard]] Result<ObjectId> grantFrom(office::Office& office, std::string_view text);
/// `head@unit/jwc`, or a bare name with --unit.
[[nodiscard]] Result<trust::Role> roleFrom(Job& job, std::string_view text);
/// A day (its first moment, UTC) or an instant.
[[nodiscard]] Result<Instant> instantFrom(std::string_view text);
/// Frames by their full ids, as cuts.
[[nodiscard]] Result<std::vector<trust::Cut>> cutsFrom(office::Office& office, std::vector<std::string> const& frames);
/// A frame held, by its id or 4 and more first digits of it.
[[nodiscard]] Result<FrameId> frameFrom(office::Office& office, std::string_view text);

struct Revocable {
    std::optional<DeviceId> device;
    std::optional<ObjectId> grant;
    std::string name;
};
[[nodiscard]] Result<Revocable> revocableFrom(office::Office& office, std::string_view text);

[[nodiscard]] std::string_view nameOf(trust::Device::Kind kind) noexcept;

/// `-o FILE`: where a proposal goes when others must agree.
[[nodiscard]] Option proposalOption();
/// What the person wanted: the act in force, or the proposal that carries it round.
enum class Proposing { ForSomething, IsAll };
/// Tells whether an act became an entry, or writes the proposal for others to agree to.
[[nodiscard]] Result<int> tellAppended(Job& job, office::Office::Appended const& appended, std::string_view act,
                                       Proposing proposing, Json told);

[[nodiscard]] std::vector<Command> registryActCommands();

}  // namespace spiral::cli
