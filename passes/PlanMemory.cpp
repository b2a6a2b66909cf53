// PlanMemory.cpp - give every intermediate its place in the arena.
// In: kernels, loops and views outside of kernels. Out: the same, with places
// as attributes (Passes.td has the contract with the Program builder). After
// Fuse, whose kernels decide what is an intermediate at all; before the
// kernels are lowered, which need to know what may share memory.
#include "PlanMemoryArena.h"
#include "needle/ir/Function.h"
#include "needle/ir/Ops.h"
#include "needle/passes/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"

using namespace mlir;

namespace needle::passes {

#define GEN_PASS_DEF_PLANMEMORY
#include "passes/Passes.h.inc"

namespace {

constexpr int64_t inResult = -1, isView = -2;

int64_t elementBytes(RankedTensorType type) {
  return (type.getElementTypeBitWidth() + 7) / 8;
}
int64_t bytesOf(Value value) {
  auto type = ir::tensorType(value);
  return type.getNumElements() * elementBytes(type);
}

/// A view outside of kernels: its operand's memory.
ir::ViewOpInterface viewOf(Operation *op) {
  auto view = dyn_cast_or_null<ir::ViewOpInterface>(op);
  return view && view.getContiguousOffset() ? view : ir::ViewOpInterface();
}

/// The value whose memory holds `value`; `whole`: at the same place and no
/// more.
Value rootOf(Value value, bool *whole = nullptr) {
  while (auto view = viewOf(value.getDefiningOp())) {
    Value inner = view->getOperand(0);
    if (whole && bytesOf(inner) != bytesOf(value))
      *whole = false;
    value = inner;
  }
  return value;
}

/// Which operands of a kernel may give a result their memory.
class KernelReads {
public:
  explicit KernelReads(ir::KernelOp kernel) : kernel(kernel) {
    Block &body = kernel.getBody().front();
    // Before a contraction an element is read for many others; a reduction may
    // read its operands in several phases, and again for rows it broadcasts.
    bool broadcasts = false;
    for (Operation &op : llvm::reverse(body)) {
      bool feeds = isa<ir::ContractionOpInterface>(op);
      for (Value result : op.getResults())
        feeds |= feedsContraction.contains(result);
      if (feeds)
        feedsContraction.insert(op.operand_begin(), op.operand_end());
      broadcasts |= isa<ir::ViewOpInterface>(op);
      if (isa<ir::ReductionOpInterface>(op))
        reduced = ir::tensorType(op.getOperand(0)).getShape();
    }
    safe = kernel.getKind() == "map" || kernel.getKind() == "contract" ||
           (kernel.getKind() == "reduce" && !broadcasts);
  }

  /// Whether every element of operand `index` is read before the same element
  /// of `result` is written, and never again.
  bool allows(unsigned index, unsigned result) {
    auto type = ir::tensorType(kernel.getResult(result));
    auto from = ir::tensorType(kernel.getOperand(index));
    if (!safe || type.getShape() != from.getShape() ||
        (reduced && type.getShape() == *reduced) ||
        elementBytes(type) != elementBytes(from) ||
        !cast<AffineMapAttr>(kernel.getMaps()[index]).getValue().isIdentity())
      return false;
    Value argument = kernel.getBody().front().getArgument(index);
    return !feedsContraction.contains(argument);
  }

private:
  ir::KernelOp kernel;
  llvm::DenseSet<Value> feedsContraction;
  std::optional<ArrayRef<int64_t>> reduced; // the shape that is reduced
  bool safe;
};

/// Plans one function and the bodies of its loops.
class Planner {
public:
  explicit Planner(func::FuncOp function) : function(function) {}

  void run() {
    number(function.getBody().front());
    for (auto [op, time] : order)
      useAt(op, time);
    claimResults(function.getBody().front());
    for (auto [op, time] : order) {
      arena.startTime(time);
      if (auto kernel = dyn_cast<ir::KernelOp>(op))
        placeKernel(kernel);
      else if (viewOf(op))
        placeView(op);
      else if (!op->hasTrait<OpTrait::IsTerminator>() &&
               !op->hasTrait<OpTrait::ConstantLike>())
        placeOther(op);
    }
    OpBuilder b(function);
    function->setAttr("needle.arena_bytes",
                      b.getI64IntegerAttr(arena.getBytes()));
    function->setAttr("needle.intermediate_bytes",
                      b.getI64IntegerAttr(intermediateBytes));
  }

private:
  /// Numbers ops in the order in which they first run; a loop's end has a
  /// number of its own.
  void number(Block &outer) {
    SmallVector<std::pair<Block::iterator, Block *>> open = {
        {outer.begin(), &outer}};
    while (!open.empty()) {
      auto &[next, block] = open.back();
      if (next == block->end()) {
        open.pop_back();
        if (!open.empty())
          endOf[&*std::prev(open.back().first)] = ++clock;
        continue;
      }
      Operation *op = &*next++;
      order.emplace_back(op, ++clock);
      if (isa<ir::ScanOp>(op)) {
        Block &body = op->getRegion(0).front();
        open.emplace_back(body.begin(), &body);
      }
    }
  }

