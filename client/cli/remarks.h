// What a check found, for people and scripts: one line each, and status 1 if there is any.
#pragma once

#include "job.h"

#include "engine/remark.h"

namespace spiral::cli {

/// Remarks whose place begins with a document's id are shown with its title; the exit status of the check.
[[nodiscard]] int showRemarks(Job& job, office::Office& office, engine::Remarks const& remarks);
[[nodiscard]] Json toJson(engine::Remarks const& remarks);
/// The lines alone.
void tellRemarks(Job& job, office::Office& office, engine::Remarks const& remarks);

}  // namespace spiral::cli
