// Shape.cpp - concat and pad: copies to places in the result.
#include "needle/codegen/kernels/Single.h"

using namespace mlir;

namespace needle::codegen {

LogicalResult planConcat(ir::KernelOp kernel, ir::ConcatOp op,
                         const TargetInfo &target, KernelPlan &plan) {
  Access result = rowMajor(ir::tensorType(op.getResult()).getShape());
  for (Value x : op.getXs()) {
    if (failed(addCopyPhase(kernel, operandOf(x), {BufferUse::Kind::result, 0},
                            result, target, plan)))
      return failure();
    result.offset += ir::tensorType(x).getDimSize(op.getAxis()) *
                     result.strides[op.getAxis()];
  }
  return success();
}

LogicalResult planPad(ir::KernelOp kernel, ir::PadOp op,
                      const TargetInfo &target, KernelPlan &plan) {
  RankedTensorType type = ir::tensorType(op.getResult());
  auto isZero = [](int64_t size) { return size == 0; };
  bool fills = !llvm::all_of(op.getLow(), isZero) ||
               !llvm::all_of(op.getHigh(), isZero) ||
               !llvm::all_of(op.getInterior(), isZero);
  if (fills) {
    MapSpec fill;
    llvm::append_range(fill.shape, type.getShape());
    fill.owned = std::make_shared<Block>();
    OpBuilder b(op.getContext());
    b.setInsertionPointToEnd(fill.owned.get());
    double value = op.getValue().convertToDouble();
    Attribute number = b.getF64FloatAttr(value);
    if (!isa<FloatType>(type.getElementType()))
      number = b.getI64IntegerAttr(int64_t(value));
    Value full = ir::FullOp::create(b, op.getLoc(), type, number);
    fill.outputs.push_back({full, {BufferUse::Kind::result, 0}, std::nullopt});
    if (failed(addMapPhase(fill, target, plan)))
      return failure();
  }
  Access inside = rowMajor(type.getShape());
  for (size_t d = 0; d < inside.strides.size(); ++d) {
    inside.offset += op.getLow()[d] * inside.strides[d];
    inside.strides[d] *= op.getInterior()[d] + 1;
  }
  return addCopyPhase(kernel, operandOf(op.getX()),
                      {BufferUse::Kind::result, 0}, inside, target, plan);
}

} // namespace needle::codegen
