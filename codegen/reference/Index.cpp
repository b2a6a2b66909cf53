// Index.cpp - ops whose operand says where to read or write. A bad index never
// touches memory outside; it is reported through the status.
#include "needle/codegen/reference/Families.h"

#include <limits>

using namespace mlir;

namespace needle::codegen::reference {

namespace {

// x as [outer, size, inner] around `axis`.
struct Around {
  int64_t outer = 1, size = 1, inner = 1;
  Around(llvm::ArrayRef<int64_t> shape, int64_t axis) {
    for (size_t i = 0; i < shape.size(); ++i)
      (int64_t(i) < axis    ? outer
       : int64_t(i) == axis ? size
                            : inner) *= shape[i];
  }
};

int64_t indexAt(const void *indices, DType dtype, int64_t i) {
  return dtype == DType::int32 ? static_cast<const int32_t *>(indices)[i]
                               : static_cast<const int64_t *>(indices)[i];
}

// The index counted from the front, or -1 when it is outside.
int64_t wrap(int64_t index, int64_t size) {
  if (index < 0)
    index += size;
  return index >= 0 && index < size ? index : -1;
}

void report(int64_t *status, int64_t entry) {
  if (status && *status == 0)
    *status = 1 + entry;
}

template <class T> T missing() {
  if constexpr (std::integral<T>)
    return 0;
  else
    return std::numeric_limits<T>::quiet_NaN();
}

} // namespace

Evaluate prepare(ir::TakeOp op, int64_t entry) {
  ArrayType x = arrayType(op.getX()), indices = arrayType(op.getIndices());
  Around around(x.shape, op.getAxis());
  int64_t count = indices.elements();
  return withElement(x.dtype, [&](auto t) -> Evaluate {
    using T = decltype(t);
    return [=](const Operands &operands) {
      T *out = static_cast<T *>(operands.out[0]);
      for (int64_t o = 0; o < around.outer; ++o)
        for (int64_t i = 0; i < count; ++i, out += around.inner) {
          int64_t index =
              wrap(indexAt(operands.in[1], indices.dtype, i), around.size);
          if (index < 0) {
            report(operands.status, entry);
            std::fill_n(out, around.inner, missing<T>());
            continue;
          }
          std::copy_n(static_cast<const T *>(operands.in[0]) +
                          (o * around.size + index) * around.inner,
                      around.inner, out);
        }
    };
  });
}

Evaluate prepare(ir::OneHotOp op) {
  ArrayType indices = arrayType(op.getIndices());
  ArrayType to = arrayType(op.getResult());
  int64_t depth = op.getDepth();
  return withElement(to.dtype, [&](auto t) -> Evaluate {
    using T = decltype(t);
    return [=](const Operands &operands) {
      T *out = static_cast<T *>(operands.out[0]);
      std::fill_n(out, to.elements(), T(0));
      for (int64_t i = 0; i < indices.elements(); ++i) {
        int64_t index = indexAt(operands.in[0], indices.dtype, i);
        if (index >= 0 && index < depth)
          out[i * depth + index] = T(1);
      }
    };
  });
}

Evaluate prepare(ir::ScatterAddOp op, int64_t entry) {
  ArrayType to = arrayType(op.getResult());
  ArrayType indices = arrayType(op.getIndices());
  Around around(to.shape, op.getAxis());
  int64_t count = indices.elements();
  return withElement(to.dtype, [&](auto t) -> Evaluate {
    using T = decltype(t);
    return [=](const Operands &operands) {
      auto in = static_cast<const T *>(operands.in[0]);
      auto updates = static_cast<const T *>(operands.in[2]);
      std::vector<Wide<T>> sums(in, in + to.elements());
      for (int64_t o = 0; o < around.outer; ++o)
        for (int64_t i = 0; i < count; ++i, updates += around.inner) {
          int64_t index =
              wrap(indexAt(operands.in[1], indices.dtype, i), around.size);
          if (index < 0) {
            report(operands.status, entry);
            continue;
          }
          for (int64_t j = 0; j < around.inner; ++j) {
            Wide<T> &sum =
                sums[size_t((o * around.size + index) * around.inner + j)];
            if constexpr (std::integral<T>)
              sum = T(std::make_unsigned_t<T>(sum) +
                      std::make_unsigned_t<T>(updates[j]));
            else
              sum += Wide<T>(updates[j]);
          }
        }
      for (int64_t i = 0; i < to.elements(); ++i)
        static_cast<T *>(operands.out[0])[i] = T(sums[size_t(i)]);
    };
  });
}

} // namespace needle::codegen::reference
