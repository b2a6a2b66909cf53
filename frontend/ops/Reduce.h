// Reduce.h - ops that combine elements along axes.
// `axes` default to all, count from the end when negative; reduced axes vanish,
// or stay with size 1 with `keepDims`. ShapeError for an axis out of range.
#pragma once

#include "needle/frontend/Tensor.h"

namespace needle {

/// 0 for an empty axis. Integers and booleans sum to int64.
[[nodiscard]] Tensor sum(const Tensor &x, const Axes &axes = {},
                         bool keepDims = false, Where where = Where::here());
/// NaN for an empty axis. Integers and booleans give float32.
[[nodiscard]] Tensor mean(const Tensor &x, const Axes &axes = {},
                          bool keepDims = false, Where where = Where::here());
/// NaN if any is; -inf (the smallest integer) for an empty axis; ties share the
/// cotangent. The elementwise one is maximum().
[[nodiscard]] Tensor max(const Tensor &x, const Axes &axes = {},
                         bool keepDims = false, Where where = Where::here());
/// NaN if any is; inf (the largest integer) for an empty axis.
[[nodiscard]] Tensor min(const Tensor &x, const Axes &axes = {},
                         bool keepDims = false, Where where = Where::here());
Tensor max(const Tensor &, const Tensor &) = delete; // meant: maximum
Tensor min(const Tensor &, const Tensor &) = delete; // meant: minimum
Tensor max(const Tensor &, std::floating_point auto) = delete;
Tensor min(const Tensor &, std::floating_point auto) = delete;
Tensor max(const Tensor &, std::same_as<bool> auto) = delete;
Tensor min(const Tensor &, std::same_as<bool> auto) = delete;

/// Boolean: whether any (all) of the elements are not 0.
[[nodiscard]] Tensor any(const Tensor &x, const Axes &axes = {},
                         bool keepDims = false, Where where = Where::here());
[[nodiscard]] Tensor all(const Tensor &x, const Axes &axes = {},
                         bool keepDims = false, Where where = Where::here());

/// int64 index of the first largest (smallest) element, of the first NaN if
/// there is one; along one axis, or of the flattened tensor.
[[nodiscard]] Tensor argmax(const Tensor &x, const Axes &axis = {},
                            bool keepDims = false, Where where = Where::here());
[[nodiscard]] Tensor argmin(const Tensor &x, const Axes &axis = {},
                            bool keepDims = false, Where where = Where::here());

/// log(sum(exp(x))) without overflow.
[[nodiscard]] Tensor logsumexp(const Tensor &x, const Axes &axes = {},
                               bool keepDims = false,
                               Where where = Where::here());
/// exp(x) / sum(exp(x)) along an axis, without overflow.
[[nodiscard]] Tensor softmax(const Tensor &x, int axis,
                             Where where = Where::here());
[[nodiscard]] Tensor logSoftmax(const Tensor &x, int axis,
                                Where where = Where::here());

} // namespace needle
