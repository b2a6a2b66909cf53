// Simplify.cpp - fold, simplify algebra, sink transposes, merge equal ops.
// In: primitive ops, as Autodiff and Decompose leave them. Out: fewer of them,
// with IEEE results unchanged. Before Fuse: views that moved to the arguments
// become index maps there, and no longer part neighbours. An own worklist:
// upstream's canonicalization and CSE lose locations.
#include "SimplifyRules.h"
#include "needle/passes/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/DenseMap.h"

using namespace mlir;

namespace needle::passes {

#define GEN_PASS_DEF_SIMPLIFY
#include "passes/Passes.h.inc"

namespace {

/// Larger tables are left to run time.
constexpr int64_t maxConstantElements = 1024;

/// Ops to look at, first in, first out, each at most once at a time.
class Worklist {
public:
  void push(Operation *op) {
    if (places.try_emplace(op, ops.size()).second)
      ops.push_back(op);
  }
  Operation *pop() {
    while (next < ops.size()) {
      Operation *op = ops[next++];
      if (op) {
        places.erase(op);
        return op;
      }
    }
    return nullptr;
  }
  void forget(Operation *op) {
    auto place = places.find(op);
    if (place == places.end())
      return;
    ops[place->second] = nullptr;
    places.erase(place);
  }

private:
  SmallVector<Operation *, 0> ops;
  size_t next = 0;
  llvm::DenseMap<Operation *, size_t> places;
};

class Simplifier : OpBuilder::Listener {
public:
  explicit Simplifier(Operation *root) : b(root->getContext(), this) {
    root->walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (isa<ir::KernelOp, ir::LaunchOp>(op))
        return WalkResult::skip();
      if (!isa<ModuleOp, func::FuncOp>(op))
        worklist.push(op);
      ++opCount;
      return WalkResult::advance();
    });
  }

  /// Returns whether anything changed.
  bool run() {
    // The rules make ops cheaper or move them one way, so this ends by itself;
    // the limit is for a pair of rules that undo each other.
    int64_t rewrites = 0, limit = 64 * opCount + 1024;
    while (Operation *op = worklist.pop())
      if (visit(op) && ++rewrites > limit)
        break;
    return rewrites > 0;
  }

private:
  void notifyOperationInserted(Operation *op, OpBuilder::InsertPoint) override {
    worklist.push(op);
  }

  /// Returns whether the op was changed.
  bool visit(Operation *op) {
    if (isOpTriviallyDead(op)) {
      erase(op);
      return true;
    }
    if (op->getNumRegions() || op->hasTrait<OpTrait::IsTerminator>() ||
        op->hasTrait<OpTrait::ConstantLike>())
      return false;
    if (fold(op))
      return true;
    if (op->getNumResults() != 1)
      return false;
    b.setInsertionPoint(op);
    for (simplify::Rule rule :
         {simplify::simplifyAlgebra, simplify::simplifyContractions,
          simplify::simplifyViews})
      if (Value value = rule(op, b, op->getLoc())) {
        replace(op, value);
        return true;
      }
    return false;
  }

  bool fold(Operation *op) {
    SmallVector<Attribute> constants;
    for (Value operand : op->getOperands()) {
      Attribute constant;
      matchPattern(operand, m_Constant(&constant));
      constants.push_back(constant);
    }
    SmallVector<OpFoldResult> folded;
    if (failed(op->fold(constants, folded)))
      return false;
    if (folded.empty()) { // changed in place
      pushUsers(op);
      worklist.push(op);
      return true;
    }
    SmallVector<Value> values;
    b.setInsertionPoint(op);
    for (auto [result, value] : llvm::zip(op->getResults(), folded)) {
      values.push_back(dyn_cast<Value>(value));
      if (!values.back())
        values.back() =
            materialize(op, result.getType(), cast<Attribute>(value));
      if (!values.back() || values.back().getType() != result.getType())
        return false;
    }
    replace(op, values);
    return true;
  }

  Value materialize(Operation *op, Type type, Attribute value) {
    auto elements = dyn_cast<ElementsAttr>(value);
    if (!elements || (!elements.isSplat() &&
                      elements.getNumElements() > maxConstantElements))
      return {};
    Operation *constant =
        op->getDialect()->materializeConstant(b, value, type, op->getLoc());
    return constant ? constant->getResult(0) : Value();
  }

  void pushUsers(Operation *op) {
    for (Operation *user : op->getUsers())
      worklist.push(user);
  }

  void replace(Operation *op, ValueRange values) {
    pushUsers(op);
    op->replaceAllUsesWith(values);
    for (Value value : values)
      if (Operation *maker = value.getDefiningOp())
        worklist.push(maker); // has more users, or fewer reasons to stay
    erase(op);
  }

  void erase(Operation *op) {
    SmallVector<Value, 4> operands(op->getOperands());
    op->walk([&](Operation *inner) { worklist.forget(inner); });
    op->erase();
    for (Value operand : operands)
      if (Operation *maker = operand.getDefiningOp()) {
        worklist.push(maker);
        // What had two users and has one may move now.
        if (operand.hasOneUse())
          worklist.push(*operand.user_begin());
      }
  }

  OpBuilder b;
  Worklist worklist;
  int64_t opCount = 0;
};

struct Simplify : impl::SimplifyBase<Simplify> {
  void runOnOperation() override {
    // Merging equal ops lets more rules apply and the other way round; each
    // round but the last leaves fewer ops, in practice two are enough.
    constexpr int maxRounds = 8;
    for (int round = 0; round < maxRounds; ++round) {
      bool changed = Simplifier(getOperation()).run();
      changed |= simplify::mergeEqual(getOperation());
      if (!changed)
        break;
    }
  }
};

} // namespace
} // namespace needle::passes
