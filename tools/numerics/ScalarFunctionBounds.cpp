// ScalarFunctionBounds.cpp - bounds of the math dialect's functions: their
// values at the ends of intervals, widened by the documented error.
#include "ScalarRules.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <numbers>

using namespace mlir;

namespace needle::numerics {

namespace {

constexpr Real infinity = std::numeric_limits<Real>::infinity();

/// The error that the design allows a function, in ulps: 4 in f32 and 2 in
/// f64, tanh and erf 5, pow 4.
Real ulpsOf(Operation *op) {
  if (isa<math::SqrtOp>(op))
    return 1;
  if (isa<math::TanhOp, math::ErfOp, math::ErfcOp>(op))
    return 5;
  if (isa<math::PowFOp>(op))
    return 4;
  return op->getResult(0).getType().isF32() ? 4 : 2;
}

/// A monotone function on [least, most]; outside it is NaN.
ScalarRule monotone(Operation *op, Real (*f)(Real), Real least = -infinity,
                    Real most = infinity) {
  Rounding rounding(elementDType(op->getResult(0).getType()));
  Real ulps = ulpsOf(op);
  return [=](const Bound *x, int64_t &) -> Bound {
    Real lo = std::max(x->lo, least), hi = std::min(x->hi, most);
    bool isNan = x->mayBeNan || x->lo < least || x->hi > most;
    if (!(lo <= hi))
      return exactly(NAN);
    Real a = f(lo), b = f(hi);
    Bound exact = between(std::min(a, b), std::max(a, b));
    exact.mayBeNan = isNan;
    // A correctly rounded square root of a square is exact.
    if (ulps == 1 && exact.isPoint() && rounding.holds(a) &&
        (std::isinf(a) || std::fma(a, a, -lo) == 0))
      return exact;
    return rounding.round(exact, ulps);
  };
}

/// A step function.
ScalarRule stepwise(Real (*f)(Real)) {
  return [=](const Bound *x, int64_t &undecided) {
    if (x->isEmpty())
      return *x;
    Bound result = between(f(x->lo), f(x->hi));
    result.mayBeNan = x->mayBeNan;
    undecided += result.lo != result.hi;
    return result;
  };
}

Bound absolute(const Bound &x, int64_t &undecided) {
  if (x.isEmpty() || x.lo >= 0)
    return x;
  if (x.hi <= 0)
    return negate(x);
  ++undecided;
  Bound result = between(0, x.magnitude());
  result.mayBeNan = x.mayBeNan;
  return result;
}

/// sin (shift 0) and cos (shift pi / 2) have their extrema where x + shift is
/// an odd multiple of pi / 2.
ScalarRule wave(Operation *op, Real (*f)(Real), Real shift) {
  Rounding rounding(elementDType(op->getResult(0).getType()));
  Real ulps = ulpsOf(op);
  return [=](const Bound *x, int64_t &) -> Bound {
    constexpr Real pi = std::numbers::pi_v<Real>;
    if (x->isEmpty())
      return *x;
    Bound result = between(-1, 1);
    bool isNan = x->mayBeNan || std::isinf(x->lo) || std::isinf(x->hi);
    if (std::isinf(x->lo) && x->lo == x->hi)
      return exactly(NAN);
    if (x->hi - x->lo < pi) {
      Real a = f(x->lo), b = f(x->hi);
      result = between(std::min(a, b), std::max(a, b));
      Real from = (x->lo + shift) / pi - Real(0.5);
      Real to = (x->hi + shift) / pi - Real(0.5);
      Real first = std::ceil(from);
      if (first <= to)
        (std::fmod(first, Real(2)) == 0 ? result.hi : result.lo) =
            std::fmod(first, Real(2)) == 0 ? 1 : -1;
    }
    result.mayBeNan = isNan;
    return rounding.round(result, ulps);
  };
}

/// x^y: monotone in either for x > 0, so extrema lie in the corners.
Bound power(const Bound &x, const Bound &y) {
  if (x.isPoint() && y.isPoint())
    return exactly(std::pow(x.lo, y.lo));
  if (x.isEmpty() || y.isEmpty())
    return anything(DType::float64); // 1 and ^0 are 1 even then
  bool isSquareLike = y.isPoint() && std::trunc(y.lo) == y.lo;
  if (x.lo <= 0 && !(isSquareLike && y.lo > 0))
    return anything(DType::float64);
  Bound result = between(infinity, -infinity);
  for (Real a : {x.lo, x.hi})
    for (Real b : {y.lo, y.hi})
      result = hull(result, between(std::pow(a, b), std::pow(a, b)));
  if (x.lo <= 0 && x.hi >= 0)
    result = hull(result, exactly(0));
  result.mayBeNan = x.mayBeNan || y.mayBeNan;
  return result;
}

ScalarRule test(bool (*f)(const Bound &x, bool sometimes)) {
  return [=](const Bound *x, int64_t &undecided) {
    Bound result = between(f(*x, false), f(*x, true));
    undecided += result.lo != result.hi;
    return result;
  };
}

} // namespace

#define MONOTONE(F, ...)                                                       \
  monotone(op, [](Real x) -> Real { return F(x); } __VA_OPT__(, ) __VA_ARGS__)
#define STEPWISE(F) stepwise([](Real x) -> Real { return F(x); })

ScalarRule functionRule(Operation *op) {
  return llvm::TypeSwitch<Operation *, ScalarRule>(op)
      .Case([&](math::AbsFOp) -> ScalarRule {
        return [](const Bound *x, int64_t &undecided) {
          return absolute(*x, undecided);
        };
      })
      .Case([&](math::ExpOp) { return MONOTONE(std::exp); })
      .Case([&](math::Exp2Op) { return MONOTONE(std::exp2); })
      .Case([&](math::ExpM1Op) { return MONOTONE(std::expm1); })
      .Case([&](math::LogOp) { return MONOTONE(std::log, 0); })
      .Case([&](math::Log2Op) { return MONOTONE(std::log2, 0); })
      .Case([&](math::Log10Op) { return MONOTONE(std::log10, 0); })
      .Case([&](math::Log1pOp) { return MONOTONE(std::log1p, -1); })
      .Case([&](math::SqrtOp) { return MONOTONE(std::sqrt, 0); })
      .Case([&](math::RsqrtOp) { return MONOTONE(1 / std::sqrt, 0); })
      .Case([&](math::CbrtOp) { return MONOTONE(std::cbrt); })
      .Case([&](math::TanhOp) { return MONOTONE(std::tanh); })
      .Case([&](math::ErfOp) { return MONOTONE(std::erf); })
      .Case([&](math::ErfcOp) { return MONOTONE(std::erfc); })
      .Case([&](math::SinOp) {
        return wave(
            op, [](Real x) { return std::sin(x); }, 0);
      })
      .Case([&](math::CosOp) {
        return wave(
            op, [](Real x) { return std::cos(x); },
            std::numbers::pi_v<Real> / 2);
      })
      .Case([&](math::FloorOp) { return STEPWISE(std::floor); })
      .Case([&](math::CeilOp) { return STEPWISE(std::ceil); })
      .Case([&](math::RoundOp) { return STEPWISE(std::round); })
      .Case([&](math::RoundEvenOp) { return STEPWISE(std::nearbyint); })
      .Case([&](math::TruncOp) { return STEPWISE(std::trunc); })
      .Case([&](math::CopySignOp) -> ScalarRule {
        return [](const Bound *x, int64_t &undecided) {
          Bound size = absolute(x[0], undecided);
          if (x[1].lo > 0)
            return size;
          if (x[1].hi < 0)
            return negate(size);
          ++undecided;
          return hull(size, negate(size));
        };
      })
      .Case([&](math::PowFOp) -> ScalarRule {
        Rounding rounding(elementDType(op->getResult(0).getType()));
        Real ulps = ulpsOf(op);
        return [=](const Bound *x, int64_t &) {
          Bound exact = power(x[0], x[1]);
          // 0, 1 and infinity are what they are.
          bool isPlain = exact.isPoint() && (exact.lo == 0 || exact.lo == 1);
          return isPlain ? exact : rounding.round(exact, ulps);
        };
      })
      .Case([&](math::FmaOp) -> ScalarRule {
        Rounding rounding(elementDType(op->getResult(0).getType()));
        return [=](const Bound *x, int64_t &) {
          return rounding.round(
              add(rounding.round(multiply(x[0], x[1])), x[2]));
        };
      })
      .Case([&](math::IsNaNOp) {
        return test([](const Bound &x, bool sometimes) {
          return sometimes ? x.mayBeNan : x.isEmpty();
        });
      })
      .Case([&](math::IsInfOp) {
        return test([](const Bound &x, bool sometimes) {
          return sometimes ? std::isinf(x.lo) || std::isinf(x.hi)
                           : std::isinf(x.lo) && x.lo == x.hi && !x.mayBeNan;
        });
      })
      .Case([&](math::IsFiniteOp) {
        return test([](const Bound &x, bool sometimes) {
          bool isFinite = !std::isinf(x.lo) && !std::isinf(x.hi);
          return sometimes ? !x.isEmpty() && !(std::isinf(x.lo) && x.lo == x.hi)
                           : isFinite && !x.mayBeNan;
        });
      })
      .Default(ScalarRule());
}

} // namespace needle::numerics
