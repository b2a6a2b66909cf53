// VerifyEach.h - finds the pass that changes what a function computes.
#pragma once

#include "mlir/Pass/PassManager.h"

#include <cstdint>

namespace needle::numerics {

/// Makes `passes` check numbers. Before the first pass, the module's one
/// function is given arguments that follow from `seed` (floats standard normal,
/// integers 0 or 1), and bounds of its results are computed. After each pass
/// the interpreter runs it again; the pass after which a result lies outside
/// of its bounds is named by an error, and `passes` fail at their end. What
/// gradient ops stand for is what Autodiff makes of them, before and after.
/// Lowered kernels can't be interpreted: needle-run --compare=reference runs
/// what becomes of them.
void verifyEachNumerics(mlir::PassManager &passes, uint64_t seed);

} // namespace needle::numerics
