// Save.h - a signature of a jitted function as a step of the runtime.
#pragma once

#include "needle/frontend/Signature.h"
#include "needle/runtime/Step.h"

namespace needle::detail {

/// `program` was compiled from `traced`, or from a graph that is equal but for
/// its names. Realizes what is pending of its variables. Throws Error without a
/// place.
Step savedStep(const Traced &traced, const runtime::Program &program,
               const SaveOptions &options);

} // namespace needle::detail
