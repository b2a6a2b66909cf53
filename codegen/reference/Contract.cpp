// Contract.cpp - products that sum over a shared axis.
#include "needle/codegen/reference/Families.h"

#include <cmath>
#include <limits>
#include <span>

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
  return withFloating(to.dtype, make);
}

Evaluate prepare(ir::AttentionOp op) {
  ArrayType query = arrayType(op.getQuery()), to = arrayType(op.getResult());
  size_t rank = to.shape.size();
  int64_t rows = to.shape[rank - 2], width = to.shape[rank - 1];
  int64_t inner = query.shape[rank - 1];
  int64_t places = arrayType(op.getKey()).shape[rank - 2];
  int64_t batches = product(Sizes(to.shape.begin(), to.shape.end() - 2));
  bool causal = op.getCausal();
  double scale = op.getScale().convertToDouble();
  auto make = [&](auto t) -> Evaluate {
    using T = decltype(t);
    return [=](const Operands &operands) {
      const T *q = static_cast<const T *>(operands.in[0]);
      const T *keys = static_cast<const T *>(operands.in[1]);
      const T *values = static_cast<const T *>(operands.in[2]);
      T *out = static_cast<T *>(operands.out[0]);
      for (int64_t batch = 0; batch < batches; ++batch) {
        for (int64_t i = 0; i < rows; ++i, q += inner) {
          int64_t seen = causal ? i + places - rows + 1 : places;
          std::vector<Wide<T>> weights(size_t(places), Wide<T>(0));
          for (int64_t j = 0; j < seen; ++j) {
            Wide<T> score = 0;
            for (int64_t p = 0; p < inner; ++p)
              score += Wide<T>(q[p]) * Wide<T>(keys[j * inner + p]);
            weights[size_t(j)] = score * Wide<T>(scale);
          }
          Wide<T> greatest = -std::numeric_limits<Wide<T>>::infinity(), sum = 0;
          std::span<Wide<T>> visible(weights.data(), size_t(seen));
          for (Wide<T> weight : visible)
            greatest =
                weight > greatest || std::isnan(weight) ? weight : greatest;
          for (Wide<T> &weight : visible)
            sum += weight = std::exp(weight - greatest);
          for (int64_t e = 0; e < width; ++e) {
            Wide<T> total = 0;
            for (int64_t j = 0; j < places; ++j)
              total +=
                  weights[size_t(j)] / sum * Wide<T>(values[j * width + e]);
            *out++ = T(total);
          }
        }
        keys += places * inner;
        values += places * width;
      }
    };
  };
  return withFloating(to.dtype, make);
}

} // namespace needle::codegen::reference
