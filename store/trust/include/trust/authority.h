// Authority: may this row stand? A pure function of the row, its frame and branch, the registry, receipts, its target
// with ancestors, and the `affirm`, `admit` and `confirm` records that name it. The same facts give the same verdict on
// every replica, in whatever order they came.
//
// Rules (numbers as in docs/authority.md): 0 the row is bound to its frame: school, scope and device equal, `reg` not past
// the frame's; 2 the device belongs to the person at `reg`; 3 a grant of the named role covers kind and scope at `reg`
// (a revision is of kind `write`, by any of the person's grants); 4 not above a cut of the device or of that grant;
// 5 the receipt's time, or without one the claimed time, lies in the grant's interval; 6 high acts rely on a registry
// head whose successor is at most 30 days older than the receipt; 7 persons who must differ do; 8 an act on a forked
// branch waits for its confirm (which branches are, trust/feed.h says; frames above a cut fork nothing below it). Rule 1,
// form and signature, is checked before anything is stored.
#pragma once

#include "base/result.h"
#include "trust/feed.h"
#include "trust/objects.h"
#include "trust/registry.h"

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

namespace spiral::trust {

enum class Verdict {
    Valid,
    NotYetWitnessed,   ///< valid, but only the signer's clock says when
    Waiting,           ///< needs something named that we do not hold
    Quarantined,       ///< above a cut, late, stale, forked, without authority
    Invalid,           ///< not bound to its frame, or against its own form: never right
};
[[nodiscard]] std::string_view nameOf(Verdict verdict) noexcept;
[[nodiscard]] inline bool stands(Verdict verdict) noexcept {
    return verdict == Verdict::Valid || verdict == Verdict::NotYetWitnessed;
}

struct Judgement {
    Verdict verdict = Verdict::Invalid;
    /// Stable slug, empty when the row stands: binding-school, binding-scope, binding-device, binding-registry,
    /// device-unknown, device-not-of-person, no-grant, role-not-allowed, above-cut, outside-interval, stale, forked,
    /// self-approval, delegated-self-approval, same-submitter, target-scope, form (the body of a receipt, confirm or
    /// entry), wait-registry, wait-cut, wait-target, wait-ancestor, wait-frame (no frame that lists it is held),
    /// newer-kind, newer-version.
    std::string reason;
    std::string about;                    ///< hex or text of what the reason names: an entry, a frame, a person
    std::optional<ObjectId> grant;        ///< the grant it stands on
    std::optional<PersonId> actingFor;    ///< when that grant is a delegation
    std::optional<ObjectId> rescuedBy;    ///< the affirm or admit record that brought it back
    std::optional<Instant> witnessed;     ///< receipt time
    friend bool operator==(Judgement const&, Judgement const&) = default;
};

/// Where a row was found: a frame that lists it.
struct Place {
    FrameId frame;
    DeviceId device;
    Scope scope;
    SchoolId school;
    std::optional<RegistryPoint> reg;
    std::uint64_t seq = 0;
    std::uint32_t item = 0;               ///< index in the frame's items: with seq, the device's own order
    Branch branch = Branch::Single;
    std::optional<Receipt> receipt;
};

/// Stands for an object whose bytes are held but of a newer version or with an unknown critical key.
struct Unread {};

struct Row {
    ObjectId id;
    std::variant<Revision, Record, Unread> object;
    std::vector<Place> places;            ///< every held frame that lists it, sorted by frame id
    [[nodiscard]] Revision const* revision() const { return std::get_if<Revision>(&object); }
    [[nodiscard]] Record const* record() const { return std::get_if<Record>(&object); }
};

/// Answers whether `frame` is `cut` or an ancestor of it in its feed; nothing if `cut` is not held.
using StandsBelow = std::function<std::optional<bool>(DeviceId const& device, Scope const& scope, FrameId const& frame,
                                                      FrameId const& cut)>;

/// What Feed::setCuts() takes: for each revocation of the device, the frames of this scope that it names.
[[nodiscard]] std::vector<std::vector<FrameId>> cutsOfFeed(Registry const& registry, DeviceId const& device,
                                                           Scope const& scope);

/// Judges all rows of one document at once: its revisions, and every record whose target is one of them or a record on
/// them. Records whose target is in no document that is held are judged alone and wait.
[[nodiscard]] std::unordered_map<ObjectId, Judgement> judgeDocument(std::vector<Row> const& rows, Registry const& registry,
                                                                    StandsBelow const& below);

/// Judges a record that stands for itself (`receipt`, `confirm`, a registry entry's row): rules 0, 2, 3 (for a receipt:
/// the device is the registry's server; for a confirm: the owner of the feed on another device, or two admins in
/// `body.agreed`; for an entry: it is on the chain), 4.
[[nodiscard]] Judgement judgeAlone(Row const& row, Registry const& registry, StandsBelow const& below);

/// True for the kinds that judgeAlone() judges: `receipt`, `confirm`, and those of the registry. Nobody's policy can
/// change what they mean.
[[nodiscard]] bool standsForItself(Record const& record) noexcept;
/// `root`, `grant`, `revoke` …: the kinds of registry entries, without their version.
[[nodiscard]] bool isRegistryKind(std::string_view name) noexcept;

/// The frames named by a receipt's body, in order: {frames [hex], place, time}; Malformed if not of the form.
struct ReceiptBody {
    std::vector<FrameId> frames;
    std::uint64_t place = 0;
    Instant time{};
};
[[nodiscard]] Result<ReceiptBody> receiptBodyFrom(json::Object const& body);
/// The frame that a confirm's body names: {tip} or {act, agreed} with act {act "confirm", n, school, scope, tip}.
[[nodiscard]] Result<FrameId> confirmedTip(json::Object const& body);

}  // namespace spiral::trust
