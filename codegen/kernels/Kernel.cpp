// Kernel.cpp - what all emitters share: buffer types, access strides, dispatch.
#include "needle/codegen/kernels/Kernel.h"

#include "needle/ir/ElementTypes.h"

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/AffineMap.h"

#include "llvm/ADT/StringSwitch.h"

using namespace mlir;

namespace needle::codegen {

Type memoryType(Type element) {
  if (element.isInteger(1))
    return IntegerType::get(element.getContext(), 8);
  if (ir::isLowPrecision(element))
    return IntegerType::get(element.getContext(),
                            element.getIntOrFloatBitWidth());
  return element;
}

MemRefType bufferType(Type element) {
  // 2^40 elements are the largest tensor.
  return MemRefType::get({int64_t(1) << 40}, memoryType(element));
}

// Adds factor * expr to the strides of the dimensions and to `constant`.
static LogicalResult addTerms(AffineExpr expr, int64_t factor,
                              MutableArrayRef<int64_t> strides,
                              int64_t &constant) {
  if (auto number = dyn_cast<AffineConstantExpr>(expr)) {
    constant += factor * number.getValue();
    return success();
  }
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    strides[dim.getPosition()] += factor;
    return success();
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return failure();
  if (binary.getKind() == AffineExprKind::Add) {
    if (failed(addTerms(binary.getLHS(), factor, strides, constant)))
      return failure();
    return addTerms(binary.getRHS(), factor, strides, constant);
  }
  if (binary.getKind() != AffineExprKind::Mul)
    return failure();
  AffineExpr lhs = binary.getLHS(), rhs = binary.getRHS();
  if (isa<AffineConstantExpr>(lhs))
    std::swap(lhs, rhs);
  auto number = dyn_cast<AffineConstantExpr>(rhs);
  if (!number)
    return failure();
  return addTerms(lhs, factor * number.getValue(), strides, constant);
}

FailureOr<Access> accessOf(ArrayRef<int64_t> shape, AffineMap map) {
  if (map.getNumResults() != shape.size() || map.getNumSymbols() != 0)
    return failure();
  Access access;
  access.strides.assign(map.getNumDims(), 0);
  int64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    if (failed(
            addTerms(map.getResult(i), stride, access.strides, access.offset)))
      return failure();
    stride *= shape[i];
  }
  return access;
}

LogicalResult planKernel(ir::KernelOp op, const TargetInfo &target,
                         KernelPlan &plan) {
  using Planner =
      LogicalResult (*)(ir::KernelOp, const TargetInfo &, KernelPlan &);
  auto planner = llvm::StringSwitch<Planner>(op.getKind())
                     .Case("map", planMap)
                     .Case("reduce", planReduce)
                     .Case("contract", planContract)
                     .Case("single", planSingle)
                     .Default(nullptr);
  if (!planner)
    return op.emitOpError("of kind \"")
           << op.getKind() << "\" has no emitter on " << target.name;
  return planner(op, target, plan);
}

} // namespace needle::codegen
