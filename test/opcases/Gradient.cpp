// Gradient.cpp - the rows of gradient requests and of what marks their paths.
#include "opcases/Reference.h"

#include <cmath>

namespace needle::test {

std::vector<OpCase> gradientCases() {
  const std::vector<std::vector<Shape>> shapes = {
      {{}}, {{17}}, {{3, 5}}, {{0}}};
  OpCase gradient;
  gradient.op = "gradient";
  gradient.name = "gradient";
  gradient.shapes = shapes;
  gradient.inputs = {{}};
  // d sum(x^3 c) / dx = 3 x^2 c
  gradient.call = [](auto &x, DType) {
    Tensor p = x[0].requireGrad();
    return std::vector{
        grad(p * p * p, p, {.cotangent = full(p.shape(), 0.5, p.dtype())})};
  };
  gradient.reference = [](const Arrays &x) {
    return Arrays{elementwise([](auto &v) { return 3 * v[0] * v[0] / 2; }, x)};
  };
  OpCase detached;
  detached.op = "detach";
  detached.name = "detach";
  detached.shapes = shapes;
  detached.inputs = {{}};
  // A constant: the gradient of x^2 y at y = x is 2 x^2.
  detached.call = [](auto &x, DType) {
    Tensor p = x[0].requireGrad();
    return std::vector{grad(sum(p * p * detach(p)), p)};
  };
  detached.reference = [](const Arrays &x) {
    return Arrays{elementwise([](auto &v) { return 2 * v[0] * v[0]; }, x)};
  };
  detached.order = Order::none;
  return {gradient, detached};
}

} // namespace needle::test
