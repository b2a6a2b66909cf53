// Detached.cpp - in a loop's body, a detached value has one version per
// iteration: a stack on the way out, slices on the way in.
#include "Detached.h"

#include "needle/ir/Ops.h"

#include "mlir/IR/Builders.h"

using namespace mlir;

namespace needle::numerics {

namespace {

bool holdsDetached(ir::ScanOp scan) {
  return scan.getBody()
      .walk([](ir::DetachOp) { return WalkResult::interrupt(); })
      .wasInterrupted();
}

/// The type of `length` values of `type`.
RankedTensorType stacked(Type type, int64_t length) {
  auto tensor = cast<RankedTensorType>(type);
  SmallVector<int64_t> shape = {length};
  llvm::append_range(shape, tensor.getShape());
  return RankedTensorType::get(shape, tensor.getElementType(),
                               tensor.getEncoding());
}

/// The same loop with other operands and more results; `scan` is gone.
ir::ScanOp rebuild(ir::ScanOp scan, ValueRange operands, int64_t slices,
                   TypeRange types) {
  OpBuilder b(scan);
  auto made = ir::ScanOp::create(b, scan.getLoc(), types, operands,
                                 scan.getLength(), scan.getCarries(),
                                 uint64_t(slices), scan.getReverse());
  made.getBody().takeBody(scan.getBody());
  scan->replaceAllUsesWith(
      made->getResults().take_front(scan->getNumResults()));
  scan.erase();
  return made;
}

} // namespace

void exposeDetached(Block &block, DetachedValues &found) {
  SmallVector<Value> exposed;
  for (Operation &op : llvm::make_early_inc_range(block.without_terminator())) {
    if (auto detach = dyn_cast<ir::DetachOp>(op))
      exposed.push_back(detach.getResult());
    auto scan = dyn_cast<ir::ScanOp>(op);
    if (!scan || !holdsDetached(scan))
      continue;
    Block &body = scan.getBody().front();
    exposeDetached(body, found);
    SmallVector<Value> inner = found[&body];
    Operation *yield = body.getTerminator();
    yield->insertOperands(yield->getNumOperands(), inner);
    SmallVector<Type> types(scan->getResultTypes());
    for (Value value : inner)
      types.push_back(stacked(value.getType(), int64_t(scan.getLength())));
    ir::ScanOp made =
        rebuild(scan, scan->getOperands(), int64_t(scan.getSlices()), types);
    llvm::append_range(exposed, made->getResults().take_back(inner.size()));
  }
  found[&block] = std::move(exposed);
}

void freezeDetached(Block &block, llvm::function_ref<Value(Type)> given) {
  for (Operation &op : llvm::make_early_inc_range(block.without_terminator())) {
    if (auto detach = dyn_cast<ir::DetachOp>(op))
      detach.getResult().replaceAllUsesWith(given(detach.getType()));
    auto scan = dyn_cast<ir::ScanOp>(op);
    if (!scan || !holdsDetached(scan))
      continue;
    Block &body = scan.getBody().front();
    auto place = unsigned(scan.getCarries() + scan.getSlices());
    SmallVector<Value> operands(scan->getOperands());
    int64_t slices = int64_t(scan.getSlices());
    freezeDetached(body, [&](Type type) -> Value {
      Value stack = given(stacked(type, int64_t(scan.getLength())));
      operands.insert(operands.begin() + place, stack);
      ++slices;
      return body.insertArgument(1 + place++, type, scan.getLoc());
    });
    rebuild(scan, operands, slices, scan->getResultTypes());
  }
}

} // namespace needle::numerics
