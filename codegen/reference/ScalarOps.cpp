// ScalarOps.cpp - what each arith and math op does to a column of elements.
#include "needle/codegen/reference/Scalar.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

using namespace mlir;

namespace needle::codegen::reference {

namespace {

using Function = ScalarProgram::Function;

// ---- loops
// ------------------------------------------------------------------- `F` has
// no state; operand types are A..., the result's is R.
template <class F, class R, class... A> struct FloatLoop {
  template <size_t... I>
  static void each(const void *const *in, void *out, int64_t count,
                   std::index_sequence<I...>) {
    for (int64_t i = 0; i < count; ++i)
      static_cast<R *>(out)[i] = R(F{}(static_cast<const A *>(in[I])[i]...));
  }
  static void run(const void *const *in, void *out, int64_t count) {
    each(in, out, count, std::index_sequence_for<A...>());
  }
};

// Integers of any width travel as sign-extended int64; bool is i1.
template <class T> int64_t load(T value) {
  if constexpr (std::same_as<T, bool>)
    return value ? -1 : 0;
  else
    return int64_t(value);
}
template <class T> T store(int64_t value) {
  if constexpr (std::same_as<T, bool>)
    return value & 1;
  else
    return T(value);
}
template <class T>
constexpr int width = std::same_as<T, bool> ? 1 : 8 * int(sizeof(T));
uint64_t zeroExtend(int64_t value, int bits) {
  return bits == 64 ? uint64_t(value)
                    : uint64_t(value) & ((uint64_t(1) << bits) - 1);
}

// F(values..., bits of the first operand)
template <class F, class R, class A, class... As> struct IntegerLoop {
  template <size_t... I>
  static void each(const void *const *in, void *out, int64_t count,
                   std::index_sequence<I...>) {
    for (int64_t i = 0; i < count; ++i)
      static_cast<R *>(out)[i] = store<R>(
          F{}(load(static_cast<const A *>(in[0])[i]),
              load(static_cast<const As *>(in[1 + I])[i])..., width<A>));
  }
  static void run(const void *const *in, void *out, int64_t count) {
    each(in, out, count, std::index_sequence_for<As...>());
  }
};

template <class T> struct SelectLoop {
  static void run(const void *const *in, void *out, int64_t count) {
    auto condition = static_cast<const bool *>(in[0]);
    for (int64_t i = 0; i < count; ++i)
      static_cast<T *>(out)[i] =
          static_cast<const T *>(in[condition[i] ? 1 : 2])[i];
  }
};

// ---- types
// -------------------------------------------------------------------
template <class Body> Function withInteger(Type type, Body body) {
  if (type.isIndex())
    return body(int64_t());
  if (!type.isInteger())
    return nullptr;
  switch (type.getIntOrFloatBitWidth()) {
  case 1:
    return body(bool());
  case 8:
    return body(int8_t());
  case 16:
    return body(int16_t());
  case 32:
    return body(int32_t());
  case 64:
    return body(int64_t());
  default:
    return nullptr;
  }
}
template <class Body> Function withFloat(Type type, Body body) {
  if (type.isF32())
    return body(float());
  if (type.isF64())
    return body(double());
  if (type.isF80())
    return body((long double)(0));
  return nullptr;
}

double wide(float x) { return x; }
long double wide(double x) { return x; }
long double wide(long double x) { return x; }

// F over floats of one type.
template <class F> Function unary(Operation *op, F) {
  return withFloat(op->getResult(0).getType(), [](auto t) -> Function {
    using T = decltype(t);
    return FloatLoop<F, T, T>::run;
  });
}
template <class F> Function binary(Operation *op, F) {
  return withFloat(op->getResult(0).getType(), [](auto t) -> Function {
    using T = decltype(t);
    return FloatLoop<F, T, T, T>::run;
  });
}
template <class F> Function test(Operation *op, F) {
  return withFloat(op->getOperand(0).getType(), [](auto t) -> Function {
    return FloatLoop<F, bool, decltype(t)>::run;
  });
}
template <class F> Function compare(Operation *op, F) {
  return withFloat(op->getOperand(0).getType(), [](auto t) -> Function {
    using T = decltype(t);
    return FloatLoop<F, bool, T, T>::run;
  });
}
// F over integers of one type.
template <class F> Function integerUnary(Operation *op, F) {
  return withInteger(op->getResult(0).getType(), [](auto t) -> Function {
    using T = decltype(t);
    return IntegerLoop<F, T, T>::run;
  });
}
template <class F> Function integer(Operation *op, F) {
  return withInteger(op->getResult(0).getType(), [](auto t) -> Function {
    using T = decltype(t);
    return IntegerLoop<F, T, T, T>::run;
  });
}
template <class F> Function compareIntegers(Operation *op, F) {
  return withInteger(op->getOperand(0).getType(), [](auto t) -> Function {
    using T = decltype(t);
    return IntegerLoop<F, bool, T, T>::run;
  });
}

// ---- conversions
// -------------------------------------------------------------
template <class F> Function convertIntegers(Operation *op, F) {
  Type to = op->getResult(0).getType();
  return withInteger(op->getOperand(0).getType(), [&](auto a) {
    return withInteger(to, [](auto r) -> Function {
      return IntegerLoop<F, decltype(r), decltype(a)>::run;
    });
  });
}
template <bool isSigned> Function toFloat(Operation *op) {
  Type to = op->getResult(0).getType();
  return withInteger(op->getOperand(0).getType(), [&](auto a) {
    return withFloat(to, [](auto r) -> Function {
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
  return withFloat(op->getOperand(0).getType(), [&](auto a) {
    return withFloat(to, [](auto r) -> Function {
      auto convert = [](auto x) { return x; };
      return FloatLoop<decltype(convert), decltype(r), decltype(a)>::run;
    });
  });
}
template <class T> struct BitsLoop {
  static void run(const void *const *in, void *out, int64_t count) {
    std::memcpy(out, in[0], size_t(count) * sizeof(T));
  }
};
Function withBytes(int bytes, auto body) {
  switch (bytes) {
  case 1:
    return body(uint8_t());
  case 2:
    return body(uint16_t());
  case 4:
    return body(uint32_t());
  case 8:
    return body(uint64_t());
  case 16:
    return body((long double)(0));
  default:
    return nullptr;
  }
}

// ---- predicates
// --------------------------------------------------------------
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

#define SIGNED(TEST) [](int64_t a, int64_t b, int) { return int64_t(TEST); }
#define UNSIGNED(TEST)                                                         \
  [](int64_t sa, int64_t sb, int bits) {                                       \
    uint64_t a = zeroExtend(sa, bits), b = zeroExtend(sb, bits);               \
    return int64_t(TEST);                                                      \
  }

Function compareIntegers(arith::CmpIOp op) {
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

// ---- ops
// ---------------------------------------------------------------------
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

#define WIDE1(CALL) [](auto x) { return CALL(wide(x)); }

using Switch = llvm::TypeSwitch<Operation *, Function>;

Function floatArithmetic(Operation *op) {
  return Switch(op)
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

#define WRAPPING(EXPRESSION)                                                   \
  [](int64_t sa, int64_t sb, int) {                                            \
    uint64_t a = uint64_t(sa), b = uint64_t(sb);                               \
    return int64_t(EXPRESSION);                                                \
  }

// Division by zero, INT_MIN / -1 and shifts past the width have no meaning in
// arith; here they give 0, INT_MIN and 0.
Function integerArithmetic(Operation *op) {
  return Switch(op)
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
      .Case([](arith::CmpIOp compare) { return compareIntegers(compare); })
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

Function mathFunction(Operation *op) {
  return Switch(op)
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

} // namespace

Function scalarFunction(Operation *op) {
  if (op->getNumResults() != 1 || op->getNumOperands() > 3)
    return nullptr;
  if (isa<arith::SelectOp>(op)) {
    if (!op->getOperand(0).getType().isInteger(1))
      return nullptr;
    return withBytes(
        columnBytes(op->getResult(0).getType()),
        [](auto t) -> Function { return SelectLoop<decltype(t)>::run; });
  }
  if (isa<arith::BitcastOp>(op))
    return withBytes(
        columnBytes(op->getResult(0).getType()),
        [](auto t) -> Function { return BitsLoop<decltype(t)>::run; });
  if (Function function = floatArithmetic(op))
    return function;
  if (Function function = integerArithmetic(op))
    return function;
  return mathFunction(op);
}

} // namespace needle::codegen::reference
