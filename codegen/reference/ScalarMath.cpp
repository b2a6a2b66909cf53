// ScalarMath.cpp - what math ops do to a column of elements.
#include "needle/codegen/reference/ScalarLoops.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <bit>
#include <cmath>

using namespace mlir;

namespace needle::codegen::reference {

#define WIDE1(CALL) [](auto x) { return CALL(wide(x)); }

Function mathFunction(Operation *op) {
  return ScalarSwitch(op)
      .Case([&](math::AbsFOp) { return unary(op, WIDE1(std::fabs)); })
      .Case([&](math::ExpOp) { return unary(op, WIDE1(std::exp)); })
      .Case([&](math::Exp2Op) { return unary(op, WIDE1(std::exp2)); })
      .Case([&](math::ExpM1Op) { return unary(op, WIDE1(std::expm1)); })
      .Case([&](math::LogOp) { return unary(op, WIDE1(std::log)); })
      .Case([&](math::Log2Op) { return unary(op, WIDE1(std::log2)); })
      .Case([&](math::Log10Op) { return unary(op, WIDE1(std::log10)); })
      .Case([&](math::Log1pOp) { return unary(op, WIDE1(std::log1p)); })
      .Case([&](math::SqrtOp) { return unary(op, WIDE1(std::sqrt)); })
      .Case([&](math::RsqrtOp) { return unary(op, WIDE1(1 / std::sqrt)); })
      .Case([&](math::CbrtOp) { return unary(op, WIDE1(std::cbrt)); })
      .Case([&](math::SinOp) { return unary(op, WIDE1(std::sin)); })
      .Case([&](math::CosOp) { return unary(op, WIDE1(std::cos)); })
      .Case([&](math::TanOp) { return unary(op, WIDE1(std::tan)); })
      .Case([&](math::TanhOp) { return unary(op, WIDE1(std::tanh)); })
      .Case([&](math::ErfOp) { return unary(op, WIDE1(std::erf)); })
      .Case([&](math::ErfcOp) { return unary(op, WIDE1(std::erfc)); })
      .Case([&](math::FloorOp) { return unary(op, WIDE1(std::floor)); })
      .Case([&](math::CeilOp) { return unary(op, WIDE1(std::ceil)); })
      .Case([&](math::RoundOp) { return unary(op, WIDE1(std::round)); })
      .Case([&](math::RoundEvenOp) { return unary(op, WIDE1(std::nearbyint)); })
      .Case([&](math::TruncOp) { return unary(op, WIDE1(std::trunc)); })
      .Case([&](math::CopySignOp) {
        return binary(op, [](auto a, auto b) { return std::copysign(a, b); });
      })
      .Case([&](math::PowFOp) {
        return binary(
            op, [](auto a, auto b) { return std::pow(wide(a), wide(b)); });
      })
      .Case([&](math::FmaOp) {
        return withFloat(op->getResult(0).getType(), [](auto t) -> Function {
          using T = decltype(t);
          auto fma = [](T a, T b, T c) { return std::fma(a, b, c); };
          return FloatLoop<decltype(fma), T, T, T, T>::run;
        });
      })
      .Case([&](math::IsNaNOp) {
        return test(op, [](auto x) { return x != x; });
      })
      .Case([&](math::IsInfOp) {
        return test(op, [](auto x) { return std::isinf(x); });
      })
      .Case([&](math::IsFiniteOp) {
        return test(op, [](auto x) { return std::isfinite(x); });
      })
      .Case([&](math::AbsIOp) {
        return integerUnary(op, [](int64_t a, int) {
          return a < 0 ? int64_t(0 - uint64_t(a)) : a;
        });
      })
      .Case([&](math::CtPopOp) {
        return integerUnary(op, [](int64_t a, int bits) {
          return int64_t(std::popcount(zeroExtend(a, bits)));
        });
      })
      .Default(Function(nullptr));
}

} // namespace needle::codegen::reference
