// Contract.cpp - products that sum over a shared axis.
#include "needle/codegen/reference/Families.h"

using namespace mlir;

namespace needle::codegen::reference {

namespace {

// Strides of the leading axes of an operand, seen from those of the result: 0
// where it broadcasts.
Sizes batchStrides(const ArrayType &operand, size_t resultRank) {
  Sizes strides = stridesOf(operand.shape), batch(resultRank - 2, 0);
  size_t missing = resultRank - operand.shape.size();
  for (size_t axis = 0; axis + 2 < operand.shape.size(); ++axis)
    if (operand.shape[axis] != 1)
      batch[missing + axis] = strides[axis];
  return batch;
}

struct Matrix {
  int64_t row, column; // strides
};
Matrix matrixOf(const ArrayType &type, bool transposed) {
  int64_t columns = type.shape.back();
  return transposed ? Matrix{1, columns} : Matrix{columns, 1};
}

} // namespace

Evaluate prepare(ir::MatmulOp op) {
  ArrayType lhs = arrayType(op.getLhs()), rhs = arrayType(op.getRhs());
  ArrayType to = arrayType(op.getResult());
  size_t rank = to.shape.size();
  Matrix a = matrixOf(lhs, op.getTransposeLhs());
  Matrix b = matrixOf(rhs, op.getTransposeRhs());
  int64_t m = to.shape[rank - 2], n = to.shape[rank - 1];
  int64_t k = lhs.shape[lhs.shape.size() - (op.getTransposeLhs() ? 2 : 1)];
  Sizes batches(to.shape.begin(), to.shape.end() - 2);
  Sizes lhsBatch = batchStrides(lhs, rank), rhsBatch = batchStrides(rhs, rank);
  auto make = [&](auto t) -> Evaluate {
    using T = decltype(t);
    return [=](const Operands &operands) {
      T *out = static_cast<T *>(operands.out[0]);
      std::vector<Wide<T>> row(static_cast<size_t>(n));
      forEach<2>(batches, {lhsBatch, rhsBatch}, [&](auto offsets) {
        const T *x = static_cast<const T *>(operands.in[0]) + offsets[0];
        const T *y = static_cast<const T *>(operands.in[1]) + offsets[1];
        for (int64_t i = 0; i < m; ++i) {
          std::fill(row.begin(), row.end(), Wide<T>(0));
          for (int64_t p = 0; p < k; ++p) {
            Wide<T> factor = x[i * a.row + p * a.column];
            const T *from = y + p * b.row;
            for (int64_t j = 0; j < n; ++j)
              row[size_t(j)] += factor * Wide<T>(from[j * b.column]);
          }
          for (Wide<T> value : row)
            *out++ = T(value);
        }
      });
    };
  };
  return to.dtype == DType::float32 ? make(float()) : make(double());
}

} // namespace needle::codegen::reference
