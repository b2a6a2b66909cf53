// ScalarFloatBounds.cpp - bounds of arith ops on floats, and of comparisons.
#include "ScalarRules.h"

#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;

namespace needle::numerics {

namespace {

/// Which of <, == and > two numbers may stand in, and whether one may be NaN.
struct Order {
  bool less = false, equal = false, greater = false, unordered = false;
  Order(const Bound &a, const Bound &b) {
    unordered = a.mayBeNan || b.mayBeNan;
    if (a.isEmpty() || b.isEmpty())
      return;
    bool isSame = a.id && a.id == b.id;
    less = !isSame && a.lo < b.hi;
    equal = isSame || (a.lo <= b.hi && b.lo <= a.hi);
    greater = !isSame && a.hi > b.lo;
  }
};

/// The outcomes of a test, given what it says of each order.
Bound outcome(const Order &order, bool less, bool equal, bool greater,
              bool unordered, int64_t &undecided) {
  bool maybeTrue = (order.less && less) || (order.equal && equal) ||
                   (order.greater && greater) || (order.unordered && unordered);
  bool maybeFalse = (order.less && !less) || (order.equal && !equal) ||
                    (order.greater && !greater) ||
                    (order.unordered && !unordered);
  undecided += maybeTrue && maybeFalse;
  return between(!maybeFalse, maybeTrue);
}

ScalarRule comparisonOfFloats(arith::CmpFPredicate predicate) {
  // Bits: equal, greater, less, unordered. The enumerators are in their order,
  // but for UNO, which comes last.
  using P = arith::CmpFPredicate;
  unsigned bits = unsigned(predicate);
  if (predicate == P::UNO)
    bits = 8;
  else if (predicate > P::ORD && predicate < P::UNO)
    ++bits;
  return [bits](const Bound *x, int64_t &undecided) {
    return outcome(Order(x[0], x[1]), bits & 4, bits & 1, bits & 2, bits & 8,
                   undecided);
  };
}

Bound extremum(const Bound &a, const Bound &b, int64_t &undecided) {
  if (a.isEmpty() || b.isEmpty())
    return exactly(NAN);
  bool isNan = a.mayBeNan || b.mayBeNan;
  Bound greater;
  if (a.lo >= b.hi || (a.id && a.id == b.id))
    greater = a;
  else if (b.lo >= a.hi)
    greater = b;
  else {
    ++undecided;
    greater = between(std::max(a.lo, b.lo), std::max(a.hi, b.hi));
  }
  if (isNan && !greater.mayBeNan)
    greater.id = 0;
  greater.mayBeNan = isNan;
  return greater;
}
Bound flipped(Bound bound) {
  uint32_t id = bound.id;
  bound = negate(bound);
  bound.id = id;
  return bound;
}
/// With NaN as the absence of a number.
Bound extremumNumber(const Bound &a, const Bound &b, int64_t &undecided) {
  if (a.isEmpty() || b.isEmpty())
    return a.isEmpty() ? b : a;
  Bound x = a, y = b;
  x.mayBeNan = y.mayBeNan = false;
  Bound result = extremum(x, y, undecided);
  if (a.mayBeNan)
    result = hull(result, y);
  if (b.mayBeNan)
    result = hull(result, x);
  result.mayBeNan = a.mayBeNan && b.mayBeNan;
  return result;
}

Bound toInteger(const Bound &x, unsigned width, int64_t &undecided) {
  Real end = std::ldexp(Real(1), int(width) - 1);
  auto whole = [&](Real value) {
    return std::min(std::max(std::trunc(value), -end), end - 1);
  };
  if (x.isEmpty())
    return exactly(0);
  Bound result = between(whole(x.lo), whole(x.hi));
  if (x.mayBeNan)
    result = hull(result, exactly(0));
  undecided += result.lo != result.hi;
  return result;
}

Real nearest(DType dtype, Real x) {
  return withElement(dtype, [&](auto zero) { return Real(decltype(zero)(x)); });
}

/// Rounds what `exact` computes, and keeps points that need no rounding.
ScalarRule rounded(DType dtype, Bound (*exact)(const Bound *x, bool *isExact)) {
  Rounding rounding(dtype);
  return [=](const Bound *x, int64_t &) {
    bool isExact = false;
    Bound result = exact(x, &isExact);
    return isExact && rounding.holds(result.lo) ? result
                                                : rounding.round(result);
  };
}

} // namespace

ScalarRule comparison(arith::CmpIPredicate predicate) {
  using P = arith::CmpIPredicate;
  bool isUnsigned = predicate >= P::ult;
  bool equal =
      llvm::is_contained({P::eq, P::sle, P::sge, P::ule, P::uge}, predicate);
  bool less =
      llvm::is_contained({P::ne, P::slt, P::sle, P::ult, P::ule}, predicate);
  bool greater =
      llvm::is_contained({P::ne, P::sgt, P::sge, P::ugt, P::uge}, predicate);
  return [=](const Bound *x, int64_t &undecided) {
    if (isUnsigned && (x[0].lo < 0 || x[1].lo < 0))
      return between(0, 1);
    return outcome(Order(x[0], x[1]), less, equal, greater, false, undecided);
  };
}

ScalarRule floatRule(Operation *op) {
  Type type = op->getResult(0).getType();
  auto dtype = isa<FloatType>(type) ? elementDType(type) : DType::float64;
  return llvm::TypeSwitch<Operation *, ScalarRule>(op)
      .Case([&](arith::AddFOp) {
        return rounded(dtype, [](const Bound *x, bool *isExact) {
          return add(x[0], x[1], isExact);
        });
      })
      .Case([&](arith::SubFOp) {
        return rounded(dtype, [](const Bound *x, bool *isExact) {
          return add(x[0], negate(x[1]), isExact);
        });
      })
      .Case([&](arith::MulFOp) {
        return rounded(dtype, [](const Bound *x, bool *isExact) {
          return multiply(x[0], x[1], isExact);
        });
      })
      .Case([&](arith::DivFOp) {
        return rounded(dtype, [](const Bound *x, bool *isExact) {
          return divide(x[0], x[1], isExact);
        });
      })
      .Case([&](arith::NegFOp) -> ScalarRule {
        return [](const Bound *x, int64_t &) { return negate(x[0]); };
      })
      .Case([&](arith::MaximumFOp) -> ScalarRule {
        return [](const Bound *x, int64_t &undecided) {
          return extremum(x[0], x[1], undecided);
        };
      })
      .Case([&](arith::MinimumFOp) -> ScalarRule {
        return [](const Bound *x, int64_t &undecided) {
          return flipped(extremum(flipped(x[0]), flipped(x[1]), undecided));
        };
      })
      .Case([&](arith::MaxNumFOp) -> ScalarRule {
        return [](const Bound *x, int64_t &undecided) {
          return extremumNumber(x[0], x[1], undecided);
        };
      })
      .Case([&](arith::MinNumFOp) -> ScalarRule {
        return [](const Bound *x, int64_t &undecided) {
          return flipped(
              extremumNumber(flipped(x[0]), flipped(x[1]), undecided));
        };
      })
      .Case([&](arith::CmpFOp compare) {
        return comparisonOfFloats(compare.getPredicate());
      })
      .Case([&](arith::ExtFOp) -> ScalarRule {
        return [](const Bound *x, int64_t &) { return x[0]; };
      })
      .Case<arith::TruncFOp, arith::SIToFPOp>([&](auto) -> ScalarRule {
        // One correct rounding, which keeps the order of numbers.
        return [=](const Bound *x, int64_t &) {
          if (x[0].isEmpty())
            return x[0];
          Bound result =
              between(nearest(dtype, x[0].lo), nearest(dtype, x[0].hi));
          result.mayBeNan = x[0].mayBeNan;
          return result;
        };
      })
      .Case([&](arith::UIToFPOp convert) -> ScalarRule {
        if (!convert.getIn().getType().isInteger(1))
          return {};
        return [](const Bound *x, int64_t &) { return x[0]; };
      })
      .Case([&](arith::FPToSIOp) -> ScalarRule {
        unsigned width = type.getIntOrFloatBitWidth();
        return [=](const Bound *x, int64_t &undecided) {
          return toInteger(x[0], width, undecided);
        };
      })
      .Default([](Operation *op) { return functionRule(op); });
}

} // namespace needle::numerics
