// What the organisation of a college asks of whoever signs, beside what authority and the workflow ask: hands of the
// three powers, heads of bodies, heads of schools, the base of a final report, the order of the yearly road.
//
// These rules look at other documents, so no verdict rests on them: two replicas with the same rows would disagree
// while one of them still lacks a document. They are asked before a signature is made here; an act that came past them
// keeps its effect, and the document is marked wherever it is shown.
#pragma once

#include "engine/remark.h"
#include "office/organisation.h"

namespace spiral::office {

/// The yearly quality report of a school, by `report_kind`.
inline constexpr std::string_view kSchoolReport = "RK-06";

/// May the person of this device sign this action about that revision, today? Refused: "organisation.three-powers",
/// "organisation.self-approval" (naming person and powers; both only where the college has laid down its powers),
/// "organisation.not-seated", "organisation.not-head", "organisation.two-heads", "organisation.no-such-body" (of a
/// document that a body decides: approval is its decision), "organisation.other-school", "organisation.no-group",
/// "report.no-school" (of a school's yearly report: submitting it is the school's signature), "catalogue.incomplete",
/// "report.no-catalogue" (of a final report), and those of mayTakeStep() in office/yearly.h.
[[nodiscard]] Result<void> maySign(Office& office, DocumentKey const& document, std::string_view action,
                                   ObjectId const& revision);
/// The same where the organisation is known already.
[[nodiscard]] Result<void> maySign(Office& office, Organisation const& organisation, DocumentKey const& document,
                                   std::string_view action, ObjectId const& revision);

/// The rule of separation that the acts on one document break, if any: who wrote or submitted it, who approved or
/// accepted it, and in the name of which units (those that her grants named when she did it; the quality role over the
/// college is the units of kind `quality`). The remark's place is the person. Nothing while no powers are laid down.
[[nodiscard]] std::optional<engine::Remark> separationOf(Office& office, Organisation const& organisation,
                                                         DocumentKey const& document);

/// What was signed on a document against these rules and stands all the same: the codes of separationOf(),
/// "organisation.decided-outside-seat", "organisation.reported-outside-school", "catalogue.incomplete". The place is
/// the document, the text names persons and powers, body or school. What a rightful act on the same revision backs is
/// not told. Seats and powers are those of the day of the act, as the documents held here say them now.
[[nodiscard]] engine::Remarks breachesOf(Office& office, Organisation const& organisation, DocumentKey const& document);
/// Of all reports, and of what stands decided or came back: while something waits for a new decision, its past is told
/// by the function above alone.
[[nodiscard]] engine::Remarks breachesOf(Office& office, Organisation const& organisation);

/// The first submission of the revision last submitted by whoever heads the school's group on that day, of a document
/// that is not withdrawn or returned: the school has signed its report.
struct SchoolSignature {
    ObjectId record;
    PersonId person;
    Instant when{};
};
[[nodiscard]] std::optional<SchoolSignature> schoolSignature(Office& office, Organisation const& organisation,
                                                             DocumentKey const& report);

}  // namespace spiral::office
