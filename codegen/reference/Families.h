// Families.h - how the interpreter runs the ops of each family.
#pragma once

#include "needle/codegen/reference/Interpreter.h"

#include <functional>

namespace needle::codegen::reference {

/// What one op works on at run time.
struct Operands {
  void *const *in;
  void *const *out;
  int64_t *status; // may be null
};

/// Runs one op. Holds no reference to the IR; empty: could not be prepared,
/// and a diagnostic says why.
using Evaluate = std::function<void(const Operands &)>;

using Sizes = llvm::SmallVector<int64_t, 8>;

/// What the interpreter knows about a value.
struct ArrayType {
  DType dtype = DType::float32;
  Sizes shape;
  int64_t elements() const;
  int64_t bytes() const { return elements() * int64_t(byteSize(dtype)); }
};
ArrayType arrayType(mlir::Value value);
int64_t product(llvm::ArrayRef<int64_t> sizes);
/// Row-major strides, in elements.
Sizes stridesOf(llvm::ArrayRef<int64_t> shape);

/// withElement() of a floating dtype.
template <class Body> auto withFloating(DType dtype, Body &&body) {
  using Result = decltype(body(double()));
  return withElement(dtype, [&]<class T>(T zero) -> Result {
    if constexpr (std::integral<T>)
      return body(double()); // never
    else
      return body(zero);
  });
}
/// The same by size, for ops that only move elements.
template <class Body> auto withSize(DType dtype, Body &&body) {
  switch (byteSize(dtype)) {
  case 1:
    return body(uint8_t());
  case 2:
    return body(uint16_t());
  case 4:
    return body(uint32_t());
  default:
    return body(uint64_t());
  }
}

/// The type that results of `T` are computed in before they are rounded once.
template <class T> struct WideOf { using Type = T; };
template <> struct WideOf<BFloat16> { using Type = double; };
template <> struct WideOf<float> { using Type = double; };
template <> struct WideOf<double> { using Type = long double; };
template <class T> using Wide = typename WideOf<T>::Type;

/// Visits the indices of `shape` in row-major order with an offset for each of
/// several stride lists: body(offsets).
template <size_t N, class Body>
void forEach(llvm::ArrayRef<int64_t> shape,
             const std::array<llvm::ArrayRef<int64_t>, N> &strides,
             Body &&body) {
  std::array<int64_t, N> offsets{};
  int64_t count = product(shape);
  Sizes index(shape.size(), 0);
  while (count-- > 0) {
    body(offsets);
    for (size_t axis = shape.size(); axis-- > 0;) {
      for (size_t i = 0; i < N; ++i)
        offsets[i] += strides[i][axis];
      if (++index[axis] < shape[axis])
        break;
      for (size_t i = 0; i < N; ++i)
        offsets[i] -= strides[i][axis] * shape[axis];
      index[axis] = 0;
    }
  }
}

// Elementwise.cpp
Evaluate prepareElementwise(ir::ElementwiseOpInterface op);
// Reduce.cpp
Evaluate prepareReduction(ir::ReductionOpInterface op);
Evaluate prepare(ir::MeanOp op);
Evaluate prepare(ir::ArgmaxOp op);
Evaluate prepare(ir::ArgminOp op);
Evaluate prepare(ir::SoftmaxOp op);
Evaluate prepare(ir::LogSoftmaxOp op);
Evaluate prepare(ir::LogsumexpOp op);
// Shape.cpp
Evaluate prepare(ir::ReshapeOp op);
Evaluate prepare(ir::BroadcastToOp op);
Evaluate prepare(ir::TransposeOp op);
Evaluate prepare(ir::SliceOp op);
Evaluate prepare(ir::PadOp op);
Evaluate prepare(ir::ConcatOp op);
Evaluate prepare(ir::SplitOp op);
/// Element d of the result is element map(d) of the operand; `map` is linear.
Evaluate prepareView(const ArrayType &from, const ArrayType &to,
                     mlir::AffineMap map, mlir::Operation *op);
/// All operands unchanged: pin, detach, to.
Evaluate prepareCopy(mlir::Operation *op);
// Contract.cpp
Evaluate prepare(ir::MatmulOp op);
Evaluate prepare(ir::AttentionOp op);
// Create.cpp
Evaluate prepare(ir::ConstantOp op);
Evaluate prepare(ir::FullOp op);
Evaluate prepare(ir::IotaOp op);
Evaluate prepare(ir::LinearIndexOp op);
// Index.cpp: `entry` is what a bad index reports.
Evaluate prepare(ir::TakeOp op, int64_t entry);
Evaluate prepare(ir::OneHotOp op);
Evaluate prepare(ir::ScatterAddOp op, int64_t entry);
// Random.cpp
Evaluate prepare(ir::FoldInOp op);
Evaluate prepare(ir::SplitKeyOp op);
Evaluate prepare(ir::RandomBitsOp op);
Evaluate prepare(ir::UniformOp op);
Evaluate prepare(ir::NormalOp op);
Evaluate prepare(ir::BernoulliOp op);
// Region.cpp
Evaluate prepare(ir::ScanOp op, StatusEntry entry);
Evaluate prepare(ir::KernelOp op, StatusEntry entry);

} // namespace needle::codegen::reference
