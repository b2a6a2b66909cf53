// Shape.cpp - the rows of ops that move elements.
#include "opcases/Reference.h"

#include <algorithm>

namespace needle::test {
namespace {

const std::vector<DType> everything = {float32, float64, int32, int64, boolean};

/// One input of one shape, any dtype.
OpCase moving(std::string op, std::string name,
              std::vector<std::vector<Shape>> shapes,
              std::function<Tensor(const Tensor &)> call,
              std::function<Array(const Array &)> reference) {
  return {op,
          name,
          std::move(shapes),
          {{}},
          [call](auto &x, DType) { return std::vector{call(x[0])}; },
          [reference](const Arrays &x) { return Arrays{reference(x[0])}; },
          everything};
}

/// The same elements in another shape.
OpCase reshaped(std::string name, Shape from,
                std::function<Tensor(const Tensor &)> call, Shape to) {
  return moving("reshape", name, {{from}}, call, [to](const Array &x) {
    return Array{to, x.elements};
  });
}

Array transposed(const Array &x, const std::vector<int> &permutation) {
  std::vector<int64_t> sizes;
  for (int axis : permutation)
    sizes.push_back(x.shape[axis]);
  return build(Shape(std::span<const int64_t>(sizes)), [&](const Index &index) {
    Index from(index.size());
    for (size_t i = 0; i < index.size(); ++i)
      from[size_t(permutation[i])] = index[i];
    return at(x, from);
  });
}

Array broadcast(const Array &x, const Shape &shape) {
  Array ones{shape, std::vector<Number>(size_t(shape.elements()), 1)};
  return elementwise([](auto &v) { return v[0]; }, {x, ones});
}

Array sliced(const Array &x, Index start, Index stop, Index step) {
  std::vector<int64_t> sizes;
  for (size_t axis = 0; axis < start.size(); ++axis)
    sizes.push_back((stop[axis] - start[axis] + step[axis] - 1) / step[axis]);
  return build(Shape(std::span<const int64_t>(sizes)), [&](Index index) {
    for (size_t axis = 0; axis < index.size(); ++axis)
      index[axis] = start[axis] + index[axis] * step[axis];
    return at(x, index);
  });
}

Array padded(const Array &x, Index low, Index high, Number value) {
  std::vector<int64_t> sizes(x.shape.begin(), x.shape.end());
  for (size_t axis = 0; axis < sizes.size(); ++axis)
    sizes[axis] += low[axis] + high[axis];
  return build(Shape(std::span<const int64_t>(sizes)), [&](Index index) {
    for (size_t axis = 0; axis < index.size(); ++axis) {
      index[axis] -= low[axis];
      if (index[axis] < 0 || index[axis] >= x.shape[int(axis)])
        return value;
    }
    return at(x, index);
  });
}

Array joined(const Arrays &xs, int64_t axis) {
  axis = axisOf(xs[0].shape, axis);
  int64_t size = 0;
  for (const Array &x : xs)
    size += x.shape[int(axis)];
  return build(resized(xs[0].shape, axis, size), [&](Index index) {
    for (const Array &x : xs) {
      if (index[size_t(axis)] < x.shape[int(axis)])
        return at(x, index);
      index[size_t(axis)] -= x.shape[int(axis)];
    }
    throw std::out_of_range("joined");
  });
}

Arrays cut(const Array &x, int64_t axis, const std::vector<int64_t> &sizes) {
  Arrays pieces;
  int64_t start = 0;
  axis = axisOf(x.shape, axis);
  for (int64_t size : sizes) {
    pieces.push_back(build(resized(x.shape, axis, size), [&](Index index) {
      index[size_t(axis)] += start;
      return at(x, index);
    }));
    start += size;
  }
  return pieces;
}

void addViews(std::vector<OpCase> &rows) {
  auto add = [&](OpCase row) { rows.push_back(std::move(row)); };
  add(reshaped("reshape", {2, 3, 4},
               [](auto &x) {
                 return reshape(x, {6, -1});
               },
               {6, 4}));
  add(reshaped("reshape_of_nothing", {0, 3},
               [](auto &x) {
                 return reshape(x, {3, 0, 2});
               },
               {3, 0, 2}));
  add(reshaped("reshape_to_a_scalar", {1, 1},
               [](auto &x) { return reshape(x, {}); }, {}));
  add(reshaped("reshape_after_transpose", {3, 5},
               [](auto &x) {
                 return reshape(transpose(transpose(x)), {5, 3});
               },
               {5, 3}));
  add(reshaped("squeeze", {1, 3, 1}, [](auto &x) { return squeeze(x); }, {3}));
  add(reshaped("squeeze_one", {1, 3, 1}, [](auto &x) { return squeeze(x, -1); },
               {1, 3}));
  add(reshaped("unsqueeze", {2, 3}, [](auto &x) { return unsqueeze(x, -2); },
               {2, 1, 3}));
  add(reshaped("flatten", {2, 3, 4}, [](auto &x) { return flatten(x, 1); },
               {2, 12}));

  add(moving(
      "transpose", "transpose", {{{17}}, {{3, 5}}, {{0, 3}}, {{16, 33}}},
      [](auto &x) { return transpose(x); },
      [](const Array &x) {
        return x.shape.rank() == 2 ? transposed(x, {1, 0}) : x;
      }));
  add(moving(
      "transpose", "transpose_permuted",
      {{{2, 3, 5}}, {{2, 1, 17}}, {{4, 16, 3}}},
      [](auto &x) {
        return transpose(x, {-1, 0, 1});
      },
      [](const Array &x) {
        return transposed(x, {2, 0, 1});
      }));
  add(moving(
      "transpose", "swap_axes", {{{2, 3, 5, 2}}},
      [](auto &x) { return swapAxes(x, 1, -1); },
      [](const Array &x) {
        return transposed(x, {0, 3, 2, 1});
      }));

  auto broadcastRow = [&](std::string name, Shape from, Shape to) {
    add(moving(
        "broadcast_to", name, {{from}},
        [to](auto &x) { return broadcastTo(x, to); },
        [to](const Array &x) { return broadcast(x, to); }));
  };
  broadcastRow("broadcast_to_more_axes", {3}, {2, 5, 3});
  broadcastRow("broadcast_to_wider_axes", {2, 1, 3}, {2, 4, 3});
  broadcastRow("broadcast_to_of_a_scalar", {}, {17});
  broadcastRow("broadcast_to_nothing", {1, 3}, {0, 3});
  broadcastRow("broadcast_to_the_same", {2, 3}, {2, 3});
}

void addParts(std::vector<OpCase> &rows) {
  auto add = [&](OpCase row) { rows.push_back(std::move(row)); };
  add(moving(
      "slice", "slice", {{{7, 4}}, {{7, 33}}},
      [](auto &x) {
        return slice(x, {1, -3}, {6, -1});
      },
      [](const Array &x) {
        int64_t n = x.shape[1];
        return sliced(x, {1, n - 3}, {6, n - 1}, {1, 1});
      }));
  add(moving(
      "slice", "slice_with_steps", {{{8, 16}}, {{8, 17}}, {{8, 15}}},
      [](auto &x) {
        return slice(x, {1, 0}, {8, 15}, {3, 2});
      },
      [](const Array &x) {
        return sliced(x, {1, 0}, {8, 15}, {3, 2});
      }));
  add(moving(
      "slice", "slice_of_leading_axes", {{{5, 3, 2}}},
      [](auto &x) { return slice(x, {2}, {4}); },
      [](const Array &x) {
        return sliced(x, {2, 0, 0}, {4, 3, 2}, {1, 1, 1});
      }));
  add(moving(
      "slice", "slice_to_nothing", {{{5, 3}}},
      [](auto &x) { return slice(x, {2}, {2}); },
      [](const Array &x) {
        return sliced(x, {2, 0}, {2, 3}, {1, 1});
      }));
  auto pads = [&](std::string name, std::vector<std::vector<Shape>> shapes,
                  double value) {
    OpCase row = moving(
        "pad", name, shapes,
        [value](auto &x) {
          return pad(x, {1, 0}, {2, 3}, value);
        },
        [value](const Array &x) {
          return padded(x, {1, 0}, {2, 3}, value);
        });
    add(row);
  };
  pads("pad", {{{2, 3}}, {{3, 16}}, {{1, 17}}, {{0, 3}}, {{2, 0}}}, 0);
  pads("pad_with_a_value", {{{2, 3}}}, 1);
  add(moving(
      "pad", "pad_with_nothing", {{{2, 3}}},
      [](auto &x) {
        return pad(x, {0, 0}, {0, 0});
      },
      [](const Array &x) { return x; }));

  auto joins = [&](std::string name, int axis,
                   std::vector<std::vector<Shape>> shapes) {
    OpCase row = moving("concat", name, std::move(shapes), nullptr, nullptr);
    row.inputs = {{}, {}, {}};
    row.call = [axis](auto &x, DType) { return std::vector{concat(x, axis)}; };
    row.reference = [axis](const Arrays &x) { return Arrays{joined(x, axis)}; };
    add(row);
  };
  joins("concat", 0,
        {{{2}, {0}, {3}},
         {{16}, {1}, {17}},
         {{0, 3}, {2, 3}, {0, 3}},
         {{0}, {0}, {0}},
         {{1, 2, 3}, {2, 2, 3}, {1, 2, 3}}});
  joins("concat_of_the_last", -1,
        {{{3, 1}, {3, 16}, {3, 5}},
         {{2, 2, 1}, {2, 2, 3}, {2, 2, 2}},
         {{0, 1}, {0, 2}, {0, 3}}});
  OpCase stacked =
      moving("concat", "stack", {{{3, 5}, {3, 5}}, {{}, {}}}, nullptr, nullptr);
  stacked.inputs = {{}, {}};
  stacked.call = [](auto &x, DType) { return std::vector{stack(x, -1)}; };
  stacked.reference = [](Arrays x) {
    for (Array &part : x) {
      std::vector<int64_t> sizes(part.shape.begin(), part.shape.end());
      sizes.push_back(1);
      part.shape = Shape(std::span<const int64_t>(sizes));
    }
    return Arrays{joined(x, -1)};
  };
  add(stacked);

  auto cuts = [&](std::string name, std::vector<std::vector<Shape>> shapes,
                  std::function<std::vector<Tensor>(const Tensor &)> call,
                  std::function<Arrays(const Array &)> reference) {
    OpCase row = moving("split", name, std::move(shapes), nullptr, nullptr);
    row.call = [call](auto &x, DType) { return call(x[0]); };
    row.reference = [reference](const Arrays &x) { return reference(x[0]); };
    add(row);
  };
  cuts(
      "split", {{{6}}, {{33, 2}}, {{3, 0}}, {{0, 2}}},
      [](auto &x) { return split(x, 3); },
      [](const Array &x) {
        return cut(x, 0, std::vector<int64_t>(3, x.shape[0] / 3));
      });
  cuts(
      "split_by_sizes", {{{2, 18}}, {{2, 3, 18}}},
      [](auto &x) {
        return split(x, {1, 0, 17}, -1);
      },
      [](const Array &x) {
        return cut(x, -1, {1, 0, 17});
      });
}

} // namespace

std::vector<OpCase> shapeCases() {
  std::vector<OpCase> rows;
  addViews(rows);
  addParts(rows);
  // Linear: the second derivative is zero throughout.
  for (OpCase &row : rows)
    row.order = Order::once;
  // A copy there and back.
  rows.push_back({"to",
                  "to",
                  {{{17}}, {{3, 5}}, {{0}}},
                  {{}},
                  [](auto &x, DType) {
                    Target there("reference");
                    Target here = x[0].target();
                    return std::vector{to(square(to(x[0], there)), here)};
                  },
                  [](const Arrays &x) {
                    return Arrays{
                        elementwise([](auto &v) { return v[0] * v[0]; }, x)};
                  }});
  return rows;
}

} // namespace needle::test
