// Create.cpp - tensors from nothing.
#include "needle/codegen/reference/Families.h"

#include <cstring>

using namespace mlir;

namespace needle::codegen::reference {

Evaluate prepare(ir::ConstantOp op) {
  ArrayType type = arrayType(op.getResult());
  auto elements = dyn_cast<DenseElementsAttr>(op.getValue());
  if (!elements) {
    op.emitOpError("has elements that are not dense");
    return {};
  }
  auto bytes = std::make_shared<std::vector<char>>(size_t(type.bytes()));
  withElement(type.dtype, [&](auto t) {
    using T = decltype(t);
    T *to = reinterpret_cast<T *>(bytes->data());
    if constexpr (!std::integral<T>)
      for (const APFloat &value : elements.getValues<APFloat>()) {
        APInt bits = value.bitcastToAPInt();
        std::memcpy(static_cast<void *>(to++), bits.getRawData(), sizeof(T));
      }
    else
      for (const APInt &value : elements.getValues<APInt>())
        *to++ = std::same_as<T, uint8_t> ? T(value.getZExtValue())
                                         : T(value.getSExtValue());
  });
  return [=](const Operands &operands) {
    std::copy(bytes->begin(), bytes->end(),
              static_cast<char *>(operands.out[0]));
  };
}

Evaluate prepare(ir::FullOp op) {
  ArrayType type = arrayType(op.getResult());
  auto real = dyn_cast<FloatAttr>(op.getValue());
  auto whole = dyn_cast<IntegerAttr>(op.getValue());
  return withElement(type.dtype, [&](auto t) -> Evaluate {
    using T = decltype(t);
    T value = real ? T(real.getValueAsDouble()) : T(whole.getInt());
    return [=](const Operands &operands) {
      std::fill_n(static_cast<T *>(operands.out[0]), type.elements(), value);
    };
  });
}

Evaluate prepare(ir::IotaOp op) {
  ArrayType type = arrayType(op.getResult());
  int64_t size = type.shape[size_t(op.getAxis())];
  int64_t stride = stridesOf(type.shape)[size_t(op.getAxis())];
  return withElement(type.dtype, [&](auto t) -> Evaluate {
    using T = decltype(t);
    return [=](const Operands &operands) {
      for (int64_t i = 0; i < type.elements(); ++i)
        static_cast<T *>(operands.out[0])[i] = T(i / stride % size);
    };
  });
}

Evaluate prepare(ir::LinearIndexOp op) {
  int64_t elements = arrayType(op.getResult()).elements();
  return [=](const Operands &operands) {
    for (int64_t i = 0; i < elements; ++i)
      static_cast<int64_t *>(operands.out[0])[i] = i;
  };
}

} // namespace needle::codegen::reference
