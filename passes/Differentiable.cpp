// Differentiable.cpp - the reverse walk: adjoints from the seeds back to wrt.
// Work and memory grow with the ops between the two, whatever else the block
// holds. There is no recursion: chains of a million ops are fine.
#include "needle/passes/Differentiable.h"

#include "needle/passes/TensorBuilder.h"

#include "llvm/ADT/DenseSet.h"

using namespace mlir;
using namespace needle;
using namespace needle::passes;

#include "passes/Differentiable.cpp.inc"

//===-- program order -----------------------------------------------------===//

// An op of the original block has place n << 32; what is put in front of it
// counts up from (n - 1) << 32.
ProgramOrder::ProgramOrder(Block &block) {
  uint64_t place = 0;
  for (Operation &op : block)
    places[&op] = ++place << 32;
}

void ProgramOrder::insertBefore(Operation *last) {
  Operation *op = last;
  while (op->getPrevNode() && !places.contains(op->getPrevNode()))
    op = op->getPrevNode();
  uint64_t place = places.lookup(last) - (uint64_t(1) << 32);
  for (; op != last; op = op->getNextNode())
    places[op] = ++place;
}

void ProgramOrder::replace(Operation *op, Operation *by) {
  uint64_t place = places.lookup(op);
  places.erase(op);
  places[by] = place;
}

Location passes::gradientLoc(Location forward) {
  return NameLoc::get(StringAttr::get(forward.getContext(), "grad"), forward);
}

//===-- which ops ---------------------------------------------------------===//

namespace {

enum class Follow { differentiable, everything };

// The ops that lie on a path from `wrt` to the seeds.
struct Paths {
  SmallVector<Operation *> ops; // in program order
  DenseSet<Value> reached;      // values on them that depend on wrt
  DenseSet<Value> connected;    // those of wrt that a path starts from

  Paths(ValueRange seeds, ValueRange wrt, const ProgramOrder &order,
        Follow follow);

private:
  void collect(ValueRange seeds, ValueRange wrt, const ProgramOrder &order,
               Follow follow);
  static bool carries(Value x, Follow follow) {
    return follow == Follow::everything || isFloating(x);
  }
};

// Backwards from the seeds, but not past the first of wrt.
void Paths::collect(ValueRange seeds, ValueRange wrt, const ProgramOrder &order,
                    Follow follow) {
  DenseSet<Value> sources(wrt.begin(), wrt.end());
  uint64_t first = ~uint64_t(0);
  for (Value x : wrt) {
    Operation *op = x.getDefiningOp();
    first = std::min(first, op ? order[op] : 0);
  }
  DenseSet<Operation *> seen;
  SmallVector<Operation *> worklist;
  auto visit = [&](Value x) {
    if (!carries(x, follow))
      return;
    if (sources.contains(x))
      connected.insert(x);
    Operation *op = x.getDefiningOp();
    if (op && order[op] >= first &&
        !(follow == Follow::differentiable &&
          isa<NotDifferentiableOpInterface>(op)) &&
        seen.insert(op).second)
      worklist.push_back(op);
  };
  for (Value seed : seeds)
    visit(seed);
  while (!worklist.empty()) {
    Operation *op = worklist.pop_back_val();
    ops.push_back(op);
    for (Value operand : op->getOperands())
      visit(operand);
  }
}

Paths::Paths(ValueRange seeds, ValueRange wrt, const ProgramOrder &order,
             Follow follow) {
  collect(seeds, wrt, order, follow);
  llvm::sort(ops,
             [&](Operation *a, Operation *b) { return order[a] < order[b]; });
  // Forwards: of these, the ones that depend on wrt.
  reached.insert(wrt.begin(), wrt.end());
  llvm::erase_if(ops, [&](Operation *op) {
    bool depends = llvm::any_of(op->getOperands(),
                                [&](Value x) { return reached.contains(x); });
    if (depends)
      for (Value result : op->getResults())
        if (carries(result, follow))
          reached.insert(result);
    return !depends;
  });
}

//===-- the walk ----------------------------------------------------------===//

class ReverseWalk {
public:
  ReverseWalk(OpBuilder &b, const Paths &paths, ProgramOrder &order)
      : b(b), paths(paths), order(order) {}

