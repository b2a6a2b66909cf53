// GradientTest.cpp - every gradient, in f64 and f32, against central
// differences in f64, for every shape class of its row: those of binary ops
// broadcast in every way.
#include "OpCases.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

using namespace needle;
using namespace needle::test;

namespace {

using Function =
    std::function<std::vector<Tensor>(const std::vector<Tensor> &)>;

// Differences need two runs per element; larger shapes are for the values.
constexpr int64_t maxElements = 128;
// A step of 1e-6 leaves 1e-12 of truncation times the third derivative, and
// 1e-16 / 1e-6 of rounding times the sum that is differentiated.
constexpr double step = 1e-6, tolerance = 1e-7;
// f32 has seven digits, of which derivatives of steep functions lose some.
constexpr double singleTolerance = 1e-3;

/// Which inputs are differentiated by.
std::vector<size_t> variables(const OpCase &row) {
  std::vector<size_t> numbers;
  for (size_t i = 0; i < row.inputs.size(); ++i)
    if (row.inputs[i].kind == Input::number)
      numbers.push_back(i);
  return numbers;
}

/// sum(y * weights) over all results: weights between 0.5 and 1.5, so that
/// nothing cancels by symmetry.
Tensor weighted(const std::vector<Tensor> &results) {
  std::mt19937_64 random(11);
  Tensor total = zeros({}, float64);
  for (const Tensor &y : results) {
    if (!isFloating(y.dtype()))
      continue;
    Array weights{y.shape(), {}};
    for (int64_t i = 0; i < y.shape().elements(); ++i)
      weights.elements.push_back(0.5 + double(random() >> 11) * 0x1p-53);
    total = total + sum(y * tensorOf(weights, float64));
  }
  return total;
}

/// d weighted(f(x)) / dx for each variable.
Function gradientOf(const Function &f, std::vector<size_t> wrt) {
  return [f, wrt](const std::vector<Tensor> &inputs) {
    std::vector<Tensor> x = inputs, marked;
    for (size_t i : wrt)
      marked.push_back(x[i] = x[i].requireGrad());
    return grad(weighted(f(x)), marked, {.allowUnused = true});
  };
}

/// The largest difference, relative to values above 1, between `gradient`, of
/// inputs of `dtype`, and the central differences of `f`, of f64.
double worstError(const Function &f, const Function &gradient,
                  const OpCase &row, const std::vector<Shape> &shapes,
                  DType dtype = float64) {
  Arrays inputs = drawInputs(row, shapes, dtype);
  auto loss = jit([&](const std::vector<Tensor> &x) { return weighted(f(x)); },
                  {.recheck = false});
  auto lossAt = [&](const Arrays &at) {
    return loss(tensorsOf(row, at, float64)).item();
  };
  auto compiled = jit(gradient, {.recheck = false});
  std::vector<Tensor> got = compiled(tensorsOf(row, inputs, dtype));
  double worst = 0;
  std::vector<size_t> wrt = variables(row);
  for (size_t n = 0; n < wrt.size(); ++n) {
    Array slope = arrayOf(got[n]);
    EXPECT_EQ(slope.shape, shapes[wrt[n]]);
    for (size_t k = 0; k < slope.elements.size(); ++k) {
      Arrays above = inputs, below = inputs;
      above[wrt[n]].elements[k] += step;
      below[wrt[n]].elements[k] -= step;
      double wanted = (lossAt(above) - lossAt(below)) / (2 * step);
      double error = std::abs(double(slope.elements[k]) - wanted) /
                     std::max(1.0, std::abs(wanted));
      worst = error <= worst ? worst : error; // keeps NaN
    }
  }
  return worst;
}

bool isSmall(const std::vector<Shape> &shapes) {
  int64_t elements = 0;
  for (const Shape &shape : shapes)
    elements += shape.elements();
  return elements <= maxElements;
}

class Gradients : public testing::TestWithParam<OpCase> {
protected:
  /// The row, or its gradient.
  static Function function(Order order, DType dtype) {
    const OpCase &row = GetParam();
    Function f = [&row, dtype](const std::vector<Tensor> &x) {
      return row.call(x, dtype);
    };
    return order == Order::twice ? gradientOf(f, variables(row)) : f;
  }
  void check(Order order) {
    const OpCase &row = GetParam();
    Function f = function(order, float64);
    for (const std::vector<Shape> &shapes : row.shapes)
      for (DType dtype : {float64, float32}) {
        if (!isSmall(shapes) ||
            !std::count(row.dtypes.begin(), row.dtypes.end(), dtype))
          continue;
        SCOPED_TRACE(describe(shapes, dtype));
        Function gradient = gradientOf(function(order, dtype), variables(row));
        EXPECT_LT(worstError(f, gradient, row, shapes, dtype),
                  dtype == float64 ? tolerance : singleTolerance);
      }
  }
};
class SecondGradients : public Gradients {};

TEST_P(Gradients, AgreeWithDifferences) { check(Order::once); }
TEST_P(SecondGradients, AgreeWithDifferences) { check(Order::twice); }

std::vector<OpCase> differentiable(Order atLeast) {
  std::vector<OpCase> rows;
  for (const OpCase &row : opCases())
    if (row.order >= atLeast)
      rows.push_back(row);
  return rows;
}
auto named = [](const testing::TestParamInfo<OpCase> &info) {
  return info.param.name;
};
INSTANTIATE_TEST_SUITE_P(Op, Gradients,
                         testing::ValuesIn(differentiable(Order::once)), named);
INSTANTIATE_TEST_SUITE_P(Op, SecondGradients,
                         testing::ValuesIn(differentiable(Order::twice)),
                         named);

// The check itself: gradients of something else are found to be wrong.
TEST(GradientCheck, FindsAWrongGradient) {
  OpCase row;
  row.inputs = {{}};
  auto square = [](const std::vector<Tensor> &x) {
    return std::vector{needle::square(x[0])};
  };
  auto halved = [](const std::vector<Tensor> &x) {
    return std::vector{x[0] * detach(x[0])};
  };
  std::vector<Shape> shapes = {{5}};
  Function right = gradientOf(square, {0}), wrong = gradientOf(halved, {0});
  EXPECT_LT(worstError(square, right, row, shapes), tolerance);
  EXPECT_GT(worstError(square, wrong, row, shapes), 0.1);
}

} // namespace
