// Region.cpp - gradient rule of scan: another scan, the other way round.
// Its body runs the forward body again, from that iteration's carries, slices
// and captures, and then the reverse walk. The forward scan stacks the carries
// for it. Adjoints of carries are carries, those of slices are stacked, those
// of captures are summed in carries.
#include "needle/passes/gradients/Gradients.h"

#include "needle/passes/gradients/Rule.h"

#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/DenseSet.h"

using namespace mlir;
using namespace needle;
using namespace needle::passes;

namespace {

// Numbers of operands, or of results, of a scan.
using Indices = SmallVector<unsigned>;

class ScanVjp {
public:
  ScanVjp(TensorBuilder &t, ir::ScanOp scan, Cotangents g, const Wanted &wanted)
      : t(t), scan(scan), body(scan.getBody().front()), g(g),
        carries(scan.getCarries()), slices(scan.getSlices()) {
    findActiveCarries(wanted);
    findLiveCarries();
    for (unsigned i = 0; i < scan.getNumOperands(); ++i)
      if (i < carries ? active[i] && live[i] : wanted[i])
        (i < carries            ? adjointCarries
         : i < carries + slices ? wantedSlices
                                : wantedCaptures)
            .push_back(i);
    for (unsigned i = carries; i < g.size(); ++i)
      if (g[i])
        givenStacks.push_back(i);
  }

  Values build();

private:
  // Operand i is body argument i + 1, after the iteration.
  Value argument(unsigned i) const { return body.getArgument(i + 1); }
  Value yielded(unsigned i) const {
    return body.getTerminator()->getOperand(i);
  }

  void findActiveCarries(const Wanted &wanted);
  void findLiveCarries();
  LogicalResult buildBody(Block &block);
  void finishBody(Block &block, Operation *forwardYield,
                  ArrayRef<Adjoint> adjoints);
  Indices dropUnused(Block &block, unsigned first);
  Values stackCarries(ArrayRef<unsigned> needed);

  TensorBuilder &t;
  ir::ScanOp scan;
  Block &body;
  Cotangents g;
  unsigned carries, slices;
  llvm::SmallBitVector active; // carries that depend on what is wanted
  llvm::SmallBitVector live;   // carries that a given cotangent depends on
  Indices adjointCarries, wantedSlices, wantedCaptures; // operands
  Indices givenStacks;                                  // results
  ir::ScanOp replacement; // the forward scan with more stacks, if needed
};

// A carry may depend on another one of the iteration before: to a fixpoint.
void ScanVjp::findActiveCarries(const Wanted &wanted) {
  active.resize(carries);
  DenseSet<Value> reached;
  for (unsigned i = 0; i < scan.getNumOperands(); ++i)
    if (wanted[i])
      reached.insert(argument(i));
  for (bool changed = true; changed;) {
    changed = false;
    for (Operation &op : body.without_terminator())
      if (llvm::any_of(op.getOperands(),
                       [&](Value x) { return reached.contains(x); }))
        for (Value result : op.getResults())
          if (isFloating(result))
            reached.insert(result);
    for (unsigned i = 0; i < carries; ++i) {
      if (!active[i] && (wanted[i] || reached.contains(yielded(i)))) {
        active.set(i);
        changed |= reached.insert(argument(i)).second;
      }
    }
  }
}

void ScanVjp::findLiveCarries() {
  live.resize(carries);
  DenseSet<Value> reaching;
  for (unsigned i = 0; i < g.size(); ++i)
    if (g[i])
      reaching.insert(yielded(i));
  for (bool changed = true; changed;) {
    changed = false;
    for (Operation &op : llvm::reverse(body.without_terminator()))
      if (llvm::any_of(op.getResults(),
                       [&](Value x) { return reaching.contains(x); }))
        for (Value operand : op.getOperands())
          if (isFloating(operand))
            reaching.insert(operand);
    for (unsigned i = 0; i < carries; ++i) {
      if (!live[i] && (g[i] || reaching.contains(argument(i)))) {
        live.set(i);
        changed |= reaching.insert(yielded(i)).second;
      }
    }
  }
}

// Arguments: the iteration; the adjoints of carries, the sums of captures; the
// cotangents of stacks; then the operands of the forward scan.
LogicalResult ScanVjp::buildBody(Block &block) {
  Location loc = t.getLoc();
  auto add = [&](Value like) { return block.addArgument(like.getType(), loc); };
  IRMapping mapping;
  SmallVector<Seed> seeds;
  mapping.map(body.getArgument(0), add(body.getArgument(0)));
  for (unsigned i : adjointCarries)
    seeds.push_back({yielded(i), add(argument(i))});
  for (unsigned i : wantedCaptures)
    add(argument(i));
  for (unsigned i : givenStacks)
    seeds.push_back({yielded(i), add(yielded(i))});
  for (unsigned i = 0; i < scan.getNumOperands(); ++i)
    mapping.map(argument(i), add(argument(i)));

  OpBuilder b(scan->getContext()); // the block is in no op yet to ask
  b.setInsertionPointToEnd(&block);
  for (Operation &op : body)
    b.clone(op, mapping);
  for (Seed &seed : seeds)
    seed.value = mapping.lookup(seed.value);
  SmallVector<Value> wrt;
  for (const Indices *operands :
       {&adjointCarries, &wantedCaptures, &wantedSlices})
    for (unsigned i : *operands)
      wrt.push_back(mapping.lookup(argument(i)));

  Operation *forwardYield = &block.back();
  b.setInsertionPoint(forwardYield);
  ProgramOrder order(block);
  FailureOr<SmallVector<Adjoint>> adjoints = pullBack(b, seeds, wrt, order);
  if (failed(adjoints))
    return failure();
  finishBody(block, forwardYield, *adjoints);
  return success();
}

// Yields the adjoints in place of the forward results and removes what only
// these needed.
void ScanVjp::finishBody(Block &block, Operation *forwardYield,
                         ArrayRef<Adjoint> adjoints) {
  OpBuilder b(forwardYield);
  TensorBuilder inner(b, t.getLoc());
  Values results;
  for (const Adjoint &adjoint : adjoints)
    results.push_back(adjoint.value);
  for (unsigned i = 0; i < wantedCaptures.size(); ++i) {
    unsigned place = adjointCarries.size() + i;
    Value sum = block.getArgument(1 + place), &next = results[place];
    next = next ? inner.add(sum, next) : sum;
  }
  unsigned place = 0;
  for (const Indices *operands :
       {&adjointCarries, &wantedCaptures, &wantedSlices})
    for (unsigned i : *operands) {
      Value &result = results[place++];
      if (!result)
        result = inner.zeros(argument(i).getType());
    }
  ir::YieldOp::create(inner, results);
  forwardYield->erase();
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op))
      op.erase();
}

