// ScalarInteger.cpp - what arith ops on integers do to a column of elements.
#include "needle/codegen/reference/ScalarLoops.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace needle::codegen::reference {

namespace {

template <class F> Function convertIntegers(Operation *op, F) {
  Type to = op->getResult(0).getType();
  return withInteger(op->getOperand(0).getType(), [&](auto a) {
    return withInteger(to, [](auto r) -> Function {
      return IntegerLoop<F, decltype(r), decltype(a)>::run;
    });
  });
}
#define SIGNED(TEST) [](int64_t a, int64_t b, int) { return int64_t(TEST); }
#define UNSIGNED(TEST)                                                         \
  [](int64_t sa, int64_t sb, int bits) {                                       \
    uint64_t a = zeroExtend(sa, bits), b = zeroExtend(sb, bits);               \
    return int64_t(TEST);                                                      \
  }

Function integerComparison(arith::CmpIOp op) {
  switch (op.getPredicate()) {
  case arith::CmpIPredicate::eq:
    return compareIntegers(op, SIGNED(a == b));
  case arith::CmpIPredicate::ne:
    return compareIntegers(op, SIGNED(a != b));
  case arith::CmpIPredicate::slt:
    return compareIntegers(op, SIGNED(a < b));
  case arith::CmpIPredicate::sle:
    return compareIntegers(op, SIGNED(a <= b));
  case arith::CmpIPredicate::sgt:
    return compareIntegers(op, SIGNED(a > b));
  case arith::CmpIPredicate::sge:
    return compareIntegers(op, SIGNED(a >= b));
  case arith::CmpIPredicate::ult:
    return compareIntegers(op, UNSIGNED(a < b));
  case arith::CmpIPredicate::ule:
    return compareIntegers(op, UNSIGNED(a <= b));
  case arith::CmpIPredicate::ugt:
    return compareIntegers(op, UNSIGNED(a > b));
  case arith::CmpIPredicate::uge:
    return compareIntegers(op, UNSIGNED(a >= b));
  }
  return nullptr;
}

} // namespace

#define WRAPPING(EXPRESSION)                                                   \
  [](int64_t sa, int64_t sb, int) {                                            \
    uint64_t a = uint64_t(sa), b = uint64_t(sb);                               \
    return int64_t(EXPRESSION);                                                \
  }

// Division by zero, INT_MIN / -1 and shifts past the width have no meaning in
// arith; here they give 0, INT_MIN and 0.
Function integerArithmetic(Operation *op) {
  return ScalarSwitch(op)
      .Case([&](arith::AddIOp) { return integer(op, WRAPPING(a + b)); })
      .Case([&](arith::SubIOp) { return integer(op, WRAPPING(a - b)); })
      .Case([&](arith::MulIOp) { return integer(op, WRAPPING(a * b)); })
      .Case([&](arith::AndIOp) { return integer(op, WRAPPING(a & b)); })
      .Case([&](arith::OrIOp) { return integer(op, WRAPPING(a | b)); })
      .Case([&](arith::XOrIOp) { return integer(op, WRAPPING(a ^ b)); })
      .Case([&](arith::DivSIOp) {
        return integer(op, SIGNED(b == 0    ? 0
                                  : b == -1 ? int64_t(0 - uint64_t(a))
                                            : a / b));
      })
      .Case([&](arith::RemSIOp) {
        return integer(op, SIGNED(b == 0 || b == -1 ? 0 : a % b));
      })
      .Case([&](arith::DivUIOp) {
        return integer(op, UNSIGNED(b == 0 ? 0 : a / b));
      })
      .Case([&](arith::RemUIOp) {
        return integer(op, UNSIGNED(b == 0 ? 0 : a % b));
      })
      .Case([&](arith::ShLIOp) {
        return integer(op, UNSIGNED(b >= uint64_t(bits) ? 0 : a << b));
      })
      .Case([&](arith::ShRUIOp) {
        return integer(op, UNSIGNED(b >= uint64_t(bits) ? 0 : a >> b));
      })
      .Case([&](arith::ShRSIOp) {
        return integer(op, [](int64_t a, int64_t b, int bits) {
          uint64_t by = zeroExtend(b, bits);
          return by >= uint64_t(bits) ? 0 : a >> by;
        });
      })
      .Case([&](arith::MaxSIOp) { return integer(op, SIGNED(a > b ? a : b)); })
      .Case([&](arith::MinSIOp) { return integer(op, SIGNED(a < b ? a : b)); })
      .Case(
          [&](arith::MaxUIOp) { return integer(op, UNSIGNED(a > b ? a : b)); })
      .Case(
          [&](arith::MinUIOp) { return integer(op, UNSIGNED(a < b ? a : b)); })
      .Case([](arith::CmpIOp compare) { return integerComparison(compare); })
      .Case<arith::ExtSIOp, arith::TruncIOp, arith::IndexCastOp>([&](auto) {
        return convertIntegers(op, [](int64_t a, int) { return a; });
      })
      .Case<arith::ExtUIOp, arith::IndexCastUIOp>([&](auto) {
        return convertIntegers(op, [](int64_t a, int bits) {
          return int64_t(zeroExtend(a, bits));
        });
      })
      .Default(Function(nullptr));
}

} // namespace needle::codegen::reference
