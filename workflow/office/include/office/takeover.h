// A campus that another college takes over: documents of its units leave as a folder of evidence and come in there as
// new documents, each with `moved_from`. What was signed before counts nowhere in the new college: it lies beside the
// document as the original bytes, is checked against the registry of the old college, and is shown as history.
#pragma once

#include "office/office.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace spiral::office {

/// Something of a takeover that is worth telling; `error`: the document was left out.
struct TakeoverNote {
    std::string document, field, code;  ///< title; field, if it is about one; a reason such as "takeover.differences"
    bool error = false;
};

struct TakeoverExported {
    SchoolId school;
    int documents = 0, asked = 0, files = 0, filesMissing = 0;
    std::size_t revisions = 0, acts = 0;
    std::vector<TakeoverNote> notes;
};
/// Writes what units hold into a new folder: `registry.history`, `documents/<id>.history` (revisions, acts and frames
/// as they were signed) and the attachments that are here. Rectifications that are asked for and not begun are among
/// them. A document with several versions is left out and named: it has to be decided first. Refused: "unit.unknown",
/// "takeover.not-read" (a unit that this device does not read), "takeover.folder" (it is there already).
[[nodiscard]] Result<TakeoverExported> exportTakeover(Office& office, std::vector<std::string> const& units,
                                                      Path const& folder);

struct TakeoverWanted {
    Path folder;
    std::map<std::string, std::string> units{};  ///< of the old college → of this one
    std::optional<SchoolId> school{};            ///< that of the old college, as told by word of mouth
    bool dryRun = false;
};
struct TakenDocument {
    DocumentKey document;
    std::string title, type;
    DocumentKey from;
    bool known = false;     ///< taken in before
    bool openTask = false;  ///< a rectification that goes on here
    bool archived = false;  ///< work that was closed there: kept to be read, not to be done again
};
struct TakenOver {
    SchoolId school;
    std::string college;
    std::vector<TakenDocument> documents;
    std::vector<TakeoverNote> notes;
};
/// Makes the documents anew, in the scopes of this college's units; those that were taken in before are known and not
/// made again. What the evidence does not prove is left out and named. References to documents that come along point at
/// the new ones; persons, and references to others, are let go and named. Refused: "takeover.folder-missing",
/// "takeover.registry" (the chain of the old college is not whole), "takeover.other-school", "takeover.own-school",
/// "takeover.unit-not-named", "unit.unknown", "unit.closed".
[[nodiscard]] Result<TakenOver> importTakeover(Office& office, TakeoverWanted const& wanted);

/// The id that a document of another college has in a scope here: the same for whoever takes it in.
[[nodiscard]] DocumentId takenId(SchoolId const& school, DocumentKey const& from, Scope const& scope);

struct OldItem {
    bool isAct = false;
    ObjectId id;
    std::string kind;  ///< `submit.v1`; type of a revision
    PersonId person;
    std::string name;  ///< as the old college's registry cites it; empty if it does not say
    std::string role, comment;
    Instant time{};
    bool proven = false;
    std::string why;             ///< if not: "signature", "device-unknown", "not-in-role", "no-frame", "other-document"
    bool deviceRevoked = false;  ///< later, at a cut that this evidence does not hold
};
struct OldHistory {
    SchoolId school;
    std::string college;
    DocumentKey from;
    ObjectId revision;  ///< the one that the new document began with
    bool proven = false;
    std::string why;             ///< if not: "no-evidence", "not-whole", "registry", "revision"
    std::vector<OldItem> items;  ///< oldest first; they count nowhere
};
/// What a document was in the college that it came from; nothing if it does not say that it came from one.
[[nodiscard]] std::optional<OldHistory> oldHistory(Office& office, DocumentKey const& document);

}  // namespace spiral::office
