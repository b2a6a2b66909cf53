// ScalarLoops.h - loops over columns for every type that a scalar op can have.
#pragma once

#include "needle/codegen/reference/Scalar.h"
#include "needle/runtime/BFloat16.h"

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/TypeSwitch.h"

#include <concepts>
#include <utility>

namespace needle::codegen::reference {

using mlir::Operation;
using mlir::Type;
using Function = ScalarProgram::Function;

// `F` has no state; operand types are A..., the result's is R.
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
inline uint64_t zeroExtend(int64_t value, int bits) {
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

/// The same with the types that are only converted from and to.
template <class Body> Function withStoredFloat(Type type, Body body) {
  if (type.isBF16())
    return body(BFloat16());
  return withFloat(type, body);
}

inline double wide(float x) { return x; }
inline long double wide(double x) { return x; }
inline long double wide(long double x) { return x; }

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

using ScalarSwitch = llvm::TypeSwitch<Operation *, Function>;

// The function of an op of one kind, or null.
Function floatArithmetic(Operation *op);   // ScalarFloat.cpp
Function integerArithmetic(Operation *op); // ScalarInteger.cpp
Function mathFunction(Operation *op);      // ScalarMath.cpp

} // namespace needle::codegen::reference
