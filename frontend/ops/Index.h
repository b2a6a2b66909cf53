// Index.h - ops whose operand says where to read or write.
// Indices are int32 or int64; negative ones count from the end. Those that are
// inputs of a program are checked before it runs: IndexError with the line;
// computed ones read NaN (0 in integers), drop updates, and throw afterwards.
#pragma once

#include "needle/frontend/Tensor.h"

namespace needle {

/// The slices of `x` along `axis` that `indices` name; the shape of `indices`
/// stands in place of the axis.
[[nodiscard]] Tensor take(const Tensor &x, const Tensor &indices, int axis = 0,
                          Where where = Where::here());
/// One slice; the axis vanishes. IndexError when outside.
template <Integer I>
[[nodiscard]] Tensor take(const Tensor &x, I index, int axis = 0,
                          Where where = Where::here());
/// Row i of `weight` [count, size] for each index i: [...] -> [..., size].
[[nodiscard]] Tensor embedding(const Tensor &indices, const Tensor &weight,
                               Where where = Where::here());
/// 1 at each index along a new last axis of size `depth`, 0 elsewhere; a row of
/// zeros for an index outside.
[[nodiscard]] Tensor oneHot(const Tensor &indices, int64_t depth,
                            DType dtype = DType::float32,
                            Where where = Where::here());
/// The same with indices that must be in range, as for take(): IndexError for
/// inputs, a row of NaN and IndexError at the wait for computed ones. Floating
/// dtypes only.
[[nodiscard]] Tensor checkedOneHot(const Tensor &indices, int64_t depth,
                                   DType dtype = DType::float32,
                                   Where where = Where::here());
/// `operand` with `updates` (of the shape of take(operand, indices, axis))
/// added where the indices say; those of one place all count.
[[nodiscard]] Tensor scatterAdd(const Tensor &operand, const Tensor &indices,
                                const Tensor &updates, int axis = 0,
                                Where where = Where::here());

namespace detail {
Tensor takeOne(const Tensor &x, int64_t index, int axis, Where where);
}
template <Integer I>
Tensor take(const Tensor &x, I index, int axis, Where where) {
  return detail::takeOne(x, int64_t(index), axis, where);
}

} // namespace needle
