// Body.cpp - from a kernel's body to the parts of a nest.
#include "needle/codegen/kernels/Body.h"

#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace needle::codegen {

Access rowMajor(ArrayRef<int64_t> shape) {
  Access access;
  access.strides.resize(shape.size());
  int64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    access.strides[i] = stride;
    stride *= shape[i];
  }
  return access;
}

FailureOr<SmallVector<MapInput, 4>> bodyInputs(ir::KernelOp op) {
  SmallVector<MapInput, 4> inputs;
  auto maps = op.getMaps().getAsValueRange<AffineMapAttr>();
  for (auto [i, argument, map] :
       llvm::enumerate(op.getBody().front().getArguments(), maps)) {
    if (argument.use_empty())
      continue;
    auto shape = ir::tensorType(op.getInputs()[i]).getShape();
    FailureOr<Access> access = accessOf(shape, map);
    if (failed(access))
      return op.emitOpError("index map of operand ") << i << " is not linear";
    inputs.push_back(
        {argument, {BufferUse::Kind::operand, int64_t(i)}, *access});
  }
  return inputs;
}

FailureOr<Access> alignAccess(const Access &access, ArrayRef<int64_t> shape,
                              ArrayRef<int64_t> full,
                              const llvm::SmallBitVector &reduced) {
  Access aligned;
  aligned.offset = access.offset;
  if (shape == full) {
    aligned.strides = access.strides;
    return aligned;
  }
  aligned.strides.assign(full.size(), 0);
  bool keepsDims = shape.size() == full.size();
  if (!keepsDims && shape.size() + reduced.count() != full.size())
    return failure();
  size_t from = 0;
  for (size_t d = 0; d < full.size(); ++d) {
    if (reduced[d]) {
      if (keepsDims && shape[from++] != 1)
        return failure();
      continue;
    }
    if (shape[from] != full[d])
      return failure();
    aligned.strides[d] = access.strides[from++];
  }
  return aligned;
}

// Whether broadcast_to repeats along reduced dimensions only, so that both
// sides are one value of the row. NumPy aligns the last dimensions.
static bool keepsRows(ir::BroadcastToOp op, ArrayRef<int64_t> full,
                      const llvm::SmallBitVector &reduced) {
  auto from = ir::tensorType(op.getX()).getShape();
  auto to = ir::tensorType(op.getResult()).getShape();
  if (to != full)
    return from == to;
  size_t missing = full.size() - from.size();
  for (size_t d = 0; d < full.size(); ++d) {
    int64_t size = d < missing ? 1 : from[d - missing];
    if (!reduced[d] && size != full[d])
      return false;
    if (reduced[d] && size != 1 && size != full[d])
      return false;
  }
  return true;
}

// Whether the op only gives a value another shape that this kernel knows.
static bool isAlias(Operation *op, ArrayRef<int64_t> full,
                    const llvm::SmallBitVector &reduced) {
  if (auto broadcast = dyn_cast<ir::BroadcastToOp>(op))
    return ir::tensorType(broadcast.getX()).getNumElements() == 1 ||
           keepsRows(broadcast, full, reduced);
  if (!isa<ir::ReshapeOp>(op))
    return false;
  auto to = ir::tensorType(op->getResult(0)).getShape();
  return succeeded(alignAccess(rowMajor(to), to, full, reduced));
}

// An op whose "address" is its value: iota, linear_index.
static LogicalResult addIndexSource(NestSpec &nest, Operation *op,
                                    ArrayRef<int64_t> full) {
  auto shape = ir::tensorType(op->getResult(0)).getShape();
  Access access = rowMajor(shape);
  if (auto iota = dyn_cast<ir::IotaOp>(op)) {
    access.strides.assign(shape.size(), 0);
    access.strides[iota.getAxis()] = 1;
  }
  FailureOr<Access> aligned = alignAccess(access, shape, full, nest.reduced);
  if (failed(aligned))
    return op->emitOpError("has a shape that is not its kernel's");
  aligned->strides.resize(nest.sizes.size());
  nest.inputs.push_back({op->getResult(0), std::nullopt, *aligned});
  return success();
}

LogicalResult collectOps(NestSpec &nest, ArrayRef<Value> wanted,
                         ArrayRef<int64_t> full) {
  llvm::DenseSet<Value> known;
  for (const NestInput &input : nest.inputs)
    known.insert(input.value);
  SmallVector<Value> pending(wanted);
  SmallVector<Operation *> found;
  while (!pending.empty()) {
    Value value = pending.pop_back_val();
    if (!known.insert(value).second)
      continue;
    Operation *op = value.getDefiningOp();
    if (!op)
      return emitError(value.getLoc(), "a kernel's body reads a value that is "
                                       "not among its inputs");
    found.push_back(op);
    llvm::append_range(pending, op->getOperands());
  }
  llvm::sort(found,
             [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  for (Operation *op : found) {
    auto constant = dyn_cast<ir::ConstantOp>(op);
    bool splat = constant && constant.getValue().isSplat();
    if (isa<ir::ElementwiseOpInterface, ir::FullOp>(op) || splat) {
      nest.ops.push_back(op);
    } else if (isa<ir::ReductionOpInterface>(op) || isArgReduction(op)) {
      nest.reductions.push_back({op, op->getOperand(0), op->getResult(0)});
    } else if (isAlias(op, full, nest.reduced)) {
      nest.aliases[op->getResult(0)] = op->getOperand(0);
    } else if (isa<ir::IndexSourceOpInterface>(op)) {
      if (failed(addIndexSource(nest, op, full)))
        return failure();
    } else {
      return op->emitOpError("cannot be computed element by element");
    }
  }
  return success();
}

} // namespace needle::codegen
