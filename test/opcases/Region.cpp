// Region.cpp - the rows of loops.
#include "opcases/Reference.h"

#include <cmath>

namespace needle::test {
namespace {

/// h' = tanh(h w + x) over the rows x of xs, from h = start; all h stacked.
Arrays recurrence(const Array &start, const Array &xs, const Array &w,
                  bool isReversed) {
  int64_t length = xs.shape[0];
  Array h = start, all{xs.shape, std::vector<Number>(xs.elements.size())};
  auto width = size_t(h.shape.elements());
  for (int64_t step = 0; step < length; ++step) {
    auto row = size_t(isReversed ? length - 1 - step : step);
    for (size_t i = 0; i < width; ++i) {
      h.elements[i] = std::tanh(h.elements[i] * w.elements[i] +
                                xs.elements[row * width + i]);
      all.elements[row * width + i] = h.elements[i];
    }
  }
  return {h, all};
}

OpCase recurrent(std::string name, bool isReversed) {
  OpCase row;
  row.op = "scan";
  row.name = name;
  row.shapes = {{{2}, {4, 2}, {2}},
                {{}, {5}, {}},
                {{17}, {3, 17}, {17}},
                {{2, 3}, {1, 2, 3}, {2, 3}},
                {{2}, {0, 2}, {2}}};
  row.inputs = {{}, {}, {}};
  row.call = [isReversed](auto &x, DType) {
    auto [last, all] = scan(
        [&](const Tensor &h, const Tensor &input) {
          Tensor next = tanh(h * x[2] + input);
          return std::pair(next, next);
        },
        x[0], x[1], {.reverse = isReversed});
    return std::vector{last, all};
  };
  row.reference = [isReversed](const Arrays &x) {
    return recurrence(x[0], x[1], x[2], isReversed);
  };
  row.tolerance = 32; // five steps, each about twice the error before
  return row;
}

} // namespace

std::vector<OpCase> regionCases() {
  // Carries that change places, an integer one, and the iteration's number.
  OpCase crossed;
  crossed.op = "scan";
  crossed.name = "scan_of_crossed_carries";
  crossed.shapes = {{{3}, {3}}, {{}, {}}, {{2, 5}, {2, 5}}};
  crossed.inputs = {{}, {}};
  crossed.call = [](auto &x, DType dtype) {
    Tensor count = zeros({}, int64);
    auto [a, b, k] = scan(
        [&](const std::tuple<Tensor, Tensor, Tensor> &carry, const Tensor &i) {
          auto [a, b, k] = carry;
          Tensor weight = convert(k + i, dtype);
          return std::tuple(b, tanh(a * weight), k + i);
        },
        std::tuple(x[0], x[1], count), 3);
    return std::vector{a, b, convert(k, dtype)};
  };
  // Iterations 0, 1, 2: k is 0, 1, 3.
  crossed.reference = [](const Arrays &x) {
    Arrays carry = {x[0], x[1], {{}, {0}}};
    for (int i = 0; i < 3; ++i) {
      carry[2].elements[0] += i;
      Number weight = carry[2].elements[0];
      Array next = elementwise(
          [weight](auto &v) { return std::tanh(v[0] * weight); }, {carry[0]});
      carry[0] = carry[1];
      carry[1] = next;
    }
    return carry;
  };
  return {recurrent("scan", false), recurrent("scan_reverse", true), crossed};
}

} // namespace needle::test
