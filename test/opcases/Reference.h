// Reference.h - naive loops that references of ops are written with.
#pragma once

#include "OpCases.h"

namespace needle::test {

using Index = std::vector<int64_t>;

/// The array whose element at each index is f(index).
Array build(const Shape &shape, const std::function<Number(const Index &)> &f);
Number at(const Array &x, const Index &index);
/// Axis from the front; negative ones count from the end.
int64_t axisOf(const Shape &shape, int64_t axis);
/// `shape` with another size along an axis.
Shape resized(const Shape &shape, int64_t axis, int64_t size);

/// f of the elements, broadcast as NumPy does it: right-aligned, 1 repeats.
Array elementwise(const std::function<Number(const std::vector<Number> &)> &f,
                  const Arrays &inputs);
/// f of all elements along the axes, one number per rest.
Array reduced(const Array &x, const std::vector<int64_t> &axes, bool keepDims,
              const std::function<Number(const std::vector<Number> &)> &f);
/// Each line of elements along an axis becomes f(line), of equal length.
Array alongAxis(
    const Array &x, int64_t axis,
    const std::function<std::vector<Number>(const std::vector<Number> &)> &f);

} // namespace needle::test