  ~ReverseWalk() {
    for (Operation *op : replaced)
      op->erase();
  }

  void accumulate(Value x, Value cotangent, Location loc) {
    Value sum = adjoint(x);
    adjoints[x] = sum ? TensorBuilder(b, loc).add(sum, cotangent) : cotangent;
  }
  Value adjoint(Value x) const {
    Value g = adjoints.lookup(x);
    return wider.contains(g) ? wider.lookup(g) : g;
  }
  LogicalResult step(Operation *op);

private:
  void replace(Operation *op);

  OpBuilder &b;
  const Paths &paths;
  ProgramOrder &order;
  DenseMap<Value, Value> adjoints;
  // A cotangent may itself be a result of an op that a rule has replaced.
  SmallVector<Operation *> replaced;
  DenseMap<Value, Value> wider;
};

void ReverseWalk::replace(Operation *op) {
  Operation *by = op->getPrevNode();
  order.replace(op, by);
  replaced.push_back(op);
  for (auto [from, to] : llvm::zip(op->getResults(), by->getResults()))
    wider[from] = to;
}

LogicalResult ReverseWalk::step(Operation *op) {
  SmallVector<Value> cotangents;
  for (Value result : op->getResults())
    cotangents.push_back(adjoint(result));
  if (llvm::none_of(cotangents, [](Value g) { return bool(g); }))
    return success();
  auto rule = dyn_cast<DifferentiableOpInterface>(op);
  if (!rule)
    return op->emitError("autodiff: no gradient rule for '")
           << op->getName() << "'; detach it, or mark the op NotDifferentiable";
  llvm::SmallBitVector wanted(op->getNumOperands());
  for (auto [i, operand] : llvm::enumerate(op->getOperands()))
    wanted[i] = paths.reached.contains(operand);
  Location loc = gradientLoc(op->getLoc());
  SmallVector<Value> operands = rule.buildVjp(b, loc, cotangents, wanted);
  if (operands.empty())
    return failure();
  for (auto [i, g] : llvm::enumerate(operands))
    if (g && wanted[i])
      accumulate(op->getOperand(i), g, loc);
  // Then the rule has put a wider op in front of it.
  if (op->use_empty())
    replace(op);
  return success();
}

} // namespace

FailureOr<SmallVector<Adjoint>> passes::pullBack(OpBuilder &b,
                                                 ArrayRef<Seed> seeds,
                                                 ValueRange wrt,
                                                 ProgramOrder &order) {
  SmallVector<Value> values;
  for (const Seed &seed : seeds)
    values.push_back(seed.value);
  Paths paths(values, wrt, order, Follow::differentiable);
  ReverseWalk walk(b, paths, order);
  for (const Seed &seed : seeds)
    walk.accumulate(seed.value, seed.cotangent,
                    gradientLoc(seed.value.getLoc()));
  for (Operation *op : llvm::reverse(paths.ops))
    if (failed(walk.step(op)))
      return failure();
  SmallVector<Adjoint> result;
  for (Value x : wrt)
    result.push_back({walk.adjoint(x), paths.connected.contains(x)});
  return result;
}

Operation *passes::findCut(Value value, Value wrt, const ProgramOrder &order) {
  Paths paths(value, wrt, order, Follow::everything);
  if (!paths.connected.contains(wrt))
    return nullptr;
  // Along differentiable values from wrt to the first op that ends them.
  DenseSet<Value> alive{wrt};
  for (Operation *op : paths.ops) {
    if (llvm::none_of(op->getOperands(),
                      [&](Value x) { return alive.contains(x); }))
      continue;
    bool ends = isa<NotDifferentiableOpInterface>(op) ||
                llvm::none_of(op->getResults(), isFloating);
    if (ends)
      return op;
    for (Value result : op->getResults())
      if (isFloating(result))
        alive.insert(result);
  }
  return nullptr;
}
