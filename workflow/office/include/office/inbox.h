// What one person has before her: what is hers to do, what came back, what waits for her signature, what others told
// her, and what this replica warns of. All from local data, for the person of this device; read marks and the day of
// the last digest are local and never sent.
#pragma once

#include "office/deadline_rules.h"
#include "office/office.h"

namespace spiral::office {

enum class InboxKind {
    Returned,  ///< came back: a document returned, a task whose re-check failed
    ToDo,      ///< open, and hers: she is in charge, or nobody is and she works in the unit that answers for it
    ToSign,    ///< her role may decide about it, and she is not its author
    Message,   ///< somebody reminded, assigned, or moved a deadline
    Warning,   ///< differences, own rows set aside, old data, clocks, forks, a server that withholds
};
[[nodiscard]] std::string_view nameOf(InboxKind kind) noexcept;

struct InboxEntry {
    InboxKind kind = InboxKind::ToDo;
    /// 16 digits; the same entry keeps it, and another state, round or deadline makes it another, unread one.
    std::string id;
    std::optional<DocumentKey> document;
    std::string type, title, owner, state;
    std::optional<Day> due;
    std::optional<int> daysLeft;
    /// Of what came back: why, and the fields that the reason names ("整改措施：不够具体"). Of a message: what it says.
    /// Of what was signed against the organisation: persons and powers, body or school.
    std::string reason;
    std::vector<std::string> fields;
    /// Of a message: `remind`, `assign`, `extend`. Of a warning: a reason with words of its own ("advice.forked",
    /// "inbox.differences", "authority.above-cut", "organisation.three-powers"); of a step of the yearly road that is
    /// due and has no document yet "road.due".
    std::string code;
    std::vector<std::string> about;  ///< of a warning: units, or the row set aside
    std::optional<PersonId> from;    ///< who returned it or sent the message
    std::optional<Instant> at;
    std::vector<std::string> actions;  ///< of what waits for a signature
    bool read = false;
};

struct Inbox {
    Day today;
    std::vector<InboxEntry> entries;  ///< by kind, due (none last), title, id
    int unread = 0;
};
/// WrongState ("device.not-enrolled") on a device that is nobody's yet.
[[nodiscard]] Result<Inbox> inbox(Office& office, Day today);
/// Marks entries by their ids or 4 and more first digits of them; how many were unread. NotFound ("inbox.missing") or
/// Usage ("id.ambiguous") for one that names none or several; then nothing is marked. Marks of what is no longer there
/// are let go. REQUIRES: opened for writing.
[[nodiscard]] Result<int> markRead(Office& office, std::vector<std::string> const& ids, Day today);
[[nodiscard]] Result<int> markAllRead(Office& office, Day today);

/// Today's digest of the person of this device, by the college's rules.
struct DigestLine {
    engine::Reminder reminder;
    DocumentKey document;
    std::string title, ownerName;
};
struct DigestShown {
    Instant from{};  ///< when it may be shown; later than now: it waits
    Day day;
    std::vector<DigestLine> lines;  ///< empty while it waits
};
[[nodiscard]] Result<DigestShown> digest(Office& office, Instant now);
/// Notes that the digest of that day was shown. REQUIRES: opened for writing.
void digestWasShown(Office& office, Day day);

}  // namespace spiral::office
