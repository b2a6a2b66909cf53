// ContractBlocking.h - a matmul as strides in memory, and how it is cut up.
#pragma once

#include "needle/codegen/kernels/Contract.h"

namespace needle::codegen {

struct BatchDimension {
  int64_t size;
  int64_t lhs, rhs; // strides, in elements
};

/// C [groups, m, n] = A [groups, m, k] B [groups, k, n] as strides in memory.
struct Problem {
  int64_t m = 0, n = 0, k = 0;
  int64_t lhsOffset = 0, lhsM = 0, lhsK = 0;
  int64_t rhsOffset = 0, rhsK = 0, rhsN = 0;
  llvm::SmallVector<BatchDimension> batch;
  /// Computes the transpose of a C with one column: A and B changed places.
  bool swapped = false;

  int64_t groups() const {
    int64_t product = 1;
    for (const BatchDimension &dimension : batch)
      product *= dimension.size;
    return product;
  }
};

/// `lhs` and `rhs` are over the operands' own dimensions.
Problem problemOf(ir::MatmulOp op, const Access &lhs, const Access &rhs);

/// The function's class and the blocks of one problem.
struct Blocking {
  ContractClass contract;
  UnitStride rhs = UnitStride::column;
  bool packRhs = false, packLhs = false;
  int64_t blockM = 0, blockN = 0, blockK = 0;
};

Blocking chooseBlocking(const Problem &p, mlir::Type element,
                        const TargetInfo &target);

/// Every class of function that chooseBlocking can ask for with `batchRank`
/// batch dimensions; some may be equal.
llvm::SmallVector<ContractClass> contractClasses(mlir::Type element,
                                                 int64_t batchRank,
                                                 const TargetInfo &target);
llvm::SmallVector<PackClass> packClasses(mlir::Type element, int64_t batchRank,
                                         const TargetInfo &target);

} // namespace needle::codegen
