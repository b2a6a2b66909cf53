// Gradient.h - gradients are one recorded op, expanded by a compiler pass.
#pragma once

#include "needle/frontend/Tensor.h"
#include "needle/frontend/Variable.h"

#include <optional>

namespace needle {

struct GradOptions {
  /// The cotangent of a value that is not a scalar; default: ones, so that the
  /// gradient is that of the sum.
  std::optional<Tensor> cotangent = std::nullopt;
  /// Zeros instead of GradientError for what the value does not depend on.
  bool allowUnused = false;
};

/// d sum(value * cotangent) / d wrt, each of the shape and dtype of its `wrt`:
/// tensors `value` was made from, or variables (their present value).
/// GradientError, naming the op and line that cut the path, when there is none;
/// when only a part of the paths is left, because a value on the way was
/// realized without history; when `value` read an older value of a variable.
[[nodiscard]] std::vector<Tensor> grad(const Tensor &value, const Tensors &wrt,
                                       GradOptions options = {},
                                       Where where = Where::here());
template <std::convertible_to<Tensor> T>
[[nodiscard]] Tensor grad(const Tensor &value, const T &wrt,
                          GradOptions options = {},
                          Where where = Where::here()) {
  return grad(value, Tensors(Tensor(wrt)), std::move(options), where)[0];
}

/// The same, but an empty tensor for a variable that `value` does not depend
/// on; GradientError when it depends on none.
[[nodiscard]] std::vector<Tensor> gradIfAny(const Tensor &value,
                                            const std::vector<Variable> &wrt,
                                            Where where = Where::here());
/// Makes `x` a constant to the gradients of whatever uses it from here on: the
/// loss of an optimizer's step.
void cutHistory(const Tensor &x, Where where = Where::here());

/// `x`; a constant to gradients.
[[nodiscard]] Tensor detach(const Operand &x);

} // namespace needle
