// Contract.h - products that sum over a shared axis.
#pragma once

#include "needle/frontend/Tensor.h"

namespace needle {

/// [..., m, k] x [..., k, n] -> [..., m, n]; leading axes broadcast, a vector
/// is a row on the left and a column on the right (that axis vanishes).
/// Integers and booleans compute in float32; k = 0 gives zeros. ShapeError when
/// inner dimensions differ, or for a scalar.
[[nodiscard]] Tensor matmul(const Tensor &lhs, const Tensor &rhs,
                            Where where = Where::here());

} // namespace needle
