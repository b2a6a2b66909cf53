// Kernel.h - what an emitter makes of one needle.kernel: phases of calls.
// Functions are shape-free: sizes and strides are scalar arguments, so that one
// function serves every shape with the same op tree, dtypes, addressing class.
#pragma once

#include "needle/codegen/TargetInfo.h"
#include "needle/ir/Ops.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"

#include <functional>
#include <limits>
#include <string>

namespace needle::codegen {

/// What a buffer argument of a function points to.
struct BufferUse {
  enum class Kind { operand, result, workspace, status } kind = Kind::operand;
  int64_t number = 0; // of the kernel's operand or result; byte offset
  /// As ir::CallAttr writes it.
  int64_t encode(int64_t operands) const {
    switch (kind) {
    case Kind::operand:
      return number;
    case Kind::result:
      return operands + number;
    case Kind::workspace:
      return -1 - number;
    case Kind::status:
      break;
    }
    return std::numeric_limits<int64_t>::min();
  }
};

/// Makes the function (and private helpers whose names start with `name`) at
/// `b`. Its arguments are, in this order: one `bufferType(T)` per buffer, one
/// index per scalar, the tile (index), the scratch memory (`bufferType(T)`).
using EmitFunction = std::function<mlir::func::FuncOp(
    mlir::OpBuilder &b, mlir::Location loc, llvm::StringRef name)>;

struct KernelCall {
  /// All that decides the code: op tree, dtypes, addressing classes, vector
  /// width. Equal keys: equal code.
  std::string key;
  EmitFunction emit;
  llvm::SmallVector<BufferUse> buffers;
  llvm::SmallVector<int64_t> scalars;
  int64_t statusScalar = -1; // which scalar gets the status entry; -1: none
};

struct KernelPhase {
  llvm::SmallVector<KernelCall> calls;
  int64_t tiles = 1;
  int64_t scratchBytes = 0;
  int64_t work = 0;
};

struct KernelPlan {
  llvm::SmallVector<KernelPhase> phases;
  int64_t workspaceBytes = 0;
};

/// The type of a buffer argument: a 1-D memref of "unlimited" static size, so
/// that the bare-pointer calling convention applies. Elements: T, but boolean
/// tensors are i8 in memory (0 or 1), bf16 ones their bits.
mlir::MemRefType bufferType(mlir::Type element);
/// The element type in memory: i1 -> i8, bf16 -> i16, others unchanged.
mlir::Type memoryType(mlir::Type element);

/// Affine access of one operand: element address = offset + sum strides[i]*d[i]
/// over the iteration space, in elements.
struct Access {
  int64_t offset = 0;
  llvm::SmallVector<int64_t> strides;
};
/// The access of a row-major operand of `shape` through `map` (linear, with
/// constants). Fails when the map is not linear.
mlir::FailureOr<Access> accessOf(llvm::ArrayRef<int64_t> shape,
                                 mlir::AffineMap map);

/// Plans one kernel; emits a diagnostic when it can't. One per kind, each in
/// the file of its name; `planKernel` dispatches on KernelOp::getKind().
mlir::LogicalResult planKernel(ir::KernelOp op, const TargetInfo &target,
                               KernelPlan &plan);
mlir::LogicalResult planMap(ir::KernelOp op, const TargetInfo &target,
                            KernelPlan &plan);
mlir::LogicalResult planReduce(ir::KernelOp op, const TargetInfo &target,
                               KernelPlan &plan);
mlir::LogicalResult planContract(ir::KernelOp op, const TargetInfo &target,
                                 KernelPlan &plan);
/// concat, pad, take, scatter_add, ... alone in their kernel.
mlir::LogicalResult planSingle(ir::KernelOp op, const TargetInfo &target,
                               KernelPlan &plan);

} // namespace needle::codegen
