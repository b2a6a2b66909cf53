// Init.h - initial values of parameters.
#pragma once

#include "needle/frontend/Tensor.h"

namespace needle::nn {

/// Uniform in [-b, b) with b = gain * sqrt(3 / fanIn), from the thread's random
/// state (K. He et al., "Delving Deep into Rectifiers", ICCV 2015, eq. 10);
/// gain sqrt(2) suits ReLU. fanIn: how many inputs feed one output.
Tensor kaimingUniform(const Shape &shape, int64_t fanIn,
                      double gain = 1.4142135623730951,
                      Where where = Where::here());
/// Normal with standard deviation gain / sqrt(fanIn).
Tensor kaimingNormal(const Shape &shape, int64_t fanIn,
                     double gain = 1.4142135623730951,
                     Where where = Where::here());

} // namespace needle::nn
