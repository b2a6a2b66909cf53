// ScalarOps.cpp - the function of an arith or math op.
#include "needle/codegen/reference/ScalarLoops.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <cstring>

using namespace mlir;

namespace needle::codegen::reference {

namespace {

template <class T> struct SelectLoop {
  static void run(const void *const *in, void *out, int64_t count) {
    auto condition = static_cast<const bool *>(in[0]);
    for (int64_t i = 0; i < count; ++i)
      static_cast<T *>(out)[i] =
          static_cast<const T *>(in[condition[i] ? 1 : 2])[i];
  }
};

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
