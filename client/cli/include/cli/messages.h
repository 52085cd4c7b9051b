// What people read when something is refused: for each reason of the program a sentence and what to do next, in both
// languages, and the exit status that goes with it.
#pragma once

#include "base/result.h"
#include "cli/language.h"

#include <span>
#include <string>
#include <string_view>

namespace spiral::cli {

/// A reason's row. A name that ends in a point or hyphen stands for all reasons that begin so and have no row.
/// {detail} in the texts is the error's detail.
struct Message {
    std::string_view reason, text, next;
};
/// Sorted by reason; both languages have the same reasons.
[[nodiscard]] std::span<Message const> messages(Language language);

/// The row for a reason; null if there is none.
[[nodiscard]] Message const* findMessage(std::string_view reason, Language language);

struct Said {
    std::string text, next;
};
/// `where`: the folder that the command worked in, for those who must free space there.
[[nodiscard]] Said say(Error const& error, Language language, std::string_view where = {});
/// A reason as a phrase, for lists of what is pending or quarantined.
[[nodiscard]] std::string sayReason(std::string_view reason, Language language);

namespace status {
inline constexpr int kDone = 0, kRefused = 1, kUndecided = 2, kUsage = 3, kEnvironment = 4;
}
[[nodiscard]] int exitStatus(Error const& error);

}  // namespace spiral::cli
