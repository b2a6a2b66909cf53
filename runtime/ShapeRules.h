// ShapeRules.h - the result shape of every op, for recording and for the IR.
// Pure functions that never throw: `ir` is compiled without exceptions. A rule
// returns the shape, or the reason why there is none.
#pragma once

#include "needle/runtime/DType.h"
#include "needle/runtime/Shape.h"

#include <string>

namespace needle::rules {

using Dims = std::span<const int64_t>;

/// "[2, 3]", of any number of sizes.
std::string text(Dims dims);

/// Sizes, axes or positions without an allocation; recording is made of them.
/// What goes beyond its room (two tensors' ranks) is dropped, and far more than
/// a tensor may have.
class SizeList {
public:
  SizeList() = default;
  SizeList(size_t count, int64_t value) { resize(count, value); }
  explicit SizeList(Dims dims) { append(dims); }
  void push_back(int64_t value) {
    if (count < room)
      values[count++] = value;
  }
  void append(Dims dims) {
    for (int64_t value : dims)
      push_back(value);
  }
  void insert(size_t at, int64_t value);
  /// Only grows.
  void resize(size_t size, int64_t value) {
    while (count < size && count < room)
      values[count++] = value;
  }
  void clear() { count = 0; }
  size_t size() const { return count; }
  int64_t *begin() { return values; }
  int64_t *end() { return values + count; }
  int64_t &operator[](size_t i) { return values[i]; }
  operator Dims() const { return {values, count}; }

private:
  static constexpr size_t room = 2 * Shape::maxRank;
  int64_t values[room];
  size_t count = 0;
};

/// A result shape or, when `error` is not empty, why there is none (without
/// the op's name and place, which the caller knows).
struct Inferred {
  Shape shape;
  std::string error;
  bool ok() const { return error.empty(); }
};

/// Sizes are 0 or more, rank at most 8, fewer than 2^40 elements.
Inferred checked(Dims dims);
/// NumPy broadcasting of two shapes.
Inferred broadcast(Dims a, Dims b);
/// `from` broadcasts to exactly `to`.
Inferred broadcastTo(Dims from, Dims to);
/// All axes in range (negative from the end) and distinct; `normalized` gets
/// them sorted. Axes::all: every axis.
std::string normalizeAxes(const Axes &axes, int rank, SizeList &normalized);
/// `axis` in [-rank, rank); empty text when fine.
std::string axisOutOfRange(int64_t axis, int rank);
inline std::string normalizeAxis(int64_t axis, int rank, int64_t &normalized) {
  if (axis < -rank || axis >= rank)
    return axisOutOfRange(axis, rank);
  normalized = axis < 0 ? axis + rank : axis;
  return {};
}
/// `axes` sorted, distinct, in range.
Inferred reduce(Dims x, Dims axes, bool keepDims);
/// Same number of elements; `x` is a tensor's.
Inferred reshape(Dims x, Dims to);
/// `permutation` names every axis once.
Inferred transpose(Dims x, Dims permutation);
/// 0 <= start <= stop <= size, step >= 1 for every axis.
Inferred slice(Dims x, Dims start, Dims stop, Dims step);
/// low, high, interior >= 0 for every axis; `interior` elements go between
/// neighbours: size + low + high + max(size - 1, 0) * interior.
Inferred pad(Dims x, Dims low, Dims high, Dims interior);
/// Equal but for `axis`.
Inferred concat(std::span<const Shape> xs, int64_t axis);
/// Result `index` of cutting `axis` into pieces of `sizes` (which add up).
Inferred split(Dims x, Dims sizes, int64_t axis, int index);
/// [..., m, k] x [..., k, n] -> [..., m, n]; leading dimensions broadcast;
/// a transposed operand is given as [..., k, m] or [..., n, k].
Inferred matmul(Dims lhs, Dims rhs, bool transposeLhs, bool transposeRhs);
/// [..., t, d], [..., s, d], [..., s, e] -> [..., t, e]; equal leading
/// dimensions; t <= s when causal.
Inferred attention(Dims query, Dims key, Dims value, bool causal);
/// x without `axis`, with the shape of `indices` in its place.
Inferred take(Dims x, Dims indices, int64_t axis);
/// indices' shape + [depth].
Inferred oneHot(Dims indices, int64_t depth);
/// The shape of `operand`; `updates` has take's shape of (operand, indices).
Inferred scatterAdd(Dims operand, Dims indices, Dims updates, int64_t axis);

} // namespace needle::rules
