// Contract.h - the functions of a contraction kernel and what decides them.
#pragma once

#include "needle/codegen/kernels/Kernel.h"

namespace needle::codegen {

/// Which index of a matrix has unit stride in memory.
enum class UnitStride { row, column, none };

/// How a block of columns is cut into panels: as many vectors wide as one of
/// `widths`, wider panels first. Two widths w, w - 1 cut any number of vectors
/// above one without a narrow rest; otherwise the last width is 1.
using PanelWidths = llvm::ArrayRef<int64_t>;

/// All that decides the code of `C = A B` on a tile.
struct ContractClass {
  mlir::Type element;
  int64_t lanes = 0; // elements per vector
  int64_t rows = 0;  // of the register block
  llvm::SmallVector<int64_t, 3> widths;
  /// Of A [m, k]: `column` reads rows side by side, `row` k side by side.
  UnitStride lhs = UnitStride::column;
  int64_t batchRank = 1;

  std::string key() const;
  int64_t maxWidth() const { return widths.front() * lanes; }
};

/// The scalars of the contraction function, in order; after them, for each
/// batch dimension, its size and its strides in A and B (in elements).
enum ContractScalar {
  sizeM,
  sizeN,
  sizeK,
  blockM, // tile sizes; blockN is a multiple of the lanes
  blockN,
  blockK, // multiply-adds between two updates of C
  lhsOffset,
  lhsStrideM,
  lhsStrideK,
  rhsOffset,
  rhsStrideK, // unpacked: from row to row
  packLhs,    // 1: copy each block of A to the scratch memory first
  packedRhs,  // 1: B is as emitPack leaves it
  contractScalars
};

/// Buffers A, B, C. Tile (group, row block, column block), columns fastest.
mlir::func::FuncOp emitContract(mlir::OpBuilder &b, mlir::Location loc,
                                llvm::StringRef name,
                                const ContractClass &contract);

/// Scratch elements that emitContract needs.
int64_t contractScratch(const ContractClass &contract, int64_t blockM,
                        int64_t blockK, bool packLhs);

/// What decides the code that packs B [k, n] into panels: panel by panel, each
/// [k][width * lanes]; columns past n hold copies of others.
struct PackClass {
  mlir::Type element;
  int64_t lanes = 0;
  llvm::SmallVector<int64_t, 3> widths;
  UnitStride rhs = UnitStride::column; // `row`: B is stored as [n, k]
  int64_t batchRank = 1;

  std::string key() const;
};

/// The scalars of the packing function; then sizes and strides of the batch.
enum PackScalar {
  packN,
  packK,
  packBlockN, // as the contraction's blockN
  packBlockK, // rows per tile
  packOffset,
  packStrideK,
  packStrideN,
  packGroup, // elements of one packed matrix
  packScalars
};

/// Buffers B, packed B. Tile (group, column block, row block), rows fastest.
mlir::func::FuncOp emitPack(mlir::OpBuilder &b, mlir::Location loc,
                            llvm::StringRef name, const PackClass &pack);

} // namespace needle::codegen