  /// The last time something reads each value; what a loop captures, it reads
  /// to its end.
  void useAt(Operation *op, int time) {
    startOf[op] = time;
    auto end = endOf.find(op);
    for (Value operand : op->getOperands()) {
      Value root = rootOf(operand);
      int last = end == endOf.end() ? time : end->second;
      // A view reads nothing by itself.
      if (!viewOf(op))
        lastUse[root] = std::max(lastUse.lookup(root), last);
    }
  }

  /// Which of an op's operands read `root`; a view's reads are its users'.
  SmallVector<unsigned> readsOf(Operation *op, Value root) {
    SmallVector<unsigned> reads;
    for (OpOperand &operand : op->getOpOperands())
      if (rootOf(operand.get()) == root)
        reads.push_back(operand.getOperandNumber());
    return reads;
  }

  /// Whether `value`, made by `op`, may be written over `old`, which is read
  /// nowhere later. Sets `operand` when the kernel reads it as it writes.
  bool mayReplace(Value value, Value old, int64_t &operand) {
    Operation *op = value.getDefiningOp();
    operand = -1;
    if (bytesOf(value) != bytesOf(old) || lastUse.lookup(old) > lastTimeOf(op))
      return false;
    SmallVector<unsigned> reads = readsOf(op, old);
    if (reads.empty())
      return !isa<ir::ScanOp>(op) || lastUse.lookup(old) < startOf[op];
    unsigned result = cast<OpResult>(value).getResultNumber();
    if (reads.size() != 1 || op->getOperand(reads[0]) != old)
      return false;
    if (auto scan = dyn_cast<ir::ScanOp>(op)) // a carry starts where it is
      return reads[0] == result && result < scan.getCarries();
    auto kernel = dyn_cast<ir::KernelOp>(op);
    if (!kernel || !KernelReads(kernel).allows(reads[0], result))
      return false;
    operand = reads[0];
    return true;
  }

  int lastTimeOf(Operation *op) {
    auto end = endOf.find(op);
    return end == endOf.end() ? startOf[op] : end->second;
  }

  /// Lets values be written where the block's results go.
  void claimResults(Block &block);
  void claim(Value root, Value argument);
  bool isMadeIn(Block &block, Value root) {
    return root.getDefiningOp() && root.getParentBlock() == &block &&
           !root.getDefiningOp()->hasTrait<OpTrait::ConstantLike>();
  }

  void placeKernel(ir::KernelOp kernel);
  void placeOther(Operation *op);
  void placeView(Operation *op);
  int64_t place(Value result);
  void setPlaces(Operation *op, ArrayRef<int64_t> offsets) {
    op->setAttr("needle.offsets",
                DenseI64ArrayAttr::get(op->getContext(), offsets));
  }

