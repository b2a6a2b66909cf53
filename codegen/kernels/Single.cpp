// Single.cpp - kernels of one op each: dispatch, copies of operands.
#include "needle/codegen/kernels/Single.h"

#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace needle::codegen {

LogicalResult addMapPhase(const MapSpec &spec, const TargetInfo &target,
                          KernelPlan &plan) {
  KernelPhase phase;
  FailureOr<KernelCall> call = planMapCall(spec, target, phase.tiles);
  if (failed(call))
    return failure();
  if (phase.tiles == 0)
    return success();
  phase.work = 1;
  for (int64_t size : spec.shape)
    phase.work *= size;
  phase.calls.push_back(std::move(*call));
  plan.phases.push_back(std::move(phase));
  return success();
}

LogicalResult addCopyPhase(ir::KernelOp op, int operand, BufferUse to,
                           std::optional<Access> access,
                           const TargetInfo &target, KernelPlan &plan) {
  Value value = op.getBody().getArgument(operand);
  auto map = cast<AffineMapAttr>(op.getMaps()[operand]).getValue();
  auto from = accessOf(ir::tensorType(op.getInputs()[operand]).getShape(), map);
  if (failed(from))
    return op.emitOpError("index map of operand ")
           << operand << " is not linear";
  MapSpec spec;
  llvm::append_range(spec.shape, ir::tensorType(value).getShape());
  spec.inputs.push_back(
      {value, {BufferUse::Kind::operand, operand}, std::move(*from)});
  spec.outputs.push_back({value, to, std::move(access)});
  return addMapPhase(spec, target, plan);
}

FailureOr<BufferUse> denseOperand(ir::KernelOp op, int operand,
                                  const TargetInfo &target, KernelPlan &plan) {
  auto map = cast<AffineMapAttr>(op.getMaps()[operand]).getValue();
  auto body = ir::tensorType(op.getBody().getArgument(operand));
  auto outside = ir::tensorType(op.getInputs()[operand]);
  FailureOr<Access> access = accessOf(outside.getShape(), map);
  if (succeeded(access) && access->offset == 0 &&
      access->strides == rowMajor(body.getShape()).strides)
    return BufferUse{BufferUse::Kind::operand, operand};
  BufferUse copy{BufferUse::Kind::workspace, plan.workspaceBytes};
  if (failed(addCopyPhase(op, operand, copy, std::nullopt, target, plan)))
    return failure();
  int64_t bits = memoryType(body.getElementType()).getIntOrFloatBitWidth();
  plan.workspaceBytes += llvm::alignTo(body.getNumElements() * (bits / 8), 64);
  return copy;
}

LogicalResult planSingle(ir::KernelOp kernel, const TargetInfo &target,
                         KernelPlan &plan) {
  Operation *op = &kernel.getBody().front().front();
  if (isArgReduction(op))
    return planReduce(kernel, target, plan);
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](ir::ConcatOp concat) {
        return planConcat(kernel, concat, target, plan);
      })
      .Case([&](ir::PadOp pad) { return planPad(kernel, pad, target, plan); })
      .Case(
          [&](ir::TakeOp take) { return planTake(kernel, take, target, plan); })
      .Case([&](ir::ScatterAddOp scatter) {
        return planScatterAdd(kernel, scatter, target, plan);
      })
      .Default([&](Operation *other) {
        return other->emitOpError("has no kernel of its own");
      });
}

} // namespace needle::codegen
