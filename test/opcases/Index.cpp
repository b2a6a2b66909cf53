// Index.cpp - the rows of ops that read or write where indices say.
#include "opcases/Reference.h"

namespace needle::test {
namespace {

const std::vector<DType> everything = {float32, float64, int32, int64, boolean},
                         numbers = {float32, float64, int32, int64};

// Negative indices count from the end.
int64_t place(Number index, int64_t size) {
  return int64_t(index) < 0 ? int64_t(index) + size : int64_t(index);
}

Array taken(const Array &x, const Array &indices, int64_t axis) {
  axis = axisOf(x.shape, axis);
  std::vector<int64_t> sizes(x.shape.begin(), x.shape.begin() + axis);
  sizes.insert(sizes.end(), indices.shape.begin(), indices.shape.end());
  sizes.insert(sizes.end(), x.shape.begin() + axis + 1, x.shape.end());
  return build(Shape(std::span<const int64_t>(sizes)), [&](const Index &index) {
    auto first = index.begin() + axis, last = first + indices.shape.rank();
    Index from(index.begin(), first);
    from.push_back(place(at(indices, Index(first, last)), x.shape[int(axis)]));
    from.insert(from.end(), last, index.end());
    return at(x, from);
  });
}

// One index after the other adds its slice of updates.
Array scattered(const Array &x, const Array &indices, const Array &updates,
                int64_t axis) {
  axis = axisOf(x.shape, axis);
  return build(x.shape, [&](const Index &index) {
    Number sum = at(x, index);
    build(indices.shape, [&](const Index &which) {
      if (place(at(indices, which), x.shape[int(axis)]) ==
          index[size_t(axis)]) {
        Index from(index.begin(), index.begin() + axis);
        from.insert(from.end(), which.begin(), which.end());
        from.insert(from.end(), index.begin() + axis + 1, index.end());
        sum += at(updates, from);
      }
      return Number(0);
    });
    return sum;
  });
}

OpCase takeRow(std::string name, int axis,
               std::vector<std::vector<Shape>> shapes) {
  OpCase row;
  row.op = "take";
  row.name = name;
  row.shapes = std::move(shapes);
  row.inputs = {{}, {Input::index, -3, 2}}; // axes of 3 and more
  row.call = [axis](auto &x, DType) {
    return std::vector{take(x[0], x[1], axis)};
  };
  row.reference = [axis](const Arrays &x) {
    return Arrays{taken(x[0], x[1], axis)};
  };
  row.dtypes = everything;
  row.order = Order::once;
  return row;
}

OpCase scatterRow(std::string name, int axis,
                  std::vector<std::vector<Shape>> shapes) {
  OpCase row;
  row.op = "scatter_add";
  row.name = name;
  row.shapes = std::move(shapes);
  row.inputs = {{}, {Input::index, -3, 2}, {}};
  row.call = [axis](auto &x, DType) {
    return std::vector{scatterAdd(x[0], x[1], x[2], axis)};
  };
  row.reference = [axis](const Arrays &x) {
    return Arrays{scattered(x[0], x[1], x[2], axis)};
  };
  row.dtypes = numbers;
  row.order = Order::once;
  return row;
}

} // namespace

std::vector<OpCase> indexCases() {
  std::vector<OpCase> rows = {
      takeRow("take", 0,
              {{{3}, {7}},
               {{5, 16}, {4}},
               {{4, 17}, {2, 3}},
               {{3, 2}, {}},
               {{3, 2}, {0}},
               {{3, 0}, {2}},
               {{3, 2, 2}, {33}}}),
      takeRow(
          "take_of_the_last", -1,
          {{{2, 3}, {5}}, {{16, 5}, {2, 2}}, {{2, 3, 4}, {}}, {{0, 3}, {2}}}),
      takeRow("take_of_the_middle", 1, {{{2, 3, 5}, {4}}, {{2, 7, 3}, {2, 2}}}),
      scatterRow("scatter_add", 0,
                 {{{3}, {7}, {7}},
                  {{5, 16}, {4}, {4, 16}},
                  {{4, 3}, {2, 3}, {2, 3, 3}},
                  {{3, 2}, {}, {2}},
                  {{3, 2}, {0}, {0, 2}},
                  {{3, 0}, {2}, {2, 0}}}),
      scatterRow("scatter_add_along_the_last", -1,
                 {{{2, 3}, {5}, {2, 5}}, {{2, 2, 4}, {3}, {2, 2, 3}}}),
  };
  OpCase one = takeRow("take_one", 0, {{{3, 5}}, {{3}}});
  one.op = "slice";
  one.inputs = {{}};
  one.call = [](auto &x, DType) { return std::vector{take(x[0], -1, 0)}; };
  one.reference = [](const Arrays &x) {
    return Arrays{taken(x[0], {{}, {-1}}, 0)};
  };
  rows.push_back(one);

  // Scattering into zeros: a fixed value where a tensor in memory is needed.
  OpCase intoZeros =
      scatterRow("scatter_add_into_zeros", 0, {{{7}, {7}}, {{4}, {4, 16}}});
  intoZeros.inputs = {{Input::index, -3, 2}, {}};
  intoZeros.call = [](auto &x, DType dtype) {
    Tensor target = zeros(resized(x[1].shape(), 0, 3), dtype);
    return std::vector{scatterAdd(target, x[0], x[1])};
  };
  intoZeros.reference = [](const Arrays &x) {
    Array target = build(resized(x[1].shape, 0, 3),
                         [](const Index &) { return Number(0); });
    return Arrays{scattered(target, x[0], x[1], 0)};
  };
  rows.push_back(intoZeros);

  // Indices outside, negative ones included, give rows of zeros.
  OpCase hot;
  hot.op = "one_hot";
  hot.name = "one_hot";
  hot.shapes = {{{}}, {{7}}, {{16}}, {{2, 3}}, {{0}}};
  hot.inputs = {{Input::index, -2, 6}};
  hot.call = [](auto &x, DType dtype) {
    return std::vector{oneHot(x[0], 5, dtype), oneHot(x[0], 17, dtype)};
  };
  hot.reference = [](const Arrays &x) {
    Arrays rows;
    for (int64_t depth : {5, 17}) {
      std::vector<int64_t> sizes(x[0].shape.begin(), x[0].shape.end());
      sizes.push_back(depth);
      rows.push_back(
          build(Shape(std::span<const int64_t>(sizes)), [&](Index index) {
            auto column = Number(index.back());
            index.pop_back();
            return Number(at(x[0], index) == column);
          }));
    }
    return rows;
  };
  hot.dtypes = everything;
  hot.order = Order::none;
  rows.push_back(hot);
  return rows;
}

} // namespace needle::test
