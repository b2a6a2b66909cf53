// ScalarFloat.cpp - what arith ops on floats do to a column of elements.
#include "needle/codegen/reference/ScalarLoops.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <cmath>

using namespace mlir;

namespace needle::codegen::reference {

namespace {

template <bool isSigned> Function toFloat(Operation *op) {
  Type to = op->getResult(0).getType();
  return withInteger(op->getOperand(0).getType(), [&](auto a) {
    return withStoredFloat(to, [](auto r) -> Function {
      using A = decltype(a);
      using R = decltype(r);
      auto convert = [](A x) {
        if constexpr (isSigned)
          return R(load(x));
        else
          return R(zeroExtend(load(x), width<A>));
      };
      return FloatLoop<decltype(convert), R, A>::run;
    });
  });
}
// Outside the range the op has no meaning; this clamps, and NaN is 0.
template <bool isSigned> Function toInteger(Operation *op) {
  Type to = op->getResult(0).getType();
  return withFloat(op->getOperand(0).getType(), [&](auto a) {
    return withInteger(to, [](auto r) -> Function {
      using A = decltype(a);
      using R = decltype(r);
      auto convert = [](A x) {
        constexpr int bits = width<R> - (isSigned ? 1 : 0);
        constexpr int64_t highest =
            bits == 0 ? 0 : int64_t(~uint64_t(0) >> ((64 - bits) % 64));
        constexpr int64_t lowest = isSigned ? -highest - 1 : 0;
        long double limit = std::ldexp((long double)(1), bits);
        long double whole = std::trunc((long double)(x));
        if (!(whole == whole))
          return store<R>(0);
        if (whole >= limit)
          return store<R>(highest);
        if (whole <= (isSigned ? -limit : 0))
          return store<R>(lowest);
        return store<R>(isSigned ? int64_t(whole) : int64_t(uint64_t(whole)));
      };
      return FloatLoop<decltype(convert), R, A>::run;
    });
  });
}
Function changeFloat(Operation *op) {
  Type to = op->getResult(0).getType();
  return withStoredFloat(op->getOperand(0).getType(), [&](auto a) {
    return withStoredFloat(to, [](auto r) -> Function {
      auto convert = [](auto x) { return x; };
      return FloatLoop<decltype(convert), decltype(r), decltype(a)>::run;
    });
  });
}
#define ORDERED(TEST) [](auto a, auto b) { return TEST; }
#define UNORDERED(TEST)                                                        \
  [](auto a, auto b) { return a != a || b != b || (TEST); }

Function compareFloats(arith::CmpFOp op) {
  switch (op.getPredicate()) {
  case arith::CmpFPredicate::AlwaysFalse:
    return compare(op, ORDERED(((void)a, (void)b, false)));
  case arith::CmpFPredicate::OEQ:
    return compare(op, ORDERED(a == b));
  case arith::CmpFPredicate::OGT:
    return compare(op, ORDERED(a > b));
  case arith::CmpFPredicate::OGE:
    return compare(op, ORDERED(a >= b));
  case arith::CmpFPredicate::OLT:
    return compare(op, ORDERED(a < b));
  case arith::CmpFPredicate::OLE:
    return compare(op, ORDERED(a <= b));
  case arith::CmpFPredicate::ONE:
    return compare(op, ORDERED(a < b || a > b));
  case arith::CmpFPredicate::ORD:
    return compare(op, ORDERED(a == a && b == b));
  case arith::CmpFPredicate::UEQ:
    return compare(op, UNORDERED(a == b));
  case arith::CmpFPredicate::UGT:
    return compare(op, UNORDERED(a > b));
  case arith::CmpFPredicate::UGE:
    return compare(op, UNORDERED(a >= b));
  case arith::CmpFPredicate::ULT:
    return compare(op, UNORDERED(a < b));
  case arith::CmpFPredicate::ULE:
    return compare(op, UNORDERED(a <= b));
  case arith::CmpFPredicate::UNE:
    return compare(op, ORDERED(!(a == b)));
  case arith::CmpFPredicate::UNO:
    return compare(op, ORDERED(a != a || b != b));
  case arith::CmpFPredicate::AlwaysTrue:
    return compare(op, ORDERED(((void)a, (void)b, true)));
  }
  return nullptr;
}
#undef ORDERED
#undef UNORDERED

auto maximum = [](auto a, auto b) {
  if (a != a || b != b)
    return a + b;
  if (a == b)
    return std::signbit(a) ? b : a; // max(-0, 0) = 0
  return a > b ? a : b;
};
auto minimum = [](auto a, auto b) {
  if (a != a || b != b)
    return a + b;
  if (a == b)
    return std::signbit(a) ? a : b;
  return a < b ? a : b;
};

} // namespace

Function floatArithmetic(Operation *op) {
  return ScalarSwitch(op)
      .Case([&](arith::AddFOp) {
        return binary(op, [](auto a, auto b) { return a + b; });
      })
      .Case([&](arith::SubFOp) {
        return binary(op, [](auto a, auto b) { return a - b; });
      })
      .Case([&](arith::MulFOp) {
        return binary(op, [](auto a, auto b) { return a * b; });
      })
      .Case([&](arith::DivFOp) {
        return binary(op, [](auto a, auto b) { return a / b; });
      })
      .Case([&](arith::RemFOp) {
        return binary(op, [](auto a, auto b) { return std::fmod(a, b); });
      })
      .Case([&](arith::NegFOp) { return unary(op, [](auto x) { return -x; }); })
      .Case([&](arith::MaximumFOp) { return binary(op, maximum); })
      .Case([&](arith::MinimumFOp) { return binary(op, minimum); })
      .Case([&](arith::MaxNumFOp) {
        return binary(op, [](auto a, auto b) { return std::fmax(a, b); });
      })
      .Case([&](arith::MinNumFOp) {
        return binary(op, [](auto a, auto b) { return std::fmin(a, b); });
      })
      .Case([](arith::CmpFOp compare) { return compareFloats(compare); })
      .Case<arith::ExtFOp, arith::TruncFOp>(
          [&](auto) { return changeFloat(op); })
      .Case([&](arith::SIToFPOp) { return toFloat<true>(op); })
      .Case([&](arith::UIToFPOp) { return toFloat<false>(op); })
      .Case([&](arith::FPToSIOp) { return toInteger<true>(op); })
      .Case([&](arith::FPToUIOp) { return toInteger<false>(op); })
      .Default(Function(nullptr));
}

} // namespace needle::codegen::reference