// Removes the unused ones of the arguments from `first` on, which are the
// forward operands; returns the operands that are left.
Indices ScanVjp::dropUnused(Block &block, unsigned first) {
  Indices used;
  llvm::BitVector unused(block.getNumArguments());
  for (unsigned i = 0; i < scan.getNumOperands(); ++i) {
    if (block.getArgument(first + i).use_empty())
      unused.set(first + i);
    else
      used.push_back(i);
  }
  block.eraseArguments(unused);
  return used;
}

// What each of the `needed` carries was at the start of each iteration. Takes
// the stacks that are there, from an earlier gradient, else puts a scan with
// more of them in place of the forward one.
Values ScanVjp::stackCarries(ArrayRef<unsigned> needed) {
  auto find = [&](unsigned i) -> Value {
    for (unsigned k = carries; k < scan.getNumResults(); ++k)
      if (yielded(k) == argument(i))
        return scan.getResult(k);
    return {};
  };
  Values stacks;
  SmallVector<Type> types(scan.getResultTypes());
  Indices missing;
  for (unsigned i : needed) {
    stacks.push_back(find(i));
    if (stacks.back())
      continue;
    auto type = cast<RankedTensorType>(argument(i).getType());
    SmallVector<int64_t> shape(type.getShape());
    shape.insert(shape.begin(), scan.getLength());
    types.push_back(type.clone(shape));
    missing.push_back(i);
  }
  if (missing.empty())
    return stacks;

  OpBuilder b(scan);
  auto wide =
      ir::ScanOp::create(b, scan.getLoc(), types, scan.getOperands(),
                         scan.getLength(), carries, slices, scan.getReverse());
  IRMapping mapping;
  scan.getBody().cloneInto(&wide.getBody(), mapping);
  Block &block = wide.getBody().front();
  for (unsigned i : missing)
    block.getTerminator()->insertOperands(
        block.getTerminator()->getNumOperands(), block.getArgument(i + 1));
  replacement = wide;
  auto narrow = wide.getResults().take_front(scan.getNumResults());
  auto added = wide.getResults().drop_front(scan.getNumResults());
  unsigned next = 0;
  for (Value &stack : stacks)
    if (!stack)
      stack = added[next++];
  scan.replaceAllUsesWith(narrow);
  return stacks;
}

Values ScanVjp::build() {
  Region region;
  Block &block = region.emplaceBlock();
  if (failed(buildBody(block)))
    return {};

  Values operands;
  SmallVector<Type> types;
  for (unsigned i : adjointCarries) {
    types.push_back(argument(i).getType());
    operands.push_back(g[i] ? g[i] : t.zeros(types.back()));
  }
  for (unsigned i : wantedCaptures) {
    types.push_back(argument(i).getType());
    operands.push_back(t.zeros(types.back()));
  }
  for (unsigned i : wantedSlices)
    types.push_back(scan.getOperand(i).getType());
  unsigned backCarries = operands.size();
  for (unsigned i : givenStacks)
    operands.push_back(g[i]);
  Indices used = dropUnused(block, 1 + operands.size());
  auto isCarry = [&](unsigned i) { return i < carries; };
  auto isSlice = [&](unsigned i) { return i < carries + slices; };
  unsigned usedCarries = llvm::count_if(used, isCarry);
  // Reads the operands of the forward scan, before it may be replaced.
  Values rest;
  for (unsigned i : ArrayRef(used).drop_front(usedCarries))
    rest.push_back(scan.getOperand(i));
  llvm::append_range(operands,
                     stackCarries(ArrayRef(used).take_front(usedCarries)));
  llvm::append_range(operands, rest);
  if (replacement) // a cotangent may be a result of the forward scan
    for (Value &operand : operands)
      if (operand.getDefiningOp() == scan)
        operand =
            replacement.getResult(cast<OpResult>(operand).getResultNumber());
  unsigned backSlices = givenStacks.size() + llvm::count_if(used, isSlice);
  auto back = ir::ScanOp::create(t, types, operands, scan.getLength(),
                                 backCarries, backSlices, !scan.getReverse());
  back.getBody().takeBody(region);

  Values result(scan.getNumOperands());
  unsigned place = 0;
  for (const Indices *group : {&adjointCarries, &wantedCaptures, &wantedSlices})
    for (unsigned i : *group)
      result[i] = back.getResult(place++);
  return result;
}

Values scanVjp(TensorBuilder &t, ir::ScanOp scan, Cotangents g,
               const Wanted &wanted) {
  return ScanVjp(t, scan, g, wanted).build();
}

} // namespace

void passes::attachRegionGradients(MLIRContext &context) {
  attach<ir::ScanOp, scanVjp>(context);
}
