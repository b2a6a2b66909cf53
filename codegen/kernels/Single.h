// Single.h - kernels of one op each: what their planners share.
#pragma once

#include "needle/codegen/kernels/Body.h"

namespace needle::codegen {

/// The kernel's operand that a value of its body is.
inline int operandOf(mlir::Value value) {
  return mlir::cast<mlir::BlockArgument>(value).getArgNumber();
}

/// Adds a phase that computes a map; nothing for one without elements.
mlir::LogicalResult addMapPhase(const MapSpec &spec, const TargetInfo &target,
                                KernelPlan &plan);
/// A map that copies an operand of the kernel, through its index map, to
/// `to` at `access` (null: row-major and dense).
mlir::LogicalResult addCopyPhase(ir::KernelOp op, int operand, BufferUse to,
                                 std::optional<Access> access,
                                 const TargetInfo &target, KernelPlan &plan);
/// The operand as a dense, row-major buffer: itself, or a copy in the workspace
/// when its index map moves elements.
mlir::FailureOr<BufferUse> denseOperand(ir::KernelOp op, int operand,
                                        const TargetInfo &target,
                                        KernelPlan &plan);

mlir::LogicalResult planConcat(ir::KernelOp kernel, ir::ConcatOp op,
                               const TargetInfo &target, KernelPlan &plan);
mlir::LogicalResult planPad(ir::KernelOp kernel, ir::PadOp op,
                            const TargetInfo &target, KernelPlan &plan);
mlir::LogicalResult planTake(ir::KernelOp kernel, ir::TakeOp op,
                             const TargetInfo &target, KernelPlan &plan);
mlir::LogicalResult planScatterAdd(ir::KernelOp kernel, ir::ScatterAddOp op,
                                   const TargetInfo &target, KernelPlan &plan);

} // namespace needle::codegen
