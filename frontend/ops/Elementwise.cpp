// Elementwise.cpp - the elementwise ops that are more than a line.
#include "needle/frontend/ops/Elementwise.h"

#include "needle/frontend/Scope.h"
#include "needle/frontend/ops/Reduce.h"
#include "needle/frontend/ops/Shape.h"

#include <numbers>

using namespace needle;

static Tensor asTensor(const Operand &x, DType dtype) {
  if (x.node)
    return detail::convertTo(Tensor::share(x.node), dtype, x.where);
  return x.kind == Operand::Kind::floating
             ? detail::fullOf(x.floating, {}, dtype, x.where)
             : detail::fullOf(x.integer, {}, dtype, x.where);
}

Tensor needle::where(const Operand &condition, const Operand &x,
                     const Operand &y) {
  static constexpr detail::OpInfo whereOp{"where"};
  Where at = condition.where;
  DType dtype = detail::commonDType(x, y, whereOp.name);
  Tensor c = asTensor(condition, DType::boolean), a = asTensor(x, dtype),
         b = asTensor(y, dtype);
  if (condition.node && condition.node->dtype != DType::boolean)
    detail::fail<DTypeError>(whereOp.name, at,
                             "the condition is " +
                                 toString(condition.node->dtype) +
                                 "; compare with != 0");
  auto broadcast = [&](std::span<const int64_t> x, std::span<const int64_t> y) {
    return needle::detail::orFail(whereOp.name, rules::broadcast(x, y), at);
  };
  Shape shape = broadcast(a.get()->dims(), b.get()->dims());
  shape = broadcast(c.get()->dims(), shape.dims());
  return detail::Recording(whereOp, at)
      .use(broadcastTo(c, shape, at))
      .use(broadcastTo(a, shape, at))
      .use(broadcastTo(b, shape, at))
      .result(dtype, shape);
}

Tensor needle::gelu(const Operand &operand, const GeluOptions &options) {
  LibraryScope scope(operand.where, "");
  Tensor x = asTensor(operand, detail::commonDType(operand, {0.0}, "gelu"));
  if (!options.approximate)
    return x * 0.5 * (1 + erf(x * (1 / std::numbers::sqrt2)));
  double factor = std::numbers::sqrt2 * std::numbers::inv_sqrtpi;
  return x * 0.5 * (1 + tanh((x + 0.044715 * (x * square(x))) * factor));
}

Tensor needle::convert(const Tensor &x, DType dtype, Where where) {
  return detail::convertTo(x, dtype, where);
}

bool needle::allClose(const Tensor &a, const Tensor &b, double rtol,
                      double atol, Where where) {
  Tensor x = convert(a, DType::float64, where),
         y = convert(b, DType::float64, where);
  // Equal infinities are close; their difference is NaN.
  Tensor bound =
      Operand(atol, where) +
      Operand(Operand(rtol, where) * Operand(abs({y, where}), where), where);
  Tensor gap = abs({Operand(x, where) - Operand(y, where), where});
  Tensor close = Operand(Operand(gap, where) <= Operand(bound, where), where) |
                 Operand(Operand(x, where) == Operand(y, where), where);
  return all(close, {}, false, where).item<bool>(where);
}
