// Reference.cpp - naive loops that references of ops are written with.
#include "opcases/Reference.h"

#include <algorithm>

namespace needle::test {

Array build(const Shape &shape, const std::function<Number(const Index &)> &f) {
  Array array{shape, {}};
  Index index(size_t(shape.rank()), 0);
  for (int64_t i = 0; i < shape.elements(); ++i) {
    int64_t rest = i;
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      index[size_t(axis)] = rest % shape[axis];
      rest /= shape[axis];
    }
    array.elements.push_back(f(index));
  }
  return array;
}

Number at(const Array &x, const Index &index) {
  int64_t offset = 0;
  for (int axis = 0; axis < x.shape.rank(); ++axis)
    offset = offset * x.shape[axis] + index.at(size_t(axis));
  return x.elements.at(size_t(offset));
}

int64_t axisOf(const Shape &shape, int64_t axis) {
  return axis < 0 ? axis + shape.rank() : axis;
}

Shape resized(const Shape &shape, int64_t axis, int64_t size) {
  std::vector<int64_t> sizes(shape.begin(), shape.end());
  sizes.at(size_t(axisOf(shape, axis))) = size;
  return Shape(std::span<const int64_t>(sizes));
}

Array elementwise(const std::function<Number(const std::vector<Number> &)> &f,
                  const Arrays &inputs) {
  size_t rank = 0;
  for (const Array &x : inputs)
    rank = std::max(rank, size_t(x.shape.rank()));
  std::vector<int64_t> sizes(rank, 1);
  for (const Array &x : inputs)
    for (int axis = 0; axis < x.shape.rank(); ++axis)
      if (x.shape[axis] != 1)
        sizes[rank - size_t(x.shape.rank()) + size_t(axis)] = x.shape[axis];
  return build(Shape(std::span<const int64_t>(sizes)), [&](const Index &index) {
    std::vector<Number> numbers;
    for (const Array &x : inputs) {
      Index own(index.end() - x.shape.rank(), index.end());
      for (int axis = 0; axis < x.shape.rank(); ++axis)
        if (x.shape[axis] == 1)
          own[size_t(axis)] = 0;
      numbers.push_back(at(x, own));
    }
    return f(numbers);
  });
}

Array reduced(const Array &x, const std::vector<int64_t> &axes, bool keepDims,
              const std::function<Number(const std::vector<Number> &)> &f) {
  std::vector<bool> isReduced(size_t(x.shape.rank()), false);
  for (int64_t axis : axes)
    isReduced.at(size_t(axisOf(x.shape, axis))) = true;
  std::vector<int64_t> kept, sizes, inner;
  for (int axis = 0; axis < x.shape.rank(); ++axis) {
    bool vanishes = isReduced[size_t(axis)];
    inner.push_back(vanishes ? x.shape[axis] : 1);
    kept.push_back(vanishes ? 1 : x.shape[axis]);
    if (!vanishes || keepDims)
      sizes.push_back(kept.back());
  }
  Array result =
      build(Shape(std::span<const int64_t>(kept)), [&](const Index &outer) {
        Array line = build(Shape(std::span<const int64_t>(inner)),
                           [&](const Index &index) {
                             Index sum = outer;
                             for (size_t i = 0; i < sum.size(); ++i)
                               sum[i] += index[i];
                             return at(x, sum);
                           });
        return f(line.elements);
      });
  result.shape = Shape(std::span<const int64_t>(sizes));
  return result;
}

Array alongAxis(
    const Array &x, int64_t axis,
    const std::function<std::vector<Number>(const std::vector<Number> &)> &f) {
  auto moving = size_t(axisOf(x.shape, axis));
  return build(x.shape, [&](const Index &index) {
    std::vector<Number> line;
    Index other = index;
    for (int64_t i = 0; i < x.shape[int(moving)]; ++i) {
      other[moving] = i;
      line.push_back(at(x, other));
    }
    return f(line).at(size_t(index[moving]));
  });
}

} // namespace needle::test