  func::FuncOp function;
  Arena arena;
  int64_t intermediateBytes = 0;
  int clock = 0;
  SmallVector<std::pair<Operation *, int>, 0> order;
  llvm::DenseMap<Operation *, int> startOf, endOf;
  llvm::DenseMap<Value, int> lastUse;
  llvm::DenseSet<Value> claimed;                // written where a result goes
  llvm::DenseMap<Value, int64_t> sharedOperand; // of the kernel that makes it
  llvm::DenseMap<Value, int> buffers;           // in the arena
};

void Planner::claimResults(Block &outer) {
  llvm::DenseSet<Value> given;
  Operation *end = outer.getTerminator();
  OpBuilder b(function.getContext());
  auto tryClaim = [&](unsigned index, Value argument) {
    Value root = rootOf(end->getOperand(index));
    int64_t operand;
    if (given.contains(argument) || !mayReplace(root, argument, operand))
      return false;
    given.insert(argument);
    sharedOperand[root] = operand;
    function.setResultAttr(
        index, "needle.in_place_of",
        b.getI64IntegerAttr(cast<BlockArgument>(argument).getArgNumber()));
    return true;
  };
  SmallVector<unsigned> firsts; // results that values are written to
  for (unsigned index = 0; index < end->getNumOperands(); ++index) {
    bool whole = true;
    Value root = rootOf(end->getOperand(index), &whole);
    if (whole && isMadeIn(outer, root) && claimed.insert(root).second)
      firsts.push_back(index);
  }
  // First what updates an argument, then whatever fits an argument it reads.
  for (unsigned index : firsts)
    if (auto updated =
            function.getResultAttrOfType<IntegerAttr>(index, "needle.updates"))
      tryClaim(index, outer.getArgument(updated.getInt()));
  for (unsigned index : firsts) {
    Value root = rootOf(end->getOperand(index));
    if (sharedOperand.count(root))
      continue;
    for (Value operand : root.getDefiningOp()->getOperands())
      if (isa<BlockArgument>(operand) && tryClaim(index, operand))
        break;
  }

  // In a loop's body the carries' next values replace the carries.
  for (auto [op, time] : order) {
    auto scan = dyn_cast<ir::ScanOp>(op);
    if (!scan)
      continue;
    Block &body = scan.getBody().front();
    Operation *yield = body.getTerminator();
    auto carries = static_cast<unsigned>(scan.getCarries());
    // A next carry that must not be written over the old one yet is copied
    // there, also when it is stacked: its first place is the carry's.
    llvm::DenseSet<Value> kept;
    for (unsigned index = 0; index < yield->getNumOperands(); ++index) {
      bool whole = true;
      Value root = rootOf(yield->getOperand(index), &whole);
      if (!whole || !isMadeIn(body, root) || claimed.contains(root) ||
          kept.contains(root))
        continue;
      if (index >= carries) {
        claimed.insert(root);
        continue;
      }
      int64_t operand;
      if (!mayReplace(root, body.getArgument(1 + index), operand)) {
        kept.insert(root);
        continue;
      }
      claimed.insert(root);
      sharedOperand[root] = operand;
    }
  }
}

int64_t Planner::place(Value result) {
  if (claimed.contains(result))
    return inResult;
  intermediateBytes += bytesOf(result);
  int last =
      std::max(lastUse.lookup(result), lastTimeOf(result.getDefiningOp()));
  int buffer = arena.allocate(bytesOf(result), last);
  buffers[result] = buffer;
  return arena.offsetOf(buffer);
}

void Planner::placeKernel(ir::KernelOp kernel) {
  int time = startOf[kernel];
  KernelReads reads(kernel);
  SmallVector<int64_t> offsets, shared;
  llvm::SmallDenseSet<int64_t> taken;
  for (OpResult result : kernel.getResults())
    if (sharedOperand.count(result))
      taken.insert(sharedOperand[result]);
  for (OpResult result : kernel.getResults()) {
    int64_t from = -1;
    if (sharedOperand.count(result))
      from = sharedOperand[result];
    for (OpOperand &operand : kernel->getOpOperands()) {
      unsigned index = operand.getOperandNumber();
      Value root = operand.get();
      if (claimed.contains(result) || !buffers.count(root) ||
          taken.contains(index) || lastUse.lookup(root) != time ||
          !reads.allows(index, result.getResultNumber()) ||
          readsOf(kernel, root).size() != 1)
        continue;
      from = index;
      taken.insert(index);
      break;
    }
    shared.push_back(from);
    if (claimed.contains(result) || from < 0) {
      offsets.push_back(place(result));
      continue;
    }
    intermediateBytes += bytesOf(result);
    int buffer = buffers[kernel.getOperand(from)];
    arena.extend(buffer, std::max(lastUse.lookup(result), time));
    buffers[result] = buffer;
    offsets.push_back(arena.offsetOf(buffer));
  }
  setPlaces(kernel, offsets);
  if (llvm::any_of(shared, [](int64_t operand) { return operand >= 0; }))
    kernel->setAttr("needle.in_place",
                    DenseI64ArrayAttr::get(kernel.getContext(), shared));
}

void Planner::placeView(Operation *op) {
  int64_t offset = *viewOf(op).getContiguousOffset() *
                   elementBytes(ir::tensorType(op->getOperand(0)));
  setPlaces(op, {isView});
  op->setAttr("needle.view_offset",
              OpBuilder(op->getContext()).getI64IntegerAttr(offset));
}

void Planner::placeOther(Operation *op) {
  SmallVector<int64_t> offsets;
  for (Value result : op->getResults())
    offsets.push_back(place(result));
  setPlaces(op, offsets);
}

/// Only tensors have a place in the arena.
LogicalResult checkValues(func::FuncOp function) {
  WalkResult checked = function.walk([](Operation *op) {
    for (Type type : op->getResultTypes())
      if (!isa<RankedTensorType>(type)) {
        op->emitOpError() << "has a result of " << type
                          << ", but memory is planned for tensors";
        return WalkResult::interrupt();
      }
    return WalkResult::advance();
  });
  return failure(checked.wasInterrupted());
}

/// An earlier plan may lack what is true now, so nothing of it stays.
void forgetPlan(func::FuncOp function) {
  for (unsigned result = 0; result < function.getNumResults(); ++result)
    function.removeResultAttr(
        result, StringAttr::get(function.getContext(), "needle.in_place_of"));
  function.walk([](Operation *op) {
    for (StringRef name :
         {"needle.offsets", "needle.view_offset", "needle.in_place"})
      op->removeAttr(name);
  });
}

struct PlanMemory : impl::PlanMemoryBase<PlanMemory> {
  void runOnOperation() override {
    auto plan = [this](func::FuncOp function) {
      // The code of kernels in a module of their own, and who launches it, are
      // past this stage.
      bool isNested = function != getOperation() &&
                      function->getParentOp() != getOperation();
      if (isNested || function.isExternal() ||
          !function.getBody().hasOneBlock() ||
          !function.getOps<ir::LaunchOp>().empty())
        return WalkResult::skip();
      if (failed(ir::verifyFunction(function)) || failed(checkValues(function)))
        return WalkResult::interrupt();
      forgetPlan(function);
      Planner(function).run();
      return WalkResult::skip();
    };
    if (getOperation()->walk<WalkOrder::PreOrder>(plan).wasInterrupted())
      signalPassFailure();
  }
};

} // namespace
} // namespace needle::passes
