// Clip.h - gradients of bounded size.
#pragma once

#include "needle/frontend/Tensor.h"

#include <vector>

namespace needle::optim {

/// Scales all gradients by min(1, maxNorm / (norm + 1e-6)), where norm is the
/// Euclidean norm of all their elements together (PyTorch's clip_grad_norm_).
/// Empty tensors stay empty. Error when maxNorm is not positive.
std::vector<Tensor> clipByGlobalNorm(const std::vector<Tensor> &gradients,
                                     double maxNorm,
                                     Where where = Where::here());

} // namespace needle::optim
