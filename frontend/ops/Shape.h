// Shape.h - ops that move elements and compute nothing.
// Axes count from the end when negative. ShapeError when shapes don't fit,
// IndexError for a position outside.
#pragma once

#include "needle/frontend/Tensor.h"

namespace needle {

/// The same elements in row-major order; one size may be -1: what is left.
[[nodiscard]] Tensor reshape(const Tensor &x, std::initializer_list<Dim> shape,
                             Where where = Where::here());
[[nodiscard]] Tensor reshape(const Tensor &x, const Shape &shape,
                             Where where = Where::here());
/// Axis i of the result is axis permutation[i] of x; default: reversed.
[[nodiscard]] Tensor transpose(const Tensor &x, const Axes &permutation = {},
                               Where where = Where::here());
[[nodiscard]] Tensor swapAxes(const Tensor &x, int a, int b,
                              Where where = Where::here());
/// Repeats axes of size 1 and adds leading ones, as NumPy does.
[[nodiscard]] Tensor broadcastTo(const Tensor &x, const Shape &shape,
                                 Where where = Where::here());
/// Without axes of size 1: all of them, or those named.
[[nodiscard]] Tensor squeeze(const Tensor &x, const Axes &axes = {},
                             Where where = Where::here());
/// With a new axis of size 1 at `axis` of the result.
[[nodiscard]] Tensor unsqueeze(const Tensor &x, int axis,
                               Where where = Where::here());
/// Axes `first` to `last` as one.
[[nodiscard]] Tensor flatten(const Tensor &x, int first = 0, int last = -1,
                             Where where = Where::here());

/// Elements start, start + step, ... before stop of each leading axis named;
/// other axes whole. Negative positions count from the end; IndexError outside.
[[nodiscard]] Tensor slice(const Tensor &x, std::initializer_list<Dim> start,
                           std::initializer_list<Dim> stop,
                           std::initializer_list<Dim> step = {},
                           Where where = Where::here());
/// `value` before and after the elements of each axis; DTypeError when it is
/// outside of an integer dtype.
[[nodiscard]] Tensor pad(const Tensor &x, std::initializer_list<Dim> low,
                         std::initializer_list<Dim> high, double value = 0,
                         Where where = Where::here());
/// One after the other along an existing axis; dtypes are promoted.
[[nodiscard]] Tensor concat(const Tensors &xs, int axis = 0,
                            Where where = Where::here());
/// One after the other along a new axis.
[[nodiscard]] Tensor stack(const Tensors &xs, int axis = 0,
                           Where where = Where::here());
/// Cuts an axis into `parts` of equal size, or into pieces of `sizes`.
[[nodiscard]] std::vector<Tensor> split(const Tensor &x, int64_t parts,
                                        int axis = 0,
                                        Where where = Where::here());
[[nodiscard]] std::vector<Tensor> split(const Tensor &x,
                                        std::initializer_list<Dim> sizes,
                                        int axis = 0,
                                        Where where = Where::here());

namespace detail {
/// slice() with positions in range, one per axis.
Tensor sliceOf(const Tensor &x, std::span<const int64_t> start,
               std::span<const int64_t> stop, std::span<const int64_t> step,
               Where where);
} // namespace detail

/// A copy on another target; the tensor itself when it is there already.
[[nodiscard]] Tensor to(const Tensor &x, Target target,
                        Where where = Where::here());

} // namespace needle
