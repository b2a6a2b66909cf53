// FuseGraph.cpp - classify the ops of a block and see through its views.
#include "FuseGraph.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/OpDefinition.h"

using namespace mlir;

namespace needle::passes::fuse {
namespace {

/// Whether a value lives elsewhere than where the module's kernels run.
bool isForeign(Value value, ir::TargetAttr target) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  auto place =
      type ? dyn_cast_or_null<StringAttr>(type.getEncoding()) : StringAttr();
  return place && (!target || place.getValue() != target.getName());
}

/// `map` reads every element of `shape` where it is, up to axes of one element.
bool isIdentity(AffineMap map, ArrayRef<int64_t> shape) {
  if (map.getNumDims() != shape.size() || map.getNumResults() != shape.size())
    return false;
  for (auto [axis, expr] : llvm::enumerate(map.getResults())) {
    auto dimension = dyn_cast<AffineDimExpr>(expr);
    if (dimension ? dimension.getPosition() != axis : shape[axis] != 1)
      return false;
  }
  return true;
}

/// Kernels read these through index maps; everything else takes plain tensors.
bool readsThroughMaps(OpClass kind) {
  return kind == OpClass::elementwise || kind == OpClass::reduction ||
         kind == OpClass::contraction || kind == OpClass::copy;
}

} // namespace

BlockGraph::BlockGraph(Block &block, ir::TargetAttr target)
    : block(block), target(target) {
  for (Operation &op : block) {
    indices[&op] = nodes.size();
    nodes.emplace_back().op = &op;
    nodes.back().kind = classify(&op);
    if (nodes.back().kind != OpClass::view)
      continue;
    auto view = cast<ir::ViewOpInterface>(op);
    AffineMap map = view.getIndexMap();
    Access inner = resolve(op.getOperand(0));
    if (inner.map)
      map = inner.map.compose(map);
    inner.type = ir::tensorType(op.getResult(0));
    inner.map = map;
    if (inner.type.getShape() == ir::tensorType(inner.root).getShape() &&
        isIdentity(map, inner.type.getShape()))
      inner.map = {};
    views[op.getResult(0)] = inner;
  }
  findNeedsMemory();
  for (Node &node : nodes) {
    if (node.kind == OpClass::view || node.kind == OpClass::source)
      continue;
    for (Value operand : node.op->getOperands()) {
      auto type = dyn_cast<RankedTensorType>(operand.getType());
      if (node.kind == OpClass::copy) // of all that the view shows
        node.operands.push_back(resolve(node.op->getResult(0)));
      else if (readsThroughMaps(node.kind))
        node.operands.push_back(resolve(operand));
      else
        node.operands.push_back({operand, {}, type});
      if (Node *maker = find(node.operands.back().root))
        ++maker->openUses;
    }
  }
}

OpClass BlockGraph::classify(Operation *op) const {
  if (op->hasTrait<OpTrait::IsTerminator>())
    return OpClass::terminator;
  if (isa<ir::KernelOp, ir::LaunchOp>(op))
    return OpClass::opaque;
  auto foreign = [&](Value value) { return isForeign(value, target); };
  if ((target && target.isInterpreted()) ||
      llvm::any_of(op->getOperands(), foreign) ||
      llvm::any_of(op->getResults(), foreign))
    return OpClass::host;
  if (op->getNumRegions() ||
      !isa_and_nonnull<ir::NeedleDialect>(op->getDialect()))
    return OpClass::opaque;
  if (isa<ir::IndexSourceOpInterface>(op))
    return OpClass::source;
  if (op->hasTrait<OpTrait::ConstantLike>())
    return OpClass::constant;
  if (auto view = dyn_cast<ir::ViewOpInterface>(op))
    return view.getIndexMap() ? OpClass::view : OpClass::alias;
  if (isa<ir::ElementwiseOpInterface>(op))
    return OpClass::elementwise;
  if (isa<ir::ReductionOpInterface>(op))
    return OpClass::reduction;
  if (isa<ir::ContractionOpInterface>(op))
    return OpClass::contraction;
  return OpClass::single;
}

int BlockGraph::indexOf(Operation *op) const {
  auto found = op ? indices.find(op) : indices.end();
  return found == indices.end() ? -1 : found->second;
}

Access BlockGraph::resolve(Value value) const {
  auto found = views.find(value);
  if (found != views.end())
    return found->second;
  return {value, {}, dyn_cast<RankedTensorType>(value.getType())};
}

// A contraction walks over memory, and a source seen through a map is another
// tensor: both need it there.
bool BlockGraph::isInline(const Node &reader, const Access &access) const {
  int index = indexOf(access.root);
  return !access.map && readsThroughMaps(reader.kind) &&
         reader.kind != OpClass::contraction && index >= 0 &&
         nodes[index].kind == OpClass::source;
}

// Users come after what they use, so one backward walk settles every view
// before the operand that it may need in memory.
void BlockGraph::findNeedsMemory() {
  for (Node &node : llvm::reverse(nodes)) {
    if (node.kind == OpClass::source)
      continue;
    if (node.kind == OpClass::view) {
      if (!node.needsMemory)
        continue;
      auto view = cast<ir::ViewOpInterface>(node.op);
      node.kind = view.getContiguousOffset() ? OpClass::alias : OpClass::copy;
    }
    for (Value operand : node.op->getOperands()) {
      bool isCopy = node.kind == OpClass::copy;
      Access access = resolve(isCopy ? node.op->getResult(0) : operand);
      if (!readsThroughMaps(node.kind)) {
        if (Node *maker = find(operand))
          maker->needsMemory = true;
      } else if (!isInline(node, access)) {
        if (Node *maker = find(access.root))
          maker->needsMemory |= maker->kind == OpClass::source;
      }
    }
  }
}

} // namespace needle::passes::fuse
