// Fuse.cpp - decide which ops share one kernel.
// In: primitive ops. Out: the same function with its work inside needle.kernel
// ops; what moves no element (a view that is its operand's memory) and loops
// stay outside. After Simplify, so that moved reshapes no longer part
// neighbours; before PlanMemory, which gives kernels' results their places.
#include "FuseGroups.h"
#include "needle/passes/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>

using namespace mlir;

namespace needle::passes {

#define GEN_PASS_DEF_FUSE
#include "passes/Passes.h.inc"

namespace {

/// Whether NEEDLE_LOG names this pass.
bool isLogged() {
  const char *topics = std::getenv("NEEDLE_LOG");
  return topics && StringRef(topics).contains("fuse");
}

void eraseDead(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op))
      op.erase();
}

// A carry that becomes another carry's next value is copied: their memory is
// written while both old values are still wanted.
void copyMovedCarries(ir::ScanOp scan) {
  Block &body = scan.getBody().front();
  Operation *yield = body.getTerminator();
  OpBuilder b(yield);
  auto carries = static_cast<unsigned>(scan.getCarries());
  for (unsigned index = 0; index < carries; ++index) {
    Value value = yield->getOperand(index), root = value;
    while (auto view = root.getDefiningOp<ir::ViewOpInterface>())
      root = view->getOperand(0);
    auto argument = dyn_cast<BlockArgument>(root);
    if (!argument || argument.getArgNumber() == 0 ||
        argument.getArgNumber() > carries ||
        argument.getArgNumber() == 1 + index)
      continue;
    auto type = ir::tensorType(value);
    AffineMap map = b.getMultiDimIdentityMap(type.getRank());
    auto kernel = ir::KernelOp::create(
        b, yield->getLoc(), TypeRange(type), ValueRange(value),
        b.getStringAttr("map"), b.getAffineMapArrayAttr(map));
    Block &copy = kernel.getBody().emplaceBlock();
    Value element = copy.addArgument(type, yield->getLoc());
    OpBuilder inside = OpBuilder::atBlockEnd(&copy);
    ir::YieldOp::create(inside, yield->getLoc(), element);
    yield->setOperand(index, kernel.getResult(0));
  }
}

struct Fuse : impl::FuseBase<Fuse> {
  using FuseBase::FuseBase;

  void runOnOperation() override {
    auto module = dyn_cast<ModuleOp>(getOperation());
    if (!module)
      module = getOperation()->getParentOfType<ModuleOp>();
    auto target = module
                      ? module->getAttrOfType<ir::TargetAttr>("needle.target")
                      : ir::TargetAttr();
    // Bodies of loops come after the block that holds them: a loop may have
    // gone into a kernel of the host, and its body with it.
    SmallVector<Block *> blocks;
    getOperation()->walk<WalkOrder::PreOrder>([&](func::FuncOp function) {
      if (!function.isExternal() && function.getBody().hasOneBlock())
        blocks.push_back(&function.getBody().front());
      return WalkResult::skip();
    });
    while (!blocks.empty()) {
      Block &block = *blocks.pop_back_val();
      fuse(block, target);
      for (Operation &op : block)
        if (auto scan = dyn_cast<ir::ScanOp>(op)) {
          copyMovedCarries(scan);
          blocks.push_back(&scan.getBody().front());
        }
    }
  }

  void fuse(Block &block, ir::TargetAttr target) {
    eraseDead(block);
    fuse::BlockGraph graph(block, target); // leaves kernels as they are
    fuse::Grouping grouping(graph, static_cast<int>(maxOps),
                            isLogged() ? &llvm::errs() : nullptr);
    fuse::emitKernels(grouping, fuse::schedule(grouping));
  }
};

} // namespace
} // namespace needle::passes
